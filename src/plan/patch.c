/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/plan/planner.h"

#include <string.h>

#include "util.h"

/* Patch ports. */

/* A patch port that changes its bridge while ovs-vswitchd has it open becomes
 * a black hole: in one reconfiguration it leaves the one and comes to the
 * other, and with the former it loses the peer that it has just been given
 * (seen with 3.1).  The database looks healthy at first, and later says "No
 * usable peer", of the other end.  Type "null" along with the move makes
 * ovs-vswitchd close it, and the true type, once that is applied, open it on
 * the new bridge and look for its peer.
 *
 * The Interface row remembers the bridge on which it was last opened, so that
 * a restart at any point does no harm. */
void
planner_follow_bridge(struct planner *p, struct plan_step *step,
                      const struct model_port *want, bool moves,
                      const struct model_iface *have, struct smap *target)
{
    const struct model_port *port
        = model_observed_port(p->observed, want->row.name);
    const char *bridge = model_row_get(&want->row, MODEL_F_BRIDGE);
    const char *type = model_row_get(&have->row, "type");
    const char *opened_on = smap_get(&have->row.fields, MODEL_LINK_MARK);
    bool there = (port && !strcmp(model_row_get(&port->row, MODEL_F_BRIDGE),
                                  bridge));
    bool closed = !strcmp(type, "null");

    if (there && (nullable_string_is_equal(opened_on, bridge)
                  || (!opened_on && !closed))) {
        smap_replace(target, MODEL_LINK_MARK, bridge);
        return;
    } else if (there && closed && model_observed_applied(p->observed)) {
        step->impact = PLAN_READD;
        smap_replace(target, MODEL_LINK_MARK, bridge);
        return;
    }

    /* Not yet: what it was opened for stays as it is. */
    if (opened_on) {
        smap_replace(target, MODEL_LINK_MARK, opened_on);
    }
    if (there || moves) {
        step->impact = PLAN_READD;
        smap_replace(target, "type", "null");
        planner_note(p, MODEL_APPLYING, "ovs-vswitchd is made to open %s "
                     "anew, on %s", have->row.name, bridge);
    } else {
        smap_replace(target, "type", type);
    }
}

/* The interface called 'name' if it is an open patch port to 'peer'. */
static const struct model_iface *
find_open_patch(const struct planner *p, const char *name, const char *peer,
                const struct model_port **port)
{
    *port = model_observed_iface_port(p->observed, name);
    const struct model_iface *iface
        = *port ? model_port_find_iface(*port, name) : NULL;

    return (iface && iface->ofport > 0
            && !strcmp(model_row_get(&iface->row, "type"), "patch")
            && nullable_string_is_equal(
                smap_get(&iface->row.fields, "options:peer"), peer)
            ? iface : NULL);
}

static const char *
datapath_type(const struct planner *p, const struct model_port *port)
{
    const struct model_bridge *bridge = model_observed_bridge(
        p->observed, model_row_get(&port->row, MODEL_F_BRIDGE));
    const char *type = bridge ? model_row_get(&bridge->row, "datapath_type")
                       : "";

    return *type ? type : "system";
}

/* An error of an open patch port is about its peer, which may be on its way.
 *
 * A peer that has come back leaves the error "No usable peer" in this row
 * until the next reconfiguration if ovs-vswitchd was about to write it:
 * bridge_reconfigure() clears only errors that it has seen in the database,
 * and run_status_update() only ever sets one. */
void
planner_judge_patch(struct planner *p, const struct model_iface *have)
{
    const char *name = have->row.name;
    const char *peer = smap_get(&have->row.fields, "options:peer");
    const struct model_port *ports[2];
    bool open = (peer
                 && find_open_patch(p, name, peer, &ports[0])
                 && find_open_patch(p, peer, name, &ports[1]));

    if (!open && peer && planner_wants(p, peer)) {
        planner_note(p, MODEL_APPLYING, "ovs-vswitchd has not yet joined %s "
                     "and %s", name, peer);
    } else if (!open || strcmp(datapath_type(p, ports[0]),
                               datapath_type(p, ports[1]))) {
        planner_note(p, MODEL_ERROR, "ovs-vswitchd: %s", have->error);
    }
}
