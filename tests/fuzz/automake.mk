# SPDX-License-Identifier: Apache-2.0
#
# Each fuzz target is tests/fuzz/fuzz-NAME.c.  'make check' replays the corpus
# with it; 'dev fuzz' builds it with clang, libFuzzer in place of the replay.

fuzz_targets = \
	tests/fuzz/fuzz-domain \
	tests/fuzz/fuzz-rtnl \
	tests/fuzz/fuzz-spec \
	tests/fuzz/fuzz-text \
	tests/fuzz/fuzz-unixctl

check_LTLIBRARIES += tests/fuzz/libreplay.la
tests_fuzz_libreplay_la_SOURCES = tests/fuzz/replay.c

FUZZ_REPLAY = tests/fuzz/libreplay.la
FUZZ_LDFLAGS =
fuzz_ldadd = $(FUZZ_REPLAY) controller/libcontroller.la $(host_libs)
fuzz_ldflags = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_domain_LDADD = \
	$(FUZZ_REPLAY) \
	controller/libcontroller.la \
	src/cli/libcli.la \
	$(host_libs)
tests_fuzz_fuzz_domain_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_rtnl_CPPFLAGS = $(AM_CPPFLAGS) $(LIBNL_CFLAGS)
tests_fuzz_fuzz_rtnl_LDADD = $(fuzz_ldadd)
tests_fuzz_fuzz_rtnl_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_spec_LDADD = $(fuzz_ldadd)
tests_fuzz_fuzz_spec_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_text_LDADD = $(fuzz_ldadd)
tests_fuzz_fuzz_text_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_unixctl_LDADD = $(fuzz_ldadd)
tests_fuzz_fuzz_unixctl_LDFLAGS = $(fuzz_ldflags) $(backlog_ldflags)

check_PROGRAMS += $(fuzz_targets)
dist_check_SCRIPTS += tests/fuzz/replay.sh
TESTS += tests/fuzz/replay.sh
EXTRA_DIST += \
	tests/fuzz/corpus \
	tests/fuzz/run.py
