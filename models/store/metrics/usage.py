"""What the attempts of a run used over time: written with their metrics, read as columns.

As with all metrics, **the caller first calls `runs.advance` in the same transaction**. The number
of samples is bounded where they are taken (`worker.attempts.usage`), and that of attempts here.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from models.store.metrics.rows import Series
from models.store.tables import Base, UsageSample

MOST_ATTEMPTS = 10
"""The newest attempts of a run, whose samples are kept."""

_SAMPLES = Base.metadata.tables[UsageSample.__tablename__]


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What a process used on average, or at most, since the sample before."""

    seconds: float
    """When the sample was taken, since the sampling began."""
    processors: float
    """Processors in use, on average: 1 is one core all the time."""
    memory: int
    """Resident bytes, with what the process shares with others."""
    gpu: float | None
    """The share of the time in which its GPU computed, for it or for others; None without one."""
    gpu_memory: int | None
    """Bytes that it holds of the GPU's memory."""


COLUMNS = ("attempt", *(one.name for one in fields(Usage)))


def write_usage(
    session: Session, run_id: str, attempt: int, samples: Sequence[Usage], start: int
) -> None:
    """Write the samples of an attempt after its first `start`; others after those are removed."""
    own = _SAMPLES.c.run_id == run_id
    again = (own, _SAMPLES.c.attempt == attempt, _SAMPLES.c.number > start)
    session.execute(delete(_SAMPLES).where(*again))
    if not samples:
        return
    numbered = enumerate(samples, start + 1)
    session.execute(
        insert(_SAMPLES),
        [
            {"run_id": run_id, "attempt": attempt, "number": number, **asdict(one)}
            for number, one in numbered
        ],
    )
    if start == 0:
        old = _SAMPLES.c.attempt <= attempt - MOST_ATTEMPTS
        session.execute(delete(_SAMPLES).where(own, old))


def usage_series(session: Session, run_id: str) -> Series:
    """The samples of a run in columns, by attempt, then time."""
    query = (
        select(*(_SAMPLES.c[name] for name in COLUMNS))
        .where(_SAMPLES.c.run_id == run_id)
        .order_by(_SAMPLES.c.attempt, _SAMPLES.c.number)
    )
    rows = session.execute(query).all()
    return {name: [row[at] for row in rows] for at, name in enumerate(COLUMNS)}
