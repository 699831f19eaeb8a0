/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_CLI_LINT_H
#define PORTD_CLI_LINT_H 1

/* Lint
 * ====
 *
 * What is wrong with spec files, as far as the files themselves tell: what
 * the parser says of each, and what only all of them together show.
 *
 *     lint.c       findings, and where they are in the text
 *     lint-refs.c  names, and what refers to them
 *     lint-vlan.c  VLANs that are hardly meant so
 *     lint-path.c  MTU along the way from a port to the outside
 *
 * Pure: it knows neither the host nor whether files may be read. */

#include <stddef.h>
#include "openvswitch/compiler.h"
#include "src/host/specs.h"
#include "src/model/wanted.h"

/* An error is what ovs-portd would refuse, or what would end in a state of
 * error.  A warning is done as it says, and hardly meant so.  A note is good
 * to know. */
enum lint_severity {
    LINT_ERROR,
    LINT_WARNING,
    LINT_NOTE,
    LINT_N_SEVERITIES
};
const char *lint_severity_name(enum lint_severity);

struct lint_finding {
    enum lint_severity severity;
    const char *rule;           /* "mtu-path", as docs/reference.md has it. */
    char *file;                 /* A name of 'specs', or "". */
    unsigned int line, column;  /* 0: of the whole file. */
    char *pointer;              /* JSON pointer, or "". */
    char *text;
};

struct lint {
    const struct specs *specs;
    const struct model_wanted *wanted;
    struct lint_finding *findings;
    size_t n, allocated;
};

/* Both are borrowed. */
void lint_init(struct lint *, const struct specs *,
               const struct model_wanted *);
void lint_destroy(struct lint *);

/* Looks at everything; findings are in the order of files and lines. */
void lint_run(struct lint *);

/* Drops what is not about 'file'. */
void lint_keep(struct lint *, const char *file);

/* The number of findings of one kind in 'file', or in all (NULL). */
size_t lint_count(const struct lint *, enum lint_severity, const char *file);

/* Adds a finding: what a message of spec.h about 'file' says... */
void lint_add_message(struct lint *, const char *file, const char *message);
/* ...about JSON pointer 'pointer' of 'file'... */
void lint_add(struct lint *, enum lint_severity, const char *rule,
              const char *file, const char *pointer, const char *format, ...)
    OVS_PRINTF_FORMAT(6, 7);
/* ...about 'object', its 'port' (NULL: all of it) and that one's 'key' (NULL,
 * or not given: all of it). */
void lint_add_object(struct lint *, enum lint_severity, const char *rule,
                     const struct model_object *object,
                     const struct model_port *port, const char *key,
                     const char *format, ...) OVS_PRINTF_FORMAT(7, 8);

/* True if the text of 'object' gives 'key' for 'port', with the JSON text
 * 'value' (NULL: any). */
bool lint_gives(const struct lint *, const struct model_object *,
                const struct model_port *, const char *key,
                const char *value);

/* The rules. */
void lint_references(struct lint *);
void lint_vlans(struct lint *);
void lint_paths(struct lint *);

#endif /* src/cli/lint.h */
