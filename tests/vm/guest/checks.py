"""What the tests inside the guest share: claims that are checked and printed, waiting for a condition, HTTP and a
WebSocket client. Standard library only, so that a bare Debian with python3 runs it."""

import base64
import http.client
import json
import os
import socket
import struct
import subprocess
import sys
import time
import traceback

failed = []
held = 0


def check(claim, holds, detail=""):
    """Notes one claim as held or broken, and prints what is broken, with the detail; with VERBOSE set, what holds as
    well. finish() makes the exit code of them."""
    global held
    if not holds:
        print(f"BROKEN  {claim}" + (f"   [{detail}]" if detail != "" else ""), flush=True)
        failed.append(claim)
    else:
        held += 1
        if os.environ.get("VERBOSE"):
            print("ok      " + claim, flush=True)
    return holds


def note(text):
    print("        " + text, flush=True)


def run_tests(tests, names, between=lambda: None):
    """Runs those of the functions that are named, or all: each is announced by the first line of its docstring."""
    for test in tests:
        if names and test.__name__ not in names:
            continue
        print(f"\n{test.__doc__.splitlines()[0]}  ({test.__name__})", flush=True)
        began, held_before = time.monotonic(), held
        try:
            test()
        except Exception as problem:  # one broken test must not hide the others
            traceback.print_exc(file=sys.stdout)
            check(f"{test.__name__} could be carried out", False, repr(problem))
        between()
        note(f"{held - held_before} claims hold; {time.monotonic() - began:.1f} s")


def finish():
    print(f"{held} claims hold", flush=True)
    if failed:
        print(f"{len(failed)} broken:", *failed, sep="\n  ", flush=True)
    sys.exit(1 if failed else 0)


def eventually(condition, seconds=60, every=0.05):
    """The first true value of `condition`, or its last one when the time is up. A condition that cannot be asked yet
    (nobody listens, no such file) counts as false."""
    end = time.monotonic() + seconds
    while True:
        try:
            value = condition()
        except (OSError, http.client.HTTPException, ValueError, KeyError, IndexError, TypeError):
            value = None
        if value or time.monotonic() > end:
            return value
        time.sleep(every)


def shell(command):
    """-> exit code, output and errors together"""
    done = subprocess.run(command, shell=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


class Rest:
    """The REST API at one port; every answer is (status, body), the body parsed where it is JSON."""

    def __init__(self, port=6683):
        self.port = port

    def request(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            headers = {} if body is None else {"Content-Type": "application/json"}
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read().decode()
            kind = answer.getheader("Content-Type", "")
            return answer.status, json.loads(text) if "json" in kind and text else text
        finally:
            connection.close()

    def get(self, path):
        return self.request("GET", "/api/v1" + path)[1]

    def put(self, path, body):
        return self.request("PUT", "/api/v1" + path, body)

    def patch(self, path, body):
        return self.request("PATCH", "/api/v1" + path, body)

    def controllers(self):
        return {c["id"]: c for c in self.get("/controllers")}


class WebSocket:
    """A client that asks for JSON. Reads whole messages; time-outs are errors of the test."""

    def __init__(self, query="", port=6683):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((f"GET /api/v1/stream{query} HTTP/1.1\r\nHost: localhost:{port}\r\nUpgrade: websocket\r\n"
                             f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
                             "Sec-WebSocket-Protocol: psmoved.v1+json\r\n\r\n").encode())
        self.buffer = b""
        while b"\r\n\r\n" not in self.buffer:
            self.fill()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise ValueError("no WebSocket: " + head.decode())

    def fill(self):
        data = self.socket.recv(1 << 18)
        if not data:
            raise ConnectionError("the WebSocket was closed")
        self.buffer += data

    def send(self, message):
        text = json.dumps(message).encode()
        mask = os.urandom(4)
        head = bytes([0x81, 0x80 | len(text)]) if len(text) < 126 else struct.pack(">BBH", 0x81, 0xFE, len(text))
        self.frame(head, mask, text)

    def frame(self, head, mask, payload):
        self.socket.sendall(head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload)))

    def next_frame(self):
        """-> opcode, payload"""
        while True:
            frame, rest = cut_frame(self.buffer, 0)
            if frame:
                self.buffer = self.buffer[rest:]
                if frame[0] == 9:  # ping
                    self.frame(bytes([0x8A, 0x80 | len(frame[1])]), b"\0\0\0\0", frame[1])
                    continue
                return frame
            self.fill()

    def next(self):
        """The next message; None for a close."""
        opcode, payload = self.next_frame()
        return None if opcode == 8 else json.loads(payload)

    def until(self, wanted, seconds=60):
        """The first message that `wanted` is true of, or None when the time is up."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                message = self.next()
            except TimeoutError:
                return None
            if message is None or wanted(message):
                return message
        return None

    def collect(self, seconds):
        """Takes all that comes for so long without looking at it, for parse_all: reading must not be what is measured.
        -> the bytes, seconds"""
        self.socket.settimeout(0.5)
        parts, start = [self.buffer], time.monotonic()
        self.buffer = b""
        while time.monotonic() - start < seconds:
            try:
                parts.append(self.socket.recv(1 << 20))
            except TimeoutError:
                continue
            if not parts[-1]:
                break
        return b"".join(parts), time.monotonic() - start

    def close(self):
        self.socket.close()


def parse_all(data):
    """The messages in what collect() took; the last one may be cut off and is left out."""
    at, messages = 0, []
    while True:
        frame, at = cut_frame(data, at)
        if not frame:
            return messages
        if frame[0] == 1:
            messages.append(json.loads(frame[1]))


def cut_frame(data, at):
    """One unfragmented server frame out of `data` -> (opcode, payload) or None, and where the next one begins"""
    if len(data) - at < 2:
        return None, at
    size, start = data[at + 1] & 0x7F, at + 2
    if size == 126:
        if len(data) - at < 4:
            return None, at
        size, start = struct.unpack_from(">H", data, at + 2)[0], at + 4
    elif size == 127:
        if len(data) - at < 10:
            return None, at
        size, start = struct.unpack_from(">Q", data, at + 2)[0], at + 10
    if len(data) < start + size:
        return None, at
    return (data[at] & 15, data[start:start + size]), start + size


class Process:
    """A program under test, its output in a file."""

    def __init__(self, arguments, log, **more):
        self.log = log
        self.file = open(log, "ab")
        self.popen = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=self.file, stderr=self.file, **more)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def output(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def says(self, text, seconds=60):
        return eventually(lambda: text in self.output(), seconds)

    def is_running(self):
        return self.popen.poll() is None

    def stop(self, seconds=30):
        """SIGTERM -> exit code; None if it had to be killed"""
        if self.is_running():
            self.popen.terminate()
        try:
            return self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()
            return None
        finally:
            self.file.close()


class Emulator(Process):
    """psmove-emulator, and what it saw. `programs` says where the program is."""

    programs = "/usr/bin"
    runs = 0

    def __init__(self, devices, *more):
        Emulator.runs += 1
        runs = Emulator.runs
        self.broken_before = len(failed)
        self.control = f"/tmp/emulator-{runs}.sock"
        self.events_file = f"/tmp/emulator-{runs}.events"
        super().__init__([f"{self.programs}/psmove-emulator", devices, "--control", self.control, "--log", self.events_file, *more],
                         f"/tmp/emulator-{runs}.log")
        if not self.says("ready", 30):
            check("psmove-emulator starts", False, self.output())

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.stop()
        if len(failed) > self.broken_before or kind:
            print(self.output()[-1000:])
            with open(self.events_file) as file:
                print("".join(line for line in file if " LATE " not in line and " GET " not in line)[-4000:])

    def tell(self, command):
        with socket.socket(socket.AF_UNIX) as control:
            control.connect(self.control)
            control.sendall((command + "\n").encode())
            answer = b""
            while not answer.endswith(b"\n"):
                part = control.recv(1 << 16)
                if not part:
                    raise ConnectionError(f"psmove-emulator hung up on '{command}'")
                answer += part
        return answer.decode().strip()

    def state(self, place=1):
        return json.loads(self.tell(f"state {place}"))

    def radio(self, place=1):
        """What that device's state says of its radio"""
        return self.state(place)["radio"]

    def events(self, kind):
        """-> (seconds, address, rest of the line) of all events of this kind so far"""
        with open(self.events_file) as file:
            words = [line.rstrip("\n").split(" ", 3) for line in file]
        return [(float(w[0]), w[1], w[3] if len(w) > 3 else "") for w in words if len(w) > 2 and w[2] == kind]
