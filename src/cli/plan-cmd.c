/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include "src/cli/cli.h"
#include "src/cli/plan-view.h"
#include "src/cli/world.h"
#include "util.h"

static void
print_plan(struct ctl_context *ctx, const struct world *w)
{
    struct cli *cli = cli_of(ctx);
    struct svec errors = SVEC_EMPTY_INITIALIZER;
    struct plan plan;

    world_errors(w, &errors);
    for (size_t i = 0; i < errors.n; i++) {
        cli_say(errors.names[i]);
    }
    svec_destroy(&errors);

    plan_init(&plan);
    plan_view_all(w, true, &plan);
    if (cli->style.table || cli->style.columns) {
        cli_print_plan_table(ctx, &plan);
    } else {
        plan_view_print(cli, &plan, &ctx->output);
    }
    if (plan.n_steps && shash_find(&ctx->options, "--exit-code")) {
        cli->status = CLI_CHANGES;
    }
    plan_destroy(&plan);
}

void
cmd_plan(struct ctl_context *ctx)
{
    struct cli *cli = cli_of(ctx);
    struct world w;
    char *error;
    enum cli_exit code = world_open(cli, cli->spec_dir, true, &w, &error);
    if (code) {
        cli_fail(ctx, code, error);
    } else {
        print_plan(ctx, &w);
    }
    world_close(&w);
}
