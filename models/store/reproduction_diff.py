"""Two trainings of one spec, arm and seed: every recorded figure of one against the other's.

The order is that of the training: steps by number, and a validation before the test that follows
it. Figures are equal when they are the same double; the databases keep every bit of one.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from models.store.tables import Evaluation, Step

Table = type[Step] | type[Evaluation]


@dataclass(frozen=True)
class Difference:
    """A figure in which a training again differs from what was recorded.

    `where`: steps, evaluations, scores or weights. `step`, `split` and `row` say which of them, as
    far as they mean anything there. A value is None where there is no figure.
    """

    where: str
    figure: str
    recorded: float | None
    again: float | None
    step: int | None = None
    split: str | None = None
    row: int | None = None

    @property
    def difference(self) -> float | None:
        """The figure of the training again minus the recorded one."""
        if self.recorded is None or self.again is None:
            return None
        return self.again - self.recorded


@dataclass(frozen=True)
class Compared:
    """How many rows were compared, and the first difference in them."""

    count: int
    first: Difference | None


def compare_steps(session: Session, run_id: str, again_id: str, *, ended: bool) -> Compared:
    """All figures of all steps. Until both have `ended`, of those that both have so far."""
    return _compare(session, Step, run_id, again_id, ended)


def compare_evaluations(session: Session, run_id: str, again_id: str, *, ended: bool) -> Compared:
    """All figures of all evaluations; `ended` as for `compare_steps`."""
    return _compare(session, Evaluation, run_id, again_id, ended)


def _compare(session: Session, table: Table, run_id: str, again_id: str, ended: bool) -> Compared:
    pairs = _Pairs(table, run_id, again_id)
    count = session.scalar(pairs.both(func.count())) or 0
    found = [session.execute(pairs.unequal().limit(1)).first()]
    if ended:
        found += [session.execute(query.limit(1)).first() for query in pairs.alone()]
    differences = [pairs.difference(row) for row in found if row is not None]
    return Compared(count, min(differences, key=_order, default=None))


def _order(difference: Difference) -> tuple[int, bool]:
    return difference.step or 0, difference.split == "test"


class _Pairs:
    """Rows of two runs in one table, side by side by their keys: step, or step and split."""

    def __init__(self, table: Table, run_id: str, again_id: str) -> None:
        self.table, self.a, self.b = table, aliased(table), aliased(table)
        columns = table.__table__.columns
        self.keys = [c.name for c in columns if c.primary_key and c.name != "run_id"]
        self.figures = [c.name for c in columns if not c.primary_key]
        self.of_a, self.of_b = self.a.run_id == run_id, self.b.run_id == again_id
        self.same = and_(
            *(self._column("a", name) == self._column("b", name) for name in self.keys)
        )

    def _column(self, side: str, name: str) -> ColumnElement[Any]:
        column: ColumnElement[Any] = getattr(getattr(self, side), name)
        return column

    def both(self, *what: ColumnElement[Any]) -> Select[Any]:
        query: Select[Any] = select(*what)
        return query.select_from(self.a).join(self.b, self.same).where(self.of_a, self.of_b)

    def unequal(self) -> Select[Any]:
        differs = [
            self._column("a", name).is_distinct_from(self._column("b", name))
            for name in self.figures
        ]
        return self.both(*self._values()).where(or_(*differs)).order_by(*self._in_order("a"))

    def alone(self) -> tuple[Select[Any], Select[Any]]:
        """Rows that only the one run has, and rows that only the other has."""
        query: Select[Any] = select(*self._values())
        only_a = query.select_from(self.a).outerjoin(self.b, and_(self.same, self.of_b))
        only_b = query.select_from(self.b).outerjoin(self.a, and_(self.same, self.of_a))
        return (
            only_a.where(self.of_a, self.b.run_id.is_(None)).order_by(*self._in_order("a")),
            only_b.where(self.of_b, self.a.run_id.is_(None)).order_by(*self._in_order("b")),
        )

    def _values(self) -> list[ColumnElement[Any]]:
        keys = [
            func.coalesce(self._column("a", name), self._column("b", name)) for name in self.keys
        ]
        sides = [self._column(side, name) for side in "ab" for name in self.figures]
        return [*keys, *sides]

    def _in_order(self, side: str) -> list[ColumnElement[Any]]:
        step, *split = (self._column(side, name) for name in self.keys)
        return [step, *(name.desc() for name in split)]  # validation before test

    def difference(self, row: Row[Any]) -> Difference:
        """The first figure of a row of `_values` in which the sides differ."""
        count = len(self.keys)
        width = len(self.figures)
        recorded, again = row[count : count + width], row[count + width :]
        figure = next(i for i in range(width) if recorded[i] != again[i])
        return Difference(
            self.table.__tablename__,
            self.figures[figure],
            recorded[figure],
            again[figure],
            **dict(zip(self.keys, row[:count], strict=True)),
        )
