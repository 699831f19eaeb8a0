/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "src/store/names.h"

#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "util.h"

#define SUFFIX ".json"
#define STEM_MAX 63
#define STEM_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZ" \
                   "abcdefghijklmnopqrstuvwxyz0123456789_.-"
#define TMP_PREFIX ".portd-"
#define TMP_SUFFIX ".tmp"
#define TMP_RANDOM 6

bool
store_name_is_spec(const char *base)
{
    return base[0] != '.' && string_ends_with(base, SUFFIX);
}

char *
store_name_from_entry(const char *base)
{
    struct ds name = DS_EMPTY_INITIALIZER;

    ds_put_cstr(&name, STORE_VMS_PREFIX);
    for (const char *p = base; *p; p++) {
        unsigned char c = *p;

        if (c < 0x20 || c > 0x7e || c == '\\') {
            ds_put_format(&name, "\\x%02x", c);
        } else {
            ds_put_char(&name, c);
        }
    }
    return ds_steal_cstr(&name);
}

char *
store_name_to_entry(const char *name)
{
    const char *p = store_name_in_vms(name)
                    ? name + strlen(STORE_VMS_PREFIX) : name;
    struct ds base = DS_EMPTY_INITIALIZER;

    while (*p) {
        bool ok = false;
        int c = 0;

        if (p[0] == '\\' && p[1] == 'x') {
            c = hexits_value(p + 2, 2, &ok);
        }
        ds_put_char(&base, ok ? c : *p);
        p += ok ? 4 : 1;
    }
    return ds_steal_cstr(&base);
}

bool
store_name_in_vms(const char *name)
{
    return !strncmp(name, STORE_VMS_PREFIX, strlen(STORE_VMS_PREFIX));
}

char *
store_name_check(const char *name)
{
    if (!strcmp(name, STORE_HOST)) {
        return NULL;
    }
    if (!store_name_in_vms(name)) {
        return xasprintf("%s: is neither "STORE_HOST" nor in "STORE_VMS
                         "; give one of these", name);
    }

    const char *base = name + strlen(STORE_VMS_PREFIX);
    size_t len = strlen(base);
    size_t stem = len > strlen(SUFFIX) ? len - strlen(SUFFIX) : 0;

    if (!store_name_is_spec(base) || !stem || stem > STEM_MAX
        || strspn(base, STEM_CHARS) != len) {
        return xasprintf("%s: the name of a VM's file is 1 to %d of the "
                         "characters A-Z a-z 0-9 _ . - (no dot first) and "
                         "then "SUFFIX"; rename the file", name, STEM_MAX);
    }
    return NULL;
}

bool
store_name_is_temporary(const char *base)
{
    size_t prefix = strlen(TMP_PREFIX);

    return strlen(base) == prefix + TMP_RANDOM + strlen(TMP_SUFFIX)
           && !strncmp(base, TMP_PREFIX, prefix)
           && strspn(base + prefix, "0123456789abcdef") == TMP_RANDOM
           && !strcmp(base + prefix + TMP_RANDOM, TMP_SUFFIX);
}
