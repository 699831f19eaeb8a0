/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_STORE_STORE_H
#define PORTD_STORE_STORE_H 1

/* Store
 * =====
 *
 * The spec directory as a set of files: safe reads, a watch, and edits that
 * are atomic over several files.  It hands out texts; it does not know what
 * they mean.
 *
 *     DIR/host.json
 *     DIR/vms.d/VM.json
 *     DIR/.lock           flock(2): shared while reading, exclusive to edit
 *     DIR/.journal        an edit on its way
 *
 * A file is known by its name relative to DIR ("vms.d/vm1.json").
 *
 * An edit writes all new texts to temporary files, syncs them, writes the
 * journal that names them (rename, sync: from here on the edit *is*), renames
 * each into place and removes the journal.  Whoever next takes the lock and
 * finds a journal, of a process that died, completes it, or, where it may not
 * write, reads what the files are going to be; temporary files without a
 * journal are dropped.  An edit that replaces one file and does nothing else
 * has no journal: rename(2) alone is all or nothing.
 *
 * What a power cut leaves depends on what is on the disk before what:
 *
 *     fsync of each temporary file     its content, before any name leads to
 *                                      it; side by side, in any order
 *     fsync of .journal.tmp            the journal's text, before its name
 *     fsync of vms.d and DIR           the names of the temporary files,
 *                                      before the journal that relies on them
 *     rename to .journal, fsync DIR    the edit; before this nothing has
 *                                      changed, and after it whoever comes
 *                                      next has all it takes to complete it
 *     rename of each, unlink           in any order: as long as the journal is
 *                                      there they are done again
 *     fsync of vms.d and DIR           all of them, before the journal goes
 *     unlink of .journal, fsync DIR    that it is gone, before somebody edits
 *                                      by hand what it would do once more
 *
 * and without a journal
 *
 *     fsync of the temporary file      its content, before the name
 *     rename, fsync of its directory   the edit
 *
 * A stray file's name is given in printable ASCII: any other byte, and the
 * backslash, is \xNN. */

#include <stdbool.h>
#include <stddef.h>
#include "openvswitch/compiler.h"
#include "openvswitch/shash.h"

#define STORE_SHA256_LEN 64     /* Hex digits, without the NUL. */

enum store_state {
    STORE_OK,                   /* 'text' is the file's content. */
    STORE_ABSENT,               /* There is no such file. */
    STORE_UNREADABLE            /* 'error' says why; not the same as absent. */
};

struct store_file {
    char *name;                 /* "host.json", "vms.d/vm1.json". */
    enum store_state state;
    char *text;                 /* NUL-terminated; 'len' excludes the NUL. */
    size_t len;
    char sha256[STORE_SHA256_LEN + 1];
    char *error;                /* "vms.d/vm1.json: …: what to do", or NULL. */
};

/* The directory itself, beside its files. */
struct store_dir {
    bool readable;              /* DIR/vms.d could be listed in full. */
    bool no_vms;                /* If not: there is a DIR, but no DIR/vms.d. */
    char *error;                /* Why not; NULL: it was, or has not been
                                 * looked at yet. */
};

struct sset;
struct store;

/* Does not fail for a missing directory: it may appear later.  'watch' asks
 * for inotify; without it, or where inotify cannot be had, store_run() looks
 * at all files once a second. */
struct store *store_open(const char *dir, bool watch);
void store_close(struct store *);
/* If 'read_only', nothing is ever written: a dead process's journal is read
 * through, but left to somebody else.  Off by default. */
void store_set_read_only(struct store *, bool read_only);

/* Takes in inotify events, rescans when it must (first call, overflow, a
 * directory that appears), and debounces: a file that has vanished counts as
 * absent only after STORE_ABSENCE_MS without it.  Only changed files (by
 * inode, mtime, ctime and size) are read again, under the shared lock.  If an
 * editor holds the lock exclusively, it comes back later instead of blocking,
 * and where that lasts, it reads without the lock, between two steps of the
 * editor's; an edit is seen whole or not at all in any case.
 * Returns true if store_changed() has something. */
bool store_run(struct store *);
void store_wait(struct store *);
#define STORE_ABSENCE_MS 200

/* Reads everything at once, blocking for the lock at most 'timeout_ms'.  With
 * 'names' that may be limited to those files, and whatever else an event has
 * told of; NULL: all, events or not.  With
 * 'absent_at_once' (the CLI) a file that has vanished is absent at once,
 * otherwise after STORE_ABSENCE_MS as ever.  Returns NULL, or
 * an error message for the caller to free: the lock was not to be had, or DIR
 * cannot be read.  That DIR/vms.d cannot be read is no error here; see
 * store_get_dir(). */
char *store_load(struct store *, const struct sset *names, int timeout_ms,
                 bool absent_at_once)
    OVS_WARN_UNUSED_RESULT;
/* Read all files again at the next store_run(), changed or not. */
void store_rescan(struct store *);

struct store_stats {
    unsigned long long scans;   /* Looks at all files, the first included. */
    unsigned long long overflows; /* Times that inotify events were lost. */
};

struct store_stats store_get_stats(const struct store *);

/* The current files ("struct store_file"), by name; STORE_ABSENT ones are not
 * in it.  Files and their texts are good until the next store_run() or
 * store_load(). */
const struct shash *store_files(const struct store *);
const struct store_file *store_get(const struct store *, const char *name);
const struct store_dir *store_get_dir(const struct store *);

/* True once all files have been seen at least once, that is, once DIR/vms.d
 * could be listed in full. */
bool store_complete(const struct store *);

/* True if something is known to be looked at again soon: a file that has
 * vanished and does not count as absent yet, or one that an event has told of.
 * What cannot be read is not waited for. */
bool store_is_unsettled(const struct store *);

/* Initializes 'names' with those of the files that have appeared, changed or
 * vanished since the last call; the caller looks each up with store_get()
 * (NULL: gone) and destroys the set. */
void store_changed(struct store *, struct sset *names);

/* Edits.  store_edit_begin() takes the exclusive lock (at most 'timeout_ms')
 * and finishes what a dead process left.  Files are read when they are first
 * asked for.  Then put the new texts, and commit or abort; either frees the
 * edit.  Errors are messages for the caller to free; '*editp' is NULL then. */
struct store_edit;
char *store_edit_begin(const char *dir, int timeout_ms,
                       struct store_edit **editp) OVS_WARN_UNUSED_RESULT;

/* The files with what has been put so far, and as they were when the edit
 * began; NULL if there is no such file.  What was put is good until the same
 * name is put again. */
const struct store_file *store_edit_get(struct store_edit *,
                                        const char *name);
const struct shash *store_edit_files(struct store_edit *);
const struct shash *store_edit_files_before(struct store_edit *);
const struct store_file *store_edit_before(struct store_edit *,
                                           const char *name);

/* 'text' NULL removes the file.  An invalid name or too long a text makes the
 * commit fail. */
void store_edit_put(struct store_edit *, const char *name,
                    const char *text, size_t len);
/* The new SHA-256 of 'name' after the put; "" if it is removed; NULL if it
 * was not put. */
const char *store_edit_sha256(const struct store_edit *, const char *name);

/* Writes what has been put and differs.  Returns NULL once all of it is on
 * disk, or an error message; no file is changed then, unless the message says
 * so.  It is an error if a file cannot be read safely, or if somebody changed
 * it without the lock since the edit began. */
char *store_edit_commit(struct store_edit *) OVS_WARN_UNUSED_RESULT;
/* The same, but the lock stays until store_edit_abort(), for what has to
 * happen before the next edit. */
char *store_edit_write(struct store_edit *) OVS_WARN_UNUSED_RESULT;
void store_edit_abort(struct store_edit *);

void store_sha256(const char *text, size_t len,
                  char hex[STORE_SHA256_LEN + 1]);
/* True if 's' is one, as store_sha256() writes it. */
bool store_is_sha256(const char *s);

#endif /* src/store/store.h */
