/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include "smap.h"
#include "src/cli/cli.h"
#include "src/cli/host-object.h"
#include "src/cli/near.h"
#include "src/cli/nic-edit.h"
#include "src/cli/object-edit.h"
#include "src/cli/world.h"
#include "sset.h"
#include "util.h"

/* nic-get, br-get and the like: what a file gives for one object, in the words
 * that nic-set, br-set and the like take. */

/* Finds 'id' in the files.  '*absent', which is false before, says of an error
 * that all that is wrong is that there is no such thing. */
typedef char *find_keyed(const struct world *, const char *id,
                         struct keyed *, bool *absent);

/* Finds the text of VM 'vm'. */
static char *
read_vm(const struct world *w, const char *vm, struct keyed *k, bool *absent)
{
    char *source = specs_vm_file(vm);
    const struct specs_file *file = specs_get(&w->specs, source);
    char *error = NULL;

    if (!file) {
        *absent = true;
        error = world_unknown_vm(w, vm);
    } else if (!file->valid) {
        error = xasprintf("%s is invalid: %s", source,
                          file->errors.n ? file->errors.names[0] : "");
    } else {
        k->text = xstrdup(file->text);
    }
    free(source);
    return error;
}

static char *
find_vm(const struct world *w, const char *vm, struct keyed *k, bool *absent)
{
    k->pointer = xstrdup("");
    return read_vm(w, vm, k, absent);
}

static char *
find_nic(const struct world *w, const char *id, struct keyed *k,
         bool *absent)
{
    const char *slash = strchr(id, '/');

    if (!slash || slash == id || !slash[1] || strchr(slash + 1, '/')) {
        return xasprintf("\"%s\" is not of the form VM/NIC", id);
    }

    char *vm = xmemdup0(id, slash - id);
    char *error = read_vm(w, vm, k, absent);

    k->pointer = object_edit_pointer("/nics", slash + 1);
    if (k->text && !keyed_exists(k)) {
        struct sset names = SSET_INITIALIZER(&names);
        char *source = specs_source_of(id);

        *absent = true;
        nic_edit_names(k->text, &names);
        char *near = near_miss(slash + 1, &names);
        error = xasprintf("there is no such NIC in %s%s", source, near);
        free(near);
        free(source);
        sset_destroy(&names);
    }
    free(vm);
    return error;
}

/* Finds an object of host.json. */
static char *
find_host_object(const struct world *w, const char *name, struct keyed *k,
                 bool *absent)
{
    const struct specs_file *file = specs_get(&w->specs, "host.json");

    if (file && !file->valid) {
        return xasprintf("host.json is invalid: %s",
                         file->errors.n ? file->errors.names[0] : "");
    }
    k->text = xstrdup(file ? file->text : "{}");

    char *error = host_object_find(k, name);
    *absent = !keyed_exists(k);
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

/* Returns NULL if 'key' may be asked for, also the name of a link's end, or
 * an error message. */
static char *
check_key(const struct keyed *k, const char *key)
{
    return (k->thing == SPEC_LINK && !strchr(key, ':') ? NULL
            : keyed_check(k, key));
}

static void
get(struct ctl_context *ctx, enum spec_thing thing, find_keyed *find)
{
    const struct cli *cli = cli_of(ctx);
    const char *id = ctx->argv[1];
    const char *key = ctx->argc > 2 ? ctx->argv[2] : NULL;
    struct smap values = SMAP_INITIALIZER(&values);
    struct keyed k = { .thing = thing };
    bool if_exists = keyed_option(ctx, "--if-exists");
    bool absent = false;
    struct world w;
    char *error;
    enum cli_exit code = world_open(cli, cli->spec_dir, false, &w, &error);

    if (!code) {
        error = find(&w, id, &k, &absent);
        if (!error && key) {
            error = check_key(&k, key);
        }
        if (!error) {
            keyed_values(&k, &values);
        }
        if (!error && !print_values(ctx, &values, key) && key
            && !if_exists) {
            error = xasprintf("%s: the file does not give it", key);
        }
    }
    if (error && !(absent && if_exists)) {
        cli_fail(ctx, code ? code : CLI_REFUSED,
                 xasprintf("%s: %s: %s", ctx->argv[0], id, error));
    }
    free(error);
    world_close(&w);
    keyed_destroy(&k);
    smap_destroy(&values);
}

void
cmd_vm_get(struct ctl_context *ctx)
{
    get(ctx, SPEC_VM, find_vm);
}

void
cmd_nic_get(struct ctl_context *ctx)
{
    get(ctx, SPEC_NIC, find_nic);
}

void
cmd_br_get(struct ctl_context *ctx)
{
    get(ctx, SPEC_BRIDGE, find_host_object);
}

void
cmd_port_get(struct ctl_context *ctx)
{
    get(ctx, SPEC_PORT, find_host_object);
}

void
cmd_bond_get(struct ctl_context *ctx)
{
    get(ctx, SPEC_BOND, find_host_object);
}

void
cmd_link_get(struct ctl_context *ctx)
{
    get(ctx, SPEC_LINK, find_host_object);
}
