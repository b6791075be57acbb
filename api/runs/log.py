"""`/v1/runs/{id}/log` and `/usage`: what a run tells of itself while it trains, and afterwards."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.dependencies import RunId, ServiceDep
from api.runs.views import LogLineView, LogView, UsageView
from models.store.metrics.usage import usage_series
from models.store.run_life.log_lines import MOST_LINES, lines_after
from models.store.run_life.runs import run as find_run

router = APIRouter(prefix="/runs", tags=["runs"])


@router.get("/{run_id}/log")
def get_log(
    service: ServiceDep,
    run_id: RunId,
    after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_LINES)] = MOST_LINES,
) -> LogView:
    """Return the lines of the run's log after the number `after`, oldest first."""
    with service.database.reading() as session:
        find_run(session, run_id)
        rows = lines_after(session, run_id, after, limit + 1)
        items = [LogLineView.model_validate(row) for row in rows[:limit]]
    return LogView(items=items, next=items[-1].number if len(rows) > limit else None)


@router.get("/{run_id}/usage")
def get_usage(service: ServiceDep, run_id: RunId) -> UsageView:
    """Return what the run's processes used over time: processors, memory, and the GPU."""
    with service.database.reading() as session:
        find_run(session, run_id)
        return UsageView(**usage_series(session, run_id))
