"""`/v1/runs`: one training, its series column by column, its scores, and the wish to stop it."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from numpy.typing import NDArray
from pydantic import AfterValidator, Field, TypeAdapter
from safetensors.numpy import load_file

from api.access.callers import CallerDep
from api.dependencies import RunId, Service, ServiceDep
from api.http.views import Page
from api.openapi.responses import may_answer
from api.runs.progress import one_run_view
from api.runs.views import EvaluationView, RunView, ScoresView, StepsView
from models.errors import Conflict, NotFound
from models.files.run_files import SCORES
from models.metrics import STEP_METRICS
from models.states import RunState
from models.store import clock
from models.store.metrics.rows import Series, evaluations_of, steps_series
from models.store.run_life.runs import request_cancel
from models.store.run_life.runs import run as find_run

router = APIRouter(prefix="/runs", tags=["runs"])

_SERIES = TypeAdapter(Series)


def _known(name: str) -> str:
    if name not in STEP_METRICS:
        raise ValueError(f"a step has no metric of this name; it has {', '.join(STEP_METRICS)}")
    return name


StepMetric = Annotated[
    str, AfterValidator(_known), Field(json_schema_extra={"enum": list(STEP_METRICS)})
]


@router.get("/{run_id}")
def get_run(service: ServiceDep, run_id: RunId) -> RunView:
    """How the run stands."""
    with service.database.reading() as session:
        return one_run_view(service, session, find_run(session, run_id))


@router.get("/{run_id}/steps", response_model=StepsView)
def get_steps(
    service: ServiceDep,
    run_id: RunId,
    after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    max_points: Annotated[int | None, Query(ge=2, le=100_000)] = None,
    figures: Annotated[list[StepMetric] | None, Query()] = None,
) -> Response:
    """The steps above `after`, one list a column: all, or only the `figures` that are named.

    `max_points` thins the series without losing its first, last and extreme values.
    """
    with service.database.reading() as session:
        find_run(session, run_id)
        series = steps_series(
            session, run_id, after=after, max_points=max_points, metrics=figures or ()
        )
    # here, in this request's own thread: a long curve would hold up all others in the event loop
    return Response(_SERIES.dump_json(series), media_type="application/json")


@router.get("/{run_id}/evaluations")
def list_evaluations(service: ServiceDep, run_id: RunId) -> Page[EvaluationView]:
    """Every evaluation so far, by step, then split."""
    with service.database.reading() as session:
        find_run(session, run_id)
        rows = evaluations_of(session, run_id)
    return Page(items=[EvaluationView.model_validate(row) for row in rows], next=None)


@router.get("/{run_id}/scores", responses=may_answer(Conflict))
def get_scores(service: ServiceDep, run_id: RunId) -> ScoresView:
    """The similarity of each test pair after the last step; 409 until the run has succeeded."""
    columns = scores_of_run(service, run_id)
    return ScoresView(**{name: columns[name].tolist() for name in ("row", "label", "score")})


def scores_of_run(service: Service, run_id: str) -> Mapping[str, NDArray[Any]]:
    """`row`, `label` and `score` of each test pair: (P,). Raises `Conflict` until the run has
    succeeded, `NotFound` where the file is away."""
    with service.database.reading() as session:
        state = find_run(session, run_id).state
    if state != RunState.SUCCEEDED:
        raise Conflict(f"run {run_id} is {state}; scores are written when it succeeds")
    path = service.run_file(run_id, SCORES)
    if not path.exists():
        raise NotFound(f"the scores of run {run_id} are not in this service's data folder")
    columns: Mapping[str, NDArray[Any]] = load_file(path)
    return columns


@router.post("/{run_id}/cancel")
def cancel_run(service: ServiceDep, caller: CallerDep, run_id: RunId) -> RunView:
    """Wish the run to stop: a queued one ends at once; again, or after the end, is no error."""
    with service.database.transaction() as session:
        find_run(session, run_id)
        now = clock.now(session)
        request_cancel(session, run_id, now)
        caller.record(session, "cancelled", run_id, now)
    with service.database.reading() as session:
        return one_run_view(service, session, find_run(session, run_id))
