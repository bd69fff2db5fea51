"""What a program or a page gets that reads Server-Sent Events: curl, raw bytes, and a browser where there is one."""

import http.client
import http.server
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from harness import PATIENCE, Daemon, main, recording, until


class Events:
    """Reads events off a connection that stays open, by the rules that browsers have."""

    def __init__(self, daemon, query="", headers=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=PATIENCE)
        target = "/api/v1/events" + query
        self.connection.request("GET", target, headers=headers or {})
        self.answer = self.connection.getresponse()
        recording.exchange("GET", target, headers or {}, None, self.answer.status, self.answer.headers, None)
        self.said = recording.conversation(query or "?topics=motion,button,controller")
        self.comments, self.last_id = [], None

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.answer.close()
        self.connection.close()

    def receive(self):
        """The next event: its type and its message. None at the end."""
        kind, data = None, None
        while line := self.answer.readline().decode():
            name, _, value = line.rstrip("\n").partition(": ")
            if line == "\n" and data is not None:
                self.said.append(("in", data))
                return kind, json.loads(data)
            if name == "event":
                kind = value
            elif name == "data":
                data = value
            elif name == "id":
                self.last_id = value
            elif line.startswith(": "):
                self.comments.append(value)
        return None

    def of_type(self, wanted):
        while event := self.receive():
            if event[0] == wanted:
                return event[1]
        raise AssertionError(f"it ended before {wanted} came")


class EventsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon("--simulate", "zcm1:motion=wave:name=left,zcm1:name=right")
        cls.daemon.wait_for(2)

    @classmethod
    def tearDownClass(cls):
        cls.daemon.__exit__(None, None, None)

    def test_curl_shows_it(self):
        done = subprocess.run(["curl", "-sSN", "--max-time", "2", self.daemon.url("/api/v1/events?controllers=1&fields=orientation")],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 28, "the time was up, nothing else")
        self.assertTrue(done.stdout.startswith("retry: 1000\n\nevent: hello\ndata: {"), done.stdout[:200])
        self.assertGreater(done.stdout.count("\nevent: motion\n"), 50)

    def test_events_are_the_messages_of_the_stream(self):
        with Events(self.daemon, "?topics=motion,button&controllers=2") as events:
            self.assertEqual(events.answer.headers["Content-Type"], "text/event-stream")
            self.assertEqual(events.answer.headers["Cache-Control"], "no-store")
            self.assertEqual([events.receive()[0] for _ in range(3)], ["hello", "subscribed", "snapshot"])
            self.assertEqual(events.of_type("motion")["type"], "motion")
            self.daemon.patch("/api/v1/controllers/2/simulation", {"buttons": ["cross"]})
            self.assertEqual(events.of_type("button")["button"], "cross")
            self.daemon.patch("/api/v1/controllers/2/simulation", {"buttons": []})

    def test_last_event_id_resumes_every_controller_without_a_gap(self):
        last = {}

        def read(events, messages):
            for _ in range(messages):
                message = events.of_type("motion")
                self.assertEqual(message["dropped"], 0)
                for sample in message["samples"]:
                    before = last.get(message["controller"])
                    if before is not None:
                        self.assertEqual(sample["sequence"], before + 1)
                    last[message["controller"]] = sample["sequence"]

        with Events(self.daemon, "?topics=motion&fields=") as events:
            read(events, 20)
            position = events.last_id
        self.assertEqual(position.count(","), 1)
        time.sleep(0.5)
        with Events(self.daemon, "?topics=motion&fields=", {"Last-Event-ID": position}) as events:
            read(events, 60)

    def test_an_id_that_makes_no_sense_is_ignored(self):
        for position in ("x", "48213", "\u00e4", "0006f7000001:1:2"):
            with Events(self.daemon, "?topics=motion", {"Last-Event-ID": position.encode("latin-1")}) as events:
                self.assertEqual(events.answer.status, 200)

    def test_a_query_that_makes_no_sense_is_refused_as_the_streams_is(self):
        for query, status in (("colour=red", 422), ("max_rate_hz=0", 422), ("policy=window", 422), ("controllers=9", 404), ("topics=smell", 422),
                              ("topics=motion&topics=button", 400), ("fields=%zz", 400), ("since=x", 422)):
            self.assertEqual(self.daemon.get(f"/api/v1/events?{query}").status, status, query)

    def test_accept_decides(self):
        for accept, status in (("application/json", 406), ("text/event-stream;q=0", 406), ("text/*", 200), ("text/event-stream", 200)):
            self.assertEqual(self.daemon.request("HEAD", "/api/v1/events", headers={"Accept": accept}).status, status, accept)

    def test_methods(self):
        head = self.daemon.request("HEAD", "/api/v1/events?max_rate_hz=5")
        self.assertEqual((head.status, head.body, head.headers["Content-Length"]), (200, b"", None))
        self.assertEqual(self.daemon.request("HEAD", "/api/v1/events?max_rate_hz=0").status, 422)
        self.assertEqual(self.daemon.request("OPTIONS", "/api/v1/events").headers["Allow"], "GET, HEAD, OPTIONS")
        self.assertEqual(self.daemon.request("DELETE", "/api/v1/events").status, 405)
        self.assertEqual(self.daemon.request("GET", "/api/v1/events", body="x", content_type="text/plain").status, 400)

    def test_an_old_client_of_http_1_0_reads_it(self):
        with socket.create_connection(("127.0.0.1", self.daemon.relayed_port()), PATIENCE) as connection:
            connection.sendall(b"GET /api/v1/events HTTP/1.0\r\n\r\n")
            seen = b""
            while b"\nevent: motion\n" not in seen:
                seen += connection.recv(4096)
        self.assertTrue(seen.startswith(b"HTTP/1.1 200 OK\r\n"))

    def test_a_reader_that_does_not_read_costs_itself_only(self):
        with socket.create_connection(("127.0.0.1", self.daemon.port), PATIENCE) as stalled:
            stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            stalled.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            start = time.monotonic()
            with Events(self.daemon, "?topics=motion&controllers=1") as events:
                while time.monotonic() - start < 3:
                    self.assertEqual(events.of_type("motion")["dropped"], 0)
            stalled.settimeout(PATIENCE)
            end = time.monotonic() + 25
            while True:  # what was under way, and then the end
                self.assertLess(time.monotonic(), end, "it is still served")
                time.sleep(11)
                try:
                    while stalled.recv(65536):
                        pass
                    break
                except ConnectionResetError:
                    break


class EndTest(unittest.TestCase):
    def test_it_ends_cleanly_when_the_daemon_stops(self):
        daemon = Daemon("--simulate", "zcm1")
        with Events(daemon, "?topics=battery") as events:
            events.of_type("snapshot")
            daemon.process.send_signal(signal.SIGTERM)
            self.assertIsNone(events.receive())
            self.assertEqual(events.comments, ["psmoved is stopping"])
        daemon.process.wait(10)  # a second signal would hurry it
        daemon.__exit__(None, None, None)


PAGE = """<!doctype html><script>
const seen = {types: {}, ids: 0, opened: 0}
const events = new EventSource('@URL@/api/v1/events?topics=motion,button&max_rate_hz=50&policy=window')
const report = () => fetch('/seen', {method: 'POST', body: JSON.stringify(seen)})
events.onopen = () => { seen.opened += 1 }
for (const type of ['hello', 'subscribed', 'snapshot', 'motion'])
  events.addEventListener(type, event => {
    const message = JSON.parse(event.data)
    if (message.type !== type) throw new Error(type)
    seen.types[type] = (seen.types[type] || 0) + 1
    if (event.lastEventId) seen.ids += 1
    if (seen.types.motion === 20) report()
  })
</script>"""


@unittest.skipUnless(shutil.which("chromium"), "there is no chromium")
class BrowserTest(unittest.TestCase):
    def test_a_page_of_an_allowed_origin_reads_it_with_event_source(self):
        reports = []

        class Site(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(PAGE.replace("@URL@", daemon.url("")).encode())

            def do_POST(self):
                reports.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site) as site, tempfile.TemporaryDirectory() as folder:
            origin = f"http://127.0.0.1:{site.server_port}"
            config = os.path.join(folder, "psmoved.toml")
            with open(config, "w", encoding="utf-8") as file:
                file.write(f'origins = ["{origin}"]\n')
            threading.Thread(target=site.serve_forever, daemon=True).start()
            with Daemon("--config", config, "--simulate", "zcm1:motion=wave") as daemon:
                browser = subprocess.Popen(
                    ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", f"--user-data-dir={folder}/profile", origin],
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
                try:
                    until(lambda: reports, "the page saw motion", 90)
                finally:
                    os.killpg(browser.pid, signal.SIGKILL)
                    browser.wait()
            site.shutdown()
        seen = reports[0]
        self.assertEqual(seen["opened"], 1)
        self.assertGreaterEqual(seen["types"]["motion"], 20)
        self.assertGreaterEqual(seen["ids"], 20)
        self.assertEqual([seen["types"][name] for name in ("hello", "subscribed", "snapshot")], [1, 1, 1])


if __name__ == "__main__":
    main()
