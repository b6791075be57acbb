"""The programmes there are, and what their questions are called."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.store.tables import Experiment, Programme, ProgrammeQuestion


class Listed(NamedTuple):
    """A programme, how many questions were asked in it, and the level of the last one."""

    programme: Programme
    questions: int
    last_level: float


def list_programmes(session: Session, *, after: str | None, limit: int) -> list[Listed]:
    """At most `limit` programmes in the order of their names, from the one `after` this name on."""
    last = (
        select(ProgrammeQuestion.programme, func.max(ProgrammeQuestion.number).label("number"))
        .group_by(ProgrammeQuestion.programme)
        .subquery()
    )
    query = (
        select(Programme, ProgrammeQuestion.number, ProgrammeQuestion.level)
        .join(last, last.c.programme == Programme.name)
        .join(
            ProgrammeQuestion,
            (ProgrammeQuestion.programme == last.c.programme)
            & (ProgrammeQuestion.number == last.c.number),
        )
        .order_by(Programme.name)
        .limit(limit)
    )
    if after is not None:
        query = query.where(Programme.name > after)
    return [Listed(*row) for row in session.execute(query)]


def names_of(session: Session, ids: Sequence[str]) -> dict[str, str]:
    """The names of these experiments."""
    query = select(Experiment.id, Experiment.name).where(Experiment.id.in_(ids))
    return {one: name for one, name in session.execute(query)}
