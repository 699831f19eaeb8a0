/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_OVSDB_VSWITCHD_H
#define PORTD_OVSDB_VSWITCHD_H 1

/* Vswitchd
 * ========
 *
 * What ovs-vswitchd is asked beside the database: whether the datapath's
 * flows already follow the new configuration, which cur_cfg does not say, and
 * whether it is there at all. */

#include <stdbool.h>
#include "openvswitch/compiler.h"

struct openflow;
struct vswitchd_settle;

enum vswitchd_settled {
    VSWITCHD_SETTLED,           /* No frame uses the old flows any more. */
    VSWITCHD_REFUSED,           /* It cannot tell: it has several kinds of
                                 * datapath, and flows, or none at all. */
    VSWITCHD_FAILED             /* Not running, or no answer in time. */
};

/* Begins to wait until no frame uses the configuration before the last one
 * that is in cur_cfg, for 'timeout_ms' ms at most; ovs-vswitchd's pidfile is
 * in 'rundir'.  Never blocks.  'nudger' is borrowed; it spares waiting for
 * ovs-vswitchd to look after the flows by itself. */
struct vswitchd_settle *vswitchd_settle_start(const char *rundir,
                                              struct openflow *nudger,
                                              int timeout_ms);
bool vswitchd_settle_run(struct vswitchd_settle *);
void vswitchd_settle_wait(const struct vswitchd_settle *);
/* Ends it.  '*error' is a text for the caller to free, NULL if settled. */
enum vswitchd_settled vswitchd_settle_finish(struct vswitchd_settle *,
                                             char **error);

/* All of the above; blocks. */
enum vswitchd_settled vswitchd_settle(const char *rundir,
                                      struct openflow *nudger,
                                      int timeout_ms, char **error);

/* Has ovs-vswitchd do the unixctl command 'command', which has no arguments.
 * Returns NULL with its answer in '*answer', or an error text with '*answer'
 * NULL, both for the caller to free.  Blocks for 'timeout_ms' ms at most, also
 * if ovs-vswitchd is stopped. */
char *vswitchd_ask(const char *rundir, const char *command, int timeout_ms,
                   char **answer) OVS_WARN_UNUSED_RESULT;

/* Whether ovs-vswitchd works: the database looks healthy whatever becomes of
 * it. */
struct vswitchd_watch;

enum vswitchd_health {
    VSWITCHD_UNKNOWN,           /* Never seen: it may run elsewhere, with
                                 * another rundir. */
    VSWITCHD_WELL,
    VSWITCHD_GONE,              /* It was there, and is not any more. */
    VSWITCHD_HUNG               /* It runs and does not answer: stopped, or
                                 * very busy. */
};

/* Watches the one whose pidfile is in 'rundir': every few seconds, whether it
 * runs and answers on its control socket.  Never blocks. */
struct vswitchd_watch *vswitchd_watch_create(const char *rundir);
void vswitchd_watch_destroy(struct vswitchd_watch *);
enum vswitchd_health vswitchd_watch_run(struct vswitchd_watch *,
                                        long long int now);
void vswitchd_watch_wait(const struct vswitchd_watch *);

#endif /* ovsdb/vswitchd.h */
