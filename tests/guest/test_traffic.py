# SPDX-License-Identifier: Apache-2.0
"""Real guests talk within their VLAN, and change it while they run."""

from harness import equal, nic, options, wait
from vm import boot


def world(w):
    """vm1 with eight queues and vm2 in VLAN 10; guests that talk."""
    w.write_host()
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", tag=10, queues=8)})
    w.write_vm("vm2", {"net0": nic(2, ifname="tap1", tag=10)})
    w.start_portd()
    w.wait_state(["vm1/net0", "vm2/net0"])
    a = boot(w, "vm1", "10.0.0.1", smp=4)
    b = boot(w, "vm2", "10.0.0.2")
    a.pings(b)
    b.pings(a)
    return a, b


def transfer(src, dst, port, megabytes=4):
    """By TCP, and it arrives as it was."""
    # Without anything to send, nc would end the connection at once.
    dst.run("rm -f /tmp/got; sleep 600 | nc -l -p %d >/tmp/got &" % port)
    wait(lambda: ":%d" % port in dst.run("netstat -ltn"), "nc listens")
    sent = src.run("dd if=/dev/urandom of=/tmp/sent bs=1M count=%d "
                   "2>/dev/null; md5sum </tmp/sent" % megabytes)
    src.run("nc %s %d </tmp/sent" % (dst.address, port), timeout=120)
    wait(lambda: dst.run("md5sum </tmp/got") == sent,
         lambda: "%s has what %s sent: %s" % (
             dst.vm, src.vm, dst.run("ls -l /tmp/got")), timeout=60)


@options(timeout=300)
def test_tcp(w):
    """TCP in both directions, with the offloads that qemu-args leaves on."""
    a, b = world(w)
    transfer(a, b, 5001)
    transfer(b, a, 5002)


@options(timeout=300)
def test_retag(w):
    """Apart after one retag, together after the other; neither guest loses
    its link."""
    a, b = world(w)
    changes = {vm: vm.run("cat /sys/class/net/eth0/carrier_changes")
               for vm in (a, b)}
    w.ctl("retag", "vm1/net0", "20")
    a.pings_not(b)
    b.pings_not(a)
    w.ctl("retag", "vm2/net0", "20")
    a.pings(b)
    transfer(a, b, 5001, megabytes=1)
    for vm in a, b:
        equal(vm.run("cat /sys/class/net/eth0/carrier_changes"), changes[vm],
              "carrier changes in %s" % vm.vm)


@options(timeout=300)
def test_chain(w):
    """Both retagged by one chain: together before and after it."""
    a, b = world(w)
    w.ctl("retag", "vm1/net0", "30", "--", "retag", "vm2/net0", "30")
    a.pings(b, patience=5)
    equal((w.port("tap0")["tag"], w.port("tap1")["tag"]), (30, 30), "tags")
