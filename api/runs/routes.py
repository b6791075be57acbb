"""`/v1/runs`: one training, its steps, evaluations and scores, and its cancellation."""

from typing import Annotated

import numpy as np
import orjson
from fastapi import APIRouter, Query, Response
from pydantic import AfterValidator, Field

from api.access.callers import CallerDep
from api.dependencies import SERIES_TURN, RunId, ServiceDep
from api.http.views import Page
from api.openapi.responses import may_answer
from api.runs.progress import one_run_view
from api.runs.scores import scores_of_run
from api.runs.views import EvaluationView, RunView, ScoresView, StepsView
from models.abandonment import while_wanted
from models.errors import Conflict, TooMany
from models.metrics import STEP_METRICS
from models.store import clock
from models.store.metrics.rows import Columns, evaluations_of, step_columns
from models.store.run_life.runs import request_cancel
from models.store.run_life.runs import run as find_run

router = APIRouter(prefix="/runs", tags=["runs"])


def _known(name: str) -> str:
    if name not in STEP_METRICS:
        raise ValueError(f"a step has no metric of this name; it has {', '.join(STEP_METRICS)}")
    return name


StepMetric = Annotated[
    str, AfterValidator(_known), Field(json_schema_extra={"enum": list(STEP_METRICS)})
]


def _json_of_columns(columns: Columns) -> bytes:
    """Return the object as JSON, null for NaN, one column after the other: while a text is made, no
    other thread runs, and the event loop is to wait for no more than a column of it."""
    texts = (
        orjson.dumps(name) + b":" + orjson.dumps(column, option=orjson.OPT_SERIALIZE_NUMPY)
        for name, column in columns.items()
    )
    return b"{" + b",".join(while_wanted(texts)) + b"}"


@router.get("/{run_id}")
def get_run(service: ServiceDep, run_id: RunId) -> RunView:
    """Return the state and the progress of the run."""
    with service.database.reading() as session:
        return one_run_view(service, session, find_run(session, run_id))


@router.get(
    "/{run_id}/steps",
    response_model=StepsView,
    responses=may_answer(TooMany),
    dependencies=[SERIES_TURN],
)
def get_steps(
    service: ServiceDep,
    run_id: RunId,
    after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    max_points: Annotated[int, Query(ge=2, le=100_000)] = 100_000,
    # more names than there are metrics can only be repetitions
    figures: Annotated[list[StepMetric] | None, Query(max_length=len(STEP_METRICS))] = None,
) -> Response:
    """Return the steps after `after` in columns: all columns, or only the named `figures`.

    `max_points` thins a longer series, but keeps its first, last and extreme values.
    """
    with service.database.reading() as session:
        find_run(session, run_id)
        columns = step_columns(
            session, run_id, after=after, max_points=max_points, metrics=figures or ()
        )
    return service.json_reply(_json_of_columns(columns))


@router.get(
    "/{run_id}/evaluations",
    response_model=Page[EvaluationView],
    responses=may_answer(TooMany),
    dependencies=[SERIES_TURN],
)
def list_evaluations(service: ServiceDep, run_id: RunId) -> Response:
    """List the evaluations so far, by step, then split."""
    with service.database.reading() as session:
        find_run(session, run_id)
        rows = evaluations_of(session, run_id)
    items = [EvaluationView.model_validate(row) for row in rows]
    page = Page[EvaluationView](items=items, next=None)
    return service.json_reply(page.model_dump_json())


@router.get(
    "/{run_id}/scores",
    response_model=ScoresView,
    responses=may_answer(Conflict, TooMany),
    dependencies=[SERIES_TURN],
)
def get_scores(service: ServiceDep, run_id: RunId) -> Response:
    """Return the similarity of each test pair; 409 until the run has succeeded."""
    columns = scores_of_run(service, run_id)
    # in double precision each similarity is written as exactly the number that it is
    found: Columns = {
        "row": columns.row,
        "label": columns.label,
        "score": columns.score.astype(np.float64),
    }
    return service.json_reply(_json_of_columns(found))


@router.post("/{run_id}/cancel")
def cancel_run(service: ServiceDep, caller: CallerDep, run_id: RunId) -> RunView:
    """Request the cancellation of the run; a queued run ends at once. The call is idempotent."""
    with service.database.transaction() as session:
        find_run(session, run_id)
        now = clock.now(session)
        request_cancel(session, run_id, now)
        caller.record(session, "cancelled", run_id, now)
    with service.database.reading() as session:
        return one_run_view(service, session, find_run(session, run_id))
