"""The log: fields in systemd's journal, lines on standard error elsewhere, and no flood in either. The journal is a socket of this
test, where psmoved looks for the real one."""

import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from harness import BEYOND_HELP, BIN, Daemon, main, until

CONTROLLER = "00:06:f7:00:00:01"


def entry_of(datagram):
    """Fields as sd_journal_sendv writes them: NAME=value, or NAME, a length and bytes where there is a line break in the value."""
    fields = []
    while datagram:
        line, _, rest = datagram.partition(b"\n")
        if b"=" in line:
            fields.append(tuple(line.decode().split("=", 1)))
            datagram = rest
        else:
            length = int.from_bytes(rest[:8], "little")
            fields.append((line.decode(), rest[8:8 + length].decode()))
            datagram = rest[9 + length:]
    return fields


def can_unshare():
    return shutil.which("unshare") and subprocess.run(["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", "/run"], capture_output=True).returncode == 0


class Journal:
    """Where psmoved is under something like systemd."""

    def __init__(self, *options):
        self.folder = tempfile.mkdtemp(prefix="psmoved-")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        os.mkdir(os.path.join(self.folder, "journal"))
        self.socket.bind(os.path.join(self.folder, "journal", "socket"))
        self.entries = []
        threading.Thread(target=self._read, daemon=True).start()
        receiver, sender = os.pipe()
        self.stderr = os.fdopen(receiver, "rb")
        status = os.fstat(sender)
        script = 'mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/journal && mount --bind "$0" /run/systemd/journal && exec "$@"'
        self.process = subprocess.Popen(
            ["unshare", "-rm", "sh", "-c", script, os.path.join(self.folder, "journal"), os.path.join(BIN, "psmoved"), "--no-hardware",
             "--port", "0", "--state-dir", os.path.join(self.folder, "state"), *options],
            stderr=sender, env={**os.environ, "JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"})
        os.close(sender)
        try:
            listening = until(lambda: [m for m in self.messages() if m.startswith("listening")], "listening")[0]
            self.port = int(re.search(r":(\d+)", listening)[1])
        except BaseException:
            self.process.kill()  # or whoever reads our output would wait for it
            raise

    def _read(self):
        while True:
            try:
                self.entries.append(entry_of(self.socket.recv(1 << 20)))
            except OSError:
                return

    def messages(self):
        return [dict(entry)["MESSAGE"] for entry in self.entries]

    def with_event(self, event):
        return [entry for entry in map(dict, self.entries) if entry.get("PSMOVED_EVENT") == event]

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.terminate()
        self.process.wait(10)
        time.sleep(0.1)
        self.socket.close()
        with self.stderr:
            self.said = self.stderr.read()
        shutil.rmtree(self.folder)


@unittest.skipUnless(can_unshare(), BEYOND_HELP + "this user may not have a mount namespace of its own")
class JournalTest(unittest.TestCase):
    def test_entries_have_the_line_its_words_and_its_fields(self):
        with Journal("--simulate", "zcm1", "--bind", "0.0.0.0", "--allow-unauthenticated") as journal:
            attached = until(lambda: journal.with_event("controller attached"), "the controller is attached")[0]
            self.assertEqual({key: attached[key] for key in ("PRIORITY", "SYSLOG_IDENTIFIER", "PSMOVED_CONTROLLER", "PSMOVED_NUMBER", "PSMOVED_MODEL")},
                             {"PRIORITY": "6", "SYSLOG_IDENTIFIER": "psmoved", "PSMOVED_CONTROLLER": CONTROLLER, "PSMOVED_NUMBER": "1", "PSMOVED_MODEL": "zcm1"})
            self.assertEqual(attached["MESSAGE"], f"controller attached controller={CONTROLLER} number=1 model=zcm1 path=simulated")
            self.assertTrue(until(lambda: [e for e in map(dict, journal.entries) if e["PRIORITY"] == "4"], "the warning")[0]["MESSAGE"].startswith("ANYBODY"))
        self.assertTrue(journal.with_event("stopped"))
        self.assertEqual(journal.said, b"", "nothing twice")

    def test_a_journal_that_is_not_there_costs_no_line(self):
        with Journal() as journal:
            os.unlink(os.path.join(journal.folder, "journal", "socket"))
        self.assertIn(b"<6>stopping signal=SIGTERM\n", journal.said)


class LimitTest(unittest.TestCase):
    def flood(self, daemon, lines):
        """A controller that comes and goes: two lines each time."""
        for _ in range(lines):
            for link in ("down", "up"):
                daemon.patch("/api/v1/controllers/1/simulation", {"link": link})
            until(lambda: daemon.get("/api/v1/controllers/1").json["connected"], "it is back")

    def setUp(self):
        self.config = tempfile.NamedTemporaryFile("w", suffix=".toml")
        self.addCleanup(self.config.close)
        self.config.write("log_burst = 3\nlog_interval_s = 2\n")
        self.config.flush()

    def test_a_line_that_comes_again_and_again_is_counted(self):
        with Daemon("--simulate", "zcm1", "--config", self.config.name) as daemon:
            daemon.wait_for(1)
            begun = time.monotonic()
            self.flood(daemon, 8)
            self.assertLess(time.monotonic() - begun, 2, "all within the interval, or this says nothing")
            self.assertEqual(daemon.log().count("controller attached"), 3)
            self.assertEqual(daemon.log().count("controller detached"), 3)
            # Told without another line that would wake anybody.
            until(lambda: daemon.log().count("similar lines left out") == 2, "the account", patience=5)
            self.assertRegex(daemon.log(), r'6 similar lines left out line="controller attached"\n')
            self.assertRegex(daemon.log(), r'5 similar lines left out line="controller detached"\n')
            text = daemon.get("/metrics").body.decode()
            self.assertIn("\npsmoved_log_lines_left_out_total 11\n", text)
            told = len(re.findall(" info ", daemon.log()))
            self.assertIn(f'\npsmoved_log_lines_total{{level="info"}} {told}\n', text)
            self.flood(daemon, 1)
            until(lambda: "controller attached" in daemon.lines[-1], "a line of a new interval")

    def test_what_was_left_out_is_told_at_the_end_too(self):
        with Daemon("--simulate", "zcm1", "--config", self.config.name) as daemon:
            daemon.wait_for(1)
            self.flood(daemon, 6)
            daemon.stop()
            self.assertIn('similar lines left out line="controller attached"', daemon.log())

    def test_the_stream_is_spared_too(self):
        with Daemon("--simulate", "zcm1", "--config", self.config.name) as daemon, \
                socket.create_connection(("127.0.0.1", daemon.relayed_port())) as reader:
            daemon.wait_for(1)
            reader.sendall(b"GET /api/v1/events?topics=log HTTP/1.1\r\nHost: localhost\r\n\r\n")
            until(lambda: b"subscribed" in reader.recv(65536), "subscribed")
            self.flood(daemon, 8)
            text = b""
            reader.settimeout(10)
            while text.count(b"similar lines left out") < 2:
                text += reader.recv(65536)
            self.assertEqual((text.count(b'"message":"controller attached"'), text.count(b'"message":"controller detached"')), (2, 3))


if __name__ == "__main__":
    main()
