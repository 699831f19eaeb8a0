#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Fuzzes with libFuzzer: every target of this directory, for SECONDS each.

    run.py [--bin DIR] [--merge] [SECONDS] [TARGET...]

Builds with clang, ASan and UBSan in build-fuzz/, configured as the build that
DIR is in.  Begins with the committed corpus and what earlier runs have found
(build-fuzz/corpus).  --merge adds to the committed corpus what covers more
than it does.  An input that ends a target stays in build-fuzz/ and is named.
"""

import argparse
import glob
import os
import re
import shlex
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.join(HERE, "..", "..")
BUILD = os.path.join(TOP, "build-fuzz")
# Where the inputs begin, beside the target's own corpus.
SEEDS = {"spec": glob.glob(os.path.join(TOP, "tests", "data", "spec",
                                        "*", "*"))}
SANITIZE = "-fsanitize=address,undefined -fno-sanitize-recover=all"
MOST_BYTES = 4096


def run(*argv, **how):
    print("+ " + " ".join(argv)[:200])
    sys.stdout.flush()
    return subprocess.run(argv, check=True, **how)


def build(targets, options):
    os.makedirs(BUILD, exist_ok=True)
    if not os.path.exists(os.path.join(BUILD, "Makefile")):
        run(os.path.join(TOP, "configure"), *options, "--quiet", "CC=clang",
            "CFLAGS=-g -O1 -fsanitize=fuzzer-no-link " + SANITIZE,
            "LDFLAGS=" + SANITIZE, cwd=BUILD)
    programs = ["tests/fuzz/fuzz-" + target for target in targets]
    make = ["make", "-s", "-j%d" % os.cpu_count(), "--no-print-directory"]
    run(*make, "src/spec/jansson-private.h", cwd=BUILD)
    run(*make,
        "FUZZ_REPLAY=", "FUZZ_LDFLAGS=-fsanitize=fuzzer", *programs,
        cwd=BUILD)


def configured(bin_dir):
    """The options of the build that 'bin_dir' is in, less those of ours."""
    status = os.path.join(bin_dir, "..", "config.status")
    text = subprocess.run([status, "--config"], check=True,
                          stdout=subprocess.PIPE, encoding="utf-8").stdout
    return [option for option in shlex.split(text)
            if not re.match("--enable-|CC=|CFLAGS=|LDFLAGS=", option)]


def environment():
    options = "abort_on_error=0:symbolize=1:detect_leaks=1"
    return dict(os.environ, ASAN_OPTIONS=options,
                UBSAN_OPTIONS="print_stacktrace=1")


def libfuzzer(target, *args, **how):
    return subprocess.run(
        [os.path.join(BUILD, "tests", "fuzz", "fuzz-" + target),
         "-max_len=%d" % MOST_BYTES, "-timeout=20", "-rss_limit_mb=1024",
         *args], env=environment(), stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, encoding="utf-8", errors="replace", **how)


def fuzz(target, seconds, merge):
    """Returns whether nothing was found."""
    found = os.path.join(BUILD, "corpus", target)
    committed = os.path.join(HERE, "corpus", target)
    crashes = os.path.join(BUILD, "found-%s-" % target)
    os.makedirs(found, exist_ok=True)
    seeds = sorted({os.path.dirname(f) for f in SEEDS.get(target, [])})
    result = libfuzzer(target, "-max_total_time=%d" % seconds,
                       "-print_final_stats=1", "-artifact_prefix=" + crashes,
                       found, committed, *seeds)
    log = os.path.join(BUILD, "fuzz-%s.log" % target)
    with open(log, "w") as f:
        f.write(result.stdout)
    runs = re.search(r"number_of_executed_units: (\d+)", result.stdout)
    cover = re.findall(r"cov: (\d+)", result.stdout)
    print("%s fuzz-%s: %s inputs in %d s, %s edges covered" % (
        "FAIL" if result.returncode else "ok  ", target,
        runs.group(1) if runs else "?", seconds,
        cover[-1] if cover else "?"))
    if result.returncode:
        print("     see %s and %s*" % (log, crashes))
        return False
    if merge:
        libfuzzer(target, "-set_cover_merge=1", "-use_counters=0",
                  committed, found)
        print("     %d files in %s" % (len(os.listdir(committed)), committed))
    return True


def main():
    targets = sorted(os.path.basename(path)[len("fuzz-"):-len(".c")]
                     for path in glob.glob(os.path.join(HERE, "fuzz-*.c")))
    parser = argparse.ArgumentParser(description="Hostile input.")
    parser.add_argument("--bin", default="build/bin", metavar="DIR")
    parser.add_argument("--merge", action="store_true")
    parser.add_argument("seconds", nargs="?", type=int, default=60)
    parser.add_argument("targets", nargs="*", metavar="TARGET",
                        help="of " + " ".join(targets))
    args = parser.parse_args()
    unknown = set(args.targets) - set(targets)
    if unknown:
        parser.error("there is no target %s" % " ".join(sorted(unknown)))
    if not shutil.which("clang"):
        print("cannot run: no clang (Debian: apt-get install clang)")
        print("0 passed, %d failed" % len(args.targets or targets))
        return 1
    build(args.targets or targets, configured(args.bin))
    results = [fuzz(target, args.seconds, args.merge)
               for target in args.targets or targets]
    print("%d passed, %d failed" % (results.count(True),
                                    results.count(False)))
    return 0 if all(results) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
