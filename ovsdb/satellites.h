/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_OVSDB_SATELLITES_H
#define PORTD_OVSDB_SATELLITES_H 1

/* Satellites
 * ==========
 *
 * The observer's part for QoS, Queue, Mirror, Controller, NetFlow, sFlow and
 * IPFIX rows: which of them the model sees, and by which name
 * (src/model/model.h).  Unlike those of bridges and ports their names are no
 * column that the schema keeps unique: rows of ours say theirs in
 * external_ids, others' follow from the bridge that refers to them.  Of two
 * rows of one name the one of ours counts, then the one that had it before,
 * then the one of the lower UUID.
 *
 * It reads only, as the observer does. */

#include "openvswitch/compiler.h"
#include "src/model/columns.h"

struct fields_namer;
struct model_observed;
struct ovsdb_idl;
struct ovsdb_idl_row;
struct satellites;
struct uuid;

/* Asks 'idl', which must not have run yet, for all columns that are read.
 * Everything is borrowed, 'namer' for as long as the observer lives. */
struct satellites *satellites_create(struct ovsdb_idl *idl,
                                     struct model_observed *,
                                     const struct fields_namer *namer);
void satellites_destroy(struct satellites *);

/* Notes what is tracked; satellites_flush() enters it. */
void satellites_track(struct satellites *);
/* Notes that bridge 'name' has changed, whose row is 'bridge' (NULL: it is
 * gone). */
void satellites_update_bridge(struct satellites *, const char *name,
                              const struct ovsdb_idl_row *bridge);
/* Notes all rows, those that are gone included. */
void satellites_resync(struct satellites *);
/* Enters what was noted into the model. */
void satellites_flush(struct satellites *);

/* The row called 'name' that the last flush entered, or NULL. */
const struct ovsdb_idl_row *satellites_find(const struct satellites *,
                                            enum model_table,
                                            const char *name);
/* What the model calls the row, "?UUID" if it does not see it; for the caller
 * to free. */
char *satellites_name(const struct satellites *, const struct uuid *);

#endif /* ovsdb/satellites.h */
