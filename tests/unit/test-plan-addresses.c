/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* The plan of addresses: internal port mgmt0 on br0, whose device
 * ovs-vswitchd makes. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "src/model/address.h"
#include "src/model/observed.h"
#include "src/model/wanted.h"
#include "src/plan/plan.h"
#include "tests/unit/world.h"
#include "util.h"

#define A1 MODEL_L_ADDRESS"192.0.2.1/24"
#define A2 MODEL_L_ADDRESS"2001:db8::2/64"
#define FOREIGN MODEL_L_ADDRESS"192.0.2.99/24"

static void
test_text(void **state OVS_UNUSED)
{
    static const char *const good[][2] = {
        { "192.0.2.1/24", "192.0.2.1/24" },
        { "2001:DB8:0:0::1/64", "2001:db8::1/64" },
        { "::ffff:192.0.2.1/128", "::ffff:192.0.2.1/128" },
        { "255.255.255.255/1", "255.255.255.255/1" },
    };
    static const char *const bad[] = {
        "", "/", "1.2.3.4", "1.2.3.4/", "1.2.3.4/0", "1.2.3.4/33",
        "1.2.3.4/08", "1.2.3.4/+8", "1.2.3.4/4294967304", "1.2.3/8",
        "1.2.3.4/8/8", "::1", "::1/0", "::1/129", "fe80::1%eth0/64", "x/8",
        "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc/64",
    };
    struct model_address a;

    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        assert_true(model_address_parse(good[i][0], &a));
        char *text = model_address_format(&a);
        assert_string_equal(text, good[i][1]);
        free(text);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        if (model_address_parse(bad[i], &a)) {
            fail_msg("\"%s\" is an address", bad[i]);
        }
    }
}

static void
want(struct world *w, const char *const addresses[], size_t n)
{
    world_want_bridge(w, "br0");
    world_want_internal(w, "mgmt0", "br0", addresses, n);
}

static const char *
observed(const struct world *w, const char *field)
{
    const struct model_link *link = model_observed_link(&w->o, "mgmt0");

    assert_non_null(link);
    return smap_get_def(&link->fields, field, "(none)");
}

static bool
is_listed(const struct world *w, const char *field)
{
    const struct model_port *port = model_observed_port(&w->o, "mgmt0");
    struct sset owned = SSET_INITIALIZER(&owned);

    model_owned_parse(smap_get(&port->ifaces[0].row.fields, MODEL_OWNED),
                      &owned);
    bool listed = sset_contains(&owned, field);
    sset_destroy(&owned);
    return listed;
}

/* The row lists an address as long as the kernel may have it from us. */
static void
assert_listed(struct world *w)
{
    const struct model_link *link = model_observed_link(&w->o, "mgmt0");

    if (link) {
        for (int i = 0; i < 2; i++) {
            const char *field = i ? A2 : A1;
            if (smap_get(&link->fields, field)) {
                assert_true(is_listed(w, field));
            }
        }
    }
}

/* Round by round, any of which may be the last one of a process. */
static void
settle(struct world *w)
{
    for (int i = 0; i < 10; i++) {
        world_round(w);
        assert_listed(w);
        world_vswitchd(w);
        assert_listed(w);
    }
    assert_int_equal(world_settle(w, "port:br0/mgmt0"), MODEL_READY);
    assert_int_equal(world_round(w), 0);
}

static void
test_come_and_go(void **state OVS_UNUSED)
{
    static const char *const both[] = { A1, A2 };
    struct world w;

    world_init(&w);
    want(&w, both, 2);
    settle(&w);
    assert_string_equal(observed(&w, A1), MODEL_ADDRESS_PERMANENT);
    assert_string_equal(observed(&w, A2), MODEL_ADDRESS_PERMANENT);
    assert_string_equal(observed(&w, MODEL_L_UP), "true");

    world_set_link(&w, "mgmt0", FOREIGN, MODEL_ADDRESS_PERMANENT);
    world_set_link(&w, "mgmt0", A1, NULL);
    world_set_link(&w, "mgmt0", A2, MODEL_ADDRESS_DYNAMIC);
    settle(&w);
    assert_string_equal(observed(&w, A1), MODEL_ADDRESS_PERMANENT);
    assert_string_equal(observed(&w, A2), MODEL_ADDRESS_PERMANENT);

    want(&w, both, 1);
    settle(&w);
    assert_string_equal(observed(&w, A2), "(none)");
    assert_false(is_listed(&w, A2));

    want(&w, NULL, 0);
    settle(&w);
    assert_string_equal(observed(&w, A1), "(none)");
    assert_false(is_listed(&w, A1));
    assert_string_equal(observed(&w, FOREIGN), MODEL_ADDRESS_PERMANENT);
    world_destroy(&w);
}

/* ovs-vswitchd starts anew; its devices of the kernel's datapath stay. */
static void
test_without_ofport(void **state OVS_UNUSED)
{
    static const char *const both[] = { A1, A2 };
    struct world w;

    world_init(&w);
    want(&w, both, 2);
    settle(&w);

    struct model_port *port
        = model_port_clone(model_observed_port(&w.o, "mgmt0"));
    int64_t ofport = port->ifaces[0].ofport;
    port->ifaces[0].ofport = -1;
    model_observed_put_port(&w.o, port);
    want(&w, both, 1);
    for (int i = 0; i < 5; i++) {
        world_round(&w);
        assert_listed(&w);
    }
    assert_string_equal(observed(&w, A2), MODEL_ADDRESS_PERMANENT);

    port = model_port_clone(model_observed_port(&w.o, "mgmt0"));
    port->ifaces[0].ofport = ofport;
    model_observed_put_port(&w.o, port);
    settle(&w);
    assert_string_equal(observed(&w, A1), MODEL_ADDRESS_PERMANENT);
    assert_string_equal(observed(&w, A2), "(none)");
    assert_false(is_listed(&w, A2));
    world_destroy(&w);
}

/* A device of that name that ovs-vswitchd has not made is a stranger's. */
static void
test_stranger(void **state OVS_UNUSED)
{
    static const char *const one[] = { A1 };
    struct world w;

    world_init(&w);
    world_add_device(&w, "mgmt0");
    want(&w, one, 1);
    world_run(&w, 10);
    assert_string_equal(observed(&w, A1), "(none)");
    assert_string_equal(observed(&w, MODEL_L_UP), "false");
    world_destroy(&w);
}

static void
test_duplicate(void **state OVS_UNUSED)
{
    static const char *const one[] = { A2 };
    struct plan_verdict verdict;
    struct plan plan;
    struct world w;

    world_init(&w);
    want(&w, one, 1);
    settle(&w);
    world_set_link(&w, "mgmt0", A2, MODEL_ADDRESS_DUPLICATE);
    plan_init(&plan);
    world_plan(&w, "port:br0/mgmt0", &plan, &verdict);
    assert_int_equal(plan.n_steps, 0);
    assert_int_equal(verdict.state, MODEL_ERROR);
    assert_non_null(strstr(verdict.text, "2001:db8::2/64 of mgmt0: another"));
    plan_verdict_destroy(&verdict);
    plan_destroy(&plan);
    world_destroy(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_come_and_go),
        cmocka_unit_test(test_without_ofport),
        cmocka_unit_test(test_stranger),
        cmocka_unit_test(test_duplicate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
