/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_CONTROLLER_COMMANDS_H
#define PORTD_CONTROLLER_COMMANDS_H 1

/* The daemon's unixctl commands (docs/control-protocol.md). */

#include <stdbool.h>

struct reconcile;
struct waiters;

struct commands {
    struct reconcile *reconcile;
    struct waiters *waiters;
    bool exit;                  /* "exit" was called. */
};

/* Registers the commands; 'commands' is borrowed for good. */
void commands_register(struct commands *);

#endif /* controller/commands.h */
