"""`/v1/audit`: who created, cancelled, deleted and uploaded what. For keys with the scope admin."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import ConfigDict

from api.access.callers import must_administer
from api.dependencies import NO_NUL, ServiceDep
from api.http.views import Page, View
from models.store.access.audit import entries

router = APIRouter(prefix="/audit", tags=["audit"], dependencies=[Depends(must_administer)])


class AuditView(View):
    """One change, and the key that made it."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    at: datetime
    key_id: str | None
    """Null: without a key, on the machine of the service."""
    key_name: str | None
    action: str
    """`created`, `cancelled`, `retried`, `deleted`, `uploaded`, `reproduced`, `key_created`,
    `key_revoked`."""
    subject: str
    """The id of an experiment, run or key, or the name of a data set."""


AuditPage = Page[AuditView]


@router.get("")
def list_audit_entries(
    service: ServiceDep,
    subject: Annotated[str | None, Query(max_length=100, pattern=NO_NUL)] = None,
    cursor: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> AuditPage:
    """Changes, newest first; `cursor` is `next` of the last piece."""
    with service.database.reading() as session:
        found = entries(session, subject=subject, before=cursor, limit=limit + 1)
        items = [AuditView.model_validate(entry) for entry in found[:limit]]
    return AuditPage(items=items, next=str(items[-1].id) if len(found) > limit else None)
