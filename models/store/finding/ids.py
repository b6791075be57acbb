"""Ids by their beginning: an id is made of its time, so those of one moment begin alike."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from models.store.ids import LETTERS
from models.store.tables import Experiment, Reproduction, Run, Study


@dataclass(frozen=True, slots=True)
class Known:
    """An id, and what a person knows the thing by."""

    id: str
    about: str


def beginning_with(session: Session, beginning: str, limit: int) -> list[Known]:
    """At most `limit` experiments, runs or studies whose ids begin with this, such as `exp_01kax`,
    the newest first. Experiments of reproductions are left out, as in lists; so are their runs."""
    kinds = {"exp": _experiments, "run": _runs, "std": _studies}
    found = kinds.get(beginning.partition("_")[0])
    return [] if found is None else found(session, beginning, limit)


def _experiments(session: Session, beginning: str, limit: int) -> list[Known]:
    query = select(Experiment.id, Experiment.name).where(~_is_of_reproduction())
    query = query.where(_begins(Experiment.id, beginning)).order_by(Experiment.id.desc())
    return [Known(one, name) for one, name in session.execute(query.limit(limit))]


def _runs(session: Session, beginning: str, limit: int) -> list[Known]:
    query = select(Run.id, Run.arm, Run.seed, Experiment.name).join(Experiment)
    query = query.where(~_is_of_reproduction(), _begins(Run.id, beginning))
    newest = query.order_by(Run.id.desc()).limit(limit)
    return [
        Known(one, f"{arm}, seed {seed} of {name}")
        for one, arm, seed, name in session.execute(newest)
    ]


def _studies(session: Session, beginning: str, limit: int) -> list[Known]:
    query = select(Study.id, Study.name).where(_begins(Study.id, beginning))
    newest = query.order_by(Study.id.desc()).limit(limit)
    return [Known(one, name) for one, name in session.execute(newest)]


def _is_of_reproduction() -> ColumnElement[bool]:
    return exists().where(Reproduction.experiment_id == Experiment.id)


def _begins(column: InstrumentedAttribute[str], beginning: str) -> ColumnElement[bool]:
    """A range of the primary key, which its index serves, and which no collation sees otherwise:
    all ids have the same length."""
    length = len(beginning.partition("_")[0]) + 1 + LETTERS
    return column.between(beginning.ljust(length, "0"), beginning.ljust(length, "z"))
