# SPDX-License-Identifier: Apache-2.0
"""No command of ovs-portctl hangs, whoever is stopped or gone: each ends in
its time, with the exit status of the contract."""

import re
import signal

from harness import Failure, equal, nic, options

TIMEOUT = 1                     # What the commands are given...
PATIENCE = 30                   # ...and what a loaded machine is.
LONG = 600                      # For what must not use it up.

FILES = [["vm-list"], ["nic-list"], ["br-list"], ["port-list"],
         ["bond-list"], ["link-list"], ["br-get", "br0"],
         ["port-get", "p0"], ["nic-get", "vm1/net0"], ["check"],
         ["vm-get", "vm1"],
         ["--dry-run", "retag", "vm1/net0", "99"], ["graph"]]
GUEST = [["qemu-args", "vm1"], ["libvirt-xml", "vm1"]]
LIVE = [["plan"], ["plan", "--exit-code"], ["qemu-args", "--live", "vm1"],
        ["explain", "vm1/net0"], ["adopt", "--all", "--yes"]]
DAEMON = [["status"], ["gc-confirm"]]


def edits(n):
    """One of each kind; in the end all is as it was but the tags."""
    return [["retag", "vm1/net0", str(n)],
            ["nic-set", "vm1/net0", "external_ids:n=%d" % n],
            ["vm-set", "vm1",
             "uuid=0f0e0d0c-0b0a-4908-8706-%012d" % n],
            ["quarantine", "vm1/net1"], ["release", "vm1/net1"],
            ["retag-all", "--from=%d" % n, "--to=%d" % (n + 1)],
            ["br-add", "br1", "datapath_type=netdev"],
            ["port-add", "br0", "p1", "type=internal"],
            ["port-set", "p0", "tag=%d" % n],
            ["vm-add", "vm2", "--", "nic-add", "vm2/net0", "bridge=br0",
             "mac=52:54:00:00:00:07", "ifname=tap7"]]


# What takes them back.  Where nothing of it has become live, there is nothing
# to wait for.
REMOVALS = [["port-del", "p1"], ["br-del", "br1"], ["nic-del", "vm2/net0"],
            ["vm-del", "vm2"]]


class Case:
    def __init__(self, w, name, number):
        self.w, self.name, self.number = w, name, number
        self.wrong = []

    def run(self, commands, *codes):
        for words in commands:
            result = self.w.ctl("--timeout=%d" % TIMEOUT, *words, exit=None,
                                timeout=PATIENCE)
            said = result.stdout + result.stderr
            if result.returncode not in codes:
                self.wrong.append("%s: '%s' ends with %d, not in %r: %s" % (
                    self.name, " ".join(words), result.returncode, codes,
                    said))
            if result.returncode in (3, 4) and not result.stderr.strip():
                self.wrong.append("%s: '%s' does not say why it ends with %d"
                                  % (self.name, " ".join(words),
                                     result.returncode))

    def changed(self):
        return edits(100 + 10 * self.number)


def world(w):
    w.write_host({"bridges": {"br0": {"datapath_type": "netdev", "ports": {
        "p0": {"type": "internal"}}}}})
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", tag=10),
                       "net1": nic(2, ifname="tap1", tag=11)})
    w.start_portd()
    w.wait_state(["vm1/net0", "vm1/net1", "port:br0/p0"])
    w.expect_log(r"\|(reconnect|jsonrpc|stream_unix|ovsdb_cs|ovsdb_idl)\|",
                 r"(ovsdb-server|db\.sock)")


def finish(w, *cases):
    equal([text for case in cases for text in case.wrong], [], "what is wrong")


@options(timeout=240)
def test_ovsdb_server(w):
    """ovsdb-server is stopped; it is gone."""
    world(w)
    w.ovsdb.signal(signal.SIGSTOP)
    a = Case(w, "ovsdb-server is stopped", 0)
    a.run(FILES + GUEST + DAEMON + [["show"]], 0)
    a.run(LIVE, 4)
    a.run([["sync"]], 0, 3, 4)
    a.run(a.changed(), 3, 4)
    a.run(REMOVALS, 0, 3, 4)
    w.ovsdb.signal(signal.SIGCONT)
    w.ctl("sync")
    w.ovsdb.kill()
    b = Case(w, "ovsdb-server is gone", 1)
    b.run(FILES + GUEST + DAEMON + [["show"]], 0)
    b.run(LIVE + b.changed() + [["sync"]], 4)
    b.run(REMOVALS, 0, 4)
    w.start_ovsdb()
    w.ctl("sync")
    equal((w.port("tap0")["tag"], w.port("p0")["tag"]), (111, 110), "tags")
    finish(w, a, b)


@options(timeout=240)
def test_vswitchd(w):
    """ovs-vswitchd is stopped; it is gone."""
    world(w)
    w.vswitchd.signal(signal.SIGSTOP)
    a = Case(w, "ovs-vswitchd is stopped", 0)
    a.run(FILES + GUEST + DAEMON + [["show"], ["plan"]], 0)
    a.run([["adopt", "--all", "--yes"], ["qemu-args", "--live", "vm1"]], 0)
    a.run([["explain", "vm1/net0"]], 1)
    a.run(a.changed() + [["sync"]], 3, 4)
    a.run([["--wait=db", "retag", "vm1/net1", "55"]], 0)
    a.run(REMOVALS, 3, 4)
    result = w.ctl("--timeout=%d" % TIMEOUT, "port-del", "p0", exit=3)
    equal("has not applied" in result.stderr, True, result.stderr)
    w.ctl("--wait=none", "port-add", "br0", "p0", "type=internal")
    w.vswitchd.signal(signal.SIGCONT)
    w.ctl("sync")
    w.vswitchd.kill()
    b = Case(w, "ovs-vswitchd is gone", 1)
    b.run(FILES + GUEST + DAEMON + [["show"], ["plan"]], 0)
    b.run([["adopt", "--all", "--yes"], ["qemu-args", "--live", "vm1"]], 0)
    b.run([["explain", "vm1/net0"]], 1)
    b.run(b.changed() + [["sync"]], 3, 4)
    b.run([["--wait=db", "retag", "vm1/net1", "56"]], 0)
    b.run(REMOVALS, 3, 4)
    w.start_vswitchd()
    w.ctl("sync")
    finish(w, a, b)


@options(timeout=240)
def test_daemon(w):
    """ovs-portd is stopped; it is gone."""
    world(w)
    w.portd.signal(signal.SIGSTOP)
    a = Case(w, "ovs-portd is stopped", 0)
    a.run(FILES + GUEST + [["show"], ["plan"]], 0)
    a.run([["adopt", "--all", "--yes"], ["qemu-args", "--live", "vm1"]], 0)
    a.run(DAEMON, 4)
    a.run([["explain", "vm1/net0"]], 1)     # No guest is there.
    a.run(a.changed() + REMOVALS + [["sync"]], 3)
    w.portd.signal(signal.SIGCONT)
    w.ctl("sync")
    equal(w.port("tap0")["tag"], 101, "tag")
    w.portd.stop()
    b = Case(w, "ovs-portd is gone", 1)
    b.run(FILES + GUEST + [["show"], ["plan"]], 0)
    b.run([["adopt", "--all", "--yes"], ["qemu-args", "--live", "vm1"]], 0)
    b.run(DAEMON + b.changed() + REMOVALS + [["sync"]], 4)
    b.run([["explain", "vm1/net0"]], 1)
    w.start_portd()
    w.ctl("sync")
    equal(w.port("tap0")["tag"], 111, "tag")
    finish(w, a, b)


@options(timeout=240)
def test_all(w):
    """The daemon and ovsdb-server are stopped; they are gone."""
    world(w)
    w.portd.signal(signal.SIGSTOP)
    w.ovsdb.signal(signal.SIGSTOP)
    a = Case(w, "both are stopped", 0)
    a.run(FILES + GUEST, 0)
    a.run(LIVE + DAEMON + [["show"]], 4)
    a.run(a.changed() + REMOVALS + [["sync"]], 3)
    w.portd.signal(signal.SIGCONT)
    w.portd.stop()
    b = Case(w, "one is stopped, one gone", 1)
    b.run(FILES + GUEST, 0)
    b.run(LIVE + DAEMON + [["show"]], 4)
    w.ovsdb.signal(signal.SIGCONT)
    w.ovsdb.kill()
    c = Case(w, "both are gone", 2)
    c.run(FILES + GUEST, 0)
    c.run(LIVE + DAEMON + [["show"], ["sync"]] + c.changed() + REMOVALS, 4)
    finish(w, a, b, c)


@options(timeout=240)
def test_looks_for_itself(w):
    """What only looks does not use up its timeout where ovs-portd is stopped:
    it says so and looks for itself."""
    world(w)
    w.portd.signal(signal.SIGSTOP)
    for command, code, known in ((["show"], 0, "vm1/net0"),
                                 (["status"], 4, "vms.d/vm1.json"),
                                 (["graph"], 0, "vm1"),
                                 (["explain", "vm1/net0"], 1, "ovs-portd")):
        for timeout in (LONG, 0):
            result = w.ctl("--timeout=%d" % timeout, *command, exit=code,
                           timeout=PATIENCE)
            equal(known in result.stdout, True,
                  "%r knows %s, in %r" % (command, known, result.stdout))
            equal("does not answer" in result.stdout + result.stderr, True,
                  "%r says why, in %r" % (command, result.stderr))
    w.portd.signal(signal.SIGCONT)


def test_every_command(w):
    """None is left out of these tests but such as are others' words."""
    words = {c for cases in (FILES, GUEST, LIVE, DAEMON, edits(0), REMOVALS)
             for case in cases for c in case}
    names = {line.split(",")[1] for line in
             w.ctl("--commands").stdout.splitlines()}
    alike = re.compile(r"(bond|link|port|br)-(set|clear|add|del|get)|show|sync"
                       r"|(nic|vm)-clear|nic-set-.*|nic-clear-vlan|pause|resume"
                       r"|apply|confirm|rollback|import|export")
    left = sorted(n for n in names - words if not alike.fullmatch(n))
    if left:
        raise Failure("commands that no test of a hung server knows: %s"
                      % " ".join(left))


test_every_command.options = {"ovs": False}
