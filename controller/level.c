/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "controller/level.h"

#include <string.h>
#include "src/model/observed.h"
#include "util.h"

bool
level_from_string(const char *name, enum level *level)
{
    static const char *const names[] = {
        [LEVEL_DB] = "db",
        [LEVEL_OVS] = "ovs",
        [LEVEL_GUEST] = "guest",
        [LEVEL_OVN] = "ovn",
    };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (!strcmp(name, names[i])) {
            *level = i;
            return true;
        }
    }
    return false;
}

static char *
lacks_guest(const struct model_object *nic, const struct model_observed *o)
{
    const struct model_link *link
        = model_observed_link(o, nic->links[0]->name);
    unsigned int n = link ? model_link_n_attached(link) : 0;

    return (n >= nic->queues ? NULL
            : n ? xasprintf("%u of %u queues are attached; the VM was started "
                            "with fewer", n, nic->queues)
            : xasprintf("0 of %u queues are attached; start the VM",
                        nic->queues));
}

static char *
lacks_ovn(const struct model_object *nic, const struct model_observed *o)
{
    const struct model_row *row = &nic->ports[0]->row;
    const char *bridge = model_row_get(row, MODEL_F_BRIDGE);
    const struct model_port *port = model_observed_port(o, row->name);
    const struct model_iface *iface
        = port ? model_port_find_iface(port, row->name) : NULL;
    const char *installed
        = (iface ? model_row_get(&iface->row, "external_ids:ovn-installed")
           : NULL);

    if (!nic->iface_id) {
        return NULL;            /* It is none of OVN's. */
    } else if (!o->ovn_bridge) {
        return xstrdup("OVN is not configured here (external_ids:ovn-remote "
                       "of Open_vSwitch)");
    } else if (strcmp(o->ovn_bridge, bridge)) {
        return xasprintf("ovn-controller looks after bridge %s, and its "
                         "bridge is %s", o->ovn_bridge, bridge);
    } else if (installed && !strcmp(installed, "true")) {
        return NULL;
    }
    return xasprintf("ovn-controller has not installed the flows of %s",
                     nic->iface_id);
}

char *
level_lacks(enum level level, const struct model_object *object,
            const struct model_observed *o)
{
    if (!object || !object->queues || !object->n_ports || !object->n_links) {
        return NULL;            /* Not a NIC. */
    }
    return (level == LEVEL_GUEST ? lacks_guest(object, o)
            : level == LEVEL_OVN ? lacks_ovn(object, o)
            : NULL);
}
