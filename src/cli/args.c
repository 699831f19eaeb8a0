/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/cli/args.h"

#include <stdbool.h>
#include <string.h>
#include "util.h"

static bool
is_separator(const char *arg)
{
    return !strcmp(arg, "--");
}

/* True for an option whose value is the next word. */
static bool
takes_next(const char *arg)
{
    static const char *const options[] = { ARGS_WITH_VALUE };

    for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
        if (!strcmp(arg, options[i])) {
            return true;
        }
    }
    return false;
}

/* Appends the 'n' words of one command, its options first. */
static void
add_command(char *argv[], int n, struct svec *out)
{
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < n; i++) {
            bool option = !strncmp(argv[i], "--", 2);
            bool joined = i + 1 < n && takes_next(argv[i]);

            if (option == (pass == 0)) {
                svec_add_nocopy(out, (joined ? xasprintf("%s=%s", argv[i],
                                                         argv[i + 1])
                                      : xstrdup(argv[i])));
            }
            i += joined;
        }
    }
}

void
args_split(int argc, char *argv[], struct svec *first, struct svec *rest)
{
    int i = 0;

    while (i < argc && (i == 0 || !is_separator(argv[i]))) {
        svec_add(first, argv[i++]);
    }
    while (i < argc) {
        int start = i + 1;
        int end = start;

        while (end < argc && !is_separator(argv[end])) {
            end++;
        }
        svec_add(rest, "--");
        add_command(&argv[start], end - start, rest);
        i = end;
    }
    svec_terminate(first);
    svec_terminate(rest);
}
