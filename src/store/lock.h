/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_STORE_LOCK_H
#define PORTD_STORE_LOCK_H 1

/* DIR/.lock
 * =========
 *
 * flock(2): shared by readers, exclusive for an editor.  The file is made by
 * the first editor and never deleted.  While it is locked exclusively it says
 * who does; and at any time, which files the last edits removed and when, so
 * that a reader need not wait STORE_ABSENCE_MS for those, and never sees the
 * rest of an edit without them:
 *
 *     pid N
 *     gone NAME SEC NSEC
 *
 * Its mtime grows whenever an editor takes it, lets go of it or removes files,
 * whatever the clock does.  A reader that cannot have it reads without, and
 * takes a "mark" of it and of the journal before and after: where the two are
 * equal, no editor has made a step in between.  It does not know what an edit
 * is. */

#include <stdbool.h>
#include <sys/stat.h>
#include "openvswitch/compiler.h"
#include "src/store/read.h"

struct shash;

#define STORE_LOCK ".lock"

/* Takes the shared lock in directory 'dir_fd' without waiting.  Returns 0 and
 * the lock in '*fd', or -1 there if there is no lock file to be had; EAGAIN if
 * an editor holds it. */
int store_lock_shared(int dir_fd, int *fd);

/* Makes a shared lock exclusive without waiting.  Returns 0, or EAGAIN, and
 * then the shared lock may be lost as well. */
int store_lock_upgrade(int fd);

/* Takes the exclusive lock within 'timeout_ms', creating the file if there is
 * none.  'dir' is for messages.  Returns NULL and the lock in '*fd', or an
 * error message for the caller to free. */
char *store_lock_exclusive(const char *dir, int dir_fd, int timeout_ms,
                           int *fd) OVS_WARN_UNUSED_RESULT;

/* Lets go of a lock taken by store_lock_shared(), which may be -1. */
void store_lock_release_shared(int fd);

/* Lets go of the exclusive lock. */
void store_lock_release(int fd);

/* Under the exclusive lock, leaves word that the 'n' files in 'names' are
 * removed now.  Without the right to do so nothing happens. */
void store_lock_note_gone(int dir_fd, char *const names[], size_t n);

/* Adds to 'gone' what the last edits removed, by name, with a malloc'd
 * "struct timespec" that says when. */
void store_lock_gone(int dir_fd, struct shash *gone);

/* "held by process N" or "held by somebody who reads", for a message; the
 * caller frees it. */
char *store_lock_holder(int dir_fd);

/* The state of the lock and of the journal. */
struct store_mark {
    bool lock, journal;         /* Does it exist? */
    struct store_sig lock_sig, journal_sig;
};

void store_mark_take(int dir_fd, struct store_mark *);
bool store_mark_equal(const struct store_mark *, const struct store_mark *);

#endif /* src/store/lock.h */
