/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_CLI_NIC_EDIT_H
#define PORTD_CLI_NIC_EDIT_H 1

/* NIC edits
 * =========
 *
 * What becomes of a VM file's text when one of its NICs changes: text in, text
 * out, and only the bytes that must change are others.  Pure.
 *
 * A NIC without any VLAN key of its own has those of host.json's defaults, so
 * these must be known to change only what is meant. */

#include <stdbool.h>
#include <stddef.h>
#include "openvswitch/compiler.h"
#include "smap.h"
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

/* Adds the NIC, without keys, or removes it. */
char *nic_edit_add(struct nic_edit *) OVS_WARN_UNUSED_RESULT;
char *nic_edit_del(struct nic_edit *) OVS_WARN_UNUSED_RESULT;
/* True if the NIC itself gives 'key', "KEY" or "COLUMN:KEY". */
bool nic_edit_has(const struct nic_edit *, const char *key);
/* Sets 'key' to JSON text 'value'; NULL removes it. */
char *nic_edit_put(struct nic_edit *, const char *key, const char *value)
    OVS_WARN_UNUSED_RESULT;
/* Makes the boolean 'key' be 'on' in force: by no key where that will do. */
char *nic_edit_flag(struct nic_edit *, const char *key, bool on)
    OVS_WARN_UNUSED_RESULT;
/* True if 'key' is one of those that nic_edit_set_tag() and the like set. */
bool nic_edit_is_vlan(const char *key);
/* Adds what the NIC itself gives to 'values', by "KEY" or "COLUMN:KEY", with
 * values as nic-set takes them. */
void nic_edit_values(const struct nic_edit *, struct smap *values);

#endif /* src/cli/nic-edit.h */
