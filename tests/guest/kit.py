# SPDX-License-Identifier: Apache-2.0
"""What virtual machines boot from: Debian's kernels, which fetch-kernel.sh
unpacks, and small initial file systems with what a test needs.

    Kit(directory)          makes the images there
      guest, box            Image: kernel and initrd
"""

import os
import re
import shutil
import stat
import subprocess

import harness

HERE = os.path.dirname(os.path.abspath(__file__))
FETCH = os.path.join(HERE, "..", "tools", "fetch-kernel.sh")
BUSYBOX = "/bin/busybox"
ETHTOOL = "/usr/sbin/ethtool"
QEMU = "qemu-system-x86_64"
GUEST_MODULES = ("virtio_pci", "virtio_net")
BOX_MODULES = ("virtio_pci", "9pnet_virtio", "9p", "overlay")


def missing_requirements():
    """What this machine lacks to run virtual machines, as texts."""
    lacking = ["no program '%s': ./dev deps" % tool
               for tool in (QEMU, BUSYBOX, ETHTOOL, "modprobe", "libvirtd",
                            "virsh")
               if not shutil.which(tool)]
    for flavour in "cloud-amd64", "amd64":
        directory = kernel_directory(flavour)
        if not directory or not os.path.isdir(directory):
            lacking.append("no kernel of Debian's linux-image-%s: "
                           "tests/tools/fetch-kernel.sh %s"
                           % (flavour, flavour))
    return lacking


def kernel_directory(flavour):
    """Where fetch-kernel.sh has unpacked it, or "" if it does not know."""
    return subprocess.run([FETCH, "--where", flavour],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          encoding="utf-8").stdout.strip()


class Archive:
    """A cpio archive of the kind that the kernel unpacks at boot."""

    def __init__(self):
        self._data = bytearray()
        self._names = set()

    def _entry(self, name, mode, content=b""):
        path = name.encode() + b"\0"
        fields = (len(self._names) + 1, mode, 0, 0, 1, 0, len(content),
                  0, 0, 0, 0, len(path), 0)
        self._data += b"070701" + b"".join(b"%08x" % f for f in fields)
        for part in path, content:
            self._data += part
            self._data += bytes(-len(self._data) % 4)

    def _directories(self, name):
        parts = name.split("/")[:-1]
        for i in range(len(parts)):
            directory = "/".join(parts[:i + 1])
            if directory not in self._names:
                self._names.add(directory)
                self._entry(directory, stat.S_IFDIR | 0o755)

    def add(self, name, content, mode=0o755):
        name = name.lstrip("/")
        if name not in self._names:
            self._directories(name)
            self._names.add(name)
            self._entry(name, stat.S_IFREG | mode, content)

    def add_file(self, path, name=None):
        with open(path, "rb") as f:
            self.add(name or path, f.read())

    def add_program(self, path):
        """With the libraries that it is linked to."""
        self.add_file(path)
        listed = subprocess.run(["ldd", path], stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL, encoding="utf-8")
        for library in re.findall(r"(/\S+) \(0x", listed.stdout):
            self.add_file(library)

    def write(self, path):
        self._entry("TRAILER!!!", 0)
        with open(path, "wb") as f:
            f.write(self._data)


class Image:
    """A kernel of Debian's with an initrd."""

    def __init__(self, flavour, init, modules, programs, path):
        self.root = kernel_directory(flavour)
        self.version, = os.listdir(os.path.join(self.root, "lib/modules"))
        self.kernel = os.path.join(self.root, "boot/vmlinuz-" + self.version)
        self.initrd = path
        archive = Archive()
        archive.add_file(os.path.join(HERE, init), "init")
        archive.add_file(BUSYBOX)
        for program in programs:
            archive.add_program(program)
        for module in modules:
            self._add_module(archive, module)
        archive.write(path)

    def _add_module(self, archive, module):
        """As /modules/NAME.ko, and /modules/MODULE: what to load for it."""
        shown = subprocess.run(
            ["modprobe", "-d", self.root, "-S", self.version,
             "--show-depends", module], stdout=subprocess.PIPE, check=True,
            encoding="utf-8").stdout
        files = re.findall(r"^insmod (\S+)", shown, re.MULTILINE)
        for path in files:
            archive.add_file(path, "modules/" + os.path.basename(path))
        order = "\n".join(os.path.basename(path) for path in files)
        archive.add("modules/" + module, order.encode() + b"\n")


class Kit:
    def __init__(self, directory):
        self.guest = Image("cloud-amd64", "init-guest", GUEST_MODULES,
                           [ETHTOOL], os.path.join(directory, "guest.cpio"))
        self.box = Image("amd64", "init-box", BOX_MODULES, [],
                         os.path.join(directory, "box.cpio"))


# Set by the runner before it starts tests, which are its children.
kit = None


def the_kit():
    if not kit:
        raise harness.Failure("no images were made")
    return kit
