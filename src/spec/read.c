/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/spec/spec-private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "sset.h"
#include "util.h"

static const char *
type_name(const json_t *json)
{
    switch (json_typeof(json)) {
    case JSON_OBJECT: return "an object";
    case JSON_ARRAY: return "an array";
    case JSON_STRING: return "a string";
    case JSON_INTEGER: return "an integer";
    case JSON_REAL: return "a real number";
    case JSON_TRUE:
    case JSON_FALSE: return "a boolean";
    case JSON_NULL:
    default: return "null";
    }
}

static bool
wrong_type(struct spec_report *r, const json_t *json, const char *wanted)
{
    spec_error(r, "must be %s, not %s", wanted, type_name(json));
    return false;
}

bool
spec_expect_object(struct spec_report *r, const json_t *json)
{
    return json_is_object(json) || wrong_type(r, json, "an object");
}

bool
spec_expect_array(struct spec_report *r, const json_t *json)
{
    return json_is_array(json) || wrong_type(r, json, "an array");
}

/* 10.0 and 1e2 are integers to JSON Schema, so they are to us. */
static bool
integer_value(const json_t *json, int64_t *value)
{
    if (json_is_integer(json)) {
        *value = json_integer_value(json);
        return true;
    } else if (json_is_real(json)) {
        double d = json_real_value(json);

        if (d >= -0x1p63 && d < 0x1p63 && d == (double) (int64_t) d) {
            *value = d;
            return true;
        }
    }
    return false;
}

static char *
read_integer(struct spec_report *r, const json_t *json,
             const struct model_column *c)
{
    int64_t value;
    int64_t unit = spec_unit(c->name);

    if (unit && json_is_string(json)) {
        char *error = spec_parse_quantity(json_string_value(json), unit,
                                          &value);
        if (error) {
            spec_error(r, "%s", error);
            free(error);
            return NULL;
        }
    } else if (!integer_value(json, &value)) {
        wrong_type(r, json, unit ? "an integer or a text such as \"10Mbit\""
                   : "an integer");
        return NULL;
    }
    if (value >= c->min && value <= c->max) {
        return xasprintf("%"PRId64, value);
    } else if (c->max == INT64_MAX) {
        spec_error(r, "%"PRId64" is less than %"PRId64, value, c->min);
    } else {
        spec_error(r, "%"PRId64" is not in %"PRId64"..%"PRId64,
                   value, c->min, c->max);
    }
    return NULL;
}

static bool
check_enum(struct spec_report *r, const char *s,
           const struct model_column *c)
{
    struct ds ds = DS_EMPTY_INITIALIZER;
    char *quoted;

    if (!c->enums) {
        return true;
    }
    for (size_t i = 0; c->enums[i]; i++) {
        if (!strcmp(s, c->enums[i])) {
            ds_destroy(&ds);
            return true;
        }
        ds_put_format(&ds, "%s\"%s\"", i ? ", " : "", c->enums[i]);
    }
    quoted = spec_quote(s);
    spec_error(r, "%s is not one of %s", quoted, ds_cstr(&ds));
    free(quoted);
    ds_destroy(&ds);
    return false;
}

static char *
read_string(struct spec_report *r, const json_t *json,
            const struct model_column *c, char *(*check)(const char *))
{
    const char *s = json_string_value(json);
    char *problem;

    if (!s) {
        wrong_type(r, json, "a string");
        return NULL;
    } else if (!check_enum(r, s, c)) {
        return NULL;
    }
    problem = check ? check(s) : NULL;
    if (problem) {
        spec_error(r, "%s", problem);
        free(problem);
        return NULL;
    }
    return xstrdup(s);
}

/* Returns one value of 'c' as text, or NULL with a message. */
static char *
read_atom(struct spec_report *r, const json_t *json,
          const struct model_column *c, char *(*check)(const char *))
{
    switch (c->type) {
    case MODEL_BOOLEAN:
        if (!json_is_boolean(json)) {
            wrong_type(r, json, "true or false");
            return NULL;
        }
        return xstrdup(json_is_true(json) ? "true" : "false");
    case MODEL_INTEGER:
        return read_integer(r, json, c);
    case MODEL_STRING:
    case MODEL_REFERENCE:
    default:
        return read_string(r, json, c, check);
    }
}

static int
compare_integers(const void *a_, const void *b_)
{
    long long a = strtoll(*(char *const *) a_, NULL, 10);
    long long b = strtoll(*(char *const *) b_, NULL, 10);

    return a < b ? -1 : a > b;
}

/* Members are distinct, as OVSDB wants them, and sorted, as fields are. */
static char *
read_set(struct spec_report *r, const json_t *json,
         const struct model_column *c, char *(*check)(const char *))
{
    struct sset seen = SSET_INITIALIZER(&seen);
    struct svec atoms = SVEC_EMPTY_INITIALIZER;
    size_t n = json_array_size(json);
    char *text;

    if (!spec_expect_array(r, json)) {
        return NULL;
    }
    if (c->n_max && n > c->n_max) {
        spec_error(r, "has %"PRIuSIZE" elements, more than %"PRIuSIZE,
                   n, c->n_max);
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        size_t saved = spec_enter_index(r, i);
        char *atom = read_atom(r, json_array_get(json, i), c, check);

        if (atom && !sset_add(&seen, atom)) {
            spec_error(r, "is in the list already");
        } else if (atom) {
            svec_add(&atoms, atom);
        }
        free(atom);
        spec_leave(r, saved);
    }
    if (c->type == MODEL_INTEGER && atoms.n > 1) {
        qsort(atoms.names, atoms.n, sizeof *atoms.names, compare_integers);
    } else {
        svec_sort(&atoms);
    }
    text = svec_join(&atoms, ",", "");
    svec_destroy(&atoms);
    sset_destroy(&seen);
    return text;
}

static void
read_map(struct spec_report *r, json_t *json, const struct spec_kind *kind,
         const struct model_column *c, struct smap *values)
{
    const char *key;
    json_t *value;

    if (!spec_expect_object(r, json)) {
        return;
    }
    json_object_foreach (json, key, value) {
        size_t saved = spec_enter(r, key);
        const char *why = !strcmp(c->name, "external_ids")
                          ? spec_reserved_id(kind, key) : NULL;

        if (why) {
            spec_error_key(r, "%s", why);
        } else if (!json_is_string(value)) {
            wrong_type(r, value, "a string");
        } else {
            smap_add_nocopy(values, xasprintf("%s:%s", c->name, key),
                            xstrdup(json_string_value(value)));
        }
        spec_leave(r, saved);
    }
}

static void
unknown_key(struct spec_report *r, const struct spec_kind *kind,
            const char *key)
{
    char *unknown = spec_kind_unknown(kind, key);

    spec_error_key(r, "%s", unknown);
    free(unknown);
}

/* What ovs-vswitchd asks of a value beyond what OVSDB does: it logs an error,
 * and goes on without. */
static char *(*check_of(const struct model_column *c))(const char *)
{
    return !strcmp(c->name, "mac") ? spec_check_mac : NULL;
}

void
spec_read(struct spec_report *r, json_t *object,
          const struct spec_kind *kind, struct smap *values)
{
    const char *key;
    json_t *json;

    json_object_foreach (object, key, json) {
        const struct spec_key *own;
        enum model_table table;
        const struct model_column *c = spec_kind_find(kind, key, &own,
                                                      &table);
        size_t saved = spec_enter(r, key);

        if (!c) {
            unknown_key(r, kind, key);
        } else if (own && own->refusal) {
            spec_error_key(r, "%s", own->refusal);
        } else if (own && own->nested) {
            /* The caller's. */
        } else if (c->shape == MODEL_MAP) {
            read_map(r, json, kind, c, values);
        } else {
            char *(*check)(const char *) = own ? own->check : check_of(c);
            char *text = c->shape == MODEL_SET
                         ? read_set(r, json, c, check)
                         : read_atom(r, json, c, check);

            if (text) {
                smap_replace(values, key, text);
                free(text);
            }
        }
        spec_leave(r, saved);
    }
}

void
spec_read_offloads(struct spec_report *r, json_t *object,
                   struct smap *values)
{
    json_t *json = json_object_get(object, "offloads");
    struct smap offloads = SMAP_INITIALIZER(&offloads);
    const struct smap_node *node;
    size_t saved;

    if (!json) {
        return;
    }
    saved = spec_enter(r, "offloads");
    if (spec_expect_object(r, json)) {
        spec_read(r, json, &spec_kind_offloads, &offloads);
        SMAP_FOR_EACH (node, &offloads) {
            smap_add_nocopy(values, xasprintf(MODEL_L_OFFLOAD"%s", node->key),
                            xstrdup(node->value));
        }
    }
    spec_leave(r, saved);
    smap_destroy(&offloads);
}

bool
spec_require(struct spec_report *r, json_t *object, const char *key)
{
    if (json_object_get(object, key)) {
        return true;
    }
    spec_error(r, "missing key \"%s\"", key);
    return false;
}
