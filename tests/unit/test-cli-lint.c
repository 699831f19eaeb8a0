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
#include "src/cli/lint.h"
#include "src/model/wanted.h"
#include "util.h"

static void
check_message(const char *message, unsigned int line, unsigned int column,
              const char *pointer, const char *text)
{
    struct lint l;

    lint_init(&l, NULL, NULL);
    lint_add_message(&l, "vms.d/vm1.json", message);
    assert_int_equal(l.n, 1);
    assert_int_equal(l.findings[0].line, line);
    assert_int_equal(l.findings[0].column, column);
    assert_string_equal(l.findings[0].pointer, pointer);
    assert_string_equal(l.findings[0].text, text);
    lint_destroy(&l);
}

static void
test_message(void **state OVS_UNUSED)
{
    check_message("vms.d/vm1.json:12:14: /nics/net0/tag: 5000 is not in "
                  "0..4095", 12, 14, "/nics/net0/tag",
                  "5000 is not in 0..4095");
    check_message("vms.d/vm1.json:2:1: the text ends too early", 2, 1, "",
                  "the text ends too early");
    check_message("vms.d/vm1.json: is a symbolic link; put the file there",
                  0, 0, "", "is a symbolic link; put the file there");
    check_message("something else", 0, 0, "", "something else");
}

struct files {
    struct specs specs;
    struct model_wanted wanted;
    struct sset changed;
};

static void
put(struct files *f, const char *name, const char *text)
{
    specs_put(&f->specs, name, text, strlen(text), "", &f->wanted,
              &f->changed);
    assert_true(specs_get(&f->specs, name)->valid);
}

/* Puts 'host' and the VMs 'vm1' and 'vm2' (NULL: none), and compares what is
 * found, a line "SEVERITY RULE FILE:LINE:COLUMN POINTER" each, and
 * where 'text' is given, the first one's text. */
static void
check_lint(const char *host, const char *vm1, const char *vm2,
           const char *expect, const char *text)
{
    struct ds found = DS_EMPTY_INITIALIZER;
    struct files f;
    struct lint l;

    specs_init(&f.specs);
    model_wanted_init(&f.wanted, "main");
    sset_init(&f.changed);
    if (host) {
        put(&f, "host.json", host);
    }
    if (vm1) {
        put(&f, "vms.d/vm1.json", vm1);
    }
    if (vm2) {
        put(&f, "vms.d/vm2.json", vm2);
    }
    lint_init(&l, &f.specs, &f.wanted);
    lint_run(&l);
    for (size_t i = 0; i < l.n; i++) {
        const struct lint_finding *finding = &l.findings[i];

        ds_put_format(&found, "%s %s %s:%u:%u %s\n",
                      lint_severity_name(finding->severity), finding->rule,
                      finding->file, finding->line, finding->column,
                      finding->pointer);
    }
    assert_string_equal(ds_cstr(&found), expect);
    if (text) {
        assert_string_equal(l.findings[0].text, text);
    }
    lint_destroy(&l);
    ds_destroy(&found);
    sset_destroy(&f.changed);
    specs_destroy(&f.specs);
    model_wanted_destroy(&f.wanted);
}

#define VM(NICS) "{\"version\": 1,\n \"nics\": {" NICS "}}"
#define NIC_ON(NAME, BRIDGE, MAC, MORE) "\"" NAME "\": {\"mac\": " \
    "\"52:54:00:00:00:" MAC "\", \"bridge\": \"" BRIDGE "\"" MORE "}"
#define NIC(MAC, MORE) VM(NIC_ON("n0", "br0", MAC, MORE))
#define HOST(BRIDGES, MORE) \
    "{\"version\": 1, \"bridges\": {" BRIDGES "}" MORE "}"
#define BR0 HOST("\"br0\": {}", "")

static void
test_references(void **state OVS_UNUSED)
{
    check_lint(BR0, NIC("01", ""), NIC("02", ""), "", NULL);
    check_lint(HOST("\"br0\": {\"managed\": false}", ""), NIC("01", ""), NULL,
               "", NULL);
    check_lint(BR0, NIC("01", ", \"ifname\": \"t0\""),
               NIC("02", ", \"ifname\": \"t0\""),
               "error duplicate vms.d/vm1.json:2:11 /nics/n0\n"
               "error duplicate vms.d/vm2.json:2:11 /nics/n0\n",
               "the name \"t0\" is wanted by vm2/n0 as well; change one of "
               "them");
    check_lint(BR0, NIC("01", ""), NIC("01", ""),
               "error duplicate vms.d/vm1.json:2:11 /nics/n0\n"
               "error duplicate vms.d/vm2.json:2:11 /nics/n0\n",
               "the MAC 52:54:00:00:00:01 is on the same bridge in vm2/n0 as "
               "well; change one of them");
    check_lint(BR0, NIC("01", ", \"iface_id\": \"x\""),
               NIC("02", ", \"iface_id\": \"x\""),
               "error duplicate vms.d/vm1.json:2:11 /nics/n0\n"
               "error duplicate vms.d/vm2.json:2:11 /nics/n0\n", NULL);
    /* A bridge may be somebody else's. */
    check_lint(HOST("\"br1\": {}", ""), NIC("01", ""), NULL,
               "warning bridge-unknown vms.d/vm1.json:2:56 "
               "/nics/n0/bridge\n",
               "host.json has no bridge \"br0\"; add it, or, if somebody "
               "else makes it, \"br0\": {\"managed\": false}; did you mean "
               "br1?");
    check_lint("{\"version\": 1}", NIC("01", ""), NULL, "", NULL);
    check_lint(NULL, NIC("01", ""), NULL, "note host-missing :0:0 \n", NULL);
    check_lint(BR0, NIC("01", ", \"ifname\": \"all\""), NULL,
               "error name-reserved vms.d/vm1.json:2:73 /nics/n0/ifname\n",
               NULL);
}

static void
test_copies(void **state OVS_UNUSED)
{
    const char *uuid = "{\"version\": 1, \"uuid\": "
        "\"0f0e0d0c-0b0a-4908-8706-050403020100\", \"nics\": {}}";

    check_lint(BR0, uuid, uuid,
               "warning uuid-twice vms.d/vm2.json:1:24 /uuid\n",
               "vms.d/vm1.json has the same; each VM has its own");

    const char *apart = HOST("\"br0\": {}, \"br1\": {}", "");
    const char *joined = HOST(
        "\"br0\": {}, \"br1\": {}", ", \"links\": {\"l\": "
        "{\"type\": \"patch\", \"ends\": ["
        "{\"bridge\": \"br0\", \"port\": \"p0\"}, "
        "{\"bridge\": \"br1\", \"port\": \"p1\"}]}}");
    const char *other = VM(NIC_ON("n0", "br1", "01", ""));
    check_lint(apart, NIC("01", ""), other, "", NULL);
    check_lint(joined, NIC("01", ""), other,
               "warning mac-twice vms.d/vm2.json:2:25 /nics/n0/mac\n",
               "vm1/n0 has it, too, on bridge br0, to which links lead from "
               "bridge br1");
}

static void
test_dangling(void **state OVS_UNUSED)
{
    check_lint(HOST("\"br0\": {\"ports\": {\"p\": {\"type\": \"patch\", "
                    "\"options\": {\"peer\": \"q\"}}}}", ""), NULL, NULL,
               "warning peer-unknown host.json:1:80 "
               "/bridges/br0/ports/p/options\n", NULL);
    check_lint(HOST("\"br0\": {\"ports\": {\"p\": {\"type\": \"patch\", "
                    "\"options\": {\"peer\": \"q\"}}, "
                    "\"q\": {\"type\": \"patch\", "
                    "\"options\": {\"peer\": \"p\"}}}}", ""), NULL, NULL,
               "", NULL);
    check_lint(HOST("\"br0\": {}", ", \"bonds\": {\"b\": {\"bridge\": "
                    "\"br0\", \"members\": [\"e0\", \"e1\"], "
                    "\"bond_active_slave\": \"e1\"}}"), NULL, NULL,
               "warning active-member host.json:1:119 "
               "/bonds/b/bond_active_slave\n", NULL);
    check_lint(HOST("\"br0\": {}", ", \"bonds\": {\"b\": {\"bridge\": "
                    "\"br0\", \"members\": [\"e0\", \"e1\"], "
                    "\"bond_active_slave\": \"02:00:00:00:00:01\"}}"),
               NULL, NULL, "", NULL);
}

static void
test_mirrors(void **state OVS_UNUSED)
{
    const char *mirror = "\"br0\": {\"ports\": {\"e0\": {}}, \"mirrors\": "
        "{\"m\": {\"select_src_port\": [\"e0\", \"t0\"], "
        "\"output_port\": \"br0\"}}}";
    char *host = xasprintf(HOST("%s", ""), mirror);
    char *other = xasprintf(HOST("%s, \"br1\": {}", ""), mirror);

    check_lint(host, NIC("01", ", \"ifname\": \"t0\""), NULL, "", NULL);
    check_lint(host, NULL, NULL,
               "warning port-unknown host.json:1:94 "
               "/bridges/br0/mirrors/m/select_src_port\n",
               "no file puts a port \"t0\" on bridge br0");
    /* On another bridge it is not there either. */
    check_lint(other, VM(NIC_ON("n0", "br1", "01", ", \"ifname\": \"t0\"")),
               NULL, "warning port-unknown host.json:1:94 "
               "/bridges/br0/mirrors/m/select_src_port\n", NULL);
    free(other);
    free(host);
}

static void
test_vlans(void **state OVS_UNUSED)
{
    check_lint(BR0, NIC("01", ", \"tag\": 4095"), NULL,
               "warning vlan-reserved vms.d/vm1.json:2:70 /nics/n0/tag\n",
               "VLAN 4095 is reserved and isolates nothing; to cut a NIC "
               "off, quarantine it");
    check_lint(BR0, NIC("01", ", \"tag\": 0"), NULL,
               "note vlan-untagged vms.d/vm1.json:2:70 /nics/n0/tag\n", NULL);
    check_lint(BR0, NIC("01", ", \"vlan_mode\": \"native-tagged\", "
                        "\"tag\": 5, \"trunks\": [6, 4095]"), NULL,
               "warning vlan-reserved vms.d/vm1.json:2:113 "
               "/nics/n0/trunks\n"
               "note vlan-native vms.d/vm1.json:2:113 /nics/n0/trunks\n",
               NULL);
    check_lint(BR0, NIC("01", ", \"vlan_mode\": \"native-tagged\", "
                        "\"tag\": 5, \"trunks\": [5, 6]"), NULL, "", NULL);
    check_lint(BR0, NIC("01", ", \"trunks\": [ ]"), NULL,
               "warning vlan-all vms.d/vm1.json:2:73 /nics/n0/trunks\n",
               NULL);
    /* All VLANs, where others are kept apart. */
    check_lint(BR0, NIC("01", ""), NIC("02", ", \"tag\": 7"),
               "warning vlan-all vms.d/vm1.json:2:11 /nics/n0\n", NULL);
    check_lint(BR0, NIC("01", ", \"vlan_mode\": \"trunk\""),
               NIC("02", ", \"tag\": 7"), "", NULL);
    check_lint(HOST("\"br0\": {}", ", \"defaults\": {\"nic\": "
                    "{\"trunks\": []}}"), NULL, NULL,
               "warning vlan-all host.json:1:71 /defaults/nic/trunks\n",
               NULL);
    check_lint(HOST("\"br0\": {}", ", \"links\": {\"l\": "
                    "{\"type\": \"patch\", \"ends\": ["
                    "{\"bridge\": \"br0\", \"port\": \"p0\"}, {\"bridge\": "
                    "\"br0\", \"port\": \"p1\", \"tag\": 4095}]}}"),
               NULL, NULL,
               "warning vlan-reserved host.json:1:154 /links/l/ends/1/tag\n",
               NULL);
}

#define JUMBO(VLAN) NIC("01", ", \"mtu\": 9000" VLAN)
#define PORTS(P) HOST("\"br0\": {\"ports\": {" P "}}", "")
#define AT_MTU "warning mtu-path vms.d/vm1.json:2:70 /nics/n0/mtu\n"

static void
test_mtu(void **state OVS_UNUSED)
{
    /* Between guests only. */
    check_lint(PORTS(""), JUMBO(""), NULL, "", NULL);
    check_lint(PORTS("\"e0\": {\"mtu\": 9000}"), JUMBO(""), NULL, "", NULL);
    check_lint(PORTS("\"e0\": {\"mtu_request\": 9000}"), JUMBO(""), NULL,
               "", NULL);
    check_lint(PORTS("\"e0\": {}"), JUMBO(""), NULL, AT_MTU,
               "frames of MTU 9000 do not fit through uplink e0 of bridge "
               "br0 (no mtu given, so most likely 1500)");
    check_lint(PORTS("\"e0\": {\"mtu\": 1400}"), NIC("01", ""), NULL,
               "warning mtu-path vms.d/vm1.json:2:11 /nics/n0\n",
               "frames of MTU 1500 do not fit through uplink e0 of bridge "
               "br0 (1400)");
    check_lint(PORTS("\"e0\": {}"), NIC("01", ""), NULL, "", NULL);
    /* A way that its VLAN does not go. */
    check_lint(PORTS("\"e0\": {\"trunks\": [20]}, \"e1\": {\"tag\": 10, "
                     "\"mtu\": 9000}"), JUMBO(", \"tag\": 10"), NULL, "",
               NULL);
    check_lint(PORTS("\"e0\": {\"trunks\": [10]}"),
               JUMBO(", \"tag\": 10"), NULL, AT_MTU, NULL);
    check_lint(PORTS("\"e0\": {\"vlan_mode\": \"native-untagged\", "
                     "\"tag\": 10, \"trunks\": [10, 20]}"),
               JUMBO(", \"tag\": 10"), NULL, AT_MTU, NULL);
    /* An internal port. */
    check_lint(PORTS("\"e0\": {}, \"i0\": {\"type\": \"internal\", "
                     "\"mtu\": 9000}"), NULL, NULL,
               "warning mtu-path host.json:1:90 "
               "/bridges/br0/ports/i0/mtu\n", NULL);
    /* Members of a bond. */
    check_lint(HOST("\"br0\": {}", ", \"bonds\": {\"b\": {\"bridge\": "
                    "\"br0\", \"members\": [\"e0\", \"e1\"], "
                    "\"mtu\": 8000}}"), JUMBO(""), NULL, AT_MTU,
               "frames of MTU 9000 do not fit through bond b of bridge br0 "
               "(8000)");
}

#define LINK(TYPE, END0, END1) \
    HOST("\"br0\": {}, \"br1\": {\"ports\": {\"e1\": {}}}", \
         ", \"links\": {\"l\": {\"type\": \"" TYPE "\", \"ends\": [" \
         "{\"bridge\": \"br0\", \"port\": \"p0\"" END0 "}, " \
         "{\"bridge\": \"br1\", \"port\": \"p1\"" END1 "}]}}")

static void
test_mtu_links(void **state OVS_UNUSED)
{
    /* Through a link to another bridge's uplink. */
    check_lint(LINK("patch", "", ""), JUMBO(""), NULL, AT_MTU,
               "frames of MTU 9000 do not fit through uplink e1 of bridge "
               "br1 (no mtu given, so most likely 1500)");
    check_lint(LINK("patch", ", \"tag\": 7", ""), JUMBO(", \"tag\": 8"),
               NULL, "", NULL);
    check_lint(LINK("patch", ", \"tag\": 8", ", \"tag\": 9"),
               JUMBO(", \"tag\": 8"), NULL, AT_MTU, NULL);
    check_lint(LINK("patch", ", \"trunks\": [8]", ", \"trunks\": [9]"),
               JUMBO(", \"tag\": 8"), NULL, "", NULL);
    check_lint(LINK("patch", ", \"vlan_mode\": \"dot1q-tunnel\", "
                    "\"tag\": 8", ""), JUMBO(", \"tag\": 8"), NULL, AT_MTU,
               NULL);
    /* What leaves with a tag does not come in by an access port... */
    check_lint(LINK("patch", ", \"trunks\": [8]", ", \"tag\": 9"),
               JUMBO(", \"tag\": 8"), NULL, "", NULL);
    /* ...and what leaves without one does, also by a native VLAN... */
    check_lint(LINK("patch", ", \"vlan_mode\": \"native-untagged\", "
                    "\"tag\": 8, \"trunks\": [8, 30]", ", \"tag\": 9"),
               JUMBO(", \"tag\": 8"), NULL, AT_MTU, NULL);
    check_lint(LINK("patch", ", \"vlan_mode\": \"native-tagged\", "
                    "\"tag\": 8, \"trunks\": [8, 30]", ", \"tag\": 9"),
               JUMBO(", \"tag\": 8"), NULL, "", NULL);
    check_lint(LINK("patch", ", \"tag\": 8", ", \"vlan_mode\": "
                    "\"native-tagged\", \"tag\": 5, \"trunks\": [5]"),
               JUMBO(", \"tag\": 8"), NULL, AT_MTU, NULL);
    check_lint(LINK("patch", ", \"tag\": 8", ", \"trunks\": [5]"),
               JUMBO(", \"tag\": 8"), NULL, "", NULL);
    /* ...and all into a tunnel's service VLAN. */
    check_lint(LINK("patch", ", \"trunks\": [8]", ", \"vlan_mode\": "
                    "\"dot1q-tunnel\", \"tag\": 7"),
               JUMBO(", \"tag\": 8"), NULL, AT_MTU, NULL);
    /* A veth pair has an MTU of its own, and ends the way. */
    check_lint(LINK("veth", "", ""), JUMBO(""), NULL, AT_MTU,
               "frames of MTU 9000 do not fit through link l of bridge br0 "
               "(1500)");
    check_lint(LINK("veth", ", \"mtu\": 9000", ", \"mtu\": 9000"), JUMBO(""),
               NULL, AT_MTU,
               "frames of MTU 9000 do not fit through uplink e1 of bridge "
               "br1 (no mtu given, so most likely 1500)");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_message),
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_copies),
        cmocka_unit_test(test_dangling),
        cmocka_unit_test(test_mirrors),
        cmocka_unit_test(test_vlans),
        cmocka_unit_test(test_mtu),
        cmocka_unit_test(test_mtu_links),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
