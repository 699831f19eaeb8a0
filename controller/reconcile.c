/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "controller/reconcile.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "controller/adopt.h"
#include "controller/deadline.h"
#include "controller/intake.h"
#include "controller/record.h"
#include "coverage.h"
#include "dirs.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovsdb/db.h"
#include "ovsdb/vswitchd.h"
#include "src/failpoint.h"
#include "src/host/host.h"
#include "src/sets.h"
#include "src/store/pending.h"
#include "src/store/store.h"
#include "stopwatch.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(reconcile);

COVERAGE_DEFINE(reconcile_pass);
COVERAGE_DEFINE(reconcile_object);
COVERAGE_DEFINE(reconcile_step);

/* A look at everything behind the events, in case one was missed. */
#define AUDIT_INTERVAL_MS (10 * 60 * 1000)
/* How often to look whether a VM has let go of a TAP that is admin-down, of
 * which the kernel sends no event. */
#define REFRESH_INTERVAL_MS (2 * 1000)
/* How often to look whether users that did not exist do now. */
#define NAMES_INTERVAL_MS (10 * 1000)
/* How many new devices the first pass plans at most; each pass after it plans
 * twice as many as there were.  ovs-vswitchd takes them in while those of the
 * next pass are being made, so the first are few, to have it begin; but each
 * transaction costs it, and each pass us, time in proportion to all ports, so
 * the passes are few, too. */
#define CREATE_FIRST 256
/* After so many new devices, ovs-vswitchd is to catch up: what waits until it
 * has applied everything, a guest cut off maybe, waits so long at most. */
#define CREATE_MAX (CREATE_FIRST * 7)
#define STOPWATCH_PASS "reconcile-pass"

char *
reconcile_create(const struct pending_place *place, const char *db,
                 bool writable, struct reconcile **rp)
{
    struct host *host;
    char *error = host_open(db, place->instance, writable, &host);
    if (error) {
        return error;
    }

    struct reconcile *r = xzalloc(sizeof *r);
    r->host = host;
    r->store = store_open(place->spec_dir, true);
    r->deadline = deadline_create(place, writable);
    store_set_read_only(r->store, !writable);
    r->writable = writable;
    r->vswitchd = vswitchd_watch_create(ovs_rundir());
    specs_init(&r->specs);
    fuses_init(&r->fuses);
    shash_init(&r->records);
    sset_init(&r->dirty);
    shash_init(&r->adopting);
    sset_init(&r->unsettled);
    plan_init(&r->plan);
    r->lag_since = r->wake = LLONG_MAX;
    r->next_refresh = r->next_names = LLONG_MAX;
    r->next_audit = time_msec() + AUDIT_INTERVAL_MS;
    stopwatch_create(STOPWATCH_PASS, SW_MS);
    *rp = r;
    return NULL;
}

void
reconcile_destroy(struct reconcile *r)
{
    if (r) {
        struct shash_node *node;
        SHASH_FOR_EACH (node, &r->records) {
            record_destroy(node->data);
        }
        shash_destroy(&r->records);
        plan_destroy(&r->plan);
        adopt_clear(r);
        sset_destroy(&r->unsettled);
        sset_destroy(&r->dirty);
        fuses_destroy(&r->fuses);
        specs_destroy(&r->specs);
        vswitchd_watch_destroy(r->vswitchd);
        deadline_destroy(r->deadline);
        store_close(r->store);
        host_close(r->host);
        free(r);
    }
}

static struct record *
get_record(struct reconcile *r, const char *id)
{
    struct record *record = shash_find_data(&r->records, id);
    if (!record) {
        const struct model_object *object
            = model_wanted_get(host_wanted(r->host), id);

        record = record_create(id);
        record->version = object ? object->version : 0;
        shash_add(&r->records, id, record);
    }
    return record;
}

/* Planning. */

static bool
is_live(const struct reconcile *r, const char *id)
{
    return model_observed_marked(host_observed(r->host), id) != NULL;
}

static bool
is_wanted(const struct reconcile *r, const char *id)
{
    return model_wanted_get(host_wanted(r->host), id) != NULL;
}

static void
wake_at(struct reconcile *r, long long int when)
{
    r->wake = MIN(r->wake, when);
}

/* Why what is live for object 'id' must not be touched at all, or NULL. */
static const char *
frozen(const struct reconcile *r, const char *id)
{
    return specs_frozen(&r->specs, id, is_live(r, id));
}

/* Tells the fuses of object 'id'.  Returns why it must not be deleted, for
 * the caller to free, or NULL. */
static char *
consult_fuses(struct reconcile *r, const char *id, long long int now)
{
    if (is_wanted(r, id) || frozen(r, id)) {
        fuses_wanted(&r->fuses, id);
        return NULL;
    } else if (model_id_is_internal(id) || !is_live(r, id)) {
        return NULL;            /* No file is the reason that it goes. */
    }

    long long int wake;
    fuses_gone(&r->fuses, id, now);
    char *held = fuses_held(&r->fuses, id, &host_wanted(r->host)->policy,
                            now, &wake);
    wake_at(r, wake);
    return deadline_held(r->deadline, id, held);
}

/* True if a step of 'plan' that can be done now puts back a field once too
 * often. */
static bool
becomes_contested(struct record *record, const struct plan *plan,
                  long long int now)
{
    bool contested = false;

    for (size_t i = 0; i < plan->n_steps; i++) {
        if (!plan->steps[i]->after) {
            contested |= record_contest(record, plan->steps[i], now);
        }
    }
    return contested;
}

/* Who may not write sees the one who may in the middle of its work, which is
 * nothing to warn of. */
static void
log_verdict(const struct reconcile *r, const struct record *record,
            const struct plan_verdict *verdict)
{
    static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(60, 60);
    bool bad = model_state_outcome(verdict->state) == MODEL_FAILED;
    /* Of an internal object nobody but the log tells. */
    bool told = bad || (verdict->state == MODEL_IN_USE
                        && model_id_is_internal(record->id));
    enum vlog_level level = (bad && r->could_write ? VLL_WARN
                             : told ? VLL_INFO
                             : VLL_DBG);

    if (record->verdict.state != verdict->state) {
        VLOG_RL(&rl, level, "%s: %s%s%s", record->id,
                model_state_name(verdict->state),
                *verdict->text ? ": " : "", verdict->text);
    }
}

/* Stores the outcome of planning 'plan' for 'record'. */
static void
conclude(struct reconcile *r, struct record *record, struct plan *plan,
         struct plan_verdict *verdict, long long int now)
{
    if (record->error && !plan_n_ready(plan)) {
        /* Somebody else has mended it. */
        record_result(record, NULL, now);
    } else if (record_backs_off(record, now)) {
        for (size_t i = 0; i < plan->n_steps; i++) {
            if (!plan->steps[i]->after) {
                plan->steps[i]->after = xstrdup("the next try");
            }
        }
        free(verdict->text);
        verdict->state = MODEL_ERROR;
        verdict->text = xstrdup(record->error);
        wake_at(r, record->retry_at);
    }

    record->n_row_steps = 0;
    for (size_t i = 0; i < plan->n_steps; i++) {
        record->n_row_steps += plan->steps[i]->what != PLAN_LINK;
    }
    if (!plan->n_steps && (verdict->state == MODEL_READY
                           || verdict->state == MODEL_QUARANTINED)) {
        record->settled = true;
    }
    if (plan->n_steps || verdict->state == MODEL_APPLYING) {
        sset_add(&r->unsettled, record->id);
    }
    if (verdict->state == MODEL_IN_USE || verdict->state == MODEL_PENDING) {
        r->next_refresh = MIN(r->next_refresh, now + REFRESH_INTERVAL_MS);
    }

    log_verdict(r, record, verdict);
    plan_verdict_destroy(&record->verdict);
    record->verdict = *verdict;
}

struct plan_gate
reconcile_gate(const struct reconcile *r, const char *id,
               const struct record *record, const char *held)
{
    return (struct plan_gate) {
        .frozen = frozen(r, id),
        .held = held,
        .contested = record ? &record->contested : NULL,
        .report_only = (host_wanted(r->host)->policy.report_only
                        && record && record->settled && is_wanted(r, id)),
    };
}

/* Plans object 'id'; its steps go to the end of 'r->plan'. */
static void
plan_one(struct reconcile *r, const char *id, long long int now)
{
    struct record *record = get_record(r, id);
    char *held = consult_fuses(r, id, now);
    const struct plan_gate gate = reconcile_gate(r, id, record, held);
    struct plan_verdict verdict;
    struct plan plan;

    COVERAGE_INC(reconcile_object);
    plan_init(&plan);
    if (adopt_plan(r, id, record, &gate, &plan)) {
        plan_append(&r->plan, &plan);
        plan_destroy(&plan);
        free(held);
        return;
    }
    host_watch(r->host, id);
    host_plan(r->host, id, &gate, &plan, &verdict);
    if (becomes_contested(record, &plan, now)) {
        plan_clear(&plan);
        plan_verdict_destroy(&verdict);
        host_plan(r->host, id, &gate, &plan, &verdict);
    }
    conclude(r, record, &plan, &verdict, now);
    plan_append(&r->plan, &plan);
    plan_destroy(&plan);
    free(held);

    if (!is_wanted(r, id) && !is_live(r, id)) {
        fuses_deleted(&r->fuses, id);
        sset_find_and_delete(&r->unsettled, id);
        shash_find_and_delete(&r->records, id);
        record_destroy(record);
        if (r->specs.defaults_missing) {
            intake_look_for_defaults(r);
        }
    }
}

/* How many steps from 'first' on create a device. */
static size_t
count_new(const struct plan *plan, size_t first)
{
    size_t n = 0;

    for (size_t i = first; i < plan->n_steps; i++) {
        const struct plan_step *step = plan->steps[i];
        n += (!step->after && step->op == PLAN_ADD
              && step->what == PLAN_LINK);
    }
    return n;
}

/* True for a NIC of which nothing is there yet. */
static bool
is_new_nic(const struct reconcile *r, const char *id)
{
    return model_id_is_nic(id) && is_wanted(r, id) && !is_live(r, id);
}

/* How many new devices may be planned now. */
static size_t
max_new(const struct reconcile *r, long long int now)
{
    if (!r->could_write) {
        return SIZE_MAX;
    } else if (r->n_creating < CREATE_MAX) {
        return MIN(MAX(2 * r->n_creating, CREATE_FIRST),
                   CREATE_MAX - r->n_creating);
    }
    return reconcile_lags(r, now) ? CREATE_FIRST : 0;
}

/* Leaves new NIC 'id' to a later pass. */
static void
put_off(struct reconcile *r, const char *id)
{
    struct record *record = get_record(r, id);

    sset_add(&r->dirty, id);
    if (record->verdict.state == MODEL_READY
        || record->verdict.state == MODEL_QUARANTINED) {
        plan_verdict_destroy(&record->verdict);
        record->verdict = (struct plan_verdict) {
            MODEL_APPLYING, xstrdup("others are made first")
        };
    }
}

/* Plans what is dirty; new NICs may stay so for the next pass. */
static void
plan_dirty(struct reconcile *r, long long int now)
{
    const size_t max = max_new(r, now);
    struct sset dirty;
    size_t n_new = 0;

    sset_init(&dirty);
    sset_swap(&dirty, &r->dirty);
    fuses_expire(&r->fuses, now);

    /* First all that are wanted again or newly gone, so that the fuses see
     * the whole of a removal before they judge the first of it. */
    const char *id;
    SSET_FOR_EACH (id, &dirty) {
        free(consult_fuses(r, id, now));
    }
    const char **ids = sset_sort(&dirty);
    for (size_t i = 0; i < sset_count(&dirty); i++) {
        size_t first = r->plan.n_steps;

        if (n_new >= max && is_new_nic(r, ids[i])) {
            put_off(r, ids[i]);
            continue;
        }
        sset_find_and_delete(&r->unsettled, ids[i]);
        plan_one(r, ids[i], now);
        n_new += count_new(&r->plan, first);
    }
    r->n_creating += n_new;
    if (sset_is_empty(&r->unsettled)) {
        sets_reset(&r->unsettled);
    }
    free(ids);
    sset_destroy(&dirty);
}

/* Results. */

static void
log_step(const struct plan_step *step)
{
    if (step->error || VLOG_IS_DBG_ENABLED()) {
        struct ds ds = DS_EMPTY_INITIALIZER;
        plan_step_format(step, &ds);
        VLOG(step->error ? VLL_WARN : VLL_DBG, "%s: %s%s%s", step->object,
             ds_cstr(&ds), step->error ? ": " : "",
             step->error ? step->error : "");
        ds_destroy(&ds);
    }
}

/* 'failed' has the objects of which no failure was recorded yet. */
static void
take_result(struct reconcile *r, const struct plan_step *step,
            struct sset *failed, long long int now)
{
    struct record *record = get_record(r, step->object);
    COVERAGE_INC(reconcile_step);
    sset_add(&r->dirty, step->object);
    if (step->moved_on && record->n_moved_on < RECORD_MOVED_ON_MAX) {
        return;
    }
    log_step(step);
    if (!step->error) {
        record_repaired(record, step, now);
    } else if (sset_find_and_delete(failed, step->object)) {
        record_result(record, step->error, now);
    }
}

static void
take_results(struct reconcile *r, long long int now)
{
    /* An object is well only if all of its steps were: one that succeeds
     * must not make the next try of another one come earlier.  However many
     * of its steps fail together, that is one try. */
    struct sset failed = SSET_INITIALIZER(&failed);
    struct sset overtaken = SSET_INITIALIZER(&overtaken);
    for (size_t i = 0; i < r->plan.n_steps; i++) {
        const struct plan_step *step = r->plan.steps[i];
        if (!step->after && step->error) {
            sset_add(&failed, step->object);
        }
        if (!step->after && step->moved_on
            && sset_add(&overtaken, step->object)) {
            get_record(r, step->object)->n_moved_on++;
        }
    }
    sset_destroy(&overtaken);
    for (size_t i = 0; i < r->plan.n_steps; i++) {
        const struct plan_step *step = r->plan.steps[i];
        if (!step->after && !sset_contains(&failed, step->object)) {
            record_result(get_record(r, step->object), NULL, now);
        }
    }
    for (size_t i = 0; i < r->plan.n_steps; i++) {
        const struct plan_step *step = r->plan.steps[i];
        if (!step->after) {
            take_result(r, step, &failed, now);
        } else if (step->moved_on) {
            sset_add(&r->dirty, step->object);
        }
    }
    sset_destroy(&failed);
}

/* The pass. */

static void
watch_vswitchd(struct reconcile *r, long long int now)
{
    const struct model_observed *o = host_observed(r->host);
    bool moved = o->cur_cfg != r->cur_cfg;
    bool applied = model_observed_applied(o);

    if (applied) {
        r->n_creating = 0;
        r->lag_since = LLONG_MAX;
    } else if (r->lag_since == LLONG_MAX || moved) {
        r->lag_since = now;
    }
    /* As long as more is on its way to ovs-vswitchd, nobody's wait ends. */
    if (applied && (moved || !r->applied)) {
        const char *id;
        SSET_FOR_EACH (id, &r->unsettled) {
            sset_add(&r->dirty, id);
        }
    }
    r->cur_cfg = o->cur_cfg;
    r->applied = applied;
}

static const char *
vswitchd_fault(struct reconcile *r, long long int now)
{
    switch (vswitchd_watch_run(r->vswitchd, now)) {
    case VSWITCHD_GONE:
        return "ovs-vswitchd is not running";
    case VSWITCHD_HUNG:
        return "ovs-vswitchd does not answer: it is stopped, hangs, or is "
               "very busy";
    case VSWITCHD_UNKNOWN:
    case VSWITCHD_WELL:
    default:
        return NULL;
    }
}

static size_t
count_nics(const struct reconcile *r)
{
    struct sset ids = SSET_INITIALIZER(&ids);
    size_t n = 0;

    host_all(r->host, &ids);
    const char *id;
    SSET_FOR_EACH (id, &ids) {
        n += model_id_is_nic(id);
    }
    sset_destroy(&ids);
    return n;
}

/* Looks whether the VMs that objects wait for have let go of their TAPs. */
static void
refresh_held(struct reconcile *r, long long int now)
{
    bool any = false;
    const char *id;

    if (now < r->next_refresh) {
        return;
    }
    SSET_FOR_EACH (id, &r->unsettled) {
        const struct record *record = shash_find_data(&r->records, id);

        if (record && (record->verdict.state == MODEL_IN_USE
                       || record->verdict.state == MODEL_PENDING)) {
            host_refresh(r->host, id);
            any = true;
        }
    }
    r->next_refresh = any ? now + REFRESH_INTERVAL_MS : LLONG_MAX;
}

/* Users and groups may come later than us (LDAP at boot, say). */
static void
retry_names(struct reconcile *r, long long int now)
{
    if (now >= r->next_names) {
        struct sset changed = SSET_INITIALIZER(&changed);

        specs_retry_names(&r->specs, host_wanted(r->host), &changed);
        intake_mark_changed(r, &changed);
        sset_destroy(&changed);
        r->next_names = LLONG_MAX;
    }
    if (r->next_names == LLONG_MAX && specs_misses_names(&r->specs)) {
        r->next_names = now + NAMES_INTERVAL_MS;
    }
}

/* Adds to the dirty set what time alone has made so. */
static void
collect_timers(struct reconcile *r, long long int now)
{
    refresh_held(r, now);
    if (r->files_changed || now >= r->next_names) {
        r->files_changed = false;
        retry_names(r, now);
    }
    if (now >= r->wake) {
        r->wake = LLONG_MAX;
        const char *id;
        SSET_FOR_EACH (id, &r->unsettled) {
            sset_add(&r->dirty, id);
        }
    }
    if (now >= r->next_audit) {
        r->next_audit = now + AUDIT_INTERVAL_MS;
        host_resync(r->host);
        store_rescan(r->store);
        host_all(r->host, &r->dirty);
    }
}

/* Whether a pass may be made at all; the first one, and one after the right
 * to write came back, looks at everything. */
static bool
may_plan(struct reconcile *r, long long int now)
{
    if (!host_is_complete(r->host) || !intake_is_complete(r)) {
        return false;
    }

    bool can_write = !host_cannot_write(r->host);
    if (!r->began || (can_write && !r->could_write)) {
        host_all(r->host, &r->dirty);
        specs_look_for_defaults(&r->specs, host_observed(r->host));
        /* What is live counts as having been wanted until now. */
        fuses_set_population(&r->fuses, count_nics(r), now);
        intake_update_fuses(r, now);
        if (!r->began) {
            r->began = true;
            r->began_at = now;
        }
    }
    r->could_write = can_write;
    return true;
}

static void
make_pass(struct reconcile *r, long long int now)
{
    COVERAGE_INC(reconcile_pass);
    stopwatch_start(STOPWATCH_PASS, now);
    plan_clear(&r->plan);
    plan_dirty(r, now);
    r->counters.passes++;
    if (!plan_n_ready(&r->plan)) {
        r->counters.idle_passes++;
    } else if (r->could_write) {
        FAILPOINT("pass-planned");
        host_execute(r->host, &r->plan);
        r->busy = true;
        poll_immediate_wake();
    }
    stopwatch_stop(STOPWATCH_PASS, time_msec());
}

void
reconcile_run(struct reconcile *r)
{
    long long int now = time_msec();

    host_run(r->host);
    intake_run(r, now);
    r->vswitchd_fault = vswitchd_fault(r, now);
    if (r->busy) {
        if (!host_done(r->host)) {
            return;
        }
        r->busy = false;
        FAILPOINT("pass-done");
        take_results(r, now);
        FAILPOINT("results-taken");
    }

    watch_vswitchd(r, now);
    collect_timers(r, now);
    host_dirty(r->host, &r->dirty);
    if (may_plan(r, now) && !sset_is_empty(&r->dirty)) {
        make_pass(r, now);
    }
}

void
reconcile_wait(struct reconcile *r)
{
    host_wait(r->host);
    store_wait(r->store);
    deadline_wait(r->deadline);
    if (!r->busy) {
        poll_timer_wait_until(MIN(r->wake, r->next_audit));
        poll_timer_wait_until(MIN(r->next_refresh, r->next_names));
    }
    vswitchd_watch_wait(r->vswitchd);
    if (r->lag_since != LLONG_MAX
        && time_msec() < r->lag_since + RECONCILE_LAG_MS) {
        poll_timer_wait_until(r->lag_since + RECONCILE_LAG_MS);
    }
}

/* From outside. */

void
reconcile_resync(struct reconcile *r)
{
    store_rescan(r->store);
    host_resync(r->host);
    host_all(r->host, &r->dirty);
    r->next_names = 0;
    poll_immediate_wake();
}

size_t
reconcile_confirm(struct reconcile *r, const char *id)
{
    size_t n = fuses_confirm(&r->fuses, id);

    if (n) {
        fuses_add_gone(&r->fuses, &r->dirty);
        poll_immediate_wake();
    }
    return n;
}

void
reconcile_removed(struct reconcile *r, const char *id)
{
    /* A later edit may have brought it back. */
    if (!is_wanted(r, id)) {
        fuses_expect(&r->fuses, id);
        sset_add(&r->dirty, id);
        poll_immediate_wake();
    }
}
