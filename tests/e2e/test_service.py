# SPDX-License-Identifier: Apache-2.0
"""The unit for systemd: what it is worth, and that the daemon does its work
with no more than it leaves."""

import os
import re
import socket
import stat

import frames
import oracle
from harness import equal, nic, options, wait

CAP_NET_ADMIN = 12              # linux/capability.h
# docs/ovs-portd.8 says so too.
MOST_EXPOSED = 2.1


def unit(w):
    """The unit that 'make install' installs, for the program under test."""
    with open(os.path.join(w.bin, "..", "controller",
                           "ovs-portd.service")) as f:
        text = f.read()
    equal("@" in text.replace("@system-service", "").replace(
        "@resources", "").replace("@keyring", ""), False,
          "something is left to be filled in")
    program = os.path.realpath(os.path.join(w.bin, "ovs-portd"))
    path = os.path.join(w.dir, "ovs-portd.service")
    with open(path, "w") as f:
        f.write(re.sub(r"(?m)^ExecStart=\S+", "ExecStart=" + program, text))
    return path, text


@options(ovs=False)
def test_unit(w):
    """systemd knows every line of the unit, and calls it well protected; it
    does not give the daemon up, whatever becomes of it."""
    path, text = unit(w)
    equal([line for line in text.splitlines()
           if line.startswith(("Restart=", "StartLimitIntervalSec="))],
          ["StartLimitIntervalSec=0", "Restart=on-failure"], "restarts")
    said = w.run("systemd-analyze", "verify", "--man=no", path)
    equal((said.stdout + said.stderr).strip(), "", "what verify says")
    said = w.run("systemd-analyze", "security", "--offline=true", path,
                 check=False).stdout
    exposure = float(re.search(r"exposure level[^:]*: ([0-9.]+)",
                               said).group(1))
    print("exposure %.1f of 10" % exposure)
    if exposure > MOST_EXPOSED:
        raise AssertionError("exposure is %.1f, at most %.1f is wanted:\n%s"
                             % (exposure, MOST_EXPOSED, said))
    for wrong in "CapabilityBoundingSet=CAP_NET_ADMN", "NoSuchKey=yes":
        with open(path, "w") as f:
            f.write(text.replace("[Install]", wrong + "\n[Install]"))
        said = w.run("systemd-analyze", "verify", "--man=no", path,
                     check=False)
        equal(bool((said.stdout + said.stderr).strip()), True,
              "a complaint about " + wrong)


def confined(w):
    """Has the daemon run with the capabilities and the umask of the unit."""
    wrapper = os.path.join(w.dir, "confined")
    os.mkdir(wrapper)
    path = os.path.join(wrapper, "ovs-portd")
    with open(path, "w") as f:
        f.write("#!/bin/sh\numask 0027\nexec setpriv --no-new-privs "
                "--inh-caps=-all --bounding-set=-all,+net_admin "
                "%s/ovs-portd \"$@\"\n" % w.bin)
    os.chmod(path, 0o755)
    w.env["PATH"] = wrapper + ":" + w.env["PATH"]


@options(asan=True)
def test_confined(w):
    """As root with no capability but CAP_NET_ADMIN the daemon does all of its
    work; its control socket is for root and its group."""
    confined(w)
    links = {"lab": {"type": "veth", "ends": [
        {"bridge": "br0", "port": "v0"}, {"port": "v1"}]}}
    w.write_host({"bridges": {"br0": {"datapath_type": "netdev"}},
                  "links": links})
    for i in (1, 2):
        w.write_vm("vm%d" % i, {"net0": nic(
            i, ifname="tap%d" % i, tag=10, queues=2, owner="nobody")})
    w.start_portd()
    w.wait_state(["vm1/net0", "vm2/net0", "link:lab"])
    with open("/proc/%d/status" % w.portd.pid) as f:
        fields = dict(line.split(":", 1) for line in f)
    for kind in "CapEff", "CapPrm", "CapBnd":
        equal(int(fields[kind], 16), 1 << CAP_NET_ADMIN, kind)
    frames.talk(w.open("vm1/net0"), w.open("vm2/net0"))
    socket = os.path.join(w.rundir, "ovs-portd.%d.ctl" % w.portd.pid)
    mode = stat.S_IMODE(os.stat(socket).st_mode)
    equal("%o" % (mode & 0o027), "0", "rights of others in mode %o" % mode)
    w.ctl("retag", "vm1/net0", "20")
    w.remove("vms.d/vm2.json")
    w.guests.close()
    wait(lambda: "tap2" not in w.device_names(), "tap2 is gone")
    oracle.assert_clean(w)


def until_ready(w):
    """Starts the daemon as systemd does with Type=notify; returns when it
    says that it is ready."""
    path = os.path.join(w.dir, "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(path)
        manager.settimeout(60)
        w.env["NOTIFY_SOCKET"] = path
        w.start_portd(answer=False)
        equal(manager.recv(4096), b"READY=1", "what it says first")


def test_ready(w):
    """Who waits until it is ready finds all TAPs up and in Open vSwitch, but
    does not wait for what cannot be done."""
    w.write_host()
    for i in range(100):
        w.write_vm("vm%d" % i, {"net0": nic(i, ifname="tap%d" % i)})
    w.write_vm("vm100", {"net0": nic(100, bridge="missing")})
    until_ready(w)
    down = []
    for i in range(100):
        with open("/sys/class/net/tap%d/flags" % i) as f:
            if not int(f.read(), 16) & 1:
                down.append(i)
    equal(down, [], "TAPs that are down")
    equal({o["state"] for n, o in w.objects().items() if n != "vm100/net0"},
          {"ready"}, "states")
