/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/model/model.h"

#include <string.h>

#include "util.h"

char *
model_vlan_describe(const struct model_row *row)
{
    const char *mode = model_row_get(row, "vlan_mode");
    const char *tag = model_row_get(row, "tag");
    const char *trunks = model_row_get(row, "trunks");

    if (!*mode) {
        mode = *tag ? "access" : "trunk";
    }
    if (!strcmp(mode, "access")) {
        return xstrdup(*tag ? tag : "-");
    } else if (!strcmp(mode, "trunk")) {
        return *trunks ? xasprintf("trunk %s", trunks) : xstrdup("-");
    } else if (*trunks) {
        return xasprintf("%s %s + %s", mode, tag, trunks);
    }
    return xasprintf("%s %s", mode, tag);
}
