#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the benchmarks: every function bench_*(w, out) of bench_*.py here, in
a World of its own, beside its peers and in one run.  Needs root.

    run.py --bin DIR [--list] [--quick] [--json FILE] [--plot DIR]
           [NAME-PART...]

--quick is for seeing that they run: small numbers, few repetitions.  --json
puts the figures into FILE, in the place of those that benchmarks of the same
names left there; --plot draws them in DIR (plot.py)."""

import argparse
import glob
import importlib
import inspect
import json
import os
import shutil
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))

import harness                  # noqa: E402
import isolate                  # noqa: E402
import plot                     # noqa: E402
import report                   # noqa: E402


def discover():
    """(name, function) of every benchmark, in order."""
    found = []
    for path in sorted(glob.glob(os.path.join(HERE, "bench_*.py"))):
        module = importlib.import_module(os.path.basename(path)[:-3])
        found += [(name[6:], function)
                  for name, function in vars(module).items()
                  if name.startswith("bench_")
                  and inspect.isfunction(function)]
    return found


def run_one(name, function, args):
    """Returns True and prints the tables, or says what went wrong."""
    directory = tempfile.mkdtemp(prefix="portd-b-")
    os.chmod(directory, 0o755)
    result = directory + ".json"

    def main():
        world = harness.World(args.bin, directory)
        out = report.Report(name, args.quick)
        try:
            function(world, out)
            with open(result, "w") as f:
                json.dump(out.data(), f, indent=2)
        finally:
            world.guests.close()
            world.close()

    try:
        status = isolate.run(main)
        if status:
            print("%s: failed (%d)" % (name, status))
            return None
        with open(result) as f:
            return json.load(f)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
        if os.path.exists(result):
            os.unlink(result)


def save(path, results):
    """Puts 'results' into file 'path', beside those of other benchmarks."""
    merged = {}
    if os.path.exists(path):
        with open(path) as f:
            merged = json.load(f)
    merged.update(results)
    with open(path, "w") as f:
        json.dump(dict(sorted(merged.items())), f, indent=1)
        f.write("\n")


def main():
    parser = argparse.ArgumentParser(description="Benchmarks.")
    parser.add_argument("--bin", required=True)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", help="write the figures there")
    parser.add_argument("--plot", metavar="DIR", help="draw them there")
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()

    chosen = [(name, function) for name, function in discover()
              if not args.names or any(n in name for n in args.names)]
    if args.list:
        for name, function in chosen:
            print("%-12s %s" % (name, (function.__doc__ or "").split("\n")[0]))
        return 0
    if not chosen:
        sys.exit("no benchmark of that name; --list shows them")
    lacking = harness.missing_requirements()
    if lacking:
        sys.exit("cannot run here: " + "; ".join(lacking))

    results, failed = {}, 0
    for name, function in chosen:
        print("== %s: %s" % (name, (function.__doc__ or "").split("\n")[0]))
        sys.stdout.flush()
        data = run_one(name, function, args)
        if data is None:
            failed += 1
        else:
            results[name] = data
    if args.json:
        save(args.json, results)
    if args.plot:
        plot.draw_all(results, args.plot)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
