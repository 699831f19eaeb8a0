/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/spec/spec-private.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "src/spec/text.h"
#include "util.h"

/* Longest value and pointer in a message, in bytes. */
#define MAX_VALUE 64
#define MAX_POINTER 300

void
spec_report_init(struct spec_report *r, const char *file, const char *text,
                 size_t len)
{
    memset(r, 0, sizeof *r);
    r->file = file;
    r->text = text;
    r->len = len;
    ds_init(&r->pointer);
}

size_t
spec_enter(struct spec_report *r, const char *token)
{
    size_t saved = r->pointer.length;

    text_pointer_append(&r->pointer, token);
    return saved;
}

size_t
spec_enter_index(struct spec_report *r, size_t index)
{
    size_t saved = r->pointer.length;

    ds_put_format(&r->pointer, "/%"PRIuSIZE, index);
    return saved;
}

void
spec_leave(struct spec_report *r, size_t saved)
{
    ds_truncate(&r->pointer, saved);
}

/* Appends at most 'max' bytes of 's', whole characters only, with control
 * characters in JSON's notation: a message is one line. */
static void
put_clipped(struct ds *ds, const char *s, size_t max)
{
    size_t n = strnlen(s, max + 1);
    bool clipped = n > max;

    if (clipped) {
        for (n = max; n > 0 && (s[n] & 0xc0) == 0x80; n--) {
            continue;
        }
    }
    for (size_t i = 0; i < n; i++) {
        unsigned char c = s[i];

        if (c < 0x20 || c == 0x7f) {
            ds_put_format(ds, "\\u%04x", c);
        } else {
            ds_put_char(ds, c);
        }
    }
    if (clipped) {
        ds_put_cstr(ds, "...");
    }
}

char *
spec_quote(const char *s)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    ds_put_char(&ds, '"');
    put_clipped(&ds, s, MAX_VALUE);
    ds_put_char(&ds, '"');
    return ds_steal_cstr(&ds);
}

static void OVS_PRINTF_FORMAT(4, 0)
add(struct spec_report *r, size_t offset, const char *pointer,
    const char *format, va_list args)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    if (r->n >= SPEC_MAX_ERRORS) {
        r->full = true;
        return;
    }
    if (r->n >= r->allocated) {
        r->messages = x2nrealloc(r->messages, &r->allocated,
                                 sizeof *r->messages);
    }
    if (*pointer) {
        put_clipped(&ds, pointer, MAX_POINTER);
        ds_put_cstr(&ds, ": ");
    }
    ds_put_format_valist(&ds, format, args);
    r->messages[r->n].offset = offset;
    r->messages[r->n].text = ds_steal_cstr(&ds);
    r->n++;
}

/* Where the value at 'pointer' stands, or the nearest one around it. */
static size_t
find_offset(const struct spec_report *r, const char *pointer, bool key)
{
    struct text_span span;
    char *p = xstrdup(pointer);
    size_t offset = 0;

    for (;;) {
        char *slash;

        if (text_find(r->text, r->len, p, &span)) {
            offset = key ? span.key : span.start;
            break;
        }
        slash = strrchr(p, '/');
        if (!slash) {
            break;
        }
        *slash = '\0';
    }
    free(p);
    return offset;
}

void
spec_error(struct spec_report *r, const char *format, ...)
{
    const char *pointer = ds_cstr(&r->pointer);
    va_list args;

    va_start(args, format);
    add(r, find_offset(r, pointer, false), pointer, format, args);
    va_end(args);
}

void
spec_error_key(struct spec_report *r, const char *format, ...)
{
    const char *pointer = ds_cstr(&r->pointer);
    va_list args;

    va_start(args, format);
    add(r, find_offset(r, pointer, true), pointer, format, args);
    va_end(args);
}

void
spec_error_pointer(struct spec_report *r, const char *pointer,
                   const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add(r, find_offset(r, pointer, false), pointer, format, args);
    va_end(args);
}

void
spec_error_member(struct spec_report *r, const char *key,
                  const char *format, ...)
{
    size_t saved = spec_enter(r, key);
    const char *pointer = ds_cstr(&r->pointer);
    va_list args;

    va_start(args, format);
    add(r, find_offset(r, pointer, false), pointer, format, args);
    va_end(args);
    spec_leave(r, saved);
}

void
spec_error_offset(struct spec_report *r, size_t offset,
                  const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add(r, offset, ds_cstr(&r->pointer), format, args);
    va_end(args);
}

static int
compare_messages(const void *a_, const void *b_)
{
    const struct spec_message *a = a_;
    const struct spec_message *b = b_;

    return a->offset != b->offset ? (a->offset < b->offset ? -1 : 1)
           : strcmp(a->text, b->text);
}

void
spec_report_finish(struct spec_report *r, struct svec *errors)
{
    if (r->n > 1) {
        qsort(r->messages, r->n, sizeof *r->messages, compare_messages);
    }
    for (size_t i = 0; i < r->n; i++) {
        const struct spec_message *m = &r->messages[i];
        unsigned int line, column;

        text_position(r->text, r->len, m->offset, &line, &column);
        svec_add_nocopy(errors, xasprintf("%s:%u:%u: %s", r->file, line,
                                          column, m->text));
        free(m->text);
    }
    if (r->full) {
        svec_add_nocopy(errors,
                        xasprintf("%s: more than %d errors; the others are "
                                  "not shown", r->file, SPEC_MAX_ERRORS));
    }
    free(r->messages);
    ds_destroy(&r->pointer);
}
