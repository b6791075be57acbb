"""What people call experiments and write beside them, on which no result depends."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from models.store import events
from models.store.tables import Experiment, ExperimentNotes, ExperimentTag

RENAMED = "renamed"
"""The kind of the event."""


def tags_of(session: Session, ids: Collection[str]) -> dict[str, list[str]]:
    """Return the tags of each of these experiments, in the order of letters; of all of them."""
    query = (
        select(ExperimentTag.experiment_id, ExperimentTag.tag)
        .where(ExperimentTag.experiment_id.in_(ids))
        .order_by(ExperimentTag.tag)
    )
    found: defaultdict[str, list[str]] = defaultdict(list)
    for experiment_id, tag in session.execute(query):
        found[experiment_id].append(tag)
    return {one: found[one] for one in ids}


def notes_of(session: Session, experiment_id: str) -> str:
    row = session.get(ExperimentNotes, experiment_id)
    return "" if row is None else row.notes


def set_tags(session: Session, experiment_id: str, tags: Sequence[str]) -> None:
    """Put these tags in the place of those there are."""
    _lock(session, experiment_id)
    session.execute(delete(ExperimentTag).where(ExperimentTag.experiment_id == experiment_id))
    session.add_all(ExperimentTag(experiment_id=experiment_id, tag=tag) for tag in tags)
    session.flush()


def set_notes(session: Session, experiment_id: str, notes: str) -> None:
    """Put this text in the place of what is there; an empty one leaves none."""
    _lock(session, experiment_id)
    session.execute(delete(ExperimentNotes).where(ExperimentNotes.experiment_id == experiment_id))
    if notes:
        session.add(ExperimentNotes(experiment_id=experiment_id, notes=notes))
    session.flush()


def rename(session: Session, experiment_id: str, name: str, now: datetime) -> None:
    """Give it another name, and note the one it had; nothing where it has this one already."""
    _lock(session, experiment_id)
    row = session.get_one(Experiment, experiment_id, populate_existing=True)
    if row.name == name:
        return
    message = f"from '{row.name}' to '{name}'"
    events.record(session, experiment_id=experiment_id, kind=RENAMED, message=message, now=now)
    row.name = name
    session.flush()


def _lock(session: Session, experiment_id: str) -> None:
    """Let nobody else replace its labels before this transaction has ended."""
    session.execute(select(Experiment.id).where(Experiment.id == experiment_id).with_for_update())
