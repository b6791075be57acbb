"""What each query of a run's retrieval has of each metric, from the file that its worker wrote."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from models.files.run_files import GROUP, QUERY, SCORES
from models.metrics import RETRIEVAL_METRICS

OF_QUERIES = tuple(f"test.{name}" for name, one in RETRIEVAL_METRICS.items() if one.kind is float)
"""Metrics that are means over queries."""


@dataclass(frozen=True, slots=True, eq=False)
class QueryScores:
    """One run on its Q queries."""

    query: NDArray[np.int64]
    """The number of each question: (Q,)."""
    group: NDArray[np.int64]
    """Its duplicate group: (Q,)."""
    values: Mapping[str, NDArray[np.float32]]
    """Each metric of `OF_QUERIES` of each query: (Q,)."""

    def same_queries(self, other: "QueryScores") -> bool:
        return np.array_equal(self.query, other.query) and np.array_equal(self.group, other.group)

    def digest(self) -> bytes:
        """The same for two runs whose queries are the same, in the same order."""
        digest = hashlib.sha256(self.query.tobytes())
        digest.update(self.group.tobytes())
        return digest.digest()


def read_query_scores(folder: Path) -> QueryScores | None:
    """The scores of the queries in a run's folder; None when they cannot be read, or there are
    none, as in a file from before retrieval was measured."""
    try:
        columns = load_file(folder / SCORES)
    except (OSError, SafetensorError):
        return None
    needed = [QUERY, GROUP, *(metric.removeprefix("test.") for metric in OF_QUERIES)]
    found = [columns[name] for name in needed if name in columns]
    shapes = {column.shape for column in found}
    if len(found) < len(needed) or shapes != {(len(found[0]),)} or not len(found[0]):
        return None
    query, group, *values = found
    return QueryScores(query, group, dict(zip(OF_QUERIES, values, strict=True)))
