/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/model/observed.h"

#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "src/model/index.h"
#include "util.h"

void
model_observed_init(struct model_observed *o, const char *instance,
                    const char *boot_id)
{
    memset(o, 0, sizeof *o);
    o->instance = xstrdup(instance);
    o->leftovers_mark = model_mark(instance, MODEL_LEFTOVERS);
    o->boot_id = xstrdup(boot_id);
    hmap_init(&o->bridges);
    hmap_init(&o->ports);
    hmap_init(&o->links);
    shash_init(&o->satellites);
    shash_init(&o->iface_ports);
    shash_init(&o->qos_users);
    shash_init(&o->marked);
    sset_init(&o->dirty_names);
    sset_init(&o->dirty_ids);
    sset_init(&o->dirty_bridges);
}

void
model_observed_destroy(struct model_observed *o)
{
    struct model_bridge *bridge;
    HMAP_FOR_EACH_POP (bridge, node, &o->bridges) {
        model_bridge_destroy(bridge);
    }
    struct model_port *port;
    HMAP_FOR_EACH_POP (port, node, &o->ports) {
        model_port_destroy(port);
    }
    struct model_link *link;
    HMAP_FOR_EACH_POP (link, node, &o->links) {
        model_link_destroy(link);
    }
    hmap_destroy(&o->bridges);
    hmap_destroy(&o->ports);
    hmap_destroy(&o->links);
    struct shash_node *node;
    SHASH_FOR_EACH (node, &o->satellites) {
        model_row_free(node->data);
    }
    shash_destroy(&o->satellites);
    shash_destroy(&o->iface_ports);
    shash_destroy(&o->qos_users);
    index_destroy(&o->marked);
    sset_destroy(&o->dirty_names);
    sset_destroy(&o->dirty_ids);
    sset_destroy(&o->dirty_bridges);
    free(o->instance);
    free(o->leftovers_mark);
    free(o->boot_id);
    free(o->ovn_bridge);
}

struct model_bridge *
model_observed_bridge(const struct model_observed *o, const char *name)
{
    struct model_bridge *bridge;
    HMAP_FOR_EACH_WITH_HASH (bridge, node, hash_string(name, 0),
                             &o->bridges) {
        if (!strcmp(bridge->row.name, name)) {
            return bridge;
        }
    }
    return NULL;
}

struct model_port *
model_observed_port(const struct model_observed *o, const char *name)
{
    struct model_port *port;
    HMAP_FOR_EACH_WITH_HASH (port, node, hash_string(name, 0), &o->ports) {
        if (!strcmp(port->row.name, name)) {
            return port;
        }
    }
    return NULL;
}

struct model_link *
model_observed_link(const struct model_observed *o, const char *name)
{
    struct model_link *link;
    HMAP_FOR_EACH_WITH_HASH (link, node, hash_string(name, 0), &o->links) {
        if (!strcmp(link->name, name)) {
            return link;
        }
    }
    return NULL;
}

struct model_row *
model_observed_satellite(const struct model_observed *o,
                         enum model_table table, const char *name)
{
    char *key = model_satellite_key(table, name);
    struct model_row *row = shash_find_data(&o->satellites, key);

    free(key);
    return row;
}

struct model_port *
model_observed_iface_port(const struct model_observed *o, const char *name)
{
    return shash_find_data(&o->iface_ports, name);
}

const struct sset *
model_observed_marked(const struct model_observed *o, const char *id)
{
    return shash_find_data(&o->marked, id);
}

const char *
model_observed_own(const struct model_observed *o, const char *mark)
{
    return model_mark_object(mark, o->instance);
}

char *
model_observed_link_mark(const struct model_observed *o,
                         const struct model_link *link)
{
    return xasprintf("%s/%d", o->boot_id, link->ifindex);
}

/* The mark of 'link', or NULL. */
static const char *
mark_of_link(const struct model_observed *o, const struct model_link *link)
{
    return (model_link_is_leftover(link) ? o->leftovers_mark
            : model_link_mark(link));
}

/* A name may carry our mark in several places: as a port, as its interface
 * and as a link, all of the same name and mostly with the same mark.  The
 * entry in 'marked' must outlive the first of them that goes. */
static bool
is_marked(const struct model_observed *o, const char *name, const char *id)
{
    const struct model_bridge *bridge = model_observed_bridge(o, name);
    const struct model_port *port = model_observed_port(o, name);
    const struct model_port *iface_port = model_observed_iface_port(o, name);
    const struct model_iface *iface
        = iface_port ? model_port_find_iface(iface_port, name) : NULL;
    const struct model_link *link = model_observed_link(o, name);
    const struct model_row *satellite
        = shash_find_data(&o->satellites, name);
    const char *marks[] = {
        bridge ? smap_get(&bridge->row.fields, MODEL_MARK) : NULL,
        port ? smap_get(&port->row.fields, MODEL_MARK) : NULL,
        iface ? smap_get(&iface->row.fields, MODEL_MARK) : NULL,
        link ? mark_of_link(o, link) : NULL,
        satellite ? smap_get(&satellite->fields, MODEL_MARK) : NULL,
    };

    for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
        const char *own = model_observed_own(o, marks[i]);
        if (own && !strcmp(own, id)) {
            return true;
        }
    }
    return false;
}

/* Says that 'name', with 'mark', is or was there and has changed. */
static void
touch(struct model_observed *o, const char *name, const char *mark)
{
    const char *id = model_observed_own(o, mark);

    sset_add(&o->dirty_names, name);
    if (id) {
        sset_add(&o->dirty_ids, id);
        if (is_marked(o, name, id)) {
            index_add(&o->marked, id, name);
        } else {
            index_remove(&o->marked, id, name);
        }
    }
}

static void
touch_row(struct model_observed *o, const struct model_row *row)
{
    touch(o, row->name, smap_get(&row->fields, MODEL_MARK));
}

static void
touch_port(struct model_observed *o, const struct model_port *port)
{
    touch_row(o, &port->row);
    for (size_t i = 0; i < port->n_ifaces; i++) {
        touch_row(o, &port->ifaces[i].row);
    }
}

/* Bridges. */

bool
model_observed_bridge_is_made(const struct model_observed *o,
                              const struct model_bridge *bridge)
{
    const char *name = bridge->row.name;
    const struct model_link *link = model_observed_link(o, name);

    /* OVS's test datapath makes no devices. */
    return (!model_observed_port(o, name)
            || !strcmp(model_row_get(&bridge->row, "datapath_type"), "dummy")
            || (link && model_link_is_vswitchds(link)));
}

void
model_observed_configured(struct model_observed *o)
{
    struct model_bridge *bridge;

    HMAP_FOR_EACH (bridge, node, &o->bridges) {
        bool not_made = !model_observed_bridge_is_made(o, bridge);

        if (bridge->not_made != not_made) {
            bridge->not_made = not_made;
            sset_add(&o->dirty_bridges, bridge->row.name);
        }
    }
}

/* A device under the name of 'bridge' (or NULL) has come, gone or changed. */
static void
touch_bridge_device(struct model_observed *o, struct model_bridge *bridge,
                    bool was_made)
{
    if (bridge && was_made != model_observed_bridge_is_made(o, bridge)) {
        bridge->not_made = false;
        sset_add(&o->dirty_bridges, bridge->row.name);
    }
}

static void
bridge_unlink(struct model_observed *o, struct model_bridge *bridge)
{
    hmap_remove(&o->bridges, &bridge->node);
    touch_row(o, &bridge->row);
    model_bridge_destroy(bridge);
}

void
model_observed_put_bridge(struct model_observed *o,
                          struct model_bridge *bridge)
{
    struct model_bridge *old = model_observed_bridge(o, bridge->row.name);

    if (old && model_bridge_equals(old, bridge)) {
        model_bridge_destroy(bridge);
        return;
    }
    hmap_insert(&o->bridges, &bridge->node,
                hash_string(bridge->row.name, 0));
    if (old) {
        bridge->not_made = old->not_made;
        bridge_unlink(o, old);
    } else {
        sset_add(&o->dirty_bridges, bridge->row.name);
    }
    touch_row(o, &bridge->row);
}

void
model_observed_remove_bridge(struct model_observed *o, const char *name)
{
    struct model_bridge *bridge = model_observed_bridge(o, name);
    if (bridge) {
        sset_add(&o->dirty_bridges, name);
        bridge_unlink(o, bridge);
    }
}

/* Ports. */

size_t
model_observed_qos_users(const struct model_observed *o, const char *name)
{
    void *n = shash_find_data(&o->qos_users, name);
    return (uintptr_t) n;
}

/* 'port' refers to its QoS row, or does no longer. */
static void
count_qos_user(struct model_observed *o, const struct model_port *port,
               int delta)
{
    const char *name = smap_get(&port->row.fields, MODEL_F_QOS);
    if (!name) {
        return;
    }

    size_t n = model_observed_qos_users(o, name) + delta;
    if (n) {
        shash_replace(&o->qos_users, name, (void *) (uintptr_t) n);
        return;
    }
    shash_find_and_delete(&o->qos_users, name);
    const struct model_row *row
        = model_observed_satellite(o, MODEL_TABLE_QOS, name);
    const char *id = (row ? model_observed_own(
                          o, smap_get(&row->fields, MODEL_MARK)) : NULL);
    if (id) {
        sset_add(&o->dirty_ids, id);
    }
}

static void
port_unlink(struct model_observed *o, struct model_port *port)
{
    hmap_remove(&o->ports, &port->node);
    count_qos_user(o, port, -1);
    for (size_t i = 0; i < port->n_ifaces; i++) {
        struct shash_node *node = shash_find(&o->iface_ports,
                                             port->ifaces[i].row.name);
        /* The interface may be in another port's hands already. */
        if (node && node->data == port) {
            shash_delete(&o->iface_ports, node);
        }
    }
    touch_port(o, port);
    model_port_destroy(port);
}

/* A bridge that is to go waits for strangers' ports to leave, as 'old' does if
 * 'new' (or NULL) is not on it. */
static void
touch_left_bridges(struct model_observed *o, const struct model_port *old,
                   const struct model_port *new)
{
    struct sset names;
    const char *name;

    if (new && !strcmp(model_row_get(&old->row, MODEL_F_BRIDGE),
                       model_row_get(&new->row, MODEL_F_BRIDGE))) {
        return;                 /* As a rule. */
    }
    sset_from_delimited_string(&names, model_row_get(&old->row,
                                                     MODEL_F_BRIDGE), ",");
    SSET_FOR_EACH (name, &names) {
        const struct model_bridge *bridge = model_observed_bridge(o, name);

        if (bridge && !(new && model_port_is_on(new, name))) {
            touch_row(o, &bridge->row);
        }
    }
    sset_destroy(&names);
}

void
model_observed_put_port(struct model_observed *o, struct model_port *port)
{
    struct model_port *old = model_observed_port(o, port->row.name);

    if (old && model_port_equals(old, port)) {
        model_port_destroy(port);
        return;
    }
    hmap_insert(&o->ports, &port->node, hash_string(port->row.name, 0));
    count_qos_user(o, port, 1);
    for (size_t i = 0; i < port->n_ifaces; i++) {
        shash_replace(&o->iface_ports, port->ifaces[i].row.name, port);
    }
    if (old) {
        touch_left_bridges(o, old, port);
        port_unlink(o, old);
    }
    touch_port(o, port);
}

void
model_observed_remove_port(struct model_observed *o, const char *name)
{
    struct model_port *port = model_observed_port(o, name);
    if (port) {
        touch_left_bridges(o, port, NULL);
        port_unlink(o, port);
    }
}

/* Links. */

static void
link_unlink(struct model_observed *o, struct model_link *link)
{
    hmap_remove(&o->links, &link->node);
    touch(o, link->name, mark_of_link(o, link));
    model_link_destroy(link);
}

/* From the number of the instance that left 'link' unfinished to "true", if
 * that is ours. */
static void
judge_unfinished(const struct model_observed *o, struct model_link *link)
{
    const char *number = smap_get(&link->fields, MODEL_L_UNFINISHED);

    if (!number || !strcmp(number, "true")) {
        return;
    } else if (atoi(number) == model_instance_number(o->instance)) {
        smap_replace(&link->fields, MODEL_L_UNFINISHED, "true");
    } else {
        smap_remove(&link->fields, MODEL_L_UNFINISHED);
    }
}

void
model_observed_put_link(struct model_observed *o, struct model_link *link)
{
    struct model_link *old = model_observed_link(o, link->name);

    judge_unfinished(o, link);
    if (old && model_link_equals(old, link)) {
        model_link_destroy(link);
        return;
    }
    struct model_bridge *bridge = model_observed_bridge(o, link->name);
    bool was_made = bridge && model_observed_bridge_is_made(o, bridge);
    hmap_insert(&o->links, &link->node, hash_string(link->name, 0));
    if (old) {
        link_unlink(o, old);
    }
    touch(o, link->name, mark_of_link(o, link));
    touch_bridge_device(o, bridge, was_made);
}

void
model_observed_remove_link(struct model_observed *o, const char *name)
{
    struct model_link *link = model_observed_link(o, name);
    if (link) {
        struct model_bridge *bridge = model_observed_bridge(o, name);
        bool was_made = bridge && model_observed_bridge_is_made(o, bridge);
        link_unlink(o, link);
        touch_bridge_device(o, bridge, was_made);
    }
}

void
model_observed_touch_link(struct model_observed *o, const char *name)
{
    const struct model_link *link = model_observed_link(o, name);

    if (link) {
        touch(o, name, mark_of_link(o, link));
    }
}

/* Satellites. */

static void
satellite_unlink(struct model_observed *o, const char *key)
{
    struct model_row *row = shash_find_and_delete(&o->satellites, key);

    if (row) {
        touch(o, key, smap_get(&row->fields, MODEL_MARK));
        model_row_free(row);
    }
}

void
model_observed_put_satellite(struct model_observed *o, struct model_row *row)
{
    char *key = model_satellite_key(row->table, row->name);
    const struct model_row *old = shash_find_data(&o->satellites, key);

    if (old && model_row_equals(old, row)) {
        model_row_free(row);
    } else {
        satellite_unlink(o, key);
        shash_add(&o->satellites, key, row);
        touch(o, key, smap_get(&row->fields, MODEL_MARK));
    }
    free(key);
}

void
model_observed_remove_satellite(struct model_observed *o,
                                enum model_table table, const char *name)
{
    char *key = model_satellite_key(table, name);

    satellite_unlink(o, key);
    free(key);
}
