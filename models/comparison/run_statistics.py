"""What the runs themselves add to a comparison of their metric: collapse, and the test pairs.

The scores of the test pairs give the crossed bootstrap and McNemar's test, those of the queries the
crossed bootstrap of a metric of retrieval. An arm's files are read
once, some at a time, and what stays of them is small: bits of which pairs each run got right, and
the arm's means in each resample. Scores of a run that has succeeded never change, so that is kept
for a while: of a document that is requested again while its runs train, most arms are as before.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from models.abandonment import while_wanted
from models.byte_cache import ByteCache
from models.comparison.collapse.collapsed_counts import collapse, pairs_without_collapsed
from models.comparison.crossed_bootstrap import (
    FEWEST_SEEDS,
    ArmResamples,
    Seeds,
    Wanted,
    arm_resamples,
    crossed_bootstrap,
    no_crossed_bootstrap,
)
from models.comparison.evidence import Evidence
from models.comparison.inputs import ArmPair, ArmRuns
from models.comparison.mcnemar import mcnemar
from models.comparison.paired_t import PairedValues, rounding_of
from models.comparison.queries.resamples import SharedQueries, resampled_queries, shared_queries
from models.comparison.queries.scores import OF_QUERIES
from models.comparison.resampled.graded_values import MOST_GRADED, OF_GRADES
from models.comparison.resampled.pair_sums import (
    MOST_TEST_PAIRS,
    OF_PAIRS,
    Means,
    PackedRights,
    PairSums,
    means_of,
)
from models.comparison.resampled.stored_sums import ScoreFile, SumsReader
from models.comparison.schema import Crossed, McNemar, Statistic
from models.comparison.sign_flip import Sample, sign_flip_ps
from models.files.run_files import SCORES

RESAMPLED = (*OF_PAIRS, *OF_GRADES, *OF_QUERIES)
MCNEMAR = "test.accuracy"
SCORES_AT_ONCE = 2**21  # in memory where sums are worked out, with some 40 bytes each
RUNS_AT_ONCE = 64  # whose sums are in memory at once: 2.5 MB
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


@dataclass(frozen=True, slots=True)
class _RunFile:
    """The scores of the run of one seed, and whether they are still the same file."""

    seed: int
    scores: ScoreFile
    modified: int
    size: int


_kept: ByteCache[ArmScores] = ByteCache(MOST_KEPT_BYTES)


def run_statistics(
    evidences: Sequence[Evidence], arms: Sequence[ArmPair]
) -> Iterator[dict[str, object]]:
    """What the runs of its two arms add to each comparison: the fields of it by name, given the
    evidence and the arms in the same order."""
    scored = _scored_arms(evidences, arms)
    collapsed = {arm.name: _collapsed(arm) for pair in arms for arm in pair}
    fewer = (
        Sample([pair.difference for pair in left], rounding_of(left), one.family)
        for one, own in zip(evidences, arms, strict=True)
        if len(left := _without_collapsed(one, own)) < len(one.pairs)
    )
    ps = iter(sign_flip_ps(fewer))
    for one, own in while_wanted(zip(evidences, arms, strict=True)):
        metric, confidence, seeds = one.rule.metric, one.rule.confidence, _seeds(one)
        a, b = (arm.name for arm in own)
        left = _without_collapsed(one, own)
        p: Statistic = next(ps) if len(left) < len(one.pairs) else one.sign_flip_p
        yield {
            "collapse": collapse(left, p, collapsed[a], collapsed[b], confidence),
            "crossed_bootstrap": crossed(metric, seeds, scored[a], scored[b], confidence),
            "mcnemar": mcnemar_by_seed(seeds, scored[a], scored[b]) if metric == MCNEMAR else None,
        }


def _seeds(evidence: Evidence) -> Seeds:
    return tuple(pair.seed for pair in evidence.pairs)


def _without_collapsed(evidence: Evidence, arms: ArmPair) -> Sequence[PairedValues]:
    a, b = arms
    return pairs_without_collapsed(evidence.pairs, a.collapsed, b.collapsed)


def _collapsed(arm: ArmRuns) -> dict[int, bool]:
    """Seed -> whether the run ended collapsed."""
    collapsed = arm.collapsed
    return {seed: seed in collapsed for seed in arm.metrics}


def _scored_arms(evidences: Sequence[Evidence], arms: Sequence[ArmPair]) -> dict[str, ArmScores]:
    """The arms by name, resampled over the seeds of each of their comparisons."""
    runs: dict[str, ArmRuns] = {}
    wanted: dict[str, set[Wanted]] = {}
    for one, pair in zip(evidences, arms, strict=True):
        resampled = one.rule.metric in RESAMPLED and len(one.pairs) >= FEWEST_SEEDS
        more = {(one.rule.metric, _seeds(one))} if resampled else set()
        for arm in pair:
            runs[arm.name] = arm
            wanted.setdefault(arm.name, set()).update(more)
    return scored_arms(runs.values(), wanted)


def scored_arms(
    arms: Iterable[ArmRuns], wanted: Mapping[str, Iterable[Wanted]]
) -> dict[str, ArmScores]:
    """The scores of arms by name, with the resamples that are `wanted` of each.

    A run whose scores are missing, or of other test pairs than those of the first, is left out.
    """
    files = {arm.name: _score_files(arm) for arm in arms}
    every = sorted(
        (one.scores for own in files.values() for one in own), key=lambda one: str(one.folder)
    )
    reader = SumsReader(every)
    if reader.digest is None:
        return {name: ArmScores() for name in files}
    queries = shared_queries((one.folder for one in every), wanted.values())
    return {name: _arm_scores(own, wanted[name], reader, queries) for name, own in files.items()}


def _score_files(arm: ArmRuns) -> tuple[_RunFile, ...]:
    found = []
    for seed, folder in arm.folders.items():
        called = arm.metrics[seed].get("test.predicted_positive")
        try:
            file = os.stat(f"{folder}/{SCORES}")  # a `Path` takes as long as the look
        except OSError:
            continue
        if called is not None:
            scores = ScoreFile(folder, called)
            found.append(_RunFile(seed, scores, file.st_mtime_ns, file.st_size))
    return tuple(found)


def _arm_scores(
    files: tuple[_RunFile, ...],
    wanted: Iterable[Wanted],
    reader: SumsReader,
    queries: SharedQueries | None,
) -> ArmScores:
    key = files, frozenset(wanted), reader.digest, queries.digest if queries else None
    known = _kept.get(key)
    if known is None:
        known = _read_arm(files, key[1], reader)
        if queries is not None:
            folders = {file.seed: file.scores.folder for file in files}
            more = resampled_queries(folders, key[1], queries)
            known = replace(known, resamples={**known.resamples, **more})
        resampled = sum(3 * one.both.nbytes for one in known.resamples.values())
        _kept.put(key, known, known.rights.nbytes + resampled + 1_000 * len(files))
    return known


def _read_arm(
    files: Sequence[_RunFile], wanted: frozenset[Wanted], reader: SumsReader
) -> ArmScores:
    of_pairs = [one for one in wanted if one[0] in (*OF_PAIRS, *OF_GRADES)]
    places: dict[int, int] = {}
    rights: list[NDArray[np.uint64]] = []
    means: dict[str, list[Means]] = {metric: [] for metric, _ in of_pairs}
    at_once = min(RUNS_AT_ONCE, max(1, SCORES_AT_ONCE // reader.test_pairs))
    for start in while_wanted(range(0, len(files), at_once)):
        some = files[start : start + at_once]
        read = reader.read([file.scores for file in some])
        here = [(file.seed, one) for file, one in zip(some, read, strict=True) if one is not None]
        for seed, one in here:
            places[seed] = len(places)
            rights.append(one.right)
        for metric, block in _means([one for _, one in here], means, reader.test_pairs):
            means[metric].append(block)
    if not rights:
        return ArmScores(reader.test_pairs)
    whole = {metric: np.concatenate(blocks) for metric, blocks in means.items() if blocks}
    resamples = {
        (metric, seeds): arm_resamples(whole[metric][[places[seed] for seed in seeds]])
        for metric, seeds in of_pairs
        if len(whole.get(metric, ())) == len(places) and all(seed in places for seed in seeds)
    }
    return ArmScores(reader.test_pairs, places, np.stack(rights), resamples)


def _means(
    runs: Sequence[PairSums], metrics: Iterable[str], test_pairs: int
) -> Iterator[tuple[str, Means]]:
    """Each of these metrics of runs under each resample, as far as all of them have it."""
    sums = [one.sums for one in runs if one.sums is not None]
    of_pairs = means_of(sums, test_pairs) if sums and {*OF_PAIRS} & {*metrics} else {}
    for metric in metrics:
        graded = [one.graded[metric] for one in runs if metric in one.graded]
        if metric in of_pairs:
            yield metric, of_pairs[metric]
        elif graded and len(graded) == len(runs):
            yield metric, np.stack(graded)


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
    most = MOST_GRADED if metric in OF_GRADES else MOST_TEST_PAIRS
    if metric not in OF_QUERIES and a.test_pairs > most:
        return no_crossed_bootstrap(f"there are more than {most:,} test pairs")
    if not (wanted in a.resamples and wanted in b.resamples):
        return no_crossed_bootstrap(
            "the runs are from before what people said of the test pairs was kept with their scores"
        )
    of_a, of_b = (side.resamples[wanted] for side in (a, b))
    return crossed_bootstrap(of_a, of_b, confidence)


def mcnemar_by_seed(seeds: Sequence[int], a: ArmScores, b: ArmScores) -> McNemar:
    """McNemar's test of each paired seed whose two runs both have scores."""
    both = [seed for seed in seeds if seed in a.places and seed in b.places]
    if not both:
        return McNemar(seeds=())
    of_a, of_b = (side.rights[[side.places[seed] for seed in both]] for side in (a, b))
    return McNemar(seeds=mcnemar(both, of_a, of_b, a.test_pairs))
