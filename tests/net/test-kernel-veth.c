/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <net/if.h>
#include <cmocka.h>

#include "src/kernel/rtnl.h"
#include "tests/net/net-world.h"
#include "util.h"

/* Veth pairs against the running kernel, in a network namespace of its own.
 * Needs root. */

#define MARK "ovs-portd:test/link:lab"

/* The group of what instance "test" has not finished, to ip(8). */
static const char *
unfinished_group(void)
{
    static char text[16];

    snprintf(text, sizeof text, "%u",
             RTNL_GROUP_UNFINISHED | model_instance_number("test"));
    return text;
}

static struct plan_step *
step_add_veth(const char *name, const char *peer)
{
    return step_new(PLAN_ADD, name, 0, MODEL_L_ALIAS, MARK,
                    MODEL_L_KIND, "veth", MODEL_L_MTU, "1400",
                    MODEL_L_PEER, peer, NULL);
}

/* Fails unless 'name' is an end as step_add_veth() leaves it. */
static void
check_end(struct world *w, const char *name, const char *peer,
          const char *mtu)
{
    char *title = xasprintf("%s@%s:", name, peer);

    assert_field(w, name, MODEL_L_KIND, "veth");
    assert_field(w, name, MODEL_L_ALIAS, MARK);
    assert_field(w, name, MODEL_L_MTU, mtu);
    assert_field(w, name, MODEL_L_UP, "false");
    assert_field(w, name, MODEL_L_UNFINISHED, "(none)");
    assert_ip(name, title);
    assert_ip(name, "alias " MARK);
    assert_ip(name, "group default");
    free(title);
}

static void
test_add(void **state)
{
    struct world *w = *state;
    const struct kernel_stats *stats = kernel_get_stats(w->kernel);

    world_ok(w, step_add_veth("v0", "v1"));
    check_end(w, "v0", "v1", "1400");
    check_end(w, "v1", "v0", "1500");
    assert_int_equal(stats->writes, 5);

    /* Each end is set up for itself. */
    world_ok(w, step_new(PLAN_SET, "v1", ifindex_of(w, "v1"),
                         MODEL_L_MTU, "9000", MODEL_L_UP, "true", NULL));
    assert_field(w, "v1", MODEL_L_MTU, "9000");
    assert_field(w, "v0", MODEL_L_MTU, "1400");
    assert_false(world_link(w, "v1")->carrier);
    world_ok(w, step_new(PLAN_SET, "v0", ifindex_of(w, "v0"),
                         MODEL_L_UP, "true", NULL));
    assert_true(world_link(w, "v1")->carrier);
    assert_false(model_link_in_use(world_link(w, "v1")));
}

static void
test_add_refused(void **state)
{
    struct world *w = *state;

    must("ip", "link", "add", "there", "type", "bridge");
    world_fails(w, step_add_veth("there", "v1"), "exists already");
    world_fails(w, step_add_veth("v0", "there"), "exists already");
    world_fails(w, step_add_veth("v0", "v%d"), "no valid names");
    world_fails(w, step_add_veth("v0", "sixteen-chars-xx"), "no valid names");
    world_fails(w, step_add_veth("", "v1"), "no valid names");
    world_fails(w, step_new(PLAN_ADD, "v0", 0, MODEL_L_KIND, "veth", NULL),
                "no valid names");
    world_fails(w, step_add_veth("v0", "v0"), "v0: RTM_NEWLINK");
    assert_int_equal(hmap_count(&w->observed.links), 2);
}

static void
test_del(void **state)
{
    struct world *w = *state;
    struct plan_step *steps[2];

    /* Either end takes the other along, and both at once are one. */
    for (int i = 0; i < 3; i++) {
        world_ok(w, step_add_veth("v0", "v1"));
        steps[0] = step_new(PLAN_DEL, "v0", ifindex_of(w, "v0"), NULL);
        steps[1] = step_new(PLAN_DEL, "v1", ifindex_of(w, "v1"), NULL);
        size_t n = 0;
        struct plan_step *todo[2];
        for (int j = 0; j < 2; j++) {
            if (i == j || i == 2) {
                todo[n++] = steps[j];
            }
        }
        kernel_execute(w->kernel, todo, n);
        world_settle(w);
        for (int j = 0; j < 2; j++) {
            assert_null(steps[j]->error);
            plan_step_destroy(steps[j]);
        }
        assert_int_equal(hmap_count(&w->observed.links), 1);
    }
}

/* What somebody else left in that group, or what is no pair, is not
 * unfinished; what we left there is, until a step says otherwise. */
static void
test_unfinished(void **state)
{
    struct world *w = *state;

    must("ip", "link", "add", "b0", "group", unfinished_group(), "type",
         "bridge");
    must("ip", "link", "add", "x0", "type", "veth", "peer", "name", "x1");
    must("ip", "link", "add", "v0", "group", unfinished_group(), "type",
         "veth", "peer", "name", "v1", "group", unfinished_group());
    world_settle(w);
    assert_field(w, "b0", MODEL_L_UNFINISHED, "(none)");
    assert_field(w, "x0", MODEL_L_UNFINISHED, "(none)");
    for (int i = 0; i < 2; i++) {
        const char *name = i ? "v1" : "v0";

        assert_field(w, name, MODEL_L_UNFINISHED, "true");
        assert_field(w, name, MODEL_L_ALIAS, "(none)");
        world_ok(w, step_new(PLAN_SET, name, ifindex_of(w, name),
                             MODEL_L_ALIAS, MARK,
                             MODEL_L_UNFINISHED, NULL, NULL));
        check_end(w, name, i ? "v0" : "v1", "1500");
    }
    world_fails(w, step_new(PLAN_SET, "x0", ifindex_of(w, "x0"),
                            MODEL_L_UNFINISHED, "true", NULL),
                "x0: unfinished \"true\" is not none");
}

/* An end that is refused its settings stays unfinished: nobody else's, and
 * nobody's who looks at marks alone. */
static void
test_refused_halfway(void **state)
{
    struct world *w = *state;
    struct plan_step *step = step_add_veth("v0", "v1");

    free(plan_step_find(step, MODEL_L_MTU)->new);
    plan_step_find(step, MODEL_L_MTU)->new = xstrdup("70000");
    world_fails(w, step, "v0: RTM_SETLINK: Invalid argument: mtu greater");
    assert_field(w, "v0", MODEL_L_UNFINISHED, "true");
    assert_field(w, "v1", MODEL_L_UNFINISHED, "true");
}

#define N_KILLS 30

static struct plan_step *
add_one(int round, int i)
{
    char name[IFNAMSIZ], peer[IFNAMSIZ];

    snprintf(name, sizeof name, "k%d-%d", round, i);
    snprintf(peer, sizeof peer, "p%d-%d", round, i);
    return step_add_veth(name, peer);
}

/* A kill in the middle leaves ends of which each has its mark, is unfinished,
 * or both; a mark at one end and nothing at the other is never left. */
static void
test_killed_while_adding(void **state)
{
    struct world *w = *state;
    size_t n = 0, n_unfinished = 0;

    for (int round = 0; round < N_KILLS; round++) {
        kill_while_doing(add_one, round, 2000 + round * 141);
    }
    world_settle(w);
    kernel_resync(w->kernel);
    world_settle(w);

    struct plan_step **steps = xmalloc(hmap_count(&w->observed.links)
                                       * sizeof *steps);
    const struct model_link *link;
    HMAP_FOR_EACH (link, node, &w->observed.links) {
        if (smap_get(&link->fields, MODEL_L_UNFINISHED)) {
            steps[n_unfinished++] = step_new(PLAN_SET, link->name,
                                             link->ifindex,
                                             MODEL_L_ALIAS, MARK,
                                             MODEL_L_UNFINISHED, NULL, NULL);
        }
        n += link->name[0] == 'k';
    }
    do_many(w, steps, n_unfinished);
    free_many(steps, n_unfinished);

    struct plan_step **dels = xmalloc(n * sizeof *dels);
    size_t n_dels = 0;
    HMAP_FOR_EACH (link, node, &w->observed.links) {
        if (link->name[0] == 'k' || link->name[0] == 'p') {
            char *peer = xasprintf("%c%s", link->name[0] == 'k' ? 'p' : 'k',
                                   link->name + 1);
            check_end(w, link->name, peer,
                      smap_get(&link->fields, MODEL_L_MTU));
            free(peer);
        }
        if (link->name[0] == 'k') {
            dels[n_dels++] = step_new(PLAN_DEL, link->name, link->ifindex,
                                      NULL);
        }
    }
    assert_int_equal(n_dels, n);
    do_many(w, dels, n_dels);
    free_many(dels, n_dels);
    assert_int_equal(hmap_count(&w->observed.links), 1);
    print_message("           %d kills left %"PRIuSIZE" pairs; %"PRIuSIZE
                  " ends were unfinished\n", N_KILLS, n, n_unfinished);
    assert_true(n > 0);
    assert_true(n_unfinished > 0);
}

#define TEST(NAME) \
    cmocka_unit_test_setup_teardown(NAME, world_setup, world_teardown)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_add),
        TEST(test_add_refused),
        TEST(test_del),
        TEST(test_unfinished),
        TEST(test_refused_halfway),
        TEST(test_killed_while_adding),
    };

    world_isolate();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
