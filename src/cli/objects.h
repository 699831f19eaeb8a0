/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_CLI_OBJECTS_H
#define PORTD_CLI_OBJECTS_H 1

/* Objects as operators see them, as the daemon tells or as they were found
 * here. */

#include <stdbool.h>
#include <stddef.h>
#include "src/model/model.h"

struct json;
struct model_observed;
struct model_wanted;

struct object_view {
    char *id;
    char *state;
    char *text;                 /* Why; "". */
    bool has_port;              /* The following mean something. */
    char *ifname, *bridge, *vlan;
    long long int queues, attached, ofport;
    struct json *bond;          /* Facts of a bond, or NULL. */
};

struct object_views {
    struct object_view *views;
    size_t n, allocated;
};

void object_views_init(struct object_views *);
void object_views_destroy(struct object_views *);

/* Adds the elements of "objects" of 'status json', or one of them. */
void object_views_from_json(struct object_views *, const struct json *);
void object_views_add_json(struct object_views *, const struct json *);
/* Adds object 'id' as it was found here. */
void object_views_add(struct object_views *, const char *id,
                      const struct model_wanted *,
                      const struct model_observed *,
                      enum model_state, const char *text);

/* NICs first, then the host's own objects, each by name. */
void object_views_sort(struct object_views *);

#endif /* src/cli/objects.h */
