/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/plan/planner.h"

#include <stdlib.h>
#include <string.h>

#include "sset.h"
#include "util.h"

/* Rows, and bridges among them. */

static const char *
field_or_default(enum model_table table, const struct smap *fields,
                 const char *field)
{
    const char *value = smap_get(fields, field);
    return value ? value
           : model_field_default(model_field_column(table, field), field);
}

void
planner_change(struct planner *p, struct plan_step *step, const char *field,
               const char *old, const char *new)
{
    if (p->gate->contested && !sset_is_empty(p->gate->contested)) {
        char *key = plan_contest_key(step, field);
        bool contested = sset_contains(p->gate->contested, key);

        free(key);
        if (contested) {
            planner_note(p, MODEL_CONFLICT, "another writer keeps setting "
                         "%s of %s %s to %s, the spec says %s", field,
                         plan_what_name(step->what), step->name,
                         old && *old ? old : "(none)",
                         new && *new ? new : "(none)");
            return;
        }
    }
    plan_step_change(step, field, old, new);
}

static void
clear_disowned(struct planner *p, struct plan_step *step,
               enum model_table table, const struct smap *target,
               const struct model_row *have)
{
    /* As a rule the two lists are the same. */
    if (nullable_string_is_equal(smap_get(target, MODEL_OWNED),
                                 smap_get(&have->fields, MODEL_OWNED))) {
        return;
    }

    struct sset owned = SSET_INITIALIZER(&owned);
    model_owned_read(&have->fields, &owned);

    const char **names = sset_sort(&owned);
    for (size_t i = 0; i < sset_count(&owned); i++) {
        const char *old = smap_get(&have->fields, names[i]);

        /* Only what is a field at all: the list lies in the database, where
         * anybody can write to it. */
        if (old && !smap_get(target, names[i])
            && model_field_column(table, names[i])) {
            planner_change(p, step, names[i], old, NULL);
        }
    }
    free(names);
    sset_destroy(&owned);
}

/* bond_active_slave is a preference for the start: ovs-vswitchd writes the
 * member that it has really made active. */
static bool
is_theirs_by_now(const char *field, const char *value)
{
    return !strcmp(field, "bond_active_slave") && value && *value;
}

void
planner_diff_row(struct planner *p, struct plan_step *step,
                 enum model_table table, const struct smap *target,
                 const struct model_row *have)
{
    static const struct smap none = SMAP_INITIALIZER(&none);
    const struct smap *fields = have ? &have->fields : &none;

    /* Sorted, so that equal worlds make equal plans. */
    const struct smap_node **nodes = smap_sort(target);
    for (size_t i = 0; i < smap_count(target); i++) {
        const char *old = field_or_default(table, fields, nodes[i]->key);

        if (!nullable_string_is_equal(old, nodes[i]->value)
            && !is_theirs_by_now(nodes[i]->key, old)) {
            planner_change(p, step, nodes[i]->key, old, nodes[i]->value);
        }
    }
    free(nodes);
    if (have) {
        clear_disowned(p, step, table, target, have);
    }
}

/* Bridges. */

bool
planner_is_ovn_bridge(const struct planner *p, const char *bridge)
{
    return (p->observed->ovn_bridge
            && !strcmp(p->observed->ovn_bridge, bridge));
}

/* ovn-controller sets these on its bridge and puts them back at once; each
 * flip without a controller flushes all flows. */
static void
drop_ovn_fields(struct planner *p, struct plan_step *step)
{
    static const char *const fields[] = { "fail_mode", "datapath_type",
                                          "protocols" };

    if (!planner_is_ovn_bridge(p, step->name)) {
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
        struct plan_change *c = plan_step_find(step, fields[i]);
        if (c) {
            planner_note(p, MODEL_CONFLICT, "%s of %s is %s and the spec "
                         "says %s, but the bridge is ovn-controller's",
                         c->field, step->name,
                         c->old && *c->old ? c->old : "(none)",
                         c->new && *c->new ? c->new : "(none)");
            plan_step_drop(step, c);
        }
    }
}

bool
planner_bridge_is_made(struct planner *p, const char *name)
{
    const struct model_bridge *bridge
        = model_observed_bridge(p->observed, name);

    if (!bridge || model_observed_bridge_is_made(p->observed, bridge)) {
        return true;
    } else if (bridge->not_made) {
        planner_note(p, MODEL_ERROR, "ovs-vswitchd could not create bridge "
                     "%s; see its log", name);
    } else {
        /* Maybe it has only begun to run, and comes to it. */
        planner_note(p, MODEL_APPLYING, "ovs-vswitchd has not yet created "
                     "bridge %s; if it stays so, see its log", name);
    }
    return false;
}

void
planner_bridge(struct planner *p)
{
    if (!p->object->bridge) {
        return;
    }

    const struct model_row *want = &p->object->bridge->row;
    const struct model_bridge *have
        = model_observed_bridge(p->observed, want->name);
    if (have && !planner_owns(p, "bridge", want->name,
                              smap_get(&have->row.fields, MODEL_MARK))) {
        return;
    }

    struct plan_step *step = planner_step(p, have ? PLAN_SET : PLAN_ADD,
                                          PLAN_BRIDGE, want->name, NULL);
    planner_diff_row(p, step, MODEL_TABLE_BRIDGE, &want->fields,
                     have ? &have->row : NULL);
    if (have) {
        drop_ovn_fields(p, step);
        if (plan_step_find(step, "datapath_type")) {
            step->impact = PLAN_READD;
        }
    }
    if (!plan_drop_if_empty(p->plan, step)) {
        planner_note(p, MODEL_APPLYING, "bridge %s is being %s", want->name,
                     have ? "changed" : "created");
    } else if (!model_observed_applied(p->observed)) {
        planner_note(p, MODEL_APPLYING, "ovs-vswitchd has not yet applied "
                     "the configuration");
    } else {
        planner_bridge_is_made(p, want->name);
    }
}
