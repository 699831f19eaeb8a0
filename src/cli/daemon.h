/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_CLI_DAEMON_H
#define PORTD_CLI_DAEMON_H 1

/* The daemon's control socket, as docs/control-protocol.md describes it. */

#include "openvswitch/compiler.h"

struct cli;
struct json;

enum daemon_answer {
    DAEMON_OK,                  /* The text is its answer. */
    DAEMON_REFUSED,             /* The text says why. */
    DAEMON_SILENT,              /* It is there, but did not answer in time. */
    DAEMON_ABSENT               /* Not running, or it went away. */
};

/* Sends 'command' with 'argc' arguments and waits at most 'timeout_ms'
 * (negative: for ever).  '*text' is for the caller to free, never NULL. */
enum daemon_answer daemon_call(const struct cli *, const char *command,
                               char *const argv[], int argc, int timeout_ms,
                               char **text);

/* The same for an answer that is a JSON object: '*json' is for the caller to
 * destroy, and NULL unless DAEMON_OK; then '*text' is NULL. */
enum daemon_answer daemon_call_json(const struct cli *, const char *command,
                                    char *const argv[], int argc,
                                    int timeout_ms, struct json **json,
                                    char **text);

/* Returns what to say, for the caller to free, if the daemon reads another
 * spec directory than --spec-dir: it would not see what is done there.  NULL
 * if it reads that one, or nobody says: there is no daemon, or it does not
 * answer within a short time.  It is asked until it has answered once. */
char *daemon_check_dir(struct cli *) OVS_WARN_UNUSED_RESULT;

/* 'status json'. */
enum daemon_answer daemon_status(const struct cli *, int timeout_ms,
                                 struct json **json, char **text);
/* The same for a command that has more to say than the daemon's answer: it
 * waits a short time only, and never for ever.  If the daemon reads another
 * spec directory than --spec-dir, a note says so. */
enum daemon_answer daemon_look(const struct cli *, struct json **json,
                               char **text);

#endif /* src/cli/daemon.h */
