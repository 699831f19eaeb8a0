/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/host/object-json.h"

#include <stdlib.h>
#include <string.h>

#include "openvswitch/json.h"
#include "src/host/specs.h"
#include "src/model/observed.h"
#include "src/model/wanted.h"
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
    }
    return json;
}
