"""The network is told of psmoved: the real Avahi on a bus of its own, in a network of its own, so that nobody else hears of it."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

from harness import BEYOND_HELP, BIN, PATIENCE, Daemon, main, skip_all, until

INSIDE = "PSMOVED_MDNS_TEST_INSIDE"
PROGRAMS = ("unshare", "ip", "dbus-daemon", "avahi-daemon", "avahi-browse", "avahi-publish")
BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path={path}</listen><policy context="default"><allow user="*"/><allow own="*"/>
<allow send_destination="*"/><allow receive_sender="*"/></policy></busconfig>
"""
AVAHI = """[server]
host-name=stage
use-ipv6=no
enable-dbus=yes
disallow-other-stacks=no
[publish]
publish-hinfo=no
publish-workstation=no
[rlimits]
"""


def why_not():
    missing = [name for name in PROGRAMS if shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin") is None]
    if missing:
        return f"{', '.join(missing)} not installed"
    if os.geteuid() != 0:
        return BEYOND_HELP + "only root has networks of its own"
    if subprocess.run(["unshare", "-n", "ip", "link", "set", "lo", "up"], capture_output=True).returncode != 0:
        return BEYOND_HELP + "no network of its own can be made here"
    return None


class Network(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.environment = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={self.folder}/bus"}
        self.start_bus()
        self.avahi = None

    def start_bus(self):
        path = f"{self.folder}/bus"
        self.bus = self.run_beside(["dbus-daemon", "--nofork", "--config-file", self.write("bus.conf", BUS.format(path=path))])
        until(lambda: os.path.exists(path), "the bus")

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    def run_beside(self, command):
        process = subprocess.Popen(command, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def end():
            if process.poll() is None:
                process.terminate()
                process.wait(10)
        self.addCleanup(end)
        return process

    def start_avahi(self):
        # It refuses to run twice by this file.
        pid = "/run/avahi-daemon/pid"
        if os.path.exists(pid):
            os.unlink(pid)
        config = self.write("avahi.conf", AVAHI)
        self.avahi = self.run_beside(["avahi-daemon", "--no-drop-root", "--no-chroot", "--no-rlimits", "--file", config])
        until(lambda: subprocess.run(["avahi-browse", "--all", "--terminate"], env=self.environment, capture_output=True).returncode == 0, "Avahi")

    def start(self, *options, **more):
        self.config = self.write("psmoved.toml", getattr(self, "settings", ""))
        daemon = Daemon("--config", self.config, "--bind", "0.0.0.0", "--allow-unauthenticated", *options, environment=self.environment, **more)
        self.addCleanup(lambda: daemon.process.poll() is None and daemon.stop())
        return daemon

    def browse(self, kind="_psmoved._tcp"):
        """Name, host, port and TXT strings of each service that Avahi knows."""
        done = subprocess.run(["avahi-browse", "--resolve", "--terminate", "--parsable", kind], env=self.environment, capture_output=True,
                              text=True, timeout=PATIENCE)
        found = set()
        for line in done.stdout.splitlines():
            fields = line.split(";")
            if fields[0] == "=":
                name = re.sub(r"\\(\d{3})", lambda code: chr(int(code.group(1))), fields[3])
                found.add((name, fields[6], int(fields[8]), frozenset(re.findall('"([^"]*)"', fields[9]))))
        return found

    def test_it_is_found_with_all_that_a_client_needs_to_know(self):
        self.start_avahi()
        with self.start() as daemon:
            until(lambda: "advertised on the network" in daemon.log(), "advertised")
            (name, host, port, text), = until(self.browse, "the service")
            self.assertEqual((name, host, port), (f"psmoved on {socket.gethostname().split('.')[0]}", "stage.local", daemon.port))
            for pair in ("txtvers=1", "api=/api/v1", "auth=none", "tls=0"):
                self.assertIn(pair, text)
            self.assertTrue(any(re.fullmatch(r"ver=\d+\.\d+\.\d+", pair) for pair in text), text)
            self.assertEqual({(each[1], each[2]) for each in until(lambda: self.browse("_http._tcp"), "the page")}, {("stage.local", port)})
            # And the name that it is found by is one that it answers to.
            until(lambda: daemon.get("/api/v1", headers={"Host": f"stage.local:{port}"}).status == 200, "the name")
            self.assertEqual(daemon.get("/api/v1", headers={"Host": "other.local"}).status, 421)
        until(lambda: not self.browse(), "taken back")

    def test_with_a_certificate_it_is_https_and_with_tokens_it_says_so(self):
        self.start_avahi()
        with tempfile.TemporaryDirectory() as state:
            for option in ("--make-certificate", "--create-token=phone"):
                subprocess.run([os.path.join(BIN, "psmoved"), "--state-dir", state, option], check=True, stdout=subprocess.DEVNULL, timeout=PATIENCE)
            config = self.write("psmoved.toml", 'tls_certificate = "self-signed"\n')
            with Daemon("--config", config, "--bind", "0.0.0.0", state=state, environment=self.environment) as daemon:
                (_, _, port, text), = until(self.browse, "the service")
                self.assertTrue({"auth=token", "tls=1"} <= text, text)
                self.assertEqual({each[2] for each in until(lambda: self.browse("_https._tcp"), "the page")}, {port})
                self.assertEqual(self.browse("_http._tcp"), set())
                self.assertEqual(port, daemon.port)

    def test_it_follows_avahi_when_that_comes_and_goes(self):
        with self.start() as daemon:
            self.assertEqual(daemon.get("/livez").status, 200)  # without Avahi, too
            self.start_avahi()
            until(self.browse, "the service")
            self.avahi.kill()
            self.avahi.wait()
            self.assertEqual(daemon.get("/livez").status, 200)
            self.start_avahi()
            until(self.browse, "the service again")

    def test_the_bus_may_hang_up_and_a_reload_finds_it_again(self):
        self.start_avahi()
        with self.start(hardware=True) as daemon:
            until(self.browse, "the service")
            trouble = lambda: daemon.get("/api/v1/adapters").json["detail"]
            self.assertIn("bluetoothd is not running", trouble())
            self.bus.kill()
            self.bus.wait()
            os.unlink(f"{self.folder}/bus")
            until(lambda: "There is no system bus" in trouble(), "told what is missing")
            until(lambda: "not advertised any more" in daemon.log() and "the system bus is gone" in daemon.log(), "both users of the bus noticed")
            self.start_bus()
            until(lambda: "bluetoothd is not running" in trouble(), "asked again")
            self.start_avahi()
            daemon.process.send_signal(signal.SIGHUP)
            until(self.browse, "the service again")

    def test_a_name_that_is_taken_is_changed(self):
        self.start_avahi()
        name = f"psmoved on {socket.gethostname().split('.')[0]}"
        self.run_beside(["avahi-publish", "-s", name, "_psmoved._tcp", "9"])
        until(lambda: any(each[2] == 9 for each in self.browse()), "the other one")
        with self.start() as daemon:
            found = until(lambda: [each for each in self.browse() if each[2] == daemon.port], "the service")
            self.assertEqual(found[0][0], f"{name} #2")

    def test_a_reload_changes_what_is_told(self):
        self.start_avahi()
        with self.start() as daemon:
            until(self.browse, "the service")
            self.write("psmoved.toml", "advertise = false\n")
            daemon.process.send_signal(signal.SIGHUP)
            until(lambda: not self.browse(), "taken back")
            self.write("psmoved.toml", "")
            daemon.process.send_signal(signal.SIGHUP)
            until(self.browse, "the service again")

    def test_on_loopback_nobody_is_told(self):
        self.start_avahi()
        with self.start() as told:
            until(self.browse, "the service")
            with Daemon(environment=self.environment) as daemon:
                self.assertEqual(daemon.get("/livez").status, 200)
                self.assertEqual({each[2] for each in self.browse()}, {told.port})
                self.assertNotIn("advertised", daemon.log())


if __name__ == "__main__":
    if os.environ.get(INSIDE):
        main()
    reason = why_not()
    if reason:
        skip_all(reason)
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    os.makedirs("/run/avahi-daemon", exist_ok=True)
    # A mount of its own hides the pid file of the machine's Avahi.
    sys.exit(subprocess.run(["unshare", "-n", "-m", "sh", "-c", "mount -t tmpfs tmpfs /run/avahi-daemon && ip link set lo up && ip route add 224.0.0.0/4 dev lo; exec \"$@\"",
                             "sh", sys.executable, os.path.abspath(__file__), *sys.argv[1:]], env={**os.environ, INSIDE: "1"}).returncode)
