/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_OVSDB_OPENFLOW_H
#define PORTD_OVSDB_OPENFLOW_H 1

/* OpenFlow: what a bridge's flows tell, and a nudge for those who look after
 * the datapath's.  It never changes a flow, and it knows nothing of the rest
 * of ovsdb/. */

#include <stdbool.h>
#include "openvswitch/compiler.h"

/* Asks the bridge 'name' of the ovs-vswitchd whose sockets are in 'rundir'
 * how many of its flows output to NORMAL, the action that heeds the VLANs of
 * ports; the switch counts, the answer is one message.  Returns 0 and the
 * count, or a positive errno, at the latest after 'timeout_ms'. */
int openflow_count_normal(const char *rundir, const char *name,
                          int timeout_ms, unsigned int *n)
    OVS_WARN_UNUSED_RESULT;

/* Nudges
 * ======
 *
 * ovs-vswitchd's revalidators look at the datapath's flows when something has
 * changed, and otherwise every 500 ms (other_config:max-revalidator).  Who
 * waits for them to have looked once more would wait that long.
 *
 * Any flow_mod that is accepted makes them look at once, also one that deletes
 * the flows that have a match and a cookie that no flow has: nothing changes,
 * nobody is told of anything (handle_flow_mod__() in OVS's ofproto/ofproto.c
 * gives the tables a new version before it knows of any change). */

struct openflow_nudger;

/* Begins to connect to some bridge of the ovs-vswitchd whose sockets are in
 * 'rundir'.  Never blocks and never fails: where there is no bridge, nudges
 * do nothing. */
struct openflow_nudger *openflow_nudger_open(const char *rundir);
void openflow_nudger_close(struct openflow_nudger *);
/* Waits until it is connected, or has failed, at most 'timeout_ms' ms. */
void openflow_nudger_connect(struct openflow_nudger *, int timeout_ms);
/* One nudge, as soon as it can be sent, and then small questions at growing
 * intervals, so that ovs-vswitchd does not sleep on its answer. */
void openflow_nudge(struct openflow_nudger *);
void openflow_nudger_run(struct openflow_nudger *);
void openflow_nudger_wait(const struct openflow_nudger *);

#endif /* ovsdb/openflow.h */
