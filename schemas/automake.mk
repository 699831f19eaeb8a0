# SPDX-License-Identifier: Apache-2.0
schemasdir = $(pkgdatadir)/schemas
dist_schemas_DATA = \
	schemas/host.schema.json \
	schemas/vm.schema.json
