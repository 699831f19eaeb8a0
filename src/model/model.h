/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_MODEL_MODEL_H
#define PORTD_MODEL_MODEL_H 1

/* Model
 * =====
 *
 * One vocabulary for what is wanted (lowered from the specs) and for what is
 * observed (OVSDB rows, kernel links).  There are four kinds of thing:
 *
 *     bridge     an OVSDB Bridge row
 *     port       an OVSDB Port row with its Interface rows
 *     satellite  a row of its own that serves a bridge or a port
 *     link       a kernel network device
 *
 * and each is a name plus a set of fields (see columns.h for what a field
 * is), so that one diff serves them all.
 *
 * An *object* is what an operator names and what has a state.  Its id is
 *
 *     VM/NIC          a NIC: one port and one link (a TAP)
 *     bridge:NAME     a bridge and its local port
 *     port:BRIDGE/NAME  a port that host.json lists under a bridge
 *     bond:NAME       one port with several interfaces
 *     link:NAME       a patch or veth pair: its ports and links
 *     qos:noop        the QoS row of type linux-noop that NICs share
 *
 * Names contain neither "/" nor ":", so ids cannot collide.
 *
 * A *satellite* is called so:
 *
 *     QoS                     PORT, the port that it is for; MODEL_QOS_NOOP
 *     Queue                   PORT/NUMBER, as QoS.queues numbers it
 *     Mirror                  BRIDGE/NAME
 *     Controller              BRIDGE/TARGET
 *     NetFlow, sFlow, IPFIX   BRIDGE, as there is one at most
 *
 * and one of ours says so itself (MODEL_ROW_KEY): QoS and Queue rows stay when
 * nothing refers to them any more, and must be known then.  A row of ours
 * whose name another one has, too, is called "?UUID".
 *
 * A *mark* says whose a row or a kernel link is: "INSTANCE/OBJECT-ID", in
 * external_ids:ovs-portd of a row and, after "ovs-portd:", in the ifalias of
 * a link.
 *
 * Everything here is plain data: no I/O, no clock. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "openvswitch/compiler.h"
#include "openvswitch/hmap.h"
#include "smap.h"
#include "src/model/columns.h"

/* Fields of a row that say whose it is. */
#define MODEL_MARK "external_ids:ovs-portd"
#define MODEL_OWNED "external_ids:ovs-portd-owned"
/* What begins so in MODEL_OWNED is no field, but a device that we made a
 * member of the bond that the Interface row is for. */
#define MODEL_OWNED_MEMBER "member:"
/* "BOOT-ID/IFINDEX": the kernel link that an Interface row was made for. */
#define MODEL_LINK_MARK "external_ids:ovs-portd-link"
/* The name of a satellite. */
#define MODEL_ROW_KEY "external_ids:ovs-portd-row"
/* Prefix of the ifalias of a kernel link that is ours. */
#define MODEL_ALIAS_PREFIX "ovs-portd:"
/* Object id of the shared QoS row of type linux-noop. */
#define MODEL_QOS_NOOP "qos:noop"
/* Object id of devices that a run of this instance has created and, as it was
 * killed, not marked: MODEL_L_UNFINISHED without an alias. */
#define MODEL_LEFTOVERS "links:unfinished"

/* A field that a port or a satellite of a bridge has beside its columns. */
#define MODEL_F_BRIDGE "bridge" /* Name of its bridge; several: "a,b". */
/* A port's reference to its QoS row. */
#define MODEL_F_QOS "qos"

/* Fields of a link; all values are text.  Observed links carry each field
 * that the kernel reports, wanted links only those that are to be kept. */
#define MODEL_L_KIND "kind"     /* "tap", "tun", "veth", "bond", "macvtap" …,
                                 * as IFLA_INFO_KIND says ("tun" with
                                 * IFLA_TUN_TYPE IFF_TAP: "tap"); a device
                                 * without a kind: "". */
#define MODEL_L_MAC "mac"       /* 01:23:45:67:89:ab, lower case. */
#define MODEL_L_MTU "mtu"
#define MODEL_L_UP "up"         /* IFF_UP: "true" or "false". */
#define MODEL_L_ALIAS "alias"   /* IFLA_IFALIAS; absent: none. */
#define MODEL_L_QDISC "qdisc"   /* Kind of the root qdisc: "noqueue", … */
#define MODEL_L_OWNER "owner"   /* TAP: numeric uid.  Wanted by a spec: a user
                                 * name or number until host/ resolves it. */
#define MODEL_L_GROUP "group"   /* TAP: numeric gid; likewise. */
#define MODEL_L_MULTI_QUEUE "multi_queue" /* TAP: "true" or "false". */
#define MODEL_L_PERSIST "persist" /* TAP: "true" or "false". */
#define MODEL_L_ADDR_GEN_MODE "addr_gen_mode" /* "none", "eui64", … */
#define MODEL_L_ARP_IGNORE "arp_ignore" /* Number. */
#define MODEL_L_PEER "peer"     /* veth: name of the other end.  Wanted only:
                                 * the kernel tells a number, which says
                                 * nothing once that end has moved to another
                                 * namespace. */
#define MODEL_L_UNFINISHED "unfinished" /* veth, bond; observed only: "true" if
                                 * whoever created it for us has not got as
                                 * far as to mark it for good; absent
                                 * otherwise.  Until it is in struct
                                 * model_observed: the number of the instance
                                 * that it was created for. */

/* One field for each address, as src/model/address.h writes it:
 * "address:192.0.2.10/24". */
#define MODEL_L_ADDRESS "address:"
/* Its values.  Wanted is "permanent" only. */
#define MODEL_ADDRESS_PERMANENT "permanent"
#define MODEL_ADDRESS_DYNAMIC "dynamic" /* It expires: others' protocol gave
                                         * it. */
#define MODEL_ADDRESS_DUPLICATE "duplicate" /* Another host has it; IPv6. */
/* One field for each offload, as ethtool(8) calls it: "offload:tso", "true" or
 * "false".  Observed only where kernel_watch_offloads() asks for it. */
#define MODEL_L_OFFLOAD "offload:"

/* A bond of the kernel.  One field for each option, by the names and in the
 * words of the kernel's documentation: "bond:mode", "802.3ad". */
#define MODEL_L_BOND "bond:"
#define MODEL_BOND_PRIMARY "primary" /* Observed: a number, as with
                                      * MODEL_L_MASTER. */
/* Observed only. */
#define MODEL_L_ACTIVE "active" /* ifindex of the active member. */
#define MODEL_L_LACP_PARTNER "lacp_partner" /* MAC of who is at the other end;
                                             * absent: nobody talks LACP. */
#define MODEL_L_AGGREGATOR "aggregator" /* 802.3ad: number of the active one;
                                         * of a member: of its own. */
/* A member of one. */
#define MODEL_L_MASTER "master" /* Wanted: the bond's name.  Observed: the
                                 * ifindex of the device that it belongs to,
                                 * which need not be a bond. */
#define MODEL_L_MEMBER_STATE "member_state" /* Observed only: "up", "down",
                                             * "going up", "going down". */

/* The configuration of one row. */
struct model_row {
    enum model_table table;
    char *name;
    struct smap fields;
};

struct model_iface {
    struct model_row row;
    /* Observed only. */
    int64_t ofport;             /* 0: column empty; -1: OVS gave none. */
    char *error;                /* Interface.error, or NULL. */
};

struct model_bridge {
    struct hmap_node node;      /* For the owner's index, by name. */
    struct model_row row;
    /* Observed only. */
    bool not_made;              /* ovs-vswitchd has completed a configuration
                                 * and it still has no device. */
};

struct model_port {
    struct hmap_node node;      /* For the owner's index, by name. */
    struct model_row row;       /* With MODEL_F_BRIDGE. */
    struct model_iface *ifaces; /* Sorted by name. */
    size_t n_ifaces;
};

struct model_link {
    struct hmap_node node;      /* For the owner's index, by name. */
    char *name;
    struct smap fields;         /* MODEL_L_*. */
    /* Observed only. */
    int ifindex;                /* 0 in wanted links. */
    int peer_ifindex;           /* veth: of the other end; 0 if that is in
                                 * another namespace. */
    bool carrier;               /* IFLA_CARRIER: somebody holds the TAP. */
    unsigned int n_queues;      /* IFLA_TUN_NUM_QUEUES; 0 if not reported. */
    unsigned int n_disabled;    /* IFLA_TUN_NUM_DISABLED_QUEUES; likewise. */
};

void model_row_init(struct model_row *, enum model_table, const char *name);
void model_row_destroy(struct model_row *);
/* The same for one on the heap. */
struct model_row *model_row_create(enum model_table, const char *name);
struct model_row *model_row_clone(const struct model_row *);
void model_row_free(struct model_row *);
bool model_row_equals(const struct model_row *, const struct model_row *);

/* The value of 'field', its default if it is absent. NULL only for an absent
 * key of a map. */
const char *model_row_get(const struct model_row *, const char *field);

/* Sets 'field' to 'value' (copied). */
void model_row_set(struct model_row *, const char *field, const char *value);

/* The VLANs of a Port row in a word or two, as docs/control-protocol.md has
 * them ("10", "trunk 10,20"); for the caller to free. */
char *model_vlan_describe(const struct model_row *);

/* What a satellite is called among all names: "Queue tap0/1", for the caller
 * to free.  No device's name has a blank. */
char *model_satellite_key(enum model_table, const char *name);
/* True for such a key. */
bool model_key_is_satellite(const char *key);
/* True if rows of 'table' are satellites. */
static inline bool
model_table_is_satellite(enum model_table table)
{
    return table >= MODEL_TABLE_QOS;
}

struct model_bridge *model_bridge_create(const char *name);
struct model_bridge *model_bridge_clone(const struct model_bridge *);
bool model_bridge_equals(const struct model_bridge *,
                         const struct model_bridge *);
void model_bridge_destroy(struct model_bridge *);

struct model_port *model_port_create(const char *name);
/* Adds an interface called 'name' and returns it; valid until the next call
 * for this port.  Interfaces stay sorted by name. */
struct model_iface *model_port_add_iface(struct model_port *,
                                         const char *name);
struct model_iface *model_port_find_iface(const struct model_port *,
                                          const char *name);
void model_port_remove_iface(struct model_port *, const char *name);
struct model_port *model_port_clone(const struct model_port *);
bool model_port_equals(const struct model_port *, const struct model_port *);
void model_port_destroy(struct model_port *);
/* True if an observed port is on 'bridge', which need not be its only one. */
bool model_port_is_on(const struct model_port *, const char *bridge);

struct model_link *model_link_create(const char *name);
struct model_link *model_link_clone(const struct model_link *);
bool model_link_equals(const struct model_link *, const struct model_link *);
void model_link_destroy(struct model_link *);
/* True if 'link' is of 'kind' ("tap", "veth"). */
bool model_link_is(const struct model_link *, const char *kind);
/* True if 'link' is of a kind that ovs-vswitchd makes: the userspace datapath
 * has TAPs. */
bool model_link_is_vswitchds(const struct model_link *);
/* True if 'link' is a TAP that a process holds open. */
bool model_link_in_use(const struct model_link *);
void model_link_set_number(struct model_link *, const char *field,
                           uint32_t value);
/* True if the kernel changes 'field' only through a file descriptor that is
 * attached to the TAP, so that nobody else may hold it. */
bool model_link_field_needs_attach(const char *field);
/* How many queues of TAP 'link' processes hold, enabled or not. */
unsigned int model_link_n_attached(const struct model_link *);

/* The offload in a field of a link, or NULL for a field that is none's. */
const char *model_offload_of_field(const char *field);

/* The option of a bond likewise. */
const char *model_bond_option_of_field(const char *field);

/* Marks.  model_mark_object() returns the object id in 'mark' (a pointer into
 * it) if it is of 'instance', otherwise NULL. */
char *model_mark(const char *instance, const char *object);
const char *model_mark_object(const char *mark, const char *instance);
/* The mark in the ifalias of 'link', or NULL. */
const char *model_link_mark(const struct model_link *link);

/* True for a device that a run of this instance has created and could not mark
 * any more.  Any alias, even one of ours, says that it is none. */
bool model_link_is_leftover(const struct model_link *);

/* Completes a wanted object by what says that it is ours: the mark and the
 * list of its fields on each row, the alias on each link that we are to
 * create. */
struct model_object;
void model_object_mark(struct model_object *, const char *instance);

/* True for a field of a row that is a note to ourselves: the spec does not say
 * it, and it says nothing to the reader of a plan. */
bool model_field_is_bookkeeping(const char *field);

/* The set of owned fields as MODEL_OWNED holds it: names in ascending order,
 * separated by one space, with " ", "%" and control characters as %XX. */
struct sset;
char *model_owned_format(const struct sset *);
void model_owned_parse(const char *, struct sset *);
/* Adds to the set what the fields of a row list as owned, if anything. */
void model_owned_read(const struct smap *fields, struct sset *);

/* What one object of a spec lowers to.  Owns everything it points to. */
struct model_object {
    char *id;
    char *source;               /* File it comes from: "vms.d/vm1.json". */
    struct model_bridge *bridge; /* Or NULL. */
    struct model_port **ports;
    size_t n_ports;
    struct model_link **links;
    size_t n_links;
    struct model_row **satellites;
    size_t n_satellites;
    bool paused;                /* Observe and report, do not touch. */
    bool quarantined;           /* Its links are held admin-down. */
    unsigned int queues;        /* NIC: wanted; otherwise 0. */
    char *mac;                  /* NIC: the guest's, lower case, or NULL. */
    char *iface_id;             /* NIC: or NULL. */
    uint64_t version;           /* Differs from that of every other that was
                                 * ever wanted; no part of its value. */
    char *problem;              /* Why it cannot be made here, or NULL. */
};

struct model_object *model_object_create(const char *id, const char *source);
void model_object_destroy(struct model_object *);
bool model_object_equals(const struct model_object *,
                         const struct model_object *);
/* These take ownership of the second argument. */
void model_object_add_port(struct model_object *, struct model_port *);
void model_object_add_link(struct model_object *, struct model_link *);
void model_object_add_satellite(struct model_object *, struct model_row *);
struct model_port *model_object_find_port(const struct model_object *,
                                          const char *name);
struct model_link *model_object_find_link(const struct model_object *,
                                          const char *name);

struct model_row *model_object_find_satellite(const struct model_object *,
                                              enum model_table,
                                              const char *name);

/* True for an id of the form VM/NIC, false for the host's own objects. */
bool model_id_is_nic(const char *id);
/* True for an id that no file names: MODEL_QOS_NOOP, MODEL_LEFTOVERS. */
bool model_id_is_internal(const char *id);

/* A number from 0 to 65535 that stands for 'instance' where there is room for
 * nothing longer. */
unsigned int model_instance_number(const char *instance);

/* What an object is like, for operators (docs/reference.md). */
enum model_state {
    MODEL_READY,
    MODEL_APPLYING,
    MODEL_WAITING,
    MODEL_PENDING,
    MODEL_IN_USE,
    MODEL_HELD,
    MODEL_PAUSED,
    MODEL_QUARANTINED,
    MODEL_CONFLICT,
    MODEL_ERROR,
    MODEL_INVALID,
    MODEL_DEGRADED,
    MODEL_N_STATES
};
const char *model_state_name(enum model_state);
/* MODEL_N_STATES for a name that is none's. */
enum model_state model_state_from_name(const char *name);

/* How a state counts for somebody who waits. */
enum model_outcome {
    MODEL_UNDERWAY,             /* It will change by itself. */
    MODEL_BLOCKED,              /* Something from outside must happen. */
    MODEL_AT_REST,              /* As wanted. */
    MODEL_FAILED                /* It stays so until somebody mends it. */
};
enum model_outcome model_state_outcome(enum model_state);

#endif /* src/model/model.h */
