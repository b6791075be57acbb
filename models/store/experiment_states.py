"""The state of an experiment, in SQL: it is not stored, but follows from its runs and its plan.

`models.states.experiment_state` is the rule, given the counts of runs; here are the counts, whether
a look or a choice of settings is left, and the rule again as a condition (`in_state`), by which
lists are filtered.
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from models.errors import Unreadable
from models.states import (
    ACTIVE,
    RETRIABLE,
    TERMINAL,
    LookState,
    RunState,
    TuningState,
    experiment_state,
)
from models.store.tables import Experiment, Look, Run, Tuning

RunCounts = dict[RunState, int]
"""How many runs of an experiment are in each state; every state has an entry."""


def stored_state(run: Run) -> RunState:
    """The state of a run. Raises `Unreadable` for one that this version does not know."""
    try:
        return RunState(run.state)
    except ValueError:
        unknown = f"the state {run.state!r} of {run.id} is not one that this version knows"
        raise Unreadable(unknown) from None


def current_state(session: Session, experiment_id: str) -> tuple[RunState, RunCounts]:
    """The state of an experiment, and how many of its runs are in each state."""
    counts = run_counts(session, experiment_id)
    planned = with_more_planned(session, [experiment_id])
    return experiment_state(counts, look_left=bool(planned)), counts


def run_counts(session: Session, experiment_id: str) -> RunCounts:
    return run_counts_of(session, [experiment_id])[experiment_id]


def run_counts_of(session: Session, ids: Sequence[str]) -> dict[str, RunCounts]:
    """The counts of each of these experiments, without runs whose state is not known here, and
    without those that are `forgiven`."""
    counts = {one: dict.fromkeys(RunState, 0) for one in ids}
    query = (
        select(Run.experiment_id, Run.state, func.count())
        .where(Run.experiment_id.in_(ids), ~forgiven())
        .group_by(Run.experiment_id, Run.state)
    )
    for experiment_id, state, count in session.execute(query):
        if state in set(RunState):
            counts[experiment_id][RunState(state)] = count
    return counts


def with_more_planned(session: Session, ids: Sequence[str]) -> set[str]:
    """Those of these experiments that have a look or a choice of settings left, and so have not
    ended."""
    looks = select(Look.experiment_id).where(
        Look.experiment_id.in_(ids), Look.state == LookState.PLANNED
    )
    choices = select(Tuning.experiment_id).where(
        Tuning.experiment_id.in_(ids), Tuning.state == TuningState.PLANNED
    )
    return set(session.scalars(looks.union_all(choices)))


def forgiven() -> ColumnElement[bool]:
    """A condition on `Run`: a tuning run that failed or was cancelled, where the settings have been
    chosen nevertheless, so that it decides nothing about its experiment any more."""
    chosen = exists().where(
        Tuning.experiment_id == Run.experiment_id, Tuning.state == TuningState.CHOSEN
    )
    return and_(Run.tuning, Run.state.in_(RETRIABLE), chosen)


def has_active_runs(experiment_id: SQLColumnExpression[str] | str) -> ColumnElement[bool]:
    """A condition: a run of the experiment has not ended."""
    return exists().where(Run.experiment_id == experiment_id, Run.state.in_(ACTIVE))


def has_choice_left(experiment_id: SQLColumnExpression[str] | str) -> ColumnElement[bool]:
    """A condition: the settings of the experiment's arms are still to be chosen."""
    return exists().where(
        Tuning.experiment_id == experiment_id, Tuning.state == TuningState.PLANNED
    )


def in_state(state: RunState) -> ColumnElement[bool]:
    """`experiment_state` as a condition on `Experiment`."""

    def any_run(*states: RunState) -> ColumnElement[bool]:
        own = Run.experiment_id == Experiment.id
        return exists().where(own, Run.state.in_(states), ~forgiven())

    look_left = exists().where(Look.experiment_id == Experiment.id, Look.state == LookState.PLANNED)
    active = or_(any_run(*ACTIVE), look_left, has_choice_left(Experiment.id))
    begun = any_run(RunState.RUNNING, *TERMINAL)
    failed, cancelled = any_run(RunState.FAILED), any_run(RunState.CANCELLED)
    match state:
        case RunState.QUEUED:
            return ~begun
        case RunState.RUNNING:
            return and_(active, begun)
        case RunState.FAILED:
            return and_(~active, failed)
        case RunState.CANCELLED:
            return and_(~active, ~failed, cancelled)
        case RunState.SUCCEEDED:
            return and_(begun, ~active, ~failed, ~cancelled)
