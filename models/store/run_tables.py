"""The tables of what a run tells of itself while it trains: its log, and what it used."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.store.table_base import Base


class LogLine(Base):
    """One line of a run's log. Numbers begin at 1 and have no gaps, but for lines that were removed
    because there are too many."""

    __tablename__ = "log_lines"

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    attempt: Mapped[int]
    at: Mapped[datetime]
    level: Mapped[str] = mapped_column(String(8))  # a `LogLevel`
    step: Mapped[int]  # the last that the attempt had done
    message: Mapped[str] = mapped_column(Text)


class UsageSample(Base):
    """What the process of an attempt used since the sample before."""

    __tablename__ = "usage_samples"

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    attempt: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seconds: Mapped[float]  # since the attempt's process began to sample
    processors: Mapped[float]  # on average: 1 is one core all the time
    memory: Mapped[int] = mapped_column(BigInteger)  # resident bytes
    gpu: Mapped[float | None]  # share of the time in which its GPU computed; null without one
    gpu_memory: Mapped[int | None] = mapped_column(BigInteger)  # bytes
