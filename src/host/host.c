/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/host/host.h"

#include <stdlib.h>
#include <string.h>

#include "openvswitch/poll-loop.h"
#include "ovsdb/db.h"
#include "src/failpoint.h"
#include "src/kernel/kernel.h"
#include "src/sets.h"
#include "stopwatch.h"
#include "timeval.h"
#include "util.h"

/* For "ovs-appctl stopwatch/show": one batch of kernel steps, and a
 * transaction from its composition to its answer. */
#define STOPWATCH_KERNEL "kernel-steps"
#define STOPWATCH_TXN "ovsdb-transaction"

struct host {
    struct model_wanted wanted;
    struct model_observed observed;
    struct db *db;
    struct kernel *kernel;
    bool writable;
    int64_t cur_cfg;            /* The last that was told the model; -1:
                                 * none. */

    /* The plan whose kernel steps are being done, a batch each time the loop
     * comes round; NULL once they are. */
    struct plan *plan;
    size_t n_looked_at;         /* Of its steps, in this round. */
    bool creating;              /* The second round: those that create
                                 * devices.  The rows are on their way. */

    /* Row steps of the plan, while the transaction is in flight. */
    struct plan_step **rows;

    /* Object id -> "struct sset" of the devices whose offloads are watched for
     * it. */
    struct shash watched;
};

char *
host_open(const char *db, const char *instance, bool writable,
          struct host **hostp)
{
    struct host *h = xzalloc(sizeof *h);
    char *boot_id = kernel_boot_id();

    *hostp = NULL;
    model_wanted_init(&h->wanted, instance);
    model_observed_init(&h->observed, instance, boot_id);
    free(boot_id);
    h->writable = writable;
    h->cur_cfg = -1;
    if (writable) {
        stopwatch_create(STOPWATCH_KERNEL, SW_US);
        stopwatch_create(STOPWATCH_TXN, SW_US);
    }
    shash_init(&h->watched);

    char *error = kernel_open(&h->observed, &h->kernel);
    if (error) {
        host_close(h);
        return error;
    }
    h->db = db_open(db, &h->observed, writable);
    *hostp = h;
    return NULL;
}

static void
destroy_watched(struct host *h)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &h->watched) {
        sset_destroy(node->data);
    }
    shash_destroy_free_data(&h->watched);
}

void
host_close(struct host *h)
{
    if (h) {
        db_close(h->db);
        kernel_close(h->kernel);
        model_wanted_destroy(&h->wanted);
        model_observed_destroy(&h->observed);
        free(h->rows);
        destroy_watched(h);
        free(h);
    }
}

/* Tells the model when ovs-vswitchd has completed a configuration.  Which that
 * was when we began is not known: it may be at its first one just now. */
static void
watch_configured(struct host *h)
{
    struct model_observed *o = &h->observed;

    if (host_is_complete(h) && kernel_is_up_to_date(h->kernel)) {
        if (h->cur_cfg >= 0 && o->cur_cfg != h->cur_cfg) {
            model_observed_configured(o);
        }
        h->cur_cfg = o->cur_cfg;
    }
}

void
host_run(struct host *h)
{
    /* In this order, since ovs-vswitchd makes devices before it says so. */
    db_run(h->db);
    kernel_run(h->kernel);
    watch_configured(h);
}

void
host_wait(struct host *h)
{
    kernel_wait(h->kernel);
    db_wait(h->db);
    if (h->plan) {
        poll_immediate_wake();
    }
}

bool
host_is_complete(const struct host *h)
{
    return h->observed.db_complete && h->observed.links_complete;
}

const char *
host_cannot_write(const struct host *h)
{
    if (!h->writable) {
        return "only observing";
    } else if (!db_is_connected(h->db)) {
        return "not connected to ovsdb-server";
    } else if (db_lock_contended(h->db)) {
        return "another ovs-portd holds this instance's OVSDB lock";
    } else if (!db_has_lock(h->db)) {
        return "waiting for this instance's OVSDB lock";
    } else if (!db_is_initialized(h->db)) {
        return "the database has no Open_vSwitch row; \"ovs-vsctl init\" "
               "makes one";
    }
    return NULL;
}

struct model_wanted *
host_wanted(struct host *h)
{
    return &h->wanted;
}

const struct model_observed *
host_observed(const struct host *h)
{
    return &h->observed;
}

const struct db *
host_db(const struct host *h)
{
    return h->db;
}

const struct kernel *
host_kernel(const struct host *h)
{
    return h->kernel;
}

void
host_dirty(struct host *h, struct sset *ids)
{
    struct model_observed *o = &h->observed;
    const char *name;

    sets_add_all(ids, &o->dirty_ids);
    SSET_FOR_EACH (name, &o->dirty_names) {
        sets_add_all(ids, model_wanted_by_name(&h->wanted, name));
        sets_add_all(ids, model_wanted_by_reference(&h->wanted, name));
    }
    SSET_FOR_EACH (name, &o->dirty_bridges) {
        sets_add_all(ids, model_wanted_by_bridge(&h->wanted, name));
    }
    sets_reset(&o->dirty_ids);
    sets_reset(&o->dirty_names);
    sets_reset(&o->dirty_bridges);
}

void
host_all(const struct host *h, struct sset *ids)
{
    struct shash_node *node;
    SHASH_FOR_EACH (node, &h->wanted.objects) {
        sset_add(ids, node->name);
    }
    SHASH_FOR_EACH (node, &h->observed.marked) {
        sset_add(ids, node->name);
    }
    sset_add(ids, MODEL_QOS_NOOP);
}

void
host_resync(struct host *h)
{
    kernel_resync(h->kernel);
    db_resync(h->db);
}

void
host_refresh(struct host *h, const char *id)
{
    const struct sset *names = model_observed_marked(&h->observed, id);
    const char *name;

    if (names) {
        SSET_FOR_EACH (name, names) {
            if (model_observed_link(&h->observed, name)) {
                kernel_refresh(h->kernel, name);
            }
        }
    }
}

static bool
says_of_offloads(const struct model_link *want)
{
    const struct smap_node *node;

    SMAP_FOR_EACH (node, &want->fields) {
        if (model_offload_of_field(node->key)) {
            return true;
        }
    }
    return false;
}

/* True if any object's spec says something of the offloads of device 'name':
 * when a port moves to another bridge, one object leaves it and another comes
 * to it, in any order. */
static bool
wants_offloads(const struct host *h, const char *name)
{
    const struct sset *ids = model_wanted_by_name(&h->wanted, name);
    const char *id;

    if (ids) {
        SSET_FOR_EACH (id, ids) {
            const struct model_link *want = model_object_find_link(
                model_wanted_get(&h->wanted, id), name);

            if (want && says_of_offloads(want)) {
                return true;
            }
        }
    }
    return false;
}

void
host_watch(struct host *h, const char *id)
{
    const struct model_object *object = model_wanted_get(&h->wanted, id);
    struct sset *before = shash_find_and_delete(&h->watched, id);
    struct sset *now = NULL;
    const char *name;

    for (size_t i = 0; object && i < object->n_links; i++) {
        if (says_of_offloads(object->links[i])) {
            if (!now) {
                now = xmalloc(sizeof *now);
                sset_init(now);
                shash_add(&h->watched, id, now);
            }
            sset_add(now, object->links[i]->name);
            kernel_watch_offloads(h->kernel, object->links[i]->name, true);
        }
    }
    if (before) {
        SSET_FOR_EACH (name, before) {
            kernel_watch_offloads(h->kernel, name, wants_offloads(h, name));
        }
        sset_destroy(before);
        free(before);
    }
}

void
host_plan(const struct host *h, const char *id, const struct plan_gate *gate,
          struct plan *plan, struct plan_verdict *verdict)
{
    plan_object(&h->wanted, &h->observed, id, gate, plan, verdict);
}

char *
host_adopt(const struct host *h, const char *id,
           const struct plan_gate *gate, struct plan *stamps,
           struct plan *rest)
{
    return plan_adopt(&h->wanted, &h->observed, id, gate, stamps, rest);
}

/* Existing devices first, then rows, then new devices, while the database and
 * ovs-vswitchd have the rows to work on: no row that can be written now needs
 * a device that is not there yet. */
static bool
is_of_round(const struct host *h, const struct plan_step *step)
{
    return (step->what == PLAN_LINK
            && (step->op == PLAN_ADD) == h->creating);
}

/* True if the step number 'i' of the plan could be done now and is not. */
static bool
is_undone(const struct host *h, size_t i)
{
    const struct plan_step *step = h->plan->steps[i];

    return (!step->after
            && (is_of_round(h, step) ? i >= h->n_looked_at : !h->creating));
}

/* Does the next batch of this round's kernel steps, in order; deletions, of
 * which many go at once by their group, do not count towards it. */
static void
execute_links(struct host *h)
{
    struct plan_step **batch = xmalloc(h->plan->n_steps * sizeof *batch);
    size_t n = 0, n_slow = 0;

    while (h->n_looked_at < h->plan->n_steps && n_slow < KERNEL_BATCH) {
        struct plan_step *step = h->plan->steps[h->n_looked_at++];

        if (!step->after && is_of_round(h, step)) {
            n_slow += step->op != PLAN_DEL;
            batch[n++] = step;
        }
    }
    if (n) {
        stopwatch_start(STOPWATCH_KERNEL, time_usec());
        kernel_execute(h->kernel, batch, n);
        stopwatch_stop(STOPWATCH_KERNEL, time_usec());
    }
    free(batch);
}

/* Has what is left of the plan wait for, or because of, 'why'. */
static void
give_up(struct host *h, const char *why)
{
    for (size_t i = 0; i < h->plan->n_steps; i++) {
        if (is_undone(h, i)) {
            h->plan->steps[i]->after = xstrdup(why);
            h->plan->steps[i]->moved_on = true;
        }
    }
    h->plan = NULL;
}

/* Goes on with the transaction in flight, if there is one. */
static void
run_txn(struct host *h)
{
    if (db_txn_in_flight(h->db) && db_txn_run(h->db)) {
        stopwatch_stop(STOPWATCH_TXN, time_usec());
    }
}

static void
execute_rows(struct host *h)
{
    size_t n = 0;

    free(h->rows);
    h->rows = xmalloc(h->plan->n_steps * sizeof *h->rows);
    for (size_t i = 0; i < h->plan->n_steps; i++) {
        struct plan_step *step = h->plan->steps[i];

        if (!step->after && step->what != PLAN_LINK) {
            h->rows[n++] = step;
        }
    }
    if (n) {
        stopwatch_start(STOPWATCH_TXN, time_usec());
        db_txn_start(h->db, h->rows, n);
        run_txn(h);
    }
}

/* Goes on with 'h->plan'. */
static void
proceed(struct host *h)
{
    const char *why = host_cannot_write(h);

    if (why || !host_is_complete(h)) {
        give_up(h, why ? why : "all is seen again");
        return;
    }
    execute_links(h);
    if (h->n_looked_at >= h->plan->n_steps && !h->creating) {
        FAILPOINT("links-done");
        execute_rows(h);
        h->creating = true;
        h->n_looked_at = 0;
        while (h->n_looked_at < h->plan->n_steps
               && !is_undone(h, h->n_looked_at)) {
            h->n_looked_at++;
        }
    }
    if (h->n_looked_at >= h->plan->n_steps) {
        h->plan = NULL;
    }
}

void
host_execute(struct host *h, struct plan *plan)
{
    h->plan = plan;
    h->n_looked_at = 0;
    h->creating = false;
    proceed(h);
}

void
host_specs_changed(struct host *h)
{
    for (size_t i = 0; h->plan && i < h->plan->n_steps; i++) {
        if (h->plan->steps[i]->op == PLAN_DEL && is_undone(h, i)) {
            give_up(h, "it is planned by the new specs");
        }
    }
}

bool
host_done(struct host *h)
{
    run_txn(h);
    if (h->plan) {
        /* What this batch has changed is to be taken in before anything is
         * planned again: a device just created would be created once more. */
        proceed(h);
        poll_immediate_wake();
        return false;
    }
    return !db_txn_in_flight(h->db);
}
