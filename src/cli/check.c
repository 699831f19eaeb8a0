/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "openvswitch/json.h"
#include "src/cli/cli.h"
#include "src/cli/lint.h"
#include "src/cli/world.h"
#include "src/spec/spec.h"
#include "src/store/store.h"
#include "sset.h"
#include "util.h"

#define HOST_FILE "host.json"

/* What is checked: a directory, or one file with the defaults that apply to
 * it. */
struct check {
    struct world w;
    char *only;                 /* Name of the one file, or NULL. */
    const char *shown;          /* ...and what its messages call it. */
};

/* Reads any file, whoever may write it: nothing is going to be done because
 * of what it says. */
static int
read_any(const char *path, char **text, size_t *len)
{
    FILE *stream = fopen(path, "r");
    int error = 0;

    *text = NULL;
    if (!stream) {
        return errno;
    }
    /* One byte more, for the parser to see that it is too large. */
    *text = xmalloc(SPEC_MAX_BYTES + 2);
    *len = fread(*text, 1, SPEC_MAX_BYTES + 1, stream);
    if (ferror(stream)) {
        error = errno;
        free(*text);
        *text = NULL;
    } else {
        (*text)[*len] = '\0';
    }
    fclose(stream);
    return error;
}

static int
put_any(struct world *w, const char *path, const char *name)
{
    struct sset changed = SSET_INITIALIZER(&changed);
    char sha256[STORE_SHA256_LEN + 1];
    char *text;
    size_t len = 0;
    int error = read_any(path, &text, &len);

    if (!error) {
        store_sha256(text, len, sha256);
        specs_put(&w->specs, name, text, len, sha256, w->wanted, &changed);
        free(text);
    }
    sset_destroy(&changed);
    return error;
}

/* The host.json that goes with vms.d/VM.json at 'path', or NULL. */
static char *
host_beside(const char *path)
{
    char *dir = dir_name(path);
    char *base = base_name(dir);
    char *above = dir_name(dir);
    char *host = !strcmp(base, "vms.d") ? xasprintf("%s/"HOST_FILE, above)
                                        : NULL;

    free(above);
    free(base);
    free(dir);
    return host;
}

static char *
open_file(struct check *c, const char *path)
{
    char *base = base_name(path);

    world_init(&c->w);
    c->shown = path;
    if (!strcmp(base, HOST_FILE)) {
        c->only = xstrdup(HOST_FILE);
    } else {
        char *host = host_beside(path);

        if (host) {
            /* No host.json is fine, and so is one that is checked by
             * itself. */
            put_any(&c->w, host, HOST_FILE);
        }
        free(host);
        c->only = xstrdup(path);
    }
    free(base);

    int error = put_any(&c->w, path, c->only);
    return error ? xasprintf("%s: cannot be read (%s)", path,
                             ovs_strerror(error)) : NULL;
}

/* A checkout that its owner's group may write to is no spec directory of a
 * daemon, but can be checked all the same. */
static void
read_refused(struct world *w, const char *dir)
{
    struct svec names = SVEC_EMPTY_INITIALIZER;
    struct shash_node *node;

    SHASH_FOR_EACH (node, &w->specs.files) {
        const struct specs_file *file = node->data;
        if (!file->text && !file->valid) {
            svec_add(&names, file->name);
        }
    }
    svec_sort(&names);
    for (size_t i = 0; i < names.n; i++) {
        const struct specs_file *file = specs_get(&w->specs, names.names[i]);
        char *path = xasprintf("%s/%s", dir, file->name);
        char *error = xstrdup(file->errors.n ? file->errors.names[0] : "");
        struct stat st;

        if (!lstat(path, &st) && S_ISREG(st.st_mode)
            && !put_any(w, path, names.names[i])) {
            cli_note("%s (ovs-portd would not read it)", error);
        }
        free(error);
        free(path);
    }
    svec_destroy(&names);
}

static enum cli_exit
check_open(const struct cli *cli, const char *arg, struct check *c,
           char **error)
{
    struct stat st;

    c->only = NULL;
    if (arg && !stat(arg, &st) && !S_ISDIR(st.st_mode)) {
        *error = open_file(c, arg);
        return *error ? CLI_REFUSED : CLI_DONE;
    }

    enum cli_exit code = world_open(cli, arg ? arg : cli->spec_dir, false,
                                    &c->w, error);
    if (!code && arg) {
        read_refused(&c->w, arg);
    }
    if (!code && store_get_dir(c->w.store)->error) {
        cli_note("%s", store_get_dir(c->w.store)->error);
    }
    return code;
}

/* One message, with the file's own name in front of it. */
static void
put_message(struct ds *out, const char *name, const char *shown,
            const char *message)
{
    size_t len = strlen(name);

    if (!strncmp(message, name, len) && message[len] == ':') {
        ds_put_cstr(out, shown);
        message += len;
    }
    output_put_safe(out, message);
    ds_put_char(out, '\n');
}

static struct json *
message_json(const char *name, const char *shown, const char *message)
{
    struct json *json = json_object_create();
    struct lint_message m;

    lint_message_parse(&m, name, message);
    json_object_put_string(json, "file", shown);
    json_object_put(json, "line", json_integer_create(m.line));
    json_object_put(json, "column", json_integer_create(m.column));
    json_object_put_string(json, "pointer", m.pointer);
    json_object_put_string(json, "text", m.text);
    lint_message_destroy(&m);
    return json;
}

/* The errors of one file: its own, and of those between files, 'cross', the
 * ones that name it. */
static void
collect(const struct specs_file *file, const struct svec *cross,
        struct svec *messages)
{
    size_t len = strlen(file->name);

    svec_append(messages, &file->errors);
    for (size_t i = 0; i < cross->n; i++) {
        const char *message = cross->names[i];
        if (!strncmp(message, file->name, len) && message[len] == ':') {
            svec_add(messages, message);
        }
    }
}

static void
report(struct ctl_context *ctx, const struct check *c,
       const struct svec *cross)
{
    struct cli *cli = cli_of(ctx);
    const struct shash_node **nodes = shash_sort(&c->w.specs.files);
    struct json *array = json_array_create_empty();
    size_t n_files = 0, n_errors = 0;

    for (size_t i = 0; i < shash_count(&c->w.specs.files); i++) {
        const struct specs_file *file = nodes[i]->data;
        const char *shown = c->only ? c->shown : file->name;
        struct svec messages = SVEC_EMPTY_INITIALIZER;

        if (c->only && strcmp(c->only, file->name)) {
            continue;
        }
        collect(file, cross, &messages);
        for (size_t j = 0; j < messages.n; j++) {
            if (cli->style.table) {
                json_array_add(array, message_json(file->name, shown,
                                                   messages.names[j]));
            } else {
                put_message(&ctx->output, file->name, shown,
                            messages.names[j]);
            }
        }
        n_files++;
        n_errors += messages.n;
        svec_destroy(&messages);
    }
    if (cli->style.table) {
        output_json(array, &cli->style, &ctx->output);
    } else {
        ds_put_format(&ctx->output, "%"PRIuSIZE" files, %"PRIuSIZE" errors\n",
                      n_files, n_errors);
    }
    if (n_errors) {
        cli->status = CLI_REFUSED;
    }
    json_destroy(array);
    free(nodes);
}

void
cmd_check(struct ctl_context *ctx)
{
    struct cli *cli = cli_of(ctx);
    struct svec errors = SVEC_EMPTY_INITIALIZER;
    struct svec notes = SVEC_EMPTY_INITIALIZER;
    struct check c;
    char *error;

    if (cli->style.table && cli->table.format != TF_JSON) {
        cli_fail(ctx, CLI_REFUSED, xstrdup("check: of the formats there is "
                                           "only json, beside the one for "
                                           "people"));
        return;
    }

    enum cli_exit code = check_open(cli, ctx->argc > 1 ? ctx->argv[1] : NULL,
                                    &c, &error);
    if (code) {
        cli_fail(ctx, code, error);
    } else {
        lint(&c.w.specs, c.w.wanted, &errors, &notes);
        for (size_t i = 0; i < notes.n && !c.only; i++) {
            cli_note("%s", notes.names[i]);
        }
        report(ctx, &c, &errors);
    }
    svec_destroy(&errors);
    svec_destroy(&notes);
    free(c.only);
    world_close(&c.w);
}
