/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "tests/unit/apply.h"

#include <stdlib.h>
#include <string.h>

#include "src/model/observed.h"
#include "src/plan/plan.h"
#include "sset.h"
#include "util.h"

/* A row does not show columns that have their default. */
static bool
is_default(const struct plan_step *step, const struct plan_change *c)
{
    if (!c->new) {
        return true;
    } else if (step->what == PLAN_LINK) {
        return false;
    }
    return nullable_string_is_equal(
        c->new,
        model_field_default(model_field_column(plan_step_table(step),
                                               c->field), c->field));
}

static void
apply_fields(const struct plan_step *step, struct smap *fields)
{
    for (size_t i = 0; i < step->n_changes; i++) {
        const struct plan_change *c = &step->changes[i];

        if (is_default(step, c)) {
            smap_remove(fields, c->field);
        } else {
            smap_replace(fields, c->field, c->new);
        }
    }
}

static const char *
bridge_of(const struct model_row *row)
{
    return model_row_get(row, MODEL_F_BRIDGE);
}

/* The server collects what a bridge that is gone referred to. */
static void
collect_satellites(struct model_observed *o, const char *bridge)
{
    struct shash_node *node, *next;

    SHASH_FOR_EACH_SAFE (node, next, &o->satellites) {
        const struct model_row *row = node->data;

        if (model_table_bridge_column(row->table)
            && !strcmp(bridge_of(row), bridge)) {
            model_observed_remove_satellite(o, row->table, row->name);
        }
    }
}

static void
apply_bridge(const struct plan_step *step, struct model_observed *o)
{
    const struct model_bridge *old = model_observed_bridge(o, step->name);

    if (step->op == PLAN_DEL) {
        model_observed_remove_bridge(o, step->name);
        model_observed_remove_port(o, step->name);
        collect_satellites(o, step->name);
        return;
    }
    struct model_bridge *bridge = (old ? model_bridge_clone(old)
                                   : model_bridge_create(step->name));
    apply_fields(step, &bridge->row.fields);
    model_observed_put_bridge(o, bridge);
}

/* It comes with the first port that refers to it. */
static void
add_qos_noop(struct model_observed *o)
{
    if (!model_observed_satellite(o, MODEL_TABLE_QOS, MODEL_QOS_NOOP)) {
        struct model_row *row = model_row_create(MODEL_TABLE_QOS,
                                                 MODEL_QOS_NOOP);
        model_row_set(row, "type", "linux-noop");
        smap_add_nocopy(&row->fields, xstrdup(MODEL_MARK),
                        model_mark(o->instance, MODEL_QOS_NOOP));
        model_observed_put_satellite(o, row);
    }
}

/* A mirror's references to a port that is gone are cleared by the server. */
static void
forget_port(struct model_observed *o, const char *name)
{
    struct shash_node *node, *next;

    SHASH_FOR_EACH_SAFE (node, next, &o->satellites) {
        struct model_row *row = model_row_clone(node->data);
        size_t n;
        const struct model_column *c = model_columns(row->table, &n);

        for (size_t i = 0; i < n; i++) {
            const char *value = smap_get(&row->fields, c[i].name);

            if (value && c[i].type == MODEL_REFERENCE
                && c[i].target == MODEL_TABLE_PORT) {
                struct sset set = SSET_INITIALIZER(&set);

                sset_from_delimited_string(&set, value, ",");
                sset_find_and_delete(&set, name);
                char *rest = sset_join(&set, ",", "");
                if (*rest) {
                    model_row_set(row, c[i].name, rest);
                } else {
                    smap_remove(&row->fields, c[i].name);
                }
                free(rest);
                sset_destroy(&set);
            }
        }
        model_observed_put_satellite(o, row);
    }
}

static void
apply_port(const struct plan_step *step, struct model_observed *o)
{
    const struct model_port *old = model_observed_port(o, step->name);

    if (step->op == PLAN_DEL) {
        model_observed_remove_port(o, step->name);
        forget_port(o, step->name);
        return;
    }
    struct model_port *port = (old ? model_port_clone(old)
                               : model_port_create(step->name));
    apply_fields(step, &port->row.fields);

    const char *qos = smap_get(&port->row.fields, MODEL_F_QOS);
    if (qos && !strcmp(qos, MODEL_QOS_NOOP)) {
        add_qos_noop(o);
    }
    model_observed_put_port(o, port);
}

static void
apply_interface(const struct plan_step *step, struct model_observed *o)
{
    const struct model_port *old = model_observed_port(o, step->parent);
    if (!old) {
        return;
    }

    struct model_port *port = model_port_clone(old);
    if (step->op == PLAN_DEL) {
        model_port_remove_iface(port, step->name);
    } else {
        struct model_iface *iface = model_port_find_iface(port, step->name);
        if (!iface) {
            iface = model_port_add_iface(port, step->name);
        }
        apply_fields(step, &iface->row.fields);
    }
    model_observed_put_port(o, port);
}

static struct model_link *
new_link(const char *name, int ifindex)
{
    struct model_link *link = model_link_create(name);

    link->ifindex = ifindex;
    smap_add(&link->fields, MODEL_L_UP, "false");
    return link;
}

/* The end of a pair that comes along with 'link', which 'step' creates. */
static void
apply_peer(const struct plan_step *step, struct model_observed *o,
           const struct model_link *link, const char *name)
{
    struct model_link *peer = new_link(name, link->ifindex + 1);
    const char *alias = plan_step_get(step, MODEL_L_ALIAS);

    smap_add(&peer->fields, MODEL_L_KIND, "veth");
    smap_add(&peer->fields, MODEL_L_MTU, "1500");
    smap_add(&peer->fields, MODEL_L_PEER, link->name);
    if (alias) {
        smap_add(&peer->fields, MODEL_L_ALIAS, alias);
    }
    model_observed_put_link(o, peer);
}

/* Members of 'bond' are free again, and down. */
static void
free_members(struct model_observed *o, const struct model_link *bond)
{
    struct sset names = SSET_INITIALIZER(&names);
    const struct model_link *link;
    const char *name;

    HMAP_FOR_EACH (link, node, &o->links) {
        if (smap_get_int(&link->fields, MODEL_L_MASTER, 0) == bond->ifindex) {
            sset_add(&names, link->name);
        }
    }
    SSET_FOR_EACH (name, &names) {
        struct model_link *new
            = model_link_clone(model_observed_link(o, name));

        smap_remove(&new->fields, MODEL_L_MASTER);
        smap_replace(&new->fields, MODEL_L_UP, "false");
        model_observed_put_link(o, new);
    }
    sset_destroy(&names);
}

static void
delete_link(struct model_observed *o, const char *name)
{
    const struct model_link *link = model_observed_link(o, name);
    char *peer = (link ? nullable_xstrdup(smap_get(&link->fields,
                                                   MODEL_L_PEER))
                  : NULL);

    if (link && model_link_is(link, "bond")) {
        free_members(o, link);
    }
    model_observed_remove_link(o, name);
    if (peer) {
        model_observed_remove_link(o, peer);
    }
    free(peer);
}

/* The kernel shows other devices by their numbers. */
static void
number_field(const struct model_observed *o, struct model_link *link,
             const char *field)
{
    const char *name = smap_get(&link->fields, field);
    const struct model_link *other
        = name ? model_observed_link(o, name) : NULL;

    if (other) {
        char *number = xasprintf("%d", other->ifindex);
        smap_replace(&link->fields, field, number);
        free(number);
    }
}

static void
apply_link(const struct plan_step *step, struct model_observed *o,
           int ifindex)
{
    const struct model_link *old = model_observed_link(o, step->name);
    const char *peer = plan_step_get(step, MODEL_L_PEER);

    if (step->op == PLAN_DEL) {
        delete_link(o, step->name);
        return;
    } else if (step->op == PLAN_SET && !old) {
        return;
    }
    struct model_link *link = (old ? model_link_clone(old)
                               : new_link(step->name, ifindex));
    apply_fields(step, &link->fields);
    number_field(o, link, MODEL_L_MASTER);
    number_field(o, link, MODEL_L_BOND MODEL_BOND_PRIMARY);
    if (step->op == PLAN_ADD && peer) {
        apply_peer(step, o, link, peer);
    }
    model_observed_put_link(o, link);
}

static void
apply_satellite(const struct plan_step *step, struct model_observed *o)
{
    enum model_table table = plan_step_table(step);
    const struct model_row *old = model_observed_satellite(o, table,
                                                           step->name);

    if (step->op == PLAN_DEL) {
        model_observed_remove_satellite(o, table, step->name);
        return;
    }
    struct model_row *row = (old ? model_row_clone(old)
                             : model_row_create(table, step->name));
    apply_fields(step, &row->fields);
    model_observed_put_satellite(o, row);
}

void
apply_step(const struct plan_step *step, struct model_observed *o,
           int ifindex)
{
    if (plan_step_is_satellite(step)) {
        apply_satellite(step, o);
    } else if (step->what == PLAN_BRIDGE) {
        apply_bridge(step, o);
    } else if (step->what == PLAN_PORT) {
        apply_port(step, o);
    } else if (step->what == PLAN_INTERFACE) {
        apply_interface(step, o);
    } else if (step->what == PLAN_LINK) {
        apply_link(step, o, ifindex);
    }
}
