/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/spec/spec-private.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "packets.h"
#include "util.h"

struct vm {
    struct spec_report report;
    struct spec_result *result;
    struct spec_names names;
    struct smap defaults;       /* Values of host.json's defaults. */
    char *name;
    char *uuid;                 /* Or NULL. */
};

/* "vms.d/vm1.json": "vm1". */
static char *
file_stem(const char *file)
{
    const char *slash = strrchr(file, '/');
    const char *base = slash ? slash + 1 : file;
    size_t len = strlen(base);

    if (len > 5 && !strcmp(base + len - 5, ".json")) {
        len -= 5;
    }
    return xmemdup0(base, len);
}

static void
to_lower(char *s)
{
    for (; *s; s++) {
        *s = tolower((unsigned char) *s);
    }
}

static void
read_defaults(const struct spec_defaults *defaults, struct smap *values)
{
    struct spec_report r;
    struct svec errors = SVEC_EMPTY_INITIALIZER;
    json_t *json;

    if (!defaults || !defaults->nic) {
        return;
    }
    /* They were found good when host.json was parsed. */
    json = json_loads(defaults->nic, 0, NULL);
    if (json) {
        spec_report_init(&r, "host.json", defaults->nic,
                         strlen(defaults->nic));
        spec_read(&r, json, &spec_kind_nic_defaults, values);
        spec_read_qos(&r, json, values);
        spec_report_finish(&r, &errors);
        svec_destroy(&errors);
        json_decref(json);
    }
}

/* True if 'value' is what 'key' gives: "qos/0/dscp" is of "qos". */
static bool
is_of_key(const char *value, const char *key)
{
    size_t len = strlen(key);

    return (!strncmp(value, key, len)
            && (!value[len] || value[len] == '/'));
}

/* Keys that are given together or not at all: a NIC that gives one of them
 * gets none of the others from the defaults. */
static bool
belongs_together(const char *a, const char *b)
{
    static const char *const groups[][5] = {
        { "vlan_mode", "tag", "trunks", "cvlans", NULL },
        { "mtu", "mtu_request", NULL },
        { "isolated", "protected", NULL },
        { "qdisc", "qos", NULL },
    };

    for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
        bool has_a = false;
        bool has_b = false;

        for (size_t j = 0; groups[i][j]; j++) {
            has_a = has_a || is_of_key(a, groups[i][j]);
            has_b = has_b || is_of_key(b, groups[i][j]);
        }
        if (has_a && has_b) {
            return true;
        }
    }
    return false;
}

static bool
overridden(const struct smap *values, const char *key)
{
    struct smap_node *node;

    SMAP_FOR_EACH (node, values) {
        if (!strcmp(node->key, key) || belongs_together(node->key, key)) {
            return true;
        }
    }
    return false;
}

/* Adds to 'values' the defaults that it does not override. */
static void
apply_defaults(struct smap *values, const struct smap *defaults)
{
    struct smap missing = SMAP_INITIALIZER(&missing);
    struct smap_node *node;

    SMAP_FOR_EACH (node, defaults) {
        if (!overridden(values, node->key)) {
            smap_add(&missing, node->key, node->value);
        }
    }
    /* Only now, as the first that is added may belong together with others. */
    SMAP_FOR_EACH (node, &missing) {
        smap_add(values, node->key, node->value);
    }
    smap_destroy(&missing);
}

/* The TAP's own MAC must differ from the guest's, and must have the local
 * bit, lest the bridge take it for its own and for the datapath id. */
static void
set_tap_mac(struct smap *fields, const char *mac)
{
    char *tap = xstrdup(mac);

    memcpy(tap, strncmp(mac, "fe", 2) ? "fe" : "fa", 2);
    smap_add(fields, MODEL_L_MAC, tap);
    free(tap);
}

static struct model_link *
lower_tap(const struct smap *values, const struct model_object *nic,
          const char *ifname)
{
    struct model_link *link = model_link_create(ifname);
    const char *owner = smap_get(values, "owner");
    const char *group = smap_get(values, "group");
    const char *mtu = smap_get_def(values, "mtu",
                                   smap_get(values, "mtu_request"));
    const char *qdisc = smap_get(values, "qdisc");
    struct smap *f = &link->fields;     /* Empty: each is new. */

    smap_add(f, MODEL_L_KIND, "tap");
    set_tap_mac(f, nic->mac);
    /* ovs-vswitchd sets the device to mtu_request; without one a TAP is born
     * with 1500, to which it returns when "mtu" leaves the
     * spec. */
    smap_add(f, MODEL_L_MTU, mtu ? mtu : "1500");
    smap_add(f, MODEL_L_UP, nic->quarantined ? "false" : "true");
    if (!spec_has_qos(values) && (!qdisc || strcmp(qdisc, "default"))) {
        smap_add(f, MODEL_L_QDISC, "noqueue");
    }
    /* A persistent TAP without owner and group is everybody's. */
    if (owner || !group) {
        smap_add(f, MODEL_L_OWNER, owner ? owner : "root");
    }
    if (group) {
        smap_add(f, MODEL_L_GROUP, group);
    }
    smap_add(f, MODEL_L_MULTI_QUEUE, nic->queues > 1 ? "true" : "false");
    smap_add(f, MODEL_L_PERSIST, "true");
    /* On the userspace datapath the host's own IP stack would answer. */
    smap_add(f, MODEL_L_ADDR_GEN_MODE, "none");
    smap_add(f, MODEL_L_ARP_IGNORE, "8");
    return link;
}

static struct model_port *
lower_port(const struct vm *vm, const struct smap *values,
           const struct model_object *nic, const char *ifname)
{
    struct model_port *port;
    struct model_iface *iface;
    const char *qdisc = smap_get(values, "qdisc");
    const char *ver = smap_get(values, "iface_id_ver");
    const char *isolated = smap_get(values, "isolated");

    port = spec_lower_port(&spec_kind_nic, values, ifname,
                           smap_get(values, "bridge"));
    if (isolated) {
        model_row_set(&port->row, "protected", isolated);
    }
    /* Without a QoS row of this type, vswitchd puts mq in its place. */
    if (!spec_has_qos(values) && (!qdisc || strcmp(qdisc, "default"))) {
        model_row_set(&port->row, MODEL_F_QOS, MODEL_QOS_NOOP);
    }

    iface = model_port_add_iface(port, ifname);
    spec_lower_iface(&spec_kind_nic, values, iface, "");
    model_row_set(&iface->row, "external_ids:attached-mac", nic->mac);
    model_row_set(&iface->row, "external_ids:vm-id", vm->name);
    if (vm->uuid) {
        model_row_set(&iface->row, "external_ids:vm-uuid", vm->uuid);
    }
    if (nic->iface_id) {
        model_row_set(&iface->row, "external_ids:iface-id", nic->iface_id);
        model_row_set(&iface->row, "external_ids:iface-status", "active");
        if (ver) {
            model_row_set(&iface->row, "external_ids:iface-id-ver", ver);
        }
    }
    return port;
}

static void
lower_nic(struct vm *vm, const char *name, const char *ifname,
          const struct smap *values)
{
    char *id = xasprintf("%s/%s", vm->name, name);
    struct model_object *nic = model_object_create(id, vm->report.file);
    const char *iface_id = smap_get(values, "iface_id");

    nic->mac = xstrdup(smap_get(values, "mac"));
    to_lower(nic->mac);
    nic->iface_id = nullable_xstrdup(iface_id);
    nic->queues = smap_get_uint(values, "queues", 1);
    nic->paused = smap_get_bool(values, "paused", false);
    nic->quarantined = smap_get_bool(values, "quarantined", false);
    model_object_add_port(nic, lower_port(vm, values, nic, ifname));
    spec_lower_qos(values, nic, nic->ports[0]);
    model_object_add_link(nic, lower_tap(values, nic, ifname));
    spec_result_add(vm->result, nic);
    free(id);
}

/* Claims the device name of NIC 'name' and returns it. */
static char *
claim_ifname(struct vm *vm, const char *name, const struct smap *values)
{
    const char *ifname = smap_get(values, "ifname");

    if (ifname) {
        size_t saved = spec_enter(&vm->report, "ifname");

        spec_names_claim(&vm->names, &vm->report, ifname);
        spec_leave(&vm->report, saved);
        return xstrdup(ifname);
    }

    char *made = spec_default_ifname(vm->name, name);

    spec_names_claim(&vm->names, &vm->report, made);
    return made;
}

static void
read_nic(struct vm *vm, const char *name, json_t *json)
{
    struct smap values = SMAP_INITIALIZER(&values);
    struct spec_report *r = &vm->report;
    char *problem = spec_check_name(name);

    if (problem) {
        spec_error_key(r, "%s", problem);
        free(problem);
    }
    if (spec_expect_object(r, json)) {
        spec_read(r, json, &spec_kind_nic, &values);
        spec_read_qos(r, json, &values);
        spec_rules_nic(r, &values);
        spec_require(r, json, "mac");
        apply_defaults(&values, &vm->defaults);
        if (!smap_get(&values, "bridge")
            && !json_object_get(json, "bridge")) {
            spec_error(r, "missing key \"bridge\", and host.json has no "
                       "default for it");
        }

        char *ifname = claim_ifname(vm, name, &values);
        if (!r->n) {
            lower_nic(vm, name, ifname, &values);
        }
        free(ifname);
    }
    smap_destroy(&values);
}

static void
read_vm(struct vm *vm, json_t *root)
{
    struct spec_report *r = &vm->report;
    struct smap values = SMAP_INITIALIZER(&values);
    const char *name;
    json_t *nics, *nic;

    spec_read(r, root, &spec_kind_vm, &values);
    vm->uuid = nullable_xstrdup(smap_get(&values, "uuid"));
    if (vm->uuid) {
        to_lower(vm->uuid);
    }
    /* Asked for, so that a file cut short does not read as "no NICs". */
    if (spec_require(r, root, "nics")) {
        size_t saved = spec_enter(r, "nics");

        nics = json_object_get(root, "nics");
        if (spec_expect_object(r, nics)) {
            json_object_foreach (nics, name, nic) {
                size_t saved_nic = spec_enter(r, name);

                read_nic(vm, name, nic);
                spec_leave(r, saved_nic);
            }
        }
        spec_leave(r, saved);
    }
    smap_destroy(&values);
}

void
spec_parse_vm(const char *file, const char *text, size_t len,
              const struct spec_defaults *defaults,
              struct spec_result *result)
{
    struct vm vm = { .result = result };
    char *problem;
    json_t *root;

    memset(result, 0, sizeof *result);
    result->policy = (struct model_policy) MODEL_POLICY_INITIALIZER;
    svec_init(&result->errors);
    spec_report_init(&vm.report, file, text, len);
    spec_names_init(&vm.names);
    smap_init(&vm.defaults);
    vm.name = file_stem(file);

    problem = spec_check_name(vm.name);
    if (problem) {
        spec_error_offset(&vm.report, 0, "the file's stem is the name of "
                          "the VM, but %s", problem);
        free(problem);
    }
    root = spec_load(&vm.report);
    if (root) {
        read_defaults(defaults, &vm.defaults);
        read_vm(&vm, root);
        json_decref(root);
    }
    spec_result_finish(result, &vm.report);

    smap_destroy(&vm.defaults);
    spec_names_destroy(&vm.names);
    free(vm.name);
    free(vm.uuid);
}
