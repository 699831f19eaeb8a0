# SPDX-License-Identifier: Apache-2.0
"""What a daemon executes and allocates, under valgrind: instructions and
bytes instead of seconds."""

import collections
import glob
import os
import re
import shutil

from harness import PATIENCE, wait

# What the library spends to keep its copy of the database; it reparses all
# of Bridge.ports whenever that changes.
IDL = {"ovsdb_idl_run", "ovsdb_idl_wait", "ovsdb_idl_txn_commit",
       "ovsdb_idl_txn_destroy", "ovsdb_idl_track_clear"}


def require():
    if not shutil.which("valgrind"):
        raise RuntimeError("valgrind is not installed: ./dev deps")


def start_portd(w, *options):
    """ovs-portd of world 'w' under valgrind with these options."""
    real = os.path.realpath(os.path.join(w.bin, "ovs-portd"))
    wrapper = os.path.join(w.dir, "bin")
    os.makedirs(wrapper, exist_ok=True)
    with open(os.path.join(wrapper, "ovs-portd"), "w") as f:
        f.write("#!/bin/sh\nexec valgrind -q %s %s \"$@\"\n"
                % (" ".join(options), real))
        os.fchmod(f.fileno(), 0o755)
    path = w.env["PATH"]
    w.env["PATH"] = wrapper + ":" + path
    try:
        daemon = w.start_portd(answer=False)
    finally:
        w.env["PATH"] = path

    def answers():
        return w.run("ovs-appctl", "-t", daemon.target, "version",
                     check=False, timeout=600).returncode == 0
    wait(answers, "ovs-portd under valgrind answers", 600, every=0.5)
    return daemon


class Profile:
    """One dump: instructions of each function by itself, in all, and of them
    in the IDL library."""

    def __init__(self, path):
        self.own = collections.Counter()
        self.idl = 0
        self._names = {}
        with open(path) as f:
            self._read(f)
        self.total = sum(self.own.values())

    def _name(self, text):
        """The name of "(12) name", or of "(12)" that was named before."""
        match = re.match(r"\((\d+)\)(?: (.*))?", text)
        if match.group(2):
            self._names[match.group(1)] = match.group(2).split("'")[0]
        return self._names[match.group(1)]

    def _read(self, lines):
        function = callee = None
        called = False          # The next line is the cost of a call.
        for line in lines:
            if line.startswith("fn="):
                function = self._name(line[3:].rstrip())
            elif line.startswith("cfn="):
                callee = self._name(line[4:].rstrip())
            elif line.startswith("calls="):
                called = True
            elif line[:1] in "0123456789+-*" and function:
                cost = line.split()
                if called:
                    if callee in IDL and not function.startswith("ovsdb_idl"):
                        self.idl += int(cost[1])
                elif len(cost) > 1:
                    self.own[function] += int(cost[1])
                called = False


class Callgrind:
    """Counts what ovs-portd executes."""

    def __init__(self, w):
        require()
        self.w = w
        self.out = os.path.join(w.logs, "callgrind.out")

    def start_portd(self):
        """ovs-portd of this world under callgrind, not counting yet."""
        return start_portd(self.w, "--tool=callgrind", "--instr-atstart=no",
                           "--callgrind-out-file=" + self.out)

    def _control(self, *args):
        self.w.run("callgrind_control", *args, str(self.w.portd.pid),
                   timeout=600)

    def begin(self):
        self._control("--instr=on")
        self._control("--zero")

    def take(self):
        """The Profile of what was executed since begin(), or since the last
        one was taken."""
        self._control("--dump")

        def dumps():
            return glob.glob(self.out + ".*")
        wait(dumps, "callgrind's dump", PATIENCE)
        path = max(dumps(), key=os.path.getmtime)
        profile = Profile(path)
        for dump in dumps():
            os.unlink(dump)
        return profile
