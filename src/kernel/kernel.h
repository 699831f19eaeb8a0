/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_KERNEL_KERNEL_H
#define PORTD_KERNEL_KERNEL_H 1

/* Kernel
 * ======
 *
 * The kernel's network devices: rtnetlink events become links in the
 * observed model, steps of a plan become rtnetlink messages and TUN ioctls.
 * The only place that knows netlink and /dev/net/tun; it knows nothing of
 * OVSDB or of specs.
 *
 * Events and commands use sockets of their own.  Whatever a command did is
 * entered into the model only when the kernel's event says so.  When the
 * event socket overruns, all links are dumped again. */

#include <stdbool.h>
#include <stddef.h>
#include "openvswitch/compiler.h"

struct model_observed;
struct plan_step;
struct kernel;

/* Counters since the start, for tests and 'status'. */
struct kernel_stats {
    unsigned long long writes;  /* Commands that change something. */
    unsigned long long events;  /* Link and address messages seen. */
    unsigned long long dumps;   /* Whole dumps, the first included. */
    unsigned long long overruns; /* Times that events were lost. */
};

/* Opens the sockets and begins the first dump, whose links go to 'observed'
 * (borrowed).  Returns NULL and stores the handle in '*kernelp', or returns
 * an error message for the caller to free. */
char *kernel_open(struct model_observed *observed, struct kernel **kernelp)
    OVS_WARN_UNUSED_RESULT;
void kernel_close(struct kernel *);

/* Takes in what has happened, without blocking: at most a bounded number of
 * messages a call. */
void kernel_run(struct kernel *);
void kernel_wait(struct kernel *);
/* True if the last kernel_run() has taken in all that had happened. */
bool kernel_is_up_to_date(const struct kernel *);

/* Forgets nothing, dumps all links again ('resync', the slow audit). */
void kernel_resync(struct kernel *);

/* Looks at the link 'name' anew, if there is one.  The kernel tells nothing of
 * what happens to a device that is administratively down: neither that a
 * process opens or closes a TAP, nor that its alias, addr_gen_mode or
 * arp_ignore changes.  A caller that waits for such a thing has to ask. */
void kernel_refresh(struct kernel *, const char *name);

/* Whether the offloads of device 'name', be it there or not, are to be in the
 * model (MODEL_L_OFFLOAD).  What is in there is up to date when this returns,
 * and stays so. */
void kernel_watch_offloads(struct kernel *, const char *name, bool watch);

/* Does those of the 'n' 'steps' that are PLAN_LINK, in order, and stores in
 * each what went wrong in its 'error' (NULL: nothing).  Steps without an
 * error are done as far as the kernel's answer goes. */
void kernel_execute(struct kernel *, struct plan_step **steps, size_t n);

/* At most how many link steps one kernel_execute() should get, so that the
 * event socket does not overrun and the caller's loop stays responsive. */
#define KERNEL_BATCH 128

const struct kernel_stats *kernel_get_stats(const struct kernel *);

/* The kernel's boot id, for the caller to free. */
char *kernel_boot_id(void);
/* The milliseconds since the machine booted, also those that it slept; no
 * setting of the clock moves them. */
long long int kernel_boottime_ms(void);

/* Resolve a user or group name, or a number, to a number.  Return false if
 * there is no such user or group.  A name takes as long as the host's name
 * service does. */
bool kernel_resolve_user(const char *name, unsigned int *uid);
bool kernel_resolve_group(const char *name, unsigned int *gid);

#endif /* src/kernel/kernel.h */
