/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/plan/planner.h"

#include <stdlib.h>
#include <string.h>

#include "src/model/address.h"
#include "util.h"

/* Kernel links. */

/* Fields that have a plan of their own.  (Which end of a pair belongs to which
 * was settled when they were made.) */
static bool
is_about_others(const char *field)
{
    return (!strcmp(field, MODEL_L_PEER)
            || !strcmp(field, MODEL_L_MASTER)
            || !strcmp(field, MODEL_L_BOND MODEL_BOND_PRIMARY)
            || model_address_of_field(field));
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

/* A new device goes up only after ovs-vswitchd has taken it in: the other
 * order costs many times as much and lets the host answer the guest.  A new
 * bond has no members yet. */
static bool
is_for_later(const char *field)
{
    return (!strcmp(field, MODEL_L_UP)
            || !strcmp(field, MODEL_L_BOND MODEL_BOND_PRIMARY));
}

static struct plan_step *
add_link(struct planner *p, const struct model_link *want)
{
    struct plan_step *step = planner_step(p, PLAN_ADD, PLAN_LINK,
                                          want->name, NULL);
    if (p->leftovers) {
        planner_after(step, "what has the old name is gone");
    }
    const struct smap_node **nodes = smap_sort(&want->fields);
    for (size_t i = 0; i < smap_count(&want->fields); i++) {
        if (!is_for_later(nodes[i]->key)) {
            plan_step_change(step, nodes[i]->key, NULL, nodes[i]->value);
        }
    }
    free(nodes);
    planner_note(p, MODEL_APPLYING, "device %s is being created",
                 want->name);
    return step;
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

/* True if frames of the device reach the host's own stack only through
 * ovs-vswitchd: the free end of a veth pair is anybody's. */
static bool
goes_to_ovs(const struct planner *p, const char *name)
{
    for (size_t i = 0; i < p->object->n_ports; i++) {
        if (model_port_find_iface(p->object->ports[i], name)) {
            return true;
        }
    }
    return false;
}

struct plan_step *
planner_set_step(struct planner *p, const struct model_link *have)
{
    struct plan_step *step = planner_step(p, PLAN_SET, PLAN_LINK,
                                          have->name, NULL);
    step->ifindex = have->ifindex;
    return step;
}

/* Takes back what there is no hurry for while a VM holds the TAP, so that one
 * that others made does not stand as pending all the VM's life: a TAP that is
 * not persistent goes with the VM, and is made anew as it should be; one that
 * is nobody's becomes root's when the VM lets go. */
static bool
drop_moot(struct planner *p, struct plan_step *step,
          const struct model_link *have)
{
    const char *owner = plan_step_get(step, MODEL_L_OWNER);
    bool transient = field_is(&have->fields, MODEL_L_PERSIST, "false");
    bool nobodys = (step->n_changes == 1 && owner && !strcmp(owner, "0")
                    && !smap_get(&have->fields, MODEL_L_OWNER)
                    && !smap_get(&have->fields, MODEL_L_GROUP));

    if (!model_link_in_use(have) || (!transient && !nobodys)) {
        return false;
    }
    plan_step_clear(step);
    return plan_drop_if_empty(p->plan, step);
}

/* What is set of a device comes in three steps at most, as they wait for
 * different things: nothing; that the VM lets go; that ovs-vswitchd has taken
 * the device in. */
enum group { ANYTIME, ATTACHED, UP, N_GROUPS };

static enum group
group_of(const char *field)
{
    return (!strcmp(field, MODEL_L_UP) ? UP
            : model_link_field_needs_attach(field) ? ATTACHED
            : ANYTIME);
}

static bool
field_differs(const struct smap_node *want, const struct model_link *have)
{
    return (!is_about_others(want->key)
            && !nullable_string_is_equal(smap_get(&have->fields, want->key),
                                         want->value));
}

/* Finds out in which groups 'have' is not as 'want' says. */
static void
find_groups(const struct model_link *want, const struct model_link *have,
            bool differs[N_GROUPS])
{
    const struct smap_node *node;

    memset(differs, 0, N_GROUPS * sizeof *differs);
    SMAP_FOR_EACH (node, &want->fields) {
        if (field_differs(node, have)) {
            differs[group_of(node->key)] = true;
        }
    }
    if (smap_get(&have->fields, MODEL_L_UNFINISHED)) {
        differs[ANYTIME] = true;
    }
}

/* Adds to 'step' what has to change for fields of 'group' to be as 'want'
 * says. */
static void
set_group(struct planner *p, struct plan_step *step, enum group group,
          const struct model_link *want, const struct model_link *have)
{
    const struct smap_node **nodes = smap_sort(&want->fields);

    for (size_t i = 0; i < smap_count(&want->fields); i++) {
        const char *field = nodes[i]->key;

        if (group_of(field) == group && field_differs(nodes[i], have)) {
            planner_change(p, step, field, smap_get(&have->fields, field),
                           nodes[i]->value);
        }
    }
    free(nodes);
    if (group == ANYTIME && smap_get(&have->fields, MODEL_L_UNFINISHED)) {
        planner_change(p, step, MODEL_L_UNFINISHED, "true", NULL);
    }
}

/* True if device 'have' is better left down until ovs-vswitchd forwards for
 * it: until then the host's own stack would get the guest's frames. */
static bool
is_up_too_early(const struct planner *p, const struct model_link *want,
                const struct model_link *have, const struct plan_step *step)
{
    const char *up = plan_step_get(step, MODEL_L_UP);

    return (up && !strcmp(up, "true") && is_created_by_us(want)
            && goes_to_ovs(p, have->name) && !is_in_ovs(p, have));
}

void
planner_set_link(struct planner *p, const struct model_link *want,
                 const struct model_link *have)
{
    bool differs[N_GROUPS];

    find_groups(want, have, differs);
    for (enum group group = ANYTIME; group < N_GROUPS; group++) {
        if (!differs[group]) {
            continue;
        }

        struct plan_step *step = planner_set_step(p, have);
        set_group(p, step, group, want, have);
        if (plan_drop_if_empty(p->plan, step)
            || (group == ATTACHED && drop_moot(p, step, have))) {
            continue;
        }
        if (plan_step_find(step, MODEL_L_BOND"lacp_rate")) {
            step->impact = PLAN_READD; /* The bond has to go down for it. */
        }
        if (group == ATTACHED && model_link_in_use(have)) {
            step->impact = PLAN_VM_RESTART;
            planner_defer(p, step, MODEL_PENDING, "the VM must let go of %s "
                          "for its %s to change", have->name,
                          step->changes[0].field);
        } else if (is_up_too_early(p, want, have, step)) {
            planner_after(step, "ovs-vswitchd has taken %s in", have->name);
        }
        planner_note(p, MODEL_APPLYING, "device %s is being set up",
                     have->name);
    }
}

void
planner_replace_link(struct planner *p, const struct model_link *want,
                     const struct model_link *have, const char *what)
{
    struct plan_step *step = planner_step(p, PLAN_DEL, PLAN_LINK,
                                          have->name, NULL);

    step->ifindex = have->ifindex;
    step->impact = PLAN_READD;
    if (model_link_in_use(have)) {
        step->impact = PLAN_VM_RESTART;
        planner_defer(p, step, MODEL_PENDING, "the VM must let go of %s "
                      "before it can become %s", have->name, what);
    }
    planner_note(p, MODEL_APPLYING, "device %s is being replaced",
                 have->name);

    size_t first = p->plan->n_steps;
    add_link(p, want);
    p->plan->steps[first]->impact = step->impact;
    planner_after(p->plan->steps[first], "the former %s is gone",
                  have->name);
}

/* Veth pairs.
 *
 * Both ends come by one step and go by one step, and each is set up for
 * itself. */

/* One end, 'want', of a pair is not there. */
static void
add_end(struct planner *p, const struct model_link *want, const char *peer)
{
    const struct model_link *other = model_observed_link(p->observed, peer);

    if (!other) {
        struct plan_step *step = add_link(p, want);
        if (strcmp(want->name, peer) > 0) {
            planner_after(step, "it comes together with %s", peer);
        }
    } else if (!planner_owns_link(p, other)) {
        /* Noted. */
    } else if (p->leftovers) {
        add_link(p, want);
    } else if (smap_get(&other->fields, MODEL_L_UNFINISHED)) {
        planner_after(add_link(p, want), "the former %s is gone", peer);
    } else {
        /* Where one end goes the other goes, too: it is somewhere else. */
        planner_note(p, MODEL_WAITING, "device %s was moved to another "
                     "network namespace: %s, the other end of its pair, is "
                     "still here; move it back, or delete %s and the pair "
                     "is made anew", want->name, peer, peer);
    }
}

/* An end that was created, but whose other end has another name or another
 * place than is wanted by now: nobody has used it yet. */
static void
drop_unfinished_end(struct planner *p, const struct model_link *have)
{
    struct plan_step *step = planner_step(p, PLAN_DEL, PLAN_LINK,
                                          have->name, NULL);
    step->ifindex = have->ifindex;
    planner_note(p, MODEL_APPLYING, "device %s is being replaced",
                 have->name);
}

/* The end 'have' of a pair is there and ours, its other end is not there. */
static void
set_lone_end(struct planner *p, const struct model_link *want,
             const struct model_link *have)
{
    if (p->leftovers) {
        /* It goes with its other end, whose name is no longer wanted. */
        planner_note(p, MODEL_APPLYING, "device %s is being replaced",
                     have->name);
    } else if (smap_get(&have->fields, MODEL_L_UNFINISHED)) {
        drop_unfinished_end(p, have);
    } else {
        planner_set_link(p, want, have);
    }
}

/* A device that a row of somebody else's puts to use is not to be made, or
 * changed, for a row of ours that cannot be. */
static bool
row_is_free(const struct planner *p, const char *name)
{
    const struct model_port *port
        = model_observed_iface_port(p->observed, name);
    const struct model_iface *iface
        = port ? model_port_find_iface(port, name) : NULL;

    const char *mark = iface ? smap_get(&iface->row.fields, MODEL_MARK)
                       : NULL;
    return !iface || planner_is_own(p, mark) || planner_adopts(p, mark);
}

/* Whatever else is wrong with the object, a guest in quarantine is cut off. */
void
planner_cut_off(struct planner *p)
{
    for (size_t i = 0; i < p->object->n_links; i++) {
        const struct model_link *have
            = model_observed_link(p->observed, p->object->links[i]->name);

        if (have && planner_is_own(p, planner_link_mark(p, have))
            && field_is(&have->fields, MODEL_L_UP, "true")) {
            planner_change(p, planner_set_step(p, have), MODEL_L_UP, "true",
                           "false");
        }
    }
}

void
planner_link(struct planner *p, const struct model_link *want)
{
    const struct model_link *have
        = model_observed_link(p->observed, want->name);
    const char *peer = smap_get(&want->fields, MODEL_L_PEER);

    if (smap_get(&want->fields, MODEL_L_MASTER)) {
        planner_member(p, want);
    } else if (!row_is_free(p, want->name)) {
        return;                 /* planner_port() says so. */
    } else if (planner_is_internal(p, want->name)) {
        planner_internal_link(p, want);
    } else if (!is_created_by_us(want)) {
        if (have) {
            planner_set_link(p, want, have);
        } else {
            planner_note(p, MODEL_WAITING, "device %s does not exist",
                         want->name);
        }
    } else if (!have && peer) {
        add_end(p, want, peer);
    } else if (!have) {
        add_link(p, want);
    } else if (planner_owns_link(p, have)) {
        const char *mq = smap_get(&want->fields, MODEL_L_MULTI_QUEUE);

        /* A TAP is single-queue or multiqueue for life. */
        if (mq && !field_is(&have->fields, MODEL_L_MULTI_QUEUE, mq)) {
            planner_replace_link(p, want, have,
                                 !strcmp(mq, "true") ? "multiqueue"
                                 : "single-queue");
        } else if (model_link_is(want, "bond")) {
            planner_bond(p, want, have);
        } else if (peer && !model_observed_link(p->observed, peer)) {
            set_lone_end(p, want, have);
        } else {
            planner_set_link(p, want, have);
        }
    }
}
