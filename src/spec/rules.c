/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/spec/spec-private.h"

#include <stdlib.h>
#include <string.h>
#include "src/model/address.h"
#include "sset.h"
#include "util.h"

/* What ovs-vswitchd would ignore without a word is refused here. */
static void
check_vlan(struct spec_report *r, const struct smap *values)
{
    const char *mode = smap_get(values, "vlan_mode");
    bool tag = smap_get(values, "tag");
    bool trunks = smap_get(values, "trunks");
    bool cvlans = smap_get(values, "cvlans");

    if (tag && trunks && !mode) {
        spec_error_member(r, "trunks", "is ignored beside \"tag\" without "
                          "\"vlan_mode\"; set that to \"native-untagged\" "
                          "or \"native-tagged\", or drop one of the two");
    }
    if (mode && trunks
        && (!strcmp(mode, "access") || !strcmp(mode, "dot1q-tunnel"))) {
        spec_error_member(r, "trunks", "is ignored with \"vlan_mode\": "
                          "\"%s\"; remove it or change the mode", mode);
    }
    if (mode && !tag
        && (!strcmp(mode, "dot1q-tunnel") || !strncmp(mode, "native-", 7))) {
        spec_error_member(r, "vlan_mode", "\"%s\" needs \"tag\"", mode);
    }
    if (cvlans && (!mode || strcmp(mode, "dot1q-tunnel"))) {
        spec_error_member(r, "cvlans", "is ignored without \"vlan_mode\": "
                          "\"dot1q-tunnel\"");
    }
}

void
spec_rules_port(struct spec_report *r, const struct smap *values)
{
    check_vlan(r, values);
    if (smap_get(values, "mtu") && smap_get(values, "mtu_request")) {
        spec_error_member(r, "mtu_request", "is set by \"mtu\"; give one "
                          "of the two");
    }
}

/* One address may be written in many ways.  An IPv6 address is there once,
 * whatever its prefix. */
static char *
address_key(const char *text)
{
    struct model_address a;

    if (!model_address_parse(text, &a)) {
        return xstrdup(text);
    }
    if (a.family == AF_INET6) {
        a.prefix = 128;
    }
    return model_address_format(&a);
}

void
spec_rules_addresses(struct spec_report *r, const struct smap *values)
{
    const char *text = smap_get(values, "addresses");
    struct sset addresses = SSET_INITIALIZER(&addresses);
    struct sset seen = SSET_INITIALIZER(&seen);
    const char **names;

    if (!text) {
        return;
    }
    sset_from_delimited_string(&addresses, text, ",");
    names = sset_sort(&addresses);
    for (size_t i = 0; i < sset_count(&addresses); i++) {
        char *key = address_key(names[i]);

        if (!sset_add(&seen, key)) {
            spec_error_member(r, "addresses", "\"%s\" is in the list already, "
                              "written in another way", names[i]);
        }
        free(key);
    }
    free(names);
    sset_destroy(&addresses);
    sset_destroy(&seen);
}

void
spec_rules_type(struct spec_report *r, const json_t *json,
                const struct smap *values)
{
    const char *type = smap_get_def(values, "type", "");

    spec_rules_addresses(r, values);
    if (smap_get(values, "addresses") && strcmp(type, "internal")) {
        spec_error_member(r, "addresses", "is for ports of \"type\": "
                          "\"internal\" and for bridges: the host's own IP "
                          "stack does not get what comes in on a device that "
                          "is on a bridge");
    }
    if (smap_get(values, "mac") && strcmp(type, "internal")) {
        spec_error_member(r, "mac", "is for ports of \"type\": \"internal\": "
                          "ovs-vswitchd gives no other device an address, and "
                          "one that is there already keeps its own");
    }
    if (json_object_get(json, "offloads") && *type
        && strcmp(type, "system")) {
        spec_error_member(r, "offloads", "is for uplinks; ovs-vswitchd makes "
                          "the device of a port of \"type\": \"%s\"", type);
    }
}

void
spec_rules_nic(struct spec_report *r, const struct smap *values)
{
    spec_rules_port(r, values);
    if (smap_get(values, "isolated") && smap_get(values, "protected")) {
        spec_error_member(r, "protected", "is set by \"isolated\"; give one "
                          "of the two");
    }
    if (spec_has_qos(values) && smap_get(values, "qdisc")) {
        spec_error_member(r, "qdisc", "is set by \"qos\"; give one of the "
                          "two");
    }
    if (smap_get(values, "iface_id_ver") && !smap_get(values, "iface_id")) {
        spec_error_member(r, "iface_id_ver", "needs \"iface_id\"");
    }
}

void
spec_names_init(struct spec_names *names)
{
    shash_init(&names->places);
}

void
spec_names_destroy(struct spec_names *names)
{
    shash_destroy_free_data(&names->places);
}

void
spec_names_claim(struct spec_names *names, struct spec_report *r,
                 const char *name)
{
    char *here = xstrdup(ds_cstr(&r->pointer));
    const char *there = shash_find_data(&names->places, name);

    if (!there) {
        shash_add_nocopy(&names->places, xstrdup(name), here);
        return;
    }
    spec_error(r, "the name \"%s\" is also taken by %s", name, there);
    spec_error_pointer(r, there, "the name \"%s\" is also taken by %s",
                       name, here);
    free(here);
}
