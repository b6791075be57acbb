"""The one clock of a service: the database's, which all of its processes share.

A lease is a difference between two times. Were each taken from the clock of the machine that wrote
it, a worker whose clock is minutes ahead would take every run away from the others, and one whose
clock is behind would lose its own, over and over. SQLite has no clock of its own; but there all
processes are on one machine.
"""

from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.store.table_base import UtcDateTime


def now(session: Session) -> datetime:
    """The time as the database has it, in UTC: of this moment, not of the transaction's begin."""
    if session.get_bind().dialect.name == "sqlite":
        return datetime.now(UTC)
    return session.execute(select(func.clock_timestamp(type_=UtcDateTime()))).scalar_one()
