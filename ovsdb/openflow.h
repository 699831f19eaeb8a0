/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_OVSDB_OPENFLOW_H
#define PORTD_OVSDB_OPENFLOW_H 1

/* OpenFlow: what a bridge's flows tell, and a nudge for those who look after
 * the datapath's.  It never changes a flow, and it knows nothing of the rest
 * of ovsdb/. */

#include <stdbool.h>
#include "openvswitch/compiler.h"

/* A connection to one bridge. */
struct openflow;

/* Begins to connect to bridge 'bridge', or with NULL to any, of the
 * ovs-vswitchd whose sockets are in 'rundir'.  Never blocks and never fails:
 * where there is no such bridge, or it goes away, questions have no answer
 * and nudges do nothing. */
struct openflow *openflow_open(const char *rundir, const char *bridge);
void openflow_close(struct openflow *);
/* True as long as it is connecting or connected. */
bool openflow_is_open(const struct openflow *);
void openflow_run(struct openflow *);
void openflow_wait(const struct openflow *);

/* Asks how many of the bridge's flows output to NORMAL, the action that heeds
 * the VLANs of ports; the switch counts, the answer is one message. */
void openflow_ask_normal(struct openflow *);
/* True as long as there may still be an answer to this or to a nudge. */
bool openflow_is_asking(const struct openflow *);
/* True, with the count in '*n', if there was an answer. */
bool openflow_normal(const struct openflow *, unsigned int *n);

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
 * gives the tables a new version before it knows of any change).
 *
 * One nudge, as soon as it can be sent, and then small questions at growing
 * intervals, so that ovs-vswitchd does not sleep on its answer. */
void openflow_nudge(struct openflow *);
/* No more of them.  openflow_is_asking() tells whether ovs-vswitchd is still
 * to answer: who closes before that is a broken pipe in its log. */
void openflow_rest(struct openflow *);

#endif /* ovsdb/openflow.h */
