/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <linux/netlink.h>
#include <netlink/msg.h>

#include "src/kernel/rtaddr.h"
#include "src/kernel/rtnl.h"
#include "src/model/model.h"
#include "util.h"

/* The decoders of link and address messages over any bytes: whatever
 * nlmsg_ok() lets pass must neither read out of bounds nor leak. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* A copy, so that it is aligned as netlink buffers are and a read beyond
     * its end is noticed. */
    uint8_t *copy = malloc(size ? size : 1);
    struct nlmsghdr *nlh = ALIGNED_CAST(struct nlmsghdr *, copy);
    int left = size;

    if (!copy) {
        return 0;
    }
    memcpy(copy, data, size);
    for (; nlmsg_ok(nlh, left); nlh = nlmsg_next(nlh, &left)) {
        struct rtnl_address address;
        struct rtnl_link link;

        if (rtnl_parse_link(nlh, &link)) {
            if (!link.gone && (!link.link || !link.link->name[0]
                               || link.link->ifindex != link.ifindex)) {
                abort();
            }
            rtnl_link_destroy(&link);
        }
        if (rtnl_parse_address(nlh, &address)
            && (address.ifindex <= 0 || !address.address.prefix)) {
            abort();
        }
        if (rtnl_parse_root_qdisc(nlh) < 0) {
            abort();
        }
    }
    free(copy);
    return 0;
}
