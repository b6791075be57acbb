"""What the runs themselves add to a comparison of their metric: collapse, and the test pairs.

The scores of the test pairs give the crossed bootstrap and McNemar's test, those of the queries the
crossed bootstrap of a metric of retrieval. An arm's files are read
once, some at a time, and what stays of them is small: bits of which pairs each run got right, and
the arm's means in each resample. Scores of a run that has succeeded never change, so that is kept
for a while: of a document that is requested again while its runs train, most arms are as before.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np

from models.abandonment import while_wanted
from models.byte_cache import ByteCache
from models.comparison.collapse.collapsed_counts import collapse, pairs_without_collapsed
from models.comparison.crossed_bootstrap import (
    FEWEST_SEEDS,
    MOST_TEST_PAIRS,
    OF_PAIRS,
    ArmResamples,
    Means,
    PairResamples,
    Seeds,
    Wanted,
    arm_resamples,
    crossed_bootstrap,
    no_crossed_bootstrap,
)
from models.comparison.inputs import ArmPair, ArmRuns
from models.comparison.mcnemar import PackedRights, mcnemar, packed_rights
from models.comparison.paired_t import rounding_of
from models.comparison.queries.resamples import SharedQueries, resampled_queries, shared_queries
from models.comparison.queries.scores import OF_QUERIES
from models.comparison.schema import Comparison, Crossed, McNemar, Statistic
from models.comparison.scores import FILE, PairScores, read_scores
from models.comparison.sign_flip import sign_flip_ps

RESAMPLED = (*OF_PAIRS, *OF_QUERIES)
MCNEMAR = "test.accuracy"
SCORES_AT_ONCE = 2**22  # in memory, with some 20 bytes each
MOST_KEPT_BYTES = 32 * 2**20


@dataclass(frozen=True, slots=True, eq=False)
class ArmScores:
    """The runs of one arm that have scores of the same test pairs as all others."""

    test_pairs: int = 0
    places: Mapping[int, int] = field(default_factory=dict)
    """Seed -> row of `rights`."""
    rights: PackedRights = field(default_factory=lambda: np.zeros((0, 0), np.uint64))
    resamples: Mapping[Wanted, ArmResamples] = field(default_factory=dict)
    """Of what was wanted; none where there are too many test pairs."""


class _ScoreFile(NamedTuple):
    """The scores of one run, and whether they are still the same file."""

    seed: int
    folder: Path
    called: float
    """The share of the test pairs that the run called duplicates."""
    modified: int
    size: int


class _TestPairs:
    """The test pairs that all runs are to share: those of the first file that can be read."""

    def __init__(self, first: PairScores) -> None:
        self.first, self.digest = first, first.pairs_digest()

    @cached_property  # of 10,240 pairs 10 MB, only while arms are read
    def resamples(self) -> PairResamples:
        return PairResamples(self.first.label)


_kept: ByteCache[ArmScores] = ByteCache(MOST_KEPT_BYTES)


def with_run_statistics(
    comparisons: Sequence[Comparison], arms: Sequence[ArmPair], confidences: Sequence[float]
) -> list[Comparison]:
    """Each comparison with what the runs of its two arms add; arms and confidences of the intervals
    in the same order."""
    paired_seeds = [tuple(pair.seed for pair in one.pairs) for one in comparisons]
    scored = _scored_arms(comparisons, arms, paired_seeds)
    without = [
        pairs_without_collapsed(one.pairs, a.collapsed, b.collapsed)
        for one, (a, b) in zip(comparisons, arms, strict=True)
    ]
    changed = [len(left) < len(one.pairs) for one, left in zip(comparisons, without, strict=True)]
    fewer = [left for left, differs in zip(without, changed, strict=True) if differs]
    ps = iter(sign_flip_ps(([one.difference for one in left], rounding_of(left)) for left in fewer))
    told = []
    for one, (a, b), seeds, left, differs, confidence in while_wanted(
        zip(comparisons, arms, paired_seeds, without, changed, confidences, strict=True)
    ):
        of_a, of_b = scored[a.name], scored[b.name]
        p: Statistic = next(ps) if differs else one.sign_flip_p
        update = {
            "collapse": collapse(left, p, _collapsed(a), _collapsed(b), confidence),
            "crossed_bootstrap": crossed(one.metric, seeds, of_a, of_b, confidence),
            "mcnemar": mcnemar_by_seed(seeds, of_a, of_b) if one.metric == MCNEMAR else None,
        }
        told.append(one.model_copy(update=update))
    return told


def _collapsed(arm: ArmRuns) -> dict[int, bool]:
    """Seed -> whether the run ended collapsed."""
    collapsed = arm.collapsed
    return {seed: seed in collapsed for seed in arm.metrics}


def _scored_arms(
    comparisons: Sequence[Comparison], arms: Sequence[ArmPair], paired_seeds: Sequence[Seeds]
) -> dict[str, ArmScores]:
    """The arms by name, resampled over the seeds of each of their comparisons."""
    runs: dict[str, ArmRuns] = {}
    wanted: dict[str, set[Wanted]] = {}
    for one, pair, seeds in zip(comparisons, arms, paired_seeds, strict=True):
        for arm in pair:
            runs[arm.name] = arm
            own = wanted.setdefault(arm.name, set())
            if one.metric in RESAMPLED and len(seeds) >= FEWEST_SEEDS:
                own.add((one.metric, seeds))
    return scored_arms(runs.values(), wanted)


def scored_arms(
    arms: Iterable[ArmRuns], wanted: Mapping[str, Iterable[Wanted]]
) -> dict[str, ArmScores]:
    """The scores of arms by name, with the resamples that are `wanted` of each.

    A run whose scores are missing, or of other test pairs than those of the first, is left out.
    """
    files = {arm.name: _score_files(arm) for arm in arms}
    by_folder = sorted((one for own in files.values() for one in own), key=lambda one: one.folder)
    for file in by_folder:
        first = read_scores(file.folder, file.called)
        if first is not None:
            pairs = _TestPairs(first)
            queries = shared_queries((one.folder for one in by_folder), wanted.values())
            return {
                name: _arm_scores(own, wanted[name], pairs, queries) for name, own in files.items()
            }
    return {name: ArmScores() for name in files}


def _score_files(arm: ArmRuns) -> tuple[_ScoreFile, ...]:
    found = []
    for seed, folder in arm.folders.items():
        called = arm.metrics[seed].get("test.predicted_positive")
        try:
            file = (folder / FILE).stat()
        except OSError:
            continue
        if called is not None:
            found.append(_ScoreFile(seed, folder, called, file.st_mtime_ns, file.st_size))
    return tuple(found)


def _arm_scores(
    files: tuple[_ScoreFile, ...],
    wanted: Iterable[Wanted],
    pairs: _TestPairs,
    queries: SharedQueries | None,
) -> ArmScores:
    key = files, frozenset(wanted), pairs.digest, queries.digest if queries else None
    known = _kept.get(key)
    if known is None:
        known = _read_arm(files, key[1], pairs)
        if queries is not None:
            folders = {file.seed: file.folder for file in files}
            more = resampled_queries(folders, key[1], queries)
            known = replace(known, resamples={**known.resamples, **more})
        resampled = sum(3 * one.both.nbytes for one in known.resamples.values())
        _kept.put(key, known, known.rights.nbytes + resampled + 1_000 * len(files))
    return known


def _read_arm(
    files: Sequence[_ScoreFile], wanted: frozenset[Wanted], pairs: _TestPairs
) -> ArmScores:
    test_pairs = len(pairs.first.row)
    at_once = max(1, SCORES_AT_ONCE // test_pairs)
    places: dict[int, int] = {}
    rights: list[PackedRights] = []
    of_pairs = [one for one in wanted if one[0] in OF_PAIRS]
    means: dict[str, list[Means]] = {metric: [] for metric, _ in of_pairs}
    for start in range(0, len(files), at_once):
        scores = []
        for file in while_wanted(files[start : start + at_once]):
            one = read_scores(file.folder, file.called)
            if one is not None and one.same_pairs(pairs.first):
                places[file.seed] = len(places)
                scores.append(one)
        if not scores:
            continue
        rights.append(packed_rights(np.stack([one.right for one in scores])))
        if means and test_pairs <= MOST_TEST_PAIRS:
            resampled = pairs.resamples.means(scores)
            for metric, blocks in means.items():
                blocks.append(resampled[metric])
    if not rights:
        return ArmScores(test_pairs)
    resamples = {
        (metric, seeds): arm_resamples(
            np.concatenate(means[metric])[[places[seed] for seed in seeds]]
        )
        for metric, seeds in of_pairs
        if means[metric] and all(seed in places for seed in seeds)
    }
    return ArmScores(test_pairs, places, np.concatenate(rights), resamples)


def crossed(
    metric: str, seeds: Sequence[int], a: ArmScores, b: ArmScores, confidence: float
) -> Crossed | None:
    """The crossed bootstrap over the paired `seeds`; None for a metric without one, and without an
    interval where there are too few seeds, or not all their scores."""
    if metric not in RESAMPLED:
        return None
    if len(seeds) < FEWEST_SEEDS:
        return no_crossed_bootstrap(
            f"fewer than {FEWEST_SEEDS} seeds say too little about other seeds"
        )
    if not all(seed in side.places for side in (a, b) for seed in seeds):
        return no_crossed_bootstrap(
            "the scores of the test pairs are not all in this service's data folder"
        )
    wanted = metric, tuple(seeds)
    if metric in OF_QUERIES and not (wanted in a.resamples and wanted in b.resamples):
        return no_crossed_bootstrap(
            "the scores of the queries are not all in this service's data folder"
        )
    if metric in OF_PAIRS and a.test_pairs > MOST_TEST_PAIRS:
        return no_crossed_bootstrap(f"there are more than {MOST_TEST_PAIRS:,} test pairs")
    of_a, of_b = (side.resamples[wanted] for side in (a, b))
    return crossed_bootstrap(of_a, of_b, confidence)


def mcnemar_by_seed(seeds: Sequence[int], a: ArmScores, b: ArmScores) -> McNemar:
    """McNemar's test of each paired seed whose two runs both have scores."""
    both = [seed for seed in seeds if seed in a.places and seed in b.places]
    if not both:
        return McNemar(seeds=())
    of_a, of_b = (side.rights[[side.places[seed] for seed in both]] for side in (a, b))
    return McNemar(seeds=mcnemar(both, of_a, of_b, a.test_pairs))
