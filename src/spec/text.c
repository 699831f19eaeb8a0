/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/spec/text-private.h"

#include <string.h>
#include "sset.h"
#include "util.h"

/* How deep text_duplicates() goes.  Each level costs another walk over the
 * text, and specs are refused at SPEC_MAX_DEPTH already. */
#define TEXT_MAX_DEPTH 64

static bool
is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

size_t
text_skip_space(const char *text, size_t len, size_t pos)
{
    while (pos < len && is_space(text[pos])) {
        pos++;
    }
    return pos;
}

/* Returns the offset behind the string whose first quote is at 'pos'. */
static size_t
skip_string(const char *text, size_t len, size_t pos)
{
    for (pos++; pos < len; pos++) {
        if (text[pos] == '"') {
            return pos + 1;
        } else if (text[pos] == '\\') {
            pos++;
        }
    }
    return len;
}

static bool
ends_word(char c)
{
    return is_space(c) || (c && strchr(",:[]{}\"", c));
}

/* Returns the offset behind the object or array whose bracket is at 'pos'. */
static size_t
skip_container(const char *text, size_t len, size_t pos)
{
    static const bool matters[UINT8_MAX + 1] = {
        ['"'] = true, ['{'] = true, ['['] = true, ['}'] = true, [']'] = true
    };
    size_t depth = 0;

    /* A counter is enough: that brackets match is jansson's affair. */
    while (pos < len) {
        unsigned char c = text[pos];

        if (!matters[c]) {
            pos++;
        } else if (c == '"') {
            pos = skip_string(text, len, pos);
        } else {
            pos++;
            depth += c == '{' || c == '[' ? 1 : -1;
            if (!depth) {
                break;
            }
        }
    }
    return pos;
}

size_t
text_skip_value(const char *text, size_t len, size_t pos)
{
    pos = text_skip_space(text, len, pos);
    if (pos >= len) {
        return pos;
    }
    switch (text[pos]) {
    case '"':
        return skip_string(text, len, pos);
    case '{':
    case '[':
        return skip_container(text, len, pos);
    case '}':
    case ']':
    case ',':
    case ':':
        return pos;
    default:
        while (pos < len && !ends_word(text[pos])) {
            pos++;
        }
        return pos;
    }
}

bool
text_next(const char *text, size_t len, bool is_object, size_t *pos,
          struct text_member *m)
{
    size_t p = text_skip_space(text, len, *pos);

    m->before = *pos;
    *pos = p;
    if (p >= len || text[p] == '}' || text[p] == ']') {
        return false;
    }

    m->key = m->key_end = p;
    if (is_object) {
        if (text[p] != '"') {
            return false;
        }
        m->key_end = skip_string(text, len, p);
        p = text_skip_space(text, len, m->key_end);
        if (p >= len || text[p] != ':') {
            return false;
        }
        p = text_skip_space(text, len, p + 1);
    }
    m->start = p;
    m->end = text_skip_value(text, len, p);
    if (m->end <= m->start) {
        return false;
    }
    m->after = text_skip_space(text, len, m->end);
    *pos = m->after < len && text[m->after] == ',' ? m->after + 1 : m->after;
    return true;
}

/* Reads 4 hex digits at 'p', before 'end'; -1 if they are not there. */
static int
hex4(const char *p, const char *end)
{
    bool ok;

    if (end - p < 4) {
        return -1;
    }
    unsigned int value = hexits_value(p, 4, &ok);
    return ok ? (int) value : -1;
}

static void
put_utf8(struct ds *ds, unsigned int c)
{
    if (c < 0x80) {
        ds_put_char(ds, c);
    } else if (c < 0x800) {
        ds_put_char(ds, 0xc0 | c >> 6);
        ds_put_char(ds, 0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        ds_put_char(ds, 0xe0 | c >> 12);
        ds_put_char(ds, 0x80 | (c >> 6 & 0x3f));
        ds_put_char(ds, 0x80 | (c & 0x3f));
    } else {
        ds_put_char(ds, 0xf0 | c >> 18);
        ds_put_char(ds, 0x80 | (c >> 12 & 0x3f));
        ds_put_char(ds, 0x80 | (c >> 6 & 0x3f));
        ds_put_char(ds, 0x80 | (c & 0x3f));
    }
}

/* Appends what the "\u" escape with its digits at 'p' stands for.  Returns
 * the pointer behind it, or NULL if it is none. */
static const char *
unquote_unicode(const char *p, const char *end, struct ds *ds)
{
    int high = hex4(p, end);

    if (high < 0) {
        return NULL;
    }
    p += 4;
    if (high >= 0xd800 && high < 0xdc00 && end - p >= 6
        && p[0] == '\\' && p[1] == 'u') {
        int low = hex4(p + 2, end);

        if (low >= 0xdc00 && low < 0xe000) {
            put_utf8(ds, 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
            return p + 6;
        }
    }
    put_utf8(ds, high);
    return p;
}

void
text_unquote(const char *text, size_t start, size_t end, struct ds *ds)
{
    static const char from[] = "bfnrt";
    static const char to[] = "\b\f\n\r\t";
    const char *p = text + start + 1;
    const char *e = text + end;

    if (e > p && e[-1] == '"') {
        e--;
    }
    while (p < e) {
        if (*p != '\\' || e - p < 2) {
            ds_put_char(ds, *p++);
            continue;
        }

        char c = p[1];
        const char *simple = c ? strchr(from, c) : NULL;

        p += 2;
        if (c == 'u') {
            const char *next = unquote_unicode(p, e, ds);

            if (next) {
                p = next;
                continue;
            }
        }
        ds_put_char(ds, simple ? to[simple - from] : c);
    }
}

bool
text_pointer_next(const char **pointer, struct ds *token)
{
    const char *p = *pointer;

    ds_clear(token);
    if (*p != '/') {
        return false;
    }
    for (p++; *p && *p != '/'; p++) {
        if (*p == '~' && (p[1] == '0' || p[1] == '1')) {
            ds_put_char(token, *++p == '0' ? '~' : '/');
        } else {
            ds_put_char(token, *p);
        }
    }
    *pointer = p;
    return true;
}

/* Compares a key as it stands in the text with 'token'. */
static bool
key_equals(const char *text, const struct text_member *m,
           const struct ds *token, struct ds *scratch)
{
    size_t len = m->key_end - m->key;

    if (!memchr(text + m->key, '\\', len)) {
        return len == token->length + 2
               && !memcmp(text + m->key + 1, ds_cstr_ro(token),
                          token->length);
    }
    ds_clear(scratch);
    text_unquote(text, m->key, m->key_end, scratch);
    return scratch->length == token->length
           && !memcmp(ds_cstr(scratch), ds_cstr_ro(token), token->length);
}

/* An array index as RFC 6901 writes it. */
static bool
parse_index(const char *token, size_t *index)
{
    unsigned long long value;

    if (!*token || (token[0] == '0' && token[1])
        || strspn(token, "0123456789") != strlen(token)
        || !str_to_ullong(token, 10, &value) || value > SIZE_MAX) {
        return false;
    }
    *index = value;
    return true;
}

bool
text_child(const char *text, size_t len, size_t pos, const char *token,
           struct text_member *found)
{
    struct ds scratch = DS_EMPTY_INITIALIZER;
    struct ds key = DS_EMPTY_INITIALIZER;
    struct text_member m;
    bool is_object;
    bool any = false;
    size_t want = 0;
    size_t i = 0;

    if (pos >= len || (text[pos] != '{' && text[pos] != '[')) {
        return false;
    }
    is_object = text[pos] == '{';
    if (!is_object && !parse_index(token, &want)) {
        return false;
    }
    ds_put_cstr(&key, token);
    ds_cstr(&key);
    pos++;
    while (text_next(text, len, is_object, &pos, &m)) {
        if (is_object ? key_equals(text, &m, &key, &scratch) : i == want) {
            *found = m;
            any = true;
            if (!is_object) {
                break;
            }
        }
        i++;
        if (m.after >= len || text[m.after] != ',') {
            break;
        }
    }
    ds_destroy(&key);
    ds_destroy(&scratch);
    return any;
}

bool
text_find(const char *text, size_t len, const char *pointer,
          struct text_span *span)
{
    struct ds token = DS_EMPTY_INITIALIZER;
    struct text_member m;
    bool found = true;

    m.key = m.start = text_skip_space(text, len, 0);
    if (!*pointer) {
        m.end = text_skip_value(text, len, m.start);
        found = m.end > m.start;
    }
    while (found && text_pointer_next(&pointer, &token)) {
        found = text_child(text, len, m.start, ds_cstr(&token), &m);
    }
    ds_destroy(&token);

    if (!found || *pointer) {
        return false;
    }
    span->key = m.key;
    span->start = m.start;
    span->end = m.end;
    return true;
}

void
text_position(const char *text, size_t len, size_t offset,
              unsigned int *line, unsigned int *column)
{
    *line = 1;
    *column = 1;
    for (size_t i = 0; i < len && i < offset; i++) {
        if (text[i] == '\n') {
            ++*line;
            *column = 1;
        } else if ((text[i] & 0xc0) != 0x80) {
            /* Not in the middle of a UTF-8 character. */
            ++*column;
        }
    }
    /* The last of a character's bytes is the same column as the first. */
    if (offset < len && (text[offset] & 0xc0) == 0x80 && *column > 1) {
        --*column;
    }
}

void
text_pointer_append(struct ds *ds, const char *token)
{
    ds_put_char(ds, '/');
    for (; *token; token++) {
        if (*token == '~') {
            ds_put_cstr(ds, "~0");
        } else if (*token == '/') {
            ds_put_cstr(ds, "~1");
        } else {
            ds_put_char(ds, *token);
        }
    }
}

void
text_quote(struct ds *ds, const char *s)
{
    ds_put_char(ds, '"');
    for (; *s; s++) {
        unsigned char c = *s;

        if (c == '"' || c == '\\') {
            ds_put_format(ds, "\\%c", c);
        } else if (c == '\n') {
            ds_put_cstr(ds, "\\n");
        } else if (c == '\t') {
            ds_put_cstr(ds, "\\t");
        } else if (c < 0x20 || c == 0x7f) {
            ds_put_format(ds, "\\u%04x", c);
        } else {
            ds_put_char(ds, c);
        }
    }
    ds_put_char(ds, '"');
}

struct duplicates {
    const char *text;
    size_t len;
    struct ds pointer;
    void (*cb)(const char *pointer, size_t key_offset, void *aux);
    void *aux;
};

static void
find_duplicates(struct duplicates *d, size_t pos, unsigned int depth)
{
    struct sset keys = SSET_INITIALIZER(&keys);
    struct ds key = DS_EMPTY_INITIALIZER;
    bool is_object = d->text[pos] == '{';
    struct text_member m;
    size_t i = 0;

    pos++;
    while (text_next(d->text, d->len, is_object, &pos, &m)) {
        size_t saved = d->pointer.length;
        char c = d->text[m.start];

        ds_clear(&key);
        if (is_object) {
            text_unquote(d->text, m.key, m.key_end, &key);
        } else {
            ds_put_format(&key, "%"PRIuSIZE, i++);
        }
        text_pointer_append(&d->pointer, ds_cstr(&key));
        if (is_object && !sset_add(&keys, ds_cstr(&key))) {
            d->cb(ds_cstr(&d->pointer), m.key, d->aux);
        }
        if ((c == '{' || c == '[') && depth < TEXT_MAX_DEPTH) {
            find_duplicates(d, m.start, depth + 1);
        }
        ds_truncate(&d->pointer, saved);
        if (m.after >= d->len || d->text[m.after] != ',') {
            break;
        }
    }
    sset_destroy(&keys);
    ds_destroy(&key);
}

void
text_duplicates(const char *text, size_t len,
                void (*cb)(const char *pointer, size_t key_offset,
                           void *aux), void *aux)
{
    size_t pos = text_skip_space(text, len, 0);

    if (pos < len && (text[pos] == '{' || text[pos] == '[')) {
        struct duplicates d = {
            text, len, DS_EMPTY_INITIALIZER, cb, aux
        };

        find_duplicates(&d, pos, 1);
        ds_destroy(&d.pointer);
    }
}
