# SPDX-License-Identifier: Apache-2.0
"""Hostile input: what is put into the spec directory, or sent to the control
socket, by somebody who means no good."""

import json
import os
import random
import socket
import stat
import threading
import time

import endure
import oracle
from harness import equal, never, nic, options, wait

SECRET = "root:$y$j9T$secret"


def world(w, n=4):
    w.write_host()
    for i in range(n):
        w.write_vm("vm%d" % i, {"net0": nic(i, ifname="tap%d" % i, tag=10)})
    w.start_portd()
    w.wait_state(["vm%d/net0" % i for i in range(n)])


def complaints(w):
    return {f["name"]: " ".join(f["errors"])
            for f in w.status()["files"] if not f["valid"]}


def make_traps(w):
    """Files of all kinds that are no specs.  Returns their names."""
    secret = os.path.join(w.dir, "secret")
    with open(secret, "w") as f:
        f.write(SECRET)
    good = w.read("vms.d/vm0.json")

    def path(name):
        return w.path("vms.d/%s.json" % name)

    os.symlink(secret, path("symlink"))
    os.symlink(w.path("vms.d/vm0.json"), path("symlink-to-a-good-one"))
    os.symlink("/dev/zero", path("endless"))
    os.mkfifo(path("fifo"), 0o600)
    os.mkdir(path("directory"))
    os.mknod(path("device"), 0o600 | stat.S_IFCHR, os.makedev(1, 5))
    server = socket.socket(socket.AF_UNIX)
    server.bind(path("socket"))
    server.close()
    os.link(secret, path("hard-link"))
    for name, mode, owner in (("group", 0o664, 0), ("world", 0o646, 0),
                              ("stranger", 0o644, 65534)):
        w.write("vms.d/%s.json" % name, good)
        os.chown(path(name), owner, -1)
        os.chmod(path(name), mode)
    with open(path("huge"), "wb") as f:
        f.truncate(1 << 32)
    w.write("vms.d/deep.json", "[" * 200000)
    w.write("vms.d/nul.json", "\0" * 5000)
    return ["symlink", "symlink-to-a-good-one", "endless", "fifo",
            "directory", "device", "socket", "hard-link", "group", "world",
            "stranger", "huge", "deep", "nul"]


@options(asan=True)
def test_spec_directory(w):
    """Links, FIFOs, devices, sockets, other people's files and endless ones
    are refused by name; the daemon neither hangs nor grows, and the others'
    work goes on."""
    w.expect_log(r"vms\.d/")
    world(w)
    before = endure.footprint(w.portd.pid)
    names = ["vms.d/%s.json" % name for name in make_traps(w)]
    w.write_vm("vm1", {"net0": nic(1, ifname="tap1", tag=20)})
    wait(lambda: set(names) <= set(complaints(w)),
         lambda: "all are refused; not: %s"
         % (set(names) - set(complaints(w))))
    wait(lambda: w.port("tap1")["tag"] == 20, "the others' work")
    text = str(w.status())
    equal("secret" in text and SECRET in text, False,
          "what a link points to is told")
    endure.assert_grown_little(before, endure.footprint(w.portd.pid),
                               32 * 1024)
    for name in names:
        if os.path.isdir(w.path(name)):
            os.rmdir(w.path(name))
        else:
            w.remove(name)
    wait(lambda: not complaints(w), "nothing to complain of")
    oracle.assert_clean(w)


@options(timeout=180)
def test_races_in_the_directory(w):
    """A name that is now a spec, now a link, now a FIFO or another's file:
    what is loaded is a spec that was there, or nothing."""
    w.expect_log(r"vms\.d/", r"vm0")
    world(w)
    secret = os.path.join(w.dir, "secret")
    w.write("../secret", SECRET)
    rng = random.Random(5)
    until = time.monotonic() + 8
    target, temporary = w.path("vms.d/vm0.json"), w.path("vms.d/.t")

    def swap():
        what = rng.randrange(5)
        if what == 0:
            os.symlink(secret, temporary)
        elif what == 1:
            os.mkfifo(temporary)
        elif what == 2:
            os.link(secret, temporary)
        else:
            w.write("vms.d/.t", {"version": 1, "nics": {"net0": nic(
                0, ifname="tap0", tag=rng.randrange(10, 20))}}, atomic=False)
            if what == 3:
                os.chown(temporary, 65534, -1)
        os.rename(temporary, target)
        if os.path.lexists(temporary):
            os.unlink(temporary)        # Two names of one file.

    while time.monotonic() < until:
        swap()
        time.sleep(rng.random() / 200)
        if rng.random() < 0.02:
            equal(SECRET in str(w.status()), False, "the secret is told")
            equal(10 <= w.port("tap0")["tag"] < 20, True, "a tag of a spec")
    w.write_vm("vm0", {"net0": nic(0, ifname="tap0", tag=30)})
    w.wait_state("vm0/net0")
    wait(lambda: w.port("tap0")["tag"] == 30, "the last one's tag")
    oracle.assert_clean(w)


@options(asan=True)
def test_hung_up(w):
    """Who asks much, and for something that takes a while, and hangs up
    without reading any of it, takes nothing along."""
    w.expect_log(r"jsonrpc")
    w.write_host()
    # Many, for long answers; paused, as they need not be there.
    w.write_vm("vm0", {"net%d" % i: nic(i, ifname="tap%d" % i, paused=True)
                       for i in range(400)})
    w.write_vm("vm1", {"net0": nic(401, ifname="tap401")})
    w.start_portd()
    w.wait_state("vm0/net0", "paused")
    w.wait_state("vm1/net0")
    questions = [{"id": i, "method": "status", "params": ["json"]}
                 for i in range(8)]
    questions.append({"id": 8, "method": "sync", "params": ["guest",
                                                            "700"]})
    for _ in range(3):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(os.path.join(w.rundir,
                                   "ovs-portd.%d.ctl" % w.portd.pid))
            s.sendall("".join(map(json.dumps, questions)).encode())
            time.sleep(0.2)
        never(lambda: not w.portd.alive(), "the daemon has died", 1)
    w.ctl("sync")


def talk_rubbish(path, rng, n):
    """Sends 'n' things that are no JSON-RPC, or none that is meant."""
    things = [
        lambda: bytes(rng.randrange(256) for _ in range(200)),
        lambda: b'{"id":0,"method":"status","params":[]}',
        lambda: b'{"id":0,"method":"sync","params":["ovs","99999999999"]}',
        lambda: b'{"id":0,"method":"sync","params":["none",{"a":1},null]}',
        lambda: b'{"id":null,"method":"exit","params":[]',
        lambda: b'{"id":[],"method":7,"params":{}}',
        lambda: b'{"id":0,"result":{},"error":null}',
        lambda: b'{"id":0,"method":"adopt","params":["--allow=","\\ud800"]}',
        lambda: b'{"id":0,"method":"gc-confirm","params":["%s"]}'
                % (b"x" * 100000),
        lambda: b"[" * 50000,
        lambda: b'{"id":0,"method":"plan","params":["json","json"]}']
    for _ in range(n):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(5)
            try:
                s.connect(path)
                s.sendall(rng.choice(things)())
                if rng.random() < 0.5:
                    s.settimeout(0.02)
                    s.recv(65536)
            except OSError:
                pass            # It may well hang up.


@options(asan=True, valgrind=True)
def test_control_socket(w):
    """Rubbish, half requests and many callers at the control socket do not
    keep the daemon from its work, nor cost it memory."""
    w.expect_log(r"jsonrpc", r"unixctl", r"stream")
    world(w)
    path = os.path.join(w.rundir, "ovs-portd.%d.ctl" % w.portd.pid)
    before = endure.footprint(w.portd.pid)
    # Who connects and says nothing.
    silent = []
    for _ in range(50):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(5)
        s.connect(path)
        silent.append(s)
    threads = [threading.Thread(target=talk_rubbish,
                                args=(path, random.Random(i), 100))
               for i in range(4)]
    for t in threads:
        t.start()
    w.write_vm("vm1", {"net0": nic(1, ifname="tap1", tag=20)})
    wait(lambda: w.port("tap1")["tag"] == 20, "its work")
    for t in threads:
        t.join()
    for s in silent:
        s.close()
    # Those who have hung up may still stand in the queue.
    wait(lambda: w.run("ovs-appctl", "-t", "ovs-portd", "version",
                       check=False).returncode == 0, "an answer")
    w.wait_state(["vm%d/net0" % i for i in range(4)])
    wait(lambda: endure.footprint(w.portd.pid)[0] <= before[0],
         "its files are closed")
    endure.assert_grown_little(before, endure.footprint(w.portd.pid),
                               64 * 1024)
    # What is no spec's name is not looked at, wherever it leads to.
    for name in ("vms.d", ".lock", "/etc/passwd", "vms.d/../host.json",
                 "vms.d/no.spec", "vms.d/.json", ""):
        refused = w.run("ovs-appctl", "-t", "ovs-portd", "sync", "db", "0",
                        "host.json=-", name + "=x", check=False)
        equal(refused.returncode, 2, "ovs-appctl's status for %r" % name)
        equal(name in refused.stderr, True, "%r in %r" % (name,
                                                          refused.stderr))
    equal([f["name"] for f in w.status()["files"]],
          ["host.json"] + ["vms.d/vm%d.json" % i for i in range(4)], "files")
    w.ctl("sync")
