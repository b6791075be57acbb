"""The differences between the recorded metrics of two trainings of one spec, arm and seed.

The order is that of the training: steps by number, and a validation before the test that follows
it. Values are equal when they are the same double, of which the databases keep every bit. A metric
that the recorded training has nowhere, since it was not measured yet, is not compared.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from models.store.tables import Evaluation, Step

Table = type[Step] | type[Evaluation]


@dataclass(frozen=True)
class Difference:
    """A value in which a reproduction differs from what was recorded.

    `where`: steps, evaluations, scores or weights. `figure` names the value: a metric, or a place
    in a tensor. `step`, `split` and `row` say which of them, as far as they apply. A value is None
    where it does not exist.
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
        """The value of the reproduction minus the recorded one."""
        if self.recorded is None or self.again is None:
            return None
        return self.again - self.recorded


@dataclass(frozen=True)
class Compared:
    """How many rows were compared, and the first difference in them."""

    count: int
    first: Difference | None


def compare_steps(session: Session, run_id: str, again_id: str, *, ended: bool) -> Compared:
    """Compare all metrics of all steps; until both have `ended`, of the steps that both have."""
    return _compare(session, Step, run_id, again_id, ended)


def compare_evaluations(session: Session, run_id: str, again_id: str, *, ended: bool) -> Compared:
    """Compare all metrics of all evaluations; `ended` as for `compare_steps`."""
    return _compare(session, Evaluation, run_id, again_id, ended)


def _compare(session: Session, table: Table, run_id: str, again_id: str, ended: bool) -> Compared:
    pairs = _Pairs(table, run_id, again_id, _recorded_metrics(session, table, run_id))
    count = session.scalar(pairs.both(func.count())) or 0
    rows = [session.execute(pairs.unequal().limit(1)).first()]
    if ended:
        rows += [session.execute(query.limit(1)).first() for query in pairs.alone()]
    differences = [pairs.difference(row) for row in rows if row is not None]
    return Compared(count, min(differences, key=_order, default=None))


def _recorded_metrics(session: Session, table: Table, run_id: str) -> list[str]:
    """The metrics of which a run has a value anywhere; of a run without rows, all."""
    columns = [one for one in table.__table__.columns if not one.primary_key]
    counts = select(*(func.count(one) for one in columns)).where(table.run_id == run_id)
    there = dict(zip(columns, session.execute(counts).one(), strict=True))
    return [one.name for one, values in there.items() if values or not any(there.values())]


def _order(difference: Difference) -> tuple[int, bool]:
    return difference.step or 0, difference.split == "test"


class _Pairs:
    """The rows of two runs in one table, joined by their keys: step, or step and split."""

    def __init__(self, table: Table, run_id: str, again_id: str, metrics: list[str]) -> None:
        self.table, self.a, self.b = table, aliased(table), aliased(table)
        columns = table.__table__.columns
        self.keys = [c.name for c in columns if c.primary_key and c.name != "run_id"]
        self.metrics = metrics
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
            for name in self.metrics
        ]
        return self.both(*self._values()).where(or_(*differs)).order_by(*self._in_order("a"))

    def alone(self) -> tuple[Select[Any], Select[Any]]:
        """The rows that only the first run has, and those that only the second has."""
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
        sides = [self._column(side, name) for side in "ab" for name in self.metrics]
        return [*keys, *sides]

    def _in_order(self, side: str) -> list[ColumnElement[Any]]:
        step, *split = (self._column(side, name) for name in self.keys)
        return [step, *(name.desc() for name in split)]  # validation before test

    def difference(self, row: Row[Any]) -> Difference:
        """The first metric of a row of `_values` in which the sides differ."""
        count = len(self.keys)
        width = len(self.metrics)
        recorded, again = row[count : count + width], row[count + width :]
        first = next(i for i in range(width) if recorded[i] != again[i])
        return Difference(
            self.table.__tablename__,
            self.metrics[first],
            recorded[first],
            again[first],
            **dict(zip(self.keys, row[:count], strict=True)),
        )
