/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "ovsdb/openflow.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "byte-order.h"
#include "openvswitch/match.h"
#include "openvswitch/ofp-flow.h"
#include "openvswitch/ofp-msgs.h"
#include "openvswitch/ofp-protocol.h"
#include "openvswitch/ofp-util.h"
#include "openvswitch/ofpbuf.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vconn.h"
#include "packets.h"
#include "random.h"
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

/* Nudges. */

/* ovs-vswitchd may learn that the revalidators are through in the very
 * iteration of its main loop in which it has already answered who waits for
 * that, and then sleep on it until something else happens (udpif_run() comes
 * before the run() of OVS's ofproto/ofproto-dpif.c, which takes note).  Any
 * message wakes it.  The first pause between two of them, in ms; each is twice
 * as long as the one before. */
#define WAKE_MIN_MS 1
#define WAKE_MAX_MS 64

struct openflow_nudger {
    struct vconn *vconn;        /* NULL: there is no bridge to be had. */
    bool due;
    long long int wake_at;      /* LLONG_MAX: no nudge was sent. */
    int pause;
};

/* The connection to the first bridge that has an open socket, or NULL. */
static struct vconn *
open_any_bridge(const char *rundir)
{
    static const char suffix[] = ".mgmt";
    struct vconn *vconn = NULL;
    DIR *dir = opendir(rundir);
    struct dirent *de;

    while (dir && !vconn && (de = readdir(dir))) {
        if (string_ends_with(de->d_name, suffix)) {
            char *path = xasprintf("unix:%s/%s", rundir, de->d_name);

            /* A socket that an earlier ovs-vswitchd left refuses at once. */
            if (vconn_open(path, 0, DSCP_DEFAULT, &vconn)) {
                vconn = NULL;
            }
            free(path);
        }
    }
    if (dir) {
        closedir(dir);
    }
    return vconn;
}

struct openflow_nudger *
openflow_nudger_open(const char *rundir)
{
    struct openflow_nudger *n = xzalloc(sizeof *n);

    n->vconn = open_any_bridge(rundir);
    n->wake_at = LLONG_MAX;
    return n;
}

void
openflow_nudger_close(struct openflow_nudger *n)
{
    if (n) {
        vconn_close(n->vconn);
        free(n);
    }
}

void
openflow_nudge(struct openflow_nudger *n)
{
    n->due = true;
}

/* Deletes the flow of highest priority for frames of an EtherType that is for
 * local experiments, from and to addresses made up just now, if its cookie is
 * one made up just now. */
static struct ofpbuf *
encode_nudge(int version)
{
    enum ofputil_protocol protocol
        = ofputil_protocol_from_ofp_version(version);
    struct ofputil_flow_mod fm = {
        .command = OFPFC_DELETE_STRICT,
        .priority = UINT16_MAX,
        .cookie = htonll(random_uint64()),
        .cookie_mask = OVS_BE64_MAX,
        .new_cookie = OVS_BE64_MAX,
        .table_id = OFPTT_ALL,
        .buffer_id = UINT32_MAX,
        .out_port = OFPP_ANY,
        .out_group = OFPG_ANY,
    };
    struct match match;
    struct eth_addr ea;

    match_init_catchall(&match);
    match_set_dl_type(&match, htons(0x88b5));
    eth_addr_random(&ea);
    match_set_dl_src(&match, ea);
    eth_addr_random(&ea);
    match_set_dl_dst(&match, ea);
    minimatch_init(&fm.match, &match);
    /* OpenFlow 1.0 itself cannot say cookies of flows to be deleted. */
    struct ofpbuf *msg = ofputil_encode_flow_mod(
        &fm, protocol & OFPUTIL_P_OF10_ANY ? OFPUTIL_P_OF10_NXM : protocol);
    minimatch_destroy(&fm.match);
    return msg;
}

static void
give_up(struct openflow_nudger *n)
{
    vconn_close(n->vconn);
    n->vconn = NULL;
}

/* Sends 'msg', which it takes over.  Returns 0 or a positive errno. */
static int
send_msg(struct openflow_nudger *n, struct ofpbuf *msg)
{
    int error = vconn_send(n->vconn, msg);

    if (error) {
        ofpbuf_delete(msg);
    }
    return error;
}

static int
send_what_is_due(struct openflow_nudger *n)
{
    int version = vconn_get_version(n->vconn);
    long long int now = time_msec();
    int error = 0;

    if (n->due) {
        error = send_msg(n, encode_nudge(version));
        if (!error) {
            n->due = false;
            n->pause = WAKE_MIN_MS;
            n->wake_at = now + n->pause;
        }
    } else if (now >= n->wake_at) {
        error = send_msg(n, ofputil_encode_barrier_request(version));
        n->pause = MIN(n->pause * 2, WAKE_MAX_MS);
        n->wake_at = now + n->pause;
    }
    return error;
}

void
openflow_nudger_run(struct openflow_nudger *n)
{
    struct ofpbuf *msg;
    int error;

    if (!n->vconn) {
        return;
    }
    vconn_run(n->vconn);
    error = vconn_connect(n->vconn);
    if (!error) {
        error = send_what_is_due(n);
    }
    while (!error) {
        error = vconn_recv(n->vconn, &msg);
        if (!error) {
            ofpbuf_delete(msg);
        }
    }
    if (error != EAGAIN) {
        give_up(n);
    }
}

void
openflow_nudger_wait(const struct openflow_nudger *n)
{
    if (!n->vconn) {
        return;
    }
    vconn_run_wait(n->vconn);
    if (vconn_connect(n->vconn) == EAGAIN) {
        vconn_connect_wait(n->vconn);
        return;
    }
    vconn_recv_wait(n->vconn);
    poll_timer_wait_until(n->wake_at);
    if (n->due) {
        vconn_send_wait(n->vconn);
    }
}

void
openflow_nudger_connect(struct openflow_nudger *n, int timeout_ms)
{
    long long int deadline = time_msec() + timeout_ms;

    for (;;) {
        openflow_nudger_run(n);
        if (!n->vconn || vconn_connect(n->vconn) != EAGAIN
            || time_msec() >= deadline) {
            return;
        }
        openflow_nudger_wait(n);
        poll_timer_wait_until(deadline);
        poll_block();
    }
}
