# SPDX-License-Identifier: Apache-2.0
"""The unit under a running systemd; what is in it: test_service in
tests/e2e."""

import os

import box
from harness import Failure, options


@options(ovs=False, timeout=900)
def test_systemd(w):
    """In a box whose init is systemd: the unit with its sandbox starts, is
    ready in time, works, and leaves the TAPs alone however it ends."""
    results = os.path.join(w.dir, "results")
    root = os.path.join(results, "root")
    os.makedirs(root)
    w.run("make", "-C", os.path.join(w.bin, ".."), "install",
          "DESTDIR=" + root, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
    status = box.run("/usr/bin/python3 tests/guest/under_systemd.py "
                     "/results/root", results, systemd=True)
    if status:
        raise Failure("it ended with %d in the box" % status)
