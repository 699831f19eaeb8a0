/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/host/fuses.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

struct fuse_entry {
    long long int since;        /* When it left the specs. */
    bool nic;
    bool confirmed;
    bool deleted;
};

void
fuses_init(struct fuses *fuses)
{
    memset(fuses, 0, sizeof *fuses);
    shash_init(&fuses->gone);
    sset_init(&fuses->expected);
}

void
fuses_destroy(struct fuses *fuses)
{
    shash_destroy_free_data(&fuses->gone);
    sset_destroy(&fuses->expected);
}

/* The population's peak is kept by the minute; of an eleven-minute ring the
 * entries within the window count. */
void
fuses_set_population(struct fuses *fuses, size_t n, long long int now)
{
    long long int start = now - now % 60000;
    size_t i = (start / 60000) % ARRAY_SIZE(fuses->peak);

    /* Until now there were as many as the last time. */
    size_t most = MAX(fuses->n_wanted_nics, n);
    if (fuses->peak[i].start != start) {
        fuses->peak[i].start = start;
        fuses->peak[i].n = most;
    } else {
        fuses->peak[i].n = MAX(fuses->peak[i].n, most);
    }
    fuses->n_wanted_nics = n;
}

static size_t
peak(const struct fuses *fuses, long long int now)
{
    size_t max = fuses->n_wanted_nics + fuses->n_live_nics;

    for (size_t i = 0; i < ARRAY_SIZE(fuses->peak); i++) {
        if (now - fuses->peak[i].start <= FUSE_WINDOW_MS + 60000) {
            max = MAX(max, fuses->peak[i].n);
        }
    }
    return max;
}

void
fuses_set_vms_empty(struct fuses *fuses, bool empty, long long int now)
{
    if (fuses->vms_empty && !empty) {
        /* Files are back.  What is still missing gets its grace anew. */
        struct shash_node *node;
        SHASH_FOR_EACH (node, &fuses->gone) {
            struct fuse_entry *e = node->data;
            e->since = e->deleted ? e->since : now;
        }
    }
    fuses->vms_empty = empty;
}

void
fuses_set_host_absent(struct fuses *fuses, bool absent)
{
    fuses->host_absent = absent;
}

void
fuses_add_gone(const struct fuses *fuses, struct sset *ids)
{
    struct shash_node *node;
    SHASH_FOR_EACH (node, &fuses->gone) {
        const struct fuse_entry *e = node->data;
        if (!e->deleted) {
            sset_add(ids, node->name);
        }
    }
}

/* Enters 'e' into the counts, or takes it out ('sign' 1 or -1). */
static void
count(struct fuses *fuses, const struct fuse_entry *e, int sign)
{
    if (!e->nic) {
        return;
    } else if (e->confirmed) {
        fuses->n_confirmed_nics += sign;
    } else {
        fuses->n_gone_nics += sign;
        fuses->n_live_nics += e->deleted ? 0 : sign;
    }
}

void
fuses_gone(struct fuses *fuses, const char *id, long long int now)
{
    struct fuse_entry *e = shash_find_data(&fuses->gone, id);
    if (e && !e->deleted) {
        return;
    } else if (e) {
        count(fuses, e, -1);    /* It was made again, by whomever. */
    } else {
        e = xzalloc(sizeof *e);
        e->nic = model_id_is_nic(id);
        shash_add(&fuses->gone, id, e);
    }
    e->since = now;
    e->deleted = false;
    e->confirmed = sset_find_and_delete(&fuses->expected, id);
    count(fuses, e, 1);
}

static void
forget(struct fuses *fuses, struct shash_node *node)
{
    struct fuse_entry *e = node->data;

    count(fuses, e, -1);
    free(e);
    shash_delete(&fuses->gone, node);
}

void
fuses_wanted(struct fuses *fuses, const char *id)
{
    struct shash_node *node = shash_find(&fuses->gone, id);
    if (node) {
        forget(fuses, node);
    }
    sset_find_and_delete(&fuses->expected, id);
}

void
fuses_deleted(struct fuses *fuses, const char *id)
{
    struct fuse_entry *e = shash_find_data(&fuses->gone, id);
    if (e) {
        count(fuses, e, -1);
        e->deleted = true;
        count(fuses, e, 1);
    }
    sset_find_and_delete(&fuses->expected, id);
}

static size_t
confirm_entry(struct fuses *fuses, struct fuse_entry *e)
{
    if (e->confirmed || e->deleted) {
        return 0;
    }
    count(fuses, e, -1);
    e->confirmed = true;
    count(fuses, e, 1);
    return 1;
}

size_t
fuses_confirm(struct fuses *fuses, const char *id)
{
    if (id) {
        struct fuse_entry *e = shash_find_data(&fuses->gone, id);
        return e ? confirm_entry(fuses, e) : 0;
    }

    struct shash_node *node;
    size_t n = 0;
    SHASH_FOR_EACH (node, &fuses->gone) {
        const struct fuse_entry *e = node->data;
        if (e->nic || !fuses->host_absent) {
            n += confirm_entry(fuses, node->data);
        }
    }
    return n;
}

void
fuses_expect(struct fuses *fuses, const char *id)
{
    if (!fuses_confirm(fuses, id)) {
        sset_add(&fuses->expected, id);
    }
}

void
fuses_expire(struct fuses *fuses, long long int now)
{
    struct shash_node *node;
    SHASH_FOR_EACH_SAFE (node, &fuses->gone) {
        const struct fuse_entry *e = node->data;
        if (e->deleted && now - e->since > FUSE_WINDOW_MS) {
            forget(fuses, node);
        }
    }
}

/* How many NICs are gone, as far as the share is concerned. */
static size_t
n_missing(const struct fuses *fuses, long long int now)
{
    size_t had = peak(fuses, now);
    size_t have = fuses->n_wanted_nics + fuses->n_confirmed_nics;
    size_t fewer = had > have ? had - have : 0;

    return MIN(fuses->n_gone_nics, MAX(fewer, fuses->n_live_nics));
}

static bool
is_blown(const struct fuses *fuses, const struct model_policy *policy,
         long long int now)
{
    size_t n = n_missing(fuses, now);

    return (n > FUSE_MIN_GONE
            && n * 100 > policy->gc_max_percent * peak(fuses, now));
}

char *
fuses_held(const struct fuses *fuses, const char *id,
           const struct model_policy *policy, long long int now,
           long long int *wake)
{
    const struct fuse_entry *e = shash_find_data(&fuses->gone, id);

    *wake = LLONG_MAX;
    if (!e) {
        return xstrdup("just observed");
    } else if (e->confirmed) {
        return NULL;
    } else if (!e->nic && fuses->host_absent) {
        return xasprintf("host.json is missing or was never valid, which is "
                         "never taken for a removal; \"ovs-portctl "
                         "gc-confirm %s\" deletes it", id);
    } else if (!e->nic) {
        return xasprintf("it left host.json; \"ovs-portctl gc-confirm %s\" "
                         "deletes it", id);
    } else if (fuses->vms_empty) {
        return xstrdup("vms.d is empty, which is never taken for a removal; "
                       "\"ovs-portctl gc-confirm\" deletes what is left");
    }

    if (is_blown(fuses, policy, now)) {
        return xasprintf("%"PRIuSIZE" of %"PRIuSIZE" NICs have left the specs"
                         ", more than %u %%; \"ovs-portctl gc-confirm\" "
                         "deletes them", n_missing(fuses, now),
                         peak(fuses, now), policy->gc_max_percent);
    }

    long long int due = e->since + policy->gc_grace * 1000LL;
    if (now < due) {
        *wake = due;
        return xasprintf("it left the specs; it is deleted %u s later",
                         policy->gc_grace);
    }
    return NULL;
}
