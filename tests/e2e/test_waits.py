# SPDX-License-Identifier: Apache-2.0
"""--wait=guest and --wait=ovn: what 'ovs-portctl' waits for beyond Open
vSwitch.  The real guest is in tests/guest.  --wait=db: what it does not ask
Open vSwitch."""

import concurrent.futures
import os
import signal
import socket
import struct
import threading
import time

from harness import Failure, equal, nic, options, wait


class Waiting:
    """ovs-portctl ARGS on its way."""

    def __init__(self, w, *args):
        self._pool = concurrent.futures.ThreadPoolExecutor(1)
        self._future = self._pool.submit(w.ctl, *args, exit=None)
        self._args = args

    def must_wait(self, seconds=1.5):
        time.sleep(seconds)
        if self._future.done():
            raise Failure("%r did not wait: %r"
                          % (self._args, self._future.result()))

    def ends(self, status=0):
        result = self._future.result(60)
        equal((result.returncode, result.stderr), (status, ""),
              "exit status and stderr of %r" % (self._args,))


def world(w, **more):
    w.write_host()
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", tag=10, **more)})
    w.write_vm("vm2", {"net0": nic(2, ifname="tap1", tag=10)})
    w.start_portd()
    w.wait_state(["vm1/net0", "vm2/net0"])


@options(asan=True, box=True)
def test_guest(w):
    """An edit with --wait=guest returns when all queues are attached, not
    when some are, and is about its own VM only."""
    world(w, queues=4)
    waiting = Waiting(w, "--wait=guest", "retag", "vm1/net0", "20")
    waiting.must_wait()
    equal(w.port("tap0")["tag"], 20, "tag")
    few = w.open("vm1/net0", queues=3)
    waiting.must_wait()
    few.close()
    w.open("vm1/net0")
    waiting.ends()
    # It has them already.
    w.ctl("--wait=guest", "retag", "vm1/net0", "30")
    w.ctl("--wait=guest", "sync", "vm1")
    w.ctl("--wait=guest", "--timeout=1", "sync", "vm1", "vm2", exit=3)
    refused = w.ctl("sync", "vm1", "vm3", exit=1).stderr
    equal("vm3" in refused, True, "the unknown VM in %r" % refused)


def test_guest_single_queue(w):
    """A single-queue TAP has no queue counts, but a carrier."""
    world(w)
    waiting = Waiting(w, "--wait=guest", "retag", "vm2/net0", "20")
    waiting.must_wait()
    w.open("vm2/net0")
    waiting.ends()


def test_guest_too_late(w):
    """Without a guest it is a timeout, which names what is missing."""
    world(w, queues=4)
    result = w.ctl("--wait=guest", "--timeout=2", "retag", "vm1/net0", "20",
                   exit=3)
    equal("vm1/net0: waiting: 0 of 4 queues are attached; start the VM"
          in result.stderr, True, "what is missing, in %r" % result.stderr)
    w.open("vm1/net0", queues=2)
    result = w.ctl("--wait=guest", "--timeout=2", "sync", exit=3)
    equal("vm1/net0: waiting: 2 of 4 queues are attached" in result.stderr,
          True, "what is missing, in %r" % result.stderr)
    equal("vm2/net0: waiting: 0 of 1 queues are attached" in result.stderr,
          True, "the other VM in %r" % result.stderr)


def test_guest_at_rest(w):
    """What is quarantined, paused or gone waits for no guest."""
    world(w, queues=4)
    w.ctl("--wait=guest", "quarantine", "vm1/net0", "--",
          "pause", "vm2/net0")
    w.ctl("--wait=guest", "nic-del", "vm1/net0")


def test_ovn(w):
    """--wait=ovn returns with ovn-installed, guest or none."""
    w.vsctl("set", "Open_vSwitch", ".", "external_ids:ovn-remote=unix:none",
            "external_ids:ovn-bridge=br0")
    world(w, queues=4, iface_id="port-1")
    waiting = Waiting(w, "--wait=ovn", "retag", "vm1/net0", "20")
    waiting.must_wait()
    w.vsctl("set", "Interface", "tap0", "external_ids:ovn-installed=false")
    waiting.must_wait()
    w.vsctl("set", "Interface", "tap0", "external_ids:ovn-installed=true")
    waiting.ends()
    # Without iface_id it is none of OVN's.
    w.ctl("--wait=ovn", "retag", "vm2/net0", "20")


def test_ovn_never(w):
    """Where ovn-controller does not look, the timeout says so."""
    world(w, iface_id="port-1")
    result = w.ctl("--wait=ovn", "--timeout=2", "sync", exit=3)
    equal("vm1/net0: waiting: OVN is not configured here" in result.stderr,
          True, "the reason in %r" % result.stderr)
    w.vsctl("set", "Open_vSwitch", ".", "external_ids:ovn-remote=unix:none")
    result = w.ctl("--wait=ovn", "--timeout=2", "sync", exit=3)
    equal("ovn-controller looks after bridge br-int, and its bridge is br0"
          in result.stderr, True, "the reason in %r" % result.stderr)


def passes_on(source, target):
    """Passes on what 'source' says, until it ends."""
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass                    # The other one has hung up.


class Doorkeeper:
    """Stands before a socket that ovs-vswitchd listens on: notes who comes,
    and lets everybody in."""

    def __init__(self, path):
        self.path = path
        self.pids = []
        os.rename(path, path + ".real")
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(64)
        self._start(self._serve)

    @staticmethod
    def _start(function, *args):
        threading.Thread(target=function, args=args, daemon=True).start()

    def _serve(self):
        while True:
            caller, _ = self.listener.accept()
            pid, _, _ = struct.unpack("3i", caller.getsockopt(
                socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
            if pid != os.getpid():
                real = socket.socket(socket.AF_UNIX)
                real.connect(self.path + ".real")
                self._start(passes_on, caller, real)
                self._start(passes_on, real, caller)
            self.pids.append(pid)

    def came(self, w):
        """How many have come since the last call, but for the daemon, which
        sees now and then whether ovs-vswitchd is alive."""
        me = os.getpid()
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(self.path)        # All others came before this.
            wait(lambda: me in self.pids, "the doorkeeper has seen us")
        pids, self.pids = self.pids, []
        return len([pid for pid in pids if pid not in (me, w.portd.pid)])


def test_db(w):
    """--wait=db returns when the database has it and asks ovs-vswitchd
    nothing, be that well or stopped; --wait=ovs does ask."""
    world(w)
    control = Doorkeeper(os.path.join(
        w.rundir, "ovs-vswitchd.%d.ctl" % w.vswitchd.pid))
    openflow = Doorkeeper(os.path.join(w.rundir, "br0.mgmt"))

    def asked():
        return control.came(w), openflow.came(w)
    equal(asked(), (0, 0), "questions to ovs-vswitchd before all")
    w.ctl("--wait=ovs", "retag", "vm1/net0", "20")
    equal([n > 0 for n in asked()], [True, True], "asked by --wait=ovs")
    for tag, stop in (30, False), (40, True):
        if stop:
            w.vswitchd.signal(signal.SIGSTOP)
        for now, words in (
                (tag, ["retag", "vm1/net0", str(tag)]),
                (tag + 1, ["retag", "vm1/net0", str(tag + 1), "--",
                           "nic-set-trunks", "vm2/net0", "1,%d" % tag]),
                (tag + 2, ["nic-set", "vm1/net0", "tag=%d" % (tag + 2)]),
                (tag + 2, ["sync"])):
            # It would not use up so long a timeout in time.
            result = w.ctl("--wait=db", "--timeout=600", *words, timeout=30)
            equal(result.stderr, "", "stderr of %r" % words)
            equal(w.port("tap0")["tag"], now, "tag after %r" % words)
            equal(asked(), (0, 0), "questions to ovs-vswitchd by %r" % words)
        equal(w.port("tap1")["trunks"], [1, tag], "trunks")
    w.ctl("--wait=ovs", "--timeout=1", "retag", "vm1/net0", "50", exit=3)
    equal(asked()[1] > 0, True, "asked by --wait=ovs once it is stopped")
    w.vswitchd.signal(signal.SIGCONT)
    w.ctl("retag", "vm1/net0", "60")
    equal([n > 0 for n in asked()], [True, True], "asked by --wait=ovs")
