/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "ovsdb/fields.h"

#include <inttypes.h>
#include <string.h>
#include "openvswitch/dynamic-string.h"
#include "ovsdb-idl-provider.h"
#include "ovsdb/compat.h"
#include "svec.h"
#include "util.h"
#include "vswitch-idl.h"

static struct table {
    struct fields_column *columns;
    size_t n;
} tables[MODEL_N_TABLES];

const struct ovsdb_idl_table_class *
fields_class(enum model_table table)
{
    static const int classes[MODEL_N_TABLES] = {
        [MODEL_TABLE_BRIDGE] = OVSREC_TABLE_BRIDGE,
        [MODEL_TABLE_PORT] = OVSREC_TABLE_PORT,
        [MODEL_TABLE_INTERFACE] = OVSREC_TABLE_INTERFACE,
        [MODEL_TABLE_QOS] = OVSREC_TABLE_QOS,
        [MODEL_TABLE_QUEUE] = OVSREC_TABLE_QUEUE,
        [MODEL_TABLE_MIRROR] = OVSREC_TABLE_MIRROR,
        [MODEL_TABLE_CONTROLLER] = OVSREC_TABLE_CONTROLLER,
        [MODEL_TABLE_NETFLOW] = OVSREC_TABLE_NETFLOW,
        [MODEL_TABLE_SFLOW] = OVSREC_TABLE_SFLOW,
        [MODEL_TABLE_IPFIX] = OVSREC_TABLE_IPFIX,
    };

    return &ovsrec_table_classes[classes[table]];
}

static const struct ovsdb_idl_column *
find_idl_column(const struct ovsdb_idl_table_class *class, const char *name)
{
    for (size_t i = 0; i < class->n_columns; i++) {
        if (!strcmp(class->columns[i].name, name)) {
            return &class->columns[i];
        }
    }
    return NULL;
}

const struct ovsdb_idl_column *
fields_bridge_column(enum model_table table)
{
    const char *name = model_table_bridge_column(table);

    return (name ? find_idl_column(fields_class(MODEL_TABLE_BRIDGE), name)
            : NULL);
}

/* The order is that of model_columns(). */
const struct fields_column *
fields_columns(enum model_table table, size_t *n)
{
    struct table *t = &tables[table];

    if (!t->columns) {
        size_t n_model;
        const struct model_column *model = model_columns(table, &n_model);

        t->columns = xcalloc(n_model, sizeof *t->columns);
        for (size_t i = 0; i < n_model; i++) {
            const struct ovsdb_idl_column *idl
                = find_idl_column(fields_class(table), model[i].name);
            if (idl) {
                t->columns[t->n].model = &model[i];
                t->columns[t->n++].idl = idl;
            }
        }
    }
    *n = t->n;
    return t->columns;
}

const struct ovsdb_idl_column *
fields_find(enum model_table table, const char *field)
{
    const struct model_column *model = model_field_column(table, field);
    size_t n;
    const struct fields_column *columns = fields_columns(table, &n);

    for (size_t i = 0; model && i < n; i++) {
        if (columns[i].model == model) {
            return columns[i].idl;
        }
    }
    return NULL;
}

static void
put_atom(struct ds *ds, const union ovsdb_atom *atom,
         enum ovsdb_atomic_type type)
{
    if (type == OVSDB_TYPE_STRING) {
        ds_put_cstr(ds, compat_atom_string(atom));
    } else {
        /* Integers in decimal, booleans as words. */
        ovsdb_atom_to_bare(atom, type, ds);
    }
}

/* The text of 'atom' of 'column', for the caller to free, or NULL. */
static char *
atom_text(const struct model_column *column, const union ovsdb_atom *atom,
          enum ovsdb_atomic_type type, const struct fields_namer *namer)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    if (type == OVSDB_TYPE_UUID) {
        return namer->name(namer->aux, column->target, &atom->uuid);
    }
    put_atom(&ds, atom, type);
    return ds_steal_cstr(&ds);
}

static void
read_map(const struct fields_column *c, const struct ovsdb_datum *datum,
         const struct fields_namer *namer, struct model_row *row)
{
    const struct ovsdb_idl_column *column = c->idl;
    struct ds field = DS_EMPTY_INITIALIZER;

    for (size_t i = 0; i < datum->n; i++) {
        char *value = atom_text(c->model, &datum->values[i],
                                column->type.value.type, namer);
        ds_clear(&field);
        ds_put_format(&field, "%s:", column->name);
        put_atom(&field, &datum->keys[i], column->type.key.type);
        if (value) {
            model_row_set(row, ds_cstr(&field), value);
        }
        free(value);
    }
    ds_destroy(&field);
}

static void
read_column(const struct fields_column *c, const struct ovsdb_datum *datum,
            const struct fields_namer *namer, struct model_row *row)
{
    const struct ovsdb_idl_column *column = c->idl;
    struct svec members = SVEC_EMPTY_INITIALIZER;

    if (ovsdb_datum_is_default(datum, &column->type)) {
        return;
    } else if (ovsdb_type_is_map(&column->type)) {
        read_map(c, datum, namer, row);
        return;
    }

    /* A datum is sorted: integers by value, strings by byte; but rows by
     * UUID. */
    for (size_t i = 0; i < datum->n; i++) {
        char *text = atom_text(c->model, &datum->keys[i],
                               column->type.key.type, namer);
        if (text) {
            svec_add_nocopy(&members, text);
        }
    }
    if (column->type.key.type == OVSDB_TYPE_UUID) {
        svec_sort(&members);
    }
    char *value = svec_join(&members, ",", "");
    /* An optional string that is "" reads like one that is not there. */
    if (*value) {
        model_row_set(row, column->name, value);
    }
    free(value);
    svec_destroy(&members);
}

const char *
fields_external_id(const struct ovsdb_idl_row *idl_row,
                   enum model_table table, const char *key)
{
    const struct ovsdb_idl_column *column = fields_find(table, MODEL_MARK);
    const struct ovsdb_datum *datum = ovsdb_idl_read(idl_row, column);
    union ovsdb_atom atom;
    unsigned int i;
    bool found;

    compat_atom_set_string(&atom, key);
    found = ovsdb_datum_find_key(datum, &atom, OVSDB_TYPE_STRING, &i);
    ovsdb_atom_destroy(&atom, OVSDB_TYPE_STRING);
    return found ? compat_atom_string(&datum->values[i]) : NULL;
}

void
fields_read(const struct ovsdb_idl_row *idl_row,
            const struct fields_namer *namer, struct model_row *row)
{
    size_t n;
    const struct fields_column *columns = fields_columns(row->table, &n);

    for (size_t i = 0; i < n; i++) {
        read_column(&columns[i], ovsdb_idl_read(idl_row, columns[i].idl),
                    namer, row);
    }
}

static char * OVS_WARN_UNUSED_RESULT
parse_atom(const struct ovsdb_idl_column *column, const char *text,
           union ovsdb_atom *atom)
{
    long long int integer;

    switch (column->type.key.type) {
    case OVSDB_TYPE_BOOLEAN:
        atom->boolean = !strcmp(text, "true");
        return (atom->boolean || !strcmp(text, "false") ? NULL
                : xasprintf("%s: \"%s\" is neither true nor false",
                            column->name, text));

    case OVSDB_TYPE_INTEGER:
        if (!str_to_llong(text, 10, &integer)) {
            return xasprintf("%s: \"%s\" is not an integer", column->name,
                             text);
        }
        atom->integer = integer;
        return NULL;

    case OVSDB_TYPE_STRING:
        compat_atom_set_string(atom, text);
        return NULL;

    case OVSDB_TYPE_VOID:
    case OVSDB_TYPE_REAL:
    case OVSDB_TYPE_UUID:
    case OVSDB_N_TYPES:
    default:
        return xasprintf("column %s cannot be written as text", column->name);
    }
}

/* The texts of the members of a value of 'type'.  Only a set has several. */
static void
split(const struct ovsdb_type *type, const char *text, struct svec *members)
{
    if (!*text && !ovsdb_type_is_scalar(type)) {
        return;
    } else if (type->n_max <= 1) {
        svec_add(members, text);
        return;
    }
    for (;;) {
        size_t len = strcspn(text, ",");

        svec_add_nocopy(members, xmemdup0(text, len));
        if (!text[len]) {
            return;
        }
        text += len + 1;
    }
}

char *
fields_to_datum(const struct ovsdb_idl_column *column, const char *text,
                struct ovsdb_datum *datum)
{
    const struct ovsdb_type *type = &column->type;
    struct svec members = SVEC_EMPTY_INITIALIZER;
    char *error = NULL;

    ovsdb_datum_init_empty(datum);
    if (ovsdb_type_is_map(type)) {
        return xasprintf("column %s is a map: it is written key by key",
                         column->name);
    } else if (!text) {
        ovsdb_datum_init_default(datum, type);
        return NULL;
    }

    split(type, text, &members);
    compat_datum_alloc(datum, members.n, false);
    for (size_t i = 0; i < members.n && !error; i++) {
        error = parse_atom(column, members.names[i], &datum->keys[i]);
        if (error) {
            datum->n = i;       /* The rest is not initialized. */
        }
    }
    if (error) {
        ovsdb_datum_destroy(datum, type);
        ovsdb_datum_init_empty(datum);
    } else {
        ovsdb_datum_sort_unique(datum, type);
    }
    svec_destroy(&members);
    return error;
}
