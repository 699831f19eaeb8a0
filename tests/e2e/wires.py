# SPDX-License-Identifier: Apache-2.0
"""What is at the far end of an uplink.

    cable()     a veth pair: one end for OVS, a Wire on the other
    Wire        sends and receives there, tags and all, as a Guest does
    Neighbour   a second Open vSwitch, in a network namespace of its own
    bond()      what 'ovs-appctl bond/show' says, as Python values
"""

import collections
import os
import select
import socket
import struct
import subprocess
import threading

import frames
import harness

ETH_P_ALL = 3
PACKET_OUTGOING = 4
SOL_PACKET = 263
PACKET_AUXDATA = 8
TP_STATUS_VLAN_VALID = 0x10
TP_STATUS_VLAN_TPID_VALID = 0x40
QINQ = 0x88a8
TAGS = (frames.VLAN, QINQ)


class SeenOnWire(frames.Seen):
    """'tags' are all of the frame's VLAN headers, the outermost first, as
    pairs (TPID, VLAN).  'tag' is None, the VLAN of a single 802.1Q header, or
    else 'tags' as a tuple."""

    def __init__(self, data):
        super().__init__(data, 0)
        self.tags = []
        offset = 12
        while struct.unpack_from("!H", data, offset)[0] in TAGS:
            tpid, tci = struct.unpack_from("!HH", data, offset)
            self.tags.append((tpid, tci & 0xfff))
            offset += 4
        self.ethertype = struct.unpack_from("!H", data, offset)[0]
        self.number = None
        if self.ethertype == frames.ETHERTYPE \
                and data[offset + 2:offset + 10] == b"ovsportd":
            self.number = struct.unpack_from("!Q", data, offset + 10)[0]
        if [tpid for tpid, _ in self.tags] == [frames.VLAN]:
            self.tag = self.tags[0][1]
        else:
            self.tag = tuple(self.tags) or None


class Wire(frames.Guest):
    """Whoever is at the end of the cable whose device is 'ifname'.  A list of
    pairs (TPID, VLAN) is a 'tag' for send(), too."""

    def __init__(self, ifname, mac):
        self.ifname = ifname
        self.mac = mac
        self.seen = []
        self.streams = []
        self._stop_r, self._stop_w = os.pipe()
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                                     socket.htons(ETH_P_ALL))
        # The kernel takes the outermost tag out of the frame.
        self._socket.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        self._socket.bind((ifname, ETH_P_ALL))
        self._socket.setblocking(False)
        self.fds = [self._socket.fileno()]
        self._thread = threading.Thread(target=self._receive, daemon=True)
        self._thread.start()

    def _receive(self):
        poller = select.poll()
        poller.register(self._stop_r, select.POLLIN)
        poller.register(self.fds[0], select.POLLIN)
        while True:
            for fd, _ in poller.poll():
                if fd == self._stop_r:
                    return
                self._receive_one()

    def _receive_one(self):
        try:
            data, control, _, address = self._socket.recvmsg(65536, 256)
        except OSError:
            return              # ENETDOWN once, when the device goes down.
        if address[2] == PACKET_OUTGOING or len(data) < 14:
            return
        for level, kind, aux in control:
            if (level, kind) == (SOL_PACKET, PACKET_AUXDATA):
                status, tci, tpid = struct.unpack_from("=I12xHH", aux)
                if status & TP_STATUS_VLAN_VALID:
                    if not status & TP_STATUS_VLAN_TPID_VALID:
                        tpid = frames.VLAN
                    data = (data[:12] + struct.pack("!HH", tpid, tci)
                            + data[12:])
        self.seen.append(SeenOnWire(data))

    def send_raw(self, data, queue=0):
        """Returns False if the device is down."""
        try:
            self._socket.send(data)
            return True
        except OSError:
            return False

    def send(self, dst=frames.BROADCAST, tag=None, queue=0, src=None):
        if not isinstance(tag, list):
            return super().send(dst, tag, queue, src)
        number = next(frames._numbers)
        plain = frames.frame(src or self.mac, dst, number)
        tags = b"".join(struct.pack("!HH", *pair) for pair in tag)
        self.send_raw(plain[:12] + tags + plain[12:])
        return number

    def close(self):
        super().close()
        self._socket.detach()   # Its descriptor is closed already.


def lay(w, name, peer):
    """A veth pair, both ends up."""
    w.ip("link", "add", name, "type", "veth", "peer", "name", peer)
    w.ip("link", "set", name, "up")
    w.ip("link", "set", peer, "up")


def cable(w, name):
    """A device called 'name' for OVS; returns the Wire at its other end,
    whose device is called "x-" and the name."""
    lay(w, name, "x-" + name)
    number = sum(name.encode()) % 256
    return w.guest(Wire("x-" + name, "02:00:00:00:00:%02x" % number))


def plug(w, name, state):
    """Takes the far end of cable 'name' "down" or "up": 'name' loses its
    carrier and gets it back."""
    w.ip("link", "set", "x-" + name, state)


class Neighbour(harness.World):
    """Another host: its own Open vSwitch and devices.  It ends with 'w'."""

    def __init__(self, w):
        self._holder = subprocess.Popen(
            ["unshare", "--net", "sleep", "infinity"],
            stdin=subprocess.DEVNULL)
        namespace = "/proc/%d/ns/net" % self._holder.pid
        own = os.readlink("/proc/self/ns/net")
        harness.wait(lambda: os.readlink(namespace) != own,
                     "the neighbour's namespace")
        self._enter = ["nsenter", "--net=" + namespace]
        directory = os.path.join(w.dir, "n")
        os.mkdir(directory, 0o755)
        super().__init__(w.bin, directory)
        w.guests.callback(self._holder.kill)
        w.guests.callback(self.close)
        self._w = w

    def run(self, *argv, **options):
        return super().run(*self._enter, *argv, **options)

    def _start(self, name, *argv):
        return super()._start(name, *self._enter, *argv)

    def lay(self, near, name):
        """A cable: 'near' at the first host, 'name' here."""
        lay(self._w, near, name)
        self._w.ip("link", "set", name, "netns", str(self._holder.pid))
        self.run("ip", "link", "set", name, "up")

    def cable(self, name):
        """As cable(), with the Wire in the first host's namespace."""
        self.lay("x-" + name, name)
        return self._w.guest(Wire("x-" + name, "02:00:00:00:01:00"))


def bond(w, name):
    """bond/show: a dict of its lines, with 'active', and 'members' by name:
    whether each is enabled."""
    found = collections.defaultdict(lambda: None, active=None, members={})
    member = None
    # It fails where ovs-vswitchd has no such bond yet.
    shown = w.run("ovs-appctl", harness.patience(15), "-t", "ovs-vswitchd",
                  "bond/show", name, check=False).stdout
    for line in shown.splitlines():
        key, _, value = line.strip().partition(": ")
        if key.startswith("member "):
            member = key.split()[1]
            found["members"][member] = value == "enabled"
        elif line.strip() == "active member":
            found["active"] = member
        elif member is None and value:
            found[key] = value
    return found
