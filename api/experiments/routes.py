"""`/v1/experiments`: creating, listing, following, cancelling and deleting experiments."""

import re
from typing import Annotated, Any

from fastapi import APIRouter, BackgroundTasks, Header, Query, Request, Response, status

from api.access.callers import CallerDep
from api.dependencies import NO_NUL, ExperimentId, ServiceDep, id_pattern
from api.experiments.cancelling import cancel
from api.experiments.changed_view import changed_view
from api.experiments.dry_runs import DRY_RUN_TURN, dry_run_view, spec_warnings
from api.experiments.planning import plan
from api.experiments.progress import experiment_view
from api.experiments.submission import accept
from api.experiments.summaries import WantedVerdict, page_of
from api.experiments.views import DryRun, ExperimentSummary, ExperimentView
from api.http.etags import matches
from api.http.json_bodies import JsonBody
from api.http.problems import KeyReused
from api.http.views import Page
from api.live.long_polling import LONGEST_WAIT
from api.openapi.requests import SPEC_BODY
from api.openapi.responses import ETAG, LOCATION, may_answer
from models.broker import announce
from models.errors import Conflict, Invalid, Problem, TooMany
from models.files.file_store import remove_if_possible
from models.specs.parse import stored_spec
from models.states import RunState
from models.store import clock, experiments
from models.store.datasets import dataset_by_name

router = APIRouter(prefix="/experiments", tags=["experiments"])
Text = Annotated[str | None, Query(max_length=200, pattern=NO_NUL)]
CURSOR = id_pattern("exp")
Cursor = Annotated[str | None, Query(json_schema_extra={"pattern": CURSOR})]


@router.post(
    "",
    status_code=status.HTTP_202_ACCEPTED,
    dependencies=[DRY_RUN_TURN],
    openapi_extra=SPEC_BODY,
    responses={
        200: {"model": DryRun, "description": "With `dry_run`, which stores nothing."},
        202: {"headers": LOCATION},
        **may_answer(Invalid, KeyReused, Conflict, TooMany),
    },
    response_model=ExperimentView,
)
def create_experiment(
    request: Request,
    response: Response,
    background: BackgroundTasks,
    service: ServiceDep,
    caller: CallerDep,
    body: JsonBody,
    dry_run: bool = False,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=200)] = None,
) -> Any:
    """Create an experiment. It is stored and queued when this returns.

    An `Idempotency-Key` makes the call idempotent: the same key and body give the same experiment.
    `dry_run=true` checks everything and stores nothing.
    """
    if dry_run:
        found = dry_run_view(service, plan(service, body))
        return Response(found.model_dump_json(), media_type="application/json")
    created, is_new = accept(service, body, idempotency_key, caller)
    response.headers["Location"] = str(
        request.app.url_path_for("get_experiment", experiment_id=created)
    )
    with service.database.reading() as session:
        view = experiment_view(service, session, created)
        dataset = dataset_by_name(session, view.dataset)
    if is_new:
        background.add_task(announce, service.broker, view.runs)
    warnings = spec_warnings(stored_spec(view.spec, created), dataset)
    return view.model_copy(update={"warnings": warnings})


@router.get("", response_model=Page[ExperimentSummary], responses=may_answer(TooMany))
async def list_experiments(
    request: Request,
    service: ServiceDep,
    state: RunState | None = None,
    dataset: Text = None,
    name: Text = None,
    arm: Text = None,
    tag: Text = None,
    verdict: WantedVerdict | None = None,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """List experiments, newest first.

    `name` matches a part of the name, `arm` and `tag` are whole names; `verdict` leaves those of
    which some arm has that verdict. `cursor` is `next` of the previous page.
    """
    if cursor is not None and not re.fullmatch(CURSOR, cursor):
        detail = "not a cursor; it is `next` of the page before, and the first page has none"
        raise Invalid([Problem("/query/cursor", detail)])

    def read() -> bytes:
        with service.database.reading() as session:
            items, last = page_of(
                session,
                verdict=verdict,
                after=cursor,
                limit=limit,
                state=state,
                dataset=dataset,
                name_contains=name,
                arm=arm,
                tag=tag,
            )
        return Page[ExperimentSummary](items=items, next=last).model_dump_json().encode()

    key = ("experiments", state, dataset, name, arm, tag, verdict, cursor, limit)
    return service.json_reply(await service.series.once(request, key, read))


@router.get(
    "/{experiment_id}",
    response_model=ExperimentView,
    responses={
        200: {"headers": ETAG},
        304: {"description": "Nothing has changed since the tag in `If-None-Match`."},
        **may_answer(TooMany),
    },
)
async def get_experiment(
    request: Request,
    service: ServiceDep,
    experiment_id: ExperimentId,
    wait: Annotated[float, Query(ge=0, le=LONGEST_WAIT)] = 0,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Return the state and the progress of an experiment, with its runs.

    `wait` holds the reply until something changes, for at most that many seconds. With the `ETag`
    of the last reply in `If-None-Match`, no change between two calls is missed, and 304 says that
    there was none.
    """
    body, tag = await changed_view(request, service, experiment_id, if_none_match, wait)
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if matches(if_none_match, tag):
        return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers=headers)
    return Response(body, headers=headers, media_type="application/json")


@router.post("/{experiment_id}/cancel")
def cancel_experiment(
    service: ServiceDep, caller: CallerDep, experiment_id: ExperimentId
) -> ExperimentView:
    """Request the cancellation of every run that has not ended; queued runs end at once.

    The call is idempotent.
    """
    with service.database.transaction() as session:
        cancel(session, experiment_id, caller)
    with service.database.reading() as session:
        return experiment_view(service, session, experiment_id)


@router.delete(
    "/{experiment_id}", status_code=status.HTTP_204_NO_CONTENT, responses=may_answer(Conflict)
)
def delete_experiment(service: ServiceDep, caller: CallerDep, experiment_id: ExperimentId) -> None:
    """Delete an experiment, its metrics and its files.

    409 while a run is queued or running and its cancellation was not requested.
    """
    with service.database.transaction() as session:
        experiments.experiment(session, experiment_id)
        owners = (experiment_id, *experiments.experiments_again(session, experiment_id))
        runs = [run.id for owner in owners for run in experiments.runs_of(session, owner)]
        experiments.delete_experiment(session, experiment_id)
        caller.record(session, "deleted", experiment_id, clock.now(session))
    remove_if_possible(service.files, *(service.settings.run_dir(run) for run in runs))
