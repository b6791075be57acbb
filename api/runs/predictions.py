"""`/v1/runs/{id}/predict`: predictions by a run's network, which a worker computes.

The request is stored as a row. The reply waits on the event loop until a worker has written its
answer into the row; where that takes too long, the client gets the address of the answer.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response, status
from starlette.concurrency import run_in_threadpool

from api.access.callers import Caller, CallerDep
from api.access.quotas import require_prediction_room
from api.dependencies import PredictionId, RunId, Service, ServiceDep
from api.http.json_bodies import JsonBody
from api.live.change_watch import Snapshot
from api.live.long_polling import LONGEST_WAIT, wait_for_change
from api.openapi.responses import LOCATION, may_answer
from api.runs.requests import PREDICTION_BODY, parse_pairs
from api.runs.views import PredictionState, PredictionView
from models.errors import Conflict, TooMany
from models.store import clock
from models.store.predictions import create_prediction, is_answered, prediction

router = APIRouter(tags=["runs"])

Wait = Annotated[float, Query(ge=0, le=LONGEST_WAIT)]


@router.post(
    "/runs/{run_id}/predict",
    openapi_extra=PREDICTION_BODY,
    response_model=PredictionView,
    responses={
        200: {"headers": LOCATION},
        202: {
            "model": PredictionView,
            "description": "There is no answer yet; `Location` is where it will be.",
            "headers": LOCATION,
        },
        **may_answer(Conflict, TooMany),
    },
)
async def predict_similarities(
    request: Request,
    response: Response,
    service: ServiceDep,
    caller: CallerDep,
    run_id: RunId,
    body: JsonBody,
    wait: Wait = 20,
) -> PredictionView:
    """Predict how similar pairs of questions are, and whether they are duplicates.

    A worker computes the answer. When there is none within `wait` seconds, the reply is 202, and
    `Location` is where the answer will be. The first request to a run takes seconds, later ones
    milliseconds.
    """
    created = await run_in_threadpool(_create, service, caller, run_id, body)
    view = await _answered(request, service, created, wait)
    response.headers["Location"] = str(
        request.app.url_path_for("get_prediction", prediction_id=view.id)
    )
    if view.state == PredictionState.QUEUED:
        response.status_code = status.HTTP_202_ACCEPTED
    return view


@router.get("/predictions/{prediction_id}")
async def get_prediction(
    request: Request, service: ServiceDep, prediction_id: PredictionId, wait: Wait = 0
) -> PredictionView:
    """Return the prediction; `wait` holds the reply until it has an answer."""
    return await _answered(request, service, prediction_id, wait)


def _create(service: Service, caller: Caller, run_id: str, body: Any) -> str:
    pairs = parse_pairs(body)
    with service.database.transaction() as session:
        require_prediction_room(session, caller, service.settings)
        return create_prediction(session, run_id, pairs, clock.now(session), caller.key_id).id


def _read(service: Service, prediction_id: str) -> PredictionView:
    with service.database.reading() as session:
        return PredictionView.of(prediction(session, prediction_id))


async def _answered(
    request: Request, service: Service, prediction_id: str, wait: float
) -> PredictionView:
    """Return the view once it has an answer, or after `wait` seconds; no thread waits meanwhile."""

    def read() -> Snapshot[bool]:
        with service.database.reading() as session:
            answered = is_answered(session, prediction_id)
        return Snapshot(answered, answered)

    await wait_for_change(
        request,
        service.changes,
        service.stopping,
        prediction_id,
        read,
        until=lambda snapshot: snapshot.value,
        wait=wait,
    )
    return await run_in_threadpool(_read, service, prediction_id)
