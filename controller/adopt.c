/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "controller/adopt.h"

#include <stdlib.h>
#include <string.h>

#include "controller/reconcile.h"
#include "controller/record.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "src/failpoint.h"
#include "src/host/adopt.h"
#include "src/host/host.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(adopt);

static void
consider(const struct reconcile *r, const char *id,
         const struct plan_allowed *allowed, struct adoption *a)
{
    const struct record *record = shash_find_data(&r->records, id);
    const struct plan_gate gate = reconcile_gate(r, id, record, NULL);

    adoption_init(a, r->host, id, &gate, allowed);
}

/* Looks at one object.  Returns false if it is one to adopt, but cannot be. */
static bool
look_at(const struct reconcile *r, const char *id, bool by_name,
        const struct plan_allowed *allowed, struct sset *good,
        struct ds *lines)
{
    struct adoption a;

    consider(r, id, allowed, &a);
    bool refused = a.refusal != NULL;
    if (refused) {
        ds_put_format(lines, "%s: not adopted: %s\n", id, a.refusal);
    } else if (a.stamps.n_steps) {
        char *what = adoption_describe(&a);

        ds_put_format(lines, "%s: adopted: %s\n", id, what);
        free(what);
        sset_add(good, id);
    } else if (by_name) {
        ds_put_format(lines, "%s: nothing to adopt\n", id);
    }
    adoption_destroy(&a);
    return !refused;
}

/* True if an object that nobody named may be one to adopt: it is in conflict,
 * or is not planned yet, so that nobody knows. */
static bool
is_candidate(const struct reconcile *r, const char *id)
{
    const struct record *record = shash_find_data(&r->records, id);

    return (sset_contains(&r->dirty, id)
            || (record && record->verdict.state == MODEL_CONFLICT));
}

static void
enlist(struct reconcile *r, const struct sset *ids,
       const struct plan_allowed *allowed)
{
    const char *id;

    SSET_FOR_EACH (id, ids) {
        free(shash_find_and_delete(&r->adopting, id));
        shash_add(&r->adopting, id, xmemdup(allowed, sizeof *allowed));
        sset_add(&r->dirty, id);
        poll_immediate_wake();
    }
    FAILPOINT("adopt-enlisted");
}

char *
adopt_request(struct reconcile *r, const struct sset *ids,
              const struct plan_allowed *allowed, char **reply)
{
    const char *why = host_cannot_write(r->host);
    struct sset all = SSET_INITIALIZER(&all);
    struct sset good = SSET_INITIALIZER(&good);
    struct ds lines = DS_EMPTY_INITIALIZER;
    bool ok = true;

    *reply = NULL;
    if (why) {
        return xasprintf("nothing can be adopted now: %s", why);
    } else if (!reconcile_load_files(r, NULL) || !r->began) {
        return xstrdup("nothing can be adopted now: files, database and "
                       "devices are still being read; try again");
    }
    host_all(r->host, &all);
    const char **names = sset_sort(ids ? ids : &all);
    for (size_t i = 0; i < sset_count(ids ? ids : &all); i++) {
        if (ids || is_candidate(r, names[i])) {
            ok = look_at(r, names[i], ids, allowed, &good, &lines) && ok;
        }
    }
    free(names);
    if (ok || !ids) {
        enlist(r, &good, allowed);
        *reply = ds_steal_cstr(&lines);
        ds_init(&lines);
    }
    sset_destroy(&all);
    sset_destroy(&good);
    if (!*reply) {
        ds_put_cstr(&lines, "nothing was adopted");
        return ds_steal_cstr(&lines);
    }
    ds_destroy(&lines);
    return NULL;
}

bool
adopt_plan(struct reconcile *r, const char *id, struct record *record,
           const struct plan_gate *gate, struct plan *plan)
{
    struct plan_allowed *allowed = shash_find_and_delete(&r->adopting, id);
    struct adoption a;
    bool adopts;

    if (!allowed) {
        return false;
    }
    adoption_init(&a, r->host, id, gate, allowed);
    adopts = !a.refusal && a.stamps.n_steps;
    if (adopts) {
        char *what = adoption_describe(&a);

        VLOG_INFO("%s: adopting %s", id, what);
        free(what);
        plan_append(plan, &a.stamps);
        FAILPOINT("adopt-planned");
        /* Where drift is only reported, so is what differs now. */
        record->settled |= host_wanted(r->host)->policy.report_only;
    } else if (a.refusal) {
        VLOG_INFO("%s: not adopted: %s", id, a.refusal);
    }
    adoption_destroy(&a);
    free(allowed);
    return adopts;
}

void
adopt_clear(struct reconcile *r)
{
    shash_destroy_free_data(&r->adopting);
    shash_init(&r->adopting);
}
