/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/cli/new-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "socket-util.h"
#include "util.h"

/* The name, beside 'name', under which its text is written. */
static char *
temporary_of(const char *name)
{
    const char *slash = strrchr(name, '/');
    const char *base = slash ? slash + 1 : name;

    return xasprintf("%.*s.%s.%ld.tmp", (int) (base - name), name, base,
                     (long int) getpid());
}

/* Writes 'text' to 'fd' and closes it.  Returns 0 or an errno. */
static int
write_text(int fd, const char *text)
{
    size_t written;
    int error = write_fully(fd, text, strlen(text), &written);

    if (!error && fsync(fd)) {
        error = errno;
    }
    if (close(fd) && !error) {
        error = errno;
    }
    return error;
}

/* Renames 'tmp' to 'name' unless there is such a file.  Returns 0 or an
 * errno. */
static int
rename_new(int dirfd, const char *tmp, const char *name)
{
    if (!renameat2(dirfd, tmp, dirfd, name, RENAME_NOREPLACE)) {
        return 0;
    } else if (errno != EINVAL && errno != ENOSYS) {
        return errno;
    }
    /* A file system that does not know the flag (NFS, say) has links. */
    if (linkat(dirfd, tmp, dirfd, name, 0)) {
        return errno;
    }
    unlinkat(dirfd, tmp, 0);
    return 0;
}

char *
new_file_write(int dirfd, const char *name, const char *shown,
               const char *text)
{
    char *tmp = temporary_of(name);
    int fd = openat(dirfd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
                    | O_CLOEXEC, 0644);
    int error = fd < 0 ? errno : write_text(fd, text);
    bool there = false;

    if (!error) {
        error = rename_new(dirfd, tmp, name);
        there = error == EEXIST;
    }
    if (error && fd >= 0) {
        unlinkat(dirfd, tmp, 0);
    }
    free(tmp);
    return (!error ? NULL
            : there
            ? xasprintf("%s is there already, and is not overwritten", shown)
            : xasprintf("%s: cannot be written (%s)", shown,
                        ovs_strerror(error)));
}
