"""What a reproduction answers: whether every figure came out the same, and if not, which first."""

from datetime import datetime
from typing import Any

from api.views import View
from models.states import RunState


class DifferenceView(View):
    """The first figure that came out otherwise, in the order of the training."""

    where: str
    """`steps`, `evaluations`, `scores` or `weights`."""
    step: int | None
    split: str | None
    """Of an evaluation: `validation` or `test`."""
    row: int | None
    """Of a score: the row of the data set."""
    figure: str
    recorded: float | None
    """Null where there is no such figure, as for a step that is missing."""
    again: float | None
    difference: float | None
    """`again` minus `recorded`."""


class ComparedView(View):
    """How much was compared."""

    steps: int
    evaluations: int
    scores: int | None
    """Null until the training has ended, and where a file of scores is gone."""


class WeightsView(View):
    """SHA-256 of the two files of weights."""

    recorded: str | None
    again: str | None


class ReproductionView(View):
    """A run trained again from its stored spec, figure by figure."""

    id: str
    run: str
    again: str
    """The run that trains again; `GET /v1/runs/{id}` follows it."""
    state: RunState
    reason: str | None
    created_at: datetime
    identical: bool | None
    """Whether every figure and every weight is the same; null while it cannot be said."""
    first_difference: DifferenceView | None
    """Also while the training goes on, as soon as there is one."""
    compared: ComparedView
    weights: WeightsView
    provenance_differences: dict[str, dict[str, Any]]
    """What was not the same beside the spec: versions, device, processor."""
    sentence: str
