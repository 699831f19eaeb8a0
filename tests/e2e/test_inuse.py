# SPDX-License-Identifier: Apache-2.0
"""A TAP that a guest holds open is neither deleted nor replaced."""

import frames
from harness import Failure, equal, never, nic, options, wait


def world(w, queues=1, **more):
    w.write_host()
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", tag=10, queues=queues,
                                   **more)})
    w.write_vm("vm2", {"net0": nic(2, ifname="tap1", tag=10)})
    w.start_portd()
    w.wait_state(["vm1/net0", "vm2/net0"])
    return w.open("vm1/net0"), w.open("vm2/net0")


def removal(w, queues):
    a, b = world(w, queues)
    frames.talk(a, b)
    ifindex = w.ifindex("tap0")
    w.remove("vms.d/vm1.json")
    w.wait_state("vm1/net0", "in-use")
    never(lambda: w.ifindex("tap0") != ifindex or not w.port("tap0"),
          "removed under its guest", 4)
    frames.talk(a, b, patience=0)
    a.close()
    wait(lambda: not w.port("tap0") and "tap0" not in w.device_names(),
         "tap0 is gone")
    w.wait_state("vm1/net0", None)
    w.wait_state("vm2/net0")


@options(asan=True)
def test_removal_multi_queue(w):
    """Removed while its four queues are held: gone when they are closed."""
    removal(w, 4)


def test_removal_single_queue(w):
    """The same for a single-queue TAP, which exports no queue counts."""
    removal(w, 1)


def test_file_comes_back(w):
    """Removed while held, and wanted again before it was let go of: as
    though nothing had been."""
    a, b = world(w, 4)
    before = w.ifindex("tap0"), w.port("tap0")["_uuid"]
    text = w.read("vms.d/vm1.json")
    w.remove("vms.d/vm1.json")
    w.wait_state("vm1/net0", "in-use")
    w.write("vms.d/vm1.json", text)
    w.wait_state("vm1/net0")
    a.close()
    never(lambda: (w.ifindex("tap0"), w.port("tap0")["_uuid"]) != before,
          "removed after all", 3)
    frames.talk(w.open("vm1/net0"), b)


@options(asan=True)
def test_queues(w):
    """From one queue to eight, and back, while the guest runs: pending, and
    done by itself when it lets go."""
    a, b = world(w, 1)
    for queues in 8, 1:
        ifindex = w.ifindex("tap0")
        w.write_vm("vm1", {"net0": nic(1, ifname="tap0", tag=10,
                                       queues=queues)})
        w.wait_state("vm1/net0", "pending", text="tap0")
        never(lambda: w.ifindex("tap0") != ifindex,
              "replaced under its guest", 3)
        frames.talk(a, b, patience=0)
        planned = w.ctl("plan").stdout
        equal("vm-restart" in planned, True, "vm-restart in %r" % planned)
        # What is hitless is not held back by what is not.
        a.close()
        w.wait_state("vm1/net0")
        equal(w.tun("tap0").get("multi_queue", False), queues > 1,
              "multi_queue")
        a = w.open("vm1/net0")
        frames.talk(a, b)
    equal(w.port("tap0")["tag"], 10, "tag")


def test_queue_number(w):
    """From four queues to eight needs nothing of the TAP."""
    a, b = world(w, 4)
    ifindex = w.ifindex("tap0")
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", tag=10, queues=8)})
    wait(lambda: w.objects()["vm1/net0"]["queues"] == 8, "8 queues wanted")
    w.wait_state("vm1/net0")
    equal(w.ifindex("tap0"), ifindex, "ifindex")
    frames.talk(a, b, patience=0)


@options(asan=True)
def test_hitless_meanwhile(w):
    """While a change waits for the VM, a retag does not."""
    a, b = world(w, 1)
    c_spec = nic(3, ifname="tap2", tag=30)
    w.write_vm("vm3", {"net0": c_spec})
    w.wait_state("vm3/net0")
    c = w.open("vm3/net0")
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", tag=30, queues=8)})
    w.wait_state("vm1/net0", "pending")
    wait(lambda: w.port("tap0")["tag"] == 30, "the new tag")
    frames.expect(a, hear=[c], deaf=[b])


@options(asan=True)
def test_ifname(w):
    """A new ifname while the guest runs: pending; then the new device, and
    nothing of the old one."""
    a, b = world(w, 4)
    w.write_vm("vm1", {"net0": nic(1, ifname="new0", tag=10, queues=4)})
    w.wait_state("vm1/net0", "pending", text="tap0")
    never(lambda: not w.port("tap0") or "tap0" not in w.device_names()
          or w.port("new0"), "replaced under its guest", 3)
    frames.talk(a, b, patience=0)
    a.close()
    w.wait_state("vm1/net0")
    wait(lambda: not w.port("tap0") and "tap0" not in w.device_names(),
         "tap0 is gone")
    equal(w.link("new0")["ifalias"], "ovs-portd:main/vm1/net0", "alias")
    frames.talk(w.open("vm1/net0"), b)


def test_owner(w):
    """A new owner needs the TAP to be free; the TAP stays the same one."""
    a, b = world(w, 1, owner="nobody")
    ifindex = w.ifindex("tap0")
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", tag=10,
                                   owner="daemon")})
    w.wait_state("vm1/net0", "pending", text="owner")
    equal(w.ifindex("tap0"), ifindex, "ifindex")
    a.close()
    wait(lambda: w.tun("tap0").get("user") == "daemon", "the new owner")
    w.wait_state("vm1/net0")
    equal(w.ifindex("tap0"), ifindex, "ifindex")


def test_closed_while_down(w):
    """The kernel tells nothing of a holder that lets go of a TAP that is
    down (quarantined); the removal happens all the same."""
    a, b = world(w, 4)
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", tag=10, queues=4,
                                   quarantined=True)})
    w.wait_state("vm1/net0", "quarantined")
    w.remove("vms.d/vm1.json")
    w.wait_state("vm1/net0", "in-use")
    a.close()
    wait(lambda: not w.port("tap0") and "tap0" not in w.device_names(),
         "tap0 is gone")


def test_wrong_opener(w):
    """What the spec says about queues is what an opener finds: a 1-queue
    guest cannot open a multiqueue TAP, nor the reverse."""
    world(w, 4)
    for ifname, multi_queue in ("tap0", False), ("tap1", True):
        try:
            frames.Guest(ifname, "52:54:00:00:00:77",
                         multi_queue=multi_queue).close()
        except OSError:
            continue
        raise Failure("%s opens with multi_queue %s" % (ifname, multi_queue))
