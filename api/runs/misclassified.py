"""`/v1/runs/{id}/mistakes`: the test pairs that a run misclassified, as texts, the worst first.

A metric says how often a network errs; only the pairs show on what. Texts are read from the data
set's file for the pairs of one page only.
"""

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from fastapi import APIRouter, Query, Response
from numpy.typing import NDArray

from api.dependencies import SERIES_TURN, RunId, Service, ServiceDep
from api.openapi.responses import may_answer
from api.runs.scores import scores_of_run
from api.runs.views import MisclassifiedPair, MisclassifiedPairsView
from models.datasets import cache
from models.datasets.generated.generator import GENERATED, STYLES
from models.errors import Conflict, DamagedRunFile, TooMany
from models.files.run_files import SCORES
from models.store.experiments import experiment
from models.store.metrics.rows import evaluations_of
from models.store.run_life.runs import run as find_run

router = APIRouter(prefix="/runs", tags=["runs"])

Kind = Literal["all", "called_duplicate", "called_different"]
WRONG_ON_PURPOSE = (
    f"{STYLES['usual'].wrong_labels:.0%} of the labels of {GENERATED} are wrong on purpose, as "
    "labels that people gave are, so some of these pairs were called rightly."
)
FALLBACK = 0.7  # the threshold of all runs that ended before evaluations stored theirs


@router.get(
    "/{run_id}/mistakes",
    response_model=MisclassifiedPairsView,
    responses=may_answer(Conflict, TooMany),
    dependencies=[SERIES_TURN],
)
def list_misclassified_pairs(
    service: ServiceDep,
    run_id: RunId,
    kind: Kind = "all",
    after: Annotated[int, Query(ge=0, le=10**9)] = 0,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Response:
    """List the test pairs that the run misclassified, farthest from its threshold first.

    `called_duplicate` are different questions that it called duplicates, `called_different` are
    duplicates that it called different. 409 until the run has succeeded.
    """
    columns = scores_of_run(service, run_id)
    folder, threshold, note = _tested(service, run_id)
    label, score = columns.label == 1, columns.score.astype(np.float64)
    order = _worst_first(label, score, threshold, kind)
    chosen = order[after : after + limit]
    rows = [int(row) for row in columns.row[chosen]]
    try:
        texts = cache.open_texts(folder).rows(rows)
    except IndexError as error:
        sentence = "has rows that its data set does not have"
        raise DamagedRunFile(run_id, SCORES, sentence) from error
    items = [
        MisclassifiedPair(
            row=row,
            question1=first,
            question2=second,
            similarity=float(score[index]),
            duplicate=bool(label[index]),
        )
        for index, row, (first, second) in zip(chosen, rows, texts, strict=True)
    ]
    following = after + limit if after + limit < len(order) else None
    view = MisclassifiedPairsView(
        threshold=threshold,
        wrong=len(order),
        pairs=len(score),
        items=items,
        note=note,
        next=following,
    )
    return service.json_reply(view.model_dump_json())


def _tested(service: Service, run_id: str) -> tuple[Path, float, str | None]:
    """Return the folder of the run's data set, the threshold of its test evaluation, and what to
    know of the labels."""
    with service.database.reading() as session:
        row = experiment(session, find_run(session, run_id).experiment_id)
        evaluations = evaluations_of(session, run_id)
    thresholds = (one.threshold for one in evaluations if one.split == "test")
    threshold = next((one for one in thresholds if one is not None), FALLBACK)
    note = WRONG_ON_PURPOSE if row.spec["dataset"] == GENERATED else None
    return service.dataset_folder(row.content_hash), threshold, note


def _worst_first(
    label: NDArray[np.bool_], score: NDArray[np.float64], threshold: float, kind: Kind
) -> NDArray[np.intp]:
    """Return positions of the wrong pairs (P,), by distance from the threshold, then position."""
    called = score > threshold
    wrong = called != label
    if kind != "all":
        wrong &= called == (kind == "called_duplicate")
    positions = np.flatnonzero(wrong)
    return positions[np.argsort(-np.abs(score[positions] - threshold), kind="stable")]
