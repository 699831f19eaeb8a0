/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "src/store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "openvswitch/dynamic-string.h"
#include "openvswitch/shash.h"
#include "openvswitch/util.h"
#include "src/store/journal.h"
#include "src/store/names.h"
#include "socket-util.h"
#include "timeval.h"
#include "util.h"

/* How often somebody who waits for the lock tries again. */
#define POLL_NS (5 * 1000 * 1000)

/* More than the longest list of removed files that is of use to anybody. */
#define MAX_TEXT (1024 * 1024)

#define GONE "gone "
/* How long a removal is remembered: longer than a reader may be behind. */
#define GONE_SECS 60

#define OPEN_FLAGS (O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)

/* flock() without waiting, however often a signal comes in between.  Returns
 * 0 or a positive errno. */
static int
try_flock(int fd, int operation)
{
    while (flock(fd, operation | LOCK_NB)) {
        if (errno != EINTR) {
            return errno == EWOULDBLOCK ? EAGAIN : errno;
        }
    }
    return 0;
}

int
store_lock_shared(int dir_fd, int *fd)
{
    struct stat st;
    int error;

    *fd = openat(dir_fd, STORE_LOCK, O_RDONLY | OPEN_FLAGS);
    if (*fd < 0) {
        return 0;
    }
    error = fstat(*fd, &st) || !S_ISREG(st.st_mode)
            ? EINVAL : try_flock(*fd, LOCK_SH);
    if (error) {
        /* Any other error than EAGAIN: a file system without locks. */
        close(*fd);
        *fd = -1;
    }
    return error == EAGAIN ? EAGAIN : 0;
}

int
store_lock_upgrade(int fd)
{
    return try_flock(fd, LOCK_EX) ? EAGAIN : 0;
}

/* Gives lock file 'fd', which is as 'lock' says, to whom the directory
 * belongs: the daemon, which undoes changes, may be another user than who made
 * the file.  Who may write to the directory could replace it anyway. */
static void
give_to_directory(int dir_fd, int fd, const struct stat *lock)
{
    struct stat parent;

    if ((geteuid() && lock->st_uid != geteuid()) || fstat(dir_fd, &parent)) {
        return;
    }

    mode_t mode = 0640 | (parent.st_mode & S_IWGRP);

    if ((parent.st_uid != lock->st_uid || parent.st_gid != lock->st_gid)
        && fchown(fd, parent.st_uid, parent.st_gid)
        && fchown(fd, -1, parent.st_gid)) {
        return;                 /* Only root gives a file away. */
    }
    if ((lock->st_mode & mode) != mode) {
        ignore(!fchmod(fd, (lock->st_mode | mode) & 0777));
    }
}

/* Opens the lock file for an editor, creating it if necessary. */
static char *
open_exclusive(const char *dir, int dir_fd, int *fd)
{
    struct stat lock;

    /* Who may open this file can hold up every editor, so it is not for
     * everybody. */
    *fd = openat(dir_fd, STORE_LOCK, O_RDWR | O_CREAT | OPEN_FLAGS, 0640);
    if (*fd < 0) {
        return xasprintf("%s/"STORE_LOCK": cannot be opened for writing (%s);"
                         " edit as a user that may write to %s", dir,
                         ovs_strerror(errno), dir);
    }
    /* With more links it could be any file of ours, which would be written
     * and given away. */
    if (fstat(*fd, &lock) || !S_ISREG(lock.st_mode) || lock.st_nlink > 1) {
        close(*fd);
        *fd = -1;
        return xasprintf("%s/"STORE_LOCK": is not a regular file with one "
                         "link; remove it", dir);
    }
    give_to_directory(dir_fd, *fd, &lock);
    return NULL;
}

/* True if 'fd' is still the file that others will lock. */
static bool
is_current(int dir_fd, int fd)
{
    struct stat a, b;

    return !fstat(fd, &a)
           && !fstatat(dir_fd, STORE_LOCK, &b, AT_SYMLINK_NOFOLLOW)
           && a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

/* Replaces the lock file's text and moves its mtime on.  The text is for
 * messages, and to save readers a wait: errors are of no consequence. */
static void
write_text(int fd, const char *text)
{
    struct timespec times[2] = { { .tv_nsec = UTIME_OMIT } };
    struct stat old;
    size_t written;
    bool known = !fstat(fd, &old);

    if (!ftruncate(fd, 0) && lseek(fd, 0, SEEK_SET) == 0) {
        ignore(!write_fully(fd, text, strlen(text), &written));
    }

    /* By ourselves, because the kernel's own stamp may be as coarse as its
     * tick, in which several edits have room. */
    clock_gettime(CLOCK_REALTIME, &times[1]);
    if (known && (old.st_mtim.tv_sec > times[1].tv_sec
                  || (old.st_mtim.tv_sec == times[1].tv_sec
                      && old.st_mtim.tv_nsec >= times[1].tv_nsec))) {
        times[1] = old.st_mtim;
        if (++times[1].tv_nsec >= 1000000000) {
            times[1].tv_nsec = 0;
            times[1].tv_sec++;
        }
    }
    ignore(!futimens(fd, times));
}

/* Returns the text of lock file 'fd', for the caller to free. */
static char *
read_text(int fd)
{
    char *text = NULL;
    struct stat st;

    if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size <= MAX_TEXT) {
        ssize_t n;

        text = xmalloc(st.st_size + 1);
        n = pread(fd, text, st.st_size, 0);
        text[MAX(n, 0)] = '\0';
    }
    return text ? text : xstrdup("");
}

static char *
open_and_read(int dir_fd)
{
    int fd = openat(dir_fd, STORE_LOCK, O_RDONLY | OPEN_FLAGS);
    char *text = fd >= 0 ? read_text(fd) : xstrdup("");

    if (fd >= 0) {
        close(fd);
    }
    return text;
}

/* What has been removed. */

static bool
parse_gone(char *line, const char **name, struct timespec *when)
{
    char *space = strchr(line + strcspn(line, " "), ' ');
    char *end = space ? strchr(space + 1, ' ') : NULL;
    long long int sec, nsec;

    if (strncmp(line, GONE, strlen(GONE)) || !end
        || !ovs_scan(end, " %lld %lld", &sec, &nsec)) {
        return false;
    }
    *end = '\0';
    *name = space + 1;
    when->tv_sec = sec;
    when->tv_nsec = nsec;
    return true;
}

/* Adds what the lock file's 'text', which is taken apart, says is gone. */
static void
collect_gone(char *text, struct shash *gone)
{
    char *save_ptr = NULL;

    for (char *line = strtok_r(text, "\n", &save_ptr); line;
         line = strtok_r(NULL, "\n", &save_ptr)) {
        struct timespec when;
        const char *name;

        if (parse_gone(line, &name, &when)) {
            free(shash_replace(gone, name, xmemdup(&when, sizeof when)));
        }
    }
}

/* The text for 'gone' without what every reader has seen long ago. */
static void
format_gone(const struct shash *gone, struct ds *text)
{
    const struct shash_node *node;
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    SHASH_FOR_EACH (node, gone) {
        const struct timespec *when = node->data;

        if (llabs((long long int) now.tv_sec - when->tv_sec) < GONE_SECS) {
            ds_put_format(text, GONE "%s %lld %ld\n", node->name,
                          (long long int) when->tv_sec, when->tv_nsec);
        }
    }
}

void
store_lock_gone(int dir_fd, struct shash *gone)
{
    char *text = open_and_read(dir_fd);

    collect_gone(text, gone);
    free(text);
}

/* Makes the text of 'fd' say who holds the lock (0: nobody), and that 'names'
 * are gone, beside those that are already. */
static void
update_text(int fd, pid_t pid, char *const names[], size_t n)
{
    struct shash gone = SHASH_INITIALIZER(&gone);
    struct ds text = DS_EMPTY_INITIALIZER;
    char *old = read_text(fd);
    struct timespec now;

    collect_gone(old, &gone);
    clock_gettime(CLOCK_REALTIME, &now);
    for (size_t i = 0; i < n; i++) {
        free(shash_replace(&gone, names[i], xmemdup(&now, sizeof now)));
    }
    if (pid) {
        ds_put_format(&text, "pid %ld\n", (long int) pid);
    }
    format_gone(&gone, &text);
    write_text(fd, ds_cstr_ro(&text));
    ds_destroy(&text);
    free(old);
    shash_destroy_free_data(&gone);
}

void
store_lock_note_gone(int dir_fd, char *const names[], size_t n)
{
    int fd = n ? openat(dir_fd, STORE_LOCK, O_RDWR | OPEN_FLAGS) : -1;

    if (fd >= 0) {
        update_text(fd, getpid(), names, n);
        close(fd);
    }
}

void
store_lock_release(int fd)
{
    update_text(fd, 0, NULL, 0);
    /* Not by close() alone: a child that was forked meanwhile has the same
     * open file. */
    flock(fd, LOCK_UN);
    close(fd);
}

char *
store_lock_exclusive(const char *dir, int dir_fd, int timeout_ms, int *fd)
{
    long long int deadline = time_msec() + timeout_ms;

    for (;;) {
        char *message = open_exclusive(dir, dir_fd, fd);
        int error;

        if (message) {
            return message;
        }
        while ((error = try_flock(*fd, LOCK_EX)) == EAGAIN
               && time_msec() < deadline) {
            xnanosleep(POLL_NS);
        }
        if (!error && is_current(dir_fd, *fd)) {
            update_text(*fd, getpid(), NULL, 0);
            return NULL;
        }
        close(*fd);
        *fd = -1;
        if (error == EAGAIN || time_msec() >= deadline) {
            char *holder = store_lock_holder(dir_fd);

            message = xasprintf("%s/"STORE_LOCK": %s for more than %d ms; "
                                "wait for it to end, then try again", dir,
                                holder, timeout_ms);
            free(holder);
            return message;
        } else if (error) {
            return xasprintf("%s/"STORE_LOCK": cannot be locked (%s); keep "
                             "the spec directory on a file system that has "
                             "flock(2)", dir, ovs_strerror(error));
        }
    }
}

void
store_lock_release_shared(int fd)
{
    if (fd >= 0) {
        close(fd);
    }
}

char *
store_lock_holder(int dir_fd)
{
    char *text = open_and_read(dir_fd);
    char *holder = NULL;
    int pid;

    if (ovs_scan(text, "pid %d\n", &pid) && pid > 0
        && (!kill(pid, 0) || errno == EPERM)) {
        holder = xasprintf("held by process %d", pid);
    }
    free(text);
    return holder ? holder : xstrdup("held by somebody who reads");
}

static bool
take_sig(int dir_fd, const char *base, struct store_sig *sig)
{
    struct stat st;

    if (fstatat(dir_fd, base, &st, AT_SYMLINK_NOFOLLOW)) {
        return false;
    }
    store_sig_from_stat(sig, &st);
    return true;
}

void
store_mark_take(int dir_fd, struct store_mark *mark)
{
    mark->lock = take_sig(dir_fd, STORE_LOCK, &mark->lock_sig);
    mark->journal = take_sig(dir_fd, STORE_JOURNAL, &mark->journal_sig);
}

bool
store_mark_equal(const struct store_mark *a, const struct store_mark *b)
{
    return a->lock == b->lock && a->journal == b->journal
           && (!a->lock || store_sig_equal(&a->lock_sig, &b->lock_sig))
           && (!a->journal
               || store_sig_equal(&a->journal_sig, &b->journal_sig));
}
