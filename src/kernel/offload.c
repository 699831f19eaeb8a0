/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/kernel/kernel-private.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <net/if.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>

#include "coverage.h"
#include "openvswitch/dynamic-string.h"
#include "src/model/observed.h"
#include "src/plan/plan.h"
#include "util.h"

COVERAGE_DEFINE(kernel_read_offloads);

/* Offloads
 * ========
 *
 * By SIOCETHTOOL, which every kernel and every driver has.  An offload by the
 * short name that ethtool(8) gives it is a group of features by the kernel's
 * names; kernels differ in how many these are, so all are read by name.
 * (There are commands for some short names as well, ETHTOOL_STSO for one.
 * They leave out the features that came later.)
 *
 * The kernel reports a change of any feature as a change of the link, down or
 * up, but not which one.  So the features are read whenever something is said
 * of a link for which kernel_watch_offloads() was called, and of no other. */

static const struct offload {
    const char *name;
    const char *prefix, *suffix; /* Of the features. */
} offloads[] = {
    { "gro", "rx-gro", "rx-gro" },
    { "gso", "tx-generic-segmentation", "" },
    { "lro", "rx-lro", "" },
    { "ntuple", "rx-ntuple-filter", "" },
    { "rx", "rx-checksum", "" },
    { "rxhash", "rx-hashing", "" },
    { "rxvlan", "rx-vlan-hw-parse", "" },
    { "sg", "tx-scatter-gather", "" },
    { "tso", "tx-tcp", "-segmentation" },
    { "tx", "tx-checksum-", "" },
    { "txvlan", "tx-vlan-hw-insert", "" },
};

/* Names of features, and the words of 32 bits that hold one bit for each. */
#define MAX_FEATURES 256
#define MAX_WORDS (MAX_FEATURES / 32)

/* The size of a command whose HEADER ends in an array, with N of its
 * ELEMENTs. */
#define ROOM(HEADER, ELEMENT, N) (sizeof(HEADER) + (N) * sizeof(ELEMENT))

struct kernel_features {
    size_t n;
    char names[MAX_FEATURES][ETH_GSTRING_LEN];
};

struct words {
    uint32_t word[MAX_WORDS];
};

/* What of a device is so now, and what of it can be changed. */
struct state {
    struct words active, changeable;
};

/* Returns 0 or an errno. */
static int
ethtool(const struct kernel *k, const char *name, void *cmd)
{
    struct ifreq ifr;

    memset(&ifr, 0, sizeof ifr);
    ovs_strlcpy(ifr.ifr_name, name, sizeof ifr.ifr_name);
    ifr.ifr_data = cmd;
    return ioctl(k->ioctls, SIOCETHTOOL, &ifr) ? errno : 0;
}

/* True if 'name' is device 'ifindex' still: these ioctls know names only. */
static bool
is_device(const struct kernel *k, const char *name, int ifindex)
{
    struct ifreq ifr;

    memset(&ifr, 0, sizeof ifr);
    ovs_strlcpy(ifr.ifr_name, name, sizeof ifr.ifr_name);
    return !ioctl(k->ioctls, SIOCGIFINDEX, &ifr) && ifr.ifr_ifindex == ifindex;
}

static int
count_features(const struct kernel *k, const char *name, uint32_t *n)
{
    union {
        struct ethtool_sset_info info;
        char room[ROOM(struct ethtool_sset_info, uint32_t, 1)];
    } cmd;
    int error;

    memset(&cmd, 0, sizeof cmd);
    cmd.info.cmd = ETHTOOL_GSSET_INFO;
    cmd.info.sset_mask = UINT64_C(1) << ETH_SS_FEATURES;
    error = ethtool(k, name, &cmd);
    *n = MIN(cmd.info.data[0], MAX_FEATURES);
    return error ? error : cmd.info.sset_mask ? 0 : EOPNOTSUPP;
}

/* The features' names are the same for all devices: 'name' is any. */
static int
learn_features(struct kernel *k, const char *name)
{
    struct ethtool_gstrings *cmd;
    uint32_t n;
    int error;

    if (k->features) {
        return 0;
    }
    error = count_features(k, name, &n);
    if (error) {
        return error;
    }
    cmd = xzalloc(ROOM(*cmd, k->features->names[0], MAX_FEATURES));
    cmd->cmd = ETHTOOL_GSTRINGS;
    cmd->string_set = ETH_SS_FEATURES;
    cmd->len = n;
    error = ethtool(k, name, cmd);
    if (!error) {
        k->features = xzalloc(sizeof *k->features);
        k->features->n = MIN(cmd->len, n);
        memcpy(k->features->names, cmd->data, sizeof k->features->names);
    }
    free(cmd);
    return error;
}

static int
get_state(struct kernel *k, const char *name, struct state *state)
{
    union {
        struct ethtool_gfeatures features;
        char room[ROOM(struct ethtool_gfeatures,
                       struct ethtool_get_features_block, MAX_WORDS)];
    } cmd;
    const struct ethtool_get_features_block *blocks = cmd.features.features;
    int error = learn_features(k, name);

    memset(&cmd, 0, sizeof cmd);
    cmd.features.cmd = ETHTOOL_GFEATURES;
    cmd.features.size = MAX_WORDS;
    memset(state, 0, sizeof *state);
    if (!error) {
        error = ethtool(k, name, &cmd);
    }
    for (size_t i = 0; !error && i < MIN(cmd.features.size, MAX_WORDS); i++) {
        state->active.word[i] = blocks[i].active;
        state->changeable.word[i] = (blocks[i].available
                                     & ~blocks[i].never_changed);
    }
    return error;
}

static bool
is_feature_of(const struct offload *o, const char *feature)
{
    size_t len = strnlen(feature, ETH_GSTRING_LEN);
    size_t prefix = strlen(o->prefix);
    size_t suffix = strlen(o->suffix);

    return (len >= MAX(prefix, suffix)
            && !strncmp(feature, o->prefix, prefix)
            && !strncmp(&feature[len - suffix], o->suffix, suffix));
}

/* The features of 'o' that can be changed. */
static struct words
changeable(const struct kernel *k, const struct offload *o,
           const struct state *state)
{
    struct words words = { { 0 } };

    for (size_t i = 0; i < k->features->n; i++) {
        if (is_feature_of(o, k->features->names[i])) {
            words.word[i / 32] |= (state->changeable.word[i / 32]
                                   & (UINT32_C(1) << i % 32));
        }
    }
    return words;
}

/* True if one of the features of 'o' is on; where some can be changed, one of
 * these. */
static bool
is_on(const struct kernel *k, const struct offload *o,
      const struct state *state)
{
    struct words words = changeable(k, o, state);
    bool any_changeable = false, changeable_on = false, any_on = false;

    for (size_t i = 0; i < k->features->n; i++) {
        uint32_t bit = UINT32_C(1) << i % 32;
        bool on = state->active.word[i / 32] & bit;

        if (words.word[i / 32] & bit) {
            any_changeable = true;
            changeable_on |= on;
        }
        any_on |= on && is_feature_of(o, k->features->names[i]);
    }
    return any_changeable ? changeable_on : any_on;
}

/* Turns what can be changed of 'o' on or off.  Returns 0 or an errno,
 * EOPNOTSUPP if that is nothing. */
static int
turn(struct kernel *k, const char *name, const struct offload *o, bool on)
{
    union {
        struct ethtool_sfeatures features;
        char room[ROOM(struct ethtool_sfeatures,
                       struct ethtool_set_features_block, MAX_WORDS)];
    } cmd;
    struct ethtool_set_features_block *blocks = cmd.features.features;
    struct state state;
    int error = get_state(k, name, &state);
    bool any = false;

    if (error) {
        return error;
    }
    memset(&cmd, 0, sizeof cmd);
    cmd.features.cmd = ETHTOOL_SFEATURES;
    cmd.features.size = DIV_ROUND_UP(k->features->n, 32);
    struct words words = changeable(k, o, &state);
    for (size_t i = 0; i < cmd.features.size; i++) {
        blocks[i].valid = words.word[i];
        blocks[i].requested = on ? words.word[i] : 0;
        any |= words.word[i] != 0;
    }
    if (!any) {
        return EOPNOTSUPP;
    }
    k->stats.writes++;
    return ethtool(k, name, &cmd);
}

/* Puts the offloads of device 'ifindex' into 'fields'. */
static void
read_offloads(struct kernel *k, const char *name, int ifindex,
              struct smap *fields)
{
    struct state state;

    COVERAGE_INC(kernel_read_offloads);
    if (get_state(k, name, &state) || !is_device(k, name, ifindex)) {
        return;                 /* An event on its way says so. */
    }
    for (size_t i = 0; i < ARRAY_SIZE(offloads); i++) {
        smap_add_nocopy(fields, xasprintf(MODEL_L_OFFLOAD"%s",
                                          offloads[i].name),
                        xstrdup(is_on(k, &offloads[i], &state) ? "true"
                                : "false"));
    }
}

static void
drop_offloads(struct smap *fields)
{
    struct smap_node *node;

    SMAP_FOR_EACH_SAFE (node, fields) {
        if (model_offload_of_field(node->key)) {
            smap_remove_node(fields, node);
        }
    }
}

void
kernel_read_offloads(struct kernel *k, struct model_link *link)
{
    if (sset_contains(&k->watched, link->name)) {
        read_offloads(k, link->name, link->ifindex, &link->fields);
    }
}

void
kernel_watch_offloads(struct kernel *k, const char *name, bool watch)
{
    const struct model_link *old = model_observed_link(k->observed, name);

    if (watch == sset_contains(&k->watched, name)) {
        return;
    } else if (watch) {
        sset_add(&k->watched, name);
    } else {
        sset_find_and_delete(&k->watched, name);
    }
    if (old) {
        struct model_link *link = model_link_clone(old);

        drop_offloads(&link->fields);
        kernel_read_offloads(k, link);
        model_observed_put_link(k->observed, link);
    }
}

static const struct offload *
find_offload(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(offloads); i++) {
        if (!strcmp(offloads[i].name, name)) {
            return &offloads[i];
        }
    }
    return NULL;
}

static char *
set_offload(struct kernel *k, const struct plan_step *step, const char *name,
            const char *value)
{
    const struct offload *o = find_offload(name);
    bool on = !strcmp(value, "true");
    struct state state;
    int error;

    if (!o) {
        return xasprintf("%s: there is no offload \"%s\"", step->name, name);
    } else if (!is_device(k, step->name, step->ifindex)) {
        return kernel_error(step->name, "SIOCETHTOOL", ENODEV, NULL);
    }
    error = turn(k, step->name, o, on);
    if (!error) {
        error = get_state(k, step->name, &state);
    }
    if (error) {
        return xasprintf("%s: offload %s cannot be turned %s: %s%s",
                         step->name, name, on ? "on" : "off",
                         ovs_strerror(error),
                         error == EOPNOTSUPP ? "; the device has it fixed"
                         : error == EPERM ? "; this needs CAP_NET_ADMIN"
                         : "");
    } else if (on != is_on(k, o, &state)) {
        return xasprintf("%s: offload %s stays %s: the device does not let "
                         "it be changed, or another one that it depends on "
                         "does not", step->name, name, on ? "off" : "on");
    }
    return NULL;
}

/* All that can be done is done. */
char *
kernel_set_offloads(struct kernel *k, const struct plan_step *step)
{
    struct ds errors = DS_EMPTY_INITIALIZER;

    for (size_t i = 0; i < step->n_changes; i++) {
        const struct plan_change *c = &step->changes[i];
        const char *name = model_offload_of_field(c->field);

        if (name && c->new) {
            char *error = set_offload(k, step, name, c->new);

            if (error) {
                ds_put_format(&errors, "%s%s", errors.length ? "; " : "",
                              error);
                free(error);
            }
        }
    }
    return errors.length ? ds_steal_cstr(&errors) : NULL;
}
