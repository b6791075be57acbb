"""Every field of a spec has words for a person, and every word that it takes a meaning."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from api.app import create_app
from models.settings import Settings
from models.specs.experiment import ExperimentSpec

Field = tuple[str, str, dict[str, Any]]


@pytest.fixture(scope="module")
def schemas() -> dict[str, Any]:
    parts = {*ExperimentSpec.model_json_schema()["$defs"], "ExperimentSpec"}
    found = create_app(Settings()).openapi()["components"]["schemas"]
    return {name: found[name] for name in parts}


def fields(schemas: dict[str, Any]) -> Iterator[Field]:
    for part, schema in schemas.items():
        for name, node in schema.get("properties", {}).items():
            yield part, name, node


def choosing(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The nodes inside this one that take one of several words."""
    if len(node.get("enum", ())) > 1:
        yield node
    for inner in (*node.get("anyOf", ()), node.get("items", {})):
        yield from choosing(inner) if inner else ()


def test_every_field_is_called_by_words(schemas: dict[str, Any]) -> None:
    called = {f"{part}.{name}": node["title"] for part, name, node in fields(schemas)}
    assert len(called) > 100
    assert called["AdamSpec.lr"] == "Learning rate"
    assert not [one for one, title in called.items() if not re.match(r"[A-Z][^_]*$", title)]


def test_every_word_that_a_field_takes_has_a_name_and_a_meaning(schemas: dict[str, Any]) -> None:
    found = 0
    for part, name, node in fields(schemas):
        for chosen in choosing(node):
            choices = chosen["x-choices"]
            assert list(choices) == chosen["enum"], f"{part}.{name}"
            assert all(one["title"] and one["description"] for one in choices.values())
            found += 1
    assert found > 20


def test_the_description_names_the_meanings_for_those_who_read_the_document(
    schemas: dict[str, Any],
) -> None:
    padding = schemas["LstmEncoder"]["properties"]["padding"]
    assert "`masked`: padding is ignored" in padding["description"]
    assert "`power_of_two`: as in the course" in padding["description"]
    assert "`" not in padding["x-about"]


def test_kinds_are_called_as_the_field_calls_them(schemas: dict[str, Any]) -> None:
    titles = [schemas[name]["title"] for name in ("LstmEncoder", "AdamWSpec", "MeanNegative")]
    assert titles == ["LSTM", "AdamW", "Mean negative"]
