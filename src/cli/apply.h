/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_CLI_APPLY_H
#define PORTD_CLI_APPLY_H 1

/* Apply
 * =====
 *
 * What "apply" asks of the edit that it is part of, beyond an ordinary one:
 * all files must be good together, and what it does to the guests must be
 * allowed.
 *
 *     cmd_apply --> edit_check --> apply_judge --> edit_commit */

#include "src/cli/cli.h"
#include "src/cli/source.h"
#include "src/plan/plan.h"

struct shash;
struct sset;

struct apply {
    struct source source;
    struct plan_allowed allowed;
    unsigned int confirm;       /* Seconds to confirm it within; 0: final. */
};

void apply_destroy(struct apply *);

/* Adds to 'errors' all that is wrong with the files 'after' an edit, of which
 * 'changed' are the names of those that it changes: between them and in them;
 * not what was as wrong 'before' in files that stay.  Messages of files that
 * come from elsewhere name them so. */
void apply_check_files(const struct apply *, const struct shash *before,
                       const struct shash *after, const struct sset *changed,
                       struct svec *errors);

/* Whether the chain's edit may be made, as far as its apply is concerned.
 * Prints what it would do (--dry-run), or why not.  Returns CLI_DONE or an
 * exit code. */
enum cli_exit apply_judge(struct cli *);

#endif /* src/cli/apply.h */
