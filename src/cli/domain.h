/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_CLI_DOMAIN_H
#define PORTD_CLI_DOMAIN_H 1

/* Domain
 * ======
 *
 * libvirt's domain XML to the text of a VM's file.  Text in, text or all
 * errors out; nothing is fetched, and a document type declaration, which is
 * where entities come from, is refused unread. */

#include <stddef.h>
#include "svec.h"

/* Largest text that is read. */
#define DOMAIN_MAX_BYTES (1024 * 1024)

struct domain {
    char *vm;                   /* Its name; NULL if there are errors. */
    char *text;                 /* Of vms.d/VM.json; likewise. */
    struct svec notes;          /* "FILE:LINE: what is left out". */
    struct svec errors;         /* "FILE:LINE: what is wrong". */
};

/* Parses the 'len' bytes at 'xml', which came from 'file'.  The VM is called
 * 'vm' or, with NULL, as the domain is. */
void domain_parse(const char *file, const char *xml, size_t len,
                  const char *vm, struct domain *);
void domain_destroy(struct domain *);

#endif /* src/cli/domain.h */
