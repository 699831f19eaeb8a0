/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_CLI_SOURCE_H
#define PORTD_CLI_SOURCE_H 1

/* Source
 * ======
 *
 * Spec files from elsewhere: a checkout, what a tool has written.  Whoever
 * names them on the command line vouches for them, so that it matters neither
 * whose they are nor who may write them.  It does not know what is done with
 * them. */

#include <stdbool.h>
#include <stddef.h>
#include "openvswitch/shash.h"
#include "svec.h"

struct source_file {
    char *path;                 /* Where it is. */
    char *text;
    size_t len;
};

struct source {
    struct shash files;         /* "vms.d/vm1.json" -> struct source_file. */
    struct svec errors;         /* All that is wrong. */
    bool any_dir;               /* There was a directory... */
    bool any_file;              /* ...or a single file. */
};

void source_init(struct source *);
void source_destroy(struct source *);

/* Takes in 'path': a directory with host.json and vms.d/, or one file, which
 * is host.json or a VM's by its name. */
void source_add(struct source *, const char *path);

/* Where spec file 'name' came from, or NULL. */
const char *source_path(const struct source *, const char *name);

/* Reads file 'path' into '*text', for the caller to free, and '*len'; one byte
 * more than a spec may have, for the parser to see that it is too large.
 * Returns 0 or a positive errno. */
int source_read(const char *path, char **text, size_t *len);

#endif /* src/cli/source.h */
