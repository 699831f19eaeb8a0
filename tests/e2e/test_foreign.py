# SPDX-License-Identifier: Apache-2.0
"""What is not ours is not touched."""

import json

import frames
from harness import equal, never, nic, options, same, wait


def row_dump(w, *ports):
    """Rows of these ports, with _version: any write shows, even one that
    changes nothing.  (ovs-vswitchd bumps it in Interface by itself.)"""
    keep = []
    for name in ports:
        iface = w.iface(name)
        for volatile in "_version", "statistics":
            iface.pop(volatile)
        keep.append([w.port(name), iface])
    return {"rows": keep}


@options(asan=True)
def test_foreign_port_and_tap(w):
    """A stranger's port and a stranger's TAP with our names: conflict, and
    not a bit is changed, whatever happens to the spec."""
    w.expect_log(r"vm1/net[012]: conflict: ")
    w.write_host()
    w.start_portd()
    w.wait_state("bridge:br0")
    # tap0: a port; tap1: a TAP; tap2: both, and in use.  tap3 is free.
    w.vsctl("add-port", "br0", "tap0", "tag=77", "--", "set", "interface",
            "tap0", "type=internal", "external_ids:whose=mine")
    w.ip("tuntap", "add", "dev", "tap1", "mode", "tap", "user", "nobody")
    w.ip("link", "set", "tap1", "alias", "somebody's", "mtu", "1300")
    w.ip("tuntap", "add", "dev", "tap2", "mode", "tap")
    w.vsctl("add-port", "br0", "tap2", "tag=78")
    w.ip("link", "set", "tap2", "up")
    stranger = w.open("x/x", ifname="tap2", mac="52:54:00:00:00:99",
                      queues=1)
    wait(lambda: w.iface("tap2")["link_state"] == "up", "tap2 has a carrier")
    w.wait_idle()
    rows = row_dump(w, "tap0", "tap2")
    links = {n: w.link(n) for n in ("tap0", "tap1", "tap2")}

    nics = {"net%d" % i: nic(i, ifname="tap%d" % i, tag=10)
            for i in range(4)}
    w.write_vm("vm1", nics)
    w.wait_state("vm1/net3")
    for i in range(3):
        w.wait_state("vm1/net%d" % i, "conflict", text="tap%d" % i)

    def untouched():
        same(row_dump(w, "tap0", "tap2"), rows, "a stranger's row")
        same({n: w.link(n) for n in links}, links, "a stranger's device")
    untouched()
    w.ctl("retag", "vm1/net0", "30", exit=2)
    untouched()
    w.portd.stop()
    w.start_portd()
    w.wait_state("vm1/net0", "conflict")
    untouched()
    equal(w.port("tap1"), None, "a port for the stranger's tap1")
    del nics["net0"]
    w.write_vm("vm1", nics)
    w.wait_state("vm1/net0", None)
    never(lambda: row_dump(w, "tap0", "tap2") != rows,
          "a stranger's port was changed", 3)
    w.write_vm("vm2", {"net0": nic(9, ifname="tap9")})
    w.remove("vms.d/vm1.json")
    wait(lambda: not w.port("tap3"), "our own is gone")
    never(lambda: untouched(), "", 2)
    equal(len(stranger.fds), 1, "the stranger's guest still holds its TAP")


@options(asan=True)
def test_conflict_ends(w):
    """When the stranger goes, the conflict ends by itself."""
    w.expect_log(r"vm1/net[01]: conflict: ")
    w.write_host()
    w.start_portd()
    w.wait_state("bridge:br0")
    w.vsctl("add-port", "br0", "tap0", "tag=77", "--", "set", "interface",
            "tap0", "type=internal")
    w.ip("tuntap", "add", "dev", "tap1", "mode", "tap")
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", tag=10),
                       "net1": nic(2, ifname="tap1", tag=10)})
    w.wait_state(["vm1/net0", "vm1/net1"], "conflict")
    w.vsctl("del-port", "tap0")
    w.ip("tuntap", "del", "dev", "tap1", "mode", "tap")
    w.wait_state(["vm1/net0", "vm1/net1"])
    frames.talk(w.open("vm1/net0"), w.open("vm1/net1"))


def test_foreign_bridge(w):
    """A bridge that somebody else made is used only where the spec says that
    it is not managed; else it is a conflict, and unchanged."""
    w.vsctl("add-br", "br0", "--", "set", "bridge", "br0",
            "datapath_type=netdev", "other_config:mac-table-size=100")
    w.vsctl("add-br", "br1", "--", "set", "bridge", "br1",
            "datapath_type=netdev")
    before = w.bridge("br1")
    w.expect_log(r"bridge:br1: conflict: ")
    w.write_host({"bridges": {
        "br0": {"managed": False},
        "br1": {"fail_mode": "secure", "datapath_type": "netdev"}}})
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", tag=10)})
    w.start_portd()
    w.wait_state("vm1/net0")
    w.wait_state("bridge:br1", "conflict")
    bridge = w.bridge("br0")
    equal((bridge["external_ids"], bridge["other_config"],
           bridge["fail_mode"]), ({}, {"mac-table-size": "100"}, []), "br0")
    same(w.bridge("br1"), before, "br1")
    w.write_vm("vm2", {})
    w.remove("vms.d/vm1.json")
    wait(lambda: not w.port("tap0"), "tap0 is gone")
    same(w.bridge("br0")["_uuid"], bridge["_uuid"], "br0")


def test_other_peoples_keys(w):
    """External_ids and other_config keys that others put on our rows survive
    edits, retags and restarts, and so does a tag on their own port."""
    w.write_host()
    w.write_vm("vm1", {"net0": nic(
        1, ifname="tap0", tag=10, external_ids={"ours": "1"})})
    w.start_portd()
    w.wait_state("vm1/net0")
    ids = {"ovn-installed": "true", "neutron-port": "x y"}
    for table, name in (("Port", "tap0"), ("Interface", "tap0"),
                        ("Bridge", "br0")):
        for key, value in ids.items():
            w.vsctl("set", table, name,
                    'external_ids:%s="%s"' % (key, value))
        w.vsctl("set", table, name, "other_config:theirs=1")

    def intact():
        for table, name in (("Port", "tap0"), ("Interface", "tap0"),
                            ("Bridge", "br0")):
            row = w.row(table, name)
            equal({k: row["external_ids"].get(k) for k in ids}, ids,
                  "their external_ids of %s %s" % (table, name))
            equal(row["other_config"].get("theirs"), "1",
                  "their other_config of %s %s" % (table, name))
    w.ctl("retag", "vm1/net0", "20")
    intact()
    spec = json.loads(w.read("vms.d/vm1.json"))
    spec["nics"]["net0"]["external_ids"] = {"mine": "2"}
    spec["nics"]["net0"]["mtu"] = 1400
    w.write("vms.d/vm1.json", spec)
    wait(lambda: "mine" in str(w.port("tap0")) + str(w.iface("tap0")),
         "the new key")
    w.ctl("sync")
    equal("ours" in str(w.port("tap0")["external_ids"].keys())
          + str(w.iface("tap0")["external_ids"].keys()), False,
          "the old key is there")
    intact()
    w.portd.kill()
    w.start_portd()
    w.wait_state("vm1/net0")
    w.wait_idle()
    intact()
    w.ctl("retag", "vm1/net0", "30")
    intact()


@options(asan=True)
def test_internal_names(w):
    """Somebody writes the names that we use for ourselves into rows and
    aliases: nothing is made of it."""
    w.write_host()
    w.start_portd()
    w.wait_state("bridge:br0")
    for number, ours in enumerate(("links:unfinished", "qos:noop")):
        port, device = "port%d" % number, "dev%d" % number
        mark = "external_ids:ovs-portd=main/" + ours
        w.vsctl("add-port", "br0", port, "--", "set", "port", port, mark,
                "--", "set", "interface", port, "type=internal", mark)
        w.ip("tuntap", "add", "dev", device, "mode", "tap")
        w.ip("link", "set", device, "alias", "ovs-portd:main/" + ours)
    w.wait_idle()
    w.portd.stop()
    w.start_portd()
    w.wait_idle()
    w.ctl("plan")
    equal({"port0", "port1", "dev0", "dev1"} <= w.device_names(), True,
          "that the devices are there")
    for number in range(2):
        w.vsctl("del-port", "port%d" % number)
        w.ip("link", "del", "dev%d" % number)
