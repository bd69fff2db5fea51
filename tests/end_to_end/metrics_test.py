"""GET /metrics: what it says is what happened, Prometheus can read it, and operations.md explains all of it."""

import asyncio
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
import unittest

from harness import BIN, Daemon, main, open_stream, recording, relay, until

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
OPENMETRICS = "application/openmetrics-text"
# As Prometheus asks.
PROMETHEUS = f"{OPENMETRICS};version=1.0.0;q=0.5,{OPENMETRICS};version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
ONE = '{controller="00:06:f7:00:00:01"}'


def promtool():
    path = shutil.which("promtool") or os.path.join(ROOT, "build/tools/usr/bin/promtool")
    if not os.path.exists(path):
        raise unittest.SkipTest("there is no promtool; it is in Debian's package prometheus, and ./dev test fetches it")
    return path


def parsed(text):
    """Every sample by its name and labels, as they stand."""
    return {name: float(value) for name, value in re.findall(r"^([^#\n].*) (\S+)$", text, flags=re.M)}


def metrics(daemon):
    return parsed(daemon.get("/metrics").body.decode())


class MetricsTest(unittest.TestCase):
    def test_prometheus_can_read_it_whatever_a_controller_is_called(self):
        with Daemon("--simulate", "zcm1,zcm2,navigation") as daemon:
            daemon.wait_for(3)
            self.assertEqual(daemon.patch("/api/v1/controllers/1", {"name": 'a "b\\c {d} 1'}).status, 200)
            answer = daemon.get("/metrics")
            self.assertEqual(answer.headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
            self.assertIn('name="a \\"b\\\\c {d} 1"', answer.body.decode())
            checked = subprocess.run([promtool(), "check", "metrics"], input=answer.body, capture_output=True)
            self.assertEqual((checked.returncode, checked.stdout + checked.stderr), (0, b""))

    def test_the_rules_for_alerts_are_rules_and_name_what_is_there(self):
        path = os.path.join(ROOT, "docs/psmoved-alerts.yml")
        with Daemon("--simulate", "zcm1") as daemon, open(path) as file:
            daemon.wait_for(1)
            names = set(re.findall(r"\b(psmoved_\w+)", file.read()))
            self.assertEqual(names - set(re.findall(r"^# TYPE (\w+)", daemon.get("/metrics").body.decode(), flags=re.M)), set())
        checked = subprocess.run([promtool(), "check", "rules", path], capture_output=True, text=True)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)

    def test_openmetrics_says_the_same_and_ends(self):
        with Daemon("--simulate", "zcm1") as daemon:
            daemon.wait_for(1)
            answer = daemon.get("/metrics", headers={"Accept": PROMETHEUS})
            self.assertEqual(answer.headers["Content-Type"], f"{OPENMETRICS}; version=1.0.0; charset=utf-8")
            self.assertEqual(answer.headers["Vary"], "Accept")
            text = answer.body.decode()
            self.assertTrue(text.endswith("\n# EOF\n"))
            self.assertEqual(text.count("# EOF"), 1)
            self.assertEqual(parsed(text).keys(), metrics(daemon).keys())
            for family, kind in re.findall(r"^# TYPE (\S+) (\S+)$", text, flags=re.M):
                self.assertFalse(family.endswith(("_total", "_info")), family)
                self.assertIn(kind, ("counter", "gauge", "histogram", "info"))
            head = daemon.request("HEAD", "/metrics")
            self.assertEqual((head.status, head.body), (200, b""))

    def test_each_is_explained_and_nothing_else_is(self):
        with open(os.path.join(ROOT, "docs/operations.md")) as file:
            explained = set(re.findall(r"`((?:psmoved|process)_\w+)`", " ".join(re.findall(r"^\| (`p[^|]*) \|", file.read(), flags=re.M))))
        with Daemon() as daemon:
            said = set(re.findall(r"^# TYPE (\S+)", daemon.get("/metrics").body.decode(), flags=re.M))
        self.assertEqual(said, explained)

    def test_it_names_controllers_so_it_takes_a_token_where_one_is_needed(self):
        with tempfile.TemporaryDirectory() as state:
            made = subprocess.run([os.path.join(BIN, "psmoved"), "--state-dir", state, "--create-token", "prometheus:read"],
                                  capture_output=True, text=True, check=True)
            with Daemon("--require-token", state=state) as daemon:
                self.assertEqual(daemon.get("/metrics").status, 401)
                self.assertEqual(daemon.get("/metrics", headers={"Authorization": "Bearer psm_wrong"}).status, 401)
                bearer = {"Authorization": f"Bearer {made.stdout.strip()}"}
                answer = daemon.get("/metrics", headers=bearer)
                self.assertEqual(answer.status, 200)
                self.assertEqual(parsed(answer.body.decode())["psmoved_tokens_refused_total"], 1)


class ControllerTest(unittest.TestCase):
    def setUp(self):
        self.daemon = Daemon("--simulate", "zcm1:motion=wave")
        self.addCleanup(self.daemon.__exit__, None, None, None)
        self.daemon.wait_for(1)

    def simulate(self, **what):
        self.assertEqual(self.daemon.patch("/api/v1/controllers/1/simulation", what).status, 200)

    def go_away(self):
        self.simulate(link="down")
        until(lambda: metrics(self.daemon)[f"psmoved_controller_connected{ONE}"] == 0, "the controller is away")
        return metrics(self.daemon)

    def test_reports_are_counted_exactly(self):
        time.sleep(0.5)
        self.simulate(loss=0.2)
        time.sleep(0.5)
        after = self.go_away()
        newest = self.daemon.get("/api/v1/controllers/1/sensors").json["sequence"]
        reports = after['psmoved_controller_reports_total{controller="00:06:f7:00:00:01",transport="bluetooth"}']
        lost = after[f"psmoved_reports_lost_total{ONE}"]
        # Two samples for each report, and those that were lost have their numbers, too.
        self.assertEqual(reports + lost, (newest + 1) / 2)
        self.assertGreater(lost, 0)
        self.assertEqual(after['psmoved_controller_reports_total{controller="00:06:f7:00:00:01",transport="usb"}'], 0)
        self.assertEqual(after[f"psmoved_report_interval_seconds_count{ONE}"], reports - 1)
        self.assertAlmostEqual(after[f"psmoved_report_interval_seconds_sum{ONE}"] / (reports + lost - 1), 1 / 88, delta=0.003)

    def test_counts_go_on_over_connections_and_end_with_the_controller(self):
        before = self.go_away()
        self.assertEqual(before[f"psmoved_controller_arrivals_total{ONE}"], 1)
        self.simulate(link="up", loss=0)
        self.daemon.wait_for(1)
        time.sleep(0.3)
        after = self.go_away()
        self.assertEqual(after[f"psmoved_controller_arrivals_total{ONE}"], 2)
        newest = self.daemon.get("/api/v1/controllers/1/sensors").json["sequence"]
        name = 'psmoved_controller_reports_total{controller="00:06:f7:00:00:01",transport="bluetooth"}'
        self.assertEqual(after[name] - before[name], (newest + 1) / 2)
        # The time between the two connections is no interval between reports.
        self.assertEqual(after[f"psmoved_report_interval_seconds_count{ONE}"], after[name] - 2)
        self.assertEqual(after[f"psmoved_reports_lost_total{ONE}"], 0)

    def test_states_are_those_that_rest_gives(self):
        self.simulate(battery_percent=20)
        until(lambda: metrics(self.daemon)[f"psmoved_controller_battery_ratio{ONE}"] == 0.2, "the battery")
        now = metrics(self.daemon)
        self.assertEqual(now[f"psmoved_controller_streaming{ONE}"], 1)
        status = self.daemon.get("/api/v1/controllers/1/calibration").json["filter"]
        self.assertAlmostEqual(now[f"psmoved_fusion_inclination_uncertainty_radians{ONE}"], status["inclination_uncertainty_deg"] * 0.0174533, delta=0.02)

    def test_outputs_and_cues_are_timed(self):
        name = f"psmoved_output_latency_seconds_count{ONE}"
        before = metrics(self.daemon)[name]
        for red in range(1, 11):
            self.assertEqual(self.daemon.put("/api/v1/controllers/1/led", {"red": red * 20, "green": 0, "blue": 0}).json["state"], "applied")
        now = metrics(self.daemon)
        self.assertEqual(now[name] - before, 10)
        self.assertLess(now[f"psmoved_output_latency_seconds_sum{ONE}"], 1)
        self.daemon.put("/api/v1/cues/one", {"outputs": [{"controllers": ["1"], "led": {"color": "lime"}}]})
        until(lambda: metrics(self.daemon)["psmoved_cues_total"] == 1, "the cue is done")
        self.assertEqual(metrics(self.daemon)["psmoved_cue_skew_seconds_count"], 1)

    def test_answers_are_counted_by_method_and_class(self):
        def requests(method, code):
            return metrics(self.daemon).get(f'psmoved_http_requests_total{{method="{method}",code="{code}"}}', 0)
        before = requests("GET", "2xx")
        for _ in range(3):
            self.daemon.get("/livez")
        self.assertEqual(requests("GET", "2xx") - before, 4)  # and the one that asked before
        self.daemon.get("/nowhere")
        self.daemon.request("DELETE", "/livez")
        self.daemon.raw(b"BREW / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        self.daemon.raw(b"no http\r\n\r\n")
        self.assertEqual((requests("GET", "4xx"), requests("DELETE", "4xx"), requests("other", "4xx")), (1, 1, 2))

    def test_clients_of_the_stream_come_and_go(self):
        def now(name):
            return metrics(self.daemon)[name]

        async def talk():
            async with open_stream(self.daemon) as stream:
                await stream.of_type("hello")
                for i in range(3):
                    await stream.subscribe(id=str(i), topics=["motion"], controllers=["*"])
                await stream.of_type("motion")
                self.assertEqual(now('psmoved_stream_connections{transport="websocket"}'), 1)
                self.assertEqual((now("psmoved_stream_subscriptions"), now("psmoved_stream_groups")), (3, 3))
                self.assertEqual(now('psmoved_http_requests_total{method="GET",code="1xx"}'), 1)
                self.assertGreater(now('psmoved_stream_sent_bytes_total{transport="websocket"}'), 100)
                await stream.send({"type": "unsubscribe", "id": "1"})
                await stream.of_type("unsubscribed")
                self.assertEqual(now("psmoved_stream_subscriptions"), 2)
        asyncio.run(talk())
        until(lambda: now('psmoved_stream_connections{transport="websocket"}') == 0, "the client has left")
        self.assertEqual(now("psmoved_stream_subscriptions"), 0)
        self.assertEqual(now('psmoved_stream_connections_opened_total{transport="websocket"}'), 1)

    def test_what_a_slow_reader_loses_is_what_it_is_told(self):
        with socket.socket() as reader:
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reader.connect(("127.0.0.1", self.daemon.port))
            request = b"GET /api/v1/events?topics=motion HTTP/1.1\r\nHost: localhost\r\n\r\n"
            reader.sendall(request)
            name = 'psmoved_stream_dropped_samples_total{policy="all"}'
            until(lambda: metrics(self.daemon)[name] > 20, "samples are dropped")
            self.assertEqual(metrics(self.daemon)['psmoved_stream_connections{transport="sse"}'], 1)
            self.simulate(link="down")
            until(lambda: metrics(self.daemon)[f"psmoved_controller_connected{ONE}"] == 0, "the controller is away")
            dropped = metrics(self.daemon)[name]
            self.simulate(link="up")
            reader.settimeout(5)
            text, end = b"", time.monotonic() + 5
            while time.monotonic() < end and sum(map(int, re.findall(rb'"dropped":(\d+)', text))) < dropped:
                text += reader.recv(65536)
        relay.read([("out", request), ("in", text)], recording)
        self.assertEqual(sum(map(int, re.findall(rb'"dropped":(\d+)', text))), metrics(self.daemon)[name])


class ConnectionsTest(unittest.TestCase):
    def test_connections_beyond_the_limit_are_counted(self):
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as config:
            config.write("max_connections = 4\n")
            config.flush()
            with Daemon("--config", config.name) as daemon:
                held = [socket.create_connection(("127.0.0.1", daemon.port)) for _ in range(4)]
                until(lambda: daemon.get("/livez").status == 200, "the watchman's answer")
                self.assertEqual(daemon.get("/metrics").status, 503)
                held.pop().close()
                until(lambda: daemon.get("/metrics").status == 200, "there is room")
                now = metrics(daemon)
                self.assertEqual(now["psmoved_connections_limit"], 4)
                self.assertEqual(now["psmoved_connections"], 4)
                self.assertGreaterEqual(now['psmoved_connections_refused_total{reason="limit"}'], 2)
                for each in held:
                    each.close()


if __name__ == "__main__":
    main()
