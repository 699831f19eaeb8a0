/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_CLI_KEYED_H
#define PORTD_CLI_KEYED_H 1

/* Keyed
 * =====
 *
 * What has keys in a spec file, and the arguments KEY and KEY=VALUE of the
 * commands that set, remove and look at them.
 *
 * A link has none of its own beside "type": its ends have, and are named by
 * their ports, which are no names of keys: "veth0:tag=10". */

#include <stdbool.h>
#include "openvswitch/compiler.h"
#include "smap.h"
#include "src/spec/spec.h"

struct ctl_context;

struct keyed {
    enum spec_thing thing;
    char *text;                 /* The file's; owned. */
    char *pointer;              /* To the object in it; owned. */
    char *id;                   /* "bridge:br0"; owned. */
};

void keyed_destroy(struct keyed *);
bool keyed_exists(const struct keyed *);
/* True if the object itself gives 'key'. */
bool keyed_has(const struct keyed *, const char *key);

/* Returns NULL if the object may have 'key', or what is wrong, for the caller
 * to free. */
char *keyed_check(const struct keyed *, const char *key)
    OVS_WARN_UNUSED_RESULT;
/* Sets 'key' to JSON text 'json'; NULL removes it. */
char *keyed_put(struct keyed *, const char *key, const char *json)
    OVS_WARN_UNUSED_RESULT;
/* Adds what the object gives to 'values', by "KEY" or "COLUMN:KEY". */
void keyed_values(const struct keyed *, struct smap *values);

/* Do the command's arguments KEY=VALUE, or KEY, from 'first' on.  All that is
 * wrong with them is said at once.  With "--if-exists" a KEY that is not
 * there is no error. */
char *keyed_set(struct ctl_context *, int first, struct keyed *)
    OVS_WARN_UNUSED_RESULT;
char *keyed_clear(struct ctl_context *, int first, struct keyed *)
    OVS_WARN_UNUSED_RESULT;

/* True if the command was given 'option'. */
bool keyed_option(const struct ctl_context *, const char *option);

#endif /* src/cli/keyed.h */
