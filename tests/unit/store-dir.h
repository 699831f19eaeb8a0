/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_STORE_DIR_H
#define TESTS_UNIT_STORE_DIR_H 1

/* What test-store.c and test-store-edit.c share: a spec directory of its own
 * for each test, a daemon's main loop, and edits. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "openvswitch/poll-loop.h"
#include "openvswitch/util.h"
#include "openvswitch/vlog.h"
#include "src/store/store.h"
#include "sset.h"
#include "timeval.h"
#include "util.h"

/* Generous: only what hangs runs into it. */
#define DEADLINE_MS 30000
#define OTHER_UID 54321

static char dir[64];

/* The path of 'name', good until the next few calls. */
static inline const char *
at(const char *name)
{
    static char buf[4][512];
    static int i;

    i = (i + 1) % 4;
    snprintf(buf[i], sizeof buf[i], "%s/%s", dir, name);
    return buf[i];
}

static inline void
put_file(const char *name, const char *text)
{
    FILE *stream = fopen(at(name), "w");

    assert_non_null(stream);
    fputs(text, stream);
    assert_int_equal(fclose(stream), 0);
}

static inline bool
exists(const char *name)
{
    struct stat st;

    return !lstat(at(name), &st);
}

static inline int
setup(void **state)
{
    (void) state;
    strcpy(dir, "/tmp/test-store-XXXXXX");
    umask(022);
    return mkdtemp(dir) && !chmod(dir, 0755) && !mkdir(at("vms.d"), 0755)
           ? 0 : -1;
}

static inline int
unlink_cb(const char *path, const struct stat *st OVS_UNUSED,
          int flag OVS_UNUSED, struct FTW *ftw OVS_UNUSED)
{
    return remove(path);
}

static inline void
remove_tree(const char *path)
{
    nftw(path, unlink_cb, 16, FTW_DEPTH | FTW_PHYS);
}

static inline int
teardown(void **state)
{
    (void) state;
    remove_tree(dir);
    return 0;
}

/* Runs 'store' as a daemon's main loop does for 'ms', or until 'name' (unless
 * NULL) has changed.  Returns whether it has; adds all changes to 'seen'. */
static inline bool
run_for(struct store *store, const char *name, int ms, struct sset *seen)
{
    long long int deadline = time_msec() + ms;
    bool found = false;

    for (;;) {
        if (store_run(store)) {
            struct sset changed;
            const char *s;

            store_changed(store, &changed);
            SSET_FOR_EACH (s, &changed) {
                if (seen) {
                    sset_add(seen, s);
                }
                found = found || (name && !strcmp(s, name));
            }
            sset_destroy(&changed);
        }
        if (found || time_msec() >= deadline) {
            return found;
        }
        store_wait(store);
        poll_timer_wait_until(deadline);
        poll_block();
    }
}

static inline void
wait_for(struct store *store, const char *name)
{
    if (!run_for(store, name, DEADLINE_MS, NULL)) {
        fail_msg("%s: no change seen", name);
    }
}

static inline struct store *
open_and_load(bool watch)
{
    struct store *store = store_open(dir, watch);
    long long int deadline = time_msec() + DEADLINE_MS;
    struct sset changed;

    while (!store_complete(store) && time_msec() < deadline) {
        store_run(store);
        usleep(1000);
    }
    assert_true(store_complete(store));
    store_changed(store, &changed);
    sset_destroy(&changed);
    return store;
}

static inline const char *
text_of(const struct store *store, const char *name)
{
    const struct store_file *file = store_get(store, name);

    return !file ? "(absent)"
           : file->state == STORE_OK ? file->text : file->error;
}

/* What a fresh reader sees. */
static inline void
assert_reads(const char *name, const char *expected)
{
    struct store *store = store_open(dir, false);
    char *error = store_load(store, NULL, DEADLINE_MS, true);

    assert_null(error);
    if (!strstr(text_of(store, name), expected)) {
        fail_msg("%s: \"%s\" instead of \"%s\"", name, text_of(store, name),
                 expected);
    }
    store_close(store);
}

static inline struct store_edit *
begin(void)
{
    struct store_edit *edit;
    char *error = store_edit_begin(dir, 4 * DEADLINE_MS, &edit);

    if (error) {
        fail_msg("%s", error);
    }
    return edit;
}

static inline void
put(struct store_edit *edit, const char *name, const char *text)
{
    store_edit_put(edit, name, text, text ? strlen(text) : 0);
}

static inline void
commit(struct store_edit *edit)
{
    char *error = store_edit_commit(edit);

    if (error) {
        fail_msg("%s", error);
    }
}

/* Puts 'text' into three files and removes a fourth, in one edit. */
static inline void
edit_three(const char *text)
{
    struct store_edit *edit = begin();

    put(edit, "host.json", text);
    put(edit, "vms.d/a.json", text);
    put(edit, "vms.d/b.json", text);
    put(edit, "vms.d/old.json", NULL);
    commit(edit);
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, setup, teardown)

#endif /* tests/unit/store-dir.h */
