/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "src/store/scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "openvswitch/util.h"
#include "openvswitch/vlog.h"
#include "src/store/journal.h"
#include "src/store/lock.h"
#include "src/store/names.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(store_scan);

/* How soon a file that could not be read is tried again. */
#define RETRY_MS 1000

/* One file that is known.  'file' comes first in store_cache.files' data. */
struct entry {
    struct store_file file;
    struct store_sig sig;
    bool again;                 /* 'sig' does not say that it is the same. */
    long long int missing_since; /* time_msec(), 0 if it is there. */
};

/* One scan.  The cache stays as it is until all has been looked at. */
struct scan {
    struct store_cache *cache;
    struct store_todo *todo;
    unsigned int flags;
    struct store_fds fds;
    int vms_errno;              /* Why fds.vms is -1, or listing failed. */
    int lock_fd;                /* -1 without a lock. */
    struct store_mark mark;     /* Without a lock: how it was before. */
    struct journal journal;     /* Completed just now, or read through. */
    bool through;               /* Read through 'journal'. */
    struct sset names;          /* To be looked at. */
    struct shash found;         /* Name to "struct entry", NULL: not there. */
    struct shash gone;          /* Removed by edits: see was_deleted(). */
    bool gone_loaded;
};

static struct entry *
entry_find(const struct store_cache *cache, const char *name)
{
    struct store_file *file = shash_find_data(&cache->files, name);

    return file ? CONTAINER_OF(file, struct entry, file) : NULL;
}

static void
entry_destroy(struct entry *entry)
{
    if (entry) {
        store_file_clear(&entry->file);
        free(entry);
    }
}

void
store_cache_init(struct store_cache *cache, const char *path)
{
    memset(cache, 0, sizeof *cache);
    cache->path = xstrdup(path);
    shash_init(&cache->files);
    sset_init(&cache->changed);
    sset_init(&cache->pending);
    cache->pending_due = LLONG_MAX;
}

void
store_cache_destroy(struct store_cache *cache)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &cache->files) {
        entry_destroy(CONTAINER_OF(node->data, struct entry, file));
    }
    shash_destroy(&cache->files);
    sset_destroy(&cache->changed);
    sset_destroy(&cache->pending);
    free(cache->dir.error);
    free(cache->path);
}

void
store_cache_move(struct store_cache *dst, struct store_cache *src,
                 const struct sset *except)
{
    struct shash_node *node;

    SHASH_FOR_EACH_SAFE (node, &src->files) {
        if (!sset_contains(except, node->name)) {
            shash_add(&dst->files, node->name, node->data);
            shash_delete(&src->files, node);
        }
    }
}

/* True if 'entry' was read from directory entry 'base' of 'fd' as that is
 * now. */
static bool
is_current(const struct entry *entry, int fd, const char *base)
{
    struct store_sig sig;
    struct stat st;

    if (entry->again || fstatat(fd, base, &st, AT_SYMLINK_NOFOLLOW)) {
        return false;
    }
    store_sig_from_stat(&sig, &st);
    return store_sig_equal(&sig, &entry->sig);
}

bool
store_cache_is_current(const struct store_cache *cache,
                       const struct store_fds *fds, const char *name)
{
    const struct entry *entry = entry_find(cache, name);
    char *base = store_name_to_entry(name);
    bool current = entry && is_current(entry, store_fds_of(fds, name), base);

    free(base);
    return current;
}

bool
store_cache_misses(const struct store_cache *cache)
{
    const char *name;

    SSET_FOR_EACH (name, &cache->pending) {
        const struct entry *entry = entry_find(cache, name);

        if (entry && entry->missing_since) {
            return true;
        }
    }
    return false;
}

/* The directories. */

static void
set_dir_error(struct store_cache *cache, char *error)
{
    if (error && !nullable_string_is_equal(error, cache->dir.error)) {
        VLOG_WARN("%s", error);
    } else if (!error && !cache->dir.readable && cache->complete) {
        VLOG_INFO("%s: readable again", cache->path);
    }
    free(cache->dir.error);
    cache->dir.error = error;
    cache->dir.readable = !error;
    cache->dir.no_vms = false;
}

/* What to do about 'error' of DIR, or of DIR/vms.d if 'vms'. */
static const char *
remedy(int error, bool vms)
{
    switch (error) {
    case ENOENT:
        /* DIR may lack it, but who reads this has reason to miss it. */
        return (vms ? "put it back, or, if there are to be no VMs, create it "
                      "empty" : "create it");
    case ELOOP:
        return (vms ? "symbolic links are refused here; put the directory "
                      "itself there" : "put a directory there");
    case ENOTDIR:
        return "put a directory there";
    case EACCES:
    case EPERM:
        return "give the user that reads it read and search permission";
    default:
        return "it is tried again";
    }
}

static char *
explain(const char *path, int error, bool vms)
{
    return xasprintf("%s%s: cannot be read (%s): %s; the files known before "
                     "stay in force", path, vms ? "/"STORE_VMS : "",
                     error == ELOOP && vms ? "it is a symbolic link"
                     : ovs_strerror(error), remedy(error, vms));
}

/* A directory that cannot be looked into says nothing about its files: none
 * of them is on its way to be absent. */
static void
forget_missing(struct store_cache *cache, bool vms_only)
{
    const char *name;

    SSET_FOR_EACH_SAFE (name, &cache->pending) {
        struct entry *entry = entry_find(cache, name);

        if (!vms_only || store_name_in_vms(name)) {
            if (entry) {
                entry->missing_since = 0;
            }
            sset_find_and_delete(&cache->pending, name);
        }
    }
}

/* The journal and the lock. */

/* True if a process like this one may rename files in the directories. */
static bool
may_write(const struct scan *scan)
{
    return !(scan->flags & STORE_SCAN_READ_ONLY) && scan->lock_fd >= 0
           && !faccessat(scan->fds.dir, ".", W_OK, AT_EACCESS)
           && (scan->fds.vms < 0
               || !faccessat(scan->fds.vms, ".", W_OK, AT_EACCESS));
}

/* Deals with a journal, if there is one.  With the lock in our hands its
 * writer is dead. */
static enum store_scan_result
check_journal(struct scan *scan)
{
    struct store_cache *cache = scan->cache;
    enum journal_verdict verdict;
    char *error;

    struct stat st;

    if (fstatat(scan->fds.dir, STORE_JOURNAL, &st, AT_SYMLINK_NOFOLLOW)) {
        return STORE_SCAN_DONE;
    }
    if (may_write(scan)) {
        if (store_lock_upgrade(scan->lock_fd)) {
            return STORE_SCAN_BUSY;
        }
        error = journal_recover(&scan->fds, &scan->journal);
        if (!error) {
            return STORE_SCAN_DONE;
        }
        journal_destroy(&scan->journal);
        if (!cache->warned) {
            VLOG_WARN("%s: the edit of a process that died cannot be "
                      "completed: %s", cache->path, error);
        }
        free(error);
    } else if (!cache->warned && scan->lock_fd >= 0
               && !(scan->flags & STORE_SCAN_READ_ONLY)) {
        VLOG_WARN("%s: a process died during an edit; this one may not "
                  "complete it, the next edit will", cache->path);
    }
    cache->warned = cache->warned || scan->lock_fd >= 0;

    /* The edit has happened as soon as the journal is there, so read what its
     * files are going to be. */
    verdict = journal_load(&scan->fds, &scan->journal, &error);
    free(error);
    scan->through = verdict == JOURNAL_COMPLETE;
    if (!scan->through) {
        journal_destroy(&scan->journal);
    }
    return STORE_SCAN_DONE;
}

static enum store_scan_result
take_lock(struct scan *scan)
{
    if (scan->flags & STORE_SCAN_LOCKED) {
        return STORE_SCAN_DONE;
    }
    store_mark_take(scan->fds.dir, &scan->mark);
    if (store_lock_shared(scan->fds.dir, &scan->lock_fd)
        && !(scan->flags & STORE_SCAN_UNLOCKED)) {
        return STORE_SCAN_BUSY;
    }
    return check_journal(scan);
}

/* True if what was read is of one piece. */
static bool
is_consistent(const struct scan *scan)
{
    struct store_mark mark;

    if (scan->lock_fd >= 0 || scan->flags & STORE_SCAN_LOCKED) {
        return true;
    }
    store_mark_take(scan->fds.dir, &mark);
    return store_mark_equal(&mark, &scan->mark);
}

/* What to look at. */

/* Adds all of vms.d to 'scan->names'.  Returns 0 or a positive errno. */
static int
list_vms(struct scan *scan)
{
    int fd = openat(scan->fds.vms, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = fd >= 0 ? fdopendir(fd) : NULL;
    int error = 0;

    if (!stream) {
        error = errno;
        if (fd >= 0) {
            close(fd);
        }
        return error;
    }
    for (;;) {
        errno = 0;

        struct dirent *de = readdir(stream);

        if (!de) {
            error = errno;
            break;
        }
        if (store_name_is_spec(de->d_name)) {
            char *name = store_name_from_entry(de->d_name);

            sset_add(&scan->names, name);
            free(name);
        }
    }
    closedir(stream);
    return error;
}

static void
collect(struct scan *scan)
{
    const struct store_todo *todo = scan->todo;
    struct shash_node *node;
    const char *name;

    SSET_FOR_EACH (name, &todo->names) {
        sset_add(&scan->names, name);
    }
    for (size_t i = 0; i < scan->journal.n; i++) {
        sset_add(&scan->names, scan->journal.items[i].name);
    }
    if (todo->full) {
        sset_add(&scan->names, STORE_HOST);
        if (!scan->vms_errno) {
            scan->vms_errno = list_vms(scan);
        }
        SHASH_FOR_EACH (node, &scan->cache->files) {
            sset_add(&scan->names, node->name);
        }
    }
}

/* Looking. */

/* The temporary file that is going to be 'name', or NULL.  '*deleted': there
 * is going to be no such file. */
static const char *
read_through(const struct scan *scan, const char *name, bool *deleted)
{
    const struct journal_item *item
        = scan->through ? journal_find(&scan->journal, name) : NULL;

    *deleted = item && !item->tmp;
    return item && item->state == JOURNAL_TODO ? item->tmp : NULL;
}

/* Reads 'name' from file 'from' in the same directory.  Returns NULL if there
 * is no such file, 'old' if it has not changed, or what it is now. */
static struct entry *
look_at(const struct scan *scan, const char *name, const char *from,
        struct entry *old)
{
    int fd = store_fds_of(&scan->fds, name);
    char *base = store_name_to_entry(from);
    struct entry *entry = NULL;
    struct stat st;

    if (old && !scan->todo->reread && is_current(old, fd, base)) {
        free(base);
        return old;
    }

    entry = xzalloc(sizeof *entry);
    entry->file.name = xstrdup(name);
    entry->file.error = store_name_check(name);
    if (!entry->file.error) {
        store_read_file(&scan->fds, base, &entry->file, &entry->sig,
                        &entry->again);
    } else if (!fstatat(fd, base, &st, AT_SYMLINK_NOFOLLOW)) {
        entry->file.state = STORE_UNREADABLE;
        store_sig_from_stat(&entry->sig, &st);
    } else {
        entry->file.state = STORE_ABSENT;
    }
    if (entry->file.state == STORE_ABSENT) {
        entry_destroy(entry);
        entry = NULL;
    }
    free(base);
    return entry;
}

static void
look(struct scan *scan)
{
    const char *name;

    SSET_FOR_EACH (name, &scan->names) {
        struct entry *old = entry_find(scan->cache, name);
        struct entry *entry = NULL;
        bool deleted;
        const char *tmp = read_through(scan, name, &deleted);

        if (store_name_in_vms(name) && scan->vms_errno) {
            continue;           /* Stays as it was. */
        }
        if (tmp) {
            entry = look_at(scan, name, tmp, old);
        }
        if (!entry && !deleted) {
            /* Also if the journal's writer has just now renamed it. */
            entry = look_at(scan, name, name, old);
        }
        shash_add(&scan->found, name, entry);
    }
}

/* Taking it in. */

/* True if an edit removed 'entry', or the journal does. */
static bool
was_deleted(struct scan *scan, const struct entry *entry)
{
    const struct timespec *ctime = &entry->sig.ctime;
    const struct journal_item *item = journal_find(&scan->journal,
                                                   entry->file.name);

    if (item && !item->tmp) {
        return true;
    }
    if (!scan->gone_loaded) {
        scan->gone_loaded = true;
        store_lock_gone(scan->fds.dir, &scan->gone);
    }

    /* Not if the file that has now vanished is a later one. */
    const struct timespec *when = shash_find_data(&scan->gone,
                                                  entry->file.name);
    return when
           && (ctime->tv_sec < when->tv_sec
               || (ctime->tv_sec == when->tv_sec
                   && ctime->tv_nsec <= when->tv_nsec));
}

static void
pend(struct store_cache *cache, const char *name, long long int due)
{
    sset_add(&cache->pending, name);
    cache->pending_due = MIN(cache->pending_due, due);
}

static void
take_vanished(struct scan *scan, struct entry *old)
{
    struct store_cache *cache = scan->cache;
    long long int now = time_msec();

    if (!old) {
        return;
    }
    if (!(scan->flags & STORE_SCAN_AT_ONCE) && !was_deleted(scan, old)) {
        if (!old->missing_since) {
            old->missing_since = now;
        }
        if (now < old->missing_since + STORE_ABSENCE_MS) {
            pend(cache, old->file.name,
                 old->missing_since + STORE_ABSENCE_MS);
            return;
        }
    }
    sset_add(&cache->changed, old->file.name);
    shash_find_and_delete(&cache->files, old->file.name);
    entry_destroy(old);
}

static bool
is_same(const struct store_file *a, const struct store_file *b)
{
    return a->state == b->state && a->len == b->len
           && !strcmp(a->sha256, b->sha256)
           && nullable_string_is_equal(a->error, b->error);
}

static void
take_found(struct scan *scan, struct entry *old, struct entry *entry)
{
    struct store_cache *cache = scan->cache;
    const char *name = entry->file.name;

    if (entry->file.state == STORE_UNREADABLE && entry->again) {
        pend(cache, name, time_msec() + RETRY_MS);
    }
    if (entry == old) {
        entry->missing_since = 0;
        return;
    }
    if (!old || !is_same(&old->file, &entry->file)) {
        sset_add(&cache->changed, name);
    }
    shash_replace(&cache->files, name, &entry->file);
    entry_destroy(old);
}

static void
take_in(struct scan *scan)
{
    struct store_cache *cache = scan->cache;
    struct shash_node *node;

    SHASH_FOR_EACH (node, &scan->found) {
        struct entry *old = entry_find(cache, node->name);
        struct entry *entry = node->data;

        sset_find_and_delete(&cache->pending, node->name);
        if (entry) {
            take_found(scan, old, entry);
        } else {
            take_vanished(scan, old);
        }
        node->data = NULL;
    }

    set_dir_error(cache, scan->vms_errno
                  ? explain(cache->path, scan->vms_errno, true) : NULL);
    cache->dir.no_vms = scan->vms_errno == ENOENT;
    if (scan->vms_errno) {
        forget_missing(cache, true);
        scan->todo->full = true; /* Whatever was asked for is still due. */
        sset_clear(&scan->todo->names);
    } else {
        cache->complete = cache->complete || scan->todo->full;
        store_todo_clear(scan->todo);
    }
}

static enum store_scan_result
scan_opened(struct scan *scan, struct store_watch *watch)
{
    struct store_todo *todo = scan->todo;

    if (take_lock(scan)) {
        return STORE_SCAN_BUSY;
    }
    if (watch) {
        /* The watch before the look, so that nothing falls in between; and
         * the events of an edit that ended just before we got the lock, or
         * only half of its files would be looked at. */
        if (store_watch_attach(watch, &scan->fds)) {
            todo->full = true;
        }
        store_watch_run(watch, todo);
    }
    if (scan->fds.owner != scan->cache->owner) {
        /* Files may be refused, or no longer, for whom they belong to. */
        scan->cache->owner = scan->fds.owner;
        todo->reread = true;
    }
    if ((!scan->cache->dir.readable || todo->reread)
        && !(scan->flags & STORE_SCAN_NAMED)) {
        todo->full = true;
    }
    collect(scan);
    look(scan);
    if (!is_consistent(scan)) {
        return STORE_SCAN_BUSY;
    }
    if (!scan->through && scan->lock_fd >= 0) {
        scan->cache->warned = false;
    }
    take_in(scan);
    return STORE_SCAN_DONE;
}

enum store_scan_result
store_scan(struct store_cache *cache, struct store_watch *watch,
           struct store_todo *todo, unsigned int flags)
{
    struct scan scan = { .cache = cache, .todo = todo, .flags = flags,
                         .lock_fd = -1 };
    enum store_scan_result result;
    struct shash_node *node;
    int error = store_fds_open(cache->path, &scan.fds, &scan.vms_errno);

    cache->dir_found = !error;
    if (error) {
        set_dir_error(cache, explain(cache->path, error, false));
        forget_missing(cache, false);
        cache->pending_due = LLONG_MAX;
        if (watch) {
            store_watch_detach(watch);
        }
        todo->full = true;
        return STORE_SCAN_DONE;
    }

    sset_init(&scan.names);
    shash_init(&scan.gone);
    shash_init(&scan.found);
    journal_init(&scan.journal);
    result = scan_opened(&scan, watch);

    SHASH_FOR_EACH (node, &scan.found) {
        if (node->data != entry_find(cache, node->name)) {
            entry_destroy(node->data);
        }
    }
    shash_destroy(&scan.found);
    sset_destroy(&scan.names);
    shash_destroy_free_data(&scan.gone);
    journal_destroy(&scan.journal);
    store_lock_release_shared(scan.lock_fd);
    store_fds_close(&scan.fds);
    return result;
}
