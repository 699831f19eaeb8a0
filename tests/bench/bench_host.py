# SPDX-License-Identifier: Apache-2.0
"""Files; frames."""

import os
import resource
import shutil
import statistics
import subprocess

import report
from harness import equal, nic

HERE = os.path.dirname(os.path.abspath(__file__))


def cpu_of(w, *argv):
    """Seconds of CPU that a command takes: what else the machine does shows
    in its time, but not there."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    w.run(*argv, timeout=600)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime
            - before.ru_utime - before.ru_stime)


def bench_specs(w, out):
    """Parse and check many files, beside jq and Python's json."""
    n, rounds = (200, 2) if out.quick else (10000, 5)
    for i in range(n):
        w.write_vm("vm%d" % i, {"net0": nic(i, tag=10, queues=8)},
                   atomic=False)
    w.write_host()
    directory = os.path.join(w.spec, "vms.d")
    contenders = {
        "ovs-portctl check": lambda i: cpu_of(
            w, "ovs-portctl", "check", w.spec),
        "python3 json": lambda i: cpu_of(
            w, "/usr/bin/python3", "-c", "import glob, json, sys\n"
            "for p in glob.glob(sys.argv[1] + '/*.json'):\n"
            "    json.load(open(p))", directory)}
    if shutil.which("jq"):
        contenders["jq"] = lambda i: cpu_of(
            w, "sh", "-c",
            "find %s -name '*.json' -exec jq -c . {} + >/dev/null" % directory)
    else:
        out.note("jq is not installed: left out")
    figures = report.interleaved(rounds, contenders)
    out.times("CPU for %d files" % n, figures, "ovs-portctl check")
    out.note("%.0f files for each second of CPU" % (
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

    costs = {"nq0": [], "df0": []}

    def frames(name):
        rate, used, cost = w.run(program, name, "4",
                                 str(seconds)).stdout.split()
        equal(int(used), 4, "queues of %s out of which frames came" % name)
        costs[name].append(float(cost))
        return float(rate)
    figures = report.interleaved(rounds, {
        "noqueue": lambda i: frames("nq0"),
        "default": lambda i: frames("df0")})
    figures = {"noqueue": (figures["noqueue"], costs["nq0"]),
               "default": (figures["default"], costs["df0"])}
    base = statistics.median(figures["default"][0])
    out.table("frames per second out of 4 queues, and the sender's CPU for "
              "each",
              ["qdisc", "median", "least", "most", "vs default", "ns"],
              [[name, statistics.median(v), min(v), max(v),
                "%.2f x" % (statistics.median(v) / base),
                statistics.median(cost)]
               for name, (v, cost) in figures.items()])
