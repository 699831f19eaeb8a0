/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_KERNEL_NLSOCK_H
#define PORTD_KERNEL_NLSOCK_H 1

/* Netlink sockets
 * ===============
 *
 * One rtnetlink socket: events come in through nlsock_recv(), commands go out
 * through nlsock_transact().  A socket that is used for one is never used for
 * the other.  Knows nothing of what the messages mean. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "openvswitch/compiler.h"

struct nl_msg;
struct nl_sock;
struct nlmsghdr;
struct rtnl_link;

struct nlsock {
    struct nl_sock *sk;
    int fd;
    uint32_t port;              /* Our address: nlmsg_pid of answers. */
    uint32_t seq;               /* Last sequence number given out. */
    char *buf;                  /* NLSOCK_BUF_SIZE bytes to receive into. */
};

/* The kernel fills at most 32 kB into one datagram of a dump. */
#define NLSOCK_BUF_SIZE 65536

/* How long a command may take to be answered. */
#define NLSOCK_DEADLINE_MS 5000

/* Opens 's' with a receive buffer of 'rcvbuf' bytes, or as much as the system
 * lets us have.  Returns NULL or an error message for the caller to free. */
char *nlsock_open(struct nlsock *s, int rcvbuf) OVS_WARN_UNUSED_RESULT;

/* No-op for an nlsock that is all zeros. */
void nlsock_close(struct nlsock *);

/* Subscribes to the multicast group RTNLGRP_'group'.  Returns 0 or an
 * errno. */
int nlsock_join(struct nlsock *, int group);

/* Sends 'msg' (taken over) and stores its sequence number in '*seq'.  Returns
 * 0 or an errno. */
int nlsock_send(struct nlsock *, struct nl_msg *msg, uint32_t *seq);

/* Receives one datagram into 's->buf' without blocking and stores its length
 * in '*len'.  Returns 0, EAGAIN if there is none, ENOBUFS if messages were
 * lost, or another errno. */
int nlsock_recv(struct nlsock *s, size_t *len);

/* True if 'nlh' answers a request of 's', with sequence number 'seq'. */
bool nlsock_is_answer(const struct nlsock *s, const struct nlmsghdr *nlh,
                      uint32_t seq);

/* The errno (positive, 0: success) in a NLMSG_ERROR or NLMSG_DONE message. */
int nlsock_error(const struct nlmsghdr *);

/* A command and its outcome. */
struct nlreq {
    struct nl_msg *msg;         /* Taken over by nlsock_transact(). */
    uint32_t seq;
    bool answered;
    int error;                  /* errno, or 0. */
    char *text;                 /* The kernel's own words (for the caller to
                                 * free) or NULL. */
};

/* Sends the 'n' requests, each of which asks for an acknowledgement, and
 * waits for the outcomes, at most NLSOCK_DEADLINE_MS without one (error
 * ETIMEDOUT).  The kernel goes on after one that fails. */
void nlsock_transact(struct nlsock *, struct nlreq *, size_t n);

/* Like nlsock_transact() for the one 'msg', but returns the errno; the text
 * goes to '*text', unless 'text' is NULL. */
int nlsock_command(struct nlsock *, struct nl_msg *msg, char **text);

/* Asks for the link 'ifindex' as it is now.  Returns 0 and fills in '*out',
 * for rtnl_link_destroy(); otherwise an errno, ENODEV if there is none. */
int nlsock_get_link(struct nlsock *, int ifindex, struct rtnl_link *out);

/* Calls 'cb' for every link there is; 'cb' must copy what it keeps.  Returns
 * 0 or an errno, EINTR if links changed while the dump ran: then it may lack
 * some. */
int nlsock_dump_links(struct nlsock *,
                      void (*cb)(const struct rtnl_link *, void *aux),
                      void *aux);

#endif /* src/kernel/nlsock.h */
