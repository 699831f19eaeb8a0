/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_CLI_PLAN_VIEW_H
#define PORTD_CLI_PLAN_VIEW_H 1

/* A plan of the whole host, made and shown. */

#include <stdbool.h>
#include "openvswitch/dynamic-string.h"

struct cli;
struct plan;
struct world;

/* Plans all objects by their ids, as world_plan() does.  With 'say', tells on
 * stderr which of them cannot be planned for. */
void plan_view_all(const struct world *, bool say, struct plan *);

/* Appends the steps, for people, a line each; or by objects. */
void plan_view_steps(const struct cli *, const struct plan *, struct ds *);
void plan_view_print(const struct cli *, const struct plan *, struct ds *);

#endif /* src/cli/plan-view.h */
