# SPDX-License-Identifier: Apache-2.0
"""Bonds: members come and go, with frames, and LACP between two hosts."""

import json
import signal
import time

import frames
from harness import equal, never, nic, options, same, wait
from wires import Neighbour, bond, cable, plug

NETDEV = {"datapath_type": "netdev"}


def write(w, *members, **bond0):
    w.write_host({"bridges": {"br0": NETDEV}, "bonds": {
        "bond0": {"bridge": "br0", "members": list(members), **bond0}}})


def world(w, *members, **bond0):
    """vm1 in VLAN 10 and bond0 on br0; returns vm1's guest and the wires by
    their members' names."""
    wires = {name: cable(w, name) for name in members}
    write(w, *members, **bond0)
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", tag=10)})
    w.start_portd()
    w.wait_state(["bond:bond0", "vm1/net0"])
    return w.open("vm1/net0"), wires


def only(w, vm, wires, active):
    """Frames pass through the member 'active' alone."""
    rest = [wire for name, wire in wires.items() if name != active]
    frames.expect(vm, hear=[wires[active]], deaf=rest, as_tag=10)
    frames.expect(wires[active], hear=[vm], tag=10)
    for wire in rest:
        frames.expect(wire, deaf=[vm], tag=10, patience=0)


def identity(w, *members):
    """What must stay while a bond goes through changes."""
    return {"bond0": w.port("bond0")["_uuid"],
            **{m: (w.iface(m)["_uuid"], w.iface(m)["ofport"])
               for m in members}}


def settled_on(w, member):
    wait(lambda: bond(w, "bond0")["active"] == member,
         lambda: "%s is active; %r" % (member, bond(w, "bond0")))


@options(asan=True)
def test_active_backup(w):
    """The active member loses its carrier: the other one takes over, and
    ovs-portd has nothing to do with it."""
    vm, wires = world(w, "eth1", "eth2", bond_mode="active-backup")
    first = bond(w, "bond0")["active"]
    second = {"eth1": "eth2", "eth2": "eth1"}[first]
    before = identity(w, "eth1", "eth2")
    written = w.wait_idle()
    only(w, vm, wires, first)

    stream = frames.Stream(vm, 0.005)
    plug(w, first, "down")
    down = time.monotonic()
    settled_on(w, second)
    only(w, vm, wires, second)
    end = time.monotonic()
    time.sleep(0.3)
    lost = stream.between(down, end) - wires[second].numbers().keys()
    late = [n for n in lost if stream.sent[n] > down + 3 * frames.slowness]
    equal(late, [], "frames lost 3 s after the carrier")
    w.wait_state("bond:bond0")

    # The one that is back does not take over again by itself.
    plug(w, first, "up")
    wait(lambda: bond(w, "bond0")["members"][first], "it is enabled again")
    only(w, vm, wires, second)
    equal(identity(w, "eth1", "eth2"), before, "rows")
    equal(w.written(), written, "transactions and netlink writes")

    # With a primary one it does; that is changed in place.
    write(w, "eth1", "eth2", bond_mode="active-backup",
          other_config={"bond-primary": first})
    w.ctl("sync")
    settled_on(w, first)
    only(w, vm, wires, first)
    equal(identity(w, "eth1", "eth2"), before, "rows")


def test_member_set_down(w):
    """A member that somebody sets down is up again, and of use."""
    vm, wires = world(w, "eth1", "eth2", bond_mode="active-backup",
                      other_config={"bond-primary": "eth1"})
    settled_on(w, "eth1")
    w.ip("link", "set", "eth1", "down")
    wait(lambda: w.is_up("eth1"), "eth1 is up again")
    settled_on(w, "eth1")
    only(w, vm, wires, "eth1")


def shown(w, name, *options):
    """What 'show' says of bond 'name' in its columns, and on stderr."""
    result = w.ctl(*options, "-f", "json", "show", name)
    table = json.loads(result.stdout)
    equal(len(table["data"]), 1, "rows of %s" % result.stdout)
    return dict(zip(table["headings"], table["data"][0])), result.stderr


def facts(w, name):
    row, said = shown(w, name)
    equal(said, "", "stderr of 'show'")
    return [row[n] for n in ("bond_mode", "lacp", "active", "members")]


@options(asan=True)
def test_facts_in_show(w):
    """'show' says which member is active, and what the others are like; it
    follows a failover, with the daemon or without, and a stopped or absent
    ovs-vswitchd costs nothing but these facts."""
    world(w, "eth1", "eth2", bond_mode="active-backup",
          other_config={"bond-primary": "eth1"})
    settled_on(w, "eth1")
    both = ["active-backup", "off", "eth1", "eth1 enabled, eth2 enabled"]
    equal(facts(w, "bond0"), both, "facts")
    people = w.ctl("show").stdout
    lines = [line.split() for line in people.splitlines()]
    equal(lines[-2:], [
        ["BOND", "MODE", "LACP", "ACTIVE"],
        ["bond:bond0", "active-backup", "off", "eth1",
         "eth1", "enabled,", "eth2", "enabled"]], "bonds in\n" + people)
    equal("BOND" in w.ctl("show", "vm1").stdout, False, "show vm1")

    plug(w, "eth1", "down")
    want = ["active-backup", "off", "eth2", "eth1 disabled, eth2 enabled"]
    wait(lambda: facts(w, "bond:bond0") == want,
         lambda: "a failover is shown; %r" % facts(w, "bond0"))
    w.portd.stop()
    row, _ = shown(w, "bond0")
    equal(row["active"], "eth2", "the active member without the daemon")

    w.start_portd()
    w.wait_state("bond:bond0")
    w.vswitchd.signal(signal.SIGSTOP)
    row, said = shown(w, "bond0", "--timeout=20")
    equal((row["bond_mode"], row["lacp"], row["active"], row["members"]),
          ("-",) * 4, "facts of a stopped ovs-vswitchd")
    equal("ovs-vswitchd does not answer" in said, True, said)
    equal(w.ctl("show", "vm1").stderr, "", "who asks for no bond")
    w.vswitchd.signal(signal.SIGCONT)
    wait(lambda: shown(w, "bond0")[0]["active"] == "eth2", "it answers again")

    w.vswitchd.kill()
    row, said = shown(w, "bond0")
    equal((row["active"], "ovs-vswitchd is not running" in said),
          ("-", True), "without ovs-vswitchd: " + said)


SOURCES = 64


def spread(vm, wires, turn):
    """Sends from 64 addresses, other ones in each turn: a sender that has its
    member keeps it until the load differs enough.  Returns how many frames
    each wire got, and fails if one of them came twice."""
    sent = [vm.send(src="52:54:00:02:%02x:%02x" % (turn, i))
            for i in range(SOURCES)]
    time.sleep(0.5)
    got = {name: [s.number for s in list(wire.seen) if s.number in set(sent)]
           for name, wire in wires.items()}
    everything = sum(got.values(), [])
    equal(len(everything), len(set(everything)), "frames without doubles")
    return {name: len(numbers) for name, numbers in got.items()}


def all_through(vm, wires, members, turn=0):
    """All 64 addresses' frames pass, some through each of 'members' and none
    through the others."""
    last = {}

    def so():
        last.update(spread(vm, wires, turn))
        return sum(last.values()) == SOURCES and all(
            (last[name] > 0) == (name in members) for name in wires)
    wait(so, lambda: "all frames through %s; they went %r" % (members, last))


@options(asan=True)
def test_balance_slb(w):
    """Senders are spread over the members; when one is lost, all use the
    other, and both again when it is back."""
    vm, wires = world(w, "eth1", "eth2", bond_mode="balance-slb",
                      other_config={"bond-rebalance-interval": "1000"})
    before = identity(w, "eth1", "eth2")
    written = w.wait_idle()
    all_through(vm, wires, ["eth1", "eth2"])
    for wire in wires.values():
        frames.expect(wire, hear=[vm], tag=10, dst=vm.mac)
    for turn, (lost, left) in enumerate([("eth1", "eth2"),
                                         ("eth2", "eth1")], 1):
        plug(w, lost, "down")
        all_through(vm, wires, [left])
        frames.expect(wires[left], hear=[vm], tag=10, dst=vm.mac)
        w.wait_state("bond:bond0")
        plug(w, lost, "up")
        wait(lambda: bond(w, "bond0")["members"][lost], "it is enabled")
        all_through(vm, wires, ["eth1", "eth2"], turn)
    equal(identity(w, "eth1", "eth2"), before, "rows")
    equal(w.written(), written, "transactions and netlink writes")


def test_change_members(w):
    """A member is added and another removed: the bond's row, the others'
    rows and their frames stay; the removed device is left alone."""
    vm, wires = world(w, "eth1", "eth2", bond_mode="active-backup",
                      other_config={"bond-primary": "eth1"})
    wires["eth3"] = cable(w, "eth3")
    settled_on(w, "eth1")
    before = identity(w, "eth1", "eth2")
    aliases = {n: w.link(n).get("ifalias") for n in wires}
    more = {"bond_mode": "active-backup",
            "other_config": {"bond-primary": "eth1"}}
    only(w, vm, {n: wires[n] for n in ("eth1", "eth2")}, "eth1")

    stream = frames.Stream(vm, 0.002)
    begin = time.monotonic()
    write(w, "eth1", "eth2", "eth3", **more)
    w.ctl("sync")
    w.wait_state("bond:bond0")
    equal(identity(w, "eth1", "eth2"), before, "rows")
    equal(set(bond(w, "bond0")["members"]), {"eth1", "eth2", "eth3"},
          "members")
    write(w, "eth1", "eth3", **more)
    w.ctl("sync")
    w.wait_state("bond:bond0")
    wait(lambda: w.iface("eth2") is None, "eth2's row is gone")
    equal(set(bond(w, "bond0")["members"]), {"eth1", "eth3"}, "members")
    time.sleep(0.3)
    lost = (stream.between(begin, time.monotonic() - 0.2)
            - wires["eth1"].numbers().keys())
    stream.stop()
    equal(len(lost), 0, "frames lost (of %d)" % len(stream.sent))
    equal(identity(w, "eth1"), {n: before[n] for n in ("bond0", "eth1")},
          "rows")
    equal(({n: w.link(n).get("ifalias") for n in wires},
           w.is_up("eth2")), (aliases, True), "the devices themselves")

    # The new one is as good as the old ones.
    plug(w, "eth1", "down")
    only(w, vm, {n: wires[n] for n in ("eth1", "eth3")}, "eth3")

    # A member taken out by hand comes back, one put in by hand stays.
    plug(w, "eth1", "up")
    w.vsctl("del-bond-iface", "bond0", "eth3")
    wait(lambda: w.iface("eth3"), "eth3 is a member again")
    w.vsctl("add-bond-iface", "bond0", "eth2")
    never(lambda: not w.iface("eth2"), "the stranger's member is gone")
    w.wait_state("bond:bond0")
    equal(set(bond(w, "bond0")["members"]), {"eth1", "eth2", "eth3"},
          "members")


def test_missing_member(w):
    """A bond waits for its last member, is never built of half of them, and
    loses none when one disappears for a while."""
    cables = {n: cable(w, n) for n in ("eth1",)}
    write(w, "eth1", "eth2", bond_mode="active-backup")
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", tag=10)})
    w.start_portd()
    w.wait_state("vm1/net0")
    w.wait_state("bond:bond0", "waiting", text="eth2")
    never(lambda: w.port("bond0") or w.iface("eth1"),
          "half a bond was made", 1)
    cables["eth2"] = cable(w, "eth2")
    w.wait_state("bond:bond0")
    vm = w.open("vm1/net0")
    only(w, vm, cables, bond(w, "bond0")["active"])

    before = identity(w)
    w.ip("link", "del", "eth2")
    w.wait_state("bond:bond0", "waiting", text="eth2")
    # Of a bond with one member left ovs-vswitchd may make an ordinary port.
    wait(lambda: bond(w, "bond0")["active"] in ("eth1", None),
         "eth1 is active")
    only(w, vm, {"eth1": cables["eth1"]}, "eth1")
    cables["eth2"].close()
    cables["eth2"] = cable(w, "eth2")
    w.wait_state("bond:bond0")
    plug(w, "eth1", "down")
    only(w, vm, cables, "eth2")
    equal(identity(w), before, "row")


def lacp(w, name, target_world=None):
    return (target_world or w).appctl("lacp/show", name,
                                      target="ovs-vswitchd")


@options(timeout=180)
def test_lacp_with_a_neighbour(w):
    """LACP negotiates with another host's Open vSwitch, with lacp-time fast;
    the loss of a member and changes of 'lacp' in place."""
    n = Neighbour(w)
    n.start_ovs()
    for i in "12":
        n.lay("eth" + i, "n" + i)
    n.vsctl("add-br", "br-n", "--", "set", "bridge", "br-n",
            "datapath_type=netdev", "--",
            "add-bond", "br-n", "bond-n", "n1", "n2", "lacp=passive",
            "bond_mode=balance-tcp", "other_config:lacp-time=fast")
    far = n.cable("nh")
    n.vsctl("add-port", "br-n", "nh", "tag=10")

    spec = {"bond_mode": "balance-tcp", "lacp": "active",
            "other_config": {"lacp-time": "fast", "lacp-system-priority":
                             "7", "lacp-system-id": "02:00:00:00:00:77"}}
    write(w, "eth1", "eth2", **spec)
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", tag=10)})
    w.start_portd()
    w.wait_state(["bond:bond0", "vm1/net0"])
    vm = w.open("vm1/net0")

    def negotiated():
        return all(bond(*side).get("lacp_status") == "negotiated"
                   and all(bond(*side)["members"].values())
                   for side in ((w, "bond0"), (n, "bond-n")))
    wait(negotiated, lambda: "LACP negotiates: " + lacp(w, "bond0"))
    text = lacp(w, "bond0")
    for part in ("status: active negotiated", "lacp_time: fast",
                 "sys_priority: 7", "sys_id: 02:00:00:00:00:77",
                 "member: eth1: current attached",
                 "member: eth2: current attached"):
        equal(part in text, True, "'%s' in lacp/show:\n%s" % (part, text))
    equal("partner sys_id: 02:00:00:00:00:77" in lacp(n, "bond-n"), True,
          "the neighbour knows us")
    before = identity(w, "eth1", "eth2")
    written = w.wait_idle()
    frames.talk(vm, far)

    for lost in "1", "2":
        n.run("ip", "link", "set", "n" + lost, "down")
        wait(lambda: not bond(w, "bond0")["members"]["eth" + lost],
             "the member is lost")
        frames.talk(vm, far)
        n.run("ip", "link", "set", "n" + lost, "up")
        wait(negotiated, lambda: "LACP is back: " + lacp(w, "bond0"))
        frames.talk(vm, far)
    w.wait_state("bond:bond0")
    equal(w.written(), written, "transactions and netlink writes")

    # Passive on both sides: nobody begins.
    write(w, "eth1", "eth2", **dict(spec, lacp="passive"))
    w.ctl("sync")
    wait(lambda: "status: passive" in lacp(w, "bond0"), "passive")
    write(w, "eth1", "eth2", **dict(spec, lacp="off",
                                    bond_mode="active-backup"))
    w.ctl("sync")
    wait(lambda: bond(w, "bond0")["lacp_status"] == "off", "off")
    wait(lambda: bond(n, "bond-n")["lacp_status"] == "configured",
         "the neighbour has noticed")
    write(w, "eth1", "eth2", **spec)
    wait(negotiated, lambda: "LACP negotiates again: " + lacp(w, "bond0"))
    frames.talk(vm, far)
    equal(identity(w, "eth1", "eth2"), before, "rows")


@options(asan=True)
def test_lacp_slb_on_one_host(w):
    """Two bonds of one spec, joined by two cables, negotiate; both survive
    the loss of a member."""
    for i in "12":
        w.ip("link", "add", "a" + i, "type", "veth", "peer", "name", "b" + i)
    both = {"bond_mode": "balance-slb", "lacp": "active",
            "other_config": {"lacp-time": "fast"}}
    w.write_host({
        "bridges": {"br0": NETDEV, "br1": NETDEV},
        "bonds": {"a": {"bridge": "br0", "members": ["a1", "a2"], **both},
                  "b": {"bridge": "br1", "members": ["b1", "b2"], **both}}})
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", tag=10)})
    w.write_vm("vm2", {"net0": nic(2, ifname="tap1", tag=10, bridge="br1")})
    w.start_portd()
    w.wait_state(["bond:a", "bond:b", "vm1/net0", "vm2/net0"])
    vms = w.open("vm1/net0"), w.open("vm2/net0")

    def negotiated():
        return all(bond(w, n)["lacp_status"] == "negotiated" for n in "ab")
    wait(negotiated, lambda: "LACP negotiates: " + lacp(w, "a"))
    mode, status, _, members = facts(w, "bond:a")
    equal((mode, status, members),
          ("balance-slb", "negotiated", "a1 enabled, a2 enabled"), "show")
    frames.talk(*vms)
    # Down by hand and by the cable: the member is put up again.
    w.ip("link", "set", "a1", "down")
    wait(lambda: w.is_up("a1"), "a1 is up again")
    wait(negotiated, "LACP negotiates again")
    frames.talk(*vms)
    w.ip("link", "del", "a2")
    w.wait_state(["bond:a", "bond:b"], "waiting")
    frames.talk(*vms)


def test_columns(w):
    """Every key of a bond reaches OVS, is changed in place, and is cleared
    with the spec; others' keys stay."""
    other = {"bond-primary": "eth2", "bond-detect-mode": "miimon",
             "bond-miimon-interval": "250", "bond-rebalance-interval": "5000",
             "lacp-fallback-ab": "true", "lacp-time": "fast"}
    spec = {"bond_mode": "balance-slb", "lacp": "active",
            "bond_updelay": 200, "bond_downdelay": 300,
            "mac": "02:00:00:00:00:aa", "protected": True, "mtu": 2000,
            "vlan_mode": "native-untagged", "tag": 10, "trunks": [10, 20],
            "other_config": other, "external_ids": {"rack": "7"}}
    world(w, "eth1", "eth2", **spec)
    before = identity(w, "eth1", "eth2")
    port = w.port("bond0")
    for key, value in spec.items():
        if key == "external_ids":
            equal(port[key]["rack"], "7", key)
        elif key != "mtu":
            equal(port[key], value, key)
    for name in "eth1", "eth2":
        equal((w.link(name)["mtu"], w.iface(name)["mtu_request"]),
              (2000, 2000), "MTU of " + name)
    wait(lambda: bond(w, "bond0")["updelay"] == "200 ms", "updelay")
    shown = bond(w, "bond0")
    for key, value in (("bond_mode", "balance-slb"), ("downdelay", "300 ms"),
                       ("lacp_fallback_ab", "true"),
                       ("active-backup primary", "eth2")):
        equal(shown[key], value, key)

    w.vsctl("set", "port", "bond0", "other_config:theirs=1",
            "external_ids:theirs=1", "statistics:x=1")
    write(w, "eth1", "eth2", bond_mode="active-backup", bond_updelay=50)
    w.ctl("sync")
    port = w.port("bond0")
    for key in ("lacp", "mac", "vlan_mode", "tag", "trunks"):
        equal(port[key], [], key)
    equal((port["bond_updelay"], port["bond_downdelay"], port["protected"],
           port["bond_mode"], port["other_config"]),
          (50, 0, False, "active-backup", {"theirs": "1"}), "columns")
    equal((port["external_ids"].get("rack"),
           port["external_ids"]["theirs"]), (None, "1"), "external_ids")
    for name in "eth1", "eth2":
        equal(w.iface(name)["mtu_request"], [], "mtu_request of " + name)
    wait(lambda: bond(w, "bond0")["updelay"] == "50 ms", "updelay")
    equal(identity(w, "eth1", "eth2"), before, "rows")
    # What others set of ours is put back.
    w.vsctl("set", "port", "bond0", "bond_mode=balance-slb", "bond_updelay=1",
            "external_ids:ovs-portd-owned=tag")
    wait(lambda: (w.port("bond0")["bond_mode"],
                  w.port("bond0")["bond_updelay"]) == ("active-backup", 50),
         "drift is repaired")


def test_active_slave(w):
    """bond_active_slave is written once; after that it is ovs-vswitchd's (3.1
    does not even read it), and whoever is active is not fought over."""
    for name in "eth1", "eth2":
        cable(w, name)
    macs = {n: w.link(n)["address"] for n in ("eth1", "eth2")}
    write(w, "eth1", "eth2", bond_mode="active-backup",
          bond_active_slave=macs["eth2"])
    w.vswitchd.signal(signal.SIGSTOP)
    w.start_portd()
    wait(lambda: w.port("bond0"), "bond0's row")
    equal(w.port("bond0")["bond_active_slave"], macs["eth2"], "the column")
    w.vswitchd.signal(signal.SIGCONT)
    w.wait_state("bond:bond0")
    before = w.wait_idle()
    for member in "eth1", "eth2", "eth1":
        w.appctl("bond/set-active-member", "bond0", member,
                 target="ovs-vswitchd")
        wait(lambda: w.port("bond0")["bond_active_slave"] == macs[member],
             "ovs-vswitchd has written the column")
        never(lambda: bond(w, "bond0")["active"] != member,
              "somebody else was made active", 1)
    equal(w.written(), before, "transactions and netlink writes")
    w.wait_state("bond:bond0")
    # When it leaves the spec, that is no reason to write for ever either.
    write(w, "eth1", "eth2", bond_mode="active-backup")
    w.ctl("sync")
    w.wait_idle()
    settled_on(w, "eth1")
    w.wait_state("bond:bond0")


def test_removed_and_foreign(w):
    """A bond that left the spec is held with all its rows; confirmed, it is
    gone and its devices are as they were.  A stranger's is a conflict."""
    vm, wires = world(w, "eth1", "eth2", bond_mode="active-backup")
    only(w, vm, wires, bond(w, "bond0")["active"])
    before = {n: w.iface(n)["_uuid"] for n in wires}
    w.write_host()
    w.wait_state("bond:bond0", "held", text="gc-confirm bond:bond0")
    equal({n: w.iface(n)["_uuid"] for n in wires}, before, "rows")
    only(w, vm, wires, bond(w, "bond0")["active"])
    w.ctl("gc-confirm", "bond:bond0")
    w.wait_state("bond:bond0", None)
    equal((w.port("bond0"), w.iface("eth1"), w.iface("eth2")),
          (None, None, None), "rows")
    equal([w.is_up(n) for n in wires], [True, True], "devices are up")

    w.vsctl("add-bond", "br0", "bond0", "eth1", "eth2",
            "bond_mode=balance-slb")
    w.wait_idle()
    foreign = w.port("bond0")
    w.expect_log(r"bond:bond0: conflict: ")
    write(w, "eth1", "eth2", bond_mode="active-backup")
    w.wait_state("bond:bond0", "conflict", text="bond0")
    same(w.port("bond0"), foreign, "the stranger's bond")
    w.vsctl("del-port", "bond0")
    w.wait_state("bond:bond0")
    equal(w.port("bond0")["bond_mode"], "active-backup", "bond_mode")
