# SPDX-License-Identifier: Apache-2.0
"""A World: real Open vSwitch, ovs-portd and ovs-portctl in a directory of
their own, inside the namespaces that isolate.py makes.

    World
      run()                 a command in this world
      start_ovs()           ovsdb-server and ovs-vswitchd (userspace datapath)
      write_vm() ...        the spec directory
      start_portd() status() appctl() ctl()
      wait() wait_state()   until it is so, or fail
      HostView              what is live (host.py)

Every WARN, ERR and EMER in a daemon's log that the test has not announced by
expect_log() fails it; so does a daemon that has died unasked.
"""

import contextlib
import glob
import json
import os
import re
import shlex
import shutil
import signal
import socket
import stat
import subprocess
import time

import frames
import host
from host import patience

TOOLS = ("ovsdb-tool", "ovsdb-server", "ovsdb-client", "ovs-vswitchd",
         "ovs-vsctl", "ovs-appctl", "ovs-ofctl", "ip", "tc")
SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"
LOUD = ("WARN", "ERR", "EMER")
CTL_TIMEOUT = 30                # Of ovs-portctl, unless it is told.
PATIENCE = 30                   # Seconds; a loaded machine is no failure.

# What every daemon may say: the machine is slow, not the program.
HARMLESS = (r"\|timeval(\(\w+\))?\|WARN\|",)
# And where everything is, connections that were given up.
HARMLESS_IF_SLOW = (r"\|(reconnect|jsonrpc)\|",)


class Failure(AssertionError):
    """What a test found, in words."""


def missing_requirements():
    """What this machine lacks to run any test, as texts."""
    lacking = ["no program '%s'" % tool for tool in TOOLS
               if not shutil.which(tool)]
    if not os.path.exists(SCHEMA):
        lacking.append("no " + SCHEMA)
    if not os.path.exists("/dev/net/tun"):
        lacking.append("no /dev/net/tun")
    if os.geteuid() != 0:
        lacking.append("not root: network namespaces and TAPs need it")
    return lacking


def with_patience(args):
    """Arguments of ovs-portctl; where everything is slow, it has longer."""
    option = "--timeout="
    if frames.slowness == 1:
        return args
    if not any(arg.startswith(option) for arg in args):
        return [patience(CTL_TIMEOUT), *args]
    return [patience(int(arg[len(option):])) if arg.startswith(option)
            else arg for arg in args]


def wait(condition, what, timeout=PATIENCE, every=0.03):
    """Returns condition()'s value as soon as it is true.  'what' is a text,
    or a function that returns one, for when it never is."""
    timeout *= frames.slowness
    deadline = time.monotonic() + timeout
    while True:
        begin = time.monotonic()
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise Failure("not within %g s: %s"
                          % (timeout, what() if callable(what) else what))
        # Where asking takes long, it would hold up what is waited for.
        time.sleep(max(every, 2 * (time.monotonic() - begin)))


def never(condition, what, seconds=2, every=0.05):
    """Fails if condition() becomes true within 'seconds'."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            raise Failure("%s: %r" % (what, value))
        time.sleep(every)


def equal(actual, wanted, what):
    if actual != wanted:
        raise Failure("%s is %r, should be %r" % (what, actual, wanted))


def same(after, before, what):
    """As equal() for dumps: says only where they differ."""
    found = list(_differences(before, after, ""))
    if found:
        raise Failure("%s has changed:\n  %s"
                      % (what, "\n  ".join(found[:20])))


def _differences(before, after, path):
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(set(before) | set(after), key=str):
            where = "%s/%s" % (path, key)
            if key not in after:
                yield "%s: %r is gone" % (where, before[key])
            elif key not in before:
                yield "%s: %r is new" % (where, after[key])
            else:
                yield from _differences(before[key], after[key], where)
    elif before != after:
        yield "%s: %r -> %r" % (path, before, after)


def is_stopped(pid):
    """True if it got SIGSTOP."""
    with open("/proc/%d/stat" % pid) as f:
        return f.read().rsplit(")", 1)[1].split()[0] == "T"


class Daemon:
    """A process that this world started."""

    def __init__(self, world, name, argv, log, target):
        self.name = name
        self.log = log
        self.target = target    # For ovs-appctl -t.
        self.stderr = os.path.join(world.logs, name + ".stderr")
        self.expected_exit = None
        with open(self.stderr, "ab") as err:
            self.popen = subprocess.Popen(
                argv, cwd=world.dir, env=world.env, stdin=subprocess.DEVNULL,
                stdout=err, stderr=err)
        self.pid = self.popen.pid

    def alive(self):
        return self.popen.poll() is None

    def signal(self, number):
        self.popen.send_signal(number)

    def kill(self):
        """SIGKILL, and gone when this returns."""
        self.expected_exit = -signal.SIGKILL
        self.popen.kill()
        self.popen.wait(PATIENCE)

    def stop(self, timeout=PATIENCE):
        """SIGTERM, and a clean end in time."""
        self.expected_exit = 0
        self.popen.terminate()
        self.wait_exit(timeout)

    def wait_exit(self, timeout=PATIENCE):
        timeout *= frames.slowness
        try:
            status = self.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failure("%s did not end within %g s"
                          % (self.name, timeout)) from None
        if self.expected_exit is not None:
            equal(status, self.expected_exit,
                  "exit status of %s" % self.name)
        return status

    def loud_lines(self):
        """WARN and worse in its log."""
        if not os.path.exists(self.log):
            return []
        with open(self.log, errors="replace") as f:
            return [line.rstrip() for line in f
                    if len(line.split("|")) > 4
                    and line.split("|")[3] in LOUD]


class World(host.HostView):
    # Tests say "netdev", the userspace datapath.  Where this says "system",
    # the kernel's own, so do the specs and ovs-vsctl commands of all tests
    # but those with options(datapath="netdev").
    datapath = "netdev"
    # A command that runs another one and watches it, as valgrind does: the
    # programs under test run under it.
    under = []

    def __init__(self, bin_dir, directory):
        """'bin_dir' has ovs-portd and ovs-portctl, 'directory' is empty."""
        self.bin = os.path.abspath(bin_dir)
        self.dir = os.path.abspath(directory)
        # Short: the path of a Unix socket has 107 bytes.
        for name in ("run", "log", "db", "etc", "spec", "state"):
            os.mkdir(os.path.join(self.dir, name), 0o755)
        self.rundir = os.path.join(self.dir, "run")
        self.logs = os.path.join(self.dir, "log")
        self.spec = os.path.join(self.dir, "spec")
        self.state = os.path.join(self.dir, "state")
        self.db_file = os.path.join(self.dir, "db", "conf.db")
        self.db_socket = os.path.join(self.rundir, "db.sock")
        self.env = dict(
            os.environ, OVS_RUNDIR=self.rundir, OVS_LOGDIR=self.logs,
            OVS_DBDIR=os.path.join(self.dir, "db"),
            OVS_SYSCONFDIR=os.path.join(self.dir, "etc"),
            PATH=self._programs() + ":/usr/sbin:/usr/bin:/sbin:/bin",
            LC_ALL="C.UTF-8", NO_COLOR="1")
        self.reports = self._separate_reports()
        self.ovsdb = self.vswitchd = None
        self.daemons = []       # Every ovs-portd, also those that ended.
        self._allowed = list(HARMLESS)
        if frames.slowness > 1:
            self._allowed += HARMLESS_IF_SLOW
        self._numbers = {}
        self.guests = contextlib.ExitStack()
        os.mkdir(os.path.join(self.spec, "vms.d"), 0o755)
        self.run("ip", "link", "set", "lo", "up")

    def _programs(self):
        """The directory that the programs are to be run from."""
        if not self.under:
            return self.bin
        directory = os.path.join(self.dir, "bin")
        os.mkdir(directory, 0o755)
        for name in os.listdir(self.bin):
            script = os.path.join(directory, name)
            with open(script, "w") as f:
                f.write('#!/bin/sh\nexec %s %s "$@"\n' % (
                    shlex.join(self.under),
                    shlex.quote(os.path.join(self.bin, name))))
            os.chmod(script, 0o755)
        return directory

    def _separate_reports(self):
        """Sanitizers and valgrind name their reports by process id, which is
        not unique among worlds.  Returns patterns for this world's
        reports."""
        suffix = "." + os.path.basename(self.dir)
        patterns = []
        options = self.env.get("VALGRIND_OPTS", "").split(" ")
        for i, option in enumerate(options):
            if option.startswith("--log-file=/"):
                options[i] += suffix
                patterns.append(options[i][len("--log-file="):]
                                .replace("%p", "*"))
        if "VALGRIND_OPTS" in self.env:
            self.env["VALGRIND_OPTS"] = " ".join(options)
        for name in "ASAN_OPTIONS", "UBSAN_OPTIONS":
            options = self.env.get(name, "").split(":")
            for i, option in enumerate(options):
                if option.startswith("log_path=/"):
                    options[i] += suffix
                    patterns.append(options[i][len("log_path="):] + ".*")
            if name in self.env:
                self.env[name] = ":".join(options)
        return patterns

    # Commands.

    def run(self, *argv, check=True, timeout=90, stdin=None, env=None):
        """Runs a command to its end.  'check' True: it must exit with 0."""
        timeout *= frames.slowness
        try:
            result = subprocess.run(
                argv, cwd=self.dir, env=dict(self.env, **(env or {})),
                input=stdin, stdin=None if stdin else subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                encoding="utf-8", errors="replace", timeout=timeout)
        except subprocess.TimeoutExpired as e:
            raise Failure("'%s' hangs: no end after %g s\n%s%s" % (
                " ".join(argv), timeout, e.stdout or "", e.stderr or "")
                ) from None
        if check and result.returncode:
            raise Failure("'%s' ended with %d\n%s%s" % (
                " ".join(argv), result.returncode, result.stdout,
                result.stderr))
        return result

    def ctl(self, *args, exit=0, spec=None, timeout=90):
        """ovs-portctl; 'exit' is the status that it must end with (None:
        any)."""
        argv = ["ovs-portctl", "--spec-dir=" + (spec or self.spec),
                "--state-dir=" + self.state,
                *with_patience(self.on_datapath(args))]
        result = self.run(*argv, check=False, timeout=timeout)
        if exit is not None and result.returncode != exit:
            raise Failure("'%s' ended with %d, should end with %d\n%s%s" % (
                " ".join(argv), result.returncode, exit, result.stdout,
                result.stderr))
        return result

    def make_room_for_nobody(self):
        """What a daemon with --user=nobody:nogroup is to have: /dev/net/tun,
        the database, and a place for its pidfile, socket and log."""
        tun = os.path.join(self.dir, "tun")
        os.mknod(tun, 0o666 | stat.S_IFCHR, os.makedev(10, 200))
        os.chmod(tun, 0o666)
        self.run("mount", "--bind", tun, "/dev/net/tun")
        os.chmod(self.db_socket, 0o777)
        for path in self.rundir, self.logs, self.state:
            shutil.chown(path, "nobody", "nogroup")

    def appctl(self, *args, target="ovs-portd", timeout=15):
        return self.run("ovs-appctl", patience(timeout), "-t", target,
                        *args).stdout

    @contextlib.contextmanager
    def question(self, method, *params):
        """A control command to ovs-portd, which has it before anything else
        once it goes on if it is stopped now.  Gives a function that waits for
        the answer."""
        text = json.dumps({"id": 0, "method": method, "params": params})
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(60)
            s.connect(os.path.join(self.rundir,
                                   "ovs-portd.%d.ctl" % self.portd.pid))
            s.sendall(text.encode())

            def answer():
                said = b""
                while not said.endswith(b"}"):
                    said += s.recv(65536)
                return json.loads(said)["result"]
            yield answer

    # Open vSwitch.

    def start_ovs(self, schema=SCHEMA):
        self.run("ovsdb-tool", "create", self.db_file, schema)
        self.start_ovsdb()
        self.vsctl("--no-wait", "init")
        self.start_vswitchd()

    def start_ovsdb(self):
        self.ovsdb = self._start(
            "ovsdb-server", "ovsdb-server", self.db_file,
            "--remote=punix:" + self.db_socket, "--pidfile")

    def start_vswitchd(self):
        only = ["--disable-system"] if self.datapath == "netdev" else []
        self.vswitchd = self._start(
            "ovs-vswitchd", "ovs-vswitchd", "unix:" + self.db_socket,
            *only, "--pidfile")

    def _start(self, name, *argv):
        log = os.path.join(self.logs, name + ".log")
        daemon = Daemon(self, name, [*argv, "--log-file=" + log,
                                     "-vconsole:off"], log, name)
        self.wait_answer(daemon)
        return daemon

    def wait_answer(self, daemon):
        """Until 'daemon' answers on its control socket."""
        def answers():
            if not daemon.alive():
                with open(daemon.stderr, errors="replace") as f:
                    raise Failure("%s ended at once with %d:\n%s" % (
                        daemon.name, daemon.popen.returncode,
                        f.read()[-2000:]))
            return self.run("ovs-appctl", patience(5), "-t", daemon.target,
                            "version", check=False).returncode == 0
        wait(answers, "%s answers ovs-appctl" % daemon.name)

    # ovs-portd.

    def start_portd(self, *args, spec=None, state=None, instance=None,
                    extra=False, answer=True):
        """Starts ovs-portd.  'extra': one more of the same instance, with a
        pidfile and a control socket of its own."""
        label = "ovs-portd" + ("-" + instance if instance else "")
        number = self._numbers.get(label, 0) + 1
        self._numbers[label] = number
        name = "%s.%d" % (label, number)
        log = os.path.join(self.logs, name + ".log")
        argv = ["ovs-portd", "--spec-dir=" + (spec or self.spec),
                "--state-dir=" + (state or self.state),
                "--log-file=" + log, "-vconsole:off"]
        target = label
        if extra:
            target = os.path.join(self.rundir, name + ".ctl")
            argv += ["--pidfile=" + os.path.join(self.rundir, name + ".pid"),
                     "--unixctl=" + target]
        else:
            argv.append("--pidfile")
        if instance:
            argv.append("--instance=" + instance)
        daemon = Daemon(self, name, argv + list(args), log, target)
        daemon.judged = {"spec": spec or self.spec,
                         "instance": instance or "main"}
        self.daemons.append(daemon)
        if answer:
            self.wait_answer(daemon)
        return daemon

    @property
    def portd(self):
        """The one started last."""
        return self.daemons[-1]

    def run_portd(self, *args, exit=0, timeout=90):
        """ovs-portd to its end (--once)."""
        daemon = self.start_portd(*args, answer=False)
        daemon.expected_exit = exit
        daemon.wait_exit(timeout)
        with open(daemon.stderr, errors="replace") as f:
            return f.read()

    def status(self, target="ovs-portd"):
        return json.loads(self.appctl("status", "json", target=target))

    def counters(self, target="ovs-portd"):
        return self.status(target)["counters"]

    def objects(self, target="ovs-portd"):
        return {o["object"]: o for o in self.status(target)["objects"]}

    def wait_state(self, ids, state="ready", timeout=PATIENCE,
                   target="ovs-portd", text=None):
        """Until the object(s) 'ids' are in 'state' (None: unknown to the
        daemon); 'text' is a pattern for what it says.  Returns the last."""
        ids = [ids] if isinstance(ids, str) else list(ids)
        last = {}

        def reached():
            last.clear()
            last.update(self.objects(target))
            return all(
                (i not in last) if state is None else
                (i in last and last[i]["state"] == state
                 and (text is None or re.search(text, last[i]["text"])))
                for i in ids)

        def what():
            return "%s %s%s; they are %s" % (
                " ".join(ids), state, " (%s)" % text if text else "",
                json.dumps([last.get(i, "%s: none" % i) for i in ids]))
        wait(reached, what, timeout)
        return last.get(ids[-1])

    def wait_idle(self, target="ovs-portd", quiet=1.0):
        """Until the counters of what is written stand still for 'quiet'
        seconds; returns them."""
        last = [None, 0.0]

        def still():
            now = self.written(target)
            if now != last[0]:
                last[:] = [now, time.monotonic()]
            return time.monotonic() - last[1] >= quiet
        wait(still, "ovs-portd comes to rest", every=0.1)
        return last[0]

    def written(self, target="ovs-portd"):
        counters = self.counters(target)
        return counters["txns"], counters["netlink_writes"]

    # The spec directory.

    def path(self, name, spec=None):
        return os.path.join(spec or self.spec, name)

    def write(self, name, content, spec=None, atomic=True):
        """Writes file 'name' of the spec directory: a text, or what JSON
        makes of anything else; by rename, or into the file as it is."""
        if not isinstance(content, str):
            content = json.dumps(content, indent=2) + "\n"
        content = content.replace('"datapath_type": "netdev"',
                                  '"datapath_type": "%s"' % self.datapath)
        path = self.path(name, spec)
        os.makedirs(os.path.dirname(path), 0o755, exist_ok=True)
        target = path + ".new~" if atomic else path
        with open(target, "w") as f:
            f.write(content)
        if atomic:
            os.rename(target, path)

    def write_vm(self, vm, nics, spec=None, atomic=True, **more):
        """vms.d/VM.json; 'nics' is what "nics" holds."""
        self.write("vms.d/%s.json" % vm,
                   {"version": 1, **more, "nics": nics}, spec, atomic)

    def write_host(self, content=None, spec=None, atomic=True, **policy):
        """host.json: 'content', or bridge br0 on the userspace datapath."""
        if content is None:
            content = {"bridges": {"br0": {"datapath_type": "netdev"}}}
        policy.setdefault("gc_grace", 1)
        self.write("host.json", {"version": 1, "policy": policy, **content},
                   spec, atomic)

    def read(self, name, spec=None):
        with open(self.path(name, spec)) as f:
            return f.read()

    def remove(self, name, spec=None):
        os.unlink(self.path(name, spec))

    # Guests.

    def open(self, nic, ifname=None, mac=None, queues=None):
        """The guest of "VM/NIC", holding as many queues as its file says."""
        vm, name = nic.split("/")
        path = self.path("vms.d/%s.json" % vm)
        spec = {}
        if os.path.exists(path):
            with open(path) as f:
                spec = json.load(f)["nics"].get(name, {})
        ifname = ifname or spec.get("ifname") or self.objects()[nic]["ifname"]
        return self.guest(frames.Guest(ifname, mac or spec["mac"],
                                       queues or spec.get("queues", 1)))

    # The end.

    def guest(self, guest):
        """Has 'guest' let go of its TAP at the end of the test."""
        return self.guests.enter_context(guest)

    def expect_log(self, *patterns):
        """Lines that match may be in ovs-portd's log."""
        self._allowed += patterns

    def finish(self):
        """What went wrong that the test did not look for: stops the daemons
        and returns texts."""
        wrong = self._hear_oracle()
        for daemon in self.daemons:
            wrong += self._finish_portd(daemon)
        # Of ovs-portctl, too, and of daemons that are not our children.
        for path in sorted({p for g in self.reports for p in glob.glob(g)}):
            with open(path, errors="replace") as f:
                text = f.read()
            if text:
                wrong.append("%s:\n%s" % (path, text[:6000]))
        return wrong

    def _hear_oracle(self):
        """A daemon that calls all of its objects ready must be believed by
        the oracle, too."""
        import oracle           # Which imports this file.
        wrong = []
        for daemon in self.daemons:
            try:
                if self._claims_all_is_well(daemon):
                    oracle.assert_clean(self, timeout=5, **daemon.judged)
            except Failure as e:
                if self._claims_all_is_well(daemon):
                    wrong.append("%s says that all is ready; %s"
                                 % (daemon.name, e))
        return wrong

    def _claims_all_is_well(self, daemon):
        def up(d):
            return d and d.alive() and not is_stopped(d.pid)
        if not (up(daemon) and up(self.ovsdb) and up(self.vswitchd)
                and daemon.expected_exit is None):
            return False
        answer = self.run("ovs-appctl", patience(5), "-t", daemon.target,
                          "status", "json", check=False)
        if answer.returncode:
            return False
        status = json.loads(answer.stdout)
        return (status["state"] == "ready" and bool(status["objects"])
                and all(f["valid"] for f in status["files"])
                and all(o["state"] in ("ready", "quarantined")
                        for o in status["objects"]))

    def _finish_portd(self, daemon):
        wrong = []
        if daemon.expected_exit is None:
            if daemon.alive():
                try:
                    daemon.stop()
                except Failure as e:
                    wrong.append(str(e))
            else:
                wrong.append("%s has ended by itself, with %d"
                             % (daemon.name, daemon.popen.returncode))
        for line in daemon.loud_lines():
            if not any(re.search(p, line) for p in self._allowed):
                wrong.append("%s says: %s" % (daemon.name, line))
        with open(daemon.stderr, errors="replace") as f:
            text = f.read()
        if "Sanitizer" in text or "runtime error:" in text:
            wrong.append("%s: %s" % (daemon.name, text[-4000:]))
        return wrong

    def close(self):
        """Ends whatever still runs."""
        self.guests.close()
        for daemon in self.daemons + [self.vswitchd, self.ovsdb]:
            if daemon and daemon.alive():
                daemon.signal(signal.SIGCONT)
                daemon.kill()


def nic(number, **more):
    """A NIC of a spec: the MAC that goes with 'number', and br0."""
    return {"bridge": "br0",
            "mac": "52:54:00:00:%02x:%02x" % divmod(number, 256), **more}


def options(**values):
    """For test functions: timeout=SECONDS, ovs=False (the test starts OVS by
    itself), asan=True (one of the quick subset), valgrind=True (one of the
    smaller subset that './dev check' runs under valgrind), datapath="netdev"
    or "system" (makes sense on that datapath only; with "netdev", why=TEXT is
    what a run on the other one says), box=True (every './dev
    check' runs it on the kernel's datapath, too; all that make sense on that
    alone are run), failpoints=True (it needs a build with
    --enable-failpoints)."""
    if values.get("datapath") == "netdev" and "why" not in values:
        raise TypeError("a test of one datapath alone, without a reason")

    def decorate(function):
        function.options = values
        return function
    return decorate
