/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/cli/cli.h"

#include "src/host/plan-json.h"
#include "src/plan/plan.h"
#include "util.h"

static const char *const headings[] = {
    "object", "op", "what", "name", "parent", "impact", "after", "changes",
    NULL
};

static const char *const ops[] = {
    [PLAN_ADD] = "+", [PLAN_SET] = "~", [PLAN_DEL] = "-"
};

void
cli_print_plan_table(struct ctl_context *ctx, const struct plan *plan)
{
    struct cli *cli = cli_of(ctx);
    struct output o;

    if (cli->style.table && cli->table.format == TF_JSON
        && !cli->style.columns) {
        struct json *json = plan_json(plan);

        output_json(json, &cli->style, &ctx->output);
        json_destroy(json);
        return;
    }
    output_init(&o, headings);
    o.text_last = true;
    o.objects = true;
    for (size_t i = 0; i < plan->n_steps; i++) {
        const struct plan_step *step = plan->steps[i];
        struct ds changes = DS_EMPTY_INITIALIZER;

        plan_step_format_changes(step, &changes);
        output_text(&o, step->object);
        output_text(&o, ops[step->op]);
        output_text(&o, plan_what_name(step->what));
        output_text(&o, step->name);
        output_text(&o, step->parent ? step->parent : "");
        output_text(&o, plan_impact_name(step->impact));
        output_text(&o, step->after ? step->after : "");
        output_text(&o, ds_cstr(&changes));
        ds_destroy(&changes);
    }
    cli_print(ctx, &o);
    output_destroy(&o);
}
