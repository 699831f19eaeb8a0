/* SPDX-License-Identifier: Apache-2.0 */

/* Calls to the control sockets of a real ovsdb-server and, with OVS's dummy
 * datapaths, a real ovs-vswitchd.  Needs no root. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "ovsdb/openflow.h"
#include "ovsdb/unixctl-call.h"
#include "ovsdb/vswitchd.h"
#include "tests/net/ovsdb-world.h"
#include "timeval.h"
#include "util.h"

static void
test_call(void **state OVS_UNUSED)
{
    char *args[] = { CONST_CAST(char *, "Open_vSwitch"), NULL };
    struct server s;
    char *path, *result, *error;

    server_init(&s, true);
    path = xasprintf("%s/ovsdb-server.ctl", s.dir);
    assert_int_equal(unixctl_call(path, "version", NULL, 0, 5000, &result,
                                  &error), 0);
    assert_non_null(strstr(result, "ovsdb-server"));
    assert_null(error);
    free(result);
    assert_int_equal(unixctl_call(path, "ovsdb-server/list-dbs", NULL, 0, -1,
                                  &result, &error), 0);
    assert_non_null(strstr(result, "Open_vSwitch"));
    free(result);
    assert_int_equal(unixctl_call(path, "ovsdb-server/compact", args, 1, 5000,
                                  &result, &error), 0);
    assert_string_equal(result, "");
    free(result);
    assert_int_equal(unixctl_call(path, "no/such-command", NULL, 0, 5000,
                                  &result, &error), 0);
    assert_null(result);
    assert_non_null(strstr(error, "no/such-command"));
    free(error);
    free(path);
    server_destroy(&s);
}

static void
test_nobody(void **state OVS_UNUSED)
{
    struct server s;
    char *path, *result, *error;

    server_init(&s, true);
    path = xasprintf("%s/nothing.ctl", s.dir);
    assert_int_equal(unixctl_call(path, "version", NULL, 0, 5000, &result,
                                  &error), ENOENT);
    assert_null(result);
    assert_null(error);
    free(path);

    /* The socket of a server that was killed is still there. */
    path = xasprintf("%s/ovsdb-server.ctl", s.dir);
    server_kill(&s);
    assert_int_equal(access(path, F_OK), 0);
    assert_int_equal(unixctl_call(path, "version", NULL, 0, 5000, &result,
                                  &error), ECONNREFUSED);
    free(path);
    server_destroy(&s);
}

/* A server that is stopped accepts connections, by its queue, and is silent;
 * once the queue is full it does not accept them either. */
static void
test_stopped(void **state OVS_UNUSED)
{
    struct unixctl_call *calls[100];
    struct server s;
    char *path, *result, *error;
    long long int start, end;

    server_init(&s, true);
    path = xasprintf("%s/ovsdb-server.ctl", s.dir);
    kill(s.pid, SIGSTOP);
    start = time_msec();
    assert_int_equal(unixctl_call(path, "version", NULL, 0, 300, &result,
                                  &error), ETIMEDOUT);
    end = time_msec();
    assert_true(end - start >= 300 && end - start < 2000);

    for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
        calls[i] = unixctl_call_start(path, "version", NULL, 0, 20000);
        assert_false(unixctl_call_run(calls[i]));
    }
    start = time_msec();
    assert_int_equal(unixctl_call(path, "version", NULL, 0, 300, &result,
                                  &error), ETIMEDOUT);
    end = time_msec();
    assert_true(end - start >= 300 && end - start < 2000);

    /* They are all answered once it goes on; one was given up before. */
    assert_int_equal(unixctl_call_finish(calls[0], &result, &error),
                     ECANCELED);
    kill(s.pid, SIGCONT);
    for (size_t i = 1; i < ARRAY_SIZE(calls); i++) {
        while (!unixctl_call_run(calls[i])) {
            usleep(1000);
        }
        assert_int_equal(unixctl_call_finish(calls[i], &result, &error), 0);
        assert_non_null(strstr(result, "ovsdb-server"));
        free(result);
    }

    /* It dies before it answers. */
    kill(s.pid, SIGSTOP);
    calls[0] = unixctl_call_start(path, "version", NULL, 0, 20000);
    assert_false(unixctl_call_run(calls[0]));
    server_kill(&s);
    while (!unixctl_call_run(calls[0])) {
        usleep(1000);
    }
    assert_int_equal(unixctl_call_finish(calls[0], &result, &error),
                     ECONNRESET);
    free(path);
    server_destroy(&s);
}

static void
test_target(void **state OVS_UNUSED)
{
    struct server s;
    char *path, *want, *error;

    server_init(&s, true);
    error = unixctl_target_path(s.dir, "ovsdb-server", &path);
    assert_null(error);
    want = xasprintf("%s/ovsdb-server.%ld.ctl", s.dir, (long int) s.pid);
    assert_string_equal(path, want);
    free(path);
    free(want);
    error = unixctl_target_path(s.dir, "/a/b.ctl", &path);
    assert_null(error);
    assert_string_equal(path, "/a/b.ctl");
    free(path);
    error = unixctl_target_path(s.dir, "ovs-vswitchd", &path);
    assert_null(path);
    assert_non_null(strstr(error, "ovs-vswitchd is not running"));
    free(error);
    /* A pidfile that nobody holds. */
    server_kill(&s);
    error = unixctl_target_path(s.dir, "ovsdb-server", &path);
    assert_null(path);
    assert_non_null(strstr(error, "is not running"));
    free(error);
    server_destroy(&s);
}

/* Waits until ovs-vswitchd has applied 'ovs-vsctl ARG...'. */
static void
apply(struct server *s, pid_t vswitchd, const char *next_cfg)
{
    char *set = xasprintf("next_cfg=%s", next_cfg);
    char *have;

    free(vsctl(s, "set", "Open_vSwitch", ".", set, NULL));
    free(set);
    for (int i = 0;; i++) {
        have = vsctl(s, "get", "Open_vSwitch", ".", "cur_cfg", NULL);
        if (!strcmp(have, next_cfg)) {
            free(have);
            return;
        }
        free(have);
        assert_int_equal(kill(vswitchd, 0), 0);
        assert_true(i < 200);
        usleep(50000);
    }
}

static enum vswitchd_settled
settle(const struct server *s, int timeout_ms, char **error)
{
    struct openflow *nudger = openflow_open(s->dir, NULL);
    enum vswitchd_settled outcome = vswitchd_settle(s->dir, nudger,
                                                    timeout_ms, error);

    openflow_close(nudger);
    return outcome;
}

/* Has the dummy device p1 receive a frame, so that there is a flow for it, or
 * with NULL has all flows go. */
static void
flow(struct server *s, const char *port)
{
    char *frame[] = {
        CONST_CAST(char *, port),
        CONST_CAST(char *, "in_port(1),eth(src=50:54:00:00:00:09,"
                   "dst=50:54:00:00:00:0a),eth_type(0x1234)")
    };
    char *path, *result, *refusal;

    assert_null(unixctl_target_path(s->dir, "ovs-vswitchd", &path));
    assert_int_equal(unixctl_call(path, (port ? "netdev-dummy/receive"
                                         : "revalidator/purge"),
                                  frame, port ? 2 : 0, 10000, &result,
                                  &refusal), 0);
    assert_null(refusal);
    free(result);
    free(path);
}

static void
test_settle(void **state OVS_UNUSED)
{
    struct server s;
    char *error;
    pid_t pid;

    server_init(&s, true);
    assert_int_equal(settle(&s, 1000, &error), VSWITCHD_FAILED);
    assert_non_null(strstr(error, "is not running"));
    free(error);

    char *pidfile = xasprintf("--pidfile=%s/ovs-vswitchd.pid", s.dir);
    const char *argv[] = {
        "ovs-vswitchd", "--enable-dummy=override", "--disable-system",
        "--disable-system-route", "-vconsole:off", "-vsyslog:off", pidfile,
        s.remote, NULL
    };
    pid = server_spawn(&s, "vswitchd.out", argv);
    free(vsctl(&s, "add-br", "br0", "--", "set", "Bridge", "br0",
               "datapath_type=dummy", "fail_mode=standalone", "--",
               "add-port", "br0", "p1", "--", "set", "Interface", "p1",
               "type=dummy", NULL));
    apply(&s, pid, "1");
    assert_int_equal(settle(&s, 10000, &error), VSWITCHD_SETTLED);
    assert_null(error);
    flow(&s, "p1");
    assert_int_equal(settle(&s, 10000, &error), VSWITCHD_SETTLED);
    assert_null(error);

    /* With a second datapath it cannot tell, unless there is no flow... */
    free(vsctl(&s, "add-br", "br1", "--", "set", "Bridge", "br1",
               "datapath_type=netdev", "fail_mode=standalone", NULL));
    apply(&s, pid, "2");
    flow(&s, "p1");
    assert_int_equal(settle(&s, 10000, &error), VSWITCHD_REFUSED);
    assert_non_null(strstr(error, "multiple udpifs"));
    free(error);
    flow(&s, NULL);
    assert_int_equal(settle(&s, 10000, &error), VSWITCHD_SETTLED);
    assert_null(error);
    free(vsctl(&s, "del-br", "br0", NULL));
    apply(&s, pid, "3");
    assert_int_equal(settle(&s, 10000, &error), VSWITCHD_SETTLED);
    assert_null(error);

    /* ...as there is not without any datapath. */
    free(vsctl(&s, "del-br", "br1", NULL));
    apply(&s, pid, "4");
    assert_int_equal(settle(&s, 10000, &error), VSWITCHD_SETTLED);
    assert_null(error);

    kill(pid, SIGSTOP);
    assert_int_equal(settle(&s, 300, &error), VSWITCHD_FAILED);
    assert_non_null(strstr(error, "timed out"));
    free(error);
    kill(pid, SIGKILL);
    wait_for_exit(pid);
    free(pidfile);
    server_destroy(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_call),
        cmocka_unit_test(test_nobody),
        cmocka_unit_test(test_stopped),
        cmocka_unit_test(test_target),
        cmocka_unit_test(test_settle),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
