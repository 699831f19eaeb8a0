# SPDX-License-Identifier: Apache-2.0
#
# A unit test is tests/unit/test-NAME.c; one line in the list below is all
# it takes.  What several tests share goes into libunit.  One that includes
# libnl headers also needs, with dashes as underscores,
#     tests_unit_test_NAME_CPPFLAGS = $(AM_CPPFLAGS) $(LIBNL_CFLAGS)

unit_tests = \
	tests/unit/test-bond-facts \
	tests/unit/test-cli-domain \
	tests/unit/test-cli-edit \
	tests/unit/test-cli-explain \
	tests/unit/test-cli-host \
	tests/unit/test-cli-lint \
	tests/unit/test-cli-nic \
	tests/unit/test-cli-text \
	tests/unit/test-columns \
	tests/unit/test-fuses \
	tests/unit/test-plan-addresses \
	tests/unit/test-plan-adopt \
	tests/unit/test-plan-bonds \
	tests/unit/test-plan-host \
	tests/unit/test-plan-property \
	tests/unit/test-plan-satellites \
	tests/unit/test-plan-veth \
	tests/unit/test-plan \
	tests/unit/test-spec-host \
	tests/unit/test-spec-raise \
	tests/unit/test-spec-vm \
	tests/unit/test-store-edit \
	tests/unit/test-store-order \
	tests/unit/test-store-pending \
	tests/unit/test-store \
	tests/unit/test-symbols \
	tests/unit/test-text

check_LTLIBRARIES += tests/unit/libunit.la
tests_unit_libunit_la_SOURCES = \
	tests/unit/apply.c \
	tests/unit/apply.h \
	tests/unit/spec-dump.c \
	tests/unit/spec-dump.h \
	tests/unit/store-dir.h \
	tests/unit/wishes.c \
	tests/unit/wishes.h \
	tests/unit/world.c \
	tests/unit/world.h

# A program whose two sides include what cannot be included together.
tests_unit_test_symbols_SOURCES = \
	tests/unit/test-symbols.c \
	tests/unit/test-symbols.h \
	tests/unit/test-symbols-jansson.c

dist_check_SCRIPTS = tests/unit/symbol-clash.sh

LDADD = \
	tests/unit/libunit.la \
	controller/libcontroller.la \
	src/cli/libcli.la \
	$(host_libs) \
	$(CMOCKA_LIBS)
AM_TESTS_ENVIRONMENT = \
	ASAN_OPTIONS=detect_leaks=1:abort_on_error=0; export ASAN_OPTIONS; \
	UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1; \
	export UBSAN_OPTIONS; \
	NM='$(NM)'; export NM; \
	OVSBUILDDIR='$(OVSBUILDDIR)'; export OVSBUILDDIR; \
	SANITIZERS='$(SANITIZE_FLAGS)'; export SANITIZERS;

# Judges one spec file, for tests/corpus.py.
noinst_PROGRAMS = tests/unit/spec-check
tests_unit_spec_check_LDADD = $(pure_libs) $(ovs_libs)

if HAVE_CMOCKA
check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests)
else
check-local:
	@echo 'cmocka was not found when configure ran: no unit test was run'
	@echo '(Debian: apt-get install libcmocka-dev, then configure again)'
	@exit 1
endif
TESTS += tests/unit/symbol-clash.sh
