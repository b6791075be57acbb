"""`/v1/experiments/{id}/results`: the results as one JSON document."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.dependencies import ExperimentId, ServiceDep
from api.openapi.responses import may_answer
from api.results.kept_results import KeptReading, kept_reply, results_content, results_key
from api.results.views import Results
from models.errors import TooMany

router = APIRouter(prefix="/experiments", tags=["experiments"])

TargetLoss = Annotated[float | None, Query(gt=0, allow_inf_nan=False)]


@router.get("/{experiment_id}/results", response_model=Results, responses=may_answer(TooMany))
async def get_results(
    request: Request,
    service: ServiceDep,
    experiment_id: ExperimentId,
    target_loss: TargetLoss = None,
) -> Response:
    """Return the results as one document, also while runs are still going on.

    `target_loss` adds the steps that each run takes to reach that validation loss. The loss of
    every arm is measured in the baseline's loss, with its reduction over a batch (sum or mean).
    """

    def make(reading: KeptReading) -> Iterator[bytes]:
        return results_content(reading, experiment_id, target_loss)

    key = results_key(experiment_id, target_loss)
    body = await kept_reply(request, service, key, [experiment_id], make)
    return body.reply("application/json")
