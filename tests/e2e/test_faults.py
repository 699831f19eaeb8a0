# SPDX-License-Identifier: Apache-2.0
"""Lost events, a lost lock, a reboot: what level-triggered means."""

import os
import signal
import subprocess
import time

import frames
from harness import equal, never, nic, options, wait

BOOT_ID = "01234567-89ab-4def-8123-456789abcdef"
LOCK = "ovs_portd_main"         # OVSDB's, of the instance "main".


def world(w):
    w.write_host()
    for i in (1, 2):
        w.write_vm("vm%d" % i, {"net0": nic(i, ifname="tap%d" % i, tag=10,
                                            queues=2)})
    w.start_portd()
    w.wait_state(["vm1/net0", "vm2/net0"])


def test_netlink_overrun(w):
    """More link events than the socket holds: all links are read again, and
    what happened among the lost events is put right."""
    world(w)
    w.expect_log(r"link events were lost")
    w.wait_idle()
    dumps = w.counters()["netlink_dumps"]
    w.portd.signal(signal.SIGSTOP)
    w.ip("link", "add", "noise", "type", "veth", "peer", "name", "noise2")
    # The kernel tells of an alias only where the device is up.
    w.ip("link", "set", "noise", "up")
    lines = ["link set noise alias a%d" % i for i in range(20000)]
    lines[10000] = "link del tap1"
    lines[15000] = "link set tap2 down"
    w.run("ip", "-batch", "-", stdin="\n".join(lines) + "\n")
    w.portd.signal(signal.SIGCONT)
    w.wait_state(["vm1/net0", "vm2/net0"])
    wait(lambda: w.is_up("tap1") and w.is_up("tap2"), "both are up")
    equal(w.counters()["netlink_dumps"] > dumps, True,
          "the events overran, so that links were dumped again")
    frames.talk(w.open("vm1/net0"), w.open("vm2/net0"))


def test_inotify_overflow(w):
    """More file events than inotify holds: all files are looked at again."""
    world(w)
    with open("/proc/sys/fs/inotify/max_queued_events") as f:
        n = int(f.read())
    w.portd.signal(signal.SIGSTOP)
    a, b = w.path("vms.d/.a"), w.path("vms.d/.b")
    open(a, "w").close()
    for _ in range(n // 4 + 1000):
        os.rename(a, b)
        os.rename(b, a)
    w.write_vm("vm1", {"net0": nic(1, ifname="tap1", tag=20, queues=2)})
    w.write_vm("vm3", {"net0": nic(3, ifname="tap3", tag=20)})
    w.portd.signal(signal.SIGCONT)
    w.wait_state("vm3/net0")
    wait(lambda: w.port("tap1")["tag"] == 20, "the new tag")


@options(asan=True)
def test_lock_stolen(w):
    """Without its lock the daemon writes nothing, neither to the database nor
    to the kernel; with it, it catches up."""
    world(w)
    before = w.wait_idle()
    thief = subprocess.Popen(
        ["ovsdb-client", "steal", "unix:" + w.db_socket, LOCK],
        env=w.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    w.expect_log(r"lock")
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
    world(w)
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
    world(w)
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
