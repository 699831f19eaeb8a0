/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/host/adopt.h"

#include <stdlib.h>
#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "src/host/host.h"
#include "sset.h"
#include "util.h"

/* The first step of 'rest' that does more than is allowed, as a refusal. */
static char *
check_impacts(const struct plan *rest, const struct plan_allowed *allowed)
{
    for (size_t i = 0; i < rest->n_steps; i++) {
        const struct plan_step *step = rest->steps[i];

        if (!allowed->impacts[step->impact]) {
            struct ds ds = DS_EMPTY_INITIALIZER;

            ds_put_cstr(&ds, "then this would follow: ");
            plan_step_format(step, &ds);
            ds_put_format(&ds, "; make the spec fit what is there, or allow "
                          "it by --allow=%s", plan_impact_name(step->impact));
            return ds_steal_cstr(&ds);
        }
    }
    return NULL;
}

void
adoption_init(struct adoption *a, const struct host *h, const char *id,
              const struct plan_gate *gate,
              const struct plan_allowed *allowed)
{
    plan_init(&a->stamps);
    plan_init(&a->rest);
    a->refusal = host_adopt(h, id, gate, &a->stamps, &a->rest);
    if (!a->refusal && a->stamps.n_steps) {
        a->refusal = check_impacts(&a->rest, allowed);
    }
}

void
adoption_destroy(struct adoption *a)
{
    plan_destroy(&a->stamps);
    plan_destroy(&a->rest);
    free(a->refusal);
}

char *
adoption_describe(const struct adoption *a)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    for (size_t i = 0; i < a->stamps.n_steps; i++) {
        const struct plan_step *step = a->stamps.steps[i];

        ds_put_format(&ds, "%s%s %s", i ? ", " : "",
                      plan_what_name(step->what), step->name);
    }
    return ds_steal_cstr(&ds);
}
