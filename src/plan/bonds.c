/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/plan/planner.h"

#include <stdlib.h>
#include <string.h>

#include "sset.h"
#include "util.h"

/* Bonds of the kernel
 * ===================
 *
 * The bond is a device that we make, and the one interface of its port.  Its
 * members are devices of others: they are taken in and let go, and carry no
 * mark.  Which of them we took in the bond's Interface row says, before they
 * are and until they are no more; members that others add stay, and hold the
 * bond: with it they would be taken out and set down. */

#define PRIMARY MODEL_L_BOND MODEL_BOND_PRIMARY

static bool
is_number_of(const char *number, const struct model_link *link)
{
    return number && atoi(number) == link->ifindex;
}

/* The bond 'name', made by us and complete, or NULL. */
static const struct model_link *
own_bond(const struct planner *p, const char *name)
{
    const struct model_link *link = model_observed_link(p->observed, name);

    return (link && model_link_is(link, "bond")
            && !smap_get(&link->fields, MODEL_L_UNFINISHED)
            && planner_is_own(p, model_link_mark(link))
            ? link : NULL);
}

static bool
is_member_of(const struct planner *p, const char *name,
             const struct model_link *bond)
{
    const struct model_link *link = model_observed_link(p->observed, name);

    return link && is_number_of(smap_get(&link->fields, MODEL_L_MASTER), bond);
}

/* True if the object wants 'name' to be a member of bond 'bond'. */
static bool
wants_member(const struct planner *p, const char *name, const char *bond)
{
    const struct model_link *want
        = p->object ? model_object_find_link(p->object, name) : NULL;
    const char *master = want ? smap_get(&want->fields, MODEL_L_MASTER) : NULL;

    return master && !strcmp(master, bond);
}

void
planner_list_members(const struct planner *p, const char *name,
                     struct smap *target)
{
    const struct model_link *bond = own_bond(p, name);
    struct sset listed = SSET_INITIALIZER(&listed);
    struct sset members = SSET_INITIALIZER(&members);
    const char *field;

    for (size_t i = 0; i < p->object->n_links; i++) {
        const char *member = p->object->links[i]->name;

        if (wants_member(p, member, name)) {
            sset_add_and_free(&members, xasprintf(MODEL_OWNED_MEMBER"%s",
                                                  member));
        }
    }
    planner_listed(p, name, MODEL_OWNED_MEMBER, &listed);
    SSET_FOR_EACH (field, &listed) {
        if (bond && is_member_of(p, field + strlen(MODEL_OWNED_MEMBER),
                                 bond)) {
            sset_add(&members, field);
        }
    }
    planner_list(target, &members);
    sset_destroy(&listed);
    sset_destroy(&members);
}

static bool
is_listed(const struct planner *p, const char *bond, const char *member)
{
    struct sset listed = SSET_INITIALIZER(&listed);
    char *field = xasprintf(MODEL_OWNED_MEMBER"%s", member);
    bool is;

    planner_listed(p, bond, MODEL_OWNED_MEMBER, &listed);
    is = sset_contains(&listed, field);
    free(field);
    sset_destroy(&listed);
    return is;
}

static const struct model_link *
find_by_number(const struct planner *p, const char *number)
{
    const struct model_link *link;

    HMAP_FOR_EACH (link, node, &p->observed->links) {
        if (is_number_of(number, link)) {
            return link;
        }
    }
    return NULL;
}

/* Whether 'have' is free to become a member; if it is not, says so. */
static bool
is_free(struct planner *p, const struct model_link *have)
{
    const char *master = smap_get(&have->fields, MODEL_L_MASTER);
    const struct model_port *port
        = model_observed_iface_port(p->observed, have->name);

    if (port) {
        const struct model_iface *iface
            = model_port_find_iface(port, have->name);
        bool own = planner_is_own(p, smap_get(&iface->row.fields,
                                              MODEL_MARK));

        planner_note(p, own ? MODEL_APPLYING : MODEL_CONFLICT,
                     "device %s is in port %s", have->name, port->row.name);
        return false;
    } else if (master) {
        const struct model_link *other = find_by_number(p, master);
        bool ovs = other && model_link_is(other, "openvswitch");

        planner_note(p, ovs ? MODEL_APPLYING : MODEL_CONFLICT,
                     "device %s belongs to %s", have->name,
                     other ? other->name : "another device");
        return false;
    }
    return true;
}

static void
join(struct planner *p, const struct model_link *have, const char *bond_name)
{
    const struct model_link *bond = own_bond(p, bond_name);
    bool wait = !is_free(p, have);
    struct plan_step *step = planner_set_step(p, have);

    planner_change(p, step, MODEL_L_MASTER, NULL, bond_name);
    if (plan_drop_if_empty(p->plan, step)) {
        return;                 /* Somebody else insists. */
    } else if (wait) {
        planner_after(step, "device %s is free", have->name);
    } else if (!bond || p->leftovers) {
        planner_after(step, "device %s is created", bond_name);
    } else if (!is_listed(p, bond_name, have->name)) {
        planner_after(step, "the Interface row of %s says which members are "
                      "ours", bond_name);
    }
    planner_note(p, MODEL_APPLYING, "device %s is being taken into %s",
                 have->name, bond_name);
}

void
planner_member(struct planner *p, const struct model_link *want)
{
    const char *bond_name = smap_get(&want->fields, MODEL_L_MASTER);
    const struct model_link *bond = own_bond(p, bond_name);
    const struct model_link *have
        = model_observed_link(p->observed, want->name);

    if (!have) {
        planner_note(p, MODEL_WAITING, "device %s does not exist",
                     want->name);
    } else if (bond && is_member_of(p, have->name, bond)) {
        planner_set_link(p, want, have);
    } else {
        join(p, have, bond_name);
    }
}

bool
planner_let_go(struct planner *p, const struct model_link *bond)
{
    struct sset listed = SSET_INITIALIZER(&listed);
    const char **fields;
    bool any = false;

    planner_listed(p, bond->name, MODEL_OWNED_MEMBER, &listed);
    fields = sset_sort(&listed);
    for (size_t i = 0; i < sset_count(&listed); i++) {
        const char *name = fields[i] + strlen(MODEL_OWNED_MEMBER);

        if (is_member_of(p, name, bond)
            && !wants_member(p, name, bond->name)) {
            struct plan_step *step = planner_set_step(
                p, model_observed_link(p->observed, name));

            plan_step_change(step, MODEL_L_MASTER, bond->name, NULL);
            planner_note(p, MODEL_APPLYING, "device %s is being taken out of "
                         "%s", name, bond->name);
            any = true;
        }
    }
    free(fields);
    sset_destroy(&listed);
    return any;
}

/* The member of 'bond' that others have added, the first by its name, or
 * NULL. */
static const char *
find_stranger(const struct planner *p, const struct model_link *bond)
{
    const struct model_link *link;
    const char *first = NULL;

    HMAP_FOR_EACH (link, node, &p->observed->links) {
        if (is_number_of(smap_get(&link->fields, MODEL_L_MASTER), bond)
            && !is_listed(p, bond->name, link->name)
            && (!first || strcmp(link->name, first) < 0)) {
            first = link->name;
        }
    }
    return first;
}

bool
planner_hold_bond(struct planner *p, const struct model_link *bond,
                  size_t first)
{
    const char *member = find_stranger(p, bond);

    for (size_t i = first; member && i < p->plan->n_steps; i++) {
        planner_defer(p, p->plan->steps[i], MODEL_HELD, "bond %s still has "
                      "member %s, which ovs-portd did not add; \"ip link set "
                      "%s nomaster\" takes it out", bond->name, member,
                      member);
    }
    return member != NULL;
}

/* The kernel takes one that is no member yet, but does not show it. */
static void
set_primary(struct planner *p, const struct model_link *want,
            const struct model_link *have)
{
    const char *name = smap_get(&want->fields, PRIMARY);
    const char *old = smap_get(&have->fields, PRIMARY);
    const struct model_link *member
        = name && *name ? model_observed_link(p->observed, name) : NULL;
    struct plan_step *step;

    if (!name || (*name && (!member || !is_member_of(p, name, have)))
        || (*name ? is_number_of(old, member) : !old)) {
        return;
    }
    const struct model_link *former = old ? find_by_number(p, old) : NULL;
    step = planner_set_step(p, have);
    planner_change(p, step, PRIMARY, former ? former->name : old,
                   *name ? name : NULL);
    if (!plan_drop_if_empty(p->plan, step)) {
        planner_note(p, MODEL_APPLYING, "device %s is being set up",
                     have->name);
    }
}

void
planner_bond(struct planner *p, const struct model_link *want,
             const struct model_link *have)
{
    const char *mode = smap_get(&want->fields, MODEL_L_BOND"mode");
    const char *is = smap_get(&have->fields, MODEL_L_BOND"mode");

    if (!model_link_is(have, "bond") || !nullable_string_is_equal(mode, is)) {
        size_t first = p->plan->n_steps;

        planner_replace_link(p, want, have, mode);
        planner_hold_bond(p, have, first);
        return;
    }
    planner_set_link(p, want, have);
    if (own_bond(p, have->name)) {
        planner_let_go(p, have);
        set_primary(p, want, have);
    }
}
