/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "src/store/watch.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "openvswitch/poll-loop.h"
#include "openvswitch/util.h"
#include "openvswitch/vlog.h"
#include "src/sets.h"
#include "src/store/journal.h"
#include "src/store/names.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(store_watch);

#define EVENTS (IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE \
                | IN_CREATE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF  \
                | IN_ONLYDIR | IN_EXCL_UNLINK)

/* With more names than this a full scan is as cheap. */
#define MAX_NAMES 4096

/* At most this many buffers of events in one go; with more waiting, a full
 * scan takes their place. */
#define MAX_READS 64

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 5);

struct watched {
    int wd;                     /* -1 for none. */
    dev_t dev;
    ino_t ino;
};

struct store_watch {
    int fd;                     /* -1 if there is no inotify to be had. */
    struct watched dir, vms;
    bool failed;                /* The last attempt to watch failed. */
    bool warned;
    unsigned long long overflows; /* Times that events were lost. */
};

void
store_todo_init(struct store_todo *todo)
{
    sset_init(&todo->names);
    todo->full = todo->reread = false;
}

void
store_todo_destroy(struct store_todo *todo)
{
    sset_destroy(&todo->names);
}

void
store_todo_clear(struct store_todo *todo)
{
    sets_reset(&todo->names);
    todo->full = todo->reread = false;
}

struct store_watch *
store_watch_create(void)
{
    struct store_watch *watch = xzalloc(sizeof *watch);

    watch->fd = -1;
    watch->dir.wd = watch->vms.wd = -1;
    return watch;
}

void
store_watch_destroy(struct store_watch *watch)
{
    if (watch) {
        if (watch->fd >= 0) {
            close(watch->fd);
        }
        free(watch);
    }
}

static void
unwatch(struct store_watch *watch, struct watched *w)
{
    if (w->wd >= 0) {
        inotify_rm_watch(watch->fd, w->wd);
        w->wd = -1;
    }
}

/* Makes 'w' watch the directory that is open as 'fd'.  Returns true if it did
 * not before. */
static bool
attach(struct store_watch *watch, struct watched *w, int fd)
{
    char path[64];
    struct stat st;

    if (fd < 0) {
        unwatch(watch, w);
        return false;
    }
    if (fstat(fd, &st)) {
        watch->failed = true;
        return true;
    }
    if (w->wd >= 0 && w->dev == st.st_dev && w->ino == st.st_ino) {
        return false;
    }
    unwatch(watch, w);

    /* By descriptor, not by path, which may lead somewhere else by now. */
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    w->wd = inotify_add_watch(watch->fd, path, EVENTS);
    if (w->wd < 0) {
        watch->failed = true;
        if (!watch->warned) {
            watch->warned = true;
            VLOG_WARN("inotify: a directory cannot be watched (%s); looking "
                      "at the files every second instead (raise "
                      "fs.inotify.max_user_watches)", ovs_strerror(errno));
        }
    }
    w->dev = st.st_dev;
    w->ino = st.st_ino;
    return true;
}

bool
store_watch_attach(struct store_watch *watch, const struct store_fds *fds)
{
    bool fresh;

    if (watch->fd < 0) {
        watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
        if (watch->fd < 0) {
            if (!watch->warned) {
                watch->warned = true;
                VLOG_WARN("inotify: cannot be had (%s); looking at the files "
                          "every second instead (raise "
                          "fs.inotify.max_user_instances)",
                          ovs_strerror(errno));
            }
            return true;
        }
    }
    watch->failed = false;
    fresh = attach(watch, &watch->dir, fds->dir);
    fresh = attach(watch, &watch->vms, fds->vms) || fresh;
    if (!watch->failed && watch->warned) {
        watch->warned = false;
        VLOG_INFO("inotify: watching again");
    }
    return fresh;
}

void
store_watch_detach(struct store_watch *watch)
{
    unwatch(watch, &watch->dir);
    unwatch(watch, &watch->vms);
}

bool
store_watch_works(const struct store_watch *watch)
{
    return watch->fd >= 0 && !watch->failed && watch->dir.wd >= 0
           && watch->vms.wd >= 0;
}

static void
add_name(struct store_todo *todo, const char *name)
{
    if (sset_count(&todo->names) >= MAX_NAMES) {
        todo->full = true;
    } else {
        sset_add(&todo->names, name);
    }
}

static bool
dir_event(const char *base, struct store_todo *todo)
{
    if (!strcmp(base, STORE_HOST)) {
        add_name(todo, STORE_HOST);
        return true;
    } else if (!strcmp(base, STORE_VMS)) {
        todo->full = true;
        return true;
    }
    /* Even with no name to look at: its writer may be dead. */
    return !strcmp(base, STORE_JOURNAL);
}

static bool
vms_event(const char *base, struct store_todo *todo)
{
    if (!store_name_is_spec(base)) {
        return false;
    }

    char *name = store_name_from_entry(base);

    add_name(todo, name);
    free(name);
    return true;
}

/* Returns true if the event matters. */
static bool
handle(struct store_watch *watch, const struct inotify_event *event,
       struct store_todo *todo)
{
    struct watched *w = event->wd == -1 ? NULL
                        : event->wd == watch->dir.wd ? &watch->dir
                        : event->wd == watch->vms.wd ? &watch->vms : NULL;

    if (event->mask & IN_Q_OVERFLOW) {
        VLOG_INFO_RL(&rl, "inotify: events were lost, looking at all files "
                     "again");
        watch->overflows++;
        todo->full = true;
        return true;
    } else if (!w) {
        return false;           /* Of a watch that was removed. */
    }
    if (event->mask & IN_IGNORED) {
        w->wd = -1;
    }
    if (!event->len) {
        /* The directory itself: removed, moved, unmounted, another mode. */
        todo->full = true;
        return true;
    }
    return w == &watch->dir ? dir_event(event->name, todo)
                            : vms_event(event->name, todo);
}

bool
store_watch_run(struct store_watch *watch, struct store_todo *todo)
{
    char buf[32768] __attribute__((aligned(__alignof__(struct
                                                       inotify_event))));
    bool matters = false;

    if (watch->fd < 0) {
        return false;
    }
    for (int i = 0; i < MAX_READS; i++) {
        ssize_t n = read(watch->fd, buf, sizeof buf);

        if (n <= 0) {
            if (n < 0 && errno == EINTR) {
                continue;
            }
            return matters;
        }
        for (ssize_t ofs = 0; ofs < n; ) {
            const struct inotify_event *event
                = ALIGNED_CAST(const struct inotify_event *, buf + ofs);

            matters = handle(watch, event, todo) || matters;
            ofs += sizeof *event + event->len;
        }
    }
    todo->full = true;
    return true;
}

void
store_watch_wait(const struct store_watch *watch)
{
    if (watch->fd >= 0) {
        poll_fd_wait(watch->fd, POLLIN);
    }
}

unsigned long long
store_watch_overflows(const struct store_watch *watch)
{
    return watch->overflows;
}
