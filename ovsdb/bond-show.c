/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "ovsdb/bond-show.h"

#include <stdlib.h>
#include <string.h>
#include "openvswitch/json.h"
#include "util.h"

struct parser {
    struct json *bonds;
    struct json *bond;          /* Whose lines these are, or NULL... */
    struct json *members;       /* ...its members... */
    struct json *member;        /* ...and the last of them, or NULL. */
    const char *name;           /* Of that member. */
};

/* What follows 'prefix' in 's', or NULL. */
static const char *
after(const char *s, const char *prefix)
{
    size_t len = strlen(prefix);

    return !strncmp(s, prefix, len) ? s + len : NULL;
}

/* "---- NAME ----": true if 'line' is that. */
static bool
begin_bond(struct parser *p, const char *line)
{
    const char *const tail = " ----";
    const char *name = after(line, "---- ");
    size_t len = name ? strlen(name) : 0;

    if (len <= strlen(tail) || strcmp(name + len - strlen(tail), tail)) {
        return false;
    }

    char *copy = xmemdup0(name, len - strlen(tail));
    p->bond = json_object_create();
    p->members = json_array_create_empty();
    p->member = NULL;
    json_object_put(p->bond, "members", p->members);
    json_object_put(p->bonds, copy, p->bond);
    free(copy);
    return true;
}

/* "NAME: enabled".  The name may have a colon itself. */
static void
begin_member(struct parser *p, char *line)
{
    char *colon = strrchr(line, ':');

    p->member = NULL;
    if (!colon || colon == line) {
        return;
    }
    *colon = '\0';

    const char *state = colon + 1 + strspn(colon + 1, " ");
    p->name = line;
    p->member = json_object_create();
    json_object_put_string(p->member, "name", p->name);
    if (!strcmp(state, "enabled") || !strcmp(state, "disabled")) {
        json_object_put_string(p->member, "state", state);
    }
    json_array_add(p->members, p->member);
}

/* An indented line. */
static void
parse_member_line(struct parser *p, const char *line)
{
    const char *value = after(line, "may_enable: ");

    if (!strcmp(line, "active member") || !strcmp(line, "active slave")) {
        json_object_put_string(p->bond, "active", p->name);
    } else if (value && (!strcmp(value, "true") || !strcmp(value, "false"))) {
        json_object_put(p->member, "may_enable",
                        json_boolean_create(!strcmp(value, "true")));
    }
}

static void
parse_bond_line(struct parser *p, char *line)
{
    /* Releases before 2.15 say "slave". */
    const char *member = after(line, "member ");
    const char *value;

    member = member ? member : after(line, "slave ");
    if (member) {
        begin_member(p, line + (member - line));
    } else if ((value = after(line, "bond_mode: ")) && *value) {
        json_object_put_string(p->bond, "mode", value);
    } else if ((value = after(line, "lacp_status: ")) && *value) {
        json_object_put_string(p->bond, "lacp", value);
    }
}

struct json *
bond_show_parse(const char *text)
{
    struct parser p = { .bonds = json_object_create() };
    char *copy = xstrdup(text), *save = NULL;

    for (char *line = strtok_r(copy, "\n", &save); line;
         line = strtok_r(NULL, "\n", &save)) {
        size_t indent = strspn(line, " ");

        if (begin_bond(&p, line) || !p.bond) {
            continue;
        } else if (!indent) {
            parse_bond_line(&p, line);
        } else if (p.member) {
            parse_member_line(&p, line + indent);
        }
    }
    free(copy);
    return p.bonds;
}
