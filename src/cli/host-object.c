/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/cli/host-object.h"

#include <stdlib.h>
#include <string.h>
#include "src/cli/near.h"
#include "src/cli/object-edit.h"
#include "sset.h"
#include "util.h"

#define BRIDGES "/bridges"

struct section {
    const char *pointer;        /* Where such objects are in host.json. */
    const char *kind;           /* As in their ids. */
    char *(*check_name)(const char *);
};

static const struct section *
section_of(enum spec_thing thing)
{
    static const struct section bridges = {
        BRIDGES, "bridge", spec_check_device_name
    };
    static const struct section bonds = { "/bonds", "bond", spec_check_name };
    static const struct section links = { "/links", "link", spec_check_name };

    return (thing == SPEC_BOND ? &bonds : thing == SPEC_LINK ? &links
            : &bridges);
}

char *
host_object_bridge(const char *bridge)
{
    return object_edit_pointer(BRIDGES, bridge);
}

/* The pointer to the ports of 'bridge', for the caller to free. */
static char *
ports_of(const char *bridge)
{
    char *pointer = host_object_bridge(bridge);
    char *ports = object_edit_pointer(pointer, "ports");

    free(pointer);
    return ports;
}

static char *
place_port(struct keyed *k, const char *bridge, const char *name)
{
    char *ports = ports_of(bridge);

    k->pointer = object_edit_pointer(ports, name);
    k->id = xasprintf("port:%s/%s", bridge, name);
    free(ports);
    return spec_check_device_name(name);
}

char *
host_object_place(struct keyed *k, const char *bridge, const char *name)
{
    const struct section *section = section_of(k->thing);

    if (k->thing == SPEC_PORT) {
        return place_port(k, bridge, name);
    }
    k->pointer = object_edit_pointer(section->pointer, name);
    k->id = xasprintf("%s:%s", section->kind, name);
    return section->check_name(name);
}

/* The bridge that has port 'name', for the caller to free, or NULL.  All
 * ports that are looked at go to 'names'. */
static char *
find_bridge(const char *text, const char *name, struct sset *names)
{
    struct sset bridges = SSET_INITIALIZER(&bridges);
    const char *bridge;
    char *found = NULL;

    object_edit_names(text, BRIDGES, &bridges);
    SSET_FOR_EACH (bridge, &bridges) {
        char *ports = ports_of(bridge);
        char *pointer = object_edit_pointer(ports, name);

        object_edit_names(text, ports, names);
        if (!found && object_edit_exists(text, pointer)) {
            found = xstrdup(bridge);
        }
        free(pointer);
        free(ports);
    }
    sset_destroy(&bridges);
    return found;
}

static char *
unknown(const char *kind, const char *name, const struct sset *names)
{
    char *near = near_miss(name, names);
    char *error = xasprintf("there is no such %s in host.json%s", kind, near);

    free(near);
    return error;
}

static char *
find_port(struct keyed *k, const char *name)
{
    struct sset names = SSET_INITIALIZER(&names);
    const char *slash = strchr(name, '/');
    const char *base = slash ? slash + 1 : name;
    char *bridge = (slash ? xmemdup0(name, slash - name)
                    : find_bridge(k->text, name, &names));
    char *error = bridge ? place_port(k, bridge, base) : NULL;

    if (!keyed_exists(k)) {
        free(error);
        if (slash) {
            free(find_bridge(k->text, base, &names));
        }
        error = unknown("port", base, &names);
    }
    free(bridge);
    sset_destroy(&names);
    return error;
}

char *
host_object_find(struct keyed *k, const char *name)
{
    const struct section *section = section_of(k->thing);
    char *error;

    if (k->thing == SPEC_PORT) {
        return find_port(k, name);
    }
    error = host_object_place(k, NULL, name);
    if (!keyed_exists(k)) {
        struct sset names = SSET_INITIALIZER(&names);

        free(error);
        object_edit_names(k->text, section->pointer, &names);
        error = unknown(section->kind, name, &names);
        sset_destroy(&names);
    }
    return error;
}
