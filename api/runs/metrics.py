"""`/v1/metrics`: what is measured at a step and in an evaluation, in names, words and units.

The page draws and labels what this call lists, so it has no list of its own.
"""

from fastapi import APIRouter

from api.runs.views import MetricsView, MetricView
from models.metrics import EVALUATION_METRICS, STEP_METRICS

router = APIRouter(prefix="/metrics", tags=["runs"])

DECLARED = MetricsView(
    steps=[MetricView.model_validate(metric) for metric in STEP_METRICS.values()],
    evaluations=[MetricView.model_validate(metric) for metric in EVALUATION_METRICS.values()],
)


@router.get("")
def list_metrics() -> MetricsView:
    """List what is measured at each training step and in each evaluation.

    Of the evaluations' metrics, `test.accuracy` is the one of that name on the test pairs.
    """
    return DECLARED
