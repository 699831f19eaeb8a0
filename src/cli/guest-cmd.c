/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "openvswitch/json.h"
#include "src/cli/cli.h"
#include "src/cli/guest.h"
#include "src/cli/keyed.h"
#include "src/cli/world.h"
#include "src/host/host.h"
#include "timeval.h"
#include "util.h"

/* qemu-args and libvirt-xml. */

#define VHOST_NET "/dev/vhost-net"
/* For the database to tell of bridges. */
#define DATABASE_MS 3000

static char *
parse_vhost(const struct ctl_context *ctx, enum guest_vhost *vhost)
{
    const char *value = shash_find_data(&ctx->options, "--vhost");

    *vhost = (!value ? GUEST_VHOST_AUTO
              : !strcmp(value, "on") ? GUEST_VHOST_ON : GUEST_VHOST_OFF);
    return (*vhost == GUEST_VHOST_OFF && strcmp(value, "off")
            ? xasprintf("--vhost=%s: this is neither on nor off", value)
            : NULL);
}

/* The files, and the host as well: it knows the bridges that host.json does
 * not describe.  Without 'live' that is not worth a long wait, nor an error:
 * a server that is stopped accepts connections all the same. */
static enum cli_exit
open_world(struct ctl_context *ctx, struct world *w, char **error)
{
    struct cli *cli = cli_of(ctx);
    bool live = keyed_option(ctx, "--live");
    long long int deadline = cli->deadline;
    enum cli_exit code;

    if (!live) {
        cli->deadline = MIN(deadline, time_msec() + DATABASE_MS);
    }
    code = world_open(cli, cli->spec_dir, true, w, error);
    cli->deadline = deadline;
    if (code == CLI_ABSENT && !live) {
        free(*error);
        world_close(w);
        code = world_open(cli, cli->spec_dir, false, w, error);
    }
    return code;
}

/* True if bridge 'name' has the userspace datapath; says so if that is not
 * known. */
static bool
is_userspace(const struct world *w, const char *name)
{
    char *id = xasprintf("bridge:%s", name);
    const struct model_object *object = model_wanted_get(w->wanted, id);
    const struct model_bridge *bridge
        = (object && object->bridge ? object->bridge
           : w->host ? model_observed_bridge(host_observed(w->host), name)
           : NULL);

    if (!bridge) {
        cli_note("the datapath type of bridge %s is not known, as %s; on the "
                 "userspace datapath, checksum offload must be off", name,
                 w->host ? "there is no such bridge"
                 : "the database is not there");
    }
    free(id);
    return bridge && !strcmp(model_row_get(&bridge->row, "datapath_type"),
                             "netdev");
}

/* Fills in 'nics' with what 'id' (VM or VM/NIC) names, in order.  Returns
 * NULL, or what is wrong. */
static char *
find_nics(const struct world *w, const char *id, struct shash *nics)
{
    const char *slash = strchr(id, '/');
    char *vm = slash ? xmemdup0(id, slash - id) : xstrdup(id);
    char *source = specs_vm_file(vm);
    const struct specs_file *file = specs_get(&w->specs, source);
    const struct sset *ids = model_wanted_by_source(w->wanted, source);
    char *error = NULL;
    const char *name;

    if (!file) {
        error = world_unknown_vm(w, vm);
    } else if (!file->valid) {
        error = xasprintf("%s is invalid: %s", source,
                          file->errors.n ? file->errors.names[0] : "");
    } else if (ids) {
        SSET_FOR_EACH (name, ids) {
            if (!slash || !strcmp(name, id)) {
                shash_add(nics, name, model_wanted_get(w->wanted, name));
            }
        }
    }
    if (!error && shash_is_empty(nics)) {
        error = xasprintf(slash ? "there is no such NIC in %s"
                          : "there are no NICs in %s", source);
    }
    free(source);
    free(vm);
    return error;
}

typedef void print_nic(struct ctl_context *, const struct model_object *,
                       const struct guest_host *, struct json *all);

/* Prints each NIC that the argument names by 'print'. */
static char *
print_nics(struct ctl_context *ctx, const struct world *w, bool libvirt,
           enum guest_vhost vhost, print_nic *print)
{
    bool live = shash_find(&ctx->options, "--live");
    struct shash nics = SHASH_INITIALIZER(&nics);
    struct json *all = json_array_create_empty();
    char *error = find_nics(w, ctx->argv[1], &nics);
    const struct shash_node **nodes = shash_sort(&nics);

    for (size_t i = 0; i < shash_count(&nics) && !error; i++) {
        const struct model_object *nic = nodes[i]->data;
        struct guest_host host = {
            .vhost = vhost,
            .vhost_net = !access(VHOST_NET, F_OK),
        };

        error = guest_check(nic, &host, libvirt);
        if (!error && live) {
            error = guest_check_live(nic, host_observed(w->host));
        }
        if (error) {
            char *text = xasprintf("%s: %s", nic->id, error);
            free(error);
            error = text;
        } else {
            host.userspace = is_userspace(w, model_row_get(
                &nic->ports[0]->row, MODEL_F_BRIDGE));
            print(ctx, nic, &host, all);
        }
    }
    if (!error && json_array(all)->n) {
        output_json(all, &cli_of(ctx)->style, &ctx->output);
    }
    if (error) {
        ds_clear(&ctx->output);
    }
    json_destroy(all);
    free(nodes);
    shash_destroy(&nics);
    return error;
}

static void
print_all(struct ctl_context *ctx, bool libvirt, print_nic *print)
{
    enum cli_exit code = CLI_REFUSED;
    enum guest_vhost vhost;
    char *error = parse_vhost(ctx, &vhost);

    if (!error) {
        struct world w;

        code = open_world(ctx, &w, &error);
        if (!code) {
            error = print_nics(ctx, &w, libvirt, vhost, print);
            code = error ? CLI_REFUSED : CLI_DONE;
        }
        world_close(&w);
    }
    if (error) {
        cli_fail(ctx, code, xasprintf("%s: %s", ctx->argv[0], error));
        free(error);
    }
}

/* A line for each NIC, a line for each argument, or JSON. */
static void
print_qemu(struct ctl_context *ctx, const struct model_object *nic,
           const struct guest_host *host, struct json *all)
{
    const struct cli *cli = cli_of(ctx);
    struct svec args = SVEC_EMPTY_INITIALIZER;
    bool json = cli->style.table && cli->table.format == TF_JSON;
    struct json *array = json_array_create_empty();

    guest_qemu_args(nic, host, &args);
    for (size_t i = 0; i < args.n; i++) {
        if (json) {
            json_array_add(array, json_string_create(args.names[i]));
        } else {
            ds_put_format(&ctx->output, "%s%s", args.names[i],
                          cli->style.table || i + 1 == args.n ? "\n" : " ");
        }
    }
    if (json) {
        json_array_add(all, array);
    } else {
        json_destroy(array);
    }
    svec_destroy(&args);
}

void
cmd_qemu_args(struct ctl_context *ctx)
{
    const struct cli *cli = cli_of(ctx);

    if (cli->style.table && cli->table.format != TF_LIST
        && cli->table.format != TF_JSON) {
        cli_fail(ctx, CLI_REFUSED, xstrdup(
            "qemu-args: of the formats there are list (an argument a line) "
            "and json, beside a line for each NIC"));
        return;
    }
    print_all(ctx, false, print_qemu);
}

static void
print_xml(struct ctl_context *ctx, const struct model_object *nic,
          const struct guest_host *host, struct json *all OVS_UNUSED)
{
    guest_libvirt_xml(nic, host, &ctx->output);
}

void
cmd_libvirt_xml(struct ctl_context *ctx)
{
    if (cli_of(ctx)->style.table) {
        cli_fail(ctx, CLI_REFUSED,
                 xstrdup("libvirt-xml: there is no format but XML"));
        return;
    }
    print_all(ctx, true, print_xml);
}
