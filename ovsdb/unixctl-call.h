/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_OVSDB_UNIXCTL_CALL_H
#define PORTD_OVSDB_UNIXCTL_CALL_H 1

/* Unixctl call
 * ============
 *
 * One command to the control socket of a daemon, with a deadline of its own:
 * libopenvswitch's unixctl_client_transact() waits for ever for a daemon that
 * was stopped.  It knows nothing of the database. */

#include <stdbool.h>
#include "openvswitch/compiler.h"

struct unixctl_call;

/* Begins to send COMMAND with the 'argc' strings at 'argv' to the unixctl
 * server whose socket is at 'path', and gives up after 'timeout_ms' ms
 * (negative: never).  Everything is copied; never blocks. */
struct unixctl_call *unixctl_call_start(const char *path, const char *command,
                                        char *const argv[], int argc,
                                        int timeout_ms);
/* Makes progress; true once there is an outcome. */
bool unixctl_call_run(struct unixctl_call *);
/* Makes poll_block() wake up when unixctl_call_run() has something to do. */
void unixctl_call_wait(const struct unixctl_call *);
/* True once the request is in the hands of the kernel. */
bool unixctl_call_is_sent(const struct unixctl_call *);
/* Ends the call and takes its outcome: 0 with exactly one of '*result' and
 * '*error' set, for the caller to free, or a positive errno with both NULL:
 * ETIMEDOUT, ECONNREFUSED, ENOENT, ... and ECANCELED if there is no outcome
 * yet. */
int unixctl_call_finish(struct unixctl_call *, char **result, char **error);

/* All of the above: sends COMMAND ARGS to the unixctl server at 'path' and
 * waits for the reply, at most 'timeout_ms' ms (negative: for ever), also if
 * the server is stopped.  Returns like unixctl_call_finish(). */
int unixctl_call(const char *path, const char *command, char *const argv[],
                 int argc, int timeout_ms, char **result, char **error);

/* Sets '*pathp' to the path of the control socket of 'program', for the
 * caller to free: RUNDIR/PROGRAM.PID.ctl with the PID in RUNDIR/PROGRAM.pid,
 * as ovs-appctl finds it.  A 'program' that begins with "/" is the path
 * itself.  Returns NULL, or an error text for the caller to free, with
 * '*pathp' NULL. */
char *unixctl_target_path(const char *rundir, const char *program,
                          char **pathp) OVS_WARN_UNUSED_RESULT;

#endif /* ovsdb/unixctl-call.h */
