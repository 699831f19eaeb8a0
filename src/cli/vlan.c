/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/cli/vlan.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "bitmap.h"
#include "openvswitch/dynamic-string.h"
#include "util.h"

#define N_VLANS 4096

/* Reads a decimal number from '*p', and moves '*p' behind it. */
static bool
read_vlan(const char **p, unsigned int *vlan)
{
    if (!isdigit((unsigned char) **p)) {
        return false;
    }
    *vlan = 0;
    while (isdigit((unsigned char) **p)) {
        *vlan = *vlan * 10 + (*(*p)++ - '0');
        if (*vlan >= N_VLANS) {
            return false;
        }
    }
    return true;
}

char *
vlan_to_json(const char *s, char **json)
{
    const char *p = s;
    unsigned int vlan;

    if (!read_vlan(&p, &vlan) || *p) {
        *json = NULL;
        return xasprintf("\"%s\" is not a VLAN: a number in 0..4095", s);
    }
    *json = xasprintf("%u", vlan);
    return NULL;
}

static bool
read_list(const char *p, unsigned long int *vlans)
{
    for (;;) {
        unsigned int first, last;

        if (!read_vlan(&p, &first)) {
            return false;
        }
        last = first;
        if (*p == '-' && (p++, !read_vlan(&p, &last) || last < first)) {
            return false;
        }
        bitmap_set_multiple(vlans, first, last - first + 1, true);
        if (!*p) {
            return true;
        } else if (*p++ != ',') {
            return false;
        }
    }
}

char *
vlan_list_to_json(const char *list, char **json)
{
    unsigned long int *vlans = bitmap_allocate(N_VLANS);
    char *error = NULL;

    *json = NULL;
    if (read_list(list, vlans)) {
        struct ds ds = DS_EMPTY_INITIALIZER;
        size_t vlan;

        BITMAP_FOR_EACH_1 (vlan, N_VLANS, vlans) {
            ds_put_format(&ds, "%s%"PRIuSIZE, ds.length ? ", " : "[", vlan);
        }
        ds_put_char(&ds, ']');
        *json = ds_steal_cstr(&ds);
    } else {
        error = xasprintf("\"%s\" is not a list of VLANs: numbers in 0..4095 "
                          "and ranges, as in 10,20,30-39", list);
    }
    free(vlans);
    return error;
}
