"""The API over a Unix socket: the same as over TCP, and the kernel says who asks."""

import grp
import json
import os
import pwd
import socket
import stat
import subprocess
import tempfile
import time
import unittest

import websockets

from harness import (BEYOND_HELP, BIN, NOBODY, PATIENCE, Daemon, UnixConnection, curl, main, open_stream, recording, relay, run_as_nobody,
                     run_to_end, until)

ME = pwd.getpwuid(os.getuid()).pw_name


def psmovectl(path, *arguments):
    environment = {**os.environ, "HOME": "/nonexistent"}
    return subprocess.run([os.path.join(BIN, "psmovectl"), "--url", f"unix:{path}", *arguments],
                          capture_output=True, text=True, timeout=PATIENCE, env=environment)


class UnixSocket(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        os.chmod(self.folder.name, 0o755)
        self.path = os.path.join(self.folder.name, "psmoved.sock")

    def start(self, *options, settings=""):
        config = os.path.join(self.folder.name, "psmoved.toml")
        with open(config, "w") as file:
            file.write(settings)
        daemon = Daemon("--config", config, "--bind", f"unix:{self.path}", *options)
        daemon.socket = self.path
        self.addCleanup(lambda: daemon.process.poll() is None and daemon.stop())
        return daemon

    def leave_a_stale_file(self):
        with socket.socket(socket.AF_UNIX) as gone:
            gone.bind(self.path)
            gone.listen()

    async def test_rest_the_stream_and_events_are_there(self):
        with self.start("--simulate", "zcm1") as daemon:
            daemon.wait_for(1)
            listed = json.loads(curl("--unix-socket", self.path, "http://localhost/api/v1/controllers"))
            self.assertEqual([c["number"] for c in listed], [1])
            self.assertEqual(daemon.put("/api/v1/controllers/1/led", {"color": "red"}).status, 200)
            async with open_stream(daemon, "?controllers=1&fields=trigger") as stream:
                self.assertEqual((await stream.receive())["type"], "hello")
                first = await stream.of_type("motion")
                later = await stream.of_type("motion")
                self.assertGreater(later["samples"][0]["sequence"], first["samples"][0]["sequence"])
                await stream.send({"type": "set", "id": "1", "controllers": ["1"], "rumble": {"value": 0}})
                self.assertEqual((await stream.of_type("reply"))["to"], "1")
            connection = UnixConnection(daemon.relayed_socket(), PATIENCE)
            connection.request("GET", "/api/v1/events?controllers=1&max_rate_hz=20")
            answer = connection.getresponse()
            self.assertEqual((answer.status, answer.headers["Content-Type"]), (200, "text/event-stream"))
            until(lambda: answer.readline().startswith(b"event: motion"), "a motion event")
            connection.close()

    def test_other_names_in_host_and_other_origins_are_refused_here_too(self):
        with self.start() as daemon:
            self.assertEqual(daemon.get("/api/v1", headers={"Host": "evil.example"}).status, 421)
            self.assertEqual(daemon.get("/api/v1", headers={"Origin": "http://evil.example"}).status, 403)

    def test_the_user_owns_what_they_light_and_is_in_the_log(self):
        with self.start("--simulate", "zcm1", "--bind", "127.0.0.1") as daemon:
            daemon.wait_for(1)
            daemon.put("/api/v1/controllers/1/led", {"color": "red"})
            layers = daemon.get("/api/v1/controllers/1/led").json["layers"]
            self.assertEqual([layer["owner"] for layer in layers], [f"user {ME}"])
            self.assertIn(f"user={ME} uid={os.getuid()} pid={os.getpid()}", daemon.log())
            daemon.socket = None
            daemon.put("/api/v1/controllers/1/led", {"color": "blue"})
            layers = daemon.get("/api/v1/controllers/1/led").json["layers"]
            self.assertEqual({layer["owner"] for layer in layers}, {"rest", f"user {ME}"})

    def test_more_clients_than_an_address_may_have(self):
        with self.start() as daemon:
            connections = [daemon.connect() for _ in range(80)]
            for connection in connections:
                connection.request("GET", "/livez")
            self.assertEqual({connection.getresponse().status for connection in connections}, {200})
            for connection in connections:
                connection.close()

    def test_the_file_has_the_mode_and_group_that_were_asked_for(self):
        with self.start():
            about = os.stat(self.path)
            self.assertEqual((stat.S_IMODE(about.st_mode), about.st_gid), (0o660, os.getgid()))
        if os.getuid() != 0:
            self.skipTest(BEYOND_HELP + "only root gives files to other groups")
        group = grp.getgrnam("games")
        with self.start(settings='socket_mode = "0666"\nsocket_group = "games"\n'):
            about = os.stat(self.path)
            self.assertEqual((stat.S_IMODE(about.st_mode), about.st_gid), (0o666, group.gr_gid))

    def test_it_is_gone_after_a_stop_and_another_ones_is_not(self):
        with self.start() as daemon:
            self.assertTrue(os.path.exists(self.path))
            daemon.stop()
            self.assertFalse(os.path.exists(self.path))
        with self.start() as daemon:
            os.unlink(self.path)
            self.leave_a_stale_file()
            daemon.stop()
            self.assertTrue(os.path.exists(self.path))

    def test_it_may_lie_in_the_state_directory(self):
        with Daemon("--bind", f"unix:{self.path}", state=self.folder.name) as daemon:
            daemon.socket = self.path
            self.assertEqual(daemon.get("/livez").status, 200)
            self.assertNotIn("psmoved.sock.lock", os.listdir(self.folder.name))

    def test_a_file_that_nobody_listens_on_any_more_is_replaced(self):
        self.leave_a_stale_file()
        with self.start() as daemon:
            self.assertEqual(daemon.get("/livez").status, 200)
            daemon.stop(how=9)
            self.assertTrue(os.path.exists(self.path))
        with self.start() as daemon:
            self.assertEqual(daemon.get("/livez").status, 200)

    def test_two_daemons_do_not_take_it_from_each_other(self):
        with self.start() as daemon:
            code, text = run_to_end("--bind", f"unix:{self.path}")
            self.assertEqual((code, text.count("\n")), (1, 1), text)
            self.assertIn("another program listens there", text)
            self.assertEqual(daemon.get("/livez").status, 200)
            self.assertTrue(os.path.exists(self.path))

    def test_what_is_no_socket_is_left_alone(self):
        with open(self.path, "w") as file:
            file.write("mine")
        code, text = run_to_end("--bind", f"unix:{self.path}")
        self.assertEqual((code, "no socket is in the way" in text), (1, True), text)
        with open(self.path) as file:
            self.assertEqual(file.read(), "mine")
        code, text = run_to_end("--bind", f"unix:{self.folder.name}/nowhere/psmoved.sock")
        self.assertEqual((code, "nowhere: No such file" in text), (1, True), text)

    def test_paths_and_names_that_cannot_be(self):
        longest = os.path.join(self.folder.name, "x" * (107 - len(self.folder.name) - 1))
        with Daemon("--bind", f"unix:{longest}") as daemon:
            daemon.socket = longest
            self.assertEqual(daemon.get("/livez").status, 200)
        for wrong in (longest + "x", "psmoved.sock", "/tmp/"):
            self.assertEqual(run_to_end("--bind", f"unix:{wrong}")[0], 64)
        for setting, said in ((f'bind = "unix:{longest}x"', "at most 107 bytes"), ('socket_mode = "rw"', '"0660"'), ("socket_mode = 660", '"0660"'),
                              ('socket_group = "no such"', "socket_group"), ('socket_users = ["no such"]', "socket_users")):
            config = os.path.join(self.folder.name, "wrong.toml")
            with open(config, "w") as file:
                file.write(setting + "\n")
            for more in ((), ("--check-config",)):
                code, text = run_to_end("--config", config, *more)
                self.assertEqual((code, said in text, text.count("\n")), (78, True, 1), text)

    def test_with_require_token_the_kernel_vouches_for_some_users(self):
        with self.start(settings='require_token = true\nsocket_mode = "0666"\n') as daemon:
            # There is no token yet: root, or psmoved's own user, makes the first.
            made = psmovectl(daemon.relayed_socket(), "token", "create", "phone")
            self.assertEqual(made.returncode, 0, made.stderr)
            self.assertEqual(daemon.get("/api/v1").status, 200)
            if os.getuid() != 0:
                self.skipTest(BEYOND_HELP + "only root can ask as somebody else")
            self.assertEqual(self.ask_as(NOBODY.pw_uid).split()[1], "401")
            self.assertEqual(self.ask_as(NOBODY.pw_uid, f"Authorization: Bearer {made.stdout.strip()}\r\n").split()[1], "200")
        with self.start(settings='require_token = true\nsocket_mode = "0666"\nsocket_users = ["nobody"]\n'):
            self.assertEqual(self.ask_as(NOBODY.pw_uid).split()[1], "200")

    def ask_as(self, uid, fields=""):
        """What another user is answered; a process of its own, for the kernel to see."""
        request = f"GET /api/v1 HTTP/1.1\r\nHost: localhost\r\n{fields}Connection: close\r\n\r\n"
        script = ("import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.sendall(sys.argv[2].encode());"
                  "sys.stdout.buffer.write(s.makefile('rb').read())")
        done = subprocess.run(["/usr/bin/python3", "-c", script, self.path, request], capture_output=True, timeout=PATIENCE, user=uid,
                              group=NOBODY.pw_gid, extra_groups=[])
        self.assertEqual(done.returncode, 0, done.stderr)
        relay.read([("out", request.encode()), ("in", done.stdout)], recording)
        return done.stdout.decode()

    @unittest.skipUnless(os.getuid() == 0, BEYOND_HELP + "only root can ask as somebody else")
    def test_who_may_not_open_the_file_does_not_get_in(self):
        with self.start():
            done = run_as_nobody("psmovectl", "--url", f"unix:{self.path}", "list")
            self.assertEqual((done.returncode, "may not open" in done.stderr), (3, True), done.stderr)

    def test_psmovectl_speaks_it_and_says_when_nobody_is_there(self):
        with self.start("--simulate", "zcm1:name=left") as daemon:
            daemon.wait_for(1)
            for command in (("list",), ("led", "1", "red"), ("show", "1"), ("status",)):
                done = psmovectl(daemon.relayed_socket(), *command)
                self.assertEqual(done.returncode, 0, (command, done.stderr))
            with subprocess.Popen([os.path.join(BIN, "psmovectl"), "--url", f"unix:{daemon.relayed_socket()}", "watch", "--json"],
                                  stdout=subprocess.PIPE, text=True) as watch:
                self.assertIn("hello", watch.stdout.readline())
                watch.terminate()
        done = psmovectl(self.path, "list")
        self.assertEqual((done.returncode, f"does not listen at unix:{self.path}" in done.stderr), (3, True), done.stderr)

    def test_systemd_may_hold_the_socket(self):
        with socket.socket(socket.AF_UNIX) as listener, tempfile.TemporaryDirectory() as state:
            listener.bind(self.path)
            listener.listen()

            def place():  # in the child: systemd hands sockets over from descriptor 3 on
                os.dup2(listener.fileno(), 3)
                os.set_inheritable(3, True)

            process = subprocess.Popen(
                ["sh", "-c", 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"', "sh", os.path.join(BIN, "psmoved"), "--no-hardware", "--state-dir", state],
                stderr=subprocess.DEVNULL, close_fds=False, preexec_fn=place)
            try:
                self.assertIn("alive", curl("--unix-socket", self.path, "http://localhost/livez"))
            finally:
                process.terminate()
                self.assertEqual(process.wait(5), 0)
            self.assertTrue(os.path.exists(self.path))

    async def test_a_stop_says_goodbye_over_it_too(self):
        with self.start() as daemon:
            async with open_stream(daemon) as stream:
                await stream.of_type("hello")
                started = time.monotonic()
                daemon.process.terminate()
                with self.assertRaises(websockets.ConnectionClosed) as closed:
                    while True:
                        await stream.receive()
                self.assertEqual(closed.exception.rcvd.code, 1001)
                daemon.process.wait(5)  # a second signal would hurry it
                self.assertLess(time.monotonic() - started, 2)


if __name__ == "__main__":
    main()
