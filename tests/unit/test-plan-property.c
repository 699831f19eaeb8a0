/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* Thousands of random worlds: what must hold of the plan in every one.
 *
 *   - applying the plan, round after round, comes to rest with an empty plan
 *   - at rest, everything wanted is there as wanted, nothing else of ours is
 *   - a world with a past ends like one that never had another spec
 *   - what is not ours is bit for bit as it was
 *   - the outcome does not depend on the order of the input
 *
 * PORTD_SEED=N runs one world, PORTD_TEST_ROUNDS=N that many. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "openvswitch/dynamic-string.h"
#include "src/model/address.h"
#include "src/model/observed.h"
#include "src/model/wanted.h"
#include "src/plan/plan.h"
#include "svec.h"
#include "tests/unit/wishes.h"
#include "tests/unit/world.h"
#include "util.h"

#define ROUNDS 2500
#define STRANGERS_KEY "external_ids:stranger"
#define STRANGERS_ADDRESS MODEL_L_ADDRESS"10.9.9.9/8"

/* Gives the wishes to 'w' in an order of their own; drops all others. */
static void
give(struct world *w, struct wish *wishes, size_t n, bool shuffle)
{
    struct sset sources = SSET_INITIALIZER(&sources);
    struct shash_node *node;
    SHASH_FOR_EACH (node, &w->w.by_source) {
        sset_add(&sources, node->name);
    }

    for (size_t i = n; shuffle && i > 1; i--) {
        size_t j = rnd(i);
        struct wish tmp = wishes[i - 1];
        wishes[i - 1] = wishes[j];
        wishes[j] = tmp;
    }
    for (size_t i = 0; i < n; i++) {
        sset_find_and_delete(&sources, wishes[i].source);
        world_want(w, wishes[i].source, wishes[i].object);
    }
    const char *source;
    SSET_FOR_EACH (source, &sources) {
        world_unwant(w, source);
    }
    sset_destroy(&sources);
}

/* What is not ours. */

static void
add_strangers(struct world *w)
{
    for (int i = 0; i < 4; i++) {
        char name[16];
        snprintf(name, sizeof name, "eth%d", i);
        world_add_device(w, name);
    }
    struct model_bridge *bridge = model_bridge_create("brx");
    model_row_set(&bridge->row, "external_ids:owner", "somebody");
    model_observed_put_bridge(&w->o, bridge);
    struct model_row *mirror = model_row_create(MODEL_TABLE_MIRROR, "brx/m");
    model_row_set(mirror, MODEL_F_BRIDGE, "brx");
    model_row_set(mirror, "select_all", "true");
    model_observed_put_satellite(&w->o, mirror);
    if (!rnd(8)) {
        world_add_device(w, rnd(2) ? "v0" : "v1");
    }
    for (int i = 0; i < 12; i++) {
        char name[16];

        /* Some take a name that a NIC may want. */
        snprintf(name, sizeof name, rnd(4) ? "x%d" : "tap%d", i);
        switch (rnd(4)) {
        case 0: {
            struct model_port *port = model_port_create(name);
            model_row_set(&port->row, MODEL_F_BRIDGE, "brx");
            model_row_set(&port->row, "tag", "77");
            model_port_add_iface(port, name);
            if (rnd(2)) {
                model_row_set(&port->row, MODEL_MARK, "other/vm1/net0");
            }
            model_observed_put_port(&w->o, port);
            break;
        }
        case 1: {
            struct model_link *link = model_link_create(name);
            link->ifindex = w->next_ifindex++;
            link->carrier = rnd(2);
            smap_add(&link->fields, MODEL_L_KIND, "tap");
            smap_add(&link->fields, MODEL_L_UP, "true");
            if (rnd(2)) {
                smap_add(&link->fields, MODEL_L_ALIAS,
                         "ovs-portd:other/vm1/net0");
            }
            model_observed_put_link(&w->o, link);
            break;
        }
        default:
            break;
        }
    }
}

/* Something happens to the veth pair, whose ends are 'name' and 'peer'. */
static void
add_veth_drift(struct world *w, const char *name, const char *peer)
{
    switch (rnd(6)) {
    case 0:                     /* Deleted. */
        model_observed_remove_link(&w->o, name);
        model_observed_remove_link(&w->o, peer);
        break;
    case 1:                     /* One end moved elsewhere. */
        model_observed_remove_link(&w->o, peer);
        break;
    case 2: {                   /* Made anew, by a run that was killed. */
        bool marked = rnd(2);
        world_set_link(w, name, MODEL_L_UNFINISHED, "true");
        world_set_link(w, peer, MODEL_L_UNFINISHED, "true");
        world_set_link(w, peer, MODEL_L_ALIAS, NULL);
        if (!marked) {
            world_set_link(w, name, MODEL_L_ALIAS, NULL);
        }
        break;
    }
    case 3:
        world_set_link(w, name, MODEL_L_MTU, "1000");
        world_set_link(w, peer, MODEL_L_UP, "false");
        break;
    default:
        break;
    }
}

static void
add_veths_drift(struct world *w)
{
    static const char *const names[] = { "a1", "v0", "v1" };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        const struct model_link *link
            = model_observed_link(&w->o, names[i]);
        const char *peer = (link && model_link_mark(link)
                            ? smap_get(&link->fields, MODEL_L_PEER) : NULL);
        if (peer && model_observed_link(&w->o, peer)) {
            char *copy = xstrdup(peer);
            add_veth_drift(w, names[i], copy);
            free(copy);
            return;
        }
    }
}

/* Somebody else gives the device of an internal port an address, and takes
 * one away. */
static void
add_addresses_drift(struct world *w)
{
    const struct model_link *link = model_observed_link(&w->o, "i0");
    const struct smap_node *node;
    char *field = NULL;

    if (!link || !sset_contains(&w->made, "i0") || !rnd(3)) {
        return;
    }
    SMAP_FOR_EACH (node, &link->fields) {
        if (model_address_of_field(node->key)
            && (!field || strcmp(node->key, field) < 0)) {
            free(field);
            field = xstrdup(node->key);
        }
    }
    if (field) {
        world_set_link(w, "i0", field, rnd(2) ? NULL : "dynamic");
    }
    world_set_link(w, "i0", STRANGERS_ADDRESS, MODEL_ADDRESS_PERMANENT);
    free(field);
}

/* The ifindex of the device with a stranger's address, or 0. */
static int
stranger_addressed(const struct world *w)
{
    const struct model_link *link = model_observed_link(&w->o, "i0");

    return (link && smap_get(&link->fields, STRANGERS_ADDRESS)
            ? link->ifindex : 0);
}

static void
assert_stranger_addressed(const struct world *w, int ifindex)
{
    const struct model_link *link = model_observed_link(&w->o, "i0");

    if (link && link->ifindex == ifindex) {
        assert_int_equal(stranger_addressed(w), ifindex);
    }
}

/* Somebody changes, detaches or deletes satellites of ours, or leaves one
 * behind that nobody has asked for. */
static void
add_satellites_drift(struct world *w)
{
    const struct shash_node **nodes = shash_sort(&w->o.satellites);
    size_t n = shash_count(&w->o.satellites);
    struct svec keys = SVEC_EMPTY_INITIALIZER;

    for (size_t i = 0; i < n; i++) {
        const struct model_row *row = nodes[i]->data;
        if (model_observed_own(&w->o, smap_get(&row->fields, MODEL_MARK))) {
            svec_add(&keys, nodes[i]->name);
        }
    }
    free(nodes);
    for (size_t i = 0; i < keys.n; i++) {
        const struct model_row *old = shash_find_data(&w->o.satellites,
                                                      keys.names[i]);
        struct model_row *new = model_row_clone(old);

        switch (rnd(6)) {
        case 0:
            model_observed_remove_satellite(&w->o, new->table, new->name);
            model_row_free(new);
            continue;
        case 1:
            smap_remove(&new->fields, model_table_bridge_column(new->table)
                        ? MODEL_F_BRIDGE : "queues:1");
            break;
        case 2:
            model_row_set(new, STRANGERS_KEY, "1");
            smap_remove(&new->fields, "dscp");
            break;
        case 3:                 /* A copy. */
            free(new->name);
            new->name = xasprintf("?%u", rnd(1000));
            break;
        default:
            break;
        }
        model_observed_put_satellite(&w->o, new);
    }
    svec_destroy(&keys);
}

/* Somebody turns knobs of ours. */
static void
add_drift(struct world *w)
{
    struct svec names = SVEC_EMPTY_INITIALIZER;
    struct model_port *port;
    HMAP_FOR_EACH (port, node, &w->o.ports) {
        const char *mark = smap_get(&port->row.fields, MODEL_MARK);
        if (model_observed_own(&w->o, mark)) {
            svec_add(&names, port->row.name);
        }
    }
    svec_sort(&names);
    for (size_t i = 0; i < names.n; i++) {
        struct model_port *new
            = model_port_clone(model_observed_port(&w->o, names.names[i]));
        switch (rnd(8)) {
        case 0:
            model_row_set(&new->row, "tag", "4000");
            break;
        case 1:
            model_row_set(&new->row, STRANGERS_KEY, "1");
            break;
        case 2:
            smap_remove(&new->row.fields, MODEL_F_QOS);
            break;
        case 3:
            model_port_destroy(new);
            new = NULL;
            model_observed_remove_port(&w->o, names.names[i]);
            world_remove_devices(w);
            break;
        case 4:
            if (!strncmp(names.names[i], "tap", 3)) {
                model_observed_remove_link(&w->o, names.names[i]);
            }
            break;
        default:
            break;
        }
        if (new) {
            model_observed_put_port(&w->o, new);
        }
    }
    svec_destroy(&names);
    add_satellites_drift(w);
    add_veths_drift(w);
    add_addresses_drift(w);
}

/* Pictures of a world. */

static void
put_fields(struct ds *ds, const struct smap *fields)
{
    const struct smap_node **nodes = smap_sort(fields);
    for (size_t i = 0; i < smap_count(fields); i++) {
        /* Whose number a device has depends on the order, rightly. */
        if (strcmp(nodes[i]->key, MODEL_LINK_MARK)
            && strcmp(nodes[i]->key, STRANGERS_KEY)
            && strcmp(nodes[i]->key, STRANGERS_ADDRESS)) {
            ds_put_format(ds, " %s=%s", nodes[i]->key, nodes[i]->value);
        }
    }
    free(nodes);
    ds_put_char(ds, '\n');
}

static void
add_line(struct svec *lines, const char *what, const char *name,
         const struct smap *fields)
{
    struct ds ds = DS_EMPTY_INITIALIZER;
    ds_put_format(&ds, "%s %s", what, name);
    put_fields(&ds, fields);
    svec_add(lines, ds_cstr(&ds));
    ds_destroy(&ds);
}

/* All of the world; or only what is not ours, with 'foreign'. */
static char *
picture(const struct world *w, bool foreign)
{
    struct svec lines = SVEC_EMPTY_INITIALIZER;
    const struct model_observed *o = &w->o;

    struct model_bridge *b;
    HMAP_FOR_EACH (b, node, &o->bridges) {
        if (!foreign || !model_observed_own(
                o, smap_get(&b->row.fields, MODEL_MARK))) {
            add_line(&lines, "bridge", b->row.name, &b->row.fields);
        }
    }
    struct model_port *p;
    HMAP_FOR_EACH (p, node, &o->ports) {
        if (!foreign || !model_observed_own(
                o, smap_get(&p->row.fields, MODEL_MARK))) {
            add_line(&lines, "port", p->row.name, &p->row.fields);
            for (size_t i = 0; i < p->n_ifaces; i++) {
                add_line(&lines, "iface", p->ifaces[i].row.name,
                         &p->ifaces[i].row.fields);
            }
        }
    }
    struct shash_node *node;
    SHASH_FOR_EACH (node, &o->satellites) {
        const struct model_row *row = node->data;
        if (!foreign || !model_observed_own(
                o, smap_get(&row->fields, MODEL_MARK))) {
            add_line(&lines, "satellite", node->name, &row->fields);
        }
    }
    struct model_link *l;
    HMAP_FOR_EACH (l, node, &o->links) {
        /* An uplink is a stranger's whom a bond of ours sets up, and leaves
         * so.  An unfinished device is left by us.  ovs-vswitchd's devices
         * come and go with their ports. */
        if (strncmp(l->name, "eth", 3)
            && !(foreign && sset_contains(&w->made, l->name))
            && (!smap_get(&l->fields, MODEL_L_UNFINISHED)
                || model_link_mark(l))
            && (!foreign || !model_observed_own(o, model_link_mark(l)))) {
            add_line(&lines, "link", l->name, &l->fields);
        }
    }
    svec_sort(&lines);
    char *text = svec_join(&lines, "", "");
    svec_destroy(&lines);
    return text;
}

/* True for the shared QoS row as long as a NIC refers to it or will, and for
 * unfinished devices that are left to who wants their names. */
static bool
is_kept(const struct world *w, const char *id, enum model_state state)
{
    if (!strcmp(id, MODEL_LEFTOVERS)) {
        return state == MODEL_READY || state == MODEL_IN_USE;
    }

    bool used = model_observed_qos_users(&w->o, MODEL_QOS_NOOP);
    struct shash_node *node;

    SHASH_FOR_EACH (node, &w->w.objects) {
        const struct model_object *object = node->data;

        for (size_t i = 0; i < object->n_ports; i++) {
            used |= !strcmp(model_row_get(&object->ports[i]->row,
                                          MODEL_F_QOS), MODEL_QOS_NOOP);
        }
    }
    return used && !strcmp(id, MODEL_QOS_NOOP);
}

static void
assert_at_rest(struct world *w)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &w->w.objects) {
        struct plan plan;
        struct plan_verdict v;

        plan_init(&plan);
        world_plan(w, node->name, &plan, &v);
        assert_int_equal(plan_n_ready(&plan), 0);
        if (v.state == MODEL_READY || v.state == MODEL_QUARANTINED) {
            assert_int_equal(plan.n_steps, 0);
        } else if (v.state == MODEL_APPLYING) {
            fail_msg("%s: applying at rest: %s", node->name, v.text);
        }
        plan_verdict_destroy(&v);
        plan_destroy(&plan);
    }

    /* Nothing of ours is left that nobody wants. */
    SHASH_FOR_EACH (node, &w->o.marked) {
        if (!model_wanted_get(&w->w, node->name)) {
            struct plan plan;
            struct plan_verdict v;

            plan_init(&plan);
            world_plan(w, node->name, &plan, &v);
            if ((v.state == MODEL_READY || v.state == MODEL_APPLYING)
                && !is_kept(w, node->name, v.state)) {
                fail_msg("%s is left over", node->name);
            }
            plan_verdict_destroy(&v);
            plan_destroy(&plan);
        }
    }
}

static void
settle(struct world *w, uint64_t seed)
{
    if (!world_run(w, 60)) {
        fail_msg("world %"PRIu64" does not come to rest", seed);
    }
    assert_at_rest(w);
}

/* True if nothing stands in any object's way, so that the outcome is a
 * function of the specs alone. */
static bool
is_all_well(struct world *w)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &w->w.objects) {
        struct plan plan;
        struct plan_verdict v;

        plan_init(&plan);
        world_plan(w, node->name, &plan, &v);
        enum model_state s = v.state;
        plan_verdict_destroy(&v);
        plan_destroy(&plan);
        if (s != MODEL_READY && s != MODEL_QUARANTINED) {
            return false;
        }
    }
    return true;
}

/* One life: specs, strangers, drift, other specs; or, 'newborn', only the
 * last of them.  Returns the end's picture and whether all is well. */
static char *
live(uint64_t seed, bool shuffle, bool newborn, bool *well)
{
    struct world w;
    struct wish wishes[MAX_WISHES];

    rnd_seed(seed * UINT64_C(0x9e3779b97f4a7c15) + 1);
    world_init(&w);
    add_strangers(&w);
    char *before = picture(&w, true);

    for (int era = 0; era < 3; era++) {
        rnd_seed((seed * 3 + era) * UINT64_C(0xd1342543de82ef95) + 1);
        if (newborn && era < 2) {
            continue;
        }
        size_t n = random_wishes(wishes);
        give(&w, wishes, n, shuffle);
        int addressed = stranger_addressed(&w);
        settle(&w, seed);
        assert_stranger_addressed(&w, addressed);
        char *after = picture(&w, true);
        assert_string_equal(before, after);
        free(after);
        if (era < 2) {
            rnd_seed((seed * 3 + era) * UINT64_C(0xbf58476d1ce4e5b9) + 1);
            add_drift(&w);
        }
    }
    free(before);
    *well = is_all_well(&w);
    char *end = picture(&w, false);
    world_destroy(&w);
    return end;
}

static void
compare(uint64_t seed, const char *what, const char *a, const char *b)
{
    if (strcmp(a, b)) {
        fprintf(stderr, "%s---\n%s", a, b);
        fail_msg("world %"PRIu64" depends on %s", seed, what);
    }
}

static void
test_worlds(void **state_ OVS_UNUSED)
{
    const char *one = getenv("PORTD_SEED");
    const char *rounds = getenv("PORTD_TEST_ROUNDS");
    uint64_t first = one ? strtoull(one, NULL, 0) : 1;
    uint64_t n = one ? 1 : rounds ? strtoull(rounds, NULL, 0) : ROUNDS;

    uint64_t n_well = 0;
    for (uint64_t seed = first; seed < first + n; seed++) {
        bool well, born_well;
        char *a = live(seed, false, false, &well);
        char *b = live(seed, true, false, &well);
        compare(seed, "the order of its input", a, b);
        free(b);
        if (well) {
            b = live(seed, false, true, &born_well);
            if (born_well) {
                compare(seed, "its past", a, b);
                n_well++;
            }
            free(b);
        }
        free(a);
    }
    /* So that the comparison is not lost unnoticed. */
    assert_true(n < 1000 || n_well * 20 > n);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_worlds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
