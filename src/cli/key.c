/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/cli/key.h"

#include <stdlib.h>
#include <string.h>
#include "openvswitch/json.h"
#include "src/cli/json-view.h"
#include "src/cli/vlan.h"
#include "src/spec/text.h"
#include "util.h"

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

char *
key_check(enum spec_thing thing, const char *key)
{
    enum spec_key_type type;

    return spec_key_type(thing, key, &type);
}

/* Within an array, because json_from_string() takes no bare values. */
struct json *
key_parse_json(const char *text)
{
    char *array = xasprintf("[%s]", text);
    struct json *json = json_from_string(array);
    struct json *value = (json_view_n(json) == 1
                          ? json_clone(json_view_element(json, 0)) : NULL);

    json_destroy(json);
    free(array);
    return value;
}

char *
key_strings_to_json(const char *list)
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

static char *
integers_to_json(const char *key, const char *value, char **json)
{
    char *why = *value ? vlan_list_to_json(value, json) : NULL;
    char *error = NULL;

    if (why) {
        error = xasprintf("%s: %s", key, why);
        free(why);
    } else if (!*json) {
        *json = xstrdup("[]");
    }
    return error;
}

static char *
quote(const char *s)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    text_quote(&ds, s);
    return ds_steal_cstr(&ds);
}

/* A word that is no JSON stands for a string: qos:type=linux-htb. */
static char *
value_to_json(const char *key, const char *value, char **json)
{
    struct json *parsed = key_parse_json(value);
    char *error = NULL;

    if (parsed) {
        *json = xstrdup(value);
    } else if (*value && strchr("[{\"", *value)) {
        error = xasprintf("%s: this is no valid JSON: %s", key, value);
    } else {
        *json = quote(value);
    }
    json_destroy(parsed);
    return error;
}

char *
key_to_json(enum spec_thing thing, const char *key, const char *value,
            char **json)
{
    enum spec_key_type type;
    char *error = spec_key_type(thing, key, &type);

    *json = NULL;
    if (error) {
        return error;
    }
    switch (type) {
    case SPEC_KEY_INTEGER:
        return integer_to_json(key, value, json);

    case SPEC_KEY_BOOLEAN:
        if (strcmp(value, "true") && strcmp(value, "false")) {
            return xasprintf("%s: \"%s\" is neither true nor false", key,
                             value);
        }
        *json = xstrdup(value);
        return NULL;

    case SPEC_KEY_MAP:
        return xasprintf("%s: this is a map; set its keys one by one, as in "
                         "%s:KEY=VALUE", key, key);

    case SPEC_KEY_INTEGERS:
        return integers_to_json(key, value, json);

    case SPEC_KEY_STRINGS:
        *json = key_strings_to_json(value);
        return NULL;

    case SPEC_KEY_JSON:
        return value_to_json(key, value, json);

    case SPEC_KEY_STRING:
    default:
        *json = quote(value);
        return NULL;
    }
}
