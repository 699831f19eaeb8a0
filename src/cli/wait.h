/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_CLI_WAIT_H
#define PORTD_CLI_WAIT_H 1

/* Wait
 * ====
 *
 * Until the daemon has loaded exactly the files that an edit left behind and
 * all that they ask for has come to rest.  Every wait has a deadline of its
 * own: a daemon that is stopped does not stop us. */

#include <stdbool.h>
#include "src/cli/cli.h"
#include "svec.h"

/* Begins what a cli_wait() with the same 'vlans' that follows would otherwise
 * have to wait for; 'bridges' are those of the ports whose VLANs are set. */
void cli_wait_prepare(struct cli *, const struct sset *bridges, bool vlans);

/* Waits at --wait's level for 'targets' (see edit_targets(); none: for all
 * objects), and with 'vlans' from level "ovs" on until no frame uses an old
 * VLAN.
 * What went wrong goes to stderr; it begins with what has become of the
 * files: 'edited' if there was an edit, 'changed' if it changed any.
 * The daemon is told, without a wait as well, which objects the edit
 * 'removed' by their names (NULL: none); if it cannot be, a note says what to
 * do. */
enum cli_exit cli_wait(struct cli *, const struct svec *targets,
                       const struct svec *removed, bool vlans, bool edited,
                       bool changed);

#endif /* src/cli/wait.h */
