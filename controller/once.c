/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "controller/once.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "controller/reconcile.h"
#include "controller/record.h"
#include "controller/status.h"
#include "openvswitch/poll-loop.h"
#include "ovsdb/db.h"
#include "src/host/host.h"
#include "src/store/store.h"
#include "util.h"

/* The exit status as far as an object in 'state' is concerned. */
static int
state_status(enum model_state state)
{
    enum model_outcome outcome = model_state_outcome(state);

    return (outcome == MODEL_FAILED ? ONCE_BAD
            : outcome == MODEL_BLOCKED && state != MODEL_HELD ? ONCE_TIMEOUT
            : ONCE_DONE);
}

/* Of two statuses the one that says more: "bad" beats "not yet". */
static int
worse(int a, int b)
{
    return a == ONCE_BAD || b == ONCE_BAD ? ONCE_BAD : MAX(a, b);
}

/* True if something of an object is being done, or is about to be. */
static bool
is_under_way(const struct reconcile *r, const struct record *record)
{
    const char *text;
    enum model_state state = reconcile_state(r, record, &text);

    return model_state_outcome(state) == MODEL_UNDERWAY;
}

bool
once_is_ready(const struct reconcile *r, long long int now)
{
    struct shash_node *node;

    if (!r->began) {
        return false;
    } else if (!r->writable || db_lock_contended(host_db(r->host))) {
        return true;            /* It only observes, or stands by. */
    }

    long long int deadline = r->began_at + ONCE_READY_MS;
    if (now >= deadline) {
        return true;
    }
    poll_timer_wait_until(deadline);
    if (!r->could_write || !reconcile_is_quiet(r, NULL)) {
        return false;
    }
    SHASH_FOR_EACH (node, &r->records) {
        if (is_under_way(r, node->data)) {
            return false;
        }
    }
    return true;
}

/* True once no object can get any further without something from outside. */
static bool
is_converged(const struct reconcile *r, int *status)
{
    struct shash_node *node;

    if (!reconcile_is_quiet(r, NULL)) {
        return false;
    }
    *status = ONCE_DONE;
    SHASH_FOR_EACH (node, &r->records) {
        const char *text;
        enum model_state state = reconcile_state(r, node->data, &text);

        if (r->writable
            && (is_under_way(r, node->data)
                /* Its grace is running. */
                || (state == MODEL_HELD && r->wake != LLONG_MAX))) {
            return false;
        }
        if (!model_id_is_internal(node->name)) {
            *status = worse(*status, state_status(state));
        }
    }
    /* A file of which nothing is in force has no objects to tell of it. */
    SHASH_FOR_EACH (node, &r->specs.files) {
        const struct specs_file *file = node->data;
        *status = worse(*status, file->valid ? ONCE_DONE : ONCE_BAD);
    }
    /* Nor has a directory that cannot be read. */
    if (!shash_count(&r->specs.files) && store_get_dir(r->store)->error) {
        *status = ONCE_BAD;
    }
    /* Who only observes cannot have come too late. */
    if (!r->writable && *status == ONCE_TIMEOUT) {
        *status = ONCE_DONE;
    }
    return true;
}

bool
once_is_over(const struct reconcile *r, long long int start,
             long long int now, int *status)
{
    long long int deadline = start + ONCE_CONVERGE_MS;

    if (!db_is_connected(host_db(r->host))) {
        deadline = start + ONCE_CONNECT_MS;
        *status = ONCE_ABSENT;
    } else if (r->writable && db_lock_contended(host_db(r->host))) {
        *status = ONCE_ABSENT;
        return true;
    } else if (r->began && (r->could_write || !r->writable)
               && is_converged(r, status)) {
        return true;
    } else {
        *status = ONCE_TIMEOUT;
    }
    poll_timer_wait_until(deadline);
    return now >= deadline;
}

void
once_report(const struct reconcile *r)
{
    char *text = r->writable ? status_text(r) : status_plan_text(r);

    fputs(text, stdout);
    fflush(stdout);
    free(text);
}
