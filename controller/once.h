/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_CONTROLLER_ONCE_H
#define PORTD_CONTROLLER_ONCE_H 1

/* When a first run has come to its end: --once, which ends with it, and with
 * which exit status; and the daemon, which tells the service manager. */

#include <stdbool.h>

struct reconcile;

/* Longest that --once waits for ovsdb-server, and for the rest. */
#define ONCE_CONNECT_MS (10 * 1000)
#define ONCE_CONVERGE_MS (120 * 1000)

/* Longest that the daemon keeps those waiting who start after it. */
#define ONCE_READY_MS (60 * 1000)

/* Exit statuses, as design.md has them for both programs. */
enum { ONCE_DONE = 0, ONCE_BAD = 2, ONCE_TIMEOUT = 3, ONCE_ABSENT = 4 };

/* True if the run that began at 'start' is over at 'now'; then '*status' is
 * the exit status.  Otherwise wakes the poll loop in time to ask again. */
bool once_is_over(const struct reconcile *, long long int start,
                  long long int now, int *status);

/* True once the daemon has done all that it can do by itself, or the longest
 * time for that is over; also if it may not write.  Otherwise wakes the poll
 * loop in time to ask again. */
bool once_is_ready(const struct reconcile *, long long int now);

/* Prints how everything stands; with --observe also what would be done. */
void once_report(const struct reconcile *);

#endif /* controller/once.h */
