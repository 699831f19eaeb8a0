/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/kernel/rtaddr.h"

#include <string.h>
#include <sys/socket.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include "src/kernel/msg.h"
#include "src/model/model.h"
#include "util.h"

/* IFA_FLAGS has 32 bits, of which the header has 8. */
static uint32_t
parse_flags(const struct ifaddrmsg *ifa, struct nlattr **tb)
{
    uint32_t flags = ifa->ifa_flags;

    attr_u32(tb[IFA_FLAGS], &flags);
    return flags;
}

bool
rtnl_parse_address(const struct nlmsghdr *nlh, struct rtnl_address *out)
{
    struct nlattr *tb[IFA_MAX + 1];
    const struct ifaddrmsg *ifa;
    struct model_address *a = &out->address;

    if ((nlh->nlmsg_type != RTM_NEWADDR && nlh->nlmsg_type != RTM_DELADDR)
        || !nlmsg_valid_hdr(nlh, sizeof *ifa)) {
        return false;
    }
    ifa = nlmsg_data(nlh);
    if ((ifa->ifa_family != AF_INET && ifa->ifa_family != AF_INET6)
        || nla_parse(tb, IFA_MAX, nlmsg_attrdata(nlh, sizeof *ifa),
                     nlmsg_attrlen(nlh, sizeof *ifa), NULL)) {
        return false;
    }

    memset(out, 0, sizeof *out);
    out->gone = nlh->nlmsg_type == RTM_DELADDR;
    out->ifindex = ifa->ifa_index;
    a->family = ifa->ifa_family;
    a->prefix = ifa->ifa_prefixlen;

    size_t size = model_address_size(a);
    struct nlattr *address = tb[IFA_ADDRESS];
    struct nlattr *local = tb[IFA_LOCAL] ? tb[IFA_LOCAL] : address;
    if (!local || !address || nla_len(local) != size
        || nla_len(address) != size
        || memcmp(nla_data(local), nla_data(address), size)
        || !a->prefix || a->prefix > size * 8) {
        return false;
    }
    memcpy(&a->ipv6, nla_data(local), size);

    uint32_t flags = parse_flags(ifa, tb);
    out->value = (flags & IFA_F_DADFAILED ? MODEL_ADDRESS_DUPLICATE
                  : flags & IFA_F_PERMANENT ? MODEL_ADDRESS_PERMANENT
                  : MODEL_ADDRESS_DYNAMIC);
    return out->ifindex > 0;
}

static struct nl_msg *
address_message(int type, int flags, int ifindex,
                const struct model_address *a)
{
    struct ifaddrmsg ifa = {
        .ifa_family = a->family,
        .ifa_prefixlen = a->prefix,
        .ifa_index = ifindex,
    };
    struct nl_msg *msg = msg_new(type, NLM_F_ACK | flags, &ifa, sizeof ifa);

    msg_put(msg, IFA_LOCAL, &a->ipv6, model_address_size(a));
    msg_put(msg, IFA_ADDRESS, &a->ipv6, model_address_size(a));
    return msg;
}

struct nl_msg *
rtnl_get_addresses(void)
{
    struct ifaddrmsg ifa = { .ifa_family = AF_UNSPEC };

    return msg_new(RTM_GETADDR, NLM_F_DUMP, &ifa, sizeof ifa);
}

struct nl_msg *
rtnl_add_address(int ifindex, const struct model_address *a, bool replace)
{
    return address_message(RTM_NEWADDR,
                           NLM_F_CREATE | (replace ? NLM_F_REPLACE
                                                   : NLM_F_EXCL),
                           ifindex, a);
}

struct nl_msg *
rtnl_del_address(int ifindex, const struct model_address *a)
{
    return address_message(RTM_DELADDR, 0, ifindex, a);
}
