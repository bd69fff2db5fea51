"""What a program gets from the WebSocket, with a client that is not ours."""

import ast
import asyncio
import os
import re
import socket
import subprocess
import sys
import time
import unittest

import websockets

from harness import Daemon, main, open_stream, until

FIELDS = ["accel_m_s2", "gyro_rad_s", "mag_ut", "orientation", "linear_accel_m_s2", "temperature_c", "trigger", "buttons"]


class StreamTest(unittest.IsolatedAsyncioTestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon("--simulate", "zcm1:motion=wave:name=left,zcm1:name=right")
        cls.daemon.wait_for(2)

    @classmethod
    def tearDownClass(cls):
        cls.daemon.__exit__(None, None, None)

    async def test_hello_is_first_and_says_who_speaks(self):
        async with open_stream(self.daemon) as stream:
            hello = await stream.receive()
            self.assertEqual(hello["type"], "hello")
            self.assertIn("version", hello)
            self.assertIn("time_us", hello)

    async def test_a_query_starts_the_stream_by_itself(self):
        async with open_stream(self.daemon, "?controllers=all&fields=orientation,buttons&max_rate_hz=60") as stream:
            message = await stream.of_type("motion")
            self.assertEqual(set(message["samples"][0]), {"sequence", "time_us", "orientation", "buttons"})
            self.assertEqual(message["dropped"], 0)

    async def test_every_sample_comes_once_and_in_order(self):
        async with open_stream(self.daemon) as stream:
            await stream.subscribe(id="x", controllers=["1"], topics=["motion"])
            last, samples = None, 0
            while samples < 300:
                message = await stream.of_type("motion")
                for sample in message["samples"]:
                    if last is not None:
                        self.assertEqual(sample["sequence"], last + 1)
                    last = sample["sequence"]
                    samples += 1
                    self.assertEqual(set(sample), {"sequence", "time_us", *FIELDS})

    async def test_a_snapshot_follows_and_its_bodies_are_those_of_get(self):
        async with open_stream(self.daemon) as stream:
            answer = await stream.subscribe(id="x", controllers=["*"], topics=["controller"])
            self.assertEqual(answer["id"], "x")
            snapshot = await stream.of_type("snapshot")
            body = self.daemon.get("/api/v1/controllers/1").json
            self.assertEqual(set(snapshot["controllers"][0]), set(body))
            self.assertEqual(snapshot["controllers"][0]["id"], body["id"])

    async def count_for(self, stream, seconds, identity):
        """Motion messages of one controller within so many seconds."""
        end, messages = time.monotonic() + seconds, []
        while time.monotonic() < end:
            message = await stream.of_type("motion")
            if message["controller"] == identity:
                messages.append(message)
        return messages

    async def test_latest_is_at_most_the_rate_and_window_loses_nothing(self):
        identity = self.daemon.get("/api/v1/controllers/1").json["id"]
        async with open_stream(self.daemon) as stream:
            await stream.subscribe(id="l", controllers=["1"], topics=["motion"], max_rate_hz=20)
            latest = await self.count_for(stream, 2, identity)
            self.assertLessEqual(len(latest), 42)
            self.assertGreater(len(latest), 20)
            self.assertTrue(all(len(m["samples"]) == 1 for m in latest))
            await stream.send({"type": "unsubscribe", "id": "l"})
            await stream.of_type("unsubscribed")
            await stream.subscribe(id="w", controllers=["1"], topics=["motion"], max_rate_hz=10, policy="window")
            window = await self.count_for(stream, 2, identity)
            self.assertLessEqual(len(window), 22)
            sequences = [s["sequence"] for m in window for s in m["samples"]]
            self.assertEqual(sequences, list(range(sequences[0], sequences[0] + len(sequences))))

    async def test_edges_are_not_throttled(self):
        async with open_stream(self.daemon) as stream:
            await stream.subscribe(id="b", controllers=["2"], topics=["button", "motion"], max_rate_hz=1)
            path = "/api/v1/controllers/2/simulation"
            for _ in range(3):
                await asyncio.to_thread(self.daemon.patch, path, {"buttons": ["cross"]})
                message = await stream.of_type("button")
                self.assertEqual((message["button"], message["pressed"]), ("cross", True))
                await asyncio.to_thread(self.daemon.patch, path, {"buttons": []})
                message = await stream.of_type("button")
                self.assertEqual((message["button"], message["pressed"]), ("cross", False))

    async def test_set_lights_it_and_the_light_ends_with_the_connection(self):
        async with open_stream(self.daemon) as stream:
            await stream.send({"type": "set", "id": "7", "controllers": ["1"], "led": {"color": "red"},
                               "rumble": {"value": 120, "for_ms": 80}})
            reply = await stream.of_type("reply")
            self.assertEqual(reply["to"], "7")
            self.assertIn(reply["status"], ("applied", "queued"))
            await asyncio.to_thread(until, lambda: self.daemon.shows(1)["red"] == 255, "the light")
        await asyncio.to_thread(until, lambda: self.daemon.shows(1)["red"] == 0, "the light ends")

    async def test_ping_tells_the_time(self):
        async with open_stream(self.daemon) as stream:
            await stream.send({"type": "ping", "t": 12.5})
            pong = await stream.of_type("pong")
            self.assertEqual(pong["t"], 12.5)
            self.assertAlmostEqual(pong["time_us"] / 1e6, time.time(), delta=5)

    async def test_mistakes_are_errors_not_a_close(self):
        async with open_stream(self.daemon) as stream:
            for message, code in (
                    ({"type": "dance"}, "unknown_type"), ("{", "invalid_json"), ({"id": "x"}, None),
                    ({"type": "subscribe", "id": "x", "colour": 1}, "unknown_member"),
                    ({"type": "subscribe", "id": "x", "topics": ["smell"]}, None),
                    ({"type": "subscribe", "id": "x", "max_rate_hz": -1}, "out_of_range"),
                    ({"type": "unsubscribe", "id": "nobody"}, "unknown_subscription"),
                    ({"type": "set", "id": "1", "controllers": ["9"], "led": {"color": "red"}}, None)):
                await stream.send(message)
                error = await stream.receive_until(lambda m: m["type"] in ("error", "reply"))
                if code:
                    self.assertEqual(error["code"], code, error)
            await stream.subscribe(id="x", controllers=["1"])
            await stream.send({"type": "subscribe", "id": "x", "controllers": ["1"]})
            self.assertEqual((await stream.of_type("error"))["code"], "subscription_exists")

    async def test_a_bad_query_or_protocol_is_refused_before_the_upgrade(self):
        for query, options, status in (
                ("?colour=red", {}, 422), ("?max_rate_hz=x", {}, 422),
                ("", {"subprotocols": ["chat"]}, 400), ("", {"origin": "http://evil.example"}, 403),
                ("", {"extra_headers": {"Host": "evil.example"}}, None)):
            with self.assertRaises((websockets.InvalidStatusCode, websockets.InvalidMessage)) as refused:
                async with open_stream(self.daemon, query, **options):
                    pass
            if status:
                self.assertEqual(refused.exception.status_code, status, query)

    async def test_the_protocol_asked_for_is_the_one_spoken(self):
        async with open_stream(self.daemon, subprotocols=["chat", "psmoved.v1+json", "psmoved.v1+cbor"]) as stream:
            self.assertEqual(stream.socket.subprotocol, "psmoved.v1+json")

    async def test_cbor_carries_the_same_messages_both_ways(self):
        async with open_stream(self.daemon, subprotocols=["psmoved.v1+cbor"]) as stream:
            self.assertEqual((await stream.receive())["protocol"], "psmoved.v1+cbor")
            await stream.subscribe(id="x", controllers=["1"], topics=["motion", "button"])
            snapshot = await stream.of_type("snapshot")
            self.assertEqual(set(snapshot["controllers"][0]), set(self.daemon.get("/api/v1/controllers/1").json))
            for _ in range(50):
                message = await stream.of_type("motion")
                self.assertEqual(set(message["samples"][0]), {"sequence", "time_us", *FIELDS})
            await stream.send({"type": "ping", "t": 12.5})
            self.assertEqual((await stream.of_type("pong"))["t"], 12.5)
            await stream.send({"type": "set", "controllers": ["1"], "led": {"color": "red"}})
            self.assertIn((await stream.of_type("reply"))["status"], ("applied", "queued"))
            await stream.socket.send('{"type":"ping"}')
            stream.said.append(("out", '"text"'))
            self.assertEqual((await stream.of_type("error"))["code"], "invalid_cbor")

    def test_the_example_in_the_documents_decodes_records(self):
        folder = os.path.dirname(os.path.abspath(__file__))
        with open(os.path.join(folder, "..", "..", "docs", "stream.md"), encoding="utf-8") as file:
            example = re.search(r"```python\n(.*?)```", file.read(), re.S).group(1)
        identities = {controller["id"] for controller in self.daemon.get("/api/v1/controllers").json}
        with subprocess.Popen([sys.executable, "-c", example, f"ws://127.0.0.1:{self.daemon.relayed_port()}/api/v1/stream"],
                              stdout=subprocess.PIPE, text=True) as process:
            samples = [ast.literal_eval(process.stdout.readline()) for _ in range(200)]
            process.kill()
        self.assertEqual({sample["controller"] for sample in samples}, identities)
        for identity in identities:
            own = [sample["sequence"] for sample in samples if sample["controller"] == identity]
            self.assertEqual(own, list(range(own[0], own[0] + len(own))))
        for sample in samples:
            self.assertAlmostEqual(sum(part * part for part in sample["orientation"]), 1, places=4)
            self.assertAlmostEqual(sample["time_us"] / 1e6, time.time(), delta=60)
            self.assertTrue(sample["has_mag"])

    async def test_the_radio_is_told_once_a_second(self):
        path = "/api/v1/controllers/2/simulation"
        async with open_stream(self.daemon) as stream:
            await stream.subscribe(id="r", controllers=["2"], topics=["radio"], snapshot=False)
            await asyncio.to_thread(self.daemon.patch, path, {"loss": 0.2})
            await stream.of_type("radio")
            first, second = await stream.of_type("radio"), await stream.of_type("radio")
            self.assertAlmostEqual((second["time_us"] - first["time_us"]) / 1e3, second["period_ms"], delta=0.002)
            self.assertGreater(second["loss_percent"], 5)
            self.assertEqual(sum(second["gaps"]["counts"]), second["reports"])
            self.assertIsNone(second["battery_minutes_left"])
            for percent in (80, 60, 40):
                await asyncio.to_thread(self.daemon.patch, path, {"loss": 0, "battery_percent": percent})
                await stream.of_type("radio")
            self.assertEqual((await stream.of_type("radio"))["battery_minutes_left"], 0)
            await asyncio.to_thread(self.daemon.patch, path, {"battery_percent": 100})

    async def test_the_log_is_told(self):
        path = "/api/v1/controllers/2/simulation"
        async with open_stream(self.daemon) as stream:
            await stream.subscribe(id="ops", topics=["log"], snapshot=False)
            await asyncio.to_thread(self.daemon.patch, path, {"link": "down"})
            await asyncio.to_thread(self.daemon.patch, path, {"link": "up"})
            line = await stream.receive_until(lambda m: m.get("message") == "controller attached")
            self.assertEqual((line["level"], line["fields"]["number"]), ("info", "2"))
        await asyncio.to_thread(self.daemon.wait_for, 2)

    async def test_arrivals_and_departures_are_told(self):
        async with open_stream(self.daemon) as stream:
            await stream.subscribe(id="c", controllers=["*"], topics=["controller"])
            await stream.of_type("snapshot")
            path = "/api/v1/controllers/2/simulation"
            await asyncio.to_thread(self.daemon.patch, path, {"link": "down"})
            left = await stream.receive_until(lambda m: m.get("event") == "left")
            self.assertFalse(left["state"]["connected"])
            await asyncio.to_thread(self.daemon.patch, path, {"link": "up"})
            arrived = await stream.receive_until(lambda m: m.get("event") == "arrived")
            self.assertTrue(arrived["state"]["connected"])
        await asyncio.to_thread(self.daemon.wait_for, 2)

    async def test_a_stalled_client_costs_itself_only(self):
        """A client that never reads is cut off; one beside it gets every sample."""
        stalled = socket.socket()
        stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stalled.connect(("127.0.0.1", self.daemon.port))
        stalled.sendall(b"GET /api/v1/stream?controllers=all HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                        b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
        async with open_stream(self.daemon) as stream:
            await stream.subscribe(id="x", controllers=["1"], topics=["motion"])
            last, end = None, time.monotonic() + 14
            while time.monotonic() < end:
                for sample in (await stream.of_type("motion"))["samples"]:
                    self.assertTrue(last is None or sample["sequence"] == last + 1)
                    last = sample["sequence"]
        stalled.settimeout(20)
        with self.assertRaises((ConnectionError, StopIteration)):
            while True:
                if not stalled.recv(65536):
                    raise StopIteration
        stalled.close()


if __name__ == "__main__":
    main()
