/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/cli/explain.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "openvswitch/dynamic-string.h"
#include "src/model/observed.h"
#include "src/model/wanted.h"
#include "src/plan/plan.h"
#include "util.h"

struct walk {
    const struct explain_input *in;
    struct explanation *out;
    const struct model_object *nic;
    const struct model_row *row; /* Of its Port, as wanted. */
    const char *ifname;
    const char *bridge;
};

static void OVS_PRINTF_FORMAT(3, 4)
ok(struct walk *w, const char *name, const char *format, ...)
{
    struct explanation *e = w->out;
    va_list args;

    if (e->n >= e->allocated) {
        e->links = x2nrealloc(e->links, &e->allocated, sizeof *e->links);
    }
    struct explain_link *link = &e->links[e->n++];
    memset(link, 0, sizeof *link);
    link->name = name;
    va_start(args, format);
    link->text = xvasprintf(format, args);
    va_end(args);
}

/* Makes the last link a broken one. */
static void OVS_PRINTF_FORMAT(2, 3)
broken(struct walk *w, const char *remedy, ...)
{
    struct explain_link *link = &w->out->links[w->out->n - 1];
    va_list args;

    link->broken = true;
    va_start(args, remedy);
    link->remedy = xvasprintf(remedy, args);
    va_end(args);
}

void
explanation_destroy(struct explanation *e)
{
    for (size_t i = 0; i < e->n; i++) {
        free(e->links[i].text);
        free(e->links[i].remedy);
    }
    free(e->links);
}

const struct explain_link *
explanation_broken(const struct explanation *e)
{
    for (size_t i = 0; i < e->n; i++) {
        if (e->links[i].broken) {
            return &e->links[i];
        }
    }
    return NULL;
}

/* Steps of a device that have a link of their own, and all the others. */
enum part { PART_ALL, PART_OWNER, PART_QDISC, PART_REST };

static enum part
part_of(const struct plan_step *step)
{
    enum part part = PART_ALL;

    if (step->op != PLAN_SET) {
        return PART_REST;
    }
    for (size_t i = 0; i < step->n_changes; i++) {
        const char *field = step->changes[i].field;
        enum part p = (!strcmp(field, MODEL_L_OWNER)
                       || !strcmp(field, MODEL_L_GROUP) ? PART_OWNER
                       : !strcmp(field, MODEL_L_QDISC) ? PART_QDISC
                       : PART_REST);
        part = MAX(part, p);
    }
    return part;
}

/* Adds a broken link 'name' if the plan has a step that is about 'what'. */
static bool
differs(struct walk *w, const char *name, enum plan_what what,
        enum part part)
{
    const struct plan *plan = w->in->plan;

    for (size_t i = 0; i < plan->n_steps; i++) {
        const struct plan_step *step = plan->steps[i];

        if (step->what == what
            && (part == PART_ALL || part == part_of(step))) {
            struct ds ds = DS_EMPTY_INITIALIZER;

            plan_step_format(step, &ds);
            ok(w, name, "%s", ds_cstr(&ds));
            ds_destroy(&ds);
            if (w->nic->paused) {
                broken(w, "the NIC is paused: \"ovs-portctl resume %s\"",
                       w->in->id);
            } else {
                broken(w, "%s", w->in->remedy);
            }
            return true;
        }
    }
    return false;
}

/* True if 'mark' is this NIC's. */
static bool
is_own(const struct walk *w, const char *mark)
{
    const char *own = mark ? model_observed_own(w->in->observed, mark) : NULL;

    return own && !strcmp(own, w->in->id);
}

/* Adds a broken link for what is there under our name with the mark of
 * another object or instance, or (NULL) of none. */
static void
stranger(struct walk *w, const char *name, const char *what,
         const char *mark)
{
    const struct explain_input *in = w->in;
    const struct plan_gate gate = PLAN_GATE_INITIALIZER;
    char *obstacle = mark ? NULL : plan_adoption_obstacle(
        in->wanted, in->observed, in->id, &gate);

    if (mark) {
        ok(w, name, "%s %s is not this NIC's, but %s", what, w->ifname, mark);
    } else {
        ok(w, name, "%s %s is there already and not ours", what, w->ifname);
    }
    if (mark || obstacle) {
        broken(w, "remove it, or give the NIC another device name: "
               "\"ovs-portctl nic-set %s ifname=NAME\"", in->id);
    } else {
        broken(w, "take it over: \"ovs-portctl adopt %s\"; or remove it, or "
               "give the NIC another device name: \"ovs-portctl nic-set %s "
               "ifname=NAME\"", in->id, in->id);
    }
    free(obstacle);
}

static bool
walk_file(struct walk *w)
{
    const struct explain_input *in = w->in;

    if (in->file_error) {
        ok(w, "file", "%s", in->file_error);
        broken(w, "mend %s", in->source);
    } else if (!w->nic) {
        ok(w, "file", "%s does not ask for it, though something of it is "
           "live", in->source);
        broken(w, "\"ovs-portctl show %s\" says what it waits for; "
               "\"ovs-portctl nic-add\" brings it back", in->id);
    } else {
        ok(w, "file", "%s", in->source);
    }
    return !in->file_error && w->nic;
}

static void
walk_loaded(struct walk *w)
{
    if (w->in->loaded) {
        ok(w, "loaded", "%s", w->in->loaded);
        if (w->in->unloaded) {
            broken(w, "\"ovs-portctl sync\" has it loaded; if not, see "
                   "\"ovs-portctl status\", and if ovs-portd's --spec-dir is "
                   "this one");
        }
    }
}

static void
walk_spec(struct walk *w)
{
    char *vlan = model_vlan_describe(w->row);

    ok(w, "spec", "%s on bridge %s, VLAN %s, %u %s%s%s", w->ifname, w->bridge,
       vlan, w->nic->queues, w->nic->queues == 1 ? "queue" : "queues",
       w->nic->quarantined ? ", quarantined" : "",
       w->nic->paused ? ", paused" : "");
    free(vlan);
}

static void
walk_model(struct walk *w)
{
    char *clash = model_wanted_clash(w->in->wanted, w->in->observed,
                                     w->in->id);

    if (clash) {
        ok(w, "model", "%s", clash);
        broken(w, "mend %s, or the file of the other", w->in->source);
    } else if (w->nic->problem) {
        ok(w, "model", "%s", w->nic->problem);
        broken(w, "mend %s, or what it names on this host", w->in->source);
    } else {
        ok(w, "model", "nothing else wants its names and addresses");
    }
    free(clash);
}

static void
walk_bridge(struct walk *w)
{
    const struct model_bridge *bridge
        = model_observed_bridge(w->in->observed, w->bridge);
    char *id = xasprintf("bridge:%s", w->bridge);

    if (bridge) {
        const char *type = model_row_get(&bridge->row, "datapath_type");
        ok(w, "bridge", "%s, datapath %s", w->bridge,
           *type ? type : "system");
    } else {
        ok(w, "bridge", "there is no bridge %s", w->bridge);
        if (model_wanted_get(w->in->wanted, id)) {
            broken(w, "%s", w->in->remedy);
        } else {
            broken(w, "add it to \"bridges\" in host.json, or have it made "
                   "by whoever manages it");
        }
    }
    free(id);
}

static void
walk_rows(struct walk *w)
{
    const struct model_port *port
        = model_observed_port(w->in->observed, w->ifname);
    const struct model_iface *iface
        = port ? model_port_find_iface(port, w->ifname) : NULL;

    const char *port_mark
        = port ? smap_get(&port->row.fields, MODEL_MARK) : NULL;
    const char *iface_mark
        = iface ? smap_get(&iface->row.fields, MODEL_MARK) : NULL;

    if (port && !is_own(w, port_mark)) {
        stranger(w, "port", "Port", port_mark);
    } else if (!differs(w, "port", PLAN_PORT, PART_ALL)) {
        ok(w, "port", port ? "Port %s is as wanted" : "there is no Port %s",
           w->ifname);
        if (!port) {
            broken(w, "%s", w->in->remedy);
        }
    }
    if (iface && !is_own(w, iface_mark)) {
        stranger(w, "interface", "Interface", iface_mark);
    } else if (!differs(w, "interface", PLAN_INTERFACE, PART_ALL)) {
        ok(w, "interface", iface ? "Interface %s is as wanted"
           : "there is no Interface %s", w->ifname);
        if (!iface) {
            broken(w, "%s", w->in->remedy);
        }
    }
}

static void
walk_vswitchd(struct walk *w)
{
    const struct model_observed *o = w->in->observed;
    const struct model_port *port = model_observed_port(o, w->ifname);
    const struct model_iface *iface
        = port ? model_port_find_iface(port, w->ifname) : NULL;

    if (w->in->vswitchd_error) {
        ok(w, "vswitchd", "%s", w->in->vswitchd_error);
        broken(w, "start ovs-vswitchd, or see its log");
    } else if (!model_observed_applied(o)) {
        ok(w, "vswitchd", "ovs-vswitchd has not applied the configuration "
           "yet: cur_cfg is %"PRId64", next_cfg %"PRId64, o->cur_cfg,
           o->next_cfg);
        broken(w, "wait, or see the log of ovs-vswitchd");
    } else {
        ok(w, "vswitchd", "ovs-vswitchd has applied the configuration");
    }

    if (iface && iface->ofport > 0 && !iface->error) {
        ok(w, "ofport", "OpenFlow port %"PRId64, iface->ofport);
    } else {
        ok(w, "ofport", "%s", (iface && iface->error ? iface->error
                               : "it has no OpenFlow port"));
        broken(w, "%s", (model_observed_link(o, w->ifname)
                         ? "see the log of ovs-vswitchd" : w->in->remedy));
    }
}

static void
walk_tap(struct walk *w, const struct model_link *have)
{
    const struct smap *f = &have->fields;

    if (!is_own(w, model_link_mark(have))
        && !differs(w, "tap", PLAN_LINK, PART_REST)) {
        stranger(w, "tap", "device", model_link_mark(have));
    } else if (is_own(w, model_link_mark(have))
               && !differs(w, "tap", PLAN_LINK, PART_REST)) {
        bool up = smap_get_bool(f, MODEL_L_UP, false);

        ok(w, "tap", "%s, ifindex %d, %s, MTU %s, %s%s", w->ifname,
           have->ifindex,
           smap_get_bool(f, MODEL_L_MULTI_QUEUE, false) ? "multiqueue"
           : "single-queue", smap_get_def(f, MODEL_L_MTU, "?"),
           up ? "up" : "down", w->nic->quarantined ? ": quarantined" : "");
        if (w->nic->quarantined) {
            broken(w, "\"ovs-portctl release %s\"", w->in->id);
        }
    }
    if (!differs(w, "owner", PLAN_LINK, PART_OWNER)) {
        const char *owner = smap_get(f, MODEL_L_OWNER);
        const char *group = smap_get(f, MODEL_L_GROUP);
        ok(w, "owner", "user %s, group %s", owner ? owner : "-",
           group ? group : "-");
    }
    if (!differs(w, "qdisc", PLAN_LINK, PART_QDISC)) {
        ok(w, "qdisc", "%s", smap_get_def(f, MODEL_L_QDISC, "-"));
    }
}

static void
walk_guest(struct walk *w, const struct model_link *have)
{
    unsigned int n = model_link_n_attached(have);

    ok(w, "queues", "%u of %u attached", n, w->nic->queues);
    if (!n) {
        broken(w, "start the VM; \"ovs-portctl qemu-args %.*s\" says how it "
               "opens the device", (int) strcspn(w->in->id, "/"), w->in->id);
    }
    ok(w, "carrier", have->carrier ? "on" : "off");
    if (!have->carrier) {
        broken(w, n ? "set the link up in the hypervisor"
               : "it comes with the VM");
    }
}

static void
walk_ovn(struct walk *w)
{
    const struct model_observed *o = w->in->observed;
    const struct model_port *port = model_observed_port(o, w->ifname);
    const struct model_iface *iface
        = port ? model_port_find_iface(port, w->ifname) : NULL;
    const char *installed
        = (iface ? model_row_get(&iface->row, "external_ids:ovn-installed")
           : NULL);

    if (!w->nic->iface_id || !o->ovn_bridge
        || strcmp(o->ovn_bridge, w->bridge)) {
        return;
    }
    if (installed && !strcmp(installed, "true")) {
        ok(w, "ovn", "ovn-controller has installed its flows");
    } else {
        ok(w, "ovn", "ovn-controller has not installed the flows of %s",
           w->nic->iface_id);
        broken(w, "see if OVN has a logical port of that name, and the log of "
               "ovn-controller");
    }
}

void
explain_nic(const struct explain_input *in, struct explanation *out)
{
    struct walk w = { .in = in, .out = out };

    memset(out, 0, sizeof *out);
    w.nic = model_wanted_get(in->wanted, in->id);
    if (!walk_file(&w)) {
        return;
    }
    walk_loaded(&w);
    w.row = &w.nic->ports[0]->row;
    w.ifname = w.row->name;
    w.bridge = model_row_get(w.row, MODEL_F_BRIDGE);
    walk_spec(&w);
    walk_model(&w);
    walk_bridge(&w);
    walk_rows(&w);
    walk_vswitchd(&w);

    const struct model_link *have
        = model_observed_link(in->observed, w.ifname);
    if (have) {
        walk_tap(&w, have);
        walk_guest(&w, have);
    } else {
        ok(&w, "tap", "there is no device %s", w.ifname);
        broken(&w, "%s", in->remedy);
    }
    walk_ovn(&w);
}
