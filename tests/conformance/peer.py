"""Starts conformance-peer, and speaks WebSocket to it frame by frame. Python's standard library only."""

import base64
import os
import re
import socket
import struct
import subprocess
import time

BIN = os.environ["PSMOVED_BIN"]
PATIENCE = 30  # seconds

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


def connect(port, host="127.0.0.1"):
    connection = socket.create_connection((host, port), PATIENCE)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


class Peer:
    """conformance-peer on a free port."""

    def __init__(self, *options):
        self.process = subprocess.Popen([os.path.join(BIN, "conformance-peer"), *options], stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        self.port = int(re.search(r":(\d+)$", line.strip()).group(1))

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.terminate()
        code = self.process.wait(10)
        self.process.stdout.close()
        if error[0] is None and code != 0:
            raise AssertionError(f"conformance-peer ended with {code}")


def masked(payload, mask):
    """A payload under a mask of four octets; as one large number, because it may be megabytes."""
    if not payload:
        return b""
    repeated = (mask * (len(payload) // 4 + 1))[:len(payload)]
    number = int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")
    return number.to_bytes(len(payload), "big")


def frame(opcode, payload=b"", final=True, reserved=0):
    """One frame as a client sends it."""
    head = bytes([final << 7 | reserved << 4 | opcode])
    size = len(payload)
    if size < 126:
        head += bytes([0x80 | size])
    elif size < 65536:
        head += b"\xfe" + struct.pack("!H", size)
    else:
        head += b"\xff" + struct.pack("!Q", size)
    mask = os.urandom(4)
    return head + mask + masked(payload, mask)


class Broken(Exception):
    """The peer did what it must not."""


class WebSocket:
    """A client's end. What it hears is judged strictly."""

    def __init__(self, peer, target="/", fields="", host="127.0.0.1"):
        """@param fields  more of them for the request, each ending in CRLF"""
        self.socket = connect(peer.port, host)
        self.buffer = b""
        key = base64.b64encode(os.urandom(16)).decode()
        self.send(f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{peer.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                  f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n{fields}\r\n".encode())
        while b"\r\n\r\n" not in self.buffer:
            self._more()
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 101 "):
            raise Broken(f"the upgrade was answered with {head!r}")
        if b"sec-websocket-protocol" in head.lower() or b"sec-websocket-extensions" in head.lower():
            raise Broken(f"it agreed to what an echo has not: {head!r}")

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def _more(self):
        part = self.socket.recv(1 << 18)
        if not part:
            raise Broken("the connection ended early" if not self.buffer else f"it ended after {self.buffer[:20]!r}")
        self.buffer += part

    def _take(self, count):
        if len(self.buffer) < count:
            parts, have = [self.buffer], len(self.buffer)
            while have < count:
                # The daemon keeps its send buffer below two of loopback's segments, so an acknowledgement that the kernel holds back
                # for a second one would hold up a megabyte for half a second.
                self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
                part = self.socket.recv(1 << 18)
                if not part:
                    raise Broken("the connection ended inside a frame")
                parts.append(part)
                have += len(part)
            self.buffer = b"".join(parts)
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def receive_frame(self):
        first, second = self._take(2)
        if first & 0x70:
            raise Broken("reserved bits in what it sends")
        if second & 0x80:
            raise Broken("a server masks what it sends")
        size = second
        if size == 126:
            size = struct.unpack("!H", self._take(2))[0]
        elif size == 127:
            size = struct.unpack("!Q", self._take(8))[0]
        return first >> 7, first & 0x0F, self._take(size)

    def receive(self):
        """The next message or control frame: opcode and payload; of a close its code (None where there is none)."""
        kind, message = None, b""
        while True:
            final, opcode, payload = self.receive_frame()
            if opcode >= CLOSE:
                if not final or len(payload) > 125:
                    raise Broken("a control frame that is none")
                if opcode == CLOSE:
                    return CLOSE, struct.unpack("!H", payload[:2])[0] if payload else None
                return opcode, payload
            if (opcode == CONTINUATION) != (kind is not None):
                raise Broken("a fragment where none belongs")
            kind, message = kind or opcode, message + payload
            if final:
                return kind, message

    def expect_silence(self, seconds):
        self.socket.settimeout(seconds)
        try:
            self._more()
        except TimeoutError:
            return
        finally:
            self.socket.settimeout(PATIENCE)
        raise Broken(f"it answered too early: {self.buffer[:20]!r}")

    def expect_end(self):
        """Nothing more, and the end of the connection."""
        if self.buffer:
            raise Broken(f"{self.buffer[:20]!r} after its close")
        began = time.monotonic()
        try:
            rest = self.socket.recv(1 << 16)
        except ConnectionResetError:
            return
        if rest:
            raise Broken(f"{rest[:20]!r} after its close")
        if time.monotonic() - began > 5:
            raise Broken("it took its time to end the connection")
