/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_OVSDB_OBSERVE_H
#define PORTD_OVSDB_OBSERVE_H 1

/* Observer
 * ========
 *
 * Rows of the IDL become bridges and ports of the observed model.  It reads
 * only: it knows neither locks nor transactions, and whether the connection
 * stands is its caller's business. */

#include <stdbool.h>
#include <stddef.h>
#include "src/model/columns.h"

struct model_observed;
struct observer;
struct ovsdb_idl;
struct ovsdb_idl_row;
struct ovsrec_bridge;
struct ovsrec_interface;
struct ovsrec_port;
struct sset;

/* Asks 'idl', which must not have run yet, for all columns that are read.
 * Both are borrowed. */
struct observer *observer_create(struct ovsdb_idl *idl,
                                 struct model_observed *);
void observer_destroy(struct observer *);

/* True if what is tracked says that the IDL has thrown away its contents and
 * loaded them anew: rows that went meanwhile are not tracked then. */
bool observer_reloaded(const struct observer *);

/* Enters what changed since ovsdb_idl_track_clear() was last called. */
void observer_track(struct observer *);

/* Enters all rows, and removes what has no row. */
void observer_resync(struct observer *);

/* The row called 'name', also one that the current transaction inserts; NULL
 * if there is none.  Valid until the IDL runs or the transaction ends. */
const struct ovsrec_bridge *observer_bridge(const struct observer *,
                                            const char *name);
const struct ovsrec_port *observer_port(const struct observer *,
                                        const char *name);
const struct ovsrec_interface *observer_iface(const struct observer *,
                                              const char *name);
/* The names of the bridges that port 'name' is in, or NULL. */
const struct sset *observer_port_bridges(const struct observer *,
                                         const char *name);
/* The satellite that the model has by this name; NULL if there is none, and
 * for one that the current transaction inserts. */
const struct ovsdb_idl_row *observer_satellite(const struct observer *,
                                               enum model_table,
                                               const char *name);

#endif /* ovsdb/observe.h */
