/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/host/safe-text.h"

#include <stddef.h>
#include <stdlib.h>

#include "openvswitch/json.h"

/* The number of bytes of the UTF-8 character at 's_'; 0 if there is none. */
static size_t
character_length(const char *s_)
{
    const unsigned char *s = (const unsigned char *) s_;
    size_t n = (s[0] < 0x80 ? 1
                : s[0] < 0xc2 ? 0
                : s[0] < 0xe0 ? 2
                : s[0] < 0xf0 ? 3
                : s[0] < 0xf5 ? 4
                : 0);

    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    /* Too long for what it says, surrogates, and beyond Unicode. */
    return ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f)
            || (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f)
            ? 0 : n);
}

/* Terminals take U+0080 to U+009F for control characters as well. */
static bool
is_control(const char *s_)
{
    const unsigned char *s = (const unsigned char *) s_;

    return s[0] < 0x20 || s[0] == 0x7f || (s[0] == 0xc2 && s[1] < 0xa0);
}

void
safe_text_put(struct ds *out, const char *s, bool lines)
{
    while (*s) {
        size_t n = character_length(s);

        if (n && (!is_control(s) || (lines && *s == '\n'))) {
            ds_put_buffer(out, s, n);
            s += n;
        } else {
            ds_put_format(out, "\\x%02x", (unsigned char) *s++);
        }
    }
}

char *
safe_text(const char *s, bool lines)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    safe_text_put(&ds, s, lines);
    return ds_steal_cstr(&ds);
}

void
safe_text_put_json(struct ds *out, const struct json *json, int flags)
{
    char *text = json_to_string(json, flags);

    /* What is no ASCII is within a string. */
    for (const char *s = text; *s; ) {
        size_t n = character_length(s);

        if (n) {
            ds_put_buffer(out, s, n);
            s += n;
        } else {
            ds_put_format(out, "\\\\x%02x", (unsigned char) *s++);
        }
    }
    free(text);
}
