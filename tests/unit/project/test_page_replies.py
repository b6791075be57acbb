"""The types by which the page's scripts are checked say what the OpenAPI document says."""

import re
from typing import Any

import pytest

from api.app import create_app
from models.settings import Settings

from support.project import ROOT

TOOLS = ROOT / "tests" / "page_tools"
PLAIN = {"integer": "number", "number": "number", "string": "string", "boolean": "boolean"}
# of which the document says less than the page knows
OBJECTS = ("Spec", "Provenance")
BEYOND = ("OpenApi", "Steps")


@pytest.fixture(scope="module")
def openapi() -> dict[str, Any]:
    return create_app(Settings()).openapi()


def interfaces() -> dict[str, dict[str, str]]:
    """The fields of each interface by its name; one that may be absent ends in `?`."""
    text = (TOOLS / "replies.d.ts").read_text(encoding="utf-8")
    aliases = dict(re.findall(r"type (\w+) = ([^;]+);", text))
    found = {
        name: dict(re.findall(r"(\w+\??): ([^;]+);", body))
        for name, body in re.findall(r"interface (\w+)(?:<Item>)? \{([^}]*)\}", text)
    }
    for fields in found.values():
        for name, kind in fields.items():
            for alias, meaning in aliases.items():
                kind = re.sub(rf"\b{alias}\b", meaning, kind)
            fields[name] = re.sub(rf"\b({'|'.join(OBJECTS)})\b", "object", kind)
    return found


def rendered(schema: dict[str, Any], named: dict[str, Any]) -> str:
    """A schema as TypeScript writes the type."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return rendered(named[name], named) if "enum" in named[name] else name
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return " | ".join(rendered(one, named) for one in schema[union])
    if "const" in schema:
        return f'"{schema["const"]}"'
    if "enum" in schema:
        return " | ".join(f'"{one}"' for one in schema["enum"])
    kind: str = schema["type"]
    if kind == "array":
        item = rendered(schema["items"], named)
        return f"({item})[]" if "anyOf" in schema["items"] else f"{item}[]"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"Record<string, {rendered(schema['additionalProperties'], named)}>"
    return PLAIN.get(kind, kind)


def test_every_field_that_the_page_may_read_is_in_the_document(openapi: dict[str, Any]) -> None:
    schemas = openapi["components"]["schemas"]
    declared = interfaces()
    assert declared.pop("Page") == {"items": "Item[]", "next": "string | null"}
    assert len(declared) > 30
    wrong = []
    for name, fields in declared.items():
        required = schemas[name].get("required", [])
        known = {
            field if field in required else f"{field}?": rendered(schema, schemas)
            for field, schema in schemas[name]["properties"].items()
        }
        wrong += [
            f"{name}.{field}: {kind}, the document says {known.get(field)}"
            for field, kind in fields.items()
            if kind != known.get(field)
        ]
    assert wrong == []


def test_every_path_that_the_page_calls_gives_the_reply_that_is_declared(
    openapi: dict[str, Any],
) -> None:
    text = (TOOLS / "calls.d.ts").read_text(encoding="utf-8")
    calls = re.findall(r'Path extends ["`]([^"`]+)["`] \? ([\w<>]+)', text)
    assert len(calls) > 15
    wrong = [
        (path, reply)
        for path, reply in calls
        if reply not in BEYOND
        and re.sub(r"Page<(\w+)>", r"Page_\1_", reply) not in replies_at(path, openapi)
    ]
    assert wrong == []


def replies_at(path: str, openapi: dict[str, Any]) -> set[str]:
    """The names of the good replies in JSON at a path, by any method."""
    place = path.partition("?")[0].replace("${string}", "{}")
    return {
        reply["content"]["application/json"]["schema"].get("$ref", "").rsplit("/", 1)[-1]
        for known, methods in openapi["paths"].items()
        if re.sub(r"\{\w+\}", "{}", known) == place
        for method in methods.values()
        for status, reply in method["responses"].items()
        if status.startswith("2") and "application/json" in reply.get("content", {})
    }
