/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* The plan of the host's ports and patch links: "port:br0/eth1", which moves
 * to br1, and the link "l" of p0 on br0 and p1 on br1. */

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

static void
want_bridges(struct world *w, const char *const names[], size_t n)
{
    struct sset changed = SSET_INITIALIZER(&changed);
    struct model_object **objects = xmalloc(n * sizeof *objects);

    for (size_t i = 0; i < n; i++) {
        char *id = xasprintf("bridge:%s", names[i]);
        objects[i] = model_object_create(id, "host.json");
        objects[i]->bridge = model_bridge_create(names[i]);
        free(id);
    }
    model_wanted_replace(&w->w, "host.json", objects, n, &changed);
    sset_destroy(&changed);
    free(objects);
}

static void
start(struct world *w)
{
    static const char *const bridges[] = { "br0", "br1", "br2" };

    world_init(w);
    want_bridges(w, bridges, ARRAY_SIZE(bridges));
    assert_true(world_run(w, 10));
}

static void
want_uplink(struct world *w, const char *bridge)
{
    char *id = xasprintf("port:%s/eth1", bridge);
    struct model_object *object = model_object_create(id, "uplink");
    struct model_port *port = model_port_create("eth1");
    struct model_link *link = model_link_create("eth1");

    model_row_set(&port->row, MODEL_F_BRIDGE, bridge);
    model_port_add_iface(port, "eth1");
    model_object_add_port(object, port);
    smap_add(&link->fields, MODEL_L_UP, "true");
    model_object_add_link(object, link);
    world_want(w, "uplink", object);
    free(id);
}

static void
want_patch(struct world *w, const char *bridge0, const char *bridge1)
{
    const char *const bridges[] = { bridge0, bridge1 };
    const char *const names[] = { "p0", "p1" };
    struct model_object *object = model_object_create("link:l", "patch");

    for (int i = 0; i < 2; i++) {
        struct model_port *port = model_port_create(names[i]);
        struct model_iface *iface = model_port_add_iface(port, names[i]);

        model_row_set(&port->row, MODEL_F_BRIDGE, bridges[i]);
        model_row_set(&iface->row, "type", "patch");
        model_row_set(&iface->row, "options:peer", names[!i]);
        model_object_add_port(object, port);
    }
    world_want(w, "patch", object);
}

/* The number of steps for 'id' that can be done now; checks its verdict. */
static size_t
assert_state(struct world *w, const char *id, enum model_state state,
             const char *text)
{
    struct plan_verdict verdict;
    struct plan plan;

    plan_init(&plan);
    world_plan(w, id, &plan, &verdict);
    if (verdict.state != state || !strstr(verdict.text, text)) {
        fail_msg("%s is %s (%s), not %s (%s)", id,
                 model_state_name(verdict.state), verdict.text,
                 model_state_name(state), text);
    }
    size_t n = plan_n_ready(&plan);
    plan_verdict_destroy(&verdict);
    plan_destroy(&plan);
    return n;
}

static const char *
iface_get(const struct world *w, const char *name, const char *field)
{
    const struct model_port *port = model_observed_port(&w->o, name);

    assert_non_null(port);
    return model_row_get(&port->ifaces[0].row, field);
}

static const char *
bridge_of(const struct world *w, const char *name)
{
    const struct model_port *port = model_observed_port(&w->o, name);

    assert_non_null(port);
    return model_row_get(&port->row, MODEL_F_BRIDGE);
}

/* What ovs-vswitchd says of an interface in "error". */
static void
set_error(struct world *w, const char *name, const char *error)
{
    struct model_port *port
        = model_port_clone(model_observed_port(&w->o, name));

    free(port->ifaces[0].error);
    port->ifaces[0].error = nullable_xstrdup(error);
    model_observed_put_port(&w->o, port);
}

/* The port's id says its bridge, so that after a move it is another object;
 * its rows must stay, without anybody's confirmation. */
static void
test_port_moves(void **state OVS_UNUSED)
{
    struct world w;
    start(&w);
    world_add_device(&w, "eth1");
    want_uplink(&w, "br0");
    assert_true(world_run(&w, 10));
    assert_string_equal(bridge_of(&w, "eth1"), "br0");
    int64_t ofport = model_observed_port(&w.o, "eth1")->ifaces[0].ofport;

    w.gate.held = "it left host.json";
    want_uplink(&w, "br1");
    assert_int_equal(assert_state(&w, "port:br0/eth1", MODEL_WAITING,
                                  "port:br1/eth1 takes it over"), 0);
    assert_int_equal(assert_state(&w, "port:br1/eth1", MODEL_APPLYING, ""),
                     2);
    /* One round; a deletion would have given it another number. */
    world_round(&w);
    assert_string_equal(bridge_of(&w, "eth1"), "br1");
    assert_int_equal(model_observed_port(&w.o, "eth1")->ifaces[0].ofport,
                     ofport);
    assert_null(model_observed_marked(&w.o, "port:br0/eth1"));
    assert_true(world_run(&w, 10));
    assert_state(&w, "port:br1/eth1", MODEL_READY, "");
    world_destroy(&w);
}

static void
test_port_moves_to_missing_bridge(void **state OVS_UNUSED)
{
    struct world w;
    start(&w);
    world_add_device(&w, "eth1");
    want_uplink(&w, "br0");
    assert_true(world_run(&w, 10));

    want_uplink(&w, "br9");
    assert_true(world_run(&w, 10));
    assert_string_equal(bridge_of(&w, "eth1"), "br0");
    assert_state(&w, "port:br9/eth1", MODEL_WAITING, "br9");
    world_destroy(&w);
}

/* Nobody is heir to a port that is only gone, or of another name. */
static void
test_port_without_heir(void **state OVS_UNUSED)
{
    struct world w;
    start(&w);
    world_add_device(&w, "eth1");
    want_uplink(&w, "br0");
    assert_true(world_run(&w, 10));
    world_unwant(&w, "uplink");
    w.gate.held = "it left host.json";
    assert_int_equal(assert_state(&w, "port:br0/eth1", MODEL_HELD,
                                  "it left"), 0);
    world_destroy(&w);
}

static void
test_no_half_link(void **state OVS_UNUSED)
{
    struct world w;
    start(&w);
    want_patch(&w, "br0", "br9");
    assert_true(world_run(&w, 10));
    assert_state(&w, "link:l", MODEL_WAITING, "br9");
    assert_null(model_observed_port(&w.o, "p0"));
    assert_null(model_observed_port(&w.o, "p1"));

    /* A stranger's port has the name of an end. */
    struct model_port *port = model_port_create("p1");
    model_row_set(&port->row, MODEL_F_BRIDGE, "br1");
    model_port_add_iface(port, "p1");
    model_observed_put_port(&w.o, port);
    want_patch(&w, "br0", "br1");
    assert_true(world_run(&w, 10));
    assert_state(&w, "link:l", MODEL_CONFLICT, "p1");
    assert_null(model_observed_port(&w.o, "p0"));

    model_observed_remove_port(&w.o, "p1");
    assert_true(world_run(&w, 10));
    assert_state(&w, "link:l", MODEL_READY, "");
    assert_non_null(model_observed_port(&w.o, "p0"));
    world_destroy(&w);
}

/* ovs-vswitchd must close the end that moves, and open it only then. */
static void
test_patch_end_moves(void **state OVS_UNUSED)
{
    struct world w;
    start(&w);
    want_patch(&w, "br0", "br1");
    assert_true(world_run(&w, 10));
    assert_false(sset_contains(&w.nulled, "p1"));
    assert_string_equal(iface_get(&w, "p1", MODEL_LINK_MARK), "br1");

    want_patch(&w, "br0", "br2");
    world_round(&w);
    assert_string_equal(bridge_of(&w, "p1"), "br2");
    assert_string_equal(iface_get(&w, "p1", "type"), "null");
    assert_string_equal(iface_get(&w, "p0", "type"), "patch");
    /* Not before the first half was applied. */
    world_round(&w);
    assert_string_equal(iface_get(&w, "p1", "type"), "null");
    assert_state(&w, "link:l", MODEL_APPLYING, "");
    world_vswitchd(&w);
    world_round(&w);
    assert_string_equal(iface_get(&w, "p1", "type"), "patch");
    assert_string_equal(iface_get(&w, "p1", MODEL_LINK_MARK), "br2");
    assert_true(world_run(&w, 10));
    assert_state(&w, "link:l", MODEL_READY, "");
    assert_false(sset_contains(&w.nulled, "p0"));

    /* To a bridge that is not there, nothing is closed. */
    sset_clear(&w.nulled);
    want_patch(&w, "br0", "br9");
    assert_true(world_run(&w, 10));
    assert_state(&w, "link:l", MODEL_WAITING, "br9");
    assert_string_equal(iface_get(&w, "p1", "type"), "patch");
    assert_true(sset_is_empty(&w.nulled));
    world_destroy(&w);
}

/* A row of an earlier version has no such mark: it is written, and nothing
 * is closed for it. */
static void
test_patch_without_mark(void **state OVS_UNUSED)
{
    struct world w;
    start(&w);
    want_patch(&w, "br0", "br1");
    assert_true(world_run(&w, 10));

    struct model_port *port
        = model_port_clone(model_observed_port(&w.o, "p1"));
    smap_remove(&port->ifaces[0].row.fields, MODEL_LINK_MARK);
    model_observed_put_port(&w.o, port);
    assert_int_equal(assert_state(&w, "link:l", MODEL_APPLYING, ""), 1);
    assert_true(world_run(&w, 10));
    assert_string_equal(iface_get(&w, "p1", MODEL_LINK_MARK), "br1");
    assert_false(sset_contains(&w.nulled, "p1"));
    world_destroy(&w);
}

static void
test_patch_error(void **state OVS_UNUSED)
{
    static const char error[] = "No usable peer 'p1' exists";
    struct world w;
    start(&w);
    want_patch(&w, "br0", "br1");
    assert_true(world_run(&w, 10));

    /* Both ends are open: ovs-vswitchd has only not taken it back. */
    set_error(&w, "p0", error);
    assert_int_equal(assert_state(&w, "link:l", MODEL_READY, ""), 0);

    /* A number comes along with cur_cfg, or not at all. */
    struct model_port *port
        = model_port_clone(model_observed_port(&w.o, "p1"));
    port->ifaces[0].ofport = 0;
    model_observed_put_port(&w.o, port);
    assert_state(&w, "link:l", MODEL_ERROR, "did not take interface p1 in");
    w.o.next_cfg++;
    assert_state(&w, "link:l", MODEL_APPLYING, "not yet applied");
    w.o.next_cfg--;

    /* It cannot be opened; that is the news, not what follows from it. */
    port = model_port_clone(model_observed_port(&w.o, "p1"));
    port->ifaces[0].ofport = -1;
    port->ifaces[0].error = xstrdup("out of ports");
    model_observed_put_port(&w.o, port);
    assert_state(&w, "link:l", MODEL_ERROR, "out of ports");

    /* On another datapath it never finds its peer. */
    port = model_port_clone(model_observed_port(&w.o, "p1"));
    port->ifaces[0].ofport = 7;
    free(port->ifaces[0].error);
    port->ifaces[0].error = NULL;
    model_observed_put_port(&w.o, port);
    struct model_bridge *bridge
        = model_bridge_clone(model_observed_bridge(&w.o, "br1"));
    model_row_set(&bridge->row, "datapath_type", "netdev");
    model_observed_put_bridge(&w.o, bridge);
    assert_state(&w, "link:l", MODEL_ERROR, error);
    world_destroy(&w);
}

/* OVSDB refuses a Port without an interface, so that a bond that changes all
 * of its members is given a new one before the last goes. */
static void
test_all_members_change(void **state OVS_UNUSED)
{
    const char *old[] = { "eth1", "eth2" };
    const char *new[] = { "eth3", "eth4" };
    struct world w;

    start(&w);
    for (size_t i = 0; i < ARRAY_SIZE(old); i++) {
        world_add_device(&w, old[i]);
    }
    world_want_bond(&w, "bond0", "br0", old, 2);
    assert_int_equal(world_settle(&w, "bond:bond0"), MODEL_READY);

    /* Nor does it lose them for devices that are not there. */
    world_want_bond(&w, "bond0", "br0", new, 2);
    assert_int_equal(world_settle(&w, "bond:bond0"), MODEL_WAITING);
    assert_int_equal(model_observed_port(&w.o, "bond0")->n_ifaces, 2);
    world_add_device(&w, "eth4");
    world_round(&w);
    assert_int_equal(model_observed_port(&w.o, "bond0")->n_ifaces, 3);
    world_settle(&w, "bond:bond0");
    assert_int_equal(model_observed_port(&w.o, "bond0")->n_ifaces, 1);
    world_add_device(&w, "eth3");
    assert_int_equal(world_settle(&w, "bond:bond0"), MODEL_READY);
    assert_int_equal(model_observed_port(&w.o, "bond0")->n_ifaces, 2);
    world_destroy(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_port_moves),
        cmocka_unit_test(test_port_moves_to_missing_bridge),
        cmocka_unit_test(test_port_without_heir),
        cmocka_unit_test(test_no_half_link),
        cmocka_unit_test(test_patch_end_moves),
        cmocka_unit_test(test_patch_without_mark),
        cmocka_unit_test(test_patch_error),
        cmocka_unit_test(test_all_members_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
