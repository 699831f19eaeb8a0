# SPDX-License-Identifier: Apache-2.0
"""The oracle's part for rows that serve a port (QoS, Queue) or a bridge
(Mirror, Controller, NetFlow, sFlow, IPFIX): what the specs want of them."""

from fractions import Fraction
import re

UNITS = {"bit": 1, "kbit": 10 ** 3, "Mbit": 10 ** 6, "Gbit": 10 ** 9,
         "Tbit": 10 ** 12}
# Bridge's column by table.
OF_BRIDGES = {"Mirror": "mirrors", "Controller": "controller",
              "NetFlow": "netflow", "sFlow": "sflow", "IPFIX": "ipfix"}
TABLES = ("QoS", "Queue", *OF_BRIDGES)
KEY = "ovs-portd-row"


def quantity(value, unit=1):
    """The number that "1.5Gbit" stands for."""
    if not isinstance(value, str):
        return value
    number, name = re.fullmatch(r"([0-9.]+)(\w+)", value).groups()
    return int(Fraction(number) * UNITS[name] / unit)


def _shaped(spec):
    """other_config of a QoS or Queue row."""
    config = dict(spec.get("other_config", {}))
    for key in "min_rate", "max_rate", "burst", "priority":
        if key in spec:
            config[key.replace("_", "-")] = str(quantity(spec[key]))
    return config


def of_port(port, spec):
    """(table, name) -> columns."""
    if "qos" not in spec:
        return {}
    qos = spec["qos"]
    found = {("QoS", port): {"type": qos["type"],
                             "other_config": _shaped(qos),
                             "external_ids": qos.get("external_ids", {})}}
    for number, queue in qos.get("queues", {}).items():
        found["Queue", "%s/%s" % (port, number)] = {
            "dscp": queue.get("dscp"), "other_config": _shaped(queue),
            "external_ids": queue.get("external_ids", {})}
    return found


def of_bridge(bridge, spec):
    found = {("Controller", "%s/%s" % (bridge, c["target"])): c
             for c in spec.get("controllers", [])}
    for name, mirror in spec.get("mirrors", {}).items():
        found["Mirror", "%s/%s" % (bridge, name)] = dict(mirror, name=name)
    for table in "NetFlow", "sFlow", "IPFIX":
        if table.lower() in spec:
            found[table, bridge] = spec[table.lower()]
    return found


def named(live, table, name, mark):
    """The rows of 'table' that say they are 'name' and have this mark."""
    return [r for r in live.tables[table]
            if r["external_ids"].get(KEY) == name
            and r["external_ids"].get("ovs-portd") == mark]


def references(live, table, row):
    """What refers to 'row': names of bridges, ports or QoS rows."""
    uuid = row["_uuid"]

    def holds(value):
        return uuid in (value.values() if isinstance(value, dict)
                        else value if isinstance(value, list) else [value])
    if table == "QoS":
        return [p["name"] for p in live.tables["Port"] if holds(p["qos"])]
    if table == "Queue":
        return ["%s/%s" % (q["external_ids"].get(KEY), number)
                for q in live.tables["QoS"]
                for number, queue in q["queues"].items() if queue == uuid]
    return [b["name"] for b in live.tables["Bridge"]
            if holds(b[OF_BRIDGES[table]])]


def referring(table, name):
    """What is to refer to the row, as references() says it."""
    return [name if table in ("QoS", "Queue") else name.split("/")[0]]


def plain_columns(live, row, columns):
    """'row' with the names of ports in the place of references to them."""
    ports = {p["_uuid"]: p["name"] for p in live.tables["Port"]}
    row = dict(row)
    for column in "select_src_port", "select_dst_port", "output_port":
        if column in columns:
            value = row[column]
            row[column] = (sorted(ports[u] for u in value)
                           if isinstance(value, list) else ports[value])
            if isinstance(columns[column], list) \
                    and isinstance(row[column], str):
                row[column] = [row[column]]
    return row
