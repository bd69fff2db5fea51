"""Every example in the contract is what its schema says; and the judge of the traffic (contract.py) does see what is wrong."""

import json
import struct
import unittest

import contract


def walk(value, path=""):
    """Every object inside a value, with its place."""
    if isinstance(value, dict):
        yield path, value
        for key, inner in value.items():
            yield from walk(inner, f"{path}/{key}")
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from walk(inner, f"{path}/{i}")


class Examples(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rest, cls.stream = contract.load()

    def valid(self, document, schema, value, place):
        self.assertEqual(document.faults(schema, value), [], place)

    def test_every_schema_is_a_schema(self):
        for document in (self.rest.document, self.stream.document):
            for name, schema in document.plain["components"]["schemas"].items():
                contract.jsonschema.Draft202012Validator.check_schema(document.resolve(schema))

    def test_every_example_of_rest_is_valid(self):
        document = self.rest.document
        resolved = document.resolve({key: document.plain[key] for key in ("paths", "components")})
        seen = 0
        for place, value in walk(resolved):
            if "schema" not in value or "examples" not in value or "/example" in place:
                continue
            for name, example in value["examples"].items():
                self.valid(document, value["schema"], example["value"], f"{place} {name}")
                seen += 1
        self.assertGreater(seen, 100)

    def test_examples_inside_schemas_are_valid(self):
        for document in (self.rest.document, self.stream.document):
            for place, value in walk(document.resolve(document.plain["components"]["schemas"])):
                for example in value.get("examples", []) if isinstance(value.get("examples"), list) else []:
                    self.valid(document, value, example, place)
                if "default" in value and "type" in value:
                    self.valid(document, value, value["default"], place)

    def test_every_operation_has_examples(self):
        for path, methods in self.rest.paths.items():
            for method, operation in methods.items():
                for parameter in operation["parameters"]:
                    self.assertTrue(parameter.get("examples"), f"{method} {path} {parameter['name']}")
                for media, described in operation.get("requestBody", {}).get("content", {}).items():
                    self.assertTrue(described.get("examples"), f"{method} {path} {media}")
                for status, response in operation["responses"].items():
                    for media, described in response.get("content", {}).items():
                        if "json" in media and not path.endswith(".json"):
                            self.assertTrue(described.get("examples"), f"{method} {path} {status} {media}")

    def test_every_message_has_valid_examples(self):
        document = self.stream.document
        messages = document.resolve(document.plain["components"]["messages"])
        self.assertEqual(set(messages), set(document.plain["channels"]["stream"]["messages"]))
        for name, message in messages.items():
            self.assertTrue(message["examples"], name)
            for example in message["examples"]:
                self.valid(document, message["payload"], example["payload"], name)
                self.assertEqual(example["payload"]["type"], name)

    def test_motion_in_records_is_the_motion_of_the_example(self):
        motion = self.stream.document.resolve(self.stream.document.plain["components"]["messages"]["motion"])
        expected = next(one["payload"] for one in motion["examples"] if one["name"] == "whole")
        faults, decoded = self.stream.message_faults(bytes.fromhex(motion["x-binary-motion"]["example"]["hex"]))
        self.assertEqual(faults, [])
        (sample,), (wanted,) = decoded.pop("samples"), expected["samples"]
        self.assertEqual(decoded, {key: value for key, value in expected.items() if key != "samples"})
        self.assertEqual(set(sample), set(wanted) - {"extension"})
        for name, value in sample.items():
            if isinstance(value, dict):
                self.assertEqual(set(value), set(wanted[name]), name)
                for axis, number in value.items():
                    self.assertAlmostEqual(number, wanted[name][axis], delta=1e-5, msg=name)
            else:
                self.assertEqual(value, wanted[name], name)

    def test_every_message_belongs_to_an_operation(self):
        self.assertEqual(set(self.stream.payloads), set(self.stream.requests) | self.stream.from_daemon)

    def test_what_the_daemon_sends_is_closed(self):
        """Every object in an answer or a message names its members and takes no others."""
        rest = self.rest.document
        schemas = rest.plain["components"]["schemas"]
        answers = [value for name, value in schemas.items() if not name.endswith("Write")]
        for document, values in ((rest, answers), (self.stream.document, list(self.stream.payloads.values()))):
            for place, value in walk(document.resolve(values)):
                if value.get("type") == "object" and "propertyNames" not in value:
                    self.assertIs(value.get("additionalProperties"), False, f"{place} {json.dumps(value)[:200]}")


class Judge(unittest.TestCase):
    """A judge that lets everything pass would be worth nothing."""

    @classmethod
    def setUpClass(cls):
        cls.rest, cls.stream = contract.load()
        cls.led = cls.rest.document.plain["components"]["examples"]["led_red"]["value"]
        cls.problem = cls.rest.document.plain["components"]["examples"]["out_of_range"]["value"]

    def judge(self, request, status, body, media="application/json", method="PUT", path="/api/v1/controllers/1/led", **headers):
        fields = {"Content-Type": media, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", **headers}
        return self.rest.exchange_faults(method, path, {"Content-Type": "application/json"}, json.dumps(request), status,
                                         fields, json.dumps(body).encode())

    def test_a_good_exchange_passes(self):
        self.assertEqual(self.judge({"color": "red"}, 200, self.led), [])
        self.assertEqual(self.judge({"red": 256}, 422, self.problem, contract.PROBLEM), [])

    def test_a_member_more_or_less_or_of_another_type_is_seen(self):
        self.assertTrue(self.judge({"color": "red"}, 200, {**self.led, "more": 1}))
        self.assertTrue(self.judge({"color": "red"}, 200, {k: v for k, v in self.led.items() if k != "state"}))
        self.assertTrue(self.judge({"color": "red"}, 200, {**self.led, "red": 256}))
        self.assertTrue(self.judge({"color": "red"}, 200, {**self.led, "state": "done"}))

    def test_a_status_type_or_header_that_is_not_described_is_seen(self):
        self.assertTrue(self.judge({"color": "red"}, 201, self.led))
        self.assertTrue(self.judge({"color": "red"}, 200, self.led, "text/json"))
        self.assertTrue(self.judge({"color": "red"}, 200, self.led, **{"Cache-Control": "public"}))

    def test_what_nobody_read_to_its_end_has_a_type_too(self):
        fields = {"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
                  "X-Accel-Buffering": "no"}

        def faults(**other):
            return self.rest.exchange_faults("GET", "/api/v1/events", {}, None, 200, {**fields, **other}, None)

        self.assertEqual(faults(), [])
        self.assertTrue(faults(**{"Content-Type": "text/plain"}))

    def test_a_body_where_none_is_described_is_seen(self):
        fields = {"Upgrade": "websocket", "Sec-WebSocket-Accept": "HSmrc0sMlYUkAGmm5OPpG2HaGWk="}

        def faults(body=None, **more):
            return self.rest.exchange_faults("GET", "/api/v1/stream", {}, None, 101, {**fields, **more}, body)

        self.assertEqual(faults(), [])
        self.assertTrue(faults(b"{}"))
        self.assertTrue(faults(**{"Content-Length": "2"}))
        self.assertTrue(faults(**{"Transfer-Encoding": "chunked"}))
        self.assertTrue(faults(**{"Content-Type": "text/plain"}))

    def test_accepting_too_much_and_refusing_too_much_are_seen(self):
        self.assertTrue(self.judge({"colour": "red"}, 200, self.led))
        self.assertTrue(self.judge({"red": 255}, 422, self.problem, contract.PROBLEM))

    def test_a_problem_that_contradicts_itself_is_seen(self):
        self.assertTrue(self.judge({"red": 256}, 400, self.problem, contract.PROBLEM))
        self.assertTrue(self.judge({"red": 256}, 422, {**self.problem, "code": "not_found"}, contract.PROBLEM))
        self.assertTrue(self.judge({"red": 256}, 422, {**self.problem, "instance": "/elsewhere"}, contract.PROBLEM))

    def test_an_unknown_path_must_be_a_404_and_another_method_a_405(self):
        self.assertTrue(self.judge({}, 200, {}, method="GET", path="/api/v1/nope"))
        self.assertTrue(self.judge({}, 200, {}, method="POST", path="/api/v1"))

    def test_a_conversation_out_of_order_is_seen(self):
        messages = self.stream.document.plain["components"]["messages"]
        hello, pong = (json.dumps(messages[name]["examples"][0]["payload"]) for name in ("hello", "pong"))
        ping = '{"type":"ping","t":12.5}'
        self.assertEqual(self.stream.conversation_faults("", [("in", hello), ("out", ping), ("in", pong)]), [])
        self.assertTrue(self.stream.conversation_faults("", [("in", pong)]))
        self.assertTrue(self.stream.conversation_faults("", [("in", hello), ("in", pong)]))
        self.assertTrue(self.stream.conversation_faults("", [("in", hello), ("out", '{"type":"unsubscribe","id":"a"}'), ("in", pong)]))
        self.assertTrue(self.stream.conversation_faults("", [("in", hello), ("out", '{"type":"ping","u":1}'), ("in", pong)]))
        self.assertTrue(self.stream.conversation_faults("", [("in", '{"type":"hello"}')]))

    def test_a_close_code_that_is_not_listed_is_seen(self):
        hello = json.dumps(self.stream.document.plain["components"]["messages"]["hello"]["examples"][0]["payload"])
        self.assertEqual(self.stream.conversation_faults("", [("in", hello), ("closed", 4001)]), [])
        self.assertTrue(self.stream.conversation_faults("", [("in", hello), ("closed", 4002)]))

    def test_records_that_are_not_as_laid_out_are_seen(self):
        motion = self.stream.document.plain["components"]["messages"]["motion"]["x-binary-motion"]
        good = bytes.fromhex(motion["example"]["hex"])
        self.assertEqual(self.stream.message_faults(good)[0], [])
        nobodys = struct.pack("<f", float("nan"))
        for offset, octets in ((0, b"\2"), (1, b"\2"), (2, b"\x5f"), (4, b"\2"), (24 + 16, nobodys), (24 + 80, struct.pack("<f", 2)), (24 + 87, b"\x80"),
                               (24 + 88, b"\1"), (24 + 93, b"\1"), (24 + 93, b"\x0b"), (24 + 95, b"\1"), (120, b"\xff")):
            wrong = good[:offset] + octets + good[offset + len(octets):]
            self.assertTrue(self.stream.message_faults(wrong)[0], (offset, octets))
        self.assertTrue(self.stream.message_faults(good[:100])[0])


if __name__ == "__main__":
    unittest.main(verbosity=2)
