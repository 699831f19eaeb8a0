# SPDX-License-Identifier: Apache-2.0
"""Guests with many queues on TAPs of ours."""

from harness import equal, nic
from vm import boot


def world(w, **more):
    w.write_host()
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", tag=10, **more)})
    w.start_portd()
    w.wait_state("vm1/net0")


def test_eight(w):
    """Booted with what qemu-args prints, a guest has its eight queues."""
    world(w, queues=8)
    a = boot(w, "vm1", "10.0.0.1", smp=8)
    equal(a.combined(), (8, 8), "queues at most and in use")
