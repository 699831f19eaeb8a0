# SPDX-License-Identifier: Apache-2.0
"""How long an operator waits: for one NIC of many, and for many at once."""

import concurrent.futures
import os
import socket
import time

import report
from harness import nic


def many_nics(w, n, each=1):
    """n NICs in place, 'each' to a VM: TAP tI in VLAN 10."""
    w.start_ovs()
    w.write_host()
    ids = []
    for vm in range(n // each):
        nics = {"net%d" % k: nic(i, ifname="t%d" % i, tag=10)
                for k, i in enumerate(range(vm * each, (vm + 1) * each))}
        w.write_vm("vm%d" % vm, nics)
        ids += ["vm%d/%s" % (vm, name) for name in nics]
    w.start_portd()
    w.wait_state(ids, timeout=300)
    w.wait_idle()


def bench_latency(w, out):
    """One retag at 1,000 ports, beside ovs-vsctl."""
    n, rounds = (50, 10) if out.quick else (1000, 200)
    many_nics(w, n)
    w.vsctl("add-port", "br0", "p0", "tag=10", "--", "set", "Interface", "p0",
            "type=internal")

    w.run("ip", "link", "set", "p0", "up")
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    wire.bind(("p0", 0))

    def rested(*argv, flow=False):
        """The time of a command that begins when ovs-vswitchd has done with
        what came before, with a flow in the datapath or without any."""
        w.run("ovs-appctl", "-t", "ovs-vswitchd", "revalidator/purge")
        if flow:
            wire.send(b"\xff" * 6 + b"\x02\0\0\0\0\1" + b"\x88\xb5"
                      + bytes(46))
        time.sleep(0.05)
        return report.seconds(w.run, *argv)

    def tag(i):
        return str(20 + i % 2)

    def peer(*options):
        return lambda i: rested("ovs-vsctl", *options, "set", "port", "p0",
                                "tag=" + tag(i))

    def ours(vm, level, flow=False):
        return lambda i: rested("ovs-portctl", "--spec-dir=" + w.spec,
                                "retag", "vm%d/net0" % vm, tag(i),
                                "--wait=" + level, flow=flow)

    contenders = {"ovs-vsctl set": peer(),
                  "ovs-vsctl --no-wait set": peer("--no-wait"),
                  "retag --wait=ovs, a flow": ours(3, "ovs", flow=True)}
    for vm, level in enumerate(("ovs", "db", "none")):
        contenders["retag --wait=" + level] = ours(vm, level)
    figures = report.interleaved(rounds, contenders)
    out.times("one retag, %d ports, whole process" % n, figures,
              "ovs-vsctl set")


def write_anew(directory):
    """The least that has to be done to replace all files of a directory so
    that it survives a power cut: write, sync side by side, rename, sync."""
    fds = []
    for name in os.listdir(directory):
        if name.startswith("."):
            continue
        with open(os.path.join(directory, name), "rb") as f:
            text = f.read()
        tmp = os.path.join(directory, ".bench-" + name)
        fds.append((tmp, os.path.join(directory, name),
                    os.open(tmp, os.O_WRONLY | os.O_CREAT, 0o644)))
        os.write(fds[-1][2], text)
        if len(fds) == 256:
            finish(fds)
    finish(fds)
    fd = os.open(directory, os.O_RDONLY)
    os.fsync(fd)
    os.close(fd)


def finish(fds):
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(os.fsync, [fd for _, _, fd in fds]))
    for tmp, name, fd in fds:
        os.close(fd)
        os.rename(tmp, name)
    fds.clear()


def retag_all(w, out, each):
    """Retags many NICs, 'each' to a VM, in one command."""
    n, rounds = (80, 2) if out.quick else (1000, 10)
    many_nics(w, n, each)
    for i in range(n):
        w.run("ip", "tuntap", "add", "dev", "b%d" % i, "mode", "tap")
    w.vsctl(*" -- ".join("add-port br0 b%d tag=10" % i
                         for i in range(n)).split())
    files = os.path.join(w.dir, "files")
    os.mkdir(files)
    for i in range(n // each):
        with open(os.path.join(files, "vm%d.json" % i), "w") as f:
            f.write(w.read("vms.d/vm%d.json" % i))

    def ours(i):
        tags = ("10", "20") if i % 2 == 0 else ("20", "10")
        w.ctl("retag-all", "--from", tags[0], "--to", tags[1],
              "--wait=ovs", "--timeout=300", timeout=400)

    def peer(i):
        w.run("ovs-vsctl", "--timeout=300", "--db=unix:" + w.db_socket,
              *" -- ".join("set Port b%d tag=%d" % (k, 20 if i % 2 else 30)
                           for k in range(n)).split(), timeout=400)
    before = w.written()[0]
    figures = report.interleaved(rounds, {
        "ovs-vsctl": peer,
        "the files alone": lambda i: write_anew(files),
        "retag-all --wait=ovs": ours})
    out.times("retag %d NICs of %d VMs" % (n, n // each), figures,
              "ovs-vsctl")
    out.note("%.1f transactions for each retag-all" % (
        (w.written()[0] - before) / rounds))


def bench_retag(w, out):
    """Retag many NICs in one command, beside one ovs-vsctl: a file each."""
    retag_all(w, out, 1)


def bench_bulk(w, out):
    """The same with 8 NICs to a VM, thus to a file."""
    retag_all(w, out, 8)
