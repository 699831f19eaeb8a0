/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/plan/plan.h"

#include <stdlib.h>
#include <string.h>

#include "src/plan/planner.h"
#include "sset.h"
#include "util.h"

/* An interface that a port of ours no longer wants goes with that port's
 * own diff. */
static bool
is_member_of_wanted_port(const struct planner *p, const char *name)
{
    const struct model_port *port
        = model_observed_iface_port(p->observed, name);
    return (port && strcmp(port->row.name, name)
            && planner_wants(p, port->row.name));
}

static void
delete_unwanted(struct planner *p)
{
    const struct sset *marked = model_observed_marked(p->observed, p->id);
    if (!marked) {
        return;
    }

    const char **names = sset_sort(marked);
    for (size_t i = 0; i < sset_count(marked); i++) {
        if (model_key_is_satellite(names[i])) {
            continue;
        } else if (planner_wants(p, names[i])) {
            size_t n = p->plan->n_steps;
            planner_delete(p, names[i]);
            p->leftovers |= p->plan->n_steps > n;
        } else if (!is_member_of_wanted_port(p, names[i])) {
            p->leftovers = true;
            planner_delete(p, names[i]);
        }
    }
    free(names);
}

static bool
adds_port_now(const struct planner *p, size_t first, const char *name)
{
    for (size_t i = first; i < p->plan->n_steps; i++) {
        const struct plan_step *step = p->plan->steps[i];

        if (step->op == PLAN_ADD && step->what == PLAN_PORT
            && !strcmp(step->name, name)) {
            return !step->after;
        }
    }
    return false;
}

/* The ends of a link are made together or not at all. */
static void
hold_back_half(struct planner *p, size_t first)
{
    const char *lacking = NULL;

    for (size_t i = 0; i < p->object->n_ports; i++) {
        const char *name = p->object->ports[i]->row.name;
        const struct model_port *have
            = model_observed_port(p->observed, name);
        const char *mark = have ? smap_get(&have->row.fields, MODEL_MARK)
                           : NULL;

        if (!planner_is_own(p, mark) && !(have && planner_adopts(p, mark))
            && !adds_port_now(p, first, name)) {
            lacking = name;
        }
    }
    for (size_t i = first; lacking && i < p->plan->n_steps; i++) {
        struct plan_step *step = p->plan->steps[i];

        if (step->op == PLAN_ADD
            && (step->what == PLAN_PORT || step->what == PLAN_INTERFACE)) {
            planner_after(step, "%s can be made as well", lacking);
        }
    }
}

static void
plan_wanted(struct planner *p)
{
    char *clash = model_wanted_clash(p->wanted, p->observed, p->id);
    const char *problem = clash ? clash : p->object->problem;
    if (problem) {
        planner_refuse(p, MODEL_ERROR, "%s", problem);
        free(clash);
        if (p->object->quarantined) {
            planner_cut_off(p);
        }
        return;
    }

    if (p->object->quarantined) {
        planner_note(p, MODEL_QUARANTINED, "held admin-down");
    }
    size_t first = p->plan->n_steps;
    delete_unwanted(p);
    planner_bridge(p);
    for (size_t i = 0; i < p->object->n_links; i++) {
        planner_link(p, p->object->links[i]);
    }
    for (size_t i = 0; i < p->object->n_ports; i++) {
        const struct model_port *port = p->object->ports[i];

        planner_port(p, port);
        for (size_t j = 0; j < port->n_ifaces; j++) {
            planner_addresses(p, port->ifaces[j].row.name);
        }
    }
    hold_back_half(p, first);
    for (size_t i = 0; i < p->object->n_satellites; i++) {
        planner_satellite(p, p->object->satellites[i]);
    }
    planner_delete_satellites(p, NULL);
}

static void
plan_unwanted(struct planner *p)
{
    const char *heir = planner_heir(p);
    if (heir) {
        planner_note(p, MODEL_WAITING, "%s takes it over", heir);
        if (p->block == p->gate->held) {
            p->block = NULL;    /* A move is no removal. */
        }
        planner_delete_satellites(p, model_wanted_get(p->wanted, heir));
        return;
    }
    if (p->gate->held) {
        planner_note(p, MODEL_HELD, "%s", p->gate->held);
    }
    delete_unwanted(p);
    planner_delete_satellites(p, NULL);
}

/* In a mode that only looks, the steps stay as information. */
static void
settle_block(struct planner *p, size_t first)
{
    size_t n = p->plan->n_steps - first;

    if (p->object && p->object->paused) {
        planner_note(p, MODEL_PAUSED, n ? "%"PRIuSIZE" differences"
                     : "no differences", n);
    } else if (p->gate->report_only && n) {
        struct ds ds = DS_EMPTY_INITIALIZER;
        plan_step_format(p->plan->steps[first], &ds);
        planner_note(p, MODEL_CONFLICT, "differs, and policy drift is "
                     "\"report\": %s", ds_cstr(&ds));
        ds_destroy(&ds);
    }
}

void
planner_run(struct planner *p, struct plan *plan,
            struct plan_verdict *verdict)
{
    size_t first = plan->n_steps;

    p->plan = plan;
    p->verdict = verdict;
    p->verdict->state = MODEL_READY;
    p->verdict->text = xstrdup("");
    if (p->gate->frozen) {
        planner_refuse(p, MODEL_INVALID, "%s", p->gate->frozen);
        return;
    }

    p->block = (p->object && p->object->paused ? "paused"
                : p->gate->report_only ? "policy drift is \"report\""
                : !p->object ? p->gate->held
                : NULL);
    if (!strcmp(p->id, MODEL_QOS_NOOP)) {
        planner_qos_noop(p);
    } else if (!strcmp(p->id, MODEL_LEFTOVERS)) {
        planner_leftovers(p);
    } else if (p->object) {
        plan_wanted(p);
    } else {
        plan_unwanted(p);
    }
    settle_block(p, first);
}

void
plan_object(const struct model_wanted *wanted,
            const struct model_observed *observed, const char *id,
            const struct plan_gate *gate, struct plan *plan,
            struct plan_verdict *verdict)
{
    struct planner p;

    planner_init(&p, wanted, observed, id, gate);
    planner_run(&p, plan, verdict);
}
