/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/spec/spec-private.h"

#include <stdlib.h>
#include <string.h>
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

void
spec_rules_nic(struct spec_report *r, const struct smap *values)
{
    spec_rules_port(r, values);
    if (smap_get(values, "isolated") && smap_get(values, "protected")) {
        spec_error_member(r, "protected", "is set by \"isolated\"; give one "
                          "of the two");
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
