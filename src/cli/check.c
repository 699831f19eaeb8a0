/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "openvswitch/json.h"
#include "src/cli/cli.h"
#include "src/cli/lint.h"
#include "src/cli/source.h"
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
    const char *shown;          /* What the user calls it, or the directory. */
    struct svec strays;         /* Files that may be meant to be specs. */
};

static int
put_any(struct world *w, const char *path, const char *name)
{
    struct sset changed = SSET_INITIALIZER(&changed);
    char sha256[STORE_SHA256_LEN + 1];
    char *text;
    size_t len = 0;
    int error = source_read(path, &text, &len);

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

/* A name that nobody gives to anything but a spec. */
static bool
looks_like_spec(const char *name)
{
    static const char *const suffixes[] = {
        ".json", ".json5", ".jsonc", ".yaml", ".yml"
    };
    size_t len = strlen(name);

    for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
        size_t n = strlen(suffixes[i]);
        if (len >= n && !strcasecmp(&name[len - n], suffixes[i])) {
            return name[0] != '.';
        }
    }
    return false;
}

/* Adds what is in 'dir' as "PREFIXname" and no spec for its name only:
 * "hosts.json", "vms.d/vm1.yaml".  'known' has the names that are read. */
static void
find_strays(const char *dir, const char *prefix, const struct specs *known,
            struct svec *strays)
{
    char *path = xasprintf("%s/%s", dir, prefix);
    DIR *stream = opendir(path);
    struct dirent *entry;

    free(path);
    while (stream && (entry = readdir(stream)) != NULL) {
        char *name = xasprintf("%s%s", prefix, entry->d_name);

        if (looks_like_spec(entry->d_name) && !specs_get(known, name)) {
            svec_add(strays, name);
        }
        free(name);
    }
    if (stream) {
        closedir(stream);
    }
}

static enum cli_exit
check_open(const struct cli *cli, const char *arg, struct check *c,
           char **error)
{
    struct stat st;

    c->only = NULL;
    c->shown = arg ? arg : cli->spec_dir;
    svec_init(&c->strays);
    if (arg && (stat(arg, &st) || !S_ISDIR(st.st_mode))) {
        *error = open_file(c, arg);
        return *error ? CLI_REFUSED : CLI_DONE;
    }

    enum cli_exit code = world_open(cli, arg ? arg : cli->spec_dir, false,
                                    &c->w, error);
    if (!code && arg) {
        read_refused(&c->w, arg);
    }
    find_strays(c->shown, "", &c->w.specs, &c->strays);
    /* What is in a directory that is not read is no stray. */
    if (!specs_get(&c->w.specs, SPECS_VMS)) {
        find_strays(c->shown, SPECS_VMS"/", &c->w.specs, &c->strays);
    }
    svec_sort(&c->strays);
    return code;
}

/* What 'file' of a finding is called: for people as they know it, for GitHub
 * from where the check runs; for the caller to free. */
static char *
shown_name(const struct check *c, const char *file, bool full)
{
    if (c->only) {
        return xstrdup(c->shown);
    } else if (!full || !*file) {
        return xstrdup(file);
    }

    const char *dir = c->shown;
    while (!strncmp(dir, "./", 2)) {
        dir += 2 + strspn(dir + 2, "/");
    }
    return (!*dir || !strcmp(dir, ".") ? xstrdup(file)
            : xasprintf("%s%s%s", dir,
                        dir[strlen(dir) - 1] == '/' ? "" : "/", file));
}

/* "FILE:LINE:COLUMN: POINTER: TEXT", as the parser's own messages; what is no
 * error says so, as compilers do. */
static void
put_finding(struct ds *out, const struct check *c, const struct cli *cli,
            const struct lint_finding *f)
{
    static const char *const colors[LINT_N_SEVERITIES] = {
        [LINT_ERROR] = "31", [LINT_WARNING] = "33", [LINT_NOTE] = "36",
    };
    char *name = shown_name(c, f->file, false);
    struct ds place = DS_EMPTY_INITIALIZER;

    if (*name) {
        ds_put_cstr(&place, name);
        if (f->line) {
            ds_put_format(&place, ":%u:%u", f->line, f->column);
        }
        ds_put_cstr(&place, ": ");
    }
    output_put_safe(out, ds_cstr(&place));
    if (f->severity != LINT_ERROR) {
        output_put_colored(out, &cli->style, colors[f->severity],
                           lint_severity_name(f->severity));
        ds_put_cstr(out, ": ");
    }
    ds_clear(&place);
    ds_put_format(&place, "%s%s%s", f->pointer, *f->pointer ? ": " : "",
                  f->text);
    output_put_safe(out, ds_cstr(&place));
    if (f->severity != LINT_ERROR) {
        ds_put_format(out, " [%s]", f->rule);
    }
    ds_put_char(out, '\n');
    ds_destroy(&place);
    free(name);
}

/* GitHub's workflow commands have an escape of their own. */
static void
put_github(struct ds *out, const char *s, const char *escaped)
{
    for (; *s; s++) {
        if ((unsigned char) *s < 0x20 || strchr(escaped, *s)) {
            ds_put_format(out, "%%%02X", (unsigned char) *s);
        } else {
            ds_put_char(out, *s);
        }
    }
}

/* "::error file=F,line=L,col=C,title=T::POINTER: TEXT" */
static void
put_annotation(struct ds *out, const struct check *c,
               const struct lint_finding *f)
{
    static const char *const commands[LINT_N_SEVERITIES] = {
        [LINT_ERROR] = "error", [LINT_WARNING] = "warning",
        [LINT_NOTE] = "notice",
    };
    char *name = shown_name(c, f->file, true);

    ds_put_format(out, "::%s ", commands[f->severity]);
    if (*name) {
        ds_put_cstr(out, "file=");
        put_github(out, name, "%:,");
        ds_put_char(out, ',');
    }
    if (f->line) {
        ds_put_format(out, "line=%u,col=%u,", f->line, f->column);
    }
    ds_put_format(out, "title=ovs-portctl check (%s)::", f->rule);
    if (*f->pointer) {
        put_github(out, f->pointer, "%");
        ds_put_cstr(out, ": ");
    }
    put_github(out, f->text, "%");
    ds_put_char(out, '\n');
    free(name);
}

static void
print_table(struct ctl_context *ctx, const struct check *c,
            const struct lint *l)
{
    static const char *const headings[] = {
        "severity", "rule", "file", "line", "column", "pointer", "text", NULL
    };
    struct output o;

    output_init(&o, headings);
    o.objects = true;
    o.text_last = true;
    for (size_t i = 0; i < l->n; i++) {
        const struct lint_finding *f = &l->findings[i];
        char *name = shown_name(c, f->file, false);

        output_text(&o, lint_severity_name(f->severity));
        output_text(&o, f->rule);
        output_text(&o, name);
        output_integer(&o, f->line);
        output_integer(&o, f->column);
        output_text(&o, f->pointer);
        output_text(&o, f->text);
        free(name);
    }
    cli_print(ctx, &o);
    output_destroy(&o);
}

static void
put_count(struct ds *out, size_t n, const char *what)
{
    ds_put_format(out, "%"PRIuSIZE" %s%s", n, what, n == 1 ? "" : "s");
}

static void
print_summary(struct ds *out, const struct check *c, const struct lint *l)
{
    put_count(out, c->only ? 1 : shash_count(&c->w.specs.files), "file");
    for (int s = 0; s < LINT_N_SEVERITIES; s++) {
        ds_put_cstr(out, s ? ", " : ": ");
        put_count(out, lint_count(l, s, NULL), lint_severity_name(s));
    }
    ds_put_char(out, '\n');
}

static void
report(struct ctl_context *ctx, const struct check *c, const struct lint *l)
{
    struct cli *cli = cli_of(ctx);
    bool github = shash_find(&ctx->options, "--github");
    bool strict = shash_find(&ctx->options, "--strict");

    if (cli->style.table || cli->style.columns) {
        print_table(ctx, c, l);
    } else {
        for (size_t i = 0; i < l->n; i++) {
            if (github) {
                put_annotation(&ctx->output, c, &l->findings[i]);
            } else {
                put_finding(&ctx->output, c, cli, &l->findings[i]);
            }
        }
        if (!github) {
            print_summary(&ctx->output, c, l);
        }
    }
    if (lint_count(l, LINT_ERROR, NULL)
        || (strict && lint_count(l, LINT_WARNING, NULL))) {
        cli->status = CLI_REFUSED;
    }
}

void
cmd_check(struct ctl_context *ctx)
{
    struct cli *cli = cli_of(ctx);
    struct lint l;
    struct check c;
    char *error;

    if (cli->style.table && shash_find(&ctx->options, "--github")) {
        cli_fail(ctx, CLI_REFUSED, xstrdup("check: --github is a format of "
                                           "its own; leave out -f"));
        return;
    }

    enum cli_exit code = check_open(cli, ctx->argc > 1 ? ctx->argv[1] : NULL,
                                    &c, &error);
    if (code) {
        cli_fail(ctx, code, error);
    } else {
        lint_init(&l, &c.w.specs, c.w.wanted);
        lint_run(&l);
        for (size_t i = 0; i < c.strays.n; i++) {
            lint_add(&l, LINT_WARNING, "file-unread", c.strays.names[i], "",
                     "is not read: only host.json and vms.d/VM.json are");
        }
        if (c.only) {
            lint_keep(&l, c.only);
        }
        report(ctx, &c, &l);
        lint_destroy(&l);
    }
    svec_destroy(&c.strays);
    free(c.only);
    world_close(&c.w);
}
