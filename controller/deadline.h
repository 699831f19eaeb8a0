/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_CONTROLLER_DEADLINE_H
#define PORTD_CONTROLLER_DEADLINE_H 1

/* Deadline
 * ========
 *
 * The daemon's part in commit-confirm: it undoes a pending change
 * (src/store/pending.h) once its time is up, or at its start if the machine
 * has been restarted meanwhile.  What a change is about does not concern it;
 * files that it puts back come in again as anybody's edit does. */

#include <stdbool.h>

struct deadline;
struct json;
struct pending_place;
struct sset;

/* 'place' is borrowed until deadline_destroy().  Unless 'writable', nothing is
 * undone. */
struct deadline *deadline_create(const struct pending_place *place,
                                 bool writable);
void deadline_destroy(struct deadline *);

/* Looks what is pending, and undoes it if its time is up.  Returns true if it
 * is another change than before, or none any more. */
bool deadline_run(struct deadline *);
void deadline_wait(struct deadline *);

/* Looks what is pending.  After files have been read, it is known of every
 * change that these may be part of, as its record is written first. */
bool deadline_look(struct deadline *);

/* The files of changes that have ended since they were last read.  What is
 * known of them may be from before they were put back, so that nothing which
 * left them is deleted until deadline_has_read(). */
const struct sset *deadline_unread(const struct deadline *);
void deadline_has_read(struct deadline *);

/* Why object 'id', which left the specs, must not be deleted, for the caller
 * to free, or NULL: that the change which removed it may still be undone, or
 * that nobody knows as the record cannot be read, or, if neither, 'held',
 * which is passed on. */
char *deadline_held(const struct deadline *, const char *id, char *held);
/* True if a pending change is the reason. */
bool deadline_holds(const struct deadline *, const char *id);

/* What is pending: an object, or null.  And the line for people that says so,
 * for the caller to free, or NULL. */
struct json *deadline_json(const struct deadline *);
char *deadline_text(const struct deadline *);
/* Why this process could not undo a change, or "". */
const char *deadline_obstacle(const struct deadline *);
const struct pending_place *deadline_place(const struct deadline *);

#endif /* controller/deadline.h */
