/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/spec/spec-private.h"

#include <stdlib.h>
#include <string.h>
#include "src/spec/text-private.h"
#include "util.h"

/* Returns the end of the token at 'pos'. */
static size_t
token_end(const char *text, size_t len, size_t pos)
{
    if (pos < len && text[pos] && strchr("{}[],:", text[pos])) {
        return pos + 1;
    }
    size_t end = text_skip_value(text, len, pos);
    return end > pos ? end : pos + 1;
}

/* The last token that starts before 'pos' and the one before it.  jansson
 * says where a token ends; people want to know where it starts. */
static void
find_token(const char *text, size_t len, size_t pos,
           size_t *token, size_t *previous)
{
    size_t p = text_skip_space(text, len, 0);

    *token = *previous = p;
    while (p < pos && p < len) {
        *previous = *token;
        *token = p;
        p = text_skip_space(text, len, token_end(text, len, p));
    }
}

/* What to expect instead of the token at 'token'. */
static const char *
expectation(const char *what, char found, char previous)
{
    if (found == '/' || found == '#') {
        return "JSON has no comments";
    } else if (!strncmp(what, "string or '}'", 13)) {
        return previous == ',' ? "expected a key in double quotes after "
               "\",\"" : "expected a key in double quotes or \"}\"";
    } else if (!strncmp(what, "':'", 3)) {
        return "expected \":\" after the key";
    } else if (!strncmp(what, "'}'", 3)) {
        return "expected \",\" or \"}\"";
    } else if (!strncmp(what, "']'", 3)) {
        return "expected \",\" or \"]\"";
    }
    return "expected a value";
}

static void
report_token(struct spec_report *r, const char *what, size_t pos,
             const char *expected)
{
    size_t token, previous;

    find_token(r->text, r->len, pos, &token, &previous);
    if (!expected) {
        expected = expectation(what, r->text[token],
                               previous < token ? r->text[previous] : 0);
    }

    size_t end = MIN(token_end(r->text, r->len, token), r->len);
    char *found = xmemdup0(r->text + token, end - token);
    char *quoted = spec_quote(found);

    /* A string brings quotes of its own. */
    if (*found == '"') {
        spec_error_offset(r, token, "%s, found %.*s", expected,
                          (int) strlen(quoted) - 2, quoted + 1);
    } else {
        spec_error_offset(r, token, "%s, found %s", expected, quoted);
    }
    free(quoted);
    free(found);
}

/* The value of the 4 hex digits of the "\u" escape at 'p', or -1. */
static int
unicode_escape(const char *p, const char *end)
{
    bool ok = false;
    unsigned int value = 0;

    if (end - p >= 6 && p[0] == '\\' && p[1] == 'u') {
        value = hexits_value(p + 2, 4, &ok);
    }
    return ok ? (int) value : -1;
}

/* What is wrong with the escape at '*p', or NULL; '*p' moves behind it. */
static const char *
check_escape(const char **p, const char *end)
{
    const char *escape = *p;
    int c, low;

    *p += 2;
    if (end - escape < 2 || !escape[1] || !strchr("\"\\/bfnrtu", escape[1])) {
        return "there is no such escape in JSON";
    } else if (escape[1] != 'u') {
        return NULL;
    }

    c = unicode_escape(escape, end);
    *p = escape + 6;
    if (c < 0) {
        return "\\u needs four hex digits";
    } else if (!c) {
        return "\\u0000 is not allowed in a string";
    } else if (c < 0xd800 || c >= 0xe000) {
        return NULL;
    }
    low = c < 0xdc00 ? unicode_escape(*p, end) : -1;
    *p += 6;
    return low >= 0xdc00 && low < 0xe000 ? NULL
           : "half of a surrogate pair is not a character";
}

/* Finds what jansson disliked in the string that it had read up to 'pos':
 * it says where it stopped, people want to know where the escape is. */
static void
report_escape(struct spec_report *r, size_t pos)
{
    size_t token, previous;
    const char *p, *end;

    find_token(r->text, r->len, pos, &token, &previous);
    p = r->text + token + 1;
    end = r->text + r->len;
    while (p < end && *p != '"') {
        const char *here = p;
        const char *problem = NULL;

        if (*p != '\\') {
            p++;
        } else {
            problem = check_escape(&p, end);
        }
        if (problem) {
            spec_error_offset(r, here - r->text, "%s", problem);
            return;
        }
    }
    spec_error_offset(r, token, "the string is not valid");
}

static void
report_syntax(struct spec_report *r, const json_error_t *e)
{
    size_t pos = e->position > 0 ? e->position : 0;
    int code = json_error_code(e); /* Many have nothing to do with a text. */

    pos = MIN(pos, r->len);
    switch (code) {
    case json_error_invalid_utf8:
        spec_error_offset(r, pos, "byte 0x%02x is not valid UTF-8",
                          pos < r->len ? (unsigned char) r->text[pos] : 0);
        break;
    case json_error_premature_end_of_input:
        spec_error_offset(r, r->len, "the text ends too early; a quote, "
                          "bracket or brace is not closed");
        break;
    case json_error_end_of_input_expected:
        report_token(r, e->text, pos, "nothing may follow the last brace");
        break;
    case json_error_null_character:
    case json_error_null_byte_in_key:
        report_escape(r, pos);
        break;
    case json_error_numeric_overflow:
        report_token(r, e->text, pos, "the number is too big for 64 bits");
        break;
    case json_error_invalid_syntax:
        if (!strncmp(e->text, "unexpected newline", 18)) {
            spec_error_offset(r, pos, "a string must end on its own line");
        } else if (!strncmp(e->text, "control character", 17)) {
            spec_error_offset(r, pos, "a control character must be written "
                              "as \\u%04x", pos < r->len
                              ? (unsigned char) r->text[pos] : 0);
        } else if (!strncmp(e->text, "invalid escape", 14)
                   || !strncmp(e->text, "invalid Unicode", 15)) {
            report_escape(r, pos);
        } else {
            report_token(r, e->text, pos, NULL);
        }
        break;
    default:
        spec_error_offset(r, pos, "%s", e->text);
        break;
    }
}

/* Reports nesting that is too deep: it would cost us stack. */
static bool
check_depth(struct spec_report *r)
{
    unsigned int depth = 0;
    bool in_string = false;

    for (size_t i = 0; i < r->len; i++) {
        char c = r->text[i];

        if (in_string) {
            if (c == '\\') {
                i++;
            } else if (c == '"') {
                in_string = false;
            }
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > SPEC_MAX_DEPTH) {
                spec_error_offset(r, i, "nested deeper than %d levels",
                                  SPEC_MAX_DEPTH);
                return false;
            }
        } else if ((c == '}' || c == ']') && depth) {
            depth--;
        }
    }
    return true;
}

static bool
check_bytes(struct spec_report *r)
{
    const char *nul = r->len ? memchr(r->text, '\0', r->len) : NULL;

    if (r->len > SPEC_MAX_BYTES) {
        spec_error_offset(r, 0, "larger than %d bytes", SPEC_MAX_BYTES);
    } else if (text_skip_space(r->text, r->len, 0) >= r->len) {
        spec_error_offset(r, 0, "is empty; it should hold a JSON object");
    } else if (r->len >= 3 && !memcmp(r->text, "\xef\xbb\xbf", 3)) {
        spec_error_offset(r, 0, "starts with a byte order mark; remove it");
    } else if (nul) {
        spec_error_offset(r, nul - r->text, "a NUL byte is not JSON");
    } else {
        return check_depth(r);
    }
    return false;
}

static void
report_duplicate(const char *pointer, size_t key_offset, void *r_)
{
    struct spec_report *r = r_;

    ds_put_cstr(&r->pointer, pointer);
    spec_error_offset(r, key_offset, "is given twice in one object");
    ds_clear(&r->pointer);
}

/* Another version has other rules, so nothing more is said about it. */
static bool
check_version(struct spec_report *r, json_t *root)
{
    json_t *version = json_object_get(root, "version");

    if (!version) {
        spec_error(r, "missing key \"version\": this program reads 1");
        return true;
    } else if (!json_is_number(version)) {
        spec_error_member(r, "version", "must be the integer 1");
        return true;
    } else if (json_number_value(version) != 1) {
        spec_error_member(r, "version", "is not supported: this program "
                          "reads 1");
        return false;
    }
    return true;
}

/* jansson stops at the first key that is given twice, without its place: where
 * there is one, all are reported, unless something worse is wrong. */
static json_t *
load(struct spec_report *r, json_error_t *error)
{
    json_t *root = json_loadb(r->text, r->len,
                              JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, error);

    if (!root && json_error_code(error) == json_error_duplicate_key) {
        root = json_loadb(r->text, r->len, JSON_DECODE_ANY, error);
        if (root) {
            text_duplicates(r->text, r->len, report_duplicate, r);
        }
    }
    return root;
}

json_t *
spec_load(struct spec_report *r)
{
    json_error_t error;
    json_t *root;

    if (!check_bytes(r)) {
        return NULL;
    }
    root = load(r, &error);
    if (!root) {
        report_syntax(r, &error);
        return NULL;
    }
    if (!spec_expect_object(r, root) || !check_version(r, root)) {
        json_decref(root);
        return NULL;
    }
    return root;
}
