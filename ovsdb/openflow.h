/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_OVSDB_OPENFLOW_H
#define PORTD_OVSDB_OPENFLOW_H 1

/* OpenFlow: what a bridge's flows tell. Only asks; it never changes a flow,
 * and it knows nothing of the rest of ovsdb/. */

#include <stdbool.h>
#include "openvswitch/compiler.h"

/* Asks the bridge 'name' of the ovs-vswitchd whose sockets are in 'rundir'
 * how many of its flows output to NORMAL, the action that heeds the VLANs of
 * ports; the switch counts, the answer is one message.  Returns 0 and the
 * count, or a positive errno, at the latest after 'timeout_ms'. */
int openflow_count_normal(const char *rundir, const char *name,
                          int timeout_ms, unsigned int *n)
    OVS_WARN_UNUSED_RESULT;

#endif /* ovsdb/openflow.h */
