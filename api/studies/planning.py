"""From the body of a study to the plans of its experiments, all of which can be run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.dependencies import Service
from api.experiments.fitting import open_sizes
from api.experiments.planning import Plan, plan
from api.studies.requests import PlannedStudy
from models.errors import Invalid, Problem
from models.specs.recipes import expand_recipe, merged_over
from models.studies.shared_question import why_no_study

SHARED = ("arms", "factors", "design", "effects", "loss", "decision", "programme", "recipe")
"""What belongs to the question, so that no data set may have its own."""


@dataclass(frozen=True)
class StudyPlan:
    """A study whose every experiment fits its data set."""

    name: str
    plans: Sequence[Plan]

    @property
    def runs_at_start(self) -> int:
        return sum(planned.spec.run_count_at_start for planned in self.plans)


def plan_study(service: Service, wanted: PlannedStudy) -> StudyPlan:
    """Return the plans, one for each data set, in order.

    Raises `Invalid` with every problem that is known now: at `/over/1/…` what is wrong on a data
    set, and at `/spec/…` what is wrong on all of them.
    """
    base = _base(wanted.spec)
    _require_entries(wanted.over)
    plans: list[Plan] = []
    problems: list[tuple[int, Problem]] = []
    for index, entry in enumerate(wanted.over):
        named = {"name": f"{wanted.name}: {entry['dataset']}"[:200], **entry}
        try:
            plans.append(plan(service, merged_over(base, named), _open_on(wanted.spec, entry)))
        except Invalid as invalid:
            problems += [(index, problem) for problem in invalid.problems]
    if problems:
        raise Invalid(_placed(problems, wanted.over))
    _require_one_question(plans)
    _require_other_rows(plans)
    return StudyPlan(wanted.name, plans)


def _open_on(spec: Mapping[str, Any], entry: Mapping[str, Any]) -> frozenset[str]:
    """The sizes that fit the data set of this entry, since neither it nor the spec gives them."""
    return open_sizes({**spec, "dataset": entry["dataset"]}) & open_sizes(entry)


def _base(spec: Mapping[str, Any]) -> dict[str, Any]:
    try:
        base: dict[str, Any] = expand_recipe(dict(spec))
    except Invalid as invalid:
        raise Invalid([_below("/spec", problem) for problem in invalid.problems]) from None
    return base


def _require_entries(over: Sequence[Mapping[str, Any]]) -> None:
    problems = []
    for index, entry in enumerate(over):
        if not isinstance(entry.get("dataset"), str):
            detail = "name the data set, as GET /v1/datasets lists it"
            problems.append(Problem(f"/over/{index}/dataset", detail))
        problems += [
            Problem(
                f"/over/{index}/{field}",
                "a study asks one question, the same on every data set; set this in `spec`",
            )
            for field in SHARED
            if field in entry
        ]
    if problems:
        raise Invalid(problems)


def _placed(
    problems: Sequence[tuple[int, Problem]], over: Sequence[Mapping[str, Any]]
) -> list[Problem]:
    """Return each problem at its place in the body, and once where every data set has it."""
    found: list[Problem] = []
    for index, problem in problems:
        field = problem.parts[0] if problem.parts else ""
        everywhere = all((other, problem) in problems for other in range(len(over)))
        if everywhere and not any(field in entry for entry in over):
            found.append(_below("/spec", problem))
        else:
            found.append(_below(f"/over/{index}", problem))
    return list(dict.fromkeys(found))


def _below(place: str, problem: Problem) -> Problem:
    return Problem(f"{place}{problem.pointer}", problem.detail)


def _require_one_question(plans: Sequence[Plan]) -> None:
    refused = why_no_study(plans[0].spec)
    if refused is not None:
        field, detail = refused
        raise Invalid([Problem(f"/spec/{field}", detail)])


def _require_other_rows(plans: Sequence[Plan]) -> None:
    hashes = [planned.dataset.content_hash for planned in plans]
    problems = [
        Problem(f"/over/{index}/dataset", same_rows(f"/over/{hashes.index(digest)}"))
        for index, digest in enumerate(hashes)
        if digest in hashes[:index]
    ]
    if problems:
        raise Invalid(problems)


def same_rows(place: str) -> str:
    """Return why rows may not come twice, as a sentence without its full stop."""
    return (
        f"has the same rows as the data set of {place}, and a study counts data sets: the same one "
        "twice is not two; leave one out"
    )
