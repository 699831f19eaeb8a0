/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "ovsdb/bridge-ports.h"

#include <string.h>

#include "ovsdb-data.h"
#include "ovsdb-idl.h"
#include "src/model/index.h"
#include "sset.h"
#include "svec.h"
#include "util.h"
#include "uuid.h"
#include "vswitch-idl.h"

/* Bridge.ports as it was last seen: in the order of the UUIDs, as a datum
 * is. */
struct members {
    union ovsdb_atom *uuids;
    char **names;               /* Of the ports; NULL: it had no row. */
    size_t n;
};

void
bridge_ports_init(struct bridge_ports *bp)
{
    shash_init(&bp->bridges);
    shash_init(&bp->ports);
}

static void
members_destroy(struct members *m)
{
    for (size_t i = 0; i < m->n; i++) {
        free(m->names[i]);
    }
    free(m->names);
    free(m->uuids);
    free(m);
}

void
bridge_ports_destroy(struct bridge_ports *bp)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &bp->bridges) {
        members_destroy(node->data);
    }
    shash_destroy(&bp->bridges);
    index_destroy(&bp->ports);
}

const struct sset *
bridge_ports_find(const struct bridge_ports *bp, const char *name)
{
    return shash_find_data(&bp->ports, name);
}

/* One bridge's column compared with what was seen of it before. */
struct update {
    struct bridge_ports *bp;
    const struct ovsdb_idl *idl;
    const char *bridge;
    struct sset *changed;       /* Names of ports that came or went. */
};

static void
enter(const struct update *u, const char *port)
{
    index_add(&u->bp->ports, port, u->bridge);
    sset_add(u->changed, port);
}

static void
leave(const struct update *u, const char *port)
{
    index_remove(&u->bp->ports, port, u->bridge);
    sset_add(u->changed, port);
}

/* The number of UUIDs, at most 'max', by which 'a' and 'b' begin alike.
 * memcmp() over a block at a time is what makes this cheap. */
static size_t
common_prefix(const union ovsdb_atom *a, const union ovsdb_atom *b,
              size_t max)
{
    enum { BLOCK = 64 };
    size_t n = 0;

    while (max - n >= BLOCK && !memcmp(&a[n], &b[n], BLOCK * sizeof *a)) {
        n += BLOCK;
    }
    while (n < max && uuid_equals(&a[n].uuid, &b[n].uuid)) {
        n++;
    }
    return n;
}

/* Likewise for the ends of arrays that end at 'a' and 'b'. */
static size_t
common_suffix(const union ovsdb_atom *a, const union ovsdb_atom *b,
              size_t max)
{
    enum { BLOCK = 64 };
    size_t n = 0;

    while (max - n >= BLOCK && !memcmp(a - n - BLOCK, b - n - BLOCK,
                                       BLOCK * sizeof *a)) {
        n += BLOCK;
    }
    while (n < max && uuid_equals(&a[-1 - n].uuid, &b[-1 - n].uuid)) {
        n++;
    }
    return n;
}

static char *
port_name(const struct ovsdb_idl *idl, const struct uuid *uuid)
{
    const struct ovsrec_port *port = ovsrec_port_get_for_uuid(idl, uuid);
    return port ? xstrdup(port->name) : NULL;
}

/* Puts the 'n_new' names at 'new' in the place of the 'n_old' ones from
 * 'start' on, which are somebody else's by now. */
static void
replace_names(struct members *m, size_t start, size_t n_old,
              char *const new[], size_t n_new)
{
    size_t n_tail = m->n - start - n_old;

    if (n_new > n_old) {
        m->names = xrealloc(m->names,
                            (m->n - n_old + n_new) * sizeof *m->names);
    }
    if (n_tail) {
        memmove(&m->names[start + n_new], &m->names[start + n_old],
                n_tail * sizeof *m->names);
    }
    if (n_new) {
        memcpy(&m->names[start], new, n_new * sizeof *new);
    }
    m->n = m->n - n_old + n_new;
}

/* Takes in what differs between the first 'prefix' and the last 'suffix'
 * members, which are the same: two sorted arrays of UUIDs. */
static void
update_middle(const struct update *u, struct members *m,
              const struct ovsdb_datum *datum, size_t prefix, size_t suffix)
{
    const size_t old_end = m->n - suffix;
    const size_t new_end = datum->n - suffix;
    char **names = xmalloc((new_end - prefix) * sizeof *names);
    struct svec came = SVEC_EMPTY_INITIALIZER;
    size_t n = 0;

    for (size_t i = prefix, j = prefix; i < old_end || j < new_end; ) {
        int cmp = (i >= old_end ? 1 : j >= new_end ? -1
                   : uuid_compare_3way(&m->uuids[i].uuid,
                                       &datum->keys[j].uuid));

        if (cmp > 0) {
            char *name = port_name(u->idl, &datum->keys[j++].uuid);

            if (name) {
                svec_add(&came, name);
            }
            names[n++] = name;
            continue;
        }

        char *name = m->names[i++];
        if (!cmp) {
            names[n++] = name;
            j++;
        } else if (name) {
            leave(u, name);
            free(name);
        }
    }
    /* Only now, as a row may have been replaced by another of its name. */
    for (size_t i = 0; i < came.n; i++) {
        enter(u, came.names[i]);
    }
    svec_destroy(&came);
    replace_names(m, prefix, old_end - prefix, names, n);
    free(names);
}

void
bridge_ports_update(struct bridge_ports *bp, const struct ovsdb_idl *idl,
                    const char *name, const struct ovsrec_bridge *row,
                    struct sset *changed)
{
    static const struct ovsdb_datum none = { .n = 0 };
    const struct ovsdb_datum *datum
        = row ? ovsrec_bridge_get_ports(row, OVSDB_TYPE_UUID) : &none;
    struct members *m = shash_find_data(&bp->bridges, name);

    if (!m) {
        m = xzalloc(sizeof *m);
        shash_add(&bp->bridges, name, m);
    }

    size_t min = MIN(m->n, datum->n);
    size_t prefix = common_prefix(m->uuids, datum->keys, min);
    size_t suffix = (min > prefix
                     ? common_suffix(m->uuids + m->n, datum->keys + datum->n,
                                     min - prefix)
                     : 0);
    if (m->n != datum->n || prefix < m->n) {
        const struct update update = { bp, idl, name, changed };

        update_middle(&update, m, datum, prefix, suffix);
        if (m->n) {
            m->uuids = xrealloc(m->uuids, m->n * sizeof *m->uuids);
            memcpy(m->uuids, datum->keys, m->n * sizeof *m->uuids);
        }
    }
    if (!row) {
        shash_find_and_delete(&bp->bridges, name);
        members_destroy(m);
    }
}
