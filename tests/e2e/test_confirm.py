# SPDX-License-Identifier: Apache-2.0
"""Commit-confirm: a change that nobody confirms is undone, whoever is killed
in between, and also after a reboot."""

import json
import os
import random
import shutil
import signal
import subprocess
import time

import frames
from harness import Failure, equal, nic, options, wait
from test_apply import files, mentions, source, world
from wires import Wire, cable

BOOT_ID = "01234567-89ab-4def-8123-456789abcdef"
NETDEV = {"datapath_type": "netdev"}
LONG = 3600                     # Seconds that no test waits for.

# What the daemon says when it undoes something.
UNDONE = r"was not confirmed: \d+ files are put back"


def record(w):
    return os.path.join(w.state, "main.pending")


def is_pending(w):
    return os.path.exists(record(w))


def wait_undone(w, before, timeout=30):
    wait(lambda: not is_pending(w), "nothing is pending", timeout)
    equal(files(w.spec), before, "files")


def start_ctl(w, *args, env=None):
    return subprocess.Popen(
        ["ovs-portctl", "--spec-dir=" + w.spec, "--state-dir=" + w.state,
         *args], env=dict(w.env, **(env or {})), stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)


def retagged(w, path, tag=20):
    """A directory in which vm1's NIC has another tag."""
    w.write_vm("vm1", {"net0": nic(1, ifname="tap1", tag=tag)}, spec=path)
    return path


def management(w):
    """A bond to the management station, in VLAN 5, and two cables that lead
    nowhere; returns the host's end and the station."""
    wires = {name: cable(w, name) for name in ("eth1", "eth2", "no1", "no2")}
    w.write_host({
        "bridges": {"br0": {**NETDEV, "ports": {
            "mgmt0": {"type": "internal", "tag": 5}}}},
        "bonds": {"bond0": {"bridge": "br0", "members": ["eth1", "eth2"],
                            "bond_mode": "active-backup", "other_config": {
                                "bond-primary": "eth1"}}}})
    w.start_portd()
    w.wait_state(["bond:bond0", "port:br0/mgmt0"])
    w.ip("link", "set", "mgmt0", "up")
    host = w.guest(Wire("mgmt0", "02:00:00:00:05:01"))
    frames.expect(host, hear=[wires["eth1"]], as_tag=5)
    frames.expect(wires["eth1"], hear=[host], tag=5)
    return host, wires["eth1"]


def spoil(w, path):
    """The spec that cuts the host off: other members, another VLAN."""
    spec = json.loads(w.read("host.json"))
    spec["bonds"]["bond0"]["members"] = ["no1", "no2"]
    spec["bridges"]["br0"]["ports"]["mgmt0"]["tag"] = 6
    w.write("host.json", spec, spec=path)
    return path


def cut_off(w, host, station):
    wait(lambda: not any(frames.delivered(host, deaf=[station], silence=0.2))
         and not any(frames.delivered(station, deaf=[host], tag=5,
                                      silence=0.2)),
         "the station hears nothing")


def back(w, host, station):
    frames.expect(host, hear=[station], as_tag=5)
    frames.expect(station, hear=[host], tag=5)


@options(timeout=180)
def test_management_bond(w):
    """The test that counts: a bad spec takes the management bond its peer and
    the command its session; by the deadline the station is heard again."""
    w.expect_log(UNDONE, r"\|jsonrpc\|WARN\|unix#\d+: send error: Broken pipe")
    host, station = management(w)
    path = spoil(w, source(w))
    before = files(w.spec)
    run = start_ctl(w, "apply", "--confirm=%d" % (6 * frames.slowness),
                    "--allow=re-add", path)
    wait(lambda: files(w.spec) != before, "the files are changed")
    changed = time.monotonic()
    run.kill()                  # The session it ran in is gone.
    run.wait()
    cut_off(w, host, station)
    equal(is_pending(w), True, "it is pending")
    wait_undone(w, before)
    took = time.monotonic() - changed
    equal(took > 4, True, "undone after %.1f s, not at once" % took)
    back(w, host, station)
    w.wait_state(["bond:bond0", "port:br0/mgmt0"])
    equal(sorted(i for i in w.port("bond0")["interfaces"]),
          sorted(w.iface(n)["_uuid"] for n in ("eth1", "eth2")),
          "members of bond0")


@options(timeout=240)
def test_killed_daemon(w):
    """The daemon is killed while it is pending: the next one undoes it at the
    deadline or, if that has passed, at once."""
    w.expect_log(UNDONE)
    host, station = management(w)
    path = spoil(w, source(w))
    before = files(w.spec)
    for seconds, late in (8, False), (2, True):
        seconds *= int(frames.slowness)
        w.ctl("--wait=none", "apply", "--confirm=%d" % seconds,
              "--allow=re-add", path)
        cut_off(w, host, station)
        w.portd.kill()
        if late:
            time.sleep(seconds)
            equal(files(w.spec) != before, True, "nobody undoes it meanwhile")
        w.start_portd()
        if not late:
            time.sleep(0.5)
            equal(files(w.spec) != before, True, "the new one waits, too")
        wait_undone(w, before)
        back(w, host, station)


def test_late_directory(w):
    """A daemon that starts before the spec directory is there (a file system
    that is mounted later) undoes the change once it is."""
    w.expect_log(UNDONE, "is of a change in", "cannot be read",
                 r"net0: invalid")
    path = retagged(w, world(w))
    before = files(w.spec)
    link = os.path.join(w.dir, "link")
    os.symlink(w.spec, link)
    away = w.spec + ".away"
    w.ctl("--wait=none", "apply", "--confirm=1", path, spec=link)
    w.portd.kill()
    os.rename(w.spec, away)
    w.start_portd()
    wait(lambda: "is of a change in" in w.appctl("status"), "it is read")
    os.rename(away, w.spec)
    wait_undone(w, before)
    w.wait_state(["vm1/net0", "vm2/net0"])


@options(timeout=240)
def test_reboot(w):
    """After a reboot the change is undone before anything is made of it,
    however long there was to confirm it."""
    w.expect_log(UNDONE)
    path = world(w)
    before = files(w.spec)
    w.ctl("apply", "--confirm=%d" % LONG, retagged(w, path))
    equal(w.port("tap1")["tag"], 20, "tag")
    w.portd.stop()
    equal(is_pending(w), True, "it is pending")
    w.ovsdb.kill()
    boot_id = os.path.join(w.dir, "boot_id")
    with open(boot_id, "w") as f:
        f.write(BOOT_ID + "\n")
    w.run("mount", "--bind", boot_id, "/proc/sys/kernel/random/boot_id")
    text = w.ctl("confirm", exit=1).stderr
    mentions(text, "too late", "restarted")

    # Not even without a database.
    w.expect_log(r"\|(reconnect|jsonrpc|stream_unix|ovsdb_cs|ovsdb_idl)\|",
                 r"db\.sock")
    w.start_portd()
    wait_undone(w, before, timeout=5)
    w.start_ovsdb()
    wait(lambda: w.port("tap1")["tag"] == 10, "tag 10")


def test_confirm(w):
    """confirm makes it final; until then nothing that left is deleted, and
    that is no reason for the command to wait."""
    path = retagged(w, world(w))
    w.remove("vms.d/vm2.json", spec=path)
    started = time.monotonic()
    result = w.ctl("--timeout=60", "apply", "--confirm=%d" % LONG, "--prune",
                   path)
    equal(time.monotonic() - started < 30 * frames.slowness, True,
          "it does not wait for vm2")
    mentions(result.stderr, "2 files is pending", "s left",
             "ovs-portctl confirm")
    equal(w.port("tap1")["tag"], 20, "tag")
    w.wait_state("vm2/net0", "held", text="ovs-portctl confirm")
    time.sleep(3)               # Its grace was one second.
    equal("tap2" in w.device_names(), True, "tap2 is there")

    for args in ["show"], ["status"]:
        mentions(w.ctl(*args).stderr, "2 files is pending", "s left")
    status = w.status()["pending"]
    equal(sorted(status["files"]), ["vms.d/vm1.json", "vms.d/vm2.json"],
          "files that are pending")
    equal(LONG - 60 < status["seconds_left"] <= LONG, True, "seconds left")
    mentions(w.appctl("status"), "2 files is pending")

    equal(w.ctl("--dry-run", "confirm").stdout.count("would confirm"), 2,
          "a dry run")
    equal(w.ctl("confirm").stdout, "confirmed: 2 files\n", "what it says")
    wait(lambda: "tap2" not in w.device_names(), "tap2 is gone")
    equal((is_pending(w), files(w.spec)), (False, files(path)), "the end")
    equal(w.status()["pending"], None, "what is pending")
    equal("pending" in w.ctl("show").stderr, False, "show")
    for command in "confirm", "rollback":
        mentions(w.ctl(command, exit=1).stderr, "no change is pending")
        mentions(w.ctl("--dry-run", command, exit=1).stderr,
                 "no change is pending")


def test_rollback(w):
    """rollback undoes it at once, what was removed, added and changed; also
    without a daemon."""
    path = retagged(w, world(w))
    before = files(w.spec)
    w.remove("vms.d/vm2.json", spec=path)
    w.write_vm("vm3", {"net0": nic(3, ifname="tap3", tag=30)}, spec=path)
    for daemon in True, False:
        w.ctl("apply", "--confirm=%d" % LONG, "--prune", path)
        equal(files(w.spec), files(path), "files")
        equal(w.ctl("--dry-run", "rollback").stdout.count("would roll back"),
              3, "a dry run")
        if not daemon:
            w.portd.stop()
        w.ctl("--timeout=5", "--wait=ovs" if daemon else "--wait=none",
              "rollback", exit=0)
        equal((is_pending(w), files(w.spec)), (False, before), "the end")
        equal(w.port("tap1")["tag"], 10 if daemon else 20, "tag")
    w.start_portd()
    wait(lambda: w.port("tap1")["tag"] == 10
         and "tap3" not in w.device_names(), "all as it was")
    w.wait_state(["vm1/net0", "vm2/net0"])


@options(timeout=180)
def test_what_comes_back_was_never_gone(w):
    """What left with a change that is undone, by the deadline or by rollback,
    keeps its rows and devices, although its grace was over long ago."""
    w.expect_log(UNDONE)
    path = world(w)
    w.remove("vms.d/vm2.json", spec=path)
    before = files(w.spec)

    def identity():
        return w.port("tap2")["_uuid"], w.link("tap2")["ifindex"]
    was = identity()
    for how in "deadline", "rollback", "rollback":
        w.ctl("apply", "--prune", "--confirm=%d"
              % (4 if how == "deadline" else LONG), path)
        w.wait_state("vm2/net0", "held", text="ovs-portctl confirm")
        time.sleep(1.5)         # Its grace is one second.
        if how == "rollback":
            w.ctl("rollback")
        wait_undone(w, before)
        w.ctl("sync")
        w.wait_state("vm2/net0")
        equal(identity(), was, "tap2 after the " + how)


def test_damaged_record(w):
    """While nobody knows what is pending, nothing is deleted."""
    w.expect_log(r"main.pending: is damaged")
    path = world(w)
    w.remove("vms.d/vm2.json", spec=path)
    w.ctl("apply", "--prune", "--confirm=%d" % LONG, path)
    w.wait_state("vm2/net0", "held", text="ovs-portctl confirm")
    time.sleep(1.5)             # Its grace is one second.
    with open(record(w), "w") as f:
        f.write("x")
    w.appctl("resync")
    wait(lambda: "damaged" in w.appctl("status"), "the daemon says so")
    w.wait_state("vm2/net0", "held", text="is damaged")
    equal("tap2" in w.device_names(), True, "tap2 is there")
    os.unlink(record(w))
    w.appctl("resync")
    wait(lambda: "tap2" not in w.device_names(), "tap2 is gone")


@options(asan=True)
def test_one_at_a_time(w):
    """While it is pending its files take no other edit, and there is no
    second one; who has it and until when is said."""
    path = retagged(w, world(w))
    w.remove("vms.d/vm2.json", spec=path)
    w.ctl("apply", "--confirm=%d" % LONG, path)
    after = files(w.spec)
    user = w.run("id", "-un").stdout.strip()
    for args in (["retag", "vm1/net0", "30"], ["vm-del", "vm1"],
                 ["nic-del", "vm1/net0"], ["quarantine", "vm1"],
                 ["retag", "vm2/net0", "30", "--", "retag", "vm1/net0", "30"]):
        text = w.ctl(*args, exit=1).stderr
        mentions(text, "vms.d/vm1.json: takes no edit", "s left",
                 "ovs-portctl confirm", "ovs-portctl rollback")
        equal(user in text or "process" in text, True, "who in %r" % text)
    equal(files(w.spec), after, "files")
    w.write_vm("vm2", {"net0": nic(2, ifname="tap2", tag=12)}, spec=path)
    mentions(w.ctl("apply", "--confirm=5", w.path("vms.d/vm2.json", path),
                   exit=1).stderr, "pending already")
    retagged(w, path, 31)
    mentions(w.ctl("apply", path, exit=1).stderr, "takes no edit")
    equal(files(w.spec), after, "files")

    # Others go on as ever.
    w.ctl("retag", "vm2/net0", "30")
    w.ctl("retag", "vm1/net0", "20")    # Changes nothing.
    equal(w.port("tap2")["tag"], 30, "tag")
    w.ctl("rollback")
    w.ctl("retag", "vm1/net0", "33")
    equal((w.port("tap1")["tag"], w.port("tap2")["tag"]), (33, 30), "tags")


def test_nobody_to_undo_it(w):
    """Refused where nobody would undo it: no daemon, one that only observes,
    one of other directories."""
    path = retagged(w, world(w))
    before = files(w.spec)

    def refused(*args, exit=1, spec=None):
        text = w.ctl(*args, exit=exit, spec=spec).stderr
        equal((files(w.spec), os.listdir(w.state)), (before, []),
              "files after %r" % (args,))
        return text
    mentions(refused("apply", "--confirm=5", w.path("vms.d/vm2.json"),
                     exit=0), "nothing to change, so nothing to confirm")
    apply = ["apply", "--confirm=5", path]
    mentions(refused("--state-dir=" + w.dir, *apply), "--state-dir is")
    other = os.path.join(w.dir, "other")
    os.makedirs(os.path.join(other, "vms.d"))
    mentions(refused(*apply, spec=other), "%s, not %s" % (w.spec, other))
    mentions(refused("--wait=none", *apply, spec=other), "--spec-dir is")
    mentions(refused("--state-dir=" + w.db_file, *apply), "cannot be opened")
    w.portd.stop()
    mentions(refused(*apply, exit=4), "nobody would undo")
    w.start_portd("--observe")
    mentions(refused(*apply), "only observes")
    w.portd.stop()
    w.start_portd()
    w.portd.signal(signal.SIGSTOP)
    w.expect_log(r"\|jsonrpc\|WARN\|unix#\d+: send error: Broken pipe")
    mentions(refused("--timeout=2", *apply, exit=4), "nobody would undo")
    w.portd.signal(signal.SIGCONT)

    # A damaged record is not passed over: its files are not known.
    with open(record(w), "w") as f:
        f.write("x")
    w.expect_log(r"main.pending: is damaged")
    for args in apply, ["retag", "vm2/net0", "11"], ["confirm"], ["rollback"]:
        mentions(w.ctl(*args, exit=1).stderr, "main.pending: is damaged")
    wait(lambda: "damaged" in w.appctl("status"), "the daemon says so")
    os.unlink(record(w))
    w.ctl("retag", "vm2/net0", "11")


def test_daemon_of_another_user(w):
    """A daemon that is not root undoes what root has changed, in a directory
    of its own; then root goes on editing.  Where it could not, it says so."""
    w.expect_log(UNDONE)
    path = retagged(w, world(w))
    w.portd.stop()
    w.make_room_for_nobody()
    for directory in w.spec, w.path("vms.d"):
        shutil.chown(directory, "nobody", "nogroup")
    for name in os.listdir(w.rundir):   # The first daemon was root.
        if name.startswith("ovs-portd"):
            os.unlink(os.path.join(w.rundir, name))
    w.start_portd("--user=nobody:nogroup")
    w.wait_state(["vm1/net0", "vm2/net0"])
    before = files(w.spec)

    os.chmod(w.path("vms.d"), 0o555)
    mentions(w.ctl("apply", "--confirm=5", path, exit=1).stderr,
             "may not write to vms.d")
    os.chmod(w.path("vms.d"), 0o755)
    equal(w.status()["no_rollback"], "", "what hinders it")
    os.chown(w.path(".lock"), 0, 0)
    mentions(w.status()["no_rollback"], "may not write to .lock")

    w.ctl("apply", "--confirm=1", path)
    wait_undone(w, before)
    wait(lambda: w.port("tap1")["tag"] == 10, "vm1's tag")
    equal(os.stat(w.path("vms.d/vm1.json")).st_uid, 65534, "whose file it is")
    equal(w.ctl("check").stderr, "", "what is wrong with the files")
    w.ctl("retag", "vm1/net0", "30")
    equal(w.port("tap1")["tag"], 30, "vm1's tag")


def test_somebody_else(w):
    """A file that somebody else has written meanwhile is left as it is; what
    it was before is kept until somebody decides."""
    w.expect_log(UNDONE, r"somebody else has written it")
    path = retagged(w, world(w))
    w.write_vm("vm2", {"net0": nic(2, ifname="tap2", tag=20)}, spec=path)
    before = files(w.spec)

    def until_stuck():
        w.ctl("--wait=none", "apply", "--confirm=2", path)
        w.write_vm("vm1", {"net0": nic(1, ifname="tap1", tag=77)})
        wait(lambda: (w.status()["pending"] or {}).get("stuck"),
             "it is stuck")
        equal(w.read("vms.d/vm2.json"), before["vms.d/vm2.json"], "vm2's file")
        wait(lambda: w.port("tap2")["tag"] == 10, "vm2's tag")
        equal(w.port("tap1")["tag"], 77, "vm1's tag")
        equal(w.status()["pending"]["files"], ["vms.d/vm1.json"], "files")
        with open(record(w)) as f:
            mentions(f.read(), before["vms.d/vm1.json"])
    until_stuck()
    w.portd.stop()
    w.start_portd()
    w.wait_state(["vm1/net0", "vm2/net0"])
    mentions(w.ctl("retag", "vm1/net0", "30", exit=1).stderr, "takes no edit",
             '"ovs-portctl rollback --force"')
    mentions(w.ctl("show").stderr, "pending", "not to be undone by itself",
             '"ovs-portctl rollback --force"')
    mentions(w.ctl("rollback", exit=1).stderr, "somebody else", "--force")
    equal(w.port("tap1")["tag"], 77, "vm1's tag")
    w.ctl("rollback", "--force")
    equal((is_pending(w), files(w.spec)), (False, before), "the end")
    equal(w.port("tap1")["tag"], 10, "vm1's tag")

    until_stuck()
    w.ctl("confirm")
    equal((is_pending(w), w.port("tap1")["tag"]), (False, 77), "the end")
    w.ctl("retag", "vm1/net0", "30")


def test_chain(w):
    """confirm at the end of a chain: only if all before went well."""
    w.expect_log(UNDONE, r"vm1/net0: (conflict|error)")
    path = retagged(w, world(w))
    before = files(w.spec)
    w.ctl("apply", "--confirm=60", path, "--", "confirm")
    equal((is_pending(w), w.port("tap1")["tag"]), (False, 20), "the end")

    w.write("vms.d/vm1.json", before["vms.d/vm1.json"])
    w.ctl("sync")
    w.vswitchd.signal(signal.SIGSTOP)
    result = w.ctl("--timeout=2", "apply", "--confirm=4", path, "--",
                   "confirm", exit=3)
    mentions(result.stderr, "not confirmed")
    w.vswitchd.signal(signal.SIGCONT)
    wait_undone(w, before)
    wait(lambda: w.port("tap1")["tag"] == 10, "tag 10")


def test_clock(w):
    """Only the time since the machine's boot counts: processes that have
    another idea of CLOCK_MONOTONIC agree with each other."""
    w.expect_log(UNDONE)
    path = retagged(w, world(w))
    before = files(w.spec)
    w.run("unshare", "--time", "--fork", "--monotonic", "1000000",
          "ovs-portctl", "--spec-dir=" + w.spec, "--state-dir=" + w.state,
          "--wait=none", "apply", "--confirm=4", path)
    time.sleep(1)
    equal(files(w.spec), files(path), "files before the deadline")
    wait_undone(w, before)
    wait(lambda: w.port("tap1")["tag"] == 10, "tag 10")


def failpoints(w):
    """Places at which this build can be made to die."""
    with open(os.path.join(w.bin, "ovs-portctl"), "rb") as f:
        built_in = b"PORTD_FAILPOINT" in f.read()
    return ["temporary-written", "temporaries-written",
            "pending-tmp-written", "pending-renamed",
            "pending-written", "journal-tmp-written", "journal-renamed",
            "journal-written", "item-done", "items-done",
            "journal-removed"] if built_in else []


@options(timeout=240, asan=True)
def test_killed_apply(w):
    """The command is killed at every step (at random moments where the build
    has no such places): what has happened is undone by the deadline, and
    what has not never does."""
    w.expect_log(UNDONE, r"a process (died and left|that died)",
                 r"\|jsonrpc\|WARN\|unix#\d+: ")     # Who asked is no more.
    path = retagged(w, world(w))
    w.remove("vms.d/vm2.json", spec=path)
    w.write_vm("vm3", {"net0": nic(3, ifname="tap3", tag=30)}, spec=path)
    before = files(w.spec)
    random.seed(4)
    points = failpoints(w)
    changed = 0
    command = ["--wait=none", "apply", "--confirm=1", "--prune", path]
    started = time.monotonic()
    w.ctl(*command)
    whole = time.monotonic() - started
    wait_undone(w, before)
    for point in points or [None] * 12:
        run = start_ctl(w, *command,
                        env={"PORTD_FAILPOINT": point} if point else {})
        if not point:
            time.sleep(random.uniform(0.3, 1.3) * whole)
            run.kill()
        status = run.wait()
        if point:
            equal(status, -signal.SIGKILL, "end at " + point)
        w.ctl("show")           # Whoever reads sees it whole.
        changed += is_pending(w)
        wait_undone(w, before)
        wait(lambda: w.port("tap1")["tag"] == 10
             and "tap3" not in w.device_names(), "all as it was")
    if not changed:
        raise Failure("none was killed after it had begun")
    w.ctl("apply", "--confirm=%d" % LONG, "--prune", path)
    w.ctl("confirm")
    equal(files(w.spec), files(path), "the end")


@options(timeout=240, asan=True)
def test_killed_while_undoing(w):
    """The daemon is killed at every step of undoing it: the next one ends
    it."""
    w.expect_log(UNDONE, r"a process (died and left|that died)")
    path = retagged(w, world(w))
    w.remove("vms.d/vm2.json", spec=path)
    before = files(w.spec)
    points = [p for p in failpoints(w) if not p.startswith("pending-")]
    for point in points + ["rolled-back", "pending-removed"] if points \
            else [0.01, 0.02, 0.03]:
        w.ctl("apply", "--confirm=%d" % LONG, "--prune", path)
        w.portd.stop()
        with open(record(w)) as f:
            text = f.read()
        equal(text.startswith("ovs-portd-pending 1\n"), True, "the record")
        env = dict(w.env)
        if points:
            w.env["PORTD_FAILPOINT"] = point
        w.run("mount", "--bind", boot_id(w), "/proc/sys/kernel/random/boot_id")
        daemon = w.start_portd(answer=False)
        if points:
            daemon.expected_exit = -signal.SIGKILL
            daemon.wait_exit()
        else:
            time.sleep(point)
            daemon.kill()
        w.env.clear()
        w.env.update(env)
        w.start_portd()
        wait_undone(w, before)
        w.run("umount", "/proc/sys/kernel/random/boot_id")
        w.wait_state(["vm1/net0", "vm2/net0"])
        equal(w.port("tap1")["tag"], 10, "tag")
        w.portd.stop()
        w.start_portd()
        w.wait_state(["vm1/net0", "vm2/net0"])


def new_points(w, log):
    """Places that were passed since the last time, each once."""
    with open(log) as f:
        points = list(dict.fromkeys(f.read().split()))
    os.truncate(log, 0)
    return points


@options(timeout=240, failpoints=True)
def test_killed_confirm_and_rollback(w):
    """confirm and rollback are killed at every step: who looks next sees all
    of the change or nothing of it, and the same command again ends it."""
    w.expect_log(UNDONE, r"a process (died and left|that died)")
    path = retagged(w, world(w))
    w.remove("vms.d/vm2.json", spec=path)
    before, after = files(w.spec), files(path)
    log = os.path.join(w.dir, "passed")
    killed = 0
    for command, wanted in ("rollback", before), ("confirm", after):
        def begin():
            w.ctl("--wait=none", "apply", "--prune", undo)
            w.ctl("apply", "--confirm=%d" % LONG, "--prune", path)
        undo = os.path.join(w.dir, "before-" + command)
        shutil.copytree(w.spec, undo, ignore=shutil.ignore_patterns(".*"))
        begin()
        w.run("ovs-portctl", "--spec-dir=" + w.spec, "--state-dir=" + w.state,
              command, env={"PORTD_FAILPOINT_LOG": log})
        equal(files(w.spec), wanted, "the files after " + command)
        for point in new_points(w, log):
            begin()
            run = start_ctl(w, command, env={"PORTD_FAILPOINT": point})
            equal(run.wait(), -signal.SIGKILL, "end at " + point)
            killed += 1
            # The daemon, who reads it first, ends or drops the edit.
            wait(lambda: files(w.spec) in (before, after),
                 "all or nothing of it, killed at " + point)
            if is_pending(w):
                w.ctl(command)
            equal((files(w.spec), is_pending(w)), (wanted, False),
                  "the end, killed at " + point)
    print("%d commands were killed" % killed)
    equal(killed > 5, True, "%d commands were killed" % killed)
    w.ctl("sync")


def boot_id(w):
    path = os.path.join(w.dir, "boot_id")
    with open(path, "w") as f:
        f.write(BOOT_ID + "\n")
    return path
