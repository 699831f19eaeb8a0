/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_HOST_PLAN_JSON_H
#define PORTD_HOST_PLAN_JSON_H 1

/* A plan as JSON, as docs/control-protocol.md describes it. */

struct json;
struct plan;

/* All steps of the plan, in order: an array for the caller to destroy. */
struct json *plan_json(const struct plan *);

#endif /* src/host/plan-json.h */
