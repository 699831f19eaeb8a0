# SPDX-License-Identifier: Apache-2.0
"""SIGKILL at every failpoint (src/failpoint.h) that an operation passes, and
once more while the next daemon recovers: the oracle is content soon after the
one after that, and strangers are as they were.

Each test does its operation and undoes it again, at each of the places."""

import collections
import hashlib
import json
import os
import re
import signal
import time

import oracle
from harness import (Failure, equal, is_stopped, never, nic, options,
                     wait)

SOURCES = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                       "..", "..")
BRIDGES = {"br0": {"datapath_type": "netdev"},
           "br1": {"datapath_type": "netdev"}}


class Crasher:
    """A world whose daemon dies where it is told to."""

    def __init__(self, w):
        self.w = w
        self.point = os.path.join(w.dir, "failpoint")
        self.log = os.path.join(w.dir, "passed")
        self.arm("")
        w.env["PORTD_FAILPOINT"] = self.point
        self.crashes = 0
        self.slowest = 0
        # What is not ours: a port, a device, a key on a row of ours.
        w.vsctl("add-br", "br-x", "--", "set", "bridge", "br-x",
                "datapath_type=netdev", "--", "add-port", "br-x", "x0",
                "--", "set", "interface", "x0", "type=internal")
        w.ip("tuntap", "add", "dev", "y0", "mode", "tap")
        self.strangers = oracle.Strangers(w)

    def arm(self, text):
        with open(self.point + ".new", "w") as f:
            f.write(text + "\n")
        os.rename(self.point + ".new", self.point)

    def clean(self, timeout=60):
        oracle.assert_clean(self.w, timeout=timeout,
                            strangers={"x0", "y0", "br-x"})

    def start(self):
        return self.w.start_portd(answer=False)

    def bury(self, daemon, point):
        if daemon.expected_exit is None:
            equal(daemon.popen.wait(), -9, "how it died at " + point)
            daemon.expected_exit = -9
            self.crashes += 1

    def over(self, daemon, confirm):
        """Until 'daemon' is dead, which is True, or all is clean."""
        deadline = time.monotonic() + 60
        while True:
            for _ in range(20):
                if not daemon.alive():
                    return True
                time.sleep(0.005)
            if confirm:
                confirm()
            wrong = oracle.judge(self.w, strangers={"x0", "y0", "br-x"})
            if not wrong and daemon.alive():
                return False
            if time.monotonic() > deadline:
                raise Failure("neither dead nor clean: %s" % wrong[:10])

    def pass_by(self, daemon):
        """Until 'daemon' is dead, or has looked again at which point is armed:
        it may have done so just before."""
        while daemon.alive() and self.w.run(
                "ovs-appctl", "-t", "ovs-portd", "--timeout=5", "version",
                check=False).returncode:
            time.sleep(0.02)

    def crash(self, point, act, confirm=None):
        """Does act() with 'point' armed.  Where that ends the daemon, the
        next one meets the same point while it recovers, and the third one
        has to bring all to a good end."""
        self.arm(point)
        daemon = self.w.portd
        act()
        for final in False, True:
            if not self.over(daemon, confirm):
                break
            self.bury(daemon, point)
            if not final:
                daemon = self.start()
        self.arm("")
        self.pass_by(daemon)
        if not daemon.alive():
            self.bury(daemon, point)
            daemon = self.start()
        begin = time.monotonic()
        try:
            if self.over(daemon, confirm):
                raise Failure("it has died unarmed")
        except Failure as e:
            raise Failure("killed at %s: %s" % (point, e)) from None
        self.slowest = max(self.slowest, time.monotonic() - begin)

    def everywhere(self, *acts, confirm=None, prepare=None):
        """Does 'acts', which lead back to the beginning, with a crash at each
        place that any of them passes: at the first time and at the last.
        'prepare': what leads there where an act does not; nothing crashes
        meanwhile."""
        w = self.w
        w.env["PORTD_FAILPOINT_LOG"] = self.log
        w.start_portd()
        self.clean()
        for act in acts:
            if prepare:
                prepare()
                os.truncate(self.log, 0)
            act()
            self.over(w.portd, confirm)
        with open(self.log) as f:
            counts = collections.Counter(f.read().split())
        del w.env["PORTD_FAILPOINT_LOG"]
        w.portd.stop()
        w.start_portd()
        points = sorted(counts)
        points += ["%s:%d" % (name, n // len(acts))
                   for name, n in sorted(counts.items())
                   if name.startswith(("tap", "veth", "delete", "set", "txn"))
                   and n // len(acts) > 1]
        for point in points:
            for act in acts:
                if prepare:
                    prepare()
                self.crash(point, act, confirm)
        self.strangers.assert_untouched()
        print("%d crashes at %d points; clean after %.1f s at the latest"
              % (self.crashes, len(points), self.slowest))
        equal(self.crashes >= len(points), True,
              "%d crashes at the points %s" % (self.crashes, points))


def identity(w, name):
    """What a port must not lose when it changes hands."""
    return (w.port(name)["_uuid"], w.iface(name)["_uuid"],
            w.iface(name)["ofport"], w.ifindex(name))


def crasher(w, **host):
    w.expect_log(r"deleting them one by one")
    w.write_host({"bridges": BRIDGES, **host}, gc_grace=0)
    w.write_vm("still", {"net0": nic(1, ifname="still", tag=3, queues=2)})
    return Crasher(w)


def pair(w, **more):
    """A VM with a single-queue and a multiqueue NIC."""
    def act():
        w.write_vm("vm1", {
            "net0": nic(10, ifname="tap0", tag=10, owner="nobody", **more),
            "net1": nic(11, ifname="tap1", queues=4, trunks=[5, 6], **more)})
    return act


@options(failpoints=True, timeout=600)
def test_create_delete(w):
    """A VM comes and goes."""
    crasher(w).everywhere(pair(w), lambda: w.remove("vms.d/vm1.json"))


@options(failpoints=True, timeout=600)
def test_edit(w):
    """VLAN, MTU, owner and qdisc change, and the TAP is held down."""
    c = crasher(w)
    pair(w)()

    def change():
        w.write_vm("vm1", {
            "net0": nic(10, ifname="tap0", tag=11, owner="daemon", mtu=1400,
                        external_ids={"k": "v"}),
            "net1": nic(11, ifname="tap1", queues=4, qdisc="default",
                        quarantined=True)})
    c.everywhere(change, pair(w))


@options(failpoints=True, timeout=600)
def test_move_and_replace(w):
    """Another bridge, another device name, one queue instead of many."""
    c = crasher(w)
    pair(w)()

    def change():
        w.write_vm("vm1", {
            "net0": {**nic(10, ifname="tap9", tag=10), "bridge": "br1"},
            "net1": {**nic(11, ifname="tap1", trunks=[5]), "bridge": "br1"}})
    c.everywhere(change, pair(w))


@options(failpoints=True, timeout=600)
def test_many(w):
    """Twenty at once, which go by their group."""
    c = crasher(w)

    def come():
        w.write_vm("many", {"net%d" % i: nic(20 + i, ifname="m%d" % i,
                                             queues=1 + i % 2)
                            for i in range(20)})
    c.everywhere(come, lambda: w.remove("vms.d/many.json"),
                 confirm=lambda: w.run("ovs-appctl", "-t", "ovs-portd",
                                       "--timeout=5", "gc-confirm",
                                       check=False))


@options(failpoints=True, timeout=600)
def test_links(w):
    """A veth pair and a patch link come and, once confirmed, go."""
    c = crasher(w)
    links = {"lab": {"type": "veth", "ends": [
                 {"bridge": "br0", "port": "v0", "tag": 10},
                 {"port": "v1", "mtu": 1400}]},
             "p": {"type": "patch", "ends": [
                 {"bridge": "br0", "port": "p0"},
                 {"bridge": "br1", "port": "p1"}]}}

    def confirm():
        for name in links:
            w.run("ovs-appctl", "-t", "ovs-portd", "--timeout=5",
                  "gc-confirm", "link:" + name, check=False)
    c.everywhere(
        lambda: w.write_host({"bridges": BRIDGES, "links": links},
                             gc_grace=0),
        lambda: w.write_host({"bridges": BRIDGES}, gc_grace=0),
        confirm=confirm)


@options(failpoints=True)
def test_unfinished_and_unwanted(w):
    """A veth pair is wanted no more when the next daemon finds it half-made,
    without a mark; another instance leaves it to who has made it."""
    c = crasher(w)
    links = {"lab": {"type": "veth", "ends": [
        {"bridge": "br0", "port": "v0"}, {"port": "v1"}]}}
    w.write_host({"bridges": BRIDGES}, gc_grace=0)
    w.start_portd()
    c.clean()
    c.arm("veth-created")
    w.write_host({"bridges": BRIDGES, "links": links}, gc_grace=0)
    w.portd.popen.wait(60)
    w.portd.expected_exit = -9
    equal({"v0", "v1"} <= w.device_names(), True, "that the pair is there")
    w.write_host({"bridges": BRIDGES}, gc_grace=0)
    c.arm("")
    other = os.path.join(w.dir, "other")
    os.makedirs(other + "/spec/vms.d")
    os.mkdir(other + "/state")
    w.start_portd(spec=other + "/spec", state=other + "/state",
                  instance="other")
    w.write_vm("vm9", {"net0": nic(9, bridge="br-x")}, spec=other + "/spec")
    w.wait_state("vm9/net0", target="ovs-portd-other")
    equal({"v0", "v1"} <= w.device_names(), True, "that it is still there")
    w.remove("vms.d/vm9.json", spec=other + "/spec")
    w.wait_state("vm9/net0", "held", target="ovs-portd-other")
    w.appctl("gc-confirm", target="ovs-portd-other")
    w.wait_state("vm9/net0", None, target="ovs-portd-other")
    w.daemons[-1].stop()
    # Somebody has found a use for one end.
    w.ip("link", "set", "v1", "up")
    w.start_portd()
    w.wait_idle()
    equal({"v0", "v1"} <= w.device_names(), True, "that it is left to them")
    w.ip("link", "set", "v1", "down")
    wait(lambda: not {"v0", "v1"} & w.device_names(), "the pair goes")
    c.clean()


@options(failpoints=True, timeout=600)
def test_satellites(w):
    """QoS with its queues, mirrors, controllers and flow export come and
    go."""
    c = crasher(w)

    def come():
        w.write_host({"bridges": {**BRIDGES, "br0": {
            "datapath_type": "netdev",
            "controllers": [{"target": "tcp:127.0.0.1:6653"}],
            "mirrors": {"watch": {"select_src_port": ["tap0"],
                                  "output_port": "still"}},
            "netflow": {"targets": ["127.0.0.1:2055"]}}}}, gc_grace=0)
        pair(w, qos={"type": "linux-htb", "max_rate": "1Gbit", "queues": {
            "0": {"max_rate": "500Mbit"}, "3": {"min_rate": "1Mbit"}}})()

    def go():
        w.write_host({"bridges": BRIDGES}, gc_grace=0)
        pair(w)()
    go()
    c.everywhere(come, go)


@options(failpoints=True, timeout=600)
def test_adopt(w):
    """A port that a script has made is taken over: half of that is either
    completed, or still a conflict until it is asked for again; the port is
    never made anew."""
    w.expect_log(r"vm1/net\d: conflict: ")
    c = crasher(w)
    names = "tap0", "tap1"
    before = {}

    def scripts_ports():
        if before:
            equal({n: identity(w, n) for n in names}, before,
                  "what was adopted")
            w.remove("vms.d/vm1.json")
            wait(lambda: not any(w.port(n) or w.link(n) for n in names),
                 "the former ones are gone")
        for name, more in zip(names, ([], ["multi_queue"])):
            w.ip("tuntap", "add", "dev", name, "mode", "tap", "user",
                 "nobody", "vnet_hdr", *more)
            w.vsctl("add-port", "br0", name, "tag=7")
            w.ip("link", "set", name, "up")
        wait(lambda: all(w.iface(n)["ofport"] for n in names), "ofports")
        before.update({n: identity(w, n) for n in names})
        pair(w)()
        w.wait_state(["vm1/net0", "vm1/net1"], "conflict")

    def adopt():
        w.run("ovs-appctl", "-t", "ovs-portd", "--timeout=5", "adopt",
              "--all", check=False)
    c.everywhere(adopt, confirm=adopt, prepare=scripts_ports)
    equal({n: identity(w, n) for n in names}, before, "what was adopted")


@options(failpoints=True, timeout=180)
def test_holder_comes_in_between(w):
    """A VM opens the TAP between two steps of its deletion: it keeps its
    device, which goes once the VM has let go of it."""
    c = crasher(w)
    w.start_portd()
    for point in "delete-looked", "delete-attached", "delete-unpersisted":
        w.write_vm("vm1", {"net0": nic(10, ifname="tap1", queues=4)})
        w.wait_state("vm1/net0")
        index = w.ifindex("tap1")
        c.arm(point + ":1:stop")
        w.remove("vms.d/vm1.json")
        wait(lambda: is_stopped(w.portd.pid), "it stops at " + point)
        c.arm("")
        guest = w.open("vm1/net0", ifname="tap1", queues=4,
                       mac="52:54:00:00:00:0a")
        w.portd.signal(signal.SIGCONT)
        w.wait_state("vm1/net0", "in-use")
        never(lambda: w.ifindex("tap1") != index, "the device goes", 1)
        for queue in range(4):
            # EBADFD if the device were gone, EIO as it is down or up.
            guest.send_raw(bytes(60), queue)
        guest.close()
        c.clean()
    c.strangers.assert_untouched()


@options(failpoints=True)
def test_intruder(w):
    """Who attaches to a new TAP before it has an owner loses it."""
    w.expect_log(r"another process attached to the new device")
    c = crasher(w)
    w.start_portd()
    c.clean()
    c.arm("tap-created:1:stop")
    w.write_vm("vm1", {"net0": nic(10, ifname="tap1", queues=4)})
    wait(lambda: is_stopped(w.portd.pid), "it stops once there is a TAP")
    c.arm("")
    index = w.ifindex("tap1")
    intruder = w.open("vm1/net0", queues=2)
    w.portd.signal(signal.SIGCONT)
    w.wait_state("vm1/net0")
    equal((w.ifindex("tap1") != index, w.objects()["vm1/net0"]["attached"]),
          (True, 0), "it is another device, and nobody's")
    intruder.close()
    c.clean()
    c.strangers.assert_untouched()


@options(failpoints=True, timeout=180)
def test_comes_back_in_between(w):
    """A NIC comes back to its file when the plan that deletes it is half
    done: what is left of that plan is not done, and the NIC stays."""
    c = crasher(w)
    w.env["PORTD_FAILPOINT_LOG"] = c.log
    w.start_portd()

    def write(back, **more):
        # More of them than are set at once, before it in the plan's order.
        nics = {"net%d" % i: nic(10 + i, ifname="n%d" % i, **more)
                for i in range(140)}
        w.write_vm("vm1", {**nics, **({"z": nic(9, ifname="z")} if back
                                      else {})})
    write(True)
    w.wait_state("vm1/z")
    w.ctl("sync")
    before = identity(w, "z")
    c.arm("set-link:1:stop")
    os.truncate(c.log, 0)
    write(False, mtu=1400)
    wait(lambda: is_stopped(w.portd.pid), "it stops in its plan")
    c.arm("")
    write(True, mtu=1400)
    sha256 = hashlib.sha256(w.read("vms.d/vm1.json").encode()).hexdigest()
    # It hears of the new file as soon as its loop comes round.
    with w.question("sync", "db", "0", "vms.d/vm1.json=" + sha256) as answer:
        w.portd.signal(signal.SIGCONT)
        equal(json.loads(answer())["loaded"], True, "that it is loaded")
    with open(c.log) as f:
        passed = f.read().split()
    passed = passed[passed.index("set-link"):]
    equal("links-done" in passed[:passed.index("files-taken")], False,
          "that nothing was left of the plan")
    w.ctl("sync")
    equal(identity(w, "z"), before, "what came back")
    c.clean()
    c.strangers.assert_untouched()


def names_in_the_sources():
    found = set()
    for room in "src", "ovsdb", "controller":
        for directory, _, names in os.walk(os.path.join(SOURCES, room)):
            for name in names:
                if name.endswith(".c"):
                    with open(os.path.join(directory, name)) as f:
                        found |= set(re.findall(r'FAILPOINT\("([^"]+)"\)',
                                                f.read()))
    return found


@options(ovs=False)
def test_not_in_a_release(w):
    """A build has failpoints if and only if it was configured so; one that
    was not has no trace of them."""
    with open(os.path.join(w.bin, "..", "config.h")) as f:
        configured = "#define PORTD_FAILPOINTS 1" in f.read()
    names = names_in_the_sources()
    equal(len(names) > 25, True, "%d failpoints" % len(names))
    for program in "ovs-portd", "ovs-portctl":
        with open(os.path.join(w.bin, program), "rb") as f:
            content = f.read()
        equal(b"PORTD_FAILPOINT" in content, configured,
              "failpoints in " + program)
        if not configured:
            there = [n for n in names if b"\0" + n.encode() + b"\0" in content]
            equal(there, [], "names of failpoints in " + program)
    equal("PORTD_FAILPOINT" in w.env, False, "the environment")
