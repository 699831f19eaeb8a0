/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/kernel/kernel.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <net/if.h>
#include <linux/if_link.h>
#include <netlink/msg.h>

#include "src/failpoint.h"
#include "src/kernel/kernel-private.h"
#include "src/kernel/rtnl.h"
#include "src/kernel/settings.h"
#include "src/kernel/tap.h"
#include "src/model/model.h"
#include "src/model/observed.h"
#include "src/plan/plan.h"
#include "util.h"

/* Steps of a plan to commands.
 *
 * Each step first looks at the device as it is now, by its ifindex, because
 * the plan was made from what had been seen some time before. */

int
kernel_command(struct kernel *k, struct nl_msg *msg, char **text)
{
    k->stats.writes++;
    return nlsock_command(&k->commands, msg, text);
}

char *
kernel_error(const char *name, const char *call, int error, char *text)
{
    const char *hint = "";
    char *s;

    if (error == EPERM) {
        hint = "; this needs CAP_NET_ADMIN";
    } else if (error == ENODEV) {
        hint = "; the device is gone";
    } else if (error == ETIMEDOUT) {
        hint = "; the kernel did not answer, it is tried again";
    }
    s = xasprintf("%s: %s: %s%s%s%s", name, call, ovs_strerror(error),
                  text ? ": " : "", text ? text : "", hint);
    free(text);
    return s;
}

char *
kernel_in_use(const char *name)
{
    return xasprintf("%s is in use: it stays as it is until the process that "
                     "holds it closes it", name);
}

/* The settings in 's' to 'ifindex', which is called 'name'. */
static char *
set_rtnl(struct kernel *k, const char *name, int ifindex,
         const struct rtnl_settings *s)
{
    int error;
    char *text;

    if (rtnl_settings_is_empty(s)) {
        return NULL;
    }
    error = kernel_command(k, rtnl_set(ifindex, s), &text);
    return error ? kernel_error(name, "RTM_SETLINK", error, text) : NULL;
}

/* Like set_rtnl(), but copes with devices that have no IPv6 (or get or lose
 * it by the very change of the MTU): the kernel refuses a message that sets
 * something of a family that the device is not in as a whole, with
 * EAFNOSUPPORT. */
char *
kernel_set_link(struct kernel *k, const char *name, int ifindex,
                const struct rtnl_settings *s)
{
    struct rtnl_settings base = *s;
    struct rtnl_settings ipv6 = RTNL_SETTINGS_INITIALIZER;
    char *error, *text;
    int retval;

    if (s->addr_gen_mode < 0) {
        return set_rtnl(k, name, ifindex, s);
    }
    retval = kernel_command(k, rtnl_set(ifindex, s), &text);
    if (retval != EAFNOSUPPORT) {
        return retval ? kernel_error(name, "RTM_SETLINK", retval, text) : NULL;
    }
    free(text);

    base.addr_gen_mode = -1;
    error = set_rtnl(k, name, ifindex, &base);
    if (error) {
        return error;
    }
    ipv6.addr_gen_mode = s->addr_gen_mode;
    retval = kernel_command(k, rtnl_set(ifindex, &ipv6), &text);
    if (retval == EAFNOSUPPORT
        && s->addr_gen_mode == IN6_ADDR_GEN_MODE_NONE) {
        /* No IPv6, no addresses. */
        free(text);
        retval = 0;
    }
    return retval ? kernel_error(name, "addr_gen_mode", retval, text) : NULL;
}

static char *
set_qdisc(struct kernel *k, const char *name, int ifindex,
          const struct link_settings *s)
{
    int error;
    char *text;

    if (!s->has_qdisc) {
        return NULL;
    }
    error = kernel_command(k, rtnl_set_qdisc(ifindex, s->qdisc), &text);
    if (error == ENOENT && !s->qdisc) {
        /* It has the default one already. */
        free(text);
        error = 0;
    }
    return (error
            ? kernel_error(name, s->qdisc ? "RTM_NEWQDISC" : "RTM_DELQDISC",
                           error, text)
            : NULL);
}

char *
kernel_set_up(struct kernel *k, const char *name, int ifindex, bool up)
{
    struct rtnl_settings s = RTNL_SETTINGS_INITIALIZER;

    s.has_up = true;
    s.up = up;
    return set_rtnl(k, name, ifindex, &s);
}

char *
kernel_set_down(struct kernel *k, const char *name, int ifindex, bool *was_up)
{
    struct rtnl_link rl;
    int error = nlsock_get_link(&k->commands, ifindex, &rl);

    *was_up = false;
    if (error) {
        return kernel_error(name, "RTM_GETLINK", error, NULL);
    }
    *was_up = rl.link && smap_get_bool(&rl.link->fields, MODEL_L_UP, false);
    rtnl_link_destroy(&rl);
    return *was_up ? kernel_set_up(k, name, ifindex, false) : NULL;
}

uint32_t
kernel_unfinished_group(const struct kernel *k)
{
    return (RTNL_GROUP_UNFINISHED
            | model_instance_number(k->observed->instance));
}

/* An answer to its creation with its number is for newer kernels only. */
char *
kernel_find_new(struct kernel *k, const char *name, int *ifindexp)
{
    int ifindex = if_nametoindex(name);
    bool ok = false;
    struct rtnl_link rl;

    if (ifindex > 0 && !nlsock_get_link(&k->commands, ifindex, &rl)) {
        ok = rl.link && smap_get(&rl.link->fields, MODEL_L_UNFINISHED);
        rtnl_link_destroy(&rl);
    }
    *ifindexp = ifindex;
    return ok ? NULL : xasprintf("%s: the new device was deleted, renamed or "
                                 "replaced at once", name);
}

char *
kernel_finish_link(struct kernel *k, const char *name, int ifindex)
{
    struct rtnl_settings s = RTNL_SETTINGS_INITIALIZER;

    s.has_group = true;
    s.group = 0;
    return kernel_set_link(k, name, ifindex, &s);
}

/* The owner last: until then, only we ourselves may be the owner. */
static char *
set_owners(int fd, const char *name, const struct link_settings *s)
{
    char *error = NULL;

    if (s->has_group) {
        error = tap_set_group(fd, name, s->group);
    }
    if (!error && s->has_owner) {
        error = tap_set_owner(fd, name, s->owner);
    }
    return error;
}

/* True if the TAP 'ifindex', to which we are attached, has a queue that is
 * not ours. */
static bool
has_company(struct kernel *k, int ifindex)
{
    struct rtnl_link rl;
    bool company = true;

    if (!nlsock_get_link(&k->commands, ifindex, &rl)) {
        /* Single-queue TAPs report no counts, nor do they take a second. */
        company = rl.link && rl.link->n_queues + rl.link->n_disabled > 1;
        rtnl_link_destroy(&rl);
    }
    return company;
}

/* Creation. */

/* A new TAP is anybody's who can open /dev/net/tun until it has an owner or a
 * group, and who has got hold of a queue by then keeps it.  So it is locked
 * first, and deleted if somebody was quicker.  Single-queue TAPs have no other
 * queue to take. */
static char *
lock_tap(struct kernel *k, int fd, const char *name, int ifindex,
         const struct link_settings *s)
{
    char *error = (s->has_group && !s->has_owner
                   ? tap_set_group(fd, name, s->group)
                   : tap_set_owner(fd, name, geteuid()));
    char *text = NULL;

    if (error || !s->multi_queue || !has_company(k, ifindex)) {
        return error;
    }
    kernel_command(k, rtnl_del(ifindex), &text);
    free(text);
    return xasprintf("%s: another process attached to the new device before "
                     "it had an owner; the device was deleted and will be "
                     "made anew", name);
}

/* Makes the TAP that 'fd' keeps into what 's' says, and last of all
 * persistent, so that a crash before leaves nothing behind. */
static char *
finish_tap(struct kernel *k, int fd, const char *name, int ifindex,
           const struct link_settings *s)
{
    char *error;

    error = lock_tap(k, fd, name, ifindex, s);
    if (!error) {
        error = set_owners(fd, name, s);
        FAILPOINT("tap-owned");
    }
    if (!error) {
        error = kernel_set_link(k, name, ifindex, &s->rtnl);
        FAILPOINT("tap-marked");
    }
    if (!error) {
        /* Before the first link-up: the default qdisc of a multiqueue TAP
         * takes 18 ms and 6 MB. */
        error = set_qdisc(k, name, ifindex, s);
        FAILPOINT("tap-qdisc");
    }
    return error ? error : tap_set_persist(fd, name, true);
}

static char *
add_tap(struct kernel *k, const struct plan_step *step,
        const struct link_settings *s)
{
    char *error;
    int ifindex;
    int fd;

    error = tap_create(step->name, s->multi_queue, &fd, &ifindex);
    if (error) {
        return error;
    }
    k->stats.writes++;
    FAILPOINT("tap-created");
    error = finish_tap(k, fd, step->name, ifindex, s);
    FAILPOINT("tap-persistent");
    close(fd);
    FAILPOINT("tap-closed");
    if (!error) {
        if (s->has_up && s->up) {
            error = kernel_set_up(k, step->name, ifindex, true);
        }
        /* While it is down the kernel is silent on most of the above. */
        kernel_touch(k, ifindex);
    }
    return error;
}

static char *
do_add(struct kernel *k, const struct plan_step *step)
{
    struct link_settings s;
    char *error = link_settings_from_step(step, &s);

    if (error) {
        return error;
    } else if (s.kind && !strcmp(s.kind, "tap")) {
        return add_tap(k, step, &s);
    } else if (s.kind && !strcmp(s.kind, "veth")) {
        return kernel_add_veth(k, step, &s);
    } else if (s.kind && !strcmp(s.kind, "bond")) {
        return kernel_add_bond(k, step, &s);
    }
    return xasprintf("%s: devices of kind \"%s\" are not created, only those "
                     "of kind \"tap\", \"veth\" and \"bond\"", step->name,
                     s.kind ? s.kind : "");
}

/* Attaching. */

static char *
get_link(struct kernel *k, const struct plan_step *step,
         struct rtnl_link *rl, int *errorp)
{
    *errorp = (step->ifindex > 0
               ? nlsock_get_link(&k->commands, step->ifindex, rl)
               : EINVAL);
    return (*errorp
            ? kernel_error(step->name, "RTM_GETLINK", *errorp, NULL)
            : NULL);
}

/* Attaches to the TAP 'link', just looked at, which nobody else may hold: on
 * a multiqueue TAP we would be given frames that are the holder's. */
static char *
attach_alone(struct kernel *k, const struct model_link *link, int *fdp)
{
    const char *mq = smap_get(&link->fields, MODEL_L_MULTI_QUEUE);
    char *error;
    bool busy;

    *fdp = -1;
    if (model_link_in_use(link)) {
        return kernel_in_use(link->name);
    }
    error = tap_attach(link->name, mq && !strcmp(mq, "true"), link->ifindex,
                       fdp, &busy);
    if (error) {
        if (busy) {
            free(error);
            error = kernel_in_use(link->name);
        }
        return error;
    }
    k->stats.writes++;
    if (has_company(k, link->ifindex)) {
        close(*fdp);
        *fdp = -1;
        return kernel_in_use(link->name);
    }
    return NULL;
}

/* Owner, group and persistence. */
static char *
set_by_descriptor(struct kernel *k, const struct plan_step *step,
                  const struct link_settings *s)
{
    struct rtnl_link rl;
    char *error;
    int retval;
    int fd;

    error = get_link(k, step, &rl, &retval);
    if (error) {
        return error;
    }
    if (!model_link_is(rl.link, "tap")) {
        error = xasprintf("%s: only a TAP has an owner, a group and "
                          "persistence", step->name);
    } else {
        error = attach_alone(k, rl.link, &fd);
    }
    if (!error) {
        FAILPOINT("set-attached");
        error = set_owners(fd, step->name, s);
        FAILPOINT("set-owned");
        if (!error && s->has_persist) {
            error = tap_set_persist(fd, step->name, s->persist);
        }
        close(fd);
    }
    rtnl_link_destroy(&rl);
    return error;
}

/* Changes. */

static char *
set_all(struct kernel *k, const struct plan_step *step,
        const struct link_settings *s)
{
    char *error = NULL;

    if (s->has_up && !s->up) {
        error = kernel_set_up(k, step->name, step->ifindex, false);
        FAILPOINT("set-down");
    }
    if (!error) {
        error = kernel_set_link(k, step->name, step->ifindex, &s->rtnl);
        FAILPOINT("set-link");
    }
    if (!error) {
        error = set_qdisc(k, step->name, step->ifindex, s);
        FAILPOINT("set-qdisc");
    }
    if (!error) {
        error = kernel_set_bond(k, step);
    }
    if (!error && (s->has_owner || s->has_group || s->has_persist)) {
        error = set_by_descriptor(k, step, s);
    }
    if (!error && s->finish) {
        error = kernel_finish_link(k, step->name, step->ifindex);
    }
    if (!error && s->has_up && s->up) {
        error = kernel_set_up(k, step->name, step->ifindex, true);
        FAILPOINT("set-up");
    }
    if (!error) {
        error = kernel_set_master(k, step);
    }
    if (!error) {
        error = kernel_set_addresses(k, step);
    }
    return error ? error : kernel_set_offloads(k, step);
}

static char *
do_set(struct kernel *k, const struct plan_step *step)
{
    struct link_settings s;
    char *error;

    if (step->ifindex <= 0) {
        return xasprintf("%s: the step does not say which device it is for",
                         step->name);
    }
    error = link_settings_from_step(step, &s);
    if (!error) {
        error = set_all(k, step, &s);
        kernel_touch(k, step->ifindex);
    }
    return error;
}

/* Deletion. */

/* A process that opens the TAP in between keeps it, which RTM_DELLINK would
 * not let it. */
static char *
delete_tap(struct kernel *k, const struct model_link *link)
{
    struct rtnl_link rl;
    char *error;
    int fd;

    FAILPOINT("delete-looked");
    error = attach_alone(k, link, &fd);
    if (error) {
        return error;
    }
    FAILPOINT("delete-attached");
    error = tap_set_persist(fd, link->name, false);
    FAILPOINT("delete-unpersisted");
    close(fd);
    FAILPOINT("delete-closed");
    if (!error && !nlsock_get_link(&k->commands, link->ifindex, &rl)) {
        rtnl_link_destroy(&rl);
        error = xasprintf("%s is in use since just now: it goes when the "
                          "process that holds it closes it", link->name);
    }
    return error;
}

char *
kernel_delete_one(struct kernel *k, const struct plan_step *step)
{
    struct rtnl_link rl;
    char *error;
    int retval;

    error = get_link(k, step, &rl, &retval);
    if (error) {
        if (retval == ENODEV) {
            free(error);
            error = NULL;       /* That is what was wanted. */
        }
        return error;
    }
    if (model_link_is(rl.link, "tap")) {
        error = delete_tap(k, rl.link);
        if (error) {
            kernel_touch(k, step->ifindex);
        }
    } else {
        char *text;

        retval = kernel_command(k, rtnl_del(step->ifindex), &text);
        if (retval) {
            error = kernel_error(step->name, "RTM_DELLINK", retval, text);
        }
        FAILPOINT("delete-sent");
    }
    rtnl_link_destroy(&rl);
    return error;
}

static void
delete_all(struct kernel *k, struct plan_step **steps, size_t n)
{
    struct plan_step **group = xmalloc(n * sizeof *group);
    size_t n_group = 0;

    /* Any other impact is for a device that is about to be replaced, whose
     * VM may be starting right now: no RTM_DELLINK for those. */
    for (size_t i = 0; i < n; i++) {
        if (steps[i]->impact == PLAN_HITLESS && steps[i]->ifindex > 0) {
            group[n_group++] = steps[i];
        } else {
            steps[i]->error = kernel_delete_one(k, steps[i]);
        }
    }
    kernel_delete_many(k, group, n_group);
    free(group);
}

static bool
needs_attach(const struct plan_step *step)
{
    for (size_t i = 0; i < step->n_changes; i++) {
        if (model_link_field_needs_attach(step->changes[i].field)) {
            return true;
        }
    }
    return step->op == PLAN_DEL;
}

/* True if 'step' failed because its device is gone, or is in use where the
 * step wants it free, since the plan was made: events that are on their way
 * say so too. */
static bool
has_moved_on(struct kernel *k, const struct plan_step *step)
{
    struct rtnl_link rl;
    int error;

    if (!step->error || step->op == PLAN_ADD || step->ifindex <= 0) {
        return false;
    }
    error = nlsock_get_link(&k->commands, step->ifindex, &rl);
    if (error) {
        return error == ENODEV;
    }
    bool in_use = (needs_attach(step) && rl.link
                   && model_link_in_use(rl.link));
    rtnl_link_destroy(&rl);
    return in_use;
}

void
kernel_execute(struct kernel *k, struct plan_step **steps, size_t n)
{
    struct plan_step **dels = xmalloc(n * sizeof *dels);
    size_t n_dels = 0;

    for (size_t i = 0; i < n; i++) {
        struct plan_step *step = steps[i];

        if (step->what != PLAN_LINK || step->after) {
            continue;
        }
        free(step->error);
        step->error = NULL;
        if (step->op == PLAN_DEL) {
            dels[n_dels++] = step;
            continue;
        }
        /* What follows may rely on the deletions before it. */
        delete_all(k, dels, n_dels);
        n_dels = 0;
        step->error = step->op == PLAN_ADD ? do_add(k, step) : do_set(k, step);
    }
    delete_all(k, dels, n_dels);
    free(dels);
    for (size_t i = 0; i < n; i++) {
        steps[i]->moved_on = has_moved_on(k, steps[i]);
    }
}
