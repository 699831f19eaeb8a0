/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_CONTROLLER_RECONCILE_H
#define PORTD_CONTROLLER_RECONCILE_H 1

/* Reconcile
 * =========
 *
 * The daemon's loop.  Files, OVSDB and the kernel mark objects dirty; a pass
 * plans the dirty ones against what is observed now, and does what can be
 * done now.
 *
 *     files ----.                        .--> kernel steps
 *     OVSDB -----+--> dirty --> plan ----+
 *     kernel ---'       ^                `--> one transaction
 *                       |                          |
 *                       `----- seen, or failed ----'
 *
 * While a transaction is in flight nothing else is planned. An object that
 * still waits for something is planned again when that something shows up as
 * an event, when ovs-vswitchd has applied a configuration, or when its
 * backoff or grace is over; never because time merely passes. */

#include <limits.h>
#include <stdbool.h>
#include "src/host/fuses.h"
#include "openvswitch/shash.h"
#include "sset.h"
#include "src/host/specs.h"
#include "src/plan/plan.h"

struct deadline;
struct host;
struct pending_place;
struct record;
struct store;
struct vswitchd_watch;

struct reconcile_counters {
    unsigned long long passes;  /* Passes that planned something. */
    unsigned long long idle_passes; /* Of which found nothing to do. */
};

struct reconcile {
    struct host *host;
    struct store *store;
    struct deadline *deadline;
    struct specs specs;
    struct fuses fuses;
    struct shash records;       /* Object id -> struct record. */
    bool writable;              /* False with --observe. */

    struct sset dirty;          /* Ids to plan at the next pass. */
    struct shash adopting;      /* Id -> struct plan_allowed, to be adopted
                                 * at the next pass. */
    struct sset unsettled;      /* Ids to plan when ovs-vswitchd has applied
                                 * everything. */
    struct plan plan;           /* Of the last pass; being done if 'busy'. */
    bool busy;
    bool began;                 /* The first, full pass is being made. */
    long long int began_at;
    bool could_write;           /* At the last pass. */
    int64_t cur_cfg;            /* At the last pass. */
    bool applied;               /* model_observed_applied(), likewise. */
    size_t n_creating;          /* New devices since then. */
    long long int lag_since;    /* When cur_cfg fell behind; LLONG_MAX. */
    long long int wake;         /* When time alone makes something dirty. */
    long long int next_audit;
    long long int next_names;   /* To look for users again; LLONG_MAX. */
    bool files_changed;         /* Since the last look for them. */
    struct vswitchd_watch *vswitchd;
    const char *vswitchd_fault; /* Why nothing can be expected of it, or
                                 * NULL. */
    long long int next_refresh; /* Of TAPs that VMs hold; LLONG_MAX. */

    struct reconcile_counters counters;
};

/* Opens everything; 'place' is borrowed until reconcile_destroy().  Returns
 * NULL and the loop in '*rp', or an error message for the caller to free. */
char *reconcile_create(const struct pending_place *place, const char *db,
                       bool writable, struct reconcile **rp)
    OVS_WARN_UNUSED_RESULT;
void reconcile_destroy(struct reconcile *);

void reconcile_run(struct reconcile *);
void reconcile_wait(struct reconcile *);

/* Takes in what the files say right now instead of when they are quiet: those
 * called as in 'names' and those of which an event has told; NULL: all.
 * Returns false if they cannot be read now. */
bool reconcile_load_files(struct reconcile *, const struct sset *names);
/* Reads files and both worlds again from nothing. */
void reconcile_resync(struct reconcile *);
/* Lets the held deletion of 'id' go, or all if it is NULL.  Returns how many
 * that are. */
size_t reconcile_confirm(struct reconcile *, const char *id);
/* Object 'id' has been removed by its name from the files that are loaded by
 * now, so that its deletion is confirmed. */
void reconcile_removed(struct reconcile *, const char *id);

/* ovs-vswitchd applies a change within milliseconds, of thousands of ports
 * within seconds; one that takes longer is stopped or gone. */
#define RECONCILE_LAG_MS (5 * 1000)

/* True if ovs-vswitchd has made no progress for so long at 'now', in ms, with
 * something left to apply. */
static inline bool
reconcile_lags(const struct reconcile *r, long long int now)
{
    return (r->lag_since != LLONG_MAX
            && now - r->lag_since >= RECONCILE_LAG_MS);
}

/* Why the daemon as a whole does not do its work, or NULL: "degraded" and
 * "standby" are told apart by '*standby'. */
const char *reconcile_impediment(const struct reconcile *, bool *standby);

/* How object 'record' stands, the daemon's own state included. '*text' is
 * valid until the next reconcile_run(). */
enum model_state reconcile_state(const struct reconcile *,
                                 const struct record *record,
                                 const char **text);

/* What the plan of object 'id' is to know beyond the models.  'record' may be
 * NULL; it and 'held' are borrowed. */
struct plan_gate reconcile_gate(const struct reconcile *, const char *id,
                                const struct record *record,
                                const char *held);

/* True if no object (of the set 'ids', if it is not NULL) is dirty or being
 * worked on. */
bool reconcile_is_quiet(const struct reconcile *, const struct sset *ids);

#endif /* controller/reconcile.h */
