"""Accepting a study: all of its experiments are stored in one transaction, or none of them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from api.access.callers import Caller
from api.access.quotas import require_queue_room
from api.dependencies import Service
from api.experiments import submission
from api.http.problems import KeyReused
from api.studies.joining import joined
from api.studies.planning import StudyPlan, plan_study
from api.studies.requests import JoinedStudy, parse_study
from models.errors import Conflict, Invalid, Problem
from models.store import clock
from models.store.studies.studies import create_study, study_of_key
from models.store.tables import Experiment, Study


def accept_study(
    service: Service, document: Any, key: str | None, caller: Caller
) -> tuple[str, bool]:
    """Store the study of a body; return its id, and whether it is new.

    An idempotency `key` works as it does for an experiment, among studies. Raises `Invalid`,
    `KeyReused`, and `TooMany` when all its runs together would exceed the caller's quota.
    """
    key = submission.own_key(caller, key)
    digest = submission.digest_of(document)
    earlier = _earlier(service, key, digest)
    if earlier is not None:
        return earlier, False
    wanted = parse_study(document)
    planned = None if isinstance(wanted, JoinedStudy) else plan_study(service, wanted)
    try:
        with service.database.transaction() as session:
            earlier = _earlier_in(session, key, digest)
            if earlier is not None:
                return earlier, False
            if planned is not None:
                members = _plan(service, session, planned, digest, caller)
            else:
                assert isinstance(wanted, JoinedStudy)
                members = joined(session, wanted.experiments)
            made = _create(session, wanted.name, planned is not None, members, key, digest, caller)
            caller.record(session, "study_created", made.id, clock.now(session))
            return made.id, True
    except Conflict:
        # another request may have stored the same key between our read and our insert
        earlier = _earlier(service, key, digest)
        if earlier is None:
            raise
        return earlier, False


def _plan(
    service: Service, session: Session, planned: StudyPlan, digest: str, caller: Caller
) -> list[Experiment]:
    wanted, most = planned.runs_at_start, service.settings.max_queued_runs
    if wanted > most:
        detail = (
            f"{wanted:,} runs on {len(planned.plans)} data sets are more than the {most:,} that "
            "one caller may have queued here; take fewer data sets or seeds"
        )
        raise Invalid([Problem("/over", detail)])
    require_queue_room(session, caller, wanted, most)
    members = []
    for one in planned.plans:
        row = submission.insert(session, one, None, digest, caller)
        caller.record(session, "created", row.id, clock.now(session))
        members.append(row)
    return members


def _create(
    session: Session,
    name: str,
    planned: bool,
    members: Sequence[Experiment],
    key: str | None,
    digest: str,
    caller: Caller,
) -> Study:
    return create_study(
        session,
        name=name,
        planned=planned,
        members=members,
        datasets=[row.spec["dataset"] for row in members],
        idempotency_key=key,
        request_hash=digest,
        owner=caller.key_id,
    )


def _earlier(service: Service, key: str | None, digest: str) -> str | None:
    if key is None:
        return None
    with service.database.reading() as session:
        return _earlier_in(session, key, digest)


def _earlier_in(session: Session, key: str | None, digest: str) -> str | None:
    row = study_of_key(session, key) if key is not None else None
    if row is None:
        return None
    if row.request_hash != digest:
        raise KeyReused(
            f"this Idempotency-Key belongs to {row.id}, which was created with another body; send "
            "a new key"
        )
    return row.id
