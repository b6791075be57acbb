"""`/v1/audit`: who created, cancelled, deleted and uploaded what. It needs the scope admin."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from api.access.callers import must_administer
from api.access.views import AuditPage, AuditView
from api.dependencies import NO_NUL, ServiceDep
from models.store.access.audit import entries

router = APIRouter(prefix="/audit", tags=["audit"], dependencies=[Depends(must_administer)])


@router.get("")
def list_audit_entries(
    service: ServiceDep,
    subject: Annotated[str | None, Query(max_length=100, pattern=NO_NUL)] = None,
    cursor: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> AuditPage:
    """List changes, newest first; `cursor` is `next` of the previous page."""
    with service.database.reading() as session:
        found = entries(session, subject=subject, before=cursor, limit=limit + 1)
        items = [AuditView.model_validate(entry) for entry in found[:limit]]
    return AuditPage(items=items, next=str(items[-1].id) if len(found) > limit else None)
