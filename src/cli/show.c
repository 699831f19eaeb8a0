/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include "openvswitch/json.h"
#include "src/cli/bond-view.h"
#include "src/cli/cli.h"
#include "src/cli/confirm.h"
#include "src/cli/daemon.h"
#include "src/cli/json-view.h"
#include "src/cli/near.h"
#include "src/cli/objects.h"
#include "src/cli/world.h"
#include "src/host/host.h"
#include "src/host/specs.h"
#include "src/model/model.h"
#include "sset.h"
#include "util.h"

/* What there is to show, whoever knows it. */
struct scene {
    struct object_views objects;
    struct sset vms;            /* That there are files for. */
    struct svec errors;         /* Of invalid files. */
};

static void
scene_init(struct scene *s)
{
    object_views_init(&s->objects);
    sset_init(&s->vms);
    svec_init(&s->errors);
}

static void
scene_destroy(struct scene *s)
{
    object_views_destroy(&s->objects);
    sset_destroy(&s->vms);
    svec_destroy(&s->errors);
}

static void
add_file(struct scene *s, const char *name)
{
    char *vm = specs_vm_of(name);

    if (vm) {
        sset_add_and_free(&s->vms, vm);
    }
}

static void
scene_from_status(struct scene *s, const struct json *status)
{
    const struct json *files = json_view(status, "files");

    object_views_from_json(&s->objects, json_view(status, "objects"));
    for (size_t i = 0; i < json_view_n(files); i++) {
        const struct json *file = json_view_element(files, i);
        const struct json *errors = json_view(file, "errors");

        add_file(s, json_view_string(file, "name", ""));
        for (size_t j = 0; j < json_view_n(errors); j++) {
            const struct json *error = json_view_element(errors, j);
            if (error->type == JSON_STRING) {
                svec_add(&s->errors, json_string(error));
            }
        }
    }
}

static void
scene_from_world(struct scene *s, const struct world *w)
{
    struct sset ids = SSET_INITIALIZER(&ids);
    struct shash_node *node;
    struct plan plan;
    const char *id;

    plan_init(&plan);
    host_all(w->host, &ids);
    sset_find_and_delete(&ids, MODEL_QOS_NOOP);
    sset_find_and_delete(&ids, MODEL_LEFTOVERS);
    SSET_FOR_EACH (id, &ids) {
        struct plan_verdict verdict;

        world_plan(w, id, &plan, &verdict);
        object_views_add(&s->objects, id, w->wanted,
                         host_observed(w->host), verdict.state,
                         verdict.text);
        plan_verdict_destroy(&verdict);
    }
    SHASH_FOR_EACH (node, &w->specs.files) {
        add_file(s, node->name);
    }
    world_errors(w, &s->errors);
    plan_destroy(&plan);
    sset_destroy(&ids);
}

/* Asks the daemon or, without one, looks for itself. */
static enum cli_exit
scene_open(const struct cli *cli, struct scene *s, char **error)
{
    struct json *status;
    struct world w;
    char *text;

    *error = NULL;
    if (daemon_look(cli, &status, &text) == DAEMON_OK) {
        const char *state = json_view_string(status, "state", "?");

        scene_from_status(s, status);
        if (model_state_from_name(state) != MODEL_READY) {
            const char *reason = json_view_string(status, "reason", "");
            cli_note("ovs-portd is %s%s%s", state, *reason ? ": " : "",
                     reason);
        }
        json_destroy(status);
        return CLI_DONE;
    }
    cli_note("%s; this is what it would find", text);
    free(text);

    enum cli_exit code = world_open(cli, cli->spec_dir, true, &w, error);
    if (!code) {
        scene_from_world(s, &w);
    }
    world_close(&w);
    return code;
}

/* True if object 'id' is what 'name' asks for: VM, VM/NIC, an object's id or,
 * for the host's own, the name in it. */
static bool
matches(const char *id, const char *name)
{
    size_t len = strlen(name);

    if (!strcmp(id, name)) {
        return true;
    } else if (model_id_is_nic(id)) {
        return !strncmp(id, name, len) && id[len] == '/';
    }

    const char *tail = strrchr(id, strchr(id, '/') ? '/' : ':');
    return tail && !strcmp(tail + 1, name);
}

static char *
unknown(const struct scene *s, const char *name)
{
    struct sset names = SSET_INITIALIZER(&names);
    const char *vm;
    char *near, *error;

    SSET_FOR_EACH (vm, &s->vms) {
        sset_add(&names, vm);
    }
    for (size_t i = 0; i < s->objects.n; i++) {
        sset_add(&names, s->objects.views[i].id);
    }
    near = near_miss(name, &names);
    error = xasprintf("there is no VM, NIC or object \"%s\"%s", name, near);
    free(near);
    sset_destroy(&names);
    return error;
}

/* The cells of a bond's facts: mode, LACP, active member, members. */
static void
put_bond(struct output *o, const struct json *bond)
{
    struct ds members = DS_EMPTY_INITIALIZER;

    output_text(o, json_view_string(bond, "mode", "-"));
    output_text(o, json_view_string(bond, "lacp", "-"));
    output_text(o, json_view_string(bond, "active", "-"));
    bond_view_put_members(&members, json_view(bond, "members"));
    output_text(o, members.length ? ds_cstr(&members) : "-");
    ds_destroy(&members);
}

/* With the facts of bonds in the same table, for programs. */
static void
put_view(struct output *o, const struct object_view *view, bool with_bond)
{
    output_text(o, view->id);
    output_text(o, view->has_port ? view->ifname : "-");
    output_text(o, view->has_port ? view->bridge : "-");
    output_text(o, view->has_port ? view->vlan : "-");
    if (view->queues) {
        char *queues = xasprintf("%lld/%lld", view->attached, view->queues);
        output_text(o, queues);
        free(queues);
    } else {
        output_text(o, "-");
    }
    if (view->ofport > 0) {
        output_integer(o, view->ofport);
    } else {
        output_text(o, "-");
    }
    if (with_bond) {
        put_bond(o, view->bond);
    }
    output_text(o, view->state);
    output_text(o, view->text);
}

/* Whether 'name' (NULL: all) asks for 'view'. */
static bool
is_asked_for(const struct object_view *view, const char *name)
{
    return !name || matches(view->id, name);
}

static void
learn_bonds(const struct cli *cli, struct scene *s, const char *name)
{
    struct object_view **views = xcalloc(s->objects.n, sizeof *views);
    size_t n = 0;

    for (size_t i = 0; i < s->objects.n; i++) {
        struct object_view *view = &s->objects.views[i];

        if (is_asked_for(view, name)) {
            views[n++] = view;
        }
    }
    bond_views_ask(cli, views, n);
    free(views);
}

/* Prints the facts of bonds, for people, after a blank line. */
static void
print_bonds(struct ctl_context *ctx, const struct scene *s, const char *name)
{
    static const char *const headings[] = {
        "bond", "mode", "lacp", "active", "members", NULL
    };
    struct output o;

    output_init(&o, headings);
    o.text_last = true;
    for (size_t i = 0; i < s->objects.n; i++) {
        const struct object_view *view = &s->objects.views[i];

        if (bond_view_is_bond(view) && is_asked_for(view, name)) {
            output_text(&o, view->id);
            put_bond(&o, view->bond);
        }
    }
    if (o.n_cells) {
        ds_put_char(&ctx->output, '\n');
        cli_print(ctx, &o);
    }
    output_destroy(&o);
}

/* Prints the views that 'name' (NULL: all) asks for: of NICs, of the host's
 * own objects, or both.  Returns how many there are. */
static size_t
print_views(struct ctl_context *ctx, const struct scene *s, const char *name,
            const char *heading, bool nics, bool others)
{
    const char *const people[] = {
        heading, "ifname", "bridge", "vlan", "queues", "ofport", "state",
        "text", NULL
    };
    const char *const all[] = {
        heading, "ifname", "bridge", "vlan", "queues", "ofport", "bond_mode",
        "lacp", "active", "members", "state", "text", NULL
    };
    bool machine = nics && others;
    struct output o;
    size_t n;

    output_init(&o, machine ? all : people);
    o.text_last = true;
    for (size_t i = 0; i < s->objects.n; i++) {
        const struct object_view *view = &s->objects.views[i];

        if ((model_id_is_nic(view->id) ? nics : others)
            && is_asked_for(view, name)) {
            put_view(&o, view, machine);
        }
    }
    n = o.n_cells / o.n_columns;
    if (n || machine) {
        cli_print(ctx, &o);
    }
    output_destroy(&o);
    return n;
}

static void
print_scene(struct ctl_context *ctx, const struct scene *s, const char *name)
{
    struct cli *cli = cli_of(ctx);
    size_t n;

    if (cli->style.table || cli->style.columns) {
        n = print_views(ctx, s, name, "object", true, true);
    } else {
        n = print_views(ctx, s, name, "nic", true, false);
        if (n) {
            size_t before = ctx->output.length;

            ds_put_char(&ctx->output, '\n');
            if (!print_views(ctx, s, name, "host object", false, true)) {
                ds_truncate(&ctx->output, before);
            }
        } else {
            n = print_views(ctx, s, name, "host object", false, true);
        }
        print_bonds(ctx, s, name);
    }

    for (size_t i = 0; i < s->errors.n; i++) {
        const char *error = s->errors.names[i];
        char *file = name ? xasprintf("vms.d/%.*s.json",
                                      (int) strcspn(name, "/"), name) : NULL;

        if (!file || !strncmp(error, file, strlen(file))) {
            cli_say(error);
        }
        free(file);
    }
    if (name && !n && !sset_contains(&s->vms, name)) {
        cli_fail(ctx, CLI_REFUSED, unknown(s, name));
    }
}

void
cmd_show(struct ctl_context *ctx)
{
    struct scene s;
    char *error;

    scene_init(&s);
    enum cli_exit code = scene_open(cli_of(ctx), &s, &error);
    if (code) {
        cli_fail(ctx, code, error);
    } else {
        const char *name = ctx->argc > 1 ? ctx->argv[1] : NULL;

        object_views_sort(&s.objects);
        learn_bonds(cli_of(ctx), &s, name);
        print_scene(ctx, &s, name);
        confirm_note(cli_of(ctx));
    }
    scene_destroy(&s);
}
