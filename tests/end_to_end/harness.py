"""Starts the real daemon for a test and talks to it. Python's standard library, and the websockets package as a
WebSocket client that is not ours. All that is said on the way is recorded, and judged by the contract at the end: what these functions say,
and what other programs say through the daemon's relay."""

import asyncio
import http.client
import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse

import websockets

import cbor
import relay

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "contract"))
import contract  # noqa: E402

BIN = os.environ["PSMOVED_BIN"]  # the folder with psmoved and psmovectl
NOBODY = pwd.getpwnam("nobody")
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


class Recording:
    """What went over the wire: exchanges of HTTP, answers to bytes that were no clean request, and conversations."""

    def __init__(self):
        self.exchanges, self.loose, self.conversations, self.faults_of_framing = [], [], [], []

    def exchange(self, method, target, headers, body, status, answer_headers, answer_body):
        self.exchanges.append((method, target, dict(headers), body, status, dict(answer_headers), answer_body))

    def conversation(self, query):
        said = []
        self.conversations.append((query, said))
        return said

    def faults(self, rest, stream):
        """What the contract has against it."""
        yield from self.faults_of_framing
        for method, target, headers, body, *answer in self.exchanges:
            for fault in rest.exchange_faults(method, target, headers, body, *answer):
                yield f"{method} {target[:200]} {body!r:.200} -> {answer[0]}: {fault}"
        for answer in self.loose:
            for fault in rest.loose_faults(contract.Answer(*answer)):
                yield f"{answer[0]} {answer[2] and answer[2][:200]}: {fault}"
        for query, said in self.conversations:
            yield from stream.conversation_faults(query, said)

    def seen(self, rest, stream):
        """What of the contract came by: operations with the classes of their answers, and types of good messages, both ways."""
        operations, messages = set(), {"in": set(), "out": set()}
        for method, target, _, _, status, *_ in self.exchanges:
            template, methods = rest.find(target.partition("?")[0])
            if method.lower() in methods:
                operations.add(f"{method} {template} {status // 100}xx")
        for _, said in self.conversations:
            for direction, text in said:
                if direction == "in":
                    faults, message = stream.message_faults(text)
                    kind = message and message["type"]
                elif direction == "out":
                    faults, kind = stream.request_faults(text)
                else:
                    continue
                if not faults:
                    messages[direction].add(kind)
        return {"operations": sorted(operations), "received": sorted(messages["in"]), "sent": sorted(messages["out"])}

    def __str__(self):
        messages = sum(len(said) for _, said in self.conversations)
        return f"{len(self.exchanges)} exchanges, {len(self.loose)} answers to broken requests, {messages} messages"


recording = Recording()
relays = []


def relay_to(target, *address):
    """A relay whose conversations are recorded. See relay.Relay."""
    relays.append(relay.Relay(target, *address))
    return relays[-1]


def run_as_nobody(name, *arguments):
    """Runs one of our programs as a user who may do next to nothing, for which this one has to be root. It is a copy that runs: the build
    may lie where its owner alone may look."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        program = shutil.copy(os.path.join(BIN, name), folder)
        return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=PATIENCE, cwd="/", user=NOBODY.pw_uid,
                              group=NOBODY.pw_gid, extra_groups=[], env={**os.environ, "HOME": "/nonexistent"})


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.body[:300]!r}"


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Daemon:
    """psmoved on a free port with a state directory of its own."""

    tls = None  # an ssl.SSLContext, where it is to be asked over TLS
    socket = None  # the path of a Unix socket, where it is to be asked over that

    def __init__(self, *options, state=None, port=0, environment=None, pass_fds=(), preexec=None, hardware=False):
        self.host = "127.0.0.1"  # where its clients reach it
        self.own_state = state is None
        self.relays = {}
        self.state = state or tempfile.mkdtemp(prefix="psmoved-")
        self.lines = []
        command = [os.path.join(BIN, "psmoved"), *([] if hardware else ["--no-hardware"]), "--state-dir", self.state]
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
        match = re.search(r"listening .*https?://[0-9.]+:(\d+)", self.log())
        if match:
            self.port = int(match.group(1))
        return match or "listening unix:" in self.log() or "listening sockets from systemd" in self.log()

    def relayed_port(self, host="127.0.0.1"):
        """A port of that address at which everything is recorded: for clients that do not record themselves. Another one's address is as it
        would be without."""
        if host not in self.relays:
            self.relays[host] = relay_to((host, self.port), (host, 0))
        return self.relays[host].port

    def relayed_socket(self):
        """The same for the Unix socket. Whoever asks there is this process for the daemon."""
        if self.socket not in self.relays:
            self.relays[self.socket] = relay_to(self.socket, os.path.join(self.state, "relay"))
        return os.path.join(self.state, "relay")

    def url(self, path):
        """Of the relay."""
        return f"http://127.0.0.1:{self.relayed_port()}{path}"

    def connect(self):
        if self.socket:
            return UnixConnection(self.socket, PATIENCE)
        if self.tls:
            return http.client.HTTPSConnection(self.host, self.port, timeout=PATIENCE, context=self.tls)
        return http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE)

    def request(self, method, path, body=None, headers=None, content_type=None):
        connection = self.connect()
        headers = dict(headers or {})
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            content_type = content_type or "application/json"
        if body is not None and content_type:
            headers["Content-Type"] = content_type
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            answer = Answer(response.status, response.headers, response.read())
            recording.exchange(method, path, headers, body, answer.status, answer.headers, answer.body)
            return answer
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
            relay.read([("out", data), ("in", b"".join(parts))], recording)
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

    def __init__(self, socket_, query):
        self.socket, self.said = socket_, recording.conversation(query)
        self.speaks_cbor = socket_.subprotocol == "psmoved.v1+cbor"

    async def receive(self):
        try:
            text = await asyncio.wait_for(self.socket.recv(), PATIENCE)
        except websockets.ConnectionClosed as closed:
            if closed.rcvd and closed.rcvd_then_sent:
                self.said.append(("closed", closed.rcvd.code))
            raise
        if self.speaks_cbor:
            text = json.dumps(cbor.decode(text))
        self.said.append(("in", text))
        return json.loads(text)

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
        text = message if isinstance(message, (str, bytes)) else json.dumps(message)
        self.said.append(("out", text))
        await self.socket.send(cbor.encode(json.loads(text)) if self.speaks_cbor else text)

    async def subscribe(self, **what):
        await self.send({"type": "subscribe", **what})
        return await self.of_type("subscribed")


class open_stream:
    """async with open_stream(daemon, "?controllers=1") as stream: ..."""

    def __init__(self, daemon, query="", **options):
        self.query = query
        path = f"/api/v1/stream{query}"
        if daemon.socket:
            self.connection = websockets.unix_connect(daemon.socket, f"ws://localhost{path}", open_timeout=PATIENCE, **options)
        else:
            scheme = "wss" if daemon.tls else "ws"
            self.connection = websockets.connect(f"{scheme}://{daemon.host}:{daemon.port}{path}", open_timeout=PATIENCE,
                                                 ssl=daemon.tls, **options)

    async def __aenter__(self):
        target = f"/api/v1/stream{self.query}"
        try:
            socket_ = await self.connection.__aenter__()
        except websockets.InvalidStatusCode as refused:
            recording.exchange("GET", target, {}, None, refused.status_code, refused.headers, None)
            raise
        recording.exchange("GET", target, {}, None, 101, socket_.response_headers, None)
        return Stream(socket_, self.query)

    async def __aexit__(self, *error):
        await self.connection.__aexit__(*error)


def curl(*arguments):
    """What curl prints. What goes past the relay, with --unix-socket or --cacert, is recorded here; of other options -X and -d are understood
    then."""
    method, data, url, is_relayed = "GET", [], None, True
    given = iter(arguments)
    for argument in given:
        if argument == "-X":
            method = next(given)
        elif argument == "-d":
            data.append(next(given))
        elif argument in ("--unix-socket", "--cacert"):
            is_relayed = False
            next(given)
        else:
            url = urllib.parse.urlsplit(argument)
    with tempfile.NamedTemporaryFile("r") as head:
        done = subprocess.run(["curl", "-sS", "--max-time", "20", "--dump-header", head.name, *arguments], capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        lines = head.read().splitlines()
    if is_relayed:
        return done.stdout
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if data else {}
    recording.exchange(method, url.path + (f"?{url.query}" if url.query else ""), headers, "&".join(data), int(lines[0].split(" ")[1]),
                       dict(line.split(": ", 1) for line in lines[1:] if ": " in line), done.stdout.encode())
    return done.stdout


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


# A reason to skip that starts so is none against anybody: packages do not help.
BEYOND_HELP = "this machine does not allow it: "


def write_seen(seen):
    """For coverage_test.py, which looks at what all tests saw of the contract. None: nothing yet."""
    folder = os.environ.get("PSMOVED_SEEN")
    if not folder:
        return
    os.makedirs(folder, exist_ok=True)
    name = os.path.splitext(os.path.basename(sys.argv[0]))[0]
    with open(os.path.join(folder, f"{name}.json"), "w") as file:
        json.dump(seen and {**seen, "build": os.stat(os.path.join(BIN, "psmoved")).st_mtime_ns}, file, indent=1)


def may_skip(reason):
    return not os.environ.get("PSMOVED_NO_SKIPS") or reason.startswith(BEYOND_HELP)


def skip_all(reason):
    """Ends the program: nothing in it can run here."""
    write_seen({"operations": [], "received": [], "sent": [], "skipped": [reason]})
    print(f"skipped: {reason}", file=sys.stderr)
    sys.exit(77 if may_skip(reason) else 1)


def main():
    """Runs the tests, then judges what was said and heard. Exits with 77 if all of them were skipped."""
    write_seen(None)
    result = unittest.main(verbosity=2, exit=False).result
    for each in relays:
        each.stop()
        for conversation in each.conversations:
            relay.read(conversation.heard, recording)
    judges = contract.load()
    faults = list(dict.fromkeys(recording.faults(*judges)))
    for fault in faults:
        print(f"against the contract: {fault}", file=sys.stderr)
    print(f"judged by the contract: {recording}; {len(faults)} faults", file=sys.stderr)
    write_seen({**recording.seen(*judges), "skipped": [reason for _, reason in result.skipped]})
    for test, reason in result.skipped:
        print(f"skipped: {test.id()}: {reason}" + ("" if may_skip(reason) else "; PSMOVED_NO_SKIPS is set"), file=sys.stderr)
    if not result.wasSuccessful() or faults or not all(may_skip(reason) for _, reason in result.skipped):
        sys.exit(1)
    sys.exit(77 if result.skipped and len(result.skipped) >= result.testsRun else 0)
