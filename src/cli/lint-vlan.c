/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/cli/lint.h"

#include <stdlib.h>
#include <string.h>
#include "src/spec/text.h"
#include "sset.h"
#include "util.h"

/* True if 'vlan' is in 'set' ("10,20"), the text of a field. */
static bool
has_vlan(const char *set, const char *vlan)
{
    struct sset vlans;

    sset_from_delimited_string(&vlans, set, ",");
    bool has = sset_contains(&vlans, vlan);
    sset_destroy(&vlans);
    return has;
}

static void
check_numbers(struct lint *l, const struct model_object *object,
              const struct model_port *port)
{
    static const char *const keys[] = { "tag", "trunks", "cvlans" };

    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        const char *value = model_row_get(&port->row, keys[i]);

        /* 802.1Q keeps it for itself; Open vSwitch treats it as any other, so
         * that ports which are to be dead can talk to each other. */
        if (has_vlan(value, "4095")) {
            lint_add_object(l, LINT_WARNING, "vlan-reserved", object, port,
                            keys[i], "VLAN 4095 is reserved and isolates "
                            "nothing%s", model_id_is_nic(object->id)
                            ? "; to cut a NIC off, quarantine it" : "");
        }
        if (has_vlan(value, "0")) {
            lint_add_object(l, LINT_NOTE, "vlan-untagged", object, port,
                            keys[i], "VLAN 0 is that of untagged frames");
        }
    }
}

static void
check_native(struct lint *l, const struct model_object *object,
             const struct model_port *port)
{
    const char *mode = model_row_get(&port->row, "vlan_mode");
    const char *tag = model_row_get(&port->row, "tag");
    const char *trunks = model_row_get(&port->row, "trunks");

    if (!strncmp(mode, "native-", 7) && *trunks && !has_vlan(trunks, tag)) {
        lint_add_object(l, LINT_NOTE, "vlan-native", object, port, "trunks",
                        "the native VLAN %s is carried, too, although it "
                        "is not listed", tag);
    }
}

static bool
has_vlan_key(const struct model_port *port)
{
    return (*model_row_get(&port->row, "vlan_mode")
            || *model_row_get(&port->row, "tag")
            || *model_row_get(&port->row, "trunks"));
}

/* 'tagged' has the bridges on which some NIC has a tag. */
static void
check_all_vlans(struct lint *l, const struct model_object *object,
                const struct model_port *port, const struct sset *tagged)
{
    const char *bridge = model_row_get(&port->row, MODEL_F_BRIDGE);

    if (lint_gives(l, object, port, "trunks", "[]")) {
        lint_add_object(l, LINT_WARNING, "vlan-all", object, port, "trunks",
                        "empty means all VLANs, not none; leave it out, with "
                        "\"vlan_mode\": \"trunk\", if that is meant");
    } else if (model_id_is_nic(object->id) && !has_vlan_key(port)
               && sset_contains(tagged, bridge)) {
        lint_add_object(l, LINT_WARNING, "vlan-all", object, port, NULL,
                        "without a VLAN key it gets the frames of all VLANs "
                        "of bridge %s, where others have a tag; give it one, "
                        "or say \"vlan_mode\": \"trunk\" if that is meant",
                        bridge);
    }
}

static void
check_defaults(struct lint *l)
{
    const struct specs_file *host = specs_get(l->specs, "host.json");
    const char *const pointer = "/defaults/nic/trunks";
    struct text_span span;

    if (host && host->valid && host->text
        && text_find(host->text, host->len, pointer, &span)
        && strcspn(&host->text[span.start], "0123456789")
           >= span.end - span.start) {
        lint_add(l, LINT_WARNING, "vlan-all", host->name, pointer,
                 "empty means all VLANs, not none");
    }
}

void
lint_vlans(struct lint *l)
{
    const struct shash_node **nodes = shash_sort(&l->wanted->objects);
    struct sset tagged = SSET_INITIALIZER(&tagged);
    size_t n = shash_count(&l->wanted->objects);

    for (size_t i = 0; i < n; i++) {
        const struct model_object *object = nodes[i]->data;

        for (size_t j = 0; j < object->n_ports; j++) {
            const struct model_row *row = &object->ports[j]->row;

            if (model_id_is_nic(object->id) && *model_row_get(row, "tag")) {
                sset_add(&tagged, model_row_get(row, MODEL_F_BRIDGE));
            }
        }
    }
    for (size_t i = 0; i < n; i++) {
        const struct model_object *object = nodes[i]->data;

        for (size_t j = 0; j < object->n_ports; j++) {
            check_numbers(l, object, object->ports[j]);
            check_native(l, object, object->ports[j]);
            check_all_vlans(l, object, object->ports[j], &tagged);
        }
    }
    check_defaults(l);
    sset_destroy(&tagged);
    free(nodes);
}
