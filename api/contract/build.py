#!/usr/bin/python3
"""Makes what the daemon serves out of the contract's sources: openapi.json, asyncapi.json and the page /docs, and all
three again as C++ to be compiled in. Runs at build time; needs Python's standard library and yaml."""

import argparse
import hashlib
import json
import pathlib
import sys

import yaml

import page

HERE = pathlib.Path(__file__).parent


class Error(Exception):
    """What is wrong with a source, as one sentence."""


class Loader(yaml.SafeLoader):
    """YAML that refuses a key given twice, where the library would let the last one win, and a key that is no string: to
    YAML 1.1, `off` is false."""

    def construct_mapping(self, node, deep=False):
        given = [key.value for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        for key, _ in node.value:
            if not key.tag.endswith((":str", ":merge")):
                raise Error(f"{self.name} line {key.start_mark.line + 1}: quote the key {key.value}")
        for key in given:
            if given.count(key) > 1:
                raise Error(f"{self.name} line {node.start_mark.line + 1}: \"{key}\" is given twice")
        return super().construct_mapping(node, deep)

    def flatten_mapping(self, node):
        # What a node merged comes before its own; where another merges this one in turn, the check above sees both.
        super().flatten_mapping(node)
        last = {key.value: (key, value) for key, value in node.value}
        node.value = list(last.values())


def load(path, version):
    with open(path, encoding="utf-8") as file:
        text = file.read().replace("@VERSION@", version)
    loader = Loader(text)
    loader.name = str(path)
    try:
        document = loader.get_single_data()
    finally:
        loader.dispose()
    document.pop("x-shared", None)
    return document


def at(document, pointer):
    """What a JSON pointer (with or without '#') leads to."""
    value = document
    for part in pointer.lstrip("#").split("/")[1:]:
        part = part.replace("~1", "/").replace("~0", "~")
        try:
            value = value[int(part)] if isinstance(value, list) else value[part]
        except (KeyError, IndexError, ValueError):
            raise Error(f"there is nothing at {pointer}") from None
    return value


def references(value):
    """Every object with a $ref inside a value."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def bundle(document, other, other_name):
    """Brings what a document takes from another one inside: schemas by name, anything else as a copy."""
    own = document["components"]["schemas"]
    taken = {}
    prefix = f"./{other_name}#"
    schemas = "/components/schemas/"

    def take(name):
        if name in own:
            raise Error(f"the schema {name} is defined in both documents")
        if name in taken:
            return
        taken[name] = at(other, schemas + name)
        for reference in references(taken[name]):
            take(reference["$ref"].rpartition("/")[2])

    def visit(value):
        if isinstance(value, list):
            return [visit(item) for item in value]
        if not isinstance(value, dict):
            return value
        target = value.get("$ref")
        if isinstance(target, str) and target.startswith(prefix):
            pointer = target[len(prefix):]
            name = pointer.removeprefix(schemas)
            if name == pointer or "/" in name:
                copied = at(other, pointer)
                for reference in references(copied):
                    take(reference["$ref"].rpartition("/")[2])
                return copied
            take(name)
            value = {**value, "$ref": "#" + pointer}
        return {key: visit(inner) for key, inner in value.items()}

    result = visit(document)
    result["components"]["schemas"].update(taken)
    return result


def check_references(document):
    for reference in references(document):
        at(document, reference["$ref"])


def compact(document):
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n"


def etag(text):
    return '"' + hashlib.sha256(text.encode()).hexdigest()[:16] + '"'


def literal(text):
    """A C++ string literal, in pieces that a person and a compiler can take."""
    lines = []
    data = text.encode()
    for start in range(0, len(data), 96):
        piece = "".join(
            chr(byte) if 0x20 <= byte < 0x7F and chr(byte) not in '"\\?' else f"\\{byte:03o}" for byte in data[start:start + 96])
        lines.append(f'    "{piece}"')
    return "\n".join(lines)


def source(documents):
    parts = [
        "// Made by api/contract/build.py; change openapi.yaml, asyncapi.yaml or page.py instead.",
        '#include "api/contract/contract.hpp"\n',
        "// A standard need not take literals this long; every compiler does.",
        "#if defined(__clang__)\n#pragma clang diagnostic ignored \"-Woverlength-strings\"\n#endif\n",
        "namespace psmove::api {\n",
    ]
    for name, text, media_type, policy in documents:
        parts.append(f"const Document {name} = {{\n    std::string_view(\n{literal(text)},\n    {len(text.encode())}),\n"
                     f"    {json.dumps(media_type)},\n    {json.dumps(etag(text))},\n    {json.dumps(policy)}}};\n")
    parts.append("}  // namespace psmove::api\n")
    return "\n".join(parts)


def write(path, text):
    """Leaves a file that is right already alone, so that nothing is rebuilt for it."""
    path = pathlib.Path(path)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--version", required=True, help="of psmoved, in place of @VERSION@")
    parser.add_argument("--out", required=True, type=pathlib.Path, help="folder for the results")
    options = parser.parse_args()
    openapi = load(HERE.parent / "openapi.yaml", options.version)
    asyncapi = bundle(load(HERE.parent / "asyncapi.yaml", options.version), openapi, "openapi.yaml")
    check_references(openapi)
    check_references(asyncapi)
    html, policy = page.render(openapi, asyncapi, (HERE / "page.css").read_text(), (HERE / "page.js").read_text())
    options.out.mkdir(parents=True, exist_ok=True)
    write(options.out / "openapi.json", compact(openapi))
    write(options.out / "asyncapi.json", compact(asyncapi))
    write(options.out / "docs.html", html)
    # Always new: its time says that the rest was looked at.
    (options.out / "contract.cpp").write_text(source([
        ("openapi_document", compact(openapi), "application/json", ""),
        ("asyncapi_document", compact(asyncapi), "application/json", ""),
        ("docs_page", html, "text/html; charset=utf-8", policy),
    ]), encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except (Error, yaml.YAMLError) as error:
        sys.exit(f"contract: {error}")
