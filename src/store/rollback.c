/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "src/store/pending.h"

#include <stdlib.h>
#include <string.h>

#include "openvswitch/util.h"
#include "src/failpoint.h"
#include "util.h"

/* How a pending change ends. */

enum standing {
    IS_AFTER,                   /* As the edit made it. */
    IS_BEFORE,                  /* As it was before. */
    IS_OTHER                    /* Somebody else has written it. */
};

void
pending_end_init(struct pending_end *end)
{
    memset(end, 0, sizeof *end);
    svec_init(&end->targets);
    svec_init(&end->others);
}

void
pending_end_destroy(struct pending_end *end)
{
    svec_destroy(&end->targets);
    svec_destroy(&end->others);
}

static enum standing
standing_of(struct store_edit *edit, const struct pending_file *file)
{
    const struct store_file *now = store_edit_get(edit, file->name);
    const char *sha256 = now && now->state != STORE_ABSENT ? now->sha256 : "";

    if (now && now->state == STORE_UNREADABLE) {
        return IS_OTHER;
    }
    return (!strcmp(sha256, file->before_sha256) ? IS_BEFORE
            : !strcmp(sha256, file->after_sha256) ? IS_AFTER
            : IS_OTHER);
}

static void
add_target(struct pending_end *end, struct store_edit *edit,
           const char *name)
{
    const struct store_file *now = store_edit_get(edit, name);

    svec_add_nocopy(&end->targets,
                    xasprintf("%s=%s", name, now && now->state == STORE_OK
                              ? now->sha256 : "-"));
}

/* Takes the lock, which completes an edit that a dead process left, and reads
 * the record, as it may have ended meanwhile. */
static char *
begin(const struct pending_place *place, int timeout_ms,
      struct store_edit **editp, struct pending **pendingp)
{
    char *error = store_edit_begin(place->spec_dir, timeout_ms, editp);

    *pendingp = NULL;
    if (!error) {
        error = pending_read(place, pendingp);
        if (error) {
            store_edit_abort(*editp);
        }
    }
    return error;
}

char *
pending_confirm(const struct pending_place *place,
                const struct pending_clock *clock, int timeout_ms,
                struct pending_end *end)
{
    struct store_edit *edit;
    struct pending *p;
    char *error = begin(place, timeout_ms, &edit, &p);

    if (error) {
        return error;
    }
    if (!p) {
        end->none = true;
    } else if (!p->stuck && !pending_left(p, clock)) {
        char *what = pending_describe(p, clock);
        error = xasprintf("it is too late to confirm the change %s; it is "
                          "undone when ovs-portd runs, or by \"ovs-portctl "
                          "rollback\"", what);
        free(what);
    } else {
        for (size_t i = 0; i < p->n; i++) {
            end->n_never += standing_of(edit, &p->files[i]) == IS_BEFORE;
            add_target(end, edit, p->files[i].name);
        }
        error = pending_remove(place);
    }
    pending_destroy(p);
    store_edit_abort(edit);
    return error;
}

static void
note_other(struct pending_end *end, const struct pending_place *place,
           struct store_edit *edit, const char *name)
{
    const struct store_file *now = store_edit_get(edit, name);

    svec_add_nocopy(&end->others, xasprintf(
        "%s: somebody else has %s it since the change, so it is left as it "
        "is; \"ovs-portctl confirm\" keeps it so, \"ovs-portctl rollback "
        "--force\" puts back what it was before (kept in %s/%s.pending)",
        name, now ? "written" : "removed", place->state_dir,
        place->instance));
}

/* Puts what the files of 'p' were into 'edit'.  What has to stay as it is goes
 * to '*rest'. */
static void
put_back(const struct pending_place *place, const struct pending *p,
         bool force, struct store_edit *edit, struct pending *rest,
         struct pending_end *end)
{
    for (size_t i = 0; i < p->n; i++) {
        const struct pending_file *file = &p->files[i];
        enum standing standing = standing_of(edit, file);

        if (standing == IS_OTHER && !force) {
            const struct store_file before = {
                .state = file->before ? STORE_OK : STORE_ABSENT,
                .text = file->before,
                .len = file->len,
            };
            pending_add(rest, file->name, &before, file->after_sha256);
            note_other(end, place, edit, file->name);
        } else if (standing != IS_BEFORE) {
            store_edit_put(edit, file->name, file->before, file->len);
            end->n_undone++;
        } else {
            end->n_never++;
        }
        add_target(end, edit, file->name);
    }
}

/* Rolls 'p' back under the lock that 'edit' holds. */
static char *
roll_back(const struct pending_place *place, const struct pending *p,
          bool force, struct store_edit *edit, struct pending_end *end)
{
    const struct pending_clock clock = { .now = 0 };
    struct pending *rest = pending_create(p->spec_dir, p->who, &clock, 0);
    char *error;

    rest->stuck = true;
    put_back(place, p, force, edit, rest, end);
    error = store_edit_write(edit);
    FAILPOINT("rolled-back");
    if (!error) {
        error = rest->n ? pending_write(place, rest) : pending_remove(place);
    }
    pending_destroy(rest);
    return error;
}

char *
pending_rollback(const struct pending_place *place,
                 const struct pending_clock *clock, unsigned int flags,
                 int timeout_ms, struct pending_end *end)
{
    struct store_edit *edit;
    struct pending *p;
    char *error = begin(place, timeout_ms, &edit, &p);

    if (error) {
        return error;
    }
    if (!p || (flags & PENDING_IF_DUE
               && (p->stuck || pending_left(p, clock)))) {
        end->none = true;
    } else {
        error = roll_back(place, p, flags & PENDING_FORCE, edit, end);
    }
    pending_destroy(p);
    store_edit_abort(edit);
    return error;
}
