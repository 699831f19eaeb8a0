/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_STORE_TEMPORARIES_H
#define PORTD_STORE_TEMPORARIES_H 1

/* Temporaries
 * ===========
 *
 * The new files of an edit beside those that they are going to replace.
 *
 * fsync(2) after each would wait for the disk once for each.  Here they are
 * all written first, and then synced side by side: the file system makes one
 * commit of what is asked for meanwhile.  It is not syncfs(2), which would
 * write out whatever else is on that file system: the images of running VMs,
 * say. */

#include "openvswitch/compiler.h"
#include "src/store/read.h"
#include "src/store/store.h"

/* Most files that are open at a time: fewer than a process may have. */
#define TEMPORARIES_MAX 256

struct temporaries {
    const struct store_fds *fds;
    int files[TEMPORARIES_MAX]; /* Written, but not yet synced. */
    size_t n;
};

void temporaries_init(struct temporaries *, const struct store_fds *);

/* Writes 'file' to a temporary file, whose name, for the caller to free, goes
 * to '*tmp'.  Returns 0 or a positive errno, which may be of an earlier
 * file. */
int temporaries_write(struct temporaries *, const struct store_file *file,
                      char **tmp) OVS_WARN_UNUSED_RESULT;

/* The content of all files survives a power cut once this has returned 0;
 * their names do once their directory has been synced.  Otherwise returns a
 * positive errno.  Nothing stays open either way. */
int temporaries_sync(struct temporaries *) OVS_WARN_UNUSED_RESULT;

#endif /* src/store/temporaries.h */
