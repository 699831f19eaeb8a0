/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "src/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "openvswitch/util.h"
#include "random.h"
#include "socket-util.h"
#include "src/failpoint.h"
#include "src/store/journal.h"
#include "src/store/lock.h"
#include "src/store/names.h"
#include "src/store/read.h"
#include "src/store/scan.h"
#include "src/store/temporaries.h"
#include "sset.h"
#include "util.h"

struct store_edit {
    char *path;                 /* DIR. */
    struct store_fds fds;
    int lock_fd;
    struct store_cache cache;   /* The files when the edit began, as far as
                                 * they have been asked for. */
    struct sset looked;         /* Names that 'cache' knows all about. */
    bool all;                   /* It knows of all files. */
    struct shash puts;          /* "struct store_file", absent to remove. */
    struct shash view;          /* Pointers into 'cache' and 'puts'. */
    char *error;                /* Of the first invalid put. */
};

static void
edit_destroy(struct store_edit *edit)
{
    struct shash_node *node;

    if (edit->lock_fd >= 0) {
        store_lock_release(edit->lock_fd);
    }
    store_fds_close(&edit->fds);
    SHASH_FOR_EACH (node, &edit->puts) {
        store_file_clear(node->data);
        free(node->data);
    }
    shash_destroy(&edit->puts);
    shash_destroy(&edit->view);
    store_cache_destroy(&edit->cache);
    sset_destroy(&edit->looked);
    free(edit->error);
    free(edit->path);
    free(edit);
}

/* Finishes what a dead process left. */
static char *
recover(struct store_edit *edit)
{
    struct journal journal;
    char *cause = journal_recover(&edit->fds, &journal);
    char *error = NULL;

    if (!cause) {
        journal_sweep(&edit->fds);
    } else {
        error = xasprintf("%s/%s: an earlier edit, of a process that died, "
                          "must be finished first: %s", edit->path,
                          STORE_JOURNAL, cause);
        free(cause);
    }
    journal_destroy(&journal);
    return error;
}

/* Nobody who heeds the lock changes a file as long as we have it, so that it
 * makes no difference when a file is looked at; and an edit of one file among
 * thousands costs no more than that one. */
static void
look(struct store_edit *edit, const char *name)
{
    struct store_file *file;
    struct store_todo todo;

    if (edit->all || !sset_add(&edit->looked, name)) {
        return;
    }
    store_todo_init(&todo);
    sset_add(&todo.names, name);
    store_scan(&edit->cache, NULL, &todo, STORE_SCAN_LOCKED
               | STORE_SCAN_AT_ONCE | STORE_SCAN_NAMED);
    store_todo_destroy(&todo);
    file = shash_find_data(&edit->cache.files, name);
    if (file) {
        shash_add(&edit->view, name, file);
    }
}

/* What was looked at before stays as it was then: the commit tells whether
 * somebody has changed it. */
static void
look_at_all(struct store_edit *edit)
{
    struct store_cache cache;
    struct shash_node *node;
    struct store_todo todo;

    if (edit->all) {
        return;
    }
    edit->all = true;
    store_cache_init(&cache, edit->path);
    store_todo_init(&todo);
    todo.full = true;
    store_scan(&cache, NULL, &todo, STORE_SCAN_LOCKED | STORE_SCAN_AT_ONCE);
    store_todo_destroy(&todo);
    SHASH_FOR_EACH (node, &cache.files) {
        if (!sset_contains(&edit->looked, node->name)) {
            shash_add(&edit->view, node->name, node->data);
        }
    }
    store_cache_move(&edit->cache, &cache, &edit->looked);
    store_cache_destroy(&cache);
}

/* Returns why the directory cannot be edited, or NULL. */
static char *
check_dir(struct store_edit *edit, int vms_errno)
{
    look(edit, STORE_HOST);
    /* No vms.d is no reason not to edit: the first VM's file creates it. */
    return (!edit->cache.dir_found
            || (!edit->cache.dir.readable && vms_errno != ENOENT)
            ? xstrdup(edit->cache.dir.error) : NULL);
}

char *
store_edit_begin(const char *dir, int timeout_ms, struct store_edit **editp)
{
    struct store_edit *edit = xzalloc(sizeof *edit);
    char *error = NULL;
    int vms_errno = 0;
    int retval;

    *editp = NULL;
    edit->path = xstrdup(dir);
    edit->lock_fd = -1;
    store_cache_init(&edit->cache, dir);
    shash_init(&edit->puts);
    shash_init(&edit->view);
    sset_init(&edit->looked);

    retval = store_fds_open(dir, &edit->fds, &vms_errno);
    if (retval) {
        error = xasprintf("%s: cannot be opened (%s); %s", dir,
                          ovs_strerror(retval), retval == ENOENT
                          ? "create it" : "give the path of a directory that "
                          "may be read");
    } else {
        error = store_lock_exclusive(dir, edit->fds.dir, timeout_ms,
                                     &edit->lock_fd);
    }
    if (!error) {
        /* The editor before us may have created it. */
        vms_errno = store_fds_open_vms(&edit->fds);
        error = recover(edit);
    }
    if (!error) {
        error = check_dir(edit, vms_errno);
    }
    if (error) {
        edit_destroy(edit);
        return error;
    }
    *editp = edit;
    return NULL;
}

const struct store_file *
store_edit_get(struct store_edit *edit, const char *name)
{
    look(edit, name);
    return shash_find_data(&edit->view, name);
}

const struct shash *
store_edit_files(struct store_edit *edit)
{
    look_at_all(edit);
    return &edit->view;
}

const struct store_file *
store_edit_before(struct store_edit *edit, const char *name)
{
    look(edit, name);
    return shash_find_data(&edit->cache.files, name);
}

const struct shash *
store_edit_files_before(struct store_edit *edit)
{
    look_at_all(edit);
    return &edit->cache.files;
}

static void
set_error(struct store_edit *edit, char *error)
{
    if (edit->error) {
        free(error);
    } else {
        edit->error = error;
    }
}

void
store_edit_put(struct store_edit *edit, const char *name,
               const char *text, size_t len)
{
    struct store_file *file, *old;
    char *error = store_name_check(name);

    if (!error && len > STORE_MAX_BYTES) {
        error = xasprintf("%s: would have %"PRIuSIZE" bytes, more than %d; "
                          "make it smaller", name, len, STORE_MAX_BYTES);
    }
    if (error) {
        set_error(edit, error);
        return;
    }

    look(edit, name);
    file = xzalloc(sizeof *file);
    file->name = xstrdup(name);
    file->state = STORE_ABSENT;
    if (text) {
        file->state = STORE_OK;
        file->text = xmemdup0(text, len);
        file->len = len;
        store_sha256(text, len, file->sha256);
        shash_replace(&edit->view, name, file);
    } else {
        shash_find_and_delete(&edit->view, name);
    }
    /* Last, because 'text' and 'name' may be of what was put before. */
    old = shash_replace(&edit->puts, file->name, file);
    if (old) {
        store_file_clear(old);
        free(old);
    }
}

const char *
store_edit_sha256(const struct store_edit *edit, const char *name)
{
    const struct store_file *file = shash_find_data(&edit->puts, name);

    return file ? file->sha256 : NULL;
}

/* True if 'put' would change anything. */
static bool
differs(struct store_edit *edit, const struct store_file *put)
{
    const struct store_file *before = store_edit_before(edit, put->name);

    if (!before || before->state == STORE_UNREADABLE) {
        return put->state == STORE_OK || before;
    }
    return strcmp(before->sha256, put->sha256) != 0;
}

/* Returns NULL if 'put' may go ahead, by what the file is now. */
static char *
check_put_again(struct store_edit *edit, const struct store_file *put)
{
    const struct store_file *before = store_edit_before(edit, put->name);
    struct store_file now = { .name = xstrdup(put->name),
                              .state = STORE_ABSENT };
    int fd = store_fds_of(&edit->fds, put->name);
    char *base = store_name_to_entry(put->name);
    struct store_sig sig;
    struct stat st;
    char *error = NULL;
    bool again;

    if (fd >= 0) {
        store_read_file(&edit->fds, base, &now, &sig, &again);
    }
    if (now.state != (before ? before->state : STORE_ABSENT)
        || (before && strcmp(now.sha256, before->sha256))) {
        error = xasprintf("%s: was changed by somebody else during this edit;"
                          " nothing was changed; try again", put->name);
    } else if (put->state == STORE_OK && now.state == STORE_UNREADABLE) {
        error = xstrdup(now.error);
    } else if (now.state == STORE_UNREADABLE
               && !fstatat(fd, base, &st, AT_SYMLINK_NOFOLLOW)
               && S_ISDIR(st.st_mode)) {
        error = xstrdup(now.error);
    }
    free(base);
    store_file_clear(&now);
    return error;
}

static char *
make_vms(struct store_edit *edit)
{
    struct stat parent;
    int error = 0;

    if (mkdirat(edit->fds.dir, STORE_VMS, 0755) && errno != EEXIST) {
        error = errno;
    }
    if (!error) {
        error = store_fds_open_vms(&edit->fds);
    }
    /* Whatever the umask: a daemon of another user has to read it. */
    if (!error && (fchmod(edit->fds.vms, 0755) || fsync(edit->fds.dir))) {
        error = errno;
    }
    if (!error && !fstat(edit->fds.dir, &parent)) {
        /* Who writes to the one is to write to the other. */
        ignore(!fchown(edit->fds.vms, parent.st_uid, parent.st_gid));
    }
    return error ? xasprintf("%s/"STORE_VMS": cannot be created (%s); create "
                             "it", edit->path, ovs_strerror(error)) : NULL;
}

/* Returns NULL if 'put' may go ahead. */
static char *
check_put(struct store_edit *edit, const struct store_file *put)
{
    const struct store_file *before = store_edit_before(edit, put->name);

    return (before && before->state == STORE_OK
            && store_cache_is_current(&edit->cache, &edit->fds, put->name)
            ? NULL : check_put_again(edit, put));
}

/* Writes the temporary file of 'put', unless that removes its file, and adds
 * the line of the journal. */
static char *
prepare_put(struct store_edit *edit, const struct store_file *put,
            struct temporaries *temporaries, struct journal *journal)
{
    bool keeps = put->state == STORE_OK;
    char *error = check_put(edit, put);
    char *tmp = NULL;

    if (!error && keeps && store_name_in_vms(put->name)
        && edit->fds.vms < 0) {
        error = make_vms(edit);
    }
    if (!error && keeps) {
        int retval = temporaries_write(temporaries, put, &tmp);

        if (retval) {
            error = xasprintf("%s: cannot be written (%s); nothing was "
                              "changed", put->name, ovs_strerror(retval));
        }
    }
    if (!error) {
        journal_add(journal, put->name, tmp, keeps ? put->sha256 : NULL);
    }
    free(tmp);
    return error;
}

/* Writes the temporary files of all changes and makes the journal.  Files to
 * be replaced come before those to be removed, because a recovery can tell of
 * the former alone whether they are done. */
static char *
prepare(struct store_edit *edit, struct journal *journal)
{
    const struct shash_node **nodes = shash_sort(&edit->puts);
    size_t n = shash_count(&edit->puts);
    struct temporaries temporaries;
    char *error = NULL;
    int retval;

    temporaries_init(&temporaries, &edit->fds);
    for (size_t i = 0; i < 2 * n && !error; i++) {
        const struct store_file *put = nodes[i % n]->data;

        if ((put->state == STORE_OK) == (i < n) && differs(edit, put)) {
            error = prepare_put(edit, put, &temporaries, journal);
        }
    }
    free(nodes);
    FAILPOINT("temporaries-unsynced");

    retval = temporaries_sync(&temporaries);
    if (retval && !error) {
        error = xasprintf("%s: the new files cannot be brought to the disk "
                          "(%s); nothing was changed", edit->path,
                          ovs_strerror(retval));
    }
    return error;
}

/* Carries out what the journal says. */
static char *
carry_out(struct store_edit *edit, struct journal *journal)
{
    bool dropped;
    int retval;

    if (journal_is_needless(journal)) {
        return journal_skip(&edit->fds, journal);
    }
    retval = journal_write(&edit->fds, journal);
    if (retval) {
        journal_sweep(&edit->fds);
        return xasprintf("%s/"STORE_JOURNAL": cannot be written (%s); nothing "
                         "was changed", edit->path, ovs_strerror(retval));
    }
    return journal_apply(&edit->fds, journal, &dropped);
}

char *
store_edit_write(struct store_edit *edit)
{
    struct journal journal;
    char *error;

    journal_init(&journal);
    error = nullable_xstrdup(edit->error);
    if (!error) {
        error = prepare(edit, &journal);
        FAILPOINT("temporaries-written");
    }
    if (error) {
        journal_sweep(&edit->fds);
    } else if (journal.n) {
        error = carry_out(edit, &journal);
    }
    journal_destroy(&journal);
    return error;
}

char *
store_edit_commit(struct store_edit *edit)
{
    char *error = store_edit_write(edit);

    edit_destroy(edit);
    return error;
}

void
store_edit_abort(struct store_edit *edit)
{
    if (edit) {
        edit_destroy(edit);
    }
}
