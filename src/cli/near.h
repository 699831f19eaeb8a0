/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_CLI_NEAR_H
#define PORTD_CLI_NEAR_H 1

/* Near misses: which names somebody may have meant.  Pure. */

#include "sset.h"

/* "; did you mean vm1 or vm2?" with at most three of 'names' that are like
 * 'name', or "" if none is; for the caller to free. */
char *near_miss(const char *name, const struct sset *names);

#endif /* src/cli/near.h */
