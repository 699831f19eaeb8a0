/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "controller/record.h"

#include <stdlib.h>
#include <string.h>

#include "src/model/model.h"
#include "util.h"

/* When a field was last put back.  One set back more is once too often. */
struct repairs {
    long long int times[RECORD_SET_BACKS - 1]; /* Oldest first. */
    size_t n;
};

struct record *
record_create(const char *id)
{
    struct record *r = xzalloc(sizeof *r);

    r->id = xstrdup(id);
    r->verdict.state = MODEL_APPLYING;
    r->verdict.text = xstrdup("not yet looked at");
    shash_init(&r->repairs);
    sset_init(&r->contested);
    return r;
}

void
record_destroy(struct record *r)
{
    if (r) {
        free(r->id);
        plan_verdict_destroy(&r->verdict);
        free(r->error);
        shash_destroy_free_data(&r->repairs);
        sset_destroy(&r->contested);
        free(r);
    }
}

void
record_spec_changed(struct record *r)
{
    record_result(r, NULL, 0);
    shash_clear_free_data(&r->repairs);
    sset_clear(&r->contested);
    r->settled = false;
}

void
record_result(struct record *r, const char *error, long long int now)
{
    free(r->error);
    r->error = nullable_xstrdup(error);
    if (!error) {
        r->backoff = 0;
        r->retry_at = 0;
        r->n_moved_on = 0;
    } else {
        r->backoff = (r->backoff
                      ? MIN(r->backoff * 2, RECORD_BACKOFF_MAX_MS)
                      : RECORD_BACKOFF_MIN_MS);
        r->retry_at = now + r->backoff;
    }
}

bool
record_backs_off(const struct record *r, long long int now)
{
    return r->error && now < r->retry_at;
}

static bool
is_null(const char *value)
{
    return value && !strcmp(value, "null");
}

/* False for what we ourselves set again and again while devices come and go:
 * type "null", and back. */
static bool
is_contestable(const struct plan_change *c)
{
    return (strcmp(c->field, MODEL_LINK_MARK)
            && (strcmp(c->field, "type")
                || (!is_null(c->old) && !is_null(c->new))));
}

/* A device's next events may still show what it was before the repair, which
 * is then made once more, within milliseconds; nobody insists on that. */
#define ECHO_MS 100

static bool
is_echo(const struct repairs *repairs, long long int now)
{
    return repairs && repairs->n
           && now - repairs->times[repairs->n - 1] < ECHO_MS;
}

static void
count_repair(struct record *r, const char *key, bool link, long long int now)
{
    struct repairs *repairs = shash_find_data(&r->repairs, key);
    if (link && is_echo(repairs, now)) {
        return;
    }
    if (!repairs) {
        repairs = xzalloc(sizeof *repairs);
        shash_add(&r->repairs, key, repairs);
    }
    if (repairs->n == ARRAY_SIZE(repairs->times)) {
        memmove(&repairs->times[0], &repairs->times[1],
                (repairs->n - 1) * sizeof repairs->times[0]);
        repairs->n--;
    }
    repairs->times[repairs->n++] = now;
}

void
record_repaired(struct record *r, const struct plan_step *step,
                long long int now)
{
    if (!r->settled || step->op != PLAN_SET) {
        return;
    }
    for (size_t i = 0; i < step->n_changes; i++) {
        if (is_contestable(&step->changes[i])) {
            char *key = plan_contest_key(step, step->changes[i].field);
            count_repair(r, key, step->what == PLAN_LINK, now);
            free(key);
        }
    }
}

bool
record_contest(struct record *r, const struct plan_step *step,
               long long int now)
{
    bool contested = false;

    if (shash_is_empty(&r->repairs)) {
        return false;
    }
    for (size_t i = 0; step->op == PLAN_SET && i < step->n_changes; i++) {
        char *key = plan_contest_key(step, step->changes[i].field);
        const struct repairs *repairs = shash_find_data(&r->repairs, key);

        if (repairs && repairs->n == ARRAY_SIZE(repairs->times)
            && now - repairs->times[0] <= RECORD_WINDOW_MS) {
            sset_add(&r->contested, key);
            contested = true;
        }
        free(key);
    }
    return contested;
}
