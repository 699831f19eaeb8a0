/* SPDX-License-Identifier: Apache-2.0 */

/* What ovsdb/ observes of a real ovsdb-server, and the life of the
 * connection.  Needs no root. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include "tests/net/ovsdb-world.h"
#include "timeval.h"
#include "util.h"

/* Runs until 'c' has seen all that was committed before this call. */
static int64_t awaited;

static bool
has_seen(const struct client *c)
{
    return c->model.next_cfg >= awaited;
}

/* Changes go in by ovs-vsctl; this waits until the client has seen them, by
 * way of next_cfg, which comes after them. */
static void
catch_up(struct client *c, const struct server *s)
{
    char *number = xasprintf("next_cfg=%lld", (long long int) ++awaited);

    free(vsctl(s, "set", "Open_vSwitch", ".", number, NULL));
    free(number);
    assert_true(client_run(c, has_seen, 10000));
}

static void
forget_dirty(struct client *c)
{
    sset_clear(&c->model.dirty_names);
    sset_clear(&c->model.dirty_ids);
}

static void
test_observe(void **state OVS_UNUSED)
{
    struct server s;
    struct client c;

    awaited = 0;
    server_init(&s, true);
    client_init(&c, &s, "main", false);
    assert_false(c.model.db_complete);
    assert_true(client_run(&c, is_complete, 10000));
    assert_int_equal(db_get_stats(c.db)->resyncs, 1);
    assert_int_equal(hmap_count(&c.model.bridges), 0);

    /* Insertions. */
    free(vsctl(&s, "add-br", "br0", "--", "add-port", "br0", "p0", "tag=7",
               "trunks=30,4,5", "--", "set", "Interface", "p0",
               "external_ids:iface-id=x", "external_ids:y=\"\"",
               "type=internal", "mtu_request=1400", NULL));
    catch_up(&c, &s);
    assert_non_null(model_observed_bridge(&c.model, "br0"));
    assert_string_equal(port_field(&c, "br0", MODEL_F_BRIDGE), "br0");
    assert_string_equal(port_field(&c, "p0", MODEL_F_BRIDGE), "br0");
    assert_string_equal(port_field(&c, "p0", "tag"), "7");
    assert_string_equal(port_field(&c, "p0", "trunks"), "4,5,30");
    assert_null(port_field(&c, "p0", "vlan_mode"));
    assert_null(port_field(&c, "p0", MODEL_F_QOS));
    assert_string_equal(iface_field(&c, "p0", "p0", "type"), "internal");
    assert_string_equal(iface_field(&c, "p0", "p0", "mtu_request"), "1400");
    assert_string_equal(iface_field(&c, "p0", "p0", "external_ids:iface-id"),
                        "x");
    assert_string_equal(iface_field(&c, "p0", "p0", "external_ids:y"), "");
    assert_true(sset_contains(&c.model.dirty_names, "p0"));

    /* An Interface that changes makes its own port dirty and no other. */
    forget_dirty(&c);
    free(vsctl(&s, "set", "Interface", "p0", "external_ids:iface-id=z",
               "ofport=5", "error=\"could not open\"", NULL));
    catch_up(&c, &s);
    assert_string_equal(iface_field(&c, "p0", "p0", "external_ids:iface-id"),
                        "z");
    struct model_iface *iface = model_port_find_iface(
        model_observed_port(&c.model, "p0"), "p0");
    assert_int_equal(iface->ofport, 5);
    assert_string_equal(iface->error, "could not open");
    assert_true(sset_contains(&c.model.dirty_names, "p0"));
    assert_false(sset_contains(&c.model.dirty_names, "br0"));

    /* A port moves: its row does not change. */
    forget_dirty(&c);
    free(vsctl(&s, "add-br", "br1", "--", "--id=@p", "get", "Port", "p0",
               "--", "add", "Bridge", "br1", "ports", "@p", NULL));
    catch_up(&c, &s);
    assert_string_equal(port_field(&c, "p0", MODEL_F_BRIDGE), "br0,br1");
    free(vsctl(&s, "--id=@p", "get", "Port", "p0", "--", "remove", "Bridge",
               "br0", "ports", "@p", NULL));
    catch_up(&c, &s);
    assert_string_equal(port_field(&c, "p0", MODEL_F_BRIDGE), "br1");

    /* Deleted and made anew under the same name in one transaction. */
    free(vsctl(&s, "del-port", "br1", "p0", "--", "add-port", "br1", "p0",
               "tag=9", NULL));
    catch_up(&c, &s);
    assert_string_equal(port_field(&c, "p0", "tag"), "9");
    assert_null(iface_field(&c, "p0", "p0", "type"));

    /* Deletions. */
    free(vsctl(&s, "del-port", "br1", "p0", "--", "del-br", "br0", NULL));
    catch_up(&c, &s);
    assert_null(model_observed_port(&c.model, "p0"));
    assert_null(model_observed_port(&c.model, "br0"));
    assert_null(model_observed_bridge(&c.model, "br0"));
    assert_non_null(model_observed_bridge(&c.model, "br1"));
    assert_null(model_observed_iface_port(&c.model, "p0"));

    /* All over again changes nothing. */
    forget_dirty(&c);
    db_resync(c.db);
    catch_up(&c, &s);
    db_run(c.db);
    assert_true(sset_is_empty(&c.model.dirty_names));
    assert_int_equal(db_get_stats(c.db)->resyncs, 1);
    client_destroy(&c);
    server_destroy(&s);
}

static void
test_globals(void **state OVS_UNUSED)
{
    struct server s;
    struct client c;

    awaited = 0;
    server_init(&s, true);
    client_init(&c, &s, "main", false);
    catch_up(&c, &s);
    assert_null(c.model.ovn_bridge);
    free(vsctl(&s, "set", "Open_vSwitch", ".",
               "external_ids:ovn-remote=unix:x", NULL));
    catch_up(&c, &s);
    assert_string_equal(c.model.ovn_bridge, "br-int");
    assert_true(sset_contains(&c.model.dirty_names, "br-int"));
    free(vsctl(&s, "set", "Open_vSwitch", ".",
               "external_ids:ovn-bridge=br-ovn", "cur_cfg=1", NULL));
    catch_up(&c, &s);
    assert_string_equal(c.model.ovn_bridge, "br-ovn");
    assert_int_equal(c.model.cur_cfg, 1);
    assert_false(model_observed_applied(&c.model));

    /* QoS rows: ours, another's, and whose mark goes. */
    free(vsctl(&s, "add-br", "br0", "--", "add-port", "br0", "p0",
               "--", "add-port", "br0", "p1",
               "--", "set", "Port", "p0", "qos=@ours", "--", "--id=@ours",
               "create", "QoS", "type=linux-noop",
               "external_ids:ovs-portd=\"main/qos:noop\"",
               "--", "set", "Port", "p1", "qos=@other", "--", "--id=@other",
               "create", "QoS", "type=linux-htb", NULL));
    catch_up(&c, &s);
    assert_non_null(model_observed_satellite(&c.model, MODEL_TABLE_QOS,
                                             MODEL_QOS_NOOP));
    assert_true(sset_contains(&c.model.dirty_ids, MODEL_QOS_NOOP));
    assert_string_equal(port_field(&c, "p0", MODEL_F_QOS), MODEL_QOS_NOOP);
    assert_int_equal(port_field(&c, "p1", MODEL_F_QOS)[0], '?');
    forget_dirty(&c);
    char *uuid = vsctl(&s, "get", "Port", "p0", "qos", NULL);
    free(vsctl(&s, "clear", "QoS", uuid, "external_ids", NULL));
    catch_up(&c, &s);
    assert_null(model_observed_satellite(&c.model, MODEL_TABLE_QOS,
                                         MODEL_QOS_NOOP));
    assert_string_equal(port_field(&c, "p0", MODEL_F_QOS) + 1, uuid);
    free(uuid);
    client_destroy(&c);
    server_destroy(&s);
}

/* Rows that go while nobody looks. */
static void
test_reconnect(void **state OVS_UNUSED)
{
    struct server s;
    struct client c;

    awaited = 0;
    server_init(&s, true);
    client_init(&c, &s, "main", true);
    free(vsctl(&s, "add-br", "br0", "--", "add-port", "br0", "p0",
               "--", "add-port", "br0", "p1", "--", "add-br", "br1",
               "--", "add-br", "br2", NULL));
    catch_up(&c, &s);
    assert_non_null(model_observed_port(&c.model, "p0"));
    assert_true(client_run(&c, is_writable, 10000));

    server_kill(&s);
    assert_true(client_run(&c, is_incomplete, 10000));
    assert_false(db_is_connected(c.db));
    assert_false(db_has_lock(c.db));
    /* What was seen last stays. */
    assert_non_null(model_observed_port(&c.model, "p0"));
    forget_dirty(&c);

    server_start(&s);
    free(vsctl(&s, "del-port", "p0", "--", "del-br", "br1",
               "--", "set", "Port", "p1", "tag=3", NULL));
    assert_true(client_run(&c, is_complete, 15000));
    assert_int_equal(db_get_stats(c.db)->resyncs, 2);
    assert_null(model_observed_port(&c.model, "p0"));
    assert_null(model_observed_bridge(&c.model, "br1"));
    assert_string_equal(port_field(&c, "p1", "tag"), "3");
    assert_true(sset_contains(&c.model.dirty_names, "p0"));
    /* Its bridge too, which may have waited for that; what is as it was, not.
     */
    assert_true(sset_contains(&c.model.dirty_names, "br0"));
    assert_false(sset_contains(&c.model.dirty_names, "br2"));
    assert_true(client_run(&c, is_writable, 10000));

    /* An empty database in its place. */
    server_kill(&s);
    assert_true(client_run(&c, is_incomplete, 10000));
    server_empty(&s);
    server_start(&s);
    assert_true(client_run(&c, is_complete, 15000));
    assert_int_equal(hmap_count(&c.model.bridges), 0);
    assert_int_equal(hmap_count(&c.model.ports), 0);
    assert_int_equal(c.model.next_cfg, 0);
    assert_false(db_can_write(c.db));
    free(vsctl(&s, "init", "--", "add-br", "br7", NULL));
    assert_true(client_run(&c, is_writable, 10000));
    assert_non_null(model_observed_bridge(&c.model, "br7"));
    client_destroy(&c);
    server_destroy(&s);
}

/* The schema changes and the connection stays: all is loaded anew. */
static void
test_convert(void **state OVS_UNUSED)
{
    struct server s;
    struct client c;
    unsigned long long int resyncs;

    awaited = 0;
    server_init(&s, true);
    client_init(&c, &s, "main", true);
    free(vsctl(&s, "add-br", "br0", NULL));
    catch_up(&c, &s);
    resyncs = db_get_stats(c.db)->resyncs;

    const char *schema = getenv("OVS_SCHEMA");
    const char *argv[] = {
        "ovsdb-client", "convert", s.remote,
        schema ? schema : "/usr/share/openvswitch/vswitch.ovsschema", NULL
    };
    assert_int_equal(wait_for_exit(server_spawn(&s, "convert.out", argv)), 0);
    free(vsctl(&s, "del-br", "br0", "--", "add-br", "br1", NULL));
    catch_up(&c, &s);
    assert_true(db_get_stats(c.db)->resyncs > resyncs);
    assert_null(model_observed_bridge(&c.model, "br0"));
    assert_non_null(model_observed_bridge(&c.model, "br1"));
    client_destroy(&c);
    server_destroy(&s);
}

/* A server that is stopped looks alive to a Unix socket: only probes tell. */
static void
test_stopped_idle(void **state OVS_UNUSED)
{
    struct server s;
    struct client c;
    long long int start;

    awaited = 0;
    server_init(&s, true);
    client_init(&c, &s, "main", true);
    assert_true(client_run(&c, is_writable, 10000));
    start = time_msec();
    kill(s.pid, SIGSTOP);
    assert_true(client_run(&c, is_incomplete, 12000));
    assert_true(time_msec() - start > 1000);
    kill(s.pid, SIGCONT);
    assert_true(client_run(&c, is_writable, 20000));
    client_destroy(&c);
    server_destroy(&s);
}

static void
test_lock(void **state OVS_UNUSED)
{
    struct server s;
    struct client first, second, other;

    server_init(&s, true);
    client_init(&first, &s, "a-b.c_d", true);
    assert_true(client_run(&first, is_writable, 10000));
    client_init(&second, &s, "a-b.c_d", true);
    client_init(&other, &s, "main", true);
    assert_true(client_run(&second, is_complete, 10000));
    client_settle(&second, 300);
    assert_true(db_lock_contended(second.db));
    assert_false(db_has_lock(second.db));
    assert_false(db_can_write(second.db));
    /* Another instance has a lock of its own. */
    assert_true(client_run(&other, is_writable, 10000));
    /* A transaction without the lock is not sent. */
    struct plan plan;
    plan_init(&plan);
    step(&plan, PLAN_ADD, PLAN_BRIDGE, "bridge:br0", "br0", NULL, NULL);
    db_txn_start(second.db, plan.steps, plan.n_steps);
    assert_true(db_txn_run(second.db));
    assert_string_equal(plan.steps[0]->error, DB_TXN_LOST);
    assert_int_equal(db_get_stats(second.db)->txns, 0);
    plan_destroy(&plan);

    client_destroy(&first);
    assert_true(client_run(&second, is_writable, 10000));
    assert_true(db_has_lock(second.db));
    client_destroy(&second);
    client_destroy(&other);

    /* Without asking for it nothing can be written. */
    client_init(&first, &s, "main", false);
    assert_true(client_run(&first, is_complete, 10000));
    client_settle(&first, 200);
    assert_false(db_can_write(first.db));
    client_destroy(&first);
    server_destroy(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_observe),
        cmocka_unit_test(test_globals),
        cmocka_unit_test(test_reconnect),
        cmocka_unit_test(test_convert),
        cmocka_unit_test(test_lock),
        cmocka_unit_test(test_stopped_idle),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
