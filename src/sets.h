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

#endif /* src/sets.h */
