/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/host/specs.h"

#include <stdlib.h>
#include <string.h>

#include "src/kernel/kernel.h"
#include "src/model/observed.h"
#include "src/spec/spec.h"
#include "util.h"

#define HOST_FILE "host.json"
#define VM_PREFIX SPECS_VMS"/"
#define VM_SUFFIX ".json"

void
specs_init(struct specs *specs)
{
    shash_init(&specs->files);
    specs->nic_defaults = NULL;
    specs->defaults_known = specs->defaults_missing = false;
    sset_init(&specs->missing_names);
    smap_init(&specs->users);
    smap_init(&specs->groups);
}

static void
specs_file_destroy(struct specs_file *file)
{
    if (file) {
        free(file->name);
        free(file->sha256);
        free(file->text);
        svec_destroy(&file->errors);
        free(file);
    }
}

void
specs_destroy(struct specs *specs)
{
    struct shash_node *node;
    SHASH_FOR_EACH (node, &specs->files) {
        specs_file_destroy(node->data);
    }
    shash_destroy(&specs->files);
    free(specs->nic_defaults);
    sset_destroy(&specs->missing_names);
    smap_destroy(&specs->users);
    smap_destroy(&specs->groups);
}

const struct specs_file *
specs_get(const struct specs *specs, const char *name)
{
    return shash_find_data(&specs->files, name);
}

static struct specs_file *
get_or_create(struct specs *specs, const char *name)
{
    struct specs_file *file = shash_find_data(&specs->files, name);
    if (!file) {
        file = xzalloc(sizeof *file);
        file->name = xstrdup(name);
        file->sha256 = xstrdup("");
        svec_init(&file->errors);
        shash_add(&specs->files, name, file);
    }
    return file;
}

static void
add_source(const struct model_wanted *wanted, const char *name,
           struct sset *changed)
{
    const struct sset *ids = model_wanted_by_source(wanted, name);
    const char *id;
    if (ids) {
        SSET_FOR_EACH (id, ids) {
            sset_add(changed, id);
        }
    }
}

/* The number of 'name', or NULL if there is no such user or group; 'known' has
 * those that were looked up already. */
static const char *
look_up(const char *name, struct smap *known,
        bool (*resolve)(const char *name, unsigned int *id))
{
    const char *number = smap_get(known, name);
    unsigned int id;

    if (!number) {
        if (resolve(name, &id)) {
            smap_add_format(known, name, "%u", id);
        } else {
            smap_add(known, name, "");
        }
        number = smap_get(known, name);
    }
    return number[0] ? number : NULL;
}

/* Specs name users and groups; the kernel reports numbers. */
static void
resolve_field(struct model_object *object, struct model_link *link,
              const char *field, const char *what, struct smap *known,
              bool (*resolve)(const char *name, unsigned int *id))
{
    const char *name = smap_get(&link->fields, field);
    const char *number = name ? look_up(name, known, resolve) : NULL;

    if (number) {
        smap_replace(&link->fields, field, number);
    } else if (name && !object->problem) {
        object->problem = xasprintf("%s: there is no %s \"%s\" on this host; "
                                    "create it or name another",
                                    what, what, name);
    }
}

static void
resolve_names(struct specs *specs, struct model_object *object)
{
    for (size_t i = 0; i < object->n_links; i++) {
        resolve_field(object, object->links[i], MODEL_L_OWNER, "user",
                      &specs->users, kernel_resolve_user);
        resolve_field(object, object->links[i], MODEL_L_GROUP, "group",
                      &specs->groups, kernel_resolve_group);
    }
}

static bool
policy_equals(const struct model_policy *a, const struct model_policy *b)
{
    return (a->report_only == b->report_only
            && a->pin_ofports == b->pin_ofports
            && a->gc_grace == b->gc_grace
            && a->gc_max_percent == b->gc_max_percent);
}

static void parse_vm(struct specs *, struct specs_file *,
                     struct model_wanted *, struct sset *changed);

static void
set_policy(struct model_wanted *wanted, const struct model_policy *policy,
           struct sset *changed)
{
    if (!policy_equals(&wanted->policy, policy)) {
        struct shash_node *node;
        SHASH_FOR_EACH (node, &wanted->objects) {
            sset_add(changed, node->name);
        }
        wanted->policy = *policy;
    }
}

/* New defaults may change what any VM wants, and mend or break its file. */
static void
set_defaults(struct specs *specs, struct spec_defaults *defaults,
             struct model_wanted *wanted, struct sset *changed)
{
    if (nullable_string_is_equal(specs->nic_defaults, defaults->nic)) {
        return;
    }
    free(specs->nic_defaults);
    specs->nic_defaults = nullable_xstrdup(defaults->nic);

    struct shash_node *node;
    SHASH_FOR_EACH (node, &specs->files) {
        struct specs_file *file = node->data;
        if (strcmp(file->name, HOST_FILE) && file->text) {
            parse_vm(specs, file, wanted, changed);
        }
    }
}

/* Takes over what 'result' holds if it is good; otherwise the last good
 * version stays in force. */
static void
take_result(struct specs *specs, struct specs_file *file,
            struct spec_result *result, struct model_wanted *wanted,
            struct sset *changed)
{
    bool was_valid = file->valid;

    svec_clear(&file->errors);
    svec_append(&file->errors, &result->errors);
    file->valid = !result->errors.n;
    if (file->valid) {
        sset_find_and_delete(&specs->missing_names, file->name);
        for (size_t i = 0; i < result->n_objects; i++) {
            resolve_names(specs, result->objects[i]);
            if (result->objects[i]->problem) {
                sset_add(&specs->missing_names, file->name);
            }
        }
        model_wanted_replace(wanted, file->name, result->objects,
                             result->n_objects, changed);
        result->n_objects = 0;  /* The objects have gone over. */
        file->in_force = true;
    }
    if (file->valid != was_valid) {
        add_source(wanted, file->name, changed);
    }
}

static void
parse_vm(struct specs *specs, struct specs_file *file,
         struct model_wanted *wanted, struct sset *changed)
{
    const struct spec_defaults defaults = { .nic = specs->nic_defaults };
    struct spec_result result;

    spec_parse_vm(file->name, file->text, file->len, &defaults, &result);
    take_result(specs, file, &result, wanted, changed);
    spec_result_destroy(&result);
}

static void
parse_host(struct specs *specs, struct specs_file *file,
           struct model_wanted *wanted, struct sset *changed)
{
    struct spec_result result;

    spec_parse_host(file->name, file->text, file->len, &result);
    take_result(specs, file, &result, wanted, changed);
    if (file->valid) {
        specs->defaults_known = true;
        set_policy(wanted, &result.policy, changed);
        set_defaults(specs, &result.defaults, wanted, changed);
    }
    spec_result_destroy(&result);
}

void
specs_put(struct specs *specs, const char *name, const char *text,
          size_t len, const char *sha256, struct model_wanted *wanted,
          struct sset *changed)
{
    struct specs_file *file = get_or_create(specs, name);

    free(file->text);
    file->text = xmemdup0(text, len);
    file->len = len;
    free(file->sha256);
    file->sha256 = xstrdup(sha256);
    if (!strcmp(name, HOST_FILE)) {
        parse_host(specs, file, wanted, changed);
    } else {
        parse_vm(specs, file, wanted, changed);
    }
}

void
specs_put_unreadable(struct specs *specs, const char *name,
                     const char *error, const struct model_wanted *wanted,
                     struct sset *changed)
{
    struct specs_file *file = get_or_create(specs, name);

    svec_clear(&file->errors);
    svec_add(&file->errors, error);
    free(file->sha256);
    file->sha256 = xstrdup("");
    free(file->text);           /* What was there is not what is there. */
    file->text = NULL;
    file->valid = false;
    add_source(wanted, name, changed);
}

void
specs_remove(struct specs *specs, const char *name,
             struct model_wanted *wanted, struct sset *changed)
{
    /* The policy and the defaults of a host.json that is gone stay as they
     * were: a missing file is never a removal. */
    model_wanted_replace(wanted, name, NULL, 0, changed);
    sset_find_and_delete(&specs->missing_names, name);
    specs_file_destroy(shash_find_and_delete(&specs->files, name));
}

bool
specs_has_vms(const struct specs *specs)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &specs->files) {
        if (!strncmp(node->name, VM_PREFIX, strlen(VM_PREFIX))) {
            return true;
        }
    }
    return false;
}

bool
specs_is_empty(const struct specs *specs)
{
    return (shash_count(&specs->files)
            == (specs_get(specs, SPECS_VMS) ? 1 : 0));
}

static bool
any_nic(const struct model_observed *observed)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &observed->marked) {
        if (model_id_is_nic(node->name)) {
            return true;
        }
    }
    return false;
}

bool
specs_put_directory(struct specs *specs, const char *error, bool missing,
                    const struct model_observed *observed)
{
    struct specs_file *file = shash_find_data(&specs->files, SPECS_VMS);

    if (missing && !specs_has_vms(specs)
        && !(observed && any_nic(observed))) {
        error = NULL;
    }
    if (nullable_string_is_equal(error, file ? file->errors.names[0]
                                             : NULL)) {
        return false;
    } else if (error) {
        file = get_or_create(specs, SPECS_VMS);
        svec_clear(&file->errors);
        svec_add(&file->errors, error);
    } else {
        shash_find_and_delete(&specs->files, SPECS_VMS);
        specs_file_destroy(file);
    }
    return true;
}

char *
specs_vm_file(const char *vm)
{
    return xasprintf(VM_PREFIX"%s"VM_SUFFIX, vm);
}

char *
specs_vm_of(const char *file)
{
    size_t prefix = strlen(VM_PREFIX);
    size_t len = strlen(file);

    return (!strncmp(file, VM_PREFIX, prefix)
            && len > prefix + strlen(VM_SUFFIX)
            ? xmemdup0(file + prefix, len - prefix - strlen(VM_SUFFIX))
            : NULL);
}

char *
specs_source_of(const char *id)
{
    if (!model_id_is_nic(id)) {
        return xstrdup(HOST_FILE);
    }
    return xasprintf(VM_PREFIX"%.*s"VM_SUFFIX, (int) strcspn(id, "/"), id);
}

static const char *
never_valid(const struct specs *specs, const char *name)
{
    const struct specs_file *file = specs_get(specs, name);

    return (file && !file->valid && !file->in_force && file->errors.n
            ? file->errors.names[0]
            : NULL);
}

const char *
specs_frozen(const struct specs *specs, const char *id, bool live)
{
    if (model_id_is_internal(id)) {
        return NULL;
    }

    /* Without host.json's defaults nobody knows what a VM's file wants. */
    char *source = specs_source_of(id);
    const char *why = never_valid(specs, source);
    if (!why && live && model_id_is_nic(id) && !specs_get(specs, source)) {
        why = never_valid(specs, SPECS_VMS);
    }
    free(source);
    if (why || !live) {
        return why;
    }
    why = never_valid(specs, HOST_FILE);
    return (why || !specs->defaults_missing || !model_id_is_nic(id) ? why
            : "host.json is missing although bridges, ports or links of it "
              "are live, and with it the NICs' defaults; put it back, or let "
              "them go by \"ovs-portctl gc-confirm OBJECT\"");
}

/* True if something of host.json's objects is live. */
static bool
any_host_object(const struct model_observed *observed)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &observed->marked) {
        if (!model_id_is_nic(node->name)
            && !model_id_is_internal(node->name)) {
            return true;
        }
    }
    return false;
}

bool
specs_look_for_defaults(struct specs *specs,
                        const struct model_observed *observed)
{
    bool was = specs->defaults_missing;

    specs->defaults_missing = (!specs->defaults_known
                               && !specs_get(specs, HOST_FILE)
                               && any_host_object(observed));
    return specs->defaults_missing != was;
}

void
specs_retry_names(struct specs *specs, struct model_wanted *wanted,
                  struct sset *changed)
{
    struct sset names;
    const char *name;

    sset_clone(&names, &specs->missing_names);
    SSET_FOR_EACH (name, &names) {
        struct specs_file *file = shash_find_data(&specs->files, name);

        if (file->text && file->valid) {
            parse_vm(specs, file, wanted, changed);
        }
    }
    sset_destroy(&names);
    specs_forget_names(specs);
}

bool
specs_misses_names(const struct specs *specs)
{
    return !sset_is_empty(&specs->missing_names);
}

void
specs_forget_names(struct specs *specs)
{
    smap_clear(&specs->users);
    smap_clear(&specs->groups);
}
