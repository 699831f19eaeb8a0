/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "controller/status.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "controller/deadline.h"
#include "controller/reconcile.h"
#include "controller/record.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "ovsdb/db.h"
#include "src/host/host.h"
#include "src/host/object-json.h"
#include "src/host/plan-json.h"
#include "src/kernel/kernel.h"
#include "src/store/pending.h"
#include "util.h"

static void
put_string(struct json *object, const char *name, const char *value)
{
    json_object_put_string(object, name, value ? value : "");
}

static void
put_integer(struct json *object, const char *name, long long int value)
{
    json_object_put(object, name, json_integer_create(value));
}

/* The whole daemon: "ready", or why not. */
static const char *
daemon_state(const struct reconcile *r, const char **reason)
{
    bool standby;

    *reason = reconcile_impediment(r, &standby);
    if (standby) {
        return "standby";
    } else if (*reason) {
        return "degraded";
    }
    return r->began ? "ready" : "starting";
}

/* Files. */

static struct json *
file_json(const struct specs_file *file)
{
    struct json *json = json_object_create();
    struct json *errors = json_array_create_empty();

    put_string(json, "name", file->name);
    put_string(json, "sha256", file->sha256);
    json_object_put(json, "valid", json_boolean_create(file->valid));
    for (size_t i = 0; i < file->errors.n; i++) {
        json_array_add(errors, json_string_create(file->errors.names[i]));
    }
    json_object_put(json, "errors", errors);
    return json;
}

static struct json *
files_json(const struct reconcile *r)
{
    const struct shash_node **nodes = shash_sort(&r->specs.files);
    struct json *json = json_array_create_empty();

    for (size_t i = 0; i < shash_count(&r->specs.files); i++) {
        json_array_add(json, file_json(nodes[i]->data));
    }
    free(nodes);
    return json;
}

/* Objects. */

struct json *
status_object_json(const struct reconcile *r, const struct record *record)
{
    const char *text;
    enum model_state state = reconcile_state(r, record, &text);

    return object_json(record->id, host_wanted(r->host),
                       host_observed(r->host), state, text);
}

static struct json *
objects_json(const struct reconcile *r)
{
    const struct shash_node **nodes = shash_sort(&r->records);
    struct json *json = json_array_create_empty();

    for (size_t i = 0; i < shash_count(&r->records); i++) {
        if (!model_id_is_internal(nodes[i]->name)) {
            json_array_add(json, status_object_json(r, nodes[i]->data));
        }
    }
    free(nodes);
    return json;
}

static struct json *
counters_json(const struct reconcile *r)
{
    const struct db_stats *db = db_get_stats(host_db(r->host));
    const struct kernel_stats *kernel
        = kernel_get_stats(host_kernel(r->host));
    const struct store_stats files = store_get_stats(r->store);
    struct json *json = json_object_create();

    put_integer(json, "passes", r->counters.passes);
    put_integer(json, "idle_passes", r->counters.idle_passes);
    put_integer(json, "txns", db->txns);
    put_integer(json, "txns_rejected", db->rejected);
    put_integer(json, "db_resyncs", db->resyncs);
    put_integer(json, "netlink_writes", kernel->writes);
    put_integer(json, "netlink_events", kernel->events);
    put_integer(json, "netlink_dumps", kernel->dumps);
    put_integer(json, "netlink_overruns", kernel->overruns);
    put_integer(json, "file_scans", files.scans);
    put_integer(json, "inotify_overflows", files.overflows);
    return json;
}

struct json *
status_json(const struct reconcile *r)
{
    const struct pending_place *place = deadline_place(r->deadline);
    struct json *json = json_object_create();
    const char *reason;
    const char *state = daemon_state(r, &reason);

    put_string(json, "instance", host_observed(r->host)->instance);
    put_integer(json, "pid", getpid());
    put_string(json, "state", state);
    put_string(json, "reason", reason);
    put_string(json, "spec_dir", place->spec_dir);
    put_string(json, "state_dir", place->state_dir);
    put_string(json, "no_rollback", deadline_obstacle(r->deadline));
    json_object_put(json, "pending", deadline_json(r->deadline));
    json_object_put(json, "files", files_json(r));
    json_object_put(json, "objects", objects_json(r));
    json_object_put(json, "counters", counters_json(r));
    return json;
}

char *
status_text(const struct reconcile *r)
{
    struct ds ds = DS_EMPTY_INITIALIZER;
    const char *reason;
    const char *state = daemon_state(r, &reason);

    ds_put_format(&ds, "instance %s: %s%s%s\n",
                  host_observed(r->host)->instance, state,
                  reason ? ": " : "", reason ? reason : "");
    char *pending = deadline_text(r->deadline);
    if (pending) {
        ds_put_format(&ds, "%s\n", pending);
        free(pending);
    }

    const struct shash_node **nodes = shash_sort(&r->specs.files);
    for (size_t i = 0; i < shash_count(&r->specs.files); i++) {
        const struct specs_file *file = nodes[i]->data;
        for (size_t j = 0; j < file->errors.n; j++) {
            ds_put_format(&ds, "%s\n", file->errors.names[j]);
        }
    }
    free(nodes);

    nodes = shash_sort(&r->records);
    for (size_t i = 0; i < shash_count(&r->records); i++) {
        const char *text;
        enum model_state s = reconcile_state(r, nodes[i]->data, &text);
        if (!model_id_is_internal(nodes[i]->name)) {
            ds_put_format(&ds, "%s: %s%s%s\n", nodes[i]->name,
                          model_state_name(s), *text ? ": " : "", text);
        }
    }
    free(nodes);
    return ds_steal_cstr(&ds);
}

/* Plans. */

/* What is left to do, planned anew for every object but not done. */
static void
plan_all(const struct reconcile *r, struct plan *plan)
{
    struct sset ids = SSET_INITIALIZER(&ids);

    host_all(r->host, &ids);
    const char **names = sset_sort(&ids);
    for (size_t i = 0; i < sset_count(&ids); i++) {
        const struct record *record = shash_find_data(&r->records, names[i]);
        bool held = record && record->verdict.state == MODEL_HELD;
        const struct plan_gate gate = reconcile_gate(
            r, names[i], record, held ? record->verdict.text : NULL);
        struct plan_verdict verdict;

        host_plan(r->host, names[i], &gate, plan, &verdict);
        plan_verdict_destroy(&verdict);
    }
    free(names);
    sset_destroy(&ids);
}

struct json *
status_plan_json(const struct reconcile *r)
{
    struct plan plan;
    plan_init(&plan);
    plan_all(r, &plan);
    struct json *json = plan_json(&plan);
    plan_destroy(&plan);
    return json;
}

char *
status_plan_text(const struct reconcile *r)
{
    struct ds ds = DS_EMPTY_INITIALIZER;
    struct plan plan;

    plan_init(&plan);
    plan_all(r, &plan);
    for (size_t i = 0; i < plan.n_steps; i++) {
        ds_put_format(&ds, "%s: ", plan.steps[i]->object);
        plan_step_format(plan.steps[i], &ds);
        ds_put_char(&ds, '\n');
    }
    plan_destroy(&plan);
    if (!ds.length) {
        ds_put_cstr(&ds, "No changes.\n");
    }
    return ds_steal_cstr(&ds);
}
