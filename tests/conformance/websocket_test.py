"""The cases of the Autobahn test suite (fuzzingclient, sections 1 to 7, 9 and 10), stated anew, against the daemon's own sessions.
The numbers are the suite's, so that its documentation can be looked up. Compression (12, 13) is not spoken here. Where the suite
calls a behaviour non-strict, only the strict one passes. With arguments (6.4, 7.1.6), only those sections and cases are run; with --list,
each has its line."""

import itertools
import struct
import sys
import time
import traceback

from peer import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Broken, Peer, WebSocket, frame

NORMAL, PROTOCOL_ERROR, INVALID_PAYLOAD = 1000, 1002, 1007
SILENCE = object()  # a step: nothing may come for a while
SILENCE_SECONDS = 0.2
LARGEST = 16 * 2**20
LEAST = 100  # where less is taken than a daemon takes


class Case:
    """What is sent, in steps (octets of one send each, or SILENCE), and what must come of it.
    @param hears  (opcode, payload) in their order
    @param fails_with  the code with which the peer must give up; None: it must not, and closes when asked
    @param closes  the code with which the steps close by themselves, as the peer must answer it"""

    def __init__(self, number, steps, hears=(), fails_with=None, closes=()):
        self.number, self.steps, self.hears = number, steps, list(hears)
        self.fails_with, self.closes = fails_with, closes

    @property
    def section(self):
        return int(self.number.partition(".")[0])

    def open(self, peer):
        return WebSocket(peer)

    def run(self, peer):
        with self.open(peer) as client:
            try:
                for step in self.steps:
                    if step is SILENCE:
                        client.expect_silence(SILENCE_SECONDS)
                    else:
                        client.send(step)
            except (BrokenPipeError, ConnectionResetError):
                if self.fails_with is None:
                    raise Broken("it hung up while it was sent to") from None
            for wanted in self.hears:
                self.same(client.receive(), wanted)
            if self.fails_with is None and not self.closes:
                client.send(close(NORMAL))
            code = self.fails_with if self.fails_with is not None else self.closes[0] if self.closes else NORMAL
            self.same(client.receive(), (CLOSE, code))
            client.expect_end()

    @staticmethod
    def same(heard, wanted):
        if heard != wanted:
            raise Broken(f"heard {brief(heard)}, not {brief(wanted)}")


class Tight(Case):
    """Against a peer that takes LEAST octets."""


class Opened(Case):
    """An echo over a WebSocket that was asked for in some way of its own."""

    def __init__(self, number, **how):
        super().__init__(number, [frame(TEXT, b"hello")], [(TEXT, b"hello")])
        self.how = how

    def open(self, peer):
        return WebSocket(peer, **self.how)


class RoundTrips(Case):
    """So many messages, each sent when the one before has come back."""

    def __init__(self, number, count, kind, payload):
        super().__init__(number, [frame(kind, payload)])
        self.count, self.kind, self.payload = count, kind, payload

    def run(self, peer):
        with WebSocket(peer) as client:
            for _ in range(self.count):
                client.send(self.steps[0])
                self.same(client.receive(), (self.kind, self.payload))
            client.send(close(NORMAL))
            self.same(client.receive(), (CLOSE, NORMAL))
            client.expect_end()


def brief(heard):
    text = repr(heard)
    return text if len(text) < 90 else text[:90] + "..."


def close(code=None, reason=b""):
    return frame(CLOSE, (b"" if code is None else struct.pack("!H", code)) + reason)


def chops(data, size):
    """The same octets in sends of that size."""
    return [data[i:i + size] for i in range(0, len(data), size)]


def fragments(kind, *parts):
    """One message, one frame for each part."""
    last = len(parts) - 1
    return [frame(CONTINUATION if i else kind, part, final=i == last) for i, part in enumerate(parts)]


def together(*frames):
    return [b"".join(frames)]


def octets(*frames):
    return chops(b"".join(frames), 1)


def numbered(prefix, start=1):
    return (f"{prefix}.{i}" for i in itertools.count(start))


# ---- 1: text and binary messages of every form of length

def framing():
    for group, kind, payload in ((1, TEXT, b"*"), (2, BINARY, b"\xfe")):
        for number, size, chop in zip(numbered(f"1.{group}"), (0, 125, 126, 127, 128, 65535, 65536, 65536), [None] * 7 + [997]):
            whole = frame(kind, payload * size)
            yield Case(number, chops(whole, chop) if chop else [whole], [(kind, payload * size)])


# ---- 2: pings and pongs

def pings():
    longest = b"\xfe" * 125
    several = [frame(PING, b"payload-%d" % i) for i in range(10)]
    answers = [(PONG, b"payload-%d" % i) for i in range(10)]
    yield Case("2.1", [frame(PING)], [(PONG, b"")])
    yield Case("2.2", [frame(PING, b"Hello, world!")], [(PONG, b"Hello, world!")])
    yield Case("2.3", [frame(PING, b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff")], [(PONG, b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff")])
    yield Case("2.4", [frame(PING, longest)], [(PONG, longest)])
    yield Case("2.5", [frame(PING, longest + b"\xfe")], fails_with=PROTOCOL_ERROR)
    yield Case("2.6", octets(frame(PING, longest)), [(PONG, longest)])
    yield Case("2.7", [frame(PONG), SILENCE])
    yield Case("2.8", [frame(PONG, b"unsolicited"), SILENCE])
    yield Case("2.9", [frame(PONG, b"unsolicited"), frame(PING, b"a ping")], [(PONG, b"a ping")])
    yield Case("2.10", together(*several), answers)
    yield Case("2.11", octets(*several), answers)


# ---- 3: reserved bits

def reserved_bits():
    text, ping = frame(TEXT, b"small"), frame(PING)
    echo = [(TEXT, b"small")]
    yield Case("3.1", [frame(TEXT, b"small", reserved=1)], fails_with=PROTOCOL_ERROR)
    yield Case("3.2", together(text, frame(TEXT, b"small", reserved=2), ping), echo, fails_with=PROTOCOL_ERROR)
    yield Case("3.3", [text, frame(TEXT, b"small", reserved=3), ping], echo, fails_with=PROTOCOL_ERROR)
    yield Case("3.4", octets(text, frame(TEXT, b"small", reserved=4), ping), echo, fails_with=PROTOCOL_ERROR)
    yield Case("3.5", [frame(BINARY, b"\xff" * 8, reserved=5)], fails_with=PROTOCOL_ERROR)
    yield Case("3.6", [frame(PING, b"small", reserved=6)], fails_with=PROTOCOL_ERROR)
    yield Case("3.7", [frame(CLOSE, reserved=7)], fails_with=PROTOCOL_ERROR)


# ---- 4: opcodes that have no meaning

def opcodes():
    text, ping = frame(TEXT, b"small"), frame(PING)
    echo = [(TEXT, b"small")]
    for group, base in ((1, 3), (2, 11)):
        yield Case(f"4.{group}.1", [frame(base)], fails_with=PROTOCOL_ERROR)
        yield Case(f"4.{group}.2", [frame(base + 1, b"reserved")], fails_with=PROTOCOL_ERROR)
        yield Case(f"4.{group}.3", together(text, frame(base + 2), ping), echo, fails_with=PROTOCOL_ERROR)
        yield Case(f"4.{group}.4", [text, frame(base + 3, b"reserved"), ping], echo, fails_with=PROTOCOL_ERROR)
        yield Case(f"4.{group}.5", octets(text, frame(base + 4, b"reserved"), ping), echo, fails_with=PROTOCOL_ERROR)


# ---- 5: fragments

def three_ways(prefix, start, frames, *what, **more):
    """The same frames in one send, in one send each, and octet by octet."""
    for i, steps in enumerate((together(*frames), list(frames), octets(*frames))):
        yield Case(f"{prefix}.{start + i}", steps, *what, **more)


def fragmentation():
    yield Case("5.1", fragments(PING, b"one", b"two"), fails_with=PROTOCOL_ERROR)
    yield Case("5.2", fragments(PONG, b"one", b"two"), fails_with=PROTOCOL_ERROR)
    one, two = fragments(TEXT, b"one", b"two")
    yield from three_ways(5, 3, [one, two], [(TEXT, b"onetwo")])
    yield from three_ways(5, 6, [one, frame(PING, b"between"), two], [(PONG, b"between"), (TEXT, b"onetwo")])
    text = frame(TEXT, b"Hello, world!")
    for start, final in ((9, True), (12, False)):
        yield from three_ways(5, start, [frame(CONTINUATION, b"of nothing", final=final), text], fails_with=PROTOCOL_ERROR)
    yield Case("5.15", together(one, two, frame(CONTINUATION, b"of nothing", final=False), text), [(TEXT, b"onetwo")],
               fails_with=PROTOCOL_ERROR)
    for number, final in (("5.16", False), ("5.17", True)):
        once = [frame(CONTINUATION, b"of nothing", final=final), frame(TEXT, b"begun", final=False), frame(CONTINUATION, b"ended")]
        yield Case(number, once + once, fails_with=PROTOCOL_ERROR)
    yield Case("5.18", [frame(TEXT, b"one", final=False), frame(TEXT, b"two")], fails_with=PROTOCOL_ERROR)
    parts = fragments(TEXT, b"1", b"2", b"3", b"4", b"5")
    heard = [(PONG, b"p1"), (PONG, b"p2"), (TEXT, b"12345")]
    first, second = [*parts[:2], frame(PING, b"p1")], [*parts[2:4], frame(PING, b"p2"), parts[4]]
    # The first pong does not wait for the rest; the wait is the suite's.
    for number, way in (("5.19", together), ("5.20", lambda *frames: list(frames))):
        yield Pause(number, way(*first), [(PONG, b"p1")], way(*second), heard[1:])


class Pause(Case):
    """Half of it, what must be heard of that, a while of silence, and the other half."""

    def __init__(self, number, first, heard_first, second, heard_second):
        super().__init__(number, second, heard_second)
        self.first, self.heard_first = first, heard_first

    def run(self, peer):
        with WebSocket(peer) as client:
            for step in self.first:
                client.send(step)
            for wanted in self.heard_first:
                self.same(client.receive(), wanted)
            client.expect_silence(SILENCE_SECONDS)
            for step in self.steps:
                client.send(step)
            for wanted in self.hears:
                self.same(client.receive(), wanted)
            client.send(close(NORMAL))
            self.same(client.receive(), (CLOSE, NORMAL))
            client.expect_end()


# ---- 6: UTF-8

KOSME = "\u03ba\u1f79\u03c3\u03bc\u03b5".encode()
assert len(KOSME) == 11  # kosme: U+1F79 takes three octets


def is_utf8(data):
    try:
        data.decode("utf-8")
        return True
    except UnicodeDecodeError:
        return False


def lonely_starts(first, end):
    return b"".join(bytes([octet, 0x20]) for octet in range(first, end))


def sequences():
    """Section 6.5 and on: texts of Markus Kuhn's UTF-8 decoder test and their kin, by group. Which of them are valid is left to
    Python's decoder: one that shares nothing with ours."""
    h = bytes.fromhex
    incomplete = [h(x) for x in ("c0", "e080", "f08080", "f8808080", "fc80808080", "df", "efbf", "f7bfbf", "fbbfbfbf", "fdbfbfbfbf")]
    yield [b"hello%sworld" % c.encode() for c in "$\u00a2\u20ac\U00024b62"] + [KOSME]
    yield [KOSME[:i] for i in range(1, len(KOSME) + 1)]
    yield [b"\x00", h("c280"), h("e0a080"), h("f0908080")]  # the first of each length
    yield [h("f888808080"), h("fc8480808080")]
    yield [b"\x7f", h("dfbf"), h("efbfbf"), h("f48fbfbf")]  # the last
    yield [h("f7bfbfbf"), h("fbbfbfbfbf"), h("fdbfbfbfbfbf")]
    yield [h("ed9fbf"), h("ee8080"), h("efbfbd"), h("f48fbfbf"), h("f4908080")]  # on either side of what is not allowed
    yield [(b"\x80\xbf" * 3)[:1], b"\xbf"] + [(b"\x80\xbf" * 3)[:i] for i in range(2, 7)] + [bytes(range(0x80, 0xBF))]
    yield [lonely_starts(*r) for r in ((0xC0, 0xDF), (0xE0, 0xEF), (0xF0, 0xF7), (0xF8, 0xFB), (0xFC, 0xFD))]
    yield incomplete
    yield [b"".join(incomplete)]
    yield [b"\xfe", b"\xff", h("fefeffff")]
    yield [h("c0af"), h("e080af"), h("f08080af"), h("f8808080af"), h("fc80808080af")]  # overlong: a slash,
    yield [h("c1bf"), h("e09fbf"), h("f08fbfbf"), h("f887bfbfbf"), h("fc83bfbfbfbf")]  # the longest of each,
    yield [h("c080"), h("e08080"), h("f0808080"), h("f880808080"), h("fc8080808080")]  # NUL
    surrogates = [h(x) for x in ("eda080", "edadbf", "edae80", "edafbf", "edb080", "edbe80", "edbfbf")]
    yield surrogates
    yield [high + low for high in surrogates[:4] for low in (surrogates[4], surrogates[6])]
    # The last two code points of every plane are no characters, and yet valid.
    planes = [chr(plane << 16 | 0xFFFE | last).encode() for plane in range(17) for last in (0, 1)]
    yield planes
    yield [chr(code).encode() for code in range(0xFFF9, 0x10000)]


def utf8():
    text = "Hello-µ@ßöäüàá-UTF-8!!".encode()
    bad = KOSME + b"\xed\xa0\x80edited"
    yield Case("6.1.1", [frame(TEXT)], [(TEXT, b"")])
    yield Case("6.1.2", fragments(TEXT, b"", b"", b""), [(TEXT, b"")])
    yield Case("6.1.3", fragments(TEXT, b"", b"middle", b""), [(TEXT, b"middle")])
    yield Case("6.2.1", [frame(TEXT, text)], [(TEXT, text)])
    yield Case("6.2.2", fragments(TEXT, text[:12], text[12:]), [(TEXT, text)])
    yield Case("6.2.3", fragments(TEXT, *chops(text, 1)), [(TEXT, text)])
    yield Case("6.2.4", fragments(TEXT, *chops(KOSME, 1)), [(TEXT, KOSME)])
    yield Case("6.3.1", [frame(TEXT, bad)], fails_with=INVALID_PAYLOAD)
    yield Case("6.3.2", fragments(TEXT, *chops(bad, 1)), fails_with=INVALID_PAYLOAD)
    # It gives up at the octet that cannot be right: what would follow is never sent. That octet is the second of U+110000.
    beyond = KOSME + b"\xf4\x90\x80\x80edited"
    yield Case("6.4.1", [frame(TEXT, beyond[:11], final=False), SILENCE, frame(CONTINUATION, beyond[11:15], final=False)],
               fails_with=INVALID_PAYLOAD)
    yield Case("6.4.2", [frame(TEXT, beyond[:12], final=False), SILENCE, frame(CONTINUATION, beyond[12:13], final=False)],
               fails_with=INVALID_PAYLOAD)
    whole = frame(TEXT, beyond)
    head = len(whole) - len(beyond)
    yield Case("6.4.3", [whole[:head + 11], SILENCE, whole[head + 11:head + 15]], fails_with=INVALID_PAYLOAD)
    yield Case("6.4.4", [whole[:head + 12], SILENCE, whole[head + 12:head + 13]], fails_with=INVALID_PAYLOAD)
    for group, texts in enumerate(sequences(), start=5):
        for number, data in zip(numbered(f"6.{group}"), texts):
            if is_utf8(data):
                yield Case(number, [frame(TEXT, data)], [(TEXT, data)])
            else:
                yield Case(number, [frame(TEXT, data)], fails_with=INVALID_PAYLOAD)


# ---- 7: closing

def closing():
    echo, text = [(TEXT, b"Hello World!")], frame(TEXT, b"Hello World!")
    yield Case("7.1.1", [text, close(NORMAL)], echo, closes=[NORMAL])
    yield Case("7.1.2", together(close(NORMAL), close(NORMAL)), closes=[NORMAL])
    yield Case("7.1.3", together(close(NORMAL), frame(PING)), closes=[NORMAL])
    yield Case("7.1.4", together(close(NORMAL), text), closes=[NORMAL])
    one, two = fragments(TEXT, b"one", b"two")
    yield Case("7.1.5", together(one, close(NORMAL), two), closes=[NORMAL])
    large = b"BAsd7&jh23" * 26215
    large = large[:256 * 1024]
    yield Case("7.1.6", [frame(TEXT, large), text, close(NORMAL), frame(PING)], [(TEXT, large), *echo], closes=[NORMAL])
    yield Case("7.3.1", [close()], closes=[None])
    yield Case("7.3.2", [frame(CLOSE, b"a")], fails_with=PROTOCOL_ERROR)
    yield Case("7.3.3", [close(NORMAL)], closes=[NORMAL])
    yield Case("7.3.4", [close(NORMAL, b"Hello World!")], closes=[NORMAL])
    yield Case("7.3.5", [close(NORMAL, b"*" * 123)], closes=[NORMAL])
    yield Case("7.3.6", [close(NORMAL, b"*" * 124)], fails_with=PROTOCOL_ERROR)
    yield Case("7.5.1", [close(NORMAL, KOSME + b"\xed\xa0\x80edited")], fails_with=INVALID_PAYLOAD)
    for number, code in zip(numbered("7.7"), (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999)):
        yield Case(number, [close(code)], closes=[code])
    for number, code in zip(numbered("7.9"), (0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999)):
        yield Case(number, [close(code)], fails_with=PROTOCOL_ERROR)
    # What the RFC says nothing about; the suite takes any behaviour, ours is this one.
    for number, code in (("7.13.1", 5000), ("7.13.2", 65535)):
        yield Case(number, [close(code)], fails_with=PROTOCOL_ERROR)


# ---- 9: large messages, and many

def limits():
    kilo, mega = 2**10, 2**20
    for text_group, kind, octet in ((1, TEXT, b"*"), (2, BINARY, b"\xfe")):
        for number, size in zip(numbered(f"9.{text_group}"), (64 * kilo, 256 * kilo, mega, 4 * mega, 8 * mega, LARGEST)):
            yield Case(number, [frame(kind, octet * size)], [(kind, octet * size)])
    for group, kind, octet in ((3, TEXT, b"*"), (4, BINARY, b"\xfe")):
        data = octet * (4 * mega)
        for number, size in zip(numbered(f"9.{group}"), (64, 256, kilo, 4 * kilo, 16 * kilo, 64 * kilo, 256 * kilo, mega, 4 * mega)):
            yield Case(number, together(*fragments(kind, *chops(data, size))), [(kind, data)])
    for group, kind, octet in ((5, TEXT, b"*"), (6, BINARY, b"\xfe")):
        data = octet * mega
        for number, size in zip(numbered(f"9.{group}"), (64, 128, 256, 512, kilo, 2 * kilo)):
            yield Case(number, chops(frame(kind, data), size), [(kind, data)])
    for group, kind, octet in ((7, TEXT, b"*"), (8, BINARY, b"\xfe")):
        for number, size in zip(numbered(f"9.{group}"), (0, 16, 64, 256, kilo, 4 * kilo)):
            yield RoundTrips(number, 1000, kind, octet * size)


# ---- 10: a message cut by its sender wherever it likes

def automatic_fragments():
    data = b"*" * 65536
    yield Case("10.1.1", fragments(TEXT, *chops(data, 1300)), [(TEXT, data)])


def needs_more_room(case):
    """More than a daemon takes by itself: messages of 16 KiB in 64 fragments."""
    return any(len(payload) > 16 * 1024 for _, payload in case.hears) or case.number.startswith(("9.3", "9.4"))


def own_bounds():
    """Not of the suite: the bounds that a daemon has by itself, at them and one over."""
    most = b"*" * (16 * 1024)
    yield Case("0.1", [frame(TEXT, most)], [(TEXT, most)])
    yield Case("0.2", [frame(TEXT, most + b"*")], fails_with=1009)
    yield Case("0.3", fragments(TEXT, most[:-1], b"**"), fails_with=1009)
    yield Case("0.4", fragments(BINARY, *[b"x"] * 64), [(BINARY, b"x" * 64)])
    yield Case("0.5", fragments(BINARY, *[b"x"] * 65), fails_with=1009)
    yield Case("0.6", [b"\x82\xff\x7f" + b"\xff" * 7 + b"mask"], fails_with=1009)  # told from the head alone
    # What a suite may open it with.
    yield Opened("0.7", target="/?agent=psmoved&case=1")
    yield Opened("0.8", fields="Sec-WebSocket-Protocol: chat, superchat\r\n")
    yield Opened("0.9", fields="Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n")
    yield Opened("0.10", host="::1")
    # With less room than a daemon has.
    yield Tight("0.11", [frame(TEXT, b"*" * LEAST)], [(TEXT, b"*" * LEAST)])
    yield Tight("0.12", [frame(TEXT, b"*" * (LEAST + 1))], fails_with=1009)


GROUPS = {"0 bounds of our own": own_bounds, "1 framing": framing, "2 pings and pongs": pings, "3 reserved bits": reserved_bits,
          "4 opcodes": opcodes, "5 fragmentation": fragmentation, "6 UTF-8": utf8, "7 closing": closing, "9 limits": limits,
          "10 automatic fragments": automatic_fragments}


def why_broken(case, peer):
    try:
        case.run(peer)
    except (Broken, OSError) as error:
        return str(error) or type(error).__name__
    except Exception:
        return traceback.format_exc()
    return None


def main(chosen, shows_each):
    broken = 0
    with Peer() as ordinary, Peer("--max-message", str(LARGEST)) as roomy, Peer("--max-message", str(LEAST)) as tight:
        for name, cases in GROUPS.items():
            began, count, faults = time.monotonic(), 0, []
            for case in cases():
                if chosen and not (case.number + ".").startswith(chosen):
                    continue
                count += 1
                fault = why_broken(case, tight if isinstance(case, Tight) else roomy if needs_more_room(case) else ordinary)
                if shows_each:
                    print(f"{case.number}: {fault or 'pass'}", flush=True)
                if fault:
                    faults.append(f"    {case.number}: {fault}")
            if count:
                verdict = f"{len(faults)} broken" if faults else "all pass"
                print(f"{name}: {count} cases, {verdict} ({time.monotonic() - began:.1f} s)")
                print(*faults, sep="\n", end="\n" if faults else "", flush=True)
            broken += len(faults)
    return 1 if broken else 0


if __name__ == "__main__":
    arguments = [argument for argument in sys.argv[1:] if argument != "--list"]
    sys.exit(main(tuple(argument + "." for argument in arguments), "--list" in sys.argv))
