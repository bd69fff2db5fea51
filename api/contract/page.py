"""The page /docs: both documents as HTML that needs no script to be read, and one small script to try it with."""

import base64
import hashlib
import html
import json
import re

SHARED = "refusals"  # id of the section on what every request may be answered


def escape(text):
    return html.escape(str(text), quote=True)


def code(text):
    return f"<code>{escape(text)}</code>"


# ---- prose: the part of Markdown that the documents use

def inline(text):
    pieces = re.split(r"(`[^`]+`)", text.strip())
    for i, piece in enumerate(pieces):
        if piece.startswith("`") and len(piece) > 2:
            pieces[i] = code(piece[1:-1])
            continue
        piece = escape(piece)
        piece = re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", piece)
        pieces[i] = piece
    text = "".join(pieces)
    return re.sub(r"\[((?:[^\[\]]|<code>[^<]*</code>)+)\]\(([^()\s]+)\)", r'<a href="\2">\1</a>', text)


def prose(text):
    """Paragraphs, lists and fenced code."""
    out = []
    for number, part in enumerate(re.split(r"^```\n?", text.strip(), flags=re.M)):
        if number % 2:
            out.append(f"<pre>{escape(part.rstrip())}</pre>")
            continue
        for block in re.split(r"\n\s*\n", part.strip()):
            if not block:
                continue
            if block.startswith("- "):
                items = re.split(r"^- ", block, flags=re.M)[1:]
                out.append("<ul>" + "".join(f"<li>{inline(item)}</li>" for item in items) + "</ul>")
            else:
                out.append(f"<p>{inline(block)}</p>")
    return "\n".join(out)


# ---- schemas

def name_of(reference):
    return reference.rpartition("/")[2]


def schema_link(name):
    return f'<a href="#schema-{escape(name)}">{escape(name)}</a>'


def number_range(schema):
    low, high = schema.get("minimum"), schema.get("maximum")
    above = schema.get("exclusiveMinimum")
    if above is not None:
        return f" above {above}"
    if low is not None and high is not None:
        return f" {low} to {high}"
    if low is not None:
        return f" from {low}"
    return f" up to {high}" if high is not None else ""


def text_range(schema):
    low, high = schema.get("minLength"), schema.get("maxLength")
    text = ""
    if high is not None:
        text = f" of {low or 0} to {high} characters"
    if "pattern" in schema:
        text += " like " + code(schema["pattern"])
    return text


def type_text(schema, named):
    """What a value may be, in one phrase of HTML. A simple one that has a name is told with it.
    @param named  every schema that has a name"""
    if schema is False:
        return "nothing"
    if "$ref" in schema:
        name = name_of(schema["$ref"])
        target = named[name]
        is_simple = target.get("type") not in ("object", "array") and not any(key in target for key in ("oneOf", "anyOf", "allOf"))
        return schema_link(name) + (f" ({type_text(target, named)})" if is_simple else "")
    if "const" in schema:
        return code(json.dumps(schema["const"]))
    if "enum" in schema:
        return ", ".join(code(value if isinstance(value, str) else json.dumps(value)) for value in schema["enum"])
    for choice in ("oneOf", "anyOf"):
        if choice in schema and "type" not in schema:
            return " or ".join(type_text(one, named) for one in schema[choice])
    if "allOf" in schema:
        return type_text(schema["allOf"][0], named)
    kinds = schema.get("type", "anything")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    texts = []
    for kind in kinds:
        if kind in ("integer", "number"):
            texts.append(kind + number_range(schema))
        elif kind == "string":
            texts.append(kind + text_range(schema))
        elif kind == "array":
            texts.append("array of " + type_text(schema.get("items", {}), named))
        else:
            texts.append(escape(kind))
    return " or ".join(texts)


def members_table(schema, named):
    """The members of an object, those of objects inside it below them."""
    rows = []

    def add(owner, prefix):
        for name, member in owner.get("properties", {}).items():
            if member is False:
                continue
            optional = "" if name in owner.get("required", ()) else ' <span class="quiet">optional</span>'
            default = f'; default {code(json.dumps(member["default"]))}' if "default" in member else ""
            nested = member.get("items", member) if member.get("type") == "array" else member
            is_open = nested.get("type") == "object" and "properties" in nested
            kind = ("array of objects" if nested is not member else "object") if is_open else type_text(member, named)
            rows.append(f"<tr><th scope=row>{code(prefix + name)}{optional}</th><td>{kind}{default}</td>"
                        f"<td>{inline(member.get('description', ''))}</td></tr>")
            if is_open:
                add(nested, prefix + name + ("[]." if nested is not member else "."))

    add(schema, "")
    if not rows:
        return ""
    return ('<div class=wide><table><thead><tr><th scope=col>member</th><th scope=col>value</th><th scope=col>meaning</th></tr></thead>'
            "<tbody>" + "".join(rows) + "</tbody></table></div>")


def schema_section(name, schema, named):
    parts = [f'<section class=schema id="schema-{escape(name)}"><h3>{escape(name)}</h3>']
    if "description" in schema:
        parts.append(prose(schema["description"]))
    if name == "ErrorCode":
        parts.append('<p>See <a href="#errors">the list of errors</a>.</p>')
    else:
        parts.append(members_table(schema, named) if schema.get("properties") else f"<p>{type_text(schema, named)}</p>")
    parts.append("</section>")
    return "".join(parts)


# ---- operations

def pretty(value):
    """JSON for people: short things on one line."""
    def put(item, indent):
        flat = json.dumps(item, ensure_ascii=False)
        if not isinstance(item, (dict, list)) or len(flat) + len(indent) <= 100:
            return flat
        inner = indent + "  "
        if isinstance(item, dict):
            body = (f"{inner}{json.dumps(key, ensure_ascii=False)}: {put(one, inner)}" for key, one in item.items())
            return "{\n" + ",\n".join(body) + f"\n{indent}}}"
        return "[\n" + ",\n".join(inner + put(one, inner) for one in item) + f"\n{indent}]"
    return put(value, "")


def form_text(value):
    return "&".join(f"{name}={one}" for name, one in value.items())


def example_details(title, text):
    return f"<details><summary>Example: {escape(title)}</summary><pre>{escape(text)}</pre></details>"


class Reader:
    """An OpenAPI document, looked at through its references."""

    def __init__(self, document):
        self.document = document
        self.named = document["components"]["schemas"]
        shared = [{(status, name) for status, response in operation["responses"].items() for name in self.codes(self.follow(response))}
                  for _, _, operation in self.operations()]
        # (status, code) that every operation has; each tells its own only.
        self.everywhere = set.intersection(*shared)

    def operations(self):
        for path, item in self.document["paths"].items():
            for method, operation in item.items():
                if method != "parameters":
                    yield path, method, {**operation, "parameters": item.get("parameters", []) + operation.get("parameters", [])}

    def follow(self, value):
        while "$ref" in value:
            target = self.document
            for part in value["$ref"].split("/")[1:]:
                target = target[part.replace("~1", "/").replace("~0", "~")]
            value = target
        return value

    def codes(self, response):
        """The error codes that a response may carry."""
        found = []
        for media in response.get("content", {}).values():
            for part in media.get("schema", {}).get("allOf", ()):
                found += part.get("properties", {}).get("code", {}).get("enum", ())
        return found

    def example(self, value):
        return self.follow(value)["value"]


def parameters_table(reader, operation):
    rows = []
    for parameter in map(reader.follow, operation["parameters"]):
        optional = "" if parameter.get("required") else ' <span class="quiet">optional</span>'
        examples = ", ".join(code(show(reader.example(one))) for one in parameter.get("examples", {}).values())
        rows.append(f'<tr><th scope=row>{code(parameter["name"])}{optional}</th><td>{escape(parameter["in"])}</td>'
                    f'<td>{type_text(parameter["schema"], reader.named)}</td><td>{inline(parameter.get("description", ""))}</td><td>{examples}</td></tr>')
    if not rows:
        return ""
    return ("<h4>Parameters</h4><div class=wide><table><thead><tr><th scope=col>name</th><th scope=col>in</th><th scope=col>value</th>"
            "<th scope=col>meaning</th><th scope=col>for example</th></tr></thead><tbody>" + "".join(rows) + "</tbody></table></div>")


def show(value):
    if isinstance(value, list):
        return ",".join(map(str, value))
    return value if isinstance(value, str) else json.dumps(value)


def body_section(reader, operation):
    body = operation.get("requestBody")
    if not body:
        return ""
    parts = ["<h4>Body</h4>"]
    if "description" in body:
        parts.append(prose(body["description"]))
    schemas = {json.dumps(media["schema"]): media["schema"] for media in body["content"].values()}
    for schema in schemas.values():
        parts.append(f"<p>{type_text(schema, reader.named)} as " + ", ".join(
            code(name) for name, media in body["content"].items() if media["schema"] == schema) + ".</p>")
        parts.append(members_table(reader.follow(schema), reader.named))
    return "".join(parts)


def responses_section(reader, operation):
    rows, details = [], []
    for status, given in sorted(operation["responses"].items()):
        response = reader.follow(given)
        codes = [name for name in reader.codes(response) if (status, name) not in reader.everywhere]
        if reader.codes(response) and not codes and len(response["content"]) == 1:
            continue
        kinds = [type_text(media["schema"], reader.named) for name, media in response.get("content", {}).items() if "problem" not in name]
        carries = " or ".join(dict.fromkeys(kinds)) + (" or " if kinds and codes else "") + ", ".join(
            f'<a href="#error-{escape(name)}">{code(name)}</a>' for name in codes)
        extra = [name for name in response.get("headers", {}) if name not in ("Cache-Control",)]
        headers = "<br>with " + ", ".join(code(name) for name in extra) if extra else ""
        rows.append(f'<tr><th scope=row>{escape(status)}</th><td>{carries or "nothing"}{headers}</td>'
                    f'<td>{inline(response["description"])}</td></tr>')
        if status < "300":
            for media in response.get("content", {}).values():
                for name, one in media.get("examples", {}).items():
                    title = f'{status}, {reader.follow(one).get("summary", name.replace("_", " "))}'
                    details.append(example_details(title, pretty(reader.example(one))))
    return ("<h4>Answers</h4><div class=wide><table><thead><tr><th scope=col>status</th><th scope=col>body</th><th scope=col>meaning</th></tr>"
            "</thead><tbody>" + "".join(rows) + f'</tbody></table></div><p class=quiet>And <a href="#{SHARED}">what every request may be '
            "answered</a>.</p>" + "".join(details))


def path_with_examples(reader, path, operation):
    for parameter in map(reader.follow, operation["parameters"]):
        if parameter["in"] == "path":
            path = path.replace("{" + parameter["name"] + "}", str(reader.example(next(iter(parameter["examples"].values())))))
    return path


def curl(reader, path, method, operation):
    """The shortest line that does it."""
    target = "localhost:6683" + path_with_examples(reader, path, operation)
    options = "" if method == "get" else f"-X {method.upper()} "
    content = operation.get("requestBody", {}).get("content", {})
    form = content.get("application/x-www-form-urlencoded")
    if form:
        value = reader.example(next(iter(form["examples"].values())))
        return f"curl {options}{target} " + " ".join(f"-d {name}={one}" for name, one in value.items())
    return f"curl {options}{target}"


def field(identity, label, value, more=""):
    return (f'<label for="{identity}">{escape(label)}</label>'
            f'<input id="{identity}" name="{escape(label)}" value="{escape(value)}" autocomplete=off spellcheck=false{more}>')


def try_form(reader, path, method, operation):
    identity = operation["operationId"]
    if "101" in operation["responses"]:
        return '<p>Try it <a href="#try-stream">below</a>.</p>'
    fields = []
    for i, parameter in enumerate(map(reader.follow, operation["parameters"])):
        first = show(reader.example(next(iter(parameter["examples"].values()))))
        value = first if parameter.get("required") else ""
        hint = "" if parameter.get("required") else f' placeholder="{escape(first)}"'
        fields.append(field(f"{identity}-{i}", parameter["name"], value, f'{hint} data-in={parameter["in"]}'))
    content = operation.get("requestBody", {}).get("content", {})
    options = []
    for media, described in content.items():
        if media == "application/merge-patch+json" and "application/json" in content:
            continue
        for name, one in described["examples"].items():
            value = reader.example(one)
            text = form_text(value) if "form" in media else json.dumps(value, ensure_ascii=False)
            options.append((media, name, text))
    if options:
        first_media, _, first_text = options[0]
        fields.append(f'<label for="{identity}-examples">example</label><select id="{identity}-examples" data-fills="{identity}-body">' + "".join(
            f'<option value="{escape(text)}" data-media="{media}">{escape(name.replace("_", " "))}{" (form)" if "form" in media else ""}</option>'
            for media, name, text in options) + "</select>")
        fields.append(f'<label for="{identity}-body">body</label>'
                      f'<textarea id="{identity}-body" rows=3 spellcheck=false data-media="{first_media}">{escape(first_text)}</textarea>')
    return (f'<details class=try><summary>Try it</summary><form data-method={method.upper()} data-path="{escape(path)}">'
            f'<div class=fields>{"".join(fields)}</div><button type=submit>Send <span class=unseen>{method.upper()} {escape(path)}</span></button>'
            "<output aria-live=polite></output></form></details>")


def operation_section(reader, path, method, operation):
    identity = operation["operationId"]
    parts = [f'<section class=operation id="{identity}"><h3><span class="method {method}">{method.upper()}</span> {code(path)}</h3>'
             f'<p class=summary>{inline(operation["summary"])}</p>']
    if "description" in operation:
        parts.append(prose(operation["description"]))
    if "101" not in operation["responses"]:
        parts.append(f"<pre>{escape(curl(reader, path, method, operation))}</pre>")
    parts += [parameters_table(reader, operation), body_section(reader, operation), responses_section(reader, operation),
              try_form(reader, path, method, operation), "</section>"]
    return "".join(parts)


def shared_section(reader):
    meanings = {entry["const"]: entry["title"] for entry in reader.document["components"]["schemas"]["ErrorCode"]["oneOf"]}
    rows = [f'<tr><th scope=row>{escape(status)}</th><td><a href="#error-{escape(name)}">{code(name)}</a></td><td>{escape(meanings[name])}</td></tr>'
            for status, name in sorted(reader.everywhere)]
    return (f'<section id="{SHARED}"><h2>What every request may be answered</h2><div class=wide><table><thead><tr><th scope=col>status</th>'
            "<th scope=col>code</th><th scope=col>meaning</th></tr></thead><tbody>" + "".join(rows) + "</tbody></table></div></section>")


def errors_section(reader):
    examples = reader.document["components"]["examples"]
    parts = ['<section id=errors><h2>Errors</h2><p>The <code>code</code> of an <code>application/problem+json</code>, and of the stream’s '
             "<code>error</code>.</p><dl>"]
    for entry in reader.document["components"]["schemas"]["ErrorCode"]["oneOf"]:
        name = entry["const"]
        parts.append(f'<dt id="error-{name}">{code(name)} <span class=quiet>{entry["x-status"]}</span> {escape(entry["title"])}</dt>'
                     f'<dd>{inline(entry["description"])}')
        if entry.get("x-reserved"):
            parts.append(" <span class=quiet>Kept for later: this version never says it.</span>")
        if name in examples:
            parts.append(example_details(name, pretty(examples[name]["value"])))
        parts.append("</dd>")
    return "".join(parts) + "</dl></section>"


def limits_section(reader):
    rows = [f"<tr><th scope=row>{code(name)}</th><td>{limit['default']}</td><td>{inline(limit['description'])}</td></tr>"
            for name, limit in reader.document["components"]["schemas"]["Limits"]["properties"].items()]
    return ('<section id=limits><h2>Limits</h2><p>As <a href="#getRoot"><code>GET /api/v1</code></a> tells them; unless configured otherwise:</p>'
            "<div class=wide><table><thead><tr><th scope=col>limit</th><th scope=col>default</th><th scope=col>meaning</th></tr></thead><tbody>"
            + "".join(rows) + "</tbody></table></div></section>")


# ---- the stream

def message_section(message, payload, named):
    parts = [f'<section class=operation id="message-{escape(message["name"])}"><h4>{code(message["name"])} {escape(message["title"])}</h4>']
    if "summary" in message:
        parts.append(f'<p>{inline(message["summary"])}</p>')
    parts.append(members_table(payload, named))
    for one in message["examples"]:
        parts.append(example_details(one["name"].replace("_", " "), pretty(one["payload"])))
    return "".join(parts) + "</section>"


def stream_section(document):
    messages = document["components"]["messages"]
    schemas = document["components"]["schemas"]

    def message_of(reference):
        return messages[name_of(reference["$ref"])]

    parts = ["<section id=stream><h2>The stream</h2>", prose(document["info"]["description"]),
             "<h3>Close codes</h3><div class=wide><table><tbody>"]
    parts += [f'<tr><th scope=row>{entry["code"]}</th><td>{inline(entry["description"])}</td></tr>' for entry in document["info"]["x-close-codes"]]
    parts.append("</tbody></table></div>")
    told = set()
    for operation in document["operations"].values():
        requests = operation["action"] == "receive"
        parts.append(f'<h3><span class="method {"put" if requests else "get"}">{"to the daemon" if requests else "from the daemon"}</span> '
                     f'{escape(operation["title"])}</h3><p>{inline(operation["summary"])}</p>')
        answers = operation.get("reply", {}).get("messages", [])
        if answers:
            parts.append("<p>Answered by " + " or ".join(
                f'<a href="#message-{name}">{code(name)}</a>' for name in (message_of(one)["name"] for one in answers)) + ".</p>")
        for reference in operation["messages"] + answers:
            message = message_of(reference)
            if message["name"] in told:
                continue
            told.add(message["name"])
            parts.append(message_section(message, schemas[name_of(message["payload"]["$ref"])], schemas))
    examples = [(f'{name}: {one["name"]}', json.dumps(one["payload"], ensure_ascii=False))
                for operation in document["operations"].values() if operation["action"] == "receive"
                for name in [message_of(operation["messages"][0])["name"]]
                for one in messages[name]["examples"]]
    parts.append(
        '<section class=operation id=try-stream><h3>Try it</h3><form id=stream-form><div class=fields>'
        + field("stream-query", "query", "", ' placeholder="controllers=all&amp;fields=orientation&amp;max_rate_hz=2"')
        + '</div><button type=submit id=stream-connect>Connect</button></form><form id=stream-message><div class=fields>'
        '<label for=stream-examples>example</label><select id=stream-examples data-fills=stream-text>'
        + "".join(f'<option value="{escape(text)}">{escape(name)}</option>' for name, text in examples)
        + f'</select><label for=stream-text>message</label><textarea id=stream-text rows=3 spellcheck=false>{escape(examples[0][1])}</textarea>'
        '</div><button type=submit disabled>Send message</button></form><p id=stream-state role=status>Not connected.</p>'
        '<ol id=stream-log aria-label="The last messages, newest first"></ol></section></section>')
    return "".join(parts)


# ---- the whole

def navigation(reader, asyncapi):
    parts = ["<nav aria-label=Contents><ul>"]
    for tag in reader.document["tags"]:
        links = [f'<li><a href="#{operation["operationId"]}"><span class="method {method}">{method.upper()}</span> {escape(path)}</a></li>'
                 for path, method, operation in reader.operations() if tag["name"] in operation["tags"]]
        parts.append(f'<li><a href="#tag-{tag["name"]}">{escape(tag["name"].capitalize())}</a><ul>{"".join(links)}</ul></li>')
    messages = "".join(f'<li><a href="#message-{name}">{escape(name)}</a></li>' for name in asyncapi["components"]["messages"])
    parts.append(f'<li><a href="#stream">Messages of the stream</a><ul>{messages}</ul></li>')
    parts.append('<li><a href="#errors">Errors</a></li><li><a href="#limits">Limits</a></li><li><a href="#schemas">Schemas</a></li>')
    return "".join(parts) + "</ul></nav>"


def fingerprint(text):
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def render(openapi, asyncapi, style, script):
    """The page, and the Content-Security-Policy that it works under."""
    reader = Reader(openapi)
    version = openapi["info"]["version"]
    main = [f'<h1>psmoved <span class=quiet>{escape(version)}</span></h1>', prose(openapi["info"]["description"]),
            '<p>For programs: <a href="/api/v1/openapi.json">openapi.json</a>, <a href="/api/v1/asyncapi.json">asyncapi.json</a>.</p>']
    for tag in openapi["tags"]:
        main.append(f'<section id="tag-{tag["name"]}"><h2>{escape(tag["name"].capitalize())}</h2>{prose(tag["description"])}')
        main += [operation_section(reader, path, method, operation) for path, method, operation in reader.operations()
                 if tag["name"] in operation["tags"]]
        main.append("</section>")
    main += [shared_section(reader), stream_section(asyncapi), errors_section(reader), limits_section(reader),
             "<section id=schemas><h2>Schemas</h2>"]
    named = {**openapi["components"]["schemas"], **asyncapi["components"]["schemas"]}
    main += [schema_section(name, schema, named) for name, schema in sorted(named.items())]
    main.append("</section>")
    text = (f'<!DOCTYPE html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n<title>psmoved: the API</title>\n'
            '<meta name=viewport content="width=device-width, initial-scale=1">\n<link rel=icon href="data:,">\n'
            f'<style>{style}</style>\n</head>\n<body>\n<a class=skip href="#main">To the content</a>\n{navigation(reader, asyncapi)}\n'
            f'<main id=main tabindex=-1>\n{"".join(main)}\n</main>\n<script>{script}</script>\n</body>\n</html>\n')
    policy = (f"default-src 'none'; script-src {fingerprint(script)}; style-src {fingerprint(style)}; connect-src 'self'; img-src data:; "
              "base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
    return text, policy
