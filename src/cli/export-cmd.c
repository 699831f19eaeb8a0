/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "dirs.h"
#include "openvswitch/json.h"
#include "ovsdb/fdb.h"
#include "smap.h"
#include "src/cli/cli.h"
#include "src/cli/new-file.h"
#include "src/cli/world.h"
#include "src/host/host.h"
#include "src/spec/raise.h"
#include "util.h"

/* "export": what is live, as the files that would ask for it. */

/* Most that a bridge may take to tell which addresses it has learned. */
#define FDB_MS 1000

static char *
user_name(unsigned int uid)
{
    const struct passwd *pw = getpwuid(uid);
    return pw ? xstrdup(pw->pw_name) : NULL;
}

static char *
group_name(unsigned int gid)
{
    const struct group *gr = getgrgid(gid);
    return gr ? xstrdup(gr->gr_name) : NULL;
}

/* The guests' addresses that the bridges have learned, by interface. */
static void
learn_macs(const struct cli *cli, const struct model_observed *o,
           struct smap *macs)
{
    const struct model_bridge *bridge;
    const struct model_port *port;

    HMAP_FOR_EACH (bridge, node, &o->bridges) {
        struct smap learned = SMAP_INITIALIZER(&learned);
        int left = cli_ms_left(cli, 1);

        fdb_read(ovs_rundir(), bridge->row.name,
                 left < 0 ? FDB_MS : MIN(left, FDB_MS), &learned);
        HMAP_FOR_EACH (port, node, &o->ports) {
            if (port->n_ifaces == 1
                && !strcmp(model_row_get(&port->row, MODEL_F_BRIDGE),
                           bridge->row.name)) {
                char *ofport = xasprintf("%"PRId64, port->ifaces[0].ofport);
                const char *mac = smap_get(&learned, ofport);

                if (mac) {
                    smap_replace(macs, port->row.name, mac);
                }
                free(ofport);
            }
        }
        smap_destroy(&learned);
    }
}

/* True if one of 'files' is there already, which is never overwritten. */
static char *
check_absent(int dirfd, const char *dir, const struct shash *files)
{
    const struct shash_node *node;
    struct stat st;

    SHASH_FOR_EACH (node, files) {
        if (!fstatat(dirfd, node->name, &st, AT_SYMLINK_NOFOLLOW)) {
            return xasprintf("%s/%s is there already; export to an empty "
                             "directory", dir, node->name);
        }
    }
    return NULL;
}

static char *
write_files(const char *dir, const struct shash *files)
{
    char *error = NULL;

    if (mkdir(dir, 0755) && errno != EEXIST) {
        return xasprintf("%s: %s", dir, ovs_strerror(errno));
    }
    int dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dirfd < 0) {
        return xasprintf("%s: %s", dir, ovs_strerror(errno));
    }
    error = check_absent(dirfd, dir, files);
    if (!error && mkdirat(dirfd, "vms.d", 0755) && errno != EEXIST) {
        error = xasprintf("%s/vms.d: %s", dir, ovs_strerror(errno));
    }
    const struct shash_node **nodes = shash_sort(files);
    for (size_t i = 0; i < shash_count(files) && !error; i++) {
        char *shown = xasprintf("%s/%s", dir, nodes[i]->name);

        error = new_file_write(dirfd, nodes[i]->name, shown, nodes[i]->data);
        free(shown);
    }
    free(nodes);
    close(dirfd);
    return error;
}

static struct json *
to_json(const struct spec_raised *raised)
{
    struct json *files = json_object_create();
    struct json *notes = json_array_create_empty();
    struct json *json = json_object_create();
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &raised->files) {
        json_object_put(files, node->name, json_from_string(node->data));
    }
    for (size_t i = 0; i < raised->notes.n; i++) {
        json_array_add(notes, json_string_create(raised->notes.names[i]));
    }
    json_object_put(json, "files", files);
    json_object_put(json, "notes", notes);
    return json;
}

static void
list_files(struct ctl_context *ctx, const char *dir,
           const struct shash *files)
{
    const struct shash_node **nodes = shash_sort(files);

    for (size_t i = 0; i < shash_count(files); i++) {
        ds_put_format(&ctx->output, "%s/%s\n", dir, nodes[i]->name);
    }
    free(nodes);
}

static void
print(struct ctl_context *ctx, const struct spec_raised *raised)
{
    const struct cli *cli = cli_of(ctx);
    const char *dir = ctx->argc > 1 ? ctx->argv[1] : NULL;
    char *error = (dir && !cli->dry_run && !shash_is_empty(&raised->files)
                   ? write_files(dir, &raised->files) : NULL);

    for (size_t i = 0; i < raised->notes.n; i++) {
        struct ds note = DS_EMPTY_INITIALIZER;

        output_put_safe(&note, raised->notes.names[i]);
        cli_note("%s", ds_cstr(&note));
        ds_destroy(&note);
    }
    if (shash_is_empty(&raised->files)) {
        cli_note("export: there is nothing that is not ovs-portd's already; "
                 "--ours writes that, too");
    }
    if (error) {
        cli_fail(ctx, CLI_REFUSED, error);
    } else if (!dir || cli->style.table) {
        struct output_style style = cli->style;
        struct table_style pretty = cli->table;
        struct json *json = to_json(raised);

        pretty.json_flags |= JSSF_PRETTY;
        style.table = style.table ? style.table : &pretty;
        output_json(json, &style, &ctx->output);
        json_destroy(json);
    } else {
        list_files(ctx, dir, &raised->files);
    }
}

static void
export(struct ctl_context *ctx, const struct world *w)
{
    const struct model_observed *o = host_observed(w->host);
    struct smap macs = SMAP_INITIALIZER(&macs);
    const struct spec_raise_options options = {
        .ours = shash_find(&ctx->options, "--ours"),
        .macs = &macs,
        .user = user_name,
        .group = group_name,
    };
    struct spec_raised raised;

    learn_macs(cli_of(ctx), o, &macs);
    spec_raise(o, &options, &raised);
    print(ctx, &raised);
    spec_raised_destroy(&raised);
    smap_destroy(&macs);
}

void
cmd_export(struct ctl_context *ctx)
{
    struct cli *cli = cli_of(ctx);
    struct world w;
    char *error;

    if (cli->style.table && cli->table.format != TF_JSON) {
        cli_fail(ctx, CLI_REFUSED, xstrdup("export: of the formats there is "
                                           "only json"));
        return;
    }
    enum cli_exit code = world_open(cli, cli->spec_dir, true, &w, &error);
    if (code) {
        cli_fail(ctx, code, error);
    } else {
        export(ctx, &w);
    }
    world_close(&w);
}
