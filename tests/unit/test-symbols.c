/* SPDX-License-Identifier: Apache-2.0
 *
 * jansson and libopenvswitch export json_array(), json_equal(),
 * json_integer(), json_object(), json_real() and json_string() with different
 * meanings.  Each test calls one of them on both sides in one process. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "openvswitch/json.h"
#include "openvswitch/shash.h"
#include "tests/unit/test-symbols.h"

/* Fails with the jansson side's own words. */
static void
assert_jansson(const char *wrong)
{
    if (wrong) {
        fail_msg("jansson: %s", wrong);
    }
}

static void
test_array(void **state)
{
    struct json *json = json_array_create_empty();

    (void) state;
    json_array_add(json, json_integer_create(7));
    assert_int_equal(json->type, JSON_ARRAY);
    assert_int_equal(json_array(json)->n, 1);
    assert_int_equal(json_integer(json_array(json)->elems[0]), 7);
    json_destroy(json);
    assert_jansson(symbols_jansson_array());
}

static void
test_equal(void **state)
{
    struct json *a = json_from_string("{\"k\": [1, \"x\"]}");
    struct json *b = json_from_string("{\"k\": [1, \"x\"]}");
    struct json *c = json_from_string("{\"k\": [2, \"x\"]}");

    (void) state;
    assert_true(json_equal(a, b));
    assert_false(json_equal(a, c));
    json_destroy(a);
    json_destroy(b);
    json_destroy(c);
    assert_jansson(symbols_jansson_equal());
}

static void
test_integer(void **state)
{
    struct json *json = json_integer_create(4095);

    (void) state;
    assert_int_equal(json_integer(json), 4095);
    json_destroy(json);
    assert_jansson(symbols_jansson_integer());
}

static void
test_object(void **state)
{
    struct json *json = json_object_create();
    const struct json *tag;

    (void) state;
    json_object_put(json, "tag", json_integer_create(10));
    assert_int_equal(shash_count(json_object(json)), 1);
    tag = shash_find_data(json_object(json), "tag");
    assert_non_null(tag);
    assert_int_equal(json_integer(tag), 10);
    json_destroy(json);
    assert_jansson(symbols_jansson_object());
}

static void
test_real(void **state)
{
    struct json *json = json_real_create(0.5);

    (void) state;
    assert_true(json_real(json) > 0.25 && json_real(json) < 0.75);
    json_destroy(json);
    assert_jansson(symbols_jansson_real());
}

static void
test_string(void **state)
{
    struct json *json = json_string_create("tap0");

    (void) state;
    assert_string_equal(json_string(json), "tap0");
    json_destroy(json);
    assert_jansson(symbols_jansson_string());
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_array),
        cmocka_unit_test(test_equal),
        cmocka_unit_test(test_integer),
        cmocka_unit_test(test_object),
        cmocka_unit_test(test_real),
        cmocka_unit_test(test_string),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
