/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_CLI_GUEST_H
#define PORTD_CLI_GUEST_H 1

/* Guest
 * =====
 *
 * What QEMU or libvirt must be told for a VM to open a NIC's TAP as it is.
 * Pure. */

#include <stdbool.h>
#include "openvswitch/compiler.h"
#include "openvswitch/dynamic-string.h"
#include "svec.h"

struct model_object;
struct model_observed;

enum guest_vhost {
    GUEST_VHOST_AUTO,           /* On where there is /dev/vhost-net. */
    GUEST_VHOST_ON,
    GUEST_VHOST_OFF
};

struct guest_host {
    enum guest_vhost vhost;     /* What was asked for. */
    bool vhost_net;             /* There is /dev/vhost-net. */
    bool userspace;             /* The NIC's bridge has datapath netdev. */
};

/* What QEMU has against NIC 'nic' on this host, for the caller to free, or
 * NULL.  'libvirt' names devices by itself. */
char *guest_check(const struct model_object *nic, const struct guest_host *,
                  bool libvirt) OVS_WARN_UNUSED_RESULT;
/* Why the NIC's TAP in 'observed' cannot be opened now, or NULL. */
char *guest_check_live(const struct model_object *nic,
                       const struct model_observed *) OVS_WARN_UNUSED_RESULT;

/* Adds "-netdev", its value, "-device" and its value. */
void guest_qemu_args(const struct model_object *nic,
                     const struct guest_host *, struct svec *args);
/* Appends the <interface> element. */
void guest_libvirt_xml(const struct model_object *nic,
                       const struct guest_host *, struct ds *);

#endif /* src/cli/guest.h */
