/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/plan/planner.h"

#include <stdlib.h>
#include <string.h>

#include "sset.h"
#include "util.h"

/* The deletion of what is no longer wanted. */

/* Devices that we create, and so delete.  A NIC's TAP is ours also where its
 * Interface row alone says so.  An uplink's row says the same of a device
 * that was there before us, so that any other device has to say it itself. */
static bool
is_own_link(const struct planner *p, const struct model_link *link)
{
    return (model_id_is_nic(p->id)
            ? (model_link_is(link, "tap")
               && planner_is_own(p, planner_link_mark(p, link)))
            : ((model_link_is(link, "veth") || model_link_is(link, "bond"))
               && planner_is_own(p, model_link_mark(link))));
}

static bool
wants_port(const struct planner *p, const char *name)
{
    return p->object && model_object_find_port(p->object, name);
}

static bool
wants_link(const struct planner *p, const char *name)
{
    return p->object && model_object_find_link(p->object, name);
}

/* True if ovs-vswitchd may have device 'name' open for a port of ours. */
static bool
is_in_own_port(const struct planner *p, const char *name)
{
    const struct model_port *port
        = model_observed_iface_port(p->observed, name);
    const struct model_iface *iface
        = port ? model_port_find_iface(port, name) : NULL;

    return (iface
            && planner_is_own(p, smap_get(&iface->row.fields, MODEL_MARK))
            && strcmp(model_row_get(&iface->row, "type"), "patch"));
}

/* The first of the devices that go along with 'link', itself among them: the
 * ends of a pair go by one step.  Sets '*in_ovs' if one of them is still in
 * a port. */
static const char *
first_of_pair(const struct planner *p, const struct model_link *link,
              bool *in_ovs)
{
    const struct sset *marked = model_observed_marked(p->observed, p->id);
    const char *first = link->name;

    *in_ovs = is_in_own_port(p, link->name);
    if (!model_link_is(link, "veth") || !marked) {
        return first;
    }

    const char *name;
    SSET_FOR_EACH (name, marked) {
        const struct model_link *other
            = model_observed_link(p->observed, name);

        if (other && is_own_link(p, other) && !wants_link(p, name)) {
            *in_ovs |= is_in_own_port(p, name);
            if (strcmp(name, first) < 0) {
                first = name;
            }
        }
    }
    return first;
}

static void
delete_link(struct planner *p, const struct model_link *link)
{
    struct plan_step *step = planner_step(p, PLAN_DEL, PLAN_LINK,
                                          link->name, NULL);
    bool in_ovs;
    const char *first = first_of_pair(p, link, &in_ovs);

    step->ifindex = link->ifindex;
    if (p->object && !model_link_is(link, "tap")) {
        step->impact = PLAN_READD;
    }
    if (strcmp(first, link->name)) {
        planner_after(step, "it goes together with %s", first);
    } else if (in_ovs) {
        planner_after(step, "its port is gone");
    } else if (!model_observed_applied(p->observed)) {
        /* A new TAP of the same name must not come while ovs-vswitchd still
         * has this one open. */
        planner_after(step, "ovs-vswitchd has let go of it");
    }
    planner_note(p, MODEL_APPLYING, "device %s is being deleted",
                 link->name);
}

static struct plan_step *
delete_port(struct planner *p, const struct model_port *port)
{
    planner_note(p, MODEL_APPLYING, "port %s is being removed",
                 port->row.name);
    return planner_step(p, PLAN_DEL, PLAN_PORT, port->row.name,
                        model_row_get(&port->row, MODEL_F_BRIDGE));
}

/* Deleting a Bridge row takes all its ports along, others' too. */
static void
delete_bridge(struct planner *p, const char *name)
{
    struct plan_step *step = planner_step(p, PLAN_DEL, PLAN_BRIDGE, name,
                                          NULL);
    const struct model_port *port;
    HMAP_FOR_EACH (port, node, &p->observed->ports) {
        if (model_port_is_on(port, name)
            && !planner_is_own(p, smap_get(&port->row.fields, MODEL_MARK))) {
            planner_defer(p, step, MODEL_HELD, "bridge %s still carries "
                          "port %s", name, port->row.name);
            return;
        }
    }
    planner_note(p, MODEL_APPLYING, "bridge %s is being deleted", name);
}

/* Somebody has rewritten the alias of 'link', and that it is ours is said by
 * its Interface row alone, which is about to go. */
static void
mark_link(struct planner *p, const struct model_link *link)
{
    struct plan_step *step = planner_step(p, PLAN_SET, PLAN_LINK, link->name,
                                          NULL);
    char *mark = model_mark(p->observed->instance, p->id);
    char *alias = xasprintf(MODEL_ALIAS_PREFIX"%s", mark);

    step->ifindex = link->ifindex;
    plan_step_change(step, MODEL_L_ALIAS,
                     smap_get(&link->fields, MODEL_L_ALIAS), alias);
    free(alias);
    free(mark);
}

/* The Interface row of a bond says which of its members we took in.  So it
 * goes only when these are out: what the bond still has then is others'. */
static void
delete_bond(struct planner *p, const struct model_link *bond,
            const struct model_port *port)
{
    size_t first = p->plan->n_steps;

    if (port) {
        delete_port(p, port);
    }
    delete_link(p, bond);
    /* While it is held it works on as it is.  (Without a port there is nothing
     * that it could work for.) */
    bool held = planner_hold_bond(p, bond, first);
    if (!(held && port) && planner_let_go(p, bond) && port) {
        planner_after(p->plan->steps[first], "its members are out of %s",
                      bond->name);
    }
}

/* What of 'name' the object has, and does not want as what it is: the end of
 * a link may have left its bridge, or be another kind of link's by now. */
void
planner_delete(struct planner *p, const char *name)
{
    const struct model_bridge *bridge
        = model_observed_bridge(p->observed, name);
    if (bridge && planner_is_own(p, smap_get(&bridge->row.fields, MODEL_MARK))
        && !(p->object && p->object->bridge
             && !strcmp(p->object->bridge->row.name, name))) {
        delete_bridge(p, name);
        return;                 /* Its local port goes with it. */
    }

    const struct model_port *port = model_observed_port(p->observed, name);
    if (port && (wants_port(p, name)
                 || !planner_is_own(p, smap_get(&port->row.fields,
                                                MODEL_MARK)))) {
        port = NULL;
    }
    const struct model_link *link = model_observed_link(p->observed, name);
    if (link && (wants_link(p, name) || !is_own_link(p, link))) {
        link = NULL;
    }

    if (link && model_link_is(link, "bond")) {
        delete_bond(p, link, port);
        return;
    }

    size_t first = p->plan->n_steps;
    bool unmarked = (port && link
                     && !planner_is_own(p, model_link_mark(link)));
    if (unmarked) {
        mark_link(p, link);
    }
    if (port) {
        struct plan_step *step = delete_port(p, port);

        if (unmarked) {
            planner_after(step, "device %s is marked", name);
        }
    }
    if (link) {
        delete_link(p, link);
        if (model_link_in_use(link)) {
            for (size_t i = first; i < p->plan->n_steps; i++) {
                p->plan->steps[i]->impact = PLAN_VM_RESTART;
                planner_after(p->plan->steps[i], "the VM lets go of %s",
                              name);
            }
            planner_note(p, p->object ? MODEL_PENDING : MODEL_IN_USE,
                         "a VM still holds %s", name);
        }
    }
}

/* The leftover 'name'; NULL if it is none: anybody can write MODEL_LEFTOVERS
 * into a row, or into an alias. */
static const struct model_link *
find_leftover(const struct planner *p, const char *name)
{
    const struct model_link *link = model_observed_link(p->observed, name);

    return link && model_link_is_leftover(link) ? link : NULL;
}

/* True if 'link' is as we left it when we had just made it. */
static bool
is_unused(const struct model_link *link)
{
    return (!smap_get_bool(&link->fields, MODEL_L_UP, false)
            && !smap_get(&link->fields, MODEL_L_MASTER));
}

/* The other end of 'link', an end of a pair, if that is among the devices
 * 'found' as well. */
static const struct model_link *
find_other_end(const struct planner *p, const struct sset *found,
               const struct model_link *link)
{
    const char *name;

    SSET_FOR_EACH (name, found) {
        const struct model_link *other = find_leftover(p, name);

        if (other && other->ifindex == link->peer_ifindex) {
            return other;
        }
    }
    return NULL;
}

/* Nobody was told of 'link', but somebody may have taken it into use all the
 * same, or its other end, which would go along with it. */
static void
delete_leftover(struct planner *p, const struct sset *found,
                const struct model_link *link)
{
    bool pair = model_link_is(link, "veth");
    const struct model_link *other
        = pair ? find_other_end(p, found, link) : NULL;

    if (!is_unused(link) || (pair && (!other || !is_unused(other)))) {
        planner_note(p, MODEL_IN_USE, "device %s, left unfinished, stays: it "
                     "or its other end is in use, or belongs to somebody",
                     link->name);
    } else if (!other || !model_wanted_by_name(p->wanted, other->name)) {
        size_t first = p->plan->n_steps;
        struct plan_step *step = planner_step(p, PLAN_DEL, PLAN_LINK,
                                              link->name, NULL);

        step->ifindex = link->ifindex;
        if (other && strcmp(other->name, link->name) < 0) {
            planner_after(step, "it goes together with %s", other->name);
        }
        planner_note(p, MODEL_APPLYING, "device %s, left unfinished, is being "
                     "deleted", link->name);
        if (!pair) {
            planner_hold_bond(p, link, first);
        }
    }
}

void
planner_leftovers(struct planner *p)
{
    const struct sset *found
        = model_observed_marked(p->observed, MODEL_LEFTOVERS);
    if (!found) {
        return;
    }

    const char **names = sset_sort(found);
    for (size_t i = 0; i < sset_count(found); i++) {
        const struct model_link *link = find_leftover(p, names[i]);

        if (link && !model_wanted_by_name(p->wanted, names[i])) {
            delete_leftover(p, found, link);
        }
    }
    free(names);
}
