# SPDX-License-Identifier: Apache-2.0
"""An edit of several files that dies, or stands still, at any step of its
journal: all of it or nothing, for whoever looks and whenever."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import time

import frames
from harness import (Failure, equal, is_stopped, nic, options, patience,
                     wait)

# The places that the editor passes, with the last of those that it passes
# often, and whether the edit has happened there.
POINTS = [("temporary-written:1", False), ("temporary-written:3", False),
          ("temporaries-unsynced", False), ("temporaries-written", False),
          ("journal-tmp-written", False),
          ("journal-renamed", True), ("journal-written", True),
          ("item-done:1", True), ("item-done:2", True),
          ("item-done:3", True), ("item-done:4", True),
          ("items-done", True), ("journal-removed", True)]
# Those that whoever completes a journal passes as well.
RECOVERY = [("item-done:1"), ("item-done:2"), ("items-done"),
            ("journal-removed")]

HOST = {"bridges": {"br0": {"datapath_type": "netdev", "ports": {
    "p0": {"type": "internal", "tag": 1}}}}}


def chain(w, n):
    """One file less, one more, and two that are others."""
    old, new = "xy" if os.path.exists(w.path("vms.d/x.json")) else "yx"
    return ["port-set", "p0", "tag=%d" % n, "--", "retag", "a/net0", str(n),
            "--", "vm-del", old, "--", "vm-add", new, "--", "nic-add",
            new + "/net0", "mac=52:54:00:00:00:09", "bridge=br0",
            "ifname=tap9", "tag=%d" % n]


def begin(w):
    w.write_host(HOST)
    w.write_vm("a", {"net0": nic(1, ifname="tap1", tag=1)})
    w.write_vm("x", {"net0": nic(9, ifname="tap9", tag=1)})
    w.write_vm("z", {"net0": nic(2, ifname="tap2", tag=1)})
    w.ctl("--wait=none", "retag", "z/net0", "2")


def on_disk(w, spec=None):
    """What the files hold, by their names, z apart."""
    found = {}
    for name in ["host.json"] + ["vms.d/" + n for n in sorted(
            os.listdir(w.path("vms.d", spec))) if not n.startswith(".")]:
        if name != "vms.d/z.json":
            found[name] = hashlib.sha256(w.read(name, spec).encode()
                                         ).hexdigest()
    return found


def loaded(w):
    """The same as the daemon has it."""
    files = w.status()["files"]
    equal([f for f in files if not f["valid"]], [], "invalid files")
    return {f["name"]: f["sha256"] for f in files
            if f["name"] != "vms.d/z.json"}


def what_would_be(w, n):
    """The files after the edit, made elsewhere."""
    copy = os.path.join(w.dir, "copy")
    shutil.copytree(w.spec, copy)
    w.ctl("--wait=none", *chain(w, n), spec=copy)
    after = on_disk(w, copy)
    shutil.rmtree(copy)
    return after


def start_editor(w, n, point):
    return subprocess.Popen(
        ["ovs-portctl", "--spec-dir=" + w.spec, "--wait=none", *chain(w, n)],
        env=dict(w.env, PORTD_FAILPOINT=point), stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def assert_tidy(w):
    left = [n for d in (w.spec, w.path("vms.d")) for n in os.listdir(d)
            if n.endswith(".tmp") or n == ".journal"]
    equal(left, [], "what is left of the edit")


@options(failpoints=True, timeout=300)
def test_stopped_then_killed(w):
    """The editor stands still at a step, with the lock in its hand, and is
    killed there: the daemon reads all the time and never has half of it; who
    comes next finds all or nothing."""
    begin(w)
    w.start_portd()
    w.wait_state(["a/net0", "x/net0", "z/net0", "port:br0/p0"])
    for n, (point, done) in enumerate(POINTS, 10):
        before, after = on_disk(w), what_would_be(w, n)
        equal(loaded(w), before, "what the daemon has before " + point)

        def look(wanted=(before, after)):
            now = loaded(w)
            if now not in wanted:
                raise Failure("at %s the daemon has %r, which is neither %r "
                              "nor %r" % (point, now, before, after))
            return now
        editor = start_editor(w, n, point + ("" if ":" in point else ":1")
                              + ":stop")
        wait(lambda: is_stopped(editor.pid), "the editor stops at " + point)
        for _ in range(5):
            w.appctl("resync")
            look()
            time.sleep(0.05)
        result = w.ctl("--timeout=1", "retag", "z/net0", "3", exit=1)
        equal("lock" in result.stderr, True, result.stderr)
        look()
        editor.kill()
        editor.wait()
        wanted = after if done else before
        wait(lambda: look() == wanted,
             lambda: "the daemon has %r of %s" % (loaded(w), wanted))
        w.ctl("retag", "z/net0", str(n))
        equal(on_disk(w), wanted, "files after a kill at " + point)
        assert_tidy(w)
        look((wanted,))
        equal(w.port("tap9")["tag"], w.port("tap1")["tag"], "tags")
    w.ctl("sync")


@options(failpoints=True, timeout=300)
def test_killed_then_killed(w):
    """No daemon is there; whoever completes the edit is killed, too, and the
    third one has all of it.  So has a daemon that is started then."""
    begin(w)
    n = 10
    for point, done in POINTS:
        for again in RECOVERY if done else RECOVERY[:1]:
            n += 1
            before, after = on_disk(w), what_would_be(w, n)
            editor = start_editor(w, n, point)
            equal(editor.wait(60), -signal.SIGKILL, "the end at " + point)
            w.run("ovs-portctl", "--spec-dir=" + w.spec, "--wait=none",
                  "retag", "z/net0", str(n), env={"PORTD_FAILPOINT": again},
                  check=False)
            # One that only looks sees it whole and may complete it.
            table = json.loads(w.ctl("-f", "json", "nic-list").stdout)
            equal(len({row[3] for row in table["data"]
                       if not row[0].startswith("z/")}), 1,
                  "tags in %r" % table["data"])
            w.ctl("--wait=none", "retag", "z/net0", "4")
            equal(on_disk(w), after if done else before,
                  "files after kills at %s and %s" % (point, again))
            assert_tidy(w)
    editor = start_editor(w, n + 1, "item-done:2")
    equal(editor.wait(60), -signal.SIGKILL, "the end of the last one")
    w.start_portd()
    w.wait_state(["a/net0", "z/net0", "port:br0/p0"])
    w.ctl("sync")
    equal((w.port("tap1")["tag"], w.port("p0")["tag"]), (n + 1, n + 1),
          "tags")
    assert_tidy(w)


@options(timeout=300)
def test_hundreds_at_once(w):
    """Two hundred and forty edits of host.json, of one VM's file and of files
    of their own, twelve at any time: all survive, and become true."""
    ports = {"p%d" % i: {"type": "internal", "tag": 1} for i in range(12)}
    w.write_host({"bridges": {"br0": {"datapath_type": "netdev",
                                      "ports": ports}}})
    w.write_vm("vm", {"net%d" % i: nic(i, ifname="tap%d" % i, tag=1)
                      for i in range(12)})
    w.start_portd()
    w.wait_state(["port:br0/p%d" % i for i in range(12)]
                 + ["vm/net%d" % i for i in range(12)])
    running = []

    def reap(most):
        while len(running) > most:
            args, run = running.pop(0)
            output = run.communicate(timeout=120 * frames.slowness)[0].decode()
            equal((run.returncode, output), (0, ""), " ".join(args))

    def start(*args):
        running.append((args, subprocess.Popen(
            ["ovs-portctl", "--spec-dir=" + w.spec, patience(100), *args],
            env=w.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)))
        reap(11)
    for turn in range(5):
        for i in range(12):
            n = 100 + 12 * turn + i
            start("port-set", "p%d" % i, "external_ids:k%d=%d" % (turn, n))
            start("nic-set", "vm/net%d" % i, "external_ids:k%d=%d" % (turn, n))
            start("port-set", "p%d" % i, "tag=%d" % n, "--",
                  "retag", "vm/net%d" % i, str(n))
            start("--wait=none", "vm-add", "own%d-%d" % (turn, i))
    reap(0)
    host = json.loads(w.read("host.json"))["bridges"]["br0"]["ports"]
    nics = json.loads(w.read("vms.d/vm.json"))["nics"]
    for i in range(12):
        ids = {"k%d" % t: "%d" % (100 + 12 * t + i) for t in range(5)}
        equal(host["p%d" % i]["external_ids"], ids, "keys of p%d" % i)
        equal(nics["net%d" % i]["external_ids"], ids, "keys of net%d" % i)
        equal(host["p%d" % i]["tag"], nics["net%d" % i]["tag"],
              "tags of one edit, %d" % i)
        for name in "p%d" % i, "tap%d" % i:
            equal(w.port(name)["tag"], host["p%d" % i]["tag"], name)
            live = w.iface(name)["external_ids"]
            equal({k: live[k] for k in ids}, ids, "keys of " + name)
    equal(len(os.listdir(w.path("vms.d"))), 61, "files in vms.d")
    assert_tidy(w)
