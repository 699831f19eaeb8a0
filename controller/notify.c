/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "controller/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "openvswitch/vlog.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(notify);

void
notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un sun = { .sun_family = AF_UNIX };

    if (!path || (*path != '/' && *path != '@')
        || strlen(path) >= sizeof sun.sun_path) {
        return;
    }
    ovs_strlcpy(sun.sun_path, path, sizeof sun.sun_path);
    if (*path == '@') {
        sun.sun_path[0] = '\0'; /* An abstract address. */
    }

    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t len = offsetof(struct sockaddr_un, sun_path) + strlen(path);
    if (fd < 0
        || sendto(fd, state, strlen(state), MSG_NOSIGNAL,
                  (struct sockaddr *) &sun, len) < 0) {
        VLOG_INFO("%s: could not tell the service manager %s (%s)", path,
                  state, ovs_strerror(errno));
    }
    if (fd >= 0) {
        close(fd);
    }
}
