/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "controller/backlog.h"

#include <stddef.h>
#include "jsonrpc.h"

/* The linker's names: what libopenvswitch calls, and what that was. */
int __wrap_jsonrpc_recv(struct jsonrpc *, struct jsonrpc_msg **);
int __real_jsonrpc_recv(struct jsonrpc *, struct jsonrpc_msg **);

/* Where a message was last looked for; good until the next time. */
static const struct jsonrpc *last;

int
__wrap_jsonrpc_recv(struct jsonrpc *rpc, struct jsonrpc_msg **msgp)
{
    last = rpc;
    return __real_jsonrpc_recv(rpc, msgp);
}

bool
backlog_is_empty(void)
{
    /* The linker does not wrap what a shared libopenvswitch calls itself:
     * then nobody knows, and who reads its answers must not suffer from
     * that. */
    return !last || !jsonrpc_get_backlog(last);
}
