# SPDX-License-Identifier: Apache-2.0
"""The peer os-vif of bench_attach.py: ports as OpenStack's Nova has them made
on a host, one after the other, in one process that lives as long as all of
them.

    osvif.py plug|unplug N SOCKET

makes or removes the ports o0..o(N-1) on br0 of the ovsdb-server at the Unix
socket SOCKET.  os-vif leaves the TAP to libvirt, so that is made here, by the
system calls that libvirt makes.  Needs Debian's python3-os-vif."""

import fcntl
import os
import struct
import subprocess
import sys
import uuid

import os_vif
from os_vif.objects import instance_info, network, vif
from oslo_config import cfg
from vif_plug_ovs import privsep

TUNSETIFF = 0x400454ca
TUNSETPERSIST = 0x400454cb
FLAGS = 0x0002 | 0x1000 | 0x4000 | 0x0100   # TAP NO_PI VNET_HDR MULTI_QUEUE


def make_tap(name):
    fd = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), FLAGS))
    fcntl.ioctl(fd, TUNSETPERSIST, 1)
    os.close(fd)


def identifier(kind, i):
    return str(uuid.UUID(int=(kind << 64) + i))


def make_vif(i):
    return vif.VIFOpenVSwitch(
        id=identifier(1, i), vif_name="o%d" % i, bridge_name="br0",
        address="52:54:00:03:%02x:%02x" % (i >> 8, i & 255),
        has_traffic_filtering=True, preserve_on_delete=False, plugin="ovs",
        network=network.Network(id=identifier(2, 0), bridge="br0"),
        port_profile=vif.VIFPortProfileOpenVSwitch(
            interface_id=identifier(3, i), datapath_type="netdev",
            create_port=True))


def main():
    what, n, socket = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    privsep.vif_plug.set_client_mode(False)     # We are root.
    cfg.CONF([], project="osvif")
    os_vif.initialize()
    cfg.CONF.set_override("ovsdb_connection", "unix:" + socket,
                          group="os_vif_ovs")
    os_vif.initialize(reset=True)               # It has read that by now.
    for i in range(n):
        one = make_vif(i)
        instance = instance_info.InstanceInfo(uuid=identifier(4, i),
                                              name="vm%d" % i)
        if what == "plug":
            make_tap(one.vif_name)
            subprocess.check_call(["ip", "link", "set", one.vif_name, "up"])
            os_vif.plug(one, instance)
        else:
            os_vif.unplug(one, instance)


main()
