/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_OVSDB_COMPAT_H
#define PORTD_OVSDB_COMPAT_H 1

/* Compat
 * ======
 *
 * What differs between releases of libopenvswitch, in one place.  The code
 * is written against 3.1; what another release does differently goes here. */

#include "openvswitch/json.h"
#include "ovsdb-data.h"

/* The string in 'atom'.  It was a plain pointer once and is a JSON string in
 * 3.1; by its accessor, because how JSON stores strings has changed since. */
static inline const char *
compat_atom_string(const union ovsdb_atom *atom)
{
    return json_string(atom->s);
}

/* Gives 'atom' a copy of 's'. */
static inline void
compat_atom_set_string(union ovsdb_atom *atom, const char *s)
{
    atom->s = ovsdb_atom_string_create(s);
}

/* Initializes 'datum' to 'n' keys, and as many values if 'map', which the
 * caller fills in; whatever other members a datum has are set for a value
 * that is not shared. */
static inline void
compat_datum_alloc(struct ovsdb_datum *datum, size_t n, bool map)
{
    ovsdb_datum_init_empty(datum);
    if (n) {
        datum->n = n;
        datum->keys = xcalloc(n, sizeof *datum->keys);
        datum->values = map ? xcalloc(n, sizeof *datum->values) : NULL;
    }
}

#endif /* ovsdb/compat.h */
