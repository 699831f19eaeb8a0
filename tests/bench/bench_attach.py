# SPDX-License-Identifier: Apache-2.0
"""Many NICs come, change and go, beside what people do by hand."""

import os
import subprocess
import time

import report
from harness import nic, wait

HERE = os.path.dirname(os.path.abspath(__file__))
QUEUES = 8


def all_there(w, names):
    """Until every device is up and every port has its number."""
    def there():
        links = w.run("ip", "-o", "link", "show", "up").stdout
        if sum(": %s:" % name in links for name in names) < len(names):
            return False
        ports = {row["name"]: row["ofport"] for row in w.rows("Interface")}
        return all(isinstance(ports.get(name), int) and ports[name] > 0
                   for name in names)
    wait(there, "all ports are there", 600, every=0.05)


def applied(w):
    """Until ovs-vswitchd has caught up."""
    w.run("ovs-vsctl", "--timeout=600", "--db=unix:" + w.db_socket, "show",
          timeout=700)
    w.run("ovs-appctl", "-t", "ovs-vswitchd", "--timeout=600", "version",
          timeout=700)


class Contender:
    """One way to attach N ports called PREFIX0..., and to remove them."""

    prefix = "x"

    def __init__(self, w):
        self.w = w

    def names(self, n):
        return ["%s%d" % (self.prefix, i) for i in range(n)]

    def prepare(self, n):
        pass

    def batch(self, program, lines):
        path = os.path.join(self.w.dir, "batch")
        with open(path, "w") as f:
            f.write("\n".join(lines) + "\n")
        self.w.run(program, "-batch", path, timeout=900)

    def vsctl(self, commands):
        """All in one call of ovs-vsctl; its arguments have to fit."""
        self.w.run("ovs-vsctl", "--timeout=600", "--db=unix:"
                   + self.w.db_socket, *" -- ".join(commands).split(),
                   timeout=900)

    def detach(self, n):
        self.vsctl(["del-port br0 " + name for name in self.names(n)])
        self.batch("ip", ["link del " + name for name in self.names(n)])


class Floor(Contender):
    prefix = "f"

    def prepare(self, n):
        self.program = os.path.join(self.w.dir, "floor")
        subprocess.check_call(["cc", "-O2", "-o", self.program,
                               os.path.join(HERE, "floor.c")])

    def attach(self, n):
        self.w.run(self.program, str(n), str(QUEUES), self.w.db_socket,
                   timeout=900)


class PlainBatch(Contender):
    """What one writes who knows that a process for each port is slow."""
    prefix = "b"

    def attach(self, n):
        names = self.names(n)
        self.batch("ip", ["tuntap add dev %s mode tap multi_queue" % name
                          for name in names])
        self.batch("ip", ["link set %s up" % name for name in names])
        self.vsctl(["add-port br0 %s tag=10" % name for name in names])


class TunedBatch(Contender):
    """The same with the qdisc and the order that docs/benchmarks.md tells."""
    prefix = "u"

    def attach(self, n):
        names = self.names(n)
        self.batch("ip", ["tuntap add dev %s mode tap multi_queue vnet_hdr"
                          % name for name in names])
        self.batch("tc", ["qdisc replace dev %s root noqueue" % name
                          for name in names])
        self.vsctl(["--id=@q create QoS type=linux-noop"]
                   + ["add-port br0 %s tag=10 -- set Port %s qos=@q"
                      % (name, name) for name in names])
        self.batch("ip", ["link set %s up" % name for name in names])

    def detach(self, n):
        super().detach(n)
        self.vsctl(["--all destroy QoS"])


class Script(Contender):
    """A process or three for each port, as hooks and scripts do."""
    prefix = "s"

    def attach(self, n):
        for name in self.names(n):
            self.w.run("ip", "tuntap", "add", "dev", name, "mode", "tap",
                       "multi_queue")
            self.w.run("ip", "link", "set", name, "up")
            self.w.vsctl("add-port", "br0", name, "tag=10")

    def detach(self, n):
        for name in self.names(n):
            self.w.vsctl("del-port", "br0", name)
            self.w.run("ip", "link", "del", name)


class Portd(Contender):
    """ovs-portd --once, from the files on."""
    prefix = "t"

    def prepare(self, n):
        os.makedirs(os.path.join(self.w.spec, "vms.d"), exist_ok=True)
        for i, name in enumerate(self.names(n)):
            self.w.write_vm("vm%d" % i, {"net0": nic(
                i, ifname=name, tag=10, queues=QUEUES)})

    def once(self):
        self.w.run("ovs-portd", "--spec-dir=" + self.w.spec,
                   "--state-dir=" + self.w.state, "--once", "-vconsole:off",
                   timeout=900)

    def attach(self, n):
        self.once()

    def detach(self, n):
        """All but one: no file at all is never taken for a removal."""
        for i in range(1, n):
            self.w.remove("vms.d/vm%d.json" % i)
        start = time.monotonic()
        self.once()
        return time.monotonic() - start


def start(w):
    w.start_ovs()
    w.write_host(gc_grace=0, gc_max_percent=100)
    w.vsctl("add-br", "br0", "--", "set", "Bridge", "br0",
            "datapath_type=netdev")
    w.write("host.json", {"version": 1, "policy": {
        "gc_grace": 0, "gc_max_percent": 100}})


def bench_attach(w, out):
    """Attach and detach many NICs of 8 queues, beside others."""
    n, small, rounds = (100, 20, 1) if out.quick else (1000, 200, 3)
    start(w)
    big = {"floor": Floor(w), "ovs-portd": Portd(w),
           "tuned batch": TunedBatch(w), "plain batch": PlainBatch(w)}
    attach = {name: [] for name in big}
    detach = {name: [] for name in big}
    for i in range(rounds):
        order = list(big)
        for name in order[i % len(order):] + order[:i % len(order)]:
            contender = big[name]
            contender.prepare(n)
            applied(w)

            def whole():
                contender.attach(n)
                all_there(w, contender.names(n))
            attach[name].append(report.seconds(whole))
            applied(w)
            begun = time.monotonic()
            took = contender.detach(n)
            if took is None:
                took = time.monotonic() - begun
            applied(w)
            detach[name].append(took)
            out.say("%s: attach %.2f s, detach %.2f s" % (
                name, attach[name][-1], took))
            if name == "ovs-portd":
                last_one(w)
    out.times("attach %d NICs of %d queues, empty to all up with an ofport"
              % (n, QUEUES), attach, "ovs-portd", 1, "s")
    out.times("detach them", detach, "ovs-portd", 1, "s")

    script, ours = Script(w), Portd(w)
    ours.prepare(small)
    figures = {"ovs-portd": [], "script": []}
    for name, contender in (("ovs-portd", ours), ("script", script)):
        begun = time.monotonic()
        contender.attach(small)
        all_there(w, contender.names(small))
        figures[name].append(time.monotonic() - begun)
        contender.detach(small)
        last_one(w)
        applied(w)
    out.times("attach %d by a script (it grows with the square)" % small,
              figures, "ovs-portd", 1, "s")


def last_one(w):
    """Takes the last NIC of ovs-portd's away, by hand."""
    w.vsctl("--if-exists", "del-port", "br0", "t0")
    w.run("ip", "link", "del", "t0", check=False)
    w.run("rm", "-rf", os.path.join(w.spec, "vms.d", "vm0.json"))
