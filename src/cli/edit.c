/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/cli/edit.h"

#include <stdlib.h>
#include <string.h>
#include "src/cli/cli.h"
#include "src/cli/diff.h"
#include "src/cli/near.h"
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

/* For commands. */

void
edit_vm_names(const struct edit *edit, struct sset *names)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, store_edit_files(edit->store)) {
        const struct store_file *file = node->data;
        size_t len = strlen(node->name);

        if (file->state != STORE_ABSENT
            && !strncmp(node->name, VM_PREFIX, strlen(VM_PREFIX))
            && len > strlen(VM_PREFIX VM_SUFFIX)) {
            char *vm = xmemdup0(node->name + strlen(VM_PREFIX),
                                len - strlen(VM_PREFIX VM_SUFFIX));
            sset_add_and_free(names, vm);
        }
    }
}

char *
edit_vm_file(const char *vm)
{
    return xasprintf(VM_PREFIX"%s"VM_SUFFIX, vm);
}

bool
edit_has_vm(const struct edit *edit, const char *vm)
{
    char *name = edit_vm_file(vm);
    const struct store_file *file = store_edit_get(edit->store, name);

    free(name);
    return file && file->state != STORE_ABSENT;
}

static char *
unknown_vm(const struct edit *edit, const char *vm, const char *file)
{
    struct sset names = SSET_INITIALIZER(&names);
    char *near, *error;

    edit_vm_names(edit, &names);
    near = near_miss(vm, &names);
    error = xasprintf("there is no VM \"%s\" (no %s)%s", vm, file, near);
    free(near);
    sset_destroy(&names);
    return error;
}

/* A file that is invalid is not edited: which of its errors are old would not
 * be told apart. */
static char *
check_before(const struct edit *edit, const char *name, const char *text)
{
    struct svec errors = SVEC_EMPTY_INITIALIZER;
    char *error = NULL;

    if (!sset_contains(&edit->touched, name)) {
        check_text(edit, name, text, &errors);
    }

    char *messages = join_errors(&errors);
    if (messages) {
        error = xasprintf("%s is invalid as it is; mend it first:\n%s", name,
                          messages);
        free(messages);
    }
    return error;
}

char *
edit_get_vm(const struct edit *edit, const char *vm, char **text)
{
    char *name = edit_vm_file(vm);
    const struct store_file *file = store_edit_get(edit->store, name);
    char *error = NULL;

    *text = NULL;
    if (!file || file->state == STORE_ABSENT) {
        error = unknown_vm(edit, vm, name);
    } else if (file->state == STORE_UNREADABLE) {
        error = xstrdup(file->error);
    } else {
        error = check_before(edit, name, file->text);
        if (!error) {
            *text = xstrdup(file->text);
        }
    }
    free(name);
    return error;
}

void
edit_put_vm(struct edit *edit, const char *vm, const char *text)
{
    char *name = edit_vm_file(vm);

    sset_add(&edit->touched, name);
    store_edit_put(edit->store, name, text, text ? strlen(text) : 0);
    free(name);
}

const struct spec_defaults *
edit_defaults(const struct edit *edit)
{
    return &edit->host.defaults;
}

void
edit_note_vlan(struct edit *edit, const char *id)
{
    sset_add(&edit->vlan_nics, id);
}
