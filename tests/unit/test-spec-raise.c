/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* From what is live to specs: adopted by them, nothing changes. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ovsdb/fdb.h"
#include "smap.h"
#include "src/model/observed.h"
#include "src/model/wanted.h"
#include "src/plan/plan.h"
#include "src/spec/raise.h"
#include "src/spec/spec.h"
#include "tests/unit/world.h"
#include "util.h"

static char *
nobody(unsigned int id)
{
    return id == 65534 ? xstrdup("nobody") : NULL;
}

static void
raise_world(const struct world *w, bool ours, const struct smap *macs,
            struct spec_raised *raised)
{
    const struct spec_raise_options options = {
        .ours = ours, .macs = macs, .user = nobody, .group = nobody,
    };
    spec_raise(&w->o, &options, raised);
}

static const char *
text_of(const struct spec_raised *raised, const char *file)
{
    const char *text = shash_find_data(&raised->files, file);

    if (!text) {
        fail_msg("there is no %s", file);
    }
    return text;
}

static void
assert_note(const struct spec_raised *raised, const char *part)
{
    for (size_t i = 0; i < raised->notes.n; i++) {
        if (strstr(raised->notes.names[i], part)) {
            return;
        }
    }
    fail_msg("no note says \"%s\"", part);
}

static void
assert_has(const char *text, const char *part)
{
    if (!strstr(text, part)) {
        fail_msg("%s\nlacks %s", text, part);
    }
}

static struct model_port *
put_port(struct world *w OVS_UNUSED, const char *name, const char *bridge,
         const char *type)
{
    struct model_port *port = model_port_create(name);
    struct model_iface *iface = model_port_add_iface(port, name);

    model_row_set(&port->row, MODEL_F_BRIDGE, bridge);
    if (type) {
        model_row_set(&iface->row, "type", type);
    }
    iface->ofport = 3;
    return port;
}

static void
put_tap(struct world *w, const char *name, bool mq)
{
    struct model_link *link = model_link_create(name);

    link->ifindex = w->next_ifindex++;
    smap_add(&link->fields, MODEL_L_KIND, "tap");
    smap_add(&link->fields, MODEL_L_MAC, "fe:54:00:00:00:01");
    smap_add(&link->fields, MODEL_L_MTU, "9000");
    smap_add(&link->fields, MODEL_L_UP, "true");
    smap_add(&link->fields, MODEL_L_QDISC, mq ? "mq" : "noqueue");
    smap_add(&link->fields, MODEL_L_MULTI_QUEUE, mq ? "true" : "false");
    smap_add(&link->fields, MODEL_L_PERSIST, "true");
    smap_add(&link->fields, MODEL_L_OWNER, "65534");
    smap_add(&link->fields, MODEL_L_GROUP, "107");
    smap_add(&link->fields, MODEL_L_ADDR_GEN_MODE, "none");
    smap_add(&link->fields, MODEL_L_ARP_IGNORE, "8");
    if (mq) {
        link->carrier = true;
        link->n_queues = 1;
        link->n_disabled = 3;
    }
    model_observed_put_link(&w->o, link);
}

static void
put_bridge(struct world *w, const char *name)
{
    struct model_bridge *bridge = model_bridge_create(name);

    model_row_set(&bridge->row, "datapath_type", "netdev");
    model_row_set(&bridge->row, "mcast_snooping_enable", "true");
    model_row_set(&bridge->row, "external_ids:a", "b\"c\\d");
    model_row_set(&bridge->row, "flood_vlans", "7,8");
    model_observed_put_bridge(&w->o, bridge);
    model_observed_put_port(&w->o, put_port(w, name, name, "internal"));
}

/* Parses all texts into wanted objects; they must be good. */
static void
want_all(struct world *w, const struct spec_raised *raised)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &raised->files) {
        struct sset changed = SSET_INITIALIZER(&changed);
        struct spec_result result;

        if (!strcmp(node->name, "host.json")) {
            spec_parse_host(node->name, node->data, strlen(node->data),
                            &result);
        } else {
            spec_parse_vm(node->name, node->data, strlen(node->data), NULL,
                          &result);
        }
        assert_int_equal(result.errors.n, 0);
        model_wanted_replace(&w->w, node->name, result.objects,
                             result.n_objects, &changed);
        result.n_objects = 0;
        spec_result_destroy(&result);
        sset_destroy(&changed);
    }
}

/* host/ has this from the system. */
static void
resolve_names(struct world *w)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &w->w.objects) {
        struct model_object *object = node->data;

        for (size_t i = 0; i < object->n_links; i++) {
            struct smap *fields = &object->links[i]->fields;

            if (smap_get(fields, MODEL_L_OWNER)) {
                smap_replace(fields, MODEL_L_OWNER, "65534");
            }
        }
    }
}

static void
assert_adopts_as_is(struct world *w, const char *id)
{
    struct plan stamps, rest;

    plan_init(&stamps);
    plan_init(&rest);
    char *refusal = plan_adopt(&w->w, &w->o, id, &w->gate, &stamps, &rest);
    if (refusal) {
        fail_msg("%s: %s", id, refusal);
    }
    assert_true(stamps.n_steps > 0);
    if (rest.n_steps) {
        struct ds ds = DS_EMPTY_INITIALIZER;
        plan_step_format(rest.steps[0], &ds);
        fail_msg("%s: %s", id, ds_cstr(&ds));
    }
    plan_destroy(&stamps);
    plan_destroy(&rest);
}

static void
test_round_trip(void **state OVS_UNUSED)
{
    struct world w;
    struct spec_raised raised;

    world_init(&w);
    put_bridge(&w, "br0");
    put_bridge(&w, "br1");
    struct model_port *port = put_port(&w, "tap0", "br0", NULL);
    struct model_row *iface = &port->ifaces[0].row;
    model_row_set(&port->row, "vlan_mode", "dot1q-tunnel");
    model_row_set(&port->row, "tag", "10");
    model_row_set(&port->row, "cvlans", "20,30");
    model_row_set(&port->row, "protected", "true");
    model_row_set(&port->row, "other_config:qinq-ethtype", "802.1q");
    model_row_set(iface, "mtu_request", "9000");
    model_row_set(iface, "external_ids:attached-mac", "52:54:00:00:00:01");
    model_row_set(iface, "external_ids:vm-id", "vm1");
    model_row_set(iface, "external_ids:iface-id", "xyz");
    model_row_set(iface, "external_ids:iface-status", "active");
    model_row_set(iface, "external_ids:iface-id-ver", "7");
    model_row_set(iface, "external_ids:ovn-installed", "true");
    model_row_set(iface, "external_ids:team", "red");
    model_row_set(iface, "ingress_policing_rate", "5000");
    model_observed_put_port(&w.o, port);
    put_tap(&w, "tap0", true);

    port = put_port(&w, "bond0", "br0", NULL);
    model_port_remove_iface(port, "bond0");
    model_port_add_iface(port, "eth1");
    model_port_add_iface(port, "eth2");
    model_row_set(&port->row, "bond_mode", "balance-slb");
    model_row_set(&port->row, "lacp", "active");
    model_row_set(&port->row, "bond_active_slave", "00:00:00:00:00:00");
    model_row_set(&port->row, "mac", "02:00:00:00:00:01");
    model_observed_put_port(&w.o, port);
    world_add_device(&w, "eth1");
    world_add_device(&w, "eth2");
    world_set_link(&w, "eth1", MODEL_L_UP, "true");
    world_set_link(&w, "eth2", MODEL_L_UP, "true");
    for (int i = 0; i < 2; i++) {
        port = put_port(&w, i ? "p1" : "p0", i ? "br1" : "br0", "patch");
        model_row_set(&port->ifaces[0].row, "options:peer", i ? "p0" : "p1");
        model_observed_put_port(&w.o, port);
    }
    port = put_port(&w, "vx0", "br1", "vxlan");
    model_row_set(&port->ifaces[0].row, "options:remote_ip", "192.0.2.1");
    model_observed_put_port(&w.o, port);

    raise_world(&w, false, NULL, &raised);
    for (size_t i = 0; i < raised.notes.n; i++) {
        fail_msg("note: %s", raised.notes.names[i]);
    }
    assert_int_equal(shash_count(&raised.files), 2);
    const char *text = text_of(&raised, "vms.d/vm1.json");
    assert_has(text, "\"queues\": 4");
    /* ovs-vswitchd wrote it, nobody asked for it. */
    assert_null(strstr(text_of(&raised, "host.json"), "bond_active_slave"));
    assert_has(text, "\"owner\": \"nobody\"");
    assert_has(text, "\"group\": \"107\"");
    assert_has(text, "\"qdisc\": \"default\"");
    want_all(&w, &raised);
    resolve_names(&w);
    const char *ids[] = { "bridge:br0", "bridge:br1", "vm1/net0",
                          "bond:bond0", "link:p0", "port:br1/vx0" };
    assert_int_equal(shash_count(&w.w.objects), ARRAY_SIZE(ids));
    for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
        assert_adopts_as_is(&w, ids[i]);
    }
    spec_raised_destroy(&raised);
    world_destroy(&w);
}

static struct model_row *
put_satellite(struct world *w, enum model_table table, const char *name,
              const char *bridge)
{
    struct model_row *row = model_row_create(table, name);

    model_row_set(row, MODEL_F_BRIDGE, bridge);
    model_observed_put_satellite(&w->o, row);
    return row;
}

/* True if 'have' is as 'want' says, but for what says whose it is. */
static bool
is_as_wanted(const struct model_row *want, const struct model_row *have)
{
    static const char *const notes[] = { MODEL_MARK, MODEL_OWNED,
                                         MODEL_ROW_KEY };
    struct model_row *row = model_row_clone(want);

    for (size_t i = 0; i < ARRAY_SIZE(notes); i++) {
        smap_remove(&row->fields, notes[i]);
    }
    bool same = model_row_equals(row, have);
    model_row_free(row);
    return same;
}

/* All that 'id' is wanted to have is there just so. */
static void
assert_satellites(const struct world *w, const char *id, size_t n)
{
    const struct model_object *object = model_wanted_get(&w->w, id);

    assert_non_null(object);
    assert_int_equal(object->n_satellites, n);
    for (size_t i = 0; i < n; i++) {
        const struct model_row *want = object->satellites[i];
        const struct model_row *have = model_observed_satellite(
            &w->o, want->table, want->name);

        if (!have || !is_as_wanted(want, have)) {
            fail_msg("%s %s is another", model_table_name(want->table),
                     want->name);
        }
    }
}

static void
put_bridge_satellites(struct world *w)
{
    struct model_row *row = put_satellite(w, MODEL_TABLE_MIRROR, "br0/m",
                                          "br0");

    model_row_set(row, "name", "m");
    model_row_set(row, "select_src_port", "br0");
    model_row_set(row, "select_vlan", "1,2");
    model_row_set(row, "output_port", "br0");
    model_row_set(row, "snaplen", "100");
    row = put_satellite(w, MODEL_TABLE_MIRROR, "br0/n", "br0");
    model_row_set(row, "name", "n");
    model_row_set(row, "select_all", "true");
    model_row_set(row, "output_vlan", "7");
    row = put_satellite(w, MODEL_TABLE_CONTROLLER, "br0/tcp:127.0.0.1",
                        "br0");
    model_row_set(row, "target", "tcp:127.0.0.1");
    model_row_set(row, "type", "service");
    model_row_set(row, "enable_async_messages", "false");
    model_row_set(row, "other_config:dscp", "48");
    row = put_satellite(w, MODEL_TABLE_CONTROLLER, "br0/ptcp:", "br0");
    model_row_set(row, "target", "ptcp:");
    row = put_satellite(w, MODEL_TABLE_NETFLOW, "br0", "br0");
    model_row_set(row, "targets", "192.0.2.1:1,192.0.2.1:2");
    model_row_set(row, "active_timeout", "-1");
    row = put_satellite(w, MODEL_TABLE_SFLOW, "br0", "br0");
    model_row_set(row, "targets", "192.0.2.1:3");
    model_row_set(row, "agent", "lo");
    row = put_satellite(w, MODEL_TABLE_IPFIX, "br0", "br0");
    model_row_set(row, "targets", "192.0.2.1:4");
    model_row_set(row, "cache_max_flows", "0");
    model_row_set(row, "external_ids:a", "b");
}

static void
test_bridge_satellites(void **state OVS_UNUSED)
{
    struct world w;
    struct spec_raised raised;

    world_init(&w);
    put_bridge(&w, "br0");
    put_bridge_satellites(&w);
    raise_world(&w, false, NULL, &raised);
    for (size_t i = 0; i < raised.notes.n; i++) {
        fail_msg("note: %s", raised.notes.names[i]);
    }
    assert_has(text_of(&raised, "host.json"), "\"output_vlan\": 7");
    want_all(&w, &raised);
    assert_satellites(&w, "bridge:br0", 7);
    assert_adopts_as_is(&w, "bridge:br0");
    spec_raised_destroy(&raised);
    world_destroy(&w);
}

/* What no spec can ask for, or is not ours to describe, is noted. */
static void
test_odd_satellites(void **state OVS_UNUSED)
{
    struct world w;
    struct spec_raised raised;
    struct model_row *row;

    world_init(&w);
    put_bridge(&w, "br0");
    put_bridge(&w, "br-int");
    w.o.ovn_bridge = xstrdup("br-int");
    row = put_satellite(&w, MODEL_TABLE_MIRROR, "br0/idle", "br0");
    model_row_set(row, "name", "idle");
    model_row_set(row, "output_vlan", "7");
    row = put_satellite(&w, MODEL_TABLE_MIRROR, "br0/a b", "br0");
    model_row_set(row, "name", "a b");
    model_row_set(row, "select_all", "true");
    model_row_set(row, "output_vlan", "7");
    row = put_satellite(&w, MODEL_TABLE_SFLOW, "br0", "br0,br1");
    model_row_set(row, "targets", "192.0.2.1:3");
    row = put_satellite(&w, MODEL_TABLE_IPFIX, "br0", "br0");
    model_row_set(row, "targets", "192.0.2.1:4");
    model_row_set(row, MODEL_MARK, "other/bridge:br0");
    row = put_satellite(&w, MODEL_TABLE_CONTROLLER, "br-int/ptcp:",
                        "br-int");
    model_row_set(row, "target", "ptcp:");
    raise_world(&w, false, NULL, &raised);
    assert_note(&raised, "Mirror br0/idle: it stays as it is: "
                "/bridges/br0/mirrors/idle: selects nothing");
    assert_note(&raised, "Mirror br0/a b: it stays as it is");
    assert_note(&raised, "sFlow br0: it stays as it is: more than one");
    assert_note(&raised, "IPFIX br0: it stays as it is: it is another inst");
    assert_note(&raised, "Controller br-int/ptcp:: it stays as it is");
    const char *text = text_of(&raised, "host.json");
    assert_null(strstr(text, "mirrors"));
    assert_null(strstr(text, "flow\""));
    assert_null(strstr(text, "ipfix"));
    assert_null(strstr(text, "controllers"));
    want_all(&w, &raised);
    spec_raised_destroy(&raised);
    world_destroy(&w);
}

static void
want_text(struct world *w, const char *file, const char *text)
{
    struct spec_raised raised;

    shash_init(&raised.files);
    svec_init(&raised.notes);
    shash_add(&raised.files, file, xstrdup(text));
    want_all(w, &raised);
    spec_raised_destroy(&raised);
}

/* Ours, with what the ordinary way has made of them. */
static void
test_own_satellites(void **state OVS_UNUSED)
{
    static const char *const ids[] = { "bridge:br0", "vm1/net0",
                                       "port:br0/int0", "port:br0/int1" };
    struct model_object *before[ARRAY_SIZE(ids)];
    struct world w;
    struct spec_raised raised;

    world_init(&w);
    want_text(&w, "host.json", "{\"version\": 1, \"bridges\": {\"br0\": {"
              "\"datapath_type\": \"netdev\", \"mirrors\": {\"m\": {"
              "\"select_all\": true, \"output_vlan\": 7}}, \"ports\": {"
              "\"int0\": {\"type\": \"internal\", \"qos\": {"
              "\"type\": \"linux-codel\", \"other_config\": {"
              "\"max-rate\": \"1000\"}}}, \"int1\": {\"type\": \"internal\","
              "\"qos\": {\"type\": \"linux-htb\", \"other_config\": {"
              "\"max-rate\": \"007\"}}}}}}}");
    want_text(&w, "vms.d/vm1.json", "{\"version\": 1, \"nics\": {\"net0\": {"
              "\"bridge\": \"br0\", \"mac\": \"52:54:00:00:00:01\", "
              "\"owner\": \"65534\", \"qos\": {\"type\": \"linux-htb\", "
              "\"max_rate\": \"1Gbit\", \"queues\": {\"0\": {}, "
              "\"7\": {\"min_rate\": 5000, \"priority\": 3, \"dscp\": 8}}}}"
              "}}");
    assert_true(world_run(&w, 20));
    raise_world(&w, true, NULL, &raised);
    for (size_t i = 0; i < raised.notes.n; i++) {
        if (strstr(raised.notes.names[i], "QoS")
            || strstr(raised.notes.names[i], "by hand")) {
            fail_msg("note: %s", raised.notes.names[i]);
        }
    }
    const char *nic = text_of(&raised, "vms.d/vm1.json");
    assert_has(nic, "\"max_rate\": 1000000000");
    assert_has(nic, "\"priority\": 3");
    assert_null(strstr(nic, "qdisc"));
    assert_has(text_of(&raised, "host.json"), "\"max-rate\": \"007\"");
    for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
        const struct model_object *o = model_wanted_get(&w.w, ids[i]);

        before[i] = model_object_create(ids[i], "");
        for (size_t j = 0; j < o->n_satellites; j++) {
            model_object_add_satellite(before[i],
                                       model_row_clone(o->satellites[j]));
        }
    }
    want_all(&w, &raised);
    for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
        const struct model_object *o = model_wanted_get(&w.w, ids[i]);

        assert_int_equal(o->n_satellites, before[i]->n_satellites);
        assert_true(o->n_satellites > 0);
        for (size_t j = 0; j < o->n_satellites; j++) {
            const struct model_row *row = model_object_find_satellite(
                before[i], o->satellites[j]->table, o->satellites[j]->name);

            assert_non_null(row);
            assert_true(model_row_equals(row, o->satellites[j]));
        }
        model_object_destroy(before[i]);
    }
    spec_raised_destroy(&raised);
    world_destroy(&w);
}

static void
test_nothing_twice(void **state OVS_UNUSED)
{
    struct world w;
    struct spec_raised raised;

    /* What is ours is in the files already. */
    world_init(&w);
    world_want_bridge(&w, "br0");
    world_want_nic(&w, "vm1", "net0", "tap0", "br0", 8, 10);
    world_settle(&w, "vm1/net0");
    raise_world(&w, false, NULL, &raised);
    assert_int_equal(shash_count(&raised.files), 0);
    assert_int_equal(raised.notes.n, 0);
    spec_raised_destroy(&raised);

    raise_world(&w, true, NULL, &raised);
    assert_has(text_of(&raised, "vms.d/vm1.json"), "\"net0\"");
    assert_has(text_of(&raised, "host.json"), "\"br0\"");
    spec_raised_destroy(&raised);

    /* A port of somebody else's on a bridge of ours. */
    model_observed_put_port(&w.o, put_port(&w, "int0", "br0", "internal"));
    raise_world(&w, false, NULL, &raised);
    assert_int_equal(shash_count(&raised.files), 1);
    assert_has(text_of(&raised, "host.json"), "\"int0\"");
    spec_raised_destroy(&raised);
    world_destroy(&w);
}

static void
test_bad_ids(void **state OVS_UNUSED)
{
    struct world w;
    struct spec_raised raised;
    struct smap macs = SMAP_INITIALIZER(&macs);
    static const char *const vm_ids[] = {
        "", "../../etc/passwd", "a/b", "\xff", "-", NULL
    };

    world_init(&w);
    put_bridge(&w, "br0");
    for (int i = 0; vm_ids[i]; i++) {
        char *name = xasprintf("tap%d", i);
        struct model_port *port = put_port(&w, name, "br0", NULL);

        model_row_set(&port->ifaces[0].row, "external_ids:vm-id", vm_ids[i]);
        model_observed_put_port(&w.o, port);
        put_tap(&w, name, false);
        char *mac = xasprintf("52:54:00:00:01:%02x", i);
        smap_add(&macs, name, mac);
        free(mac);
        free(name);
    }
    smap_replace(&macs, "tap3", "01:00:5e:00:00:01");
    struct model_port *odd = put_port(&w, "int0", "br0", "internal");
    model_row_set(&odd->ifaces[0].row, "mac", "01:00:5e:00:00:01");
    model_observed_put_port(&w.o, odd);
    odd = put_port(&w, "eth9", "br0", NULL);
    model_row_set(&odd->ifaces[0].row, "mac", "02:00:00:00:00:01");
    model_observed_put_port(&w.o, odd);
    raise_world(&w, false, &macs, &raised);
    text_of(&raised, "vms.d/tap0.json");
    text_of(&raised, "vms.d/tap1.json");
    text_of(&raised, "vms.d/tap2.json");
    text_of(&raised, "vms.d/-.json");
    assert_has(text_of(&raised, "host.json"), "\"tap3\"");
    assert_note(&raised, "Interface tap1: its vm-id \"../../etc/passwd\" "
                "cannot be a VM's name; it becomes \"tap1\"");
    assert_note(&raised, "tap3 is a TAP, but nothing says");
    assert_note(&raised, "int0: mac is left out");
    assert_note(&raised, "eth9: mac is left out: OVS ignores it, as");
    assert_int_equal(shash_count(&raised.files), 5);
    spec_raised_destroy(&raised);
    smap_destroy(&macs);
    world_destroy(&w);
}

static void
test_fdb(void **state OVS_UNUSED)
{
    struct smap macs = SMAP_INITIALIZER(&macs);

    fdb_parse(" port  VLAN  MAC                Age\n"
              "    3    10  52:54:00:00:00:01    2\n"
              "    3    20  52:54:00:00:00:01  299\n"
              "    4     0  52:54:00:00:00:02    2\n"
              "    4     0  52:54:00:00:00:03    2\n"
              "    4     0  52:54:00:00:00:04    2\n"
              "LOCAL     0  52:54:00:00:00:05    0\n"
              "    5     0  52:54:00:00:00:06  static\n"
              "    6     0  52:54:00\n"
              "99999999999999999999 x\n\n%s%n\n", &macs);
    assert_int_equal(smap_count(&macs), 2);
    assert_string_equal(smap_get(&macs, "3"), "52:54:00:00:00:01");
    assert_string_equal(smap_get(&macs, "5"), "52:54:00:00:00:06");
    smap_destroy(&macs);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_bridge_satellites),
        cmocka_unit_test(test_odd_satellites),
        cmocka_unit_test(test_own_satellites),
        cmocka_unit_test(test_nothing_twice),
        cmocka_unit_test(test_bad_ids),
        cmocka_unit_test(test_fdb),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
