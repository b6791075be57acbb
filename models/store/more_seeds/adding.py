"""Adding the seeds that a person asks for: planned looks go on, or one arm is given more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from models.errors import Conflict, Invalid, Problem
from models.specs.experiment import ExperimentSpec
from models.specs.parse import stored_spec
from models.specs.seeds import SeedCount, SeedList
from models.states import LookState
from models.store import events
from models.store.experiments import experiment
from models.store.interim_looks import hold, looks_of, queue_seeds, resume
from models.store.more_seeds.allowed import MoreSeeds, more_seeds
from models.store.more_seeds.fresh import unused
from models.store.tables import Experiment, Look, Run

ADDED = "seeds_added"
"""The kind of the event."""


@dataclass(frozen=True, slots=True)
class Addition:
    """What is to be added: the seeds that are queued now, and the look up to which others follow.

    `spec` is the experiment's own, of one arm the one with more seeds.
    """

    row: Experiment
    spec: ExperimentSpec
    seeds: Sequence[int]
    look: Look | None

    @property
    def runs(self) -> int:
        """How many are queued now."""
        return len(self.spec.arms) * len(self.seeds)


def addition(session: Session, experiment_id: str, count: int) -> Addition | None:
    """What brings an experiment to `count` seeds; None where it has them, or is on its way.

    Holds the experiment until the transaction ends. Raises `NotFound`, `Conflict` where none can be
    added, and `Invalid` where not so many.
    """
    hold(session, experiment_id)  # before the row is read, which another addition may change
    row = experiment(session, experiment_id)
    spec = stored_spec(row.spec, experiment_id)
    looks = looks_of(session, experiment_id)
    found = more_seeds(session, experiment_id)
    on_its_way = [look.pairs for look in looks if look.state != LookState.DROPPED]
    if count == found.count or count in on_its_way:
        return None
    if found.most is None and not found.counts:
        raise Conflict(found.sentence)
    _require_possible(found, count)
    if found.most is not None:
        grown = with_seeds(spec, found.seeds, count)
        return Addition(row, grown, grown.seeds.values()[found.count :], None)
    look = next(look for look in looks if look.pairs == count)
    return Addition(row, spec, _queued_now(looks), look)


def add(session: Session, wanted: Addition, now: datetime) -> list[Run]:
    """Add these seeds; the runs that are queued now, to be announced after the commit."""
    experiment_id = wanted.row.id
    if wanted.look is None:
        wanted.row.spec = wanted.spec.model_dump(mode="json")
        up_to = f"up to {len(wanted.spec.seeds.values())} seeds"
    else:
        _go_on(session, wanted.look, now)
        up_to = f"up to look {wanted.look.number}, at {wanted.look.pairs} seeds"
    session.flush()
    events.record(session, experiment_id=experiment_id, kind=ADDED, message=up_to, now=now)
    if not wanted.seeds:
        return []
    return queue_seeds(session, experiment_id, wanted.spec, wanted.seeds, now)


def with_seeds(spec: ExperimentSpec, seeds: Sequence[int], count: int) -> ExperimentSpec:
    """The spec of one arm with `count` seeds: those that it has, and the smallest others."""
    own = spec.seeds
    if isinstance(own, SeedCount):
        return spec.model_copy(update={"seeds": own.model_copy(update={"count": count})})
    assert isinstance(own, SeedList)  # one arm has no looks
    new = unused({*seeds, *spec.tuning_seeds}, count - len(seeds))
    more = own.model_copy(update={"list": (*own.list, *new)})
    return spec.model_copy(update={"seeds": more})


def _require_possible(found: MoreSeeds, count: int) -> None:
    if found.most is not None and found.count < count <= found.most:
        return
    if count in found.counts:
        return
    if count < found.count:
        detail = f"it has {found.count} seeds already; this is the number that it is to have"
    elif found.most is not None:
        detail = f"one experiment may have {found.most:,} seeds"
    else:
        detail = found.sentence
    raise Invalid([Problem("/count", detail)])


def _queued_now(looks: Sequence[Look]) -> Sequence[int]:
    """The seeds of the next look; none where the plan goes on and adds them itself."""
    if any(look.state == LookState.PLANNED for look in looks):
        return ()
    taken, following = next(
        (before, look)
        for before, look in zip(looks, looks[1:], strict=False)
        if look.state == LookState.DROPPED
    )
    return range(taken.pairs, following.pairs)


def _go_on(session: Session, last: Look, now: datetime) -> None:
    """Plan the looks up to `last` again; none before it ends the plan for futility, which whoever
    asks for more has been told of."""
    resume(session, last.experiment_id, last.number)
    last.asked_at = now
    planned = (Look.experiment_id == last.experiment_id, Look.state == LookState.PLANNED)
    on_the_way = update(Look).where(*planned, Look.number < last.number)
    session.execute(on_the_way.values(futile_above=None))
