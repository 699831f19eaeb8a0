/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/cli/nic-edit.h"

#include <stdlib.h>
#include <string.h>
#include "src/cli/object-edit.h"
#include "util.h"

#define NICS "/nics"

/* The keys that OVS judges together. */
static const char *const vlan_keys[] = {
    "vlan_mode", "tag", "trunks", "cvlans"
};

void
nic_edit_names(const char *text, struct sset *names)
{
    object_edit_names(text, NICS, names);
}

static char *
pointer_to(const struct nic_edit *e)
{
    return object_edit_pointer(NICS, e->nic);
}

bool
nic_edit_exists(const struct nic_edit *e)
{
    char *pointer = pointer_to(e);
    bool exists = object_edit_exists(e->text, pointer);

    free(pointer);
    return exists;
}

/* The NIC's object as it stands in the text, for the caller to free, or NULL.
 * To look for several keys in it is quicker than in the whole text. */
static char *
own_text(const struct nic_edit *e)
{
    char *pointer = pointer_to(e);
    char *text = object_edit_at(e->text, pointer);

    free(pointer);
    return text;
}

/* The NIC's own value for 'key', or NULL. */
static char *
own(const struct nic_edit *e, const char *key)
{
    char *pointer = pointer_to(e);
    char *value = object_edit_get(e->text, pointer, key);

    free(pointer);
    return value;
}

/* The value from host.json's defaults, or NULL. */
static char *
inherited(const struct nic_edit *e, const char *key)
{
    return object_edit_get(e->defaults, "", key);
}

/* Stores the values in force for 'vlan_keys', or NULL, in 'values', for the
 * caller to free: those of 'nic', the NIC's own text, or, where it has none at
 * all, those from host.json's defaults. */
static void
get_effective(const struct nic_edit *e, const char *nic, char *values[])
{
    bool any = false;

    for (size_t i = 0; i < ARRAY_SIZE(vlan_keys); i++) {
        values[i] = object_edit_get(nic, "", vlan_keys[i]);
        any |= values[i] != NULL;
    }
    for (size_t i = 0; i < ARRAY_SIZE(vlan_keys) && !any; i++) {
        values[i] = inherited(e, vlan_keys[i]);
    }
}

static void
free_values(char *values[])
{
    for (size_t i = 0; i < ARRAY_SIZE(vlan_keys); i++) {
        free(values[i]);
    }
}

char *
nic_edit_put(struct nic_edit *e, const char *key, const char *value)
{
    char *pointer = pointer_to(e);
    char *error = object_edit_put(&e->text, pointer, key, value);

    free(pointer);
    return error;
}

/* Does all of 'values', for the keys in 'vlan_keys', or nothing.  'nic' is the
 * NIC's own text. */
static char *
put_all(struct nic_edit *e, const char *nic, const char *const values[])
{
    char *pointer = pointer_to(e);
    char *before = xstrdup(e->text);
    char *error = NULL;

    for (size_t i = 0; i < ARRAY_SIZE(vlan_keys) && !error; i++) {
        char *old = object_edit_get(nic, "", vlan_keys[i]);

        error = object_edit_replace(&e->text, pointer, vlan_keys[i], old,
                                    values[i]);
        free(old);
    }
    free(pointer);
    if (error) {
        free(e->text);
        e->text = before;
    } else {
        free(before);
    }
    return error;
}

static bool
is_trunk(const char *mode, const char *tag, const char *trunks)
{
    return mode ? object_edit_same(mode, "\"trunk\"") : trunks && !tag;
}

char *
nic_edit_set_tag(struct nic_edit *e, const char *tag)
{
    char *values[ARRAY_SIZE(vlan_keys)];
    char *nic = own_text(e);
    char *error;

    get_effective(e, nic, values);
    if (is_trunk(values[0], values[1], values[2])
        && !(values[2] && object_edit_same(values[2], "[]") && !values[0])) {
        error = xasprintf("is a trunk port%s%s and has no tag; give it one "
                          "VLAN of its own with nic-set-trunks LIST NATIVE, "
                          "or make it an access port with nic-clear-vlan "
                          "first", values[2] ? " for " : "",
                          values[2] ? values[2] : "");
    } else if (values[2] && !values[0]) {
        /* No VLAN at all, said by "trunks": [], which a tag must not have
         * beside it. */
        error = put_all(e, nic, (const char *const[]) {
            NULL, tag, NULL, NULL
        });
    } else {
        /* What was inherited has to be said once there is a tag here. */
        error = put_all(e, nic, (const char *const[]) {
            values[0], tag, values[2], values[3]
        });
    }
    free_values(values);
    free(nic);
    return error;
}

char *
nic_edit_set_trunks(struct nic_edit *e, const char *trunks,
                    const char *native)
{
    char *values[ARRAY_SIZE(vlan_keys)];
    char *nic = own_text(e);

    get_effective(e, nic, values);

    const char *mode = values[0];
    const char *new_mode
        = !native ? "\"trunk\""
          : mode && object_edit_same(mode, "\"native-tagged\"") ? mode
          : "\"native-untagged\"";
    char *error = put_all(e, nic, (const char *const[]) {
        new_mode, native, trunks, NULL
    });

    free_values(values);
    free(nic);
    return error;
}

char *
nic_edit_clear_vlan(struct nic_edit *e)
{
    bool inherits = false;

    for (size_t i = 0; i < ARRAY_SIZE(vlan_keys); i++) {
        char *value = inherited(e, vlan_keys[i]);
        inherits |= value != NULL;
        free(value);
    }
    /* Without any key the defaults would come back. */
    char *nic = own_text(e);
    char *error = put_all(e, nic, (const char *const[]) {
        NULL, NULL, inherits ? "[]" : NULL, NULL
    });

    free(nic);
    return error;
}

/* Other keys. */

bool
nic_edit_is_vlan(const char *key)
{
    for (size_t i = 0; i < ARRAY_SIZE(vlan_keys); i++) {
        if (!strcmp(key, vlan_keys[i])) {
            return true;
        }
    }
    return false;
}

bool
nic_edit_has(const struct nic_edit *e, const char *key)
{
    char *value = own(e, key);

    free(value);
    return value != NULL;
}

char *
nic_edit_add(struct nic_edit *e)
{
    char *pointer = pointer_to(e);
    char *error = object_edit_add(&e->text, pointer, "{}");

    free(pointer);
    return error;
}

char *
nic_edit_del(struct nic_edit *e)
{
    char *pointer = pointer_to(e);
    char *error = object_edit_del(&e->text, pointer);

    free(pointer);
    return error;
}

char *
nic_edit_flag(struct nic_edit *e, const char *key, bool on)
{
    char *mine = own(e, key);
    char *base = inherited(e, key);
    const char *now = mine ? mine : base;
    bool base_on = base && !strcmp(base, "true");
    char *error = NULL;

    if ((now && !strcmp(now, "true")) != on) {
        error = nic_edit_put(e, key, (on ? "true"
                                      : base_on ? "false" : NULL));
    }
    free(base);
    free(mine);
    return error;
}

void
nic_edit_values(const struct nic_edit *e, struct smap *values)
{
    char *pointer = pointer_to(e);

    object_edit_values(e->text, pointer, "", values);
    free(pointer);
}
