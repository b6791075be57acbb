"""The report of a reproduction, from the rows and the files of both trainings."""

from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from api.dependencies import Service
from api.runs.views import ComparedView, DifferenceView, ReproductionView, WeightsView
from models.errors import DamagedRunFile
from models.files.run_files import SCORES, WEIGHTS
from models.states import RunState
from models.store.reproducing.file_diff import compare_scores, unequal_weights
from models.store.reproducing.reproduction_diff import (
    Compared,
    Difference,
    compare_evaluations,
    compare_steps,
)
from models.store.reproducing.reproductions import Pair
from models.store.run_life.runs import run as find_run
from models.store.tables import Run


def reproduction_view(service: Service, session: Session, pair: Pair) -> ReproductionView:
    """Return the report as of now."""
    row, again = pair
    run = find_run(session, row.run_id)
    done = again.state == RunState.SUCCEEDED
    steps = compare_steps(session, run.id, again.id, ended=done)
    evaluations = compare_evaluations(session, run.id, again.id, ended=done)
    scores = _scores(service, run, again) if done and not run.tuning else None
    first = _first(steps, evaluations, scores)
    unequal = done and run.weights_sha256 != again.weights_sha256
    if first is None and unequal and run.tuning:
        first = Difference("weights", "the hash", None, None)
    elif first is None and unequal:
        first = _unequal_weights(service, run, again)
    identical = False if first else (True if done and (scores or run.tuning) else None)
    compared = ComparedView(
        steps=steps.count,
        evaluations=evaluations.count,
        scores=None if scores is None else scores.count,
    )
    return ReproductionView(
        id=row.id,
        run=run.id,
        again=again.id,
        state=RunState(again.state),
        reason=again.reason,
        created_at=row.created_at,
        identical=identical,
        first_difference=None if first is None else _difference_view(first),
        compared=compared,
        weights=WeightsView(recorded=run.weights_sha256, again=again.weights_sha256),
        provenance_differences=_provenance(run, again) if done else {},
        sentence=_sentence(identical, first, compared, again),
    )


def _unequal_weights(service: Service, run: Run, again: Run) -> Difference:
    """Return the first weight that differs; where a file is damaged its values tell nothing."""
    try:
        return unequal_weights(*_folders(service, WEIGHTS, run, again))
    except DamagedRunFile:
        return Difference("weights", "the hash", None, None)


def _folders(service: Service, name: str, run: Run, again: Run) -> tuple[Path, Path]:
    """Return the folders of both runs, with the file of this name fetched into them."""
    for row in (run, again):
        service.run_file(row.id, name, row.weights_sha256 if name == WEIGHTS else None)
    return service.settings.run_dir(run.id), service.settings.run_dir(again.id)


def _scores(service: Service, run: Run, again: Run) -> Compared | None:
    return compare_scores(*_folders(service, SCORES, run, again))


def _first(steps: Compared, evaluations: Compared, scores: Compared | None) -> Difference | None:
    """Return the first difference: a step before its evaluations, and the scores after both."""
    differences = [part.first for part in (steps, evaluations) if part.first is not None]
    if differences:
        return min(differences, key=lambda difference: difference.step or 0)
    return scores.first if scores else None


def _difference_view(first: Difference) -> DifferenceView:
    return DifferenceView(**vars(first), difference=first.difference)


def _provenance(run: Run, again: Run) -> dict[str, dict[str, Any]]:
    ours, theirs = run.provenance or {}, again.provenance or {}
    return {
        name: {"recorded": ours.get(name), "again": theirs.get(name)}
        for name in {**ours, **theirs}
        if ours.get(name) != theirs.get(name)
    }


def _sentence(
    identical: bool | None, first: Difference | None, compared: ComparedView, again: Run
) -> str:
    if first is not None:
        return f"Not identical: {_of(first)}."
    counts = f"{compared.steps:,} steps, {compared.evaluations:,} evaluations"
    if identical:
        tested = "" if compared.scores is None else f" and {compared.scores:,} test scores"
        return f"Identical: every value of {counts}{tested}, and the hash of the weights."
    if again.state == RunState.SUCCEEDED:
        return (
            f"Identical as far as is known: every value of {counts}, and the hash of the "
            "weights; a file of test scores is missing or damaged."
        )
    so_far = f"; identical so far: {counts}" if compared.steps else ""
    reason = f" ({again.reason})" if again.reason else ""
    return f"The reproduction is {again.state}{reason}{so_far}."


def _of(first: Difference) -> str:
    """Return the difference in words: what differs, and its two values."""
    match first.where:
        case "steps":
            place = f"{first.figure} of step {first.step}"
        case "evaluations":
            place = f"{first.figure} of the {first.split} evaluation after step {first.step}"
        case "scores":
            place = f"the test score of row {first.row}"
        case _:
            place = f"{first.figure} of the weights"
    if first.recorded is None and first.again is None:
        return f"{place} differs"
    recorded, again = (_value(value) for value in (first.recorded, first.again))
    by = "" if first.difference is None else f" (by {first.difference:.3g})"
    return f"{place} was recorded as {recorded} and is now {again}{by}"


def _value(value: float | None) -> str:
    return "nothing" if value is None else repr(value)
