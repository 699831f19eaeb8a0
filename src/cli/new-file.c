/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/cli/new-file.h"

#include <errno.h>
#include <fcntl.h>
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

/* Returns 0 or an errno. */
static int
write_text(int dirfd, const char *name, const char *text)
{
    int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
                    | O_CLOEXEC, 0644);
    size_t written;
    int error = fd < 0 ? errno : write_fully(fd, text, strlen(text),
                                             &written);

    if (fd >= 0 && close(fd) && !error) {
        error = errno;
    }
    return error;
}

char *
new_file_write(int dirfd, const char *name, const char *shown,
               const char *text)
{
    char *tmp = temporary_of(name);
    int error = write_text(dirfd, tmp, text);

    /* Unlike rename(2), this fails if there is such a file. */
    if (!error && linkat(dirfd, tmp, dirfd, name, 0)) {
        error = errno;
    }
    unlinkat(dirfd, tmp, 0);
    free(tmp);
    return (!error ? NULL
            : error == EEXIST
            ? xasprintf("%s is there already, and is not overwritten", shown)
            : xasprintf("%s: cannot be written (%s)", shown,
                        ovs_strerror(error)));
}
