/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTD_PLAN_PLANNER_H
#define PORTD_PLAN_PLANNER_H 1

/* Planner
 * =======
 *
 * What the files of src/plan share: planner.c has the verdict, the steps and
 * the marks; rows.c, links.c, ports.c and satellites.c plan one kind of thing
 * each on top of it, patch.c what is peculiar to patch ports, addresses.c to
 * internal ones, bonds.c to bonds of the kernel, delete.c what is to go;
 * object.c puts them together into plan_object(), adopt.c into
 * plan_adopt(). */

#include "src/model/observed.h"
#include "src/model/wanted.h"
#include "src/plan/plan.h"

/* One call of plan_object(). */
struct planner {
    const struct model_wanted *wanted;
    const struct model_observed *observed;
    const struct plan_gate *gate;
    const struct model_object *object; /* NULL: no longer wanted. */
    const char *id;
    struct plan *plan;
    const char *block;          /* Why no step may be done at all, or NULL. */
    bool leftovers;             /* Things under old names are still there. */
    bool adopt;                 /* What has no mark counts as the object's. */
    char *refusal;              /* Why it cannot be adopted, or NULL. */
    struct plan_verdict *verdict;
};

/* Makes the verdict 'state' with the formatted text, unless it is a graver
 * one already. */
void planner_note(struct planner *, enum model_state, const char *, ...)
    OVS_PRINTF_FORMAT(3, 4);

/* plan_add_step() for the planner's object. */
struct plan_step *planner_step(struct planner *, enum plan_op,
                               enum plan_what, const char *name,
                               const char *parent);
/* Makes 'step' wait for the formatted text, unless it waits already. */
void planner_after(struct plan_step *, const char *, ...)
    OVS_PRINTF_FORMAT(2, 3);
/* planner_after() and planner_note() with one text. */
void planner_defer(struct planner *, struct plan_step *, enum model_state,
                   const char *, ...) OVS_PRINTF_FORMAT(4, 5);

/* Like planner_note(), and nothing of the object can be adopted. */
void planner_refuse(struct planner *, enum model_state, const char *, ...)
    OVS_PRINTF_FORMAT(3, 4);

/* For one plan of object 'id'; all is borrowed. */
void planner_init(struct planner *, const struct model_wanted *,
                  const struct model_observed *, const char *id,
                  const struct plan_gate *);
/* plan_object() without the initialization. */
void planner_run(struct planner *, struct plan *, struct plan_verdict *);

/* Whether an observed thing with 'mark' is the object's own; if it is not,
 * notes the conflict (or the wait for an object of ours). */
bool planner_owns(struct planner *, const char *what, const char *name,
                  const char *mark);
/* The mark of kernel device 'link': by its alias or, if somebody rewrote
 * that, by the Interface row that was made for this very ifindex. */
const char *planner_link_mark(const struct planner *,
                              const struct model_link *link);
/* Whether 'mark' (NULL: none) is the object's own. */
bool planner_is_own(const struct planner *, const char *mark);
/* Whether what has 'mark' is taken over: unmarked, while adopting. */
bool planner_adopts(const struct planner *, const char *mark);
/* The object's own Interface row 'name', or NULL. */
const struct model_iface *planner_own_iface(const struct planner *,
                                            const char *name);
/* What is ours of a device that carries no mark, its Interface row lists
 * beside the fields of the row itself.  Adds to 'things' what begins with
 * 'prefix' in the list of the object's own row 'name'. */
void planner_listed(const struct planner *, const char *name,
                    const char *prefix, struct sset *things);
/* Adds 'things' to the list in 'target', for an Interface row. */
void planner_list(struct smap *target, const struct sset *things);
/* planner_owns() for a kernel device that we are to create: by its mark or,
 * if it has none yet, as an unfinished one that the object wants. */
bool planner_owns_link(struct planner *, const struct model_link *link);
/* The object that takes over what is left of the planner's own one, which is
 * no longer wanted, or NULL. */
const char *planner_heir(const struct planner *);
/* True if the object wants a row or a device called 'name'. */
bool planner_wants(const struct planner *, const char *name);
/* True if the last added step of kind 'what' for 'name' is an addition. */
bool planner_adds(const struct planner *, enum plan_what, const char *name);

void planner_bridge(struct planner *);
/* Whether ovs-vswitchd, which has applied all, has made 'bridge'; if not, says
 * so in the verdict.  True also where there is no such row. */
bool planner_bridge_is_made(struct planner *, const char *bridge);
void planner_link(struct planner *, const struct model_link *want);
/* A step that sets fields of 'have'. */
struct plan_step *planner_set_step(struct planner *,
                                   const struct model_link *have);
/* Plans to delete 'have' and to make 'want' in its place, which is to become
 * 'what'. */
void planner_replace_link(struct planner *, const struct model_link *want,
                          const struct model_link *have, const char *what);
/* The fields of 'have' to those of 'want', without those that are about other
 * devices, and without addresses. */
void planner_set_link(struct planner *, const struct model_link *want,
                      const struct model_link *have);
/* True if the object wants ovs-vswitchd to make the device 'name'. */
bool planner_is_internal(const struct planner *, const char *name);
/* planner_link() for such a device. */
void planner_internal_link(struct planner *, const struct model_link *want);
/* Completes the list of owned fields in 'target', for the Interface row
 * 'name', by the addresses of its device. */
void planner_list_addresses(const struct planner *, const char *name,
                            struct smap *target);
/* Plans the addresses of the device 'name', if ovs-vswitchd makes it. */
void planner_addresses(struct planner *, const char *name);
/* Sets the object's own devices down. */
void planner_cut_off(struct planner *);

/* planner_link() for a device that is to be a member of a bond, and for the
 * bond itself, 'have', which is ours. */
void planner_member(struct planner *, const struct model_link *want);
void planner_bond(struct planner *, const struct model_link *want,
                  const struct model_link *have);
/* Plans to take out of 'bond' those that we took in and want no more.  Returns
 * true if there are any. */
bool planner_let_go(struct planner *, const struct model_link *bond);
/* Makes all steps from 'first' on wait until 'bond', which is to be deleted,
 * has no members that others have added.  Returns true if it has any. */
bool planner_hold_bond(struct planner *, const struct model_link *bond,
                       size_t first);
/* Completes the list of owned fields in 'target', for the Interface row of
 * bond 'name', by its members. */
void planner_list_members(const struct planner *, const char *name,
                          struct smap *target);
void planner_port(struct planner *, const struct model_port *want);
/* Completes 'target' and 'step' for 'have', an end of a patch link that
 * exists already, on port 'want'; 'moves' says that the port goes to its
 * bridge now. */
void planner_follow_bridge(struct planner *, struct plan_step *,
                           const struct model_port *want, bool moves,
                           const struct model_iface *have,
                           struct smap *target);
/* Says in the verdict what the error of 'have', an open patch port, means. */
void planner_judge_patch(struct planner *, const struct model_iface *have);
/* Deletes what carries the object's mark under 'name' and is not wanted. */
void planner_delete(struct planner *, const char *name);
/* Deletes devices of MODEL_LEFTOVERS under names that nobody wants; the others
 * are finished by who does. */
void planner_leftovers(struct planner *);
/* True for the bridge that ovn-controller uses. */
bool planner_is_ovn_bridge(const struct planner *, const char *bridge);
/* The last added step of kind 'what' for 'name', or NULL. */
struct plan_step *planner_find(const struct planner *, enum plan_what,
                               const char *name);
/* After bridges and ports have been planned. */
void planner_satellite(struct planner *, const struct model_row *want);
/* Deletes the object's satellites that neither it nor 'heir' (or NULL)
 * wants. */
void planner_delete_satellites(struct planner *,
                               const struct model_object *heir);
void planner_qos_noop(struct planner *);

/* Appends to 'step' the changes from 'have' (NULL: a new row) to 'target',
 * and the clearing of what we own and want no more. */
void planner_diff_row(struct planner *, struct plan_step *,
                      enum model_table, const struct smap *target,
                      const struct model_row *have);
/* Appends one change unless another writer insists on the field. */
void planner_change(struct planner *, struct plan_step *, const char *field,
                    const char *old, const char *new);

/* Steps. */

struct plan_step *plan_add_step(struct plan *, enum plan_op, enum plan_what,
                                const char *object, const char *name,
                                const char *parent);
void plan_step_change(struct plan_step *, const char *field,
                      const char *old, const char *new);
/* Takes back all that 'step' would set. */
void plan_step_clear(struct plan_step *);
/* Takes 'step', the last one, back if it would set nothing. Returns true if
 * it did. */
bool plan_drop_if_empty(struct plan *, struct plan_step *step);

#endif /* src/plan/planner.h */
