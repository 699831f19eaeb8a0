# SPDX-License-Identifier: Apache-2.0
"""Several daemons on one host."""

import os

import frames
from harness import equal, nic, options, same, wait


def spec_dir(w, name):
    path = os.path.join(w.dir, name)
    os.makedirs(os.path.join(path, "vms.d"))
    return path


def start(w, name, spec):
    return w.start_portd(spec=spec, instance=name,
                         state=os.path.join(w.dir, "state-" + name))


def test_named_as_it_is(w):
    """The pidfile and the control socket have the instance's name, however the
    option is written; what cannot be meant is refused at once, by ovs-portd
    under its own name."""
    w.write_host()
    daemon = w.start_portd("--inst=b", answer=False)
    daemon.target, daemon.judged["instance"] = "ovs-portd-b", "b"
    w.wait_answer(daemon)
    equal(w.status(daemon.target)["instance"], "b", "instance")
    equal(os.path.exists(os.path.join(w.rundir, "ovs-portd.pid")), False,
          "main's pidfile")
    w.wait_state("bridge:br0", target=daemon.target)
    for argv in (["--instance=a/b"], ["nosuch"], ["unix:/nosuch,nosuch"]):
        done = w.run("ovs-portd", "--once", *argv, check=False)
        equal((done.returncode, done.stderr.partition(":")[0]),
              (1, "ovs-portd"), "%s: %s" % (argv, done.stderr))


@options(asan=True)
def test_two_instances(w):
    """Two instances with two spec directories, sharing a bridge and the
    names of their objects, leave each other alone."""
    a, b = spec_dir(w, "a"), spec_dir(w, "b")
    w.write_host(spec=a)
    w.write_host({"bridges": {"br0": {"managed": False},
                              "br1": {"datapath_type": "netdev"}}}, spec=b)
    w.write_vm("vm1", {"net0": nic(1, ifname="a0", tag=10)}, spec=a)
    w.write_vm("vm2", {"net0": nic(2, ifname="a1", tag=10)}, spec=a)
    w.write_vm("vm1", {"net0": nic(3, ifname="b0", tag=10)}, spec=b)
    w.write_vm("vm3", {"net0": nic(4, ifname="b1", tag=10, bridge="br1")},
               spec=b)
    start(w, "a", a)
    daemon_b = start(w, "b", b)
    w.wait_state(["vm1/net0", "vm2/net0"], target="ovs-portd-a")
    w.wait_state(["vm1/net0", "vm3/net0"], target="ovs-portd-b")
    equal(sorted(w.objects("ovs-portd-a")),
          ["bridge:br0", "vm1/net0", "vm2/net0"], "a's objects")
    equal(w.link("a0")["ifalias"], "ovs-portd:a/vm1/net0", "a0's alias")
    equal(w.link("b0")["ifalias"], "ovs-portd:b/vm1/net0", "b0's alias")
    equal(w.port("b0")["external_ids"]["ovs-portd"], "b/vm1/net0",
          "b0's mark")
    equal(sorted(q["external_ids"]["ovs-portd"] for q in w.rows("QoS")),
          ["a/qos:noop", "b/qos:noop"], "QoS rows")
    guests = {name: w.open("x/x", name, "52:54:00:00:00:0%d" % i, 1)
              for i, name in ((1, "a0"), (2, "a1"), (3, "b0"), (4, "b1"))}
    frames.expect(guests["a0"], hear=[guests["a1"], guests["b0"]],
                  deaf=[guests["b1"]])

    # What one does is nothing to the other.
    w.wait_idle("ovs-portd-a")
    wrote = w.wait_idle("ovs-portd-b")
    b_rows = {n: (w.port(n), w.link(n)) for n in ("b0", "b1")}
    guests["a1"].close()
    w.remove("vms.d/vm2.json", a)
    wait(lambda: not w.port("a1") and "a1" not in w.device_names(),
         "a1 is gone")
    w.ctl("--instance=a", "retag", "vm1/net0", "20", spec=a)
    equal(w.port("a0")["tag"], 20, "a0's tag")
    equal(w.written("ovs-portd-b"), wrote, "what b wrote")
    same({n: (w.port(n), w.link(n)) for n in ("b0", "b1")}, b_rows,
         "what is b's")

    # Nor is its absence, or its restart.
    daemon_b.stop()
    w.appctl("resync", target="ovs-portd-a")
    w.wait_idle("ovs-portd-a")
    same({n: (w.port(n), w.link(n)) for n in ("b0", "b1")}, b_rows,
         "what is b's")
    start(w, "b", b)
    w.wait_state(["vm1/net0", "vm3/net0"], target="ovs-portd-b")
    w.wait_idle("ovs-portd-b")
    equal(w.written("ovs-portd-b"), (0, 0), "what b wrote after its restart")


def test_wrong_directory(w):
    """Who edits a directory and asks the daemon of another one is told, before
    anything is written; by another path it is still the same one."""
    a, b = spec_dir(w, "a"), spec_dir(w, "b")
    link = os.path.join(w.dir, "link")
    os.symlink(a, link)
    for spec in a, b:
        w.write_host(spec=spec)
        w.write_vm("vm1", {"net0": nic(1, ifname="tap0", tag=10)}, spec=spec)
    start(w, "x", a)
    w.wait_state("vm1/net0", target="ovs-portd-x")

    def ctl(spec, *args, exit=0):
        return w.ctl("--instance=x", *args, spec=spec, exit=exit).stderr

    def text(spec):
        return w.read("vms.d/vm1.json", spec=spec)
    before = text(b)
    for args, status in ((["retag", "vm1/net0", "20"], 1),
                         (["sync"], 4), (["sync", "vm1"], 4),
                         (["gc-confirm"], 1), (["show"], 0),
                         (["explain", "vm1/net0"], None), (["status"], 0)):
        said = ctl(b, *args, exit=status)
        equal("reads %s, not %s" % (a, b) in said, True,
              "both directories in what %r says: %r" % (args, said))
        equal(text(b), before, "the file after %r" % args)
    equal("reads %s" % a in ctl(b, "--wait=none", "retag", "vm1/net0", "20"),
          True, "a note with --wait=none")
    equal(text(b) != before, True, "it is edited with --wait=none")

    for spec in a, link:
        equal(ctl(spec, "retag", "vm1/net0", "30", "--", "sync", "--", "show"),
              "", "what is said of the daemon's own directory")
    equal(w.port("tap0")["tag"], 30, "tag")


def test_instances_clash(w):
    """What one instance has is foreign to the other."""
    a, b = spec_dir(w, "a"), spec_dir(w, "b")
    w.write_host(spec=a)
    w.write_host(spec=b)
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", tag=10)}, spec=a)
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", tag=20)}, spec=b)
    start(w, "a", a)
    w.wait_state("vm1/net0", target="ovs-portd-a")
    w.expect_log(r"(vm1/net0|bridge:br0): conflict: .* another instance")
    before = w.db_dump(), w.kernel_dump()
    start(w, "b", b)
    w.wait_state(["vm1/net0", "bridge:br0"], "conflict",
                 target="ovs-portd-b")
    w.wait_idle("ovs-portd-b")
    equal(w.written("ovs-portd-b"), (0, 0), "what b wrote")
    same(w.db_dump(), before[0], "the database")
    same(w.kernel_dump(), before[1], "the kernel")


@options(asan=True)
def test_standby(w):
    """A second daemon of the same instance writes nothing; it takes over
    when the first is killed."""
    w.write_host()
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", tag=10)})
    first = w.start_portd()
    w.wait_state("vm1/net0")
    second = w.start_portd(extra=True)
    wait(lambda: w.status(second.target)["state"] == "standby",
         "the second stands by")
    w.write_vm("vm2", {"net0": nic(2, ifname="tap1", tag=10)})
    w.wait_state("vm2/net0")
    w.ip("link", "set", "tap0", "down")
    wait(lambda: w.is_up("tap0"), "the first puts back")
    equal(w.written(second.target), (0, 0), "what the second wrote")
    equal(w.status()["state"], "ready", "the first one's state")

    first.kill()
    w.write_vm("vm3", {"net0": nic(3, ifname="tap2", tag=10)})
    w.wait_state(["vm1/net0", "vm2/net0", "vm3/net0"], target=second.target)
    equal(w.status(second.target)["state"], "ready", "the second's state")
    w.ip("link", "set", "tap0", "down")
    wait(lambda: w.is_up("tap0"), "the second puts back")
    frames.talk(w.open("vm1/net0"), w.open("vm3/net0"))


def test_same_pidfile(w):
    """A second daemon with the pidfile of the first ends at once, with the
    reason, and has written nothing."""
    w.write_host()
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", tag=10)})
    first = w.start_portd()
    w.wait_state("vm1/net0")
    before = w.wait_idle()
    rows, links = w.db_dump(), w.kernel_dump()
    w.expect_log(r"already running as pid %d" % first.pid)
    said = w.run_portd(exit=1)
    assert "already running as pid %d" % first.pid in said, said
    same(w.db_dump(), rows, "the database")
    same(w.kernel_dump(), links, "the kernel")
    equal(w.status()["pid"], first.pid, "who answers")
    equal(w.written(), before, "what the first wrote")
