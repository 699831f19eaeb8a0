# SPDX-License-Identifier: Apache-2.0
"""Random operations on a world, from a seed: what operators, other writers
and accidents do, one after the other, and now and then the oracle's word.

What is done depends on the seed alone, never on what is seen, so that a seed
and a number of steps say it all; how the programs' own pace falls in between
is another matter.  The last steps stand in the failure's text."""

import collections
import random
import signal
import time

import oracle
from harness import Failure, nic, wait

BRIDGES = ("br0", "br1", "br2")
STRANGERS = {"x0", "y0", "z0", "z1", "br-x"}
# A value that is set back three times within a minute is left to who did.
INSISTS = 60
MOST_DRIFTS = 1


def make_strangers(w):
    """A bridge, a port and devices that are nobody's business."""
    w.vsctl("add-br", "br-x", "--", "set", "bridge", "br-x",
            "datapath_type=netdev", "--", "add-port", "br-x", "x0",
            "--", "set", "interface", "x0", "type=internal",
            "--", "--id=@q", "create", "qos", "type=linux-noop",
            "external_ids:theirs=1")
    w.ip("tuntap", "add", "dev", "y0", "mode", "tap")
    w.ip("link", "add", "z0", "type", "veth", "peer", "name", "z1")
    w.ip("link", "set", "z0", "alias", "ovs-portd:other/link:z", "up")
    return oracle.Strangers(w)


class Churn:
    def __init__(self, w, seed, vms=20, faults=True, daemons=True,
                 touch=BRIDGES):
        self.w = w
        self.seed = seed
        self.rng = random.Random(seed)
        self.most = vms
        self.bridges = touch
        self.host = {"bridges": {b: {"datapath_type": "netdev", "ports": {}}
                                 for b in BRIDGES}, "links": {}}
        self.vms = {}
        self.broken = set()     # VMs whose files do not parse now.
        self.guests = {}
        self.gone = set()       # Ids of host objects that were taken out.
        self.drifts = collections.defaultdict(list)
        self.number = 0
        self.history = collections.deque(maxlen=60)
        self.counts = collections.Counter()
        self.strangers = None
        ops = [(10, self.add_vm), (8, self.del_vm), (24, self.change_nic),
               (5, self.add_nic), (5, self.del_nic), (3, self.replace_nic),
               (3, self.break_file), (2, self.host_port), (2, self.link),
               (4, self.hold), (4, self.let_go), (3, self.touch)]
        if faults:
            ops += [(3, self.drift_tag), (2, self.drift_key),
                    (2, self.delete_tap), (2, self.delete_port),
                    (2, self.set_down), (1, self.alias), (1, self.resync)]
        if daemons:
            ops += [(2, self.kill), (1, self.pause_daemon),
                    (0.4, self.kill_vswitchd), (0.4, self.kill_ovsdb)]
        self.ops = [op for _, op in ops]
        self.weights = [weight for weight, _ in ops]

    # The steps.

    def start(self):
        self.w.expect_log(
            r"vms\.d/", r"\|reconnect\|", r"was lost", r"degraded",
            r"ovs-vswitchd", r"error:", r"conflict:", r"RTM_", r"in use",
            r"one by one", r"bridge\|", r"TUNSET", r": ~|: \+|: - ")
        self.write_host()
        self.strangers = make_strangers(self.w)
        self.w.start_portd()

    def steps(self, n):
        for _ in range(n):
            op = self.rng.choices(self.ops, self.weights)[0]
            pause = self.rng.random()
            self.number += 1
            self.counts[op.__name__] += 1
            self.history.append("%d %s" % (self.number, op.__name__))
            op()
            if pause < 0.3:
                time.sleep(pause / 10)

    def say(self, *what):
        self.history[-1] += " " + " ".join(map(str, what))

    def settle(self, timeout=90):
        """Until the oracle is content."""
        for vm in sorted(self.broken):
            self.write(vm)
        self.broken.clear()
        for guest in self.guests.values():
            guest.close()
        self.guests.clear()
        last, confirmed = [], 0

        def clean():
            nonlocal confirmed
            if time.monotonic() - confirmed > 0.5:
                self.confirm()
                confirmed = time.monotonic()
            last[:] = oracle.judge(self.w, strangers=STRANGERS)
            if last and all("No usable peer" in text for text in last):
                self.look_again()
            return not last
        try:
            wait(clean, "", timeout, every=0.05)
            self.strangers.assert_untouched()
        except Failure as e:
            raise Failure("seed %s, after step %d: the oracle says\n  %s%s\n"
                          "the last steps were\n  %s" % (
                              self.seed, self.number, "\n  ".join(last[:20]),
                              "" if last else e,
                              "\n  ".join(self.history))) from None
        self.gone.clear()

    def look_again(self):
        """Has ovs-vswitchd say anew what is wrong with patch ports: of a peer
        that has come back it may leave the old error in the database until it
        is reconfigured.  What is true of it is there again a second later."""
        self.w.transact({"op": "mutate", "table": "Open_vSwitch", "where": [],
                         "mutations": [["next_cfg", "+=", 1]]})
        time.sleep(1)

    def confirm(self):
        """What was taken out was meant to go."""
        for what in [()] + [(i,) for i in sorted(self.gone)]:
            self.w.run("ovs-appctl", "--timeout=10", "-t", "ovs-portd",
                       "gc-confirm", *what, check=False)

    # The specs.

    def write_host(self):
        self.w.write_host(self.host, gc_grace=0, gc_max_percent=100)

    def write(self, vm):
        self.w.write_vm(vm, self.vms[vm], atomic=bool(self.number % 3))

    def some_vm(self):
        return self.rng.choice(sorted(self.vms)) if self.vms else None

    def some_nic(self):
        """(VM, name) of one, or None."""
        vm = self.some_vm()
        if vm is None or not self.vms[vm]:
            return None
        return vm, self.rng.choice(sorted(self.vms[vm]))

    def vlan(self):
        rng = self.rng
        return rng.choice([
            {}, {"tag": rng.randrange(1, 20)}, {"trunks": [3, 4, 5]},
            {"vlan_mode": "native-untagged", "tag": 3, "trunks": [3, 9]},
            {"vlan_mode": "native-tagged", "tag": 4, "trunks": [4]}])

    def new_nic(self, vm, index):
        number = int(vm[2:]) * 8 + index
        rng = self.rng
        more = {**self.vlan(), "bridge": rng.choice(self.bridges)}
        if rng.random() < 0.7:
            more["ifname"] = "t%d" % number
        if rng.random() < 0.4:
            more["queues"] = rng.choice([2, 4])
        if rng.random() < 0.2:
            more["owner"] = "nobody"
        if rng.random() < 0.2:
            more["iface_id"] = "if-%d" % number
        return {**nic(number), **more}

    def add_vm(self):
        vm = "vm%d" % self.rng.randrange(self.most)
        nics = {"net%d" % i: self.new_nic(vm, i)
                for i in range(self.rng.randrange(1, 4))}
        self.say(vm, sorted(nics))
        self.vms[vm] = nics
        self.write(vm)

    def del_vm(self):
        vm = self.some_vm()
        if vm:
            self.say(vm)
            del self.vms[vm]
            self.broken.discard(vm)
            self.w.remove("vms.d/%s.json" % vm)

    def add_nic(self):
        vm, index = self.some_vm(), self.rng.randrange(5)
        if vm:
            self.say(vm, index)
            self.vms[vm]["net%d" % index] = self.new_nic(vm, index)
            self.write(vm)

    def del_nic(self):
        at = self.some_nic()
        if at:
            self.say(*at)
            del self.vms[at[0]][at[1]]
            self.write(at[0])

    def replace_nic(self):
        """Gone and here again, before anybody may have looked."""
        at = self.some_nic()
        if at:
            self.say(*at)
            old = self.vms[at[0]].pop(at[1])
            self.write(at[0])
            self.vms[at[0]][at[1]] = old
            self.write(at[0])

    def change_nic(self):
        at = self.some_nic()
        rng = self.rng
        change = rng.choice([
            self.vlan(), self.vlan(), {"mtu": rng.choice([1300, 1500, 9000])},
            {"bridge": rng.choice(self.bridges)},
            {"queues": rng.choice([1, 2, 8])},
            {"owner": rng.choice(["nobody", "daemon"])},
            {"external_ids": {"k%d" % rng.randrange(3): "v"}},
            {"isolated": rng.random() < 0.5},
            {"qdisc": rng.choice(["noqueue", "default"])},
            {"quarantined": rng.random() < 0.5},
            {"other_config": {"rstp-enable": "false"}}])
        if at:
            self.say(*at, change)
            spec = self.vms[at[0]][at[1]]
            if not change or set(change) & set(oracle.VLAN_COLUMNS):
                for column in oracle.VLAN_COLUMNS:
                    spec.pop(column, None)
            spec.update(change)
            self.write(at[0])

    def break_file(self):
        vm = self.some_vm()
        if vm:
            self.say(vm)
            self.broken.add(vm)
            text = self.w.read("vms.d/%s.json" % vm)
            self.w.write("vms.d/%s.json" % vm, text[:len(text) // 2],
                         atomic=False)

    def touch(self):
        vm = self.some_vm()
        if vm and vm not in self.broken:
            self.write(vm)

    def host_port(self):
        bridge = self.rng.choice(self.bridges)
        name = "i%s%d" % (bridge, self.rng.randrange(2))
        ports = self.host["bridges"][bridge]["ports"]
        self.say(name, "goes" if name in ports else "comes")
        if name in ports:
            del ports[name]
            self.gone.add("port:%s/%s" % (bridge, name))
        else:
            ports[name] = {"type": "internal", **self.vlan()}
            self.gone.discard("port:%s/%s" % (bridge, name))
        self.write_host()

    def link(self):
        number = self.rng.randrange(3)
        name = "l%d" % number
        links = self.host["links"]
        kind = self.rng.choice(["patch", "veth"])
        ends = self.rng.sample(self.bridges, 2)
        self.say(name, "goes" if name in links else kind)
        if name in links:
            del links[name]
            self.gone.add("link:" + name)
        else:
            # Each carries a VLAN of its own, lest they make a loop.
            links[name] = {"type": kind, "ends": [
                {"bridge": b, "port": "l%d%s" % (number, "ab"[i]),
                 "tag": 100 + number} for i, b in enumerate(ends)]}
            self.gone.discard("link:" + name)
        self.write_host()

    # Guests.

    def hold(self):
        at = self.some_nic()
        if at and at not in self.guests and len(self.guests) < 6 \
                and "ifname" in self.vms[at[0]][at[1]]:
            self.say(*at)
            try:
                self.guests[at] = self.w.open("%s/%s" % at)
            except (OSError, ValueError, KeyError):
                pass            # It is not there yet, or another one.

    def let_go(self):
        for at in sorted(self.guests)[:1]:
            self.say(*at)
            self.guests.pop(at).close()

    # Other writers.

    def tap(self, at):
        return oracle.tap_name(*at, self.vms[at[0]][at[1]])

    def may_drift(self, what):
        """Not as often as one who insists."""
        now = time.monotonic()
        times = self.drifts[what]
        times[:] = [t for t in times if now - t < INSISTS]
        if len(times) >= MOST_DRIFTS:
            return False
        times.append(now)
        return True

    def by_vsctl(self, field, *args):
        at = self.some_nic()
        if at:
            self.say(*at)
            tap = self.tap(at)
            if self.may_drift((at, field)):
                self.w.vsctl("--no-wait", "--if-exists", *[
                    a.format(tap=tap) for a in args], check=False)

    def by_ip(self, field, *args):
        at = self.some_nic()
        if at:
            self.say(*at)
            tap = self.tap(at)
            if self.may_drift((at, field)):
                self.w.run("ip", "link", *[a.format(tap=tap) for a in args],
                           check=False)

    def drift_tag(self):
        self.by_vsctl("tag", "set", "port", "{tap}", "tag=99")

    def drift_key(self):
        self.by_vsctl("key", "remove", "interface", "{tap}", "external_ids",
                      "attached-mac")

    def delete_port(self):
        self.by_vsctl("port", "del-port", "{tap}")

    def delete_tap(self):
        self.by_ip("tap", "del", "{tap}")

    def set_down(self):
        self.by_ip("up", "set", "{tap}", "down")

    def alias(self):
        self.by_ip("alias", "set", "{tap}", "mtu", "1111")

    def resync(self):
        self.w.run("ovs-appctl", "--timeout=10", "-t", "ovs-portd", "resync",
                   check=False)

    # The daemons.

    def kill(self):
        self.w.portd.kill()
        self.w.start_portd(answer=False)

    def pause_daemon(self):
        self.w.portd.signal(signal.SIGSTOP)
        time.sleep(0.1)
        self.w.portd.signal(signal.SIGCONT)

    def kill_vswitchd(self):
        self.w.vswitchd.kill()
        self.w.start_vswitchd()

    def kill_ovsdb(self):
        self.w.ovsdb.kill()
        self.w.start_ovsdb()
