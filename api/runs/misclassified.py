"""`/v1/runs/{id}/mistakes`: the test pairs that a run called wrongly, the worst first, in words.

A figure says how often a network errs, and only the pairs say on what. Texts are read for the
pairs of one page alone, from the data set's own file.
"""

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from fastapi import APIRouter, Query
from numpy.typing import NDArray

from api.dependencies import RunId, Service, ServiceDep
from api.http.views import View
from api.openapi.responses import may_answer
from api.runs.routes import scores_of_run
from models.datasets import cache
from models.errors import Conflict
from models.store.experiments import experiment
from models.store.metrics.rows import evaluations_of
from models.store.run_life.runs import run as find_run

router = APIRouter(prefix="/runs", tags=["runs"])

Kind = Literal["all", "called_duplicate", "called_different"]
FALLBACK = 0.7  # the threshold of every run from before evaluations stored theirs


class Mistake(View):
    """A test pair on the wrong side of the run's threshold."""

    row: int
    """Its number in the data set, from 0."""
    question1: str
    question2: str
    similarity: float
    duplicate: bool
    """What it is; the run called it the other."""


class MistakesView(View):
    """A piece of the list; `next` is the `after` of the following piece."""

    threshold: float
    wrong: int
    """Pairs that the run called wrongly, of this kind."""
    pairs: int
    """Test pairs."""
    items: list[Mistake]
    next: int | None


@router.get("/{run_id}/mistakes", responses=may_answer(Conflict))
def list_misclassified_pairs(
    service: ServiceDep,
    run_id: RunId,
    kind: Kind = "all",
    after: Annotated[int, Query(ge=0, le=10**9)] = 0,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> MistakesView:
    """Test pairs that the run called wrongly, farthest from its threshold first.

    `called_duplicate` are different questions that it called duplicates, `called_different` the
    other way about. 409 until the run has succeeded.
    """
    columns = scores_of_run(service, run_id)
    folder, threshold = _where(service, run_id)
    label, score = columns["label"] == 1, columns["score"].astype(np.float64)
    order = _worst_first(label, score, threshold, kind)
    chosen = order[after : after + limit]
    rows = [int(row) for row in columns["row"][chosen]]
    texts = cache.open_texts(folder).rows(rows)
    items = [
        Mistake(
            row=row,
            question1=first,
            question2=second,
            similarity=float(score[index]),
            duplicate=bool(label[index]),
        )
        for index, row, (first, second) in zip(chosen, rows, texts, strict=True)
    ]
    following = after + limit if after + limit < len(order) else None
    return MistakesView(
        threshold=threshold, wrong=len(order), pairs=len(score), items=items, next=following
    )


def _where(service: Service, run_id: str) -> tuple[Path, float]:
    """The folder of the run's data set, and the threshold that its test pairs met."""
    with service.database.reading() as session:
        row = experiment(session, find_run(session, run_id).experiment_id)
        tests = [one.threshold for one in evaluations_of(session, run_id) if one.split == "test"]
    threshold = next((one for one in tests if one is not None), FALLBACK)
    return service.dataset_folder(row.content_hash), threshold


def _worst_first(
    label: NDArray[np.bool_], score: NDArray[np.float64], threshold: float, kind: Kind
) -> NDArray[np.intp]:
    """Positions of the wrong pairs (P,), by distance from the threshold, then by position."""
    called = score > threshold
    wrong = called != label
    if kind != "all":
        wrong &= called == (kind == "called_duplicate")
    found = np.flatnonzero(wrong)
    return found[np.argsort(-np.abs(score[found] - threshold), kind="stable")]
