# SPDX-License-Identifier: Apache-2.0
"""What one change costs among N: instructions, which noise does not touch."""

import time

import callgrind
from harness import SCHEMA, nic, wait

EVENTS = 4                      # Of each kind, averaged.


def start_dummy_ovs(w):
    """A real ovs-vswitchd whose datapath and devices are all in its head: of
    thousands of ports the real ones would take it minutes."""
    w.run("ovsdb-tool", "create", w.db_file, SCHEMA)
    w.start_ovsdb()
    w.vsctl("--no-wait", "init")
    w.vswitchd = w._start(
        "ovs-vswitchd", "ovs-vswitchd", "unix:" + w.db_socket,
        "--enable-dummy=override", "--disable-system",
        "--disable-system-route", "--pidfile")


def add_vms(w, first, last):
    """vmI/net0 on tI for I in first..last-1; returns when they are ready."""
    for i in range(first, last):
        w.write_vm("vm%d" % i, vm(i))
    wait_ready(w, last)


def vm(i, tag=10):
    return {"net0": nic(i, ifname="t%d" % i, tag=tag)}


def wait_ready(w, n, timeout=1200):
    w.run("ovs-portctl", "--spec-dir=" + w.spec, "--timeout=%d" % timeout,
          "sync", timeout=timeout + 60)

    def all_ready():
        states = [o["state"] for o in w.objects().values()
                  if "/" in o["object"]]
        return states.count("ready") == len(states) == n
    wait(all_ready, "%d NICs are ready" % n, timeout, every=1)


def rest(w):
    """Until the daemon has come to rest, without a question to it: it has
    had no CPU for a second."""
    last, since = None, time.monotonic()
    while time.monotonic() - since < 1:
        with open("/proc/%d/stat" % w.portd.pid) as f:
            now = f.read().rsplit(")", 1)[1].split()[11:13]
        if now != last:
            last, since = now, time.monotonic()
        time.sleep(0.05)


def kinds(w, n):
    """Name -> function of a round: one event of that kind among n NICs; it
    returns when the database shows what became of it."""
    def shows(name, tag):
        wait(lambda: w.port(name) and w.port(name)["tag"] == tag,
             "port %s has tag %d" % (name, tag), timeout=300)

    def retag(i):
        w.write_vm("vm%d" % (n // 2), vm(n // 2, tag=20 + i))
        shows("t%d" % (n // 2), 20 + i)

    def attach(i):
        w.write_vm("new%d" % i, {"net0": nic(60000 + i, ifname="new%d" % i,
                                             tag=7)})
        shows("new%d" % i, 7)

    def drift(i):
        # One port each, or it would be somebody who insists.
        port = "t%d" % (n // 3 + i)
        w.vsctl("--no-wait", "set", "Port", port, "tag=%d" % (40 + i))
        shows(port, 10)

    def flap(i):
        for _ in range(25):
            w.run("ip", "link", "set", "other0", "up")
            w.run("ip", "link", "set", "other0", "down")

    return {"nothing": lambda i: None, "retag": retag, "attach": attach,
            "drift repair": drift, "50 flaps of a stranger": flap}


def bench_law(w, out):
    """One change among N NICs, in instructions of the daemon."""
    if not callgrind.installed():
        raise RuntimeError("valgrind is not installed: ./dev deps")
    sizes = (50, 200) if out.quick else (100, 1000)
    start_dummy_ovs(w)
    w.run("ip", "link", "add", "other0", "type", "veth", "peer", "name",
          "other1")
    w.write_host({"bridges": {"br0": {"datapath_type": "netdev"}}},
                 gc_grace=0)
    tool = callgrind.Callgrind(w)
    tool.start_portd()
    figures = {}
    have = 0
    for n in sizes:
        started = time.monotonic()
        add_vms(w, have, n)
        have = n
        out.say("%d NICs in place after %.0f s" % (
            n, time.monotonic() - started))
        for name, event in kinds(w, n).items():
            rest(w)

            def events(event=event):
                for i in range(EVENTS):
                    event(i)
                    rest(w)
            own, idl = tool.count(events)
            figures[name, n] = (own / EVENTS, idl / EVENTS)
        for i in range(EVENTS):
            w.remove("vms.d/new%d.json" % i)
        wait_ready(w, n)
    rows = []
    for name in kinds(w, 1):
        # The time that was counted has ticks of its own.
        base = [figures["nothing", n] for n in sizes]
        own = [figures[name, n][0] - b[0] * (name != "nothing")
               for n, b in zip(sizes, base)]
        idl = [figures[name, n][1] - b[1] * (name != "nothing")
               for n, b in zip(sizes, base)]
        rows.append([name] + ["%.0fk" % (v / 1000) for v in own]
                    + ["%.2f x" % (own[-1] / max(own[0], 1))]
                    + ["%.0fk" % (v / 1000) for v in idl])
    out.table("thousands of instructions for one event",
              [""] + ["N=%d" % n for n in sizes] + ["last/first"]
              + ["IDL %d" % n for n in sizes], rows)
