"""The contract as a judge of traffic: is this exchange, or this message, what openapi.json and asyncapi.json say? Needs
jsonschema (4.10 in Debian 12, with draft 2020-12)."""

import json
import math
import os
import re
import struct
import urllib.parse

import jsonschema

PROBLEM = "application/problem+json"
FORM = "application/x-www-form-urlencoded"
# Refusals that the schemas of the contract must share: what the daemon finds wrong so, they do too. The bounds of an instant alone are
# those of the daemon's clock, which no schema knows.
SCHEMA_CODES = {"unknown_member", "missing_member", "conflicting_members", "wrong_type", "out_of_range"}


def moves_with_the_clock(fault):
    """@param fault  a problem, or an error of the stream"""
    pointer = fault["errors"][0]["pointer"] if "errors" in fault else fault.get("pointer")
    return fault.get("code") == "out_of_range" and pointer == "/at_us"


def names_one_twice(fault):
    """Two names of a cue may be the same controller's; no schema knows."""
    return fault.get("code") == "conflicting_members" and re.fullmatch(r"/outputs/\d+(/controllers/\d+)?", fault["errors"][0]["pointer"])


class Unreadable(Exception):
    """Text that is no strict JSON."""


def strict_json(text):
    def pairs(members):
        names = [name for name, _ in members]
        if len(names) != len(set(names)):
            raise Unreadable("a member is there twice")
        return dict(members)

    def constant(name):
        raise Unreadable(f"{name} is no JSON")

    try:
        return json.loads(text, object_pairs_hook=pairs, parse_constant=constant)
    except (ValueError, UnicodeDecodeError) as error:
        raise Unreadable(str(error)) from None


class Document:
    """One document, its references followed once and for all: no schema here contains itself."""

    def __init__(self, text):
        self.plain = json.loads(text)
        self._validators = {}

    def follow(self, reference):
        value = self.plain
        for part in reference.split("/")[1:]:
            value = value[part.replace("~1", "/").replace("~0", "~")]
        return value

    def resolve(self, value):
        """The value with nothing but itself in it."""
        if isinstance(value, list):
            return [self.resolve(item) for item in value]
        if not isinstance(value, dict):
            return value
        if isinstance(value.get("$ref"), str):
            beside = {key: one for key, one in value.items() if key != "$ref"}
            return {**self.resolve(self.follow(value["$ref"])), **self.resolve(beside)}
        return {key: self.resolve(one) for key, one in value.items()}

    def faults(self, schema, value):
        """What is wrong with a value, as sentences. The schema is one of this document, resolved."""
        validator = self._validators.get(id(schema))
        if validator is None:
            validator = self._validators[id(schema)] = jsonschema.Draft202012Validator(schema)
        return [f"{'/'.join(map(str, error.absolute_path)) or 'the whole'}: {error.message[:300]}" for error in validator.iter_errors(value)]


def form_value(text):
    """A form's value as the daemon reads it."""
    if text in ("true", "false"):
        return text == "true"
    if re.fullmatch(r"-?(0|[1-9][0-9]*)", text):
        return int(text)
    if re.fullmatch(r"-?(0|[1-9][0-9]*)\.[0-9]+", text):
        return float(text)
    return text


def query_value(schema, text):
    """A parameter of a query as its schema means it."""
    kind = schema.get("type")
    if kind == "array":
        return [urllib.parse.unquote_plus(item) for item in text.split(",") if item]
    text = urllib.parse.unquote_plus(text)
    if kind == "integer":
        return form_value(text)
    if kind in ("number", "boolean"):
        try:
            return strict_json(text)
        except Unreadable:
            return text
    return text


class Rest:
    def __init__(self, text):
        self.document = Document(text)
        self.paths = {path: self._path(item) for path, item in self.document.plain["paths"].items()}
        schemas = self.document.resolve(self.document.plain["components"]["schemas"])
        self.problem = schemas["Problem"]
        self.statuses = {entry["const"]: entry["x-status"] for entry in schemas["ErrorCode"]["oneOf"]}

    def _path(self, item):
        item = self.document.resolve(item)
        shared = item.pop("parameters", [])
        return {method: {**operation, "parameters": shared + operation.get("parameters", [])} for method, operation in item.items()}

    def find(self, path):
        """The template that a path fits, the most literal first, and what it is served by."""
        if len(path) > 1 and path.endswith("/"):
            path = path[:-1]
        for template in sorted(self.paths, key=lambda one: one.count("{")):
            pattern = "".join("[^/]+" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{\w+\})", template))
            if re.fullmatch(pattern, path):
                return template, self.paths[template]
        return None, {}

    # ---- requests

    def request_faults(self, operation, query, headers, body):
        return self._query_faults(operation, query) + self._body_faults(operation, headers, body)

    def _query_faults(self, operation, query):
        described = {one["name"]: one for one in operation["parameters"] if one["in"] == "query"}
        if not query or operation.get("x-parameters") == "ignored":
            return []
        faults, values = [], {}
        for pair in filter(None, query.split("&")):
            name, _, text = pair.partition("=")
            if name not in described:
                faults.append(f"there is no parameter {name}")
                continue
            values[name] = query_value(described[name]["schema"], text)
            faults += [f"parameter {name}: {fault}" for fault in self.document.faults(described[name]["schema"], values[name])]
        if values.get("policy") == "all" and "max_rate_hz" in values:
            faults.append("max_rate_hz contradicts the policy all")
        if values.get("policy") == "window" and "max_rate_hz" not in values:
            faults.append("the policy window needs max_rate_hz")
        if values.get("policy") == "window" and isinstance(values.get("max_rate_hz"), (int, float)) and values["max_rate_hz"] < 1:
            faults.append("the policy window needs a max_rate_hz of 1 at the least")
        return faults

    def _body_faults(self, operation, headers, body):
        described = operation.get("requestBody")
        if described is None:
            return []
        if not body and FORM not in headers.get("content-type", ""):  # a form of nothing is a form
            is_needed = described.get("required") or "json" in headers.get("content-type", "")
            return ["the body is missing"] if is_needed else []
        media = headers.get("content-type", "application/json").partition(";")[0].strip().lower()
        if media not in described["content"]:
            return [f"{media} is not taken here"]
        try:
            text = body.decode() if isinstance(body, bytes) else body
            if media == FORM:
                pairs = urllib.parse.parse_qsl(text, keep_blank_values=True, strict_parsing=True) if text else []
                value = {name: form_value(one) for name, one in pairs}
                if len(value) < len(pairs) or "" in value:
                    raise Unreadable("a name is there twice, or none")
            else:
                value = strict_json(text)
        except (Unreadable, ValueError) as error:
            return [f"unreadable: {error}"]
        return self.document.faults(described["content"][media]["schema"], value)

    # ---- exchanges

    def exchange_faults(self, method, target, headers, body, status, answer_headers, answer_body):
        """What the contract has against a request and its answer.
        @param headers, answer_headers  mappings
        @param answer_body  bytes, or None where it has no end or nobody looked at it"""
        path, _, query = target.partition("?")
        headers = {name.lower(): value for name, value in headers.items()}
        answer = Answer(status, answer_headers, answer_body)
        template, methods = self.find(path)
        operation = methods.get("get" if method == "HEAD" else method.lower())
        faults = answer.framing_faults(method)
        if operation is None:
            return faults + self._undescribed_faults(answer, method, methods, path)
        faults += self.answer_faults(operation, answer, method, path)
        problems = self.request_faults(operation, query, headers, body)
        if status < 400 and problems:
            faults.append(f"accepted, though {problems[0]}")
        if not problems and self._refuses_by_schema(template, answer):
            faults.append("refused, though nothing in the contract is against it")
        return faults

    @staticmethod
    def _refuses_by_schema(template, answer):
        if not answer.body:
            return False
        if answer.status == 400 and template.startswith("/controllers") and PROBLEM not in answer.media:
            return True
        if answer.media != PROBLEM or moves_with_the_clock(answer.json()) or names_one_twice(answer.json()):
            return False
        return answer.json().get("code") in SCHEMA_CODES | {"unsupported_media_type"}

    def answer_faults(self, operation, answer, method, path):
        described = operation["responses"].get(str(answer.status))
        if described is None:
            return [f"{answer.status} is not described for it"]
        faults = []
        for name, header in described.get("headers", {}).items():
            given = answer.headers.get(name.lower())
            if given is None:
                if header.get("required"):
                    faults.append(f"the header {name} is missing")
                continue
            faults += [f"header {name}: {fault}" for fault in self.document.faults(header["schema"], given)]
        if "content" not in described:
            if answer.has_body():
                faults.append("there is a body, and none is described")
            if answer.media:
                faults.append(f"{answer.media}, and no body is described")
            return faults
        if answer.media not in described["content"]:
            return faults + [f"{answer.media} is not described for {answer.status}"]
        if answer.body is None or method == "HEAD":
            return faults
        try:
            value = answer.json() if "json" in answer.media else answer.body.decode()
        except (Unreadable, UnicodeDecodeError) as error:
            return faults + [f"unreadable: {error}"]
        faults += self.document.faults(described["content"][answer.media]["schema"], value)
        if answer.media == PROBLEM:
            faults += self._problem_faults(answer, value, path)
        return faults

    def _problem_faults(self, answer, value, path):
        faults = self.document.faults(self.problem, value)
        if self.statuses.get(value.get("code")) != answer.status or value.get("status") != answer.status:
            faults.append(f"code {value.get('code')}, status {value.get('status')} and the answer's {answer.status} do not agree")
        if path is not None and value.get("instance", path) != path:
            faults.append(f"the instance is {value['instance']}, the path {path}")
        if answer.status == 422 and "errors" not in value:
            faults.append("422 without errors")
        return faults

    def _undescribed_faults(self, answer, method, methods, path):
        """Of a path that does not exist, or a method that a path does not have."""
        if answer.status == 204 and method == "OPTIONS":
            return [] if answer.headers.get("allow") else ["OPTIONS without Allow"]
        faults = self.loose_faults(answer, path)
        expected = (405,) if methods else (404,)
        if answer.status not in (*expected, 400, 403, 408, 413, 414, 417, 421, 431, 501, 503, 505):
            faults.append(f"{answer.status} for {method} on {path}")
        if answer.status == 405:
            allow = {name.upper() for name in methods} | {"OPTIONS"} | ({"HEAD"} if "get" in methods else set())
            if set(answer.headers.get("allow", "").split(", ")) != allow:
                faults.append(f"Allow is {answer.headers.get('allow')}, the contract has {sorted(allow)}")
        return faults

    def loose_faults(self, answer, path=None):
        """Of an answer to something that could not be read as a request."""
        if answer.status < 400:
            return [f"{answer.status} to something that the contract does not have"]
        if answer.media != PROBLEM:
            return [f"{answer.media} instead of {PROBLEM}"]
        if answer.body is None:
            return []
        try:
            return self._problem_faults(answer, answer.json(), path)
        except Unreadable as error:
            return [f"unreadable: {error}"]


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.body = body
        self.media = self.headers.get("content-type", "")

    def json(self):
        return strict_json(self.body)

    def has_body(self):
        """Also where nobody looked at it: its length is in the head."""
        return bool(self.body) or self.headers.get("content-length", "0") != "0" or "transfer-encoding" in self.headers

    def framing_faults(self, method):
        faults = []
        if self.status in (204, 304) and (self.body or "content-length" in self.headers):
            faults.append(f"{self.status} with a body or its length")
        if method == "HEAD" and self.body:
            faults.append("HEAD with a body")
        if self.status >= 200 and self.headers.get("x-content-type-options") != "nosniff":
            faults.append("X-Content-Type-Options is missing")
        return faults


class BinaryMotion:
    """The layout of motion in psmoved.v1+bin, read off the contract."""

    CODES = {"u8": "B", "i8": "b", "u16": "H", "i16": "h", "u32": "I", "i32": "i", "u64": "Q", "i64": "q", "f32": "f"}
    MOTION, MAG, STICK = 1, 2, 4  # flags

    def __init__(self, layout, buttons):
        """@param buttons  their names in the order of their bits"""
        self.header, self.record, self.buttons = self._structure(layout["header"]), self._structure(layout["record"]), buttons

    def _structure(self, members):
        code, fields = "<", []
        for member in members:
            kind, count = re.fullmatch(r"(\w+?)(?:\[(\d+)\])?", member["type"]).groups()
            if struct.calcsize(code) != member["offset"]:
                raise Unreadable(f"{member['name']} is said to be at {member['offset']}, behind those before it is {struct.calcsize(code)}")
            code += (count or "") + self.CODES[kind]
            fields.append((member["name"], int(count) if count else None, member.get("value")))
        return struct.Struct(code), fields

    def _members(self, structure, data, offset):
        numbers = iter(structure[0].unpack_from(data, offset))
        for name, count, expected in structure[1]:
            value = next(numbers) if count is None else [next(numbers) for _ in range(count)]
            if expected is not None and value != expected:
                raise Unreadable(f"{name} is {value}, not {expected}")
            yield name, value

    def decode(self, data):
        """The same message as JSON has it."""
        try:
            header = dict(self._members(self.header, data, 0))
            size = header["record_bytes"]
            end = self.header[0].size + header["count"] * size
            if end > len(data):
                raise Unreadable(f"{header['count']} records do not fit into {len(data)} bytes")
            records = [dict(self._members(self.record, data, offset)) for offset in range(self.header[0].size, end, size)]
            return {"type": "motion", "subscription": data[end:].decode(), "controller": bytes(header["controller"]).hex(":"),
                    "received_us": header["received_us"], "dropped": header["dropped"], "samples": [self._sample(one) for one in records]}
        except (struct.error, UnicodeDecodeError) as error:
            raise Unreadable(str(error)) from None

    def _sample(self, record):
        flags = record["flags"]
        if flags & ~(self.MOTION | self.MAG | self.STICK):
            raise Unreadable(f"flags are {flags}")
        if record["buttons"] >> len(self.buttons):
            raise Unreadable(f"buttons are {record['buttons']:#x}")
        sample = {"sequence": record["sequence"], "time_us": record["time_us"], "trigger": record["trigger"],
                  "buttons": [name for i, name in enumerate(self.buttons) if record["buttons"] >> i & 1],
                  "temperature_c": record["temperature_c"] if flags & self.MOTION else None}
        for name, axes, flag in (("accel_m_s2", "xyz", self.MOTION), ("gyro_rad_s", "xyz", self.MOTION), ("mag_ut", "xyz", self.MAG),
                                 ("orientation", "wxyz", self.MOTION), ("linear_accel_m_s2", "xyz", self.MOTION)):
            is_there = bool(flags & flag)
            if any(math.isnan(part) == is_there for part in record[name]):
                raise Unreadable(f"{name} is {record[name]}, flags are {flags}")
            sample[name] = dict(zip(axes, record[name])) if is_there else None
        steps = {"x": record["stick_x"], "y": record["stick_y"]}
        if flags & self.STICK:
            sample["stick"] = {axis: one / 32767 for axis, one in steps.items()}
        elif any(steps.values()):
            raise Unreadable(f"there is no stick, and it is at {steps}")
        return sample


class Stream:
    def __init__(self, text):
        self.document = Document(text)
        messages = self.document.plain["channels"]["stream"]["messages"]
        motion = self.document.resolve(messages["motion"])
        buttons = self.document.resolve(self.document.plain["components"]["schemas"]["ButtonEvent"])["properties"]["button"]["enum"]
        self.binary_motion = BinaryMotion(motion["x-binary-motion"], buttons)
        self.close_codes = {one["code"] for one in self.document.plain["info"]["x-close-codes"]}
        self.payloads = {name: self.document.resolve(message)["payload"] for name, message in messages.items()}
        self.requests, sent = {}, set()
        for operation in self.document.plain["operations"].values():
            names = [one["$ref"].rpartition("/")[2] for one in operation["messages"]]
            answers = [one["$ref"].rpartition("/")[2] for one in operation.get("reply", {}).get("messages", ())]
            if operation["action"] == "receive":
                self.requests[names[0]] = answers
                sent.update(answers)
            else:
                sent.update(names)
        self.from_daemon = sent
        self.answers = {answer for answers in self.requests.values() for answer in answers}

    def message_faults(self, text):
        """Of one message of the daemon.
        @param text  of a text message, or bytes: motion in records"""
        try:
            message = strict_json(text) if isinstance(text, str) else self.binary_motion.decode(text)
        except Unreadable as error:
            return [f"unreadable: {error}"], None
        kind = message.get("type") if isinstance(message, dict) else None
        if kind not in self.from_daemon:
            return [f"the daemon does not send {kind}"], None
        return self.document.faults(self.payloads[kind], message), message

    def request_faults(self, text):
        """Of one message of a client."""
        try:
            message = strict_json(text if isinstance(text, str) else text.decode())
        except (Unreadable, UnicodeDecodeError) as error:
            return [f"unreadable: {error}"], None
        kind = message.get("type") if isinstance(message, dict) else None
        if kind not in self.requests:
            return [f"there is no request {kind}"], kind
        return self.document.faults(self.payloads[kind], message), kind

    def conversation_faults(self, query, said):
        """Of one connection.
        @param said  pairs in the order in which the client sent and saw them: "out" (from the client) or "in", and the text of a message, or
                     the bytes of motion in records; "closed" and the code with which the daemon closed of its own accord"""
        faults, asked, greeted = [], [], False
        starts_by_itself = bool(query.strip("?"))
        for direction, text in said:
            if direction == "out":
                asked.append(text)
                continue
            if direction == "closed":
                if text not in self.close_codes:
                    faults.append(f"it closed with {text}, which is not in x-close-codes")
                continue
            found, message = self.message_faults(text)
            faults += [f"{text[:200]!r}: {fault}" for fault in found]
            kind = message["type"] if message else None
            if not greeted and kind != "hello":
                faults.append(f"the first message is {kind}, not hello")
            greeted = True
            if kind not in self.answers:
                continue
            if starts_by_itself and kind in ("subscribed", "error") and message.get("id", message.get("to")) == "query":
                starts_by_itself = False
            elif not asked:
                faults.append(f"{text[:200]}: answers nothing")
            else:
                faults += self._answer_faults(asked.pop(0), message)
        return faults

    def _answer_faults(self, request, answer):
        """Requests are answered in their order, each by one message."""
        problems, kind = self.request_faults(request)
        where = f"{request[:200]} -> {answer['type']}"
        if answer["type"] != "error":
            faults = [f"{where}: accepted, though {problems[0]}"] if problems else []
            if answer["type"] not in self.requests.get(kind, ()):
                faults.append(f"{where}: is not its answer")
            return faults
        if not problems and not moves_with_the_clock(answer) and answer["code"] in SCHEMA_CODES | {"unknown_type", "invalid_json", "duplicate_member"}:
            return [f"{where} {answer['code']}: refused, though nothing in the contract is against it"]
        return []


def load(folder=None):
    """Both judges. @param folder  where the built documents are; PSMOVED_CONTRACT if not given"""
    folder = folder or os.environ["PSMOVED_CONTRACT"]
    texts = []
    for name in ("openapi.json", "asyncapi.json"):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            texts.append(file.read())
    return Rest(texts[0]), Stream(texts[1])
