"""Adding runs to an experiment: when it is created, when the settings of its arms have been chosen,
and after a look that did not decide."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from models.specs.experiment import ExperimentSpec
from models.specs.tuning_budget import tuning_stops
from models.states import RunState
from models.store import events
from models.store.ids import new_id
from models.store.tables import Base, Run

Chosen = Mapping[tuple[str, int | None], int]
"""The setting of an arm, by its index, for a seed; under None for all seeds."""


class _Wanted(NamedTuple):
    seed: int
    setting: int
    arm: str
    tuning: bool


def add_runs(
    session: Session,
    experiment_id: str,
    spec: ExperimentSpec,
    seeds: Sequence[int],
    now: datetime,
    chosen: Chosen | None = None,
) -> list[str]:
    """Queue every arm under these seeds, after the existing runs, each with an event; their ids.

    With `chosen`, where arms are tuned, under the setting of each; without a run where none could
    be chosen. Seed by seed, all arms of a seed together, so that the runs that have ended are
    mostly pairs.
    """
    wanted = [
        _Wanted(seed, setting, arm.name, tuning=False)
        for seed in seeds
        for arm in spec.arms
        if (setting := _setting(chosen, arm.name, seed)) is not None
    ]
    return _queue(session, experiment_id, spec, wanted, now)


def runs_added(session: Session, ids: Sequence[str]) -> list[Run]:
    """The runs of these ids, which `add_runs` returned, in their order; to be announced."""
    return list(session.scalars(select(Run).where(Run.id.in_(ids)).order_by(Run.position)))


def _setting(chosen: Chosen | None, arm: str, seed: int) -> int | None:
    if not chosen:
        return 0
    return chosen.get((arm, seed), chosen.get((arm, None)))


def add_tuning_runs(
    session: Session, experiment_id: str, spec: ExperimentSpec, now: datetime
) -> list[str]:
    """Queue every setting of every arm under the tuning seeds, each with an event, up to the first
    stop of halving; their ids."""
    assert spec.tuning is not None
    wanted = [
        _Wanted(seed, setting, arm.name, tuning=True)
        for seed in spec.tuning_seeds
        for setting in range(len(spec.tuning.all_settings))
        for arm in spec.arms
    ]
    return _queue(session, experiment_id, spec, wanted, now)


def _queue(
    session: Session,
    experiment_id: str,
    spec: ExperimentSpec,
    wanted: Sequence[_Wanted],
    now: datetime,
) -> list[str]:
    existing = select(func.count()).where(Run.experiment_id == experiment_id)
    first = session.scalar(existing) or 0
    steps = {arm.name: spec.for_arm(arm.name).steps for arm in spec.arms}
    first_stop = next(iter(tuning_stops(spec)), 0)
    rows = [
        {
            "id": new_id("run"),
            "experiment_id": experiment_id,
            "position": position,
            **one._asdict(),
            "device": spec.device,
            "pretrained": spec.starts_pretrained(one.arm),
            "state": RunState.QUEUED,
            "steps": first_stop if one.tuning else steps[one.arm],
            "submitted_at": now,
        }
        for position, one in enumerate(wanted, start=first)
    ]
    # Not as objects: the ORM would read back what it did not set, in one statement for all these
    # rows, which takes psycopg 30 ms for 200 of them.
    session.execute(insert(Base.metadata.tables[Run.__tablename__]), rows)
    events.record_queued(session, experiment_id, first, now)
    return [str(row["id"]) for row in rows]
