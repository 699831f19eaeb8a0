#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Plays ovs-vswitchd's part in the database and has no datapath.

    standin.py SOCKET SECONDS

ovs-vswitchd itself does not get to 10,000 ports in useful time, whatever its
datapath: each configuration that it applies costs it a look at all of them.
So where many ports are needed and no frame is to pass, this process does what
others see ovs-vswitchd do in the database, over a connection of its own: an
Interface gets an OpenFlow port, a state and an address, an internal one its
TAP, and one whose type is "null" loses them; then cur_cfg follows next_cfg.  It does so SECONDS after it
was asked, so that its answers are always news of their own.  It prints "ready"
when it listens.  It answers no ovs-appctl."""

import fcntl
import itertools
import os
import struct
import sys
import time

import jsonrpc

MONITORED = {
    "Open_vSwitch": {"columns": ["next_cfg", "cur_cfg"]},
    "Interface": {"columns": ["name", "type", "ofport", "ofport_request"]},
    "Bridge": {"columns": ["name", "datapath_id"]},
}
TUNSETIFF = 0x400454ca
IFF_TAP, IFF_NO_PI = 0x0002, 0x1000
# What the real one says of itself.
ABOUT = {
    "ovs_version": "3.1.0", "db_version": "8.3.1",
    "datapath_types": ["set", ["netdev", "system"]],
    "iface_types": ["set", ["dpdk", "geneve", "gre", "internal", "patch",
                            "system", "tap", "vxlan"]],
}


class StandIn:
    def __init__(self, path, delay):
        self.db = jsonrpc.Connection(path)
        self.delay = delay
        self.numbers = itertools.count(1)
        self.taps = {}          # Name -> descriptor.

    def run(self):
        self.take(self.db.call("monitor", jsonrpc.DB, None, MONITORED))
        self.db.transact({"op": "update", "table": "Open_vSwitch",
                          "where": [], "row": ABOUT})
        print("ready", flush=True)
        while True:
            self.take(self.db.update())

    def take(self, tables):
        """Does with a change what ovs-vswitchd would."""
        operations = []
        for uuid, change in tables.get("Interface", {}).items():
            if "new" in change:
                operations += self.interface(uuid, change["new"])
        for uuid, change in tables.get("Bridge", {}).items():
            if "new" in change and "old" not in change:
                operations.append(update("Bridge", uuid, {
                    "datapath_id": "%016x" % next(self.numbers)}))
        for change in tables.get("Open_vSwitch", {}).values():
            new = change.get("new", {})
            if new.get("next_cfg") != new.get("cur_cfg"):
                operations.append({
                    "op": "update", "table": "Open_vSwitch", "where": [],
                    "row": {"cur_cfg": new["next_cfg"]}})
        if operations:
            time.sleep(self.delay)
            self.db.transact(*operations)

    def interface(self, uuid, row):
        has = row["ofport"] != ["set", []]
        if row["type"] == "null":
            return [update("Interface", uuid, {"ofport": -1})] * has
        if row["type"] == "internal":
            self.open_tap(row["name"])
        if has and row["ofport"] != -1:
            return []
        number = next(self.numbers) % 65000 + 1
        if row["ofport_request"] != ["set", []]:
            number = row["ofport_request"]
        return [update("Interface", uuid, {
            "ofport": number, "ifindex": number, "admin_state": "up",
            "link_state": "up",
            "mac_in_use": "02:00:00:00:%02x:%02x" % divmod(number, 256)})]

    def open_tap(self, name):
        if name not in self.taps:
            self.taps[name] = os.open("/dev/net/tun", os.O_RDWR)
            fcntl.ioctl(self.taps[name], TUNSETIFF, struct.pack(
                "16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))


def update(table, uuid, row):
    return {"op": "update", "table": table, "row": row,
            "where": [["_uuid", "==", ["uuid", uuid]]]}


if __name__ == "__main__":
    StandIn(sys.argv[1], float(sys.argv[2])).run()
