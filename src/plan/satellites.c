/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/plan/planner.h"

#include <stdlib.h>
#include <string.h>

#include "sset.h"
#include "svec.h"
#include "util.h"

/* Satellites: QoS and Queue, which serve a port, and Mirror, Controller,
 * NetFlow, sFlow and IPFIX, which serve a bridge.  The former are root rows:
 * nobody but us collects them.  The latter go with the bridge, or once it no
 * longer refers to them. */

static bool
is_of_bridge(const struct model_row *row)
{
    return model_table_bridge_column(row->table) != NULL;
}

/* The bridge or port that 'row' serves: what its name ("tap0/1") begins with;
 * for the caller to free. */
static char *
served_by(const struct model_row *row)
{
    return xmemdup0(row->name, strcspn(row->name, "/"));
}

/* Whether what satellite 'want' serves is ours, or is by a step of this plan;
 * a step for the satellite then waits as that one does.  If it is not, that
 * was noted already. */
static bool
serves_us(const struct planner *p, const struct model_row *want,
          const char **after)
{
    char *name = served_by(want);
    enum plan_what what = is_of_bridge(want) ? PLAN_BRIDGE : PLAN_PORT;
    const struct plan_step *step = planner_find(p, what, name);
    const struct model_bridge *bridge
        = model_observed_bridge(p->observed, name);
    const struct model_port *port = model_observed_port(p->observed, name);
    const struct model_row *have = (what == PLAN_PORT
                                    ? (port ? &port->row : NULL)
                                    : bridge ? &bridge->row : NULL);
    bool coming = step && (step->op == PLAN_ADD
                           || plan_step_get(step, MODEL_MARK));

    free(name);
    *after = coming ? step->after : NULL;
    return (coming
            || (have && planner_is_own(p, smap_get(&have->fields,
                                                   MODEL_MARK))));
}

/* A bridge's mirror knows ports of that bridge only. */
static bool
is_port_of(const struct planner *p, const char *name, const char *bridge)
{
    const struct model_port *port = model_observed_port(p->observed, name);
    return port && model_port_is_on(port, bridge);
}

/* Takes out of the set 'names' what is no port of 'bridge'; those are noted.
 * Returns the rest, for the caller to free. */
static char *
present_ports(struct planner *p, const char *names, const char *bridge)
{
    struct svec present = SVEC_EMPTY_INITIALIZER;

    for (const char *s = names; *s; ) {
        size_t len = strcspn(s, ",");
        char *name = xmemdup0(s, len);

        if (is_port_of(p, name, bridge)) {
            svec_add(&present, name);
        } else {
            planner_note(p, MODEL_WAITING, "port %s is not on bridge %s",
                         name, bridge);
        }
        free(name);
        s += len + (s[len] == ',');
    }
    char *joined = svec_join(&present, ",", "");
    svec_destroy(&present);
    return joined;
}

/* A mirror goes on with those of its ports that are there, but not without
 * the one that it sends to: it keeps the former one. */
static void
follow_ports(struct planner *p, struct plan_step *step,
             const struct model_row *have, struct smap *target)
{
    const char *bridge = smap_get(target, MODEL_F_BRIDGE);
    size_t n;
    const struct model_column *c = model_columns(plan_step_table(step), &n);

    for (size_t i = 0; i < n; i++) {
        const char *names = smap_get(target, c[i].name);

        if (c[i].type != MODEL_REFERENCE || c[i].target != MODEL_TABLE_PORT
            || !names) {
            continue;
        }
        char *present = present_ports(p, names, bridge);
        if (c[i].shape == MODEL_SET || *present || !*names) {
            smap_replace(target, c[i].name, present);
        } else if (have) {
            smap_replace(target, c[i].name, model_row_get(have, c[i].name));
        } else {
            planner_after(step, "port %s is on bridge %s", names, bridge);
        }
        free(present);
    }
}

/* ovn-controller manages the Controller rows of its bridge. */
static bool
is_ovns(struct planner *p, const struct model_row *row)
{
    const char *bridge = model_row_get(row, MODEL_F_BRIDGE);
    return (row->table == MODEL_TABLE_CONTROLLER
            && planner_is_ovn_bridge(p, bridge));
}

void
planner_satellite(struct planner *p, const struct model_row *want)
{
    const struct model_row *have
        = model_observed_satellite(p->observed, want->table, want->name);
    enum plan_what what = (enum plan_what) want->table;
    const char *after;

    if (!serves_us(p, want, &after)
        || (have && !planner_owns(p, plan_what_name(what), want->name,
                                  smap_get(&have->fields, MODEL_MARK)))) {
        return;
    }

    struct smap target;
    smap_clone(&target, &want->fields);
    struct plan_step *step = planner_step(p, have ? PLAN_SET : PLAN_ADD, what,
                                          want->name, NULL);
    if (after) {
        planner_after(step, "%s", after);
    }
    follow_ports(p, step, have, &target);
    planner_diff_row(p, step, want->table, &target, have);
    smap_destroy(&target);
    if (plan_drop_if_empty(p->plan, step)) {
        return;
    } else if (is_ovns(p, want)) {
        planner_defer(p, step, MODEL_CONFLICT, "%s %s is not as the spec "
                      "says, but the bridge is ovn-controller's",
                      plan_what_name(what), want->name);
    } else {
        planner_note(p, MODEL_APPLYING, "%s %s is being %s",
                     plan_what_name(what), want->name,
                     have ? "changed" : "added");
    }
}

/* Deletion. */

/* True if 'step' is done now and takes the value of 'field' from its row. */
static bool
clears(const struct plan_step *step, const char *field)
{
    return (!step->after
            && (step->op == PLAN_DEL
                || (step->op == PLAN_SET && plan_step_find(step, field))));
}

/* How many ports go on referring to the QoS row. */
static size_t
count_qos_users(const struct planner *p, const struct model_row *qos)
{
    size_t n = model_observed_qos_users(p->observed, qos->name);

    for (size_t i = 0; n && i < p->plan->n_steps; i++) {
        const struct plan_step *step = p->plan->steps[i];
        const struct model_port *port
            = (step->what == PLAN_PORT && !strcmp(step->object, p->id)
               ? model_observed_port(p->observed, step->name) : NULL);

        n -= (port && clears(step, MODEL_F_QOS)
              && !strcmp(model_row_get(&port->row, MODEL_F_QOS), qos->name));
    }
    return n;
}

/* True if the QoS row of the same port goes on referring to the Queue row. */
static bool
is_queue_used(const struct planner *p, const struct model_row *queue)
{
    char *name = served_by(queue);
    const struct model_row *qos
        = model_observed_satellite(p->observed, MODEL_TABLE_QOS, name);
    const struct plan_step *step = planner_find(p, PLAN_QOS, name);
    bool used = false;

    free(name);
    if (qos) {
        const struct smap_node *node;

        SMAP_FOR_EACH (node, &qos->fields) {
            if (!strncmp(node->key, "queues:", 7)
                && !strcmp(node->value, queue->name)
                && !(step && clears(step, node->key))) {
                used = true;
            }
        }
    }
    return used;
}

static void
delete_satellite(struct planner *p, const struct model_row *row)
{
    enum plan_what what = (enum plan_what) row->table;
    struct plan_step *step = planner_step(p, PLAN_DEL, what, row->name, NULL);
    const char *name = plan_what_name(what);

    if (is_ovns(p, row)) {
        planner_defer(p, step, MODEL_CONFLICT, "%s %s is not wanted, but the "
                      "bridge is ovn-controller's", name, row->name);
    } else if (what == PLAN_QOS ? count_qos_users(p, row)
               : what == PLAN_QUEUE && is_queue_used(p, row)) {
        planner_defer(p, step, MODEL_WAITING, "%s %s is still referred to",
                      name, row->name);
    } else {
        planner_note(p, MODEL_APPLYING, "%s %s is being deleted", name,
                     row->name);
    }
}

/* True if 'row' goes with the bridge, which is not wanted either. */
static bool
goes_with_bridge(const struct planner *p, const struct model_row *row)
{
    return (is_of_bridge(row)
            && planner_find(p, PLAN_BRIDGE,
                            model_row_get(row, MODEL_F_BRIDGE))
            && !(p->object && p->object->bridge));
}

void
planner_delete_satellites(struct planner *p, const struct model_object *heir)
{
    const struct model_object *object = heir ? heir : p->object;
    const struct sset *marked = model_observed_marked(p->observed, p->id);
    if (!marked) {
        return;
    }

    /* QoS rows before the Queue rows that they refer to, as it happens. */
    const char **keys = sset_sort(marked);
    for (size_t i = 0; i < sset_count(marked); i++) {
        const struct model_row *row
            = shash_find_data(&p->observed->satellites, keys[i]);

        if (row && !goes_with_bridge(p, row)
            && !(object && model_object_find_satellite(object, row->table,
                                                       row->name))) {
            delete_satellite(p, row);
        }
    }
    free(keys);
}

/* The row of type linux-noop that NICs share. */

static bool
is_noop_wanted(const struct planner *p)
{
    struct shash_node *node;

    if (model_observed_qos_users(p->observed, MODEL_QOS_NOOP)) {
        return true;
    }
    SHASH_FOR_EACH (node, &p->wanted->objects) {
        const struct model_object *object = node->data;

        for (size_t i = 0; i < object->n_ports; i++) {
            if (!strcmp(model_row_get(&object->ports[i]->row, MODEL_F_QOS),
                        MODEL_QOS_NOOP)) {
                return true;
            }
        }
    }
    return false;
}

/* The row is added along with the first port that refers to it; here go it,
 * once no NIC wants it, and copies of it. */
void
planner_qos_noop(struct planner *p)
{
    struct model_object *keep = model_object_create(MODEL_QOS_NOOP, "");

    if (model_observed_marked(p->observed, MODEL_QOS_NOOP)
        && is_noop_wanted(p)) {
        model_object_add_satellite(
            keep, model_row_create(MODEL_TABLE_QOS, MODEL_QOS_NOOP));
    }
    planner_delete_satellites(p, keep);
    model_object_destroy(keep);
}
