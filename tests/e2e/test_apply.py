# SPDX-License-Identifier: Apache-2.0
"""apply: spec files from elsewhere, all or nothing, judged by what they would
do to the guests."""

import json
import os
import signal
import subprocess

import frames
from harness import equal, nic, options, patience, wait


def source(w):
    """An empty directory that specs can be written to."""
    path = os.path.join(w.dir, "from")
    os.makedirs(os.path.join(path, "vms.d"))
    return path


def files(directory):
    """Name -> content of all specs."""
    found = {}
    for parent, _, names in os.walk(directory):
        for name in names:
            path = os.path.join(parent, name)
            if name.endswith(".json"):
                with open(path) as f:
                    found[os.path.relpath(path, directory)] = f.read()
    return found


def world(w):
    """vm1 and vm2 on br0, and a directory with the same specs."""
    path = source(w)
    for spec in w.spec, path:
        w.write_host(spec=spec)
        for i in (1, 2):
            w.write_vm("vm%d" % i, {"net0": nic(i, ifname="tap%d" % i,
                                                tag=10)}, spec=spec)
    w.start_portd()
    w.wait_state(["vm1/net0", "vm2/net0"])
    return path


def refused(w, *args, exit=1):
    """Exit 1 (or 'exit') and no file changed; returns what it says."""
    before = files(w.spec)
    result = w.ctl(*args, exit=exit)
    equal(files(w.spec), before, "files after %r" % (args,))
    equal("no file was changed" in result.stderr, True,
          "it says so: %r" % result.stderr)
    return result.stderr


def mentions(text, *words):
    for word in words:
        equal(word in text, True, "%r in %r" % (word, text))


@options(asan=True, valgrind=True)
def test_merge(w):
    """A directory, or single files: what is there is put in place byte for
    byte, by one edit; what is not there stays."""
    path = world(w)
    w.write_vm("vm1", {"net0": nic(1, ifname="tap1", tag=20)}, spec=path)
    w.write("vms.d/vm3.json", '{"version":1,"nics":{"n":{"mac":'
            '"52:54:00:00:00:03",\n"bridge":"br0","ifname":"tap3","tag":7}}}',
            spec=path)
    w.remove("vms.d/vm2.json", spec=path)
    w.write("vms.d/vm3.json~", "an editor's", spec=path)
    w.ctl("apply", path)
    equal((w.port("tap1")["tag"], w.port("tap2")["tag"],
           w.port("tap3")["tag"]), (20, 10, 7), "tags")
    wanted = dict(files(path), **{"vms.d/vm2.json": w.read("vms.d/vm2.json")})
    equal(files(w.spec), wanted, "the spec directory")
    equal(sorted(os.listdir(w.path("vms.d"))),
          ["vm1.json", "vm2.json", "vm3.json"], "files in vms.d")

    # Again: there is nothing to do, and nothing is done.
    idle = w.wait_idle()
    inode = os.stat(w.path("vms.d/vm3.json")).st_ino
    w.ctl("apply", path)
    equal(os.stat(w.path("vms.d/vm3.json")).st_ino, inode, "inode")
    equal(w.wait_idle(), idle, "txns and netlink writes")

    # Single files go by their names; a chain is one edit.
    w.write_vm("vm4", {"net0": nic(4, ifname="tap4", tag=4)}, spec=path)
    os.rename(w.path("vms.d/vm4.json", path), os.path.join(w.dir, "vm4.json"))
    w.ctl("apply", os.path.join(w.dir, "vm4.json"), w.path("host.json", path),
          "--", "retag", "vm1/net0", "21", "--", "retag", "vm4/net0", "22")
    equal((w.port("tap1")["tag"], w.port("tap4")["tag"]), (21, 22), "tags")


@options(asan=True)
def test_prune(w):
    """--prune mirrors: what is not there is removed, but never for want of
    host.json or of all VMs; removals go by the fuses."""
    path = world(w)
    w.remove("vms.d/vm2.json", spec=path)
    text = w.ctl("--dry-run", "apply", "--prune", path).stdout
    mentions(text, "+++ /dev/null", "- Port tap2")
    equal("vms.d/vm2.json" in files(w.spec), True, "a dry run keeps vm2")
    mentions(refused(w, "apply", "--prune", w.path("vms.d/vm1.json", path)),
             "needs directories")
    host = w.read("host.json", path)
    w.remove("host.json", path)
    mentions(refused(w, "apply", "--prune", path), "no host.json")
    w.write("host.json", host, path)
    os.rename(w.path("vms.d", path), w.path("away", path))
    mentions(refused(w, "apply", "--prune", path), "no VM's file")
    os.mkdir(w.path("vms.d", path))
    mentions(refused(w, "apply", "--prune", path), "no VM's file")
    os.rmdir(w.path("vms.d", path))
    os.rename(w.path("away", path), w.path("vms.d", path))

    w.ctl("apply", "--prune", path)
    equal(files(w.spec), files(path), "the spec directory")
    wait(lambda: "tap2" not in w.device_names(), "tap2 is gone")
    equal(w.port("tap1")["tag"], 10, "tap1 stays")

    # A host object that leaves host.json is held, whoever removes it.
    w.write_host({"bridges": {"br0": {"datapath_type": "netdev"},
                              "br1": {"datapath_type": "netdev"}}})
    w.wait_state("bridge:br1")
    result = w.ctl("--timeout=2", "apply", "--prune", path, exit=3)
    mentions(result.stderr, "bridge:br1: held", "gc-confirm")
    w.ctl("gc-confirm", "bridge:br1")
    w.wait_state("bridge:br1", None)


@options(asan=True)
def test_bad_input(w):
    """All that is wrong is said at once, by the names of the files as they
    were given; no file is changed."""
    path = world(w)
    os.mkdir(os.path.join(w.dir, "empty"))
    w.write("vms.d/vm1.json", '{"version": 1,\n "nics": {"n": 5}}', spec=path)
    w.write("vms.d/vm3.json", '{"version": 1,\n "nics": {"n": {"mac": "x",'
            ' "bridge": "br0"}}}', spec=path)
    w.write_vm("vm4", {"net0": nic(2, ifname="tap4")}, spec=path)
    mentions(refused(w, "apply", path),
             w.path("vms.d/vm1.json:2:", path),
             w.path("vms.d/vm3.json:2:", path), "52:54:00:00:00:02", "vm4")
    # With a file that stays: vm2 has that MAC.
    mentions(refused(w, "apply", w.path("vms.d/vm4.json", path)),
             "52:54:00:00:00:02", "vm2")
    mentions(refused(w, "apply", w.path("vms.d/vm3.json", path), "--",
                     "retag", "vm1/net0", "20"), "vm3.json:2:")

    for args, word in (
            (["--confirm=0", path], "--confirm=0"),
            (["--confirm=x", path], "--confirm=x"),
            (["--confirm=86401", path], "86400"),
            (["--allow=all", path], "vm-restart"),
            ([os.path.join(w.dir, "none")], "none"),
            ([os.path.join(w.dir, "empty")], "neither host.json nor vms.d"),
            ([path, w.path("vms.d/vm1.json", path)], "give one of them"),
            ([path, "--", "apply", path], "one already"),
            ([w.db_file], "rename the file")):
        mentions(refused(w, "apply", *args), word)
    os.mkfifo(w.path("vms.d/fifo.json", path))
    os.symlink("/nonexistent", w.path("host2.json", path))
    mentions(refused(w, "apply", path), "fifo.json: is not a regular file")
    equal(w.ctl("apply", exit=1).stderr != "", True, "apply without a file")


def test_old_errors(w):
    """What is wrong in files that stay is no reason to refuse others; what a
    change makes wrong in them is."""
    path = world(w)
    w.expect_log(r"vm9")
    w.write("vms.d/vm9.json", "{")
    w.write_vm("vm1", {"net0": nic(1, ifname="tap1", tag=30)}, spec=path)
    w.ctl("apply", path)
    equal(w.port("tap1")["tag"], 30, "tag")
    w.remove("vms.d/vm9.json")

    w.write_host({"bridges": {"br0": {"datapath_type": "netdev"}},
                  "defaults": {"nic": {"bridge": "br0"}}})
    w.write_vm("vm5", {"net0": {"mac": "52:54:00:00:00:05", "ifname": "tap5",
                                "tag": 5}})
    w.wait_state("vm5/net0")
    mentions(refused(w, "apply", w.path("host.json", path)), "vm5.json",
             "bridge")


@options(asan=True)
def test_blast_radius(w):
    """What interrupts a guest is refused unless it is allowed by name; what is
    due anyway is not blamed on the change."""
    path = world(w)
    w.write_vm("vm1", {"net0": nic(1, ifname="tap1", tag=10, queues=4)},
               spec=path)
    w.write_vm("vm2", {"net0": nic(2, ifname="tap2", tag=10, queues=2)},
               spec=path)
    guest = w.open("vm1/net0")

    text = refused(w, "apply", path)
    mentions(text, "vm1/net0:", "vm-restart", "vm2/net0:", "re-add",
             "--allow=re-add,vm-restart")
    text = refused(w, "apply", "--allow=re-add", path)
    mentions(text, "vm1/net0:", "--allow=vm-restart")
    equal("vm2/net0" in text, False, "vm2 in %r" % text)
    text = w.ctl("--dry-run", "apply", path, exit=1)
    mentions(text.stdout, "+++ vms.d/vm1.json", '"queues": 4', "vm2/net0:")
    before = files(w.spec)

    w.ctl("apply", "--allow=re-add", w.path("vms.d/vm2.json", path))
    equal(w.objects()["vm2/net0"]["queues"], 2, "queues of vm2")
    result = w.ctl("--timeout=2", "apply", "--allow=vm-restart", path, exit=3)
    mentions(result.stderr, "vm1/net0: pending")
    equal(files(w.spec) != before, True, "the files are changed")

    # vm1 still has to restart; this here changes nothing about that.
    w.write_vm("vm2", {"net0": nic(2, ifname="tap2", tag=11, queues=2)},
               spec=path)
    w.ctl("apply", w.path("vms.d/vm2.json", path))
    equal(w.port("tap2")["tag"], 11, "tag of tap2")
    guest.close()
    w.wait_state("vm1/net0")
    equal(w.objects()["vm1/net0"]["queues"], 4, "queues")


def test_waits_for_its_own(w):
    """It waits for what its files ask for. What others have to do is none of
    its affair, unless host.json changes, whose defaults reach everywhere."""
    path = world(w)
    w.write_vm("vm3", {"net0": nic(3, ifname="tap3")})
    w.wait_state("vm3/net0")
    guest = w.open("vm3/net0")
    w.write_vm("vm3", {"net0": nic(3, ifname="tap3", queues=4)})
    w.wait_state("vm3/net0", "pending")

    w.ctl("apply", path)
    w.write_vm("vm1", {"net0": nic(1, ifname="tap1", tag=20)}, spec=path)
    w.ctl("apply", path)
    equal(w.port("tap1")["tag"], 20, "tag")
    w.ctl("apply", w.path("host.json", path))
    w.write_host({"bridges": {"br0": {"datapath_type": "netdev"},
                              "br1": {"datapath_type": "netdev"}}}, spec=path)
    result = w.ctl("--timeout=5", "apply", path, "--", "br-set", "br1",
                   "external_ids:a=b", exit=3)
    mentions(result.stderr, "vm3/net0: pending")
    guest.close()
    w.wait_state(["vm3/net0", "bridge:br1"])


def test_dry_run(w):
    """--dry-run shows files and plan, and changes nothing."""
    path = world(w)
    w.write_vm("vm1", {"net0": nic(1, ifname="tap1", tag=20)}, spec=path)
    before = files(w.spec)
    text = w.ctl("--dry-run", "apply", "--confirm=60", path).stdout
    mentions(text, "+++ vms.d/vm1.json", "~ Port tap1", "10 -> 20", "hitless")
    equal("tap2" in text, False, "tap2 in %r" % text)
    equal(files(w.spec), before, "files")
    equal(os.listdir(w.state), [], "the state directory")
    w.write_vm("vm1", {"net0": nic(1, ifname="tap1", tag=10)}, spec=path)
    mentions(w.ctl("--dry-run", "apply", path).stdout, "No changes.")


@options(asan=True)
def test_without_ovs(w):
    """Where the database is not there the effect cannot be told: refused,
    unless everything is allowed."""
    path = world(w)
    w.expect_log(r"\|(reconnect|jsonrpc|stream_unix|ovsdb_cs|ovsdb_idl)\|",
                 r"db\.sock")
    w.write_vm("vm1", {"net0": nic(1, ifname="tap1", tag=20)}, spec=path)
    w.portd.stop()
    w.ovsdb.signal(signal.SIGSTOP)
    mentions(refused(w, "--timeout=2", "apply", path, exit=4), "database")
    w.ovsdb.signal(signal.SIGCONT)
    w.ovsdb.kill()
    mentions(refused(w, "apply", path, exit=4), "database")
    w.ctl("--wait=none", "apply", "--allow=re-add,vm-restart", path)
    equal(files(w.spec), files(path), "the spec directory")
    w.start_ovsdb()
    w.start_portd()
    wait(lambda: w.port("tap1")["tag"] == 20, "tag 20")


def test_many_at_once(w):
    """Applies and other edits at the same time: each whole, none lost."""
    path = world(w)
    n = 8
    runs = []
    for i in range(n):
        own = os.path.join(w.dir, "from%d" % i)
        for vm in "ab":
            w.write_vm("%s%d" % (vm, i), {"net0": nic(
                16 * (i + 1) + (vm == "b"), ifname="t%s%d" % (vm, i),
                tag=100 + i)}, spec=own)
        for args in (["apply", own], ["retag", "vm1/net0", str(200 + i)]):
            runs.append(subprocess.Popen(
                ["ovs-portctl", "--spec-dir=" + w.spec,
                 "--state-dir=" + w.state, patience(80), *args],
                env=w.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT))
    for run in runs:
        output = run.communicate(timeout=100 * frames.slowness)[0].decode()
        equal((run.returncode, output if run.returncode else ""), (0, ""),
              "exit status")
    for i in range(n):
        equal((w.port("ta%d" % i)["tag"], w.port("tb%d" % i)["tag"]),
              (100 + i, 100 + i), "tags")
    equal(json.loads(w.read("vms.d/vm1.json"))["nics"]["net0"]["tag"] >= 200,
          True, "vm1's tag")
    equal(len(files(path)), 3, "files that it came from")
