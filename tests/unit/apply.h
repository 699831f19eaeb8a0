/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_TESTS_APPLY_H
#define PORTD_TESTS_APPLY_H 1

/* The two worlds as the plan believes them to be: what becomes of a step. */

struct model_observed;
struct plan_step;

/* Enters 'step' into 'observed' as though it had been done and seen.
 * 'ifindex' is what a new link gets, and 'ifindex' + 1 the other end of a
 * pair. */
void apply_step(const struct plan_step *, struct model_observed *,
                int ifindex);

#endif /* tests/unit/apply.h */
