"""Questions laid out as a tree of their beginnings, for a network that reads from left to right.

What such a network computes for a token depends on the tokens up to it. So questions that begin
alike share the nodes of their beginnings, and equal questions share all of them; of a batch of
Quora pairs a quarter of the tokens needs no node of its own. The input projection is needed once
for each *distinct* token, which is about a quarter of the tokens.

A level of the tree has the tokens of one time step. Its nodes stand in the order of their longest
question, so those that have children, its *inner* nodes, come first. Nodes are shared on the first
`SHARED` levels, which bounds what a few long texts cost; from there on each question has nodes of
its own.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from worker.training.data import Int64, Questions
from worker.training.encoders.compiled import kernels

Bools = npt.NDArray[np.bool_]

SHARED = 32  # few questions are alike for longer


class Bags(NamedTuple):
    """Lists of rows of a matrix that are to be added."""

    rows: Tensor  # the lists, one after the other
    starts: Tensor  # where each of them starts

    def sums(self, matrix: Tensor) -> Tensor:
        """The sum of the rows of each list: (lists, width). They are added to 0 one by one."""
        return torch.embedding_bag(matrix, self.rows, self.starts)[0]


@dataclass(frozen=True)
class Beginnings:
    """A layout of Q questions with N nodes over T levels; U tokens are distinct, and questions end
    at E of the nodes. A node's *place* is its number in its level."""

    device: torch.device
    distinct: Int64  # (U,) ids, ascending
    tokens: Int64  # (N,) place in `distinct` of each node's token, level by level
    starts: Int64  # (T + 1,) where the nodes of each level start
    inner: tuple[int, ...]  # T: how many of them have children
    parents: Int64  # (N,) the place of each node's parent in the level before; 0 on the first level
    branched: tuple[bool, ...]  # T: whether a node hangs on another place than its own
    ends: Int64  # (E,) the nodes at which questions end, ascending
    end_of: Int64  # (Q,) place in `ends` of each question

    @property
    def levels(self) -> int:
        return len(self.inner)

    @cached_property
    def first_ends(self) -> Int64:
        """Where the ends of each level start among all ends: (T + 1,)."""
        return np.searchsorted(self.ends, self.starts)

    @cached_property
    def same(self) -> Bags:
        """The nodes of each distinct token, those of the deepest level first."""
        levels = [np.arange(*ends) for ends in zip(self.starts, self.starts[1:], strict=False)]
        nodes = np.concatenate(levels[::-1])
        return self._bags(self.tokens[nodes], len(self.distinct), nodes)

    @cached_property
    def ending(self) -> Bags:
        """The questions of each end."""
        return self._bags(self.end_of, len(self.ends))

    def nodes(self, level: int) -> slice:
        """The nodes of a level."""
        return slice(int(self.starts[level]), int(self.starts[level + 1]))

    def children(self, level: int) -> Bags:
        """The places in the level after this one of the children of each inner node."""
        return self._bags(self.parents[self.nodes(level + 1)], self.inner[level])

    def tensor(self, array: Int64) -> Tensor:
        """An array of the layout on its device."""
        return torch.from_numpy(array).to(self.device)

    def _bags(self, owners: Int64, count: int, items: Int64 | None = None) -> Bags:
        """What belongs to each of `count` owners, in the order in which it stands."""
        small = owners.astype(np.min_scalar_type(count))  # small numbers are sorted faster
        order = np.argsort(small, kind="stable")
        number = np.bincount(owners, minlength=count)
        rows = order if items is None else items[order]
        return Bags(self.tensor(rows), self.tensor(np.cumsum(number) - number))


def lay_out(questions: Questions, device: torch.device) -> Beginnings:
    """Lay out `questions` for `device`."""
    lengths = questions.lengths
    time = np.arange(len(questions.ids)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    place, sizes = _places(questions, time)
    starts = np.concatenate(([0], np.cumsum(sizes)))
    node = starts[time] + place
    later = np.flatnonzero(time)
    ids, parents = np.zeros((2, starts[-1]), dtype=np.int64)
    ids[node] = questions.ids
    parents[node[later]] = place[later - 1]
    distinct, tokens = _numbered(ids)
    ends, end_of = _numbered(node[np.cumsum(lengths) - 1])
    inner, branched = _hanging(parents, starts)
    return Beginnings(device, distinct, tokens, starts, inner, parents, branched, ends, end_of)


def _numbered(values: Int64) -> tuple[Int64, Int64]:
    """The different values, ascending, and the place of each among them. (As `np.unique`, which
    sorts; these values are small.)"""
    number = np.zeros(values.max() + 1, dtype=np.int64)
    number[values] = 1
    different = np.flatnonzero(number)
    number[different] = np.arange(len(different))
    return different, number[values]


def _hanging(parents: Int64, starts: Int64) -> tuple[tuple[int, ...], tuple[bool, ...]]:
    """How many nodes of each level have children, and whether its nodes hang on other places."""
    if len(starts) == 2:
        return (0,), (False,)
    cuts, below = starts[1:-1] - starts[1], parents[starts[1] :]
    own = np.arange(len(below)) - np.repeat(cuts, np.diff(starts[1:]))
    inner = np.maximum.reduceat(below, cuts) + 1
    apart = np.logical_or.reduceat(below != own, cuts)
    return (*inner.tolist(), 0), (False, *apart.tolist())


def _places(questions: Questions, time: Int64) -> tuple[Int64, Int64]:
    """The place of each token's node in its level (tokens,), and how many nodes each level has;
    `time` is a token's place in its question.

    Nodes stand in the order of the longest question that they are of, longest first, and of equally
    long ones the first.
    """
    lengths = questions.lengths
    order = np.argsort(-lengths, kind="stable")
    depth = min(int(lengths.max()), SHARED)
    place = np.empty(len(time), dtype=np.int64)
    sizes = np.searchsorted(-lengths[order], -np.arange(lengths.max()))  # of questions that go on
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    place[time >= depth] = np.repeat(rank, np.maximum(lengths - depth, 0))
    sizes[:depth] = 0
    if kernels() is None:
        _share_sorted(questions, rank, time < depth, place, sizes[:depth])
    else:
        _share_compiled(questions, order, place, sizes[:depth])
    return place, sizes


def _share_compiled(questions: Questions, order: Int64, place: Int64, sizes: Int64) -> None:
    """Write the places of the nodes on the shared levels, of which there are as many as `sizes`,
    and their sizes; `order` has the questions in the order in which nodes stand."""
    library = kernels()
    lengths, ids = np.ascontiguousarray(questions.lengths), np.ascontiguousarray(questions.ids)
    assert library is not None
    slots = 1 << int(len(ids) * 2).bit_length()
    keys = np.full(slots, -1, dtype=np.int64)
    nodes, places = np.empty((2, slots), dtype=np.int64)
    firsts = np.cumsum(lengths) - lengths
    arrays = order, firsts, lengths, ids, keys, nodes, places, sizes, place
    at = [array.ctypes.data for array in arrays]
    library.share_beginnings(len(order), len(sizes), *at[:4], slots, *at[4:])


def _share_sorted(
    questions: Questions, rank: Int64, shared: Bools, place: Int64, sizes: Int64
) -> None:
    """As `_share_compiled`, by sorting the questions like words in a dictionary; `rank` is the
    place of each question in that order, and `shared` says which tokens are on shared levels."""
    lengths, depth = questions.lengths, len(sizes)
    within = np.arange(depth) < lengths[:, None]
    words = np.zeros(within.shape, dtype=">u4")  # as bytes these sort like the numbers
    words[within] = questions.ids[shared] + 1
    by_words = words.view(f"S{4 * depth}").ravel().argsort(kind="stable")
    words, within_sorted = words[by_words], within[by_words]
    fresh = within_sorted.copy()  # where a question is the first, in this order, of its node
    fresh[1:] &= np.logical_or.accumulate(words[1:] != words[:-1], axis=1)
    level, row = np.nonzero(fresh.T)
    sizes[:] = fresh.sum(axis=0)
    first = np.cumsum(sizes) - sizes
    node = np.where(within_sorted, first + np.cumsum(fresh, axis=0) - 1, 0)  # in this order
    ranks = np.where(within_sorted, rank[by_words, None], len(rank)).T.ravel()
    longest = np.minimum.reduceat(ranks, level * len(lengths) + row)
    place_of = np.empty(len(level), dtype=np.int64)
    place_of[np.lexsort((longest, level))] = np.arange(len(level)) - first[level]
    places = np.empty(within.shape, dtype=np.int64)
    places[by_words] = place_of[node]
    place[shared] = places[within]
