"""`/v1/differences`: in what several experiments differ, arm by arm."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.dependencies import ServiceDep, id_pattern
from api.finding.views import DifferencesView
from api.openapi.responses import may_answer
from models.errors import NotFound
from models.specs.parse import stored_spec
from models.specs.wording.arm_differences import experiment_differences
from models.store.experiments import experiment

router = APIRouter(prefix="/differences", tags=["experiments"])

MOST = 12
Ids = Annotated[
    list[Annotated[str, Query(pattern=id_pattern("exp"))]], Query(min_length=1, max_length=MOST)
]


@router.get("", responses=may_answer(NotFound))
def list_differences(service: ServiceDep, experiment_id: Ids) -> DifferencesView:
    """List the fields in which the arms of these experiments differ, in words.

    The data set, its split, the seeds and the decision are fields too; what is the same in all arms
    of all of them is left out. `experiment_id` is repeated.
    """
    with service.database.reading() as session:
        rows = [experiment(session, one) for one in dict.fromkeys(experiment_id)]
        specs = {row.id: stored_spec(row.spec, row.id) for row in rows}
    return DifferencesView(fields=experiment_differences(specs))
