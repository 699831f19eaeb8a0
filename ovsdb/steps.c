/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "ovsdb/steps.h"

#include <string.h>
#include "ovsdb-idl-provider.h"
#include "ovsdb/compat.h"
#include "ovsdb/fields.h"
#include "ovsdb/observe.h"
#include "ovsdb/steps-private.h"
#include "smap.h"
#include "src/model/observed.h"
#include "util.h"
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
    t->noop = NULL;
}

void
steps_txn_destroy(struct steps_txn *t)
{
    sset_destroy(&t->new_ports);
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

/* Sets one key and leaves those of others alone. */
static void
write_key(const struct ovsdb_idl_row *row,
          const struct ovsdb_idl_column *column,
          const char *key, const char *value)
{
    struct ovsdb_datum *datum = xmalloc(sizeof *datum);

    compat_datum_alloc(datum, 1, value != NULL);
    compat_atom_set_string(&datum->keys[0], key);
    if (value) {
        compat_atom_set_string(&datum->values[0], value);
        ovsdb_idl_txn_write_partial_map(row, column, datum);
    } else if (ovsdb_datum_find_key(ovsdb_idl_read(row, column),
                                    &datum->keys[0], OVSDB_TYPE_STRING,
                                    NULL)) {
        ovsdb_idl_txn_delete_partial_map(row, column, datum);
    } else {
        struct ovsdb_type set = column->type;

        set.value.type = OVSDB_TYPE_VOID;
        ovsdb_datum_destroy(datum, &set);
        free(datum);
    }
}

/* Writes all keys that 'step' has for a map column of a new row. */
static void
write_map(const struct plan_step *step, const struct ovsdb_idl_row *row,
          const struct ovsdb_idl_column *column)
{
    struct smap map = SMAP_INITIALIZER(&map);
    struct ovsdb_datum datum;

    for (size_t i = 0; i < step->n_changes; i++) {
        const struct plan_change *c = &step->changes[i];

        if (c->new && !steps_is_pseudo(step, c->field)
            && fields_find(steps_table(step), c->field) == column) {
            smap_replace(&map, model_field_key(c->field), c->new);
        }
    }
    ovsdb_datum_from_smap(&datum, &map);
    ovsdb_idl_txn_write(row, column, &datum);
    smap_destroy(&map);
}

static void
write_changes(const struct plan_step *step, const struct ovsdb_idl_row *row)
{
    for (size_t i = 0; i < step->n_changes; i++) {
        const struct plan_change *c = &step->changes[i];
        const struct ovsdb_idl_column *column;
        const char *key = model_field_key(c->field);

        if (steps_is_pseudo(step, c->field)) {
            continue;
        }
        column = fields_find(steps_table(step), c->field);
        if (!key) {
            write_column(row, column, c->new);
        } else if (step->op == PLAN_ADD) {
            write_map(step, row, column);
        } else {
            write_key(row, column, key, c->new);
        }
    }
}

static const struct ovsrec_qos *
get_noop(struct steps_txn *t)
{
    if (!t->noop) {
        const struct ovsrec_qos *row;

        OVSREC_QOS_FOR_EACH (row, ovsdb_idl_txn_get_idl(t->txn)) {
            if (observer_is_noop(t->observer, row)) {
                t->noop = row;
                return row;
            }
        }

        char *mark = model_mark(t->observed->instance, MODEL_QOS_NOOP);
        struct smap ids = SMAP_CONST1(&ids, model_field_key(MODEL_MARK), mark);
        row = ovsrec_qos_insert(t->txn);
        ovsrec_qos_set_type(row, "linux-noop");
        ovsrec_qos_set_external_ids(row, &ids);
        free(mark);
        t->noop = row;
    }
    return t->noop;
}

static void
delete_noop(struct steps_txn *t)
{
    const struct ovsrec_qos *row;

    OVSREC_QOS_FOR_EACH_SAFE (row, ovsdb_idl_txn_get_idl(t->txn)) {
        if (row != t->noop && observer_is_noop(t->observer, row)) {
            ovsrec_qos_verify_external_ids(row);
            ovsrec_qos_delete(row);
        }
    }
}

static void
write_qos(struct steps_txn *t, const struct plan_step *step,
          const struct ovsrec_port *port)
{
    const struct plan_change *change = plan_step_find(step, MODEL_F_QOS);

    if (change) {
        bool noop = change->new && *change->new;
        ovsrec_port_set_qos(port, noop ? get_noop(t) : NULL);
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
    write_changes(step, &port->header_);
    write_qos(t, step, port);
    ovsrec_bridge_update_ports_addvalue(bridge, port);
}

static void
add_iface(struct steps_txn *t, const struct plan_step *step)
{
    const struct ovsrec_port *port = observer_port(t->observer, step->parent);
    const struct ovsrec_interface *iface = ovsrec_interface_insert(t->txn);

    ovsrec_interface_set_name(iface, step->name);
    write_changes(step, &iface->header_);
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
    write_changes(step, &bridge->header_);
    ovsrec_open_vswitch_update_bridges_addvalue(t->ovs, bridge);
}

static void
write_add(struct steps_txn *t, const struct plan_step *step)
{
    switch (step->what) {
    case PLAN_BRIDGE:
        add_bridge(t, step);
        break;
    case PLAN_PORT:
        add_port(t, step);
        break;
    case PLAN_INTERFACE:
        add_iface(t, step);
        break;
    case PLAN_QOS:
        get_noop(t);
        break;
    case PLAN_LINK:
    default:
        break;
    }
}

static void
verify_external_ids(enum plan_what what, const struct ovsdb_idl_row *row)
{
    const struct ovsdb_idl_column *column
        = (what == PLAN_BRIDGE ? &ovsrec_bridge_col_external_ids
           : what == PLAN_PORT ? &ovsrec_port_col_external_ids
           : &ovsrec_interface_col_external_ids);

    ovsdb_idl_txn_verify(row, column);
}

static void
write_set(struct steps_txn *t, const struct plan_step *step)
{
    struct steps_target target = steps_find(t, step->what, step->name);
    const struct plan_change *mark = plan_step_find(step, MODEL_MARK);

    if (mark && !mark->old) {
        /* Another instance may be about to take it over as well. */
        verify_external_ids(step->what, target.row);
    }
    write_changes(step, target.row);
    if (step->what == PLAN_PORT) {
        const struct ovsrec_port *port = observer_port(t->observer,
                                                       step->name);
        const char *bridge = plan_step_get(step, MODEL_F_BRIDGE);

        write_qos(t, step, port);
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
        }
    } else if (step->what == PLAN_INTERFACE) {
        delete_iface(t, step);
    } else if (step->what == PLAN_QOS) {
        delete_noop(t);
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
        PLAN_QOS, PLAN_BRIDGE, PLAN_PORT, PLAN_INTERFACE
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
