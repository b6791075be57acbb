"""The same question under fresh seeds: a new experiment, judged by its own seeds alone.

Where seeds cannot be added this is the way that is always open. The seeds are such as no run on the
data set has had, so nobody can have seen what they give, and the new verdict errs as rarely as any:
given everything that made a person ask.
"""

from collections.abc import Container
from itertools import count, islice
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.specs.parse import stored_spec
from models.store.experiments import experiment
from models.store.more_seeds.allowed import MOST, seeds_of
from models.store.tables import Experiment, Run

FEWEST = 6
"""With fewer nothing is ever decided."""
LONGEST_NAME = 200


def fresh_spec(session: Session, experiment_id: str, number: int | None) -> dict[str, Any]:
    """A spec to be sent: that of the experiment, under `number` fresh seeds; None is twice as many
    as it had. A question of a programme is its next one. Raises `NotFound`, `Unreadable`."""
    row = experiment(session, experiment_id)
    spec = stored_spec(row.spec, experiment_id)
    if number is None:
        number = min(MOST, max(FEWEST, 2 * len(seeds_of(session, experiment_id))))
    used = {*_used(session, row.content_hash), *spec.tuning_seeds}
    asked = spec.model_dump(mode="json")
    varied = {
        name: value
        for name, value in asked["seeds"].items()
        if name not in ("count", "list", "until_decided")
    }
    asked |= {"name": _named(row.name), "seeds": {"list": unused(used, number), **varied}}
    if spec.programme is not None:
        asked["programme"] = spec.programme.name
    return asked


def unused(used: Container[int], number: int) -> list[int]:
    """The smallest seeds that are not used."""
    return list(islice((seed for seed in count() if seed not in used), number))


def _used(session: Session, content_hash: str) -> set[int]:
    """The seeds of every run on these rows, whoever asked for it."""
    query = (
        select(Run.seed)
        .join(Experiment, Experiment.id == Run.experiment_id)
        .where(Experiment.content_hash == content_hash)
        .distinct()
    )
    return set(session.scalars(query))


def _named(name: str) -> str:
    more = ", fresh seeds"
    return name if name.endswith(more) else f"{name[: LONGEST_NAME - len(more)]}{more}"
