/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/spec/spec-private.h"

#include <stdlib.h>
#include <string.h>
#include "sset.h"
#include "util.h"

/* Bonds: Open vSwitch's own, or with "type": "kernel" a device of Linux. */

/* Options of a kernel bond. */
static const struct bond_key {
    const char *key;
    const char *modes;          /* That have it; NULL: all. */
    const char *otherwise;      /* Where it is not given; NULL: left alone. */
} bond_keys[] = {
    { "mode", NULL, NULL },
    { "miimon", NULL, "100" },
    { "updelay", NULL, "0" },
    { "downdelay", NULL, "0" },
    { "min_links", NULL, "0" },
    { "xmit_hash_policy", NULL, "layer2" },
    { "lacp_rate", "802.3ad", "slow" },
    { "primary", "active-backup,balance-tlb,balance-alb", "" },
};

static bool
mode_has(const char *mode, const struct bond_key *key)
{
    struct sset modes = SSET_INITIALIZER(&modes);
    bool has;

    sset_from_delimited_string(&modes, key->modes ? key->modes : mode, ",");
    has = sset_contains(&modes, mode);
    sset_destroy(&modes);
    return has;
}

static bool
is_kernel_bond(const struct smap *values)
{
    return smap_get(values, "type") != NULL;
}

/* The columns that only a bond of Open vSwitch's has. */
static void
check_ovs_keys(struct spec_report *r, const struct smap *values)
{
    static const char *const columns[] = {
        "bond_active_slave", "bond_downdelay", "bond_fake_iface",
        "bond_mode", "bond_updelay", "lacp"
    };

    for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
        if (smap_get(values, columns[i])) {
            spec_error_member(r, columns[i], "is for bonds of Open vSwitch's; "
                              "one of \"type\": \"kernel\" has %s",
                              !strcmp(columns[i], "bond_mode") ? "\"mode\""
                              : !strcmp(columns[i], "lacp")
                              ? "\"mode\": \"802.3ad\""
                              : "keys of its own");
        }
    }
}

/* The kernel would round it down. */
static void
check_delay(struct spec_report *r, const struct smap *values,
            const char *key)
{
    unsigned int miimon = smap_get_uint(values, "miimon", 100);
    unsigned int delay = smap_get_uint(values, key, 0);

    if (delay && (!miimon || delay % miimon)) {
        spec_error_member(r, key, "must be a multiple of \"miimon\", which is "
                          "%u", miimon);
    }
}

static void
check_primary(struct spec_report *r, const struct smap *values)
{
    const char *primary = smap_get(values, "primary");
    struct sset members = SSET_INITIALIZER(&members);

    sset_from_delimited_string(&members, smap_get_def(values, "members", ""),
                               ",");
    if (primary && smap_get(values, "members")
        && !sset_contains(&members, primary)) {
        spec_error_member(r, "primary", "\"%s\" is not one of the \"members\"",
                          primary);
    }
    sset_destroy(&members);
}

static void
check_kernel(struct spec_report *r, const char *name, json_t *json,
             const struct smap *values)
{
    const char *mode = smap_get(values, "mode");
    char *problem = spec_check_device_name(name);

    if (problem) {
        spec_error_key(r, "%s", problem);
        free(problem);
    }
    check_ovs_keys(r, values);
    check_delay(r, values, "updelay");
    check_delay(r, values, "downdelay");
    check_primary(r, values);
    if (!spec_require(r, json, "mode") || !mode) {
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(bond_keys); i++) {
        const struct bond_key *key = &bond_keys[i];

        if (smap_get(values, key->key) && !mode_has(mode, key)) {
            spec_error_member(r, key->key, "is not for \"mode\": \"%s\"",
                              mode);
        }
    }
}

void
spec_rules_bond(struct spec_report *r, const char *name, json_t *json,
                const struct smap *values)
{
    if (is_kernel_bond(values)) {
        check_kernel(r, name, json, values);
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(bond_keys); i++) {
        const char *key = bond_keys[i].key;

        /* A wrong "type" is reported as such. */
        if (smap_get(values, key) && !json_object_get(json, "type")) {
            spec_error_member(r, key, "needs \"type\": \"kernel\"%s",
                              !strcmp(key, "mode")
                              ? "; a bond of Open vSwitch's has \"bond_mode\""
                              : "");
        }
    }
}

static struct model_link *
lower_device(const struct smap *values, const char *name)
{
    struct model_link *link = model_link_create(name);
    const char *mode = smap_get(values, "mode");

    smap_replace(&link->fields, MODEL_L_KIND, "bond");
    /* As with a TAP. */
    smap_replace(&link->fields, MODEL_L_MTU,
                 smap_get_def(values, "mtu", "1500"));
    smap_replace(&link->fields, MODEL_L_UP, "true");
    for (size_t i = 0; i < ARRAY_SIZE(bond_keys); i++) {
        const struct bond_key *key = &bond_keys[i];
        const char *value = smap_get_def(values, key->key, key->otherwise);

        if (mode_has(mode, key)) {
            smap_add_nocopy(&link->fields,
                            xasprintf(MODEL_L_BOND"%s", key->key),
                            xstrdup(value));
        }
    }
    return link;
}

/* Members have the MTU of their bond: the kernel sees to it. */
static struct model_link *
lower_member(const struct smap *values, const char *name, const char *bond)
{
    struct smap rest;
    struct model_link *link;

    smap_clone(&rest, values);
    smap_remove(&rest, "mtu");
    link = spec_lower_uplink(&rest, name);
    smap_replace(&link->fields, MODEL_L_MASTER, bond);
    smap_destroy(&rest);
    return link;
}

void
spec_lower_bond(const struct smap *values, const char *name,
                struct model_object *object)
{
    bool kernel = is_kernel_bond(values);
    struct sset set = SSET_INITIALIZER(&set);
    struct model_port *port;
    const char **members;

    port = spec_lower_port(&spec_kind_bond, values, name,
                           smap_get(values, "bridge"));
    if (kernel) {
        spec_lower_iface(&spec_kind_bond, values,
                         model_port_add_iface(port, name), "");
        model_object_add_link(object, lower_device(values, name));
    }
    sset_from_delimited_string(&set, smap_get(values, "members"), ",");
    members = sset_sort(&set);
    for (size_t i = 0; i < sset_count(&set); i++) {
        if (!kernel) {
            spec_lower_iface(&spec_kind_bond, values,
                             model_port_add_iface(port, members[i]), "");
        }
        model_object_add_link(object,
                              kernel ? lower_member(values, members[i], name)
                              : spec_lower_uplink(values, members[i]));
    }
    free(members);
    sset_destroy(&set);
    model_object_add_port(object, port);
    spec_lower_qos(values, object, port);
}
