"""Questions laid out as a tree of their beginnings, for a network that reads from left to right.

What such a network computes for a token depends on the tokens up to it. So questions that begin
alike share the nodes of their beginnings, and equal questions share all of them; of a batch of
Quora pairs a quarter of the tokens needs no node of its own. The input projection is needed once
for each *distinct* token, which is about a quarter of the tokens.

A level of the tree has the tokens of one time step. Its nodes stand in the order of their longest
question, so those that have children come first. Nodes are shared on the first `SHARED` levels,
which bounds what a few long texts cost; from there on each question has nodes of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from worker.training.data import Int64, Questions

SHARED = 32  # few questions are alike for longer


class Bags(NamedTuple):
    """Lists of rows of a matrix that are to be added."""

    rows: Tensor  # the lists, one after the other
    starts: Tensor  # where each of them starts

    def sums(self, matrix: Tensor) -> Tensor:
        """The sum of the rows of each list: (lists, width)."""
        return torch.embedding_bag(matrix, self.rows, self.starts)[0]


class Branches(NamedTuple):
    """How the nodes of a level hang on those of the level before."""

    parents: Tensor  # (n,) the place of each node's parent in its level
    children: Bags  # the places of each parent's children


@dataclass(frozen=True)
class Beginnings:
    """A layout of Q questions with N nodes over T levels; U tokens are distinct."""

    distinct: Tensor  # (U,) ids
    index: Tensor  # (N,) place in `distinct` of each node's token, level by level
    sizes: tuple[int, ...]  # T: the nodes of each level
    inner: tuple[int, ...]  # T: those that have children, which come first
    branches: tuple[Branches | None, ...]  # T: None where node i hangs on node i
    above: Tensor  # (N - n of level 0,) the parent of each node
    paths: Bags  # the nodes of each question
    below: Bags  # the questions of each node
    same: Bags  # the nodes of each distinct token


def lay_out(questions: Questions, device: torch.device) -> Beginnings:
    """Lay out `questions` for `device`."""
    lengths = questions.lengths
    question = np.repeat(np.arange(len(lengths)), lengths)  # of each token
    time = np.arange(len(question)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    place = _places(questions, time)
    sizes = np.zeros(lengths.max(), dtype=np.int64)
    np.maximum.at(sizes, time, place + 1)
    first = np.cumsum(sizes) - sizes
    node = first[time] + place
    later = np.flatnonzero(time)
    token, parent = np.zeros((2, sizes.sum()), dtype=np.int64)
    token[node] = questions.ids
    parent[node[later]] = node[later - 1]
    distinct, index = np.unique(token, return_inverse=True)

    def to(array: npt.NDArray[Any]) -> Tensor:
        return torch.from_numpy(array).to(device)

    return Beginnings(
        distinct=to(distinct),
        index=to(index),
        sizes=tuple(sizes.tolist()),
        **_hanging(sizes, first, parent, to),
        above=to(parent[sizes[0] :]),
        paths=Bags(to(node), to(np.cumsum(lengths) - lengths)),
        below=Bags(to(question[_by_owner(node)]), to(_starts(node, len(token)))),
        same=Bags(to(_by_owner(index)), to(_starts(index, len(distinct)))),
    )


def _hanging(
    sizes: Int64, first: Int64, parent: Int64, to: Callable[[Int64], Tensor]
) -> dict[str, Any]:
    """How many nodes of each level have children, and how the levels hang on each other."""
    if len(sizes) == 1:
        return {"inner": (0,), "branches": (None,)}
    cuts = first[1:] - sizes[0]  # where the levels start among the nodes that have parents
    levels = np.repeat(np.arange(1, len(sizes)), sizes[1:])
    within = parent[sizes[0] :] - first[levels - 1]
    inner = np.maximum.reduceat(within, cuts) + 1
    apart = np.logical_or.reduceat(within != np.arange(len(within)) - cuts[levels - 1], cuts)
    children = _by_owner(parent[sizes[0] :]) - cuts[levels - 1]  # level by level again
    ends = np.cumsum(np.bincount(parent[sizes[0] :], minlength=len(parent)))
    branches: list[Branches | None] = [None]
    for level in range(1, len(sizes)):
        if not apart[level - 1]:
            branches.append(None)
            continue
        nodes = slice(cuts[level - 1], cuts[level - 1] + sizes[level])
        starts = np.zeros(inner[level - 1], dtype=np.int64)
        starts[1:] = ends[first[level - 1] :][: len(starts) - 1] - nodes.start
        branches.append(Branches(to(within[nodes]), Bags(to(children[nodes]), to(starts))))
    return {"inner": (*inner.tolist(), 0), "branches": tuple(branches)}


def _by_owner(owners: Int64) -> Int64:
    """The places of `owners` in the order of their values, and of equal ones in their own."""
    small = owners.astype(np.min_scalar_type(owners.max()))  # small numbers are sorted faster
    return np.argsort(small, kind="stable")


def _starts(owners: Int64, count: int) -> Int64:
    """Where the places of each of `count` owners start in that order."""
    number = np.bincount(owners, minlength=count)
    return np.cumsum(number) - number


def _places(questions: Questions, time: Int64) -> Int64:
    """The place of each token's node in its level (tokens,); `time` is its place in its question.

    Nodes stand in the order of the longest question that they are of, longest first.
    """
    lengths = questions.lengths
    depth = min(int(lengths.max()), SHARED)
    shared = time < depth
    within = np.arange(depth) < lengths[:, None]
    words = np.zeros(within.shape, dtype=">u4")  # as bytes these sort like the numbers
    words[within] = questions.ids[shared] + 1
    order = words.view(f"S{4 * depth}").ravel().argsort(kind="stable")
    words, within = words[order], within[order]
    fresh = within.copy()  # where a question is the first, in this order, of its node
    fresh[1:] &= np.logical_or.accumulate(words[1:] != words[:-1], axis=1)
    level, row = np.nonzero(fresh.T)
    counts = fresh.sum(axis=0)
    first = np.cumsum(counts) - counts
    of = np.where(within, first + np.cumsum(fresh, axis=0) - 1, 0)  # the node, in this order
    lasting = np.where(within, lengths[order, None], 0).T.ravel()
    longest = np.maximum.reduceat(lasting, level * len(lengths) + row)
    by_length = np.lexsort((-longest, level))
    place_of = np.empty(len(level), dtype=np.int64)
    place_of[by_length] = np.arange(len(level)) - first[level]
    places = np.empty(within.shape, dtype=np.int64)
    places[order] = place_of[of]
    place = np.empty(len(time), dtype=np.int64)
    place[shared] = places[np.arange(depth) < lengths[:, None]]
    # below the shared levels: the place among all questions, longest first
    rank = np.empty(len(lengths), dtype=np.int64)
    rank[np.argsort(-lengths, kind="stable")] = np.arange(len(lengths))
    place[~shared] = np.repeat(rank, np.maximum(lengths - depth, 0))
    return place
