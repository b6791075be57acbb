"""What all tables share: the names of constraints, and column types that suit both databases."""

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


# SQLite numbers rows automatically only for the type INTEGER
RowNumber = BigInteger().with_variant(Integer(), "sqlite")


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {
        datetime: UtcDateTime(),
        float: Double(),  # explicit, since SQLAlchemy's own choice differs between its releases
        dict[str, Any]: JSON(none_as_null=True),  # no document is NULL, not JSON null
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
