/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/model/wanted.h"

#include <string.h>

#include "src/model/index.h"
#include "src/model/observed.h"
#include "util.h"

void
model_wanted_init(struct model_wanted *w, const char *instance)
{
    w->instance = xstrdup(instance);
    shash_init(&w->objects);
    w->n_nics = 0;
    w->n_versions = 0;
    shash_init(&w->by_source);
    shash_init(&w->by_name);
    shash_init(&w->by_bridge);
    shash_init(&w->by_reference);
    shash_init(&w->by_mac);
    shash_init(&w->by_iface_id);
    w->policy = (struct model_policy) MODEL_POLICY_INITIALIZER;
}

void
model_wanted_destroy(struct model_wanted *w)
{
    struct shash_node *node;
    SHASH_FOR_EACH (node, &w->objects) {
        model_object_destroy(node->data);
    }
    shash_destroy(&w->objects);
    index_destroy(&w->by_source);
    index_destroy(&w->by_name);
    index_destroy(&w->by_bridge);
    index_destroy(&w->by_reference);
    index_destroy(&w->by_mac);
    index_destroy(&w->by_iface_id);
    free(w->instance);
}

struct model_object *
model_wanted_get(const struct model_wanted *w, const char *id)
{
    return shash_find_data(&w->objects, id);
}

const struct sset *
model_wanted_by_name(const struct model_wanted *w, const char *name)
{
    return shash_find_data(&w->by_name, name);
}

const struct sset *
model_wanted_by_bridge(const struct model_wanted *w, const char *name)
{
    return shash_find_data(&w->by_bridge, name);
}

const struct sset *
model_wanted_by_reference(const struct model_wanted *w, const char *name)
{
    return shash_find_data(&w->by_reference, name);
}

const struct sset *
model_wanted_by_source(const struct model_wanted *w, const char *source)
{
    return shash_find_data(&w->by_source, source);
}

/* The names of all rows and devices that 'object' wants. */
static void
object_names(const struct model_object *object, struct sset *names)
{
    if (object->bridge) {
        sset_add(names, object->bridge->row.name);
    }
    for (size_t i = 0; i < object->n_ports; i++) {
        const struct model_port *port = object->ports[i];

        sset_add(names, port->row.name);
        for (size_t j = 0; j < port->n_ifaces; j++) {
            sset_add(names, port->ifaces[j].row.name);
        }
    }
    for (size_t i = 0; i < object->n_links; i++) {
        sset_add(names, object->links[i]->name);
    }
    for (size_t i = 0; i < object->n_satellites; i++) {
        const struct model_row *row = object->satellites[i];

        sset_add_and_free(names, model_satellite_key(row->table, row->name));
    }
}

/* The names of the ports that satellites of 'object' refer to. */
static void
object_references(const struct model_object *object, struct sset *names)
{
    for (size_t i = 0; i < object->n_satellites; i++) {
        const struct model_row *row = object->satellites[i];
        size_t n;
        const struct model_column *c = model_columns(row->table, &n);

        for (size_t j = 0; j < n; j++) {
            if (c[j].type == MODEL_REFERENCE
                && c[j].target == MODEL_TABLE_PORT) {
                struct sset set = SSET_INITIALIZER(&set);
                const char *name;

                sset_from_delimited_string(&set, model_row_get(row,
                                                               c[j].name),
                                           ",");
                SSET_FOR_EACH (name, &set) {
                    sset_add(names, name);
                }
                sset_destroy(&set);
            }
        }
    }
}

/* The key of a NIC in 'by_mac', for the caller to free, or NULL. */
static char *
mac_key(const struct model_object *object)
{
    return (object->mac && object->n_ports
            ? xasprintf("%s %s",
                        model_row_get(&object->ports[0]->row, MODEL_F_BRIDGE),
                        object->mac)
            : NULL);
}

/* Enters 'id' at 'key' (or takes it out) and adds to 'changed' the others
 * there, since a clash with them may begin or end. */
static void
index_exclusive(struct shash *index, const char *key, const char *id,
                bool add, struct sset *changed)
{
    if (!key) {
        return;
    }
    if (!add) {
        index_remove(index, key, id);
    }

    const struct sset *others = shash_find_data(index, key);
    if (others) {
        const char *other;
        SSET_FOR_EACH (other, others) {
            sset_add(changed, other);
        }
    }
    if (add) {
        index_add(index, key, id);
    }
}

static void
index_object(struct model_wanted *w, const struct model_object *object,
             bool add, struct sset *changed)
{
    struct sset names = SSET_INITIALIZER(&names);
    object_names(object, &names);

    const char *name;
    SSET_FOR_EACH (name, &names) {
        index_exclusive(&w->by_name, name, object->id, add, changed);
    }
    sset_destroy(&names);

    char *mac = mac_key(object);
    index_exclusive(&w->by_mac, mac, object->id, add, changed);
    free(mac);
    index_exclusive(&w->by_iface_id, object->iface_id, object->id, add,
                    changed);

    void (*modify)(struct shash *, const char *, const char *)
        = add ? index_add : index_remove;
    for (size_t i = 0; i < object->n_ports; i++) {
        modify(&w->by_bridge,
               model_row_get(&object->ports[i]->row, MODEL_F_BRIDGE),
               object->id);
    }
    struct sset references = SSET_INITIALIZER(&references);
    object_references(object, &references);
    SSET_FOR_EACH (name, &references) {
        modify(&w->by_reference, name, object->id);
    }
    sset_destroy(&references);
    modify(&w->by_source, object->source, object->id);
}

static void
remove_object(struct model_wanted *w, const char *id, struct sset *changed)
{
    struct model_object *object = shash_find_and_delete(&w->objects, id);
    if (object) {
        sset_add(changed, id);
        w->n_nics -= model_id_is_nic(id);
        index_object(w, object, false, changed);
        model_object_destroy(object);
    }
}

void
model_wanted_replace(struct model_wanted *w, const char *source,
                     struct model_object **objects, size_t n,
                     struct sset *changed)
{
    struct sset gone = SSET_INITIALIZER(&gone);
    const struct sset *before = model_wanted_by_source(w, source);
    if (before) {
        sset_clone(&gone, before);
    }

    for (size_t i = 0; i < n; i++) {
        struct model_object *new = objects[i];
        struct model_object *old = model_wanted_get(w, new->id);

        sset_find_and_delete(&gone, new->id);
        model_object_mark(new, w->instance);
        if (old && model_object_equals(old, new)) {
            model_object_destroy(new);
            continue;
        }
        remove_object(w, new->id, changed);
        shash_add(&w->objects, new->id, new);
        w->n_nics += model_id_is_nic(new->id);
        new->version = ++w->n_versions;
        index_object(w, new, true, changed);
        sset_add(changed, new->id);
    }

    const char *id;
    SSET_FOR_EACH (id, &gone) {
        remove_object(w, id, changed);
    }
    sset_destroy(&gone);
}

/* Clashes. */

/* True if an interface with our mark for 'id' has 'value' in 'field'. */
static bool
holds_field(const struct model_observed *o, const char *id,
            const char *field, const char *value)
{
    const struct sset *names = model_observed_marked(o, id);
    if (!names) {
        return false;
    }

    const char *name;
    SSET_FOR_EACH (name, names) {
        const struct model_port *port = model_observed_iface_port(o, name);
        const struct model_iface *iface
            = port ? model_port_find_iface(port, name) : NULL;
        const char *have = iface ? smap_get(&iface->row.fields, field) : NULL;
        if (have && !strcmp(have, value)) {
            return true;
        }
    }
    return false;
}

/* 'value' is "BRIDGE MAC". */
static bool
holds_mac(const struct model_observed *o, const char *id,
          const char *field, const char *value)
{
    const char *mac = strchr(value, ' ') + 1;
    const struct sset *names = model_observed_marked(o, id);
    const char *name;

    if (!names || !holds_field(o, id, field, mac)) {
        return false;
    }
    SSET_FOR_EACH (name, names) {
        const struct model_port *port = model_observed_port(o, name);
        const char *bridge
            = port ? model_row_get(&port->row, MODEL_F_BRIDGE) : "";
        size_t n = mac - 1 - value;

        if (!strncmp(bridge, value, n) && !bridge[n]) {
            return true;
        }
    }
    return false;
}

static bool
holds_name(const struct model_observed *o, const char *id,
           const char *field OVS_UNUSED, const char *name)
{
    const struct sset *names = model_observed_marked(o, id);
    return names && sset_contains(names, name);
}

/* Something that only one object can have, of which each object can tell
 * whether it has it already. */
struct prize {
    bool (*holds)(const struct model_observed *, const char *id,
                  const char *field, const char *value);
    const char *field;          /* Of an Interface row; NULL: a name. */
    const char *value;
};

/* Of the 'ids' that want 'prize' only 'id' may go ahead if it alone has it
 * already. Returns NULL, or the name of another that stands in its way. */
static const char *
find_rival(const struct model_observed *o, const struct sset *ids,
           const char *id, const struct prize *prize)
{
    if (!ids || sset_count(ids) < 2) {
        return NULL;
    }

    bool id_holds = prize->holds(o, id, prize->field, prize->value);
    const char *rival = NULL;
    const char *other;
    SSET_FOR_EACH (other, ids) {
        if (strcmp(other, id)
            && (!id_holds || prize->holds(o, other, prize->field,
                                          prize->value))
            && (!rival || strcmp(other, rival) < 0)) {
            rival = other;
        }
    }
    return rival;
}

/* Each of these returns what is wrong, for the caller to free, or NULL. */

static char *
clash_of_names(const struct model_wanted *w, const struct model_observed *o,
               const struct model_object *object)
{
    struct sset names = SSET_INITIALIZER(&names);
    char *text = NULL;
    const char *name;

    object_names(object, &names);
    SSET_FOR_EACH (name, &names) {
        const struct prize prize = { holds_name, NULL, name };
        const char *rival = find_rival(o, model_wanted_by_name(w, name),
                                       object->id, &prize);
        if (rival) {
            text = xasprintf("the name \"%s\" is wanted by %s as well; "
                             "change one of them", name, rival);
            break;
        }
    }
    sset_destroy(&names);
    return text;
}

static char *
clash_of_mac(const struct model_wanted *w, const struct model_observed *o,
             const struct model_object *object)
{
    char *mac = mac_key(object);
    const struct prize prize = { holds_mac, "external_ids:attached-mac",
                                 mac };
    const char *rival
        = mac ? find_rival(o, shash_find_data(&w->by_mac, mac), object->id,
                           &prize) : NULL;

    free(mac);
    return (rival ? xasprintf("the MAC %s is on the same bridge in %s as "
                              "well; change one of them", object->mac, rival)
            : NULL);
}

static char *
clash_of_iface_id(const struct model_wanted *w,
                  const struct model_observed *o,
                  const struct model_object *object)
{
    const char *iface_id = object->iface_id;
    const struct prize prize = { holds_field, "external_ids:iface-id",
                                 iface_id };
    const char *rival
        = iface_id ? find_rival(o, shash_find_data(&w->by_iface_id, iface_id),
                                object->id, &prize) : NULL;

    return (rival ? xasprintf("the iface_id %s is in %s as well; change one "
                              "of them", iface_id, rival)
            : NULL);
}

char *
model_wanted_clash(const struct model_wanted *w,
                   const struct model_observed *o, const char *id)
{
    const struct model_object *object = model_wanted_get(w, id);
    char *text = object ? clash_of_names(w, o, object) : NULL;

    if (object && !text) {
        text = clash_of_mac(w, o, object);
    }
    if (object && !text) {
        text = clash_of_iface_id(w, o, object);
    }
    return text;
}
