# SPDX-License-Identifier: Apache-2.0
"""What the other tests lean on, tried without ovs-portd: that the frame tool
hears what is there, and that a failure would be seen."""

import argparse
import contextlib
import io
import os
import re
import signal
import time

import frames
import isolate
import runner
from harness import Failure, equal, options, same, wait


def plain_tap(w, name, tag, multi_queue=False, bridge="br0"):
    """A TAP on br0 as scripts make it, and its guest."""
    w.ip("tuntap", "add", "dev", name, "mode", "tap", "vnet_hdr",
         *(["multi_queue"] if multi_queue else []))
    w.vsctl("add-port", bridge, name, "tag=%d" % tag)
    w.ip("link", "set", name, "up")
    queues = 4 if multi_queue else 1
    return w.guest(frames.Guest(
        name, "52:54:00:00:00:%02x" % (len(w.links()) & 0xff), queues))


def plain_bridge(w):
    w.vsctl("add-br", "br0", "--", "set", "bridge", "br0",
            "datapath_type=netdev")


@options(asan=True, box=True)
def test_frames(w):
    """The frame tool tells one VLAN from another, tagged from untagged."""
    plain_bridge(w)
    a = plain_tap(w, "tap0", 10, multi_queue=True)
    b = plain_tap(w, "tap1", 10)
    c = plain_tap(w, "tap2", 20)
    frames.talk(a, b)
    frames.expect(a, hear=[b], deaf=[c])
    try:
        frames.expect(a, hear=[c], patience=0)
    except AssertionError:
        pass
    else:
        raise Failure("expect() sees frames that are not there")
    try:
        frames.expect(a, deaf=[b], patience=0)
    except AssertionError:
        pass
    else:
        raise Failure("expect() misses frames that are there")

    trunk = plain_tap(w, "tap3", 0)
    w.vsctl("clear", "port", "tap3", "tag", "--",
            "set", "port", "tap3", "trunks=10,20")
    frames.expect(a, hear=[trunk], as_tag=10)
    frames.expect(trunk, hear=[c], deaf=[a, b], tag=20)
    frames.expect(trunk, deaf=[a, b, c], tag=30)


@options(datapath="netdev",
         why="only a TAP of the userspace datapath is the host's as well")
def test_host_answers_arp(w):
    """Without arp_ignore the host's IP stack answers a guest: what
    test_attach holds ovs-portd against."""
    plain_bridge(w)
    a = plain_tap(w, "tap0", 10)
    w.ip("address", "add", "192.0.2.10/24", "dev", "lo")

    def answered():
        a.send_raw(frames.arp_request(a.mac, "192.0.2.77", "192.0.2.10"))
        time.sleep(0.1)
        return frames.arp_replies(a)
    wait(answered, "the host answers")


def test_views(w):
    """Dumps are equal when nothing was done and differ when something was."""
    plain_bridge(w)
    plain_tap(w, "tap0", 10).close()
    time.sleep(1)
    db, kernel = w.db_dump(), w.kernel_dump()
    time.sleep(6)               # ovs-vswitchd writes statistics every 5 s.
    same(w.db_dump(), db, "the database")
    same(w.kernel_dump(), kernel, "the kernel")
    equal(w.port("tap0")["tag"], 10, "tag")
    equal(w.bridge_of("tap0"), ["br0"], "bridge")
    equal(w.tun("tap0")["type"], "tap", "type")
    w.vsctl("set", "port", "tap0", "external_ids:a=b")
    w.ip("link", "set", "tap0", "alias", "x")
    for now, before in (w.db_dump(), db), (w.kernel_dump(), kernel):
        try:
            same(now, before, "it")
        except Failure:
            continue
        raise Failure("a change is not in the dump")


@options(ovs=False)
def test_nothing_is_left(w):
    """A world that is killed takes its processes along."""
    mark = os.path.join(w.dir, "pid")

    def inside():
        if os.fork() == 0:
            os.setsid()         # A daemon, as far as one can get.
            if os.fork() == 0:
                with open(mark, "w") as f:
                    f.write(os.readlink("/proc/self/ns/pid"))
        time.sleep(60)
    pid = isolate.spawn(inside)
    wait(lambda: os.path.exists(mark) and os.path.getsize(mark),
         "the daemon runs")
    with open(mark) as f:
        namespace = f.read()

    def there():
        found = []
        for entry in os.listdir("/proc"):
            try:
                if os.readlink("/proc/%s/ns/pid" % entry) == namespace:
                    found.append(entry)
            except OSError:
                pass
        return found
    equal(len(there()) >= 3, True, "processes of the world seen")
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    wait(lambda: not there(), "no process of the world is left")


@options(ovs=False)
def test_shards(w):
    """Every test is in exactly one shard, and where it makes no sense it is
    set aside with a reason, not passed."""
    everything = runner.discover(os.path.dirname(__file__))

    def selected(shard):
        args = argparse.Namespace(names=[], subset=None, datapath="system",
                                  shard=runner.shard(shard))
        return runner.select(everything, args), args
    parts = [selected("%d/3" % i) for i in (1, 2, 3)]
    names = [name for part, _ in parts for name, _ in part]
    equal(sorted(names), sorted(name for name, _ in everything), "all tests")
    for text in "0/3", "4/3", "3", "a/b", "":
        try:
            runner.shard(text)
        except ValueError:
            continue
        raise Failure("shard %r is taken" % text)
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        here = sum(len(runner.set_aside(*part)) for part in parts)
    equal(len(said.getvalue().splitlines()), len(everything) - here,
          "lines about tests set aside")
    equal(re.findall(r"^skip harness\.host_answers_arp: only a TAP",
                     said.getvalue(), re.M) != [], True, "a reason")
