/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/plan/plan.h"

#include <stdlib.h>
#include <string.h>

#include "src/model/observed.h"
#include "util.h"

/* The two worlds as the plan believes them to be: what becomes of a step. */

/* A row does not show columns that have their default. */
static bool
is_default(const struct plan_step *step, const struct plan_change *c)
{
    enum model_table table = (step->what == PLAN_BRIDGE ? MODEL_TABLE_BRIDGE
                              : step->what == PLAN_PORT ? MODEL_TABLE_PORT
                              : MODEL_TABLE_INTERFACE);
    if (!c->new) {
        return true;
    } else if (step->what == PLAN_LINK) {
        return false;
    }
    return nullable_string_is_equal(
        c->new,
        model_field_default(model_field_column(table, c->field), c->field));
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

static void
apply_bridge(const struct plan_step *step, struct model_observed *o)
{
    const struct model_bridge *old = model_observed_bridge(o, step->name);

    if (step->op == PLAN_DEL) {
        model_observed_remove_bridge(o, step->name);
        model_observed_remove_port(o, step->name);
        return;
    }
    struct model_bridge *bridge = (old ? model_bridge_clone(old)
                                   : model_bridge_create(step->name));
    apply_fields(step, &bridge->row.fields);
    model_observed_put_bridge(o, bridge);
}

static void
apply_port(const struct plan_step *step, struct model_observed *o)
{
    const struct model_port *old = model_observed_port(o, step->name);

    if (step->op == PLAN_DEL) {
        model_observed_remove_port(o, step->name);
        return;
    }
    struct model_port *port = (old ? model_port_clone(old)
                               : model_port_create(step->name));
    apply_fields(step, &port->row.fields);

    const char *qos = smap_get(&port->row.fields, MODEL_F_QOS);
    if (qos && !strcmp(qos, MODEL_QOS_NOOP)) {
        o->qos_noop = true;
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

static void
delete_link(struct model_observed *o, const char *name)
{
    const struct model_link *link = model_observed_link(o, name);
    char *peer = (link ? nullable_xstrdup(smap_get(&link->fields,
                                                   MODEL_L_PEER))
                  : NULL);

    model_observed_remove_link(o, name);
    if (peer) {
        model_observed_remove_link(o, peer);
    }
    free(peer);
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
    if (step->op == PLAN_ADD && peer) {
        apply_peer(step, o, link, peer);
    }
    model_observed_put_link(o, link);
}

void
plan_step_apply(const struct plan_step *step, struct model_observed *o,
                int ifindex)
{
    switch (step->what) {
    case PLAN_BRIDGE:
        apply_bridge(step, o);
        break;
    case PLAN_PORT:
        apply_port(step, o);
        break;
    case PLAN_INTERFACE:
        apply_interface(step, o);
        break;
    case PLAN_QOS:
        o->qos_noop = step->op != PLAN_DEL;
        break;
    case PLAN_LINK:
        apply_link(step, o, ifindex);
        break;
    default:
        break;
    }
}
