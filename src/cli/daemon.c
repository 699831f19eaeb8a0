/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/cli/daemon.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "dirs.h"
#include "openvswitch/json.h"
#include "openvswitch/poll-loop.h"
#include "ovsdb/unixctl-call.h"
#include "src/cli/cli.h"
#include "src/cli/flows.h"
#include "src/cli/json-view.h"
#include "src/store/read.h"
#include "util.h"

/* How long the daemon may take to say how things are, in ms: one that runs
 * takes a fraction of that, also where the machine is loaded. */
#define LOOK_MS 2000
/* It gets so much even where the timeout is nearly over. */
#define LOOK_MIN_MS 1000
/* How long it may take to say what it reads, likewise. */
#define DIR_MS 500

enum daemon_answer
daemon_call(const struct cli *cli, const char *command, char *const argv[],
            int argc, int timeout_ms, char **text)
{
    char *path, *result, *refusal;

    *text = unixctl_target_path(ovs_rundir(), cli->target, &path);
    if (*text) {
        return DAEMON_ABSENT;
    }

    struct unixctl_call *call = unixctl_call_start(path, command, argv, argc,
                                                   timeout_ms);
    while (!unixctl_call_run(call)) {
        flows_run(cli->flows);
        flows_wait(cli->flows);
        unixctl_call_wait(call);
        poll_block();
    }

    int error = unixctl_call_finish(call, &result, &refusal);
    if (error == ETIMEDOUT) {
        *text = xasprintf("ovs-portd does not answer (%s)", path);
    } else if (error) {
        *text = xasprintf("ovs-portd is not running, or went away (%s: %s)",
                          path, ovs_strerror(error));
    } else {
        *text = result ? result : refusal;
        /* Whether there is a line break at the end is up to each command. */
        size_t len = strlen(*text);
        if (len && (*text)[len - 1] == '\n') {
            (*text)[len - 1] = '\0';
        }
    }
    free(path);
    return (error == ETIMEDOUT ? DAEMON_SILENT
            : error ? DAEMON_ABSENT
            : refusal ? DAEMON_REFUSED
            : DAEMON_OK);
}

enum daemon_answer
daemon_call_json(const struct cli *cli, const char *command,
                 char *const argv[], int argc, int timeout_ms,
                 struct json **json, char **text)
{
    enum daemon_answer answer = daemon_call(cli, command, argv, argc,
                                            timeout_ms, text);

    *json = NULL;
    if (answer == DAEMON_OK) {
        *json = json_from_string(*text);
        free(*text);
        *text = NULL;
        if ((*json)->type != JSON_OBJECT) {
            json_destroy(*json);
            *json = NULL;
            *text = xasprintf("ovs-portd's answer to \"%s\" cannot be "
                              "understood; is it of another version?",
                              command);
            return DAEMON_REFUSED;
        }
    }
    return answer;
}

/* What to say of a daemon that reads 'its' spec directory; NULL if that is
 * ours. */
static char *
complain_of_dir(const struct cli *cli, const char *its)
{
    return (store_is_same_dir(its, cli->spec_dir) ? NULL
            : xasprintf("the ovs-portd that answers (%s) reads %s, not %s; "
                        "say --spec-dir=%s, or name the daemon of %s by "
                        "--instance or --unixctl", cli->target, its,
                        cli->spec_dir, its, cli->spec_dir));
}

char *
daemon_check_dir(struct cli *cli)
{
    int left = cli_ms_left(cli, 0);
    enum daemon_answer answer;
    char *text, *complaint = NULL;

    if (cli->daemon_dir == CLI_DIR_OURS) {
        return NULL;
    }
    answer = daemon_call(cli, "spec-dir", NULL, 0,
                         left < 0 ? DIR_MS : MIN(left / 2, DIR_MS), &text);
    if (answer == DAEMON_OK) {
        complaint = complain_of_dir(cli, text);
    }
    if (complaint) {
        cli->daemon_dir = CLI_DIR_OTHER;
    } else if (answer == DAEMON_OK || answer == DAEMON_REFUSED) {
        cli->daemon_dir = CLI_DIR_OURS; /* Or it does not know the command. */
    }
    free(text);
    return complaint;
}

enum daemon_answer
daemon_status(const struct cli *cli, int timeout_ms, struct json **json,
              char **text)
{
    char *argv[] = { CONST_CAST(char *, "json") };

    return daemon_call_json(cli, "status", argv, 1, timeout_ms, json, text);
}

enum daemon_answer
daemon_look(const struct cli *cli, struct json **json, char **text)
{
    int left = cli_ms_left(cli, LOOK_MIN_MS);
    enum daemon_answer answer
        = daemon_status(cli, left < 0 ? LOOK_MS : MIN(left, LOOK_MS), json,
                        text);

    if (answer == DAEMON_OK) {
        char *complaint = complain_of_dir(
            cli, json_view_string(*json, "spec_dir", cli->spec_dir));

        if (complaint) {
            cli_note("%s", complaint);
            free(complaint);
        }
    }
    return answer;
}
