# SPDX-License-Identifier: Apache-2.0
"""Files from what other programs have of a VM."""

import json
import os

import frames
from harness import equal, nic, options, wait

DOMAIN = """<domain type='kvm'>
  <name>%(name)s</name>
  <uuid>3a1f0c1e-58b4-4f0e-9d2a-6f1b2c3d4e5f</uuid>
  <devices>
    <interface type='network'><mac address='52:54:00:00:00:09'/></interface>
    <interface type='bridge'>
      <mac address='52:54:00:00:00:01'/>
      <source bridge='br0'/>
      <vlan><tag id='10'/></vlan>
      <virtualport type='openvswitch'>
        <parameters interfaceid='09b11c53-8b5c-4eeb-8f00-d84eaa0aaa4f'/>
      </virtualport>
      <target dev='vnet0'/>
      <model type='virtio'/>
      <driver name='vhost' queues='2'/>
      <mtu size='1400'/>
      %(more)s
    </interface>
  </devices>
</domain>
"""


def write_domain(w, file, name="web1", more=""):
    path = os.path.join(w.dir, file)
    with open(path, "w") as f:
        f.write(DOMAIN % {"name": name, "more": more})
    return path


@options(asan=True, valgrind=True)
def test_import_libvirt(w):
    """A domain's XML becomes a VM's file, and what libvirt runs for it is
    adopted with that."""
    w.write_host()
    w.start_portd()
    w.wait_state("bridge:br0")
    path = write_domain(w, "web1.xml", more="<filterref filter='x'/>")
    shown = w.ctl("import", "--libvirt", path, "--dry-run")
    assert '+      "ifname": "vnet0"' in shown.stdout, shown.stdout
    equal(os.listdir(w.path("vms.d")), [], "files after a dry run")
    said = w.ctl("import", "--libvirt", path).stderr
    for text in ("web1.xml:5: net0 is left out", "<filterref> is left out"):
        assert text in said, said
    w.wait_state("web1/net1")
    spec = json.loads(w.read("vms.d/web1.json"))
    equal(spec, {
        "version": 1, "uuid": "3a1f0c1e-58b4-4f0e-9d2a-6f1b2c3d4e5f",
        "nics": {"net1": {
            "bridge": "br0", "mac": "52:54:00:00:00:01", "tag": 10,
            "iface_id": "09b11c53-8b5c-4eeb-8f00-d84eaa0aaa4f",
            "ifname": "vnet0", "queues": 2, "mtu": 1400}}}, "the file")
    w.write_vm("vm2", {"net0": nic(2, ifname="tap2", tag=10, mtu=1400)})
    w.wait_state("vm2/net0")
    frames.talk(w.open("web1/net1"), w.open("vm2/net0"))

    # What libvirt-xml prints of it can be imported again.
    xml = w.ctl("libvirt-xml", "web1").stdout
    back = os.path.join(w.dir, "back.xml")
    with open(back, "w") as f:
        f.write("<domain><name>back</name><devices>%s</devices></domain>"
                % xml)
    again = w.ctl("import", "--libvirt", back, "--output=-", exit=None)
    assert "net0 is left out" in again.stderr \
        or '"ifname": "vnet0"' in again.stdout, (xml, again)


def test_import_inputs(w):
    """Bad input is refused with its file and line, and nothing is written."""
    w.write_host()
    good = write_domain(w, "good.xml")
    bad = write_domain(w, "bad.xml", name="web2", more="<bandwidth>\n"
                       "<outbound average='much'/></bandwidth>")
    odd = write_domain(w, "odd.xml", name="not a name")
    evil = os.path.join(w.dir, "evil.xml")
    with open(evil, "w") as f:
        f.write("<!DOCTYPE d [<!ENTITY a SYSTEM '%s'>]>\n"
                "<domain><name>&a;</name></domain>\n" % good)
    fifo = os.path.join(w.dir, "fifo")
    os.mkfifo(fifo)
    large = os.path.join(w.dir, "large")
    with open(large, "w") as f:
        f.truncate(2 << 20)
    out = os.path.join(w.dir, "out.json")
    for args, text in (
            ([good], "--libvirt"),
            (["--libvirt"], "at least 1 argument"),
            (["--libvirt", good, odd, "--vm=x"], "for one file"),
            (["--libvirt", evil], "evil.xml:1: a document type declaration"),
            (["--libvirt", odd], "odd.xml:2: \"not a name\""),
            (["--libvirt", odd, "--vm=also no name"], "is not a name"),
            (["--libvirt", fifo], "is not a file"),
            (["--libvirt", w.dir], "is not a file"),
            (["--libvirt", large], "more than 1048576 bytes"),
            (["--libvirt", os.path.join(w.dir, "none")], "No such file"),
            (["--libvirt", good, "--output=" + good],
             "good.xml is there already"),
            (["--libvirt", good, "--output=" + w.path("none/x")],
             "none/x: cannot be written (No such file or directory)"),
            (["--libvirt", good, bad], "bad.xml:18: <outbound>: average")):
        said = w.ctl("import", *args, exit=1)
        assert text in said.stderr, (args, said.stderr)
        equal(os.listdir(w.path("vms.d")), [], "files")
    w.ctl("import", "--libvirt", odd, "--vm=odd", "--output=" + out)
    equal(json.load(open(out))["nics"]["net1"]["mtu"], 1400, "mtu")

    # A file is written whole or not at all.
    made = os.listdir(w.dir)
    said = w.run("sh", "-c", "trap '' XFSZ; ulimit -f 0; exec ovs-portctl "
                 "import --libvirt %s --output=%s.2" % (good, out),
                 check=False)
    equal(said.returncode, 1, "exit status without room for the file")
    assert out + ".2: cannot be written (File too large)" in said.stderr, said
    equal(sorted(os.listdir(w.dir)), sorted(made), "files")
    equal(os.listdir(w.path("vms.d")), [], "files")

    w.start_portd()
    w.wait_state("bridge:br0")
    w.ctl("import", "--libvirt", good, "--vm=a")
    said = w.ctl("import", "--libvirt", good, "--vm=a", exit=1).stderr
    assert "there is a VM \"a\" already" in said, said
    # Within a chain it is all or nothing.
    w.ctl("import", "--libvirt", good, "--vm=b", "--", "retag", "a/net1",
          "5000", exit=1)
    equal(os.listdir(w.path("vms.d")), ["a.json"], "files")
    wait(lambda: w.port("vnet0"), "the port")
