"""Experiments that exist, joined to a study: whether they ask one question."""

from collections.abc import Iterator, Sequence

from sqlalchemy.orm import Session

from api.studies.planning import same_rows
from models.errors import Invalid, NotFound, Problem
from models.specs.experiment import ExperimentSpec
from models.specs.parse import stored_spec
from models.store.experiments import experiment
from models.store.reproducing.reproductions import is_reproduction
from models.store.tables import Experiment
from models.studies.shared_question import other_question, why_no_study


def joined(session: Session, ids: Sequence[str]) -> list[Experiment]:
    """Return the experiments in order.

    Raises `Invalid` with a problem for each that is not there, or asks another question than the
    first.
    """
    problems, rows = [], []
    for index, one in enumerate(ids):
        try:
            rows.append(_one(session, one, again=one in ids[:index]))
        except NotFound as error:
            problems.append(Problem(f"/experiments/{index}", str(error)))
    if not problems:
        problems = list(_problems(rows))
    if problems:
        raise Invalid(problems)
    return rows


def _one(session: Session, experiment_id: str, *, again: bool) -> Experiment:
    if again:
        raise NotFound(f"{experiment_id} is in the list already; leave it out")
    row = experiment(session, experiment_id)
    if is_reproduction(session, experiment_id):
        raise NotFound(
            f"{experiment_id} only reproduces a run of another experiment; name that one"
        )
    return row


def _problems(rows: Sequence[Experiment]) -> Iterator[Problem]:
    specs = [stored_spec(row.spec, row.id) for row in rows]
    hashes = [row.content_hash for row in rows]
    for index, (row, spec) in enumerate(zip(rows, specs, strict=True)):
        detail = _refusal(row.id, spec, specs[0], rows[0].id)
        if detail is not None:
            yield Problem(f"/experiments/{index}", detail)
        elif hashes[index] in hashes[:index]:
            place = f"/experiments/{hashes.index(hashes[index])}"
            yield Problem(f"/experiments/{index}", same_rows(place))


def _refusal(own_id: str, spec: ExperimentSpec, first: ExperimentSpec, first_id: str) -> str | None:
    no_study = why_no_study(spec)
    if no_study is not None:
        field, why = no_study
        return f"{own_id} has {field} that no study takes: {why}"
    other = other_question(spec, first)
    if other is None:
        return None
    field, words = other
    return (
        f"asks another question, in /{field}: {own_id} {words}, {first_id}; a study needs the same "
        "arms and decision in all"
    )
