"""What all tables share: the names of constraints, and column types that suit both databases."""

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    Double,
    Integer,
    MetaData,
    TypeDecorator,
)
from sqlalchemy.orm import DeclarativeBase, mapped_column

from models.metrics import Metric

log = logging.getLogger(__name__)

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC in Python on both databases; SQLite itself would drop the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Document(TypeDecorator[Any]):
    """A JSON object; anything else is read as an empty one.

    A query of many rows must not fail for one of them that a hand wrote. Nothing that is stored is
    an empty object, so whoever needs this row's document finds it unreadable.
    """

    impl = JSON(none_as_null=True)  # no document is NULL, not JSON null
    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        # psycopg has decoded it already
        decode = super().result_processor(dialect, coltype) or (lambda value: value)

        def tolerant(value: Any) -> Any:
            try:
                document = decode(value)
            except ValueError:
                document = {}
                log.error("a stored document is not JSON: %r", str(value)[:200])
            return document if document is None or isinstance(document, dict) else {}

        return tolerant


# SQLite numbers rows automatically only for the type INTEGER
RowNumber = BigInteger().with_variant(Integer(), "sqlite")


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {
        datetime: UtcDateTime(),
        float: Double(),  # explicit, since SQLAlchemy's own choice differs between its releases
        dict[str, Any]: Document(),
        list[Any]: JSON(none_as_null=True),
    }


Table = TypeVar("Table", bound=type[Base])
_TYPES: dict[type, Double[float] | Integer] = {float: Double(), int: Integer()}


def with_metrics(metrics: Mapping[str, Metric]) -> Callable[[Table], Table]:
    """Give a table a column for each of these metrics, after the columns that its class names.

    Queries name them by the table's columns: `Step.__table__.c.loss`.
    """

    def add(table: Table) -> Table:
        for name, metric in metrics.items():
            setattr(table, name, mapped_column(_TYPES[metric.kind], nullable=metric.nullable))
        return table

    return add
