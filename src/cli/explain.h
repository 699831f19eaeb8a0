/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_CLI_EXPLAIN_H
#define PORTD_CLI_EXPLAIN_H 1

/* Explain
 * =======
 *
 * The chain from a NIC's file to its guest, link by link:
 *
 *     file - loaded - spec - model - bridge - port - interface - vswitchd
 *         - ofport - tap - owner - qdisc - queues - carrier (- ovn)
 *
 * What differs from what is wanted is what the plan would change; this only
 * says to which link a step belongs.  Pure. */

#include <stdbool.h>
#include <stddef.h>

struct model_observed;
struct model_wanted;
struct plan;

struct explain_link {
    const char *name;
    bool broken;
    char *text;
    char *remedy;               /* Of a broken one. */
};

struct explanation {
    struct explain_link *links;
    size_t n, allocated;
};

struct explain_input {
    const char *id;             /* VM/NIC. */
    const char *source;         /* Name of its file. */
    const char *file_error;     /* What is wrong with the file, or NULL. */
    const char *loaded;         /* Whether ovs-portd has it so, in words; NULL:
                                 * nobody was asked... */
    bool unloaded;              /* ...and it has not. */
    const struct model_wanted *wanted;
    const struct model_observed *observed;
    const struct plan *plan;    /* Of this object. */
    const char *vswitchd_error; /* Why ovs-vswitchd does not answer. */
    const char *remedy;         /* For what ovs-portd has to put right. */
};

void explain_nic(const struct explain_input *, struct explanation *);
void explanation_destroy(struct explanation *);
/* The first broken link, or NULL. */
const struct explain_link *explanation_broken(const struct explanation *);

#endif /* src/cli/explain.h */
