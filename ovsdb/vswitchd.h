/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_OVSDB_VSWITCHD_H
#define PORTD_OVSDB_VSWITCHD_H 1

/* Vswitchd
 * ========
 *
 * What ovs-vswitchd is asked beside the database: whether the datapath's
 * flows already follow the new configuration.  cur_cfg does not say that. */

#include <stdbool.h>

struct vswitchd_settle;

enum vswitchd_settled {
    VSWITCHD_SETTLED,           /* No frame uses the old flows any more. */
    VSWITCHD_REFUSED,           /* It cannot tell: it has several kinds of
                                 * datapath, or none. */
    VSWITCHD_FAILED             /* Not running, or no answer in time. */
};

/* Begins to wait until no frame uses the configuration before the last one
 * that is in cur_cfg, for 'timeout_ms' ms at most; ovs-vswitchd's pidfile is
 * in 'rundir'.  Never blocks. */
struct vswitchd_settle *vswitchd_settle_start(const char *rundir,
                                              int timeout_ms);
bool vswitchd_settle_run(struct vswitchd_settle *);
void vswitchd_settle_wait(const struct vswitchd_settle *);
/* Ends it.  '*error' is a text for the caller to free, NULL if settled. */
enum vswitchd_settled vswitchd_settle_finish(struct vswitchd_settle *,
                                             char **error);

/* All of the above; blocks. */
enum vswitchd_settled vswitchd_settle(const char *rundir, int timeout_ms,
                                      char **error);

/* True if an ovs-vswitchd whose pidfile is in 'rundir' runs, be it stopped, or
 * if that cannot be told. */
bool vswitchd_is_alive(const char *rundir);

#endif /* ovsdb/vswitchd.h */
