/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* Pending changes: the record as text and on disk, confirmed and undone, with
 * strangers in between, and by processes that are killed. */

#include "tests/unit/store-dir.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "controller/deadline.h"
#include "random.h"
#include "src/store/pending.h"

#define SECS 60

static char state_dir[80];
static struct pending_place place;
static struct pending_clock start;

static int
setup_pending(void **state)
{
    int error = setup(state);

    /* Created by the first record. */
    snprintf(state_dir, sizeof state_dir, "%s/state", dir);
    place = (struct pending_place) {
        .state_dir = state_dir, .instance = "main", .spec_dir = dir
    };
    pending_clock_read(&start);
    return error;
}

#define PENDING_TEST(NAME) \
    cmocka_unit_test_setup_teardown(NAME, setup_pending, teardown)

/* Adds what 'edit' does to 'name' to 'p', and to 'edit' itself. */
static void
change(struct store_edit *edit, struct pending *p, const char *name,
       const char *text)
{
    put(edit, name, text);
    pending_add(p, name, store_edit_before(edit, name),
                store_edit_sha256(edit, name));
}

/* Replaces host.json, makes a.json and removes old.json, to be confirmed
 * within SECS. */
static void
change_three(void)
{
    struct store_edit *edit = begin();
    struct pending *p = pending_create(dir, "somebody", &start,
                                       start.now + SECS * 1000);

    change(edit, p, "host.json", "new");
    change(edit, p, "vms.d/a.json", "new");
    change(edit, p, "vms.d/old.json", NULL);
    assert_null(pending_write(&place, p));
    pending_destroy(p);
    assert_null(store_edit_write(edit));
    store_edit_abort(edit);
}

static void
put_before(void)
{
    put_file("host.json", "old\n\n");
    put_file("vms.d/old.json", "old");
    remove(at("vms.d/a.json"));
}

static void
assert_before(void)
{
    assert_reads("host.json", "old\n\n");
    assert_reads("vms.d/old.json", "old");
    assert_reads("vms.d/a.json", "(absent)");
}

static void
assert_after(void)
{
    assert_reads("host.json", "new");
    assert_reads("vms.d/a.json", "new");
    assert_reads("vms.d/old.json", "(absent)");
}

static struct pending *
read_record(void)
{
    struct pending *p;
    char *error = pending_read(&place, &p);

    if (error) {
        fail_msg("%s", error);
    }
    return p;
}

static void
assert_no_record(void)
{
    assert_null(read_record());
    assert_false(exists("state/main.pending"));
}

/* The clock 'secs' after the start. */
static struct pending_clock
later(int secs)
{
    struct pending_clock clock = start;

    clock.now += secs * 1000LL;
    return clock;
}

/* Rolls back; returns what is said of others' files, for the caller to
 * free. */
static char *
roll_back(const struct pending_clock *clock, unsigned int flags, bool none)
{
    struct pending_end end;
    char *error, *others;

    pending_end_init(&end);
    error = pending_rollback(&place, clock, flags, DEADLINE_MS, &end);
    if (error) {
        fail_msg("%s", error);
    }
    assert_int_equal(end.none, none);
    others = svec_join(&end.others, "\n", "");
    pending_end_destroy(&end);
    return others;
}

static void
roll_back_all(const struct pending_clock *clock, unsigned int flags)
{
    char *others = roll_back(clock, flags, false);

    assert_string_equal(others, "");
    free(others);
}

/* The text. */

static void
test_text(void **state)
{
    struct pending *p = pending_create("/a dir", "me\nend 0 x", &start, 123);
    char bytes[] = "a\n\0file x - 3\n";
    struct store_file file = { .state = STORE_OK, .text = bytes,
                               .len = sizeof bytes - 1 };
    char sha256[STORE_SHA256_LEN + 1];
    size_t len;

    (void) state;
    store_sha256("x", 1, sha256);
    pending_add(p, "host.json", &file, sha256);
    pending_add(p, "vms.d/a.json", NULL, sha256);
    file.len = 0;
    pending_add(p, "vms.d/b.json", &file, "");
    p->stuck = true;
    char *text = pending_format(p, &len);
    pending_destroy(p);

    p = pending_parse(text, len);
    assert_non_null(p);
    assert_string_equal(p->spec_dir, "/a dir");
    assert_string_equal(p->boot_id, start.boot_id);
    assert_string_equal(p->who, "me end 0 x");
    assert_int_equal(p->deadline, 123);
    assert_true(p->stuck);
    assert_int_equal(p->n, 3);
    assert_int_equal(p->files[0].len, sizeof bytes - 1);
    assert_memory_equal(p->files[0].before, bytes, sizeof bytes);
    assert_string_equal(p->files[0].after_sha256, sha256);
    assert_null(p->files[1].before);
    assert_string_equal(p->files[1].before_sha256, "");
    assert_string_equal(p->files[2].before, "");
    assert_string_equal(p->files[2].after_sha256, "");
    assert_ptr_equal(pending_find(p, "vms.d/b.json"), &p->files[2]);
    assert_null(pending_find(p, "vms.d/c.json"));
    assert_null(pending_find(NULL, "vms.d/c.json"));
    pending_destroy(p);

    /* Cut off anywhere, or with any byte another one. */
    for (size_t i = 0; i < len; i++) {
        char *bad = xmemdup0(text, i);

        assert_null(pending_parse(bad, i));
        free(bad);
        bad = xmemdup0(text, len);
        bad[i] ^= 1;
        assert_null(pending_parse(bad, len));
        free(bad);
    }
    /* Or with more behind it; "%s" would end at the NUL in 'bytes'. */
    char *longer = xmalloc(len + 1);
    memcpy(longer, text, len);
    longer[len] = '\n';
    assert_null(pending_parse(longer, len + 1));
    free(longer);
    free(text);
}

/* What is intact but must not be followed. */
static void
test_hostile_text(void **state)
{
    static const char *const files[] = {
        "file ../x.json - 1\nx\n", "file vms.d/../x.json - -\n",
        "file vms.d/.x.json - -\n", "file x - -\n",
        "file host.json zz -\n", "file host.json - -1\n",
        "file host.json - 99999999\nx\n", "file host.json - 2\nx\n",
        "file host.json -\n", "file\n",
        "file host.json - -\nfile host.json - -\n",
        "file host.json - -\nstuck\n",
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        char *above = xasprintf("ovs-portd-pending 1\ndir /x\nboot b\n"
                                "deadline 1\nwho w\n%s", files[i]);
        char sha256[STORE_SHA256_LEN + 1];

        for (int n = 0; n < 3; n++) {
            store_sha256(above, strlen(above), sha256);
            char *text = xasprintf("%send %d %s\n", above, n, sha256);
            assert_null(pending_parse(text, strlen(text)));
            free(text);
        }
        free(above);
    }
}

static void
test_left(void **state)
{
    struct pending *p = pending_create(dir, "me", &start, start.now + 1500);
    struct pending_clock clock = start;

    (void) state;
    assert_int_equal(pending_left(p, &clock), 1500);
    char *text = pending_describe(p, &clock);
    assert_string_equal(text, "by me, 2 s left");
    free(text);
    clock.now += 1499;
    assert_int_equal(pending_left(p, &clock), 1);
    clock.now++;
    assert_int_equal(pending_left(p, &clock), 0);
    /* Another boot has begun its own time, which may be less. */
    clock.now = 1;
    strcpy(clock.boot_id, "another");
    assert_int_equal(pending_left(p, &clock), 0);
    text = pending_describe(p, &clock);
    assert_non_null(strstr(text, "before the machine was restarted"));
    free(text);
    pending_destroy(p);
}

/* The end. */

static void
test_confirm(void **state)
{
    struct pending_clock clock = later(SECS - 1);
    struct pending_end end;
    struct stat st;

    (void) state;
    put_before();
    change_three();
    assert_after();
    assert_int_equal(stat(at("state/main.pending"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);

    pending_end_init(&end);
    assert_null(pending_confirm(&place, &clock, DEADLINE_MS, &end));
    assert_false(end.none);
    assert_int_equal(end.n_never, 0);
    assert_int_equal(end.targets.n, 3);
    assert_non_null(strstr(end.targets.names[2], "old.json=-"));
    pending_end_destroy(&end);
    assert_after();
    assert_no_record();

    pending_end_init(&end);
    assert_null(pending_confirm(&place, &clock, DEADLINE_MS, &end));
    assert_true(end.none);
    pending_end_destroy(&end);

    /* Too late, by time or by a reboot. */
    put_before();
    change_three();
    for (int i = 0; i < 2; i++) {
        clock = later(i ? 1 : SECS);
        if (i) {
            strcpy(clock.boot_id, "another");
        }
        pending_end_init(&end);
        char *error = pending_confirm(&place, &clock, DEADLINE_MS, &end);
        assert_non_null(strstr(error, "too late"));
        free(error);
        pending_end_destroy(&end);
        struct pending *p = read_record();
        assert_non_null(p);
        pending_destroy(p);
    }
    assert_after();
}

static void
test_rollback(void **state)
{
    struct pending_clock clock = later(1);

    (void) state;
    free(roll_back(&clock, 0, true));
    put_before();
    change_three();
    free(roll_back(&clock, PENDING_IF_DUE, true));
    assert_after();
    roll_back_all(&clock, 0);
    assert_before();
    assert_no_record();

    change_three();
    clock = later(SECS);
    roll_back_all(&clock, PENDING_IF_DUE);
    assert_before();
    assert_no_record();

    change_three();
    clock = later(-30);
    strcpy(clock.boot_id, "another");
    roll_back_all(&clock, PENDING_IF_DUE);
    assert_before();
    assert_no_record();
}

static void
test_others(void **state)
{
    struct pending_clock clock = later(SECS);
    struct pending_end end;
    char *others;

    (void) state;
    put_before();
    change_three();
    put_file("host.json", "by hand");
    put_file("vms.d/old.json", "by hand, too");
    others = roll_back(&clock, PENDING_IF_DUE, false);
    assert_non_null(strstr(others, "host.json: somebody else has written"));
    assert_non_null(strstr(others, "vms.d/old.json: somebody else"));
    free(others);
    assert_reads("host.json", "by hand");
    assert_reads("vms.d/old.json", "by hand, too");
    assert_reads("vms.d/a.json", "(absent)");

    /* The images stay, and nothing more happens by itself. */
    struct pending *p = read_record();
    assert_true(p->stuck);
    assert_int_equal(p->n, 2);
    assert_string_equal(p->who, "somebody");
    assert_string_equal(pending_find(p, "host.json")->before, "old\n\n");
    pending_destroy(p);
    free(roll_back(&clock, PENDING_IF_DUE, true));
    others = roll_back(&clock, 0, false);
    assert_non_null(strstr(others, "--force"));
    free(others);
    assert_reads("host.json", "by hand");

    roll_back_all(&clock, PENDING_FORCE);
    assert_before();
    assert_no_record();

    /* Kept as it is, whenever that is said. */
    change_three();
    remove(at("vms.d/a.json"));
    chmod(at("host.json"), 0666);
    others = roll_back(&clock, 0, false);
    assert_non_null(strstr(others, "host.json: somebody else has written"));
    free(others);
    chmod(at("host.json"), 0644);
    pending_end_init(&end);
    assert_null(pending_confirm(&place, &clock, DEADLINE_MS, &end));
    pending_end_destroy(&end);
    assert_reads("host.json", "new");
    assert_reads("vms.d/old.json", "old");
    assert_no_record();
}

static void
expect_read_error(const char *expected)
{
    struct pending *p;
    char *error = pending_read(&place, &p);

    assert_null(p);
    assert_non_null(error);
    if (!strstr(error, expected)) {
        fail_msg("\"%s\" is not in \"%s\"", expected, error);
    }
    free(error);
}

static void
test_bad_records(void **state)
{
    (void) state;
    put_before();
    change_three();
    place.spec_dir = "/tmp";
    expect_read_error("not in /tmp");
    place.spec_dir = dir;
    chmod(at("state/main.pending"), 0666);
    expect_read_error("chmod go-w");
    chmod(at("state/main.pending"), 0644);
    put_file("state/main.pending", "x");
    expect_read_error("damaged");
    remove(at("state/main.pending"));
    place.state_dir = at("host.json");
    expect_read_error("host.json: cannot be opened");

    struct pending *p = pending_create(dir, "me", &start, 1);
    char *error = pending_write(&place, p);
    assert_non_null(strstr(error, "cannot be written"));
    free(error);
    place.state_dir = "/nonexistent/state";
    error = pending_write(&place, p);
    assert_non_null(strstr(error, "cannot be written"));
    free(error);
    pending_destroy(p);
    assert_null(read_record());
}

/* Death. */

/* Has a child call 'function' and die after 'us' microseconds, or at failpoint
 * 'point'. */
static void
kill_in(void (*function)(void), const char *point, int us)
{
    pid_t pid = fork();
    int status;

    if (!pid) {
        if (point) {
            setenv("PORTD_FAILPOINT", point, 1);
        }
        function();
        _exit(0);
    }
    if (!point) {
        usleep(us);
        kill(pid, SIGKILL);
    }
    waitpid(pid, &status, 0);
    if (point && !WIFSIGNALED(status)) {
        fail_msg("%s was not reached", point);
    }
}

static void
roll_back_late(void)
{
    const struct pending_clock clock = later(SECS);
    struct pending_end end;

    pending_end_init(&end);
    ignore(pending_rollback(&place, &clock, PENDING_IF_DUE, DEADLINE_MS,
                            &end));
    pending_end_destroy(&end);
}

/* All files are as they were, or all are changed and the record is there; and
 * then they are as they were. */
static void
assert_undone(void)
{
    struct pending *p = read_record();

    if (!p) {
        assert_before();
    }
    pending_destroy(p);
    roll_back_late();
    assert_before();
    assert_no_record();
}

static void
test_killed_at_any_time(void **state)
{
    enum { ROUNDS = 150 };

    (void) state;
    put_before();
    for (int i = 0; i < ROUNDS; i++) {
        kill_in(change_three, NULL, random_range(4000));
        assert_undone();
        change_three();
        kill_in(roll_back_late, NULL, random_range(4000));
        assert_undone();
    }
}

#ifdef PORTD_FAILPOINTS
static void
test_killed_at_failpoints(void **state)
{
    static const char *const edit_points[] = {
        "temporary-written", "temporaries-written",
        "journal-tmp-written", "journal-renamed",
        "journal-written", "item-done", "items-done", "journal-removed",
    };
    static const char *const change_points[] = {
        "pending-tmp-written", "pending-renamed", "pending-written",
    };
    static const char *const rollback_points[] = {
        "rolled-back", "pending-removed",
    };

    (void) state;
    put_before();
    for (size_t i = 0; i < ARRAY_SIZE(edit_points); i++) {
        kill_in(change_three, edit_points[i], 0);
        assert_undone();
        change_three();
        kill_in(roll_back_late, edit_points[i], 0);
        assert_undone();
    }
    for (size_t i = 0; i < ARRAY_SIZE(change_points); i++) {
        kill_in(change_three, change_points[i], 0);
        assert_undone();
    }
    for (size_t i = 0; i < ARRAY_SIZE(rollback_points); i++) {
        change_three();
        kill_in(roll_back_late, rollback_points[i], 0);
        assert_undone();
    }
}
#endif

/* The daemon's eye on the record. */

static void
assert_unknown(struct deadline *d, const char *why)
{
    assert_true(deadline_look(d));

    char *text = deadline_text(d);

    assert_non_null(strstr(text, why));
    free(text);
    assert_true(deadline_holds(d, "vm9/net0"));
    for (int i = 0; i < 3; i++) {
        assert_false(deadline_look(d)); /* It is no other reason. */
        usleep(100 * 1000);     /* OVS's own takes a descriptor. */
    }
}

static void
assert_known_soon(struct deadline *d)
{
    long long int until = time_msec() + DEADLINE_MS;

    while (!deadline_look(d) && time_msec() < until) {
        deadline_wait(d);
        poll_block();
    }
    assert_true(deadline_holds(d, "a/net0"));
    assert_false(deadline_holds(d, "vm9/net0"));
}

/* What keeps the daemon from reading the record need not leave a trace on
 * it. */
static void
test_record_read_again(void **state)
{
    struct deadline *d = deadline_create(&place, false);
    struct rlimit limit, none;

    (void) state;
    put_before();
    change_three();
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = limit;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    assert_unknown(d, "Too many open files");
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_known_soon(d);
    deadline_destroy(d);

    if (geteuid()) {
        print_message("not root: an unreadable state directory is left "
                      "out\n");
        return;
    }
    d = deadline_create(&place, false);
    assert_int_equal(chmod(state_dir, 0), 0);
    assert_int_equal(seteuid(OTHER_UID), 0);
    assert_unknown(d, "Permission denied");
    assert_int_equal(seteuid(0), 0);
    assert_known_soon(d);
    deadline_destroy(d);
}

int
main(int argc OVS_UNUSED, char *argv[])
{
    const struct CMUnitTest tests[] = {
        PENDING_TEST(test_text),
        PENDING_TEST(test_hostile_text),
        PENDING_TEST(test_left),
        PENDING_TEST(test_confirm),
        PENDING_TEST(test_rollback),
        PENDING_TEST(test_others),
        PENDING_TEST(test_bad_records),
        PENDING_TEST(test_record_read_again),
        PENDING_TEST(test_killed_at_any_time),
#ifdef PORTD_FAILPOINTS
        PENDING_TEST(test_killed_at_failpoints),
#endif
    };

    set_program_name(argv[0]);
    vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
