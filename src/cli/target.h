/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_CLI_TARGET_H
#define PORTD_CLI_TARGET_H 1

/* Targets: what "VM" and "VM/NIC" on the command line mean to a command that
 * edits. */

#include "src/cli/nic-edit.h"

struct ctl_context;
struct edit;

struct target {
    char *vm;
    char *nic;                  /* NULL: the whole VM. */
    struct nic_edit e;          /* The VM's text; e.nic is 'nic'. */
};

/* Finds the text of 'id', which is VM/NIC.  'target_end' either way; returns
 * NULL, or an error message for the caller to free. */
char *target_begin(struct edit *, const char *id, struct target *)
    OVS_WARN_UNUSED_RESULT;
/* The same for an 'id' that is VM or VM/NIC. */
char *target_begin_any(struct edit *, const char *id, struct target *)
    OVS_WARN_UNUSED_RESULT;
/* Takes VM/NIC apart and finds the VM's text; there need not be the NIC. */
char *target_begin_vm(struct edit *, const char *id, struct target *)
    OVS_WARN_UNUSED_RESULT;
/* What is wrong if the VM has no such NIC. */
char *target_unknown_nic(const struct target *);

/* Ends a command on 'id': puts the text back or, with 'error' (freed), fails
 * the command. */
void target_end(struct ctl_context *, struct target *, const char *id,
                char *error);
/* Ends a command that left the text alone. */
void target_drop(struct target *);

#endif /* src/cli/target.h */
