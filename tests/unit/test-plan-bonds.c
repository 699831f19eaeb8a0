/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* The plan of a bond of the kernel's, "bond:bond0" with members eth2 and
 * eth3. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "src/model/observed.h"
#include "src/model/wanted.h"
#include "src/plan/plan.h"
#include "tests/unit/world.h"
#include "util.h"

static const char *const both[] = { "eth2", "eth3" };

static void
want_bond(struct world *w, const char *const members[], size_t n,
          const char *mode, const char *primary)
{
    struct model_object *object = model_object_create("bond:bond0", "bonds");
    struct model_port *port = model_port_create("bond0");
    struct model_link *bond = model_link_create("bond0");

    model_row_set(&port->row, MODEL_F_BRIDGE, "br0");
    model_port_add_iface(port, "bond0");
    model_object_add_port(object, port);
    smap_add(&bond->fields, MODEL_L_KIND, "bond");
    smap_add(&bond->fields, MODEL_L_UP, "true");
    smap_add(&bond->fields, MODEL_L_BOND"mode", mode);
    smap_add(&bond->fields, MODEL_L_BOND"primary", primary);
    model_object_add_link(object, bond);
    for (size_t i = 0; i < n; i++) {
        struct model_link *member = model_link_create(members[i]);
        smap_add(&member->fields, MODEL_L_UP, "true");
        smap_add(&member->fields, MODEL_L_MASTER, "bond0");
        model_object_add_link(object, member);
    }
    world_want(w, "bonds", object);
}

static void
start(struct world *w)
{
    world_init(w);
    for (int i = 2; i < 6; i++) {
        char *name = xasprintf("eth%d", i);
        world_add_device(w, name);
        free(name);
    }
    world_want_bridge(w, "br0");
    want_bond(w, both, 2, "active-backup", "");
    assert_int_equal(world_settle(w, "bond:bond0"), MODEL_READY);
    assert_int_equal(world_round(w), 0);
}

static const char *
get(const struct world *w, const char *name, const char *field)
{
    const struct model_link *link = model_observed_link(&w->o, name);

    assert_non_null(link);
    return smap_get_def(&link->fields, field, "(none)");
}

static void
assert_number(const struct world *w, const char *name, const char *field,
              const char *other)
{
    const struct model_link *link = model_observed_link(&w->o, other);

    assert_int_equal(atoi(get(w, name, field)), link->ifindex);
}

static bool
is_listed(const struct world *w, const char *thing)
{
    const struct model_port *port = model_observed_port(&w->o, "bond0");
    struct sset owned = SSET_INITIALIZER(&owned);

    model_owned_parse(smap_get(&port->ifaces[0].row.fields, MODEL_OWNED),
                      &owned);
    bool listed = sset_contains(&owned, thing);
    sset_destroy(&owned);
    return listed;
}

static void
test_members(void **state OVS_UNUSED)
{
    static const char *const others[] = { "eth3", "eth4" };
    struct world w;

    start(&w);
    assert_number(&w, "eth2", MODEL_L_MASTER, "bond0");
    assert_number(&w, "eth3", MODEL_L_MASTER, "bond0");
    assert_true(is_listed(&w, "member:eth2"));

    /* A stranger's stays. */
    world_set_link(&w, "eth5", MODEL_L_MASTER, get(&w, "eth3",
                                                   MODEL_L_MASTER));
    want_bond(&w, others, 2, "active-backup", "");
    assert_int_equal(world_settle(&w, "bond:bond0"), MODEL_READY);
    assert_string_equal(get(&w, "eth2", MODEL_L_MASTER), "(none)");
    assert_number(&w, "eth4", MODEL_L_MASTER, "bond0");
    assert_number(&w, "eth5", MODEL_L_MASTER, "bond0");
    assert_false(is_listed(&w, "member:eth2"));
    world_set_link(&w, "eth5", MODEL_L_MASTER, NULL);

    /* Another mode is another device. */
    int ifindex = model_observed_link(&w.o, "bond0")->ifindex;
    want_bond(&w, others, 2, "balance-rr", "");
    assert_int_equal(world_settle(&w, "bond:bond0"), MODEL_READY);
    assert_true(model_observed_link(&w.o, "bond0")->ifindex != ifindex);
    assert_number(&w, "eth4", MODEL_L_MASTER, "bond0");

    world_unwant(&w, "bonds");
    world_run(&w, 20);
    assert_null(model_observed_link(&w.o, "bond0"));
    assert_string_equal(get(&w, "eth4", MODEL_L_MASTER), "(none)");
    world_destroy(&w);
}

/* Nothing can be done, for eth5's sake. */
static void
assert_held(struct world *w)
{
    struct plan_verdict verdict;
    struct plan plan;

    plan_init(&plan);
    world_plan(w, "bond:bond0", &plan, &verdict);
    assert_int_equal(plan_n_ready(&plan), 0);
    assert_int_equal(verdict.state, MODEL_HELD);
    assert_non_null(strstr(verdict.text, "member eth5"));
    plan_verdict_destroy(&verdict);
    plan_destroy(&plan);
}

/* A bond is not deleted from under a member that others have added, and works
 * on until that is out. */
static void
test_strangers_member(void **state OVS_UNUSED)
{
    struct world w;

    start(&w);
    int ifindex = model_observed_link(&w.o, "bond0")->ifindex;
    world_set_link(&w, "eth5", MODEL_L_MASTER, get(&w, "eth3",
                                                   MODEL_L_MASTER));
    want_bond(&w, both, 2, "balance-rr", "");
    assert_held(&w);
    want_bond(&w, both, 2, "active-backup", "");
    assert_int_equal(world_settle(&w, "bond:bond0"), MODEL_READY);
    assert_int_equal(model_observed_link(&w.o, "bond0")->ifindex, ifindex);

    world_unwant(&w, "bonds");
    assert_held(&w);
    assert_number(&w, "eth3", MODEL_L_MASTER, "bond0");
    world_set_link(&w, "eth5", MODEL_L_MASTER, NULL);
    world_run(&w, 20);
    assert_null(model_observed_link(&w.o, "bond0"));
    assert_null(model_observed_port(&w.o, "bond0"));
    world_destroy(&w);
}

/* The row that lists which members are ours goes only when these are out, so
 * that the bond goes wherever a run ends. */
static void
test_deleted_in_order(void **state OVS_UNUSED)
{
    struct world w;

    start(&w);
    world_unwant(&w, "bonds");
    while (model_observed_port(&w.o, "bond0")) {
        bool out = !strcmp(get(&w, "eth2", MODEL_L_MASTER), "(none)");

        assert_true(world_round(&w) > 0);
        assert_true(out || model_observed_port(&w.o, "bond0"));
        world_vswitchd(&w);
    }
    assert_non_null(model_observed_link(&w.o, "bond0"));

    /* Too late for the port, and still a stranger's. */
    char *number = xasprintf("%d", model_observed_link(&w.o,
                                                       "bond0")->ifindex);
    world_set_link(&w, "eth5", MODEL_L_MASTER, number);
    free(number);
    assert_held(&w);
    world_set_link(&w, "eth5", MODEL_L_MASTER, NULL);
    world_run(&w, 20);
    assert_null(model_observed_link(&w.o, "bond0"));
    world_destroy(&w);
}

static void
test_primary(void **state OVS_UNUSED)
{
    struct world w;

    start(&w);
    assert_string_equal(get(&w, "bond0", MODEL_L_BOND"primary"), "(none)");
    want_bond(&w, both, 2, "active-backup", "eth3");
    assert_int_equal(world_settle(&w, "bond:bond0"), MODEL_READY);
    assert_number(&w, "bond0", MODEL_L_BOND"primary", "eth3");
    want_bond(&w, both, 2, "active-backup", "eth2");
    assert_int_equal(world_settle(&w, "bond:bond0"), MODEL_READY);
    assert_number(&w, "bond0", MODEL_L_BOND"primary", "eth2");
    want_bond(&w, both, 2, "active-backup", "");
    assert_int_equal(world_settle(&w, "bond:bond0"), MODEL_READY);
    assert_string_equal(get(&w, "bond0", MODEL_L_BOND"primary"), "(none)");
    world_destroy(&w);
}

static void
test_taken(void **state OVS_UNUSED)
{
    struct world w;

    world_init(&w);
    for (int i = 2; i < 4; i++) {
        world_add_device(&w, both[i - 2]);
    }
    world_set_link(&w, "eth2", MODEL_L_MASTER, "7");
    world_want_bridge(&w, "br0");
    want_bond(&w, both, 2, "active-backup", "");
    assert_int_equal(world_settle(&w, "bond:bond0"), MODEL_CONFLICT);
    assert_string_equal(get(&w, "eth2", MODEL_L_MASTER), "7");
    assert_number(&w, "eth3", MODEL_L_MASTER, "bond0");
    world_set_link(&w, "eth2", MODEL_L_MASTER, NULL);
    assert_int_equal(world_settle(&w, "bond:bond0"), MODEL_READY);
    world_destroy(&w);
}

/* A bond of Open vSwitch's becomes one of the kernel's, and back. */
static void
test_other_kind(void **state OVS_UNUSED)
{
    struct world w;

    start(&w);
    for (int i = 0; i < 2; i++) {
        world_want_bond(&w, "bond0", "br0", both, 2);
        world_set_link(&w, "eth5", MODEL_L_MASTER, get(&w, "eth3",
                                                       MODEL_L_MASTER));
        assert_int_equal(world_settle(&w, "bond:bond0"), MODEL_HELD);
        assert_int_equal(model_observed_port(&w.o, "bond0")->n_ifaces, 2);
        assert_string_equal(get(&w, "eth3", MODEL_L_MASTER), "(none)");
        world_set_link(&w, "eth5", MODEL_L_MASTER, NULL);
        assert_int_equal(world_settle(&w, "bond:bond0"), MODEL_READY);
        assert_null(model_observed_link(&w.o, "bond0"));
        assert_int_equal(model_observed_port(&w.o, "bond0")->n_ifaces, 2);
        want_bond(&w, both, 2, "active-backup", "");
        assert_int_equal(world_settle(&w, "bond:bond0"), MODEL_READY);
        assert_int_equal(model_observed_port(&w.o, "bond0")->n_ifaces, 1);
        assert_number(&w, "eth3", MODEL_L_MASTER, "bond0");
    }
    world_destroy(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_strangers_member),
        cmocka_unit_test(test_deleted_in_order),
        cmocka_unit_test(test_primary),
        cmocka_unit_test(test_taken),
        cmocka_unit_test(test_other_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
