# SPDX-License-Identifier: Apache-2.0
"""What ovs-portctl prints: for people on a terminal, and for programs."""

import csv
import io
import json
import os
import pty
import re
import select
import signal
import subprocess
import time

import frames
from harness import Failure, equal, nic, options, wait

WIDTH = 100
LISTS = ["show", "plan", "check", "vm-list", "nic-list", "br-list",
         "port-list", "bond-list", "link-list", "status", "nic-get VM/NIC",
         "br-get br0", "explain VM/NIC"]


def on_terminal(w, *args, env=None, until=None):
    """What ovs-portctl prints on a terminal, and its exit status.  'until':
    called with all that was printed; true ends it."""
    return terminal(w, ["ovs-portctl", "--spec-dir=" + w.spec,
                        "--state-dir=" + w.state, *args], env, until)


def terminal(w, argv, env=None, until=None, keys="", seconds=60):
    """Runs 'argv' on a terminal of its own, where 'keys' are typed."""
    environment = {**w.env, "TERM": "xterm", **(env or {})}
    if not env:
        del environment["NO_COLOR"]
    master, slave = pty.openpty()
    run = subprocess.Popen(argv, env=environment, stdin=slave, stdout=slave,
                           stderr=slave, start_new_session=True, cwd=w.dir)
    os.close(slave)
    os.write(master, keys.encode())
    seconds *= frames.slowness
    output, deadline = b"", time.monotonic() + seconds
    try:
        while not (until and until(output.decode(errors="replace"))):
            if time.monotonic() > deadline:
                raise Failure("nothing more within %d s after %r"
                              % (seconds, output))
            if select.select([master], [], [], 0.2)[0]:
                try:
                    data = os.read(master, 4096)
                except OSError:     # It has ended.
                    break
                if not data:
                    break
                output += data
        if until:
            run.kill()
        status = run.wait(30)
    finally:
        os.close(master)
        if run.poll() is None:
            run.kill()
    return output.decode(), status


@options(asan=True)
def test_strangers_bytes(w):
    """What somebody wrote into an alias reaches neither a terminal nor JSON as
    it is: it is shown as \\xNN."""
    w.expect_log(r"vm0/net0: conflict: ")
    w.write_host()
    w.run("ip", "link", "add", "tap0", "type", "veth", "peer", "name", "f0")
    subprocess.run([b"ip", b"link", b"set", b"tap0", b"alias",
                    b"ovs-portd:other/a\xff\x1b[31m\xc2\x9bb"],
                   check=True, env=w.env)
    w.write_vm("vm0", {"net0": nic(0, ifname="tap0")})
    w.start_portd()
    w.wait_state("vm0/net0", "conflict")
    ctl = ["ovs-portctl", "--spec-dir=" + w.spec, "--state-dir=" + w.state]
    appctl = ["ovs-appctl", "-t", "ovs-portd"]
    shown = r"other/a\xff\x1b[31m\xc2\x9bb"
    for argv in ([*appctl, "status", "json"], [*appctl, "status"],
                 [*ctl, "-f", "json", "show"], [*ctl, "-f", "json", "status"],
                 [*ctl, "show"], [*ctl, "sync"], [*ctl, "adopt", "vm0/net0"]):
        done = subprocess.run(argv, env=w.env, cwd=w.dir, check=False,
                              capture_output=True)
        text = (done.stdout + done.stderr).decode()
        if "json" in argv:
            text = json.dumps(json.loads(done.stdout), ensure_ascii=False)
            text = text.replace("\\\\", "\\").replace("\\u001b", r"\x1b")
            text = text.replace("\u009b", r"\xc2\x9b")
        text = re.sub(r"\s+", "", text)
        equal(shown in text and not re.search("[\033\u009b]", text), True,
              "%s: %s" % (argv[-1], text))


def test_terminal(w):
    """Colours by state on a terminal, none with NO_COLOR or in a pipe; no
    line is wider than 100 characters."""
    long = "a-virtual-machine-whose-name-somebody-has-made-63-characters-"
    w.write_host({"bridges": {"br0": {"datapath_type": "netdev",
                                      "ports": {"eth7": {}}}}})
    w.write_vm(long, {"a-rather-long-name-of-a-nic-as-well": nic(
        1, trunks=list(range(100, 140)))})
    w.write_vm("vm1", {"net0": nic(2, ifname="tap0", tag=10)})
    w.start_portd()
    w.wait_state("vm1/net0")
    w.wait_state("port:br0/eth7", "waiting")
    text, status = on_terminal(w, "show")
    equal(status, 0, "exit status")
    equal(len(re.findall("\033\\[32mready\033\\[0m", text)), 3, "green")
    equal("\033[33mwaiting\033[0m" in text, True, "yellow in %r" % text)
    plain, status = on_terminal(w, "show", env={"NO_COLOR": "1"})
    equal("\033" in plain, False, "colour with NO_COLOR")
    equal(re.sub("\033\\[[0-9;]*m", "", text), plain, "text beside colour")
    piped = w.ctl("show").stdout
    equal(piped, plain.replace("\r\n", "\n"), "the same in a pipe")
    equal([line for line in piped.splitlines() if len(line) > WIDTH], [],
          "lines that are too wide")
    lines = piped.splitlines()
    equal(re.search("^a-virtual-\\S*…\\S*-nic-as-well  tap", piped,
                    re.M) is not None, True,
          "both ends of a long name in\n%s" % piped)
    # In groups, each with its heading, the state below STATE.
    blank = lines.index("")
    for group in lines[:blank], lines[blank + 1:]:
        at = group[0].index("STATE")
        for line in group[1:]:
            equal(re.match(r"[a-z]+( |$)", line[at:]) is not None
                  or line.startswith("    "), True, "the state in %r" % line)


@options(timeout=120)
def test_progress(w):
    """A long wait says on a terminal what it waits for, and takes that away
    at its end; in a pipe it says nothing."""
    w.write_host()
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", tag=10)})
    w.start_portd()
    w.wait_state("vm1/net0")
    w.vswitchd.signal(signal.SIGSTOP)
    text, _ = on_terminal(w, "--timeout=60", "retag", "vm1/net0", "20",
                          until=lambda s: "waiting for vm1/net0" in s)
    equal("\r\033[K" in text, True, "a line that is written over: %r" % text)
    text, status = on_terminal(w, "--timeout=2", "retag", "vm1/net0", "21")
    equal(status, 3, "exit status")
    last = text.rpartition("\r\033[K")[2]
    equal(("waiting for" in text, "timed out after 2 s" in last,
           "waiting for" in last), (True, True, False),
          "progress, and then none: %r" % text)
    result = w.ctl("--timeout=2", "retag", "vm1/net0", "22", exit=3)
    equal("waiting for" in result.stderr, False, result.stderr)
    plain, status = on_terminal(w, "--timeout=2", "sync",
                                env={"NO_COLOR": "1"})
    equal((status, "waiting for" in plain or "\033" in plain), (3, False),
          "with NO_COLOR: %r" % plain)
    w.vswitchd.signal(signal.SIGCONT)
    wait(lambda: w.port("tap0")["tag"] == 22, "tag 22")
    w.expect_log(r"tap0|vm1|ovs-vswitchd", r"\|jsonrpc\|WARN\|unix#")


@options(timeout=180)
def test_formats(w):
    """Every command that lists takes OVS's table options."""
    w.write_host({
        "bridges": {"br0": {"datapath_type": "netdev",
                            "ports": {"p0": {"type": "internal"},
                                      "gone": {}}}},
        "bonds": {"bond0": {"bridge": "br0", "members": ["e0", "e1"]}},
        "links": {"l0": {"type": "patch", "ends": [
            {"bridge": "br0", "port": "pa"},
            {"bridge": "br0", "port": "pb"}]}}})
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", tag=10, mtu=9000)})
    w.start_portd()
    w.wait_state("vm1/net0")
    # Something left to do, for plan.
    w.portd.stop()
    w.vsctl("set", "Port", "tap0", "tag=7")
    for line in LISTS:
        daemon = line == "status"
        if daemon:
            w.start_portd()
        words = line.replace("VM/NIC", "vm1/net0").split()
        table = w.ctl("-f", "csv", *words, exit=None).stdout
        rows = list(csv.reader(io.StringIO(table)))
        equal(len(rows) > 1 and {len(r) for r in rows} == {len(rows[0])},
              True, "CSV of %s: %r" % (line, table))
        heading = rows[0][0]
        for kind in "table", "list", "html":
            text = w.ctl("-f", kind, *words, exit=None).stdout
            equal(heading in text and rows[1][0] in text, True,
                  "%s of %s: %r" % (kind, line, text))
        json.loads(w.ctl("-f", "json", *words, exit=None).stdout)
        one = w.ctl("-f", "csv", "--no-headings", "--columns=" + heading,
                    *words, exit=None).stdout
        equal([r[0] for r in csv.reader(io.StringIO(one))],
              [r[0] for r in rows[1:]], "one column of " + line)
        people = w.ctl("--columns=" + heading, *words, exit=None).stdout
        equal(people.splitlines()[0], heading.upper(), "heading of " + line)
        bad = w.ctl("--columns=no-such", *words, exit=None)
        equal((bad.returncode, 'no column "no-such"' in bad.stderr),
              (1, True), "a bad column of %s: %s" % (line, bad.stderr))
    w.ctl("-f", "xml", "show", exit=1)


@options(ovs=False, timeout=120)
def test_tab(w):
    """The Tab key in a real bash: what it completes is what would run."""
    w.write_host()
    w.write_vm("vm1", {"net0": nic(1)})
    completion = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                              "..", "..", "src", "cli", "completion",
                              "ovs-portctl")
    for typed, wanted in (
            ("qua\tv\t/n\t", "quarantine vm1/net0 "),
            ("nic-set vm1/net0 vlan_\tnative-u\t",
             "nic-set vm1/net0 vlan_mode=native-untagged "),
            ("gc-confirm bri\tb\t", "gc-confirm bridge:br0 "),
            ("check --strict -- retag v\t", "check --strict -- retag vm1/n"),
            ("--wait=gu\tsync", "--wait=guest sync")):
        line = "ovs-portctl --spec-dir=spec " + typed
        text, _ = terminal(
            w, ["bash", "--norc", "--noprofile", "-i"],
            env={"PS1": "> ", "NO_COLOR": "1", "TERM": "dumb"},
            keys="source '%s'\n%s" % (completion, line),
            until=lambda s, end=wanted: end in s.replace("\a", ""))
        equal(wanted in text.replace("\a", ""), True,
              "after %r: %r" % (typed, text))
