/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_SPEC_DUMP_H
#define TESTS_UNIT_SPEC_DUMP_H 1

/* What a spec lowers to, as text that a test can state. */

#include "src/spec/spec.h"

/* All objects of 'result', or its errors, one line for each thing:
 *
 *     vm1/net0 from vms.d/vm1.json mac=… queues=1
 *       port tap0 bridge=br0 tag=10 …
 *       iface tap0 external_ids:vm-id=vm1 …
 *       link tap0 kind=tap …
 *
 * with the fields sorted by name.  For the caller to free. */
char *spec_dump(const struct spec_result *result);

#endif /* tests/unit/spec-dump.h */
