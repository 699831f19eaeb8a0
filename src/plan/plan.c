/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/plan/plan.h"

#include <stdlib.h>
#include <string.h>

#include "src/plan/planner.h"
#include "sset.h"
#include "util.h"

void
plan_init(struct plan *plan)
{
    memset(plan, 0, sizeof *plan);
}

void
plan_step_clear(struct plan_step *step)
{
    for (size_t i = 0; i < step->n_changes; i++) {
        free(step->changes[i].field);
        free(step->changes[i].old);
        free(step->changes[i].new);
    }
    free(step->changes);
    step->changes = NULL;
    step->n_changes = 0;
}

void
plan_step_destroy(struct plan_step *step)
{
    plan_step_clear(step);
    free(step->object);
    free(step->name);
    free(step->parent);
    free(step->after);
    free(step->error);
    free(step);
}

void
plan_clear(struct plan *plan)
{
    for (size_t i = 0; i < plan->n_steps; i++) {
        plan_step_destroy(plan->steps[i]);
    }
    plan->n_steps = 0;
}

void
plan_destroy(struct plan *plan)
{
    plan_clear(plan);
    free(plan->steps);
}

static void
plan_push(struct plan *plan, struct plan_step *step)
{
    if (plan->n_steps >= plan->allocated_steps) {
        plan->steps = x2nrealloc(plan->steps, &plan->allocated_steps,
                                 sizeof *plan->steps);
    }
    plan->steps[plan->n_steps++] = step;
}

void
plan_append(struct plan *dst, struct plan *src)
{
    for (size_t i = 0; i < src->n_steps; i++) {
        plan_push(dst, src->steps[i]);
    }
    src->n_steps = 0;
}

struct plan_step *
plan_add_step(struct plan *plan, enum plan_op op, enum plan_what what,
              const char *object, const char *name, const char *parent)
{
    struct plan_step *step = xzalloc(sizeof *step);
    step->op = op;
    step->what = what;
    step->object = xstrdup(object);
    step->name = xstrdup(name);
    step->parent = nullable_xstrdup(parent);
    plan_push(plan, step);
    return step;
}

bool
plan_drop_if_empty(struct plan *plan, struct plan_step *step)
{
    if (step->op == PLAN_SET && !step->n_changes
        && plan->steps[plan->n_steps - 1] == step) {
        plan_step_destroy(step);
        plan->n_steps--;
        return true;
    }
    return false;
}

void
plan_step_change(struct plan_step *step, const char *field,
                 const char *old, const char *new)
{
    step->changes = xrealloc(step->changes, (step->n_changes + 1)
                                            * sizeof *step->changes);
    step->changes[step->n_changes++] = (struct plan_change) {
        .field = xstrdup(field),
        .old = nullable_xstrdup(old),
        .new = nullable_xstrdup(new),
    };
}

struct plan_change *
plan_step_find(const struct plan_step *step, const char *field)
{
    for (size_t i = 0; i < step->n_changes; i++) {
        if (!strcmp(step->changes[i].field, field)) {
            return &step->changes[i];
        }
    }
    return NULL;
}

const char *
plan_step_get(const struct plan_step *step, const char *field)
{
    const struct plan_change *change = plan_step_find(step, field);
    return change ? change->new : NULL;
}

void
plan_step_drop(struct plan_step *step, struct plan_change *change)
{
    free(change->field);
    free(change->old);
    free(change->new);
    *change = step->changes[--step->n_changes];
}

void
plan_verdict_destroy(struct plan_verdict *verdict)
{
    free(verdict->text);
    verdict->text = NULL;
}

size_t
plan_n_ready(const struct plan *plan)
{
    size_t n = 0;
    for (size_t i = 0; i < plan->n_steps; i++) {
        n += !plan->steps[i]->after;
    }
    return n;
}

const char *
plan_what_name(enum plan_what what)
{
    return (what == PLAN_LINK ? "link"
            : model_table_name((enum model_table) what));
}

enum model_table
plan_step_table(const struct plan_step *step)
{
    return (enum model_table) step->what;
}

bool
plan_step_is_satellite(const struct plan_step *step)
{
    return (step->what != PLAN_LINK
            && model_table_is_satellite(plan_step_table(step)));
}

const char *
plan_impact_name(enum plan_impact impact)
{
    switch (impact) {
    case PLAN_HITLESS: return "hitless";
    case PLAN_READD: return "re-add";
    case PLAN_VM_RESTART: return "vm-restart";
    default: return "?";
    }
}

char *
plan_contest_key(const struct plan_step *step, const char *field)
{
    /* A device that was made anew is not one that somebody insists on. */
    return (step->what == PLAN_LINK
            ? xasprintf("link %s %d %s", step->name, step->ifindex, field)
            : xasprintf("%s %s %s", plan_what_name(step->what), step->name,
                        field));
}

void
plan_step_format_changes(const struct plan_step *step, struct ds *ds)
{
    const char *separator = "";

    for (size_t i = 0; i < step->n_changes && step->op != PLAN_DEL; i++) {
        const struct plan_change *c = &step->changes[i];

        if (model_field_is_bookkeeping(c->field)) {
            continue;
        }
        ds_put_cstr(ds, separator);
        separator = ", ";
        if (step->op == PLAN_ADD) {
            ds_put_format(ds, "%s=%s", c->field, c->new ? c->new : "");
        } else {
            ds_put_format(ds, "%s %s -> %s", c->field,
                          c->old && *c->old ? c->old : "(none)",
                          c->new && *c->new ? c->new : "(none)");
        }
    }
}

void
plan_step_format(const struct plan_step *step, struct ds *ds)
{
    static const char sign[] = { [PLAN_ADD] = '+', [PLAN_SET] = '~',
                                 [PLAN_DEL] = '-' };
    struct ds changes = DS_EMPTY_INITIALIZER;

    ds_put_format(ds, "%c %s %s", sign[step->op], plan_what_name(step->what),
                  step->name);
    if (step->parent && step->what == PLAN_PORT) {
        ds_put_format(ds, " on %s", step->parent);
    } else if (step->parent && strcmp(step->parent, step->name)) {
        ds_put_format(ds, " of %s", step->parent);
    }
    plan_step_format_changes(step, &changes);
    if (changes.length) {
        ds_put_format(ds, ": %s", ds_cstr(&changes));
    }
    ds_destroy(&changes);
    ds_put_format(ds, " [%s]", plan_impact_name(step->impact));
    if (step->after) {
        ds_put_format(ds, " (after: %s)", step->after);
    }
}

char *
plan_allow(struct plan_allowed *allowed, const char *text)
{
    struct sset names = SSET_INITIALIZER(&names);
    char *error = NULL;
    const char *name;

    sset_from_delimited_string(&names, text, ",");
    SSET_FOR_EACH (name, &names) {
        enum plan_impact i = PLAN_HITLESS;

        while (i <= PLAN_VM_RESTART && strcmp(name, plan_impact_name(i))) {
            i++;
        }
        if (i <= PLAN_VM_RESTART) {
            allowed->impacts[i] = true;
        } else if (!error) {
            error = xasprintf("--allow=%s: there is no impact \"%s\"; there "
                              "are re-add and vm-restart", text, name);
        }
    }
    if (sset_is_empty(&names)) {
        error = xstrdup("--allow: say what: re-add, vm-restart or both");
    }
    sset_destroy(&names);
    return error;
}
