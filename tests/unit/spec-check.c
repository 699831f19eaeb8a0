/* SPDX-License-Identifier: Apache-2.0 */

/* spec-check host|vm FILE...
 *
 * Parses each file as host.json or as a VM's file, prints its errors under
 * the file's last two path components ("vm/tag.json") and exits with 1 if
 * there were any.  tests/corpus.py compares it with the JSON Schemas. */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "src/spec/spec.h"
#include "util.h"

/* Enough for a file that is one byte too large. */
static char buffer[SPEC_MAX_BYTES + 1];

static const char *
short_name(const char *file)
{
    const char *p = file + strlen(file);
    int slashes = 0;

    while (p > file && !(p[-1] == '/' && ++slashes == 2)) {
        p--;
    }
    return p;
}

static bool
check(bool is_vm, const char *file)
{
    FILE *stream = fopen(file, "r");
    struct spec_result result;
    const char *error;
    size_t len, i;
    bool ok;

    if (!stream) {
        ovs_fatal(errno, "%s", file);
    }
    len = fread(buffer, 1, sizeof buffer, stream);
    fclose(stream);

    if (is_vm) {
        spec_parse_vm(short_name(file), buffer, len, NULL, &result);
    } else {
        spec_parse_host(short_name(file), buffer, len, &result);
    }
    ok = !result.errors.n;
    SVEC_FOR_EACH (i, error, &result.errors) {
        puts(error);
    }
    spec_result_destroy(&result);
    return ok;
}

int
main(int argc, char *argv[])
{
    bool ok = true;

    if (argc < 3 || (strcmp(argv[1], "host") && strcmp(argv[1], "vm"))) {
        ovs_fatal(0, "usage: %s host|vm FILE...", argv[0]);
    }
    for (int i = 2; i < argc; i++) {
        ok = check(!strcmp(argv[1], "vm"), argv[i]) && ok;
    }
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
