/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_CLI_KEY_H
#define PORTD_CLI_KEY_H 1

/* Keys
 * ====
 *
 * "mtu=9000", "external_ids:team=red", "trunks=10,20": what a key of a NIC, a
 * bridge and so on is set to on the command line, as JSON.  Which keys there
 * are and what they take is known to src/spec alone.  Pure. */

#include "openvswitch/compiler.h"
#include "openvswitch/dynamic-string.h"
#include "src/spec/spec.h"

struct json;

/* Appends to the JSON pointer in 'pointer' what 'key' means: "KEY", or
 * "COLUMN:KEY" for a key of a map. */
void key_pointer(const char *key, struct ds *pointer);

/* Takes "KEY=VALUE" apart; both parts are for the caller to free.  Returns
 * NULL, or an error message for the caller to free. */
char *key_split(const char *arg, char **key, char **value)
    OVS_WARN_UNUSED_RESULT;

/* NULL if 'thing' has a key 'key', otherwise what is wrong with it. */
char *key_check(enum spec_thing thing, const char *key)
    OVS_WARN_UNUSED_RESULT;

/* Sets '*json' to the JSON text of 'value' for 'key' of 'thing', for the
 * caller to free.  Returns NULL, or an error message for the caller to free:
 * there is no such key, or its values are of another type.  Ranges, and what
 * is in a value that is JSON itself, are not checked. */
char *key_to_json(enum spec_thing thing, const char *key, const char *value,
                  char **json) OVS_WARN_UNUSED_RESULT;

/* The value that JSON text 'text' stands for, or NULL if it is none. */
struct json *key_parse_json(const char *text);
/* JSON text of the strings in 'list', which is "A,B,C". */
char *key_strings_to_json(const char *list);

#endif /* src/cli/key.h */
