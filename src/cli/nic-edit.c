/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/cli/nic-edit.h"

#include <stdlib.h>
#include <string.h>
#include "openvswitch/dynamic-string.h"
#include "src/cli/json-view.h"
#include "src/cli/key.h"
#include "src/spec/text.h"
#include "util.h"

/* The keys that OVS judges together. */
static const char *const vlan_keys[] = {
    "vlan_mode", "tag", "trunks", "cvlans"
};

/* The JSON text at 'pointer' of 'text', or NULL. */
static char *
text_at(const char *text, const char *pointer)
{
    struct text_span span;

    return (text && text_find(text, strlen(text), pointer, &span)
            ? xmemdup0(text + span.start, span.end - span.start) : NULL);
}

/* The value that JSON text 'text' stands for, or NULL.  Within an array,
 * because json_from_string() takes no bare values. */
static struct json *
parse_value(const char *text)
{
    char *array = xasprintf("[%s]", text);
    struct json *json = json_from_string(array);
    struct json *value = (json_view_n(json) == 1
                          ? json_clone(json_view_element(json, 0)) : NULL);

    json_destroy(json);
    free(array);
    return value;
}

static bool
same_value(const char *a, const char *b)
{
    struct json *ja = parse_value(a);
    struct json *jb = parse_value(b);
    bool same = ja && jb && json_equal(ja, jb);

    json_destroy(ja);
    json_destroy(jb);
    return same;
}

void
nic_edit_names(const char *text, struct sset *names)
{
    char *nics = text_at(text, "/nics");
    struct json *json = nics ? json_from_string(nics) : NULL;

    if (json && json->type == JSON_OBJECT) {
        struct shash_node *node;

        SHASH_FOR_EACH (node, json_object(json)) {
            sset_add(names, node->name);
        }
    }
    json_destroy(json);
    free(nics);
}

static char *
pointer_to(const struct nic_edit *e, const char *key)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    ds_put_cstr(&ds, "/nics");
    text_pointer_append(&ds, e->nic);
    if (key) {
        key_pointer(key, &ds);
    }
    return ds_steal_cstr(&ds);
}

bool
nic_edit_exists(const struct nic_edit *e)
{
    char *pointer = pointer_to(e, NULL);
    char *nic = text_at(e->text, pointer);
    bool exists = nic && *nic == '{';

    free(nic);
    free(pointer);
    return exists;
}

/* The NIC's own value for 'key', or NULL. */
static char *
own(const struct nic_edit *e, const char *key)
{
    char *pointer = pointer_to(e, key);
    char *value = text_at(e->text, pointer);

    free(pointer);
    return value;
}

static bool
has_own_vlan(const struct nic_edit *e)
{
    bool has = false;

    for (size_t i = 0; i < ARRAY_SIZE(vlan_keys); i++) {
        char *value = own(e, vlan_keys[i]);
        has |= value != NULL;
        free(value);
    }
    return has;
}

/* The value from host.json's defaults, or NULL. */
static char *
inherited(const struct nic_edit *e, const char *key)
{
    struct ds pointer = DS_EMPTY_INITIALIZER;

    key_pointer(key, &pointer);
    char *value = text_at(e->defaults, ds_cstr(&pointer));
    ds_destroy(&pointer);
    return value;
}

/* The value in force for 'key', or NULL. */
static char *
effective(const struct nic_edit *e, const char *key)
{
    return has_own_vlan(e) ? own(e, key) : inherited(e, key);
}

/* Sets member 'key' to JSON text 'value', removes it if that is NULL, and
 * touches nothing if that is what it says already. */
char *
nic_edit_put(struct nic_edit *e, const char *key, const char *value)
{
    char *old = own(e, key);
    char *pointer = pointer_to(e, key);
    char *error = NULL, *text = NULL;

    if (value && !(old && same_value(old, value))) {
        error = text_set(e->text, strlen(e->text), pointer, value, &text);
    } else if (!value && old) {
        error = text_remove(e->text, strlen(e->text), pointer, &text);
    }
    if (!error && text) {
        free(e->text);
        e->text = text;
    }
    free(pointer);
    free(old);
    return error;
}

/* Does all of 'values', for the keys in 'vlan_keys', or nothing. */
static char *
put_all(struct nic_edit *e, const char *const values[])
{
    char *before = xstrdup(e->text);
    char *error = NULL;

    for (size_t i = 0; i < ARRAY_SIZE(vlan_keys) && !error; i++) {
        error = nic_edit_put(e, vlan_keys[i], values[i]);
    }
    if (error) {
        free(e->text);
        e->text = before;
    } else {
        free(before);
    }
    return error;
}

static bool
is_trunk(const char *mode, const char *tag, const char *trunks)
{
    return mode ? same_value(mode, "\"trunk\"") : trunks && !tag;
}

char *
nic_edit_set_tag(struct nic_edit *e, const char *tag)
{
    char *values[ARRAY_SIZE(vlan_keys)];
    char *error;

    for (size_t i = 0; i < ARRAY_SIZE(vlan_keys); i++) {
        values[i] = effective(e, vlan_keys[i]);
    }
    if (is_trunk(values[0], values[1], values[2])
        && !(values[2] && same_value(values[2], "[]") && !values[0])) {
        error = xasprintf("is a trunk port%s%s and has no tag; give it one "
                          "VLAN of its own with nic-set-trunks LIST NATIVE, "
                          "or make it an access port with nic-clear-vlan "
                          "first", values[2] ? " for " : "",
                          values[2] ? values[2] : "");
    } else if (values[2] && !values[0]) {
        /* No VLAN at all, said by "trunks": [], which a tag must not have
         * beside it. */
        error = put_all(e, (const char *const[]) { NULL, tag, NULL, NULL });
    } else {
        /* What was inherited has to be said once there is a tag here. */
        error = put_all(e, (const char *const[]) {
            values[0], tag, values[2], values[3]
        });
    }
    for (size_t i = 0; i < ARRAY_SIZE(vlan_keys); i++) {
        free(values[i]);
    }
    return error;
}

char *
nic_edit_set_trunks(struct nic_edit *e, const char *trunks,
                    const char *native)
{
    char *mode = effective(e, "vlan_mode");
    const char *new_mode
        = !native ? "\"trunk\""
          : mode && same_value(mode, "\"native-tagged\"") ? mode
          : "\"native-untagged\"";
    char *error = put_all(e, (const char *const[]) {
        new_mode, native, trunks, NULL
    });

    free(mode);
    return error;
}

char *
nic_edit_clear_vlan(struct nic_edit *e)
{
    bool inherits = false;

    for (size_t i = 0; i < ARRAY_SIZE(vlan_keys); i++) {
        char *value = inherited(e, vlan_keys[i]);
        inherits |= value != NULL;
        free(value);
    }
    /* Without any key the defaults would come back. */
    return put_all(e, (const char *const[]) {
        NULL, NULL, inherits ? "[]" : NULL, NULL
    });
}

/* Other keys. */

bool
nic_edit_is_vlan(const char *key)
{
    for (size_t i = 0; i < ARRAY_SIZE(vlan_keys); i++) {
        if (!strcmp(key, vlan_keys[i])) {
            return true;
        }
    }
    return false;
}

bool
nic_edit_has(const struct nic_edit *e, const char *key)
{
    char *value = own(e, key);

    free(value);
    return value != NULL;
}

/* Takes over the text that text_set() or text_remove() made. */
static char *
replace_text(struct nic_edit *e, char *error, char *text)
{
    if (!error) {
        free(e->text);
        e->text = text;
    }
    return error;
}

char *
nic_edit_add(struct nic_edit *e)
{
    char *pointer = pointer_to(e, NULL);
    char *text;
    char *error = text_set(e->text, strlen(e->text), pointer, "{}", &text);

    free(pointer);
    return replace_text(e, error, text);
}

char *
nic_edit_del(struct nic_edit *e)
{
    char *pointer = pointer_to(e, NULL);
    char *text;
    char *error = text_remove(e->text, strlen(e->text), pointer, &text);

    free(pointer);
    return replace_text(e, error, text);
}

char *
nic_edit_flag(struct nic_edit *e, const char *key, bool on)
{
    char *mine = own(e, key);
    char *base = inherited(e, key);
    const char *now = mine ? mine : base;
    bool base_on = base && !strcmp(base, "true");
    char *error = NULL;

    if ((now && !strcmp(now, "true")) != on) {
        error = nic_edit_put(e, key, (on ? "true"
                                      : base_on ? "false" : NULL));
    }
    free(base);
    free(mine);
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
nic_edit_values(const struct nic_edit *e, struct smap *values)
{
    char *pointer = pointer_to(e, NULL);
    char *text = text_at(e->text, pointer);
    struct json *json = text ? json_from_string(text) : NULL;

    if (json && json->type == JSON_OBJECT) {
        collect_values(json, "", values);
    }
    json_destroy(json);
    free(text);
    free(pointer);
}
