/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_SPEC_RAISE_PRIVATE_H
#define PORTD_SPEC_RAISE_PRIVATE_H 1

/* Raise, inside
 * =============
 *
 *     raise.c         which file each bridge, bond and port goes to
 *     raise-nic.c     a TAP with its port as a NIC
 *     raise-satellites.c  what serves a bridge or a port
 *     raise-fields.c  the fields of a row as members of a JSON object */

#include "src/model/observed.h"
#include "src/spec/raise.h"
#include "src/spec/spec-private.h"

struct raise {
    const struct model_observed *observed;
    const struct spec_raise_options *options;
    struct spec_raised *result;
    json_t *host;               /* host.json's members, but "version". */
    struct shash vms;           /* VM -> json_t of its file. */
    struct sset bridges;        /* That host.json has to name. */
};

/* Something that the texts do not say. */
void raise_note(struct raise *, const char *format, ...)
    OVS_PRINTF_FORMAT(2, 3);

/* Member 'name' of 'parent', an object, which is made if it is not there. */
json_t *raise_member(json_t *parent, const char *name);
void raise_string(json_t *, const char *name, const char *value);

/* Adds to 'json' the addresses of the device 'name'. */
void raise_addresses(struct raise *, json_t *json, const char *name);
/* Adds to 'json' the fields of 'row' that are keys of 'kind', and notes those
 * that are none.  MODEL_F_*, "type" and our own book-keeping are left out. */
void raise_fields(struct raise *, json_t *json, const struct spec_kind *kind,
                  const struct model_row *row);
/* Takes 'key' out of 'json', which is 'what', and notes why. */
void raise_drop(struct raise *, json_t *json, const char *what,
                const char *key, const char *why);
/* Takes out of 'json', which is complete, what OVS ignores, as a spec may not
 * say such a thing; 'what' is its name in notes. */
void raise_rules(struct raise *, json_t *json, const char *what);

/* True if 'port' is to be a NIC: it is a TAP and its guest's MAC is known. */
bool raise_is_nic(const struct raise *, const struct model_port *port);
void raise_nic(struct raise *, const struct model_port *port);

/* Adds to 'json', which is 'bridge', the keys for all that serves it, and
 * notes what no spec can ask for. */
void raise_satellites(struct raise *, json_t *json, const char *bridge);
/* True if something serves 'bridge' that has no mark and can be a key. */
bool raise_has_satellite(struct raise *, const char *bridge);
/* Notes what serves bridges that the texts do not describe. */
void raise_note_satellites(struct raise *);
/* Adds "qos" to 'json', which is 'port', and returns true if the port's QoS
 * row is ours.  Notes any other, but for the one that NICs share. */
bool raise_qos(struct raise *, json_t *json, const struct model_port *port);

#endif /* src/spec/raise-private.h */
