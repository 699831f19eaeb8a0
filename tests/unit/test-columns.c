/* SPDX-License-Identifier: Apache-2.0 */

/* Holds src/model/columns.c against the schema of the Open vSwitch that is
 * installed: OVS_SCHEMA, default /usr/share/openvswitch/vswitch.ovsschema. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "openvswitch/json.h"
#include "openvswitch/shash.h"
#include "ovsdb-data.h"
#include "ovsdb-error.h"
#include "ovsdb-types.h"
#include "src/model/columns.h"
#include "util.h"

static const char references[] = "told by the rows that it refers to";
static const char unmarked[] = "its rows have no place for a mark";
static const char later[] = "not supported by this version";
static const char by_vswitchd[] = "written by ovs-vswitchd";
static const char identity[] = "the row's name, not a setting";
static const char legacy[] = "bridges that stand for a VLAN: never made here";

/* Columns that a spec cannot set, and why.  Ephemeral ones need no entry:
 * ovs-vswitchd writes them all. */
static const struct {
    enum model_table table;
    const char *column;
    const char *why;
} left_out[] = {
    { MODEL_TABLE_BRIDGE, "auto_attach", unmarked },
    { MODEL_TABLE_BRIDGE, "controller", references },
    { MODEL_TABLE_BRIDGE, "datapath_version", by_vswitchd },
    { MODEL_TABLE_BRIDGE, "flow_tables", later },
    { MODEL_TABLE_BRIDGE, "ipfix", references },
    { MODEL_TABLE_BRIDGE, "mirrors", references },
    { MODEL_TABLE_BRIDGE, "name", identity },
    { MODEL_TABLE_BRIDGE, "netflow", references },
    { MODEL_TABLE_BRIDGE, "ports", references },
    { MODEL_TABLE_BRIDGE, "sflow", references },
    { MODEL_TABLE_PORT, "fake_bridge", legacy },
    { MODEL_TABLE_PORT, "interfaces", references },
    { MODEL_TABLE_PORT, "name", identity },
    { MODEL_TABLE_INTERFACE, "cfm_flap_count", by_vswitchd },
    { MODEL_TABLE_INTERFACE, "error", by_vswitchd },
    { MODEL_TABLE_INTERFACE, "name", identity },
    { MODEL_TABLE_INTERFACE, "ofport", by_vswitchd },
};

static const char *
why_left_out(enum model_table table, const char *column)
{
    for (size_t i = 0; i < ARRAY_SIZE(left_out); i++) {
        if (left_out[i].table == table
            && !strcmp(left_out[i].column, column)) {
            return left_out[i].why;
        }
    }
    return NULL;
}

/* The columns of 'table' in the installed schema. */
static struct json *
schema_columns(enum model_table table, struct json **schema)
{
    const char *path = getenv("OVS_SCHEMA");
    struct json *json = json_from_file(
        path && *path ? path : "/usr/share/openvswitch/vswitch.ovsschema");

    if (json->type == JSON_STRING) {
        fail_msg("%s", json_string(json));
    }
    *schema = json;

    const struct json *tables = shash_find_data(json_object(json), "tables");
    const struct json *t = shash_find_data(json_object(tables),
                                           model_table_name(table));
    assert_non_null(t);
    return shash_find_data(json_object(t), "columns");
}

static void
check_enum(const struct model_column *c, const struct ovsdb_base_type *base)
{
    size_t n = 0;

    if (!base->enum_) {
        assert_null(c->enums);
        return;
    }
    assert_non_null(c->enums);
    for (; c->enums[n]; n++) {
        union ovsdb_atom atom;

        ovsdb_atom_init_default(&atom, OVSDB_TYPE_STRING);
        ovsdb_atom_destroy(&atom, OVSDB_TYPE_STRING);
        atom.s = ovsdb_atom_string_create(c->enums[n]);
        if (!ovsdb_datum_find_key(base->enum_, &atom, OVSDB_TYPE_STRING,
                                  NULL)) {
            fail_msg("%s: %s is not in the schema", c->name, c->enums[n]);
        }
        ovsdb_atom_destroy(&atom, OVSDB_TYPE_STRING);
        if (n > 0) {
            assert_true(strcmp(c->enums[n - 1], c->enums[n]) < 0);
        }
    }
    assert_int_equal(n, base->enum_->n);
}

static void
check_reference(const struct model_column *c, const struct ovsdb_type *type)
{
    const struct ovsdb_base_type *base
        = c->shape == MODEL_MAP ? &type->value : &type->key;

    assert_int_equal(base->type, OVSDB_TYPE_UUID);
    assert_string_equal(base->uuid.refTableName,
                        model_table_name(c->target));
    if (c->shape == MODEL_MAP) {
        assert_true(c->min == type->key.integer.min);
        assert_true(c->max == type->key.integer.max);
    }
}

static void
check_type(const struct model_column *c, const struct ovsdb_type *type)
{
    const struct ovsdb_base_type *key = &type->key;

    switch (c->shape) {
    case MODEL_MAP:
        assert_int_equal(type->value.type,
                         c->type == MODEL_REFERENCE ? OVSDB_TYPE_UUID
                         : OVSDB_TYPE_STRING);
        assert_int_equal(key->type,
                         c->type == MODEL_REFERENCE ? OVSDB_TYPE_INTEGER
                         : OVSDB_TYPE_STRING);
        break;
    case MODEL_SCALAR:
        assert_true(ovsdb_type_is_scalar(type));
        break;
    case MODEL_OPTIONAL:
        assert_true(ovsdb_type_is_optional_scalar(type));
        break;
    case MODEL_SET:
        assert_true(ovsdb_type_is_set(type));
        assert_true(type->n_max > 1);
        assert_int_equal(c->n_max,
                         type->n_max == UINT_MAX ? 0 : type->n_max);
        break;
    }

    switch (c->type) {
    case MODEL_BOOLEAN:
        assert_int_equal(key->type, OVSDB_TYPE_BOOLEAN);
        break;
    case MODEL_INTEGER:
        assert_int_equal(key->type, OVSDB_TYPE_INTEGER);
        assert_true(c->min == key->integer.min);
        assert_true(c->max == key->integer.max);
        break;
    case MODEL_STRING:
        assert_int_equal(key->type, OVSDB_TYPE_STRING);
        break;
    case MODEL_REFERENCE:
        check_reference(c, type);
        break;
    }
    check_enum(c, key);
}

/* Every column that we have is in the schema, and is the same there. */
static void
test_ours_are_in_schema(void **state OVS_UNUSED)
{
    for (int t = 0; t < MODEL_N_TABLES; t++) {
        struct json *schema;
        struct json *columns = schema_columns(t, &schema);
        size_t n;
        const struct model_column *c = model_columns(t, &n);

        for (size_t i = 0; i < n; i++) {
            struct json *json = shash_find_data(json_object(columns),
                                                c[i].name);
            struct ovsdb_error *error;
            struct ovsdb_type type;

            print_message("%s.%s\n", model_table_name(t), c[i].name);
            assert_non_null(json);
            assert_null(shash_find(json_object(json), "ephemeral"));
            error = ovsdb_type_from_json(
                &type, shash_find_data(json_object(json), "type"));
            assert_null(error);
            check_type(&c[i], &type);
            ovsdb_type_destroy(&type);
        }
        json_destroy(schema);
    }
}

/* Every column of the schema is ours or is left out for a reason. */
static void
test_schema_is_covered(void **state OVS_UNUSED)
{
    for (int t = 0; t < MODEL_N_TABLES; t++) {
        struct json *schema;
        struct json *columns = schema_columns(t, &schema);
        struct shash_node *node;

        SHASH_FOR_EACH (node, json_object(columns)) {
            const struct json *json = node->data;
            const struct json *ephemeral
                = shash_find_data(json_object(json), "ephemeral");
            bool ours = model_column_find(t, node->name) != NULL;
            const char *why = why_left_out(t, node->name);

            if (ephemeral && json_boolean(ephemeral)) {
                assert_false(ours);
                assert_null(why);
            } else if (ours == (why != NULL)) {
                fail_msg("%s.%s is %s", model_table_name(t), node->name,
                         ours ? "both ours and left out"
                         : "neither in columns.c nor left out");
            }
        }
        json_destroy(schema);
    }
    for (size_t i = 0; i < ARRAY_SIZE(left_out); i++) {
        struct json *schema;
        struct json *columns = schema_columns(left_out[i].table, &schema);

        assert_non_null(shash_find(json_object(columns),
                                   left_out[i].column));
        json_destroy(schema);
    }
}

/* The columns of Bridge that are left out because the rows tell. */
static void
test_bridge_columns(void **state OVS_UNUSED)
{
    for (int t = 0; t < MODEL_N_TABLES; t++) {
        const char *name = model_table_bridge_column(t);
        struct json *schema;
        struct json *columns = schema_columns(MODEL_TABLE_BRIDGE, &schema);

        if (name) {
            struct json *json = shash_find_data(json_object(columns), name);
            struct ovsdb_type type;

            assert_non_null(json);
            assert_null(ovsdb_type_from_json(
                &type, shash_find_data(json_object(json), "type")));
            assert_string_equal(type.key.uuid.refTableName,
                                model_table_name(t));
            assert_ptr_equal(why_left_out(MODEL_TABLE_BRIDGE, name),
                             references);
            ovsdb_type_destroy(&type);
        }
        json_destroy(schema);
    }
}

static void
test_find(void **state OVS_UNUSED)
{
    for (int t = 0; t < MODEL_N_TABLES; t++) {
        size_t n;
        const struct model_column *c = model_columns(t, &n);

        for (size_t i = 0; i < n; i++) {
            assert_ptr_equal(model_column_find(t, c[i].name), &c[i]);
            if (i > 0) {
                assert_true(strcmp(c[i - 1].name, c[i].name) < 0);
            }
        }
    }
    assert_null(model_column_find(MODEL_TABLE_PORT, ""));
    assert_null(model_column_find(MODEL_TABLE_PORT, "ta"));
    assert_null(model_column_find(MODEL_TABLE_PORT, "tags"));
    assert_null(model_column_find(MODEL_TABLE_PORT, "type"));
    assert_null(model_column_find(MODEL_TABLE_PORT, "zzz"));
}

static void
test_fields(void **state OVS_UNUSED)
{
    const struct model_column *c;

    c = model_field_column(MODEL_TABLE_INTERFACE, "external_ids:iface-id");
    assert_string_equal(c->name, "external_ids");
    assert_null(model_field_default(c, "external_ids:iface-id"));
    assert_string_equal(model_field_key("external_ids:a:b"), "a:b");
    assert_string_equal(model_field_key("external_ids:"), "");
    assert_null(model_field_key("tag"));
    assert_null(model_field_column(MODEL_TABLE_INTERFACE, "external_ids"));
    assert_null(model_field_column(MODEL_TABLE_PORT, "tag:x"));
    assert_null(model_field_column(MODEL_TABLE_PORT, "bridge"));

    c = model_field_column(MODEL_TABLE_PORT, "tag");
    assert_string_equal(model_field_default(c, "tag"), "");
    c = model_field_column(MODEL_TABLE_PORT, "trunks");
    assert_string_equal(model_field_default(c, "trunks"), "");
    c = model_field_column(MODEL_TABLE_PORT, "protected");
    assert_string_equal(model_field_default(c, "protected"), "false");
    c = model_field_column(MODEL_TABLE_PORT, "bond_updelay");
    assert_string_equal(model_field_default(c, "bond_updelay"), "0");
    c = model_field_column(MODEL_TABLE_INTERFACE, "type");
    assert_string_equal(model_field_default(c, "type"), "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ours_are_in_schema),
        cmocka_unit_test(test_schema_is_covered),
        cmocka_unit_test(test_bridge_columns),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_fields),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
