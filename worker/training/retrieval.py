"""How well the known duplicates of a question are found among all questions of the test part.

Every query is compared with every other text, and the texts are ranked by cosine similarity, the
query itself left out. **Of equal similarities those that are not relevant come first**: so the
ranks depend on no order of rows, and a network that gives all questions one vector finds nothing.
(What a matrix product rounds differently is not equal.)

Only similarities are looked for, not who has them: a duplicate's rank follows from how many are at
least as similar, which the largest few tell. The definitions are in `docs/retrieval_metrics.md`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from models.metrics import RetrievalMetrics
from worker.training.data import Int64, RunData

CUT = 10
"""Of the metrics that look at the first few."""
SIMILARITIES_AT_ONCE = 2**22  # 16 MB

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Retrieved:
    """What each of Q queries has of each metric, in their order: arrays (Q,)."""

    query: Int64
    """The number of the question."""
    group: Int64
    """Its duplicate group: queries of one group are not independent."""
    mrr_at_10: Doubles
    recall_at_1: Doubles
    recall_at_10: Doubles
    map_at_r: Doubles
    ndcg_at_10: Doubles

    def metrics(self) -> RetrievalMetrics:
        """The means over the queries."""
        values = {name: float(getattr(self, name).mean()) for name in OF_A_QUERY}
        return RetrievalMetrics(queries=len(self.query), **values)


OF_A_QUERY = tuple(
    field.name for field in fields(Retrieved) if field.name not in ("query", "group")
)


@torch.no_grad()
def retrieve(data: RunData, vectors: Tensor) -> Retrieved | None:
    """Search the corpus of `data` for each query, given the unit vectors of the questions of all
    test rows in their order: (2 len(data.test), width). None without queries."""
    if not len(data.queries):
        return None
    places = _places(data.test, data.corpus)
    corpus = vectors[torch.from_numpy(places).to(vectors.device)]
    queries = np.searchsorted(data.corpus, data.queries)
    groups = data.groups[data.corpus]
    values = np.empty((len(OF_A_QUERY), len(queries)))
    for block, ranks, relevant in _ranked(corpus, queries, groups):
        values[:, block] = _values(ranks, relevant)
    group = groups[queries].astype(np.int64)
    return Retrieved(data.queries, group, **dict(zip(OF_A_QUERY, values, strict=True)))


def _places(rows: Int64, questions: Int64) -> Int64:
    """Where among the questions of ascending rows each of these questions is."""
    return 2 * np.searchsorted(rows, questions // 2) + questions % 2


def _ranked(
    corpus: Tensor, queries: Int64, groups: npt.NDArray[np.int32]
) -> Iterator[tuple[Int64, Doubles, Int64]]:
    """Yield some queries at a time: which they are, the ranks of their relevant texts from the best
    on (some, widest; infinite beyond those there are), and how many those are (some,)."""
    by_group = np.argsort(groups, kind="stable")
    ordered = groups[by_group]
    starts = np.searchsorted(ordered, groups[queries])
    sizes = np.searchsorted(ordered, groups[queries], side="right") - starts
    # queries with as many relevant texts together, so that few are filled up to the most
    order = np.argsort(sizes, kind="stable")
    rows = max(1, SIMILARITIES_AT_ONCE // len(groups))
    for start in range(0, len(queries), rows):
        block = order[start : start + rows]
        columns = np.arange(sizes[block].max())
        within = columns < sizes[block, None]
        members = by_group[np.where(within, starts[block, None] + columns, 0)]
        relevant = within & (members != queries[block, None])
        ranks = _ranks(corpus, queries[block], members, relevant)
        yield block, ranks, sizes[block] - 1


def _ranks(
    corpus: Tensor, queries: Int64, members: Int64, relevant: npt.NDArray[np.bool_]
) -> Doubles:
    """The ranks of the relevant members of each query's group (some, M), best first, exact up to
    what any metric looks at; the last columns are infinite where there are fewer."""
    device = corpus.device
    own = torch.from_numpy(queries).to(device)[:, None]
    similarities = (corpus[own[:, 0]] @ corpus.T).scatter_(1, own, -torch.inf)
    theirs = similarities.gather(1, torch.from_numpy(members).to(device))
    theirs = theirs.masked_fill(torch.from_numpy(~relevant).to(device), -torch.inf)
    best = theirs.sort(dim=1, descending=True).values
    # no rank above this counts, and up to it at most so many are as similar
    looked_at = max(CUT, members.shape[1]) + members.shape[1]
    top = similarities.topk(min(looked_at, len(corpus)), dim=1).values
    others = _at_least(top, best) - _at_least(best, best)
    number = torch.arange(1, members.shape[1] + 1, device=device)
    ranks = torch.where(torch.isinf(best), torch.inf, (number + others).double())
    return ranks.cpu().numpy()


def _at_least(descending: Tensor, values: Tensor) -> Tensor:
    """How many of each row are not below each of its values."""
    return descending.shape[1] - torch.searchsorted(descending.flip(1), values)


def _values(ranks: Doubles, relevant: Int64) -> Doubles:
    """Each metric of some queries from the ranks of their relevant texts: (metrics, some)."""
    number = np.arange(1, ranks.shape[1] + 1)
    gains = np.where(ranks <= CUT, 1 / np.log2(1 + ranks), 0.0).sum(axis=1)
    ideal = np.cumsum(1 / np.log2(1 + np.arange(1, CUT + 1)))[np.minimum(relevant, CUT) - 1]
    precisions = np.where(ranks <= relevant[:, None], number / ranks, 0.0).sum(axis=1)
    values = {
        "mrr_at_10": np.where(ranks[:, 0] <= CUT, 1 / ranks[:, 0], 0.0),
        "recall_at_1": (ranks <= 1).sum(axis=1) / relevant,
        "recall_at_10": (ranks <= CUT).sum(axis=1) / relevant,
        "map_at_r": precisions / relevant,
        "ndcg_at_10": gains / ideal,
    }
    return np.stack([values[name] for name in OF_A_QUERY])
