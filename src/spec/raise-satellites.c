/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/spec/raise-private.h"

#include <stdlib.h>
#include <string.h>
#include "util.h"

static const struct {
    const char *key;
    const struct spec_kind *kind;
} of_bridges[MODEL_N_TABLES] = {
    [MODEL_TABLE_MIRROR] = { "mirrors", &spec_kind_mirror },
    [MODEL_TABLE_CONTROLLER] = { "controllers", &spec_kind_controller },
    [MODEL_TABLE_NETFLOW] = { "netflow", &spec_kind_netflow },
    [MODEL_TABLE_SFLOW] = { "sflow", &spec_kind_sflow },
    [MODEL_TABLE_IPFIX] = { "ipfix", &spec_kind_ipfix },
};

/* What the parser says of a host.json with 'bridge', which is consumed, as
 * its only one; for the caller to free, or NULL.  So no rule is here twice. */
static char *
judge(const char *name, json_t *bridge)
{
    json_t *root = json_object();
    struct spec_result result;
    char *problem = NULL;

    json_object_set_new(root, "version", json_integer(1));
    json_object_set_new(raise_member(root, "bridges"), name, bridge);
    char *text = json_dumps(root, 0);
    spec_parse_host("host.json", text, strlen(text), &result);
    if (result.errors.n) {
        const char *error = result.errors.names[0];
        const char *pointer = strstr(error, ": /");

        problem = xstrdup(pointer ? pointer + 2 : error);
    }
    spec_result_destroy(&result);
    free(text);
    json_decref(root);
    return problem;
}

/* Of bridges. */

static bool
serves(const struct model_row *row, const char *bridge)
{
    size_t len = strcspn(row->name, "/");

    return (model_table_bridge_column(row->table)
            && len == strlen(bridge) && !strncmp(row->name, bridge, len));
}

/* Enters 'json', which is consumed, where 'bridge' has what 'row' is. */
static void
place(json_t *bridge, const struct model_row *row, json_t *json)
{
    const char *key = of_bridges[row->table].key;

    if (row->table == MODEL_TABLE_MIRROR) {
        json_object_set_new(raise_member(bridge, key),
                            model_row_get(row, "name"), json);
    } else if (row->table == MODEL_TABLE_CONTROLLER) {
        json_t *array = json_object_get(bridge, key);

        if (!array) {
            array = json_array();
            json_object_set_new(bridge, key, array);
        }
        json_array_append_new(array, json);
    } else {
        json_object_set_new(bridge, key, json);
    }
}

/* 'row' as a spec of 'bridge' has it; or NULL, and why not in '*problem', for
 * the caller to free. */
static json_t *
build(struct raise *r, const struct model_row *row, const char *bridge,
      char **problem)
{
    const char *mark = smap_get(&row->fields, MODEL_MARK);
    json_t *json, *alone;

    *problem = NULL;
    if (mark && !model_observed_own(r->observed, mark)) {
        *problem = xasprintf("it is another instance's (%s)", mark);
        return NULL;
    } else if (strcmp(model_row_get(row, MODEL_F_BRIDGE), bridge)) {
        *problem = xstrdup("more than one bridge has it");
        return NULL;
    }
    json = json_object();
    raise_fields(r, json, of_bridges[row->table].kind, row);
    alone = json_object();
    place(alone, row, json_incref(json));
    *problem = judge(bridge, alone);
    if (*problem) {
        json_decref(json);
        return NULL;
    }
    return json;
}

void
raise_satellites(struct raise *r, json_t *json, const char *bridge)
{
    const struct shash_node **nodes = shash_sort(&r->observed->satellites);

    for (size_t i = 0; i < shash_count(&r->observed->satellites); i++) {
        const struct model_row *row = nodes[i]->data;

        if (serves(row, bridge)) {
            char *problem;
            json_t *satellite = build(r, row, bridge, &problem);

            if (satellite) {
                place(json, row, satellite);
            } else {
                raise_note(r, "%s: it stays as it is: %s", nodes[i]->name,
                           problem);
            }
            free(problem);
        }
    }
    free(nodes);
}

bool
raise_has_satellite(struct raise *r, const char *bridge)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &r->observed->satellites) {
        const struct model_row *row = node->data;

        if (serves(row, bridge) && !smap_get(&row->fields, MODEL_MARK)) {
            char *problem;
            json_t *satellite = build(r, row, bridge, &problem);

            free(problem);
            if (satellite) {
                json_decref(satellite);
                return true;
            }
        }
    }
    return false;
}

void
raise_note_satellites(struct raise *r)
{
    const json_t *bridges = json_object_get(r->host, "bridges");
    const struct shash_node **nodes = shash_sort(&r->observed->satellites);

    for (size_t i = 0; i < shash_count(&r->observed->satellites); i++) {
        const struct model_row *row = nodes[i]->data;
        char *bridge = xmemdup0(row->name, strcspn(row->name, "/"));
        const json_t *json = json_object_get(bridges, bridge);

        if (!smap_get(&row->fields, MODEL_MARK)
            && (!json || json_object_get(json, "managed"))) {
            raise_note(r, "%s: it stays as it is", nodes[i]->name);
        }
        free(bridge);
    }
    free(nodes);
}

/* Of ports. */

/* Writes keys of other_config that have keys of their own as those, where
 * the same text comes of it again. */
static void
shorten(json_t *json, const struct spec_kind *kind)
{
    json_t *config = json_object_get(json, "other_config");

    for (const struct spec_key *k = kind->own; k->column.name; k++) {
        const char *field = spec_qos_field(k->column.name);
        const char *key = model_field_key(field);
        const char *text = (key && !k->refusal ? json_string_value(
                                json_object_get(config, key)) : NULL);
        long long int n;

        if (text && str_to_llong(text, 10, &n)
            && n >= k->column.min && n <= k->column.max) {
            char *again = xasprintf("%lld", n);

            if (!strcmp(again, text)) {
                json_object_set_new(json, k->column.name, json_integer(n));
                json_object_del(config, key);
            }
            free(again);
        }
    }
    if (config && !json_object_size(config)) {
        json_object_del(json, "other_config");
    }
}

static json_t *
build_qos_row(struct raise *r, const struct model_row *row,
              const struct spec_kind *kind, bool plain)
{
    json_t *json = json_object();

    raise_fields(r, json, kind, row);
    if (plain) {
        shorten(json, kind);
    }
    return json;
}

/* The queues of QoS row 'qos'; NULL if one of them is not ours. */
static json_t *
build_queues(struct raise *r, const struct model_row *qos, bool plain)
{
    const struct smap_node **nodes = smap_sort(&qos->fields);
    json_t *queues = json_object();

    for (size_t i = 0; queues && i < smap_count(&qos->fields); i++) {
        if (strncmp(nodes[i]->key, "queues:", 7)) {
            continue;
        }
        const char *number = nodes[i]->key + 7;
        const struct model_row *row = model_observed_satellite(
            r->observed, MODEL_TABLE_QUEUE, nodes[i]->value);
        char *name = xasprintf("%s/%s", qos->name, number);

        if (row && !strcmp(row->name, name)) {
            json_object_set_new(queues, number,
                                build_qos_row(r, row, &spec_kind_queue,
                                              plain));
        } else {
            json_decref(queues);
            queues = NULL;
        }
        free(name);
    }
    free(nodes);
    return queues;
}

/* "qos" for 'row'; or NULL, and why not in '*problem', for the caller to
 * free. */
static json_t *
build_qos(struct raise *r, const struct model_row *row, bool plain,
          char **problem)
{
    json_t *queues = build_queues(r, row, plain);
    json_t *qos, *bridge, *port;

    if (!queues) {
        *problem = xstrdup("it has a queue that is not ovs-portd's");
        return NULL;
    }
    qos = build_qos_row(r, row, &spec_kind_qos, plain);
    if (json_object_size(queues)) {
        json_object_set(qos, "queues", queues);
    }
    json_decref(queues);
    bridge = json_object();
    port = raise_member(raise_member(bridge, "ports"), row->name);
    json_object_set(port, "qos", qos);
    *problem = judge("br", bridge);
    if (*problem) {
        json_decref(qos);
        return NULL;
    }
    return qos;
}

bool
raise_qos(struct raise *r, json_t *json, const struct model_port *port)
{
    const char *name = model_row_get(&port->row, MODEL_F_QOS);
    const struct model_row *row
        = model_observed_satellite(r->observed, MODEL_TABLE_QOS, name);
    const char *own = model_observed_own(
        r->observed, smap_get(&port->row.fields, MODEL_MARK));
    char *problem = NULL;
    json_t *qos = NULL;

    if (!*name || !strcmp(name, MODEL_QOS_NOOP)) {
        return false;
    }
    if (own && row && !strcmp(name, port->row.name)
        && nullable_string_is_equal(
            own, model_observed_own(r->observed,
                                    smap_get(&row->fields, MODEL_MARK)))) {
        qos = build_qos(r, row, true, &problem);
        if (!qos) {
            /* A type may not take the short keys. */
            free(problem);
            qos = build_qos(r, row, false, &problem);
        }
    }
    if (qos) {
        json_object_set_new(json, "qos", qos);
    } else {
        raise_note(r, "Port %s: its QoS row stays as it is%s%s",
                   port->row.name, problem ? ": " : "",
                   problem ? problem : "");
    }
    free(problem);
    return qos != NULL;
}
