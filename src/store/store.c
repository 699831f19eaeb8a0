/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "src/store/store.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "openvswitch/poll-loop.h"
#include "openvswitch/util.h"
#include "openvswitch/vlog.h"
#include "src/store/lock.h"
#include "src/store/scan.h"
#include "src/store/watch.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(store);

/* After an event, wait until it has been quiet for so long, but under a steady
 * stream of events no longer than that after the first. */
#define QUIET_MS 20
#define STORM_MS 200

/* How soon to look again while an editor holds the lock; and after how long to
 * read without it, lest one that hangs, or one after the other, keeps us from
 * ever reading. */
#define BUSY_MS 10
#define BUSY_MAX_MS 100

/* How often everything is looked at without an event: in case an event was
 * missed (DIR's own parent is not watched), while a directory is missing, and
 * without inotify. */
#define AUDIT_MS 60000
#define MISSING_MS 2000
#define POLL_MS 1000

/* store_load() while an editor holds the lock. */
#define LOAD_POLL_NS (5 * 1000 * 1000)

struct store {
    struct store_cache cache;
    struct store_watch *watch;  /* NULL without. */
    struct store_todo todo;
    unsigned int flags;         /* enum store_scan_flags. */

    /* Next scan of 'todo', LLONG_MAX for never: when the events have died
     * down, and for any other reason. */
    long long int first_event;  /* 0 if there was none. */
    long long int event_due;
    long long int due;
    long long int next_full;    /* Next scan of everything. */
    long long int busy_since;   /* 0 if the lock was to be had. */
    unsigned long long scans;   /* Of everything, that is. */
};

struct store *
store_open(const char *dir, bool watch)
{
    struct store *store = xzalloc(sizeof *store);

    store_cache_init(&store->cache, dir);
    store->watch = watch ? store_watch_create() : NULL;
    store_todo_init(&store->todo);
    store->event_due = store->due = LLONG_MAX;
    store->next_full = LLONG_MIN;
    return store;
}

void
store_close(struct store *store)
{
    if (store) {
        store_watch_destroy(store->watch);
        store_todo_destroy(&store->todo);
        store_cache_destroy(&store->cache);
        free(store);
    }
}

void
store_set_read_only(struct store *store, bool read_only)
{
    store->flags = read_only ? STORE_SCAN_READ_ONLY : 0;
}

void
store_rescan(struct store *store)
{
    store->todo.full = store->todo.reread = true;
    store->due = LLONG_MIN;
}

static int
full_interval(const struct store *store)
{
    return !store->cache.dir.readable ? MISSING_MS
           : !store->watch || !store_watch_works(store->watch) ? POLL_MS
           : AUDIT_MS;
}

/* Scans what is due.  Returns false if an editor is at work. */
static bool
scan(struct store *store, unsigned int flags)
{
    bool full = store->todo.full;
    enum store_scan_result result;
    long long int now = time_msec();
    long long int next;

    if (store->busy_since && now - store->busy_since >= BUSY_MAX_MS) {
        flags |= STORE_SCAN_UNLOCKED;
    }
    result = store_scan(&store->cache, store->watch, &store->todo,
                        store->flags | flags);
    now = time_msec();
    if (result == STORE_SCAN_BUSY) {
        store->busy_since = store->busy_since ? store->busy_since : now;
        store->event_due = LLONG_MAX;
        store->due = now + BUSY_MS;
        return false;
    }
    store->scans += full;
    store->busy_since = 0;
    store->first_event = 0;
    store->event_due = store->due = LLONG_MAX;
    next = now + full_interval(store);
    store->next_full = full ? next : MIN(store->next_full, next);
    return true;
}

bool
store_run(struct store *store)
{
    struct store_cache *cache = &store->cache;
    long long int now = time_msec();

    if (store->watch && store_watch_run(store->watch, &store->todo)) {
        if (!store->first_event) {
            store->first_event = now;
        }
        store->event_due = MIN(now + QUIET_MS,
                               store->first_event + STORM_MS);
    }
    if (now >= cache->pending_due) {
        const char *name;

        SSET_FOR_EACH (name, &cache->pending) {
            sset_add(&store->todo.names, name);
        }
        cache->pending_due = LLONG_MAX;
        store->due = MIN(store->due, now);
    }
    if (now >= store->next_full) {
        /* Remembered in 'todo' from here on. */
        store->todo.full = true;
        store->next_full = LLONG_MAX;
        store->due = MIN(store->due, now);
    }
    if (now >= MIN(store->due, store->event_due)) {
        scan(store, 0);
    }
    return !sset_is_empty(&cache->changed);
}

void
store_wait(struct store *store)
{
    if (!sset_is_empty(&store->cache.changed)) {
        poll_immediate_wake();
    }
    if (store->watch) {
        store_watch_wait(store->watch);
    }
    poll_timer_wait_until(MIN(MIN(store->due, store->event_due),
                              MIN(store->next_full,
                                  store->cache.pending_due)));
}

static char *
busy_error(const struct store *store, int timeout_ms)
{
    int fd = open(store->cache.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char *holder = store_lock_holder(fd);
    char *error = xasprintf("%s/"STORE_LOCK": %s for more than %d ms; "
                            "wait for it to end, then try again",
                            store->cache.path, holder, timeout_ms);

    free(holder);
    if (fd >= 0) {
        close(fd);
    }
    return error;
}

char *
store_load(struct store *store, const struct sset *names, int timeout_ms,
           bool absent_at_once)
{
    long long int deadline = time_msec() + timeout_ms;

    if (names && store->watch && store_watch_works(store->watch)) {
        const char *name;

        SSET_FOR_EACH (name, names) {
            sset_add(&store->todo.names, name);
        }
    } else {
        store->todo.full = true;
    }
    while (!scan(store, absent_at_once ? STORE_SCAN_AT_ONCE : 0)) {
        xnanosleep(LOAD_POLL_NS);
        if (time_msec() >= deadline) {
            return busy_error(store, timeout_ms);
        }
    }
    return store->cache.dir_found ? NULL : xstrdup(store->cache.dir.error);
}

struct store_stats
store_get_stats(const struct store *store)
{
    return (struct store_stats) {
        .scans = store->scans,
        .overflows = store->watch ? store_watch_overflows(store->watch) : 0,
    };
}

const struct shash *
store_files(const struct store *store)
{
    return &store->cache.files;
}

const struct store_file *
store_get(const struct store *store, const char *name)
{
    return shash_find_data(&store->cache.files, name);
}

const struct store_dir *
store_get_dir(const struct store *store)
{
    return &store->cache.dir;
}

bool
store_complete(const struct store *store)
{
    return store->cache.complete;
}

bool
store_is_unsettled(const struct store *store)
{
    const struct store_cache *cache = &store->cache;

    return (cache->dir.readable
            && (store->todo.full || !sset_is_empty(&store->todo.names)
                || store_cache_misses(cache)));
}

void
store_changed(struct store *store, struct sset *names)
{
    sset_init(names);
    sset_swap(names, &store->cache.changed);
}
