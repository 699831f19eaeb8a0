/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/cli/edit.h"

#include <stdlib.h>
#include <string.h>
#include "src/cli/cli.h"
#include "src/cli/diff.h"
#include "src/cli/near.h"
#include "src/cli/nic-edit.h"
#include "src/cli/vlan.h"
#include "src/spec/spec.h"
#include "src/store/store.h"
#include "sset.h"
#include "util.h"

#define HOST_FILE "host.json"
#define VM_PREFIX "vms.d/"
#define VM_SUFFIX ".json"

struct edit {
    struct store_edit *store;   /* NULL once committed. */
    struct sset touched;        /* Files that commands were about. */
    struct svec targets;        /* "NAME=SHA256", once committed. */
    struct spec_result host;    /* host.json, for its defaults. */
    struct sset vlan_nics;      /* "VM/NIC" whose VLANs are set. */
};

char *
edit_begin(const struct cli *cli, struct edit **editp)
{
    struct store_edit *store;
    int ms = cli_ms_left(cli, 1);
    char *error = store_edit_begin(cli->spec_dir, ms < 0 ? INT_MAX : ms,
                                   &store);

    *editp = NULL;
    if (error) {
        return error;
    }

    struct edit *edit = xzalloc(sizeof *edit);
    edit->store = store;
    sset_init(&edit->touched);
    sset_init(&edit->vlan_nics);
    svec_init(&edit->targets);

    const struct store_file *host = store_edit_get(store, HOST_FILE);
    if (host && host->state == STORE_OK) {
        spec_parse_host(HOST_FILE, host->text, host->len, &edit->host);
    } else {
        svec_init(&edit->host.errors);
        if (host && host->state == STORE_UNREADABLE) {
            svec_add(&edit->host.errors, host->error);
        }
    }
    *editp = edit;
    return NULL;
}

void
edit_end(struct edit *edit)
{
    if (edit) {
        if (edit->store) {
            store_edit_abort(edit->store);
        }
        sset_destroy(&edit->touched);
        sset_destroy(&edit->vlan_nics);
        svec_destroy(&edit->targets);
        spec_result_destroy(&edit->host);
        free(edit);
    }
}

/* Adds the messages of a VM's file. */
static void
check_text(const struct edit *edit, const char *name, const char *text,
           struct svec *errors)
{
    struct spec_result result;

    spec_parse_vm(name, text, strlen(text), &edit->host.defaults, &result);
    svec_append(errors, &result.errors);
    /* Without host.json's defaults that may be all that is wrong. */
    for (size_t i = 0; result.errors.n && i < edit->host.errors.n; i++) {
        if (!svec_contains_unsorted(errors, edit->host.errors.names[i])) {
            svec_add(errors, edit->host.errors.names[i]);
        }
    }
    spec_result_destroy(&result);
}

static char *
join_errors(struct svec *errors)
{
    char *joined = NULL;

    if (errors->n) {
        joined = svec_join(errors, "\n", "");
    }
    svec_destroy(errors);
    return joined;
}

char *
edit_check(const struct edit *edit)
{
    struct svec errors = SVEC_EMPTY_INITIALIZER;
    const char **names = sset_sort(&edit->touched);

    for (size_t i = 0; i < sset_count(&edit->touched); i++) {
        const struct store_file *file = store_edit_get(edit->store, names[i]);

        if (file && file->state == STORE_OK) {
            check_text(edit, names[i], file->text, &errors);
        }
    }
    free(names);
    return join_errors(&errors);
}

void
edit_diff(const struct edit *edit, struct ds *out)
{
    const char **names = sset_sort(&edit->touched);

    for (size_t i = 0; i < sset_count(&edit->touched); i++) {
        const struct store_file *old
            = store_edit_before(edit->store, names[i]);
        const struct store_file *new = store_edit_get(edit->store, names[i]);

        diff_format(names[i], old ? old->text : NULL,
                    new ? new->text : NULL, out);
    }
    free(names);
}

/* True if the edit makes any file another one; notes what the daemon has to
 * load. */
static bool
note_targets(struct edit *edit)
{
    const char **names = sset_sort(&edit->touched);
    bool changed = false;

    for (size_t i = 0; i < sset_count(&edit->touched); i++) {
        const struct store_file *old
            = store_edit_before(edit->store, names[i]);
        const struct store_file *new = store_edit_get(edit->store, names[i]);
        const char *sha256 = (new && new->state == STORE_OK
                              ? new->sha256 : "-");

        changed |= !old || strcmp(old->sha256, sha256);
        svec_add_nocopy(&edit->targets, xasprintf("%s=%s", names[i], sha256));
    }
    free(names);
    return changed;
}

char *
edit_commit(struct edit *edit, bool *changed)
{
    char *error = NULL;

    *changed = note_targets(edit);
    if (*changed) {
        error = store_edit_commit(edit->store);
    } else {
        store_edit_abort(edit->store);
    }
    edit->store = NULL;
    return error;
}

void
edit_targets(const struct edit *edit, struct svec *targets)
{
    svec_append(targets, &edit->targets);
}

bool
edit_is_about_vlans(const struct edit *edit)
{
    return !sset_is_empty(&edit->vlan_nics);
}

void
edit_vlan_bridges(const struct edit *edit, struct sset *bridges)
{
    const char *name;

    SSET_FOR_EACH (name, &edit->touched) {
        const struct store_file *file = store_edit_get(edit->store, name);
        struct spec_result result;

        if (!file || file->state != STORE_OK) {
            continue;
        }
        spec_parse_vm(name, file->text, file->len, &edit->host.defaults,
                      &result);
        for (size_t i = 0; i < result.n_objects; i++) {
            const struct model_object *nic = result.objects[i];

            if (sset_contains(&edit->vlan_nics, nic->id)) {
                sset_add(bridges, model_row_get(&nic->ports[0]->row,
                                                MODEL_F_BRIDGE));
            }
        }
        spec_result_destroy(&result);
    }
}

/* Commands. */

/* The VMs that there are files for. */
static void
vm_names(const struct edit *edit, struct sset *names)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, store_edit_files(edit->store)) {
        size_t len = strlen(node->name);

        if (!strncmp(node->name, VM_PREFIX, strlen(VM_PREFIX))
            && len > strlen(VM_PREFIX VM_SUFFIX)) {
            char *vm = xmemdup0(node->name + strlen(VM_PREFIX),
                                len - strlen(VM_PREFIX VM_SUFFIX));
            sset_add_and_free(names, vm);
        }
    }
}

static char *
unknown_vm(const struct edit *edit, const char *vm, const char *file)
{
    struct sset names = SSET_INITIALIZER(&names);
    char *near, *error;

    vm_names(edit, &names);
    near = near_miss(vm, &names);
    error = xasprintf("there is no VM \"%s\" (no %s)%s", vm, file, near);
    free(near);
    sset_destroy(&names);
    return error;
}

static char *
unknown_nic(const struct nic_edit *e, const char *vm, const char *file)
{
    struct sset names = SSET_INITIALIZER(&names);
    char *near, *error;

    nic_edit_names(e->text, &names);
    near = near_miss(e->nic, &names);
    error = xasprintf("VM \"%s\" has no NIC \"%s\" (in %s)%s", vm, e->nic,
                      file, near);
    free(near);
    sset_destroy(&names);
    return error;
}

/* One NIC whose text a command is about to change. */
struct nic_target {
    char *vm;
    char *nic;
    char *file;
    struct nic_edit e;
};

static void
nic_target_destroy(struct nic_target *t)
{
    free(t->vm);
    free(t->nic);
    free(t->file);
    free(t->e.text);
}

/* Takes VM/NIC apart and finds its text.  A file that is invalid is not
 * edited: which of its errors are old would not be told apart. */
static char *
nic_target_init(struct edit *edit, const char *id, struct nic_target *t)
{
    const char *slash = strchr(id, '/');

    memset(t, 0, sizeof *t);
    if (!slash || slash == id || !slash[1] || strchr(slash + 1, '/')) {
        return xasprintf("\"%s\" is not of the form VM/NIC", id);
    }
    t->vm = xmemdup0(id, slash - id);
    t->nic = xstrdup(slash + 1);
    t->file = xasprintf(VM_PREFIX"%s"VM_SUFFIX, t->vm);

    const struct store_file *file = store_edit_get(edit->store, t->file);
    if (!file || file->state == STORE_ABSENT) {
        return unknown_vm(edit, t->vm, t->file);
    } else if (file->state == STORE_UNREADABLE) {
        return xstrdup(file->error);
    }
    if (!sset_contains(&edit->touched, t->file)) {
        struct svec errors = SVEC_EMPTY_INITIALIZER;
        check_text(edit, t->file, file->text, &errors);

        char *messages = join_errors(&errors);
        if (messages) {
            char *error = xasprintf("%s is invalid as it is; mend it "
                                    "first:\n%s", t->file, messages);
            free(messages);
            return error;
        }
    }
    t->e.text = xstrdup(file->text);
    t->e.nic = t->nic;
    t->e.defaults = edit->host.defaults.nic;
    return (nic_edit_exists(&t->e) ? NULL
            : unknown_nic(&t->e, t->vm, t->file));
}

/* Ends a command on NIC 'id' that ended with 'error'. */
static void
nic_target_done(struct ctl_context *ctx, struct nic_target *t,
                const char *id, char *error)
{
    struct edit *edit = cli_of(ctx)->edit;

    if (error) {
        cli_fail(ctx, CLI_REFUSED, xasprintf("%s: %s: %s", ctx->argv[0], id,
                                             error));
        free(error);
    } else {
        sset_add(&edit->touched, t->file);
        store_edit_put(edit->store, t->file, t->e.text, strlen(t->e.text));
        sset_add(&edit->vlan_nics, id);
    }
    nic_target_destroy(t);
}

void
cmd_nic_set_tag(struct ctl_context *ctx)
{
    struct nic_target t;
    char *tag = NULL;
    char *error = nic_target_init(cli_of(ctx)->edit, ctx->argv[1], &t);

    if (!error) {
        error = vlan_to_json(ctx->argv[2], &tag);
    }
    if (!error) {
        error = nic_edit_set_tag(&t.e, tag);
    }
    free(tag);
    nic_target_done(ctx, &t, ctx->argv[1], error);
}

void
cmd_nic_set_trunks(struct ctl_context *ctx)
{
    struct nic_target t;
    char *trunks = NULL, *native = NULL;
    char *error = nic_target_init(cli_of(ctx)->edit, ctx->argv[1], &t);

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
    nic_target_done(ctx, &t, ctx->argv[1], error);
}

void
cmd_nic_clear_vlan(struct ctl_context *ctx)
{
    struct nic_target t;
    char *error = nic_target_init(cli_of(ctx)->edit, ctx->argv[1], &t);

    if (!error) {
        error = nic_edit_clear_vlan(&t.e);
    }
    nic_target_done(ctx, &t, ctx->argv[1], error);
}
