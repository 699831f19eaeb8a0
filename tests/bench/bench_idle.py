# SPDX-License-Identifier: Apache-2.0
"""The daemon among many NICs that are as they should be."""

import os
import re
import time

import callgrind
import light
from harness import wait

TICKS = os.sysconf("SC_CLK_TCK")


def cpu(pid):
    """Seconds of CPU that a process has had."""
    return light.stat(pid)[1] / TICKS


def rss(pid):
    """MB of memory that a process has."""
    with open("/proc/%d/status" % pid) as f:
        return [int(line.split()[1]) for line in f
                if line.startswith("VmRSS")][0] / 1024


def flap(w, flaps):
    """Has a stranger's device go up and down 'flaps' times.  Returns how many
    events the daemon was told of, and its CPU for each, in microseconds."""
    def events():
        return light.counters(w)["netlink_events"]
    before = events()           # A question whose answer costs O(N).
    start = cpu(w.portd.pid)
    w.run("ip", "-batch", "-", stdin=flaps * "link set other0 up\n"
          "link set other0 down\n")
    light.rest(w.portd)
    used = cpu(w.portd.pid) - start
    seen = events() - before
    return seen, used / seen * 1e6


def look(w, world, idle, flaps):
    """The figures of a daemon that is started among the NICs of 'world'."""
    daemon = w.start_portd()
    light.rest_after_start(w)
    start, memory = cpu(daemon.pid), rss(daemon.pid)
    at_start = light.written(w)
    light.rest(daemon)
    before = cpu(daemon.pid)
    time.sleep(idle)
    share = (cpu(daemon.pid) - before) / idle * 100
    before = cpu(daemon.pid)
    w.appctl("resync", timeout=300)
    light.rest(daemon)
    audit = cpu(daemon.pid) - before
    written = [b - a for a, b in zip(at_start, light.written(w))]
    seen, each = flap(w, flaps)
    daemon.stop(300)
    return [world.n, start, sum(at_start), "%.3f" % share, audit,
            sum(written), seen, each, memory]


def bench_idle(w, out):
    """N NICs in place: a cold start, rest, an audit, strangers, memory."""
    sizes, idle, flaps = (((50, 200), 5, 500) if out.quick
                          else ((100, 1000, 10000), 60, 5000))
    world = light.Light(w)
    w.run("ip", "link", "add", "other0", "type", "veth", "peer", "name",
          "other1")
    rows = []
    for n in sizes:
        w.start_portd()
        world.grow(n)
        w.portd.stop(300)
        rows.append(look(w, world, idle, flaps))
        out.say("%d NICs: %s" % (n, rows[-1]))
        if n == sizes[1]:       # Under valgrind more would take too long.
            total, idl = heap(w)
            out.table("heap after a start among %d NICs" % n,
                      ["", "MB", "share"],
                      [["all", total / 1e6, ""],
                       ["the IDL's", idl / 1e6, "%.0f %%"
                        % (100 * idl / total)],
                       ["ours", (total - idl) / 1e6, "%.0f %%"
                        % (100 - 100 * idl / total)]])
    world.close()
    out.table("N NICs in place",
              ["N", "cold start, CPU s", "writes", "idle CPU %",
               "audit, CPU s", "writes of it", "strangers' events",
               "CPU us for each", "RSS MB"], rows)
    out.note("%.1f kB of RSS for each NIC more" % (
        (rows[-1][-1] - rows[0][-1]) * 1024 / (sizes[-1] - sizes[0])))


def heap(w):
    """Bytes on the heap of a daemon that has just started, by massif: all,
    and what the IDL library holds."""
    callgrind.require()
    out = os.path.join(w.logs, "massif.out")
    daemon = callgrind.start_portd(
        w, "--tool=massif", "--massif-out-file=" + out, "--depth=12",
        "--threshold=0.05", "--vgdb=yes")
    light.rest_after_start(w)
    snapshot = os.path.join(w.logs, "massif.snapshot")
    w.run("vgdb", "--pid=%d" % daemon.pid, "detailed_snapshot", snapshot,
          timeout=600)
    wait(lambda: os.path.exists(snapshot), "massif's snapshot")
    with open(snapshot) as f:
        figures = shares(f.read())
    daemon.stop(600)
    return figures


def shares(text):
    """Of massif's tree: the sum of all, and of what has a function of the
    IDL or of its data among its callers."""
    total = int(re.search(r"mem_heap_B=(\d+)", text).group(1))
    idl = 0
    inside = None               # Depth of the node that counts as a whole.
    for line in text.splitlines():
        match = re.match(r"( *)n\d+: (\d+) (.*)", line)
        if not match:
            continue
        depth = len(match.group(1))
        if inside is not None and depth > inside:
            continue
        inside = None
        if re.search(r": (ovsdb_idl|ovsdb_datum|ovsdb_atom|ovsrec_)",
                     match.group(3)):
            idl += int(match.group(2))
            inside = depth
    return total, idl
