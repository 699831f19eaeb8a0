/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_CONTROLLER_BACKLOG_H
#define PORTD_CONTROLLER_BACKLOG_H 1

/* Backlog
 * =======
 *
 * Whether the client of a control connection reads what it is told.  If it
 * hangs up with answers queued for it, unixctl frees the connection as soon as
 * it cannot send them, also while a later command of the same client is yet to
 * be answered, and tells nobody.  Where nothing is queued, unixctl leaves the
 * connection alone until that command is answered.  So a command must not be
 * put off unless nothing is queued.
 *
 * unixctl.h has no such question; the jsonrpc beneath has.  The linker's
 * --wrap=jsonrpc_recv shows us which one a command came by. */

#include <stdbool.h>

/* True if nothing is queued, as far as is known, for the client whose command
 * is being carried out.  To be called from the command's function only. */
bool backlog_is_empty(void);

#endif /* controller/backlog.h */
