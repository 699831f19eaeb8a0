/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "ovsdb/db.h"

#include <limits.h>
#include <string.h>
#include "openvswitch/json.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/shash.h"
#include "openvswitch/vlog.h"
#include "ovsdb-idl.h"
#include "ovsdb/db-private.h"
#include "ovsdb/observe.h"
#include "ovsdb/steps.h"
#include "src/failpoint.h"
#include "src/model/observed.h"
#include "src/plan/plan.h"
#include "timeval.h"
#include "util.h"
#include "vswitch-idl.h"

VLOG_DEFINE_THIS_MODULE(portd_txn);

/* ms.  A server that does not answer for so long is not going to, or what it
 * does is not for us to wait for. */
#define DEADLINE 10000
/* A transaction that lost a race is sent again once the database has changed,
 * and after this many ms at the latest: the change may have come already. */
#define RETRY_INTERVAL 250
#define MAX_TRIES 8
/* Longest text of an error, in bytes. */
#define MAX_ERROR 240

/* The steps of one object: they are committed together. */
struct group {
    const char *object;
    int rank;                   /* Lower ones go first. */
    size_t seq;                 /* Order of appearance. */
    struct plan_step **steps;
    size_t n_steps, allocated_steps;
};

/* Groups that one transaction is tried with. */
struct range {
    size_t first, n;
};

struct db_txn {
    struct db *db;
    struct group *groups;
    size_t n_groups, allocated_groups;

    struct range *todo;         /* A stack; the last one is at work. */
    size_t n_todo, allocated_todo;

    struct ovsdb_idl_txn *txn;  /* What was sent, or NULL. */
    unsigned int seqno;         /* IDL's seqno when it was sent. */
    long long int deadline;     /* For the answer. */
    long long int retry_at;     /* LLONG_MIN: at once. */
    int tries;                  /* Of the range at work. */
    long long int unsent_since; /* 0: the last one could be sent. */
    unsigned int n_losses;      /* The connection that this began with. */
    bool lost;
};

/* A bridge must be there before the ports that another object puts on it, also
 * when the transaction has been taken apart; and the shared QoS row goes after
 * those that refer to it. */
static int
step_rank(const struct plan_step *step)
{
    if (step->what != PLAN_BRIDGE && strcmp(step->object, MODEL_QOS_NOOP)) {
        return 1;
    }
    return step->op == PLAN_ADD ? 0 : step->op == PLAN_SET ? 1 : 2;
}

static int
compare_groups(const void *a_, const void *b_)
{
    const struct group *a = a_;
    const struct group *b = b_;

    return (a->rank != b->rank ? (a->rank < b->rank ? -1 : 1)
            : a->seq < b->seq ? -1 : a->seq > b->seq);
}

static void
group_add(struct group *group, struct plan_step *step)
{
    int rank = step_rank(step);

    if (!group->n_steps || rank == 0
        || (rank > group->rank && group->rank != 0)) {
        group->rank = rank;
    }
    if (group->n_steps >= group->allocated_steps) {
        group->steps = x2nrealloc(group->steps, &group->allocated_steps,
                                  sizeof *group->steps);
    }
    group->steps[group->n_steps++] = step;
}

static void
collect_groups(struct db_txn *t, struct plan_step **steps, size_t n)
{
    struct shash by_object = SHASH_INITIALIZER(&by_object);

    for (size_t i = 0; i < n; i++) {
        struct plan_step *step = steps[i];
        const struct shash_node *node;
        size_t index;

        if (step->what == PLAN_LINK || step->after) {
            continue;
        }
        node = shash_find(&by_object, step->object);
        if (node) {
            index = (uintptr_t) node->data;
        } else {
            index = t->n_groups;
            if (index >= t->allocated_groups) {
                t->groups = x2nrealloc(t->groups, &t->allocated_groups,
                                       sizeof *t->groups);
            }
            t->groups[t->n_groups++] = (struct group) {
                .object = step->object,
                .seq = index,
            };
            shash_add(&by_object, step->object, (void *) (uintptr_t) index);
        }
        group_add(&t->groups[index], step);
    }
    shash_destroy(&by_object);
    if (t->n_groups) {
        qsort(t->groups, t->n_groups, sizeof *t->groups, compare_groups);
    }
}

static void
push_range(struct db_txn *t, size_t first, size_t n)
{
    if (t->n_todo >= t->allocated_todo) {
        t->todo = x2nrealloc(t->todo, &t->allocated_todo, sizeof *t->todo);
    }
    t->todo[t->n_todo++] = (struct range) { first, n };
    t->tries = 0;
    t->retry_at = LLONG_MIN;
}

/* Gives all steps of 'range' 'text' as their error (NULL: none). */
static void
set_errors(struct db_txn *t, const struct range *range, const char *text)
{
    for (size_t i = range->first; i < range->first + range->n; i++) {
        for (size_t j = 0; j < t->groups[i].n_steps; j++) {
            struct plan_step *step = t->groups[i].steps[j];

            free(step->error);
            step->error = nullable_xstrdup(text);
            step->moved_on = text && !strcmp(text, DB_TXN_LOST);
        }
    }
}

void
db_txn_start(struct db *db, struct plan_step **steps, size_t n)
{
    bool can_write = db_can_write(db);
    struct db_txn *t;

    ovs_assert(!db->txn);
    t = xzalloc(sizeof *t);
    t->db = db;
    t->n_losses = db->n_losses;
    t->lost = !can_write;
    collect_groups(t, steps, n);
    if (t->n_groups) {
        push_range(t, 0, t->n_groups);
        set_errors(t, &t->todo[0], NULL);
    }
    db->txn = t;
}

void
db_txn_destroy(struct db_txn *t)
{
    if (t) {
        if (t->txn) {
            ovsdb_idl_txn_destroy(t->txn);
        }
        for (size_t i = 0; i < t->n_groups; i++) {
            free(t->groups[i].steps);
        }
        free(t->groups);
        free(t->todo);
        free(t);
    }
}

/* What the server says is JSON with two words for the same thing:
 * {"details":"constraint violation: ...","error":"constraint violation"}.
 * Returns one line for people, to be freed; '*kind' is the kind of error, to
 * be freed as well. */
static char *
readable_error(const char *text, char **kind)
{
    struct json *json = json_from_string(text);
    const struct json *error = NULL;
    const struct json *details = NULL;
    char *s;

    if (json->type == JSON_OBJECT) {
        error = shash_find_data(json_object(json), "error");
        details = shash_find_data(json_object(json), "details");
    }
    *kind = xstrdup(error && error->type == JSON_STRING
                    ? json_string(error) : "");
    if (details && details->type == JSON_STRING) {
        const char *d = json_string(details);

        s = (strstr(d, *kind) ? xstrdup(d) : xasprintf("%s: %s", *kind, d));
    } else {
        s = xstrdup(**kind ? *kind : text);
    }
    json_destroy(json);
    if (strlen(s) > MAX_ERROR) {
        size_t len = MAX_ERROR;

        while (len && (s[len] & 0xc0) == 0x80) {
            len--;              /* Not within a character. */
        }
        s[len] = '\0';
    }
    return s;
}

/* An error that has nothing to do with what was asked for: to ask for less
 * would get the same answer many times. */
static bool
is_for_all(const char *kind)
{
    return (!strcmp(kind, "not allowed") || !strcmp(kind, "I/O error")
            || !strcmp(kind, "resources exhausted"));
}

/* The range at work cannot be committed: takes it apart, or, if it is a single
 * object, gives it 'text' as its error. */
static void
reject(struct db_txn *t, const char *text, bool for_all)
{
    struct range range = t->todo[--t->n_todo];

    if (range.n > 1 && !for_all) {
        size_t half = range.n / 2;

        push_range(t, range.first + half, range.n - half);
        push_range(t, range.first, half);
    } else {
        VLOG_DBG("%s: %s", t->groups[range.first].object, text);
        set_errors(t, &range, text);
    }
    t->tries = 0;
    t->retry_at = LLONG_MIN;
}

/* Takes the steps that delete the row which 'text' names out of 'group'. */
static bool
leave_out_of(const struct db_txn *t, struct group *group, const char *text)
{
    size_t n = 0, before = group->n_steps;

    for (size_t i = 0; i < before; i++) {
        struct plan_step *step = group->steps[i];

        if (steps_is_refused(t->db->observer, step, text)) {
            free(step->error);
            step->error = xstrdup(text);
        } else {
            group->steps[n++] = step;
        }
    }
    group->n_steps = n;
    return n < before;
}

/* A QoS or Queue row that others' rows refer to cannot go, which is no reason
 * for the rest of its object not to be done.  Leaves it out of the range at
 * work, which is then tried again; returns false if there is none. */
static bool
leave_out_referred(struct db_txn *t, const char *kind, const char *text)
{
    const struct range *range = &t->todo[t->n_todo - 1];
    bool any = false;
    size_t n_left = 0;

    if (strcmp(kind, "referential integrity violation")) {
        return false;
    }
    for (size_t i = range->first; i < range->first + range->n; i++) {
        any |= leave_out_of(t, &t->groups[i], text);
        n_left += t->groups[i].n_steps;
    }
    if (any && !n_left) {
        t->n_todo--;            /* There is no rest. */
    }
    t->tries = 0;
    t->retry_at = LLONG_MIN;
    return any;
}

static void
handle_error(struct db_txn *t, const char *text)
{
    char *kind;
    char *readable = readable_error(text, &kind);

    t->db->stats.rejected++;
    if (!leave_out_referred(t, kind, readable)) {
        reject(t, readable, is_for_all(kind));
    }
    free(readable);
    free(kind);
}

/* Composes the transaction for the range at work and sends it. */
static void
send_range(struct db_txn *t)
{
    const struct range *range = &t->todo[t->n_todo - 1];
    struct db *db = t->db;
    struct steps_txn writer = {
        .observer = db->observer,
        .observed = db->observed,
        .ovs = ovsrec_open_vswitch_first(db->idl),
    };

    if (!writer.ovs) {
        t->lost = true;         /* The database was emptied. */
        return;
    }
    set_errors(t, range, NULL);
    t->seqno = ovsdb_idl_get_seqno(db->idl);
    t->txn = ovsdb_idl_txn_create(db->idl);
    writer.txn = t->txn;
    steps_txn_init(&writer);
    for (size_t i = range->first; i < range->first + range->n; i++) {
        steps_write(&writer, t->groups[i].steps, t->groups[i].n_steps);
    }
    steps_txn_destroy(&writer);

    /* ovs-vswitchd looks at some columns only when next_cfg moves. */
    ovsdb_idl_txn_increment(t->txn, &writer.ovs->header_,
                            &ovsrec_open_vswitch_col_next_cfg, false);
    ovsdb_idl_txn_add_comment(t->txn, "ovs-portd: %"PRIuSIZE" objects, %s%s",
                              range->n, t->groups[range->first].object,
                              range->n > 1 ? ", ..." : "");
    t->deadline = time_msec() + DEADLINE;
    FAILPOINT("txn-composed");
    if (ovsdb_idl_txn_commit(t->txn) == TXN_INCOMPLETE) {
        FAILPOINT("txn-sent");
        db->stats.txns++;
        t->unsent_since = 0;
    } else if (!t->unsent_since) {
        t->unsent_since = time_msec();
    }
}

/* Waits before the range at work is tried once more. */
static void
try_again(struct db_txn *t)
{
    if (t->unsent_since) {
        /* The IDL is about to load the database anew, as it does while a
         * schema is converted, and takes no transactions meanwhile. */
        t->retry_at = time_msec() + RETRY_INTERVAL;
        t->lost = time_msec() - t->unsent_since > DEADLINE;
    } else if (++t->tries >= MAX_TRIES) {
        reject(t, "other programs keep changing the same rows; "
               "it is tried again later", false);
    } else {
        t->retry_at = time_msec() + RETRY_INTERVAL;
    }
}

/* Acts on the status of what was sent.  Returns false if there is no answer
 * yet. */
static bool
handle_answer(struct db_txn *t)
{
    enum ovsdb_idl_txn_status status = ovsdb_idl_txn_commit(t->txn);
    char *error = NULL;

    if (status == TXN_INCOMPLETE) {
        if (time_msec() < t->deadline) {
            return false;
        }
        /* It may still be committed.  A new connection, and with it a new
         * snapshot, makes sure that we do not decide anything before we know
         * whether it was. */
        VLOG_WARN("ovsdb-server has not answered for %d s: reconnecting",
                  DEADLINE / 1000);
        ovsdb_idl_force_reconnect(t->db->idl);
        t->lost = true;
    } else if (status == TXN_ERROR) {
        error = xstrdup(ovsdb_idl_txn_get_error(t->txn));
    }
    ovsdb_idl_txn_destroy(t->txn);
    t->txn = NULL;
    FAILPOINT("txn-answered");

    if (status == TXN_SUCCESS || status == TXN_UNCHANGED) {
        t->n_todo--;
        t->tries = 0;
        t->retry_at = LLONG_MIN;
    } else if (status == TXN_ERROR) {
        handle_error(t, error);
    } else if (status == TXN_TRY_AGAIN) {
        try_again(t);
    } else {
        t->lost = true;         /* TXN_NOT_LOCKED, or the deadline. */
    }
    free(error);
    return true;
}

static bool
must_wait(const struct db_txn *t)
{
    return (time_msec() < t->retry_at
            && ovsdb_idl_get_seqno(t->db->idl) == t->seqno);
}

bool
db_txn_run(struct db *db)
{
    struct db_txn *t = db->txn;

    if (!t) {
        return true;
    }
    while (t->n_todo) {
        if (!db->complete || db->n_losses != t->n_losses) {
            t->lost = true;
        }
        if (t->lost) {
            while (t->n_todo) {
                set_errors(t, &t->todo[--t->n_todo], DB_TXN_LOST);
            }
        } else if (t->txn) {
            if (!handle_answer(t)) {
                return false;
            }
        } else if (must_wait(t)) {
            return false;
        } else {
            send_range(t);
        }
    }
    db_txn_destroy(t);
    db->txn = NULL;
    return true;
}

bool
db_txn_in_flight(const struct db *db)
{
    return db->txn != NULL;
}

void
db_txn_wait(const struct db_txn *t)
{
    if (!t->n_todo || t->lost) {
        poll_immediate_wake();
    } else if (t->txn) {
        ovsdb_idl_txn_wait(t->txn);
        poll_timer_wait_until(t->deadline);
    } else if (must_wait(t)) {
        poll_timer_wait_until(t->retry_at);
    } else {
        poll_immediate_wake();
    }
}
