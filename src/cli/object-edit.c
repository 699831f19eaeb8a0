/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/cli/object-edit.h"

#include <stdlib.h>
#include <string.h>
#include "openvswitch/dynamic-string.h"
#include "src/cli/json-view.h"
#include "src/cli/key.h"
#include "src/spec/text.h"
#include "util.h"

char *
object_edit_pointer(const char *base, const char *token)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    ds_put_cstr(&ds, base);
    text_pointer_append(&ds, token);
    return ds_steal_cstr(&ds);
}

char *
object_edit_at(const char *text, const char *pointer)
{
    struct text_span span;

    return (text && text_find(text, strlen(text), pointer, &span)
            ? xmemdup0(text + span.start, span.end - span.start) : NULL);
}

bool
object_edit_same(const char *a, const char *b)
{
    struct json *ja = key_parse_json(a);
    struct json *jb = key_parse_json(b);
    bool same = ja && jb && json_equal(ja, jb);

    json_destroy(ja);
    json_destroy(jb);
    return same;
}

/* The object at 'pointer', for the caller to destroy, or NULL. */
static struct json *
object_at(const char *text, const char *pointer)
{
    char *object = object_edit_at(text, pointer);
    struct json *json = object ? key_parse_json(object) : NULL;

    free(object);
    if (json && json->type != JSON_OBJECT) {
        json_destroy(json);
        json = NULL;
    }
    return json;
}

void
object_edit_names(const char *text, const char *pointer, struct sset *names)
{
    struct json *json = object_at(text, pointer);
    struct shash_node *node;

    if (json) {
        SHASH_FOR_EACH (node, json_object(json)) {
            sset_add(names, node->name);
        }
    }
    json_destroy(json);
}

bool
object_edit_exists(const char *text, const char *object)
{
    char *value = object_edit_at(text, object);
    bool exists = value && *value == '{';

    free(value);
    return exists;
}

static char *
pointer_to(const char *object, const char *key)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    ds_put_cstr(&ds, object);
    key_pointer(key, &ds);
    return ds_steal_cstr(&ds);
}

char *
object_edit_get(const char *text, const char *object, const char *key)
{
    char *pointer = pointer_to(object, key);
    char *value = object_edit_at(text, pointer);

    free(pointer);
    return value;
}

/* Takes over the text that text_set() or text_remove() made. */
static char *
replace_text(char **text, char *new_text, char *error)
{
    if (!error && new_text) {
        free(*text);
        *text = new_text;
    }
    return error;
}

char *
object_edit_add(char **text, const char *object, const char *value)
{
    char *new_text;
    char *error = text_set(*text, strlen(*text), object, value, &new_text);

    return replace_text(text, new_text, error);
}

char *
object_edit_del(char **text, const char *object)
{
    char *new_text;
    char *error = text_remove(*text, strlen(*text), object, &new_text);

    return replace_text(text, new_text, error);
}

char *
object_edit_replace(char **text, const char *object, const char *key,
                    const char *old, const char *value)
{
    char *pointer = pointer_to(object, key);
    char *error = NULL;

    if (value && !(old && object_edit_same(old, value))) {
        error = object_edit_add(text, pointer, value);
    } else if (!value && old) {
        error = object_edit_del(text, pointer);
    }
    free(pointer);
    return error;
}

char *
object_edit_put(char **text, const char *object, const char *key,
                const char *value)
{
    char *old = object_edit_get(*text, object, key);
    char *error = object_edit_replace(text, object, key, old, value);

    free(old);
    return error;
}

static char *
value_text(const struct json *json)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    if (json->type == JSON_STRING) {
        ds_put_cstr(&ds, json_string(json));
    } else if (json->type == JSON_ARRAY) {
        for (size_t i = 0; i < json_view_n(json); i++) {
            char *element = value_text(json_view_element(json, i));

            ds_put_format(&ds, "%s%s", i ? "," : "", element);
            free(element);
        }
    } else {
        json_to_ds(json, JSSF_SORT, &ds);
    }
    return ds_steal_cstr(&ds);
}

static void
collect_values(const struct json *object, const char *prefix,
               struct smap *values)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, json_object(object)) {
        const struct json *value = node->data;
        char *key = xasprintf("%s%s", prefix, node->name);

        if (value->type == JSON_OBJECT) {
            char *deeper = xasprintf("%s:", key);

            collect_values(value, deeper, values);
            free(deeper);
            free(key);
        } else {
            smap_add_nocopy(values, key, value_text(value));
        }
    }
}

void
object_edit_values(const char *text, const char *object, const char *prefix,
                   struct smap *values)
{
    struct json *json = object_at(text, object);

    if (json) {
        collect_values(json, prefix, values);
    }
    json_destroy(json);
}
