/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_CLI_HOST_OBJECT_H
#define PORTD_CLI_HOST_OBJECT_H 1

/* Host objects
 * ============
 *
 * Where bridges, ports, bonds and links stand in host.json.  A port's name on
 * the command line is PORT, as no two are called the same, or BRIDGE/PORT.
 * Pure. */

#include "openvswitch/compiler.h"
#include "src/cli/keyed.h"

/* Fills in the pointer and the id of object 'name', whether or not it is in
 * 'k->text'; of a port on 'bridge', which is NULL for anything else.  Returns
 * NULL, or what is wrong with 'name', for the caller to free. */
char *host_object_place(struct keyed *k, const char *bridge,
                        const char *name) OVS_WARN_UNUSED_RESULT;
/* The same for an object that must be there. */
char *host_object_find(struct keyed *k, const char *name)
    OVS_WARN_UNUSED_RESULT;
/* The JSON pointer to 'bridge', for the caller to free. */
char *host_object_bridge(const char *bridge);

#endif /* src/cli/host-object.h */
