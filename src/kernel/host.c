/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/kernel/kernel.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include "timeval.h"
#include "util.h"

/* What the kernel and the system's databases say of the host itself. */

#define BOOT_ID_PATH "/proc/sys/kernel/random/boot_id"

/* Enough for any entry that is not made to break things. */
#define ENTRY_MAX (1024 * 1024)

char *
kernel_boot_id(void)
{
    char id[64];
    FILE *stream = fopen(BOOT_ID_PATH, "r");

    id[0] = '\0';
    if (stream) {
        if (!fgets(id, sizeof id, stream)) {
            id[0] = '\0';
        }
        fclose(stream);
    }
    id[strcspn(id, "\n")] = '\0';
    return xstrdup(id);
}

long long int
kernel_boottime_ms(void)
{
    struct timespec ts;

    xclock_gettime(CLOCK_BOOTTIME, &ts);
    return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/* A number of a user or group; -1 is not one, it means "none" to the
 * kernel. */
static bool
parse_id(const char *name, unsigned int *id)
{
    return (name[0] && !name[strspn(name, "0123456789")]
            && str_to_uint(name, 10, id) && *id != UINT_MAX);
}

bool
kernel_resolve_user(const char *name, unsigned int *uid)
{
    struct passwd pw, *result = NULL;
    size_t size = 1024;
    char *buf = NULL;
    int error;

    if (parse_id(name, uid)) {
        return true;
    }
    do {
        buf = xrealloc(buf, size);
        error = getpwnam_r(name, &pw, buf, size, &result);
        size *= 2;
    } while (error == EINTR || (error == ERANGE && size <= ENTRY_MAX));
    if (!error && result) {
        *uid = pw.pw_uid;
    }
    free(buf);
    return !error && result;
}

bool
kernel_resolve_group(const char *name, unsigned int *gid)
{
    struct group gr, *result = NULL;
    size_t size = 1024;
    char *buf = NULL;
    int error;

    if (parse_id(name, gid)) {
        return true;
    }
    do {
        buf = xrealloc(buf, size);
        error = getgrnam_r(name, &gr, buf, size, &result);
        size *= 2;
    } while (error == EINTR || (error == ERANGE && size <= ENTRY_MAX));
    if (!error && result) {
        *gid = gr.gr_gid;
    }
    free(buf);
    return !error && result;
}
