# SPDX-License-Identifier: Apache-2.0
"""What is done for long: each function takes a world and how much of it, and
returns its figures as a text.  The tests do a little of it, 'dev soak' all."""

import os
import random
import statistics
import threading
import time

import churn
import frames
import oracle
from harness import Failure, equal, nic, wait


def random_operations(w, seed, steps, every=40, until=None):
    """Random operations, faults and kills; the oracle speaks after each
    'every' steps.  'until': or until time.monotonic() is that."""
    c = churn.Churn(w, seed)
    print("seed %s" % seed)
    c.start()
    judged = 0
    while c.number < steps and (not until or time.monotonic() < until):
        c.steps(min(every, steps - c.number))
        c.settle()
        judged += 1
    w.wait_idle()
    before = w.written()
    time.sleep(1)
    equal(w.written(), before, "what an idle daemon has written")
    return "%d operations (%d of them SIGKILLs), the oracle content %d times" % (
        c.number, c.counts["kill"], judged)


class Bystanders:
    """Two VMs that nobody touches, sending to each other at a rate that is
    promised to get through."""

    def __init__(self, w, rate=200):
        for i in range(2):
            w.write_vm("by%d" % i, {"net0": nic(
                60000 + i, ifname="by%d" % i, tag=77, queues=2)})
        w.wait_state(["by0/net0", "by1/net0"])
        self.guests = [w.open("by%d/net0" % i) for i in range(2)]
        frames.talk(*self.guests)
        self.streams = [frames.Stream(g, interval=1 / rate)
                        for g in self.guests]

    def lost(self):
        """(sent, lost) so far; ends it."""
        for stream in self.streams:
            stream.stop()
        sent = lost = 0
        for stream, hears in zip(self.streams, reversed(self.guests)):
            numbers = set(stream.sent)
            wait_until = time.monotonic() + 10
            while numbers - hears.numbers().keys() \
                    and time.monotonic() < wait_until:
                time.sleep(0.1)
            sent += len(numbers)
            lost += len(numbers - hears.numbers().keys())
        return sent, lost


def random_kills(w, seed, kills, vms=50, until=None):
    """SIGKILL at random moments while 'vms' VMs come, change and go."""
    rng = random.Random(seed)
    print("seed %s" % seed)
    # Their own bridge: what br0 carries is theirs alone.
    c = churn.Churn(w, seed, vms=vms, daemons=False, touch=("br1", "br2"))
    c.start()
    by = Bystanders(w)
    done = 0
    begin = time.monotonic()
    while done < kills and (not until or time.monotonic() < until):
        for _ in range(10):
            c.steps(rng.randrange(1, 12))
            time.sleep(rng.random() * 0.12)
            w.portd.kill()
            w.start_portd(answer=False)
            done += 1
        c.settle()
    seconds = time.monotonic() - begin
    sent, lost = by.lost()
    equal(lost, 0, "frames lost of %d between VMs that were not touched"
          % sent)
    return ("%d SIGKILLs in %d s amid %d operations on %d VMs: nothing lost "
            "or leaked; %d of %d frames lost"
            % (done, seconds, c.number, vms, lost, sent))


class Rest:
    """How busy the processors of the machine are from now on."""

    def __init__(self):
        self.before = self._look()

    @staticmethod
    def _look():
        with open("/proc/stat") as f:
            ticks = [int(n) for n in f.readline().split()[1:9]]
        return ticks[3] + ticks[4], sum(ticks)

    def idle(self):
        """The part of their time, 0 to 1, that they had nothing to do."""
        idle, all_ = (now - then
                      for then, now in zip(self.before, self._look()))
        return idle / max(all_, 1)


# A TAP that is deleted under its port carries frames again within so many
# seconds...
RECREATED_WITHIN = 3
# ...unless the machine is so busy that this says nothing: its processors had
# less than this part of that time to spare.
AT_REST = 0.5


def two_guests(w):
    """vm1/net0 and vm2/net0, in one VLAN; the daemon has made them."""
    w.write_host()
    for i in (1, 2):
        w.write_vm("vm%d" % i, {"net0": nic(i, ifname="tap%d" % i, tag=10,
                                            queues=2)})
    w.start_portd()
    w.wait_state(["vm1/net0", "vm2/net0"])


def recreate_tap(w, times, until=None, within=None):
    """A TAP is deleted under its port, again and again; frames go both ways
    again each time.  'within': fails if a machine at rest takes longer than
    that many seconds once."""
    two_guests(w)
    other = w.open("vm2/net0")
    took = []
    while len(took) < times and not (until and time.monotonic() > until):
        before = w.ifindex("tap1")
        rest = Rest()
        begin = time.monotonic()
        w.ip("link", "del", "tap1")
        wait(lambda: w.ifindex("tap1") not in (None, before), "a new tap1",
             every=0.01)
        with w.open("vm1/net0") as guest:
            frames.talk(guest, other, patience=30)
        took.append(time.monotonic() - begin)
        if within and took[-1] > within and rest.idle() > AT_REST:
            raise Failure("%.2f s until frames went both ways, the %dth time,"
                          " on a machine at rest" % (took[-1], len(took)))
    oracle.assert_clean(w)
    return ("%d times deleted and made again; frames both ways after %.2f s "
            "in the median, %.2f s at the latest; after more than %d s: %d "
            "times" % (len(took), statistics.median(took), max(took),
                       RECREATED_WITHIN,
                       sum(t > RECREATED_WITHIN for t in took)))


def footprint(pid):
    """(open files, resident KiB); the least of several looks at the files,
    as a connection to somebody may just be open."""
    with open("/proc/%d/status" % pid) as f:
        rss = next(int(line.split()[1]) for line in f
                   if line.startswith("VmRSS"))
    fds = []
    for _ in range(10):
        fds.append(len(os.listdir("/proc/%d/fd" % pid)))
        time.sleep(0.1)
    return min(fds), rss


def assert_grown_little(before, now, kib):
    """'now' and 'before' are footprints; a sanitizer keeps what was freed, so
    that nothing can be said of it."""
    equal(now[0], before[0], "open files")
    if "ASAN_OPTIONS" not in os.environ and now[1] - before[1] > kib:
        raise Failure("it has %d KiB, and had %d" % (now[1], before[1]))


def cycles(w, times, until=None):
    """VMs and links come, change and go, again and again: neither open files
    nor memory grow."""
    w.write_host(gc_grace=0, gc_max_percent=100)
    w.write_vm("still", {"net0": nic(99, ifname="still")})
    w.start_portd()

    def cycle(i):
        for vm in range(2):
            w.write_vm("vm%d" % vm, {"net%d" % n: nic(
                vm * 4 + n, ifname="t%d" % (vm * 4 + n), tag=i % 4000 + 1,
                queues=1 + n % 2) for n in range(2)})
        w.wait_state(["vm%d/net%d" % (vm, n)
                      for vm in range(2) for n in range(2)])
        w.vsctl("set", "port", "t0", "tag=4000")
        for vm in range(2):
            w.remove("vms.d/vm%d.json" % vm)
        if i % 10 == 0:
            w.write("vms.d/bad.json", "{ broken %d" % i)
            w.appctl("status")
            w.remove("vms.d/bad.json")
        wait(lambda: not any(n[0] == "t" for n in w.device_names()),
             "all TAPs are gone", every=0.01)

    w.expect_log(r"vms\.d/bad\.json")
    warm = max(10, times // 10)
    for i in range(warm):
        cycle(i)
    w.wait_idle(quiet=0.3)
    fds, rss = footprint(w.portd.pid)
    done = 0
    for i in range(times):
        if until and time.monotonic() > until:
            break
        cycle(warm + i)
        done += 1
    w.wait_idle(quiet=0.3)
    now = footprint(w.portd.pid)
    assert_grown_little((fds, rss), now, rss * 0.1 + 2048)
    return "%d cycles: %d open files before and after; %d KiB, then %d" % (
        done, fds, rss, now[1])


class Writer(threading.Thread):
    """Another program that writes to the same database: its own rows, and its
    own keys on other people's."""

    def __init__(self, w, number, seed, until):
        super().__init__()
        self.w = w
        self.name = "w%d" % number
        self.rng = random.Random(seed * 100 + number)
        self.until = until
        self.ports = {}         # Its own, and what it set of them.
        self.keys = {}          # On the interfaces of the NICs.
        self.failed = None
        self.done = 0

    def run(self):
        try:
            while time.monotonic() < self.until:
                self.step()
                self.done += 1
        except Exception as e:  # To be raised by who waits for it.
            self.failed = e

    def step(self):
        rng = self.rng
        port = "%sp%d" % (self.name, rng.randrange(4))
        what = rng.random()
        if what < 0.4 and port not in self.ports:
            self.ports[port] = str(rng.randrange(1, 4000))
            self.w.vsctl("--no-wait", "add-port", "br0", port,
                         "tag=" + self.ports[port], "--", "set", "interface",
                         port, "type=internal",
                         "external_ids:whose=" + self.name)
        elif what < 0.6 and port in self.ports:
            del self.ports[port]
            self.w.vsctl("--no-wait", "del-port", "br0", port)
        else:
            iface = "t%d" % rng.randrange(8)
            key = "%s-%d" % (self.name, rng.randrange(3))
            value = str(rng.randrange(10**6))
            self.keys[iface, key] = value
            self.w.vsctl("--no-wait", "set", "interface", iface,
                         "external_ids:%s=%s" % (key, value))

    def complaints(self):
        """What is not as it left it."""
        if self.failed:
            yield "%s: %s" % (self.name, self.failed)
        rows = {r["name"]: r for r in self.w.rows("Port")}
        mine = {n: str(r["tag"]) for n, r in rows.items()
                if n.startswith(self.name + "p")}
        if mine != self.ports:
            yield "%s's ports are %s, it left %s" % (self.name, mine,
                                                    self.ports)
        ifaces = {r["name"]: r["external_ids"]
                  for r in self.w.rows("Interface")}
        for (iface, key), value in self.keys.items():
            if ifaces[iface].get(key) != value:
                yield "%s of %s is %r, %s set %r" % (
                    key, iface, ifaces[iface].get(key), self.name, value)


def writers(w, seed, seconds, n=10):
    """'n' other programs write while our own NICs change all the time."""
    print("seed %s" % seed)

    def vm(number, tag):
        w.write_vm("vm%d" % number, {"net0": nic(
            number, ifname="t%d" % number, tag=tag,
            bridge="br0" if tag % 7 else "br1")})
    w.write_host({"bridges": {b: {"datapath_type": "netdev"}
                              for b in ("br0", "br1")}}, gc_grace=0)
    for i in range(8):
        vm(i, 1)
    w.start_portd()
    w.wait_state(["vm%d/net0" % i for i in range(8)])
    others = [Writer(w, i, seed, time.monotonic() + seconds)
              for i in range(n)]
    for other in others:
        other.start()
    rng = random.Random(seed)
    edits = 0
    while any(other.is_alive() for other in others):
        vm(rng.randrange(8), rng.randrange(1, 4000))
        edits += 1
        time.sleep(rng.random() / 10)
    for other in others:
        other.join()
    wrong = [text for other in others for text in other.complaints()]
    if wrong:
        raise Failure("\n".join(wrong[:20]))
    oracle.assert_clean(w, strangers={p for o in others for p in o.ports})
    return "%d writers made %d transactions in %d s beside %d edits: all as " \
        "they left it" % (n, sum(o.done for o in others), seconds, edits)
