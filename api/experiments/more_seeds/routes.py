"""`/v1/experiments/{id}/seeds`: which seeds can be added to an experiment, and adding them."""

from typing import Annotated

from fastapi import APIRouter, Query, status
from pydantic import ConfigDict, Field

from api.access.callers import CallerDep
from api.access.quotas import require_queue_room
from api.dependencies import ExperimentId, ServiceDep
from api.experiments.more_seeds.views import MoreSeedsView
from api.experiments.progress import experiment_view
from api.experiments.views import ExperimentView
from api.http.json_bodies import JsonBody, RequestBody, validated
from api.openapi.requests import json_request
from api.openapi.responses import may_answer
from models.broker import announce
from models.errors import Conflict, Invalid, Problem, TooMany
from models.specs.experiment import ExperimentSpec
from models.specs.tuning_budget import total_steps
from models.states import TERMINAL
from models.store import clock
from models.store.experiment_states import current_state
from models.store.more_seeds.adding import add, addition
from models.store.more_seeds.allowed import MOST, more_seeds
from models.store.more_seeds.fresh import fresh_spec

router = APIRouter(prefix="/experiments/{experiment_id}/seeds", tags=["experiments"])

Count = Annotated[int, Field(ge=1, le=MOST)]


class SeedsWanted(RequestBody):
    model_config = ConfigDict(title="SeedsWanted")

    count: Count
    """The number of seeds that the experiment is to have, those that it has among them."""


SEEDS_BODY = json_request(SeedsWanted, example={"count": 15})


@router.get("", responses=may_answer(Invalid))
def get_more_seeds(
    service: ServiceDep,
    experiment_id: ExperimentId,
    fresh: Annotated[
        int | None,
        Query(ge=1, le=MOST, description="Seeds of the new experiment in `fresh`."),
    ] = None,
) -> MoreSeedsView:
    """Return to how many seeds an experiment can be brought, and what can be done instead.

    Seeds are added where that keeps the error that was promised, whatever has been seen by then: up
    to a planned look that was not taken, or to one arm alone, which claims nothing.
    """
    with service.database.reading() as session:
        found = more_seeds(session, experiment_id)
        instead = fresh_spec(session, experiment_id, fresh)
    return MoreSeedsView(
        count=found.count,
        counts=list(found.counts),
        most=found.most,
        sentence=found.sentence,
        fresh=instead,
    )


@router.post(
    "",
    status_code=status.HTTP_202_ACCEPTED,
    openapi_extra=SEEDS_BODY,
    responses=may_answer(Invalid, Conflict, TooMany),
)
def add_seeds(
    service: ServiceDep, caller: CallerDep, experiment_id: ExperimentId, body: JsonBody
) -> ExperimentView:
    """Add seeds to an experiment, up to a planned look that was not taken, or to one arm alone.

    `count` is the number that it is to have, so the call is idempotent. 409 where adding seeds
    would break the promise of the verdict, with the reason; `GET` has what can be done instead.
    """
    wanted = validated(SeedsWanted, body)
    with service.database.transaction() as session:
        now, settings = clock.now(session), service.settings
        try:
            found = addition(session, experiment_id, wanted.count)
        except Conflict as error:
            if current_state(session, experiment_id)[0] not in TERMINAL:
                raise
            raise Conflict(f"{error} {_way(experiment_id)}") from None
        queued = []
        if found is not None:
            _require_within_bounds(found.spec, settings.max_total_steps)
            require_queue_room(session, caller, found.runs, settings.max_queued_runs)
            queued = add(session, found, now)
            caller.record(session, "seeds_added", experiment_id, now)
    announce(service.broker, queued)
    with service.database.reading() as session:
        return experiment_view(service, session, experiment_id)


def _way(experiment_id: str) -> str:
    return (
        "Ask again under fresh seeds, in an experiment that is judged by itself: GET "
        f"/v1/experiments/{experiment_id}/seeds has its spec in `fresh`, and `tripletlab add-seeds "
        f"{experiment_id} --fresh 12` submits one."
    )


def _require_within_bounds(spec: ExperimentSpec, most: int) -> None:
    total = total_steps(spec)
    if total > most:
        detail = f"its runs would have {total:,} steps, and one experiment may have {most:,} here"
        raise Invalid([Problem("/count", detail)])
