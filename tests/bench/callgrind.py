# SPDX-License-Identifier: Apache-2.0
"""Instructions instead of seconds: a daemon under valgrind's callgrind."""

import glob
import os
import re
import subprocess

from harness import PATIENCE, wait

# What the library spends to keep its copy of the database; it reparses all
# of Bridge.ports whenever that changes.
IDL = ("ovsdb_idl_run", "ovsdb_idl_txn_commit", "ovsdb_idl_txn_destroy",
       "ovsdb_idl_track_clear")


def installed():
    return subprocess.call(["which", "valgrind"],
                           stdout=subprocess.DEVNULL) == 0


class Callgrind:
    """Counts what ovs-portd executes between start() and stop()."""

    def __init__(self, w):
        self.w = w
        self.out = os.path.join(w.logs, "callgrind.out")
        self.number = 0

    def start_portd(self):
        """ovs-portd of this world under callgrind, not counting yet."""
        real = os.path.join(self.w.bin, "ovs-portd")
        wrapper = os.path.join(self.w.dir, "bin")
        os.makedirs(wrapper, exist_ok=True)
        with open(os.path.join(wrapper, "ovs-portd"), "w") as f:
            f.write("#!/bin/sh\nexec valgrind -q --tool=callgrind "
                    "--instr-atstart=no --callgrind-out-file=%s %s \"$@\"\n"
                    % (self.out, os.path.realpath(real)))
            os.fchmod(f.fileno(), 0o755)
        self.w.env["PATH"] = wrapper + ":" + self.w.env["PATH"]
        return self.w.start_portd()

    def _control(self, *args):
        self.w.run("callgrind_control", *args, str(self.w.portd.pid),
                   timeout=600)

    def count(self, function):
        """Runs 'function', which returns when the daemon has done with it.
        Returns (own, idl): instructions of the daemon without and in the
        IDL library."""
        self._control("-z")
        self._control("--instr=on")
        function()
        self._control("--instr=off")
        self.number += 1
        self._control("--dump")
        dumps = sorted(glob.glob(self.out + ".*"), key=os.path.getmtime)
        wait(lambda: dumps, "callgrind's dump", PATIENCE)
        text = self.w.run("callgrind_annotate", "--inclusive=yes",
                          "--threshold=100", dumps[-1], timeout=600).stdout
        for dump in dumps:
            os.unlink(dump)
        return self._split(text)

    @staticmethod
    def _split(text):
        total, idl = None, 0
        for line in text.splitlines():
            match = re.match(r"\s*([0-9,]+) .*?([\w.]+:)?(\w+)?", line)
            if not match:
                continue
            number = int(match.group(1).replace(",", ""))
            if "PROGRAM TOTALS" in line:
                total = number
            elif any(re.search(r"[:?]%s(\W|$)" % name, line)
                     for name in IDL):
                idl += number
        return (total or 0) - idl, idl
