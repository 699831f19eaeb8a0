/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "tests/net/net-world.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>
#include <net/if.h>
#include <linux/if_tun.h>
#include <cmocka.h>

#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "timeval.h"
#include "util.h"

/* A quiet time after which nothing more is expected. */
#define QUIET_MS 30

static void
need(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "cannot %s (%s): this test needs root\n", what,
                strerror(errno));
        exit(EXIT_FAILURE);
    }
}

void
world_isolate(void)
{
    errno = EPERM;
    need(geteuid() == 0, "run as an ordinary user");
    need(!unshare(CLONE_NEWNET | CLONE_NEWNS), "unshare()");
    need(!mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL),
         "make mounts private");

    /* The tests look at a TUN device of their own, which anybody may open,
     * as distributions have it. */
    need(!mount("none", "/dev/net", "tmpfs", 0, NULL), "mount on /dev/net");
    mode_t old = umask(0);
    need(!mknod("/dev/net/tun", S_IFCHR | 0666, makedev(10, 200)),
         "mknod /dev/net/tun");
    umask(old);
}

void
world_open(struct world *w)
{
    char *boot_id = kernel_boot_id();
    char *error;

    model_observed_init(&w->observed, "test", boot_id);
    free(boot_id);
    error = kernel_open(&w->observed, &w->kernel);
    if (error) {
        fail_msg("%s", error);
    }
}

void
world_close(struct world *w)
{
    kernel_close(w->kernel);
    model_observed_destroy(&w->observed);
}

void
world_settle(struct world *w)
{
    const struct kernel_stats *stats = kernel_get_stats(w->kernel);
    long long int quiet_since = time_msec();
    unsigned long long int before = stats->events;

    while (time_msec() < quiet_since + QUIET_MS
           || !w->observed.links_complete) {
        kernel_run(w->kernel);
        if (stats->events != before) {
            before = stats->events;
            quiet_since = time_msec();
        }
        kernel_wait(w->kernel);
        poll_timer_wait(QUIET_MS / 3);
        poll_block();
    }
}

int
world_setup(void **state)
{
    struct world *w = xmalloc(sizeof *w);

    world_open(w);
    world_settle(w);
    *state = w;
    return 0;
}

int
world_teardown(void **state)
{
    struct world *w = *state;
    struct if_nameindex *all = if_nameindex();

    for (struct if_nameindex *i = all; i->if_index; i++) {
        if (strcmp(i->if_name, "lo")) {
            run("ip", "link", "del", "dev", i->if_name);
        }
    }
    if_freenameindex(all);
    world_close(w);
    free(w);
    return 0;
}

const struct model_link *
world_link(struct world *w, const char *name)
{
    return model_observed_link(&w->observed, name);
}

const char *
world_field(struct world *w, const char *name, const char *field)
{
    const struct model_link *link = world_link(w, name);

    if (!link) {
        fail_msg("%s is not in the model", name);
    }
    return smap_get_def(&link->fields, field, "(none)");
}

static void
add_change(struct plan_step *step, const char *field, const char *value)
{
    struct plan_change *c;

    step->changes = xrealloc(step->changes, ((step->n_changes + 1)
                                             * sizeof *step->changes));
    c = &step->changes[step->n_changes++];
    c->field = xstrdup(field);
    c->old = NULL;
    c->new = nullable_xstrdup(value);
}

struct plan_step *
step_new(enum plan_op op, const char *name, int ifindex, ...)
{
    struct plan_step *step = xzalloc(sizeof *step);
    const char *field;
    va_list args;

    step->op = op;
    step->what = PLAN_LINK;
    step->impact = PLAN_HITLESS;
    step->object = xstrdup("vm1/net0");
    step->name = xstrdup(name);
    step->ifindex = ifindex;
    va_start(args, ifindex);
    while ((field = va_arg(args, const char *)) != NULL) {
        add_change(step, field, va_arg(args, const char *));
    }
    va_end(args);
    return step;
}

struct plan_step *
step_add_tap(const char *name, bool multi_queue)
{
    return step_new(PLAN_ADD, name, 0, MODEL_L_KIND, "tap",
                    MODEL_L_MULTI_QUEUE, multi_queue ? "true" : "false",
                    MODEL_L_MAC, "fe:54:00:12:34:56", MODEL_L_MTU, "1400",
                    MODEL_L_ALIAS, "ovs-portd:test/vm1/net0",
                    MODEL_L_QDISC, "noqueue", MODEL_L_OWNER, "12",
                    MODEL_L_GROUP, "34", MODEL_L_PERSIST, "true",
                    MODEL_L_ADDR_GEN_MODE, "none", MODEL_L_ARP_IGNORE, "8",
                    NULL);
}

char *
world_do(struct world *w, struct plan_step *step)
{
    char *error;

    kernel_execute(w->kernel, &step, 1);
    error = step->error;
    step->error = NULL;
    plan_step_destroy(step);
    return error;
}

void
world_ok(struct world *w, struct plan_step *step)
{
    char *error = world_do(w, step);

    if (error) {
        fail_msg("%s", error);
    }
    world_settle(w);
}

void
world_fails(struct world *w, struct plan_step *step, const char *words)
{
    char *error = world_do(w, step);

    if (!error || !strstr(error, words)) {
        fail_msg("\"%s\" lacks \"%s\"", error ? error : "(success)", words);
    }
    free(error);
    world_settle(w);
}

void
hold(const char *name, bool multi_queue, size_t n, int *fds)
{
    for (size_t i = 0; i < n; i++) {
        struct ifreq ifr;

        memset(&ifr, 0, sizeof ifr);
        ovs_strlcpy(ifr.ifr_name, name, sizeof ifr.ifr_name);
        ifr.ifr_flags = (IFF_TAP | IFF_NO_PI | IFF_VNET_HDR
                         | (multi_queue ? IFF_MULTI_QUEUE : 0));
        fds[i] = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
        assert_true(fds[i] >= 0);
        assert_int_equal(ioctl(fds[i], TUNSETIFF, &ifr), 0);
    }
}

void
let_go(int *fds, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        close(fds[i]);
    }
}

int
run_argv(char **output, const char *const argv[])
{
    struct ds ds = DS_EMPTY_INITIALIZER;
    char buf[4096];
    int fds[2];
    ssize_t n;
    int status;
    pid_t pid;

    assert_int_equal(pipe(fds), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (!pid) {
        dup2(fds[1], STDOUT_FILENO);
        if (output) {
            dup2(fds[1], STDERR_FILENO);
        }
        close(fds[0]);
        close(fds[1]);
        execvp(argv[0], (char **) argv);
        _exit(127);
    }
    close(fds[1]);
    while ((n = read(fds[0], buf, sizeof buf)) > 0) {
        ds_put_buffer(&ds, buf, n);
    }
    close(fds[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (output) {
        *output = ds_steal_cstr(&ds);
    }
    ds_destroy(&ds);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

char *
ip_link(const char *name)
{
    const char *const argv[] = { "ip", "-d", "link", "show", "dev", name,
                                 NULL };
    char *output;

    if (run_argv(&output, argv)) {
        free(output);
        output = NULL;
    }
    return output;
}

static char *
format_path(const char *path_format, const char *name)
{
    const char *hole = strchr(path_format, '*');

    return (hole
            ? xasprintf("%.*s%s%s", (int) (hole - path_format), path_format,
                        name, hole + 1)
            : xstrdup(path_format));
}

char *
read_line(const char *path_format, const char *name)
{
    char *path = format_path(path_format, name);
    FILE *stream = fopen(path, "r");
    char line[128] = "";

    if (!stream || !fgets(line, sizeof line, stream)) {
        fail_msg("%s: %s", path, strerror(errno));
    }
    fclose(stream);
    free(path);
    line[strcspn(line, "\n")] = '\0';
    return xstrdup(line);
}

void
write_line(const char *path_format, const char *name, const char *text)
{
    char *path = format_path(path_format, name);
    FILE *stream = fopen(path, "w");

    if (!stream || fputs(text, stream) < 0 || fclose(stream)) {
        fail_msg("%s: %s", path, strerror(errno));
    }
    free(path);
}

int
ifindex_of(struct world *w, const char *name)
{
    const struct model_link *link = world_link(w, name);

    if (!link) {
        fail_msg("%s is not in the model", name);
    }
    return link->ifindex;
}

void
assert_field(struct world *w, const char *name, const char *field,
             const char *value)
{
    assert_string_equal(world_field(w, name, field), value);
}

void
assert_file(const char *path, const char *name, const char *value)
{
    char *line = read_line(path, name);

    assert_string_equal(line, value);
    free(line);
}

void
assert_ip(const char *name, const char *words)
{
    char *output = ip_link(name);

    if (!output || !strstr(output, words)) {
        fail_msg("\"%s\" not in: %s", words, output ? output : "(no device)");
    }
    free(output);
}

void
check_new_tap(struct world *w, const char *name, bool multi_queue)
{
    struct plan_step *step = step_add_tap(name, multi_queue);

    for (size_t i = 0; i < step->n_changes; i++) {
        assert_field(w, name, step->changes[i].field, step->changes[i].new);
    }
    plan_step_destroy(step);
    assert_field(w, name, MODEL_L_UP, "false");
    assert_false(model_link_in_use(world_link(w, name)));

    assert_ip(name, "link/ether fe:54:00:12:34:56");
    assert_ip(name, "mtu 1400 qdisc noqueue state DOWN");
    assert_ip(name, "tun type tap pi off vnet_hdr on");
    assert_ip(name, "persist on user ");
    assert_ip(name, "alias " ALIAS);
    assert_ip(name, "addrgenmode none");
    assert_ip(name, multi_queue ? "numqueues 0" : "numtxqueues 1 ");
    assert_file(ARP_IGNORE, name, "8");
    assert_file(ADDR_GEN_MODE, name, "1");
}

void
do_many(struct world *w, struct plan_step **steps, size_t n)
{
    for (size_t i = 0; i < n; i += KERNEL_BATCH) {
        kernel_execute(w->kernel, steps + i, MIN(KERNEL_BATCH, n - i));
        kernel_run(w->kernel);
    }
    world_settle(w);
}

struct plan_step **
add_many(struct world *w, size_t n, bool multi_queue)
{
    struct plan_step **dels = xmalloc(n * sizeof *dels);

    for (size_t i = 0; i < n; i++) {
        char *name = xasprintf("g%"PRIuSIZE, i);
        dels[i] = step_add_tap(name, multi_queue);
        free(name);
    }
    do_many(w, dels, n);
    for (size_t i = 0; i < n; i++) {
        struct plan_step *add = dels[i];

        assert_null(add->error);
        dels[i] = step_new(PLAN_DEL, add->name, ifindex_of(w, add->name),
                           NULL);
        plan_step_destroy(add);
    }
    return dels;
}

void
free_many(struct plan_step **steps, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        plan_step_destroy(steps[i]);
    }
    free(steps);
}

void
kill_while_doing(struct plan_step *(*step)(int round, int i), int round,
                 unsigned int us)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (!pid) {
        struct world child;

        world_open(&child);
        for (int i = 0; i < 1000; i++) {
            free(world_do(&child, step(round, i)));
        }
        _exit(0);
    }
    usleep(us);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}
