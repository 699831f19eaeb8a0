/* SPDX-License-Identifier: Apache-2.0 */

/* Rows that serve a port or a bridge, in a real ovsdb-server: by which names
 * they are seen, and what is written.  Needs no root. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "smap.h"
#include "tests/net/ovsdb-world.h"
#include "util.h"

static const char *
field(const struct world *w, enum model_table table, const char *name,
      const char *f)
{
    const struct model_row *row = model_observed_satellite(&w->c.model,
                                                           table, name);
    return row ? smap_get(&row->fields, f) : NULL;
}

static bool
is_there(const struct world *w, enum model_table table, const char *name)
{
    return model_observed_satellite(&w->c.model, table, name) != NULL;
}

/* br0 of its own object with p0 and p1 of another. */
static void
start(struct world *w)
{
    world_init(w);
    add_bridge(w, "br0");
    add_port(&w->plan, "vm/net0", "p0", "br0", NULL);
    add_port(&w->plan, "vm/net0", "p1", "br0", NULL);
    commit(w);
}

static void
add_qos(struct world *w)
{
    step(&w->plan, PLAN_ADD, PLAN_QUEUE, "vm/net0", "p0/1", NULL,
         MODEL_ROW_KEY, "p0/1", NULL);
    step(&w->plan, PLAN_ADD, PLAN_QOS, "vm/net0", "p0", NULL,
         MODEL_ROW_KEY, "p0", "type", "linux-htb", "queues:1", "p0/1", NULL);
    step(&w->plan, PLAN_SET, PLAN_PORT, "vm/net0", "p0", NULL,
         MODEL_F_QOS, "p0", NULL);
    commit(w);
}

static void
test_qos(void **state OVS_UNUSED)
{
    struct world w;

    start(&w);
    add_qos(&w);
    assert_string_equal(port_field(&w.c, "p0", MODEL_F_QOS), "p0");
    assert_string_equal(field(&w, MODEL_TABLE_QOS, "p0", "queues:1"), "p0/1");
    assert_int_equal(model_observed_qos_users(&w.c.model, "p0"), 1);
    assert_true(sset_contains(model_observed_marked(&w.c.model, "vm/net0"),
                              "Queue p0/1"));

    /* What is referred to must be there; then nothing is written. */
    step(&w.plan, PLAN_SET, PLAN_PORT, "vm/net0", "p1", NULL,
         MODEL_F_QOS, "p1", "tag", "5", NULL);
    refuse(&w, PLAN_PORT, "p1", "there is no QoS p1");
    assert_null(port_field(&w.c, "p1", "tag"));
    step(&w.plan, PLAN_DEL, PLAN_QOS, "other/net0", "p0", NULL, NULL);
    refuse(&w, PLAN_QOS, "p0", "not ours");

    /* The port goes, and its rows with it in one transaction. */
    unsigned long long int rejected = db_get_stats(w.c.db)->rejected;
    step(&w.plan, PLAN_DEL, PLAN_PORT, "vm/net0", "p0", NULL, NULL);
    step(&w.plan, PLAN_DEL, PLAN_QOS, "vm/net0", "p0", NULL, NULL);
    step(&w.plan, PLAN_DEL, PLAN_QUEUE, "vm/net0", "p0/1", NULL, NULL);
    commit(&w);
    assert_int_equal(db_get_stats(w.c.db)->rejected, rejected);
    static const char *const tables[] = { "QoS", "Queue" };
    for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
        char *left = vsctl(&w.s, "--bare", "--columns=_uuid", "list",
                           tables[i], NULL);
        assert_string_equal(left, "");
        free(left);
    }
    assert_int_equal(shash_count(&w.c.model.satellites), 0);
    world_destroy(&w);
}

/* Two rows of ours by one name, and rows of ours without a usable one. */
static void
test_names(void **state OVS_UNUSED)
{
    struct world w;

    start(&w);
    add_qos(&w);
    char *uuid = vsctl(&w.s, "get", "Port", "p0", "qos", NULL);
    for (int i = 0; i < 4; i++) {
        free(vsctl(&w.s, "create", "QoS", "type=linux-sfq",
                   "external_ids:ovs-portd=\"main/vm/net0\"",
                   "external_ids:ovs-portd-row=p0", NULL));
    }
    client_settle(&w.c, 100);
    assert_string_equal(field(&w, MODEL_TABLE_QOS, "p0", "type"),
                        "linux-htb");
    assert_string_equal(port_field(&w.c, "p0", MODEL_F_QOS), "p0");
    assert_int_equal(shash_count(&w.c.model.satellites), 2 + 4);

    /* The one in use loses its mark: another takes the name. */
    free(vsctl(&w.s, "clear", "QoS", uuid, "external_ids", NULL));
    client_settle(&w.c, 100);
    assert_string_equal(field(&w, MODEL_TABLE_QOS, "p0", "type"),
                        "linux-sfq");
    assert_int_equal(port_field(&w.c, "p0", MODEL_F_QOS)[0], '?');
    assert_string_equal(port_field(&w.c, "p0", MODEL_F_QOS) + 1, uuid);
    assert_int_equal(shash_count(&w.c.model.satellites), 1 + 4);

    /* The surplus can be deleted by the name it is seen by. */
    struct shash_node *node;
    SHASH_FOR_EACH (node, &w.c.model.satellites) {
        const struct model_row *row = node->data;
        if (*row->name == '?') {
            step(&w.plan, PLAN_DEL, PLAN_QOS, "vm/net0", row->name, NULL,
                 NULL);
        }
    }
    assert_int_equal(w.plan.n_steps, 3);
    commit(&w);
    assert_int_equal(shash_count(&w.c.model.satellites), 1 + 1);

    /* A row that says no name is called as its object; a mark of another
     * instance is a stranger's. */
    free(vsctl(&w.s, "create", "Queue", "dscp=1",
               "external_ids:ovs-portd=\"main/vm/net0\"", NULL));
    free(vsctl(&w.s, "create", "Queue", "dscp=1",
               "external_ids:ovs-portd=\"other/vm/net0\"",
               "external_ids:ovs-portd-row=p9/1", NULL));
    client_settle(&w.c, 100);
    assert_true(is_there(&w, MODEL_TABLE_QUEUE, "vm/net0"));
    assert_false(is_there(&w, MODEL_TABLE_QUEUE, "p9/1"));

    /* A new client sees the same, also over a restart of the server. */
    size_t n = shash_count(&w.c.model.satellites);
    server_kill(&w.s);
    assert_true(client_run(&w.c, is_incomplete, 10000));
    server_start(&w.s);
    assert_true(client_run(&w.c, is_writable, 20000));
    assert_int_equal(shash_count(&w.c.model.satellites), n);
    free(uuid);
    world_destroy(&w);
}

static void
test_bridge_rows(void **state OVS_UNUSED)
{
    struct world w;

    start(&w);
    /* Others' rows have the names that follow from what they hold. */
    free(vsctl(&w.s, "--id=@m", "create", "Mirror", "name=m",
               "--", "add", "Bridge", "br0", "mirrors", "@m",
               "--", "--id=@n", "create", "NetFlow", "targets=\"a:1\"",
               "--", "set", "Bridge", "br0", "netflow=@n", NULL));
    client_settle(&w.c, 100);
    assert_string_equal(field(&w, MODEL_TABLE_MIRROR, "br0/m",
                              MODEL_F_BRIDGE), "br0");
    assert_true(is_there(&w, MODEL_TABLE_NETFLOW, "br0"));
    assert_null(field(&w, MODEL_TABLE_NETFLOW, "br0", MODEL_MARK));
    free(vsctl(&w.s, "set", "Mirror", "m", "name=o", NULL));
    client_settle(&w.c, 100);
    assert_true(is_there(&w, MODEL_TABLE_MIRROR, "br0/o"));
    assert_false(is_there(&w, MODEL_TABLE_MIRROR, "br0/m"));

    /* Ours is added beside theirs; one that has the place keeps it. */
    step(&w.plan, PLAN_ADD, PLAN_MIRROR, "bridge:br0", "br0/m", NULL,
         MODEL_ROW_KEY, "br0/m", MODEL_F_BRIDGE, "br0", "name", "m",
         "select_src_port", "p0,p1", "output_port", "p0", NULL);
    commit(&w);
    assert_string_equal(field(&w, MODEL_TABLE_MIRROR, "br0/m",
                              "select_src_port"), "p0,p1");
    step(&w.plan, PLAN_ADD, PLAN_NETFLOW, "bridge:br0", "br0", NULL,
         MODEL_ROW_KEY, "br0", MODEL_F_BRIDGE, "br0", "targets", "b:1", NULL);
    refuse(&w, PLAN_NETFLOW, "br0", "exists already");
    char *targets = vsctl(&w.s, "--bare", "--columns=targets", "list",
                          "NetFlow", NULL);
    assert_string_equal(targets, "a:1");
    free(targets);
    free(vsctl(&w.s, "clear", "Bridge", "br0", "netflow", NULL));
    client_settle(&w.c, 100);
    assert_false(is_there(&w, MODEL_TABLE_NETFLOW, "br0"));

    /* The port that a mirror sends to goes: ovsdb-server takes it out. */
    step(&w.plan, PLAN_DEL, PLAN_PORT, "vm/net0", "p0", NULL, NULL);
    commit(&w);
    assert_string_equal(field(&w, MODEL_TABLE_MIRROR, "br0/m",
                              "select_src_port"), "p1");
    assert_null(field(&w, MODEL_TABLE_MIRROR, "br0/m", "output_port"));

    /* Off the bridge, ours and theirs are collected by the server. */
    step(&w.plan, PLAN_DEL, PLAN_MIRROR, "bridge:br0", "br0/m", NULL, NULL);
    commit(&w);
    assert_false(is_there(&w, MODEL_TABLE_MIRROR, "br0/m"));
    assert_true(is_there(&w, MODEL_TABLE_MIRROR, "br0/o"));
    free(vsctl(&w.s, "del-br", "br0", NULL));
    client_settle(&w.c, 100);
    assert_int_equal(shash_count(&w.c.model.satellites), 0);
    world_destroy(&w);
}

/* In one update our row goes and a stranger's takes its place. */
static void
test_replaced(void **state OVS_UNUSED)
{
    struct world w;

    start(&w);
    step(&w.plan, PLAN_ADD, PLAN_NETFLOW, "bridge:br0", "br0", NULL,
         MODEL_ROW_KEY, "br0", MODEL_F_BRIDGE, "br0", "targets", "a:1", NULL);
    commit(&w);
    for (int i = 0; i < 8; i++) {
        free(vsctl(&w.s, "--id=@n", "create", "NetFlow", "targets=\"b:1\"",
                   "--", "set", "Bridge", "br0", "netflow=@n", NULL));
        client_settle(&w.c, 50);
        assert_string_equal(field(&w, MODEL_TABLE_NETFLOW, "br0", "targets"),
                            "b:1");
        assert_null(field(&w, MODEL_TABLE_NETFLOW, "br0", MODEL_MARK));
        free(vsctl(&w.s, "--id=@n", "create", "NetFlow", "targets=\"a:1\"",
                   "external_ids:ovs-portd=\"main/bridge:br0\"",
                   "external_ids:ovs-portd-row=br0", "--", "set", "Bridge",
                   "br0", "netflow=@n", NULL));
        client_settle(&w.c, 50);
        assert_string_equal(field(&w, MODEL_TABLE_NETFLOW, "br0", MODEL_MARK),
                            "main/bridge:br0");
    }
    world_destroy(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_qos),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_bridge_rows),
        cmocka_unit_test(test_replaced),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
