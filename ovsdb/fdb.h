/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_OVSDB_FDB_H
#define PORTD_OVSDB_FDB_H 1

/* Forwarding database
 * ===================
 *
 * Which MAC addresses a bridge has learned, as ovs-vswitchd tells it on its
 * control socket: the only place that knows a guest's address where nobody
 * wrote it down. */

struct smap;

/* Adds to 'macs', by the number of the OpenFlow port as text, the address
 * learned there on bridge 'name', for ports with exactly one.  Waits for at
 * most 'timeout_ms' ms.  Adds nothing if ovs-vswitchd, whose pidfile is in
 * 'rundir', does not answer. */
void fdb_read(const char *rundir, const char *name, int timeout_ms,
              struct smap *macs);

/* The same from a text of "ovs-appctl fdb/show". */
void fdb_parse(const char *text, struct smap *macs);

#endif /* ovsdb/fdb.h */
