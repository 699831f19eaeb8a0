/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "ovsdb/satellites.h"

#include <string.h>
#include "hmapx.h"
#include "openvswitch/shash.h"
#include "ovsdb-idl-provider.h"
#include "ovsdb/fields.h"
#include "src/model/observed.h"
#include "sset.h"
#include "svec.h"
#include "util.h"
#include "uuid.h"
#include "vswitch-idl.h"

/* One row that is there, or that a bridge refers to. */
struct satellite {
    struct hmap_node node;      /* In struct satellites' 'rows'. */
    struct uuid uuid;
    enum model_table table;
    struct sset bridges;        /* That refer to it. */
    char *claim;                /* Key that it should have, or NULL. */
    bool own;                   /* With a mark of this instance. */
    char *name;                 /* By which the model has it, or NULL. */
};

/* What one bridge refers to. */
struct members {
    struct satellite **rows;
    size_t n, allocated;
};

struct satellites {
    struct ovsdb_idl *idl;
    struct model_observed *observed;
    const struct fields_namer *namer;
    struct hmap rows;           /* Of struct satellite, by UUID. */
    struct shash claims;        /* Key -> struct hmapx of satellites. */
    struct shash named;         /* Key in the model -> struct satellite. */
    struct shash bridges;       /* Bridge -> struct members. */
    struct hmapx dirty;         /* Of struct satellite. */
};

struct satellites *
satellites_create(struct ovsdb_idl *idl, struct model_observed *observed,
                  const struct fields_namer *namer)
{
    struct satellites *s = xzalloc(sizeof *s);

    s->idl = idl;
    s->observed = observed;
    s->namer = namer;
    hmap_init(&s->rows);
    shash_init(&s->claims);
    shash_init(&s->named);
    shash_init(&s->bridges);
    hmapx_init(&s->dirty);
    for (enum model_table t = 0; t < MODEL_N_TABLES; t++) {
        const char *column = model_table_bridge_column(t);
        size_t n;
        const struct fields_column *columns = fields_columns(t, &n);

        for (size_t i = 0; model_table_is_satellite(t) && i < n; i++) {
            ovsdb_idl_track_add_column(idl, columns[i].idl);
        }
        if (column) {
            ovsdb_idl_track_add_column(idl, fields_bridge_column(t));
        }
    }
    return s;
}

static void
satellite_destroy(struct satellites *s, struct satellite *sat)
{
    hmap_remove(&s->rows, &sat->node);
    hmapx_find_and_delete(&s->dirty, sat);
    sset_destroy(&sat->bridges);
    free(sat->claim);
    free(sat->name);
    free(sat);
}

void
satellites_destroy(struct satellites *s)
{
    struct satellite *sat;
    struct shash_node *shash_node;

    HMAP_FOR_EACH_SAFE (sat, node, &s->rows) {
        satellite_destroy(s, sat);
    }
    hmap_destroy(&s->rows);
    SHASH_FOR_EACH (shash_node, &s->claims) {
        hmapx_destroy(shash_node->data);
    }
    shash_destroy_free_data(&s->claims);
    shash_destroy(&s->named);
    SHASH_FOR_EACH (shash_node, &s->bridges) {
        struct members *members = shash_node->data;
        free(members->rows);
    }
    shash_destroy_free_data(&s->bridges);
    hmapx_destroy(&s->dirty);
    free(s);
}

static struct satellite *
find_row(const struct satellites *s, const struct uuid *uuid)
{
    struct satellite *sat;

    HMAP_FOR_EACH_WITH_HASH (sat, node, uuid_hash(uuid), &s->rows) {
        if (uuid_equals(&sat->uuid, uuid)) {
            return sat;
        }
    }
    return NULL;
}

/* The row with 'uuid', which is looked at in the next flush. */
static struct satellite *
note_row(struct satellites *s, enum model_table table,
         const struct uuid *uuid)
{
    struct satellite *sat = find_row(s, uuid);

    if (!sat) {
        sat = xzalloc(sizeof *sat);
        sat->uuid = *uuid;
        sat->table = table;
        sset_init(&sat->bridges);
        hmap_insert(&s->rows, &sat->node, uuid_hash(uuid));
    }
    hmapx_add(&s->dirty, sat);
    return sat;
}

static const struct ovsdb_idl_row *
idl_row(const struct satellites *s, const struct satellite *sat)
{
    return ovsdb_idl_get_row_for_uuid(s->idl, fields_class(sat->table),
                                      &sat->uuid);
}

/* True if 'row' itself has changed, and not only what it refers to: a mirror
 * may refer to many ports, whose names never change. */
static bool
is_changed(enum model_table table, const struct ovsdb_idl_row *row)
{
    size_t n;
    const struct fields_column *columns = fields_columns(table, &n);

    if (table != MODEL_TABLE_MIRROR
        || ovsdb_idl_row_get_seqno(row, OVSDB_IDL_CHANGE_INSERT)
        || ovsdb_idl_row_get_seqno(row, OVSDB_IDL_CHANGE_DELETE)) {
        return true;
    }
    for (size_t i = 0; i < n; i++) {
        if (ovsdb_idl_track_is_updated(row, columns[i].idl)) {
            return true;
        }
    }
    return false;
}

void
satellites_track(struct satellites *s)
{
    for (enum model_table t = 0; t < MODEL_N_TABLES; t++) {
        const struct ovsdb_idl_row *row
            = (model_table_is_satellite(t)
               ? ovsdb_idl_track_get_first(s->idl, fields_class(t)) : NULL);

        for (; row; row = ovsdb_idl_track_get_next(row)) {
            if (is_changed(t, row)) {
                note_row(s, t, &row->uuid);
            }
        }
    }
}

static void
add_members(struct satellites *s, enum model_table table,
            const struct ovsdb_idl_row *bridge, struct members *members)
{
    const struct ovsdb_datum *datum
        = ovsdb_idl_read(bridge, fields_bridge_column(table));

    for (size_t i = 0; i < datum->n; i++) {
        if (members->n >= members->allocated) {
            members->rows = x2nrealloc(members->rows, &members->allocated,
                                       sizeof *members->rows);
        }
        members->rows[members->n++] = note_row(s, table,
                                               &datum->keys[i].uuid);
    }
}

void
satellites_update_bridge(struct satellites *s, const char *name,
                         const struct ovsdb_idl_row *bridge)
{
    struct members *members = shash_find_data(&s->bridges, name);

    if (!members) {
        members = xzalloc(sizeof *members);
        shash_add(&s->bridges, name, members);
    }
    for (size_t i = 0; i < members->n; i++) {
        sset_find_and_delete(&members->rows[i]->bridges, name);
        hmapx_add(&s->dirty, members->rows[i]);
    }
    members->n = 0;
    if (!bridge) {
        free(members->rows);
        free(members);
        shash_find_and_delete(&s->bridges, name);
        return;
    }
    for (enum model_table t = 0; t < MODEL_N_TABLES; t++) {
        if (model_table_is_satellite(t) && model_table_bridge_column(t)) {
            add_members(s, t, bridge, members);
        }
    }
    for (size_t i = 0; i < members->n; i++) {
        sset_add(&members->rows[i]->bridges, name);
    }
}

void
satellites_resync(struct satellites *s)
{
    struct satellite *sat;

    HMAP_FOR_EACH (sat, node, &s->rows) {
        hmapx_add(&s->dirty, sat);
    }
    for (enum model_table t = 0; t < MODEL_N_TABLES; t++) {
        const struct ovsdb_idl_row *row
            = (model_table_is_satellite(t)
               ? ovsdb_idl_first_row(s->idl, fields_class(t)) : NULL);

        for (; row; row = ovsdb_idl_next_row(row)) {
            note_row(s, t, &row->uuid);
        }
    }
}

/* From rows to the model. */

/* What 'sat' holds, without a name. */
static struct model_row *
read_row(const struct satellites *s, const struct satellite *sat,
         const char *name)
{
    struct model_row *row = model_row_create(sat->table, name);

    fields_read(idl_row(s, sat), s->namer, row);
    if (model_table_bridge_column(sat->table)) {
        char *bridges = sset_join(&sat->bridges, ",", "");
        model_row_set(row, MODEL_F_BRIDGE, bridges);
        free(bridges);
    }
    return row;
}

/* The name that follows from what others' row holds, for the caller to free,
 * or NULL. */
static char *
derived_name(const struct satellites *s, const struct satellite *sat)
{
    const char *bridge = (sset_is_empty(&sat->bridges) ? NULL
                          : SSET_FIRST(&sat->bridges));
    const char *column = (sat->table == MODEL_TABLE_MIRROR ? "name"
                          : sat->table == MODEL_TABLE_CONTROLLER ? "target"
                          : NULL);
    if (!bridge || !column) {
        return nullable_xstrdup(bridge);
    }

    struct model_row *row = read_row(s, sat, "");
    char *name = xasprintf("%s/%s", bridge, model_row_get(row, column));
    model_row_free(row);
    return name;
}

/* The key that 'sat' should have, for the caller to free, or NULL.  Sets
 * 'sat->own'. */
static char *
find_claim(const struct satellites *s, struct satellite *sat)
{
    const struct ovsdb_idl_row *row = idl_row(s, sat);
    const char *key, *object;
    char *name;

    sat->own = false;
    if (!row) {
        return NULL;
    }
    key = fields_external_id(row, sat->table,
                             model_field_key(MODEL_ROW_KEY));
    object = model_observed_own(
        s->observed, fields_external_id(row, sat->table,
                                        model_field_key(MODEL_MARK)));
    sat->own = object != NULL;
    /* The shared QoS row is called as its object. */
    name = (object ? xstrdup(key ? key : object) : derived_name(s, sat));
    char *claim = name ? model_satellite_key(sat->table, name) : NULL;
    free(name);
    return claim;
}

/* True if 'a' has more right to 'name' than 'b'.  A row of ours keeps its
 * name when another one of it comes: others refer to it by that. */
static bool
goes_before(const struct satellite *a, const struct satellite *b,
            const char *name)
{
    bool a_has = nullable_string_is_equal(a->name, name);
    bool b_has = nullable_string_is_equal(b->name, name);

    return (a->own != b->own ? a->own
            : a_has != b_has ? a_has
            : uuid_compare_3way(&a->uuid, &b->uuid) < 0);
}

/* Enters 'sat' by 'name' (NULL: not at all). */
static void
enter(struct satellites *s, struct satellite *sat, const char *name)
{
    if (sat->name && !nullable_string_is_equal(sat->name, name)) {
        char *key = model_satellite_key(sat->table, sat->name);

        if (shash_find_data(&s->named, key) == sat) {
            model_observed_remove_satellite(s->observed, sat->table,
                                            sat->name);
            shash_find_and_delete(&s->named, key);
        }
        free(key);
    }
    if (name) {
        char *key = model_satellite_key(sat->table, name);

        shash_replace(&s->named, key, sat);
        free(key);
        model_observed_put_satellite(s->observed, read_row(s, sat, name));
    }
    if (!nullable_string_is_equal(sat->name, name)) {
        free(sat->name);
        sat->name = nullable_xstrdup(name);
    }
}

/* Enters all that claim 'key'. */
static void
settle(struct satellites *s, const char *key)
{
    const struct hmapx *rivals = shash_find_data(&s->claims, key);
    const char *name = strchr(key, ' ') + 1;
    const struct satellite *winner = NULL;
    struct hmapx_node *node;

    if (!rivals) {
        return;
    }
    HMAPX_FOR_EACH (node, rivals) {
        /* One that is gone leaves its name when it is flushed itself. */
        if (idl_row(s, node->data)
            && (!winner || goes_before(node->data, winner, name))) {
            winner = node->data;
        }
    }
    HMAPX_FOR_EACH (node, rivals) {
        struct satellite *sat = node->data;

        if (!idl_row(s, sat)) {
            continue;
        } else if (sat == winner) {
            enter(s, sat, name);
        } else if (sat->own) {
            char *surplus = xasprintf("?"UUID_FMT, UUID_ARGS(&sat->uuid));
            enter(s, sat, surplus);
            free(surplus);
        } else {
            enter(s, sat, NULL);
        }
    }
}

static void
unclaim(struct satellites *s, struct satellite *sat)
{
    struct hmapx *rivals = shash_find_data(&s->claims, sat->claim);

    hmapx_find_and_delete(rivals, sat);
    if (hmapx_is_empty(rivals)) {
        hmapx_destroy(rivals);
        free(rivals);
        shash_find_and_delete(&s->claims, sat->claim);
    }
}

static void
flush_row(struct satellites *s, struct satellite *sat)
{
    char *claim = find_claim(s, sat);
    char *former = sat->claim;

    if (former) {
        unclaim(s, sat);
    }
    sat->claim = claim;
    if (!claim) {
        enter(s, sat, NULL);
    } else {
        struct hmapx *rivals = shash_find_data(&s->claims, claim);

        if (!rivals) {
            rivals = xmalloc(sizeof *rivals);
            hmapx_init(rivals);
            shash_add(&s->claims, claim, rivals);
        }
        hmapx_add(rivals, sat);
        settle(s, claim);
    }
    if (former && !nullable_string_is_equal(former, claim)) {
        settle(s, former);
    }
    free(former);
}

void
satellites_flush(struct satellites *s)
{
    /* What is referred to first: a name follows from it. */
    static const enum model_table first[] = {
        MODEL_TABLE_QUEUE, MODEL_TABLE_QOS
    };
    struct hmapx_node *node;

    for (size_t i = 0; i <= ARRAY_SIZE(first); i++) {
        HMAPX_FOR_EACH_SAFE (node, &s->dirty) {
            struct satellite *sat = node->data;

            if (i == ARRAY_SIZE(first) || sat->table == first[i]) {
                flush_row(s, sat);
                hmapx_delete(&s->dirty, node);
                if (!idl_row(s, sat) && sset_is_empty(&sat->bridges)) {
                    satellite_destroy(s, sat);
                }
            }
        }
    }
}

const struct ovsdb_idl_row *
satellites_find(const struct satellites *s, enum model_table table,
                const char *name)
{
    char *key = model_satellite_key(table, name);
    const struct satellite *sat = shash_find_data(&s->named, key);

    free(key);
    return sat ? idl_row(s, sat) : NULL;
}

char *
satellites_name(const struct satellites *s, const struct uuid *uuid)
{
    const struct satellite *sat = find_row(s, uuid);

    return (sat && sat->name ? xstrdup(sat->name)
            : xasprintf("?"UUID_FMT, UUID_ARGS(uuid)));
}
