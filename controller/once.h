/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_CONTROLLER_ONCE_H
#define PORTD_CONTROLLER_ONCE_H 1

/* --once: when a single run has come to its end, and with which exit
 * status. */

#include <stdbool.h>

struct reconcile;

/* Longest that --once waits for ovsdb-server, and for the rest. */
#define ONCE_CONNECT_MS (10 * 1000)
#define ONCE_CONVERGE_MS (120 * 1000)

/* Exit statuses, as design.md has them for both programs. */
enum { ONCE_DONE = 0, ONCE_BAD = 2, ONCE_TIMEOUT = 3, ONCE_ABSENT = 4 };

/* True if the run that began at 'start' is over at 'now'; then '*status' is
 * the exit status.  Otherwise wakes the poll loop in time to ask again. */
bool once_is_over(const struct reconcile *, long long int start,
                  long long int now, int *status);

/* Prints how everything stands; with --observe also what would be done. */
void once_report(const struct reconcile *);

#endif /* controller/once.h */
