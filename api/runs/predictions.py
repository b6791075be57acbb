"""Asking a run's network: `/v1/runs/{id}/predict`, answered by a worker, never in this process.

The request is a row; the reply waits on the event loop until a worker has answered into it, and
where that takes too long the client is told where to look for it.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response, status
from starlette.concurrency import run_in_threadpool

from api.access.callers import Caller, CallerDep
from api.access.quotas import require_prediction_room
from api.dependencies import PredictionId, RunId, Service, ServiceDep
from api.http.json_bodies import JsonBody
from api.http.views import View
from api.live.change_watch import Snapshot
from api.live.long_polling import LONGEST_WAIT, wait_for_change
from api.openapi.responses import LOCATION, may_answer
from api.runs.prediction_bodies import PREDICT_BODY, TextPair, parse_pairs
from models.errors import Conflict, TooMany
from models.store import clock
from models.store.predictions import create_prediction, prediction
from models.store.tables import Prediction

router = APIRouter(tags=["runs"])

Wait = Annotated[float, Query(ge=0, le=LONGEST_WAIT)]


class PredictionState(StrEnum):
    QUEUED = "queued"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class PairView(View):
    """One pair's answer."""

    question1: str
    question2: str
    similarity: float
    """Cosine of the two vectors, from -1 to 1."""
    duplicate: bool
    """Whether the similarity is above the run's threshold."""


class PredictionView(View):
    """What a run says of pairs of questions; kept for an hour."""

    id: str
    run: str
    state: PredictionState
    reason: str | None
    """Why there is no answer, when it failed."""
    created_at: datetime
    threshold: float | None
    predictions: list[PairView] | None
    """In the order asked; null until there is an answer."""

    @classmethod
    def of(cls, row: Prediction) -> "PredictionView":
        state = PredictionState.QUEUED
        if row.answered_at is not None:
            state = PredictionState.FAILED if row.reason else PredictionState.SUCCEEDED
        return cls(
            id=row.id,
            run=row.run_id,
            state=state,
            reason=row.reason,
            created_at=row.created_at,
            threshold=row.threshold,
            predictions=_pairs(row),
        )


def _pairs(row: Prediction) -> list[PairView] | None:
    if row.similarities is None or row.threshold is None:
        return None
    return [
        PairView(
            question1=first,
            question2=second,
            similarity=similarity,
            duplicate=similarity > row.threshold,
        )
        for (first, second), similarity in zip(row.pairs, row.similarities, strict=True)
    ]


@router.post(
    "/runs/{run_id}/predict",
    openapi_extra=PREDICT_BODY,
    response_model=PredictionView,
    responses={
        200: {"headers": LOCATION},
        202: {
            "model": PredictionView,
            "description": "Not answered yet; see Location.",
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
    """How similar are these questions to the run's network, and does it call them duplicates?

    A worker answers. When none does within `wait` seconds the reply is 202, and `Location` says
    where the answer will be. The first question takes seconds, the next milliseconds.
    """
    pairs = parse_pairs(body)
    asked = await run_in_threadpool(_ask, service, caller, run_id, pairs)
    view = await _answered(request, service, asked, wait)
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
    """The answer, or that there is none yet; `wait` holds the reply until there is."""
    return await _answered(request, service, prediction_id, wait)


def _ask(service: Service, caller: Caller, run_id: str, pairs: list[TextPair]) -> str:
    with service.database.transaction() as session:
        require_prediction_room(session, caller, service.settings.max_waiting_predictions)
        return create_prediction(session, run_id, pairs, clock.now(session), caller.key_id).id


def _read(service: Service, prediction_id: str) -> PredictionView:
    with service.database.reading() as session:
        return PredictionView.of(prediction(session, prediction_id))


async def _answered(
    request: Request, service: Service, prediction_id: str, wait: float
) -> PredictionView:
    """Return the view once it has an answer, or after `wait` seconds; no thread waits meanwhile."""

    def read() -> Snapshot[PredictionView]:
        view = _read(service, prediction_id)
        return Snapshot(view.state, view)

    snapshot = await wait_for_change(
        request,
        service.changes,
        service.stopping,
        prediction_id,
        read,
        until=lambda snapshot: snapshot.value.state != PredictionState.QUEUED,
        wait=wait,
    )
    return snapshot.value
