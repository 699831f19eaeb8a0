/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_STORE_PENDING_H
#define PORTD_STORE_PENDING_H 1

/* Pending change
 * ==============
 *
 * What commit-confirm must not forget, in the state directory: what the files
 * of an edit were before it, what they are after it, and until when it may be
 * confirmed.  STATE-DIR/INSTANCE.pending is one file, so that it is there as a
 * whole or not at all:
 *
 *     ovs-portd-pending 1
 *     dir SPEC-DIR
 *     boot BOOT-ID
 *     deadline MS         of CLOCK_BOOTTIME, which no clock setting moves
 *     who TEXT
 *     stuck               where a rollback met a stranger's change
 *     file NAME AFTER LENGTH
 *     <LENGTH bytes, what NAME was before, and a line break>
 *     end N SHA256        of N files; the SHA-256 of everything above
 *
 * AFTER is a SHA-256, or "-" where the edit removes the file; LENGTH is "-"
 * where there was no file before.
 *
 *     (none) --apply--> pending --confirm--------------------> (none)
 *                          |-----rollback, deadline, reboot--> (none)
 *                          `--the same, but somebody else has
 *                             written one of the files-------> stuck
 *
 * The record is on disk before the first of its files changes, and goes after
 * the last of them is as it was: whoever dies in between, the next one finds
 * what is left to be done.  It comes and goes under the exclusive lock of the
 * spec directory; it may be read without.  It does not know what the files
 * mean, nor who waits for the deadline. */

#include <stdbool.h>
#include <stddef.h>
#include "openvswitch/compiler.h"
#include "src/store/read.h"
#include "src/store/store.h"
#include "svec.h"

/* Where and whose. */
struct pending_place {
    const char *state_dir;
    const char *instance;
    const char *spec_dir;
};

/* A moment that survives neither a reboot nor anything else. */
struct pending_clock {
    char boot_id[40];           /* "" if the kernel does not tell. */
    long long int now;          /* CLOCK_BOOTTIME, in ms. */
};

struct pending_file {
    char *name;
    char *before;               /* NULL: there was no such file. */
    size_t len;
    char before_sha256[STORE_SHA256_LEN + 1]; /* "" if there was none. */
    char after_sha256[STORE_SHA256_LEN + 1];  /* "" if it is removed. */
};

struct pending {
    char *spec_dir;
    char *boot_id;
    long long int deadline;     /* CLOCK_BOOTTIME, in ms. */
    char *who;                  /* One line. */
    bool stuck;
    struct pending_file *files;
    size_t n, allocated;
};

void pending_clock_read(struct pending_clock *);

struct pending *pending_create(const char *spec_dir, const char *who,
                               const struct pending_clock *,
                               long long int deadline);
void pending_destroy(struct pending *);
/* Adds file 'name' that was 'before' ('before' NULL: was not there) and gets
 * content 'after_sha256' ("": is removed). */
void pending_add(struct pending *, const char *name,
                 const struct store_file *before, const char *after_sha256);
const struct pending_file *pending_find(const struct pending *,
                                        const char *name);
/* The ms that are left to confirm, 0 if it is too late. */
long long int pending_left(const struct pending *,
                           const struct pending_clock *);
/* "by WHO, 42 s left", for a message; the caller frees it. */
char *pending_describe(const struct pending *, const struct pending_clock *);

/* The text, for the caller to free, its length in '*len'; and back, NULL for
 * anything but a complete and intact text. */
char *pending_format(const struct pending *, size_t *len);
struct pending *pending_parse(const char *text, size_t len);

/* The record.  Errors are messages for the caller to free. */

/* Writes it so that it survives a power cut, and creates the state directory
 * if need be.  '*pending' is not changed. */
char *pending_write(const struct pending_place *, const struct pending *)
    OVS_WARN_UNUSED_RESULT;
/* Reads it; '*pendingp' is NULL if there is none.  A record of another spec
 * directory is an error. */
char *pending_read(const struct pending_place *, struct pending **pendingp)
    OVS_WARN_UNUSED_RESULT;
/* Removes it. */
char *pending_remove(const struct pending_place *) OVS_WARN_UNUSED_RESULT;
/* What tells one record from the next, all zeros if there is none.  Returns 0,
 * or a positive errno if that cannot be told. */
int pending_signature(const struct pending_place *, struct store_sig *)
    OVS_WARN_UNUSED_RESULT;

/* Its end, under the lock of the spec directory, for which these wait at most
 * 'timeout_ms'.  Errors are messages for the caller to free. */

struct pending_end {
    bool none;                  /* There was nothing (any more) to be ended. */
    struct svec targets;        /* "NAME=SHA256" of its files as they are. */
    struct svec others;         /* Messages: files that somebody else wrote,
                                 * and that were left as they are. */
    size_t n_undone;            /* Files that were put back. */
    size_t n_never;             /* Files that the edit never came to write. */
};
void pending_end_init(struct pending_end *);
void pending_end_destroy(struct pending_end *);

/* Makes the change final.  It is an error if its time is up. */
char *pending_confirm(const struct pending_place *,
                      const struct pending_clock *, int timeout_ms,
                      struct pending_end *) OVS_WARN_UNUSED_RESULT;

enum pending_rollback_flags {
    PENDING_IF_DUE = 1 << 0,    /* Only if its time is up and it is not stuck
                                 * yet. */
    PENDING_FORCE = 1 << 1      /* Overwrite what somebody else wrote. */
};
/* Puts back what the files were, all in one edit.  A file that is neither what
 * the edit made of it nor what it was before is left as it is unless
 * PENDING_FORCE; the record stays for it then, stuck. */
char *pending_rollback(const struct pending_place *,
                       const struct pending_clock *, unsigned int flags,
                       int timeout_ms, struct pending_end *)
    OVS_WARN_UNUSED_RESULT;

#endif /* src/store/pending.h */
