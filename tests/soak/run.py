#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Endurance: what tests/e2e/test_endure.py does a little of, for MINUTES.
Needs root.

    run.py --bin DIR [--seed N] [--only PART] [--worlds N] [MINUTES]

Each part runs in a world of its own and prints its figures; random operations
run in many at once, each with a seed of its own, as they mostly wait, and take
the time that the others leave.  With fewer minutes than the parts need, each
does what it can and says how much that was.  One world of them again:
--only operations --worlds 1 --seed THAT-SEED.
"""

import argparse
import os
import sys
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))

import endure                   # noqa: E402
import harness                  # noqa: E402
import runner                   # noqa: E402

# What is done in all, if there is time, and each part's share of it.
KILLS = 1000
RECREATIONS = 500
CYCLES = 1000
WRITER_SECONDS = 180
OPERATIONS = 100000


def operations(seed, worlds):
    """The function for each world; the first has 'seed' itself."""
    share = [OPERATIONS // worlds + (i < OPERATIONS % worlds)
             for i in range(worlds)]
    return [lambda w, end, i=i: endure.random_operations(
        w, seed + i, share[i], until=end) for i in range(worlds)]


def parts(seed, worlds):
    """(name, share, functions of a world and of when to end, which run side
    by side)"""
    return [
        ("kills", 0.2, [lambda w, end: endure.random_kills(
            w, seed, KILLS, until=end)]),
        ("tap-recreated", 0.1, [lambda w, end: endure.recreate_tap(
            w, RECREATIONS, until=end,
            within=endure.RECREATED_WITHIN)]),
        ("cycles", 0.25, [lambda w, end: endure.cycles(
            w, CYCLES, until=end)]),
        ("writers", 0.1, [lambda w, end: endure.writers(
            w, seed, min(WRITER_SECONDS, end - time.monotonic()))]),
        ("operations", 1.0, operations(seed, worlds))]


def start(name, function, seconds, bin_dir):
    def part(w):
        print(function(w, time.monotonic() + seconds))
    part.options = {"timeout": int(seconds * 1.5) + 300}
    return runner.Job(name, part, bin_dir)


def run_part(name, functions, seconds, bin_dir, keep):
    """Returns for each function whether it passed."""
    names = ([name] if len(functions) == 1 else
             ["%s-%d" % (name, i) for i in range(len(functions))])
    jobs = [start(n, f, seconds, bin_dir) for n, f in zip(names, functions)]
    running, results = list(jobs), []
    try:
        while running:
            for job in list(running):
                passed = job.poll()
                if passed is None:
                    continue
                running.remove(job)
                results.append(passed)
                print("%s %s (%d s): %s" % (
                    "ok  " if passed else "FAIL", job.name,
                    time.monotonic() - job.started, job.text()))
                sys.stdout.flush()
                job.end(keep, failed=not passed)
            time.sleep(0.1)
        return results
    finally:
        for job in running:
            job.end(keep)


def main():
    parser = argparse.ArgumentParser(description="Endurance.")
    parser.add_argument("--bin", default="build/bin", metavar="DIR")
    parser.add_argument("--seed", type=int,
                        default=int.from_bytes(os.urandom(3), "big"))
    parser.add_argument("--only", metavar="PART")
    parser.add_argument("--worlds", type=int, default=4 * os.cpu_count(),
                        metavar="N", help="of random operations")
    parser.add_argument("minutes", nargs="?", type=float, default=60)
    args = parser.parse_args()

    lacking = harness.missing_requirements()
    if lacking:
        sys.exit("\n".join("cannot run: " + text for text in lacking))
    keep = os.path.abspath(os.path.join(args.bin, "..", "log", "soak"))
    os.makedirs(keep, exist_ok=True)
    print("seed %d, %g minutes; again with: run.py --seed %d %g"
          % (args.seed, args.minutes, args.seed, args.minutes))
    sys.stdout.flush()

    end = time.monotonic() + args.minutes * 60
    results = []
    for name, share, functions in parts(args.seed, args.worlds):
        if args.only in (None, name):
            seconds = max(end - time.monotonic(), 10)
            if not args.only:
                seconds = min(seconds, share * args.minutes * 60)
            results += run_part(name, functions, seconds,
                                os.path.abspath(args.bin), keep)
    failed = results.count(False)
    if failed:
        print("what they left: %s/" % keep)
    print("%d passed, %d failed" % (len(results) - failed, failed))
    return 1 if failed or not results else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
