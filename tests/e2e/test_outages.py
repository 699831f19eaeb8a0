# SPDX-License-Identifier: Apache-2.0
"""Databases that are stopped, empty or full, a spec directory that is
unmounted, a clock that jumps, very many files."""

import os
import re
import signal
import time

import endure
import frames
import oracle
from harness import SCHEMA, Daemon, equal, never, nic, options, wait
from test_faults import reboot
from test_objects import strict_schema
from test_safety import assert_calm

LOST = (r"\|(reconnect|jsonrpc|stream_unix|ovsdb_cs|ovsdb_idl)\|",
        r"(ovsdb-server|ovs-vswitchd|db\.sock)")


def world(w, n=4, **policy):
    w.write_host(**policy)
    for i in range(n):
        w.write_vm("vm%d" % i, {"net0": nic(i, ifname="tap%d" % i, tag=10,
                                            queues=2)})
    w.start_portd()
    w.wait_state(["vm%d/net0" % i for i in range(n)])


@options(timeout=180)
def test_ovsdb_stopped(w):
    """ovsdb-server is stopped for 30 s: degraded in time, no waiter waits
    beyond its deadline, nothing is deleted, and then all is as it should."""
    w.expect_log(*LOST)
    world(w)
    pid, devices = w.portd.pid, w.device_names()
    w.ovsdb.signal(signal.SIGSTOP)
    stopped = time.monotonic()
    result = w.ctl("--timeout=5", "retag", "vm0/net0", "20", exit=None)
    equal(result.returncode in (3, 4), True,
          "exit status %d" % result.returncode)
    equal(time.monotonic() - stopped < 20 * frames.slowness, True,
          "the waiter's patience")
    w.remove("vms.d/vm3.json")
    wait(lambda: w.status()["state"] == "degraded", "it is degraded")
    while time.monotonic() < stopped + 30:
        equal(w.device_names() >= devices, True, "all devices are there")
        time.sleep(0.5)
    w.ovsdb.signal(signal.SIGCONT)
    wait(lambda: w.status()["state"] == "ready", "it is ready", timeout=60)
    oracle.assert_clean(w, timeout=60)
    equal(w.portd.pid, pid, "its pid")


@options(asan=True, timeout=120)
def test_lost_transaction(w):
    """ovsdb-server dies with a transaction of many steps of one object: that
    is one try, and nobody who waits is told of an error."""
    w.expect_log(*LOST)
    world(w, 1)
    members = ["e%d" % i for i in range(6)]
    for name in members:
        w.run("ip", "link", "add", name, "type", "veth", "peer", "name",
              "f" + name)
    w.wait_idle()
    passes = w.counters()["passes"]
    w.ovsdb.signal(signal.SIGSTOP)
    w.write_host({"bridges": {"br0": {"datapath_type": "netdev"}},
                  "bonds": {"bond0": {"bridge": "br0", "members": members}}})
    wait(lambda: w.counters()["passes"] > passes, "a transaction is sent")
    w.ovsdb.kill()
    w.start_ovsdb()
    w.wait_state(["bond:bond0", "vm0/net0"])
    with open(w.portd.log, errors="replace") as f:
        equal("bond:bond0: error" in f.read(), False, "bond0 was in error")


@options(asan=True, timeout=180)
def test_database_emptied(w):
    """ovsdb-server comes back with an empty database: everything is made
    anew, and the TAPs stay, with whoever holds them."""
    w.expect_log(*LOST)
    world(w)
    guest = w.open("vm0/net0")
    index = w.ifindex("tap0")
    w.ovsdb.kill()
    os.unlink(w.db_file)
    w.run("ovsdb-tool", "create", w.db_file, SCHEMA)
    w.start_ovsdb()
    never(lambda: w.ifindex("tap0") != index, "a TAP is touched", 1)
    w.vsctl("--no-wait", "init")
    oracle.assert_clean(w, timeout=60)
    equal(w.ifindex("tap0"), index, "ifindex of the TAP that is held")
    equal(w.portd.alive(), True, "the same daemon")
    guest.close()


@options(ovs=False, timeout=180)
def test_database_full(w):
    """The disk of the database is full: errors with its words, no spinning;
    when there is room again all is done."""
    w.expect_log(*LOST, r"vm\d/net0", r"bridge:br0", r"txn")
    w.run("mount", "-t", "tmpfs", "-o", "size=256k", "none",
          os.path.dirname(w.db_file))
    w.start_ovs()
    world(w, 2)
    ballast = os.path.join(os.path.dirname(w.db_file), "ballast")
    with open(ballast, "wb", buffering=0) as f:
        try:
            while True:
                f.write(bytes(512))
        except OSError:
            pass
    tag = 100

    def state():
        return w.objects()["vm0/net0"]["state"]
    # What is left of the last page still takes some.
    while state() not in ("error", "degraded") and tag < 200:
        tag += 1
        w.write_vm("vm0", {"net0": nic(0, ifname="tap0", tag=tag, queues=2,
                                       external_ids={"x": "y" * 500})})
        wait(lambda: state() in ("error", "degraded")
             or w.port("tap0")["tag"] == tag, "an outcome")
    equal(state() in ("error", "degraded"), True, "the disk is full")
    assert_calm(w)
    os.unlink(ballast)
    if not w.ovsdb.alive():
        w.start_ovsdb()
    w.write_vm("vm1", {"net0": nic(1, ifname="tap1", tag=77, queues=2)})
    oracle.assert_clean(w, timeout=90)
    equal(w.port("tap0")["tag"], tag, "the last tag")


def start_second_server(w):
    """The other member of the cluster that 'w' talks to one member of."""
    run = w.rundir
    database = os.path.join(w.dir, "db", "second.db")
    if not os.path.exists(database):
        w.run("ovsdb-tool", "join-cluster", database, "Open_vSwitch",
              "unix:%s/raft2" % run, "unix:%s/raft1" % run)
    log = os.path.join(w.logs, "ovsdb-2.log")
    server = Daemon(w, "ovsdb-2", [
        "ovsdb-server", database, "--pidfile=%s/second.pid" % run,
        "--unixctl=%s/second.ctl" % run, "--log-file=" + log,
        "-vconsole:off"], log, run + "/second.ctl")
    w.wait_answer(server)
    return server


@options(ovs=False, timeout=180)
def test_no_leader(w):
    """A clustered database that has lost its leader: degraded, nothing is
    deleted, nothing is done to the kernel; it goes on with the next one."""
    w.expect_log(*LOST)
    w.run("ovsdb-tool", "create-cluster", w.db_file, SCHEMA,
          "unix:%s/raft1" % w.rundir)
    w.start_ovsdb()
    w.vsctl("--no-wait", "init")
    second = start_second_server(w)
    w.run("ovsdb-client", "--timeout=30", "wait", "unix:" + w.db_socket,
          "Open_vSwitch", "connected")
    w.start_vswitchd()
    world(w)
    devices = w.device_names()
    second.kill()
    wait(lambda: w.status()["state"] == "degraded", "it is degraded",
         timeout=90)
    w.remove("vms.d/vm3.json")
    w.write_vm("vm4", {"net0": nic(4, ifname="tap4", tag=10)})
    never(lambda: w.device_names() != devices, "the kernel is touched", 2)
    second = start_second_server(w)
    wait(lambda: w.status()["state"] == "ready", "it is ready", timeout=90)
    oracle.assert_clean(w, timeout=60)
    second.kill()


def test_unmounted(w):
    """The spec directory is a file system that is unmounted for a while:
    nothing is deleted; what changed on it meanwhile counts when it is back."""
    w.expect_log(r"cannot be read")     # If it looks meanwhile.
    away = os.path.join(w.dir, "away")
    os.mkdir(away)
    w.run("mount", "-t", "tmpfs", "none", away)
    spec = os.path.join(w.dir, "mounted")
    os.mkdir(spec)
    w.run("mount", "--bind", away, spec)
    w.spec = spec
    world(w)
    before = w.written()
    devices = w.device_names()
    w.run("umount", spec)
    never(lambda: w.written() != before or w.device_names() != devices,
          "something is done", 3)
    w.spec = away
    w.write_vm("vm0", {"net0": nic(0, ifname="tap0", tag=20, queues=2)})
    w.run("mount", "--bind", away, spec)
    w.spec = spec
    w.appctl("resync")
    wait(lambda: w.port("tap0")["tag"] == 20, "the new tag")
    oracle.assert_clean(w)


@options(timeout=180)
def test_reboot_with_everything(w):
    """A reboot with pin_ofports: the same ofports; a stranger's TAP that took
    one of our names is not taken over; the rest comes back."""
    w.expect_log(*LOST, r"vm1/net0")
    w.write_host({"bridges": {"br0": {"datapath_type": "netdev"}},
                  "links": {"lab": {"type": "veth", "ends": [
                      {"bridge": "br0", "port": "v0"}, {"port": "v1"}]}}},
                 pin_ofports=True)
    # Numbers that would not come by themselves.
    for i in (3, 1, 2, 0):
        w.write_vm("vm%d" % i, {"net0": nic(i, ifname="tap%d" % i, tag=10)})
        if w.daemons:
            w.wait_state("vm%d/net0" % i)
        else:
            w.start_portd()
            w.wait_state(["vm3/net0", "link:lab"])
    wait(lambda: all(w.iface("tap%d" % i)["ofport_request"] != []
                     for i in range(4)), "the numbers are pinned")
    ofports = {i: w.iface("tap%d" % i)["ofport"] for i in range(4)}
    reboot(w)
    w.ip("tuntap", "add", "dev", "tap1", "mode", "tap", "user", "nobody")
    stranger = w.link("tap1")
    w.start_vswitchd()
    w.start_portd()
    w.wait_state(["vm0/net0", "vm2/net0", "vm3/net0", "link:lab"])
    w.wait_state("vm1/net0", "conflict", text="tap1")
    equal({i: w.iface("tap%d" % i)["ofport"] for i in (0, 2, 3)},
          {i: ofports[i] for i in (0, 2, 3)}, "ofports")
    equal(w.link("tap1"), stranger, "the stranger's TAP")
    oracle.assert_clean(w, without={"vm1/net0"})
    w.ip("link", "del", "tap1")
    w.wait_state("vm1/net0")
    oracle.assert_clean(w)
    equal(w.iface("tap1")["ofport"], ofports[1], "ofport of tap1")


@options(ovs=False, timeout=300)
def test_many_bad_specs(w):
    """1,000 specs of which 100 are bad, half of them in a way that only the
    database knows: 900 are ready, 100 are reported by name, and then it is
    calm."""
    w.start_ovs(strict_schema(w))
    w.expect_log(r"vm\d+/net0", r"constraint violation", r"vms\.d/",
                 r"due to excessive rate")
    w.write_host()
    for i in range(1000):
        # By 10: a bad value; by 20: one that only the database refuses.
        tag = 10 if i % 10 else 5000 if i % 20 else 4001
        w.write_vm("vm%04d" % i, {"net0": nic(i, ifname="t%d" % i, tag=tag)})
    begin = time.monotonic()
    w.start_portd()

    def ready():
        return sum(o["state"] == "ready" for i, o in w.objects().items()
                   if i.startswith("vm"))
    wait(lambda: ready() == 900, lambda: "900 are ready, not %d" % ready(),
         timeout=200, every=0.5)
    seconds = time.monotonic() - begin

    def all_refused():
        found = [o["file"] for o in w.objects().values()
                 if o["state"] == "error"
                 and "constraint violation" in o["text"]]
        return found if len(found) == 50 else None
    # Each is tried again from time to time, and is "applying" then.
    refused = wait(all_refused, "the database refuses 50", timeout=60)
    invalid = [f["name"] for f in w.status()["files"] if not f["valid"]]
    equal(len(invalid), 50, "files with errors")
    equal(sorted(invalid + refused),
          ["vms.d/vm%04d.json" % i for i in range(0, 1000, 10)],
          "what is reported")
    assert_calm(w, 5)
    print("900 of 1,000 ready after %.1f s, %d transactions"
          % (seconds, w.counters()["txns"]))


@options(timeout=300)
def test_many_files(w):
    """10,000 files: all are read, one edit among them is done at once, and
    10,000 renames are not too many."""
    w.write_host({"bridges": {"br0": {"datapath_type": "netdev"}},
                  "defaults": {"nic": {"paused": True}}})
    for i in range(10000):
        w.write_vm("vm%05d" % i, {"net0": nic(i, ifname="t%d" % i, tag=10)})
    w.write_vm("one", {"net0": nic(20000, ifname="one", tag=10,
                                   paused=False)})
    begin = time.monotonic()
    w.start_portd()
    w.wait_state("one/net0", timeout=120)
    start = time.monotonic() - begin
    w.write_vm("one", {"net0": nic(20000, ifname="one", tag=11,
                                   paused=False)})
    begin = time.monotonic()
    wait(lambda: w.port("one")["tag"] == 11, "the edit", timeout=60)
    edit = time.monotonic() - begin
    for i in range(10000):
        path = w.path("vms.d/vm%05d.json" % i)
        os.rename(path, path + "~")
        os.rename(path + "~", path)
    w.write_vm("one", {"net0": nic(20000, ifname="one", tag=12,
                                   paused=False)})
    wait(lambda: w.port("one")["tag"] == 12, "the edit after the storm",
         timeout=60)
    status = w.status()
    equal(len(status["files"]), 10002, "files")
    equal([o for o in status["objects"] if o["state"] == "held"], [],
          "what is held")
    assert_calm(w)
    print("ready after %.1f s; an edit after %.2f s; %d KiB"
          % (start, edit, endure.footprint(w.portd.pid)[1]))


def jumping(w):
    """Has the programs see a clock that jump() sets."""
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                          "clock-jump.c")
    library = os.path.join(w.dir, "clock-jump.so")
    w.run("gcc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl")
    offset = os.path.join(w.dir, "offset")
    with open(offset, "w") as f:
        f.write("0\n")
    return {"LD_PRELOAD": library, "CLOCK_JUMP": offset}, offset


def test_clock_jumps(w):
    """The wall clock jumps by days, both ways: nothing happens, and what is
    to be done is done, a grace neither ends nor lasts for ever."""
    preload, offset = jumping(w)
    w.env.update(preload)
    world(w, gc_grace=4)
    for name in preload:
        del w.env[name]
    before = w.wait_idle()
    for i, days in enumerate((3650, -30)):
        with open(offset + ".new", "w") as f:
            f.write("%d\n" % (days * 86400))
        os.rename(offset + ".new", offset)
        never(lambda: w.written() != before or w.status()["state"] != "ready",
              "something happens", 1)
        w.appctl("vlog/set", "reconcile:file:dbg")
        w.write_vm("vm0", {"net0": nic(0, ifname="tap0", tag=20 + i,
                                       queues=2)})
        wait(lambda: w.port("tap0")["tag"] == 20 + i, "an edit")
        w.appctl("vlog/set", "reconcile:file:info")
        vm = "vms.d/vm%d.json" % (i + 1)
        w.remove(vm)
        tap = "tap%d" % (i + 1)
        never(lambda: tap not in w.device_names(), "no grace", 1.5)
        wait(lambda: tap not in w.device_names(), "the grace is over")
        before = w.wait_idle()
    with open(w.portd.log) as f:
        equal(bool(re.search(r"(?m)^203\d-", f.read())), True,
              "the daemon has seen the jump")
    oracle.assert_clean(w)


def test_clean_ups(w):
    """Another agent that cleans up now and then, as Neutron's does, is put
    right with a transaction each; one that insists is left alone, and nobody
    writes any more."""
    w.expect_log(r"vm0/net0: conflict")
    world(w)

    def clean_up():
        w.vsctl("set", "port", "tap0", "tag=4095", "--", "clear",
                "interface", "tap0", "other_config")
    for _ in range(2):
        before = w.wait_idle()
        clean_up()
        wait(lambda: w.port("tap0")["tag"] == 10, "the tag is put back")
        after = w.wait_idle()
        equal((after[0] - before[0], after[1] - before[1]), (1, 0),
              "transactions and netlink writes for one clean-up")
    before = w.counters()["txns"]
    for _ in range(20):
        clean_up()
        time.sleep(0.1)
    w.wait_state("vm0/net0", "conflict", text="tag")
    equal(w.port("tap0")["tag"], 4095, "the insisting writer's tag")
    equal(w.counters()["txns"] - before <= 3, True, "%d transactions"
          % (w.counters()["txns"] - before))
    still = w.wait_idle()
    never(lambda: w.written() != still, "it goes on", 2)
    w.write_vm("vm0", {"net0": nic(0, ifname="tap0", tag=11, queues=2)})
    w.wait_state("vm0/net0")
    equal(w.port("tap0")["tag"], 11, "the tag of the new spec")
