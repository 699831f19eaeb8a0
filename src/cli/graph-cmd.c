/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "openvswitch/json.h"
#include "src/cli/cli.h"
#include "src/cli/daemon.h"
#include "src/cli/graph.h"
#include "src/cli/json-view.h"
#include "src/cli/world.h"
#include "timeval.h"
#include "util.h"

extern char **environ;

/* dot is asked so often if it is done. */
#define DOT_POLL_MS 5

/* Object id -> state, as the daemon tells, or false. */
static bool
ask_states(const struct cli *cli, struct shash *states)
{
    struct json *status;
    char *text;

    if (daemon_look(cli, &status, &text) != DAEMON_OK) {
        cli_note("%s; states are left out", text);
        free(text);
        return false;
    }

    const struct json *objects = json_view(status, "objects");
    for (size_t i = 0; i < json_view_n(objects); i++) {
        const struct json *object = json_view_element(objects, i);
        const char *id = json_view_string(object, "object", NULL);

        if (id) {
            shash_replace(states, id, xstrdup(
                              json_view_string(object, "state", "")));
        }
    }
    json_destroy(status);
    return true;
}

/* A file without a name that holds 'text', to be read from its start; -1 on
 * failure. */
static int
make_file(const char *text, size_t len)
{
    int fd = memfd_create("graph", MFD_CLOEXEC);

    if (fd >= 0 && (write(fd, text, len) != (ssize_t) len
                    || lseek(fd, 0, SEEK_SET))) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static char *
read_file(int fd, struct ds *out)
{
    char buffer[4096];
    ssize_t n;

    if (lseek(fd, 0, SEEK_SET)) {
        return xasprintf("dot: its output cannot be read (%s)",
                         ovs_strerror(errno));
    }
    while ((n = read(fd, buffer, sizeof buffer)) > 0) {
        ds_put_buffer(out, buffer, n);
    }
    return (n < 0 ? xasprintf("dot: its output cannot be read (%s)",
                              ovs_strerror(errno)) : NULL);
}

/* Waits for dot, until the timeout; returns NULL or what became of it. */
static char *
wait_for_dot(const struct cli *cli, pid_t pid)
{
    int status;

    for (;;) {
        pid_t done = waitpid(pid, &status, WNOHANG);

        if (done == pid) {
            break;
        } else if (done < 0 && errno != EINTR) {
            return xasprintf("dot: %s", ovs_strerror(errno));
        } else if (!cli_ms_left(cli, 0)) {
            kill(pid, SIGKILL);
            waitpid(pid, &status, 0);
            return xasprintf("dot was not done within %u s; give it more "
                             "with --timeout", cli->timeout);
        }
        usleep(DOT_POLL_MS * 1000);
    }
    return (WIFEXITED(status) && !WEXITSTATUS(status) ? NULL
            : xstrdup("dot failed; the graph without --svg is what it was "
                      "given"));
}

/* Has Graphviz' dot, without a shell, draw 'in' as 'out'. */
static char *
run_dot(const struct cli *cli, const struct ds *in, struct ds *out)
{
    char *argv[] = { CONST_CAST(char *, "dot"), CONST_CAST(char *, "-Tsvg"),
                     NULL };
    int from = make_file(in->string, in->length);
    int to = make_file("", 0);
    char *error = NULL;

    if (from < 0 || to < 0) {
        error = xasprintf("memfd_create: %s", ovs_strerror(errno));
    } else {
        posix_spawn_file_actions_t actions;
        pid_t pid;

        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, from, STDIN_FILENO);
        posix_spawn_file_actions_adddup2(&actions, to, STDOUT_FILENO);
        int retval = posix_spawnp(&pid, argv[0], &actions, NULL, argv,
                                  environ);
        posix_spawn_file_actions_destroy(&actions);
        error = (retval == ENOENT
                 ? xstrdup("--svg needs the program dot, which is not "
                           "installed (package graphviz); without --svg, "
                           "the graph can be drawn elsewhere")
                 : retval ? xasprintf("dot: %s", ovs_strerror(retval))
                 : wait_for_dot(cli, pid));
        if (!error) {
            error = read_file(to, out);
        }
    }
    if (from >= 0) {
        close(from);
    }
    if (to >= 0) {
        close(to);
    }
    return error;
}

void
cmd_graph(struct ctl_context *ctx)
{
    struct cli *cli = cli_of(ctx);
    struct shash states = SHASH_INITIALIZER(&states);
    struct svec errors = SVEC_EMPTY_INITIALIZER;
    struct ds dot = DS_EMPTY_INITIALIZER;
    struct world w;
    char *error;
    enum cli_exit code = world_open(cli, cli->spec_dir, false, &w, &error);

    if (code) {
        cli_fail(ctx, code, error);
    } else {
        bool known = ask_states(cli, &states);

        world_errors(&w, &errors);
        for (size_t i = 0; i < errors.n; i++) {
            cli_say(errors.names[i]);
        }
        graph_format(w.wanted, known ? &states : NULL, &dot);
        if (!shash_find(&ctx->options, "--svg")) {
            ds_put_cstr(&ctx->output, ds_cstr(&dot));
        } else {
            error = run_dot(cli, &dot, &ctx->output);
            if (error) {
                cli_fail(ctx, CLI_REFUSED, error);
            }
        }
    }
    shash_destroy_free_data(&states);
    svec_destroy(&errors);
    ds_destroy(&dot);
    world_close(&w);
}
