/* SPDX-License-Identifier: Apache-2.0 */

/* Frames to a TAP and out of its queues, as ovs-vswitchd's userspace datapath
 * and a VM see them:
 *
 *     blast IFNAME QUEUES SECONDS
 *
 * holds QUEUES queues of the existing TAP IFNAME, each read by a thread, sends
 * frames to the device through a packet socket for SECONDS, and prints how
 * many frames per second came out, of how many of the queues, and the
 * nanoseconds of CPU that each frame sent has cost the sender. */

#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH 32
#define FRAME 128

struct queue {
    int fd;
    atomic_ulong received;
};

static void
die(const char *what)
{
    perror(what);
    exit(1);
}

static void *
reader(void *queue_)
{
    struct queue *queue = queue_;
    char buf[2048];

    for (;;) {
        if (read(queue->fd, buf, sizeof buf) > 0) {
            atomic_fetch_add_explicit(&queue->received, 1,
                                      memory_order_relaxed);
        }
    }
    return NULL;
}

static int
open_queue(const char *name, int queues)
{
    struct ifreq ifr;
    int fd = open("/dev/net/tun", O_RDWR);

    memset(&ifr, 0, sizeof ifr);
    snprintf(ifr.ifr_name, sizeof ifr.ifr_name, "%s", name);
    ifr.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
    if (queues > 1) {
        ifr.ifr_flags |= IFF_MULTI_QUEUE;
    }
    if (fd < 0 || ioctl(fd, TUNSETIFF, &ifr)) {
        die(name);
    }
    return fd;
}

static double
now(clockid_t clock)
{
    struct timespec ts;
    clock_gettime(clock, &ts);
    return ts.tv_sec + ts.tv_nsec / 1e9;
}

int
main(int argc, char *argv[])
{
    if (argc != 4) {
        fprintf(stderr, "usage: blast IFNAME QUEUES SECONDS\n");
        return 2;
    }
    int queues = atoi(argv[2]);
    double seconds = atof(argv[3]);
    struct queue *all = calloc(queues, sizeof *all);

    for (int i = 0; i < queues; i++) {
        pthread_t thread;
        all[i].fd = open_queue(argv[1], queues);
        if (pthread_create(&thread, NULL, reader, &all[i])) {
            die("pthread_create");
        }
    }

    int sock = socket(AF_PACKET, SOCK_RAW, 0);
    struct sockaddr_ll to = { .sll_family = AF_PACKET,
                              .sll_ifindex = if_nametoindex(argv[1]) };
    static unsigned char frames[BATCH][FRAME];
    struct iovec iov[BATCH];
    struct mmsghdr msgs[BATCH];

    if (sock < 0 || bind(sock, (void *) &to, sizeof to)) {
        die("packet socket");
    }
    memset(msgs, 0, sizeof msgs);
    for (int i = 0; i < BATCH; i++) {
        /* UDP of as many flows, so that all queues are used. */
        static const unsigned char ip[] = {
            0x45, 0, 0, FRAME - 14, 0, 0, 0, 0, 64, 17, 0, 0,
            192, 0, 2, 1, 192, 0, 2, 2, 0x10, 0, 0x20, 0
        };
        memset(frames[i], 0x02, 12);
        frames[i][12] = 0x08;
        memcpy(frames[i] + 14, ip, sizeof ip);
        frames[i][14 + 21] = i;
        iov[i].iov_base = frames[i];
        iov[i].iov_len = FRAME;
        msgs[i].msg_hdr.msg_iov = &iov[i];
        msgs[i].msg_hdr.msg_iovlen = 1;
    }

    double start = now(CLOCK_MONOTONIC);
    double busy = now(CLOCK_THREAD_CPUTIME_ID);
    unsigned long sent = 0;
    while (now(CLOCK_MONOTONIC) - start < seconds) {
        int n = sendmmsg(sock, msgs, BATCH, 0);
        sent += n > 0 ? n : 0;
    }
    busy = now(CLOCK_THREAD_CPUTIME_ID) - busy;
    double elapsed = now(CLOCK_MONOTONIC) - start;
    unsigned long n = 0;
    int used = 0;
    for (int i = 0; i < queues; i++) {
        n += all[i].received;
        used += all[i].received > 0;
    }
    printf("%.0f %d %.0f\n", n / elapsed, used, sent ? busy / sent * 1e9 : 0);
    return 0;
}
