# SPDX-License-Identifier: Apache-2.0
"""Taking over what is live: it stays what it is, and no frame is lost."""

import fcntl
import json
import os
import signal

import frames
from harness import equal, is_stopped, nic, options, same, wait

TUNSETPERSIST = 0x400454cb


def identities(w, ports, bridges=("br0",)):
    """What must not change when somebody else takes charge."""
    found = {}
    for name in ports:
        port, iface = w.port(name), w.iface(name)
        found[name] = (port["_uuid"], iface["_uuid"], iface["ofport"],
                       w.ifindex(name))
    for name in bridges:
        row = w.bridge(name)
        found[name] = (row["_uuid"], row["datapath_id"])
    return found


class Wire:
    """Two guests that send to each other all the time."""

    def __init__(self, a, b):
        self.guests = a, b
        frames.talk(a, b)
        self.streams = frames.Stream(a), frames.Stream(b)

    def check(self):
        """Fails if one of the frames sent since the beginning is lost."""
        wait(lambda: all(len(s.sent) >= 300 for s in self.streams),
             "300 frames each way")
        for i, stream in enumerate(self.streams):
            stream.stop()
            hearer, sent = self.guests[1 - i], stream.sent.keys()
            wait(lambda: not sent - hearer.numbers().keys(),
                 lambda: "all %d frames of %s arrived; lost are %d" % (
                     len(sent), self.guests[i].ifname,
                     len(sent - hearer.numbers().keys())), timeout=10)


def tap(w, name, *, queues=1, user="root", **port):
    """A TAP and its port, as a script makes them."""
    extra = ["multi_queue"] if queues > 1 else []
    w.ip("tuntap", "add", "dev", name, "mode", "tap", "user", user,
         "vnet_hdr", *extra)
    w.vsctl("add-port", "br0", name,
            *["%s=%s" % item for item in port.items()])
    w.ip("link", "set", name, "up")


@options(asan=True, valgrind=True)
def test_adopt_one(w):
    """A script's TAP, port and bridge become ours, are shown before, and keep
    everything that they are."""
    w.expect_log(r"(vm1/net0|bridge:br0): conflict: ")
    w.vsctl("add-br", "br0", "--", "set", "bridge", "br0",
            "datapath_type=netdev")
    tap(w, "tap0", tag=10)
    tap(w, "tap1", tag=20)
    a = w.guest(frames.Guest("tap0", "52:54:00:00:00:01"))
    b = w.guest(frames.Guest("tap1", "52:54:00:00:00:02"))
    before = identities(w, ["tap0", "tap1"])
    w.write_host()
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", tag=20,
                                   qdisc="default")})
    w.start_portd()
    text = w.wait_state("vm1/net0", "conflict")["text"]
    assert "adopt vm1/net0" in text, text
    explained = w.ctl("explain", "vm1/net0", exit=1).stdout
    assert 'take it over: "ovs-portctl adopt vm1/net0"' in explained, explained
    rows = w.db_dump(), w.links()

    shown = w.ctl("adopt", "vm1/net0", exit=1)
    assert "vm1/net0: adopt Port tap0, Interface tap0, link tap0" \
        in shown.stdout or "link tap0, Port tap0" in shown.stdout, shown.stdout
    assert "tag 10 -> 20 [hitless]" in shown.stdout, shown.stdout
    assert "--yes" in shown.stderr, shown.stderr
    w.ctl("adopt", "--dry-run", "--yes", "--all")
    same((w.db_dump(), w.links()), rows, "what was only looked at")

    w.ctl("adopt", "--yes", "vm1/net0")
    w.wait_state("vm1/net0")
    equal(w.port("tap0")["tag"], 20, "tag of tap0")
    equal(w.link("tap0")["ifalias"], "ovs-portd:main/vm1/net0", "ifalias")
    frames.talk(a, b)
    # Others of the same file are not waited for.
    port = {"p0": {"type": "internal"}}
    w.write_host({"bridges": {"br0": {"datapath_type": "netdev",
                                      "ports": port}}})
    w.wait_state("port:br0/p0")
    w.write_host()
    w.wait_state("port:br0/p0", "held")
    equal(w.ctl("--timeout=600", "adopt", "--yes", "bridge:br0",
                timeout=30).stderr, "", "what adopt says")
    equal(w.objects()["bridge:br0"]["state"], "ready", "br0's state")
    w.ctl("gc-confirm", "port:br0/p0")
    w.wait_state("port:br0/p0", None)
    w.ctl("adopt", "--yes", "--all")
    w.wait_state(["vm1/net0", "bridge:br0"])
    equal(w.ctl("plan", "--exit-code").stdout, "No changes.\n", "the plan")
    equal(identities(w, ["tap0", "tap1"]), before, "what they are")
    assert "ovs-portd" not in w.port("tap1")["external_ids"], "tap1's marks"
    again = w.ctl("adopt", "--yes", "vm1/net0")
    assert "nothing to adopt" in again.stderr, again.stderr

    # From here on it is as any other.
    w.write_vm("vm1", {})
    w.wait_state("vm1/net0", "in-use")
    a.close()
    wait(lambda: not w.port("tap0") and not w.link("tap0"), "tap0 is gone")


@options(asan=True)
def test_adopt_refusals(w):
    """Nothing is taken that is another's, of another kind, paused, or that
    would break off traffic unasked."""
    w.expect_log(r"conflict: ")
    w.vsctl("add-br", "br0", "--", "set", "bridge", "br0",
            "datapath_type=netdev")
    for i in range(6):
        tap(w, "tap%d" % i)
    w.vsctl("set", "port", "tap0",
            "external_ids:ovs-portd=other/vm7/net0", "--",
            "set", "interface", "tap0",
            "external_ids:ovs-portd=other/vm7/net0")
    w.ip("link", "add", "veth1", "type", "veth", "peer", "name", "veth2")
    w.vsctl("add-port", "br0", "veth1")
    w.vsctl("add-port", "br0", "int0", "--", "set", "interface", "int0",
            "type=internal")
    held = w.guest(frames.Guest("tap4", "52:54:00:00:00:05"))
    nics = {"net%d" % i: nic(i, ifname="tap%d" % i, qdisc="default")
            for i in range(6)}
    nics["net2"]["paused"] = True
    nics["net3"]["queues"] = nics["net4"]["queues"] = 4
    nics["veth"] = nic(11, ifname="veth1")
    nics["internal"] = nic(12, ifname="int0")
    nics["absent"] = nic(13, ifname="tap13")
    w.write_host({"bridges": {"br0": {"managed": False}}})
    w.write_vm("vm1", nics)
    w.start_portd()
    w.wait_state("vm1/net0", "conflict")
    w.wait_state("vm1/absent")
    w.wait_idle()
    before = w.db_dump(), w.links()

    for args, code, text in (
            ([], 1, "name the objects"),
            (["--all", "vm1/net1"], 1, "name the objects"),
            (["vm1/net9"], 1, "no spec asks for it"),
            (["vm1/net0"], 1, "another instance"),
            (["vm1/net2"], 1, "paused"),
            (["vm1/net3"], 1, "--allow=re-add"),
            (["vm1/net3", "--allow=vm-restart"], 1, "--allow=re-add"),
            (["vm1/net4"], 1, "--allow=vm-restart"),
            (["vm1/net4", "--allow=everything"], 1, "no impact"),
            (["vm1/veth"], 1, "is no TAP, but veth"),
            (["vm1/internal"], 1, "of type \"internal\""),
            (["vm1/net1", "vm1/net0"], 1, "nothing was adopted"),
            (["vm1/absent"], 0, "nothing to adopt"),
            (["--format=csv", "vm1/net1"], 1, "json")):
        said = w.ctl("adopt", "--yes", *args, exit=code)
        assert text in said.stderr, (args, said.stderr)
    for args, text in ((("vm1/net0",), "another instance"), ((), "--all"),
                       (("--bad",), "no such option")):
        said = w.run("ovs-appctl", "-t", "ovs-portd", "adopt", *args,
                     check=False)
        equal(said.returncode, 2, "exit status of ovs-appctl adopt")
        assert text in said.stderr or "requires" in said.stderr, said.stderr
    same((w.db_dump(), w.links()), before, "what must not be taken")

    said = w.ctl("adopt", "--yes", "--all", "--format=json", exit=2)
    told = {o["object"]: o for o in json.loads(said.stdout)}
    equal({i for i in told if not told[i]["refused"]},
          {"vm1/net1", "vm1/net5"}, "what can be adopted")
    w.wait_state(["vm1/net1", "vm1/net5"])
    w.wait_state(["vm1/net0", "vm1/net3", "vm1/net4"], "conflict")
    w.ctl("adopt", "--yes", "--allow=re-add", "vm1/net3")
    w.wait_state("vm1/net3")
    equal(w.tun("tap3")["multi_queue"], True, "tap3 is multiqueue")
    w.ctl("adopt", "--yes", "--allow=vm-restart", "vm1/net4",
          "--wait=none")
    w.wait_state("vm1/net4", "pending")
    held.close()
    w.wait_state("vm1/net4")
    equal(w.tun("tap4")["multi_queue"], True, "tap4 is multiqueue")
    w.portd.stop()
    w.ctl("adopt", "--yes", "vm1/net0", exit=1)
    w.ctl("resume", "vm1/net2", "--wait=none")
    w.ctl("adopt", "--yes", "vm1/net2", exit=4)


@options(failpoints=True)
def test_adopt_all_unplanned(w):
    """What has not been planned yet, as 256 new NICs come first, is among all
    that can be adopted."""
    w.vsctl("add-br", "br0", "--", "set", "bridge", "br0",
            "datapath_type=netdev")
    tap(w, "tap0")
    w.write_host({"bridges": {"br0": {"managed": False}}})
    w.write_vm("new", {"n%d" % i: nic(i, ifname="t%d" % i)
                       for i in range(1, 257)})
    w.write_vm("old", {"net0": nic(0, ifname="tap0", qdisc="default")})
    w.env["PORTD_FAILPOINT"] = "pass-planned:1:stop"
    w.start_portd(answer=False)
    wait(lambda: is_stopped(w.portd.pid), "the first pass is planned")
    with w.question("adopt", "--all") as answer:
        w.portd.signal(signal.SIGCONT)
        said = answer()
    assert "old/net0: adopted: " in said, said
    w.wait_state("old/net0")


def test_adopt_report(w):
    """Where drift is only reported, what is adopted is marked and no more."""
    w.expect_log(r"conflict: ")
    w.vsctl("add-br", "br0", "--", "set", "bridge", "br0",
            "datapath_type=netdev")
    tap(w, "tap0", tag=10)
    w.write_host({"bridges": {"br0": {"managed": False}}}, drift="report")
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", tag=20,
                                   qdisc="default")})
    w.start_portd()
    w.wait_state("vm1/net0", "conflict", text="not ours")
    w.ctl("adopt", "--yes", "vm1/net0", exit=2)
    w.wait_state("vm1/net0", "conflict", text="drift")
    w.wait_idle()
    equal(w.port("tap0")["tag"], 10, "tag of tap0")
    equal(w.port("tap0")["external_ids"]["ovs-portd"], "main/vm1/net0",
          "tap0's mark")
    w.ctl("retag", "vm1/net0", "30")
    equal(w.port("tap0")["tag"], 30, "tag of tap0")
    w.wait_state("vm1/net0")


UUID = "3a1f0c1e-58b4-4f0e-9d2a-6f1b2c3d4e5f"


def scripted_host(w):
    """A host as scripts set it up; returns the guests that talk."""
    w.vsctl("add-br", "br0", "--", "set", "bridge", "br0",
            "datapath_type=netdev", "other_config:mac-table-size=4096",
            "fail_mode=standalone", "--",
            "add-br", "br-ex", "--", "set", "bridge", "br-ex",
            "datapath_type=netdev", "external_ids:team=\"net work\"")
    w.vsctl("add-port", "br0", "to-ex", "--", "set", "interface", "to-ex",
            "type=patch", "options:peer=to-br0", "--",
            "add-port", "br-ex", "to-br0", "trunks=10,20", "--",
            "set", "interface", "to-br0", "type=patch", "options:peer=to-ex")
    w.vsctl("add-port", "br0", "mgmt0", "tag=5", "--",
            "set", "interface", "mgmt0", "type=internal", "mtu_request=1400")
    w.ip("addr", "add", "192.0.2.9/24", "dev", "mgmt0")
    w.ip("link", "set", "mgmt0", "up")
    w.vsctl("add-port", "br0", "vx0", "--", "set", "interface", "vx0",
            "type=vxlan", "options:remote_ip=192.0.2.7", "options:key=99")
    for i in (1, 2, 3):
        w.ip("link", "add", "eth%d" % i, "type", "veth",
             "peer", "name", "far%d" % i)
        w.ip("link", "set", "eth%d" % i, "up")
    w.vsctl("add-port", "br-ex", "eth1")
    w.vsctl("add-bond", "br-ex", "bond0", "eth2", "eth3",
            "bond_mode=active-backup", "bond_updelay=100")
    tap(w, "tap0", tag=10)
    tap(w, "tap1", queues=4, user="nobody", vlan_mode="native-untagged",
        tag=10, trunks="20,30")
    tap(w, "tap2", tag=11)      # A silent guest: its MAC is not known.
    # Whenever anything of a device changes, an alias too, ovs-vswitchd puts
    # its policer anew, and the kernel's datapath loses some milliseconds of
    # frames to it (docs/faults.md).
    policed = "tap1" if w.datapath == "netdev" else "tap2"
    w.vsctl("set", "interface", policed, "ingress_policing_rate=1000000")
    w.vsctl("set", "interface", "tap1", "ofport_request=77", "type=system",
            "external_ids:attached-mac=\"52:54:00:00:00:02\"",
            "external_ids:vm-id=web1", "external_ids:team=red")
    w.ip("link", "set", "tap1", "mtu", "1450")
    # One MAC that nobody wrote down, but the bridge learns it.
    return (w.guest(frames.Guest("tap0", "52:54:00:00:00:01")),
            w.guest(frames.Guest("tap1", "52:54:00:00:00:02", queues=4)))


def take_over(w, ports, bridges, guests):
    """Exports, installs what comes out, adopts, and checks that nothing is
    left to do and nothing was lost; returns export's notes."""
    wait(lambda: all(w.iface(p)["ofport"] for p in ports), "ofports")
    wire = Wire(*guests)
    before = identities(w, ports, bridges)
    out = os.path.join(w.dir, "live")
    notes = w.ctl("export", out).stderr
    w.ctl("check", out)
    for name in os.listdir(os.path.join(out, "vms.d")):
        w.write("vms.d/" + name, open(os.path.join(out, "vms.d", name)).read())
    if os.path.exists(os.path.join(out, "host.json")):
        w.write("host.json", open(os.path.join(out, "host.json")).read())
    w.start_portd()
    w.ctl("adopt", "--yes", "--all")
    w.ctl("sync")
    equal(w.ctl("plan", "--exit-code").stdout, "No changes.\n", "the plan")
    states = {i: o["state"] for i, o in w.objects().items()}
    equal(set(states.values()), {"ready"}, "states: %s" % states)
    wire.check()
    equal(identities(w, ports, bridges), before, "what they are")
    return notes


@options(asan=True, timeout=180)
def test_take_over_scripts(w):
    """A host run by scripts comes under control without a blip, and what
    is exported of it afterwards is the same."""
    w.expect_log(r": conflict: ")
    guests = scripted_host(w)
    ports = ["tap0", "tap1", "tap2", "mgmt0", "vx0", "to-ex", "to-br0",
             "eth1"]
    notes = take_over(w, ports, ["br0", "br-ex"], guests)
    assert "tap2 is a TAP, but nothing says its guest's MAC" in notes, notes
    equal(w.link("tap1")["ifalias"], "ovs-portd:main/web1/net0", "ifalias")
    equal(sorted(w.objects()), [
        "bond:bond0", "bridge:br-ex", "bridge:br0", "link:to-br0",
        "port:br-ex/eth1", "port:br0/mgmt0", "port:br0/tap2", "port:br0/vx0",
        "tap0/net0", "web1/net0"], "objects")
    spec = json.loads(w.read("vms.d/web1.json"))["nics"]["net0"]
    equal({k: spec[k] for k in ("mac", "queues", "mtu", "owner", "tag",
                                "trunks", "external_ids")},
          {"mac": "52:54:00:00:00:02", "queues": 4, "mtu": 1450,
           "owner": "nobody", "tag": 10, "trunks": [20, 30],
           "external_ids": {"team": "red"}}, "the NIC of web1")
    equal(json.loads(w.read("vms.d/tap0.json"))["nics"]["net0"]["mac"],
          "52:54:00:00:00:01", "the MAC that was learned")
    host = json.loads(w.read("host.json"))
    # ovs-vswitchd writes bond_active_slave, and nobody has asked for it.
    assert not host["bonds"]["bond0"].keys() & {"bond_active_slave"}, host
    assert w.port("bond0")["bond_active_slave"], "nothing to leave out"
    equal(host["bridges"]["br0"]["ports"]["mgmt0"],
          {"type": "internal", "tag": 5, "mtu_request": 1400,
           "addresses": ["192.0.2.9/24"]}, "mgmt0")
    w.wait_idle()

    # Nothing is left that is not ours; with --ours it is all the same again.
    equal(json.loads(w.ctl("export").stdout)["files"], {}, "what is not ours")
    nothing = os.path.join(w.dir, "nothing")
    assert "--ours" in w.ctl("export", nothing).stderr, "silence"
    assert not os.path.exists(nothing), "an empty directory"
    again = json.loads(w.ctl("export", "--ours").stdout)["files"]
    equal(sorted(again), ["host.json", "vms.d/tap0.json", "vms.d/web1.json"],
          "files")
    equal(again["vms.d/web1.json"], json.loads(w.read("vms.d/web1.json")),
          "web1.json")
    ours = os.path.join(w.dir, "ours")
    w.ctl("export", "--ours", ours)
    plan = w.ctl("plan", "--exit-code", spec=ours)
    equal(plan.stdout, "No changes.\n", "the plan of what is exported")
    w.ctl("export", "--ours", ours, exit=1)
    equal(os.stat(os.path.join(ours, "host.json")).st_nlink, 1, "links")


@options(asan=True, timeout=180)
def test_take_over_satellites(w):
    """Mirrors and controllers are exported and taken over as they are, and
    QoS of ours is exported again as it is."""
    w.expect_log(r": conflict: ")
    w.vsctl("add-br", "br0", "--", "set", "bridge", "br0",
            "datapath_type=netdev")
    for i in (0, 1):
        tap(w, "tap%d" % i, tag=10)
    guests = [w.guest(frames.Guest("tap%d" % i, "52:54:00:00:00:0%d" % i))
              for i in (0, 1)]
    w.vsctl("--", "--id=@p", "get", "port", "tap0", "--",
            "--id=@m", "create", "mirror", "name=m", "select_src_port=@p",
            "output_vlan=99", "--", "add", "bridge", "br0", "mirrors", "@m",
            "--", "--id=@c", "create", "controller",
            'target="ptcp:16653:127.0.0.1"', "max_backoff=2000", "--",
            "add", "bridge", "br0", "controller", "@c",
            "--", "--id=@i", "create", "mirror", "name=idle",
            "output_vlan=98", "--", "add", "bridge", "br0", "mirrors", "@i")
    before = {t: {r["_uuid"] for r in w.rows(t)}
              for t in ("Mirror", "Controller")}
    notes = take_over(w, ["tap0", "tap1"], ["br0"], guests)
    assert "Mirror br0/idle: it stays as it is" in notes, notes
    for table, uuids in before.items():
        equal({r["_uuid"] for r in w.rows(table)}, uuids, table)
    bridge = json.loads(w.read("host.json"))["bridges"]["br0"]
    equal((bridge["mirrors"], bridge["controllers"]),
          ({"m": {"select_src_port": ["tap0"], "output_vlan": 99}},
           [{"target": "ptcp:16653:127.0.0.1", "max_backoff": 2000}]),
          "what serves br0")
    equal({m["name"]: m["external_ids"].get("ovs-portd")
           for m in w.rows("Mirror")},
          {"m": "main/bridge:br0", "idle": None}, "marks")

    spec = json.loads(w.read("vms.d/tap0.json"))
    qos = {"type": "linux-htb", "max_rate": 1000000000,
           "queues": {"0": {"min_rate": 5000000, "dscp": 8}}}
    spec["nics"]["net0"].pop("qdisc", None)
    spec["nics"]["net0"]["qos"] = qos
    w.write("vms.d/tap0.json", json.dumps(spec))
    w.ctl("sync")
    ours = os.path.join(w.dir, "ours")
    w.ctl("export", "--ours", ours)
    with open(os.path.join(ours, "vms.d", "tap0.json")) as f:
        equal(json.load(f)["nics"]["net0"]["qos"], qos, "QoS")
    plan = w.ctl("plan", "--exit-code", spec=ours)
    equal(plan.stdout, "No changes.\n", "the plan of what is exported")


def as_libvirt(w, name, mac, *, multi_queue):
    """A TAP as libvirt leaves it: not persistent, held by QEMU, its MAC that
    of the guest but for the first byte, its row with libvirt's ids."""
    extra = ["multi_queue"] if multi_queue else []
    w.ip("tuntap", "add", "dev", name, "mode", "tap", "vnet_hdr", *extra)
    w.ip("link", "set", name, "address", "fe" + mac[2:])
    guest = w.guest(frames.Guest(name, mac, queues=2 if multi_queue else 1))
    for fd in guest.fds:
        fcntl.ioctl(fd, TUNSETPERSIST, 0)
    w.vsctl("--", "--may-exist", "add-port", "br0", name, "tag=10",
            *[arg for pair in (
                ("attached-mac", mac),
                ("iface-id", "0c7cf6a4-7a2c-4f3b-8a39-4f6a3c1a00" + mac[-2:]),
                ("vm-id", UUID), ("iface-status", "active"))
              for arg in ("--", "set", "Interface", name,
                          'external-ids:%s="%s"' % pair)])
    w.ip("link", "set", name, "up")
    return guest


def as_os_vif(w, name, mac):
    """A TAP as os-vif leaves it: persistent, nobody's, with a QoS row."""
    w.ip("tuntap", "add", "dev", name, "mode", "tap", "multi_queue")
    w.ip("link", "set", name, "up")
    w.ip("link", "set", name, "mtu", "1442")
    w.vsctl("--", "--id=@q", "create", "QoS", "type=linux-noop",
            "external_ids:id=%s" % UUID, "external_ids:_type=linux-noop",
            "--", "add-port", "br0", name, "tag=10", "--",
            "set", "Port", name, "qos=@q", "--", "set", "Interface", name,
            "external_ids:iface-id=11111111-58b4-4f0e-9d2a-6f1b2c3d4e5f",
            "external_ids:iface-status=active",
            'external_ids:attached-mac="%s"' % mac,
            "external_ids:vm-uuid=77777777-58b4-4f0e-9d2a-6f1b2c3d4e5f",
            "--", "set", "Interface", name, "mtu_request=1442")
    return w.guest(frames.Guest(name, mac, queues=3))


@options(asan=True, timeout=180)
def test_take_over_libvirt(w):
    """TAPs as libvirt and os-vif leave them come under control without a
    blip.  When the VM ends, its TAP is made as the spec says."""
    w.expect_log(r": conflict: ")
    w.vsctl("add-br", "br0", "--", "set", "bridge", "br0",
            "datapath_type=netdev")
    a = as_libvirt(w, "vnet0", "52:54:00:00:00:01", multi_queue=False)
    b = as_os_vif(w, "tap0c7cf6a4-7a", "52:54:00:00:00:02")
    as_libvirt(w, "vnet1", "52:54:00:00:00:03", multi_queue=True)
    ids = {name: w.iface(name)["external_ids"]
           for name in ("vnet0", "vnet1", "tap0c7cf6a4-7a")}
    qos = w.rows("QoS")
    notes = take_over(w, list(ids), ["br0"], (a, b))
    for text in ("vnet0 goes with the VM", "its QoS row stays",
                 "tap0c7cf6a4-7a has neither owner nor group"):
        assert text in notes, notes
    for name, wanted in ids.items():
        has = w.iface(name)["external_ids"]
        equal({k: has.get(k) for k in wanted}, wanted, "ids of " + name)
    same(w.rows("QoS"), qos, "os-vif's QoS row")
    equal(sorted(w.objects()),
          [UUID + "/net0", UUID + "/net1",
           "77777777-58b4-4f0e-9d2a-6f1b2c3d4e5f/net0", "bridge:br0"],
          "objects")
    equal(w.tun("vnet0")["persist"], False, "vnet0 is persistent")

    index = w.ifindex("vnet0")
    a.close()
    wait(lambda: w.ifindex("vnet0") not in (None, index), "vnet0 is made anew")
    w.wait_state(UUID + "/net0")
    equal(w.tun("vnet0")["persist"], True, "vnet0 is persistent")
    b.close()
    wait(lambda: w.tun("tap0c7cf6a4-7a").get("user") == "root",
         "the TAP is root's")
    frames.talk(w.guest(frames.Guest("vnet0", "52:54:00:00:00:01")),
                w.guest(frames.Guest("tap0c7cf6a4-7a", "52:54:00:00:00:02",
                                     queues=3)))


def test_export_inputs(w):
    """What export cannot say, it notes; it never writes over a file."""
    w.vsctl("add-br", "br0", "--", "set", "bridge", "br0",
            "datapath_type=netdev")
    # OVS takes all of this.
    w.vsctl("add-port", "br0", "a-port-with-a-long-name", "--", "set",
            "interface", "a-port-with-a-long-name", "type=patch",
            "options:peer=nowhere")
    w.vsctl("add-port", "br0", "p1", "--", "set", "interface", "p1",
            "type=patch", "options:peer=p9")
    w.vsctl("add-port", "br0", "int0", "tag=5", "trunks=6,7",
            "external_ids:on-the-port=1", "--",
            "set", "interface", "int0", "type=internal")
    w.vsctl("add-port", "br0", "int1", "vlan_mode=native-tagged", "--",
            "set", "interface", "int1", "type=internal")
    tap(w, "tap0", queues=4)
    w.vsctl("set", "interface", "tap0", "external_ids:iface-id=abc",
            'external_ids:attached-mac="52:54:00:00:00:01"')
    tap(w, "tap1")
    w.vsctl("set", "interface", "tap1",
            'external_ids:attached-mac="not a MAC"')
    tap(w, "tap2")
    w.vsctl("set", "port", "tap2", "external_ids:ovs-portd=other/x/y")

    said = w.ctl("export", "--format=json")
    answer = json.loads(said.stdout)
    notes = "\n".join(answer["notes"])
    for text in ("a-port-with-a-long-name is left out",
                 "Port p1 is left out: no patch port has it as its peer",
                 "int0: trunks is left out", "int1: vlan_mode is left out",
                 "Port int0: external_ids:on-the-port=1",
                 "tap0 is multiqueue, and nobody holds it",
                 "iface-status becomes \"active\"",
                 "tap1 is a TAP, but nothing says",
                 "Port tap2 is left out: it is another instance's"):
        assert text in notes, "%s\nlacks %s" % (notes, text)
        assert text in said.stderr, "%s\nlacks %s" % (said.stderr, text)
    assert "mend this by hand" not in notes, notes
    equal(sorted(answer["files"]), ["host.json", "vms.d/tap0.json"], "files")
    equal(sorted(answer["files"]["host.json"]["bridges"]["br0"]["ports"]),
          ["int0", "int1", "tap1"], "ports of br0")

    out = os.path.join(w.dir, "out")
    os.makedirs(os.path.join(out, "vms.d"))
    for name in ("host.json", "vms.d/tap0.json"):
        with open(os.path.join(out, name), "w") as f:
            f.write("precious")
        assert "is there already" in w.ctl("export", out, exit=1).stderr
        equal(os.listdir(os.path.join(out, "vms.d")),
              ["tap0.json"] if "tap0" in name else [], "new files")
        os.unlink(os.path.join(out, name))
    os.symlink("/etc/passwd", os.path.join(out, "host.json"))
    w.ctl("export", out, exit=1)
    os.unlink(os.path.join(out, "host.json"))
    w.ctl("export", out, "--dry-run")
    equal(os.listdir(out), ["vms.d"], "files of a dry run")
    w.ctl("export", os.path.join(w.dir, "no", "such"), exit=1)
    w.ctl("export", "--format=csv", exit=1)
    w.ctl("export", "a", "b", exit=1)
    w.ctl("export", out)
    w.ctl("check", out)
    equal(w.ctl("export", "--db=unix:/nowhere/db.sock", exit=4).stdout, "",
          "output without a database")
