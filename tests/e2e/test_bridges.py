# SPDX-License-Identifier: Apache-2.0
"""Bridges: their columns, what others keep there, and their end."""

import frames
from harness import SCHEMA, equal, never, nic, options, same, wait
from host import listed
from test_ports import OURS
from wires import QINQ, cable

NETDEV = {"datapath_type": "netdev"}


def write(w, bridge=None, **others):
    w.write_host({"bridges": {"br0": dict(NETDEV, **(bridge or {})),
                              **others}})


def column(w, key):
    value = w.bridge("br0")[key]
    if key == "external_ids":
        value = {k: v for k, v in value.items() if k not in OURS}
    return listed(value) if key in ("protocols", "flood_vlans") else value


# Column: values to go through, in place.
VALUES = {
    "fail_mode": ["secure", "standalone"],
    "mcast_snooping_enable": [True],
    "rstp_enable": [True],
    "protocols": [["OpenFlow10", "OpenFlow13"], ["OpenFlow15"]],
    "flood_vlans": [[7], [7, 8]],
    "external_ids": [{"a": "1"}, {"a": "2", "b": "3"}],
    "other_config": [
        {"hwaddr": "02:00:00:00:00:0a", "mac-aging-time": "60"},
        {"hwaddr": "02:00:00:00:00:0b", "mac-table-size": "512",
         "rstp-priority": "4096", "datapath-id": "00000000000000ab"}],
}


def columns_here(w):
    """Columns to try.  On the kernel's datapath in a box, Open vSwitch 3.1
    leaves a port out of flooding for good, depending on the moment at which
    RSTP is turned off ("floodable" in its ofproto/ofproto-dpif.c)."""
    return {key: values for key, values in VALUES.items()
            if key != "rstp_enable" or w.datapath == "netdev"}


@options(asan=True)
def test_columns(w):
    """Every column that a spec may give reaches the Bridge row and
    ovs-vswitchd, is changed in place and cleared with the spec, while others'
    keys, ports and frames stay."""
    columns = columns_here(w)
    write(w)
    for i in (1, 2):
        w.write_vm("vm%d" % i, {"net0": nic(i, ifname="tap%d" % i, tag=10)})
    w.start_portd()
    w.wait_state(["bridge:br0", "vm1/net0", "vm2/net0"])
    w.vsctl("set", "bridge", "br0", "other_config:theirs=1",
            "external_ids:theirs=1")
    before = {"bridge": w.bridge("br0")["_uuid"],
              "ports": w.bridge("br0")["ports"],
              "ofports": [w.iface("tap%d" % i)["ofport"] for i in (1, 2)]}
    default = {key: column(w, key) for key in columns}
    vms = w.open("vm1/net0"), w.open("vm2/net0")
    frames.talk(*vms)
    given = {}

    def sync():
        write(w, given)
        w.ctl("sync")
        for key in columns:
            want = given.get(key, default[key])
            if isinstance(want, dict):
                want = dict(want, theirs="1")
            equal(column(w, key), want, key)
    for i in range(2):
        for key, values in columns.items():
            given[key] = values[min(i, len(values) - 1)]
        sync()
        hwaddr = given["other_config"]["hwaddr"]
        wait(lambda: w.link("br0")["address"] == hwaddr, "br0's address")
    equal(w.bridge("br0")["datapath_id"], "00000000000000ab", "datapath_id")
    if "rstp_enable" in columns:
        wait(lambda: w.bridge("br0")["rstp_status"], "RSTP runs")
    # The other one of two that exclude each other.
    given.pop("rstp_enable", None)
    given["stp_enable"] = True
    sync()
    equal((w.bridge("br0")["stp_enable"], w.bridge("br0")["rstp_enable"]),
          (True, False), "STP instead of RSTP")
    wait(lambda: w.bridge("br0")["status"], "STP runs")
    # A port learns and listens for half a minute first: no frames now.
    given.clear()
    sync()
    equal(w.bridge("br0")["stp_enable"], False, "stp_enable")
    frames.talk(*vms)
    equal({"bridge": w.bridge("br0")["_uuid"],
           "ports": w.bridge("br0")["ports"],
           "ofports": [w.iface("tap%d" % i)["ofport"] for i in (1, 2)]},
          before, "rows and ofports")


def test_fail_mode_secure(w):
    """fail_mode secure without a controller: no flow, no frame; back to
    standalone, or out of the spec, and they pass."""
    write(w)
    for i in (1, 2):
        w.write_vm("vm%d" % i, {"net0": nic(i, ifname="tap%d" % i)})
    w.start_portd()
    w.wait_state(["vm1/net0", "vm2/net0"])
    a, b = w.open("vm1/net0"), w.open("vm2/net0")
    frames.talk(a, b)
    write(w, {"fail_mode": "secure"})
    w.ctl("sync")
    frames.expect(a, deaf=[b])
    write(w, {"fail_mode": "standalone"})
    w.ctl("sync")
    frames.talk(a, b)
    w.vsctl("set-fail-mode", "br0", "secure")
    wait(lambda: w.bridge("br0")["fail_mode"] == "standalone", "put back")
    write(w, {"fail_mode": "secure"})
    w.ctl("sync")
    write(w)
    w.ctl("sync")
    equal(w.bridge("br0")["fail_mode"], [], "fail_mode")
    frames.talk(a, b)


@options(asan=True, valgrind=True)
def test_removed(w):
    """A bridge that left the spec is held with all it has; confirmed, it
    goes only once no port of others, and none of a VM, is on it."""
    both = {"br1": dict(NETDEV, ports={"int1": {"type": "internal"}})}
    write(w, **both)
    w.write_vm("vm1", {"net0": nic(1, ifname="tap1", bridge="br1")})
    w.start_portd()
    w.wait_state(["bridge:br1", "port:br1/int1", "vm1/net0"])
    w.vsctl("add-port", "br1", "theirs", "--", "set", "interface", "theirs",
            "type=internal")
    before = w.bridge("br1")["_uuid"]
    write(w)
    w.wait_state(["bridge:br1", "port:br1/int1"], "held", text="gc-confirm")
    w.wait_state("vm1/net0")
    w.ctl("gc-confirm", "bridge:br1")
    w.wait_state("bridge:br1", "held", text="still carries")
    w.ctl("gc-confirm", "port:br1/int1")
    wait(lambda: not w.port("int1"), "our port is gone")
    w.remove("vms.d/vm1.json")
    w.write_vm("vm9", {})
    wait(lambda: not w.port("tap1"), "the VM's port is gone")
    w.wait_state("bridge:br1", "held", text="theirs")
    never(lambda: not w.port("theirs"), "a stranger's port is gone", 1)
    # Nor as long as it is on this bridge among others.
    theirs = w.port("theirs")["_uuid"]
    w.vsctl("add", "bridge", "br0", "ports", theirs)
    w.wait_idle()
    w.wait_state("bridge:br1", "held", text="theirs")
    equal(w.bridge("br1")["_uuid"], before, "bridge")
    w.vsctl("remove", "bridge", "br1", "ports", theirs)
    wait(lambda: not w.bridge("br1"), "br1 is gone")
    w.wait_state("bridge:br1", None)
    # In the spec again, it is made again.
    write(w, **both)
    w.wait_state(["bridge:br1", "port:br1/int1"])


def test_deleted_by_hand(w):
    """A bridge that somebody deletes is back, with all of our ports."""
    wire = cable(w, "eth1")
    write(w, {"ports": {"eth1": {}}})
    w.write_vm("vm1", {"net0": nic(1, ifname="tap1", tag=10)})
    w.start_portd()
    w.wait_state(["bridge:br0", "port:br0/eth1", "vm1/net0"])
    vm = w.open("vm1/net0")
    frames.expect(vm, hear=[wire], as_tag=10)
    w.vsctl("del-br", "br0")
    wait(lambda: w.bridge("br0") and w.port("eth1") and w.port("tap1"),
         "bridge and ports")
    w.wait_state(["bridge:br0", "port:br0/eth1", "vm1/net0"])
    frames.expect(vm, hear=[wire], as_tag=10)
    frames.expect(wire, hear=[vm], tag=10)


def test_datapath_type(w):
    """A datapath type that this ovs-vswitchd does not have: the bridge and
    its ports say what is wrong, also where they were ready before, and others
    do their work."""
    w.expect_log(r"port:br9/int9: error: ", r"bridge:br\d: error: ",
                 r"vm1/net0: error: ")
    write(w, br9={"datapath_type": "nosuch", "ports": {
        "int9": {"type": "internal"}}})
    w.write_vm("vm1", {"net0": nic(1, ifname="tap1", tag=10)})
    w.start_portd()
    w.wait_state(["bridge:br0", "vm1/net0"])
    w.wait_state(["bridge:br9", "port:br9/int9"], "error")

    # The rows of br0 say nothing of it.
    w.ctl("br-set", "br0", "datapath_type=nosuch", exit=2)
    w.wait_state(["bridge:br0", "vm1/net0"], "error",
                 text="could not create bridge br0")
    w.vswitchd.kill()
    w.start_vswitchd()
    w.wait_state(["bridge:br0", "vm1/net0"], "error")
    w.ctl("br-set", "br0", "datapath_type=" + w.datapath)
    w.wait_state(["bridge:br0", "vm1/net0"])

    # A bridge without a local port has no device, and does its work.
    w.vsctl("add-br", "br8", "--", "set", "bridge", "br8",
            "datapath_type=" + w.datapath)
    w.vsctl("clear", "bridge", "br8", "ports")
    w.write_vm("vm2", {"net0": {**nic(2, ifname="tap2"), "bridge": "br8"}})
    w.wait_state("vm2/net0")
    w.ctl("retag", "vm2/net0", "11")


def q(*vlans):
    """Tags, the outermost first and 802.1ad."""
    return [(QINQ if i == 0 and len(vlans) > 1 else frames.VLAN, vlan)
            for i, vlan in enumerate(vlans)]


@options(ovs=False, asan=True)
def test_dot1q_tunnel(w):
    """A dot1q-tunnel port puts the provider's VLAN around the customer's,
    takes in only its cvlans, and gives back what came."""
    w.run("ovsdb-tool", "create", w.db_file, SCHEMA)
    w.start_ovsdb()
    # OVS looks at one tag only, unless it is told so.
    w.vsctl("--no-wait", "init", "--", "set", "open_vswitch", ".",
            "other_config:vlan-limit=2")
    w.start_vswitchd()
    customer, far = cable(w, "eth1"), cable(w, "eth2")
    tunnel = {"vlan_mode": "dot1q-tunnel", "tag": 100}
    trunk = {"vlan_mode": "trunk", "trunks": [100]}
    write(w, {"ports": {"eth1": tunnel, "eth2": trunk}})
    w.write_vm("vm1", {"net0": nic(1, ifname="tap1", tag=7)})
    w.start_portd()
    w.wait_state(["port:br0/eth1", "port:br0/eth2", "vm1/net0"])
    vm = w.open("vm1/net0")
    frames.expect(customer, hear=[far], deaf=[vm], tag=7,
                  as_tag=tuple(q(100, 7)))
    frames.expect(customer, hear=[far], deaf=[vm], as_tag=((QINQ, 100),))
    frames.expect(far, hear=[customer], deaf=[vm], tag=q(100, 7), as_tag=7)
    frames.expect(far, deaf=[customer, vm], tag=q(101, 7), patience=0)

    before = {n: w.port(n)["_uuid"] for n in ("eth1", "eth2")}
    write(w, {"ports": {"eth1": dict(tunnel, cvlans=[7], other_config={
        "qinq-ethtype": "802.1q"}), "eth2": trunk}})
    w.ctl("sync")
    frames.expect(customer, hear=[far], tag=7, patience=0,
                  as_tag=((frames.VLAN, 100), (frames.VLAN, 7)))
    frames.expect(customer, deaf=[far], tag=8, patience=0)
    write(w, {"ports": {"eth1": {"tag": 7}, "eth2": trunk}})
    w.ctl("sync")
    frames.expect(customer, hear=[vm], deaf=[far], patience=0)
    equal({n: w.port(n)["_uuid"] for n in before}, before, "rows")


@options(asan=True)
def test_native_vlans(w):
    """native-tagged and native-untagged uplinks, changed in place."""
    wire = cable(w, "eth1")
    native = {"vlan_mode": "native-untagged", "tag": 10, "trunks": [10, 20]}
    write(w, {"ports": {"eth1": native}})
    for i, tag in ((1, 10), (2, 20), (3, 30)):
        w.write_vm("vm%d" % i, {"net0": nic(i, ifname="tap%d" % i, tag=tag)})
    w.start_portd()
    w.wait_state(["port:br0/eth1"] + ["vm%d/net0" % i for i in (1, 2, 3)])
    in10, in20, in30 = (w.open("vm%d/net0" % i) for i in (1, 2, 3))
    frames.expect(in10, hear=[wire])
    frames.expect(in20, hear=[wire], as_tag=20)
    frames.expect(in30, deaf=[wire])
    frames.expect(wire, hear=[in10], deaf=[in20, in30])
    frames.expect(wire, hear=[in10], deaf=[in20, in30], tag=10)
    frames.expect(wire, hear=[in20], deaf=[in10, in30], tag=20)
    frames.expect(wire, deaf=[in10, in20, in30], tag=30)
    before = w.port("eth1")["_uuid"]
    write(w, {"ports": {"eth1": dict(native, vlan_mode="native-tagged")}})
    w.ctl("sync")
    frames.expect(in10, hear=[wire], as_tag=10, patience=0)
    frames.expect(wire, hear=[in10], deaf=[in20, in30], patience=0)
    write(w, {"ports": {"eth1": {"tag": 30}}})
    w.ctl("sync")
    frames.expect(in30, hear=[wire], patience=0)
    frames.expect(wire, hear=[in30], deaf=[in10, in20], patience=0)
    write(w, {"ports": {"eth1": {}}})
    w.ctl("sync")
    frames.expect(in30, hear=[wire], as_tag=30, patience=0)
    equal(w.port("eth1")["_uuid"], before, "row")


@options(asan=True)
def test_protected(w):
    """Protected uplinks and isolated NICs do not talk to each other, and all
    of them to the one that is neither; changed in place."""
    left, right, third = (cable(w, "eth%d" % i) for i in (1, 2, 3))
    guarded = {"protected": True}
    ports = {"eth1": guarded, "eth2": guarded, "eth3": {}}
    write(w, {"ports": ports})
    w.write_vm("vm1", {"net0": nic(1, ifname="tap1", isolated=True)})
    w.start_portd()
    w.wait_state(["vm1/net0"] + ["port:br0/" + n for n in ports])
    vm = w.open("vm1/net0")
    closed = [left, right, vm]
    for one in closed:
        frames.expect(one, hear=[third],
                      deaf=[o for o in closed if o is not one])
    frames.expect(third, hear=closed)
    before = {n: w.port(n)["_uuid"] for n in ports}
    write(w, {"ports": dict(ports, eth2={})})
    w.ctl("sync")
    frames.expect(left, hear=[right, third], deaf=[vm], patience=0)
    frames.expect(right, hear=[left, third, vm], patience=0)
    same({n: w.port(n)["_uuid"] for n in ports}, before, "rows")
