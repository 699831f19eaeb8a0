/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_CLI_WORLD_H
#define PORTD_CLI_WORLD_H 1

/* World
 * =====
 *
 * The specs, and the host, as this process sees them by itself: for what must
 * work without the daemon.  It only reads. */

#include <stdbool.h>
#include "openvswitch/compiler.h"
#include "src/cli/cli.h"
#include "src/host/adopt.h"
#include "src/host/fuses.h"
#include "src/host/specs.h"
#include "src/plan/plan.h"
#include "svec.h"

struct host;
struct store;

struct world {
    struct store *store;
    struct specs specs;
    struct host *host;          /* NULL: only the specs. */
    struct model_wanted own;    /* Without a host. */
    struct model_wanted *wanted;
    struct fuses fuses;
    bool any_vm;                /* There is a file in vms.d. */
};

/* Connects to the database and lets go again.  Returns CLI_DONE, or an exit
 * code and a message in '*error' for the caller to free. */
enum cli_exit world_check_database(const struct cli *, char **error);

/* Empty, for who has texts of his own. */
void world_init(struct world *);

/* Reads the spec directory 'dir' and, 'with_host', the database and the
 * kernel, until the timeout.  Returns CLI_DONE, or an exit code and a message
 * in '*error' for the caller to free; world_close() either way. */
enum cli_exit world_open(const struct cli *, const char *dir, bool with_host,
                         struct world *, char **error);
void world_close(struct world *);

/* Adds all messages of invalid files, in the order of files. */
void world_errors(const struct world *, struct svec *errors);

/* The VM's name in "vms.d/VM.json", for the caller to free, or NULL for
 * another file; and what is wrong if there is no file for 'vm'. */
char *world_vm_of(const char *file);
char *world_unknown_vm(const struct world *, const char *vm);

/* Plans object 'id' as the daemon would when it starts now. */
void world_plan(const struct world *, const char *id, struct plan *,
                struct plan_verdict *);

/* What plan_adopt() says of it to the daemon, which allows 'allowed'. */
void world_adopt(const struct world *, const char *id,
                 const struct adopt_allowed *, struct adoption *);

#endif /* src/cli/world.h */
