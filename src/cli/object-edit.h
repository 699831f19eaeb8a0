/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_CLI_OBJECT_EDIT_H
#define PORTD_CLI_OBJECT_EDIT_H 1

/* Object edits
 * ============
 *
 * What becomes of a spec file's text when one object in it changes: text in,
 * text out, and only the bytes that must change are others.  Pure.
 *
 * 'object' is the JSON pointer to the object ("/nics/net0", "/bridges/br0"),
 * 'key' is "KEY" or, for a key of a map, "COLUMN:KEY".  Values are JSON text.
 * Errors are messages for the caller to free; then '*text' is as it was. */

#include <stdbool.h>
#include "openvswitch/compiler.h"
#include "smap.h"
#include "sset.h"

/* "/BASE/TOKEN", for the caller to free. */
char *object_edit_pointer(const char *base, const char *token);

/* The JSON text at 'pointer' of 'text', which may be NULL, for the caller to
 * free; or NULL. */
char *object_edit_at(const char *text, const char *pointer);
/* True if JSON texts 'a' and 'b' stand for the same value. */
bool object_edit_same(const char *a, const char *b);

/* Adds the names of the members of the object at 'pointer' to 'names'. */
void object_edit_names(const char *text, const char *pointer,
                       struct sset *names);
/* True if there is an object at 'object'. */
bool object_edit_exists(const char *text, const char *object);
/* The value of the object's 'key', for the caller to free, or NULL. */
char *object_edit_get(const char *text, const char *object, const char *key);
/* Adds the values that the object has to 'values', by 'prefix' and "KEY" or
 * "COLUMN:KEY", as "nic-set" and the like take them. */
void object_edit_values(const char *text, const char *object,
                        const char *prefix, struct smap *values);

/* Each replaces '*text'. */
char *object_edit_add(char **text, const char *object, const char *value)
    OVS_WARN_UNUSED_RESULT;
char *object_edit_del(char **text, const char *object)
    OVS_WARN_UNUSED_RESULT;
/* Sets 'key' to 'value', removes it if that is NULL, and touches nothing if
 * that is what it says already. */
char *object_edit_put(char **text, const char *object, const char *key,
                      const char *value) OVS_WARN_UNUSED_RESULT;
/* The same for who knows that 'old' is what it says, NULL: nothing. */
char *object_edit_replace(char **text, const char *object, const char *key,
                          const char *old, const char *value)
    OVS_WARN_UNUSED_RESULT;

#endif /* src/cli/object-edit.h */
