# SPDX-License-Identifier: Apache-2.0
"""--once, --observe and plan."""

import json
import os
import signal
import socket
import time

import frames
from harness import equal, nic, options, same, wait

CAP_NET_ADMIN = 12              # linux/capability.h


def specs(w):
    w.write_host()
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", tag=10, queues=4)})
    w.write_vm("vm2", {"net0": nic(2, ifname="tap1", tag=10)})


@options(asan=True)
def test_once(w):
    """--once converges, reports, and exits with 0; everything stays."""
    specs(w)
    text = w.run_portd("--once")
    equal("vm1/net0: ready" in text and "vm2/net0: ready" in text, True,
          "both are ready in %r" % text)
    frames.talk(w.open("vm1/net0"), w.open("vm2/net0"), patience=5)
    before = w.db_dump(), w.kernel_dump()
    w.run_portd("--once")
    same(w.db_dump(), before[0], "the database after a second --once")
    same(w.kernel_dump(), before[1], "the kernel after a second --once")
    w.write_vm("vm2", {"net0": nic(2, ifname="tap1", tag=20)})
    w.run_portd("--once")
    equal(w.port("tap1")["tag"], 20, "the new tag")


@options(asan=True)
def test_once_without_lock(w):
    """--once exits with 4, having written nothing, while a daemon holds the
    instance's lock."""
    specs(w)
    w.start_portd()
    w.wait_state(["vm1/net0", "vm2/net0"])
    w.wait_idle()
    w.portd.signal(signal.SIGSTOP)  # It shall not see the change.
    try:
        w.write_vm("vm2", {"net0": nic(2, ifname="tap1", tag=20)})
        before = w.db_dump(), w.kernel_dump()
        started = time.monotonic()
        again = w.start_portd("--once", extra=True, answer=False)
        again.expected_exit = 4
        again.wait_exit(30)
        equal(time.monotonic() - started < 15 * frames.slowness, True,
              "it ends soon")
        same(w.db_dump(), before[0], "the database")
        same(w.kernel_dump(), before[1], "the kernel")
    finally:
        w.daemons[0].signal(signal.SIGCONT)
    wait(lambda: w.port("tap1")["tag"] == 20, "the daemon goes on")


def test_once_without_database(w):
    """--once exits with 4 where there is no ovsdb-server."""
    specs(w)
    w.expect_log(r"db\.sock", r"\|(reconnect|ovsdb_idl|ovsdb_cs)\|")
    w.ovsdb.kill()
    text = w.run_portd("--once", exit=4)
    equal([n for n in w.device_names() if n.startswith("tap")], [],
          "TAPs; it says %r" % text)


def test_once_bad(w):
    """--once does what it can and exits with 2 where an object is in
    conflict, or a file invalid."""
    specs(w)
    w.expect_log(r"vm1/net0", r"vm3\.json")
    w.ip("tuntap", "add", "dev", "tap0", "mode", "tap")
    w.run_portd("--once", exit=2)
    equal(w.port("tap1") is None, False, "the other port is there")
    w.ip("tuntap", "del", "dev", "tap0", "mode", "tap")
    w.run_portd("--once")
    w.write("vms.d/vm3.json", "{")
    w.run_portd("--once", exit=2)


def detached(w, *args):
    """Starts ovs-portd so that it is not our child; returns its pid."""
    w.run("ovs-portd", "--detach", "--pidfile", "-vconsole:off",
          "--log-file=" + os.path.join(w.logs, "detached.log"), *args)
    return w.status()["pid"]


def gone(pid):
    return not os.path.exists("/proc/%d" % pid)


@options(asan=True)
def test_detach(w):
    """--detach returns once the daemon answers, and relative paths still
    mean what they meant."""
    specs(w)
    pid = detached(w, "--spec-dir=spec", "--state-dir=state")
    w.wait_state(["vm1/net0", "vm2/net0"])
    w.appctl("exit")
    wait(lambda: gone(pid), "it ends")
    equal(w.port("tap0") is None, False, "tap0's port stays")


def test_monitor(w):
    """--monitor brings the daemon back after a crash, and it goes on."""
    specs(w)
    pid = detached(w, "--monitor", "--spec-dir=" + w.spec,
                   "--state-dir=" + w.state)
    w.wait_state(["vm1/net0", "vm2/net0"])
    os.kill(pid, signal.SIGALRM)   # Leaves no core file.

    def again():
        result = w.run("ovs-appctl", "--timeout=5", "-t", "ovs-portd",
                       "status", "json", check=False)
        return not result.returncode \
            and json.loads(result.stdout)["pid"] != pid
    wait(again, "another process answers")
    w.wait_state(["vm1/net0", "vm2/net0"])
    w.write_vm("vm2", {"net0": nic(2, ifname="tap1", tag=20)})
    wait(lambda: w.port("tap1")["tag"] == 20, "the new tag")
    pid = w.status()["pid"]
    w.appctl("exit")
    wait(lambda: gone(pid), "it ends")


def test_notify(w):
    """Under systemd READY=1 comes when the specs are live, STOPPING=1 at the
    end."""
    specs(w)
    path = os.path.join(w.rundir, "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(path)
        s.settimeout(30)
        w.env["NOTIFY_SOCKET"] = path
        w.start_portd()
        messages = ""
        while "READY=1" not in messages:
            messages += s.recv(4096).decode() + "\n"
        w.portd.stop()
        while "STOPPING=1" not in messages:
            messages += s.recv(4096).decode() + "\n"


def spec_dump(w):
    found = {}
    for directory, _, names in os.walk(w.spec):
        for name in names:
            path = os.path.join(directory, name)
            with open(path) as f:
                found[os.path.relpath(path, w.spec)] = (
                    f.read(), os.stat(path).st_mtime_ns)
    return found


@options(asan=True)
def test_observe(w):
    """--observe writes nothing anywhere, says what it would do, and takes no
    lock; beside a daemon, too."""
    specs(w)
    time.sleep(1)
    before = w.db_dump(), w.kernel_dump(), spec_dump(w)
    observer = w.start_portd("--observe", instance=None, extra=True)

    def planned():
        return {(s["op"], s["what"], s["name"]) for s in json.loads(
            w.appctl("plan", "json", target=observer.target))}
    wanted = {("+", "Bridge", "br0"), ("+", "Port", "tap0"),
              ("+", "Port", "tap1")}
    wait(lambda: wanted <= planned(), lambda: "%s planned; %s"
         % (wanted, planned()))
    time.sleep(2)
    equal(w.written(observer.target), (0, 0), "what it wrote")
    same(w.db_dump(), before[0], "the database")
    same(w.kernel_dump(), before[1], "the kernel")
    same(spec_dump(w), before[2], "the spec directory")
    w.start_portd()
    w.wait_state(["vm1/net0", "vm2/net0"])
    w.wait_state(["vm1/net0", "vm2/net0"], target=observer.target)
    wait(lambda: not planned(), "nothing is planned any more")
    equal(w.status()["state"], "ready", "the daemon's state")
    equal(w.written(observer.target), (0, 0), "what it wrote")


@options(asan=True)
def test_observe_once(w):
    """--observe --once prints the plan and exits."""
    specs(w)
    before = w.db_dump(), w.kernel_dump()
    text = w.run_portd("--observe", "--once")
    equal("tap0" in text and "tap1" in text, True, "the plan in %r" % text)
    same(w.db_dump(), before[0], "the database")
    same(w.kernel_dump(), before[1], "the kernel")


def steps(w, *args):
    return {(s["op"], s["what"], s["name"], s["impact"])
            for s in json.loads(w.ctl("-f", "json", "plan", *args).stdout)}


@options(asan=True)
def test_plan(w):
    """plan with and without a daemon says the same; --exit-code tells whether
    there are changes."""
    specs(w)
    before = w.db_dump(), w.kernel_dump()
    text = w.ctl("plan").stdout
    for word in "br0", "tap0", "tap1", "hitless":
        equal(word in text, True, "'%s' in %r" % (word, text))
    w.ctl("plan", "--exit-code", exit=5)
    same(w.db_dump(), before[0], "the database")
    same(w.kernel_dump(), before[1], "the kernel")

    w.start_portd()
    w.wait_state(["vm1/net0", "vm2/net0"])
    w.ctl("sync")
    w.ctl("plan", "--exit-code", exit=0)
    guest = w.open("vm1/net0")
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", tag=10, queues=1)})
    w.wait_state("vm1/net0", "pending")
    w.ctl("plan", "--exit-code", exit=5)
    with_daemon = steps(w)
    equal(("tap0", "vm-restart") in {s[2:] for s in with_daemon}, True,
          "tap0 needs the VM to restart in %r" % with_daemon)
    w.portd.stop()
    equal(steps(w), with_daemon, "the plan without the daemon")
    w.write_vm("vm2", {"net0": nic(2, ifname="tap1", tag=20)})
    found = w.ctl("plan", "--exit-code", exit=5).stdout
    equal("10" in found and "20" in found, True, "old and new in %r" % found)
    guest.close()


def test_user(w):
    """--user: as somebody else with a few capabilities it does all of its
    work; the spec directory is root's."""
    specs(w)
    w.make_room_for_nobody()
    w.start_portd("--user=nobody:nogroup")
    w.wait_state(["vm1/net0", "vm2/net0"])
    with open("/proc/%d/status" % w.portd.pid) as f:
        fields = dict(line.split(":", 1) for line in f)
    equal(set(fields["Uid"].split()), {"65534"}, "its user ids")
    for kind in "CapEff", "CapPrm":
        equal(int(fields[kind], 16), 1 << CAP_NET_ADMIN, kind)
    frames.talk(w.open("vm1/net0"), w.open("vm2/net0"))
    w.ctl("retag", "vm1/net0", "20")
    equal(w.port("tap0")["tag"], 20, "tag")
    w.remove("vms.d/vm1.json")
    w.guests.close()
    wait(lambda: not w.port("tap0") and "tap0" not in w.device_names(),
         "tap0 is gone")
