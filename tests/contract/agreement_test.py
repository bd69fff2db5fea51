"""Do daemon and contract agree on what is right? Every member of every request is tried at, just inside and just outside its
bounds, with every wrong type, missing, and misspelt; what the one refuses, the other must refuse."""

import asyncio
import copy
import http.client
import json
import os
import re
import sys
import unittest
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "end_to_end"))

from harness import PATIENCE, Daemon, contract, main, open_stream, until  # noqa: E402

ODD = [None, True, False, 0, 1, -1, 1.5, 3.0, 1e300, "", "x", "0", "all", "*", "a\u0000b", "ä" * 64, "ä" * 65, [], {}, ["x"], [1], {"x": 1}]


def values(schema):
    """Things to try where this schema stands: some right, some wrong."""
    yield from ODD
    for choice in ("oneOf", "anyOf"):
        for one in schema.get(choice, ()):
            yield from values(one)
    yield from schema.get("enum", ())
    for bound, inside in (("minimum", 1), ("maximum", -1)):
        if bound in schema:
            yield from (schema[bound], schema[bound] + inside, schema[bound] - inside, schema[bound] - inside / 10)
    for bound in ("minLength", "maxLength"):
        if bound in schema:
            yield from ("b" * length for length in (schema[bound] - 1, schema[bound], schema[bound] + 1) if length >= 0)
    if schema.get("type") == "array":
        inner = schema["items"].get("enum", ["1"])
        yield from ([inner[0]], list(inner), [inner[0], inner[0]], [inner[0], "x"], [inner[0], 3])


def changes(schema, example):
    """A good value with one change each, at any depth."""
    if isinstance(example, dict):
        yield {**example, "nobody_knows_this": 1}
        members = {name: member for one in (schema, *schema.get("oneOf", ()), *schema.get("anyOf", ()))
                   for name, member in one.get("properties", {}).items()}
        for name, member in members.items():
            if name in example:
                yield {key: value for key, value in example.items() if key != name}
                for value in changes(member, example[name]):
                    yield {**copy.deepcopy(example), name: value}
            for value in values(member):
                yield {**copy.deepcopy(example), name: value}
    elif isinstance(example, list) and example:
        items = next(one["items"] for one in (schema, *schema.get("oneOf", ()), *schema.get("anyOf", ())) if "items" in one)
        yield example[:-1]
        yield example + example[:1]
        for value in (*values(items), *changes(items, example[0])):
            yield [value, *copy.deepcopy(example[1:])]


def bodies(schema, examples):
    """Whole bodies, out of good ones by one change each."""
    yield from ODD
    for example in examples:
        yield example
        yield from changes(schema, example)


def form_of(body):
    """As a form, where it can be one; None where not."""
    if not isinstance(body, dict) or any(isinstance(value, (dict, list, type(None))) for value in body.values()):
        return None
    return urllib.parse.urlencode({name: str(value).lower() if isinstance(value, bool) else value for name, value in body.items()})


def unique(bodies_):
    seen = set()
    for body in bodies_:
        text = json.dumps(body, sort_keys=True)
        if text not in seen:
            seen.add(text)
            yield body


class Agreement(unittest.IsolatedAsyncioTestCase):
    @classmethod
    def setUpClass(cls):
        cls.rest, cls.stream = contract.load()
        cls.daemon = Daemon("--simulate", "zcm1:motion=wave:name=left,zcm2")
        cls.daemon.wait_for(2)

    @classmethod
    def tearDownClass(cls):
        cls.daemon.__exit__(None, None, None)

    def described(self, method, path, media="application/json"):
        """Schema and examples of a body."""
        content = self.rest.paths[path][method]["requestBody"]["content"][media]
        return content["schema"], [one["value"] for one in content["examples"].values()]

    def agree(self, method, template, path, skip=lambda body: False, media="application/json", least=6, also=(), after=None):
        """The judge of the recording says what does not; here is only seen that there was something to judge.
        @param least  so many must be right, and so many wrong
        @param also  codes with which the daemon may refuse what the schema is not against
        @param after  called after what was taken"""
        schema, examples = self.described(method.lower(), template, media)
        operation = self.rest.paths[template][method.lower()]
        counts = {True: 0, False: 0}
        for body in unique(bodies(schema, examples)):
            if isinstance(body, dict) and skip(body):
                continue
            text = form_of(body) if media == contract.FORM else json.dumps(body)
            if text is None:
                continue
            answer = self.daemon.request(method, path, text, content_type=media)
            self.assertNotIn(answer.status, (500, 501, 502, 504), (body, answer))
            if answer.headers.get("Location", "").startswith("/api/v1/cues/"):  # of those that wait there is room for few
                self.daemon.request("DELETE", answer.headers["Location"])
            is_right = not self.rest.request_faults(operation, "", {"content-type": media}, text)
            counts[is_right] += 1
            if answer.status < 400 and after:
                after(answer)
            if is_right and answer.status not in (200, 201, 202, 204, 409) and not contract.moves_with_the_clock(answer.json):
                # A word may look like a colour and be none, and a companion may be nobody.
                usual = ("invalid_value",) if re.search("color|companion", text) else ()
                usual += ("conflicting_members",) if contract.names_one_twice(answer.json) else ()
                self.assertIn(answer.json.get("code"), (*usual, *also), (body, answer))
        self.assertGreaterEqual(min(counts.values()), least, counts)

    def test_led(self):
        self.agree("PUT", "/api/v1/controllers/{id}/led", "/api/v1/controllers/1/led")
        self.daemon.request("DELETE", "/api/v1/controllers/1/led")

    def test_rumble(self):
        self.agree("PUT", "/api/v1/controllers/{id}/rumble", "/api/v1/controllers/1/rumble")
        self.daemon.request("DELETE", "/api/v1/controllers/1/rumble")

    def test_names_and_numbers(self):
        identity = self.daemon.get("/api/v1/controllers/2").json["id"]
        self.agree("PATCH", "/api/v1/controllers/{id}", f"/api/v1/controllers/{identity}")
        for name in ("0", "17", "-5", "+5", "1e3", "99999999999999999999", identity, identity.upper(), identity.replace(":", "-"), "all", "All",
                     "*", "**", "a/b", "50%", "é" * 64, "é" * 65, " ", "a\tb", "a\x7fb"):
            answer = self.daemon.patch(f"/api/v1/controllers/{identity}", {"name": name})
            schema, _ = self.described("patch", "/api/v1/controllers/{id}")
            self.assertEqual(answer.status == 200, not self.rest.document.faults(schema, {"name": name}), (name, answer))
            if answer.status == 200:
                found = self.daemon.get("/api/v1/controllers/" + urllib.parse.quote(name, safe=""))
                self.assertEqual((found.status, found.json.get("id")), (200, identity), name)
        self.daemon.patch(f"/api/v1/controllers/{identity}", {"name": None, "number": 2})

    def test_the_simulation(self):
        path = "/api/v1/controllers/1/simulation"
        self.agree("PATCH", "/api/v1/controllers/{id}/simulation", path, skip=lambda body: body.get("link") == "down")
        self.daemon.patch(path, {"loss": 0, "motion": "wave", "buttons": [], "trigger": 0, "battery_percent": 100, "magnetometer": "normal"})

    def test_tokens(self):
        self.agree("POST", "/api/v1/tokens", "/api/v1/tokens")
        for token in self.daemon.get("/api/v1/tokens").json:
            self.assertEqual(self.daemon.request("DELETE", f"/api/v1/tokens/{token['id']}").status, 204)

    def test_cues(self):
        def forget(answer):
            self.daemon.request("DELETE", f"/api/v1/cues/{answer.json['id']}")

        self.daemon.patch("/api/v1/controllers/2", {"name": "right"})
        self.agree("PUT", "/api/v1/cues/{id}", "/api/v1/cues/agreed", also=("unknown_controller",), after=forget)
        self.daemon.patch("/api/v1/controllers/2", {"name": None})
        for which in ("led", "rumble"):
            self.daemon.request("DELETE", f"/api/v1/controllers/all/{which}")

    def test_the_frequency_of_the_light(self):
        for media in ("application/json", contract.FORM):
            self.agree("PUT", "/api/v1/controllers/{id}/led/pwm", "/api/v1/controllers/1/led/pwm", media=media, least=4)

    def test_the_wheel(self):
        self.daemon.patch("/api/v1/controllers/1/simulation", {"extension": "racing_wheel"})
        path = "/api/v1/controllers/1/extension/rumble"
        until(lambda: self.daemon.get(path).status == 200, "it was found")
        for media in ("application/json", contract.FORM):
            self.agree("PUT", "/api/v1/controllers/{id}/extension/rumble", path, media=media)
        self.daemon.request("DELETE", path)
        self.daemon.patch("/api/v1/controllers/1/simulation", {"extension": None})

    def test_controllers_to_come(self):
        path = "/api/v1/controllers/00:06:f7:16:2a:99"
        for media in ("application/json", contract.FORM):
            self.agree("PUT", "/api/v1/controllers/{id}", path, media=media, least=3,
                       after=lambda _: self.assertEqual(self.daemon.request("DELETE", path).status, 204))

    def test_calibration(self):
        path = "/api/v1/controllers/1/calibration"
        self.agree("PATCH", "/api/v1/controllers/{id}/calibration", path, also=("invalid_value",))
        self.agree("POST", "/api/v1/controllers/{id}/calibration", path, least=4)
        self.daemon.request("POST", path, {"action": "cancel"})
        self.daemon.request("POST", path, {"action": "forget"})

    def test_pairing(self):
        self.agree("POST", "/api/v1/pairing", "/api/v1/pairing", also=("invalid_value", "unknown_controller", "no_bluetooth"))

    def test_requests_for_tokens(self):
        def take_back(answer):
            self.daemon.request("DELETE", answer.headers["Location"])

        self.agree("POST", "/api/v1/token-requests", "/api/v1/token-requests", also=("too_many_requests", "invalid_value"), after=take_back)

    def test_forms(self):
        identity = self.daemon.get("/api/v1/controllers/1").json["id"]
        for method, template, path in (("PUT", "/api/v1/controllers/{id}/led", f"/api/v1/controllers/{identity}/led"),
                                       ("PUT", "/api/v1/controllers/{id}/rumble", f"/api/v1/controllers/{identity}/rumble"),
                                       ("PATCH", "/api/v1/controllers/{id}", f"/api/v1/controllers/{identity}"),
                                       ("PATCH", "/api/v1/controllers/{id}/simulation", f"/api/v1/controllers/{identity}/simulation")):
            with self.subTest(template):
                self.agree(method, template, path, media=contract.FORM, also=("invalid_value",), skip=lambda body: body.get("link") == "down")
        self.daemon.patch(f"/api/v1/controllers/{identity}", {"name": "left", "number": 1, "rumble_limit": None})
        self.daemon.patch("/api/v1/controllers/1/simulation", {"loss": 0, "motion": "wave", "buttons": [], "trigger": 0, "battery_percent": 100,
                                                               "magnetometer": "normal"})
        for which in ("led", "rumble"):
            self.daemon.request("DELETE", f"/api/v1/controllers/1/{which}")
        tried = {(method, template) for method, template in (("put", "/api/v1/controllers/{id}/led"), ("put", "/api/v1/controllers/{id}/rumble"),
                 ("patch", "/api/v1/controllers/{id}"), ("patch", "/api/v1/controllers/{id}/simulation"), ("put", "/api/v1/controllers/{id}"),
                 ("put", "/api/v1/controllers/{id}/led/pwm"), ("put", "/api/v1/controllers/{id}/extension/rumble"), ("put", "/controllers/{n}"))}
        described = {(method, template) for template, methods in self.rest.paths.items() for method, operation in methods.items()
                     if contract.FORM in operation.get("requestBody", {}).get("content", {})}
        self.assertEqual(tried, described)

    def test_actions(self):
        for path in ("orientation/reset", "disconnect"):
            for body in ODD + [{"type": 1}]:
                self.daemon.request("POST", f"/api/v1/controllers/1/{path}", json.dumps(body), content_type="application/json")
            self.daemon.request("POST", f"/api/v1/controllers/1/{path}")
            self.daemon.request("POST", "/api/v1/tickets")
            self.daemon.patch("/api/v1/controllers/1/simulation", {"link": "up"})
            until(lambda: self.daemon.get("/api/v1/controllers/1").json["status"] == "streaming", "it is back")

    def test_the_talks_api(self):
        self.agree("PUT", "/controllers/{n}", "/controllers/0")
        for text in ("red=007", "red=-0", "red=%2B5", "red=1.0", "red=", "red", "red=1&red=2", "=1", "red=%zz", "green=true", "x=y", ""):
            self.daemon.form("PUT", "/controllers/0/", text)

    def test_queries(self):
        for name in ("average_ms", "wait", "other"):
            for value in ("", "0", "1", "1000", "1001", "1.0", "1.5", "-1", "x", "next", "NEXT", "1e2", "%zz", "true"):
                if (name, value) == ("wait", "next"):
                    continue
                self.daemon.get(f"/api/v1/controllers/1/sensors?{name}={value}")
        for template, methods in self.rest.paths.items():
            path = template.replace("{id}", "1").replace("{n}", "0")
            for method in methods:
                if template == "/api/v1/stream":
                    continue
                for query in ("nobody_knows_this=1", "nobody_knows_this", "%zz=1", "%00", "a=1&b=2", "&&"):
                    expected = (200, 201) if "talk" in methods[method]["tags"] else (422, 400)
                    if query != "&&":
                        answer = self.daemon.request(method.upper(), f"{path}?{query}")
                        self.assertIn(answer.status, expected, (method, path, query, answer))
                    elif method == "get" and "{id}" not in template and template != "/api/v1/events":  # which has no end
                        self.assertNotIn(self.daemon.get(f"{path}?{query}").status, (400, 422), path)
        for query in ("wait", "wait=next&wait=next", "&&", "average_ms=5&other", "=", "?"):
            self.daemon.get(f"/api/v1/controllers/1/sensors?{query}")

    STREAM_QUERIES = ("controllers=", "controllers=1", "controllers=9", "controllers=all", "controllers=*", "controllers=1,,2", "topics=",
                      "topics=motion", "topics=motion,smell", "topics=all", "fields=", "fields=sequence,time_us", "fields=color", "policy=all",
                      "policy=newest", "policy=window", "policy=window&max_rate_hz=0.5", "policy=window&max_rate_hz=1",
                      "policy=all&max_rate_hz=5", "max_rate_hz=0.1", "max_rate_hz=0.09", "max_rate_hz=1000", "max_rate_hz=1001", "max_rate_hz=",
                      "max_rate_hz=nan", "since=0", "since=-1", "since=1.5", "since=x", "snapshot=true", "snapshot=false", "snapshot=1",
                      "snapshot=", "type=subscribe", "id=x", "topics=motion&topics=button")

    def test_the_query_of_events(self):
        for query in self.STREAM_QUERIES:
            connection = http.client.HTTPConnection("127.0.0.1", self.daemon.relayed_port(), timeout=PATIENCE)
            connection.request("GET", f"/api/v1/events?{query}")
            answer = connection.getresponse()
            self.assertIn(answer.status, (200, 400, 404, 422), query)
            if answer.status == 200:
                while not answer.readline().startswith(b"event: subscribed"):
                    continue
            answer.close()
            connection.close()

    async def test_the_query_of_the_stream(self):
        for query in self.STREAM_QUERIES:
            try:
                async with open_stream(self.daemon, "?" + query) as stream:
                    await stream.of_type("subscribed")
            except Exception as error:
                self.assertIn(getattr(error, "status_code", None), (400, 404, 422), (query, error))

    async def answers(self, messages):
        """Each message and what answered it."""
        async with open_stream(self.daemon) as stream:
            await stream.of_type("hello")
            for message in messages:
                await stream.send(json.dumps(message))
                answer = await stream.receive_until(lambda m: m["type"] in self.stream.answers)
                if isinstance(answer.get("cue"), str):  # it waits, and of those there is room for few
                    self.daemon.request("DELETE", f"/api/v1/cues/{answer['cue']}")
                if answer["type"] == "subscribed":
                    await stream.send({"type": "unsubscribe", "id": answer["id"]})
                    await stream.of_type("unsubscribed")
                yield message, answer

    async def test_messages(self):
        messages = self.stream.document.resolve(self.stream.document.plain["components"]["messages"])
        for kind in self.stream.requests:
            schema = messages[kind]["payload"]
            examples = [one["payload"] for one in messages[kind]["examples"]]
            # A quiet subscription is enough to see what is taken.
            examples = [{**one, "topics": ["battery"]} if kind == "subscribe" else one for one in examples]
            tried = [body for body in unique(bodies(schema, examples)) if isinstance(body, dict) and body.get("type") == kind]
            counts = {True: 0, False: 0}
            async for message, answer in self.answers(tried + [{"type": kind}]):
                is_right = not self.stream.document.faults(schema, message)
                counts[is_right] += 1
                if is_right and answer["type"] == "error" and not contract.moves_with_the_clock(answer):
                    self.assertIn(answer["code"], ("unknown_controller", "controller_offline", "unknown_subscription", "invalid_value"),
                                  (message, answer))
            self.assertGreater(min(counts.values()), 3, kind)

    async def test_messages_that_are_none(self):
        async for _ in self.answers(ODD + [{"type": "dance"}, {"type": 3}, {"id": "x"}, {"type": "hello"}]):
            pass
        await asyncio.sleep(0)


if __name__ == "__main__":
    main()
