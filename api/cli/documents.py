"""The document that `submit` sends: a JSON file, standard input or a recipe, changed by `--set`."""

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from api.cli.console import USAGE, stop


def read_document(source: str) -> Any:
    """Return the document in a file or from `-`, else `{"recipe": source}`."""
    if source == "-":
        return _parse(typer.get_binary_stream("stdin").read(), "standard input")
    path = Path(source)
    if path.is_file():
        return _parse(path.read_bytes(), source)
    if path.suffix or len(path.parts) > 1:
        raise stop(f"There is no file {source}.", USAGE)
    return {"recipe": source}


def _parse(content: bytes, name: str) -> Any:
    try:
        # some editors begin a UTF-8 file with a byte order mark, which is not part of the JSON
        return json.loads(content.decode("utf-8-sig", errors="replace"))
    except ValueError as error:
        raise stop(f"{name} is not JSON: {error}", USAGE) from None


def apply_settings(document: Any, assignments: list[str]) -> Any:
    """Return the document with each `key.path=value` set.

    A value is JSON, or else a string. Where the spec has a string, a number is its text as well:
    `name=2024`. A number in the path is an index into a list, also into one of the recipe. An item
    that has a name, as arms and factors have, is found by it too: `arms.modified.steps=50`.
    """
    for assignment in assignments:
        path, separator, text = assignment.partition("=")
        if not separator or not all(path.split(".")):
            raise stop(f"--set takes key.path=value, not {assignment!r}.", USAGE)
        keys = path.split(".")
        _copy_list_of_recipe(document, keys)
        _put(document, keys, _value(text, keys), assignment)
    return document


def _value(text: str, keys: list[str]) -> Any:
    try:
        value = json.loads(text)
    except ValueError as error:
        if text.lstrip().startswith(("{", "[")) and not _is_string(keys):
            raise stop(f"--set {'.'.join(keys)}: {text} is not JSON: {error}", USAGE) from None
        return text
    # null stays null, which takes a value of the recipe back
    return value if value is None or isinstance(value, str) or not _is_string(keys) else text


def _is_string(keys: list[str]) -> bool:
    """Whether the schema of the spec has a string, and nothing else but null, at this path."""
    from models.specs.experiment import ExperimentSpec

    schema = ExperimentSpec.model_json_schema()
    places = _variants(schema, schema["$defs"])
    for key in keys:
        below = [
            place["items"] if "items" in place else place["properties"][key]
            for place in places
            if "items" in place or key in place.get("properties", {})
        ]
        places = [variant for one in below for variant in _variants(one, schema["$defs"])]
    return {place.get("type") for place in places} - {"null"} == {"string"}


def _variants(schema: dict[str, Any], defs: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the schemas that one stands for: what it refers to, and what it is a union of."""
    if "$ref" in schema:
        return _variants(defs[schema["$ref"].rpartition("/")[2]], defs)
    union = schema.get("anyOf") or schema.get("oneOf")
    if union is None:
        return [schema]
    return [variant for one in union for variant in _variants(one, defs)]


def _copy_list_of_recipe(document: Any, keys: list[str]) -> None:
    """Copy the list of the recipe that a path leads into, since a list is replaced as a whole."""
    from models.specs.recipes import RECIPES

    name = document.get("recipe") if isinstance(document, dict) else None
    if not isinstance(name, str) or name not in RECIPES:
        return
    place, of_recipe = document, RECIPES[name].spec
    for key in keys[:-1]:
        if not isinstance(place, dict) or key not in of_recipe:
            return
        of_recipe = of_recipe[key]
        if isinstance(of_recipe, Mapping):
            place = place.setdefault(key, {})
            continue
        if isinstance(of_recipe, list):
            place.setdefault(key, copy.deepcopy(of_recipe))
        return


def _put(place: Any, keys: list[str], value: Any, assignment: str) -> None:
    *parents, last = keys
    for key in parents:
        place = _step(place, key, assignment)
    if isinstance(place, list):
        place[_index(place, last, assignment)] = value
    elif isinstance(place, dict):
        place[last] = value
    else:
        raise _no_place(assignment, last)


def _step(place: Any, key: str, assignment: str) -> Any:
    if isinstance(place, list):
        return place[_index(place, key, assignment)]
    if isinstance(place, dict):
        return place.setdefault(key, {})
    raise _no_place(assignment, key)


def _index(items: list[Any], key: str, assignment: str) -> int:
    """The place of an item, given by its number or by its name."""
    names = [one.get("name") if isinstance(one, dict) else None for one in items]
    if key in names:
        return names.index(key)
    if key.isdecimal() and int(key) < len(items):
        return int(key)
    known = f"its items are 0 to {len(items) - 1}" if items else "it is empty"
    called = [name for name in names if isinstance(name, str)]
    if called:
        known += f", called {', '.join(called)}"
    raise stop(f"--set {assignment}: the list has no item {key!r}; {known}.", USAGE)


def _no_place(assignment: str, key: str) -> Exception:
    return stop(f"--set {assignment}: there is no place in the spec for {key!r}.", USAGE)
