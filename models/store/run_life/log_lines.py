"""The log of a run: what its attempts did and how they ended, a line each, kept with the run.

**A line is written once, by whoever holds the run.** An attempt numbers its own lines from the last
that it found, and writes them after `runs.advance` in the same transaction; what ends the attempt
adds the next number in the transaction of that change. So a write that is made again, after a
connection broke during COMMIT, replaces its own lines, and a stale attempt adds none.

A run keeps its first and its newest lines: the log of the longest has no more than `MOST_LINES`.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, delete, func, insert, literal, select
from sqlalchemy.orm import Session

from models.store.tables import Base, LogLine, Run

MOST_LINES = 1000
FIRST_KEPT = 200  # of these: how the run began
LONGEST = 2000  # characters of a line

_LINES = Base.metadata.tables[LogLine.__tablename__]


class LogLevel(StrEnum):
    """How much a line matters."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, kw_only=True)
class NumberedLine:
    """A line of the log, as it is stored."""

    number: int
    attempt: int
    at: datetime
    level: LogLevel
    step: int
    message: str


def last_number(session: Session, run_id: str) -> int:
    """The number of the run's newest line; 0 without one."""
    newest = select(func.max(_LINES.c.number)).where(_LINES.c.run_id == run_id)
    return session.scalar(newest) or 0


def write_lines(session: Session, run_id: str, lines: Sequence[NumberedLine]) -> None:
    """Write lines with ascending numbers; what stood there for these numbers is replaced."""
    if not lines:
        return
    first, last = lines[0].number, lines[-1].number
    own = _LINES.c.run_id == run_id
    session.execute(delete(_LINES).where(own, _LINES.c.number.between(first, last)))
    rows = [{"run_id": run_id, **asdict(one), "message": _storable(one.message)} for one in lines]
    session.execute(insert(_LINES), rows)
    oldest_of_the_newest = last - (MOST_LINES - FIRST_KEPT) + 1
    if oldest_of_the_newest > FIRST_KEPT + 1:
        between = _LINES.c.number.between(FIRST_KEPT + 1, oldest_of_the_newest - 1)
        session.execute(delete(_LINES).where(own, between))


def add_line(
    session: Session,
    run_id: str,
    message: str,
    *,
    attempt: int,
    step: int,
    now: datetime,
    level: LogLevel = LogLevel.INFO,
) -> None:
    """Add one line after the newest. The caller holds the lock of the experiment's row."""
    number = last_number(session, run_id) + 1
    line = NumberedLine(
        number=number, attempt=attempt, at=now, level=level, step=step, message=message
    )
    write_lines(session, run_id, [line])


def add_line_to_begun(
    session: Session,
    experiment_id: str,
    which: Sequence[ColumnElement[bool]],
    message: str,
    now: datetime,
) -> None:
    """As `add_line` for those runs of the experiment that `which` holds for and that have been
    begun, in one statement for any number of them."""
    newest = select(func.max(_LINES.c.number)).where(_LINES.c.run_id == Run.id).scalar_subquery()
    lines = select(
        Run.id,
        func.coalesce(newest, 0) + 1,
        Run.attempt,
        literal(now, _LINES.c.at.type),
        literal(LogLevel.INFO.value),
        Run.step,
        literal(message),
    ).where(Run.experiment_id == experiment_id, Run.attempt > 0, *which)
    columns = ("run_id", "number", "attempt", "at", "level", "step", "message")
    session.execute(insert(_LINES).from_select(columns, lines))


def lines_after(session: Session, run_id: str, after: int, limit: int) -> list[LogLine]:
    """At most `limit` lines of a run with a number above `after`, oldest first."""
    query = (
        select(LogLine)
        .where(LogLine.run_id == run_id, LogLine.number > after)
        .order_by(LogLine.number)
        .limit(limit)
    )
    return list(session.scalars(query))


def _storable(message: str) -> str:
    """The message on one line, cut to `LONGEST`, without what a database cannot store."""
    whole = " ".join(message.replace("\0", " ").split())
    text = whole.encode(errors="replace").decode()
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
