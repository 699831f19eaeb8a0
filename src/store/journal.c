/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "src/store/journal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "openvswitch/dynamic-string.h"
#include "openvswitch/util.h"
#include "openvswitch/vlog.h"
#include "socket-util.h"
#include "src/failpoint.h"
#include "src/store/lock.h"
#include "src/store/names.h"
#include "svec.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(store_journal);

#define HEADER "ovs-portd-journal 1"

void
journal_init(struct journal *journal)
{
    journal->items = NULL;
    journal->n = 0;
}

void
journal_destroy(struct journal *journal)
{
    for (size_t i = 0; i < journal->n; i++) {
        free(journal->items[i].name);
        free(journal->items[i].tmp);
    }
    free(journal->items);
    journal_init(journal);
}

void
journal_add(struct journal *journal, const char *name, const char *tmp,
            const char *sha256)
{
    struct journal_item *item;

    journal->items = xrealloc(journal->items,
                              (journal->n + 1) * sizeof *journal->items);
    item = &journal->items[journal->n++];
    item->name = xstrdup(name);
    item->tmp = nullable_xstrdup(tmp);
    ovs_strlcpy(item->sha256, sha256 ? sha256 : "", sizeof item->sha256);
    item->state = JOURNAL_TODO;
}

const struct journal_item *
journal_find(const struct journal *journal, const char *name)
{
    for (size_t i = 0; i < journal->n; i++) {
        if (!strcmp(journal->items[i].name, name)) {
            return &journal->items[i];
        }
    }
    return NULL;
}

char *
journal_format(const struct journal *journal)
{
    struct ds text = DS_EMPTY_INITIALIZER;

    ds_put_cstr(&text, HEADER"\n");
    for (size_t i = 0; i < journal->n; i++) {
        const struct journal_item *item = &journal->items[i];

        if (item->tmp) {
            ds_put_format(&text, "put %s %s %s\n", item->tmp, item->name,
                          item->sha256);
        } else {
            ds_put_format(&text, "del %s\n", item->name);
        }
    }
    ds_put_format(&text, "end %"PRIuSIZE"\n", journal->n);
    return ds_steal_cstr(&text);
}

static bool
name_is_valid(const char *name)
{
    char *error = store_name_check(name);

    free(error);
    return !error;
}

/* The last component of 'name'. */
static const char *
base_of(const char *name)
{
    return store_name_in_vms(name) ? name + strlen(STORE_VMS_PREFIX) : name;
}

/* Parses one line between the first and the last.  Whoever can write the
 * journal can write the files as well; still, a name that leads out of the
 * directory must never be followed. */
static bool
parse_item(char *line, struct journal *journal)
{
    char *save_ptr = NULL;
    char *word[5];
    size_t n = 0;

    for (char *w = strtok_r(line, " ", &save_ptr); w;
         w = strtok_r(NULL, " ", &save_ptr)) {
        if (n >= ARRAY_SIZE(word) - 1) {
            return false;
        }
        word[n++] = w;
    }
    if (n == 2 && !strcmp(word[0], "del") && name_is_valid(word[1])) {
        journal_add(journal, word[1], NULL, NULL);
        return true;
    }
    if (n == 4 && !strcmp(word[0], "put") && name_is_valid(word[2])
        && store_is_sha256(word[3])
        && store_name_in_vms(word[1]) == store_name_in_vms(word[2])
        && store_name_is_temporary(base_of(word[1]))) {
        journal_add(journal, word[2], word[1], word[3]);
        return true;
    }
    return false;
}

bool
journal_parse(const char *text, size_t len, struct journal *journal)
{
    char *copy = xmemdup0(text, len);
    char *last = NULL;
    char *save_ptr = NULL;
    bool ok = strlen(copy) == len && len && copy[len - 1] == '\n';
    char *line = strtok_r(copy, "\n", &save_ptr);

    journal_init(journal);
    ok = ok && line && !strcmp(line, HEADER);
    while (ok && (line = strtok_r(NULL, "\n", &save_ptr))) {
        if (last) {
            ok = false;         /* Something after "end". */
        } else if (!strncmp(line, "end ", 4)) {
            last = line;
        } else {
            ok = parse_item(line, journal);
        }
    }
    if (ok && last) {
        char *end = xasprintf("end %"PRIuSIZE, journal->n);

        ok = !strcmp(last, end);
        free(end);
    } else {
        ok = false;
    }
    if (!ok) {
        journal_destroy(journal);
    }
    free(copy);
    return ok;
}

/* True if file 'name' (or temporary file) has content 'sha256'; '*there' says
 * whether there is a file. */
static bool
has_sha256(const struct store_fds *fds, const char *name, const char *sha256,
           bool *there)
{
    struct store_file file = { .name = xstrdup(name) };
    struct store_sig sig;
    bool again;
    bool same;

    if (store_fds_of(fds, name) < 0) {
        file.state = STORE_ABSENT;
    } else {
        store_read_file(fds, base_of(name), &file, &sig, &again);
    }
    *there = file.state != STORE_ABSENT;
    same = file.state == STORE_OK && !strcmp(file.sha256, sha256);
    store_file_clear(&file);
    return same;
}

static enum journal_verdict
judge(const struct store_fds *fds, struct journal *journal)
{
    size_t n_done = 0;
    size_t n_lost = 0;

    for (size_t i = 0; i < journal->n; i++) {
        struct journal_item *item = &journal->items[i];
        bool there;

        if (!item->tmp) {
            /* An absent file may have been absent before as well, so it does
             * not count as done. */
            item->state = JOURNAL_TODO;
        } else if (has_sha256(fds, item->tmp, item->sha256, &there)) {
            item->state = JOURNAL_TODO;
        } else if (!there
                   && has_sha256(fds, item->name, item->sha256, &there)) {
            item->state = JOURNAL_DONE;
            n_done++;
        } else {
            item->state = JOURNAL_LOST;
            n_lost++;
        }
    }
    return n_lost && !n_done ? JOURNAL_DROP : JOURNAL_COMPLETE;
}

enum journal_verdict
journal_load(const struct store_fds *fds, struct journal *journal,
             char **error)
{
    struct store_file file = { .name = xstrdup(STORE_JOURNAL) };
    enum journal_verdict verdict = JOURNAL_NONE;
    struct store_sig sig;
    bool again;

    journal_init(journal);
    *error = NULL;
    store_read_file(fds, STORE_JOURNAL, &file, &sig, &again);
    if (file.state == STORE_OK) {
        verdict = journal_parse(file.text, file.len, journal)
                  ? judge(fds, journal) : JOURNAL_DROP;
    } else if (file.state == STORE_UNREADABLE) {
        *error = file.error;
        file.error = NULL;
    }
    store_file_clear(&file);
    return verdict;
}

static int
write_synced(int dir_fd, const char *base, const char *text)
{
    int fd = openat(dir_fd, base,
                    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                    0644);
    size_t written;
    int error;

    if (fd < 0) {
        return errno;
    }
    error = write_fully(fd, text, strlen(text), &written);
    if (!error && (fchmod(fd, 0644) || fsync(fd))) {
        error = errno;
    }
    close(fd);
    return error;
}

int
journal_write(const struct store_fds *fds, const struct journal *journal)
{
    char *text = journal_format(journal);
    int error;

    unlinkat(fds->dir, STORE_JOURNAL_TMP, 0);
    error = write_synced(fds->dir, STORE_JOURNAL_TMP, text);
    free(text);
    FAILPOINT("journal-tmp-written");

    /* The names of the temporary files must be on disk before the journal
     * that relies on them. */
    if (!error && fds->vms >= 0 && fsync(fds->vms)) {
        error = errno;
    }
    if (!error && fsync(fds->dir)) {
        error = errno;
    }
    if (!error && renameat(fds->dir, STORE_JOURNAL_TMP,
                           fds->dir, STORE_JOURNAL)) {
        error = errno;
    }
    if (error) {
        unlinkat(fds->dir, STORE_JOURNAL_TMP, 0);
        return error;
    }
    FAILPOINT("journal-renamed");
    if (fsync(fds->dir)) {
        error = errno;
        unlinkat(fds->dir, STORE_JOURNAL, 0);
        return error;
    }
    FAILPOINT("journal-written");
    return 0;
}

/* As long as there is the journal, it says which files are gone for good;
 * after it, this does. */
static void
note_gone(const struct store_fds *fds, const struct journal *journal)
{
    struct svec names = SVEC_EMPTY_INITIALIZER;

    for (size_t i = 0; i < journal->n; i++) {
        if (!journal->items[i].tmp) {
            svec_add(&names, journal->items[i].name);
        }
    }
    store_lock_note_gone(fds->dir, names.names, names.n);
    svec_destroy(&names);
}

static int
apply_item(const struct store_fds *fds, const struct journal_item *item)
{
    int fd = store_fds_of(fds, item->name);
    const char *base = base_of(item->name);

    if (fd < 0) {
        return item->tmp ? ENOENT : 0;
    }
    if (item->tmp) {
        return renameat(fd, base_of(item->tmp), fd, base) ? errno : 0;
    }
    return unlinkat(fd, base, 0) && errno != ENOENT ? errno : 0;
}

char *
journal_apply(const struct store_fds *fds, struct journal *journal,
              bool *dropped)
{
    bool touched = false;

    *dropped = false;
    for (size_t i = 0; i < journal->n; i++) {
        touched = touched || journal->items[i].state == JOURNAL_DONE;
    }
    for (size_t i = 0; i < journal->n; i++) {
        struct journal_item *item = &journal->items[i];
        int error;

        if (item->state != JOURNAL_TODO) {
            continue;
        }
        error = apply_item(fds, item);
        if (error && !touched) {
            *dropped = true;
            journal_drop(fds, journal);
            return xasprintf("%s: cannot be %s (%s); nothing was changed",
                             item->name, item->tmp ? "replaced" : "removed",
                             ovs_strerror(error));
        } else if (error) {
            return xasprintf("%s: cannot be %s (%s); the edit is half done "
                             "and will be completed by the next edit once "
                             "this is possible", item->name,
                             item->tmp ? "replaced" : "removed",
                             ovs_strerror(error));
        }
        item->state = JOURNAL_DONE;
        touched = true;
        FAILPOINT("item-done");
    }
    note_gone(fds, journal);
    FAILPOINT("items-done");

    /* Else a power cut could bring back a journal that later edits by hand
     * have overtaken, or lose a rename of which no journal is left. */
    if ((fds->vms >= 0 && fsync(fds->vms)) || fsync(fds->dir)
        || (unlinkat(fds->dir, STORE_JOURNAL, 0) && errno != ENOENT)) {
        return xasprintf(STORE_JOURNAL": cannot be finished (%s); all files "
                         "were changed, but may not survive a power cut",
                         ovs_strerror(errno));
    }
    FAILPOINT("journal-removed");
    if (fsync(fds->dir)) {
        VLOG_WARN(STORE_JOURNAL": removal not synced (%s)",
                  ovs_strerror(errno));
    }
    return NULL;
}

bool
journal_is_needless(const struct journal *journal)
{
    return journal->n == 1 && journal->items[0].tmp;
}

char *
journal_skip(const struct store_fds *fds, const struct journal *journal)
{
    const struct journal_item *item = &journal->items[0];
    int fd = store_fds_of(fds, item->name);
    int error = apply_item(fds, item);

    if (error) {
        unlinkat(fd, base_of(item->tmp), 0);
        return xasprintf("%s: cannot be replaced (%s); nothing was changed",
                         item->name, ovs_strerror(error));
    }
    FAILPOINT("file-replaced");
    /* The content went to the disk before.  Until the directory does, a power
     * cut leaves the old file, or the new one, and perhaps the temporary one,
     * which the next edit removes. */
    if (fsync(fd)) {
        VLOG_WARN("%s: was changed, but may not survive a power cut (%s)",
                  item->name, ovs_strerror(errno));
    }
    return NULL;
}

void
journal_drop(const struct store_fds *fds, const struct journal *journal)
{
    /* The journal first: without it the temporary files mean nothing. */
    unlinkat(fds->dir, STORE_JOURNAL, 0);
    ignore(fsync(fds->dir));
    for (size_t i = 0; i < journal->n; i++) {
        const struct journal_item *item = &journal->items[i];
        int fd = store_fds_of(fds, item->name);

        if (item->tmp && fd >= 0) {
            unlinkat(fd, base_of(item->tmp), 0);
        }
    }
}

char *
journal_recover(const struct store_fds *fds, struct journal *journal)
{
    enum journal_verdict verdict;
    bool dropped;
    char *error;

    verdict = journal_load(fds, journal, &error);
    if (error || verdict == JOURNAL_NONE) {
        return error;
    }
    if (verdict == JOURNAL_DROP) {
        VLOG_WARN(STORE_JOURNAL": a process died and left an edit that "
                  "cannot be completed; it is dropped, no file is changed");
        journal_drop(fds, journal);
        journal_destroy(journal);
        return NULL;
    }
    for (size_t i = 0; i < journal->n; i++) {
        if (journal->items[i].state == JOURNAL_LOST) {
            VLOG_WARN("%s: a process died while it edited this file, and its "
                      "new content is lost; check the file",
                      journal->items[i].name);
        }
    }
    error = journal_apply(fds, journal, &dropped);
    if (!error) {
        VLOG_INFO(STORE_JOURNAL": completed the edit of %"PRIuSIZE" files "
                  "that a process left when it died", journal->n);
    } else if (dropped) {
        VLOG_WARN(STORE_JOURNAL": the edit of a process that died is "
                  "dropped: %s", error);
        free(error);
        error = NULL;
        journal_destroy(journal);
    }
    return error;
}

static void
sweep(int parent, const char *dir)
{
    int fd = openat(parent, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *de;

    if (!stream) {
        if (fd >= 0) {
            close(fd);
        }
        return;
    }
    while ((de = readdir(stream))) {
        if (store_name_is_temporary(de->d_name)) {
            unlinkat(fd, de->d_name, 0);
        }
    }
    closedir(stream);
}

void
journal_sweep(const struct store_fds *fds)
{
    unlinkat(fds->dir, STORE_JOURNAL_TMP, 0);
    sweep(fds->dir, ".");
    if (fds->vms >= 0) {
        sweep(fds->vms, ".");
    }
}
