/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "ovsdb/openflow.h"

#include <errno.h>
#include <stdlib.h>

#include "openvswitch/match.h"
#include "openvswitch/ofp-flow.h"
#include "openvswitch/ofp-msgs.h"
#include "openvswitch/ofp-protocol.h"
#include "openvswitch/ofpbuf.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vconn.h"
#include "socket-util.h"
#include "timeval.h"
#include "util.h"

static struct ofpbuf *
encode_request(enum ofputil_protocol protocol)
{
    struct ofputil_flow_stats_request request = {
        .aggregate = true,
        .match = MATCH_CATCHALL_INITIALIZER,
        .out_port = OFPP_NORMAL,
        .out_group = OFPG_ANY,
        .table_id = OFPTT_ALL,
    };
    return ofputil_encode_flow_stats_request(&request, protocol);
}

/* Waits for the answer to the request 'xid'; whatever else the switch has to
 * say is dropped. */
static int
receive(struct vconn *vconn, ovs_be32 xid, long long int deadline,
        struct ofpbuf **reply)
{
    for (;;) {
        vconn_run(vconn);
        int error = vconn_recv(vconn, reply);
        if (!error) {
            const struct ofp_header *oh = (*reply)->data;
            if (oh->xid == xid) {
                return 0;
            }
            ofpbuf_delete(*reply);
            continue;
        } else if (error != EAGAIN) {
            return error;
        } else if (time_msec() >= deadline) {
            return ETIMEDOUT;
        }
        vconn_run_wait(vconn);
        vconn_recv_wait(vconn);
        poll_timer_wait_until(deadline);
        poll_block();
    }
}

static int
decode_reply(const struct ofpbuf *reply, unsigned int *n)
{
    struct ofputil_aggregate_stats stats;

    if (ofputil_decode_aggregate_stats_reply(&stats, reply->data)) {
        return EPROTO;
    }
    *n = stats.flow_count;
    return 0;
}

int
openflow_count_normal(const char *rundir, const char *name, int timeout_ms,
                      unsigned int *n)
{
    long long int deadline = time_msec() + timeout_ms;
    char *path = xasprintf("unix:%s/%s.mgmt", rundir, name);
    struct ofpbuf *reply = NULL;
    struct vconn *vconn;

    int error = vconn_open_block(path, 0, DSCP_DEFAULT, timeout_ms, &vconn);
    free(path);
    if (error) {
        return error;
    }

    struct ofpbuf *request = encode_request(
        ofputil_protocol_from_ofp_version(vconn_get_version(vconn)));
    ovs_be32 xid = ((const struct ofp_header *) request->data)->xid;
    error = vconn_send(vconn, request);
    if (error) {
        ofpbuf_delete(request);
    } else {
        error = receive(vconn, xid, deadline, &reply);
    }
    if (!error) {
        error = decode_reply(reply, n);
        ofpbuf_delete(reply);
    }
    vconn_close(vconn);
    return error;
}
