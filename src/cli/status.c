/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include "openvswitch/json.h"
#include "src/cli/cli.h"
#include "src/cli/confirm.h"
#include "src/cli/daemon.h"
#include "src/cli/json-view.h"
#include "src/cli/world.h"
#include "util.h"

static const char *const file_headings[] = {
    "file", "state", "sha256", NULL
};

static void
put_file(struct output *o, const char *name, bool valid, const char *sha256)
{
    /* People compare a few digits; programs all of them. */
    output_text(o, name);
    output_text(o, valid ? "valid" : "invalid");
    output_text(o, *sha256 ? sha256 : "-");
}

static void
print_files(struct ctl_context *ctx, const struct json *files)
{
    struct output o;

    output_init(&o, file_headings);
    for (size_t i = 0; i < json_view_n(files); i++) {
        const struct json *file = json_view_element(files, i);

        put_file(&o, json_view_string(file, "name", "?"),
                 json_view_true(file, "valid"),
                 json_view_string(file, "sha256", ""));
    }
    cli_print(ctx, &o);
    output_destroy(&o);
    for (size_t i = 0; i < json_view_n(files); i++) {
        const struct json *errors
            = json_view(json_view_element(files, i), "errors");

        for (size_t j = 0; j < json_view_n(errors); j++) {
            const struct json *error = json_view_element(errors, j);
            if (error->type == JSON_STRING) {
                output_put_safe(&ctx->output, json_string(error));
                ds_put_char(&ctx->output, '\n');
            }
        }
    }
}

/* "12 ready, 1 pending". */
static void
put_states(struct ds *out, const struct json *objects)
{
    size_t n_shown = 0;

    for (enum model_state state = 0; state < MODEL_N_STATES; state++) {
        const char *name = model_state_name(state);
        size_t n = 0;

        for (size_t i = 0; i < json_view_n(objects); i++) {
            n += !strcmp(json_view_string(json_view_element(objects, i),
                                          "state", ""), name);
        }
        if (n) {
            ds_put_format(out, "%s%"PRIuSIZE" %s", n_shown++ ? ", " : "", n,
                          name);
        }
    }
    ds_put_cstr(out, n_shown ? "" : "none");
}

static void
put_counters(struct ds *out, const struct json *counters)
{
    if (counters && counters->type == JSON_OBJECT) {
        const struct shash_node **nodes = shash_sort(json_object(counters));

        for (size_t i = 0; i < shash_count(json_object(counters)); i++) {
            ds_put_format(out, "%s%s %lld", i ? ", " : "", nodes[i]->name,
                          json_view_integer(counters, nodes[i]->name));
        }
        free(nodes);
    }
}

static void
print_status(struct ctl_context *ctx, const struct json *status)
{
    const char *reason = json_view_string(status, "reason", "");
    struct ds counters = DS_EMPTY_INITIALIZER;
    struct ds *out = &ctx->output;

    ds_put_format(out, "daemon    ovs-portd %s, pid %lld: %s%s",
                  json_view_string(status, "instance", "?"),
                  json_view_integer(status, "pid"),
                  json_view_string(status, "state", "?"),
                  *reason ? ": " : "");
    output_put_safe(out, reason);
    ds_put_cstr(out, "\nobjects   ");
    put_states(out, json_view(status, "objects"));
    ds_put_cstr(out, "\ncounters  ");
    put_counters(&counters, json_view(status, "counters"));
    output_put_folded(out, ds_cstr(&counters), 10, 10, OUTPUT_WIDTH);
    ds_destroy(&counters);
    ds_put_cstr(out, "\n\n");
    print_files(ctx, json_view(status, "files"));
}

/* Without a daemon there are still the files. */
static void
print_files_alone(struct ctl_context *ctx)
{
    const struct cli *cli = cli_of(ctx);
    struct svec errors = SVEC_EMPTY_INITIALIZER;
    struct output o;
    struct world w;
    char *error;

    output_init(&o, file_headings);
    if (world_open(cli, cli->spec_dir, false, &w, &error)) {
        cli_note("%s", error);
        free(error);
    }
    const struct shash_node **nodes = shash_sort(&w.specs.files);
    for (size_t i = 0; i < shash_count(&w.specs.files); i++) {
        const struct specs_file *file = nodes[i]->data;
        put_file(&o, file->name, file->valid, file->sha256);
    }
    free(nodes);
    cli_print(ctx, &o);
    output_destroy(&o);
    world_errors(&w, &errors);
    for (size_t i = 0; i < errors.n; i++) {
        cli_say(errors.names[i]);
    }
    svec_destroy(&errors);
    world_close(&w);
}

void
cmd_status(struct ctl_context *ctx)
{
    struct cli *cli = cli_of(ctx);
    struct json *status;
    char *text;

    confirm_note(cli);
    if (daemon_look(cli, &status, &text) == DAEMON_OK) {
        if (!cli->style.table && !cli->style.columns) {
            print_status(ctx, status);
        } else if (cli->style.table && cli->table.format == TF_JSON
                   && !cli->style.columns) {
            output_json(status, &cli->style, &ctx->output);
        } else {
            print_files(ctx, json_view(status, "files"));
        }
        json_destroy(status);
        return;
    }
    if (!cli->style.table || cli->table.format != TF_JSON) {
        print_files_alone(ctx);
    }
    /* What print_files_alone() had to complain of comes second. */
    free(ctx->error);
    ctx->error = NULL;
    cli_fail(ctx, CLI_ABSENT, text);
}
