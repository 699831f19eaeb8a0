# SPDX-License-Identifier: Apache-2.0
"""Ports of host.json: uplinks, internal ones, tunnels; moves; columns."""

import json
import os

import frames
from harness import equal, never, nic, options, same, wait
from host import listed
from wires import cable, plug

NETDEV = {"datapath_type": "netdev"}
SCHEMAS = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                       "..", "..", "schemas")


def write(w, ports, br1=None, **more):
    w.write_host({"bridges": {
        "br0": dict(NETDEV, ports=ports),
        "br1": dict(NETDEV, ports=br1 or {})}, **more})


def identity(w, *names):
    return {n: (w.port(n)["_uuid"], w.iface(n)["_uuid"],
                w.iface(n)["ofport"]) for n in names}


@options(asan=True)
def test_uplink_appears(w):
    """An uplink without its device waits and holds nobody back; when the
    device appears, it is taken in with its MTU; when it is replaced, frames
    flow again although its row is the same."""
    write(w, {"eth1": {"mtu": 3000, "vlan_mode": "trunk", "trunks": [10]}})
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", tag=10)})
    w.start_portd()
    w.wait_state("vm1/net0")
    w.wait_state("port:br0/eth1", "waiting", text="eth1")
    equal((w.port("eth1"), w.iface("eth1")), (None, None), "rows")
    vm = w.open("vm1/net0")
    wire = cable(w, "eth1")
    w.wait_state("port:br0/eth1")
    equal((w.link("eth1")["mtu"], w.iface("eth1")["mtu_request"]),
          (3000, 3000), "MTU")
    frames.expect(vm, hear=[wire], as_tag=10)
    frames.expect(wire, hear=[vm], tag=10)
    before = {n: w.port(n)["_uuid"] for n in ("eth1", "tap0")}
    for _ in range(2):
        index = w.ifindex("eth1")
        w.ip("link", "del", "eth1")
        wire.close()
        w.wait_state("port:br0/eth1", "waiting", text="eth1")
        wire = cable(w, "eth1")
        equal(w.ifindex("eth1") != index, True, "another ifindex")
        w.wait_state("port:br0/eth1")
        frames.expect(vm, hear=[wire], as_tag=10)
        frames.expect(wire, hear=[vm], tag=10)
        equal(w.link("eth1")["mtu"], 3000, "MTU")
    # So fast that nobody sees it missing.
    w.run("sh", "-c", "ip link del eth1; ip link add eth1 type veth peer "
          "name x-eth1; ip link set x-eth1 up")
    wire.close()
    wire = w.guest(type(wire)("x-eth1", wire.mac))
    wait(lambda: w.is_up("eth1"), "eth1 is up")
    frames.expect(vm, hear=[wire], as_tag=10)
    frames.expect(wire, hear=[vm], tag=10)
    w.wait_state("port:br0/eth1")
    equal({n: w.port(n)["_uuid"] for n in before}, before, "Port rows")


def test_uplink_is_not_ours(w):
    """An uplink's device is set up and otherwise left alone: it has no mark
    and stays when its port goes, after that was confirmed."""
    wire = cable(w, "eth1")
    w.ip("link", "set", "eth1", "alias", "theirs")
    w.ip("link", "set", "eth1", "down")
    cable(w, "eth2")
    write(w, {"eth1": {"mtu": 2000}, "eth2": {}})
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", tag=10)})
    w.start_portd()
    w.wait_state(["port:br0/eth1", "port:br0/eth2", "vm1/net0"])
    vm = w.open("vm1/net0")
    frames.expect(vm, hear=[wire], as_tag=10)
    equal((w.is_up("eth1"), w.is_up("eth2")), (True, True), "up")
    equal(w.link("eth1")["ifalias"], "theirs", "alias")
    # Without 'mtu', whatever it is stays.
    equal(w.iface("eth2")["mtu_request"], [], "mtu_request of eth2")
    w.ip("link", "set", "eth2", "mtu", "1400")
    w.ip("link", "set", "eth1", "mtu", "1400")
    wait(lambda: w.link("eth1")["mtu"] == 2000, "the MTU is put back")
    equal(w.link("eth2")["mtu"], 1400, "MTU of eth2")
    w.ip("link", "set", "eth1", "down")
    wait(lambda: w.is_up("eth1"), "it is up again")
    plug(w, "eth1", "down")
    plug(w, "eth1", "up")
    frames.expect(vm, hear=[wire], as_tag=10)

    index = w.ifindex("eth1")
    row = w.port("eth1")["_uuid"]
    write(w, {})
    w.wait_state(["port:br0/eth1", "port:br0/eth2"], "held",
                 text="gc-confirm")
    equal(w.port("eth1")["_uuid"], row, "row")
    frames.expect(vm, hear=[wire], as_tag=10, patience=0)
    w.ctl("gc-confirm", "port:br0/eth1")
    w.wait_state("port:br0/eth1", None)
    w.wait_idle()
    equal((w.port("eth1"), w.iface("eth1")), (None, None), "rows")
    equal((w.ifindex("eth1"), w.link("eth1")["ifalias"], w.is_up("eth1")),
          (index, "theirs", True), "the device")
    frames.expect(vm, deaf=[wire], patience=0)
    w.wait_state("port:br0/eth2", "held")
    equal(w.ctl("gc-confirm", "port:br0/eth1", exit=None).returncode != 0,
          True, "what is not held cannot be confirmed")


def test_foreign_port(w):
    """Somebody else's port is a conflict and stays as it is, on whatever
    bridge."""
    cable(w, "eth1")
    w.vsctl("add-br", "br9", "--", "set", "bridge", "br9",
            "datapath_type=netdev", "--", "add-port", "br9", "eth1", "tag=7")
    wait(lambda: w.iface("eth1")["ofport"] == 1, "eth1 is taken in")
    foreign = w.port("eth1")
    w.expect_log(r"port:br0/eth1: conflict: ")
    write(w, {"eth1": {"tag": 5}})
    w.start_portd()
    w.wait_state(["bridge:br0", "bridge:br1"])
    w.wait_state("port:br0/eth1", "conflict", text="eth1")
    never(lambda: w.port("eth1") != foreign, "it was changed", 1)
    w.vsctl("del-port", "eth1")
    w.wait_state("port:br0/eth1")
    equal((w.port("eth1")["tag"], w.bridge_of("eth1")), (5, ["br0"]), "ours")


@options(asan=True, valgrind=True)
def test_move(w):
    """A port that goes from one bridge to another keeps its rows, with what
    others wrote there, and needs no confirmation."""
    wire = cable(w, "eth1")
    ports = {"eth1": {"vlan_mode": "trunk", "trunks": [10]},
             "int0": {"type": "internal", "tag": 10}}
    write(w, ports)
    for i in (0, 1):
        w.write_vm("vm%d" % i, {"net0": nic(1 + i, ifname="tap%d" % i,
                                            tag=10, bridge="br%d" % i)})
    w.start_portd()
    w.wait_state(["port:br0/eth1", "port:br0/int0", "vm0/net0", "vm1/net0"])
    vms = w.open("vm0/net0"), w.open("vm1/net0")
    frames.expect(wire, hear=[vms[0]], deaf=[vms[1]], tag=10)
    w.vsctl("set", "port", "eth1", "external_ids:theirs=1", "--", "set",
            "interface", "eth1", "external_ids:theirs=1")
    before = {n: (w.port(n)["_uuid"], w.iface(n)["_uuid"]) for n in ports}
    write(w, {}, ports)
    w.wait_state(["port:br1/eth1", "port:br1/int0"])
    w.wait_state(["port:br0/eth1", "port:br0/int0"], None)
    frames.expect(wire, hear=[vms[1]], deaf=[vms[0]], tag=10)
    frames.expect(vms[1], hear=[wire], deaf=[vms[0]], as_tag=10)
    equal({n: (w.port(n)["_uuid"], w.iface(n)["_uuid"]) for n in ports},
          before, "rows")
    equal((w.bridge_of("eth1"), w.bridge_of("int0")), (["br1"], ["br1"]),
          "bridges")
    equal((w.port("eth1")["external_ids"]["theirs"],
           w.iface("eth1")["external_ids"]["theirs"]), ("1", "1"),
          "others' keys")
    equal(w.port("eth1")["external_ids"]["ovs-portd"],
          "main/port:br1/eth1", "mark")
    # Moved by hand: it comes back.
    w.vsctl("remove", "bridge", "br1", "ports", before["eth1"][0], "--",
            "add", "bridge", "br0", "ports", before["eth1"][0])
    wait(lambda: w.bridge_of("eth1") == ["br1"], "it is back on br1")
    w.wait_state("port:br1/eth1")
    frames.expect(wire, hear=[vms[1]], deaf=[vms[0]], tag=10)


def test_move_to_missing_bridge(w):
    """A port whose new bridge is not there stays where it is until then."""
    wire = cable(w, "eth1")
    spec = {"br0": dict(NETDEV, ports={"eth1": {}})}
    w.write_host({"bridges": spec})
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", tag=10)})
    w.start_portd()
    w.wait_state(["port:br0/eth1", "vm1/net0"])
    vm = w.open("vm1/net0")
    frames.expect(wire, hear=[vm], tag=10)
    before = identity(w, "eth1")
    w.write_host({"bridges": {"br0": NETDEV, "late": {
        "managed": False, "ports": {"eth1": {}}}}})
    w.wait_state("port:late/eth1", "waiting", text="late")
    equal(identity(w, "eth1"), before, "rows")
    frames.expect(wire, hear=[vm], tag=10, patience=0)
    w.vsctl("add-br", "late", "--", "set", "bridge", "late",
            "datapath_type=netdev")
    w.wait_state("port:late/eth1")
    equal((w.port("eth1")["_uuid"], w.bridge_of("eth1")),
          (before["eth1"][0], ["late"]), "row and bridge")
    frames.expect(wire, deaf=[vm], tag=10, patience=0)


def test_internal(w):
    """Internal ports: the device, its MAC, its MTU and its VLAN."""
    write(w, {"mgmt0": {"type": "internal", "tag": 10, "mtu": 1300,
                        "mac": "02:00:00:00:00:0a"}})
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", tag=10)})
    w.start_portd()
    w.wait_state(["port:br0/mgmt0", "vm1/net0"])
    equal((w.link("mgmt0")["address"], w.link("mgmt0")["mtu"]),
          ("02:00:00:00:00:0a", 1300), "mgmt0")
    before = identity(w, "mgmt0")
    vm = w.open("vm1/net0")
    w.ip("addr", "add", "192.0.2.1/24", "dev", "mgmt0")
    w.ip("link", "set", "mgmt0", "up")

    def answered():
        vm.send_raw(frames.arp_request(vm.mac, "192.0.2.2", "192.0.2.1"))
        return [s for s in frames.arp_replies(vm)
                if s.src == "02:00:00:00:00:0a"]
    wait(answered, "mgmt0 answers the guest")
    write(w, {"mgmt0": {"type": "internal", "tag": 10, "mtu": 1400,
                        "mac": "02:00:00:00:00:0b"}})
    w.ctl("sync")
    wait(lambda: (w.link("mgmt0")["address"], w.link("mgmt0")["mtu"])
         == ("02:00:00:00:00:0b", 1400), "MAC and MTU, changed in place")
    equal(identity(w, "mgmt0"), before, "rows")
    equal("192.0.2.1/24" in w.ip("addr", "show", "dev", "mgmt0"), True,
          "the address that somebody gave it")
    w.vsctl("del-port", "mgmt0")
    w.wait_state("port:br0/mgmt0")
    wait(lambda: w.link("mgmt0") and w.link("mgmt0")["mtu"] == 1400,
         "it is back")
    write(w, {})
    w.wait_state("port:br0/mgmt0", "held")
    w.ctl("gc-confirm", "port:br0/mgmt0")
    wait(lambda: not w.link("mgmt0"), "the device is gone")


@options(asan=True)
def test_refused(w):
    """What ovs-vswitchd refuses is an error with its own words, and holds
    back nobody; when it is mended, the port works."""
    w.expect_log(r"port:br0/(vx0|odd0): error: ")
    ports = {"vx0": {"type": "vxlan", "options": {"key": "7"}},
             "odd0": {"type": "nosuch"},
             "gnv0": {"type": "geneve", "options": {
                 "remote_ip": "192.0.2.7", "key": "flow"}},
             "gre0x": {"type": "gre", "options": {
                 "remote_ip": "192.0.2.7", "local_ip": "192.0.2.1"}}}
    write(w, ports)
    w.start_portd()
    w.wait_state(["bridge:br0", "port:br0/gnv0", "port:br0/gre0x"])
    w.wait_state("port:br0/vx0", "error",
                 text="vxlan type requires valid 'remote_ip'")
    w.wait_state("port:br0/odd0", "error", text="odd0")
    equal("remote_ip" in w.ctl("show").stdout, True, "show says so")
    w.wait_idle()
    before = identity(w, "gnv0", "gre0x")
    equal(w.iface("gnv0")["options"],
          {"remote_ip": "192.0.2.7", "key": "flow"}, "options of gnv0")
    ports["vx0"]["options"]["remote_ip"] = "192.0.2.8"
    ports["odd0"] = {"type": "internal"}
    ports["gnv0"]["options"] = {"remote_ip": "192.0.2.9"}
    write(w, ports)
    w.wait_state(["port:br0/" + n for n in ports])
    equal(w.iface("gnv0")["options"], {"remote_ip": "192.0.2.9"},
          "options of gnv0")
    equal({n: w.iface(n)["_uuid"] for n in before},
          {n: before[n][1] for n in before}, "rows")


# What is no column of Port or Interface: see addresses, offloads and qos.
NO_COLUMNS = {"addresses", "offloads", "qos"}
# Key: values to go through; every other key of the schema's port is here.
# "mtu" and "mtu_request" exclude each other, as do some VLAN keys.
PORT_VALUES = {
    "type": [None],
    "mtu": [None],
    "tag": [None], "trunks": [None], "cvlans": [None], "vlan_mode": [None],
    "mtu_request": [1400, 1300],
    "mac": ["02:00:00:00:00:01", "02:00:00:00:00:02"],
    "ofport_request": [71, 72],
    "protected": [True],
    "bond_mode": ["active-backup", "balance-slb", "balance-tcp"],
    "bond_active_slave": ["02:00:00:00:00:09"],
    "bond_downdelay": [5, 6], "bond_updelay": [7, 8],
    "bond_fake_iface": [True],
    "lacp": ["active", "passive", "off"],
    "cfm_mpid": [1, 2],
    "ingress_policing_rate": [1000, 2000],
    "ingress_policing_burst": [100, 200],
    "ingress_policing_kpkts_rate": [10, 20],
    "ingress_policing_kpkts_burst": [1, 2],
    "bfd": [{"enable": "true", "min_tx": "500"}, {"enable": "false"}],
    "lldp": [{"enable": "true"}],
    "options": [{"n_rxq": "2"}, {"n_rxq": "3", "x": "y"}],
    "other_config": [{"priority-tags": "always", "qinq-ethtype": "802.1q"},
                     {"priority-tags": "never", "mcast-snooping-flood":
                      "true"}],
    "external_ids": [{"a": "1"}, {"a": "2", "b": "x y \u00e4"}],
}
# Of the rest, where each set of VLAN columns is a value of its own.
VLANS = [{"tag": 0}, {"tag": 4095}, {"trunks": [1, 2, 3]},
         {"vlan_mode": "access", "tag": 7},
         {"vlan_mode": "trunk", "trunks": [5]},
         {"vlan_mode": "native-tagged", "tag": 5, "trunks": [5, 6]},
         {"vlan_mode": "native-untagged", "tag": 6},
         {"vlan_mode": "dot1q-tunnel", "tag": 8, "cvlans": [1, 2]},
         {"vlan_mode": "dot1q-tunnel", "tag": 8}, {}]
PORT_COLUMNS = {"protected", "bond_mode", "bond_active_slave", "lacp",
                "bond_downdelay", "bond_updelay", "bond_fake_iface",
                "other_config", "tag", "trunks", "cvlans", "vlan_mode"}
OURS = {"ovs-portd", "ovs-portd-owned", "ovs-portd-link"}


def column(w, name, key):
    row = w.port(name) if key in PORT_COLUMNS else w.iface(name)
    value = row[key]
    if key == "external_ids":
        value = {k: v for k, v in value.items() if k not in OURS}
    return value


@options(asan=True)
def test_every_column(w):
    """Every key of a port in the schema reaches its column, is changed, and
    is cleared when it leaves the spec; the rows stay."""
    with open(os.path.join(SCHEMAS, "host.schema.json")) as f:
        schema = json.load(f)
    equal(set(PORT_VALUES) | NO_COLUMNS,
          set(schema["$defs"]["port"]["properties"]),
          "keys with values here")
    write(w, {"p": {"type": "internal"}})
    w.start_portd()
    w.wait_state("port:br0/p")
    before = w.port("p")["_uuid"], w.iface("p")["_uuid"]
    default = {key: column(w, "p", key) for key in PORT_VALUES
               if key != "mtu"}

    def sync(**keys):
        write(w, {"p": {"type": "internal", **keys}})
        w.ctl("sync")
    # All keys' first values at once, one by one to their last, and cleared.
    given = {key: values[0] for key, values in PORT_VALUES.items()
             if values[0] is not None}
    sync(**given)
    for i in range(max(len(v) for v in PORT_VALUES.values())):
        for key in given:
            given[key] = PORT_VALUES[key][min(i, len(PORT_VALUES[key]) - 1)]
        sync(**given)
        for key, value in given.items():
            equal(column(w, "p", key), value, key)
    for key in sorted(given):
        del given[key]
        sync(**given)
        equal(column(w, "p", key), default[key], key + ", cleared")
    equal({key: column(w, "p", key) for key in default}, default, "columns")
    for vlans in VLANS:
        sync(**vlans)
        for key in "tag", "trunks", "cvlans", "vlan_mode":
            value = column(w, "p", key)
            if key in ("trunks", "cvlans"):
                value = listed(value)
            equal(value, vlans.get(key, []), "%s of %r" % (key, vlans))
    equal((w.port("p")["_uuid"], w.iface("p")["_uuid"]), before, "rows")


def test_drift(w):
    """What others change of an uplink's columns is put back, what they add
    stays; a port deleted by hand is there again."""
    wire = cable(w, "eth1")
    spec = {"eth1": {"vlan_mode": "trunk", "trunks": [10, 20],
                     "external_ids": {"a": "1"}, "bond_updelay": 5}}
    write(w, spec)
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", tag=10)})
    w.start_portd()
    w.wait_state(["port:br0/eth1", "vm1/net0"])
    vm = w.open("vm1/net0")
    frames.expect(vm, hear=[wire], as_tag=10)
    before = identity(w, "eth1")
    w.wait_idle()
    port = w.port("eth1")
    w.vsctl("set", "port", "eth1", "vlan_mode=access", "tag=99",
            "bond_updelay=9", "--", "set", "interface", "eth1",
            "external_ids:a=2", "external_ids:b=2", "--",
            "clear", "port", "eth1", "trunks")
    wait(lambda: w.port("eth1")["vlan_mode"] == "trunk", "put back")
    w.wait_state("port:br0/eth1")
    w.wait_idle()
    for key in "vlan_mode", "tag", "trunks", "bond_updelay":
        equal(w.port("eth1")[key], port[key], key)
    ids = w.iface("eth1")["external_ids"]
    equal((ids["a"], ids["b"]), ("1", "2"), "external_ids")
    equal(identity(w, "eth1"), before, "rows")
    frames.expect(vm, hear=[wire], as_tag=10)
    others = w.db_dump()["Bridge"]
    w.vsctl("del-port", "eth1")
    wait(lambda: w.port("eth1"), "it is there again")
    w.wait_state("port:br0/eth1")
    frames.expect(vm, hear=[wire], as_tag=10)
    equal(set(w.db_dump()["Bridge"]), set(others), "bridges")
    same(w.link("eth1").get("ifalias"), None, "alias")
