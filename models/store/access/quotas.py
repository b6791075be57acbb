"""How much an owner uses of the service; owners are API keys, or None for callers without one."""

from sqlalchemy import Text, cast, func, select, text
from sqlalchemy.orm import Session

from models.states import RunState
from models.store.tables import Dataset, Experiment, Prediction, PretrainedModel, Run, TokenVectors


def take_turn(session: Session, owner: str | None) -> None:
    """Lock this owner's quota until this transaction ends, so that no other transaction counts it
    meanwhile: two simultaneous requests must not both find the last free place."""
    connection = session.connection()  # begins the transaction if need be
    # SQLite: every transaction of this service that may write takes the write lock at its BEGIN
    if connection.dialect.name == "postgresql":
        lock = text("SELECT pg_advisory_xact_lock(hashtext(:owner))")
        connection.execute(lock, {"owner": f"tripletlab quota {owner or ''}"})


def queued_runs(session: Session, owner: str | None) -> int:
    """Runs of this owner's experiments that wait for a worker."""
    # Not a join: before its first ANALYZE of a growing queue, PostgreSQL scans the whole queue once
    # for each experiment. Here it looks up each run among the owner's experiments.
    own = select(Experiment.id).where(Experiment.owner == owner)
    query = select(func.count().filter(Run.experiment_id.in_(own)))
    return session.scalar(query.where(Run.state == RunState.QUEUED)) or 0


def waiting_predictions(session: Session, owner: str | None) -> tuple[int, int]:
    """Prediction requests of this owner that no worker has answered yet, and the bytes of their
    texts, as JSON."""
    waiting = (Prediction.answered_at.is_(None), Prediction.owner == owner)
    size = func.coalesce(func.sum(func.length(cast(Prediction.pairs, Text))), 0)
    count, written = session.execute(select(func.count(), size).where(*waiting)).one()
    return count, written


def contents_of(session: Session, owner: str | None) -> set[str]:
    """Content hashes of this owner's data sets; two names for the same rows count once."""
    query = select(Dataset.content_hash).where(Dataset.owner == owner)
    return set(session.scalars(query))


def sizes_of_files(session: Session, owner: str | None) -> dict[str, int]:
    """Bytes of this owner's pretrained models and token vectors, by content hash."""
    return {
        digest: size
        for table in (PretrainedModel, TokenVectors)
        for digest, size in session.execute(
            select(table.content_hash, table.size).where(table.owner == owner)
        )
    }
