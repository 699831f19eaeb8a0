/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "src/cli/guest.h"
#include "src/cli/key.h"
#include "src/cli/nic-edit.h"
#include "src/model/columns.h"
#include "src/model/model.h"
#include "src/spec/spec.h"
#include "util.h"

/* NIC edits other than VLANs, keys, and what a guest is told. */

static void
check_key(const char *key, const char *value, const char *expect)
{
    char *json;
    char *error = key_to_json(SPEC_NIC, key, value, &json);

    assert_null(error);
    assert_string_equal(json, expect);
    free(json);
}

static void
check_bad_key(const char *key, const char *value, const char *expect)
{
    char *json;
    char *error = key_to_json(SPEC_NIC, key, value, &json);

    assert_non_null(error);
    assert_null(json);
    assert_string_equal(error, expect);
    free(error);
}

static void
test_key_values(void **state OVS_UNUSED)
{
    check_key("mtu", "9000", "9000");
    check_key("mtu", "09000", "9000");
    check_key("mtu", "-1", "-1");   /* The range is the parser's. */
    check_key("queues", "300", "300");
    check_key("paused", "true", "true");
    check_key("bridge", "br\"0", "\"br\\\"0\"");
    check_key("ifname", "12", "\"12\"");
    check_key("iface_id", "", "\"\"");
    check_key("vlan_mode", "trunk", "\"trunk\"");
    check_key("trunks", "30,10-12", "[10, 11, 12, 30]");
    check_key("trunks", "", "[]");
    check_key("external_ids:team", "red", "\"red\"");
    check_key("external_ids:a:b", "10", "\"10\"");
    check_key("external_ids:a/b~c", "true", "\"true\"");
    check_key("options:x", "", "\"\"");

    check_bad_key("mtu", "big", "mtu: \"big\" is not an integer");
    check_bad_key("mtu", "", "mtu: \"\" is not an integer");
    check_bad_key("paused", "yes", "paused: \"yes\" is neither true nor "
                  "false");
    check_bad_key("mtuu", "1", "mtuu: unknown key; did you mean \"mtu\"?");
    check_bad_key("qosx:y", "1", "qosx: unknown key; did you mean \"qos\"?");
    check_bad_key("type", "tap", "type: a NIC is always a TAP");
    check_bad_key("external_ids", "a", "external_ids: this is a map; set its "
                  "keys one by one, as in external_ids:KEY=VALUE");
    check_bad_key("external_ids:vm-id", "a", "external_ids:vm-id: is written "
                  "from the name of the VM's file");
    check_bad_key("tag:x", "1", "tag: this is no map, it has no keys");
    check_bad_key("trunks", "x", "trunks: \"x\" is not a list of VLANs: "
                  "numbers in 0..4095 and ranges, as in 10,20,30-39");
}

/* A column's key on the command line is of the column's type. */
static void
test_key_columns(void **state OVS_UNUSED)
{
    static const char *const not_of_nics[] = {
        "bond_active_slave", "bond_downdelay", "bond_fake_iface",
        "bond_mode", "bond_updelay", "lacp", "mac", "qos", "type"
    };
    static const enum model_table tables[] = {
        MODEL_TABLE_PORT, MODEL_TABLE_INTERFACE
    };
    size_t n_checked = 0;

    for (size_t t = 0; t < ARRAY_SIZE(tables); t++) {
        size_t n;
        const struct model_column *c = model_columns(tables[t], &n);

        for (size_t i = 0; i < n; i++, c++) {
            const char *value = (c->type == MODEL_INTEGER ? "7"
                                 : c->type == MODEL_BOOLEAN ? "true" : "x");
            bool skip = false;

            for (size_t j = 0; j < ARRAY_SIZE(not_of_nics); j++) {
                skip = skip || !strcmp(c->name, not_of_nics[j]);
            }
            if (skip) {
                continue;
            }
            char *key = xasprintf(c->shape == MODEL_MAP ? "%s:k" : "%s",
                                  c->name);
            char *atom = (c->type == MODEL_STRING || c->shape == MODEL_MAP
                          ? xstrdup("\"x\"") : xstrdup(value));
            char *expect = (c->shape == MODEL_SET ? xasprintf("[%s]", atom)
                            : xstrdup(atom));
            check_key(key, value, expect);
            n_checked++;
            free(expect);
            free(atom);
            free(key);
        }
    }
    assert_true(n_checked > 10);
}

static void
test_key_split(void **state OVS_UNUSED)
{
    static const char *const bad[] = { "", "mtu", "=9", "=" };
    char *key, *value;

    assert_null(key_split("a:b=c=d", &key, &value));
    assert_string_equal(key, "a:b");
    assert_string_equal(value, "c=d");
    free(key);
    free(value);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        char *error = key_split(bad[i], &key, &value);

        assert_non_null(error);
        assert_null(key);
        assert_null(value);
        free(error);
    }
}

#define VM(NIC) "{ \"version\": 1,\n  \"nics\": {\n" \
    "    \"a\": {\"mac\": \"m\"},\n    \"b\": {" NIC "} } }\n"

static void
check_put(const char *before, const char *key, const char *value,
          const char *after)
{
    struct nic_edit e = { .text = xstrdup(before), .nic = "b" };

    for (int i = 0; i < 2; i++) {
        assert_null(nic_edit_put(&e, key, value));
        assert_string_equal(e.text, after);
        assert_int_equal(nic_edit_has(&e, key), value != NULL);
    }
    free(e.text);
}

static void
test_put(void **state OVS_UNUSED)
{
    check_put(VM("\"mtu\":1400"), "mtu", "9000", VM("\"mtu\":9000"));
    /* The same number: nothing to change. */
    check_put(VM("\"mtu\": 14e2"), "mtu", "1400", VM("\"mtu\": 14e2"));
    check_put(VM("\"mtu\": 1400, \"tag\": 1"), "mtu", NULL,
              VM("\"tag\": 1"));
    check_put(VM("\"tag\": 1"), "external_ids:team", "\"red\"",
              VM("\"tag\": 1, \"external_ids\": {\"team\": \"red\"}"));
    check_put(VM("\"external_ids\": {\"x\": \"y\", \"team\": \"blue\"}"),
              "external_ids:team", NULL,
              VM("\"external_ids\": {\"x\": \"y\"}"));
    check_put(VM("\"external_ids\": {\"x\": \"y\"}"), "external_ids", NULL,
              VM(""));
    check_put(VM("\"tag\": 1"), "external_ids:x", NULL, VM("\"tag\": 1"));
}

static void
check_flag(const char *before, const char *defaults, bool on,
           const char *after)
{
    struct nic_edit e = {
        .text = xstrdup(before), .nic = "b", .defaults = defaults
    };

    for (int i = 0; i < 2; i++) {
        assert_null(nic_edit_flag(&e, "paused", on));
        assert_string_equal(e.text, after);
    }
    free(e.text);
}

static void
test_flag(void **state OVS_UNUSED)
{
    const char *yes = "{\"paused\": true}";

    check_flag(VM("\"tag\": 1"), NULL, true,
               VM("\"tag\": 1, \"paused\": true"));
    check_flag(VM("\"paused\": false"), NULL, true, VM("\"paused\": true"));
    check_flag(VM("\"paused\": true, \"tag\": 1"), NULL, false,
               VM("\"tag\": 1"));
    check_flag(VM("\"paused\": false"), NULL, false, VM("\"paused\": false"));
    check_flag(VM("\"tag\": 1"), NULL, false, VM("\"tag\": 1"));
    /* Where the defaults say so, removing the key would not help. */
    check_flag(VM("\"tag\": 1"), yes, true, VM("\"tag\": 1"));
    check_flag(VM("\"tag\": 1"), yes, false,
               VM("\"tag\": 1, \"paused\": false"));
    check_flag(VM("\"paused\": true"), yes, false, VM("\"paused\": false"));
}

static void
test_add_del(void **state OVS_UNUSED)
{
    struct nic_edit e = {
        .text = xstrdup("{\n  \"version\": 1,\n  \"nics\": {}\n}\n"),
        .nic = "net0"
    };
    struct smap values = SMAP_INITIALIZER(&values);

    assert_null(nic_edit_add(&e));
    assert_true(nic_edit_exists(&e));
    assert_null(nic_edit_put(&e, "mac", "\"52:54:00:00:00:01\""));
    assert_null(nic_edit_put(&e, "trunks", "[10, 20]"));
    assert_null(nic_edit_put(&e, "external_ids:team", "\"red\""));
    nic_edit_values(&e, &values);
    assert_int_equal(smap_count(&values), 3);
    assert_string_equal(smap_get(&values, "mac"), "52:54:00:00:00:01");
    assert_string_equal(smap_get(&values, "trunks"), "10,20");
    assert_string_equal(smap_get(&values, "external_ids:team"), "red");
    assert_null(nic_edit_del(&e));
    assert_false(nic_edit_exists(&e));
    assert_null(nic_edit_del(&e));
    smap_destroy(&values);
    free(e.text);

    e.text = xstrdup(VM("\"mtu\": 9"));
    e.nic = "b";
    assert_null(nic_edit_del(&e));
    assert_string_equal(e.text, "{ \"version\": 1,\n  \"nics\": {\n"
                        "    \"a\": {\"mac\": \"m\"} } }\n");
    free(e.text);
}

/* Guests. */

static struct model_object *
make_nic(const char *keys)
{
    char *text = xasprintf("{\"version\": 1, \"nics\": {%s}}", keys);
    struct spec_result result;

    spec_parse_vm("vms.d/vm1.json", text, strlen(text), NULL, &result);
    assert_int_equal(result.n_objects, 1);
    struct model_object *nic = result.objects[0];
    result.n_objects = 0;
    spec_result_destroy(&result);
    free(text);
    return nic;
}

#define NIC(NAME, MORE) "\"" NAME "\": {\"bridge\": \"br0\", \"mac\": " \
    "\"52:54:00:12:34:01\", \"ifname\": \"tap0\"" MORE "}"

static void
check_qemu(const char *keys, enum guest_vhost vhost, bool vhost_net,
           bool userspace, const char *expect)
{
    struct guest_host host = { vhost, vhost_net, userspace };
    struct model_object *nic = make_nic(keys);
    struct svec args = SVEC_EMPTY_INITIALIZER;

    assert_null(guest_check(nic, &host, false));
    guest_qemu_args(nic, &host, &args);
    char *joined = svec_join(&args, " ", "");
    assert_string_equal(joined, expect);
    free(joined);
    svec_destroy(&args);
    model_object_destroy(nic);
}

static void
test_qemu(void **state OVS_UNUSED)
{
    check_qemu(NIC("net0", ""), GUEST_VHOST_AUTO, false, false,
               "-netdev tap,id=net0,ifname=tap0,script=no,downscript=no,"
               "vhost=off -device virtio-net-pci,netdev=net0,"
               "mac=52:54:00:12:34:01");
    check_qemu(NIC("net0", ", \"queues\": 8"), GUEST_VHOST_AUTO, true, false,
               "-netdev tap,id=net0,ifname=tap0,script=no,downscript=no,"
               "queues=8,vhost=on -device virtio-net-pci,netdev=net0,"
               "mac=52:54:00:12:34:01,mq=on,vectors=18");
    check_qemu(NIC("net0", ", \"queues\": 2"), GUEST_VHOST_OFF, true, true,
               "-netdev tap,id=net0,ifname=tap0,script=no,downscript=no,"
               "queues=2,vhost=off -device virtio-net-pci,netdev=net0,"
               "mac=52:54:00:12:34:01,mq=on,vectors=6,csum=off,gso=off,"
               "guest_csum=off,guest_tso4=off,guest_tso6=off,"
               "guest_ufo=off");
}

static void
check_refused(const char *keys, bool libvirt, bool refused)
{
    struct guest_host host = { GUEST_VHOST_ON, false, false };
    struct model_object *nic = make_nic(keys);
    char *error = guest_check(nic, &host, libvirt);

    assert_int_equal(error != NULL, refused);
    free(error);
    model_object_destroy(nic);
}

static void
test_guest_refused(void **state OVS_UNUSED)
{
    check_refused(NIC("net0", ", \"queues\": 2"), false, true);
    check_refused(NIC("net0", ""), false, false);
    check_refused(NIC("net0", ""), true, true);
    check_refused(NIC("0net", ""), false, true);
    check_refused(NIC("_net", ""), false, true);
}

static void
check_libvirt(const char *keys, enum guest_vhost vhost, bool userspace,
              const char *driver)
{
    struct guest_host host = { vhost, true, userspace };
    struct model_object *nic = make_nic(keys);
    char *expect = xasprintf("<interface type='ethernet'>\n"
                             "  <mac address='52:54:00:12:34:01'/>\n"
                             "  <target dev='tap0' managed='no'/>\n"
                             "  <model type='virtio'/>\n%s</interface>\n",
                             driver);
    struct ds ds = DS_EMPTY_INITIALIZER;

    assert_null(guest_check(nic, &host, true));
    guest_libvirt_xml(nic, &host, &ds);
    assert_string_equal(ds_cstr(&ds), expect);
    ds_destroy(&ds);
    free(expect);
    model_object_destroy(nic);
}

static void
test_libvirt(void **state OVS_UNUSED)
{
    check_libvirt(NIC("0", ""), GUEST_VHOST_AUTO, false, "");
    check_libvirt(NIC("net0", ", \"queues\": 4"), GUEST_VHOST_ON, false,
                  "  <driver name='vhost' queues='4'/>\n");
    check_libvirt(NIC("net0", ""), GUEST_VHOST_OFF, true,
                  "  <driver name='qemu'>\n"
                  "    <host csum='off' gso='off'/>\n"
                  "    <guest csum='off' tso4='off' tso6='off' ufo='off'/>\n"
                  "  </driver>\n");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_key_values),
        cmocka_unit_test(test_key_columns),
        cmocka_unit_test(test_key_split),
        cmocka_unit_test(test_put),
        cmocka_unit_test(test_flag),
        cmocka_unit_test(test_add_del),
        cmocka_unit_test(test_qemu),
        cmocka_unit_test(test_guest_refused),
        cmocka_unit_test(test_libvirt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
