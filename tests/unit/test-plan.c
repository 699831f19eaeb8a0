/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* The plan against single situations that each have a name. */

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

static void
test_nic_comes_up_in_order(void **state OVS_UNUSED)
{
    struct world w;
    world_init(&w);
    world_want_bridge(&w, "br0");
    world_want_nic(&w, "vm1", "net0", "tap0", "br0", 8, 10);

    struct plan plan;
    struct plan_verdict verdict;
    plan_init(&plan);
    world_plan(&w, "vm1/net0", &plan, &verdict);
    assert_int_equal(verdict.state, MODEL_WAITING);
    assert_string_equal(verdict.text, "bridge br0 does not exist yet");
    world_assert_step(&plan, 0, "+ link tap0");
    assert_null(plan.steps[0]->after);
    assert_null(plan_step_find(plan.steps[0], MODEL_L_UP));
    world_assert_step(&plan, 1, "+ Port tap0 on br0");
    assert_non_null(plan.steps[1]->after);
    plan_verdict_destroy(&verdict);
    plan_destroy(&plan);

    assert_int_equal(world_settle(&w, "vm1/net0"), MODEL_READY);
    const struct model_link *link = model_observed_link(&w.o, "tap0");
    assert_string_equal(smap_get(&link->fields, MODEL_L_UP), "true");
    assert_string_equal(smap_get(&link->fields, MODEL_L_ALIAS),
                        "ovs-portd:main/vm1/net0");
    const struct model_port *port = model_observed_port(&w.o, "tap0");
    assert_string_equal(model_row_get(&port->row, "tag"), "10");
    assert_string_equal(model_row_get(&port->row, MODEL_F_QOS), "qos:noop");
    assert_non_null(model_observed_satellite(&w.o, MODEL_TABLE_QOS,
                                             MODEL_QOS_NOOP));
    world_destroy(&w);
}

static void
test_retag_is_hitless(void **state OVS_UNUSED)
{
    struct world w;
    world_init(&w);
    world_want_bridge(&w, "br0");
    world_want_nic(&w, "vm1", "net0", "tap0", "br0", 8, 10);
    world_settle(&w, "vm1/net0");
    world_want_nic(&w, "vm1", "net0", "tap0", "br0", 8, 30);

    struct plan plan;
    struct plan_verdict verdict;
    plan_init(&plan);
    world_plan(&w, "vm1/net0", &plan, &verdict);
    assert_int_equal(plan.n_steps, 1);
    world_assert_step(&plan, 0, "~ Port tap0: tag 10 -> 30 [hitless]");
    assert_int_equal(verdict.state, MODEL_APPLYING);
    plan_verdict_destroy(&verdict);
    plan_destroy(&plan);
    assert_int_equal(world_settle(&w, "vm1/net0"), MODEL_READY);
    world_destroy(&w);
}

static void
test_multiqueue_waits_for_the_vm(void **state OVS_UNUSED)
{
    struct world w;
    world_init(&w);
    world_want_bridge(&w, "br0");
    world_want_nic(&w, "vm1", "net0", "tap0", "br0", 1, 10);
    world_settle(&w, "vm1/net0");
    int ifindex = model_observed_link(&w.o, "tap0")->ifindex;

    world_hold(&w, "tap0", true);
    world_want_nic(&w, "vm1", "net0", "tap0", "br0", 8, 10);
    assert_int_equal(world_settle(&w, "vm1/net0"), MODEL_PENDING);
    assert_int_equal(model_observed_link(&w.o, "tap0")->ifindex, ifindex);

    world_hold(&w, "tap0", false);
    assert_int_equal(world_settle(&w, "vm1/net0"), MODEL_READY);
    const struct model_link *link = model_observed_link(&w.o, "tap0");
    assert_int_not_equal(link->ifindex, ifindex);
    assert_string_equal(smap_get(&link->fields, MODEL_L_MULTI_QUEUE),
                        "true");
    world_destroy(&w);
}

static void
test_ifname_change_waits_for_the_vm(void **state OVS_UNUSED)
{
    struct world w;
    world_init(&w);
    world_want_bridge(&w, "br0");
    world_want_nic(&w, "vm1", "net0", "tap0", "br0", 8, 10);
    world_settle(&w, "vm1/net0");
    world_hold(&w, "tap0", true);
    world_want_nic(&w, "vm1", "net0", "tap9", "br0", 8, 10);
    assert_int_equal(world_settle(&w, "vm1/net0"), MODEL_PENDING);
    assert_null(model_observed_link(&w.o, "tap9"));
    assert_non_null(model_observed_port(&w.o, "tap0"));

    world_hold(&w, "tap0", false);
    assert_int_equal(world_settle(&w, "vm1/net0"), MODEL_READY);
    assert_non_null(model_observed_port(&w.o, "tap9"));
    assert_null(model_observed_port(&w.o, "tap0"));
    assert_null(model_observed_link(&w.o, "tap0"));
    world_destroy(&w);
}

static void
test_replaced_device_is_opened_anew(void **state OVS_UNUSED)
{
    struct world w;
    world_init(&w);
    world_want_bridge(&w, "br0");
    world_want_nic(&w, "vm1", "net0", "tap0", "br0", 8, 10);
    world_settle(&w, "vm1/net0");
    model_observed_remove_link(&w.o, "tap0");

    assert_int_equal(world_settle(&w, "vm1/net0"), MODEL_READY);
    assert_true(sset_contains(&w.nulled, "tap0"));
    const struct model_port *port = model_observed_port(&w.o, "tap0");
    assert_string_equal(model_row_get(&port->ifaces[0].row, "type"), "");
    world_destroy(&w);
}

static void
test_foreign_things_are_conflicts(void **state OVS_UNUSED)
{
    struct world w;
    world_init(&w);
    world_want_bridge(&w, "br0");
    world_want_nic(&w, "vm1", "net0", "tap0", "br0", 8, 10);
    world_want_nic(&w, "vm2", "net0", "tap1", "br0", 8, 10);
    struct model_link *link = model_link_create("tap0");
    link->ifindex = 77;
    smap_add(&link->fields, MODEL_L_KIND, "tap");
    model_observed_put_link(&w.o, link);
    struct model_port *port = model_port_create("tap1");
    model_row_set(&port->row, MODEL_F_BRIDGE, "brx");
    model_port_add_iface(port, "tap1");
    model_observed_put_port(&w.o, port);

    assert_int_equal(world_settle(&w, "vm1/net0"), MODEL_CONFLICT);
    assert_int_equal(world_settle(&w, "vm2/net0"), MODEL_CONFLICT);
    assert_int_equal(model_observed_link(&w.o, "tap0")->ifindex, 77);
    assert_null(model_observed_port(&w.o, "tap0"));
    assert_string_equal(model_row_get(&model_observed_port(&w.o, "tap1")->row,
                                      MODEL_F_BRIDGE), "brx");
    world_destroy(&w);
}

static void
test_rewritten_alias_is_restored(void **state OVS_UNUSED)
{
    struct world w;
    world_init(&w);
    world_want_bridge(&w, "br0");
    world_want_nic(&w, "vm1", "net0", "tap0", "br0", 8, 10);
    world_settle(&w, "vm1/net0");
    struct model_link *link
        = model_link_clone(model_observed_link(&w.o, "tap0"));
    smap_replace(&link->fields, MODEL_L_ALIAS, "lldpd was here");
    model_observed_put_link(&w.o, link);

    assert_int_equal(world_settle(&w, "vm1/net0"), MODEL_READY);
    assert_string_equal(smap_get(&model_observed_link(&w.o, "tap0")->fields,
                                 MODEL_L_ALIAS), "ovs-portd:main/vm1/net0");

    /* After a reboot neither alias nor ifindex match: a stranger's. */
    link = model_link_clone(model_observed_link(&w.o, "tap0"));
    smap_replace(&link->fields, MODEL_L_ALIAS, "stranger");
    link->ifindex += 1000;
    model_observed_put_link(&w.o, link);
    assert_int_equal(world_settle(&w, "vm1/net0"), MODEL_CONFLICT);
    world_destroy(&w);
}

/* With the policy "report" a rewritten alias stays, so that the Interface row
 * alone says whose the TAP is, until the NIC goes, and its row with it. */
static void
test_rewritten_alias_of_a_removed_nic(void **state OVS_UNUSED)
{
    struct world w;
    world_init(&w);
    world_want_bridge(&w, "br0");
    world_want_nic(&w, "vm1", "net0", "tap0", "br0", 8, 10);
    world_settle(&w, "vm1/net0");
    world_set_link(&w, "tap0", MODEL_L_ALIAS, "lldpd was here");
    world_unwant(&w, "vms.d/vm1.json");

    world_settle(&w, "vm1/net0");
    assert_null(model_observed_port(&w.o, "tap0"));
    assert_null(model_observed_link(&w.o, "tap0"));
    world_destroy(&w);
}

static void
test_key_that_left_the_spec_is_cleared(void **state OVS_UNUSED)
{
    struct world w;
    world_init(&w);
    world_want_bridge(&w, "br0");
    struct model_object *nic = world_make_nic("vm1", "net0", "tap0", "br0",
                                              2, 10);
    model_row_set(&nic->ports[0]->ifaces[0].row, "external_ids:ours", "1");
    world_want(&w, "vms.d/vm1.json", nic);
    world_settle(&w, "vm1/net0");

    struct model_port *port
        = model_port_clone(model_observed_port(&w.o, "tap0"));
    model_row_set(&port->ifaces[0].row, "external_ids:theirs", "2");
    model_observed_put_port(&w.o, port);
    world_want_nic(&w, "vm1", "net0", "tap0", "br0", 2, 10);
    assert_int_equal(world_settle(&w, "vm1/net0"), MODEL_READY);

    const struct smap *ids
        = &model_observed_port(&w.o, "tap0")->ifaces[0].row.fields;
    assert_null(smap_get(ids, "external_ids:ours"));
    assert_string_equal(smap_get(ids, "external_ids:theirs"), "2");
    world_destroy(&w);
}

static void
test_held_and_in_use_stay(void **state OVS_UNUSED)
{
    struct world w;
    world_init(&w);
    world_want_bridge(&w, "br0");
    world_want_nic(&w, "vm1", "net0", "tap0", "br0", 2, 10);
    world_settle(&w, "vm1/net0");
    world_unwant(&w, "vms.d/vm1.json");

    w.gate.held = "grace";
    assert_int_equal(world_settle(&w, "vm1/net0"), MODEL_HELD);
    assert_non_null(model_observed_port(&w.o, "tap0"));

    w.gate.held = NULL;
    world_hold(&w, "tap0", true);
    assert_int_equal(world_settle(&w, "vm1/net0"), MODEL_IN_USE);
    assert_non_null(model_observed_port(&w.o, "tap0"));

    world_hold(&w, "tap0", false);
    assert_int_equal(world_settle(&w, "vm1/net0"), MODEL_READY);
    assert_null(model_observed_port(&w.o, "tap0"));
    assert_null(model_observed_link(&w.o, "tap0"));
    assert_null(model_observed_satellite(&w.o, MODEL_TABLE_QOS,
                                         MODEL_QOS_NOOP));
    world_destroy(&w);
}

static void
test_clashes(void **state OVS_UNUSED)
{
    struct world w;
    world_init(&w);
    world_want_bridge(&w, "br0");

    /* None live: both lose. */
    world_want_nic(&w, "vm1", "net0", "tap0", "br0", 2, 10);
    world_want_nic(&w, "vm2", "net0", "tap0", "br0", 2, 20);
    assert_int_equal(world_settle(&w, "vm1/net0"), MODEL_ERROR);
    assert_int_equal(world_settle(&w, "vm2/net0"), MODEL_ERROR);
    assert_null(model_observed_link(&w.o, "tap0"));

    /* One live: it wins, and goes on. */
    world_unwant(&w, "vms.d/vm2.json");
    assert_int_equal(world_settle(&w, "vm1/net0"), MODEL_READY);
    world_want_nic(&w, "vm2", "net0", "tap0", "br0", 2, 20);
    assert_int_equal(world_settle(&w, "vm2/net0"), MODEL_ERROR);
    assert_int_equal(world_settle(&w, "vm1/net0"), MODEL_READY);

    /* The same MAC on one bridge. */
    struct model_object *nic = world_make_nic("vm3", "net0", "tap3", "br0",
                                              2, 10);
    free(nic->mac);
    nic->mac = xstrdup(model_wanted_get(&w.w, "vm1/net0")->mac);
    world_want(&w, "vms.d/vm3.json", nic);
    assert_int_equal(world_settle(&w, "vm3/net0"), MODEL_ERROR);
    assert_int_equal(world_settle(&w, "vm1/net0"), MODEL_READY);
    world_destroy(&w);
}

static void
test_contested_field_is_left_alone(void **state OVS_UNUSED)
{
    struct world w;
    world_init(&w);
    world_want_bridge(&w, "br0");
    world_want_nic(&w, "vm1", "net0", "tap0", "br0", 2, 10);
    world_settle(&w, "vm1/net0");
    struct model_port *port
        = model_port_clone(model_observed_port(&w.o, "tap0"));
    model_row_set(&port->row, "tag", "99");
    model_observed_put_port(&w.o, port);

    struct sset contested = SSET_INITIALIZER(&contested);
    sset_add(&contested, "Port tap0 tag");
    w.gate.contested = &contested;
    assert_int_equal(world_settle(&w, "vm1/net0"), MODEL_CONFLICT);
    assert_string_equal(model_row_get(&model_observed_port(&w.o, "tap0")->row,
                                      "tag"), "99");
    w.gate.contested = NULL;
    sset_destroy(&contested);
    assert_int_equal(world_settle(&w, "vm1/net0"), MODEL_READY);
    world_destroy(&w);
}

static void
test_paused_and_quarantined(void **state OVS_UNUSED)
{
    struct world w;
    world_init(&w);
    world_want_bridge(&w, "br0");
    world_want_nic(&w, "vm1", "net0", "tap0", "br0", 2, 10);
    world_settle(&w, "vm1/net0");

    struct model_object *nic = world_make_nic("vm1", "net0", "tap0", "br0",
                                              2, 44);
    nic->paused = true;
    world_want(&w, "vms.d/vm1.json", nic);
    assert_int_equal(world_settle(&w, "vm1/net0"), MODEL_PAUSED);
    assert_string_equal(model_row_get(&model_observed_port(&w.o, "tap0")->row,
                                      "tag"), "10");

    nic = world_make_nic("vm1", "net0", "tap0", "br0", 2, 44);
    nic->quarantined = true;
    smap_replace(&nic->links[0]->fields, MODEL_L_UP, "false");
    world_want(&w, "vms.d/vm1.json", nic);
    assert_int_equal(world_settle(&w, "vm1/net0"), MODEL_QUARANTINED);
    assert_string_equal(smap_get(&model_observed_link(&w.o, "tap0")->fields,
                                 MODEL_L_UP), "false");
    world_destroy(&w);
}

static void
test_bridge_with_a_strangers_port_stays(void **state OVS_UNUSED)
{
    struct world w;
    world_init(&w);
    world_want_bridge(&w, "br0");
    assert_int_equal(world_settle(&w, "bridge:br0"), MODEL_READY);
    struct model_port *port = model_port_create("eth7");
    model_row_set(&port->row, MODEL_F_BRIDGE, "br0");
    model_port_add_iface(port, "eth7");
    model_observed_put_port(&w.o, port);
    world_unwant(&w, "host.json");
    assert_int_equal(world_settle(&w, "bridge:br0"), MODEL_HELD);
    assert_non_null(model_observed_bridge(&w.o, "br0"));

    /* In two bridges; then only in the other one. */
    port = model_port_clone(model_observed_port(&w.o, "eth7"));
    model_row_set(&port->row, MODEL_F_BRIDGE, "br,br0");
    model_observed_put_port(&w.o, port);
    assert_int_equal(world_settle(&w, "bridge:br0"), MODEL_HELD);
    assert_non_null(model_observed_bridge(&w.o, "br0"));
    sset_clear(&w.o.dirty_ids);
    port = model_port_clone(model_observed_port(&w.o, "eth7"));
    model_row_set(&port->row, MODEL_F_BRIDGE, "br");
    model_observed_put_port(&w.o, port);
    assert_true(sset_contains(&w.o.dirty_ids, "bridge:br0"));
    assert_int_equal(world_settle(&w, "bridge:br0"), MODEL_READY);
    assert_null(model_observed_bridge(&w.o, "br0"));
    world_destroy(&w);
}

static void
test_ovns_bridge_is_only_reported(void **state OVS_UNUSED)
{
    struct world w;
    world_init(&w);
    world_want_bridge(&w, "br-int");
    world_settle(&w, "bridge:br-int");
    w.o.ovn_bridge = xstrdup("br-int");
    struct model_bridge *b
        = model_bridge_clone(model_observed_bridge(&w.o, "br-int"));
    model_row_set(&b->row, "fail_mode", "secure");
    model_observed_put_bridge(&w.o, b);
    assert_int_equal(world_settle(&w, "bridge:br-int"), MODEL_CONFLICT);
    assert_string_equal(
        model_row_get(&model_observed_bridge(&w.o, "br-int")->row,
                      "fail_mode"), "secure");
    world_destroy(&w);
}

/* Somebody sets 'field' of bridge br-int. */
static void
set_bridge_field(struct world *w, const char *field, const char *value)
{
    struct model_bridge *b
        = model_bridge_clone(model_observed_bridge(&w->o, "br-int"));

    model_row_set(&b->row, field, value);
    model_observed_put_bridge(&w->o, b);
}

/* The impact of the one step that the bridge needs. */
static enum plan_impact
bridge_impact(struct world *w)
{
    struct plan_verdict verdict;
    struct plan plan;

    plan_init(&plan);
    world_plan(w, "bridge:br-int", &plan, &verdict);
    assert_int_equal(plan.n_steps, 1);
    enum plan_impact impact = plan.steps[0]->impact;
    plan_verdict_destroy(&verdict);
    plan_destroy(&plan);
    return impact;
}

/* Another datapath is a break for all ports, the end of one's own wish for it
 * no less; what is left to ovn-controller is no change at all. */
static void
test_datapath_type(void **state OVS_UNUSED)
{
    struct world w;

    world_init(&w);
    world_want_bridge(&w, "br-int");
    world_settle(&w, "bridge:br-int");
    set_bridge_field(&w, MODEL_OWNED, "datapath_type stp_enable");
    set_bridge_field(&w, "datapath_type", "other");
    assert_int_equal(bridge_impact(&w), PLAN_READD);

    w.o.ovn_bridge = xstrdup("br-int");
    set_bridge_field(&w, "stp_enable", "true");
    assert_int_equal(bridge_impact(&w), PLAN_HITLESS);
    free(w.o.ovn_bridge);
    w.o.ovn_bridge = NULL;
    assert_int_equal(bridge_impact(&w), PLAN_READD);
    world_destroy(&w);
}

static void
assert_verdict(struct world *w, const char *id, enum model_state state,
               const char *text)
{
    struct plan_verdict verdict;
    struct plan plan;

    plan_init(&plan);
    world_plan(w, id, &plan, &verdict);
    assert_int_equal(verdict.state, state);
    assert_non_null(strstr(verdict.text, text));
    plan_verdict_destroy(&verdict);
    plan_destroy(&plan);
}

/* Of a bridge that ovs-vswitchd can no longer make, the rows say what they
 * said before: only its device tells. */
static void
test_bridge_that_cannot_be_made(void **state OVS_UNUSED)
{
    static const char *const ids[] = { "bridge:br-int", "vm1/net0" };
    struct model_link *device;
    struct world w;

    world_init(&w);
    world_want_bridge(&w, "br-int");
    world_want_nic(&w, "vm1", "net0", "tap0", "br-int", 2, 10);
    assert_int_equal(world_settle(&w, "bridge:br-int"), MODEL_READY);
    device = model_link_clone(model_observed_link(&w.o, "br-int"));

    /* Gone: ovs-vswitchd may be about to start. */
    sset_clear(&w.o.dirty_bridges);
    model_observed_remove_link(&w.o, "br-int");
    assert_true(sset_contains(&w.o.dirty_bridges, "br-int"));
    for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
        assert_verdict(&w, ids[i], MODEL_APPLYING, "not yet created");
    }

    /* It has started, and the device has not come. */
    sset_clear(&w.o.dirty_bridges);
    model_observed_configured(&w.o);
    assert_true(sset_contains(&w.o.dirty_bridges, "br-int"));
    for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
        assert_verdict(&w, ids[i], MODEL_ERROR, "could not create bridge");
    }
    set_bridge_field(&w, "external_ids:a", "b");
    assert_verdict(&w, "bridge:br-int", MODEL_ERROR, "could not create");
    w.o.next_cfg++;
    assert_verdict(&w, "bridge:br-int", MODEL_APPLYING, "not yet applied");
    w.o.next_cfg--;

    /* Anything else of that name is none that it made. */
    world_add_device(&w, "br-int");
    assert_verdict(&w, "vm1/net0", MODEL_ERROR, "could not create bridge");

    sset_clear(&w.o.dirty_bridges);
    model_observed_put_link(&w.o, device);
    assert_true(sset_contains(&w.o.dirty_bridges, "br-int"));
    model_observed_configured(&w.o);
    for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
        assert_verdict(&w, ids[i], MODEL_READY, "");
    }

    /* A bridge may do without a local port. */
    model_observed_remove_link(&w.o, "br-int");
    model_observed_configured(&w.o);
    assert_verdict(&w, "vm1/net0", MODEL_ERROR, "could not create bridge");
    model_observed_remove_port(&w.o, "br-int");
    sset_clear(&w.o.dirty_bridges);
    model_observed_configured(&w.o);
    assert_true(sset_contains(&w.o.dirty_bridges, "br-int"));
    assert_verdict(&w, "vm1/net0", MODEL_READY, "");
    world_destroy(&w);
}

static void
test_pinned_ofport(void **state OVS_UNUSED)
{
    struct world w;
    world_init(&w);
    w.w.policy.pin_ofports = true;
    world_want_bridge(&w, "br0");
    world_want_nic(&w, "vm1", "net0", "tap0", "br0", 2, 10);
    assert_int_equal(world_settle(&w, "vm1/net0"), MODEL_READY);
    const struct model_iface *iface
        = &model_observed_port(&w.o, "tap0")->ifaces[0];
    char *ofport = xasprintf("%"PRId64, iface->ofport);
    assert_string_equal(model_row_get(&iface->row, "ofport_request"),
                        ofport);
    free(ofport);
    world_destroy(&w);
}

static void
test_bond_member_changes_keep_the_port(void **state OVS_UNUSED)
{
    struct world w;
    world_init(&w);
    world_want_bridge(&w, "br0");
    world_add_device(&w, "eth1");
    world_add_device(&w, "eth2");
    world_add_device(&w, "eth3");
    const char *two[] = { "eth1", "eth2" };
    const char *other[] = { "eth2", "eth3" };
    world_want_bond(&w, "bond0", "br0", two, 2);
    assert_int_equal(world_settle(&w, "bond:bond0"), MODEL_READY);
    world_want_bond(&w, "bond0", "br0", other, 2);
    assert_int_equal(world_settle(&w, "bond:bond0"), MODEL_READY);

    const struct model_port *port = model_observed_port(&w.o, "bond0");
    assert_int_equal(port->n_ifaces, 2);
    assert_string_equal(port->ifaces[0].row.name, "eth2");
    assert_string_equal(port->ifaces[1].row.name, "eth3");
    assert_non_null(model_observed_link(&w.o, "eth1"));
    world_destroy(&w);
}

/* ovs-vswitchd writes which member is active. */
static void
test_active_member_is_a_preference(void **state OVS_UNUSED)
{
    struct world w;
    world_init(&w);
    world_want_bridge(&w, "br0");
    world_add_device(&w, "eth1");
    world_add_device(&w, "eth2");
    const char *members[] = { "eth1", "eth2" };
    world_want_bond(&w, "bond0", "br0", members, 2);
    struct model_port *port
        = model_wanted_get(&w.w, "bond:bond0")->ports[0];
    model_row_set(&port->row, "bond_active_slave", "02:00:00:00:00:01");
    assert_int_equal(world_settle(&w, "bond:bond0"), MODEL_READY);
    assert_string_equal(
        model_row_get(&model_observed_port(&w.o, "bond0")->row,
                      "bond_active_slave"), "02:00:00:00:00:01");

    port = model_port_clone(model_observed_port(&w.o, "bond0"));
    model_row_set(&port->row, "bond_active_slave", "02:00:00:00:00:02");
    model_observed_put_port(&w.o, port);
    assert_int_equal(world_settle(&w, "bond:bond0"), MODEL_READY);
    assert_string_equal(
        model_row_get(&model_observed_port(&w.o, "bond0")->row,
                      "bond_active_slave"), "02:00:00:00:00:02");
    world_destroy(&w);
}

/* A stranger's TAP may be an uplink of ours: it stays when the port goes. */
static void
test_uplink_is_never_deleted(void **state OVS_UNUSED)
{
    struct world w;
    world_init(&w);
    world_want_bridge(&w, "br0");
    struct model_link *link = model_link_create("up0");
    link->ifindex = 55;
    smap_add(&link->fields, MODEL_L_KIND, "tap");
    smap_add(&link->fields, MODEL_L_UP, "true");
    model_observed_put_link(&w.o, link);
    const char *members[] = { "up0" };
    world_want_bond(&w, "up0", "br0", members, 1);
    assert_int_equal(world_settle(&w, "bond:up0"), MODEL_READY);

    world_hold(&w, "up0", true);
    world_unwant(&w, "bonds");
    assert_int_equal(world_settle(&w, "bond:up0"), MODEL_READY);
    assert_null(model_observed_port(&w.o, "up0"));
    assert_non_null(model_observed_link(&w.o, "up0"));
    world_destroy(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nic_comes_up_in_order),
        cmocka_unit_test(test_retag_is_hitless),
        cmocka_unit_test(test_multiqueue_waits_for_the_vm),
        cmocka_unit_test(test_ifname_change_waits_for_the_vm),
        cmocka_unit_test(test_replaced_device_is_opened_anew),
        cmocka_unit_test(test_foreign_things_are_conflicts),
        cmocka_unit_test(test_rewritten_alias_is_restored),
        cmocka_unit_test(test_rewritten_alias_of_a_removed_nic),
        cmocka_unit_test(test_key_that_left_the_spec_is_cleared),
        cmocka_unit_test(test_held_and_in_use_stay),
        cmocka_unit_test(test_clashes),
        cmocka_unit_test(test_contested_field_is_left_alone),
        cmocka_unit_test(test_paused_and_quarantined),
        cmocka_unit_test(test_bridge_with_a_strangers_port_stays),
        cmocka_unit_test(test_ovns_bridge_is_only_reported),
        cmocka_unit_test(test_datapath_type),
        cmocka_unit_test(test_bridge_that_cannot_be_made),
        cmocka_unit_test(test_pinned_ofport),
        cmocka_unit_test(test_bond_member_changes_keep_the_port),
        cmocka_unit_test(test_active_member_is_a_preference),
        cmocka_unit_test(test_uplink_is_never_deleted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
