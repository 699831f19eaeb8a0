# SPDX-License-Identifier: Apache-2.0
"""A light world for thousands of ports: a real ovsdb-server, real TAPs, and
standin.py in the place of ovs-vswitchd."""

import json
import os
import subprocess
import sys
import time

import jsonrpc
from harness import SCHEMA, Failure, nic, wait

# After which the stand-in answers, in seconds: longer than the daemon, under
# valgrind and on a busy machine, takes for what it asks.
DELAY = 0.2

HERE = os.path.dirname(os.path.abspath(__file__))


class Light:
    """World 'w' with ovsdb-server and the stand-in, and bridge br0; NICs
    vmI/net0 with TAP tI in VLAN 10."""

    def __init__(self, w):
        self.w = w
        self.n = 0
        w.run("ovsdb-tool", "create", w.db_file, SCHEMA)
        w.start_ovsdb()
        w.vsctl("--no-wait", "init")
        self.standin = subprocess.Popen(
            [sys.executable, os.path.join(HERE, "standin.py"), w.db_socket,
             str(DELAY)],
            stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        if self.standin.stdout.readline() != b"ready\n":
            raise Failure("the stand-in for ovs-vswitchd has ended")
        self.db = jsonrpc.Connection(w.db_socket)
        w.write_host({"bridges": {"br0": {"datapath_type": "netdev"}}},
                     gc_grace=0)

    def close(self):
        self.standin.kill()
        self.standin.wait()

    def write_vm(self, i, tag=10):
        self.w.write_vm("vm%d" % i, {"net0": nic(i, ifname="t%d" % i,
                                                 tag=tag)})

    def grow(self, n):
        """As many NICs as 'n', by a daemon that runs."""
        for i in range(self.n, n):
            self.write_vm(i)
        self.n = n
        self.wait_ports(n)
        rest(self.w.portd)

    def wait_ports(self, n, timeout=900):
        """Until there are 'n' NICs whose ports are applied and up."""
        def there():
            return (len(self.db.select("Interface", [["ofport", ">", 0]],
                                       "name")) >= n + 1
                    and count_up() >= n)
        wait(there, "%d ports" % n, timeout, every=1)

    def wait_tag(self, name, tag):
        """Until the database has 'tag' for port 'name'."""
        def shows():
            rows = self.db.select("Port", [["name", "==", name]], "tag")
            return rows and rows[0]["tag"] == tag
        wait(shows, "port %s has tag %d" % (name, tag), timeout=300)

    def set_tag(self, name, tag):
        """As another writer would."""
        self.db.transact({"op": "update", "table": "Port",
                          "where": [["name", "==", name]],
                          "row": {"tag": tag}})


def count_up():
    """How many TAPs tI are up."""
    up = 0
    for name in os.listdir("/sys/class/net"):
        if name[0] == "t" and name[1:].isdigit():
            with open("/sys/class/net/%s/flags" % name) as f:
                up += int(f.read(), 16) & 1
    return up


def counters(w):
    """w.counters(), for which a busy machine needs its time among 10,000."""
    return json.loads(w.appctl("status", "json", timeout=300))["counters"]


def written(w):
    """Transactions and netlink messages that changed something."""
    now = counters(w)
    return now["txns"], now["netlink_writes"]


def stat(pid):
    """The state of a process ("S": it sleeps), and its CPU in ticks of the
    clock."""
    with open("/proc/%d/stat" % pid) as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return fields[0], int(fields[11]) + int(fields[12])


def rest(daemon, quiet=0.7):
    """Until a daemon has come to rest, without a question to it: it has slept
    and had no CPU for 'quiet' seconds.  One that waits for CPU on a busy
    machine does not sleep."""
    last, since = None, time.monotonic()
    while time.monotonic() - since < quiet:
        state, now = stat(daemon.pid)
        if now != last or state != "S":
            last, since = now, time.monotonic()
        time.sleep(0.02)


def rest_after_start(w, timeout=600):
    """Until the daemon that was started last has made its first pass, and
    rests."""
    def began():
        return int(w.appctl("coverage/read-counter", "reconcile_pass",
                            timeout=300)) > 0
    wait(began, "the first pass", timeout, every=0.2)
    rest(w.portd)
