"""HTTP/1.1 byte by byte against the daemon's own sessions, with an echo behind them: the echo shows which octets were taken for a body,
which is where two readers of one connection part ways (RFC 9112). Everything that is refused ends the connection. With --list, each case has
its line."""

import socket
import sys
import time

from peer import Broken, Peer, connect

HOST = b"Host: localhost\r\n"
SLOWEST_REFUSAL = 3  # seconds; what can be told to be wrong at once is not waited for


def post(fields=b"", body=b"", target=b"/", version=b"HTTP/1.1", host=HOST):
    return b"POST " + target + b" " + version + b"\r\n" + host + fields + b"\r\n" + body


def length(body):
    return b"Content-Length: %d\r\n" % len(body)


CHUNKED = b"Transfer-Encoding: chunked\r\n"
NEXT = post(length(b"next"), b"next")  # if that is answered, the one before ended where it should

# What is read, with what; and the same request again behind it, which shows that the end was found.
READ = {
    "a length": (post(length(b"hello"), b"hello"), b"hello"),
    "a length of nothing": (post(b"Content-Length: 0\r\n"), b""),
    "a length with zeros before it": (post(b"Content-Length: 005\r\n", b"hello"), b"hello"),
    "no body": (post(), b""),
    "a field without value": (post(b"X:\r\n" + length(b"a"), b"a"), b"a"),
    "white space around a value": (post(b"Content-Length: \t 5 \t \r\n", b"hello"), b"hello"),
    "names in any case": (post(b"cOnTeNt-LeNgTh: 5\r\n", b"hello"), b"hello"),
    "a body that looks like a request": (post(length(NEXT), NEXT), NEXT),
    "chunks": (post(CHUNKED, b"5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n"), b"hello!"),
    "no chunks": (post(CHUNKED, b"0\r\n\r\n"), b""),
    "a chunk in hex of any case": (post(CHUNKED, b"A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n"), b"0123456789" * 2),
    "a chunk with an extension": (post(CHUNKED, b"5;name=value;other=\"quoted\"\r\nhello\r\n0\r\n\r\n"), b"hello"),
    "a trailer": (post(CHUNKED, b"5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"), b"hello"),
    "chunks that hold a request": (post(CHUNKED, b"%x\r\n%s\r\n0\r\n\r\n" % (len(NEXT), NEXT)), NEXT),
    "the coding in any case": (post(b"Transfer-Encoding: Chunked\r\n", b"1\r\na\r\n0\r\n\r\n"), b"a"),
    "an absolute target": (post(length(b"a"), b"a", target=b"http://localhost/x"), b"a"),
    "an absolute target wins over Host": (post(length(b"a"), b"a", target=b"http://localhost/x", host=b"Host: evil.example\r\n"), b"a"),
    "an absolute target without a path": (post(length(b"a"), b"a", target=b"http://localhost"), b"a"),
    "an empty line before the request": (b"\r\n" + post(length(b"a"), b"a"), b"a"),
    "HTTP/1.0 that keeps the connection": (post(b"Connection: keep-alive\r\n" + length(b"a"), b"a", version=b"HTTP/1.0", host=b""), b"a"),
    "a version of HTTP/1 to come": (post(length(b"a"), b"a", version=b"HTTP/1.9"), b"a"),
}

# What is refused, with the status.
REFUSED = {
    "no Host": (post(host=b""), 400),
    "two Hosts": (post(host=HOST + HOST), 400),
    "a folded line": (post(b"X: a\r\n b\r\n"), 400),
    "a folded line behind the first": (b"GET / HTTP/1.1\r\n Host: localhost\r\n\r\n", 400),
    "space before the colon": (post(b"Content-Length : 5\r\n", b"hello"), 400),
    "a tab before the colon": (post(b"Transfer-Encoding\t: chunked\r\n", b"0\r\n\r\n"), 400),
    "a field without colon": (post(b"nonsense\r\n"), 400),
    "a bare LF between lines": (b"GET / HTTP/1.1\n" + HOST + b"\r\n", 400),
    "a bare LF inside a value": (post(b"X: a\nContent-Length: 5\r\n", b"hello"), 400),
    "a bare CR inside a value": (post(b"X: a\rb\r\n"), 400),
    "NUL inside a value": (post(b"X: a\0b\r\n"), 400),
    "length and coding": (post(length(b"0\r\n\r\n") + CHUNKED, b"0\r\n\r\n"), 400),
    "coding and length": (post(CHUNKED + length(b"0\r\n\r\n"), b"0\r\n\r\n"), 400),
    "two lengths that differ": (post(b"Content-Length: 5\r\nContent-Length: 6\r\n", b"hello"), 400),
    "two lengths that agree": (post(b"Content-Length: 5\r\nContent-Length: 5\r\n", b"hello"), 400),
    "a list of lengths": (post(b"Content-Length: 5, 5\r\n", b"hello"), 400),
    "a length with a sign": (post(b"Content-Length: +5\r\n", b"hello"), 400),
    "a negative length": (post(b"Content-Length: -5\r\n", b"hello"), 400),
    "a length in hex": (post(b"Content-Length: 0x5\r\n", b"hello"), 400),
    "an endless length": (post(b"Content-Length: " + b"9" * 40 + b"\r\n", b"hello"), 400),
    "an unknown coding": (post(b"Transfer-Encoding: gzip\r\n", b"hello"), 501),
    "a coding before chunked": (post(b"Transfer-Encoding: gzip, chunked\r\n", b"0\r\n\r\n"), 501),
    "chunked before a coding": (post(b"Transfer-Encoding: chunked, identity\r\n", b"0\r\n\r\n"), 501),
    "chunked twice": (post(CHUNKED + CHUNKED, b"0\r\n\r\n"), 501),
    "a coding that ends like chunked": (post(b"Transfer-Encoding: xchunked\r\n", b"0\r\n\r\n"), 501),
    "chunks in HTTP/1.0": (post(CHUNKED, b"0\r\n\r\n", version=b"HTTP/1.0"), 400),
    "a chunk without size": (post(CHUNKED, b"\r\n"), 400),
    "a chunk size that is none": (post(CHUNKED, b"5x\r\nhello\r\n0\r\n\r\n"), 400),
    "a chunk size with a prefix": (post(CHUNKED, b"0x5\r\nhello\r\n0\r\n\r\n"), 400),
    "a chunk size with a sign": (post(CHUNKED, b"-5\r\nhello\r\n0\r\n\r\n"), 400),
    "a chunk size beyond 64 bits": (post(CHUNKED, b"1" + b"0" * 17 + b"\r\n"), (400, 413)),
    "a chunk that goes on": (post(CHUNKED, b"5\r\nhello!\r\n0\r\n\r\n"), 400),
    "a chunk line that ends in LF": (post(CHUNKED, b"5\nhello\r\n0\r\n\r\n"), 400),
    "a length in the trailer": (post(CHUNKED, b"5\r\nhello\r\n0\r\nContent-Length: 3\r\n\r\n"), 400),
    "HTTP/0.9": (b"GET /\r\n", 400),
    "no version in HTTP/1 clothes": (b"GET /\r\n" + HOST + b"\r\n", 400),
    "a version without number": (post(version=b"HTTP/one"), 400),
    "another protocol": (post(version=b"RTSP/1.0"), 400),
    "the preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    "two spaces in the request line": (b"GET  / HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "space at the end of the request line": (b"GET / HTTP/1.1 \r\n" + HOST + b"\r\n", 400),
    "a method that is no token": (b"G(T / HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a target that is not encoded": (b"GET /\xc3\xa4 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "an expectation nobody has": (post(b"Expect: tea\r\n" + length(b"a"), b"a"), 417),
    "a body one octet too large": (post(b"Content-Length: 16385\r\n"), 413),
    "chunks one octet too large": (post(CHUNKED, b"4000\r\n" + b"x" * 16384 + b"\r\n1\r\nx\r\n0\r\n\r\n"), 413),
    "a target one octet too long": (post(target=b"/" + b"a" * 2048), 414),
    "a head one octet too large": (post(b"X: " + b"a" * (8193 - len(post(b"X: \r\n"))) + b"\r\n"), 431),
    "a field too many": (post(b"X: 1\r\n" * 64), 431),
    "a request line without end": (b"A" * 9000, (400, 431)),
}

# Framed well, and meant for somebody else: the connection goes on.
MISDIRECTED = {
    "an empty Host": (post(host=b"Host:\r\n"), 421),
    "a foreign Host": (post(host=b"Host: evil.example\r\n"), 421),
    "a foreign absolute target": (post(target=b"http://evil.example/"), 421),
    "a Host that is none": (post(host=b"Host: a/b\r\n"), 400),
}

# The largest that is taken.
ALLOWED = {
    "the largest body": (post(b"Content-Length: 16384\r\n", b"x" * 16384), b"x" * 16384),
    "the largest chunks": (post(CHUNKED, b"4000\r\n" + b"x" * 16384 + b"\r\n0\r\n\r\n"), b"x" * 16384),
    "the longest target": (post(target=b"/" + b"a" * 2047), b""),
    "the largest head": (post(b"X: " + b"a" * (8192 - len(post(b"X: \r\n"))) + b"\r\n"), b""),
    "as many fields as may be": (post(b"X: 1\r\n" * 63), b""),
}


class Connection:
    def __init__(self, peer):
        self.socket = connect(peer.port)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def _until(self, condition):
        while not condition():
            part = self.socket.recv(65536)
            if not part:
                raise Broken(f"the connection ended after {self.buffer[:60]!r}")
            self.buffer += part

    def answer(self, to_head=False):
        """Status, fields and body of the next answer."""
        self._until(lambda: b"\r\n\r\n" in self.buffer)
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        fields = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines[1:])}
        size = 0 if to_head else int(fields.get("content-length", 0))
        self._until(lambda: len(self.buffer) >= size)
        body, self.buffer = self.buffer[:size], self.buffer[size:]
        return int(lines[0].split(" ")[1]), fields, body

    def expect_end(self):
        try:
            rest = self.buffer or self.socket.recv(65536)
        except ConnectionResetError:
            return
        if rest:
            raise Broken(f"{rest[:60]!r} after the last answer")


def check(is_so, *what):
    if not is_so:
        raise Broken(" ".join(map(str, what)))


def is_read(peer, request, body, chop=None):
    """It, and the next request behind it, come back as they were."""
    with Connection(peer) as connection:
        data = request + NEXT
        if chop:
            for i in range(0, len(data), chop):
                connection.send(data[i:i + chop])
        else:
            connection.send(data)
        for wanted in (body, b"next"):
            status, _, heard = connection.answer()
            check(status == 200 and heard == wanted, "answered", status, heard[:60], "not", wanted[:60])


def is_refused(peer, request, statuses):
    statuses = statuses if isinstance(statuses, tuple) else (statuses,)
    began = time.monotonic()
    with Connection(peer) as connection:
        try:
            connection.send(request + NEXT)  # which must not be taken for a request
        except (BrokenPipeError, ConnectionResetError):
            pass
        status, fields, _ = connection.answer()
        check(status in statuses, "answered", status, "not", *statuses)
        check(fields.get("connection") == "close", "Connection is", fields.get("connection"))
        check(fields.get("content-type") == "application/problem+json", fields.get("content-type"))
        connection.expect_end()
    check(time.monotonic() - began < SLOWEST_REFUSAL, "it took", time.monotonic() - began, "s")


def is_misdirected(peer, request, wanted):
    with Connection(peer) as connection:
        connection.send(request + NEXT)
        status = connection.answer()[0]
        check(status == wanted, "answered", status, "not", wanted)
        check(connection.answer()[2] == b"next", "the next request was not answered")


def the_type_is_kept(peer):
    with Connection(peer) as connection:
        connection.send(post(b"Content-Type: text/x-test; charset=utf-8\r\n" + length(b"a"), b"a"))
        check(connection.answer()[1]["content-type"] == "text/x-test; charset=utf-8")


def head_has_no_body(peer):
    with Connection(peer) as connection:
        connection.send(post(length(b"hello"), b"hello").replace(b"POST", b"HEAD") + NEXT)
        status, fields, _ = connection.answer(to_head=True)
        check((status, fields["content-length"]) == (200, "5"), status, fields)
        check(connection.answer()[2] == b"next", "something lies between")


def every_method_and_path_has_the_echo(peer):
    with Connection(peer) as connection:
        for method in (b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"PATCH"):
            for path in (b"/", b"/x", b"/x/y/z", b"/x?query=1", b"/?a=b&c", b"/%20", b"//", b"/livez", b"/api/v1/controllers"):
                connection.send(post(length(b"hello"), b"hello", target=path).replace(b"POST", method, 1))
                is_head = method == b"HEAD"
                status, fields, body = connection.answer(to_head=is_head)
                check((status, fields["content-length"], body) == (200, "5", b"" if is_head else b"hello"), method, path, "answered", status, body)


def many_are_answered_in_order(peer):
    with Connection(peer) as connection:
        bodies = [b"%d" % i for i in range(500)]
        connection.send(b"".join(post(length(body), body) for body in bodies))
        for body in bodies:
            check(connection.answer()[2] == body, body)


def continue_comes_before_the_body(peer):
    with Connection(peer) as connection:
        connection.send(post(b"Expect: 100-continue\r\n" + length(b"hello")))
        check(connection.answer()[0] == 100)
        connection.send(b"hello")
        check(connection.answer()[2] == b"hello")


def continue_is_not_said_in_http_1_0(peer):
    with Connection(peer) as connection:
        connection.send(post(b"Expect: 100-continue\r\n" + length(b"hello"), version=b"HTTP/1.0"))
        connection.send(b"hello")
        status, _, body = connection.answer()
        check((status, body) == (200, b"hello"), status, body)


def continue_is_not_needed_once_the_body_is_there(peer):
    with Connection(peer) as connection:
        connection.send(post(b"Expect: 100-continue\r\n" + length(b"hello"), b"hello"))
        status, _, body = connection.answer()
        if status == 100:
            status, _, body = connection.answer()
        check((status, body) == (200, b"hello"), status, body)


def close_ends_it(peer):
    for version, fields in ((b"HTTP/1.1", b"Connection: close\r\n"), (b"HTTP/1.1", b"Connection: x, Close\r\n"), (b"HTTP/1.0", b"")):
        with Connection(peer) as connection:
            connection.send(post(fields + length(b"a"), b"a", version=version) + NEXT)
            _, answered, body = connection.answer()
            check(body == b"a" and answered["connection"] == "close", answered)
            connection.expect_end()


def half_a_connection_is_answered(peer):
    with Connection(peer) as connection:
        connection.send(post(length(b"hello"), b"hello"))
        connection.socket.shutdown(socket.SHUT_WR)
        check(connection.answer()[2] == b"hello")
        connection.expect_end()


def an_aborted_request_is_nobodys(peer):
    for request in (b"POST", post(length(b"hello"))[:-3], post(length(b"hello"), b"he"), post(CHUNKED, b"5\r\nhe")):
        with Connection(peer) as connection:
            connection.send(request)
            connection.socket.shutdown(socket.SHUT_WR)
            connection.expect_end()


CONVERSATIONS = [the_type_is_kept, head_has_no_body, every_method_and_path_has_the_echo, many_are_answered_in_order, continue_comes_before_the_body,
                 continue_is_not_said_in_http_1_0, continue_is_not_needed_once_the_body_is_there, close_ends_it,
                 half_a_connection_is_answered, an_aborted_request_is_nobodys]


def cases():
    for name, (request, body) in {**READ, **ALLOWED}.items():
        yield "read", name, lambda peer, r=request, b=body: is_read(peer, r, b)
    for name, (request, body) in READ.items():
        yield "read octet by octet", name, lambda peer, r=request, b=body: is_read(peer, r, b, chop=1)
    for name, (request, statuses) in REFUSED.items():
        yield "refused", name, lambda peer, r=request, s=statuses: is_refused(peer, r, s)
    for name, (request, status) in MISDIRECTED.items():
        yield "misdirected", name, lambda peer, r=request, s=status: is_misdirected(peer, r, s)
    for conversation in CONVERSATIONS:
        yield "conversations", conversation.__name__.replace("_", " "), conversation


def main(shows_each):
    counts, faults = {}, {}
    with Peer() as peer:
        for group, name, run in cases():
            counts[group] = counts.get(group, 0) + 1
            fault = None
            try:
                run(peer)
            except (Broken, OSError) as error:
                fault = str(error) or type(error).__name__
                faults.setdefault(group, []).append(f"    {name}: {fault}")
            if shows_each:
                print(f"{group}: {name}: {fault or 'pass'}", flush=True)
    for group, count in counts.items():
        broken = faults.get(group, [])
        print(f"{group}: {count} cases, {f'{len(broken)} broken' if broken else 'all pass'}", *broken, sep="\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main("--list" in sys.argv[1:]))
