#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""In a box whose init is systemd (test_systemd.py): the unit as 'make install'
leaves it, with Debian's own units of Open vSwitch.

    under_systemd.py ROOT       ROOT: where 'make install' has put everything
"""

import json
import os
import subprocess
import sys
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "e2e")]

import box                      # noqa: E402
import frames                   # noqa: E402
import host                     # noqa: E402
import oracle                   # noqa: E402
from harness import Failure, equal, nic, wait   # noqa: E402

SPEC = "/etc/ovs-portd"
STATE = "/var/lib/ovs-portd"
LOG = "/var/log/openvswitch/ovs-portd.log"
UNIT = "ovs-portd.service"
CAP_NET_ADMIN = 12              # linux/capability.h


class Machine(host.HostView):
    """This machine, as the tests and the oracle see a world."""

    datapath = "system"
    db_socket = "/run/openvswitch/db.sock"
    spec = SPEC

    def run(self, *argv, check=True, timeout=300):
        result = subprocess.run(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, encoding="utf-8", errors="replace",
            timeout=timeout)
        if check and result.returncode:
            raise Failure("'%s' ended with %d\n%s%s" % (
                " ".join(argv), result.returncode, result.stdout,
                result.stderr))
        return result

    def systemctl(self, *args, **how):
        return self.run("systemctl", "--no-pager", *args, **how)

    def show(self, name, unit=UNIT):
        return self.systemctl("show", "--value", "-p", name,
                              unit).stdout.strip()

    def is_active(self):
        return self.show("ActiveState") == "active"

    def pid(self):
        return int(self.show("MainPID"))

    def ctl(self, *args, **how):
        return self.run("ovs-portctl", "--timeout=200", *args, **how).stdout

    def appctl(self, *args):
        return self.run("ovs-appctl", "--timeout=60", "-t", "ovs-portd",
                        *args).stdout

    def journal(self):
        return self.run("journalctl", "--no-pager", "-o", "cat", "-u",
                        UNIT).stdout

    def write(self, name, content):
        path = os.path.join(SPEC, name)
        with open(path + ".new~", "w") as f:
            json.dump(content, f, indent=2)
        os.rename(path + ".new~", path)

    def write_vm(self, vm, **more):
        number = int(vm[2:])
        self.write("vms.d/%s.json" % vm, {"version": 1, "nics": {
            "net0": nic(number, ifname="tap%d" % number, tag=10, **more)}})

    def state(self, id_):
        for o in json.loads(self.appctl("status", "json"))["objects"]:
            if o["object"] == id_:
                return o["state"]
        return None

    def wait_state(self, id_, state):
        wait(lambda: self.state(id_) == state, lambda: "%s is %s; it is %s"
             % (id_, state, self.state(id_)), every=0.5)

    def guest(self, vm):
        number = int(vm[2:])
        return frames.Guest("tap%d" % number, nic(number)["mac"], 2)


def say(text):
    print("%s: %s" % (open("/proc/uptime").read().split()[0], text))
    sys.stdout.flush()


def status(pid):
    with open("/proc/%d/status" % pid) as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f)


def assert_confined(m, uid):
    """The process has one capability and may not gain more."""
    fields = status(m.pid())
    equal(fields["Uid"].split(), [str(uid)] * 4, "its user")
    for kind in "CapEff", "CapPrm", "CapBnd":
        equal(int(fields[kind], 16), 1 << CAP_NET_ADMIN, kind)
    equal((fields["NoNewPrivs"], fields["Seccomp"]), ("1", "2"),
          "no new privileges, and a filter of system calls")


def start(m, root):
    """Open vSwitch is not running; the unit brings it along, and is active
    when the NICs are there, for those who come after it."""
    m.run("cp", "-a", root + "/.", "/")
    m.systemctl("daemon-reload")
    equal(m.show("LoadState"), "loaded", "the unit")
    os.makedirs(SPEC + "/vms.d", 0o755)
    m.write("host.json", {"version": 1, "bridges": {"br0": {}},
                          "policy": {"gc_grace": 0}})
    m.write_vm("vm1", queues=2, owner="nobody", group="daemon")
    m.write_vm("vm2", queues=2)
    with open("/run/systemd/system/vm.service", "w") as f:
        f.write("[Unit]\nAfter=%s\n[Service]\nType=oneshot\n"
                "ExecStart=/bin/sh -c 'cat /sys/class/net/tap1/flags "
                "/sys/class/net/tap2/flags > /run/vm-has-seen'\n" % UNIT)
    m.systemctl("daemon-reload")
    equal(m.systemctl("is-active", "openvswitch-switch",
                      check=False).returncode != 0, True, "OVS is not there")
    m.systemctl("enable", UNIT)
    m.systemctl("start", UNIT, "vm.service")
    with open("/run/vm-has-seen") as f:
        equal([int(line, 16) & 1 for line in f], [1, 1],
              "what is up for a unit that is started after it")
    equal((m.show("Type"), m.show("ActiveState"), m.show("NRestarts")),
          ("notify", "active", "0"), "the unit")
    assert_confined(m, 0)
    oracle.assert_clean(m, timeout=120)
    with m.guest("vm1") as a, m.guest("vm2") as b:
        frames.talk(a, b)


def journal(m):
    wait(lambda: "instance main: specs in " + SPEC in m.journal(),
         "journalctl shows what it says", every=0.5)
    m.run("sh", "-c", "echo rubbish > %s/vms.d/bad.json" % SPEC)
    wait(lambda: "vms.d/bad.json:1:1" in m.journal(),
         "journalctl shows what is wrong with a file", every=0.5)
    os.unlink(SPEC + "/vms.d/bad.json")


def work(m):
    """All that writes: edits, adopt, a change that undoes itself."""
    m.ctl("retag", "vm1/net0", "20")
    equal(m.port("tap1")["tag"], 20, "the tag")
    m.ip("tuntap", "add", "dev", "tap3", "mode", "tap", "multi_queue")
    m.vsctl("add-port", "br0", "tap3")
    m.write_vm("vm3", queues=2)
    m.wait_state("vm3/net0", "conflict")
    m.ctl("adopt", "vm3/net0", "--yes")
    m.wait_state("vm3/net0", "ready")

    os.makedirs("/tmp/change/vms.d")
    m.run("sh", "-c", "cp %s/host.json /tmp/change/ && "
          "cp %s/vms.d/* /tmp/change/vms.d/" % (SPEC, SPEC))
    with open("/tmp/change/vms.d/vm1.json") as f:
        text = f.read()
    with open("/tmp/change/vms.d/vm1.json", "w") as f:
        f.write(text.replace("20", "30"))
    m.ctl("apply", "--confirm=20", "/tmp/change")
    equal(m.port("tap1")["tag"], 30, "the tag, until it is confirmed")
    equal(bool(os.listdir(STATE)), True, "what was before is kept")
    wait(lambda: m.port("tap1")["tag"] == 20, "it is undone", every=0.5)
    with open(SPEC + "/vms.d/vm1.json") as f:
        equal(f.read(), text, "the file")
    oracle.assert_clean(m, timeout=120)


def logs(m):
    """Options from /etc/default, and a log that is rotated."""
    with open("/etc/default/ovs-portd", "w") as f:
        f.write("OVS_PORTD_OPTIONS=--log-file\n")
    m.systemctl("restart", UNIT)
    os.rename(LOG, LOG + ".1")
    m.appctl("vlog/reopen")
    m.appctl("vlog/set", "dbg")
    m.appctl("vlog/set", "info")
    wait(lambda: os.path.getsize(LOG), "the new log is written to")
    equal("%o" % (os.stat(LOG).st_mode & 0o027), "0", "others' rights")


def comes_and_goes(m):
    """Whatever systemd does to it, TAPs and frames go on."""
    before = {n: m.ifindex(n) for n in ("tap1", "tap2", "tap3")}

    def stays(what):
        equal({n: m.ifindex(n) for n in before}, before, "TAPs after " + what)
        frames.talk(a, b)
    m.ctl("retag", "vm2/net0", "20")
    with m.guest("vm1") as a, m.guest("vm2") as b:
        frames.talk(a, b)
        pid = m.pid()
        said = m.systemctl("reload", UNIT, check=False)
        equal((said.returncode != 0, "not applicable" in said.stderr,
               m.pid()), (True, True, pid), "reload: there is none")
        m.systemctl("restart", UNIT)
        equal(m.pid() != pid and m.is_active(), True, "another one")
        stays("restart")

        pid = m.pid()
        os.kill(pid, 9)
        wait(lambda: m.is_active() and m.pid() not in (0, pid),
             "systemd starts it again", every=0.5)
        equal(m.show("NRestarts"), "1", "restarts")
        stays("SIGKILL")

        m.systemctl("restart", "openvswitch-switch")
        equal(m.is_active(), True, "it stays when Open vSwitch is restarted")
        m.ctl("sync")
        stays("a restart of Open vSwitch")

        m.systemctl("stop", UNIT)
        equal((m.show("ActiveState"), m.show("Result")),
              ("inactive", "success"), "after stop")
        equal(os.path.exists("/run/openvswitch/ovs-portd.pid"), False,
              "its pidfile is there")
        stays("stop")
        m.systemctl("start", UNIT)
        stays("start")
    os.unlink(SPEC + "/vms.d/vm3.json")
    wait(lambda: "tap3" not in m.device_names(), "tap3 goes", every=0.5)
    oracle.assert_clean(m, timeout=120)


def other_user(m):
    """As ovs-portd(8) shows it: a user of its own, where the sockets of Open
    vSwitch are for that user's group, too."""
    m.run("useradd", "--system", "ovs-portd")
    m.systemctl("stop", UNIT)
    os.makedirs("/etc/systemd/system/%s.d" % UNIT)
    with open("/etc/systemd/system/%s.d/user.conf" % UNIT, "w") as f:
        f.write("[Service]\nUser=ovs-portd\n"
                "AmbientCapabilities=CAP_NET_ADMIN\n")
    os.chmod("/dev/net/tun", 0o666)     # As udev makes it, which is not here.
    m.run("chgrp", "-R", "ovs-portd", "/run/openvswitch",
          "/var/log/openvswitch", SPEC)
    m.run("chmod", "-R", "g+rwX", "/run/openvswitch", "/var/log/openvswitch")
    os.unlink("/etc/default/ovs-portd")
    m.systemctl("daemon-reload")
    m.systemctl("start", UNIT)
    assert_confined(m, int(m.run("id", "-u", "ovs-portd").stdout))
    m.write_vm("vm4", queues=2)
    m.wait_state("vm4/net0", "ready")
    m.ctl("retag", "vm4/net0", "7")
    equal(m.port("tap4")["tag"], 7, "the tag")
    oracle.assert_clean(m, timeout=120)


def main():
    frames.slowness = box.SLOWNESS
    m = Machine()
    try:
        start(m, sys.argv[1])
        say("started")
        for step in journal, work, logs, comes_and_goes, other_user:
            step(m)
            say(step.__name__)
    except BaseException:
        print(m.run("systemctl", "--no-pager", "status", UNIT,
                    check=False).stdout)
        print(m.run("journalctl", "--no-pager", "-n", "60",
                    check=False).stdout)
        raise
    print("all is as the manual says")


if __name__ == "__main__":
    main()
