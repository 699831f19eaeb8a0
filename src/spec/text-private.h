/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_SPEC_TEXT_PRIVATE_H
#define PORTD_SPEC_TEXT_PRIVATE_H 1

/* Text, inside
 * ============
 *
 * A walk over JSON text that never reads outside of it, whatever bytes it
 * holds, and that needs no memory.  Where the text is not JSON, the walk ends
 * early. */

#include "src/spec/text.h"

/* One member of an object, or one element of an array. */
struct text_member {
    size_t before;              /* Right after the "{", "[" or "," before. */
    size_t key, key_end;        /* The key's quotes; both equal to 'start'
                                 * for an element. */
    size_t start, end;          /* The value. */
    size_t after;               /* The ",", "}" or "]" that follows. */
};

/* Returns the offset of the first byte at or after 'pos' that is not JSON
 * whitespace, or 'len'. */
size_t text_skip_space(const char *text, size_t len, size_t pos);

/* Returns the offset behind the value that starts at 'pos'. */
size_t text_skip_value(const char *text, size_t len, size_t pos);

/* Reads the member or element that begins at '*pos', which is right after a
 * "{", "[" or ",", and advances '*pos' to where the next one begins.  Returns
 * false at the end of the container, with '*pos' at its closing bracket (or
 * wherever the text stops being JSON). */
bool text_next(const char *text, size_t len, bool is_object, size_t *pos,
               struct text_member *);

/* Appends the string whose quotes are at 'start' and 'end' - 1, with its
 * escapes resolved, to 'ds'. */
void text_unquote(const char *text, size_t start, size_t end, struct ds *);

/* Cuts the first token off '*pointer' and resolves its escapes.  Returns
 * false at the end, or if 'pointer' is not a JSON pointer. */
bool text_pointer_next(const char **pointer, struct ds *token);

/* Finds member or element 'token' of the value that starts at 'pos'. */
bool text_child(const char *text, size_t len, size_t pos, const char *token,
                struct text_member *);

#endif /* src/spec/text-private.h */
