# SPDX-License-Identifier: Apache-2.0
"""Tunnels between two hosts, each with an Open vSwitch of its own."""

import frames
from harness import nic, options, wait
from wires import Neighbour

NETDEV = {"datapath_type": "netdev"}


def write(w, kind):
    """br0 with tunnel t0; its packets leave by br-phy, which has the address
    of this end."""
    w.write_host({"bridges": {
        "br0": dict(NETDEV, ports={
            "t0": {"type": kind,
                   "options": {"remote_ip": "192.0.2.2", "key": "7"}}}),
        "br-phy": dict(NETDEV, addresses=["192.0.2.1/24"],
                       other_config={"hwaddr": "02:00:00:00:00:0a"},
                       ports={"eth1": {}})}})


def neighbour(w):
    """The other host, set up by hand, with a wire in VLAN 10."""
    n = Neighbour(w)
    n.start_ovs()
    n.lay("eth1", "far1")
    wire = n.cable("wire1")
    n.vsctl("add-br", "br-phy", "--", "set", "bridge", "br-phy",
            "datapath_type=netdev", "other_config:hwaddr=02:00:00:00:00:0b",
            "--", "add-port", "br-phy", "far1", "--", "add-br", "br0", "--",
            "set", "bridge", "br0", "datapath_type=netdev", "--", "add-port",
            "br0", "wire1", "tag=10")
    n.ip("addr", "add", "192.0.2.2/24", "dev", "br-phy")
    n.ip("link", "set", "br-phy", "up")
    return n, wire


@options(timeout=240)
def test_tunnels(w):
    """VXLAN, Geneve and GRE carry a guest's frames, with their VLAN, and one
    becomes the other in place."""
    n, wire = neighbour(w)
    # The host's own stack sits on the uplink as well; see docs/spec.md.
    with open("/proc/sys/net/ipv4/conf/eth1/arp_ignore", "w") as f:
        f.write("1")
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", tag=10)})
    vm = None
    for kind in "vxlan", "geneve", "gre":
        n.vsctl("--if-exists", "del-port", "t0", "--", "add-port", "br0",
                "t0", "--", "set", "interface", "t0", "type=" + kind,
                "options:remote_ip=192.0.2.1", "options:key=7")
        write(w, kind)
        if not vm:
            w.start_portd()
            w.wait_state("vm1/net0")
            vm = w.open("vm1/net0")
        wait(lambda k=kind: w.iface("t0") and w.iface("t0")["type"] == k,
             "a port of type " + kind)
        w.wait_state(["port:br0/t0", "bridge:br-phy", "port:br-phy/eth1"])
        frames.expect(vm, hear=[wire], patience=20)
        frames.expect(wire, hear=[vm], patience=20)
