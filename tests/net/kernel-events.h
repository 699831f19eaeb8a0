/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_TESTS_NET_KERNEL_EVENTS_H
#define PORTD_TESTS_NET_KERNEL_EVENTS_H 1

/* The tests in kernel-events.c, for the list in test-kernel.c. */
void test_drift_is_seen(void **state);
void test_new_devices_are_whole_at_once(void **state);
void test_rename(void **state);
void test_bridge_messages(void **state);
void test_overrun(void **state);
void test_overrun_is_incomplete(void **state);
void test_run_is_bounded(void **state);
void test_rights(void **state);
void test_host(void **state);
void test_thousand(void **state);

#endif /* tests/net/kernel-events.h */
