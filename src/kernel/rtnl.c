/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/kernel/rtnl.h"

#include <string.h>
#include <sys/socket.h>
#include <net/if.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/ip.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include "packets.h"
#include "src/kernel/msg.h"
#include "src/kernel/rtbond.h"
#include "src/model/model.h"
#include "util.h"

/* From linux/rtnetlink.h of newer kernels: leave out what is long and not
 * used. */
#ifndef RTEXT_FILTER_SKIP_STATS
#define RTEXT_FILTER_SKIP_STATS (1 << 3)
#endif

static const char *const addr_gen_modes[] = {
    [IN6_ADDR_GEN_MODE_EUI64] = "eui64",
    [IN6_ADDR_GEN_MODE_NONE] = "none",
    [IN6_ADDR_GEN_MODE_STABLE_PRIVACY] = "stable_secret",
    [IN6_ADDR_GEN_MODE_RANDOM] = "random",
};

int
rtnl_addr_gen_mode_from_string(const char *name)
{
    for (int i = 0; i < ARRAY_SIZE(addr_gen_modes); i++) {
        if (!strcmp(name, addr_gen_modes[i])) {
            return i;
        }
    }
    return -1;
}

/* Decoding. */

static void
set_bool(struct model_link *link, const char *field, bool value)
{
    smap_replace(&link->fields, field, value ? "true" : "false");
}

static void
parse_tun(struct model_link *link, struct nlattr *data)
{
    struct nlattr *tb[IFLA_TUN_MAX + 1];
    uint32_t u32;
    uint8_t u8;

    if (!attr_nested(data, tb, IFLA_TUN_MAX)) {
        return;
    }
    if (attr_u8(tb[IFLA_TUN_TYPE], &u8) && u8 == IFF_TAP) {
        smap_replace(&link->fields, MODEL_L_KIND, "tap");
    }
    if (attr_u32(tb[IFLA_TUN_OWNER], &u32)) {
        model_link_set_number(link, MODEL_L_OWNER, u32);
    }
    if (attr_u32(tb[IFLA_TUN_GROUP], &u32)) {
        model_link_set_number(link, MODEL_L_GROUP, u32);
    }
    if (attr_u8(tb[IFLA_TUN_MULTI_QUEUE], &u8)) {
        set_bool(link, MODEL_L_MULTI_QUEUE, u8);
    }
    if (attr_u8(tb[IFLA_TUN_PERSIST], &u8)) {
        set_bool(link, MODEL_L_PERSIST, u8);
    }
    if (attr_u32(tb[IFLA_TUN_NUM_QUEUES], &u32)) {
        link->n_queues = u32;
    }
    if (attr_u32(tb[IFLA_TUN_NUM_DISABLED_QUEUES], &u32)) {
        link->n_disabled = u32;
    }
}

static void
parse_linkinfo(struct model_link *link, struct nlattr *info)
{
    struct nlattr *tb[IFLA_INFO_MAX + 1] = { NULL };
    char *kind = NULL;

    if (attr_nested(info, tb, IFLA_INFO_MAX)) {
        kind = attr_string(tb[IFLA_INFO_KIND]);
    }
    smap_replace(&link->fields, MODEL_L_KIND, kind ? kind : "");
    if (kind && !strcmp(kind, "tun")) {
        parse_tun(link, tb[IFLA_INFO_DATA]);
    } else if (kind && !strcmp(kind, "bond")) {
        rtnl_parse_bond(link, tb[IFLA_INFO_DATA]);
    }
    free(kind);
    kind = info ? attr_string(tb[IFLA_INFO_SLAVE_KIND]) : NULL;
    if (kind && !strcmp(kind, "bond")) {
        rtnl_parse_bond_member(link, tb[IFLA_INFO_SLAVE_DATA]);
    }
    free(kind);
}

/* IFLA_INET_CONF is an array of 32-bit numbers, IPV4_DEVCONF_* less 1 being
 * the index (the kernel's inet_fill_link_af()). */
static void
parse_inet(struct model_link *link, struct nlattr *inet)
{
    const size_t offset = (IPV4_DEVCONF_ARP_IGNORE - 1) * sizeof(uint32_t);
    struct nlattr *tb[IFLA_INET_MAX + 1];
    uint32_t value;

    if (attr_nested(inet, tb, IFLA_INET_MAX) && tb[IFLA_INET_CONF]
        && nla_len(tb[IFLA_INET_CONF]) >= offset + sizeof value) {
        memcpy(&value, (char *) nla_data(tb[IFLA_INET_CONF]) + offset,
               sizeof value);
        model_link_set_number(link, MODEL_L_ARP_IGNORE, value);
    }
}

/* A device without IPv6 (an MTU below 1280, or a kernel without it) has no
 * AF_INET6 part.  It gets no address of its own either, which is all that
 * mode "none" is wanted for. */
static void
parse_inet6(struct model_link *link, struct nlattr *inet6)
{
    struct nlattr *tb[IFLA_INET6_MAX + 1];
    uint8_t mode = IN6_ADDR_GEN_MODE_NONE;

    if (inet6
        && (!attr_nested(inet6, tb, IFLA_INET6_MAX)
            || !attr_u8(tb[IFLA_INET6_ADDR_GEN_MODE], &mode)
            || mode >= ARRAY_SIZE(addr_gen_modes))) {
        return;
    }
    smap_replace(&link->fields, MODEL_L_ADDR_GEN_MODE, addr_gen_modes[mode]);
}

static void
parse_af_spec(struct model_link *link, struct nlattr *af_spec)
{
    struct nlattr *tb[AF_INET6 + 1] = { NULL };

    /* Attribute types are address families here. */
    if (af_spec && !attr_nested(af_spec, tb, AF_INET6)) {
        return;
    }
    parse_inet(link, tb[AF_INET]);
    parse_inet6(link, tb[AF_INET6]);
}

static void
parse_mac(struct model_link *link, struct nlattr *a)
{
    char text[ETH_ADDR_STRLEN + 1];
    struct eth_addr mac;

    /* Tunnels and InfiniBand have addresses of other lengths. */
    if (a && nla_len(a) == sizeof mac) {
        memcpy(&mac, nla_data(a), sizeof mac);
        /* With smap_add_format(), which formats twice, a tenth of what an
         * event costs. */
        snprintf(text, sizeof text, ETH_ADDR_FMT, ETH_ADDR_ARGS(mac));
        smap_add(&link->fields, MODEL_L_MAC, text);
    }
}

static struct model_link *
parse_attrs(const struct ifinfomsg *ifi, struct nlattr **tb)
{
    char *name = attr_string(tb[IFLA_IFNAME]);
    struct model_link *link;
    uint32_t u32;
    uint8_t u8;
    char *text;

    if (!name || !name[0]) {
        free(name);
        return NULL;
    }
    link = model_link_create(name);
    free(name);

    link->ifindex = ifi->ifi_index;
    link->carrier = attr_u8(tb[IFLA_CARRIER], &u8) && u8;
    set_bool(link, MODEL_L_UP, ifi->ifi_flags & IFF_UP);
    parse_mac(link, tb[IFLA_ADDRESS]);
    if (attr_u32(tb[IFLA_MTU], &u32)) {
        model_link_set_number(link, MODEL_L_MTU, u32);
    }
    text = attr_string(tb[IFLA_IFALIAS]);
    if (text && text[0]) {
        smap_replace(&link->fields, MODEL_L_ALIAS, text);
    }
    free(text);
    text = attr_string(tb[IFLA_QDISC]);
    if (text) {
        smap_replace(&link->fields, MODEL_L_QDISC, text);
    }
    free(text);
    parse_linkinfo(link, tb[IFLA_LINKINFO]);
    if (model_link_is(link, "veth") && !tb[IFLA_LINK_NETNSID]
        && attr_u32(tb[IFLA_LINK], &u32)) {
        link->peer_ifindex = u32;
    }
    if (attr_u32(tb[IFLA_MASTER], &u32) && u32) {
        model_link_set_number(link, MODEL_L_MASTER, u32);
    }
    if ((model_link_is(link, "veth") || model_link_is(link, "bond"))
        && attr_u32(tb[IFLA_GROUP], &u32)
        && (u32 & ~UINT16_MAX) == RTNL_GROUP_UNFINISHED) {
        model_link_set_number(link, MODEL_L_UNFINISHED, u32 & UINT16_MAX);
    }
    parse_af_spec(link, tb[IFLA_AF_SPEC]);
    return link;
}

bool
rtnl_parse_link(const struct nlmsghdr *nlh, struct rtnl_link *out)
{
    struct nlattr *tb[IFLA_MAX + 1];
    const struct ifinfomsg *ifi;

    if ((nlh->nlmsg_type != RTM_NEWLINK && nlh->nlmsg_type != RTM_DELLINK)
        || !nlmsg_valid_hdr(nlh, sizeof *ifi)) {
        return false;
    }
    ifi = nlmsg_data(nlh);
    if (ifi->ifi_family != AF_UNSPEC || ifi->ifi_index <= 0
        || nla_parse(tb, IFLA_MAX, nlmsg_attrdata(nlh, sizeof *ifi),
                     nlmsg_attrlen(nlh, sizeof *ifi), NULL)) {
        return false;
    }

    memset(out, 0, sizeof *out);
    out->ifindex = ifi->ifi_index;
    out->gone = nlh->nlmsg_type == RTM_DELLINK;
    attr_u32(tb[IFLA_GROUP], &out->group);
    if (!out->gone) {
        out->link = parse_attrs(ifi, tb);
    }
    return out->gone || out->link;
}

void
rtnl_link_destroy(struct rtnl_link *rl)
{
    model_link_destroy(rl->link);
    rl->link = NULL;
}

int
rtnl_parse_root_qdisc(const struct nlmsghdr *nlh)
{
    const struct tcmsg *tcm;

    if ((nlh->nlmsg_type != RTM_NEWQDISC && nlh->nlmsg_type != RTM_DELQDISC)
        || !nlmsg_valid_hdr(nlh, sizeof *tcm)) {
        return 0;
    }
    tcm = nlmsg_data(nlh);
    return (tcm->tcm_parent == TC_H_ROOT && tcm->tcm_ifindex > 0
            ? tcm->tcm_ifindex : 0);
}

/* Encoding. */

static struct nl_msg *
link_message_new(int type, int flags, int ifindex, bool change_up, bool up)
{
    struct ifinfomsg ifi = {
        .ifi_family = AF_UNSPEC,
        .ifi_index = ifindex,
        .ifi_flags = up ? IFF_UP : 0,
        .ifi_change = change_up ? IFF_UP : 0,
    };

    return msg_new(type, flags, &ifi, sizeof ifi);
}

bool
rtnl_settings_is_empty(const struct rtnl_settings *s)
{
    return !(s->has_mac || s->has_mtu || s->has_arp_ignore || s->has_up
             || s->has_group || s->alias || s->promote_secondaries
             || s->addr_gen_mode >= 0);
}

struct nl_msg *
rtnl_get(int ifindex)
{
    struct nl_msg *msg = link_message_new(RTM_GETLINK,
                                          ifindex ? 0 : NLM_F_DUMP, ifindex,
                                          false, false);

    msg_put_u32(msg, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
    return msg;
}

static void
put_af_spec(struct nl_msg *msg, const struct rtnl_settings *s)
{
    struct nlattr *af_spec = msg_nest(msg, IFLA_AF_SPEC);

    if (s->has_arp_ignore || s->promote_secondaries) {
        struct nlattr *inet = msg_nest(msg, AF_INET);
        struct nlattr *conf = msg_nest(msg, IFLA_INET_CONF);

        if (s->has_arp_ignore) {
            msg_put_u32(msg, IPV4_DEVCONF_ARP_IGNORE, s->arp_ignore);
        }
        if (s->promote_secondaries) {
            msg_put_u32(msg, IPV4_DEVCONF_PROMOTE_SECONDARIES, 1);
        }
        nla_nest_end(msg, conf);
        nla_nest_end(msg, inet);
    }
    if (s->addr_gen_mode >= 0) {
        struct nlattr *inet6 = msg_nest(msg, AF_INET6);
        uint8_t mode = s->addr_gen_mode;

        msg_put(msg, IFLA_INET6_ADDR_GEN_MODE, &mode, sizeof mode);
        nla_nest_end(msg, inet6);
    }
    nla_nest_end(msg, af_spec);
}

struct nl_msg *
rtnl_set(int ifindex, const struct rtnl_settings *s)
{
    struct nl_msg *msg = link_message_new(RTM_SETLINK, NLM_F_ACK, ifindex,
                                          s->has_up, s->up);

    if (s->has_mac) {
        msg_put(msg, IFLA_ADDRESS, &s->mac, sizeof s->mac);
    }
    if (s->has_mtu) {
        msg_put_u32(msg, IFLA_MTU, s->mtu);
    }
    if (s->has_group) {
        msg_put_u32(msg, IFLA_GROUP, s->group);
    }
    if (s->alias) {
        /* Without the null, so that "" has length 0, which clears. */
        msg_put(msg, IFLA_IFALIAS, s->alias, strlen(s->alias));
    }
    if (s->has_arp_ignore || s->promote_secondaries
        || s->addr_gen_mode >= 0) {
        put_af_spec(msg, s);
    }
    return msg;
}

struct nl_msg *
rtnl_add_veth(const char *name, const char *peer, uint32_t group)
{
    const struct ifinfomsg ifi = { .ifi_family = AF_UNSPEC };
    struct nl_msg *msg = link_message_new(RTM_NEWLINK, (NLM_F_ACK
                                                        | NLM_F_CREATE
                                                        | NLM_F_EXCL), 0,
                                          false, false);
    struct nlattr *info, *data, *other;

    msg_put(msg, IFLA_IFNAME, name, strlen(name) + 1);
    msg_put_u32(msg, IFLA_GROUP, group);
    info = msg_nest(msg, IFLA_LINKINFO);
    msg_put(msg, IFLA_INFO_KIND, "veth", strlen("veth"));
    data = msg_nest(msg, IFLA_INFO_DATA);
    /* A link message within the link message. */
    other = msg_nest(msg, VETH_INFO_PEER);
    if (nlmsg_append(msg, CONST_CAST(void *, &ifi), sizeof ifi,
                     NLMSG_ALIGNTO)) {
        out_of_memory();
    }
    msg_put(msg, IFLA_IFNAME, peer, strlen(peer) + 1);
    msg_put_u32(msg, IFLA_GROUP, group);
    nla_nest_end(msg, other);
    nla_nest_end(msg, data);
    nla_nest_end(msg, info);
    return msg;
}

struct nl_msg *
rtnl_del(int ifindex)
{
    return link_message_new(RTM_DELLINK, NLM_F_ACK, ifindex, false, false);
}

struct nl_msg *
rtnl_del_group(uint32_t group)
{
    struct nl_msg *msg = link_message_new(RTM_DELLINK, NLM_F_ACK, 0, false,
                                          false);

    msg_put_u32(msg, IFLA_GROUP, group);
    return msg;
}

struct nl_msg *
rtnl_set_qdisc(int ifindex, const char *kind)
{
    struct tcmsg tcm = {
        .tcm_family = AF_UNSPEC,
        .tcm_ifindex = ifindex,
        .tcm_parent = TC_H_ROOT,
    };
    struct nl_msg *msg;

    if (!kind) {
        return msg_new(RTM_DELQDISC, NLM_F_ACK, &tcm, sizeof tcm);
    }
    msg = msg_new(RTM_NEWQDISC,
                      NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE,
                      &tcm, sizeof tcm);
    msg_put(msg, TCA_KIND, kind, strlen(kind) + 1);
    return msg;
}
