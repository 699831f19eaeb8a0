/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "tests/unit/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "hash.h"
#include "tests/unit/apply.h"
#include "util.h"

void
world_init(struct world *w)
{
    model_wanted_init(&w->w, "main");
    model_observed_init(&w->o, "main", "boot");
    w->o.db_complete = w->o.links_complete = true;
    w->gate = (struct plan_gate) PLAN_GATE_INITIALIZER;
    sset_init(&w->made);
    sset_init(&w->nulled);
    w->next_ifindex = 100;
    w->next_ofport = 1;
}

void
world_destroy(struct world *w)
{
    model_wanted_destroy(&w->w);
    model_observed_destroy(&w->o);
    sset_destroy(&w->made);
    sset_destroy(&w->nulled);
}

static void
set_vlan(struct model_port *port, int tag)
{
    char *s = tag >= 0 ? xasprintf("%d", tag) : xstrdup("");
    model_row_set(&port->row, "tag", s);
    model_row_set(&port->row, "trunks", "");
    model_row_set(&port->row, "vlan_mode", "");
    model_row_set(&port->row, "cvlans", "");
    free(s);
}

struct model_object *
world_make_nic(const char *vm, const char *nic, const char *ifname,
               const char *bridge, unsigned int queues, int tag)
{
    char *id = xasprintf("%s/%s", vm, nic);
    char *source = xasprintf("vms.d/%s.json", vm);
    struct model_object *object = model_object_create(id, source);
    uint32_t hash = hash_string(id, 0);
    char *mac = xasprintf("52:54:%02x:%02x:%02x:%02x", hash & 255,
                          (hash >> 8) & 255, (hash >> 16) & 255, hash >> 24);
    char *tap_mac = xasprintf("fe%s", mac + 2);

    struct model_port *port = model_port_create(ifname);
    model_row_set(&port->row, MODEL_F_BRIDGE, bridge);
    model_row_set(&port->row, MODEL_F_QOS, MODEL_QOS_NOOP);
    set_vlan(port, tag);
    struct model_iface *iface = model_port_add_iface(port, ifname);
    model_row_set(&iface->row, "external_ids:attached-mac", mac);
    model_row_set(&iface->row, "external_ids:vm-id", vm);
    model_object_add_port(object, port);

    struct model_link *link = model_link_create(ifname);
    smap_add(&link->fields, MODEL_L_KIND, "tap");
    smap_add(&link->fields, MODEL_L_MAC, tap_mac);
    smap_add(&link->fields, MODEL_L_UP, "true");
    smap_add(&link->fields, MODEL_L_QDISC, "noqueue");
    smap_add(&link->fields, MODEL_L_MTU, "1500");
    smap_add(&link->fields, MODEL_L_OWNER, "65534");
    smap_add(&link->fields, MODEL_L_MULTI_QUEUE,
             queues > 1 ? "true" : "false");
    model_object_add_link(object, link);

    object->queues = queues;
    object->mac = mac;
    free(tap_mac);
    free(id);
    free(source);
    return object;
}

void
world_want(struct world *w, const char *source, struct model_object *object)
{
    struct sset changed = SSET_INITIALIZER(&changed);
    model_wanted_replace(&w->w, source, &object, 1, &changed);
    sset_destroy(&changed);
}

void
world_want_nic(struct world *w, const char *vm, const char *nic,
               const char *ifname, const char *bridge, unsigned int queues,
               int tag)
{
    struct model_object *object = world_make_nic(vm, nic, ifname, bridge,
                                                 queues, tag);
    char *source = xstrdup(object->source);
    world_want(w, source, object);
    free(source);
}

void
world_want_bridge(struct world *w, const char *name)
{
    char *id = xasprintf("bridge:%s", name);
    struct model_object *object = model_object_create(id, "host.json");

    object->bridge = model_bridge_create(name);
    model_row_set(&object->bridge->row, "fail_mode", "standalone");
    struct model_port *port = model_port_create(name);
    model_row_set(&port->row, MODEL_F_BRIDGE, name);
    set_vlan(port, -1);
    model_row_set(&model_port_add_iface(port, name)->row, "type",
                  "internal");
    model_object_add_port(object, port);
    world_want(w, "host.json", object);
    free(id);
}

struct model_object *
world_make_internal(const char *name, const char *bridge,
                    const char *const addresses[], size_t n)
{
    char *id = xasprintf("port:%s/%s", bridge, name);
    struct model_object *object = model_object_create(id, id);
    struct model_port *port = model_port_create(name);

    model_row_set(&port->row, MODEL_F_BRIDGE, bridge);
    set_vlan(port, -1);
    model_row_set(&model_port_add_iface(port, name)->row, "type",
                  "internal");
    model_object_add_port(object, port);
    if (addresses) {
        struct model_link *link = model_link_create(name);
        smap_add(&link->fields, MODEL_L_UP, "true");
        for (size_t i = 0; i < n; i++) {
            smap_add(&link->fields, addresses[i], MODEL_ADDRESS_PERMANENT);
        }
        model_object_add_link(object, link);
    }
    free(id);
    return object;
}

void
world_want_internal(struct world *w, const char *name, const char *bridge,
                    const char *const addresses[], size_t n)
{
    struct model_object *object = world_make_internal(name, bridge,
                                                      addresses, n);
    char *source = xstrdup(object->source);

    world_want(w, source, object);
    free(source);
}

void
world_want_bond(struct world *w, const char *name, const char *bridge,
                const char *const members[], size_t n)
{
    char *id = xasprintf("bond:%s", name);
    struct model_object *object = model_object_create(id, "bonds");
    struct model_port *port = model_port_create(name);

    model_row_set(&port->row, MODEL_F_BRIDGE, bridge);
    set_vlan(port, -1);
    for (size_t i = 0; i < n; i++) {
        model_port_add_iface(port, members[i]);
        struct model_link *link = model_link_create(members[i]);
        smap_add(&link->fields, MODEL_L_UP, "true");
        model_object_add_link(object, link);
    }
    model_object_add_port(object, port);
    world_want(w, "bonds", object);
    free(id);
}

struct model_object *
world_make_veth(const char *link, const struct world_end ends[2])
{
    char *id = xasprintf("link:%s", link);
    struct model_object *object = model_object_create(id, id);

    for (int i = 0; i < 2; i++) {
        struct model_link *end = model_link_create(ends[i].name);
        smap_add(&end->fields, MODEL_L_KIND, "veth");
        smap_add(&end->fields, MODEL_L_PEER, ends[!i].name);
        smap_add(&end->fields, MODEL_L_MTU, ends[i].mtu ? ends[i].mtu
                                                        : "1500");
        smap_add(&end->fields, MODEL_L_UP, "true");
        model_object_add_link(object, end);
        if (ends[i].bridge) {
            struct model_port *port = model_port_create(ends[i].name);
            model_row_set(&port->row, MODEL_F_BRIDGE, ends[i].bridge);
            set_vlan(port, -1);
            model_row_set(&model_port_add_iface(port, ends[i].name)->row,
                          "type", "");
            model_object_add_port(object, port);
        }
    }
    free(id);
    return object;
}

void
world_want_veth(struct world *w, const char *link,
                const struct world_end ends[2])
{
    struct model_object *object = world_make_veth(link, ends);
    char *source = xstrdup(object->source);
    world_want(w, source, object);
    free(source);
}

void
world_set_link(struct world *w, const char *name, const char *field,
               const char *value)
{
    struct model_link *link
        = model_link_clone(model_observed_link(&w->o, name));
    if (value) {
        smap_replace(&link->fields, field, value);
    } else {
        smap_remove(&link->fields, field);
    }
    model_observed_put_link(&w->o, link);
}

void
world_unwant(struct world *w, const char *source)
{
    struct sset changed = SSET_INITIALIZER(&changed);
    model_wanted_replace(&w->w, source, NULL, 0, &changed);
    sset_destroy(&changed);
}

void
world_add_device(struct world *w, const char *name)
{
    struct model_link *link = model_link_create(name);
    link->ifindex = w->next_ifindex++;
    smap_add(&link->fields, MODEL_L_UP, "false");
    model_observed_put_link(&w->o, link);
}

void
world_hold(struct world *w, const char *name, bool hold)
{
    struct model_link *link
        = model_link_clone(model_observed_link(&w->o, name));
    link->carrier = hold;
    model_observed_put_link(&w->o, link);
}

void
world_plan(struct world *w, const char *id, struct plan *plan,
           struct plan_verdict *verdict)
{
    plan_object(&w->w, &w->o, id, &w->gate, plan, verdict);
}

/* All objects that are wanted or carry our mark. */
static void
all_ids(const struct world *w, struct sset *ids)
{
    struct shash_node *node;
    SHASH_FOR_EACH (node, &w->w.objects) {
        sset_add(ids, node->name);
    }
    SHASH_FOR_EACH (node, &w->o.marked) {
        sset_add(ids, node->name);
    }
    sset_add(ids, MODEL_QOS_NOOP);
}

size_t
world_round(struct world *w)
{
    struct sset ids = SSET_INITIALIZER(&ids);
    struct plan plan;
    size_t n = 0;

    plan_init(&plan);
    all_ids(w, &ids);
    const char *id;
    SSET_FOR_EACH (id, &ids) {
        struct plan_verdict verdict;
        world_plan(w, id, &plan, &verdict);
        plan_verdict_destroy(&verdict);
    }
    sset_destroy(&ids);

    bool rows = false;
    for (size_t i = 0; i < plan.n_steps; i++) {
        if (!plan.steps[i]->after) {
            apply_step(plan.steps[i], &w->o, w->next_ifindex);
            w->next_ifindex += 2;
            rows |= plan.steps[i]->what != PLAN_LINK;
            n++;
        }
    }
    plan_destroy(&plan);
    w->o.next_cfg += rows;
    return n;
}

/* Makes the device of an internal port.  Returns false if something else has
 * its name. */
static bool
make_device(struct world *w, const char *name)
{
    if (!model_observed_link(&w->o, name)) {
        struct model_link *link = model_link_create(name);
        link->ifindex = w->next_ifindex++;
        smap_add(&link->fields, MODEL_L_KIND, "tap");
        smap_add(&link->fields, MODEL_L_UP, "false");
        model_observed_put_link(&w->o, link);
        sset_add(&w->made, name);
    }
    return sset_contains(&w->made, name);
}

void
world_remove_devices(struct world *w)
{
    struct sset made = SSET_INITIALIZER(&made);
    const char *name;

    sset_clone(&made, &w->made);
    SSET_FOR_EACH (name, &made) {
        if (!model_observed_iface_port(&w->o, name)
            && !model_observed_bridge(&w->o, name)) {
            model_observed_remove_link(&w->o, name);
            sset_find_and_delete(&w->made, name);
        }
    }
    sset_destroy(&made);
}

static void
open_iface(struct world *w, struct model_iface *iface)
{
    const char *type = model_row_get(&iface->row, "type");
    const char *request = smap_get(&iface->row.fields, "ofport_request");

    if (!strcmp(type, "null")
        || (!strcmp(type, "internal") && !make_device(w, iface->row.name))) {
        if (!strcmp(type, "null")) {
            sset_add(&w->nulled, iface->row.name);
        }
        iface->ofport = -1;
        free(iface->error);
        iface->error = xstrdup("could not open network device");
    } else if (*type || model_observed_link(&w->o, iface->row.name)) {
        if (iface->ofport <= 0) {
            iface->ofport = request ? atoi(request) : w->next_ofport++;
        }
        free(iface->error);
        iface->error = NULL;
    }
}

void
world_vswitchd(struct world *w)
{
    struct sset names = SSET_INITIALIZER(&names);
    struct model_port *port;

    struct model_bridge *bridge;

    world_remove_devices(w);
    HMAP_FOR_EACH (bridge, node, &w->o.bridges) {
        make_device(w, bridge->row.name);
    }
    HMAP_FOR_EACH (port, node, &w->o.ports) {
        sset_add(&names, port->row.name);
    }
    const char *name;
    SSET_FOR_EACH (name, &names) {
        struct model_port *new
            = model_port_clone(model_observed_port(&w->o, name));
        for (size_t i = 0; i < new->n_ifaces; i++) {
            open_iface(w, &new->ifaces[i]);
        }
        model_observed_put_port(&w->o, new);
    }
    sset_destroy(&names);
    w->o.cur_cfg = w->o.next_cfg;
}

bool
world_run(struct world *w, int max)
{
    for (int i = 0; i < max; i++) {
        size_t n = world_round(w);
        world_vswitchd(w);
        if (!n && !world_round(w)) {
            return true;
        }
    }
    return false;
}

enum model_state
world_settle(struct world *w, const char *id)
{
    world_run(w, 30);
    struct plan_verdict verdict;
    struct plan plan;
    plan_init(&plan);
    world_plan(w, id, &plan, &verdict);
    enum model_state state = verdict.state;
    plan_verdict_destroy(&verdict);
    plan_destroy(&plan);
    return state;
}

void
world_assert_step(const struct plan *plan, size_t i, const char *text)
{
    assert_true(i < plan->n_steps);
    struct ds ds = DS_EMPTY_INITIALIZER;
    plan_step_format(plan->steps[i], &ds);
    if (!strstr(ds_cstr(&ds), text)) {
        fail_msg("step %"PRIuSIZE" is \"%s\", not \"%s\"", i, ds_cstr(&ds),
                 text);
    }
    ds_destroy(&ds);
}
