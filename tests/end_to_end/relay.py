"""A relay between a client and the daemon that keeps what both said, and reads it afterwards: HTTP/1.1, WebSocket, Server-Sent Events.
It copies bytes and hands on each end and each reset, so that whoever speaks through it meets the daemon as it is."""

import contextlib
import json
import re
import selectors
import socket
import struct
import threading

import cbor

PIECE = 65536
RESET = struct.pack("ii", 1, 0)  # SO_LINGER with which a close is a reset


class Conversation:
    """Two sockets, and what goes from one to the other. `heard` has pairs in the order in which they came by: "out" (from the client)
    or "in", and bytes."""

    def __init__(self, client, daemon):
        self.peer = {client: daemon, daemon: client}
        self.direction = {client: "out", daemon: "in"}
        self.waiting = {client: b"", daemon: b""}  # to be sent there; while there is any, nothing is read for it
        self.has_ended = {client: False, daemon: False}
        self.heard = []

    def wants(self, one):
        events = 0
        if not self.has_ended[one] and not self.waiting[self.peer[one]]:
            events |= selectors.EVENT_READ
        if self.waiting[one]:
            events |= selectors.EVENT_WRITE
        return events

    def read(self, one):
        data = one.recv(PIECE)
        other = self.peer[one]
        if data:
            self.heard.append((self.direction[one], data))
            self.waiting[other] = data
            self.write(other)
        else:
            self.has_ended[one] = True
            other.shutdown(socket.SHUT_WR)  # nothing waits, or it would not have been read

    def write(self, one):
        with contextlib.suppress(BlockingIOError):
            self.waiting[one] = self.waiting[one][one.send(self.waiting[one]):]

    def is_over(self):
        return all(self.has_ended.values()) and not any(self.waiting.values())


class Relay:
    """Takes connections at `address` for the daemon at `target`, each a pair of host and port or the path of a Unix socket."""

    def __init__(self, target, address=("127.0.0.1", 0)):
        self.target, self.conversations = target, []
        self.listener = socket.socket(self._family(address), socket.SOCK_STREAM)
        self.listener.bind(address)
        self.listener.listen(128)
        self.listener.setblocking(False)
        self.port = self.listener.getsockname()[1] if isinstance(address, tuple) else None
        self.ring, self.bell = socket.socketpair()
        self.watched = selectors.DefaultSelector()
        self.watched.register(self.listener, selectors.EVENT_READ)
        self.watched.register(self.ring, selectors.EVENT_READ)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    @staticmethod
    def _family(address):
        return socket.AF_INET if isinstance(address, tuple) else socket.AF_UNIX

    def stop(self):
        self.bell.close()
        self.thread.join(5)

    def _run(self):
        while True:
            for key, events in self.watched.select():
                if key.fileobj is self.ring:
                    return self._end()
                if key.fileobj is self.listener:
                    self._accept()
                elif key.fileobj.fileno() >= 0:  # or its conversation ended with an event before
                    self._serve(key.fileobj, key.data, events)

    def _accept(self):
        client, _ = self.listener.accept()
        daemon = socket.socket(self._family(self.target), socket.SOCK_STREAM)
        try:
            daemon.connect(self.target)
        except OSError:
            daemon.close()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            client.close()
            return
        conversation = Conversation(client, daemon)
        self.conversations.append(conversation)
        for one in (client, daemon):
            one.setblocking(False)
            if one.family == socket.AF_INET:
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.watched.register(one, selectors.EVENT_READ, conversation)

    def _serve(self, one, conversation, events):
        try:
            if events & selectors.EVENT_WRITE:
                conversation.write(one)
            if events & selectors.EVENT_READ and conversation.wants(one) & selectors.EVENT_READ:
                conversation.read(one)
        except BlockingIOError:
            return
        except OSError:  # a reset is handed on as one
            for each in conversation.peer:
                with contextlib.suppress(OSError):
                    each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            return self._close(conversation)
        if conversation.is_over():
            return self._close(conversation)
        for each in conversation.peer:
            self._watch(each, conversation)

    def _watch(self, one, conversation):
        events = conversation.wants(one)
        is_watched = one in self.watched.get_map()
        if events and is_watched:
            self.watched.modify(one, events, conversation)
        elif events:
            self.watched.register(one, events, conversation)
        elif is_watched:
            self.watched.unregister(one)

    def _close(self, conversation):
        for each in conversation.peer:
            if each in self.watched.get_map():
                self.watched.unregister(each)
            each.close()

    def _end(self):
        for conversation in self.conversations:
            if any(each.fileno() >= 0 for each in conversation.peer):
                self._close(conversation)
        self.watched.close()
        self.listener.close()
        self.ring.close()


# ---- what was said

class Half:
    """One direction of a conversation: its bytes, and where in the whole each piece ended."""

    def __init__(self, heard, direction):
        self.data = b"".join(data for side, data in heard if side == direction)
        self.at = 0

    def line_end(self, at):
        return self.data.find(b"\r\n", at)

    def head(self):
        """The next head: its first line and its fields, by their names in small letters. None if it is not there, or is none."""
        while self.data.startswith(b"\r\n", self.at):
            self.at += 2
        end = self.data.find(b"\r\n\r\n", self.at)
        if end < 0:
            return None
        first, *lines = self.data[self.at:end].decode("latin-1").split("\r\n")
        fields = {}
        for line in lines:
            name, colon, value = line.partition(":")
            if not colon or not re.fullmatch(r"[!-9;-~]+", name):
                return None
            fields[name.lower()] = value.strip(" \t")
        self.at = end + 4
        return first, fields

    def body(self, fields):
        """What the fields say follows; None if not all of it is there."""
        if "transfer-encoding" in fields:
            return self._chunks()
        size = fields.get("content-length", "0")
        if not size.isdigit() or self.at + int(size) > len(self.data):
            return None
        self.at += int(size)
        return self.data[self.at - int(size):self.at]

    def _chunks(self):
        body, at = b"", self.at
        while (end := self.line_end(at)) >= 0:
            size = re.match(rb"[0-9a-fA-F]+", self.data[at:end])
            if not size:
                return None
            at = end + 2
            size = int(size.group(), 16)
            if size == 0:
                end = at - 2 if self.data.startswith(b"\r\n", at) else self.data.find(b"\r\n\r\n", at)
                if end < 0:
                    return None
                self.at = end + 4
                return body
            if at + size + 2 > len(self.data):
                return None
            body += self.data[at:at + size]
            at += size + 2
        return None

    def rest(self):
        rest, self.at = self.data[self.at:], len(self.data)
        return rest


def request_of(half):
    """The next request: method, target, fields and body. None if it is not whole, or is none."""
    head = half.head()
    line = head and re.fullmatch(r"([!-~]+) ([!-~]+) HTTP/1\.[0-9]", head[0])
    if not line:
        return None
    target = re.sub(r"^https?://[^/?]*", "", line.group(2)) or "/"
    body = half.body(head[1])
    return None if body is None else (line.group(1), target, head[1], body)


def read(heard, recording):
    """Hands every exchange and every message of a conversation to the recording.
    @param heard  pairs of "out" or "in" and bytes, in the order in which they came by"""
    sent, received = Half(heard, "out"), Half(heard, "in")
    is_readable = True
    while head := received.head():
        status = int(head[0].split(" ")[1])
        fields = head[1]
        if 100 <= status < 200 and status != 101:
            continue
        asked = request_of(sent) if is_readable else None
        # What cannot be read leaves nothing behind it that could be.
        is_readable = asked is not None and not (status in (400, 501) and fields.get("connection") == "close")
        method = asked[0] if asked else None
        if status == 101:
            recording.exchange(*asked, status, fields, None)
            return read_websocket(heard, sent, received, asked[1].partition("?")[2], fields, recording)
        if fields.get("content-type") == "text/event-stream" and method != "HEAD":
            recording.exchange(*asked, status, fields, None)
            return read_events(received.rest().decode(), asked[1].partition("?")[2], recording)
        has_no_body = method == "HEAD" or status in (204, 304)
        body = b"" if has_no_body else received.body(fields)
        if not is_readable:
            recording.loose.append((status, fields, body))
        else:
            recording.exchange(*asked, status, fields, body)
        if body is None:  # the client left in its middle
            return None
    return None


def read_events(text, query, recording):
    said = recording.conversation(f"?{query or 'topics=motion,button,controller'}")
    for block in text.replace("\r\n", "\n").split("\n\n")[:-1]:
        fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line and not line.startswith(":"))
        if "data" in fields:
            said.append(("in", fields["data"]))
            kind = json.loads(fields["data"]).get("type")
            if fields.get("event") != kind:
                recording.faults_of_framing.append(f"an event {fields.get('event')} whose data is of type {kind}")


class Frames:
    """Puts the messages of one direction together."""

    def __init__(self, is_masked):
        self.is_masked, self.buffer = is_masked, b""
        self.kind, self.message = None, b""

    def take(self, data):
        """The messages and control frames that are whole now: opcode and payload. Raises ValueError where it is no WebSocket any more."""
        self.buffer += data
        while frame := self._frame():
            is_final, opcode, payload = frame
            if opcode >= 8:
                yield opcode, payload
                continue
            if (opcode == 0) != (self.kind is not None):
                raise ValueError("a fragment where none belongs")
            self.kind, self.message = self.kind or opcode, self.message + payload
            if is_final:
                done = self.kind, self.message
                self.kind, self.message = None, b""
                yield done

    def _frame(self):
        data = self.buffer
        if len(data) < 2:
            return None
        first, size, at = data[0], data[1] & 0x7F, 2
        if first & 0x70 or bool(data[1] & 0x80) != self.is_masked:
            raise ValueError("reserved bits, or a mask on the wrong side")
        for mark, width in ((126, 2), (127, 8)):
            if size == mark and at == 2:
                if len(data) < 2 + width:
                    return None
                size, at = int.from_bytes(data[2:2 + width], "big"), 2 + width
                break
        mask = data[at:at + 4] if self.is_masked else b""
        at += len(mask) if len(mask) == 4 else 4 if self.is_masked else 0
        if len(data) < at + size:
            return None
        payload, self.buffer = data[at:at + size], data[at + size:]
        if mask:
            repeated = (mask * (size // 4 + 1))[:size]
            payload = (int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")).to_bytes(size, "big")
        return first >> 7, first & 0x0F, payload


TEXT, BINARY, CLOSE = 1, 2, 8


def read_websocket(heard, sent, received, query, fields, recording):
    """All behind the upgrade, in the order in which it came by."""
    if "sec-websocket-extensions" in fields:
        recording.faults_of_framing.append(f"the extension {fields['sec-websocket-extensions']} that nobody asked for")
    protocol = fields.get("sec-websocket-protocol", "psmoved.v1+json")
    said = recording.conversation(f"?{query}" if query else "")
    frames = {"out": Frames(True), "in": Frames(False)}
    skipped = {"out": sent.at, "in": received.at}
    has_left = False
    for direction, data in heard:
        left_out = min(len(data), skipped[direction])
        skipped[direction] -= left_out
        if direction not in frames:
            continue
        try:
            for opcode, payload in frames[direction].take(data[left_out:]):
                if opcode == CLOSE:
                    if direction == "out":
                        has_left = True
                    elif not has_left:
                        said.append(("closed", int.from_bytes(payload[:2], "big")))
                elif opcode in (TEXT, BINARY):
                    said.append((direction, message_of(direction, opcode, payload, protocol)))
        except ValueError as error:
            if direction == "in":
                recording.faults_of_framing.append(f"what the daemon sends is no WebSocket: {error}")
            del frames[direction]


def message_of(direction, opcode, payload, protocol):
    """As the judge takes it: JSON text, or the bytes of motion in records."""
    if protocol == "psmoved.v1+cbor":
        if opcode == TEXT:
            return '"text"' if direction == "out" else "text where CBOR was agreed on"
        try:
            return json.dumps(cbor.decode(payload))
        except Exception as error:  # the client's own mistake, or the daemon's, which is then no JSON for the judge
            return f"no CBOR: {error}"
    if opcode == BINARY and direction == "in":
        return payload if protocol == "psmoved.v1+bin" else "a binary message where text was agreed on"
    return payload.decode("utf-8", "replace")
