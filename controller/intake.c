/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "controller/intake.h"

#include <stdlib.h>
#include <string.h>

#include "controller/deadline.h"
#include "controller/reconcile.h"
#include "controller/record.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "src/failpoint.h"
#include "src/host/host.h"
#include "src/store/store.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(intake);

static void
log_errors(const struct specs_file *file)
{
    static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(60, 60);

    for (size_t i = 0; i < file->errors.n; i++) {
        VLOG_WARN_RL(&rl, "%s", file->errors.names[i]);
    }
}

/* What is live for a file that has never been good is frozen, or no longer
 * so: none of it is wanted, so it must be looked for by its marks.  For want
 * of host.json's defaults, NICs are as well. */
static void
mark_live_of(struct reconcile *r, const char *name)
{
    struct sset ids = SSET_INITIALIZER(&ids);
    bool host = !strcmp(name, "host.json");
    const char *id;

    host_all(r->host, &ids);
    SSET_FOR_EACH (id, &ids) {
        char *source = specs_source_of(id);
        if (host || !strcmp(source, name)) {
            sset_add(&r->dirty, id);
        }
        free(source);
    }
    sset_destroy(&ids);
}

void
intake_look_for_defaults(struct reconcile *r)
{
    if (specs_look_for_defaults(&r->specs, host_observed(r->host))) {
        mark_live_of(r, "host.json");
        poll_immediate_wake();
    }
}

static bool
is_frozen(const struct reconcile *r, const char *name)
{
    const struct specs_file *spec = specs_get(&r->specs, name);
    return spec && !spec->valid && !spec->in_force;
}

static void
take_file(struct reconcile *r, const char *name, struct sset *changed)
{
    const struct store_file *file = store_get(r->store, name);
    struct model_wanted *wanted = host_wanted(r->host);
    bool was_frozen = is_frozen(r, name);

    if (!file || file->state == STORE_ABSENT) {
        specs_remove(&r->specs, name, wanted, changed);
    } else if (file->state == STORE_UNREADABLE) {
        specs_put_unreadable(&r->specs, name, file->error, wanted, changed);
    } else {
        specs_put(&r->specs, name, file->text, file->len, file->sha256,
                  wanted, changed);
    }

    const struct specs_file *spec = specs_get(&r->specs, name);
    if (spec && !spec->valid) {
        log_errors(spec);
    }
    if (was_frozen || is_frozen(r, name)) {
        mark_live_of(r, name);
    }
}

/* The row that NICs share is looked at when the last port lets go of it, and
 * what was left unfinished when it is seen.  If somebody wanted it then, it is
 * time again when nobody does. */
static void
mark_internal(struct reconcile *r)
{
    const struct model_observed *o = host_observed(r->host);

    if (model_observed_marked(o, MODEL_QOS_NOOP)
        && !model_observed_qos_users(o, MODEL_QOS_NOOP)) {
        sset_add(&r->dirty, MODEL_QOS_NOOP);
    }
    if (model_observed_marked(o, MODEL_LEFTOVERS)) {
        sset_add(&r->dirty, MODEL_LEFTOVERS);
    }
}

/* New NIC defaults reparse files that have not changed themselves; their
 * objects are in 'changed' all the same. */
void
intake_mark_changed(struct reconcile *r, const struct sset *changed)
{
    const char *id;
    SSET_FOR_EACH (id, changed) {
        const struct model_object *object
            = model_wanted_get(host_wanted(r->host), id);
        struct record *record = shash_find_data(&r->records, id);

        /* A clash that ends, or a new policy, is a reason to look again, but
         * no new wish. */
        if (record && (!object || object->version != record->version)) {
            record_spec_changed(record);
            record->version = object ? object->version : 0;
        }
        sset_add(&r->dirty, id);
    }
    if (!sset_is_empty(changed)) {
        mark_internal(r);
        host_specs_changed(r->host);
    }
    r->files_changed = true;
}

/* What cannot be read has not left. */
static void
look_at_directory(struct reconcile *r)
{
    const struct store_dir *dir = store_get_dir(r->store);

    if (specs_put_directory(&r->specs, dir->error, dir->no_vms,
                            host_observed(r->host))) {
        mark_live_of(r, "host.json");   /* Whatever there is. */
        poll_immediate_wake();
    }
}

bool
intake_is_complete(const struct reconcile *r)
{
    return store_complete(r->store) || store_get_dir(r->store)->error;
}

void
intake_update_fuses(struct reconcile *r, long long int now)
{
    const struct specs_file *host = specs_get(&r->specs, "host.json");

    fuses_set_population(&r->fuses, host_wanted(r->host)->n_nics, now);
    fuses_set_vms_empty(&r->fuses, !specs_has_vms(&r->specs), now);
    fuses_set_host_absent(&r->fuses, !host || !host->valid);
    /* Any of this may let go what was held. */
    fuses_add_gone(&r->fuses, &r->dirty);
}

static void
take_files(struct reconcile *r, long long int now)
{
    struct sset changed = SSET_INITIALIZER(&changed);
    struct sset names;

    store_changed(r->store, &names);
    /* host.json first: its defaults complete the others. */
    if (sset_find_and_delete(&names, "host.json")) {
        take_file(r, "host.json", &changed);
        intake_look_for_defaults(r);
    }
    const char *name;
    SSET_FOR_EACH (name, &names) {
        take_file(r, name, &changed);
    }
    look_at_directory(r);
    specs_forget_names(&r->specs);
    intake_mark_changed(r, &changed);
    FAILPOINT("files-taken");

    intake_update_fuses(r, now);
    sset_destroy(&changed);
    sset_destroy(&names);
}

/* Reads the files of a change that has ended, which may just have been put
 * back.  Their events come later, and until then what they bring back would
 * look as gone for good.  Returns true if there were any and they have been
 * read. */
static bool
read_ended(struct reconcile *r)
{
    const struct sset *unread = deadline_unread(r->deadline);
    bool any = !sset_is_empty(unread);

    if (any && !reconcile_load_files(r, unread)) {
        return false;
    }
    deadline_has_read(r->deadline);
    return any;
}

void
intake_run(struct reconcile *r, long long int now)
{
    /* What is to be undone is, before anything is made of it. */
    bool changed = deadline_run(r->deadline);

    if (store_run(r->store)) {
        take_files(r, now);
        /* A change writes its record first, so that the record of what was
         * just read is there by now, if it was not before. */
        changed |= deadline_look(r->deadline);
    }
    if (read_ended(r)) {
        deadline_look(r->deadline);
        changed = true;
    }
    /* Also if no file has changed. */
    look_at_directory(r);
    if (changed) {
        /* What was held may go now. */
        fuses_add_gone(&r->fuses, &r->dirty);
    }
}

bool
reconcile_load_files(struct reconcile *r, const struct sset *names)
{
    /* An editor holds the lock for milliseconds. */
    char *error = store_load(r->store, names, 1000, false);
    if (error) {
        VLOG_INFO("%s", error);
        free(error);
        look_at_directory(r);
        return false;
    }
    take_files(r, time_msec());
    return true;
}
