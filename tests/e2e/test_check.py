# SPDX-License-Identifier: Apache-2.0
"""check: offline lint of spec directories, for people and for CI."""

import json
import os
import re

from harness import equal, nic, options

HOST = """{ "version": 1,
  "bridges": {
    "br0": { "ports": { "eth1": {"mtu": 1500, "vlan_mode": "trunk",
                                 "trunks": [10, 20]},
                        "mgmt0": {"type": "internal", "tag": 20} } } } }
"""
VM = """{ "version": 1,
  "nics": {
    "net0": { "bridge": "br0", "mac": "52:54:00:00:00:01", "tag": 10,
              "mtu": 9000 } } }
"""
JUMBO = ("/nics/net0/mtu: frames of MTU 9000 do not fit through uplink eth1 "
         "of bridge br0 (1500)")


def write(w, vm=VM):
    w.write("host.json", HOST)
    w.write("vms.d/vm1.json", vm)


@options(ovs=False, asan=True)
def test_check_warnings(w):
    """What is allowed but hardly meant is a warning; --strict makes it an
    error."""
    write(w, VM.replace("9000", "1500"))
    equal(w.ctl("check").stdout,
          "2 files: 0 errors, 0 warnings, 0 notes\n", "of good files")
    w.ctl("check", "--strict")
    write(w)
    equal(w.ctl("check").stdout,
          "vms.d/vm1.json:4:22: warning: %s [mtu-path]\n"
          "2 files: 0 errors, 1 warning, 0 notes\n" % JUMBO, "of a warning")
    w.ctl("check", "--strict", exit=1)
    # Not through the VLAN that the uplink does not carry.
    write(w, VM.replace('"tag": 10', '"tag": 30'))
    w.ctl("check", "--strict")
    write(w, VM.replace('"br0"', '"br1"'))
    equal("did you mean br0?" in w.ctl("check", "--strict", exit=1).stdout,
          True, "the near miss")
    write(w, VM.replace('"tag": 10', '"tag": 5000'))
    equal(w.ctl("check", exit=1).stdout,
          "vms.d/vm1.json:3:67: /nics/net0/tag: 5000 is not in 0..4095\n"
          "2 files: 1 error, 0 warnings, 0 notes\n", "of an error")


@options(ovs=False)
def test_check_twice(w):
    """Over all files: ifname, MAC, iface-id, UUID."""
    write(w, VM.replace("9000", "1500"))
    for more, rule in (({"ifname": "tap0"}, "the name"),
                       ({"iface_id": "x"}, "the iface_id")):
        w.write_vm("vm2", {"net0": nic(2, tag=10, **more)})
        w.write_vm("vm3", {"net0": nic(3, tag=10, **more)})
        text = w.ctl("check", exit=1).stdout
        equal(re.findall(r"^(vms\.d/\w+\.json:\d+:\d+): /nics/net0: (\w+ \w+)",
                         text, re.M),
              [("vms.d/vm2.json:4:5", rule), ("vms.d/vm3.json:4:5", rule)],
              "findings in %r" % text)
    w.remove("vms.d/vm3.json")
    w.write_vm("vm2", {"net0": nic(1, tag=10)})
    text = w.ctl("check", exit=1).stdout
    equal("52:54:00:00:00:01 is on the same bridge in vm2/net0" in text, True,
          "the MAC in %r" % text)


@options(ovs=False)
def test_check_machines(w):
    """JSON and tables for programs, a line for each finding for GitHub."""
    write(w)
    wanted = {"severity": "warning", "rule": "mtu-path",
              "file": "vms.d/vm1.json", "line": 4, "column": 22,
              "pointer": "/nics/net0/mtu",
              "text": JUMBO.partition(": ")[2]}
    equal(json.loads(w.ctl("check", "-f", "json").stdout), [wanted], "JSON")
    equal(json.loads(w.ctl("check", "-f", "json",
                           "--columns=rule,line").stdout),
          [{"rule": "mtu-path", "line": 4}], "columns of JSON")
    equal(w.ctl("check", "-f", "csv", "--no-headings",
                "--columns=severity,file").stdout,
          "warning,vms.d/vm1.json\n", "CSV")
    for kind in "table", "list", "html":
        equal("mtu-path" in w.ctl("check", "-f", kind).stdout, True, kind)
    equal(w.run("ovs-portctl", "check", "--github", "./spec").stdout,
          "::warning file=spec/vms.d/vm1.json,line=4,col=22,"
          "title=ovs-portctl check (mtu-path)::%s\n" % JUMBO, "for GitHub")
    # What would be taken for a command's own syntax.
    w.write("vms.d/vm1.json", '{"version": 1, "nics": {"a%0Ab": {}}}')
    text = w.ctl("check", "--github", exit=1).stdout
    equal("a%250Ab" in text and "%0A" not in text.replace("%250A", ""), True,
          "escapes in %r" % text)
    result = w.ctl("check", "--github", "-f", "json", exit=1)
    equal("leave out -f" in result.stderr, True, result.stderr)
    result = w.ctl("check", "--columns=severity,sky", exit=1)
    equal('no column "sky"' in result.stderr, True, result.stderr)


@options(ovs=False)
def test_check_one_file(w):
    """One file with its defaults; other files are not complained of."""
    write(w)
    w.write("vms.d/vm2.json", "{")
    path = w.path("vms.d/vm1.json")
    equal(w.ctl("check", path).stdout,
          "%s:4:22: warning: %s [mtu-path]\n"
          "1 file: 0 errors, 1 warning, 0 notes\n" % (path, JUMBO), "of one")
    result = w.ctl("check", w.path("vms.d/vm9.json"), exit=1)
    equal("vm9.json: cannot be read (No such file" in result.stderr, True,
          result.stderr)


@options(ovs=False)
def test_check_checkout(w):
    """A checkout that others may write to is checked all the same; files of
    which only the name is wrong are reported."""
    write(w, VM.replace("9000", "1500"))
    os.chmod(w.path("vms.d/vm1.json"), 0o664)
    w.write("hosts.json", "{}")
    w.write("vms.d/vm2.yaml", "")
    w.write("vms.d/README", "")
    result = w.ctl("check", w.spec)
    equal(re.findall(r"^(\S+): warning: .*\[file-unread\]$", result.stdout,
                     re.M), ["hosts.json", "vms.d/vm2.yaml"], "strays")
    equal("would not read it" in result.stderr, True, result.stderr)
    w.ctl("check", "--strict", w.spec, exit=1)
    w.remove("host.json")
    w.remove("hosts.json")
    w.remove("vms.d/vm2.yaml")
    equal("note: there is no host.json" in w.ctl("check", w.spec).stdout,
          True, "a note")
    w.ctl("check", "--strict", w.spec)
