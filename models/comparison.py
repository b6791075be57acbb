"""Two arms over their paired seeds: estimate, interval, tests, verdict.

One seed fixes the initial weights and the batch order of both arms, so the unit of evidence is the
difference a - b under one seed. What may be claimed from those differences, and for which kinds of
noise, is said in `models.verdict`. Pure functions: the answer follows from the runs alone.
"""

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from scipy.special import stdtr, stdtrit

from models.verdict import Evidence, Verdict, check_rule, decide, is_loss, sentence

Figure = float | None
EXACT_PAIRS = 40  # two sorted halves of at most 2^20 sums each, about 0.2 s
MONTE_CARLO_DRAWS = 99_999  # so that p is a multiple of 1/100,000
LARGEST_VALUE = 1e100  # beyond any float32 figure, small enough that no result overflows
ROUNDING = 1e-13  # relative error allowed to a float difference: far below 1/10,240


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Pair(_Frozen):
    """One seed under both arms; `difference` is a - b."""

    seed: int
    a: float
    b: float
    difference: float


class Summary(_Frozen):
    """One arm over *all* its succeeded runs, paired or not; None where n allows no figure."""

    n: int
    mean: Figure
    sd: Figure
    median: Figure
    min: Figure
    max: Figure


class Summaries(_Frozen):
    """The two arms, each on its own."""

    a: Summary
    b: Summary


class Interval(_Frozen):
    """A t interval of the mean difference."""

    confidence: float
    low: float
    high: float


class Equivalence(_Frozen):
    """TOST: `p` is the larger of the two one-sided p of "beyond -margin" and "beyond +margin"."""

    margin: float
    p: float


class Comparison(_Frozen):
    """The answer, in the words of the results document; None where no figure is possible."""

    a: str
    b: str
    metric: str
    higher_is_better: bool
    pairs: tuple[Pair, ...]
    summaries: Summaries
    mean_difference: Figure
    sd_difference: Figure
    interval: Interval | None
    sign_flip_p: Figure
    equivalence: Equivalence | None
    verdict: Verdict
    sentence: str


def compare(
    a: Mapping[int, float],
    b: Mapping[int, float],
    *,
    a_name: str,
    b_name: str,
    metric: str,
    equivalence_margin: float,
    confidence: float,
    expected_pairs: int | None = None,
) -> Comparison:
    """Compare two arms, given seed -> metric value of their succeeded runs.

    Pairs are the seeds in both mappings, ascending; all figures but p are in the metric's unit.
    A mean difference and a sign-flip p need one pair; an sd, an interval and TOST two; a decided
    verdict six (`models.verdict`).
    `expected_pairs` is the number of seeds planned; it only changes the sentence.

    Raises ValueError for a value that is not finite, a margin that is not positive, or a confidence
    outside (0.5, 1).
    """
    check_rule(equivalence_margin, confidence)
    _check_values(a_name, a)
    _check_values(b_name, b)
    pairs = _paired(a, b)
    rounding = ROUNDING * max((max(abs(pair.a), abs(pair.b)) for pair in pairs), default=0.0)
    differences = [pair.difference for pair in pairs]
    mean, sd = _mean_and_sd(differences, rounding)
    bounds = _t_bounds(mean, sd, len(pairs), confidence)
    tost = _tost_p(mean, sd, len(pairs), equivalence_margin, rounding)
    evidence = Evidence(
        a=a_name,
        b=b_name,
        metric=metric,
        pairs=len(pairs),
        margin=equivalence_margin,
        confidence=confidence,
        mean=mean,
        bounds=bounds,
        inner_bounds=_t_bounds(mean, sd, len(pairs), 2 * confidence - 1),
        sign_flip_p=sign_flip_p(differences, slack=rounding),
        tost_p=tost,
        expected_pairs=expected_pairs,
    )
    verdict = decide(evidence)
    return Comparison(
        a=a_name,
        b=b_name,
        metric=metric,
        higher_is_better=not is_loss(metric),
        pairs=pairs,
        summaries=Summaries(a=summarise(a.values()), b=summarise(b.values())),
        mean_difference=mean,
        sd_difference=sd,
        interval=bounds and Interval(confidence=confidence, low=bounds[0], high=bounds[1]),
        sign_flip_p=evidence.sign_flip_p,
        equivalence=None if tost is None else Equivalence(margin=equivalence_margin, p=tost),
        verdict=verdict,
        sentence=sentence(evidence, verdict),
    )


def summarise(values: Iterable[float]) -> Summary:
    """Mean, sample sd (n - 1), median and range of one arm's values."""
    points = sorted(float(value) for value in values)
    mean, sd = _mean_and_sd(points, rounding=0.0)
    if not points:
        return Summary(n=0, mean=mean, sd=sd, median=None, min=None, max=None)
    median = statistics.median(points)
    return Summary(n=len(points), mean=mean, sd=sd, median=median, min=points[0], max=points[-1])


def sign_flip_p(differences: Sequence[float], *, slack: float = 0.0) -> Figure:
    """Two-sided sign-flip p: the share of the 2^N sign patterns with |sum| >= the observed |sum|.

    **Exact up to 40 pairs; beyond, a Monte Carlo with a fixed seed and p = (k + 1) / (m + 1)** over
    m = 99,999 patterns (Phipson and Smyth 2010), so the p is deterministic and never 0.
    `slack` is the rounding error of one difference: sums that close to the observed one count as
    ties, so that the identity pattern always counts. None without differences.
    """
    if not differences:
        return None
    # The sums below are added up in another order than this one, hence ROUNDING beside the slack.
    allowed = len(differences) * slack + ROUNDING * math.fsum(map(abs, differences))
    threshold = abs(math.fsum(differences)) - allowed
    if threshold <= 0:
        return 1.0
    tail = _exact_tail if len(differences) <= EXACT_PAIRS else _sampled_tail
    return tail(differences, threshold)


def _exact_tail(differences: Sequence[float], threshold: float) -> float:
    """Meet in the middle: a binary search counts, for each sum of the left half, the right sums
    that reach the threshold with it. Patterns come in opposite pairs, so the tails are alike."""
    middle = len(differences) // 2
    left, right = _signed_sums(differences[:middle]), _signed_sums(differences[middle:])
    short = int(np.searchsorted(right, threshold - left, side="left").sum())
    return 2 - 2 * short / (left.size * right.size)


def _signed_sums(differences: Sequence[float]) -> NDArray[np.float64]:
    """All 2^N sums of +-differences, ascending: shape [2^N]."""
    sums = np.zeros(1)
    for difference in differences:
        sums = np.concatenate([sums - difference, sums + difference])
    return np.sort(sums)


def _sampled_tail(differences: Sequence[float], threshold: float) -> float:
    generator = np.random.default_rng(0)
    sums = np.zeros(MONTE_CARLO_DRAWS)
    for difference in differences:
        sums += np.where(generator.random(MONTE_CARLO_DRAWS) < 0.5, -difference, difference)
    reaching = int(np.count_nonzero(np.abs(sums) >= threshold))
    return (reaching + 1) / (MONTE_CARLO_DRAWS + 1)


def _t_bounds(mean: Figure, sd: Figure, n: int, confidence: float) -> tuple[float, float] | None:
    """mean +- t((1 + confidence) / 2, n - 1) sd / sqrt(n), by the lower tail, which cannot round to
    1; a point when all differences agree."""
    if mean is None or sd is None:
        return None
    half = -float(stdtrit(n - 1, (1 - confidence) / 2)) * sd / math.sqrt(n)
    return mean - half, mean + half


def _tost_p(mean: Figure, sd: Figure, n: int, margin: float, rounding: float) -> Figure:
    """The larger one-sided p of t = (margin -+ mean) / (sd / sqrt n), n - 1 degrees (Schuirmann
    1987). Without spread the mean is known: 0 inside the margin, 1 on it or beyond."""
    if mean is None or sd is None:
        return None
    room = margin - abs(mean)
    if sd == 0:
        return 0.0 if room > rounding else 1.0
    return float(stdtr(n - 1, -room * math.sqrt(n) / sd))


def _mean_and_sd(values: Sequence[float], rounding: float) -> tuple[Figure, Figure]:
    """Mean and sample sd (n - 1), safe at any size of the values. A spread within rounding is none:
    0.3 - 0.2 and 0.2 - 0.1 differ in their last bits only because they are binary."""
    if not values:
        return None, None
    low, high = min(values), max(values)
    mean = min(max(math.fsum(values) / len(values), low), high)  # the division may round past them
    if len(values) < 2:
        return mean, None
    if high - low <= rounding:
        return mean, 0.0
    return mean, math.hypot(*(value - mean for value in values)) / math.sqrt(len(values) - 1)


def _paired(a: Mapping[int, float], b: Mapping[int, float]) -> tuple[Pair, ...]:
    seeds = sorted(a.keys() & b.keys())
    values = [(s, float(a[s]), float(b[s])) for s in seeds]
    return tuple(Pair(seed=s, a=x, b=y, difference=x - y) for s, x, y in values)


def _check_values(name: str, values: Mapping[int, float]) -> None:
    for seed, value in values.items():
        if not abs(value) <= LARGEST_VALUE:  # true for NaN too
            raise ValueError(f"{name}, seed {seed}: {value} is not a finite metric value")
