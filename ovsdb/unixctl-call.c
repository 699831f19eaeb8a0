/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "ovsdb/unixctl-call.h"

#include <errno.h>
#include <limits.h>
#include <sys/types.h>
#include "daemon.h"
#include "jsonrpc.h"
#include "openvswitch/json.h"
#include "openvswitch/poll-loop.h"
#include "socket-util.h"
#include "stream.h"
#include "timeval.h"
#include "util.h"

/* ms between attempts to connect to a server with too many callers. */
#define CONNECT_INTERVAL 20

struct unixctl_call {
    char *name;                 /* "unix:PATH". */
    struct jsonrpc_msg *request; /* Until it is sent. */
    struct json *id;            /* Of the request; once it is sent. */
    long long int deadline;
    long long int connect_at;

    struct stream *stream;      /* Connecting... */
    struct jsonrpc *rpc;        /* ...and connected. */

    bool done;
    int retval;
    char *result, *error;
};

struct unixctl_call *
unixctl_call_start(const char *path, const char *command, char *const argv[],
                   int argc, int timeout_ms)
{
    struct unixctl_call *call = xzalloc(sizeof *call);
    struct json *params = json_array_create_empty();

    for (int i = 0; i < argc; i++) {
        json_array_add(params, json_string_create(argv[i]));
    }
    call->name = xasprintf("unix:%s", path);
    call->request = jsonrpc_create_request(command, params, NULL);
    call->deadline = (timeout_ms < 0 ? LLONG_MAX
                      : time_msec() + timeout_ms);
    call->connect_at = LLONG_MIN;
    return call;
}

static void
set_outcome(struct unixctl_call *call, int retval)
{
    call->done = true;
    call->retval = retval;
}

/* Connects, as far as that can be done without blocking. */
static void
connect_stream(struct unixctl_call *call)
{
    int error;

    if (!call->stream) {
        if (time_msec() < call->connect_at) {
            return;
        }
        error = stream_open(call->name, &call->stream, DSCP_DEFAULT);
        if (error == EPROTO) {
            /* A full queue of the listener is EAGAIN in connect(2), and OVS's
             * make_unix_socket() says EPROTO for that. */
            call->connect_at = time_msec() + CONNECT_INTERVAL;
            return;
        } else if (error) {
            set_outcome(call, error);
            return;
        }
    }
    stream_run(call->stream);
    error = stream_connect(call->stream);
    if (!error) {
        call->rpc = jsonrpc_open(call->stream);
        call->stream = NULL;
        call->id = json_clone(call->request->id);
        error = jsonrpc_send(call->rpc, call->request);
        call->request = NULL;
    }
    if (error && error != EAGAIN) {
        set_outcome(call, error);
    }
}

static void
handle_reply(struct unixctl_call *call, const struct jsonrpc_msg *reply)
{
    const struct json *text = reply->error ? reply->error : reply->result;

    if (!reply->id || !json_equal(reply->id, call->id)) {
        return;
    } else if (!text || text->type != JSON_STRING) {
        set_outcome(call, EPROTO);
    } else {
        *(reply->error ? &call->error : &call->result)
            = xstrdup(json_string(text));
        set_outcome(call, 0);
    }
}

bool
unixctl_call_run(struct unixctl_call *call)
{
    if (!call->done && !call->rpc) {
        connect_stream(call);
    }
    if (!call->done && call->rpc) {
        struct jsonrpc_msg *reply;
        int error;

        jsonrpc_run(call->rpc);
        while (!call->done
               && !(error = jsonrpc_recv(call->rpc, &reply))) {
            handle_reply(call, reply);
            jsonrpc_msg_destroy(reply);
        }
        if (!call->done && error != EAGAIN) {
            /* EOF: the daemon went away before it answered. */
            set_outcome(call, error == EOF ? ECONNRESET : error);
        }
    }
    if (!call->done && time_msec() >= call->deadline) {
        set_outcome(call, ETIMEDOUT);
    }
    return call->done;
}

bool
unixctl_call_is_sent(const struct unixctl_call *call)
{
    return call->rpc && !jsonrpc_get_backlog(call->rpc);
}

void
unixctl_call_wait(const struct unixctl_call *call)
{
    if (call->done) {
        poll_immediate_wake();
        return;
    }
    if (call->rpc) {
        jsonrpc_wait(call->rpc);
        jsonrpc_recv_wait(call->rpc);
    } else if (call->stream) {
        stream_run_wait(call->stream);
        stream_connect_wait(call->stream);
    } else {
        poll_timer_wait_until(call->connect_at);
    }
    if (call->deadline != LLONG_MAX) {
        poll_timer_wait_until(call->deadline);
    }
}

int
unixctl_call_finish(struct unixctl_call *call, char **result, char **error)
{
    int retval = call->done ? call->retval : ECANCELED;

    *result = call->result;
    *error = call->error;
    jsonrpc_close(call->rpc);
    stream_close(call->stream);
    jsonrpc_msg_destroy(call->request);
    json_destroy(call->id);
    free(call->name);
    free(call);
    return retval;
}

int
unixctl_call(const char *path, const char *command, char *const argv[],
             int argc, int timeout_ms, char **result, char **error)
{
    struct unixctl_call *call = unixctl_call_start(path, command, argv, argc,
                                                   timeout_ms);

    while (!unixctl_call_run(call)) {
        unixctl_call_wait(call);
        poll_block();
    }
    return unixctl_call_finish(call, result, error);
}

char *
unixctl_target_path(const char *rundir, const char *program, char **pathp)
{
    char *pidfile;
    pid_t pid;

    *pathp = NULL;
    if (program[0] == '/') {
        *pathp = xstrdup(program);
        return NULL;
    }

    pidfile = xasprintf("%s/%s.pid", rundir, program);
    pid = read_pidfile(pidfile);
    if (pid > 0) {
        *pathp = xasprintf("%s/%s.%ld.ctl", rundir, program, (long int) pid);
        free(pidfile);
        return NULL;
    }

    /* 0: the file is there, but no process holds its lock. */
    char *text = (!pid || pid == -ENOENT || pid == -ESRCH
                  ? xasprintf("%s is not running (%s)", program, pidfile)
                  : xasprintf("%s: cannot read pidfile (%s)", pidfile,
                              ovs_strerror(-pid)));
    free(pidfile);
    return text;
}
