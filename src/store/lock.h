/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_STORE_LOCK_H
#define PORTD_STORE_LOCK_H 1

/* DIR/.lock
 * =========
 *
 * flock(2): shared by readers, exclusive for an editor.  The file is made by
 * the first editor and never deleted.  While it is locked exclusively it says
 * who does; afterwards, which files the last edit removed, so that a reader
 * need not wait STORE_ABSENCE_MS for those:
 *
 *     pid N
 *     gone NAME
 *
 * Its mtime grows whenever an editor takes it or lets go of it, whatever the
 * clock does.  A reader that cannot have it reads without, and takes a "mark"
 * of it and of the journal before and after: where the two are equal, no
 * editor has made a step in between.  It does not know what an edit is. */

#include <stdbool.h>
#include <sys/stat.h>
#include "openvswitch/compiler.h"
#include "src/store/read.h"

struct sset;

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

/* Lets go of the exclusive lock and leaves word that the files named in
 * 'gone' (NULL for none) were removed under it. */
void store_lock_release(int fd, const struct sset *gone);

/* Adds to 'gone' what the last edit removed, and says when in '*when'. */
void store_lock_gone(int dir_fd, struct sset *gone, struct timespec *when);

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
