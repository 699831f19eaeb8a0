/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_FAILPOINT_H
#define PORTD_FAILPOINT_H 1

/* Failpoints
 * ==========
 *
 * FAILPOINT("name") is a place where a test may let the process die as by a
 * power cut.  The environment's PORTD_FAILPOINT says where:
 *
 *     NAME            SIGKILL when NAME is passed for the first time
 *     NAME:N          ... for the N-th time
 *     NAME:N:stop     SIGSTOP instead, so that the world can move on between
 *                     two steps
 *     /FILE           what the first line of FILE says at that moment
 *
 * PORTD_FAILPOINT_LOG=FILE has the name of each place that is passed added to
 * FILE, a line each.
 *
 * Each name stands in one place of the sources.  Nothing of it is in a build
 * without --enable-failpoints, where no such place is ever reached by
 * accident.  It knows nothing of what the code around it does. */

#ifdef PORTD_FAILPOINTS
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline void
failpoint_log(const char *name)
{
    const char *path = getenv("PORTD_FAILPOINT_LOG");
    FILE *stream = path ? fopen(path, "ae") : NULL;

    if (stream) {
        fprintf(stream, "%s\n", name);
        fclose(stream);
    }
}

/* Stores what is wanted now, without its end of line, in 'wanted'. */
static inline void
failpoint_wanted(char wanted[], size_t size)
{
    const char *value = getenv("PORTD_FAILPOINT");

    wanted[0] = '\0';
    if (value && value[0] == '/') {
        FILE *stream = fopen(value, "re");

        if (stream) {
            if (!fgets(wanted, size, stream)) {
                wanted[0] = '\0';
            }
            fclose(stream);
        }
    } else if (value) {
        snprintf(wanted, size, "%s", value);
    }
    wanted[strcspn(wanted, "\n")] = '\0';
}

static inline void
failpoint_pass(const char *name, unsigned int *passed)
{
    size_t len = strlen(name);
    unsigned int n = 1;
    char wanted[128];
    char how[8] = "";

    failpoint_log(name);
    failpoint_wanted(wanted, sizeof wanted);
    if (strncmp(wanted, name, len)
        || (wanted[len] && wanted[len] != ':')) {
        return;
    }
    if (wanted[len]) {
        sscanf(wanted + len, ":%u:%7s", &n, how);
    }
    if (++*passed == n) {
        raise(strcmp(how, "stop") ? SIGKILL : SIGSTOP);
    }
}

/* Counted per place and process, from when it is first asked for. */
#define FAILPOINT(NAME)                                 \
    do {                                                \
        static unsigned int failpoint_passed_;          \
                                                        \
        failpoint_pass(NAME, &failpoint_passed_);       \
    } while (0)
#else
#define FAILPOINT(NAME) ((void) 0)
#endif

#endif /* src/failpoint.h */
