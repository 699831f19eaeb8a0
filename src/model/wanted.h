/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_MODEL_WANTED_H
#define PORTD_MODEL_WANTED_H 1

/* Wanted
 * ======
 *
 * All objects that the specs ask for, by id, with the indexes that tell
 * which object wants a given device name, bridge, MAC or iface-id.  It grows
 * and shrinks by whole source files, so that an edit of one file costs what
 * that file holds. */

#include "openvswitch/shash.h"
#include "src/model/model.h"
#include "sset.h"

struct model_observed;

/* host.json's "policy". */
struct model_policy {
    bool report_only;           /* "drift": "report". */
    bool pin_ofports;
    unsigned int gc_grace;      /* Seconds. */
    unsigned int gc_max_percent;
};
#define MODEL_POLICY_INITIALIZER { false, false, 10, 50 }

struct model_wanted {
    char *instance;             /* Whose marks the objects get. */
    struct shash objects;       /* Id -> struct model_object. */
    uint64_t n_versions;        /* The last one's number. */
    size_t n_nics;              /* Of those, NICs. */
    struct shash by_source;     /* Source -> struct sset of ids. */
    struct shash by_name;       /* Device or row name -> sset of ids. */
    struct shash by_bridge;     /* Bridge name -> sset of ids of ports. */
    struct shash by_reference;  /* Port's name -> sset of ids of what refers
                                 * to it. */
    struct shash by_mac;        /* "BRIDGE MAC" -> sset of ids. */
    struct shash by_iface_id;   /* iface-id -> sset of ids. */
    struct model_policy policy;
};

/* For 'instance', whose marks all objects get (model_object_mark()). */
void model_wanted_init(struct model_wanted *, const char *instance);
void model_wanted_destroy(struct model_wanted *);

struct model_object *model_wanted_get(const struct model_wanted *,
                                      const char *id);

/* Replaces all objects of 'source' by the 'n' 'objects' (ownership goes over,
 * the array itself stays the caller's), which get their marks here; n == 0
 * removes the source.  Adds to 'changed' the ids of objects that are new, gone
 * or not equal to before, and of those whose clash with them may have begun or
 * ended. */
void model_wanted_replace(struct model_wanted *, const char *source,
                          struct model_object **objects, size_t n,
                          struct sset *changed);

/* Ids that want a row or device called 'name' / that put a port on bridge
 * 'name'; NULL if there are none. */
const struct sset *model_wanted_by_name(const struct model_wanted *,
                                        const char *name);
const struct sset *model_wanted_by_bridge(const struct model_wanted *,
                                          const char *name);
/* Ids whose satellites refer to port 'name', or NULL. */
const struct sset *model_wanted_by_reference(const struct model_wanted *,
                                             const char *name);
const struct sset *model_wanted_by_source(const struct model_wanted *,
                                          const char *source);

/* Two objects may not want the same name, the same MAC on one bridge or the
 * same iface-id: the one that is live in 'observed' wins; if none is, all
 * lose.  Returns NULL if object 'id' may go ahead, otherwise a text that
 * names the other, for the caller to free. */
char *model_wanted_clash(const struct model_wanted *,
                         const struct model_observed *, const char *id);

#endif /* src/model/wanted.h */
