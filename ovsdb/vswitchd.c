/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "ovsdb/vswitchd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>
#include "openvswitch/poll-loop.h"
#include "ovsdb/unixctl-call.h"
#include "timeval.h"
#include "util.h"

/* revalidator/wait is answered when the dump of flows that is under way, or
 * else the next one, ends (upcall_unixctl_dump_wait() in OVS's
 * ofproto/ofproto-dpif-upcall.c).  That dump may have begun before the change
 * and have passed some flows already: only the second one has surely looked
 * at all of them. */
#define ROUNDS 2

struct vswitchd_settle {
    char *path;
    long long int deadline;
    struct unixctl_call *call;
    int rounds;                 /* That were answered. */
    bool done;
    enum vswitchd_settled outcome;
    char *error;
};

static void
set_outcome(struct vswitchd_settle *s, enum vswitchd_settled outcome,
            char *error)
{
    s->done = true;
    s->outcome = outcome;
    s->error = error;
}

static void
ask(struct vswitchd_settle *s)
{
    long long int left = s->deadline - time_msec();

    s->call = unixctl_call_start(s->path, "revalidator/wait", NULL, 0,
                                 MIN(MAX(left, 0), INT_MAX));
}

struct vswitchd_settle *
vswitchd_settle_start(const char *rundir, int timeout_ms)
{
    struct vswitchd_settle *s = xzalloc(sizeof *s);
    char *error;

    s->deadline = time_msec() + timeout_ms;
    error = unixctl_target_path(rundir, "ovs-vswitchd", &s->path);
    if (error) {
        set_outcome(s, VSWITCHD_FAILED, error);
    } else {
        ask(s);
    }
    return s;
}

/* The answer is "can't wait on multiple udpifs." wherever there is not exactly
 * one of them, that is one kind of datapath with a bridge on it. */
static void
handle_refusal(struct vswitchd_settle *s, const char *text)
{
    bool udpifs = strstr(text, "udpif") != NULL;

    set_outcome(s, udpifs ? VSWITCHD_REFUSED : VSWITCHD_FAILED,
                xasprintf("ovs-vswitchd: revalidator/wait: %s", text));
}

bool
vswitchd_settle_run(struct vswitchd_settle *s)
{
    while (!s->done && unixctl_call_run(s->call)) {
        char *result, *refusal;
        int error = unixctl_call_finish(s->call, &result, &refusal);

        s->call = NULL;
        if (error) {
            set_outcome(s, VSWITCHD_FAILED,
                        xasprintf("ovs-vswitchd: %s: %s", s->path,
                                  ovs_strerror(error)));
        } else if (refusal) {
            handle_refusal(s, refusal);
        } else if (++s->rounds >= ROUNDS) {
            set_outcome(s, VSWITCHD_SETTLED, NULL);
        } else {
            ask(s);
        }
        free(result);
        free(refusal);
    }
    return s->done;
}

void
vswitchd_settle_wait(const struct vswitchd_settle *s)
{
    if (s->done) {
        poll_immediate_wake();
    } else {
        unixctl_call_wait(s->call);
    }
}

enum vswitchd_settled
vswitchd_settle_finish(struct vswitchd_settle *s, char **error)
{
    enum vswitchd_settled outcome = s->outcome;

    if (!s->done) {
        outcome = VSWITCHD_FAILED;
        s->error = xstrdup("ovs-vswitchd: no answer yet");
    }
    if (s->call) {
        char *result, *refusal;

        unixctl_call_finish(s->call, &result, &refusal);
        free(result);
        free(refusal);
    }
    *error = s->error;
    free(s->path);
    free(s);
    return outcome;
}

enum vswitchd_settled
vswitchd_settle(const char *rundir, int timeout_ms, char **error)
{
    struct vswitchd_settle *s = vswitchd_settle_start(rundir, timeout_ms);

    while (!vswitchd_settle_run(s)) {
        vswitchd_settle_wait(s);
        poll_block();
    }
    return vswitchd_settle_finish(s, error);
}

/* An OVS daemon holds a lock on its pidfile as long as it lives. */
bool
vswitchd_is_alive(const char *rundir)
{
    char *path = xasprintf("%s/ovs-vswitchd.pid", rundir);
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    free(path);
    if (fd < 0) {
        return errno != ENOENT; /* Who may not look cannot tell. */
    }

    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    bool alive = fcntl(fd, F_GETLK, &lock) || lock.l_type != F_UNLCK;
    close(fd);
    return alive;
}
