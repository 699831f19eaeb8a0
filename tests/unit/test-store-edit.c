/* SPDX-License-Identifier: Apache-2.0
 *
 * Edits of the spec directory: many at once, with readers in between, by
 * processes that are killed at random moments and, in a build with
 * --enable-failpoints, at each step. */
#include <config.h>

#include "tests/unit/store-dir.h"

#include <dirent.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "random.h"
#include "src/store/temporaries.h"

/* Edits. */

static void
test_edit(void **state)
{
    struct store_edit *edit;
    struct stat st;
    char *error;
    char hex[STORE_SHA256_LEN + 1];

    (void) state;
    put_file("vms.d/a.json", "1");
    chmod(at("vms.d/a.json"), 0640);
    put_file("vms.d/gone.json", "g");
    put_file("vms.d/.portd-0123ab.tmp", "left over");

    edit = begin();
    assert_false(exists("vms.d/.portd-0123ab.tmp"));
    put(edit, "vms.d/a.json", "2");
    put(edit, "vms.d/b.json", "b");
    put(edit, "vms.d/gone.json", NULL);
    assert_string_equal(store_edit_get(edit, "vms.d/a.json")->text, "2");
    assert_string_equal(store_edit_before(edit, "vms.d/a.json")->text, "1");
    assert_null(store_edit_get(edit, "vms.d/gone.json"));
    assert_int_equal(shash_count(store_edit_files(edit)), 2);
    store_sha256("2", 1, hex);
    assert_string_equal(store_edit_sha256(edit, "vms.d/a.json"), hex);
    assert_string_equal(store_edit_sha256(edit, "vms.d/gone.json"), "");
    assert_null(store_edit_sha256(edit, "host.json"));
    commit(edit);
    assert_reads("vms.d/a.json", "2");
    assert_reads("vms.d/b.json", "b");
    assert_false(exists("vms.d/gone.json"));
    assert_false(exists(".journal"));
    assert_int_equal(stat(at("vms.d/a.json"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    assert_int_equal(stat(at("vms.d/b.json"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0644);

    /* The same text again leaves the very file. */
    edit = begin();
    put(edit, "vms.d/b.json", "b");
    commit(edit);
    ino_t ino = st.st_ino;
    assert_int_equal(stat(at("vms.d/b.json"), &st), 0);
    assert_int_equal(st.st_ino, ino);

    edit = begin();
    put(edit, "vms.d/a.json", "3");
    put(edit, "vms.d/../a.json", "3");
    error = store_edit_commit(edit);
    assert_non_null(strstr(error, "vms.d/../a.json"));
    free(error);
    assert_reads("vms.d/a.json", "2");

    /* Somebody without the lock was faster. */
    edit = begin();
    put(edit, "vms.d/a.json", "3");
    put(edit, "vms.d/b.json", "3");
    put_file("vms.d/b.json", "by hand");
    error = store_edit_commit(edit);
    assert_non_null(strstr(error, "changed by somebody else"));
    free(error);
    assert_reads("vms.d/a.json", "2");
    assert_reads("vms.d/b.json", "by hand");

    /* The lock. */
    edit = begin();
    struct store_edit *second;
    char *expected = xasprintf("held by process %d", (int) getpid());
    error = store_edit_begin(dir, 50, &second);
    assert_non_null(strstr(error, expected));
    free(error);
    struct store *store = store_open(dir, false);
    error = store_load(store, NULL, 50, true);
    assert_non_null(strstr(error, expected));
    free(error);
    free(expected);
    store_close(store);
    store_edit_abort(edit);
    assert_reads("vms.d/a.json", "2");
}

/* More files than are open at a time, one more, and one that is the last of
 * them to be written. */
static void
test_edit_many(void **state OVS_UNUSED)
{
    enum { N = 2 * TEMPORARIES_MAX + 1 };
    struct store_edit *edit = begin();
    char name[32], text[16];

    for (int i = 0; i < N; i++) {
        snprintf(name, sizeof name, "vms.d/%d.json", i);
        snprintf(text, sizeof text, "%d", i);
        put(edit, name, text);
    }
    commit(edit);

    struct store *store = open_and_load(false);
    assert_int_equal(shash_count(store_files(store)), N);
    for (int i = 0; i < N; i++) {
        snprintf(name, sizeof name, "vms.d/%d.json", i);
        snprintf(text, sizeof text, "%d", i);
        assert_string_equal(text_of(store, name), text);
    }
    store_close(store);
    assert_false(exists(".journal"));

    DIR *stream = opendir(at("vms.d"));
    int n = 0;
    for (struct dirent *de; (de = readdir(stream)); ) {
        n += de->d_name[0] != '.';
        assert_null(strstr(de->d_name, ".tmp"));
    }
    closedir(stream);
    assert_int_equal(n, N);
}

/* Where one file cannot be written, none is another one. */
static void
test_edit_many_without_space(void **state OVS_UNUSED)
{
    struct rlimit old, small = { .rlim_cur = 4096, .rlim_max = 4096 };
    struct store_edit *edit;
    char big[8192] = "";
    char *error;

    put_file("vms.d/a.json", "old");
    edit = begin();
    memset(big, 'x', sizeof big - 1);
    put(edit, "vms.d/a.json", "new");
    put(edit, "vms.d/b.json", big);
    put(edit, "vms.d/c.json", "new");
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small.rlim_max = old.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    error = store_edit_commit(edit);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_non_null(strstr(error, "vms.d/b.json: cannot be written"));
    free(error);
    assert_reads("vms.d/a.json", "old");
    assert_reads("vms.d/b.json", "(absent)");
    assert_false(exists(".journal"));
}

/* Files are read when they are asked for, and once. */
static void
test_edit_reads_late(void **state OVS_UNUSED)
{
    struct store_edit *edit;
    char *error;

    put_file("vms.d/b.json", "by hand");
    edit = begin();
    assert_string_equal(store_edit_get(edit, "vms.d/b.json")->text,
                        "by hand");
    put_file("vms.d/b.json", "again");
    put_file("vms.d/c.json", "c");
    assert_int_equal(shash_count(store_edit_files(edit)), 2);
    assert_string_equal(store_edit_before(edit, "vms.d/b.json")->text,
                        "by hand");
    put(edit, "vms.d/b.json", "3");
    assert_string_equal(store_edit_get(edit, "vms.d/c.json")->text, "c");
    error = store_edit_commit(edit);
    assert_non_null(strstr(error, "changed by somebody else"));
    free(error);
}

/* What an edit removed is absent at once, together with what it changed. */
static void
test_edit_is_seen_whole(void **state)
{
    (void) state;
    put_file("vms.d/old.json", "1");
    struct store *store = open_and_load(true);

    edit_three("x");
    wait_for(store, "vms.d/a.json");
    assert_string_equal(text_of(store, "vms.d/b.json"), "x");
    assert_string_equal(text_of(store, "host.json"), "x");
    assert_null(store_get(store, "vms.d/old.json"));

    /* But a later file of that name that an editor moves away is not. */
    put_file("vms.d/old.json", "2");
    wait_for(store, "vms.d/old.json");
    rename(at("vms.d/old.json"), at("vms.d/old.json~"));
    assert_false(run_for(store, "vms.d/old.json", 100, NULL));
    store_close(store);
}

static void
test_concurrent_editors(void **state)
{
    enum { N = 100 };
    pid_t pids[N];
    int failed = 0;
    int lines = 0;

    (void) state;
    put_file("vms.d/shared.json", "");
    for (int i = 0; i < N; i++) {
        pids[i] = fork();
        if (!pids[i]) {
            struct store_edit *edit;
            char *error = store_edit_begin(dir, 8 * DEADLINE_MS, &edit);

            if (error) {
                _exit(1);
            }
            const struct store_file *file
                = store_edit_get(edit, "vms.d/shared.json");
            char *text = xasprintf("%s%d\n", file->text, i);

            put(edit, "vms.d/shared.json", text);
            _exit(store_edit_commit(edit) ? 2 : 0);
        }
    }
    for (int i = 0; i < N; i++) {
        int status;

        waitpid(pids[i], &status, 0);
        failed += status != 0;
    }
    assert_int_equal(failed, 0);

    struct store *store = open_and_load(false);
    for (const char *p = text_of(store, "vms.d/shared.json"); *p; p++) {
        lines += *p == '\n';
    }
    assert_int_equal(lines, N);
    store_close(store);
}

/* Checks that the three files of edit_three() are of one edit. */
static void
assert_whole(const struct store *store)
{
    const char *a = text_of(store, "vms.d/a.json");

    if (strcmp(a, text_of(store, "vms.d/b.json"))
        || strcmp(a, text_of(store, "host.json"))) {
        fail_msg("half an edit: a \"%s\", b \"%s\", host \"%s\"", a,
                 text_of(store, "vms.d/b.json"),
                 text_of(store, "host.json"));
    }
}

static void
read_during_edits(bool as_other)
{
    int seen = 0;
    char last[16] = "";
    pid_t pid;

    edit_three("start");
    pid = fork();
    if (!pid) {
        /* Not to outlive a test that fails. */
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (int i = 0; ; i++) {
            char text[16];

            snprintf(text, sizeof text, "%d", i);
            edit_three(text);
            usleep(random_range(20000));
        }
    }
    assert_true(!as_other || !seteuid(OTHER_UID));
    struct store *watcher = open_and_load(true);
    struct store *loader = store_open(dir, false);
    long long int deadline = time_msec() + 3000;

    while (time_msec() < deadline) {
        struct sset changed;

        if (store_run(watcher)) {
            store_changed(watcher, &changed);
            sset_destroy(&changed);
            assert_whole(watcher);
            if (strcmp(last, text_of(watcher, "vms.d/a.json"))) {
                ovs_strlcpy(last, text_of(watcher, "vms.d/a.json"),
                            sizeof last);
                seen++;
            }
        }
        char *error = store_load(loader, NULL, 200, true);
        if (error) {
            free(error);
        } else {
            assert_whole(loader);
        }
    }
    assert_true(!as_other || !seteuid(0));
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    print_message("%d edits seen whole%s\n", seen,
                  as_other ? " by a reader without the lock" : "");
    assert_true(seen > 2);
    store_close(watcher);
    store_close(loader);
}

static void
test_readers(void **state)
{
    (void) state;
    read_during_edits(false);
}

static void
test_readers_without_lock(void **state)
{
    (void) state;
    if (geteuid()) {
        print_message("not root: a reader without the lock is left out\n");
        skip();
    }
    read_during_edits(true);
}

/* Who makes the lock file, or vms.d, makes it for whom DIR belongs to; and
 * nobody has us write to, or give away, what is elsewhere. */
static void
test_owner_of_the_directory(void **state)
{
    struct store_edit *edit;
    struct stat st;

    (void) state;
    if (geteuid()) {
        print_message("not root: a directory of another user is left out\n");
        skip();
    }
    assert_int_equal(chown(at(""), OTHER_UID, OTHER_UID), 0);
    assert_int_equal(rmdir(at("vms.d")), 0);
    edit = begin();
    put(edit, "vms.d/a.json", "1");
    commit(edit);
    assert_int_equal(stat(at(".lock"), &st), 0);
    assert_int_equal(st.st_uid, OTHER_UID);
    assert_int_equal(st.st_gid, OTHER_UID);
    assert_int_equal(st.st_mode & 0777, 0640);
    assert_int_equal(stat(at("vms.d"), &st), 0);
    assert_int_equal(st.st_uid, OTHER_UID);
    assert_int_equal(seteuid(OTHER_UID), 0);
    edit = begin();
    put(edit, "vms.d/a.json", "2");
    commit(edit);
    assert_int_equal(seteuid(0), 0);
    assert_reads("vms.d/a.json", "2");

    /* One that was made before, and a group that edits. */
    assert_int_equal(chown(at(".lock"), 0, 0), 0);
    assert_int_equal(chmod(at(""), 0775), 0);
    store_edit_abort(begin());
    assert_int_equal(stat(at(".lock"), &st), 0);
    assert_int_equal(st.st_uid, OTHER_UID);
    assert_int_equal(st.st_mode & 0777, 0660);

    put_file("precious", "x");
    assert_int_equal(unlink(at(".lock")), 0);
    assert_int_equal(link(at("precious"), at(".lock")), 0);
    char *error = store_edit_begin(dir, 1000, &edit);
    assert_non_null(strstr(error, "one link; remove it"));
    free(error);
    assert_int_equal(stat(at("precious"), &st), 0);
    assert_int_equal(st.st_uid, 0);
    assert_int_equal(st.st_size, 1);
}

/* An editor that never lets go of the lock keeps nobody from reading. */
static void
test_hung_editor(void **state)
{
    struct store_edit *edit;

    (void) state;
    put_file("vms.d/a.json", "1");

    struct store *store = open_and_load(true);
    edit = begin();
    put_file("vms.d/a.json", "2");
    wait_for(store, "vms.d/a.json");
    assert_string_equal(text_of(store, "vms.d/a.json"), "2");
    store_edit_abort(edit);
    store_close(store);
}

/* Journals of the dead. */

/* Writes what an editor leaves that dies between journal and rename. */
static void
leave_journal(const char *end)
{
    char hex[STORE_SHA256_LEN + 1];
    char *text;

    put_file("vms.d/a.json", "old");
    put_file("vms.d/b.json", "new");    /* Already renamed. */
    put_file("vms.d/old.json", "old");
    put_file("vms.d/.portd-00000a.tmp", "new");
    store_sha256("new", 3, hex);
    text = xasprintf("ovs-portd-journal 1\n"
                     "put vms.d/.portd-00000a.tmp vms.d/a.json %s\n"
                     "put vms.d/.portd-00000b.tmp vms.d/b.json %s\n"
                     "del vms.d/old.json\n%s", hex, hex, end);
    put_file(".lock", "");
    put_file(".journal", text);
    free(text);
}

static void
test_journal_completed(void **state)
{
    (void) state;
    leave_journal("end 3\n");

    /* Whoever may not write sees the whole edit all the same. */
    struct store *store = store_open(dir, false);
    store_set_read_only(store, true);
    assert_null(store_load(store, NULL, 1000, true));
    assert_string_equal(text_of(store, "vms.d/a.json"), "new");
    assert_string_equal(text_of(store, "vms.d/b.json"), "new");
    assert_null(store_get(store, "vms.d/old.json"));
    assert_true(exists(".journal"));
    store_close(store);
    if (!geteuid()) {
        assert_int_equal(seteuid(OTHER_UID), 0);
        assert_reads("vms.d/a.json", "new");
        assert_int_equal(seteuid(0), 0);
        assert_true(exists(".journal"));
    }

    assert_reads("vms.d/a.json", "new");
    assert_false(exists(".journal"));
    assert_false(exists("vms.d/old.json"));

    leave_journal("end 3\n");
    store_edit_abort(begin());
    assert_false(exists(".journal"));
    assert_reads("vms.d/a.json", "new");

    /* A running daemon does it unasked. */
    put_file("vms.d/a.json", "old");
    store = open_and_load(true);
    leave_journal("end 3\n");
    wait_for(store, "vms.d/a.json");
    assert_string_equal(text_of(store, "vms.d/a.json"), "new");
    assert_false(exists(".journal"));
    store_close(store);
}

static void
test_journal_dropped(void **state)
{
    static const char *const bad[] = {
        "", "end 2\n", "end 3", "end 3\nend 3\n",
        "del ../x.json\nend 4\n", "del vms.d/../../x.json\nend 4\n",
        "del vms.d/x/y.json\nend 4\n", "del .lock\nend 4\n",
        "put vms.d/c.json vms.d/d.json 00\nend 4\n",
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        leave_journal(bad[i]);
        store_edit_abort(begin());
        assert_false(exists(".journal"));
        assert_false(exists("vms.d/.portd-00000a.tmp"));
        assert_reads("vms.d/a.json", "old");
        assert_reads("vms.d/old.json", "old");
        assert_true(exists(".lock"));
    }

    /* New content lost, and nothing done yet: all or nothing. */
    leave_journal("end 3\n");
    put_file("vms.d/.portd-00000a.tmp", "damaged");
    put_file("vms.d/b.json", "old");
    assert_reads("vms.d/a.json", "old");
    assert_reads("vms.d/old.json", "old");
    assert_false(exists(".journal"));
}

/* One round: a child makes edit 'text' and dies of it, after 'us'
 * microseconds or at failpoint 'point'.  Returns true if the edit is there. */
static bool
kill_editor(const char *text, const char *point, int us)
{
    pid_t pid = fork();
    int status;

    if (!pid) {
        if (point) {
            setenv("PORTD_FAILPOINT", point, 1);
        }
        edit_three(text);
        _exit(0);
    }
    if (!point) {
        usleep(us);
        kill(pid, SIGKILL);
    }
    waitpid(pid, &status, 0);
    assert_true(!point || WIFSIGNALED(status));

    struct store *store = store_open(dir, false);
    assert_null(store_load(store, NULL, DEADLINE_MS, true));
    assert_whole(store);
    bool done = !strcmp(text_of(store, "vms.d/a.json"), text);
    assert_true(done == !store_get(store, "vms.d/old.json"));
    assert_false(exists(".journal"));
    store_close(store);
    return done;
}

static void
test_killed_at_any_time(void **state)
{
    enum { ROUNDS = 200 };
    long long int start;
    int n_done = 0;
    int us;

    (void) state;
    edit_three("first");
    start = time_wall_usec();
    for (int i = 0; i < 5; i++) {
        put_file("vms.d/old.json", "o");
        edit_three(i % 2 ? "x" : "y");
    }
    us = (time_wall_usec() - start) / 5;
    for (int i = 0; i < ROUNDS; i++) {
        char text[16];

        snprintf(text, sizeof text, "%d", i);
        put_file("vms.d/old.json", "o");
        n_done += kill_editor(text, NULL, random_range(us * 2 + 500));
    }
    print_message("%d editors killed at random: %d edits happened, %d did "
                  "not\n", ROUNDS, n_done, ROUNDS - n_done);
    edit_three("last");
    assert_reads("vms.d/b.json", "last");
}

/* Only in a build with --enable-failpoints, such as the sanitized one. */
#ifdef PORTD_FAILPOINTS
static void
test_killed_at_failpoints(void **state)
{
    (void) state;
    static const struct {
        const char *name;
        bool done;
    } points[] = {
        { "temporary-written", false }, { "temporaries-unsynced", false },
        { "temporaries-written", false }, { "journal-tmp-written", false },
        { "journal-renamed", true }, { "journal-written", true },
        { "item-done", true }, { "items-done", true },
        { "journal-removed", true },
    };

    edit_three("first");
    for (size_t i = 0; i < ARRAY_SIZE(points); i++) {
        /* Killed editor, then a reader; then the same, and the one who
         * recovers is killed too. */
        put_file("vms.d/old.json", "o");
        bool done = kill_editor(points[i].name, points[i].name, 0);

        if (done != points[i].done) {
            fail_msg("%s: the edit %s", points[i].name,
                     done ? "happened" : "did not happen");
        }
        for (size_t j = 6; j < ARRAY_SIZE(points); j++) {
            leave_journal("end 3\n");
            put_file("host.json", "new");
            pid_t pid = fork();
            if (!pid) {
                setenv("PORTD_FAILPOINT", points[j].name, 1);
                begin();
                _exit(0);
            }
            waitpid(pid, NULL, 0);
            assert_reads("vms.d/a.json", "new");
            assert_reads("vms.d/b.json", "new");
            assert_reads("vms.d/old.json", "(absent)");
            assert_false(exists(".journal"));
        }
        edit_three("again");
        assert_false(exists(".journal.tmp"));
    }
    print_message("failpoints: %"PRIuSIZE" places\n", ARRAY_SIZE(points));
}

/* One file needs no journal: it is the old one or the new one all the same,
 * and nothing stays beside it. */
static void
test_one_killed_at_failpoints(void **state OVS_UNUSED)
{
    static const struct {
        const char *name;
        bool done;
    } points[] = {
        { "temporary-written", false }, { "temporaries-unsynced", false },
        { "temporaries-written", false }, { "file-replaced", true },
    };

    for (size_t i = 0; i < ARRAY_SIZE(points); i++) {
        put_file("vms.d/a.json", "old");

        pid_t pid = fork();
        if (!pid) {
            struct store_edit *edit = begin();

            setenv("PORTD_FAILPOINT", points[i].name, 1);
            put(edit, "vms.d/a.json", "new");
            ignore(store_edit_commit(edit));
            _exit(0);
        }

        int status;
        waitpid(pid, &status, 0);
        assert_true(WIFSIGNALED(status));
        assert_false(exists(".journal"));
        assert_reads("vms.d/a.json", points[i].done ? "new" : "old");
        store_edit_abort(begin());

        DIR *stream = opendir(at("vms.d"));
        for (struct dirent *de; (de = readdir(stream)); ) {
            assert_null(strstr(de->d_name, ".tmp"));
        }
        closedir(stream);
    }
}
#endif

int
main(int argc OVS_UNUSED, char *argv[])
{
    const struct CMUnitTest tests[] = {
        TEST(test_edit),
        TEST(test_edit_many),
        TEST(test_edit_many_without_space),
        TEST(test_edit_reads_late),
        TEST(test_edit_is_seen_whole),
        TEST(test_concurrent_editors),
        TEST(test_readers),
        TEST(test_readers_without_lock),
        TEST(test_owner_of_the_directory),
        TEST(test_hung_editor),
        TEST(test_journal_completed),
        TEST(test_journal_dropped),
        TEST(test_killed_at_any_time),
#ifdef PORTD_FAILPOINTS
        TEST(test_killed_at_failpoints),
        TEST(test_one_killed_at_failpoints),
#endif
    };

    set_program_name(argv[0]);
    vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
