/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "controller/reconcile.h"

#include <limits.h>

#include "controller/record.h"
#include "ovsdb/db.h"
#include "src/host/host.h"
#include "src/store/store.h"
#include "timeval.h"
#include "util.h"

/* How the daemon and its objects stand: what reconcile.h only tells. */

const char *
reconcile_impediment(const struct reconcile *r, bool *standby)
{
    const char *why = r->writable ? host_cannot_write(r->host) : NULL;

    *standby = why && db_lock_contended(host_db(r->host));
    if (why) {
        return why;
    } else if (!db_is_connected(host_db(r->host))) {
        return "not connected to ovsdb-server";
    } else if (reconcile_lags(r, time_msec())) {
        return "ovs-vswitchd has not applied the configuration for over 5 s;"
               " is it running?";
    } else if (r->vswitchd_fault) {
        return r->vswitchd_fault;
    } else if (specs_is_empty(&r->specs)
               && store_get_dir(r->store)->error) {
        return store_get_dir(r->store)->error;
    }
    return NULL;
}

enum model_state
reconcile_state(const struct reconcile *r, const struct record *record,
                const char **text)
{
    const struct model_object *object
        = model_wanted_get(host_wanted(r->host), record->id);
    const struct specs_file *file
        = object ? specs_get(&r->specs, object->source) : NULL;
    bool standby;
    const char *why = reconcile_impediment(r, &standby);

    if (file && !file->valid) {
        *text = file->errors.n ? file->errors.names[0] : "";
        return MODEL_INVALID;
    } else if (why && !standby
               && (record->verdict.state == MODEL_APPLYING
                   || r->vswitchd_fault
                   || !db_is_connected(host_db(r->host)))) {
        *text = why;
        return MODEL_DEGRADED;
    }
    *text = record->verdict.text;
    return record->verdict.state;
}

bool
reconcile_is_quiet(const struct reconcile *r, const struct sset *ids)
{
    if (!r->began) {
        return false;
    } else if (!ids) {
        return !r->busy && sset_is_empty(&r->dirty);
    }

    const char *id;
    SSET_FOR_EACH (id, ids) {
        if (sset_contains(&r->dirty, id)) {
            return false;
        }
    }
    for (size_t i = 0; r->busy && i < r->plan.n_steps; i++) {
        if (!r->plan.steps[i]->after
            && sset_contains(ids, r->plan.steps[i]->object)) {
            return false;
        }
    }
    return true;
}
