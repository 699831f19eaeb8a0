/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/cli/apply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "src/cli/confirm.h"
#include "src/cli/edit.h"
#include "src/cli/lint.h"
#include "src/cli/plan-view.h"
#include "src/cli/world.h"
#include "src/plan/plan.h"
#include "src/store/store.h"
#include "sset.h"
#include "util.h"

void
apply_destroy(struct apply *apply)
{
    if (apply) {
        source_destroy(&apply->source);
        free(apply);
    }
}

/* Files. */

static void
open_files(struct world *w, const struct shash *files, struct lint *l)
{
    world_init(w);
    world_put_files(w, files);
    lint_init(l, &w->specs, w->wanted);
    lint_run(l);
}

static void
close_files(struct world *w, struct lint *l)
{
    lint_destroy(l);
    world_close(w);
}

/* A finding as the parser words its messages, with 'file' for its name; for
 * the caller to free. */
static char *
format_finding(const struct lint_finding *f, const char *file)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    ds_put_cstr(&ds, file);
    if (f->line) {
        ds_put_format(&ds, ":%u:%u", f->line, f->column);
    }
    ds_put_format(&ds, ": %s%s%s", f->pointer, *f->pointer ? ": " : "",
                  f->text);
    return ds_steal_cstr(&ds);
}

/* Adds the errors of 'files', as messages. */
static void
find_errors(const struct shash *files, struct sset *errors)
{
    struct world w;
    struct lint l;

    open_files(&w, files, &l);
    for (size_t i = 0; i < l.n; i++) {
        if (l.findings[i].severity == LINT_ERROR) {
            sset_add_and_free(errors, format_finding(&l.findings[i],
                                                     l.findings[i].file));
        }
    }
    close_files(&w, &l);
}

void
apply_check_files(const struct apply *apply, const struct shash *before,
                  const struct shash *after, const struct sset *changed,
                  struct svec *errors)
{
    struct sset old = SSET_INITIALIZER(&old);
    struct world w;
    struct lint l;

    find_errors(before, &old);
    open_files(&w, after, &l);
    for (size_t i = 0; i < l.n; i++) {
        const struct lint_finding *f = &l.findings[i];
        const char *path = source_path(&apply->source, f->file);
        char *message = format_finding(f, f->file);

        if (f->severity == LINT_ERROR
            && (sset_contains(changed, f->file)
                || !sset_contains(&old, message))) {
            svec_add_nocopy(errors, format_finding(f, path ? path : f->file));
        }
        free(message);
    }
    close_files(&w, &l);
    sset_destroy(&old);
}

/* Blast radius. */

static char *
step_key(const struct plan_step *step)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    ds_put_format(&ds, "%s: ", step->object);
    plan_step_format(step, &ds);
    return ds_steal_cstr(&ds);
}

/* Drops the steps of 'plan' that 'before' holds as well: they are due whether
 * or not the edit is made. */
static void
keep_new(struct plan *plan, const struct plan *before)
{
    struct sset keys = SSET_INITIALIZER(&keys);
    size_t n = 0;

    for (size_t i = 0; i < before->n_steps; i++) {
        sset_add_and_free(&keys, step_key(before->steps[i]));
    }
    for (size_t i = 0; i < plan->n_steps; i++) {
        char *key = step_key(plan->steps[i]);

        if (sset_contains(&keys, key)) {
            plan_step_destroy(plan->steps[i]);
        } else {
            plan->steps[n++] = plan->steps[i];
        }
        free(key);
    }
    plan->n_steps = n;
    sset_destroy(&keys);
}

/* Puts the edit's files in the place of those before it. */
static void
put_edit(struct world *w, const struct edit *edit)
{
    const struct shash *after = edit_files(edit);
    struct sset changed = SSET_INITIALIZER(&changed);
    struct shash put = SHASH_INITIALIZER(&put);
    const char *name;

    edit_changed(edit, &changed);
    SSET_FOR_EACH (name, &changed) {
        const struct store_file *file = shash_find_data(after, name);

        if (file) {
            shash_add(&put, name, file);
        } else {
            world_remove_file(w, name);
        }
    }
    world_put_files(w, &put);
    shash_destroy(&put);
    sset_destroy(&changed);
}

/* Plans what 'edit' would do, on top of what is to be done without it. */
static enum cli_exit
plan_edit(const struct cli *cli, const struct edit *edit, struct plan *plan,
          char **error)
{
    enum cli_exit status;
    struct plan before;
    struct world w;

    plan_init(&before);
    world_init(&w);
    status = world_open_host(cli, &w, error);
    if (!status) {
        world_put_files(&w, edit_files_before(edit));
        status = world_observe(cli, &w, error);
    }
    if (!status) {
        world_set_fuses(&w);
        plan_view_all(&w, false, &before);
        put_edit(&w, edit);
        world_set_fuses(&w);
        plan_view_all(&w, false, plan);
        keep_new(plan, &before);
    }
    world_close(&w);
    plan_destroy(&before);
    return status;
}

/* Says which steps of 'plan' are not allowed.  Returns CLI_DONE if all are. */
static enum cli_exit
judge_steps(const struct cli *cli, const struct plan *plan)
{
    struct sset needed = SSET_INITIALIZER(&needed);
    struct ds ds = DS_EMPTY_INITIALIZER;

    for (size_t i = 0; i < plan->n_steps; i++) {
        const struct plan_step *step = plan->steps[i];

        if (!cli->apply->allowed.impacts[step->impact]) {
            char *key = step_key(step);

            sset_add(&needed, plan_impact_name(step->impact));
            ds_put_cstr(&ds, "    ");
            output_put_safe(&ds, key);
            ds_put_char(&ds, '\n');
            free(key);
        }
    }

    bool refused = ds.length > 0;
    if (refused) {
        char *allow = sset_join(&needed, ",", "");

        ovs_error(0, "refused, as these steps are not %s; no file was "
                  "changed:", plan_impact_name(PLAN_HITLESS));
        cli_say(ds_cstr(&ds));
        cli_note("--allow=%s lets them go ahead", allow);
        free(allow);
    }
    ds_destroy(&ds);
    sset_destroy(&needed);
    return refused ? CLI_REFUSED : CLI_DONE;
}

static enum cli_exit
judge_plan(struct cli *cli)
{
    const bool *allowed = cli->apply->allowed.impacts;
    enum cli_exit status;
    struct plan plan;
    char *error = NULL;

    if (allowed[PLAN_READD] && allowed[PLAN_VM_RESTART] && !cli->dry_run) {
        return CLI_DONE;        /* Where there is no Open vSwitch yet, too. */
    }
    plan_init(&plan);
    status = plan_edit(cli, cli->edit, &plan, &error);
    if (status) {
        ovs_error(0, "what this would do cannot be told, so no file was "
                  "changed: %s", error);
        free(error);
    } else {
        if (cli->dry_run) {
            struct ds ds = DS_EMPTY_INITIALIZER;

            plan_view_print(cli, &plan, &ds);
            fputs(ds_cstr(&ds), stdout);
            fflush(stdout);
            ds_destroy(&ds);
        }
        status = judge_steps(cli, &plan);
    }
    plan_destroy(&plan);
    return status;
}

enum cli_exit
apply_judge(struct cli *cli)
{
    enum cli_exit status = CLI_DONE;
    char *error = NULL;

    if (!cli->apply) {
        return CLI_DONE;
    }
    if (cli->apply->confirm) {
        status = confirm_check(cli, &error);
    }
    if (status) {
        ovs_error(0, "%s; no file was changed", error);
        free(error);
        return status;
    }
    return judge_plan(cli);
}
