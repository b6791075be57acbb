"""From pydantic's errors to problems with a place and a sentence.

pydantic reports where in its own types an error is; a person needs the place in the document
that was sent, so locations become JSON pointers (RFC 6901) into that document.
"""

from collections.abc import Sequence
from typing import Any

from pydantic_core import ErrorDetails

from models.errors import Problem
from models.specs.names import fault_of


def genuine(details: Sequence[ErrorDetails]) -> Sequence[ErrorDetails]:
    """Without the lists that pydantic also reports as too short when it dropped invalid items from
    them."""
    return [one for one in details if not _counts_only_valid_items(one)] or details


def _counts_only_valid_items(detail: ErrorDetails) -> bool:
    return detail["type"] == "too_short" and len(detail["input"]) >= detail["ctx"]["min_length"]


def problem_in(document: Any, detail: ErrorDetails) -> Problem:
    """The problem of one of pydantic's errors about this document."""
    return problem_at(_parts(detail["loc"], document, missing=detail["type"] == "missing"), detail)


def problem_at(parts: Sequence[str | int], detail: ErrorDetails) -> Problem:
    """The problem of one of pydantic's errors; `parts` lead to the value that it is about."""
    below: Sequence[str] = ()
    match detail["type"]:
        case "contradiction":
            below = Problem(detail["ctx"]["field"], "").parts
        case "union_tag_invalid":
            below = ("kind",)
    column = detail.get("ctx", {}).get("column")
    return Problem.at(*parts, *below, detail=_sentence(detail), column=column)


def _parts(location: tuple[int | str, ...], document: Any, *, missing: bool) -> list[str | int]:
    """Drop the names of union variants; keep what is in the document, or missing there."""
    parts: list[str | int] = []
    here = document
    for position, part in enumerate(location):
        last = position == len(location) - 1
        # a variant's name is followed by a key of it, and may itself be used as a key by mistake
        variant = isinstance(here, dict) and here.get("kind") == part and not last
        if isinstance(here, dict) and part in here and not variant:
            here = here[str(part)]
        elif isinstance(here, list) and isinstance(part, int) and part < len(here):
            here = here[part]
        elif not (last and missing):
            continue
        parts.append(part)
    return parts


def _sentence(detail: ErrorDetails) -> str:
    context = detail.get("ctx", {})
    match detail["type"]:
        case "extra_forbidden":
            return "unknown key; remove it or check its spelling"
        case "missing":
            return "required, but not given"
        case "union_tag_invalid":
            return f"kind '{context['tag']}' is not known; the kinds are {context['expected_tags']}"
        case "union_tag_not_found":
            return "must be an object with a known 'kind'"
        case "model_type":
            return "must be a JSON object"
        case "list_type":
            return "must be a list"
        case "string_type":
            return "must be a string"
        case "string_too_long":
            most, count = context["max_length"], len(detail["input"])
            return f"may have at most {most:,} characters, has {count:,}"
        case "string_pattern_mismatch" if fault := fault_of(str(detail["input"])):
            return fault
        case "too_short":
            return f"needs {context['min_length']:,} or more, has {len(detail['input']):,}"
        case "too_long":
            return f"may have at most {context['max_length']:,}, has {len(detail['input']):,}"
        case _:
            return detail["msg"][:1].lower() + detail["msg"][1:]
