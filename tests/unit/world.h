/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_TESTS_WORLD_H
#define PORTD_TESTS_WORLD_H 1

/* A world for plan tests: a wanted and an observed model, and what
 * ovs-vswitchd and the kernel would do after each round of steps. */

#include "src/model/observed.h"
#include "src/model/wanted.h"
#include "src/plan/plan.h"
#include "sset.h"

struct world {
    struct model_wanted w;
    struct model_observed o;
    struct plan_gate gate;
    struct sset made;           /* Devices that ovs-vswitchd made. */
    struct sset nulled;         /* Interfaces that were type "null" once. */
    int next_ifindex;
    int64_t next_ofport;
};

void world_init(struct world *);
void world_destroy(struct world *);

struct model_object *world_make_nic(const char *vm, const char *nic,
                                    const char *ifname, const char *bridge,
                                    unsigned int queues, int tag);
/* 'object' becomes all that 'source' wants. */
void world_want(struct world *, const char *source, struct model_object *);
void world_want_nic(struct world *, const char *vm, const char *nic,
                    const char *ifname, const char *bridge,
                    unsigned int queues, int tag);
void world_want_bridge(struct world *, const char *name);
/* Internal port "port:BRIDGE/NAME" whose device is to have the 'n' fields
 * 'addresses'; NULL: the spec says nothing of them. */
struct model_object *world_make_internal(const char *name,
                                         const char *bridge,
                                         const char *const addresses[],
                                         size_t n);
void world_want_internal(struct world *, const char *name,
                         const char *bridge, const char *const addresses[],
                         size_t n);
void world_want_bond(struct world *, const char *name, const char *bridge,
                     const char *const members[], size_t n);
/* A veth pair whose source is its id, "link:LINK". */
struct world_end {
    const char *name;
    const char *bridge;         /* NULL: the end is outside of OVS. */
    const char *mtu;            /* NULL: 1500. */
};
struct model_object *world_make_veth(const char *link,
                                     const struct world_end ends[2]);
void world_want_veth(struct world *, const char *link,
                     const struct world_end ends[2]);
void world_unwant(struct world *, const char *source);

/* Sets a field of an observed link; with 'value' NULL, takes it away. */
void world_set_link(struct world *, const char *name, const char *field,
                    const char *value);

/* A device that is not ours. */
void world_add_device(struct world *, const char *name);
/* A VM opens or closes the TAP 'name'. */
void world_hold(struct world *, const char *name, bool hold);

void world_plan(struct world *, const char *id, struct plan *,
                struct plan_verdict *);
/* Plans everything and does what can be done; returns how many steps. */
size_t world_round(struct world *);
/* Rounds until there is nothing to do, at most 'max'. Returns false if it
 * did not come to rest. */
bool world_run(struct world *, int max);
/* Rounds until the world stands still; the last verdict of 'id'. */
enum model_state world_settle(struct world *, const char *id);
/* Fails the test unless step 'i' reads, in part, as 'text'. */
void world_assert_step(const struct plan *, size_t i, const char *text);
/* ovs-vswitchd's internal devices go along with their ports and bridges. */
void world_remove_devices(struct world *);
/* ovs-vswitchd: makes and opens devices, gives numbers, counts cur_cfg up. */
void world_vswitchd(struct world *);

#endif /* tests/unit/world.h */
