# SPDX-License-Identifier: Apache-2.0
"""SIGKILL at any moment, restarts, and passes with nothing to do."""

import collections
import os
import subprocess
import time

import frames
from harness import Failure, equal, nic, options, same, wait

NICS = 200
PER_VM = 10


def specs(w, n=NICS):
    w.write_host()
    for vm in range(n // PER_VM):
        w.write_vm("vm%02d" % vm, {
            "net%d" % i: nic(vm * PER_VM + i, tag=10 + i,
                             ifname="t%03d" % (vm * PER_VM + i),
                             queues=2 if i % 2 else 1, owner="nobody")
            for i in range(PER_VM)})


def ids(n=NICS):
    return ["vm%02d/net%d" % divmod(i, PER_VM) for i in range(n)]


def taps(w):
    return {n for n in w.device_names() if n.startswith("t")}


def check_complete(w, n=NICS):
    names = ["t%03d" % i for i in range(n)]
    equal(sorted(taps(w)), names, "TAPs")
    count = collections.Counter(p["name"] for p in w.rows("Port"))
    equal(sorted(k for k in count if k != "br0"), names, "Port rows")
    ifaces = {i["name"]: i for i in w.rows("Interface")}
    equal(sorted(k for k in ifaces if k != "br0"), names, "Interface rows")
    equal([k for k in names if not 0 < ifaces[k]["ofport"]], [],
          "interfaces without ofport")
    equal(len(w.rows("QoS")), 1, "number of QoS rows")
    links = w.links()
    wrong = [k for i, k in enumerate(names)
             if "UP" not in links[k]["flags"]
             or links[k]["qdisc"] != "noqueue"
             or not links[k]["linkinfo"]["info_data"].get("persist")
             or links[k]["linkinfo"]["info_data"].get("user") != "nobody"
             or links[k]["arp_ignore"] != 8
             or links[k]["inet6_addr_gen_mode"] != "none"
             or links[k]["ifalias"] != "ovs-portd:main/" + ids(n)[i]]
    equal(wrong, [], "TAPs that are not as they should be")
    on_br0 = w.bridge("br0")["ports"]
    equal(len(on_br0), n + 1, "ports of br0")


def partial(w):
    """True if neither nothing nor everything has been done."""
    present = len(taps(w))
    ports = len(w.rows("Port"))
    up = sum("UP" in link["flags"] for name, link in w.links().items()
             if name.startswith("t"))
    return (present or ports) and (present < NICS or ports < NICS + 1
                                   or up < NICS)


@options(timeout=300)
def test_killed_while_attaching(w):
    """SIGKILL at many moments of attaching 200 NICs; the next one finishes:
    complete, nothing twice, nothing left over."""
    specs(w)
    in_the_middle = 0
    moments = [lambda n=n: len(taps(w)) >= n for n in (1, 60, 120, 199)]
    moments += [lambda: len(w.rows("Port")) > 1,
                lambda: any(i["ofport"] not in ([], -1)
                            for i in w.rows("Interface")
                            if i["name"].startswith("t"))]
    moments += [lambda t=t: time.monotonic() > start + t
                for t in (0.02, 0.1, 0.2, 0.3, 0.5)]
    for moment in moments:
        daemon = w.start_portd(answer=False)
        start = time.monotonic()
        wait(lambda: moment() or not daemon.alive(), "the moment",
             every=0.002)
        daemon.kill()
        in_the_middle += bool(partial(w))
        if not partial(w) and len(taps(w)) == NICS:
            # Too fast: begin again from nothing, but for every second TAP.
            for name in sorted(taps(w))[::2]:
                w.vsctl("--if-exists", "del-port", name)
                w.ip("link", "del", name)
    equal(in_the_middle >= 3, True,
          "killed %d times half-way, at least 3" % in_the_middle)
    w.start_portd()
    w.wait_state(ids(), timeout=60)
    check_complete(w)
    frames.talk(w.open("vm00/net1"), w.open("vm19/net1"))
    w.wait_idle()
    check_complete(w)


@options(timeout=180)
def test_killed_while_removing(w):
    """SIGKILL in the middle of a removal: the next one finishes it."""
    specs(w, 40)
    w.start_portd()
    w.wait_state(ids(40), timeout=60)
    for vm in range(2):
        w.remove("vms.d/vm%02d.json" % vm)
    wait(lambda: len(taps(w)) < 40 or len(w.rows("Port")) < 41,
         "the removal has begun", every=0.002)
    w.portd.kill()
    w.start_portd()
    wait(lambda: len(taps(w)) == 20 and len(w.rows("Port")) == 21,
         lambda: "20 are left; there are %d TAPs and %d ports"
         % (len(taps(w)), len(w.rows("Port")) - 1))
    w.wait_state(ids(40)[20:])


def monitor(w):
    """A process that writes a line for each change of any device."""
    path = os.path.join(w.logs, "monitor")
    with open(path, "w") as f:
        return subprocess.Popen(["ip", "-o", "monitor", "link", "address"],
                                stdout=f, env=w.env), path


@options(asan=True)
def test_idle_restart(w):
    """Restarted with nothing to do: no transaction, no netlink write, and
    nobody sees a change."""
    specs(w, 20)
    w.start_portd()
    w.wait_state(ids(20))
    w.ctl("sync")
    w.wait_idle()
    time.sleep(1)
    for how in "stop", "kill":
        db, kernel = w.db_dump(), w.kernel_dump()
        watch, path = monitor(w)
        time.sleep(0.3)
        getattr(w.portd, how)()
        w.start_portd()
        w.wait_state(ids(20))
        w.wait_idle(quiet=2)
        equal(w.written(), (0, 0), "txns and netlink writes")
        watch.terminate()
        watch.wait()
        with open(path) as f:
            equal(f.read(), "", "what 'ip monitor' saw")
        same(w.db_dump(), db, "the database")
        same(w.kernel_dump(), kernel, "the kernel")


@options(asan=True)
def test_idle_passes(w):
    """A pass with nothing to do sends nothing: touched files, resync, a
    rewritten file, other people's changes."""
    specs(w, 20)
    w.start_portd()
    w.wait_state(ids(20))
    w.ctl("sync")
    before = w.wait_idle()
    passes = w.counters()["passes"]
    for name in os.listdir(w.path("vms.d")):
        os.utime(w.path("vms.d/" + name))
    time.sleep(0.5)
    w.appctl("resync")
    wait(lambda: w.counters()["passes"] > passes, "a pass")
    w.write("vms.d/vm00.json", w.read("vms.d/vm00.json") + "\n")
    w.write("vms.d/vm01.json", w.read("vms.d/vm01.json"), atomic=False)
    w.vsctl("set", "bridge", "br0", "external_ids:theirs=1")
    w.vsctl("add-port", "br0", "x", "--", "set", "interface", "x",
            "type=internal")
    w.ip("tuntap", "add", "dev", "y", "mode", "tap")
    w.appctl("resync")
    w.ctl("sync")
    equal(w.wait_idle(quiet=2), before, "txns and netlink writes")


@options(asan=True)
def test_cost_of_one_change(w):
    """One retag among many NICs: one transaction, no netlink write."""
    specs(w, 20)
    w.start_portd()
    w.wait_state(ids(20))
    before = w.wait_idle()
    w.ctl("retag", "vm01/net3", "99")
    after = w.wait_idle()
    if after != (before[0] + 1, before[1]):
        raise Failure("a retag cost %d transactions and %d netlink writes" %
                      (after[0] - before[0], after[1] - before[1]))


@options(asan=True)
def test_sigterm(w):
    """SIGTERM and 'exit' end the daemon with 0 and leave every port in
    place; frames go on."""
    specs(w, 20)
    w.start_portd()
    w.wait_state(ids(20))
    a, b = w.open("vm00/net1"), w.open("vm01/net1")
    frames.talk(a, b)
    before = w.db_dump()
    w.portd.stop(timeout=10)
    frames.expect(a, hear=[b], patience=0)
    w.start_portd()
    w.wait_state(ids(20))
    w.portd.expected_exit = 0
    w.appctl("exit")
    w.portd.wait_exit(10)
    frames.expect(a, hear=[b], patience=0)
    same(w.db_dump(), before, "the database")
    check_complete(w, 20)
