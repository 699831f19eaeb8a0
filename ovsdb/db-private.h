/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_OVSDB_DB_PRIVATE_H
#define PORTD_OVSDB_DB_PRIVATE_H 1

/* What db.c (life cycle) and txn.c (transactions) share; for ovsdb/ only. */

#include "ovsdb/db.h"

struct db_txn;
struct observer;
struct ovsdb_idl;

struct db {
    struct ovsdb_idl *idl;
    struct model_observed *observed; /* Borrowed. */
    struct observer *observer;
    struct db_txn *txn;         /* In flight, or NULL. */
    struct db_stats stats;

    bool lock;                  /* Was the lock asked for? */
    bool complete;              /* Connected, and the snapshot is here. */
    bool resync;                /* db_resync() was called. */
    unsigned int lost_seqno;    /* IDL's seqno while it had no connection. */
    unsigned int n_losses;      /* How often it lost a connection. */
};

/* The transaction will never know its result: drops it. */
void db_txn_destroy(struct db_txn *);
void db_txn_wait(const struct db_txn *);

#endif /* ovsdb/db-private.h */
