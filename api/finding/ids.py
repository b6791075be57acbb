"""`/v1/ids`: the ids that begin with what a person has typed of one."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.dependencies import ServiceDep
from api.finding.views import IdsView, IdView
from api.openapi.responses import may_answer
from models.errors import Invalid
from models.store.finding.ids import beginning_with

router = APIRouter(prefix="/ids", tags=["experiments"])

Beginning = Annotated[
    str,
    Query(
        pattern="^(exp|run|std)_[0-9a-z]{0,26}$",
        description="Of the id of an experiment, a run or a study: `exp_01kax`.",
    ),
]


@router.get("", responses=may_answer(Invalid))
def list_ids(
    service: ServiceDep,
    beginning: Beginning,
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
) -> IdsView:
    """List the ids that begin with this, newest first; more than one where it is ambiguous."""
    with service.database.reading() as session:
        found = beginning_with(session, beginning, limit)
    return IdsView(items=[IdView(id=one.id, about=one.about) for one in found])
