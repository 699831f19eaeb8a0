/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/cli/wait.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "dirs.h"
#include "ovsdb/vswitchd.h"
#include "src/cli/daemon.h"
#include "src/cli/flows.h"
#include "src/cli/json-view.h"
#include "src/cli/world.h"
#include "src/model/model.h"
#include "sset.h"
#include "timeval.h"
#include "util.h"

/* The daemon answers when its time is up; so much longer we listen, in ms. */
#define GRACE 500
/* One question's time, in ms, where there is progress to be shown, and where
 * there is no deadline. */
#define SLICE_PROGRESS 1000
#define SLICE_FOREVER 30000
/* For the question why, once the time is up. */
#define WHY_TIMEOUT 1000
/* For the daemon to take note of an edit that does not wait for it. */
#define TELL_TIMEOUT 2000
/* Longest wait for ovs-vswitchd's flows without a --timeout, and the shortest
 * with one. */
#define SETTLE_MAX (60 * 60 * 1000)
#define SETTLE_MIN 1000
/* Most that bridges may take to tell of their flows once all else is done, in
 * ms. */
#define FLOWS_MAX 200

/* Width of the progress line without "(and N more)". */
#define PROGRESS_WIDTH 60

struct wait {
    struct cli *cli;
    struct svec argv;           /* LEVEL, TIMEOUT-MS, targets. */
    const char *files;          /* What has become of them. */
    const char *applied;        /* The same, once all is as they say. */
    bool loaded;                /* The daemon has loaded them. */
    bool silent;                /* It was asked and has not answered. */
    bool shown;                 /* There is a progress line. */
};

static void
clear_progress(struct wait *w)
{
    if (w->shown) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
        w->shown = false;
    }
}

static void
show_progress(struct wait *w, const struct json *objects)
{
    size_t n = json_view_n(objects);
    struct ds ds = DS_EMPTY_INITIALIZER;

    if (n) {
        const struct json *first = json_view_element(objects, 0);
        const char *text = json_view_string(first, "text", "");
        struct ds line = DS_EMPTY_INITIALIZER;

        ds_put_format(&line, "waiting for %s: %s%s%s",
                      json_view_string(first, "object", "?"),
                      json_view_string(first, "state", "?"),
                      *text ? ": " : "", text);
        char *what = output_shorten(ds_cstr(&line), PROGRESS_WIDTH);
        output_put_safe(&ds, what);
        free(what);
        ds_destroy(&line);
        if (n > 1) {
            ds_put_format(&ds, " (and %"PRIuSIZE" more)", n - 1);
        }
    } else {
        ds_put_cstr(&ds, "waiting for ovs-portd");
    }
    fprintf(stderr, "\r\033[K%s", ds_cstr(&ds));
    fflush(stderr);
    w->shown = true;
    ds_destroy(&ds);
}

/* Asks once.  '*left' is what is left of the time, in ms. */
static enum daemon_answer
ask(struct wait *w, int *left, struct json **reply, char **text)
{
    *left = cli_ms_left(w->cli, 0);

    int slice = *left < 0 ? SLICE_FOREVER : *left;
    if (w->cli->progress) {
        slice = MIN(slice, SLICE_PROGRESS);
    }
    free(w->argv.names[1]);
    w->argv.names[1] = xasprintf("%d", slice);

    enum daemon_answer answer
        = daemon_call_json(w->cli, "sync", w->argv.names, w->argv.n,
                           *left < 0 ? -1 : *left + GRACE, reply, text);
    w->loaded |= answer == DAEMON_OK && json_view_true(*reply, "loaded");
    return answer;
}

/* Not ready, but as wanted. */
static bool
is_at_rest(enum model_state state)
{
    return state == MODEL_PAUSED || state == MODEL_QUARANTINED;
}

static bool
is_failure(enum model_state state)
{
    return (state < MODEL_N_STATES
            && model_state_outcome(state) == MODEL_FAILED);
}

/* Prints one line for each of 'objects' that is not as wanted, or only for
 * those that failed. */
static size_t
print_objects(const struct json *objects, bool failed_only)
{
    struct ds ds = DS_EMPTY_INITIALIZER;
    size_t n = 0;

    for (size_t i = 0; i < json_view_n(objects); i++) {
        const struct json *object = json_view_element(objects, i);
        const char *name = json_view_string(object, "state", "?");
        const char *text = json_view_string(object, "text", "");
        enum model_state state = model_state_from_name(name);

        if (failed_only ? is_failure(state) : !is_at_rest(state)) {
            ds_put_format(&ds, "%s: %s%s",
                          json_view_string(object, "object", "?"), name,
                          *text ? ": " : "");
            output_put_safe(&ds, text);
            ds_put_char(&ds, '\n');
            n++;
        }
    }
    cli_say(ds_cstr(&ds));
    ds_destroy(&ds);
    return n;
}

static size_t
print_errors(const struct json *errors)
{
    size_t n = json_view_n(errors);

    for (size_t i = 0; i < n; i++) {
        const struct json *error = json_view_element(errors, i);
        if (error->type == JSON_STRING) {
            cli_say(json_string(error));
        }
    }
    return n;
}

/* The time is up; 'reply' is the daemon's last word. */
static enum cli_exit
report_timeout(struct wait *w, const struct json *reply)
{
    const struct json *objects = json_view(reply, "objects");
    struct json *status;
    char *text, *error;
    enum cli_exit code = CLI_TIMEOUT;

    daemon_status(w->cli, WHY_TIMEOUT, &status, &text);
    const char *name = json_view_string(status, "state", "");
    enum model_state state = (*name ? model_state_from_name(name)
                              : MODEL_READY);
    const char *reason = json_view_string(status, "reason", "");
    if (state == MODEL_DEGRADED
        && world_check_database(w->cli, &error)) {
        code = CLI_ABSENT;
        ovs_error(0, "%s; %s", w->files, error);
        free(error);
    } else {
        ovs_error(0, "%s; timed out after %u s%s", w->files, w->cli->timeout,
                  json_view_n(objects) ? "; not there yet:"
                  : state != MODEL_READY ? ""
                  : w->loaded ? "; ovs-vswitchd has not applied it yet"
                  : "; ovs-portd has not loaded the files yet");
    }
    if (state != MODEL_READY) {
        cli_note("ovs-portd is %s%s%s; it goes on as soon as it can", name,
                 *reason ? ": " : "", reason);
    }
    print_objects(objects, false);
    print_errors(json_view(reply, "errors"));
    json_destroy(status);
    free(text);
    return code;
}

/* At rest, but not as the file says. */
static void
note_paused(const struct json *objects)
{
    for (size_t i = 0; i < json_view_n(objects); i++) {
        const struct json *object = json_view_element(objects, i);

        if (model_state_from_name(json_view_string(object, "state", ""))
            == MODEL_PAUSED) {
            cli_note("%s is paused and was not touched",
                     json_view_string(object, "object", "?"));
        }
    }
}

static enum cli_exit
report_done(struct wait *w, const struct json *reply)
{
    size_t failed = print_objects(json_view(reply, "objects"), true);

    failed += print_errors(json_view(reply, "errors"));
    note_paused(json_view(reply, "objects"));
    if (failed) {
        ovs_error(0, "%s, but not everything could be made so", w->files);
        return CLI_FAILED;
    }
    return CLI_DONE;
}

static enum cli_exit
report_no_answer(struct wait *w, enum daemon_answer answer, const char *text)
{
    ovs_error(0, "%s; %s", w->files, text);
    w->silent = answer == DAEMON_SILENT;
    if (answer == DAEMON_ABSENT) {
        cli_note("ovs-portd applies the files when it starts");
    }
    return answer == DAEMON_SILENT ? CLI_TIMEOUT : CLI_ABSENT;
}

/* True if the daemon reads another directory; says so. */
static bool
is_astray(struct wait *w)
{
    char *text = daemon_check_dir(w->cli);
    bool astray = text != NULL;

    if (astray) {
        clear_progress(w);
        ovs_error(0, "%s; %s", w->files, text);
        free(text);
    }
    return astray;
}

static enum cli_exit
wait_for_daemon(struct wait *w)
{
    if (is_astray(w)) {
        return CLI_ABSENT;
    }
    for (;;) {
        enum daemon_answer answer;
        struct json *reply;
        char *text;
        int left;

        answer = ask(w, &left, &reply, &text);
        if (answer != DAEMON_OK) {
            clear_progress(w);
            enum cli_exit code = report_no_answer(w, answer, text);
            free(text);
            return code;
        }

        bool done = json_view_true(reply, "done");
        if (done && is_astray(w)) { /* It had not answered before. */
            json_destroy(reply);
            return CLI_ABSENT;
        }
        left = cli_ms_left(w->cli, 0);
        if (done || !left) {
            clear_progress(w);
            enum cli_exit code = (done ? report_done(w, reply)
                                  : report_timeout(w, reply));
            json_destroy(reply);
            return code;
        }
        if (w->cli->progress) {
            show_progress(w, json_view(reply, "objects"));
        }
        json_destroy(reply);
    }
}

/* cur_cfg is early: frames go by old flows for some more milliseconds. */
static enum cli_exit
wait_for_flows(struct wait *w)
{
    int left = cli_ms_left(w->cli, SETTLE_MIN);
    char *error;

    switch (vswitchd_settle(ovs_rundir(), flows_nudger(w->cli->flows),
                            left < 0 ? SETTLE_MAX : left, &error)) {
    case VSWITCHD_SETTLED:
        return CLI_DONE;

    case VSWITCHD_REFUSED:
        cli_note("frames may use the old VLAN for a moment more: %s", error);
        free(error);
        return CLI_DONE;

    case VSWITCHD_FAILED:
    default:
        ovs_error(0, "%s, but whether frames still use an old VLAN is not "
                  "known: %s", w->applied, error);
        free(error);
        return cli_ms_left(w->cli, 0) ? CLI_ABSENT : CLI_TIMEOUT;
    }
}

/* Only tells the daemon of the edit. */
static void
tell(struct wait *w)
{
    int left = cli_ms_left(w->cli, TELL_TIMEOUT);
    struct json *reply = NULL;
    char *text = NULL;

    left = left < 0 ? TELL_TIMEOUT : MIN(left, TELL_TIMEOUT);
    enum daemon_answer answer
        = daemon_call_json(w->cli, "sync", w->argv.names, w->argv.n, left,
                           &reply, &text);
    w->silent = answer == DAEMON_SILENT;
    if (answer == DAEMON_OK) {
        w->loaded = json_view_true(reply, "loaded");
        json_destroy(reply);
    }
    free(text);
}

/* The daemon was not told that these were removed on purpose. */
static void
note_untold(const struct svec *removed, bool silent)
{
    size_t n_nics = 0;

    for (size_t i = 0; i < removed->n; i++) {
        if (model_id_is_nic(removed->names[i])) {
            n_nics++;
        } else {
            cli_note("ovs-portd could not be told that %s was removed on "
                     "purpose; it keeps it until \"ovs-portctl gc-confirm "
                     "%s\"", removed->names[i], removed->names[i]);
        }
    }
    if (n_nics) {
        cli_note("ovs-portd could not be told that %"PRIuSIZE" NIC%s removed "
                 "on purpose; it deletes what is removed after its grace, "
                 "unless a fuse holds it: \"ovs-portctl show\" says so",
                 n_nics, n_nics > 1 ? "s were" : " was");
    }
    if (silent) {
        cli_note("ovs-portd has not answered, but may still learn of it, and "
                 "delete it at once");
    }
}

void
cli_wait_prepare(struct cli *cli, const struct sset *bridges, bool vlans)
{
    bool asks = bridges && !sset_is_empty(bridges);

    /* Who waits for the database alone does not wait for ovs-vswitchd to tell
     * of its flows either. */
    if (!cli->flows && cli->wait >= CLI_WAIT_OVS && (vlans || asks)) {
        cli->flows = flows_open(bridges);
        flows_run(cli->flows);
    }
}

enum cli_exit
cli_wait(struct cli *cli, const struct svec *targets,
         const struct svec *removed, bool vlans, bool edited, bool changed)
{
    struct wait w = {
        .cli = cli,
        .argv = SVEC_EMPTY_INITIALIZER,
        .files = (!edited ? "no file was edited"
                  : changed ? "the files are changed"
                  : "the files are as they were"),
        .applied = (edited ? "the files are applied"
                    : "all is as the files say"),
    };
    static const char *const levels[] = { CLI_WAIT_NAMES };
    enum cli_exit code = CLI_DONE;

    cli_wait_prepare(cli, NULL, vlans);
    svec_add(&w.argv, levels[MAX(cli->wait, CLI_WAIT_DB)]);
    svec_add(&w.argv, "0");
    svec_append(&w.argv, targets);
    for (size_t i = 0; removed && i < removed->n; i++) {
        svec_add_nocopy(&w.argv, xasprintf("removed=%s", removed->names[i]));
    }
    if (cli->wait != CLI_WAIT_NONE) {
        code = wait_for_daemon(&w);
    } else if (removed && removed->n && cli->daemon_dir != CLI_DIR_OTHER) {
        tell(&w);
    }
    if (code == CLI_DONE && vlans && cli->wait >= CLI_WAIT_OVS) {
        code = wait_for_flows(&w);
    }
    if (removed && removed->n && !w.loaded) {
        note_untold(removed, w.silent);
    }
    int left = cli_ms_left(cli, 1);
    flows_note(cli->flows, left < 0 ? FLOWS_MAX : MIN(left, FLOWS_MAX));
    flows_close(cli->flows);
    cli->flows = NULL;
    svec_destroy(&w.argv);
    return code;
}
