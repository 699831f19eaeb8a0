/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include "dirs.h"
#include "openvswitch/json.h"
#include "ovsdb/vswitchd.h"
#include "src/cli/cli.h"
#include "src/cli/daemon.h"
#include "src/cli/explain.h"
#include "src/cli/json-view.h"
#include "src/cli/near.h"
#include "src/cli/world.h"
#include "src/host/host.h"
#include "sset.h"
#include "util.h"

/* How long ovs-vswitchd may take to say that it is there. */
#define ANSWER_MS 1000

/* Why ovs-vswitchd does not answer, for the caller to free, or NULL: the
 * database alone does not tell a dead one. */
static char *
ask_vswitchd(const struct cli *cli)
{
    int left = cli_ms_left(cli, 1);
    char *version, *error;

    error = vswitchd_ask(ovs_rundir(), "version",
                         left < 0 ? ANSWER_MS : MIN(left, ANSWER_MS),
                         &version);
    free(version);
    return error;
}

/* What ovs-portd says, in words. */
struct daemon_says {
    char *loaded;               /* Whether it has the file as it is now... */
    bool unloaded;              /* ...it has not. */
    char *remedy;               /* For what it has to put right. */
};

/* Looks for 'source' in the daemon's 'files'. */
static void
judge_file(const struct json *files, const char *source, const char *sha256,
           struct daemon_says *says)
{
    const char *theirs = NULL, *why = "";

    for (size_t i = 0; i < json_view_n(files); i++) {
        const struct json *file = json_view_element(files, i);
        const struct json *errors = json_view(file, "errors");

        if (!strcmp(json_view_string(file, "name", ""), source)) {
            theirs = json_view_string(file, "sha256", "");
            if (json_view_n(errors)) {
                why = json_string(json_view_element(errors, 0));
            }
        }
    }
    says->unloaded = !theirs || strcmp(theirs, sha256);
    says->loaded = (says->unloaded
                    ? xasprintf("ovs-portd has %s of %s%s%s",
                                theirs ? "not this version" : "nothing",
                                source, *why ? ": " : "", why)
                    : xasprintf("ovs-portd has this version of %s", source));
}

/* What the daemon has object 'id' as. */
static char *
find_object(const struct json *objects, const char *id)
{
    for (size_t i = 0; i < json_view_n(objects); i++) {
        const struct json *object = json_view_element(objects, i);

        if (!strcmp(json_view_string(object, "object", ""), id)) {
            const char *why = json_view_string(object, "text", "");

            return xasprintf("ovs-portd has it as %s%s%s",
                             json_view_string(object, "state", "?"),
                             *why ? ": " : "", why);
        }
    }
    return xstrdup("ovs-portd does not know it; see \"ovs-portctl status\"");
}

static void
ask_daemon(const struct cli *cli, const char *id, const char *sha256,
           const char *source, struct daemon_says *says)
{
    struct json *status;
    char *text;

    memset(says, 0, sizeof *says);
    if (daemon_look(cli, &status, &text) == DAEMON_OK) {
        judge_file(json_view(status, "files"), source, sha256, says);
        says->remedy = find_object(json_view(status, "objects"), id);
        json_destroy(status);
    } else {
        /* Frames flow without it. */
        says->loaded = xasprintf("%s; nothing is put right until it does",
                                 text);
        says->remedy = xasprintf("start ovs-portd (%s)", text);
        free(text);
    }
}

static char *
unknown_nic(const struct world *w, const char *id)
{
    struct sset names = SSET_INITIALIZER(&names);
    struct shash_node *node;

    SHASH_FOR_EACH (node, &w->wanted->objects) {
        if (model_id_is_nic(node->name)) {
            sset_add(&names, node->name);
        }
    }
    char *near = near_miss(id, &names);
    char *error = xasprintf("explain: there is no NIC \"%s\"%s", id, near);
    free(near);
    sset_destroy(&names);
    return error;
}

static void
print_explanation(struct ctl_context *ctx, const struct explanation *e)
{
    static const char *const people[] = { "link", "state", "text", NULL };
    static const char *const all[] = {
        "link", "state", "text", "remedy", NULL
    };
    struct cli *cli = cli_of(ctx);
    bool machine = cli->style.table || cli->style.columns;
    const struct explain_link *first = explanation_broken(e);
    struct output o;

    output_init(&o, machine ? all : people);
    o.text_last = !machine;
    for (size_t i = 0; i < e->n; i++) {
        const struct explain_link *link = &e->links[i];

        output_text(&o, link->name);
        output_text(&o, link->broken ? "broken" : "ok");
        output_text(&o, link->text);
        if (machine) {
            output_text(&o, link->remedy ? link->remedy : "");
        }
    }
    cli_print(ctx, &o);
    output_destroy(&o);
    if (first && !machine) {
        ds_put_format(&ctx->output, "\nFirst broken link: %s: ", first->name);
        output_put_safe(&ctx->output, first->text);
        ds_put_cstr(&ctx->output, "\nRemedy: ");
        output_put_safe(&ctx->output, first->remedy);
        ds_put_char(&ctx->output, '\n');
    }
    if (first) {
        cli->status = CLI_REFUSED;
    }
}

static void
explain(struct ctl_context *ctx, const struct world *w, const char *id)
{
    char *source = specs_source_of(id);
    const struct specs_file *file = specs_get(&w->specs, source);
    const struct model_observed *observed = host_observed(w->host);
    struct plan_verdict verdict;
    struct explanation e;
    struct plan plan;

    plan_init(&plan);
    world_plan(w, id, &plan, &verdict);

    char *vswitchd_error = ask_vswitchd(cli_of(ctx));
    struct daemon_says says;
    ask_daemon(cli_of(ctx), id, file ? file->sha256 : "", source, &says);
    struct explain_input in = {
        .id = id,
        .source = source,
        .file_error = (file && !file->valid && file->errors.n
                       ? file->errors.names[0] : NULL),
        .wanted = w->wanted,
        .observed = observed,
        .plan = &plan,
        .vswitchd_error = vswitchd_error,
        .loaded = says.loaded,
        .unloaded = says.unloaded,
        .remedy = says.remedy,
    };

    if (!in.file_error && !model_wanted_get(w->wanted, id)
        && !model_observed_marked(observed, id)) {
        cli_fail(ctx, CLI_REFUSED, unknown_nic(w, id));
    } else {
        explain_nic(&in, &e);
        print_explanation(ctx, &e);
        explanation_destroy(&e);
    }
    free(says.loaded);
    free(says.remedy);
    free(vswitchd_error);
    plan_verdict_destroy(&verdict);
    plan_destroy(&plan);
    free(source);
}

void
cmd_explain(struct ctl_context *ctx)
{
    const struct cli *cli = cli_of(ctx);
    const char *id = ctx->argv[1];
    struct world w;
    char *error;

    if (!model_id_is_nic(id)) {
        cli_fail(ctx, CLI_REFUSED,
                 xasprintf("explain: \"%s\" is not of the form VM/NIC", id));
        return;
    }

    enum cli_exit code = world_open(cli, cli->spec_dir, true, &w, &error);
    if (code) {
        cli_fail(ctx, code, error);
    } else {
        explain(ctx, &w, id);
    }
    world_close(&w);
}
