"""The deadlines as they are, not shortened: each connection does one thing, all at once, and the whole takes a little more than the longest,
a minute. A deadline is never early, and on a busy machine it may be late."""

import os
import select
import socket
import sys
import threading
import time
import types
import unittest

from harness import Daemon, main, until

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "conformance"))
from peer import PING, PONG, WebSocket, connect, frame  # noqa: E402

LATE = 20  # seconds a deadline may be late
EARLY = 0.05  # clocks are read on both sides

REQUEST = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"
UPLOAD = b"PUT /api/v1/controllers/1/led HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n"


def descriptors(daemon):
    return len(os.listdir(f"/proc/{daemon.process.pid}/fd"))


class Deadlines(unittest.TestCase):
    def all_at_once(self, *tasks):
        """Runs them side by side; the first failure is the test's."""
        failures = []

        def guarded(task):
            try:
                task()
            except BaseException as error:  # noqa: B902, it is raised below
                failures.append((task.__name__, error))

        threads = [threading.Thread(target=guarded, args=(task,)) for task in tasks]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for name, error in failures:
            raise AssertionError(name) from error

    def open(self):
        connection = connect(self.relayed.port)
        connection.settimeout(60 + LATE)
        self.addCleanup(connection.close)
        return connection

    def ends_after(self, connection, seconds, began):
        """What came until the end of the connection, which must come then."""
        heard = b""
        while True:
            try:
                part = connection.recv(65536)
            except ConnectionResetError:
                part = b""
            if not part:
                break
            heard += part
        took = time.monotonic() - began
        self.assertGreater(took, seconds - EARLY)
        self.assertLess(took, seconds + LATE)
        return heard

    def test_every_deadline_of_a_connection(self):
        self.daemon = Daemon("--simulate", "zcm1")
        self.addCleanup(self.daemon.__exit__, None, None, None)
        self.daemon.wait_for(1)
        self.relayed = types.SimpleNamespace(port=self.daemon.relayed_port())
        self.left = []  # connections that outlived their test
        baseline = descriptors(self.daemon)
        self.all_at_once(self.a_head_has_five_seconds, self.a_head_just_in_time_is_answered, self.a_body_has_ten_seconds,
                         self.a_body_just_in_time_is_answered, self.an_idle_connection_has_a_minute,
                         self.a_connection_used_again_in_time_stays, self.a_websocket_that_never_answers_is_dead_after_45_seconds,
                         self.a_websocket_that_answers_pings_stays, self.five_that_do_not_read_cost_themselves_only,
                         self.an_answer_has_ten_seconds, self.an_answer_that_is_read_just_in_time_comes_whole,
                         self.a_websocket_that_takes_nothing_ends_after_ten_seconds)
        for connection in self.left:
            connection.close()
        until(lambda: descriptors(self.daemon) <= baseline, "every descriptor came back")

    # ---- HTTP

    def a_head_has_five_seconds(self):
        connection, began = self.open(), time.monotonic()
        connection.sendall(REQUEST[:-2])
        self.assertIn(b" 408 ", self.ends_after(connection, 5, began))

    def a_head_just_in_time_is_answered(self):
        connection = self.open()
        connection.sendall(REQUEST[:-2])
        time.sleep(3)
        connection.sendall(REQUEST[-2:])
        self.assertIn(b" 200 ", connection.recv(65536))
        self.left.append(connection)

    def a_body_has_ten_seconds(self):
        connection, began = self.open(), time.monotonic()
        connection.sendall(UPLOAD + b"{")
        self.assertIn(b" 408 ", self.ends_after(connection, 10, began))

    def a_body_just_in_time_is_answered(self):
        connection = self.open()
        connection.sendall(UPLOAD)
        for octet in b'{"color":"red"':  # a little at a time, for longer than a head may take
            connection.sendall(bytes([octet]))
            time.sleep(0.4)
        connection.sendall(b"}")
        self.assertIn(b" 200 ", connection.recv(65536))
        self.left.append(connection)

    def ask_without_reading(self):
        """Asks until nobody takes more: neither the connection's buffers nor psmoved. @return it, and how many requests are out"""
        connection = socket.socket()
        self.addCleanup(connection.close)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        connection.connect(("127.0.0.1", self.daemon.port))
        connection.setblocking(False)
        request, sent, idle = b"GET /docs HTTP/1.1\r\nHost: localhost\r\n\r\n", 0, 0
        while idle < 5:
            at = sent % len(request)
            try:
                sent += connection.send(request[at:] + request * 1000)
                idle = 0
            except BlockingIOError:
                idle += 1
                time.sleep(0.1)
        return connection, sent / len(request)

    def is_cut_off_after(self, connection, seconds, began):
        """Its end is waited for without reading."""
        poll = select.poll()
        poll.register(connection, 0)  # errors and hang-ups are always told
        self.assertTrue(poll.poll((seconds + LATE) * 1000), "it is not cut off")
        took = time.monotonic() - began
        self.assertGreater(took, seconds - EARLY)
        self.assertLess(took, seconds + LATE)

    def an_answer_has_ten_seconds(self):
        began = time.monotonic()
        connection, _ = self.ask_without_reading()
        self.is_cut_off_after(connection, 10, began)

    def an_answer_that_is_read_just_in_time_comes_whole(self):
        began = time.monotonic()
        connection, asked = self.ask_without_reading()
        time.sleep(max(0, began + 7 - time.monotonic()))
        connection.settimeout(LATE)
        answers, heard = 0, b""
        while answers < int(asked) and answers < 20:
            part = connection.recv(1 << 20)
            self.assertTrue(part, f"it ended after {answers} of {asked:.0f} answers")
            heard += part
            while (end := heard.find(b"\r\n\r\n")) >= 0:
                length = int(heard[:end].lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                if len(heard) < end + 4 + length:
                    break
                self.assertTrue(heard.startswith(b"HTTP/1.1 200 "), heard[:100])
                heard, answers = heard[end + 4 + length:], answers + 1
        connection.close()

    def an_idle_connection_has_a_minute(self):
        connection = self.open()
        connection.sendall(REQUEST)
        began = time.monotonic()
        heard = self.ends_after(connection, 60, began)
        self.assertEqual(heard.count(b"HTTP/1.1"), 1, "it ends without a word")

    def a_connection_used_again_in_time_stays(self):
        connection = self.open()
        for _ in range(2):
            connection.sendall(REQUEST)
            self.assertIn(b" 200 ", connection.recv(65536))
            time.sleep(33)
        connection.sendall(REQUEST)
        self.assertIn(b" 200 ", connection.recv(65536))
        self.left.append(connection)

    # ---- WebSocket

    def listen(self, client, seconds, answer):
        """The times at which pings came, since the upgrade."""
        began, pings = time.monotonic(), []
        client.socket.settimeout(60 + LATE)
        while time.monotonic() - began < seconds:
            opcode, payload = client.receive()
            if opcode == PING:
                pings.append(time.monotonic() - began)
                if answer:
                    client.send(frame(PONG, payload))
        return pings

    def a_websocket_that_never_answers_is_dead_after_45_seconds(self):
        began = time.monotonic()
        with WebSocket(self.relayed, "/api/v1/stream") as client:
            client.socket.settimeout(60 + LATE)
            heard = self.ends_after(client.socket, 45, began)
            self.assertGreaterEqual(heard.count(b"\x89\x00"), 2, "pings came before")

    def a_websocket_that_answers_pings_stays(self):
        with WebSocket(self.relayed, "/api/v1/stream") as client:
            pings = self.listen(client, 60, answer=True)
            self.assertGreaterEqual(len(pings), 2)
            self.assertGreater(pings[0], 15 - EARLY)
            client.send(frame(PING, b"still there"))
            while client.receive() != (PONG, b"still there"):
                pass

    def listen_without_reading(self):
        one = socket.socket()
        self.addCleanup(one.close)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one.connect(("127.0.0.1", self.daemon.port))
        one.sendall(b"GET /api/v1/stream?controllers=all HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
        return one

    def a_websocket_that_takes_nothing_ends_after_ten_seconds(self):
        began = time.monotonic()
        self.is_cut_off_after(self.listen_without_reading(), 10, began)  # and the moment in which the buffers fill

    def five_that_do_not_read_cost_themselves_only(self):
        stalled = [self.listen_without_reading() for _ in range(5)]
        with WebSocket(self.relayed, "/api/v1/stream?controllers=1&topics=motion&fields=trigger") as reader:
            dropped, end = set(), time.monotonic() + 25
            while time.monotonic() < end:
                _, message = reader.receive()
                if b'"type":"motion"' in message:
                    dropped.add(message.endswith(b'"dropped":0}'))
            self.assertEqual(dropped, {True}, "it lost nothing")
        for one in stalled:
            one.settimeout(60)
            with self.assertRaises((ConnectionResetError, EOFError)):
                while True:
                    if not one.recv(65536):
                        raise EOFError
            one.close()


if __name__ == "__main__":
    main()
