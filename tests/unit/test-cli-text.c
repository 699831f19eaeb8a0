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
#include "random.h"
#include "src/cli/args.h"
#include "src/cli/diff.h"
#include "src/cli/near.h"
#include "src/cli/output.h"
#include "src/host/safe-text.h"
#include "src/model/model.h"
#include "unicode.h"
#include "util.h"

/* 'line' is split at blanks; what comes out is joined by blanks. */
static void
check_args(const char *line, const char *first, const char *rest)
{
    struct svec in = SVEC_EMPTY_INITIALIZER;
    struct svec a = SVEC_EMPTY_INITIALIZER;
    struct svec b = SVEC_EMPTY_INITIALIZER;

    svec_parse_words(&in, line);
    svec_terminate(&in);
    args_split(in.n, in.names, &a, &b);

    char *sa = svec_join(&a, " ", "");
    char *sb = svec_join(&b, " ", "");
    assert_string_equal(sa, first);
    assert_string_equal(sb, rest);
    assert_null(a.names[a.n]);
    assert_null(b.names[b.n]);
    free(sa);
    free(sb);
    svec_destroy(&in);
    svec_destroy(&a);
    svec_destroy(&b);
}

static void
test_args(void **state OVS_UNUSED)
{
    check_args("p", "p", "");
    check_args("p plan --exit-code", "p plan --exit-code", "");
    check_args("p retag a/b 1 --wait=db -- plan --exit-code",
               "p retag a/b 1 --wait=db", "-- --exit-code plan");
    check_args("p a -- b -1 --x c --y -- d", "p a",
               "-- --x --y b -1 c -- d");
    check_args("p a -- retag-all --from 1 --to=2 --vm v x -- b --from",
               "p a", "-- --from=1 --to=2 --vm=v retag-all x -- --from b");
    check_args("p -- a", "p", "-- a");
    check_args("p a -- -- b --", "p a", "-- -- b --");
}

static void
check_near(const char *name, const char *expect)
{
    struct sset names = SSET_INITIALIZER(&names);

    sset_add(&names, "vm1");
    sset_add(&names, "vm2");
    sset_add(&names, "vm3");
    sset_add(&names, "vm4");
    sset_add(&names, "database");
    char *near = near_miss(name, &names);
    assert_string_equal(near, expect);
    free(near);
    sset_destroy(&names);
}

static void
test_near(void **state OVS_UNUSED)
{
    char *longest = xasprintf("%0200d", 0);

    check_near("VM1", "; did you mean vm1 or vm2 or vm3?");
    check_near("databse", "; did you mean database?");
    check_near("dtaabase", "; did you mean database?");
    check_near("web", "");
    check_near("", "");
    check_near(longest, "");
    free(longest);
}

static void
check_diff(const char *old, const char *new, const char *expect)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    diff_format("f", old, new, &ds);
    assert_string_equal(ds_cstr(&ds), expect);
    ds_destroy(&ds);
}

/* The expectations are what GNU diff -U3 says. */
static void
test_diff(void **state OVS_UNUSED)
{
    check_diff("a\n", "a\n", "");
    check_diff(NULL, NULL, "");
    check_diff("a\n", "b\n", "--- f\n+++ f\n@@ -1,1 +1,1 @@\n-a\n+b\n");
    check_diff("", "b\n", "--- f\n+++ f\n@@ -0,0 +1,1 @@\n+b\n");
    check_diff(NULL, "b\n",
               "--- /dev/null\n+++ f\n@@ -0,0 +1,1 @@\n+b\n");
    check_diff("b\n", NULL,
               "--- f\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-b\n");
    check_diff("a\nb", "a\nb\n",
               "--- f\n+++ f\n@@ -1,2 +1,2 @@\n a\n-b\n"
               "\\ No newline at end of file\n+b\n");
    check_diff("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n6\n7\n8\n9\n",
               "--- f\n+++ f\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n"
               " 8\n");
    /* Two changes with six kept lines between them are one hunk, with seven
     * they are two. */
    check_diff("a\n1\n2\n3\n4\n5\n6\nb\n", "A\n1\n2\n3\n4\n5\n6\nB\n",
               "--- f\n+++ f\n@@ -1,8 +1,8 @@\n-a\n+A\n 1\n 2\n 3\n 4\n 5\n"
               " 6\n-b\n+B\n");
    check_diff("a\n1\n2\n3\n4\n5\n6\n7\nb\n", "A\n1\n2\n3\n4\n5\n6\n7\nB\n",
               "--- f\n+++ f\n@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n"
               "@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-b\n+B\n");
}

/* Whatever the texts, the diff's own lines give both of them back, where it
 * is one hunk from the first line on. */
static void
test_diff_random(void **state OVS_UNUSED)
{
    size_t n_checked = 0;

    random_set_seed(7);
    for (int round = 0; round < 2000; round++) {
        struct ds text[2] = { DS_EMPTY_INITIALIZER, DS_EMPTY_INITIALIZER };
        struct ds got[2] = { DS_EMPTY_INITIALIZER, DS_EMPTY_INITIALIZER };
        struct ds diff = DS_EMPTY_INITIALIZER;

        for (int side = 0; side < 2; side++) {
            for (int n = random_range(7); n > 0; n--) {
                ds_put_format(&text[side], "%c\n", 'a' + random_range(3));
            }
        }
        diff_format("f", ds_cstr(&text[0]), ds_cstr(&text[1]), &diff);

        char *save = NULL;
        for (char *line = strtok_r(ds_cstr(&diff), "\n", &save); line;
             line = strtok_r(NULL, "\n", &save)) {
            if (!strncmp(line, "---", 3) || !strncmp(line, "+++", 3)
                || *line == '@') {
                continue;
            }
            if (*line != '+') {
                ds_put_format(&got[0], "%s\n", line + 1);
            }
            if (*line != '-') {
                ds_put_format(&got[1], "%s\n", line + 1);
            }
        }
        /* At most six lines: a kept head or tail of more than three lines
         * is left out, and makes both shorter by as much. */
        size_t cut = text[0].length - got[0].length;
        assert_int_equal(text[1].length - got[1].length, cut);
        if (!cut) {
            assert_string_equal(ds_cstr(&got[0]), ds_cstr(&text[0]));
            assert_string_equal(ds_cstr(&got[1]), ds_cstr(&text[1]));
            n_checked++;
        }
        ds_destroy(&diff);
        for (int side = 0; side < 2; side++) {
            ds_destroy(&text[side]);
            ds_destroy(&got[side]);
        }
    }
    assert_true(n_checked > 1000);
}

static const char *const headings[] = { "nic", "state", "text", NULL };

static void
check_output(const struct output_style *style, const char *expect)
{
    struct ds ds = DS_EMPTY_INITIALIZER;
    struct output o;

    output_init(&o, headings);
    o.text_last = true;
    output_text(&o, "vm1/net0");
    output_text(&o, "ready");
    output_text(&o, "");
    output_text(&o, "a/b");
    output_text(&o, "error");
    output_text(&o, "bad\033[31m\nthing");
    assert_null(output_format(&o, style, &ds));
    assert_string_equal(ds_cstr(&ds), expect);
    ds_destroy(&ds);
    output_destroy(&o);
}

static void
test_output(void **state OVS_UNUSED)
{
    struct table_style csv = { TF_CSV, CF_STRING, true, 0, 0 };

    check_output(&(struct output_style) { .headings = true },
                 "NIC       STATE\n"
                 "vm1/net0  ready\n"
                 "a/b       error  bad\\x1b[31m\\x0athing\n");
    check_output(&(struct output_style) { .headings = false },
                 "vm1/net0  ready\n"
                 "a/b       error  bad\\x1b[31m\\x0athing\n");
    check_output(&(struct output_style) { .columns = "state,nic" },
                 "ready  vm1/net0\n"
                 "error  a/b\n");
    check_output(&(struct output_style) { .columns = "STATE",
                                          .color = true },
                 "\033[32mready\033[0m\n"
                 "\033[31merror\033[0m\n");
    check_output(&(struct output_style) { .columns = "nic",
                                          .table = &csv },
                 "nic\nvm1/net0\na/b\n");
}

static void
test_output_wide(void **state OVS_UNUSED)
{
    struct output_style style = { .headings = false };
    char *wide = xasprintf("%090d", 0);
    char *expect = xasprintf("vm1/net0  ready\n    %s\n", wide);
    struct ds ds = DS_EMPTY_INITIALIZER;
    struct output o;

    output_init(&o, headings);
    o.text_last = true;
    output_text(&o, "vm1/net0");
    output_text(&o, "ready");
    output_text(&o, wide);
    assert_null(output_format(&o, &style, &ds));
    assert_string_equal(ds_cstr(&ds), expect);

    style.columns = "nic,foo";
    char *error = output_format(&o, &style, &ds);
    assert_non_null(error);
    assert_non_null(strstr(error, "\"foo\""));
    assert_non_null(strstr(error, "nic,state,text"));
    free(error);
    ds_destroy(&ds);
    output_destroy(&o);
    free(expect);
    free(wide);
}

static void
check_shorten(const char *s, size_t width, const char *expect)
{
    char *got = output_shorten(s, width);

    assert_string_equal(got, expect);
    free(got);
}

static void
test_shorten(void **state OVS_UNUSED)
{
    check_shorten("", 5, "");
    check_shorten("12345", 5, "12345");
    check_shorten("123456", 5, "12…56");
    check_shorten("1234567", 6, "12…567");
    check_shorten("äöüäöü", 5, "äö…öü");
}

/* A line is never wider than it may be, whatever is in it. */
static void
test_output_fits(void **state OVS_UNUSED)
{
    static const char *const wide[] = {
        "nic", "ifname", "vlan", "state", "text", NULL
    };
    struct output_style style = { .headings = true };
    char *name = xasprintf("%063d/%063d", 1, 2);
    char *word = xasprintf("%0300d why", 0);
    struct ds ds = DS_EMPTY_INITIALIZER;
    struct output o;
    char *save = NULL;
    size_t n = 0;

    output_init(&o, wide);
    o.text_last = true;
    output_text(&o, name);
    output_text(&o, "tap0");
    output_text(&o, name);
    output_text(&o, "quarantined");
    output_text(&o, word);
    assert_null(output_format(&o, &style, &ds));
    for (char *line = strtok_r(ds_cstr(&ds), "\n", &save); line;
         line = strtok_r(NULL, "\n", &save)) {
        /* Two characters "…" of three bytes. */
        assert_true(strlen(line) <= OUTPUT_WIDTH + 4);
        n++;
    }
    assert_int_equal(n, 6);
    ds_destroy(&ds);
    output_destroy(&o);
    free(word);
    free(name);
}

static void
check_folded(const char *text, const char *expect)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    ds_put_cstr(&ds, "12345");
    output_put_folded(&ds, text, 5, 2, 10);
    assert_string_equal(ds_cstr(&ds), expect);
    ds_destroy(&ds);
}

static void
test_folded(void **state OVS_UNUSED)
{
    check_folded("", "12345");
    check_folded("abcde", "12345abcde");
    check_folded("a b c d", "12345a b c\n  d");
    check_folded("abcdefghijkl m", "12345abcde\n  fghijkl\n  m");
    /* Characters count, not bytes. */
    check_folded("\u00e4\u00f6\u00fc d e", "12345\u00e4\u00f6\u00fc d\n  e");
}

static void
test_states(void **state)
{
    (void) state;
    for (enum model_state s = 0; s < MODEL_N_STATES; s++) {
        assert_int_equal(model_state_from_name(model_state_name(s)), s);
    }
    assert_int_equal(model_state_from_name(""), MODEL_N_STATES);
    assert_int_equal(model_state_from_name("Ready"), MODEL_N_STATES);
    assert_int_equal(model_state_from_name("standby"), MODEL_N_STATES);
}

static void
check_safe(const char *text, const char *shown)
{
    struct ds ds = DS_EMPTY_INITIALIZER;
    struct json *json = json_array_create_1(json_string_create(text));
    char *error;

    output_put_safe(&ds, text);
    assert_string_equal(ds_cstr(&ds), shown);

    /* JSON may have control characters, but it is UTF-8. */
    ds_clear(&ds);
    safe_text_put_json(&ds, json, 0);
    error = utf8_validate(ds_cstr(&ds), NULL);
    assert_null(error);
    json_destroy(json);
    json = json_from_string(ds_cstr(&ds));
    assert_int_equal(json->type, JSON_ARRAY);
    json_destroy(json);
    ds_destroy(&ds);
}

static void
test_safe(void **state OVS_UNUSED)
{
    char *safe = safe_text("a\nb\033", true);

    assert_string_equal(safe, "a\nb\\x1b");
    free(safe);
    check_safe("", "");
    check_safe("plain \\ \"quoted\"", "plain \\ \"quoted\"");
    check_safe("\033[31m\x7f\n", "\\x1b[31m\\x7f\\x0a");
    check_safe("\u00e4\u20ac\U0001f600", "\u00e4\u20ac\U0001f600");
    check_safe("\u00a0", "\u00a0");
    /* CSI as one character. */
    check_safe("\xc2\x9b" "1m", "\\xc2\\x9b1m");
    check_safe("a\xff" "b", "a\\xffb");
    check_safe("\xe2\x82", "\\xe2\\x82");
    check_safe("\xe2\x82z", "\\xe2\\x82z");
    /* "/" in too many bytes, a surrogate, beyond Unicode. */
    check_safe("\xc0\xaf", "\\xc0\\xaf");
    check_safe("\xe0\x80\xaf", "\\xe0\\x80\\xaf");
    check_safe("\xed\xa0\x80", "\\xed\\xa0\\x80");
    check_safe("\xf0\x8f\xbf\xbf", "\\xf0\\x8f\\xbf\\xbf");
    check_safe("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_args),
        cmocka_unit_test(test_near),
        cmocka_unit_test(test_diff),
        cmocka_unit_test(test_diff_random),
        cmocka_unit_test(test_output),
        cmocka_unit_test(test_output_wide),
        cmocka_unit_test(test_shorten),
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_safe),
        cmocka_unit_test(test_output_fits),
        cmocka_unit_test(test_folded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
