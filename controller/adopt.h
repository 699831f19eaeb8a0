/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_CONTROLLER_ADOPT_H
#define PORTD_CONTROLLER_ADOPT_H 1

/* Adoption, as the daemon does it: what the operator asked for is planned
 * anew in the next pass, which puts the marks on; the pass after that makes
 * the rest equal as ever.  Part of reconcile.h. */

#include <stdbool.h>
#include "openvswitch/compiler.h"

struct plan_allowed;
struct plan;
struct plan_gate;
struct reconcile;
struct record;
struct sset;

/* Has objects 'ids' adopted, or with NULL all that can be.  Returns NULL and
 * one line for each object in '*reply', or, if one of 'ids' cannot be and so
 * nothing is done, an error message.  Both are for the caller to free. */
char *adopt_request(struct reconcile *, const struct sset *ids,
                    const struct plan_allowed *, char **reply)
    OVS_WARN_UNUSED_RESULT;

/* If object 'id' is to be adopted now, appends the steps that mark it to
 * 'plan' and returns true. */
bool adopt_plan(struct reconcile *, const char *id, struct record *,
                const struct plan_gate *, struct plan *);

/* Forgets all that was asked for. */
void adopt_clear(struct reconcile *);

#endif /* controller/adopt.h */
