#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the end-to-end tests.  Needs root.

    run.py --bin DIR [--quick] [--jobs N] [--datapath system] [NAME-PART...]
"""

import os
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import runner                   # noqa: E402

if __name__ == "__main__":
    try:
        sys.exit(runner.main(HERE, "End-to-end tests.", "e2e"))
    except KeyboardInterrupt:
        sys.exit(130)
