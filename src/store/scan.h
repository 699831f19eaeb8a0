/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_STORE_SCAN_H
#define PORTD_STORE_SCAN_H 1

/* Scan
 * ====
 *
 * What is known of the files, and how it is brought up to date: under the
 * shared lock, or through a journal that cannot be completed, so that an edit
 * of several files is seen whole or not at all.  It does not know when to
 * scan. */

#include <stdbool.h>
#include "openvswitch/shash.h"
#include "src/store/read.h"
#include "src/store/store.h"
#include "src/store/watch.h"
#include "sset.h"

struct store_cache {
    char *path;                 /* DIR. */
    struct shash files;         /* "struct store_file", see scan.c. */
    struct sset changed;
    struct store_dir dir;
    uid_t owner;                /* Of DIR. */
    bool dir_found;             /* DIR itself could be opened. */
    bool complete;

    /* Names to be looked at again, events or not: of files that have vanished
     * (at 'pending_due', when they may count as absent) or that could not be
     * read for a reason that may pass. */
    struct sset pending;
    long long int pending_due;  /* LLONG_MAX for never. */

    bool warned;                /* Said that a journal cannot be completed. */
};

void store_cache_init(struct store_cache *, const char *path);
void store_cache_destroy(struct store_cache *);
/* Moves the files of 'src' to 'dst', except those called as in 'except'. */
void store_cache_move(struct store_cache *dst, struct store_cache *src,
                      const struct sset *except);

/* True if the signature alone tells that file 'name' still is what the cache
 * has.  False says nothing: it has to be read. */
bool store_cache_is_current(const struct store_cache *,
                            const struct store_fds *, const char *name);

/* True if a file has vanished that does not count as absent yet. */
bool store_cache_misses(const struct store_cache *);

enum store_scan_flags {
    STORE_SCAN_READ_ONLY = 1 << 0,  /* Leave a journal where it is. */
    STORE_SCAN_AT_ONCE = 1 << 1,    /* What has vanished is absent now. */
    STORE_SCAN_LOCKED = 1 << 2,     /* The caller has the exclusive lock, and
                                     * there is no journal. */
    STORE_SCAN_UNLOCKED = 1 << 3,   /* Where the lock is not to be had, try
                                     * without it. */
    STORE_SCAN_NAMED = 1 << 4       /* Only what 'todo' names, even if that is
                                     * all that is ever known. */
};

enum store_scan_result {
    STORE_SCAN_DONE,            /* As far as the directory allows. */
    STORE_SCAN_BUSY             /* An editor is at work: nothing was changed,
                                 * come back in a few milliseconds. */
};

/* Looks at what 'todo' says and, if that was possible, clears it.  'watch' may
 * be NULL. */
enum store_scan_result store_scan(struct store_cache *, struct store_watch *,
                                  struct store_todo *, unsigned int flags);

#endif /* src/store/scan.h */
