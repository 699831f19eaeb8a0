/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* Plans for the rows that serve a port or a bridge. */

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

/* VM 1's NIC tap0 on br0, with a QoS row and 'n' queues. */
static void
want_nic(struct world *w, const char *type, int n)
{
    struct model_object *nic = world_make_nic("vm1", "net0", "tap0", "br0", 1,
                                              10);

    if (type) {
        struct model_row *qos = model_row_create(MODEL_TABLE_QOS, "tap0");

        model_row_set(qos, "type", type);
        for (int i = 0; i < n; i++) {
            char *name = xasprintf("tap0/%d", i);
            char *field = xasprintf("queues:%d", i);

            model_object_add_satellite(
                nic, model_row_create(MODEL_TABLE_QUEUE, name));
            model_row_set(qos, field, name);
            free(field);
            free(name);
        }
        model_object_add_satellite(nic, qos);
        model_row_set(&nic->ports[0]->row, MODEL_F_QOS, "tap0");
    }
    world_want(w, "vms.d/vm1.json", nic);
}

/* br0 with a mirror of 'ports' to 'output'; without one if that is NULL. */
static void
want_bridge(struct world *w, const char *ports, const char *output)
{
    world_want_bridge(w, "br0");
    struct model_object *old = model_wanted_get(&w->w, "bridge:br0");
    struct model_object *bridge = model_object_create("bridge:br0",
                                                      "host.json");

    bridge->bridge = model_bridge_clone(old->bridge);
    model_object_add_port(bridge, model_port_clone(old->ports[0]));
    if (output) {
        struct model_row *row = model_row_create(MODEL_TABLE_MIRROR,
                                                 "br0/m");

        model_row_set(row, MODEL_F_BRIDGE, "br0");
        model_row_set(row, "name", "m");
        model_row_set(row, "select_src_port", ports);
        model_row_set(row, "output_port", output);
        model_object_add_satellite(bridge, row);
    }
    world_want(w, "host.json", bridge);
}

static const struct model_row *
row(const struct world *w, enum model_table table, const char *name)
{
    return model_observed_satellite(&w->o, table, name);
}

static void
assert_field(const struct world *w, enum model_table table, const char *name,
             const char *field, const char *value)
{
    assert_non_null(row(w, table, name));
    assert_string_equal(model_row_get(row(w, table, name), field), value);
}

/* Plans 'id' and expects its state, and that 'text' is in its reason. */
static void
expect(struct world *w, const char *id, enum model_state state,
       const char *text, struct plan *plan)
{
    struct plan_verdict v;

    world_plan(w, id, plan, &v);
    assert_int_equal(v.state, state);
    if (!strstr(v.text, text)) {
        fail_msg("\"%s\" does not say \"%s\"", v.text, text);
    }
    plan_verdict_destroy(&v);
}

static void
test_qos(void **state OVS_UNUSED)
{
    struct world w;
    struct plan plan;

    world_init(&w);
    plan_init(&plan);
    want_bridge(&w, NULL, NULL);
    want_nic(&w, "linux-htb", 2);
    /* As long as the port waits, so do its rows. */
    expect(&w, "vm1/net0", MODEL_WAITING, "bridge br0", &plan);
    world_assert_step(&plan, 3, "+ Queue tap0/0");
    assert_non_null(plan.steps[3]->after);
    world_assert_step(&plan, 5, "+ QoS tap0: queues:0=tap0/0");
    assert_non_null(plan.steps[5]->after);
    plan_clear(&plan);

    assert_int_equal(world_settle(&w, "vm1/net0"), MODEL_READY);
    assert_field(&w, MODEL_TABLE_QOS, "tap0", "queues:1", "tap0/1");
    assert_field(&w, MODEL_TABLE_QOS, "tap0", MODEL_MARK, "main/vm1/net0");
    assert_field(&w, MODEL_TABLE_QUEUE, "tap0/1", MODEL_ROW_KEY, "tap0/1");

    /* A queue less, another type: in place, in one go. */
    want_nic(&w, "linux-hfsc", 1);
    expect(&w, "vm1/net0", MODEL_APPLYING, "", &plan);
    assert_int_equal(plan_n_ready(&plan), 2);
    world_assert_step(&plan, 0, "~ QoS tap0: type linux-htb -> linux-hfsc, "
                      "queues:1 tap0/1 -> (none) [hitless]");
    world_assert_step(&plan, 1, "- Queue tap0/1 [hitless]");
    plan_clear(&plan);

    /* Reported, and not touched. */
    w.gate.report_only = true;
    expect(&w, "vm1/net0", MODEL_CONFLICT, "drift", &plan);
    assert_int_equal(plan_n_ready(&plan), 0);
    plan_clear(&plan);
    w.gate.report_only = false;
    w.gate.frozen = "host.json is invalid";
    expect(&w, "vm1/net0", MODEL_INVALID, "", &plan);
    assert_int_equal(plan.n_steps, 0);
    w.gate.frozen = NULL;

    /* What somebody insists on is left alone. */
    struct sset contested = SSET_INITIALIZER(&contested);
    sset_add(&contested, "QoS tap0 type");
    w.gate.contested = &contested;
    expect(&w, "vm1/net0", MODEL_CONFLICT, "type of QoS tap0", &plan);
    world_assert_step(&plan, 0, "~ QoS tap0: queues:1");
    plan_clear(&plan);
    w.gate.contested = NULL;
    sset_destroy(&contested);

    /* The shared row in its place; then nothing at all. */
    want_nic(&w, NULL, 0);
    assert_int_equal(world_settle(&w, "vm1/net0"), MODEL_READY);
    assert_null(row(&w, MODEL_TABLE_QOS, "tap0"));
    assert_null(row(&w, MODEL_TABLE_QUEUE, "tap0/0"));
    assert_non_null(row(&w, MODEL_TABLE_QOS, MODEL_QOS_NOOP));
    want_nic(&w, "linux-htb", 2);
    assert_int_equal(world_settle(&w, "vm1/net0"), MODEL_READY);
    assert_null(row(&w, MODEL_TABLE_QOS, MODEL_QOS_NOOP));
    world_unwant(&w, "vms.d/vm1.json");
    world_settle(&w, "vm1/net0");
    assert_int_equal(shash_count(&w.o.satellites), 0);
    plan_destroy(&plan);
    world_destroy(&w);
}

static void
test_qos_of_others(void **state OVS_UNUSED)
{
    struct world w;
    struct plan plan;

    world_init(&w);
    plan_init(&plan);
    want_bridge(&w, NULL, NULL);
    want_nic(&w, "linux-htb", 1);
    assert_int_equal(world_settle(&w, "vm1/net0"), MODEL_READY);

    /* A stranger's port uses our row: that outlives the NIC. */
    struct model_port *port = model_port_create("x0");
    model_row_set(&port->row, MODEL_F_QOS, "tap0");
    model_observed_put_port(&w.o, port);
    world_unwant(&w, "vms.d/vm1.json");
    assert_int_equal(world_settle(&w, "vm1/net0"), MODEL_WAITING);
    assert_null(model_observed_port(&w.o, "tap0"));
    assert_non_null(row(&w, MODEL_TABLE_QOS, "tap0"));
    sset_clear(&w.o.dirty_ids);
    model_observed_remove_port(&w.o, "x0");
    assert_true(sset_contains(&w.o.dirty_ids, "vm1/net0"));
    world_settle(&w, "vm1/net0");
    assert_int_equal(shash_count(&w.o.satellites), 0);

    /* A row that was on the port before us. */
    want_nic(&w, NULL, 0);
    assert_int_equal(world_settle(&w, "vm1/net0"), MODEL_READY);
    port = model_port_clone(model_observed_port(&w.o, "tap0"));
    model_row_set(&port->row, MODEL_F_QOS, "?1234");
    model_row_set(&port->row, MODEL_OWNED, "cvlans tag trunks vlan_mode");
    model_observed_put_port(&w.o, port);
    assert_int_equal(world_settle(&w, "vm1/net0"), MODEL_CONFLICT);
    assert_string_equal(model_row_get(
        &model_observed_port(&w.o, "tap0")->row, MODEL_F_QOS), "?1234");
    /* After us it is drift. */
    port = model_port_clone(model_observed_port(&w.o, "tap0"));
    model_row_set(&port->row, MODEL_OWNED, "cvlans qos tag trunks vlan_mode");
    model_observed_put_port(&w.o, port);
    assert_int_equal(world_settle(&w, "vm1/net0"), MODEL_READY);
    assert_string_equal(model_row_get(
        &model_observed_port(&w.o, "tap0")->row, MODEL_F_QOS),
        MODEL_QOS_NOOP);
    plan_destroy(&plan);
    world_destroy(&w);
}

static void
test_mirror(void **state OVS_UNUSED)
{
    struct world w;
    struct plan plan;

    world_init(&w);
    plan_init(&plan);
    want_bridge(&w, "br0,tap0,tap9", "tap0");
    assert_int_equal(world_settle(&w, "bridge:br0"), MODEL_WAITING);
    assert_null(row(&w, MODEL_TABLE_MIRROR, "br0/m"));
    expect(&w, "bridge:br0", MODEL_WAITING, "is not on bridge br0", &plan);
    assert_int_equal(plan_n_ready(&plan), 0);
    plan_clear(&plan);

    /* The port comes: whoever refers to it is found. */
    want_nic(&w, NULL, 0);
    assert_int_equal(world_settle(&w, "vm1/net0"), MODEL_READY);
    assert_true(sset_contains(model_wanted_by_reference(&w.w, "tap0"),
                              "bridge:br0"));
    assert_null(model_wanted_by_reference(&w.w, "tap1"));
    expect(&w, "bridge:br0", MODEL_WAITING, "port tap9", &plan);
    assert_int_equal(plan.n_steps, 0);
    assert_field(&w, MODEL_TABLE_MIRROR, "br0/m", "select_src_port",
                 "br0,tap0");
    assert_field(&w, MODEL_TABLE_MIRROR, "br0/m", "output_port", "tap0");

    /* Another output that is not there: the former goes on. */
    want_bridge(&w, "br0", "tap9");
    assert_int_equal(world_settle(&w, "bridge:br0"), MODEL_WAITING);
    assert_field(&w, MODEL_TABLE_MIRROR, "br0/m", "output_port", "tap0");
    assert_field(&w, MODEL_TABLE_MIRROR, "br0/m", "select_src_port", "br0");

    /* Torn off: attached again. */
    struct model_row *new = model_row_clone(row(&w, MODEL_TABLE_MIRROR,
                                                "br0/m"));
    model_row_set(new, MODEL_F_BRIDGE, "");
    model_observed_put_satellite(&w.o, new);
    world_settle(&w, "bridge:br0");
    assert_field(&w, MODEL_TABLE_MIRROR, "br0/m", MODEL_F_BRIDGE, "br0");

    want_bridge(&w, NULL, NULL);
    assert_int_equal(world_settle(&w, "bridge:br0"), MODEL_READY);
    assert_null(row(&w, MODEL_TABLE_MIRROR, "br0/m"));

    /* Others' mirror of that name. */
    new = model_row_create(MODEL_TABLE_MIRROR, "br0/m");
    model_row_set(new, MODEL_F_BRIDGE, "br0");
    model_observed_put_satellite(&w.o, new);
    want_bridge(&w, "br0", "tap0");
    expect(&w, "bridge:br0", MODEL_CONFLICT, "Mirror br0/m", &plan);
    assert_int_equal(plan.n_steps, 0);
    model_observed_remove_satellite(&w.o, MODEL_TABLE_MIRROR, "br0/m");
    assert_int_equal(world_settle(&w, "bridge:br0"), MODEL_READY);
    plan_destroy(&plan);
    world_destroy(&w);
}

/* On ovn-controller's bridge Controller rows are looked at only. */
static void
test_ovn(void **state OVS_UNUSED)
{
    struct world w;
    struct plan plan;

    world_init(&w);
    plan_init(&plan);
    want_bridge(&w, NULL, NULL);
    assert_int_equal(world_settle(&w, "bridge:br0"), MODEL_READY);
    struct model_object *bridge = model_wanted_get(&w.w, "bridge:br0");
    struct model_row *new = model_row_create(MODEL_TABLE_CONTROLLER,
                                             "br0/tcp:192.0.2.1");
    model_row_set(new, MODEL_F_BRIDGE, "br0");
    model_row_set(new, "target", "tcp:192.0.2.1");
    model_object_add_satellite(bridge, new);
    model_object_mark(bridge, "main");
    w.o.ovn_bridge = xstrdup("br0");
    expect(&w, "bridge:br0", MODEL_CONFLICT, "ovn-controller's", &plan);
    assert_int_equal(plan_n_ready(&plan), 0);
    plan_clear(&plan);
    free(w.o.ovn_bridge);
    w.o.ovn_bridge = NULL;
    assert_int_equal(world_settle(&w, "bridge:br0"), MODEL_READY);

    w.o.ovn_bridge = xstrdup("br0");
    want_bridge(&w, NULL, NULL);
    expect(&w, "bridge:br0", MODEL_CONFLICT, "ovn-controller's", &plan);
    assert_int_equal(plan_n_ready(&plan), 0);
    plan_destroy(&plan);
    world_destroy(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_qos),
        cmocka_unit_test(test_qos_of_others),
        cmocka_unit_test(test_mirror),
        cmocka_unit_test(test_ovn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
