/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "ovsdb/steps-private.h"

#include <string.h>
#include "ovsdb-idl-provider.h"
#include "ovsdb/fields.h"
#include "ovsdb/observe.h"
#include "smap.h"
#include "src/model/observed.h"
#include "svec.h"
#include "util.h"
#include "uuid.h"
#include "vswitch-idl.h"

/* The steps of one object. */
struct group {
    struct plan_step **steps;
    size_t n;
};

static const struct ovsdb_idl_row *
find_satellite(const struct steps_txn *t, enum model_table table,
               const char *name)
{
    char *key = model_satellite_key(table, name);
    const struct ovsdb_idl_row *row
        = shash_find_data(&t->new_satellites, key);

    free(key);
    return row ? row : observer_satellite(t->observer, table, name);
}

const struct ovsdb_idl_row *
steps_find(const struct steps_txn *t, enum plan_what what, const char *name)
{
    if (what == PLAN_BRIDGE) {
        const struct ovsrec_bridge *row = observer_bridge(t->observer, name);
        return row ? &row->header_ : NULL;
    } else if (what == PLAN_PORT) {
        const struct ovsrec_port *row = observer_port(t->observer, name);
        return row ? &row->header_ : NULL;
    } else if (what == PLAN_INTERFACE) {
        const struct ovsrec_interface *row = observer_iface(t->observer, name);
        return row ? &row->header_ : NULL;
    }
    return find_satellite(t, (enum model_table) what, name);
}

const char *
steps_mark(enum plan_what what, const struct ovsdb_idl_row *row)
{
    return fields_external_id(row, (enum model_table) what,
                              model_field_key(MODEL_MARK));
}

bool
steps_is_pseudo(const char *field)
{
    return !strcmp(field, MODEL_F_BRIDGE);
}

void
steps_split(const char *text, struct svec *names)
{
    while (text && *text) {
        size_t len = strcspn(text, ",");

        svec_add_nocopy(names, xmemdup0(text, len));
        text += len + (text[len] == ',');
    }
}

/* True if one of 'group' adds the 'what' called 'name'. */
static bool
group_adds(const struct group *group, enum plan_what what, const char *name)
{
    for (size_t i = 0; i < group->n; i++) {
        const struct plan_step *step = group->steps[i];

        if (step->op == PLAN_ADD && step->what == what
            && !strcmp(step->name, name)) {
            return true;
        }
    }
    return false;
}

/* Each of these returns NULL or an error text to be freed. */

static char * OVS_WARN_UNUSED_RESULT
check_exists(const struct steps_txn *t, const struct group *group,
             enum plan_what what, const char *name)
{
    if (!name) {
        return xasprintf("no %s is named for it", plan_what_name(what));
    } else if (steps_find(t, what, name)
               || group_adds(group, what, name)) {
        return NULL;
    }
    return xasprintf("there is no %s %s", plan_what_name(what), name);
}

/* Is 'step''s row ours?  A step that sets the mark takes a row over: an
 * unmarked one, or one whose mark is what the plan saw. */
static char * OVS_WARN_UNUSED_RESULT
check_mark(const struct steps_txn *t, const struct plan_step *step,
           const char *mark)
{
    char *ours = model_mark(t->observed->instance, step->object);
    const struct plan_change *change = plan_step_find(step, MODEL_MARK);
    bool ok = ((mark && !strcmp(mark, ours))
               || (step->op == PLAN_SET && change && change->new
                   && !strcmp(change->new, ours)
                   && (!mark || nullable_string_is_equal(mark, change->old))));
    free(ours);

    if (ok) {
        return NULL;
    } else if (mark) {
        return xasprintf("%s %s is not ours any more: it is marked \"%s\"",
                         plan_what_name(step->what), step->name, mark);
    }
    return xasprintf("%s %s is not ours any more: its mark is gone",
                     plan_what_name(step->what), step->name);
}

/* A bridge refers to one NetFlow row at most; to set another in its place
 * would be the end of the former. */
static char * OVS_WARN_UNUSED_RESULT
check_vacant(const struct steps_txn *t, const struct plan_step *step,
             const char *bridge)
{
    const struct ovsrec_bridge *row = observer_bridge(t->observer, bridge);
    const struct ovsdb_idl_column *column
        = fields_bridge_column(plan_step_table(step));
    const struct ovsdb_idl_row *own = steps_find(t, step->what, step->name);
    const struct ovsdb_datum *datum
        = row ? ovsdb_idl_read(&row->header_, column) : NULL;

    return (!datum || column->type.n_max > 1 || !datum->n
            || (own && uuid_equals(&own->uuid, &datum->keys[0].uuid))
            ? NULL
            : xasprintf("Bridge %s has another %s row already", bridge,
                        plan_what_name(step->what)));
}

static char * OVS_WARN_UNUSED_RESULT
check_bridge(const struct steps_txn *t, const struct group *group,
             const struct plan_step *step, const char *bridge)
{
    char *error;

    if (step->what == PLAN_PORT && step->op == PLAN_ADD) {
        return NULL;            /* Its parent is looked at. */
    }
    error = check_exists(t, group, PLAN_BRIDGE, bridge);
    return (error || !plan_step_is_satellite(step) ? error
            : check_vacant(t, step, bridge));
}

/* Are the rows there that 'text' names? */
static char * OVS_WARN_UNUSED_RESULT
check_references(const struct steps_txn *t, const struct group *group,
                 const struct plan_step *step, enum model_table target,
                 const char *text)
{
    struct svec names = SVEC_EMPTY_INITIALIZER;
    char *error = NULL;

    steps_split(text, &names);
    for (size_t i = 0; i < names.n && !error; i++) {
        /* The shared QoS row comes with who refers to it. */
        if (strcmp(names.names[i], MODEL_QOS_NOOP)) {
            char *why = check_exists(t, group, (enum plan_what) target,
                                     names.names[i]);
            if (why) {
                error = xasprintf("%s %s: %s", plan_what_name(step->what),
                                  step->name, why);
                free(why);
            }
        }
    }
    svec_destroy(&names);
    return error;
}

static char * OVS_WARN_UNUSED_RESULT
check_change(const struct steps_txn *t, const struct group *group,
             const struct plan_step *step, const struct plan_change *change)
{
    enum model_table table = plan_step_table(step);
    const struct model_column *model = model_field_column(table,
                                                          change->field);
    const struct ovsdb_idl_column *column = fields_find(table, change->field);
    struct ovsdb_datum datum;
    char *error;

    if (!column) {
        return xasprintf("table %s has no column for \"%s\"",
                         model_table_name(table), change->field);
    } else if (model->type == MODEL_REFERENCE) {
        return check_references(t, group, step, model->target, change->new);
    } else if (model_field_key(change->field)) {
        return NULL;
    }
    error = fields_to_datum(column, change->new, &datum);
    if (error) {
        char *text = xasprintf("%s %s: %s", plan_what_name(step->what),
                               step->name, error);
        free(error);
        return text;
    }
    ovsdb_datum_destroy(&datum, &column->type);
    return NULL;
}

/* A Bridge row takes its ports along, and the server would not ask whose they
 * are. */
static char * OVS_WARN_UNUSED_RESULT
check_bridge_ports(const struct steps_txn *t, const char *name)
{
    const struct ovsrec_bridge *row = observer_bridge(t->observer, name);

    for (size_t i = 0; row && i < row->n_ports; i++) {
        const struct ovsrec_port *port = row->ports[i];
        const char *mark = smap_get(&port->external_ids,
                                    model_field_key(MODEL_MARK));

        if (strcmp(port->name, name)
            && (!mark || !model_observed_own(t->observed, mark))) {
            return xasprintf("Bridge %s carries port %s, which is not ours",
                             name, port->name);
        }
    }
    return NULL;
}

static char * OVS_WARN_UNUSED_RESULT
check_add(const struct steps_txn *t, const struct group *group,
          const struct plan_step *step)
{
    if (steps_find(t, step->what, step->name)) {
        return xasprintf("%s %s exists already", plan_what_name(step->what),
                         step->name);
    }
    return (step->what == PLAN_PORT
            ? check_exists(t, group, PLAN_BRIDGE, step->parent)
            : step->what == PLAN_INTERFACE
            ? check_exists(t, group, PLAN_PORT, step->parent)
            : NULL);
}

static char * OVS_WARN_UNUSED_RESULT
check_row(const struct steps_txn *t, const struct group *group,
          const struct plan_step *step)
{
    const struct ovsdb_idl_row *row = steps_find(t, step->what, step->name);
    char *error;

    if (step->op == PLAN_ADD) {
        return check_add(t, group, step);
    } else if (!row) {
        /* What is to be deleted and is gone is done. */
        return (step->op == PLAN_DEL ? NULL
                : xasprintf("there is no %s %s any more",
                            plan_what_name(step->what), step->name));
    }
    error = check_mark(t, step, steps_mark(step->what, row));
    if (!error && step->op == PLAN_DEL && step->what == PLAN_BRIDGE) {
        error = check_bridge_ports(t, step->name);
    }
    return error;
}

/* The Port that gets or loses an Interface is a row that changes, too. */
static char * OVS_WARN_UNUSED_RESULT
check_parent(const struct steps_txn *t, const struct group *group,
             const struct plan_step *step)
{
    if (step->what == PLAN_INTERFACE && step->op != PLAN_SET && step->parent
        && !group_adds(group, PLAN_PORT, step->parent)) {
        const struct ovsdb_idl_row *port = steps_find(t, PLAN_PORT,
                                                      step->parent);
        const char *mark = port ? steps_mark(PLAN_PORT, port) : NULL;

        if (port && (!mark || !model_observed_own(t->observed, mark))) {
            return xasprintf("Port %s is not ours any more", step->parent);
        }
    }
    return NULL;
}

static char * OVS_WARN_UNUSED_RESULT
check_step(const struct steps_txn *t, const struct group *group,
           const struct plan_step *step)
{
    char *error = check_row(t, group, step);

    if (!error) {
        error = check_parent(t, group, step);
    }
    for (size_t i = 0; i < step->n_changes && !error; i++) {
        const struct plan_change *change = &step->changes[i];

        error = (steps_is_pseudo(change->field)
                 ? check_bridge(t, group, step, change->new)
                 : check_change(t, group, step, change));
    }
    return error;
}

char *
steps_check(const struct steps_txn *t, struct plan_step **steps, size_t n)
{
    const struct group group = { steps, n };
    char *error = NULL;

    for (size_t i = 0; i < n && !error; i++) {
        error = check_step(t, &group, steps[i]);
    }
    return error;
}
