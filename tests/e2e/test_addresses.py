# SPDX-License-Identifier: Apache-2.0
"""Addresses of the devices that ovs-vswitchd makes: internal ports and
bridges."""

from harness import equal, never, options, wait
from wires import Neighbour

MGMT = ["192.0.2.10/24", "2001:db8::10/64"]


def write(w, addresses=None, own=None, **more):
    """br0 with internal port mgmt0, and uplink eth1 in the same VLAN."""
    mgmt = {"type": "internal", "tag": 5, **more}
    if addresses is not None:
        mgmt["addresses"] = addresses
    bridge = {"datapath_type": "netdev",
              "ports": {"eth1": {"tag": 5}, "mgmt0": mgmt}}
    if own is not None:
        bridge["addresses"] = own
    w.write_host({"bridges": {"br0": bridge}})


def addresses(w, name):
    """Those of the device, but for what the kernel gives each one."""
    return sorted("%s/%d" % (a["local"], a["prefixlen"])
                  for a in w.kernel_dump()["addresses"].get(name, [])
                  if a["scope"] != "link")


def wait_addresses(w, name, wanted):
    wait(lambda: addresses(w, name) == sorted(wanted),
         lambda: "%s has %s, not %s" % (name, addresses(w, name), wanted))


def owned(w, name):
    """The addresses that the Interface row says to be ours."""
    fields = w.iface(name)["external_ids"]["ovs-portd-owned"].split()
    return sorted(f[len("address:"):] for f in fields
                  if f.startswith("address:"))


def far_host(w):
    """A host at the other end of eth1, with addresses beside MGMT."""
    far = Neighbour(w)
    far.lay("eth1", "far0")
    # On the userspace datapath the host's own IP stack sits on the uplink as
    # well, and would answer ARP there, with the uplink's MAC.
    with open("/proc/sys/net/ipv4/conf/eth1/arp_ignore", "w") as f:
        f.write("1")
    for address in "192.0.2.20/24", "2001:db8::20/64":
        far.ip("addr", "add", address, "dev", "far0")
    return far


def can_ping(far, *names):
    for name in names:
        wait(lambda n=name: far.run(
            "busybox", "ping", "-c", "1", "-W", "2", n,
            check=False).returncode == 0,
            "an answer from " + name)


@options(asan=True)
def test_ping(w):
    """A host on the uplink's wire pings the addresses of an internal port,
    also of the one that ovs-vswitchd makes anew when it restarts."""
    far = far_host(w)
    # Without "mac" the new device had another one, which nobody knows.
    write(w, MGMT, own=["198.51.100.1/32"], mtu=1400,
          mac="02:00:00:00:00:0a")
    w.start_portd()
    w.wait_state(["bridge:br0", "port:br0/mgmt0", "port:br0/eth1"])
    equal(addresses(w, "mgmt0"), MGMT, "addresses")
    equal(addresses(w, "br0"), ["198.51.100.1/32"], "addresses")
    equal((w.is_up("mgmt0"), w.is_up("br0")), (True, True), "up")
    equal(owned(w, "mgmt0"), MGMT, "what the row lists")
    can_ping(far, "192.0.2.10", "2001:db8::10")

    before = w.wait_idle()
    w.appctl("resync")
    equal(w.wait_idle(), before, "what was written")

    index = w.ifindex("mgmt0")
    w.expect_log("ovs-vswitchd")
    # Otherwise it leaves its devices for the next one.
    w.appctl("exit", "--cleanup", target="ovs-vswitchd")
    w.vswitchd.wait_exit()
    wait(lambda: w.ifindex("mgmt0") is None, "the device goes")
    w.start_vswitchd()
    wait_addresses(w, "mgmt0", MGMT)
    wait_addresses(w, "br0", ["198.51.100.1/32"])
    w.wait_state(["bridge:br0", "port:br0/mgmt0"])
    equal(w.ifindex("mgmt0") != index, True, "another device")
    can_ping(far, "192.0.2.10", "2001:db8::10")


@options(asan=True, valgrind=True)
def test_drift(w):
    """What others take away comes back, what they add stays."""
    w.ip("link", "add", "eth1", "type", "veth", "peer", "name", "x-eth1")
    write(w, MGMT)
    w.start_portd()
    w.wait_state("port:br0/mgmt0")
    foreign = ["192.0.2.99/24", "10.9.9.9/8", "2001:db8:1::9/64"]
    for address in foreign:
        w.ip("addr", "add", address, "dev", "mgmt0")
    written = w.wait_idle()
    equal(addresses(w, "mgmt0"), sorted(MGMT + foreign), "addresses")
    w.appctl("resync")
    equal(w.wait_idle(), written, "what was written")

    w.ip("addr", "del", MGMT[1], "dev", "mgmt0")
    wait_addresses(w, "mgmt0", MGMT + foreign)
    # The kernel takes IPv6 addresses away from a device that goes down.
    w.ip("link", "set", "mgmt0", "down")
    wait_addresses(w, "mgmt0", MGMT + foreign[:2])
    wait(lambda: w.is_up("mgmt0"), "mgmt0 is up again")
    # An address that expires is not what the spec says.
    w.ip("addr", "change", MGMT[0], "dev", "mgmt0", "valid_lft", "600",
         "preferred_lft", "600")
    wait(lambda: not any(
        a.get("dynamic") for a in w.kernel_dump()["addresses"]["mgmt0"]),
        "the address is there for good")
    w.wait_state("port:br0/mgmt0")
    equal(owned(w, "mgmt0"), MGMT, "what the row lists")


@options(asan=True)
def test_leave(w):
    """An address that leaves the spec is removed, by a daemon that has not set
    it as well; others of its subnet stay."""
    w.ip("link", "add", "eth1", "type", "veth", "peer", "name", "x-eth1")
    more = ["192.0.2.11/24", "203.0.113.1/32"]
    write(w, MGMT + more, own=["198.51.100.1/24"])
    w.start_portd()
    w.wait_state(["port:br0/mgmt0", "bridge:br0"])
    index = w.ifindex("mgmt0")
    foreign = ["192.0.2.99/24", "2001:db8:1::9/64"]
    for address in foreign:
        w.ip("addr", "add", address, "dev", "mgmt0")
    w.ip("addr", "add", "198.51.100.9/24", "dev", "br0")

    # The first of its subnet.
    write(w, MGMT[1:] + more, own=["198.51.100.1/24"])
    wait_addresses(w, "mgmt0", MGMT[1:] + more + foreign)
    w.wait_state("port:br0/mgmt0")
    equal(owned(w, "mgmt0"), sorted(MGMT[1:] + more), "what the row lists")

    w.portd.kill()
    write(w, more[:1])
    w.start_portd()
    wait_addresses(w, "mgmt0", more[:1] + foreign)
    wait_addresses(w, "br0", ["198.51.100.9/24"])
    w.wait_state(["port:br0/mgmt0", "bridge:br0"])
    equal((owned(w, "mgmt0"), owned(w, "br0")), (more[:1], []),
          "what the rows list")

    # Another prefix for the same address.
    write(w, ["192.0.2.11/32"])
    wait_addresses(w, "mgmt0", ["192.0.2.11/32"] + foreign)
    write(w, [])
    wait_addresses(w, "mgmt0", foreign)
    w.portd.stop()
    write(w)
    w.start_portd()
    w.wait_state("port:br0/mgmt0")
    equal(w.ifindex("mgmt0"), index, "ifindex")
    equal(addresses(w, "mgmt0"), sorted(foreign), "addresses")


def test_not_made_by_ovs(w):
    """A device that was there before, where ovs-vswitchd cannot make its own,
    gets no address; once it is gone, the port's does."""
    w.ip("link", "add", "mgmt0", "type", "veth", "peer", "name", "x-mgmt0")
    w.ip("link", "add", "eth1", "type", "veth", "peer", "name", "x-eth1")
    write(w, MGMT)
    w.expect_log("ovs-vswitchd")
    w.start_portd()
    w.wait_state("port:br0/eth1")
    w.wait_state("port:br0/mgmt0", "error", text="ovs-vswitchd")
    never(lambda: addresses(w, "mgmt0") or w.is_up("mgmt0"),
          "a stranger's device was touched", 1)
    w.ip("link", "del", "mgmt0")
    w.vswitchd.kill()
    w.start_vswitchd()
    wait_addresses(w, "mgmt0", MGMT)
    w.wait_state("port:br0/mgmt0")


def test_refused(w):
    """What the kernel refuses is in the state, in its own words, and holds
    nothing else back."""
    w.ip("link", "add", "eth1", "type", "veth", "peer", "name", "x-eth1")
    write(w)
    w.start_portd()
    w.wait_state("port:br0/mgmt0")
    path = "/proc/sys/net/ipv6/conf/mgmt0/disable_ipv6"
    with open(path, "w") as f:
        f.write("1")
    w.expect_log("RTM_NEWADDR")
    write(w, MGMT)
    w.wait_state("port:br0/mgmt0", "error",
                 text="mgmt0: 2001:db8::10/64: RTM_NEWADDR: Permission")
    equal(addresses(w, "mgmt0"), MGMT[:1], "addresses")
    with open(path, "w") as f:
        f.write("0")
    w.wait_state("port:br0/mgmt0", timeout=90)
    equal(addresses(w, "mgmt0"), MGMT, "addresses")
