# SPDX-License-Identifier: Apache-2.0
"""Specs become live ports."""

import contextlib
import hashlib
import itertools
import json
import signal
import threading
import time

import frames
from harness import equal, never, nic, options, wait

NICS = {"vm1/net0": ("tap0", 8), "vm2/net0": ("tap1", 4),
        "vm3/net0": ("tap2", 1)}


def three_vms(w):
    w.write_host()
    w.write_vm("vm1", {"net0": nic(
        1, ifname="tap0", tag=10, queues=8, mtu=1400, owner="nobody",
        external_ids={"rack": "7"})},
        uuid="0f0e0d0c-0b0a-4908-8706-050403020100")
    w.write_vm("vm2", {"net0": nic(
        2, ifname="tap1", tag=10, queues=4, owner="nobody", group="nogroup",
        iface_id="11111111-2222-4333-8444-555555555555")})
    w.write_vm("vm3", {"net0": nic(
        3, ifname="tap2", tag=20, queues=1, owner="nobody")})


def check_rows(w, object_id, ifname, tag, mac):
    port, iface = w.port(ifname), w.iface(ifname)
    equal(w.bridge_of(ifname), ["br0"], "bridge of " + ifname)
    equal(port["tag"], tag, ifname + "'s tag")
    equal(port["interfaces"], iface["_uuid"], ifname + "'s interfaces")
    equal(iface["type"], "", ifname + "'s type")
    equal(iface["error"], [], ifname + "'s error")
    equal(iface["ofport"] > 0, True, ifname + " has an ofport")
    for row in port, iface:
        equal(row["external_ids"].get("ovs-portd"), "main/" + object_id,
              ifname + "'s mark")
        equal(bool(row["external_ids"].get("ovs-portd-owned")), True,
              ifname + " says what is owned")
    equal("tag" in port["external_ids"]["ovs-portd-owned"].split(), True,
          "tag is among what is owned")
    ids = iface["external_ids"]
    equal(ids["attached-mac"], mac, "attached-mac")
    equal(ids["vm-id"], object_id.split("/")[0], "vm-id")
    qos = w.rows("QoS", _uuid=["uuid", port["qos"]])
    equal([(q["type"], q["external_ids"].get("ovs-portd")) for q in qos],
          [("linux-noop", "main/qos:noop")], ifname + "'s QoS row")


def check_link(w, object_id, ifname, queues, mac, mtu):
    link, tun = w.link(ifname), w.tun(ifname)
    equal(tun["type"], "tap", ifname + "'s type")
    equal(tun.get("user"), "nobody", ifname + "'s owner")
    equal(tun.get("persist"), True, ifname + "'s persist")
    equal(tun.get("multi_queue", False), queues > 1, ifname + "'s multi_queue")
    equal(link["ifalias"], "ovs-portd:main/" + object_id, "alias")
    equal(link["address"], "fe" + mac[2:], ifname + "'s own MAC")
    equal(link["mtu"], mtu, ifname + "'s MTU")
    equal(link["qdisc"], "noqueue", ifname + "'s qdisc")
    equal(w.qdiscs().get(ifname, "noqueue"), "noqueue", "root qdisc")
    equal(link["inet6_addr_gen_mode"], "none", ifname + "'s addr_gen_mode")
    equal(link["arp_ignore"], 8, ifname + "'s arp_ignore")
    equal(w.is_up(ifname), True, ifname + " is up")
    addresses = w.kernel_dump()["addresses"][ifname]
    equal(addresses, [], ifname + "'s addresses")


@options(asan=True, valgrind=True, box=True)
def test_three_vms(w):
    """Three VMs with 8, 4 and 1 queues: OVSDB, the kernel, and frames."""
    three_vms(w)
    w.start_portd()
    w.wait_state(NICS)
    for number, (object_id, (ifname, queues)) in enumerate(NICS.items(), 1):
        mac = "52:54:00:00:00:%02x" % number
        check_rows(w, object_id, ifname, 20 if number == 3 else 10, mac)
        check_link(w, object_id, ifname, queues, mac,
                   1400 if number == 1 else 1500)
    equal(w.iface("tap0")["mtu_request"], 1400, "mtu_request")
    equal(w.port("tap0")["external_ids"]["rack"]
          if "rack" in w.port("tap0")["external_ids"]
          else w.iface("tap0")["external_ids"].get("rack"), "7",
          "the spec's own external_ids")
    equal(w.iface("tap0")["external_ids"]["vm-uuid"],
          "0f0e0d0c-0b0a-4908-8706-050403020100", "vm-uuid")
    ids = w.iface("tap1")["external_ids"]
    equal(ids["iface-id"], "11111111-2222-4333-8444-555555555555", "iface-id")
    equal(ids["iface-status"], "active", "iface-status")
    equal(w.tun("tap1").get("group"), "nogroup", "group")
    for name in "tap0", "tap2":
        ids = w.iface(name)["external_ids"]
        equal([k for k in ids if k.startswith("iface-")], [],
              "iface-* of a NIC without iface_id")
    equal(len(w.rows("QoS")), 1, "number of QoS rows")

    guests = [w.open(object_id) for object_id in NICS]
    equal(w.tun("tap0")["numqueues"], 8, "queues that the guest holds")
    vm1, vm2, vm3 = guests
    frames.talk(vm1, vm2)
    frames.expect(vm1, hear=[vm2], deaf=[vm3])
    frames.expect(vm3, deaf=[vm1, vm2])
    objects = w.objects()
    equal([(o["ifname"], o["bridge"], o["vlan"], o["queues"], o["attached"])
           for o in (objects[i] for i in NICS)],
          [("tap0", "br0", "10", 8, 8), ("tap1", "br0", "10", 4, 4),
           ("tap2", "br0", "20", 1, 1)], "status")


def test_host_is_silent(w):
    """The host's own IP stack answers no guest's ARP, and has no address on
    a TAP (test_harness shows that a plain TAP gets an answer)."""
    three_vms(w)
    w.start_portd()
    w.wait_state(NICS)
    w.ip("address", "add", "192.0.2.10/24", "dev", "lo")
    w.ip("link", "set", "br0", "up")
    w.ip("address", "add", "198.51.100.1/24", "dev", "br0")
    guest, other = w.open("vm1/net0"), w.open("vm2/net0")
    frames.talk(guest, other)
    for target in "192.0.2.10", "198.51.100.1":
        for _ in range(5):
            guest.send_raw(frames.arp_request(
                guest.mac, target[:-1] + "7", target))
    time.sleep(1)
    # 198.51.100.1 is br0's, in no VLAN, and the guest is in VLAN 10.
    equal([s.raw.hex() for s in frames.arp_replies(guest)], [],
          "ARP replies to the guest")
    equal([s for s in other.seen if s.ethertype == frames.ARP] != [], True,
          "the requests were on the wire")


@options(asan=True)
def test_default_ifname(w):
    """Without 'ifname': tap and 11 hex digits of SHA-1 of VM/NIC."""
    w.write_host()
    w.write_vm("web.1", {"net0": nic(1, tag=1), "net1": nic(2, tag=1)})
    w.start_portd()
    w.wait_state(["web.1/net0", "web.1/net1"])
    for object_id in "web.1/net0", "web.1/net1":
        name = "tap" + hashlib.sha1(object_id.encode()).hexdigest()[:11]
        equal(w.objects()[object_id]["ifname"], name, "ifname")
        equal(w.link(name)["ifalias"], "ovs-portd:main/" + object_id, "alias")
    frames.talk(w.open("web.1/net0"), w.open("web.1/net1"))


def test_defaults(w):
    """host.json's defaults hold for all NICs, and follow when they change."""
    bridges = {"br0": {"datapath_type": "netdev"}}
    w.write_host({"bridges": bridges, "defaults": {
        "nic": {"bridge": "br0", "queues": 4, "owner": "nobody"}}})
    w.write_vm("vm1", {"net0": {"mac": "52:54:00:00:00:01", "tag": 10,
                                "ifname": "tap0"}})
    w.start_portd()
    w.wait_state("vm1/net0")
    equal(w.tun("tap0").get("multi_queue"), True, "multi_queue")
    equal(w.tun("tap0").get("user"), "nobody", "owner")
    before = w.ifindex("tap0")
    w.write_host({"bridges": bridges, "defaults": {
        "nic": {"bridge": "br0", "queues": 4, "owner": "nobody",
                "group": "nogroup"}}})
    w.ctl("sync")
    equal(w.tun("tap0").get("group"), "nogroup", "group")
    equal(w.ifindex("tap0"), before, "ifindex")


@options(timeout=300)
def test_many_at_once(w):
    """Many NICs at once are planned a few times each, and not again for each
    batch of devices; ovs-vswitchd gets some while more are made."""
    n = 600                     # More than two passes make.
    w.write_host()
    w.write("vms.d/big.json", {"version": 1, "nics": {
        "net%d" % i: nic(i, ifname="t%d" % i, tag=10) for i in range(n)}})
    w.start_portd()
    w.wait_state(["big/net%d" % i for i in range(n)], timeout=240)
    w.wait_idle()
    txns = w.written()[0]
    print("%d transactions for %d NICs" % (txns, n))
    equal(3 <= txns <= 9, True, "%d transactions for %d NICs" % (txns, n))
    planned = 0
    while True:                 # The daemon adds it up once a second.
        before = planned
        planned = int(w.appctl("coverage/read-counter", "reconcile_object"))
        if planned and planned == before:
            break
        time.sleep(3)
    equal(planned >= n, True, "%d plans of %d NICs" % (planned, n))
    equal(planned < 8 * n, True,
          "%d plans are less than 8 for each of %d NICs" % (planned, n))


def show_applied(w, cur_cfg):
    w.transact({"op": "update", "table": "Open_vSwitch", "where": [],
                "row": {"cur_cfg": cur_cfg}})


@contextlib.contextmanager
def slow_vswitchd(w):
    """Meanwhile the database shows an ovs-vswitchd that gets on and is never
    through.  The real one is gone: how far it is would be its own affair."""
    over = threading.Event()

    def get_on():
        for cur_cfg in itertools.cycle((-1, -2)):
            show_applied(w, cur_cfg)
            if over.wait(0.2):
                return
    thread = threading.Thread(target=get_on, daemon=True)
    thread.start()
    try:
        wait(lambda: w.rows("Open_vSwitch")[0]["cur_cfg"] < 0,
             "there is something to do for ovs-vswitchd")
        wait(lambda: w.status()["state"] == "ready",
             "the daemon sees that it gets on")
        yield
    finally:
        over.set()
        thread.join()


def ports_by_transaction(w):
    """How many Ports each transaction of the daemon's has added; the file of
    the database holds them in their order."""
    found, known = [], set()
    with open(w.db_file) as f:
        for line in f:
            if not line.startswith("OVSDB "):
                rows = set(json.loads(line).get("Port", {}))
                found.append(len(rows - known))
                known |= rows
    return [n for n in found if n]


@options(timeout=300)
def test_slices(w):
    """NICs are made in slices, each twice as large as the one before, and no
    more than 1,792 ahead of ovs-vswitchd, unless it makes no progress at all.
    One that has lost its device and its row is neither ready nor quarantined
    while it waits for its turn."""
    first, most = 256, 256 * 7
    states = {"lost/net0": "ready", "lost/net1": "quarantined"}
    lost = {"lost0", "lost1"}
    # At the end, it seems to have applied what nobody has taken in.
    w.expect_log(r"did not take interface")
    w.write_host()
    w.write_vm("lost", {"net0": nic(0, ifname="lost0"),
                        "net1": nic(1, ifname="lost1", quarantined=True)})
    w.start_portd()
    for object_id, state in states.items():
        w.wait_state(object_id, state)
    w.portd.stop()
    w.vswitchd.kill()
    before = len(ports_by_transaction(w))
    w.start_portd()
    for object_id, state in states.items():
        w.wait_state(object_id, state)

    def made():
        return sum(name.startswith("t-") for name in w.device_names())
    with slow_vswitchd(w):
        w.write("vms.d/many.json", {"version": 1, "nics": {
            "net%d" % i: nic(i, ifname="t-%d" % i)
            for i in range(2, most + 10)}})
        wait(lambda: made() >= most, "%d NICs are made" % most, 120)
        never(lambda: made() - most, "more than %d NICs" % most, 1)

        # The daemon must not see the one gone without the other.
        w.portd.signal(signal.SIGSTOP)
        for name in lost:
            w.ip("link", "delete", name)
            w.vsctl("--no-wait", "del-port", "br0", name)
        wait(lambda: not any(map(w.port, lost)), "the rows are gone")
        w.portd.signal(signal.SIGCONT)
        w.wait_state(states, "applying", text="others are made first")
        never(lambda: lost & w.device_names() or made() - most,
              "made out of turn", 0.5)

    # No progress: nobody is to wait for that for ever.
    wait(lambda: made() == most + 8 and lost <= w.device_names()
         and all(map(w.port, lost)), "the rest is made")
    equal(ports_by_transaction(w)[before:],
          [first, 2 * first, 4 * first, 8 + 2], "Ports of each transaction")

    with slow_vswitchd(w):
        w.write_vm("late", {"net0": nic(9999, ifname="late")})
        wait(lambda: "late/net0" in w.objects(), "the new file is seen")
        never(lambda: "late" in w.device_names(), "made out of turn", 1)
    show_applied(w, w.next_cfg())
    wait(lambda: w.port("late"), "the last one is made")
