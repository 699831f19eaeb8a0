/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "controller/deadline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "openvswitch/json.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "src/host/specs.h"
#include "src/store/pending.h"
#include "sset.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(deadline);

/* How long to wait for an editor to let go of the lock.  One that hangs must
 * not take the whole loop with it; it is tried again. */
#define LOCK_MS 200

/* How soon to try again to undo a change, or to read its record. */
#define RETRY_MIN_MS 200
#define RETRY_MAX_MS (5 * 1000)

/* How soon to try again to read the files of a change that has ended. */
#define REREAD_MS 1000

struct deadline {
    const struct pending_place *place;
    bool writable;

    struct store_sig sig;       /* Of the record that 'pending' is. */
    struct pending *pending;    /* NULL: none, or it cannot be read... */
    char *error;                /* ...for this reason. */
    long long int look_at;      /* As time_msec(); then read it again. */
    long long int look_backoff;

    /* The files of changes that have ended, which have not been read since:
     * what is known of them may be from before they were put back. */
    struct sset unread;

    /* A clock that goes on while the machine sleeps, and that nobody sets, to
     * wake up by; -1 where it is not to be had. */
    int timer;

    char *failure;              /* Why the last try to undo it failed. */
    long long int retry_at;     /* As time_msec(); then try again. */
    long long int backoff;
};

struct deadline *
deadline_create(const struct pending_place *place, bool writable)
{
    struct deadline *d = xzalloc(sizeof *d);

    d->place = place;
    d->writable = writable;
    sset_init(&d->unread);
    d->timer = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    if (d->timer < 0) {
        VLOG_WARN("no timer in boot time (%s)", ovs_strerror(errno));
    }
    return d;
}

static void
forget(struct deadline *d)
{
    pending_destroy(d->pending);
    d->pending = NULL;
    free(d->error);
    d->error = NULL;
    free(d->failure);
    d->failure = NULL;
    d->retry_at = d->backoff = 0;
}

void
deadline_destroy(struct deadline *d)
{
    if (d) {
        forget(d);
        sset_destroy(&d->unread);
        if (d->timer >= 0) {
            close(d->timer);
        }
        free(d);
    }
}

/* Has the timer expire when the change's time is up. */
static void
set_timer(struct deadline *d)
{
    struct itimerspec when = { .it_value = { .tv_sec = 0 } };

    if (d->pending && !d->pending->stuck) {
        long long int ms = MAX(d->pending->deadline, 1);

        when.it_value.tv_sec = ms / 1000;
        when.it_value.tv_nsec = ms % 1000 * 1000000;
    }
    if (d->timer >= 0) {
        timerfd_settime(d->timer, TFD_TIMER_ABSTIME, &when, NULL);
    }
}

static long long int
next_backoff(long long int backoff)
{
    return MIN(MAX(2 * backoff, RETRY_MIN_MS), RETRY_MAX_MS);
}

/* True if the record is to be read (again), as far as its signature 'sig'
 * says.  What kept it from being read may pass without a trace on it: there
 * was no descriptor left, the spec directory was not there yet. */
static bool
is_to_be_read(const struct deadline *d, const struct store_sig *sig,
              bool known)
{
    return ((known && !store_sig_equal(sig, &d->sig))
            || (d->error ? time_msec() >= d->look_at : !known));
}

bool
deadline_look(struct deadline *d)
{
    struct store_sig sig;
    bool known = !pending_signature(d->place, &sig);

    if (!is_to_be_read(d, &sig, known)) {
        return false;
    }
    for (size_t i = 0; d->pending && i < d->pending->n; i++) {
        sset_add(&d->unread, d->pending->files[i].name);
    }

    char *was = d->error;

    d->error = NULL;
    forget(d);
    d->sig = sig;
    d->error = pending_read(d->place, &d->pending);

    bool same = was && nullable_string_is_equal(was, d->error);

    free(was);
    d->look_backoff = d->error ? next_backoff(d->look_backoff) : 0;
    d->look_at = time_msec() + d->look_backoff;
    if (same) {
        return false;
    } else if (d->error) {
        VLOG_WARN("%s", d->error);
    } else if (d->pending) {
        struct pending_clock clock;

        pending_clock_read(&clock);
        char *what = pending_describe(d->pending, &clock);
        VLOG_INFO("a change of %"PRIuSIZE" files is pending (%s)",
                  d->pending->n, what);
        free(what);
    }
    set_timer(d);
    return true;
}

static void
report(const struct deadline *d, const struct pending_end *end)
{
    VLOG_WARN("the change by %s was not confirmed: %"PRIuSIZE" files are put "
              "back", d->pending->who, end->n_undone);
    for (size_t i = 0; i < end->others.n; i++) {
        VLOG_WARN("%s", end->others.names[i]);
    }
}

static void
undo(struct deadline *d, const struct pending_clock *clock)
{
    struct pending_end end;

    pending_end_init(&end);
    char *error = pending_rollback(d->place, clock, PENDING_IF_DUE, LOCK_MS,
                                   &end);
    if (error) {
        d->backoff = next_backoff(d->backoff);
        d->retry_at = time_msec() + d->backoff;
        if (!d->failure || strcmp(d->failure, error)) {
            VLOG_WARN("the change by %s cannot be undone, and is tried "
                      "again: %s", d->pending->who, error);
        }
        free(d->failure);
        d->failure = error;
    } else if (!end.none) {
        report(d, &end);
    }
    pending_end_destroy(&end);
}

bool
deadline_run(struct deadline *d)
{
    bool changed = deadline_look(d);
    struct pending_clock clock;

    if (d->pending && !d->pending->stuck && d->writable
        && time_msec() >= d->retry_at) {
        pending_clock_read(&clock);
        if (!pending_left(d->pending, &clock)) {
            undo(d, &clock);
            changed |= deadline_look(d);
        }
    }
    return changed;
}

const struct sset *
deadline_unread(const struct deadline *d)
{
    return &d->unread;
}

void
deadline_has_read(struct deadline *d)
{
    sset_clear(&d->unread);
}

void
deadline_wait(struct deadline *d)
{
    struct pending_clock clock;

    if (!sset_is_empty(&d->unread)) {
        poll_timer_wait(REREAD_MS);
    }
    if (d->error) {
        poll_timer_wait_until(d->look_at);
    }
    if (!d->pending || d->pending->stuck || !d->writable) {
        return;
    }
    pending_clock_read(&clock);
    long long int left = pending_left(d->pending, &clock);
    if (!left) {
        poll_timer_wait_until(d->retry_at);
    } else if (d->timer >= 0) {
        poll_fd_wait(d->timer, POLLIN);
    } else {
        poll_timer_wait(left);
    }
}

bool
deadline_holds(const struct deadline *d, const char *id)
{
    char *source = specs_source_of(id);
    /* While nobody can say what is pending, it may be anything. */
    bool holds = (d->error || pending_find(d->pending, source)
                  || sset_contains(&d->unread, source));

    free(source);
    return holds;
}

char *
deadline_held(const struct deadline *d, const char *id, char *held)
{
    if (!deadline_holds(d, id)) {
        return held;
    }
    free(held);
    return xstrdup(d->error ? d->error
                   : "the change of its file is pending; \"ovs-portctl "
                   "confirm\" makes it final, \"ovs-portctl rollback\" undoes "
                   "it");
}

/* Telling. */

struct json *
deadline_json(const struct deadline *d)
{
    struct pending_clock clock;

    if (!d->pending) {
        return json_null_create();
    }
    pending_clock_read(&clock);

    struct json *json = json_object_create();
    struct json *files = json_array_create_empty();
    long long int left = pending_left(d->pending, &clock);

    for (size_t i = 0; i < d->pending->n; i++) {
        json_array_add(files, json_string_create(d->pending->files[i].name));
    }
    json_object_put(json, "files", files);
    json_object_put_string(json, "who", d->pending->who);
    json_object_put(json, "seconds_left",
                    json_integer_create((left + 999) / 1000));
    json_object_put(json, "stuck", json_boolean_create(d->pending->stuck));
    json_object_put_string(json, "failure", d->failure ? d->failure : "");
    return json;
}

char *
deadline_text(const struct deadline *d)
{
    struct pending_clock clock;

    if (!d->pending) {
        return nullable_xstrdup(d->error);
    }
    pending_clock_read(&clock);
    char *what = pending_describe(d->pending, &clock);
    char *text = xasprintf("a change of %"PRIuSIZE" files is pending (%s)%s%s",
                           d->pending->n, what, d->failure ? ": " : "",
                           d->failure ? d->failure : "");
    free(what);
    return text;
}

/* True if this process may do what 'mode' says with 'name' in the spec
 * directory, or make it as it is not there. */
static bool
may(const struct deadline *d, const char *name, int mode)
{
    char *path = xasprintf("%s/%s", d->place->spec_dir, name);
    bool yes = !access(path, mode) || errno == ENOENT;

    free(path);
    return yes;
}

const char *
deadline_obstacle(const struct deadline *d)
{
    return (!d->writable ? "it only observes"
            : access(d->place->spec_dir, W_OK | X_OK)
            ? "it may not write to the spec directory"
            : !may(d, SPECS_VMS, W_OK | X_OK)
            ? "it may not write to vms.d in the spec directory"
            : !may(d, ".lock", R_OK | W_OK)
            ? "it may not write to .lock in the spec directory; chown that to "
              "whom the directory belongs"
            : access(d->place->state_dir, F_OK) && geteuid()
            ? "there is no state directory that it may write to"
            : !access(d->place->state_dir, F_OK)
              && access(d->place->state_dir, W_OK | X_OK)
            ? "it may not write to the state directory"
            : "");
}

const struct pending_place *
deadline_place(const struct deadline *d)
{
    return d->place;
}
