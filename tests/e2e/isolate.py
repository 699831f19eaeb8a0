# SPDX-License-Identifier: Apache-2.0
"""Worlds apart: a function in a process with namespaces of its own.

    caller --fork--> keeper --fork--> init (pid 1) --fork--> the function
                     new net, mount    reaps, dies with the function
                     and pid namespace

Nothing has to be cleaned up afterwards: when init ends, however it ends, the
kernel kills every process of the pid namespace, and with them goes the
network namespace and all its devices.  Each of the three dies with its
parent, so a killed caller leaves nothing behind either.
"""

import ctypes
import os
import signal
import sys
import traceback

CLONE_NEWNS = 0x00020000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
MS_REC = 0x4000
MS_PRIVATE = 0x40000
PR_SET_PDEATHSIG = 1

# os.unshare() and os.setns() are of Python 3.12.
_libc = ctypes.CDLL(None, use_errno=True)


def _check(result, what):
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, "%s: %s" % (what, os.strerror(error)))


def _mount(source, target, kind, flags):
    _check(_libc.mount(source, target, kind, ctypes.c_ulong(flags), None),
           "mount " + target.decode())


def die_with_parent():
    """SIGKILL for this process as soon as its parent is gone."""
    _check(_libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")


def _status_of(wait_status):
    if os.WIFSIGNALED(wait_status):
        return 128 + os.WTERMSIG(wait_status)
    return os.WEXITSTATUS(wait_status)


def _run(function):
    try:
        status = function()
        status = 0 if status is None else status
    except SystemExit as e:
        status = e.code if isinstance(e.code, int) else 1
    except BaseException:
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _init(function):
    """Process 1: the function is its child; orphans are reaped."""
    die_with_parent()
    # What /proc and /sys show is fixed when they are mounted.
    _mount(b"proc", b"/proc", b"proc", 0)
    _mount(b"sysfs", b"/sys", b"sysfs", 0)
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGQUIT, signal.SIG_DFL)
        die_with_parent()
        _run(function)
    while True:
        pid, status = os.wait()
        if pid == child:
            os._exit(_status_of(status))


def _keep(function, parent):
    # The terminal's keys are for the function alone.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGQUIT, signal.SIG_IGN)
    die_with_parent()
    if os.getppid() != parent:
        os._exit(1)
    _check(_libc.unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET),
           "unshare (are you root?)")
    _mount(b"none", b"/", None, MS_REC | MS_PRIVATE)
    init = os.fork()
    if init == 0:
        _run(lambda: _init(function))
    os._exit(_status_of(os.waitpid(init, 0)[1]))


def spawn(function):
    """Runs 'function' in a world of its own and returns the process id to
    wait for; its exit status is what 'function' returns (None: 0).  SIGKILL
    to that process ends all that runs there."""
    sys.stdout.flush()
    sys.stderr.flush()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        _run(lambda: _keep(function, parent))
    return pid


def run(function):
    """As spawn(), and waits.  Returns the exit status."""
    pid = spawn(function)
    while True:
        try:
            return _status_of(os.waitpid(pid, 0)[1])
        except KeyboardInterrupt:
            continue            # It got one of its own, and cleans up.
