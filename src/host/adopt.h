/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_HOST_ADOPT_H
#define PORTD_HOST_ADOPT_H 1

/* Adopt
 * =====
 *
 * Whether an object may take over what is live under its names, and what
 * that would bring about: the same question for ovs-portctl, which shows it,
 * and for the daemon, which does it. */

#include <stdbool.h>
#include "openvswitch/compiler.h"
#include "src/plan/plan.h"

struct host;
struct sset;

/* One object: plan_adopt(), and whether 'rest' does more than is allowed. */
struct adoption {
    struct plan stamps;
    struct plan rest;
    char *refusal;              /* NULL: it may, if there are stamps. */
};
void adoption_init(struct adoption *, const struct host *, const char *id,
                   const struct plan_gate *, const struct plan_allowed *);
void adoption_destroy(struct adoption *);

/* "Port tap0, Interface tap0, link tap0", for the caller to free. */
char *adoption_describe(const struct adoption *);

#endif /* src/host/adopt.h */
