"""All SQL of studies: which experiments belong to one, in which order, and what became of them."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.errors import Conflict, NotFound
from models.store import clock
from models.store.ids import new_id
from models.store.tables import Experiment, Study, StudyMember


class Place(NamedTuple):
    """One data set of a study, with its experiment; None where that was deleted."""

    dataset: str
    experiment_id: str | None


def create_study(
    session: Session,
    *,
    name: str,
    planned: bool,
    members: Sequence[Experiment],
    datasets: Sequence[str],
    idempotency_key: str | None,
    request_hash: str,
    owner: str | None,
) -> Study:
    """Add a study of these experiments, in this order, with the names of their data sets.

    Raises `Conflict` when the idempotency key was used meanwhile, or an experiment was deleted.
    """
    row = Study(
        id=new_id("std"),
        name=name,
        created_at=clock.now(session),
        planned=planned,
        idempotency_key=idempotency_key,
        request_hash=request_hash,
        owner=owner,
    )
    _insert(session, row)
    for position, (experiment, dataset) in enumerate(zip(members, datasets, strict=True)):
        session.add(
            StudyMember(
                study_id=row.id, position=position, dataset=dataset, experiment_id=experiment.id
            )
        )
    try:
        session.flush()
    except IntegrityError:
        raise Conflict("one of these experiments has just been deleted") from None
    return row


def _insert(session: Session, row: Study) -> None:
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError:
        key = row.idempotency_key
        raise Conflict(f"the idempotency key '{key}' has just been used") from None


def study_of_key(session: Session, key: str) -> Study | None:
    """The study that was created under this idempotency key, if any."""
    return session.scalar(select(Study).where(Study.idempotency_key == key))


def study(session: Session, study_id: str) -> Study:
    """Raises `NotFound`."""
    row = session.get(Study, study_id)
    if row is None:
        raise NotFound(f"there is no study '{study_id}'")
    return row


def list_studies(session: Session, *, after: str | None = None, limit: int) -> list[Study]:
    """At most `limit` studies, newest first; `after` is the id of the last of the page before."""
    query = select(Study).order_by(Study.id.desc()).limit(limit)
    if after is not None:
        query = query.where(Study.id < after)
    return list(session.scalars(query))


def places_of(session: Session, ids: Collection[str]) -> dict[str, list[Place]]:
    """The data sets of each of these studies, in order."""
    found: dict[str, list[Place]] = {one: [] for one in ids}
    query = (
        select(StudyMember.study_id, StudyMember.dataset, StudyMember.experiment_id)
        .where(StudyMember.study_id.in_(ids))
        .order_by(StudyMember.study_id, StudyMember.position)
    )
    for study_id, dataset, experiment_id in session.execute(query):
        found[study_id].append(Place(dataset, experiment_id))
    return found


def studies_with(session: Session, experiment_ids: Collection[str]) -> dict[str, list[str]]:
    """The studies that each of these experiments belongs to, oldest first; only of those that
    belong to any."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    query = (
        select(StudyMember.experiment_id, StudyMember.study_id)
        .where(StudyMember.experiment_id.in_(experiment_ids))
        .order_by(StudyMember.study_id)
    )
    for experiment_id, study_id in session.execute(query):
        if experiment_id is not None:
            found[experiment_id].append(study_id)
    return dict(found)


def delete_study(session: Session, study_id: str) -> None:
    """Remove a study; its experiments stay. Raises `NotFound`."""
    study(session, study_id)
    session.execute(delete(Study).where(Study.id == study_id))
