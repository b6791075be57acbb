"""The document that `submit` sends: a JSON file, standard input or a recipe, changed by `--set`."""

import json
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
    """Return the document with each `key.path=value` set; a value that is not JSON is a string."""
    for assignment in assignments:
        path, separator, text = assignment.partition("=")
        if not separator or not all(path.split(".")):
            raise stop(f"--set takes key.path=value, not {assignment!r}.", USAGE)
        _put(document, path.split("."), _value(text), assignment)
    return document


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _put(place: Any, keys: list[str], value: Any, assignment: str) -> None:
    *parents, last = keys
    for key in parents:
        place = _step(place, key, assignment)
    if isinstance(place, list) and last.isdigit() and int(last) < len(place):
        place[int(last)] = value
    elif isinstance(place, dict):
        place[last] = value
    else:
        raise _no_place(assignment, last)


def _step(place: Any, key: str, assignment: str) -> Any:
    if isinstance(place, list) and key.isdigit() and int(key) < len(place):
        return place[int(key)]
    if isinstance(place, dict):
        return place.setdefault(key, {})
    raise _no_place(assignment, key)


def _no_place(assignment: str, key: str) -> Exception:
    return stop(f"--set {assignment}: there is no place in the spec for {key!r}.", USAGE)
