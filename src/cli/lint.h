/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_CLI_LINT_H
#define PORTD_CLI_LINT_H 1

/* Lint
 * ====
 *
 * What no single file can tell: the same name, MAC or iface-id twice, and
 * bridges that nobody has.  Pure. */

#include "src/host/specs.h"
#include "src/model/wanted.h"
#include "svec.h"

/* Adds to 'errors' and to 'notes' what is wrong and what is doubtful between
 * the valid files of 'specs', which want 'wanted'; as messages of spec.h. */
void lint(const struct specs *specs, const struct model_wanted *wanted,
          struct svec *errors, struct svec *notes);

/* A message of spec.h, taken apart. */
struct lint_message {
    unsigned int line, column;  /* 0: of the whole file. */
    char *pointer;              /* Or "". */
    char *text;
};

/* Takes apart 'message', which is about 'file'. */
void lint_message_parse(struct lint_message *, const char *file,
                        const char *message);
void lint_message_destroy(struct lint_message *);

#endif /* src/cli/lint.h */
