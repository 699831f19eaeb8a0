/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/model/model.h"

#include <string.h>

static const char *const names[MODEL_N_STATES] = {
    [MODEL_READY] = "ready",
    [MODEL_APPLYING] = "applying",
    [MODEL_WAITING] = "waiting",
    [MODEL_PENDING] = "pending",
    [MODEL_IN_USE] = "in-use",
    [MODEL_HELD] = "held",
    [MODEL_PAUSED] = "paused",
    [MODEL_QUARANTINED] = "quarantined",
    [MODEL_CONFLICT] = "conflict",
    [MODEL_ERROR] = "error",
    [MODEL_INVALID] = "invalid",
    [MODEL_DEGRADED] = "degraded",
};

enum model_outcome
model_state_outcome(enum model_state state)
{
    static const enum model_outcome outcomes[MODEL_N_STATES] = {
        [MODEL_READY] = MODEL_AT_REST,
        [MODEL_APPLYING] = MODEL_UNDERWAY,
        [MODEL_WAITING] = MODEL_BLOCKED,
        [MODEL_PENDING] = MODEL_BLOCKED,
        [MODEL_IN_USE] = MODEL_BLOCKED,
        [MODEL_HELD] = MODEL_BLOCKED,
        [MODEL_PAUSED] = MODEL_AT_REST,
        [MODEL_QUARANTINED] = MODEL_AT_REST,
        [MODEL_CONFLICT] = MODEL_FAILED,
        [MODEL_ERROR] = MODEL_FAILED,
        [MODEL_INVALID] = MODEL_FAILED,
        [MODEL_DEGRADED] = MODEL_UNDERWAY,
    };
    return outcomes[state];
}

const char *
model_state_name(enum model_state state)
{
    return state < MODEL_N_STATES ? names[state] : "unknown";
}

enum model_state
model_state_from_name(const char *name)
{
    enum model_state state = 0;

    while (state < MODEL_N_STATES && strcmp(names[state], name)) {
        state++;
    }
    return state;
}
