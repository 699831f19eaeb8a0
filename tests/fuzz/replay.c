/* SPDX-License-Identifier: Apache-2.0 */

/* What stands in for libFuzzer where there is only a compiler: gives the
 * target each of the files that the command line names, and says how many. */
#include <config.h>

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));

/* As libFuzzer's own default. */
#define INPUT_BYTES (1024 * 1024)

static void
replay(const char *path)
{
    FILE *stream = fopen(path, "re");
    uint8_t *data = xmalloc(INPUT_BYTES);

    if (!stream) {
        ovs_fatal(errno, "%s", path);
    }
    size_t size = fread(data, 1, INPUT_BYTES, stream);
    if (ferror(stream)) {
        ovs_fatal(errno, "%s", path);
    }
    fclose(stream);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
}

int
main(int argc, char *argv[])
{
    if (LLVMFuzzerInitialize) {
        LLVMFuzzerInitialize(&argc, &argv);
    }
    for (int i = 1; i < argc; i++) {
        replay(argv[i]);
    }
    printf("%d\n", argc - 1);
    return 0;
}
