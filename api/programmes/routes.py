"""`/v1/programmes`: the programmes there are, and the questions of one."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.dependencies import SERIES_TURN, ProgrammeName, ServiceDep
from api.http.views import Page
from api.openapi.responses import may_answer
from api.programmes.views import ProgrammeDocument, ProgrammeSummary, QuestionView
from models.errors import Invalid, NotFound, TooMany
from models.specs.decision import PROGRAMME_NAME
from models.store.programmes.listing import list_programmes as listed
from models.store.programmes.listing import names_of
from models.store.programmes.programmes import programme, standing

router = APIRouter(prefix="/programmes", tags=["experiments"])

Cursor = Annotated[str | None, Query(pattern=PROGRAMME_NAME)]


@router.get("", responses=may_answer(Invalid))
def list_programmes(
    service: ServiceDep,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Page[ProgrammeSummary]:
    """List the programmes by name; a spec with a new name begins one.

    `cursor` is `next` of the previous page.
    """
    with service.database.reading() as session:
        found = listed(session, after=cursor, limit=limit + 1)
    items = [
        ProgrammeSummary(
            name=one.programme.name,
            confidence=one.programme.confidence,
            created_at=one.programme.created_at,
            questions=one.questions,
            last_level=one.last_level,
            owner=one.programme.owner,
        )
        for one in found[:limit]
    ]
    return Page[ProgrammeSummary](items=items, next=items[-1].name if found[limit:] else None)


@router.get("/{programme_name}", dependencies=[SERIES_TURN], responses=may_answer(TooMany))
def get_programme(service: ServiceDep, programme_name: ProgrammeName) -> ProgrammeDocument:
    """Return a programme with its questions, the level of each, and what it has found by now."""
    with service.database.reading() as session:
        row = programme(session, programme_name)
        if row is None:
            raise NotFound(f"there is no programme '{programme_name}'")
        now = standing(session, row)
        ids = [one.experiment_id for one in now.questions if one.experiment_id is not None]
        names = names_of(session, ids)
        questions = [
            QuestionView(
                number=one.number,
                level=one.level,
                experiment=one.experiment_id,
                name=names.get(one.experiment_id or ""),
                outcome=outcome,
            )
            for one, outcome in zip(now.questions, now.outcomes, strict=True)
        ]
    return ProgrammeDocument(
        name=row.name,
        confidence=row.confidence,
        created_at=row.created_at,
        owner=row.owner,
        questions=questions,
        next_level=now.next_level,
    )
