# SPDX-License-Identifier: Apache-2.0
"""Veth links: a pair of devices between bridges, or out of one."""

import os
import signal
import socket
import subprocess

import frames
from harness import equal, never, nic, options, same, wait

BRIDGES = {"br0": {"datapath_type": "netdev"},
           "br1": {"datapath_type": "netdev"}}


def veth(*ends, name="lab"):
    """A "links" section."""
    return {name: {"type": "veth", "ends": list(ends)}}


def write(w, *ends):
    links = {"links": veth(*ends)} if ends else {}
    w.write_host({"bridges": BRIDGES, **links})


def two_guests(w):
    """vm1 on br0 and vm2 on br1, both in VLAN 10, and vm3 on br1 in 20."""
    w.write_vm("vm1", {"net0": nic(1, ifname="tap1", tag=10)})
    w.write_vm("vm2", {"net0": nic(2, ifname="tap2", tag=10, bridge="br1")})
    w.write_vm("vm3", {"net0": nic(3, ifname="tap3", tag=20, bridge="br1")})
    w.wait_state(["vm%d/net0" % i for i in (1, 2, 3)])
    return [w.open("vm%d/net0" % i) for i in (1, 2, 3)]


def check_pair(w, ends, names=("veth0", "veth1")):
    """Both devices are there, up, ours, each other's, and in these ports."""
    for i, name in enumerate(names):
        link = w.link(name)
        equal((link["linkinfo"]["info_kind"], link["ifalias"],
               link["group"], link["link"]),
              ("veth", "ovs-portd:main/link:lab", "default", names[1 - i]),
              name)
        equal(w.is_up(name), True, name + " is up")
        row = w.iface(name)
        equal(bool(row), "bridge" in ends[i], "rows of " + name)
        if row:
            equal((row["type"], row["ofport"] > 0, row["error"]),
                  ("", True, []), "Interface " + name)


@options(asan=True)
def test_frames_and_vlans(w):
    """Frames cross a pair between two bridges, and the tags of its ports
    apply; a pair deleted by hand comes back, and so do the frames."""
    ends = [{"bridge": "br0", "port": "veth0"},
            {"bridge": "br1", "port": "veth1"}]
    write(w, *ends)
    w.start_portd()
    w.wait_state("link:lab")
    check_pair(w, ends)
    vm1, vm2, vm3 = two_guests(w)
    frames.talk(vm1, vm2)
    frames.expect(vm1, hear=[vm2], deaf=[vm3])

    # An access port of VLAN 20 at the far end: what comes out untagged is
    # VLAN 20 there.
    ends[0]["tag"] = 10
    ends[1]["tag"] = 20
    before = w.ifindex("veth0")
    write(w, *ends)
    w.ctl("sync")
    w.wait_state("link:lab")
    equal((w.port("veth0")["tag"], w.port("veth1")["tag"]), (10, 20), "tags")
    frames.expect(vm1, hear=[vm3], deaf=[vm2])
    frames.expect(vm3, hear=[vm1], deaf=[vm2])
    equal(w.ifindex("veth0"), before, "ifindex after a retag")

    uuids = [w.iface(n)["_uuid"] for n in ("veth0", "veth1")]
    for name in "veth1", "veth0":
        w.ip("link", "del", name)
        wait(lambda: w.ifindex("veth0") not in (None, before), "a new pair")
        w.wait_state("link:lab")
        check_pair(w, ends)
        frames.talk(vm1, vm3)
        before = w.ifindex("veth0")
    equal([w.iface(n)["_uuid"] for n in ("veth0", "veth1")], uuids,
          "the Interface rows")


def expect_at(device, hear, deaf):
    """Fails unless what guest 'hear' sends comes out of 'device', and nothing
    that 'deaf' sends does."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                       socket.htons(frames.ETHERTYPE)) as sock:
        sock.bind((device, frames.ETHERTYPE))
        sock.settimeout(0.2)
        sent, seen = set(), set()

        def arrived():
            deaf.send()
            sent.add(hear.send())
            try:
                while True:
                    seen.add(frames.Seen(sock.recv(2048), 0).number)
            except TimeoutError:
                return bool(sent & seen)
        wait(arrived, "frames come out of " + device)
        equal(seen - sent, set(), "others' frames at " + device)


@options(asan=True, valgrind=True)
def test_free_end(w):
    """An end outside of Open vSwitch is set up and gets the frames of its
    VLAN; MTUs are kept, and return to 1500; the daemon's restart writes
    nothing."""
    ends = [{"bridge": "br0", "port": "veth0", "tag": 10, "mtu": 9000},
            {"port": "veth1", "mtu": 9000}]
    write(w, *ends)
    w.start_portd()
    w.wait_state("link:lab")
    check_pair(w, ends)
    equal([w.link(n)["mtu"] for n in ("veth0", "veth1")], [9000, 9000],
          "MTUs")
    equal(w.iface("veth0")["mtu_request"], 9000, "mtu_request")
    for i in 1, 2:
        w.write_vm("vm%d" % i, {"net0": nic(i, ifname="tap%d" % i,
                                            tag=10 * i)})
    w.wait_state(["vm1/net0", "vm2/net0"])
    expect_at("veth1", hear=w.open("vm1/net0"), deaf=w.open("vm2/net0"))

    # Drift.
    w.ip("link", "set", "veth1", "mtu", "1400")
    w.ip("link", "set", "veth1", "down")
    wait(lambda: w.link("veth1")["mtu"] == 9000 and w.is_up("veth1"),
         "veth1 is set up again")
    ifindexes = [w.ifindex(n) for n in ("veth0", "veth1")]
    write(w, *({k: v for k, v in end.items() if k != "mtu"} for end in ends))
    wait(lambda: [w.link(n)["mtu"] for n in ("veth0", "veth1")]
         == [1500, 1500], "MTU 1500")
    wait(lambda: w.iface("veth0")["mtu_request"] == [], "no mtu_request")
    w.wait_state("link:lab")
    equal([w.ifindex(n) for n in ("veth0", "veth1")], ifindexes, "ifindexes")

    w.wait_idle()
    rows, kernel = w.db_dump(), w.kernel_dump()
    w.portd.stop()
    w.start_portd()
    w.wait_state("link:lab")
    equal(w.wait_idle(), (0, 0), "transactions and writes after a restart")
    same(w.db_dump(), rows, "the database")
    same(w.kernel_dump(), kernel, "the kernel")


@options(asan=True)
def test_removal(w):
    """A link that leaves host.json is held; confirmed, both devices and
    their ports go, and nothing else."""
    ends = [{"bridge": "br0", "port": "veth0"},
            {"bridge": "br1", "port": "veth1"}]
    w.ip("link", "add", "mine0", "type", "veth", "peer", "name", "mine1")
    write(w, *ends)
    w.start_portd()
    w.wait_state("link:lab")
    write(w)
    w.wait_state("link:lab", "held")
    never(lambda: not w.link("veth0") or not w.port("veth1"),
          "a held link was touched", 2)
    w.ctl("gc-confirm", "link:lab")
    wait(lambda: not w.link("veth0") and not w.link("veth1"),
         "the devices are gone")
    wait(lambda: not w.port("veth0") and not w.port("veth1"),
         "the ports are gone")
    w.wait_state("link:lab", None)
    equal(bool(w.link("mine0") and w.link("mine1")), True,
          "somebody else's pair is there")


def test_changes(w):
    """Another name makes another pair; an end that leaves its bridge keeps
    the devices; a patch link of the same name and ports takes them away."""
    ends = [{"bridge": "br0", "port": "veth0"},
            {"bridge": "br1", "port": "veth1"}]
    write(w, *ends)
    w.start_portd()
    w.wait_state("link:lab")
    ifindex = w.ifindex("veth1")
    free = [ends[0], {"port": "veth1"}]
    write(w, *free)
    wait(lambda: not w.port("veth1"), "veth1's port is gone")
    w.wait_state("link:lab")
    check_pair(w, free)
    equal(w.ifindex("veth1"), ifindex, "ifindex of veth1")

    renamed = [ends[0], {"bridge": "br1", "port": "veth2"}]
    write(w, *renamed)
    wait(lambda: w.link("veth2"), "veth2")
    w.wait_state("link:lab")
    check_pair(w, renamed, ("veth0", "veth2"))
    equal(w.link("veth1"), None, "veth1")
    vm1, vm2, _ = two_guests(w)
    frames.talk(vm1, vm2)

    w.write_host({"bridges": BRIDGES, "links": {"lab": {
        "type": "patch", "ends": renamed}}})
    wait(lambda: not w.link("veth0") and not w.link("veth2"),
         "the devices are gone")
    w.wait_state("link:lab")
    frames.talk(vm1, vm2)


@options(asan=True)
def test_strangers(w):
    """A device that has the name of an end is a conflict, and stays; an end
    that was moved to another namespace is waited for."""
    w.expect_log(r"link:lab")
    w.ip("link", "add", "veth1", "type", "veth",
         "peer", "name", "other")
    before = w.link("veth1"), w.link("other")
    ends = [{"bridge": "br0", "port": "veth0"}, {"port": "veth1"}]
    write(w, *ends)
    w.start_portd()
    w.wait_state("link:lab", "conflict", text="veth1")
    never(lambda: w.link("veth0"), "half a pair was made", 1)
    same({"links": [w.link("veth1"), w.link("other")]},
         {"links": list(before)}, "the stranger's pair")
    w.ip("link", "del", "veth1")
    w.wait_state("link:lab")
    check_pair(w, ends)

    ifindex = w.ifindex("veth0")
    away = subprocess.Popen(["unshare", "--net", "sleep", "1000"])
    try:
        ns = "/proc/%d/ns/net" % away.pid
        wait(lambda: os.readlink(ns) != os.readlink("/proc/self/ns/net"),
             "another namespace")
        w.ip("link", "set", "veth1", "netns", str(away.pid))
        w.wait_state("link:lab", "waiting", text="another network namespace")
        never(lambda: w.link("veth1") or w.ifindex("veth0") != ifindex,
              "something was made anew", 1)
        w.run("nsenter", "--net=" + ns, "ip", "link", "set", "veth1",
              "netns", str(os.getpid()))
        w.wait_state("link:lab")
        check_pair(w, ends)
        w.ip("link", "set", "veth1", "netns", str(away.pid))
        w.wait_state("link:lab", "waiting")
        # What is moved goes with its namespace, and then both are made anew.
    finally:
        away.send_signal(signal.SIGKILL)
        away.wait()
    wait(lambda: w.ifindex("veth0") not in (None, ifindex), "a new pair")
    w.wait_state("link:lab")
    check_pair(w, ends)


@options(asan=True)
def test_unfinished(w):
    """A pair that a killed daemon left without its mark is finished by the
    next one, not made anew and no conflict."""
    ends = [{"bridge": "br0", "port": "veth0"}, {"port": "veth1"}]
    group = "1870017316"         # 0x6f763324: that of instance "main".
    w.ip("link", "add", "veth0", "group", group, "type", "veth",
         "peer", "name", "veth1", "group", group)
    ifindex = w.ifindex("veth0")
    write(w, *ends)
    w.start_portd()
    w.wait_state("link:lab")
    check_pair(w, ends)
    equal(w.ifindex("veth0"), ifindex, "ifindex")
