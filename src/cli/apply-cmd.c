/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include "src/cli/apply.h"
#include "src/cli/edit.h"
#include "src/plan/plan.h"
#include "src/store/names.h"
#include "src/store/store.h"
#include "sset.h"
#include "util.h"

/* Longest time to confirm a change within: a day. */
#define CONFIRM_MAX (24 * 60 * 60)

static char *
parse_confirm(const char *arg, unsigned int *secs)
{
    return (str_to_uint(arg, 10, secs) && *secs && *secs <= CONFIRM_MAX ? NULL
            : xasprintf("--confirm=%s: not a number of seconds in 1..%d", arg,
                        CONFIRM_MAX));
}

/* Parses the options into a new struct apply. */
static char *
parse_options(struct ctl_context *ctx, struct apply **applyp)
{
    struct apply *apply = xzalloc(sizeof *apply);
    const char *confirm = shash_find_data(&ctx->options, "--confirm");
    const char *allow = shash_find_data(&ctx->options, "--allow");
    char *error = NULL;

    source_init(&apply->source);
    apply->allowed = (struct plan_allowed) PLAN_ALLOWED_INITIALIZER;
    if (confirm) {
        error = parse_confirm(confirm, &apply->confirm);
    }
    if (allow && !error) {
        error = plan_allow(&apply->allowed, allow);
    }
    if (error) {
        apply_destroy(apply);
        apply = NULL;
    }
    *applyp = apply;
    return error;
}

static char *
read_sources(struct ctl_context *ctx, struct source *source)
{
    for (int i = 1; i < ctx->argc; i++) {
        source_add(source, ctx->argv[i]);
    }
    return source->errors.n ? svec_join(&source->errors, "\n", "") : NULL;
}

/* Removes the files that 'source' lacks.  What is missing as a whole is never
 * taken for a removal, since it may just as well be a mistake. */
static char *
prune(const struct source *source, struct edit *edit)
{
    struct sset gone = SSET_INITIALIZER(&gone);
    bool any_vm = false;
    struct shash_node *node;
    char *error = NULL;
    const char *name;

    SHASH_FOR_EACH (node, &source->files) {
        any_vm |= strcmp(node->name, STORE_HOST) != 0;
    }
    SHASH_FOR_EACH (node, edit_files(edit)) {
        if (!source_path(source, node->name)) {
            sset_add(&gone, node->name);
        }
    }
    if (sset_contains(&gone, STORE_HOST)) {
        error = xstrdup("--prune: there is no "STORE_HOST" in what is to be "
                        "mirrored, which is never taken for its removal; put "
                        "it there, or leave out --prune");
    } else if (!any_vm && !sset_is_empty(&gone)) {
        error = xstrdup("--prune: there is no VM's file in what is to be "
                        "mirrored, which is never taken for the removal of "
                        "all; use vm-del, or leave out --prune");
    } else {
        SSET_FOR_EACH (name, &gone) {
            edit_put_file(edit, name, NULL, 0);
        }
    }
    sset_destroy(&gone);
    return error;
}

static char *
apply(struct ctl_context *ctx, struct cli *cli)
{
    struct apply *a;
    struct shash_node *node;
    char *error;

    if (cli->apply) {
        return xstrdup("apply: there is one already in this chain; give it "
                       "all files at once");
    }
    error = parse_options(ctx, &a);
    if (error) {
        return error;
    }
    cli->apply = a;             /* Destroyed at the end of the chain. */
    error = read_sources(ctx, &a->source);
    if (!error && shash_find(&ctx->options, "--prune")) {
        error = (a->source.any_file || !a->source.any_dir
                 ? xstrdup("--prune: needs directories; single files say "
                           "nothing of all others")
                 : prune(&a->source, cli->edit));
    }
    if (!error) {
        SHASH_FOR_EACH (node, &a->source.files) {
            const struct source_file *file = node->data;
            edit_put_file(cli->edit, node->name, file->text, file->len);
        }
    }
    return error;
}

void
cmd_apply(struct ctl_context *ctx)
{
    char *error = apply(ctx, cli_of(ctx));

    if (error) {
        cli_fail(ctx, CLI_REFUSED, error);
    }
}
