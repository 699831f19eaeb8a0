# SPDX-License-Identifier: Apache-2.0
"""Retags: what 'ovs-portctl retag --wait=ovs' promises when it returns."""

import json
import os
import time

import frames
from harness import Failure, equal, nic, options, wait

VM1 = """{
  "version": 1,
  "nics": {
    "net0": {"bridge":"br0",   "mac": "52:54:00:00:00:01",
      "ifname": "tap0",
      "tag": 10,    "queues" : 4, "external_ids": { "note": "\\u00e4" } },

    "net1": { "bridge": "br0", "mac": "52:54:00:00:00:09", "ifname": "tap9",
              "tag": 10 }
  }
}
"""


def world(w):
    """vm1 in VLAN 10; a in 10, b in 30, c in 20; all guests running."""
    w.write_host()
    w.write("vms.d/vm1.json", VM1)
    for name, number, tag in ("a", 2, 10), ("b", 3, 30), ("c", 4, 20):
        w.write_vm(name, {"net0": nic(number, ifname="tap-" + name,
                                      tag=tag)})
    w.start_portd()
    w.wait_state(["vm1/net0", "a/net0", "b/net0", "c/net0"])
    guests = [w.open(i + "/net0") for i in ("vm1", "a", "b", "c")]
    frames.expect(guests[0], hear=[guests[1]], deaf=guests[2:])
    return guests


def identity(w, name="tap0"):
    return (w.ifindex(name), w.port(name)["_uuid"], w.iface(name)["_uuid"],
            w.iface(name)["ofport"])


@options(asan=True, box=True)
def test_retag(w):
    """One retag: the new VLAN at once, the old one no more, nothing else
    touched."""
    vm1, a, b, c = world(w)
    before = identity(w)
    w.ctl("retag", "vm1/net0", "30", "--wait=ovs")
    frames.expect(vm1, hear=[b], deaf=[a, c], patience=0)
    frames.expect(b, hear=[vm1], deaf=[a, c], patience=0)
    frames.expect(a, deaf=[vm1, b, c], patience=0)
    equal(identity(w), before, "ifindex, UUIDs and ofport")
    equal(w.port("tap0")["tag"], 30, "tag")
    equal(w.read("vms.d/vm1.json"),
          VM1.replace('"tag": 10,  ', '"tag": 30,  '), "vm1.json")
    equal(w.objects()["vm1/net0"]["vlan"], "30", "status")
    w.ctl("nic-set-tag", "vm1/net0", "20")
    frames.expect(vm1, hear=[c], deaf=[a, b], patience=0)


def no_flow(w):
    """Until the datapath has no flow."""
    def gone():
        w.run("ovs-appctl", "-t", "ovs-vswitchd", "revalidator/purge")
        return "(keys 0)" in w.run("ovs-appctl", "-t", "ovs-vswitchd",
                                   "upcall/show").stdout
    wait(gone, "all flows are gone")


def no_broken_pipe(w):
    """Fails if ovs-vswitchd had an answer for somebody who was gone."""
    with open(os.path.join(w.logs, "ovs-vswitchd.log")) as f:
        equal([line for line in f if "Broken pipe" in line], [],
              "broken pipes")


@options(timeout=240)
def test_without_flows(w):
    """Ten retags back and forth with no flow in the datapath, which is not
    waited for then: the very next frame uses the new VLAN, and nothing is
    left half asked in ovs-vswitchd's log."""
    vm1, a, b, c = world(w)
    for turn in range(10):
        tag, new, old = (30, b, a) if turn % 2 == 0 else (10, a, b)
        no_flow(w)
        w.ctl("retag", "vm1/net0", str(tag))
        frames.expect(vm1, hear=[new], deaf=[old, c], patience=0)
    no_broken_pipe(w)


@options(timeout=240)
def test_no_frame_uses_the_old_vlan(w):
    """Twenty retags back and forth under load, with some hundred flows in
    the datapath: no frame sent after retag has returned uses the old VLAN,
    and the first ones already use the new one."""
    vm1, a, b, c = world(w)
    before = identity(w)
    # Flows: c's neighbours in VLAN 20 hear from some hundred addresses, and
    # so does VLAN 10.
    load = [frames.Stream(c, 0.002), frames.Stream(a, 0.002)]
    stop = time.monotonic() + 2

    def flows():
        for i in range(600):
            for guest in c, a:
                guest.send(src="52:54:00:01:%02x:%02x" % divmod(i, 256))
    while time.monotonic() < stop:
        flows()
    n = w.run("ovs-appctl", "dpctl/dump-flows").stdout.count("\n")
    equal(n > 300, True, "more than 300 flows (%d) in the datapath" % n)

    stream = frames.Stream(vm1)
    for turn in range(20):
        flows()
        tag, new, old = (30, b, a) if turn % 2 == 0 else (10, a, b)
        w.ctl("retag", "vm1/net0", str(tag), "--wait=ovs")
        returned = time.monotonic()
        frames.expect(vm1, hear=[new], patience=0)
        time.sleep(0.2)
        sent = stream.between(returned, time.monotonic() - 0.1)
        equal(len(sent) > 20, True, "frames sent in turn %d" % turn)
        late = sent & old.numbers().keys()
        lost = sent - new.numbers().keys()
        if late:
            raise Failure(
                "turn %d: %d of %d frames sent after the return used the old "
                "VLAN, the last %.1f ms after it" % (
                    turn, len(late), len(sent), 1000 * max(
                        stream.sent[i] - returned for i in late)))
        if lost:
            raise Failure("turn %d: %d of %d frames sent after the return "
                          "did not arrive in the new VLAN"
                          % (turn, len(lost), len(sent)))
        # And towards the guest: a sends all the time in VLAN 10.
        heard = vm1.numbers().keys() & load[1].between(
            returned, time.monotonic() - 0.1)
        equal(bool(heard), tag == 10, "turn %d: vm1 hears VLAN 10" % turn)
    for s in load + [stream]:
        s.stop()
    equal(identity(w), before, "ifindex, UUIDs and ofport")
    no_broken_pipe(w)


def test_trunks(w):
    """nic-set-trunks, with and without a native VLAN, and nic-clear-vlan."""
    vm1, a, b, c = world(w)
    before = identity(w)
    others = [line for line in VM1.splitlines() if '"tag": 10,  ' not in line]

    w.ctl("nic-set-trunks", "vm1/net0", "20,30", "--wait=ovs")
    frames.expect(vm1, hear=[c], deaf=[a, b], tag=20, patience=0)
    frames.expect(vm1, hear=[b], deaf=[a, c], tag=30, patience=0)
    frames.expect(vm1, deaf=[a, b, c], tag=10, patience=0)
    frames.expect(vm1, deaf=[a, b, c], patience=0)
    frames.expect(b, hear=[vm1], as_tag=30, patience=0)
    frames.expect(a, deaf=[vm1], patience=0)
    port = w.port("tap0")
    equal((port["vlan_mode"], port["tag"], port["trunks"]),
          ("trunk", [], [20, 30]), "VLAN columns")
    equal(w.objects()["vm1/net0"]["vlan"], "trunk 20,30", "status")

    w.ctl("nic-set-trunks", "vm1/net0", "20,30", "10", "--wait=ovs")
    frames.expect(vm1, hear=[a], deaf=[b, c], patience=0)
    frames.expect(vm1, hear=[c], deaf=[a, b], tag=20, patience=0)
    frames.expect(a, hear=[vm1], patience=0)
    frames.expect(b, hear=[vm1], as_tag=30, patience=0)
    port = w.port("tap0")
    equal((port["vlan_mode"], port["tag"]), ("native-untagged", 10),
          "VLAN columns")
    equal(w.objects()["vm1/net0"]["vlan"], "native-untagged 10 + 20,30",
          "status")

    w.ctl("nic-clear-vlan", "vm1/net0", "--wait=ovs")
    for guest, tag in (a, 10), (b, 30), (c, 20):
        frames.expect(guest, hear=[vm1], as_tag=tag, patience=0)
        frames.expect(vm1, hear=[guest], tag=tag, patience=0)
    port = w.port("tap0")
    equal((port["vlan_mode"], port["tag"], port["trunks"]), ([], [], []),
          "VLAN columns")
    text = w.read("vms.d/vm1.json")
    equal([line for line in others if line not in text.splitlines()], [],
          "lines that were not to change")
    equal(set(json.loads(text)["nics"]["net0"])
          & {"vlan_mode", "tag", "trunks", "cvlans"}, set(),
          "VLAN keys in the file")

    w.ctl("retag", "vm1/net0", "30")
    frames.expect(vm1, hear=[b], deaf=[a, c], patience=0)
    port = w.port("tap0")
    equal((port["vlan_mode"] in ([], "access"), port["tag"],
           port["trunks"]), (True, 30, []), "VLAN columns")
    equal(identity(w), before, "ifindex, UUIDs and ofport")


def test_edit_of_the_file(w):
    """An editor's change of the file does the same, without a command; so
    does a file that is written in place."""
    vm1, a, b, c = world(w)
    before = identity(w)
    for tag, new, old, atomic in ((30, b, a, True), (10, a, b, False),
                                  (30, b, a, False)):
        w.write("vms.d/vm1.json",
                VM1.replace('"tag": 10,  ', '"tag": %d,  ' % tag),
                atomic=atomic)
        wait(lambda: w.port("tap0")["tag"] == tag, "tag %d" % tag)
        frames.expect(vm1, hear=[new], deaf=[old, c])
    equal(identity(w), before, "ifindex, UUIDs and ofport")


def test_retag_without_normal(w):
    """retag warns where the bridge's flows do not use NORMAL, so that a VLAN
    tag may mean nothing."""
    vm1, a, b, c = world(w)
    quiet = w.ctl("retag", "vm1/net0", "20")
    equal(quiet.stderr, "", "what retag says on a plain bridge")
    w.run("ovs-ofctl", "del-flows", "br0")
    w.run("ovs-ofctl", "add-flow", "br0", "priority=1,actions=drop")
    loud = w.ctl("retag", "vm1/net0", "30")
    equal("NORMAL" in loud.stderr, True, "NORMAL in %r" % loud.stderr)
    frames.expect(vm1, deaf=[a, b, c], patience=0)


def test_bridge_move(w):
    """A NIC that moves to another bridge keeps its TAP and its rows."""
    vm1, a, b, c = world(w)
    w.write_host({"bridges": {"br0": {"datapath_type": "netdev"},
                              "br1": {"datapath_type": "netdev"}}})
    w.write_vm("d", {"net0": nic(5, ifname="tap-d", tag=10, bridge="br1")})
    w.wait_state("d/net0")
    d = w.open("d/net0")
    before = w.ifindex("tap0"), w.port("tap0")["_uuid"]
    w.write("vms.d/vm1.json",
            VM1.replace('"br0",   ', '"br1",   '))
    wait(lambda: w.bridge_of("tap0") == ["br1"], "tap0 on br1")
    w.ctl("sync")
    frames.expect(vm1, hear=[d], deaf=[a, b, c])
    frames.talk(vm1, d)
    equal((w.ifindex("tap0"), w.port("tap0")["_uuid"]), before,
          "ifindex and Port UUID")
