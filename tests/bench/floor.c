/* SPDX-License-Identifier: Apache-2.0 */

/* The floor under bench_attach.py: what the kernel and ovs-vswitchd need to
 * attach N ports, by the same system calls and the one transaction that
 * ovs-portd makes, and nothing else: no files, no check, no look at what is
 * there, no mark, no error that is not fatal.
 *
 *     floor N QUEUES SOCKET
 *
 * makes TAPs f0..f(N-1) and ports of the same names on br0 of the ovsdb-server
 * at the Unix socket SOCKET.  With QUEUES 0 it removes them: one transaction
 * that leaves br0 without any port, then one message that deletes the group of
 * all TAPs. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Of all its TAPs. */
#define GROUP 0x666c6f72

static void
die(const char *what)
{
    perror(what);
    exit(1);
}

static void
make_tap(int i, int queues)
{
    struct ifreq ifr;
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

    memset(&ifr, 0, sizeof ifr);
    snprintf(ifr.ifr_name, sizeof ifr.ifr_name, "f%d", i);
    ifr.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_TUN_EXCL;
    if (queues > 1) {
        ifr.ifr_flags |= IFF_MULTI_QUEUE;
    }
    if (fd < 0 || ioctl(fd, TUNSETIFF, &ifr) || ioctl(fd, TUNSETOWNER, 0)
        || ioctl(fd, TUNSETPERSIST, 1)) {
        die(ifr.ifr_name);
    }
    close(fd);
}

/* One rtnetlink request with an acknowledgement. */
static void
transact(int sock, struct nlmsghdr *nlh)
{
    char buf[4096];

    nlh->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
    if (send(sock, nlh, nlh->nlmsg_len, 0) < 0
        || recv(sock, buf, sizeof buf, 0) < 0) {
        die("netlink");
    }
    struct nlmsgerr *e = NLMSG_DATA(buf);
    if (e->error) {
        errno = -e->error;
        die("netlink");
    }
}

static void
put(struct nlmsghdr *nlh, int type, const void *data, size_t len)
{
    struct rtattr *rta = (void *) ((char *) nlh
                                   + NLMSG_ALIGN(nlh->nlmsg_len));

    rta->rta_type = type;
    rta->rta_len = RTA_LENGTH(len);
    memcpy(RTA_DATA(rta), data, len);
    nlh->nlmsg_len = NLMSG_ALIGN(nlh->nlmsg_len) + RTA_ALIGN(rta->rta_len);
}

static void
set_noqueue(int sock, int ifindex)
{
    struct { struct nlmsghdr n; struct tcmsg t; char buf[64]; } req;

    memset(&req, 0, sizeof req);
    req.n.nlmsg_len = NLMSG_LENGTH(sizeof req.t);
    req.n.nlmsg_type = RTM_NEWQDISC;
    req.n.nlmsg_flags = NLM_F_CREATE | NLM_F_REPLACE;
    req.t.tcm_family = AF_UNSPEC;
    req.t.tcm_ifindex = ifindex;
    req.t.tcm_parent = TC_H_ROOT;
    put(&req.n, TCA_KIND, "noqueue", 8);
    transact(sock, &req.n);
}

static void
set_link(int sock, int ifindex, int i, int up)
{
    struct { struct nlmsghdr n; struct ifinfomsg l; char buf[128]; } req;
    unsigned char mac[6] = { 0xfe, 0x54, 0, 0, i >> 8, i };
    unsigned int group = GROUP;

    memset(&req, 0, sizeof req);
    req.n.nlmsg_len = NLMSG_LENGTH(sizeof req.l);
    req.n.nlmsg_type = RTM_NEWLINK;
    req.l.ifi_index = ifindex;
    if (up) {
        req.l.ifi_flags = req.l.ifi_change = IFF_UP;
    } else {
        put(&req.n, IFLA_ADDRESS, mac, sizeof mac);
        put(&req.n, IFLA_IFALIAS, "floor", 6);
        put(&req.n, IFLA_GROUP, &group, sizeof group);
    }
    transact(sock, &req.n);
}

/* ovs-vswitchd makes br0's own port without a row. */
static const char no_ports[] =
    "{\"id\":0,\"method\":\"transact\",\"params\":[\"Open_vSwitch\","
    "{\"op\":\"update\",\"table\":\"Bridge\",\"where\":[[\"name\",\"==\","
    "\"br0\"]],\"row\":{\"ports\":[\"set\",[]]}},{\"op\":\"mutate\",\"table\":"
    "\"Open_vSwitch\",\"where\":[],\"mutations\":[[\"next_cfg\",\"+=\",1]]}]}";
static const char no_qos[] =
    "{\"id\":1,\"method\":\"transact\",\"params\":[\"Open_vSwitch\","
    "{\"op\":\"delete\",\"table\":\"QoS\",\"where\":[]}]}";

static void
delete_group(int sock)
{
    struct { struct nlmsghdr n; struct ifinfomsg l; char buf[64]; } req;
    unsigned int group = GROUP;

    memset(&req, 0, sizeof req);
    req.n.nlmsg_len = NLMSG_LENGTH(sizeof req.l);
    req.n.nlmsg_type = RTM_DELLINK;
    put(&req.n, IFLA_GROUP, &group, sizeof group);
    transact(sock, &req.n);
}

static char *
transaction(int n)
{
    size_t size;
    char *text;
    FILE *f = open_memstream(&text, &size);

    fprintf(f, "{\"id\":0,\"method\":\"transact\",\"params\":["
            "\"Open_vSwitch\",{\"op\":\"insert\",\"table\":\"QoS\",\"row\":"
            "{\"type\":\"linux-noop\"},\"uuid-name\":\"q\"}");
    for (int i = 0; i < n; i++) {
        fprintf(f, ",{\"op\":\"insert\",\"table\":\"Interface\",\"row\":"
                "{\"name\":\"f%d\"},\"uuid-name\":\"i%d\"},"
                "{\"op\":\"insert\",\"table\":\"Port\",\"row\":{\"name\":"
                "\"f%d\",\"tag\":10,\"qos\":[\"named-uuid\",\"q\"],"
                "\"interfaces\":[\"named-uuid\",\"i%d\"]},"
                "\"uuid-name\":\"p%d\"}", i, i, i, i, i);
    }
    fprintf(f, ",{\"op\":\"mutate\",\"table\":\"Bridge\",\"where\":"
            "[[\"name\",\"==\",\"br0\"]],\"mutations\":[[\"ports\","
            "\"insert\",[\"set\",[");
    for (int i = 0; i < n; i++) {
        fprintf(f, "%s[\"named-uuid\",\"p%d\"]", i ? "," : "", i);
    }
    fprintf(f, "]]]]},{\"op\":\"mutate\",\"table\":\"Open_vSwitch\","
            "\"where\":[],\"mutations\":[[\"next_cfg\",\"+=\",1]]}]}");
    fclose(f);
    return text;
}

static int
connect_db(const char *path)
{
    struct sockaddr_un sun = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(sun.sun_path, sizeof sun.sun_path, "%s", path);
    if (fd < 0 || connect(fd, (void *) &sun, sizeof sun)) {
        die(path);
    }
    return fd;
}

/* Sends 'text' and reads until the answer holds 'until'. */
static void
ask(int fd, const char *text, const char *until)
{
    static char buf[8 << 20];
    size_t len = strlen(text), n = 0;

    for (size_t sent = 0; sent < len; ) {
        ssize_t k = write(fd, text + sent, len - sent);
        if (k <= 0) {
            die("write");
        }
        sent += k;
    }
    do {
        ssize_t k = read(fd, buf + n, sizeof buf - 1 - n);
        if (k <= 0) {
            die("read");
        }
        n += k;
        buf[n] = '\0';
    } while (!strstr(buf, until));
    if (strstr(buf, "\"details\"")) {
        fprintf(stderr, "%s\n", buf);
        exit(1);
    }
}

int
main(int argc, char *argv[])
{
    if (argc != 4) {
        fprintf(stderr, "usage: floor N QUEUES SOCKET\n");
        return 2;
    }
    int n = atoi(argv[1]);
    int queues = atoi(argv[2]);
    int nl = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    int *ifindexes = calloc(n, sizeof *ifindexes);

    if (!queues) {
        int db = connect_db(argv[3]);
        ask(db, no_ports, "\"id\":0");
        ask(db, no_qos, "\"id\":1");
        delete_group(nl);
        return 0;
    }
    for (int i = 0; i < n; i++) {
        char name[IFNAMSIZ];

        make_tap(i, queues);
        snprintf(name, sizeof name, "f%d", i);
        ifindexes[i] = if_nametoindex(name);
        set_link(nl, ifindexes[i], i, 0);
        set_noqueue(nl, ifindexes[i]);
    }

    int db = connect_db(argv[3]);
    char *text = transaction(n);
    ask(db, text, "\"id\":0");
    /* wait: an operation that the server answers once it holds. */
    ask(db, "{\"id\":1,\"method\":\"transact\",\"params\":[\"Open_vSwitch\","
        "{\"op\":\"wait\",\"table\":\"Interface\",\"where\":"
        "[[\"name\",\"==\",\"f0\"]],\"columns\":[\"ofport\"],\"until\":"
        "\"!=\",\"rows\":[{\"ofport\":[\"set\",[]]}],\"timeout\":600000}]}",
        "\"id\":1");
    for (int i = 0; i < n; i++) {
        set_link(nl, ifindexes[i], i, 1);
    }
    free(text);
    free(ifindexes);
    return 0;
}
