# SPDX-License-Identifier: Apache-2.0
"""ovs-portctl's commands about bridges, ports, bonds and links: each against
the daemon, its bad input included; and what a removal by name confirms."""

import json
import os
import signal
import subprocess

import frames
from harness import Failure, equal, nic, options, patience, wait


def refused(w, *args, text, code=1):
    """The command ends with 'code', says 'text' and changes no file."""
    before = files(w)
    result = w.ctl(*args, exit=code)
    if text not in result.stderr:
        raise Failure("%r is not in what %r says: %r"
                      % (text, args, result.stderr))
    equal(files(w), before, "files after %r" % (args,))


def files(w):
    found = {n: w.read("vms.d/" + n) for n in os.listdir(w.path("vms.d"))}
    if os.path.exists(w.path("host.json")):
        found["host.json"] = w.read("host.json")
    return found


def rows(w, *args):
    return json.loads(w.ctl("-f", "json", *args).stdout)["data"]


def pair(w, a, b):
    w.ip("link", "add", a, "type", "veth", "peer", "name", b)


def state(w, name):
    return w.objects().get(name, {"state": None})["state"]


@options(asan=True)
def test_bridges(w):
    """A bridge is added, where there is no host.json at all, changed, and
    removed at once; a bridge that is in use stays."""
    w.start_portd()
    w.ctl("br-add", "br0", "datapath_type=netdev", "other_config:hwaddr="
          "02:00:00:00:00:01")
    equal(w.read("host.json"), """{
  "version": 1,
  "bridges": {
    "br0": {
      "datapath_type": "%s",
      "other_config": {
        "hwaddr": "02:00:00:00:00:01"
      }
    }
  }
}
""" % w.datapath, "host.json")
    equal((w.bridge("br0")["datapath_type"], state(w, "bridge:br0")),
          (w.datapath, "ready"), "br0")
    refused(w, "br-add", "br0", text="it is in host.json already")
    before = w.written()
    w.ctl("br-add", "--may-exist", "br0", "datapath_type=netdev")
    equal(w.written(), before, "what is written")
    w.ctl("br-set", "br0", "fail_mode=secure", "flood_vlans=5,7-8", "--",
          "br-clear", "br0", "other_config:hwaddr")
    equal((w.bridge("br0")["fail_mode"], w.bridge("br0")["flood_vlans"]),
          ("secure", [5, 7, 8]), "columns")
    equal(w.ctl("br-get", "br0", "flood_vlans").stdout, "5,7,8\n", "br-get")
    equal(rows(w, "br-get", "br0"),
          [["datapath_type", w.datapath], ["fail_mode", "secure"],
           ["flood_vlans", "5,7,8"]], "br-get")
    w.ctl("br-clear", "br0", "fail_mode", "flood_vlans")
    equal(w.bridge("br0")["fail_mode"], [], "fail_mode")

    w.ctl("vm-add", "vm1", "--", "nic-add", "vm1/net0", "bridge=br0",
          "mac=52:54:00:00:00:01", "ifname=tap0")
    refused(w, "br-del", "br0",
            text="bridge br0 cannot be removed, as vm1/net0 is on it")
    refused(w, "br-add", "br 1", text="is not a device name")
    refused(w, "br-add", "br1", "datapath_typ=x", text="did you mean")
    refused(w, "br-add", "br1", "fail_mode=x", text="is not one of")
    refused(w, "br-add", "br1", "managed=maybe", text="neither true nor")
    refused(w, "br-add", "br1", "ports={}", text="port-add")
    refused(w, "br-add", "br1", "managed=false", "fail_mode=secure",
            text='not for a bridge with "managed": false')
    refused(w, "br-set", "br1", "fail_mode=secure",
            text="there is no such bridge in host.json; did you mean br0?")
    refused(w, "br-set", "br0", text="requires at least 2 arg")
    refused(w, "br-clear", "br0", "fail_mode",
            text="the file does not give it")
    refused(w, "br-get", "br0", "fail_mode", text="does not give it")
    refused(w, "br-get", "br0", "nonsense", text="unknown key")
    refused(w, "br-del", "br7", text="there is no such bridge")
    w.ctl("br-clear", "--if-exists", "br0", "fail_mode", "--",
          "br-del", "--if-exists", "br7")
    equal(w.ctl("br-get", "--if-exists", "br0", "fail_mode").stdout, "",
          "br-get")
    w.ctl("vm-del", "vm1", "--", "br-del", "br0")
    equal((w.bridge("br0"), w.link("tap0")), (None, None), "what is left")
    equal(w.objects(), {}, "objects")
    equal(json.loads(w.read("host.json"))["bridges"], {}, "bridges")


@options(asan=True)
def test_ports(w):
    """Ports of a bridge, added, changed, moved, listed, and removed with no
    confirmation but the command."""
    w.write_host({"bridges": {"br0": {"datapath_type": "netdev"},
                              "br1": {"datapath_type": "netdev"}}})
    w.start_portd()
    w.wait_state(["bridge:br0", "bridge:br1"])
    pair(w, "eth1", "far1")
    w.ctl("port-add", "br0", "eth1", "vlan_mode=trunk", "trunks=10,20-21",
          "--", "port-add", "br0", "mgmt0", "type=internal", "tag=5",
          "external_ids:team=red")
    equal((w.port("eth1")["trunks"], w.port("mgmt0")["tag"]),
          ([10, 20, 21], 5), "VLANs")
    equal(state(w, "port:br0/eth1"), "ready", "state")
    equal(rows(w, "port-list"),
          [["eth1", "br0", "system", "trunk 10,20,21"],
           ["mgmt0", "br0", "internal", "5"]], "port-list")
    equal(rows(w, "port-list", "br1"), [], "port-list br1")
    refused(w, "port-list", "br9", text='there is no bridge "br9"')
    refused(w, "sync", "bridge:br0", text="not a VM's name; name VMs")
    w.ctl("port-set", "mgmt0", "tag=6", "--", "port-set", "br0/eth1",
          "trunks=10,11")
    equal((w.port("eth1")["trunks"], w.port("mgmt0")["tag"]), ([10, 11], 6),
          "VLANs")
    equal(w.ctl("port-get", "mgmt0", "external_ids:team").stdout, "red\n",
          "port-get")
    equal(rows(w, "port-get", "br0/eth1"),
          [["trunks", "10,11"], ["vlan_mode", "trunk"]], "port-get")
    # Keys within a key's own object, and the whole of it as JSON.
    w.ctl("port-set", "eth1", "offloads:gro=false")
    w.ctl("port-set", "eth1", 'offloads={"gro": true}')
    equal(w.ctl("port-get", "eth1", "offloads").stdout.split()[-2:],
          ["offloads:gro", "true"], "offloads")
    w.ctl("port-clear", "eth1", "offloads")
    refused(w, "port-set", "eth1", "offloads:gro=5",
            text="/bridges/br0/ports/eth1/offloads/gro")
    refused(w, "port-set", "eth1", "offloads={", text="no valid JSON")
    w.ctl("port-clear", "mgmt0", "external_ids:team", "tag")
    equal(w.port("mgmt0")["tag"], [], "tag")
    before = w.written()
    w.ctl("port-add", "--may-exist", "br0", "eth1", "trunks=10,11")
    equal(w.written(), before, "what is written")

    refused(w, "port-add", "br0", "eth1", text="it is in host.json already")
    refused(w, "port-add", "--may-exist", "br1", "eth1",
            text="there is port:br0/eth1 in host.json; move it by port-del")
    refused(w, "port-add", "br7", "eth2", text="br-add")
    refused(w, "port-add", "br0", "a234567890123456",
            text="is not a device name")
    refused(w, "port-add", "br0", "br1", text="also taken by")
    refused(w, "port-add", "br0", "eth2", "tag=5000",
            text="/bridges/br0/ports/eth2/tag: 5000 is not in 0..4095")
    refused(w, "port-add", "br0", "eth2", "queues=4", text="unknown key")
    refused(w, "port-set", "eth7", "tag=1",
            text="there is no such port in host.json; did you mean eth1?")
    refused(w, "port-set", "br1/eth1", "tag=1", text="no such port")
    refused(w, "port-set", "eth1", "tag", text="not of the form KEY=VALUE")
    refused(w, "port-get", "eth7", text="no such port")
    refused(w, "port-del", "eth7", text="no such port")
    refused(w, "port-del", "br1", "eth1", text="no such port")
    w.ctl("port-del", "--if-exists", "eth7")

    w.ctl("port-del", "eth1", "--", "port-add", "br1", "eth1", "tag=9")
    equal((w.vsctl("port-to-br", "eth1").strip(),
           w.port("eth1")["tag"]), ("br1", 9), "where it is")
    w.ctl("port-del", "br1", "eth1", "--", "port-del", "mgmt0")
    equal((w.port("eth1"), w.port("mgmt0"), w.link("eth1") is None),
          (None, None, False), "ports, and the uplink's device")
    # A port of a bridge that others make.
    w.vsctl("add-br", "br-x", "--", "set", "Bridge", "br-x",
            "datapath_type=netdev")
    w.ctl("br-add", "br-x", "managed=false", "--",
          "port-add", "br-x", "eth1")
    equal(w.vsctl("port-to-br", "eth1").strip(), "br-x", "bridge")
    w.ctl("br-del", "br-x")
    equal((w.port("eth1"), w.bridge("br-x") is None), (None, False),
          "the port, and the bridge")


def test_bonds(w):
    """Bonds likewise."""
    w.write_host({"bridges": {"br-ex": {"datapath_type": "netdev"}}})
    w.start_portd()
    for i in 2, 3, 4:
        pair(w, "eth%d" % i, "far%d" % i)
    w.ctl("bond-add", "bond0", "br-ex", "eth2", "eth3",
          "bond_mode=balance-slb", "other_config:lacp-time=fast")
    equal((w.port("bond0")["bond_mode"], state(w, "bond:bond0")),
          ("balance-slb", "ready"), "bond0")
    equal(rows(w, "bond-list"), [["bond0", "br-ex", "eth2,eth3",
                                  "balance-slb", "off", "-"]], "bond-list")
    w.ctl("bond-set", "bond0", "members=eth2,eth4", "tag=7")
    equal(sorted(w.vsctl("list-ifaces", "br-ex").split()),
          ["eth2", "eth4"], "members")
    equal(w.ctl("bond-get", "bond0", "members").stdout, "eth2,eth4\n",
          "bond-get")
    w.ctl("bond-clear", "bond0", "bond_mode", "other_config:lacp-time")
    equal(rows(w, "bond-get", "bond0"),
          [["bridge", "br-ex"], ["members", "eth2,eth4"], ["tag", "7"]],
          "bond-get")
    w.ctl("bond-add", "--may-exist", "bond0", "br-ex", "eth2", "eth4",
          "tag=8")
    equal(w.port("bond0")["tag"], 8, "tag")

    refused(w, "bond-add", "bond0", "br-ex", "eth2", "eth3",
            text="it is in host.json already")
    refused(w, "bond-add", "bond1", "br-ex", "eth3", text="2 members")
    refused(w, "bond-add", "bond1", "br-ex", "eth2", "eth3",
            text='the name "eth2" is also taken by')
    refused(w, "bond-add", "bond1", "br-ex", "eth3", "eth5", "bond_mode=rr",
            text="/bonds/bond1/bond_mode")
    refused(w, "bond-set", "bond0", "members=eth2", text="at least 2 members")
    refused(w, "bond-clear", "bond0", "bridge", text='missing key "bridge"')
    refused(w, "bond-set", "bond9", "tag=1", text="did you mean bond0?")
    refused(w, "bond-del", "bond9", text="there is no such bond")
    refused(w, "br-del", "br-ex", text="bond:bond0 is on it")
    w.ctl("bond-del", "--if-exists", "bond9")
    w.ctl("br-del", "br-ex", "--", "bond-del", "bond0")
    equal((w.port("bond0"), w.bridge("br-ex"), w.link("eth2") is None),
          (None, None, False), "what is left")


@options(asan=True)
def test_links(w):
    """Links likewise; keys are those of an end, named by its port."""
    w.write_host({"bridges": {"br0": {"datapath_type": "netdev"},
                              "br-ex": {"datapath_type": "netdev"}}})
    w.start_portd()
    w.ctl("link-add", "zero-ex", "patch", "br0:patch-to-ex",
          "br-ex:patch-to-0", "patch-to-0:tag=10", "--",
          "link-add", "lab", "veth", "br0:veth0", "veth1")
    equal((w.iface("patch-to-ex")["options"], w.port("patch-to-0")["tag"]),
          ({"peer": "patch-to-0"}, 10), "patch ports")
    equal((w.link("veth1") is None, state(w, "link:lab")), (False, "ready"),
          "veth")
    equal(rows(w, "link-list"),
          [["lab", "veth", "br0:veth0", "-", "veth1", "-"],
           ["zero-ex", "patch", "br0:patch-to-ex", "-",
            "br-ex:patch-to-0", "10"]], "link-list")
    w.ctl("link-set", "lab", "veth0:tag=5", "veth0:external_ids:a=b",
          "veth1:mtu=1400")
    equal((w.port("veth0")["tag"], w.link("veth1")["mtu"],
           w.iface("veth0")["external_ids"]["a"]), (5, 1400, "b"), "lab")
    equal(w.ctl("link-get", "lab", "veth0:tag").stdout, "5\n", "link-get")
    equal(rows(w, "link-get", "lab", "veth0"),
          [["veth0:bridge", "br0"], ["veth0:external_ids:a", "b"],
           ["veth0:port", "veth0"], ["veth0:tag", "5"]], "link-get veth0")
    w.ctl("link-clear", "lab", "veth0:tag", "veth1:mtu")
    equal(w.port("veth0")["tag"], [], "tag")
    before = w.written()
    w.ctl("link-add", "--may-exist", "zero-ex", "patch", "br-ex:patch-to-0",
          "br0:patch-to-ex")
    equal(w.written(), before, "what is written")

    refused(w, "link-add", "lab", "veth", "a", "br0:b",
            text="it is in host.json already")
    refused(w, "link-add", "--may-exist", "lab", "veth", "br0:veth0", "b",
            text="has other ends")
    refused(w, "link-add", "l", "vxlan", "br0:a", "br-ex:b",
            text='is not "patch" or "veth"')
    refused(w, "link-add", "l", "patch", "br0:a", "b",
            text='missing key "bridge"')
    refused(w, "link-add", "l", "veth", "a", "b", text="at least one end")
    refused(w, "link-add", "l", "veth", "br0:", "b",
            text="not of the form BRIDGE:PORT")
    refused(w, "link-add", "l", "patch", "br0:a", "br-ex:veth1",
            text="also taken by")
    refused(w, "link-add", "l", "patch", "br0:a", text="at least 4 arg")
    refused(w, "link-set", "lab", "tag=5", text="PORT:KEY, where PORT is one "
            "of veth0 and veth1")
    refused(w, "link-set", "lab", "veth1:tag=5",
            text='not for an end without "bridge"')
    refused(w, "link-set", "zero-ex", "patch-to-0:mtu=1400",
            text="unknown key")
    refused(w, "link-set", "lab", "type=patch", text="delete it and add")
    refused(w, "link-clear", "lab", "veth0:tag", text="does not give it")
    refused(w, "link-get", "lab", "veth2:tag", text="veth0 and veth1")
    refused(w, "link-del", "lib", text="did you mean lab?")
    refused(w, "br-del", "br-ex", text="link:zero-ex is on it")
    w.ctl("link-del", "--if-exists", "lib")
    w.ctl("link-del", "lab", "--", "link-del", "zero-ex")
    equal((w.link("veth0"), w.link("veth1"), w.port("veth0"),
           w.port("patch-to-ex"), w.port("patch-to-0")), (None,) * 5,
          "what is left")


def test_layout(w):
    """Edits of host.json change only the bytes that must change."""
    text = """{ "version": 1, "policy": {"gc_grace": 1},
  "bridges": {
    "br0":   { "datapath_type": "netdev", "ports": { "p0": {"type":"internal"},
                                                     "p1": {"type":"internal"} } },
    "br1": {"datapath_type": "netdev"}
  } }
"""
    w.write("host.json", text)
    text = w.read("host.json")
    w.start_portd()
    w.ctl("port-set", "p1", "tag=3", "--", "port-del", "p0", "--",
          "br-set", "br1", "fail_mode=secure")
    equal(w.read("host.json"), text.replace(
        '"p0": {"type":"internal"},\n'
        + " " * 53 + '"p1": {"type":"internal"}',
        '"p1": {"type":"internal","tag":3}').replace(
            '"br1": {"datapath_type": "%s"}' % w.datapath,
            '"br1": {"datapath_type": "%s", "fail_mode": "secure"}'
            % w.datapath),
          "host.json")
    w.ctl("--dry-run", "br-del", "br1")
    equal(state(w, "bridge:br1"), "ready", "br1")


def test_over_files(w):
    """A chain over host.json and VMs is one edit, refused whole."""
    w.start_portd()
    w.ctl("br-add", "br0", "datapath_type=netdev", "--", "vm-add", "vm1",
          "--", "nic-add", "vm1/net0", "bridge=br0", "ifname=tap0",
          "mac=52:54:00:00:00:01", "--", "port-add", "br0", "p0",
          "type=internal")
    equal((state(w, "vm1/net0"), state(w, "port:br0/p0")),
          ("ready", "ready"), "states")
    refused(w, "port-set", "p0", "tag=5", "--", "retag", "vm1/net0", "5000",
            text="refused; no file was changed")
    refused(w, "retag", "vm1/net0", "50", "--", "port-set", "p0", "tag=x",
            text="refused; no file was changed")
    refused(w, "retag", "vm1/net0", "50", "--", "bond-add", "b", "br0", "p0",
            "p1", text='"p0" is also taken by')
    w.ctl("retag", "vm1/net0", "50", "--", "port-set", "p0", "tag=50")
    equal((w.port("tap0")["tag"], w.port("p0")["tag"]), (50, 50), "tags")
    # An object that fails elsewhere is no matter of this edit.
    w.expect_log(r"vm2/net0")
    w.ip("tuntap", "add", "dev", "tap9", "mode", "tap")
    w.write_vm("vm2", {"net0": nic(2, ifname="tap9")})
    w.wait_state("vm2/net0", "conflict")
    w.ctl("port-set", "p0", "tag=51")
    equal(w.port("p0")["tag"], 51, "tag")
    w.expect_log(r"host\.json")
    w.write("host.json", "{")
    refused(w, "br-add", "br1", text="host.json is invalid as it is; mend")
    refused(w, "br-get", "br0", text="host.json is invalid")


def test_confirmed(w):
    """A removal by hand is held; one by a command is meant, also without a
    wait, and concerns nothing else that is gone."""
    ports = {"p%d" % i: {"type": "internal"} for i in range(6)}
    host = {"bridges": {"br0": {"datapath_type": "netdev", "ports": ports}}}
    w.write_host(host)
    w.start_portd()
    w.wait_state(["port:br0/p%d" % i for i in range(6)])
    del ports["p0"]
    w.write_host(host)
    w.wait_state("port:br0/p0", "held")
    w.ctl("port-del", "p1")
    equal((state(w, "port:br0/p0"), state(w, "port:br0/p1")),
          ("held", None), "states")
    equal(w.ctl("--wait=none", "port-del", "p2").stderr, "", "stderr")
    w.wait_state("port:br0/p2", None)
    w.ctl("--wait=db", "port-del", "p3")
    w.wait_state("port:br0/p3", None)
    w.ctl("port-add", "br0", "p0", "type=internal")
    w.wait_state("port:br0/p0")

    # A daemon that is not there, or does not answer.
    w.portd.stop()
    result = w.ctl("port-del", "p4", exit=4)
    equal("gc-confirm port:br0/p4" in result.stderr, True, result.stderr)
    result = w.ctl("--wait=none", "port-del", "p5")
    equal("gc-confirm port:br0/p5" in result.stderr, True, result.stderr)
    w.start_portd()
    w.wait_state(["port:br0/p4", "port:br0/p5"], "held")
    w.ctl("gc-confirm", "port:br0/p4", "--", "gc-confirm", "port:br0/p5")
    w.wait_state(["port:br0/p4", "port:br0/p5"], None)
    w.expect_log(r"\|jsonrpc\|WARN\|unix#\d+: send error: Broken pipe")
    w.portd.signal(signal.SIGSTOP)
    result = w.ctl("--timeout=1", "port-del", "p0", exit=3)
    equal("gc-confirm port:br0/p0" in result.stderr, True, result.stderr)
    equal("may still learn of it" in result.stderr, True, result.stderr)
    result = w.ctl("--timeout=1", "gc-confirm", "port:br0/p9", exit=4)
    equal("may still do what was asked" in result.stderr, True,
          result.stderr)
    w.portd.signal(signal.SIGCONT)
    # The request was on its way all the same.
    w.wait_state("port:br0/p0", None)


def test_confirmed_while_ovsdb_is_away(w):
    """A removal that the daemon learns of while it sees no database."""
    w.expect_log(r"\|(reconnect|jsonrpc|stream_unix|ovsdb_cs|ovsdb_idl)\|",
                 r"(ovsdb-server|db\.sock)")
    w.write_host({"bridges": {"br0": {"datapath_type": "netdev", "ports": {
        "p0": {"type": "internal"}, "p1": {"type": "internal"}}}}})
    w.start_portd()
    w.wait_state(["port:br0/p0", "port:br0/p1"])
    w.ovsdb.kill()
    w.ctl("--wait=none", "port-del", "p0")
    w.ctl("--timeout=2", "port-del", "p1", exit=4)
    w.start_ovsdb()
    w.wait_state(["port:br0/p0", "port:br0/p1"], None, timeout=60)
    equal((w.port("p0"), w.port("p1")), (None, None), "rows")


def test_confirmed_nics(w):
    """vm-del of the last VM, and of more NICs than the fuse lets go, is done
    at once; a removal by hand is not, and other NICs stay out of it."""
    w.write_host(gc_grace=60)
    for vm in range(3):
        w.write_vm("vm%d" % vm, {
            "net%d" % i: nic(10 * vm + i, ifname="tap%d%d" % (vm, i))
            for i in range(6)})
    w.start_portd()
    w.wait_state(["vm%d/net%d" % (vm, i)
                  for vm in range(3) for i in range(6)])
    w.remove("vms.d/vm0.json")
    w.wait_state("vm0/net0", "held")
    w.ctl("vm-del", "vm1")
    equal([o for o in w.objects() if o.startswith("vm1/")], [], "of vm1")
    w.ctl("nic-del", "vm2/net0")
    equal(w.link("tap20"), None, "tap20")
    w.ctl("vm-del", "vm2")
    equal([o for o in w.objects() if o.startswith("vm2/")], [], "of vm2")
    equal({state(w, "vm0/net%d" % i) for i in range(6)}, {"held"}, "of vm0")
    w.ctl("gc-confirm")
    wait(lambda: not w.objects().get("vm0/net0"), "vm0 is gone")


def test_removed_is_wanted_again(w):
    """A removal that a later edit takes back does not count any more."""
    w.write_host({"bridges": {"br0": {"datapath_type": "netdev", "ports": {
        "p0": {"type": "internal"}}}}})
    w.start_portd()
    w.wait_state("port:br0/p0")
    before = w.port("p0")
    w.ctl("port-del", "p0", "--", "port-add", "br0", "p0", "type=internal")
    equal(w.port("p0"), before, "p0's row")
    w.portd.signal(signal.SIGSTOP)
    w.expect_log(r"\|jsonrpc\|WARN\|unix#\d+: send error: Broken pipe")
    w.ctl("--timeout=1", "port-del", "p0", exit=3)
    w.ctl("--timeout=1", "port-add", "br0", "p0", "type=internal", exit=3)
    w.portd.signal(signal.SIGCONT)
    w.ctl("sync")
    equal(w.port("p0"), before, "p0's row")
    w.write_host({"bridges": {"br0": {"datapath_type": "netdev"}}})
    w.wait_state("port:br0/p0", "held")


@options(timeout=180)
def test_removed_at_the_same_time(w):
    """Removals by many at once, of which the daemon sees only the last
    version of the files: each is confirmed all the same."""
    ports = {"p%d" % i: {"type": "internal"} for i in range(8)}
    w.write_host({"bridges": {"br0": {"datapath_type": "netdev",
                                      "ports": ports}}}, gc_grace=600)
    for vm in range(8):
        w.write_vm("vm%d" % vm, {
            "net%d" % i: nic(10 * vm + i, ifname="tap%d%d" % (vm, i))
            for i in range(2)})
    w.start_portd()
    w.wait_state(["port:br0/p%d" % i for i in range(8)]
                 + ["vm%d/net%d" % (vm, i)
                    for vm in range(8) for i in range(2)])
    runs = []
    for i in range(8):
        for args in ["port-del", "p%d" % i], ["vm-del", "vm%d" % i]:
            runs.append((args, subprocess.Popen(
                ["ovs-portctl", "--spec-dir=" + w.spec, patience(60),
                 *args], env=w.env, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)))
    for args, run in runs:
        output = run.communicate(timeout=90 * frames.slowness)[0].decode()
        equal((run.returncode, output), (0, ""), " ".join(args))
    equal(sorted(w.objects()), ["bridge:br0"], "objects")


def test_removed_but_not_yet(w):
    """What must not go yet goes by itself later, with no word more: a bridge
    with a stranger's port, a TAP that a guest holds."""
    w.write_host(gc_grace=600)
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", queues=2),
                       "net1": nic(2, ifname="tap1")})
    w.start_portd()
    w.wait_state(["vm1/net0", "vm1/net1"])
    guest = w.open("vm1/net0")
    wait(lambda: w.objects()["vm1/net0"]["attached"] == 2, "attached")
    result = w.ctl("--timeout=2", "vm-del", "vm1", exit=3)
    equal("vm1/net0: in-use" in result.stderr, True, result.stderr)
    equal((w.link("tap0") is None, w.link("tap1")), (False, None), "TAPs")
    guest.close()
    w.wait_state("vm1/net0", None)
    equal(w.link("tap0"), None, "tap0")

    w.vsctl("add-port", "br0", "x0", "--", "set", "Interface", "x0",
            "type=internal")
    result = w.ctl("--timeout=2", "br-del", "br0", exit=3)
    equal("bridge br0 still carries port x0" in result.stderr, True,
          result.stderr)
    equal(w.port("x0") is None, False, "x0")
    w.vsctl("del-port", "x0")
    w.wait_state("bridge:br0", None)
    equal(w.bridge("br0"), None, "br0")


def test_rows_of_objects(w):
    """Mirrors, controllers and QoS are set as JSON or key by key, and become
    rows; what is wrong in them is the parser's to say."""
    w.write_host()
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0")})
    w.start_portd()
    w.wait_state("vm1/net0")
    w.ctl("port-add", "br0", "span0", "type=internal", "--", "br-set", "br0",
          'mirrors:m0={"select_all": true, "output_port": "span0"}',
          'controllers=[{"target": "ptcp:0:127.0.0.1"}]', "--",
          "nic-set", "vm1/net0", "qos:type=linux-htb", "qos:max_rate=1Gbit",
          "ingress_policing_rate=100Mbit")
    equal(w.vsctl("--bare", "--columns=name", "list", "Mirror").strip(),
          "m0", "mirrors")
    equal(w.vsctl("get-controller", "br0").strip(), "ptcp:0:127.0.0.1",
          "controllers")
    equal(w.iface("tap0")["ingress_policing_rate"], 100000, "policing")
    equal(w.ctl("br-get", "br0", "mirrors:m0:output_port").stdout, "span0\n",
          "br-get")
    w.ctl("br-set", "br0", "mirrors:m0:select_vlan=[5]",
          "controllers:0:max_backoff=8000")
    equal((w.vsctl("get", "Mirror", "m0", "select_vlan").strip(),
           w.vsctl("--bare", "--columns=max_backoff", "list",
                   "Controller").strip()), ("[5]", "8000"), "rows")
    refused(w, "br-set", "br0", "mirrors:m0:select_al=true",
            text="/bridges/br0/mirrors/m0/select_al: unknown key")
    refused(w, "br-set", "br0", 'mirrors:m1={"select_al": true}',
            text="/bridges/br0/mirrors/m1/select_al: unknown key")
    refused(w, "nic-set", "vm1/net0", "qos:max_rate=much",
            text="/nics/net0/qos/max_rate")
    refused(w, "nic-set", "vm1/net0", "ingress_policing_rate=much",
            text="ingress_policing_rate")
    w.ctl("br-clear", "br0", "mirrors:m0:select_vlan", "--",
          "br-clear", "br0", "mirrors:m0", "controllers", "--",
          "nic-clear", "vm1/net0", "qos", "ingress_policing_rate", "--",
          "port-del", "span0")
    equal((w.vsctl("--bare", "--columns=name", "list", "Mirror").strip(),
           w.vsctl("get-controller", "br0").strip()), ("", ""), "what is left")
