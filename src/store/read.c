/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "src/store/read.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
/* The plain functions of OpenSSL 1.1, without a warning: the first call of
 * those that came after them loads providers and the configuration, which
 * takes longer than anything else that a short command does, and each call
 * looks for a provider again. */
#define OPENSSL_API_COMPAT 10101
#include <openssl/sha.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "openvswitch/util.h"
#include "src/store/names.h"
#include "timeval.h"
#include "util.h"

/* How often a file that changes under our eyes is read again at once. */
#define MAX_TRIES 5

/* Kernels before 6.13 stamp a file with the time of the last tick (up to
 * 10 ms ago): a write shortly after a read may leave mtime, ctime and size as
 * they were.  So a file whose ctime is this young is read again when it is
 * looked at the next time. */
#define RACY_MS 100

void
store_sha256(const char *text, size_t len, char hex[STORE_SHA256_LEN + 1])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256_CTX ctx;

    /* None of them ever fails. */
    SHA256_Init(&ctx);
    SHA256_Update(&ctx, text, len);
    SHA256_Final(digest, &ctx);
    for (size_t i = 0; i < sizeof digest; i++) {
        *hex++ = digits[digest[i] >> 4];
        *hex++ = digits[digest[i] & 15];
    }
    *hex = '\0';
}

bool
store_is_sha256(const char *s)
{
    return (strlen(s) == STORE_SHA256_LEN
            && strspn(s, "0123456789abcdef") == STORE_SHA256_LEN);
}

void
store_sig_from_stat(struct store_sig *sig, const struct stat *st)
{
    sig->dev = st->st_dev;
    sig->ino = st->st_ino;
    sig->size = st->st_size;
    sig->mtime = st->st_mtim;
    sig->ctime = st->st_ctim;
}

static bool
timespec_equal(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool
store_sig_equal(const struct store_sig *a, const struct store_sig *b)
{
    return a->dev == b->dev && a->ino == b->ino && a->size == b->size
           && timespec_equal(&a->mtime, &b->mtime)
           && timespec_equal(&a->ctime, &b->ctime);
}

/* A directory with read but without search permission opens and lists well;
 * then no file in it can be looked at.  Returns 0 or a positive errno. */
static int
check_searchable(int fd, struct stat *st)
{
    return fstatat(fd, ".", st, 0) ? errno : 0;
}

int
store_fds_open(const char *dir, struct store_fds *fds, int *vms_errno)
{
    struct stat st;

    fds->vms = -1;
    fds->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fds->dir < 0) {
        return errno;
    }

    int error = check_searchable(fds->dir, &st);
    if (error) {
        store_fds_close(fds);
        return error;
    }
    fds->owner = st.st_uid;
    *vms_errno = store_fds_open_vms(fds);
    return 0;
}

int
store_fds_open_vms(struct store_fds *fds)
{
    struct stat st;

    if (fds->vms >= 0) {
        close(fds->vms);
    }
    fds->vms = openat(fds->dir, STORE_VMS,
                      O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fds->vms < 0) {
        int error = errno;

        /* With O_DIRECTORY a link is no directory, wherever it leads. */
        return (error == ENOTDIR
                && !fstatat(fds->dir, STORE_VMS, &st, AT_SYMLINK_NOFOLLOW)
                && S_ISLNK(st.st_mode) ? ELOOP : error);
    }

    int error = check_searchable(fds->vms, &st);
    if (error) {
        close(fds->vms);
        fds->vms = -1;
    }
    return error;
}

void
store_fds_close(struct store_fds *fds)
{
    if (fds->dir >= 0) {
        close(fds->dir);
    }
    if (fds->vms >= 0) {
        close(fds->vms);
    }
    fds->dir = fds->vms = -1;
}

bool
store_is_same_dir(const char *a, const char *b)
{
    struct stat sa, sb;

    return (!strcmp(a, b)
            || (!stat(a, &sa) && !stat(b, &sb)
                && sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino));
}

int
store_fds_of(const struct store_fds *fds, const char *name)
{
    return store_name_in_vms(name) ? fds->vms : fds->dir;
}

void
store_file_clear(struct store_file *file)
{
    free(file->name);
    free(file->text);
    free(file->error);
    memset(file, 0, sizeof *file);
}

/* Returns what is wrong with a file like that and what to do, or NULL. */
static char *
refuse(const char *name, const struct stat *st,
       const struct store_trust *trust)
{
    if (S_ISLNK(st->st_mode)) {
        return xasprintf("%s: is a symbolic link; put the file itself there",
                         name);
    } else if (S_ISDIR(st->st_mode)) {
        return xasprintf("%s: is a directory; put a file there, or remove it",
                         name);
    } else if (!S_ISREG(st->st_mode)) {
        return xasprintf("%s: is not a regular file; put a file there, or "
                         "remove it", name);
    } else if (st->st_uid != 0 && st->st_uid != geteuid()
               && st->st_uid != trust->owner) {
        return xasprintf("%s: belongs to user %u, who is neither root, nor "
                         "the user that reads it (%u), nor the owner of the "
                         "directory (%u); look at what it says, then chown "
                         "it to root", name, (unsigned) st->st_uid,
                         (unsigned) geteuid(), (unsigned) trust->owner);
    } else if (st->st_nlink > 1) {
        return xasprintf("%s: has %ju hard links and could be changed under "
                         "another name; put a copy in its place",
                         name, (uintmax_t) st->st_nlink);
    } else if (st->st_mode & (S_IWGRP | S_IWOTH)) {
        return xasprintf("%s: may be written by its group or by anybody "
                         "(mode %04o); look at what it says, then chmod go-w",
                         name, (unsigned) st->st_mode & 07777);
    } else if (st->st_size > trust->max) {
        return xasprintf("%s: has %jd bytes, more than %"PRIuSIZE"; make it "
                         "smaller", name, (intmax_t) st->st_size, trust->max);
    }
    return NULL;
}

static void
set_error(struct store_file *file, char *error)
{
    file->state = STORE_UNREADABLE;
    file->error = error;
}

static void
set_errno(struct store_file *file, const char *what, int error, bool *again)
{
    if (error == ENOENT) {
        file->state = STORE_ABSENT;
        return;
    }

    bool permission = error == EACCES || error == EPERM;

    set_error(file, xasprintf("%s: cannot be %s (%s); %s", file->name, what,
                              ovs_strerror(error), permission
                              ? "give the user that reads it read permission"
                              : "it is tried again"));
    *again = !permission;       /* A change of mode or owner is seen. */
}

static bool
is_racy(const struct timespec *ctime)
{
    long long int age = time_wall_msec()
                        - (ctime->tv_sec * 1000LL + ctime->tv_nsec / 1000000);

    return age < RACY_MS;
}

/* Reads all of 'fd', which 'before' describes.  Returns 0, EAGAIN if the file
 * changed meanwhile, or another errno. */
static int
read_text(int fd, const struct stat *before, struct store_file *file)
{
    size_t size = before->st_size;
    char *text = xmalloc(size + 1);
    size_t n = 0;
    struct stat after;
    struct store_sig a, b;

    while (n <= size) {
        /* One byte more than there should be, to see that it has grown. */
        ssize_t got = read(fd, text + n, size + 1 - n);

        if (got < 0 && errno != EINTR) {
            int error = errno;

            free(text);
            return error;
        } else if (!got) {
            break;
        } else if (got > 0) {
            n += got;
        }
    }
    if (fstat(fd, &after)) {
        int error = errno;

        free(text);
        return error;
    }
    store_sig_from_stat(&a, before);
    store_sig_from_stat(&b, &after);
    if (n != size || !store_sig_equal(&a, &b)) {
        free(text);
        return EAGAIN;
    }
    text[n] = '\0';
    file->text = text;
    file->len = n;
    return 0;
}

/* One try.  Returns false if the file changed while it was read. */
static bool
read_once(int dir_fd, const char *base, const struct store_trust *trust,
          struct store_file *file, struct store_sig *sig, bool *again)
{
    struct stat st;
    int error;
    int fd;

    /* Before open(), because opening a device may do something. */
    if (fstatat(dir_fd, base, &st, AT_SYMLINK_NOFOLLOW)) {
        set_errno(file, "looked at", errno, again);
        return true;
    }
    store_sig_from_stat(sig, &st);
    file->error = refuse(file->name, &st, trust);
    if (file->error) {
        file->state = STORE_UNREADABLE;
        return true;
    }

    fd = openat(dir_fd, base,
                O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) {
        if (errno == ELOOP) {
            return false;       /* Became a symbolic link just now. */
        }
        set_errno(file, "opened", errno, again);
        return true;
    }
    if (fstat(fd, &st)) {
        set_errno(file, "looked at", errno, again);
        close(fd);
        return true;
    }
    store_sig_from_stat(sig, &st);
    file->error = refuse(file->name, &st, trust);
    if (file->error) {
        file->state = STORE_UNREADABLE;
    } else {
        error = read_text(fd, &st, file);
        if (!error) {
            file->state = STORE_OK;
        } else if (error != EAGAIN) {
            set_errno(file, "read", error, again);
        } else {
            close(fd);
            return false;
        }
    }
    close(fd);
    return true;
}

void
store_read_trusted(int dir_fd, const char *base,
                   const struct store_trust *trust, struct store_file *file,
                   struct store_sig *sig, bool *again)
{
    *again = false;
    memset(sig, 0, sizeof *sig);
    for (int i = 0; i < MAX_TRIES; i++) {
        if (read_once(dir_fd, base, trust, file, sig, again)) {
            *again = *again || is_racy(&sig->ctime);
            if (file->state == STORE_OK) {
                store_sha256(file->text, file->len, file->sha256);
            }
            return;
        }
    }
    set_error(file, xasprintf("%s: keeps changing while it is read; it is "
                              "tried again", file->name));
    *again = true;
}

void
store_read_file(const struct store_fds *fds, const char *base,
                struct store_file *file, struct store_sig *sig, bool *again)
{
    /* Whom DIR belongs to could put there whatever root has written, too. */
    const struct store_trust trust = { .max = STORE_MAX_BYTES,
                                       .owner = fds->owner };

    store_read_trusted(store_fds_of(fds, file->name), base, &trust, file, sig,
                       again);
}
