/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/kernel/kernel-private.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "src/kernel/rtaddr.h"
#include "src/kernel/rtnl.h"
#include "src/model/model.h"
#include "src/plan/plan.h"
#include "util.h"

/* Addresses of a device. */

/* "mgmt0: 192.0.2.10/24: RTM_NEWADDR: ..." */
static char *
address_error(const struct plan_step *step, const char *address,
              const char *call, int error, char *text)
{
    char *what = xasprintf("%s: %s", step->name, address);
    char *s = kernel_error(what, call, error, text);

    free(what);
    return s;
}

/* Where the first address of a subnet goes, the kernel takes the others of it
 * along, be they whose they may, unless this is set.  (systemd sets it for all
 * devices.) */
static char *
promote_secondaries(struct kernel *k, const struct plan_step *step)
{
    struct rtnl_settings s = RTNL_SETTINGS_INITIALIZER;

    s.promote_secondaries = true;
    return kernel_set_link(k, step->name, step->ifindex, &s);
}

static char *
del_address(struct kernel *k, const struct plan_step *step, const char *text)
{
    struct model_address a;
    char *words, *error = NULL;
    int retval;

    if (!model_address_parse(text, &a)) {
        return xasprintf("%s: \"%s\" is no address", step->name, text);
    }
    if (a.family == AF_INET) {
        error = promote_secondaries(k, step);
    }
    if (!error) {
        retval = kernel_command(k, rtnl_del_address(step->ifindex, &a),
                                &words);
        if (retval == EADDRNOTAVAIL) {
            free(words);        /* That is what was wanted. */
        } else if (retval) {
            error = address_error(step, text, "RTM_DELADDR", retval, words);
        }
    }
    return error;
}

static char *
add_address(struct kernel *k, const struct plan_step *step, const char *text,
            bool replace)
{
    struct model_address a;
    char *words;
    int retval;

    if (!model_address_parse(text, &a)) {
        return xasprintf("%s: \"%s\" is no address", step->name, text);
    }
    retval = kernel_command(k, rtnl_add_address(step->ifindex, &a, replace),
                            &words);
    return (retval
            ? address_error(step, text, "RTM_NEWADDR", retval, words)
            : NULL);
}

/* What is to go goes first: an IPv6 address cannot be there twice, with
 * different prefixes. */
char *
kernel_set_addresses(struct kernel *k, const struct plan_step *step)
{
    char *error = NULL;

    for (int adding = 0; adding < 2; adding++) {
        for (size_t i = 0; i < step->n_changes && !error; i++) {
            const struct plan_change *c = &step->changes[i];
            const char *text = model_address_of_field(c->field);

            if (text && !adding && !c->new) {
                error = del_address(k, step, text);
            } else if (text && adding && c->new) {
                error = add_address(k, step, text, c->old != NULL);
            }
        }
    }
    return error;
}
