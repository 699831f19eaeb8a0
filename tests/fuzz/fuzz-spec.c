/* SPDX-License-Identifier: Apache-2.0 */

/* libFuzzer: any bytes as host.json and as a VM's file.  What may not happen:
 * a crash, a leak, objects beside errors, a message of more than one line. */
#include <config.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "src/spec/spec.h"
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_result(struct spec_result *result)
{
    const char *error;
    size_t i;

    if (result->errors.n && result->n_objects) {
        abort();
    }
    SVEC_FOR_EACH (i, error, &result->errors) {
        if (strchr(error, '\n') || !strchr(error, ':')) {
            abort();
        }
    }
    spec_result_destroy(result);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char nic[] = "{\"bridge\": \"br0\", \"tag\": 7, \"mtu\": 1400}";
    struct spec_defaults defaults = { nic };
    struct spec_result result;
    /* Exactly 'size' bytes, so that a read beyond them is seen. */
    char *text = xmalloc(size ? size : 1);

    if (size) {
        memcpy(text, data, size);
    }
    spec_parse_host("host.json", text, size, &result);
    check_result(&result);
    spec_parse_vm("vms.d/vm1.json", text, size, &defaults, &result);
    check_result(&result);
    free(text);
    return 0;
}
