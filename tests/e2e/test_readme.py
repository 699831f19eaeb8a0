# SPDX-License-Identifier: Apache-2.0
"""The README's first minute, as it stands there."""

import os
import re

from harness import equal

README = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..",
                      "README.md")


def first_minute():
    """Its files, and its commands with what they print."""
    with open(README, encoding="utf-8") as f:
        text = f.read()
    text = re.search(r"^## In a minute\n(.*?)^## ", text, re.M | re.S)[1]
    files = re.findall(r"^```json (\S+)\n(.*?)^```$", text, re.M | re.S)
    commands, last = {}, None
    for line in text.splitlines():
        command = re.match(r"    \$ ovs-portctl (.*)", line)
        if command:
            last = command[1]
            commands[last] = []
        elif last and (not line or line.startswith("    ")):
            commands[last].append(line[4:])
        else:
            last = None
    return files, {c: "\n".join(lines).rstrip("\n") + "\n"
                   for c, lines in commands.items()}


def test_first_minute(w):
    """What it says that a new user will see is what there is to see."""
    files, commands = first_minute()
    equal([name for name, _ in files], ["host.json", "vms.d/vm1.json"],
          "files")
    equal(list(commands), ["plan", "show", "retag vm1/net0 20"], "commands")
    for name, text in files:
        w.write(name, text)
    equal(w.ctl("check", "--strict").stdout,
          "2 files: 0 errors, 0 warnings, 0 notes\n", "check")
    equal(w.ctl("plan").stdout,
          commands["plan"].replace("datapath_type=netdev",
                                   "datapath_type=" + w.datapath),
          "the plan")
    w.start_portd()
    w.wait_state("vm1/net0")
    equal(w.ctl("show").stdout, commands["show"], "show")
    before = w.read("vms.d/vm1.json")
    row = w.port("tap0")["_uuid"]
    equal(w.ctl("retag", "vm1/net0", "20").stdout, "", "retag")
    equal(w.read("vms.d/vm1.json"),
          before.replace('"tag": 10', '"tag": 20'), "the file")
    equal((w.port("tap0")["tag"], w.port("tap0")["_uuid"]), (20, row),
          "the tag, in the same row")
