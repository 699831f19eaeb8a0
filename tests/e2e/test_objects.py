# SPDX-License-Identifier: Apache-2.0
"""Bridges, bonds, links, and objects that are not as they should be."""

import json
import os
import time

import frames
from harness import SCHEMA, equal, never, nic, options, same, wait


def strict_schema(w):
    """A schema that refuses tags from 4000 on, which no spec can know."""
    with open(SCHEMA) as f:
        schema = json.load(f)
    tag = schema["tables"]["Port"]["columns"]["tag"]["type"]["key"]
    tag["maxInteger"] = 3999
    path = os.path.join(w.dir, "strict.ovsschema")
    with open(path, "w") as f:
        json.dump(schema, f)
    return path


@options(ovs=False, asan=True)
def test_refused_by_the_database(w):
    """One NIC that ovsdb-server refuses holds back none of forty others, is
    reported with the server's words, and does not make the daemon spin."""
    w.start_ovs(strict_schema(w))
    w.expect_log(r"vm1[37]/net0", r"constraint violation")
    w.write_host()
    good = [i for i in range(40) if i not in (13, 17)]
    for i in range(40):
        w.write_vm("vm%02d" % i, {"net0": nic(
            i, ifname="tap%02d" % i, tag=10 if i in good else 4000 + i)})
    w.start_portd()
    w.wait_state(["vm%02d/net0" % i for i in good])
    w.wait_state(["vm13/net0", "vm17/net0"], "error",
                 text="constraint violation")
    txns = w.counters()["txns"]
    time.sleep(6)
    equal(w.counters()["txns"] - txns <= 12, True,
          "%d transactions in 6 s" % (w.counters()["txns"] - txns))
    vm00 = w.open("vm00/net0")
    frames.talk(vm00, w.open("vm39/net0"))
    # The others can still be edited, and the mended one is ready.
    w.ctl("retag", "vm00/net0", "20")
    w.ctl("retag", "vm13/net0", "20")
    w.wait_state("vm13/net0")
    frames.talk(w.open("vm13/net0"), vm00)
    w.wait_state("vm17/net0", "error")


@options(asan=True)
def test_missing_bridge(w):
    """A NIC whose bridge is not there waits, and is attached when the bridge
    appears; others do not wait with it."""
    w.write_host()
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", tag=10,
                                   bridge="br-late")})
    w.write_vm("vm2", {"net0": nic(2, ifname="tap1", tag=10)})
    w.start_portd()
    w.wait_state("vm2/net0")
    w.wait_state("vm1/net0", "waiting", text="br-late")
    never(lambda: w.bridge("br-late"), "somebody made the bridge", 1)
    w.vsctl("add-br", "br-late", "--", "set", "bridge", "br-late",
            "datapath_type=netdev")
    w.wait_state("vm1/net0")
    equal(w.bridge_of("tap0"), ["br-late"], "tap0's bridge")
    w.write_vm("vm2", {"net0": nic(2, ifname="tap1", tag=10,
                                   bridge="br-late")})
    w.ctl("sync")
    frames.talk(w.open("vm1/net0"), w.open("vm2/net0"))


def pair(w, name, peer):
    """A cable into the world: 'name' for OVS, 'peer' the other end."""
    w.ip("link", "add", name, "type", "veth", "peer", "name", peer)
    w.ip("link", "set", name, "up")
    w.ip("link", "set", peer, "up")


@options(asan=True)
def test_bond_patch_and_ports(w):
    """Bonds, patch links, uplinks and internal ports of host.json come up,
    and frames cross the patch link."""
    pair(w, "eth1", "far1")
    pair(w, "eth2", "far2")
    pair(w, "eth3", "far3")
    w.write_host({
        "bridges": {
            "br0": {"datapath_type": "netdev", "ports": {
                "eth1": {"vlan_mode": "trunk", "trunks": [10, 20]},
                "mgmt0": {"type": "internal", "tag": 5}}},
            "br-ex": {"datapath_type": "netdev",
                      "fail_mode": "standalone",
                      "other_config": {"hwaddr": "02:00:00:00:00:0a"}}},
        "bonds": {"bond0": {"bridge": "br-ex", "members": ["eth2", "eth3"],
                            "bond_mode": "active-backup"}},
        "links": {"zero-ex": {"type": "patch", "ends": [
            {"bridge": "br0", "port": "patch-to-ex"},
            {"bridge": "br-ex", "port": "patch-to-0"}]}}})
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", tag=10)})
    w.write_vm("vm2", {"net0": nic(2, ifname="tap1", tag=10,
                                   bridge="br-ex")})
    w.start_portd()
    w.wait_state(["bridge:br0", "bridge:br-ex", "port:br0/eth1",
                  "port:br0/mgmt0", "bond:bond0", "link:zero-ex",
                  "vm1/net0", "vm2/net0"])
    bond = w.port("bond0")
    equal(len(bond["interfaces"]), 2, "interfaces of the bond")
    equal(bond["bond_mode"], "active-backup", "bond_mode")
    equal(bond["external_ids"]["ovs-portd"], "main/bond:bond0", "mark")
    for name in "eth1", "eth2", "eth3", "mgmt0", "patch-to-ex", "patch-to-0":
        row = w.iface(name)
        equal((row["ofport"] > 0, row["error"]), (True, []), name)
    equal(w.iface("patch-to-ex")["options"], {"peer": "patch-to-0"}, "peer")
    equal(w.port("eth1")["trunks"], [10, 20], "trunks")
    equal(w.port("mgmt0")["tag"], 5, "mgmt0's tag")
    bridge = w.bridge("br-ex")
    equal((bridge["fail_mode"], bridge["other_config"]["hwaddr"]),
          ("standalone", "02:00:00:00:00:0a"), "br-ex")
    frames.talk(w.open("vm1/net0"), w.open("vm2/net0"))
    # What was there before is used, not owned.
    w.portd.stop()
    for name in "eth1", "eth2", "eth3":
        equal(w.link(name).get("ifalias"), None, "alias of " + name)


@options(asan=True)
def test_quarantine(w):
    """A quarantined NIC is held admin-down: nothing passes in either
    direction, its VLAN stays; released, it talks again."""
    w.write_host()
    vm1 = nic(1, ifname="tap0", tag=10)
    w.write_vm("vm1", {"net0": vm1})
    w.write_vm("vm2", {"net0": nic(2, ifname="tap1", tag=10)})
    w.start_portd()
    w.wait_state(["vm1/net0", "vm2/net0"])
    a, b = w.open("vm1/net0"), w.open("vm2/net0")
    frames.talk(a, b)
    w.write_vm("vm1", {"net0": dict(vm1, quarantined=True)})
    w.wait_state("vm1/net0", "quarantined")
    equal(w.is_up("tap0"), False, "tap0 is up")
    frames.expect(a, deaf=[b], patience=0)
    frames.expect(b, deaf=[a], patience=0)
    equal(w.port("tap0")["tag"], 10, "tag")
    w.ip("link", "set", "tap0", "up")
    wait(lambda: not w.is_up("tap0"), "it is down again")
    w.write_vm("vm1", {"net0": vm1})
    w.wait_state("vm1/net0")
    frames.talk(a, b)


@options(asan=True)
def test_pause(w):
    """A paused NIC is observed and not touched; resumed, it is caught up
    with."""
    w.write_host()
    vm1 = nic(1, ifname="tap0", tag=10)
    w.write_vm("vm1", {"net0": vm1})
    w.write_vm("vm2", {"net0": nic(2, ifname="tap1", tag=10)})
    w.start_portd()
    w.wait_state(["vm1/net0", "vm2/net0"])
    w.write_vm("vm1", {"net0": dict(vm1, paused=True, tag=20)})
    w.wait_state("vm1/net0", "paused")
    w.vsctl("set", "port", "tap0", "tag=30")
    w.ip("link", "set", "tap0", "address", "fe:00:00:00:00:77")
    before = w.port("tap0"), w.link("tap0")
    w.appctl("resync")
    never(lambda: (w.port("tap0"), w.link("tap0")) != before,
          "a paused NIC was touched", 3)
    w.write_vm("vm1", {"net0": dict(vm1, tag=20)})
    w.wait_state("vm1/net0")
    equal((w.port("tap0")["tag"], w.link("tap0")["address"]),
          (20, "fe:54:00:00:00:01"), "tag and the TAP's own MAC")
    w.write_vm("vm3", {"net0": nic(3, ifname="tap2", paused=True)})
    w.wait_state("vm3/net0", "paused")
    equal((w.port("tap2"), w.link("tap2")), (None, None), "tap2")


@options(asan=True)
def test_duplicates(w):
    """The same ifname, MAC or iface-id twice: who is live wins, the other is
    an error; none is touched for it."""
    w.write_host()
    w.expect_log(r"vm[234]/net0")
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", tag=10,
                                   iface_id="one")})
    w.start_portd()
    w.wait_state("vm1/net0")
    before = w.port("tap0"), w.link("tap0")
    w.write_vm("vm2", {"net0": nic(2, ifname="tap0")})
    w.write_vm("vm3", {"net0": nic(1, ifname="tap3")})
    w.write_vm("vm4", {"net0": nic(4, ifname="tap4", iface_id="one")})
    for vm in "vm2", "vm3", "vm4":
        w.wait_state(vm + "/net0", "error", text="vm1/net0")
    w.wait_state("vm1/net0")
    same({"rows": (w.port("tap0"), w.link("tap0"))}, {"rows": before},
         "the first one")
    equal((w.port("tap3"), w.port("tap4")), (None, None), "the others' ports")
    w.write_vm("vm1", {"net0": nic(7, ifname="tap7", tag=10)})
    w.wait_state(["vm%d/net0" % i for i in range(1, 5)])


def test_isolated(w):
    """Isolated NICs talk to others and not to each other."""
    w.write_host()
    for i in (1, 2, 3):
        w.write_vm("vm%d" % i, {"net0": nic(i, ifname="tap%d" % i, tag=10,
                                            isolated=i < 3)})
    w.start_portd()
    w.wait_state(["vm%d/net0" % i for i in (1, 2, 3)])
    a, b, c = (w.open("vm%d/net0" % i) for i in (1, 2, 3))
    frames.expect(a, hear=[c], deaf=[b])
    frames.expect(b, hear=[c], deaf=[a])
    frames.expect(c, hear=[a, b])


def test_ovn_bridge(w):
    """On ovn-controller's bridge fail_mode is only reported; the same
    difference on another bridge is put back."""
    w.vsctl("set", "open_vswitch", ".", "external_ids:ovn-bridge=br0")
    bridge = {"datapath_type": "netdev", "fail_mode": "standalone"}
    w.write_host({"bridges": {"br0": bridge, "br1": bridge}})
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", tag=10)})
    w.start_portd()
    w.wait_state(["bridge:br0", "bridge:br1", "vm1/net0"])
    w.expect_log(r"bridge:br0")
    w.vsctl("set-fail-mode", "br0", "secure")
    w.vsctl("set-fail-mode", "br1", "secure")
    wait(lambda: w.bridge("br1")["fail_mode"] == "standalone",
         "br1's fail_mode is put back")
    never(lambda: w.bridge("br0")["fail_mode"] != "secure",
          "br0's fail_mode was put back", 3)
    equal("fail_mode" in w.objects()["bridge:br0"]["text"]
          + w.ctl("plan").stdout, True, "that it differs is reported")
    w.wait_state("vm1/net0")
    # However often ovn-controller and others change it.
    before = w.wait_idle()
    for i in range(20):
        w.vsctl("set-fail-mode", "br0", ("standalone", "secure")[i % 2])
    equal(w.wait_idle(), before, "what is written for br0's fail_mode")


def test_mtu(w):
    """An MTU change keeps the TAP; without 'mtu' the device's is left to the
    default."""
    w.write_host()
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", mtu=9000)})
    w.start_portd()
    w.wait_state("vm1/net0")
    equal((w.link("tap0")["mtu"], w.iface("tap0")["mtu_request"]),
          (9000, 9000), "MTU and mtu_request")
    ifindex = w.ifindex("tap0")
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", mtu=1400)})
    wait(lambda: w.link("tap0")["mtu"] == 1400
         and w.iface("tap0")["mtu_request"] == 1400, "MTU 1400")
    equal(w.ifindex("tap0"), ifindex, "ifindex")


def test_pin_ofports(w):
    """pin_ofports: the ofport stays over a restart of ovs-vswitchd."""
    w.write_host(pin_ofports=True)
    for i in range(3):
        w.write_vm("vm%d" % i, {"net0": nic(i, ifname="tap%d" % i)})
        if i == 0:
            w.start_portd()
        w.wait_state("vm%d/net0" % i)
    w.expect_log(r"ovs-vswitchd")
    w.remove("vms.d/vm0.json")
    wait(lambda: not w.port("tap0"), "tap0 is gone")

    def ofports():
        return [w.iface("tap%d" % i)["ofport"] for i in (1, 2)]
    wait(lambda: [w.iface("tap%d" % i)["ofport_request"] for i in (1, 2)]
         == ofports(), "ofport_request")
    before = ofports()
    w.vswitchd.kill()
    w.start_vswitchd()
    w.wait_state(["vm1/net0", "vm2/net0"])
    equal(ofports(), before, "ofports after the restart")
