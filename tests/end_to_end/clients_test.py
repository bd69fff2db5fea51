"""The stream with WebSocket clients that have nothing to do with each other, nor with us: Debian's websockets for Python, `ws` of npm,
and a browser. What is not on this machine is skipped, and says so."""

import functools
import http.server
import json
import os
import queue
import shutil
import signal
import subprocess
import tempfile
import threading
import unittest
import urllib.parse

from harness import PATIENCE, Daemon, main, open_stream

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "clients")
MODULES = os.path.join(HERE, "..", "..", "contract")  # whose lock file has ws
HAS_WS = shutil.which("node") and os.path.exists(os.path.join(MODULES, "node_modules", "ws", "package.json"))
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Page(http.server.SimpleHTTPRequestHandler):
    """Serves the page, and takes what it saw."""

    extensions_map = {**http.server.SimpleHTTPRequestHandler.extensions_map, ".mjs": "text/javascript"}

    def do_POST(self):
        self.server.saw.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


class PageServer:
    def __enter__(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Page, directory=HERE))
        self.server.saw = queue.Queue()
        self.origin = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Clients(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.config = tempfile.NamedTemporaryFile("w", suffix=".toml")
        self.addCleanup(self.config.close)

    def start(self, origins=()):
        self.config.write(f"origins = {json.dumps(list(origins))}\n")
        self.config.flush()
        daemon = Daemon("--simulate", "zcm1", "--config", self.config.name)
        self.addCleanup(daemon.__exit__, None, None, None)
        daemon.wait_for(1)
        return daemon

    def url(self, daemon):
        return f"ws://127.0.0.1:{daemon.relayed_port()}/api/v1/stream"

    def judge(self, saw, daemon):
        self.assertNotIn("error", saw)
        self.assertEqual(saw["protocol"], "psmoved.v1+json")
        self.assertEqual(saw["messages"][:3], ["hello", "subscribed", "motion"])
        self.assertEqual(saw["id"], "größer 🎮")
        self.assertGreaterEqual(saw["samples"], 100)
        self.assertEqual((saw["gaps"], saw["reply"], saw["pong"]), (0, "7", 12.5))
        self.assertEqual((saw["code"], saw["wasClean"]), (1000, True))

    async def test_websockets_of_python(self):
        daemon = self.start()
        async with open_stream(daemon, subprotocols=["nobody.v1", "psmoved.v1+json"]) as stream:
            self.assertEqual((await stream.receive())["type"], "hello")
            answer = await stream.subscribe(id="größer 🎮", controllers=["1"], topics=["motion"], fields=["trigger"], snapshot=False)
            saw = {"protocol": stream.socket.subprotocol, "messages": ["hello", "subscribed", "motion"], "id": answer["id"],
                   "samples": 0, "gaps": 0}
            last = None
            while saw["samples"] < 100:
                for sample in (await stream.of_type("motion"))["samples"]:
                    saw["gaps"] += last is not None and sample["sequence"] != last + 1
                    saw["samples"] += 1
                    last = sample["sequence"]
            await stream.send({"type": "set", "id": "7", "controllers": ["1"], "led": {"color": "#010203"}})
            saw["reply"] = (await stream.of_type("reply"))["to"]
            await stream.send({"type": "ping", "t": 12.5})
            saw["pong"] = (await stream.of_type("pong"))["t"]
            # The library's own ping, which scripts in a browser cannot send, is answered too.
            await (await stream.socket.ping(b"are you there?"))
            await stream.socket.close(1000, "done")
            saw["code"], saw["wasClean"] = stream.socket.close_code, True
        self.judge(saw, daemon)

    @unittest.skipUnless(HAS_WS, "no node, or its packages are not installed (npm ci --prefix tests/contract, or ./dev test)")
    def test_ws_of_npm(self):
        daemon = self.start()
        done = subprocess.run(["node", os.path.join(HERE, "node.mjs"), MODULES, self.url(daemon)], capture_output=True, text=True,
                              timeout=2 * PATIENCE)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.judge(json.loads(done.stdout), daemon)

    def browse(self, page, daemon):
        """What the page saw in a browser of its own."""
        query = urllib.parse.urlencode({"url": self.url(daemon)})
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
            browser = subprocess.Popen(
                # Its sandbox needs rights that a container may not have; the page is ours.
                [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                 "--disable-background-networking", f"--user-data-dir={profile}", f"{page.origin}/browser.html?{query}"],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
            try:
                return page.server.saw.get(timeout=3 * PATIENCE)
            finally:
                os.killpg(browser.pid, signal.SIGKILL)
                browser.wait()

    @unittest.skipUnless(BROWSER, "no chromium here (apt-get install chromium)")
    def test_a_browser(self):
        with PageServer() as page:
            daemon = self.start(origins=[page.origin])
            self.judge(self.browse(page, daemon), daemon)

    @unittest.skipUnless(BROWSER, "no chromium here (apt-get install chromium)")
    def test_a_page_of_a_foreign_origin_gets_nothing(self):
        with PageServer() as page:
            saw = self.browse(page, self.start())
            self.assertEqual((saw["messages"], saw["failed"], saw["code"]), ([], True, 1006))


if __name__ == "__main__":
    main()
