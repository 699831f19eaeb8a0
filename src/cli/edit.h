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
struct shash;
struct spec_defaults;
struct spec_result;
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

/* Adds what the wait is for, as "sync" takes it (docs/control-protocol.md):
 * "NAME=SHA256" of every file that the commands were about, and "about=ID" of
 * every object of host.json. */
void edit_targets(const struct edit *, struct svec *targets);
/* Adds the ids of the objects that the commands removed by their names. */
void edit_removed(const struct edit *, struct svec *ids);
/* Adds the bridges of the ports whose VLANs the commands set; before the
 * commit. */
void edit_vlan_bridges(const struct edit *, struct sset *bridges);
/* Adds the ids of the NICs that "quarantine" was about and that are paused, so
 * that nothing cuts them off; sorted, before the commit. */
void edit_paused(const struct edit *, struct svec *ids);
/* True if the commands were about VLANs. */
bool edit_is_about_vlans(const struct edit *);

/* For commands.  Errors are messages for the caller to free. */

/* The files as the commands so far have left them ("struct store_file"), and
 * as they were before. */
const struct shash *edit_files(const struct edit *);
const struct shash *edit_files_before(const struct edit *);
/* Adds the names of the files that are other ones than before. */
void edit_changed(const struct edit *, struct sset *names);
/* Gives file 'name' a new text; NULL removes it. */
void edit_put_file(struct edit *, const char *name, const char *text,
                   size_t len);

/* The VMs that there are files for. */
void edit_vm_names(const struct edit *, struct sset *names);
bool edit_has_vm(const struct edit *, const char *vm);
/* The text of VM 'vm' as the commands so far have left it, for the caller to
 * free.  It is an error if there is none, if it cannot be read, or if it was
 * invalid before the edit. */
char *edit_get_vm(const struct edit *, const char *vm, char **text)
    OVS_WARN_UNUSED_RESULT;
/* What that text says, once edit_get_vm() has found no error; good until
 * edit_put_vm() has replaced it and somebody looks at the new one. */
const struct spec_result *edit_parse_vm(const struct edit *, const char *vm);
/* Its new text; NULL removes the file. */
void edit_put_vm(struct edit *, const char *vm, const char *text);
/* The same for host.json; where there is no such file, '*text' is that of an
 * empty one. */
char *edit_get_host(const struct edit *, char **text) OVS_WARN_UNUSED_RESULT;
void edit_put_host(struct edit *, const char *text);
/* host.json's defaults. */
const struct spec_defaults *edit_defaults(const struct edit *);
/* The command was about the VLANs of object 'id'. */
void edit_note_vlan(struct edit *, const char *id);
/* The command was about object 'id', and left it there.  Of host.json's
 * objects the wait is only for those that commands were about. */
void edit_note_object(struct edit *, const char *id);
/* The command removed object 'id' by its name, which confirms its deletion.
 * A bridge that is still in use makes edit_check() fail. */
void edit_note_removed(struct edit *, const char *id);
/* The command was "quarantine" of 'id', a VM or one NIC. */
void edit_note_quarantined(struct edit *, const char *id);

#endif /* src/cli/edit.h */
