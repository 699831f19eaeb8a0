/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/cli/edit.h"

#include <stdlib.h>
#include <string.h>
#include "src/cli/apply.h"
#include "src/cli/cli.h"
#include "src/cli/confirm.h"
#include "src/cli/diff.h"
#include "src/cli/near.h"
#include "src/host/specs.h"
#include "src/spec/spec.h"
#include "src/store/store.h"
#include "sset.h"
#include "util.h"

#define HOST_FILE "host.json"
#define BRIDGE_ID "bridge:"

/* host.json, where there is none. */
#define NEW_HOST "{\n  \"version\": 1\n}\n"

struct edit {
    const struct cli *cli;
    struct store_edit *store;   /* NULL once committed. */
    struct sset touched;        /* Files that commands were about. */
    struct svec targets;        /* "NAME=SHA256", once committed. */
    struct spec_result host;    /* host.json, for its defaults. */
    struct shash *parsed;       /* "struct parsed", by the file's name. */
    struct sset vlans;          /* Ids of objects whose VLANs are set... */
    struct sset objects;        /* ...of those that commands were about... */
    struct sset removed;        /* ...and of those that they removed. */
    struct sset quarantined;    /* "VM" or "VM/NIC", by "quarantine". */
    bool everything;            /* Once committed: any object may be another
                                 * one now. */
};

/* What has become of a file's text.  Several look at each version of it. */
struct parsed {
    char sha256[STORE_SHA256_LEN + 1];
    struct spec_result result;
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
    edit->cli = cli;
    edit->store = store;
    sset_init(&edit->touched);
    sset_init(&edit->vlans);
    sset_init(&edit->objects);
    sset_init(&edit->removed);
    sset_init(&edit->quarantined);
    svec_init(&edit->targets);
    edit->parsed = xmalloc(sizeof *edit->parsed);
    shash_init(edit->parsed);

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

static void
forget_parsed(struct edit *edit)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, edit->parsed) {
        struct parsed *parsed = node->data;

        spec_result_destroy(&parsed->result);
        free(parsed);
    }
    shash_destroy(edit->parsed);
    free(edit->parsed);
}

void
edit_end(struct edit *edit)
{
    if (edit) {
        forget_parsed(edit);
        if (edit->store) {
            store_edit_abort(edit->store);
        }
        sset_destroy(&edit->touched);
        sset_destroy(&edit->vlans);
        sset_destroy(&edit->objects);
        sset_destroy(&edit->removed);
        sset_destroy(&edit->quarantined);
        svec_destroy(&edit->targets);
        spec_result_destroy(&edit->host);
        free(edit);
    }
}

/* What 'file', which could be read, says; good until another version of it is
 * asked for. */
static const struct spec_result *
parse(const struct edit *edit, const struct store_file *file)
{
    struct parsed *parsed = shash_find_data(edit->parsed, file->name);
    size_t len = strlen(file->text);

    if (parsed && !strcmp(parsed->sha256, file->sha256)) {
        return &parsed->result;
    } else if (parsed) {
        spec_result_destroy(&parsed->result);
    } else {
        parsed = xmalloc(sizeof *parsed);
        shash_add(edit->parsed, file->name, parsed);
    }
    ovs_strlcpy(parsed->sha256, file->sha256, sizeof parsed->sha256);
    if (!strcmp(file->name, HOST_FILE)) {
        spec_parse_host(file->name, file->text, len, &parsed->result);
    } else {
        spec_parse_vm(file->name, file->text, len, &edit->host.defaults,
                      &parsed->result);
    }
    return &parsed->result;
}

/* Adds the messages of a file. */
static void
check_file(const struct edit *edit, const struct store_file *file,
           struct svec *errors)
{
    const struct spec_result *result = parse(edit, file);

    svec_append(errors, &result->errors);

    /* Without host.json's defaults that may be all that is wrong. */
    bool incomplete = result->errors.n && strcmp(file->name, HOST_FILE);
    for (size_t i = 0; incomplete && i < edit->host.errors.n; i++) {
        if (!svec_contains_unsorted(errors, edit->host.errors.names[i])) {
            svec_add(errors, edit->host.errors.names[i]);
        }
    }
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

/* Adds the ids of the objects of 'name' that have a port on 'bridge'. */
static void
add_users(const struct edit *edit, const char *name, const char *bridge,
          struct svec *users)
{
    const struct store_file *file = store_edit_get(edit->store, name);

    if (file->state != STORE_OK) {
        return;
    }

    const struct spec_result *result = parse(edit, file);
    for (size_t i = 0; i < result->n_objects; i++) {
        const struct model_object *object = result->objects[i];
        bool uses = false;

        for (size_t j = 0; j < object->n_ports; j++) {
            uses |= !strcmp(model_row_get(&object->ports[j]->row,
                                          MODEL_F_BRIDGE), bridge);
        }
        if (uses) {
            svec_add(users, object->id);
        }
    }
}

/* What still has a port on a bridge that is removed would be cut off. */
static void
check_removed(const struct edit *edit, const char *id, struct svec *errors)
{
    const char *bridge = strchr(id, ':') + 1;
    const struct shash_node **nodes
        = shash_sort(store_edit_files(edit->store));
    struct svec users = SVEC_EMPTY_INITIALIZER;

    for (size_t i = 0; i < shash_count(store_edit_files(edit->store)); i++) {
        add_users(edit, nodes[i]->name, bridge, &users);
    }
    if (users.n) {
        char *more = (users.n > 1 ? xasprintf(" and %"PRIuSIZE" more",
                                              users.n - 1) : xstrdup(""));

        svec_add_nocopy(errors, xasprintf(
            "bridge %s cannot be removed, as %s%s %s on it; remove or move "
            "what is, as well", bridge, users.names[0], more,
            users.n > 1 ? "are" : "is"));
        free(more);
    }
    svec_destroy(&users);
    free(nodes);
}

/* Adds what is wrong with each file that commands were about. */
static void
check_touched(const struct edit *edit, struct svec *errors)
{
    const char **names = sset_sort(&edit->touched);

    for (size_t i = 0; i < sset_count(&edit->touched); i++) {
        const struct store_file *file = store_edit_get(edit->store, names[i]);

        if (file && file->state == STORE_OK) {
            check_file(edit, file, errors);
        }
    }
    free(names);
}

char *
edit_check(const struct edit *edit)
{
    struct svec errors = SVEC_EMPTY_INITIALIZER;
    struct sset changed = SSET_INITIALIZER(&changed);
    const char *id;

    edit_changed(edit, &changed);
    confirm_refuse(edit->cli, &changed, &errors);
    if (edit->cli->apply) {
        apply_check_files(edit->cli->apply, edit_files_before(edit),
                          edit_files(edit), &changed, &errors);
    } else {
        check_touched(edit, &errors);
    }
    sset_destroy(&changed);
    SSET_FOR_EACH (id, &edit->removed) {
        if (!errors.n && !strncmp(id, BRIDGE_ID, strlen(BRIDGE_ID))) {
            check_removed(edit, id, &errors);
        }
    }
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

/* An "apply" is about host.json as a whole.  Where that stays as it is, these
 * are its own objects; otherwise its defaults reach everywhere. */
static void
note_host(struct edit *edit)
{
    const struct apply *apply = edit->cli->apply;
    struct sset changed = SSET_INITIALIZER(&changed);

    if (apply && source_path(&apply->source, HOST_FILE)) {
        edit_changed(edit, &changed);
        edit->everything = sset_contains(&changed, HOST_FILE);
        for (size_t i = 0; i < edit->host.n_objects; i++) {
            sset_add(&edit->objects, edit->host.objects[i]->id);
        }
    }
    sset_destroy(&changed);
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

    note_host(edit);
    *changed = note_targets(edit);
    if (*changed && edit->cli->apply && edit->cli->apply->confirm) {
        struct sset names = SSET_INITIALIZER(&names);

        edit_changed(edit, &names);
        error = confirm_commit(edit->cli, edit->store, &names,
                               edit->cli->apply->confirm);
        sset_destroy(&names);
    } else if (*changed) {
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
    const char *id;

    svec_append(targets, &edit->targets);
    if (!edit->everything) {
        SSET_FOR_EACH (id, &edit->objects) {
            svec_add_nocopy(targets, xasprintf("about=%s", id));
        }
    }
}

void
edit_removed(const struct edit *edit, struct svec *ids)
{
    const char **sorted = sset_sort(&edit->removed);

    for (size_t i = 0; i < sset_count(&edit->removed); i++) {
        svec_add(ids, sorted[i]);
    }
    free(sorted);
}

bool
edit_is_about_vlans(const struct edit *edit)
{
    return edit->cli->apply || !sset_is_empty(&edit->vlans);
}

static void
add_bridges(const struct model_object *object, struct sset *bridges)
{
    for (size_t i = 0; i < object->n_ports; i++) {
        sset_add(bridges, model_row_get(&object->ports[i]->row,
                                        MODEL_F_BRIDGE));
    }
}

void
edit_vlan_bridges(const struct edit *edit, struct sset *bridges)
{
    const char *name;

    SSET_FOR_EACH (name, &edit->touched) {
        const struct store_file *file = store_edit_get(edit->store, name);

        if (!file || file->state != STORE_OK) {
            continue;
        }

        const struct spec_result *result = parse(edit, file);
        for (size_t i = 0; i < result->n_objects; i++) {
            const struct model_object *object = result->objects[i];

            if (sset_contains(&edit->vlans, object->id)) {
                add_bridges(object, bridges);
            }
        }
    }
}

/* Adds those of 'id', a VM or a NIC, that are quarantined and paused. */
static void
add_paused(const struct edit *edit, const char *id, struct svec *ids)
{
    size_t len = strcspn(id, "/");
    char *vm = xmemdup0(id, len);
    char *name = specs_vm_file(vm);
    const struct store_file *file = store_edit_get(edit->store, name);
    const struct spec_result *result
        = file && file->state == STORE_OK ? parse(edit, file) : NULL;

    for (size_t i = 0; result && i < result->n_objects; i++) {
        const struct model_object *object = result->objects[i];

        if (object->paused && object->quarantined
            && (!id[len] || !strcmp(object->id, id))) {
            svec_add(ids, object->id);
        }
    }
    free(name);
    free(vm);
}

void
edit_paused(const struct edit *edit, struct svec *ids)
{
    const char *id;

    SSET_FOR_EACH (id, &edit->quarantined) {
        add_paused(edit, id, ids);
    }
    svec_sort_unique(ids);
}

/* For commands. */

const struct shash *
edit_files(const struct edit *edit)
{
    return store_edit_files(edit->store);
}

const struct shash *
edit_files_before(const struct edit *edit)
{
    return store_edit_files_before(edit->store);
}

void
edit_changed(const struct edit *edit, struct sset *names)
{
    const char *name;

    SSET_FOR_EACH (name, &edit->touched) {
        const struct store_file *old = store_edit_before(edit->store, name);
        const struct store_file *new = store_edit_get(edit->store, name);

        if (old && new ? strcmp(old->sha256, new->sha256) : old != new) {
            sset_add(names, name);
        }
    }
}

void
edit_put_file(struct edit *edit, const char *name, const char *text,
              size_t len)
{
    sset_add(&edit->touched, name);
    store_edit_put(edit->store, name, text, len);
}

void
edit_vm_names(const struct edit *edit, struct sset *names)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, store_edit_files(edit->store)) {
        const struct store_file *file = node->data;
        char *vm = (file->state != STORE_ABSENT ? specs_vm_of(node->name)
                    : NULL);

        if (vm) {
            sset_add_and_free(names, vm);
        }
    }
}

bool
edit_has_vm(const struct edit *edit, const char *vm)
{
    char *name = specs_vm_file(vm);
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
check_before(const struct edit *edit, const struct store_file *file)
{
    struct svec errors = SVEC_EMPTY_INITIALIZER;
    char *error = NULL;

    if (!sset_contains(&edit->touched, file->name)) {
        check_file(edit, file, &errors);
    }

    char *messages = join_errors(&errors);
    if (messages) {
        error = xasprintf("%s is invalid as it is; mend it first:\n%s",
                          file->name, messages);
        free(messages);
    }
    return error;
}

/* The text of 'file', which is there. */
static char *
get_text(const struct edit *edit, const struct store_file *file, char **text)
{
    char *error = (file->state == STORE_UNREADABLE ? xstrdup(file->error)
                   : check_before(edit, file));

    if (!error) {
        *text = xstrdup(file->text);
    }
    return error;
}

char *
edit_get_vm(const struct edit *edit, const char *vm, char **text)
{
    char *name = specs_vm_file(vm);
    const struct store_file *file = store_edit_get(edit->store, name);

    *text = NULL;
    char *error = (!file || file->state == STORE_ABSENT
                   ? unknown_vm(edit, vm, name)
                   : get_text(edit, file, text));
    free(name);
    return error;
}

const struct spec_result *
edit_parse_vm(const struct edit *edit, const char *vm)
{
    char *name = specs_vm_file(vm);
    const struct store_file *file = store_edit_get(edit->store, name);

    free(name);
    return parse(edit, file);
}

static void
put_text(struct edit *edit, const char *name, const char *text)
{
    edit_put_file(edit, name, text, text ? strlen(text) : 0);
}

void
edit_put_vm(struct edit *edit, const char *vm, const char *text)
{
    char *name = specs_vm_file(vm);

    put_text(edit, name, text);
    free(name);
}

char *
edit_get_host(const struct edit *edit, char **text)
{
    const struct store_file *file = store_edit_get(edit->store, HOST_FILE);

    *text = NULL;
    if (!file || file->state == STORE_ABSENT) {
        *text = xstrdup(NEW_HOST);
        return NULL;
    }
    return get_text(edit, file, text);
}

void
edit_put_host(struct edit *edit, const char *text)
{
    put_text(edit, HOST_FILE, text);
}

const struct spec_defaults *
edit_defaults(const struct edit *edit)
{
    return &edit->host.defaults;
}

void
edit_note_vlan(struct edit *edit, const char *id)
{
    sset_add(&edit->vlans, id);
}

void
edit_note_object(struct edit *edit, const char *id)
{
    if (!model_id_is_nic(id)) {
        sset_add(&edit->objects, id);
    }
    sset_find_and_delete(&edit->removed, id);
}

void
edit_note_removed(struct edit *edit, const char *id)
{
    edit_note_object(edit, id);
    sset_add(&edit->removed, id);
}

void
edit_note_quarantined(struct edit *edit, const char *id)
{
    sset_add(&edit->quarantined, id);
}
