# SPDX-License-Identifier: Apache-2.0
"""What keeps ovs-portd from deleting what nobody meant to delete."""

import os
import shutil

from harness import equal, never, nic, options, wait

NICS = 24


def world(w):
    w.write_host()
    for i in range(NICS):
        w.write_vm("vm%02d" % i, {"net0": nic(i, ifname="tap%02d" % i,
                                              tag=10)})
    w.start_portd()
    w.wait_state(ids(range(NICS)))


def ids(numbers):
    return ["vm%02d/net0" % i for i in numbers]


def taps(w):
    """Numbers of the TAPs that are there, with a port each."""
    ports = {p["name"] for p in w.rows("Port")}
    return sorted(int(n[3:]) for n in w.device_names() & ports
                  if n.startswith("tap"))


def intact(w, seconds=4):
    never(lambda: taps(w) != list(range(NICS)), "something was deleted",
          seconds, every=0.2)


@options(timeout=180)
def test_half(w):
    """Half of the NICs may go; one more than half is held."""
    world(w)
    for i in range(12):
        w.remove("vms.d/vm%02d.json" % i)
    wait(lambda: taps(w) == list(range(12, NICS)), "12 of 24 are gone")
    # 10 more minutes have not passed: the peak is still 24.
    w.remove("vms.d/vm12.json")
    w.wait_state("vm12/net0", "held")
    never(lambda: 12 not in taps(w), "the 13th was deleted", 3)
    w.appctl("gc-confirm", "vm12/net0")
    wait(lambda: taps(w) == list(range(13, NICS)), "the 13th is gone")


@options(asan=True, valgrind=True)
def test_more_than_half(w):
    """13 of 24 at once are held, all of them, until gc-confirm."""
    world(w)
    for i in range(13):
        w.remove("vms.d/vm%02d.json" % i)
    w.wait_state(ids(range(13)), "held")
    intact(w)
    w.wait_state(ids(range(13, NICS)))
    w.ctl("gc-confirm")
    wait(lambda: taps(w) == list(range(13, NICS)), "13 of 24 are gone")


def test_over_a_restart(w):
    """Files that went while the daemon was down count as well."""
    world(w)
    w.portd.stop()
    for i in range(20):
        w.remove("vms.d/vm%02d.json" % i)
    w.start_portd()
    w.wait_state(ids(range(20)), "held")
    intact(w)
    # What comes back is ready again; the rest stays held.
    w.write_vm("vm00", {"net0": nic(0, ifname="tap00", tag=10)})
    w.wait_state("vm00/net0")
    w.wait_state("vm01/net0", "held")
    intact(w)


def test_few(w):
    """Ten or fewer are no mass, whatever part of the whole they are."""
    w.write_host()
    for i in range(11):
        w.write_vm("vm%02d" % i, {"net0": nic(i, ifname="tap%02d" % i)})
    w.start_portd()
    w.wait_state(ids(range(11)))
    for i in range(10):
        w.remove("vms.d/vm%02d.json" % i)
    wait(lambda: taps(w) == [10], "ten of eleven are gone")


@options(timeout=240)
def test_directory(w):
    """An emptied, missing or unreadable vms.d deletes nothing, also over a
    restart; what cannot be read is not to be confirmed, and everybody says
    what is wrong with it; nothing is lost when it is back."""
    world(w)
    w.expect_log(r"vms\.d")
    vms, aside = w.path("vms.d"), w.path("aside")
    before = w.db_dump()["Port"]

    def told(why, check=1):
        """All who are asked, with and without the daemon."""
        wait(lambda: [f["errors"] for f in w.status()["files"]
                      if f["name"] == "vms.d" and why in f["errors"][0]],
             "status says " + why)
        for what in (w.ctl("status"), w.ctl("sync", exit=2), w.ctl("plan"),
                     w.ctl("check", exit=check)):
            text = what.stdout + what.stderr
            equal(vms in text and why in text or what.returncode == 0
                  and "0 errors" in text, True, "%r: %s" % (what.args, text))
            equal("vms.d is empty" in text, False, text)

    def restart(why):
        w.portd.stop()
        w.start_portd()
        w.wait_state(ids(range(NICS)), "invalid", text="vms.d: .*" + why)
        w.appctl("gc-confirm")
        w.ctl("gc-confirm", "vm00/net0", exit=None)     # Nothing is held.

    def back():
        intact(w, 3)
        if os.path.lexists(vms):
            (os.rmdir if os.path.isdir(vms) and not os.path.islink(vms)
             else os.unlink)(vms)
        os.rename(aside, vms)
        w.wait_state(ids(range(NICS)))
        equal(w.db_dump()["Port"], before, "Port rows")

    shutil.copytree(vms, aside)
    for name in os.listdir(vms):
        os.unlink(os.path.join(vms, name))
    back()

    os.rename(vms, aside)
    told("create it empty", check=0)
    intact(w, 2)
    restart("No such file")
    told("create it empty", check=0)
    back()
    equal([f for f in w.status()["files"] if not f["valid"]], [], "files")
    w.ctl("sync")

    os.rename(vms, aside)
    with open(vms, "w"):
        pass                    # Not even a directory.
    intact(w, 2)
    restart("Not a directory")
    back()

    os.rename(vms, aside)
    os.symlink(aside, vms)
    told("symbolic links are refused")
    restart("symbolic links are refused")
    told("symbolic links are refused")
    back()


def test_host_objects(w):
    """What leaves host.json is held until it is confirmed by name; without
    host.json all of it is held."""
    two = {"bridges": {"br0": {"datapath_type": "netdev"},
                       "br1": {"datapath_type": "netdev", "ports": {
                           "int1": {"type": "internal", "tag": 5}}}}}
    w.write_host(two)
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", tag=10)})
    w.start_portd()
    w.wait_state(["bridge:br0", "bridge:br1", "port:br1/int1", "vm1/net0"])
    uuids = {n: w.bridge(n)["_uuid"] for n in ("br0", "br1")}
    w.remove("host.json")
    w.wait_state(["bridge:br0", "bridge:br1", "port:br1/int1"], "held")
    never(lambda: not w.bridge("br1") or not w.port("int1"),
          "a bridge or port was deleted", 3)
    w.write_host(two)
    w.wait_state(["bridge:br0", "bridge:br1", "port:br1/int1"])
    w.write_host()
    w.wait_state(["bridge:br1", "port:br1/int1"], "held")
    never(lambda: not w.bridge("br1"), "br1 was deleted", 3)
    w.appctl("gc-confirm", "port:br1/int1")
    wait(lambda: not w.port("int1"), "int1 is gone")
    equal(w.bridge("br1") is None, False, "br1 is still there")
    w.appctl("gc-confirm", "bridge:br1")
    wait(lambda: not w.bridge("br1"), "br1 is gone")
    equal(w.bridge("br0")["_uuid"], uuids["br0"], "br0's UUID")
    w.wait_state("vm1/net0")


@options(timeout=180)
def test_plan_is_the_daemons(w):
    """plan holds what the daemon holds when it starts, and no more: files
    that are broken take no part, and NICs that come back count no longer."""
    w.expect_log(r"vms\.d/vm\d+\.json:1:", "host.json is missing")
    world(w)
    w.portd.stop()
    for i in range(1, 13):
        w.write("vms.d/vm%02d.json" % i, "{ broken")
    w.remove("vms.d/vm00.json")
    plan = w.ctl("plan").stdout
    equal(" have left the specs" in plan, False, plan)
    equal("vm00/net0:" in plan, True, plan)
    w.start_portd()
    wait(lambda: 0 not in taps(w), "vm00 is deleted")
    w.wait_state(ids(range(1, 13)), "invalid")

    w.portd.stop()
    w.remove("host.json")
    plan = w.ctl("plan")
    equal("host.json is missing or was never valid" in plan.stdout, True,
          plan.stdout)
    equal("net0:" in plan.stdout, False, plan.stdout)
    w.start_portd()
    w.wait_state("bridge:br0", "held")
    w.wait_state(ids(range(13, NICS)), "invalid")
