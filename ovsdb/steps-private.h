/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_OVSDB_STEPS_PRIVATE_H
#define PORTD_OVSDB_STEPS_PRIVATE_H 1

/* What check.c (looking) and steps.c (writing) share; for ovsdb/ only. */

#include "ovsdb/steps.h"
#include "src/model/columns.h"
#include "src/plan/plan.h"

struct ovsdb_idl_row;
struct smap;

struct steps_target {
    const struct ovsdb_idl_row *row; /* NULL: there is none. */
    const struct smap *external_ids;
};

/* The row that is called 'name', also one that is inserted here. */
struct steps_target steps_find(const struct steps_txn *, enum plan_what,
                               const char *name);
/* The table that a step for a bridge, port or interface is about. */
enum model_table steps_table(const struct plan_step *);
/* True for a field of a Port that is no column: MODEL_F_BRIDGE and _QOS. */
bool steps_is_pseudo(const struct plan_step *, const char *field);

/* Looks whether the 'n' steps of one object can be written.  Returns NULL or
 * an error text for the caller to free. */
char *steps_check(const struct steps_txn *, struct plan_step **steps,
                  size_t n) OVS_WARN_UNUSED_RESULT;

#endif /* ovsdb/steps-private.h */
