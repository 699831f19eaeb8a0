/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/spec/raise-private.h"

#include <stdlib.h>
#include <string.h>
#include "util.h"

#define DEFAULT_MTU "1500"

static const char *
link_field(const struct model_link *link, const char *field)
{
    return smap_get_def(&link->fields, field, "");
}

/* The guest's MAC, if it is known. */
static const char *
find_mac(const struct raise *r, const struct model_port *port)
{
    const char *mac = smap_get(&port->ifaces[0].row.fields,
                               "external_ids:attached-mac");
    if (!mac && r->options->macs) {
        mac = smap_get(r->options->macs, port->row.name);
    }

    char *problem = mac ? spec_check_mac(mac) : NULL;
    bool good = mac && !problem;
    free(problem);
    return good ? mac : NULL;
}

bool
raise_is_nic(const struct raise *r, const struct model_port *port)
{
    const struct model_link *link = model_observed_link(r->observed,
                                                        port->row.name);
    const char *type = model_row_get(&port->ifaces[0].row, "type");

    return (!*type && link && model_link_is(link, "tap")
            && find_mac(r, port));
}

static void
put_number(json_t *nic, const char *key, const char *text)
{
    json_object_set_new(nic, key, json_integer(strtoll(text, NULL, 10)));
}

static void
put_queues(struct raise *r, json_t *nic, const struct model_link *link)
{
    unsigned int n = link->n_queues + link->n_disabled;

    if (strcmp(link_field(link, MODEL_L_MULTI_QUEUE), "true")) {
        return;
    } else if (n < 2) {
        raise_note(r, "%s is multiqueue, and %s: \"queues\": 2 is a guess",
                   link->name, (n ? "only one queue of it is open"
                                : "nobody holds it"));
        n = 2;
    }
    json_object_set_new(nic, "queues", json_integer(n));
}

static void
put_name(json_t *nic, const char *key, const char *number,
         char *(*find)(unsigned int))
{
    char *name = find ? find(strtoul(number, NULL, 10)) : NULL;

    raise_string(nic, key, name ? name : number);
    free(name);
}

/* Who may open the TAP, which is somebody at least. */
static void
put_owners(struct raise *r, json_t *nic, const struct model_link *link)
{
    const char *owner = smap_get(&link->fields, MODEL_L_OWNER);
    const char *group = smap_get(&link->fields, MODEL_L_GROUP);
    bool persists = strcmp(link_field(link, MODEL_L_PERSIST), "false");

    if (owner) {
        put_name(nic, "owner", owner, r->options->user);
    }
    if (group) {
        put_name(nic, "group", group, r->options->group);
    }
    if (!persists) {
        raise_note(r, "%s goes with the VM that holds it, and is made anew, "
                   "persistent, after that%s", link->name,
                   owner || group ? "" : "; for a user other than root to "
                   "open it then, give \"owner\" or \"group\"");
    } else if (!owner && !group) {
        raise_note(r, "%s has neither owner nor group, so that anybody may "
                   "open it; a spec cannot say that, it is root's once the "
                   "VM lets go of it; give \"owner\" or \"group\" for "
                   "another", link->name);
    }
}

/* What differs from what a NIC without such a key gets. */
static void
put_device(struct raise *r, json_t *nic, const struct model_port *port,
           const struct model_link *link)
{
    const char *request = smap_get(&port->ifaces[0].row.fields,
                                   "mtu_request");
    const char *mtu = request ? request : link_field(link, MODEL_L_MTU);
    const char *qos = model_row_get(&port->row, MODEL_F_QOS);

    put_queues(r, nic, link);
    json_object_del(nic, "mtu_request");
    if (request || strcmp(mtu, DEFAULT_MTU)) {
        put_number(nic, "mtu", mtu);
    }
    put_owners(r, nic, link);
    /* A root qdisc is not replaced in use: what it holds would be lost. */
    if (raise_qos(r, nic, port)) {
        /* It sets the root qdisc. */
    } else if (*qos == '?'
               || strcmp(link_field(link, MODEL_L_QDISC), "noqueue")) {
        raise_string(nic, "qdisc", "default");
    }
    if (strcmp(link_field(link, MODEL_L_UP), "true")) {
        raise_note(r, "%s is down; a spec sets it up, or holds it down with "
                   "\"quarantined\": true", link->name);
    }
}

static void
put_ids(struct raise *r, json_t *nic, const struct model_row *iface)
{
    const char *id = smap_get(&iface->fields, "external_ids:iface-id");
    const char *ver = smap_get(&iface->fields, "external_ids:iface-id-ver");
    const char *status = smap_get_def(&iface->fields,
                                      "external_ids:iface-status", "");

    if (!id || !*id) {
        return;
    }
    raise_string(nic, "iface_id", id);
    if (ver && *ver) {
        raise_string(nic, "iface_id_ver", ver);
    }
    if (strcmp(status, "active")) {
        raise_note(r, "Interface %s: iface-status becomes \"active\", as it "
                   "always is where there is an iface-id", iface->name);
    }
}

static bool
is_uuid(const char *s)
{
    char *problem = s ? spec_check_uuid(s) : NULL;
    bool is = s && !problem;

    free(problem);
    return is;
}

/* Finds VM and NIC in our own mark, which has them, or in the ids that
 * libvirt, os-vif and others write; '*nic' is NULL where nothing says it. */
static void
find_names(struct raise *r, const struct model_port *port, char **vm,
           char **nic, const char **uuid)
{
    const struct smap *ids = &port->ifaces[0].row.fields;
    const char *own = model_observed_own(
        r->observed, smap_get(&port->row.fields, MODEL_MARK));
    const char *vm_id = smap_get(ids, "external_ids:vm-id");
    const char *vm_uuid = smap_get(ids, "external_ids:vm-uuid");

    /* libvirt's vm-id is the domain's UUID. */
    *uuid = is_uuid(vm_uuid) ? vm_uuid : is_uuid(vm_id) ? vm_id : NULL;
    *nic = NULL;
    if (own) {
        const char *slash = strchr(own, '/');

        *vm = xmemdup0(own, slash ? slash - own : strlen(own));
        *nic = slash ? xstrdup(slash + 1) : NULL;
        return;
    }

    char *problem = vm_id ? spec_check_name(vm_id) : NULL;
    *vm = xstrdup(vm_id && !problem ? vm_id
                  : *uuid ? *uuid : port->row.name);
    if (problem) {
        raise_note(r, "Interface %s: its vm-id \"%s\" cannot be a VM's "
                   "name; it becomes \"%s\"", port->row.name, vm_id, *vm);
    }
    free(problem);
}

static json_t *
get_vm(struct raise *r, const char *vm, const char *uuid, const char *ifname)
{
    json_t *root = shash_find_data(&r->vms, vm);

    if (!root) {
        root = json_object();
        json_object_set_new(root, "version", json_integer(1));
        if (uuid) {
            raise_string(root, "uuid", uuid);
        }
        json_object_set_new(root, "nics", json_object());
        shash_add(&r->vms, vm, root);
    } else {
        const char *has = json_string_value(json_object_get(root, "uuid"));

        if (uuid && !(has && !strcasecmp(has, uuid))) {
            raise_note(r, "Interface %s: its vm-uuid is %s, that of VM %s "
                       "becomes %s", ifname, uuid, vm, has ? has : "none");
        }
    }
    return raise_member(root, "nics");
}

static json_t *
add_nic(struct raise *r, const struct model_port *port)
{
    char *vm, *name;
    const char *uuid;

    find_names(r, port, &vm, &name, &uuid);
    json_t *nics = get_vm(r, vm, uuid, port->row.name);
    for (unsigned int i = 0; !name || json_object_get(nics, name); i++) {
        free(name);
        name = xasprintf("net%u", i);
    }
    json_t *nic = raise_member(nics, name);
    free(name);
    free(vm);
    return nic;
}

void
raise_nic(struct raise *r, const struct model_port *port)
{
    const struct model_link *link = model_observed_link(r->observed,
                                                        port->row.name);
    const struct model_row *iface = &port->ifaces[0].row;
    json_t *nic = add_nic(r, port);

    raise_string(nic, "bridge", model_row_get(&port->row, MODEL_F_BRIDGE));
    raise_string(nic, "mac", find_mac(r, port));
    raise_string(nic, "ifname", port->row.name);
    raise_fields(r, nic, &spec_kind_nic, &port->row);
    raise_fields(r, nic, &spec_kind_nic, iface);
    put_ids(r, nic, iface);
    put_device(r, nic, port, link);
    raise_rules(r, nic, port->row.name);
}
