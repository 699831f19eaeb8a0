/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_CLI_VLAN_H
#define PORTD_CLI_VLAN_H 1

/* VLANs as people type them, and as the spec files and tables have them.
 * Pure. */

#include "openvswitch/compiler.h"

/* Turns "10,20,30-32" into JSON text, "[10, 20, 30, 31, 32]", for the caller
 * to free in '*json'.  Returns NULL, or what is wrong. */
char *vlan_list_to_json(const char *list, char **json) OVS_WARN_UNUSED_RESULT;
/* Likewise for one VLAN. */
char *vlan_to_json(const char *vlan, char **json) OVS_WARN_UNUSED_RESULT;

#endif /* src/cli/vlan.h */
