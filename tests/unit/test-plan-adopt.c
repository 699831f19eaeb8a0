/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* Adoption: what is there becomes the object's own, and nothing else. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "src/model/observed.h"
#include "src/model/wanted.h"
#include "src/plan/plan.h"
#include "tests/unit/apply.h"
#include "tests/unit/world.h"
#include "util.h"

/* Makes vm1/net0 on br0 and takes all marks off, as though somebody else had
 * made it all. */
static void
unmark_port(struct model_observed *o, const char *name)
{
    struct model_port *port = model_port_clone(model_observed_port(o, name));

    smap_remove(&port->row.fields, MODEL_MARK);
    smap_remove(&port->row.fields, MODEL_OWNED);
    for (size_t i = 0; i < port->n_ifaces; i++) {
        smap_remove(&port->ifaces[i].row.fields, MODEL_MARK);
        smap_remove(&port->ifaces[i].row.fields, MODEL_OWNED);
        smap_remove(&port->ifaces[i].row.fields, MODEL_LINK_MARK);
    }
    model_observed_put_port(o, port);
}

static void
init(struct world *w, unsigned int queues)
{
    world_init(w);
    world_want_bridge(w, "br0");
    world_want_nic(w, "vm1", "net0", "tap0", "br0", queues, 10);
    world_settle(w, "vm1/net0");
    world_hold(w, "tap0", true);
    unmark_port(&w->o, "tap0");
    world_set_link(w, "tap0", MODEL_L_ALIAS, NULL);
}

static char *
adopt(struct world *w, struct plan *stamps, struct plan *rest)
{
    plan_init(stamps);
    plan_init(rest);
    return plan_adopt(&w->w, &w->o, "vm1/net0", &w->gate, stamps, rest);
}

static void
done(struct world *w, struct plan *stamps, struct plan *rest)
{
    plan_destroy(stamps);
    plan_destroy(rest);
    world_destroy(w);
}

static void
test_stamps_only(void **state OVS_UNUSED)
{
    struct world w;
    struct plan stamps, rest;

    init(&w, 8);
    world_set_link(&w, "tap0", MODEL_L_ALIAS, "somebody's");
    world_want_nic(&w, "vm1", "net0", "tap0", "br0", 8, 20);
    assert_int_equal(world_settle(&w, "vm1/net0"), MODEL_CONFLICT);
    int ifindex = model_observed_link(&w.o, "tap0")->ifindex;

    assert_null(adopt(&w, &stamps, &rest));
    assert_int_equal(stamps.n_steps, 3);
    assert_int_equal(plan_n_ready(&stamps), 3);
    world_assert_step(&stamps, 0, "~ link tap0: alias somebody's -> "
                      "ovs-portd:main/vm1/net0 [hitless]");
    assert_int_equal(stamps.steps[0]->n_changes, 1);
    assert_int_equal(stamps.steps[0]->ifindex, ifindex);
    assert_int_equal(stamps.steps[1]->n_changes, 2);
    /* Without the link mark the device would count as replaced, and would be
     * opened anew. */
    assert_non_null(plan_step_find(stamps.steps[2], MODEL_LINK_MARK));
    assert_int_equal(rest.n_steps, 1);
    world_assert_step(&rest, 0, "~ Port tap0: tag 10 -> 20 [hitless]");

    for (size_t i = 0; i < stamps.n_steps; i++) {
        apply_step(stamps.steps[i], &w.o, 0);
    }
    struct plan_verdict verdict;
    struct plan plan;
    plan_init(&plan);
    world_plan(&w, "vm1/net0", &plan, &verdict);
    assert_int_equal(plan.n_steps, 1);
    world_assert_step(&plan, 0, "~ Port tap0: tag 10 -> 20 [hitless]");
    plan_verdict_destroy(&verdict);
    plan_destroy(&plan);
    assert_int_equal(world_settle(&w, "vm1/net0"), MODEL_READY);
    assert_int_equal(model_observed_link(&w.o, "tap0")->ifindex, ifindex);
    done(&w, &stamps, &rest);
}

static void
test_nothing_twice(void **state OVS_UNUSED)
{
    struct world w;
    struct plan stamps, rest;

    world_init(&w);
    world_want_bridge(&w, "br0");
    world_want_nic(&w, "vm1", "net0", "tap0", "br0", 8, 10);
    assert_null(adopt(&w, &stamps, &rest));
    assert_int_equal(stamps.n_steps, 0);
    plan_destroy(&rest);
    world_settle(&w, "vm1/net0");
    assert_null(adopt(&w, &stamps, &rest));
    assert_int_equal(stamps.n_steps, 0);
    assert_int_equal(rest.n_steps, 0);

    /* An alias that somebody rewrote is ours to restore, not to adopt. */
    world_set_link(&w, "tap0", MODEL_L_ALIAS, "somebody's");
    assert_null(adopt(&w, &stamps, &rest));
    assert_int_equal(stamps.n_steps, 0);
    assert_int_equal(rest.n_steps, 1);
    done(&w, &stamps, &rest);
}

static void
assert_refused(struct world *w, const char *text)
{
    struct plan stamps, rest;
    char *refusal = adopt(w, &stamps, &rest);

    assert_non_null(refusal);
    if (!strstr(refusal, text)) {
        fail_msg("\"%s\" does not say \"%s\"", refusal, text);
    }
    assert_int_equal(stamps.n_steps, 0);
    assert_int_equal(rest.n_steps, 0);
    free(refusal);
    plan_destroy(&stamps);
    plan_destroy(&rest);
}

/* A conflict recommends "adopt" only where that is not refused. */
static void
assert_conflict(struct world *w, const char *text)
{
    struct plan_verdict verdict;
    struct plan plan;

    plan_init(&plan);
    world_plan(w, "vm1/net0", &plan, &verdict);
    assert_int_equal(verdict.state, MODEL_CONFLICT);
    if (!strstr(verdict.text, text)) {
        fail_msg("\"%s\" does not say \"%s\"", verdict.text, text);
    }
    plan_verdict_destroy(&verdict);
    plan_destroy(&plan);
}

static void
test_refusals(void **state OVS_UNUSED)
{
    struct world w;

    init(&w, 8);
    world_set_link(&w, "tap0", MODEL_L_ALIAS, "ovs-portd:other/vm7/net0");
    assert_refused(&w, "another instance (other/vm7/net0)");
    world_set_link(&w, "tap0", MODEL_L_ALIAS, "ovs-portd:main/vm7/net0");
    assert_refused(&w, "still belongs to vm7/net0");
    world_set_link(&w, "tap0", MODEL_L_ALIAS, NULL);
    assert_conflict(&w, "take it over by \"ovs-portctl adopt vm1/net0\"");
    world_set_link(&w, "tap0", MODEL_L_KIND, "macvtap");
    assert_refused(&w, "is no TAP, but macvtap");
    assert_conflict(&w, "cannot take it over: device tap0 is no TAP");
    world_set_link(&w, "tap0", MODEL_L_KIND, "tap");

    struct model_port *port
        = model_port_clone(model_observed_port(&w.o, "tap0"));
    model_port_add_iface(port, "eth7");
    model_observed_put_port(&w.o, port);
    assert_refused(&w, "also has interface eth7");
    port = model_port_clone(model_observed_port(&w.o, "tap0"));
    model_port_remove_iface(port, "eth7");
    model_row_set(&port->ifaces[0].row, "type", "internal");
    model_observed_put_port(&w.o, port);
    assert_refused(&w, "of type \"internal\", the spec asks for \"\"");
    port = model_port_clone(model_observed_port(&w.o, "tap0"));
    model_row_set(&port->ifaces[0].row, "type", "");
    model_observed_put_port(&w.o, port);

    w.gate.frozen = "vms.d/vm1.json:1:1: broken";
    assert_refused(&w, "broken");
    w.gate.frozen = NULL;
    struct plan stamps, rest;
    assert_null(adopt(&w, &stamps, &rest));
    assert_int_equal(stamps.n_steps, 3);
    plan_destroy(&stamps);
    plan_destroy(&rest);
    world_unwant(&w, "vms.d/vm1.json");
    assert_refused(&w, "no spec");
    world_destroy(&w);
}

static void
test_transient_tap(void **state OVS_UNUSED)
{
    struct world w;
    struct plan stamps, rest;

    /* As libvirt makes it: it goes with the VM, so nothing that takes an
     * idle TAP is to be done to it. */
    init(&w, 1);
    world_set_link(&w, "tap0", MODEL_L_PERSIST, "false");
    world_set_link(&w, "tap0", MODEL_L_OWNER, NULL);
    assert_null(adopt(&w, &stamps, &rest));
    assert_int_equal(stamps.n_steps, 3);
    assert_int_equal(rest.n_steps, 0);
    plan_destroy(&stamps);

    /* A persistent one waits for the VM, unless it is nobody's and to be
     * root's. */
    world_set_link(&w, "tap0", MODEL_L_PERSIST, "true");
    assert_null(adopt(&w, &stamps, &rest));
    assert_int_equal(rest.n_steps, 1);
    assert_int_equal(rest.steps[0]->impact, PLAN_VM_RESTART);
    plan_destroy(&stamps);
    plan_destroy(&rest);
    struct model_object *nic = world_make_nic("vm1", "net0", "tap0", "br0", 1,
                                              10);
    smap_replace(&nic->links[0]->fields, MODEL_L_OWNER, "0");
    world_want(&w, "vms.d/vm1.json", nic);
    assert_null(adopt(&w, &stamps, &rest));
    assert_int_equal(rest.n_steps, 0);
    plan_destroy(&stamps);

    world_hold(&w, "tap0", false);
    assert_null(adopt(&w, &stamps, &rest));
    assert_int_equal(rest.n_steps, 1);
    assert_int_equal(rest.steps[0]->impact, PLAN_HITLESS);
    done(&w, &stamps, &rest);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stamps_only),
        cmocka_unit_test(test_nothing_twice),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_transient_tap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
