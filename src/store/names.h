/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_STORE_NAMES_H
#define PORTD_STORE_NAMES_H 1

/* Names of files in the spec directory
 * ====================================
 *
 * A name is relative to the directory: "host.json" or "vms.d/STEM.json".  In
 * a name, bytes that are not printable ASCII, and the backslash, stand as
 * \xNN, so that a stray file can be named in messages of any kind; no two
 * files get the same name.  Pure: no file is looked at here. */

#include <stdbool.h>
#include "openvswitch/compiler.h"

#define STORE_HOST "host.json"
#define STORE_VMS "vms.d"
#define STORE_VMS_PREFIX STORE_VMS "/"

/* True if directory entry 'base' of vms.d is meant to be a spec: it ends in
 * ".json" and does not begin with a dot.  What editors leave around ("x~",
 * ".x.swp", "4913") is not. */
bool store_name_is_spec(const char *base);

/* The name of directory entry 'base' of vms.d, for the caller to free. */
char *store_name_from_entry(const char *base);

/* The directory entry that 'name' stands for, without its directory, for the
 * caller to free. */
char *store_name_to_entry(const char *name);

/* True if 'name' lies in vms.d. */
bool store_name_in_vms(const char *name);

/* Returns NULL if 'name' is "host.json" or "vms.d/STEM.json" with a valid
 * STEM, otherwise "NAME: what is wrong; what to do", for the caller to
 * free. */
char *store_name_check(const char *name) OVS_WARN_UNUSED_RESULT;

/* True if 'base' is ".portd-XXXXXX.tmp", the name of a temporary file. */
bool store_name_is_temporary(const char *base);

#endif /* src/store/names.h */
