/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_KERNEL_RTBOND_H
#define PORTD_KERNEL_RTBOND_H 1

/* rtnetlink messages of bonds
 * ===========================
 *
 * As rtnl.h for links: pure functions over buffers.  The options of a bond are
 * the fields MODEL_L_BOND of its link, with values in the words of the
 * kernel's own documentation. */

#include <stdbool.h>
#include <stdint.h>

struct model_link;
struct nl_msg;
struct nlattr;
struct smap;

/* Puts what IFLA_INFO_DATA of a bond, or IFLA_INFO_SLAVE_DATA of a member,
 * says into the fields of 'link'. */
void rtnl_parse_bond(struct model_link *link, struct nlattr *data);
void rtnl_parse_bond_member(struct model_link *link, struct nlattr *data);

/* True if option 'name' ("mode") can be set to 'value'; MODEL_BOND_PRIMARY
 * takes the number of a device. */
bool rtnl_bond_option_is_valid(const char *name, const char *value);

/* The messages below are for the caller to nlmsg_free() and ask for an
 * acknowledgement. 'options' holds names and values that are valid.
 *
 * RTM_NEWLINK that creates the bond 'name', down and in IFLA_GROUP 'group'. */
struct nl_msg *rtnl_add_bond(const char *name, uint32_t group,
                             const struct smap *options);
/* Sets options of the bond 'ifindex'. */
struct nl_msg *rtnl_set_bond(int ifindex, const struct smap *options);
/* Makes 'ifindex' a member of 'master', or with 0 of nothing. */
struct nl_msg *rtnl_set_master(int ifindex, int master);

#endif /* src/kernel/rtbond.h */
