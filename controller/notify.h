/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_CONTROLLER_NOTIFY_H
#define PORTD_CONTROLLER_NOTIFY_H 1

/* Tells the service manager 'state' ("READY=1"), as sd_notify(3) describes
 * the protocol; does nothing where $NOTIFY_SOCKET is not set. */
void notify(const char *state);

#endif /* controller/notify.h */
