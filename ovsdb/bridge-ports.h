/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_OVSDB_BRIDGE_PORTS_H
#define PORTD_OVSDB_BRIDGE_PORTS_H 1

/* Bridge ports
 * ============
 *
 * Which port is in which bridges.  A Port row does not say so and does not
 * change when it moves; only Bridge.ports does, all of it at once.  What one
 * change of it means is found by comparing it with what it was. */

#include "openvswitch/shash.h"

struct ovsdb_idl;
struct ovsrec_bridge;
struct sset;

struct bridge_ports {
    struct shash bridges;       /* Name -> struct members. */
    struct shash ports;         /* Name -> struct sset of its bridges. */
};

void bridge_ports_init(struct bridge_ports *);
void bridge_ports_destroy(struct bridge_ports *);

/* Takes over Bridge.ports of 'row', the bridge called 'name' (NULL: there is
 * no such bridge any more).  Adds the names of the ports that have come or
 * gone to 'changed'.  Beside these the cost is that of comparing two arrays of
 * UUIDs by memcmp(). */
void bridge_ports_update(struct bridge_ports *, const struct ovsdb_idl *,
                         const char *name, const struct ovsrec_bridge *row,
                         struct sset *changed);

/* The names of the bridges that port 'name' is in, or NULL. */
const struct sset *bridge_ports_find(const struct bridge_ports *,
                                     const char *name);

#endif /* ovsdb/bridge-ports.h */
