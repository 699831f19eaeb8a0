/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/cli/bond-view.h"

#include <stdlib.h>
#include <string.h>
#include "dirs.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "ovsdb/bond-show.h"
#include "ovsdb/vswitchd.h"
#include "src/cli/cli.h"
#include "src/cli/json-view.h"
#include "src/cli/objects.h"
#include "util.h"

/* How long ovs-vswitchd may take, in ms. */
#define ANSWER_MS 1000

bool
bond_view_is_bond(const struct object_view *view)
{
    return view->bond || (view->has_port
                          && !strncmp(view->id, "bond:", strlen("bond:")));
}

void
bond_views_ask(const struct cli *cli, struct object_view *views[], size_t n)
{
    int left = cli_ms_left(cli, ANSWER_MS);
    bool needed = false;
    char *text, *error;

    for (size_t i = 0; i < n; i++) {
        needed |= bond_view_is_bond(views[i]) && !views[i]->bond;
    }
    if (!needed) {
        return;
    }

    error = vswitchd_ask(ovs_rundir(), "bond/show",
                         left < 0 ? ANSWER_MS : MIN(left, ANSWER_MS), &text);
    if (error) {
        cli_note("of bonds it is not known what is active: %s", error);
        free(error);
        return;
    }

    struct json *bonds = bond_show_parse(text);
    for (size_t i = 0; i < n; i++) {
        struct object_view *view = views[i];

        if (bond_view_is_bond(view) && !view->bond) {
            const struct json *facts = json_view(bonds, view->ifname);
            view->bond = facts ? json_clone(facts) : NULL;
        }
    }
    json_destroy(bonds);
    free(text);
}

/* True if 'member' has the boolean 'name' and it is 'value'. */
static bool
is_known(const struct json *member, const char *name, bool value)
{
    const struct json *known = json_view(member, name);

    return known && known->type == (value ? JSON_TRUE : JSON_FALSE);
}

void
bond_view_put_members(struct ds *out, const struct json *members)
{
    for (size_t i = 0; i < json_view_n(members); i++) {
        const struct json *member = json_view_element(members, i);
        const char *state = json_view_string(member, "state", "");
        bool enabled = !strcmp(state, "enabled");

        ds_put_format(out, "%s%s%s%s", i ? ", " : "",
                      json_view_string(member, "name", "?"),
                      *state ? " " : "", state);
        /* It is about to change, but for updelay or downdelay. */
        if (*state && is_known(member, "may_enable", !enabled)) {
            ds_put_format(out, " (may_enable: %s)",
                          enabled ? "false" : "true");
        }
        if (is_known(member, "attached", false)) {
            ds_put_cstr(out, " (detached)");
        }
    }
}
