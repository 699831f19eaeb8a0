# SPDX-License-Identifier: Apache-2.0
"""What happens on the host while guests run: none of them loses its link,
and the pings that are lost are counted."""

import contextlib
import re
import signal

from harness import Failure, equal, nic, options, wait
from vm import boot

INTERVAL = 0.2                  # Seconds between pings.


class Pings:
    """'src' pings 'dst' without a pause."""

    def __init__(self, src, dst):
        self._src = src
        src.run("ping -i %g %s >/tmp/ping & echo $! >/tmp/ping.pid"
                % (INTERVAL, dst.address))
        self.wait_reply()

    def _last(self):
        found = re.findall(r"seq=(\d+)", self._src.run("tail -n 1 /tmp/ping"))
        return int(found[-1]) if found else -1

    def wait_reply(self, n=3):
        """Until 'n' more have come back."""
        before = self._last()
        wait(lambda: self._last() >= before + n, "replies to pings",
             timeout=60, every=0.2)

    def stop(self):
        """(sent, lost)"""
        self._src.run("kill -INT $(cat /tmp/ping.pid)")
        found = wait(lambda: re.search(
            r"(\d+) packets transmitted, (\d+) packets received",
            self._src.run("cat /tmp/ping")), "the sum of pings")
        sent, received = int(found.group(1)), int(found.group(2))
        # The last one may still be on its way.
        return sent, max(sent - received - 1, 0)


class Guests:
    """vm1, with eight queues, and vm2 on br0; br1 is there, too."""

    def __init__(self, w):
        netdev = {"datapath_type": "netdev"}
        self.w = w
        w.write_host({"bridges": {"br0": netdev, "br1": netdev}})
        w.write_vm("vm1", {"net0": nic(1, ifname="tap0", tag=10, queues=8)})
        w.write_vm("vm2", {"net0": nic(2, ifname="tap1", tag=10)})
        w.start_portd()
        w.wait_state(["vm1/net0", "vm2/net0"])
        self.a = boot(w, "vm1", "10.0.0.1", smp=4)
        self.b = boot(w, "vm2", "10.0.0.2")
        self.a.pings(self.b)
        self.before = self._identity()

    def _identity(self):
        w = self.w
        return [(vm.run("cat /sys/class/net/eth0/carrier_changes").strip(),
                 w.ifindex(tap), w.port(tap)["_uuid"], vm.alive())
                for vm, tap in ((self.a, "tap0"), (self.b, "tap1"))]

    @contextlib.contextmanager
    def through(self, what, may_lose=False):
        """Pings while something is done; the links stay what they are."""
        pings = Pings(self.a, self.b)
        yield
        pings.wait_reply()
        sent, lost = pings.stop()
        print("%s: %d of %d pings lost" % (what, lost, sent))
        equal(self._identity(), self.before,
              "carrier changes, ifindex, Port and QEMU after " + what)
        if lost and not may_lose:
            raise Failure("%d of %d pings were lost: %s" % (lost, sent, what))


@options(timeout=400)
def test_unnoticed(w):
    """Nothing is lost while ovs-portd ends, dies and comes back, a file is
    broken and mended, and the MTU changes."""
    guests = Guests(w)
    ids = ["vm1/net0", "vm2/net0"]

    with guests.through("ovs-portd restarted"):
        w.portd.stop()
        w.start_portd()
        w.wait_state(ids)
    with guests.through("ovs-portd killed, its files changed"):
        w.portd.kill()
        w.ctl("--wait=none", "nic-set", "vm1/net0", "queues=4")
        w.start_portd()
        w.wait_state(ids)
    text = w.read("vms.d/vm1.json")
    with guests.through("a file broken and mended"):
        w.expect_log(r"vms\.d/vm1\.json")
        w.write("vms.d/vm1.json", text[:len(text) // 2])
        w.wait_state("vm1/net0", "invalid")
        w.write("vms.d/vm1.json", text)
        w.wait_state(ids)
    with guests.through("MTU 1500 -> 1400 -> 1500"):
        for mtu in 1400, 1500:
            w.ctl("nic-set", "vm1/net0", "mtu=%d" % mtu)
            equal(w.link("tap0")["mtu"], mtu, "MTU")


@options(timeout=400)
def test_noticed(w):
    """What takes frames' way from them for a moment: a restart of
    ovs-vswitchd, a move to another bridge, quarantine."""
    guests = Guests(w)

    with guests.through("ovs-vswitchd restarted", may_lose=True):
        w.expect_log(r"ovs-vswitchd")
        w.vswitchd.signal(signal.SIGTERM)
        w.vswitchd.wait_exit()
        w.start_vswitchd()
        w.wait_state(["vm1/net0", "vm2/net0"])
    with guests.through("both moved to another bridge", may_lose=True):
        w.ctl("nic-set", "vm1/net0", "bridge=br1", "--",
              "nic-set", "vm2/net0", "bridge=br1")
        equal((w.bridge_of("tap0"), w.bridge_of("tap1")),
              (["br1"], ["br1"]), "bridges")
    with guests.through("quarantined and released", may_lose=True):
        w.ctl("quarantine", "vm2/net0")
        guests.a.pings_not(guests.b)
        w.ctl("release", "vm2/net0")
