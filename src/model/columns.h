/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_MODEL_COLUMNS_H
#define PORTD_MODEL_COLUMNS_H 1

/* Columns and fields
 * ==================
 *
 * The configuration columns of the tables that we write, by their own OVSDB
 * names and with OVSDB's own types and ranges.  This one table says what a
 * spec may set, what is read back from the database and how a value is
 * written, so that a column is added by one line here.
 * tests/unit/test-columns.c holds it against vswitch.ovsschema.
 *
 * A *field* is what the rest of the program compares: a column ("tag"), or
 * one key of a map column ("external_ids:iface-id"), with its value as text
 * in one canonical form:
 *
 *     boolean   "true", "false"
 *     integer   decimal
 *     string    the string itself, unquoted
 *     set       members in ascending order, joined by ","
 *     map       one field for each key; the value is the string itself
 *     reference the name of the row (model.h says what each is called);
 *               "?UUID" for one that is not ours
 *
 * A field whose value is OVSDB's default (false, 0, "", the empty set) is
 * absent from what is observed.  A wanted field may state the default.
 *
 * This file knows nothing of JSON, of the IDL or of any row. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "openvswitch/compiler.h"

enum model_table {
    MODEL_TABLE_BRIDGE,
    MODEL_TABLE_PORT,
    MODEL_TABLE_INTERFACE,
    /* Of the satellites (model.h). */
    MODEL_TABLE_QOS,
    MODEL_TABLE_QUEUE,
    MODEL_TABLE_MIRROR,
    MODEL_TABLE_CONTROLLER,
    MODEL_TABLE_NETFLOW,
    MODEL_TABLE_SFLOW,
    MODEL_TABLE_IPFIX,
    MODEL_N_TABLES
};

enum model_type {
    MODEL_BOOLEAN,
    MODEL_INTEGER,
    MODEL_STRING,
    MODEL_REFERENCE             /* To a row of another table. */
};

enum model_shape {
    MODEL_SCALAR,               /* Exactly one value. */
    MODEL_OPTIONAL,             /* At most one value. */
    MODEL_SET,                  /* Any number of values. */
    MODEL_MAP                   /* String to string, or integer to
                                 * reference. */
};

struct model_column {
    const char *name;           /* OVSDB's name for it. */
    enum model_type type;
    enum model_shape shape;
    int64_t min, max;           /* MODEL_INTEGER: the inclusive range; of the
                                 * key: map of MODEL_REFERENCE. */
    size_t n_max;               /* MODEL_SET: most members; 0: no bound. */
    const char *const *enums;   /* MODEL_STRING: NULL-terminated, or NULL. */
    enum model_table target;    /* MODEL_REFERENCE: the table of the row. */
};

/* OVSDB's name of 'table', e.g. "Interface". */
const char *model_table_name(enum model_table table);

/* The column of Bridge that refers to rows of 'table' ("ports", "mirrors"), so
 * that such a row is a bridge's; NULL if there is none. */
const char *model_table_bridge_column(enum model_table table);

/* The columns of 'table', sorted by name; their number goes to '*n'. */
const struct model_column *model_columns(enum model_table table, size_t *n);

/* The column of 'table' called 'name', or NULL. */
const struct model_column *model_column_find(enum model_table table,
                                             const char *name);

/* The column that 'field' ("tag", "external_ids:iface-id") belongs to, or
 * NULL where 'table' has none. */
const struct model_column *model_field_column(enum model_table table,
                                              const char *field);

/* The key of a field of a map column ("iface-id"), or NULL. */
const char *model_field_key(const char *field);

/* The text that stands for an absent 'field' of 'column': "false", "0" or
 * "" for a column, "" too where 'column' is NULL (MODEL_F_BRIDGE);
 * NULL for a key of a map, where absent differs from "". */
const char *model_field_default(const struct model_column *column,
                                const char *field);

#endif /* src/model/columns.h */
