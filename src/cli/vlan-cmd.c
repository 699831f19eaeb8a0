/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include "src/cli/cli.h"
#include "src/cli/edit.h"
#include "src/cli/target.h"
#include "src/cli/vlan.h"
#include "src/spec/spec.h"
#include "sset.h"
#include "util.h"

/* Commands about the VLANs of NICs. */

static void
end(struct ctl_context *ctx, struct target *t, const char *id, char *error)
{
    if (!error) {
        edit_note_vlan(cli_of(ctx)->edit, id);
    }
    target_end(ctx, t, id, error);
}

void
cmd_nic_set_tag(struct ctl_context *ctx)
{
    struct target t;
    char *tag = NULL;
    char *error = target_begin(cli_of(ctx)->edit, ctx->argv[1], &t);

    if (!error) {
        error = vlan_to_json(ctx->argv[2], &tag);
    }
    if (!error) {
        error = nic_edit_set_tag(&t.e, tag);
    }
    free(tag);
    end(ctx, &t, ctx->argv[1], error);
}

void
cmd_nic_set_trunks(struct ctl_context *ctx)
{
    struct target t;
    char *trunks = NULL, *native = NULL;
    char *error = target_begin(cli_of(ctx)->edit, ctx->argv[1], &t);

    if (!error) {
        error = vlan_list_to_json(ctx->argv[2], &trunks);
    }
    if (!error && ctx->argc > 3) {
        error = vlan_to_json(ctx->argv[3], &native);
    }
    if (!error) {
        error = nic_edit_set_trunks(&t.e, trunks, native);
    }
    free(trunks);
    free(native);
    end(ctx, &t, ctx->argv[1], error);
}

void
cmd_nic_clear_vlan(struct ctl_context *ctx)
{
    struct target t;
    char *error = target_begin(cli_of(ctx)->edit, ctx->argv[1], &t);

    if (!error) {
        error = nic_edit_clear_vlan(&t.e);
    }
    end(ctx, &t, ctx->argv[1], error);
}

/* retag-all. */

struct retag_all {
    char *from, *to;            /* Decimal. */
    const char *bridge;         /* Or NULL: any. */
    const char *vm;             /* Pattern, or NULL: any. */
    size_t n;                   /* NICs found. */
};

/* Option 'name' of the command as a VLAN. */
static char *
vlan_option(const struct ctl_context *ctx, const char *name, char **vlan)
{
    const char *value = shash_find_data(&ctx->options, name);
    char *error = NULL;

    *vlan = NULL;
    if (!value) {
        return xasprintf("%s=TAG is needed", name);
    }

    char *why = vlan_to_json(value, vlan);
    if (why) {
        error = xasprintf("%s: %s", name, why);
        free(why);
    }
    return error;
}

static char *
retag_nic(struct edit *edit, struct retag_all *r,
          const struct model_object *nic, struct target *t)
{
    const struct model_row *row = &nic->ports[0]->row;
    char *error = NULL;

    if (!strcmp(model_row_get(row, "tag"), r->from)
        && (!r->bridge
            || !strcmp(model_row_get(row, MODEL_F_BRIDGE), r->bridge))) {
        t->e.nic = strchr(nic->id, '/') + 1;
        error = nic_edit_set_tag(&t->e, r->to);
        edit_note_vlan(edit, nic->id);
        r->n++;
    }
    return error;
}

/* Does the VM's NICs that have the tag, however it came to them. */
static void
retag_vm(struct ctl_context *ctx, struct retag_all *r, const char *vm)
{
    struct edit *edit = cli_of(ctx)->edit;
    struct target t;
    char *error = target_begin_any(edit, vm, &t);
    size_t before = r->n;

    if (!error) {
        const struct spec_result *result = edit_parse_vm(edit, vm);

        for (size_t i = 0; i < result->n_objects && !error; i++) {
            error = retag_nic(edit, r, result->objects[i], &t);
        }
    }
    if (!error && r->n == before) {
        target_drop(&t);
    } else {
        target_end(ctx, &t, vm, error);
    }
}

void
cmd_retag_all(struct ctl_context *ctx)
{
    struct retag_all r = {
        .bridge = shash_find_data(&ctx->options, "--bridge"),
        .vm = shash_find_data(&ctx->options, "--vm"),
    };
    char *error = vlan_option(ctx, "--from", &r.from);

    if (!error) {
        error = vlan_option(ctx, "--to", &r.to);
    }
    if (error) {
        cli_fail(ctx, CLI_REFUSED, xasprintf("%s: %s", ctx->argv[0], error));
        free(error);
    } else {
        struct sset names = SSET_INITIALIZER(&names);

        edit_vm_names(cli_of(ctx)->edit, &names);
        const char **vms = sset_sort(&names);
        for (size_t i = 0; i < sset_count(&names) && !ctx->error; i++) {
            if (!r.vm || !fnmatch(r.vm, vms[i], 0)) {
                retag_vm(ctx, &r, vms[i]);
            }
        }
        if (!r.n && !ctx->error) {
            cli_note("%s: no NIC%s%s has tag %s", ctx->argv[0],
                     r.bridge ? " on bridge " : "", r.bridge ? r.bridge : "",
                     r.from);
        }
        free(vms);
        sset_destroy(&names);
    }
    free(r.from);
    free(r.to);
}
