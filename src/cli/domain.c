/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/cli/domain.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "openvswitch/types.h"
#include "packets.h"
#include "src/cli/output.h"
#include "src/cli/xml.h"
#include "src/spec/spec.h"
#include "util.h"
#include "uuid.h"

/* libvirt's units in OVS's: rates are kilobytes, bursts of shaping kibibytes,
 * against bits; of policing both count in kilobits. */
#define KILOBYTE_KBITS 8
#define KILOBYTE_BITS 8000
#define KIBIBYTE_BITS 8192

/* Most tags of one <vlan>. */
#define MAX_TAGS 4096

struct reader {
    const char *file;
    struct domain *domain;
    struct ds nics;             /* JSON: the NICs so far. */
    struct ds nic;              /* JSON: the members of the one being read. */
    unsigned int n_interfaces;
    bool any;
};

/* One line, whatever is quoted in 'text' (freed). */
static void
add_line(struct svec *messages, const char *file, long int line, char *text)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    ds_put_format(&ds, "%s:%ld: ", file, line);
    output_put_safe(&ds, text);
    svec_add_nocopy(messages, ds_steal_cstr(&ds));
    free(text);
}

static void
add_message(struct svec *messages, const struct reader *r,
            const struct xml *xml, const char *format, va_list args)
{
    add_line(messages, r->file, xml->line,
             xvasprintf(format, args));
}

static void OVS_PRINTF_FORMAT(3, 4)
error_at(struct reader *r, const struct xml *xml, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add_message(&r->domain->errors, r, xml, format, args);
    va_end(args);
}

static void OVS_PRINTF_FORMAT(3, 4)
note_at(struct reader *r, const struct xml *xml, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add_message(&r->domain->notes, r, xml, format, args);
    va_end(args);
}

static bool
attribute_is(const struct xml *xml, const char *name, const char *value)
{
    return nullable_string_is_equal(xml_attribute(xml, name), value);
}

/* Reads attribute 'name', a number in 'min'..'max', if it is there. */
static bool
number(struct reader *r, const struct xml *xml, const char *name,
       long long int min, long long int max, long long int *value)
{
    const char *s = xml_attribute(xml, name);
    bool ok = s && str_to_llong(s, 10, value) && *value >= min
              && *value <= max;

    if (s && !ok) {
        error_at(r, xml, "<%s>: %s=\"%s\" is not a number in %lld..%lld",
                 xml->name, name, s, min, max);
    }
    return ok;
}

/* Writing JSON. */

static void OVS_PRINTF_FORMAT(3, 4)
put(struct reader *r, const char *key, const char *format, ...)
{
    va_list args;

    ds_put_format(&r->nic, "%s      \"%s\": ", r->nic.length ? ",\n" : "",
                  key);
    va_start(args, format);
    ds_put_format_valist(&r->nic, format, args);
    va_end(args);
}

static void
put_string(struct reader *r, const char *key, const char *value)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    json_string_escape(value, &ds);
    put(r, key, "%s", ds_cstr(&ds));
    ds_destroy(&ds);
}

/* The parts of an <interface>. */

/* An attribute without which there is no NIC. */
static const char *
required(struct reader *r, const struct xml *interface, const char *element,
         const char *name)
{
    const char *s = xml_attribute(xml_child(interface, element), name);

    if (!s || !*s) {
        error_at(r, interface, "this <interface> has no <%s %s='...'/>",
                 element, name);
    }
    return s;
}

static void
read_mac(struct reader *r, const struct xml *interface)
{
    const char *mac = required(r, interface, "mac", "address");
    struct eth_addr ea;

    if (mac && *mac) {
        if (strlen(mac) != 17 || !eth_addr_from_string(mac, &ea)
            || eth_addr_is_multicast(ea) || eth_addr_is_zero(ea)) {
            error_at(r, xml_child(interface, "mac"), "\"%s\" is not the MAC "
                     "address of a NIC", mac);
        } else {
            put_string(r, "mac", mac);
        }
    }
}

static void
read_device(struct reader *r, const struct xml *interface, const char *element,
            const char *name, const char *key)
{
    const char *s = xml_attribute(xml_child(interface, element), name);
    char *problem = s ? spec_check_device_name(s) : NULL;

    if (problem) {
        error_at(r, xml_child(interface, element), "%s", problem);
    } else if (s) {
        put_string(r, key, s);
    }
    free(problem);
}

/* <vlan>: one tag without trunk is an access port; a native tag among several
 * is that of untagged frames. */
struct vlan {
    struct ds trunks;
    const char *native_mode;
    long long int native, first;
    unsigned int n;
};

static void
read_tag(struct reader *r, const struct xml *tag, struct vlan *v)
{
    const char *mode = xml_attribute(tag, "nativeMode");
    long long int id;

    if (!number(r, tag, "id", 0, 4095, &id)) {
        if (!xml_attribute(tag, "id")) {
            error_at(r, tag, "<tag> has no id");
        }
    } else if (v->n < MAX_TAGS) {
        ds_put_format(&v->trunks, "%s%lld", v->n ? ", " : "", id);
        v->first = v->n++ ? v->first : id;
    }
    if (mode) {
        if (strcmp(mode, "tagged") && strcmp(mode, "untagged")) {
            error_at(r, tag, "nativeMode=\"%s\" is not \"tagged\" or "
                     "\"untagged\"", mode);
        } else if (v->native_mode) {
            error_at(r, tag, "there is more than one native VLAN");
        } else {
            v->native_mode = strcmp(mode, "tagged") ? "native-untagged"
                             : "native-tagged";
            v->native = id;
        }
    }
}

static void
read_vlan(struct reader *r, const struct xml *interface)
{
    const struct xml *vlan = xml_child(interface, "vlan");
    struct vlan v = { .trunks = DS_EMPTY_INITIALIZER };
    size_t n_errors = r->domain->errors.n;
    const struct xml *tag;

    if (!vlan) {
        return;
    }
    LIST_FOR_EACH (tag, node, &vlan->children) {
        if (!strcmp(tag->name, "tag")) {
            read_tag(r, tag, &v);
        }
    }
    bool trunk = attribute_is(vlan, "trunk", "yes") || v.native_mode;
    if (r->domain->errors.n > n_errors) {
        /* Said. */
    } else if (!v.n) {
        error_at(r, vlan, "<vlan> has no <tag id='...'/>");
    } else if (!trunk && v.n > 1) {
        error_at(r, vlan, "<vlan> has several tags, but not trunk='yes'");
    } else if (!trunk) {
        put(r, "tag", "%lld", v.first);
    } else {
        put(r, "vlan_mode", "\"%s\"", v.native_mode ? v.native_mode
                                      : "trunk");
        if (v.native_mode) {
            put(r, "tag", "%lld", v.native);
        }
        put(r, "trunks", "[%s]", ds_cstr(&v.trunks));
    }
    ds_destroy(&v.trunks);
}

/* What goes to the guest is shaped by the Port's QoS: the average is what it
 * gets in any case, the peak what it gets at most. */
static void
read_inbound(struct reader *r, const struct xml *inbound)
{
    const long long int max = INT32_MAX;
    long long int average, peak, burst;

    if (!number(r, inbound, "average", 1, max, &average)) {
        return;
    }
    if (!number(r, inbound, "peak", average, max, &peak)) {
        peak = average;
    }
    struct ds more = DS_EMPTY_INITIALIZER;
    if (number(r, inbound, "burst", 1, max, &burst)) {
        ds_put_format(&more, ", \"burst\": %lld", burst * KIBIBYTE_BITS);
    }
    put(r, "qos", "{\"type\": \"linux-htb\", \"max_rate\": %lld, "
        "\"queues\": {\"0\": {\"min_rate\": %lld, \"max_rate\": %lld%s}}}",
        peak * KILOBYTE_BITS, average * KILOBYTE_BITS, peak * KILOBYTE_BITS,
        ds_cstr(&more));
    ds_destroy(&more);
    if (xml_attribute(inbound, "floor")) {
        note_at(r, inbound, "floor is left out");
    }
}

/* What comes from the guest is policed by the Interface. */
static void
read_bandwidth(struct reader *r, const struct xml *interface)
{
    const struct xml *bandwidth = xml_child(interface, "bandwidth");
    const struct xml *outbound = xml_child(bandwidth, "outbound");
    const long long int max = INT32_MAX / KILOBYTE_KBITS;
    long long int value;

    read_inbound(r, xml_child(bandwidth, "inbound"));
    if (number(r, outbound, "average", 1, max, &value)) {
        put(r, "ingress_policing_rate", "%lld", value * KILOBYTE_KBITS);
        if (number(r, outbound, "burst", 0, max, &value)) {
            put(r, "ingress_policing_burst", "%lld", value * KILOBYTE_KBITS);
        }
        if (xml_attribute(outbound, "peak")) {
            note_at(r, outbound, "peak is left out: Open vSwitch knows "
                    "average and burst");
        }
    }
}

static void
read_ids(struct reader *r, const struct xml *interface)
{
    const struct xml *port = xml_child(interface, "virtualport");
    const struct xml *parameters = xml_child(port, "parameters");
    const char *id = xml_attribute(parameters, "interfaceid");
    const char *profile = xml_attribute(parameters, "profileid");

    if (id && *id) {
        put_string(r, "iface_id", id);
    }
    if (profile && *profile) {
        struct ds ds = DS_EMPTY_INITIALIZER;

        json_string_escape(profile, &ds);
        put(r, "external_ids", "{\"port-profile\": %s}", ds_cstr(&ds));
        ds_destroy(&ds);
    }
}

/* What is dropped silently says nothing of the host's side. */
static void
note_rest(struct reader *r, const struct xml *interface)
{
    static const char *const known[] = {
        "address", "alias", "backend", "bandwidth", "boot", "driver", "guest",
        "mac", "model", "mtu", "port", "rom", "source", "target",
        "virtualport", "vlan",
    };
    const struct xml *child;

    LIST_FOR_EACH (child, node, &interface->children) {
        bool is_known = false;

        for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
            is_known = is_known || !strcmp(child->name, known[i]);
        }
        if (!strcmp(child->name, "link")
            && !attribute_is(child, "state", "down")) {
            is_known = true;
        }
        if (!is_known) {
            note_at(r, child, "<%s> is left out", child->name);
        }
    }
}

static void
read_nic(struct reader *r, const struct xml *interface, unsigned int index)
{
    long long int value;

    ds_clear(&r->nic);
    read_device(r, interface, "source", "bridge", "bridge");
    required(r, interface, "source", "bridge");
    read_mac(r, interface);
    read_device(r, interface, "target", "dev", "ifname");
    read_ids(r, interface);
    read_vlan(r, interface);
    if (number(r, xml_child(interface, "driver"), "queues", 1, 256, &value)) {
        put(r, "queues", "%lld", value);
    }
    if (number(r, xml_child(interface, "mtu"), "size", 68, 65535, &value)) {
        put(r, "mtu", "%lld", value);
    }
    if (attribute_is(xml_child(interface, "port"), "isolated", "yes")) {
        put(r, "isolated", "true");
    }
    read_bandwidth(r, interface);
    note_rest(r, interface);
    ds_put_format(&r->nics, "%s\n    \"net%u\": {\n%s\n    }",
                  r->any ? "," : "", index, ds_cstr(&r->nic));
    r->any = true;
}

static void
read_interface(struct reader *r, const struct xml *interface)
{
    const struct xml *port = xml_child(interface, "virtualport");
    unsigned int index = r->n_interfaces++;
    const char *type = xml_attribute(interface, "type");

    if (!type || strcmp(type, "bridge")) {
        note_at(r, interface, "net%u is left out: an <interface> of type "
                "\"%s\", not \"bridge\"", index, type ? type : "");
    } else if (!attribute_is(port, "type", "openvswitch")) {
        note_at(r, interface, "net%u is left out: it has no <virtualport "
                "type='openvswitch'/>", index);
    } else {
        read_nic(r, interface, index);
    }
}

/* The domain. */

static void
read_name(struct reader *r, const struct xml *root, const char *vm)
{
    const struct xml *name = xml_child(root, "name");
    char *s = vm ? xstrdup(vm) : xml_content(name);
    char *problem = s ? spec_check_name(s) : NULL;

    if (!s) {
        error_at(r, root, "the domain has no <name>; give one by --vm=NAME");
    } else if (!vm && !ovs_list_is_empty(&name->children)) {
        error_at(r, name, "the <name> has elements in it; give one by "
                 "--vm=NAME");
    } else if (problem) {
        error_at(r, vm || !name ? root : name, "%s; give one by --vm=NAME",
                 problem);
    } else {
        r->domain->vm = xstrdup(s);
    }
    free(problem);
    free(s);
}

static void
compose(struct reader *r, const char *uuid)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    ds_put_cstr(&ds, "{\n  \"version\": 1,\n");
    if (uuid) {
        ds_put_cstr(&ds, "  \"uuid\": ");
        json_string_escape(uuid, &ds);
        ds_put_cstr(&ds, ",\n");
    }
    ds_put_format(&ds, "  \"nics\": {%s\n  }\n}\n", ds_cstr(&r->nics));
    r->domain->text = ds_steal_cstr(&ds);
}

static void
read_domain(struct reader *r, const struct xml *root, const char *vm)
{
    const struct xml *devices = xml_child(root, "devices");
    char *uuid = xml_content(xml_child(root, "uuid"));
    struct uuid parsed;

    if (strcmp(root->name, "domain")) {
        error_at(r, root, "this is a <%s>, not libvirt's <domain>",
                 root->name);
        free(uuid);
        return;
    }
    read_name(r, root, vm);
    if (uuid && !uuid_from_string(&parsed, uuid)) {
        error_at(r, xml_child(root, "uuid"), "\"%s\" is not a UUID", uuid);
    }
    if (devices) {
        const struct xml *child;

        LIST_FOR_EACH (child, node, &devices->children) {
            if (!strcmp(child->name, "interface")) {
                read_interface(r, child);
            }
        }
    }
    if (!r->any) {
        error_at(r, root, "the domain has no <interface type='bridge'> with "
                 "<virtualport type='openvswitch'/>");
    } else if (!r->domain->errors.n) {
        compose(r, uuid);
    }
    free(uuid);
}

/* What the text says together is for its own parser to judge. */
static void
check_text(struct domain *d)
{
    char nic[] = "{\"bridge\": \"br0\"}";
    struct spec_defaults defaults = { nic };
    struct spec_result result;
    char *name = xasprintf("vms.d/%s.json", d->vm);

    spec_parse_vm(name, d->text, strlen(d->text), &defaults, &result);
    svec_append(&d->errors, &result.errors);
    spec_result_destroy(&result);
    free(name);
}

void
domain_parse(const char *file, const char *xml, size_t len, const char *vm,
             struct domain *d)
{
    struct reader r = {
        .file = file,
        .domain = d,
        .nics = DS_EMPTY_INITIALIZER,
        .nic = DS_EMPTY_INITIALIZER,
    };
    long int line;
    char *error;

    memset(d, 0, sizeof *d);
    svec_init(&d->notes);
    svec_init(&d->errors);
    if (len > DOMAIN_MAX_BYTES) {
        add_line(&d->errors, file, 1,
                 xasprintf("more than %d bytes are no domain",
                           DOMAIN_MAX_BYTES));
        return;
    }

    struct xml *root = xml_parse(xml, len, &error, &line);
    if (root) {
        read_domain(&r, root, vm);
        xml_destroy(root);
    } else {
        add_line(&d->errors, file, line, error);
    }
    if (d->text) {
        check_text(d);
    }
    if (d->errors.n) {
        free(d->vm);
        free(d->text);
        d->vm = d->text = NULL;
    }
    ds_destroy(&r.nics);
    ds_destroy(&r.nic);
}

void
domain_destroy(struct domain *d)
{
    free(d->vm);
    free(d->text);
    svec_destroy(&d->notes);
    svec_destroy(&d->errors);
}
