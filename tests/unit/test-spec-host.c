/* SPDX-License-Identifier: Apache-2.0 */

/* What host.json lowers to.  Its errors are in tests/data/spec/. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "tests/unit/spec-dump.h"
#include "util.h"

static void
parse(const char *text, struct spec_result *result)
{
    spec_parse_host("host.json", text, strlen(text), result);
}

static void
check(const char *text, const char *want)
{
    struct spec_result result;
    char *got;

    parse(text, &result);
    got = spec_dump(&result);
    assert_string_equal(got, want);
    free(got);
    spec_result_destroy(&result);
}

static void
test_bridge(void **state OVS_UNUSED)
{
    check("{\"version\": 1, \"bridges\": {\"br0\": {"
          "\"datapath_type\": \"netdev\", \"stp_enable\": false,"
          "\"protocols\": [\"OpenFlow15\", \"OpenFlow10\"],"
          "\"flood_vlans\": [30, 4, 200], \"fail_mode\": \"secure\","
          "\"other_config\": {\"hwaddr\": \"02:00:00:00:00:01\"},"
          "\"external_ids\": {\"a\": \"\"}}}}",
          "bridge:br0 from host.json\n"
          "  bridge br0 datapath_type=netdev external_ids:a="
          " fail_mode=secure flood_vlans=4,30,200"
          " other_config:hwaddr=02:00:00:00:00:01"
          " protocols=OpenFlow10,OpenFlow15 stp_enable=false\n"
          "  port br0 bridge=br0\n"
          "  iface br0 type=internal\n");
}

static void
test_ports(void **state OVS_UNUSED)
{
    /* An uplink is a device that is there: no kind, so never created. */
    check("{\"version\": 1, \"bridges\": {\"br0\": {\"managed\": false,"
          "\"ports\": {\"eth1\": {\"vlan_mode\": \"trunk\","
          "\"trunks\": [10, 20], \"mtu\": 9000, \"lacp\": \"off\","
          "\"external_ids\": {\"a\": \"b\"},"
          "\"other_config\": {\"c\": \"d\"}}}}}}",
          "port:br0/eth1 from host.json\n"
          "  port eth1 bridge=br0 cvlans= lacp=off other_config:c=d tag="
          " trunks=10,20 vlan_mode=trunk\n"
          "  iface eth1 external_ids:a=b mtu_request=9000 type=\n"
          "  link eth1 mtu=9000 up=true\n");
    check("{\"version\": 1, \"bridges\": {\"br0\": {\"managed\": false,"
          "\"ports\": {\"eth1\": {\"offloads\": {\"tso\": false,"
          "\"gro\": true}}}}}}",
          "port:br0/eth1 from host.json\n"
          "  port eth1 bridge=br0 cvlans= tag= trunks= vlan_mode=\n"
          "  iface eth1 type=\n"
          "  link eth1 offload:gro=true offload:tso=false up=true\n");
    check("{\"version\": 1, \"bridges\": {\"br0\": {\"managed\": false,"
          "\"ports\": {\"eth1\": {\"type\": \"system\"}}}}}",
          "port:br0/eth1 from host.json\n"
          "  port eth1 bridge=br0 cvlans= tag= trunks= vlan_mode=\n"
          "  iface eth1 type=\n"
          "  link eth1 up=true\n");
    /* A device that vswitchd makes is ours to set up only if asked for. */
    check("{\"version\": 1, \"bridges\": {\"br0\": {\"ports\": {"
          "\"m0\": {\"type\": \"internal\", \"addresses\":"
          "[\"2001:DB8::0:1/64\", \"192.0.2.1/24\"]},"
          "\"m1\": {\"type\": \"internal\","
          "\"mac\": \"02:00:00:00:00:01\"}},"
          "\"addresses\": []}}}",
          "bridge:br0 from host.json\n"
          "  bridge br0\n"
          "  port br0 bridge=br0\n"
          "  iface br0 type=internal\n"
          "  link br0 up=true\n"
          "port:br0/m0 from host.json\n"
          "  port m0 bridge=br0 cvlans= tag= trunks= vlan_mode=\n"
          "  iface m0 type=internal\n"
          "  link m0 address:192.0.2.1/24=permanent"
          " address:2001:db8::1/64=permanent up=true\n"
          "port:br0/m1 from host.json\n"
          "  port m1 bridge=br0 cvlans= tag= trunks= vlan_mode=\n"
          "  iface m1 mac=02:00:00:00:00:01 type=internal\n");
    /* What vswitchd makes by itself has no link of ours. */
    check("{\"version\": 1, \"bridges\": {\"br0\": {\"managed\": false,"
          "\"ports\": {\"vx0\": {\"type\": \"vxlan\", \"mtu\": 1450,"
          "\"options\": {\"remote_ip\": \"192.0.2.1\"}}}}}}",
          "port:br0/vx0 from host.json\n"
          "  port vx0 bridge=br0 cvlans= tag= trunks= vlan_mode=\n"
          "  iface vx0 mtu_request=1450 options:remote_ip=192.0.2.1"
          " type=vxlan\n");
}

static void
test_bond(void **state OVS_UNUSED)
{
    check("{\"version\": 1, \"bonds\": {\"bond0\": {\"bridge\": \"br-ex\","
          "\"members\": [\"eth3\", \"eth2\"], \"mtu\": 9000,"
          "\"bond_mode\": \"balance-slb\", \"lacp\": \"active\","
          "\"mac\": \"02:00:00:00:00:01\", \"tag\": 5,"
          "\"external_ids\": {\"a\": \"b\"},"
          "\"other_config\": {\"lacp-time\": \"fast\"}}}}",
          "bond:bond0 from host.json\n"
          "  port bond0 bond_mode=balance-slb bridge=br-ex cvlans="
          " external_ids:a=b lacp=active mac=02:00:00:00:00:01"
          " other_config:lacp-time=fast tag=5 trunks= vlan_mode=\n"
          "  iface eth2 mtu_request=9000 type=\n"
          "  iface eth3 mtu_request=9000 type=\n"
          "  link eth2 mtu=9000 up=true\n"
          "  link eth3 mtu=9000 up=true\n");
}

static void
test_satellites(void **state OVS_UNUSED)
{
    check("{\"version\": 1, \"bridges\": {\"br0\": {\"controllers\": ["
          "{\"target\": \"tcp:192.0.2.1\", \"max_backoff\": 1000}],"
          "\"mirrors\": {\"m\": {\"select_src_port\": [\"p1\", \"p0\"],"
          "\"output_port\": \"p2\"}},"
          "\"ipfix\": {\"targets\": [\"b:1\", \"a:1\"]}}}}",
          "bridge:br0 from host.json\n"
          "  bridge br0\n"
          "  port br0 bridge=br0\n"
          "  iface br0 type=internal\n"
          "  Controller br0/tcp:192.0.2.1 bridge=br0 max_backoff=1000"
          " target=tcp:192.0.2.1\n"
          "  Mirror br0/m bridge=br0 name=m output_port=p2"
          " select_src_port=p0,p1\n"
          "  IPFIX br0 bridge=br0 targets=a:1,b:1\n");
    check("{\"version\": 1, \"bridges\": {\"br0\": {\"managed\": false,"
          "\"ports\": {\"p0\": {\"ingress_policing_rate\": \"1.5Gbit\","
          "\"qos\": {\"type\": \"linux-htb\", \"max_rate\": \"0.1Tbit\","
          "\"queues\": {\"3\": {\"burst\": \"64kbit\", \"dscp\": 1},"
          "\"10\": {}}}}}}}}",
          "port:br0/p0 from host.json\n"
          "  port p0 bridge=br0 cvlans= qos=p0 tag= trunks= vlan_mode=\n"
          "  iface p0 ingress_policing_rate=1500000 type=\n"
          "  link p0 up=true\n"
          "  Queue p0/10\n"
          "  Queue p0/3 dscp=1 other_config:burst=64000\n"
          "  QoS p0 other_config:max-rate=100000000000 queues:10=p0/10"
          " queues:3=p0/3 type=linux-htb\n");
}

static void
test_kernel_bond(void **state OVS_UNUSED)
{
    check("{\"version\": 1, \"bonds\": {\"bond0\": {\"bridge\": \"br0\","
          "\"type\": \"kernel\", \"members\": [\"eth3\", \"eth2\"],"
          "\"mode\": \"active-backup\", \"primary\": \"eth3\","
          "\"updelay\": 200, \"tag\": 5, \"mtu\": 9000,"
          "\"offloads\": {\"lro\": false}}}}",
          "bond:bond0 from host.json\n"
          "  port bond0 bridge=br0 cvlans= tag=5 trunks= vlan_mode=\n"
          "  iface bond0 mtu_request=9000 type=\n"
          "  link bond0 bond:downdelay=0 bond:miimon=100 bond:min_links=0"
          " bond:mode=active-backup bond:primary=eth3 bond:updelay=200"
          " bond:xmit_hash_policy=layer2 kind=bond mtu=9000 up=true\n"
          "  link eth2 master=bond0 offload:lro=false up=true\n"
          "  link eth3 master=bond0 offload:lro=false up=true\n");
    check("{\"version\": 1, \"bonds\": {\"b\": {\"bridge\": \"br0\","
          "\"type\": \"kernel\", \"members\": [\"eth2\", \"eth3\"],"
          "\"mode\": \"802.3ad\"}}}",
          "bond:b from host.json\n"
          "  port b bridge=br0 cvlans= tag= trunks= vlan_mode=\n"
          "  iface b type=\n"
          "  link b bond:downdelay=0 bond:lacp_rate=slow bond:miimon=100"
          " bond:min_links=0 bond:mode=802.3ad bond:updelay=0"
          " bond:xmit_hash_policy=layer2 kind=bond mtu=1500 up=true\n"
          "  link eth2 master=b up=true\n"
          "  link eth3 master=b up=true\n");
}

static void
test_patch(void **state OVS_UNUSED)
{
    check("{\"version\": 1, \"links\": {\"l\": {\"type\": \"patch\","
          "\"ends\": [{\"bridge\": \"br0\", \"port\": \"p0\", \"tag\": 3,"
          "\"external_ids\": {\"a\": \"b\"}, \"ofport_request\": 5},"
          "{\"bridge\": \"br1\", \"port\": \"p1\"}]}}}",
          "link:l from host.json\n"
          "  port p0 bridge=br0 cvlans= tag=3 trunks= vlan_mode=\n"
          "  iface p0 external_ids:a=b ofport_request=5 options:peer=p1"
          " type=patch\n"
          "  port p1 bridge=br1 cvlans= tag= trunks= vlan_mode=\n"
          "  iface p1 options:peer=p0 type=patch\n");
}

static void
test_veth(void **state OVS_UNUSED)
{
    check("{\"version\": 1, \"links\": {\"lab\": {\"type\": \"veth\","
          "\"ends\": [{\"bridge\": \"br0\", \"port\": \"veth0\","
          "\"tag\": 10, \"mtu\": 9000, \"external_ids\": {\"a\": \"b\"}},"
          "{\"port\": \"veth1\"}]}}}",
          "link:lab from host.json\n"
          "  port veth0 bridge=br0 cvlans= tag=10 trunks= vlan_mode=\n"
          "  iface veth0 external_ids:a=b mtu_request=9000 type=\n"
          "  link veth0 kind=veth mtu=9000 peer=veth1 up=true\n"
          "  link veth1 kind=veth mtu=1500 peer=veth0 up=true\n");
    check("{\"version\": 1, \"links\": {\"lab\": {\"type\": \"veth\","
          "\"ends\": [{\"bridge\": \"br0\", \"port\": \"b\"},"
          "{\"bridge\": \"br1\", \"port\": \"a\","
          " \"mtu_request\": 1400}]}}}",
          "link:lab from host.json\n"
          "  port b bridge=br0 cvlans= tag= trunks= vlan_mode=\n"
          "  iface b type=\n"
          "  port a bridge=br1 cvlans= tag= trunks= vlan_mode=\n"
          "  iface a mtu_request=1400 type=\n"
          "  link b kind=veth mtu=1500 peer=a up=true\n"
          "  link a kind=veth mtu=1400 peer=b up=true\n");
}

static void
test_policy(void **state OVS_UNUSED)
{
    struct spec_result result;

    parse("{\"version\": 1}", &result);
    assert_int_equal(result.n_objects, 0);
    assert_int_equal(result.errors.n, 0);
    assert_false(result.policy.report_only);
    assert_false(result.policy.pin_ofports);
    assert_int_equal(result.policy.gc_grace, 10);
    assert_int_equal(result.policy.gc_max_percent, 50);
    assert_null(result.defaults.nic);
    spec_result_destroy(&result);

    parse("{\"version\": 1, \"policy\": {\"drift\": \"report\","
          "\"gc_grace\": 0, \"gc_max_percent\": 1e2, \"pin_ofports\": true}}",
          &result);
    assert_true(result.policy.report_only);
    assert_true(result.policy.pin_ofports);
    assert_int_equal(result.policy.gc_grace, 0);
    assert_int_equal(result.policy.gc_max_percent, 100);
    spec_result_destroy(&result);
}

static void
test_defaults(void **state OVS_UNUSED)
{
    static const char vm[] = "{\"version\": 1, \"nics\": {\"n\": {"
        "\"mac\": \"02:00:00:00:00:01\"}}}";
    struct spec_result host, result;

    parse("{\"version\": 1, \"defaults\": {\"nic\": {\"bridge\": \"br7\","
          " \"queues\": 4} } }", &host);
    assert_string_equal(host.defaults.nic,
                        "{\"bridge\": \"br7\", \"queues\": 4}");
    spec_parse_vm("vms.d/v.json", vm, strlen(vm), &host.defaults, &result);
    assert_int_equal(result.n_objects, 1);
    assert_int_equal(result.objects[0]->queues, 4);
    assert_string_equal(model_row_get(&result.objects[0]->ports[0]->row,
                                      MODEL_F_BRIDGE), "br7");
    spec_result_destroy(&result);
    spec_result_destroy(&host);

    /* Defaults of a host.json with errors are not for use. */
    parse("{\"version\": 1, \"defaults\": {\"nic\": {\"queues\": 0}}}",
          &host);
    assert_int_equal(host.errors.n, 1);
    assert_null(host.defaults.nic);
    spec_result_destroy(&host);
}

static void
test_errors_leave_no_objects(void **state OVS_UNUSED)
{
    check("{\"version\": 1,\n \"bridges\": {\"br0\": {}},\n"
          " \"policy\": {\"gc_max_percent\": 101}}",
          "host.json:3:31: /policy/gc_max_percent: 101 is not in 0..100\n");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bridge),
        cmocka_unit_test(test_ports),
        cmocka_unit_test(test_bond),
        cmocka_unit_test(test_satellites),
        cmocka_unit_test(test_kernel_bond),
        cmocka_unit_test(test_patch),
        cmocka_unit_test(test_veth),
        cmocka_unit_test(test_policy),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_errors_leave_no_objects),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
