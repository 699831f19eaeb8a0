/* SPDX-License-Identifier: Apache-2.0
 *
 * The spec directory as a reader sees it: real files, a real inotify, editors
 * of all kinds at work, directories that come and go.  Runs as root and as
 * anybody else; where only root can set a case up, it says that it leaves it
 * out. */
#include <config.h>

#include "tests/unit/store-dir.h"

#include <signal.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/wait.h>

/* Reading. */

static void
test_sha256(void **state)
{
    char hex[STORE_SHA256_LEN + 1];

    (void) state;
    store_sha256("abc", 3, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223"
                        "b00361a396177a9cb410ff61f20015ad");
}

static void
test_names(void **state)
{
    static const char *const ignored[] = {
        "vms.d/.hidden.json", "vms.d/vm.json~", "vms.d/4913", "vms.d/vm.yaml",
        "vms.d/.vm.json.swp", "other.json",
    };
    char name[128];

    (void) state;
    for (size_t i = 0; i < ARRAY_SIZE(ignored); i++) {
        put_file(ignored[i], "{}");
    }
    put_file("host.json", "h");
    put_file("vms.d/A-z_0.9.json", "v");
    put_file("vms.d/two words.json", "x");
    put_file("vms.d/\xff\\.json", "x");
    sprintf(name, "vms.d/%063d.json", 1);
    put_file(name, "long");
    assert_reads(name, "long");
    sprintf(name, "vms.d/%064d.json", 1);
    put_file(name, "longer");
    assert_reads(name, "rename the file");

    struct store *store = open_and_load(false);
    assert_int_equal(shash_count(store_files(store)), 6);
    assert_string_equal(text_of(store, "host.json"), "h");
    assert_string_equal(text_of(store, "vms.d/A-z_0.9.json"), "v");
    assert_non_null(strstr(text_of(store, "vms.d/two words.json"), "rename"));
    assert_non_null(strstr(text_of(store, "vms.d/\\xff\\x5c.json"),
                           "rename"));
    store_close(store);
}

static void
test_refusals(void **state)
{
    (void) state;
    put_file("vms.d/good.json", "good");
    put_file("elsewhere", "x");
    assert_int_equal(symlink("../elsewhere", at("vms.d/sym.json")), 0);
    assert_int_equal(symlink("nowhere", at("vms.d/dangling.json")), 0);
    assert_int_equal(link(at("elsewhere"), at("vms.d/hard.json")), 0);
    assert_int_equal(mkfifo(at("vms.d/fifo.json"), 0644), 0);
    assert_int_equal(mkdir(at("vms.d/dir.json"), 0755), 0);
    put_file("vms.d/group.json", "x");
    assert_int_equal(chmod(at("vms.d/group.json"), 0664), 0);
    put_file("vms.d/world.json", "x");
    assert_int_equal(chmod(at("vms.d/world.json"), 0646), 0);
    put_file("vms.d/max.json", "x");
    assert_int_equal(truncate(at("vms.d/max.json"), 4 << 20), 0);
    put_file("vms.d/large.json", "x");
    assert_int_equal(truncate(at("vms.d/large.json"), (4 << 20) + 1), 0);

    assert_reads("vms.d/good.json", "good");
    assert_reads("vms.d/sym.json", "is a symbolic link; put the file itself");
    assert_reads("vms.d/dangling.json", "is a symbolic link");
    assert_reads("vms.d/hard.json", "has 2 hard links");
    assert_reads("vms.d/fifo.json", "is not a regular file");
    assert_reads("vms.d/dir.json", "is a directory");
    assert_reads("vms.d/group.json", "mode 0664");
    assert_reads("vms.d/world.json", "mode 0646");
    assert_reads("vms.d/max.json", "x");
    assert_reads("vms.d/large.json", "has 4194305 bytes, more than 4194304");

    /* Nor is any of them replaced by an edit. */
    struct store_edit *edit = begin();
    put(edit, "vms.d/sym.json", "new");
    char *error = store_edit_commit(edit);
    assert_non_null(strstr(error, "symbolic link"));
    free(error);
    edit = begin();
    put(edit, "vms.d/dir.json", NULL);
    error = store_edit_commit(edit);
    assert_non_null(strstr(error, "is a directory"));
    free(error);

    if (geteuid()) {
        print_message("not root: a file of another user is left out\n");
        put_file("vms.d/secret.json", "x");
        assert_int_equal(chmod(at("vms.d/secret.json"), 0), 0);
        assert_reads("vms.d/secret.json", "Permission denied");
        return;
    }
    put_file("vms.d/foreign.json", "x");
    assert_int_equal(chown(at("vms.d/foreign.json"), OTHER_UID, 0), 0);
    assert_reads("vms.d/foreign.json", "belongs to user 54321");
    put_file("vms.d/secret.json", "x");
    assert_int_equal(chmod(at("vms.d/secret.json"), 0600), 0);
    assert_int_equal(seteuid(OTHER_UID), 0);
    assert_reads("vms.d/secret.json", "Permission denied");
    assert_reads("vms.d/foreign.json", "x");
    assert_reads("vms.d/good.json", "good");
    assert_int_equal(seteuid(0), 0);

    /* Whom DIR belongs to is trusted as well, and only as long.  Files that
     * are not read again merely because they are young. */
    usleep(200 * 1000);
    struct store *store = open_and_load(true);
    assert_int_equal(store_get(store, "vms.d/foreign.json")->state,
                     STORE_UNREADABLE);
    assert_int_equal(chown(at(""), OTHER_UID, 0), 0);
    assert_null(store_load(store, NULL, 1000, true));
    assert_string_equal(text_of(store, "vms.d/foreign.json"), "x");
    assert_int_equal(chown(at(""), 0, 0), 0);
    assert_int_equal(chown(at("vms.d"), OTHER_UID, 0), 0);
    assert_null(store_load(store, NULL, 1000, true));
    assert_int_equal(store_get(store, "vms.d/foreign.json")->state,
                     STORE_UNREADABLE);
    store_close(store);
}

static void
test_refused_then_mended(void **state)
{
    (void) state;
    put_file("vms.d/a.json", "x");
    chmod(at("vms.d/a.json"), 0666);

    struct store *store = open_and_load(true);
    assert_int_equal(store_get(store, "vms.d/a.json")->state,
                     STORE_UNREADABLE);
    chmod(at("vms.d/a.json"), 0644);
    wait_for(store, "vms.d/a.json");
    assert_string_equal(text_of(store, "vms.d/a.json"), "x");
    store_close(store);
}

/* Watching. */

/* Until 'name' reads 'text', however often it changes before. */
static void
wait_for_text(struct store *store, const char *name, const char *text)
{
    while (strcmp(text_of(store, name), text)) {
        wait_for(store, name);
    }
}

/* Until 'store' has taken in all that has happened so far: events come in the
 * order of what they tell of. */
static void
catch_up(struct store *store, struct sset *seen)
{
    static int n;
    char text[16];

    sprintf(text, "%d", n++);
    put_file("vms.d/mark.json", text);
    while (strcmp(text_of(store, "vms.d/mark.json"), text)) {
        assert_true(run_for(store, "vms.d/mark.json", DEADLINE_MS, seen));
    }
    sset_find_and_delete(seen, "vms.d/mark.json");
}

/* An editor moves a.json away and puts it back, with 'text' unless that is
 * NULL; '*seen' is what 'store' took for a change meanwhile.  On a machine so
 * busy that this took longer than a file may be away, it is done again. */
static void
move_away_and_back(struct store *store, const char *text, struct sset *seen)
{
    long long int start;

    do {
        catch_up(store, seen);
        sset_clear(seen);
        start = time_msec();
        rename(at("vms.d/a.json"), at("vms.d/a.json~"));
        if (run_for(store, "vms.d/a.json", STORE_ABSENCE_MS / 2, seen)) {
            assert_true(time_msec() - start >= STORE_ABSENCE_MS);
        }
        if (text) {
            put_file("vms.d/a.json", text);
            unlink(at("vms.d/a.json~"));
        } else {
            rename(at("vms.d/a.json~"), at("vms.d/a.json"));
        }
        catch_up(store, seen);
    } while (time_msec() - start >= STORE_ABSENCE_MS);
}

static void
test_editors(void **state)
{
    struct sset seen = SSET_INITIALIZER(&seen);
    FILE *stream;

    (void) state;
    put_file("vms.d/a.json", "1");
    put_file("vms.d/still.json", "s");

    struct store *store = open_and_load(true);

    put_file("vms.d/a.json", "in place");
    wait_for(store, "vms.d/a.json");
    assert_string_equal(text_of(store, "vms.d/a.json"), "in place");

    put_file("vms.d/a.json.new", "over");
    rename(at("vms.d/a.json.new"), at("vms.d/a.json"));
    wait_for(store, "vms.d/a.json");
    assert_string_equal(text_of(store, "vms.d/a.json"), "over");

    /* vim: probes with 4913, moves away, writes anew, removes the copy. */
    put_file("vms.d/4913", "");
    unlink(at("vms.d/4913"));
    move_away_and_back(store, "vim", &seen);
    wait_for_text(store, "vms.d/a.json", "vim");

    /* Away and back as it was: nothing has happened. */
    move_away_and_back(store, NULL, &seen);
    assert_true(sset_is_empty(&seen));
    assert_string_equal(text_of(store, "vms.d/a.json"), "vim");

    /* Half a file, then all of it. */
    stream = fopen(at("vms.d/b.json"), "w");
    fputs("half ", stream);
    fflush(stream);
    catch_up(store, &seen);
    fputs("whole", stream);
    fclose(stream);
    wait_for_text(store, "vms.d/b.json", "half whole");

    /* A touch is no change, and none of this was about the other file. */
    sset_clear(&seen);
    put_file("vms.d/a.json", "vim");
    catch_up(store, &seen);
    assert_true(sset_is_empty(&seen));

    long long int start = time_msec();
    unlink(at("vms.d/a.json"));
    assert_null(store_load(store, NULL, 1000, false));
    assert_true(store_is_unsettled(store)
                || time_msec() - start >= STORE_ABSENCE_MS);
    wait_for(store, "vms.d/a.json");
    assert_false(store_is_unsettled(store));
    assert_true(time_msec() - start >= STORE_ABSENCE_MS);
    assert_null(store_get(store, "vms.d/a.json"));
    sset_destroy(&seen);
    store_close(store);
}

static void
test_same_tick(void **state)
{
    char text[16];

    (void) state;
    put_file("vms.d/a.json", "000000");

    struct store *store = open_and_load(true);
    for (int i = 1; i < 200; i++) {
        int fd = open(at("vms.d/a.json"), O_WRONLY);

        snprintf(text, sizeof text, "%06d", i);
        assert_int_equal(pwrite(fd, text, 6, 0), 6);
        close(fd);
        store_rescan(store);
        store_run(store);
        assert_string_equal(text_of(store, "vms.d/a.json"), text);
    }
    store_close(store);
}

static void
test_storm(void **state)
{
    struct sset seen = SSET_INITIALIZER(&seen);
    pid_t pid;

    (void) state;
    put_file("vms.d/a.json", "0");

    struct store *store = open_and_load(true);
    pid = fork();
    if (!pid) {
        /* Not to outlive a test that fails. */
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (int i = 0; i < 100000; i++) {
            put_file(i % 2 ? "vms.d/x.json" : "vms.d/y.json", "storm");
            usleep(2000);
        }
        _exit(0);
    }
    /* No quiet moment, and yet it is seen. */
    put_file("vms.d/a.json", "1");
    assert_true(run_for(store, "vms.d/a.json", DEADLINE_MS, &seen));
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    sset_destroy(&seen);
    store_close(store);
}

static void
test_overflow(void **state)
{
    FILE *stream = fopen("/proc/sys/fs/inotify/max_queued_events", "r");
    int max = 0;

    (void) state;
    assert_int_equal(fscanf(stream, "%d", &max), 1);
    fclose(stream);
    if (max > 65536) {
        print_message("max_queued_events is %d: too many to overflow\n", max);
        skip();
    }
    for (int i = 0; i < 50; i++) {
        char name[32];

        snprintf(name, sizeof name, "vms.d/f%d.json", i);
        put_file(name, "old");
    }

    struct store *store = open_and_load(true);
    for (int i = 0; i < max / 2 + 500; i++) {
        put_file(".new", "x");
        rename(at(".new"), at(i % 2 ? "vms.d/p.json" : "vms.d/q.json"));
        put_file(".new", "x");
        rename(at(".new"), at("vms.d/r.json"));
    }
    /* No room for these events. */
    put_file("vms.d/late.json", "late");
    put_file("vms.d/f7.json", "new");
    assert_true(run_for(store, "vms.d/late.json", 20000, NULL));
    assert_string_equal(text_of(store, "vms.d/late.json"), "late");
    assert_string_equal(text_of(store, "vms.d/f7.json"), "new");
    store_close(store);
}

static void
test_no_inotify(void **state)
{
    int fds[1024];
    int n = 0;
    bool root = !geteuid();

    (void) state;
    /* As another user, lest others of this one run into the limit. */
    assert_true(!root || !seteuid(OTHER_UID));
    while (n < ARRAY_SIZE(fds) && (fds[n] = inotify_init1(0)) >= 0) {
        n++;
    }

    struct store *store = open_and_load(true);
    assert_true(!root || !seteuid(0));
    put_file("vms.d/a.json", "1");
    assert_true(!root || !seteuid(OTHER_UID));
    bool seen = run_for(store, "vms.d/a.json", DEADLINE_MS, NULL);
    while (n > 0) {
        close(fds[--n]);
    }
    assert_true(!root || !seteuid(0));
    assert_true(seen);
    store_close(store);
}

/* Directories that come and go. */

static void
test_directories(void **state)
{
    struct sset seen = SSET_INITIALIZER(&seen);
    char away[80];

    (void) state;
    put_file("host.json", "h");
    put_file("vms.d/a.json", "1");

    struct store *store = open_and_load(true);
    assert_true(store_get_dir(store)->readable);

    /* DIR away: as it were unmounted. */
    snprintf(away, sizeof away, "%s.away", dir);
    assert_int_equal(rename(dir, away), 0);
    run_for(store, NULL, 600, &seen);
    assert_false(store_get_dir(store)->readable);
    assert_non_null(strstr(store_get_dir(store)->error, "No such file"));
    assert_int_equal(rename(away, dir), 0);
    run_for(store, NULL, 3000, &seen);
    assert_true(store_get_dir(store)->readable);
    assert_true(sset_is_empty(&seen));

    /* The watch is on it again. */
    put_file("vms.d/a.json", "2");
    wait_for(store, "vms.d/a.json");

    /* vms.d away: no removal; host.json is still looked at. */
    unlink(at("vms.d/a.json"));
    rmdir(at("vms.d"));
    put_file("host.json", "h2");
    wait_for(store, "host.json");
    assert_false(run_for(store, "vms.d/a.json", 600, &seen));
    assert_false(store_get_dir(store)->readable);
    assert_string_equal(text_of(store, "vms.d/a.json"), "2");

    /* Another vms.d. */
    mkdir(at("vms.d"), 0755);
    put_file("vms.d/a.json", "3");
    wait_for(store, "vms.d/a.json");
    put_file("vms.d/a.json", "4");
    wait_for(store, "vms.d/a.json");
    assert_string_equal(text_of(store, "vms.d/a.json"), "4");

    /* Empty but readable: the files are gone; so is host.json. */
    unlink(at("vms.d/a.json"));
    wait_for(store, "vms.d/a.json");
    assert_true(store_get_dir(store)->readable);
    unlink(at("host.json"));
    wait_for(store, "host.json");
    assert_int_equal(shash_count(store_files(store)), 0);
    sset_destroy(&seen);
    store_close(store);
}

static void
test_directory_unreadable(void **state)
{
    static const mode_t modes[] = { 0, 0444, 0711 };
    struct sset seen = SSET_INITIALIZER(&seen);
    bool root = !geteuid();

    (void) state;
    put_file("vms.d/a.json", "1");
    for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
        assert_true(!root || !seteuid(OTHER_UID));
        struct store *store = open_and_load(true);

        assert_true(!root || !seteuid(0));
        mode_t mode = root ? modes[i] : modes[i] & 0400 ? 0400
                                      : modes[i] & 0100 ? 0300 : 0;
        assert_int_equal(chmod(at("vms.d"), mode), 0);
        assert_true(!root || !seteuid(OTHER_UID));
        run_for(store, NULL, 600, &seen);
        assert_true(sset_is_empty(&seen));
        assert_false(store_get_dir(store)->readable);
        assert_string_equal(text_of(store, "vms.d/a.json"), "1");
        assert_true(!root || !seteuid(0));
        assert_int_equal(chmod(at("vms.d"), 0755), 0);
        store_close(store);
    }
    sset_destroy(&seen);
}

static void
test_directory_missing(void **state)
{
    struct store *store;
    struct store_edit *edit;
    char *error;

    (void) state;
    rmdir(at("vms.d"));
    put_file("host.json", "h");
    store = store_open(dir, true);
    assert_null(store_load(store, NULL, 1000, true));
    assert_false(store_complete(store));
    assert_true(store_get_dir(store)->no_vms);
    assert_string_equal(text_of(store, "host.json"), "h");

    /* A link is there, and is called what it is. */
    assert_int_equal(symlink(".", at("vms.d")), 0);
    assert_null(store_load(store, NULL, 1000, true));
    assert_false(store_get_dir(store)->no_vms);
    assert_non_null(strstr(store_get_dir(store)->error, "symbolic link"));
    assert_int_equal(unlink(at("vms.d")), 0);

    /* An edit of host.json needs no vms.d, and the first VM creates it. */
    edit = begin();
    put(edit, "host.json", "h2");
    commit(edit);
    assert_false(exists("vms.d"));
    edit = begin();
    put(edit, "vms.d/a.json", "a");
    commit(edit);
    wait_for(store, "vms.d/a.json");
    assert_true(store_complete(store));
    store_close(store);

    remove_tree(dir);
    store = store_open(dir, true);
    error = store_load(store, NULL, 1000, true);
    assert_non_null(strstr(error, "create it"));
    assert_false(store_get_dir(store)->no_vms);
    free(error);
    error = store_edit_begin(dir, 1000, &edit);
    assert_non_null(strstr(error, "create it"));
    assert_null(edit);
    free(error);
    store_close(store);
}

int
main(int argc OVS_UNUSED, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sha256),
        TEST(test_names),
        TEST(test_refusals),
        TEST(test_refused_then_mended),
        TEST(test_editors),
        TEST(test_same_tick),
        TEST(test_storm),
        TEST(test_overflow),
        TEST(test_no_inotify),
        TEST(test_directories),
        TEST(test_directory_unreadable),
        TEST(test_directory_missing),
    };

    set_program_name(argv[0]);
    vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
