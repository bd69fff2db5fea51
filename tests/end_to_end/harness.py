"""Starts the real daemon for a test and talks to it. Python's standard library, and the websockets package as a
WebSocket client that is not ours."""

import asyncio
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

import websockets

BIN = os.environ["PSMOVED_BIN"]  # the folder with psmoved and psmovectl
PATIENCE = 30  # seconds until a condition that must come true counts as failed


def until(condition, what="the condition", patience=PATIENCE):
    """Waits until condition() is true and returns its value."""
    end = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come true within {patience} s")
        time.sleep(0.02)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.body[:300]!r}"


class Daemon:
    """psmoved on a free port with a state directory of its own."""

    def __init__(self, *options, state=None, port=0, environment=None, pass_fds=(), preexec=None):
        self.own_state = state is None
        self.state = state or tempfile.mkdtemp(prefix="psmoved-")
        self.lines = []
        command = [os.path.join(BIN, "psmoved"), "--no-hardware", "--state-dir", self.state]
        if port is not None:
            command += ["--port", str(port)]
        self.process = subprocess.Popen(
            [*command, *options], stderr=subprocess.PIPE, text=True, pass_fds=pass_fds, preexec_fn=preexec,
            env={**os.environ, **(environment or {})})
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        until(lambda: self._listening() or self.process.poll() is not None, "listening")
        if self.process.poll() is not None:
            raise AssertionError(f"psmoved ended with {self.process.returncode}: {self.log()}")

    def _read(self):
        for line in self.process.stderr:
            self.lines.append(line)

    def log(self):
        return "".join(self.lines)

    def _listening(self):
        match = re.search(r"listening http://[0-9.]+:(\d+)", self.log())
        if match:
            self.port = int(match.group(1))
        return match or "listening sockets from systemd" in self.log()

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def request(self, method, path, body=None, headers=None, content_type=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        headers = dict(headers or {})
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            content_type = content_type or "application/json"
        if body is not None and content_type:
            headers["Content-Type"] = content_type
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def put(self, path, body, **more):
        return self.request("PUT", path, body, **more)

    def patch(self, path, body, **more):
        return self.request("PATCH", path, body, **more)

    def form(self, method, path, text):
        return self.request(method, path, text, content_type="application/x-www-form-urlencoded")

    def raw(self, data, timeout=PATIENCE):
        """Sends these bytes and returns all that comes back until the daemon closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout) as connection:
            connection.sendall(data)
            parts = []
            while True:
                try:
                    part = connection.recv(65536)
                except ConnectionResetError:
                    break
                if not part:
                    break
                parts.append(part)
            return b"".join(parts)

    def wait_for(self, count):
        """Waits until so many controllers stream; returns the list."""
        def all_stream():
            answer = self.get("/api/v1/controllers").json
            return answer if sum(c["status"] == "streaming" for c in answer) >= count else None
        return until(all_stream, f"{count} controllers stream")

    def shows(self, controller):
        """What the emulated device displays now: red, green, blue, rumble."""
        shows = self.get(f"/api/v1/controllers/{controller}/simulation").json["shows"]
        return {**shows["led"], "rumble": shows["rumble"]["value"]}

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        self.reader.join(5)
        self.process.stderr.close()
        return self.process.returncode

    def __enter__(self):
        return self

    def __exit__(self, *error):
        code = self.stop() if self.process.poll() is None else self.process.returncode
        if self.own_state:
            shutil.rmtree(self.state, ignore_errors=True)
        if error[0] is None and code not in (0, -signal.SIGKILL):
            raise AssertionError(f"psmoved ended with {code}: {self.log()}")


class Stream:
    """A WebSocket client with a time limit on every receive."""

    def __init__(self, socket_):
        self.socket = socket_

    async def receive(self):
        return json.loads(await asyncio.wait_for(self.socket.recv(), PATIENCE))

    async def receive_until(self, wanted, limit=5000):
        """Receives until wanted(message); returns it, with all before it in .skipped."""
        self.skipped = []
        for _ in range(limit):
            message = await self.receive()
            if wanted(message):
                return message
            self.skipped.append(message)
        raise AssertionError(f"not within {limit} messages; the last was {self.skipped[-1]}")

    async def of_type(self, kind):
        return await self.receive_until(lambda m: m["type"] == kind)

    async def send(self, message):
        await self.socket.send(message if isinstance(message, (str, bytes)) else json.dumps(message))

    async def subscribe(self, **what):
        await self.send({"type": "subscribe", **what})
        return await self.of_type("subscribed")


class open_stream:
    """async with open_stream(daemon, "?controllers=1") as stream: ..."""

    def __init__(self, daemon, query="", **options):
        self.connection = websockets.connect(
            f"ws://127.0.0.1:{daemon.port}/api/v1/stream{query}", open_timeout=PATIENCE, **options)

    async def __aenter__(self):
        return Stream(await self.connection.__aenter__())

    async def __aexit__(self, *error):
        await self.connection.__aexit__(*error)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run_to_end(*options, environment=None):
    """psmoved that is expected to stop by itself: exit code and what it printed."""
    with tempfile.TemporaryDirectory() as state:
        done = subprocess.run([os.path.join(BIN, "psmoved"), "--no-hardware", "--state-dir", state, *options],
                              capture_output=True, text=True, timeout=PATIENCE, env={**os.environ, **(environment or {})})
    return done.returncode, done.stdout + done.stderr


def main():
    unittest.main(verbosity=2)
