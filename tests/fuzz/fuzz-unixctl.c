/* SPDX-License-Identifier: Apache-2.0 */

/* The daemon's control socket: a command and its arguments, each ended by a
 * null byte, sent to a daemon in this very process that has a spec directory
 * of its own and no database.  It must answer, or still be waiting for what
 * the command waits for; it may not crash, nor leak. */
#include <config.h>

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/commands.h"
#include "controller/reconcile.h"
#include "controller/waiters.h"
#include "fatal-signal.h"
#include "openvswitch/vlog.h"
#include "ovsdb/unixctl-call.h"
#include "src/store/pending.h"
#include "unixctl.h"
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* Rounds of both sides after which there is an answer, or none to come. */
#define ROUNDS 30
#define MAX_ARGS 16

/* All but those that end the process or write files. */
static const char *const names[] = {
    "status", "plan", "resync", "adopt", "gc-confirm", "sync", "sync", "help",
    "spec-dir"
};

static struct {
    char dir[64];
    char *socket;
    struct pending_place place;
    struct unixctl_server *server;
    struct commands commands;
} daemon_;

static void
remove_dir(void)
{
    char *command = xasprintf("%s/vms.d/vm1.json", daemon_.dir);

    unlink(command);
    free(command);
    command = xasprintf("%s/vms.d", daemon_.dir);
    rmdir(command);
    free(command);
    unlink(daemon_.socket);
    command = xasprintf("%s/.lock", daemon_.dir);
    unlink(command);
    free(command);
    rmdir(daemon_.dir);
}

static void
write_spec(void)
{
    char *path = xasprintf("%s/vms.d", daemon_.dir);
    FILE *stream;

    ovs_assert(!mkdir(path, 0755));
    free(path);
    path = xasprintf("%s/vms.d/vm1.json", daemon_.dir);
    stream = fopen(path, "we");
    ovs_assert(stream);
    fputs("{\"version\": 1, \"nics\": {\"net0\": {\"bridge\": \"br0\", "
          "\"mac\": \"52:54:00:00:00:01\"}}}\n", stream);
    fclose(stream);
    free(path);
}

int
LLVMFuzzerInitialize(int *argc OVS_UNUSED, char ***argv)
{
    char *error, *db;

    /* libFuzzer's own timer, which libopenvswitch would take for an order to
     * end. */
    signal(SIGALRM, SIG_IGN);
    fatal_ignore_sigpipe();
    set_program_name((*argv)[0]);
    vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
    ovs_strlcpy(daemon_.dir, "/tmp/fuzz-unixctl-XXXXXX", sizeof daemon_.dir);
    ovs_assert(mkdtemp(daemon_.dir));
    write_spec();
    daemon_.socket = xasprintf("%s/ctl", daemon_.dir);
    atexit(remove_dir);

    ovs_assert(!unixctl_server_create(daemon_.socket, &daemon_.server));
    db = xasprintf("unix:%s/no-db", daemon_.dir);
    daemon_.place = (struct pending_place) {
        .state_dir = daemon_.dir, .instance = "fuzz", .spec_dir = daemon_.dir
    };
    error = reconcile_create(&daemon_.place, db, true,
                             &daemon_.commands.reconcile);
    ovs_assert(!error);
    free(db);
    daemon_.commands.waiters = waiters_create();
    commands_register(&daemon_.commands);
    return 0;
}

/* Splits 'data' at null bytes.  Returns the number of strings, all of them in
 * '*copyp', for the caller to free. */
static int
split(const uint8_t *data, size_t size, char **copyp, char *args[])
{
    char *p = xmemdup0((const char *) data, size);
    char *end = p + size;
    int n = 0;

    *copyp = p;
    while (p < end && n < MAX_ARGS) {
        args[n++] = p;
        p += strlen(p) + 1;
    }
    return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *args[MAX_ARGS];
    char *result, *error, *copy;
    struct unixctl_call *call;
    int n;

    if (!size) {
        return 0;
    }
    n = split(data + 1, size - 1, &copy, args);
    call = unixctl_call_start(daemon_.socket,
                              names[data[0] % ARRAY_SIZE(names)], args, n,
                              1000);
    for (int i = 0; i < ROUNDS && !unixctl_call_run(call); i++) {
        unixctl_server_run(daemon_.server);
        reconcile_run(daemon_.commands.reconcile);
        waiters_run(daemon_.commands.waiters, daemon_.commands.reconcile);
    }
    unixctl_call_finish(call, &result, &error);
    if (result && error) {
        abort();
    }
    free(result);
    free(error);
    free(copy);
    return 0;
}
