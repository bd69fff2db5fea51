"""SIGHUP: what changes in the running daemon, what does not, and what a broken file does."""

import json
import os
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import unittest

import websockets

from harness import BIN, PATIENCE, Daemon, main, open_stream, until

DONE = "the configuration was reloaded"
FAILED = "was not reloaded, and nothing has changed"


class Reload(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.config = os.path.join(self.folder, "psmoved.toml")

    def write(self, text):
        with open(self.config, "w") as file:
            file.write(text)

    def start(self, text="", *options, **more):
        self.write(text)
        daemon = Daemon("--config", self.config, *options, state=self.folder, **more)
        self.addCleanup(lambda: daemon.process.poll() is None and daemon.stop())
        return daemon

    def reload(self, daemon, text=None, said=DONE):
        """Returns what the log says from the signal on."""
        if text is not None:
            self.write(text)
        before = len(daemon.lines)
        daemon.process.send_signal(signal.SIGHUP)
        return until(lambda: said in "".join(daemon.lines[before:]) and "".join(daemon.lines[before:]), said)

    def test_hosts_origins_and_the_log_change(self):
        with self.start() as daemon:
            asked = {"Host": "stage.example"}
            self.assertEqual(daemon.get("/api/v1", headers=asked).status, 421)
            self.write('hosts = ["stage.example"]\norigins = ["https://page.example"]\nlog_level = "warning"\n')
            daemon.process.send_signal(signal.SIGHUP)
            until(lambda: daemon.get("/api/v1", headers=asked).status == 200, "the new name")
            answer = daemon.get("/api/v1", headers={"Origin": "https://page.example"})
            self.assertEqual((answer.status, answer.headers["Access-Control-Allow-Origin"]), (200, "https://page.example"))
            self.assertNotIn(DONE, daemon.log())  # that is information, which is not logged any more
            self.reload(daemon, 'log_level = "debug"\n')
            self.assertEqual(daemon.get("/api/v1", headers=asked).status, 421)

    def test_the_limit_of_connections_changes(self):
        with self.start() as daemon:
            self.reload(daemon, "max_connections = 4\n")
            held = [socket.create_connection(("127.0.0.1", daemon.port), PATIENCE) for _ in range(4)]
            until(lambda: daemon.get("/api/v1").status == 503, "the limit")
            for connection in held:
                connection.close()
            until(lambda: daemon.get("/api/v1").status == 200, "room again")

    def test_limits_and_requests_for_tokens_change(self):
        with self.start("", "--simulate", "zcm1") as daemon:
            daemon.wait_for(1)
            self.reload(daemon, "rumble_duty = 0.25\ntoken_requests = false\n")
            self.assertEqual(daemon.get("/api/v1/controllers/1").json["rumble_limit"], {"duty": 0.25, "window_s": 60})
            self.assertEqual(daemon.request("POST", "/api/v1/token-requests", {"name": "x"}).json["code"], "token_requests_off")

    def test_what_cannot_change_is_named_and_the_rest_changes(self):
        with self.start() as daemon:
            log = self.reload(daemon, 'port = 1\nbind = "127.0.0.2"\nsimulate = "zcm1"\nhosts = ["stage.example"]\n')
            # The port was given on the command line, which goes before the file: it is no change.
            self.assertNotIn("setting=port", log)
            for name in ("bind", "simulate"):
                self.assertIn(f"restart only setting={name}", log)
            self.assertEqual(daemon.get("/api/v1", headers={"Host": "stage.example"}).status, 200)
            self.assertEqual(daemon.get("/api/v1/controllers").json, [])

    def test_a_broken_file_changes_nothing_and_says_why(self):
        with self.start('hosts = ["stage.example"]\n') as daemon:
            for wrong, said in (("hosts = [\n", "line 1"), ('hosts = ["other.example"]\ncolour = 3\n', "colour"), ('socket_users = ["no such"]\n', "socket_users"),
                                ('hosts = ["other.example"]\nrequire_token = true\n', "require_token"), ('tls_certificate = "/nowhere"\ntls_key = "/nowhere"\n', "/nowhere")):
                self.assertIn(said, self.reload(daemon, wrong, said=FAILED))
                self.assertEqual(daemon.get("/api/v1", headers={"Host": "stage.example"}).status, 200)
                self.assertEqual(daemon.get("/api/v1", headers={"Host": "other.example"}).status, 421)
            os.unlink(self.config)
            self.reload(daemon, said=FAILED)
            self.assertEqual(daemon.get("/api/v1", headers={"Host": "stage.example"}).status, 200)
            self.reload(daemon, "")

    async def test_tokens_are_read_again_and_needed_from_then_on(self):
        with self.start() as daemon:
            made = {name: daemon.request("POST", "/api/v1/tokens", {"name": name}).json["token"] for name in ("kept", "gone")}
            path = os.path.join(self.folder, "tokens.json")
            with open(path) as file:
                tokens = json.load(file)
            tokens["tokens"] = [token for token in tokens["tokens"] if token["name"] == "kept"]
            async with open_stream(daemon, extra_headers={"Authorization": f"Bearer {made['gone']}"}) as stream:
                await stream.of_type("hello")
                with open(path, "w") as file:
                    json.dump(tokens, file)
                self.reload(daemon, "require_token = true\n")
                with self.assertRaises(websockets.ConnectionClosed) as closed:
                    while True:
                        await stream.receive()
                self.assertEqual(closed.exception.rcvd.code, 4003)
            self.assertEqual(daemon.get("/api/v1").json["code"], "token_required")
            self.assertEqual(daemon.get("/api/v1", headers={"Authorization": f"Bearer {made['gone']}"}).status, 401)
            self.assertEqual(daemon.get("/api/v1", headers={"Authorization": f"Bearer {made['kept']}"}).status, 200)
            self.reload(daemon, "")
            self.assertEqual(daemon.get("/api/v1").status, 200)

    def make_certificate(self):
        subprocess.run([os.path.join(BIN, "psmoved"), "--state-dir", self.folder, "--make-certificate", "127.0.0.1"],
                       check=True, stdout=subprocess.DEVNULL, timeout=PATIENCE)
        return ssl.create_default_context(cafile=os.path.join(self.folder, "certificate.pem"))

    async def test_a_new_certificate_is_shown_and_open_connections_stay(self):
        old = self.make_certificate()
        with self.start('tls = "all"\ntls_certificate = "self-signed"\n') as daemon:
            daemon.tls = old
            async with open_stream(daemon) as stream:
                await stream.of_type("hello")
                new = self.make_certificate()
                self.reload(daemon)
                with self.assertRaises(ssl.SSLCertVerificationError):
                    daemon.get("/livez")
                daemon.tls = new
                self.assertEqual(daemon.get("/livez").status, 200)
                await stream.send({"type": "ping", "t": 1})
                await stream.of_type("pong")
                with open(os.path.join(self.folder, "key.pem"), "w") as file:
                    file.write("junk")
                self.assertIn("no key in PEM", self.reload(daemon, said=FAILED))
                self.assertEqual(daemon.get("/livez").status, 200)

    def test_systemd_is_told(self):
        path = os.path.join(self.folder, "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(path)
            notify.settimeout(PATIENCE)
            with self.start(environment={"NOTIFY_SOCKET": path}) as daemon:
                self.assertIn(b"READY=1", notify.recv(4096))
                before = time.monotonic_ns() // 1000
                self.reload(daemon)
                begun = dict(line.split(b"=") for line in notify.recv(4096).splitlines())
                self.assertEqual(begun[b"RELOADING"], b"1")
                self.assertTrue(before <= int(begun[b"MONOTONIC_USEC"]) <= time.monotonic_ns() // 1000)
                self.assertEqual(notify.recv(4096), b"READY=1")

    def test_many_signals_in_a_row_do_no_harm(self):
        with self.start() as daemon:
            for _ in range(50):
                daemon.process.send_signal(signal.SIGHUP)
            self.assertEqual(daemon.get("/livez").status, 200)
            self.reload(daemon)


if __name__ == "__main__":
    main()
