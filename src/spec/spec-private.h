/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_SPEC_SPEC_PRIVATE_H
#define PORTD_SPEC_SPEC_PRIVATE_H 1

/* Spec, inside
 * ============
 *
 *     report.c   messages: where we are in the text, what is wrong there
 *     syntax.c   text to a JSON object of the right version
 *     keys.c     which keys each kind of object takes
 *     key-type.c the same for others: what a key takes
 *     read.c     one JSON object to values: key -> canonical text
 *     satellites.c  what lowers to rows of their own: "qos", "mirrors", …
 *     units.c    quantities in words: "1.5Gbit"
 *     names.c    what a name, a MAC, a UUID may look like
 *     rules.c    what keys of one object must not say together
 *     lower.c    values to rows and links of the model
 *     bond.c     rules and lowering of bonds
 *     host.c     host.json
 *     vm.c       vms.d/VM.json
 *
 * An object's values are an smap with the fields of columns.h: "tag" => "10",
 * "external_ids:a" => "b", and our own keys alike: "mac", "queues". */

#include "smap.h"
#include "src/spec/jansson-private.h"
#include "src/spec/spec.h"

/* Messages of one file. */
struct spec_message {
    size_t offset;              /* Where in the text. */
    char *text;                 /* With the pointer, without the position. */
};

struct spec_report {
    const char *file;
    const char *text;
    size_t len;
    struct ds pointer;          /* The value that is being looked at. */
    struct spec_message *messages;
    size_t n, allocated;
    bool full;                  /* SPEC_MAX_ERRORS were found. */
};

void spec_report_init(struct spec_report *, const char *file,
                      const char *text, size_t len);
/* Adds the messages to 'errors', in the order of their positions, and frees
 * the report. */
void spec_report_finish(struct spec_report *, struct svec *errors);

/* Moves to member or element 'token'; returns what spec_leave() needs. */
size_t spec_enter(struct spec_report *, const char *token);
size_t spec_enter_index(struct spec_report *, size_t index);
void spec_leave(struct spec_report *, size_t saved);

/* Reports an error at the current value, at its key, at another value, or at
 * a byte of the text. */
void spec_error(struct spec_report *, const char *format, ...)
    OVS_PRINTF_FORMAT(2, 3);
void spec_error_key(struct spec_report *, const char *format, ...)
    OVS_PRINTF_FORMAT(2, 3);
void spec_error_pointer(struct spec_report *, const char *pointer,
                        const char *format, ...) OVS_PRINTF_FORMAT(3, 4);
void spec_error_offset(struct spec_report *, size_t offset,
                       const char *format, ...) OVS_PRINTF_FORMAT(3, 4);
/* Like spec_error(), at member 'key' of the current value. */
void spec_error_member(struct spec_report *, const char *key,
                       const char *format, ...) OVS_PRINTF_FORMAT(3, 4);

/* 's' in quotes, cut where it is long, for the caller to free. */
char *spec_quote(const char *s);

/* The root object of the report's text, or NULL with messages.  Duplicate
 * keys are reported, but do not stop it. */
json_t *spec_load(struct spec_report *);

/* What keys an object takes. */
struct spec_key {
    struct model_column column; /* Its name and type. */
    char *(*check)(const char *); /* For strings: what is wrong, or NULL. */
    bool nested;                /* The caller reads the value. */
    const char *refusal;        /* Known, but refused with this text. */
};

struct spec_kind {
    const struct spec_key *own; /* Ends with a NULL name. */
    /* Names of columns of each table that it does not take, NULL-terminated.
     * NULL instead: it takes none of that table. */
    const char *const *without[MODEL_N_TABLES];
    bool nic_ids;               /* Keys of external_ids that NICs reserve. */
};

extern const struct spec_kind spec_kind_vm;
extern const struct spec_kind spec_kind_nic;
extern const struct spec_kind spec_kind_nic_defaults;
extern const struct spec_kind spec_kind_host;
extern const struct spec_kind spec_kind_bridge;
extern const struct spec_kind spec_kind_port;
extern const struct spec_kind spec_kind_bond;
extern const struct spec_kind spec_kind_link;
extern const struct spec_kind spec_kind_end;
extern const struct spec_kind spec_kind_veth_end;
extern const struct spec_kind spec_kind_offloads;
extern const struct spec_kind spec_kind_qos;
extern const struct spec_kind spec_kind_queue;
extern const struct spec_kind spec_kind_controller;
extern const struct spec_kind spec_kind_mirror;
extern const struct spec_kind spec_kind_netflow;
extern const struct spec_kind spec_kind_sflow;
extern const struct spec_kind spec_kind_ipfix;
extern const struct spec_kind spec_kind_defaults;
extern const struct spec_kind spec_kind_policy;

/* What 'name' means to 'kind': one of its own keys ('*own') or a column of
 * '*table'.  Returns its column, or NULL if it is unknown. */
const struct model_column *spec_kind_find(const struct spec_kind *kind,
                                          const char *name,
                                          const struct spec_key **own,
                                          enum model_table *table);
/* What to say of key 'name', which 'kind' does not have, for the caller to
 * free. */
char *spec_kind_unknown(const struct spec_kind *kind, const char *name);
/* Why key 'key' of external_ids is not for specs, or NULL. */
const char *spec_reserved_id(const struct spec_kind *kind, const char *key);

/* Reports it and returns false if 'json' is not an object. */
bool spec_expect_object(struct spec_report *, const json_t *json);
bool spec_expect_array(struct spec_report *, const json_t *json);

/* Reads the members of 'object', which is what the report points at, into
 * 'values'; those that are nested are left out. */
void spec_read(struct spec_report *, json_t *object,
               const struct spec_kind *kind, struct smap *values);

/* Reads what "offloads" of 'object' holds, if it is there, into 'values':
 * "offload:tso" => "true". */
void spec_read_offloads(struct spec_report *, json_t *object,
                        struct smap *values);

/* How many bits the plain number of 'key' ("ingress_policing_rate": 1000)
 * counts in; 0 if it takes no quantity in words. */
int64_t spec_unit(const char *key);
/* Reads 'text' ("1.5Gbit") into '*value', in units of 'unit' bits.  Returns
 * NULL or what is wrong, for the caller to free. */
char *spec_parse_quantity(const char *text, int64_t unit, int64_t *value)
    OVS_WARN_UNUSED_RESULT;

/* Reads member "qos" of 'object', if it has it, into 'values', where nothing
 * but the next two looks for it. */
void spec_read_qos(struct spec_report *, json_t *object,
                   struct smap *values);
/* The field that 'key' of "qos" or of a queue means: keys of ours may be keys
 * of other_config ("max_rate": "other_config:max-rate"). */
const char *spec_qos_field(const char *key);
bool spec_has_qos(const struct smap *values);
/* Adds to 'object' the rows of its 'port' that 'values' say. */
void spec_lower_qos(const struct smap *values, struct model_object *object,
                    struct model_port *port);
/* Adds to 'object' the rows that 'json' says for 'bridge'. */
void spec_read_satellites(struct spec_report *, json_t *json,
                          const char *bridge, struct model_object *object);

/* Reports a missing key. */
bool spec_require(struct spec_report *, json_t *object, const char *key);

char *spec_check_mac(const char *);
char *spec_check_uuid(const char *);
char *spec_check_user(const char *);
char *spec_check_address(const char *);
char *spec_check_not_empty(const char *);
char *spec_check_port_type(const char *);
char *spec_check_link_type(const char *);

/* Rules about several keys of one object. */
void spec_rules_port(struct spec_report *, const struct smap *values);
void spec_rules_nic(struct spec_report *, const struct smap *values);
void spec_rules_addresses(struct spec_report *, const struct smap *values);
/* For the bond 'name', whose object is 'bond'. */
void spec_rules_bond(struct spec_report *, const char *name, json_t *bond,
                     const struct smap *values);
/* What only some types of port can have. */
void spec_rules_type(struct spec_report *, const json_t *port,
                     const struct smap *values);

/* Lowering. */
struct model_port *spec_lower_port(const struct spec_kind *,
                                   const struct smap *values,
                                   const char *name, const char *bridge);
void spec_lower_iface(const struct spec_kind *, const struct smap *values,
                      struct model_iface *, const char *type);
struct model_link *spec_lower_uplink(const struct smap *values,
                                     const char *name);
/* A device that ovs-vswitchd makes, or NULL if 'values' ask nothing of it. */
struct model_link *spec_lower_internal(const struct smap *values,
                                       const char *name);
/* One end of a veth pair, whose other end is 'peer'. */
struct model_link *spec_lower_veth(const struct smap *values,
                                   const char *name, const char *peer);
/* Adds the port and the links of bond 'name' to 'object'. */
void spec_lower_bond(const struct smap *values, const char *name,
                     struct model_object *object);
struct model_bridge *spec_lower_bridge(const struct smap *values,
                                       const char *name);

/* Device and row names of one file, with the place where each was given. */
struct spec_names {
    struct shash places;        /* Name -> JSON pointer. */
};
void spec_names_init(struct spec_names *);
void spec_names_destroy(struct spec_names *);
/* Claims 'name' for the current value; reports both places if somebody else
 * has it already. */
void spec_names_claim(struct spec_names *, struct spec_report *,
                      const char *name);

/* Takes ownership of 'object'. */
void spec_result_add(struct spec_result *, struct model_object *object);
/* Ends the report; where there are errors, the objects go. */
void spec_result_finish(struct spec_result *, struct spec_report *);

#endif /* src/spec/spec-private.h */
