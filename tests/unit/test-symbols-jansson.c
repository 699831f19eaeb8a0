/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "tests/unit/test-symbols.h"

#include <string.h>

#include "src/spec/jansson-private.h"

#define CHECK(EXPR) do { if (!(EXPR)) { return #EXPR; } } while (0)

const char *
symbols_jansson_array(void)
{
    json_t *array = json_array();

    CHECK(json_is_array(array));
    CHECK(!json_array_append_new(array, json_true()));
    CHECK(json_array_size(array) == 1);
    CHECK(json_is_true(json_array_get(array, 0)));
    json_decref(array);
    return NULL;
}

const char *
symbols_jansson_equal(void)
{
    json_t *a = json_pack("{s:[i,s]}", "k", 1, "x");
    json_t *b = json_pack("{s:[i,s]}", "k", 1, "x");
    json_t *c = json_pack("{s:[i,s]}", "k", 2, "x");

    CHECK(a && b && c);
    CHECK(json_equal(a, b));
    CHECK(!json_equal(a, c));
    json_decref(a);
    json_decref(b);
    json_decref(c);
    return NULL;
}

const char *
symbols_jansson_integer(void)
{
    json_t *integer = json_integer(4095);

    CHECK(json_is_integer(integer));
    CHECK(json_integer_value(integer) == 4095);
    json_decref(integer);
    return NULL;
}

const char *
symbols_jansson_object(void)
{
    json_error_t error;
    json_t *object = json_object();
    json_t *loaded = json_loads("{\"tag\": 10}", JSON_REJECT_DUPLICATES,
                                &error);

    CHECK(json_is_object(object));
    CHECK(!json_object_set_new(object, "tag", json_integer(10)));
    CHECK(json_object_size(object) == 1);
    CHECK(json_equal(object, loaded));
    json_decref(object);
    json_decref(loaded);
    return NULL;
}

const char *
symbols_jansson_real(void)
{
    json_t *real = json_real(0.5);

    CHECK(json_is_real(real));
    CHECK(json_real_value(real) > 0.25 && json_real_value(real) < 0.75);
    json_decref(real);
    return NULL;
}

const char *
symbols_jansson_string(void)
{
    json_t *string = json_string("tap0");

    CHECK(json_is_string(string));
    CHECK(!strcmp(json_string_value(string), "tap0"));
    json_decref(string);
    return NULL;
}
