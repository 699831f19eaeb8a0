# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += src/cli/libcli.la
src_cli_libcli_la_SOURCES = \
	src/cli/args.c \
	src/cli/args.h \
	src/cli/cli.h \
	src/cli/diff.c \
	src/cli/diff.h \
	src/cli/json-view.h \
	src/cli/near.c \
	src/cli/near.h \
	src/cli/nic-edit.c \
	src/cli/nic-edit.h \
	src/cli/vlan.c \
	src/cli/vlan.h

bin_PROGRAMS +=
src_cli_ovs_portctl_LDADD = src/cli/libcli.la $(host_libs)
