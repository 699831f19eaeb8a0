/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/plan/planner.h"

#include <stdlib.h>
#include <string.h>

#include "src/model/address.h"
#include "sset.h"
#include "util.h"

/* Devices that ovs-vswitchd makes, and their addresses
 * ====================================================
 *
 * The device of an internal port carries no mark, and others may give it
 * addresses as well.  Which of them are ours its Interface row says, among the
 * fields that we own.  So that this is true whenever a run ends:
 *
 *     the row lists it     before the kernel gets the address
 *     the row drops it     after the kernel has lost it */

/* The internal device 'name' as ovs-vswitchd has made it for us, or NULL. */
static const struct model_link *
internal_device(const struct planner *p, const char *name)
{
    const struct model_link *link = model_observed_link(p->observed, name);
    const struct model_iface *iface = planner_own_iface(p, name);

    /* Anything else was there before, and ovs-vswitchd could not make its
     * own. */
    return (link && iface && iface->ofport > 0
            && !strcmp(model_row_get(&iface->row, "type"), "internal")
            && model_link_is_vswitchds(link)
            ? link : NULL);
}

bool
planner_is_internal(const struct planner *p, const char *name)
{
    for (size_t i = 0; i < p->object->n_ports; i++) {
        const struct model_iface *iface
            = model_port_find_iface(p->object->ports[i], name);
        if (iface) {
            return !strcmp(model_row_get(&iface->row, "type"), "internal");
        }
    }
    return false;
}

/* Adds to 'addresses' the fields of those that the object wants 'name' to
 * have. */
static void
wanted_addresses(const struct planner *p, const char *name,
                 struct sset *addresses)
{
    const struct model_link *want = model_object_find_link(p->object, name);
    const struct smap_node *node;

    if (want) {
        SMAP_FOR_EACH (node, &want->fields) {
            if (model_address_of_field(node->key)) {
                sset_add(addresses, node->key);
            }
        }
    }
}

void
planner_list_addresses(const struct planner *p, const char *name,
                       struct smap *target)
{
    /* Whether or not it is ovs-vswitchd's now: while that starts, the ofport
     * is gone for a moment, and the device with its addresses is not. */
    const struct model_link *link = model_observed_link(p->observed, name);
    struct sset listed = SSET_INITIALIZER(&listed);
    struct sset addresses = SSET_INITIALIZER(&addresses);
    const char *field;

    wanted_addresses(p, name, &addresses);
    planner_listed(p, name, MODEL_L_ADDRESS, &listed);
    SSET_FOR_EACH (field, &listed) {
        if (link && smap_get(&link->fields, field)) {
            sset_add(&addresses, field);
        }
    }
    planner_list(target, &addresses);
    sset_destroy(&listed);
    sset_destroy(&addresses);
}

/* Appends to 'step' what is wrong with the addresses of 'link', and says in
 * '*unlisted' whether one is to be added that the row does not list yet. */
static void
diff_addresses(struct planner *p, struct plan_step *step,
               const struct model_link *link, bool *unlisted)
{
    struct sset listed = SSET_INITIALIZER(&listed);
    struct sset wanted = SSET_INITIALIZER(&wanted);
    struct sset all = SSET_INITIALIZER(&all);
    const char **fields;

    *unlisted = false;
    planner_listed(p, step->name, MODEL_L_ADDRESS, &listed);
    wanted_addresses(p, step->name, &wanted);
    planner_listed(p, step->name, MODEL_L_ADDRESS, &all);
    wanted_addresses(p, step->name, &all);

    fields = sset_sort(&all);
    for (size_t i = 0; i < sset_count(&all); i++) {
        const char *field = fields[i];
        const char *old = link ? smap_get(&link->fields, field) : NULL;
        const char *new = (sset_contains(&wanted, field)
                           ? MODEL_ADDRESS_PERMANENT : NULL);

        if (new && old && !strcmp(old, MODEL_ADDRESS_DUPLICATE)) {
            planner_note(p, MODEL_ERROR, "address %s of %s: another host has "
                         "it as well (duplicate address detection)",
                         model_address_of_field(field), step->name);
        } else if (!nullable_string_is_equal(old, new)) {
            planner_change(p, step, field, old, new);
            *unlisted |= new && !sset_contains(&listed, field);
        }
    }
    free(fields);
    sset_destroy(&all);
    sset_destroy(&wanted);
    sset_destroy(&listed);
}

void
planner_addresses(struct planner *p, const char *name)
{
    if (!planner_is_internal(p, name)) {
        return;
    }

    const struct model_link *link = internal_device(p, name);
    struct plan_step *step = planner_step(p, PLAN_SET, PLAN_LINK, name, NULL);
    bool unlisted;

    step->ifindex = link ? link->ifindex : 0;
    diff_addresses(p, step, link, &unlisted);
    if (plan_drop_if_empty(p->plan, step)) {
        return;
    }
    if (!link) {
        planner_after(step, "ovs-vswitchd has made %s", name);
    } else if (unlisted) {
        planner_after(step, "the Interface row of %s says which addresses "
                      "are ours", name);
    }
    planner_note(p, MODEL_APPLYING, "device %s is being set up", name);
}

void
planner_internal_link(struct planner *p, const struct model_link *want)
{
    const struct model_link *have = internal_device(p, want->name);

    if (have) {
        planner_set_link(p, want, have);
    } else {
        /* What keeps it away, planner_port() says. */
        planner_note(p, MODEL_APPLYING, "ovs-vswitchd has not yet made "
                     "device %s", want->name);
    }
}
