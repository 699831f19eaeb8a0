/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/plan/planner.h"

#include <stdlib.h>
#include <string.h>

#include "util.h"

/* Kernel links, and the deletion of what is no longer wanted. */

/* Fields that the kernel changes only through a file descriptor attached to
 * the TAP, so that nobody else may hold it. */
static bool
needs_attach(const char *field)
{
    return (!strcmp(field, MODEL_L_OWNER)
            || !strcmp(field, MODEL_L_GROUP)
            || !strcmp(field, MODEL_L_PERSIST));
}

static bool
field_is(const struct smap *fields, const char *field, const char *value)
{
    const char *have = smap_get(fields, field);
    return have && !strcmp(have, value);
}

static bool
is_created_by_us(const struct model_link *want)
{
    return smap_get(&want->fields, MODEL_L_KIND) != NULL;
}

/* Fields of 'want' in ascending order, with the alias that marks it. */
static void
link_target(const struct planner *p, const struct model_link *want,
            struct smap *target)
{
    smap_clone(target, &want->fields);
    if (is_created_by_us(want)) {
        char *mark = model_mark(p->observed->instance, p->id);
        smap_add_nocopy(target, xstrdup(MODEL_L_ALIAS),
                        xasprintf(MODEL_ALIAS_PREFIX"%s", mark));
        free(mark);
    }
}

static void
add_link(struct planner *p, const struct model_link *want)
{
    struct smap target;
    link_target(p, want, &target);
    /* It goes up only after ovs-vswitchd has taken it in: the other order
     * costs many times as much and lets the host answer the guest. */
    smap_remove(&target, MODEL_L_UP);

    struct plan_step *step = planner_step(p, PLAN_ADD, PLAN_LINK,
                                          want->name, NULL);
    if (p->leftovers) {
        planner_after(step, "what has the old name is gone");
    }
    const struct smap_node **nodes = smap_sort(&target);
    for (size_t i = 0; i < smap_count(&target); i++) {
        plan_step_change(step, nodes[i]->key, NULL, nodes[i]->value);
    }
    free(nodes);
    smap_destroy(&target);
    planner_note(p, MODEL_APPLYING, "device %s is being created",
                 want->name);
}

/* True if ovs-vswitchd forwards for this very device. */
static bool
is_in_ovs(const struct planner *p, const struct model_link *have)
{
    const struct model_port *port
        = model_observed_iface_port(p->observed, have->name);
    const struct model_iface *iface
        = port ? model_port_find_iface(port, have->name) : NULL;
    if (!iface || iface->ofport <= 0) {
        return false;
    }

    char *is = model_observed_link_mark(p->observed, have);
    bool same = field_is(&iface->row.fields, MODEL_LINK_MARK, is);
    free(is);
    return same;
}

static struct plan_step *
set_step(struct planner *p, const struct model_link *have)
{
    struct plan_step *step = planner_step(p, PLAN_SET, PLAN_LINK,
                                          have->name, NULL);
    step->ifindex = have->ifindex;
    return step;
}

/* Three steps at most, as they wait for different things: what can be set at
 * any time, what needs the VM to let go, and up. */
static void
set_link(struct planner *p, const struct model_link *want,
         const struct model_link *have)
{
    struct smap target;
    link_target(p, want, &target);
    const struct smap_node **nodes = smap_sort(&target);
    size_t n = smap_count(&target);

    enum { ANYTIME, ATTACHED, UP, N_GROUPS };
    for (int group = ANYTIME; group < N_GROUPS; group++) {
        struct plan_step *step = set_step(p, have);

        for (size_t i = 0; i < n; i++) {
            const char *field = nodes[i]->key;
            const char *old = smap_get(&have->fields, field);
            int belongs = (!strcmp(field, MODEL_L_UP) ? UP
                           : needs_attach(field) ? ATTACHED : ANYTIME);

            if (belongs == group
                && !nullable_string_is_equal(old, nodes[i]->value)) {
                planner_change(p, step, field, old, nodes[i]->value);
            }
        }
        if (plan_drop_if_empty(p->plan, step)) {
            continue;
        }
        if (group == ATTACHED && model_link_in_use(have)) {
            step->impact = PLAN_VM_RESTART;
            planner_defer(p, step, MODEL_PENDING, "the VM must let go of %s "
                          "for its %s to change", have->name,
                          step->changes[0].field);
        } else if (group == UP && is_created_by_us(want)
                   && plan_step_find(step, MODEL_L_UP)
                   && !strcmp(plan_step_get(step, MODEL_L_UP), "true")
                   && !is_in_ovs(p, have)) {
            planner_after(step, "ovs-vswitchd has taken %s in", have->name);
        }
        planner_note(p, MODEL_APPLYING, "device %s is being set up",
                     have->name);
    }
    free(nodes);
    smap_destroy(&target);
}

/* A TAP is single-queue or multiqueue for life. */
static void
replace_link(struct planner *p, const struct model_link *want,
             const struct model_link *have)
{
    bool mq = field_is(&want->fields, MODEL_L_MULTI_QUEUE, "true");
    struct plan_step *step = planner_step(p, PLAN_DEL, PLAN_LINK,
                                          have->name, NULL);

    step->ifindex = have->ifindex;
    step->impact = PLAN_READD;
    if (model_link_in_use(have)) {
        step->impact = PLAN_VM_RESTART;
        planner_defer(p, step, MODEL_PENDING, "the VM must let go of %s "
                      "before it can become %s", have->name,
                      mq ? "multiqueue" : "single-queue");
    }
    planner_note(p, MODEL_APPLYING, "device %s is being replaced",
                 have->name);

    size_t first = p->plan->n_steps;
    add_link(p, want);
    p->plan->steps[first]->impact = step->impact;
    planner_after(p->plan->steps[first], "the former %s is gone",
                  have->name);
}

void
planner_link(struct planner *p, const struct model_link *want)
{
    const struct model_link *have
        = model_observed_link(p->observed, want->name);

    if (!is_created_by_us(want)) {
        if (have) {
            set_link(p, want, have);
        } else {
            planner_note(p, MODEL_WAITING, "device %s does not exist",
                         want->name);
        }
    } else if (!have) {
        add_link(p, want);
    } else if (planner_owns(p, "device", want->name,
                            planner_link_mark(p, have))) {
        const char *mq = smap_get(&want->fields, MODEL_L_MULTI_QUEUE);

        if (mq && !field_is(&have->fields, MODEL_L_MULTI_QUEUE, mq)) {
            replace_link(p, want, have);
        } else {
            set_link(p, want, have);
        }
    }
}

/* Deletion. */

static bool
is_own(const struct planner *p, const char *mark)
{
    const char *own = model_observed_own(p->observed, mark);
    return own && !strcmp(own, p->id);
}

static void
delete_link(struct planner *p, const struct model_link *link, bool in_ovs)
{
    struct plan_step *step = planner_step(p, PLAN_DEL, PLAN_LINK,
                                          link->name, NULL);
    step->ifindex = link->ifindex;
    if (in_ovs) {
        planner_after(step, "its port is gone");
    } else if (!model_observed_applied(p->observed)) {
        /* A new TAP of the same name must not come while ovs-vswitchd still
         * has this one open. */
        planner_after(step, "ovs-vswitchd has let go of it");
    }
    planner_note(p, MODEL_APPLYING, "device %s is being deleted",
                 link->name);
}

/* Deleting a Bridge row takes all its ports along, others' too. */
static void
delete_bridge(struct planner *p, const char *name)
{
    struct plan_step *step = planner_step(p, PLAN_DEL, PLAN_BRIDGE, name,
                                          NULL);
    const struct model_port *port;
    HMAP_FOR_EACH (port, node, &p->observed->ports) {
        if (!strcmp(model_row_get(&port->row, MODEL_F_BRIDGE), name)
            && !is_own(p, smap_get(&port->row.fields, MODEL_MARK))) {
            planner_defer(p, step, MODEL_HELD, "bridge %s still carries "
                          "port %s", name, port->row.name);
            return;
        }
    }
    planner_note(p, MODEL_APPLYING, "bridge %s is being deleted", name);
}

void
planner_delete(struct planner *p, const char *name)
{
    const struct model_bridge *bridge
        = model_observed_bridge(p->observed, name);
    if (bridge && is_own(p, smap_get(&bridge->row.fields, MODEL_MARK))) {
        delete_bridge(p, name);
        return;                 /* Its local port goes with it. */
    }

    const struct model_port *port = model_observed_port(p->observed, name);
    if (port && !is_own(p, smap_get(&port->row.fields, MODEL_MARK))) {
        port = NULL;
    }
    /* Only NICs have devices that we create; an uplink is never deleted,
     * though its Interface row is ours. */
    const struct model_link *link
        = (model_id_is_nic(p->id) ? model_observed_link(p->observed, name)
           : NULL);
    if (link && (!field_is(&link->fields, MODEL_L_KIND, "tap")
                 || !is_own(p, planner_link_mark(p, link)))) {
        link = NULL;
    }

    size_t first = p->plan->n_steps;
    if (port) {
        planner_step(p, PLAN_DEL, PLAN_PORT, name,
                     model_row_get(&port->row, MODEL_F_BRIDGE));
        planner_note(p, MODEL_APPLYING, "port %s is being removed", name);
    }
    if (link) {
        delete_link(p, link, port != NULL);
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
