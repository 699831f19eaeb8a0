/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/spec/text-private.h"

#include <string.h>
#include "util.h"

/* How members are laid out. */
struct layout {
    bool lines;                 /* Each on a line of its own. */
    struct ds newline;          /* "\n" or "\r\n" (or blank lines). */
    struct ds indent;           /* What stands before a member. */
    struct ds unit;             /* One level of indentation. */
    const char *colon;          /* ":" or ": ". */
};

static void
layout_destroy(struct layout *l)
{
    ds_destroy(&l->newline);
    ds_destroy(&l->indent);
    ds_destroy(&l->unit);
}

/* Returns the offset of the last "\n" in [start, end), or 'end'. */
static size_t
last_newline(const char *text, size_t start, size_t end)
{
    const char *nl = start < end
                     ? memrchr(text + start, '\n', end - start) : NULL;

    return nl ? nl - text : end;
}

static bool
has_newline(const char *text, size_t start, size_t end)
{
    return last_newline(text, start, end) < end;
}

/* The indentation of the line that 'pos' is in. */
static void
line_indent(const char *text, size_t pos, struct ds *indent)
{
    size_t nl = last_newline(text, 0, pos);
    size_t start = nl < pos ? nl + 1 : 0;
    size_t n = 0;

    while (start + n < pos
           && (text[start + n] == ' ' || text[start + n] == '\t')) {
        n++;
    }
    ds_put_buffer(indent, text + start, n);
}

/* The last member of the object at 'start', false if there is none. */
static bool
last_member(const char *text, size_t len, size_t start,
            struct text_member *last)
{
    struct text_member m;
    size_t pos = start + 1;
    bool any = false;

    while (text_next(text, len, true, &pos, &m)) {
        *last = m;
        any = true;
        if (m.after >= len || text[m.after] != ',') {
            break;
        }
    }
    return any;
}

/* The habits of the whole text: its kind of newline, its unit of indentation
 * and whether it has lines at all. */
static void
layout_guess(const char *text, size_t len, struct layout *l)
{
    size_t root = text_skip_space(text, len, 0);
    struct text_member m;
    size_t pos = root + 1;
    bool any = false;

    memset(l, 0, sizeof *l);
    ds_init(&l->newline);
    ds_init(&l->indent);
    ds_init(&l->unit);
    l->colon = ": ";
    while (root < len && text_next(text, len, true, &pos, &m)) {
        size_t nl = last_newline(text, m.before, m.key);

        if (nl < m.key) {
            bool cr = nl > 0 && text[nl - 1] == '\r';

            ds_put_cstr(&l->newline, cr ? "\r\n" : "\n");
            ds_put_buffer(&l->unit, text + nl + 1, m.key - nl - 1);
            l->lines = true;
            return;
        }
        any = true;
        if (m.after >= len || text[m.after] != ',') {
            break;
        }
    }
    /* An empty root sets no example: use lines of four spaces. */
    l->lines = !any;
    ds_put_cstr(&l->newline, "\n");
    ds_put_cstr(&l->unit, "    ");
}

/* Lays out a new member like 'sibling', the last one before it. */
static void
layout_like(const char *text, const struct text_member *sibling,
            struct layout *l)
{
    size_t nl = last_newline(text, sibling->before, sibling->key);

    l->lines = nl < sibling->key;
    if (l->lines) {
        ds_put_buffer(&l->indent, text + nl + 1, sibling->key - nl - 1);
    }
    l->colon = text[sibling->start - 1] == ':' ? ":" : ": ";
}

static void
put_line_break(struct ds *out, const struct layout *l, const char *indent)
{
    if (l->lines) {
        ds_put_format(out, "%s%s", ds_cstr_ro(&l->newline), indent);
    }
}

/* Appends "KEY: VALUE", where 'pointer' names the keys that lead on from KEY
 * to 'value' and that are to be made on the way. */
static void
put_member(struct ds *out, const char *key, const char *pointer,
           const char *value, const struct layout *l)
{
    struct ds token = DS_EMPTY_INITIALIZER;
    struct ds indent = DS_EMPTY_INITIALIZER;
    size_t depth = 0;

    text_quote(out, key);
    ds_put_cstr(out, l->colon);
    ds_put_cstr(&indent, ds_cstr_ro(&l->indent));
    while (text_pointer_next(&pointer, &token)) {
        ds_put_char(out, '{');
        if (l->lines) {
            ds_put_cstr(&indent, ds_cstr_ro(&l->unit));
        }
        put_line_break(out, l, ds_cstr(&indent));
        text_quote(out, ds_cstr(&token));
        ds_put_cstr(out, l->colon);
        depth++;
    }
    ds_put_cstr(out, value);
    while (depth--) {
        if (l->lines) {
            ds_truncate(&indent, indent.length - l->unit.length);
        }
        put_line_break(out, l, ds_cstr(&indent));
        ds_put_char(out, '}');
    }
    ds_destroy(&token);
    ds_destroy(&indent);
}

/* Copies the text with [start, end) replaced by 'with'. */
static char *
splice(const char *text, size_t len, size_t start, size_t end,
       const char *with)
{
    size_t n = strlen(with);
    char *out = xmalloc(len - (end - start) + n + 1);

    memcpy(out, text, start);
    memcpy(out + start, with, n);
    memcpy(out + start + n, text + end, len - end);
    out[len - (end - start) + n] = '\0';
    return out;
}

/* What to put behind 'last', the last of the members so far, for another one
 * to follow it. */
static void
put_next_member(struct ds *out, const char *text,
                const struct text_member *last, const char *key,
                const char *pointer, const char *value, struct layout *l)
{
    layout_like(text, last, l);
    ds_put_char(out, ',');
    put_line_break(out, l, ds_cstr(&l->indent));
    if (!l->lines && l->colon[1]) {
        ds_put_char(out, ' ');
    }
    put_member(out, key, pointer, value, l);
}

/* What to put between the braces of 'parent', which has no member yet: lines,
 * if it is on a line of its own itself. */
static void
put_only_member(struct ds *out, const char *text,
                const struct text_member *parent, const char *key,
                const char *pointer, const char *value, struct layout *l)
{
    bool root = parent->key == parent->start;
    struct ds outer = DS_EMPTY_INITIALIZER;

    l->lines = l->lines && (root || has_newline(text, parent->before,
                                                parent->key));
    line_indent(text, parent->key, &outer);
    ds_put_format(&l->indent, "%s%s", ds_cstr(&outer), ds_cstr(&l->unit));
    put_line_break(out, l, ds_cstr(&l->indent));
    put_member(out, key, pointer, value, l);
    put_line_break(out, l, ds_cstr(&outer));
    ds_destroy(&outer);
}

/* Adds member 'key' to the object 'parent'. */
static char *
insert_member(const char *text, size_t len, const struct text_member *parent,
              const char *key, const char *pointer, const char *value)
{
    struct ds with = DS_EMPTY_INITIALIZER;
    struct text_member last;
    struct layout l;
    size_t start, end;

    layout_guess(text, len, &l);
    if (last_member(text, len, parent->start, &last)) {
        start = end = last.end;
        put_next_member(&with, text, &last, key, pointer, value, &l);
    } else {
        start = parent->start + 1;
        end = text_skip_space(text, len, start);
        put_only_member(&with, text, parent, key, pointer, value, &l);
    }
    layout_destroy(&l);

    char *out = splice(text, len, start, end, ds_cstr(&with));

    ds_destroy(&with);
    return out;
}

/* Follows '*pointer' as far as the text has it.  Returns the value that it
 * arrives at in '*m', what is left in '*pointer', the first token that is
 * missing in 'token' and whether there is one. */
static bool
descend(const char *text, size_t len, const char **pointer,
        struct text_member *m, struct ds *token)
{
    while (text_pointer_next(pointer, token)) {
        struct text_member child;

        if (!text_child(text, len, m->start, ds_cstr(token), &child)) {
            return true;
        }
        *m = child;
    }
    return false;
}

/* The whole text as if it were an element. */
static bool
root_member(const char *text, size_t len, struct text_member *m)
{
    m->before = 0;
    m->key = m->key_end = m->start = text_skip_space(text, len, 0);
    m->end = text_skip_value(text, len, m->start);
    m->after = text_skip_space(text, len, m->end);
    return m->end > m->start;
}

char *
text_set(const char *text, size_t len, const char *pointer,
         const char *value, char **out)
{
    struct ds token = DS_EMPTY_INITIALIZER;
    const char *rest = pointer;
    struct text_member m;
    char *error = NULL;

    *out = NULL;
    if (!root_member(text, len, &m)) {
        error = xstrdup("there is no JSON value to edit");
    } else if (*pointer && *pointer != '/') {
        error = xasprintf("\"%s\" is not a JSON pointer", pointer);
    } else if (!descend(text, len, &rest, &m, &token)) {
        *out = splice(text, len, m.start, m.end, value);
    } else if (text[m.start] != '{' || text[m.end - 1] != '}') {
        error = xasprintf("%s: there is nothing that \"%s\" could be added "
                          "to: what should hold it is not an object",
                          pointer, ds_cstr(&token));
    } else {
        *out = insert_member(text, len, &m, ds_cstr(&token), rest, value);
    }
    ds_destroy(&token);
    return error;
}

/* The bytes to cut so that 'm' goes with one comma and, if it stands on a
 * line of its own, with that line. */
static void
removal_span(const char *text, size_t len, const struct text_member *m,
             size_t *start, size_t *end)
{
    bool comma_before = m->before > 0 && text[m->before - 1] == ',';
    bool comma_after = m->after < len && text[m->after] == ',';

    if (comma_after) {
        size_t next = text_skip_space(text, len, m->after + 1);

        if (comma_before && has_newline(text, m->after, next)) {
            *start = m->before;
            *end = m->after + 1;
        } else {
            *start = m->key;
            *end = next;
        }
    } else if (comma_before) {
        /* The space before the closing bracket stays. */
        *start = m->before - 1;
        *end = m->end;
    } else {
        *start = m->before;
        *end = m->after;
    }
}

char *
text_remove(const char *text, size_t len, const char *pointer, char **out)
{
    struct ds token = DS_EMPTY_INITIALIZER;
    const char *rest = pointer;
    struct text_member m;
    char *error = NULL;

    *out = NULL;
    if (!*pointer) {
        error = xstrdup("the whole text cannot be removed");
    } else if (*pointer != '/') {
        error = xasprintf("\"%s\" is not a JSON pointer", pointer);
    } else if (!root_member(text, len, &m)
               || descend(text, len, &rest, &m, &token)) {
        *out = xmemdup0(text, len);
    } else {
        size_t start, end;

        removal_span(text, len, &m, &start, &end);
        *out = splice(text, len, start, end, "");
    }
    ds_destroy(&token);
    return error;
}
