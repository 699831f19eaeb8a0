/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_CONTROLLER_INTAKE_H
#define PORTD_CONTROLLER_INTAKE_H 1

/* Intake: from the spec directory to what is wanted.  Part of reconcile.h;
 * today's source of specs is a directory of files, and only this file of the
 * controller knows it. */

#include <stdbool.h>

struct reconcile;
struct sset;

/* True once the directory has been looked at.  It need not be there: what is
 * live stays then, as a missing directory is never a removal. */
bool intake_is_complete(const struct reconcile *);
/* Tells the fuses how many NICs are wanted, and whether vms.d is empty. */
void intake_update_fuses(struct reconcile *, long long int now);

/* Looks whether the NICs' defaults are known; where that has changed, what was
 * frozen for it goes on, or the other way round. */
void intake_look_for_defaults(struct reconcile *);

/* The wants of these objects may have changed. */
void intake_mark_changed(struct reconcile *, const struct sset *ids);

/* Takes in the files that have changed and marks objects dirty. */
void intake_run(struct reconcile *, long long int now);

#endif /* controller/intake.h */
