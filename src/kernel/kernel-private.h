/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_KERNEL_KERNEL_PRIVATE_H
#define PORTD_KERNEL_KERNEL_PRIVATE_H 1

/* What the files of src/kernel/ share among themselves. */

#include <stdbool.h>
#include <stdint.h>
#include "openvswitch/hmap.h"
#include "openvswitch/list.h"
#include "src/kernel/kernel.h"
#include "src/kernel/nlsock.h"
#include "sset.h"

/* A dump has two parts, one after the other. */
enum dump_part {
    DUMP_LINKS,
    DUMP_ADDRESSES
};

struct kernel {
    struct model_observed *observed;
    struct kernel_stats stats;

    struct nlsock events;       /* Notifications, and answers to what
                                 * kernel.c asks to complete them. */
    struct nlsock commands;
    int ioctls;                 /* A socket for ioctl(). */
    struct sset watched;        /* Names whose offloads are read. */
    struct kernel_features *features; /* Once one was read. */

    /* Devices by ifindex, as far as seen on 'events'. */
    struct hmap devices;        /* Of struct device. */
    struct ovs_list to_ask;     /* Of struct device: ASK_DUE. */
    struct ovs_list asked;      /* Of struct device: ASK_SENT. */
    bool more;                  /* kernel_run() stopped at its bound. */

    /* The dump on 'events'. */
    bool dump_due;              /* One is to begin when 'dump_at' has come. */
    long long int dump_at;      /* In terms of time_msec(). */
    uint32_t dump_seq;          /* Of the running dump's part, or 0. */
    enum dump_part dump_part;
    bool dump_tainted;          /* The running one may lack something. */
    unsigned int dump_gen;      /* Number of the last one begun. */
    unsigned int dump_retries;  /* Tainted or failed ones in a row. */
    long long int dump_heard;   /* When it last brought something. */
};

/* kernel.c */

/* Says that something has happened to 'ifindex' of which the kernel sends no
 * notification, or an incomplete one: kernel_run() looks at it anew, and
 * ignores what older notifications say of it. */
void kernel_touch(struct kernel *, int ifindex);

/* execute.c */
struct link_settings;
struct plan_step;
struct rtnl_link;
struct rtnl_settings;

/* Sends one command that changes something.  Returns 0 or an errno; the
 * kernel's own words go to '*text', if it is not NULL. */
int kernel_command(struct kernel *, struct nl_msg *, char **text);

/* "tap0: RTM_DELLINK: Operation not permitted: words; this needs
 * CAP_NET_ADMIN". Frees 'text', which may be NULL. */
char *kernel_error(const char *name, const char *call, int error,
                   char *text);

/* Sets 's' in device 'ifindex', called 'name'.  Returns NULL or an error
 * message. */
char *kernel_set_link(struct kernel *, const char *name, int ifindex,
                      const struct rtnl_settings *s) OVS_WARN_UNUSED_RESULT;

/* Sets device 'ifindex' up or down. */
char *kernel_set_up(struct kernel *, const char *name, int ifindex, bool up)
    OVS_WARN_UNUSED_RESULT;
/* Sets it down, and says in '*was_up' whether it was up. */
char *kernel_set_down(struct kernel *, const char *name, int ifindex,
                      bool *was_up) OVS_WARN_UNUSED_RESULT;

/* The group of the devices that this instance is setting up. */
uint32_t kernel_unfinished_group(const struct kernel *);
/* Finds the device 'name' that has just been created in that group. */
char *kernel_find_new(struct kernel *, const char *name, int *ifindexp)
    OVS_WARN_UNUSED_RESULT;
/* Takes device 'ifindex', called 'name', out of that group. */
char *kernel_finish_link(struct kernel *, const char *name, int ifindex)
    OVS_WARN_UNUSED_RESULT;

/* Deletes the very device of 'step', unless somebody holds it.  Returns NULL
 * or an error message. */
char *kernel_delete_one(struct kernel *, const struct plan_step *step)
    OVS_WARN_UNUSED_RESULT;

/* The error text for a device that somebody holds. */
char *kernel_in_use(const char *name);

/* address.c */

/* Does those of the changes of 'step' that are about addresses.  Returns NULL
 * or an error message. */
char *kernel_set_addresses(struct kernel *, const struct plan_step *step)
    OVS_WARN_UNUSED_RESULT;

/* offload.c */
struct model_link;

/* Puts the offloads of 'link' into its fields, if it is watched. */
void kernel_read_offloads(struct kernel *, struct model_link *link);
/* Does those of the changes of 'step' that are about offloads.  Returns NULL
 * or an error message. */
char *kernel_set_offloads(struct kernel *, const struct plan_step *step)
    OVS_WARN_UNUSED_RESULT;

/* veth.c */

/* Creates the veth pair of 'step' with the settings 's', which are for the
 * end that the step is for.  Returns NULL or an error message. */
char *kernel_add_veth(struct kernel *, const struct plan_step *step,
                      const struct link_settings *s) OVS_WARN_UNUSED_RESULT;

/* bond.c */

/* Creates the bond of 'step' with the settings 's'. */
char *kernel_add_bond(struct kernel *, const struct plan_step *step,
                      const struct link_settings *s) OVS_WARN_UNUSED_RESULT;
/* Do those of the changes of 'step' that are about the options of a bond, and
 * about the bond of a member.  Return NULL or an error message. */
char *kernel_set_bond(struct kernel *, const struct plan_step *step)
    OVS_WARN_UNUSED_RESULT;
char *kernel_set_master(struct kernel *, const struct plan_step *step)
    OVS_WARN_UNUSED_RESULT;

/* group.c */

/* From this many on, deletions are done as a group. */
#define GROUP_MIN 16

/* Deletes the devices of the 'n' 'steps' and stores in each step's 'error'
 * what went wrong. */
void kernel_delete_many(struct kernel *, struct plan_step **steps, size_t n);

#endif /* src/kernel/kernel-private.h */
