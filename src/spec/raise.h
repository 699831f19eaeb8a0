/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_SPEC_RAISE_H
#define PORTD_SPEC_RAISE_H 1

/* Raise
 * =====
 *
 * The inverse of lowering: from what is observed to texts of specs that ask
 * for just that, so that adoption changes nothing.  Pure. */

#include <stdbool.h>
#include "openvswitch/shash.h"
#include "svec.h"

struct model_observed;
struct smap;

struct spec_raise_options {
    bool ours;                  /* Also what has marks of this instance. */
    /* Interface -> the guest's MAC, where no row says so. */
    const struct smap *macs;
    /* The name of a user or a group, for the caller to free, or NULL. */
    char *(*user)(unsigned int uid);
    char *(*group)(unsigned int gid);
};

struct spec_raised {
    struct shash files;         /* "host.json", "vms.d/VM.json" -> text. */
    struct svec notes;          /* What the texts do not say, and why. */
};

void spec_raise(const struct model_observed *,
                const struct spec_raise_options *, struct spec_raised *);
void spec_raised_destroy(struct spec_raised *);

#endif /* src/spec/raise.h */
