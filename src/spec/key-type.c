/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/spec/spec-private.h"

#include <stdlib.h>
#include <string.h>
#include "util.h"

static const struct spec_kind *
kind_of(enum spec_thing thing)
{
    switch (thing) {
    case SPEC_NIC: return &spec_kind_nic;
    case SPEC_BRIDGE: return &spec_kind_bridge;
    case SPEC_PORT: return &spec_kind_port;
    case SPEC_BOND: return &spec_kind_bond;
    case SPEC_LINK: return &spec_kind_link;
    case SPEC_VM: return &spec_kind_vm;
    case SPEC_PATCH_END: return &spec_kind_end;
    case SPEC_VETH_END: return &spec_kind_veth_end;
    default: OVS_NOT_REACHED();
    }
}

static enum spec_key_type
type_of(const struct model_column *c, const struct spec_key *own)
{
    bool set = c->shape == MODEL_SET;

    /* A quantity is a number or a text. */
    if ((own && own->nested) || spec_unit(c->name)) {
        return SPEC_KEY_JSON;
    } else if (c->shape == MODEL_MAP) {
        return SPEC_KEY_MAP;
    }
    switch (c->type) {
    case MODEL_BOOLEAN:
        return SPEC_KEY_BOOLEAN;
    case MODEL_INTEGER:
        return set ? SPEC_KEY_INTEGERS : SPEC_KEY_INTEGER;
    case MODEL_STRING:
    case MODEL_REFERENCE:
    default:
        return set ? SPEC_KEY_STRINGS : SPEC_KEY_STRING;
    }
}

/* What is wrong with key 'sub' of what is called 'name' and is a 'type'. */
static char *
check_sub(const struct spec_kind *kind, const char *name, const char *sub,
          enum spec_key_type *type)
{
    const char *why = (!strcmp(name, "external_ids")
                       ? spec_reserved_id(kind, sub) : NULL);

    if (why) {
        return xasprintf("%s:%s: %s", name, sub, why);
    } else if (*type == SPEC_KEY_MAP) {
        *type = SPEC_KEY_STRING;
    } else if (*type != SPEC_KEY_JSON) {
        return xasprintf("%s: this is no map, it has no keys", name);
    }
    return NULL;
}

char *
spec_key_type(enum spec_thing thing, const char *key,
              enum spec_key_type *type)
{
    const struct spec_kind *kind = kind_of(thing);
    const char *colon = strchr(key, ':');
    char *name = colon ? xmemdup0(key, colon - key) : xstrdup(key);
    const struct spec_key *own;
    enum model_table table;
    const struct model_column *c = spec_kind_find(kind, name, &own, &table);
    char *error = NULL;

    *type = SPEC_KEY_STRING;
    if (!c) {
        char *unknown = spec_kind_unknown(kind, name);

        error = xasprintf("%s: %s", name, unknown);
        free(unknown);
    } else if (own && own->refusal) {
        error = xasprintf("%s: %s", name, own->refusal);
    } else {
        *type = type_of(c, own);
        error = colon ? check_sub(kind, name, colon + 1, type) : NULL;
    }
    free(name);
    return error;
}
