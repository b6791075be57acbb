"""From a JSON document to a normalised `ExperimentSpec`, or to every problem that it has."""

import json
from difflib import get_close_matches
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from models.errors import Invalid, Problem, Unreadable
from models.specs.cells import arms_of_cells, at_levels, design_problems
from models.specs.default_kinds import with_default_kinds
from models.specs.experiment import Arm, ExperimentSpec
from models.specs.factors import Design, Factors
from models.specs.overrides import (
    at_shared_loss,
    inherited,
    overrides_made_whole,
    with_shared_loss,
)
from models.specs.pydantic_problems import genuine, problem_in
from models.specs.tuned_arms import tuning_problems

MANY_PROBLEMS = 20
"""With more outside the factors, their cells are not looked at, of which each may have all."""

_DESIGN: TypeAdapter[Design] = TypeAdapter(Design)
_FACTORS: TypeAdapter[Factors] = TypeAdapter(Factors)
_ARMS: TypeAdapter[tuple[Arm, ...]] = TypeAdapter(tuple[Arm, ...])

# stand for the arms where factors are to give them
_SOME_ARMS = [
    {"name": name, "loss": {"terms": [{"kind": "mean_negative"}]}} for name in ("one", "other")
]


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
    if document.get("factors") is not None:
        return _with_factors(document)
    whole = overrides_made_whole(with_default_kinds(with_shared_loss(document)))
    if isinstance(whole.get("arms"), list):
        whole["arms"] = [with_default_kinds(arm) for arm in whole["arms"]]
    try:
        return _validated(whole)
    except Invalid as invalid:
        problems = at_shared_loss(invalid.problems, document)
        inherited_problems = inherited(problems, document)
        raise Invalid([one for one in problems if one not in inherited_problems]) from None


def _with_factors(document: dict[str, Any]) -> ExperimentSpec:
    """The spec with the arms that follow from its factors."""
    whole = with_default_kinds({name: part for name, part in document.items() if name != "arms"})
    problems = _problems_beside_cells(whole)
    factors = _factors(whole)
    design = design_problems(whole, factors) if factors is not None else []
    if factors is None or design or len(problems) > MANY_PROBLEMS:
        raise Invalid([*problems, *design])
    arms = [with_default_kinds(arm) for arm in arms_of_cells(whole, factors)]
    try:
        spec = _validated({**whole, "arms": arms})
    except Invalid as invalid:
        of_cells = at_levels(invalid.problems, whole, factors)
        raise Invalid(list(dict.fromkeys([*problems, *of_cells]))) from None
    if document.get("arms") is not None and not _are(document["arms"], spec.arms):
        detail = "give either arms or factors; these arms are not those of the factors"
        raise Invalid([Problem("/arms", detail), Problem("/factors", detail)])
    return spec


def _problems_beside_cells(whole: dict[str, Any]) -> list[Problem]:
    """What is wrong whatever the cells are: told first, since every cell would have it too."""
    decision = whole.get("decision", {})
    if isinstance(decision, dict):  # its baseline is a cell
        decision = {name: part for name, part in decision.items() if name != "baseline"}
    try:
        _validated({**whole, "arms": _SOME_ARMS, "decision": decision})
    except Invalid as invalid:
        return list(invalid.problems)
    return []


def _validated(whole: dict[str, Any]) -> ExperimentSpec:
    """Raises `Invalid` with pointers into the document `whole`."""
    try:
        return ExperimentSpec.model_validate_json(json.dumps(whole))
    except ValidationError as error:
        details = genuine(error.errors(include_url=False))
        raise Invalid([_problem(whole, detail) for detail in details]) from None


def _problem(document: Any, detail: ErrorDetails) -> Problem:
    """The problem of one of pydantic's errors, with the key that an unknown one may stand for."""
    problem = problem_in(document, detail)
    if detail["type"] == "extra_forbidden" and len(problem.parts) == 1:
        near = get_close_matches(problem.parts[0], ExperimentSpec.model_fields, n=1, cutoff=0.75)
        if near:
            return Problem(problem.pointer, f"unknown key; is {near[0]!r} meant?")
    return problem


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


def _factors(whole: dict[str, Any]) -> Factors | None:
    """The factors, where these and their design can be read, whatever else is wrong."""
    try:
        _DESIGN.validate_python(whole.get("design", "full"))
        return _FACTORS.validate_json(json.dumps(whole["factors"]))
    except ValidationError:
        return None


def _are(sent: Any, arms: tuple[Arm, ...]) -> bool:
    """Whether the arms that were sent are these, as in a stored spec that is sent again."""
    if not isinstance(sent, list):
        return False
    try:
        return _ARMS.validate_json(json.dumps([with_default_kinds(arm) for arm in sent])) == arms
    except ValidationError:
        return False
