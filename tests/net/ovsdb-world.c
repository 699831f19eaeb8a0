/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "src/plan/planner.h"
#include "svec.h"
#include "tests/net/ovsdb-world.h"
#include "timeval.h"
#include "util.h"

static char *
path_in(const struct server *s, const char *name)
{
    return xasprintf("%s/%s", s->dir, name);
}

pid_t
server_spawn(const struct server *s, const char *output,
             const char *const argv[])
{
    char *path = path_in(s, output);
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (!pid) {
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        const char *search = getenv("PATH");
        char *with_sbin = xasprintf("%s:/usr/sbin:/sbin",
                                    search ? search : "/usr/bin:/bin");

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        setenv("PATH", with_sbin, 1);
        setenv("OVS_RUNDIR", s->dir, 1);
        dup2(fd, STDOUT_FILENO);
        dup2(fd, STDERR_FILENO);
        execvp(argv[0], CONST_CAST(char *const *, argv));
        _exit(127);
    }
    free(path);
    return pid;
}

int
wait_for_exit(pid_t pid)
{
    int status;

    while (waitpid(pid, &status, 0) < 0) {
        assert_int_equal(errno, EINTR);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static char *
read_output(const struct server *s, const char *name)
{
    char *path = path_in(s, name);
    FILE *file = fopen(path, "r");
    struct ds text = DS_EMPTY_INITIALIZER;
    int c;

    assert_non_null(file);
    while ((c = getc(file)) != EOF) {
        ds_put_char(&text, c);
    }
    fclose(file);
    free(path);
    ds_chomp(&text, '\n');
    return ds_steal_cstr(&text);
}

static void
create_database(struct server *s)
{
    const char *schema = getenv("OVS_SCHEMA");
    const char *argv[] = {
        "ovsdb-tool", "create", s->database,
        schema ? schema : "/usr/share/openvswitch/vswitch.ovsschema", NULL
    };

    assert_int_equal(wait_for_exit(server_spawn(s, "tool.out", argv)), 0);
}

void
server_init(struct server *s, bool init)
{
    char template[] = "/tmp/test-ovsdb-XXXXXX";

    assert_non_null(mkdtemp(template));
    s->dir = xstrdup(template);
    s->remote = xasprintf("unix:%s/db.sock", s->dir);
    s->database = path_in(s, "conf.db");
    s->pid = 0;
    create_database(s);
    server_start(s);
    if (init) {
        free(vsctl(s, "init", NULL));
    }
}

void
server_start(struct server *s)
{
    char *sock = path_in(s, "db.sock");
    char *remote = xasprintf("--remote=punix:%s", sock);
    char *ctl = xasprintf("--unixctl=%s/ovsdb-server.ctl", s->dir);
    char *pidfile = xasprintf("--pidfile=%s/ovsdb-server.pid", s->dir);
    const char *argv[] = {
        "ovsdb-server", "-vconsole:off", "-vsyslog:off", remote, ctl, pidfile,
        s->database, NULL
    };

    unlink(sock);
    s->pid = server_spawn(s, "server.out", argv);
    for (int i = 0; access(sock, F_OK); i++) {
        assert_int_equal(waitpid(s->pid, NULL, WNOHANG), 0);
        assert_true(i < 1000);
        usleep(10000);
    }
    free(sock);
    free(remote);
    free(ctl);
    free(pidfile);
}

void
server_kill(struct server *s)
{
    if (s->pid) {
        kill(s->pid, SIGKILL);
        wait_for_exit(s->pid);
        s->pid = 0;
    }
}

void
server_empty(struct server *s)
{
    char *lock = path_in(s, ".conf.db.~lock~");

    unlink(s->database);
    unlink(lock);
    free(lock);
    create_database(s);
}

void
server_destroy(struct server *s)
{
    DIR *dir;
    struct dirent *entry;

    server_kill(s);
    dir = opendir(s->dir);
    while (dir && (entry = readdir(dir))) {
        char *path = path_in(s, entry->d_name);
        unlink(path);
        free(path);
    }
    closedir(dir);
    assert_int_equal(rmdir(s->dir), 0);
    free(s->dir);
    free(s->remote);
    free(s->database);
}

static char *
vsctl__(const struct server *s, const struct svec *args)
{
    struct svec argv = SVEC_EMPTY_INITIALIZER;
    char *output;
    int code;

    svec_add(&argv, "ovs-vsctl");
    svec_add_nocopy(&argv, xasprintf("--db=%s", s->remote));
    svec_add(&argv, "--no-wait");
    svec_add(&argv, "--timeout=20");
    svec_append(&argv, args);
    svec_terminate(&argv);
    code = wait_for_exit(server_spawn(
        s, "vsctl.out", CONST_CAST(const char *const *, argv.names)));
    output = read_output(s, "vsctl.out");
    if (code) {
        fail_msg("ovs-vsctl: %s", output);
    }
    svec_destroy(&argv);
    return output;
}

char *
vsctl(const struct server *s, ...)
{
    struct svec args_vec = SVEC_EMPTY_INITIALIZER;
    const char *arg;
    char *output;
    va_list args;

    va_start(args, s);
    while ((arg = va_arg(args, const char *))) {
        svec_add(&args_vec, arg);
    }
    va_end(args);
    output = vsctl__(s, &args_vec);
    svec_destroy(&args_vec);
    return output;
}

void
expect(const struct server *s, const char *table, const char *row,
       const char *column, const char *want)
{
    char *have = vsctl(s, "--if-exists", "get", table, row, column, NULL);

    assert_string_equal(have, want);
    free(have);
}

void
client_init(struct client *c, const struct server *s, const char *instance,
            bool lock)
{
    model_observed_init(&c->model, instance, "boot");
    c->db = db_open(s->remote, &c->model, lock);
}

void
client_destroy(struct client *c)
{
    db_close(c->db);
    model_observed_destroy(&c->model);
}

bool
client_run(struct client *c, bool (*done)(const struct client *),
           int timeout)
{
    long long int deadline = time_msec() + timeout;

    for (;;) {
        db_run(c->db);
        if (done(c) || time_msec() >= deadline) {
            return done(c);
        }
        db_wait(c->db);
        poll_timer_wait_until(deadline);
        poll_block();
    }
}

bool
is_writable(const struct client *c)
{
    return db_can_write(c->db);
}

bool
is_complete(const struct client *c)
{
    return c->model.db_complete;
}

bool
is_incomplete(const struct client *c)
{
    return !c->model.db_complete;
}

static bool
never(const struct client *c OVS_UNUSED)
{
    return false;
}

void
client_settle(struct client *c, int ms)
{
    client_run(c, never, ms);
}

void
client_commit(struct client *c, struct plan *plan)
{
    long long int deadline = time_msec() + 30000;

    assert_true(client_run(c, is_writable, 10000));
    db_txn_start(c->db, plan->steps, plan->n_steps);
    while (!db_txn_run(c->db)) {
        assert_true(time_msec() < deadline);
        db_wait(c->db);
        poll_block();
        db_run(c->db);
    }
    assert_false(db_txn_in_flight(c->db));
}

const char *
port_field(const struct client *c, const char *name, const char *field)
{
    const struct model_port *port = model_observed_port(&c->model, name);
    return port ? smap_get(&port->row.fields, field) : NULL;
}

const char *
iface_field(const struct client *c, const char *name, const char *iface,
            const char *field)
{
    const struct model_port *port = model_observed_port(&c->model, name);
    const struct model_iface *i = port ? model_port_find_iface(port, iface)
                                  : NULL;
    return i ? smap_get(&i->row.fields, field) : NULL;
}

const char *
bridge_field(const struct client *c, const char *name, const char *field)
{
    const struct model_bridge *bridge = model_observed_bridge(&c->model, name);
    return bridge ? smap_get(&bridge->row.fields, field) : NULL;
}

struct plan_step *
step(struct plan *plan, enum plan_op op, enum plan_what what,
     const char *object, const char *name, const char *parent, ...)
{
    struct plan_step *s = plan_add_step(plan, op, what, object, name, parent);
    const char *field;
    va_list args;

    if (op == PLAN_ADD) {
        char *mark = model_mark("main", object);
        plan_step_change(s, MODEL_MARK, NULL, mark);
        free(mark);
    }
    va_start(args, parent);
    while ((field = va_arg(args, const char *))) {
        plan_step_change(s, field, NULL, va_arg(args, const char *));
    }
    va_end(args);
    return s;
}

void
add_port(struct plan *plan, const char *object, const char *name,
         const char *bridge, const char *tag)
{
    step(plan, PLAN_ADD, PLAN_PORT, object, name, bridge,
         tag ? "tag" : NULL, tag, NULL);
    step(plan, PLAN_ADD, PLAN_INTERFACE, object, name, name, NULL);
}

struct plan_step *
find_step(const struct plan *plan, enum plan_what what, const char *name)
{
    for (size_t i = 0; i < plan->n_steps; i++) {
        if (plan->steps[i]->what == what
            && !strcmp(plan->steps[i]->name, name)) {
            return plan->steps[i];
        }
    }
    fail_msg("no step for %s", name);
    return NULL;
}

/* A client that writes. */

void
world_init(struct world *w)
{
    server_init(&w->s, true);
    client_init(&w->c, &w->s, "main", true);
    plan_init(&w->plan);
    assert_true(client_run(&w->c, is_writable, 10000));
}

void
world_destroy(struct world *w)
{
    plan_destroy(&w->plan);
    client_destroy(&w->c);
    server_destroy(&w->s);
}

void
commit(struct world *w)
{
    client_commit(&w->c, &w->plan);
    for (size_t i = 0; i < w->plan.n_steps; i++) {
        if (w->plan.steps[i]->error) {
            fail_msg("%s: %s", w->plan.steps[i]->name,
                     w->plan.steps[i]->error);
        }
    }
    plan_clear(&w->plan);
}

void
refuse(struct world *w, enum plan_what what, const char *name,
       const char *text)
{
    const struct plan_step *s;

    client_commit(&w->c, &w->plan);
    s = find_step(&w->plan, what, name);
    assert_non_null(s->error);
    if (!strstr(s->error, text)) {
        fail_msg("\"%s\" does not say \"%s\"", s->error, text);
    }
    plan_clear(&w->plan);
}

void
add_bridge(struct world *w, const char *name)
{
    char *id = xasprintf("bridge:%s", name);

    step(&w->plan, PLAN_ADD, PLAN_BRIDGE, id, name, NULL,
         "datapath_type", "netdev", NULL);
    step(&w->plan, PLAN_ADD, PLAN_PORT, id, name, name, NULL);
    step(&w->plan, PLAN_ADD, PLAN_INTERFACE, id, name, name,
         "type", "internal", NULL);
    free(id);
}
