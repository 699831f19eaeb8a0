# SPDX-License-Identifier: Apache-2.0
#
# Tests of one room against the real thing: the kernel in a network namespace
# of its own (these need root), a real ovsdb-server.  'make check-net' runs
# them; they are not part of 'make check', which needs no privileges.

net_tests = \
	tests/net/test-kernel-address \
	tests/net/test-kernel-veth \
	tests/net/test-kernel \
	tests/net/test-ovsdb-satellites \
	tests/net/test-ovsdb-txn \
	tests/net/test-ovsdb \
	tests/net/test-unixctl-call

check_LTLIBRARIES += tests/net/libnet.la
tests_net_libnet_la_SOURCES = \
	tests/net/kernel-events.c \
	tests/net/kernel-events.h \
	tests/net/net-world.c \
	tests/net/net-world.h \
	tests/net/ovsdb-world.c \
	tests/net/ovsdb-world.h

net_ldadd = tests/net/libnet.la $(LDADD)
tests_net_test_kernel_LDADD = $(net_ldadd)
tests_net_test_kernel_address_LDADD = $(net_ldadd)
tests_net_test_kernel_veth_LDADD = $(net_ldadd)
tests_net_test_ovsdb_satellites_LDADD = $(net_ldadd)
tests_net_test_ovsdb_txn_LDADD = $(net_ldadd)
tests_net_test_ovsdb_LDADD = $(net_ldadd)
tests_net_test_unixctl_call_LDADD = $(net_ldadd)

if HAVE_CMOCKA
check_PROGRAMS += $(net_tests)
endif

# One after the other; each leaves what automake's own driver would.
.PHONY: check-net
check-net: $(net_tests)
	@status=0; $(AM_TESTS_ENVIRONMENT) \
	for t in $(net_tests); do \
	    if ./$$t >$$t.log 2>&1; then result=PASS; \
	    else result=FAIL; status=1; fi; \
	    echo ":global-test-result: $$result" >$$t.trs; \
	    echo "$$result: $$t"; \
	done; exit $$status
