/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "ovsdb/vswitchd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>
#include "openvswitch/poll-loop.h"
#include "ovsdb/openflow.h"
#include "ovsdb/unixctl-call.h"
#include "timeval.h"
#include "util.h"

/* revalidator/wait is answered when the dump of flows that is under way, or
 * else the next one, ends (upcall_unixctl_dump_wait() in OVS's
 * ofproto/ofproto-dpif-upcall.c).  That dump may have begun before the change
 * and have passed some flows already: only the second one has surely looked
 * at all of them.
 *
 * Where nothing happens, a dump begins every 500 ms only.  So each question is
 * followed by a nudge, which ovs-vswitchd cannot take before the question: it
 * reads both sockets in one iteration of its main loop, and acts on a nudge in
 * the next.
 *
 * Where the datapath has no flow, there is none to look at: upcall/show tells
 * how many keys of flows the revalidators keep, and they have the key of a
 * flow before the datapath has the flow, and until after that is gone.  Who
 * was about to make a flow by the old configuration has done so when cur_cfg
 * moves: xlate_txn_commit() in OVS's ofproto/ofproto-dpif-xlate.c waits for
 * them.  That is asked first: a question or nudge that nobody waits for any
 * more would be a broken pipe in ovs-vswitchd's log. */
#define ROUNDS 2

struct vswitchd_settle {
    char *path;
    long long int deadline;
    struct unixctl_call *call;  /* The question on its way, or NULL. */
    bool looked;                /* For keys of flows, and there are some. */
    struct openflow *nudger;
    bool nudged;                /* In this round. */
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
ask(struct vswitchd_settle *s, const char *command)
{
    long long int left = s->deadline - time_msec();

    s->call = unixctl_call_start(s->path, command, NULL, 0,
                                 MIN(MAX(left, 0), INT_MAX));
    s->nudged = false;
}

struct vswitchd_settle *
vswitchd_settle_start(const char *rundir, struct openflow *nudger,
                      int timeout_ms)
{
    struct vswitchd_settle *s = xzalloc(sizeof *s);
    char *error;

    s->nudger = nudger;
    s->deadline = time_msec() + timeout_ms;
    error = unixctl_target_path(rundir, "ovs-vswitchd", &s->path);
    if (error) {
        set_outcome(s, VSWITCHD_FAILED, error);
    } else {
        ask(s, "upcall/show");
    }
    return s;
}

/* True if 'text', the answer to upcall/show, has lines like "  7: (keys 0)"
 * and none with another number; or if it is empty: then there is no datapath
 * that could have a flow. */
static bool
has_no_flow(const char *text)
{
    static const char word[] = "(keys ";
    bool any = !text[strspn(text, " \n")];

    for (const char *p = strstr(text, word); p; p = strstr(p + 1, word)) {
        if (strncmp(p + strlen(word), "0)", 2)) {
            return false;
        }
        any = true;
    }
    return any;
}

/* Takes 'text', the answer to upcall/show, or NULL: all is settled, or there
 * are flows to ask after. */
static void
take_look(struct vswitchd_settle *s, const char *text)
{
    if (text && has_no_flow(text)) {
        set_outcome(s, VSWITCHD_SETTLED, NULL);
    } else {
        s->looked = true;
        ask(s, "revalidator/wait");
    }
}

/* The answer is "can't wait on multiple udpifs." wherever there is more than
 * one of them, that is more than one kind of datapath with a bridge on it. */
static void
handle_refusal(struct vswitchd_settle *s, const char *refusal)
{
    bool udpifs = strstr(refusal, "udpif") != NULL;

    set_outcome(s, udpifs ? VSWITCHD_REFUSED : VSWITCHD_FAILED,
                xasprintf("ovs-vswitchd: revalidator/wait: %s", refusal));
}

static void
run_nudger(struct vswitchd_settle *s)
{
    if (!s->nudged && unixctl_call_is_sent(s->call)) {
        openflow_nudge(s->nudger);
        s->nudged = true;
    }
    openflow_run(s->nudger);
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
        } else if (!s->looked) {
            take_look(s, result);
        } else if (refusal) {
            handle_refusal(s, refusal);
        } else if (++s->rounds >= ROUNDS) {
            set_outcome(s, VSWITCHD_SETTLED, NULL);
        } else {
            ask(s, "revalidator/wait");
        }
        free(result);
        free(refusal);
    }
    if (!s->done && s->looked) {
        run_nudger(s);
    }
    return s->done;
}

void
vswitchd_settle_wait(const struct vswitchd_settle *s)
{
    if (s->done) {
        poll_immediate_wake();
        return;
    }
    unixctl_call_wait(s->call);
    if (s->looked) {
        openflow_wait(s->nudger);
    }
}

static void
drop(struct unixctl_call *call)
{
    if (call) {
        char *result, *refusal;

        unixctl_call_finish(call, &result, &refusal);
        free(result);
        free(refusal);
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
    drop(s->call);
    *error = s->error;
    free(s->path);
    free(s);
    return outcome;
}

enum vswitchd_settled
vswitchd_settle(const char *rundir, struct openflow *nudger,
                int timeout_ms, char **error)
{
    struct vswitchd_settle *s = vswitchd_settle_start(rundir, nudger,
                                                      timeout_ms);

    while (!vswitchd_settle_run(s)) {
        vswitchd_settle_wait(s);
        poll_block();
    }
    return vswitchd_settle_finish(s, error);
}

char *
vswitchd_ask(const char *rundir, const char *command, int timeout_ms,
             char **answer)
{
    char *path, *refusal;
    char *error = unixctl_target_path(rundir, "ovs-vswitchd", &path);

    *answer = NULL;
    if (error) {
        return error;
    }

    int retval = unixctl_call(path, command, NULL, 0, timeout_ms, answer,
                              &refusal);
    if (retval) {
        error = xasprintf("ovs-vswitchd does not answer (%s: %s)", path,
                          ovs_strerror(retval));
    } else if (refusal) {
        error = xasprintf("ovs-vswitchd: %s: %s", command, refusal);
        free(refusal);
    }
    free(path);
    return error;
}

/* Watching. */

/* How often to look, and how long an answer may take, in ms. */
#define WATCH_INTERVAL 5000
#define ANSWER_TIMEOUT 5000

struct vswitchd_watch {
    char *rundir;
    long long int next;         /* When to look again. */
    struct unixctl_call *call;  /* The question on its way, or NULL. */
    enum vswitchd_health health;
};

struct vswitchd_watch *
vswitchd_watch_create(const char *rundir)
{
    struct vswitchd_watch *w = xzalloc(sizeof *w);

    w->rundir = xstrdup(rundir);
    return w;
}

/* Ends the question and returns an errno: 0 if there was an answer. */
static int
end_call(struct vswitchd_watch *w)
{
    char *result, *refusal;
    int error = unixctl_call_finish(w->call, &result, &refusal);

    w->call = NULL;
    free(result);
    free(refusal);
    return error;
}

void
vswitchd_watch_destroy(struct vswitchd_watch *w)
{
    if (w) {
        if (w->call) {
            end_call(w);
        }
        free(w->rundir);
        free(w);
    }
}

/* An OVS daemon holds a lock on its pidfile as long as it lives, and the lock
 * says who holds it: read_pidfile() would want to write to the file, which not
 * everybody may.  Stores the process id in '*pid', 0 if that is not known. */
static enum vswitchd_health
process_health(const char *rundir, pid_t *pid)
{
    char *path = xasprintf("%s/ovs-vswitchd.pid", rundir);
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    free(path);
    if (fd < 0) {
        /* Who may not look cannot tell. */
        return errno == ENOENT ? VSWITCHD_GONE : VSWITCHD_UNKNOWN;
    }

    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    bool known = !fcntl(fd, F_GETLK, &lock);
    bool alive = !known || lock.l_type != F_UNLCK;
    *pid = known && alive ? MAX(lock.l_pid, 0) : 0;
    close(fd);
    return alive ? VSWITCHD_WELL : VSWITCHD_GONE;
}

/* Whether it runs; if it does, asks it something. */
static void
look(struct vswitchd_watch *w)
{
    pid_t pid = 0;
    enum vswitchd_health health = process_health(w->rundir, &pid);

    if (health != VSWITCHD_WELL) {
        if (w->health != VSWITCHD_UNKNOWN) {
            w->health = health;
        }
        return;
    }
    if (w->health != VSWITCHD_HUNG) {
        w->health = VSWITCHD_WELL;
    }
    if (pid) {
        char *path = xasprintf("%s/ovs-vswitchd.%ld.ctl", w->rundir,
                               (long int) pid);

        w->call = unixctl_call_start(path, "version", NULL, 0,
                                     ANSWER_TIMEOUT);
        free(path);
    }
}

enum vswitchd_health
vswitchd_watch_run(struct vswitchd_watch *w, long long int now)
{
    if (w->call && unixctl_call_run(w->call)) {
        /* Who may not ask cannot tell. */
        w->health = (end_call(w) == ETIMEDOUT
                     ? VSWITCHD_HUNG : VSWITCHD_WELL);
        w->next = now + (w->health == VSWITCHD_HUNG ? 0 : WATCH_INTERVAL);
    }
    if (!w->call && now >= w->next) {
        w->next = now + WATCH_INTERVAL;
        look(w);
    }
    return w->health;
}

void
vswitchd_watch_wait(const struct vswitchd_watch *w)
{
    if (w->call) {
        unixctl_call_wait(w->call);
    } else {
        poll_timer_wait_until(w->next);
    }
}
