# SPDX-License-Identifier: Apache-2.0
"""QoS and Queue rows of NICs, ports, bonds and links: they come, change and
go with what they serve.  What the kernel makes of them shows on its own
datapath only (test_rates), if it has the pieces."""

import time

import frames
from harness import Failure, equal, nic, options, same, wait
from host import listed
from wires import cable

HTB = {"type": "linux-htb", "max_rate": "1Gbit",
       "queues": {"0": {"min_rate": "100Mbit", "burst": "64kbit"},
                  "7": {"max_rate": "1.5Mbit", "priority": 3, "dscp": 10}}}
BOOKKEEPING = ("ovs-portd", "ovs-portd-owned", "ovs-portd-row")


def marked(w, table):
    """Rows of 'table' with our mark, but for the shared one, by their
    name."""
    return {r["external_ids"]["ovs-portd-row"]: r for r in w.rows(table)
            if "ovs-portd-row" in r["external_ids"]}


def plain(row, *columns):
    found = {c: row[c] for c in columns}
    if "external_ids" in found:
        found["external_ids"] = {k: v for k, v in row["external_ids"].items()
                                 if k not in BOOKKEEPING}
    return found


def queues(w, port):
    """The queues that the port's QoS row refers to: number -> name."""
    row = w.rows("QoS", _uuid=["uuid", w.port(port)["qos"]])[0]
    names = {r["_uuid"]: n for n, r in marked(w, "Queue").items()}
    return {number: names[uuid] for number, uuid in row["queues"].items()}


def write(w, qos=None, **more):
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", **(
        dict(more, qos=qos) if qos else more))})


def is_idle(w):
    w.wait_idle()
    before = w.written()
    w.appctl("resync")
    w.wait_idle()
    equal(w.written(), before, "written with nothing to do")


@options(asan=True, valgrind=True)
def test_nic(w):
    """A NIC's QoS: made with its queues in one go, changed in place, dropped
    in favour of the shared row, and gone with the NIC; policing in words."""
    w.write_host()
    write(w, HTB, ingress_policing_rate="10Mbit",
          ingress_policing_burst="8Mbit")
    w.write_vm("vm2", {"net0": nic(2, ifname="tap1")})
    w.start_portd()
    w.wait_state(["vm1/net0", "vm2/net0"])
    iface = w.iface("tap0")
    equal((iface["ingress_policing_rate"], iface["ingress_policing_burst"]),
          (10000, 8000), "policing")
    qos = marked(w, "QoS")
    equal(list(qos), ["tap0"], "QoS rows")
    equal(w.port("tap0")["qos"], qos["tap0"]["_uuid"], "tap0's QoS row")
    equal(plain(qos["tap0"], "type", "other_config", "external_ids"),
          {"type": "linux-htb", "other_config": {"max-rate": "1000000000"},
           "external_ids": {}}, "QoS row")
    equal(qos["tap0"]["external_ids"]["ovs-portd"], "main/vm1/net0", "mark")
    equal(queues(w, "tap0"), {0: "tap0/0", 7: "tap0/7"}, "queues")
    rows = marked(w, "Queue")
    equal([plain(rows[n], "other_config", "dscp")
           for n in ("tap0/0", "tap0/7")],
          [{"other_config": {"min-rate": "100000000", "burst": "64000"},
            "dscp": []},
           {"other_config": {"max-rate": "1500000", "priority": "3"},
            "dscp": 10}], "Queue rows")
    is_idle(w)

    # In place: the port, the QoS row and the queue that stays are the same.
    before = {"port": w.port("tap0")["_uuid"],
              "ofport": w.iface("tap0")["ofport"],
              "qos": qos["tap0"]["_uuid"], "queue": rows["tap0/7"]["_uuid"]}
    write(w, {"type": "linux-htb", "max_rate": "2Gbit", "queues": {
        "7": {"max_rate": 3000000}, "8": {"min_rate": "1kbit"}}})
    w.ctl("sync")
    rows = marked(w, "Queue")
    equal(queues(w, "tap0"), {7: "tap0/7", 8: "tap0/8"}, "queues")
    equal(sorted(rows), ["tap0/7", "tap0/8"], "Queue rows")
    equal(plain(rows["tap0/7"], "other_config", "dscp"),
          {"other_config": {"max-rate": "3000000"}, "dscp": []}, "queue 7")
    equal(w.iface("tap0")["ingress_policing_rate"], 0, "policing")
    equal({"port": w.port("tap0")["_uuid"],
           "ofport": w.iface("tap0")["ofport"],
           "qos": marked(w, "QoS")["tap0"]["_uuid"],
           "queue": rows["tap0/7"]["_uuid"]}, before, "rows")

    # Without it: the shared row, which the other NIC has.
    write(w)
    w.ctl("sync")
    equal((marked(w, "QoS"), marked(w, "Queue")), ({}, {}), "rows")
    equal(w.port("tap0")["qos"], w.port("tap1")["qos"], "QoS row")

    write(w, HTB)
    w.ctl("sync")
    w.remove("vms.d/vm1.json")
    wait(lambda: not w.port("tap0"), "the NIC is gone")
    equal((marked(w, "QoS"), marked(w, "Queue")), ({}, {}), "rows")
    equal(len(w.rows("QoS")), 1, "the shared row")
    is_idle(w)


def test_all_kinds(w):
    """Uplinks, internal ports, bonds and ends of a veth link have QoS, and
    NICs by default; a move to another bridge takes the rows along."""
    for name in "eth1", "eth2", "eth3":
        cable(w, name)

    def spec(bridge, uplink=True):
        ports = {"eth1": {"qos": HTB} if uplink else {}}
        return {"bridges": {
            "br0": {"datapath_type": "netdev",
                    "ports": dict(ports if bridge == "br0" else {},
                                  int0={"type": "internal", "qos": {
                                      "type": "linux-hfsc", "max_rate": 1}})},
            "br1": {"datapath_type": "netdev",
                    "ports": ports if bridge == "br1" else {}}},
            "bonds": {"bond0": {"bridge": "br0",
                                "members": ["eth2", "eth3"], "qos": HTB}},
            "links": {"v": {"type": "veth", "ends": [
                {"bridge": "br0", "port": "v0",
                 "qos": {"type": "linux-sfq"}}, {"port": "v1"}]}},
            "defaults": {"nic": {"qos": {"type": "linux-codel"}}}}
    w.write_host(spec("br0"))
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0"),
                       "net1": nic(2, ifname="tap1", qdisc="noqueue")})
    w.start_portd()
    ids = ["port:br0/eth1", "port:br0/int0", "bond:bond0", "link:v",
           "vm1/net0", "vm1/net1"]
    w.wait_state(ids)
    equal({n: r["type"] for n, r in marked(w, "QoS").items()},
          {"eth1": "linux-htb", "int0": "linux-hfsc", "bond0": "linux-htb",
           "v0": "linux-sfq", "tap0": "linux-codel"}, "QoS rows")
    equal(sorted(marked(w, "Queue")),
          ["bond0/0", "bond0/7", "eth1/0", "eth1/7"], "Queue rows")
    before = {t: {n: r["_uuid"] for n, r in marked(w, t).items()}
              for t in ("QoS", "Queue")}

    w.write_host(spec("br1"))
    w.wait_state("port:br1/eth1")
    wait(lambda: "port:br0/eth1" not in w.objects(), "the former object")
    equal({t: {n: r["_uuid"] for n, r in marked(w, t).items()}
           for t in ("QoS", "Queue")}, before, "rows after a move")
    equal(marked(w, "QoS")["eth1"]["external_ids"]["ovs-portd"],
          "main/port:br1/eth1", "mark")
    # A move that leaves the rows behind.
    w.write_host(spec("br0", uplink=False))
    w.wait_state("port:br0/eth1")
    wait(lambda: "port:br1/eth1" not in w.objects(), "the former object")
    equal(("eth1" in marked(w, "QoS"), "eth1/0" in marked(w, "Queue"),
           w.port("eth1")["qos"]), (False, False, []), "rows left behind")
    is_idle(w)


def test_drift(w):
    """What others do to the rows is put back: values, references, rows torn
    off, destroyed, doubled or orphaned; and what they add stays."""
    w.write_host()
    write(w, HTB)
    w.start_portd()
    w.wait_state("vm1/net0")
    qos = marked(w, "QoS")["tap0"]["_uuid"]
    queue = marked(w, "Queue")["tap0/7"]["_uuid"]

    def good():
        rows = marked(w, "QoS")
        return (list(rows) == ["tap0"]
                and w.port("tap0")["qos"] == rows["tap0"]["_uuid"]
                and rows["tap0"]["other_config"].get("max-rate")
                == "1000000000"
                and sorted(marked(w, "Queue")) == ["tap0/0", "tap0/7"]
                and queues(w, "tap0") == {0: "tap0/0", 7: "tap0/7"})
    for command in (
            ["set", "qos", qos, "other_config:max-rate=7"],
            ["set", "queue", queue, "other_config:max-rate=7",
             "--", "clear", "queue", queue, "dscp"],
            ["clear", "qos", qos, "queues"],
            ["remove", "qos", qos, "queues", "7"],
            ["clear", "port", "tap0", "qos"],
            ["--id=@q", "create", "qos", "type=linux-noop", "--",
             "set", "port", "tap0", "qos=@q"]):
        w.vsctl(*command)
        wait(good, " ".join(command))
        equal((marked(w, "QoS")["tap0"]["_uuid"],
               marked(w, "Queue")["tap0/7"]["_uuid"]), (qos, queue), "rows")
    equal([r["type"] for r in w.rows("QoS") if not r["external_ids"]],
          ["linux-noop"], "the stranger's row is still there")

    # Others' keys stay, and so does a queue of theirs.
    w.vsctl("set", "qos", qos, "other_config:theirs=1", "--",
            "--id=@q", "create", "queue", "other_config:theirs=1", "--",
            "add", "qos", qos, "queues", "9=@q")
    write(w, dict(HTB, max_rate="1.0Gbit", other_config={"ours": "1"}))
    w.ctl("sync")
    row = w.rows("QoS")
    row = [r for r in row if r["_uuid"] == qos][0]
    equal((row["other_config"], sorted(row["queues"])),
          ({"max-rate": "1000000000", "ours": "1", "theirs": "1"},
           [0, 7, 9]), "theirs")
    w.vsctl("remove", "qos", qos, "queues", "9")
    write(w, HTB)
    w.ctl("sync")

    # Destroyed: made anew, once.
    w.vsctl("clear", "port", "tap0", "qos", "--", "destroy", "qos", qos,
            "--", "destroy", "queue", queue)
    wait(good, "rows are back")

    # A copy of a row of ours, and rows of ours that nobody wants: collected.
    for name in "tap0", "tap9", None:
        ids = ["external_ids:ovs-portd=\"main/vm1/net0\""]
        ids += ["external_ids:ovs-portd-row=" + name] if name else []
        w.vsctl("create", "qos", "type=linux-sfq", *ids)
        w.vsctl("create", "queue", "dscp=1", *ids)
        wait(lambda: good() and len(w.rows("QoS")) == 2, "rows of " + str(name))
    wait(lambda: len([r for r in w.rows("Queue")
                      if r["external_ids"]]) == 2, "queues")
    w.wait_state("vm1/net0")
    is_idle(w)


def test_foreign(w):
    """A QoS row that somebody had put on a port of ours before the spec asked
    for one is a conflict until it is off; our own row that a stranger's port
    uses stays until that port lets go of it."""
    cable(w, "eth1")
    host = {"bridges": {"br0": {"datapath_type": "netdev",
                                "ports": {"eth1": {}}}}}
    w.write_host(host)
    w.start_portd()
    w.wait_state("port:br0/eth1")
    w.vsctl("--id=@q", "create", "qos", "type=linux-sfq",
            "other_config:theirs=1", "--", "set", "port", "eth1", "qos=@q")
    w.ctl("sync")
    w.wait_state("port:br0/eth1")
    theirs = w.rows("QoS", _uuid=["uuid", w.port("eth1")["qos"]])[0]
    host["bridges"]["br0"]["ports"]["eth1"]["qos"] = HTB
    w.expect_log(r"port:br0/eth1: conflict: ")
    w.write_host(host)
    w.wait_state("port:br0/eth1", "conflict", text="QoS row that is not ours")
    equal(w.port("eth1")["qos"], theirs["_uuid"], "qos")
    same(w.rows("QoS", _uuid=["uuid", theirs["_uuid"]])[0], theirs, "theirs")
    w.vsctl("clear", "port", "eth1", "qos")
    w.wait_state("port:br0/eth1")
    ours = marked(w, "QoS")["eth1"]["_uuid"]
    equal(w.port("eth1")["qos"], ours, "qos")

    w.vsctl("add-port", "br0", "x1", "--", "set", "interface", "x1",
            "type=internal", "--", "set", "port", "x1", "qos=" + ours)
    del host["bridges"]["br0"]["ports"]["eth1"]["qos"]
    w.write_host(host)
    w.wait_state("port:br0/eth1", "waiting", text="still referred to")
    equal((w.port("eth1")["qos"], w.port("x1")["qos"]), ([], ours), "qos")
    w.vsctl("clear", "port", "x1", "qos")
    w.wait_state("port:br0/eth1")
    equal((marked(w, "QoS"), marked(w, "Queue")), ({}, {}), "rows")
    equal(len(w.rows("QoS")), 1, "theirs is left")


def test_borrowed_queue(w):
    """A queue of ours that others' QoS row refers to holds nothing up but
    itself."""
    w.expect_log(r"cannot delete Queue row")
    w.write_host()
    write(w, HTB)
    w.write_vm("vm2", {"net0": nic(2, ifname="tap1")})
    w.start_portd()
    w.wait_state("vm1/net0")
    queue = marked(w, "Queue")["tap0/7"]["_uuid"]
    theirs = w.vsctl("create", "qos", "type=linux-htb",
                     "queues:1=" + queue).strip()
    write(w, {"type": "linux-htb", "max_rate": "3Gbit"})
    wait(lambda: marked(w, "QoS")["tap0"]["other_config"]["max-rate"]
         == "3000000000", "the new rate")
    equal(list(marked(w, "Queue")), ["tap0/7"], "Queue rows")
    w.wait_state("vm1/net0", "error", text="cannot delete Queue row")
    w.remove("vms.d/vm1.json")
    wait(lambda: "tap0" not in w.device_names(), "the TAP is gone")
    equal(list(marked(w, "Queue")), ["tap0/7"], "Queue rows")
    w.vsctl("destroy", "qos", theirs)
    wait(lambda: not marked(w, "Queue"), "the queue is gone")


def test_restart(w):
    """A restart with nothing to do writes nothing; what left the spec while
    nobody looked is collected, orphans too."""
    w.write_host()
    write(w, HTB)
    w.write_vm("vm2", {"net0": nic(2, ifname="tap1", qos=HTB)})
    w.start_portd()
    w.wait_state(["vm1/net0", "vm2/net0"])
    w.portd.kill()
    before = w.db_dump()
    w.start_portd()
    w.wait_state(["vm1/net0", "vm2/net0"])
    w.wait_idle()
    equal(w.written(), (0, 0), "written after a restart")
    same(w.db_dump(), before, "database")

    w.portd.kill()
    write(w)
    w.remove("vms.d/vm2.json")
    # As another program would: the port goes, its QoS rows are left.
    w.vsctl("del-port", "tap1")
    equal(sorted(marked(w, "QoS")), ["tap0", "tap1"], "QoS rows")
    w.start_portd()
    w.wait_state("vm1/net0")
    wait(lambda: not marked(w, "QoS") and not marked(w, "Queue"),
         "nothing is left")
    wait(lambda: "vm2/net0" not in w.objects(), "vm2/net0")
    equal(len(listed([r["_uuid"] for r in w.rows("QoS")])), 1, "shared row")


def arrivals(src, dsts, n):
    """'src' sends 'n' frames to all at once.  How many each of 'dsts' had
    when the first of them had all, and has in the end."""
    sent = [src.send() for _ in range(n)]

    def count():
        return [sum(number in d.numbers() for number in sent) for d in dsts]
    wait(lambda: count()[0] == n, lambda: "%d frames: %r" % (n, count()),
         timeout=60)
    early = count()
    last, since = early, time.monotonic()
    while time.monotonic() < since + 3:
        time.sleep(0.1)
        if count() != last:
            last, since = count(), time.monotonic()
    return early, last


@options(datapath="system", box=True, timeout=300)
def test_rates(w):
    """The kernel's classes are as the rows say; a shaped NIC gets its frames
    later than others, all of them; of a policed one's most are dropped; and
    without qos all is as it was."""
    frame = len(frames.frame("02:00:00:00:00:01", "02:00:00:00:00:02", 0))
    n = 400
    # Four seconds for all, or as many more as it takes to send them.
    slow = "%dbit" % (n * frame * 8 // (4 * frames.slowness))
    w.write_host()
    for i, more in enumerate((
            {}, {"qos": {"type": "linux-htb", "max_rate": slow}},
            {"qos": {"type": "linux-hfsc", "max_rate": slow}},
            {"ingress_policing_rate": "8kbit",
             "ingress_policing_burst": "16kbit"})):
        w.write_vm("vm%d" % i, {"net0": nic(i + 1, ifname="tap%d" % i,
                                            **more)})
    w.write_vm("vm9", {"net0": nic(9, ifname="tap9", qos=HTB)})
    w.start_portd()
    ids = ["vm%d/net0" % i for i in range(4)]
    w.wait_state(ids + ["vm9/net0"])
    plain_, htb, hfsc, policed = [w.open(i) for i in ids]
    sender = w.open("vm9/net0")
    wait(lambda: "class htb" in w.run("tc", "class", "show", "dev",
                                      "tap9").stdout, "classes of tap9")
    classes = {}
    for line in w.run("tc", "class", "show", "dev", "tap9").stdout \
            .splitlines():
        words = line.split()
        classes[words[2]] = dict(zip(words, words[1:]))
    equal((classes["1:1"]["rate"], classes["1:1"]["ceil"],
           classes["1:8"]["ceil"], classes["1:8"]["prio"]),
          ("100Mbit", "1Gbit", "1500Kbit", "3"), "classes of tap9")
    frames.expect(sender, hear=[plain_, htb, hfsc])

    early, last = arrivals(sender, [plain_, htb, hfsc], n)
    if not all(0 < count < n * 3 / 4 for count in early[1:]) \
            or last != [n, n, n]:
        raise Failure("shaped to %s: %r when the first was done, then %r"
                      % (slow, early, last))
    sent = [policed.send() for _ in range(n)]
    time.sleep(3)
    passed = sum(number in plain_.numbers() for number in sent)
    if not 0 < passed < n / 2:
        raise Failure("%d of %d frames passed the policing" % (passed, n))

    for i in range(1, 4):
        w.write_vm("vm%d" % i, {"net0": nic(i + 1, ifname="tap%d" % i)})
    w.ctl("sync")
    w.wait_state(ids)
    wait(lambda: not any("htb" in text or "hfsc" in text for text in (
        w.run("tc", "qdisc", "show", "dev", "tap%d" % i).stdout
        for i in (1, 2))), "no shaping any more")
    _, last = arrivals(sender, [plain_, htb, hfsc], n)
    equal(last, [n, n, n], "frames without shaping")
    sent = [policed.send() for _ in range(n)]
    wait(lambda: all(number in plain_.numbers() for number in sent),
         "all frames without policing")


def test_shared_row_without_a_port(w):
    """The row that NICs share goes with the last that wants it, also if the
    port that referred to it has gone before."""
    def shared():
        return [r for r in w.rows("QoS") if r["external_ids"].get(
            "ovs-portd") == "main/qos:noop"]
    w.write_host({}, gc_grace=0)
    w.vsctl("add-br", "theirs", "--", "set", "bridge", "theirs",
            "datapath_type=netdev")
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", bridge="theirs")})
    w.start_portd()
    w.wait_state("vm1/net0")
    equal(len(shared()), 1, "shared rows")
    w.vsctl("del-br", "theirs")
    w.wait_state("vm1/net0", "waiting")
    equal(len(shared()), 1, "shared rows while it waits")
    w.remove("vms.d/vm1.json")
    w.wait_state("vm1/net0", "held")
    w.appctl("gc-confirm")
    w.wait_state("vm1/net0", None)
    wait(lambda: not shared(), "the shared row goes, too")
