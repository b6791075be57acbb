"""`/v1/studies`: planning, joining, following, reading, cancelling and deleting studies."""

import re
from typing import Annotated, Any

from fastapi import APIRouter, BackgroundTasks, Depends, Header, Query, Request, Response, status

from api.access.callers import CallerDep
from api.dependencies import SERIES_TURN, Service, ServiceDep, StudyId, id_pattern
from api.experiments.dry_runs import DRY_RUN_TURN, dry_run_view
from api.exports.arrow_streams import MEDIA_TYPES, FileFormat
from api.http.json_bodies import JsonBody
from api.http.problems import KeyReused
from api.http.views import Page
from api.openapi.responses import LOCATION, may_answer
from api.results.kept_results import KeptReading, kept_reply
from api.studies.cancelling import cancel_study
from api.studies.planning import plan_study
from api.studies.requests import STUDY_BODY, JoinedStudy, parse_study
from api.studies.results import study_results, study_views
from api.studies.submission import accept_study
from api.studies.table import study_file
from api.studies.views import StudyDryRun, StudyResults, StudyView
from models.broker import announce
from models.errors import Conflict, Invalid, Problem, TooMany
from models.store import clock
from models.store.experiments import runs_of
from models.store.studies import studies

router = APIRouter(prefix="/studies", tags=["studies"])
CURSOR = id_pattern("std")
Cursor = Annotated[str | None, Query(json_schema_extra={"pattern": CURSOR})]


def _experiments(service: ServiceDep, study_id: StudyId) -> tuple[str, ...]:
    with service.database.reading() as session:
        studies.study(session, study_id)
        places = studies.places_of(session, [study_id])[study_id]
    return tuple(place.experiment_id for place in places if place.experiment_id is not None)


Experiments = Annotated[tuple[str, ...], Depends(_experiments)]
"""The ids of a study's experiments that are still there."""


@router.post(
    "",
    status_code=status.HTTP_202_ACCEPTED,
    dependencies=[DRY_RUN_TURN],
    openapi_extra=STUDY_BODY,
    responses={
        200: {"model": StudyDryRun, "description": "With `dry_run`, which stores nothing."},
        202: {"headers": LOCATION},
        **may_answer(Invalid, KeyReused, Conflict, TooMany),
    },
    response_model=StudyView,
)
def create_study(
    request: Request,
    response: Response,
    background: BackgroundTasks,
    service: ServiceDep,
    caller: CallerDep,
    body: JsonBody,
    dry_run: bool = False,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=200)] = None,
) -> Any:
    """Create a study: one experiment on each data set, all of them or none.

    With `experiments` it joins some that exist, and says so from then on. An `Idempotency-Key`
    makes the call idempotent. `dry_run=true` checks everything and stores nothing.
    """
    if dry_run:
        return _dry_run(service, body)
    created, is_new = accept_study(service, body, idempotency_key, caller)
    response.headers["Location"] = str(request.app.url_path_for("get_study", study_id=created))
    with service.database.reading() as session:
        row = studies.study(session, created)
        (view,) = study_views(session, [row])
        queued = [run for one in view.experiments if one.id for run in runs_of(session, one.id)]
    if is_new and view.planned:
        background.add_task(announce, service.broker, queued)
    return view


def _dry_run(service: Service, body: Any) -> Response:
    wanted = parse_study(body)
    if isinstance(wanted, JoinedStudy):
        detail = "joining experiments that exist trains nothing; send it without"
        raise Invalid([Problem("/query/dry_run", detail)])
    each = [dry_run_view(service, planned) for planned in plan_study(service, wanted).plans]
    view = StudyDryRun(
        runs=sum(one.runs for one in each),
        runs_at_least=sum(one.runs_at_least for one in each),
        estimated_seconds=round(sum(one.estimated_seconds for one in each), 1),
        experiments=each,
    )
    return Response(view.model_dump_json(), media_type="application/json")


@router.get(
    "",
    response_model=Page[StudyView],
    responses=may_answer(TooMany),
    dependencies=[SERIES_TURN],
)
def list_studies(
    service: ServiceDep,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """List studies, newest first; `cursor` is `next` of the previous page."""
    if cursor is not None and not re.fullmatch(CURSOR, cursor):
        detail = "not a cursor; it is `next` of the page before, and the first page has none"
        raise Invalid([Problem("/query/cursor", detail)])
    with service.database.reading() as session:
        rows = studies.list_studies(session, after=cursor, limit=limit + 1)
        items = study_views(session, rows[:limit])
    page = Page[StudyView](items=items, next=items[-1].id if len(rows) > limit else None)
    return service.json_reply(page.model_dump_json())


@router.get("/{study_id}", responses=may_answer(TooMany), dependencies=[SERIES_TURN])
def get_study(service: ServiceDep, study_id: StudyId) -> StudyView:
    """Return a study, and how far each of its experiments is."""
    with service.database.reading() as session:
        (view,) = study_views(session, [studies.study(session, study_id)])
    return view


@router.get("/{study_id}/results", response_model=StudyResults, responses=may_answer(TooMany))
async def get_study_results(
    request: Request, service: ServiceDep, study_id: StudyId, experiments: Experiments
) -> Response:
    """Return what the data sets say together, also while experiments go on.

    Each data set's comparison, their mean with its interval, how much the difference varies between
    data sets, where one more experiment would come out, and the verdict.
    """

    def make(reading: KeptReading) -> bytes:
        return study_results(reading.session, study_id).model_dump_json().encode()

    body = await kept_reply(request, service, ("study", study_id, experiments), experiments, make)
    return body.reply("application/json")


@router.get(
    "/{study_id}/export",
    response_class=Response,
    responses={
        200: {
            "description": "The table as a file.",
            "content": {
                kind.partition(";")[0]: {"schema": {"type": "string"}}
                for kind in MEDIA_TYPES.values()
            },
        },
        **may_answer(TooMany),
    },
)
async def export_study(
    request: Request,
    service: ServiceDep,
    study_id: StudyId,
    experiments: Experiments,
    format: Annotated[FileFormat, Query()] = FileFormat.CSV,
) -> Response:
    """Export the results as a file: a row for each data set, and one for the mean over them."""

    def make(reading: KeptReading) -> bytes:
        return study_file(study_results(reading.session, study_id), format)

    key = ("study file", study_id, experiments, format)
    body = await kept_reply(request, service, key, experiments, make)
    name = f'attachment; filename="{study_id}.{format}"'
    return body.reply(MEDIA_TYPES[format], {"Content-Disposition": name})


@router.post("/{study_id}/cancel", responses=may_answer(TooMany), dependencies=[SERIES_TURN])
def cancel_experiments(service: ServiceDep, caller: CallerDep, study_id: StudyId) -> StudyView:
    """Request the cancellation of every experiment of a study that has not ended.

    The call is idempotent. An experiment that another key made is not this one's to cancel: while
    one that was joined goes on, the answer is 403, and nothing is cancelled.
    """
    cancel_study(service, study_id, caller)
    return get_study(service, study_id)


@router.delete("/{study_id}", status_code=status.HTTP_204_NO_CONTENT)
def delete_study(service: ServiceDep, caller: CallerDep, study_id: StudyId) -> None:
    """Delete a study; its experiments stay."""
    with service.database.transaction() as session:
        studies.delete_study(session, study_id)
        caller.record(session, "study_deleted", study_id, clock.now(session))
