/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_CLI_CONFIRM_H
#define PORTD_CLI_CONFIRM_H 1

/* Commit-confirm, as ovs-portctl sees it: src/store/pending.h has the record
 * and how it ends, and the daemon waits for the deadline. */

#include "src/cli/cli.h"
#include "svec.h"

struct sset;
struct store_edit;

/* Adds a message for each of the files 'names' that must not be edited, as a
 * change of it is pending. */
void confirm_refuse(const struct cli *, const struct sset *names,
                    struct svec *errors);

/* Whether a change can be made that is undone by itself: that nothing is
 * pending, and that there is a daemon which could undo it.  Returns CLI_DONE,
 * or an exit code and a message for the caller to free. */
enum cli_exit confirm_check(const struct cli *, char **error);

/* Commits 'edit', which changes the files 'names', as one that is undone
 * unless it is confirmed within 'secs'.  Ends the edit.  Returns NULL, or a
 * message for the caller to free; the files are as they were then, unless it
 * says so. */
char *confirm_commit(const struct cli *, struct store_edit *edit,
                     const struct sset *names, unsigned int secs)
    OVS_WARN_UNUSED_RESULT;

/* Notes on stderr what is pending, if anything is. */
void confirm_note(const struct cli *);

#endif /* src/cli/confirm.h */
