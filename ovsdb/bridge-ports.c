/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "ovsdb/bridge-ports.h"

#include <string.h>

#include "ovsdb-data.h"
#include "ovsdb-idl.h"
#include "src/model/index.h"
#include "sset.h"
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

static void
enter(struct bridge_ports *bp, const char *port, const char *bridge,
      struct sset *changed)
{
    index_add(&bp->ports, port, bridge);
    sset_add(changed, port);
}

static void
leave(struct bridge_ports *bp, const char *port, const char *bridge,
      struct sset *changed)
{
    index_remove(&bp->ports, port, bridge);
    sset_add(changed, port);
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

/* Puts the 'n_new' names at 'new', which are taken over, in the place of the
 * 'n_old' ones from 'start' on. */
static void
replace_names(struct members *m, size_t start, size_t n_old,
              char **new, size_t n_new)
{
    size_t n_tail = m->n - start - n_old;

    for (size_t i = 0; i < n_old; i++) {
        free(m->names[start + i]);
    }
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

/* What has changed lies between what both begin and end with: UUIDs of one
 * that the other lacks, and others that both have. */
static void
update_middle(struct bridge_ports *bp, const struct ovsdb_idl *idl,
              const char *bridge, struct members *m, size_t start,
              size_t n_old, const union ovsdb_atom *uuids, size_t n_new,
              struct sset *changed)
{
    const union ovsdb_atom *old = m->uuids ? &m->uuids[start] : NULL;
    char **names = xmalloc(n_new * sizeof *names);
    bool *added = xzalloc(n_new);
    size_t i = 0;

    /* First all that leaves: a row may have been replaced by another of the
     * same name. */
    for (size_t j = 0; j < n_new || i < n_old; ) {
        int cmp = (i >= n_old ? 1 : j >= n_new ? -1
                   : uuid_compare_3way(&old[i].uuid, &uuids[j].uuid));

        if (cmp < 0) {
            if (m->names[start + i]) {
                leave(bp, m->names[start + i], bridge, changed);
            }
            i++;
        } else if (cmp > 0) {
            added[j] = true;
            names[j] = port_name(idl, &uuids[j].uuid);
            j++;
        } else {
            names[j++] = nullable_xstrdup(m->names[start + i++]);
        }
    }
    for (size_t j = 0; j < n_new; j++) {
        if (added[j] && names[j]) {
            enter(bp, names[j], bridge, changed);
        }
    }
    replace_names(m, start, n_old, names, n_new);
    free(added);
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
    size_t start = common_prefix(m->uuids, datum->keys, min);
    size_t end = (min > start
                  ? common_suffix(m->uuids + m->n, datum->keys + datum->n,
                                  min - start)
                  : 0);
    if (m->n != datum->n || start < m->n) {
        update_middle(bp, idl, name, m, start, m->n - start - end,
                      datum->keys ? datum->keys + start : NULL,
                      datum->n - start - end, changed);
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
