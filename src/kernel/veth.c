/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/failpoint.h"
#include "src/kernel/kernel-private.h"

#include <errno.h>
#include <string.h>
#include <net/if.h>

#include "src/kernel/rtnl.h"
#include "src/kernel/settings.h"
#include "src/kernel/tap.h"
#include "src/model/model.h"
#include "src/plan/plan.h"
#include "util.h"

/* Veth pairs
 * ==========
 *
 * One message creates both ends.  The kernel ignores the alias in it
 * (rtnl_create_link() in net/core/rtnetlink.c does not look at IFLA_IFALIAS),
 * and the mark is in the alias; but it takes along the group.  So:
 *
 *     both ends, in kernel_unfinished_group() one message
 *     alias, MTU ... of this end
 *     alias of the other
 *     group 0 for this end, then for the other
 *
 * A process that is killed in between leaves ends that have the mark, or are
 * in that group, or both: MODEL_L_UNFINISHED tells the next one that they are
 * to be finished or, if nobody wants them by then, deleted.  An end that is
 * out of the group has its mark, and so has the other. */

static char *
create_error(const struct plan_step *step, const char *peer, int error,
             char *text)
{
    char *s = kernel_error(step->name, "RTM_NEWLINK", error, text);
    char *hinted
        = (error == EEXIST
           ? xasprintf("%s; %s or %s exists already", s, step->name, peer)
           : error == EOPNOTSUPP
           ? xasprintf("%s; load the veth module (modprobe veth)", s)
           : NULL);

    if (hinted) {
        free(s);
        s = hinted;
    }
    return s;
}

static char *
mark_other(struct kernel *k, const char *name, int ifindex,
           const char *alias)
{
    struct rtnl_settings s = RTNL_SETTINGS_INITIALIZER;

    s.alias = alias;
    return kernel_set_link(k, name, ifindex, &s);
}

char *
kernel_add_veth(struct kernel *k, const struct plan_step *step,
                const struct link_settings *s)
{
    const char *name = step->name;
    int ifindex, peer_ifindex;
    char *error, *text;
    int retval;

    if (!s->peer || !tap_name_is_valid(name) || !tap_name_is_valid(s->peer)) {
        return xasprintf("\"%s\" and \"%s\" are no valid names for the ends "
                         "of a veth pair: use 1 to 15 of A-Z a-z 0-9 _ . -",
                         name, s->peer ? s->peer : "");
    }
    retval = kernel_command(k, rtnl_add_veth(
        name, s->peer, kernel_unfinished_group(k)), &text);
    if (retval) {
        return create_error(step, s->peer, retval, text);
    }

    FAILPOINT("veth-created");
    error = kernel_find_new(k, name, &ifindex);
    if (!error) {
        error = kernel_find_new(k, s->peer, &peer_ifindex);
    }
    if (error) {
        return error;
    }
    error = kernel_set_link(k, name, ifindex, &s->rtnl);
    FAILPOINT("veth-marked");
    if (!error && s->rtnl.alias) {
        error = mark_other(k, s->peer, peer_ifindex, s->rtnl.alias);
        FAILPOINT("veth-peer-marked");
    }
    if (!error) {
        error = kernel_finish_link(k, name, ifindex);
        FAILPOINT("veth-finished");
    }
    if (!error) {
        error = kernel_finish_link(k, s->peer, peer_ifindex);
        FAILPOINT("veth-peer-finished");
    }
    /* Both are down, and the kernel is silent on most of the above. */
    kernel_touch(k, ifindex);
    kernel_touch(k, peer_ifindex);
    return error;
}
