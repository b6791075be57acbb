"""What a metric needs of a data set beside labels: scores that differ, or whole triplets."""

from pathlib import Path

import numpy as np

from models.datasets import cache
from models.datasets.pairs import Codes
from models.datasets.splits import Rows

CORRELATIONS = ("spearman", "pearson")


def missing_grades(folder: Path, metric: str, rows: Rows, labels: Codes) -> str | None:
    """Return why `metric`, such as `test.spearman`, cannot be measured on these rows of the data
    set in `folder`; None where it can, or needs no scores and no triplets."""
    part, _, name = metric.partition(".")
    if name in CORRELATIONS:
        scores = cache.open_scores(folder)
        if scores is None:
            return (
                f"{metric} compares similarities with scores that people gave, and these pairs "
                "have none; decide by another metric, or upload pairs with a score"
            )
        if len(rows) < 2 or (scores[rows] == scores[rows[0]]).all():
            return f"all {len(rows):,} {part} pairs have one score; take another split"
    if name == "triplet_accuracy":
        triplets = cache.open_triplets(folder)
        if triplets is None:
            return (
                f"{metric} is of triplets, and this data set has pairs; decide by another metric, "
                "or upload triplets"
            )
        positive = labels[rows] == 1
        whole = np.intersect1d(triplets[rows[positive]], triplets[rows[~positive]])
        if not len(whole):
            return (
                f"no triplet has its positive and a negative among the {len(rows):,} {part} pairs; "
                "take another split"
            )
    return None
