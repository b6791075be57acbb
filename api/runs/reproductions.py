"""Training a run again: `/v1/runs/{id}/reproduce`, and `/v1/reproductions` to follow it."""

from fastapi import APIRouter, Request, Response, status

from api.access.callers import CallerDep
from api.access.quotas import require_queue_room
from api.dependencies import ReproductionId, RunId, ServiceDep
from api.http.views import Page
from api.openapi.responses import LOCATION, may_answer
from api.runs.reproduction_report import reproduction_view
from api.runs.views import ReproductionView
from models.broker import announce
from models.errors import Conflict, TooMany
from models.store import clock
from models.store.reproductions import reproduce, reproduction, reproductions_of
from models.store.run_life.runs import run as find_run

router = APIRouter(tags=["runs"])


@router.post(
    "/runs/{run_id}/reproduce",
    status_code=status.HTTP_202_ACCEPTED,
    responses={202: {"headers": LOCATION}, **may_answer(Conflict, TooMany)},
)
def reproduce_run(
    request: Request, response: Response, service: ServiceDep, caller: CallerDep, run_id: RunId
) -> ReproductionView:
    """Train the run again from its stored spec, to see whether every figure is the same.

    While one is under way, asking again gives that one. 409 when the run has not succeeded.
    """
    with service.database.transaction() as session:
        now = clock.now(session)
        require_queue_room(session, caller, 1, service.settings.max_queued_runs)
        row, again = reproduce(session, run_id, now, caller.key_id)
        caller.record(session, "reproduced", run_id, now)
    if again.attempt == 0:
        announce(service.broker, [again])  # a message too many does no harm
    response.headers["Location"] = str(
        request.app.url_path_for("get_reproduction", reproduction_id=row.id)
    )
    with service.database.reading() as session:
        return reproduction_view(service, session, (row, again))


@router.get("/runs/{run_id}/reproductions")
def list_reproductions(service: ServiceDep, run_id: RunId) -> Page[ReproductionView]:
    """Every reproduction of the run, oldest first."""
    with service.database.reading() as session:
        find_run(session, run_id)
        found = reproductions_of(session, run_id)
        items = [reproduction_view(service, session, pair) for pair in found]
    return Page(items=items, next=None)


@router.get("/reproductions/{reproduction_id}")
def get_reproduction(service: ServiceDep, reproduction_id: ReproductionId) -> ReproductionView:
    """Whether every figure came out the same, and if not, which came first and by how much."""
    with service.database.reading() as session:
        return reproduction_view(service, session, reproduction(session, reproduction_id))
