/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/cli/plan-view.h"

#include <stdlib.h>
#include <string.h>
#include "src/cli/cli.h"
#include "src/cli/world.h"
#include "src/host/host.h"
#include "sset.h"
#include "util.h"

void
plan_view_all(const struct world *w, bool say, struct plan *plan)
{
    struct sset ids = SSET_INITIALIZER(&ids);

    host_all(w->host, &ids);
    const char **names = sset_sort(&ids);
    for (size_t i = 0; i < sset_count(&ids); i++) {
        struct plan_verdict verdict;

        world_plan(w, names[i], plan, &verdict);
        if (say && model_state_outcome(verdict.state) == MODEL_FAILED) {
            cli_note("%s: %s: %s", names[i],
                     model_state_name(verdict.state), verdict.text);
        }
        plan_verdict_destroy(&verdict);
    }
    free(names);
    sset_destroy(&ids);
}

static void
put_color(struct ds *out, const struct cli *cli, const char *color)
{
    if (cli->style.color) {
        ds_put_format(out, "\033[%sm", color);
    }
}

void
plan_view_steps(const struct cli *cli, const struct plan *plan,
                struct ds *out)
{
    static const char *const colors[] = {
        [PLAN_ADD] = "32", [PLAN_SET] = "33", [PLAN_DEL] = "31"
    };

    for (size_t i = 0; i < plan->n_steps; i++) {
        const struct plan_step *step = plan->steps[i];
        struct ds line = DS_EMPTY_INITIALIZER;

        ds_put_cstr(out, "    ");
        put_color(out, cli, colors[step->op]);
        plan_step_format(step, &line);
        output_put_safe(out, ds_cstr(&line));
        put_color(out, cli, "0");
        ds_put_char(out, '\n');
        ds_destroy(&line);
    }
}

void
plan_view_print(const struct cli *cli, const struct plan *plan,
                struct ds *out)
{
    struct plan part = *plan;
    size_t end;

    for (size_t i = 0; i < plan->n_steps; i = end) {
        const char *object = plan->steps[i]->object;

        end = i + 1;
        while (end < plan->n_steps
               && !strcmp(plan->steps[end]->object, object)) {
            end++;
        }
        part.steps = &plan->steps[i];
        part.n_steps = end - i;
        ds_put_format(out, "%s:\n", object);
        plan_view_steps(cli, &part, out);
    }
    if (!plan->n_steps) {
        ds_put_cstr(out, "No changes.\n");
    }
}
