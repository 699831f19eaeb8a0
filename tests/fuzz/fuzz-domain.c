/* SPDX-License-Identifier: Apache-2.0 */

/* libFuzzer: any bytes as libvirt's domain XML.  What may not happen: a
 * crash, a leak, a text beside errors or neither, a message of several lines,
 * anything fetched. */
#include <config.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "src/cli/domain.h"
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* Exactly 'size' bytes, so that a read beyond them is seen. */
    char *xml = xmalloc(size ? size : 1);
    struct domain d;

    memcpy(xml, data, size);
    domain_parse("d.xml", xml, size, NULL, &d);
    if (!d.text != !d.vm || !d.text != (d.errors.n > 0)) {
        abort();
    }
    for (size_t i = 0; i < d.errors.n; i++) {
        if (strchr(d.errors.names[i], '\n')) {
            abort();
        }
    }
    domain_destroy(&d);
    free(xml);
    return 0;
}
