# SPDX-License-Identifier: Apache-2.0
"""Rows that serve a bridge: mirrors, controllers, NetFlow, sFlow, IPFIX."""

import select
import socket

import frames
from harness import equal, never, nic, options, same, wait
from host import listed
from test_qos import is_idle, marked
from wires import cable

NETDEV = {"datapath_type": "netdev"}


def write(w, ports=None, **bridge):
    w.write_host({"bridges": {"br0": dict(NETDEV, ports=ports or {},
                                          **bridge)}})


def members(w, column):
    return listed(w.bridge("br0")[column])


def names(w, uuids):
    found = {p["_uuid"]: p["name"] for p in w.rows("Port")}
    return sorted(found[uuid] for uuid in listed(uuids))


# Table, Bridge's column, key: two specs, and what the row is to hold of them.
KINDS = [
    ("Mirror", "mirrors", "mirrors",
     {"m": {"select_all": True, "output_vlan": 7}},
     {"m": {"select_all": True, "output_vlan": 8, "select_vlan": [1, 2],
            "snaplen": 100}},
     {"name": "m", "select_all": True, "output_vlan": 8,
      "select_vlan": [1, 2], "snaplen": 100}),
    ("Controller", "controller", "controllers",
     [{"target": "ptcp:16653:127.0.0.1"}],
     [{"target": "ptcp:16653:127.0.0.1", "max_backoff": 2000,
       "connection_mode": "out-of-band", "enable_async_messages": False}],
     {"target": "ptcp:16653:127.0.0.1", "max_backoff": 2000,
      "connection_mode": "out-of-band", "enable_async_messages": False}),
    ("NetFlow", "netflow", "netflow",
     {"targets": ["127.0.0.1:2055"]},
     {"targets": ["127.0.0.1:2055", "127.0.0.1:2056"], "active_timeout": 5,
      "engine_id": 3},
     {"targets": ["127.0.0.1:2055", "127.0.0.1:2056"], "active_timeout": 5,
      "engine_id": 3}),
    ("sFlow", "sflow", "sflow",
     {"targets": ["127.0.0.1:6343"], "agent": "lo"},
     {"targets": ["127.0.0.1:6343"], "sampling": 2, "polling": 3},
     {"targets": "127.0.0.1:6343", "sampling": 2, "polling": 3,
      "agent": []}),
    ("IPFIX", "ipfix", "ipfix",
     {"targets": ["127.0.0.1:4739"], "sampling": 10},
     {"targets": ["127.0.0.1:4739"], "sampling": 1, "obs_domain_id": 0,
      "cache_max_flows": 9},
     {"targets": "127.0.0.1:4739", "sampling": 1, "obs_domain_id": 0,
      "cache_max_flows": 9}),
]


def the_row(w, table):
    rows = marked(w, table)
    equal(len(rows), 1, "rows of ours in " + table)
    return list(rows.values())[0]


def holds(row, values):
    return all(row[c] == v for c, v in values.items())


@options(asan=True)
def test_life(w):
    """Each kind is made, changed in place, put back when somebody changes,
    tears off or destroys it, and taken away when it leaves the spec."""
    write(w)
    w.start_portd()
    w.wait_state("bridge:br0")
    for table, column, key, first, second, values in KINDS:
        write(w, **{key: first})
        w.ctl("sync")
        row = the_row(w, table)
        equal(members(w, column), [row["_uuid"]], column)
        equal(row["external_ids"]["ovs-portd"], "main/bridge:br0", "mark")
        write(w, **{key: second})
        w.ctl("sync")
        equal(the_row(w, table)["_uuid"], row["_uuid"], "row of " + table)
        equal({c: the_row(w, table)[c] for c in values}, values, table)

        name = [c for c in ("snaplen", "max_backoff", "engine_id",
                            "polling", "sampling") if c in values][0]
        w.vsctl("set", table, row["_uuid"], "%s=1234" % name
                if name != "engine_id" else "engine_id=9",
                "external_ids:theirs=1")
        wait(lambda: holds(the_row(w, table), values), table + " is back")
        equal(the_row(w, table)["external_ids"]["theirs"], "1", "theirs")
        w.vsctl("clear", "bridge", "br0", column)
        wait(lambda: len(members(w, column)) == 1
             and holds(the_row(w, table), values), table + " is made anew")

        write(w)
        w.ctl("sync")
        equal((w.rows(table), members(w, column)), ([], []), table)
    # All at once, and gone with the bridge's name.
    write(w, **{key: second for _, _, key, _, second, _ in KINDS})
    w.ctl("sync")
    w.vsctl("del-br", "br0")
    wait(lambda: w.bridge("br0"), "the bridge is back")
    w.wait_state("bridge:br0")
    for table, column, *_ in KINDS:
        equal(members(w, column), [the_row(w, table)["_uuid"]], column)
    is_idle(w)
    w.write_host({})
    w.wait_state("bridge:br0", "held")
    equal(len(marked(w, "Mirror")), 1, "the mirror of a held bridge")
    w.appctl("gc-confirm", "bridge:br0")
    wait(lambda: not w.bridge("br0"), "the bridge is gone")
    for table, *_ in KINDS:
        equal(w.rows(table), [], table)
    wait(lambda: not w.objects(), "no object is left")


@options(asan=True)
def test_foreign(w):
    """Others' rows of the same name, or in the one place that there is, are a
    conflict and stay as they are; other ones stay beside ours."""
    write(w)
    w.start_portd()
    w.wait_state("bridge:br0")
    w.vsctl("set", "bridge", "br0", "other_config:theirs=1", "--",
            "--id=@m", "create", "mirror", "name=m", "select_all=true",
            "output_vlan=99", "--", "add", "bridge", "br0", "mirrors", "@m",
            "--", "--id=@n", "create", "mirror", "name=n", "select_all=true",
            "output_vlan=98", "--", "add", "bridge", "br0", "mirrors", "@n",
            "--", "--id=@c", "create", "controller",
            'target="ptcp:16653:127.0.0.1"', "--", "--id=@d", "create",
            "controller", 'target="ptcp:16654:127.0.0.1"', "--", "set",
            "bridge", "br0", "controller=[@c,@d]", "--", "--id=@f", "create",
            "netflow", 'targets="127.0.0.1:1"', "--", "set", "bridge", "br0",
            "netflow=@f", "--", "--id=@s", "create", "sflow",
            'targets="127.0.0.1:1"', "--", "set", "bridge", "br0",
            "sflow=@s", "--", "--id=@i", "create", "ipfix",
            'targets="127.0.0.1:1"', "--", "set", "bridge", "br0",
            "ipfix=@i")
    w.ctl("sync")
    w.wait_state("bridge:br0")

    def theirs():
        return {t: [{k: v for k, v in r.items() if k not in (
                        "_version", "is_connected", "status", "role",
                        "statistics")}
                    for r in sorted(w.rows(t), key=lambda r: r["_uuid"])
                    if "ovs-portd" not in r["external_ids"]]
                for t, *_ in KINDS}
    before = theirs()
    w.expect_log(r"bridge:br0: conflict: ")
    for table, column, key, first, _, _ in KINDS:
        write(w, **{key: first})
        w.wait_state("bridge:br0", "conflict", text=table)
        same(theirs(), before, "theirs")
        write(w)
        w.ctl("sync")
        w.wait_state("bridge:br0")
    # Beside theirs.
    write(w, mirrors={"o": {"select_all": True, "output_vlan": 7}},
          controllers=[{"target": "ptcp:16655:127.0.0.1"}])
    w.ctl("sync")
    w.wait_state("bridge:br0")
    equal((len(members(w, "mirrors")), len(members(w, "controller"))),
          (3, 3), "mirrors and controllers")
    same(theirs(), before, "theirs")
    # When the stranger goes, the conflict ends.
    write(w, netflow=KINDS[2][3])
    w.wait_state("bridge:br0", "conflict")
    w.vsctl("clear", "bridge", "br0", "netflow")
    w.wait_state("bridge:br0")
    equal(the_row(w, "NetFlow")["targets"], "127.0.0.1:2055", "NetFlow")
    # Theirs in the place of ours: a conflict, and not a fight.
    w.vsctl("--id=@f", "create", "netflow", 'targets="127.0.0.1:9"', "--",
            "set", "bridge", "br0", "netflow=@f")
    w.wait_state("bridge:br0", "conflict", text="NetFlow")
    equal([r["targets"] for r in w.rows("NetFlow")], ["127.0.0.1:9"],
          "NetFlow")
    write(w)
    w.ctl("sync")
    w.wait_state("bridge:br0")


@options(asan=True)
def test_mirror_sees(w):
    """A mirror sees the frames of the ports it names and no others, waits for
    ports that are not there, and goes on with the others."""
    span = {"span0": {}}
    watch = {"select_src_port": ["tap0", "tap9"],
             "select_dst_port": ["tap0"], "output_port": "span0"}
    write(w, mirrors={"watch": watch})
    for i in (0, 1, 2):
        w.write_vm("vm%d" % i, {"net0": nic(i + 1, ifname="tap%d" % i)})
    w.start_portd()
    w.wait_state(["vm%d/net0" % i for i in (0, 1, 2)])
    w.wait_state("bridge:br0", "waiting", text="port span0")
    equal(w.rows("Mirror"), [], "a mirror without its output")
    wire = cable(w, "span0")
    write(w, span, mirrors={"watch": watch})
    w.wait_state("port:br0/span0")
    wait(lambda: len(marked(w, "Mirror")) == 1, "the mirror")
    w.wait_state("bridge:br0", "waiting", text="port tap9")
    row = the_row(w, "Mirror")
    equal((names(w, row["select_src_port"]), names(w, row["output_port"])),
          (["tap0"], ["span0"]), "the ports that are there")
    guests = [w.open("vm%d/net0" % i) for i in (0, 1, 2)]
    frames.talk(guests[0], guests[1])
    frames.talk(guests[1], guests[2])
    frames.expect(guests[0], hear=[wire, guests[1]], dst=guests[1].mac)
    frames.expect(guests[1], hear=[wire, guests[0]], dst=guests[0].mac)
    frames.expect(guests[1], hear=[guests[2]], deaf=[wire],
                  dst=guests[2].mac)

    # In place: all that goes on.
    write(w, span, mirrors={"watch": {"select_all": True,
                                      "output_port": "span0"}})
    w.ctl("sync")
    w.wait_state("bridge:br0")
    equal(the_row(w, "Mirror")["_uuid"], row["_uuid"], "row")
    frames.expect(guests[1], hear=[guests[2], wire], dst=guests[2].mac)

    # The output port leaves: nothing breaks, the mirror waits for it.
    write(w, mirrors={"watch": watch})
    w.wait_state("port:br0/span0", "held")
    w.appctl("gc-confirm", "port:br0/span0")
    wait(lambda: not w.port("span0"), "span0 is off the bridge")
    w.wait_state("bridge:br0", "waiting", text="port span0")
    frames.talk(guests[0], guests[1])
    write(w, span, mirrors={"watch": dict(watch,
                                          select_src_port=["tap0"])})
    w.wait_state(["port:br0/span0", "bridge:br0"])
    frames.expect(guests[0], hear=[wire, guests[1]], dst=guests[1].mac)
    # A watched NIC that goes and comes back is watched again.
    guests[0].close()
    w.remove("vms.d/vm0.json")
    w.wait_state("bridge:br0", "waiting", text="port tap0")
    w.write_vm("vm0", {"net0": nic(1, ifname="tap0")})
    w.wait_state(["vm0/net0", "bridge:br0"])
    row = the_row(w, "Mirror")
    equal((names(w, row["select_src_port"]),
           names(w, row["select_dst_port"])), (["tap0"], ["tap0"]), "ports")
    write(w, span)
    w.ctl("sync")
    frames.talk(guests[1], guests[2])
    frames.expect(guests[1], hear=[guests[2]], deaf=[wire],
                  dst=guests[2].mac)


def test_controller_connects(w):
    """ovs-vswitchd connects to the controllers of the spec, and on
    ovn-controller's bridge they are only reported."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        target = "tcp:127.0.0.1:%d" % server.getsockname()[1]
        write(w, controllers=[{"target": target, "max_backoff": 1000}])
        w.start_portd()
        w.wait_state("bridge:br0")
        equal(select.select([server], [], [], 30)[0], [server], "connection")
        peer, _ = server.accept()
        with peer:
            peer.settimeout(30)
            hello = peer.recv(8)
            equal(hello[1], 0, "OpenFlow message (HELLO)")
    w.vsctl("set", "open_vswitch", ".", "external_ids:ovn-bridge=br0")
    w.expect_log(r"bridge:br0: conflict: ")
    write(w, controllers=[{"target": "tcp:127.0.0.1:1"}])
    w.wait_state("bridge:br0", "conflict", text="ovn-controller's")
    never(lambda: [r["target"] for r in w.rows("Controller")] != [target],
          "the controllers change", seconds=1)


def collector():
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.bind(("127.0.0.1", 0))
    return receiver, "127.0.0.1:%d" % receiver.getsockname()[1]


def test_exports(w):
    """Packets of sFlow, NetFlow and IPFIX reach their collectors."""
    sockets = {key: collector() for key in ("sflow", "netflow", "ipfix")}
    w.ip("link", "set", "lo", "up")
    write(w, netflow={"targets": [sockets["netflow"][1]],
                      "active_timeout": 1},
          sflow={"targets": [sockets["sflow"][1]], "agent": "lo",
                 "sampling": 1, "polling": 1},
          ipfix={"targets": [sockets["ipfix"][1]], "sampling": 1})
    for i in (0, 1):
        w.write_vm("vm%d" % i, {"net0": nic(i + 1, ifname="tap%d" % i)})
    w.start_portd()
    w.wait_state(["bridge:br0", "vm0/net0", "vm1/net0"])
    a, b = w.open("vm0/net0"), w.open("vm1/net0")
    frames.talk(a, b)
    # The first word of a datagram is its version.
    versions = {"sflow": (0, 5), "netflow": (5,), "ipfix": (10,)}
    for key, (receiver, _) in sockets.items():
        receiver.setblocking(False)

        def came():
            # NetFlow knows IP only.
            a.send_raw(frames.arp_request(a.mac, "10.0.0.1", "10.0.0.2"))
            a.send_raw(frames.mac_bytes(b.mac) + frames.mac_bytes(a.mac)
                       + bytes.fromhex("0800 4500001c 00000000 40110000"
                                       "0a000001 0a000002 10001000 00080000"))
            try:
                data = receiver.recv(65536)
            except BlockingIOError:
                return False
            return (int.from_bytes(data[:4], "big") == 5 if key == "sflow"
                    else int.from_bytes(data[:2], "big") in versions[key])
        wait(came, "a datagram of " + key)
        receiver.close()
