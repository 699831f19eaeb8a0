/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "src/cli/host-object.h"
#include "src/cli/key.h"
#include "src/cli/keyed.h"
#include "src/cli/object-edit.h"
#include "util.h"

/* Objects of host.json on the command line: where they stand, and their
 * keys. */

static const char host[] = "{ \"version\": 1,\n"
    "  \"bridges\": {\n"
    "    \"br0\": {\"fail_mode\": \"secure\",\n"
    "            \"ports\": {\"eth1\": {\"tag\": 5}}},\n"
    "    \"br1\": {\"ports\": {\"eth2\": {}}} },\n"
    "  \"links\": {\"lab\": {\"type\": \"veth\", \"ends\": [\n"
    "    {\"bridge\": \"br0\", \"port\": \"v0\", \"tag\": 3},\n"
    "    {\"port\": \"v1\"}]}} }\n";

static char *
find(enum spec_thing thing, const char *name, struct keyed *k)
{
    *k = (struct keyed) { .thing = thing, .text = xstrdup(host) };
    return host_object_find(k, name);
}

static void
check_found(enum spec_thing thing, const char *name, const char *pointer,
            const char *id)
{
    struct keyed k;

    assert_null(find(thing, name, &k));
    assert_string_equal(k.pointer, pointer);
    assert_string_equal(k.id, id);
    assert_true(keyed_exists(&k));
    keyed_destroy(&k);
}

static void
check_missing(enum spec_thing thing, const char *name, const char *expect)
{
    struct keyed k;
    char *error = find(thing, name, &k);

    assert_non_null(error);
    assert_string_equal(error, expect);
    assert_false(keyed_exists(&k));
    free(error);
    keyed_destroy(&k);
}

static void
test_find(void **state OVS_UNUSED)
{
    check_found(SPEC_BRIDGE, "br0", "/bridges/br0", "bridge:br0");
    check_found(SPEC_PORT, "eth2", "/bridges/br1/ports/eth2",
                "port:br1/eth2");
    check_found(SPEC_PORT, "br0/eth1", "/bridges/br0/ports/eth1",
                "port:br0/eth1");
    check_found(SPEC_LINK, "lab", "/links/lab", "link:lab");

    check_missing(SPEC_BRIDGE, "br2", "there is no such bridge in host.json; "
                  "did you mean br0 or br1?");
    check_missing(SPEC_BRIDGE, "br0/ports", "there is no such bridge in "
                  "host.json");
    check_missing(SPEC_PORT, "br1/eth1", "there is no such port in "
                  "host.json; did you mean eth1 or eth2?");
    check_missing(SPEC_PORT, "/", "there is no such port in host.json");
    check_missing(SPEC_PORT, "", "there is no such port in host.json");
    check_missing(SPEC_BOND, "lab", "there is no such bond in host.json");
}

/* Sets, or with 'json' NULL removes, a key of lab or of br0; 'from' becomes
 * 'to' in the text and nothing else changes. */
static void
check_put(enum spec_thing thing, const char *name, const char *key,
          const char *json, const char *from, const char *to)
{
    const char *place = strstr(host, from);
    char *expect = xasprintf("%.*s%s%s", (int) (place - host), host, to,
                             place + strlen(from));
    struct keyed k;

    assert_null(find(thing, name, &k));
    assert_null(keyed_check(&k, key));
    assert_null(keyed_put(&k, key, json));
    assert_string_equal(k.text, expect);
    assert_int_equal(keyed_has(&k, key), json != NULL);
    keyed_destroy(&k);
    free(expect);
}

static void
test_put(void **state OVS_UNUSED)
{
    check_put(SPEC_BRIDGE, "br0", "fail_mode", "\"standalone\"", "\"secure\"",
              "\"standalone\"");
    check_put(SPEC_PORT, "eth1", "tag", "6", "\"tag\": 5", "\"tag\": 6");
    check_put(SPEC_PORT, "eth2", "external_ids:a/b", "\"c\"",
              "\"eth2\": {}", "\"eth2\": {\"external_ids\": "
              "{\"a/b\": \"c\"}}");
    check_put(SPEC_PORT, "eth2", "qos:queues:0:min_rate", "5",
              "\"eth2\": {}", "\"eth2\": {\"qos\": {\"queues\": "
              "{\"0\": {\"min_rate\": 5}}}}");
    check_put(SPEC_PORT, "eth2", "external_ids:a:b", "\"c\"",
              "\"eth2\": {}", "\"eth2\": {\"external_ids\": "
              "{\"a:b\": \"c\"}}");
    check_put(SPEC_LINK, "lab", "v0:tag", "4", "\"tag\": 3", "\"tag\": 4");
    check_put(SPEC_LINK, "lab", "v0:tag", NULL, ", \"tag\": 3", "");
    check_put(SPEC_LINK, "lab", "v1:mtu", "1400", "\"v1\"",
              "\"v1\", \"mtu\": 1400");
}

static void
check_bad(enum spec_thing thing, const char *name, const char *key,
          const char *expect)
{
    struct keyed k;
    char *error;

    assert_null(find(thing, name, &k));
    error = keyed_check(&k, key);
    assert_non_null(error);
    assert_non_null(strstr(error, expect));
    free(error);
    keyed_destroy(&k);
}

static void
test_bad_keys(void **state OVS_UNUSED)
{
    check_bad(SPEC_BRIDGE, "br0", "tag", "tag: unknown key");
    check_bad(SPEC_BRIDGE, "br0", "ports", "port-add");
    check_bad(SPEC_BRIDGE, "br0", "ports:eth1", "port-add");
    check_bad(SPEC_BRIDGE, "br0", "fail_mod", "did you mean \"fail_mode\"?");
    check_bad(SPEC_PORT, "eth1", "external_ids:ovs-portd", "own mark");
    check_bad(SPEC_LINK, "lab", "tag", "PORT:KEY, where PORT is one of v0 "
              "and v1");
    check_bad(SPEC_LINK, "lab", "v:tag", "v0 and v1");
    check_bad(SPEC_LINK, "lab", "v0:queues", "queues: unknown key");
    check_bad(SPEC_LINK, "lab", "type", "delete it and add another");
    check_bad(SPEC_LINK, "lab", "ends", "v0 and v1");
}

static void
test_values(void **state OVS_UNUSED)
{
    struct smap values = SMAP_INITIALIZER(&values);
    struct keyed k;

    assert_null(find(SPEC_LINK, "lab", &k));
    keyed_values(&k, &values);
    assert_int_equal(smap_count(&values), 5);
    assert_string_equal(smap_get(&values, "type"), "veth");
    assert_string_equal(smap_get(&values, "v0:tag"), "3");
    assert_string_equal(smap_get(&values, "v1:port"), "v1");
    smap_clear(&values);
    keyed_destroy(&k);

    assert_null(find(SPEC_BRIDGE, "br0", &k));
    keyed_values(&k, &values);
    assert_int_equal(smap_count(&values), 1);
    assert_string_equal(smap_get(&values, "fail_mode"), "secure");
    smap_destroy(&values);
    keyed_destroy(&k);
}

/* Every key that a thing has can be given on the command line, and becomes
 * what the parser takes it for. */
static void
test_types(void **state OVS_UNUSED)
{
    static const struct {
        enum spec_thing thing;
        const char *key;
        const char *value;
        const char *json;
    } cases[] = {
        { SPEC_BRIDGE, "managed", "false", "false" },
        { SPEC_BRIDGE, "flood_vlans", "1,3-4", "[1, 3, 4]" },
        { SPEC_BRIDGE, "protocols", "OpenFlow13,OpenFlow14",
          "[\"OpenFlow13\", \"OpenFlow14\"]" },
        { SPEC_BRIDGE, "other_config:hwaddr", "x", "\"x\"" },
        { SPEC_PORT, "type", "internal", "\"internal\"" },
        { SPEC_PORT, "options:remote_ip", "192.0.2.1", "\"192.0.2.1\"" },
        { SPEC_BOND, "members", "a,b", "[\"a\", \"b\"]" },
        { SPEC_BOND, "bond_updelay", "100", "100" },
        { SPEC_LINK, "ends", "[1]", "[1]" },
        { SPEC_LINK, "ends", "word", "\"word\"" },
        { SPEC_PATCH_END, "tag", "5", "5" },
        { SPEC_VETH_END, "mtu", "1400", "1400" },
    };
    char *json, *error;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_null(key_to_json(cases[i].thing, cases[i].key, cases[i].value,
                                &json));
        assert_string_equal(json, cases[i].json);
        free(json);
    }
    error = key_to_json(SPEC_LINK, "ends", "[{", &json);
    assert_non_null(strstr(error, "no valid JSON"));
    free(error);
    error = key_to_json(SPEC_BOND, "external_ids:ovs-portd", "x", &json);
    assert_non_null(strstr(error, "own mark"));
    free(error);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_put),
        cmocka_unit_test(test_bad_keys),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
