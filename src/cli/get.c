/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include "smap.h"
#include "src/cli/cli.h"
#include "src/cli/key.h"
#include "src/cli/near.h"
#include "src/cli/nic-edit.h"
#include "src/cli/world.h"
#include "sset.h"
#include "util.h"

/* nic-get: what a VM's file gives for one NIC, in the words that nic-set
 * takes. */

static char *
find_nic(const struct world *w, const char *id, struct smap *values)
{
    const char *slash = strchr(id, '/');

    if (!slash || slash == id || !slash[1] || strchr(slash + 1, '/')) {
        return xasprintf("\"%s\" is not of the form VM/NIC", id);
    }

    char *source = specs_source_of(id);
    const struct specs_file *file = specs_get(&w->specs, source);
    struct nic_edit e = { .text = file ? file->text : NULL, .nic = slash + 1 };
    char *error = NULL;

    if (!file) {
        char *vm = xmemdup0(id, slash - id);
        error = world_unknown_vm(w, vm);
        free(vm);
    } else if (!file->valid) {
        error = xasprintf("%s is invalid: %s", source,
                          file->errors.n ? file->errors.names[0] : "");
    } else if (!nic_edit_exists(&e)) {
        struct sset names = SSET_INITIALIZER(&names);

        nic_edit_names(e.text, &names);
        char *near = near_miss(e.nic, &names);
        error = xasprintf("there is no such NIC in %s%s", source, near);
        free(near);
        sset_destroy(&names);
    } else {
        nic_edit_values(&e, values);
    }
    free(source);
    return error;
}

/* Prints those of 'values' that are 'key' or in the map 'key'; NULL: all.
 * Returns how many there are. */
static size_t
print_values(struct ctl_context *ctx, const struct smap *values,
             const char *key)
{
    static const char *const headings[] = { "key", "value", NULL };
    const struct smap_node **nodes = smap_sort(values);
    struct cli *cli = cli_of(ctx);
    const char *value = key ? smap_get(values, key) : NULL;
    size_t len = key ? strlen(key) : 0;
    size_t n = 0;
    struct output o;

    output_init(&o, headings);
    for (size_t i = 0; i < smap_count(values); i++) {
        const char *name = nodes[i]->key;

        if (!key || (!strncmp(name, key, len)
                     && (!name[len] || name[len] == ':'))) {
            output_text(&o, name);
            output_text(&o, nodes[i]->value);
            n++;
        }
    }
    if (value && !cli->style.table && !cli->style.columns) {
        output_put_safe(&ctx->output, value);
        ds_put_char(&ctx->output, '\n');
    } else if (n || !key) {
        cli_print(ctx, &o);
    }
    output_destroy(&o);
    free(nodes);
    return n;
}

void
cmd_nic_get(struct ctl_context *ctx)
{
    const struct cli *cli = cli_of(ctx);
    const char *id = ctx->argv[1];
    const char *key = ctx->argc > 2 ? ctx->argv[2] : NULL;
    struct smap values = SMAP_INITIALIZER(&values);
    struct world w;
    char *error;
    enum cli_exit code = world_open(cli, cli->spec_dir, false, &w, &error);

    if (!code) {
        error = find_nic(&w, id, &values);
        if (!error && key) {
            error = key_check(SPEC_NIC, key);
        }
        if (!error && !print_values(ctx, &values, key) && key
            && !shash_find(&ctx->options, "--if-exists")) {
            error = xasprintf("%s: the NIC's file does not give it", key);
        }
    }
    if (error) {
        cli_fail(ctx, code ? code : CLI_REFUSED,
                 xasprintf("%s: %s: %s", ctx->argv[0], id, error));
        free(error);
    }
    world_close(&w);
    smap_destroy(&values);
}
