/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_CLI_HELP_H
#define PORTD_CLI_HELP_H 1

/* --help: the table of commands, with a line of what each is for. */

#include "openvswitch/dynamic-string.h"

/* Appends all commands in their groups, each as it is to be typed. */
void help_commands(struct ds *);
/* Appends the options that belong to some commands only. */
void help_local_options(struct ds *);

#endif /* src/cli/help.h */
