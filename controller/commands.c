/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "controller/commands.h"

#include <stdlib.h>
#include <string.h>

#include "controller/adopt.h"
#include "controller/deadline.h"
#include "controller/reconcile.h"
#include "controller/status.h"
#include "controller/waiters.h"
#include "openvswitch/json.h"
#include "openvswitch/poll-loop.h"
#include "src/host/adopt.h"
#include "src/host/safe-text.h"
#include "src/store/pending.h"
#include "sset.h"
#include "unixctl.h"
#include "util.h"

static void
reply_json(struct unixctl_conn *conn, struct json *json)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    safe_text_put_json(&ds, json, JSSF_SORT);
    json_destroy(json);
    unixctl_command_reply(conn, ds_cstr(&ds));
    ds_destroy(&ds);
}

static void
reply_text(struct unixctl_conn *conn, char *text)
{
    char *safe = safe_text(text, true);

    unixctl_command_reply(conn, safe);
    free(safe);
    free(text);
}

/* Answers in the form that the optional argument asks for. */
static void
reply_form(struct unixctl_conn *conn, int argc, const char *argv[],
           const struct reconcile *r,
           struct json *(*to_json)(const struct reconcile *),
           char *(*to_text)(const struct reconcile *))
{
    if (argc < 2) {
        reply_text(conn, to_text(r));
    } else if (!strcmp(argv[1], "json")) {
        reply_json(conn, to_json(r));
    } else {
        char *error = xasprintf("%s: the only form is \"json\"", argv[1]);
        unixctl_command_reply_error(conn, error);
        free(error);
    }
}

static void
command_status(struct unixctl_conn *conn, int argc, const char *argv[],
               void *commands_)
{
    const struct commands *commands = commands_;
    reply_form(conn, argc, argv, commands->reconcile, status_json,
               status_text);
}

static void
command_plan(struct unixctl_conn *conn, int argc, const char *argv[],
             void *commands_)
{
    const struct commands *commands = commands_;
    reply_form(conn, argc, argv, commands->reconcile, status_plan_json,
               status_plan_text);
}

/* For whoever is about to change files that it takes for ours.  'status' says
 * it, too, at the cost of all objects. */
static void
command_spec_dir(struct unixctl_conn *conn, int argc OVS_UNUSED,
                 const char *argv[] OVS_UNUSED, void *commands_)
{
    const struct commands *commands = commands_;
    const struct deadline *deadline = commands->reconcile->deadline;

    unixctl_command_reply(conn, deadline_place(deadline)->spec_dir);
}

static void
command_resync(struct unixctl_conn *conn, int argc OVS_UNUSED,
               const char *argv[] OVS_UNUSED, void *commands_)
{
    const struct commands *commands = commands_;
    reconcile_resync(commands->reconcile);
    unixctl_command_reply(conn, NULL);
}

static void
command_gc_confirm(struct unixctl_conn *conn, int argc, const char *argv[],
                   void *commands_)
{
    const struct commands *commands = commands_;
    const char *id = argc > 1 ? argv[1] : NULL;
    size_t n = reconcile_confirm(commands->reconcile, id);

    if (id && !n) {
        char *error = xasprintf("%s: its deletion is not held", id);
        unixctl_command_reply_error(conn, error);
        free(error);
    } else {
        reply_text(conn, xasprintf("%"PRIuSIZE" confirmed", n));
    }
}

static void
command_adopt(struct unixctl_conn *conn, int argc, const char *argv[],
              void *commands_)
{
    const struct commands *commands = commands_;
    struct plan_allowed allowed = PLAN_ALLOWED_INITIALIZER;
    struct sset ids = SSET_INITIALIZER(&ids);
    char *error = NULL, *reply = NULL;
    bool all = false;

    for (int i = 1; i < argc && !error; i++) {
        if (!strcmp(argv[i], "--all")) {
            all = true;
        } else if (!strncmp(argv[i], "--allow=", 8)) {
            error = plan_allow(&allowed, argv[i] + 8);
        } else if (argv[i][0] == '-') {
            error = xasprintf("%s: there is no such option", argv[i]);
        } else {
            sset_add(&ids, argv[i]);
        }
    }
    if (!error && all == !sset_is_empty(&ids)) {
        error = xstrdup("name the objects to adopt, or give --all");
    }
    if (!error) {
        error = adopt_request(commands->reconcile, all ? NULL : &ids,
                              &allowed, &reply);
    }
    if (error) {
        unixctl_command_reply_error(conn, error);
        free(error);
    } else {
        reply_text(conn, reply);
    }
    sset_destroy(&ids);
}

static void
command_sync(struct unixctl_conn *conn, int argc, const char *argv[],
             void *commands_)
{
    const struct commands *commands = commands_;
    waiters_add(commands->waiters, commands->reconcile, conn, argc, argv);
}

static void
command_exit(struct unixctl_conn *conn, int argc OVS_UNUSED,
             const char *argv[] OVS_UNUSED, void *commands_)
{
    struct commands *commands = commands_;
    commands->exit = true;
    unixctl_command_reply(conn, NULL);
    poll_immediate_wake();
}

void
commands_register(struct commands *commands)
{
    unixctl_command_register("status", "[json]", 0, 1, command_status,
                             commands);
    unixctl_command_register("plan", "[json]", 0, 1, command_plan, commands);
    unixctl_command_register("spec-dir", "", 0, 0, command_spec_dir,
                             commands);
    unixctl_command_register("resync", "", 0, 0, command_resync, commands);
    unixctl_command_register("adopt", "[--allow=IMPACT] --all | OBJECT...", 1,
                             INT_MAX, command_adopt, commands);
    unixctl_command_register("gc-confirm", "[OBJECT]", 0, 1,
                             command_gc_confirm, commands);
    unixctl_command_register("sync", "LEVEL TIMEOUT-MS [FILE=SHA256|"
                             "about=OBJECT|removed=OBJECT]...", 2, INT_MAX,
                             command_sync, commands);
    unixctl_command_register("exit", "", 0, 0, command_exit, commands);
}
