/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/kernel/msg.h"

#include <string.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include "util.h"

static bool
attr_copy(struct nlattr *a, void *value, size_t size)
{
    if (!a || nla_len(a) < size) {
        return false;
    }
    memcpy(value, nla_data(a), size);
    return true;
}

bool
attr_u32(struct nlattr *a, uint32_t *value)
{
    return attr_copy(a, value, sizeof *value);
}

bool
attr_u16(struct nlattr *a, uint16_t *value)
{
    return attr_copy(a, value, sizeof *value);
}

bool
attr_u8(struct nlattr *a, uint8_t *value)
{
    return attr_copy(a, value, sizeof *value);
}

char *
attr_string(struct nlattr *a)
{
    return a ? xmemdup0(nla_data(a), strnlen(nla_data(a), nla_len(a))) : NULL;
}

/* libnl's nla_parse_nested() takes lengths from the attribute alone, which
 * the enclosing nla_parse() has held against its own bounds. */
bool
attr_nested(struct nlattr *a, struct nlattr **tb, int max)
{
    return a && !nla_parse(tb, max, nla_data(a), nla_len(a), NULL);
}

struct nl_msg *
msg_new(int type, int flags, const void *header, size_t size)
{
    struct nl_msg *msg = nlmsg_alloc_simple(type, NLM_F_REQUEST | flags);

    if (!msg || nlmsg_append(msg, CONST_CAST(void *, header), size,
                             NLMSG_ALIGNTO)) {
        out_of_memory();
    }
    return msg;
}

void
msg_put(struct nl_msg *msg, int type, const void *data, size_t size)
{
    if (nla_put(msg, type, size, data)) {
        out_of_memory();
    }
}

void
msg_put_u32(struct nl_msg *msg, int type, uint32_t value)
{
    msg_put(msg, type, &value, sizeof value);
}

void
msg_put_u8(struct nl_msg *msg, int type, uint8_t value)
{
    msg_put(msg, type, &value, sizeof value);
}

struct nlattr *
msg_nest(struct nl_msg *msg, int type)
{
    struct nlattr *a = nla_nest_start(msg, type);

    if (!a) {
        out_of_memory();
    }
    return a;
}
