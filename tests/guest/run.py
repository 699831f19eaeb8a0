#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the tests with real guests.  Needs root.

    run.py --bin DIR [NAME-PART...]
    run.py --bin DIR --datapath system [NAME-PART...]
                          in a box (box.py): end-to-end tests, and the guests
                          that need a box
"""

import os
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
E2E = os.path.join(HERE, "..", "e2e")
sys.path[:0] = [HERE, E2E]

import kit                      # noqa: E402
import runner                   # noqa: E402


def discover(args):
    """All tests; where everything is slow, few with guests."""
    tests = runner.discover(HERE)
    if args.datapath == "system":
        tests = [test for test in tests if "datapath" in
                 runner.options(test[1])] + runner.discover(E2E)
    return runner.select(tests, args)


def main():
    args = runner.parse_args("Tests with real guests.", "guest")
    tests = discover(args)
    if args.list:
        return runner.show_list(tests)
    lacking = runner.requirements(args) + kit.missing_requirements()
    if not tests and args.shard == (1, 1):
        lacking.append("no test is called that")
    if lacking:
        return runner.refuse(lacking, len(tests))
    with tempfile.TemporaryDirectory(prefix="portd-kit-") as directory:
        os.chmod(directory, 0o755)
        kit.kit = kit.Kit(directory)
        return runner.run_tests(tests, args)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
