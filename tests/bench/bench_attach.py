# SPDX-License-Identifier: Apache-2.0
"""Many NICs come, change and go, beside what people do by hand."""

import os
import re
import statistics
import subprocess
import time

import report
from bench_idle import cpu
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

    def before_detach(self):
        pass

    def after_detach(self):
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

    def attach(self, n, queues=QUEUES):
        self.w.run(self.program, str(n), str(queues), self.w.db_socket,
                   timeout=900)

    def detach(self, n):
        self.attach(n, 0)


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
    """The same with the levers that docs/benchmarks.md tells of."""
    prefix = "u"
    group = "1970303333"

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
        names = self.names(n)
        self.vsctl(["del-port br0 " + name for name in names])
        self.batch("ip", ["link set %s group %s" % (name, self.group)
                          for name in names])
        self.w.run("ip", "link", "del", "group", self.group, timeout=900)
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


class OsVif(Contender):
    """os-vif, one port after the other in one process."""
    prefix = "o"

    @staticmethod
    def is_there():
        return subprocess.run(
            ["/usr/bin/python3", "-c", "import vif_plug_ovs"],
            stderr=subprocess.DEVNULL).returncode == 0

    def do(self, what, n):
        self.w.run("/usr/bin/python3", os.path.join(HERE, "osvif.py"), what,
                   str(n), self.w.db_socket, timeout=900)

    def attach(self, n):
        self.do("plug", n)

    def detach(self, n):
        self.do("unplug", n)


class Portd(Contender):
    """ovs-portd: --once from the files on; removal by a daemon at rest."""
    prefix = "t"
    more = {}

    def prepare(self, n):
        os.makedirs(os.path.join(self.w.spec, "vms.d"), exist_ok=True)
        for i, name in enumerate(self.names(n)):
            self.w.write_vm("vm%d" % i, {"net0": nic(
                i, ifname=name, tag=10, queues=QUEUES, **self.more)})

    def attach(self, n):
        self.w.run("ovs-portd", "--spec-dir=" + self.w.spec,
                   "--state-dir=" + self.w.state, "--once", "-vconsole:off",
                   timeout=900)

    def before_detach(self):
        self.w.start_portd()
        self.w.wait_idle()

    def detach(self, n):
        """All but one: no file at all is never taken for a removal."""
        for i in range(1, n):
            self.w.remove("vms.d/vm%d.json" % i)
        # "ip link" would hold the lock that ovs-vswitchd waits for.
        wait(lambda: not os.path.exists("/sys/class/net/%s1" % self.prefix),
             "the devices are gone", 600)

    def after_detach(self):
        """Takes the last NIC away, by hand."""
        self.kernel = longest(self.w, "kernel-steps")
        self.w.portd.stop()
        name = self.prefix + "0"
        self.w.vsctl("--if-exists", "del-port", "br0", name)
        self.w.run("ip", "link", "del", name, check=False)
        self.w.remove("vms.d/vm0.json")


def longest(w, stopwatch):
    """The longest time, in seconds, that a stopwatch of the daemon has."""
    text = w.appctl("stopwatch/show", stopwatch)
    found = re.search(r"Maximum: (\d+) usec", text)
    return int(found.group(1)) / 1e6 if found else float("nan")


def start(w):
    w.start_ovs()
    w.write_host(gc_grace=0, gc_max_percent=100)
    w.vsctl("add-br", "br0", "--", "set", "Bridge", "br0",
            "datapath_type=netdev")
    w.write("host.json", {"version": 1, "policy": {
        "gc_grace": 0, "gc_max_percent": 100}})


class Figures:
    """What each contender needed, a figure a round."""

    def __init__(self, w, out):
        self.w = w
        self.out = out
        self.attach, self.own, self.vswitchd, self.detach = {}, {}, {}, {}

    def go(self, name, contender, n):
        """One round of one contender."""
        contender.prepare(n)
        applied(self.w)
        busy, own = cpu(self.w.vswitchd.pid), os.times()

        attach = report.seconds(contender.attach, n)
        done = os.times()
        all_there(self.w, contender.names(n))
        applied(self.w)
        busy = cpu(self.w.vswitchd.pid) - busy

        contender.before_detach()
        begun = time.monotonic()
        contender.detach(n)
        applied(self.w)
        detach = time.monotonic() - begun
        contender.after_detach()
        applied(self.w)
        for figures, value in (
                (self.attach, attach), (self.vswitchd, busy),
                (self.own, done.children_user + done.children_system
                 - own.children_user - own.children_system),
                (self.detach, detach)):
            figures.setdefault(name, []).append(value)
        self.out.say("%s: attach %.2f s, detach %.2f s" % (name, attach,
                                                           detach))

    def tell(self, n, peer="ovs-portd"):
        title = "attach %d NICs of %d queues" % (n, QUEUES)
        self.out.times(title + ", empty to all up with an ofport",
                       self.attach, peer, 1, "s")
        self.out.times(title + ": CPU of what attaches them", self.own,
                       peer, 1, "s", draw=False)
        self.out.times(title + ": CPU of ovs-vswitchd", self.vswitchd, peer,
                       1, "s", draw=False)
        self.out.times("detach them, until ovs-vswitchd has applied it",
                       self.detach, peer, 1, "s")


def bench_attach(w, out):
    """Attach and detach many NICs of 8 queues, beside others."""
    n, rounds = (100, 1) if out.quick else (1000, 5)
    start(w)
    ours = Portd(w)
    quick = {"floor": Floor(w), "ovs-portd": ours,
             "tuned batch": TunedBatch(w)}
    figures = Figures(w, out)
    for i in range(rounds):
        order = list(quick)
        for name in order[i % len(order):] + order[:i % len(order)]:
            figures.go(name, quick[name], n)
    figures.go("plain batch", PlainBatch(w), n)
    figures.tell(n)
    out.note("of that the kernel's part: %.2f s" % ours.kernel)


def bench_scripts(w, out):
    """The same beside what takes one port after the other."""
    n = 20 if out.quick else 1000
    start(w)
    figures = Figures(w, out)
    ours = Portd(w)
    # The others take minutes, in which the machine's mood may change, and
    # after which the kernel has to find memory for so many devices anew.
    twice = [("ovs-portd", ours)] * 2
    for name, contender in (*twice, ("script", Script(w)), *twice):
        figures.go(name, contender, n)
    if OsVif.is_there():
        for name, contender in (("os-vif", OsVif(w)), *twice):
            figures.go(name, contender, n)
    else:
        out.note("os-vif is left out: /usr/bin/python3 does not find it; "
                 "apt-get install --no-install-recommends python3-os-vif")
    figures.tell(n)


def kernel_memory():
    """MB that the kernel has for itself."""
    with open("/proc/meminfo") as f:
        sizes = {line.split(":")[0]: int(line.split()[1]) for line in f}
    return (sizes["SUnreclaim"] + sizes["Percpu"]
            + sizes["VmallocUsed"]) / 1024


def bench_memory(w, out):
    """The kernel's memory for each TAP: noqueue and default."""
    n, rounds = (20, 1) if out.quick else (200, 5)
    start(w)
    figures = {"noqueue": [], "default": []}
    for i in range(rounds):
        for name in figures:
            ours = Portd(w)
            ours.more = {"qdisc": name}
            ours.prepare(n)
            before = kernel_memory()
            ours.attach(n)
            figures[name].append((kernel_memory() - before) / n)
            ours.before_detach()
            ours.detach(n)
            ours.after_detach()
            applied(w)
    out.table("kernel memory for a TAP of 256 queues (of the whole machine, "
              "while %d come)" % n, ["qdisc", "median MB", "least", "most"],
              [[name, statistics.median(values), min(values), max(values)]
               for name, values in figures.items()])
