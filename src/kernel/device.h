/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_KERNEL_DEVICE_H
#define PORTD_KERNEL_DEVICE_H 1

/* Devices
 * =======
 *
 * What kernel.c knows of each device beside the link that it has put into the
 * model: by ifindex, since names come and go.  Addresses are kept here as
 * well, as messages about the link do not tell them and the other way
 * round. */

#include <stdbool.h>
#include <stdint.h>
#include "openvswitch/hmap.h"
#include "openvswitch/list.h"
#include "openvswitch/shash.h"

struct kernel;
struct rtnl_address;
struct rtnl_link;

enum ask {
    ASK_NOT,
    ASK_DUE,                    /* In 'to_ask'. */
    ASK_SENT                    /* In 'asked'; answer has 'ask_seq'. */
};

struct device {
    struct hmap_node node;      /* In struct kernel's 'devices'. */
    int ifindex;
    char *name;                 /* As in the model; NULL: not in there. */
    unsigned int gen;           /* 'dump_gen' when it was last heard of. */
    struct shash addresses;     /* Field -> struct device_address. */

    /* While an answer is due, notifications are older than it will be. */
    enum ask ask;
    struct ovs_list list_node;
    uint32_t ask_seq;
};

struct device *device_find(const struct kernel *, int ifindex);
/* Likewise, but makes one that is not there. */
struct device *device_get(struct kernel *, int ifindex);
/* Takes it out of the model as well. */
void device_remove(struct kernel *, struct device *);
/* Forgets all, and leaves the model as it is. */
void device_free_all(struct kernel *);

void device_set_ask(struct kernel *, struct device *, enum ask);

/* Enters 'link' into the model, which takes over its link. */
void device_update(struct kernel *, struct device *, struct rtnl_link *link);

/* Enters an address that has come, changed or gone into the model. */
void device_update_address(struct kernel *, struct device *,
                           const struct rtnl_address *);
/* Removes the addresses of 'd' of which nothing was heard since the dump
 * began. */
void device_sweep_addresses(struct kernel *, struct device *);

#endif /* src/kernel/device.h */
