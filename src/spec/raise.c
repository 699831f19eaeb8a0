/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/spec/raise-private.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "sset.h"
#include "util.h"

void
raise_note(struct raise *r, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    svec_add_nocopy(&r->result->notes, xvasprintf(format, args));
    va_end(args);
}

/* Whose things are. */

/* True if what has 'mark' goes to the texts. */
static bool
is_asked_for(const struct raise *r, const char *mark)
{
    return (!mark
            || (r->options->ours && model_observed_own(r->observed, mark)));
}

static const char *
row_mark(const struct model_row *row)
{
    return smap_get(&row->fields, MODEL_MARK);
}

static bool
is_ovns(const struct raise *r, const char *bridge)
{
    return nullable_string_is_equal(r->observed->ovn_bridge, bridge);
}

/* ovn-controller makes tunnels and patch ports, and takes them away. */
static bool
is_for_ovn(const struct raise *r, const struct model_port *port)
{
    const char *type = model_row_get(&port->ifaces[0].row, "type");
    const struct smap_node *node;

    SMAP_FOR_EACH (node, &port->row.fields) {
        if (!strncmp(node->key, "external_ids:ovn-", 17)) {
            return true;
        }
    }
    return (is_ovns(r, model_row_get(&port->row, MODEL_F_BRIDGE))
            && *type && strcmp(type, "internal"));
}

/* What is wrong with a port that no spec could ask for; for the caller to
 * free, or NULL. */
static char *
check_port(const struct raise *r, const struct model_port *port)
{
    const char *bridge = model_row_get(&port->row, MODEL_F_BRIDGE);
    const char *mark = row_mark(&port->row);
    char *problem;

    if (mark && !model_observed_own(r->observed, mark)) {
        return xasprintf("it is another instance's (%s)", mark);
    } else if (!*bridge || strchr(bridge, ',')) {
        return xasprintf("it is in %s bridge", *bridge ? "more than one"
                         : "no");
    } else if (!port->n_ifaces) {
        return xstrdup("it has no interface");
    } else if (port->n_ifaces == 1
               && strcmp(port->ifaces[0].row.name, port->row.name)) {
        return xasprintf("its interface has another name, %s",
                         port->ifaces[0].row.name);
    } else if (is_for_ovn(r, port)) {
        return xstrdup("it is ovn-controller's");
    }
    problem = spec_check_device_name(bridge);
    if (!problem && port->n_ifaces == 1) {
        problem = spec_check_device_name(port->row.name);
    }
    return problem;
}

/* Ports. */

/* Notes what of interface 'row' the Port's keys cannot say. */
static void
raise_member_iface(struct raise *r, const struct model_row *row)
{
    json_t *nothing = json_object();

    raise_fields(r, nothing, &spec_kind_bond, row);
    json_decref(nothing);
}

static void
raise_bond(struct raise *r, const struct model_port *port)
{
    json_t *bond = raise_member(raise_member(r->host, "bonds"),
                                port->row.name);
    json_t *members = json_array();

    raise_string(bond, "bridge", model_row_get(&port->row, MODEL_F_BRIDGE));
    json_object_set_new(bond, "members", members);
    raise_fields(r, bond, &spec_kind_bond, &port->row);
    for (size_t i = 0; i < port->n_ifaces; i++) {
        const struct model_row *row = &port->ifaces[i].row;

        json_array_append_new(members, json_string(row->name));
        raise_member_iface(r, row);
    }
    raise_qos(r, bond, port);
    raise_rules(r, bond, port->row.name);
}

/* The port at the other end of 'port', if it is a patch port whose peer is
 * this one. */
static const struct model_port *
find_peer(const struct raise *r, const struct model_port *port)
{
    const char *name = smap_get(&port->ifaces[0].row.fields, "options:peer");
    const struct model_port *peer
        = name ? model_observed_port(r->observed, name) : NULL;

    return (peer && peer->n_ifaces == 1
            && !strcmp(model_row_get(&peer->ifaces[0].row, "type"), "patch")
            && nullable_string_is_equal(
                smap_get(&peer->ifaces[0].row.fields, "options:peer"),
                port->row.name) ? peer : NULL);
}

static json_t *
raise_end(struct raise *r, const struct model_port *port)
{
    struct model_row iface = port->ifaces[0].row;
    json_t *end = json_object();

    raise_string(end, "bridge", model_row_get(&port->row, MODEL_F_BRIDGE));
    raise_string(end, "port", port->row.name);
    raise_fields(r, end, &spec_kind_end, &port->row);
    /* The peer is said by there being two ends. */
    smap_clone(&iface.fields, &port->ifaces[0].row.fields);
    smap_remove(&iface.fields, "options:peer");
    raise_fields(r, end, &spec_kind_end, &iface);
    smap_destroy(&iface.fields);
    raise_rules(r, end, port->row.name);
    return end;
}

/* Both ends at once, when the first of them by name is met. */
static void
raise_patch(struct raise *r, const struct model_port *port)
{
    const struct model_port *peer = find_peer(r, port);
    char *problem = peer ? check_port(r, peer) : NULL;

    if (!peer || problem) {
        raise_note(r, "Port %s is left out: %s%s", port->row.name,
                   peer ? "its peer cannot be had: "
                   : "no patch port has it as its peer",
                   problem ? problem : "");
        free(problem);
    } else if (strcmp(port->row.name, peer->row.name) < 0) {
        const char *own = model_observed_own(r->observed,
                                             row_mark(&port->row));
        const char *name = own && !strncmp(own, "link:", 5) ? own + 5
                           : port->row.name;
        json_t *link = raise_member(raise_member(r->host, "links"), name);
        json_t *ends = json_array();

        raise_string(link, "type", "patch");
        json_array_append_new(ends, raise_end(r, port));
        json_array_append_new(ends, raise_end(r, peer));
        json_object_set_new(link, "ends", ends);
    }
}

static json_t *
get_ports(struct raise *r, const char *bridge)
{
    return raise_member(raise_member(raise_member(r->host, "bridges"),
                                     bridge), "ports");
}

static void
raise_port(struct raise *r, const struct model_port *port)
{
    const struct model_row *iface = &port->ifaces[0].row;
    const char *bridge = model_row_get(&port->row, MODEL_F_BRIDGE);
    const char *type = model_row_get(iface, "type");
    const struct model_link *link = model_observed_link(r->observed,
                                                        port->row.name);
    bool device = !*type;
    char *problem = device ? NULL : spec_check_port_type(type);

    if (problem) {
        raise_note(r, "Port %s is left out: its type: %s", port->row.name,
                   problem);
        free(problem);
        return;
    }

    json_t *json = raise_member(get_ports(r, bridge), port->row.name);
    if (!device) {
        raise_string(json, "type", type);
    } else if (link && model_link_is(link, "tap")) {
        raise_note(r, "%s is a TAP, but nothing says its guest's MAC, so it "
                   "is listed as a port of %s and not as a NIC; set "
                   "external_ids:attached-mac of its Interface, and export "
                   "again", port->row.name, bridge);
    }
    raise_fields(r, json, &spec_kind_port, &port->row);
    raise_fields(r, json, &spec_kind_port, iface);
    if (!strcmp(type, "internal")) {
        raise_addresses(r, json, port->row.name);
    } else {
        raise_drop(r, json, port->row.name, "mac", "OVS ignores it, as the "
                   "port is not internal");
    }
    raise_rules(r, json, port->row.name);
    raise_qos(r, json, port);
    if (device && link
        && !nullable_string_is_equal(smap_get(&link->fields, MODEL_L_UP),
                                     "true")) {
        raise_note(r, "%s is down; a spec sets it up", port->row.name);
    }
}

static void
raise_one(struct raise *r, const struct model_port *port)
{
    const char *bridge = model_row_get(&port->row, MODEL_F_BRIDGE);

    if (!is_asked_for(r, row_mark(&port->row))
        && model_observed_own(r->observed, row_mark(&port->row))) {
        return;                 /* It is in the files already. */
    } else if (!strcmp(port->row.name, bridge)) {
        return;                 /* It comes with its bridge. */
    }

    char *problem = check_port(r, port);
    if (problem) {
        raise_note(r, "Port %s is left out: %s", port->row.name, problem);
        free(problem);
    } else if (port->n_ifaces > 1) {
        sset_add(&r->bridges, bridge);
        raise_bond(r, port);
    } else if (raise_is_nic(r, port)) {
        sset_add(&r->bridges, bridge);
        raise_nic(r, port);
    } else {
        sset_add(&r->bridges, bridge);
        if (!strcmp(model_row_get(&port->ifaces[0].row, "type"), "patch")) {
            raise_patch(r, port);
        } else {
            raise_port(r, port);
        }
    }
}

/* Bridges. */

static void
raise_local_port(struct raise *r, const char *bridge)
{
    const struct model_port *port = model_observed_port(r->observed, bridge);
    json_t *nothing = json_object();

    if (port) {
        raise_fields(r, nothing, &spec_kind_vm, &port->row);
        for (size_t i = 0; i < port->n_ifaces; i++) {
            raise_fields(r, nothing, &spec_kind_vm, &port->ifaces[i].row);
        }
    }
    json_decref(nothing);
}

static void
raise_bridge(struct raise *r, const struct model_bridge *bridge)
{
    const char *name = bridge->row.name;
    const char *mark = row_mark(&bridge->row);
    bool foreign = (is_ovns(r, name)
                    || (mark && !model_observed_own(r->observed, mark)));
    char *problem = spec_check_device_name(name);

    if (problem) {
        raise_note(r, "Bridge %s is left out: %s", name, problem);
        free(problem);
    } else if (foreign && sset_contains(&r->bridges, name)) {
        json_object_set_new(raise_member(raise_member(r->host, "bridges"),
                                         name), "managed", json_false());
    } else if (foreign) {
        raise_note(r, "Bridge %s is left out: it is %s", name,
                   is_ovns(r, name) ? "ovn-controller's"
                   : "another instance's");
    } else if (is_asked_for(r, mark)
               || json_object_get(json_object_get(r->host, "bridges"),
                                  name)
               || raise_has_satellite(r, name)) {
        /* Also one of ours that has ports or satellites which are not. */
        json_t *json = raise_member(raise_member(r->host, "bridges"), name);
        json_t *ports = json_incref(json_object_get(json, "ports"));

        json_object_del(json, "ports");
        raise_fields(r, json, &spec_kind_bridge, &bridge->row);
        raise_addresses(r, json, name);
        raise_local_port(r, name);
        raise_satellites(r, json, name);
        if (ports) {
            json_object_set_new(json, "ports", ports);
        }
    }
}

/* Texts. */

/* What is said about this text by whom it is for. */
static void
check_text(struct raise *r, const char *file, const char *text, bool vm)
{
    struct spec_result result;

    if (vm) {
        spec_parse_vm(file, text, strlen(text), NULL, &result);
    } else {
        spec_parse_host(file, text, strlen(text), &result);
    }
    for (size_t i = 0; i < result.errors.n; i++) {
        raise_note(r, "mend this by hand: %s", result.errors.names[i]);
    }
    spec_result_destroy(&result);
}

static void
put_text(struct raise *r, char *file, json_t *root, bool vm)
{
    char *dump = json_dumps(root, JSON_INDENT(2));
    char *text = xasprintf("%s\n", dump);

    free(dump);
    check_text(r, file, text, vm);
    shash_add_nocopy(&r->result->files, file, text);
}

static void
put_texts(struct raise *r)
{
    struct shash_node *node;

    if (json_object_size(r->host)) {
        json_t *root = json_object();

        json_object_set_new(root, "version", json_integer(1));
        json_object_update(root, r->host);
        put_text(r, xstrdup("host.json"), root, false);
        json_decref(root);
    }
    SHASH_FOR_EACH (node, &r->vms) {
        put_text(r, xasprintf("vms.d/%s.json", node->name), node->data,
                 true);
        json_decref(node->data);
    }
}

static int
compare_ports(const void *a_, const void *b_)
{
    const struct model_port *const *a = a_;
    const struct model_port *const *b = b_;
    return strcmp((*a)->row.name, (*b)->row.name);
}

static int
compare_bridges(const void *a_, const void *b_)
{
    const struct model_bridge *const *a = a_;
    const struct model_bridge *const *b = b_;
    return strcmp((*a)->row.name, (*b)->row.name);
}

static void
raise_all(struct raise *r)
{
    const struct model_observed *o = r->observed;
    size_t n_ports = hmap_count(&o->ports), n_bridges = 0, i = 0;
    const struct model_port **ports = xmalloc(n_ports * sizeof *ports);
    const struct model_bridge **bridges
        = xmalloc(hmap_count(&o->bridges) * sizeof *bridges);
    const struct model_port *port;
    const struct model_bridge *bridge;

    HMAP_FOR_EACH (port, node, &o->ports) {
        ports[i++] = port;
    }
    HMAP_FOR_EACH (bridge, node, &o->bridges) {
        bridges[n_bridges++] = bridge;
    }
    qsort(ports, n_ports, sizeof *ports, compare_ports);
    qsort(bridges, n_bridges, sizeof *bridges, compare_bridges);
    for (i = 0; i < n_ports; i++) {
        raise_one(r, ports[i]);
    }
    for (i = 0; i < n_bridges; i++) {
        raise_bridge(r, bridges[i]);
    }
    raise_note_satellites(r);
    free(ports);
    free(bridges);
}

void
spec_raise(const struct model_observed *observed,
           const struct spec_raise_options *options,
           struct spec_raised *result)
{
    struct raise r = {
        .observed = observed,
        .options = options,
        .result = result,
        .host = json_object(),
        .vms = SHASH_INITIALIZER(&r.vms),
        .bridges = SSET_INITIALIZER(&r.bridges),
    };

    shash_init(&result->files);
    svec_init(&result->notes);
    raise_all(&r);
    put_texts(&r);
    json_decref(r.host);
    shash_destroy(&r.vms);
    sset_destroy(&r.bridges);
}

void
spec_raised_destroy(struct spec_raised *result)
{
    shash_destroy_free_data(&result->files);
    svec_destroy(&result->notes);
}
