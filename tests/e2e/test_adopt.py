# SPDX-License-Identifier: Apache-2.0
"""Taking over what is live: it stays what it is, and no frame is lost."""

import json
import os
import time

import frames
from harness import equal, nic, options, same, wait


def identities(w, ports, bridges=("br0",)):
    """What must not change when somebody else takes charge."""
    found = {}
    for name in ports:
        port, iface = w.port(name), w.iface(name)
        found[name] = (port["_uuid"], iface["_uuid"], iface["ofport"],
                       w.ifindex(name))
    for name in bridges:
        row = w.bridge(name)
        found[name] = (row["_uuid"], row["datapath_id"])
    return found


class Wire:
    """Two guests that send to each other all the time."""

    def __init__(self, a, b):
        self.guests = a, b
        frames.talk(a, b)
        self.streams = frames.Stream(a), frames.Stream(b)
        self.begin = time.monotonic()

    def check(self):
        """Fails if one of the frames sent since the beginning is lost."""
        end = time.monotonic()
        time.sleep(1)
        for i, stream in enumerate(self.streams):
            stream.stop()
            sent = stream.between(self.begin, end)
            lost = sent - self.guests[1 - i].numbers().keys()
            equal(len(lost), 0, "of %d frames of %s, the number lost"
                  % (len(sent), self.guests[i].ifname))
            assert len(sent) > 100, "only %d frames were sent" % len(sent)


def tap(w, name, *, queues=1, user="root", **port):
    """A TAP and its port, as a script makes them."""
    extra = ["multi_queue"] if queues > 1 else []
    w.ip("tuntap", "add", "dev", name, "mode", "tap", "user", user,
         "vnet_hdr", *extra)
    w.vsctl("add-port", "br0", name,
            *["%s=%s" % item for item in port.items()])
    w.ip("link", "set", name, "up")


@options(asan=True)
def test_adopt_one(w):
    """A script's TAP, port and bridge become ours, are shown before, and keep
    everything that they are."""
    w.expect_log(r"(vm1/net0|bridge:br0): conflict: ")
    w.vsctl("add-br", "br0", "--", "set", "bridge", "br0",
            "datapath_type=netdev")
    tap(w, "tap0", tag=10)
    tap(w, "tap1", tag=20)
    a = w.guest(frames.Guest("tap0", "52:54:00:00:00:01"))
    b = w.guest(frames.Guest("tap1", "52:54:00:00:00:02"))
    before = identities(w, ["tap0", "tap1"])
    w.write_host()
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", tag=20,
                                   qdisc="default")})
    w.start_portd()
    text = w.wait_state("vm1/net0", "conflict")["text"]
    assert "adopt vm1/net0" in text, text
    rows = w.db_dump(), w.links()

    shown = w.ctl("adopt", "vm1/net0", exit=1)
    assert "vm1/net0: adopt Port tap0, Interface tap0, link tap0" \
        in shown.stdout or "link tap0, Port tap0" in shown.stdout, shown.stdout
    assert "tag 10 -> 20 [hitless]" in shown.stdout, shown.stdout
    assert "--yes" in shown.stderr, shown.stderr
    w.ctl("adopt", "--dry-run", "--yes", "--all")
    same((w.db_dump(), w.links()), rows, "what was only looked at")

    w.ctl("adopt", "--yes", "vm1/net0")
    w.wait_state("vm1/net0")
    equal(w.port("tap0")["tag"], 20, "tag of tap0")
    equal(w.link("tap0")["ifalias"], "ovs-portd:main/vm1/net0", "ifalias")
    frames.talk(a, b)
    w.ctl("adopt", "--yes", "--all")
    w.wait_state(["vm1/net0", "bridge:br0"])
    equal(w.ctl("plan", "--exit-code").stdout, "No changes.\n", "the plan")
    equal(identities(w, ["tap0", "tap1"]), before, "what they are")
    assert "ovs-portd" not in w.port("tap1")["external_ids"], "tap1's marks"
    again = w.ctl("adopt", "--yes", "vm1/net0")
    assert "nothing to adopt" in again.stderr, again.stderr

    # From here on it is as any other.
    w.write_vm("vm1", {})
    w.wait_state("vm1/net0", "in-use")
    a.close()
    wait(lambda: not w.port("tap0") and not w.link("tap0"), "tap0 is gone")


@options(asan=True)
def test_adopt_refusals(w):
    """Nothing is taken that is another's, of another kind, paused, or that
    would break off traffic unasked."""
    w.expect_log(r"conflict: ")
    w.vsctl("add-br", "br0", "--", "set", "bridge", "br0",
            "datapath_type=netdev")
    for i in range(6):
        tap(w, "tap%d" % i)
    w.vsctl("set", "port", "tap0",
            "external_ids:ovs-portd=other/vm7/net0", "--",
            "set", "interface", "tap0",
            "external_ids:ovs-portd=other/vm7/net0")
    w.ip("link", "add", "veth1", "type", "veth", "peer", "name", "veth2")
    w.vsctl("add-port", "br0", "veth1")
    w.vsctl("add-port", "br0", "int0", "--", "set", "interface", "int0",
            "type=internal")
    held = w.guest(frames.Guest("tap4", "52:54:00:00:00:05"))
    nics = {"net%d" % i: nic(i, ifname="tap%d" % i, qdisc="default")
            for i in range(6)}
    nics["net2"]["paused"] = True
    nics["net3"]["queues"] = nics["net4"]["queues"] = 4
    nics["veth"] = nic(11, ifname="veth1")
    nics["internal"] = nic(12, ifname="int0")
    nics["absent"] = nic(13, ifname="tap13")
    w.write_host({"bridges": {"br0": {"managed": False}}})
    w.write_vm("vm1", nics)
    w.start_portd()
    w.wait_state("vm1/net0", "conflict")
    w.wait_state("vm1/absent")
    w.wait_idle()
    before = w.db_dump(), w.links()

    for args, code, text in (
            ([], 1, "name the objects"),
            (["--all", "vm1/net1"], 1, "name the objects"),
            (["vm1/net9"], 1, "no spec asks for it"),
            (["vm1/net0"], 1, "another instance"),
            (["vm1/net2"], 1, "paused"),
            (["vm1/net3"], 1, "--allow=re-add"),
            (["vm1/net3", "--allow=vm-restart"], 1, "--allow=re-add"),
            (["vm1/net4"], 1, "--allow=vm-restart"),
            (["vm1/net4", "--allow=everything"], 1, "no impact"),
            (["vm1/veth"], 1, "is no TAP, but veth"),
            (["vm1/internal"], 1, "of type \"internal\""),
            (["vm1/net1", "vm1/net0"], 1, "nothing was adopted"),
            (["vm1/absent"], 0, "nothing to adopt"),
            (["--format=csv", "vm1/net1"], 1, "json")):
        said = w.ctl("adopt", "--yes", *args, exit=code)
        assert text in said.stderr, (args, said.stderr)
    for args, text in ((("vm1/net0",), "another instance"), ((), "--all"),
                       (("--bad",), "no such option")):
        said = w.run("ovs-appctl", "-t", "ovs-portd", "adopt", *args,
                     check=False)
        equal(said.returncode, 2, "exit status of ovs-appctl adopt")
        assert text in said.stderr or "requires" in said.stderr, said.stderr
    same((w.db_dump(), w.links()), before, "what must not be taken")

    said = w.ctl("adopt", "--yes", "--all", "--format=json", exit=2)
    told = {o["object"]: o for o in json.loads(said.stdout)}
    equal({i for i in told if not told[i]["refused"]},
          {"vm1/net1", "vm1/net5"}, "what can be adopted")
    w.wait_state(["vm1/net1", "vm1/net5"])
    w.wait_state(["vm1/net0", "vm1/net3", "vm1/net4"], "conflict")
    w.ctl("adopt", "--yes", "--allow=re-add", "vm1/net3")
    w.wait_state("vm1/net3")
    equal(w.tun("tap3")["multi_queue"], True, "tap3 is multiqueue")
    w.ctl("adopt", "--yes", "--allow=vm-restart", "vm1/net4",
          "--wait=none")
    w.wait_state("vm1/net4", "pending")
    held.close()
    w.wait_state("vm1/net4")
    equal(w.tun("tap4")["multi_queue"], True, "tap4 is multiqueue")
    w.portd.stop()
    w.ctl("adopt", "--yes", "vm1/net0", exit=1)
    w.ctl("resume", "vm1/net2", "--wait=none")
    w.ctl("adopt", "--yes", "vm1/net2", exit=4)


def test_adopt_report(w):
    """Where drift is only reported, what is adopted is marked and no more."""
    w.expect_log(r"conflict: ")
    w.vsctl("add-br", "br0", "--", "set", "bridge", "br0",
            "datapath_type=netdev")
    tap(w, "tap0", tag=10)
    w.write_host({"bridges": {"br0": {"managed": False}}}, drift="report")
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", tag=20,
                                   qdisc="default")})
    w.start_portd()
    w.wait_state("vm1/net0", "conflict", text="not ours")
    w.ctl("adopt", "--yes", "vm1/net0", exit=2)
    w.wait_state("vm1/net0", "conflict", text="drift")
    w.wait_idle()
    equal(w.port("tap0")["tag"], 10, "tag of tap0")
    equal(w.port("tap0")["external_ids"]["ovs-portd"], "main/vm1/net0",
          "tap0's mark")
    w.ctl("retag", "vm1/net0", "30")
    equal(w.port("tap0")["tag"], 30, "tag of tap0")
    w.wait_state("vm1/net0")
