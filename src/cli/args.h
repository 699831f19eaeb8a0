/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_CLI_ARGS_H
#define PORTD_CLI_ARGS_H 1

/* Arguments
 * =========
 *
 * db-ctl-base wants a command's options in front of its name, and getopt
 * would make one command of a whole "--" chain.  This puts a command line in
 * the order that both understand, so that "plan --exit-code" and
 * "retag vm1/net0 20 --wait=db -- show" mean what they say.  Pure. */

#include <stddef.h>
#include "svec.h"

/* Options of commands that have a value, which may be a word of its own. */
#define ARGS_WITH_VALUE "--bridge", "--from", "--to", "--vhost", "--vm"

/* Splits the 'argc' strings at 'argv' (argv[0] is the program): everything up
 * to the first "--" goes to 'first', for getopt, with argv[0]; the rest, from
 * that "--" on, to 'rest', with each command's "--x" in front of it, and its
 * value behind a "=". */
void args_split(int argc, char *argv[], struct svec *first,
                struct svec *rest);

#endif /* src/cli/args.h */
