/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/plan/planner.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "sset.h"
#include "util.h"

/* How grave each state is: the gravest of an object's parts is its own. */
static int
gravity(enum model_state state)
{
    static const int order[MODEL_N_STATES] = {
        [MODEL_READY] = 0,
        [MODEL_QUARANTINED] = 1,
        [MODEL_APPLYING] = 2,
        [MODEL_WAITING] = 3,
        [MODEL_PENDING] = 4,
        [MODEL_IN_USE] = 5,
        [MODEL_HELD] = 6,
        [MODEL_ERROR] = 7,
        [MODEL_CONFLICT] = 8,
        [MODEL_DEGRADED] = 9,
        [MODEL_PAUSED] = 10,
        [MODEL_INVALID] = 11,
    };
    return order[state];
}

void
planner_init(struct planner *p, const struct model_wanted *wanted,
             const struct model_observed *observed, const char *id,
             const struct plan_gate *gate)
{
    *p = (struct planner) {
        .wanted = wanted,
        .observed = observed,
        .gate = gate,
        .object = model_wanted_get(wanted, id),
        .id = id,
    };
}

static void
note_valist(struct planner *p, enum model_state state, const char *format,
            va_list args)
{
    if (gravity(state) > gravity(p->verdict->state)) {
        free(p->verdict->text);
        p->verdict->state = state;
        p->verdict->text = xvasprintf(format, args);
    }
}

void
planner_note(struct planner *p, enum model_state state,
             const char *format, ...)
{
    va_list args;
    va_start(args, format);
    note_valist(p, state, format, args);
    va_end(args);
}

void
planner_refuse(struct planner *p, enum model_state state,
               const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = xvasprintf(format, args);
    va_end(args);

    planner_note(p, state, "%s", text);
    if (p->adopt && !p->refusal) {
        p->refusal = text;
    } else {
        free(text);
    }
}

struct plan_step *
planner_step(struct planner *p, enum plan_op op, enum plan_what what,
             const char *name, const char *parent)
{
    struct plan_step *step = plan_add_step(p->plan, op, what, p->id, name,
                                           parent);
    step->after = nullable_xstrdup(p->block);
    return step;
}

void
planner_after(struct plan_step *step, const char *format, ...)
{
    if (!step->after) {
        va_list args;
        va_start(args, format);
        step->after = xvasprintf(format, args);
        va_end(args);
    }
}

void
planner_defer(struct planner *p, struct plan_step *step,
              enum model_state state, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = xvasprintf(format, args);
    va_end(args);

    planner_after(step, "%s", text);
    planner_note(p, state, "%s", text);
    free(text);
}

bool
planner_is_own(const struct planner *p, const char *mark)
{
    const char *own = model_observed_own(p->observed, mark);
    return own && !strcmp(own, p->id);
}

bool
planner_adopts(const struct planner *p, const char *mark)
{
    return p->adopt && !mark;
}

/* The name of the port in the id of a host's port, otherwise NULL. */
static const char *
port_of_id(const char *id)
{
    const char *slash = strncmp(id, "port:", 5) ? NULL : strchr(id, '/');
    return slash ? slash + 1 : NULL;
}

/* A host's port that moves to another bridge is another object there, as its
 * id says the bridge.  It is heir to the rows of the former one. */
static bool
is_heir(const struct planner *p, const char *heir, const char *former)
{
    const char *name = port_of_id(former);

    return (name && nullable_string_is_equal(name, port_of_id(heir))
            && model_wanted_get(p->wanted, heir)
            && !model_wanted_get(p->wanted, former));
}

const char *
planner_heir(const struct planner *p)
{
    const char *name = port_of_id(p->id);
    const struct sset *ids
        = name ? model_wanted_by_name(p->wanted, name) : NULL;
    const char *id;

    if (ids) {
        SSET_FOR_EACH (id, ids) {
            if (is_heir(p, id, p->id)) {
                return id;
            }
        }
    }
    return NULL;
}

/* Something that is nobody's has a name that the object wants. */
static void
note_stranger(struct planner *p, const char *what, const char *name)
{
    if (gravity(p->verdict->state) >= gravity(MODEL_CONFLICT)) {
        return;
    }

    char *obstacle = plan_adoption_obstacle(p->wanted, p->observed, p->id,
                                            p->gate);
    if (obstacle) {
        planner_note(p, MODEL_CONFLICT,
                     "%s %s is there already and not ours; remove it, or "
                     "choose another name (\"ovs-portctl adopt\" cannot take "
                     "it over: %s)", what, name, obstacle);
    } else {
        planner_note(p, MODEL_CONFLICT,
                     "%s %s is there already and not ours; remove it, "
                     "choose another name, or take it over by "
                     "\"ovs-portctl adopt %s\"", what, name, p->id);
    }
    free(obstacle);
}

bool
planner_owns(struct planner *p, const char *what, const char *name,
             const char *mark)
{
    const char *own = model_observed_own(p->observed, mark);

    if ((own && (!strcmp(own, p->id) || is_heir(p, p->id, own)))
        || planner_adopts(p, mark)) {
        return true;
    } else if (own) {
        planner_refuse(p, MODEL_WAITING, "%s %s still belongs to %s",
                       what, name, own);
    } else if (mark) {
        planner_refuse(p, MODEL_CONFLICT,
                       "%s %s belongs to another instance (%s)",
                       what, name, mark);
    } else {
        note_stranger(p, what, name);
    }
    return false;
}

const char *
planner_link_mark(const struct planner *p, const struct model_link *link)
{
    const char *mark = model_link_mark(link);
    if (model_observed_own(p->observed, mark)) {
        return mark;
    }

    const struct model_port *port
        = model_observed_iface_port(p->observed, link->name);
    const struct model_iface *iface
        = port ? model_port_find_iface(port, link->name) : NULL;
    if (iface) {
        const char *made_for = smap_get(&iface->row.fields, MODEL_LINK_MARK);
        char *is = model_observed_link_mark(p->observed, link);
        bool same = made_for && !strcmp(made_for, is);

        free(is);
        if (same) {
            return smap_get(&iface->row.fields, MODEL_MARK);
        }
    }
    return mark;
}

/* Made by us, or by another run of us, which had to stop before it could
 * write the mark. */
static bool
is_unfinished(const struct planner *p, const struct model_link *link)
{
    const struct model_link *want
        = p->object ? model_object_find_link(p->object, link->name) : NULL;

    const char *kind = want ? smap_get(&want->fields, MODEL_L_KIND) : NULL;

    return (kind && model_link_is(link, kind)
            && model_link_is_leftover(link));
}

bool
planner_owns_link(struct planner *p, const struct model_link *link)
{
    return (is_unfinished(p, link)
            || planner_owns(p, "device", link->name,
                            planner_link_mark(p, link)));
}

const struct model_iface *
planner_own_iface(const struct planner *p, const char *name)
{
    const struct model_port *port
        = model_observed_iface_port(p->observed, name);
    const struct model_iface *iface
        = port ? model_port_find_iface(port, name) : NULL;

    return (iface && planner_is_own(p, smap_get(&iface->row.fields,
                                                MODEL_MARK))
            ? iface : NULL);
}

void
planner_listed(const struct planner *p, const char *name, const char *prefix,
               struct sset *things)
{
    const struct model_iface *iface = planner_own_iface(p, name);
    const char *list = iface ? smap_get(&iface->row.fields, MODEL_OWNED)
                       : NULL;
    if (!list || !strstr(list, prefix)) {
        return;                 /* As a rule. */
    }

    struct sset owned = SSET_INITIALIZER(&owned);
    const char *thing;
    model_owned_parse(list, &owned);
    SSET_FOR_EACH (thing, &owned) {
        if (!strncmp(thing, prefix, strlen(prefix))) {
            sset_add(things, thing);
        }
    }
    sset_destroy(&owned);
}

void
planner_list(struct smap *target, const struct sset *things)
{
    struct sset owned = SSET_INITIALIZER(&owned);
    const char *thing;

    if (sset_is_empty(things)) {
        return;
    }
    model_owned_read(target, &owned);
    SSET_FOR_EACH (thing, things) {
        sset_add(&owned, thing);
    }
    smap_remove(target, MODEL_OWNED);
    smap_add_nocopy(target, xstrdup(MODEL_OWNED), model_owned_format(&owned));
    sset_destroy(&owned);
}

bool
planner_wants(const struct planner *p, const char *name)
{
    const struct model_object *object = p->object;

    if (!object) {
        return false;
    }
    if ((object->bridge && !strcmp(object->bridge->row.name, name))
        || model_object_find_port(object, name)
        || model_object_find_link(object, name)) {
        return true;
    }
    for (size_t i = 0; i < object->n_ports; i++) {
        if (model_port_find_iface(object->ports[i], name)) {
            return true;
        }
    }
    return false;
}

struct plan_step *
planner_find(const struct planner *p, enum plan_what what, const char *name)
{
    for (size_t i = p->plan->n_steps; i-- > 0; ) {
        struct plan_step *step = p->plan->steps[i];

        if (strcmp(step->object, p->id)) {
            break;
        } else if (step->what == what && !strcmp(step->name, name)) {
            return step;
        }
    }
    return NULL;
}

bool
planner_adds(const struct planner *p, enum plan_what what, const char *name)
{
    const struct plan_step *step = planner_find(p, what, name);
    return step && step->op == PLAN_ADD && !step->after;
}
