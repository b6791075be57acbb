"""Many rows of numbers out of the database at once, as one matrix.

A driver makes ten thousand steps of ten figures into a hundred thousand Python objects, one call
for each, and that takes most of the time that a curve takes. SQLite's takes a lock twice for each
value too: a function of ours that is given whole rows, inside the query, needs half of the time.
PostgreSQL's takes half of it where the server sends numbers as they are, and not as digits.
"""

from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psycopg.pq import Format
from sqlalchemy import Engine, Select, event, func, select
from sqlalchemy.orm import Session

_NAME = "tripletlab_packed"
_BINARY = "tripletlab_binary"


def matrix(session: Session, query: Select[Any]) -> NDArray[np.float64]:
    """What the query finds: (rows, columns), ascending by the first column. Null is NaN."""
    width = len(query.selected_columns)
    if session.get_bind().dialect.name == "sqlite":
        packed = select(getattr(func, _NAME)(*query.subquery().c))
        found = np.frombuffer(session.scalar(packed) or b"", np.float64)
    else:
        rows = session.execute(query, execution_options={_BINARY: True})
        found = np.array(list(chain.from_iterable(rows)), np.float64)
    values = found.reshape(-1, width)
    return values[np.argsort(values[:, 0], kind="stable")]


def listed(column: NDArray[np.float64]) -> list[float | None]:
    """The numbers of a column, and None for what is none."""
    values: list[float | None] = column.tolist()
    for index in np.flatnonzero(np.isnan(column)):
        values[index] = None
    return values


class _Packed:
    """The aggregate function: every argument of every row, behind one another."""

    def __init__(self) -> None:
        self._values: list[float | None] = []

    def step(self, *row: float | None) -> None:
        self._values += row

    def finalize(self) -> bytes:
        return np.array(self._values, np.float64).tobytes()


def install(engine: Engine) -> None:
    """Prepare an engine's connections for `matrix`."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _add_function)
    else:
        event.listen(engine, "before_cursor_execute", _as_they_are)


def _add_function(connection: Any, _record: Any) -> None:
    connection.create_aggregate(_NAME, -1, _Packed)


def _as_they_are(
    _connection: Any, cursor: Any, _statement: str, _values: Any, context: Any, _many: bool
) -> None:
    if context is not None and context.execution_options.get(_BINARY):
        cursor.format = Format.BINARY
