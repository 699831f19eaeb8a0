/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/spec/spec-private.h"

#include <stdlib.h>
#include <string.h>
#include "sset.h"
#include "util.h"

/* What lowers to satellites: "qos" of a port, and "controllers", "mirrors",
 * "netflow", "sflow" and "ipfix" of a bridge. */

/* QoS.
 *
 * Its values stand among those of what has it, as "qos/QUEUE/FIELD" (QUEUE
 * empty: the QoS row), so that defaults are merged as all others. */

#define QOS_PREFIX "qos/"

const char *
spec_qos_field(const char *key)
{
    return (!strcmp(key, "burst") ? "other_config:burst"
            : !strcmp(key, "max_rate") ? "other_config:max-rate"
            : !strcmp(key, "min_rate") ? "other_config:min-rate"
            : !strcmp(key, "priority") ? "other_config:priority"
            : key);
}

/* Reads 'json', the QoS row ('queue' empty) or a queue, into 'values'. */
static void
read_qos_row(struct spec_report *r, json_t *json,
             const struct spec_kind *kind, const char *queue,
             struct smap *values)
{
    struct smap own = SMAP_INITIALIZER(&own);
    struct smap_node *node;

    spec_read(r, json, kind, &own);
    SMAP_FOR_EACH (node, &own) {
        const char *field = spec_qos_field(node->key);

        if (field != node->key && smap_get(&own, field)) {
            spec_error_member(r, node->key, "is the same as \"%s\" of "
                              "other_config; give one of the two",
                              model_field_key(field));
        }
        smap_add_nocopy(values, xasprintf(QOS_PREFIX"%s/%s", queue, field),
                        xstrdup(node->value));
    }
    /* That there is one, should it have no field. */
    smap_add_nocopy(values, xasprintf(QOS_PREFIX"%s/", queue), xstrdup(""));
    smap_destroy(&own);
}

/* What ovs-vswitchd would ignore without a word. */
static void
check_ignored(struct spec_report *r, json_t *json, const char *type,
              const char *const keys[])
{
    for (; *keys; keys++) {
        if (json_object_get(json, *keys)) {
            spec_error_member(r, *keys, "is ignored with \"type\": \"%s\"",
                              type);
        }
    }
}

static bool
is_one_of(const char *s, const char *const names[])
{
    for (; *names; names++) {
        if (!strcmp(s, *names)) {
            return true;
        }
    }
    return false;
}

static void
read_queue(struct spec_report *r, const char *number, json_t *json,
           const char *type, struct smap *values)
{
    static const char *const not_hfsc[] = { "burst", "priority", NULL };
    unsigned long long int n;
    size_t len = strlen(number);

    if (!len || len > 10 || strspn(number, "0123456789") < len
        || (len > 1 && *number == '0')
        || !str_to_ullong(number, 10, &n) || n > UINT32_MAX) {
        spec_error_key(r, "a queue is called by its number, 0..4294967295");
    }
    if (spec_expect_object(r, json)) {
        read_qos_row(r, json, &spec_kind_queue, number, values);
        if (type && !strcmp(type, "linux-hfsc")) {
            check_ignored(r, json, type, not_hfsc);
        }
    }
}

static void
read_queues(struct spec_report *r, json_t *qos, const char *type,
            struct smap *values)
{
    json_t *queues = json_object_get(qos, "queues");
    const char *number;
    json_t *queue;
    size_t saved = spec_enter(r, "queues");

    if (queues && spec_expect_object(r, queues)) {
        json_object_foreach (queues, number, queue) {
            size_t saved_queue = spec_enter(r, number);

            read_queue(r, number, queue, type, values);
            spec_leave(r, saved_queue);
        }
    }
    spec_leave(r, saved);
}

void
spec_read_qos(struct spec_report *r, json_t *object, struct smap *values)
{
    static const char *const without_queues[] = {
        "linux-codel", "linux-fq_codel", "linux-netem", "linux-noop",
        "linux-sfq", NULL
    };
    static const char *const rates[] = { "max_rate", "queues", NULL };
    json_t *qos = json_object_get(object, "qos");
    size_t saved;

    if (!qos) {
        return;
    }
    saved = spec_enter(r, "qos");
    if (spec_expect_object(r, qos)) {
        read_qos_row(r, qos, &spec_kind_qos, "", values);
        const char *type = smap_get(values, QOS_PREFIX"/type");
        spec_require(r, qos, "type");
        if (type && is_one_of(type, without_queues)) {
            check_ignored(r, qos, type, rates);
        }
        read_queues(r, qos, type, values);
    }
    spec_leave(r, saved);
}

bool
spec_has_qos(const struct smap *values)
{
    return smap_get(values, QOS_PREFIX"/type") != NULL;
}

/* The satellite of 'object' called 'name', which is made if need be. */
static struct model_row *
get_row(struct model_object *object, enum model_table table,
        const char *name)
{
    struct model_row *row = model_object_find_satellite(object, table, name);

    if (!row) {
        row = model_row_create(table, name);
        model_object_add_satellite(object, row);
    }
    return row;
}

void
spec_lower_qos(const struct smap *values, struct model_object *object,
               struct model_port *port)
{
    if (!spec_has_qos(values)) {
        return;
    }

    const char *name = port->row.name;
    const struct smap_node **nodes = smap_sort(values);
    model_row_set(&port->row, MODEL_F_QOS, name);
    struct model_row *qos = model_row_create(MODEL_TABLE_QOS, name);
    for (size_t i = 0; i < smap_count(values); i++) {
        size_t prefix = strlen(QOS_PREFIX);
        const char *queue = nodes[i]->key + prefix;
        struct model_row *row = qos;

        if (strncmp(nodes[i]->key, QOS_PREFIX, prefix)) {
            continue;
        }
        size_t len = strcspn(queue, "/");
        const char *field = queue + len + 1;
        if (len) {
            char *queue_name = xasprintf("%s/%.*s", name, (int) len, queue);
            char *reference = xasprintf("queues:%.*s", (int) len, queue);

            row = get_row(object, MODEL_TABLE_QUEUE, queue_name);
            model_row_set(qos, reference, queue_name);
            free(reference);
            free(queue_name);
        }
        if (*field) {
            model_row_set(row, field, nodes[i]->value);
        }
    }
    free(nodes);
    model_object_add_satellite(object, qos);
}

/* Satellites of a bridge. */

/* Adds to 'object' the row of 'table' called 'name' with those of 'values'
 * that are fields. */
static struct model_row *
add_row(struct model_object *object, enum model_table table,
        const char *bridge, const char *name, const struct smap *values)
{
    struct model_row *row = model_row_create(table, name);
    struct smap_node *node;

    SMAP_FOR_EACH (node, values) {
        if (model_field_column(table, node->key)) {
            model_row_set(row, node->key, node->value);
        }
    }
    model_row_set(row, MODEL_F_BRIDGE, bridge);
    model_object_add_satellite(object, row);
    return row;
}

static void
read_controllers(struct spec_report *r, json_t *controllers,
                 const char *bridge, struct model_object *object)
{
    struct sset targets = SSET_INITIALIZER(&targets);

    for (size_t i = 0; i < json_array_size(controllers); i++) {
        struct smap values = SMAP_INITIALIZER(&values);
        json_t *json = json_array_get(controllers, i);
        size_t saved = spec_enter_index(r, i);
        const char *target = NULL;

        if (spec_expect_object(r, json)) {
            spec_read(r, json, &spec_kind_controller, &values);
            spec_require(r, json, "target");
            target = smap_get(&values, "target");
        }
        if (target && !sset_add(&targets, target)) {
            spec_error_member(r, "target", "is in the list already");
        } else if (target) {
            char *name = xasprintf("%s/%s", bridge, target);

            add_row(object, MODEL_TABLE_CONTROLLER, bridge, name, &values);
            free(name);
        }
        smap_destroy(&values);
        spec_leave(r, saved);
    }
    sset_destroy(&targets);
}

static void
check_mirror(struct spec_report *r, json_t *json)
{
    bool all = json_is_true(json_object_get(json, "select_all"));
    bool some = (json_object_get(json, "select_src_port")
                 || json_object_get(json, "select_dst_port"));

    if (all && some) {
        spec_error_member(r, "select_all", "leaves nothing to select by "
                          "port; drop it, or \"select_src_port\" and "
                          "\"select_dst_port\"");
    } else if (!all && !some) {
        spec_error(r, "selects nothing: give \"select_all\": true, "
                   "\"select_src_port\" or \"select_dst_port\"");
    }
    if (!json_object_get(json, "output_port")
        == !json_object_get(json, "output_vlan")) {
        spec_error(r, "give either \"output_port\" or \"output_vlan\"");
    }
}

static void
read_mirrors(struct spec_report *r, json_t *mirrors, const char *bridge,
             struct model_object *object)
{
    const char *name;
    json_t *json;

    json_object_foreach (mirrors, name, json) {
        struct smap values = SMAP_INITIALIZER(&values);
        size_t saved = spec_enter(r, name);
        char *problem = spec_check_name(name);

        if (problem) {
            spec_error_key(r, "%s", problem);
            free(problem);
        }
        if (spec_expect_object(r, json)) {
            spec_read(r, json, &spec_kind_mirror, &values);
            check_mirror(r, json);

            char *row_name = xasprintf("%s/%s", bridge, name);
            struct model_row *row = add_row(object, MODEL_TABLE_MIRROR,
                                            bridge, row_name, &values);
            model_row_set(row, "name", name);
            free(row_name);
        }
        smap_destroy(&values);
        spec_leave(r, saved);
    }
}

static void
read_export(struct spec_report *r, json_t *json, enum model_table table,
            const struct spec_kind *kind, const char *bridge,
            struct model_object *object)
{
    struct smap values = SMAP_INITIALIZER(&values);

    spec_read(r, json, kind, &values);
    if (spec_require(r, json, "targets")) {
        const char *targets = smap_get(&values, "targets");

        if (targets && !*targets) {
            spec_error_member(r, "targets", "needs an element");
        }
    }
    add_row(object, table, bridge, bridge, &values);
    smap_destroy(&values);
}

void
spec_read_satellites(struct spec_report *r, json_t *json, const char *bridge,
                     struct model_object *object)
{
    static const struct {
        const char *key;
        enum model_table table;
        const struct spec_kind *kind;
    } exports[] = {
        { "netflow", MODEL_TABLE_NETFLOW, &spec_kind_netflow },
        { "sflow", MODEL_TABLE_SFLOW, &spec_kind_sflow },
        { "ipfix", MODEL_TABLE_IPFIX, &spec_kind_ipfix },
    };
    json_t *controllers = json_object_get(json, "controllers");
    json_t *mirrors = json_object_get(json, "mirrors");
    size_t saved = spec_enter(r, "controllers");

    if (controllers && spec_expect_array(r, controllers)) {
        read_controllers(r, controllers, bridge, object);
    }
    spec_leave(r, saved);
    saved = spec_enter(r, "mirrors");
    if (mirrors && spec_expect_object(r, mirrors)) {
        read_mirrors(r, mirrors, bridge, object);
    }
    spec_leave(r, saved);
    for (size_t i = 0; i < ARRAY_SIZE(exports); i++) {
        json_t *export = json_object_get(json, exports[i].key);

        saved = spec_enter(r, exports[i].key);
        if (export && spec_expect_object(r, export)) {
            read_export(r, export, exports[i].table, exports[i].kind, bridge,
                        object);
        }
        spec_leave(r, saved);
    }
}
