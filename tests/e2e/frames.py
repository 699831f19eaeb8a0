# SPDX-License-Identifier: Apache-2.0
"""Guests without a machine: TAPs opened as QEMU opens them, and frames.

    Guest       holds all queues of a TAP, sends, and keeps what it receives
    expect()    who hears a guest, and who must not
    Stream      a guest that sends without a pause, each frame with its time

A test frame has the ethertype 0x88b5 (for local experiments) and a payload
of its own, so that what arrives is known by when it was sent.
"""

import errno
import fcntl
import itertools
import os
import select
import struct
import threading
import time

TUNSETIFF = 0x400454ca
TUNSETOFFLOAD = 0x400454d0
TUNSETVNETHDRSZ = 0x400454d8
IFF_TAP = 0x0002
IFF_MULTI_QUEUE = 0x0100
IFF_NO_PI = 0x1000
IFF_VNET_HDR = 0x4000

ETHERTYPE = 0x88b5
VLAN = 0x8100
ARP = 0x0806
BROADCAST = "ff:ff:ff:ff:ff:ff"
NO_OFFLOADS = bytes(10)         # struct virtio_net_hdr

slowness = 1                    # How much longer things may take.

_numbers = itertools.count(1)


def mac_bytes(mac):
    return bytes.fromhex(mac.replace(":", ""))


def frame(src, dst, number, tag=None):
    """A test frame without its vnet header."""
    header = mac_bytes(dst) + mac_bytes(src)
    if tag is not None:
        header += struct.pack("!HH", VLAN, tag)
    return (header + struct.pack("!H8sQ", ETHERTYPE, b"ovsportd", number)
            ).ljust(64, b"\0")


class Seen:
    """One frame as it came out of a TAP."""

    def __init__(self, data, queue):
        self.when = time.monotonic()
        self.queue = queue
        self.raw = data
        self.dst, self.src = data[0:6].hex(":"), data[6:12].hex(":")
        self.tag = None
        self.number = None
        offset = 12
        kind = struct.unpack_from("!H", data, offset)[0]
        if kind == VLAN:
            self.tag = struct.unpack_from("!H", data, 14)[0] & 0xfff
            offset = 16
            kind = struct.unpack_from("!H", data, offset)[0]
        self.ethertype = kind
        if kind == ETHERTYPE and data[offset + 2:offset + 10] == b"ovsportd":
            self.number = struct.unpack_from("!Q", data, offset + 10)[0]


class Guest:
    """Opens all queues of the TAP 'ifname'.  With 'queues' 1 it opens a
    single-queue TAP unless 'multi_queue' says otherwise.  OSError if the
    kernel refuses, as QEMU would be refused."""

    def __init__(self, ifname, mac, queues=1, multi_queue=None):
        self.ifname = ifname
        self.mac = mac
        self.seen = []          # Of Seen; only ever appended to.
        self.fds = []
        self.streams = []       # That use it, to be stopped with it.
        flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR
        if queues > 1 if multi_queue is None else multi_queue:
            flags |= IFF_MULTI_QUEUE
        self._stop_r, self._stop_w = os.pipe()
        self._thread = None
        try:
            for _ in range(queues):
                self.fds.append(self._open_queue(flags))
        except OSError:
            self.close()
            raise
        self._thread = threading.Thread(target=self._receive, daemon=True)
        self._thread.start()

    def _open_queue(self, flags):
        if self.ifname not in os.listdir("/sys/class/net"):
            # TUNSETIFF would make a new one; QEMU's caller would notice.
            raise OSError(errno.ENODEV, "no device " + self.ifname)
        fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        try:
            fcntl.ioctl(fd, TUNSETIFF, struct.pack(
                "16sH22x", self.ifname.encode(), flags))
            fcntl.ioctl(fd, TUNSETVNETHDRSZ,
                        struct.pack("i", len(NO_OFFLOADS)))
            fcntl.ioctl(fd, TUNSETOFFLOAD, 0)
        except OSError:
            os.close(fd)
            raise
        return fd

    def _receive(self):
        poller = select.poll()
        poller.register(self._stop_r, select.POLLIN)
        for fd in self.fds:
            poller.register(fd, select.POLLIN)
        while True:
            for fd, _ in poller.poll():
                if fd == self._stop_r:
                    return
                try:
                    data = os.read(fd, 65536)
                except BlockingIOError:
                    continue
                except OSError:
                    # EBADFD: the device was deleted under its holder.
                    poller.unregister(fd)
                    continue
                if len(data) >= len(NO_OFFLOADS) + 14:
                    self.seen.append(Seen(data[len(NO_OFFLOADS):],
                                          self.fds.index(fd)))

    def send_raw(self, data, queue=0):
        """Returns False where the kernel refuses it (the TAP is down)."""
        while True:
            try:
                os.write(self.fds[queue], NO_OFFLOADS + data)
                return True
            except BlockingIOError:
                select.select([], [self.fds[queue]], [], 1)
            except OSError as e:
                if e.errno == errno.EIO:
                    return False
                raise

    def send(self, dst=BROADCAST, tag=None, queue=0, src=None):
        """Sends one test frame and returns its number."""
        number = next(_numbers)
        self.send_raw(frame(src or self.mac, dst, number, tag), queue)
        return number

    def numbers(self):
        """Number -> Seen of the test frames received so far."""
        return {s.number: s for s in list(self.seen) if s.number is not None}

    def close(self):
        """Lets go of the TAP, as QEMU does when it ends."""
        for stream in self.streams:
            stream.stop()
        os.write(self._stop_w, b"x")
        if self._thread:
            self._thread.join()
            self._thread = None
        for fd in self.fds + [self._stop_r, self._stop_w]:
            os.close(fd)
        self.fds = []
        self._stop_r, self._stop_w = os.pipe()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.fds:
            self.close()


def delivered(src, hear=(), deaf=(), tag=None, dst=BROADCAST, n=5,
              patience=2, silence=0.25):
    """Sends 'n' frames and returns, for each guest of 'hear' and then of
    'deaf', the tags (None: untagged) with which they arrived.  The guests of
    'hear' get 'patience' seconds, those of 'deaf' 'silence' more."""
    patience, silence = patience * slowness, silence * slowness
    queues = len(src.fds)
    sent = {src.send(dst=dst, tag=tag, queue=i % queues) for i in range(n)}
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline \
            and not all(sent <= g.numbers().keys() for g in hear):
        time.sleep(0.005)
    if deaf:
        time.sleep(silence)
    return [[s.tag for number, s in g.numbers().items() if number in sent]
            for g in list(hear) + list(deaf)]


def expect(src, hear=(), deaf=(), tag=None, as_tag=None, dst=BROADCAST,
           patience=20):
    """Fails unless every guest of 'hear' receives all frames that 'src'
    sends, tagged with 'as_tag' (None: untagged), and no guest of 'deaf'
    receives any.  With 'patience' it may take that many seconds until it is
    so; with 0 it must be so at once."""
    deadline = time.monotonic() + patience * slowness
    while True:
        got = delivered(src, hear, deaf, tag, dst,
                        patience=0.3 if patience else 2)
        if all(tags == [as_tag] * 5 for tags in got[:len(hear)]) \
                and not any(got[len(hear):]):
            return
        if time.monotonic() >= deadline:
            break
        time.sleep(0.05)
    raise AssertionError("5 frames of %s%s: %s" % (
        src.ifname, "" if tag is None else " tagged %d" % tag,
        ", ".join("%s got %s and should get %s" % (
            g.ifname, got[i], [as_tag] * 5 if i < len(hear) else "none")
            for i, g in enumerate(list(hear) + list(deaf)))))


def talk(a, b, patience=15):
    """Fails unless 'a' and 'b' hear each other, by unicast."""
    expect(a, hear=[b], dst=b.mac, patience=patience)
    expect(b, hear=[a], dst=a.mac, patience=patience)


class Stream:
    """'guest' sends to everybody, without a pause, until stop()."""

    def __init__(self, guest, interval=0.001):
        self.sent = {}          # Number -> when the sending began.
        self._guest = guest
        self._interval = interval
        self._running = True
        guest.streams.append(self)
        self._thread = threading.Thread(target=self._send, daemon=True)
        self._thread.start()

    def _send(self):
        while self._running:
            now = time.monotonic()
            self.sent[self._guest.send()] = now
            time.sleep(self._interval)

    def stop(self):
        self._running = False
        self._thread.join()

    def between(self, begin, end):
        """Numbers of the frames sent in that time."""
        return {n for n, t in self.sent.copy().items() if begin <= t < end}


def arp_request(src_mac, sender, target):
    """An ARP request for IPv4 address 'target', to everybody."""
    def ip(text):
        return bytes(int(part) for part in text.split("."))
    return (mac_bytes(BROADCAST) + mac_bytes(src_mac)
            + struct.pack("!HHHBBH", ARP, 1, 0x0800, 6, 4, 1)
            + mac_bytes(src_mac) + ip(sender) + bytes(6) + ip(target)
            ).ljust(64, b"\0")


def arp_replies(guest):
    return [s for s in list(guest.seen)
            if s.ethertype == ARP
            and struct.unpack_from("!H", s.raw, 20)[0] == 2]
