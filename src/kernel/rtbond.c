/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/kernel/rtbond.h"

#include <string.h>
#include <sys/socket.h>
#include <linux/if_bonding.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include "packets.h"
#include "src/kernel/msg.h"
#include "src/model/bond.h"
#include "src/model/model.h"
#include "util.h"

/* In the order in which the kernel has to take them: it goes through a message
 * in its own. */
static const struct option {
    const char *name;
    int type;                   /* IFLA_BOND_*. */
    const char *const *words;   /* For 8 bits; NULL: a number of 32 bits. */
} options[] = {
    { "mode", IFLA_BOND_MODE, model_bond_modes },
    { "miimon", IFLA_BOND_MIIMON, NULL },
    { "updelay", IFLA_BOND_UPDELAY, NULL },
    { "downdelay", IFLA_BOND_DOWNDELAY, NULL },
    { "min_links", IFLA_BOND_MIN_LINKS, NULL },
    { "lacp_rate", IFLA_BOND_AD_LACP_RATE, model_bond_lacp_rates },
    { "xmit_hash_policy", IFLA_BOND_XMIT_HASH_POLICY,
      model_bond_hash_policies },
    { MODEL_BOND_PRIMARY, IFLA_BOND_PRIMARY, NULL },
};

/* The word with number 'i', or NULL. */
static const char *
find_word(const char *const *words, size_t i)
{
    for (size_t j = 0; words[j]; j++) {
        if (j == i) {
            return words[j];
        }
    }
    return NULL;
}

static void
parse_option(struct model_link *link, const struct option *o,
             struct nlattr *a)
{
    char *field = xasprintf(MODEL_L_BOND"%s", o->name);
    const char *word;
    uint32_t u32;
    uint8_t u8;

    if (!o->words && attr_u32(a, &u32)) {
        model_link_set_number(link, field, u32);
    } else if (o->words && attr_u8(a, &u8)) {
        word = find_word(o->words, u8);
        if (word) {
            smap_replace(&link->fields, field, word);
        } else {
            model_link_set_number(link, field, u8);
        }
    }
    free(field);
}

/* What LACP has found out.  Without a partner its MAC is all zeros. */
static void
parse_ad_info(struct model_link *link, struct nlattr *info)
{
    struct nlattr *tb[IFLA_BOND_AD_INFO_MAX + 1];
    struct eth_addr mac;
    uint16_t id;

    if (!attr_nested(info, tb, IFLA_BOND_AD_INFO_MAX)) {
        return;
    }
    if (attr_u16(tb[IFLA_BOND_AD_INFO_AGGREGATOR], &id)) {
        model_link_set_number(link, MODEL_L_AGGREGATOR, id);
    }
    if (tb[IFLA_BOND_AD_INFO_PARTNER_MAC]
        && nla_len(tb[IFLA_BOND_AD_INFO_PARTNER_MAC]) >= sizeof mac) {
        memcpy(&mac, nla_data(tb[IFLA_BOND_AD_INFO_PARTNER_MAC]), sizeof mac);
        if (!eth_addr_is_zero(mac)) {
            smap_add_format(&link->fields, MODEL_L_LACP_PARTNER, ETH_ADDR_FMT,
                            ETH_ADDR_ARGS(mac));
        }
    }
}

void
rtnl_parse_bond(struct model_link *link, struct nlattr *data)
{
    struct nlattr *tb[IFLA_BOND_MAX + 1];
    uint32_t u32;

    if (!attr_nested(data, tb, IFLA_BOND_MAX)) {
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
        parse_option(link, &options[i], tb[options[i].type]);
    }
    if (attr_u32(tb[IFLA_BOND_ACTIVE_SLAVE], &u32) && u32) {
        model_link_set_number(link, MODEL_L_ACTIVE, u32);
    }
    parse_ad_info(link, tb[IFLA_BOND_AD_INFO]);
}

void
rtnl_parse_bond_member(struct model_link *link, struct nlattr *data)
{
    static const char *const states[] = { "up", "going down", "down",
                                          "going up", NULL };
    struct nlattr *tb[IFLA_BOND_SLAVE_MAX + 1];
    const char *word;
    uint16_t u16;
    uint8_t u8;

    if (!attr_nested(data, tb, IFLA_BOND_SLAVE_MAX)) {
        return;
    }
    if (attr_u8(tb[IFLA_BOND_SLAVE_MII_STATUS], &u8)) {
        word = find_word(states, u8);
        smap_replace(&link->fields, MODEL_L_MEMBER_STATE,
                     word ? word : "unknown");
    }
    if (attr_u16(tb[IFLA_BOND_SLAVE_AD_AGGREGATOR_ID], &u16)) {
        model_link_set_number(link, MODEL_L_AGGREGATOR, u16);
    }
}

/* Encoding. */

static const struct option *
find_option(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
        if (!strcmp(options[i].name, name)) {
            return &options[i];
        }
    }
    return NULL;
}

static bool
parse_value(const struct option *o, const char *value, uint32_t *number)
{
    unsigned int u;

    if (o->words) {
        for (u = 0; o->words[u]; u++) {
            if (!strcmp(o->words[u], value)) {
                *number = u;
                return true;
            }
        }
        return false;
    }
    if (!value[0] || value[strspn(value, "0123456789")]
        || !str_to_uint(value, 10, &u)) {
        return false;
    }
    *number = u;
    return true;
}

bool
rtnl_bond_option_is_valid(const char *name, const char *value)
{
    const struct option *o = find_option(name);
    uint32_t number;

    return o && parse_value(o, value, &number);
}

static void
put_linkinfo(struct nl_msg *msg, const struct smap *wanted)
{
    struct nlattr *info = msg_nest(msg, IFLA_LINKINFO);
    struct nlattr *data;

    msg_put(msg, IFLA_INFO_KIND, "bond", strlen("bond"));
    data = msg_nest(msg, IFLA_INFO_DATA);
    for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
        const struct option *o = &options[i];
        const char *value = smap_get(wanted, o->name);
        uint32_t number;

        if (!value || !parse_value(o, value, &number)) {
            continue;
        } else if (o->words) {
            msg_put_u8(msg, o->type, number);
        } else {
            msg_put_u32(msg, o->type, number);
        }
    }
    nla_nest_end(msg, data);
    nla_nest_end(msg, info);
}

static struct nl_msg *
new_link_message(int type, int flags, int ifindex)
{
    struct ifinfomsg ifi = { .ifi_family = AF_UNSPEC, .ifi_index = ifindex };

    return msg_new(type, NLM_F_ACK | flags, &ifi, sizeof ifi);
}

struct nl_msg *
rtnl_add_bond(const char *name, uint32_t group, const struct smap *wanted)
{
    struct nl_msg *msg = new_link_message(RTM_NEWLINK,
                                          NLM_F_CREATE | NLM_F_EXCL, 0);

    msg_put(msg, IFLA_IFNAME, name, strlen(name) + 1);
    msg_put_u32(msg, IFLA_GROUP, group);
    put_linkinfo(msg, wanted);
    return msg;
}

struct nl_msg *
rtnl_set_bond(int ifindex, const struct smap *wanted)
{
    struct nl_msg *msg = new_link_message(RTM_NEWLINK, 0, ifindex);

    put_linkinfo(msg, wanted);
    return msg;
}

struct nl_msg *
rtnl_set_master(int ifindex, int master)
{
    struct nl_msg *msg = new_link_message(RTM_SETLINK, 0, ifindex);

    msg_put_u32(msg, IFLA_MASTER, master);
    return msg;
}
