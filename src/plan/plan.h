/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_PLAN_PLAN_H
#define PORTD_PLAN_PLAN_H 1

/* Plan
 * ====
 *
 * What has to be done to one object so that what is observed becomes what is
 * wanted: a pure function, called again after every round of doing, until it
 * has nothing more to say.
 *
 *     wanted ---+
 *               +--> plan_object() --> steps, verdict
 *     observed -+
 *
 * It is level-triggered: no step remembers another.  A step that cannot be
 * done yet is in the plan all the same, for people to read, with the reason
 * in 'after'; the executors do only those without one.
 *
 * The plan has no clock.  What depends on time (fuses, backoff, a writer that
 * insists) reaches it as a struct plan_gate. */

#include <stdbool.h>
#include <stddef.h>
#include "openvswitch/dynamic-string.h"
#include "src/model/model.h"

struct model_observed;
struct model_wanted;
struct sset;

enum plan_op {
    PLAN_ADD,
    PLAN_SET,
    PLAN_DEL
};

/* A row of a table, or a kernel device. */
enum plan_what {
    PLAN_BRIDGE = MODEL_TABLE_BRIDGE,
    PLAN_PORT = MODEL_TABLE_PORT,
    PLAN_INTERFACE = MODEL_TABLE_INTERFACE,
    PLAN_QOS = MODEL_TABLE_QOS,
    PLAN_QUEUE = MODEL_TABLE_QUEUE,
    PLAN_MIRROR = MODEL_TABLE_MIRROR,
    PLAN_CONTROLLER = MODEL_TABLE_CONTROLLER,
    PLAN_NETFLOW = MODEL_TABLE_NETFLOW,
    PLAN_SFLOW = MODEL_TABLE_SFLOW,
    PLAN_IPFIX = MODEL_TABLE_IPFIX,
    PLAN_LINK = MODEL_N_TABLES
};

/* What a step does to the guest's traffic. */
enum plan_impact {
    PLAN_HITLESS,               /* Nothing. */
    PLAN_READD,                 /* A short break: the port is taken out. */
    PLAN_VM_RESTART             /* Waits for the VM to let go of the TAP. */
};

struct plan_change {
    char *field;
    char *old;                  /* NULL: absent. */
    char *new;                  /* NULL: to be cleared. */
};

struct plan_step {
    enum plan_op op;
    enum plan_what what;
    enum plan_impact impact;
    char *object;               /* Id of the object it serves. */
    char *name;                 /* Of the row or device. */
    char *parent;               /* Port: its bridge (PLAN_DEL: any);
                                 * interface: its port; otherwise NULL. */
    struct plan_change *changes; /* PLAN_ADD: all fields, 'old' NULL. */
    size_t n_changes;
    int ifindex;                /* PLAN_LINK, SET and DEL: the very device. */
    char *after;                /* What it waits for; NULL: do it now. */

    /* Filled in by who does it: what went wrong, or NULL.  With 'moved_on' it
     * is no fault: the world has changed under the step, or before it was
     * begun (then 'after' says how), or its outcome is not known; a look at
     * what is observed now will tell. */
    char *error;
    bool moved_on;
};

struct plan {
    struct plan_step **steps;   /* In the order in which to do them. */
    size_t n_steps, allocated_steps;
};

struct plan_verdict {
    enum model_state state;
    char *text;                 /* One line: why; never NULL. */
};

/* What the caller knows of one object beyond the two models. */
struct plan_gate {
    const char *frozen;         /* Its file is invalid: neither change nor
                                 * collect; the text says which. Or NULL. */
    const char *held;           /* Why it may not be deleted, or NULL. */
    const struct sset *contested; /* "WHAT NAME FIELD" (plan_contest_key())
                                 * that another writer insists on. Or NULL. */
    bool report_only;           /* Drift is reported and not put back. */
};
#define PLAN_GATE_INITIALIZER { NULL, NULL, NULL, false }

/* Which impacts, beyond PLAN_HITLESS, the operator puts up with. */
struct plan_allowed {
    bool impacts[PLAN_VM_RESTART + 1];
};
#define PLAN_ALLOWED_INITIALIZER { { [PLAN_HITLESS] = true } }

/* Adds the comma-separated impacts of 'text' ("re-add,vm-restart"). Returns
 * NULL, or an error message for the caller to free. */
char *plan_allow(struct plan_allowed *, const char *text)
    OVS_WARN_UNUSED_RESULT;

void plan_init(struct plan *);
void plan_destroy(struct plan *);
/* Forgets all steps. */
void plan_clear(struct plan *);

/* For a step that is in no plan. */
void plan_step_destroy(struct plan_step *);
/* Moves all steps of 'src' to the end of 'dst'. */
void plan_append(struct plan *dst, struct plan *src);

/* Appends to 'plan' the steps for object 'id' (wanted, or only observed as
 * ours) and says in 'verdict' how the object stands; the caller calls
 * plan_verdict_destroy(). */
void plan_object(const struct model_wanted *, const struct model_observed *,
                 const char *id, const struct plan_gate *,
                 struct plan *, struct plan_verdict *verdict);

/* Plans how object 'id' takes over what is there under its names and carries
 * nobody's mark.  Appends to 'stamps' the steps that put the marks on and
 * change nothing else, all of which can be done now; to 'rest' what
 * plan_object() would say after them.  Returns NULL (without stamps there is
 * nothing to take over), or why the object can have none of it, for the
 * caller to free; then both are as they were. */
char *plan_adopt(const struct model_wanted *, const struct model_observed *,
                 const char *id, const struct plan_gate *,
                 struct plan *stamps, struct plan *rest)
    OVS_WARN_UNUSED_RESULT;

/* Why plan_adopt() would refuse, for the caller to free, or NULL. */
char *plan_adoption_obstacle(const struct model_wanted *,
                             const struct model_observed *, const char *id,
                             const struct plan_gate *)
    OVS_WARN_UNUSED_RESULT;

void plan_verdict_destroy(struct plan_verdict *);

/* The number of steps that can be done now. */
size_t plan_n_ready(const struct plan *);

/* The key of one field for struct plan_gate's 'contested'. */
char *plan_contest_key(const struct plan_step *, const char *field);

/* Words for people: "+ Port tap0 on br0", "~ tag 10 -> 20", "hitless". */
const char *plan_what_name(enum plan_what);
/* The table of a step for a row; not for PLAN_LINK. */
enum model_table plan_step_table(const struct plan_step *);
/* True if 'step' is for a satellite (src/model/model.h). */
bool plan_step_is_satellite(const struct plan_step *);
const char *plan_impact_name(enum plan_impact);
void plan_step_format(const struct plan_step *, struct ds *);
/* Only the fields: "tag 10 -> 20, qos=qos:noop". */
void plan_step_format_changes(const struct plan_step *, struct ds *);

/* The value that step's 'field' is to get, or NULL. */
const char *plan_step_get(const struct plan_step *, const char *field);
struct plan_change *plan_step_find(const struct plan_step *,
                                   const char *field);
/* Takes 'change' out of 'step'. */
void plan_step_drop(struct plan_step *step, struct plan_change *change);

#endif /* src/plan/plan.h */
