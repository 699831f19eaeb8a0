/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/kernel/nlsock.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "src/kernel/rtnl.h"
#include "timeval.h"
#include "util.h"

/* Messages in one sendmsg(): their acknowledgements must fit into the receive
 * buffer even where the system grants no more than its default. */
#define CHUNK 64

char *
nlsock_open(struct nlsock *s, int rcvbuf)
{
    static const int on = 1;
    int error;

    memset(s, 0, sizeof *s);
    s->sk = nl_socket_alloc();
    if (!s->sk) {
        out_of_memory();
    }
    error = nl_connect(s->sk, NETLINK_ROUTE);
    if (error) {
        nl_socket_free(s->sk);
        s->sk = NULL;
        return xasprintf("cannot open an rtnetlink socket: %s",
                         nl_geterror(error));
    }
    s->fd = nl_socket_get_fd(s->sk);
    s->port = nl_socket_get_local_port(s->sk);
    s->buf = xmalloc(NLSOCK_BUF_SIZE);
    nl_socket_set_nonblocking(s->sk);

    /* SO_RCVBUFFORCE goes beyond net.core.rmem_max and needs CAP_NET_ADMIN in
     * the initial user namespace. */
    if (setsockopt(s->fd, SOL_SOCKET, SO_RCVBUFFORCE, &rcvbuf,
                   sizeof rcvbuf)) {
        setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof rcvbuf);
    }
    /* Texts in acknowledgements, and no copies of our requests.  Kernels that
     * do not know these work without. */
    setsockopt(s->fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
    setsockopt(s->fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
    return NULL;
}

void
nlsock_close(struct nlsock *s)
{
    if (s->sk) {
        nl_socket_free(s->sk);
        free(s->buf);
        memset(s, 0, sizeof *s);
    }
}

int
nlsock_join(struct nlsock *s, int group)
{
    return setsockopt(s->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group,
                      sizeof group) ? errno : 0;
}

/* Sequence number 0 is what the kernel's own notifications have. */
static uint32_t
next_seq(struct nlsock *s)
{
    if (!++s->seq) {
        s->seq = 1;
    }
    return s->seq;
}

static int
send_iovec(struct nlsock *s, struct iovec *iov, size_t n)
{
    struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
    struct msghdr mh = {
        .msg_name = &kernel,
        .msg_namelen = sizeof kernel,
        .msg_iov = iov,
        .msg_iovlen = n,
    };
    ssize_t retval;

    do {
        retval = sendmsg(s->fd, &mh, 0);
    } while (retval < 0 && errno == EINTR);
    return retval < 0 ? errno : 0;
}

int
nlsock_send(struct nlsock *s, struct nl_msg *msg, uint32_t *seq)
{
    struct nlmsghdr *nlh = nlmsg_hdr(msg);
    struct iovec iov = { nlh, nlh->nlmsg_len };
    int error;

    nlh->nlmsg_seq = *seq = next_seq(s);
    nlh->nlmsg_pid = s->port;
    error = send_iovec(s, &iov, 1);
    nlmsg_free(msg);
    return error;
}

int
nlsock_recv(struct nlsock *s, size_t *len)
{
    struct sockaddr_nl from;
    ssize_t retval;

    for (;;) {
        socklen_t from_len = sizeof from;

        memset(&from, 0, sizeof from);
        retval = recvfrom(s->fd, s->buf, NLSOCK_BUF_SIZE,
                          MSG_DONTWAIT | MSG_TRUNC,
                          (struct sockaddr *) &from, &from_len);
        if (retval < 0) {
            if (errno != EINTR) {
                return errno == EWOULDBLOCK ? EAGAIN : errno;
            }
        } else if (retval > NLSOCK_BUF_SIZE) {
            return ENOBUFS;
        } else if (!from.nl_pid) {
            *len = retval;
            return 0;
        }
        /* Something other than the kernel wrote to us: look further. */
    }
}

bool
nlsock_is_answer(const struct nlsock *s, const struct nlmsghdr *nlh,
                 uint32_t seq)
{
    return seq && nlh->nlmsg_pid == s->port && nlh->nlmsg_seq == seq;
}

int
nlsock_error(const struct nlmsghdr *nlh)
{
    int error;

    if (nlmsg_datalen(nlh) < sizeof error) {
        return nlh->nlmsg_type == NLMSG_DONE ? 0 : EPROTO;
    }
    memcpy(&error, nlmsg_data(nlh), sizeof error);
    return error < 0 ? -error : 0;
}

/* The text that the kernel put into the acknowledgement 'nlh', or NULL. */
static char *
ack_text(const struct nlmsghdr *nlh)
{
    struct nlattr *tb[NLMSGERR_ATTR_MAX + 1];
    size_t ofs = sizeof(struct nlmsgerr);
    const struct nlattr *a;
    const struct nlmsgerr *err = nlmsg_data(nlh);

    if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS) || nlmsg_datalen(nlh) < ofs) {
        return NULL;
    }
    /* Without NLM_F_CAPPED the rest of our request comes first. */
    if (!(nlh->nlmsg_flags & NLM_F_CAPPED)) {
        if (err->msg.nlmsg_len < sizeof err->msg
            || err->msg.nlmsg_len > nlmsg_datalen(nlh)) {
            return NULL;
        }
        ofs += NLMSG_ALIGN(err->msg.nlmsg_len) - sizeof err->msg;
    }
    if (ofs > nlmsg_datalen(nlh)
        || nla_parse(tb, NLMSGERR_ATTR_MAX,
                     ALIGNED_CAST(struct nlattr *,
                                  (char *) nlmsg_data(nlh) + ofs),
                     nlmsg_datalen(nlh) - ofs, NULL)
        || !tb[NLMSGERR_ATTR_MSG]) {
        return NULL;
    }
    a = tb[NLMSGERR_ATTR_MSG];
    return xmemdup0(nla_data(a), strnlen(nla_data(a), nla_len(a)));
}

/* Waits until 's' is readable.  Returns 0 or an errno; ETIMEDOUT at
 * 'deadline' (in terms of time_msec()). */
static int
wait_readable(struct nlsock *s, long long int deadline)
{
    for (;;) {
        struct pollfd pfd = { .fd = s->fd, .events = POLLIN };
        long long int left = deadline - time_msec();
        int retval;

        if (left <= 0) {
            return ETIMEDOUT;
        }
        retval = poll(&pfd, 1, left);
        if (retval > 0) {
            return 0;
        } else if (retval < 0 && errno != EINTR) {
            return errno;
        }
    }
}

/* Receives one datagram, waiting for it until 'deadline'. */
static int
recv_wait(struct nlsock *s, long long int deadline, size_t *len)
{
    int error;

    while ((error = nlsock_recv(s, len)) == EAGAIN) {
        error = wait_readable(s, deadline);
        if (error) {
            return error;
        }
    }
    return error;
}

static long long int
new_deadline(void)
{
    return time_msec() + NLSOCK_DEADLINE_MS;
}

static size_t
take_acks(struct nlsock *s, size_t len, struct nlreq *reqs, size_t n)
{
    struct nlmsghdr *nlh = ALIGNED_CAST(struct nlmsghdr *, s->buf);
    int left = len;
    size_t taken = 0;

    for (; nlmsg_ok(nlh, left); nlh = nlmsg_next(nlh, &left)) {
        if (nlh->nlmsg_type != NLMSG_ERROR) {
            continue;
        }
        for (size_t i = 0; i < n; i++) {
            struct nlreq *r = &reqs[i];

            if (!r->answered && nlsock_is_answer(s, nlh, r->seq)) {
                r->answered = true;
                r->error = nlsock_error(nlh);
                r->text = r->error ? ack_text(nlh) : NULL;
                taken++;
                break;
            }
        }
    }
    return taken;
}

static void
transact_chunk(struct nlsock *s, struct nlreq *reqs, size_t n)
{
    struct iovec iov[CHUNK];
    size_t left = n;
    int error;

    for (size_t i = 0; i < n; i++) {
        struct nlmsghdr *nlh = nlmsg_hdr(reqs[i].msg);

        reqs[i].seq = nlh->nlmsg_seq = next_seq(s);
        nlh->nlmsg_pid = s->port;
        iov[i].iov_base = nlh;
        iov[i].iov_len = NLMSG_ALIGN(nlh->nlmsg_len);
    }
    error = send_iovec(s, iov, n);

    long long int deadline = new_deadline();
    while (!error && left) {
        size_t len;

        error = recv_wait(s, deadline, &len);
        if (!error) {
            left -= take_acks(s, len, reqs, n);
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (!reqs[i].answered) {
            reqs[i].error = error;
        }
        nlmsg_free(reqs[i].msg);
        reqs[i].msg = NULL;
    }
}

void
nlsock_transact(struct nlsock *s, struct nlreq *reqs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        reqs[i].answered = false;
        reqs[i].error = 0;
        reqs[i].text = NULL;
    }
    for (size_t i = 0; i < n; i += CHUNK) {
        transact_chunk(s, reqs + i, MIN(CHUNK, n - i));
    }
}

int
nlsock_command(struct nlsock *s, struct nl_msg *msg, char **text)
{
    struct nlreq req = { .msg = msg };

    nlsock_transact(s, &req, 1);
    if (text) {
        *text = req.text;
    } else {
        free(req.text);
    }
    return req.error;
}

int
nlsock_get_link(struct nlsock *s, int ifindex, struct rtnl_link *out)
{
    uint32_t seq;
    int error;

    error = nlsock_send(s, rtnl_get(ifindex), &seq);

    long long int deadline = new_deadline();
    while (!error) {
        struct nlmsghdr *nlh = ALIGNED_CAST(struct nlmsghdr *, s->buf);
        size_t len;
        int left;

        error = recv_wait(s, deadline, &len);
        if (error) {
            break;
        }
        for (left = len; nlmsg_ok(nlh, left); nlh = nlmsg_next(nlh, &left)) {
            if (!nlsock_is_answer(s, nlh, seq)) {
                continue;
            } else if (nlh->nlmsg_type == NLMSG_ERROR) {
                error = nlsock_error(nlh);
                return error ? error : EPROTO;
            } else {
                return rtnl_parse_link(nlh, out) ? 0 : EPROTO;
            }
        }
    }
    return error;
}

/* Goes through one datagram of the dump 'seq'.  Stores in '*done' whether it
 * was the last and adds to '*intr' whether the kernel says that something
 * changed meanwhile.  Returns 0 or an errno. */
static int
take_dump(struct nlsock *s, size_t len, uint32_t seq, bool *done, bool *intr,
          void (*cb)(const struct rtnl_link *, void *aux), void *aux)
{
    struct nlmsghdr *nlh = ALIGNED_CAST(struct nlmsghdr *, s->buf);
    int left = len;

    for (; nlmsg_ok(nlh, left); nlh = nlmsg_next(nlh, &left)) {
        struct rtnl_link rl;

        if (!nlsock_is_answer(s, nlh, seq)) {
            continue;
        }
        *intr |= !!(nlh->nlmsg_flags & NLM_F_DUMP_INTR);
        if (nlh->nlmsg_type == NLMSG_DONE || nlh->nlmsg_type == NLMSG_ERROR) {
            *done = true;
            return nlsock_error(nlh);
        }
        if (rtnl_parse_link(nlh, &rl)) {
            cb(&rl, aux);
            rtnl_link_destroy(&rl);
        }
    }
    return 0;
}

int
nlsock_dump_links(struct nlsock *s,
                  void (*cb)(const struct rtnl_link *, void *aux), void *aux)
{
    bool done = false, intr = false;
    uint32_t seq;
    int error;

    error = nlsock_send(s, rtnl_get(0), &seq);
    while (!error && !done) {
        size_t len;

        error = recv_wait(s, new_deadline(), &len);
        if (!error) {
            error = take_dump(s, len, seq, &done, &intr, cb, aux);
        }
    }
    return error ? error : intr ? EINTR : 0;
}
