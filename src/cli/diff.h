/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_CLI_DIFF_H
#define PORTD_CLI_DIFF_H 1

/* Diff: two texts as a unified diff.  Pure. */

#include "openvswitch/dynamic-string.h"

/* Appends to 'out' what "diff -u" says of 'old' and 'new' (NULL: there is no
 * such file) of file 'name'; nothing if they are equal.  Where the part that
 * differs is large, unchanged lines in its midst may show as changed. */
void diff_format(const char *name, const char *old, const char *new,
                 struct ds *out);

#endif /* src/cli/diff.h */
