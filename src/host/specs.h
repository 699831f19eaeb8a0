/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_HOST_SPECS_H
#define PORTD_HOST_SPECS_H 1

/* Specs
 * =====
 *
 * From named texts to wanted objects.  This is the one interface between
 * where specs come from and everything else: files of a directory today,
 * anything that has names and texts tomorrow.
 *
 * A text that does not parse leaves the last good version in force.  One of
 * which no good version was ever seen has no objects; what is live for it is
 * frozen (specs_frozen()). */

#include <stdbool.h>
#include <stddef.h>
#include "openvswitch/shash.h"
#include "src/model/wanted.h"
#include "smap.h"
#include "sset.h"
#include "svec.h"

struct model_observed;

struct specs_file {
    char *name;                 /* "host.json", "vms.d/vm1.json". */
    char *sha256;               /* Of the text last seen; "" unreadable. */
    bool valid;                 /* That text parsed. */
    bool in_force;              /* Some good version is in force. */
    struct svec errors;         /* Of the text last seen. */
    char *text;                 /* The last text, to parse it anew when the
                                 * defaults change. */
    size_t len;
};

struct specs {
    struct shash files;         /* Name -> struct specs_file. */
    char *nic_defaults;         /* host.json's, JSON text, or NULL. */
    bool defaults_known;        /* A good host.json has been seen. */
    bool defaults_missing;      /* specs_look_for_defaults(). */
    struct sset missing_names;  /* Files that name users or groups that do
                                 * not exist. */
    struct smap users, groups;  /* Numbers of those that do, by name, until
                                 * specs_forget_names(). */
};

void specs_init(struct specs *);
void specs_destroy(struct specs *);

/* Text 'name' has appeared or changed. Ids whose wants changed are added to
 * 'changed'. */
void specs_put(struct specs *, const char *name, const char *text,
               size_t len, const char *sha256, struct model_wanted *,
               struct sset *changed);
/* There is a text 'name', but it cannot be read: 'error' says why. */
void specs_put_unreadable(struct specs *, const char *name,
                          const char *error, const struct model_wanted *,
                          struct sset *changed);
/* Text 'name' is gone, and with it what it wanted. */
void specs_remove(struct specs *, const char *name, struct model_wanted *,
                  struct sset *changed);

const struct specs_file *specs_get(const struct specs *, const char *name);

/* The directory of the VMs' texts cannot be read, 'error' says why, or is not
 * even there ('missing'); NULL: it can.  What is live for a text that is not
 * known is frozen then: it has not left.  Nobody misses the directory as long
 * as no VM's text is known and no NIC is live ('observed', which may be NULL:
 * nobody looked).  It is told of as of a text, SPECS_VMS.  To be called
 * whenever any of this may have changed.  Returns true if the answer is
 * another one than before. */
bool specs_put_directory(struct specs *, const char *error, bool missing,
                         const struct model_observed *observed);
#define SPECS_VMS "vms.d"

/* True if there is a VM's text, good or not. */
bool specs_has_vms(const struct specs *);
/* True if there is no text at all. */
bool specs_is_empty(const struct specs *);

/* The name of VM 'vm''s text, "vms.d/VM.json"; and the VM's name in 'file',
 * NULL if that is not one's.  For the caller to free. */
char *specs_vm_file(const char *vm);
char *specs_vm_of(const char *file);
/* The name of the text that object 'id' would come from. For the caller to
 * free. */
char *specs_source_of(const char *id);

/* If object 'id' must not be touched because its text has never been valid,
 * or because it is a NIC that is 'live' and host.json, with the defaults, has
 * never been valid: the first error of that text, or that it is missing; or
 * because it is a NIC that is 'live' for a text that is not known, in a
 * directory that cannot be read: what is wrong with that.  Otherwise NULL. */
const char *specs_frozen(const struct specs *, const char *id, bool live);
/* Looks whether host.json is missing although there must have been one, as
 * objects of it are live; as long as a good one was never seen, the defaults
 * are not known then.  To be called whenever host.json or what is live of it
 * has changed.  Returns true if the answer is another one than before. */
bool specs_look_for_defaults(struct specs *, const struct model_observed *);
/* Parses those texts again that name users or groups which did not exist. */
void specs_retry_names(struct specs *, struct model_wanted *,
                       struct sset *changed);
/* True if there are such texts. */
bool specs_misses_names(const struct specs *);
/* Has users and groups looked up anew: each name is looked up once only, by
 * whoever knows it (a file, LDAP), until this is called.  To be called when
 * the texts that there are to put at a time have been put. */
void specs_forget_names(struct specs *);

#endif /* src/host/specs.h */
