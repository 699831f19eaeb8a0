/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_STORE_WATCH_H
#define PORTD_STORE_WATCH_H 1

/* Watch
 * =====
 *
 * inotify(7) on DIR and DIR/vms.d: which names have to be looked at again.
 * An event says no more than that; what has become of a file is found out by
 * looking.  It does not read files, and it has no clock. */

#include <stdbool.h>
#include <sys/stat.h>
#include "src/store/read.h"
#include "sset.h"

/* What has to be looked at. */
struct store_todo {
    struct sset names;          /* "host.json", "vms.d/vm1.json". */
    bool full;                  /* Everything, whatever 'names' says. */
    bool reread;                /* Also what seems to be unchanged. */
};

void store_todo_init(struct store_todo *);
void store_todo_destroy(struct store_todo *);
/* Nothing is left to be looked at. */
void store_todo_clear(struct store_todo *);

struct store_watch;

struct store_watch *store_watch_create(void);
void store_watch_destroy(struct store_watch *);

/* Watches the directories that 'fds' are (fds->vms may be -1), and no others.
 * Returns true if one of them was not watched before: then something may have
 * happened there of which there was no event. */
bool store_watch_attach(struct store_watch *, const struct store_fds *fds);
/* Watches nothing any more. */
void store_watch_detach(struct store_watch *);

/* True if events can be relied on for both directories. */
bool store_watch_works(const struct store_watch *);

/* Takes in all events that there are.  Returns true if any of them matters;
 * adds to 'todo' what has to be looked at for it (nothing for a journal). */
bool store_watch_run(struct store_watch *, struct store_todo *todo);
void store_watch_wait(const struct store_watch *);

/* How often events were lost. */
unsigned long long store_watch_overflows(const struct store_watch *);

#endif /* src/store/watch.h */
