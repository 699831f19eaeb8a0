/* SPDX-License-Identifier: Apache-2.0 */

/* What ovsdb/ writes into a real ovsdb-server.  Needs no root. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include "openvswitch/poll-loop.h"
#include "smap.h"
#include "src/plan/planner.h"
#include "tests/net/ovsdb-world.h"
#include "timeval.h"
#include "util.h"

static void
test_life(void **state OVS_UNUSED)
{
    struct world w;

    world_init(&w);
    /* A port and, after it, the bridge that another object makes. */
    add_port(&w.plan, "vm/net0", "p0", "br0", "10");
    add_bridge(&w, "br0");
    add_bridge(&w, "br1");
    commit(&w);
    assert_int_equal(db_get_stats(w.c.db)->txns, 1);
    assert_int_equal(w.c.model.next_cfg, 1);
    /* Committed is observed. */
    assert_string_equal(port_field(&w.c, "p0", "tag"), "10");
    assert_string_equal(port_field(&w.c, "p0", MODEL_F_BRIDGE), "br0");
    assert_string_equal(port_field(&w.c, "p0", MODEL_MARK), "main/vm/net0");
    assert_string_equal(iface_field(&w.c, "br0", "br0", "type"), "internal");
    assert_string_equal(bridge_field(&w.c, "br1", "datapath_type"), "netdev");
    expect(&w.s, "Port", "p0", "tag", "10");

    /* SET: columns, whole and cleared, and keys among those of others. */
    free(vsctl(&w.s, "set", "Port", "p0", "external_ids:theirs=1",
               "other_config:a=1", "other_config:b=2", NULL));
    struct plan_step *s = step(&w.plan, PLAN_SET, PLAN_PORT, "vm/net0", "p0",
                               NULL, "tag", NULL, "trunks", "30,4,5",
                               "vlan_mode", "trunk", "external_ids:mine", "x",
                               "other_config:a", NULL, "other_config:none",
                               NULL, "other_config:b", "3", NULL);
    assert_int_equal(s->n_changes, 7);
    commit(&w);
    expect(&w.s, "Port", "p0", "tag", "[]");
    expect(&w.s, "Port", "p0", "trunks", "[4, 5, 30]");
    expect(&w.s, "Port", "p0", "vlan_mode", "trunk");
    expect(&w.s, "Port", "p0", "external_ids",
           "{mine=x, ovs-portd=\"main/vm/net0\", theirs=\"1\"}");
    expect(&w.s, "Port", "p0", "other_config", "{b=\"3\"}");

    /* A move keeps both rows. */
    char *port = vsctl(&w.s, "get", "Port", "p0", "_uuid", NULL);
    char *iface = vsctl(&w.s, "get", "Interface", "p0", "_uuid", NULL);
    step(&w.plan, PLAN_SET, PLAN_PORT, "vm/net0", "p0", NULL,
         MODEL_F_BRIDGE, "br1", NULL);
    commit(&w);
    assert_string_equal(port_field(&w.c, "p0", MODEL_F_BRIDGE), "br1");
    expect(&w.s, "Port", "p0", "_uuid", port);
    expect(&w.s, "Interface", "p0", "_uuid", iface);
    /* In two bridges at once, and out of the wrong one. */
    free(vsctl(&w.s, "add", "Bridge", "br0", "ports", port, NULL));
    step(&w.plan, PLAN_SET, PLAN_PORT, "vm/net0", "p0", NULL,
         MODEL_F_BRIDGE, "br1", NULL);
    client_settle(&w.c, 100);
    assert_string_equal(port_field(&w.c, "p0", MODEL_F_BRIDGE), "br0,br1");
    commit(&w);
    assert_string_equal(port_field(&w.c, "p0", MODEL_F_BRIDGE), "br1");
    free(port);
    free(iface);

    /* Nothing to do: nothing is sent. */
    unsigned long long int txns = db_get_stats(w.c.db)->txns;
    int64_t next_cfg = w.c.model.next_cfg;
    commit(&w);
    step(&w.plan, PLAN_SET, PLAN_PORT, "vm/net0", "p0", NULL,
         "vlan_mode", "trunk", NULL);
    step(&w.plan, PLAN_DEL, PLAN_PORT, "vm/net9", "gone", NULL, NULL);
    step(&w.plan, PLAN_ADD, PLAN_LINK, "vm/net0", "p0", NULL, NULL);
    add_port(&w.plan, "vm/net1", "p1", "br0", "1");
    find_step(&w.plan, PLAN_PORT, "p1")->after = xstrdup("a miracle");
    find_step(&w.plan, PLAN_INTERFACE, "p1")->after = xstrdup("a miracle");
    commit(&w);
    client_settle(&w.c, 50);
    assert_int_equal(db_get_stats(w.c.db)->txns, txns);
    assert_int_equal(w.c.model.next_cfg, next_cfg);

    /* DEL of a port, and of a bridge with its own port. */
    step(&w.plan, PLAN_DEL, PLAN_PORT, "vm/net0", "p0", NULL, NULL);
    step(&w.plan, PLAN_DEL, PLAN_BRIDGE, "bridge:br1", "br1", NULL, NULL);
    commit(&w);
    assert_null(model_observed_port(&w.c.model, "p0"));
    assert_null(model_observed_bridge(&w.c.model, "br1"));
    expect(&w.s, "Interface", "p0", "name", "");
    char *bridges = vsctl(&w.s, "list-br", NULL);
    assert_string_equal(bridges, "br0");
    free(bridges);
    world_destroy(&w);
}

static void
test_bond(void **state OVS_UNUSED)
{
    struct world w;

    world_init(&w);
    add_bridge(&w, "br0");
    step(&w.plan, PLAN_ADD, PLAN_PORT, "bond:b", "b", "br0",
         "bond_mode", "balance-slb", NULL);
    step(&w.plan, PLAN_ADD, PLAN_INTERFACE, "bond:b", "e1", "b", NULL);
    step(&w.plan, PLAN_ADD, PLAN_INTERFACE, "bond:b", "e2", "b", NULL);
    commit(&w);
    assert_int_equal(model_observed_port(&w.c.model, "b")->n_ifaces, 2);

    step(&w.plan, PLAN_ADD, PLAN_INTERFACE, "bond:b", "e3", "b", NULL);
    step(&w.plan, PLAN_DEL, PLAN_INTERFACE, "bond:b", "e1", "b", NULL);
    commit(&w);
    assert_int_equal(model_observed_port(&w.c.model, "b")->n_ifaces, 2);
    assert_non_null(iface_field(&w.c, "b", "e3", MODEL_MARK));
    assert_null(model_observed_iface_port(&w.c.model, "e1"));

    /* The last one cannot go. */
    step(&w.plan, PLAN_DEL, PLAN_INTERFACE, "bond:b", "e2", "b", NULL);
    step(&w.plan, PLAN_DEL, PLAN_INTERFACE, "bond:b", "e3", "b", NULL);
    refuse(&w, PLAN_INTERFACE, "e3", "violation");
    assert_int_equal(model_observed_port(&w.c.model, "b")->n_ifaces, 2);
    world_destroy(&w);
}

static void
test_qos(void **state OVS_UNUSED)
{
    struct world w;

    world_init(&w);
    add_bridge(&w, "br0");
    add_port(&w.plan, "vm/net0", "p0", "br0", NULL);
    add_port(&w.plan, "vm/net1", "p1", "br0", NULL);
    commit(&w);
    /* Two ports that need the row at once, and no step that makes it. */
    step(&w.plan, PLAN_SET, PLAN_PORT, "vm/net0", "p0", NULL,
         MODEL_F_QOS, MODEL_QOS_NOOP, NULL);
    step(&w.plan, PLAN_SET, PLAN_PORT, "vm/net1", "p1", NULL,
         MODEL_F_QOS, MODEL_QOS_NOOP, NULL);
    commit(&w);
    assert_non_null(model_observed_satellite(&w.c.model, MODEL_TABLE_QOS,
                                             MODEL_QOS_NOOP));
    assert_string_equal(port_field(&w.c, "p1", MODEL_F_QOS), MODEL_QOS_NOOP);
    char *uuid = vsctl(&w.s, "--bare", "--columns=_uuid", "list", "QoS", NULL);
    assert_int_equal(strlen(uuid), 36);
    expect(&w.s, "QoS", uuid, "type", "linux-noop");

    /* A later one takes the same row. */
    add_port(&w.plan, "vm/net2", "p2", "br0", NULL);
    plan_clear(&w.plan);
    step(&w.plan, PLAN_ADD, PLAN_PORT, "vm/net2", "p2", "br0",
         MODEL_F_BRIDGE, "br0", MODEL_F_QOS, MODEL_QOS_NOOP, NULL);
    step(&w.plan, PLAN_ADD, PLAN_INTERFACE, "vm/net2", "p2", "p2", NULL);
    commit(&w);
    expect(&w.s, "Port", "p2", "qos", uuid);

    /* In use it cannot go; the port beside it does. */
    step(&w.plan, PLAN_DEL, PLAN_QOS, MODEL_QOS_NOOP, MODEL_QOS_NOOP, NULL,
         NULL);
    step(&w.plan, PLAN_DEL, PLAN_PORT, "vm/net2", "p2", NULL, NULL);
    refuse(&w, PLAN_QOS, MODEL_QOS_NOOP, "referential integrity");
    assert_null(model_observed_port(&w.c.model, "p2"));
    step(&w.plan, PLAN_DEL, PLAN_QOS, MODEL_QOS_NOOP, MODEL_QOS_NOOP, NULL,
         NULL);
    step(&w.plan, PLAN_SET, PLAN_PORT, "vm/net0", "p0", NULL,
         MODEL_F_QOS, "", NULL);
    step(&w.plan, PLAN_DEL, PLAN_PORT, "vm/net1", "p1", NULL, NULL);
    commit(&w);
    assert_null(model_observed_satellite(&w.c.model, MODEL_TABLE_QOS,
                                         MODEL_QOS_NOOP));
    assert_null(port_field(&w.c, "p0", MODEL_F_QOS));
    free(uuid);
    uuid = vsctl(&w.s, "--bare", "--columns=_uuid", "list", "QoS", NULL);
    assert_string_equal(uuid, "");
    free(uuid);
    world_destroy(&w);
}

/* 20 objects, 3 of which the server refuses. */
static void
test_bisect(void **state OVS_UNUSED)
{
    struct world w;
    size_t n_errors = 0;

    world_init(&w);
    add_bridge(&w, "br0");
    for (int i = 0; i < 19; i++) {
        char *name = xasprintf("p%d", i);
        char *object = xasprintf("vm%d/net0", i);
        bool bad = i == 3 || i == 4 || i == 17;

        add_port(&w.plan, object, name, "br0", bad ? "5000" : "5");
        free(name);
        free(object);
    }
    client_commit(&w.c, &w.plan);
    for (size_t i = 0; i < w.plan.n_steps; i++) {
        const char *error = w.plan.steps[i]->error;

        if (error) {
            n_errors++;
            assert_string_equal(error, "constraint violation: 5000 is not in "
                                "the valid range 0 to 4095 (inclusive)");
        }
    }
    assert_int_equal(n_errors, 6);
    assert_non_null(find_step(&w.plan, PLAN_PORT, "p3")->error);
    assert_non_null(find_step(&w.plan, PLAN_INTERFACE, "p4")->error);
    assert_non_null(find_step(&w.plan, PLAN_PORT, "p17")->error);
    /* 16 ports and the bridge's own. */
    assert_int_equal(hmap_count(&w.c.model.ports), 17);
    assert_string_equal(port_field(&w.c, "p18", "tag"), "5");
    assert_null(model_observed_port(&w.c.model, "p3"));
    assert_true(db_get_stats(w.c.db)->rejected >= 3);
    assert_true(db_get_stats(w.c.db)->txns <= 3 * 2 * 5 + 1);
    plan_clear(&w.plan);

    /* Text that is no value of the column fails alone, too. */
    add_port(&w.plan, "vm/bad", "q0", "br0", "five");
    add_port(&w.plan, "vm/good", "q1", "br0", "6");
    refuse(&w, PLAN_PORT, "q0", "\"five\" is not an integer");
    assert_non_null(model_observed_port(&w.c.model, "q1"));
    /* Invalid UTF-8 is for the server. */
    step(&w.plan, PLAN_SET, PLAN_PORT, "vm/good", "q1", NULL,
         "external_ids:x", "\xff\xfe", NULL);
    refuse(&w, PLAN_PORT, "q1", "UTF-8");
    /* An enumeration, and a field that there is not. */
    step(&w.plan, PLAN_SET, PLAN_PORT, "vm/good", "q1", NULL,
         "vlan_mode", "sideways", NULL);
    refuse(&w, PLAN_PORT, "q1", "sideways");
    step(&w.plan, PLAN_SET, PLAN_PORT, "vm/good", "q1", NULL,
         "colour", "red", NULL);
    refuse(&w, PLAN_PORT, "q1", "no column");
    world_destroy(&w);
}

/* Does the steps of 'w->plan' without having looked at the database since. */
static void
commit_blindly(struct world *w)
{
    db_txn_start(w->c.db, w->plan.steps, w->plan.n_steps);
    while (!db_txn_run(w->c.db)) {
        db_wait(w->c.db);
        poll_block();
        db_run(w->c.db);
    }
}

/* A port that somebody adds to a bridge of ours at the very moment when it is
 * to be deleted: the server refuses, and then we see it. */
static void
test_port_added_to_a_dying_bridge(void **state OVS_UNUSED)
{
    struct world w;

    world_init(&w);
    add_bridge(&w, "br0");
    commit(&w);
    step(&w.plan, PLAN_DEL, PLAN_BRIDGE, "bridge:br0", "br0", NULL, NULL);
    free(vsctl(&w.s, "add-port", "br0", "x0", NULL));
    assert_null(model_observed_port(&w.c.model, "x0"));
    commit_blindly(&w);
    assert_non_null(w.plan.steps[0]->error);
    assert_non_null(strstr(w.plan.steps[0]->error, "carries port x0"));
    plan_clear(&w.plan);
    client_settle(&w.c, 200);
    assert_non_null(model_observed_bridge(&w.c.model, "br0"));
    assert_non_null(model_observed_port(&w.c.model, "x0"));
    world_destroy(&w);
}

/* Whose a row is is looked at once more right before it is written. */
static void
test_guard(void **state OVS_UNUSED)
{
    struct world w;

    world_init(&w);
    add_bridge(&w, "br0");
    add_port(&w.plan, "vm/net0", "p0", "br0", "1");
    commit(&w);
    free(vsctl(&w.s, "add-port", "br0", "x0", NULL));
    client_settle(&w.c, 200);

    step(&w.plan, PLAN_SET, PLAN_PORT, "vm/net1", "x0", NULL, "tag", "2",
         NULL);
    refuse(&w, PLAN_PORT, "x0", "is not ours any more");
    step(&w.plan, PLAN_DEL, PLAN_PORT, "vm/net1", "x0", NULL, NULL);
    refuse(&w, PLAN_PORT, "x0", "is not ours any more");
    /* Of another object of ours. */
    step(&w.plan, PLAN_DEL, PLAN_PORT, "vm/net1", "p0", NULL, NULL);
    refuse(&w, PLAN_PORT, "p0", "main/vm/net0");
    step(&w.plan, PLAN_DEL, PLAN_BRIDGE, "bridge:br0", "br0", NULL, NULL);
    refuse(&w, PLAN_BRIDGE, "br0", "carries port x0");
    add_port(&w.plan, "vm/net1", "x0", "br0", NULL);
    refuse(&w, PLAN_PORT, "x0", "exists already");
    add_port(&w.plan, "vm/net1", "p9", "br9", NULL);
    refuse(&w, PLAN_INTERFACE, "p9", "no Bridge br9");
    step(&w.plan, PLAN_ADD, PLAN_INTERFACE, "vm/net1", "e9", "x0", NULL);
    refuse(&w, PLAN_INTERFACE, "e9", "x0 is not ours");
    assert_non_null(model_observed_port(&w.c.model, "x0"));

    /* A step that sets the mark takes an unmarked row over. */
    step(&w.plan, PLAN_SET, PLAN_PORT, "vm/net1", "x0", NULL,
         MODEL_MARK, "main/vm/net1", "tag", "2", NULL);
    commit(&w);
    assert_string_equal(port_field(&w.c, "x0", MODEL_MARK), "main/vm/net1");

    /* The mark goes where we cannot have seen it yet: the server refuses the
     * deletion, and then we see. */
    step(&w.plan, PLAN_DEL, PLAN_PORT, "vm/net0", "p0", NULL, NULL);
    free(vsctl(&w.s, "remove", "Port", "p0", "external_ids", "ovs-portd",
               NULL));
    assert_string_equal(port_field(&w.c, "p0", MODEL_MARK), "main/vm/net0");
    commit_blindly(&w);
    assert_non_null(w.plan.steps[0]->error);
    assert_non_null(strstr(w.plan.steps[0]->error, "its mark is gone"));
    assert_non_null(model_observed_port(&w.c.model, "p0"));
    assert_int_equal(db_get_stats(w.c.db)->rejected, 0);
    world_destroy(&w);
}

/* A server that stops in the middle of a transaction. */
static void
test_stopped(void **state OVS_UNUSED)
{
    struct world w;
    long long int start = time_msec();

    world_init(&w);
    add_bridge(&w, "br0");
    kill(w.s.pid, SIGSTOP);
    client_commit(&w.c, &w.plan);
    assert_true(time_msec() - start < 13000);
    for (size_t i = 0; i < w.plan.n_steps; i++) {
        assert_string_equal(w.plan.steps[i]->error, DB_TXN_LOST);
    }
    kill(w.s.pid, SIGCONT);

    /* It was committed after all, or it was not: what is seen is what is. */
    assert_true(client_run(&w.c, is_writable, 20000));
    plan_clear(&w.plan);
    if (!model_observed_bridge(&w.c.model, "br0")) {
        add_bridge(&w, "br0");
        commit(&w);
    }
    assert_non_null(model_observed_bridge(&w.c.model, "br0"));
    world_destroy(&w);
}

static void
test_killed(void **state OVS_UNUSED)
{
    struct world w;

    world_init(&w);
    add_bridge(&w, "br0");
    db_txn_start(w.c.db, w.plan.steps, w.plan.n_steps);
    kill(w.s.pid, SIGSTOP);
    assert_false(db_txn_run(w.c.db));
    assert_true(db_txn_in_flight(w.c.db));
    assert_false(db_can_write(w.c.db));
    server_kill(&w.s);
    assert_true(client_run(&w.c, is_incomplete, 10000));
    assert_true(db_txn_run(w.c.db));
    assert_string_equal(w.plan.steps[0]->error, DB_TXN_LOST);
    world_destroy(&w);
}

/* A value of 'column' other than its default, in canonical form. */
static const char *
sample(const struct model_column *column)
{
    if (column->type == MODEL_REFERENCE) {
        return (column->target == MODEL_TABLE_QUEUE ? "p0/1"
                : column->target == MODEL_TABLE_QOS ? "p0"
                : column->shape == MODEL_SET ? "br0,p0" : "p0");
    } else if (column->shape == MODEL_MAP) {
        return "a \"b\", {c}=[d]:\xc3\xa9";
    } else if (column->type == MODEL_BOOLEAN) {
        return "true";
    } else if (column->type == MODEL_INTEGER) {
        return (column->shape == MODEL_SET ? "3,20,100"
                : column->min < -1 ? "-7" : column->min > 9 ? "25000" : "9");
    } else if (!column->enums) {
        return column->shape == MODEL_SET ? "10.0.0.1:1,10.0.0.1:2" : "a, b";
    }
    return (column->shape == MODEL_SET ? "OpenFlow10,OpenFlow13"
            : column->enums[0]);
}

static const char *
field_of(const struct client *c, enum model_table table, const char *name,
         const char *field)
{
    const struct model_row *row;

    switch ((int) table) {
    case MODEL_TABLE_BRIDGE:
        return bridge_field(c, name, field);
    case MODEL_TABLE_PORT:
        return port_field(c, name, field);
    case MODEL_TABLE_INTERFACE:
        return iface_field(c, name, name, field);
    default:
        row = model_observed_satellite(&c->model, table, name);
        return row ? smap_get(&row->fields, field) : NULL;
    }
}

/* NetFlow and sFlow rows have one at least. */
static bool
is_mandatory(enum model_table table, const char *column)
{
    return !strcmp(column, "targets") && table != MODEL_TABLE_IPFIX;
}

/* Writes a value into each column of 'table' and expects to read it back, and
 * to read nothing back once it is cleared. */
static void
round_trip(struct world *w, enum model_table table, const char *name)
{
    enum plan_what what = (enum plan_what) table;
    size_t n;
    const struct model_column *columns = model_columns(table, &n);

    for (size_t i = 0; i < n; i++) {
        bool map = columns[i].shape == MODEL_MAP;
        const char *key = columns[i].type == MODEL_REFERENCE ? ":1" : ":k:1";
        char *field = xasprintf("%s%s", columns[i].name, map ? key : "");
        const char *have;

        step(&w->plan, PLAN_SET, what, "vm/net0", name, NULL,
             field, sample(&columns[i]), NULL);
        commit(w);
        have = field_of(&w->c, table, name, field);
        assert_non_null(have);
        assert_string_equal(have, sample(&columns[i]));
        if (!is_mandatory(table, columns[i].name)) {
            step(&w->plan, PLAN_SET, what, "vm/net0", name, NULL,
                 field, NULL, NULL);
            commit(w);
            assert_null(field_of(&w->c, table, name, field));
        }
        free(field);
    }
}

/* What a satellite must have beside its name. */
static void
add_sample(struct world *w, enum model_table table, const char *name)
{
    struct plan_step *s = step(&w->plan, PLAN_ADD, (enum plan_what) table,
                               "vm/net0", name, NULL, MODEL_ROW_KEY, name,
                               NULL);

    if (model_table_bridge_column(table)) {
        plan_step_change(s, MODEL_F_BRIDGE, NULL, "br0");
    }
    if (model_column_find(table, "targets")) {
        plan_step_change(s, "targets", NULL, "10.0.0.1:1");
    }
}

static void
test_columns(void **state OVS_UNUSED)
{
    static const char *const names[MODEL_N_TABLES] = {
        [MODEL_TABLE_BRIDGE] = "br0",
        [MODEL_TABLE_PORT] = "p0",
        [MODEL_TABLE_INTERFACE] = "p0",
        [MODEL_TABLE_QOS] = "p0",
        [MODEL_TABLE_QUEUE] = "p0/1",
        [MODEL_TABLE_MIRROR] = "br0/m0",
        [MODEL_TABLE_CONTROLLER] = "br0/tcp:10.0.0.1",
        [MODEL_TABLE_NETFLOW] = "br0",
        [MODEL_TABLE_SFLOW] = "br0",
        [MODEL_TABLE_IPFIX] = "br0",
    };
    struct world w;

    world_init(&w);
    step(&w.plan, PLAN_ADD, PLAN_BRIDGE, "vm/net0", "br0", NULL, NULL);
    add_port(&w.plan, "vm/net0", "br0", "br0", NULL);
    add_port(&w.plan, "vm/net0", "p0", "br0", NULL);
    for (int t = 0; t < MODEL_N_TABLES; t++) {
        if (model_table_is_satellite(t)) {
            add_sample(&w, t, names[t]);
        }
    }
    commit(&w);
    for (int t = 0; t < MODEL_N_TABLES; t++) {
        round_trip(&w, t, names[t]);
    }
    world_destroy(&w);
}

/* One transaction for many ports, and work that does not grow with them. */
static void
test_many(void **state OVS_UNUSED)
{
    struct world w;
    int n = 1000;

    world_init(&w);
    add_bridge(&w, "br0");
    for (int i = 0; i < n; i++) {
        char *name = xasprintf("p%d", i);
        char *object = xasprintf("vm%d/net0", i);

        step(&w.plan, PLAN_ADD, PLAN_PORT, object, name, "br0",
             "tag", "5", "vlan_mode", "access", MODEL_F_QOS, MODEL_QOS_NOOP,
             "external_ids:a", "1", "external_ids:b", "2", NULL);
        step(&w.plan, PLAN_ADD, PLAN_INTERFACE, object, name, name,
             "external_ids:iface-id", name, NULL);
        free(name);
        free(object);
    }
    long long int start = time_msec();
    commit(&w);
    print_message("%d ports: %lld ms\n", n, time_msec() - start);
    assert_int_equal(db_get_stats(w.c.db)->txns, 1);
    assert_int_equal(hmap_count(&w.c.model.ports), n + 1);
    sset_clear(&w.c.model.dirty_names);
    sset_clear(&w.c.model.dirty_ids);

    step(&w.plan, PLAN_SET, PLAN_PORT, "vm7/net0", "p7", NULL, "tag", "6",
         NULL);
    commit(&w);
    assert_int_equal(sset_count(&w.c.model.dirty_names), 1);
    assert_true(sset_contains(&w.c.model.dirty_ids, "vm7/net0"));
    world_destroy(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_life),
        cmocka_unit_test(test_bond),
        cmocka_unit_test(test_qos),
        cmocka_unit_test(test_bisect),
        cmocka_unit_test(test_port_added_to_a_dying_bridge),
        cmocka_unit_test(test_guard),
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_killed),
        cmocka_unit_test(test_stopped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
