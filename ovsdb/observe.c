/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "ovsdb/observe.h"

#include <string.h>
#include "openvswitch/shash.h"
#include "openvswitch/vlog.h"
#include "ovsdb-idl.h"
#include "ovsdb/bridge-ports.h"
#include "ovsdb/fields.h"
#include "ovsdb/satellites.h"
#include "src/model/observed.h"
#include "src/sets.h"
#include "sset.h"
#include "svec.h"
#include "util.h"
#include "vswitch-idl.h"

VLOG_DEFINE_THIS_MODULE(portd_observe);

/* A changed Interface or QoS row needs no map of ours to find its Port: the
 * IDL tracks every row that refers to a changed one along with it
 * (add_tracked_change_for_references() in OVS's lib/ovsdb-idl.c).  Port to
 * Bridge is another matter, because a port that moves does not change.
 *
 * Names serve as keys, not UUIDs: the schema makes them unique in each table
 * and immutable, and a row that was deleted and another that was inserted
 * under its name within one update are one change to us.  No pointer to a row
 * outlives a call. */
struct observer {
    struct ovsdb_idl *idl;
    struct model_observed *observed;
    struct ovsdb_idl_index *bridges, *ports, *ifaces; /* By name. */

    struct bridge_ports bridge_ports;
    struct fields_namer namer;
    struct satellites *satellites;

    struct sset dirty_bridges, dirty_ports; /* Only within one call. */
};

static void
track_table(struct ovsdb_idl *idl, enum model_table table)
{
    size_t n;
    const struct fields_column *columns = fields_columns(table, &n);

    for (size_t i = 0; i < n; i++) {
        ovsdb_idl_track_add_column(idl, columns[i].idl);
    }
}

/* What is read, and no more: Interface.statistics alone would wake us every
 * few seconds for every port. */
static void
track_columns(struct ovsdb_idl *idl)
{
    static const struct ovsdb_idl_column *const columns[] = {
        &ovsrec_open_vswitch_col_next_cfg,
        &ovsrec_open_vswitch_col_cur_cfg,
        &ovsrec_open_vswitch_col_external_ids,
        &ovsrec_open_vswitch_col_bridges,
        &ovsrec_bridge_col_name,
        &ovsrec_port_col_name,
        &ovsrec_port_col_interfaces,
        &ovsrec_interface_col_name,
        &ovsrec_interface_col_ofport,
        &ovsrec_interface_col_error,
    };

    for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
        ovsdb_idl_track_add_column(idl, columns[i]);
    }
    track_table(idl, MODEL_TABLE_BRIDGE);
    track_table(idl, MODEL_TABLE_PORT);
    track_table(idl, MODEL_TABLE_INTERFACE);
}

/* What the model calls a row that another one refers to. */
static char *
name_row(const void *o_, enum model_table table, const struct uuid *uuid)
{
    const struct observer *o = o_;

    if (table == MODEL_TABLE_PORT) {
        const struct ovsrec_port *port
            = ovsrec_port_get_for_uuid(o->idl, uuid);
        return port ? xstrdup(port->name) : NULL;
    }
    return satellites_name(o->satellites, uuid);
}

struct observer *
observer_create(struct ovsdb_idl *idl, struct model_observed *observed)
{
    struct observer *o = xzalloc(sizeof *o);

    o->idl = idl;
    o->observed = observed;
    track_columns(idl);
    o->bridges = ovsdb_idl_index_create1(idl, &ovsrec_bridge_col_name);
    o->ports = ovsdb_idl_index_create1(idl, &ovsrec_port_col_name);
    o->ifaces = ovsdb_idl_index_create1(idl, &ovsrec_interface_col_name);
    bridge_ports_init(&o->bridge_ports);
    o->namer = (struct fields_namer) { name_row, o };
    o->satellites = satellites_create(idl, observed, &o->namer);
    sset_init(&o->dirty_bridges);
    sset_init(&o->dirty_ports);
    return o;
}

void
observer_destroy(struct observer *o)
{
    if (o) {
        bridge_ports_destroy(&o->bridge_ports);
        sset_destroy(&o->dirty_bridges);
        sset_destroy(&o->dirty_ports);
        satellites_destroy(o->satellites);
        free(o);
    }
}

const struct ovsrec_bridge *
observer_bridge(const struct observer *o, const char *name)
{
    struct ovsrec_bridge *key = ovsrec_bridge_index_init_row(o->bridges);
    const struct ovsrec_bridge *row;

    ovsrec_bridge_index_set_name(key, name);
    row = ovsrec_bridge_index_find(o->bridges, key);
    ovsrec_bridge_index_destroy_row(key);
    return row;
}

const struct ovsrec_port *
observer_port(const struct observer *o, const char *name)
{
    struct ovsrec_port *key = ovsrec_port_index_init_row(o->ports);
    const struct ovsrec_port *row;

    ovsrec_port_index_set_name(key, name);
    row = ovsrec_port_index_find(o->ports, key);
    ovsrec_port_index_destroy_row(key);
    return row;
}

const struct ovsrec_interface *
observer_iface(const struct observer *o, const char *name)
{
    struct ovsrec_interface *key = ovsrec_interface_index_init_row(o->ifaces);
    const struct ovsrec_interface *row;

    ovsrec_interface_index_set_name(key, name);
    row = ovsrec_interface_index_find(o->ifaces, key);
    ovsrec_interface_index_destroy_row(key);
    return row;
}

const struct sset *
observer_port_bridges(const struct observer *o, const char *name)
{
    return bridge_ports_find(&o->bridge_ports, name);
}

const struct ovsdb_idl_row *
observer_satellite(const struct observer *o, enum model_table table,
                   const char *name)
{
    return satellites_find(o->satellites, table, name);
}

/* From rows to the model. */

static void
put_bridge(struct observer *o, const struct ovsrec_bridge *row)
{
    struct model_bridge *bridge = model_bridge_create(row->name);

    fields_read(&row->header_, &o->namer, &bridge->row);
    model_observed_put_bridge(o->observed, bridge);
}

static void
read_iface(const struct observer *o, const struct ovsrec_interface *row,
           struct model_port *port)
{
    struct model_iface *iface = model_port_add_iface(port, row->name);

    fields_read(&row->header_, &o->namer, &iface->row);
    if (!strcmp(model_row_get(&iface->row, "type"), "system")) {
        smap_remove(&iface->row.fields, "type"); /* Another name for "". */
    }
    iface->ofport = row->n_ofport ? row->ofport[0] : 0;
    free(iface->error);
    iface->error = nullable_xstrdup(row->error);
}

static void
put_port(struct observer *o, const struct ovsrec_port *row)
{
    struct model_port *port = model_port_create(row->name);
    const struct sset *bridges = observer_port_bridges(o, row->name);
    struct svec names = SVEC_EMPTY_INITIALIZER;
    const char *bridge;

    fields_read(&row->header_, &o->namer, &port->row);
    for (size_t i = 0; i < row->n_interfaces; i++) {
        read_iface(o, row->interfaces[i], port);
    }
    if (bridges) {
        SSET_FOR_EACH (bridge, bridges) {
            svec_add(&names, bridge);
        }
    }
    svec_sort(&names);
    char *joined = svec_join(&names, ",", "");
    model_row_set(&port->row, MODEL_F_BRIDGE, joined);
    free(joined);
    svec_destroy(&names);
    model_observed_put_port(o->observed, port);
}

static void
flush_dirty(struct observer *o)
{
    const char *name;

    satellites_flush(o->satellites);
    SSET_FOR_EACH (name, &o->dirty_bridges) {
        const struct ovsrec_bridge *row = observer_bridge(o, name);
        if (row) {
            put_bridge(o, row);
        } else {
            model_observed_remove_bridge(o->observed, name);
        }
    }
    /* An interface that moves from one port to another must not be found
     * under both: ports that are gone go first. */
    SSET_FOR_EACH (name, &o->dirty_ports) {
        if (!observer_port(o, name)) {
            model_observed_remove_port(o->observed, name);
        }
    }
    SSET_FOR_EACH (name, &o->dirty_ports) {
        const struct ovsrec_port *row = observer_port(o, name);
        if (row) {
            put_port(o, row);
        }
    }
    sets_reset(&o->dirty_bridges);
    sets_reset(&o->dirty_ports);
}

static void
update_ports(struct observer *o, const char *name)
{
    bridge_ports_update(&o->bridge_ports, o->idl, name,
                        observer_bridge(o, name), &o->dirty_ports);
}

static void
update_satellites(struct observer *o, const char *name)
{
    const struct ovsrec_bridge *row = observer_bridge(o, name);

    satellites_update_bridge(o->satellites, name, row ? &row->header_ : NULL);
}

/* The row Open_vSwitch. */

static const char *
ovn_bridge(const struct ovsrec_open_vswitch *row)
{
    const char *name = row ? smap_get(&row->external_ids, "ovn-bridge") : NULL;

    return (name && *name ? name
            : row && smap_get(&row->external_ids, "ovn-remote") ? "br-int"
            : NULL);
}

static void
update_globals(struct observer *o)
{
    const struct ovsrec_open_vswitch *row = ovsrec_open_vswitch_first(o->idl);
    struct model_observed *m = o->observed;
    const char *bridge = ovn_bridge(row);

    m->next_cfg = row ? row->next_cfg : 0;
    m->cur_cfg = row ? row->cur_cfg : 0;
    if (!nullable_string_is_equal(m->ovn_bridge, bridge)) {
        /* Whose some of a bridge's columns are has changed. */
        if (m->ovn_bridge) {
            sset_add(&m->dirty_names, m->ovn_bridge);
        }
        if (bridge) {
            sset_add(&m->dirty_names, bridge);
        }
        free(m->ovn_bridge);
        m->ovn_bridge = nullable_xstrdup(bridge);
    }
}

bool
observer_reloaded(const struct observer *o)
{
    const struct ovsrec_open_vswitch *row;

    /* Its only row is there as long as the database is. */
    OVSREC_OPEN_VSWITCH_FOR_EACH_TRACKED (row, o->idl) {
        if (ovsrec_open_vswitch_is_new(row)) {
            return true;
        }
    }
    return false;
}

/* True if 'row' itself has changed, and not only a port of it. */
static bool
bridge_changed(const struct ovsrec_bridge *row)
{
    if (ovsrec_bridge_is_new(row) || ovsrec_bridge_is_deleted(row)) {
        return true;
    }
    for (size_t i = 0; i < OVSREC_BRIDGE_N_COLUMNS; i++) {
        if (ovsrec_bridge_is_updated(row, i)) {
            return true;
        }
    }
    return false;
}

/* True if 'row', which has changed, is new or gone, or if what it refers to
 * in 'column' is other rows than before. */
static bool
refers_anew(const struct ovsrec_bridge *row,
            const struct ovsdb_idl_column *column)
{
    return (ovsrec_bridge_is_new(row) || ovsrec_bridge_is_deleted(row)
            || ovsdb_idl_track_is_updated(&row->header_, column));
}

static bool
has_other_satellites(const struct ovsrec_bridge *row)
{
    for (enum model_table t = 0; t < MODEL_N_TABLES; t++) {
        if (model_table_bridge_column(t)
            && refers_anew(row, fields_bridge_column(t))) {
            return true;
        }
    }
    return false;
}

void
observer_track(struct observer *o)
{
    const struct ovsrec_bridge *bridge;
    const struct ovsrec_port *port;

    OVSREC_BRIDGE_FOR_EACH_TRACKED (bridge, o->idl) {
        if (bridge_changed(bridge)) {
            sset_add(&o->dirty_bridges, bridge->name);
            if (refers_anew(bridge, &ovsrec_bridge_col_ports)) {
                update_ports(o, bridge->name);
            }
            /* A mirror may refer to as many ports as the bridge has: it is
             * not read for each that comes or goes. */
            if (has_other_satellites(bridge)) {
                update_satellites(o, bridge->name);
            }
        }
    }
    OVSREC_PORT_FOR_EACH_TRACKED (port, o->idl) {
        sset_add(&o->dirty_ports, port->name);
    }
    satellites_track(o->satellites);
    if (ovsrec_open_vswitch_track_get_first(o->idl)) {
        update_globals(o);
    }
    flush_dirty(o);
}

void
observer_resync(struct observer *o)
{
    const struct ovsrec_bridge *bridge_row;
    const struct ovsrec_port *port_row;
    const struct model_bridge *bridge;
    const struct model_port *port;

    HMAP_FOR_EACH (bridge, node, &o->observed->bridges) {
        sset_add(&o->dirty_bridges, bridge->row.name);
    }
    HMAP_FOR_EACH (port, node, &o->observed->ports) {
        sset_add(&o->dirty_ports, port->row.name);
    }
    OVSREC_BRIDGE_FOR_EACH (bridge_row, o->idl) {
        sset_add(&o->dirty_bridges, bridge_row->name);
    }
    OVSREC_PORT_FOR_EACH (port_row, o->idl) {
        sset_add(&o->dirty_ports, port_row->name);
    }
    const char *name;
    SSET_FOR_EACH (name, &o->dirty_bridges) {
        update_ports(o, name);
        update_satellites(o, name);
    }
    satellites_resync(o->satellites);
    update_globals(o);
    VLOG_DBG("resync: %"PRIuSIZE" bridges, %"PRIuSIZE" ports",
             sset_count(&o->dirty_bridges), sset_count(&o->dirty_ports));
    flush_dirty(o);
}
