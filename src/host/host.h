/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_HOST_HOST_H
#define PORTD_HOST_HOST_H 1

/* Host
 * ====
 *
 * One host as a whole: what is wanted, both worlds observed, and the doing.
 * The daemon's loop and ovs-portctl's "plan" both stand on it.
 *
 *     host_run()      events of OVSDB and of the kernel --> observed model
 *     host_dirty()    which objects they concern
 *     host_plan()     what has to be done to one object
 *     host_execute()  do it; host_done() says when and how it went
 *
 * It has no policy in time: when to plan, what to hold back and when to try
 * again is its caller's. */

#include <stdbool.h>
#include <stddef.h>
#include "openvswitch/compiler.h"
#include "src/model/observed.h"
#include "src/model/wanted.h"
#include "src/plan/plan.h"
#include "sset.h"

struct db;
struct host;
struct kernel;

/* 'db' is an OVSDB remote, 'instance' whose marks count.  Without 'writable'
 * nothing is ever written and no lock is asked for.  Returns NULL and the
 * host in '*hostp', or an error message for the caller to free. */
char *host_open(const char *db, const char *instance, bool writable,
                struct host **hostp) OVS_WARN_UNUSED_RESULT;
void host_close(struct host *);

void host_run(struct host *);
void host_wait(struct host *);

/* True once both worlds are known in full, so that "absent" means absent. */
bool host_is_complete(const struct host *);
/* Why nothing can be written right now, or NULL. */
const char *host_cannot_write(const struct host *);

struct model_wanted *host_wanted(struct host *);
const struct model_observed *host_observed(const struct host *);
const struct db *host_db(const struct host *);
const struct kernel *host_kernel(const struct host *);

/* Adds to 'ids' the objects that what was observed since the last call may
 * concern. */
void host_dirty(struct host *, struct sset *ids);
/* Adds to 'ids' every object that is wanted or of which something is live. */
void host_all(const struct host *, struct sset *ids);
/* Reads both worlds again from nothing. */
void host_resync(struct host *);

/* Looks again at the devices that carry the mark of object 'id': the kernel
 * is silent about who holds a TAP that is admin-down. */
void host_refresh(struct host *, const char *id);

/* Begins to look, or ceases, at what is looked at only as long as the spec of
 * object 'id' says something of it: the offloads of its devices.  To be called
 * before host_plan() where what is wanted may be another thing now. */
void host_watch(struct host *, const char *id);

/* plan_object(). */
void host_plan(const struct host *, const char *id, const struct plan_gate *,
               struct plan *, struct plan_verdict *);

/* plan_adopt(). */
char *host_adopt(const struct host *, const char *id,
                 const struct plan_gate *, struct plan *stamps,
                 struct plan *rest) OVS_WARN_UNUSED_RESULT;

/* Begins to do the steps of 'plan' that can be done now: the kernel's, at most
 * KERNEL_BATCH each time host_done() is called, and all rows in one
 * transaction.  'plan' must stay until host_done() returns true; then each
 * step that was done has its result in 'error', and one that was not has an
 * 'after'.  host_cannot_write() must be NULL; once it is not, what is left is
 * not done. */
void host_execute(struct host *, struct plan *plan);
/* To be called when 'wanted' has changed: if what is left of the plan would
 * delete anything, it is not done.  What it is to make or set is harmless. */
void host_specs_changed(struct host *);
/* Call after host_run().  True if nothing is being done (any more). */
bool host_done(struct host *);

#endif /* src/host/host.h */
