/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/kernel/settings.h"

#include <string.h>
#include <net/if.h>

#include "packets.h"
#include "src/kernel/kernel.h"
#include "src/kernel/rtbond.h"
#include "src/kernel/tap.h"
#include "src/model/address.h"
#include "src/model/model.h"
#include "src/plan/plan.h"
#include "util.h"

/* IFALIASZ of the kernel, less its null. */
#define ALIAS_MAX 255

/* Each of these takes in one field and returns false if 'value' (NULL: to be
 * cleared) is not good for it. */
typedef bool field_func(const char *value, struct link_settings *);

static bool
parse_bool(const char *value, bool *b)
{
    *b = value && !strcmp(value, "true");
    return value && (*b || !strcmp(value, "false"));
}

static bool
parse_u32(const char *value, uint32_t *u32)
{
    unsigned int u;

    if (!value || value[strspn(value, "0123456789")] || !value[0]
        || !str_to_uint(value, 10, &u)) {
        return false;
    }
    *u32 = u;
    return true;
}

static bool
take_kind(const char *value, struct link_settings *s)
{
    s->kind = value;
    return value != NULL;
}

static bool
take_peer(const char *value, struct link_settings *s)
{
    s->peer = value;
    return value != NULL;
}

/* Nothing becomes unfinished by a step. */
static bool
take_unfinished(const char *value, struct link_settings *s)
{
    s->finish = true;
    return !value;
}

static bool
take_multi_queue(const char *value, struct link_settings *s)
{
    return parse_bool(value, &s->multi_queue);
}

static bool
take_mac(const char *value, struct link_settings *s)
{
    s->rtnl.has_mac = true;
    return value && eth_addr_from_string(value, &s->rtnl.mac);
}

static bool
take_mtu(const char *value, struct link_settings *s)
{
    s->rtnl.has_mtu = true;
    return parse_u32(value, &s->rtnl.mtu);
}

static bool
take_up(const char *value, struct link_settings *s)
{
    s->has_up = true;
    return parse_bool(value, &s->up);
}

static bool
take_alias(const char *value, struct link_settings *s)
{
    s->rtnl.alias = value ? value : "";
    return strlen(s->rtnl.alias) <= ALIAS_MAX;
}

static bool
take_qdisc(const char *value, struct link_settings *s)
{
    s->has_qdisc = true;
    s->qdisc = value && value[0] ? value : NULL;
    /* The kernel's IFNAMSIZ bounds TCA_KIND as well. */
    return !value || strlen(value) < IFNAMSIZ;
}

/* Cleared means "nobody in particular", which the kernel writes as -1. */
static bool
take_owner(const char *value, struct link_settings *s)
{
    s->has_owner = true;
    s->owner = UINT_MAX;
    return !value || kernel_resolve_user(value, &s->owner);
}

static bool
take_group(const char *value, struct link_settings *s)
{
    s->has_group = true;
    s->group = UINT_MAX;
    return !value || kernel_resolve_group(value, &s->group);
}

static bool
take_persist(const char *value, struct link_settings *s)
{
    s->has_persist = true;
    return parse_bool(value, &s->persist);
}

static bool
take_addr_gen_mode(const char *value, struct link_settings *s)
{
    s->rtnl.addr_gen_mode
        = value ? rtnl_addr_gen_mode_from_string(value) : -1;
    return s->rtnl.addr_gen_mode >= 0;
}

static bool
take_arp_ignore(const char *value, struct link_settings *s)
{
    s->rtnl.has_arp_ignore = true;
    return parse_u32(value, &s->rtnl.arp_ignore);
}

static const struct {
    const char *name;
    field_func *take;
    bool add_only;              /* Fixed once the device exists. */
    const char *what;           /* For error texts. */
} fields[] = {
    { MODEL_L_KIND, take_kind, true, "a kind of device" },
    { MODEL_L_PEER, take_peer, true, "a name" },
    { MODEL_L_MULTI_QUEUE, take_multi_queue, true, "true or false" },
    { MODEL_L_MAC, take_mac, false, "an Ethernet address" },
    { MODEL_L_MTU, take_mtu, false, "a number" },
    { MODEL_L_UP, take_up, false, "true or false" },
    { MODEL_L_ALIAS, take_alias, false, "a text of at most 255 bytes" },
    { MODEL_L_QDISC, take_qdisc, false, "a kind of qdisc" },
    { MODEL_L_OWNER, take_owner, false, "a user of this host" },
    { MODEL_L_GROUP, take_group, false, "a group of this host" },
    { MODEL_L_PERSIST, take_persist, false, "true or false" },
    { MODEL_L_ADDR_GEN_MODE, take_addr_gen_mode, false,
      "none, eui64, stable_secret or random" },
    { MODEL_L_ARP_IGNORE, take_arp_ignore, false, "a number" },
    { MODEL_L_UNFINISHED, take_unfinished, false, "none" },
};

/* Fields of which a device has any number, and those about other devices, are
 * done one by one, by others. */

static char *
bad_value(const struct plan_step *step, const struct plan_change *c)
{
    return xasprintf("%s: %s cannot become \"%s\"", step->name, c->field,
                     c->new ? c->new : "");
}

static char *
take_offload(const struct plan_step *step, const struct plan_change *c)
{
    bool b;

    return (step->op == PLAN_SET && parse_bool(c->new, &b)
            ? NULL : bad_value(step, c));
}

static char *
take_bond_option(const struct plan_step *step, const struct plan_change *c,
                 const char *name)
{
    bool primary = !strcmp(name, MODEL_BOND_PRIMARY);

    return ((primary && (!c->new || tap_name_is_valid(c->new)))
            || (!primary && c->new
                && rtnl_bond_option_is_valid(name, c->new))
            ? NULL : bad_value(step, c));
}

static char *
take_master(const struct plan_step *step, const struct plan_change *c)
{
    return (step->op == PLAN_SET && (!c->new || tap_name_is_valid(c->new))
            ? NULL : bad_value(step, c));
}

static char *
take_address(const struct plan_step *step, const struct plan_change *c,
             const char *text)
{
    struct model_address a;

    if (!model_address_parse(text, &a)) {
        return xasprintf("%s: \"%s\" is no address with its prefix",
                         step->name, text);
    } else if (step->op != PLAN_SET
               || (c->new && strcmp(c->new, MODEL_ADDRESS_PERMANENT))) {
        return bad_value(step, c);
    }
    return NULL;
}

static char *
take_change(const struct plan_step *step, const struct plan_change *c,
            struct link_settings *s)
{
    const char *address = model_address_of_field(c->field);
    const char *option = model_bond_option_of_field(c->field);

    if (address) {
        return take_address(step, c, address);
    } else if (option) {
        return take_bond_option(step, c, option);
    } else if (model_offload_of_field(c->field)) {
        return take_offload(step, c);
    } else if (!strcmp(c->field, MODEL_L_MASTER)) {
        return take_master(step, c);
    }
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
        if (strcmp(c->field, fields[i].name)) {
            continue;
        }
        if (fields[i].add_only && step->op != PLAN_ADD) {
            return xasprintf("%s: %s cannot be changed: delete the device "
                             "and create it again", step->name, c->field);
        }
        if (!fields[i].take(c->new, s)) {
            return xasprintf("%s: %s \"%s\" is not %s", step->name, c->field,
                             c->new ? c->new : "", fields[i].what);
        }
        return NULL;
    }
    return xasprintf("%s: %s is no field of a device that can be set",
                     step->name, c->field);
}

char *
link_settings_from_step(const struct plan_step *step, struct link_settings *s)
{
    *s = (struct link_settings) { .rtnl = RTNL_SETTINGS_INITIALIZER };

    for (size_t i = 0; i < step->n_changes; i++) {
        char *error = take_change(step, &step->changes[i], s);
        if (error) {
            return error;
        }
    }
    return NULL;
}
