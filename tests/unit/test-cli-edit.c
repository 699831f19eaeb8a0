/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "src/cli/nic-edit.h"
#include "src/cli/vlan.h"
#include "src/model/model.h"
#include "src/spec/spec.h"
#include "util.h"

/* A VM's file with one NIC that has 'keys' beside its MAC. */
static char *
vm_text(const char *keys)
{
    return xasprintf("{ \"version\": 1,\n"
                     "  \"nics\": {\n"
                     "    \"other\": {\"mac\": \"52:54:00:00:00:02\", "
                     "\"tag\":7},\n"
                     "    \"net0\": {\"mac\": \"52:54:00:00:00:01\"%s} } }\n",
                     keys);
}

enum command { TAG, TRUNKS, CLEAR };

static char *
run(struct nic_edit *e, enum command command, const char *a, const char *b)
{
    switch (command) {
    case TAG:
        return nic_edit_set_tag(e, a);
    case TRUNKS:
        return nic_edit_set_trunks(e, a, b);
    case CLEAR:
    default:
        return nic_edit_clear_vlan(e);
    }
}

/* The file must be valid, as every file is after an edit. */
static void
assert_valid(const char *text, const char *defaults)
{
    struct spec_defaults d = { .nic = CONST_CAST(char *, defaults) };
    struct spec_result result;

    spec_parse_vm("vms.d/vm1.json", text, strlen(text), &d, &result);
    assert_int_equal(result.errors.n, 0);
    assert_int_equal(result.n_objects, 2);
    spec_result_destroy(&result);
}

#define DEFAULTS(MORE) "{\"bridge\": \"br0\"" MORE "}"

static void
check(const char *before, const char *defaults, enum command command,
      const char *a, const char *b, const char *after)
{
    char *text = vm_text(before);
    char *expect = vm_text(after);
    struct nic_edit e = {
        .text = xstrdup(text), .nic = "net0", .defaults = defaults
    };

    assert_valid(text, defaults);
    assert_null(run(&e, command, a, b));
    assert_string_equal(e.text, expect);
    assert_valid(e.text, defaults);

    /* Once more changes nothing. */
    assert_null(run(&e, command, a, b));
    assert_string_equal(e.text, expect);
    free(e.text);
    free(expect);
    free(text);
}

static void
test_set_tag(void **state OVS_UNUSED)
{
    const char *plain = DEFAULTS("");

    check("", plain, TAG, "20", NULL, ", \"tag\": 20");
    check(", \"tag\":10", plain, TAG, "20", NULL, ", \"tag\":20");
    check(", \"tag\":  10 , \"mtu\": 1400", plain, TAG, "10", NULL,
          ", \"tag\":  10 , \"mtu\": 1400");
    check(", \"vlan_mode\": \"native-untagged\", \"trunks\":[3,2], "
          "\"tag\": 1", plain, TAG, "4", NULL,
          ", \"vlan_mode\": \"native-untagged\", \"trunks\":[3,2], "
          "\"tag\": 4");
    check(", \"vlan_mode\": \"dot1q-tunnel\", \"tag\": 1, \"cvlans\": [9]",
          plain, TAG, "4", NULL,
          ", \"vlan_mode\": \"dot1q-tunnel\", \"tag\": 4, \"cvlans\": [9]");
    /* "trunks": [] alone says that there is no VLAN. */
    check(", \"trunks\": []", plain, TAG, "4", NULL, ", \"tag\": 4");
}

/* Saying one VLAN key takes the others of the defaults away. */
static void
test_set_tag_defaults(void **state OVS_UNUSED)
{
    check("", DEFAULTS(", \"tag\": 5"), TAG, "6", NULL, ", \"tag\": 6");
    check("", DEFAULTS(", \"vlan_mode\": \"native-tagged\", \"tag\": 5, "
                       "\"trunks\": [8, 9]"), TAG, "6", NULL,
          ", \"vlan_mode\": \"native-tagged\", \"tag\": 6, "
          "\"trunks\": [8, 9]");
    check(", \"tag\": 3", DEFAULTS(", \"vlan_mode\": \"trunk\""), TAG, "6",
          NULL, ", \"tag\": 6");
}

static void
test_set_tag_trunk(void **state OVS_UNUSED)
{
    static const struct { const char *keys, *defaults; } cases[] = {
        { ", \"vlan_mode\": \"trunk\"", DEFAULTS("") },
        { ", \"vlan_mode\": \"tr\\u0075nk\"", DEFAULTS("") },
        { ", \"vlan_mode\": \"trunk\", \"trunks\": []", DEFAULTS("") },
        { ", \"trunks\": [10, 20]", DEFAULTS("") },
        { "", DEFAULTS(", \"trunks\": [10]") },
        { "", DEFAULTS(", \"vlan_mode\": \"trunk\"") },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char *text = vm_text(cases[i].keys);
        struct nic_edit e = {
            .text = xstrdup(text), .nic = "net0",
            .defaults = cases[i].defaults
        };
        char *error = nic_edit_set_tag(&e, "6");

        assert_non_null(error);
        assert_non_null(strstr(error, "trunk port"));
        assert_non_null(strstr(error, "nic-set-trunks"));
        assert_string_equal(e.text, text);
        free(error);
        free(e.text);
        free(text);
    }
}

static void
test_set_trunks(void **state OVS_UNUSED)
{
    const char *plain = DEFAULTS("");

    check("", plain, TRUNKS, "[1, 2]", NULL,
          ", \"vlan_mode\": \"trunk\", \"trunks\": [1, 2]");
    check("", plain, TRUNKS, "[1, 2]", "3",
          ", \"vlan_mode\": \"native-untagged\", \"tag\": 3, "
          "\"trunks\": [1, 2]");
    check(", \"tag\": 9, \"mtu\": 1400", plain, TRUNKS, "[1]", NULL,
          ", \"mtu\": 1400, \"vlan_mode\": \"trunk\", \"trunks\": [1]");
    check(", \"vlan_mode\": \"native-tagged\", \"tag\": 9", plain, TRUNKS,
          "[1]", "8",
          ", \"vlan_mode\": \"native-tagged\", \"tag\": 8, "
          "\"trunks\": [1]");
    check(", \"vlan_mode\": \"dot1q-tunnel\", \"tag\": 9, \"cvlans\": [2]",
          plain, TRUNKS, "[1]", NULL,
          ", \"vlan_mode\": \"trunk\", \"trunks\": [1]");
    /* Blanks are no difference. */
    check(", \"vlan_mode\":\"trunk\", \"trunks\":[1,2]", plain, TRUNKS,
          "[1, 2]", NULL, ", \"vlan_mode\":\"trunk\", \"trunks\":[1,2]");
}

static void
test_clear_vlan(void **state OVS_UNUSED)
{
    check(", \"tag\": 9", DEFAULTS(""), CLEAR, NULL, NULL, "");
    check("", DEFAULTS(""), CLEAR, NULL, NULL, "");
    check(", \"vlan_mode\": \"native-tagged\", \"tag\": 9, \"trunks\": [2]",
          DEFAULTS(""), CLEAR, NULL, NULL, "");
    check(", \"tag\": 9", DEFAULTS(", \"tag\": 5"), CLEAR, NULL, NULL,
          ", \"trunks\": []");
}

static void
test_names(void **state OVS_UNUSED)
{
    char *text = vm_text("");
    struct nic_edit e = { .text = text, .nic = "net0" };
    struct sset names = SSET_INITIALIZER(&names);

    assert_true(nic_edit_exists(&e));
    e.nic = "net1";
    assert_false(nic_edit_exists(&e));
    e.nic = "net0/mac";
    assert_false(nic_edit_exists(&e));
    nic_edit_names(text, &names);
    assert_int_equal(sset_count(&names), 2);
    assert_true(sset_contains(&names, "net0"));
    assert_true(sset_contains(&names, "other"));
    nic_edit_names("{\"nics\": [1]}", &names);
    nic_edit_names("nothing", &names);
    assert_int_equal(sset_count(&names), 2);
    sset_destroy(&names);
    free(text);
}

static void
check_list(const char *list, const char *expect)
{
    char *json;
    char *error = vlan_list_to_json(list, &json);

    if (expect) {
        assert_null(error);
        assert_string_equal(json, expect);
    } else {
        assert_non_null(error);
        assert_null(json);
    }
    free(error);
    free(json);
}

static void
test_vlan_list(void **state OVS_UNUSED)
{
    check_list("10", "[10]");
    check_list("20,10,010", "[10, 20]");
    check_list("0,4095", "[0, 4095]");
    check_list("30-32,31,5", "[5, 30, 31, 32]");
    check_list("7-7", "[7]");
    check_list("", NULL);
    check_list(",", NULL);
    check_list("10,", NULL);
    check_list("10 20", NULL);
    check_list("4096", NULL);
    check_list("1-4096", NULL);
    check_list("18446744073709551617", NULL);
    check_list("9-8", NULL);
    check_list("9-", NULL);
    check_list("-9", NULL);
    check_list("1-2-3", NULL);
    check_list("0x10", NULL);
}

static void
test_vlan(void **state OVS_UNUSED)
{
    static const char *const bad[] = {
        "", "x", "4096", "1x", "-1", "+1", " 1", "1,2", "4294967297"
    };
    char *json;

    assert_null(vlan_to_json("007", &json));
    assert_string_equal(json, "7");
    free(json);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        char *error = vlan_to_json(bad[i], &json);

        assert_non_null(error);
        assert_null(json);
        free(error);
    }
}

static void
check_describe(const char *mode, const char *tag, const char *trunks,
               const char *expect)
{
    struct model_row row;
    char *text;

    model_row_init(&row, MODEL_TABLE_PORT, "tap0");
    model_row_set(&row, "vlan_mode", mode);
    model_row_set(&row, "tag", tag);
    model_row_set(&row, "trunks", trunks);
    text = model_vlan_describe(&row);
    assert_string_equal(text, expect);
    free(text);
    model_row_destroy(&row);
}

static void
test_describe(void **state OVS_UNUSED)
{
    check_describe("", "", "", "-");
    check_describe("", "10", "", "10");
    check_describe("", "0", "", "0");
    check_describe("access", "10", "", "10");
    check_describe("", "", "10,20", "trunk 10,20");
    check_describe("trunk", "", "10,20", "trunk 10,20");
    check_describe("native-untagged", "10", "20,30",
                   "native-untagged 10 + 20,30");
    check_describe("native-tagged", "10", "", "native-tagged 10");
    check_describe("dot1q-tunnel", "10", "", "dot1q-tunnel 10");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set_tag),
        cmocka_unit_test(test_set_tag_defaults),
        cmocka_unit_test(test_set_tag_trunk),
        cmocka_unit_test(test_set_trunks),
        cmocka_unit_test(test_clear_vlan),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_vlan_list),
        cmocka_unit_test(test_vlan),
        cmocka_unit_test(test_describe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
