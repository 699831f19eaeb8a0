/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/cli/keyed.h"

#include <stdlib.h>
#include <string.h>
#include "src/cli/cli.h"
#include "src/cli/edit.h"
#include "src/cli/key.h"
#include "src/cli/nic-edit.h"
#include "src/cli/object-edit.h"
#include "svec.h"
#include "util.h"

void
keyed_destroy(struct keyed *k)
{
    free(k->text);
    free(k->pointer);
    free(k->id);
}

bool
keyed_exists(const struct keyed *k)
{
    return k->pointer && object_edit_exists(k->text, k->pointer);
}

bool
keyed_option(const struct ctl_context *ctx, const char *option)
{
    return shash_find(&ctx->options, option) != NULL;
}

/* Where a key is to be found. */
struct place {
    enum spec_thing thing;
    const char *key;            /* Of 'thing'. */
    char *pointer;              /* To the object that has... */
    const char *leaf;           /* ...this. */
};

/* A map's key may have any colon in it.  In an object of a kind of its own,
 * each leads one level deeper: "mirrors:m0:select_all". */
static void
find_leaf(struct place *place)
{
    enum spec_key_type type;
    char *error = spec_key_type(place->thing, place->key, &type);
    const char *colon;

    place->leaf = place->key;
    while (!error && type == SPEC_KEY_JSON
           && (colon = strchr(place->leaf, ':')) && strchr(colon + 1, ':')) {
        char *token = xmemdup0(place->leaf, colon - place->leaf);
        char *pointer = object_edit_pointer(place->pointer, token);

        free(place->pointer);
        place->pointer = pointer;
        place->leaf = colon + 1;
        free(token);
    }
    free(error);
}

/* The port of end 'i' of a link, for the caller to free, or NULL. */
static char *
end_name(const struct keyed *k, int i, char **pointer)
{
    char *quoted, *name = NULL;

    *pointer = xasprintf("%s/ends/%d", k->pointer, i);
    quoted = object_edit_get(k->text, *pointer, "port");
    if (quoted && *quoted == '"') {
        name = xmemdup0(quoted + 1, strlen(quoted) - 2);
    }
    free(quoted);
    return name;
}

/* Finds "PORT:KEY" of a link. */
static char *
find_end(const struct keyed *k, const char *key, struct place *place)
{
    struct ds names = DS_EMPTY_INITIALIZER;
    const char *colon = strchr(key, ':');
    char *type = object_edit_get(k->text, k->pointer, "type");
    char *error = NULL;

    place->thing = (type && !strcmp(type, "\"veth\"") ? SPEC_VETH_END
                    : SPEC_PATCH_END);
    free(type);
    for (int i = 0; i < 2 && !place->key; i++) {
        char *pointer;
        char *name = end_name(k, i, &pointer);

        if (name && colon && strlen(name) == colon - key
            && !strncmp(name, key, colon - key)) {
            place->pointer = pointer;
            place->key = colon + 1;
        } else {
            ds_put_format(&names, "%s%s", names.length ? " and " : "",
                          name ? name : "?");
            free(pointer);
        }
        free(name);
    }
    if (!place->key) {
        error = xasprintf("%s: a link's ends have the keys: PORT:KEY, where "
                          "PORT is one of %s", key, ds_cstr_ro(&names));
    }
    ds_destroy(&names);
    return error;
}

/* True if 'key' is 'name' or something in it. */
static bool
is_in(const char *key, const char *name)
{
    size_t len = strlen(name);

    return !strncmp(key, name, len) && (!key[len] || key[len] == ':');
}

/* What commands other than "-set" and the like are for, for the caller to
 * free, or NULL. */
static char *
refuse_others(const struct keyed *k, const char *key)
{
    if (k->thing == SPEC_LINK && !strcmp(key, "type")) {
        return xstrdup("type: what a link is stays as it is; delete it and "
                       "add another");
    } else if (k->thing == SPEC_BRIDGE && is_in(key, "ports")) {
        return xstrdup("ports: there are commands for these: port-add, "
                       "port-set, port-del");
    } else if (k->thing == SPEC_VM && is_in(key, "nics")) {
        return xstrdup("nics: there are commands for these: nic-add, "
                       "nic-set, nic-del");
    } else if (k->thing == SPEC_VM && is_in(key, "version")) {
        return xstrdup("version: it is that of the format, and stays as it "
                       "is");
    }
    return NULL;
}

static char *
find_place(const struct keyed *k, const char *key, struct place *place)
{
    char *refusal = refuse_others(k, key);

    *place = (struct place) { .thing = k->thing };
    if (refusal) {
        return refusal;
    } else if (k->thing == SPEC_LINK) {
        char *error = find_end(k, key, place);

        if (!error) {
            find_leaf(place);
        }
        return error;
    }
    place->pointer = xstrdup(k->pointer);
    place->key = key;
    find_leaf(place);
    return NULL;
}

char *
keyed_check(const struct keyed *k, const char *key)
{
    struct place place;
    char *error = find_place(k, key, &place);

    if (!error) {
        error = key_check(place.thing, place.key);
    }
    free(place.pointer);
    return error;
}

bool
keyed_has(const struct keyed *k, const char *key)
{
    struct place place;
    char *error = find_place(k, key, &place);
    char *value = (error ? NULL
                   : object_edit_get(k->text, place.pointer, place.leaf));

    free(place.pointer);
    free(value);
    free(error);
    return value != NULL;
}

char *
keyed_put(struct keyed *k, const char *key, const char *json)
{
    struct place place;
    char *error = find_place(k, key, &place);

    if (!error) {
        error = object_edit_put(&k->text, place.pointer, place.leaf, json);
    }
    free(place.pointer);
    return error;
}

static void
collect_end(const struct keyed *k, int i, struct smap *values)
{
    char *pointer;
    char *name = end_name(k, i, &pointer);
    char *prefix = xasprintf("%s:", name ? name : "?");

    object_edit_values(k->text, pointer, prefix, values);
    free(prefix);
    free(name);
    free(pointer);
}

void
keyed_values(const struct keyed *k, struct smap *values)
{
    struct smap all = SMAP_INITIALIZER(&all);
    struct smap_node *node;

    object_edit_values(k->text, k->pointer, "", &all);
    SMAP_FOR_EACH (node, &all) {
        /* Ports, NICs and ends have commands and names of their own. */
        const char *key = node->key;
        if (!(k->thing == SPEC_BRIDGE && is_in(key, "ports"))
            && !(k->thing == SPEC_VM
                 && (is_in(key, "nics") || is_in(key, "version")))
            && !(k->thing == SPEC_LINK && !strcmp(key, "ends"))) {
            smap_add(values, key, node->value);
        }
    }
    for (int i = 0; k->thing == SPEC_LINK && i < 2; i++) {
        collect_end(k, i, values);
    }
    smap_destroy(&all);
}

/* Arguments. */

static void
note_key(struct ctl_context *ctx, const struct keyed *k, const char *key)
{
    struct place place;
    char *error = find_place(k, key, &place);

    if (!error && nic_edit_is_vlan(place.key)) {
        edit_note_vlan(cli_of(ctx)->edit, k->id);
    }
    free(place.pointer);
    free(error);
}

static char *
to_json(const struct keyed *k, const char *key, const char *value,
        char **json)
{
    struct place place;
    char *error = find_place(k, key, &place);

    if (!error) {
        error = key_to_json(place.thing, place.key, value, json);
    }
    free(place.pointer);
    return error;
}

static char *
set_one(struct ctl_context *ctx, struct keyed *k, const char *arg)
{
    char *key, *value, *json = NULL;
    char *error = key_split(arg, &key, &value);

    if (!error) {
        error = to_json(k, key, value, &json);
    }
    if (!error) {
        note_key(ctx, k, key);
        error = keyed_put(k, key, json);
    }
    free(json);
    free(value);
    free(key);
    return error;
}

static char *
clear_one(struct ctl_context *ctx, struct keyed *k, const char *key)
{
    char *error = keyed_check(k, key);

    if (error) {
        return error;
    } else if (!keyed_has(k, key)) {
        return (keyed_option(ctx, "--if-exists") ? NULL
                : xasprintf("%s: the file does not give it", key));
    }
    note_key(ctx, k, key);
    return keyed_put(k, key, NULL);
}

static char *
do_all(struct ctl_context *ctx, int first, struct keyed *k,
       char *(*do_one)(struct ctl_context *, struct keyed *, const char *))
{
    struct svec errors = SVEC_EMPTY_INITIALIZER;
    char *joined = NULL;

    for (int i = first; i < ctx->argc; i++) {
        char *error = do_one(ctx, k, ctx->argv[i]);

        if (error) {
            svec_add_nocopy(&errors, error);
        }
    }
    if (errors.n) {
        joined = svec_join(&errors, "; ", "");
    }
    svec_destroy(&errors);
    return joined;
}

char *
keyed_set(struct ctl_context *ctx, int first, struct keyed *k)
{
    return do_all(ctx, first, k, set_one);
}

char *
keyed_clear(struct ctl_context *ctx, int first, struct keyed *k)
{
    return do_all(ctx, first, k, clear_one);
}
