/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/cli/confirm.h"

#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "openvswitch/json.h"
#include "openvswitch/vlog.h"
#include "src/cli/daemon.h"
#include "src/cli/json-view.h"
#include "src/cli/wait.h"
#include "src/store/pending.h"
#include "src/store/store.h"
#include "sset.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(confirm);

/* Least time, in ms, for a question to the daemon, and for the lock. */
#define MIN_TIME 1000

static struct pending_place
place_of(const struct cli *cli)
{
    return (struct pending_place) {
        .state_dir = cli->state_dir,
        .instance = cli->instance,
        .spec_dir = cli->spec_dir,
    };
}

/* Fails a command that ends the pending change: by 'error', which it takes,
 * or because there is none. */
static void
fail_end(struct ctl_context *ctx, char *error)
{
    cli_fail(ctx, CLI_REFUSED, error ? error : xstrdup(
        "no change is pending: none was made, or it was confirmed or "
        "undone already"));
}

/* What is pending, for pending_destroy(), and the time. */
static char *
look(const struct cli *cli, struct pending **p, struct pending_clock *clock)
{
    const struct pending_place place = place_of(cli);

    pending_clock_read(clock);
    return pending_read(&place, p);
}

static const char *
how_to_end(const struct pending *p)
{
    return p->stuck
           ? "somebody else has written what is left of it: \"ovs-portctl "
             "confirm\" keeps that, \"ovs-portctl rollback --force\" puts "
             "back what was there before"
           : "\"ovs-portctl confirm\" makes it final, \"ovs-portctl "
             "rollback\" undoes it";
}

void
confirm_refuse(const struct cli *cli, const struct sset *names,
               struct svec *errors)
{
    struct pending_clock clock;
    struct pending *p;
    char *error = look(cli, &p, &clock);

    if (error) {
        svec_add_nocopy(errors, error);
        return;
    }
    for (size_t i = 0; p && i < p->n; i++) {
        if (sset_contains(names, p->files[i].name)) {
            char *what = pending_describe(p, &clock);

            svec_add_nocopy(errors, xasprintf(
                "%s: takes no edit while a change of it is pending (%s); "
                "%s", p->files[i].name, what, how_to_end(p)));
            free(what);
        }
    }
    pending_destroy(p);
}

/* What keeps the daemon that 'status' is of from undoing a change, or NULL. */
static char *
find_obstacle(const struct cli *cli, const struct json *status)
{
    const struct { const char *member, *own; } dirs[] = {
        { "spec_dir", cli->spec_dir }, { "state_dir", cli->state_dir },
    };
    const char *obstacle = json_view_string(status, "no_rollback",
                                            "it does not know how");

    for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
        const char *its = json_view_string(status, dirs[i].member, "");

        if (*its && !store_is_same_dir(its, dirs[i].own)) {
            return xasprintf("its --%s-dir is %s, not %s",
                             i ? "state" : "spec", its, dirs[i].own);
        }
    }
    return *obstacle ? xstrdup(obstacle) : NULL;
}

enum cli_exit
confirm_check(const struct cli *cli, char **error)
{
    struct pending_clock clock;
    struct json *status;
    struct pending *p;
    char *text;

    *error = look(cli, &p, &clock);
    if (p) {
        text = pending_describe(p, &clock);
        *error = xasprintf("--confirm: a change is pending already (%s); "
                           "%s", text, how_to_end(p));
        free(text);
        pending_destroy(p);
    } else if (!*error && !*clock.boot_id) {
        *error = xstrdup("--confirm: this machine's kernel tells no boot id, "
                         "so a reboot would not be noticed");
    }
    if (*error) {
        return CLI_REFUSED;
    }

    if (daemon_status(cli, cli_ms_left(cli, MIN_TIME), &status, &text)
        != DAEMON_OK) {
        *error = xasprintf("--confirm: nobody would undo the change: %s",
                           text);
        free(text);
        return CLI_ABSENT;
    }
    text = find_obstacle(cli, status);
    json_destroy(status);
    if (text) {
        *error = xasprintf("--confirm: ovs-portd could not undo the change: "
                           "%s", text);
        free(text);
        return CLI_REFUSED;
    }
    return CLI_DONE;
}

/* Who makes the change, for others to read; the caller frees it. */
static char *
who_am_i(void)
{
    const char *sudo = getenv("SUDO_USER");
    const struct passwd *pw = getpwuid(getuid());
    const char *name = (!getuid() && sudo && *sudo ? sudo
                        : pw ? pw->pw_name : "user");

    return xasprintf("%s (process %d)", name, (int) getpid());
}

static char *
write_record(const struct pending_place *place, struct store_edit *edit,
             const struct sset *names, unsigned int secs)
{
    const char **sorted = sset_sort(names);
    char *who = who_am_i();
    struct pending_clock clock;
    struct pending *p;
    char *error = NULL;

    pending_clock_read(&clock);
    p = pending_create(place->spec_dir, who, &clock,
                       clock.now + secs * 1000LL);
    for (size_t i = 0; i < sset_count(names) && !error; i++) {
        const struct store_file *before
            = store_edit_before(edit, sorted[i]);

        if (before && before->state == STORE_UNREADABLE) {
            error = xasprintf("%s, as it could not be put back",
                              before->error);
        } else {
            pending_add(p, sorted[i], before,
                        store_edit_sha256(edit, sorted[i]));
        }
    }
    if (!error) {
        error = pending_write(place, p);
    }
    pending_destroy(p);
    free(who);
    free(sorted);
    return error;
}

char *
confirm_commit(const struct cli *cli, struct store_edit *edit,
               const struct sset *names, unsigned int secs)
{
    const struct pending_place place = place_of(cli);
    char *error = write_record(&place, edit, names, secs);
    bool recorded = !error;

    if (!error) {
        error = store_edit_write(edit);
    }
    store_edit_abort(edit);
    if (error && recorded) {
        struct pending_clock clock;
        struct pending_end end;

        pending_clock_read(&clock);
        pending_end_init(&end);
        char *more = pending_rollback(&place, &clock, 0, MIN_TIME, &end);
        if (more) {
            VLOG_WARN("%s", more);
            free(more);
        }
        pending_end_destroy(&end);
    }
    return error;
}

void
confirm_note(const struct cli *cli)
{
    struct pending_clock clock;
    struct pending *p;
    char *error = look(cli, &p, &clock);

    if (error) {
        cli_note("%s", error);
        free(error);
    } else if (p) {
        char *what = pending_describe(p, &clock);

        cli_note("a change of %"PRIuSIZE" file%s is pending (%s); %s",
                 p->n, p->n == 1 ? "" : "s", what, how_to_end(p));
        free(what);
    }
    pending_destroy(p);
}

/* Commands. */

static int
lock_ms(const struct cli *cli)
{
    int left = cli_ms_left(cli, MIN_TIME);

    return left < 0 ? INT_MAX : left;
}

/* Has the daemon look, whatever it says: what was held may go now. */
static void
nudge(const struct cli *cli, const struct svec *targets)
{
    struct svec argv = SVEC_EMPTY_INITIALIZER;
    char *text;

    svec_add(&argv, "db");
    svec_add(&argv, "0");
    svec_append(&argv, targets);
    daemon_call(cli, "sync", argv.names, argv.n, cli_ms_left(cli, MIN_TIME),
                &text);
    free(text);
    svec_destroy(&argv);
}

/* Says what --dry-run would do. */
static void
preview(struct ctl_context *ctx, const char *what)
{
    struct pending_clock clock;
    struct pending *p;
    char *error = look(cli_of(ctx), &p, &clock);

    if (error || !p) {
        cli_fail(ctx, CLI_REFUSED, error ? error
                 : xstrdup("no change is pending"));
        return;
    }
    for (size_t i = 0; i < p->n; i++) {
        ds_put_format(&ctx->output, "would %s: %s\n", what,
                      p->files[i].name);
    }
    pending_destroy(p);
}

void
cmd_confirm(struct ctl_context *ctx)
{
    struct cli *cli = cli_of(ctx);
    const struct pending_place place = place_of(cli);
    struct pending_clock clock;
    struct pending_end end;
    char *error;

    if (cli->failed) {
        cli_fail(ctx, CLI_REFUSED, xstrdup(
            "not confirmed, as something before it in this chain failed"));
        return;
    } else if (cli->dry_run) {
        preview(ctx, "confirm");
        return;
    }
    pending_clock_read(&clock);
    pending_end_init(&end);
    error = pending_confirm(&place, &clock, lock_ms(cli), &end);
    if (error || end.none) {
        fail_end(ctx, error);
    } else {
        VLOG_INFO("confirmed by %s", cli->line);
        nudge(cli, &end.targets);
        if (end.n_never) {
            cli_note("%"PRIuSIZE" of the files are as before the change: its "
                     "apply was cut off", end.n_never);
        }
        ds_put_format(&ctx->output, "confirmed: %"PRIuSIZE" file%s\n",
                      end.targets.n, end.targets.n == 1 ? "" : "s");
    }
    pending_end_destroy(&end);
}

/* What has become of the files; returns the exit code. */
static enum cli_exit
finish_rollback(struct cli *cli, const struct pending_end *end)
{
    enum cli_exit status = CLI_DONE;

    for (size_t i = 0; i < end->others.n; i++) {
        cli_say(end->others.names[i]);
    }
    if (end->n_undone || !end->others.n) {
        status = cli_wait(cli, &end->targets, NULL, true, true,
                          end->n_undone);
    }
    if (end->others.n) {
        ovs_error(0, "not all files could be put back");
        status = end->n_undone ? CLI_FAILED : CLI_REFUSED;
    }
    return status;
}

void
cmd_rollback(struct ctl_context *ctx)
{
    struct cli *cli = cli_of(ctx);
    const struct pending_place place = place_of(cli);
    bool force = shash_find(&ctx->options, "--force");
    struct pending_clock clock;
    struct pending_end end;
    char *error;

    if (cli->dry_run) {
        preview(ctx, "roll back");
        return;
    }
    pending_clock_read(&clock);
    pending_end_init(&end);
    error = pending_rollback(&place, &clock, force ? PENDING_FORCE : 0,
                             lock_ms(cli), &end);
    if (error || end.none) {
        fail_end(ctx, error);
    } else {
        VLOG_INFO("rolled back by %s", cli->line);
        cli->status = finish_rollback(cli, &end);
    }
    pending_end_destroy(&end);
}
