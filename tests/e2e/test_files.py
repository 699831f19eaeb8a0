# SPDX-License-Identifier: Apache-2.0
"""Files that go, break and come back."""

import os

import frames
from harness import equal, never, nic, options, same, wait

VM1 = """{
  "version": 1,
  "nics": {
    "net0": {
      "bridge": "br0", "mac": "52:54:00:00:00:01",
      "ifname": "tap0", "tag": 10
    }
  }
}
"""


def world(w, **policy):
    w.write_host(**policy)
    w.write("vms.d/vm1.json", VM1)
    w.write_vm("vm2", {"net0": nic(2, ifname="tap1", tag=10)})
    w.write_vm("vm3", {"net0": nic(3, ifname="tap2", tag=10)})
    w.start_portd()
    w.wait_state(["vm1/net0", "vm2/net0", "vm3/net0"])


def is_gone(w, *names):
    return all(not w.port(n) and not w.iface(n)
               and n not in w.device_names() for n in names)


@options(asan=True)
def test_removed(w):
    """A removed file takes its port and TAP along; the last one only after
    gc-confirm, and with it the shared QoS row."""
    world(w)
    w.remove("vms.d/vm3.json")
    wait(lambda: is_gone(w, "tap2"), "tap2 is gone")
    w.wait_state("vm3/net0", None)
    equal(len(w.rows("QoS")), 1, "QoS rows while two NICs are left")
    equal((w.port("tap0") is None, w.port("tap1") is None), (False, False),
          "the others' ports")
    w.remove("vms.d/vm2.json")
    wait(lambda: is_gone(w, "tap1"), "tap1 is gone")
    w.remove("vms.d/vm1.json")
    w.wait_state("vm1/net0", "held")
    never(lambda: is_gone(w, "tap0"), "tap0 is gone unconfirmed", 3)
    w.appctl("gc-confirm")
    wait(lambda: is_gone(w, "tap0"), "tap0 is gone")
    wait(lambda: not w.rows("QoS"), "the QoS row is gone")
    equal(sorted(n for n in w.device_names() if n.startswith("tap")), [],
          "TAPs left")


def test_nic_removed(w):
    """A NIC that leaves its VM's file goes; the VM's others stay as they
    are."""
    w.write_host()
    nics = {"net%d" % i: nic(i, ifname="tap%d" % i, tag=10) for i in (0, 1)}
    w.write_vm("vm1", nics)
    w.start_portd()
    w.wait_state(["vm1/net0", "vm1/net1"])
    before = w.ifindex("tap0"), w.port("tap0")
    del nics["net1"]
    w.write_vm("vm1", nics)
    wait(lambda: is_gone(w, "tap1"), "tap1 is gone")
    equal((w.ifindex("tap0"), w.port("tap0")), before, "tap0")
    w.write_vm("vm1", {})
    wait(lambda: is_gone(w, "tap0"), "tap0 is gone")
    wait(lambda: not w.rows("QoS"), "the QoS row is gone")


def test_vm_renamed(w):
    """A VM's file is renamed: the NIC of the old name goes, and the one of
    the new name takes its device name; not before the guest lets go."""
    world(w)
    guest, other = w.open("vm1/net0"), w.open("vm2/net0")
    frames.talk(guest, other)
    ifindex = w.ifindex("tap0")
    # The device is another object's for as long as the guest holds it.
    w.expect_log(r"vm9/net0: (conflict|error): .*tap0")
    os.rename(w.path("vms.d/vm1.json"), w.path("vms.d/vm9.json"))
    w.wait_state("vm1/net0", "in-use")
    never(lambda: w.ifindex("tap0") != ifindex, "taken from its guest", 2)
    frames.talk(guest, other, patience=0)
    guest.close()
    w.wait_state("vm9/net0")
    equal(w.link("tap0")["ifalias"], "ovs-portd:main/vm9/net0", "alias")
    frames.talk(w.open("vm9/net0"), other)


def test_synced(w):
    """What was done by hand just before "sync" is done when it returns: a
    file that is gone, and one that is called otherwise."""
    world(w)
    w.expect_log(r"vm2(new)?/net0: (conflict|error): ")
    for turn in range(2):
        w.remove("vms.d/vm3.json")
        w.ctl("sync")
        equal(is_gone(w, "tap2"), True, "tap2 is gone")
        w.write_vm("vm3", {"net0": nic(3, ifname="tap2", tag=10)})
        names = ["vms.d/vm2.json", "vms.d/vm2new.json"]
        old, new = (w.path(name) for name in names[::-1 if turn else 1])
        os.rename(old, new)
        equal(w.ctl("sync").stderr, "", "what sync says")
        equal([w.port("tap%d" % i) is None for i in range(3)], [False] * 3,
              "ports that are missing")


def test_names_swapped(w):
    """Two NICs swap their device names."""
    world(w)
    w.expect_log(r"vm[12]/net0: conflict: ")
    text = w.read("vms.d/vm1.json").replace("tap0", "tap1")
    w.write_vm("vm2", {"net0": nic(2, ifname="tap0", tag=10)})
    w.write("vms.d/vm1.json", text)

    def vm(name):               # Its row may go and come meanwhile.
        return (w.iface(name) or {}).get("external_ids", {}).get("vm-id")
    wait(lambda: (vm("tap0"), vm("tap1")) == ("vm2", "vm1"),
         lambda: "they have swapped; %s" % w.objects())
    w.wait_state(["vm1/net0", "vm2/net0"])
    frames.talk(w.open("vm1/net0"), w.open("vm2/net0"))


def test_late_directory(w):
    """A spec directory that is not there yet is no reason to end; it is read
    when it appears."""
    w.expect_log(r"spec")
    os.rmdir(w.path("vms.d"))
    os.rmdir(w.spec)
    w.start_portd()
    never(lambda: not w.portd.alive(), "it has ended", 1)
    w.write_host()
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", tag=10)})
    w.wait_state("vm1/net0")


def test_grace(w):
    """Within gc_grace a file that comes back finds everything as it was."""
    world(w, gc_grace=4)
    guest, other = w.open("vm1/net0"), w.open("vm2/net0")
    frames.talk(guest, other)
    before = w.db_dump(), w.ifindex("tap0")
    w.remove("vms.d/vm1.json")
    never(lambda: w.ifindex("tap0") != before[1], "tap0 was touched", 2)
    w.write("vms.d/vm1.json", VM1)
    w.wait_state("vm1/net0")
    never(lambda: w.ifindex("tap0") != before[1], "tap0 was touched", 4)
    same(w.db_dump(), before[0], "the database")
    frames.talk(guest, other, patience=0)


@options(asan=True, valgrind=True)
def test_broken(w):
    """A broken file changes nothing, is reported with its position, holds
    back nobody else, and goes on once it is mended."""
    world(w)
    w.expect_log(r"vms\.d/vm1\.json:6:32: ")
    before = {n: (w.ifindex(n), w.port(n), w.iface(n)["_uuid"])
              for n in ("tap0", "tap1")}
    # Some editors truncate and write in place.
    w.write("vms.d/vm1.json", VM1.replace('"tag": 10', '"tag": 5000'),
            atomic=False)
    want = "vms.d/vm1.json:6:32: /nics/net0/tag: 5000 is not in 0..4095"
    wait(lambda: [f for f in w.status()["files"]
                  if f["name"] == "vms.d/vm1.json" and not f["valid"]],
         "vm1.json is invalid")
    errors = [f["errors"] for f in w.status()["files"]
              if f["name"] == "vms.d/vm1.json"][0]
    equal(errors, [want], "errors of vm1.json")
    equal(want in w.ctl("show", exit=None).stdout
          + w.appctl("status"), True, "position in show or status")
    w.wait_state("vm1/net0", "invalid", text=r"vms\.d/vm1\.json:6:32")

    w.ctl("retag", "vm2/net0", "20")
    equal(w.port("tap1")["tag"], 20, "vm2's tag meanwhile")
    equal((w.ifindex("tap0"), w.port("tap0"), w.iface("tap0")["_uuid"]),
          before["tap0"], "tap0 while its file is broken")

    # What is live is frozen over a restart, too.
    w.portd.stop()
    w.start_portd()
    w.wait_state("vm2/net0")
    w.wait_state("vm1/net0", "invalid")
    never(lambda: (w.ifindex("tap0"), w.port("tap0"),
                   w.iface("tap0")["_uuid"]) != before["tap0"],
          "tap0 was touched after a restart", 3)

    w.write("vms.d/vm1.json", VM1.replace('"tag": 10', '"tag": 50'))
    wait(lambda: w.port("tap0")["tag"] == 50, "the mended file's tag")
    w.wait_state("vm1/net0")
    equal(w.ifindex("tap0"), before["tap0"][0], "tap0's ifindex")


def test_all_errors_at_once(w):
    """Every error of a file is reported, each with its place."""
    world(w)
    w.expect_log(r"vms\.d/vm1\.json:[56]:\d+: ")
    bad = VM1.replace('"tag": 10', '"tga": 10').replace(
        '"mac": "52:54:00:00:00:01"', '"mac": "52:54:00:00:00"')
    w.write("vms.d/vm1.json", bad)
    w.wait_state("vm1/net0", "invalid")
    errors = [f["errors"] for f in w.status()["files"]
              if f["name"] == "vms.d/vm1.json"][0]
    equal(sorted(e.split(": ")[0] for e in errors),
          ["vms.d/vm1.json:5:31", "vms.d/vm1.json:6:25"],
          "places in %r" % errors)
    equal(any("tga" in e and "tag" in e for e in errors), True,
          "the near-miss key in %r" % errors)
    checked = w.ctl("check", exit=1)
    for error in errors:
        equal(error in checked.stdout + checked.stderr, True,
              "'%s' in what check says" % error)


def test_strays(w):
    """Backups, dotfiles and editors' files are no VMs; a symlink or a file
    that others can write is not read."""
    world(w)
    for name in (".vm4.json.swp", "vm4.json~", "4913", ".hidden.json",
                 "README"):
        w.write("vms.d/" + name, {"version": 1, "nics": {
            "net0": nic(9, ifname="tap9")}})
    w.write("vms.d/vm5.json", {"version": 1, "nics": {
        "net0": nic(10, ifname="tap10")}})
    w.wait_state("vm5/net0")
    outside = os.path.join(w.dir, "outside.json")
    with open(outside, "w") as f:
        f.write(VM1)
    os.symlink(outside, w.path("vms.d/vm6.json"))
    os.chmod(w.path("vms.d/vm5.json"), 0o666)
    w.expect_log(r"vms\.d/vm[56]\.json")

    def reported(name):
        return [f for f in w.status()["files"] if f["name"] == name
                and not f["valid"] and f["errors"]]
    wait(lambda: reported("vms.d/vm5.json") and reported("vms.d/vm6.json"),
         "vm5.json and vm6.json are reported")
    equal(w.port("tap9"), None, "a port for a stray")
    equal(w.port("tap10") is None, False, "vm5's port is kept")
    equal([o for o in w.objects() if o.startswith(("vm4", ".", "4913"))], [],
          "objects of strays")
