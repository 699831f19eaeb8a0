/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <net/if.h>
#include <cmocka.h>

#include "src/model/address.h"
#include "tests/net/net-world.h"
#include "util.h"

/* Addresses against the running kernel, in a network namespace of its own.
 * Needs root. */

#define A1 MODEL_L_ADDRESS"192.0.2.1/24"
#define A2 MODEL_L_ADDRESS"192.0.2.2/24"
#define A6 MODEL_L_ADDRESS"2001:db8::1/64"
#define A6_WIDE MODEL_L_ADDRESS"2001:db8::1/48"
#define PERMANENT MODEL_ADDRESS_PERMANENT

static void
add_pair(struct world *w)
{
    must("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1");
    must("ip", "link", "set", "v1", "up");
    must("ip", "link", "set", "v0", "up");
    world_settle(w);
}

/* A step for v0 that changes 'field' from 'old' to 'new'. */
static struct plan_step *
change(struct world *w, const char *field, const char *old, const char *new)
{
    struct plan_step *step = step_new(PLAN_SET, "v0", ifindex_of(w, "v0"),
                                      field, new, NULL);

    step->changes[0].old = nullable_xstrdup(old);
    return step;
}

static void
test_seen(void **state)
{
    struct world *w = *state;
    const struct kernel_stats *stats = kernel_get_stats(w->kernel);
    unsigned long long int dumps = stats->dumps;

    assert_field(w, "lo", MODEL_L_ADDRESS"127.0.0.1/8", "(none)");
    must("ip", "link", "set", "lo", "up");
    add_pair(w);
    must("ip", "addr", "add", "192.0.2.1/24", "dev", "v0");
    must("ip", "addr", "add", "2001:DB8:0::1/64", "dev", "v0");
    must("ip", "addr", "add", "192.0.2.2/24", "dev", "v0", "valid_lft",
         "500", "preferred_lft", "400");
    must("ip", "addr", "add", "10.0.0.1", "peer", "10.0.0.2/32", "dev", "v0");
    world_settle(w);
    assert_field(w, "lo", MODEL_L_ADDRESS"127.0.0.1/8", PERMANENT);
    assert_field(w, "lo", MODEL_L_ADDRESS"::1/128", PERMANENT);
    assert_field(w, "v0", A1, PERMANENT);
    assert_field(w, "v0", A6, PERMANENT);
    assert_field(w, "v0", A2, MODEL_ADDRESS_DYNAMIC);
    assert_field(w, "v1", A1, "(none)");
    assert_field(w, "v0", MODEL_L_ADDRESS"10.0.0.1/32", "(none)");

    /* A message of the link does not tell addresses, and takes none away. */
    must("ip", "link", "set", "v0", "mtu", "1400");
    must("ip", "addr", "del", "192.0.2.2/24", "dev", "v0");
    must("ip", "link", "set", "v0", "down");
    world_settle(w);
    assert_field(w, "v0", MODEL_L_MTU, "1400");
    assert_field(w, "v0", A1, PERMANENT);
    assert_field(w, "v0", A2, "(none)");
    assert_field(w, "v0", A6, "(none)");
    must("ip", "link", "set", "v0", "name", "w0");
    world_settle(w);
    assert_field(w, "w0", A1, PERMANENT);
    assert_int_equal(stats->dumps, dumps);
    assert_int_equal(stats->writes, 0);
}

/* What has happened while nobody listened is found by a dump. */
static void
test_dump(void **state)
{
    struct world *w = *state;
    struct world other;

    add_pair(w);
    must("ip", "addr", "add", "192.0.2.1/24", "dev", "v0");
    must("ip", "addr", "add", "2001:db8::1/64", "dev", "v0");
    world_open(&other);
    assert_false(other.observed.links_complete);
    world_settle(&other);
    assert_field(&other, "v0", A1, PERMANENT);
    assert_field(&other, "v0", A6, PERMANENT);
    world_close(&other);

    kernel_resync(w->kernel);
    world_settle(w);
    assert_field(w, "v0", A1, PERMANENT);
    assert_field(w, "v0", A6, PERMANENT);
    assert_int_equal(kernel_get_stats(w->kernel)->dumps, 2);
}

static void
test_set(void **state)
{
    struct world *w = *state;

    add_pair(w);
    world_ok(w, step_new(PLAN_SET, "v0", ifindex_of(w, "v0"), A1, PERMANENT,
                         A6, PERMANENT, MODEL_L_MTU, "1400", NULL));
    assert_field(w, "v0", A1, PERMANENT);
    assert_field(w, "v0", A6, PERMANENT);
    assert_field(w, "v0", MODEL_L_MTU, "1400");

    /* It expires, and is to stay. */
    must("ip", "addr", "change", "192.0.2.1/24", "dev", "v0", "valid_lft",
         "500", "preferred_lft", "400");
    world_settle(w);
    assert_field(w, "v0", A1, MODEL_ADDRESS_DYNAMIC);
    world_ok(w, change(w, A1, MODEL_ADDRESS_DYNAMIC, PERMANENT));
    assert_field(w, "v0", A1, PERMANENT);

    /* Another prefix: the former goes first. */
    world_ok(w, step_new(PLAN_SET, "v0", ifindex_of(w, "v0"),
                         A6_WIDE, PERMANENT, A6, NULL, NULL));
    assert_field(w, "v0", A6, "(none)");
    assert_field(w, "v0", A6_WIDE, PERMANENT);
    world_fails(w, change(w, A6, NULL, PERMANENT),
                "v0: 2001:db8::1/64: RTM_NEWADDR: File exists");

    /* Gone already is gone. */
    world_ok(w, change(w, A2, PERMANENT, NULL));
    world_ok(w, change(w, A6_WIDE, PERMANENT, NULL));
    assert_field(w, "v0", A6_WIDE, "(none)");
}

/* The first address of a subnet does not take the others along. */
static void
test_others_stay(void **state)
{
    struct world *w = *state;

    add_pair(w);
    write_line("/proc/sys/net/ipv4/conf/*/promote_secondaries", "v0", "0");
    world_ok(w, change(w, A1, NULL, PERMANENT));
    must("ip", "addr", "add", "192.0.2.2/24", "dev", "v0");
    world_settle(w);
    world_ok(w, change(w, A1, PERMANENT, NULL));
    assert_field(w, "v0", A1, "(none)");
    assert_field(w, "v0", A2, PERMANENT);
}

static void
test_refused(void **state)
{
    struct world *w = *state;

    add_pair(w);
    world_fails(w, change(w, MODEL_L_ADDRESS"192.0.2.1", NULL, PERMANENT),
                "v0: \"192.0.2.1\" is no address");
    world_fails(w, change(w, A1, NULL, "dynamic"), "cannot become");
    world_fails(w, step_new(PLAN_ADD, "t0", 0, MODEL_L_KIND, "tap", A1,
                            PERMANENT, NULL), "cannot become");
    write_line("/proc/sys/net/ipv6/conf/*/disable_ipv6", "v0", "1");
    world_fails(w, change(w, A6, NULL, PERMANENT),
                "v0: 2001:db8::1/64: RTM_NEWADDR: ");
    must("ip", "link", "del", "v0");
    world_settle(w);
    world_fails(w, step_new(PLAN_SET, "v0", 12345, A1, PERMANENT, NULL),
                "RTM_NEWADDR: No such device");
    assert_null(world_link(w, "v0"));
}

/* Another host has the address: duplicate address detection says so. */
static void
test_duplicate(void **state)
{
    struct world *w = *state;

    add_pair(w);
    must("ip", "addr", "add", "2001:db8::1/64", "dev", "v1", "nodad");
    /* A neighbour on the same host is not noticed but through its own
     * stack. */
    write_line("/proc/sys/net/ipv6/conf/*/dad_transmits", "v0", "1");
    world_ok(w, change(w, A6, NULL, PERMANENT));
    for (int i = 0; i < 100; i++) {
        if (!strcmp(world_field(w, "v0", A6), MODEL_ADDRESS_DUPLICATE)) {
            return;
        }
        world_settle(w);
        usleep(100 * 1000);
    }
    fail_msg("%s", world_field(w, "v0", A6));
}

#define TEST(NAME) \
    cmocka_unit_test_setup_teardown(NAME, world_setup, world_teardown)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_seen),
        TEST(test_dump),
        TEST(test_set),
        TEST(test_others_stay),
        TEST(test_refused),
        TEST(test_duplicate),
    };

    world_isolate();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
