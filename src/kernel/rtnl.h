/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_KERNEL_RTNL_H
#define PORTD_KERNEL_RTNL_H 1

/* rtnetlink messages
 * ==================
 *
 * Link messages to structs and back: pure functions over buffers, which know
 * of no socket.  What they read comes from the kernel, and every length in it
 * is checked all the same. */

#include <stdbool.h>
#include <stdint.h>
#include "openvswitch/types.h"

struct model_link;
struct nl_msg;
struct nlmsghdr;

/* What one RTM_NEWLINK or RTM_DELLINK says. */
struct rtnl_link {
    bool gone;                  /* RTM_DELLINK. */
    int ifindex;
    uint32_t group;             /* IFLA_GROUP. */
    struct model_link *link;    /* NULL if 'gone'. */
};

/* Decodes 'nlh', whose nlmsg_len the caller has checked against its buffer.
 * Returns true and fills in '*out', for rtnl_link_destroy(); returns false if
 * it is no RTM_NEWLINK or RTM_DELLINK of family AF_UNSPEC (a bridge, for one,
 * repeats each change of a member with AF_BRIDGE and few attributes), or if
 * it is malformed. */
bool rtnl_parse_link(const struct nlmsghdr *nlh, struct rtnl_link *out);
void rtnl_link_destroy(struct rtnl_link *);

/* The ifindex of the device whose root qdisc 'nlh' (same condition) reports
 * to be changed, or 0 if it reports no such thing. */
int rtnl_parse_root_qdisc(const struct nlmsghdr *nlh);

/* What to change in a link. */
struct rtnl_settings {
    bool has_mac, has_mtu, has_arp_ignore, has_up, has_group;
    struct eth_addr mac;
    uint32_t mtu;
    uint32_t arp_ignore;
    bool up;
    uint32_t group;             /* IFLA_GROUP, not the owning group. */
    const char *alias;          /* NULL: leave; "": clear; max. 255 bytes. */
    bool promote_secondaries;   /* Set it; there is no clearing. */
    int addr_gen_mode;          /* IN6_ADDR_GEN_MODE_*; -1: leave. */
};
#define RTNL_SETTINGS_INITIALIZER { .addr_gen_mode = -1 }

/* Returns true if 's' changes nothing. */
bool rtnl_settings_is_empty(const struct rtnl_settings *s);

/* The IN6_ADDR_GEN_MODE_* called 'name' ("none", "eui64", "stable_secret",
 * "random"), or -1. */
int rtnl_addr_gen_mode_from_string(const char *name);

/* IFLA_GROUP of devices that we are still setting up: "ov" in the upper half,
 * model_instance_number() in the lower.  Neither an alias nor anything else
 * that could say whose the new devices are is taken along by the message that
 * creates them, but the group is. */
#define RTNL_GROUP_UNFINISHED 0x6f760000

/* The messages below are for the caller to nlmsg_free(); all but those of
 * rtnl_get() ask for an acknowledgement.
 *
 * RTM_GETLINK of one link, or with 'ifindex' 0 a dump of all. */
struct nl_msg *rtnl_get(int ifindex);

/* RTM_SETLINK with all of 's' for the device 'ifindex', and for no other: with
 * an ifindex and without a name the kernel never looks at names. */
struct nl_msg *rtnl_set(int ifindex, const struct rtnl_settings *s);

/* RTM_NEWLINK that creates the veth 'name' and its other end 'peer' at once,
 * both down and in IFLA_GROUP 'group'; both names must be valid ones. */
struct nl_msg *rtnl_add_veth(const char *name, const char *peer,
                             uint32_t group);

/* RTM_DELLINK of one device / of all devices of IFLA_GROUP 'group'. */
struct nl_msg *rtnl_del(int ifindex);
struct nl_msg *rtnl_del_group(uint32_t group);

/* Makes a qdisc of 'kind', with its default options, the root qdisc of
 * 'ifindex'; with 'kind' NULL removes the root qdisc, and the kernel puts its
 * default one there. */
struct nl_msg *rtnl_set_qdisc(int ifindex, const char *kind);

#endif /* src/kernel/rtnl.h */
