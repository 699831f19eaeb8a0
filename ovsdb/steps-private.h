/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_OVSDB_STEPS_PRIVATE_H
#define PORTD_OVSDB_STEPS_PRIVATE_H 1

/* What check.c (looking) and steps.c (writing) share; for ovsdb/ only. */

#include "ovsdb/steps.h"
#include "src/model/columns.h"
#include "src/plan/plan.h"

struct ovsdb_idl_row;
struct svec;

/* The row that is called 'name', also one that is inserted here; NULL if there
 * is none. */
const struct ovsdb_idl_row *steps_find(const struct steps_txn *,
                                       enum plan_what, const char *name);
/* The mark of 'row', or NULL. */
const char *steps_mark(enum plan_what, const struct ovsdb_idl_row *row);
/* True for a field that is no column: MODEL_F_BRIDGE. */
bool steps_is_pseudo(const char *field);
/* The names in 'text', a value of a field that refers to rows. */
void steps_split(const char *text, struct svec *names);

/* Looks whether the 'n' steps of one object can be written.  Returns NULL or
 * an error text for the caller to free. */
char *steps_check(const struct steps_txn *, struct plan_step **steps,
                  size_t n) OVS_WARN_UNUSED_RESULT;

#endif /* ovsdb/steps-private.h */
