/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/host/object-json.h"

#include <stdlib.h>
#include <string.h>

#include "openvswitch/json.h"
#include "src/host/specs.h"
#include "src/model/observed.h"
#include "src/model/wanted.h"
#include "svec.h"
#include "util.h"

/* The one port whose facts stand for the object's: as observed where it is
 * the object's own, otherwise as wanted; NULL if it has none, or several. */
static const struct model_port *
find_port(const char *id, const struct model_object *wanted,
          const struct model_observed *o)
{
    const struct sset *marked = model_observed_marked(o, id);

    if (wanted && wanted->n_ports != 1) {
        return NULL;
    } else if (wanted) {
        const struct model_port *port
            = model_observed_port(o, wanted->ports[0]->row.name);
        const char *own
            = (port ? model_observed_own(o, smap_get(&port->row.fields,
                                                     MODEL_MARK)) : NULL);
        return own && !strcmp(own, id) ? port : wanted->ports[0];
    }

    const char *name;
    if (marked) {
        SSET_FOR_EACH (name, marked) {
            const struct model_port *port = model_observed_port(o, name);
            if (port) {
                return port;
            }
        }
    }
    return NULL;
}

/* How many queues of 'link' a VM holds; none if it is a stranger's device of
 * the same name. */
static unsigned int
count_attached(const struct model_observed *o, const char *id,
               const struct model_link *link)
{
    const char *own
        = link ? model_observed_own(o, model_link_mark(link)) : NULL;

    return own && !strcmp(own, id) ? model_link_n_attached(link) : 0;
}

static void
put_integer(struct json *object, const char *name, long long int value)
{
    json_object_put(object, name, json_integer_create(value));
}

static struct json *
kernel_member_json(const struct model_link *bond,
                   const struct model_link *member)
{
    const char *state = smap_get(&member->fields, MODEL_L_MEMBER_STATE);
    const char *mine = smap_get(&member->fields, MODEL_L_AGGREGATOR);
    const char *active = smap_get(&bond->fields, MODEL_L_AGGREGATOR);
    struct json *json = json_object_create();

    json_object_put_string(json, "name", member->name);
    if (state) {
        json_object_put_string(json, "state", state);
    }
    if (mine && active) {
        json_object_put(json, "attached",
                        json_boolean_create(!strcmp(mine, active)));
    }
    return json;
}

/* What the kernel has found out about its bond 'link'. */
static struct json *
kernel_bond_json(const struct model_observed *o,
                 const struct model_link *link)
{
    const char *mode = smap_get(&link->fields, MODEL_L_BOND"mode");
    const char *partner = smap_get(&link->fields, MODEL_L_LACP_PARTNER);
    int active = smap_get_int(&link->fields, MODEL_L_ACTIVE, 0);
    struct json *members = json_array_create_empty();
    struct json *json = json_object_create();
    struct svec names = SVEC_EMPTY_INITIALIZER;
    const struct model_link *l;

    HMAP_FOR_EACH (l, node, &o->links) {
        if (smap_get_int(&l->fields, MODEL_L_MASTER, 0) == link->ifindex) {
            svec_add(&names, l->name);
            if (l->ifindex == active) {
                json_object_put_string(json, "active", l->name);
            }
        }
    }
    svec_sort(&names);
    for (size_t i = 0; i < names.n; i++) {
        l = model_observed_link(o, names.names[i]);
        json_array_add(members, kernel_member_json(link, l));
    }
    svec_destroy(&names);

    if (mode) {
        bool lacp = !strcmp(mode, "802.3ad");

        json_object_put_string(json, "mode", mode);
        json_object_put_string(json, "lacp", (!lacp ? "off" : partner
                                              ? "negotiated" : "configured"));
    }
    if (partner) {
        json_object_put_string(json, "partner", partner);
    }
    json_object_put(json, "members", members);
    return json;
}

struct json *
object_json(const char *id, const struct model_wanted *w,
            const struct model_observed *o, enum model_state state,
            const char *text)
{
    const struct model_object *wanted = model_wanted_get(w, id);
    const struct model_port *port = find_port(id, wanted, o);
    struct json *json = json_object_create();
    char *source = specs_source_of(id);

    json_object_put_string(json, "object", id);
    json_object_put_string(json, "state", model_state_name(state));
    json_object_put_string(json, "text", text);
    json_object_put_string(json, "file", source);
    free(source);
    if (port) {
        const struct model_link *link
            = model_observed_link(o, port->row.name);
        char *vlan = model_vlan_describe(&port->row);

        json_object_put_string(json, "ifname", port->row.name);
        json_object_put_string(json, "bridge",
                               model_row_get(&port->row, MODEL_F_BRIDGE));
        json_object_put_string(json, "vlan", vlan);
        free(vlan);
        put_integer(json, "queues", wanted ? wanted->queues : 0);
        put_integer(json, "attached", count_attached(o, id, link));
        put_integer(json, "ofport", (port->n_ifaces
                                     ? MAX(port->ifaces[0].ofport, 0) : 0));
        if (link && port->n_ifaces == 1 && model_link_is(link, "bond")) {
            json_object_put(json, "bond", kernel_bond_json(o, link));
        }
    }
    return json;
}
