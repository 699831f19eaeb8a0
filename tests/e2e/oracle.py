# SPDX-License-Identifier: Apache-2.0
"""The oracle: specs against what is live, judged without the daemon.

It reads the specs as the JSON that they are, 'ovsdb-client dump', 'ip -d -j
link' and 'tc qdisc', and knows nothing of how ovs-portd works: only what
docs/spec.md and docs/reference.md promise.  No line of it is shared with the
programs, nor does it ask them.

    judge(w)            complaints, each a text that begins with one of
                            missing     wanted, and not there or not so
                            leaked      ours, and not wanted
                            duplicated  there twice
    assert_clean(w)     within some seconds there is none, or Failure
    Strangers(w)        what is not ours now; complaints() says later what of
                        it was touched ("foreign: ...")

Frames are looked at by frames.py.
"""

import grp
import hashlib
import json
import os
import pwd

import satellites
from harness import Failure, wait
from host import listed, patience, plain

MARK = "ovs-portd"
ALIAS = "ovs-portd:"
VLAN_COLUMNS = ("vlan_mode", "tag", "trunks", "cvlans")
# Keys of which one that is given keeps the others' defaults away.
FAMILIES = (VLAN_COLUMNS, ("mtu", "mtu_request"), ("isolated", "protected"),
            ("qdisc", "qos"))
PORT_COLUMNS = ("bond_mode", "bond_downdelay", "bond_updelay",
                "bond_fake_iface", "lacp")
IFACE_COLUMNS = ("bfd", "cfm_mpid", "ingress_policing_rate",
                 "ingress_policing_burst", "ingress_policing_kpkts_rate",
                 "ingress_policing_kpkts_burst", "lldp", "mtu_request",
                 "options", "ofport_request")
BRIDGE_COLUMNS = ("datapath_type", "fail_mode", "mcast_snooping_enable",
                  "protocols", "rstp_enable", "stp_enable", "flood_vlans")
# What the datapath makes for itself.
DATAPATH_DEVICES = {"ovs-netdev", "ovs-system"}
# What a tunnel's module puts into each namespace once it is loaded, for which
# a tunnel of the kernel's datapath is enough.
FALLBACK_DEVICES = {"erspan0", "gre0", "gretap0", "ip6gre0", "ip6tnl0",
                    "ip6_vti0", "ip_vti0", "sit0", "tunl0"}
# Columns that ovs-vswitchd writes, and those that say nothing of a stranger.
VSWITCHD_WRITES = {
    "Bridge": {"datapath_id", "datapath_version", "status", "rstp_status"},
    "Port": {"statistics", "status", "rstp_status", "rstp_statistics",
             "bond_active_slave", "mac"},
    "Interface": {"admin_state", "bfd_status", "cfm_fault",
                  "cfm_fault_status", "cfm_flap_count", "cfm_health",
                  "cfm_remote_mpids", "cfm_remote_opstate", "duplex",
                  "error", "ifindex", "lacp_current", "link_resets",
                  "link_speed", "link_state", "mac_in_use", "mtu", "ofport",
                  "statistics", "status"},
}


# The specs.

def _read(path):
    with open(path) as f:
        return json.load(f)


def load(spec):
    """(host.json, {VM: file}) of the directory 'spec'."""
    path = os.path.join(spec, "host.json")
    host = _read(path) if os.path.exists(path) else {}
    directory = os.path.join(spec, "vms.d")
    names = os.listdir(directory) if os.path.isdir(directory) else []
    return host, {name[:-len(".json")]: _read(os.path.join(directory, name))
                  for name in sorted(names)
                  if name.endswith(".json") and not name.startswith(".")}


def with_defaults(nic, defaults):
    """What 'nic' says, and host.json's defaults where it says nothing."""
    merged = dict(nic)
    for key, value in defaults.items():
        family = next((f for f in FAMILIES if key in f), (key,))
        if isinstance(value, dict) and key != "qos":
            merged[key] = {**value, **nic.get(key, {})}
        elif not any(k in nic for k in family):
            merged[key] = value
    return merged


def tap_name(vm, name, nic):
    return nic.get("ifname") or "tap" + hashlib.sha1(
        ("%s/%s" % (vm, name)).encode()).hexdigest()[:11]


def tap_mac(mac):
    mac = mac.lower()
    return ("fa" if mac.startswith("fe") else "fe") + mac[2:]


class Wanted:
    """One object of the specs: what of it must be live."""

    def __init__(self, mark):
        self.mark = mark
        self.paused = False
        self.bridge = None      # (name, columns)
        self.ports = {}         # Name -> (bridge, columns, {iface: columns})
        self.taps = {}          # Name -> (spec, guest's MAC)
        self.veths = {}         # Name -> (peer, MTU)
        self.bonds = {}         # Of the kernel: name -> spec.
        self.uplinks = set()
        self.satellites = {}    # (table, name) -> columns

    def rows(self):
        """(table, name) of all rows that the object may have."""
        found = set()
        if self.bridge:
            found |= {(t, self.bridge[0])
                      for t in ("Bridge", "Port", "Interface")}
        for name, (_, _, ifaces) in self.ports.items():
            found.add(("Port", name))
            found |= {("Interface", iface) for iface in ifaces}
        return found

    def devices(self):
        return set(self.taps) | set(self.veths) | set(self.bonds)


def _port_columns(spec, bond=False):
    columns = {c: spec.get(c) for c in VLAN_COLUMNS}
    columns.update({c: spec[c] for c in PORT_COLUMNS if c in spec})
    if "protected" in spec or "isolated" in spec:
        columns["protected"] = spec.get("protected", spec.get("isolated"))
    columns["other_config"] = spec.get("other_config", {})
    if bond:
        columns["external_ids"] = spec.get("external_ids", {})
    return columns


def _iface_columns(spec, **more):
    columns = {c: spec[c] for c in IFACE_COLUMNS if c in spec}
    for column in "ingress_policing_rate", "ingress_policing_burst":
        if column in columns:
            columns[column] = satellites.quantity(columns[column], 1000)
    if "mtu" in spec:
        columns["mtu_request"] = spec["mtu"]
    columns["external_ids"] = dict(spec.get("external_ids", {}))
    columns.update(more)
    return columns


def _nic(mark, vm, name, file, spec):
    w = Wanted(mark)
    w.paused = spec.get("paused", False)
    tap = tap_name(vm, name, spec)
    ids = {"attached-mac": spec["mac"].lower(), "vm-id": vm}
    if "uuid" in file:
        ids["vm-uuid"] = file["uuid"]
    if "iface_id" in spec:
        ids.update({"iface-id": spec["iface_id"], "iface-status": "active"})
    if "iface_id_ver" in spec:
        ids["iface-id-ver"] = spec["iface_id_ver"]
    columns = _iface_columns(spec, type="")
    columns["external_ids"].update(ids)
    w.ports[tap] = (spec["bridge"], _port_columns(spec), {tap: columns})
    w.taps[tap] = spec
    w.satellites.update(satellites.of_port(tap, spec))
    return w


def _link(mark, link):
    w = Wanted(mark)
    ends = link["ends"]
    for end, other in zip(ends, reversed(ends)):
        name = end["port"]
        if link["type"] == "patch":
            iface = _iface_columns(end, type="patch",
                                   options={"peer": other["port"]})
        else:
            iface = _iface_columns(end, type="")
            w.veths[name] = (other["port"],
                             end.get("mtu", end.get("mtu_request", 1500)))
        if "bridge" in end:
            w.ports[name] = (end["bridge"], _port_columns(end),
                             {name: iface})
        w.satellites.update(satellites.of_port(name, end))
    return w


def wanted(host, vms, instance):
    """What the specs want, by mark."""
    found = {}

    def add(w):
        found[w.mark] = w

    for bridge, spec in host.get("bridges", {}).items():
        if spec.get("managed", True):
            w = Wanted("%s/bridge:%s" % (instance, bridge))
            columns = {c: spec[c] for c in BRIDGE_COLUMNS if c in spec}
            columns.update({c: spec.get(c, {})
                            for c in ("external_ids", "other_config")})
            w.bridge = bridge, columns
            w.satellites.update(satellites.of_bridge(bridge, spec))
            add(w)
        for name, port in spec.get("ports", {}).items():
            w = Wanted("%s/port:%s/%s" % (instance, bridge, name))
            kind = port.get("type", "")
            w.ports[name] = (bridge, _port_columns(port),
                             {name: _iface_columns(port, type=kind)})
            if kind in ("", "system"):
                w.uplinks.add(name)
            w.satellites.update(satellites.of_port(name, port))
            add(w)
    for name, bond in host.get("bonds", {}).items():
        w = Wanted("%s/bond:%s" % (instance, name))
        ifaces = bond["members"]
        if bond.get("type") == "kernel":
            ifaces = [name]
            w.bonds[name] = bond
        w.ports[name] = (bond["bridge"], _port_columns(bond, True),
                         {i: {"type": ""} for i in ifaces})
        w.uplinks |= set(bond["members"])
        w.satellites.update(satellites.of_port(name, bond))
        add(w)
    for name, link in host.get("links", {}).items():
        add(_link("%s/link:%s" % (instance, name), link))
    defaults = host.get("defaults", {}).get("nic", {})
    for vm, file in vms.items():
        for name, nic in file["nics"].items():
            add(_nic("%s/%s/%s" % (instance, vm, name), vm, name, file,
                     with_defaults(nic, defaults)))
    return found


# What is live.

class Live:
    def __init__(self, w):
        self.tables = _dump(w)
        self.links = {link["ifname"]: link for link in json.loads(
            w.run("ip", "-d", "-j", "link").stdout)}
        self.qdiscs = w.qdiscs()
        with open("/proc/sys/kernel/random/boot_id") as f:
            self.boot_id = f.read().strip()

    def named(self, table, name):
        return [r for r in self.tables[table] if r.get("name") == name]

    def bridges_with(self, port):
        return [b["name"] for b in self.tables["Bridge"]
                if port["_uuid"] in listed(b["ports"])]


def _dump(w):
    """Every row, by table, as dicts."""
    text = w.run("ovsdb-client", patience(30), "--format=json", "dump",
                 "unix:" + w.db_socket, "Open_vSwitch").stdout
    tables = {}
    for line in text.splitlines():
        if line.strip():
            table = json.loads(line)
            tables[table["caption"].split()[0]] = [
                dict(zip(table["headings"], map(plain, row)))
                for row in table["data"]]
    return tables


def _mark(row):
    return row.get("external_ids", {}).get(MARK) \
        if isinstance(row.get("external_ids"), dict) else None


# The judgement.

def _is(have, want):
    """Whether a column holds what the spec says (None: nothing)."""
    if want is None:
        return have in ([], {}, "")
    if isinstance(want, dict):
        return all(have.get(k) == v for k, v in want.items())
    if isinstance(want, list):
        return listed(have) == sorted(want)
    return have == want


def _columns(what, row, columns):
    for column, want in columns.items():
        if not _is(row[column], want):
            yield "missing: %s: %s is %r, wanted %r" % (
                what, column, row[column], want)


def _one(live, table, name, mark):
    """The row, if it is there exactly once and marked; else a complaint."""
    rows = live.named(table, name)
    if not rows:
        return None, ["missing: %s %s (%s)" % (table, name, mark)]
    if len(rows) > 1:
        return rows[0], ["duplicated: %d %s rows %s"
                         % (len(rows), table, name)]
    if _mark(rows[0]) != mark:
        return rows[0], ["missing: %s %s has the mark %r, not %r"
                         % (table, name, _mark(rows[0]), mark)]
    return rows[0], []


def _judge_iface(live, name, mark, columns, device):
    row, wrong = _one(live, "Interface", name, mark)
    if not row:
        return wrong
    if row["type"] == "system":
        row = dict(row, type="")    # OVS has two names for it.
    wrong += _columns("Interface " + name, row, columns)
    if not (isinstance(row["ofport"], int) and row["ofport"] > 0):
        wrong.append("missing: Interface %s has ofport %r"
                     % (name, row["ofport"]))
    if row["error"] != []:
        wrong.append("missing: Interface %s: error %r"
                     % (name, row["error"]))
    if device and name in live.links:
        is_for = "%s/%d" % (live.boot_id, live.links[name]["ifindex"])
        if row["external_ids"].get("ovs-portd-link") != is_for:
            wrong.append("missing: Interface %s was made for %r, the device "
                         "is %s" % (name, row["external_ids"].get(
                             "ovs-portd-link"), is_for))
    return wrong


def _judge_port(live, mark, name, port):
    bridge, columns, ifaces = port
    row, wrong = _one(live, "Port", name, mark)
    if not row:
        return wrong
    on = live.bridges_with(row)
    if on != [bridge]:
        wrong.append("%s: Port %s is on %s, wanted on %s" % (
            "duplicated" if len(on) > 1 else "missing", name,
            " and ".join(on) or "no bridge", bridge))
    wrong += _columns("Port " + name, row, columns)
    # One that somebody else added to our bond is a stranger's.
    have = {r["name"] for r in live.tables["Interface"]
            if r["_uuid"] in listed(row["interfaces"]) and _mark(r)}
    if have != set(ifaces):
        wrong.append("missing: Port %s has interfaces %s, wanted %s"
                     % (name, sorted(have), sorted(ifaces)))
    for iface, want in ifaces.items():
        wrong += _judge_iface(live, iface, mark, want,
                              want["type"] in ("", "system"))
    return wrong


def _ids(spec):
    """(owner, group) that the TAP has, as 'ip' says them."""
    owner, group = spec.get("owner"), spec.get("group")
    if owner is None and group is None:
        owner = "root"
    return ((pwd.getpwnam(owner).pw_uid if owner else None),
            (grp.getgrnam(group).gr_gid if group else None))


def _id(value, lookup):
    if value is None or isinstance(value, int):
        return value
    return int(value) if value.isdigit() else lookup(value)


def _arp_ignore(name):
    try:
        with open("/proc/sys/net/ipv4/conf/%s/arp_ignore" % name) as f:
            return int(f.read())
    except FileNotFoundError:
        return None


def _judge_tap(live, mark, name, spec):
    link = live.links.get(name)
    if not link:
        return ["missing: device %s (%s)" % (name, mark)]
    info = link.get("linkinfo", {})
    data = info.get("info_data", {})
    owner, group = _ids(spec)
    noqueue = (spec.get("qdisc", "noqueue") == "noqueue"
               and "qos" not in spec)
    checks = [
        ("kind", (info.get("info_kind"), data.get("type")), ("tun", "tap")),
        ("alias", link.get("ifalias"), ALIAS + mark),
        ("persist", data.get("persist"), True),
        ("multi_queue", bool(data.get("multi_queue")),
         spec.get("queues", 1) > 1),
        ("owner", _id(data.get("user"),
                      lambda n: pwd.getpwnam(n).pw_uid), owner),
        ("group", _id(data.get("group"),
                      lambda n: grp.getgrnam(n).gr_gid), group),
        ("address", link["address"], tap_mac(spec["mac"])),
        ("mtu", link["mtu"], spec.get("mtu", spec.get("mtu_request", 1500))),
        ("up", "UP" in link["flags"], not spec.get("quarantined", False)),
        ("addr_gen_mode", link.get("inet6_addr_gen_mode", "none"), "none"),
        ("arp_ignore", _arp_ignore(name), 8),
        ("noqueue", live.qdiscs.get(name, "noqueue") == "noqueue",
         noqueue)]
    if not noqueue:
        checks.pop()
    waits = _waits_for_the_vm(link, data, owner)
    return ["missing: device %s: %s is %r, wanted %r" % (name, what, is_, so)
            for what, is_, so in checks if is_ != so and what not in waits]


def _waits_for_the_vm(link, data, owner):
    """What is left as it is while a VM holds a TAP that was adopted."""
    if "LOWER_UP" not in link["flags"]:
        return ()
    if not data.get("persist"):
        return ("persist", "owner", "group")
    if owner == 0 and "user" not in data and "group" not in data:
        return ("owner",)
    return ()


def _judge_veth(live, mark, name, peer, mtu):
    link = live.links.get(name)
    if not link:
        return ["missing: device %s (%s)" % (name, mark)]
    checks = [
        ("kind", link.get("linkinfo", {}).get("info_kind"), "veth"),
        ("peer", link.get("link"), peer),
        ("alias", link.get("ifalias"), ALIAS + mark),
        ("device group", link.get("group"), "default"),
        ("mtu", link["mtu"], mtu),
        ("up", "UP" in link["flags"], True)]
    return ["missing: device %s: %s is %r, wanted %r" % (name, what, is_, so)
            for what, is_, so in checks if is_ != so]


def _judge_satellite(live, mark, table, name, columns):
    rows = satellites.named(live, table, name, mark)
    if len(rows) != 1:
        return ["%s: %d %s rows %s (%s)" % (
            "duplicated" if rows else "missing", len(rows), table, name,
            mark)]
    row = satellites.plain_columns(live, rows[0], columns)
    wrong = list(_columns("%s %s" % (table, name), row, columns))
    found = satellites.references(live, table, row)
    if found != satellites.referring(table, name):
        wrong.append("missing: %s %s is referred to by %s" % (
            table, name, " and ".join(found) or "nothing"))
    return wrong


def _judge_bond(live, mark, name, spec):
    link = live.links.get(name)
    if not link:
        return ["missing: device %s (%s)" % (name, mark)]
    data = link.get("linkinfo", {}).get("info_data", {})
    checks = [
        ("kind", link.get("linkinfo", {}).get("info_kind"), "bond"),
        ("alias", link.get("ifalias"), ALIAS + mark),
        ("device group", link.get("group"), "default"),
        ("mtu", link["mtu"], spec.get("mtu", 1500)),
        ("up", "UP" in link["flags"], True)]
    checks += [(key, data.get(key), spec.get(key, otherwise))
               for key, otherwise in (
                   ("mode", None), ("miimon", 100), ("updelay", 0),
                   ("downdelay", 0), ("min_links", 0), ("primary", None),
                   ("xmit_hash_policy", "layer2"))]
    checks += [("member " + member, live.links[member].get("master"), name)
               for member in spec["members"] if member in live.links]
    return ["missing: device %s: %s is %r, wanted %r" % (name, what, is_, so)
            for what, is_, so in checks if is_ != so]


def _judge_object(live, w):
    wrong = []
    if w.bridge:
        name, columns = w.bridge
        row, complaints = _one(live, "Bridge", name, w.mark)
        wrong += complaints
        if row:
            wrong += _columns("Bridge " + name, row, columns)
        for table in "Port", "Interface":
            wrong += _one(live, table, name, w.mark)[1]
    for name, port in w.ports.items():
        wrong += _judge_port(live, w.mark, name, port)
    for name, spec in w.taps.items():
        wrong += _judge_tap(live, w.mark, name, spec)
    for name, (peer, mtu) in w.veths.items():
        wrong += _judge_veth(live, w.mark, name, peer, mtu)
    for name, spec in w.bonds.items():
        wrong += _judge_bond(live, w.mark, name, spec)
    for name in w.uplinks:
        link = live.links.get(name)
        if link and "UP" not in link["flags"]:
            wrong.append("missing: uplink %s is down" % name)
    for (table, name), columns in w.satellites.items():
        wrong += _judge_satellite(live, w.mark, table, name, columns)
    return wrong


def _leaked_satellites(live, objects, instance):
    for table in satellites.TABLES:
        for row in live.tables[table]:
            mark = _mark(row) or ""
            name = row["external_ids"].get(satellites.KEY)
            if mark.startswith(instance + "/") \
                    and mark != instance + "/qos:noop" \
                    and (mark not in objects or (table, name)
                         not in objects[mark].satellites):
                yield "leaked: %s %s of %s" % (table, name, mark)


def _leaks(live, objects, instance):
    """What bears our mark, and no object wants."""
    prefix = instance + "/"
    shared = {r["_uuid"] for p in live.tables["Port"]
              for r in live.tables["QoS"] if r["_uuid"] in listed(p["qos"])}
    for table in "Bridge", "Port", "Interface":
        for row in live.tables[table]:
            mark = _mark(row)
            if not mark or not mark.startswith(prefix):
                continue
            if mark not in objects \
                    or (table, row["name"]) not in objects[mark].rows():
                yield "leaked: %s %s of %s" % (table, row["name"], mark)
    noop = [r for r in live.tables["QoS"]
            if _mark(r) == prefix + "qos:noop"]
    if len(noop) > 1:
        yield "duplicated: %d QoS rows linux-noop" % len(noop)
    for row in live.tables["QoS"]:
        if (_mark(row) or "").startswith(prefix) \
                and row["_uuid"] not in shared:
            yield "leaked: QoS %s of %s" % (row["_uuid"], _mark(row))
    for name, link in live.links.items():
        alias = link.get("ifalias", "")
        mark = alias[len(ALIAS):]
        if alias.startswith(ALIAS + prefix) and (
                mark not in objects or name not in objects[mark].devices()):
            yield "leaked: device %s of %s" % (name, mark)


def _unexplained(live, objects, known):
    """Devices that neither an object nor the test accounts for: what a crash
    left without its mark."""
    explained = {"lo"} | DATAPATH_DEVICES | FALLBACK_DEVICES | set(known)
    explained |= {b["name"] for b in live.tables["Bridge"]}
    for w in objects.values():
        explained |= w.devices() | w.uplinks | set(w.ports)
    for name in sorted(set(live.links) - explained):
        yield "leaked: device %s (%s) that nothing accounts for" % (
            name, live.links[name].get("ifalias", "no alias"))


def _litter(spec):
    """What an edit leaves in the spec directory if it is cut short."""
    for directory in spec, os.path.join(spec, "vms.d"):
        for name in os.listdir(directory):
            if name.startswith((".journal", ".portd-")):
                yield "leaked: file %s" % os.path.join(directory, name)


def judge(w, spec=None, instance="main", strangers=None, without=()):
    """Complaints about the world 'w'.  'strangers': names of devices that the
    test made itself; if given, all others must be explained.  'without':
    ids of objects about which nothing is to be said (in conflict, say)."""
    spec = spec or w.spec
    host, vms = load(spec)
    objects = wanted(host, vms, instance)
    live = Live(w)
    wrong = []
    for mark, object_ in objects.items():
        if not object_.paused and mark[len(instance) + 1:] not in without:
            wrong += _judge_object(live, object_)
    wrong += _leaks(live, objects, instance)
    wrong += _leaked_satellites(live, objects, instance)
    if strangers is not None:
        wrong += _unexplained(live, objects, strangers)
    wrong += _litter(spec)
    return wrong


def assert_clean(w, timeout=30, **how):
    """Fails unless judge() has no complaint within 'timeout' seconds."""
    last = []

    def clean():
        last[:] = judge(w, **how)
        return not last
    wait(clean, lambda: "the oracle is content; it says\n  "
         + "\n  ".join(last[:20]), timeout, every=0.1)


class Strangers:
    """What does not bear the mark of 'instance', as it is now."""

    def __init__(self, w, instance="main"):
        self._w = w
        self._prefix = instance + "/"
        self.rows, self.links = self._look()

    def _is_ours(self, mark):
        return (mark or "").startswith(self._prefix)

    def _look(self):
        live = Live(self._w)
        rows = {}
        for table, found in live.tables.items():
            if table == "Open_vSwitch":
                continue
            hide = VSWITCHD_WRITES.get(table, set()) | {"_version"}
            for row in found:
                if not self._is_ours(_mark(row)):
                    rows[table, row["_uuid"]] = {
                        c: v for c, v in row.items() if c not in hide}
        ours = {r["_uuid"] for r in live.tables["Port"]
                if self._is_ours(_mark(r))}
        for (table, _), row in rows.items():
            if table == "Bridge":
                row["ports"] = [p for p in listed(row["ports"])
                                if p not in ours]
        links = {}
        for name, link in live.links.items():
            alias = link.get("ifalias", "")
            if not self._is_ours(alias[len(ALIAS):]
                                 if alias.startswith(ALIAS) else ""):
                links[name] = {
                    "ifindex": link["ifindex"], "alias": alias,
                    "mtu": link["mtu"], "address": link.get("address"),
                    "group": link.get("group"), "up": "UP" in link["flags"],
                    "qdisc": live.qdiscs.get(name)}
        return rows, links

    def complaints(self, but=()):
        """What was touched since; 'but': names of devices that the test
        itself has changed."""
        rows, links = self._look()
        wrong = []
        for key, before in self.rows.items():
            now = rows.get(key)
            if now != before:
                wrong.append("foreign: %s %s: %r -> %r" % (
                    key[0], before.get("name", key[1]), before, now))
        for name, before in self.links.items():
            if name not in but and links.get(name) != before:
                wrong.append("foreign: device %s: %r -> %r"
                             % (name, before, links.get(name)))
        return wrong

    def assert_untouched(self, but=()):
        wrong = self.complaints(but)
        if wrong:
            raise Failure("\n".join(wrong[:20]))
