/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/plan/planner.h"

#include <stdlib.h>
#include <string.h>

#include "sset.h"
#include "util.h"

/* Ports with their interfaces. */

/* True if ovs-vswitchd opens a kernel device for an interface of this type.
 * ("internal" devices it makes itself, tunnels and patch ports have none.) */
static bool
opens_device(const char *type)
{
    return !*type || !strcmp(type, "system");
}

/* OpenFlow's OFPP_MAX: numbers from here on are reserved, the local port's
 * among them, and cannot be requested. */
#define MAX_PHYSICAL_PORT 0xff00

/* With pin_ofports the number once given stays the requested one, so that
 * flows of other controllers match after a restart. */
static void
pin_ofport(const struct planner *p, const struct model_iface *have,
           struct smap *target)
{
    if (!p->wanted->policy.pin_ofports || !have
        || smap_get(target, "ofport_request")) {
        return;
    }

    const char *pinned = smap_get(&have->row.fields, "ofport_request");
    if (pinned) {
        smap_add(target, "ofport_request", pinned);
    } else if (have->ofport > 0 && have->ofport < MAX_PHYSICAL_PORT) {
        smap_add_format(target, "ofport_request", "%"PRId64, have->ofport);
    }
}

static bool
is_created(const struct planner *p, const char *name)
{
    const struct model_link *made = model_object_find_link(p->object, name);
    return made && smap_get(&made->fields, MODEL_L_KIND);
}

static bool
is_of_this_boot(const struct planner *p, const char *link_mark)
{
    size_t n = strlen(p->observed->boot_id);
    return (!strncmp(link_mark, p->observed->boot_id, n)
            && link_mark[n] == '/');
}

/* A device that we are to create, but that belongs to somebody else, keeps
 * the port away. (planner_owns() notes the conflict.) */
static bool
device_is_ours(struct planner *p, const char *name)
{
    const struct model_link *link = model_observed_link(p->observed, name);

    return (!is_created(p, name) || !link || planner_owns_link(p, link));
}

/* A device that is deleted and made again under the same name leaves the
 * userspace datapath with a socket to nowhere: the database looks healthy and
 * no frame passes (openvswitch/ovs-issues#313).  Type "null" makes
 * ovs-vswitchd let go of it; once that is applied, the true type makes it
 * open the new device.  The Interface row remembers the device it was last
 * opened for, so this survives a restart at any point.
 *
 * A stranger's device under our name gets no traffic of ours: the type stays
 * "null" until it is gone.
 *
 * Sets in 'target' the type and the link mark to write now. */
static void
follow_device(struct planner *p, struct plan_step *step,
              const struct model_iface *have, struct smap *target)
{
    const struct model_link *link
        = model_observed_link(p->observed, step->name);
    const char *type = model_row_get(&have->row, "type");
    const char *made_for = smap_get(&have->row.fields, MODEL_LINK_MARK);

    if (made_for) {
        smap_replace(target, MODEL_LINK_MARK, made_for);
    }
    if (!link) {
        /* Keep what the row says; there is nothing to open. */
        smap_replace(target, "type", type);
        return;
    } else if (!device_is_ours(p, step->name)) {
        step->impact = PLAN_READD;
        smap_replace(target, "type", "null");
        return;
    }

    /* What is taken over has its device open. */
    bool adopts = planner_adopts(p, smap_get(&have->row.fields, MODEL_MARK));
    char *is = model_observed_link_mark(p->observed, link);
    if (adopts || nullable_string_is_equal(made_for, is)
        || (made_for && strcmp(type, "null") && !is_created(p, step->name)
            && !is_of_this_boot(p, made_for))) {
        /* A device that was there before us at this boot: ovs-vswitchd, too,
         * has opened it since. */
        smap_replace(target, MODEL_LINK_MARK, is);
    } else if (strcmp(type, "null")) {
        step->impact = PLAN_READD;
        planner_note(p, MODEL_APPLYING, "device %s was replaced, "
                     "ovs-vswitchd is made to open it anew", step->name);
        smap_replace(target, "type", "null");
    } else if (model_observed_applied(p->observed)) {
        step->impact = PLAN_READD;
        smap_replace(target, MODEL_LINK_MARK, is);
    } else {
        step->impact = PLAN_READD;
        smap_replace(target, MODEL_LINK_MARK, is);
        planner_defer(p, step, MODEL_APPLYING, "ovs-vswitchd lets go of the "
                      "former device %s", step->name);
    }
    free(is);
}

/* How far an interface whose row is as wanted has come, on 'bridge'. */
static void
judge_iface(struct planner *p, const char *bridge,
            const struct model_iface *have, bool device)
{
    const char *name = have->row.name;

    if (device && !model_observed_link(p->observed, name)) {
        planner_note(p, MODEL_WAITING, "device %s does not exist", name);
    } else if (!model_observed_applied(p->observed)) {
        planner_note(p, MODEL_APPLYING, "ovs-vswitchd has not yet applied "
                     "the configuration");
    } else if (!planner_bridge_is_made(p, bridge)) {
        return;                 /* What the row says of it is of old. */
    } else if (have->error && have->ofport > 0
               && !strcmp(model_row_get(&have->row, "type"), "patch")) {
        planner_judge_patch(p, have);
    } else if (have->error) {
        planner_note(p, MODEL_ERROR, "ovs-vswitchd: %s", have->error);
    } else if (have->ofport < 0) {
        planner_note(p, MODEL_ERROR, "ovs-vswitchd gave interface %s no "
                     "OpenFlow port; see its log", name);
    } else if (!have->ofport) {
        /* It writes the numbers and cur_cfg in one transaction. */
        planner_note(p, MODEL_ERROR, "ovs-vswitchd did not take interface %s "
                     "in; see its log", name);
    }
}

/* True if 'want' (an interface of 'port') can be ours: neither somebody else's
 * row nor another port has it.  If not, says so. */
static bool
may_have_iface(struct planner *p, const struct model_row *want,
               const struct model_iface *have)
{
    const struct model_port *other
        = model_observed_iface_port(p->observed, want->name);

    if (have) {
        return planner_owns(p, "interface", want->name,
                            smap_get(&have->row.fields, MODEL_MARK));
    } else if (other) {
        planner_refuse(p, MODEL_CONFLICT, "interface %s is in port %s already",
                       want->name, other->row.name);
        return false;
    }
    return true;
}

/* Completes 'target' for an interface that opens a device of the kernel's:
 * the row says which one it was made for. */
static void
target_device(struct planner *p, struct plan_step *step,
              const struct model_iface *have, struct smap *target)
{
    const struct model_link *link
        = model_observed_link(p->observed, step->name);

    if (have) {
        if (!smap_get(target, "type")) {
            smap_add(target, "type", "");
        }
        follow_device(p, step, have, target);
    } else if (link) {
        smap_add_nocopy(target, xstrdup(MODEL_LINK_MARK),
                        model_observed_link_mark(p->observed, link));
    } else {
        planner_defer(p, step, MODEL_WAITING, "device %s does not exist",
                      step->name);
    }
}

/* Likewise for an end of a patch link: the row says on which bridge it was
 * opened. */
static void
target_patch(struct planner *p, struct plan_step *step,
             const struct model_port *port, bool moves,
             const struct model_iface *have, struct smap *target)
{
    if (have) {
        planner_follow_bridge(p, step, port, moves, have, target);
    } else {
        smap_add(target, MODEL_LINK_MARK,
                 model_row_get(&port->row, MODEL_F_BRIDGE));
    }
}

/* One interface of a port; 'moves' says that the port goes to its bridge
 * now. */
static void
plan_iface(struct planner *p, const struct model_port *port, bool moves,
           const struct model_iface *want, const struct model_iface *have)
{
    const char *name = want->row.name;
    const char *type = model_row_get(&want->row, "type");
    bool device = opens_device(type);

    if (!may_have_iface(p, &want->row, have)) {
        return;
    }

    struct smap target;
    smap_clone(&target, &want->row.fields);
    pin_ofport(p, have, &target);
    planner_list_members(p, name, &target);
    struct plan_step *step = planner_step(p, have ? PLAN_SET : PLAN_ADD,
                                          PLAN_INTERFACE, name,
                                          port->row.name);
    if (device) {
        target_device(p, step, have, &target);
    } else if (!strcmp(type, "internal")) {
        planner_list_addresses(p, name, &target);
    } else if (!strcmp(type, "patch")) {
        target_patch(p, step, port, moves, have, &target);
    }
    planner_diff_row(p, step, MODEL_TABLE_INTERFACE, &target,
                     have ? &have->row : NULL);
    smap_destroy(&target);

    if (!plan_drop_if_empty(p->plan, step)) {
        planner_note(p, MODEL_APPLYING, "interface %s is being %s", name,
                     have ? "changed" : "added");
    } else if (have) {
        judge_iface(p, model_row_get(&port->row, MODEL_F_BRIDGE), have,
                    device);
    }
}

/* True if a step that can be done now creates the device. */
static bool
device_is_coming(const struct planner *p, const char *name)
{
    const struct model_link *made = model_object_find_link(p->object, name);
    const char *peer = made ? smap_get(&made->fields, MODEL_L_PEER) : NULL;

    return (planner_adds(p, PLAN_LINK, name)
            || (peer && planner_adds(p, PLAN_LINK, peer)));
}

/* All of a new port's devices must be there before its row is: a row without
 * its device is an error in everybody's tools. */
static bool
devices_are_there(struct planner *p, const struct model_port *want,
                  struct plan_step *step)
{
    for (size_t i = 0; i < want->n_ifaces; i++) {
        const struct model_row *row = &want->ifaces[i].row;

        if (opens_device(model_row_get(row, "type"))
            && !model_observed_link(p->observed, row->name)) {
            bool coming = device_is_coming(p, row->name);
            planner_defer(p, step, coming ? MODEL_APPLYING : MODEL_WAITING,
                          "device %s %s", row->name,
                          coming ? "is created" : "does not exist");
            return false;
        }
    }
    return true;
}

static bool
devices_are_ours(struct planner *p, const struct model_port *want)
{
    for (size_t i = 0; i < want->n_ifaces; i++) {
        if (!device_is_ours(p, want->ifaces[i].row.name)) {
            return false;
        }
    }
    return true;
}

static bool
bridge_is_wanted(const struct planner *p, const char *bridge)
{
    char *id = xasprintf("bridge:%s", bridge);
    bool wanted = model_wanted_get(p->wanted, id) != NULL;

    free(id);
    return wanted;
}

static void
add_port(struct planner *p, const struct model_port *want)
{
    const char *name = want->row.name;
    const char *bridge = model_row_get(&want->row, MODEL_F_BRIDGE);

    for (size_t i = 0; i < want->n_ifaces; i++) {
        const struct model_port *other = model_observed_iface_port(
            p->observed, want->ifaces[i].row.name);
        if (other) {
            const char *own = model_observed_own(
                p->observed, smap_get(&other->row.fields, MODEL_MARK));
            planner_refuse(p, own ? MODEL_WAITING : MODEL_CONFLICT,
                           "interface %s is in port %s already",
                           want->ifaces[i].row.name, other->row.name);
            return;
        }
    }

    struct plan_step *step = planner_step(p, PLAN_ADD, PLAN_PORT, name,
                                          bridge);
    if (p->leftovers) {
        planner_after(step, "what has the old name is gone");
    }
    if (!model_observed_bridge(p->observed, bridge)
        && !planner_adds(p, PLAN_BRIDGE, bridge)) {
        planner_defer(p, step, MODEL_WAITING, "bridge %s does not exist%s",
                      bridge, bridge_is_wanted(p, bridge) ? " yet" : "");
    }
    devices_are_there(p, want, step);

    planner_diff_row(p, step, MODEL_TABLE_PORT, &want->row.fields, NULL);
    planner_note(p, MODEL_APPLYING, "port %s is being added", name);

    /* The rows come together or not at all. */
    char *after = nullable_xstrdup(step->after);
    size_t first = p->plan->n_steps;
    for (size_t i = 0; i < want->n_ifaces; i++) {
        plan_iface(p, want, true, &want->ifaces[i], NULL);
    }
    for (size_t i = first; after && i < p->plan->n_steps; i++) {
        planner_after(p->plan->steps[i], "%s", after);
    }
    free(after);
}

/* A QoS row that somebody else had put there before we were to is not ours to
 * take away; later it is drift as any other. */
static void
respect_qos(struct planner *p, struct plan_step *step,
            const struct model_port *have)
{
    struct plan_change *c = plan_step_find(step, MODEL_F_QOS);
    if (!c || !c->old || *c->old != '?') {
        return;
    }

    struct sset owned = SSET_INITIALIZER(&owned);
    model_owned_read(&have->row.fields, &owned);
    if (!sset_contains(&owned, MODEL_F_QOS)) {
        planner_note(p, MODEL_CONFLICT, "port %s has a QoS row that is not "
                     "ours (%s); clear its column qos or take \"qos\" out of "
                     "the spec", step->name, c->old + 1);
        plan_step_drop(step, c);
        c = plan_step_find(step, MODEL_OWNED);
        if (c) {
            plan_step_drop(step, c);
        }
    }
    sset_destroy(&owned);
}

/* Takes out the members that are ours and not wanted.  OVSDB wants a Port to
 * have an interface at any moment, so the last one waits for a new one. */
static void
take_out_members(struct planner *p, const struct model_port *want,
                 const struct model_port *have)
{
    const char *name = want->row.name;
    size_t first = p->plan->n_steps;

    for (size_t i = 0; i < have->n_ifaces; i++) {
        const struct model_row *row = &have->ifaces[i].row;

        /* A member that somebody else added to our bond stays: it carries
         * no mark of ours. */
        const char *own = model_observed_own(
            p->observed, smap_get(&row->fields, MODEL_MARK));
        if (own && !model_port_find_iface(want, row->name)) {
            planner_step(p, PLAN_DEL, PLAN_INTERFACE, row->name, name);
            planner_note(p, MODEL_APPLYING, "interface %s is being taken "
                         "out of %s", row->name, name);
        }
    }
    if (p->plan->n_steps - first == have->n_ifaces) {
        for (size_t i = first; i < p->plan->n_steps; i++) {
            planner_after(p->plan->steps[i], "%s has a new member", name);
        }
    }
}

static void
set_port(struct planner *p, const struct model_port *want,
         const struct model_port *have)
{
    const char *name = want->row.name;
    const char *bridge = model_row_get(&want->row, MODEL_F_BRIDGE);
    struct plan_step *step = planner_step(p, PLAN_SET, PLAN_PORT, name,
                                          NULL);
    planner_diff_row(p, step, MODEL_TABLE_PORT, &want->row.fields,
                     &have->row);
    respect_qos(p, step, have);
    if (plan_step_find(step, MODEL_F_BRIDGE)
        && !model_observed_bridge(p->observed, bridge)) {
        planner_defer(p, step, MODEL_WAITING, "bridge %s does not exist",
                      bridge);
    }
    bool moves = plan_step_find(step, MODEL_F_BRIDGE) && !step->after;
    if (!plan_drop_if_empty(p->plan, step)) {
        planner_note(p, MODEL_APPLYING, "port %s is being changed", name);
    }

    for (size_t i = 0; i < want->n_ifaces; i++) {
        plan_iface(p, want, moves, &want->ifaces[i],
                   model_port_find_iface(have, want->ifaces[i].row.name));
    }
    take_out_members(p, want, have);
}

void
planner_port(struct planner *p, const struct model_port *want)
{
    const struct model_port *have
        = model_observed_port(p->observed, want->row.name);

    if (have) {
        if (planner_owns(p, "port", want->row.name,
                         smap_get(&have->row.fields, MODEL_MARK))) {
            set_port(p, want, have);
        }
    } else if (devices_are_ours(p, want)) {
        add_port(p, want);
    }
}
