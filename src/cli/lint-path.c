/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/cli/lint.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "bitmap.h"
#include "openvswitch/dynamic-string.h"
#include "svec.h"
#include "util.h"

/* Where a port's frames get to: from its bridge, in the VLANs that it has,
 * through links to other bridges and through uplinks and bonds to the outside.
 * What has a smaller MTU there drops its largest frames. */

#define N_VLANS 4096
#define DEFAULT_MTU 1500

/* How a port treats VLANs (ovs-vswitchd.conf.db(5)). */
struct port_vlans {
    bool access, native, untagged, tunnel;
    unsigned int tag;
    unsigned long carried[BITMAP_N_LONGS(N_VLANS)];
};

static void
port_vlans_init(struct port_vlans *v, const struct model_row *row)
{
    const char *mode = model_row_get(row, "vlan_mode");
    const char *tag = model_row_get(row, "tag");
    char *trunks = xstrdup(model_row_get(row, "trunks"));
    char *save = NULL;

    memset(v, 0, sizeof *v);
    v->tag = atoi(tag);
    v->tunnel = !strcmp(mode, "dot1q-tunnel");
    v->access = !strcmp(mode, "access") || v->tunnel || (!*mode && *tag);
    v->native = !strncmp(mode, "native-", 7);
    v->untagged = !strcmp(mode, "native-untagged");
    if (!v->access && !*trunks) {
        bitmap_set_multiple(v->carried, 0, N_VLANS, true);
    }
    for (char *p = v->access ? NULL : strtok_r(trunks, ",", &save); p;
         p = strtok_r(NULL, ",", &save)) {
        bitmap_set1(v->carried, atoi(p) % N_VLANS);
    }
    if (v->access || v->native) {
        bitmap_set1(v->carried, v->tag % N_VLANS);
    }
    free(trunks);
}

/* The VLAN ids, 0 for none, of frames that leave a bridge by port 'v', of the
 * VLANs 'vlans' within the bridge. */
static void
port_vlans_out(const struct port_vlans *v, const unsigned long *vlans,
               unsigned long *ids)
{
    bool has_tag = (bitmap_is_set(vlans, v->tag)
                    && bitmap_is_set(v->carried, v->tag));

    if (v->tunnel) {
        bitmap_set_multiple(ids, 0, N_VLANS, has_tag);
    } else if (v->access) {
        bitmap_set(ids, 0, has_tag);
    } else {
        memcpy(ids, vlans, bitmap_n_bytes(N_VLANS));
        bitmap_and(ids, v->carried, N_VLANS);
        if (v->untagged && has_tag) {
            bitmap_set0(ids, v->tag);
            bitmap_set1(ids, 0);
        }
    }
}

/* Adds to 'vlans' those that frames with 'ids' come into by port 'v'. */
static void
port_vlans_in(const struct port_vlans *v, const unsigned long *ids,
              unsigned long *vlans)
{
    bool plain = bitmap_is_set(ids, 0);

    if (v->tunnel) {
        bitmap_set(vlans, v->tag, bitmap_is_set(vlans, v->tag)
                   || !bitmap_is_all_zeros(ids, N_VLANS));
    } else if (v->access) {
        bitmap_set(vlans, v->tag, bitmap_is_set(vlans, v->tag) || plain);
    } else {
        unsigned long in[BITMAP_N_LONGS(N_VLANS)];

        memcpy(in, ids, sizeof in);
        if (v->native && plain) {
            bitmap_set0(in, 0);
            bitmap_set1(in, v->tag);
        }
        bitmap_and(in, v->carried, N_VLANS);
        bitmap_or(vlans, in, N_VLANS);
    }
}

/* A port by which frames leave a bridge: to another one, or to the outside. */
struct exit {
    const struct model_object *object;
    const struct model_port *port;
    const struct model_port *far; /* The port where they come in, or NULL. */
    unsigned int mtu;           /* 0: not given; UINT_MAX: no matter. */
};

struct exits {
    struct exit *exits;
    size_t n, allocated;
};

static void
add_exit(struct exits *e, const struct model_object *object,
         const struct model_port *port, const struct model_port *far,
         unsigned int mtu)
{
    if (e->n >= e->allocated) {
        e->exits = x2nrealloc(e->exits, &e->allocated, sizeof *e->exits);
    }
    e->exits[e->n++] = (struct exit) { object, port, far, mtu };
}

/* The least MTU of the devices of 'object'; 0: one has none. */
static unsigned int
device_mtu(const struct model_object *object)
{
    unsigned int least = UINT_MAX;

    for (size_t i = 0; i < object->n_links; i++) {
        const char *mtu = smap_get(&object->links[i]->fields, MODEL_L_MTU);
        least = MIN(least, mtu ? atoi(mtu) : 0);
    }
    return least;
}

static void
add_exits(struct exits *e, const struct model_object *object)
{
    unsigned int mtu = device_mtu(object);

    if (!strncmp(object->id, "link:", 5)) {
        for (size_t i = 0; i < object->n_ports; i++) {
            const struct model_port *far
                = object->n_ports > 1 ? object->ports[!i] : NULL;
            add_exit(e, object, object->ports[i], far, mtu);
        }
    } else if (object->n_ports && object->ports[0]->n_ifaces
               && object->n_links && !model_id_is_nic(object->id)) {
        const struct model_row *iface = &object->ports[0]->ifaces[0].row;

        add_exit(e, object, object->ports[0], NULL,
                 mtu ? mtu : atoi(model_row_get(iface, "mtu_request")));
    }
}

/* What is reached from one port. */
struct walk {
    const struct exits *exits;
    const struct model_object *source;
    unsigned int mtu;
    struct shash vlans;         /* Bridge -> bitmap of VLANs. */
    struct svec todo;           /* Bridges. */
    struct svec obstacles;
};

static unsigned long *
walk_vlans(struct walk *w, const char *bridge)
{
    unsigned long *vlans = shash_find_data(&w->vlans, bridge);

    if (!vlans) {
        vlans = bitmap_allocate(N_VLANS);
        shash_add(&w->vlans, bridge, vlans);
    }
    return vlans;
}

static void
add_obstacle(struct walk *w, const struct exit *e)
{
    const char *bridge = model_row_get(&e->port->row, MODEL_F_BRIDGE);
    const char *kind = (!strncmp(e->object->id, "link:", 5) ? "link"
                        : !strncmp(e->object->id, "bond:", 5) ? "bond"
                        : "uplink");
    const char *name = (!strcmp(kind, "link") ? e->object->id + 5
                        : e->port->row.name);
    struct ds ds = DS_EMPTY_INITIALIZER;

    ds_put_format(&ds, "%s %s of bridge %s (", kind, name, bridge);
    if (e->mtu) {
        ds_put_format(&ds, "%u)", e->mtu);
    } else {
        ds_put_cstr(&ds, "no mtu given, so most likely 1500)");
    }
    svec_add_nocopy(&w->obstacles, ds_steal_cstr(&ds));
}

/* Frames with 'ids' leave by 'e'. */
static void
walk_exit(struct walk *w, const struct exit *e, const unsigned long *ids)
{
    if (w->mtu > (e->mtu ? e->mtu : DEFAULT_MTU)) {
        add_obstacle(w, e);
    } else if (e->far) {
        const char *bridge = model_row_get(&e->far->row, MODEL_F_BRIDGE);
        unsigned long *vlans = walk_vlans(w, bridge);
        size_t before = bitmap_count1(vlans, N_VLANS);
        struct port_vlans far;

        port_vlans_init(&far, &e->far->row);
        port_vlans_in(&far, ids, vlans);
        if (bitmap_count1(vlans, N_VLANS) > before) {
            svec_add(&w->todo, bridge);
        }
    }
}

static void
walk_bridge(struct walk *w, const char *bridge)
{
    unsigned long vlans[BITMAP_N_LONGS(N_VLANS)];

    memcpy(vlans, walk_vlans(w, bridge), sizeof vlans);
    for (size_t i = 0; i < w->exits->n; i++) {
        const struct exit *e = &w->exits->exits[i];
        unsigned long ids[BITMAP_N_LONGS(N_VLANS)] = { 0 };
        struct port_vlans v;

        if (e->object == w->source
            || strcmp(model_row_get(&e->port->row, MODEL_F_BRIDGE), bridge)) {
            continue;
        }
        port_vlans_init(&v, &e->port->row);
        port_vlans_out(&v, vlans, ids);
        if (!bitmap_is_all_zeros(ids, N_VLANS)) {
            walk_exit(w, e, ids);
        }
    }
}

/* The MTU of what sends by 'port' of 'object', 0 if that is not known or if
 * it is a way to elsewhere itself. */
static unsigned int
source_mtu(const struct model_object *object, const struct model_port *port)
{
    const struct model_iface *iface = &port->ifaces[0];

    if (model_id_is_nic(object->id)
        || (!strncmp(object->id, "link:", 5) && object->n_ports == 1)) {
        return device_mtu(object);
    } else if (!strncmp(object->id, "port:", 5) && !object->n_links
               && !strcmp(model_row_get(&iface->row, "type"), "internal")) {
        return atoi(model_row_get(&iface->row, "mtu_request"));
    }
    return 0;
}

static void
check_source(struct lint *l, const struct exits *exits,
             const struct model_object *object)
{
    const struct model_port *port = object->ports[0];
    const char *bridge = model_row_get(&port->row, MODEL_F_BRIDGE);
    struct walk w = {
        .exits = exits,
        .source = object,
        .mtu = source_mtu(object, port),
        .vlans = SHASH_INITIALIZER(&w.vlans),
        .todo = SVEC_EMPTY_INITIALIZER,
        .obstacles = SVEC_EMPTY_INITIALIZER,
    };
    struct port_vlans v;

    if (!w.mtu) {
        return;
    }
    port_vlans_init(&v, &port->row);
    bitmap_or(walk_vlans(&w, bridge), v.carried, N_VLANS);
    svec_add(&w.todo, bridge);
    /* 'todo' grows meanwhile. */
    for (size_t i = 0; i < w.todo.n; i++) {
        walk_bridge(&w, w.todo.names[i]);
    }
    if (w.obstacles.n) {
        svec_sort_unique(&w.obstacles);
        char *all = svec_join(&w.obstacles, ", ", "");
        lint_add_object(l, LINT_WARNING, "mtu-path", object, port, "mtu",
                        "frames of MTU %u do not fit through %s", w.mtu,
                        all);
        free(all);
    }
    shash_destroy_free_data(&w.vlans);
    svec_destroy(&w.todo);
    svec_destroy(&w.obstacles);
}

void
lint_paths(struct lint *l)
{
    const struct shash_node **nodes = shash_sort(&l->wanted->objects);
    size_t n = shash_count(&l->wanted->objects);
    struct exits exits = { NULL, 0, 0 };

    for (size_t i = 0; i < n; i++) {
        add_exits(&exits, nodes[i]->data);
    }
    for (size_t i = 0; i < n && exits.n; i++) {
        const struct model_object *object = nodes[i]->data;

        if (object->n_ports && object->ports[0]->n_ifaces) {
            check_source(l, &exits, object);
        }
    }
    free(exits.exits);
    free(nodes);
}
