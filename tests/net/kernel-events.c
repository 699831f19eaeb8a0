/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "tests/net/kernel-events.h"

#include <grp.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/capability.h>
#include <cmocka.h>

#include "src/kernel/kernel-private.h"
#include "tests/net/net-world.h"
#include "timeval.h"
#include "util.h"

/* Events. */

void
test_drift_is_seen(void **state)
{
    struct world *w = *state;

    world_ok(w, step_add_tap("tap0", true));
    world_ok(w, step_new(PLAN_SET, "tap0", ifindex_of(w, "tap0"),
                         MODEL_L_UP, "true", NULL));
    /* The kernel reports these as RTM_DELQDISC only. */
    must("tc", "qdisc", "replace", "dev", "tap0", "root", "pfifo");
    world_settle(w);
    assert_field(w, "tap0", MODEL_L_QDISC, "pfifo");
    must("tc", "qdisc", "del", "dev", "tap0", "root");
    world_settle(w);
    assert_field(w, "tap0", MODEL_L_QDISC, "mq");

    must("ip", "link", "set", "dev", "tap0", "mtu", "1450", "alias", "x");
    world_settle(w);
    assert_field(w, "tap0", MODEL_L_MTU, "1450");
    assert_field(w, "tap0", MODEL_L_ALIAS, "x");

    /* No event for these on a device that is down. */
    must("ip", "link", "set", "dev", "tap0", "down");
    world_settle(w);
    must("ip", "link", "set", "dev", "tap0", "alias", "y");
    write_line(ARP_IGNORE, "tap0", "3");
    kernel_refresh(w->kernel, "tap0");
    world_settle(w);
    assert_field(w, "tap0", MODEL_L_ALIAS, "y");
    assert_field(w, "tap0", MODEL_L_ARP_IGNORE, "3");
}

/* Half-made devices, which have no mark yet, never get into the model, not
 * even where kernel_run() stops halfway through their events. */
void
test_new_devices_are_whole_at_once(void **state)
{
    struct world *w = *state;
    int n_runs = 0;

    for (int i = 0; i < 500; i++) {
        char *name = xasprintf("g%d", i);
        assert_null(world_do(w, step_add_tap(name, true)));
        free(name);
    }
    do {
        const struct model_link *link;

        kernel_run(w->kernel);
        n_runs++;
        HMAP_FOR_EACH (link, node, &w->observed.links) {
            if (link->name[0] == 'g') {
                assert_field(w, link->name, MODEL_L_ALIAS, ALIAS);
                assert_field(w, link->name, MODEL_L_PERSIST, "true");
            }
        }
    } while (hmap_count(&w->observed.links) < 501);
    assert_true(n_runs > 1);

    struct plan_step *dels[500];
    for (int i = 0; i < 500; i++) {
        char *name = xasprintf("g%d", i);
        dels[i] = step_new(PLAN_DEL, name, ifindex_of(w, name), NULL);
        free(name);
    }
    do_many(w, dels, 500);
    for (int i = 0; i < 500; i++) {
        plan_step_destroy(dels[i]);
    }
}

void
test_rename(void **state)
{
    struct world *w = *state;
    int a, b;

    world_ok(w, step_add_tap("a", false));
    world_ok(w, step_add_tap("b", false));
    a = ifindex_of(w, "a");
    b = ifindex_of(w, "b");
    must("ip", "link", "set", "dev", "a", "name", "c");
    world_settle(w);
    assert_null(world_link(w, "a"));
    assert_int_equal(ifindex_of(w, "c"), a);

    must("ip", "link", "set", "dev", "b", "name", "a");
    must("ip", "link", "set", "dev", "c", "name", "b");
    world_settle(w);
    assert_null(world_link(w, "c"));
    assert_int_equal(ifindex_of(w, "a"), b);
    assert_int_equal(ifindex_of(w, "b"), a);
    assert_int_equal(hmap_count(&w->observed.links), 3);
}

/* A bridge repeats changes of its members with family AF_BRIDGE, and says
 * RTM_DELLINK with it when one leaves. */
void
test_bridge_messages(void **state)
{
    struct world *w = *state;

    world_ok(w, step_add_tap("tap0", false));
    must("ip", "link", "add", "br0", "type", "bridge");
    must("ip", "link", "set", "dev", "tap0", "master", "br0");
    must("bridge", "link", "set", "dev", "tap0", "cost", "50");
    world_settle(w);
    assert_field(w, "br0", MODEL_L_KIND, "bridge");
    assert_field(w, "tap0", MODEL_L_KIND, "tap");
    assert_field(w, "tap0", MODEL_L_QDISC, "noqueue");
    must("ip", "link", "set", "dev", "tap0", "nomaster");
    world_settle(w);
    check_new_tap(w, "tap0", false);
}

/* What another world, new to it all, sees is what this one sees. */
static void
assert_same_as_fresh(struct world *w)
{
    struct world fresh;
    const struct model_link *link;

    world_open(&fresh);
    world_settle(&fresh);
    assert_int_equal(hmap_count(&fresh.observed.links),
                     hmap_count(&w->observed.links));
    HMAP_FOR_EACH (link, node, &fresh.observed.links) {
        const struct model_link *mine = world_link(w, link->name);
        if (!mine || !model_link_equals(mine, link)) {
            fail_msg("%s differs", link->name);
        }
    }
    world_close(&fresh);
}

void
test_overrun(void **state)
{
    struct world *w = *state;
    struct plan_step **dels;
    struct world other;
    int size = 8192;

    world_open(&other);
    world_settle(&other);
    dels = add_many(&other, 300, false);
    world_settle(w);
    unsigned long long int dumps = kernel_get_stats(w->kernel)->dumps;

    /* Some links go, some come, one is renamed and two swap their names
     * while nobody listens. */
    assert_int_equal(setsockopt(w->kernel->events.fd, SOL_SOCKET, SO_RCVBUF,
                                &size, sizeof size), 0);
    do_many(&other, dels, 100);
    must("ip", "link", "set", "dev", "g150", "name", "new");
    must("ip", "link", "set", "dev", "g160", "name", "tmp");
    must("ip", "link", "set", "dev", "g161", "name", "g160");
    must("ip", "link", "set", "dev", "tmp", "name", "g161");
    for (int i = 0; i < 50; i++) {
        char *name = xasprintf("n%d", i);
        world_ok(&other, step_add_tap(name, true));
        free(name);
    }
    kernel_run(w->kernel);
    world_settle(w);
    assert_true(kernel_get_stats(w->kernel)->dumps > dumps);
    assert_null(world_link(w, "g0"));
    assert_null(world_link(w, "g150"));
    assert_non_null(world_link(w, "new"));
    assert_int_equal(hmap_count(&w->observed.links), 251);
    assert_same_as_fresh(w);
    free_many(dels, 300);
    world_close(&other);
}

/* Nothing is complete between the overrun and the end of the new dump, which
 * here takes more than one kernel_run(). */
void
test_overrun_is_incomplete(void **state)
{
    struct world *w = *state;
    struct plan_step **dels = add_many(w, 1100, false);
    int size = 4096;

    assert_int_equal(setsockopt(w->kernel->events.fd, SOL_SOCKET, SO_RCVBUF,
                                &size, sizeof size), 0);
    for (int i = 0; i < 10; i++) {
        must("ip", "link", "add", "d0", "type", "veth", "peer", "name", "d1");
        must("ip", "link", "del", "dev", "d0");
    }
    assert_true(w->observed.links_complete);
    kernel_run(w->kernel);
    assert_false(w->observed.links_complete);
    world_settle(w);
    assert_true(w->observed.links_complete);
    assert_same_as_fresh(w);
    do_many(w, dels, 1100);
    free_many(dels, 1100);
}

void
test_run_is_bounded(void **state)
{
    struct world *w = *state;
    const struct kernel_stats *stats = kernel_get_stats(w->kernel);
    unsigned long long int before = stats->events;

    for (int i = 0; i < 3000; i++) {
        struct plan_step *step
            = step_new(PLAN_SET, "lo", 1, MODEL_L_MTU,
                       i % 2 ? "1500" : "1501", NULL);
        assert_null(world_do(w, step));
    }
    kernel_run(w->kernel);
    assert_in_range(stats->events - before, 900, 1000);
    world_settle(w);
    assert_true(stats->events - before >= 3000);
    assert_field(w, "lo", MODEL_L_MTU, "1500");
}

/* Rights. */

static void
become_nobody(bool net_admin)
{
    struct __user_cap_header_struct header = {
        .version = _LINUX_CAPABILITY_VERSION_3,
    };
    struct __user_cap_data_struct data[2];
    gid_t none = 65534;

    memset(data, 0, sizeof data);
    data[0].permitted = data[0].effective
        = net_admin ? 1u << CAP_NET_ADMIN : 0;
    assert_int_equal(prctl(PR_SET_KEEPCAPS, 1), 0);
    assert_int_equal(setgroups(0, NULL), 0);
    assert_int_equal(setresgid(none, none, none), 0);
    assert_int_equal(setresuid(65534, 65534, 65534), 0);
    assert_int_equal(syscall(SYS_capset, &header, data), 0);
}

static int
wait_for(pid_t pid)
{
    int status;

    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
as_nobody_with_cap(void)
{
    struct plan_step **dels;
    struct world w;

    become_nobody(true);
    world_open(&w);
    world_settle(&w);
    dels = add_many(&w, 20, true);
    check_new_tap(&w, "g0", true);
    world_ok(&w, step_new(PLAN_SET, "g0", ifindex_of(&w, "g0"),
                          MODEL_L_UP, "true", MODEL_L_OWNER, "99", NULL));
    assert_field(&w, "g0", MODEL_L_OWNER, "99");
    world_ok(&w, step_new(PLAN_DEL, "g0", ifindex_of(&w, "g0"), NULL));
    kernel_execute(w.kernel, dels + 1, 19);
    world_settle(&w);
    assert_int_equal(hmap_count(&w.observed.links), 1);
    free_many(dels, 20);
    world_close(&w);
}

static void
as_nobody_without(void)
{
    struct world w;

    become_nobody(false);
    world_open(&w);
    world_settle(&w);
    world_fails(&w, step_add_tap("tap0", true), "needs CAP_NET_ADMIN");
    world_fails(&w, step_new(PLAN_SET, "lo", 1, MODEL_L_MTU, "1300", NULL),
                "lo: RTM_SETLINK: Operation not permitted; this needs "
                "CAP_NET_ADMIN");
    world_close(&w);
}

static void
without_tun(void)
{
    struct world w;

    assert_int_equal(umount2("/dev/net", MNT_DETACH), 0);
    assert_int_equal(mount("none", "/dev/net", "tmpfs", 0, NULL), 0);
    world_open(&w);
    world_settle(&w);
    world_fails(&w, step_add_tap("tap0", true), "load the tun module");
    world_close(&w);
    umount2("/dev/net", MNT_DETACH);
}

/* Runs 'f' in a child, whose failure is the test's. */
static void
in_child(void (*f)(void), int unshare_flags)
{
    fflush(NULL);
    pid_t pid = fork();
    if (!pid) {
        if (unshare_flags && unshare(unshare_flags)) {
            _exit(2);
        }
        f();
        _exit(0);
    }
    assert_int_equal(wait_for(pid), 0);
}

void
test_rights(void **state OVS_UNUSED)
{
    in_child(as_nobody_with_cap, 0);
    in_child(as_nobody_without, 0);
    in_child(without_tun, CLONE_NEWNS);
}

void
test_host(void **state OVS_UNUSED)
{
    char *boot_id = kernel_boot_id();
    unsigned int id;

    assert_int_equal(strlen(boot_id), 36);
    assert_file("/proc/sys/kernel/random/boot_id", "", boot_id);
    free(boot_id);

    assert_true(kernel_resolve_user("root", &id));
    assert_int_equal(id, 0);
    assert_true(kernel_resolve_user("4711", &id));
    assert_int_equal(id, 4711);
    assert_true(kernel_resolve_group("root", &id));
    assert_int_equal(id, 0);
    assert_false(kernel_resolve_user("no-such-user", &id));
    assert_false(kernel_resolve_user("", &id));
    assert_false(kernel_resolve_user("-1", &id));
    assert_false(kernel_resolve_user("4294967295", &id));
    assert_false(kernel_resolve_user("4294967296", &id));
    assert_false(kernel_resolve_group("no-such-group", &id));
}

void
test_thousand(void **state)
{
    struct world *w = *state;
    const struct kernel_stats *stats = kernel_get_stats(w->kernel);
    long long int start = time_msec();
    struct plan_step **dels = add_many(w, 1000, true);

    print_message("           1,000 creations: %lld ms, %llu writes, "
                  "%llu events, %llu dumps\n", time_msec() - start,
                  stats->writes, stats->events, stats->dumps);
    start = time_msec();
    do_many(w, dels, 1000);
    print_message("           1,000 deletions: %lld ms\n",
                  time_msec() - start);
    assert_int_equal(hmap_count(&w->observed.links), 1);
    assert_int_equal(stats->dumps, 1);
    free_many(dels, 1000);
}
