/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_MODEL_OBSERVED_H
#define PORTD_MODEL_OBSERVED_H 1

/* Observed
 * ========
 *
 * What OVSDB and the kernel hold now.  ovsdb/ and kernel/ put what they see
 * here, one row or link at a time, and every put that changes something
 * remembers which objects it may concern, so that a pass looks at those
 * only.  Nothing else writes here, and nothing that was merely *asked for*
 * is ever entered: an acknowledgement is not an observation. */

#include "openvswitch/shash.h"
#include "src/model/model.h"
#include "sset.h"

struct model_observed {
    char *instance;
    char *leftovers_mark;       /* That of MODEL_LEFTOVERS. */
    char *boot_id;              /* The kernel's; part of MODEL_LINK_MARK. */

    struct hmap bridges;        /* Of struct model_bridge, by name. */
    struct hmap ports;          /* Of struct model_port, by name. */
    struct hmap links;          /* Of struct model_link, by name. */
    struct shash satellites;    /* "QoS tap0" -> struct model_row; others'
                                 * are here while a bridge refers to them. */
    struct shash iface_ports;   /* Interface name -> struct model_port. */
    struct shash marked;        /* Object id -> struct sset of names of
                                 * bridges, ports, interfaces and links, and
                                 * of keys of satellites, with a mark of this
                                 * instance. */
    struct shash qos_users;     /* Name of a QoS row -> uintptr_t, the number
                                 * of ports that refer to it; when the last
                                 * one goes, the row's object is dirty. */

    bool db_complete;           /* The database's snapshot is here. */
    bool links_complete;        /* A whole dump of links is here. */
    int64_t next_cfg, cur_cfg;  /* Of the Open_vSwitch row. */
    char *ovn_bridge;           /* ovn-controller's bridge, or NULL. */

    /* What changed since they were last cleared. */
    struct sset dirty_names;    /* Bridges, ports, interfaces, links; keys
                                 * of satellites. */
    struct sset dirty_ids;      /* By the marks before and after. */
    struct sset dirty_bridges;  /* Bridges that have come or gone, or their
                                 * devices. */
};

void model_observed_init(struct model_observed *, const char *instance,
                         const char *boot_id);
void model_observed_destroy(struct model_observed *);

/* Lookups by name; NULL if there is none. */
struct model_bridge *model_observed_bridge(const struct model_observed *,
                                           const char *name);
struct model_port *model_observed_port(const struct model_observed *,
                                       const char *name);
struct model_link *model_observed_link(const struct model_observed *,
                                       const char *name);
struct model_row *model_observed_satellite(const struct model_observed *,
                                           enum model_table,
                                           const char *name);
/* How many ports refer to the QoS row called 'name'. */
size_t model_observed_qos_users(const struct model_observed *,
                                const char *name);
/* The port that has an interface called 'name'. */
struct model_port *model_observed_iface_port(const struct model_observed *,
                                             const char *name);
/* Names of what carries our mark for object 'id', or NULL. */
const struct sset *model_observed_marked(const struct model_observed *,
                                         const char *id);

/* Enter or replace; they take ownership of the second argument, which may
 * equal what is there already (then nothing becomes dirty). */
void model_observed_put_bridge(struct model_observed *,
                               struct model_bridge *);
void model_observed_put_port(struct model_observed *, struct model_port *);
void model_observed_put_link(struct model_observed *, struct model_link *);
void model_observed_put_satellite(struct model_observed *,
                                  struct model_row *);
/* Remove by name; no-op if there is none. */
void model_observed_remove_bridge(struct model_observed *, const char *name);
void model_observed_remove_port(struct model_observed *, const char *name);
void model_observed_remove_link(struct model_observed *, const char *name);
/* Makes dirty whom link 'name' concerns, as what is about it has changed. */
void model_observed_touch_link(struct model_observed *, const char *name);
void model_observed_remove_satellite(struct model_observed *,
                                     enum model_table, const char *name);

/* True if ovs-vswitchd has applied all that was committed. */
static inline bool
model_observed_applied(const struct model_observed *o)
{
    return o->cur_cfg >= o->next_cfg;
}

/* True if there is the device of the local port of 'bridge', which
 * ovs-vswitchd makes with the bridge, or if 'bridge' has no such port, so that
 * nothing tells.  The database does not: a row keeps what it says of ports
 * when their bridge cannot be made any more. */
bool model_observed_bridge_is_made(const struct model_observed *,
                                   const struct model_bridge *);
/* To be called when ovs-vswitchd has completed a configuration and all that it
 * did to devices has been entered. */
void model_observed_configured(struct model_observed *);

/* The object id of this instance that a mark stands for, or NULL. */
const char *model_observed_own(const struct model_observed *,
                               const char *mark);

/* "BOOT-ID/IFINDEX" for 'link', for the caller to free. */
char *model_observed_link_mark(const struct model_observed *,
                               const struct model_link *link);

#endif /* src/model/observed.h */
