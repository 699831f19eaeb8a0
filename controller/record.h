/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_CONTROLLER_RECORD_H
#define PORTD_CONTROLLER_RECORD_H 1

/* Record
 * ======
 *
 * What the daemon remembers of one object beyond both models: how it stood at
 * the last pass, when to try again after an error, and which fields another
 * writer keeps putting back.  All of it may be lost at any time; a restart
 * only forgets patience.
 *
 * Times are arguments, in milliseconds. */

#include <stdbool.h>
#include "openvswitch/shash.h"
#include "src/plan/plan.h"
#include "sset.h"

/* A field that is set back for this many times within the window is left to
 * the other writer until the spec changes. */
#define RECORD_SET_BACKS 3
#define RECORD_WINDOW_MS (60 * 1000)

#define RECORD_BACKOFF_MIN_MS 1000
#define RECORD_BACKOFF_MAX_MS (60 * 1000)
/* An object that the world overtakes in so many tries in a row is in error
 * after all. */
#define RECORD_MOVED_ON_MAX 5

struct record {
    char *id;
    uint64_t version;           /* Of the wanted object, when last looked. */
    struct plan_verdict verdict; /* Of the last pass. */
    size_t n_row_steps;         /* Steps for OVSDB left in that plan. */
    bool settled;               /* Was at rest since its spec changed, so that
                                 * a difference is drift. */

    char *error;                /* Of the last try, or NULL. */
    long long int backoff;      /* Milliseconds; 0: none. */
    long long int retry_at;
    unsigned int n_moved_on;    /* Tries in a row that the world overtook. */

    struct shash repairs;       /* plan_contest_key() -> struct repairs. */
    struct sset contested;      /* Keys that are left alone. */
};

struct record *record_create(const char *id);
void record_destroy(struct record *);

/* The spec of the object has changed: everything is tried anew. */
void record_spec_changed(struct record *);

/* A try ended with 'error' (NULL: well). */
void record_result(struct record *, const char *error, long long int now);
/* True if the object must not be tried before 'retry_at'. */
bool record_backs_off(const struct record *, long long int now);

/* 'step' of an object that was at rest has been done: counts the fields that
 * it put back. */
void record_repaired(struct record *, const struct plan_step *step,
                     long long int now);
/* Marks as contested those fields that 'step' would put back once too often.
 * Returns true if there is one, so that the object must be planned again. */
bool record_contest(struct record *, const struct plan_step *step,
                    long long int now);

#endif /* controller/record.h */
