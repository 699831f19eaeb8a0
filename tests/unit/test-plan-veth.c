/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* The plan of veth links: v1 and b2 on bridges, or b2 outside of Open
 * vSwitch. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "openvswitch/dynamic-string.h"
#include "src/model/observed.h"
#include "src/model/wanted.h"
#include "src/plan/plan.h"
#include "sset.h"
#include "tests/unit/world.h"
#include "util.h"

static const struct world_end free_end[2] = {
    { "v1", "br0", NULL }, { "b2", NULL, "9000" }
};
static const struct world_end both_ends[2] = {
    { "v1", "br0", NULL }, { "b2", "br0", NULL }
};

static void
start_veth(struct world *w, const struct world_end ends[2])
{
    world_init(w);
    world_want_bridge(w, "br0");
    world_want_veth(w, "lab", ends);
}

/* The verdict of "link:lab" now; 'plan' is for the caller to destroy. */
static enum model_state
plan_veth(struct world *w, struct plan *plan, const char *text)
{
    struct plan_verdict verdict;

    plan_init(plan);
    world_plan(w, "link:lab", plan, &verdict);
    enum model_state state = verdict.state;
    if (text && !strstr(verdict.text, text)) {
        fail_msg("the text is \"%s\", not \"%s\"", verdict.text, text);
    }
    plan_verdict_destroy(&verdict);
    return state;
}

static void
assert_link(struct world *w, const char *name, const char *field,
            const char *value)
{
    const struct model_link *link = model_observed_link(&w->o, name);
    assert_non_null(link);
    assert_string_equal(smap_get_def(&link->fields, field, "(none)"), value);
}

static void
test_veth_comes_by_one_step(void **state OVS_UNUSED)
{
    struct world w;
    struct plan plan;

    start_veth(&w, free_end);
    assert_int_equal(plan_veth(&w, &plan, NULL), MODEL_WAITING);
    assert_int_equal(plan.n_steps, 4);
    world_assert_step(&plan, 0, "+ link v1");
    world_assert_step(&plan, 0, "(after: it comes together with b2)");
    world_assert_step(&plan, 1, "+ link b2");
    assert_null(plan.steps[1]->after);
    assert_string_equal(plan_step_get(plan.steps[1], MODEL_L_PEER), "v1");
    assert_null(plan_step_find(plan.steps[1], MODEL_L_UP));
    world_assert_step(&plan, 2, "+ Port v1 on br0");
    plan_destroy(&plan);

    /* The free end goes up at once, the other after ovs-vswitchd has it. */
    world_round(&w);
    world_round(&w);
    assert_link(&w, "b2", MODEL_L_UP, "true");
    assert_link(&w, "b2", MODEL_L_MTU, "9000");
    assert_link(&w, "v1", MODEL_L_UP, "false");
    assert_int_equal(world_settle(&w, "link:lab"), MODEL_READY);
    assert_link(&w, "v1", MODEL_L_UP, "true");
    assert_link(&w, "v1", MODEL_L_ALIAS, "ovs-portd:main/link:lab");
    assert_link(&w, "b2", MODEL_L_ALIAS, "ovs-portd:main/link:lab");
    assert_null(model_observed_port(&w.o, "b2"));
    world_destroy(&w);
}

static void
test_veth_deleted_by_hand(void **state OVS_UNUSED)
{
    struct world w;

    start_veth(&w, both_ends);
    assert_int_equal(world_settle(&w, "link:lab"), MODEL_READY);
    model_observed_remove_link(&w.o, "v1");
    model_observed_remove_link(&w.o, "b2");
    assert_int_equal(world_settle(&w, "link:lab"), MODEL_READY);
    assert_true(sset_contains(&w.nulled, "v1"));
    assert_true(sset_contains(&w.nulled, "b2"));
    assert_link(&w, "v1", MODEL_L_UP, "true");
    world_destroy(&w);
}

static void
test_veth_end_moved_away(void **state OVS_UNUSED)
{
    struct world w;
    struct plan plan;

    start_veth(&w, free_end);
    assert_int_equal(world_settle(&w, "link:lab"), MODEL_READY);
    int ifindex = model_observed_link(&w.o, "v1")->ifindex;
    struct model_link *away
        = model_link_clone(model_observed_link(&w.o, "b2"));
    model_observed_remove_link(&w.o, "b2");
    assert_int_equal(world_settle(&w, "link:lab"), MODEL_WAITING);
    assert_int_equal(plan_veth(&w, &plan, "b2 was moved to another network"),
                     MODEL_WAITING);
    assert_int_equal(plan.n_steps, 0);
    plan_destroy(&plan);
    assert_null(model_observed_link(&w.o, "b2"));

    /* Back: it is set up again; what is here was never touched. */
    smap_replace(&away->fields, MODEL_L_UP, "false");
    model_observed_put_link(&w.o, away);
    assert_int_equal(world_settle(&w, "link:lab"), MODEL_READY);
    assert_link(&w, "b2", MODEL_L_UP, "true");
    assert_int_equal(model_observed_link(&w.o, "v1")->ifindex, ifindex);
    world_destroy(&w);
}

static void
test_veth_name_is_taken(void **state OVS_UNUSED)
{
    static const char *const names[] = { "v1", "b2" };

    for (size_t i = 0; i < 2; i++) {
        struct world w;

        start_veth(&w, both_ends);
        world_add_device(&w, names[i]);
        assert_int_equal(world_settle(&w, "link:lab"), MODEL_CONFLICT);
        assert_null(model_observed_link(&w.o, names[!i]));
        assert_null(model_observed_port(&w.o, names[i]));
        model_observed_remove_link(&w.o, names[i]);
        assert_int_equal(world_settle(&w, "link:lab"), MODEL_READY);
        world_destroy(&w);
    }
}

/* One end: a device as whoever was killed left it. */
static void
add_unfinished(struct world *w, const char *name, const char *peer)
{
    struct model_link *other = model_observed_link(&w->o, peer);

    world_add_device(w, name);
    world_set_link(w, name, MODEL_L_KIND, "veth");
    world_set_link(w, name, MODEL_L_PEER, peer);
    world_set_link(w, name, MODEL_L_UNFINISHED, "true");
    if (other) {
        struct model_link *link = model_observed_link(&w->o, name);

        link->peer_ifindex = other->ifindex;
        other->peer_ifindex = link->ifindex;
    }
}

static void
test_veth_unfinished(void **state OVS_UNUSED)
{
    struct world w;

    /* Neither end marked; the pair is ours and is finished. */
    start_veth(&w, both_ends);
    add_unfinished(&w, "v1", "b2");
    add_unfinished(&w, "b2", "v1");
    int ifindex = model_observed_link(&w.o, "v1")->ifindex;
    assert_int_equal(world_settle(&w, "link:lab"), MODEL_READY);
    assert_int_equal(model_observed_link(&w.o, "v1")->ifindex, ifindex);
    assert_link(&w, "b2", MODEL_L_ALIAS, "ovs-portd:main/link:lab");
    assert_link(&w, "b2", MODEL_L_UNFINISHED, "(none)");
    world_destroy(&w);

    /* The other end is not the one that is wanted by now. */
    start_veth(&w, both_ends);
    add_unfinished(&w, "v1", "old");
    add_unfinished(&w, "old", "v1");
    assert_int_equal(world_settle(&w, "link:lab"), MODEL_READY);
    assert_null(model_observed_link(&w.o, "old"));
    world_destroy(&w);

    /* Somebody's, who happens to use that group but has his own alias. */
    start_veth(&w, both_ends);
    add_unfinished(&w, "v1", "x");
    world_set_link(&w, "v1", MODEL_L_ALIAS, "stranger");
    assert_int_equal(world_settle(&w, "link:lab"), MODEL_CONFLICT);
    assert_link(&w, "v1", MODEL_L_ALIAS, "stranger");
    world_destroy(&w);
}

static void
test_veth_leftovers(void **state OVS_UNUSED)
{
    struct plan_verdict verdict;
    struct plan plan;
    struct world w;

    /* By now nobody wants a pair of these names; that of "v1" is finished by
     * who does. */
    start_veth(&w, both_ends);
    add_unfinished(&w, "v1", "b2");
    add_unfinished(&w, "b2", "v1");
    add_unfinished(&w, "old0", "old1");
    add_unfinished(&w, "old1", "old0");
    plan_init(&plan);
    world_plan(&w, MODEL_LEFTOVERS, &plan, &verdict);
    assert_int_equal(plan.n_steps, 2);
    world_assert_step(&plan, 0, "- link old0");
    world_assert_step(&plan, 1, "- link old1 [hitless] "
                      "(after: it goes together with old0)");
    plan_verdict_destroy(&verdict);
    plan_destroy(&plan);
    assert_int_equal(world_settle(&w, "link:lab"), MODEL_READY);
    assert_int_equal(world_settle(&w, MODEL_LEFTOVERS), MODEL_READY);
    assert_null(model_observed_link(&w.o, "old0"));
    assert_null(model_observed_link(&w.o, "old1"));
    assert_link(&w, "v1", MODEL_L_ALIAS, "ovs-portd:main/link:lab");
    world_destroy(&w);

    /* One end has found a use: both stay for as long as that lasts. */
    start_veth(&w, both_ends);
    world_unwant(&w, "link:lab");
    add_unfinished(&w, "old0", "old1");
    add_unfinished(&w, "old1", "old0");
    world_set_link(&w, "old1", MODEL_L_MASTER, "7");
    assert_int_equal(world_settle(&w, MODEL_LEFTOVERS), MODEL_IN_USE);
    world_set_link(&w, "old1", MODEL_L_MASTER, NULL);
    world_set_link(&w, "old0", MODEL_L_UP, "true");
    assert_int_equal(world_settle(&w, MODEL_LEFTOVERS), MODEL_IN_USE);
    world_set_link(&w, "old0", MODEL_L_UP, "false");
    assert_int_equal(world_settle(&w, MODEL_LEFTOVERS), MODEL_READY);
    assert_null(model_observed_link(&w.o, "old1"));
    world_destroy(&w);

    /* The other end is in another namespace. */
    start_veth(&w, both_ends);
    world_unwant(&w, "link:lab");
    add_unfinished(&w, "old0", "old1");
    assert_int_equal(world_settle(&w, MODEL_LEFTOVERS), MODEL_IN_USE);
    assert_non_null(model_observed_link(&w.o, "old0"));
    world_destroy(&w);

    /* Another instance's. */
    start_veth(&w, both_ends);
    world_unwant(&w, "link:lab");
    add_unfinished(&w, "v1", "x");
    world_set_link(&w, "v1", MODEL_L_UNFINISHED, "65536");
    assert_int_equal(world_settle(&w, MODEL_LEFTOVERS), MODEL_READY);
    assert_non_null(model_observed_link(&w.o, "v1"));
    world_destroy(&w);
}

/* Who writes our name for them into a row or an alias makes none of it. */
static void
test_no_leftovers(void **state OVS_UNUSED)
{
    struct plan_verdict verdict;
    struct plan plan;
    struct world w;

    start_veth(&w, both_ends);
    world_unwant(&w, "link:lab");
    world_add_device(&w, "tap7");
    world_set_link(&w, "tap7", MODEL_L_KIND, "tap");
    world_set_link(&w, "tap7", MODEL_L_ALIAS,
                   "ovs-portd:main/" MODEL_LEFTOVERS);
    struct model_bridge *bridge = model_bridge_create("br-x");
    model_row_set(&bridge->row, MODEL_MARK, "main/" MODEL_LEFTOVERS);
    model_observed_put_bridge(&w.o, bridge);
    plan_init(&plan);
    world_plan(&w, MODEL_LEFTOVERS, &plan, &verdict);
    assert_int_equal(plan.n_steps, 0);
    plan_verdict_destroy(&verdict);
    plan_destroy(&plan);
    world_destroy(&w);
}

static void
test_veth_goes_by_one_step(void **state OVS_UNUSED)
{
    struct world w;
    struct plan plan;

    start_veth(&w, both_ends);
    assert_int_equal(world_settle(&w, "link:lab"), MODEL_READY);
    world_unwant(&w, "link:lab");
    w.gate.held = "left host.json";
    assert_int_equal(world_settle(&w, "link:lab"), MODEL_HELD);
    assert_non_null(model_observed_link(&w.o, "v1"));

    /* Carrier does not mean that somebody holds it. */
    world_hold(&w, "v1", true);
    world_hold(&w, "b2", true);
    w.gate.held = NULL;
    assert_int_equal(plan_veth(&w, &plan, NULL), MODEL_APPLYING);
    assert_int_equal(plan.n_steps, 4);
    world_assert_step(&plan, 0, "- Port b2");
    world_assert_step(&plan, 1,
                      "- link b2 [hitless] (after: its port is gone)");
    world_assert_step(&plan, 2, "- Port v1");
    world_assert_step(&plan, 3, "- link v1 [hitless] "
                      "(after: it goes together with b2)");
    plan_destroy(&plan);
    world_settle(&w, "link:lab");
    assert_null(model_observed_link(&w.o, "v1"));
    assert_null(model_observed_link(&w.o, "b2"));
    assert_null(model_observed_port(&w.o, "v1"));
    world_destroy(&w);
}

/* The Interface row alone does not say that a device is ours to delete. */
static void
test_veth_without_its_mark_is_not_deleted(void **state OVS_UNUSED)
{
    struct world w;

    start_veth(&w, both_ends);
    assert_int_equal(world_settle(&w, "link:lab"), MODEL_READY);
    world_set_link(&w, "v1", MODEL_L_ALIAS, "stranger");
    world_set_link(&w, "b2", MODEL_L_ALIAS, NULL);
    world_unwant(&w, "link:lab");
    struct plan plan;
    plan_veth(&w, &plan, NULL);
    assert_int_equal(plan.n_steps, 2);
    world_assert_step(&plan, 0, "- Port b2");
    world_assert_step(&plan, 1, "- Port v1");
    plan_destroy(&plan);
    world_settle(&w, "link:lab");
    assert_null(model_observed_port(&w.o, "v1"));
    assert_non_null(model_observed_link(&w.o, "v1"));
    assert_non_null(model_observed_link(&w.o, "b2"));
    world_destroy(&w);
}

static void
test_veth_changes(void **state OVS_UNUSED)
{
    static const struct world_end renamed[2] = {
        { "v1", "br0", NULL }, { "c3", "br0", NULL }
    };
    struct world w;

    /* An end leaves its bridge, and comes back: the devices stay. */
    start_veth(&w, both_ends);
    assert_int_equal(world_settle(&w, "link:lab"), MODEL_READY);
    int ifindex = model_observed_link(&w.o, "b2")->ifindex;
    world_want_veth(&w, "lab", free_end);
    assert_int_equal(world_settle(&w, "link:lab"), MODEL_READY);
    assert_null(model_observed_port(&w.o, "b2"));
    assert_link(&w, "b2", MODEL_L_MTU, "9000");
    world_want_veth(&w, "lab", both_ends);
    assert_int_equal(world_settle(&w, "link:lab"), MODEL_READY);
    assert_non_null(model_observed_port(&w.o, "b2"));
    assert_link(&w, "b2", MODEL_L_MTU, "1500");
    assert_int_equal(model_observed_link(&w.o, "b2")->ifindex, ifindex);

    /* Another name: another pair. */
    world_want_veth(&w, "lab", renamed);
    assert_int_equal(world_settle(&w, "link:lab"), MODEL_READY);
    assert_null(model_observed_link(&w.o, "b2"));
    assert_null(model_observed_port(&w.o, "b2"));
    assert_link(&w, "c3", MODEL_L_UP, "true");
    assert_true(sset_contains(&w.nulled, "v1"));
    world_destroy(&w);
}

/* Ports of the same names that need no devices. */
static void
test_veth_becomes_patch(void **state OVS_UNUSED)
{
    struct world w;

    start_veth(&w, both_ends);
    assert_int_equal(world_settle(&w, "link:lab"), MODEL_READY);
    struct model_object *patch = world_make_veth("lab", both_ends);
    for (size_t i = 0; i < 2; i++) {
        struct model_row *row = &patch->ports[i]->ifaces[0].row;
        model_row_set(row, "type", "patch");
        model_row_set(row, "options:peer", patch->ports[!i]->row.name);
        model_link_destroy(patch->links[i]);
    }
    patch->n_links = 0;
    world_want(&w, "link:lab", patch);
    assert_int_equal(world_settle(&w, "link:lab"), MODEL_READY);
    assert_null(model_observed_link(&w.o, "v1"));
    assert_null(model_observed_link(&w.o, "b2"));
    assert_string_equal(
        model_row_get(&model_observed_port(&w.o, "v1")->ifaces[0].row,
                      "type"), "patch");

    world_want_veth(&w, "lab", both_ends);
    assert_int_equal(world_settle(&w, "link:lab"), MODEL_READY);
    assert_link(&w, "v1", MODEL_L_UP, "true");
    assert_null(smap_get(
        &model_observed_port(&w.o, "v1")->ifaces[0].row.fields,
        "options:peer"));
    world_destroy(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_veth_comes_by_one_step),
        cmocka_unit_test(test_veth_deleted_by_hand),
        cmocka_unit_test(test_veth_end_moved_away),
        cmocka_unit_test(test_veth_name_is_taken),
        cmocka_unit_test(test_veth_unfinished),
        cmocka_unit_test(test_veth_leftovers),
        cmocka_unit_test(test_no_leftovers),
        cmocka_unit_test(test_veth_goes_by_one_step),
        cmocka_unit_test(test_veth_without_its_mark_is_not_deleted),
        cmocka_unit_test(test_veth_changes),
        cmocka_unit_test(test_veth_becomes_patch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
