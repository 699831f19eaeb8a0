/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_CONTROLLER_LEVEL_H
#define PORTD_CONTROLLER_LEVEL_H 1

/* Levels of waiting: how far an object must have come
 * (docs/control-protocol.md).  "guest" and "ovn" include "ovs", but not each
 * other: OVN may be done with a port before its VM starts.  Pure. */

#include <stdbool.h>

struct model_object;
struct model_observed;

enum level {
    LEVEL_DB,                   /* Committed. */
    LEVEL_OVS,                  /* At rest: applied, looked at. */
    LEVEL_GUEST,                /* A VM holds all of the NIC's queues. */
    LEVEL_OVN                   /* ovn-controller has installed its flows. */
};

/* Returns false if there is no level called 'name'. */
bool level_from_string(const char *name, enum level *);

/* What 'object', which is ready, still lacks for 'level', for the caller to
 * free; or NULL. */
char *level_lacks(enum level, const struct model_object *object,
                  const struct model_observed *);

#endif /* controller/level.h */
