# SPDX-License-Identifier: Apache-2.0
"""What people did by hand, as specs: tests/data/seeds has one directory for
each.  The bridges are put on the userspace datapath here."""

import json
import os
import shutil

import frames
from harness import equal, nic, options, wait
from wires import Neighbour, bond, cable

SEEDS = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                     "..", "data", "seeds")


def load(w, seed):
    """The directory 'seed' becomes the spec directory; returns the ids of
    what it asks for."""
    source = os.path.join(SEEDS, seed)
    w.ctl("check", source)
    with open(os.path.join(source, "host.json")) as f:
        spec = json.load(f)
    ids = ["bridge:" + name for name in spec["bridges"]]
    ids += ["bond:" + name for name in spec.get("bonds", {})]
    ids += ["link:" + name for name in spec.get("links", {})]
    for name, bridge in spec["bridges"].items():
        bridge["datapath_type"] = "netdev"
        ids += ["port:%s/%s" % (name, port)
                for port in bridge.get("ports", {})]
    vms = os.path.join(source, "vms.d")
    for name in os.listdir(vms) if os.path.isdir(vms) else []:
        shutil.copy(os.path.join(vms, name), w.path("vms.d"))
        ids += ["%s/%s" % (name[:-len(".json")], n) for n in
                json.loads(w.read("vms.d/" + name))["nics"]]
    w.write("host.json", spec)
    return ids


def test_none_is_forgotten(w):
    """Every seed has its test here."""
    tested = {"add-bond-lacp", "bond-balance-slb", "patch-br0-br1",
              "retag-tap1", "multiqueue-tap"}
    equal(set(os.listdir(SEEDS)), tested, "seeds")


def bonded(w, seed, by_hand):
    """bond0 of 'seed' against the same done by hand on another host."""
    n = Neighbour(w)
    n.start_ovs()
    for i in "23":
        n.lay("eth" + i, "n" + i)
    n.vsctl("add-br", "br0", "--", "set", "bridge", "br0",
            "datapath_type=netdev")
    n.vsctl("add-bond", "br0", "bond0", "n2", "n3", "lacp=active")
    for line in by_hand:
        n.vsctl(*line.split())
    far = n.cable("nh")
    n.vsctl("add-port", "br0", "nh")
    ids = load(w, seed)
    w.write_vm("vm1", {"net0": nic(1, ifname="tap1")})
    w.start_portd()
    w.wait_state(ids + ["vm1/net0"])
    for host in w, n:
        wait(lambda: bond(host, "bond0")["lacp_status"] == "negotiated",
             lambda: "LACP negotiates: %r" % bond(host, "bond0"), 60)
    equal(bond(w, "bond0")["bond_mode"], bond(n, "bond0")["bond_mode"],
          "bond_mode")
    vm = w.open("vm1/net0")
    frames.talk(vm, far)
    n.run("ip", "link", "set", "n2", "down")
    frames.talk(vm, far)


@options(timeout=180)
def test_add_bond_lacp(w):
    """ovs-vsctl add-bond br0 bond0 eth2 eth3 lacp=active"""
    bonded(w, "add-bond-lacp", [])


@options(timeout=180)
def test_bond_balance_slb(w):
    """ovs-vsctl set port bond0 bond_mode=balance-slb"""
    bonded(w, "bond-balance-slb", ["set port bond0 bond_mode=balance-slb"])


def test_patch(w):
    """ovs-vsctl add-port br0 patch-to-br0 ... type=patch options:peer=..."""
    ids = load(w, "patch-br0-br1")
    for i in (0, 1):
        w.write_vm("vm%d" % i, {"net0": nic(1 + i, ifname="tap%d" % i,
                                            bridge="br%d" % i, tag=2)})
    w.start_portd()
    w.wait_state(ids + ["vm0/net0", "vm1/net0"])
    frames.talk(w.open("vm0/net0"), w.open("vm1/net0"))
    equal((w.iface("patch-to-br0")["options"],
           w.iface("patch-to-br1")["options"]),
          ({"peer": "patch-to-br1"}, {"peer": "patch-to-br0"}), "peers")


def test_retag(w):
    """ovs-vsctl set port tap1 tag=3"""
    wire = cable(w, "eth1")
    ids = load(w, "retag-tap1")
    w.start_portd()
    w.wait_state(ids)
    equal(w.port("tap1")["tag"], 3, "tag")
    vm = w.open("vm1/net0")
    frames.expect(vm, hear=[wire], as_tag=3)
    w.ctl("retag", "vm1/net0", "2")
    frames.expect(vm, hear=[wire], as_tag=2, patience=0)
    w.ctl("retag", "vm1/net0", "3")
    frames.expect(vm, hear=[wire], as_tag=3, patience=0)


def test_multiqueue(w):
    """Two TAPs of eight queues, each on its bridge and up."""
    ids = load(w, "multiqueue-tap")
    w.start_portd()
    w.wait_state(ids)
    for name, nic_id in ("tap0", "vm1/net0"), ("tap3", "vm1/net1"):
        equal((w.tun(name)["multi_queue"], w.is_up(name)), (True, True), name)
        w.open(nic_id)
        wait(lambda: w.objects()[nic_id]["attached"] == 8,
             "eight queues are attached")
    equal((w.bridge_of("tap0"), w.bridge_of("tap3")), (["br0"], ["br1"]),
          "bridges")
