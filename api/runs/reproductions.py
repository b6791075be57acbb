"""`/v1/runs/{id}/reproduce` and `/v1/reproductions`: training a run again, and comparing."""

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
from models.store.reproducing.reproductions import reproduce, reproduction, reproductions_of
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
    """Train the run again from its stored spec, to check whether every value is the same.

    While a reproduction of the run is under way, the call returns that one. 409 when the run has
    not succeeded.
    """
    with service.database.transaction() as session:
        now = clock.now(session)
        require_queue_room(session, caller, 1, service.settings.max_queued_runs)
        row, again = reproduce(session, run_id, now, caller.key_id)
        caller.record(session, "reproduced", run_id, now)
    if again.attempt == 0:
        announce(service.broker, [again])  # an extra message does no harm
    response.headers["Location"] = str(
        request.app.url_path_for("get_reproduction", reproduction_id=row.id)
    )
    with service.database.reading() as session:
        return reproduction_view(service, session, (row, again))


@router.get("/runs/{run_id}/reproductions")
def list_reproductions(service: ServiceDep, run_id: RunId) -> Page[ReproductionView]:
    """List the reproductions of the run, oldest first."""
    with service.database.reading() as session:
        find_run(session, run_id)
        pairs = reproductions_of(session, run_id)
        items = [reproduction_view(service, session, pair) for pair in pairs]
    return Page(items=items, next=None)


@router.get("/reproductions/{reproduction_id}")
def get_reproduction(service: ServiceDep, reproduction_id: ReproductionId) -> ReproductionView:
    """Return whether every value is the same, and if not, the first difference and its size."""
    with service.database.reading() as session:
        return reproduction_view(service, session, reproduction(session, reproduction_id))
