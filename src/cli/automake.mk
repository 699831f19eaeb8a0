# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += src/cli/libcli.la
src_cli_libcli_la_CPPFLAGS = $(AM_CPPFLAGS) $(EXPAT_CFLAGS)
src_cli_libcli_la_LIBADD = $(EXPAT_LIBS)
src_cli_libcli_la_SOURCES = \
	src/cli/adopt-cmd.c \
	src/cli/apply-cmd.c \
	src/cli/apply.c \
	src/cli/apply.h \
	src/cli/args.c \
	src/cli/args.h \
	src/cli/bond-view.c \
	src/cli/bond-view.h \
	src/cli/chain.c \
	src/cli/check.c \
	src/cli/cli.h \
	src/cli/confirm.c \
	src/cli/confirm.h \
	src/cli/daemon.c \
	src/cli/daemon.h \
	src/cli/diff.c \
	src/cli/diff.h \
	src/cli/domain.c \
	src/cli/domain.h \
	src/cli/edit.c \
	src/cli/edit.h \
	src/cli/explain-cmd.c \
	src/cli/explain.c \
	src/cli/explain.h \
	src/cli/export-cmd.c \
	src/cli/flag-cmd.c \
	src/cli/flows.c \
	src/cli/flows.h \
	src/cli/get.c \
	src/cli/graph-cmd.c \
	src/cli/graph.c \
	src/cli/graph.h \
	src/cli/guest-cmd.c \
	src/cli/guest.c \
	src/cli/guest.h \
	src/cli/help.c \
	src/cli/help.h \
	src/cli/host-cmd.c \
	src/cli/host-object.c \
	src/cli/host-object.h \
	src/cli/import-cmd.c \
	src/cli/json-view.h \
	src/cli/key.c \
	src/cli/key.h \
	src/cli/keyed.c \
	src/cli/keyed.h \
	src/cli/lint-path.c \
	src/cli/lint-refs.c \
	src/cli/lint-vlan.c \
	src/cli/lint.c \
	src/cli/lint.h \
	src/cli/list.c \
	src/cli/near.c \
	src/cli/near.h \
	src/cli/new-file.c \
	src/cli/new-file.h \
	src/cli/nic-cmd.c \
	src/cli/nic-edit.c \
	src/cli/nic-edit.h \
	src/cli/object-edit.c \
	src/cli/object-edit.h \
	src/cli/objects.c \
	src/cli/objects.h \
	src/cli/output.c \
	src/cli/output.h \
	src/cli/plan-cmd.c \
	src/cli/plan-table.c \
	src/cli/plan-view.c \
	src/cli/plan-view.h \
	src/cli/show.c \
	src/cli/source.c \
	src/cli/source.h \
	src/cli/status.c \
	src/cli/sync-cmd.c \
	src/cli/target.c \
	src/cli/target.h \
	src/cli/vlan-cmd.c \
	src/cli/vlan.c \
	src/cli/vlan.h \
	src/cli/wait.c \
	src/cli/wait.h \
	src/cli/world.c \
	src/cli/world.h \
	src/cli/xml.c \
	src/cli/xml.h

bin_PROGRAMS += \
	src/cli/ovs-portctl
src_cli_ovs_portctl_LDADD = src/cli/libcli.la $(host_libs)

bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = src/cli/completion/ovs-portctl
