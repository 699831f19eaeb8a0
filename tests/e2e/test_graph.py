# SPDX-License-Identifier: Apache-2.0
"""graph: the topology for Graphviz, judged by the real dot."""

import os
import re
import time

import frames
from harness import equal, nic, options

HOST = {
    "bridges": {
        "br0": {"datapath_type": "netdev", "ports": {
            "eth1": {"trunks": [10, 20]},
            "mgmt0": {"type": "internal", "tag": 5},
            "vx0": {"type": "vxlan", "options": {
                "remote_ip": "flow", "key": 'a"\\b'}}}},
        "br1": {"datapath_type": "netdev"}},
    "bonds": {"bond0": {"bridge": "br1", "members": ["eth2", "eth3"],
                        "lacp": "active"}},
    "links": {
        "l0": {"type": "patch", "ends": [{"bridge": "br0", "port": "pa"},
                                         {"bridge": "br1", "port": "pb"}]},
        "lab": {"type": "veth", "ends": [
            {"bridge": "br0", "port": "va", "tag": 10}, {"port": "vb"}]}},
}


def write(w):
    w.write_host(HOST)
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", tag=10),
                       "net1": nic(2, ifname="tap1",
                                   vlan_mode="native-untagged", tag=5,
                                   trunks=[10, 20])})
    w.write_vm("vm2", {"net0": nic(3, ifname="tap2", bridge="br9",
                                   trunks=[1, 2, 3, 4, 5, 6])})


def drawing(w, dot, *args):
    """What dot makes of 'dot': the lines of its own plain format."""
    return w.run("dot", "-Tplain", *args, stdin=dot).stdout


def names(plain, kind):
    """Nodes, or edges as "A--B"."""
    words = [re.findall(r'"[^"]*"|\S+', line) for line in plain.splitlines()]
    return sorted("--".join(x.strip('"') for x in line[1:3 if kind == "edge"
                                                       else 2])
                  for line in words if line[0] == kind)


@options(ovs=False, asan=True)
def test_graph(w):
    """Everything that the files name is in the picture, with its lines."""
    write(w)
    result = w.ctl("graph")
    equal("states are left out" in result.stderr, True, result.stderr)
    plain = drawing(w, result.stdout)
    equal(names(plain, "node"), sorted([
        "bond:bond0", "bridge:br0", "bridge:br1", "bridge:br9", "end:vb",
        "legend", "link:l0", "link:lab", "member:eth2", "member:eth3",
        "port:br0/eth1", "port:br0/mgmt0", "port:br0/vx0", "vm1/net0",
        "vm1/net1", "vm2/net0"]), "nodes")
    equal(names(plain, "edge"), sorted([
        "bond:bond0--member:eth2", "bond:bond0--member:eth3",
        "bridge:br0--link:l0", "link:l0--bridge:br1",
        "bridge:br0--link:lab", "link:lab--end:vb",
        "bridge:br0--port:br0/eth1", "bridge:br0--port:br0/mgmt0",
        "bridge:br0--port:br0/vx0", "bridge:br1--bond:bond0",
        "vm1/net0--bridge:br0", "vm1/net1--bridge:br0",
        "vm2/net0--bridge:br9"]), "edges")

    def line_of(node):
        return re.search(r'^ *"%s" -- .*$' % node, result.stdout, re.M)[0]
    color = re.search(r'color="(#\w+)"', line_of("vm1/net0"))[1]
    equal('bgcolor="%s"></td><td align="left">VLAN 10</td>' % color
          in result.stdout, True, "VLAN 10 in the legend")
    equal(line_of("vm1/net1").count(":#"), 2, "three lines for a trunk")
    equal("penwidth=2.4" in line_of("vm2/net0"), True, "one for many VLANs")
    equal("VLAN 6<" in result.stdout, False, "many VLANs in the legend")
    svg = w.ctl("graph", "--svg").stdout
    equal(svg.startswith("<?xml") and "tap0" in svg, True, "SVG")


def test_graph_states(w):
    """With the daemon, the states."""
    write(w)
    w.start_portd()
    w.wait_state("vm1/net0")
    w.wait_state("vm2/net0", "waiting")
    result = w.ctl("graph")
    equal(result.stderr, "", "on stderr")
    for node, state in (("vm1/net0", None), ("vm2/net0", "waiting"),
                        ("port:br0/eth1", "waiting")):
        text = re.search(r'^ *"%s" \[(.*)$' % node, result.stdout, re.M)[1]
        label = re.search(r'label="([^"]*)"', text)[1]
        equal(label.endswith("\\n%s" % state) if state
              else "ready" not in label, True, "the label %r" % label)
        equal('fillcolor="#%s"' % ("fdf1c7" if state else "dcf0dc") in text,
              True, "the colour in %r" % text)
    drawing(w, result.stdout)
    # An invalid file is named, and the rest drawn.
    w.write("vms.d/vm1.json", "{")
    w.wait_state("vm1/net0", "invalid")
    result = w.ctl("graph")
    equal("vms.d/vm1.json:1:" in result.stderr, True, result.stderr)
    equal('"vm1/net0"' in result.stdout, False, "what it had")
    w.expect_log(r"vms\.d/vm1\.json")


@options(ovs=False)
def test_graph_refused(w):
    """Without dot, with one that fails or does not end, and bad input."""
    write(w)
    argv = ["ovs-portctl", "--spec-dir=" + w.spec, "graph", "--svg"]
    tools = os.path.join(w.dir, "tools")
    os.mkdir(tools)
    program = os.path.join(w.bin, "ovs-portctl")
    result = w.run(program, *argv[1:], check=False, env={"PATH": tools})
    equal((result.returncode, result.stdout,
           "package graphviz" in result.stderr), (1, "", True),
          "without dot: %s" % result.stderr)
    dot = os.path.join(tools, "dot")
    for script, text in (("exit 3", "dot failed"),
                         ("exec sleep 60", "not done within 1 s")):
        with open(dot, "w") as f:
            f.write("#!/bin/sh\n%s\n" % script)
        os.chmod(dot, 0o755)
        started = time.monotonic()
        result = w.run(program, "--timeout=1", *argv[1:], check=False,
                       env={"PATH": tools + ":/usr/bin:/bin"})
        soon = time.monotonic() - started < 20 * frames.slowness
        equal((result.returncode, result.stdout, text in result.stderr,
               soon), (1, "", True, True),
              "with a dot that does '%s': %s" % (script, result.stderr))
    w.ctl("graph", "vm1", exit=1)
    w.ctl("graph", "--svgz", exit=1)
