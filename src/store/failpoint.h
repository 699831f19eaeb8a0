/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_STORE_FAILPOINT_H
#define PORTD_STORE_FAILPOINT_H 1

/* Failpoints
 * ==========
 *
 * STORE_FAILPOINT("name") is a place where a test may let the process die as
 * by a power cut: with SIGKILL, if the environment's PORTD_FAILPOINT is
 * "name".  Nothing of it is in a build without --enable-failpoints.  It knows
 * nothing of what the code around it does. */

#ifdef PORTD_FAILPOINTS
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static inline void
store_failpoint(const char *name)
{
    const char *wanted = getenv("PORTD_FAILPOINT");

    if (wanted && !strcmp(wanted, name)) {
        raise(SIGKILL);
    }
}
#define STORE_FAILPOINT(NAME) store_failpoint(NAME)
#else
#define STORE_FAILPOINT(NAME) ((void) 0)
#endif

#endif /* src/store/failpoint.h */
