"""The one clock of a service: the database's, which all of its processes share.

A lease is a difference between two times. If each came from the clock of the machine that wrote it,
a worker whose clock is minutes ahead would take every run away from the others, and one whose clock
is behind would lose its own runs again and again. SQLite has no clock of its own, but with it all
processes are on one machine.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Interval, func, literal, select
from sqlalchemy.orm import Session

from models.store.table_base import UtcDateTime


def now(session: Session) -> datetime:
    """The database's time in UTC: the present, not the beginning of the transaction."""
    if _is_of_process(session):
        return datetime.now(UTC)
    return session.execute(select(present(session))).scalar_one()


def present(session: Session) -> ColumnElement[datetime]:
    """What `now` returns, as a part of a statement."""
    if _is_of_process(session):
        return literal(datetime.now(UTC), UtcDateTime())
    return func.clock_timestamp(type_=UtcDateTime())


def ago(session: Session, duration: timedelta) -> ColumnElement[datetime]:
    """The time `duration` before the present, as a part of a statement."""
    if _is_of_process(session):
        return literal(datetime.now(UTC) - duration, UtcDateTime())
    return func.clock_timestamp(type_=UtcDateTime()) - literal(duration, Interval())


def _is_of_process(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"
