/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_OVSDB_STEPS_H
#define PORTD_OVSDB_STEPS_H 1

/* Steps
 * =====
 *
 * Writes the steps of one object after another into an open transaction of
 * the IDL, after it has looked whether each row is still what the plan took
 * it for.  It neither sends the transaction nor knows how it ends. */

#include <stdbool.h>
#include <stddef.h>
#include "openvswitch/shash.h"
#include "sset.h"

struct model_observed;
struct observer;
struct ovsdb_idl_row;
struct ovsdb_idl_txn;
struct ovsrec_open_vswitch;
struct plan_step;

/* An open transaction.  The caller fills in the first four members. */
struct steps_txn {
    struct ovsdb_idl_txn *txn;
    const struct observer *observer;
    const struct model_observed *observed;
    const struct ovsrec_open_vswitch *ovs;
    struct sset new_ports;      /* Names of Ports inserted here. */
    struct shash new_satellites; /* Key -> row inserted here. */
    const struct ovsdb_idl_row *noop; /* MODEL_QOS_NOOP's row, if something
                                       * refers to it from here on. */
};

void steps_txn_init(struct steps_txn *);
void steps_txn_destroy(struct steps_txn *);

/* Writes the 'n' steps of one object.  Where one of them cannot be done, none
 * is, and all get an 'error'. */
void steps_write(struct steps_txn *, struct plan_step **steps, size_t n);

/* True if 'step' deletes the satellite that 'text', an error of the server's,
 * names by its UUID. */
bool steps_is_refused(const struct observer *, const struct plan_step *step,
                      const char *text);

#endif /* ovsdb/steps.h */
