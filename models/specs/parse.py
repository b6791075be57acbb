"""From a JSON document to a normalised `ExperimentSpec`, or to every problem that it has.

pydantic reports where in its own types an error is; a person needs the place in the document
that was sent, so locations become JSON pointers (RFC 6901) into that document.
"""

import json
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from models.errors import Invalid, Problem, Unreadable
from models.specs.experiment import ExperimentSpec
from models.specs.overrides import inherited, overrides_made_whole

# the kind of a part whose document names none
DEFAULT_KINDS = {
    ("split",): "in_order",
    ("encoder",): "lstm",
    ("threshold",): "fixed",
    ("optimizer", "schedule"): "warmup_rsqrt",
}


def parse_spec(document: Any) -> ExperimentSpec:
    """The normalised spec of a decoded JSON document.

    Raises `Invalid` with one problem for each wrong field.
    """
    if not isinstance(document, dict):
        raise Invalid([Problem("", "the spec must be a JSON object")])
    whole = overrides_made_whole(_with_default_kinds(document))
    if isinstance(whole.get("arms"), list):
        whole["arms"] = [_with_default_kinds(arm) for arm in whole["arms"]]
    try:
        return ExperimentSpec.model_validate_json(json.dumps(whole))
    except ValidationError as error:
        details = error.errors(include_url=False)
        genuine = [detail for detail in details if not _counts_only_valid_items(detail)]
        problems = [_problem(detail, whole) for detail in genuine or details]
        inherited_problems = inherited(problems, document)
        raise Invalid([one for one in problems if one not in inherited_problems]) from None


def stored_spec(document: Any, experiment_id: str) -> ExperimentSpec:
    """The spec that is stored with an experiment.

    Raises `Unreadable`, and not `Invalid`: nobody sent it just now, so nobody can correct it.
    """
    try:
        return parse_spec(_as_it_was_meant(document))
    except Invalid as error:
        raise Unreadable(
            f"the stored spec of {experiment_id} cannot be read by this version: {error}"
        ) from error


def _as_it_was_meant(document: Any) -> Any:
    """A stored spec, with what a field that it lacks meant when it was stored: before looks could
    end an experiment for futility, none did."""
    seeds = document.get("seeds") if isinstance(document, dict) else None
    if not isinstance(seeds, dict) or not isinstance(plan := seeds.get("until_decided"), dict):
        return document
    meant = {"futility": False, **plan}
    return {**document, "seeds": {**seeds, "until_decided": meant}}


def _with_default_kinds(part: Any) -> Any:
    for path, kind in DEFAULT_KINDS.items():
        part = _with_kind(part, path, kind)
    return part


def _with_kind(part: Any, path: tuple[str, ...], kind: str) -> Any:
    """`part` with `kind` written into the object at `path`, where that has none."""
    if not isinstance(part, dict):
        return part
    if not path:
        return part if "kind" in part else {"kind": kind, **part}
    name, *rest = path
    return {**part, name: _with_kind(part[name], tuple(rest), kind)} if name in part else part


def _counts_only_valid_items(detail: ErrorDetails) -> bool:
    """pydantic also reports a list as too short when it dropped invalid items from it."""
    return detail["type"] == "too_short" and len(detail["input"]) >= detail["ctx"]["min_length"]


def _problem(detail: ErrorDetails, document: Any) -> Problem:
    return problem_at(_parts(detail["loc"], document, missing=detail["type"] == "missing"), detail)


def problem_at(parts: Sequence[str | int], detail: ErrorDetails) -> Problem:
    """The problem of one of pydantic's errors; `parts` lead to the value that it is about."""
    below: Sequence[str] = ()
    match detail["type"]:
        case "contradiction":
            below = detail["ctx"]["field"].split("/")[1:]
        case "union_tag_invalid":
            below = ("kind",)
    return Problem.at(*parts, *below, detail=_sentence(detail))


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
        case "too_short":
            return f"needs {context['min_length']:,} or more, has {len(detail['input']):,}"
        case "too_long":
            return f"may have at most {context['max_length']:,}, has {len(detail['input']):,}"
        case _:
            return detail["msg"][:1].lower() + detail["msg"][1:]
