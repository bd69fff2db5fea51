"""The page /docs in a browser that reaches nothing but this machine: it shows every operation, asks nobody else for anything, and its forms
talk to the daemon that serves it."""

import asyncio
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import unittest
import urllib.request

import websockets

from harness import PATIENCE, Daemon, contract, main, until

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Page:
    """A page of Chromium, by its own protocol: https://chromedevtools.github.io/devtools-protocol/"""

    def __init__(self, socket):
        self.socket, self.number, self.answers = socket, 0, {}
        self.requested, self.complaints = [], []
        self.is_loaded = asyncio.Event()
        self.reader = asyncio.ensure_future(self._read())

    async def _read(self):
        async for text in self.socket:
            message = json.loads(text)
            about = message.get("params", {})
            if "id" in message:
                self.answers.pop(message["id"]).set_result(message)
            elif message["method"] == "Page.loadEventFired":
                self.is_loaded.set()
            elif message["method"] == "Network.requestWillBeSent":
                self.requested.append(about["request"]["url"])
            elif message["method"] == "Network.webSocketCreated":
                self.requested.append(about["url"])
            elif message["method"] == "Runtime.exceptionThrown":
                self.complaints.append(about["exceptionDetails"]["text"])
            elif message["method"] == "Log.entryAdded" and about["entry"]["level"] == "error":
                self.complaints.append(about["entry"]["text"])

    async def command(self, method, **parameters):
        self.number += 1
        answer = self.answers[self.number] = asyncio.get_running_loop().create_future()
        await self.socket.send(json.dumps({"id": self.number, "method": method, "params": parameters}))
        message = await asyncio.wait_for(answer, PATIENCE)
        if "error" in message:
            raise AssertionError(message["error"])
        return message["result"]

    async def value(self, expression):
        result = await self.command("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in result:
            raise AssertionError(result["exceptionDetails"])
        return result["result"].get("value")

    async def value_that(self, wanted, expression):
        for _ in range(PATIENCE * 20):
            value = await self.value(expression)
            if wanted(value):
                return value
            await asyncio.sleep(0.05)
        raise AssertionError(f"{expression} stayed {value!r}")


@contextlib.asynccontextmanager
async def page():
    """An empty one, in a browser of its own."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = subprocess.Popen(
            # Its sandbox needs rights that a container may not have; the page is ours.
            [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
             "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--remote-debugging-port=0", f"--user-data-dir={profile}", "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            where = pathlib.Path(profile, "DevToolsActivePort")
            port = until(lambda: where.exists() and where.read_text().partition("\n")[0], "the browser is there", 2 * PATIENCE)

            def first():
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=PATIENCE) as answer:
                    return next((one for one in json.load(answer) if one["type"] == "page"), None)

            async with websockets.connect(until(first, "a page")["webSocketDebuggerUrl"], max_size=None) as socket:
                one = Page(socket)
                for domain in ("Page", "Network", "Runtime", "Log"):
                    await one.command(f"{domain}.enable")
                yield one
                one.reader.cancel()
        finally:
            os.killpg(browser.pid, signal.SIGKILL)
            browser.wait()


@unittest.skipUnless(BROWSER, "no chromium here (apt-get install chromium)")
class DocsTest(unittest.IsolatedAsyncioTestCase):
    async def test_it_shows_all_asks_nobody_else_and_its_forms_work(self):
        with Daemon("--simulate", "zcm1:name=left") as daemon:
            daemon.wait_for(1)
            async with page() as docs:
                await docs.command("Page.navigate", url=daemon.url("/docs"))
                await asyncio.wait_for(docs.is_loaded.wait(), 2 * PATIENCE)
                await self.shows_every_operation(docs)
                await self.sends_a_request(docs)
                await self.opens_the_stream(docs)
                self.assertEqual({url for url in docs.requested if f"//127.0.0.1:{daemon.relayed_port()}/" not in url}, set())
                self.assertEqual(docs.complaints, [])

    async def shows_every_operation(self, docs):
        rest, stream = contract.load()
        described = {f"{method.upper()} {path}" for path, methods in rest.paths.items() for method in methods}
        text = await docs.value("document.body.innerText")
        for operation in described:
            self.assertIn(operation.partition(" ")[2], text)
        forms = set(await docs.value("[...document.querySelectorAll('form[data-path]')].map(one => one.dataset.method + ' ' + one.dataset.path)"))
        self.assertEqual(described - forms, {"GET /api/v1/stream"})
        for kind in stream.payloads:
            self.assertIn(kind, text)
        # Rendered, with its own style, which its policy lets in.
        self.assertTrue(await docs.value("[...document.querySelectorAll('section.operation')].every(one => one.offsetHeight > 0)"))
        self.assertGreater(await docs.value("document.styleSheets[0].cssRules.length"), 10)

    async def sends_a_request(self, docs):
        form = "document.querySelector('form[data-method=GET][data-path=\"/api/v1/controllers\"]')"
        await docs.value(f"{form}.closest('details').open = true; {form}.querySelector('button[type=submit]').click()")
        shown = await docs.value_that(lambda text: "left" in text, f"{form}.querySelector('output').textContent")
        self.assertTrue(shown.startswith("GET /api/v1/controllers\n200 "), shown[:200])

    async def opens_the_stream(self, docs):
        await docs.value("document.getElementById('stream-connect').click()")
        await docs.value_that(lambda text: '"hello"' in text, "document.getElementById('stream-log').textContent")


if __name__ == "__main__":
    main()
