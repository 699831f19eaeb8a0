/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "openvswitch/json.h"
#include "src/cli/cli.h"
#include "src/cli/plan-view.h"
#include "src/cli/wait.h"
#include "src/cli/world.h"
#include "src/host/host.h"
#include "src/host/plan-json.h"
#include "sset.h"
#include "svec.h"
#include "util.h"

/* "adopt": shows what the daemon would take over and what would follow from
 * it, asks, and has the daemon do it. */

struct adopt {
    struct ctl_context *ctx;
    struct cli *cli;
    struct plan_allowed allowed;
    bool all;
    struct world w;
    struct sset ids;            /* Named, or all that are in conflict. */
    struct svec good;           /* Those that may adopt something. */
    size_t n_refused;
    struct json *json;
};

static bool
is_in_conflict(const struct world *w, const char *id)
{
    struct plan_verdict verdict;
    struct plan plan;

    plan_init(&plan);
    world_plan(w, id, &plan, &verdict);
    bool conflict = verdict.state == MODEL_CONFLICT;
    plan_verdict_destroy(&verdict);
    plan_destroy(&plan);
    return conflict;
}

static void
choose(struct adopt *a)
{
    struct sset ids = SSET_INITIALIZER(&ids);
    const char *id;

    for (int i = 1; i < a->ctx->argc; i++) {
        sset_add(&a->ids, a->ctx->argv[i]);
    }
    if (a->all) {
        host_all(a->w.host, &ids);
        SSET_FOR_EACH (id, &ids) {
            if (is_in_conflict(&a->w, id)) {
                sset_add(&a->ids, id);
            }
        }
    }
    sset_destroy(&ids);
}

static void
add_json(struct adopt *a, const char *id, const struct adoption *adoption)
{
    struct json *json = json_object_create();

    json_object_put_string(json, "object", id);
    json_object_put(json, "refused", (adoption->refusal
                                      ? json_string_create(adoption->refusal)
                                      : json_null_create()));
    json_object_put(json, "adopts", plan_json(&adoption->stamps));
    json_object_put(json, "then", plan_json(&adoption->rest));
    json_array_add(a->json, json);
}

static void
show_one(struct adopt *a, const char *id)
{
    struct ds *out = &a->ctx->output;
    struct adoption adoption;

    world_adopt(&a->w, id, &a->allowed, &adoption);
    if (a->json) {
        add_json(a, id, &adoption);
    }
    if (adoption.refusal) {
        a->n_refused++;
        cli_note("%s: not adopted: %s", id, adoption.refusal);
    } else if (!adoption.stamps.n_steps) {
        cli_note("%s: there is nothing to adopt", id);
    } else {
        svec_add(&a->good, id);
        if (!a->json) {
            char *what = adoption_describe(&adoption);

            ds_put_format(out, "%s: adopt ", id);
            output_put_safe(out, what);
            ds_put_char(out, '\n');
            free(what);
            plan_view_steps(a->cli, &adoption.rest, out);
        }
    }
    adoption_destroy(&adoption);
}

static void
show(struct adopt *a)
{
    const char **names = sset_sort(&a->ids);

    a->json = a->cli->style.table ? json_array_create_empty() : NULL;
    for (size_t i = 0; i < sset_count(&a->ids); i++) {
        show_one(a, names[i]);
    }
    free(names);
    if (a->json) {
        output_json(a->json, &a->cli->style, &a->ctx->output);
        json_destroy(a->json);
    } else if (!a->good.n) {
        ds_put_cstr(&a->ctx->output, "Nothing to adopt.\n");
    }
    /* Before the question, and before the wait. */
    fputs(ds_cstr(&a->ctx->output), stdout);
    fflush(stdout);
    ds_clear(&a->ctx->output);
}

/* Whether the operator agrees.  Who is not at a terminal has to say so in
 * advance. */
static bool
is_agreed(struct adopt *a)
{
    char answer[16];

    if (shash_find(&a->ctx->options, "--yes")) {
        return true;
    } else if (!isatty(STDIN_FILENO)) {
        cli_fail(a->ctx, CLI_REFUSED,
                 xstrdup("nothing was adopted; say --yes to have it done "
                         "without a question"));
        return false;
    }
    fprintf(stderr, "Adopt %"PRIuSIZE" object%s? [y/N] ", a->good.n,
            a->good.n == 1 ? "" : "s");
    fflush(stderr);
    if (fgets(answer, sizeof answer, stdin)
        && (answer[0] == 'y' || answer[0] == 'Y')) {
        return true;
    }
    cli_fail(a->ctx, CLI_REFUSED, xstrdup("nothing was adopted"));
    return false;
}

static char *
format_allowed(const struct plan_allowed *allowed)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    for (enum plan_impact i = 0; i < ARRAY_SIZE(allowed->impacts); i++) {
        if (allowed->impacts[i]) {
            ds_put_format(&ds, "%s%s", ds.length ? "," : "--allow=",
                          plan_impact_name(i));
        }
    }
    return ds_steal_cstr(&ds);
}

static void
do_it(struct adopt *a)
{
    struct svec argv = SVEC_EMPTY_INITIALIZER;

    svec_add_nocopy(&argv, format_allowed(&a->allowed));
    svec_append(&argv, &a->good);
    if (cli_tell_daemon(a->ctx, "adopt", argv.names, argv.n)) {
        ds_clear(&a->ctx->output);  /* It is what was shown already. */
        svec_clear(&argv);
        for (size_t i = 0; i < a->good.n; i++) {
            svec_add_nocopy(&argv, xasprintf("about=%s", a->good.names[i]));
        }
        a->cli->status = cli_wait(a->cli, &argv, NULL, false, false, false);
    }
    svec_destroy(&argv);
}

static void
run(struct adopt *a)
{
    choose(a);
    show(a);
    if (a->n_refused && (!a->all || !a->good.n)) {
        cli_fail(a->ctx, CLI_REFUSED, xstrdup("nothing was adopted"));
    } else if (a->good.n && !a->cli->dry_run && is_agreed(a)) {
        do_it(a);
    }
    if (a->n_refused && a->cli->status == CLI_DONE) {
        a->cli->status = CLI_FAILED;
    }
}

/* The command line: what is wrong with it, or NULL. */
static char *
parse(struct adopt *a)
{
    const char *allow = shash_find_data(&a->ctx->options, "--allow");

    a->all = shash_find(&a->ctx->options, "--all");
    if (a->all == (a->ctx->argc > 1)) {
        return xstrdup("adopt: name the objects to adopt, or give --all");
    } else if (a->cli->style.table && a->cli->table.format != TF_JSON) {
        return xstrdup("adopt: of the formats there is only json, beside "
                       "the one for people");
    }
    return allow ? plan_allow(&a->allowed, allow) : NULL;
}

void
cmd_adopt(struct ctl_context *ctx)
{
    struct adopt a = {
        .ctx = ctx,
        .cli = cli_of(ctx),
        .allowed = PLAN_ALLOWED_INITIALIZER,
        .ids = SSET_INITIALIZER(&a.ids),
        .good = SVEC_EMPTY_INITIALIZER,
    };
    char *error = parse(&a);

    if (error) {
        cli_fail(ctx, CLI_REFUSED, error);
        return;
    }
    enum cli_exit code = world_open(a.cli, a.cli->spec_dir, true, &a.w,
                                    &error);
    if (code) {
        cli_fail(ctx, code, error);
    } else {
        run(&a);
    }
    world_close(&a.w);
    sset_destroy(&a.ids);
    svec_destroy(&a.good);
}
