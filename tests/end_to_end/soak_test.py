"""Days of use in a short while: clients that come, ask, and leave in every way there is, fifty a second, while seven controllers stream. In
the end nothing is left of them, and who was there all the time has missed nothing. PSMOVED_SOAK_S says how long, 20 s unless told otherwise;
an hour with the release build tells leaks from noise:

    PSMOVED_SOAK_S=3600 PSMOVED_BIN=$PWD/build/release/bin PSMOVED_CONTRACT=$PWD/build/dev/contract tests/end_to_end/soak_test.py
"""

import os
import random
import socket
import struct
import threading
import time
import unittest

from harness import Daemon, main, until
from load_test import Client

SECONDS = float(os.environ.get("PSMOVED_SOAK_S", "20"))
RATE = 50  # visits a second
SAMPLES = 20  # of memory, in the second half
SAMPLE_SECONDS = 20  # one in eight of the visits in that while is judged by the contract

UPGRADE = ("GET /api/v1/stream{} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n")


def metrics(daemon):
    lines = daemon.get("/metrics").body.decode().splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if not line.startswith("#"))}


def alone(daemon):
    """The metrics, once nobody is there but the steady one and who asks for them: a connection is counted off before its file is closed."""
    files = []

    def has_settled():
        now = metrics(daemon)
        files.append(now["process_open_fds"])
        return now["psmoved_connections"] == 2 and len(set(files[-10:])) == 1 and len(files) >= 10 and now

    return until(has_settled, "everybody else has left")


def reset(connection):
    """Ends it as a crash of the client's machine would: with a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


class Visitors:
    """Each visit is one of these; whatever the daemon does about it, it is still there for the next."""

    def __init__(self, port, seed, relayed_port=None):
        """@param relayed_port  where the first visits go, for what is said to be judged by the contract"""
        self.port, self.chance = port, random.Random(seed)
        self.relayed_port, self.relayed_until = relayed_port, time.monotonic() + SAMPLE_SECONDS
        self.done = {}

    def connect(self, data=""):
        is_relayed = self.relayed_port and time.monotonic() < self.relayed_until
        connection = socket.create_connection(("127.0.0.1", self.relayed_port if is_relayed else self.port), 10)
        connection.sendall(data.encode())
        return connection

    def comes_and_goes(self):
        self.connect().close()

    def is_cut_off(self):
        reset(self.connect("GET /api/v1/contr"))

    def asks_and_leaves_before_the_answer(self):
        reset(self.connect("GET /api/v1/controllers HTTP/1.1\r\nHost: localhost\r\n\r\n"))

    def asks_and_says_no_more(self):
        with self.connect("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n") as connection:
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                continue

    def waits_and_leaves(self):
        connection = self.connect("GET /api/v1/controllers/1/sensors?wait=next HTTP/1.1\r\nHost: localhost\r\n\r\n")
        time.sleep(self.chance.random() * 0.02)
        reset(connection)

    def lights(self):
        body = f"red={self.chance.randrange(256)}"
        path = f"/api/v1/controllers/{self.chance.randrange(1, 8)}/led"
        with self.connect(f"PUT {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {len(body)}\r\n"
                          f"Content-Type: application/x-www-form-urlencoded\r\n\r\n{body}") as connection:
            while connection.recv(65536):
                continue

    def reads_events(self):
        with self.connect("GET /api/v1/events?topics=motion HTTP/1.1\r\nHost: localhost\r\n\r\n") as connection:
            for _ in range(self.chance.randrange(1, 5)):
                connection.recv(65536)

    def streams(self):
        policy = self.chance.choice(("all", "latest", "window"))
        rate = f"&max_rate_hz={self.chance.randrange(1, 200)}" if policy != "all" else ""
        connection = self.connect(UPGRADE.format(f"?controllers=all&policy={policy}{rate}"))
        for _ in range(self.chance.randrange(1, 5)):
            connection.recv(65536)
        self.chance.choice((reset, socket.socket.close))(connection)

    def stalls(self):
        connection = self.connect(UPGRADE.format("?controllers=all"))
        time.sleep(0.1 + self.chance.random() / 5)
        reset(connection)

    def breaks_off_in_a_frame(self):
        connection = self.connect(UPGRADE.format(""))
        connection.recv(4096)
        connection.sendall(b"\x81\xfe\x40")
        connection.close()

    def subscribes(self):
        connection = self.connect(UPGRADE.format(""))
        connection.recv(4096)
        for i in range(5):
            text = b'{"type":"subscribe","id":"%d","topics":["motion","button"],"snapshot":false}' % i
            connection.sendall(struct.pack(">BBI", 0x81, 0x80 | len(text), 0) + text)
        connection.sendall(struct.pack(">BBIH", 0x88, 0x82, 0, 1000))
        while connection.recv(65536):
            continue
        connection.close()

    def run(self, until_when):
        visits = [getattr(self, name) for name in ("comes_and_goes", "is_cut_off", "asks_and_leaves_before_the_answer", "asks_and_says_no_more",
                                                   "waits_and_leaves", "lights", "reads_events", "streams", "stalls",
                                                   "breaks_off_in_a_frame", "subscribes")]
        due = time.monotonic()
        while due < until_when:
            visit = self.chance.choice(visits)
            try:
                visit()
            except (ConnectionError, TimeoutError) as error:
                self.done[f"{visit.__name__}: {type(error).__name__}"] = self.done.get(f"{visit.__name__}: {type(error).__name__}", 0) + 1
            self.done[visit.__name__] = self.done.get(visit.__name__, 0) + 1
            due += 8 / RATE  # eight of them share the rate
            time.sleep(max(0, due - time.monotonic()))


def slope(points):
    """Of the straight line through them, by least squares."""
    mean_x, mean_y = (sum(values) / len(points) for values in zip(*points))
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points)


class SoakTest(unittest.TestCase):
    def test_nothing_is_left_of_those_who_came_and_went(self):
        with Daemon("--simulate", "7xzcm1:motion=wave") as daemon:
            daemon.wait_for(7)
            steady, problems, seen = Client(daemon), [], {}
            steady.send(type="subscribe", id="steady", controllers=["*"], topics=["motion"], fields=["trigger"], snapshot=False)
            steady.receive_until("motion")
            is_over = threading.Event()

            def watch():
                try:
                    while not is_over.is_set():
                        message = steady.receive_until("motion")
                        first, last = (message["samples"][i]["sequence"] for i in (0, -1))
                        if message["dropped"] or first != seen.get(message["controller"], first - 1) + 1:
                            problems.append(message)
                        seen[message["controller"]] = last
                except Exception as error:  # what it is decides nothing: the test fails with it
                    problems.append(error)

            watcher = threading.Thread(target=watch, daemon=True)
            watcher.start()
            baseline = alone(daemon)
            end = time.monotonic() + SECONDS
            visitors = [Visitors(daemon.port, seed, daemon.relayed_port() if seed == 0 else None) for seed in range(8)]
            crowd = [threading.Thread(target=each.run, args=(end,), daemon=True) for each in visitors]
            for each in crowd:
                each.start()
            memory = []
            while (now := time.monotonic()) < end:
                if now > end - SECONDS / 2:
                    memory.append((now, metrics(daemon)["process_resident_memory_bytes"]))
                time.sleep(SECONDS / 2 / SAMPLES)
            for each in crowd:
                each.join()
            self.assertEqual(problems[:3], [])
            after = alone(daemon)
            is_over.set()
            watcher.join()
            steady.socket.close()

            self.assertEqual(problems[:3], [])
            # What no visitor meant to do wrong was not refused.
            self.assertEqual(after.get('psmoved_stream_connections_closed_total{code="1002"}', 0), 0)
            self.assertEqual(len(seen), 7)
            visits = sum(count for each in visitors for name, count in each.done.items() if ":" not in name)
            self.assertGreater(visits, SECONDS * RATE / 4)
            self.assertEqual(after["process_open_fds"], baseline["process_open_fds"])
            for name in ('psmoved_stream_connections{transport="websocket"}', 'psmoved_stream_connections{transport="sse"}',
                         "psmoved_stream_subscriptions", "psmoved_stream_groups", "process_threads"):
                self.assertEqual(after[name], baseline[name], name)
            self.assertEqual(after.get('psmoved_http_requests_total{method="GET",code="5xx"}', 0), 0)
            grown = after["process_resident_memory_bytes"] - baseline["process_resident_memory_bytes"]
            growth = slope(memory)
            print(f"{visits} visits; {grown / 1024:.0f} KiB more than at first, {growth * 3600 / 1024:.0f} KiB an hour", flush=True)
            # The sanitizer keeps what was freed for a while, and maps terabytes.
            if after["process_virtual_memory_bytes"] < 1 << 40:
                self.assertLess(grown, 4 << 20)
                # A leak of 100 bytes a visit would be 5000 a second; over minutes the noise is far below that.
                self.assertLess(growth, 5000 if SECONDS >= 300 else 50_000)


if __name__ == "__main__":
    main()
