# SPDX-License-Identifier: Apache-2.0
"""Runs tests: every function test_*(w) of test_*.py in a directory, each in a
World of its own.  Needs root.

    main()      what run.py here, and that of tests/guest, are
"""

import argparse
import glob
import importlib
import inspect
import os
import shlex
import shutil
import signal
import sys
import tempfile
import time
import traceback

import frames
import harness
import isolate

TIMEOUT = 120                   # Seconds; options(timeout=...) overrides.
TAIL = 15                       # Lines of each log that a failure shows.


class Timeout(Exception):
    pass


def discover(directory):
    """(name, function) of every test, in order."""
    found = []
    for path in sorted(glob.glob(os.path.join(directory, "test_*.py"))):
        module = importlib.import_module(os.path.basename(path)[:-3])
        found += [("%s.%s" % (module.__name__[5:], name[5:]), function)
                  for name, function in vars(module).items()
                  if name.startswith("test_")
                  and inspect.isfunction(function)]
    return found


def options(function):
    return getattr(function, "options", {})


def has_failpoints(bin_dir):
    """Whether src/failpoint.h is in ovs-portd."""
    with open(os.path.join(bin_dir, "ovs-portd"), "rb") as f:
        return b"PORTD_FAILPOINT" in f.read()


def on_alarm(*_):
    raise Timeout()


def run_test(function, bin_dir, directory, timeout):
    """In the test's own process: returns its exit status."""
    signal.signal(signal.SIGALRM, on_alarm)
    signal.alarm(int(timeout))
    wrong = []
    world = None
    try:
        world = harness.World(bin_dir, directory)
        if options(function).get("ovs", True):
            world.start_ovs()
        function(world)
    except Timeout as e:
        wrong.append("not done after %d s\n%s" % (timeout, where(e)))
    except AssertionError as e:
        wrong.append("%s\n%s" % (e, where(e)))
    except Exception:
        wrong.append(traceback.format_exc())
    signal.alarm(0)
    if world:
        signal.alarm(int(60 * frames.slowness))
        try:
            wrong += world.finish()
            world.close()
        except Timeout:
            wrong.append("the world did not end")
        if wrong:
            wrong += tails(world)
    print("\n".join(wrong))
    return 1 if wrong else 0


def where(error):
    """The lines of the test that led to 'error'."""
    return "".join(
        "    %s:%d: %s\n" % (os.path.basename(f.filename), f.lineno, f.line)
        for f in traceback.extract_tb(error.__traceback__)
        if os.path.basename(f.filename).startswith("test_")).rstrip()


def tails(world):
    """The ends of the daemons' logs and of the guests' consoles."""
    texts = []
    paths = [path for daemon in world.daemons[-3:]
             for path in (daemon.stderr, daemon.log)]
    for path in paths + sorted(glob.glob(world.logs + "/*.console")):
        if not os.path.exists(path):
            continue
        with open(path, errors="replace") as f:
            lines = f.read().splitlines()
        if lines:
            texts.append("--- %s" % os.path.basename(path))
            texts += lines[-TAIL:]
    return texts


class Job:
    """A test on its way."""

    def __init__(self, name, function, bin_dir):
        self.name = name
        self.directory = tempfile.mkdtemp(prefix="portd-t-%d-" % os.getpid())
        os.chmod(self.directory, 0o755)
        self.output = self.directory + ".out"
        timeout = (options(function).get("timeout", TIMEOUT)
                   * frames.slowness)
        self.started = time.monotonic()
        self.deadline = self.started + timeout + 90 * frames.slowness
        self.pid = isolate.spawn(
            lambda: self._main(function, bin_dir, timeout))

    def _main(self, function, bin_dir, timeout):
        fd = os.open(self.output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(fd, 1)
        os.dup2(fd, 2)
        return run_test(function, bin_dir, self.directory, timeout)

    def poll(self):
        """None while it runs, then whether it passed."""
        if time.monotonic() > self.deadline:
            os.kill(self.pid, signal.SIGKILL)
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid == 0:
            return None
        self.pid = None
        return status == 0

    def text(self, default="it was killed"):
        try:
            with open(self.output, errors="replace") as f:
                return f.read().strip() or default
        except FileNotFoundError:
            return "it did not start"

    def end(self, keep, failed=False):
        """Kills it if it still runs; keeps what a failure left."""
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        target = os.path.join(keep, self.name)
        shutil.rmtree(target, ignore_errors=True)
        if failed:
            shutil.copytree(self.directory, target,
                            ignore=lambda d, names: [
                                n for n in names if not os.path.isfile(
                                    os.path.join(d, n))
                                and not os.path.isdir(os.path.join(d, n))])
            with open(os.path.join(target, "failure"), "w") as f:
                f.write(self.text() + "\n")
        shutil.rmtree(self.directory, ignore_errors=True)
        if os.path.exists(self.output):
            os.unlink(self.output)


def indented(text):
    return "".join("\n     " + line for line in text.splitlines())


def run_all(tests, bin_dir, jobs, keep):
    """Returns the number of tests that failed."""
    waiting, running, failed = list(tests), [], []
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                name, function = waiting.pop(0)
                running.append(Job(name, function, bin_dir))
            for job in list(running):
                passed = job.poll()
                if passed is None:
                    continue
                running.remove(job)
                seconds = time.monotonic() - job.started
                if passed:
                    print("ok   %s (%.1f s)%s" % (
                        job.name, seconds, indented(job.text(default=""))))
                else:
                    failed.append(job.name)
                    print("FAIL %s (%.1f s):%s" % (
                        job.name, seconds, indented(job.text())))
                sys.stdout.flush()
                job.end(keep, failed=not passed)
            time.sleep(0.02 * frames.slowness)
    finally:
        for job in running:
            job.end(keep)
    if failed:
        print("failed: " + " ".join(failed))
        print("what they left: %s/" % keep)
    return len(failed)


def shard(text):
    """(I, N) of "I/N"."""
    which, _, count = text.partition("/")
    if not 1 <= int(which) <= int(count):
        raise ValueError(text)
    return int(which), int(count)


def parse_args(description, keep):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--bin", default="build/bin", metavar="DIR",
                        help="where ovs-portd and ovs-portctl are")
    parser.add_argument("--jobs", "-j", type=int, default=2)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--subset", choices=["asan", "box", "failpoints",
                                             "valgrind"],
                        help="asan: the quick ones, for sanitized programs; "
                        "box: for every run on the kernel's datapath; "
                        "failpoints: those that need a build with them; "
                        "valgrind: some, for slow motion")
    parser.add_argument("--under", metavar="COMMAND",
                        help="run the programs under it (valgrind)")
    parser.add_argument("--quick", action="store_const", dest="subset",
                        const="asan", help="the same")
    parser.add_argument("--datapath", choices=["netdev", "system"],
                        default="netdev",
                        help="of all bridges: userspace or the kernel's own")
    parser.add_argument("--slowness", type=float, default=1, metavar="FACTOR",
                        help="how much longer than usual things may take")
    parser.add_argument("--shard", type=shard, default=(1, 1), metavar="I/N",
                        help="every Nth of the tests, from the Ith on")
    parser.add_argument("--keep", metavar="DIR",
                        help="where failed tests leave their logs "
                        "(BIN/../log/%s)" % keep)
    parser.add_argument("names", nargs="*", metavar="NAME-PART")
    args = parser.parse_args()
    args.bin = os.path.abspath(args.bin)
    args.keep = os.path.abspath(
        args.keep or os.path.join(args.bin, "..", "log", keep))
    return args


def is_meant(name, function, args):
    given = options(function)
    datapath = given.get("datapath")
    return ((not args.names or any(part in name for part in args.names))
            and (not args.subset or given.get(args.subset)
                 or (args.subset, datapath) == ("box", "system"))
            and (datapath in (None, args.datapath)
                 or args.datapath == "system"))


def select(tests, args):
    """Those of 'tests' that are meant, also those of the userspace datapath
    where all others are run on the kernel's: set_aside() takes them out."""
    which, count = args.shard
    return [test for test in tests if is_meant(*test, args)][which - 1::count]


def set_aside(tests, args):
    """Those of 'tests' that make sense on this datapath; says which do not,
    and why."""
    here = []
    for name, function in tests:
        given = options(function)
        if given.get("datapath") in (None, args.datapath):
            here.append((name, function))
        else:
            print("skip %s: %s" % (name, given["why"]))
    return here


def requirements(args):
    """What is missing to run tests, as texts."""
    lacking = harness.missing_requirements()
    for program in ("ovs-portd", "ovs-portctl"):
        if not os.access(os.path.join(args.bin, program), os.X_OK):
            lacking.append("no %s/%s: ./dev build" % (args.bin, program))
    return lacking


def refuse(lacking, n_tests):
    """Says why no test can be run; returns the exit status."""
    for text in lacking:
        print("cannot run: " + text)
    print("0 passed, %d failed" % max(n_tests, 1))
    return 1


def leave_out(tests, args):
    """Those of 'tests' that this build can run; says which it cannot."""
    if has_failpoints(args.bin):
        return tests
    left_out = [t for t in tests if options(t[1]).get("failpoints")]
    if left_out:
        print("left out, as they need --enable-failpoints (see './dev build "
              "--failpoints'): " + " ".join(name for name, _ in left_out))
    return [t for t in tests if t not in left_out]


def run_tests(tests, args):
    """Runs them and prints the result; returns the exit status."""
    # A killed runner's children die with it; SIGTERM shall clean up, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    harness.World.datapath = args.datapath
    harness.World.under = shlex.split(args.under or "")
    frames.slowness = args.slowness
    os.makedirs(args.keep, exist_ok=True)
    meant = leave_out(tests, args)
    tests = set_aside(meant, args)
    n_failed = run_all(tests, args.bin, args.jobs, args.keep)
    n_skipped = len(meant) - len(tests)
    print("%d passed, %d failed%s" % (
        len(tests) - n_failed, n_failed,
        ", %d skipped" % n_skipped if n_skipped else ""))
    return 1 if n_failed else 0


def show_list(tests):
    for name, function in tests:
        print("%-40s %s" % (name, (function.__doc__ or "").split("\n")[0]))
    return 0


def main(directory, description, keep):
    """Runs the tests of 'directory' as the command line says."""
    args = parse_args(description, keep)
    tests = select(discover(directory), args)
    if args.list:
        return show_list(tests)
    lacking = requirements(args)
    if not tests and args.shard == (1, 1):
        lacking.append("no test is called that")
    if lacking:
        return refuse(lacking, len(tests))
    return run_tests(tests, args)
