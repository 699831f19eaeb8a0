# SPDX-License-Identifier: Apache-2.0
dist_man_MANS += \
	docs/ovs-portctl.8 \
	docs/ovs-portd.8 \
	docs/ovs-portd.json.5
EXTRA_DIST += \
	CONTRIBUTING.md \
	NEWS \
	README.md \
	docs/architecture.md \
	docs/bench-attach-2.svg \
	docs/bench-attach.svg \
	docs/bench-bulk.svg \
	docs/bench-latency.svg \
	docs/bench-law.svg \
	docs/bench-retag.svg \
	docs/bench-scripts-2.svg \
	docs/bench-scripts.svg \
	docs/bench-specs.svg \
	docs/benchmarks.json \
	docs/benchmarks.md \
	docs/control-protocol.md \
	docs/faults.md \
	docs/reference.md \
	docs/spec.md \
	docs/topology.svg \
	docs/walkthrough.md
