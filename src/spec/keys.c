/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/spec/spec-private.h"

#include <stdlib.h>
#include <string.h>
#include "src/model/bond.h"
#include "util.h"

/* Keys beside OVSDB's columns, in the terms of columns.h. */
#define OWN(NAME, TYPE, SHAPE, MIN, MAX, ENUMS) \
    { NAME, MODEL_##TYPE, MODEL_##SHAPE, MIN, MAX, 0, ENUMS, 0 }
#define KEY_INTEGER(NAME, MIN, MAX) \
    { OWN(NAME, INTEGER, SCALAR, MIN, MAX, NULL), NULL, false, NULL }
#define KEY_BOOLEAN(NAME) \
    { OWN(NAME, BOOLEAN, SCALAR, 0, 0, NULL), NULL, false, NULL }
#define KEY_STRING(NAME, CHECK) \
    { OWN(NAME, STRING, SCALAR, 0, 0, NULL), CHECK, false, NULL }
#define KEY_STRINGS(NAME, CHECK) \
    { OWN(NAME, STRING, SET, 0, 0, NULL), CHECK, false, NULL }
#define KEY_ENUM(NAME, ENUMS) \
    { OWN(NAME, STRING, SCALAR, 0, 0, ENUMS), NULL, false, NULL }
#define KEY_NESTED(NAME) \
    { OWN(NAME, STRING, MAP, 0, 0, NULL), NULL, true, NULL }
#define KEY_NESTED_LIST(NAME) \
    { OWN(NAME, STRING, SET, 0, 0, NULL), NULL, true, NULL }
#define KEY_REFUSED(NAME, WHY) \
    { OWN(NAME, STRING, MAP, 0, 0, NULL), NULL, false, WHY }
#define KEY_LATER(NAME) KEY_REFUSED(NAME, "is not supported by this version")
#define KEY_END KEY_NESTED(NULL)

static const char *const qdiscs[] = { "default", "noqueue", NULL };
static const char *const drifts[] = { "enforce", "report", NULL };

/* 68 is IPv4's least MTU; 65535 is the most that a TAP takes. */
#define KEY_MTU KEY_INTEGER("mtu", 68, 65535)

/* What NICs and their defaults have in common. */
#define NIC_KEYS \
    KEY_STRING("bridge", spec_check_device_name), \
    KEY_STRING("group", spec_check_user), \
    KEY_BOOLEAN("isolated"), \
    KEY_MTU, \
    KEY_STRING("owner", spec_check_user), \
    KEY_BOOLEAN("paused"), \
    KEY_ENUM("qdisc", qdiscs), \
    KEY_BOOLEAN("quarantined"), \
    KEY_INTEGER("queues", 1, 256), \
    KEY_NESTED("qos"), \
    KEY_REFUSED("addresses", "a NIC's addresses are the guest's affair"), \
    KEY_REFUSED("type", "a NIC is always a TAP")

static const struct spec_key nic_own[] = {
    KEY_STRING("iface_id", spec_check_not_empty),
    KEY_STRING("iface_id_ver", spec_check_not_empty),
    KEY_STRING("ifname", spec_check_device_name),
    KEY_STRING("mac", spec_check_mac),
    NIC_KEYS,
    KEY_END
};

#define NOT_A_DEFAULT "belongs to one NIC, it cannot be a default"
static const struct spec_key nic_defaults_own[] = {
    KEY_REFUSED("iface_id", NOT_A_DEFAULT),
    KEY_REFUSED("iface_id_ver", NOT_A_DEFAULT),
    KEY_REFUSED("ifname", NOT_A_DEFAULT),
    KEY_REFUSED("mac", NOT_A_DEFAULT),
    KEY_REFUSED("ofport_request", NOT_A_DEFAULT),
    NIC_KEYS,
    KEY_END
};

static const struct spec_key vm_own[] = {
    KEY_NESTED("nics"),
    KEY_STRING("uuid", spec_check_uuid),
    KEY_NESTED("version"),
    KEY_END
};

static const struct spec_key host_own[] = {
    KEY_NESTED("bonds"),
    KEY_NESTED("bridges"),
    KEY_NESTED("defaults"),
    KEY_NESTED("links"),
    KEY_NESTED("policy"),
    KEY_NESTED("version"),
    KEY_END
};

static const struct spec_key bridge_own[] = {
    KEY_BOOLEAN("managed"),
    KEY_NESTED("ports"),
    KEY_STRINGS("addresses", spec_check_address),
    KEY_LATER("auto_attach"),
    KEY_REFUSED("controller", "give \"controllers\", a list"),
    KEY_NESTED_LIST("controllers"),
    KEY_LATER("flow_tables"),
    KEY_NESTED("ipfix"),
    KEY_NESTED("mirrors"),
    KEY_NESTED("netflow"),
    KEY_NESTED("sflow"),
    KEY_END
};

/* Rates and bursts are bit/s and bit, which ovs-vswitchd reads as unsigned. */
#define KEY_QUANTITY(NAME) KEY_INTEGER(NAME, 1, INT64_MAX)

#define OF_QUEUES "is for \"queues\""
static const struct spec_key qos_own[] = {
    KEY_STRING("type", spec_check_not_empty),
    KEY_QUANTITY("max_rate"),
    KEY_NESTED("queues"),
    KEY_REFUSED("burst", OF_QUEUES),
    KEY_REFUSED("min_rate", OF_QUEUES),
    KEY_REFUSED("priority", OF_QUEUES),
    KEY_END
};

static const struct spec_key queue_own[] = {
    KEY_QUANTITY("burst"),
    KEY_QUANTITY("max_rate"),
    KEY_QUANTITY("min_rate"),
    KEY_INTEGER("priority", 0, UINT32_MAX),
    KEY_END
};

static const struct spec_key controller_own[] = {
    KEY_STRING("target", spec_check_not_empty),
    KEY_END
};

static const struct spec_key mirror_own[] = {
    KEY_STRING("output_port", spec_check_device_name),
    KEY_STRINGS("select_dst_port", spec_check_device_name),
    KEY_STRINGS("select_src_port", spec_check_device_name),
    KEY_END
};

static const struct spec_key no_own[] = { KEY_END };

static const struct spec_key port_own[] = {
    KEY_MTU,
    KEY_STRING("type", spec_check_port_type),
    KEY_STRINGS("addresses", spec_check_address),
    KEY_NESTED("offloads"),
    KEY_NESTED("qos"),
    KEY_END
};

/* As ethtool(8) calls them. */
static const struct spec_key offloads_own[] = {
    KEY_BOOLEAN("gro"),
    KEY_BOOLEAN("gso"),
    KEY_BOOLEAN("lro"),
    KEY_BOOLEAN("ntuple"),
    KEY_BOOLEAN("rx"),
    KEY_BOOLEAN("rxhash"),
    KEY_BOOLEAN("rxvlan"),
    KEY_BOOLEAN("sg"),
    KEY_BOOLEAN("tso"),
    KEY_BOOLEAN("tx"),
    KEY_BOOLEAN("txvlan"),
    KEY_END
};

/* The host's own IP stack does not get what comes in on a device that is on a
 * bridge. */
#define NOT_INTERNAL "is for ports of type \"internal\" and for bridges"

static const char *const bond_types[] = { "kernel", NULL };

static const struct spec_key bond_own[] = {
    KEY_STRING("bridge", spec_check_device_name),
    KEY_STRINGS("members", spec_check_device_name),
    KEY_MTU,
    KEY_NESTED("offloads"),
    KEY_REFUSED("addresses", NOT_INTERNAL),
    KEY_NESTED("qos"),
    KEY_ENUM("type", bond_types),
    KEY_INTEGER("downdelay", 0, INT32_MAX),
    KEY_ENUM("lacp_rate", model_bond_lacp_rates),
    KEY_INTEGER("miimon", 0, INT32_MAX),
    KEY_INTEGER("min_links", 0, INT32_MAX),
    KEY_ENUM("mode", model_bond_modes),
    KEY_STRING("primary", spec_check_device_name),
    KEY_INTEGER("updelay", 0, INT32_MAX),
    KEY_ENUM("xmit_hash_policy", model_bond_hash_policies),
    KEY_END
};

static const struct spec_key link_own[] = {
    KEY_NESTED_LIST("ends"),
    KEY_STRING("type", spec_check_link_type),
    KEY_END
};

#define END_KEYS \
    KEY_STRING("bridge", spec_check_device_name), \
    KEY_STRING("port", spec_check_device_name), \
    KEY_REFUSED("addresses", NOT_INTERNAL)

static const struct spec_key end_own[] = {
    END_KEYS,
    KEY_REFUSED("qos", "is for devices, which a patch port is not"),
    KEY_END
};

static const struct spec_key veth_end_own[] = {
    END_KEYS,
    KEY_NESTED("qos"),
    KEY_MTU,
    KEY_END
};

static const struct spec_key defaults_own[] = {
    KEY_NESTED("nic"),
    KEY_END
};

static const struct spec_key policy_own[] = {
    KEY_ENUM("drift", drifts),
    KEY_INTEGER("gc_grace", 0, INT32_MAX),
    KEY_INTEGER("gc_max_percent", 0, 100),
    KEY_BOOLEAN("pin_ofports"),
    KEY_END
};

/* external_ids and other_config are columns of both Port and Interface.  The
 * key means Interface's external_ids, where other agents look for iface-id,
 * and Port's other_config, where the settings of VLANs, LACP and STP are. */
static const char *const all[] = { NULL };
/* A mirror's name is its key. */
static const char *const mirror_without[] = { "name", NULL };
/* What refers to other rows is nested. */
static const char *const bond_without_port[] = { "qos", NULL };
static const char *const nic_without_port[] = {
    "bond_active_slave", "bond_downdelay", "bond_fake_iface", "bond_mode",
    "bond_updelay", "external_ids", "lacp", "mac", "qos", NULL
};
static const char *const nic_without_iface[] = {
    "mac", "other_config", "type", NULL
};
static const char *const port_without_port[] = {
    "external_ids", "mac", "qos", NULL
};
static const char *const port_without_iface[] = {
    "other_config", "type", NULL
};
/* A bond has several Interface rows, so all its keys are Port's; a patch
 * port's Interface takes none of the settings of devices. */
static const char *const end_without_port[] = {
    "bond_active_slave", "bond_downdelay", "bond_fake_iface", "bond_mode",
    "bond_updelay", "external_ids", "lacp", "mac", "qos", NULL
};
static const char *const end_without_iface[] = {
    "bfd", "cfm_mpid", "ingress_policing_burst",
    "ingress_policing_kpkts_burst", "ingress_policing_kpkts_rate",
    "ingress_policing_rate", "lldp", "mac", "mtu_request", "options",
    "other_config", "type", NULL
};

#define PORT_AND_IFACE(PORT, IFACE) \
    { [MODEL_TABLE_PORT] = PORT, [MODEL_TABLE_INTERFACE] = IFACE }

const struct spec_kind spec_kind_vm = { vm_own, { NULL }, false };
const struct spec_kind spec_kind_nic = {
    nic_own, PORT_AND_IFACE(nic_without_port, nic_without_iface), true
};
const struct spec_kind spec_kind_nic_defaults = {
    nic_defaults_own, PORT_AND_IFACE(nic_without_port, nic_without_iface),
    true
};
const struct spec_kind spec_kind_host = { host_own, { NULL }, false };
const struct spec_kind spec_kind_bridge = {
    bridge_own, { [MODEL_TABLE_BRIDGE] = all }, false
};
const struct spec_kind spec_kind_port = {
    port_own, PORT_AND_IFACE(port_without_port, port_without_iface), false
};
const struct spec_kind spec_kind_bond = {
    bond_own, { [MODEL_TABLE_PORT] = bond_without_port }, false
};
const struct spec_kind spec_kind_link = { link_own, { NULL }, false };
const struct spec_kind spec_kind_end = {
    end_own, PORT_AND_IFACE(end_without_port, end_without_iface), false
};
/* The end of a veth pair is a device, as a NIC's TAP is. */
const struct spec_kind spec_kind_veth_end = {
    veth_end_own, PORT_AND_IFACE(nic_without_port, nic_without_iface), false
};
const struct spec_kind spec_kind_offloads = {
    offloads_own, { NULL }, false
};
const struct spec_kind spec_kind_qos = {
    qos_own, { [MODEL_TABLE_QOS] = all }, false
};
const struct spec_kind spec_kind_queue = {
    queue_own, { [MODEL_TABLE_QUEUE] = all }, false
};
const struct spec_kind spec_kind_controller = {
    controller_own, { [MODEL_TABLE_CONTROLLER] = all }, false
};
const struct spec_kind spec_kind_mirror = {
    mirror_own, { [MODEL_TABLE_MIRROR] = mirror_without }, false
};
const struct spec_kind spec_kind_netflow = {
    no_own, { [MODEL_TABLE_NETFLOW] = all }, false
};
const struct spec_kind spec_kind_sflow = {
    no_own, { [MODEL_TABLE_SFLOW] = all }, false
};
const struct spec_kind spec_kind_ipfix = {
    no_own, { [MODEL_TABLE_IPFIX] = all }, false
};
const struct spec_kind spec_kind_defaults = {
    defaults_own, { NULL }, false
};
const struct spec_kind spec_kind_policy = { policy_own, { NULL }, false };

static bool
takes(const struct spec_kind *kind, enum model_table table, const char *name)
{
    const char *const *p = kind->without[table];

    if (!p) {
        return false;
    }
    for (; *p; p++) {
        if (!strcmp(*p, name)) {
            return false;
        }
    }
    return true;
}

const struct model_column *
spec_kind_find(const struct spec_kind *kind, const char *name,
               const struct spec_key **own, enum model_table *table)
{
    *own = NULL;
    for (const struct spec_key *k = kind->own; k->column.name; k++) {
        if (!strcmp(k->column.name, name)) {
            *own = k;
            return &k->column;
        }
    }
    for (int t = 0; t < MODEL_N_TABLES; t++) {
        const struct model_column *column = model_column_find(t, name);

        if (column && takes(kind, t, name)) {
            *table = t;
            return column;
        }
    }
    return NULL;
}

/* Number of letters to insert, delete, change or swap with their neighbour,
 * to get from 'a' to 'b'; 3 stands for all that is more than 2. */
static unsigned int
distance(const char *a, const char *b)
{
    enum { MAX = 40 };
    unsigned int d[MAX + 1][MAX + 1];
    size_t n = strnlen(a, MAX + 1);
    size_t m = strnlen(b, MAX + 1);

    if (n > MAX || m > MAX || n > m + 2 || m > n + 2) {
        return 3;
    }
    for (size_t i = 0; i <= n; i++) {
        for (size_t j = 0; j <= m; j++) {
            if (!i || !j) {
                d[i][j] = i + j;
                continue;
            }
            d[i][j] = MIN(MIN(d[i - 1][j], d[i][j - 1]) + 1,
                          d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2]
                && a[i - 2] == b[j - 1]) {
                d[i][j] = MIN(d[i][j], d[i - 2][j - 2] + 1);
            }
        }
    }
    return MIN(d[n][m], 3);
}

static void
consider(const char *name, const char *candidate, const char **best,
         unsigned int *best_distance)
{
    unsigned int d = distance(name, candidate);

    /* Short words are all alike: "lacp" is not meant to be "mac". */
    if (d < *best_distance && strlen(name) >= (d < 2 ? 2 : 5)) {
        *best = candidate;
        *best_distance = d;
    }
}

/* The key of 'kind' that 'name' is most like, or NULL. */
static const char *
near_key(const struct spec_kind *kind, const char *name)
{
    const char *best = NULL;
    unsigned int best_distance = 3;

    for (const struct spec_key *k = kind->own; k->column.name; k++) {
        if (!k->refusal) {
            consider(name, k->column.name, &best, &best_distance);
        }
    }
    for (int t = 0; t < MODEL_N_TABLES; t++) {
        size_t n;
        const struct model_column *c = model_columns(t, &n);

        for (size_t i = 0; i < n; i++) {
            if (takes(kind, t, c[i].name)) {
                consider(name, c[i].name, &best, &best_distance);
            }
        }
    }
    return best;
}

static void
add_key(const struct model_column *c, struct svec *keys)
{
    static const char *const booleans[] = { "false", "true", NULL };
    const char *const *values = c->type == MODEL_BOOLEAN ? booleans
                                : c->enums;

    if (c->shape == MODEL_MAP) {
        svec_add_nocopy(keys, xasprintf("%s:", c->name));
        return;
    }
    svec_add_nocopy(keys, xasprintf("%s=", c->name));
    for (; values && *values; values++) {
        svec_add_nocopy(keys, xasprintf("%s=%s", c->name, *values));
    }
}

/* True for what has keys of its own, which are not set through this one. */
static bool
is_apart(const struct spec_key *k)
{
    static const char *const apart[] = { "ends", "nics", "ports", "version" };
    bool found = false;

    for (size_t i = 0; i < ARRAY_SIZE(apart); i++) {
        found |= k->nested && !strcmp(k->column.name, apart[i]);
    }
    return found;
}

bool
spec_keys(const char *name, struct svec *keys)
{
    static const struct { const char *name; const struct spec_kind *kind; }
    kinds[] = {
        { "nic", &spec_kind_nic }, { "bridge", &spec_kind_bridge },
        { "port", &spec_kind_port }, { "bond", &spec_kind_bond },
        { "link", &spec_kind_link }, { "end", &spec_kind_veth_end },
        { "vm", &spec_kind_vm },
    };
    const struct spec_kind *kind = NULL;

    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        if (!strcmp(kinds[i].name, name)) {
            kind = kinds[i].kind;
        }
    }
    if (!kind) {
        return false;
    }
    for (const struct spec_key *k = kind->own; k->column.name; k++) {
        if (!k->refusal && !is_apart(k)) {
            add_key(&k->column, keys);
        }
    }
    for (int t = 0; t < MODEL_N_TABLES; t++) {
        size_t n;
        const struct model_column *c = model_columns(t, &n);

        for (size_t i = 0; i < n; i++) {
            const struct spec_key *own;
            enum model_table table;

            /* A key of its own hides the column of that name. */
            if (takes(kind, t, c[i].name)
                && spec_kind_find(kind, c[i].name, &own, &table) == &c[i]) {
                add_key(&c[i], keys);
            }
        }
    }
    svec_sort(keys);
    return true;
}

char *
spec_kind_unknown(const struct spec_kind *kind, const char *name)
{
    const char *near = near_key(kind, name);

    return (near ? xasprintf("unknown key; did you mean \"%s\"?", near)
            : xstrdup("unknown key"));
}

const char *
spec_reserved_id(const struct spec_kind *kind, const char *key)
{
    static const struct {
        const char *key;
        bool nic;               /* Reserved on NICs only. */
        const char *why;
    } reserved[] = {
        { "attached-mac", true, "is written from \"mac\"" },
        { "iface-id", true, "use the key \"iface_id\"" },
        { "iface-id-ver", true, "use the key \"iface_id_ver\"" },
        { "iface-status", true, "is written where \"iface_id\" is given" },
        { "ovs-portd", false, "is ovs-portd's own mark" },
        { "ovs-portd-link", false, "is ovs-portd's own mark" },
        { "ovs-portd-owned", false, "is ovs-portd's own mark" },
        { "ovs-portd-row", false, "is ovs-portd's own mark" },
        { "vm-id", true, "is written from the name of the VM's file" },
        { "vm-uuid", true, "use the VM's key \"uuid\"" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(reserved); i++) {
        if ((kind->nic_ids || !reserved[i].nic)
            && !strcmp(reserved[i].key, key)) {
            return reserved[i].why;
        }
    }
    return NULL;
}
