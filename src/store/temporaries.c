/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "src/store/temporaries.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "openvswitch/util.h"
#include "ovs-atomic.h"
#include "random.h"
#include "socket-util.h"
#include "src/failpoint.h"
#include "src/store/names.h"
#include "util.h"

/* They only wait for the disk: more than there are processors. */
#define MAX_THREADS 16

/* Files that threads sync, each the next one. */
struct sync {
    const int *files;
    unsigned int n;
    atomic_uint next;
    atomic_int error;           /* A positive errno, 0 if all went well. */
};

void
temporaries_init(struct temporaries *t, const struct store_fds *fds)
{
    t->fds = fds;
    t->n = 0;
}

/* Gives the temporary file 'fd' the mode and owner of the file that it is
 * going to replace.  Returns 0 or a positive errno. */
static int
copy_attributes(int fd, int dir_fd, const char *base)
{
    mode_t mode = 0644;
    struct stat old, new;

    if (fstat(fd, &new)) {
        return errno;
    }
    if (!fstatat(dir_fd, base, &old, AT_SYMLINK_NOFOLLOW)) {
        mode = old.st_mode & 0755 & ~(S_IWGRP | S_IWOTH);
        if (old.st_uid != new.st_uid || old.st_gid != new.st_gid) {
            /* Where possible: who is not root leaves it his own. */
            ignore(!fchown(fd, old.st_uid, old.st_gid));
        }
    }
    return fchmod(fd, mode) ? errno : 0;
}

/* Creates a file of a name that nobody has, '*tmp'.  Returns it, or a negative
 * errno. */
static int
create(int dir_fd, const char *dir, char **tmp)
{
    int error = EEXIST;

    *tmp = NULL;
    for (int i = 0; i < 100 && error == EEXIST; i++) {
        int fd;

        free(*tmp);
        *tmp = xasprintf("%s.portd-%06x.tmp", dir,
                         random_uint32() & 0xffffff);
        fd = openat(dir_fd, *tmp + strlen(dir),
                    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                    0600);
        if (fd >= 0) {
            return fd;
        }
        error = errno;
    }
    return -error;
}

int
temporaries_write(struct temporaries *t, const struct store_file *file,
                  char **tmp)
{
    const char *dir = store_name_in_vms(file->name) ? STORE_VMS_PREFIX : "";
    int dir_fd = store_fds_of(t->fds, file->name);
    int error = t->n < TEMPORARIES_MAX ? 0 : temporaries_sync(t);
    size_t written;
    int fd;

    if (error) {
        *tmp = NULL;
        return error;
    }
    fd = create(dir_fd, dir, tmp);
    if (fd < 0) {
        return -fd;
    }
    error = write_fully(fd, file->text, file->len, &written);
    if (!error) {
        error = copy_attributes(fd, dir_fd, file->name + strlen(dir));
    }
    t->files[t->n++] = fd;
    FAILPOINT("temporary-written");
    return error;
}

static void *
sync_files(void *sync_)
{
    struct sync *sync = sync_;

    for (;;) {
        unsigned int i;

        atomic_add_relaxed(&sync->next, 1u, &i);
        if (i >= sync->n) {
            return NULL;
        }
        if (fsync(sync->files[i])) {
            atomic_store_relaxed(&sync->error, errno);
        }
    }
}

int
temporaries_sync(struct temporaries *t)
{
    struct sync sync = { .files = t->files, .n = t->n };
    pthread_t threads[MAX_THREADS];
    size_t n = 0;
    int error;

    atomic_init(&sync.next, 0);
    atomic_init(&sync.error, 0);
    /* Not by ovs_thread_create(), which ends the process where no more threads
     * can be had.  This one takes part, and does all where it is alone. */
    while (n + 1 < MIN(MAX_THREADS, t->n)
           && !pthread_create(&threads[n], NULL, sync_files, &sync)) {
        n++;
    }
    sync_files(&sync);
    while (n > 0) {
        pthread_join(threads[--n], NULL);
    }
    atomic_read_relaxed(&sync.error, &error);

    for (size_t i = 0; i < t->n; i++) {
        if (close(t->files[i]) && !error) {
            error = errno;
        }
    }
    t->n = 0;
    return error;
}
