# SPDX-License-Identifier: Apache-2.0
"""Patch links: VLANs cross them, and their two ends stay a pair."""

import frames
from harness import equal, never, nic, options, same, wait

NETDEV = {"datapath_type": "netdev"}
ENDS = ("p0", "p1")


def write(w, end0=None, end1=None, bridges=("br0", "br1"), **more):
    """br0 and br1 joined by the link "l" of p0 and p1."""
    w.write_host({
        "bridges": {name: NETDEV for name in bridges},
        "links": {"l": {"type": "patch", "ends": [
            {"bridge": "br0", "port": "p0", **(end0 or {})},
            {"bridge": "br1", "port": "p1", **(end1 or {})}]}}, **more})


def world(w, end0=None, end1=None):
    """A trunk guest on br0; guests in VLAN 10 and 20, and a trunk, on br1."""
    write(w, end0, end1)
    w.write_vm("vm0", {"net0": nic(1, ifname="tap0")})
    for i, tag in ((1, 10), (2, 20)):
        w.write_vm("vm%d" % i, {"net0": nic(
            1 + i, ifname="tap%d" % i, bridge="br1", tag=tag)})
    w.write_vm("vm3", {"net0": nic(4, ifname="tap3", bridge="br1")})
    w.start_portd()
    w.wait_state(["link:l"] + ["vm%d/net0" % i for i in range(4)])
    return [w.open("vm%d/net0" % i) for i in range(4)]


def identity(w):
    return {name: (w.port(name)["_uuid"], w.iface(name)["_uuid"],
                   w.iface(name)["ofport"]) for name in ENDS}


@options(asan=True)
def test_vlans_cross(w):
    """A trunk link carries all VLANs, and the untagged; its VLAN columns
    change in place."""
    vm, in10, in20, trunk = world(w)
    before = identity(w)
    frames.expect(vm, hear=[trunk], deaf=[in10, in20])
    frames.expect(vm, hear=[in10], deaf=[in20], tag=10)
    frames.expect(vm, hear=[in20], deaf=[in10], tag=20)
    frames.expect(vm, hear=[trunk], tag=30, as_tag=30)
    frames.expect(in10, hear=[vm, trunk], deaf=[in20], as_tag=10)

    write(w, {"vlan_mode": "trunk", "trunks": [10]})
    w.ctl("sync")
    frames.expect(vm, hear=[in10], tag=10, patience=0)
    frames.expect(vm, deaf=[in20, trunk], tag=20, patience=0)
    frames.expect(vm, deaf=[in10, in20, trunk], patience=0)
    equal(identity(w), before, "rows")

    # One end untagged in VLAN 20, the other in VLAN 10: a translation.
    write(w, {"tag": 20}, {"tag": 10})
    w.ctl("sync")
    frames.expect(vm, hear=[in10], deaf=[in20], tag=20, patience=0)
    frames.expect(vm, deaf=[in10, in20, trunk], tag=10, patience=0)
    frames.expect(in10, hear=[vm], as_tag=20, patience=0)
    equal((identity(w), w.port("p0")["tag"], w.port("p1")["tag"]),
          (before, 20, 10), "rows and tags")

    write(w, {"vlan_mode": "native-untagged", "tag": 10, "trunks": [20]},
          {"vlan_mode": "native-tagged", "tag": 10, "trunks": [20]})
    w.ctl("sync")
    frames.expect(vm, hear=[in20], deaf=[in10], tag=20, patience=0)
    frames.expect(vm, hear=[in10], deaf=[in20], tag=10, patience=0)
    frames.expect(vm, deaf=[trunk], tag=30, patience=0)

    write(w)
    w.ctl("sync")
    frames.expect(vm, hear=[in20], tag=20, patience=0)
    equal([w.port(n)[c] for n in ENDS for c in ("tag", "trunks",
                                                "vlan_mode")],
          [[]] * 6, "VLAN columns")
    equal(identity(w), before, "rows")


@options(asan=True)
def test_end_deleted(w):
    """An end, or both, deleted by hand come back, and so do frames; a peer
    or a type that somebody changed is put back."""
    vm, in10, _, _ = world(w)
    for gone in (["p0"], ["p1"], ["p0", "p1"]):
        before = identity(w)
        args = []
        for name in gone:
            args += ["--", "del-port", name]
        w.vsctl(*args[1:])
        wait(lambda: all(w.iface(n) and w.iface(n)["ofport"] not in ([], -1)
                         for n in ENDS), "the pair is back")
        w.wait_state("link:l")
        frames.expect(vm, hear=[in10], tag=10)
        frames.expect(in10, hear=[vm], as_tag=10)
        for name in set(ENDS) - set(gone):
            equal(w.port(name)["_uuid"], before[name][0], "the other's row")
    before = {n: w.port(n)["_uuid"] for n in ENDS}
    w.vsctl("set", "interface", "p0", "options:peer=elsewhere")
    wait(lambda: w.iface("p0")["options"] == {"peer": "p1"}, "the peer")
    w.wait_state("link:l")
    frames.expect(vm, hear=[in10], tag=10)
    w.vsctl("set", "interface", "p1", "type=internal")
    wait(lambda: w.iface("p1")["type"] == "patch", "the type")
    w.wait_state("link:l")
    frames.expect(vm, hear=[in10], tag=10)
    frames.expect(in10, hear=[vm], as_tag=10)
    equal({n: w.port(n)["_uuid"] for n in ENDS}, before, "rows")
    w.wait_idle()


@options(asan=True)
def test_never_half(w):
    """No end is made before both can be: with a bridge missing, or with one
    of the names taken."""
    w.write_host({
        "bridges": {"br0": NETDEV},
        "links": {"l": {"type": "patch", "ends": [
            {"bridge": "br0", "port": "p0"},
            {"bridge": "late", "port": "p1"}]}}})
    w.write_vm("vm0", {"net0": nic(1, ifname="tap0", tag=10)})
    w.start_portd()
    w.wait_state("vm0/net0")
    w.wait_state("link:l", "waiting", text="late")
    never(lambda: w.port("p0") or w.port("p1"), "half a link was made", 1)
    w.vsctl("add-br", "late", "--", "set", "bridge", "late",
            "datapath_type=netdev")
    w.wait_state("link:l")
    equal((w.bridge_of("p0"), w.bridge_of("p1")), (["br0"], ["late"]),
          "bridges")


def test_name_taken(w):
    """A stranger's port with an end's name: a conflict, it is not changed,
    and the other end is not made either."""
    w.vsctl("add-br", "br9", "--", "set", "bridge", "br9",
            "datapath_type=netdev", "--", "add-port", "br9", "p1", "tag=7",
            "--", "set", "interface", "p1", "type=internal")
    w.wait_answer(w.vswitchd)
    foreign = w.port("p1")
    w.expect_log(r"link:l: conflict: ")
    write(w)
    w.start_portd()
    w.wait_state(["bridge:br0", "bridge:br1"])
    w.wait_state("link:l", "conflict", text="p1")
    never(lambda: w.port("p0"), "half a link was made", 1)
    same(w.port("p1"), foreign, "the stranger's port")
    w.vsctl("del-port", "p1")
    w.wait_state("link:l")


def test_moved_end(w):
    """An end moves to another bridge in one transaction: the rows stay."""
    vm, in10, in20, _ = world(w)
    write(w, bridges=("br0", "br1", "br2"))
    w.ctl("sync")
    before = identity(w)
    w.write_host({
        "bridges": {n: NETDEV for n in ("br0", "br1", "br2")},
        "links": {"l": {"type": "patch", "ends": [
            {"bridge": "br0", "port": "p0"},
            {"bridge": "br2", "port": "p1"}]}}})
    w.ctl("sync")
    w.wait_state("link:l")
    equal(w.bridge_of("p1"), ["br2"], "bridge of p1")
    equal({n: identity(w)[n][:2] for n in ENDS},
          {n: before[n][:2] for n in ENDS}, "rows")
    frames.expect(vm, deaf=[in10, in20], tag=10, patience=0)
    w.write_vm("vm1", {"net0": nic(2, ifname="tap1", bridge="br2",
                                   tag=10)})
    w.ctl("sync")
    frames.expect(vm, hear=[in10], deaf=[in20], tag=10)


def test_removed(w):
    """A link that left the spec is held and carries on; confirmed, both ends
    go."""
    vm, in10, _, _ = world(w)
    before = identity(w)
    w.write_host({"bridges": {"br0": NETDEV, "br1": NETDEV}})
    w.wait_state("link:l", "held", text="gc-confirm link:l")
    equal(identity(w), before, "rows")
    frames.expect(vm, hear=[in10], tag=10, patience=0)
    # Back again before anybody has confirmed: as if nothing had been.
    write(w)
    w.wait_state("link:l")
    equal(identity(w), before, "rows")
    w.write_host({"bridges": {"br0": NETDEV, "br1": NETDEV}})
    w.wait_state("link:l", "held")
    w.ctl("gc-confirm", "link:l")
    w.wait_state("link:l", None)
    equal([w.port(n) for n in ENDS], [None, None], "ports")
    frames.expect(vm, deaf=[in10], tag=10, patience=0)


def test_columns(w):
    """What an end may say beside its VLANs, in place and cleared again."""
    full = {"ofport_request": 77, "protected": True,
            "other_config": {"priority-tags": "always"},
            "external_ids": {"cable": "7"}}
    world(w, full)
    before = {n: w.port(n)["_uuid"] for n in ENDS}
    wait(lambda: w.iface("p0")["ofport"] == 77, "ofport 77")
    equal((w.port("p0")["protected"], w.port("p0")["other_config"],
           w.iface("p0")["external_ids"]["cable"],
           w.iface("p0")["ofport_request"]),
          (True, {"priority-tags": "always"}, "7", 77), "columns")
    write(w)
    w.ctl("sync")
    equal((w.port("p0")["protected"], w.port("p0")["other_config"],
           w.iface("p0")["external_ids"].get("cable"),
           w.iface("p0")["ofport_request"]),
          (False, {}, None, []), "columns")
    equal({n: w.port(n)["_uuid"] for n in ENDS}, before, "rows")
    w.wait_state("link:l")
