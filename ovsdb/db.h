/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_OVSDB_DB_H
#define PORTD_OVSDB_DB_H 1

/* Database
 * ========
 *
 * The OVSDB side: rows of Open_vSwitch, Bridge, Port, Interface and QoS
 * become bridges and ports in the observed model; steps of a plan become a
 * transaction.  The only place that knows the IDL; it knows nothing of the
 * kernel or of specs.
 *
 *     db_run() --> observed model            (tracked changes only)
 *     db_txn_start() --> db_txn_run()... --> each step has its result
 *
 * One transaction is in flight at a time.  One that the server rejects is
 * bisected by object until the offenders stand alone: they get the server's
 * error text, all others are committed. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "openvswitch/compiler.h"

struct model_observed;
struct plan_step;
struct db;

struct db_stats {
    unsigned long long txns;    /* Transactions sent. */
    unsigned long long rejected; /* Of which the server refused. */
    unsigned long long resyncs; /* Snapshots loaded, the first included. */
};

/* Connects to 'remote' ("unix:/run/openvswitch/db.sock") in the background.
 * 'observed' is borrowed.  With 'lock' the OVSDB lock of the observed model's
 * instance is asked for; without it nothing is ever written. */
struct db *db_open(const char *remote, struct model_observed *observed,
                   bool lock);
void db_close(struct db *);

void db_run(struct db *);
void db_wait(struct db *);

/* True while there is a connection and the database's snapshot, that is
 * db_complete, is in the model; a stopped server is noticed within 10 s. */
bool db_is_connected(const struct db *);
/* True while this process holds the instance's lock. */
bool db_has_lock(const struct db *);
/* True while another process holds it. */
bool db_lock_contended(const struct db *);

/* True if a transaction can be begun: connected, with the lock, none in
 * flight, and the database has its Open_vSwitch row. */
bool db_can_write(const struct db *);
/* False while the database has not even the one row of Open_vSwitch. */
bool db_is_initialized(const struct db *);

/* Re-reads all rows into the model ('resync', the slow audit). */
void db_resync(struct db *);

/* Begins a transaction of those of the 'n' 'steps' that are not PLAN_LINK and
 * wait for nothing ('after' is NULL); db_can_write() should hold, else they
 * all get DB_TXN_LOST.  The steps are not copied: they must stay until
 * db_txn_run() has returned true.  The steps of one object are committed
 * together or not at all, and have the same 'error' then. */
void db_txn_start(struct db *, struct plan_step **steps, size_t n);
/* Call once per loop after db_run().  Returns true once every step of the
 * transaction has its result: 'error' NULL means committed (and seen: the
 * model holds the rows by then).  Where the connection or the lock is lost
 * half-way, or the server does not answer for 10 s, the steps get DB_TXN_LOST,
 * which says nothing of the outcome: the model does, once db_is_connected()
 * holds again. */
bool db_txn_run(struct db *);
bool db_txn_in_flight(const struct db *);
#define DB_TXN_LOST "the connection to ovsdb-server was lost"

const struct db_stats *db_get_stats(const struct db *);

#endif /* ovsdb/db.h */
