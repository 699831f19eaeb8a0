/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include "src/cli/cli.h"
#include "src/cli/near.h"
#include "src/cli/world.h"
#include "sset.h"
#include "util.h"

/* What the files ask for, whatever has become of it. */

#define VM_PREFIX "vms.d/"

/* The VM's name in "vms.d/VM.json", or NULL for another file. */
static char *
vm_of(const char *file)
{
    size_t prefix = strlen(VM_PREFIX);
    size_t len = strlen(file);

    return (!strncmp(file, VM_PREFIX, prefix) && len > prefix + 5
            ? xmemdup0(file + prefix, len - prefix - 5) : NULL);
}

/* Opens the specs, or fails the command. */
static bool
open_specs(struct ctl_context *ctx, struct world *w)
{
    const struct cli *cli = cli_of(ctx);
    char *error;
    enum cli_exit code = world_open(cli, cli->spec_dir, false, w, &error);

    if (code) {
        cli_fail(ctx, code, error);
    }
    return !code;
}

void
cmd_vm_list(struct ctl_context *ctx)
{
    static const char *const headings[] = {
        "vm", "nics", "state", "file", NULL
    };
    struct output o;
    struct world w;

    if (open_specs(ctx, &w)) {
        const struct shash_node **nodes = shash_sort(&w.specs.files);

        output_init(&o, headings);
        for (size_t i = 0; i < shash_count(&w.specs.files); i++) {
            const struct specs_file *file = nodes[i]->data;
            const struct sset *ids = model_wanted_by_source(w.wanted,
                                                            file->name);
            char *vm = vm_of(file->name);

            if (vm) {
                output_text(&o, vm);
                output_integer(&o, ids ? sset_count(ids) : 0);
                output_text(&o, file->valid ? "valid" : "invalid");
                output_text(&o, file->name);
                free(vm);
            }
        }
        cli_print(ctx, &o);
        output_destroy(&o);
        free(nodes);
    }
    world_close(&w);
}

static void
put_nic(struct output *o, const struct model_object *nic)
{
    const struct model_port *port = nic->n_ports ? nic->ports[0] : NULL;
    char *vlan = port ? model_vlan_describe(&port->row) : xstrdup("-");

    output_text(o, nic->id);
    output_text(o, port ? port->row.name : "-");
    output_text(o, port ? model_row_get(&port->row, MODEL_F_BRIDGE) : "-");
    output_text(o, vlan);
    output_text(o, nic->mac ? nic->mac : "-");
    output_integer(o, nic->queues);
    free(vlan);
}

/* The near misses among all VMs. */
static char *
unknown_vm(const struct world *w, const char *vm)
{
    struct sset names = SSET_INITIALIZER(&names);
    struct shash_node *node;
    char *near, *error;

    SHASH_FOR_EACH (node, &w->specs.files) {
        char *name = vm_of(node->name);
        if (name) {
            sset_add_and_free(&names, name);
        }
    }
    near = near_miss(vm, &names);
    error = xasprintf("there is no VM \"%s\"%s", vm, near);
    free(near);
    sset_destroy(&names);
    return error;
}

static void
list_nics(struct ctl_context *ctx, const struct world *w, const char *source)
{
    static const char *const headings[] = {
        "nic", "ifname", "bridge", "vlan", "mac", "queues", NULL
    };
    const struct shash_node **nodes = shash_sort(&w->wanted->objects);
    struct output o;

    output_init(&o, headings);
    for (size_t i = 0; i < shash_count(&w->wanted->objects); i++) {
        const struct model_object *object = nodes[i]->data;

        if (model_id_is_nic(object->id)
            && (!source || !strcmp(source, object->source))) {
            put_nic(&o, object);
        }
    }
    cli_print(ctx, &o);
    output_destroy(&o);
    free(nodes);
}

static void
say_errors(const struct world *w, const char *source)
{
    const struct shash_node **nodes = shash_sort(&w->specs.files);

    for (size_t i = 0; i < shash_count(&w->specs.files); i++) {
        const struct specs_file *file = nodes[i]->data;

        for (size_t j = 0; j < file->errors.n; j++) {
            if (!source || !strcmp(source, file->name)) {
                cli_say(file->errors.names[j]);
            }
        }
    }
    free(nodes);
}

void
cmd_nic_list(struct ctl_context *ctx)
{
    const char *vm = ctx->argc > 1 ? ctx->argv[1] : NULL;
    char *source = vm ? xasprintf(VM_PREFIX"%s.json", vm) : NULL;
    struct world w;

    if (open_specs(ctx, &w)) {
        if (source && !specs_get(&w.specs, source)) {
            cli_fail(ctx, CLI_REFUSED, unknown_vm(&w, vm));
        } else {
            list_nics(ctx, &w, source);
            say_errors(&w, source);
        }
    }
    free(source);
    world_close(&w);
}
