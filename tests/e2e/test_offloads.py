# SPDX-License-Identifier: Apache-2.0
"""Offloads of uplinks."""

from harness import equal, options, wait

# What 'ethtool -k' calls what 'ethtool -K' calls by other names.
LONG = {"rx": "rx-checksumming", "tx": "tx-checksumming",
        "sg": "scatter-gather", "tso": "tcp-segmentation-offload",
        "gso": "generic-segmentation-offload",
        "gro": "generic-receive-offload", "lro": "large-receive-offload"}


def features(w, name):
    """{"tso": True, ...} and the set of those that are fixed."""
    on, fixed = {}, set()
    for line in w.run("ethtool", "-k", name).stdout.splitlines()[1:]:
        key, _, value = line.strip().partition(": ")
        for short, long in LONG.items():
            if long == key:
                on[short] = value.startswith("on")
                if "[fixed]" in value:
                    fixed.add(short)
    return on, fixed


def write(w, offloads=None, **more):
    eth1 = {} if offloads is None else {"offloads": offloads}
    w.write_host({"bridges": {"br0": {
        "datapath_type": "netdev", "ports": {"eth1": eth1}}}, **more})


def pair(w, name):
    w.ip("link", "add", name, "type", "veth", "peer", "name", "x-" + name)


@options(asan=True)
def test_offloads(w):
    """Those that the spec gives are kept, and no others are touched; not even
    looked at if it gives none."""
    pair(w, "eth1")
    before, _ = features(w, "eth1")
    write(w)
    w.start_portd()
    w.wait_state("port:br0/eth1")
    equal(features(w, "eth1")[0], before, "features")
    w.run("ethtool", "-K", "eth1", "gro", "on")
    w.wait_idle()

    wanted = {"tso": False, "tx": True, "gro": False}
    write(w, wanted)
    w.ctl("sync")
    w.wait_state("port:br0/eth1")
    equal(features(w, "eth1")[0], {**before, **wanted}, "features")
    written = w.wait_idle()
    w.appctl("resync")
    equal(w.wait_idle(), written, "what was written")

    # What others change is put back, also while the device is down.
    for state in "up", "down":
        w.ip("link", "set", "x-eth1", state)
        w.run("ethtool", "-K", "eth1", "tso", "on", "gro", "on", "gso", "off")
        wait(lambda: features(w, "eth1")[0] ==
             {**before, **wanted, "gso": False},
             lambda: "features are %r" % (features(w, "eth1")[0],))
        w.wait_idle()
    w.portd.stop()
    w.run("ethtool", "-K", "eth1", "tso", "on")
    w.start_portd()
    w.wait_state("port:br0/eth1")
    equal(features(w, "eth1")[0], {**before, **wanted, "gso": False},
          "features")

    # What has left the spec stays as it is.
    write(w, {"tso": False})
    w.ctl("sync")
    w.run("ethtool", "-K", "eth1", "gro", "on")
    w.wait_idle()
    equal(features(w, "eth1")[0],
          {**before, **wanted, "gso": False, "gro": True}, "features")

    # A device that comes later.
    w.ip("link", "del", "eth1")
    w.wait_state("port:br0/eth1", "waiting")
    pair(w, "eth1")
    w.wait_state("port:br0/eth1")
    wait(lambda: features(w, "eth1")[0]["tso"] is False, "tso off")


def looks(w, name):
    """How often the daemon looked at offloads while 'name' went down and
    up."""
    def count():
        return int(w.appctl("coverage/read-counter", "kernel_read_offloads"))

    w.wait_idle()
    before = count()
    events = w.counters()["netlink_events"]
    for state in "down", "up":
        w.ip("link", "set", name, state)
    wait(lambda: w.counters()["netlink_events"] >= events + 2, "the events")
    w.wait_idle()
    return count() - before


def test_looks(w):
    """The daemon looks at the offloads of a device as long as a spec says
    something of them, whichever object it belongs to."""
    def both(first, second):
        w.write_host({"bridges": {
            "br%d" % i: {"datapath_type": "netdev",
                         "ports": {} if port is None else {"eth1": port}}
            for i, port in enumerate((first, second))}})

    pair(w, "eth1")
    given = {"offloads": {"tso": False}}
    both({}, None)
    w.start_portd()
    w.ctl("sync")
    equal(looks(w, "eth1"), 0, "looks, not asked for")
    # In either direction: objects are planned in the order of their names.
    for wanted in (given, None), (None, given), (given, None):
        both(*wanted)
        w.ctl("sync")
        assert looks(w, "eth1"), ("no looks", wanted)
    both({}, None)
    w.ctl("sync")
    equal(looks(w, "eth1"), 0, "looks, no longer asked for")
    both(given, None)
    w.ctl("sync")
    assert looks(w, "eth1"), "no looks, asked for once more"
    w.ctl("port-del", "br0", "eth1")
    wait(lambda: not w.port("eth1"), "the port is gone")
    equal(looks(w, "eth1"), 0, "looks at a device that is not in the specs")


def test_members(w):
    """Those of a bond are for each member."""
    pair(w, "eth2")
    pair(w, "eth3")
    write(w, bonds={"bond0": {"bridge": "br0", "members": ["eth2", "eth3"],
                              "offloads": {"tso": False}}})
    w.start_portd()
    w.wait_state("bond:bond0")
    equal([features(w, n)[0]["tso"] for n in ("eth2", "eth3")],
          [False, False], "tso")


@options(asan=True)
def test_fixed(w):
    """A feature that the device has fixed is an error, in the kernel's words;
    the others are set all the same, and so is the port."""
    pair(w, "eth1")
    before, fixed = features(w, "eth1")
    equal("lro" in fixed and before["lro"], False, "lro is fixed, and off")
    write(w, {"lro": True, "tso": False})
    w.expect_log("offload lro cannot be turned on")
    w.start_portd()
    w.wait_state("port:br0/eth1", "error",
                 text="eth1: offload lro cannot be turned on: Operation not "
                 "supported; the device has it fixed")
    equal(features(w, "eth1")[0], {**before, "tso": False}, "features")
    wait(lambda: w.iface("eth1") and w.iface("eth1")["ofport"] == 1,
         "the port is there")
    # Off it is already.
    write(w, {"lro": False, "tso": False})
    w.wait_state("port:br0/eth1")
