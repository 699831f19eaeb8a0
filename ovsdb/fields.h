/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_OVSDB_FIELDS_H
#define PORTD_OVSDB_FIELDS_H 1

/* Fields
 * ======
 *
 * Between OVSDB's data and the canonical text of src/model/columns.h.  It
 * knows columns, not rows' meaning and not transactions. */

#include <stddef.h>
#include "openvswitch/compiler.h"
#include "src/model/model.h"

struct ovsdb_datum;
struct ovsdb_idl_column;
struct ovsdb_idl_row;
struct ovsdb_idl_table_class;
struct uuid;

/* A column that the model knows, as the IDL has it. */
struct fields_column {
    const struct model_column *model;
    const struct ovsdb_idl_column *idl;
};

/* The IDL's class of 'table'. */
const struct ovsdb_idl_table_class *fields_class(enum model_table table);

/* Those columns of model_columns('table') that libopenvswitch was built with;
 * their number goes to '*n'. */
const struct fields_column *fields_columns(enum model_table table, size_t *n);

/* The IDL's column that 'field' belongs to, or NULL. */
const struct ovsdb_idl_column *fields_find(enum model_table table,
                                           const char *field);

/* The column of Bridge that refers to rows of 'table', or NULL. */
const struct ovsdb_idl_column *fields_bridge_column(enum model_table table);

/* Who knows what a row that is referred to is called: returns a name for the
 * caller to free, or NULL for one that is not to be seen. */
struct fields_namer {
    char *(*name)(const void *aux, enum model_table, const struct uuid *);
    const void *aux;
};

/* Enters into 'row' all fields of 'idl_row' that are not at their default. */
void fields_read(const struct ovsdb_idl_row *idl_row,
                 const struct fields_namer *, struct model_row *row);

/* The value of 'key' in external_ids of 'idl_row' of 'table', or NULL; valid
 * as long as the row is and is not written. */
const char *fields_external_id(const struct ovsdb_idl_row *idl_row,
                               enum model_table table, const char *key);

/* Makes of 'text' (NULL: the default) a value of 'column', which must neither
 * be a map nor refer to rows.  Ranges are not looked at: it is for the server
 * to refuse a value.  Returns NULL and a datum that the caller destroys, or an
 * error text for the caller to free. */
char *fields_to_datum(const struct ovsdb_idl_column *column,
                      const char *text, struct ovsdb_datum *datum)
    OVS_WARN_UNUSED_RESULT;

#endif /* ovsdb/fields.h */
