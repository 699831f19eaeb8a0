/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "tests/unit/wishes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/model/address.h"
#include "tests/unit/world.h"
#include "util.h"

static uint64_t state;

void
rnd_seed(uint64_t seed)
{
    state = seed;
}

unsigned int
rnd(unsigned int n)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (state * UINT64_C(2685821657736338717) >> 33) % n;
}

/* Specs. */

/* A satellite of 'object', for the caller to fill in. */
static struct model_row *
add_row(struct model_object *object, enum model_table table, const char *name,
        const char *bridge)
{
    struct model_row *row = model_row_create(table, name);

    if (bridge) {
        model_row_set(row, MODEL_F_BRIDGE, bridge);
    }
    model_object_add_satellite(object, row);
    return row;
}

static void
add_qos(struct model_object *object, struct model_port *port)
{
    const char *name = port->row.name;
    struct model_row *qos = add_row(object, MODEL_TABLE_QOS, name, NULL);

    model_row_set(qos, "type", rnd(2) ? "linux-htb" : "linux-hfsc");
    for (int i = 0; i < 3; i++) {
        if (rnd(2)) {
            char *queue = xasprintf("%s/%d", name, i);
            char *reference = xasprintf("queues:%d", i);

            model_row_set(add_row(object, MODEL_TABLE_QUEUE, queue, NULL),
                          "dscp", rnd(2) ? "7" : "8");
            model_row_set(qos, reference, queue);
            free(reference);
            free(queue);
        }
    }
    model_row_set(&port->row, MODEL_F_QOS, name);
}

static void
add_bridge_rows(struct model_object *object, const char *bridge)
{
    if (!rnd(3)) {
        char *name = xasprintf("%s/m", bridge);
        struct model_row *row = add_row(object, MODEL_TABLE_MIRROR, name,
                                        bridge);

        model_row_set(row, "name", "m");
        if (rnd(2)) {
            model_row_set(row, "select_src_port", rnd(2) ? "tap0,tap1"
                          : bridge);
            model_row_set(row, "output_port", rnd(2) ? "tap2" : "bond0");
        } else {
            model_row_set(row, "select_all", "true");
            model_row_set(row, "output_vlan", rnd(2) ? "7" : "8");
        }
        free(name);
    }
    if (!rnd(3)) {
        char *target = xasprintf("tcp:192.0.2.%u", rnd(3));
        char *name = xasprintf("%s/%s", bridge, target);

        model_row_set(add_row(object, MODEL_TABLE_CONTROLLER, name, bridge),
                      "target", target);
        free(name);
        free(target);
    }
    if (!rnd(3)) {
        model_row_set(add_row(object, rnd(2) ? MODEL_TABLE_NETFLOW
                              : MODEL_TABLE_SFLOW, bridge, bridge),
                      "targets", rnd(2) ? "a:1" : "a:1,b:2");
    }
}

static struct model_object *
random_nic(int vm)
{
    static const unsigned int queues[] = { 1, 1, 2, 4, 8 };
    char vm_name[16], ifname[24], bridge[16];

    snprintf(vm_name, sizeof vm_name, "vm%d", vm);
    /* Few enough names for clashes now and then. */
    snprintf(ifname, sizeof ifname, "tap%d", rnd(5) ? vm : (int) rnd(12));
    snprintf(bridge, sizeof bridge, "br%d", rnd(3));
    struct model_object *nic
        = world_make_nic(vm_name, "net0", ifname, bridge,
                         queues[rnd(ARRAY_SIZE(queues))], (int) rnd(5) - 1);
    struct model_row *row = &nic->ports[0]->ifaces[0].row;

    if (!rnd(3)) {
        model_row_set(row, "external_ids:colour", rnd(2) ? "red" : "blue");
    }
    if (!rnd(3)) {
        model_row_set(row, "mtu_request", "1400");
        smap_replace(&nic->links[0]->fields, MODEL_L_MTU, "1400");
    }
    if (!rnd(6)) {
        model_row_set(&nic->ports[0]->row, "vlan_mode", "trunk");
        model_row_set(&nic->ports[0]->row, "trunks", "10,20");
        model_row_set(&nic->ports[0]->row, "tag", "");
    }
    if (!rnd(4)) {
        add_qos(nic, nic->ports[0]);
    }
    if (!rnd(8)) {
        nic->quarantined = true;
        smap_replace(&nic->links[0]->fields, MODEL_L_UP, "false");
    }
    nic->paused = !rnd(12);
    return nic;
}

static struct model_object *
random_bridge(int i)
{
    char id[32], name[16];

    snprintf(name, sizeof name, "br%d", i);
    snprintf(id, sizeof id, "bridge:%s", name);
    struct model_object *object = model_object_create(id, id);
    object->bridge = model_bridge_create(name);
    model_row_set(&object->bridge->row, "fail_mode",
                  rnd(2) ? "secure" : "standalone");
    if (rnd(2)) {
        model_row_set(&object->bridge->row, "other_config:mac-aging-time",
                      "60");
    }
    struct model_port *port = model_port_create(name);
    model_row_set(&port->row, MODEL_F_BRIDGE, name);
    model_row_set(&port->row, "tag", "");
    model_row_set(&model_port_add_iface(port, name)->row, "type",
                  "internal");
    model_object_add_port(object, port);
    add_bridge_rows(object, name);
    return object;
}

static struct model_object *
random_bond(void)
{
    struct model_object *object = model_object_create("bond:bond0",
                                                      "bond:bond0");
    struct model_port *port = model_port_create("bond0");

    model_row_set(&port->row, MODEL_F_BRIDGE, rnd(2) ? "br0" : "br1");
    model_row_set(&port->row, "tag", "");
    model_row_set(&port->row, "bond_mode",
                  rnd(2) ? "balance-slb" : "active-backup");
    for (int i = 0; i < 4; i++) {
        if (i < 1 || rnd(2)) {
            char name[16];
            snprintf(name, sizeof name, "eth%d", i);
            model_port_add_iface(port, name);
            struct model_link *link = model_link_create(name);
            smap_add(&link->fields, MODEL_L_UP, "true");
            model_object_add_link(object, link);
        }
    }
    model_object_add_port(object, port);
    return object;
}

static struct model_object *
random_patch(void)
{
    struct model_object *object = model_object_create("link:p", "link:p");

    for (int i = 0; i < 2; i++) {
        struct model_port *port = model_port_create(i ? "p1" : "p0");
        model_row_set(&port->row, MODEL_F_BRIDGE, i ? "br1" : "br0");
        struct model_iface *iface = model_port_add_iface(port,
                                                         port->row.name);
        model_row_set(&iface->row, "type", "patch");
        model_row_set(&iface->row, "options:peer", i ? "p0" : "p1");
        model_row_set(&port->row, "tag", rnd(2) ? "7" : "");
        model_object_add_port(object, port);
    }
    return object;
}

/* Now and then an end has another name, and now and then the same names are
 * a patch link's. */
static struct model_object *
random_veth(void)
{
    static const char *const bridges[] = { "br0", "br1", NULL };
    const struct world_end ends[2] = {
        { "v0", bridges[rnd(3)], rnd(3) ? NULL : "1400" },
        { rnd(3) ? "v1" : "a1", bridges[rnd(2)], rnd(3) ? NULL : "9000" },
    };
    struct model_object *object = world_make_veth("v", ends);

    if (!rnd(4)) {
        for (size_t i = 0; i < 2; i++) {
            model_link_destroy(object->links[i]);
        }
        object->n_links = 0;
        for (size_t i = 0; i < object->n_ports; i++) {
            struct model_row *row = &object->ports[i]->ifaces[0].row;
            model_row_set(row, "type", "patch");
            model_row_set(row, "options:peer", "elsewhere");
        }
    }
    return object;
}

/* An internal port, whose device is to have some addresses. */
static struct model_object *
random_internal(void)
{
    static const char *const addresses[] = {
        MODEL_L_ADDRESS"192.0.2.1/24", MODEL_L_ADDRESS"192.0.2.2/24",
        MODEL_L_ADDRESS"2001:db8::1/64",
    };
    const char *chosen[ARRAY_SIZE(addresses)];
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
        if (rnd(2)) {
            chosen[n++] = addresses[i];
        }
    }
    return world_make_internal("i0", "br0", chosen, n);
}

static void
add_wish(struct wish *wishes, size_t *n, struct model_object *object)
{
    snprintf(wishes[*n].source, sizeof wishes[*n].source, "%s",
             object->source);
    wishes[(*n)++].object = object;
}

size_t
random_wishes(struct wish *wishes)
{
    size_t n = 0;

    for (int i = 0; i < 3; i++) {
        if (rnd(5)) {
            add_wish(wishes, &n, random_bridge(i));
        }
    }
    if (rnd(2)) {
        add_wish(wishes, &n, random_bond());
    }
    if (rnd(2)) {
        add_wish(wishes, &n, random_patch());
    }
    if (rnd(3)) {
        add_wish(wishes, &n, random_veth());
    }
    if (rnd(3)) {
        add_wish(wishes, &n, random_internal());
    }
    for (int i = 0; i < 12; i++) {
        if (rnd(2)) {
            add_wish(wishes, &n, random_nic(i));
        }
    }
    return n;
}
