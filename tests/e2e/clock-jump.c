/* SPDX-License-Identifier: Apache-2.0 */

/* Preloaded into a program: its wall clock goes as much ahead of the true one
 * as the file CLOCK_JUMP says, in seconds, at any moment. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static time_t
jump(void)
{
    const char *path = getenv("CLOCK_JUMP");
    FILE *stream = path ? fopen(path, "re") : NULL;
    long int seconds = 0;

    if (stream) {
        if (fscanf(stream, "%ld", &seconds) != 1) {
            seconds = 0;
        }
        fclose(stream);
    }
    return seconds;
}

int
clock_gettime(clockid_t id, struct timespec *ts)
{
    static int (*real)(clockid_t, struct timespec *);

    if (!real) {
        real = (int (*)(clockid_t, struct timespec *))
            dlsym(RTLD_NEXT, "clock_gettime");
    }
    int retval = real(id, ts);
    if (!retval && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) {
        ts->tv_sec += jump();
    }
    return retval;
}

int
gettimeofday(struct timeval *tv, void *tz)
{
    struct timespec ts;

    (void) tz;
    clock_gettime(CLOCK_REALTIME, &ts);
    tv->tv_sec = ts.tv_sec;
    tv->tv_usec = ts.tv_nsec / 1000;
    return 0;
}

time_t
time(time_t *t)
{
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    if (t) {
        *t = ts.tv_sec;
    }
    return ts.tv_sec;
}
