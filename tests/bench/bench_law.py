# SPDX-License-Identifier: Apache-2.0
"""What one change costs among N: instructions, which noise does not touch."""

import os
import statistics

import callgrind
import light
from harness import nic

EVENTS = 7                      # Of each kind; the median counts.
FLAPS = 50
NOISE = 50000                   # Instructions of which there is no ratio.


def kinds(w, world):
    """Name -> function of a round: one event of that kind; it returns when
    the database shows what became of it."""
    n = world.n

    def retag(i):
        world.write_vm(n // 2, tag=20 + i)
        world.wait_tag("t%d" % (n // 2), 20 + i)

    def attach(i):
        w.write_vm("new%d" % i, {"net0": nic(60000 + i, ifname="new%d" % i,
                                             tag=7)})
        world.wait_tag("new%d" % i, 7)

    def drift(i):
        # One port each, or it would be somebody who insists.
        port = "t%d" % (n // 3 + i)
        world.set_tag(port, 40 + i)
        world.wait_tag(port, 10)

    def flap(i):
        w.run("ip", "-batch", "-", stdin="".join(
            "link set other0 %s\n" % state
            for _ in range(FLAPS) for state in ("up", "down")))

    return {"nothing": lambda i: None, "retag": retag, "attach": attach,
            "drift repair": drift,
            "%d flaps of a stranger" % FLAPS: flap}


def measure(w, world, tool):
    """Name of a kind -> profiles of its events."""
    profiles = {}
    for name, event in kinds(w, world).items():
        event(-1)               # What comes once only is not of the event.
        light.rest(w.portd)
        tool.take()
        profiles[name] = []
        for i in range(EVENTS):
            event(i)
            light.rest(w.portd)
            profiles[name].append(tool.take())
    for i in range(-1, EVENTS):
        w.remove("vms.d/new%d.json" % i)
    light.rest(w.portd)
    return profiles


def median(profiles, figure):
    return statistics.median(figure(p) for p in profiles)


def growth(small, large):
    """The functions that execute more in 'large' than in 'small' (lists of
    profiles), as (name, from, to), most first."""
    names = set().union(*(p.own for p in large))
    rows = [(name, median(small, lambda p: p.own[name]),
             median(large, lambda p: p.own[name])) for name in names]
    return sorted(rows, key=lambda row: row[1] - row[2])


def bench_law(w, out):
    """One change among N NICs, in instructions of the daemon."""
    sizes = (50, 200) if out.quick else (100, 1000, 10000)
    tool = callgrind.Callgrind(w)
    world = light.Light(w)
    w.run("ip", "link", "add", "other0", "type", "veth", "peer", "name",
          "other1")
    profiles = {}
    for n in sizes:
        w.start_portd()
        world.grow(n)
        w.portd.stop()
        tool.start_portd()
        light.rest_after_start(w)
        tool.begin()
        profiles[n] = measure(w, world, tool)
        w.portd.stop()
        out.say("%d NICs: done" % n)
    world.close()
    report(out, sizes, profiles)


def report(out, sizes, profiles):
    names = list(profiles[sizes[0]])
    own = {name: [median(profiles[n][name], lambda p: p.total - p.idl)
                  for n in sizes] for name in names}
    idl = {name: [median(profiles[n][name], lambda p: p.idl)
                  for n in sizes] for name in names}
    out.table("thousands of instructions for one event",
              [""] + ["N=%d" % n for n in sizes] + ["last/first"]
              + ["IDL %d" % n for n in sizes],
              [[name] + ["%.0f" % (v / 1000) for v in own[name]]
               + ["%.2f" % (own[name][-1] / own[name][0])
                  if own[name][0] >= NOISE else "-"]
               + ["%.0f" % (v / 1000) for v in idl[name]]
               for name in names])
    out.plot("instructions of one event among N NICs", "NICs",
             "thousands of instructions", logx=True, lines={
                 name: [(n, v / 1000) for n, v in zip(sizes, own[name])]
                 for name in names if name != "nothing"})
    if os.environ.get("BENCH_GROWTH"):
        for name in names:
            out.say("%s, from %d to %d NICs:" % (name, sizes[0], sizes[-1]))
            for row in growth(profiles[sizes[0]][name],
                              profiles[sizes[-1]][name])[:25]:
                out.say("    %-40s %9.0f %9.0f" % row)
