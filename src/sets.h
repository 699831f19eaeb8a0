/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_SETS_H
#define PORTD_SETS_H 1

#include "sset.h"

/* Empties 'set' and gives its memory back.  sset_clear() keeps as many buckets
 * as the set ever needed, and whoever goes through the set afterwards goes
 * through all of them: after 10,000 objects at the start, each single event
 * would cost that much. */
static inline void
sets_reset(struct sset *set)
{
    sset_destroy(set);
    sset_init(set);
}

/* Adds to 'dst' all that is in 'src', which may be NULL. */
static inline void
sets_add_all(struct sset *dst, const struct sset *src)
{
    const char *s;

    if (src) {
        SSET_FOR_EACH (s, src) {
            sset_add(dst, s);
        }
    }
}

#endif /* src/sets.h */
