# SPDX-License-Identifier: Apache-2.0
"""Guests with many queues on TAPs of ours."""

import concurrent.futures
import re

from harness import Failure, equal, nic, options, wait
from vm import Vm, boot


def world(w, number=1, **more):
    """vm1, with net0 on tap0 in VLAN 10."""
    w.write_host()
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", tag=10, **more)})
    w.start_portd()
    w.wait_state("vm1/net0")


def interrupts(vm):
    """Of each queue that received or sent: how many."""
    found = {}
    for line in vm.run("cat /proc/interrupts").splitlines():
        match = re.search(r"virtio\d+-(input|output)\.(\d+)$", line.strip())
        if match:
            counts = re.findall(r"\s(\d+)(?=\s)", line.split(":", 1)[1])
            found[match.group(1), int(match.group(2))] = sum(
                int(n) for n in counts[:vm.smp])
    return found


@options(timeout=300)
def test_eight(w):
    """A guest booted with what qemu-args prints has eight queues, spreads
    its traffic over them, and can use fewer."""
    world(w, queues=8)
    w.write_vm("vm2", {"net0": nic(2, ifname="tap1", tag=10)})
    w.wait_state("vm2/net0")
    a = boot(w, "vm1", "10.0.0.1", smp=8)
    equal(a.combined(), (8, 8), "queues at most and in use")
    b = boot(w, "vm2", "10.0.0.2")
    equal(b.combined(), (1, 1), "queues of a single-queue NIC")
    a.pings(b)

    # A queue is chosen by the CPU that sends.
    before = interrupts(a)
    equal(sorted(before), sorted((kind, i) for kind in ("input", "output")
                                 for i in range(8)), "a vector each")
    a.run("for c in 0 1 2 3 4 5 6 7; do "
          "taskset -c $c ping -c 3 -i 0.2 10.0.0.2 >/dev/null || exit; done")
    after = interrupts(a)
    busy = {key for key in after if after[key] > before[key]}
    for kind in "input", "output":
        n = len([key for key in busy if key[0] == kind])
        print("%s: interrupts on %d of 8 queues" % (kind, n))
        if n < 4:
            raise Failure("interrupts on %d %s queues only: %r"
                          % (n, kind, after))

    a.run("ethtool -L eth0 combined 2")
    equal(a.combined(), (8, 2), "queues at most and in use")
    wait(lambda: (w.tun("tap0").get("numqueues"),
                  w.tun("tap0").get("numdisabled")) == (2, 6),
         lambda: "2 of 8 queues enabled; %r" % w.tun("tap0"))
    a.pings(b)
    a.run("ethtool -L eth0 combined 8")
    a.pings(b)


@options(timeout=300)
def test_one_to_eight(w):
    """Eight queues wanted while the guest runs with one: pending, until it
    stops; the next start has eight."""
    world(w, queues=1)
    a = boot(w, "vm1", "10.0.0.1")
    ifindex = w.ifindex("tap0")
    w.ctl("--wait=none", "nic-set", "vm1/net0", "queues=8")
    w.wait_state("vm1/net0", "pending", text="tap0")
    equal("vm-restart" in w.ctl("plan").stdout, True, "vm-restart in plan")
    equal((w.ifindex("tap0"), a.combined()), (ifindex, (1, 1)),
          "ifindex and queues")
    refused = w.ctl("qemu-args", "--live", "vm1", exit=1).stderr
    equal("open already" in refused, True, "the reason in %r" % refused)
    a.power_off()
    w.wait_state("vm1/net0")
    a = boot(w, "vm1", "10.0.0.1", smp=8)
    equal(a.combined(), (8, 8), "queues at most and in use")


@options(timeout=300)
def test_wait_guest(w):
    """--wait=guest returns when QEMU has all queues, be the guest's driver
    there or not."""
    world(w, queues=8)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(w.ctl, "--wait=guest", "--timeout=100",
                              "retag", "vm1/net0", "20")
        wait(lambda: w.port("tap0")["tag"] == 20, "the new tag")
        equal(waiting.done(), False, "that it is done without a guest")
        boot(w, "vm1", load=False)
        waiting.result(100)
    equal(w.objects()["vm1/net0"]["attached"], 8, "attached")


@options(timeout=300)
def test_owner(w):
    """QEMU of the TAP's owner, without any privilege, opens it; that of
    another user does not."""
    world(w, queues=4, owner="nobody")
    # /dev/net/tun itself is for everybody on most machines.
    w.run("mount", "-t", "tmpfs", "none", "/dev/net")
    w.run("mknod", "-m", "666", "/dev/net/tun", "c", "10", "200")
    args = w.ctl("qemu-args", "vm1").stdout.split()
    other = w.guest(Vm(w, "vm1", user="daemon", args=args, load=False))
    wait(lambda: not other.alive(), "QEMU gives up")
    with open(other.console) as f:
        said = f.read()
    equal("could not configure /dev/net/tun (tap0): Operation not permitted"
          in said, True, "what QEMU says of another's TAP: %r" % said)
    a = boot(w, "vm1", "10.0.0.1", user="nobody", smp=4)
    equal(a.combined(), (4, 4), "queues at most and in use")


@options(timeout=300)
def test_wrong_line(w):
    """A line that the TAP does not fit is refused with the reason, and QEMU
    indeed cannot open it so."""
    world(w, queues=1)
    holder = w.open("vm1/net0")
    w.ctl("--wait=none", "nic-set", "vm1/net0", "queues=8")
    w.wait_state("vm1/net0", "pending")
    args = w.ctl("qemu-args", "vm1").stdout.split()
    w.portd.stop()
    holder.close()
    refused = w.ctl("qemu-args", "--live", "vm1", exit=1)
    equal(refused.stdout, "", "what is printed")
    equal("device tap0 is not yet multiqueue as the file says"
          in refused.stderr, True, "the reason in %r" % refused.stderr)
    wrong = w.guest(Vm(w, "vm1", args=args, load=False))
    wait(lambda: not wrong.alive(), "QEMU gives up", timeout=60)
    with open(wrong.console) as f:
        said = f.read()
    equal("could not configure /dev/net/tun (tap0): Invalid argument" in said,
          True, "what QEMU says of a single-queue TAP: %r" % said)
