/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_CLI_KEY_H
#define PORTD_CLI_KEY_H 1

/* Keys
 * ====
 *
 * "mtu=9000", "external_ids:team=red", "trunks=10,20": what a NIC's key is
 * set to on the command line, as JSON.  Which keys there are and what they
 * take is asked of the parser of specs, so it is known in one place.  Pure. */

#include "openvswitch/compiler.h"
#include "openvswitch/dynamic-string.h"

/* Appends to the JSON pointer in 'pointer' what 'key' means: "KEY", or
 * "COLUMN:KEY" for a key of a map. */
void key_pointer(const char *key, struct ds *pointer);

/* Takes "KEY=VALUE" apart; both parts are for the caller to free.  Returns
 * NULL, or an error message for the caller to free. */
char *key_split(const char *arg, char **key, char **value)
    OVS_WARN_UNUSED_RESULT;

/* NULL if NICs have a key 'key', otherwise what is wrong with it. */
char *key_check(const char *key) OVS_WARN_UNUSED_RESULT;

/* Sets '*json' to the JSON text of 'value' for a NIC's 'key', for the caller
 * to free.  Returns NULL, or an error message for the caller to free: there is
 * no such key, or its values are of another type.  Ranges are not checked. */
char *key_to_json(const char *key, const char *value, char **json)
    OVS_WARN_UNUSED_RESULT;

#endif /* src/cli/key.h */
