/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_CLI_BOND_VIEW_H
#define PORTD_CLI_BOND_VIEW_H 1

/* What "show" says of bonds beside their states.  The daemon, or the model,
 * knows what the kernel has found out about its own; of Open vSwitch's,
 * ovs-vswitchd alone knows, and is asked when somebody wants to see it. */

#include <stdbool.h>
#include <stddef.h>

struct cli;
struct ds;
struct json;
struct object_view;

/* True if there is something to say, or would be. */
bool bond_view_is_bond(const struct object_view *);

/* Asks ovs-vswitchd for the facts of those of the 'n' 'views' that are bonds
 * and have none yet.  If it does not answer in a second they stay so, and a
 * note says why. */
void bond_views_ask(const struct cli *, struct object_view *views[],
                    size_t n);

/* Appends 'members' of such facts in words: "eth1 enabled, eth2 disabled". */
void bond_view_put_members(struct ds *, const struct json *members);

#endif /* src/cli/bond-view.h */
