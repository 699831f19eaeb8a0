/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/kernel/device.h"

#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "src/kernel/kernel-private.h"
#include "src/kernel/rtaddr.h"
#include "src/kernel/rtnl.h"
#include "src/model/observed.h"
#include "util.h"

struct device *
device_find(const struct kernel *k, int ifindex)
{
    struct device *d;

    HMAP_FOR_EACH_WITH_HASH (d, node, hash_int(ifindex, 0), &k->devices) {
        if (d->ifindex == ifindex) {
            return d;
        }
    }
    return NULL;
}

struct device *
device_get(struct kernel *k, int ifindex)
{
    struct device *d = device_find(k, ifindex);

    if (!d) {
        d = xzalloc(sizeof *d);
        d->ifindex = ifindex;
        shash_init(&d->addresses);
        hmap_insert(&k->devices, &d->node, hash_int(ifindex, 0));
    }
    return d;
}

void
device_set_ask(struct kernel *k, struct device *d, enum ask ask)
{
    if (d->ask != ASK_NOT) {
        ovs_list_remove(&d->list_node);
    }
    d->ask = ask;
    d->ask_seq = 0;
    if (ask != ASK_NOT) {
        ovs_list_push_back(ask == ASK_DUE ? &k->to_ask : &k->asked,
                           &d->list_node);
    }
}

/* Takes the name of 'd' out of the model, unless it is another device's by
 * now. */
static void
device_unname(struct kernel *k, struct device *d)
{
    const struct model_link *link;

    if (d->name) {
        link = model_observed_link(k->observed, d->name);
        if (link && link->ifindex == d->ifindex) {
            model_observed_remove_link(k->observed, d->name);
        }
        free(d->name);
        d->name = NULL;
    }
}

static void
device_free(struct device *d)
{
    shash_destroy_free_data(&d->addresses);
    free(d->name);
    free(d);
}

/* 'd' becomes 'now', or goes if that is NULL.  A bond that is to go waits for
 * members of others to leave it, of which the kernel sends no event for the
 * bond itself. */
static void
touch_former_master(struct kernel *k, const struct device *d,
                    const struct model_link *now)
{
    const struct model_link *old
        = d->name ? model_observed_link(k->observed, d->name) : NULL;
    const char *master = old ? smap_get(&old->fields, MODEL_L_MASTER) : NULL;

    if (master && !(now && nullable_string_is_equal(
                        master, smap_get(&now->fields, MODEL_L_MASTER)))) {
        const struct device *former = device_find(k, atoi(master));

        if (former && former->name) {
            model_observed_touch_link(k->observed, former->name);
        }
    }
}

void
device_remove(struct kernel *k, struct device *d)
{
    touch_former_master(k, d, NULL);
    device_unname(k, d);
    device_set_ask(k, d, ASK_NOT);
    hmap_remove(&k->devices, &d->node);
    device_free(d);
}

void
device_free_all(struct kernel *k)
{
    struct device *d;

    HMAP_FOR_EACH_POP (d, node, &k->devices) {
        device_free(d);
    }
    hmap_destroy(&k->devices);
}

/* Addresses. */

struct device_address {
    const char *value;          /* MODEL_ADDRESS_*. */
    unsigned int gen;           /* 'dump_gen' when it was last heard of. */
};

static void
put_addresses(const struct device *d, struct smap *fields)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &d->addresses) {
        const struct device_address *a = node->data;
        smap_replace(fields, node->name, a->value);
    }
}

/* Sets field 'field' of the link of 'd' in the model; NULL takes it away. */
static void
put_field(struct kernel *k, const struct device *d, const char *field,
          const char *value)
{
    const struct model_link *old
        = d->name ? model_observed_link(k->observed, d->name) : NULL;

    if (old && old->ifindex == d->ifindex) {
        struct model_link *link = model_link_clone(old);

        if (value) {
            smap_replace(&link->fields, field, value);
        } else {
            smap_remove(&link->fields, field);
        }
        model_observed_put_link(k->observed, link);
    }
}

void
device_update_address(struct kernel *k, struct device *d,
                      const struct rtnl_address *address)
{
    char *text = model_address_format(&address->address);
    char *field = model_address_field(text);
    struct device_address *a = shash_find_data(&d->addresses, field);

    if (address->gone) {
        free(shash_find_and_delete(&d->addresses, field));
        put_field(k, d, field, NULL);
    } else {
        if (!a) {
            a = xmalloc(sizeof *a);
            shash_add(&d->addresses, field, a);
        }
        a->value = address->value;
        a->gen = k->dump_gen;
        put_field(k, d, field, a->value);
    }
    free(text);
    free(field);
}

void
device_sweep_addresses(struct kernel *k, struct device *d)
{
    struct shash_node *node;

    SHASH_FOR_EACH_SAFE (node, &d->addresses) {
        struct device_address *a = node->data;

        if (a->gen != k->dump_gen) {
            put_field(k, d, node->name, NULL);
            shash_delete(&d->addresses, node);
            free(a);
        }
    }
}

void
device_update(struct kernel *k, struct device *d, struct rtnl_link *link)
{
    touch_former_master(k, d, link->link);
    if (d->name && strcmp(d->name, link->link->name)) {
        device_unname(k, d);
    }
    if (!d->name) {
        d->name = xstrdup(link->link->name);
    }
    put_addresses(d, &link->link->fields);
    kernel_read_offloads(k, link->link);
    model_observed_put_link(k->observed, link->link);
    link->link = NULL;
}
