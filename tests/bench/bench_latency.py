# SPDX-License-Identifier: Apache-2.0
"""How long an operator waits."""

import time

import report
from harness import nic


def many_nics(w, n, queues=1):
    """n NICs in place: vmI/net0 with TAP tI in VLAN 10."""
    w.start_ovs()
    w.write_host()
    for i in range(n):
        w.write_vm("vm%d" % i, {"net0": nic(i, ifname="t%d" % i, tag=10,
                                            queues=queues)})
    w.start_portd()
    w.wait_state(["vm%d/net0" % i for i in range(n)], timeout=300)
    w.wait_idle()


def bench_latency(w, out):
    """One retag at 1,000 ports, beside ovs-vsctl."""
    n, rounds = (50, 10) if out.quick else (1000, 200)
    many_nics(w, n)
    w.vsctl("add-port", "br0", "p0", "tag=10", "--", "set", "Interface", "p0",
            "type=internal")

    def rested(*argv):
        """The time of a command that begins when ovs-vswitchd has done with
        what came before."""
        w.run("ovs-appctl", "-t", "ovs-vswitchd", "version")
        time.sleep(0.05)
        return report.seconds(w.run, *argv)

    def tag(i):
        return str(20 + i % 2)

    def peer(*options):
        return lambda i: rested("ovs-vsctl", *options, "set", "port", "p0",
                                "tag=" + tag(i))

    def ours(vm, level):
        return lambda i: rested("ovs-portctl", "--spec-dir=" + w.spec,
                                "retag", "vm%d/net0" % vm, tag(i),
                                "--wait=" + level)

    contenders = {"ovs-vsctl set": peer(),
                  "ovs-vsctl --no-wait set": peer("--no-wait")}
    for vm, level in enumerate(("ovs", "db", "none")):
        contenders["retag --wait=" + level] = ours(vm, level)
    figures = report.interleaved(rounds, contenders)
    out.times("one retag, %d ports, whole process" % n, figures,
              "ovs-vsctl set")
