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
            char *vm = specs_vm_of(file->name);

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
    char *source = vm ? specs_vm_file(vm) : NULL;
    struct world w;

    if (open_specs(ctx, &w)) {
        if (source && !specs_get(&w.specs, source)) {
            cli_fail(ctx, CLI_REFUSED, world_unknown_vm(&w, vm));
        } else {
            list_nics(ctx, &w, source);
            say_errors(&w, source);
        }
    }
    free(source);
    world_close(&w);
}

/* A bridge that host.json describes, or one that is only used. */
static void
put_bridge(struct output *o, const struct world *w, const char *name)
{
    char *id = xasprintf("bridge:%s", name);
    const struct model_object *object = model_wanted_get(w->wanted, id);
    const struct sset *ids = model_wanted_by_bridge(w->wanted, name);
    size_t n_nics = 0, n_others = 0;
    const char *user;

    if (ids) {
        SSET_FOR_EACH (user, ids) {
            size_t *n = model_id_is_nic(user) ? &n_nics : &n_others;
            *n += strcmp(user, id) != 0;
        }
    }
    output_text(o, name);
    output_text(o, object ? "true" : "false");
    output_text(o, !object ? "-"
                : *model_row_get(&object->bridge->row, "datapath_type")
                ? model_row_get(&object->bridge->row, "datapath_type")
                : "system");
    output_integer(o, n_nics);
    output_integer(o, n_others);
    free(id);
}

/* All bridges that the files know of. */
static void
add_bridges(const struct world *w, struct sset *names)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &w->wanted->by_bridge) {
        sset_add(names, node->name);
    }
    SHASH_FOR_EACH (node, &w->wanted->objects) {
        const struct model_object *object = node->data;
        if (object->bridge) {
            sset_add(names, object->bridge->row.name);
        }
    }
}

void
cmd_br_list(struct ctl_context *ctx)
{
    static const char *const headings[] = {
        "bridge", "managed", "datapath", "nics", "ports", NULL
    };
    struct sset names = SSET_INITIALIZER(&names);
    struct output o;
    struct world w;

    if (open_specs(ctx, &w)) {
        add_bridges(&w, &names);

        const char **sorted = sset_sort(&names);
        output_init(&o, headings);
        for (size_t i = 0; i < sset_count(&names); i++) {
            put_bridge(&o, &w, sorted[i]);
        }
        cli_print(ctx, &o);
        output_destroy(&o);
        free(sorted);
        say_errors(&w, NULL);
    }
    world_close(&w);
    sset_destroy(&names);
}

/* Fails the command if no file knows of 'bridge'. */
static bool
check_bridge(struct ctl_context *ctx, const struct world *w,
             const char *bridge)
{
    struct sset names = SSET_INITIALIZER(&names);

    add_bridges(w, &names);
    bool known = sset_contains(&names, bridge);
    if (!known) {
        char *near = near_miss(bridge, &names);

        cli_fail(ctx, CLI_REFUSED, xasprintf(
            "%s: there is no bridge \"%s\"%s", ctx->argv[0], bridge, near));
        free(near);
    }
    sset_destroy(&names);
    return known;
}

/* Objects of host.json whose ids begin with 'prefix', on 'bridge' if it is not
 * NULL; 'put' adds one. */
static void
list_host(struct ctl_context *ctx, const char *prefix, const char *bridge,
          const char *const headings[],
          void (*put)(struct output *, const struct model_object *))
{
    struct output o;
    struct world w;

    if (open_specs(ctx, &w) && (!bridge || check_bridge(ctx, &w, bridge))) {
        const struct shash_node **nodes = shash_sort(&w.wanted->objects);

        output_init(&o, headings);
        for (size_t i = 0; i < shash_count(&w.wanted->objects); i++) {
            if (!strncmp(nodes[i]->name, prefix, strlen(prefix))) {
                put(&o, nodes[i]->data);
            }
        }
        cli_print(ctx, &o);
        output_destroy(&o);
        free(nodes);
        say_errors(&w, "host.json");
    }
    world_close(&w);
}

static void
output_vlan(struct output *o, const struct model_port *port)
{
    char *vlan = model_vlan_describe(&port->row);

    output_text(o, vlan);
    free(vlan);
}

/* What 'row' gives for 'field', or 'otherwise'. */
static const char *
get_or(const struct model_row *row, const char *field, const char *otherwise)
{
    const char *value = model_row_get(row, field);

    return *value ? value : otherwise;
}

static void
put_port(struct output *o, const struct model_object *object)
{
    const struct model_port *port = object->ports[0];

    output_text(o, port->row.name);
    output_text(o, model_row_get(&port->row, MODEL_F_BRIDGE));
    output_text(o, get_or(&port->ifaces[0].row, "type", "system"));
    output_vlan(o, port);
}

void
cmd_port_list(struct ctl_context *ctx)
{
    static const char *const headings[] = {
        "port", "bridge", "type", "vlan", NULL
    };
    const char *bridge = ctx->argc > 1 ? ctx->argv[1] : NULL;
    char *prefix = (bridge ? xasprintf("port:%s/", bridge)
                    : xstrdup("port:"));

    list_host(ctx, prefix, bridge, headings, put_port);
    free(prefix);
}

static void
put_bond(struct output *o, const struct model_object *object)
{
    const struct model_port *port = object->ports[0];
    struct ds members = DS_EMPTY_INITIALIZER;

    for (size_t i = 0; i < port->n_ifaces; i++) {
        ds_put_format(&members, "%s%s", i ? "," : "",
                      port->ifaces[i].row.name);
    }
    output_text(o, port->row.name);
    output_text(o, model_row_get(&port->row, MODEL_F_BRIDGE));
    output_text(o, ds_cstr_ro(&members));
    output_text(o, get_or(&port->row, "bond_mode", "active-backup"));
    output_text(o, get_or(&port->row, "lacp", "off"));
    output_vlan(o, port);
    ds_destroy(&members);
}

void
cmd_bond_list(struct ctl_context *ctx)
{
    static const char *const headings[] = {
        "bond", "bridge", "members", "mode", "lacp", "vlan", NULL
    };

    list_host(ctx, "bond:", NULL, headings, put_bond);
}

static void
put_end(struct output *o, const struct model_object *object,
        const char *name)
{
    const struct model_port *port = model_object_find_port(object, name);
    char *end = (port ? xasprintf("%s:%s", model_row_get(&port->row,
                                                         MODEL_F_BRIDGE),
                                  name)
                 : xstrdup(name));

    output_text(o, end);
    if (port) {
        output_vlan(o, port);
    } else {
        output_text(o, "-");
    }
    free(end);
}

static void
put_link(struct output *o, const struct model_object *object)
{
    bool veth = object->n_links != 0;

    output_text(o, strchr(object->id, ':') + 1);
    output_text(o, veth ? "veth" : "patch");
    for (size_t i = 0; i < 2; i++) {
        put_end(o, object, (veth ? object->links[i]->name
                            : object->ports[i]->row.name));
    }
}

void
cmd_link_list(struct ctl_context *ctx)
{
    static const char *const headings[] = {
        "link", "type", "end", "vlan", "other end", "other vlan", NULL
    };

    list_host(ctx, "link:", NULL, headings, put_link);
}
