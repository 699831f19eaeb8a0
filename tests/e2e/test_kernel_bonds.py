# SPDX-License-Identifier: Apache-2.0
"""Bonds of the kernel as uplinks.  They need the bonding module: these tests
run in the host in a box."""

import json

import frames
from harness import equal, never, nic, options, wait
from wires import Neighbour, cable, plug

BOX = {"datapath": "system", "timeout": 300}
UNFINISHED = "1870017316"


def write(w, members=("eth2", "eth3"), **keys):
    """br0 with bond0, if it has members."""
    bond = {"type": "kernel", "bridge": "br0", "members": list(members),
            "mode": "active-backup", **keys}
    w.write_host({"bridges": {"br0": {"datapath_type": "netdev"}},
                  "bonds": {"bond0": bond} if members else {}})


def bond_data(w, name="bond0"):
    """Its options; none while there is no such device."""
    link = w.link(name)
    return link["linkinfo"]["info_data"] if link else {}


def members(w, bond="bond0"):
    return sorted(name for name, link in w.links().items()
                  if link.get("master") == bond)


def owned(w):
    fields = w.iface("bond0")["external_ids"]["ovs-portd-owned"].split()
    return sorted(f[7:] for f in fields if f.startswith("member:"))


def facts(w):
    """What 'show' says of bond0."""
    columns = "--columns=bond_mode,lacp,active,members"
    return json.loads(w.ctl("-f", "json", columns, "show",
                            "bond:bond0").stdout)["data"][0]


def quiet(w):
    """A full pass has nothing to do."""
    written = w.wait_idle()
    w.appctl("resync")
    equal(w.wait_idle(), written, "what was written")


def start(w, **keys):
    """Wires eth2 and eth3 at bond0, and the guest vm1/net0 in VLAN 10."""
    wires = cable(w, "eth2"), cable(w, "eth3")
    write(w, **keys)
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", tag=10)})
    w.start_portd()
    w.wait_state(["bond:bond0", "vm1/net0"])
    equal(members(w), ["eth2", "eth3"], "members")
    return (*wires, w.open("vm1/net0"))


@options(box=True, **BOX)
def test_failover(w):
    """Frames go through the primary, through the other one when it has no
    carrier, and through the primary again."""
    eth2, eth3, vm = start(w, primary="eth3", mtu=1400)
    data = bond_data(w)
    equal((data["mode"], data["miimon"], data.get("primary")),
          ("active-backup", 100, "eth3"), "options")
    equal([w.link(n)["mtu"] for n in ("bond0", "eth2", "eth3")], [1400] * 3,
          "MTU")
    equal(w.link("bond0")["ifalias"], "ovs-portd:main/bond:bond0", "alias")
    quiet(w)
    frames.expect(vm, hear=[eth3], deaf=[eth2], as_tag=10)
    frames.expect(eth3, hear=[vm], tag=10)
    plug(w, "eth3", "down")
    wait(lambda: bond_data(w).get("active_slave") == "eth2", "eth2 is active")
    wait(lambda: facts(w) == ["active-backup", "off", "eth2",
                              "eth2 up, eth3 down"],
         lambda: "'show' says so: %r" % facts(w))
    frames.expect(vm, hear=[eth2], as_tag=10)
    plug(w, "eth3", "up")
    wait(lambda: bond_data(w).get("active_slave") == "eth3", "eth3 is active")
    frames.expect(vm, hear=[eth3], as_tag=10)


@options(box=True, **BOX)
def test_changes(w):
    """Options change in place, the mode with a new device, and frames pass
    after each; what others change is put back."""
    eth2, eth3, vm = start(w)
    index = w.ifindex("bond0")
    write(w, miimon=50, updelay=100, primary="eth2", min_links=1,
          xmit_hash_policy="layer3+4")
    w.ctl("sync")
    w.wait_state("bond:bond0")
    data = bond_data(w)
    equal((w.ifindex("bond0"), data["miimon"], data["updelay"],
           data["min_links"], data["xmit_hash_policy"], data["primary"]),
          (index, 50, 100, 1, "layer3+4", "eth2"), "options")
    w.ip("link", "set", "eth3", "nomaster")
    w.ip("link", "set", "bond0", "type", "bond", "miimon", "70")
    w.ip("link", "set", "bond0", "down")
    wait(lambda: (members(w), bond_data(w).get("miimon"), w.is_up("bond0"))
         == (["eth2", "eth3"], 50, True), "all is put back")
    w.wait_state("bond:bond0")
    frames.expect(vm, hear=[eth2], as_tag=10)

    write(w, mode="802.3ad", lacp_rate="fast")
    w.wait_state("bond:bond0")
    wait(lambda: bond_data(w).get("mode") == "802.3ad", "another mode")
    wait(lambda: members(w) == ["eth2", "eth3"], "its members")
    equal(w.ifindex("bond0") != index, True, "another device")
    index = w.ifindex("bond0")
    w.wait_state("bond:bond0")
    write(w, mode="802.3ad")
    wait(lambda: bond_data(w).get("ad_lacp_rate") == "slow", "lacp_rate")
    w.wait_state("bond:bond0")
    equal((w.ifindex("bond0"), members(w)), (index, ["eth2", "eth3"]),
          "device and members")

    write(w, mode="balance-xor")
    wait(lambda: bond_data(w).get("mode") == "balance-xor", "another mode")
    wait(lambda: members(w) == ["eth2", "eth3"], "its members")
    w.wait_state("bond:bond0")
    quiet(w)
    frames.expect(eth2, hear=[vm], tag=10)
    frames.expect(eth3, hear=[vm], tag=10)


@options(**BOX)
def test_members(w):
    """Members come and go, also over a restart; those that others add stay,
    and none is ever deleted."""
    start(w)
    for name in "eth4", "eth5":
        cable(w, name)
        w.ip("link", "set", name, "down")
    w.ip("link", "set", "eth5", "master", "bond0")
    write(w, ["eth3", "eth4"])
    wait(lambda: members(w) == ["eth3", "eth4", "eth5"], "members")
    w.wait_state("bond:bond0")
    equal(owned(w), ["eth3", "eth4"], "what the row lists")
    w.portd.kill()
    write(w, ["eth2", "eth4"])
    w.start_portd()
    wait(lambda: members(w) == ["eth2", "eth4", "eth5"], "members")
    w.wait_state("bond:bond0")
    equal(owned(w), ["eth2", "eth4"], "what the row lists")
    # One that is missing holds nobody up.
    w.ip("link", "del", "eth4")
    w.wait_state("bond:bond0", "waiting", text="eth4")
    equal(members(w), ["eth2", "eth5"], "members")
    cable(w, "eth4")
    w.wait_state("bond:bond0")
    quiet(w)

    write(w, [])
    w.wait_state("bond:bond0", "held")
    w.ctl("gc-confirm", "bond:bond0")
    # It goes on working, whole, for the sake of a member of others.
    w.wait_state("bond:bond0", "held", text="member eth5")
    never(lambda: not w.port("bond0") or members(w) != ["eth2", "eth4", "eth5"]
          or not w.is_up("eth5"), "touched", 1)
    w.ip("link", "set", "eth5", "nomaster")
    wait(lambda: not w.link("bond0") and not w.port("bond0"), "bond0 is gone")
    equal([w.ifindex(n) is not None
           for n in ("eth2", "eth3", "eth4", "eth5")],
          [True] * 4, "the devices are there")


@options(box=True, **BOX)
def test_strangers_member(w):
    """A bond is neither made anew nor deleted as long as somebody else's
    device is a member of it: the kernel would set that down."""
    eth2, _, vm = start(w)
    index = w.ifindex("bond0")
    cable(w, "eth5")
    w.ip("link", "set", "eth5", "down")
    w.ip("link", "set", "eth5", "master", "bond0")
    write(w, mode="balance-xor")
    w.ctl("--timeout=5", "sync", exit=None)
    w.wait_state("bond:bond0", "held", text="ip link set eth5 nomaster")
    equal((w.ifindex("bond0"), members(w), w.is_up("eth5")),
          (index, ["eth2", "eth3", "eth5"], True), "device and members")
    frames.expect(eth2, hear=[vm], tag=10)
    w.ip("link", "set", "eth5", "nomaster")
    wait(lambda: bond_data(w).get("mode") == "balance-xor", "another mode")
    w.wait_state("bond:bond0")

    w.ip("link", "set", "eth5", "down")
    w.ip("link", "set", "eth5", "master", "bond0")
    said = w.ctl("--timeout=5", "bond-del", "bond0", exit=None).stderr
    assert "bond bond0 still has member eth5" in said, said
    # Killed at whatever point of it, the rest is done by the next run.
    w.portd.kill()
    w.ip("link", "set", "eth5", "nomaster")
    w.start_portd()
    w.wait_state("bond:bond0", "held", text="gc-confirm")
    w.ctl("gc-confirm", "bond:bond0")
    wait(lambda: not w.link("bond0") and not w.port("bond0"), "bond0 is gone")


@options(**BOX)
def test_other_kind(w):
    """A bond of Open vSwitch's becomes one of the kernel's, and back."""
    cable(w, "eth2")
    cable(w, "eth3")
    ovs = {"bridges": {"br0": {"datapath_type": "netdev"}},
           "bonds": {"bond0": {"bridge": "br0", "members": ["eth2", "eth3"],
                               "bond_mode": "active-backup"}}}
    w.write_host(ovs)
    w.start_portd()
    w.wait_state("bond:bond0")
    port = w.port("bond0")["_uuid"]
    # On the way back a member is not free before the port has let go of the
    # bond, and the port has one interface at all times.
    w.expect_log("could not add network device eth. to ofproto")
    for _ in range(2):
        write(w)
        wait(lambda: w.link("bond0") and members(w) == ["eth2", "eth3"],
             "a bond of the kernel's")
        w.wait_state("bond:bond0")
        w.write_host(ovs)
        wait(lambda: not w.link("bond0"), "bond0 is gone")
        w.wait_state("bond:bond0")
        wait(lambda: w.is_up("eth2") and w.is_up("eth3"), "members are up")
    equal(w.port("bond0")["_uuid"], port, "the Port row")


@options(**BOX)
def test_not_ours(w):
    """A stranger's bond, and a device in one, are not touched; what a killed
    run has left half done is completed."""
    cable(w, "eth2")
    cable(w, "eth3")
    w.ip("link", "add", "bond0", "type", "bond", "mode", "balance-rr")
    w.expect_log("conflict: device")
    write(w)
    w.start_portd()
    w.wait_state("bond:bond0", "conflict", text="bond0")
    never(lambda: members(w) or "ifalias" in w.link("bond0"), "touched", 1)
    equal(bond_data(w)["mode"], "balance-rr", "mode")
    w.ip("link", "set", "eth2", "down")
    w.ip("link", "set", "eth2", "master", "bond0")
    w.ip("link", "set", "bond0", "name", "other")
    w.wait_state("bond:bond0", "conflict", text="eth2 belongs to other")
    wait(lambda: members(w) == ["eth3"], "eth3 is in")
    w.ip("link", "set", "eth2", "nomaster")
    w.wait_state("bond:bond0")
    equal(members(w), ["eth2", "eth3"], "members")

    w.portd.kill()
    w.vsctl("del-port", "bond0")
    w.ip("link", "del", "bond0")
    w.ip("link", "add", "bond0", "group", UNFINISHED, "type", "bond", "mode",
         "active-backup")
    w.start_portd()
    wait(lambda: w.link("bond0").get("ifalias") and
         members(w) == ["eth2", "eth3"], "it is completed")
    w.wait_state("bond:bond0")
    equal(w.link("bond0")["group"], "default", "group")


@options(**BOX)
def test_lacp(w):
    """802.3ad with a bond that another host made by hand."""
    far = Neighbour(w)
    far.ip("link", "add", "far", "type", "bond", "mode", "802.3ad",
           "miimon", "100", "lacp_rate", "fast")
    for near, name in ("eth2", "f2"), ("eth3", "f3"):
        far.lay(near, name)
        far.ip("link", "set", name, "down")
        far.ip("link", "set", name, "master", "far")
    far.ip("link", "set", "far", "up")
    far.ip("addr", "add", "192.0.2.20/24", "dev", "far")
    w.write_host({
        "bridges": {"br0": {"datapath_type": "netdev",
                            "addresses": ["192.0.2.10/24"]}},
        "bonds": {"bond0": {"type": "kernel", "bridge": "br0",
                            "members": ["eth2", "eth3"], "mode": "802.3ad",
                            "lacp_rate": "fast"}}})
    w.start_portd()
    w.wait_state(["bond:bond0", "bridge:br0"])
    wait(lambda: bond_data(w).get("ad_info", {}).get("num_ports") == 2,
         "two ports that talk LACP")

    def pings():
        return far.run("busybox", "ping", "-c", "1", "-W", "2", "192.0.2.10",
                       check=False).returncode == 0
    wait(pings, "an answer")
    far.ip("link", "set", "f2", "down")
    wait(pings, "an answer through the other member")
