"""BCa bootstrap interval of the mean paired difference, which need not be symmetric.

Samples of equal length share their resamples, which are drawn once for all of them; the mean of a
resample is a weighted sum. (`scipy.stats.bootstrap` draws and copies anew for each sample, and
decides by rounding whether a resample's mean is below the sample's where the two are equal, as they
often are for differences of accuracies.)
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import special

from models.comparison.resampled.drawing import times_drawn
from models.comparison.schema import Bootstrap, Interval

FEWEST_PAIRS = 10  # below, too few values to resample: the interval is far too short
RESAMPLES = 9_999
SEED = 1987
WEIGHED_AT_ONCE = 2**16  # values, while the processor still has them at hand
EQUAL = 1e-11  # two means this near, where the largest deviation is 1, differ by rounding alone

Sample = tuple[Sequence[float], float | None, float]
"""Differences, their sd (0 for no spread), and the confidence of the interval."""


def bca_bootstrap(differences: Sequence[float], sd: float | None, confidence: float) -> Bootstrap:
    """Bias-corrected and accelerated interval (Efron 1987) over the pairs; the same differences
    give the same interval. `sd` is that of the differences, 0 for no spread."""
    return bca_bootstraps([(differences, sd, confidence)])[0]


def bca_bootstraps(samples: Iterable[Sample]) -> list[Bootstrap]:
    """The interval of each sample, as `bca_bootstrap` gives it; each takes 80 KB meanwhile."""
    found: list[Bootstrap] = []
    by_length: defaultdict[int, list[tuple[int, Sequence[float], float]]] = defaultdict(list)
    for differences, sd, confidence in samples:
        missing = None
        if len(differences) < FEWEST_PAIRS:
            missing = f"fewer than {FEWEST_PAIRS} pairs are too few to resample"
        elif not sd:
            missing = "the differences have no spread"
        else:
            by_length[len(differences)].append((len(found), differences, confidence))
        found.append(Bootstrap(resamples=RESAMPLES, interval=None, missing=missing))
    for several in by_length.values():
        centred = [_centred(differences) for _, differences, _ in several]
        resampled = _resampled_means(np.array([deviations for _, _, deviations in centred]))
        for (place, _, confidence), (mean, scale, own), means in zip(
            several, centred, resampled, strict=True
        ):
            low, high = (mean + scale * end for end in _bca(own, means, confidence))
            interval = Interval(confidence=confidence, low=low, high=high)
            found[place] = Bootstrap(resamples=RESAMPLES, interval=interval, missing=None)
    return found


def _centred(differences: Sequence[float]) -> tuple[float, float, NDArray[np.float64]]:
    """Mean, and largest deviation from it, and the deviations in units of that: so the cubes in the
    acceleration neither overflow nor vanish."""
    mean = math.fsum(differences) / len(differences)
    deviations = np.array(differences) - mean
    scale = float(np.abs(deviations).max())
    return mean, scale, deviations / scale


def _bca(
    deviations: NDArray[np.float64], resampled: NDArray[np.float64], confidence: float
) -> tuple[float, float]:
    """The interval of a mean that is 0, from its N deviations and the means of the resamples."""
    ordered = np.sort(resampled)
    below = ordered.searchsorted(-EQUAL, "left") + ordered.searchsorted(EQUAL, "right")
    bias = special.ndtri(below / (2 * RESAMPLES))
    # of the jackknife: without one value the mean moves in proportion to its deviation
    acceleration = (deviations**3).sum() / (6 * (deviations**2).sum() ** 1.5)
    # (1 + confidence) / 2 may round to 1, whose quantile is infinite
    quantile = special.ndtri((1 - confidence) / 2)
    ends = bias + np.array([quantile, -quantile])
    shares = special.ndtr(bias + ends / (1 - acceleration * ends))
    low, high = (_quantile(ordered, share) for share in shares.tolist())
    return low, high


def _quantile(ordered: NDArray[np.float64], share: float) -> float:
    """The same as `np.quantile`, which would sort them for each sample and share."""
    place = share * (len(ordered) - 1)
    before = min(int(place), len(ordered) - 2)
    low, high = ordered[before : before + 2].tolist()
    return float(low + (high - low) * (place - before))


def _resampled_means(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """The means of samples [S, N] in the same resamples: [S, RESAMPLES]."""
    count = samples.shape[1]
    means = np.empty((len(samples), RESAMPLES))
    start = 0
    for times in times_drawn(count, RESAMPLES, SEED):
        at_once = max(1, WEIGHED_AT_ONCE // count)
        for first in range(0, len(times), at_once):
            weights = times[first : first + at_once].astype(np.float64)
            end = start + len(weights)
            for row, sample in zip(means, samples, strict=True):
                # one by one, so that a sample's last bits do not depend on those beside it
                np.matmul(weights, sample, out=row[start:end])
            start = end
    means /= count
    return means
