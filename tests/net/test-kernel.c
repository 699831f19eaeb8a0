/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <net/if.h>
#include <linux/if_tun.h>
#include <cmocka.h>

#include "src/kernel/tap.h"
#include "tests/net/net-world.h"
#include "tests/net/kernel-events.h"
#include "timeval.h"
#include "util.h"

/* src/kernel/ against the running kernel, in a network namespace of its
 * own.  Needs root. */

/* Dump. */

static void
test_first_dump(void **state)
{
    struct world *w = *state;

    assert_true(w->observed.links_complete);
    assert_int_equal(hmap_count(&w->observed.links), 1);
    assert_int_equal(ifindex_of(w, "lo"), 1);
    assert_field(w, "lo", MODEL_L_KIND, "");
    assert_field(w, "lo", MODEL_L_MAC, "00:00:00:00:00:00");
    assert_field(w, "lo", MODEL_L_MTU, "65536");
    assert_field(w, "lo", MODEL_L_UP, "false");
    assert_field(w, "lo", MODEL_L_ALIAS, "(none)");
    assert_int_equal(kernel_get_stats(w->kernel)->dumps, 1);
}

static void
test_idle_writes_nothing(void **state)
{
    struct world *w = *state;

    kernel_resync(w->kernel);
    world_settle(w);
    assert_int_equal(kernel_get_stats(w->kernel)->dumps, 2);
    assert_int_equal(kernel_get_stats(w->kernel)->writes, 0);
}

/* Creation. */

static void
test_add(void **state)
{
    static const struct {
        const char *name;
        size_t queues;
    } taps[] = { { "tap1", 1 }, { "tap4", 4 }, { "tap8", 8 } };
    struct world *w = *state;

    for (size_t i = 0; i < ARRAY_SIZE(taps); i++) {
        const char *name = taps[i].name;
        size_t n = taps[i].queues;
        int fds[8];

        world_ok(w, step_add_tap(name, n > 1));
        check_new_tap(w, name, n > 1);

        world_ok(w, step_new(PLAN_SET, name, ifindex_of(w, name),
                             MODEL_L_UP, "true", NULL));
        assert_field(w, name, MODEL_L_QDISC, "noqueue");
        hold(name, n > 1, n, fds);
        world_settle(w);
        assert_true(world_link(w, name)->carrier);
        assert_int_equal(world_link(w, name)->n_queues, n > 1 ? n : 0);
        let_go(fds, n);
        world_settle(w);
        assert_false(model_link_in_use(world_link(w, name)));
    }
}

static void
test_add_up(void **state)
{
    struct world *w = *state;

    world_ok(w, step_new(PLAN_ADD, "tap0", 0, MODEL_L_KIND, "tap",
                         MODEL_L_ADDR_GEN_MODE, "none", MODEL_L_UP, "true",
                         NULL));
    assert_field(w, "tap0", MODEL_L_UP, "true");
    assert_field(w, "tap0", MODEL_L_PERSIST, "true");
    /* Never without any owner at all. */
    assert_field(w, "tap0", MODEL_L_OWNER, "0");

    /* Down and without a qdisc of its own, so that nothing after its birth
     * makes the kernel send an event. */
    world_ok(w, step_new(PLAN_ADD, "tap1", 0, MODEL_L_KIND, "tap",
                         MODEL_L_ALIAS, ALIAS, NULL));
    assert_field(w, "tap1", MODEL_L_ALIAS, ALIAS);
    assert_field(w, "tap1", MODEL_L_PERSIST, "true");
}

/* Nothing comes of what cannot be done, and the text says why. */
static void
test_add_refused(void **state)
{
    static const char *const names[] = {
        "", ".", "..", "a/b", "tap%d", "a b", "sixteen-chars-xx",
    };
    struct world *w = *state;

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        world_fails(w, step_add_tap(names[i], true), "no valid device name");
    }
    world_fails(w, step_new(PLAN_ADD, "x", 0, MODEL_L_KIND, "dummy", NULL),
                "x: devices of kind \"dummy\"");
    world_fails(w, step_new(PLAN_ADD, "x", 0, MODEL_L_KIND, "tap",
                            MODEL_L_MTU, "9x", NULL), "x: mtu \"9x\"");
    world_fails(w, step_new(PLAN_ADD, "x", 0, MODEL_L_KIND, "tap",
                            MODEL_L_MTU, "70000", NULL),
                "x: RTM_SETLINK: Invalid argument: mtu greater");
    world_fails(w, step_new(PLAN_ADD, "x", 0, MODEL_L_KIND, "tap",
                            MODEL_L_QDISC, "nonesuch", NULL),
                "x: RTM_NEWQDISC");
    world_fails(w, step_new(PLAN_ADD, "x", 0, MODEL_L_KIND, "tap",
                            MODEL_L_OWNER, "no-such-user", NULL),
                "x: owner \"no-such-user\" is not a user");
    world_fails(w, step_add_tap("lo", false), "exists already");
    assert_int_equal(hmap_count(&w->observed.links), 1);
    assert_int_equal(if_nametoindex("x"), 0);
}

#define N_KILLS 40

static struct plan_step *
add_one(int round, int i)
{
    char name[IFNAMSIZ];

    snprintf(name, sizeof name, "k%d-%d", round, i);
    return step_add_tap(name, i % 2);
}

/* A kill in the middle leaves whole devices or none. */
static void
test_killed_while_adding(void **state)
{
    struct world *w = *state;

    for (int round = 0; round < N_KILLS; round++) {
        kill_while_doing(add_one, round, 3000 + round * 97);
    }
    world_settle(w);
    kernel_resync(w->kernel);
    world_settle(w);

    struct plan_step **dels = xmalloc(hmap_count(&w->observed.links)
                                      * sizeof *dels);
    const struct model_link *link;
    size_t n = 0;
    HMAP_FOR_EACH (link, node, &w->observed.links) {
        if (link->name[0] == 'k') {
            const char *mq = smap_get(&link->fields, MODEL_L_MULTI_QUEUE);
            check_new_tap(w, link->name, !strcmp(mq, "true"));
            dels[n++] = step_new(PLAN_DEL, link->name, link->ifindex, NULL);
        }
    }
    assert_true(n > 0);
    print_message("           %d kills left %"PRIuSIZE" devices, all whole\n",
                  N_KILLS, n);
    do_many(w, dels, n);
    free_many(dels, n);
}

static void
test_killed_before_persist(void **state OVS_UNUSED)
{
    int fds[2];
    char c;

    assert_int_equal(pipe(fds), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (!pid) {
        int fd, ifindex;
        char *error = tap_create("tap0", true, &fd, &ifindex);
        if (!error) {
            error = tap_set_owner(fd, "tap0", 12);
        }
        ignore(write(fds[1], error ? "n" : "y", 1));
        pause();
        _exit(0);
    }
    assert_int_equal(read(fds[0], &c, 1), 1);
    assert_int_equal(c, 'y');
    assert_int_not_equal(if_nametoindex("tap0"), 0);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    assert_int_equal(if_nametoindex("tap0"), 0);
    close(fds[0]);
    close(fds[1]);
}

/* Changes. */

static void
test_set(void **state)
{
    struct world *w = *state;
    int ifindex;

    world_ok(w, step_add_tap("tap0", true));
    ifindex = ifindex_of(w, "tap0");
    world_ok(w, step_new(PLAN_SET, "tap0", ifindex,
                         MODEL_L_UP, "true",
                         MODEL_L_MAC, "fe:00:00:00:00:01",
                         MODEL_L_MTU, "1500", MODEL_L_ALIAS, NULL,
                         MODEL_L_QDISC, "pfifo", MODEL_L_OWNER, "root",
                         MODEL_L_GROUP, "56",
                         MODEL_L_ADDR_GEN_MODE, "eui64",
                         MODEL_L_ARP_IGNORE, "2", NULL));
    assert_field(w, "tap0", MODEL_L_UP, "true");
    assert_field(w, "tap0", MODEL_L_MAC, "fe:00:00:00:00:01");
    assert_field(w, "tap0", MODEL_L_MTU, "1500");
    assert_field(w, "tap0", MODEL_L_ALIAS, "(none)");
    assert_field(w, "tap0", MODEL_L_QDISC, "pfifo");
    assert_field(w, "tap0", MODEL_L_OWNER, "0");
    assert_field(w, "tap0", MODEL_L_GROUP, "56");
    assert_field(w, "tap0", MODEL_L_ADDR_GEN_MODE, "eui64");
    assert_field(w, "tap0", MODEL_L_ARP_IGNORE, "2");
    assert_field(w, "tap0", MODEL_L_PERSIST, "true");
    assert_file(ARP_IGNORE, "tap0", "2");
    assert_file(ADDR_GEN_MODE, "tap0", "0");
    assert_int_equal(ifindex_of(w, "tap0"), ifindex);

    world_ok(w, step_new(PLAN_SET, "tap0", ifindex, MODEL_L_QDISC, NULL,
                         NULL));
    assert_field(w, "tap0", MODEL_L_QDISC, "mq");
    world_ok(w, step_new(PLAN_SET, "tap0", ifindex, MODEL_L_UP, "false",
                         NULL));
    assert_field(w, "tap0", MODEL_L_UP, "false");
    world_fails(w, step_new(PLAN_SET, "tap0", ifindex, MODEL_L_MULTI_QUEUE,
                            "false", NULL), "cannot be changed");
    world_fails(w, step_new(PLAN_SET, "tap0", ifindex, "colour", "red", NULL),
                "tap0: colour is no field");
}

/* What needs an attached queue is not done behind a VM's back; the rest is. */
static void
test_set_held(void **state)
{
    struct world *w = *state;
    int fds[2];

    for (int mq = 0; mq < 2; mq++) {
        const char *name = mq ? "tapm" : "taps";

        world_ok(w, step_add_tap(name, mq));
        hold(name, mq, mq + 1, fds);
        world_fails(w, step_new(PLAN_SET, name, ifindex_of(w, name),
                                MODEL_L_OWNER, "0", NULL), "is in use");
        world_ok(w, step_new(PLAN_SET, name, ifindex_of(w, name),
                             MODEL_L_MTU, "1300", NULL));
        assert_field(w, name, MODEL_L_OWNER, "12");
        assert_field(w, name, MODEL_L_MTU, "1300");
        let_go(fds, mq + 1);
        world_ok(w, step_new(PLAN_SET, name, ifindex_of(w, name),
                             MODEL_L_OWNER, "0", NULL));
        assert_field(w, name, MODEL_L_OWNER, "0");
    }
}

/* A step is for one device, not for the next one of that name. */
static void
test_successor_is_untouched(void **state)
{
    struct world *w = *state;
    int old;

    world_ok(w, step_add_tap("tap0", false));
    old = ifindex_of(w, "tap0");
    must("ip", "link", "del", "dev", "tap0");
    must("ip", "tuntap", "add", "dev", "tap0", "mode", "tap", "user", "77");
    world_settle(w);
    kernel_refresh(w->kernel, "tap0");
    world_settle(w);
    assert_int_not_equal(ifindex_of(w, "tap0"), old);

    world_fails(w, step_new(PLAN_SET, "tap0", old, MODEL_L_MTU, "1300", NULL),
                "the device is gone");
    world_fails(w, step_new(PLAN_SET, "tap0", old, MODEL_L_OWNER, "1", NULL),
                "the device is gone");
    world_ok(w, step_new(PLAN_DEL, "tap0", old, NULL));
    assert_field(w, "tap0", MODEL_L_MTU, "1500");
    assert_field(w, "tap0", MODEL_L_OWNER, "77");

    /* And the same below, where the name has to do. */
    bool busy;
    int fd;
    char *error = tap_attach("tap0", false, old, &fd, &busy);
    assert_non_null(error);
    assert_non_null(strstr(error, "has been replaced"));
    free(error);
}

static void
test_without_ipv6(void **state)
{
    struct world *w = *state;
    struct plan_step *step = step_add_tap("tap0", true);

    free(plan_step_find(step, MODEL_L_MTU)->new);
    plan_step_find(step, MODEL_L_MTU)->new = xstrdup("1000");
    world_ok(w, step);
    assert_field(w, "tap0", MODEL_L_MTU, "1000");
    assert_field(w, "tap0", MODEL_L_ADDR_GEN_MODE, "none");
    assert_field(w, "tap0", MODEL_L_ARP_IGNORE, "8");
    assert_int_not_equal(access("/proc/sys/net/ipv6/conf/tap0", F_OK), 0);

    world_ok(w, step_new(PLAN_SET, "tap0", ifindex_of(w, "tap0"),
                         MODEL_L_ADDR_GEN_MODE, "none",
                         MODEL_L_ARP_IGNORE, "1", NULL));
    assert_field(w, "tap0", MODEL_L_ARP_IGNORE, "1");
    /* The larger MTU brings IPv6 back, in the same step. */
    world_ok(w, step_new(PLAN_SET, "tap0", ifindex_of(w, "tap0"),
                         MODEL_L_ADDR_GEN_MODE, "none",
                         MODEL_L_MTU, "1500", NULL));
    assert_field(w, "tap0", MODEL_L_ADDR_GEN_MODE, "none");
    assert_file(ADDR_GEN_MODE, "tap0", "1");
    /* Somebody else's larger MTU does so after the notification of it. */
    must("ip", "link", "set", "tap0", "mtu", "1000");
    world_settle(w);
    must("ip", "link", "set", "tap0", "mtu", "1500");
    world_settle(w);
    assert_file(ADDR_GEN_MODE, "tap0", "0");
    assert_field(w, "tap0", MODEL_L_ADDR_GEN_MODE, "eui64");

    write_line("/proc/sys/net/ipv6/conf/default/disable_ipv6", "", "1");
    world_ok(w, step_add_tap("tap1", false));
    check_new_tap(w, "tap1", false);
    write_line("/proc/sys/net/ipv6/conf/default/disable_ipv6", "", "0");
}

/* Deletion. */

static void
test_del(void **state)
{
    struct world *w = *state;

    for (int mq = 0; mq < 2; mq++) {
        world_ok(w, step_add_tap("tap0", mq));
        world_ok(w, step_new(PLAN_DEL, "tap0", ifindex_of(w, "tap0"), NULL));
        assert_null(world_link(w, "tap0"));
        assert_int_equal(if_nametoindex("tap0"), 0);
    }
    must("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1");
    world_settle(w);
    assert_field(w, "v0", MODEL_L_KIND, "veth");
    world_ok(w, step_new(PLAN_DEL, "v0", ifindex_of(w, "v0"), NULL));
    assert_null(world_link(w, "v1"));
}

static void
test_del_held(void **state)
{
    struct world *w = *state;
    int fds[2];

    for (int mq = 0; mq < 2; mq++) {
        for (int up = 0; up < 2; up++) {
            world_ok(w, step_add_tap("tap0", mq));
            world_ok(w, step_new(PLAN_SET, "tap0", ifindex_of(w, "tap0"),
                                 MODEL_L_UP, up ? "true" : "false", NULL));
            hold("tap0", mq, mq + 1, fds);
            world_fails(w, step_new(PLAN_DEL, "tap0", ifindex_of(w, "tap0"),
                                    NULL), "tap0 is in use");
            /* The holder still holds it, and it outlives the holder. */
            assert_ip("tap0", mq ? "numqueues 2" : "persist on");
            let_go(fds, mq + 1);
            assert_ip("tap0", "persist on");
            world_ok(w, step_new(PLAN_DEL, "tap0", ifindex_of(w, "tap0"),
                                 NULL));
            assert_null(world_link(w, "tap0"));
        }
    }
}

#define N_RACES 60

/* A process that opens the TAP 'ifindex' again and again, as QEMU might just
 * when it is deleted; fails if the device goes while it is held. */
static void
hold_repeatedly(int ifindex, bool multi_queue)
{
    unsigned int seed = ifindex;

    for (;;) {
        char name[IF_NAMESIZE];
        struct ifreq ifr;
        int fd;

        memset(&ifr, 0, sizeof ifr);
        strcpy(ifr.ifr_name, "tap0");
        ifr.ifr_flags = (IFF_TAP | IFF_NO_PI | IFF_VNET_HDR
                         | (multi_queue ? IFF_MULTI_QUEUE : 0));
        fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
        if (!ioctl(fd, TUNSETIFF, &ifr)) {
            if (if_nametoindex("tap0") != ifindex) {
                _exit(0);       /* Gone, and this is one of our own. */
            }
            usleep(rand_r(&seed) % 500);
            if (!if_indextoname(ifindex, name)) {
                _exit(1);
            }
        }
        close(fd);
        usleep(rand_r(&seed) % 2000);
    }
}

static void
test_del_race(void **state)
{
    struct world *w = *state;
    int n_refused = 0;

    for (int i = 0; i < N_RACES; i++) {
        bool mq = i % 2;
        char *error;
        int status;
        pid_t pid;

        world_ok(w, step_add_tap("tap0", mq));
        pid = fork();
        assert_true(pid >= 0);
        if (!pid) {
            hold_repeatedly(ifindex_of(w, "tap0"), mq);
        }
        while ((error = world_do(w, step_new(PLAN_DEL, "tap0",
                                             ifindex_of(w, "tap0"), NULL)))) {
            assert_non_null(strstr(error, "is in use"));
            free(error);
            n_refused++;
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
        world_settle(w);
        assert_null(world_link(w, "tap0"));
    }
    print_message("           %d races, %d times refused\n", N_RACES,
                  n_refused);
}

#define N_GROUP 200

static void
test_del_group(void **state)
{
    struct world *w = *state;
    struct plan_step **dels = add_many(w, N_GROUP, true);
    int fds[3];

    /* A VM holds one; one is to be replaced; one has lost its mark; one is
     * gone; a stranger has the group number that we would take first. */
    hold("g5", true, 3, fds);
    dels[6]->impact = PLAN_READD;
    must("ip", "link", "set", "dev", "g7", "alias", "stranger");
    must("ip", "link", "del", "dev", "g8");
    must("ip", "link", "add", "s0", "group", "1870032996", "type", "bridge");

    const struct kernel_stats *stats = kernel_get_stats(w->kernel);
    unsigned long long int writes = stats->writes;
    long long int start = time_msec();
    kernel_execute(w->kernel, dels, N_GROUP);
    print_message("           %d deletions: %lld ms\n", N_GROUP,
                  time_msec() - start);
    world_settle(w);
    /* 196 enter the group and go by one command; g6 and g7 go singly. */
    assert_int_equal(stats->writes - writes, 196 + 1 + 2);

    for (size_t i = 0; i < N_GROUP; i++) {
        if (i == 5) {
            assert_non_null(dels[i]->error);
            assert_non_null(strstr(dels[i]->error, "g5 is in use"));
        } else {
            assert_null(dels[i]->error);
        }
    }
    assert_int_equal(hmap_count(&w->observed.links), 3); /* lo g5 s0 */
    assert_ip("g5", "group default");
    assert_ip("g5", "numqueues 3");
    assert_non_null(world_link(w, "s0"));
    let_go(fds, 3);
    assert_ip("g5", "persist on");
    free_many(dels, N_GROUP);
}

/* TAPs that are to be replaced go one by one, however many they are. */
static void
test_del_replaced(void **state)
{
    struct world *w = *state;
    struct plan_step **dels = add_many(w, 20, true);
    const struct kernel_stats *stats = kernel_get_stats(w->kernel);
    unsigned long long int writes = stats->writes;

    for (int i = 0; i < 20; i++) {
        dels[i]->impact = PLAN_READD;
    }
    do_many(w, dels, 20);
    assert_int_equal(stats->writes - writes, 20);
    assert_int_equal(hmap_count(&w->observed.links), 1);
    free_many(dels, 20);
}

/* Steps that wait, or are not for the kernel, are left alone; the order
 * is kept. */
static void
test_order(void **state)
{
    struct world *w = *state;
    struct plan_step *steps[4];

    world_ok(w, step_add_tap("tap0", false));
    steps[0] = step_new(PLAN_DEL, "lo", 1, NULL);
    steps[0]->what = PLAN_PORT;
    steps[1] = step_new(PLAN_DEL, "tap0", ifindex_of(w, "tap0"), NULL);
    steps[2] = step_add_tap("tap0", true);
    steps[3] = step_add_tap("tap1", true);
    steps[3]->after = xstrdup("never");
    kernel_execute(w->kernel, steps, ARRAY_SIZE(steps));
    world_settle(w);
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        assert_null(steps[i]->error);
        plan_step_destroy(steps[i]);
    }
    assert_field(w, "tap0", MODEL_L_MULTI_QUEUE, "true");
    assert_null(world_link(w, "tap1"));
}

#define TEST(NAME) \
    cmocka_unit_test_setup_teardown(NAME, world_setup, world_teardown)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_first_dump),
        TEST(test_idle_writes_nothing),
        TEST(test_add),
        TEST(test_add_up),
        TEST(test_add_refused),
        TEST(test_killed_before_persist),
        TEST(test_killed_while_adding),
        TEST(test_set),
        TEST(test_set_held),
        TEST(test_successor_is_untouched),
        TEST(test_without_ipv6),
        TEST(test_del),
        TEST(test_del_held),
        TEST(test_del_race),
        TEST(test_del_group),
        TEST(test_del_replaced),
        TEST(test_order),
        TEST(test_drift_is_seen),
        TEST(test_new_devices_are_whole_at_once),
        TEST(test_rename),
        TEST(test_bridge_messages),
        TEST(test_overrun),
        TEST(test_overrun_is_incomplete),
        TEST(test_run_is_bounded),
        TEST(test_rights),
        TEST(test_host),
        TEST(test_thousand),
    };

    world_isolate();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
