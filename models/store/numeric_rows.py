"""Reads many rows of numbers from the database at once, as one matrix.

A driver turns ten thousand steps of ten metrics into a hundred thousand Python objects, one call
for each, and that takes most of the time of a curve. So the rows are packed into bytes inside the
query: by PostgreSQL itself, which costs this process a thirtieth of the time, and with SQLite,
whose driver also takes a lock twice for each value, by an SQL aggregate of our own that is given
whole rows.
"""

import struct
import sys
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine, Select, event, func, literal_column, select
from sqlalchemy.orm import Session

_AGGREGATE = "tripletlab_numeric_rows"
_ABSENT = -sys.float_info.max  # in place of null, which cannot be packed; never a metric's value
MOST_COLUMNS = 32
_BINARY = "tripletlab_binary"  # else PostgreSQL sends bytes as hexadecimal digits


def numeric_rows(session: Session, query: Select[Any]) -> NDArray[np.float64]:
    """The result of the query: (rows, columns), ascending by the first column; null becomes NaN."""
    rows = query.subquery("rows")
    if session.get_bind().dialect.name == "sqlite":
        known = (func.ifnull(column, _ABSENT) for column in rows.c)
        packed, kind = getattr(func, _AGGREGATE)(*known), "=f8"
    else:  # as text, since an expression of that many parts costs more than to read the rows
        sent = " || ".join(
            f"float8send(coalesce(rows.{name}::float8, 'NaN'))" for name in rows.c.keys()
        )
        packed, kind = literal_column(f"string_agg({sent}, ''::bytea)"), ">f8"
    asked = select(packed).select_from(rows)
    found = session.scalar(asked, execution_options={_BINARY: True})
    flat = np.frombuffer(found or b"", kind).astype(np.float64, copy=False)
    values = flat.reshape(-1, len(rows.c))
    ordered = values[np.argsort(values[:, 0], kind="stable")]
    ordered[ordered == _ABSENT] = np.nan
    return ordered


def nan_to_none(column: NDArray[np.float64]) -> list[float | None]:
    """The values of a column as a list, with None in place of NaN."""
    values: list[float | None] = column.tolist()
    for index in np.flatnonzero(np.isnan(column)):
        values[index] = None
    return values


class _RowPacker:
    """The SQL aggregate: packs every argument of every row, one after the other, into bytes."""

    def __init__(self, columns: int) -> None:
        pack, rows = struct.Struct(f"={columns}d").pack, list[bytes]()
        add = rows.append

        # no method, and nothing that it looks up: it is called for each of ten thousand rows
        def step(*row: float) -> None:
            add(pack(*row))

        self.step, self._rows = step, rows

    def finalize(self) -> bytes:
        return b"".join(self._rows)


def install(engine: Engine) -> None:
    """Prepare an engine's connections for `numeric_rows`."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _add_function)
    else:
        event.listen(engine, "before_cursor_execute", _request_binary)


def _add_function(connection: Any, _record: Any) -> None:
    for columns in range(1, MOST_COLUMNS + 1):
        connection.create_aggregate(_AGGREGATE, columns, partial(_RowPacker, columns))


def _request_binary(
    _connection: Any, cursor: Any, _statement: str, _values: Any, context: Any, _many: bool
) -> None:
    if context is not None and context.execution_options.get(_BINARY):
        from psycopg.pq import Format  # here: with SQLite no process needs the driver's 5 MiB

        cursor.format = Format.BINARY
