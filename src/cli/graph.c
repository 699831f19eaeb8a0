/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/cli/graph.h"

#include <stdlib.h>
#include <string.h>
#include "src/cli/output.h"
#include "src/model/wanted.h"
#include "sset.h"
#include "util.h"

/* Longest text of one line in the picture. */
#define LABEL_MAX 24
/* A trunk of more VLANs than that is one dark line. */
#define LINES_MAX 4
#define PLAIN "#666666"

/* Colours that differ also for who does not see all of them. */
static const char *const palette[] = {
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9",
    "#8c510a", "#6a3d9a", "#b2182b", "#1b7837",
};

#define GREEN "#dcf0dc"
#define YELLOW "#fdf1c7"
#define BLUE "#dce4f5"
#define RED "#f8cfcb"
static const char *const fills[MODEL_N_STATES] = {
    [MODEL_READY] = GREEN,
    [MODEL_APPLYING] = YELLOW,
    [MODEL_WAITING] = YELLOW,
    [MODEL_PENDING] = YELLOW,
    [MODEL_IN_USE] = YELLOW,
    [MODEL_HELD] = YELLOW,
    [MODEL_DEGRADED] = YELLOW,
    [MODEL_PAUSED] = BLUE,
    [MODEL_QUARANTINED] = BLUE,
    [MODEL_CONFLICT] = RED,
    [MODEL_ERROR] = RED,
    [MODEL_INVALID] = RED,
};

struct graph {
    const struct model_wanted *wanted;
    const struct shash *states;
    const struct shash_node **objects; /* Sorted by id. */
    size_t n;
    struct shash vlans;         /* Number -> colour. */
    bool shown[MODEL_N_STATES]; /* States in the picture. */
    struct ds *out;
};

/* Appends 's' for use between quotes; "\n" in it is a line break. */
static void
put_quoted(struct ds *out, const char *s)
{
    for (; *s; s++) {
        if (*s == '\n') {
            ds_put_cstr(out, "\\n");
        } else if ((unsigned char) *s < 0x20 || *s == 0x7f) {
            ds_put_char(out, '?');
        } else {
            if (*s == '"' || *s == '\\') {
                ds_put_char(out, '\\');
            }
            ds_put_char(out, *s);
        }
    }
}

/* Appends ", KEY="VALUE"". */
static void
put_attr(struct ds *out, const char *key, const char *value)
{
    ds_put_format(out, ", %s=\"", key);
    put_quoted(out, value);
    ds_put_char(out, '"');
}

/* Appends a node of object 'id'; 'attrs' are DOT, for its looks. */
static void
put_node(struct graph *g, const char *indent, const char *node,
         const char *id, const char *label, const char *attrs)
{
    const char *name = (g->states && id
                        ? shash_find_data(g->states, id) : NULL);
    enum model_state state = (name ? model_state_from_name(name)
                              : MODEL_N_STATES);
    struct ds text = DS_EMPTY_INITIALIZER;

    ds_put_cstr(&text, label);
    if (name && state != MODEL_READY) {
        ds_put_format(&text, "\n%s", name);
    }
    ds_put_format(g->out, "%s\"", indent);
    put_quoted(g->out, node);
    ds_put_cstr(g->out, "\" [label=\"");
    put_quoted(g->out, ds_cstr(&text));
    ds_put_char(g->out, '"');
    put_attr(g->out, "tooltip", id ? id : node);
    ds_put_cstr(g->out, attrs);
    if (state < MODEL_N_STATES) {
        put_attr(g->out, "fillcolor", fills[state]);
        g->shown[state] = true;
    }
    ds_put_cstr(g->out, "];\n");
    ds_destroy(&text);
}

/* The VLANs of a port that get a line of their own, one after the other. */
static void
port_vlans(const struct model_row *row, struct sset *vlans)
{
    const char *tag = model_row_get(row, "tag");
    const char *trunks = model_row_get(row, "trunks");

    sset_from_delimited_string(vlans, trunks, ",");
    if (*tag && strcmp(model_row_get(row, "vlan_mode"), "trunk")) {
        sset_add(vlans, tag);
    }
}

static int
compare_numbers(const void *a_, const void *b_)
{
    const char *const *a = a_;
    const char *const *b = b_;

    return atoi(*a) - atoi(*b);
}

/* The members of 'vlans' by number, for the caller to free. */
static const char **
sort_vlans(const struct sset *vlans)
{
    const char **sorted = sset_array(vlans);

    if (sset_count(vlans)) {
        qsort(sorted, sset_count(vlans), sizeof *sorted, compare_numbers);
    }
    return sorted;
}

/* Appends the attributes of a line that stands for a port with 'row'. */
static void
put_vlan_attrs(struct graph *g, const struct model_row *row)
{
    struct sset vlans = SSET_INITIALIZER(&vlans);
    struct ds color = DS_EMPTY_INITIALIZER;
    char *vlan = model_vlan_describe(row);
    char *label;

    /* Several lines say by themselves that it is a trunk. */
    if (!strncmp(vlan, "trunk ", 6)) {
        label = output_shorten(vlan + 6, LABEL_MAX);
    } else if (!strncmp(vlan, "native-", 7)) {
        char *native = xasprintf("native%s", vlan + strcspn(vlan, " "));
        label = output_shorten(native, LABEL_MAX);
        free(native);
    } else {
        label = output_shorten(vlan, LABEL_MAX);
    }
    port_vlans(row, &vlans);
    size_t n = sset_count(&vlans);
    const char **sorted = sort_vlans(&vlans);
    for (size_t i = 0; i < n && n <= LINES_MAX; i++) {
        const char *c = shash_find_data(&g->vlans, sorted[i]);
        ds_put_format(&color, "%s%s", i ? ":" : "", c ? c : PLAIN);
    }
    free(sorted);
    if (strcmp(label, "-")) {
        put_attr(g->out, "label", label);
    }
    put_attr(g->out, "color", color.length ? ds_cstr(&color) : PLAIN);
    if (n == 1) {
        put_attr(g->out, "fontcolor", ds_cstr(&color));
    }
    ds_put_cstr(g->out, n == 1 ? ", penwidth=1.6"
                : n <= LINES_MAX ? "" : ", penwidth=2.4");
    ds_destroy(&color);
    sset_destroy(&vlans);
    free(vlan);
    free(label);
}

/* A line; 'row' is the Port that it stands for, or NULL. */
static void
put_edge(struct graph *g, const char *from, const char *to,
         const struct model_row *row)
{
    ds_put_cstr(g->out, "    \"");
    put_quoted(g->out, from);
    ds_put_cstr(g->out, "\" -- \"");
    put_quoted(g->out, to);
    ds_put_cstr(g->out, "\" [tooltip=\"");
    put_quoted(g->out, row ? row->name : to);
    ds_put_char(g->out, '"');
    if (row) {
        put_vlan_attrs(g, row);
    }
    ds_put_cstr(g->out, "];\n");
}

static char *
bridge_node(const struct model_row *port)
{
    return xasprintf("bridge:%s", model_row_get(port, MODEL_F_BRIDGE));
}

static void
put_bridges(struct graph *g)
{
    struct sset names = SSET_INITIALIZER(&names);
    struct shash_node *node;

    SHASH_FOR_EACH (node, &g->wanted->by_bridge) {
        sset_add(&names, node->name);
    }
    const char **sorted = sset_sort(&names);
    for (size_t i = 0; i < sset_count(&names); i++) {
        char *id = xasprintf("bridge:%s", sorted[i]);
        const struct model_object *object = model_wanted_get(g->wanted, id);
        const char *type = (object && object->bridge
                            ? model_row_get(&object->bridge->row,
                                            "datapath_type") : "");
        char *label = xasprintf("%s\n%s", sorted[i],
                                !object ? "not managed"
                                : *type ? type : "system");

        put_node(g, "    ", id, id, label, object
                 ? ", fillcolor=\"#e8eef7\", penwidth=2, height=0.7"
                 : ", style=\"filled,dashed\", height=0.7");
        free(label);
        free(id);
    }
    free(sorted);
    sset_destroy(&names);
}

/* A VM's NICs in a box of its own, and their lines. */
static size_t
put_vm(struct graph *g, size_t first)
{
    const char *id = g->objects[first]->name;
    size_t len = strcspn(id, "/");
    size_t i;

    ds_put_format(g->out, "    subgraph \"cluster %.*s\" {\n"
                  "        label=\"%.*s\"; style=\"rounded,filled\"; "
                  "color=\"#bbbbbb\"; fillcolor=\"#f7f7f7\";\n",
                  (int) len, id, (int) len, id);
    for (i = first; i < g->n; i++) {
        const struct model_object *nic = g->objects[i]->data;

        if (!model_id_is_nic(nic->id) || strncmp(nic->id, id, len + 1)) {
            break;
        }
        char *label = xasprintf("%s\n%s", nic->id + len + 1,
                                nic->n_ports ? nic->ports[0]->row.name : "");
        put_node(g, "        ", nic->id, nic->id, label, "");
        free(label);
    }
    ds_put_cstr(g->out, "    }\n");
    for (size_t j = first; j < i; j++) {
        const struct model_object *nic = g->objects[j]->data;

        if (nic->n_ports) {
            char *bridge = bridge_node(&nic->ports[0]->row);
            put_edge(g, nic->id, bridge, &nic->ports[0]->row);
            free(bridge);
        }
    }
    return i;
}

static void
put_port(struct graph *g, const struct model_object *object)
{
    const struct model_port *port = object->ports[0];
    const struct model_row *iface = &port->ifaces[0].row;
    const char *type = model_row_get(iface, "type");
    const char *remote = model_row_get(iface, "options:remote_ip");
    char *label = (!*type ? xstrdup(port->row.name)
                   : xasprintf("%s\n%s%s%s", port->row.name, type,
                               remote ? " to " : "", remote ? remote : ""));
    char *bridge = bridge_node(&port->row);

    put_node(g, "    ", object->id, object->id, label,
             !*type ? ", shape=cds, fillcolor=\"#eeeeee\""
             : remote ? ", style=\"filled,dashed\"" : ", shape=ellipse");
    put_edge(g, bridge, object->id, &port->row);
    free(bridge);
    free(label);
}

static void
put_bond(struct graph *g, const struct model_object *object)
{
    const struct model_port *port = object->ports[0];
    const char *mode = model_row_get(&port->row, "bond_mode");
    const char *lacp = model_row_get(&port->row, "lacp");
    char *label = xasprintf("%s\n%s%s%s", port->row.name,
                            *mode ? mode : "active-backup",
                            *lacp ? ", lacp " : "", lacp);
    char *bridge = bridge_node(&port->row);

    put_node(g, "    ", object->id, object->id, label,
             ", fillcolor=\"#eeeeee\"");
    put_edge(g, bridge, object->id, &port->row);
    for (size_t i = 0; i < port->n_ifaces; i++) {
        char *member = xasprintf("member:%s", port->ifaces[i].row.name);

        put_node(g, "    ", member, NULL, port->ifaces[i].row.name,
                 ", shape=cds, fillcolor=\"#eeeeee\"");
        put_edge(g, object->id, member, NULL);
        free(member);
    }
    free(bridge);
    free(label);
}

static void
put_link(struct graph *g, const struct model_object *object)
{
    const char *type = model_row_get(&object->ports[0]->ifaces[0].row,
                                     "type");
    char *label = xasprintf("%s\n%s", object->id + strlen("link:"),
                            *type ? type : "veth");

    put_node(g, "    ", object->id, object->id, label, ", shape=ellipse");
    for (size_t i = 0; i < object->n_ports; i++) {
        const struct model_row *row = &object->ports[i]->row;
        char *bridge = bridge_node(row);

        put_edge(g, i ? object->id : bridge, i ? bridge : object->id, row);
        free(bridge);
    }
    /* An end of a veth pair that is on no bridge. */
    for (size_t i = 0; i < object->n_links; i++) {
        const char *name = object->links[i]->name;

        if (!model_object_find_port(object, name)) {
            char *free_end = xasprintf("end:%s", name);
            put_node(g, "    ", free_end, NULL, name, ", style=dashed");
            put_edge(g, object->id, free_end, NULL);
            free(free_end);
        }
    }
    free(label);
}

static void
collect_vlans(struct graph *g)
{
    struct sset all = SSET_INITIALIZER(&all);

    for (size_t i = 0; i < g->n; i++) {
        const struct model_object *object = g->objects[i]->data;

        for (size_t j = 0; j < object->n_ports; j++) {
            struct sset vlans;
            const char *vlan;

            sset_init(&vlans);
            port_vlans(&object->ports[j]->row, &vlans);
            SSET_FOR_EACH (vlan, &vlans) {
                if (sset_count(&vlans) <= LINES_MAX) {
                    sset_add(&all, vlan);
                }
            }
            sset_destroy(&vlans);
        }
    }
    const char **sorted = sort_vlans(&all);
    for (size_t i = 0; i < sset_count(&all); i++) {
        shash_add(&g->vlans, sorted[i], palette[i % ARRAY_SIZE(palette)]);
    }
    free(sorted);
    sset_destroy(&all);
}

static void
put_legend_row(struct graph *g, const char *color, const char *prefix,
               const char *text)
{
    ds_put_format(g->out, "<tr><td width=\"22\" height=\"12\" "
                  "fixedsize=\"true\" bgcolor=\"%s\"></td>"
                  "<td align=\"left\">%s%s</td></tr>\n", color, prefix, text);
}

static void
put_legend(struct graph *g)
{
    struct sset vlans = SSET_INITIALIZER(&vlans);
    struct shash_node *node;

    SHASH_FOR_EACH (node, &g->vlans) {
        sset_add(&vlans, node->name);
    }
    ds_put_cstr(g->out, "    legend [shape=plain, style=\"\", label=<"
                "<table border=\"0\" cellspacing=\"3\" cellpadding=\"1\">\n");
    const char **sorted = sort_vlans(&vlans);
    for (size_t i = 0; i < sset_count(&vlans); i++) {
        put_legend_row(g, shash_find_data(&g->vlans, sorted[i]), "VLAN ",
                       sorted[i]);
    }
    free(sorted);
    put_legend_row(g, PLAIN, "", "all VLANs, or many");
    for (enum model_state state = 0; state < MODEL_N_STATES; state++) {
        if (g->shown[state]) {
            put_legend_row(g, fills[state], "", model_state_name(state));
        }
    }
    ds_put_cstr(g->out, "</table>>];\n");
    sset_destroy(&vlans);
}

static void
put_objects(struct graph *g)
{
    size_t i = 0;

    while (i < g->n) {
        const struct model_object *object = g->objects[i]->data;

        if (model_id_is_nic(object->id)) {
            i = put_vm(g, i);
            continue;
        }
        if (object->n_ports && object->ports[0]->n_ifaces) {
            if (!strncmp(object->id, "port:", 5)) {
                put_port(g, object);
            } else if (!strncmp(object->id, "bond:", 5)) {
                put_bond(g, object);
            } else if (!strncmp(object->id, "link:", 5)) {
                put_link(g, object);
            }
        }
        i++;
    }
}

void
graph_format(const struct model_wanted *wanted, const struct shash *states,
             struct ds *out)
{
    struct graph g = {
        .wanted = wanted,
        .states = states,
        .objects = shash_sort(&wanted->objects),
        .n = shash_count(&wanted->objects),
        .vlans = SHASH_INITIALIZER(&g.vlans),
        .out = out,
    };

    collect_vlans(&g);
    ds_put_cstr(out, "graph \"ovs-portd\" {\n"
                "    graph [rankdir=LR, ranksep=0.9, nodesep=0.15, "
                "fontname=\"Helvetica,Arial,sans-serif\", fontsize=11];\n"
                "    node [shape=box, style=filled, fillcolor=white, "
                "color=\"#555555\", "
                "fontname=\"Helvetica,Arial,sans-serif\", fontsize=10, "
                "height=0.3, margin=\"0.12,0.05\"];\n"
                "    edge [color=\""PLAIN"\", "
                "fontname=\"Helvetica,Arial,sans-serif\", fontsize=9];\n");
    put_bridges(&g);
    put_objects(&g);
    put_legend(&g);
    ds_put_cstr(out, "}\n");
    free(g.objects);
    shash_destroy(&g.vlans);
}
