/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_CLI_JSON_VIEW_H
#define PORTD_CLI_JSON_VIEW_H 1

/* JSON that somebody else sent: look at it without trusting its types.  All
 * take NULL for "there is none".  Releases of OVS differ in how an array is
 * looked into; that is kept in here. */

#include <stdbool.h>
#include <stddef.h>
#include "openvswitch/json.h"
#include "openvswitch/shash.h"

/* Member 'name' of 'json', or NULL. */
static inline const struct json *
json_view(const struct json *json, const char *name)
{
    return (json && json->type == JSON_OBJECT
            ? shash_find_data(json_object(json), name) : NULL);
}

/* The string at member 'name', or 'def'. */
static inline const char *
json_view_string(const struct json *json, const char *name, const char *def)
{
    const struct json *member = json_view(json, name);
    return (member && member->type == JSON_STRING
            ? json_string(member) : def);
}

static inline long long int
json_view_integer(const struct json *json, const char *name)
{
    const struct json *member = json_view(json, name);
    return (member && member->type == JSON_INTEGER
            ? json_integer(member) : 0);
}

static inline bool
json_view_true(const struct json *json, const char *name)
{
    const struct json *member = json_view(json, name);
    return member && member->type == JSON_TRUE;
}

/* The number of elements of array 'json', and one of them. */
static inline size_t
json_view_n(const struct json *json)
{
    return json && json->type == JSON_ARRAY ? json_array(json)->n : 0;
}

static inline const struct json *
json_view_element(const struct json *json, size_t i)
{
    return json_array(json)->elems[i];
}

#endif /* src/cli/json-view.h */
