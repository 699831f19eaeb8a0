/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include "src/cli/cli.h"
#include "src/cli/edit.h"
#include "src/cli/host-object.h"
#include "src/cli/key.h"
#include "src/cli/object-edit.h"
#include "src/spec/text.h"
#include "sset.h"
#include "util.h"

/* Commands that add, remove and change what is in host.json: bridges, their
 * ports, bonds and links. */

/* Takes the text of host.json as it is by now. */
static char *
begin(struct ctl_context *ctx, enum spec_thing thing, struct keyed *k)
{
    *k = (struct keyed) { .thing = thing };
    return edit_get_host(cli_of(ctx)->edit, &k->text);
}

/* Ends the command on 'name': puts the text back or, with 'error' (freed),
 * fails the command. */
static void
end(struct ctl_context *ctx, struct keyed *k, const char *name, char *error)
{
    if (error) {
        cli_fail(ctx, CLI_REFUSED, xasprintf("%s: %s: %s", ctx->argv[0], name,
                                             error));
        free(error);
    } else {
        edit_put_host(cli_of(ctx)->edit, k->text);
    }
    keyed_destroy(k);
}

/* Makes an object of 'k', with JSON text 'value', unless it is there and may
 * be; '*exists' says so. */
static char *
add(struct ctl_context *ctx, struct keyed *k, const char *value, bool *exists)
{
    *exists = keyed_exists(k);
    if (*exists && !keyed_option(ctx, "--may-exist")) {
        return xstrdup("it is in host.json already; use --may-exist to "
                       "change it if it is");
    }
    edit_note_object(cli_of(ctx)->edit, k->id);
    return *exists ? NULL : object_edit_add(&k->text, k->pointer, value);
}

/* Removes the object. */
static char *
del(struct ctl_context *ctx, struct keyed *k)
{
    edit_note_removed(cli_of(ctx)->edit, k->id);
    return object_edit_del(&k->text, k->pointer);
}

/* Finds 'name'; if it is not there and need not be, '*absent' says so. */
static char *
begin_del(struct ctl_context *ctx, enum spec_thing thing, const char *name,
          struct keyed *k, bool *absent)
{
    char *error = begin(ctx, thing, k);

    *absent = false;
    if (!error) {
        error = host_object_find(k, name);
        if (error && !keyed_exists(k) && keyed_option(ctx, "--if-exists")) {
            free(error);
            error = NULL;
            *absent = true;
        }
    }
    return error;
}

/* The commands that are alike for all things. */

static void
change(struct ctl_context *ctx, enum spec_thing thing,
       char *(*keyed_do)(struct ctl_context *, int, struct keyed *))
{
    struct keyed k;
    char *error = begin(ctx, thing, &k);

    if (!error) {
        error = host_object_find(&k, ctx->argv[1]);
    }
    if (!error) {
        error = keyed_do(ctx, 2, &k);
        edit_note_object(cli_of(ctx)->edit, k.id);
    }
    end(ctx, &k, ctx->argv[1], error);
}

static void
del_named(struct ctl_context *ctx, enum spec_thing thing, const char *name)
{
    struct keyed k;
    bool absent;
    char *error = begin_del(ctx, thing, name, &k, &absent);

    if (!error && !absent) {
        error = del(ctx, &k);
    }
    end(ctx, &k, name, error);
}

#define COMMANDS(NAME, THING) \
    void cmd_##NAME##_set(struct ctl_context *ctx) \
    { \
        change(ctx, THING, keyed_set); \
    } \
    void cmd_##NAME##_clear(struct ctl_context *ctx) \
    { \
        change(ctx, THING, keyed_clear); \
    }
COMMANDS(br, SPEC_BRIDGE)
COMMANDS(port, SPEC_PORT)
COMMANDS(bond, SPEC_BOND)
COMMANDS(link, SPEC_LINK)

/* Bridges. */

void
cmd_br_add(struct ctl_context *ctx)
{
    struct keyed k;
    bool exists;
    char *error = begin(ctx, SPEC_BRIDGE, &k);

    if (!error) {
        error = host_object_place(&k, NULL, ctx->argv[1]);
    }
    if (!error) {
        error = add(ctx, &k, "{}", &exists);
    }
    if (!error) {
        error = keyed_set(ctx, 2, &k);
    }
    end(ctx, &k, ctx->argv[1], error);
}

static bool
is_managed(const struct keyed *k)
{
    char *managed = object_edit_get(k->text, k->pointer, "managed");
    bool yes = !managed || strcmp(managed, "false");

    free(managed);
    return yes;
}

/* Its ports go with it. */
static void
note_ports_removed(struct edit *edit, const struct keyed *k, const char *name)
{
    struct sset ports = SSET_INITIALIZER(&ports);
    char *pointer = object_edit_pointer(k->pointer, "ports");
    const char *port;

    object_edit_names(k->text, pointer, &ports);
    SSET_FOR_EACH (port, &ports) {
        char *id = xasprintf("port:%s/%s", name, port);

        edit_note_removed(edit, id);
        free(id);
    }
    free(pointer);
    sset_destroy(&ports);
}

void
cmd_br_del(struct ctl_context *ctx)
{
    struct keyed k;
    bool absent;
    char *error = begin_del(ctx, SPEC_BRIDGE, ctx->argv[1], &k, &absent);

    if (!error && !absent) {
        note_ports_removed(cli_of(ctx)->edit, &k, ctx->argv[1]);
        /* Of a bridge that others make, nothing but the ports is ours. */
        error = (is_managed(&k) ? del(ctx, &k)
                 : object_edit_del(&k.text, k.pointer));
    }
    end(ctx, &k, ctx->argv[1], error);
}

/* Ports. */

/* Another port of that name would be an error of its own, but less plain. */
static char *
check_elsewhere(const struct keyed *k, const char *name)
{
    struct keyed other = { .thing = SPEC_PORT, .text = k->text };
    char *error = host_object_find(&other, name);

    free(error);
    error = (!error && strcmp(other.id, k->id)
             ? xasprintf("there is %s in host.json; move it by port-del and "
                         "port-add in one chain", other.id) : NULL);
    other.text = NULL;
    keyed_destroy(&other);
    return error;
}

void
cmd_port_add(struct ctl_context *ctx)
{
    const char *bridge = ctx->argv[1];
    struct keyed br = { .thing = SPEC_BRIDGE };
    struct keyed k;
    bool exists;
    char *error = begin(ctx, SPEC_PORT, &k);

    if (!error) {
        br.text = xstrdup(k.text);
        error = host_object_find(&br, bridge);
        if (error) {
            char *text = xasprintf("bridge %s: %s; add it by br-add, with "
                                   "managed=false if it is made by others",
                                   bridge, error);
            free(error);
            error = text;
        }
    }
    if (!error) {
        error = host_object_place(&k, bridge, ctx->argv[2]);
    }
    if (!error) {
        error = check_elsewhere(&k, ctx->argv[2]);
    }
    if (!error) {
        error = add(ctx, &k, "{}", &exists);
    }
    if (!error) {
        error = keyed_set(ctx, 3, &k);
    }
    keyed_destroy(&br);
    end(ctx, &k, ctx->argv[2], error);
}

void
cmd_port_del(struct ctl_context *ctx)
{
    char *name = (ctx->argc > 2
                  ? xasprintf("%s/%s", ctx->argv[1], ctx->argv[2])
                  : xstrdup(ctx->argv[1]));

    del_named(ctx, SPEC_PORT, name);
    free(name);
}

/* Bonds. */

/* The number of the first of the arguments from 'i' on that is KEY=VALUE. */
static int
first_setting(const struct ctl_context *ctx, int i)
{
    while (i < ctx->argc && !strchr(ctx->argv[i], '=')) {
        i++;
    }
    return i;
}

static char *
set_bond(struct ctl_context *ctx, struct keyed *k, int n)
{
    struct svec members = SVEC_EMPTY_INITIALIZER;
    struct ds bridge = DS_EMPTY_INITIALIZER;

    for (int i = 3; i < n; i++) {
        svec_add(&members, ctx->argv[i]);
    }
    char *list = svec_join(&members, ",", "");
    char *json = key_strings_to_json(list);
    text_quote(&bridge, ctx->argv[2]);

    char *error = keyed_put(k, "bridge", ds_cstr(&bridge));
    if (!error) {
        error = keyed_put(k, "members", json);
    }
    if (!error) {
        error = keyed_set(ctx, n, k);
    }
    free(json);
    free(list);
    ds_destroy(&bridge);
    svec_destroy(&members);
    return error;
}

void
cmd_bond_add(struct ctl_context *ctx)
{
    int n = first_setting(ctx, 2);
    struct keyed k;
    bool exists;
    char *error = begin(ctx, SPEC_BOND, &k);

    if (!error) {
        error = host_object_place(&k, NULL, ctx->argv[1]);
    }
    if (!error && n < 5) {
        error = xstrdup("a bridge and at least 2 members are needed: "
                        "BOND BRIDGE MEMBER MEMBER...");
    }
    if (!error) {
        error = add(ctx, &k, "{}", &exists);
    }
    if (!error) {
        error = set_bond(ctx, &k, n);
    }
    end(ctx, &k, ctx->argv[1], error);
}

void
cmd_bond_del(struct ctl_context *ctx)
{
    del_named(ctx, SPEC_BOND, ctx->argv[1]);
}

/* Links. */

/* Appends "BRIDGE:PORT" or "PORT" as an end. */
static char *
put_end(struct ds *json, const char *arg)
{
    const char *colon = strchr(arg, ':');

    if (colon == arg || !*arg || (colon && !colon[1])) {
        return xasprintf("\"%s\" is not of the form BRIDGE:PORT, or PORT for "
                         "an end outside of Open vSwitch", arg);
    }
    ds_put_char(json, '{');
    if (colon) {
        char *bridge = xmemdup0(arg, colon - arg);

        ds_put_cstr(json, "\"bridge\": ");
        text_quote(json, bridge);
        ds_put_cstr(json, ", ");
        free(bridge);
    }
    ds_put_cstr(json, "\"port\": ");
    text_quote(json, colon ? colon + 1 : arg);
    ds_put_char(json, '}');
    return NULL;
}

/* The link that the arguments describe, as JSON. */
static char *
link_json(const struct ctl_context *ctx, struct ds *json)
{
    char *error;

    ds_put_cstr(json, "{\"type\": ");
    text_quote(json, ctx->argv[2]);
    ds_put_cstr(json, ", \"ends\": [");
    error = put_end(json, ctx->argv[3]);
    if (!error) {
        ds_put_cstr(json, ", ");
        error = put_end(json, ctx->argv[4]);
    }
    ds_put_cstr(json, "]}");
    return error;
}

/* True if the link of 'k' is between the same ends as the one in 'json', in
 * any order. */
static bool
is_same_link(const struct keyed *k, const char *json)
{
    static const char *const keys[] = { "bridge", "port" };
    bool same[2] = { true, true };

    for (int i = 0; i < 4; i++) {
        char *here = xasprintf("%s/ends/%d", k->pointer, i % 2);
        char *there = xasprintf("/ends/%d", (i % 2) ^ (i / 2));

        for (size_t j = 0; j < ARRAY_SIZE(keys); j++) {
            char *a = object_edit_get(k->text, here, keys[j]);
            char *b = object_edit_get(json, there, keys[j]);

            same[i / 2] &= nullable_string_is_equal(a, b);
            free(a);
            free(b);
        }
        free(there);
        free(here);
    }

    char *a = object_edit_get(k->text, k->pointer, "type");
    char *b = object_edit_get(json, "", "type");
    bool same_type = nullable_string_is_equal(a, b);
    free(a);
    free(b);
    return same_type && (same[0] || same[1]);
}

void
cmd_link_add(struct ctl_context *ctx)
{
    struct ds json = DS_EMPTY_INITIALIZER;
    struct keyed k;
    bool exists;
    char *error = begin(ctx, SPEC_LINK, &k);

    if (!error) {
        error = host_object_place(&k, NULL, ctx->argv[1]);
    }
    if (!error) {
        error = link_json(ctx, &json);
    }
    if (!error) {
        error = add(ctx, &k, ds_cstr(&json), &exists);
    }
    if (!error && exists && !is_same_link(&k, ds_cstr(&json))) {
        error = xstrdup("there is a link of that name that is of another "
                        "type or has other ends; delete it first");
    }
    if (!error) {
        error = keyed_set(ctx, 5, &k);
    }
    ds_destroy(&json);
    end(ctx, &k, ctx->argv[1], error);
}

void
cmd_link_del(struct ctl_context *ctx)
{
    del_named(ctx, SPEC_LINK, ctx->argv[1]);
}
