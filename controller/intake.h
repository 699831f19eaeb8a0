/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_CONTROLLER_INTAKE_H
#define PORTD_CONTROLLER_INTAKE_H 1

/* Intake: from the spec directory to what is wanted.  Part of reconcile.h;
 * today's source of specs is a directory of files, and only this file of the
 * controller knows it. */

struct reconcile;

/* Takes in the files that have changed and marks objects dirty. */
void intake_run(struct reconcile *, long long int now);

#endif /* controller/intake.h */
