"""Who may do what: psmoved on every address, asked from this machine's own address in its network, where a token is needed."""

import http.client
import os
import socket
import stat
import subprocess
import tempfile
import time
import unittest

import websockets

from harness import BEYOND_HELP, BIN, PATIENCE, Daemon, main, open_stream, run_as_nobody, run_to_end, until


def own_address():
    """An address of this machine that is not loopback. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for anywhere in ("192.0.2.1", "198.51.100.1", "10.0.0.1"):
            try:
                probe.connect((anywhere, 9))
            except OSError:
                continue
            address = probe.getsockname()[0]
            if not address.startswith("127.") and address != "0.0.0.0":
                return address
    return None


ADDRESS = own_address()
NO_NETWORK = BEYOND_HELP + "it has no address besides loopback"


def bearer(token):
    return {"Authorization": f"Bearer {token}"} if token else {}


def create_offline(state, *options, environment=None):
    return subprocess.run([os.path.join(BIN, "psmoved"), "--state-dir", state, *options], capture_output=True, text=True, timeout=PATIENCE,
                          env={**os.environ, **(environment or {})})


class Start(unittest.TestCase):
    def test_it_refuses_to_listen_beyond_loopback_and_says_how_to_get_a_token(self):
        code, text = run_to_end("--bind", "0.0.0.0", "--port", "0")
        self.assertEqual(code, 78)
        for remedy in ("psmoved --create-token NAME", "psmovectl token create NAME", "--allow-unauthenticated"):
            self.assertIn(remedy, text)
        code, text = run_to_end("--require-token", "--port", "0")
        self.assertEqual(code, 78)
        self.assertIn("--create-token NAME:admin", text)

    def test_a_token_made_before_the_first_start_opens_it(self):
        with tempfile.TemporaryDirectory() as state:
            made = create_offline(state, "--create-token", "first:admin")
            self.assertEqual(made.returncode, 0, made.stderr)
            token = made.stdout.strip()
            self.assertRegex(token, "^psm_[A-Za-z0-9_-]{43}$")
            path = os.path.join(state, "tokens.json")
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
            with open(path) as file:
                self.assertNotIn(token, file.read())
            twice = create_offline(state, "--create-token", "first")
            self.assertEqual((twice.returncode, "first" in twice.stderr), (1, True))
            with Daemon("--require-token", state=state) as daemon:
                self.assertEqual(daemon.get("/api/v1/controllers").status, 401)
                self.assertEqual(daemon.get("/api/v1/controllers", headers=bearer(token)).status, 200)
                for path in ("/", "/livez", "/readyz", "/docs", "/docs/errors", "/api/v1/openapi.json", "/api/v1/asyncapi.json"):
                    self.assertEqual(daemon.get(path).status, 200, path)
                # What the running one would overwrite is not written.
                offline = create_offline(state, "--create-token", "second")
                self.assertEqual((offline.returncode, "psmovectl token create" in offline.stderr), (1, True))

    def test_the_check_says_what_the_start_would_say(self):
        for options in (("--bind", "0.0.0.0"), ("--require-token",)):
            started, checked = run_to_end(*options, "--port", "0"), run_to_end(*options, "--check-config")
            self.assertEqual(started[0], 78)
            self.assertEqual(started, checked)
        self.assertEqual(run_to_end("--bind", "0.0.0.0", "--allow-unauthenticated", "--check-config"), (0, "psmoved: the configuration is fine\n"))
        with tempfile.TemporaryDirectory() as state:
            create_offline(state, "--create-token", "phone:admin")
            for options in (("--bind", "0.0.0.0"), ("--require-token",)):
                self.assertEqual(run_to_end("--state-dir", state, *options, "--check-config")[0], 0)
            path = os.path.join(state, "tokens.json")
            with open(path, "a") as file:
                file.write("}")
            code, text = run_to_end("--state-dir", state, "--check-config")
            self.assertEqual((code, path in text, "damaged" in text), (78, True, True), text)
            with open(path) as file:
                self.assertTrue(file.read().endswith("}"), "it is left as it is")

    def test_the_check_changes_nothing(self):
        with tempfile.TemporaryDirectory() as above:
            state = os.path.join(above, "none", "yet")
            self.assertEqual(run_to_end("--state-dir", state, "--check-config")[0], 0)
            self.assertEqual(os.listdir(above), [])

    @unittest.skipUnless(os.geteuid() == 0, "only root can become somebody who may not look")
    def test_the_check_says_that_it_could_not_look_at_the_tokens(self):
        with tempfile.TemporaryDirectory() as state:  # mode 0700
            done = run_as_nobody("psmoved", "--no-hardware", "--state-dir", state, "--bind", "0.0.0.0", "--check-config")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("the tokens were not looked at", done.stdout)

    def test_words_for_a_token_that_make_no_sense_are_usage(self):
        with tempfile.TemporaryDirectory() as state:
            for wish in ("", ":read", "a:", "a:root", " a"):
                self.assertEqual(create_offline(state, "--create-token", wish).returncode, 64, wish)
            self.assertEqual(os.listdir(state), [])

    def test_a_damaged_file_stops_the_start_and_is_kept(self):
        with tempfile.TemporaryDirectory() as state:
            path = os.path.join(state, "tokens.json")
            with open(path, "w") as file:
                file.write('{"format": 1')
            done = create_offline(state, "--no-hardware", "--port", "0")
            self.assertEqual((done.returncode, path in done.stderr, done.stderr.count("\n")), (78, True, 1), done.stderr)
            with open(path) as file:
                self.assertEqual(file.read(), '{"format": 1')

    def test_tokens_come_from_the_services_credentials_too(self):
        secret = "0123456789abcdef" * 4
        with tempfile.TemporaryDirectory() as credentials:
            with open(os.path.join(credentials, "psmoved-tokens"), "w") as file:
                file.write(f"# monitoring\n{secret} monitor read\n")
            with Daemon("--require-token", environment={"CREDENTIALS_DIRECTORY": credentials}) as daemon:
                self.assertEqual(daemon.get("/api/v1/controllers", headers=bearer(secret)).status, 200)
                self.assertEqual(daemon.get("/api/v1/tokens", headers=bearer(secret)).status, 403)
                self.assertNotIn(secret, daemon.log())

    def test_what_was_made_is_there_after_a_kill_and_what_was_revoked_is_not(self):
        with tempfile.TemporaryDirectory() as state:
            with Daemon(state=state) as daemon:
                kept = daemon.request("POST", "/api/v1/tokens", {"name": "kept"}).json
                gone = daemon.request("POST", "/api/v1/tokens", {"name": "gone"}).json
                self.assertEqual(daemon.request("DELETE", f"/api/v1/tokens/{gone['id']}").status, 204)
                daemon.stop(how=9)
            with Daemon(state=state) as daemon:
                self.assertEqual([token["name"] for token in daemon.get("/api/v1/tokens").json], ["kept"])
                self.assertEqual(daemon.get("/api/v1", headers=bearer(kept["token"])).status, 200)
                self.assertEqual(daemon.get("/api/v1", headers=bearer(gone["token"])).status, 401)


@unittest.skipUnless(ADDRESS, NO_NETWORK)
class Network(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.state = tempfile.TemporaryDirectory()
        self.addCleanup(self.state.cleanup)
        self.admin = create_offline(self.state.name, "--create-token", "admin:admin").stdout.strip()
        self.daemon = Daemon("--bind", "0.0.0.0", "--simulate", "zcm1", state=self.state.name)
        self.addCleanup(self.daemon.__exit__, None, None, None)
        self.daemon.wait_for(1)
        self.daemon.host = ADDRESS
        self.tokens = {None: None, "admin": self.admin}
        for scope in ("read", "outputs"):
            made = self.ask("POST", "/api/v1/tokens", self.admin, {"name": scope, "scopes": [scope]})
            self.assertEqual(made.status, 201, made)
            self.tokens[scope] = made.json["token"]

    def ask(self, method, path, token, body=None):
        return self.daemon.request(method, path, body, headers=bearer(token))

    def identity(self, name):
        return next(token["id"] for token in self.ask("GET", "/api/v1/tokens", self.admin).json if token["name"] == name)

    def test_each_scope_opens_what_it_should_and_nothing_else(self):
        scopes = [None, "read", "outputs", "admin"]
        for method, path, body, needed in (
                ("GET", "/api/v1", None, "read"), ("GET", "/api/v1/controllers", None, "read"), ("GET", "/controllers/", None, "read"),
                ("PUT", "/api/v1/controllers/1/led", {"color": "red"}, "outputs"), ("DELETE", "/api/v1/controllers/1/led", None, "outputs"),
                ("PUT", "/api/v1/controllers/1/rumble", {"value": 0}, "outputs"),
                ("POST", "/api/v1/controllers/1/orientation/reset", {}, "outputs"), ("PUT", "/controllers/0/", {"red": 1}, "outputs"),
                ("PATCH", "/api/v1/controllers/1", {"name": "mine"}, "admin"), ("GET", "/api/v1/tokens", None, "admin"),
                ("PATCH", "/api/v1/controllers/1/simulation", {"trigger": 0}, "admin")):
            for scope in scopes:
                answer = self.ask(method, path, self.tokens[scope], body)
                challenge = answer.headers.get("WWW-Authenticate", "")
                with self.subTest(method=method, path=path, scope=scope):
                    if scope is None:
                        self.assertEqual((answer.status, answer.json["code"]), (401, "token_required"))
                        self.assertEqual(challenge, f'Bearer realm="psmoved", scope="{needed}"')
                    elif scopes.index(scope) < scopes.index(needed):
                        self.assertEqual((answer.status, answer.json["code"]), (403, "insufficient_scope"))
                        self.assertIn(f'error="insufficient_scope", scope="{needed}"', challenge)
                        self.assertIn(needed, answer.json["detail"])
                    else:
                        self.assertIn(answer.status, (200, 201, 202, 204), answer)
        for path in ("/", "/livez", "/readyz", "/docs", "/api/v1/openapi.json", "/.well-known/api-catalog"):
            self.assertEqual(self.ask("GET", path, None).status, 200, path)
        self.assertEqual(self.ask("OPTIONS", "/api/v1/controllers", None).status, 204)

    def test_this_machine_needs_none_and_a_wrong_one_is_refused_there_too(self):
        self.daemon.host = "127.0.0.1"
        self.assertEqual(self.ask("GET", "/api/v1/tokens", None).status, 200)
        self.assertEqual(self.ask("GET", "/api/v1/controllers", "psm_wrong").json["code"], "invalid_token")

    def test_a_token_is_listed_without_itself(self):
        self.ask("GET", "/api/v1", self.tokens["read"])
        answer = self.ask("GET", "/api/v1/tokens", self.admin)
        for token in filter(None, self.tokens.values()):
            self.assertNotIn(token, answer.body.decode())
            self.assertNotIn(token, self.daemon.log())
        by_name = {token["name"]: token for token in answer.json}
        self.assertEqual(by_name["outputs"]["scopes"], ["read", "outputs"])
        self.assertIsNone(by_name["outputs"]["last_used_us"])
        self.assertGreater(by_name["read"]["last_used_us"], by_name["read"]["created_us"])

    def test_wrong_tokens_have_to_wait_and_right_ones_do_not(self):
        seen = [self.ask("GET", "/api/v1", f"psm_wrong{i}") for i in range(14)]
        self.assertEqual([answer.status for answer in seen[:10]], [401] * 10)
        limited = next(answer for answer in seen if answer.status == 429)
        self.assertEqual((limited.json["code"], limited.headers["Retry-After"]), ("too_many_requests", "1"))
        self.assertEqual(self.ask("GET", "/api/v1", self.tokens["read"]).status, 200)

    async def test_the_stream_takes_tokens_and_set_needs_outputs(self):
        with self.assertRaises(websockets.InvalidStatusCode) as refused:
            async with open_stream(self.daemon):
                pass
        self.assertEqual(refused.exception.status_code, 401)
        async with open_stream(self.daemon, extra_headers=bearer(self.tokens["read"])) as stream:
            await stream.of_type("hello")
            await stream.send({"type": "set", "id": "1", "controllers": ["1"], "led": {"color": "red"}})
            self.assertEqual((await stream.of_type("error"))["code"], "insufficient_scope")
            await stream.subscribe(id="a")
        async with open_stream(self.daemon, extra_headers=bearer(self.tokens["outputs"])) as stream:
            await stream.send({"type": "set", "id": "1", "controllers": ["1"], "led": {"color": "red"}})
            self.assertEqual((await stream.of_type("reply"))["to"], "1")
            await stream.send({"type": "subscribe", "id": "log", "topics": ["log"]})
            self.assertEqual((await stream.of_type("error"))["code"], "insufficient_scope")
        async with open_stream(self.daemon, extra_headers=bearer(self.admin)) as stream:
            await stream.send({"type": "subscribe", "id": "log", "topics": ["log"]})
            self.assertEqual((await stream.of_type("subscribed"))["topics"], ["log"])
        refused = self.ask("GET", "/api/v1/events?topics=log", self.tokens["outputs"])
        self.assertEqual((refused.status, refused.json["code"]), (403, "insufficient_scope"))
        self.assertIn('scope="admin"', refused.headers["WWW-Authenticate"])

    async def test_revoking_a_token_ends_all_that_came_with_it(self):
        token = self.tokens["outputs"]
        owner = "token outputs"
        events = http.client.HTTPConnection(ADDRESS, self.daemon.relayed_port(ADDRESS), timeout=PATIENCE)
        events.request("GET", "/api/v1/events?topics=controller", headers=bearer(token))
        answer = events.getresponse()
        self.assertEqual(answer.status, 200)
        self.assertIn(self.ask("PUT", "/api/v1/controllers/1/led", token, {"color": "red"}).status, (200, 202))
        layers = self.ask("GET", "/api/v1/controllers/1/led", self.admin).json["layers"]
        self.assertEqual([layer["owner"] for layer in layers], [owner])
        async with open_stream(self.daemon, extra_headers=bearer(self.admin)) as other:
            async with open_stream(self.daemon, extra_headers=bearer(token)) as stream:
                await stream.of_type("hello")
                self.assertEqual(self.ask("DELETE", f"/api/v1/tokens/{self.identity('outputs')}", self.admin).status, 204)
                with self.assertRaises(websockets.ConnectionClosed) as closed:
                    while True:
                        await stream.receive()
                self.assertEqual(closed.exception.rcvd.code, 4003)
            await other.send({"type": "ping", "t": 1})
            await other.of_type("pong")
        self.assertIn(b"revoked", answer.read())  # to its end
        self.assertEqual(self.ask("GET", "/api/v1/controllers/1/led", self.admin).json["layers"], [])
        self.assertEqual(self.ask("GET", "/api/v1", token).json["code"], "invalid_token")
        self.assertEqual(self.ask("DELETE", "/api/v1/tokens/0123456789abcdef", self.admin).json["code"], "unknown_token")

    async def test_a_ticket_opens_one_stream_with_the_scopes_of_who_asked(self):
        self.assertEqual(self.ask("POST", "/api/v1/tickets", None).json["code"], "token_required")

        def ticket():
            answer = self.ask("POST", "/api/v1/tickets", self.tokens["read"])
            self.assertEqual(answer.status, 201)
            return answer.json["ticket"]

        first = ticket()
        async with open_stream(self.daemon, f"?ticket={first}") as stream:
            await stream.of_type("hello")
            await stream.send({"type": "set", "id": "1", "controllers": ["1"], "led": {"color": "red"}})
            self.assertEqual((await stream.of_type("error"))["code"], "insufficient_scope")
            with self.assertRaises(websockets.InvalidStatusCode) as again:
                async with open_stream(self.daemon, f"?ticket={first}"):
                    pass
            self.assertEqual(again.exception.status_code, 401)
        self.assertEqual(self.ask("GET", f"/api/v1/events?ticket={first}", None).json["code"], "invalid_token")
        # It opens nothing else, and it is written down nowhere.
        self.assertEqual(self.ask("GET", f"/api/v1/controllers?ticket={ticket()}", None).status, 401)
        self.assertNotIn(first, self.daemon.log())
        second = ticket()
        async with open_stream(self.daemon, f"?ticket={ticket()}&topics=button") as stream:
            await stream.of_type("subscribed")
            self.assertEqual(self.ask("DELETE", f"/api/v1/tokens/{self.identity('read')}", self.admin).status, 204)
            with self.assertRaises(websockets.ConnectionClosed) as closed:
                while True:
                    await stream.receive()
            self.assertEqual(closed.exception.rcvd.code, 4003)
        self.assertEqual(self.ask("GET", f"/api/v1/events?ticket={second}", None).status, 401)

    def test_psmovectl_makes_lists_uses_and_revokes_tokens(self):
        url = f"http://{ADDRESS}:{self.daemon.relayed_port(ADDRESS)}"
        home = tempfile.TemporaryDirectory()
        self.addCleanup(home.cleanup)

        def psmovectl(*arguments, token=None):
            environment = {**os.environ, "HOME": home.name, "PSMOVED_URL": url}
            environment.pop("XDG_CONFIG_HOME", None)
            if token:
                environment["PSMOVED_TOKEN"] = token
            return subprocess.run([os.path.join(BIN, "psmovectl"), *arguments], capture_output=True, text=True, timeout=PATIENCE, env=environment)

        refused = psmovectl("list")
        self.assertEqual((refused.returncode, "token_required" in refused.stderr), (1, True), refused.stderr)
        made = psmovectl("token", "create", "phone", "--scope", "read", token=self.admin)
        self.assertEqual(made.returncode, 0, made.stderr)
        phone = made.stdout.strip()
        self.assertRegex(phone, "^psm_[A-Za-z0-9_-]{43}$")
        self.assertEqual(psmovectl("--token", phone, "list").returncode, 0)
        self.assertEqual(psmovectl("list", token=phone).returncode, 0)
        os.makedirs(os.path.join(home.name, ".config", "psmovectl"))
        with open(os.path.join(home.name, ".config", "psmovectl", "tokens"), "w") as file:
            file.write(f"# mine\nhttp://localhost psm_other\n{url} {phone}\n")
        self.assertEqual(psmovectl("list").returncode, 0)
        watched = psmovectl("--url", url, "watch", "--json", token="psm_wrong")
        self.assertEqual((watched.returncode, "invalid_token" in watched.stderr), (1, True), watched.stderr)
        listed = psmovectl("token", "list", token=self.admin)
        self.assertRegex(listed.stdout, r"[0-9a-f]{16}  phone +read +used\n")
        self.assertNotIn(phone, listed.stdout)
        self.assertEqual(psmovectl("token", "revoke", "phone", token=self.admin).returncode, 0)
        self.assertEqual(psmovectl("list").returncode, 1)
        for wrong in (("create",), ("revoke",), ("list", "x"), ("dance",), ("list", "--scope", "read")):
            self.assertEqual(psmovectl("token", *wrong, token=self.admin).returncode, 2, wrong)

    # ---- a token by pressing a button

    def press(self, *buttons, which=1):
        answer = self.ask("PATCH", f"/api/v1/controllers/{which}/simulation", self.admin, {"buttons": list(buttons)})
        self.assertEqual(answer.status, 200, answer)

    def shows(self):
        return self.ask("GET", "/api/v1/controllers/1/simulation", self.admin).json["shows"]

    def ask_for_token(self, name, **more):
        answer = self.ask("POST", "/api/v1/token-requests", None, {"name": name, **more})
        self.assertEqual(answer.status, 202, answer)
        return answer.headers["Location"]

    def test_a_press_grants_a_token(self):
        before = self.ask("PUT", "/api/v1/controllers/1/led", self.admin, {"color": "blue"}).json["color"]
        path = self.ask_for_token("phone")
        until(lambda: self.shows()["rumble"]["value"] > 0, "it shakes")
        until(lambda: self.shows()["led"]["red"] > 0, "it glows")
        state = self.ask("GET", path, None).json
        self.assertEqual((state["state"], state["name"], state["address"], "token" in state), ("waiting", "phone", ADDRESS, False))
        listed = self.ask("GET", "/api/v1/token-requests", self.admin).json
        self.assertEqual([each["name"] for each in listed], ["phone"])
        for token in (None, self.tokens["outputs"]):
            self.assertIn(self.ask("GET", "/api/v1/token-requests", token).status, (401, 403))
            self.assertNotIn(b"phone", self.ask("GET", "/", token).body)
        self.assertIn(b"<strong>phone</strong>, from " + ADDRESS.encode(), self.ask("GET", "/", self.admin).body)
        # Whoever asks meanwhile has to wait.
        other = self.ask("POST", "/api/v1/token-requests", None, {"name": "other"})
        self.assertEqual((other.status, other.json["code"]), (409, "token_request_pending"))
        self.assertLessEqual(int(other.headers["Retry-After"]), 30)
        # A press before anybody can have seen the light is no answer, nor is another button.
        time.sleep(0.8)
        self.press("cross")
        time.sleep(0.2)
        self.press()
        self.assertEqual(self.ask("GET", path, None).json["state"], "waiting")
        self.press("move")
        granted = until(lambda: (got := self.ask("GET", path, None).json)["state"] == "granted" and got, "it is granted")
        self.press()
        self.assertEqual(granted["scopes"], ["read", "outputs"])
        self.assertEqual(self.ask("GET", path, None).json["token"], granted["token"])
        self.assertEqual(self.ask("GET", "/api/v1/controllers", granted["token"]).status, 200)
        self.assertEqual(self.ask("PUT", "/api/v1/controllers/1/led", granted["token"], {"color": "red"}).status, 200)
        self.assertEqual(self.ask("GET", "/api/v1/tokens", granted["token"]).status, 403)
        self.ask("DELETE", "/api/v1/controllers/1/led", granted["token"])
        until(lambda: self.shows()["led"]["color"] == "#0000ff", f"it shows {before} again")
        self.assertIn("phone", [token["name"] for token in self.ask("GET", "/api/v1/tokens", self.admin).json])
        self.assertNotIn(granted["token"], self.daemon.log())
        self.assertNotIn(path.rsplit("/", 1)[1], self.daemon.log())
        soon = self.ask("POST", "/api/v1/token-requests", None, {"name": "again"})
        self.assertEqual((soon.status, soon.json["code"]), (429, "too_many_requests"))
        self.assertIn(int(soon.headers["Retry-After"]), range(1, 6))

    def test_an_early_press_does_not_grant(self):
        path = self.ask_for_token("phone")
        self.press("move")
        time.sleep(0.2)
        self.assertEqual(self.ask("GET", path, None).json["state"], "waiting")

    def test_a_request_can_be_taken_back_and_what_shone_shines_again(self):
        path = self.ask_for_token("phone", scopes=["read"])
        until(lambda: self.shows()["led"]["red"] > 0, "it glows")
        self.assertEqual(self.ask("DELETE", path, None).status, 204)
        until(lambda: self.shows()["led"]["color"] == "#000000", "it is dark again")
        time.sleep(0.8)
        self.press("move")
        time.sleep(0.2)
        self.assertEqual(self.ask("GET", path, None).json["state"], "canceled")

    def test_requests_that_cannot_be_granted(self):
        for body, status, code in (({"name": "x", "scopes": ["admin"]}, 422, "invalid_value"), ({}, 422, "missing_member"), ({"name": " x"}, 422, "invalid_value")):
            answer = self.ask("POST", "/api/v1/token-requests", None, body)
            self.assertEqual((answer.status, answer.json["code"]), (status, code), body)
        unknown = self.ask("GET", "/api/v1/token-requests/ptr_x", None)
        self.assertEqual((unknown.status, unknown.json["code"]), (404, "unknown_token_request"))
        self.assertEqual(self.ask("DELETE", "/api/v1/token-requests/ptr_x", None).status, 404)
        self.assertEqual(self.daemon.request("POST", "/api/v1/token-requests", "name=x", content_type="application/x-www-form-urlencoded").status, 415)
        self.ask("PATCH", "/api/v1/controllers/1/simulation", self.admin, {"link": "down"})
        until(lambda: not self.ask("GET", "/api/v1/controllers/1", self.admin).json["connected"], "it is away")
        nobody = self.ask("POST", "/api/v1/token-requests", None, {"name": "x"})
        self.assertEqual(nobody.json["code"], "no_controller")

    def test_it_can_be_turned_off(self):
        self.daemon.stop()
        with Daemon("--bind", "0.0.0.0", "--simulate", "zcm1", "--no-token-requests", state=self.state.name) as daemon:
            daemon.host = ADDRESS
            answer = daemon.request("POST", "/api/v1/token-requests", {"name": "x"})
            self.assertEqual((answer.status, answer.json["code"]), (403, "token_requests_off"))

    def test_psmovectl_asks_waits_and_keeps_it(self):
        url = f"http://{ADDRESS}:{self.daemon.relayed_port(ADDRESS)}"
        with tempfile.TemporaryDirectory() as home:
            environment = {**os.environ, "HOME": home, "PSMOVED_URL": url}
            environment.pop("XDG_CONFIG_HOME", None)
            command = os.path.join(BIN, "psmovectl")
            asking = subprocess.Popen([command, "token", "request", "admin", "--save"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
            self.assertIn("Press Move", asking.stderr.readline())
            listed = subprocess.run([command, "--url", self.daemon.url(""), "token", "list"], capture_output=True, text=True, env=environment)
            self.assertIn(f"admin, from {ADDRESS}, asks for a token", listed.stdout)
            time.sleep(0.8)
            self.press("move")
            out, wrong = asking.communicate(timeout=PATIENCE)
            self.assertEqual(asking.returncode, 0, wrong)
            # The name was taken by another.
            self.assertIn("the token admin 2 is kept", out)
            kept = os.path.join(home, ".config/psmovectl/tokens")
            self.assertEqual(stat.S_IMODE(os.stat(kept).st_mode), 0o600)
            self.assertEqual(subprocess.run([command, "list"], capture_output=True, env=environment).returncode, 0)

    def test_psmovectl_refuses(self):
        path = self.ask_for_token("phone")
        done = subprocess.run([os.path.join(BIN, "psmovectl"), "--url", self.daemon.url(""), "token", "refuse"], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout), (0, "phone gets no token\n"))
        self.assertEqual(self.ask("GET", path, None).json["state"], "canceled")

    def test_preflights_allow_the_token_on_every_method(self):
        self.daemon.stop()
        origin = "https://stage.example"
        config = os.path.join(self.state.name, "psmoved.toml")
        with open(config, "w") as file:
            file.write(f'origins = ["{origin}"]\n')
        with Daemon("--config", config, "--bind", "0.0.0.0", state=self.state.name) as daemon:
            daemon.host = ADDRESS
            for method, path in (("GET", "/api/v1/controllers"), ("PUT", "/api/v1/controllers/1/led"), ("DELETE", "/api/v1/controllers/1/led"),
                                 ("PATCH", "/api/v1/controllers/1"), ("POST", "/api/v1/tokens"), ("GET", "/api/v1/events")):
                asked = {"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": "authorization,content-type"}
                answer = daemon.request("OPTIONS", path, headers=asked)
                self.assertEqual((answer.status, answer.headers["Access-Control-Allow-Origin"]), (204, origin), (method, path))
                self.assertIn(method, answer.headers["Access-Control-Allow-Methods"].split(", "))
                self.assertEqual(answer.headers["Access-Control-Allow-Headers"], "Authorization, Content-Type")
                self.assertEqual(daemon.request("OPTIONS", path, headers={**asked, "Origin": "https://evil.example"}).status, 403)
            # A refusal can be read by the page, too.
            answer = daemon.get("/api/v1/controllers", headers={"Origin": origin})
            self.assertEqual((answer.status, answer.headers["Access-Control-Allow-Origin"]), (401, origin))


if __name__ == "__main__":
    main()
