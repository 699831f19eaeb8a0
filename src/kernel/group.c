/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/kernel/kernel-private.h"

#include <errno.h>
#include <string.h>
#include <netlink/msg.h>

#include "hash.h"
#include "openvswitch/vlog.h"
#include "src/failpoint.h"
#include "src/kernel/rtnl.h"
#include "src/model/observed.h"
#include "src/plan/plan.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(kernel_group);

/* Deletion of many devices at once
 * ================================
 *
 * Taking 1,000 TAPs away one by one costs 18 s, as the kernel waits for an
 * RCU grace period for each; one RTM_DELLINK for a whole IFLA_GROUP waits
 * once.  So: put the devices into a group that nobody else uses, look whether
 * exactly these are in it and nobody holds one, delete the group. */

/* Where the search for an unused group begins: behind all of
 * RTNL_GROUP_UNFINISHED. */
#define GROUP_FIRST 0x6f770000

/* How often to repeat a dump during which something changed. */
#define MAX_DUMPS 5

/* A device as a dump showed it. */
struct seen {
    struct hmap_node node;      /* In struct dump, by ifindex. */
    int ifindex;
    uint32_t group;
    bool in_use;
    bool ours;                  /* A TAP with a mark of this instance. */
};

struct dump {
    const struct model_observed *observed;
    struct hmap seen;
};

static void
dump_destroy(struct dump *dump)
{
    struct seen *seen;

    HMAP_FOR_EACH_POP (seen, node, &dump->seen) {
        free(seen);
    }
    hmap_destroy(&dump->seen);
}

static struct seen *
dump_find(const struct dump *dump, int ifindex)
{
    struct seen *seen;

    HMAP_FOR_EACH_WITH_HASH (seen, node, hash_int(ifindex, 0), &dump->seen) {
        if (seen->ifindex == ifindex) {
            return seen;
        }
    }
    return NULL;
}

static void
dump_add(const struct rtnl_link *rl, void *dump_)
{
    struct dump *dump = dump_;
    const char *kind;
    struct seen *seen;

    if (!rl->link || dump_find(dump, rl->ifindex)) {
        return;
    }
    kind = smap_get_def(&rl->link->fields, MODEL_L_KIND, "");
    seen = xzalloc(sizeof *seen);
    seen->ifindex = rl->ifindex;
    seen->group = rl->group;
    seen->in_use = model_link_in_use(rl->link);
    seen->ours = (!strcmp(kind, "tap")
                  && model_observed_own(dump->observed,
                                        model_link_mark(rl->link)));
    hmap_insert(&dump->seen, &seen->node, hash_int(rl->ifindex, 0));
}

/* Takes a dump without gaps.  Returns 0 or an errno; the caller must
 * dump_destroy() it in either case. */
static int
dump_take(struct kernel *k, struct dump *dump)
{
    int error = EINTR;

    dump->observed = k->observed;
    hmap_init(&dump->seen);
    for (int i = 0; i < MAX_DUMPS && error == EINTR; i++) {
        dump_destroy(dump);
        hmap_init(&dump->seen);
        error = nlsock_dump_links(&k->commands, dump_add, dump);
    }
    return error;
}

static bool
group_is_used(const struct dump *dump, uint32_t group)
{
    const struct seen *seen;

    HMAP_FOR_EACH (seen, node, &dump->seen) {
        if (seen->group == group) {
            return true;
        }
    }
    return false;
}

static uint32_t
unused_group(const struct dump *dump)
{
    uint32_t group = GROUP_FIRST;

    while (group_is_used(dump, group)) {
        group++;
    }
    return group;
}

/* A device to delete. */
struct victim {
    struct plan_step *step;
    uint32_t old_group;
    bool in_group;
};

static void
delete_singly(struct kernel *k, struct victim *v)
{
    v->step->error = kernel_delete_one(k, v->step);
}

static struct nl_msg *
set_group(int ifindex, uint32_t group)
{
    struct rtnl_settings s = RTNL_SETTINGS_INITIALIZER;

    s.has_group = true;
    s.group = group;
    return rtnl_set(ifindex, &s);
}

/* Puts the victims into 'group'; those that do not let themselves be put
 * there are left out. */
static void
enter_group(struct kernel *k, struct victim *victims, size_t n,
            uint32_t group)
{
    struct nlreq *reqs = xcalloc(n, sizeof *reqs);

    for (size_t i = 0; i < n; i++) {
        reqs[i].msg = set_group(victims[i].step->ifindex, group);
    }
    k->stats.writes += n;
    nlsock_transact(&k->commands, reqs, n);
    for (size_t i = 0; i < n; i++) {
        /* ETIMEDOUT and the like do not say that it is not in there. */
        victims[i].in_group = reqs[i].error != ENODEV;
        free(reqs[i].text);
    }
    free(reqs);
}

/* Takes 'v' out of the group again.  Returns false if it may still be in. */
static bool
leave_group(struct kernel *k, struct victim *v)
{
    int error = kernel_command(k, set_group(v->step->ifindex, v->old_group),
                               NULL);

    v->in_group = error && error != ENODEV;
    return !v->in_group;
}

static size_t
count_group(const struct dump *dump, uint32_t group)
{
    const struct seen *seen;
    size_t n = 0;

    HMAP_FOR_EACH (seen, node, &dump->seen) {
        n += seen->group == group;
    }
    return n;
}

/* Looks once more: true if exactly the victims that are 'in_group' are in
 * 'group' and nobody holds one of them.  Takes out those that somebody
 * does. */
static bool
verify_group(struct kernel *k, struct victim *victims, size_t n,
             uint32_t group)
{
    struct dump dump;
    size_t expected = 0, n_out = 0;
    bool ok = !dump_take(k, &dump);

    for (size_t i = 0; ok && i < n; i++) {
        struct victim *v = &victims[i];
        const struct seen *seen = dump_find(&dump, v->step->ifindex);

        v->in_group = seen && seen->group == group;
        if (v->in_group && (seen->in_use || !seen->ours)) {
            v->step->error = kernel_in_use(v->step->name);
            ok = leave_group(k, v);
            n_out++;
        }
        expected += v->in_group;
    }
    ok = ok && count_group(&dump, group) == expected + n_out;
    dump_destroy(&dump);
    return ok;
}

/* Deletes the victims through a group.  Returns false if that did not work;
 * then each is as it was before, or gone. */
static bool
delete_group(struct kernel *k, struct victim *victims, size_t n,
             uint32_t group)
{
    const char *why = "others are in the group";
    int error = 0;
    char *text = NULL;
    bool ok;

    enter_group(k, victims, n, group);
    FAILPOINT("group-entered");
    ok = verify_group(k, victims, n, group);
    FAILPOINT("group-verified");
    if (ok) {
        error = kernel_command(k, rtnl_del_group(group), &text);
        FAILPOINT("group-deleted");
        /* ENODEV: the group is empty. */
        ok = !error || error == ENODEV;
        why = ovs_strerror(error);
    }
    if (!ok) {
        VLOG_WARN("cannot delete %"PRIuSIZE" devices as a group (%s%s%s), "
                  "deleting them one by one", n, why, text ? ": " : "",
                  text ? text : "");
        for (size_t i = 0; i < n; i++) {
            if (victims[i].in_group) {
                leave_group(k, &victims[i]);
            }
        }
    }
    free(text);
    return ok;
}

void
kernel_delete_many(struct kernel *k, struct plan_step **steps, size_t n)
{
    struct victim *victims = xcalloc(n, sizeof *victims);
    struct dump dump = { .seen = HMAP_INITIALIZER(&dump.seen) };
    uint32_t group = GROUP_FIRST;
    size_t n_group = 0;

    if (n >= GROUP_MIN && !dump_take(k, &dump)) {
        group = unused_group(&dump);
        for (size_t i = 0; i < n; i++) {
            const struct seen *seen = dump_find(&dump, steps[i]->ifindex);

            if (seen && seen->ours && !seen->in_use) {
                victims[n_group].old_group = seen->group;
                victims[n_group++].step = steps[i];
                steps[i] = NULL;
            }
        }
    }
    dump_destroy(&dump);

    if (n_group < GROUP_MIN || !delete_group(k, victims, n_group, group)) {
        for (size_t i = 0; i < n_group; i++) {
            victims[i].in_group = false;
        }
    }
    for (size_t i = 0; i < n_group; i++) {
        if (!victims[i].in_group && !victims[i].step->error) {
            delete_singly(k, &victims[i]);
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (steps[i]) {
            steps[i]->error = kernel_delete_one(k, steps[i]);
        }
    }
    free(victims);
}
