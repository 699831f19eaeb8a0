/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/cli/objects.h"

#include <stdlib.h>
#include <string.h>
#include "openvswitch/json.h"
#include "src/cli/json-view.h"
#include "src/host/object-json.h"
#include "util.h"

void
object_views_init(struct object_views *v)
{
    memset(v, 0, sizeof *v);
}

void
object_views_destroy(struct object_views *v)
{
    for (size_t i = 0; i < v->n; i++) {
        struct object_view *view = &v->views[i];

        free(view->id);
        free(view->state);
        free(view->text);
        free(view->ifname);
        free(view->bridge);
        free(view->vlan);
        json_destroy(view->bond);
    }
    free(v->views);
}

static struct object_view *
add_view(struct object_views *v, const char *id, const char *state,
         const char *text)
{
    if (v->n >= v->allocated) {
        v->views = x2nrealloc(v->views, &v->allocated, sizeof *v->views);
    }

    struct object_view *view = &v->views[v->n++];
    memset(view, 0, sizeof *view);
    view->id = xstrdup(id);
    view->state = xstrdup(state);
    view->text = xstrdup(text);
    return view;
}

static void
set_port(struct object_view *view, const char *ifname, const char *bridge,
         const char *vlan)
{
    view->has_port = true;
    view->ifname = xstrdup(ifname);
    view->bridge = xstrdup(*bridge ? bridge : "-");
    view->vlan = xstrdup(vlan);
}

void
object_views_add_json(struct object_views *v, const struct json *json)
{
    const char *id = json_view_string(json, "object", NULL);
    const char *ifname = json_view_string(json, "ifname", NULL);
    const struct json *bond = json_view(json, "bond");

    if (!id) {
        return;
    }

    struct object_view *view
        = add_view(v, id, json_view_string(json, "state", "-"),
                   json_view_string(json, "text", ""));
    if (ifname) {
        set_port(view, ifname, json_view_string(json, "bridge", ""),
                 json_view_string(json, "vlan", "-"));
        view->queues = json_view_integer(json, "queues");
        view->attached = json_view_integer(json, "attached");
        view->ofport = json_view_integer(json, "ofport");
        view->bond = bond ? json_clone(bond) : NULL;
    }
}

void
object_views_from_json(struct object_views *v, const struct json *array)
{
    for (size_t i = 0; i < json_view_n(array); i++) {
        object_views_add_json(v, json_view_element(array, i));
    }
}

void
object_views_add(struct object_views *v, const char *id,
                 const struct model_wanted *wanted,
                 const struct model_observed *observed,
                 enum model_state state, const char *text)
{
    struct json *json = object_json(id, wanted, observed, state, text);

    object_views_add_json(v, json);
    json_destroy(json);
}

static int
compare_views(const void *a_, const void *b_)
{
    const struct object_view *a = a_;
    const struct object_view *b = b_;
    bool a_nic = model_id_is_nic(a->id);
    bool b_nic = model_id_is_nic(b->id);

    return a_nic != b_nic ? b_nic - a_nic : strcmp(a->id, b->id);
}

void
object_views_sort(struct object_views *v)
{
    if (v->n) {
        qsort(v->views, v->n, sizeof *v->views, compare_views);
    }
}
