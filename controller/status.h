/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_CONTROLLER_STATUS_H
#define PORTD_CONTROLLER_STATUS_H 1

/* Status: what the daemon tells of itself (docs/control-protocol.md). Only
 * reads. */

struct json;
struct reconcile;
struct record;

struct json *status_json(const struct reconcile *);
/* One object of the "objects" array. */
struct json *status_object_json(const struct reconcile *,
                                const struct record *);
/* For people, for the caller to free. */
char *status_text(const struct reconcile *);

/* The steps that are left, of all objects: an array, or lines. */
struct json *status_plan_json(const struct reconcile *);
char *status_plan_text(const struct reconcile *);

#endif /* controller/status.h */
