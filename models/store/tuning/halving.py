"""Halving in the database: which settings are still in, and the runs that go on after a stop.

A tuning run is queued up to the next stop (`Run.steps`), ends there as any run that has done its
steps, and keeps its checkpoint. At a stop the settings that go on are given more steps, and those
of their runs that rest there are queued again. So **the rows say which settings are still in**:
those whose runs have the most steps. Nothing else is stored, and a stop is passed once, whoever
passes it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, select, true, update
from sqlalchemy.orm import Session, aliased

from models.specs.experiment import ExperimentSpec
from models.specs.tuning_budget import settings_trained, tuning_stops
from models.states import RunState, TuningState
from models.store.run_life.transitions import change_state
from models.store.tables import Run, Tuning
from models.tuning.choosing import Chosen, Values, ranked

CONTINUED = "continued"
"""The kind of the event of a run that goes on after a stop."""

Place = tuple[str, int | None]
"""An arm, and the seed of the comparison that its settings are tuned for; None for all seeds."""


def stop_of(runs: Sequence[Run]) -> int:
    """The step up to which the settings that are still in are trained, given all tuning runs."""
    return max(run.steps for run in runs)


def ranked_at_stop(
    spec: ExperimentSpec, values: Values, runs: Sequence[Run]
) -> dict[Place, list[Chosen]]:
    """The settings of each place that are still in and have a value, the best first."""
    stop = stop_of(runs)
    still_in = {(run.arm, run.setting, run.seed) for run in runs if run.steps == stop}
    found = {}
    for seed, tuning_seeds in spec.tuning_groups.items():
        for arm, settings in values.items():
            own = [
                {one: of[one] for one in tuning_seeds if one in of and (arm, at, one) in still_in}
                for at, of in enumerate(settings)
            ]
            if best := ranked(own):
                found[arm, seed] = best
    return found


def settings_left(spec: ExperimentSpec, stop: int) -> int | None:
    """How many settings of an arm go on after this stop; None at the end of the training."""
    stops, trained = tuning_stops(spec), settings_trained(spec)
    after = stops.index(stop) + 1
    return trained[after] if after < len(stops) else None


def go_on(
    session: Session,
    spec: ExperimentSpec,
    runs: Sequence[Run],
    best: Mapping[Place, Sequence[Chosen]],
    now: datetime,
) -> list[Run]:
    """Give these settings the steps up to the next stop; the runs that were queued again.

    A run that ended early, or failed, is not queued: it has no more to give. Of those, one that is
    retried later goes on to the new stop too.
    """
    stops = tuning_stops(spec)
    after = stops[stops.index(stop_of(runs)) + 1]
    place_of = {one: seed for seed, group in spec.tuning_groups.items() for one in group}
    kept = {(arm, seed, one.setting) for (arm, seed), own in best.items() for one in own}
    on = [run for run in runs if (run.arm, place_of[run.seed], run.setting) in kept]
    queued = [run for run in on if run.state == RunState.SUCCEEDED and run.step == run.steps]
    rest = [run.id for run in on if run not in queued]
    session.execute(update(Run).where(Run.id.in_(rest)).values(steps=after))
    return [_queue(session, run, after, now) for run in queued]


def _queue(session: Session, run: Run, steps: int, now: datetime) -> Run:
    after = change_state(
        session,
        run.id,
        RunState.SUCCEEDED,
        RunState.QUEUED,
        kind=CONTINUED,
        message=f"its setting is among those that go on to step {steps}",
        now=now,
        steps=steps,
        faults=0,
        reason=None,
        worker_id=None,
        heartbeat_at=None,
        finished_at=None,
        submitted_at=now,
    )
    assert after is not None  # the caller holds the experiment, and nothing else moves such a run
    return after


def resting(session: Session) -> set[str]:
    """The runs that may yet go on from their checkpoints, after the stop at which they ended."""
    other = aliased(Run)
    stop = (
        select(func.max(other.steps))
        .where(other.experiment_id == Run.experiment_id, other.tuning == true())
        .scalar_subquery()
    )
    query = (
        select(Run.id)
        .join(Tuning, Tuning.experiment_id == Run.experiment_id)
        .where(Tuning.state == TuningState.PLANNED, Run.tuning, Run.steps == stop)
        .where(Run.state == RunState.SUCCEEDED)
    )
    return set(session.scalars(query))
