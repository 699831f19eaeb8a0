/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_CONTROLLER_WAITERS_H
#define PORTD_CONTROLLER_WAITERS_H 1

/* Waiters: clients that asked with "sync" to be told when their files are in
 * force (docs/control-protocol.md).  They only look; nothing happens because
 * somebody waits, except that the files they name are read at once, and that
 * what they removed from these by name is let go. */

struct reconcile;
struct unixctl_conn;
struct waiters;

struct waiters *waiters_create(void);
/* Answers all that are left. */
void waiters_destroy(struct waiters *);

/* Parses the arguments of "sync"; answers at once if they are bad. */
void waiters_add(struct waiters *, struct reconcile *, struct unixctl_conn *,
                 int argc, const char *argv[]);

/* Answers those whose wait is over. Call after reconcile_run(). */
void waiters_run(struct waiters *, struct reconcile *);
void waiters_wait(const struct waiters *);

#endif /* controller/waiters.h */
