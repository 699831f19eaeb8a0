/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "controller/waiters.h"

#include <stdlib.h>
#include <string.h>

#include "controller/backlog.h"
#include "controller/deadline.h"
#include "controller/level.h"
#include "controller/reconcile.h"
#include "controller/record.h"
#include "controller/status.h"
#include "openvswitch/json.h"
#include "openvswitch/list.h"
#include "openvswitch/poll-loop.h"
#include "smap.h"
#include "src/host/host.h"
#include "src/host/object-json.h"
#include "src/host/safe-text.h"
#include "src/sets.h"
#include "src/store/names.h"
#include "src/store/store.h"
#include "timeval.h"
#include "unixctl.h"
#include "util.h"

struct waiter {
    struct ovs_list node;
    struct unixctl_conn *conn;
    enum level level;
    long long int deadline;
    struct smap files;          /* Name -> SHA-256, or "-". */
    struct sset loaded;         /* Of those, which have been loaded, be it in
                                 * a later version. */
    struct sset about;          /* Of host.json's objects, only these; or,
                                 * without any file, these. */
    struct sset removed;        /* Removed from these files by their names. */
    bool all_loaded;            /* All files have, and 'removed' is taken. */
};

struct waiters {
    struct ovs_list list;
};

struct waiters *
waiters_create(void)
{
    struct waiters *w = xmalloc(sizeof *w);
    ovs_list_init(&w->list);
    return w;
}

/* Judging. */

/* Notes which files have been loaded in the version that was asked for; with
 * 'superseded', whatever their version is.  Once all have, what was removed
 * from them by name may go. */
static void
note_loaded(struct waiter *waiter, struct reconcile *r, bool superseded)
{
    const struct smap_node *node;

    if (waiter->all_loaded) {
        return;
    }
    SMAP_FOR_EACH (node, &waiter->files) {
        const struct specs_file *file = specs_get(&r->specs, node->key);

        if (superseded || (file ? !strcmp(file->sha256, node->value)
                           : !strcmp(node->value, "-"))) {
            sset_add(&waiter->loaded, node->key);
        }
    }
    if (sset_count(&waiter->loaded) == smap_count(&waiter->files)) {
        const char *id;

        SSET_FOR_EACH (id, &waiter->removed) {
            reconcile_removed(r, id);
        }
        waiter->all_loaded = true;
    }
}

static void
waiter_destroy(struct waiter *waiter)
{
    smap_destroy(&waiter->files);
    sset_destroy(&waiter->loaded);
    sset_destroy(&waiter->about);
    sset_destroy(&waiter->removed);
    free(waiter);
}

/* Adds what is still live of what the waiter's files asked for before. */
static void
collect_gone(const struct waiter *waiter, const struct reconcile *r,
             struct sset *ids)
{
    struct sset gone = SSET_INITIALIZER(&gone);
    const char *id;

    fuses_add_gone(&r->fuses, &gone);
    SSET_FOR_EACH (id, &gone) {
        char *source = specs_source_of(id);
        if (model_id_is_nic(id) && smap_get(&waiter->files, source)) {
            sset_add(ids, id);
        }
        free(source);
    }
    sset_destroy(&gone);
}

/* Adds those of 'some' that are wanted or live. */
static void
collect_known(const struct reconcile *r, const struct sset *some,
              struct sset *ids)
{
    const char *id;

    SSET_FOR_EACH (id, some) {
        if (model_wanted_get(host_wanted(r->host), id)
            || shash_find(&r->records, id)) {
            sset_add(ids, id);
        }
    }
}

/* True if 'waiter' is for the directory as a whole: it named neither a file
 * nor an object. */
static bool
is_for_directory(const struct waiter *waiter)
{
    return smap_is_empty(&waiter->files) && sset_is_empty(&waiter->about);
}

/* True if 'waiter' waits for all objects: it is for the directory, or named
 * host.json, whose defaults reach everywhere, without saying what it is
 * about. */
static bool
waits_for_all(const struct waiter *waiter)
{
    return (is_for_directory(waiter)
            || (smap_get(&waiter->files, "host.json")
                && sset_is_empty(&waiter->about)));
}

/* The objects that 'waiter' waits for: what its files ask for now, and what
 * is still live of what they asked for before, or all. */
static void
collect_ids(const struct waiter *waiter, const struct reconcile *r,
            struct sset *ids)
{
    if (waits_for_all(waiter)) {
        struct shash_node *node;
        SHASH_FOR_EACH (node, &r->records) {
            if (!model_id_is_internal(node->name)) {
                sset_add(ids, node->name);
            }
        }
        return;
    }

    collect_known(r, &waiter->about, ids);
    collect_known(r, &waiter->removed, ids);
    collect_gone(waiter, r, ids);

    const struct smap_node *file;
    SMAP_FOR_EACH (file, &waiter->files) {
        if (strcmp(file->key, "host.json")) {
            sets_add_all(ids, model_wanted_by_source(host_wanted(r->host),
                                                     file->key));
        }
    }
}

/* As level_lacks() for an object that is ready; NULL for others. */
static char *
lacks(const struct reconcile *r, const struct record *record,
      enum level level)
{
    const char *text;

    return (reconcile_state(r, record, &text) == MODEL_READY
            ? level_lacks(level, model_wanted_get(host_wanted(r->host),
                                                  record->id),
                          host_observed(r->host))
            : NULL);
}

/* True if object 'id' has come to where a waiter for 'level' is answered. */
static bool
is_settled(const struct reconcile *r, const char *id, enum level level)
{
    const struct record *record = shash_find_data(&r->records, id);
    if (!record) {
        return false;
    }

    const char *text;
    enum model_state state = reconcile_state(r, record, &text);
    enum model_outcome outcome = model_state_outcome(state);
    char *lack = lacks(r, record, level);
    bool lacking = lack != NULL;

    free(lack);
    return ((outcome == MODEL_AT_REST && !lacking) || outcome == MODEL_FAILED
            || (level == LEVEL_DB && !record->n_row_steps
                && record->verdict.state == MODEL_APPLYING)
            /* Nothing happens to it before somebody confirms. */
            || (state == MODEL_HELD && deadline_holds(r->deadline, id)));
}

/* What the waiter shall know of an object; NULL if all is well with it. */
static struct json *
object_report(const struct reconcile *r, const struct record *record,
              enum level level)
{
    const char *text;
    char *lack = lacks(r, record, level);
    struct json *json = NULL;

    if (lack) {
        json = object_json(record->id, host_wanted(r->host),
                           host_observed(r->host), MODEL_WAITING, lack);
        free(lack);
    } else if (reconcile_state(r, record, &text) != MODEL_READY) {
        json = status_object_json(r, record);
    }
    return json;
}

/* Answering. */

static void
put_errors(const struct waiter *waiter, const struct reconcile *r,
           struct json *reply)
{
    struct json *errors = json_array_create_empty();
    struct shash_node *node;

    SHASH_FOR_EACH (node, &r->specs.files) {
        const struct specs_file *file = node->data;
        if (!is_for_directory(waiter)
            && !smap_get(&waiter->files, file->name)) {
            continue;
        }
        for (size_t i = 0; i < file->errors.n; i++) {
            json_array_add(errors,
                           json_string_create(file->errors.names[i]));
        }
    }
    json_object_put(reply, "errors", errors);
}

static void
answer(struct waiter *waiter, const struct reconcile *r,
       const struct sset *ids, bool done)
{
    struct json *reply = json_object_create();
    struct json *objects = json_array_create_empty();
    const char **names = sset_sort(ids);

    for (size_t i = 0; i < sset_count(ids); i++) {
        const struct record *record = shash_find_data(&r->records, names[i]);
        struct json *report
            = record ? object_report(r, record, waiter->level) : NULL;

        if (report) {
            json_array_add(objects, report);
        }
    }
    free(names);
    json_object_put(reply, "done", json_boolean_create(done));
    json_object_put(reply, "loaded",
                    json_boolean_create(waiter->all_loaded));
    json_object_put(reply, "objects", objects);
    put_errors(waiter, r, reply);

    struct ds text = DS_EMPTY_INITIALIZER;

    safe_text_put_json(&text, reply, 0);
    json_destroy(reply);
    unixctl_command_reply(waiter->conn, ds_cstr(&text));
    ds_destroy(&text);

    ovs_list_remove(&waiter->node);
    waiter_destroy(waiter);
}

/* False if 'waiter' is to wait on, whatever its objects are: they need not be
 * looked at each time the loop comes round. */
static bool
may_be_over(const struct waiter *waiter, const struct reconcile *r)
{
    /* What has just vanished still is in force, and what has its name now
     * clashes with it. */
    if (is_for_directory(waiter) && store_is_unsettled(r->store)) {
        return false;
    }
    return (waiter->all_loaded
            && (!waits_for_all(waiter) || reconcile_is_quiet(r, NULL)));
}

/* True if all that 'waiter' waits for is over. */
static bool
is_over(const struct waiter *waiter, const struct reconcile *r,
        const struct sset *ids)
{
    if (waiter->level >= LEVEL_OVS && !sset_is_empty(&waiter->removed)
        && !model_observed_applied(host_observed(r->host))) {
        return false;           /* Rows are gone before ports are. */
    }
    if (!reconcile_is_quiet(r, is_for_directory(waiter) ? NULL : ids)) {
        return false;
    }

    const char *id;
    SSET_FOR_EACH (id, ids) {
        if (!is_settled(r, id, waiter->level)) {
            return false;
        }
    }
    return true;
}

void
waiters_run(struct waiters *w, struct reconcile *r)
{
    struct waiter *waiter;
    LIST_FOR_EACH_SAFE (waiter, node, &w->list) {
        bool expired = time_msec() >= waiter->deadline;

        note_loaded(waiter, r, false);
        bool maybe = may_be_over(waiter, r);
        if (!maybe && !expired) {
            continue;
        }
        struct sset ids = SSET_INITIALIZER(&ids);
        collect_ids(waiter, r, &ids);
        bool over = maybe && is_over(waiter, r, &ids);
        if (over || expired) {
            answer(waiter, r, &ids, over);
        }
        sset_destroy(&ids);
    }
}

void
waiters_wait(const struct waiters *w)
{
    const struct waiter *waiter;
    LIST_FOR_EACH (waiter, node, &w->list) {
        poll_timer_wait_until(waiter->deadline);
    }
}

void
waiters_destroy(struct waiters *w)
{
    struct waiter *waiter;
    LIST_FOR_EACH_SAFE (waiter, node, &w->list) {
        unixctl_command_reply_error(waiter->conn, "ovs-portd is exiting");
        ovs_list_remove(&waiter->node);
        waiter_destroy(waiter);
    }
    free(w);
}

/* Asking. */

/* Takes 'value' of 'name' from the command line.  A file that cannot be a spec
 * must not be looked at: it would be an invalid one from then on. */
static char *
parse_target(struct waiter *waiter, const char *name, const char *value)
{
    char *error = NULL;

    if (!strcmp(name, "about")) {
        sset_add(&waiter->about, value);
    } else if (!strcmp(name, "removed")) {
        sset_add(&waiter->removed, value);
    } else {
        error = store_name_check(name);
        if (!error) {
            smap_replace(&waiter->files, name, value);
        }
    }
    return error;
}

static char *
parse(struct waiter *waiter, int argc, const char *argv[])
{
    unsigned int timeout;

    if (!level_from_string(argv[1], &waiter->level)) {
        return xasprintf("%s: unknown level; use db, ovs, guest or ovn",
                         argv[1]);
    }
    if (!str_to_uint(argv[2], 10, &timeout)) {
        return xasprintf("%s: not a number of milliseconds", argv[2]);
    }
    waiter->deadline = time_msec() + timeout;

    for (int i = 3; i < argc; i++) {
        const char *equals = strrchr(argv[i], '=');
        if (!equals || equals == argv[i]) {
            return xasprintf("%s: not of the form FILE=SHA256, "
                             "about=OBJECT or removed=OBJECT", argv[i]);
        }
        char *name = xmemdup0(argv[i], equals - argv[i]);
        char *error = parse_target(waiter, name, equals + 1);
        free(name);
        if (error) {
            return error;
        }
    }
    return (sset_is_empty(&waiter->removed) || !smap_is_empty(&waiter->files)
            ? NULL : xstrdup("removed=OBJECT: the FILE=SHA256 that it has "
                             "been removed from is missing"));
}

static bool
load_files(const struct waiter *waiter, struct reconcile *r)
{
    struct sset names = SSET_INITIALIZER(&names);
    const struct smap_node *node;

    SMAP_FOR_EACH (node, &waiter->files) {
        sset_add(&names, node->key);
    }
    bool loaded = reconcile_load_files(r, sset_is_empty(&names)
                                       ? NULL : &names);
    sset_destroy(&names);
    return loaded;
}

void
waiters_add(struct waiters *w, struct reconcile *r,
            struct unixctl_conn *conn, int argc, const char *argv[])
{
    if (!backlog_is_empty()) {
        unixctl_command_reply_error(conn, "sync: read the answers to what was "
                                    "asked before on this connection first, "
                                    "then ask again");
        return;
    }

    struct waiter *waiter = xzalloc(sizeof *waiter);

    waiter->conn = conn;
    smap_init(&waiter->files);
    sset_init(&waiter->loaded);
    sset_init(&waiter->about);
    sset_init(&waiter->removed);
    char *error = parse(waiter, argc, argv);
    if (error) {
        unixctl_command_reply_error(conn, error);
        free(error);
        waiter_destroy(waiter);
        return;
    }

    ovs_list_push_back(&w->list, &waiter->node);
    if (load_files(waiter, r)) {
        /* The client had written its version before it asked.  Where it is
         * not the one that is there now, a later edit, which the lock made
         * begin with the client's version, has taken its place. */
        note_loaded(waiter, r, true);
    }
    poll_immediate_wake();
}
