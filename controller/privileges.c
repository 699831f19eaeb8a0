/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "controller/privileges.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/capability.h>

#include "openvswitch/vlog.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(privileges);

void
privileges_reduce(void)
{
    struct __user_cap_header_struct header = {
        .version = _LINUX_CAPABILITY_VERSION_3,
    };
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

    if (!geteuid()) {
        return;                 /* What root may is the unit's to say. */
    }
    if (syscall(SYS_capget, &header, data)) {
        VLOG_WARN("cannot read the capabilities: %s", ovs_strerror(errno));
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(data); i++) {
        uint32_t keep = (i == CAP_TO_INDEX(CAP_NET_ADMIN)
                         ? CAP_TO_MASK(CAP_NET_ADMIN) : 0);

        data[i].effective &= keep;
        data[i].permitted &= keep;
        data[i].inheritable = 0;
    }
    if (syscall(SYS_capset, &header, data)) {
        VLOG_FATAL("cannot give up capabilities: %s", ovs_strerror(errno));
    }
}
