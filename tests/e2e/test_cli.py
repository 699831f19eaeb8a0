# SPDX-License-Identifier: Apache-2.0
"""ovs-portctl: exit codes, edits at the same time, and what hangs."""

import json
import os
import random
import signal
import subprocess
import time

import frames
from harness import Failure, equal, nic, options, patience, wait

VM = """{ "version": 1,
  "nics": {
    "net0": { "bridge": "br0", "mac": "52:54:00:00:00:01", "ifname": "tap0",
              "tag": 10 } } }
"""


def world(w):
    w.write_host()
    w.write("vms.d/vm1.json", VM)
    w.start_portd()
    w.wait_state("vm1/net0")


@options(asan=True)
def test_refused(w):
    """Exit 1: bad input of any kind leaves the files as they are, byte for
    byte; a chain is all or nothing."""
    world(w)
    before = w.read("vms.d/vm1.json"), w.read("host.json")
    for args in (["retag", "vm1/net0", "5000"], ["retag", "vm1/net0", "x"],
                 ["retag", "vm1/net0"], ["retag", "vm1/net0", "-1"],
                 ["retag", "vm9/net0", "10"], ["retag", "vm1/net9", "10"],
                 ["retag", "vm1", "10"], ["retag", "../vm1/net0", "10"],
                 ["nic-set-trunks", "vm1/net0", "1,5000"],
                 ["no-such-command"], ["--no-such-option", "show"],
                 ["--wait=whatever", "sync"],
                 ["retag", "vm1/net0", "20", "--",
                  "retag", "vm1/net9", "20"]):
        result = w.ctl(*args, exit=1)
        equal(bool(result.stderr.strip()), True,
              "it says what is wrong with %r" % args)
        equal((w.read("vms.d/vm1.json"), w.read("host.json")), before,
              "files after %r" % args)
    time.sleep(0.5)
    equal(w.port("tap0")["tag"], 10, "tag")
    message = w.ctl("retag", "vm1/net9", "10", exit=1).stderr
    equal("net0" in message, True, "the near miss in %r" % message)


@options(asan=True)
def test_exit_codes(w):
    """0 done, 2 conflict, 3 timed out, 4 no daemon."""
    w.expect_log(r"vm2/net0")
    world(w)
    w.ctl("retag", "vm1/net0", "20", exit=0)
    w.ctl("retag", "vm1/net0", "20", exit=0)
    w.ctl("sync", exit=0)
    equal("vm1/net0" in w.ctl("show").stdout, True, "show")

    w.ip("tuntap", "add", "dev", "tap1", "mode", "tap")
    w.write_vm("vm2", {"net0": nic(2, ifname="tap1", tag=10)})
    result = w.ctl("retag", "vm2/net0", "30", exit=2)
    equal("tap1" in result.stderr + result.stdout, True,
          "with whom in %r" % result.stderr)
    equal('"tag": 30' in w.read("vms.d/vm2.json"), True, "vm2.json")
    w.ctl("retag", "vm1/net0", "21", exit=0)    # Is not held back by vm2.
    w.ctl("sync", exit=2)

    w.vswitchd.signal(signal.SIGSTOP)
    started = time.monotonic()
    w.ctl("--timeout=2", "retag", "vm1/net0", "30", exit=3)
    equal(1.5 < (time.monotonic() - started) / frames.slowness < 6, True,
          "about 2 s")
    equal('"tag": 30' in w.read("vms.d/vm1.json"), True, "vm1.json")
    w.ctl("--wait=db", "--timeout=10", "retag", "vm1/net0", "31", exit=0)
    equal(w.port("tap0")["tag"], 31, "committed")
    w.ctl("--wait=none", "retag", "vm1/net0", "32", exit=0)
    w.vswitchd.signal(signal.SIGCONT)
    wait(lambda: w.port("tap0")["tag"] == 32, "tag 32")
    w.ctl("--timeout=30", "sync", exit=2)

    w.portd.stop()
    w.ctl("--timeout=5", "retag", "vm1/net0", "33", exit=4)
    equal('"tag": 33' in w.read("vms.d/vm1.json"), True, "vm1.json")
    w.ctl("--timeout=5", "sync", exit=4)
    w.ctl("--wait=none", "retag", "vm1/net0", "34", exit=0)
    w.start_portd()
    wait(lambda: w.port("tap0")["tag"] == 34, "tag 34")


def test_dry_run(w):
    """--dry-run shows the difference and changes nothing."""
    world(w)
    text = w.ctl("--dry-run", "retag", "vm1/net0", "20").stdout
    equal("10" in text and "20" in text, True, "old and new in %r" % text)
    equal(w.read("vms.d/vm1.json"), VM, "vm1.json")
    time.sleep(1)
    equal(w.port("tap0")["tag"], 10, "tag")


def test_chain(w):
    """A chain over several files is one edit and one wait."""
    w.write_host()
    for i in range(1, 4):
        w.write_vm("vm%d" % i, {"net0": nic(i, ifname="tap%d" % i, tag=10)})
    w.start_portd()
    w.wait_state(["vm%d/net0" % i for i in range(1, 4)])
    w.wait_idle()
    w.ctl("retag", "vm1/net0", "21", "--", "retag", "vm2/net0", "22",
          "--", "nic-set-trunks", "vm3/net0", "5,6")
    equal([w.port("tap%d" % i)["tag"] for i in (1, 2, 3)], [21, 22, []],
          "tags")
    equal(w.port("tap3")["trunks"], [5, 6], "trunks")


@options(timeout=180)
def test_at_the_same_time(w):
    """Thirty retags of different NICs of one file at once: none is lost."""
    n = 30
    w.write_host()
    w.write_vm("vm1", {"net%d" % i: nic(i, ifname="tap%d" % i, tag=10)
                       for i in range(n)})
    w.start_portd()
    w.wait_state(["vm1/net%d" % i for i in range(n)])
    runs = [subprocess.Popen(
        ["ovs-portctl", "--spec-dir=" + w.spec, "--state-dir=" + w.state,
         patience(60), "retag", "vm1/net%d" % i, str(100 + i)],
        env=w.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for i in range(n)]
    for run in runs:
        output = run.communicate(timeout=90 * frames.slowness)[0]
        equal((run.returncode, output.decode() if run.returncode else ""),
              (0, ""), "exit status of a retag")
    spec = json.loads(w.read("vms.d/vm1.json"))
    for i in range(n):
        equal(spec["nics"]["net%d" % i]["tag"], 100 + i, "tag in the file")
        equal(w.port("tap%d" % i)["tag"], 100 + i, "tag of the port")


@options(timeout=240)
def test_killed_chain(w):
    """A chain that is killed at any moment has happened in all of its files
    or in none; whoever comes next finds it so, the daemon as well."""
    w.write_host()
    for i, vm in enumerate("abc"):
        w.write_vm(vm, {"net0": nic(i, ifname="tap-" + vm, tag=1)})
    w.start_portd()
    w.wait_state([vm + "/net0" for vm in "abc"])
    w.expect_log(r"\|jsonrpc\|WARN\|unix#\d+: ")  # Who asked is no more.
    random.seed(2)
    killed = changed = 0
    started = time.monotonic()
    for last in range(2, 7):
        w.ctl("--wait=none", "retag", "a/net0", str(last), "--",
              "retag", "b/net0", str(last))
    whole = (time.monotonic() - started) / 5
    for turn in range(60):
        run = subprocess.Popen(
            ["ovs-portctl", "--spec-dir=" + w.spec, "--wait=none",
             "retag", "a/net0", str(100 + turn), "--",
             "retag", "b/net0", str(100 + turn)],
            env=w.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(random.uniform(0, 1.3) * whole)
        run.kill()
        killed += run.wait() == -signal.SIGKILL
        w.ctl("--wait=none", "retag", "c/net0", str(turn))
        tags = [json.loads(w.read("vms.d/%s.json" % vm))["nics"]["net0"]
                ["tag"] for vm in "ab"]
        equal(tags[0], tags[1], "b's tag, beside a's")
        equal(tags[0] in (last, 100 + turn), True, "the old or the new tag")
        changed += tags[0] != last
        last = tags[0]
    equal((killed > 10, changed > 0), (True, True),
          "killed %d times, %d times too late" % (killed, changed))
    w.ctl("sync")
    equal([w.port("tap-" + vm)["tag"] for vm in "abc"], [last, last, 59],
          "tags of the ports")
    equal(sorted(n for n in os.listdir(w.path("vms.d"))),
          ["a.json", "b.json", "c.json"], "files in vms.d")


@options(asan=True)
def test_hung_ovsdb(w):
    """A stopped ovsdb-server hangs neither the CLI nor the daemon."""
    world(w)
    w.expect_log(r"\|(reconnect|jsonrpc|stream_unix|ovsdb_cs|ovsdb_idl)\|",
                 r"(ovsdb-server|db\.sock)")

    def bounded(*args, codes, seconds=9):
        started = time.monotonic()
        result = w.ctl("--timeout=3", *args, exit=None, timeout=60)
        took = (time.monotonic() - started) / frames.slowness
        equal((result.returncode in codes, took < seconds), (True, True),
              "'%s' ends with %d in %.1f s (%s)" % (
                  " ".join(args), result.returncode, took, result.stderr))
    w.ovsdb.signal(signal.SIGSTOP)
    bounded("show", codes=(0,))
    bounded("retag", "vm1/net0", "40", codes=(3, 4))
    bounded("sync", codes=(3, 4))
    bounded("plan", codes=(0, 4))
    started = time.monotonic()
    w.status()
    equal(time.monotonic() - started < 2 * frames.slowness, True,
          "the daemon answers")
    # Neither does it need to be killed with a hammer.
    w.portd.stop(timeout=10)
    bounded("show", codes=(0, 4))
    bounded("plan", codes=(4,))
    bounded("retag", "vm1/net0", "41", codes=(4,))
    w.ovsdb.signal(signal.SIGCONT)
    w.start_portd()
    w.wait_state("vm1/net0")
    equal(w.port("tap0")["tag"], 41, "tag")


def test_hung_daemon(w):
    """A stopped daemon does not hang the CLI either."""
    world(w)
    # Whoever asked has gone in the meantime.
    w.expect_log(r"\|jsonrpc\|WARN\|unix#\d+: send error: Broken pipe")
    w.portd.signal(signal.SIGSTOP)
    started = time.monotonic()
    result = w.ctl("--timeout=2", "retag", "vm1/net0", "40", exit=None)
    equal((result.returncode in (3, 4),
           time.monotonic() - started < 6 * frames.slowness),
          (True, True), "it ends with %d" % result.returncode)
    w.portd.signal(signal.SIGCONT)
    wait(lambda: w.port("tap0")["tag"] == 40, "tag 40")


@options(asan=True)
def test_show(w):
    """show says at a glance what the guests need; in every format."""
    world(w)
    guest = w.open("vm1/net0")
    wait(lambda: w.objects()["vm1/net0"]["attached"] == 1, "attached")
    ofport = str(w.iface("tap0")["ofport"])
    line = [s for s in w.ctl("show").stdout.splitlines()
            if s.startswith("vm1/net0")]
    equal(len(line), 1, "lines of vm1/net0")
    for word in "tap0", "br0", "10", "1/1", ofport, "ready":
        equal(word in line[0].split(), True, "%r in %r" % (word, line[0]))
    table = json.loads(w.ctl("-f", "json", "show").stdout)
    rows = [dict(zip(table["headings"], row)) for row in table["data"]]
    found = [row for row in rows if "vm1/net0" in row.values()]
    equal(len(found), 1, "rows of vm1/net0 in JSON")
    equal("tap0" in found[0].values() and "ready" in found[0].values(), True,
          "what is in %r" % found[0])
    for kind in "table", "list", "csv", "html":
        text = w.ctl("-f", kind, "show", "vm1/net0").stdout
        equal("tap0" in text and "ready" in text, True, "%s: %r"
              % (kind, text))
    equal("\033" in w.ctl("show").stdout, False, "colour in a pipe")
    w.ctl("show", "vm9", exit=1)
    guest.close()


@options(ovs=False, asan=True)
def test_check(w):
    """check needs neither OVS nor a daemon."""
    w.write_host()
    w.write("vms.d/vm1.json", VM)
    w.ctl("check")
    w.write_vm("vm2", {"net0": nic(1, ifname="tap7")})
    text = w.ctl("check", exit=1)
    text = text.stdout + text.stderr
    if "vm1" not in text or "vm2" not in text or "52:54" not in text:
        raise Failure("the duplicate MAC is not in %r" % text)
    w.write_vm("vm2", {"net0": nic(2, ifname="tap0")})
    text = w.ctl("check", exit=1)
    equal("tap0" in text.stdout + text.stderr, True, "the duplicate ifname")
    w.remove("vms.d/vm2.json")
    w.write("vms.d/vm3.json", '{"version": 1, "nics": {\n "n": 5}}')
    text = w.ctl("check", w.path("vms.d/vm3.json"), exit=1)
    equal("vm3.json:2:7" in text.stdout + text.stderr, True,
          "the place in %r" % (text.stdout + text.stderr))
