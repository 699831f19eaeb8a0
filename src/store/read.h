/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_STORE_READ_H
#define PORTD_STORE_READ_H 1

/* Safe reads
 * ==========
 *
 * One file of a directory that is held open.  A file that somebody else than
 * root, this process's user or whom the spec directory belongs to could have
 * written, or could change behind our back, is refused.  It does not know
 * about locks, journals or caches. */

#include <stdbool.h>
#include <sys/stat.h>
#include <time.h>
#include "src/store/store.h"

/* As many bytes as a spec may have (SPEC_MAX_BYTES). */
#define STORE_MAX_BYTES (4 * 1024 * 1024)

/* What tells that a file is another or has other content than before. */
struct store_sig {
    dev_t dev;
    ino_t ino;
    off_t size;
    struct timespec mtime;
    struct timespec ctime;
};

void store_sig_from_stat(struct store_sig *, const struct stat *);
bool store_sig_equal(const struct store_sig *, const struct store_sig *);

/* The two directories, as open file descriptors; 'vms' is -1 if DIR/vms.d is
 * not there or cannot be opened. */
struct store_fds {
    int dir;
    int vms;
    uid_t owner;                /* Whom DIR belongs to. */
};

/* Opens DIR (which may be a symbolic link) and, in it, vms.d (which may not).
 * Returns 0 or a positive errno; a failure of vms.d alone goes to '*vms_errno'
 * and is not one of the function. */
int store_fds_open(const char *dir, struct store_fds *, int *vms_errno);
void store_fds_close(struct store_fds *);
/* Opens vms.d again.  Returns 0 or a positive errno: ELOOP for a link. */
int store_fds_open_vms(struct store_fds *);
/* The directory that 'name' lies in, or -1. */
int store_fds_of(const struct store_fds *, const char *name);

/* True if two paths lead to one directory. */
bool store_is_same_dir(const char *a, const char *b);

/* Reads directory entry 'base' of the directory that '*file' lies in into
 * '*file', of which 'name' must be set and everything else empty: state, text,
 * len, sha256 and error are filled in.  '*sig' is of the very file that was
 * looked at.  '*again' is set if the outcome may be another one at the next
 * try although the file's signature stays the same. */
void store_read_file(const struct store_fds *, const char *base,
                     struct store_file *file, struct store_sig *sig,
                     bool *again);

/* The same for a file of directory 'dir_fd' that may have up to 'max' bytes
 * and belong to 'owner', too. */
struct store_trust {
    size_t max;
    uid_t owner;
};
void store_read_trusted(int dir_fd, const char *base,
                        const struct store_trust *, struct store_file *file,
                        struct store_sig *sig, bool *again);

/* Frees what 'file' points to and leaves it empty. */
void store_file_clear(struct store_file *file);

#endif /* src/store/read.h */
