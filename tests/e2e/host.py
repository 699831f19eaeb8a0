# SPDX-License-Identifier: Apache-2.0
"""What is live: OVSDB's rows and the kernel's devices, as Python values."""

import json
import os

import frames

# What ovs-vswitchd writes by itself, now and then.
VOLATILE = {"Interface": {"_version", "statistics"},
            "Port": {"_version", "statistics", "rstp_statistics"},
            "Open_vSwitch": {"_version", "statistics", "cur_cfg"}}


def patience(seconds):
    """OVS's option for it."""
    return "--timeout=%d" % (seconds * frames.slowness)


def plain(value):
    """OVSDB's JSON notation: a set becomes a sorted list (a set of exactly
    one value is that value), a map a dict, a UUID a string."""
    if isinstance(value, list) and len(value) == 2:
        kind, content = value
        if kind in ("uuid", "named-uuid"):
            return content
        if kind == "set":
            return sorted(plain(item) for item in content)
        if kind == "map":
            return {plain(k): plain(v) for k, v in content}
    return value


class HostView:
    """The reading half of a World; needs run() and the paths of one."""

    def vsctl(self, *args, check=True):
        return self.run("ovs-vsctl", patience(30),
                        "--db=unix:" + self.db_socket,
                        *self.on_datapath(args), check=check).stdout.strip()

    def on_datapath(self, args):
        """Arguments of a command, with this world's datapath."""
        return ["datapath_type=" + self.datapath
                if arg == "datapath_type=netdev" else arg for arg in args]

    def transact(self, *operations):
        answer = self.run("ovsdb-client", patience(30), "transact",
                          "unix:" + self.db_socket,
                          json.dumps(["Open_vSwitch"] + list(operations)))
        return json.loads(answer.stdout)

    def rows(self, table, **where):
        """All rows of 'table' that have these values, as dicts."""
        conditions = [[column, "==", value]
                      for column, value in where.items()]
        answer = self.transact({"op": "select", "table": table,
                                "where": conditions})
        return [{column: plain(value) for column, value in row.items()}
                for row in answer[0]["rows"]]

    def row(self, table, name):
        """The row called 'name', or None."""
        found = self.rows(table, name=name)
        return found[0] if found else None

    def port(self, name):
        return self.row("Port", name)

    def iface(self, name):
        return self.row("Interface", name)

    def bridge(self, name):
        return self.row("Bridge", name)

    def bridge_of(self, port):
        """Names of the bridges that hold the Port called 'port'."""
        uuid = self.port(port)["_uuid"]
        return [bridge["name"] for bridge in self.rows("Bridge")
                if uuid in listed(bridge["ports"])]

    def next_cfg(self):
        return self.rows("Open_vSwitch")[0]["next_cfg"]

    def db_dump(self, exact=False):
        """Every row of every table by table and UUID.  What ovs-vswitchd
        writes on its own is left out, unless 'exact'."""
        schema = json.loads(self.run("ovsdb-client", patience(30),
                                     "get-schema", "unix:" + self.db_socket,
                                     "Open_vSwitch").stdout)
        dump = {}
        for table in sorted(schema["tables"]):
            hide = set() if exact else VOLATILE.get(table, {"_version"})
            dump[table] = {
                row["_uuid"]: {c: v for c, v in row.items() if c not in hide}
                for row in self.rows(table)}
        return dump

    def links(self):
        """Devices by name, as 'ip -d -j link' has them, with arp_ignore."""
        found = {}
        for link in json.loads(self.run("ip", "-d", "-j", "link").stdout):
            name = link["ifname"]
            try:
                with open("/proc/sys/net/ipv4/conf/%s/arp_ignore"
                          % name) as f:
                    link["arp_ignore"] = int(f.read())
            except FileNotFoundError:
                pass
            found[name] = link
        return found

    def link(self, name):
        """The device, or None."""
        return self.links().get(name)

    def ifindex(self, name):
        link = self.link(name)
        return link["ifindex"] if link else None

    def is_up(self, name):
        link = self.link(name)
        return bool(link) and "UP" in link["flags"]

    def tun(self, name):
        """What the kernel says of a TAP as such."""
        return self.link(name)["linkinfo"]["info_data"]

    def device_names(self):
        """Cheaper than links()."""
        return set(os.listdir("/sys/class/net"))

    def qdiscs(self):
        """The root qdisc's kind of each device."""
        # With -j, what tc says of linux-hfsc is no JSON.
        words = map(str.split, self.run("tc", "qdisc").stdout.splitlines())
        return {q[q.index("dev") + 1]: q[1] for q in words
                if "dev" in q and "root" in q}

    def kernel_dump(self):
        """All that the kernel says of devices, addresses and queueing."""
        addresses = {}
        for link in json.loads(self.run("ip", "-j", "addr").stdout):
            for address in link["addr_info"]:
                address.pop("tentative", None)  # Ends by itself.
            addresses[link["ifname"]] = link["addr_info"]
        return {"links": self.links(), "addresses": addresses,
                "qdiscs": json.loads(self.run("tc", "-j", "qdisc").stdout)}

    def ip(self, *args):
        return self.run("ip", *args).stdout


def listed(value):
    """A column that holds a set, as a list."""
    return value if isinstance(value, list) else [value]
