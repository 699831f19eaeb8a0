# SPDX-License-Identifier: Apache-2.0
"""The daemon among many NICs that are as they should be; files; frames."""

import os
import shutil
import statistics
import subprocess
import time

import report
from bench_law import add_vms, start_dummy_ovs
from harness import nic

HERE = os.path.dirname(os.path.abspath(__file__))
TICKS = os.sysconf("SC_CLK_TCK")


def cpu(pid):
    """Seconds of CPU that a process has had."""
    with open("/proc/%d/stat" % pid) as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def rss(pid):
    """MB of memory that a process has."""
    with open("/proc/%d/status" % pid) as f:
        return [int(line.split()[1]) for line in f
                if line.startswith("VmRSS")][0] / 1024


def bench_idle(w, out):
    """Nothing to do: CPU while idle, a cold start, memory."""
    sizes, idle = ((50, 100), 5) if out.quick else ((1000, 3000), 60)
    start_dummy_ovs(w)
    w.write_host({"bridges": {"br0": {"datapath_type": "netdev"}}},
                 gc_grace=0)
    w.start_portd()
    have, rows, last = 0, [], None
    for n in sizes:
        add_vms(w, have, n)
        have = n
        w.portd.stop()
        daemon = w.start_portd()
        w.wait_state(["vm%d/net0" % (n - 1)], timeout=300)
        start = cpu(daemon.pid)
        written = w.wait_idle(quiet=1)
        memory = rss(daemon.pid)
        before = cpu(daemon.pid)
        time.sleep(idle)
        share = (cpu(daemon.pid) - before) / idle * 100
        w.appctl("resync")
        after = w.wait_idle(quiet=2)
        per = ("" if last is None else
               "%.1f" % ((memory - last[1]) * 1024 / (n - last[0])))
        rows.append([n, start, written[0] + written[1],
                     after[0] - written[0] + after[1] - written[1],
                     "%.3f" % share, memory, per])
        last = (n, memory)
    out.table("N NICs in place", ["N", "cold start, CPU s", "writes at start",
                                  "writes of an audit", "idle CPU %",
                                  "RSS MB", "kB per NIC more"], rows)


def bench_specs(w, out):
    """Parse and check many files, beside jq and Python's json."""
    n, rounds = (200, 2) if out.quick else (10000, 5)
    for i in range(n):
        w.write_vm("vm%d" % i, {"net0": nic(i, tag=10, queues=8)},
                   atomic=False)
    w.write_host()
    directory = os.path.join(w.spec, "vms.d")
    contenders = {
        "ovs-portctl check": lambda i: w.run(
            "ovs-portctl", "check", w.spec, timeout=300) and None,
        "python3 json": lambda i: w.run(
            "/usr/bin/python3", "-c", "import glob, json, sys\n"
            "for p in glob.glob(sys.argv[1] + '/*.json'):\n"
            "    json.load(open(p))", directory, timeout=300) and None}
    if shutil.which("jq"):
        contenders["jq"] = lambda i: w.run(
            "sh", "-c", "find %s -name '*.json' -exec jq -c . {} + >/dev/null"
            % directory, timeout=300) and None
    else:
        out.note("jq is not installed: left out")
    figures = report.interleaved(rounds, contenders)
    out.times("read and judge %d files" % n, figures, "ovs-portctl check")
    out.note("%.0f files/s" % (
        n / statistics.median(figures["ovs-portctl check"])))


def bench_dataplane(w, out):
    """Frames into a TAP and out of all its queues: noqueue and default."""
    rounds, seconds = (2, .5) if out.quick else (9, 2)
    program = os.path.join(w.dir, "blast")
    subprocess.check_call(["cc", "-O2", "-pthread", "-o", program,
                           os.path.join(HERE, "blast.c")])
    w.start_ovs()
    w.write_host()
    w.write_vm("vm1", {
        "net0": nic(1, ifname="nq0", queues=4),
        "net1": nic(2, ifname="df0", queues=4, qdisc="default")})
    w.start_portd()
    w.wait_state(["vm1/net0", "vm1/net1"])

    def frames(name):
        return float(w.run(program, name, "4", str(seconds)).stdout)
    figures = report.interleaved(rounds, {
        "noqueue": lambda i: frames("nq0"),
        "default": lambda i: frames("df0")})
    base = statistics.median(figures["default"])
    out.table("frames per second out of 4 queues",
              ["qdisc", "median", "least", "most", "vs default"],
              [[name, statistics.median(v), min(v), max(v),
                "%.2f x" % (statistics.median(v) / base)]
               for name, v in figures.items()])
