/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/spec/spec-private.h"

#include <stdlib.h>
#include <string.h>
#include "src/model/address.h"
#include "sset.h"
#include "util.h"

/* Sets in 'row' the fields of 'values' that belong to its table. */
static void
copy_fields(const struct spec_kind *kind, const struct smap *values,
            struct model_row *row)
{
    struct smap_node *node;

    SMAP_FOR_EACH (node, values) {
        const struct spec_key *own;
        enum model_table table;
        size_t len = strcspn(node->key, ":");
        char *name = xmemdup0(node->key, len);

        if (spec_kind_find(kind, name, &own, &table)
            && !own && table == row->table) {
            model_row_set(row, node->key, node->value);
        }
        free(name);
    }
}

struct model_bridge *
spec_lower_bridge(const struct smap *values, const char *name)
{
    struct model_bridge *bridge = model_bridge_create(name);

    copy_fields(&spec_kind_bridge, values, &bridge->row);
    return bridge;
}

/* The four VLAN columns mean something together only, so all of them are
 * wanted, also those that must be empty. */
struct model_port *
spec_lower_port(const struct spec_kind *kind, const struct smap *values,
                const char *name, const char *bridge)
{
    static const char *const vlan[] = {
        "cvlans", "tag", "trunks", "vlan_mode"
    };
    struct model_port *port = model_port_create(name);

    model_row_set(&port->row, MODEL_F_BRIDGE, bridge);
    for (size_t i = 0; i < ARRAY_SIZE(vlan); i++) {
        model_row_set(&port->row, vlan[i], "");
    }
    copy_fields(kind, values, &port->row);
    return port;
}

void
spec_lower_iface(const struct spec_kind *kind, const struct smap *values,
                 struct model_iface *iface, const char *type)
{
    const char *mtu = smap_get(values, "mtu");

    model_row_set(&iface->row, "type", type);
    copy_fields(kind, values, &iface->row);
    if (mtu) {
        model_row_set(&iface->row, "mtu_request", mtu);
    }
}

/* An existing device: without MODEL_L_KIND it is never created. */
struct model_link *
spec_lower_uplink(const struct smap *values, const char *name)
{
    struct model_link *link = model_link_create(name);
    const char *mtu = smap_get(values, "mtu");
    const struct smap_node *node;

    smap_replace(&link->fields, MODEL_L_UP, "true");
    if (mtu) {
        smap_replace(&link->fields, MODEL_L_MTU, mtu);
    }
    SMAP_FOR_EACH (node, values) {
        if (model_offload_of_field(node->key)) {
            smap_replace(&link->fields, node->key, node->value);
        }
    }
    return link;
}

struct model_link *
spec_lower_internal(const struct smap *values, const char *name)
{
    const char *text = smap_get(values, "addresses");
    struct sset addresses = SSET_INITIALIZER(&addresses);
    struct model_link *link;
    const char *address;

    if (!text) {
        return NULL;
    }
    link = model_link_create(name);
    smap_replace(&link->fields, MODEL_L_UP, "true");
    sset_from_delimited_string(&addresses, text, ",");
    SSET_FOR_EACH (address, &addresses) {
        struct model_address a;

        if (model_address_parse(address, &a)) {
            char *canonical = model_address_format(&a);
            smap_add_nocopy(&link->fields, model_address_field(canonical),
                            xstrdup(MODEL_ADDRESS_PERMANENT));
            free(canonical);
        }
    }
    sset_destroy(&addresses);
    return link;
}

struct model_link *
spec_lower_veth(const struct smap *values, const char *name,
                const char *peer)
{
    struct model_link *link = model_link_create(name);
    const char *mtu = smap_get_def(values, "mtu",
                                   smap_get(values, "mtu_request"));

    smap_replace(&link->fields, MODEL_L_KIND, "veth");
    smap_replace(&link->fields, MODEL_L_PEER, peer);
    /* As with a TAP: it is born with 1500, to which it returns when "mtu"
     * leaves the spec. */
    smap_replace(&link->fields, MODEL_L_MTU, mtu ? mtu : "1500");
    smap_replace(&link->fields, MODEL_L_UP, "true");
    return link;
}

void
spec_result_add(struct spec_result *result, struct model_object *object)
{
    result->objects = xrealloc(result->objects, (result->n_objects + 1)
                               * sizeof *result->objects);
    result->objects[result->n_objects++] = object;
}

void
spec_result_finish(struct spec_result *result, struct spec_report *r)
{
    spec_report_finish(r, &result->errors);
    if (result->errors.n) {
        for (size_t i = 0; i < result->n_objects; i++) {
            model_object_destroy(result->objects[i]);
        }
        free(result->objects);
        result->objects = NULL;
        result->n_objects = 0;
        free(result->defaults.nic);
        result->defaults.nic = NULL;
    }
}

void
spec_result_destroy(struct spec_result *result)
{
    for (size_t i = 0; i < result->n_objects; i++) {
        model_object_destroy(result->objects[i]);
    }
    free(result->objects);
    svec_destroy(&result->errors);
    free(result->defaults.nic);
    memset(result, 0, sizeof *result);
}
