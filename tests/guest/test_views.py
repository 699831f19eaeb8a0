# SPDX-License-Identifier: Apache-2.0
"""What 'show' and 'explain' say of a guest, at every stage of its life."""

import json

from harness import equal, nic, options, wait
from vm import boot


def explained(w, exit):
    """Link -> (state, text) as 'explain vm1/net0' has them."""
    rows = json.loads(w.ctl("-f", "json", "explain", "vm1/net0",
                            exit=exit).stdout)
    equal(rows["headings"][:3], ["link", "state", "text"], "headings")
    return {row[0]: (row[1], row[2]) for row in rows["data"]}


def shown(w):
    """The column "queues" of 'show vm1'."""
    table = json.loads(w.ctl("-f", "json", "--columns=queues", "show",
                             "vm1").stdout)
    return table["data"][0][0]


def check(w, stage, counts, attached, broken=()):
    """The kernel's 'counts' of enabled and disabled queues, and what people
    read: 'attached' of 8, and the links that are broken."""
    def so():
        tun = w.tun("tap0")
        return (tun.get("numqueues", 0), tun.get("numdisabled", 0)) == counts
    wait(so, lambda: "%s: %r queues; %r" % (stage, counts, w.tun("tap0")),
         timeout=60)
    wait(lambda: w.objects()["vm1/net0"]["attached"] == attached,
         "%s: the daemon has %d attached" % (stage, attached))
    equal(shown(w), "%d/8" % attached, "%s: queues in show" % stage)
    links = explained(w, exit=1 if broken else 0)
    equal(links["queues"][1], "%d of 8 attached" % attached,
          "%s: queues in explain" % stage)
    equal(links["carrier"][1], "on" if attached else "off",
          "%s: carrier in explain" % stage)
    equal([name for name, (state, _) in links.items() if state == "broken"],
          list(broken), "%s: broken links" % stage)
    w.wait_state("vm1/net0")


@options(timeout=300)
def test_stages(w):
    """Idle, QEMU started, driver up, fewer queues, gone; ovs-portd writes
    nothing for any of it."""
    w.write_host()
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", tag=10, queues=8)})
    w.start_portd()
    w.wait_state("vm1/net0")
    before = w.wait_idle()
    check(w, "idle", (0, 0), 0, ["queues", "carrier"])
    a = boot(w, "vm1", "10.0.0.1", smp=8, load=False)
    check(w, "QEMU attached", (1, 7), 8)
    a.load()
    check(w, "driver up", (8, 0), 8)
    a.run("ethtool -L eth0 combined 2")
    check(w, "combined 2", (2, 6), 8)
    a.run("ip link set eth0 down; ip link set eth0 up")
    check(w, "down and up", (2, 6), 8)
    a.power_off()
    check(w, "gone", (0, 0), 0, ["queues", "carrier"])
    equal(w.wait_idle(), before, "transactions and netlink writes")
    print("%d rtnetlink events, %d passes" % (
        w.counters()["netlink_events"], w.counters()["passes"]))
