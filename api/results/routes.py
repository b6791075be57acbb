"""`/v1/experiments/{id}/results`: the results as one JSON document."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.dependencies import ExperimentId, ServiceDep
from api.results.document import results_document
from api.results.views import Results

router = APIRouter(prefix="/experiments", tags=["experiments"])

TargetLoss = Annotated[float | None, Query(gt=0, allow_inf_nan=False)]


@router.get("/{experiment_id}/results")
def get_results(
    service: ServiceDep, experiment_id: ExperimentId, target_loss: TargetLoss = None
) -> Results:
    """Return the results as one document, also while runs are still going on.

    `target_loss` adds the steps that each run takes to reach that validation loss. The loss of
    every arm is measured in the baseline's loss, with its reduction over a batch (sum or mean).
    """
    with service.database.reading() as session:
        return results_document(session, experiment_id, service, target_loss)
