# SPDX-License-Identifier: Apache-2.0
"""A real guest: QEMU with what 'ovs-portctl qemu-args' prints.

    Vm          boots, does as it is told, ends
      run()     a command in the guest
      ping()
"""

import contextlib
import os
import re
import select
import shlex
import signal
import subprocess
import time

import frames
import harness
import kit

BOOT = 120                      # Seconds; emulated, on a busy machine.
COMMAND = 60

COMMAND_LINE = "console=ttyS0 panic=-1 mitigations=off tsc=reliable"


class Agent:
    """What init-guest does for us.  Whoever inherits from it starts the
    machine, and has _to_guest and _from_guest, descriptors of its second
    serial line, and alive() and why()."""

    def __init__(self, w, vm, address, smp):
        self._w = w
        self.vm = vm
        self.address = address
        self.smp = smp
        self.console = os.path.join(w.logs, "guest-%s.console" % vm)
        with open(self.console, "ab"):
            os.chmod(self.console, 0o666)
        self._text = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # The guest.

    def load(self):
        """The virtio driver, and the NICs up; the first has the address."""
        self.wait_boot()
        self.run("load virtio_net")
        self.run("for i in 1 2 3 4 5 6 7 8 9 10; do "
                 "[ -e /sys/class/net/eth0 ] && break; usleep 200000; done; "
                 "for d in /sys/class/net/eth*; do "
                 "ip link set $(basename $d) up || exit; done")
        if self.address:
            self.run("ip addr add %s/24 dev eth0" % self.address)

    def wait_boot(self, timeout=BOOT):
        self._answer(timeout, "booted")

    def _answer(self, timeout, what):
        """Output and status of what runs in the guest."""
        timeout *= frames.slowness
        deadline = time.monotonic() + timeout
        while True:
            found = re.search(rb"(?:^|\n)=(\d+)\r?\n", self._text)
            if found:
                output = self._text[:found.start()]
                self._text = self._text[found.end():]
                return output.decode(errors="replace"), int(found.group(1))
            left = deadline - time.monotonic()
            if left <= 0 or not self.alive():
                with open(self.console, errors="replace") as f:
                    console = f.read()[-2000:]
                raise harness.Failure(
                    "guest %s has not %s, %s\n%s%s" % (
                        self.vm, what, "within %g s" % timeout
                        if self.alive() else "and " + self.why(),
                        self._text.decode(errors="replace"), console))
            if select.select([self._from_guest], [], [], min(left, 1))[0]:
                self._text += os.read(self._from_guest, 65536)

    def run(self, command, check=True, timeout=COMMAND):
        """A shell command in the guest; returns what it prints."""
        os.write(self._to_guest, command.encode() + b"\n")
        output, status = self._answer(timeout, "done '%s'" % command)
        if check and status:
            raise harness.Failure("in guest %s, '%s' ended with %d\n%s" % (
                self.vm, command, status, output))
        return output

    def pings(self, other, patience=30):
        """Fails unless 'other', a Vm or an address, answers in time."""
        address = getattr(other, "address", other)
        harness.wait(lambda: self._ping(address),
                     "%s reaches %s" % (self.vm, address), patience)

    def pings_not(self, other, n=3):
        """Fails if 'other' answers to any of 'n'."""
        address = getattr(other, "address", other)
        output = self.run("ping -c %d -W 1 %s" % (n, address), check=False)
        if " bytes from " in output:
            raise harness.Failure("%s reaches %s:\n%s"
                                  % (self.vm, address, output))

    def _ping(self, address):
        return " bytes from " in self.run("ping -c 1 -W 1 " + address,
                                          check=False)

    def combined(self):
        """'ethtool -l': most possible, in use."""
        found = re.findall(r"Combined:\s*(\d+)", self.run("ethtool -l eth0"))
        return tuple(int(n) for n in found)

    def power_off(self):
        """Of its own accord; it has ended when this returns."""
        os.write(self._to_guest, b"poweroff -f\n")
        harness.wait(lambda: not self.alive(), "guest %s ends" % self.vm)


class Vm(Agent):
    """The machine of "VM", its devices as ovs-portctl says.  With 'args' they
    are as those say instead.  'user' runs QEMU without any privilege; 'load'
    False leaves the virtio driver out, to be loaded by load()."""

    def __init__(self, w, vm, address=None, smp=1, user=None, args=None,
                 load=True, cpu="max"):
        super().__init__(w, vm, address, smp)
        if args is None:
            args = shlex.split(w.ctl("qemu-args", vm).stdout)
        argv = [kit.QEMU, *self._machine(cpu), *args]
        if user:
            argv = ["setpriv", "--reuid=" + user, "--clear-groups",
                    "--inh-caps=-all", "--bounding-set=-all"] + argv
        self._argv = argv
        self._start()
        if load:
            self.load()

    def _start(self):
        self._text = b""
        with open(self.console, "ab") as console:
            self._popen = subprocess.Popen(
                self._argv, cwd=self._w.dir, env=self._w.env,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=console)
        self.pid = self._popen.pid
        self._to_guest = self._popen.stdin.fileno()
        self._from_guest = self._popen.stdout.fileno()

    def wait_boot(self, timeout=BOOT):
        """An emulated machine of many processors may stand still at its
        start (seen once among hundreds, with eight processors on a host of
        two).  That is said, with its console, and it is started once
        more."""
        try:
            super().wait_boot(timeout / 2)
        except harness.Failure as failure:
            if not self.alive():
                raise
            print("%s\nIt is started once more." % failure)
            self.close()
            self._start()
            super().wait_boot(timeout)

    def _machine(self, cpu):
        image = kit.the_kit().guest
        return ["-nodefaults", "-no-user-config", "-display", "none",
                "-no-reboot", "-M", "q35", "-accel", "tcg,thread=multi",
                "-cpu", cpu, "-m", "256M", "-smp", str(self.smp),
                "-kernel", image.kernel, "-initrd", image.initrd,
                "-append", COMMAND_LINE,
                "-chardev", "file,id=console,append=on,path=" + self.console,
                "-serial", "chardev:console",
                "-chardev", "stdio,id=agent,signal=off",
                "-serial", "chardev:agent"]

    def alive(self):
        return self._popen.poll() is None

    def why(self):
        return "QEMU ended with %d" % self._popen.returncode

    def close(self):
        if self.alive():
            self._popen.send_signal(signal.SIGCONT)
            self._popen.kill()
        self._popen.wait()
        with contextlib.suppress(OSError):
            self._popen.stdin.close()
        self._popen.stdout.close()


def boot(w, vm, address=None, **options):
    """A Vm that ends with the test."""
    return w.guest(Vm(w, vm, address, **options))
