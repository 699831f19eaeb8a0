/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_KERNEL_RTADDR_H
#define PORTD_KERNEL_RTADDR_H 1

/* rtnetlink messages of addresses
 * ===============================
 *
 * As rtnl.h for links: pure functions over buffers. */

#include <stdbool.h>
#include "src/model/address.h"

struct nl_msg;
struct nlmsghdr;

/* What one RTM_NEWADDR or RTM_DELADDR says. */
struct rtnl_address {
    bool gone;                  /* RTM_DELADDR. */
    int ifindex;
    struct model_address address;
    const char *value;          /* MODEL_ADDRESS_*. */
};

/* Decodes 'nlh', whose nlmsg_len the caller has checked against its buffer.
 * Returns false if it is no RTM_NEWADDR or RTM_DELADDR, if it is malformed,
 * or if the address is not one that a spec can say: that of a point-to-point
 * device with another for its peer. */
bool rtnl_parse_address(const struct nlmsghdr *nlh, struct rtnl_address *out);

/* A dump of all addresses; for the caller to nlmsg_free(), as those below,
 * which ask for an acknowledgement. */
struct nl_msg *rtnl_get_addresses(void);

/* Gives device 'ifindex' the address, for good; 'replace': it has it, but not
 * for good. */
struct nl_msg *rtnl_add_address(int ifindex, const struct model_address *,
                                bool replace);
struct nl_msg *rtnl_del_address(int ifindex, const struct model_address *);

#endif /* src/kernel/rtaddr.h */
