"""Retrieval for tests: vectors with many ties, who is relevant to whom, and slow definitions."""

import dataclasses
import math
from typing import NamedTuple

import numpy as np
import torch
from hypothesis import strategies as st
from torch import Tensor

from worker.training.data import RunData
from worker.training.retrieval import Retrieved, retrieve

from support.expect import expect
from support.training import tiny_data

BASE = tiny_data()


class Case(NamedTuple):
    """N questions: their vectors (N, 2), and their groups (N,)."""

    vectors: Tensor
    groups: np.ndarray


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Vectors on a grid of quarters, so that many similarities are tied; at least one duplicate.

    They are not of length 1, which the search does not ask for: so a similarity needs no rounding,
    and is the same number in every order in which a machine may add.
    """
    count = 2 * draw(st.integers(1, 12))
    sides = st.integers(-4, 4)
    places = draw(st.lists(st.tuples(sides, sides), min_size=count, max_size=count))
    groups = draw(st.lists(st.integers(0, 5), min_size=count, max_size=count))
    groups[1] = groups[0]
    vectors = torch.tensor(places, dtype=torch.float32) / 4
    return Case(vectors, np.array(groups, dtype=np.int32))


def data_of(groups: np.ndarray) -> RunData:
    """Test rows whose questions have these groups, each with a text of its own."""
    corpus = np.arange(len(groups))
    queries = corpus[[np.count_nonzero(groups == one) > 1 for one in groups]]
    rows = np.arange(len(groups) // 2)
    return dataclasses.replace(BASE, test=rows, groups=groups, corpus=corpus, queries=queries)


def retrieved(case: Case) -> Retrieved:
    return expect(Retrieved, retrieve(data_of(case.groups), case.vectors))


def similarities(case: Case) -> np.ndarray:
    """Of every two questions: (N, N)."""
    return (case.vectors @ case.vectors.T).numpy()


def slow(case: Case, query: int) -> dict[str, float]:
    """The metrics of one query as they are defined, over a ranking that is sorted whole."""
    found = similarities(case)[query]
    others = [one for one in range(len(found)) if one != query]
    relevant = {one for one in others if case.groups[one] == case.groups[query]}
    # of equal similarities those that are not relevant come first
    ranking = sorted(others, key=lambda one: (-found[one], one in relevant))
    hits = [one in relevant for one in ranking]
    ranks = [rank for rank, hit in enumerate(hits, start=1) if hit]
    count = len(relevant)
    ideal = sum(1 / math.log2(1 + rank) for rank in range(1, min(count, 10) + 1))
    return {
        "mrr_at_10": 1 / ranks[0] if ranks[0] <= 10 else 0.0,
        "recall_at_1": sum(hits[:1]) / count,
        "recall_at_10": sum(hits[:10]) / count,
        "map_at_r": sum(sum(hits[:n]) / n * hits[n - 1] for n in range(1, count + 1)) / count,
        "ndcg_at_10": sum(1 / math.log2(1 + rank) for rank in ranks if rank <= 10) / ideal,
    }
