/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_CLI_NIC_EDIT_H
#define PORTD_CLI_NIC_EDIT_H 1

/* NIC edits
 * =========
 *
 * What becomes of a VM file's text when the VLAN of one of its NICs changes:
 * text in, text out, and only the bytes that must change are others.  Pure.
 *
 * A NIC without any VLAN key of its own has those of host.json's defaults, so
 * these must be known to change only what is meant. */

#include <stdbool.h>
#include <stddef.h>
#include "openvswitch/compiler.h"
#include "sset.h"

struct nic_edit {
    char *text;                 /* The file's; owned. */
    const char *nic;
    const char *defaults;       /* host.json's defaults for NICs, or NULL. */
};

/* Adds the names of the NICs in 'text' to 'names'. */
void nic_edit_names(const char *text, struct sset *names);
/* True if there is an object for 'nic'. */
bool nic_edit_exists(const struct nic_edit *);

/* Each replaces 'text' and returns NULL, or leaves it alone and returns what
 * is wrong, without the NIC's name, for the caller to free.  Values are JSON
 * text; 'native' may be NULL. */
char *nic_edit_set_tag(struct nic_edit *, const char *tag)
    OVS_WARN_UNUSED_RESULT;
char *nic_edit_set_trunks(struct nic_edit *, const char *trunks,
                          const char *native) OVS_WARN_UNUSED_RESULT;
char *nic_edit_clear_vlan(struct nic_edit *) OVS_WARN_UNUSED_RESULT;

#endif /* src/cli/nic-edit.h */
