/* SPDX-License-Identifier: Apache-2.0
 *
 * What an edit brings to the disk before what, which no killed process shows:
 * the kernel keeps what a power cut would lose.  So this program has a fsync,
 * a renameat and an unlinkat of its own, which take notes. */
#include <config.h>

#include "tests/unit/store-dir.h"

#include <sys/syscall.h>

#include "ovs-atomic.h"

enum what { SYNC, RENAME, UNLINK };

struct event {
    enum what what;
    ino_t ino;                  /* Synced or renamed; for UNLINK, 0. */
    char name[32];              /* The new one, or the one that goes. */
};

#define MAX_EVENTS 4096
static struct event events[MAX_EVENTS];
static atomic_uint n_events;    /* Threads sync side by side. */

static void
note(enum what what, ino_t ino, const char *name)
{
    unsigned int i;

    atomic_add(&n_events, 1u, &i);
    if (i < MAX_EVENTS) {
        events[i].what = what;
        events[i].ino = ino;
        ovs_strlcpy(events[i].name, name, sizeof events[i].name);
    }
}

/* Stands in for libc's. */
int
fsync(int fd)
{
    struct stat st;
    int retval = syscall(SYS_fsync, fd);

    if (!retval && !fstat(fd, &st)) {
        note(SYNC, st.st_ino, "");
    }
    return retval;
}

int
renameat(int old_fd, const char *old, int new_fd, const char *new)
{
    struct stat st;
    int error = fstatat(old_fd, old, &st, AT_SYMLINK_NOFOLLOW);

    if (!error) {
        note(RENAME, st.st_ino, new);
    }
    return syscall(SYS_renameat2, old_fd, old, new_fd, new, 0);
}

int
unlinkat(int fd, const char *name, int flags)
{
    int retval = syscall(SYS_unlinkat, fd, name, flags);

    if (!retval) {
        note(UNLINK, 0, name);
    }
    return retval;
}

static unsigned int
count(void)
{
    unsigned int n;

    atomic_read(&n_events, &n);
    assert_true(n < MAX_EVENTS);
    return n;
}

/* The first event 'what' of 'name' from 'from' on, or -1. */
static int
find(enum what what, const char *name, int from)
{
    for (unsigned int i = from; i < count(); i++) {
        if (events[i].what == what && !strcmp(events[i].name, name)) {
            return i;
        }
    }
    return -1;
}

/* True if 'ino' was synced by one of the events from 'first' on and before
 * 'end'. */
static bool
synced(ino_t ino, int first, int end)
{
    for (int i = first; i < end; i++) {
        if (events[i].what == SYNC && events[i].ino == ino) {
            return true;
        }
    }
    return false;
}

static ino_t
ino_of(const char *path)
{
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    return st.st_ino;
}

/* An edit of vms.d/0.json... and, where 'host', of host.json. */
static void
edit_files(int n, bool host)
{
    struct store_edit *edit;
    char name[32];

    assert_null(store_edit_begin(dir, DEADLINE_MS, &edit));
    for (int i = 0; i < n; i++) {
        snprintf(name, sizeof name, "vms.d/%d.json", i);
        store_edit_put(edit, name, "new", 3);
    }
    if (host) {
        store_edit_put(edit, "host.json", "new", 3);
    }
    atomic_store(&n_events, 0);
    assert_null(store_edit_commit(edit));
}

/* Each content before its name, all contents and their temporary names before
 * the journal, the journal before the first new name, all new names before
 * the journal goes, and that before the edit has been made. */
static void
test_journal(void **state OVS_UNUSED)
{
    enum { N = 300 };           /* More than are open at a time. */
    ino_t dir_ino = ino_of(dir);
    ino_t vms_ino = ino_of(at("vms.d"));
    int journal, last = 0, gone, n = 0;

    edit_files(N, true);
    journal = find(RENAME, ".journal", 0);
    assert_true(journal > 0);
    assert_true(synced(events[journal].ino, 0, journal));
    assert_true(synced(dir_ino, journal + 1, count()));
    for (int i = journal + 1; i < count(); i++) {
        if (events[i].what == RENAME) {
            assert_true(synced(events[i].ino, 0, journal));
            assert_true(n || synced(dir_ino, journal + 1, i));
            last = i;
            n++;
        }
    }
    assert_int_equal(n, N + 1);
    assert_int_equal(find(RENAME, "0.json", 0) > journal, true);

    /* The temporary names: the last sync of content comes before these. */
    int content = 0;
    for (int i = 0; i < journal; i++) {
        if (events[i].what == SYNC && events[i].ino != dir_ino
            && events[i].ino != vms_ino) {
            content = i;
        }
    }
    assert_true(synced(vms_ino, content + 1, journal));
    assert_true(synced(dir_ino, content + 1, journal));

    gone = find(UNLINK, ".journal", 0);
    assert_true(gone > last);
    assert_true(synced(vms_ino, last + 1, gone));
    assert_true(synced(dir_ino, last + 1, gone));
    assert_true(synced(dir_ino, gone + 1, count()));
}

static void
test_one_file(void **state OVS_UNUSED)
{
    edit_files(1, false);
    assert_int_equal(count(), 3);
    assert_int_equal(find(RENAME, "0.json", 0), 1);
    assert_true(synced(ino_of(at("vms.d/0.json")), 0, 1));
    assert_true(synced(ino_of(at("vms.d")), 2, 3));

    atomic_store(&n_events, 0);
    edit_files(0, true);
    assert_int_equal(find(RENAME, "host.json", 0), 1);
    assert_true(synced(ino_of(dir), 2, 3));
}

int
main(int argc OVS_UNUSED, char *argv[])
{
    const struct CMUnitTest tests[] = {
        TEST(test_journal),
        TEST(test_one_file),
    };

    set_program_name(argv[0]);
    vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
