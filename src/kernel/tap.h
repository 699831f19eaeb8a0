/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_KERNEL_TAP_H
#define PORTD_KERNEL_TAP_H 1

/* TAP devices by ioctl
 * ====================
 *
 * What only /dev/net/tun can do: create a TAP, attach to one, and change its
 * owner, group and persistence.  Knows nothing of netlink or of plans.
 *
 * Errors are texts that name the device, for the caller to free; NULL is
 * success.  A descriptor is closed by close(); a TAP that is not persistent
 * goes with its last descriptor. */

#include <stdbool.h>
#include "openvswitch/compiler.h"

/* True for what is a device name to us: [A-Za-z0-9_.-]{1,15} except "." and
 * "..".  (The kernel would cut a longer one and expand "%d".) */
bool tap_name_is_valid(const char *name);

/* Creates the TAP 'name', not persistent, and stores the descriptor that
 * keeps it and its ifindex. */
char *tap_create(const char *name, bool multi_queue, int *fdp, int *ifindexp)
    OVS_WARN_UNUSED_RESULT;

/* Attaches to the existing TAP 'name', which must be the device 'ifindex' and
 * 'multi_queue' or not.  Sets '*busyp' if it fails because somebody else
 * holds the (single-queue) TAP. */
char *tap_attach(const char *name, bool multi_queue, int ifindex, int *fdp,
                 bool *busyp) OVS_WARN_UNUSED_RESULT;

/* 'name' is for the error text only. */
char *tap_set_owner(int fd, const char *name, unsigned int uid)
    OVS_WARN_UNUSED_RESULT;
char *tap_set_group(int fd, const char *name, unsigned int gid)
    OVS_WARN_UNUSED_RESULT;
char *tap_set_persist(int fd, const char *name, bool persist)
    OVS_WARN_UNUSED_RESULT;

#endif /* src/kernel/tap.h */
