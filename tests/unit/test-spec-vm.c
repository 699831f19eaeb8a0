/* SPDX-License-Identifier: Apache-2.0 */

/* What a VM's file lowers to.  Its errors are in tests/data/spec/. */
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

/* Checks that 'text', as vms.d/vm1.json, with 'nic' as the defaults of
 * host.json (or NULL), dumps as 'want'. */
static void
check(const char *text, const char *nic, const char *want)
{
    struct spec_defaults defaults = { CONST_CAST(char *, nic) };
    struct spec_result result;
    char *got;

    spec_parse_vm("vms.d/vm1.json", text, strlen(text), &defaults, &result);
    got = spec_dump(&result);
    assert_string_equal(got, want);
    free(got);
    spec_result_destroy(&result);
}

#define NIC(BODY) \
    "{\"version\": 1, \"nics\": {\"net0\": {\"ifname\": \"tap0\"," \
    "\"mac\": \"52:54:00:12:34:0A\"" BODY "}}}"
#define HEAD "vm1/net0 from vms.d/vm1.json mac=52:54:00:12:34:0a queues="
#define IDS "external_ids:attached-mac=52:54:00:12:34:0a "
#define LINK "addr_gen_mode=none arp_ignore=8 "

static void
test_least(void **state OVS_UNUSED)
{
    check(NIC(", \"bridge\": \"br0\""), NULL,
          HEAD "1\n"
          "  port tap0 bridge=br0 cvlans= qos=qos:noop tag= trunks="
          " vlan_mode=\n"
          "  iface tap0 " IDS "external_ids:vm-id=vm1 type=\n"
          "  link tap0 " LINK "kind=tap mac=fe:54:00:12:34:0a mtu=1500"
          " multi_queue=false owner=root persist=true qdisc=noqueue"
          " up=true\n");
}

static void
test_most(void **state OVS_UNUSED)
{
    check("{\"version\": 1,"
          " \"uuid\": \"0F0E0D0C-0b0a-4908-8706-050403020100\","
          " \"nics\": {\"net0\": {\"ifname\": \"tap0\","
          " \"mac\": \"fe:00:00:00:00:01\", \"bridge\": \"br0\","
          " \"queues\": 8, \"mtu\": 9000, \"owner\": \"libvirt-qemu\","
          " \"group\": \"kvm\", \"iface_id\": \"p1\","
          " \"iface_id_ver\": \"2\", \"qdisc\": \"default\","
          " \"quarantined\": true, \"paused\": true, \"isolated\": true,"
          " \"vlan_mode\": \"native-tagged\", \"tag\": 5,"
          " \"trunks\": [100, 20, 3], \"lldp\": {\"enable\": \"true\"},"
          " \"external_ids\": {\"a\": \"b:c=d\"},"
          " \"other_config\": {\"x\": \"y\"}, \"ofport_request\": 7,"
          " \"ingress_policing_rate\": 10}}}", NULL,
          "vm1/net0 from vms.d/vm1.json mac=fe:00:00:00:00:01 queues=8"
          " iface_id=p1 paused quarantined\n"
          "  port tap0 bridge=br0 cvlans= other_config:x=y protected=true"
          " tag=5 trunks=3,20,100 vlan_mode=native-tagged\n"
          "  iface tap0 external_ids:a=b:c=d"
          " external_ids:attached-mac=fe:00:00:00:00:01"
          " external_ids:iface-id=p1 external_ids:iface-id-ver=2"
          " external_ids:iface-status=active external_ids:vm-id=vm1"
          " external_ids:vm-uuid=0f0e0d0c-0b0a-4908-8706-050403020100"
          " ingress_policing_rate=10 lldp:enable=true mtu_request=9000"
          " ofport_request=7 type=\n"
          "  link tap0 " LINK "group=kvm kind=tap mac=fa:00:00:00:00:01"
          " mtu=9000 multi_queue=true owner=libvirt-qemu persist=true"
          " up=false\n");
}

/* A group alone is enough to keep strangers out. */
static void
test_group_without_owner(void **state OVS_UNUSED)
{
    check(NIC(", \"bridge\": \"br0\", \"group\": \"kvm\", \"queues\": 2e0"),
          NULL,
          HEAD "2\n"
          "  port tap0 bridge=br0 cvlans= qos=qos:noop tag= trunks="
          " vlan_mode=\n"
          "  iface tap0 " IDS "external_ids:vm-id=vm1 type=\n"
          "  link tap0 " LINK "group=kvm kind=tap"
          " mac=fe:54:00:12:34:0a mtu=1500"
          " multi_queue=true persist=true qdisc=noqueue up=true\n");
}

static void
test_defaults(void **state OVS_UNUSED)
{
    static const char defaults[] =
        "{\"bridge\": \"br1\", \"owner\": \"qemu\", \"queues\": 4,"
        " \"mtu\": 1400, \"vlan_mode\": \"native-tagged\", \"tag\": 1,"
        " \"trunks\": [2], \"isolated\": true,"
        " \"external_ids\": {\"a\": \"1\", \"b\": \"2\"}}";

    /* All of them. */
    check(NIC(""), defaults,
          HEAD "4\n"
          "  port tap0 bridge=br1 cvlans= protected=true qos=qos:noop tag=1"
          " trunks=2 vlan_mode=native-tagged\n"
          "  iface tap0 external_ids:a=1 " IDS "external_ids:b=2"
          " external_ids:vm-id=vm1 mtu_request=1400 type=\n"
          "  link tap0 " LINK "kind=tap mac=fe:54:00:12:34:0a mtu=1400"
          " multi_queue=true owner=qemu persist=true qdisc=noqueue up=true\n");
    /* VLAN keys go together, and so do both MTUs; maps are merged. */
    check(NIC(", \"bridge\": \"br0\", \"queues\": 1, \"tag\": 9,"
              " \"mtu_request\": 9000, \"protected\": false,"
              " \"external_ids\": {\"b\": \"3\"}"), defaults,
          HEAD "1\n"
          "  port tap0 bridge=br0 cvlans= protected=false qos=qos:noop tag=9"
          " trunks= vlan_mode=\n"
          "  iface tap0 external_ids:a=1 " IDS "external_ids:b=3"
          " external_ids:vm-id=vm1 mtu_request=9000 type=\n"
          "  link tap0 " LINK "kind=tap mac=fe:54:00:12:34:0a mtu=9000"
          " multi_queue=false owner=qemu persist=true qdisc=noqueue"
          " up=true\n");
}

static void
test_no_nics(void **state OVS_UNUSED)
{
    check("{\"version\": 1, \"nics\": {}}", NULL, "");
}

static void
test_errors_leave_no_objects(void **state OVS_UNUSED)
{
    check("{\"version\": 1, \"nics\": {\n"
          "  \"a\": {\"bridge\": \"br0\", \"mac\": \"02:00:00:00:00:01\"},\n"
          "  \"b\": {\"bridge\": \"br0\", \"mac\": \"02:00:00:00:00:02\","
          " \"tag\": 5000}}}", NULL,
          "vms.d/vm1.json:3:61: /nics/b/tag: 5000 is not in 0..4095\n");
}

static void
test_default_ifname(void **state OVS_UNUSED)
{
    /* printf vm1/net0 | sha1sum */
    char *ifname = spec_default_ifname("vm1", "net0");

    assert_string_equal(ifname, "tape198daa210e");
    free(ifname);
    check("{\"version\": 1, \"nics\": {\"net0\": {\"bridge\": \"br0\","
          "\"mac\": \"52:54:00:12:34:0A\"}, \"net1\": {\"bridge\": \"br0\","
          "\"mac\": \"52:54:00:12:34:0B\", \"ifname\": \"tape198daa210e\"}"
          "}}", NULL,
          "vms.d/vm1.json:1:33: /nics/net0: the name \"tape198daa210e\" is"
          " also taken by /nics/net1/ifname\n"
          "vms.d/vm1.json:1:142: /nics/net1/ifname: the name"
          " \"tape198daa210e\" is also taken by /nics/net0\n");
}

static void
test_vm_name(void **state OVS_UNUSED)
{
    static const char text[] = "{\"version\": 1, \"nics\": {}}";
    struct spec_result result;

    spec_parse_vm("vms.d/a b.json", text, strlen(text), NULL, &result);
    assert_int_equal(result.errors.n, 1);
    assert_string_equal(result.errors.names[0],
                        "vms.d/a b.json:1:1: the file's stem is the name of "
                        "the VM, but \"a b\" is not a name: 1 to 63 of A-Z "
                        "a-z 0-9 _ . -");
    spec_result_destroy(&result);
}

static void
test_too_large(void **state OVS_UNUSED)
{
    static const char least[] = "{\"version\": 1, \"nics\": {}}";
    struct spec_result result;
    size_t len = SPEC_MAX_BYTES;
    char *text = xmalloc(len + 1);

    memset(text, ' ', len + 1);
    memcpy(text, least, strlen(least));
    spec_parse_vm("vms.d/vm1.json", text, len, NULL, &result);
    assert_int_equal(result.errors.n, 0);
    spec_result_destroy(&result);
    spec_parse_vm("vms.d/vm1.json", text, len + 1, NULL, &result);
    assert_int_equal(result.errors.n, 1);
    assert_string_equal(result.errors.names[0],
                        "vms.d/vm1.json:1:1: larger than 4194304 bytes");
    spec_result_destroy(&result);
    free(text);
}

/* The first SPEC_MAX_ERRORS, and word that there are more. */
static void
test_many_errors(void **state OVS_UNUSED)
{
    struct ds text = DS_EMPTY_INITIALIZER;
    struct spec_result result;

    ds_put_cstr(&text, "{\"version\": 1, \"nics\": {");
    for (int i = 0; i <= SPEC_MAX_ERRORS; i++) {
        ds_put_format(&text, "%s\"n%d\": 5", i ? ", " : "", i);
    }
    ds_put_cstr(&text, "}}");
    spec_parse_vm("vms.d/vm1.json", ds_cstr(&text), text.length, NULL,
                  &result);
    assert_int_equal(result.errors.n, SPEC_MAX_ERRORS + 1);
    assert_string_equal(result.errors.names[SPEC_MAX_ERRORS],
                        "vms.d/vm1.json: more than 100 errors; the others "
                        "are not shown");
    spec_result_destroy(&result);
    ds_destroy(&text);
}

static void
check_name(char *(*checker)(const char *), const char *name, bool ok)
{
    char *problem = checker(name);

    if ((problem == NULL) != ok) {
        fail_msg("\"%s\": %s", name, problem ? problem : "accepted");
    }
    free(problem);
}

static void
test_names(void **state OVS_UNUSED)
{
    check_name(spec_check_name, "A-z_0.9", true);
    check_name(spec_check_name, "", false);
    check_name(spec_check_name, "a/b", false);
    check_name(spec_check_name, "a:b", false);
    check_name(spec_check_name, "a\n", false);
    check_name(spec_check_name, "12345678901234567890123456789012345678901"
               "2345678901234567890123", true);
    check_name(spec_check_name, "12345678901234567890123456789012345678901"
               "23456789012345678901234", false);
    check_name(spec_check_device_name, "123456789012345", true);
    check_name(spec_check_device_name, "1234567890123456", false);
    check_name(spec_check_device_name, ".", false);
    check_name(spec_check_device_name, "..", false);
    check_name(spec_check_device_name, "...", true);
    check_name(spec_check_device_name, "tap%d", false);
    check_name(spec_check_device_name, "", false);
}

/* Of qos and qdisc a NIC takes none of the defaults if it gives one. */
static void
check_default_qos(const char *nic, const char *qos, const char *qdisc)
{
    static const char defaults_nic[]
        = "{\"qos\": {\"type\": \"linux-htb\","
          " \"queues\": {\"0\": {}}}}";
    struct spec_defaults defaults = { CONST_CAST(char *, defaults_nic) };
    struct spec_result result;
    char *text = xasprintf("{\"version\": 1, \"nics\": {\"n\": {\"bridge\": "
                           "\"br0\", \"ifname\": \"tap0\", \"mac\": "
                           "\"52:54:00:00:00:01\"%s}}}", nic);

    spec_parse_vm("vms.d/vm1.json", text, strlen(text), &defaults, &result);
    assert_int_equal(result.errors.n, 0);
    assert_int_equal(result.n_objects, 1);

    const struct model_object *o = result.objects[0];
    const struct model_row *row = model_object_find_satellite(
        o, MODEL_TABLE_QOS, "tap0");
    const char *have = smap_get(&o->links[0]->fields, MODEL_L_QDISC);
    const char *refers = smap_get(&o->ports[0]->row.fields, MODEL_F_QOS);
    assert_string_equal(row ? model_row_get(row, "type") : "", qos);
    assert_string_equal(have ? have : "", qdisc);
    assert_string_equal(refers ? refers : "", *qos ? "tap0"
                        : *qdisc ? MODEL_QOS_NOOP : "");
    assert_int_equal(model_object_find_satellite(o, MODEL_TABLE_QUEUE,
                                                 "tap0/0") != NULL,
                     !strcmp(qos, "linux-htb"));
    spec_result_destroy(&result);
    free(text);
}

static void
test_default_qos(void **state OVS_UNUSED)
{
    check_default_qos("", "linux-htb", "");
    check_default_qos(", \"qos\": {\"type\": \"linux-sfq\"}", "linux-sfq",
                      "");
    check_default_qos(", \"qdisc\": \"noqueue\"", "", "noqueue");
    check_default_qos(", \"qdisc\": \"default\"", "", "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_least),
        cmocka_unit_test(test_most),
        cmocka_unit_test(test_group_without_owner),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_no_nics),
        cmocka_unit_test(test_errors_leave_no_objects),
        cmocka_unit_test(test_default_ifname),
        cmocka_unit_test(test_vm_name),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_many_errors),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_default_qos),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
