"""Whether the database has this code's schema, and how many workers are alive, by one statement.

`/readyz` must answer while threads compute for others, and each journey to the database and back
then waits for its turn of the interpreter.
"""

from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, column, func, select, table
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from models.store import clock
from models.store.schema_version import VERSIONS, check_schema, newest
from models.store.tables import Worker


class LiveWorkers(NamedTuple):
    """How many workers are alive, and how many of them have a GPU."""

    all: int
    with_cuda: int


def ready_workers(session: Session, lease_seconds: float) -> LiveWorkers:
    """The workers whose last heartbeat is at most `lease_seconds` old.

    Raises `ServiceUnavailable` when the database has another schema than this code.
    """
    version: ColumnElement[str] = column("version_num")
    alive = Worker.heartbeat_at >= clock.ago(session, timedelta(seconds=lease_seconds))
    counts = (
        select(func.count()).select_from(Worker).where(alive, condition).scalar_subquery()
        for condition in (Worker.cuda_devices >= 0, Worker.cuda_devices > 0)
    )
    try:
        rows = session.execute(select(version, *counts).select_from(table(VERSIONS))).all()
    except DBAPIError:
        check_schema(session.connection())  # says why, where a table is missing
        raise
    if sorted(row[0] for row in rows) != newest():
        check_schema(session.connection())
    return LiveWorkers(rows[0][1], rows[0][2])
