/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/plan/plan.h"

#include <stdlib.h>
#include <string.h>

#include "src/plan/planner.h"
#include "util.h"

/* Adoption.
 *
 * The ordinary plan, made as though what carries nobody's mark were the
 * object's own, says all that would happen.  What of it puts marks on goes
 * before the rest: after that, the ordinary plan is the rest. */

static void
check_iface(struct planner *p, const struct model_row *want,
            const struct model_row *have)
{
    const char *is = model_row_get(have, "type");
    const char *should_be = model_row_get(want, "type");

    if (strcmp(is, should_be)) {
        planner_refuse(p, MODEL_CONFLICT, "interface %s is of type \"%s\", "
                       "the spec asks for \"%s\"", have->name, is,
                       should_be);
    }
}

/* What is taken over must be what the spec means, and not only have its
 * name: a port that would have to be made anew is better made anew by hand. */
static void
check_port(struct planner *p, const struct model_port *want)
{
    const struct model_port *have
        = model_observed_port(p->observed, want->row.name);

    if (!have || smap_get(&have->row.fields, MODEL_MARK)) {
        return;
    }
    for (size_t i = 0; i < have->n_ifaces; i++) {
        const struct model_row *row = &have->ifaces[i].row;
        const struct model_iface *iface = model_port_find_iface(want,
                                                                row->name);
        if (iface) {
            check_iface(p, &iface->row, row);
        } else {
            planner_refuse(p, MODEL_CONFLICT, "port %s also has interface "
                           "%s, which the spec does not name",
                           have->row.name, row->name);
        }
    }
}

static void
check_link(struct planner *p, const struct model_link *want)
{
    const struct model_link *have
        = model_observed_link(p->observed, want->name);
    const char *kind = smap_get(&want->fields, MODEL_L_KIND);

    if (!have || !kind || planner_link_mark(p, have)) {
        return;
    } else if (strcmp(kind, "tap")) {
        /* Nor can it be told whose other end it is. */
        planner_refuse(p, MODEL_CONFLICT, "device %s is there already, and "
                       "of what ovs-portd makes only TAPs are taken over; "
                       "list it under its bridge's \"ports\" instead",
                       have->name);
    } else if (!model_link_is(have, kind)) {
        const char *is = smap_get_def(&have->fields, MODEL_L_KIND, "");

        planner_refuse(p, MODEL_CONFLICT, "device %s is no TAP, but %s",
                       have->name, *is ? is : "of no kind that can be made");
    }
}

/* True if 'change' of 'step' is part of the marking of something that has no
 * mark yet. */
static bool
is_stamp(const struct planner *p, const struct plan_step *step,
         const struct plan_change *change, bool marks)
{
    if (step->op != PLAN_SET) {
        return false;
    } else if (step->what != PLAN_LINK) {
        return marks && model_field_is_bookkeeping(change->field);
    }

    const struct model_link *link
        = model_observed_link(p->observed, step->name);
    return (!strcmp(change->field, MODEL_L_ALIAS)
            && link && !planner_link_mark(p, link));
}

/* Moves what marks something from 'step' to a step in 'stamps'. */
static void
split(const struct planner *p, struct plan_step *step, struct plan *stamps)
{
    const struct plan_change *mark = plan_step_find(step, MODEL_MARK);
    bool marks = mark && !mark->old;
    struct plan_step *stamp = NULL;
    size_t n = 0;

    for (size_t i = 0; i < step->n_changes; i++) {
        struct plan_change *c = &step->changes[i];

        if (!is_stamp(p, step, c, marks)) {
            step->changes[n++] = *c;
            continue;
        }
        if (!stamp) {
            stamp = plan_add_step(stamps, PLAN_SET, step->what, step->object,
                                  step->name, step->parent);
            stamp->ifindex = step->ifindex;
        }
        plan_step_change(stamp, c->field, c->old, c->new);
        free(c->field);
        free(c->old);
        free(c->new);
    }
    step->n_changes = n;
}

static void
split_all(const struct planner *p, struct plan *plan, struct plan *stamps)
{
    size_t n = 0;

    for (size_t i = 0; i < plan->n_steps; i++) {
        struct plan_step *step = plan->steps[i];
        bool any = step->n_changes;

        split(p, step, stamps);
        if (any && !step->n_changes) {
            plan_step_destroy(step);
        } else {
            plan->steps[n++] = step;
        }
    }
    plan->n_steps = n;
}

char *
plan_adopt(const struct model_wanted *wanted,
           const struct model_observed *observed, const char *id,
           const struct plan_gate *gate, struct plan *stamps,
           struct plan *rest)
{
    struct plan_verdict verdict;
    struct plan plan;
    struct planner p;

    planner_init(&p, wanted, observed, id, gate);
    p.adopt = true;
    if (!p.object) {
        return xstrdup("no spec asks for it");
    } else if (p.object->paused) {
        return xstrdup("it is paused; resume it first");
    }

    plan_init(&plan);
    planner_run(&p, &plan, &verdict);
    for (size_t i = 0; i < p.object->n_ports; i++) {
        check_port(&p, p.object->ports[i]);
    }
    for (size_t i = 0; i < p.object->n_links; i++) {
        check_link(&p, p.object->links[i]);
    }
    if (!p.refusal) {
        split_all(&p, &plan, stamps);
        plan_append(rest, &plan);
    }
    plan_verdict_destroy(&verdict);
    plan_destroy(&plan);
    return p.refusal;
}

char *
plan_adoption_obstacle(const struct model_wanted *wanted,
                       const struct model_observed *observed, const char *id,
                       const struct plan_gate *gate)
{
    struct plan stamps, rest;

    plan_init(&stamps);
    plan_init(&rest);
    char *obstacle = plan_adopt(wanted, observed, id, gate, &stamps, &rest);
    plan_destroy(&stamps);
    plan_destroy(&rest);
    return obstacle;
}
