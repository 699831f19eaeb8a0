# SPDX-License-Identifier: Apache-2.0
"""Lost events, a lost lock, a reboot: what level-triggered means."""

import fcntl
import glob
import os
import signal
import subprocess
import time

import frames
import oracle
from endure import two_guests
from harness import equal, never, nic, options, wait
from test_safety import assert_calm

BOOT_ID = "01234567-89ab-4def-8123-456789abcdef"
LOCK = "ovs_portd_main"         # OVSDB's, of the instance "main".


def counted(w, *names):
    """Those of the daemon's counters, at rest."""
    w.wait_idle()
    counters = w.counters()
    return [counters[name] for name in names]


def flap(w, n, change):
    """'n' changes of a device that is nobody's, and two of ours among them,
    while the daemon cannot read of any."""
    w.portd.signal(signal.SIGSTOP)
    lines = ["link set noise alias a%d" % i for i in range(n)]
    lines[n // 2] = "link del tap1"
    lines[n * 3 // 4] = "link set tap2 " + change
    w.run("ip", "-batch", "-", stdin="\n".join(lines) + "\n")
    w.portd.signal(signal.SIGCONT)


@options(timeout=240)
def test_netlink_overrun(w):
    """More link events than the socket holds: that is seen, all links are
    read again, once, and what happened among the lost events is put right."""
    two_guests(w)
    w.expect_log(r"link events were lost")
    w.ip("link", "add", "noise", "type", "veth", "peer", "name", "noise2")
    # The kernel tells of an alias only where the device is up.
    w.ip("link", "set", "noise", "up")
    names = "netlink_overruns", "netlink_dumps", "file_scans"
    # Not the same thing again and again, which would be left alone.
    for change in "down", "mtu 1300", "address fe:00:00:00:00:77":
        before, began = counted(w, *names), time.monotonic()
        index = w.ifindex("tap1")
        flap(w, 20000, change)
        wait(lambda: w.ifindex("tap1") not in (None, index), "a new tap1")
        w.wait_state(["vm1/net0", "vm2/net0"])
        oracle.assert_clean(w, strangers={"noise", "noise2"})
        after = counted(w, *names)
        overruns, dumps, scans = (now - then for then, now
                                  in zip(before, after))
        equal((overruns, dumps), (1, 1), "overruns and dumps")
        # All files are looked at each minute, whatever happens.
        assert scans <= (time.monotonic() - began) // 30, scans
    assert_calm(w)
    frames.talk(w.open("vm1/net0"), w.open("vm2/net0"))


def test_flaps(w):
    """Thousands of flaps while the daemon does read, as fast as it can: what
    happens among them is put right, and if it loses events it dumps no more
    often than that."""
    two_guests(w)
    w.expect_log(r"link events were lost")
    before = counted(w, "netlink_overruns", "netlink_dumps",
                     "netlink_events")
    for i in range(20):
        w.ip("link", "add", "noise%d" % i, "type", "veth", "peer", "name",
             "other%d" % i)
    lines = ["link set noise%d %s" % (i % 20, ("up", "down")[i // 20 % 2])
             for i in range(5000)]
    lines[2500] = "link del tap1"
    lines[4000] = "link set tap2 down"
    w.run("ip", "-batch", "-", stdin="\n".join(lines) + "\n")
    w.wait_state(["vm1/net0", "vm2/net0"])
    oracle.assert_clean(w, strangers={
        name % i for i in range(20) for name in ("noise%d", "other%d")})
    overruns, dumps, events = (now - then for then, now in zip(
        before, counted(w, "netlink_overruns", "netlink_dumps",
                        "netlink_events")))
    equal(dumps <= overruns, True,
          "%d dumps for %d overruns" % (dumps, overruns))
    equal(events > 5000 or overruns > 0, True, "%d events seen" % events)
    assert_calm(w)


class ShortQueue:
    """While it is entered, who asks for inotify gets a queue of 'length'
    events.  The setting is the whole machine's, so that it is for one test at
    a time, and for a moment."""
    path = "/proc/sys/fs/inotify/max_queued_events"

    def __init__(self, length):
        self.length = length

    def __enter__(self):
        self.fd = os.open(self.path, os.O_RDWR)
        fcntl.flock(self.fd, fcntl.LOCK_EX)
        self.usual = os.pread(self.fd, 32, 0)
        os.pwrite(self.fd, b"%d\n" % self.length, 0)

    def __exit__(self, *_):
        os.pwrite(self.fd, self.usual, 0)
        os.close(self.fd)


def start_with_short_queue(w, length):
    with ShortQueue(length):
        w.start_portd(answer=False)
        wait(lambda: any(
            os.path.islink(link) and "inotify" in os.readlink(link)
            for link in glob.glob("/proc/%d/fd/*" % w.portd.pid)),
            "it has asked for inotify", every=0.002)
    w.wait_answer(w.portd)


@options(timeout=180)
def test_inotify_overflow(w):
    """More file events than inotify holds: that is seen, all files are looked
    at again, once, and what happened among the lost events is done."""
    w.write_host()
    for i in range(1, 9):
        w.write_vm("vm%d" % i, {"net0": nic(i, ifname="tap%d" % i, tag=10)})
    start_with_short_queue(w, 16)
    w.wait_state(["vm%d/net0" % i for i in range(1, 9)])
    names = "inotify_overflows", "file_scans", "netlink_dumps"
    for tag in 20, 30, 40:
        before = counted(w, *names)
        w.portd.signal(signal.SIGSTOP)
        for i in range(500):
            w.write_vm("vm%d" % (i % 8 + 1), {"net0": nic(
                i % 8 + 1, ifname="tap%d" % (i % 8 + 1), tag=i + 100)})
        # After all that the queue has room for.
        for i in range(1, 9):
            w.write_vm("vm%d" % i, {"net0": nic(i, ifname="tap%d" % i,
                                                tag=tag)})
        w.write_vm("new", {"net0": nic(tag, ifname="new%d" % tag, tag=tag)})
        w.portd.signal(signal.SIGCONT)
        w.wait_state("new/net0")
        wait(lambda: w.link("new%d" % tag), "new%d" % tag)
        oracle.assert_clean(w, strangers=())
        equal([now - then for then, now in zip(before, counted(w, *names))],
              [1, 1, 0], "overflows, scans and dumps of links")
    assert_calm(w)


def test_inotify_overflow_in_flight(w):
    """The same while the daemon does read, as fast as it can."""
    w.write_host(gc_grace=0)
    start_with_short_queue(w, 16)
    before = counted(w, "inotify_overflows", "file_scans")
    for i in range(3000):
        w.write_vm("vm%d" % (i % 30), {"net0": nic(
            i % 30, ifname="tap%d" % (i % 30), tag=i + 1)})
        if i % 7 == 0:
            w.remove("vms.d/vm%d.json" % (i % 30))
    oracle.assert_clean(w, strangers=())
    overflows, scans = (now - then for then, now in zip(
        before, counted(w, "inotify_overflows", "file_scans")))
    equal(0 < overflows and 0 < scans <= overflows, True,
          "%d scans for %d overflows" % (scans, overflows))
    assert_calm(w)


def steal_lock(w):
    """Somebody who has the daemon's lock until he is killed."""
    w.expect_log(r"lock")
    return subprocess.Popen(
        ["ovsdb-client", "steal", "unix:" + w.db_socket, LOCK],
        env=w.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)


@options(asan=True)
def test_lock_stolen(w):
    """Without its lock the daemon writes nothing, neither to the database nor
    to the kernel; with it, it catches up."""
    two_guests(w)
    before = w.wait_idle()
    thief = steal_lock(w)
    wait(lambda: w.status()["state"] == "standby", "standby")
    w.ip("link", "set", "tap1", "down")
    w.vsctl("set", "port", "tap2", "tag=99")
    w.write_vm("vm3", {"net0": nic(3, ifname="tap3", tag=20)})
    never(lambda: w.written() != before or w.is_up("tap1")
          or "tap3" in w.device_names(), "it writes without its lock", 3)
    thief.kill()
    thief.wait()
    w.wait_state(["vm1/net0", "vm2/net0", "vm3/net0"])
    wait(lambda: w.is_up("tap1") and w.port("tap2")["tag"] == 10,
         "both are put back")


@options(timeout=300)
def test_lock_stolen_midway(w):
    """The lock goes while a thousand NICs are being made: what is left of the
    plan is not done, and all of it once the lock is back."""
    n = 1500
    w.write_host()
    w.start_portd()
    w.wait_idle()
    w.write("vms.d/big.json", {"version": 1, "nics": {
        "net%d" % i: nic(i, ifname="t%d" % i, tag=10) for i in range(n)}})

    def taps():
        return sum(name[0] == "t" for name in os.listdir("/sys/class/net"))
    wait(taps, "the first TAP", every=0.005)
    thief = steal_lock(w)
    wait(lambda: w.status()["state"] == "standby", "standby")
    made, written = taps(), w.written()
    assert made < n, "all were made before the lock was gone"
    never(lambda: taps() != made or w.written() != written,
          "it goes on without its lock", 2)
    thief.kill()
    thief.wait()
    w.wait_state(["big/net%d" % i for i in range(n)], timeout=240)
    equal(taps(), n, "TAPs")
    oracle.assert_clean(w)


def reboot(w):
    """Everything of the kernel is gone, OVSDB stays, the boot id is another
    one."""
    w.portd.stop()
    w.vswitchd.kill()
    for name in w.device_names():
        if name != "lo":
            w.run("ip", "link", "del", name, check=False)
    path = os.path.join(w.dir, "boot_id")
    with open(path, "w") as f:
        f.write(BOOT_ID + "\n")
    w.run("mount", "--bind", path, "/proc/sys/kernel/random/boot_id")


def test_reboot(w):
    """After a reboot there are rows and no devices."""
    two_guests(w)
    uuids = [w.port("tap%d" % i)["_uuid"] for i in (1, 2)]
    reboot(w)
    w.start_vswitchd()
    w.start_portd()
    w.wait_state(["vm1/net0", "vm2/net0"])
    equal([w.port("tap%d" % i)["_uuid"] for i in (1, 2)], uuids, "UUIDs")
    for i in (1, 2):
        name = "tap%d" % i
        equal(w.iface(name)["external_ids"]["ovs-portd-link"],
              "%s/%d" % (BOOT_ID, w.ifindex(name)), "what ovs-portd-link is")
    frames.talk(w.open("vm1/net0"), w.open("vm2/net0"))


def test_stranger_after_a_reboot(w):
    """After a reboot a stranger's TAP may have our device's name, and even
    its ifindex: it is not ours."""
    two_guests(w)
    index = w.ifindex("tap1")
    reboot(w)
    w.ip("link", "add", "tap1", "index", str(index), "type", "veth", "peer",
         "name", "far")
    w.ip("link", "set", "tap1", "alias", "theirs")
    before = w.link("tap1")
    w.expect_log(r"vm1/net0: conflict: device tap1 ")
    w.start_portd()
    w.wait_state("vm1/net0", "conflict", text="tap1")
    w.start_vswitchd()
    w.wait_state("vm2/net0")
    time.sleep(1)
    now = w.link("tap1")
    equal([now[k] for k in ("ifindex", "ifalias", "address")],
          [before[k] for k in ("ifindex", "ifalias", "address")],
          "the stranger's device")
    # Of our own, after the same reboot, a rewritten alias is restored.
    w.ip("link", "set", "tap2", "alias", "lldpd was here")
    wait(lambda: w.link("tap2")["ifalias"] == "ovs-portd:main/vm2/net0",
         "tap2's alias is restored")
