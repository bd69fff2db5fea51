"""Start, stop, crash, restart, and every way in which a start may fail."""

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.request

import websockets

from harness import BIN, PATIENCE, Daemon, free_port, main, open_stream, relay_to, run_to_end, until


class Stop(unittest.IsolatedAsyncioTestCase):
    async def test_sigterm_closes_with_1001_darkens_and_exits_within_two_seconds(self):
        with Daemon("--simulate", "zcm1") as daemon:
            daemon.wait_for(1)
            daemon.put("/api/v1/controllers/1/led", {"color": "red"})
            daemon.put("/api/v1/controllers/1/rumble", {"value": 200})
            shown = daemon.shows(1)
            self.assertEqual((shown["red"], shown["rumble"]), (255, 200))
            async with open_stream(daemon) as stream:
                await stream.subscribe(id="o", controllers=["1"], topics=["output"])
                started, started_us = time.monotonic(), daemon.get("/api/v1").json["clock"]["time_us"]
                daemon.process.send_signal(signal.SIGTERM)
                with self.assertRaises(websockets.ConnectionClosed) as closed:
                    while True:
                        message = await stream.receive()
                        if message["type"] == "output":
                            last = message
                self.assertEqual(closed.exception.code, 1001)
                # The last that is told of it is its last write.
                self.assertEqual((last["led"]["color"], last["rumble"]["value"]), ("#000000", 0))
                for output in (last["led"], last["rumble"]):
                    self.assertGreater(output["applied_us"], started_us)
            code = await asyncio.to_thread(daemon.process.wait, 5)
            self.assertEqual(code, 0)
            self.assertLess(time.monotonic() - started, 2)

    def test_sigint_is_an_orderly_stop_too(self):
        with Daemon("--simulate", "zcm1") as daemon:
            self.assertEqual(daemon.stop(signal.SIGINT), 0)

    def test_a_signal_that_comes_twice_at_once_is_one(self):
        with Daemon("--simulate", "zcm1") as daemon:
            daemon.wait_for(1)
            daemon.process.send_signal(signal.SIGINT)
            daemon.process.send_signal(signal.SIGTERM)
            self.assertEqual(daemon.process.wait(PATIENCE), 0)

    def test_a_later_second_signal_ends_it_without_goodbyes(self):
        daemon = Daemon("--simulate", "zcm1")
        self.addCleanup(shutil.rmtree, daemon.state)
        with socket.create_connection(("127.0.0.1", daemon.port), PATIENCE) as silent:
            # Somebody who does not answer a goodbye is waited for.
            silent.sendall(b"GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                           b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
            self.assertIn(b" 101 ", silent.recv(4096))
            daemon.process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            self.assertIsNone(daemon.process.poll())
            daemon.process.send_signal(signal.SIGTERM)
            self.assertEqual(daemon.process.wait(PATIENCE), 1)
        self.assertEqual(daemon.stop(), 1)


class Memory(unittest.TestCase):
    def test_names_and_numbers_survive_sigkill(self):
        with tempfile.TemporaryDirectory() as state:
            with Daemon("--simulate", "zcm1,zcm2", state=state) as daemon:
                daemon.wait_for(2)
                daemon.patch("/api/v1/controllers/2", {"name": "right hand", "number": 7})
                daemon.stop(signal.SIGKILL)
            with Daemon(state=state) as daemon:
                known = daemon.get("/api/v1/controllers").json
                self.assertEqual([c["number"] for c in known], [1, 7])
                self.assertEqual(known[1]["name"], "right hand")
                self.assertFalse(known[1]["connected"])
                self.assertTrue(known[1]["calibration"]["factory"])
                self.assertEqual(daemon.request("DELETE", "/api/v1/controllers/7").status, 204)
            with Daemon(state=state) as daemon:
                self.assertEqual(len(daemon.get("/api/v1/controllers").json), 1)

    def test_a_fit_survives_sigkill_and_what_was_learned_a_stop(self):
        with tempfile.TemporaryDirectory() as state:
            options = "--simulate", "zcm1:motion=tumble"
            path = "/api/v1/controllers/1/calibration"
            with Daemon(*options, state=state) as daemon:
                daemon.wait_for(1)
                self.assertEqual(daemon.request("POST", path).json["guided_fit"]["readings"], 0)
                until(lambda: daemon.get(path).json["guided_fit"]["coverage"] >= 0.6, "60 % of the sphere")
                fit = daemon.request("POST", path, {"action": "finish"}).json["magnetometer_fit"]
                self.assertAlmostEqual(fit["field_ut"], 49.2, delta=2)
                daemon.stop(signal.SIGKILL)
            with Daemon(*options, state=state) as daemon:
                daemon.wait_for(1)
                known = daemon.get(path).json
                self.assertEqual((known["magnetometer"], known["magnetometer_fit"]), ("fitted", fit))
            with open(os.path.join(state, "controllers.json")) as file:
                self.assertIn("gyro_bias_rad_s", json.load(file)["controllers"][0]["learned"])

    def test_a_damaged_state_file_is_kept_and_does_not_stop_the_start(self):
        with tempfile.TemporaryDirectory() as state:
            with open(os.path.join(state, "controllers.json"), "w") as file:
                file.write('{"controllers": [')
            with Daemon(state=state) as daemon:
                self.assertEqual(daemon.get("/api/v1/controllers").json, [])
                self.assertIn("damaged", daemon.log())
            self.assertTrue(os.path.exists(os.path.join(state, "controllers.json.damaged")))


class Refusals(unittest.TestCase):
    def test_a_taken_port_names_the_port_and_the_process(self):
        with socket.socket() as holder:
            holder.bind(("127.0.0.1", 0))
            holder.listen()
            port = holder.getsockname()[1]
            code, text = run_to_end("--port", str(port))
        self.assertEqual(code, 1)
        self.assertIn(f"port {port} is taken", text)
        self.assertIn(f"pid {os.getpid()}", text)

    def test_a_broken_configuration_is_78_with_file_line_and_key(self):
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
            file.write("port = 6683\ncolour = 3\n")
            file.flush()
            for more in ((), ("--check-config",)):
                code, text = run_to_end("--config", file.name, *more)
                self.assertEqual(code, 78)
                self.assertIn(f"{file.name} line 2", text)
                self.assertIn("colour", text)
                self.assertEqual(text.strip().count("\n"), 0, text)

    def test_it_is_ready_where_udev_tells_of_controllers(self):
        with Daemon(hardware=True) as daemon:
            answer = daemon.get("/readyz")
            if os.path.exists("/run/udev/control"):
                self.assertEqual((answer.status, answer.json), (200, {"status": "ready"}))
            else:
                self.assertEqual((answer.status, "udev does not run" in answer.json["reason"]), (503, True), answer)
                self.assertIn("controllers are not watched for", daemon.log())
            self.assertEqual(daemon.get("/livez").status, 200)
        with Daemon() as daemon:
            self.assertEqual(daemon.get("/readyz").status, 200, "without hardware there is nothing to watch")

    def test_a_good_configuration_passes_the_check(self):
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
            file.write("port = 6683\n")
            file.flush()
            self.assertEqual(run_to_end("--config", file.name, "--check-config")[0], 0)

    def test_it_refuses_to_listen_beyond_loopback_unless_told(self):
        code, text = run_to_end("--bind", "0.0.0.0", "--port", str(free_port()))
        self.assertEqual(code, 78)
        self.assertIn("--allow-unauthenticated", text)
        with Daemon("--bind", "0.0.0.0", "--allow-unauthenticated") as daemon:
            self.assertIn("ANYBODY", daemon.log())

    def test_a_state_directory_that_cannot_be_made_is_one_sentence(self):
        code, text = run_to_end("--state-dir", "/proc/nowhere")
        self.assertEqual(code, 1)
        self.assertIn("--state-dir", text)

    def test_an_unknown_option_is_a_usage_error(self):
        self.assertEqual(run_to_end("--colour")[0], 64)


class Systemd(unittest.TestCase):
    def test_it_notifies_and_feeds_the_watchdog(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "notify")
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
                notify.bind(path)
                notify.settimeout(PATIENCE)
                with Daemon(environment={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "400000"}) as daemon:
                    seen = notify.recv(4096)
                    self.assertIn(b"READY=1", seen)
                    while b"WATCHDOG=1" not in seen:
                        seen = notify.recv(4096)
                    daemon.process.send_signal(signal.SIGTERM)
                    while b"STOPPING=1" not in seen:
                        seen = notify.recv(4096)

    def test_it_takes_listening_sockets(self):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            fd = 3

            def place():  # in the child: systemd hands sockets over from descriptor 3 on
                os.dup2(listener.fileno(), fd)
                os.set_inheritable(fd, True)

            # LISTEN_PID must be the daemon's own pid: a shell that execs knows it.
            script = 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"'
            state = tempfile.mkdtemp()
            process = subprocess.Popen(
                ["sh", "-c", script, "sh", os.path.join(BIN, "psmoved"), "--no-hardware", "--state-dir", state],
                stderr=subprocess.DEVNULL, close_fds=False, preexec_fn=place)
            try:
                port = listener.getsockname()[1]
                with urllib.request.urlopen(f"http://127.0.0.1:{relay_to(('127.0.0.1', port)).port}/livez", timeout=PATIENCE) as answer:
                    self.assertEqual(answer.status, 200)
            finally:
                process.terminate()
                self.assertEqual(process.wait(5), 0)


if __name__ == "__main__":
    main()
