/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/model/model.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "crc32c.h"
#include "openvswitch/dynamic-string.h"
#include "sset.h"
#include "svec.h"
#include "util.h"

/* Rows. */

void
model_row_init(struct model_row *row, enum model_table table,
               const char *name)
{
    row->table = table;
    row->name = xstrdup(name);
    smap_init(&row->fields);
}

void
model_row_destroy(struct model_row *row)
{
    free(row->name);
    smap_destroy(&row->fields);
}

const char *
model_row_get(const struct model_row *row, const char *field)
{
    const char *value = smap_get(&row->fields, field);
    if (value) {
        return value;
    }
    return model_field_default(model_field_column(row->table, field), field);
}

void
model_row_set(struct model_row *row, const char *field, const char *value)
{
    smap_replace(&row->fields, field, value);
}

static void
copy_row(struct model_row *dst, const struct model_row *src)
{
    dst->table = src->table;
    dst->name = xstrdup(src->name);
    smap_clone(&dst->fields, &src->fields);
}

struct model_row *
model_row_create(enum model_table table, const char *name)
{
    struct model_row *row = xmalloc(sizeof *row);
    model_row_init(row, table, name);
    return row;
}

struct model_row *
model_row_clone(const struct model_row *src)
{
    struct model_row *dst = xmalloc(sizeof *dst);
    copy_row(dst, src);
    return dst;
}

void
model_row_free(struct model_row *row)
{
    if (row) {
        model_row_destroy(row);
        free(row);
    }
}

char *
model_satellite_key(enum model_table table, const char *name)
{
    return xasprintf("%s %s", model_table_name(table), name);
}

bool
model_key_is_satellite(const char *key)
{
    return strchr(key, ' ') != NULL;
}

bool
model_row_equals(const struct model_row *a, const struct model_row *b)
{
    return (a->table == b->table
            && !strcmp(a->name, b->name)
            && smap_equal(&a->fields, &b->fields));
}

/* Bridges. */

struct model_bridge *
model_bridge_create(const char *name)
{
    struct model_bridge *bridge = xzalloc(sizeof *bridge);
    model_row_init(&bridge->row, MODEL_TABLE_BRIDGE, name);
    return bridge;
}

struct model_bridge *
model_bridge_clone(const struct model_bridge *src)
{
    struct model_bridge *dst = xzalloc(sizeof *dst);
    copy_row(&dst->row, &src->row);
    dst->not_made = src->not_made;
    return dst;
}

bool
model_bridge_equals(const struct model_bridge *a,
                    const struct model_bridge *b)
{
    return model_row_equals(&a->row, &b->row);
}

void
model_bridge_destroy(struct model_bridge *bridge)
{
    if (bridge) {
        model_row_destroy(&bridge->row);
        free(bridge);
    }
}

/* Ports and their interfaces. */

struct model_port *
model_port_create(const char *name)
{
    struct model_port *port = xzalloc(sizeof *port);
    model_row_init(&port->row, MODEL_TABLE_PORT, name);
    return port;
}

struct model_iface *
model_port_add_iface(struct model_port *port, const char *name)
{
    port->ifaces = xrealloc(port->ifaces,
                            (port->n_ifaces + 1) * sizeof *port->ifaces);

    size_t i = port->n_ifaces++;
    while (i > 0 && strcmp(port->ifaces[i - 1].row.name, name) > 0) {
        port->ifaces[i] = port->ifaces[i - 1];
        i--;
    }
    struct model_iface *iface = &port->ifaces[i];
    memset(iface, 0, sizeof *iface);
    model_row_init(&iface->row, MODEL_TABLE_INTERFACE, name);

    /* A map has a bucket embedded, which has moved along with its struct. */
    for (size_t j = 0; j < port->n_ifaces; j++) {
        hmap_moved(&port->ifaces[j].row.fields.map);
    }
    return iface;
}

struct model_iface *
model_port_find_iface(const struct model_port *port, const char *name)
{
    for (size_t i = 0; i < port->n_ifaces; i++) {
        if (!strcmp(port->ifaces[i].row.name, name)) {
            return &port->ifaces[i];
        }
    }
    return NULL;
}

static void
model_iface_destroy(struct model_iface *iface)
{
    model_row_destroy(&iface->row);
    free(iface->error);
}

void
model_port_remove_iface(struct model_port *port, const char *name)
{
    struct model_iface *iface = model_port_find_iface(port, name);
    if (iface) {
        model_iface_destroy(iface);
        port->n_ifaces--;
        for (size_t i = iface - port->ifaces; i < port->n_ifaces; i++) {
            port->ifaces[i] = port->ifaces[i + 1];
            hmap_moved(&port->ifaces[i].row.fields.map);
        }
    }
}

struct model_port *
model_port_clone(const struct model_port *src)
{
    struct model_port *dst = xzalloc(sizeof *dst);
    copy_row(&dst->row, &src->row);
    dst->ifaces = xcalloc(src->n_ifaces, sizeof *dst->ifaces);
    dst->n_ifaces = src->n_ifaces;
    for (size_t i = 0; i < src->n_ifaces; i++) {
        copy_row(&dst->ifaces[i].row, &src->ifaces[i].row);
        dst->ifaces[i].ofport = src->ifaces[i].ofport;
        dst->ifaces[i].error = nullable_xstrdup(src->ifaces[i].error);
    }
    return dst;
}

static bool
model_iface_equals(const struct model_iface *a, const struct model_iface *b)
{
    return (model_row_equals(&a->row, &b->row)
            && a->ofport == b->ofport
            && nullable_string_is_equal(a->error, b->error));
}

bool
model_port_is_on(const struct model_port *port, const char *bridge)
{
    const char *names = model_row_get(&port->row, MODEL_F_BRIDGE);
    size_t n = strlen(bridge);

    for (const char *s = names; *s; ) {
        size_t len = strcspn(s, ",");

        if (len == n && !memcmp(s, bridge, n)) {
            return true;
        }
        s += len + (s[len] == ',');
    }
    return false;
}

bool
model_port_equals(const struct model_port *a, const struct model_port *b)
{
    if (!model_row_equals(&a->row, &b->row) || a->n_ifaces != b->n_ifaces) {
        return false;
    }
    for (size_t i = 0; i < a->n_ifaces; i++) {
        if (!model_iface_equals(&a->ifaces[i], &b->ifaces[i])) {
            return false;
        }
    }
    return true;
}

void
model_port_destroy(struct model_port *port)
{
    if (port) {
        for (size_t i = 0; i < port->n_ifaces; i++) {
            model_iface_destroy(&port->ifaces[i]);
        }
        free(port->ifaces);
        model_row_destroy(&port->row);
        free(port);
    }
}

/* Links. */

struct model_link *
model_link_create(const char *name)
{
    struct model_link *link = xzalloc(sizeof *link);
    link->name = xstrdup(name);
    smap_init(&link->fields);
    return link;
}

struct model_link *
model_link_clone(const struct model_link *src)
{
    struct model_link *dst = xmemdup(src, sizeof *src);
    dst->name = xstrdup(src->name);
    smap_clone(&dst->fields, &src->fields);
    return dst;
}

bool
model_link_equals(const struct model_link *a, const struct model_link *b)
{
    return (!strcmp(a->name, b->name)
            && a->ifindex == b->ifindex
            && a->peer_ifindex == b->peer_ifindex
            && a->carrier == b->carrier
            && a->n_queues == b->n_queues
            && a->n_disabled == b->n_disabled
            && smap_equal(&a->fields, &b->fields));
}

void
model_link_destroy(struct model_link *link)
{
    if (link) {
        free(link->name);
        smap_destroy(&link->fields);
        free(link);
    }
}

bool
model_link_is(const struct model_link *link, const char *kind)
{
    const char *is = smap_get(&link->fields, MODEL_L_KIND);
    return is && !strcmp(is, kind);
}

bool
model_link_is_vswitchds(const struct model_link *link)
{
    return model_link_is(link, "tap") || model_link_is(link, "openvswitch");
}

bool
model_link_in_use(const struct model_link *link)
{
    /* A single-queue TAP reports no queue counts, so the carrier counts; and
     * a guest may have disabled all queues but still hold them.  Devices of
     * other kinds have a carrier for other reasons. */
    return (model_link_is(link, "tap")
            && (link->carrier || link->n_queues || link->n_disabled));
}

unsigned int
model_link_n_attached(const struct model_link *link)
{
    unsigned int n = link->n_queues + link->n_disabled;

    return n ? n : model_link_in_use(link);
}

void
model_link_set_number(struct model_link *link, const char *field,
                      uint32_t value)
{
    char text[16];

    snprintf(text, sizeof text, "%"PRIu32, value);
    smap_replace(&link->fields, field, text);
}

bool
model_link_field_needs_attach(const char *field)
{
    return (!strcmp(field, MODEL_L_OWNER)
            || !strcmp(field, MODEL_L_GROUP)
            || !strcmp(field, MODEL_L_PERSIST));
}

/* What follows 'prefix' in 'field', or NULL if it does not begin so. */
static const char *
after_prefix(const char *field, const char *prefix)
{
    size_t n = strlen(prefix);

    return !strncmp(field, prefix, n) ? &field[n] : NULL;
}

const char *
model_offload_of_field(const char *field)
{
    return after_prefix(field, MODEL_L_OFFLOAD);
}

const char *
model_bond_option_of_field(const char *field)
{
    return after_prefix(field, MODEL_L_BOND);
}

/* Marks. */

char *
model_mark(const char *instance, const char *object)
{
    return xasprintf("%s/%s", instance, object);
}

const char *
model_mark_object(const char *mark, const char *instance)
{
    size_t n = strlen(instance);
    return (mark && !strncmp(mark, instance, n) && mark[n] == '/'
            ? &mark[n + 1]
            : NULL);
}

const char *
model_link_mark(const struct model_link *link)
{
    const char *alias = smap_get(&link->fields, MODEL_L_ALIAS);
    size_t n = strlen(MODEL_ALIAS_PREFIX);
    return alias && !strncmp(alias, MODEL_ALIAS_PREFIX, n) ? &alias[n] : NULL;
}

bool
model_field_is_bookkeeping(const char *field)
{
    return (!strcmp(field, MODEL_OWNED)
            || !strcmp(field, MODEL_LINK_MARK)
            || !strcmp(field, MODEL_ROW_KEY)
            || !strcmp(field, MODEL_MARK));
}

static void
mark_row(struct model_row *row, const char *mark)
{
    struct sset owned = SSET_INITIALIZER(&owned);
    const struct smap_node *node;

    SMAP_FOR_EACH (node, &row->fields) {
        /* Where a port sits is told by its bridge, not by a list. */
        if (strcmp(node->key, MODEL_F_BRIDGE)
            && !model_field_is_bookkeeping(node->key)) {
            sset_add(&owned, node->key);
        }
    }
    smap_replace_nocopy(&row->fields, MODEL_OWNED,
                        model_owned_format(&owned));
    smap_replace(&row->fields, MODEL_MARK, mark);
    if (model_table_is_satellite(row->table)) {
        smap_replace(&row->fields, MODEL_ROW_KEY, row->name);
    }
    sset_destroy(&owned);
}

void
model_object_mark(struct model_object *object, const char *instance)
{
    char *mark = model_mark(instance, object->id);

    if (object->bridge) {
        mark_row(&object->bridge->row, mark);
    }
    for (size_t i = 0; i < object->n_ports; i++) {
        struct model_port *port = object->ports[i];

        mark_row(&port->row, mark);
        for (size_t j = 0; j < port->n_ifaces; j++) {
            mark_row(&port->ifaces[j].row, mark);
        }
    }
    for (size_t i = 0; i < object->n_links; i++) {
        struct smap *fields = &object->links[i]->fields;

        if (smap_get(fields, MODEL_L_KIND)) {
            smap_replace_nocopy(fields, MODEL_L_ALIAS,
                                xasprintf(MODEL_ALIAS_PREFIX"%s", mark));
        }
    }
    for (size_t i = 0; i < object->n_satellites; i++) {
        mark_row(object->satellites[i], mark);
    }
    free(mark);
}

bool
model_link_is_leftover(const struct model_link *link)
{
    return (smap_get(&link->fields, MODEL_L_UNFINISHED)
            && !smap_get(&link->fields, MODEL_L_ALIAS));
}

char *
model_owned_format(const struct sset *owned)
{
    const char **names = sset_sort(owned);
    struct ds ds = DS_EMPTY_INITIALIZER;

    for (size_t i = 0; i < sset_count(owned); i++) {
        if (i) {
            ds_put_char(&ds, ' ');
        }
        for (const unsigned char *p = (const unsigned char *) names[i];
             *p; p++) {
            if (*p <= ' ' || *p == '%' || *p == 0x7f) {
                ds_put_format(&ds, "%%%02X", *p);
            } else {
                ds_put_char(&ds, *p);
            }
        }
    }
    free(names);
    return ds_steal_cstr(&ds);
}

void
model_owned_parse(const char *s, struct sset *owned)
{
    while (*s) {
        struct ds ds = DS_EMPTY_INITIALIZER;

        for (; *s && *s != ' '; s++) {
            bool ok = false;
            int value = *s == '%' && s[1] ? hexits_value(s + 1, 2, &ok) : 0;

            if (ok) {
                ds_put_char(&ds, value);
                s += 2;
            } else {
                ds_put_char(&ds, *s);
            }
        }
        if (ds.length) {
            sset_add(owned, ds_cstr(&ds));
        }
        ds_destroy(&ds);
        s += *s == ' ';
    }
}

void
model_owned_read(const struct smap *fields, struct sset *owned)
{
    const char *text = smap_get(fields, MODEL_OWNED);

    if (text) {
        model_owned_parse(text, owned);
    }
}

/* Objects. */

struct model_object *
model_object_create(const char *id, const char *source)
{
    struct model_object *object = xzalloc(sizeof *object);
    object->id = xstrdup(id);
    object->source = xstrdup(source);
    return object;
}

void
model_object_destroy(struct model_object *object)
{
    if (object) {
        free(object->id);
        free(object->source);
        model_bridge_destroy(object->bridge);
        for (size_t i = 0; i < object->n_ports; i++) {
            model_port_destroy(object->ports[i]);
        }
        free(object->ports);
        for (size_t i = 0; i < object->n_links; i++) {
            model_link_destroy(object->links[i]);
        }
        free(object->links);
        for (size_t i = 0; i < object->n_satellites; i++) {
            model_row_free(object->satellites[i]);
        }
        free(object->satellites);
        free(object->mac);
        free(object->iface_id);
        free(object->problem);
        free(object);
    }
}

bool
model_object_equals(const struct model_object *a,
                    const struct model_object *b)
{
    if (strcmp(a->id, b->id)
        || strcmp(a->source, b->source)
        || !a->bridge != !b->bridge
        || (a->bridge && !model_bridge_equals(a->bridge, b->bridge))
        || a->n_ports != b->n_ports
        || a->n_links != b->n_links
        || a->n_satellites != b->n_satellites
        || a->paused != b->paused
        || a->quarantined != b->quarantined
        || a->queues != b->queues
        || !nullable_string_is_equal(a->mac, b->mac)
        || !nullable_string_is_equal(a->iface_id, b->iface_id)
        || !nullable_string_is_equal(a->problem, b->problem)) {
        return false;
    }
    for (size_t i = 0; i < a->n_ports; i++) {
        if (!model_port_equals(a->ports[i], b->ports[i])) {
            return false;
        }
    }
    for (size_t i = 0; i < a->n_links; i++) {
        if (!model_link_equals(a->links[i], b->links[i])) {
            return false;
        }
    }
    for (size_t i = 0; i < a->n_satellites; i++) {
        if (!model_row_equals(a->satellites[i], b->satellites[i])) {
            return false;
        }
    }
    return true;
}

void
model_object_add_port(struct model_object *object, struct model_port *port)
{
    object->ports = xrealloc(object->ports, (object->n_ports + 1)
                                            * sizeof *object->ports);
    object->ports[object->n_ports++] = port;
}

void
model_object_add_link(struct model_object *object, struct model_link *link)
{
    object->links = xrealloc(object->links, (object->n_links + 1)
                                            * sizeof *object->links);
    object->links[object->n_links++] = link;
}

void
model_object_add_satellite(struct model_object *object,
                           struct model_row *row)
{
    object->satellites = xrealloc(object->satellites,
                                  (object->n_satellites + 1)
                                  * sizeof *object->satellites);
    object->satellites[object->n_satellites++] = row;
}

struct model_row *
model_object_find_satellite(const struct model_object *object,
                            enum model_table table, const char *name)
{
    for (size_t i = 0; i < object->n_satellites; i++) {
        struct model_row *row = object->satellites[i];

        if (row->table == table && !strcmp(row->name, name)) {
            return row;
        }
    }
    return NULL;
}

struct model_port *
model_object_find_port(const struct model_object *object, const char *name)
{
    for (size_t i = 0; i < object->n_ports; i++) {
        if (!strcmp(object->ports[i]->row.name, name)) {
            return object->ports[i];
        }
    }
    return NULL;
}

struct model_link *
model_object_find_link(const struct model_object *object, const char *name)
{
    for (size_t i = 0; i < object->n_links; i++) {
        if (!strcmp(object->links[i]->name, name)) {
            return object->links[i];
        }
    }
    return NULL;
}

bool
model_id_is_nic(const char *id)
{
    /* The host's own ids begin with a kind and ":", which no VM name has. */
    return strchr(id, '/') && !strchr(id, ':');
}

bool
model_id_is_internal(const char *id)
{
    return !strcmp(id, MODEL_QOS_NOOP) || !strcmp(id, MODEL_LEFTOVERS);
}

unsigned int
model_instance_number(const char *instance)
{
    /* The same for every build of us, which hash_string() is not. */
    return (ntohl(crc32c((const uint8_t *) instance, strlen(instance)))
            & UINT16_MAX);
}
