/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/kernel/kernel-private.h"

#include <errno.h>
#include <string.h>
#include <net/if.h>

#include "src/kernel/rtbond.h"
#include "src/kernel/rtnl.h"
#include "src/kernel/settings.h"
#include "src/kernel/tap.h"
#include "src/model/model.h"
#include "src/plan/plan.h"
#include "util.h"

/* Bonds of the kernel.
 *
 * As with a veth pair, the message that creates one takes no alias along but
 * the group: see veth.c.  Members are devices of others, which are taken in
 * and let go. */

/* Puts the options that 'step' sets into 'options'. */
static void
take_options(const struct plan_step *step, struct smap *options)
{
    for (size_t i = 0; i < step->n_changes; i++) {
        const struct plan_change *c = &step->changes[i];
        const char *name = model_bond_option_of_field(c->field);
        const char *value = c->new ? c->new : "0";
        char *number = NULL;

        if (!name) {
            continue;
        }
        if (!strcmp(name, MODEL_BOND_PRIMARY) && c->new) {
            value = number = xasprintf("%u", if_nametoindex(c->new));
        }
        smap_replace(options, name, value);
        free(number);
    }
}

static char *
create_error(const char *name, int error, char *text)
{
    char *s = kernel_error(name, "RTM_NEWLINK", error, text);
    char *hinted
        = (error == EEXIST
           ? xasprintf("%s; a device of this name exists already (the bonding "
                       "module makes a bond0 when it is loaded: \"ip link del "
                       "bond0\", and \"options bonding max_bonds=0\" in "
                       "modprobe.d)", s)
           : error == EOPNOTSUPP
           ? xasprintf("%s; load the bonding module (modprobe bonding)", s)
           : NULL);

    if (hinted) {
        free(s);
        s = hinted;
    }
    return s;
}

char *
kernel_add_bond(struct kernel *k, const struct plan_step *step,
                const struct link_settings *s)
{
    struct smap options = SMAP_INITIALIZER(&options);
    const char *name = step->name;
    char *error, *text;
    int retval;
    int ifindex;

    if (!tap_name_is_valid(name)) {
        return xasprintf("\"%s\" is no valid device name: use 1 to 15 of "
                         "A-Z a-z 0-9 _ . -", name);
    }
    take_options(step, &options);
    retval = kernel_command(k, rtnl_add_bond(name, kernel_unfinished_group(k),
                                             &options), &text);
    smap_destroy(&options);
    if (retval) {
        return create_error(name, retval, text);
    }
    error = kernel_find_new(k, name, &ifindex);
    if (!error) {
        error = kernel_set_link(k, name, ifindex, &s->rtnl);
        if (!error) {
            error = kernel_finish_link(k, name, ifindex);
        }
        /* It is down, and the kernel is silent on most of the above. */
        kernel_touch(k, ifindex);
    }
    return error;
}

static bool
needs_down(const struct plan_step *step)
{
    return plan_step_find(step, MODEL_L_BOND"lacp_rate") != NULL;
}

char *
kernel_set_bond(struct kernel *k, const struct plan_step *step)
{
    struct smap options = SMAP_INITIALIZER(&options);
    char *error = NULL, *up_error, *text;
    bool down = false;
    int retval;

    take_options(step, &options);
    if (smap_is_empty(&options)) {
        smap_destroy(&options);
        return NULL;
    }
    if (needs_down(step)) {
        error = kernel_set_down(k, step->name, step->ifindex, &down);
    }
    if (!error) {
        retval = kernel_command(k, rtnl_set_bond(step->ifindex, &options),
                                &text);
        if (retval) {
            error = kernel_error(step->name, "RTM_NEWLINK", retval, text);
        }
    }
    if (down) {
        up_error = kernel_set_up(k, step->name, step->ifindex, true);
        if (error) {
            free(up_error);
        } else {
            error = up_error;
        }
    }
    smap_destroy(&options);
    return error;
}

/* The number of the bond called 'name', or 0. */
static int
find_bond(struct kernel *k, const char *name)
{
    int ifindex = if_nametoindex(name);
    struct rtnl_link rl;
    bool is = false;

    if (ifindex > 0 && !nlsock_get_link(&k->commands, ifindex, &rl)) {
        is = rl.link && model_link_is(rl.link, "bond");
        rtnl_link_destroy(&rl);
    }
    return is ? ifindex : 0;
}

/* The kernel would take it out of where it is. */
static char *
check_free(struct kernel *k, const struct plan_step *step)
{
    struct rtnl_link rl;
    char *error = NULL;

    if (!nlsock_get_link(&k->commands, step->ifindex, &rl)) {
        if (rl.link && smap_get(&rl.link->fields, MODEL_L_MASTER)) {
            error = xasprintf("%s: it belongs to another device by now",
                              step->name);
        }
        rtnl_link_destroy(&rl);
    }
    return error;
}

/* A member must be down to be taken in, and then comes up with its bond. */
char *
kernel_set_master(struct kernel *k, const struct plan_step *step)
{
    const struct plan_change *c = plan_step_find(step, MODEL_L_MASTER);
    int master = 0;
    bool down = false;
    char *error = NULL, *text;
    int retval;

    if (!c) {
        return NULL;
    } else if (c->new) {
        master = find_bond(k, c->new);
        if (!master) {
            return xasprintf("%s: there is no bond \"%s\"", step->name,
                             c->new);
        }
        error = check_free(k, step);
        if (!error) {
            error = kernel_set_down(k, step->name, step->ifindex, &down);
        }
    }
    if (!error) {
        retval = kernel_command(k, rtnl_set_master(step->ifindex, master),
                                &text);
        if (retval) {
            error = kernel_error(step->name, c->new ? "joining its bond"
                                 : "leaving its bond", retval, text);
            if (down) {
                free(kernel_set_up(k, step->name, step->ifindex, true));
            }
        }
    }
    return error;
}
