/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "ovsdb/steps.h"

#include <stdlib.h>
#include <string.h>
#include "ovsdb-idl-provider.h"
#include "ovsdb/compat.h"
#include "ovsdb/fields.h"
#include "ovsdb/observe.h"
#include "ovsdb/steps-private.h"
#include "smap.h"
#include "src/model/observed.h"
#include "svec.h"
#include "util.h"
#include "uuid.h"
#include "vswitch-idl.h"

/* Races.  What is looked at here is the IDL's copy of the database, which is
 * as old as the last update.  A row that is to be deleted, or cut loose so
 * that the server collects it, has its external_ids verified as well: the
 * server then refuses if somebody took our mark off in between, and we look
 * again.  external_ids of these rows are written rarely, so this costs no
 * retries.  The same holds for a row that gets its mark.  Any other SET is
 * not verified, because Interface.external_ids is written by other agents all
 * the time and a column set once too often does no harm that the next pass
 * does not mend.  Bridge.ports is verified only where the bridge is deleted,
 * which would take along a port that somebody adds right now; otherwise every
 * port that anybody adds would make us try again.
 *
 * What a transaction changes through a set's or map's members cannot be read
 * back within it, so nothing here reads what an earlier step wrote, except
 * that rows inserted are found by name. */

void
steps_txn_init(struct steps_txn *t)
{
    sset_init(&t->new_ports);
    shash_init(&t->new_satellites);
    t->noop = NULL;
}

void
steps_txn_destroy(struct steps_txn *t)
{
    sset_destroy(&t->new_ports);
    shash_destroy(&t->new_satellites);
}

static void
write_column(const struct ovsdb_idl_row *row,
             const struct ovsdb_idl_column *column, const char *text)
{
    struct ovsdb_datum datum;
    char *error = fields_to_datum(column, text, &datum);

    if (error) {
        free(error);            /* check_change() has been here. */
    } else {
        ovsdb_idl_txn_write(row, column, &datum);
    }
}

/* References. */

static struct ovsdb_datum *
uuid_datum(const struct ovsdb_idl_row *row)
{
    struct ovsdb_datum *datum = xmalloc(sizeof *datum);

    compat_datum_alloc(datum, 1, false);
    datum->keys[0].uuid = row->uuid;
    return datum;
}

/* 'row' of 'table' is inserted here and called 'name'. */
static void
note_new(struct steps_txn *t, enum model_table table, const char *name,
         const struct ovsdb_idl_row *row)
{
    shash_add_nocopy(&t->new_satellites, model_satellite_key(table, name),
                     row);
}

static const struct ovsdb_idl_row *
get_noop(struct steps_txn *t)
{
    if (!t->noop) {
        t->noop = steps_find(t, PLAN_QOS, MODEL_QOS_NOOP);
    }
    if (!t->noop) {
        char *mark = model_mark(t->observed->instance, MODEL_QOS_NOOP);
        struct smap ids = SMAP_CONST1(&ids, model_field_key(MODEL_MARK), mark);

        const struct ovsrec_qos *qos = ovsrec_qos_insert(t->txn);
        ovsrec_qos_set_type(qos, "linux-noop");
        ovsrec_qos_set_external_ids(qos, &ids);
        free(mark);
        t->noop = &qos->header_;
        note_new(t, MODEL_TABLE_QOS, MODEL_QOS_NOOP, t->noop);
    }
    return t->noop;
}

/* The row of 'table' called 'name'; check_references() has been here. */
static const struct ovsdb_idl_row *
find_reference(struct steps_txn *t, enum model_table table, const char *name)
{
    return (table == MODEL_TABLE_QOS && !strcmp(name, MODEL_QOS_NOOP)
            ? get_noop(t) : steps_find(t, (enum plan_what) table, name));
}

static void
write_references(struct steps_txn *t, const struct ovsdb_idl_row *row,
                 const struct model_column *model,
                 const struct ovsdb_idl_column *column, const char *text)
{
    struct svec names = SVEC_EMPTY_INITIALIZER;
    struct ovsdb_datum datum;

    steps_split(text, &names);
    compat_datum_alloc(&datum, names.n, false);
    for (size_t i = 0; i < names.n; i++) {
        datum.keys[i].uuid = find_reference(t, model->target,
                                            names.names[i])->uuid;
    }
    ovsdb_datum_sort_unique(&datum, &column->type);
    ovsdb_idl_txn_write(row, column, &datum);
    svec_destroy(&names);
}

/* Maps. */

static void
set_key(union ovsdb_atom *atom, const struct ovsdb_idl_column *column,
        const char *key)
{
    if (column->type.key.type == OVSDB_TYPE_INTEGER) {
        atom->integer = strtoll(key, NULL, 10);
    } else {
        compat_atom_set_string(atom, key);
    }
}

static void
set_value(struct steps_txn *t, union ovsdb_atom *atom,
          const struct model_column *model, const char *value)
{
    if (model->type == MODEL_REFERENCE) {
        atom->uuid = find_reference(t, model->target, value)->uuid;
    } else {
        compat_atom_set_string(atom, value);
    }
}

/* Sets one key and leaves those of others alone. */
static void
write_key(struct steps_txn *t, const struct ovsdb_idl_row *row,
          const struct model_column *model,
          const struct ovsdb_idl_column *column,
          const char *key, const char *value)
{
    struct ovsdb_datum *datum = xmalloc(sizeof *datum);

    compat_datum_alloc(datum, 1, value != NULL);
    set_key(&datum->keys[0], column, key);
    if (value) {
        set_value(t, &datum->values[0], model, value);
        ovsdb_idl_txn_write_partial_map(row, column, datum);
    } else if (ovsdb_datum_find_key(ovsdb_idl_read(row, column),
                                    &datum->keys[0], column->type.key.type,
                                    NULL)) {
        ovsdb_idl_txn_delete_partial_map(row, column, datum);
    } else {
        struct ovsdb_type set = column->type;

        set.value.type = OVSDB_TYPE_VOID;
        ovsdb_datum_destroy(datum, &set);
        free(datum);
    }
}

/* True if a change of 'step' before the one with index 'i' is of the same
 * column 'model'. */
static bool
is_written(const struct plan_step *step, size_t i,
           const struct model_column *model)
{
    while (i-- > 0) {
        if (model_field_column(plan_step_table(step),
                               step->changes[i].field) == model) {
            return true;
        }
    }
    return false;
}

/* Writes all keys that 'step' has for a map column of a new row. */
static void
write_map(struct steps_txn *t, const struct plan_step *step,
          const struct ovsdb_idl_row *row, const struct model_column *model,
          const struct ovsdb_idl_column *column)
{
    struct ovsdb_datum datum;
    size_t n = 0;

    compat_datum_alloc(&datum, step->n_changes, true);
    for (size_t i = 0; i < step->n_changes; i++) {
        const struct plan_change *c = &step->changes[i];

        if (c->new && model_field_column(plan_step_table(step),
                                         c->field) == model) {
            set_key(&datum.keys[n], column, model_field_key(c->field));
            set_value(t, &datum.values[n++], model, c->new);
        }
    }
    datum.n = n;
    ovsdb_datum_sort_unique(&datum, &column->type);
    ovsdb_idl_txn_write(row, column, &datum);
}

static void
write_changes(struct steps_txn *t, const struct plan_step *step,
              const struct ovsdb_idl_row *row)
{
    enum model_table table = plan_step_table(step);

    for (size_t i = 0; i < step->n_changes; i++) {
        const struct plan_change *c = &step->changes[i];
        const struct model_column *model = model_field_column(table,
                                                              c->field);
        const char *key = model_field_key(c->field);

        if (steps_is_pseudo(c->field)) {
            continue;
        }
        const struct ovsdb_idl_column *column = fields_find(table, c->field);
        if (!key && model->type == MODEL_REFERENCE) {
            write_references(t, row, model, column, c->new);
        } else if (!key) {
            write_column(row, column, c->new);
        } else if (step->op == PLAN_ADD) {
            if (!is_written(step, i, model)) {
                write_map(t, step, row, model, column);
            }
        } else {
            write_key(t, row, model, column, key, c->new);
        }
    }
}

/* Takes 'port' out of all bridges but 'keep' (NULL: of all).  Returns true if
 * it was in 'keep'. */
static bool
leave_bridges(const struct steps_txn *t, const struct ovsrec_port *port,
              const char *keep)
{
    const struct sset *bridges = observer_port_bridges(t->observer,
                                                       port->name);
    bool kept = false;
    const char *name;

    if (bridges) {
        SSET_FOR_EACH (name, bridges) {
            const struct ovsrec_bridge *bridge = observer_bridge(t->observer,
                                                                 name);
            if (keep && !strcmp(name, keep)) {
                kept = true;
            } else if (bridge) {
                ovsrec_bridge_update_ports_delvalue(bridge, port);
            }
        }
    }
    return kept;
}

static void
add_port(struct steps_txn *t, const struct plan_step *step)
{
    const struct ovsrec_bridge *bridge = observer_bridge(t->observer,
                                                         step->parent);
    const struct ovsrec_port *port = ovsrec_port_insert(t->txn);

    ovsrec_port_set_name(port, step->name);
    sset_add(&t->new_ports, step->name);
    write_changes(t, step, &port->header_);
    ovsrec_bridge_update_ports_addvalue(bridge, port);
}

static void
add_iface(struct steps_txn *t, const struct plan_step *step)
{
    const struct ovsrec_port *port = observer_port(t->observer, step->parent);
    const struct ovsrec_interface *iface = ovsrec_interface_insert(t->txn);

    ovsrec_interface_set_name(iface, step->name);
    write_changes(t, step, &iface->header_);
    if (sset_contains(&t->new_ports, step->parent)) {
        /* A new Port's set would begin with the default of a set that must
         * not be empty, which is a row that does not exist. */
        size_t n = port->n_interfaces;
        struct ovsrec_interface **ifaces = xmalloc((n + 1) * sizeof *ifaces);

        for (size_t i = 0; i < n; i++) {
            ifaces[i] = port->interfaces[i];
        }
        ifaces[n] = CONST_CAST(struct ovsrec_interface *, iface);
        ovsrec_port_set_interfaces(port, ifaces, n + 1);
        free(ifaces);
    } else {
        ovsrec_port_update_interfaces_addvalue(port, iface);
    }
}

static void
add_bridge(struct steps_txn *t, const struct plan_step *step)
{
    const struct ovsrec_bridge *bridge = ovsrec_bridge_insert(t->txn);

    ovsrec_bridge_set_name(bridge, step->name);
    write_changes(t, step, &bridge->header_);
    ovsrec_open_vswitch_update_bridges_addvalue(t->ovs, bridge);
}

/* Satellites. */

/* Makes 'bridge' refer to 'row'. */
static void
attach(const struct steps_txn *t, const struct plan_step *step,
       const char *bridge, const struct ovsdb_idl_row *row)
{
    const struct ovsdb_idl_row *to = steps_find(t, PLAN_BRIDGE, bridge);
    const struct ovsdb_idl_column *column
        = fields_bridge_column(plan_step_table(step));
    struct ovsdb_datum *datum = uuid_datum(row);

    if (column->type.n_max > 1) {
        ovsdb_idl_txn_write_partial_set(to, column, datum);
    } else {
        /* check_vacant() has been here. */
        ovsdb_idl_txn_verify(to, column);
        ovsdb_idl_txn_write(to, column, datum);
        free(datum);
    }
}

/* Takes 'row' from all bridges that refer to it but 'keep' (NULL: from all).
 * Returns true if that one refers to it. */
static bool
detach(const struct steps_txn *t, const struct plan_step *step,
       const struct ovsdb_idl_row *row, const char *keep)
{
    const struct model_row *have = model_observed_satellite(
        t->observed, plan_step_table(step), step->name);
    const struct ovsdb_idl_column *column
        = fields_bridge_column(plan_step_table(step));
    struct svec bridges = SVEC_EMPTY_INITIALIZER;
    bool kept = false;

    steps_split(have ? model_row_get(have, MODEL_F_BRIDGE) : "", &bridges);
    for (size_t i = 0; i < bridges.n; i++) {
        const struct ovsdb_idl_row *from = steps_find(t, PLAN_BRIDGE,
                                                      bridges.names[i]);

        if (keep && !strcmp(bridges.names[i], keep)) {
            kept = true;
        } else if (from) {
            ovsdb_idl_txn_delete_partial_set(from, column, uuid_datum(row));
        }
    }
    svec_destroy(&bridges);
    return kept;
}

static void
add_satellite(struct steps_txn *t, const struct plan_step *step)
{
    enum model_table table = plan_step_table(step);
    const struct ovsdb_idl_row *row
        = ovsdb_idl_txn_insert(t->txn, fields_class(table), NULL);
    const char *bridge = plan_step_get(step, MODEL_F_BRIDGE);

    note_new(t, table, step->name, row);
    write_changes(t, step, row);
    if (bridge) {
        attach(t, step, bridge, row);
    }
}

static void
verify_external_ids(const struct plan_step *step,
                    const struct ovsdb_idl_row *row)
{
    ovsdb_idl_txn_verify(row, fields_find(plan_step_table(step), MODEL_MARK));
}

static void
move_satellite(struct steps_txn *t, const struct plan_step *step,
               const struct ovsdb_idl_row *row)
{
    const char *bridge = plan_step_get(step, MODEL_F_BRIDGE);

    if (bridge && !detach(t, step, row, bridge)) {
        attach(t, step, bridge, row);
    }
}

static void
delete_satellite(const struct steps_txn *t, const struct plan_step *step)
{
    enum model_table table = plan_step_table(step);
    const struct ovsdb_idl_row *row = steps_find(t, step->what, step->name);

    if (!row || row == t->noop) {
        return;
    }
    verify_external_ids(step, row);
    if (model_table_bridge_column(table)) {
        detach(t, step, row, NULL);
    } else {
        ovsdb_idl_txn_delete(row);
    }
}

static void
write_add(struct steps_txn *t, const struct plan_step *step)
{
    if (plan_step_is_satellite(step)) {
        add_satellite(t, step);
    } else if (step->what == PLAN_BRIDGE) {
        add_bridge(t, step);
    } else if (step->what == PLAN_PORT) {
        add_port(t, step);
    } else if (step->what == PLAN_INTERFACE) {
        add_iface(t, step);
    }
}

static void
write_set(struct steps_txn *t, const struct plan_step *step)
{
    const struct ovsdb_idl_row *row = steps_find(t, step->what, step->name);
    const struct plan_change *mark = plan_step_find(step, MODEL_MARK);

    if (mark && !mark->old) {
        /* Another instance may be about to take it over as well. */
        verify_external_ids(step, row);
    }
    write_changes(t, step, row);
    if (plan_step_is_satellite(step)) {
        move_satellite(t, step, row);
    }
    if (step->what == PLAN_PORT) {
        const struct ovsrec_port *port = observer_port(t->observer,
                                                       step->name);
        const char *bridge = plan_step_get(step, MODEL_F_BRIDGE);

        if (bridge && !leave_bridges(t, port, bridge)) {
            ovsrec_bridge_update_ports_addvalue(
                observer_bridge(t->observer, bridge), port);
        }
    }
}

static void
delete_iface(struct steps_txn *t, const struct plan_step *step)
{
    const struct ovsrec_interface *iface = observer_iface(t->observer,
                                                          step->name);
    const struct ovsrec_port *port
        = step->parent ? observer_port(t->observer, step->parent) : NULL;

    for (size_t i = 0; iface && port && i < port->n_interfaces; i++) {
        if (port->interfaces[i] == iface) {
            ovsrec_interface_verify_external_ids(iface);
            ovsrec_port_update_interfaces_delvalue(port, iface);
        }
    }
}

/* Bridge, Port and Interface rows are collected by the server once nothing
 * refers to them. */
static void
write_del(struct steps_txn *t, const struct plan_step *step)
{
    if (step->what == PLAN_BRIDGE) {
        const struct ovsrec_bridge *bridge = observer_bridge(t->observer,
                                                             step->name);
        if (bridge) {
            ovsrec_bridge_verify_external_ids(bridge);
            ovsrec_bridge_verify_ports(bridge);
            ovsrec_open_vswitch_update_bridges_delvalue(t->ovs, bridge);
        }
    } else if (step->what == PLAN_PORT) {
        const struct ovsrec_port *port = observer_port(t->observer,
                                                       step->name);
        if (port) {
            ovsrec_port_verify_external_ids(port);
            leave_bridges(t, port, NULL);
            /* The server looks at references before it collects. */
            ovsrec_port_set_qos(port, NULL);
        }
    } else if (step->what == PLAN_INTERFACE) {
        delete_iface(t, step);
    } else if (plan_step_is_satellite(step)) {
        delete_satellite(t, step);
    }
}

static void
write_step(struct steps_txn *t, const struct plan_step *step)
{
    if (step->op == PLAN_ADD) {
        write_add(t, step);
    } else if (step->op == PLAN_SET) {
        write_set(t, step);
    } else {
        write_del(t, step);
    }
}

void
steps_write(struct steps_txn *t, struct plan_step **steps, size_t n)
{
    /* What is added must be there before it is referred to. */
    static const enum plan_what order[] = {
        PLAN_QUEUE, PLAN_QOS, PLAN_BRIDGE, PLAN_PORT, PLAN_INTERFACE,
        PLAN_MIRROR, PLAN_CONTROLLER, PLAN_NETFLOW, PLAN_SFLOW, PLAN_IPFIX
    };
    char *error = steps_check(t, steps, n);

    if (error) {
        for (size_t i = 0; i < n; i++) {
            steps[i]->error = xstrdup(error);
        }
        free(error);
        return;
    }
    for (size_t k = 0; k < ARRAY_SIZE(order); k++) {
        for (size_t i = 0; i < n; i++) {
            if (steps[i]->what == order[k]) {
                write_step(t, steps[i]);
            }
        }
    }
}

bool
steps_is_refused(const struct observer *observer,
                 const struct plan_step *step, const char *text)
{
    struct steps_txn t = { .observer = observer };
    const struct ovsdb_idl_row *row;
    char uuid[UUID_LEN + 1] = "";

    if (step->op != PLAN_DEL || !plan_step_is_satellite(step)) {
        return false;
    }
    steps_txn_init(&t);
    row = steps_find(&t, step->what, step->name);
    if (row) {
        snprintf(uuid, sizeof uuid, UUID_FMT, UUID_ARGS(&row->uuid));
    }
    steps_txn_destroy(&t);
    return *uuid && strstr(text, uuid);
}
