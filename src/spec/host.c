/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/spec/spec-private.h"

#include <stdlib.h>
#include <string.h>
#include "sset.h"
#include "src/spec/text.h"
#include "util.h"

struct host {
    struct spec_report report;
    struct spec_result *result;
    struct spec_names names;
};

/* An object of host.json that has others as its members, by their names. */
struct section {
    const char *key;
    char *(*check_name)(const char *);
    /* 'parent' is the name of what the section belongs to, or NULL. */
    void (*read)(struct host *, const char *parent, const char *name,
                 json_t *);
};

static void
read_member(struct host *h, const struct section *section,
            const char *parent, const char *name, json_t *json)
{
    struct spec_report *r = &h->report;
    size_t saved = spec_enter(r, name);
    char *problem = section->check_name(name);

    if (problem) {
        spec_error_key(r, "%s", problem);
        free(problem);
    }
    if (spec_expect_object(r, json)) {
        section->read(h, parent, name, json);
    }
    spec_leave(r, saved);
}

/* Reads 'section' of 'json', which is called 'parent', if it has it. */
static void
read_section(struct host *h, const struct section *section,
             const char *parent, json_t *json)
{
    struct spec_report *r = &h->report;
    json_t *object = json_object_get(json, section->key);
    const char *name;
    json_t *member;

    if (object) {
        size_t saved = spec_enter(r, section->key);

        if (spec_expect_object(r, object)) {
            json_object_foreach (object, name, member) {
                read_member(h, section, parent, name, member);
            }
        }
        spec_leave(r, saved);
    }
}

static struct model_object *
new_object(struct host *h, const char *kind, const char *name)
{
    char *id = xasprintf("%s:%s", kind, name);
    struct model_object *object = model_object_create(id, h->report.file);

    spec_result_add(h->result, object);
    free(id);
    return object;
}

static void
add_internal(struct model_object *object, const struct smap *values,
             const char *name)
{
    struct model_link *link = spec_lower_internal(values, name);

    if (link) {
        model_object_add_link(object, link);
    }
}

static void
lower_port(struct host *h, const char *bridge, const char *name,
           const struct smap *values)
{
    char *path = xasprintf("%s/%s", bridge, name);
    struct model_object *object = new_object(h, "port", path);
    const char *type = smap_get(values, "type");
    struct model_port *port;

    /* OVS has two names for an existing device. */
    if (!type || !strcmp(type, "system")) {
        type = "";
    }
    port = spec_lower_port(&spec_kind_port, values, name, bridge);
    spec_lower_iface(&spec_kind_port, values,
                     model_port_add_iface(port, name), type);
    model_object_add_port(object, port);
    spec_lower_qos(values, object, port);
    if (!*type) {
        model_object_add_link(object, spec_lower_uplink(values, name));
    } else {
        add_internal(object, values, name);
    }
    free(path);
}

static void
read_port(struct host *h, const char *bridge, const char *name, json_t *json)
{
    struct smap values = SMAP_INITIALIZER(&values);
    struct spec_report *r = &h->report;

    spec_read(r, json, &spec_kind_port, &values);
    spec_read_qos(r, json, &values);
    spec_read_offloads(r, json, &values);
    spec_rules_port(r, &values);
    spec_rules_type(r, json, &values);
    spec_names_claim(&h->names, r, name);
    if (!r->n) {
        lower_port(h, bridge, name, &values);
    }
    smap_destroy(&values);
}

static const struct section ports = {
    "ports", spec_check_device_name, read_port
};

/* The satellites go over from 'rows'. */
static void
lower_bridge(struct host *h, const char *name, const struct smap *values,
             struct model_object *rows)
{
    struct model_object *object = new_object(h, "bridge", name);
    struct model_port *local = model_port_create(name);
    struct model_iface *iface = model_port_add_iface(local, name);

    object->bridge = spec_lower_bridge(values, name);
    model_row_set(&local->row, MODEL_F_BRIDGE, name);
    model_row_set(&iface->row, "type", "internal");
    model_object_add_port(object, local);
    add_internal(object, values, name);
    for (size_t i = 0; i < rows->n_satellites; i++) {
        model_object_add_satellite(object, rows->satellites[i]);
    }
    rows->n_satellites = 0;
}

/* Somebody else makes the bridge, so we would never write its columns, nor is
 * its local port ours. */
static void
check_unmanaged(struct spec_report *r, json_t *json)
{
    const char *key;
    json_t *value;

    json_object_foreach (json, key, value) {
        const struct spec_key *own;
        enum model_table table;

        if (spec_kind_find(&spec_kind_bridge, key, &own, &table)
            && strcmp(key, "managed") && strcmp(key, "ports")
            && (!own || !own->refusal)) {
            size_t saved = spec_enter(r, key);

            spec_error_key(r, "is not for a bridge with \"managed\": false");
            spec_leave(r, saved);
        }
    }
}

static void
read_bridge(struct host *h, const char *parent OVS_UNUSED, const char *name,
            json_t *json)
{
    struct smap values = SMAP_INITIALIZER(&values);
    struct model_object *rows = model_object_create(name, "");
    bool managed;

    spec_read(&h->report, json, &spec_kind_bridge, &values);
    spec_read_satellites(&h->report, json, name, rows);
    managed = smap_get_bool(&values, "managed", true);
    spec_names_claim(&h->names, &h->report, name);
    spec_rules_addresses(&h->report, &values);
    if (!managed) {
        check_unmanaged(&h->report, json);
    } else if (!h->report.n) {
        lower_bridge(h, name, &values, rows);
    }
    model_object_destroy(rows);
    read_section(h, &ports, name, json);
    smap_destroy(&values);
}

/* True if string 'i' of 'array' is an earlier one again. */
static bool
is_repeated(json_t *array, size_t i)
{
    for (size_t j = 0; j < i; j++) {
        if (json_equal(json_array_get(array, i), json_array_get(array, j))) {
            return true;
        }
    }
    return false;
}

static void
claim_members(struct host *h, json_t *members)
{
    struct spec_report *r = &h->report;
    size_t saved = spec_enter(r, "members");

    if (json_is_array(members) && json_array_size(members) < 2) {
        spec_error(r, "a bond has at least 2 members; list a single device "
                   "under its bridge's \"ports\"");
    }
    for (size_t i = 0; i < json_array_size(members); i++) {
        const char *name = json_string_value(json_array_get(members, i));

        if (name && !is_repeated(members, i)) {
            size_t saved_member = spec_enter_index(r, i);

            spec_names_claim(&h->names, r, name);
            spec_leave(r, saved_member);
        }
    }
    spec_leave(r, saved);
}

static void
read_bond(struct host *h, const char *parent OVS_UNUSED, const char *name,
          json_t *json)
{
    struct smap values = SMAP_INITIALIZER(&values);
    struct spec_report *r = &h->report;

    spec_read(r, json, &spec_kind_bond, &values);
    spec_read_qos(r, json, &values);
    spec_read_offloads(r, json, &values);
    spec_rules_port(r, &values);
    spec_names_claim(&h->names, r, name);
    spec_require(r, json, "bridge");
    if (spec_require(r, json, "members")) {
        claim_members(h, json_object_get(json, "members"));
    }
    spec_rules_bond(r, name, json, &values);
    if (!r->n) {
        spec_lower_bond(&values, name, new_object(h, "bond", name));
    }
    smap_destroy(&values);
}

/* Links. */

struct link_type {
    const char *name;
    const struct spec_kind *end;
    bool free_end;              /* One end may be on no bridge. */
    void (*lower)(struct host *, const char *name, const struct smap ends[2]);
};

/* An end on no bridge has no rows, so we would never write their columns. */
static void
check_free_end(struct spec_report *r, json_t *json,
               const struct spec_kind *kind)
{
    const char *key;
    json_t *value;

    json_object_foreach (json, key, value) {
        const struct spec_key *own;
        enum model_table table;

        if (spec_kind_find(kind, key, &own, &table)
            && (!own || !strcmp(key, "qos"))) {
            size_t saved = spec_enter(r, key);

            spec_error_key(r, "is not for an end without \"bridge\"");
            spec_leave(r, saved);
        }
    }
}

/* Reads one end of a link into 'values'. */
static void
read_end(struct host *h, const struct link_type *type, json_t *json,
         struct smap *values)
{
    struct spec_report *r = &h->report;

    if (!spec_expect_object(r, json)) {
        return;
    }
    spec_read(r, json, type->end, values);
    if (type->free_end) {
        spec_read_qos(r, json, values);
    }
    if (type->free_end && !json_object_get(json, "bridge")) {
        check_free_end(r, json, type->end);
    } else {
        spec_rules_port(r, values);
        spec_require(r, json, "bridge");
    }
    if (spec_require(r, json, "port") && smap_get(values, "port")) {
        size_t saved = spec_enter(r, "port");

        spec_names_claim(&h->names, r, smap_get(values, "port"));
        spec_leave(r, saved);
    }
}

/* Adds the port of 'end' to 'object' and returns its interface. */
static struct model_iface *
lower_end(struct model_object *object, const struct spec_kind *kind,
          const struct smap *end, const char *type)
{
    const char *name = smap_get(end, "port");
    struct model_port *port = spec_lower_port(kind, end, name,
                                              smap_get(end, "bridge"));
    struct model_iface *iface = model_port_add_iface(port, name);

    spec_lower_iface(kind, end, iface, type);
    model_object_add_port(object, port);
    spec_lower_qos(end, object, port);
    return iface;
}

static void
lower_patch(struct host *h, const char *name, const struct smap ends[2])
{
    struct model_object *object = new_object(h, "link", name);

    for (int i = 0; i < 2; i++) {
        struct model_iface *iface = lower_end(object, &spec_kind_end,
                                              &ends[i], "patch");
        model_row_set(&iface->row, "options:peer",
                      smap_get(&ends[!i], "port"));
    }
}

static void
lower_veth(struct host *h, const char *name, const struct smap ends[2])
{
    struct model_object *object = new_object(h, "link", name);

    for (int i = 0; i < 2; i++) {
        model_object_add_link(object,
                              spec_lower_veth(&ends[i],
                                              smap_get(&ends[i], "port"),
                                              smap_get(&ends[!i], "port")));
        if (smap_get(&ends[i], "bridge")) {
            lower_end(object, &spec_kind_veth_end, &ends[i], "");
        }
    }
}

static const struct link_type patch_type = {
    "patch", &spec_kind_end, false, lower_patch
};
static const struct link_type veth_type = {
    "veth", &spec_kind_veth_end, true, lower_veth
};

static bool
is_free_end(json_t *ends, size_t i)
{
    json_t *end = json_array_get(ends, i);
    return json_is_object(end) && !json_object_get(end, "bridge");
}

static void
read_ends(struct host *h, const struct link_type *type, const char *name,
          json_t *ends)
{
    struct spec_report *r = &h->report;
    size_t saved = spec_enter(r, "ends");
    struct smap values[2];

    if (!spec_expect_array(r, ends)) {
        /* Reported. */
    } else if (json_array_size(ends) != 2) {
        spec_error(r, "a link has 2 ends, not %"PRIuSIZE,
                   json_array_size(ends));
    } else {
        for (int i = 0; i < 2; i++) {
            size_t saved_end = spec_enter_index(r, i);

            smap_init(&values[i]);
            read_end(h, type, json_array_get(ends, i), &values[i]);
            spec_leave(r, saved_end);
        }
        if (type->free_end && is_free_end(ends, 0) && is_free_end(ends, 1)) {
            spec_error(r, "at least one end must have \"bridge\": a pair "
                       "outside of Open vSwitch is not for ovs-portd");
        }
        if (!r->n) {
            type->lower(h, name, values);
        }
        smap_destroy(&values[0]);
        smap_destroy(&values[1]);
    }
    spec_leave(r, saved);
}

static void
read_link(struct host *h, const char *parent OVS_UNUSED, const char *name,
          json_t *json)
{
    struct smap values = SMAP_INITIALIZER(&values);
    struct spec_report *r = &h->report;

    spec_read(r, json, &spec_kind_link, &values);
    spec_require(r, json, "type");
    /* The ends of another type have other keys. */
    const char *type = smap_get(&values, "type");
    if (spec_require(r, json, "ends") && type) {
        read_ends(h, !strcmp(type, veth_type.name) ? &veth_type : &patch_type,
                  name, json_object_get(json, "ends"));
    }
    smap_destroy(&values);
}

static void
read_defaults(struct host *h, json_t *root)
{
    struct spec_report *r = &h->report;
    json_t *defaults = json_object_get(root, "defaults");
    struct smap values = SMAP_INITIALIZER(&values);
    size_t saved;
    json_t *nic;

    if (!defaults) {
        return;
    }
    saved = spec_enter(r, "defaults");
    if (spec_expect_object(r, defaults)) {
        spec_read(r, defaults, &spec_kind_defaults, &values);
        nic = json_object_get(defaults, "nic");
        if (nic) {
            size_t saved_nic = spec_enter(r, "nic");
            struct text_span span;

            if (spec_expect_object(r, nic)) {
                spec_read(r, nic, &spec_kind_nic_defaults, &values);
                spec_read_qos(r, nic, &values);
                spec_rules_nic(r, &values);
            }
            if (text_find(r->text, r->len, ds_cstr(&r->pointer), &span)) {
                h->result->defaults.nic = xmemdup0(r->text + span.start,
                                                   span.end - span.start);
            }
            spec_leave(r, saved_nic);
        }
    }
    spec_leave(r, saved);
    smap_destroy(&values);
}

static void
read_policy(struct host *h, json_t *root)
{
    struct spec_report *r = &h->report;
    struct model_policy *policy = &h->result->policy;
    json_t *json = json_object_get(root, "policy");
    struct smap values = SMAP_INITIALIZER(&values);
    size_t saved;

    if (!json) {
        return;
    }
    saved = spec_enter(r, "policy");
    if (spec_expect_object(r, json)) {
        const char *drift;

        spec_read(r, json, &spec_kind_policy, &values);
        drift = smap_get(&values, "drift");
        policy->report_only = drift && !strcmp(drift, "report");
        policy->pin_ofports = smap_get_bool(&values, "pin_ofports",
                                            policy->pin_ofports);
        policy->gc_grace = smap_get_uint(&values, "gc_grace",
                                         policy->gc_grace);
        policy->gc_max_percent = smap_get_uint(&values, "gc_max_percent",
                                               policy->gc_max_percent);
    }
    spec_leave(r, saved);
    smap_destroy(&values);
}

static const struct section sections[] = {
    { "bridges", spec_check_device_name, read_bridge },
    { "bonds", spec_check_name, read_bond },
    { "links", spec_check_name, read_link },
};

void
spec_parse_host(const char *file, const char *text, size_t len,
                struct spec_result *result)
{
    struct host h = { .result = result };
    struct smap values = SMAP_INITIALIZER(&values);
    json_t *root;

    memset(result, 0, sizeof *result);
    result->policy = (struct model_policy) MODEL_POLICY_INITIALIZER;
    svec_init(&result->errors);
    spec_report_init(&h.report, file, text, len);
    spec_names_init(&h.names);

    root = spec_load(&h.report);
    if (root) {
        spec_read(&h.report, root, &spec_kind_host, &values);
        for (size_t i = 0; i < ARRAY_SIZE(sections); i++) {
            read_section(&h, &sections[i], NULL, root);
        }
        read_defaults(&h, root);
        read_policy(&h, root);
        json_decref(root);
    }
    spec_result_finish(result, &h.report);
    smap_destroy(&values);
    spec_names_destroy(&h.names);
}
