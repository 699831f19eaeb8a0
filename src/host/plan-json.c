/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/host/plan-json.h"

#include "openvswitch/json.h"
#include "src/plan/plan.h"

static struct json *
string_or_null(const char *s)
{
    return s ? json_string_create(s) : json_null_create();
}

static struct json *
changes_json(const struct plan_step *step)
{
    struct json *array = json_array_create_empty();

    for (size_t i = 0; i < step->n_changes; i++) {
        const struct plan_change *change = &step->changes[i];
        struct json *json = json_object_create();

        json_object_put_string(json, "field", change->field);
        json_object_put(json, "old", string_or_null(change->old));
        json_object_put(json, "new", string_or_null(change->new));
        json_array_add(array, json);
    }
    return array;
}

static struct json *
step_json(const struct plan_step *step)
{
    static const char *const ops[] = { [PLAN_ADD] = "+", [PLAN_SET] = "~",
                                       [PLAN_DEL] = "-" };
    struct json *json = json_object_create();

    json_object_put_string(json, "object", step->object);
    json_object_put_string(json, "op", ops[step->op]);
    json_object_put_string(json, "what", plan_what_name(step->what));
    json_object_put_string(json, "name", step->name);
    json_object_put(json, "parent", string_or_null(step->parent));
    json_object_put_string(json, "impact", plan_impact_name(step->impact));
    json_object_put(json, "after", string_or_null(step->after));
    json_object_put(json, "changes", changes_json(step));
    return json;
}

struct json *
plan_json(const struct plan *plan)
{
    struct json *array = json_array_create_empty();

    for (size_t i = 0; i < plan->n_steps; i++) {
        json_array_add(array, step_json(plan->steps[i]));
    }
    return array;
}
