/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_CLI_NEW_FILE_H
#define PORTD_CLI_NEW_FILE_H 1

/* Files that a command writes for the operator, outside of the spec
 * directory. */

#include "openvswitch/compiler.h"

/* Makes file 'name', relative to the directory 'dirfd' (AT_FDCWD: the working
 * directory), with 'text' in it.  It appears whole or not at all, and never
 * takes the place of another.  Returns NULL, or an error message for the
 * caller to free, which calls the file 'shown'. */
char *new_file_write(int dirfd, const char *name, const char *shown,
                     const char *text) OVS_WARN_UNUSED_RESULT;

#endif /* src/cli/new-file.h */
