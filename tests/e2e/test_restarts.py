# SPDX-License-Identifier: Apache-2.0
"""ovsdb-server and ovs-vswitchd end and come back while files change."""

import signal

import frames
from harness import equal, nic, options, wait


def world(w):
    w.write_host()
    for i in range(6):
        w.write_vm("vm%d" % i, {"net0": nic(i, ifname="tap%d" % i, tag=10,
                                            queues=2)})
    w.start_portd()
    w.wait_state(["vm%d/net0" % i for i in range(6)])
    # What OVS's own libraries say about a connection that is gone.
    w.expect_log(r"\|(reconnect|jsonrpc|stream_unix|ovsdb_cs|ovsdb_idl)\|",
                 r"(ovsdb-server|ovs-vswitchd|db\.sock)")


def change_files(w):
    """vm0 to VLAN 20, vm1 gone, vm6 new; vm2's file touched."""
    w.write_vm("vm0", {"net0": nic(0, ifname="tap0", tag=20, queues=2)})
    w.remove("vms.d/vm1.json")
    w.write_vm("vm6", {"net0": nic(6, ifname="tap6", tag=20)})


def check_changed(w, pid):
    w.wait_state(["vm%d/net0" % i for i in (0, 2, 3, 4, 5, 6)], timeout=60)
    wait(lambda: not w.port("tap1") and "tap1" not in w.device_names(),
         "tap1 is gone")
    equal(w.port("tap0")["tag"], 20, "tap0's tag")
    ports = sorted(p["name"] for p in w.rows("Port"))
    equal(ports, ["br0"] + ["tap%d" % i for i in (0, 2, 3, 4, 5, 6)], "ports")
    equal(len(w.rows("QoS")), 1, "QoS rows")
    equal(w.portd.alive() and w.status()["pid"], pid, "ovs-portd's pid")
    a, b, c = (w.open("vm%d/net0" % i) for i in (0, 6, 2))
    frames.talk(a, b)
    frames.expect(a, hear=[b], deaf=[c])
    for guest in a, b, c:
        guest.close()


@options(asan=True, valgrind=True, timeout=180)
def test_ovsdb_server(w):
    """Files change while ovsdb-server is away."""
    world(w)
    pid = w.status()["pid"]
    w.ovsdb.kill()
    change_files(w)
    wait(lambda: w.status()["state"] == "degraded",
         "ovs-portd says that it is degraded")
    equal(w.device_names() >= {"tap0", "tap1", "tap2"}, True,
          "TAPs while ovsdb-server is away")
    w.start_ovsdb()
    check_changed(w, pid)


@options(timeout=180)
def test_ovsdb_server_changed_meanwhile(w):
    """Rows that went before a reconnect are noticed, although the IDL does
    not tell of them."""
    world(w)
    pid = w.status()["pid"]
    w.portd.signal(signal.SIGSTOP)
    w.vsctl("del-port", "tap3")
    w.vsctl("set", "port", "tap2", "tag=77")
    w.ovsdb.kill()
    w.start_ovsdb()
    change_files(w)
    w.portd.signal(signal.SIGCONT)
    wait(lambda: w.port("tap3") and w.port("tap2")["tag"] == 10,
         "tap3's port and tap2's tag are back")
    check_changed(w, pid)


@options(timeout=180)
def test_ovs_vswitchd(w):
    """Files change while ovs-vswitchd is away."""
    world(w)
    pid = w.status()["pid"]
    w.vswitchd.kill()
    change_files(w)
    wait(lambda: w.port("tap0")["tag"] == 20, "the row is written anyway")
    w.start_vswitchd()
    check_changed(w, pid)


@options(timeout=240)
def test_both_again_and_again(w):
    """Both are killed in turn, with edits in between; in the end all is as
    the files say."""
    world(w)
    pid = w.status()["pid"]
    for turn in range(3):
        w.write_vm("vm5", {"net0": nic(5, ifname="tap5", tag=30 + turn,
                                       queues=2)})
        w.vswitchd.kill()
        w.ovsdb.kill()
        w.write_vm("vm4", {"net0": nic(4, ifname="tap4", tag=40 + turn,
                                       queues=2)})
        w.start_ovsdb()
        w.start_vswitchd()
    wait(lambda: (w.port("tap5")["tag"], w.port("tap4")["tag"]) == (32, 42),
         "the last tags")
    change_files(w)
    check_changed(w, pid)


@options(asan=True, ovs=False)
def test_late_ovs(w):
    """ovs-portd that is started before Open vSwitch waits for it."""
    w.expect_log(r"\|(reconnect|jsonrpc|stream_unix|ovsdb_cs|ovsdb_idl)\|",
                 r"(ovsdb-server|ovs-vswitchd|db\.sock)")
    w.write_host()
    w.write_vm("vm1", {"net0": nic(1, ifname="tap1", tag=10)})
    w.start_portd()
    equal(w.status()["state"] in ("starting", "degraded"), True,
          "state without ovsdb-server: " + w.status()["state"])
    w.start_ovs()
    w.wait_state("vm1/net0", timeout=60)
