/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/kernel/kernel.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>

#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "src/kernel/device.h"
#include "src/kernel/kernel-private.h"
#include "src/kernel/rtaddr.h"
#include "src/kernel/rtnl.h"
#include "src/model/observed.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(kernel);

/* Events to model.
 *
 * Notifications, dumps and looks at single links all come through one socket,
 * so that they come in the order in which they were true.
 *
 * A notification is not all.  The kernel sends none for most changes of a
 * device that is down (alias, addr_gen_mode, arp_ignore, persistence), and
 * for a new root qdisc an RTM_NEWQDISC or RTM_DELQDISC only.  Where we know of
 * such a change we ask for the link (kernel_touch()); changes by sysctl are
 * found by the next dump. */

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 5);

/* Messages that one kernel_run() takes in. */
#define RUN_MAX 1000

/* Links asked for at a time. */
#define ASK_MAX 64

#define EVENTS_RCVBUF (16 * 1024 * 1024)
#define COMMANDS_RCVBUF (1024 * 1024)

/* After that long without a word from the kernel a dump is given up. */
#define DUMP_STALL_MS 5000
/* A device with a smaller MTU has no IPv6 (RFC 8200). */
#define MIN_MTU_IPV6 1280

void
kernel_touch(struct kernel *k, int ifindex)
{
    device_set_ask(k, device_get(k, ifindex), ASK_DUE);
}

/* The dump. */

static void
schedule_dump(struct kernel *k, long long int delay)
{
    k->dump_due = true;
    k->dump_at = time_msec() + delay;
}

/* No answer is to be had for 'd' alone: leaves it to a dump, a little later
 * so that this cannot become a busy loop. */
static void
device_give_up(struct kernel *k, struct device *d)
{
    device_set_ask(k, d, ASK_NOT);
    if (!k->dump_due) {
        schedule_dump(k, 1000);
    }
}

/* Asks for all links and then, as an address is of no use without its link,
 * for all addresses. */
static void
dump_ask(struct kernel *k, enum dump_part part)
{
    struct nl_msg *msg = (part == DUMP_LINKS ? rtnl_get(0)
                          : rtnl_get_addresses());
    int error;

    k->dump_part = part;
    k->dump_heard = time_msec();
    error = nlsock_send(&k->events, msg, &k->dump_seq);
    if (error) {
        VLOG_WARN_RL(&rl, "cannot ask for all links (%s), trying again",
                     ovs_strerror(error));
        k->dump_seq = 0;
        schedule_dump(k, 1000);
    }
}

static void
dump_begin(struct kernel *k)
{
    k->dump_due = false;
    k->dump_tainted = false;
    k->dump_gen++;
    dump_ask(k, DUMP_LINKS);
}

/* Removes all links, and addresses, of which nothing was heard since the dump
 * began. */
static void
sweep(struct kernel *k)
{
    struct device *d;

    HMAP_FOR_EACH_SAFE (d, node, &k->devices) {
        if (d->gen != k->dump_gen && d->ask == ASK_NOT) {
            device_remove(k, d);
        } else {
            device_sweep_addresses(k, d);
        }
    }
}

static void
dump_end(struct kernel *k, int error)
{
    k->dump_seq = 0;
    if (error) {
        VLOG_WARN_RL(&rl, "dump of links failed (%s), trying again",
                     ovs_strerror(error));
    }
    if (error || k->dump_tainted) {
        /* At once the first time; no busy loop where links change without
         * end. */
        schedule_dump(k, MIN(k->dump_retries * 100, 1000));
        k->dump_retries++;
        return;
    }
    if (k->dump_part == DUMP_LINKS) {
        dump_ask(k, DUMP_ADDRESSES);
        return;
    }
    k->dump_retries = 0;
    k->stats.dumps++;
    sweep(k);
    k->observed->links_complete = true;
}

/* Messages were lost: what is known may be wrong from here on. */
static void
overrun(struct kernel *k, int error)
{
    struct device *d;

    VLOG_WARN_RL(&rl, "link events were lost (%s), dumping all links again",
                 ovs_strerror(error));
    k->stats.overruns++;
    k->observed->links_complete = false;
    k->dump_tainted = true;
    schedule_dump(k, 0);

    /* Answers may be among what was lost, and the dump will bring them. */
    LIST_FOR_EACH_SAFE (d, list_node, &k->asked) {
        device_set_ask(k, d, ASK_DUE);
    }
}

/* Taking in. */

/* True if 'link' says that its device has got an MTU with which it has IPv6
 * again: the kernel sets that up only after it has sent this, with the default
 * addr_gen_mode, and sends nothing more. */
static bool
regains_ipv6(const struct kernel *k, const struct model_link *link)
{
    const struct model_link *old = model_observed_link(k->observed,
                                                       link->name);

    return (old && old->ifindex == link->ifindex
            && smap_get_int(&old->fields, MODEL_L_MTU, 0) < MIN_MTU_IPV6
            && smap_get_int(&link->fields, MODEL_L_MTU, 0) >= MIN_MTU_IPV6);
}

static void
take_link(struct kernel *k, const struct nlmsghdr *nlh)
{
    struct rtnl_link link;
    struct device *d;

    if (!rtnl_parse_link(nlh, &link)) {
        return;
    }
    k->stats.events++;
    d = device_find(k, link.ifindex);
    if (link.gone) {
        if (d) {
            device_remove(k, d);
        }
    } else {
        if (!d) {
            d = device_get(k, link.ifindex);
        }
        d->gen = k->dump_gen;
        if (d->ask == ASK_SENT
            && nlsock_is_answer(&k->events, nlh, d->ask_seq)) {
            device_set_ask(k, d, ASK_NOT);
        }
        if (d->ask == ASK_NOT) {
            if (regains_ipv6(k, link.link)) {
                kernel_touch(k, link.ifindex);
            }
            device_update(k, d, &link);
        }
    }
    rtnl_link_destroy(&link);
}

/* One of a device that is not known is that of a device that is gone. */
static void
take_address(struct kernel *k, const struct nlmsghdr *nlh)
{
    struct rtnl_address address;
    struct device *d;

    if (rtnl_parse_address(nlh, &address)) {
        k->stats.events++;
        d = device_find(k, address.ifindex);
        if (d) {
            device_update_address(k, d, &address);
        }
    }
}

/* An answer to a look at one link: there is none. */
static void
take_error(struct kernel *k, const struct nlmsghdr *nlh)
{
    struct device *d;

    LIST_FOR_EACH (d, list_node, &k->asked) {
        if (nlsock_is_answer(&k->events, nlh, d->ask_seq)) {
            if (nlsock_error(nlh) == ENODEV) {
                device_remove(k, d);
            } else {
                device_give_up(k, d);
            }
            return;
        }
    }
}

static void
take_message(struct kernel *k, const struct nlmsghdr *nlh)
{
    bool of_dump = nlsock_is_answer(&k->events, nlh, k->dump_seq);

    if (of_dump) {
        k->dump_heard = time_msec();
        k->dump_tainted |= !!(nlh->nlmsg_flags & NLM_F_DUMP_INTR);
    }
    switch (nlh->nlmsg_type) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
        take_link(k, nlh);
        break;

    case RTM_NEWADDR:
    case RTM_DELADDR:
        take_address(k, nlh);
        break;

    case RTM_NEWQDISC:
    case RTM_DELQDISC: {
        int ifindex = rtnl_parse_root_qdisc(nlh);
        if (ifindex) {
            kernel_touch(k, ifindex);
        }
        break;
    }

    case NLMSG_DONE:
    case NLMSG_ERROR:
        if (of_dump) {
            dump_end(k, nlsock_error(nlh));
        } else if (nlh->nlmsg_type == NLMSG_ERROR) {
            take_error(k, nlh);
        }
        break;
    }
}

/* Takes in one datagram.  Returns the number of messages in it, or 0 if the
 * socket is empty. */
static int
take_datagram(struct kernel *k)
{
    struct nlmsghdr *nlh = ALIGNED_CAST(struct nlmsghdr *, k->events.buf);
    size_t len;
    int n = 0;
    int left;
    int error;

    error = nlsock_recv(&k->events, &len);
    if (error == EAGAIN) {
        return 0;
    } else if (error) {
        overrun(k, error);
        return 1;
    }
    for (left = len; nlmsg_ok(nlh, left); nlh = nlmsg_next(nlh, &left)) {
        take_message(k, nlh);
        n++;
    }
    return MAX(n, 1);
}

/* Asks for what is due.  Only for an empty socket: after an overrun the kernel
 * goes on dropping, silently, until all has been read (NETLINK_S_CONGESTED),
 * so that a dump that began before that would have gaps.  Returns how much
 * was asked. */
static int
ask(struct kernel *k)
{
    struct device *d;
    int n = 0;

    /* The kernel answers a look at one link before sendmsg() returns: what is
     * not here is lost. */
    LIST_FOR_EACH_SAFE (d, list_node, &k->asked) {
        device_give_up(k, d);
    }
    if (k->dump_due && !k->dump_seq && time_msec() >= k->dump_at) {
        dump_begin(k);
        return 1;
    }
    LIST_FOR_EACH_SAFE (d, list_node, &k->to_ask) {
        uint32_t seq;

        if (n >= ASK_MAX) {
            break;
        }
        if (nlsock_send(&k->events, rtnl_get(d->ifindex), &seq)) {
            device_give_up(k, d);
        } else {
            device_set_ask(k, d, ASK_SENT);
            d->ask_seq = seq;
            n++;
        }
    }
    return n;
}

/* Life cycle. */

static char *
events_open(struct nlsock *s)
{
    static const int groups[] = { RTNLGRP_LINK, RTNLGRP_TC,
                                  RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR };
    char *error;
    int retval = 0;

    error = nlsock_open(s, EVENTS_RCVBUF);
    if (error) {
        return error;
    }
    for (size_t i = 0; i < ARRAY_SIZE(groups) && !retval; i++) {
        retval = nlsock_join(s, groups[i]);
    }
    if (retval) {
        nlsock_close(s);
        return xasprintf("cannot subscribe to link events: %s",
                         ovs_strerror(retval));
    }
    return NULL;
}

/* A dump that has gone silent: begins again with a new socket, as the old one
 * may refuse another dump for ever. */
static void
check_stall(struct kernel *k)
{
    struct nlsock new;
    char *error;

    if (!k->dump_seq || time_msec() < k->dump_heard + DUMP_STALL_MS) {
        return;
    }
    error = events_open(&new);
    if (error) {
        VLOG_WARN_RL(&rl, "%s, trying again", error);
        free(error);
        k->dump_heard = time_msec();
        return;
    }
    nlsock_close(&k->events);
    k->events = new;
    k->dump_seq = 0;
    overrun(k, ETIMEDOUT);
}

char *
kernel_open(struct model_observed *observed, struct kernel **kernelp)
{
    struct kernel *k = xzalloc(sizeof *k);
    char *error;

    *kernelp = NULL;
    k->observed = observed;
    hmap_init(&k->devices);
    ovs_list_init(&k->to_ask);
    ovs_list_init(&k->asked);
    sset_init(&k->watched);

    error = events_open(&k->events);
    if (!error) {
        error = nlsock_open(&k->commands, COMMANDS_RCVBUF);
    }
    k->ioctls = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (!error && k->ioctls < 0) {
        error = xasprintf("cannot open a socket: %s", ovs_strerror(errno));
    }
    if (error) {
        kernel_close(k);
        return error;
    }
    schedule_dump(k, 0);
    *kernelp = k;
    return NULL;
}

void
kernel_close(struct kernel *k)
{
    if (k) {
        nlsock_close(&k->events);
        nlsock_close(&k->commands);
        if (k->ioctls >= 0) {
            close(k->ioctls);
        }
        sset_destroy(&k->watched);
        free(k->features);
        device_free_all(k);
        free(k);
    }
}

void
kernel_run(struct kernel *k)
{
    int budget = RUN_MAX;

    while (budget > 0) {
        int n = take_datagram(k);

        if (!n) {
            n = ask(k);
        }
        if (!n) {
            break;
        }
        budget -= n;
    }
    k->more = budget <= 0;
    check_stall(k);
}

bool
kernel_is_up_to_date(const struct kernel *k)
{
    return (!k->more && !k->dump_due && !k->dump_seq
            && ovs_list_is_empty(&k->to_ask) && ovs_list_is_empty(&k->asked));
}

void
kernel_wait(struct kernel *k)
{
    if (k->more || !ovs_list_is_empty(&k->to_ask)) {
        poll_immediate_wake();
    }
    if (k->dump_seq) {
        poll_timer_wait_until(k->dump_heard + DUMP_STALL_MS);
    } else if (k->dump_due) {
        poll_timer_wait_until(k->dump_at);
    }
    poll_fd_wait(k->events.fd, POLLIN);
}

void
kernel_refresh(struct kernel *k, const char *name)
{
    const struct model_link *link = model_observed_link(k->observed, name);

    if (link) {
        kernel_touch(k, link->ifindex);
    }
}

void
kernel_resync(struct kernel *k)
{
    schedule_dump(k, 0);
}

const struct kernel_stats *
kernel_get_stats(const struct kernel *k)
{
    return &k->stats;
}
