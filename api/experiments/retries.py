"""`…/retry` of a run or of an experiment: queueing failed and cancelled runs again."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, status

from api.access.callers import CallerDep
from api.access.quotas import require_queue_room
from api.dependencies import ExperimentId, RunId, ServiceDep
from api.experiments.progress import experiment_view
from api.experiments.views import ExperimentView
from api.openapi.responses import may_answer
from api.runs.progress import one_run_view
from api.runs.views import RunView
from models.broker import announce
from models.errors import Conflict, TooMany
from models.states import RETRIABLE
from models.store import clock
from models.store.experiments import experiment as find_experiment
from models.store.retries import retriable, retry, retry_all
from models.store.run_life.runs import run as find_run

router = APIRouter(tags=["runs"])

Origin = Annotated[
    Literal["checkpoint", "start"],
    Query(
        alias="from",
        description="`checkpoint`: resume from the last good checkpoint, if there is one.",
    ),
]


@router.post(
    "/runs/{run_id}/retry",
    status_code=status.HTTP_202_ACCEPTED,
    responses=may_answer(Conflict, TooMany),
)
def retry_run(
    service: ServiceDep, caller: CallerDep, run_id: RunId, origin: Origin = "checkpoint"
) -> RunView:
    """Queue a failed or cancelled run again, with new attempts and a new `time_limit`.

    A run that is queued or running is left as it is, so the call is idempotent.
    """
    with service.database.transaction() as session:
        run, now = find_run(session, run_id), clock.now(session)
        if run.state in RETRIABLE:
            require_queue_room(session, caller, 1, service.settings.max_queued_runs)
        queued = retry(session, run_id, now, anew=origin == "start")
        caller.record(session, "retried", run_id, now)
    if queued:
        announce(service.broker, [run])
    with service.database.reading() as session:
        return one_run_view(service, session, find_run(session, run_id))


@router.post(
    "/experiments/{experiment_id}/retry",
    status_code=status.HTTP_202_ACCEPTED,
    tags=["experiments"],
    responses=may_answer(Conflict, TooMany),
)
def retry_experiment(
    service: ServiceDep,
    caller: CallerDep,
    experiment_id: ExperimentId,
    origin: Origin = "checkpoint",
) -> ExperimentView:
    """Queue every failed and cancelled run again; the call is idempotent.

    Looks and a choice of settings that a cancellation dropped are planned again. Once the settings
    are chosen, tuning runs are left as they are.
    """
    with service.database.transaction() as session:
        find_experiment(session, experiment_id)
        wanted, now = len(retriable(session, experiment_id)), clock.now(session)
        if wanted:
            require_queue_room(session, caller, wanted, service.settings.max_queued_runs)
        queued = retry_all(session, experiment_id, now, anew=origin == "start")
        caller.record(session, "retried", experiment_id, now)
    announce(service.broker, queued)
    with service.database.reading() as session:
        return experiment_view(service, session, experiment_id)
