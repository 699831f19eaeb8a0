/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_CLI_EDIT_H
#define PORTD_CLI_EDIT_H 1

/* Edit
 * ====
 *
 * What all commands of a chain do to the spec files, as one: either every
 * file is valid afterwards and all are written, or none is.
 *
 *     edit_begin --> commands --> edit_check --> edit_commit --> the wait
 *                                           `--> edit_diff (--dry-run) */

#include <stdbool.h>
#include "openvswitch/compiler.h"
#include "openvswitch/dynamic-string.h"
#include "svec.h"

struct cli;
struct edit;
struct sset;

/* Takes the lock of the spec directory and reads all files.  Returns NULL, or
 * an error message for the caller to free. */
char *edit_begin(const struct cli *, struct edit **) OVS_WARN_UNUSED_RESULT;
/* Ends it; what was not committed is dropped. */
void edit_end(struct edit *);

/* NULL if all files that were edited are valid, otherwise their messages, one
 * a line, for the caller to free. */
char *edit_check(const struct edit *) OVS_WARN_UNUSED_RESULT;
/* What would change. */
void edit_diff(const struct edit *, struct ds *);
/* Writes what changed, if anything.  After this only edit_end() and what
 * follows may be called. */
char *edit_commit(struct edit *, bool *changed) OVS_WARN_UNUSED_RESULT;

/* Adds "NAME=SHA256" of every file that the commands were about. */
void edit_targets(const struct edit *, struct svec *targets);
/* Adds the bridges of the NICs whose VLANs the commands set; before the
 * commit. */
void edit_vlan_bridges(const struct edit *, struct sset *bridges);
/* True if the commands were about VLANs. */
bool edit_is_about_vlans(const struct edit *);

#endif /* src/cli/edit.h */
