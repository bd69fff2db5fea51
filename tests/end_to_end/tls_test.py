"""TLS: psmoved's own end of it, with curl, Python's ssl and websockets as clients that are not ours."""

import http.client
import json
import os
import random
import re
import socket
import ssl
import stat
import struct
import subprocess
import tempfile
import time
import unittest

import websockets

from access_test import ADDRESS, NO_NETWORK
from harness import BIN, PATIENCE, Daemon, curl, main, open_stream, run_to_end, until

HANDSHAKE_DEADLINE = 5


def psmoved(*arguments):
    return subprocess.run([os.path.join(BIN, "psmoved"), *arguments], capture_output=True, text=True, timeout=PATIENCE)


def psmovectl(url, *arguments, token=None):
    environment = {**os.environ, "HOME": "/nonexistent", **({"PSMOVED_TOKEN": token} if token else {})}
    return subprocess.run([os.path.join(BIN, "psmovectl"), "--url", url, *arguments], capture_output=True, text=True, timeout=PATIENCE,
                          env=environment)


def resident_bytes(daemon):
    with open(f"/proc/{daemon.process.pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Encrypted(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.certificate = os.path.join(self.folder, "certificate.pem")
        self.key = os.path.join(self.folder, "key.pem")

    def make_certificate(self, *names):
        made = psmoved("--state-dir", self.folder, "--make-certificate", *(names or ("localhost", "127.0.0.1")))
        self.assertEqual(made.returncode, 0, made.stderr)
        return re.search(r"SHA-256 +(\S+)", made.stdout).group(1)

    def context(self):
        context = ssl.create_default_context(cafile=self.certificate)
        return context

    def start(self, *options, settings='tls = "all"\ntls_certificate = "self-signed"\n'):
        if not os.path.exists(self.certificate):
            self.make_certificate()
        config = os.path.join(self.folder, "psmoved.toml")
        with open(config, "w") as file:
            file.write(settings)
        # A sanitizer keeps freed memory for a while; here it is measured.
        daemon = Daemon("--config", config, *options, state=self.folder, environment={"ASAN_OPTIONS": "quarantine_size_mb=1"})
        daemon.tls = self.context()
        self.addCleanup(lambda: daemon.process.poll() is None and daemon.stop())
        return daemon

    def connect(self, daemon):
        plain = socket.create_connection(("127.0.0.1", daemon.port), PATIENCE)
        return daemon.tls.wrap_socket(plain, server_hostname="localhost")

    def test_a_certificate_is_made_for_the_names_it_is_asked_for(self):
        shown = self.make_certificate("stage.example", "192.0.2.7", "2001:db8::7")
        self.assertRegex(shown, "^([0-9A-F]{2}:){31}[0-9A-F]{2}$")
        self.assertEqual(stat.S_IMODE(os.stat(self.key).st_mode), 0o600)
        text = subprocess.run(["openssl", "x509", "-in", self.certificate, "-noout", "-text", "-fingerprint", "-sha256"],
                              capture_output=True, text=True, check=True).stdout
        for part in (shown, "DNS:stage.example", "IP Address:192.0.2.7", "2001:DB8:0:0:0:0:0:7", "prime256v1", "CN = stage.example"):
            self.assertIn(part, text)
        usual = psmoved("--state-dir", self.folder, "--make-certificate")
        self.assertEqual(usual.returncode, 0, usual.stderr)
        host = socket.gethostname().split(".")[0]
        for name in (f"{host}.local", "localhost", "127.0.0.1", "::1"):
            self.assertIn(f" {name}", usual.stdout)
        self.assertNotIn(shown, usual.stdout)
        self.assertEqual(psmoved("--make-certificate", "no name").returncode, 64)

    async def test_rest_the_stream_and_events_are_there(self):
        with self.start("--simulate", "zcm1") as daemon:
            daemon.wait_for(1)
            url = f"https://localhost:{daemon.port}"
            listed = json.loads(curl("--cacert", self.certificate, f"{url}/api/v1/controllers"))
            self.assertEqual([c["number"] for c in listed], [1])
            self.assertIn(f"wss://localhost:{daemon.port}/api/v1/stream", curl("--cacert", self.certificate, f"{url}/"))
            async with open_stream(daemon, "?controllers=1&fields=trigger") as stream:
                self.assertEqual((await stream.receive())["type"], "hello")
                seen = [(await stream.of_type("motion"))["samples"][-1]["sequence"] for _ in range(50)]
                self.assertEqual(seen, sorted(set(seen)))
                await stream.send({"type": "set", "id": "1", "controllers": ["1"], "led": {"color": "red"}})
                self.assertEqual((await stream.of_type("reply"))["to"], "1")
            connection = daemon.connect()
            connection.request("GET", "/api/v1/events?controllers=1&max_rate_hz=20")
            answer = connection.getresponse()
            self.assertEqual(answer.status, 200)
            until(lambda: answer.readline().startswith(b"event: motion"), "a motion event")
            connection.close()

    def test_pages_of_its_own_may_write_and_others_may_not(self):
        with self.start("--simulate", "zcm1") as daemon:
            daemon.wait_for(1)
            own = f"https://localhost:{daemon.port}"
            for origin, status in ((own, 200), (own.replace("https", "http"), 403), ("https://evil.example", 403)):
                answer = daemon.put("/api/v1/controllers/1/led", {"color": "red"}, headers={"Host": own[8:], "Origin": origin})
                self.assertEqual(answer.status, status, origin)

    def test_in_the_clear_the_answer_is_400_and_says_https(self):
        with self.start() as daemon:
            answer = daemon.raw(b"GET /api/v1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertTrue(answer.startswith(b"HTTP/1.1 400 "), answer)
            self.assertIn(b"https://", answer)
            self.assertIn(b"Connection: close", answer)

    def test_a_large_answer_comes_whole_to_a_slow_reader(self):
        with self.start() as daemon:
            expected = len(daemon.get("/api/v1/openapi.json").body)
            self.assertGreater(expected, 100_000)
            with self.connect(daemon) as connection:
                connection.sendall(b"GET /api/v1/openapi.json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" )
                received = b""
                while part := connection.recv(4096):
                    received += part
                    time.sleep(0.005)
                self.assertEqual(len(received.partition(b"\r\n\r\n")[2]), expected)

    def test_requests_in_a_row_share_a_connection(self):
        with self.start() as daemon:
            with self.connect(daemon) as connection:
                for _ in range(20):
                    connection.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n" * 5)
                    received = b""
                    while received.count(b"alive") < 5:
                        received += connection.recv(65536)

    def test_half_closed_clients_are_answered(self):
        with self.start() as daemon:
            for says_goodbye in (True, False):
                self.assertIn(b"alive", self.ask_and_half_close(daemon, says_goodbye), says_goodbye)

    def ask_and_half_close(self, daemon, says_goodbye):
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = daemon.tls.wrap_bio(incoming, outgoing, server_hostname="localhost")
        with socket.create_connection(("127.0.0.1", daemon.port), PATIENCE) as connection:
            while True:
                try:
                    tls.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    connection.sendall(outgoing.read())
                    incoming.write(connection.recv(65536))
            tls.write(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            if says_goodbye:
                with self.assertRaises(ssl.SSLWantReadError):
                    tls.unwrap()  # ours goes out; theirs comes behind the answer
            connection.sendall(outgoing.read())
            connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65536):
                incoming.write(part)
            received = b""
            incoming.write_eof()
            try:
                while part := tls.read(65536):  # without their goodbye, the end would be an SSLEOFError
                    received += part
            except ssl.SSLZeroReturnError:  # what it is called where we have said ours
                pass
            return received

    def test_its_end_is_clean(self):
        with self.start() as daemon:
            with self.connect(daemon) as connection:
                connection.suppress_ragged_eofs = False  # an end without close_notify would raise
                connection.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                received = b""
                while part := connection.recv(65536):
                    received += part
                self.assertIn(b"alive", received)

    def test_who_does_not_finish_the_handshake_is_cut_off_and_holds_nobody_up(self):
        with self.start() as daemon:
            silent = [socket.create_connection(("127.0.0.1", daemon.port), PATIENCE) for _ in range(20)]
            begun = socket.create_connection(("127.0.0.1", daemon.port), PATIENCE)
            begun.sendall(b"\x16\x03\x01\x02")
            started = time.monotonic()
            self.assertEqual(daemon.get("/livez").status, 200)
            self.assertLess(time.monotonic() - started, 2)
            for connection in (*silent, begun):
                try:
                    self.assertEqual(connection.recv(1), b"")
                except ConnectionResetError:
                    pass
                connection.close()
            self.assertLess(time.monotonic() - started, HANDSHAKE_DEADLINE + 3)

    def test_garbage_ends_the_connection_alone(self):
        with self.start() as daemon:
            for garbage in (b"\x16" * 4096, b"\x16\x03\x01\x00\x05hello", b"\x16\x03\x03\xff\xff" + os.urandom(5000), b"\x80\x2e\x01\x00\x02", b"\0" * 100):
                with socket.create_connection(("127.0.0.1", daemon.port), PATIENCE) as connection:
                    connection.sendall(garbage)
                    try:
                        connection.shutdown(socket.SHUT_WR)
                        while connection.recv(65536):
                            pass
                    except OSError:
                        pass
            with self.connect(daemon) as connection:
                os.write(connection.fileno(), b"not a record at all" * 100)
            self.assertEqual(daemon.get("/livez").status, 200)

    def test_connections_that_break_off_anywhere_leave_nothing(self):
        with self.start("--simulate", "2xzcm1") as daemon:
            daemon.wait_for(2)
            files = f"/proc/{daemon.process.pid}/fd"
            time.sleep(1)  # until those that waited have left
            calm = len(os.listdir(files))
            request = b"GET /api/v1/events?controllers=all HTTP/1.1\r\nHost: localhost\r\n\r\n"
            chance = random.Random(6683)
            for i in range(150):
                plain = socket.create_connection(("127.0.0.1", daemon.port), PATIENCE)
                if i % 2:  # a reset in place of an end
                    plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
                tls = daemon.tls.wrap_bio(incoming, outgoing, server_hostname="localhost")
                left = chance.choice((1, 100, 400, 700, 1000, 5000, 20000))  # bytes until it breaks off
                is_in = False
                while left > 0:
                    try:
                        if not is_in:
                            tls.do_handshake()
                            is_in = True
                            tls.write(request)
                        else:
                            tls.read(65536)
                    except ssl.SSLWantReadError:
                        pass
                    said = outgoing.read()[:left]
                    plain.sendall(said)
                    left -= len(said)
                    if left > 0:
                        heard = plain.recv(65536)
                        left -= len(heard)
                        incoming.write(heard)
                plain.close()
            until(lambda: len(os.listdir(files)) <= calm, "all closed")
            self.assertEqual(daemon.get("/livez").status, 200)

    def test_old_versions_are_refused(self):
        with self.start() as daemon:
            for version, is_taken in ((ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_3, True)):
                context = self.context()
                context.set_ciphers("DEFAULT@SECLEVEL=0")
                context.minimum_version = ssl.TLSVersion.TLSv1
                context.maximum_version = version
                with socket.create_connection(("127.0.0.1", daemon.port), PATIENCE) as plain:
                    if is_taken:
                        context.set_alpn_protocols(["h2", "http/1.1"])
                        with context.wrap_socket(plain, server_hostname="localhost") as encrypted:
                            self.assertEqual(encrypted.selected_alpn_protocol(), "http/1.1")
                    else:
                        with self.assertRaises(OSError):
                            context.wrap_socket(plain, server_hostname="localhost")

    def test_readers_that_stall_are_bounded_and_closed(self):
        with self.start("--simulate", "7xzcm1") as daemon:
            daemon.wait_for(7)
            before = resident_bytes(daemon)
            files = f"/proc/{daemon.process.pid}/fd"
            time.sleep(1)  # until those that waited have left
            calm = len(os.listdir(files))
            stalled = []
            for _ in range(8):
                connection = socket.socket()
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                connection.settimeout(PATIENCE)
                connection.connect(("127.0.0.1", daemon.port))
                encrypted = daemon.tls.wrap_socket(connection, server_hostname="localhost")
                encrypted.sendall(b"GET /api/v1/events?controllers=all HTTP/1.1\r\nHost: localhost\r\n\r\n")
                stalled.append(encrypted)
            until(lambda: len(os.listdir(files)) >= calm + 3 * len(stalled), "three descriptors each")
            time.sleep(4)
            self.assertLess(resident_bytes(daemon) - before, 16 * 1024 * 1024)
            until(lambda: len(os.listdir(files)) <= calm, "all closed", patience=40)
            self.assertEqual(daemon.get("/livez").status, 200)
            for connection in stalled:
                connection.close()

    def test_encrypted_connections_count_like_others(self):
        settings = 'tls = "all"\ntls_certificate = "self-signed"\nmax_connections = 4\n'
        with self.start(settings=settings) as daemon:
            held = [self.connect(daemon) for _ in range(4)]
            answer = daemon.get("/api/v1")
            self.assertEqual((answer.status, answer.json["code"]), (503, "overloaded"))
            for connection in held:
                connection.close()
            until(lambda: daemon.get("/api/v1").status == 200, "room again")

    async def test_a_stop_says_goodbye(self):
        with self.start() as daemon:
            async with open_stream(daemon) as stream:
                await stream.of_type("hello")
                idle = self.connect(daemon)
                started = time.monotonic()
                daemon.process.terminate()
                with self.assertRaises(websockets.ConnectionClosed) as closed:
                    while True:
                        await stream.receive()
                self.assertEqual(closed.exception.rcvd.code, 1001)
                daemon.process.wait(5)
                self.assertLess(time.monotonic() - started, 2)
                idle.close()

    def test_certificates_that_cannot_be_used_stop_the_start_with_a_sentence(self):
        self.make_certificate()
        other = tempfile.TemporaryDirectory()
        self.addCleanup(other.cleanup)
        self.assertEqual(psmoved("--state-dir", other.name, "--make-certificate", "other.example").returncode, 0)
        junk = os.path.join(other.name, "junk.pem")
        with open(junk, "w") as file:
            file.write("junk\n")
        secret = os.path.join(other.name, "secret.pem")
        subprocess.run(["openssl", "pkey", "-in", self.key, "-aes128", "-passout", "pass:x", "-out", secret], check=True)
        for certificate, key, said in ((self.certificate, os.path.join(other.name, "key.pem"), "the key of another certificate"),
                                       (junk, self.key, "no certificate in PEM"), (self.certificate, junk, "no key in PEM"),
                                       (self.certificate, secret, "passphrase"), ("/nowhere.pem", self.key, "cannot read /nowhere.pem"),
                                       (self.certificate, "", "tls_key is missing"), ("", self.key, "tls_certificate is missing"),
                                       ("self-signed", self.key, "leave it out"), ("self-signed", "", "--make-certificate"),
                                       ("", "", "tls is set and there is no certificate")):
            config = os.path.join(self.folder, "wrong.toml")
            with open(config, "w") as file:
                file.write(f'tls = "beyond-loopback"\ntls_certificate = "{certificate}"\ntls_key = "{key}"\n')
            for more in ((), ("--check-config",)):
                code, text = run_to_end("--config", config, "--port", "0", *more)
                self.assertEqual((code, said in text, text.count("\n")), (78, True, 1), text)

    def test_certificates_come_from_the_services_credentials_too(self):
        self.make_certificate()
        with tempfile.TemporaryDirectory() as credentials:
            for name, path in (("psmoved-certificate", self.certificate), ("psmoved-key", self.key)):
                os.link(path, os.path.join(credentials, name))
            config = os.path.join(self.folder, "psmoved.toml")
            with open(config, "w") as file:
                file.write('tls = "all"\n')
            with Daemon("--config", config, environment={"CREDENTIALS_DIRECTORY": credentials}) as daemon:
                daemon.tls = self.context()
                self.assertEqual(daemon.get("/livez").status, 200)

    def test_psmovectl_knows_whom_to_believe(self):
        fingerprint = self.make_certificate("localhost")
        with self.start("--simulate", "zcm1") as daemon:
            daemon.host = "localhost"
            daemon.wait_for(1)
            url = f"https://localhost:{daemon.port}"
            for known in (("--cacert", self.certificate), ("--fingerprint", fingerprint), ("--fingerprint", fingerprint.replace(":", "").lower())):
                for command in (("list",), ("led", "1", "red"), ("status",)):
                    done = psmovectl(url, *known, *command)
                    self.assertEqual(done.returncode, 0, (known, command, done.stderr))
                with subprocess.Popen([os.path.join(BIN, "psmovectl"), "--url", url, *known, "watch", "--json"],
                                      stdout=subprocess.PIPE, text=True) as watch:
                    lines = [watch.stdout.readline() for _ in range(20)]
                    self.assertIn("hello", lines[0])
                    watch.terminate()
            for command in (("list",), ("watch", "--json")):
                for where, known, said in ((url, (), fingerprint), (url, ("--fingerprint", "AB" * 32), "another certificate"),
                                           (f"https://127.0.0.1:{daemon.port}", ("--cacert", self.certificate), "is not for 127.0.0.1"),
                                           (url, ("--cacert", "/nowhere.pem"), "--cacert"),
                                           (f"http://localhost:{daemon.port}", (), "https://")):
                    done = psmovectl(where, *known, *command)
                    self.assertNotEqual(done.returncode, 0)
                    self.assertIn(said, done.stderr, (where, known, command))
        with Daemon() as daemon:
            done = psmovectl(f"https://localhost:{daemon.port}", "list")
            self.assertEqual((done.returncode, "does not speak TLS" in done.stderr), (3, True), done.stderr)

    @unittest.skipUnless(ADDRESS, NO_NETWORK)
    def test_beyond_loopback_everybody_speaks_tls_and_here_nobody_has_to(self):
        fingerprint = self.make_certificate(ADDRESS)
        token = psmoved("--state-dir", self.folder, "--create-token", "phone").stdout.strip()
        with self.start("--bind", "0.0.0.0", settings='tls_certificate = "self-signed"\n') as daemon:
            bearer = {"Authorization": f"Bearer {token}"}
            context, daemon.tls = daemon.tls, None
            self.assertEqual(daemon.get("/api/v1").status, 200)
            here = ("--fingerprint", fingerprint, "list")
            self.assertEqual(psmovectl(f"https://localhost:{daemon.port}", *here).returncode, 0)  # and who wants to may
            daemon.host = ADDRESS
            self.assertEqual(daemon.get("/api/v1", headers=bearer).status, 400)
            daemon.tls = context
            self.assertEqual(daemon.get("/api/v1", headers=bearer).status, 200)
            self.assertEqual(daemon.get("/api/v1").json["code"], "token_required")  # the address came through the relay
            held = []
            for _ in range(64):
                connection = daemon.connect()
                connection.request("GET", "/livez")
                held.append(connection)
            self.assertEqual({connection.getresponse().status for connection in held}, {200})
            self.assertEqual(daemon.get("/api/v1", headers=bearer).status, 503)
            for connection in held:
                connection.close()


if __name__ == "__main__":
    main()
