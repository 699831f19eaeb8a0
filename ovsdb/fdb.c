/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "ovsdb/fdb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ovsdb/unixctl-call.h"
#include "smap.h"
#include "sset.h"
#include "util.h"

/* One line: "    3    10  52:54:00:12:34:56    0"; the age may be "static",
 * and the local port is "LOCAL". */
static void
parse_line(const char *line, struct smap *macs, struct sset *many)
{
    char mac[18], port[12];
    unsigned int number, vlan;

    if (sscanf(line, " %u %u %17[0-9a-fA-F:]", &number, &vlan, mac) != 3
        || strlen(mac) != 17) {
        return;
    }
    snprintf(port, sizeof port, "%u", number);

    const char *other = smap_get(macs, port);
    if (!other && !sset_contains(many, port)) {
        smap_add(macs, port, mac);
    } else if (other && strcmp(other, mac)) {
        /* Several guests are behind it, or it goes to another switch. */
        smap_remove(macs, port);
        sset_add(many, port);
    }
}

void
fdb_parse(const char *text, struct smap *macs)
{
    struct sset many = SSET_INITIALIZER(&many);
    char *copy = xstrdup(text);
    char *save = NULL;

    for (char *line = strtok_r(copy, "\n", &save); line;
         line = strtok_r(NULL, "\n", &save)) {
        parse_line(line, macs, &many);
    }
    free(copy);
    sset_destroy(&many);
}

void
fdb_read(const char *rundir, const char *name, int timeout_ms,
         struct smap *macs)
{
    char *argv[] = { CONST_CAST(char *, name) };
    char *path, *text, *refusal;

    free(unixctl_target_path(rundir, "ovs-vswitchd", &path));
    if (!path) {
        return;
    }
    if (!unixctl_call(path, "fdb/show", argv, 1, timeout_ms, &text,
                      &refusal)) {
        if (text) {
            fdb_parse(text, macs);
        }
        free(text);
        free(refusal);
    }
    free(path);
}
