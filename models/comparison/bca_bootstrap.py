"""BCa bootstrap interval of the mean paired difference, which need not be symmetric."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from scipy import stats

from models.comparison.schema import Bootstrap, Interval

FEWEST_PAIRS = 10  # below, too few values to resample: the interval is far too short
RESAMPLES = 9_999
SEED = 1987


def bca_bootstrap(differences: Sequence[float], sd: float | None, confidence: float) -> Bootstrap:
    """Bias-corrected and accelerated interval (Efron 1987) over the pairs, computed by `scipy`; the
    same differences give the same interval. `sd` is that of the differences, 0 for no spread."""
    missing = None
    if len(differences) < FEWEST_PAIRS:
        missing = f"fewer than {FEWEST_PAIRS} pairs are too few to resample"
    elif not sd:
        missing = "the differences have no spread"
    if missing:
        return Bootstrap(resamples=RESAMPLES, interval=None, missing=missing)
    low, high = _bca(tuple(differences), confidence)
    interval = Interval(confidence=confidence, low=low, high=high)
    return Bootstrap(resamples=RESAMPLES, interval=interval, missing=None)


@lru_cache(maxsize=1024)  # a document is requested again and again while its runs train
def _bca(differences: tuple[float, ...], confidence: float) -> tuple[float, float]:
    # scaled, so that the cubes in the acceleration neither overflow nor vanish
    scale = max(map(abs, differences))
    interval = stats.bootstrap(
        (np.array(differences) / scale,),
        np.mean,
        n_resamples=RESAMPLES,
        confidence_level=confidence,
        method="BCa",
        rng=np.random.default_rng(SEED),
    ).confidence_interval
    return float(interval.low) * scale, float(interval.high) * scale
