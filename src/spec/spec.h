/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_SPEC_SPEC_H
#define PORTD_SPEC_SPEC_H 1

/* Spec
 * ====
 *
 * JSON text of host.json and of vms.d/VM.json to objects of the model, or to
 * all of its errors at once.  Pure: text in, objects or messages out.
 *
 *     text --> json syntax --> key by key --> struct model_object
 *               (jansson)      (columns.h)     (lowering)
 *
 * Only src/spec/ sees jansson.  Positions in messages, and the bytes that an
 * edit replaces, both come from text.h. */

#include <stdbool.h>
#include <stddef.h>
#include "openvswitch/compiler.h"
#include "openvswitch/dynamic-string.h"
#include "src/model/model.h"
#include "src/model/wanted.h"
#include "svec.h"

/* Largest file that is read, deepest nesting, most messages of one file. */
#define SPEC_MAX_BYTES (4 * 1024 * 1024)
#define SPEC_MAX_DEPTH 32
#define SPEC_MAX_ERRORS 100

/* host.json's "defaults": {"nic": {…}}: the text of the value, so that a VM
 * file can be parsed again when it changes.  NULL: there are none. */
struct spec_defaults {
    char *nic;                  /* JSON object text, validated. */
};

struct spec_result {
    struct model_object **objects;
    size_t n_objects;
    struct svec errors;         /* "FILE:LINE:COLUMN: POINTER: TEXT". */

    /* Of host.json only. */
    struct model_policy policy;
    struct spec_defaults defaults;
};

void spec_result_destroy(struct spec_result *);

/* Parse the 'len' bytes at 'text'.  'file' ("host.json", "vms.d/vm1.json") is
 * for messages and becomes the objects' source; a VM's name is the file's
 * stem.  If there is any error, there are no objects. */
void spec_parse_host(const char *file, const char *text, size_t len,
                     struct spec_result *);
void spec_parse_vm(const char *file, const char *text, size_t len,
                   const struct spec_defaults *, struct spec_result *);

/* Name rules (design.md): VMs, NICs, bonds, links; device names. Return NULL
 * or what is wrong with 'name', for the caller to free. */
char *spec_check_name(const char *name);
char *spec_check_device_name(const char *name);

/* Adds to 'keys', sorted, the keys that objects of 'kind' ("nic", "bridge",
 * "port", "bond", "link", "end", "vm") take: "KEY=", where there are few
 * values also "KEY=VALUE" for each, and "KEY:" for a map or an object.
 * Returns false if there is no such kind. */
bool spec_keys(const char *kind, struct svec *keys);

/* Keys. */

/* What has keys in a spec. */
enum spec_thing {
    SPEC_NIC,
    SPEC_BRIDGE,
    SPEC_PORT,
    SPEC_BOND,
    SPEC_LINK,
    SPEC_VM,
    SPEC_PATCH_END,             /* An end of a link of type "patch". */
    SPEC_VETH_END
};

/* What a key takes. */
enum spec_key_type {
    SPEC_KEY_INTEGER,
    SPEC_KEY_BOOLEAN,
    SPEC_KEY_STRING,
    SPEC_KEY_INTEGERS,          /* An array of integers. */
    SPEC_KEY_STRINGS,           /* An array of strings. */
    SPEC_KEY_MAP,               /* An object of strings. */
    SPEC_KEY_JSON               /* An object or an array of its own kind. */
};

/* Sets '*type' to what 'key' of 'thing' takes: "KEY" or, for a key of what is
 * an object itself, "KEY:KEY"; what is in a SPEC_KEY_JSON is a SPEC_KEY_JSON
 * as well.  Returns NULL, or what is wrong with 'key', which the message
 * begins with, for the caller to free. */
char *spec_key_type(enum spec_thing thing, const char *key,
                    enum spec_key_type *type) OVS_WARN_UNUSED_RESULT;

/* The default device name of NIC "VM/NIC": "tap" and the first 11 hex digits
 * of the SHA-1 of that string. */
char *spec_default_ifname(const char *vm, const char *nic);

#endif /* src/spec/spec.h */
