/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/spec/raise-private.h"

#include <stdlib.h>
#include <string.h>
#include "src/model/address.h"
#include "sset.h"
#include "util.h"

json_t *
raise_member(json_t *parent, const char *name)
{
    json_t *member = json_object_get(parent, name);

    if (!member) {
        member = json_object();
        json_object_set_new(parent, name, member);
    }
    return member;
}

void
raise_string(json_t *json, const char *name, const char *value)
{
    json_object_set_new(json, name, json_string(value));
}

static json_t *
scalar(const struct model_column *column, const char *text)
{
    switch (column->type) {
    case MODEL_BOOLEAN:
        return json_boolean(!strcmp(text, "true"));
    case MODEL_INTEGER:
        return json_integer(strtoll(text, NULL, 10));
    case MODEL_STRING:
    case MODEL_REFERENCE:
    default:
        return json_string(text);
    }
}

static json_t *
set(const struct model_column *column, const char *text)
{
    json_t *array = json_array();
    char *copy = xstrdup(text);
    char *save = NULL;

    for (char *s = strtok_r(copy, ",", &save); s;
         s = strtok_r(NULL, ",", &save)) {
        json_array_append_new(array, scalar(column, s));
    }
    free(copy);
    return array;
}

/* Notes to ourselves and to other agents: a spec does not say them. */
static bool
is_silent(const struct spec_kind *kind, const struct model_row *row,
          const char *field)
{
    const char *key = strncmp(field, "external_ids:", 13) ? NULL : field + 13;

    return (!strcmp(field, MODEL_F_BRIDGE) || !strcmp(field, MODEL_F_QOS)
            || (row->table == MODEL_TABLE_INTERFACE
                && !strcmp(field, "type"))
            || (row->table == MODEL_TABLE_MIRROR && !strcmp(field, "name"))
            || (row->table == MODEL_TABLE_QOS
                && !strncmp(field, "queues:", 7))
            || (key && (spec_reserved_id(kind, key)
                        || !strncmp(key, "ovn-installed", 13))));
}

/* True if 'own', a key of satellites, is one of their columns, only more
 * strictly checked. */
static bool
is_strict_column(const struct spec_key *own, enum model_table table)
{
    return (model_table_is_satellite(table) && !own->refusal && !own->nested
            && model_column_find(table, own->column.name));
}

/* ovs-vswitchd writes there which member of a bond is active, whether somebody
 * asked for one or not. */
static bool
is_vswitchds(const struct model_row *row, const char *field)
{
    struct sset owned = SSET_INITIALIZER(&owned);
    bool theirs = false;

    if (!strcmp(field, "bond_active_slave")) {
        model_owned_read(&row->fields, &owned);
        theirs = !sset_contains(&owned, field);
    }
    sset_destroy(&owned);
    return theirs;
}

static void
put_field(struct raise *r, json_t *json, const struct spec_kind *kind,
          const struct model_row *row, const char *field, const char *value)
{
    const char *key = model_field_key(field);
    char *name = xmemdup0(field, key ? key - field - 1 : strlen(field));
    const struct spec_key *own;
    enum model_table table;
    const struct model_column *column = spec_kind_find(kind, name, &own,
                                                       &table);

    if (!column
        || (own ? !is_strict_column(own, row->table)
            : table != row->table)) {
        raise_note(r, "%s %s: %s=%s is none of the keys of a spec there; it "
                   "stays as it is", model_table_name(row->table), row->name,
                   field, value);
    } else if (key) {
        json_object_set_new(raise_member(json, name), key,
                            json_string(value));
    } else {
        json_object_set_new(json, name, (column->shape == MODEL_SET
                                         ? set(column, value)
                                         : scalar(column, value)));
    }
    free(name);
}

void
raise_fields(struct raise *r, json_t *json, const struct spec_kind *kind,
             const struct model_row *row)
{
    const struct smap_node **nodes = smap_sort(&row->fields);

    for (size_t i = 0; i < smap_count(&row->fields); i++) {
        if (!is_silent(kind, row, nodes[i]->key)
            && !is_vswitchds(row, nodes[i]->key)) {
            put_field(r, json, kind, row, nodes[i]->key, nodes[i]->value);
        }
    }
    free(nodes);
}

/* What the kernel or a protocol gave is no affair of a spec. */
static bool
is_given(const char *address, const char *kind)
{
    struct model_address a;

    return (strcmp(kind, MODEL_ADDRESS_PERMANENT)
            || !model_address_parse(address, &a)
            || (a.family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&a.ipv6)));
}

void
raise_addresses(struct raise *r, json_t *json, const char *name)
{
    const struct model_link *link = model_observed_link(r->observed, name);
    json_t *array = json_array();

    if (link) {
        const struct smap_node **nodes = smap_sort(&link->fields);

        for (size_t i = 0; i < smap_count(&link->fields); i++) {
            const char *address = model_address_of_field(nodes[i]->key);

            if (address && !is_given(address, nodes[i]->value)) {
                json_array_append_new(array, json_string(address));
            }
        }
        free(nodes);
    }
    if (!json_array_size(array)) {
        json_decref(array);
        return;
    }
    json_object_set_new(json, "addresses", array);
    if (!nullable_string_is_equal(smap_get(&link->fields, MODEL_L_UP),
                                  "true")) {
        raise_note(r, "%s is down; a spec with addresses sets it up", name);
    }
}

void
raise_drop(struct raise *r, json_t *json, const char *what, const char *key,
           const char *why)
{
    if (json_object_get(json, key)) {
        json_object_del(json, key);
        raise_note(r, "%s: %s is left out: %s", what, key, why);
    }
}

void
raise_rules(struct raise *r, json_t *json, const char *what)
{
    const char *mode = json_string_value(json_object_get(json, "vlan_mode"));
    const char *mac = json_string_value(json_object_get(json, "mac"));
    char *problem = mac ? spec_check_mac(mac) : NULL;
    bool tag = json_object_get(json, "tag");

    if (problem) {
        raise_drop(r, json, what, "mac", "it is none that ovs-vswitchd "
                   "takes");
        free(problem);
    }
    if (mode && !tag
        && (!strcmp(mode, "dot1q-tunnel") || !strncmp(mode, "native-", 7))) {
        raise_drop(r, json, what, "vlan_mode", "it means nothing without "
                   "tag");
        mode = NULL;
    }
    if (tag && !mode) {
        raise_drop(r, json, what, "trunks", "OVS ignores it beside tag "
                   "without vlan_mode");
    } else if (mode && (!strcmp(mode, "access")
                        || !strcmp(mode, "dot1q-tunnel"))) {
        raise_drop(r, json, what, "trunks", "OVS ignores it with this "
                   "vlan_mode");
    }
    if (!mode || strcmp(mode, "dot1q-tunnel")) {
        raise_drop(r, json, what, "cvlans", "OVS ignores it without vlan_mode "
                   "dot1q-tunnel");
    }
}
