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
struct shash;
struct store;

struct world {
    struct store *store;
    struct specs specs;
    struct host *host;          /* NULL: only the specs. */
    struct model_wanted own;    /* Without a host. */
    struct model_wanted *wanted;
    struct fuses fuses;
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

/* The parts of that, for who has texts of his own: */

/* Opens the database and the kernel, after world_init() and before there are
 * files. */
enum cli_exit world_open_host(const struct cli *, struct world *,
                              char **error);
/* Takes in 'files' ("struct store_file"), or a file's removal. */
void world_put_files(struct world *, const struct shash *files);
void world_remove_file(struct world *, const char *name);
/* Waits until both worlds are known. */
enum cli_exit world_observe(const struct cli *, struct world *,
                            char **error);
/* Tells the fuses what has left the specs, as the daemon's are when it starts
 * now; grace apart, as if it were over. */
void world_set_fuses(struct world *);

/* Adds all messages of invalid files, in the order of files. */
void world_errors(const struct world *, struct svec *errors);

/* What is wrong if there is no file for 'vm', for the caller to free. */
char *world_unknown_vm(const struct world *, const char *vm);

/* Plans object 'id' as the daemon would when it starts now. */
void world_plan(const struct world *, const char *id, struct plan *,
                struct plan_verdict *);

/* What plan_adopt() says of it to the daemon, which allows 'allowed'. */
void world_adopt(const struct world *, const char *id,
                 const struct plan_allowed *, struct adoption *);

#endif /* src/cli/world.h */
