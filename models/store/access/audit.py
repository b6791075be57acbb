"""The audit log: who changed what.

An entry is written in the transaction of its change, so that neither exists without the other.
Unlike an event it stays when its subject is deleted.
"""

from datetime import datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.store.tables import AuditEntry

Action = Literal[
    "created",
    "cancelled",
    "retried",
    "deleted",
    "labelled",
    "seeds_added",
    "uploaded",
    "reproduced",
    "study_created",
    "study_cancelled",
    "study_deleted",
    "key_created",
    "key_revoked",
    "webhook_created",
    "webhook_deleted",
]


def record(
    session: Session,
    action: Action,
    subject: str,
    *,
    key_id: str | None,
    key_name: str | None,
    now: datetime,
) -> None:
    """Add an entry; `subject` is an id or a data set's name."""
    session.add(
        AuditEntry(at=now, key_id=key_id, key_name=key_name, action=action, subject=subject)
    )


def entries(
    session: Session, *, subject: str | None = None, before: int | None = None, limit: int
) -> list[AuditEntry]:
    """At most `limit` entries, newest first; where they are given, only those of `subject` and with
    an id below `before`."""
    query = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit)
    if subject is not None:
        query = query.where(AuditEntry.subject == subject)
    if before is not None:
        query = query.where(AuditEntry.id < before)
    return list(session.scalars(query))
