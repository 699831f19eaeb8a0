/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_CLI_FLOWS_H
#define PORTD_CLI_FLOWS_H 1

/* Flows
 * =====
 *
 * What bridges are asked beside a command about VLANs, while it goes on: with
 * many ports each turn of ovs-vswitchd's main loop takes milliseconds, and
 * connecting takes two. */

struct cli;
struct flows;
struct openflow;
struct sset;

/* Begins to connect to 'bridges', and to ask whether any flow of theirs heeds
 * VLANs.  Where none of them is to be had (NULL: none is named), some other
 * bridge is connected to, for nudges. */
struct flows *flows_open(const struct sset *bridges);
/* All of these do nothing with NULL. */
void flows_close(struct flows *);
void flows_run(struct flows *);
void flows_wait(const struct flows *);

/* One of the connections, which belongs to 'flows'. */
struct openflow *flows_nudger(struct flows *);

/* Notes for which bridges VLANs mean nothing.  Waits at most 'timeout_ms' ms
 * for answers that are to come: this is advice. */
void flows_note(struct flows *, int timeout_ms);

#endif /* src/cli/flows.h */
