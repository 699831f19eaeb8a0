/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "src/model/columns.h"

#include <string.h>

static const char *const fail_modes[] = { "secure", "standalone", NULL };
static const char *const protocols[] = {
    "OpenFlow10", "OpenFlow11", "OpenFlow12", "OpenFlow13", "OpenFlow14",
    "OpenFlow15", NULL
};
static const char *const bond_modes[] = {
    "active-backup", "balance-slb", "balance-tcp", NULL
};
static const char *const lacps[] = { "active", "off", "passive", NULL };
static const char *const connection_modes[] = {
    "in-band", "out-of-band", NULL
};
static const char *const controller_types[] = { "primary", "service", NULL };
static const char *const vlan_modes[] = {
    "access", "dot1q-tunnel", "native-tagged", "native-untagged", "trunk",
    NULL
};

#define COLUMN(NAME, TYPE, SHAPE, MIN, MAX, N_MAX, ENUMS) \
    { NAME, TYPE, SHAPE, MIN, MAX, N_MAX, ENUMS, 0 }
#define BOOLEAN(NAME) COLUMN(NAME, MODEL_BOOLEAN, MODEL_SCALAR, 0, 0, 0, NULL)
#define INTEGER(NAME, SHAPE, MIN, MAX) \
    COLUMN(NAME, MODEL_INTEGER, SHAPE, MIN, MAX, 0, NULL)
#define STRING(NAME, SHAPE) COLUMN(NAME, MODEL_STRING, SHAPE, 0, 0, 0, NULL)
#define ENUM(NAME, SHAPE, ENUMS) \
    COLUMN(NAME, MODEL_STRING, SHAPE, 0, 0, 0, ENUMS)
#define MAP(NAME) STRING(NAME, MODEL_MAP)
#define VLANS(NAME) \
    COLUMN(NAME, MODEL_INTEGER, MODEL_SET, 0, 4095, 4096, NULL)
#define REFERENCE(NAME, SHAPE, TARGET) \
    { NAME, MODEL_REFERENCE, SHAPE, 0, UINT32_MAX, 0, NULL, TARGET }

/* Each table is sorted by name: model_column_find() searches by halves. */
static const struct model_column bridge_columns[] = {
    STRING("datapath_type", MODEL_SCALAR),
    MAP("external_ids"),
    ENUM("fail_mode", MODEL_OPTIONAL, fail_modes),
    VLANS("flood_vlans"),
    BOOLEAN("mcast_snooping_enable"),
    MAP("other_config"),
    ENUM("protocols", MODEL_SET, protocols),
    BOOLEAN("rstp_enable"),
    BOOLEAN("stp_enable"),
};

static const struct model_column port_columns[] = {
    STRING("bond_active_slave", MODEL_OPTIONAL),
    INTEGER("bond_downdelay", MODEL_SCALAR, INT64_MIN, INT64_MAX),
    BOOLEAN("bond_fake_iface"),
    ENUM("bond_mode", MODEL_OPTIONAL, bond_modes),
    INTEGER("bond_updelay", MODEL_SCALAR, INT64_MIN, INT64_MAX),
    VLANS("cvlans"),
    MAP("external_ids"),
    ENUM("lacp", MODEL_OPTIONAL, lacps),
    STRING("mac", MODEL_OPTIONAL),
    MAP("other_config"),
    BOOLEAN("protected"),
    REFERENCE("qos", MODEL_OPTIONAL, MODEL_TABLE_QOS),
    INTEGER("tag", MODEL_OPTIONAL, 0, 4095),
    VLANS("trunks"),
    ENUM("vlan_mode", MODEL_OPTIONAL, vlan_modes),
};

static const struct model_column interface_columns[] = {
    MAP("bfd"),
    INTEGER("cfm_mpid", MODEL_OPTIONAL, INT64_MIN, INT64_MAX),
    MAP("external_ids"),
    INTEGER("ingress_policing_burst", MODEL_SCALAR, 0, INT64_MAX),
    INTEGER("ingress_policing_kpkts_burst", MODEL_SCALAR, 0, INT64_MAX),
    INTEGER("ingress_policing_kpkts_rate", MODEL_SCALAR, 0, INT64_MAX),
    INTEGER("ingress_policing_rate", MODEL_SCALAR, 0, INT64_MAX),
    MAP("lldp"),
    STRING("mac", MODEL_OPTIONAL),
    INTEGER("mtu_request", MODEL_OPTIONAL, 1, INT64_MAX),
    INTEGER("ofport_request", MODEL_OPTIONAL, 1, 65279),
    MAP("options"),
    MAP("other_config"),
    STRING("type", MODEL_SCALAR),
};

static const struct model_column qos_columns[] = {
    MAP("external_ids"),
    MAP("other_config"),
    REFERENCE("queues", MODEL_MAP, MODEL_TABLE_QUEUE),
    STRING("type", MODEL_SCALAR),
};

static const struct model_column queue_columns[] = {
    INTEGER("dscp", MODEL_OPTIONAL, 0, 63),
    MAP("external_ids"),
    MAP("other_config"),
};

static const struct model_column mirror_columns[] = {
    MAP("external_ids"),
    STRING("name", MODEL_SCALAR),
    REFERENCE("output_port", MODEL_OPTIONAL, MODEL_TABLE_PORT),
    INTEGER("output_vlan", MODEL_OPTIONAL, 1, 4095),
    BOOLEAN("select_all"),
    REFERENCE("select_dst_port", MODEL_SET, MODEL_TABLE_PORT),
    REFERENCE("select_src_port", MODEL_SET, MODEL_TABLE_PORT),
    VLANS("select_vlan"),
    INTEGER("snaplen", MODEL_OPTIONAL, 14, 65535),
};

static const struct model_column controller_columns[] = {
    ENUM("connection_mode", MODEL_OPTIONAL, connection_modes),
    INTEGER("controller_burst_limit", MODEL_OPTIONAL, 25, INT64_MAX),
    INTEGER("controller_queue_size", MODEL_OPTIONAL, 1, 512),
    INTEGER("controller_rate_limit", MODEL_OPTIONAL, 100, INT64_MAX),
    COLUMN("enable_async_messages", MODEL_BOOLEAN, MODEL_OPTIONAL, 0, 0, 0,
           NULL),
    MAP("external_ids"),
    INTEGER("inactivity_probe", MODEL_OPTIONAL, INT64_MIN, INT64_MAX),
    STRING("local_gateway", MODEL_OPTIONAL),
    STRING("local_ip", MODEL_OPTIONAL),
    STRING("local_netmask", MODEL_OPTIONAL),
    INTEGER("max_backoff", MODEL_OPTIONAL, 1000, INT64_MAX),
    MAP("other_config"),
    STRING("target", MODEL_SCALAR),
    ENUM("type", MODEL_OPTIONAL, controller_types),
};

static const struct model_column netflow_columns[] = {
    INTEGER("active_timeout", MODEL_SCALAR, -1, INT64_MAX),
    BOOLEAN("add_id_to_interface"),
    INTEGER("engine_id", MODEL_OPTIONAL, 0, 255),
    INTEGER("engine_type", MODEL_OPTIONAL, 0, 255),
    MAP("external_ids"),
    STRING("targets", MODEL_SET),
};

static const struct model_column sflow_columns[] = {
    STRING("agent", MODEL_OPTIONAL),
    MAP("external_ids"),
    INTEGER("header", MODEL_OPTIONAL, INT64_MIN, INT64_MAX),
    INTEGER("polling", MODEL_OPTIONAL, INT64_MIN, INT64_MAX),
    INTEGER("sampling", MODEL_OPTIONAL, INT64_MIN, INT64_MAX),
    STRING("targets", MODEL_SET),
};

static const struct model_column ipfix_columns[] = {
    INTEGER("cache_active_timeout", MODEL_OPTIONAL, 0, 4200),
    INTEGER("cache_max_flows", MODEL_OPTIONAL, 0, UINT32_MAX),
    MAP("external_ids"),
    INTEGER("obs_domain_id", MODEL_OPTIONAL, 0, UINT32_MAX),
    INTEGER("obs_point_id", MODEL_OPTIONAL, 0, UINT32_MAX),
    MAP("other_config"),
    INTEGER("sampling", MODEL_OPTIONAL, 1, UINT32_MAX),
    STRING("targets", MODEL_SET),
};

/* ARRAY_SIZE() is no constant expression. */
#define TABLE(NAME, COLUMNS, BRIDGE_COLUMN) \
    { NAME, BRIDGE_COLUMN, COLUMNS, sizeof COLUMNS / sizeof COLUMNS[0] }

static const struct {
    const char *name;
    const char *bridge_column;
    const struct model_column *columns;
    size_t n;
} tables[MODEL_N_TABLES] = {
    [MODEL_TABLE_BRIDGE] = TABLE("Bridge", bridge_columns, NULL),
    [MODEL_TABLE_PORT] = TABLE("Port", port_columns, "ports"),
    [MODEL_TABLE_INTERFACE] = TABLE("Interface", interface_columns, NULL),
    [MODEL_TABLE_QOS] = TABLE("QoS", qos_columns, NULL),
    [MODEL_TABLE_QUEUE] = TABLE("Queue", queue_columns, NULL),
    [MODEL_TABLE_MIRROR] = TABLE("Mirror", mirror_columns, "mirrors"),
    [MODEL_TABLE_CONTROLLER] = TABLE("Controller", controller_columns,
                                     "controller"),
    [MODEL_TABLE_NETFLOW] = TABLE("NetFlow", netflow_columns, "netflow"),
    [MODEL_TABLE_SFLOW] = TABLE("sFlow", sflow_columns, "sflow"),
    [MODEL_TABLE_IPFIX] = TABLE("IPFIX", ipfix_columns, "ipfix"),
};

const char *
model_table_name(enum model_table table)
{
    return tables[table].name;
}

const char *
model_table_bridge_column(enum model_table table)
{
    return tables[table].bridge_column;
}

const struct model_column *
model_columns(enum model_table table, size_t *n)
{
    *n = tables[table].n;
    return tables[table].columns;
}

/* Compares the 'len' bytes at 'name' with the string 's'. */
static int
compare_name(const char *name, size_t len, const char *s)
{
    int cmp = strncmp(name, s, len);

    return cmp ? cmp : s[len] ? -1 : 0;
}

static const struct model_column *
find(enum model_table table, const char *name, size_t len)
{
    size_t low = 0;
    size_t high = tables[table].n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        const struct model_column *column = &tables[table].columns[mid];
        int cmp = compare_name(name, len, column->name);

        if (!cmp) {
            return column;
        } else if (cmp < 0) {
            high = mid;
        } else {
            low = mid + 1;
        }
    }
    return NULL;
}

const struct model_column *
model_column_find(enum model_table table, const char *name)
{
    return find(table, name, strlen(name));
}

const struct model_column *
model_field_column(enum model_table table, const char *field)
{
    const char *colon = strchr(field, ':');
    const struct model_column *column;

    column = find(table, field, colon ? colon - field : strlen(field));
    /* "tag:x" is no field, and neither is a map as a whole. */
    return column && (column->shape == MODEL_MAP) == (colon != NULL)
           ? column : NULL;
}

const char *
model_field_key(const char *field)
{
    const char *colon = strchr(field, ':');

    return colon ? colon + 1 : NULL;
}

const char *
model_field_default(const struct model_column *column, const char *field)
{
    if (model_field_key(field)) {
        return NULL;
    } else if (!column || column->shape != MODEL_SCALAR) {
        return "";
    }
    switch (column->type) {
    case MODEL_BOOLEAN:
        return "false";
    case MODEL_INTEGER:
        return "0";
    case MODEL_STRING:
    case MODEL_REFERENCE:
    default:
        return "";
    }
}
