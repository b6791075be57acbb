"""The preview of a data set: some of its pairs as texts, and how long its questions are."""

from pathlib import Path
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query, Response

from api.datasets.views import LengthsView, PairRow, PairsView
from api.dependencies import SERIES_TURN, DatasetName, Service, ServiceDep
from api.openapi.responses import may_answer
from models.datasets import cache
from models.errors import TooMany
from models.store.datasets import dataset_by_name
from models.store.tables import Dataset

router = APIRouter(prefix="/datasets", tags=["data sets"])

BARS = 40  # of the histogram; the last one has no upper end
BARS_END = 1.25  # where the bars end, as a multiple of the 99 % quantile of the lengths


@router.get(
    "/{name}/pairs",
    response_model=PairsView,
    responses=may_answer(TooMany),
    dependencies=[SERIES_TURN],
)
def list_dataset_pairs(
    service: ServiceDep,
    name: DatasetName,
    after: Annotated[int, Query(ge=0, le=10**9)] = 0,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Response:
    """List rows of the data set from row `after` on, as they were uploaded."""
    dataset, folder = _dataset(service, name)
    numbers = list(range(after, min(after + limit, dataset.rows)))
    labels = cache.open_labels(folder)
    scores, triplets = cache.open_scores(folder), cache.open_triplets(folder)
    texts = cache.open_texts(folder).rows(numbers)
    items = [
        PairRow(
            row=row,
            question1=first,
            question2=second,
            duplicate=bool(labels[row] == 1),
            score=None if scores is None else float(str(scores[row])),  # 4.2, as it was written
            triplet=None if triplets is None else int(triplets[row]),
        )
        for row, (first, second) in zip(numbers, texts, strict=True)
    ]
    following = after + limit if after + limit < dataset.rows else None
    view = PairsView(rows=dataset.rows, items=items, next=following)
    return service.json_reply(view.model_dump_json())


@router.get("/{name}/lengths", responses=may_answer(TooMany), dependencies=[SERIES_TURN])
def get_question_lengths(service: ServiceDep, name: DatasetName) -> LengthsView:
    """Return a histogram of the questions' lengths in tokens, by the label of their pair."""
    dataset, folder = _dataset(service, name)
    width = max(1, round(dataset.token_length_p99 * BARS_END / BARS))
    lengths = cache.open_tokens(folder, "word").lengths()
    bar = np.minimum(lengths // width, BARS - 1)
    duplicate = np.repeat(cache.open_labels(folder) == 1, 2)
    last = int(bar.max()) + 1
    return LengthsView(
        start=[index * width for index in range(last)],
        duplicates=np.bincount(bar[duplicate], minlength=last).tolist(),
        others=np.bincount(bar[~duplicate], minlength=last).tolist(),
    )


def _dataset(service: Service, name: str) -> tuple[Dataset, Path]:
    with service.database.reading() as session:
        dataset = dataset_by_name(session, name)
    return dataset, service.dataset_folder(dataset.content_hash)
