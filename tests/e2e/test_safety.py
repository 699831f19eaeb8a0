# SPDX-License-Identifier: Apache-2.0
"""What must not happen: a loop that never rests, a removal by accident, a
hand on what is not ours."""

import hashlib
import os
import signal
import time

from harness import SCHEMA, equal, never, nic, options, wait

BROKEN = "{ broken"
POSITION = r"host\.json:1:"


def seconds_of_cpu(pid):
    with open("/proc/%d/stat" % pid) as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def assert_calm(w, seconds=3):
    """The daemon uses less than a third of one processor."""
    before = seconds_of_cpu(w.portd.pid)
    time.sleep(seconds)
    used = seconds_of_cpu(w.portd.pid) - before
    equal(used < seconds / 3, True, "%.2f s of CPU in %d s are few"
          % (used, seconds))


def one_nic(w, **policy):
    w.write_host(**policy)
    w.write_vm("vm1", {"net0": nic(1, ifname="tap1", tag=10)})
    w.start_portd()
    w.wait_state("vm1/net0")


def test_refused_setting_of_a_held_tap(w):
    """A setting that the kernel refuses is an error with a backoff, also
    while a VM holds the TAP."""
    w.expect_log(r"RTM_SETLINK")
    one_nic(w)
    w.open("vm1/net0")
    # 65521 is the most that a TAP takes.
    w.write_vm("vm1", {"net0": nic(1, ifname="tap1", tag=10, mtu=65535)})
    w.wait_state("vm1/net0", "error")
    writes = w.counters()["netlink_writes"]
    assert_calm(w)
    equal(w.counters()["netlink_writes"] - writes < 30, True, "few tries")


def test_backoff_is_the_objects(w):
    """What succeeds for an object does not make the next try of what fails
    come earlier."""
    w.expect_log(r"RTM_SETLINK")
    one_nic(w)
    w.write_vm("vm1", {"net0": nic(1, ifname="tap1", tag=10, mtu=65535)})
    w.wait_state("vm1/net0", "error")
    for i in range(12):
        # Each field twice at most: nobody insists.
        w.vsctl("--no-wait", *(
            ["set", "port", "tap1", "tag=99"],
            ["set", "port", "tap1", "vlan_mode=trunk"],
            ["set", "port", "tap1", "trunks=7"],
            ["set", "interface", "tap1", "mtu_request=1400"],
            ["remove", "interface", "tap1", "external_ids", "vm-id"],
            ["remove", "interface", "tap1", "external_ids", "attached-mac"],
            )[i % 6])
        time.sleep(1)
    with open(w.portd.log) as f:
        tries = sum("mtu 1500 ->" in line for line in f)
    equal(2 <= tries <= 6, True, "%d tries in 12 s are a few" % tries)


def test_calm_without_vswitchd(w):
    """While ovs-vswitchd is down the daemon waits, and says so, whether it
    has something to do or not."""
    one_nic(w)
    w.vswitchd.kill()
    wait(lambda: w.status()["state"] == "degraded", "the daemon is degraded")
    equal(w.objects()["vm1/net0"]["state"], "degraded", "the NIC's state")
    w.write_vm("vm1", {"net0": nic(1, ifname="tap1", tag=11)})
    time.sleep(6)
    assert_calm(w)
    w.start_vswitchd()
    w.wait_state("vm1/net0")
    equal(w.port("tap1")["tag"], 11, "tag")


def test_stopped_vswitchd(w):
    """An ovs-vswitchd that is stopped is noticed although nothing is to be
    done; when it goes on, so does everything."""
    one_nic(w)
    w.wait_idle()
    before = w.written()
    w.vswitchd.signal(signal.SIGSTOP)
    wait(lambda: w.status()["state"] == "degraded", "the daemon is degraded")
    equal("does not answer" in w.status()["reason"], True, "the reason")
    equal(w.objects()["vm1/net0"]["state"], "degraded", "the NIC's state")
    assert_calm(w)
    equal(w.status()["state"], "degraded", "the state, seconds later")
    w.vswitchd.signal(signal.SIGCONT)
    w.wait_state("vm1/net0")
    equal(w.status()["state"], "ready", "the daemon")
    equal(w.written(), before, "what was written meanwhile")


def test_calm_with_a_stopped_server(w):
    """While a transaction has no answer the daemon waits for it calmly."""
    w.expect_log("no response to inactivity probe", "connection dropped",
                 "transaction", "lost")
    one_nic(w)
    w.ovsdb.signal(signal.SIGSTOP)
    w.write_vm("vm1", {"net0": nic(1, ifname="tap1", tag=11)})
    time.sleep(5.5)
    assert_calm(w)
    w.ovsdb.signal(signal.SIGCONT)
    w.wait_state("vm1/net0")
    wait(lambda: w.port("tap1")["tag"] == 11, "tag 11")


@options(ovs=False)
def test_database_without_a_row(w):
    """A database that nobody has initialized is waited for."""
    w.run("ovsdb-tool", "create", w.db_file, SCHEMA)
    w.start_ovsdb()
    w.write_host()
    w.write_vm("vm1", {"net0": nic(1, ifname="tap1", tag=10)})
    w.start_portd()
    wait(lambda: "init" in w.status()["reason"], "the reason is told")
    assert_calm(w)
    equal("tap1" in w.device_names(), False, "a TAP is made")
    w.vsctl("--no-wait", "init")
    wait(lambda: w.port("tap1"), "the port's row is there")


def start_with(w, host):
    """The daemon's next run, with the text 'host' as host.json, or none."""
    w.portd.stop()
    if host:
        w.write("host.json", host)
    else:
        w.remove("host.json")
    w.start_portd()


def test_broken_defaults_at_the_start(w):
    """Without a good host.json the defaults are not known, so that live NICs
    stay as they are."""
    w.expect_log(POSITION, "host.json is missing")
    w.write_host({"bridges": {"br0": {"datapath_type": "netdev"}},
                  "defaults": {"nic": {"queues": 4, "owner": "nobody"}}})
    good = w.read("host.json")
    w.write_vm("vm1", {"net0": nic(1, ifname="tap1", tag=10)})
    w.start_portd()
    w.wait_state("vm1/net0")
    before = w.ifindex("tap1"), w.tun("tap1")
    for broken in (BROKEN, None):
        start_with(w, broken)
        w.wait_state("vm1/net0", "invalid")
        never(lambda: (w.ifindex("tap1"), w.tun("tap1")) != before,
              "the TAP changes", 2)
    w.write("host.json", good)
    w.portd.stop()
    w.start_portd()
    w.wait_state("vm1/net0")
    equal((w.ifindex("tap1"), w.tun("tap1")), before, "the TAP")


def test_defaults_come_back(w):
    """Live NICs that are frozen as host.json was not good at the start go on
    once it is, and not when it is only gone; no restart is needed."""
    w.expect_log(POSITION, "host.json is missing")
    w.write_host()
    good = w.read("host.json")
    w.write_vm("vm1", {"net0": nic(1, ifname="tap1", tag=10)})
    w.start_portd()
    w.wait_state("vm1/net0")
    for tag, broken in enumerate((BROKEN, None, BROKEN), 11):
        start_with(w, broken)
        w.wait_state("vm1/net0", "invalid")
        w.write_vm("vm1", {"net0": nic(1, ifname="tap1", tag=tag)})
        if tag == 13:
            w.remove("host.json")
            w.wait_state("bridge:br0", "held")
        never(lambda: w.port("tap1")["tag"] == tag, "a frozen NIC changes", 2)
        w.write("host.json", good)
        w.wait_state(["bridge:br0", "vm1/net0"])
        equal(w.port("tap1")["tag"], tag, "tag of tap1")


def test_confirm_without_host_json(w):
    """gc-confirm of everything does not let host objects go while host.json
    is missing, nor what is frozen."""
    w.expect_log(POSITION)
    w.write_host(gc_grace=1)
    w.write_vm("vm1", {"net0": nic(1, ifname="tap1", tag=10)})
    w.start_portd()
    w.wait_state(["bridge:br0", "vm1/net0"])
    w.remove("host.json")
    w.wait_state("bridge:br0", "held")
    w.appctl("gc-confirm")
    never(lambda: not w.rows("Bridge"), "the bridge is deleted", 2)

    w.portd.stop()
    w.write("host.json", BROKEN)
    w.start_portd()
    w.wait_state("bridge:br0", "invalid")
    w.appctl("gc-confirm")
    w.remove("host.json")
    w.wait_state("bridge:br0", "held")
    never(lambda: not w.rows("Bridge"), "the bridge is deleted", 2)
    w.ctl("gc-confirm", "bridge:br0")
    w.remove("vms.d/vm1.json")


def test_report_is_no_amnesia(w):
    """With drift: report neither a new policy nor a file that is broken and
    mended puts anything back."""
    w.expect_log(r"vm1.*differs", r"vms\.d/vm1\.json:1:", "vm1/net0: invalid")
    one_nic(w, drift="report")
    text = w.read("vms.d/vm1.json")
    w.vsctl("set", "port", "tap1", "tag=77")
    w.wait_state("vm1/net0", "conflict")
    w.write_host(drift="report", gc_grace=2)
    never(lambda: w.port("tap1")["tag"] != 77, "the tag is put back", 1)
    w.write("vms.d/vm1.json", BROKEN)
    w.wait_state("vm1/net0", "invalid")
    w.write("vms.d/vm1.json", text)
    w.wait_state("vm1/net0", "conflict")
    never(lambda: w.port("tap1")["tag"] != 77, "the tag is put back", 1)


def test_grace_after_a_freeze(w):
    """A file that was broken when the daemon started, and is removed later,
    has its whole grace."""
    w.expect_log(r"vms\.d/vm1\.json:1:", "vm1/net0: invalid")
    w.write_host(gc_grace=4)
    for i in (1, 2):
        w.write_vm("vm%d" % i, {"net0": nic(i, ifname="tap%d" % i)})
    w.start_portd()
    w.wait_state(["vm1/net0", "vm2/net0"])
    w.portd.stop()
    w.write("vms.d/vm1.json", BROKEN)
    w.start_portd()
    w.wait_state("vm1/net0", "invalid")
    time.sleep(5)
    w.remove("vms.d/vm1.json")
    never(lambda: "tap1" not in w.device_names(), "the TAP is deleted", 3)
    wait(lambda: "tap1" not in w.device_names(), "the TAP is deleted")


def test_mistyped_confirmations(w):
    """gc-confirm of what does not exist is refused and does not count."""
    w.write_host(gc_grace=1)
    names = ["vm%d/net0" % i for i in range(14)]
    for i, _ in enumerate(names):
        w.write_vm("vm%d" % i, {"net0": nic(i, ifname="tap%d" % i)})
    w.start_portd()
    w.wait_state(names)
    for i in range(11):
        done = w.run("ovs-appctl", "-t", "ovs-portd", "gc-confirm",
                     "typo%d/x" % i, check=False)
        equal(done.returncode != 0, True, "it is refused")
    w.remove("vms.d/vm1.json")
    wait(lambda: "tap1" not in w.device_names(), "the TAP is deleted")


def test_sync_of_the_defaults(w):
    """sync of host.json waits for the NICs that its defaults change."""
    def host(tag):
        w.write_host({"bridges": {"br0": {"datapath_type": "netdev"}},
                      "defaults": {"nic": {"tag": tag}}})

    host(10)
    w.write_vm("vm1", {"net0": nic(1, ifname="tap1")})
    w.start_portd()
    w.wait_state("vm1/net0")
    w.vswitchd.signal(signal.SIGSTOP)
    host(20)
    sha = hashlib.sha256(w.read("host.json").encode()).hexdigest()
    answer = w.appctl("sync", "ovs", "2000", "host.json=" + sha)
    w.vswitchd.signal(signal.SIGCONT)
    equal('"done":true' in answer, False, "done although nothing is applied")
    w.wait_state("vm1/net0")


def test_user_comes_later(w):
    """A NIC whose owner does not exist yet is made once he does."""
    w.expect_log("there is no user")
    passwd = os.path.join(w.dir, "passwd")
    with open("/etc/passwd") as f, open(passwd, "w") as g:
        g.write(f.read())
    w.run("mount", "--bind", passwd, "/etc/passwd")
    w.write_host()
    w.write_vm("vm1", {"net0": nic(1, ifname="tap1", owner="latecomer")})
    w.start_portd()
    w.wait_state("vm1/net0", "error")
    with open(passwd, "a") as f:
        f.write("latecomer:x:4242:4242::/:/bin/false\n")
    w.appctl("resync")
    w.wait_state("vm1/net0")
    equal(w.tun("tap1")["user"] in ("latecomer", 4242, "4242"), True,
          "the owner is %s" % w.tun("tap1")["user"])


def test_strangers_uplink(w):
    """A device that is in a stranger's port is not touched for ours."""
    w.expect_log("d0")
    w.ip("link", "add", "d0", "type", "veth", "peer", "name", "d1")
    w.vsctl("--no-wait", "add-br", "brx", "--", "set", "bridge", "brx",
            "datapath_type=netdev", "--", "add-port", "brx", "d0",
            "--", "add-port", "brx", "tap1", "tag=99")
    w.write_host({"bridges": {"br0": {"datapath_type": "netdev",
                                      "ports": {"d0": {"mtu": 1400}}}}})
    w.write_vm("vm1", {"net0": nic(1, ifname="tap1", tag=10)})
    w.expect_log("tap1")
    w.start_portd()
    w.wait_state(["port:br0/d0", "vm1/net0"], "conflict")
    never(lambda: w.is_up("d0") or "tap1" in w.device_names(),
          "the device is set up, or a TAP made", 1)


def test_uplinks_over_a_reboot(w):
    """After a reboot an uplink that is there already stays in."""
    w.ip("link", "add", "d0", "type", "veth", "peer", "name", "d1")
    w.write_host({"bridges": {"br0": {"datapath_type": "netdev",
                                      "ports": {"d0": {}}}}})
    w.start_portd()
    w.wait_state("port:br0/d0")
    w.portd.stop()
    # A mark of another boot is all that tells of one.
    w.vsctl("set", "interface", "d0",
            "external_ids:ovs-portd-link=11111111-1111/5")
    ofport = w.iface("d0")["ofport"]
    w.start_portd()
    w.wait_state("port:br0/d0")
    wait(lambda: "11111111" not in w.iface("d0")["external_ids"]
         ["ovs-portd-link"], "the mark is written anew")
    equal(w.iface("d0")["ofport"], ofport, "the OpenFlow port")


def test_quarantine_of_a_faulty_nic(w):
    """Quarantine holds whatever else is wrong with the NIC."""
    w.expect_log("there is no user")
    one_nic(w)
    w.write_vm("vm1", {"net0": nic(1, ifname="tap1", tag=10, owner="nosuch",
                                   quarantined=True)})
    w.wait_state("vm1/net0", "error")
    wait(lambda: not w.is_up("tap1"), "the TAP is down")


def test_no_directory(w):
    """A spec directory that is not there is said to be so."""
    w.expect_log("nowhere: cannot be read")
    w.run_portd("--once", "--spec-dir=" + os.path.join(w.dir, "nowhere"),
                exit=2)
