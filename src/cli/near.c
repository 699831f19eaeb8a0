/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/cli/near.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "openvswitch/dynamic-string.h"
#include "util.h"

#define MAX_LEN 127             /* "VM/NIC". */
#define MAX_SHOWN 3

/* The number of characters to insert, delete or replace, letter case aside;
 * SIZE_MAX where a string is too long to be compared. */
static size_t
distance(const char *a, const char *b)
{
    size_t la = strlen(a), lb = strlen(b);
    size_t row[MAX_LEN + 1];

    if (la > MAX_LEN || lb > MAX_LEN) {
        return SIZE_MAX;
    }
    for (size_t j = 0; j <= lb; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= la; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= lb; j++) {
            bool same = (tolower((unsigned char) a[i - 1])
                         == tolower((unsigned char) b[j - 1]));
            size_t best = diagonal + !same;

            diagonal = row[j];
            best = MIN(best, row[j] + 1);
            row[j] = MIN(best, row[j - 1] + 1);
        }
    }
    return row[lb];
}

char *
near_miss(const char *name, const struct sset *names)
{
    /* A third of it wrong is another name. */
    size_t limit = MAX(1, strlen(name) / 3);
    const char **sorted = sset_sort(names);
    struct ds ds = DS_EMPTY_INITIALIZER;
    size_t shown = 0;

    for (size_t d = 0; d <= limit && shown < MAX_SHOWN; d++) {
        for (size_t i = 0; i < sset_count(names) && shown < MAX_SHOWN; i++) {
            if (distance(name, sorted[i]) == d) {
                ds_put_format(&ds, "%s%s", shown++ ? " or " :
                              "; did you mean ", sorted[i]);
            }
        }
    }
    if (shown) {
        ds_put_char(&ds, '?');
    }
    free(sorted);
    return ds_steal_cstr(&ds);
}
