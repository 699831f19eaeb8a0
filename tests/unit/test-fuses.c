/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* Deletion fuses and what is remembered of an object. */

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "src/host/fuses.h"
#include "controller/record.h"
#include "src/plan/plan.h"
#include "util.h"

static const struct model_policy policy = {
    .gc_grace = 10,
    .gc_max_percent = 50,
};

static long long int wake;

static void
assert_held(struct fuses *f, const char *id, long long int now,
            const char *why)
{
    char *held = fuses_held(f, id, &policy, now, &wake);
    if (!held || !strstr(held, why)) {
        fail_msg("%s: \"%s\" does not say \"%s\"", id, held ? held : "(free)",
                 why);
    }
    free(held);
}

static void
assert_free(struct fuses *f, const char *id, long long int now)
{
    char *held = fuses_held(f, id, &policy, now, &wake);
    if (held) {
        fail_msg("%s: held: %s", id, held);
    }
}

/* NICs vm0/net0 ... of which those in [first, end) leave at 'now'. */
static void
leave(struct fuses *f, int first, int end, long long int now)
{
    for (int i = first; i < end; i++) {
        char id[32];
        snprintf(id, sizeof id, "vm%d/net0", i);
        fuses_gone(f, id, now);
    }
}

static void
test_grace(void **state OVS_UNUSED)
{
    struct fuses f;
    fuses_init(&f);
    fuses_set_population(&f, 3, 0);
    fuses_gone(&f, "vm1/net0", 1000);
    assert_held(&f, "vm1/net0", 1000, "10 s later");
    assert_int_equal(wake, 11000);
    assert_held(&f, "vm1/net0", 10999, "10 s later");
    assert_free(&f, "vm1/net0", 11000);

    /* Wanted again in between: the grace starts anew. */
    fuses_wanted(&f, "vm1/net0");
    fuses_gone(&f, "vm1/net0", 12000);
    assert_held(&f, "vm1/net0", 21999, "10 s later");
    assert_free(&f, "vm1/net0", 22000);
    fuses_destroy(&f);
}

static void
test_share(void **state OVS_UNUSED)
{
    struct fuses f;
    fuses_init(&f);
    fuses_set_population(&f, 20, 0);
    fuses_set_population(&f, 9, 1000);
    leave(&f, 0, 11, 1000);
    assert_held(&f, "vm0/net0", 60000, "more than 50 %");
    assert_int_equal(wake, LLONG_MAX);
    /* Waiting does not help. */
    assert_held(&f, "vm0/net0", 60000 + 2 * FUSE_WINDOW_MS, "NICs");

    /* Enough of them are back. */
    fuses_wanted(&f, "vm10/net0");
    assert_free(&f, "vm0/net0", 60000);
    fuses_destroy(&f);
}

static void
test_few_are_never_a_mass(void **state OVS_UNUSED)
{
    struct fuses f;
    fuses_init(&f);
    fuses_set_population(&f, 10, 0);
    leave(&f, 0, 10, 1000);
    assert_free(&f, "vm0/net0", 11000);
    fuses_destroy(&f);
}

static void
test_one_by_one_is_a_mass_too(void **state OVS_UNUSED)
{
    struct fuses f;
    fuses_init(&f);
    long long int now = 0;
    int deleted = 0;

    fuses_set_population(&f, 20, now);
    for (int i = 0; i < 20; i++, now += 20000) {
        char id[32];
        snprintf(id, sizeof id, "vm%d/net0", i);
        fuses_set_population(&f, 19 - i, now);
        fuses_gone(&f, id, now);
        char *held = fuses_held(&f, id, &policy, now + 10000, &wake);
        if (!held) {
            fuses_deleted(&f, id);
            deleted++;
        }
        free(held);
        fuses_expire(&f, now);
    }
    assert_int_equal(deleted, FUSE_MIN_GONE);
    fuses_destroy(&f);
}

static void
test_old_removals_do_not_count(void **state OVS_UNUSED)
{
    struct fuses f;
    fuses_init(&f);
    fuses_set_population(&f, 20, 0);
    leave(&f, 0, 10, 0);
    for (int i = 0; i < 10; i++) {
        char id[32];
        snprintf(id, sizeof id, "vm%d/net0", i);
        fuses_deleted(&f, id);
    }
    long long int later = FUSE_WINDOW_MS + 1;
    fuses_expire(&f, later);
    fuses_set_population(&f, 9, later);
    leave(&f, 10, 11, later);
    assert_free(&f, "vm10/net0", later + 10000);
    fuses_destroy(&f);
}

static void
test_confirm(void **state OVS_UNUSED)
{
    struct fuses f;
    fuses_init(&f);
    fuses_set_population(&f, 20, 0);
    leave(&f, 0, 20, 0);
    fuses_set_population(&f, 0, 0);
    fuses_gone(&f, "bridge:br0", 0);
    assert_held(&f, "bridge:br0", 999999, "gc-confirm bridge:br0");
    assert_held(&f, "vm3/net0", 20000, "NICs");

    assert_int_equal(fuses_confirm(&f, "vm3/net0"), 1);
    assert_int_equal(fuses_confirm(&f, "vm3/net0"), 0);
    assert_int_equal(fuses_confirm(&f, "vm99/net0"), 0);
    assert_free(&f, "vm3/net0", 20000);
    assert_held(&f, "vm4/net0", 20000, "NICs");

    assert_int_equal(fuses_confirm(&f, NULL), 20);
    assert_free(&f, "vm4/net0", 20000);
    assert_free(&f, "bridge:br0", 20000);
    fuses_destroy(&f);
}

/* Short-lived VMs come and go: as many come as go. */
/* Removed by name: neither a grace nor a fuse, for that object alone. */
static void
test_expected(void **state OVS_UNUSED)
{
    struct fuses f;
    fuses_init(&f);
    fuses_set_population(&f, 20, 0);
    fuses_expect(&f, "vm0/net0");
    fuses_expect(&f, "bridge:br0");
    leave(&f, 0, 20, 1000);
    fuses_gone(&f, "bridge:br0", 1000);
    fuses_gone(&f, "bridge:br1", 1000);
    fuses_set_population(&f, 0, 1000);
    fuses_set_vms_empty(&f, true, 1000);
    fuses_set_host_absent(&f, true);
    assert_free(&f, "vm0/net0", 1000);
    assert_held(&f, "vm1/net0", 1000, "vms.d is empty");
    assert_free(&f, "bridge:br0", 1000);
    assert_held(&f, "bridge:br1", 1000, "host.json is missing");

    /* Also what is known to be gone already. */
    fuses_expect(&f, "vm1/net0");
    assert_free(&f, "vm1/net0", 1000);
    fuses_set_vms_empty(&f, false, 2000);
    assert_held(&f, "vm2/net0", 2000, "18 of 20 NICs");
    fuses_destroy(&f);
}

/* Once only, and not if it is wanted, or was not live. */
static void
test_expected_is_forgotten(void **state OVS_UNUSED)
{
    struct fuses f;
    fuses_init(&f);
    fuses_expect(&f, "bridge:br0");
    fuses_wanted(&f, "bridge:br0");
    fuses_gone(&f, "bridge:br0", 0);
    assert_held(&f, "bridge:br0", 0, "it left host.json");

    fuses_expect(&f, "bridge:br1");
    fuses_deleted(&f, "bridge:br1");
    fuses_gone(&f, "bridge:br1", 0);
    assert_held(&f, "bridge:br1", 0, "it left host.json");

    fuses_expect(&f, "bridge:br2");
    fuses_gone(&f, "bridge:br2", 0);
    assert_free(&f, "bridge:br2", 0);
    fuses_deleted(&f, "bridge:br2");
    fuses_gone(&f, "bridge:br2", 0);
    assert_held(&f, "bridge:br2", 0, "it left host.json");
    fuses_destroy(&f);
}

static void
test_churn_is_no_mass(void **state OVS_UNUSED)
{
    struct fuses f;
    fuses_init(&f);
    fuses_set_population(&f, 60, 0);
    for (int i = 0; i < 200; i++) {
        long long int now = i * 12000LL;
        char id[32];
        snprintf(id, sizeof id, "short%d/net0", i);
        fuses_set_population(&f, 59, now);
        fuses_gone(&f, id, now);
        assert_held(&f, id, now, "10 s later");
        assert_free(&f, id, now + 10000);
        fuses_deleted(&f, id);
        fuses_set_population(&f, 60, now + 11000);
        fuses_expire(&f, now + 11000);
    }
    fuses_destroy(&f);
}

/* The population is told only when files change. */
static void
test_peak_of_a_quiet_host(void **state OVS_UNUSED)
{
    struct fuses f;
    fuses_init(&f);
    fuses_set_population(&f, 100, 0);
    long long int later = 3600 * 1000;
    leave(&f, 0, 40, later);
    fuses_set_population(&f, 60, later);
    assert_free(&f, "vm0/net0", later + 10000);
    leave(&f, 40, 51, later);
    fuses_set_population(&f, 49, later);
    assert_held(&f, "vm0/net0", later + 10000, "51 of 100");
    fuses_destroy(&f);
}

static void
test_missing_host_json_is_no_removal(void **state OVS_UNUSED)
{
    struct fuses f;
    fuses_init(&f);
    fuses_set_host_absent(&f, true);
    fuses_gone(&f, "bridge:br0", 0);
    fuses_gone(&f, "vm1/net0", 0);
    assert_int_equal(fuses_confirm(&f, NULL), 1);
    assert_free(&f, "vm1/net0", 0);
    assert_held(&f, "bridge:br0", 0, "host.json is missing");
    assert_int_equal(fuses_confirm(&f, "bridge:br0"), 1);
    assert_free(&f, "bridge:br0", 0);
    fuses_destroy(&f);
}

static void
test_empty_directory(void **state OVS_UNUSED)
{
    struct fuses f;
    fuses_init(&f);
    fuses_set_population(&f, 1, 0);
    fuses_set_vms_empty(&f, true, 0);
    fuses_gone(&f, "vm1/net0", 0);
    assert_held(&f, "vm1/net0", 3600 * 1000, "vms.d is empty");

    /* Files are back, this one is not: its grace begins. */
    fuses_set_vms_empty(&f, false, 3600 * 1000);
    assert_held(&f, "vm1/net0", 3600 * 1000, "10 s later");
    assert_free(&f, "vm1/net0", 3610 * 1000);
    fuses_destroy(&f);
}

/* Records. */

static struct plan_step *
retag_step(struct plan *plan)
{
    /* A step such as only plan_object() makes, by hand. */
    struct plan_step *step = xzalloc(sizeof *step);
    step->op = PLAN_SET;
    step->what = PLAN_PORT;
    step->object = xstrdup("vm1/net0");
    step->name = xstrdup("tap0");
    step->changes = xzalloc(sizeof *step->changes);
    step->changes[0].field = xstrdup("tag");
    step->changes[0].old = xstrdup("99");
    step->changes[0].new = xstrdup("10");
    step->n_changes = 1;
    plan->steps = xmalloc(sizeof *plan->steps);
    plan->steps[0] = step;
    plan->n_steps = 1;
    plan->allocated_steps = 1;
    return step;
}

static void
test_third_set_back_is_a_conflict(void **state OVS_UNUSED)
{
    struct plan plan;
    plan_init(&plan);
    struct plan_step *step = retag_step(&plan);
    struct record *r = record_create("vm1/net0");

    /* What the spec itself has just asked for is no drift. */
    for (int i = 0; i < 5; i++) {
        record_repaired(r, step, i);
    }
    assert_false(record_contest(r, step, 10));

    r->settled = true;
    assert_false(record_contest(r, step, 1000));
    record_repaired(r, step, 1000);
    assert_false(record_contest(r, step, 2000));
    record_repaired(r, step, 2000);
    assert_true(record_contest(r, step, 3000));
    assert_true(sset_contains(&r->contested, "Port tap0 tag"));

    record_spec_changed(r);
    assert_true(sset_is_empty(&r->contested));
    record_destroy(r);
    plan_destroy(&plan);
}

static void
test_slow_drift_is_put_back_for_ever(void **state OVS_UNUSED)
{
    struct plan plan;
    plan_init(&plan);
    struct plan_step *step = retag_step(&plan);
    struct record *r = record_create("vm1/net0");

    r->settled = true;
    for (long long int now = 0; now < 3600 * 1000; now += 31000) {
        assert_false(record_contest(r, step, now));
        record_repaired(r, step, now);
    }
    record_destroy(r);
    plan_destroy(&plan);
}

static void
test_backoff_doubles(void **state OVS_UNUSED)
{
    struct record *r = record_create("vm1/net0");
    long long int now = 0;

    record_result(r, "refused", now);
    assert_true(record_backs_off(r, now + 999));
    assert_false(record_backs_off(r, now + 1000));
    record_result(r, "refused", now);
    assert_true(record_backs_off(r, now + 1999));
    for (int i = 0; i < 20; i++) {
        record_result(r, "refused", now);
    }
    assert_false(record_backs_off(r, now + RECORD_BACKOFF_MAX_MS));
    assert_true(record_backs_off(r, now + RECORD_BACKOFF_MAX_MS - 1));
    record_result(r, NULL, now);
    assert_false(record_backs_off(r, now));
    record_destroy(r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grace),
        cmocka_unit_test(test_share),
        cmocka_unit_test(test_few_are_never_a_mass),
        cmocka_unit_test(test_one_by_one_is_a_mass_too),
        cmocka_unit_test(test_old_removals_do_not_count),
        cmocka_unit_test(test_confirm),
        cmocka_unit_test(test_expected),
        cmocka_unit_test(test_expected_is_forgotten),
        cmocka_unit_test(test_churn_is_no_mass),
        cmocka_unit_test(test_peak_of_a_quiet_host),
        cmocka_unit_test(test_missing_host_json_is_no_removal),
        cmocka_unit_test(test_empty_directory),
        cmocka_unit_test(test_third_set_back_is_a_conflict),
        cmocka_unit_test(test_slow_drift_is_put_back_for_ever),
        cmocka_unit_test(test_backoff_doubles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
