/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/cli/lint.h"

#include <stdlib.h>
#include <string.h>
#include "openvswitch/dynamic-string.h"
#include "packets.h"
#include "src/cli/near.h"
#include "src/model/observed.h"
#include "src/spec/text.h"
#include "sset.h"
#include "svec.h"
#include "util.h"

#define HOST_FILE "host.json"

/* As the daemon judges where nothing is live yet. */
static void
check_clash(struct lint *l, const struct model_observed *nothing,
            const struct model_object *object)
{
    char *text = model_wanted_clash(l->wanted, nothing, object->id);

    if (text) {
        lint_add_object(l, LINT_ERROR, "duplicate", object, NULL, NULL, "%s",
                        text);
        free(text);
    }
}

/* Names that the kernel, or Open vSwitch itself, does not give away. */
static void
check_name(struct lint *l, const struct model_object *object,
           const struct model_port *port, const char *name)
{
    static const struct { const char *name, *whose; } reserved[] = {
        { "all", "the kernel gives it to no device" },
        { "default", "the kernel gives it to no device" },
        { "lo", "it is the loopback device's" },
        { "ovs-netdev", "it is the datapath's own" },
        { "ovs-system", "it is the datapath's own" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(reserved); i++) {
        if (!strcmp(name, reserved[i].name)) {
            lint_add_object(l, LINT_ERROR, "name-reserved", object, port,
                            model_id_is_nic(object->id) ? "ifname" : NULL,
                            "the name \"%s\" cannot be had (%s); use another",
                            name, reserved[i].whose);
        }
    }
}

/* What host.json says of bridges. */
struct bridges {
    const struct specs_file *host; /* NULL: nothing is known. */
    struct sset names;          /* Those that it makes. */
    struct sset used;           /* Others that its text was found to have: it
                                 * is not searched for each NIC anew. */
};

static void
bridges_init(struct bridges *b, const struct lint *l)
{
    const struct specs_file *host = specs_get(l->specs, HOST_FILE);
    struct shash_node *node;
    struct text_span span;

    /* One without "bridges" leaves them to others. */
    b->host = (host && host->valid && host->text
               && text_find(host->text, host->len, "/bridges", &span)
               ? host : NULL);
    sset_init(&b->names);
    sset_init(&b->used);
    SHASH_FOR_EACH (node, &l->wanted->objects) {
        const struct model_object *object = node->data;
        if (object->bridge) {
            sset_add(&b->names, object->bridge->row.name);
        }
    }
}

/* A bridge that host.json does not list may be somebody else's, so nothing is
 * wrong; but it may as well be misspelt. */
static void
check_bridge(struct lint *l, struct bridges *b,
             const struct model_object *object,
             const struct model_port *port)
{
    const char *bridge = model_row_get(&port->row, MODEL_F_BRIDGE);
    struct ds pointer = DS_EMPTY_INITIALIZER;
    struct text_span span;

    if (sset_contains(&b->names, bridge) || sset_contains(&b->used, bridge)) {
        return;
    }
    /* In the text: a bridge that is only used is no object. */
    ds_put_cstr(&pointer, "/bridges");
    text_pointer_append(&pointer, bridge);
    if (text_find(b->host->text, b->host->len, ds_cstr(&pointer), &span)) {
        sset_add(&b->used, bridge);
    } else {
        char *near = near_miss(bridge, &b->names);

        lint_add_object(l, LINT_WARNING, "bridge-unknown", object, port,
                        "bridge", "host.json has no bridge \"%s\"; add it, "
                        "or, if somebody else makes it, \"%s\": "
                        "{\"managed\": false}%s", bridge, bridge, near);
        free(near);
    }
    ds_destroy(&pointer);
}

static void
check_peer(struct lint *l, const struct model_object *object,
           const struct model_port *port, const struct model_iface *iface)
{
    const char *type = model_row_get(&iface->row, "type");
    const char *peer = model_row_get(&iface->row, "options:peer");

    if (strcmp(type, "patch")) {
        return;
    }
    if (!peer || !*peer) {
        lint_add_object(l, LINT_WARNING, "peer-unknown", object, port,
                        "type", "a patch port needs options:peer, the name "
                        "of the port at its other end; a link of type "
                        "\"patch\" sets both");
    } else if (!model_wanted_by_name(l->wanted, peer)) {
        lint_add_object(l, LINT_WARNING, "peer-unknown", object, port,
                        "options", "no file has a port \"%s\", which is to "
                        "be the peer; a link of type \"patch\" makes both "
                        "ends", peer);
    }
}

static void
check_active_member(struct lint *l, const struct model_object *object,
                    const struct model_port *port)
{
    const char *active = model_row_get(&port->row, "bond_active_slave");
    struct eth_addr mac;

    if (*active && !eth_addr_from_string(active, &mac)) {
        lint_add_object(l, LINT_WARNING, "active-member", object, port,
                        "bond_active_slave", "\"%s\" is not a MAC address; "
                        "ovs-vswitchd knows the member by its MAC and does "
                        "not look at anything else", active);
    }
}

static void
check_port(struct lint *l, struct bridges *b,
           const struct model_object *object, const struct model_port *port)
{
    if (b->host) {
        check_bridge(l, b, object, port);
    }
    check_name(l, object, port, port->row.name);
    check_active_member(l, object, port);
    for (size_t i = 0; i < port->n_ifaces; i++) {
        check_peer(l, object, port, &port->ifaces[i]);
    }
}

static bool
has_name(const struct svec *names, const char *name)
{
    for (size_t i = 0; i < names->n; i++) {
        if (!strcmp(names->names[i], name)) {
            return true;
        }
    }
    return false;
}

/* True if links lead from bridge 'a' to bridge 'b'. */
static bool
is_joined(const struct lint *l, const char *a, const char *b)
{
    struct svec todo = SVEC_EMPTY_INITIALIZER;
    struct shash_node *node;

    svec_add(&todo, a);
    for (size_t i = 0; i < todo.n; i++) {
        SHASH_FOR_EACH (node, &l->wanted->objects) {
            const struct model_object *object = node->data;
            bool link = (!strncmp(object->id, "link:", 5)
                         && object->n_ports == 2);

            for (size_t j = 0; j < 2 && link; j++) {
                const char *here = model_row_get(&object->ports[j]->row,
                                                 MODEL_F_BRIDGE);
                const char *there = model_row_get(&object->ports[!j]->row,
                                                  MODEL_F_BRIDGE);
                if (!strcmp(here, todo.names[i])
                    && !has_name(&todo, there)) {
                    svec_add(&todo, there);
                }
            }
        }
    }
    bool joined = has_name(&todo, b);
    svec_destroy(&todo);
    return joined;
}

/* Twice on one bridge is a clash; on two that are joined it is hardly
 * better: their tables of MAC addresses flap. */
static void
check_mac(struct lint *l, const struct model_object *nic, struct shash *macs)
{
    const struct model_object *other = shash_find_data(macs, nic->mac);

    if (!other) {
        shash_add(macs, nic->mac, nic);
        return;
    }

    const char *here = model_row_get(&nic->ports[0]->row, MODEL_F_BRIDGE);
    const char *there = model_row_get(&other->ports[0]->row, MODEL_F_BRIDGE);
    if (strcmp(here, there) && is_joined(l, here, there)) {
        lint_add_object(l, LINT_WARNING, "mac-twice", nic, NULL, "mac",
                        "%s has it, too, on bridge %s, to which links lead "
                        "from bridge %s", other->id, there, here);
    }
}

/* True if some file puts a port 'name' on 'bridge'. */
static bool
is_port_of(const struct lint *l, const char *name, const char *bridge)
{
    const struct sset *ids = model_wanted_by_name(l->wanted, name);
    const char *id;

    if (ids) {
        SSET_FOR_EACH (id, ids) {
            const struct model_port *port = model_object_find_port(
                model_wanted_get(l->wanted, id), name);

            if (port && !strcmp(model_row_get(&port->row, MODEL_F_BRIDGE),
                                bridge)) {
                return true;
            }
        }
    }
    return false;
}

/* A mirror names ports, which may be others', or misspelt. */
static void
check_mirror(struct lint *l, const struct model_object *object,
             const struct model_row *mirror)
{
    static const char *const keys[] = {
        "select_src_port", "select_dst_port", "output_port"
    };
    const char *bridge = object->bridge->row.name;

    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        char *key = xasprintf("mirrors/%s/%s",
                              model_row_get(mirror, "name"), keys[i]);
        const char *name;
        struct sset names;

        sset_from_delimited_string(&names, model_row_get(mirror, keys[i]),
                                   ",");
        SSET_FOR_EACH (name, &names) {
            if (!is_port_of(l, name, bridge)) {
                lint_add_object(l, LINT_WARNING, "port-unknown", object,
                                NULL, key, "no file puts a port \"%s\" on "
                                "bridge %s", name, bridge);
            }
        }
        sset_destroy(&names);
        free(key);
    }
}

/* Two VMs with one UUID: the file was copied. */
static void
check_uuids(struct lint *l)
{
    const struct shash_node **nodes = shash_sort(&l->specs->files);
    struct shash uuids = SHASH_INITIALIZER(&uuids);

    for (size_t i = 0; i < shash_count(&l->specs->files); i++) {
        const struct specs_file *file = nodes[i]->data;
        struct text_span span;

        if (!file->valid || !file->text
            || !text_find(file->text, file->len, "/uuid", &span)) {
            continue;
        }
        char *uuid = xmemdup0(&file->text[span.start],
                              span.end - span.start);
        const char *other = shash_find_data(&uuids, uuid);
        if (other) {
            lint_add(l, LINT_WARNING, "uuid-twice", file->name, "/uuid",
                     "%s has the same; each VM has its own", other);
        } else {
            shash_add(&uuids, uuid, file->name);
        }
        free(uuid);
    }
    shash_destroy(&uuids);
    free(nodes);
}

void
lint_references(struct lint *l)
{
    const struct shash_node **nodes = shash_sort(&l->wanted->objects);
    struct shash macs = SHASH_INITIALIZER(&macs);
    struct model_observed nothing;
    struct bridges b;

    model_observed_init(&nothing, "", "");
    bridges_init(&b, l);
    for (size_t i = 0; i < shash_count(&l->wanted->objects); i++) {
        const struct model_object *object = nodes[i]->data;

        check_clash(l, &nothing, object);
        if (object->mac && object->n_ports) {
            check_mac(l, object, &macs);
        }
        for (size_t j = 0; j < object->n_ports; j++) {
            check_port(l, &b, object, object->ports[j]);
        }
        for (size_t j = 0; j < object->n_satellites; j++) {
            if (object->bridge
                && object->satellites[j]->table == MODEL_TABLE_MIRROR) {
                check_mirror(l, object, object->satellites[j]);
            }
        }
    }
    check_uuids(l);
    if (!specs_get(l->specs, HOST_FILE)) {
        lint_add(l, LINT_NOTE, "host-missing", "", "", "there is no "
                 HOST_FILE": whether bridges exist was not looked at");
    }
    shash_destroy(&macs);
    sset_destroy(&b.names);
    sset_destroy(&b.used);
    model_observed_destroy(&nothing);
    free(nodes);
}
