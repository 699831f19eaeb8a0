/* SPDX-License-Identifier: Apache-2.0 */

/* libFuzzer: edits of any bytes.  The input is a JSON pointer of at most 255
 * bytes (its length comes first) and the text.  What was set must be found
 * again, and nothing but the span of an edit may change. */
#include <config.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "src/spec/text.h"
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
ignore_duplicate(const char *pointer OVS_UNUSED, size_t offset,
                 void *len_)
{
    const size_t *len = len_;

    if (offset >= *len) {
        abort();
    }
}

static size_t
common_prefix(const char *a, const char *b, size_t n)
{
    size_t i = 0;

    while (i < n && a[i] == b[i]) {
        i++;
    }
    return i;
}

static void
try_set(const char *text, size_t len, const char *pointer)
{
    struct text_span before, after;
    bool was = text_find(text, len, pointer, &before);
    char *out;
    char *error = text_set(text, len, pointer, "\"new\"", &out);

    if (error) {
        free(error);
        return;
    }

    size_t out_len = strlen(out);

    /* Text with NUL bytes cannot be measured, and is never edited. */
    if (!memchr(text, '\0', len)) {
        if (was && (common_prefix(text, out, before.start) != before.start
                    || out_len != len - (before.end - before.start) + 5)) {
            abort();
        }
        if (!was && out_len < len) {
            /* Only the space within empty braces may go. */
            size_t n = common_prefix(text, out, out_len);

            if (!strchr(" \t\r\n", text[n])) {
                abort();
            }
        }
        if (was && text_find(out, out_len, pointer, &after)
            && after.start != before.start) {
            abort();
        }
    }
    free(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned int line, column;
    struct text_span span;
    char *pointer, *text, *out, *error;
    size_t n, len;

    if (size < 1 || data[0] > size - 1) {
        return 0;
    }
    n = data[0];
    len = size - 1 - n;
    pointer = xmemdup0((const char *) data + 1, n);
    text = xmalloc(len ? len : 1);
    memcpy(text, data + 1 + n, len);

    if (text_find(text, len, pointer, &span)
        && (span.key > span.start || span.start >= span.end
            || span.end > len)) {
        abort();
    }
    text_position(text, len, n, &line, &column);
    if (!line || !column) {
        abort();
    }
    text_duplicates(text, len, ignore_duplicate, &len);
    try_set(text, len, pointer);
    error = text_remove(text, len, pointer, &out);
    free(error);
    free(out);
    free(text);
    free(pointer);
    return 0;
}
