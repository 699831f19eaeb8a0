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

#define SUFFIX ".mgmt"           /* Of the bridges' sockets. */

/* ovs-vswitchd may learn that the revalidators are through in the very
 * iteration of its main loop in which it has already answered who waits for
 * that, and then sleep on it until something else happens (udpif_run() comes
 * before the run() of OVS's ofproto/ofproto-dpif.c, which takes note).  Any
 * message wakes it.  The first pause between two of them, in ms; each is twice
 * as long as the one before. */
#define WAKE_MIN_MS 1
#define WAKE_MAX_MS 64

struct openflow {
    struct vconn *vconn;        /* NULL: there is no bridge to be had. */

    bool ask_due;               /* The question is to be sent. */
    bool asked;                 /* The answer is to come. */
    ovs_be32 xid;               /* Of the question. */
    bool answered;
    unsigned int n_normal;

    bool nudge_due;
    long long int wake_at;      /* LLONG_MAX: no nudge was sent. */
    int pause;
    bool waking;                /* A reply to the small question is to come. */
    ovs_be32 wake_xid;          /* Of the last of them. */
};

/* Connecting. */

/* A socket that an earlier ovs-vswitchd left refuses at once. */
static struct vconn *
open_bridge(const char *rundir, const char *socket)
{
    char *path = xasprintf("unix:%s/%s", rundir, socket);
    struct vconn *vconn;

    if (vconn_open(path, 0, DSCP_DEFAULT, &vconn)) {
        vconn = NULL;
    }
    free(path);
    return vconn;
}

/* The connection to the first bridge that has an open socket, or NULL. */
static struct vconn *
open_any_bridge(const char *rundir)
{
    struct vconn *vconn = NULL;
    DIR *dir = opendir(rundir);
    struct dirent *de;

    while (dir && !vconn && (de = readdir(dir))) {
        if (string_ends_with(de->d_name, SUFFIX)) {
            vconn = open_bridge(rundir, de->d_name);
        }
    }
    if (dir) {
        closedir(dir);
    }
    return vconn;
}

struct openflow *
openflow_open(const char *rundir, const char *bridge)
{
    struct openflow *of = xzalloc(sizeof *of);

    if (bridge) {
        char *socket = xasprintf("%s"SUFFIX, bridge);

        of->vconn = open_bridge(rundir, socket);
        free(socket);
    } else {
        of->vconn = open_any_bridge(rundir);
    }
    of->wake_at = LLONG_MAX;
    return of;
}

void
openflow_close(struct openflow *of)
{
    if (of) {
        vconn_close(of->vconn);
        free(of);
    }
}

bool
openflow_is_open(const struct openflow *of)
{
    return of->vconn != NULL;
}

static void
give_up(struct openflow *of)
{
    vconn_close(of->vconn);
    of->vconn = NULL;
}

/* The question. */

void
openflow_ask_normal(struct openflow *of)
{
    of->ask_due = true;
}

bool
openflow_is_asking(const struct openflow *of)
{
    return of->vconn && (of->ask_due || of->asked || of->waking);
}

bool
openflow_normal(const struct openflow *of, unsigned int *n)
{
    *n = of->n_normal;
    return of->answered;
}

static struct ofpbuf *
encode_question(enum ofputil_protocol protocol)
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

/* Takes in 'msg' if it is an answer; whatever else the switch has to say is
 * dropped. */
static void
take_answer(struct openflow *of, const struct ofpbuf *msg)
{
    const struct ofp_header *oh = msg->data;
    struct ofputil_aggregate_stats stats;

    if (of->asked && oh->xid == of->xid) {
        of->asked = false;
        if (!ofputil_decode_aggregate_stats_reply(&stats, oh)) {
            of->answered = true;
            of->n_normal = stats.flow_count;
        }
    }
    of->waking = of->waking && oh->xid != of->wake_xid;
}

/* Nudges. */

void
openflow_nudge(struct openflow *of)
{
    of->nudge_due = true;
}

void
openflow_rest(struct openflow *of)
{
    of->nudge_due = false;
    of->wake_at = LLONG_MAX;
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

/* Running. */

/* Sends 'msg', which it takes over.  Returns 0 or a positive errno. */
static int
send_msg(struct openflow *of, struct ofpbuf *msg)
{
    int error = vconn_send(of->vconn, msg);

    if (error) {
        ofpbuf_delete(msg);
    }
    return error;
}

static int
send_question(struct openflow *of, int version)
{
    struct ofpbuf *msg
        = encode_question(ofputil_protocol_from_ofp_version(version));
    int error;

    of->xid = ((const struct ofp_header *) msg->data)->xid;
    error = send_msg(of, msg);
    if (!error) {
        of->ask_due = false;
        of->asked = true;
    }
    return error;
}

static int
send_nudge(struct openflow *of, int version, long long int now)
{
    int error = send_msg(of, encode_nudge(version));

    if (!error) {
        of->nudge_due = false;
        of->pause = WAKE_MIN_MS;
        of->wake_at = now + of->pause;
    }
    return error;
}

static int
send_wake(struct openflow *of, int version, long long int now)
{
    struct ofpbuf *msg = ofputil_encode_barrier_request(version);
    ovs_be32 xid = ((const struct ofp_header *) msg->data)->xid;
    int error = send_msg(of, msg);

    if (!error) {
        of->waking = true;
        of->wake_xid = xid;
    }
    of->pause = MIN(of->pause * 2, WAKE_MAX_MS);
    of->wake_at = now + of->pause;
    return error;
}

static int
send_what_is_due(struct openflow *of)
{
    int version = vconn_get_version(of->vconn);
    long long int now = time_msec();
    int error = 0;

    if (of->ask_due) {
        error = send_question(of, version);
    }
    if (!error && of->nudge_due) {
        error = send_nudge(of, version, now);
    } else if (!error && now >= of->wake_at) {
        error = send_wake(of, version, now);
    }
    return error;
}

void
openflow_run(struct openflow *of)
{
    struct ofpbuf *msg;
    int error;

    if (!of->vconn) {
        return;
    }
    vconn_run(of->vconn);
    error = vconn_connect(of->vconn);
    if (!error) {
        error = send_what_is_due(of);
    }
    while (!error) {
        error = vconn_recv(of->vconn, &msg);
        if (!error) {
            take_answer(of, msg);
            ofpbuf_delete(msg);
        }
    }
    if (error != EAGAIN) {
        give_up(of);
    }
}

void
openflow_wait(const struct openflow *of)
{
    if (!of->vconn) {
        return;
    }
    vconn_run_wait(of->vconn);
    if (vconn_connect(of->vconn) == EAGAIN) {
        vconn_connect_wait(of->vconn);
        return;
    }
    vconn_recv_wait(of->vconn);
    poll_timer_wait_until(of->wake_at);
    if (of->ask_due || of->nudge_due) {
        vconn_send_wait(of->vconn);
    }
}
