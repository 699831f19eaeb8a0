/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "tests/unit/spec-dump.h"

#include <stdlib.h>
#include "util.h"

static void
dump_fields(const char *what, const char *name, const struct smap *fields,
            struct ds *out)
{
    const struct smap_node **nodes = smap_sort(fields);

    ds_put_format(out, "  %s %s", what, name);
    for (size_t i = 0; i < smap_count(fields); i++) {
        ds_put_format(out, " %s=%s", nodes[i]->key, nodes[i]->value);
    }
    ds_put_char(out, '\n');
    free(nodes);
}

static void
dump_object(const struct model_object *o, struct ds *out)
{
    ds_put_format(out, "%s from %s", o->id, o->source);
    if (o->mac) {
        ds_put_format(out, " mac=%s queues=%u", o->mac, o->queues);
    }
    if (o->iface_id) {
        ds_put_format(out, " iface_id=%s", o->iface_id);
    }
    ds_put_format(out, "%s%s\n", o->paused ? " paused" : "",
                  o->quarantined ? " quarantined" : "");
    if (o->bridge) {
        dump_fields("bridge", o->bridge->row.name, &o->bridge->row.fields,
                    out);
    }
    for (size_t i = 0; i < o->n_ports; i++) {
        const struct model_port *p = o->ports[i];

        dump_fields("port", p->row.name, &p->row.fields, out);
        for (size_t j = 0; j < p->n_ifaces; j++) {
            dump_fields("iface", p->ifaces[j].row.name,
                        &p->ifaces[j].row.fields, out);
        }
    }
    for (size_t i = 0; i < o->n_links; i++) {
        dump_fields("link", o->links[i]->name, &o->links[i]->fields, out);
    }
    for (size_t i = 0; i < o->n_satellites; i++) {
        const struct model_row *row = o->satellites[i];

        dump_fields(model_table_name(row->table), row->name, &row->fields,
                    out);
    }
}

char *
spec_dump(const struct spec_result *result)
{
    struct ds out = DS_EMPTY_INITIALIZER;
    const char *error;
    size_t i;

    for (i = 0; i < result->n_objects; i++) {
        dump_object(result->objects[i], &out);
    }
    SVEC_FOR_EACH (i, error, &result->errors) {
        ds_put_format(&out, "%s\n", error);
    }
    return ds_steal_cstr(&out);
}
