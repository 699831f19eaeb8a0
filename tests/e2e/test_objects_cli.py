# SPDX-License-Identifier: Apache-2.0
"""ovs-portctl's commands that add, change, hold, hand out and explain NICs,
each against the daemon, its bad input included."""

import fcntl
import json
import os
import shutil
import signal
import struct
import time

from harness import Failure, equal, nic, options, wait

VM = """{ "version": 1,
  "nics": {
    "net0": { "bridge": "br0", "mac": "52:54:00:00:00:01", "ifname": "tap0",
              "tag": 10 },
    "net1": { "bridge": "br0", "mac": "52:54:00:00:00:02", "ifname": "tap1",
              "tag": 10 } } }
"""


def world(w):
    w.write_host()
    w.write("vms.d/vm1.json", VM)
    w.start_portd()
    w.wait_state(["vm1/net0", "vm1/net1"])


def spec(w, name="vms.d/vm1.json"):
    return json.loads(w.read(name))


def refused(w, *args, text, code=1):
    """The command ends with 'code', says 'text' and changes no file."""
    before = {n: w.read("vms.d/" + n) for n in os.listdir(w.path("vms.d"))}
    result = w.ctl(*args, exit=code)
    if text not in result.stderr:
        raise Failure("%r is not in what %r says: %r"
                      % (text, args, result.stderr))
    equal({n: w.read("vms.d/" + n) for n in os.listdir(w.path("vms.d"))},
          before, "files after %r" % (args,))


@options(asan=True)
def test_quarantine(w):
    """quarantine returns when the TAP is admin-down and stays so over a
    restart; release undoes it to the byte; a VM is all of its NICs."""
    world(w)
    w.ctl("quarantine", "vm1/net0")
    equal((w.is_up("tap0"), w.is_up("tap1")), (False, True), "up")
    equal(w.port("tap0")["tag"], 10, "tag")
    equal(w.objects()["vm1/net0"]["state"], "quarantined", "state")
    w.ctl("quarantine", "vm1/net0")
    w.portd.stop()
    w.start_portd()
    w.wait_state("vm1/net0", "quarantined")
    equal(w.is_up("tap0"), False, "up")
    w.ctl("release", "vm1/net0")
    equal(w.is_up("tap0"), True, "up")
    equal(w.read("vms.d/vm1.json"), VM, "vm1.json")

    w.ctl("quarantine", "vm1")
    equal((w.is_up("tap0"), w.is_up("tap1")), (False, False), "up")
    w.ctl("release", "vm1", "--", "retag", "vm1/net1", "11")
    equal((w.is_up("tap0"), w.is_up("tap1")), (True, True), "up")
    equal(w.read("vms.d/vm1.json"),
          VM[:-20] + VM[-20:].replace("10", "11"), "vm1.json")
    refused(w, "quarantine", "vm2", text='did you mean vm1?')
    refused(w, "release", "vm1/net7", text='has no NIC "net7"')
    refused(w, "quarantine", "vm1/", text="not of the form VM/NIC")
    refused(w, "quarantine", text="at least 1 arg")


def test_quarantine_defaults(w):
    """Where the defaults hold all NICs, release says false in the file."""
    w.write_host({"bridges": {"br0": {"datapath_type": "netdev"}},
                  "defaults": {"nic": {"quarantined": True}}})
    w.write("vms.d/vm1.json", VM)
    w.start_portd()
    w.wait_state(["vm1/net0", "vm1/net1"], "quarantined")
    w.ctl("release", "vm1/net0")
    equal((w.is_up("tap0"), w.is_up("tap1")), (True, False), "up")
    equal(spec(w)["nics"]["net0"]["quarantined"], False, "the key")


@options(asan=True)
def test_pause(w):
    """A paused NIC is not touched; what has come in the meantime happens at
    resume."""
    world(w)
    w.ctl("pause", "vm1")
    equal({o: s["state"] for o, s in w.objects().items() if "/" in o},
          {"vm1/net0": "paused", "vm1/net1": "paused"}, "states")
    w.ctl("retag", "vm1/net0", "20")
    time.sleep(0.5)
    equal(w.port("tap0")["tag"], 10, "tag")
    w.ctl("resume", "vm1")
    equal(w.port("tap0")["tag"], 20, "tag")
    equal(w.read("vms.d/vm1.json"), VM.replace("10", "20", 1), "vm1.json")

    # What is to be cut off at once must not look as if it were.
    w.ctl("pause", "vm1/net0")
    for args in ["quarantine", "vm1/net0"], ["--wait=none", "quarantine",
                                             "vm1"]:
        said = w.ctl(*args, exit=2).stderr
        equal('"ovs-portctl resume vm1/net0"' in said, True, said)
        equal("vm1/net1: is paused" in said, False, said)
        equal(w.is_up("tap0"), True, "up")
    w.ctl("quarantine", "vm1", "--", "resume", "vm1/net0")
    equal((w.is_up("tap0"), w.is_up("tap1")), (False, False), "up")
    w.ctl("release", "vm1")
    refused(w, "pause", "vm9", text="there is no VM")
    refused(w, "resume", "vm1/nope", text="has no NIC")


@options(asan=True)
def test_set_get_clear(w):
    """nic-set takes values by the type of the key, nic-get says them so that
    nic-set takes them, nic-clear undoes to the byte."""
    world(w)
    w.ctl("nic-set", "vm1/net0", "mtu=9000", "external_ids:team=red",
          "external_ids:rack=7", "bridge=br0")
    equal(w.link("tap0")["mtu"], 9000, "MTU")
    ids = w.iface("tap0")["external_ids"]
    equal((ids["team"], ids["rack"]), ("red", "7"), "external_ids")
    equal(w.ctl("nic-get", "vm1/net0", "mtu").stdout, "9000\n", "mtu")
    equal(w.ctl("nic-get", "vm1/net0", "external_ids:team").stdout, "red\n",
          "team")
    table = json.loads(w.ctl("-f", "json", "nic-get", "vm1/net0").stdout)
    equal(dict(table["data"]), {
        "bridge": "br0", "mac": "52:54:00:00:00:01", "ifname": "tap0",
        "tag": "10", "mtu": "9000", "external_ids:team": "red",
        "external_ids:rack": "7"}, "all keys")
    table = json.loads(w.ctl("-f", "json", "nic-get", "vm1/net0",
                             "external_ids").stdout)
    equal(sorted(table["data"]), [["external_ids:rack", "7"],
                                  ["external_ids:team", "red"]], "the map")
    w.ctl("nic-clear", "vm1/net0", "mtu", "external_ids")
    equal(w.link("tap0")["mtu"], 1500, "MTU")
    equal("team" in w.iface("tap0")["external_ids"], False, "team")
    equal(w.read("vms.d/vm1.json"), VM, "vm1.json")

    w.ctl("nic-set", "vm1/net1", "vlan_mode=native-untagged",
          "trunks=20,30-32")
    equal(w.port("tap1")["trunks"], [20, 30, 31, 32], "trunks")
    equal(w.ctl("nic-get", "vm1/net1", "trunks").stdout, "20,30,31,32\n",
          "trunks")
    w.ctl("nic-set", "vm1/net0", "queues=4")
    w.wait_state("vm1/net0")
    equal(w.tun("tap0")["multi_queue"], True, "multi_queue")

    for args, text in (
            (["mtuu=1"], 'did you mean "mtu"'), (["mtu=big"], "not an int"),
            (["mtu=70000"], "70000 is not in 68..65535"),
            (["paused=yes"], "neither true nor false"),
            (["external_ids=x"], "one by one"), (["mtu"], "KEY=VALUE"),
            (["external_ids:vm-id=x"], "is written from"),
            (["mtu=9000", "tag=5000"], "5000 is not in 0..4095"),
            (["trunks=1,x"], "not a list of VLANs"),
            (["vlan_mode=acces"], "is not one of")):
        refused(w, "nic-set", "vm1/net0", *args, text=text)
    refused(w, "nic-set", "vm1/net0", "a=1", "b=2", text="b: unknown key")
    refused(w, "nic-set", "vm1", "mtu=1400", text="not of the form VM/NIC")
    refused(w, "nic-set", "vm1/net0", text="at least 2 arg")
    refused(w, "nic-clear", "vm1/net0", "mtu", text="does not give it")
    refused(w, "nic-clear", "vm1/net0", "mac", text='missing key "mac"')
    refused(w, "nic-clear", "--if-exists", "vm1/net0", "mtuu",
            text="unknown key")
    w.ctl("nic-clear", "--if-exists", "vm1/net0", "mtu")
    refused(w, "nic-get", "vm1/net0", "mtu", text="does not give it")
    refused(w, "nic-get", "vm1/net0", "mtuu", text="did you mean")
    refused(w, "nic-get", "vm1/net9", text="there is no such NIC")
    refused(w, "nic-get", "vm9/net0", text="there is no VM")
    for words in (["nic-get", "vm1/net0", "mtu"], ["nic-get", "vm1/net9"],
                  ["nic-get", "vm9/net0", "tag"], ["vm-get", "vm9"],
                  ["br-get", "br9"], ["port-get", "br9/p0", "tag"],
                  ["port-get", "p0"], ["bond-get", "bond9"],
                  ["link-get", "lab"]):
        result = w.ctl(words[0], "--if-exists", *words[1:])
        equal((result.stdout, result.stderr), ("", ""),
              "what %r says" % words)
    refused(w, "nic-get", "--if-exists", "vm1", text="VM/NIC")


@options(asan=True)
def test_vm_keys(w):
    """vm-set, vm-get and vm-clear: the same for what is a VM's own."""
    world(w)
    before = w.read("vms.d/vm1.json")
    uuid = "0f0e0d0c-0b0a-4908-8706-050403020100"
    equal(w.ctl("vm-get", "vm1").stdout.split(), ["KEY", "VALUE"], "nothing")
    w.ctl("vm-set", "vm1", "uuid=" + uuid)
    equal(w.iface("tap0")["external_ids"]["vm-uuid"], uuid, "vm-uuid")
    equal(w.ctl("vm-get", "vm1", "uuid").stdout, uuid + "\n", "uuid")
    table = json.loads(w.ctl("-f", "json", "vm-get", "vm1").stdout)
    equal(table["data"], [["uuid", uuid]], "all keys")
    w.ctl("vm-clear", "vm1", "uuid")
    equal("vm-uuid" in w.iface("tap0")["external_ids"], False, "vm-uuid")
    equal(w.read("vms.d/vm1.json"), before, "vm1.json")
    w.ctl("vm-clear", "--if-exists", "vm1", "uuid")
    equal(w.ctl("vm-get", "--if-exists", "vm1", "uuid").stdout, "", "uuid")

    for args, text in (
            (["vm1", "uuid=1"], "uuid"), (["vm1", "uuid"], "KEY=VALUE"),
            (["vm1", "uid=1"], 'did you mean "uuid"'),
            (["vm1", "uuid:a=1"], "no map"),
            (["vm1", "nics={}"], "nic-add"),
            (["vm1", "nics:net0:tag=1"], "nic-set"),
            (["vm1", "version=2"], "stays as it is"),
            (["vm9", "uuid=" + uuid], "there is no VM"),
            (["vm1/net0", "uuid=" + uuid], "nic-set"),
            (["vm1"], "at least 2 arg"),
            (["vm1", "uuid=" + uuid, "a=1", "b=2"], "b: unknown key")):
        refused(w, "vm-set", *args, text=text)
    refused(w, "vm-clear", "vm1", "uuid", text="does not give it")
    refused(w, "vm-clear", "vm1", "nics", text="nic-del")
    refused(w, "vm-clear", "vm1", "version", text="stays as it is")
    refused(w, "vm-clear", "vm1/net0", "mtu", text="nic-clear")
    refused(w, "vm-get", "vm1", "uuid", text="does not give it")
    refused(w, "vm-get", "vm1", "uid", text="did you mean")
    refused(w, "vm-get", "vm9", text="there is no VM")
    refused(w, "vm-get", "vm1/net0", text="there is no VM")


@options(asan=True)
def test_add_del(w):
    """A VM is added with its NICs in one chain, and goes again."""
    w.expect_log(r"vm4\.json")
    world(w)
    w.ctl("vm-add", "vm2", "uuid=0f0e0d0c-0b0a-4908-8706-050403020100", "--",
          "nic-add", "vm2/net0", "mac=52:54:00:00:00:03", "bridge=br0",
          "ifname=tap2", "tag=30", "external_ids:team=red", "--",
          "nic-add", "vm2/net1", "mac=52:54:00:00:00:04", "bridge=br0",
          "queues=2")
    equal(w.read("vms.d/vm2.json"), """{
  "version": 1,
  "uuid": "0f0e0d0c-0b0a-4908-8706-050403020100",
  "nics": {
    "net0": {
      "mac": "52:54:00:00:00:03",
      "bridge": "br0",
      "ifname": "tap2",
      "tag": 30,
      "external_ids": {
        "team": "red"
      }
    },
    "net1": {
      "mac": "52:54:00:00:00:04",
      "bridge": "br0",
      "queues": 2
    }
  }
}
""", "vm2.json")
    equal(w.objects()["vm2/net0"]["state"], "ready", "state")
    equal(w.objects()["vm2/net1"]["state"], "ready", "state")
    equal(w.port("tap2")["tag"], 30, "tag")
    before = w.written()
    w.ctl("vm-add", "--may-exist", "vm2", "--", "nic-add", "--may-exist",
          "vm2/net0", "mac=52:54:00:00:00:03", "tag=30")
    equal(w.written(), before, "what is written")
    w.ctl("nic-add", "--may-exist", "vm2/net0", "tag=31")
    equal(w.port("tap2")["tag"], 31, "tag")

    refused(w, "vm-add", "vm2", text="there is such a VM already")
    refused(w, "vm-add", "a b", text="is not a name")
    refused(w, "vm-add", ".vm", text="begins with a dot")
    refused(w, "vm-add", "vm3", "uuid=1", text="uuid")
    refused(w, "vm-add", "vm3", "name=1", text="no such key")
    refused(w, "vm-add", "vm3", "--", "nic-add", "vm3/net0",
            text="mac=MAC is needed")
    refused(w, "nic-add", "vm1/net0", "mac=52:54:00:00:00:09",
            text="such a NIC already")
    refused(w, "nic-add", "vm9/net0", "mac=52:54:00:00:00:09",
            text="there is no VM")
    refused(w, "nic-add", "vm1/n t", "mac=52:54:00:00:00:09",
            text="is not a name")
    refused(w, "nic-add", "vm1/net5", "mac=zz", text="/nics/net5/mac")
    refused(w, "nic-add", "vm1/net5", "mac=52:54:00:00:00:09",
            text='missing key "bridge"')
    refused(w, "nic-del", "vm2/net9", text='has no NIC "net9"')
    refused(w, "nic-del", "vm9/net0", text="there is no VM")
    refused(w, "vm-del", "vm9", text="there is no VM")
    w.ctl("nic-del", "--if-exists", "vm2/net9", "--",
          "nic-del", "--if-exists", "vm9/net0", "--",
          "vm-del", "--if-exists", "vm9")

    w.ctl("nic-del", "vm2/net0")
    equal((w.link("tap2"), w.port("tap2")), (None, None), "what is left")
    w.ctl("vm-del", "vm2")
    equal(os.path.exists(w.path("vms.d/vm2.json")), False, "vm2.json")
    equal([o for o in w.objects() if o.startswith("vm2/")], [], "objects")
    # One that is invalid can go, too.
    w.write("vms.d/vm4.json", "{")
    refused(w, "nic-add", "vm4/net0", "mac=52:54:00:00:00:09",
            text="mend it first")
    w.ctl("vm-del", "vm4")
    equal(w.read("vms.d/vm1.json"), VM, "vm1.json")


def test_retag_all(w):
    """retag-all finds tags over all files, those of the defaults included,
    as one edit and one transaction."""
    w.expect_log(r"bad\.json")
    w.write_host({"bridges": {"br0": {"datapath_type": "netdev"},
                              "br1": {"datapath_type": "netdev"}},
                  "defaults": {"nic": {"tag": 10}}})
    w.write_vm("web1", {"a": nic(1, ifname="tap1", tag=10),
                        "b": nic(2, ifname="tap2", tag=11)})
    w.write_vm("web2", {"a": dict(nic(3, ifname="tap3", tag=10),
                                  bridge="br1")})
    w.write_vm("db", {"a": nic(4, ifname="tap4")})
    w.start_portd()
    w.wait_state(["web1/a", "web1/b", "web2/a", "db/a"])

    def tags():
        return [w.port("tap%d" % i)["tag"] for i in (1, 2, 3, 4)]
    w.ctl("retag-all", "--from", "10", "--to", "20", "--vm", "web*",
          "--bridge=br0")
    equal(tags(), [20, 11, 10, 10], "tags")
    before = w.wait_idle()[0]
    w.ctl("show", "--", "retag-all", "--from", "10", "--to=30")
    equal(tags(), [20, 11, 30, 30], "tags")
    equal(w.wait_idle()[0] - before, 1, "transactions for two files")
    equal(spec(w, "vms.d/db.json")["nics"]["a"]["tag"], 30, "db's tag")
    result = w.ctl("retag-all", "--from=10", "--to=30")
    equal("no NIC has tag 10" in result.stderr, True, result.stderr)
    refused(w, "retag-all", "--from=10", text="--to=TAG is needed")
    refused(w, "retag-all", "--from=x", "--to=1", text="is not a VLAN")
    refused(w, "retag-all", "--from=20", "--to=5000", text="is not a VLAN")
    # A file that is invalid stops all, unless it is left out.
    w.write("vms.d/bad.json", "{")
    refused(w, "retag-all", "--from=20", "--to=21", text="mend it first")
    w.ctl("retag-all", "--from=20", "--to=21", "--vm=web?")
    equal(tags(), [21, 11, 30, 30], "tags")


@options(asan=True)
def test_guests(w):
    """qemu-args and libvirt-xml say what fits the TAP, with and without a
    database."""
    w.write_host({"bridges": {"br0": {"datapath_type": "netdev"},
                              "br1": {"managed": False}}})
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", queues=4),
                       "net1": dict(nic(2, ifname="tap1"), bridge="br1"),
                       "0": nic(3, ifname="tap2")})
    w.vsctl("add-br", "br1", "--", "set", "Bridge", "br1",
            "datapath_type=netdev")
    w.start_portd()
    w.wait_state(["vm1/net0", "vm1/net1"])
    # What the userspace datapath cannot forward.
    off = (",csum=off,gso=off,guest_csum=off,guest_tso4=off,guest_tso6=off,"
           "guest_ufo=off" if w.datapath == "netdev" else "")
    refused(w, "qemu-args", "vm1", text="does not begin with a letter")
    w.ctl("nic-del", "vm1/0")
    net0 = ["-netdev", "tap,id=net0,ifname=tap0,script=no,downscript=no,"
            "queues=4,vhost=off", "-device", "virtio-net-pci,netdev=net0,"
            "mac=52:54:00:00:00:01,mq=on,vectors=10" + off]
    net1 = ["-netdev", "tap,id=net1,ifname=tap1,script=no,downscript=no,"
            "vhost=off", "-device", "virtio-net-pci,netdev=net1,"
            "mac=52:54:00:00:00:02" + off]
    result = w.ctl("--live", "--vhost=off", "qemu-args", "vm1")
    equal(result.stdout.splitlines(), [" ".join(net0), " ".join(net1)],
          "a line for each NIC")
    equal(result.stderr, "", "stderr")
    equal(w.ctl("-f", "list", "--vhost=off", "qemu-args", "vm1").stdout
          .splitlines(), net0 + net1, "a line for each argument")
    equal(json.loads(w.ctl("-f", "json", "qemu-args", "vm1",
                           "--vhost=off").stdout), [net0, net1], "JSON")
    text = w.ctl("libvirt-xml", "vm1/net0", "--vhost=off").stdout
    for part in ("<interface type='ethernet'>", "managed='no'",
                 "<mac address='52:54:00:00:00:01'/>", "dev='tap0'",
                 "name='qemu' queues='4'"):
        equal(part in text, True, "%s in %s" % (part, text))
    equal("<host csum='off'" in text, w.datapath == "netdev", text)
    equal(w.ctl("libvirt-xml", "vm1").stdout.count("</interface>"), 2,
          "interfaces of the VM")
    if not os.path.exists("/dev/vhost-net"):
        refused(w, "qemu-args", "vm1", "--vhost=on", text="QEMU aborts")
        equal("vhost=off" in w.ctl("qemu-args", "vm1").stdout, True, "vhost")

    guest = w.open("vm1/net0")
    wait(lambda: w.objects()["vm1/net0"]["attached"] == 4, "attached")
    refused(w, "--live", "qemu-args", "vm1", text="is open already")
    refused(w, "--live", "libvirt-xml", "vm1/net0", text="is open already")
    guest.close()
    refused(w, "qemu-args", "vm9", text="there is no VM")
    refused(w, "qemu-args", "vm1/net9", text="there is no such NIC")
    refused(w, "libvirt-xml", "vm1/net9", text="there is no such NIC")
    refused(w, "qemu-args", "vm1", "--vhost=maybe", text="neither on nor off")
    refused(w, "-f", "csv", "qemu-args", "vm1", text="list")
    refused(w, "-f", "json", "libvirt-xml", "vm1", text="XML")
    refused(w, "--db=unix:/nonexistent", "--live", "qemu-args", "vm1",
            text="is not there", code=4)
    result = w.ctl("--db=unix:/nonexistent", "--vhost=off", "qemu-args",
                   "vm1")
    equal(result.stdout.splitlines(),
          [" ".join(net0), " ".join(net1).removesuffix(off)], "without a database")
    equal("br1 is not known" in result.stderr, True, result.stderr)


def test_br_list(w):
    """br-list has the bridges that are described and those that are used."""
    w.write_host({"bridges": {"br0": {"datapath_type": "netdev"},
                              "br1": {}}})
    w.write_vm("vm1", {"a": nic(1), "b": dict(nic(2), bridge="br9")})
    table = json.loads(w.ctl("-f", "json", "br-list").stdout)
    equal(table["data"], [["br0", "true", w.datapath, 1, 0],
                          ["br1", "true", "system", 0, 0],
                          ["br9", "false", "-", 1, 0]], "bridges")


@options(asan=True, timeout=180)
def test_explain(w):
    """Each link is broken in turn, and explain names it, with and without
    the daemon."""
    w.expect_log(r"tap0")
    w.write_host()
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", queues=2, tag=10)})

    def explain(name, *words):
        explained(w, name, *words)
    explain("bridge", "there is no bridge br0", "start ovs-portd")
    w.start_portd()
    w.wait_state("vm1/net0")
    explain("queues", "0 of 2 attached", "qemu-args vm1")
    guest = w.open("vm1/net0")
    wait(lambda: w.objects()["vm1/net0"]["attached"] == 2, "attached")
    explain(None, "2 of 2 attached", "OpenFlow port", "noqueue")
    table = json.loads(w.ctl("-f", "json", "explain", "vm1/net0").stdout)
    equal(table["headings"], ["link", "state", "text", "remedy"], "headings")
    equal({row[1] for row in table["data"]}, {"ok"}, "states")

    w.ctl("quarantine", "vm1/net0")
    explain("tap", "quarantined", "release vm1/net0")
    w.ctl("release", "vm1/net0")
    w.ctl("pause", "vm1/net0")
    explain(None, "paused")
    w.vsctl("set", "Port", "tap0", "tag=77")
    explain("port", "tag 77 -> 10", "resume vm1/net0")
    w.ctl("resume", "vm1/net0")
    explain(None)

    w.portd.stop()
    explain(None)
    w.vsctl("set", "Interface", "tap0", "external_ids:attached-mac=x")
    explain("interface", "attached-mac", "start ovs-portd")
    w.vsctl("set", "Interface", "tap0",
            'external_ids:attached-mac="52:54:00:00:00:01"')
    w.ip("link", "set", "tap0", "down")
    explain("tap", "up false -> true", "start ovs-portd")
    w.ip("link", "set", "tap0", "up")
    w.run("tc", "qdisc", "replace", "dev", "tap0", "root", "pfifo")
    explain("qdisc", "pfifo")
    w.run("tc", "qdisc", "replace", "dev", "tap0", "root", "noqueue")
    explain(None)
    w.vswitchd.signal(signal.SIGSTOP)
    explain("vswitchd", "does not answer")
    w.vswitchd.signal(signal.SIGCONT)
    guest.close()
    w.run("ip", "link", "del", "tap0")
    if w.datapath == "system":  # The kernel has told ovs-vswitchd.
        wait(lambda: w.iface("tap0")["error"], "OVS's error")
        explain("ofport", "No such device", "start ovs-portd")
    else:
        explain("tap", "there is no device tap0", "start ovs-portd")
    w.vsctl("del-port", "tap0")
    explain("port", "start ovs-portd")

    w.write_vm("vm2", {"net0": nic(2, ifname="tap0")})
    explain("model", "wanted by vm2/net0", "the file of the other")
    w.remove("vms.d/vm2.json")
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", owner="nosuchuser")})
    explain("model", '"nosuchuser"', "what it names on this host")
    w.write("vms.d/vm1.json", "{")
    explain("file", "mend vms.d/vm1.json")
    refused(w, "explain", "vm1", text="not of the form VM/NIC")
    refused(w, "explain", "vm7/net0", text='there is no NIC "vm7/net0"')
    refused(w, "--db=unix:/nonexistent", "explain", "vm1/net0",
            text="is not there", code=4)


def explained(w, name, *words, nic_id="vm1/net0"):
    """explain names link 'name' (None: none) as the first broken one, with a
    remedy, and says 'words'.  Returns all that it says."""
    result = w.ctl("explain", nic_id, exit=1 if name else 0)
    lines = result.stdout.splitlines()
    found = [s for s in lines if s.startswith("First broken link: ")]
    equal([s.split(": ")[1] for s in found], [name] if name else [],
          "broken link in %s" % result.stdout)
    equal(sum(s.startswith("Remedy: ") and len(s) > 12 for s in lines),
          1 if name else 0, "remedies in %s" % result.stdout)
    for word in words:
        equal(word in result.stdout, True,
              "%r in %s" % (word, result.stdout))
    return result.stdout


TUNSETOWNER = 0x400454cc
TUNSETCARRIER = 0x400454e2


@options(timeout=180)
def test_explain_guest(w):
    """Links that the test above leaves whole: what the daemon has loaded,
    users, OVS's own error, owner, carrier, and OVN's word."""
    w.expect_log(r"tap0", r"vm1")
    w.write_host({"bridges": {"br0": {"datapath_type": "netdev"}}})
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", queues=2,
                                   iface_id="lp1")})
    old = os.path.join(w.dir, "old")
    shutil.copytree(w.spec, old)
    w.start_portd()
    w.wait_state("vm1/net0")
    guest = w.open("vm1/net0")
    wait(lambda: w.objects()["vm1/net0"]["attached"] == 2, "attached")
    explained(w, None, "ovs-portd has this version")

    # The guest's side.
    for fd in guest.fds:
        fcntl.ioctl(fd, TUNSETCARRIER, struct.pack("i", 0))
    explained(w, "carrier", "set the link up in the hypervisor")
    for fd in guest.fds:
        fcntl.ioctl(fd, TUNSETCARRIER, struct.pack("i", 1))
    explained(w, None)

    # OVN has not claimed it, and has.
    w.vsctl("set", "Open_vSwitch", ".", "external_ids:ovn-bridge=br0",
            "external_ids:ovn-remote=unix:/nonexistent")
    explained(w, "ovn", "lp1", "logical port")
    w.vsctl("set", "Interface", "tap0", "external_ids:ovn-installed=true")
    explained(w, None, "ovn-controller has installed")
    w.vsctl("remove", "Open_vSwitch", ".", "external_ids", "ovn-bridge", "--",
            "remove", "Open_vSwitch", ".", "external_ids", "ovn-remote")

    # A wrong owner, which the daemon would mend once the guest is gone.
    w.portd.stop()
    explained(w, None, "ovs-portd is not running")
    fcntl.ioctl(guest.fds[0], TUNSETOWNER, 4242)
    explained(w, "owner", "4242", "start ovs-portd")
    w.start_portd()
    guest.close()
    w.wait_state("vm1/net0")
    guest = w.open("vm1/net0")
    explained(w, None)
    guest.close()

    # A user that does not exist.
    w.ctl("nic-set", "vm1/net0", "owner=nobody-of-that-name", exit=2)
    explained(w, "model", "nobody-of-that-name", "mend vms.d/vm1.json")
    w.ctl("nic-clear", "vm1/net0", "owner")

    # The daemon serves another directory.
    w.portd.stop()
    w.start_portd(spec=old)
    w.wait_state("vm1/net0")
    w.ctl("--wait=none", "retag", "vm1/net0", "7")
    explained(w, "loaded", "not this version", "--spec-dir")
    w.portd.stop()

    # Its device is gone, and ovs-vswitchd says so.
    w.ctl("--wait=none", "nic-clear-vlan", "vm1/net0")
    w.vswitchd.kill()
    w.ip("link", "del", "tap0")
    explained(w, "vswitchd", "start ovs-vswitchd")
    w.start_vswitchd()
    wait(lambda: w.iface("tap0")["error"], "OVS's error")
    explained(w, "ofport", "No such device", "start ovs-portd")
    # A stranger has the name: for what can be no NIC's port, or for a TAP.
    w.vsctl("del-port", "tap0", "--", "add-port", "br0", "tap0", "--",
            "set", "Interface", "tap0", "type=internal")
    text = explained(w, "port", "remove it", "ifname=NAME")
    equal("ovs-portctl adopt" in text, False, text)
    w.vsctl("del-port", "tap0")
    w.ip("tuntap", "add", "dev", "tap0", "mode", "tap", "multi_queue")
    w.vsctl("add-port", "br0", "tap0")
    explained(w, "port", "adopt vm1/net0", "ifname=NAME")


COMPLETION = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..",
                          "..", "src", "cli", "completion", "ovs-portctl")


def completions(w, *words):
    """What bash offers for the last of 'words'."""
    words = ("ovs-portctl", "--spec-dir", "=", w.spec) + words
    script = ("source '%s'; COMP_WORDS=(%s); COMP_CWORD=%d; _ovs_portctl;"
              " printf '%%s\\n' \"${COMPREPLY[@]}\"" % (
                  COMPLETION, " ".join("'%s'" % x for x in words),
                  len(words) - 1))
    return w.run("bash", "-c", script).stdout.split()


@options(ovs=False)
def test_completion(w):
    """bash completes commands, options, and the names in the files."""
    w.write_host()
    w.write("vms.d/vm1.json", VM)

    def complete(*words):
        return completions(w, *words)
    equal(complete("quar"), ["quarantine"], "commands")
    equal(complete("retag", ""), ["vm1/net0", "vm1/net1"], "NICs")
    equal(complete("show", "--", "retag", "vm1/net0", "20", "--", "pause",
                   "vm1"), ["vm1", "vm1/net0", "vm1/net1"], "VMs and NICs")
    equal(complete("nic-clear", "vm1/net0", "ta"), ["tag"], "keys")
    equal(complete("retag-all", "--bridge", "="), ["br0"], "bridges")
    equal(complete("retag-all", "--fr"), ["--from"], "options")
    equal(complete("--wait", "=", "ov"), ["ovs", "ovn"], "levels")
    equal(complete("--wait", "d"), ["db"], "levels after a blank")
    equal(complete("retag", "vm1/net0", ""), [], "a tag")
    equal(complete("vm-add", "v"), [], "a new name")
    equal(complete("nic-add", "vm"), ["vm1/"], "a VM for a new NIC")
    equal(complete("nic-set", "vm1/net0", "vlan"), ["vlan_mode="], "keys")
    equal(complete("nic-set", "vm1/net0", "qo"), ["qos:"], "an object")
    equal(complete("br-set", "br0", "mir"), ["mirrors:"], "an object")
    equal(complete("br-set", "br0", "contr"), ["controllers="], "a list")
    equal(complete("vm-set", "v"), ["vm1"], "VMs")
    equal(complete("vm-set", "vm1", ""), ["uuid="], "keys of a VM")
    equal(complete("nic-set", "vm1/net0", "vlan_mode", "=", "native"),
          ["native-tagged", "native-untagged"], "values")
    equal(complete("nic-set", "vm1/net0", "external_ids", ":", "a", "=", "b",
                   "is"), ["isolated="], "keys after a map's")
    equal(complete("nic-set", "vm1/net0", "isolated", "="),
          ["false", "true"], "all values")
    equal(complete("gc-confirm", "br"), ["bridge:br0"], "objects")
    equal(complete("gc-confirm", "bridge", ":", "b"), ["br0"],
          "objects after a colon")
    equal(complete("gc-confirm", "bridge", ":"), ["br0"],
          "objects at a colon")
    equal(complete("show", ""), ["vm1", "vm1/net0", "vm1/net1",
                                 "bridge:br0"], "what can be shown")
    equal(complete("no-such-command", ""), [], "of an unknown command")


@options(ovs=False)
def test_completion_knows_all(w):
    """What the table of commands calls an argument, completion knows, or it
    is something that only the user knows."""
    ours = {"TAG", "LIST", "NATIVE", "UUID"}
    with open(COMPLETION) as f:
        text = f.read()
    kinds = set()
    for line in w.ctl("--commands").stdout.splitlines():
        for word in line.split(",", 2)[2].split():
            kinds.update(word.lstrip("!?+*").split("|"))
    unknown = [k for k in kinds - ours if "=" not in k
               and k.replace("?", "\\?") not in text]
    equal(unknown, [], "kinds of arguments that completion does not know")



@options(ovs=False)
def test_completion_host(w):
    """The same for what is in host.json."""
    w.write_host({"bridges": {"br0": {"fail_mode": "secure", "ports": {
        "eth1": {"tag": 1}, "eth2": {}}}, "br1": {}},
        "bonds": {"bond0": {"bridge": "br1", "members": ["e3", "e4"]}},
        "links": {"lab": {"type": "veth", "ends": [
            {"bridge": "br0", "port": "v0"}, {"port": "v1"}]}}})

    def complete(*words):
        return completions(w, *words)
    equal(complete("br-d"), ["br-del"], "commands")
    equal(complete("br-del", ""), ["br0", "br1"], "bridges")
    equal(complete("br-add", ""), [], "a new name")
    equal(complete("br-clear", "br0", ""), ["fail_mode"], "keys")
    equal(complete("port-add", ""), ["br0", "br1"], "bridges")
    equal(complete("port-set", "eth"), ["eth1", "eth2"], "ports")
    equal(complete("port-del", "br0", ""), ["eth1", "eth2"], "ports")
    equal(complete("port-del", "br1", ""), [], "ports of br1")
    equal(complete("port-clear", "eth1", ""), ["tag"], "keys")
    equal(complete("bond-add", "b", "br"), ["br0", "br1"], "bridges")
    equal(complete("bond-get", ""), ["bond0"], "bonds")
    equal(complete("bond-get", "bond0", "m"), ["members"], "keys")
    equal(complete("br-set", "br0", "fail_mode", "=", "se"), ["secure"],
          "values")
    equal(complete("link-add", "l", "patch", "br"), ["br0:", "br1:"], "ends")
    equal(complete("link-set", "lab", "v0", ":", "b"), ["bridge="], "keys")
    equal(complete("link-clear", "lab", "v1"), ["v1:port"], "keys")
    equal(complete("link-add", "l", ""), ["patch", "veth"], "types")
    equal(complete("show", "--", "link-del", ""), ["lab"], "links")
