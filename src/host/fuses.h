/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_HOST_FUSES_H
#define PORTD_HOST_FUSES_H 1

/* Deletion fuses
 * ==============
 *
 * An object that has left the specs is not deleted at once:
 *
 *     wanted --> gone --(grace)--> may be deleted
 *        ^        |  \
 *        |        |   `--> held --(gc-confirm)--> may be deleted
 *        `--------+---------'
 *          wanted again
 *
 * A NIC is held where too large a share of all NICs is gone within
 * FUSE_WINDOW_MS, measured against the most there were in that time, so that
 * others that come count against those that go; or where vms.d is empty.  One
 * of the host's own objects is always held.  What is gone and still live
 * counts however long ago it went, so that waiting does not blow the fuse
 * away.  What a command has removed by its name is confirmed beforehand.
 *
 * Pure: the time is an argument. */

#include <stdbool.h>
#include <stdint.h>
#include "openvswitch/shash.h"
#include "src/model/wanted.h"
#include "sset.h"

/* How long a removal counts towards the share. */
#define FUSE_WINDOW_MS (10 * 60 * 1000)
/* No share of so few NICs blows the fuse. */
#define FUSE_MIN_GONE 10

struct fuses {
    struct shash gone;          /* Object id -> struct fuse_entry. */
    struct sset expected;       /* Confirmed before they were seen to be
                                 * gone. */
    size_t n_gone_nics;         /* Of those, NICs that count... */
    size_t n_live_nics;         /* ...and are not deleted yet. */
    size_t n_confirmed_nics;    /* Of 'gone', NICs that do not count. */
    size_t n_wanted_nics;
    struct { long long int start; size_t n; } peak[11]; /* By minutes. */
    bool vms_empty;             /* There is no file in vms.d. */
    bool host_absent;           /* There is no good host.json. */
};

void fuses_init(struct fuses *);
void fuses_destroy(struct fuses *);

/* How many NICs are wanted or live now. */
void fuses_set_population(struct fuses *, size_t n_nics, long long int now);
void fuses_set_vms_empty(struct fuses *, bool empty, long long int now);
void fuses_set_host_absent(struct fuses *, bool absent);
/* Adds the ids of all that is gone but not deleted to 'ids'. */
void fuses_add_gone(const struct fuses *, struct sset *ids);

/* Object 'id' is not wanted, but something of it is live. */
void fuses_gone(struct fuses *, const char *id, long long int now);
/* Object 'id' is wanted (again). */
void fuses_wanted(struct fuses *, const char *id);
/* Nothing of object 'id' is live any more. */
void fuses_deleted(struct fuses *, const char *id);
/* Confirms the deletion of 'id', or of all that is gone now if 'id' is NULL;
 * of the host's own objects only while there is a good host.json, as a
 * missing one is never a removal.
 * Returns how many objects that concerns. */
size_t fuses_confirm(struct fuses *, const char *id);
/* Somebody has removed 'id' from the specs by its name: its deletion is
 * confirmed, also if it is only going to be seen to be gone.  If it turns out
 * to be wanted, or not to be live, this is forgotten. */
void fuses_expect(struct fuses *, const char *id);
/* Forgets what is deleted and too long ago to count. */
void fuses_expire(struct fuses *, long long int now);

/* Why object 'id', which is gone, must not be deleted at 'now', for the
 * caller to free; NULL if it may be.  If time alone will change that,
 * '*wake' becomes when, otherwise LLONG_MAX. */
char *fuses_held(const struct fuses *, const char *id,
                 const struct model_policy *, long long int now,
                 long long int *wake);

#endif /* src/host/fuses.h */
