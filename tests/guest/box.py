#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A host in a box: Debian's kernel in QEMU with this machine's root, which it
sees read-only; what is written there stays in its memory.

    box.py --bin DIR [--boxes N] [--jobs N] [--shard I/N] [--quick]
           [NAME-PART...]
                          runs end-to-end tests on the kernel's datapath
    box.py --command 'COMMAND'
                          runs any command there

    run(command, results)   boots, runs it in the tree, powers off
    run_tests(args, keep)   tests, shared among boxes side by side
"""

import argparse
import collections
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "e2e")]

import isolate                  # noqa: E402
import kit                      # noqa: E402
import runner                   # noqa: E402

TOP = os.path.realpath(os.path.join(HERE, "..", ".."))
SLOWNESS = 6                    # Emulated; how much longer things may take.
MEMORY = 3072                   # MB of each box.
RESULT = re.compile(r"\d+ passed, \d+ failed(, \d+ skipped)?\s*")
VERDICT = re.compile(r"(ok  |FAIL|skip) \w+\.\w+[ :]")
MODULES = ("openvswitch", "vhost_net", "tun", "veth", "dummy", "bonding",
           "8021q", "macvtap", "ifb", "vport_vxlan", "vport_geneve",
           "vport_gre",
           "sch_htb", "sch_hfsc", "sch_ingress", "sch_fq_codel", "sch_sfq",
           "sch_netem", "cls_basic", "cls_matchall", "cls_u32", "act_police",
           "act_mirred")

# Process 1 there.  /results is a directory of ours that it may write to.
BEGIN = """\
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8
stty -F /dev/ttyS1 raw -echo
exec </dev/null >/dev/ttyS1 2>&1
mkdir -p /results
mount -t 9p -o rw,trans=virtio,version=9p2000.L,msize=512000 results /results
ip link set lo up
for module in %(modules)s; do
    modprobe $module || echo "module $module is missing"
done
# bonding makes one of its own, which would be in everybody's way.
ip link del bond0 2>/dev/null
# Open vSwitch 3.1 takes the time since boot for that of its last look at the
# CPUs: started within 10 s, it has no handler threads and forwards nothing.
while [ "$(cut -d. -f1 /proc/uptime)" -lt 11 ]; do sleep 0.2; done
"""
# The command, and the end.
MAIN = """\
cd %(top)s
(
%(command)s
)
echo $? > /results/status
sync
exec busybox poweroff -f
"""
# The same as a unit of systemd's, which becomes process 1; of this machine's
# own units it starts those that any unit needs.
SYSTEMD = """\
cat > /run/main <<'END'
exec </dev/null >/dev/ttyS1 2>&1
export HOME=/root LC_ALL=C.UTF-8
%(main)s
END
mkdir -p /run/systemd/system
cat > /run/systemd/system/box.target <<'END'
[Unit]
Requires=basic.target
Wants=box.service
After=basic.target
END
cat > /run/systemd/system/box.service <<'END'
[Unit]
After=basic.target
[Service]
Type=exec
ExecStart=/bin/bash /run/main
END
# That of tmpfiles would empty /tmp, where our files may be.
for unit in systemd-tmpfiles-setup systemd-tmpfiles-setup-dev \
            systemd-timesyncd systemd-pstore systemd-random-seed; do
    ln -s /dev/null /run/systemd/system/$unit.service
done
exec /lib/systemd/systemd --unit=box.target --show-status=no
"""


def script(command, systemd):
    """What process 1 is to do."""
    given = {"modules": " ".join(MODULES), "command": command,
             "top": shlex.quote(TOP)}
    main = MAIN % given
    return BEGIN % given + (SYSTEMD % {"main": main} if systemd else main)


def show(line):
    sys.stdout.write(line)
    sys.stdout.flush()


def run(command, results, timeout=1800, cpus=2, systemd=False, hear=show):
    """Runs the shell command 'command' in a box, whose /results is the
    directory 'results'; with 'systemd', as one of its services.  hear() gets
    each line that it prints, kernel messages go to 'results'/console.
    Returns its exit status; 124 if it was not done after 'timeout' seconds,
    125 if the box has not lived to its end."""
    image = kit.the_kit().box
    status_file = os.path.join(results, "status")
    if os.path.exists(status_file):
        os.unlink(status_file)
    script_file = os.path.join(results, "script")
    with open(script_file, "w") as f:
        f.write(script(command, systemd))
    share = "local,security_model=none,multidevs=remap"
    popen = subprocess.Popen(
        [kit.QEMU, "-nodefaults", "-no-user-config", "-display", "none",
         "-no-reboot", "-M", "q35", "-accel", "tcg,thread=multi",
         "-cpu", "max", "-m", "%dM" % MEMORY, "-smp", str(cpus),
         "-kernel", image.kernel, "-initrd", image.initrd,
         "-append", "console=ttyS0 quiet panic=-1 mitigations=off "
         "tsc=reliable box.script=%s box.kernel=%s" % (
             script_file, image.root),
         "-fsdev", share + ",id=root,readonly=on,path=/",
         "-device", "virtio-9p-pci,fsdev=root,mount_tag=root",
         "-fsdev", share + ",id=results,path=" + results,
         "-device", "virtio-9p-pci,fsdev=results,mount_tag=results",
         "-serial", "file:" + os.path.join(results, "console"),
         "-serial", "stdio"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        start_new_session=True, preexec_fn=isolate.die_with_parent)
    late = threading.Event()

    def give_up():
        late.set()
        popen.kill()
    timer = threading.Timer(timeout, give_up)
    timer.start()
    try:
        for line in popen.stdout:
            hear(line.decode(errors="replace").replace("\r\n", "\n"))
    finally:
        timer.cancel()
        popen.kill()
        popen.wait()
    if late.is_set():
        hear("the box was not done after %d s\n" % timeout)
        return 124
    if not os.path.exists(status_file):
        hear("the box has not lived to the end of its script\n")
        with open(os.path.join(results, "console"), errors="replace") as f:
            hear(f.read()[-3000:] + "\n")
        return 125
    with open(status_file) as f:
        return int(f.read())


def test_command(args, shard):
    """Runs tests in a box: those of 'shard', as runner.py has it."""
    return shlex.join(
        ["/usr/bin/python3", "tests/guest/run.py",
         "--bin", os.path.abspath(args.bin), "--jobs", str(args.jobs),
         *(["--subset", args.subset] if args.subset else []),
         "--datapath", "system", "--slowness", str(args.slowness),
         "--shard", shard, "--keep", "/results/failed", *args.names])


def run_tests(args, keep):
    """Tests in args.boxes boxes at once, which leave what they have to
    say in directories of 'keep'.  Returns the exit status."""
    lock = threading.Lock()
    verdicts = collections.Counter()
    statuses = [1] * args.boxes
    shard, shards = args.shard

    def hear(line):
        """Counts what there was to see, as a box may have an early end."""
        with lock:
            found = VERDICT.match(line)
            if found:
                verdicts[found.group(1)] += 1
            if not RESULT.fullmatch(line):
                show(line)

    def box(number):
        part = "%d/%d" % (shard + shards * number, shards * args.boxes)
        results = os.path.join(keep, str(number + 1))
        os.mkdir(results)
        statuses[number] = run(test_command(args, part), results,
                               args.timeout, cpus=args.cpus,
                               systemd=args.systemd, hear=hear)
    boxes = [threading.Thread(target=box, args=(i,), daemon=True)
             for i in range(args.boxes)]
    for thread in boxes:
        thread.start()
    for thread in boxes:
        thread.join()
    # A box that fails without a failed test is a failure, and so is none.
    n_failed = verdicts["FAIL"] or int(any(statuses) or not verdicts)
    n_skipped = verdicts["skip"]
    print("%d passed, %d failed%s" % (
        verdicts["ok  "], n_failed,
        ", %d skipped" % n_skipped if n_skipped else ""))
    return max(statuses) or min(n_failed, 1)


def missing_memory(boxes):
    """What this machine lacks to hold them, as texts."""
    with open("/proc/meminfo") as f:
        free = int(re.search(r"MemAvailable:\s+(\d+)", f.read()).group(1))
    free //= 1024
    if free >= boxes * MEMORY:
        return []
    return ["%d MB of memory are free; %d boxes take %d MB"
            % (free, boxes, boxes * MEMORY)]


def main():
    parser = argparse.ArgumentParser(description="A host in a box.")
    parser.add_argument("--bin", default="build/bin", metavar="DIR")
    parser.add_argument("--jobs", "-j", type=int, default=2)
    parser.add_argument("--boxes", type=int, default=1, metavar="N",
                        help="that share the tests, at once")
    parser.add_argument("--cpus", type=int, default=2, metavar="N",
                        help="of each box")
    parser.add_argument("--slowness", type=float, default=SLOWNESS,
                        metavar="FACTOR",
                        help="how much longer than usual things may take")
    parser.add_argument("--shard", type=runner.shard, default=(1, 1),
                        metavar="I/N",
                        help="every Nth of the tests, from the Ith on")
    parser.add_argument("--subset", choices=["box", "failpoints"],
                        help="box: only those that every './dev check' runs; "
                        "failpoints: those that need a build with them")
    parser.add_argument("--quick", action="store_const", dest="subset",
                        const="box", help="the same")
    parser.add_argument("--command", metavar="COMMAND")
    parser.add_argument("--systemd", action="store_true",
                        help="with systemd as the box's init")
    parser.add_argument("--timeout", type=int, default=4 * 3600,
                        metavar="SECS")
    parser.add_argument("--keep", metavar="DIR",
                        help="where failed tests leave their logs "
                        "(BIN/../log/box)")
    parser.add_argument("names", nargs="*", metavar="NAME-PART")
    args = parser.parse_args()
    keep = os.path.abspath(args.keep
                           or os.path.join(args.bin, "..", "log", "box"))
    lacking = kit.missing_requirements() + missing_memory(args.boxes)
    if lacking:
        print("\n".join("cannot run: " + text for text in lacking))
        print("0 passed, 1 failed")
        return 1
    shutil.rmtree(keep, ignore_errors=True)
    os.makedirs(keep)
    with tempfile.TemporaryDirectory(prefix="portd-kit-") as directory:
        kit.kit = kit.Kit(directory)
        status = (run(args.command, keep, args.timeout, cpus=args.cpus,
                      systemd=args.systemd) if args.command
                  else run_tests(args, keep))
        if status:
            print("what is /results there: %s/" % keep)
        return status


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
