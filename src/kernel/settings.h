/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_KERNEL_SETTINGS_H
#define PORTD_KERNEL_SETTINGS_H 1

/* Settings of a step
 * ==================
 *
 * The changes of one plan step, as text, to what the kernel is to be told.
 * Does no I/O but for the lookup of user and group names. */

#include <stdbool.h>
#include <stddef.h>
#include "openvswitch/compiler.h"
#include "src/kernel/rtnl.h"

struct plan_step;

struct link_settings {
    /* By one RTM_SETLINK; without 'up', which has to come first or last. */
    struct rtnl_settings rtnl;

    bool has_qdisc;
    const char *qdisc;          /* Borrowed; NULL: the kernel's default. */

    bool has_up, up;

    /* By descriptor. */
    bool has_owner, has_group, has_persist;
    unsigned int owner, group;
    bool persist;

    bool finish;                /* Last of all: no longer unfinished. */

    /* PLAN_ADD only. */
    const char *kind;           /* Borrowed; NULL: not given. */
    const char *peer;           /* Likewise. */
    bool multi_queue;
};

/* Fills in '*s' from the changes of 'step', whose strings it borrows.
 * Returns NULL, or an error message for the caller to free that names the
 * device and the field. */
char *link_settings_from_step(const struct plan_step *step,
                              struct link_settings *s)
    OVS_WARN_UNUSED_RESULT;

#endif /* src/kernel/settings.h */
