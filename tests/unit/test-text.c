/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "src/spec/text.h"
#include "svec.h"
#include "util.h"

static void
check_find(const char *text, const char *pointer, const char *value)
{
    struct text_span span;

    if (!text_find(text, strlen(text), pointer, &span)) {
        if (value) {
            fail_msg("%s: not found in %s", pointer, text);
        }
        return;
    }
    if (!value) {
        fail_msg("%s: found in %s", pointer, text);
    }

    char *got = xmemdup0(text + span.start, span.end - span.start);

    assert_string_equal(got, value);
    free(got);
}

static void
test_find(void **state OVS_UNUSED)
{
    const char *t = "{ \"a\": {\"b/c\": [1, {\"d\" : true}, \"x]\"],"
                    "\"m~n\":null},\n\"a\\u0062\\n\": -1.5e3 , \"\": 7}";

    check_find(t, "", t);
    check_find(t, "/a/b~1c", "[1, {\"d\" : true}, \"x]\"]");
    check_find(t, "/a/b~1c/0", "1");
    check_find(t, "/a/b~1c/1/d", "true");
    check_find(t, "/a/b~1c/2", "\"x]\"");
    check_find(t, "/a/b~1c/3", NULL);
    check_find(t, "/a/b~1c/00", NULL);
    check_find(t, "/a/b~1c/-", NULL);
    check_find(t, "/a/m~0n", "null");
    check_find(t, "/ab\n", "-1.5e3");
    check_find(t, "/", "7");
    check_find(t, "/a/x", NULL);
    check_find(t, "/a/m~0n/x", NULL);
    check_find(t, "a", NULL);
    check_find("", "", NULL);
    check_find("  5 ", "", "5");
    /* The last of equal keys is the one that counts. */
    check_find("{\"k\":1,\"\\u006b\":2}", "/k", "2");
    check_find("{\"\\ud83d\\ude00\":3}", "/\xf0\x9f\x98\x80", "3");

    struct text_span span;
    assert_true(text_find(t, strlen(t), "/a/m~0n", &span));
    assert_int_equal(t[span.key], '"');
    assert_int_equal(t[span.key + 1], 'm');
    assert_true(text_find(t, strlen(t), "/a/b~1c/0", &span));
    assert_int_equal(span.key, span.start);
}

/* Text that is cut off anywhere, or is not JSON, is walked without harm. */
static void
test_find_in_rubbish(void **state OVS_UNUSED)
{
    const char *t = "{\"a\": [1, {\"b\": \"c\\u00e4\\\\\"}],"
                    " \"z\": {\"y\": 2}}";
    static const char *const rubbish[] = {
        "{", "[", "\"", "{\"", "{\"a", "{\"a\"", "{\"a\":", "{\"a\":}",
        "{,}", "{\"a\" 1}", "[,]", "[1,", "}", "]", ":", ",", "{\"a\":,}",
        "{\"a\":\"\\", "{\"a\":\"\\u", "{\"a\":\"\\u12\"}", "[[[[", "{]",
        "{\"\\ud800\":1}", "\\", "{\"a\":1]",
    };
    struct text_span span;
    char *out;

    for (size_t n = 0; n <= strlen(t); n++) {
        /* A heap copy, so that reading too far is seen. */
        char *copy = xmemdup(t, n ? n : 1);

        text_find(copy, n, "/z/y", &span);
        text_find(copy, n, "/a/1/b", &span);
        free(text_set(copy, n, "/a/1/n", "5", &out));
        free(out);
        free(text_set(copy, n, "/q/r", "5", &out));
        free(out);
        free(text_remove(copy, n, "/a/1/b", &out));
        free(out);
        free(copy);
    }
    for (size_t i = 0; i < ARRAY_SIZE(rubbish); i++) {
        size_t n = strlen(rubbish[i]);

        text_find(rubbish[i], n, "/a", &span);
        free(text_set(rubbish[i], n, "/a/b", "1", &out));
        free(out);
        free(text_remove(rubbish[i], n, "/a", &out));
        free(out);
    }
}

static void
check_position(const char *text, size_t offset, unsigned int want_line,
               unsigned int want_column)
{
    unsigned int line, column;

    text_position(text, strlen(text), offset, &line, &column);
    assert_int_equal(line, want_line);
    assert_int_equal(column, want_column);
}

static void
test_position(void **state OVS_UNUSED)
{
    check_position("", 0, 1, 1);
    check_position("abc", 2, 1, 3);
    check_position("a\nbc", 1, 1, 2);
    check_position("a\nbc", 2, 2, 1);
    check_position("a\r\nbc", 4, 2, 2);
    /* An umlaut is one column, also when asked for its second byte. */
    check_position("\xc3\xa4x", 0, 1, 1);
    check_position("\xc3\xa4x", 1, 1, 1);
    check_position("\xc3\xa4x", 2, 1, 2);
    check_position("\xf0\x9f\x98\x80x", 4, 1, 2);
    /* Beyond the end is the end. */
    check_position("ab", 99, 1, 3);
}

static void
add_duplicate(const char *pointer, size_t offset, void *found_)
{
    char *s = xasprintf("%s@%"PRIuSIZE, pointer, offset);

    svec_add_nocopy(found_, s);
}

static void
check_duplicates(const char *text, const char *want)
{
    struct svec found = SVEC_EMPTY_INITIALIZER;
    char *s;

    text_duplicates(text, strlen(text), add_duplicate, &found);
    s = svec_join(&found, " ", "");
    assert_string_equal(s, want);
    free(s);
    svec_destroy(&found);
}

static void
test_duplicates(void **state OVS_UNUSED)
{
    check_duplicates("{\"a\":1,\"b\":2}", "");
    check_duplicates("{\"a\":1,\"a\":2}", "/a@7");
    check_duplicates("{\"a\":1,\"\\u0061\":2}", "/a@7");
    check_duplicates("{\"a\":1,\"a\":2,\"a\":3}", "/a@7 /a@13");
    check_duplicates("[{\"a\":{}},{\"a\":{\"b\":1,\"b\":2}}]", "/1/a/b@22");
    check_duplicates("{\"x\":{\"a\":1},\"y\":{\"a\":1}}", "");
    check_duplicates("{\"a\":1,\"a\"", "");
    check_duplicates("", "");
}

static void
check_set(const char *text, const char *pointer, const char *value,
          const char *want)
{
    char *out;
    char *error = text_set(text, strlen(text), pointer, value, &out);

    if (error) {
        fail_msg("%s", error);
    }
    assert_string_equal(out, want);
    free(out);
}

static void
test_set_replaces(void **state OVS_UNUSED)
{
    check_set("{\"a\" : 1 ,\n\t\"b\":[2, 3] }\n", "/a", "10",
              "{\"a\" : 10 ,\n\t\"b\":[2, 3] }\n");
    check_set("{\"a\" : 1 ,\n\t\"b\":[2, 3] }\n", "/b/1", "{}",
              "{\"a\" : 1 ,\n\t\"b\":[2, {}] }\n");
    check_set(" {} \n", "", "[]", " [] \n");
}

static void
test_set_adds(void **state OVS_UNUSED)
{
    /* On a line of its own, indented like the others. */
    check_set("{\n  \"a\": 1\n}\n", "/b", "2",
              "{\n  \"a\": 1,\n  \"b\": 2\n}\n");
    check_set("{\r\n\t\"a\": 1\r\n}\r\n", "/b/c", "2",
              "{\r\n\t\"a\": 1,\r\n\t\"b\": {\r\n\t\t\"c\": 2\r\n\t}\r\n}"
              "\r\n");
    /* On the same line, with or without spaces. */
    check_set("{\"a\": 1}", "/b", "2", "{\"a\": 1, \"b\": 2}");
    check_set("{\"a\":1}", "/b", "2", "{\"a\":1,\"b\":2}");
    check_set("{\"a\":1}", "/b/c", "2", "{\"a\":1,\"b\":{\"c\":2}}");
    check_set("{ \"a\": 1 }", "/b", "2", "{ \"a\": 1, \"b\": 2 }");
    /* Two layouts in one text: the nearest sibling is the example. */
    check_set("{\n  \"n\": { \"x\": 1,\n         \"y\": 2 }\n}", "/n/z", "3",
              "{\n  \"n\": { \"x\": 1,\n         \"y\": 2,\n"
              "         \"z\": 3 }\n}");
    check_set("{\n  \"n\": {\"x\": 1}\n}", "/n/z", "3",
              "{\n  \"n\": {\"x\": 1, \"z\": 3}\n}");
}

static void
test_set_adds_to_empty(void **state OVS_UNUSED)
{
    check_set("{}", "/a", "1", "{\n    \"a\": 1\n}");
    check_set("{ }\n", "/a/b", "1",
              "{\n    \"a\": {\n        \"b\": 1\n    }\n}\n");
    check_set("{\n  \"a\": {}\n}", "/a/b", "1",
              "{\n  \"a\": {\n    \"b\": 1\n  }\n}");
    check_set("{\n  \"a\": {\n  }\n}", "/a/b", "1",
              "{\n  \"a\": {\n    \"b\": 1\n  }\n}");
    check_set("{\n  \"a\": {\"b\": {}}\n}", "/a/b/c", "1",
              "{\n  \"a\": {\"b\": {\"c\": 1}}\n}");
    check_set("{\"v\":1,\"a\":{}}", "/a/b", "1",
              "{\"v\":1,\"a\":{\"b\": 1}}");
    /* The key is escaped as JSON wants it. */
    check_set("{}", "/q~0\"~1\n", "1", "{\n    \"q~\\\"/\\n\": 1\n}");
}

static void
check_no_set(const char *text, const char *pointer)
{
    char *out;
    char *error = text_set(text, strlen(text), pointer, "1", &out);

    assert_non_null(error);
    assert_null(out);
    free(error);
}

static void
test_set_refuses(void **state OVS_UNUSED)
{
    check_no_set("", "");
    check_no_set("", "/a");
    check_no_set("{}", "a");
    check_no_set("[1]", "/1");
    check_no_set("{\"a\": 5}", "/a/b");
    check_no_set("{\"a\": [{}]}", "/a/1/b");
    check_no_set("{\"a\": {", "/a/b");
}

static void
check_remove(const char *text, const char *pointer, const char *want)
{
    char *out;
    char *error = text_remove(text, strlen(text), pointer, &out);

    if (error) {
        fail_msg("%s", error);
    }
    assert_string_equal(out, want);
    free(out);
}

static void
test_remove(void **state OVS_UNUSED)
{
    const char *lines = "{\n  \"a\": 1,\n  \"b\": 2,\n  \"c\": 3\n}\n";

    check_remove(lines, "/a", "{\n  \"b\": 2,\n  \"c\": 3\n}\n");
    check_remove(lines, "/b", "{\n  \"a\": 1,\n  \"c\": 3\n}\n");
    check_remove(lines, "/c", "{\n  \"a\": 1,\n  \"b\": 2\n}\n");
    check_remove(lines, "/d", lines);
    check_remove("{ \"a\": 1, \"b\": 2 }", "/a", "{ \"b\": 2 }");
    check_remove("{ \"a\": 1, \"b\": 2 }", "/b", "{ \"a\": 1 }");
    check_remove("{\"a\":1,\"b\":2,\"c\":3}", "/b", "{\"a\":1,\"c\":3}");
    check_remove("{\n  \"a\": 1\n}", "/a", "{}");
    check_remove("{ \"a\": [1, 2, 3] }", "/a/1", "{ \"a\": [1, 3] }");
    /* The line breaks of the neighbours stay. */
    check_remove("{ \"a\": 1, \"b\": 2,\n  \"c\": 3 }", "/b",
                 "{ \"a\": 1,\n  \"c\": 3 }");
    check_remove("{ \"a\": 1,\n  \"b\": 2, \"c\": 3 }", "/b",
                 "{ \"a\": 1,\n  \"c\": 3 }");
    check_remove("{ \"a\": 1,\n  \"b\": 2 }", "/a", "{ \"b\": 2 }");

    char *out;
    char *error = text_remove("{}", 2, "", &out);
    assert_non_null(error);
    free(error);
    error = text_remove("{}", 2, "a", &out);
    assert_non_null(error);
    free(error);
}

/* Adding and removing leaves the text as it was. */
static void
test_set_then_remove(void **state OVS_UNUSED)
{
    static const char *const texts[] = {
        "{\n  \"a\": 1\n}\n", "{\"a\":1}", "{ \"a\": 1 }",
        "{\n\t\"a\": {\"x\": [1,\n2]}\n}", "{ \"v\": 1,\n  \"a\": 5 }",
    };

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        char *with, *without;

        assert_null(text_set(texts[i], strlen(texts[i]), "/new/deep",
                             "\"value\"", &with));
        check_find(with, "/new/deep", "\"value\"");
        assert_null(text_remove(with, strlen(with), "/new", &without));
        assert_string_equal(without, texts[i]);
        free(with);
        free(without);
    }
}

static void
test_pointer(void **state OVS_UNUSED)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    text_pointer_append(&ds, "a/b");
    text_pointer_append(&ds, "");
    text_pointer_append(&ds, "~1");
    assert_string_equal(ds_cstr(&ds), "/a~1b//~01");
    ds_clear(&ds);
    text_quote(&ds, "a\"\\\n\x01\xc3\xa4");
    assert_string_equal(ds_cstr(&ds), "\"a\\\"\\\\\\n\\u0001\xc3\xa4\"");
    ds_destroy(&ds);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_find_in_rubbish),
        cmocka_unit_test(test_position),
        cmocka_unit_test(test_duplicates),
        cmocka_unit_test(test_set_replaces),
        cmocka_unit_test(test_set_adds),
        cmocka_unit_test(test_set_adds_to_empty),
        cmocka_unit_test(test_set_refuses),
        cmocka_unit_test(test_remove),
        cmocka_unit_test(test_set_then_remove),
        cmocka_unit_test(test_pointer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
