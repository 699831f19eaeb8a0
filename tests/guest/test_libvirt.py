# SPDX-License-Identifier: Apache-2.0
"""libvirt starts domains with the <interface> that libvirt-xml prints.  The
libvirtd is the world's own: nothing of the machine's is seen or used."""

import os
import shutil
import socket
import subprocess

import kit
import vm
from harness import Failure, equal, nic, options, wait

# What libvirtd takes for its own; each World has mounts of its own.
DIRECTORIES = ("/etc/libvirt", "/var/lib/libvirt", "/var/cache/libvirt",
               "/var/log/libvirt", "/run/libvirt")
# The user that Debian's libvirt-daemon-system makes, for QEMU.
USER = "libvirt-qemu"
CONFIG = """\
user = "libvirt-qemu"
group = "libvirt-qemu"
dynamic_ownership = 0
remember_owner = 0
security_driver = "none"
cgroup_controllers = []
namespaces = []
stdio_handler = "file"
"""
DOMAIN = """\
<domain type='qemu'>
  <name>%(name)s</name>
  <memory unit='MiB'>256</memory>
  <vcpu>%(smp)d</vcpu>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <kernel>%(kernel)s</kernel>
    <initrd>%(initrd)s</initrd>
    <cmdline>%(cmdline)s</cmdline>
  </os>
  <features><acpi/><apic/></features>
  <on_reboot>destroy</on_reboot>
  <devices>
    <emulator>%(emulator)s</emulator>
    <serial type='file'>
      <source path='%(console)s' append='on'/><target port='0'/>
    </serial>
    <serial type='unix'>
      <source mode='bind' path='%(socket)s'/><target port='1'/>
    </serial>
    <memballoon model='none'/>
%(interface)s
  </devices>
</domain>
"""


class Libvirt:
    """A libvirtd, in the foreground."""

    def __init__(self, w):
        self._w = w
        for directory in DIRECTORIES:
            os.makedirs(directory, exist_ok=True)
            w.run("mount", "-t", "tmpfs", "none", directory)
        with open("/etc/libvirt/qemu.conf", "w") as f:
            f.write(CONFIG)
        self._add_user("passwd", ":x:64055:64055::/nonexistent:/bin/false")
        self._add_user("group", ":x:64055:")
        self.log = os.path.join(w.logs, "libvirtd.console")
        with open(self.log, "ab") as log:
            self._popen = subprocess.Popen(
                ["libvirtd"], cwd=w.dir, env=w.env,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait(self._answers, "libvirtd answers", timeout=60, every=0.2)

    def _add_user(self, name, entry):
        """Where the package that makes it is not installed."""
        with open("/etc/" + name) as f:
            text = f.read()
        if "\n%s:" % USER not in text:
            self._w.write(name, text + USER + entry + "\n", spec=self._w.dir)
            self._w.run("mount", "--bind", os.path.join(self._w.dir, name),
                        "/etc/" + name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._popen.kill()
        self._popen.wait()

    def _answers(self):
        if self._popen.poll() is not None:
            with open(self.log) as f:
                raise Failure("libvirtd ended with %d\n%s"
                              % (self._popen.returncode, f.read()[-2000:]))
        return not self.virsh("version", check=False).returncode

    def virsh(self, *args, check=True):
        return self._w.run("virsh", "-c", "qemu:///system", *args,
                           check=check)


class Domain(vm.Agent):
    """A guest that libvirt starts."""

    def __init__(self, w, libvirt, name, address, smp, load=True):
        super().__init__(w, name, address, smp)
        self._virsh = libvirt.virsh
        path = os.path.join(w.dir, name + ".agent")
        image = kit.the_kit().guest
        xml = DOMAIN % {
            "name": name, "smp": smp, "kernel": image.kernel,
            "initrd": image.initrd, "cmdline": vm.COMMAND_LINE,
            "emulator": shutil.which(kit.QEMU), "console": self.console,
            "socket": path, "interface": w.ctl("libvirt-xml", name).stdout}
        w.write("%s.xml" % name, xml, spec=w.dir)
        self._virsh("define", os.path.join(w.dir, name + ".xml"))
        self._virsh("start", name)
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(path)
        self._to_guest = self._from_guest = self._socket.fileno()
        if load:
            self.load()

    def alive(self):
        return self._virsh("domstate", self.vm).stdout.strip() == "running"

    def why(self):
        return "libvirt says: " + self._virsh("domstate", "--reason",
                                              self.vm).stdout.strip()

    def close(self):
        self._virsh("destroy", self.vm, check=False)
        self._socket.close()


@options(timeout=400)
def test_domain(w):
    """A domain on a multiqueue TAP starts, talks, stops and starts again;
    the TAP and its port stay ours and as they are."""
    w.write_host()
    w.write_vm("vm1", {"net0": nic(1, ifname="tap0", tag=10, queues=4)})
    w.write_vm("vm2", {"net0": nic(2, ifname="tap1", tag=10)})
    w.start_portd()
    w.wait_state(["vm1/net0", "vm2/net0"])
    before = w.wait_idle()
    identity = w.ifindex("tap0"), w.port("tap0")["_uuid"]
    libvirt = w.guest(Libvirt(w))
    b = vm.boot(w, "vm2", "10.0.0.2")

    a = w.guest(Domain(w, libvirt, "vm1", "10.0.0.1", smp=4))
    equal(a.combined(), (4, 4), "queues at most and in use")
    equal(w.objects()["vm1/net0"]["attached"], 4, "attached")
    a.pings(b)
    w.wait_state("vm1/net0")
    a.power_off()
    libvirt.virsh("undefine", "vm1")
    wait(lambda: w.objects()["vm1/net0"]["attached"] == 0,
         "all queues are let go of")
    w.guest(Domain(w, libvirt, "vm1", "10.0.0.1", smp=4, load=False))
    w.ctl("--wait=guest", "sync", "vm1")
    equal((w.ifindex("tap0"), w.port("tap0")["_uuid"]), identity,
          "ifindex and Port")
    equal(w.link("tap0")["ifalias"], "ovs-portd:main/vm1/net0", "alias")
    w.wait_state("vm1/net0")
    print("written meanwhile: %d transactions, %d netlink messages"
          % tuple(now - then for now, then in zip(w.wait_idle(), before)))
