"""From a JSON document to a normalised `ExperimentSpec`, or to every problem that it has."""

import json
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from models.errors import Invalid, Problem, Unreadable
from models.specs.experiment import ExperimentSpec
from models.specs.overrides import inherited, overrides_made_whole
from models.specs.pydantic_problems import problem_in
from models.specs.tuned_arms import tuning_problems

# the kind of a part whose document names none
DEFAULT_KINDS = {
    ("split",): "in_order",
    ("encoder",): "lstm",
    ("threshold",): "fixed",
    ("optimizer", "schedule"): "warmup_rsqrt",
}


def parse_spec(document: Any) -> ExperimentSpec:
    """The normalised spec of a decoded JSON document, with every setting tried on every arm.

    Raises `Invalid` with one problem for each wrong field.
    """
    spec = _read(document)
    problems = tuning_problems(spec)
    if problems:
        raise Invalid(problems)
    return spec


def _read(document: Any) -> ExperimentSpec:
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
        problems = [problem_in(whole, detail) for detail in genuine or details]
        inherited_problems = inherited(problems, document)
        raise Invalid([one for one in problems if one not in inherited_problems]) from None


def stored_spec(document: Any, experiment_id: str) -> ExperimentSpec:
    """The spec that is stored with an experiment.

    Raises `Unreadable`, and not `Invalid`: nobody sent it just now, so nobody can correct it.
    """
    try:
        return _read(_as_it_was_meant(document))  # its settings were tried when it was accepted
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
