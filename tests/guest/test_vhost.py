# SPDX-License-Identifier: Apache-2.0
"""A guest in a box: vhost_net and the kernel's datapath, which many test
machines lack."""

from harness import Failure, equal, nic, options, wait
from vm import boot


def host(w, name, tag, address):
    """Somebody behind a port of br0 in VLAN 'tag', in a namespace."""
    w.ip("netns", "add", name)
    w.guests.callback(lambda: w.ip("netns", "del", name))
    w.ip("link", "add", "h-" + name, "type", "veth", "peer", "name", "e0",
         "netns", name)
    w.ip("link", "set", "h-" + name, "up")
    w.ip("-n", name, "link", "set", "e0", "up")
    w.ip("-n", name, "addr", "add", address + "/24", "dev", "e0")
    w.vsctl("add-port", "br0", "h-" + name, "tag=%d" % tag)


def threads(w):
    """How many threads of vhost there are: the kernel's, so not in our
    namespace of processes, but in the one whose /proc ours covers."""
    names = w.run("unshare", "--mount", "sh", "-c",
                  "umount /proc && cat /proc/[0-9]*/comm",
                  check=False).stdout.split()
    equal("kthreadd" in names, True, "that the kernel's threads are seen")
    return len([name for name in names if name.startswith("vhost-")])


@options(datapath="system", timeout=300)
def test_vhost(w):
    """qemu-args says vhost=on, the kernel moves the frames, and the queues
    and VLANs work."""
    w.write_host()
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", tag=10, queues=2)})
    w.start_portd()
    w.wait_state("vm1/net0")
    host(w, "same", 10, "10.0.0.2")
    host(w, "other", 20, "10.0.0.3")
    args = w.ctl("qemu-args", "vm1").stdout
    equal("vhost=on" in args and "csum=off" not in args, True,
          "vhost and offloads in %r" % args)
    equal(threads(w), 0, "vhost threads before")

    # What the box emulates has no use for more than this.
    a = boot(w, "vm1", "10.0.0.1", smp=2, cpu="qemu64")
    equal(a.combined(), (2, 2), "queues at most and in use")
    wait(lambda: threads(w) == 2,
         lambda: "a vhost thread for each queue; %d" % threads(w))
    a.pings("10.0.0.2")
    a.pings_not("10.0.0.3")
    w.ctl("retag", "vm1/net0", "20")
    a.pings("10.0.0.3")
    a.pings_not("10.0.0.2")
    flows = w.appctl("dpctl/dump-flows", target="ovs-vswitchd")
    if "eth_type" not in flows:
        raise Failure("no flows in the kernel: %r" % flows)
