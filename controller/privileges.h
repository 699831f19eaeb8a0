/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_CONTROLLER_PRIVILEGES_H
#define PORTD_CONTROLLER_PRIVILEGES_H 1

/* Gives up, where the process is not root's, all capabilities but
 * CAP_NET_ADMIN: for --user libopenvswitch keeps some more, which ovs-vswitchd
 * needs.  To be called while there is only one thread. */
void privileges_reduce(void);

#endif /* controller/privileges.h */
