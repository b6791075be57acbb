"""Arms to compare in tests, and the sign-flip p value by its definition.

Values are drawn on a grid of 1/10,240, the resolution of an accuracy on the course's test slice:
ties between sign patterns then happen all the time, which is where a fast count goes wrong.
"""

import itertools
import re
from typing import Any

from hypothesis import strategies as st

from models.comparison.compare import compare
from models.comparison.schema import Comparison

GRID = 10_240
GIVES_NO_CLAIM = re.compile(r"equal|same|identical|equivalent|no (real )?difference|alike|better")

counts = st.integers(-GRID, GRID)
values = counts.map(lambda count: count / GRID)
metrics = st.sampled_from(["test.accuracy", "test.roc_auc", "validation.loss", "train.loss"])
MIRROR = {"a_better": "b_better", "b_better": "a_better"}


def arms(min_size: int = 0, max_size: int = 12) -> st.SearchStrategy[tuple[dict[int, float], ...]]:
    pairs = st.lists(st.tuples(values, values), min_size=min_size, max_size=max_size)
    return pairs.map(lambda rows: tuple(dict(enumerate(side)) for side in zip(*rows, strict=True)))


def between(a: dict[int, float], b: dict[int, float], **changes: Any) -> Comparison:
    asked: dict[str, Any] = {
        "a_name": "modified",
        "b_name": "vanilla",
        "metric": "test.accuracy",
        "equivalence_margin": 0.005,
        "confidence": 0.95,
    }
    return compare(a, b, **(asked | changes))


def from_differences(differences: list[float], **changes: Any) -> Comparison:
    a = dict(enumerate(differences))
    return between(a, dict.fromkeys(a, 0.0), **changes)


def enumerated_p(differences: list[int]) -> float:
    """The definition: every sign pattern, in whole numbers."""
    patterns = list(itertools.product((-1, 1), repeat=len(differences)))
    observed = abs(sum(differences))
    sums = (sum(s * d for s, d in zip(signs, differences, strict=True)) for signs in patterns)
    return sum(abs(total) >= observed for total in sums) / len(patterns)
