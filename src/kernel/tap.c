/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/kernel/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <net/if.h>
#include <linux/if_tun.h>

#include "util.h"

#define TUN_PATH "/dev/net/tun"

bool
tap_name_is_valid(const char *name)
{
    size_t n = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                            "abcdefghijklmnopqrstuvwxyz0123456789_.-");

    return (n > 0 && n < IFNAMSIZ && !name[n]
            && strcmp(name, ".") && strcmp(name, ".."));
}

static char *
open_tun(const char *name, int *fdp)
{
    int error;

    *fdp = open(TUN_PATH, O_RDWR | O_CLOEXEC);
    if (*fdp >= 0) {
        return NULL;
    }
    error = errno;
    return xasprintf("%s: cannot open "TUN_PATH": %s%s", name,
                     ovs_strerror(error),
                     error == ENOENT || error == ENODEV || error == ENXIO
                     ? "; load the tun module (modprobe tun)"
                     : error == EACCES || error == EPERM
                     ? "; the daemon's user needs read and write access to it"
                     : error == EMFILE
                     ? "; raise the limit of open files (LimitNOFILE)"
                     : "");
}

static char *
setiff_error(const char *name, int error, bool create)
{
    const char *hint = "";

    if (error == EPERM) {
        hint = "; this needs CAP_NET_ADMIN";
    } else if (error == EBUSY && create) {
        hint = "; a device of this name exists already";
    } else if (error == EBUSY) {
        hint = "; the device is in use";
    } else if (error == EINVAL && !create) {
        hint = "; the device is no TAP, or not single- or multiqueue as "
               "it was";
    } else if (error == E2BIG) {
        hint = "; all queues of the device are taken";
    }
    return xasprintf("%s: TUNSETIFF: %s%s", name, ovs_strerror(error), hint);
}

/* Returns 0 or an errno. */
static int
set_iff(int fd, const char *name, int flags)
{
    struct ifreq ifr;

    memset(&ifr, 0, sizeof ifr);
    ovs_strlcpy(ifr.ifr_name, name, sizeof ifr.ifr_name);
    ifr.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | flags;
    return ioctl(fd, TUNSETIFF, &ifr) ? errno : 0;
}

/* The ifindex of the device that 'fd' is attached to, or 0. */
static int
get_ifindex(int fd)
{
    struct ifreq ifr;

    memset(&ifr, 0, sizeof ifr);
    return ioctl(fd, TUNGETIFF, &ifr) ? 0 : if_nametoindex(ifr.ifr_name);
}

static char *
bad_name(const char *name)
{
    return xasprintf("\"%s\" is no valid device name: use 1 to 15 of "
                     "A-Z a-z 0-9 _ . -", name);
}

char *
tap_create(const char *name, bool multi_queue, int *fdp, int *ifindexp)
{
    char *error;
    int retval;

    *fdp = -1;
    if (!tap_name_is_valid(name)) {
        return bad_name(name);
    }
    error = open_tun(name, fdp);
    if (error) {
        return error;
    }
    retval = set_iff(*fdp, name, (IFF_TUN_EXCL
                                  | (multi_queue ? IFF_MULTI_QUEUE : 0)));
    if (retval) {
        error = setiff_error(name, retval, true);
    } else {
        *ifindexp = get_ifindex(*fdp);
        if (!*ifindexp) {
            error = xasprintf("%s: the new device has no ifindex: it was "
                              "deleted or renamed at once", name);
        }
    }
    if (error) {
        close(*fdp);
        *fdp = -1;
    }
    return error;
}

char *
tap_attach(const char *name, bool multi_queue, int ifindex, int *fdp,
           bool *busyp)
{
    char *error;
    int retval;

    *fdp = -1;
    *busyp = false;
    if (!tap_name_is_valid(name)) {
        return bad_name(name);
    }
    error = open_tun(name, fdp);
    if (error) {
        return error;
    }
    retval = set_iff(*fdp, name, multi_queue ? IFF_MULTI_QUEUE : 0);
    if (retval) {
        *busyp = retval == EBUSY;
        error = setiff_error(name, retval, false);
    } else if (get_ifindex(*fdp) != ifindex) {
        /* Had the device gone, TUNSETIFF would have made a new one; the close
         * below takes that away again. */
        error = xasprintf("%s: the device with ifindex %d has been replaced",
                          name, ifindex);
    }
    if (error) {
        close(*fdp);
        *fdp = -1;
    }
    return error;
}

static char *
tun_ioctl(int fd, const char *name, unsigned long int request,
          const char *request_name, unsigned long int arg)
{
    if (ioctl(fd, request, arg)) {
        return xasprintf("%s: %s %ld: %s", name, request_name, (long int) arg,
                         ovs_strerror(errno));
    }
    return NULL;
}

char *
tap_set_owner(int fd, const char *name, unsigned int uid)
{
    return tun_ioctl(fd, name, TUNSETOWNER, "TUNSETOWNER", uid);
}

char *
tap_set_group(int fd, const char *name, unsigned int gid)
{
    return tun_ioctl(fd, name, TUNSETGROUP, "TUNSETGROUP", gid);
}

char *
tap_set_persist(int fd, const char *name, bool persist)
{
    return tun_ioctl(fd, name, TUNSETPERSIST, "TUNSETPERSIST", persist);
}
