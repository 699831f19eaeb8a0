#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""See ovs-portd work, in a network namespace of its own: real ovsdb-server
and ovs-vswitchd (userspace datapath), the example specs, real frames.

    demo.py --bin DIR          shows the main job, in under a minute
    demo.py --bin DIR --shell  gives a shell in the same world instead
"""

import argparse
import os
import shlex
import shutil
import sys
import tempfile
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
EXAMPLES = os.path.join(HERE, "..", "..", "schemas", "examples")
sys.path.insert(0, HERE)

import frames                   # noqa: E402
import harness                  # noqa: E402
import isolate                  # noqa: E402

NICS = ("vm1/net0", "vm2/net0", "vm3/net0")


class Stage:
    """What the audience sees."""

    def __init__(self, world):
        self.w = world
        self.number = 0
        self.color = sys.stdout.isatty() and "NO_COLOR" not in os.environ

    def paint(self, code, text):
        return "\033[%sm%s\033[0m" % (code, text) if self.color else text

    def heading(self, text, why=""):
        self.number += 1
        print("\n" + self.paint("1", "%d. %s" % (self.number, text)))
        if why:
            print(why)
        sys.stdout.flush()

    def output(self, text, most=40):
        lines = text.rstrip().splitlines()
        for line in lines[:most]:
            print("   " + line)
        if len(lines) > most:
            print("   ... (%d more lines)" % (len(lines) - most))
        sys.stdout.flush()

    def run(self, *argv, most=40):
        """Shows a command line and what it prints; it must succeed."""
        self.command(shlex.join(argv))
        result = self.w.run(*argv)
        self.output(result.stdout + result.stderr, most)
        return result.stdout

    def command(self, text):
        print(self.paint("36", " $ " + text))
        sys.stdout.flush()


def prepare(world):
    """The example specs, and Open vSwitch."""
    shutil.copy(os.path.join(EXAMPLES, "host.json"), world.spec)
    for name in os.listdir(os.path.join(EXAMPLES, "vms.d")):
        shutil.copy(os.path.join(EXAMPLES, "vms.d", name),
                    os.path.join(world.spec, "vms.d"))
    # Editors and umasks leave what ovs-portd rightly refuses to read.
    for directory, _, names in os.walk(world.spec):
        for name in names:
            os.chmod(os.path.join(directory, name), 0o644)
    # So that neither program needs options in this world.
    world.env["PS1"] = "ovs-portd sandbox \\w \\$ "
    world.start_ovs()


def who_hears_whom(stage, guests):
    """Each guest sends five frames to everybody; the table says who got
    them.  Returns the same as a dict."""
    heard = {}
    print("   %-12s%s" % ("sender", "  ".join("%-9s" % n for n in guests)))
    for sender, guest in guests.items():
        others = [g for n, g in guests.items() if n != sender]
        got = iter(frames.delivered(guest, deaf=others))
        heard[sender] = {n: bool(next(got)) for n in guests if n != sender}
        print("   %-12s%s" % (sender, "  ".join(
            "%-9s" % ("-" if n == sender else
                      "hears" if heard[sender][n] else ".")
            for n in guests)))
    sys.stdout.flush()
    return heard


def check_hearing(heard, groups):
    """Exactly those in one group hear each other."""
    for sender, row in heard.items():
        for receiver, hears in row.items():
            together = any(sender in g and receiver in g for g in groups)
            harness.equal(hears, together,
                          "that %s hears %s" % (receiver, sender))


def demo(world):
    stage = Stage(world)
    ctl = ("ovs-portctl", "--spec-dir=spec", "--state-dir=state")
    print("A network namespace with an Open vSwitch of its own, in %s.\n"
          "The machine's own Open vSwitch and devices are not touched."
          % world.dir)
    prepare(world)

    stage.heading("The spec: what must exist",
                  "One file for the host, one for each VM.")
    stage.run("cat", "spec/host.json")
    stage.run("cat", "spec/vms.d/vm1.json")

    stage.heading("The plan: what would be done",
                  "Nothing has been done yet, and no daemon runs.")
    stage.run(*ctl, "plan")

    stage.heading("The daemon makes it so")
    stage.command("ovs-portd --spec-dir=spec --state-dir=state")
    started = time.monotonic()
    world.start_portd()
    world.wait_state(NICS)
    stage.output("all ready after %.1f s" % (time.monotonic() - started))
    stage.run(*ctl, "show")
    stage.run("ovs-vsctl", "show")
    tap = {n: world.objects()[n]["ifname"] for n in NICS}
    stage.run("ip", "-d", "link", "show", "dev", tap["vm1/net0"])

    stage.heading("Guests that talk",
                  "As QEMU would, each of three guests opens all queues of "
                  "its TAP.\nvm1 and vm2 are in VLAN 10, vm3 is in VLAN 20.")
    guests = {n: world.open(n) for n in NICS}
    frames.talk(guests["vm1/net0"], guests["vm2/net0"])
    check_hearing(who_hears_whom(stage, guests), [{"vm1/net0", "vm2/net0"}])

    stage.heading("A retag: vm1 moves to VLAN 20",
                  "When the command returns, frames already flow in the new "
                  "VLAN, and no longer\nin the old one; the TAP and the port "
                  "are the same ones.")
    stage.run(*ctl, "retag", "vm1/net0", "20")
    check_hearing(who_hears_whom(stage, guests), [{"vm1/net0", "vm3/net0"}])
    stage.run("grep", "-n", "tag", "spec/vms.d/vm1.json")
    stage.run(*ctl, "show", "vm1")

    stage.heading("Drift: somebody deletes vm1's TAP and changes vm2's VLAN",
                  "Both are put back; on the userspace datapath a TAP made "
                  "anew would be a black\nhole, if ovs-portd did not know.")
    guests.pop("vm1/net0").close()
    stage.run("ip", "link", "del", tap["vm1/net0"])
    stage.run("ovs-vsctl", "set", "port", tap["vm2/net0"], "tag=666")
    # Seen to be gone, then seen to be back.
    harness.wait(lambda: world.port(tap["vm2/net0"])["tag"] == 10
                 and tap["vm1/net0"] in world.device_names(),
                 "both are put back")
    world.wait_state(NICS)
    stage.run("ovs-vsctl", "get", "port", tap["vm2/net0"], "tag")
    guests = {"vm1/net0": world.open("vm1/net0"), **guests}
    frames.talk(guests["vm1/net0"], guests["vm3/net0"])
    check_hearing(who_hears_whom(stage, guests), [{"vm1/net0", "vm3/net0"}])

    stage.heading("Clean-up: vm2 is gone",
                  "As long as its guest runs, nothing is taken away.")
    stage.run("sed", "-i", 's/"gc_grace": 10/"gc_grace": 1/',
              "spec/host.json")
    stage.run("rm", "spec/vms.d/vm2.json")
    world.wait_state("vm2/net0", "in-use")
    stage.run(*ctl, "show", "vm2")
    stage.output("(vm2's guest lets go)")
    guests.pop("vm2/net0").close()
    harness.wait(lambda: not world.port(tap["vm2/net0"])
                 and tap["vm2/net0"] not in world.device_names(),
                 "vm2's port and TAP are gone")
    stage.run(*ctl, "show")
    stage.run("ovs-vsctl", "list-ports", "br0")

    stage.heading("The daemon ends; every port stays in place")
    stage.command("kill %d" % world.portd.pid)
    world.portd.stop()
    frames.talk(guests["vm1/net0"], guests["vm3/net0"], patience=5)
    stage.output("vm1 and vm3 still talk")
    print("\nThe namespace and all in it are removed now.  "
          "./dev sandbox gives you a shell in one.")
    return 0


def shell(world):
    """The same world, for yourself."""
    prepare(world)
    world.env.pop("NO_COLOR")
    world.start_portd()
    world.wait_state(NICS)
    # Options that a user of an installed ovs-portctl does not need either.
    tools = os.path.join(world.dir, "tools")
    os.mkdir(tools)
    with open(os.path.join(tools, "ovs-portctl"), "w") as f:
        f.write('#!/bin/sh\nexec %s --spec-dir=%s --state-dir=%s "$@"\n' % (
            shlex.quote(os.path.join(world.bin, "ovs-portctl")),
            shlex.quote(world.spec), shlex.quote(world.state)))
    os.chmod(os.path.join(tools, "ovs-portctl"), 0o755)
    world.env["PATH"] = tools + ":" + world.env["PATH"]
    print("""
A world of your own: Open vSwitch (userspace datapath), ovs-portd and the
example specs.  Nothing of it outlives this shell.  Try:

    ovs-portctl show
    ovs-portctl retag vm1/net0 20
    ovs-vsctl show
    $EDITOR spec/vms.d/vm1.json; ovs-portctl plan; ovs-portctl sync
    ip link del $(ovs-portctl --no-headings --columns=ifname show vm1/net0)
    ovs-appctl -t ovs-portd status
    less log/ovs-portd.1.log
""")
    sys.stdout.flush()
    # An interactive shell is the user's: only the end of it counts.
    os.chdir(world.dir)
    pid = os.fork()
    if pid == 0:
        isolate.die_with_parent()
        os.execvpe("bash", ["bash", "--norc", "-i"], world.env)
    os.waitpid(pid, 0)
    return 0


def play(args, directory):
    world = harness.World(args.bin, directory)
    try:
        if args.shell:
            return shell(world)
        status = demo(world)
        wrong = world.finish()
        for text in wrong:
            print(text)
        return 1 if wrong else status
    except AssertionError as e:
        print("\nThis should not have happened: %s" % e)
        for daemon in world.daemons:
            with open(daemon.log, errors="replace") as f:
                print("--- %s\n%s" % (daemon.name, f.read()[-3000:]))
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        world.close()


def main():
    parser = argparse.ArgumentParser(description="The demo and the sandbox.")
    parser.add_argument("--bin", default="build/bin", metavar="DIR")
    parser.add_argument("--shell", action="store_true")
    args = parser.parse_args()
    args.bin = os.path.abspath(args.bin)
    lacking = harness.missing_requirements()
    if lacking:
        print("cannot run: " + "; ".join(lacking))
        return 1
    directory = tempfile.mkdtemp(prefix="portd-demo-")
    os.chmod(directory, 0o755)
    try:
        return isolate.run(lambda: play(args, directory))
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
