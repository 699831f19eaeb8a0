/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_SPEC_TEXT_H
#define PORTD_SPEC_TEXT_H 1

/* Text
 * ====
 *
 * Where a value stands in a JSON text: for error positions and for edits that
 * change only the bytes that must change.  It does not judge syntax (jansson
 * does); on text that jansson accepts, it finds every member. */

#include <stdbool.h>
#include <stddef.h>
#include "openvswitch/compiler.h"
#include "openvswitch/dynamic-string.h"

/* Where a JSON pointer leads. */
struct text_span {
    size_t key;                 /* Offset of the member's key's quote; of the
                                 * value itself for array elements and for
                                 * the whole text. */
    size_t start, end;          /* The value's bytes: [start, end). */
};

/* Finds JSON pointer 'pointer' (RFC 6901: "/nics/net0/tag", "" for the whole
 * text) in the 'len' bytes at 'text'.  Of duplicate keys the last one counts.
 * Returns false if there is no such value. */
bool text_find(const char *text, size_t len, const char *pointer,
               struct text_span *);

/* Line and column, both from 1, of byte 'offset'.  A column counts UTF-8
 * characters. */
void text_position(const char *text, size_t len, size_t offset,
                   unsigned int *line, unsigned int *column);

/* Calls 'cb' for the second and each further of equal keys in one object,
 * with the pointer to the object's member and the key's offset.  Looks at the
 * outermost 64 levels. */
void text_duplicates(const char *text, size_t len,
                     void (*cb)(const char *pointer, size_t key_offset,
                                void *aux), void *aux);

/* Appends 'token' to the pointer in 'ds', with "~" and "/" escaped. */
void text_pointer_append(struct ds *, const char *token);

/* Appends 's' as a JSON string, quotes included. */
void text_quote(struct ds *, const char *s);

/* Sets the value at 'pointer' to the JSON text 'value': replaces the value's
 * bytes, or adds a member to the object that should have it, laid out like
 * its siblings (line breaks and indentation).  Missing parents are created.
 * 'value' goes in as it is.  Everything else stays byte for byte.  An array
 * gets no new elements.  Returns NULL and the new text in '*out' (for the
 * caller to free), or an error message. */
char *text_set(const char *text, size_t len, const char *pointer,
               const char *value, char **out) OVS_WARN_UNUSED_RESULT;
/* Removes the member or element at 'pointer' with its comma and its line.  It
 * is no error if there is none: then '*out' equals the text. */
char *text_remove(const char *text, size_t len, const char *pointer,
                  char **out) OVS_WARN_UNUSED_RESULT;

#endif /* src/spec/text.h */
