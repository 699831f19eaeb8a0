/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "src/store/pending.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "openvswitch/util.h"
#include "socket-util.h"
#include "src/failpoint.h"
#include "util.h"

/* The record of a pending change, on disk. */

/* More than a record of any host's files has. */
#define MAX_BYTES (256 * 1024 * 1024)

static char *
base_name_of(const struct pending_place *place)
{
    return xasprintf("%s.pending", place->instance);
}

static char *
path_of(const struct pending_place *place)
{
    return xasprintf("%s/%s.pending", place->state_dir, place->instance);
}

/* Makes sure that a directory is on disk. */
static int
sync_dir(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error = fd < 0 || fsync(fd) ? errno : 0;

    if (fd >= 0) {
        close(fd);
    }
    return error;
}

/* Creates the state directory.  Its parent has to be there. */
static int
make_state_dir(const char *path)
{
    int error = 0;

    if (mkdir(path, 0755)) {
        return errno == EEXIST ? 0 : errno;
    }
    char *parent = dir_name(path);
    error = sync_dir(parent);
    free(parent);
    return error;
}

/* Gives the record to whom the directory belongs: the daemon may be another
 * user than who writes it.  Nobody else reads it, as it may hold what was in
 * files that not everybody may read. */
static int
set_owner(int fd, int dir_fd)
{
    struct stat dir, st;

    if (fstat(dir_fd, &dir) || fchmod(fd, 0640)) {
        return errno;
    }
    ignore(!fchown(fd, dir.st_uid, dir.st_gid));
    if (fstat(fd, &st)) {
        return errno;
    }
    /* Else the daemon would refuse to read it. */
    return st.st_uid == dir.st_uid || !st.st_uid ? 0 : EPERM;
}

static int
write_file(int dir_fd, const char *base, const char *text, size_t len)
{
    char *tmp = xasprintf(".%s.tmp", base);
    size_t written;
    int error;

    unlinkat(dir_fd, tmp, 0);
    int fd = openat(dir_fd, tmp,
                    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                    0600);
    error = fd < 0 ? errno : write_fully(fd, text, len, &written);
    if (!error) {
        error = set_owner(fd, dir_fd);
    }
    if (!error && fsync(fd)) {
        error = errno;
    }
    if (fd >= 0 && close(fd) && !error) {
        error = errno;
    }
    FAILPOINT("pending-tmp-written");
    if (!error && renameat(dir_fd, tmp, dir_fd, base)) {
        error = errno;
    }
    if (error) {
        unlinkat(dir_fd, tmp, 0);
        free(tmp);
        return error;
    }
    free(tmp);
    FAILPOINT("pending-renamed");
    return fsync(dir_fd) ? errno : 0;
}

char *
pending_write(const struct pending_place *place, const struct pending *p)
{
    char *base = base_name_of(place);
    char *message = NULL;
    int error, fd = -1;
    size_t len;
    char *text = pending_format(p, &len);

    error = make_state_dir(place->state_dir);
    if (!error) {
        fd = open(place->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        error = fd < 0 ? errno
                : len > MAX_BYTES ? EFBIG
                : write_file(fd, base, text, len);
    }
    if (fd >= 0) {
        close(fd);
    }
    if (error) {
        message = xasprintf("%s/%s: cannot be written (%s); give the state "
                            "directory of ovs-portd, as a user that may "
                            "write to it", place->state_dir, base,
                            ovs_strerror(error));
    }
    free(text);
    free(base);
    FAILPOINT("pending-written");
    return message;
}

/* Takes the record that 'file' is apart. */
static char *
parse(const struct pending_place *place, const struct store_file *file,
      struct pending **pendingp)
{
    struct pending *p = pending_parse(file->text, file->len);

    if (!p) {
        return xasprintf("%s: is damaged; compare it with the files in %s, "
                         "then remove it", file->name, place->spec_dir);
    } else if (!store_is_same_dir(p->spec_dir, place->spec_dir)) {
        char *error = xasprintf("%s: is of a change in %s, not in %s; give "
                                "each its own --instance or --state-dir",
                                file->name, p->spec_dir, place->spec_dir);
        pending_destroy(p);
        return error;
    }
    *pendingp = p;
    return NULL;
}

/* Reads the record in directory 'dir_fd'.  Whoever owns that could put any
 * other there, so the record may be his. */
static void
read_file(int dir_fd, const char *base, struct store_file *file)
{
    struct store_trust trust = { .max = MAX_BYTES };
    struct store_sig sig;
    struct stat st;
    bool again;

    trust.owner = fstat(dir_fd, &st) ? 0 : st.st_uid;
    store_read_trusted(dir_fd, base, &trust, file, &sig, &again);
}

char *
pending_read(const struct pending_place *place, struct pending **pendingp)
{
    struct store_file file = { .name = path_of(place),
                               .state = STORE_ABSENT };
    int fd = open(place->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char *error = NULL;

    *pendingp = NULL;
    if (fd >= 0) {
        char *base = base_name_of(place);

        read_file(fd, base, &file);
        free(base);
        close(fd);
    } else if (errno != ENOENT) {
        error = xasprintf("%s: cannot be opened (%s); give the state "
                          "directory of ovs-portd", place->state_dir,
                          ovs_strerror(errno));
    }
    if (file.state == STORE_OK) {
        error = parse(place, &file, pendingp);
    } else if (file.state == STORE_UNREADABLE) {
        error = xstrdup(file.error);
    }
    store_file_clear(&file);
    return error;
}

char *
pending_remove(const struct pending_place *place)
{
    char *path = path_of(place);
    char *message = NULL;
    int error = unlink(path) && errno != ENOENT ? errno : 0;

    FAILPOINT("pending-removed");
    error = error ? error : sync_dir(place->state_dir);
    if (error) {
        message = xasprintf("%s: cannot be removed (%s)", path,
                            ovs_strerror(error));
    }
    free(path);
    return message;
}

int
pending_signature(const struct pending_place *place, struct store_sig *sig)
{
    char *path = path_of(place);
    struct stat st;
    int error = lstat(path, &st) ? errno : 0;

    free(path);
    memset(sig, 0, sizeof *sig);
    if (!error) {
        store_sig_from_stat(sig, &st);
    }
    return error == ENOENT ? 0 : error;
}
