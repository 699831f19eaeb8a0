/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/cli/key.h"

#include <stdlib.h>
#include <string.h>
#include "src/cli/vlan.h"
#include "src/spec/spec.h"
#include "src/spec/text.h"
#include "util.h"

/* A file with one NIC to try keys on, and the pointer to that NIC. */
#define PROBE "{\"version\": 1, \"nics\": {\"nic\": {}}}"
#define PROBE_NIC "/nics/nic"

enum key_type {
    KEY_INTEGER,
    KEY_BOOLEAN,
    KEY_STRING,
    KEY_MAP,
    KEY_INTEGERS,
    KEY_STRINGS,
    KEY_ARRAY
};

void
key_pointer(const char *key, struct ds *pointer)
{
    const char *colon = strchr(key, ':');

    if (colon) {
        char *column = xmemdup0(key, colon - key);

        text_pointer_append(pointer, column);
        text_pointer_append(pointer, colon + 1);
        free(column);
    } else {
        text_pointer_append(pointer, key);
    }
}

char *
key_split(const char *arg, char **key, char **value)
{
    const char *equals = strchr(arg, '=');

    *key = *value = NULL;
    if (!equals || equals == arg) {
        return xasprintf("\"%s\" is not of the form KEY=VALUE", arg);
    }
    *key = xmemdup0(arg, equals - arg);
    *value = xstrdup(equals + 1);
    return NULL;
}

/* The text of the message in 'errors' that is about 'pointer', or NULL. */
static const char *
find_message(const struct svec *errors, const char *pointer)
{
    size_t len = strlen(pointer);

    for (size_t i = 0; i < errors->n; i++) {
        const char *message = strstr(errors->names[i], ": ");

        if (message && !strncmp(message + 2, pointer, len)
            && !strncmp(message + 2 + len, ": ", 2)) {
            return message + 2 + len + 2;
        }
    }
    return NULL;
}

/* What the parser says at 'place' of a NIC with JSON text 'value' at
 * 'pointer', for the caller to free.  NULL: nothing. */
static char *
probe(const char *pointer, const char *value, const char *place)
{
    struct spec_result result;
    char *text;
    char *error = text_set(PROBE, strlen(PROBE), pointer, value, &text);

    if (error) {
        return error;
    }
    spec_parse_vm("vms.d/vm.json", text, strlen(text), NULL, &result);

    const char *found = find_message(&result.errors, place);
    char *message = nullable_xstrdup(found);
    spec_result_destroy(&result);
    free(text);
    return message;
}

/* No key takes null, so the refusal of it tells the type. */
static bool
type_of_refusal(const char *message, enum key_type *type)
{
    static const struct {
        const char *text;
        enum key_type type;
    } refusals[] = {
        { "must be an integer, not null", KEY_INTEGER },
        { "must be true or false, not null", KEY_BOOLEAN },
        { "must be a string, not null", KEY_STRING },
        { "must be an object, not null", KEY_MAP },
        { "must be an array, not null", KEY_ARRAY },
    };

    for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
        if (!strcmp(message, refusals[i].text)) {
            *type = refusals[i].type;
            return true;
        }
    }
    return false;
}

static enum key_type
array_type(const char *pointer)
{
    char *element = xasprintf("%s/0", pointer);
    char *message = probe(pointer, "[null]", element);
    enum key_type type = KEY_STRING;

    if (message) {
        type_of_refusal(message, &type);
    }
    free(message);
    free(element);
    return type == KEY_INTEGER ? KEY_INTEGERS : KEY_STRINGS;
}

/* The key's type, or an error message for the caller to free. */
static char *
find_type(const char *key, enum key_type *type)
{
    struct ds pointer = DS_EMPTY_INITIALIZER;
    const char *colon = strchr(key, ':');
    char *message = NULL, *error = NULL;

    *type = KEY_STRING;
    ds_put_cstr(&pointer, PROBE_NIC);
    if (colon) {
        /* Whether the column is a map, is said of the column. */
        char *column = xmemdup0(key, colon - key);
        struct ds parent = DS_EMPTY_INITIALIZER;

        ds_put_cstr(&parent, PROBE_NIC);
        text_pointer_append(&parent, column);
        error = probe(ds_cstr(&parent), "{}", ds_cstr(&parent));
        if (error) {
            char *text = xasprintf("%s: %s", column, error);
            free(error);
            error = text;
        }
        ds_destroy(&parent);
        free(column);
    }
    if (!error) {
        key_pointer(key, &pointer);
        message = probe(ds_cstr(&pointer), "null", ds_cstr(&pointer));
        if (message && !type_of_refusal(message, type)) {
            error = xasprintf("%s: %s", key, message);
        } else if (*type == KEY_ARRAY) {
            *type = array_type(ds_cstr(&pointer));
        }
    }
    free(message);
    ds_destroy(&pointer);
    return error;
}

char *
key_check(const char *key)
{
    enum key_type type;

    return find_type(key, &type);
}

static char *
strings_to_json(const char *list)
{
    struct ds ds = DS_EMPTY_INITIALIZER;
    char *copy = xstrdup(list);
    char *rest = *copy ? copy : NULL;
    char *word;

    ds_put_char(&ds, '[');
    while ((word = strsep(&rest, ","))) {
        ds_put_cstr(&ds, ds.length > 1 ? ", " : "");
        text_quote(&ds, word);
    }
    ds_put_char(&ds, ']');
    free(copy);
    return ds_steal_cstr(&ds);
}

static char *
integer_to_json(const char *key, const char *value, char **json)
{
    long long int number;

    if (!str_to_llong(value, 10, &number)) {
        return xasprintf("%s: \"%s\" is not an integer", key, value);
    }
    *json = xasprintf("%lld", number);
    return NULL;
}

char *
key_to_json(const char *key, const char *value, char **json)
{
    enum key_type type;
    char *error = find_type(key, &type);

    *json = NULL;
    if (error) {
        return error;
    }
    switch (type) {
    case KEY_INTEGER:
        return integer_to_json(key, value, json);

    case KEY_BOOLEAN:
        if (strcmp(value, "true") && strcmp(value, "false")) {
            return xasprintf("%s: \"%s\" is neither true nor false", key,
                             value);
        }
        *json = xstrdup(value);
        return NULL;

    case KEY_MAP:
        return xasprintf("%s: this is a map; set its keys one by one, as in "
                         "%s:KEY=VALUE", key, key);

    case KEY_INTEGERS:
        error = *value ? vlan_list_to_json(value, json) : NULL;
        if (error) {
            char *text = xasprintf("%s: %s", key, error);
            free(error);
            return text;
        }
        *json = *json ? *json : xstrdup("[]");
        return NULL;

    case KEY_ARRAY:
    case KEY_STRINGS:
        *json = strings_to_json(value);
        return NULL;

    case KEY_STRING:
    default: {
        struct ds ds = DS_EMPTY_INITIALIZER;
        text_quote(&ds, value);
        *json = ds_steal_cstr(&ds);
        return NULL;
    }
    }
}
