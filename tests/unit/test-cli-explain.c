/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "src/cli/explain.h"
#include "src/cli/guest.h"
#include "tests/unit/world.h"
#include "util.h"

#define ID "vm1/net0"

/* vm1/net0 at rest on br0, and held by its guest. */
static void
setup(struct world *w)
{
    world_init(w);
    world_want_bridge(w, "br0");
    world_want_nic(w, "vm1", "net0", "tap0", "br0", 4, 10);
    assert_true(world_run(w, 20));
    world_hold(w, "tap0", true);
}

/* The first broken link must be 'expect' (NULL: none). */
static void
check_input(struct world *w, struct explain_input in, const char *expect)
{
    struct plan_verdict verdict;
    struct explanation e;
    struct plan plan;

    plan_init(&plan);
    world_plan(w, ID, &plan, &verdict);
    in.id = ID;
    in.source = "vms.d/vm1.json";
    in.wanted = &w->w;
    in.observed = &w->o;
    in.plan = &plan;
    in.remedy = "start ovs-portd";
    explain_nic(&in, &e);

    const struct explain_link *link = explanation_broken(&e);
    if (expect) {
        assert_non_null(link);
        assert_string_equal(link->name, expect);
        assert_true(link->remedy && *link->remedy);
        assert_true(*link->text);
    } else {
        assert_null(link);
        assert_int_equal(e.n, 13);
    }
    explanation_destroy(&e);
    plan_verdict_destroy(&verdict);
    plan_destroy(&plan);
}

static void
check(struct world *w, const char *expect)
{
    check_input(w, (struct explain_input) { .id = NULL }, expect);
}

static void
test_all_well(void **state OVS_UNUSED)
{
    struct world w;

    setup(&w);
    check(&w, NULL);
    world_destroy(&w);
}

static void
test_file(void **state OVS_UNUSED)
{
    struct world w;

    setup(&w);
    check_input(&w, (struct explain_input) { .file_error = "1:1: bad" },
                "file");
    check_input(&w, (struct explain_input) { .loaded = "no",
                                             .unloaded = true }, "loaded");
    world_unwant(&w, "vms.d/vm1.json");
    check(&w, "file");
    world_destroy(&w);
}

static void
test_model(void **state OVS_UNUSED)
{
    struct world w;

    world_init(&w);
    world_want_bridge(&w, "br0");
    world_want_nic(&w, "vm1", "net0", "tap0", "br0", 1, 10);
    world_want_nic(&w, "vm2", "net0", "tap0", "br0", 1, 10);
    world_run(&w, 20);
    check(&w, "model");
    world_destroy(&w);
}

static void
test_rows(void **state OVS_UNUSED)
{
    struct model_port *port;
    struct world w;

    setup(&w);
    port = model_port_clone(model_observed_port(&w.o, "tap0"));
    model_row_set(&port->row, "tag", "99");
    model_observed_put_port(&w.o, port);
    check(&w, "port");
    assert_true(world_run(&w, 20));
    check(&w, NULL);

    port = model_port_clone(model_observed_port(&w.o, "tap0"));
    model_row_set(&port->ifaces[0].row, "external_ids:attached-mac", "x");
    model_observed_put_port(&w.o, port);
    check(&w, "interface");

    port = model_port_clone(model_observed_port(&w.o, "tap0"));
    smap_remove(&port->row.fields, MODEL_MARK);
    model_observed_put_port(&w.o, port);
    check(&w, "port");

    model_observed_remove_port(&w.o, "tap0");
    check(&w, "port");
    model_observed_remove_bridge(&w.o, "br0");
    check(&w, "bridge");
    world_destroy(&w);
}

static void
test_vswitchd(void **state OVS_UNUSED)
{
    struct model_port *port;
    struct world w;

    setup(&w);
    check_input(&w, (struct explain_input) { .vswitchd_error = "gone" },
                "vswitchd");
    w.o.next_cfg++;
    check(&w, "vswitchd");
    w.o.cur_cfg = w.o.next_cfg;
    port = model_port_clone(model_observed_port(&w.o, "tap0"));
    port->ifaces[0].ofport = -1;
    port->ifaces[0].error = xstrdup("could not open it");
    model_observed_put_port(&w.o, port);
    check(&w, "ofport");
    world_destroy(&w);
}

static void
break_tap(const char *field, const char *value, const char *expect)
{
    struct model_link *link;
    struct world w;

    setup(&w);
    link = model_link_clone(model_observed_link(&w.o, "tap0"));
    smap_replace(&link->fields, field, value);
    model_observed_put_link(&w.o, link);
    check(&w, expect);
    world_destroy(&w);
}

static void
test_tap(void **state OVS_UNUSED)
{
    struct world w;

    break_tap(MODEL_L_UP, "false", "tap");
    break_tap(MODEL_L_MAC, "fe:00:00:00:00:99", "tap");
    break_tap(MODEL_L_MULTI_QUEUE, "false", "tap");
    break_tap(MODEL_L_OWNER, "4711", "owner");
    break_tap(MODEL_L_QDISC, "mq", "qdisc");

    setup(&w);
    world_hold(&w, "tap0", false);
    check(&w, "queues");
    model_wanted_get(&w.w, ID)->quarantined = true;
    check(&w, "tap");
    world_destroy(&w);
}

static void
check_live(const struct world *w, bool refused)
{
    char *error = guest_check_live(model_wanted_get(&w->w, ID), &w->o);

    assert_int_equal(error != NULL, refused);
    free(error);
}

static void
test_live(void **state OVS_UNUSED)
{
    struct model_link *link;
    struct world w;

    setup(&w);
    check_live(&w, true);       /* Held. */
    world_hold(&w, "tap0", false);
    check_live(&w, false);
    link = model_link_clone(model_observed_link(&w.o, "tap0"));
    smap_replace(&link->fields, MODEL_L_MULTI_QUEUE, "false");
    model_observed_put_link(&w.o, link);
    check_live(&w, true);
    link = model_link_clone(model_observed_link(&w.o, "tap0"));
    smap_remove(&link->fields, MODEL_L_ALIAS);
    model_observed_put_link(&w.o, link);
    check_live(&w, true);
    model_observed_remove_link(&w.o, "tap0");
    check_live(&w, true);
    world_destroy(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_well),
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_model),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_vswitchd),
        cmocka_unit_test(test_tap),
        cmocka_unit_test(test_live),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
