/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "ovsdb/db.h"

#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovsdb-idl.h"
#include "ovsdb/db-private.h"
#include "ovsdb/observe.h"
#include "src/model/observed.h"
#include "util.h"
#include "vswitch-idl.h"

VLOG_DEFINE_THIS_MODULE(portd_db);

/* The IDL sends no probes over a Unix socket unless told to
 * (stream_or_pstream_needs_probes() in OVS's lib/jsonrpc.c), and a server that
 * was stopped would look healthy for ever.  An idle connection is probed after
 * this many ms and given up after as many again. */
#define PROBE_INTERVAL 5000

/* OVSDB takes identifiers only as the names of locks. */
static char *
lock_name(const char *instance)
{
    struct ds name = DS_EMPTY_INITIALIZER;

    ds_put_cstr(&name, "ovs_portd_");
    for (const char *p = instance; *p; p++) {
        unsigned char c = *p;

        /* isalnum() would depend on the locale. */
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
            || (c >= '0' && c <= '9') || c == '_') {
            ds_put_char(&name, c);
        } else {
            ds_put_format(&name, "_%02X", c);
        }
    }
    return ds_steal_cstr(&name);
}

struct db *
db_open(const char *remote, struct model_observed *observed, bool lock)
{
    struct db *db = xzalloc(sizeof *db);

    db->observed = observed;
    db->lock = lock;
    db->idl = ovsdb_idl_create_unconnected(&ovsrec_idl_class, false);
    db->observer = observer_create(db->idl, observed);
    if (lock) {
        char *name = lock_name(observed->instance);
        ovsdb_idl_set_lock(db->idl, name);
        free(name);
    }
    ovsdb_idl_set_remote(db->idl, remote, true);
    ovsdb_idl_set_probe_interval(db->idl, PROBE_INTERVAL);
    return db;
}

void
db_close(struct db *db)
{
    if (db) {
        db_txn_destroy(db->txn);
        observer_destroy(db->observer);
        ovsdb_idl_destroy(db->idl);
        db->observed->db_complete = false;
        free(db);
    }
}

static void
set_complete(struct db *db, bool complete)
{
    db->complete = complete;
    db->observed->db_complete = complete;
}

static void
load_snapshot(struct db *db)
{
    observer_resync(db->observer);
    db->stats.resyncs++;
    db->resync = false;
    set_complete(db, true);
}

/* After a reconnect the IDL throws its rows away without tracking that, so
 * everything is compared once.  In between it keeps the rows that it had: they
 * are no snapshot of anything any more.
 *
 * That the new snapshot is here shows in the IDL's seqno: nothing but the
 * reply to the monitor request can raise it after the connection was lost (the
 * lock's arrival does so only later), and ovsdb_idl_run() returns without a
 * connection at least once before it has the next one. */
void
db_run(struct db *db)
{
    ovsdb_idl_run(db->idl);

    if (!ovsdb_idl_is_connected(db->idl)) {
        if (db->complete) {
            VLOG_INFO("lost the connection to the database");
            db->n_losses++;
            set_complete(db, false);
        }
        db->lost_seqno = ovsdb_idl_get_seqno(db->idl);
    } else if (!db->complete) {
        if (ovsdb_idl_get_seqno(db->idl) != db->lost_seqno) {
            load_snapshot(db);
        }
    } else if (observer_reloaded(db->observer)) {
        /* Without losing the connection: the schema was converted. */
        load_snapshot(db);
    } else if (db->resync) {
        db->resync = false;
        observer_resync(db->observer);
    } else {
        observer_track(db->observer);
    }
    ovsdb_idl_track_clear(db->idl);
}

void
db_wait(struct db *db)
{
    ovsdb_idl_wait(db->idl);
    if (db->resync && db->complete) {
        poll_immediate_wake();
    }
    if (db->txn) {
        db_txn_wait(db->txn);
    }
}

bool
db_is_connected(const struct db *db)
{
    return db->complete;
}

bool
db_has_lock(const struct db *db)
{
    return (db->lock && ovsdb_idl_is_connected(db->idl)
            && ovsdb_idl_has_lock(db->idl));
}

bool
db_lock_contended(const struct db *db)
{
    return (db->lock && ovsdb_idl_is_connected(db->idl)
            && ovsdb_idl_is_lock_contended(db->idl));
}

void
db_resync(struct db *db)
{
    db->resync = true;
}

/* Every change goes along with next_cfg, so there must be a row that has it;
 * an empty database gets one from ovs-vswitchd's start script. */
bool
db_is_initialized(const struct db *db)
{
    return ovsrec_open_vswitch_first(db->idl) != NULL;
}

bool
db_can_write(const struct db *db)
{
    return (db->complete && !db->txn && db_has_lock(db)
            && db_is_initialized(db));
}

const struct db_stats *
db_get_stats(const struct db *db)
{
    return &db->stats;
}
