/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "ovsdb/bond-show.h"
#include "src/cli/bond-view.h"
#include "src/cli/json-view.h"
#include "src/host/object-json.h"
#include "src/model/observed.h"
#include "src/model/wanted.h"
#include "sset.h"
#include "util.h"

/* 'json', which is destroyed, must be 'expect'. */
static void
check_json(struct json *json, const char *expect)
{
    char *text = json_to_string(json, JSSF_SORT);

    assert_string_equal(text, expect);
    free(text);
    json_destroy(json);
}

static void
check_members(const char *members, const char *expect)
{
    struct json *json = json_from_string(members);
    struct ds out = DS_EMPTY_INITIALIZER;

    bond_view_put_members(&out, json);
    assert_string_equal(ds_cstr(&out), expect);
    ds_destroy(&out);
    json_destroy(json);
}

static void
test_two_bonds(void **state OVS_UNUSED)
{
    /* Of Open vSwitch 3.1. */
    static const char text[] =
        "---- bond0 ----\n"
        "bond_mode: active-backup\n"
        "bond may use recirculation: no, Recirc-ID : -1\n"
        "bond-hash-basis: 0\n"
        "lb_output action: disabled, bond-id: -1\n"
        "updelay: 0 ms\n"
        "downdelay: 0 ms\n"
        "lacp_status: off\n"
        "lacp_fallback_ab: false\n"
        "active-backup primary: <none>\n"
        "active member mac: 26:21:9e:0d:3c:5d(eth2)\n"
        "\n"
        "member eth1: disabled\n"
        "  may_enable: false\n"
        "\n"
        "member eth2: enabled\n"
        "  active member\n"
        "  downdelay expires in 90 ms\n"
        "  may_enable: false\n"
        "\n"
        "---- b ----\n"
        "bond_mode: balance-slb\n"
        "all members active: false\n"
        "next rebalance: 4387 ms\n"
        "lacp_status: negotiated\n"
        "active-backup primary: eth9 (no such member)\n"
        "active member mac: 00:00:00:00:00:00(none)\n"
        "\n"
        "member b1: enabled\n"
        "  may_enable: true\n"
        "  hash 12: 3 kB load\n"
        "\n";

    check_json(bond_show_parse(text),
               "{\"b\":{\"lacp\":\"negotiated\",\"members\":"
               "[{\"may_enable\":true,\"name\":\"b1\","
               "\"state\":\"enabled\"}],\"mode\":\"balance-slb\"},"
               "\"bond0\":{\"active\":\"eth2\",\"lacp\":\"off\","
               "\"members\":[{\"may_enable\":false,\"name\":\"eth1\","
               "\"state\":\"disabled\"},{\"may_enable\":false,"
               "\"name\":\"eth2\",\"state\":\"enabled\"}],"
               "\"mode\":\"active-backup\"}}");
}

/* Before 2.15; and what a later one may say. */
static void
test_other_releases(void **state OVS_UNUSED)
{
    check_json(bond_show_parse("---- bond0 ----\n"
                               "bond_mode: balance-tcp\n"
                               "lacp_status: configured\n"
                               "active slave mac: 00:00:00:00:00:01(a)\n"
                               "\n"
                               "slave a: enabled\n"
                               "\tactive slave\n"
                               "  active slave\n"
                               "  may_enable: true\n"),
               "{\"bond0\":{\"active\":\"a\",\"lacp\":\"configured\","
               "\"members\":[{\"may_enable\":true,\"name\":\"a\","
               "\"state\":\"enabled\"}],\"mode\":\"balance-tcp\"}}");
    check_json(bond_show_parse("---- bond0 ----\n"
                               "colour: green\n"
                               "member a:b: asleep\n"
                               "  may_enable: perhaps\n"
                               "  wake: 7\n"),
               "{\"bond0\":{\"members\":[{\"name\":\"a:b\"}]}}");
}

static void
test_hostile(void **state OVS_UNUSED)
{
    check_json(bond_show_parse(""), "{}");
    check_json(bond_show_parse("\n\n  \nmember a: enabled\n"
                               "  active member\n"), "{}");
    check_json(bond_show_parse("---- ----\n-----\n---- \nbond_mode: x\n"),
               "{}");
    check_json(bond_show_parse("----  ----\n"), "{}");
    check_json(bond_show_parse("---- a ----\n  active member\n"
                               "  may_enable: true\nmember \nmember :\n"
                               "  active member\nbond_mode: \nlacp_status:"),
               "{\"a\":{\"members\":[]}}");
    /* The same name twice: the last one counts. */
    check_json(bond_show_parse("---- a ----\nbond_mode: x\nmember c: enabled\n"
                               "---- a ----\n  active member\nmember d"),
               "{\"a\":{\"members\":[]}}");
}

static void
test_words(void **state OVS_UNUSED)
{
    check_members("[]", "");
    check_members("{}", "");
    check_members("[{\"name\":\"a\",\"state\":\"enabled\","
                  "\"may_enable\":true},{\"name\":\"b\","
                  "\"state\":\"disabled\",\"may_enable\":false}]",
                  "a enabled, b disabled");
    check_members("[{\"name\":\"a\",\"state\":\"enabled\","
                  "\"may_enable\":false},{\"name\":\"b\","
                  "\"state\":\"disabled\",\"may_enable\":true}]",
                  "a enabled (may_enable: false), "
                  "b disabled (may_enable: true)");
    check_members("[{\"name\":\"a\",\"state\":\"up\",\"attached\":true},"
                  "{\"name\":\"b\",\"state\":\"going up\","
                  "\"attached\":false},{\"name\":\"c\"},7]",
                  "a up, b going up (detached), c, ?");
}

/* Of the kernel. */

static struct model_link *
make_link(const char *name, int ifindex, const char *field, const char *value)
{
    struct model_link *link = model_link_create(name);

    link->ifindex = ifindex;
    smap_add(&link->fields, field, value);
    return link;
}

static void
put_member(struct model_observed *o, const char *name, int ifindex,
           const char *master, const char *state, const char *aggregator)
{
    struct model_link *link = make_link(name, ifindex, MODEL_L_MASTER,
                                        master);

    smap_add(&link->fields, MODEL_L_MEMBER_STATE, state);
    if (aggregator) {
        smap_add(&link->fields, MODEL_L_AGGREGATOR, aggregator);
    }
    model_observed_put_link(o, link);
}

/* The facts of bond0, an uplink, in JSON. */
static struct json *
kernel_facts(const struct model_observed *o)
{
    struct sset changed = SSET_INITIALIZER(&changed);
    struct model_wanted w;
    struct model_object *object = xzalloc(sizeof *object);
    struct model_port *port = model_port_create("bond0");

    model_wanted_init(&w, "main");
    object->id = xstrdup("bond:bond0");
    object->source = xstrdup("host.json");
    model_port_add_iface(port, "bond0");
    object->ports = xmalloc(sizeof *object->ports);
    object->ports[object->n_ports++] = port;
    model_wanted_replace(&w, "host.json", &object, 1, &changed);

    struct json *json = object_json("bond:bond0", &w, o, MODEL_READY, "");
    const struct json *bond = json_view(json, "bond");
    struct json *copy = bond ? json_clone(bond) : json_null_create();
    json_destroy(json);
    model_wanted_destroy(&w);
    sset_destroy(&changed);
    return copy;
}

static void
test_kernel(void **state OVS_UNUSED)
{
    struct model_link *bond = make_link("bond0", 5, MODEL_L_KIND, "bond");
    struct model_observed o;

    model_observed_init(&o, "main", "boot");
    check_json(kernel_facts(&o), "null");
    model_observed_put_link(&o, make_link("bond0", 5, MODEL_L_KIND, "tap"));
    check_json(kernel_facts(&o), "null");

    smap_add(&bond->fields, MODEL_L_BOND"mode", "active-backup");
    smap_add(&bond->fields, MODEL_L_ACTIVE, "7");
    model_observed_put_link(&o, bond);
    check_json(kernel_facts(&o),
               "{\"lacp\":\"off\",\"members\":[],"
               "\"mode\":\"active-backup\"}");
    put_member(&o, "eth3", 7, "5", "up", NULL);
    put_member(&o, "eth2", 6, "5", "down", NULL);
    put_member(&o, "eth4", 8, "9", "up", NULL);
    check_json(kernel_facts(&o),
               "{\"active\":\"eth3\",\"lacp\":\"off\",\"members\":"
               "[{\"name\":\"eth2\",\"state\":\"down\"},"
               "{\"name\":\"eth3\",\"state\":\"up\"}],"
               "\"mode\":\"active-backup\"}");
    model_observed_destroy(&o);
}

static void
test_kernel_lacp(void **state OVS_UNUSED)
{
    struct model_link *bond = make_link("bond0", 5, MODEL_L_KIND, "bond");
    struct model_observed o;

    model_observed_init(&o, "main", "boot");
    smap_add(&bond->fields, MODEL_L_BOND"mode", "802.3ad");
    smap_add(&bond->fields, MODEL_L_AGGREGATOR, "1");
    model_observed_put_link(&o, model_link_clone(bond));
    put_member(&o, "eth2", 6, "5", "up", "1");
    put_member(&o, "eth3", 7, "5", "up", "2");
    check_json(kernel_facts(&o),
               "{\"lacp\":\"configured\",\"members\":"
               "[{\"attached\":true,\"name\":\"eth2\",\"state\":\"up\"},"
               "{\"attached\":false,\"name\":\"eth3\",\"state\":\"up\"}],"
               "\"mode\":\"802.3ad\"}");
    smap_add(&bond->fields, MODEL_L_LACP_PARTNER, "02:00:00:00:00:01");
    model_observed_put_link(&o, bond);

    struct json *facts = kernel_facts(&o);
    assert_string_equal(json_view_string(facts, "lacp", ""), "negotiated");
    assert_string_equal(json_view_string(facts, "partner", ""),
                        "02:00:00:00:00:01");
    json_destroy(facts);
    model_observed_destroy(&o);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_bonds),
        cmocka_unit_test(test_other_releases),
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_kernel),
        cmocka_unit_test(test_kernel_lacp),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
