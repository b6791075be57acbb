"""The random-effects mean that weights each data set by its precision, as statsmodels has it.

It stands beside the mean that decides for readers who expect it, and decides nothing: with
variances that are estimated from a few seeds its interval does not keep its confidence
(`models.studies.equal_weights`).

The variance between data sets is Paule and Mandel's, and the interval Hartung and Knapp's with the
modification of Knapp and Hartung (2003) and Roever, Knapp and Friede (2015): the estimated scale is
never below 1, so that data sets which happen to agree do not narrow it.
"""

import math
from collections.abc import Sequence

import numpy as np
from statsmodels.stats.meta_analysis import combine_effects

from models.comparison.paired_t import t_quantile
from models.comparison.schema import Interval
from models.studies.heterogeneity import MeanOfSeeds
from models.studies.schema import WeightedMean

MOST_ITERATIONS = 500


def weighted_mean(means: Sequence[MeanOfSeeds], confidence: float) -> WeightedMean | None:
    """Of at least two data sets; None where one has no spread, so that all weight would be its."""
    unit = max((one.standard_error for one in means), default=0.0)
    if len(means) < 2 or not all(one.standard_error > unit * 1e-6 for one in means):
        return None
    # in units of the largest standard error, so that no variance is too small or large for floats
    with np.errstate(all="ignore"):  # its own I2 divides by Q, which is 0 where all means agree
        found = combine_effects(
            np.array([one.mean for one in means]) / unit,
            (np.array([one.standard_error for one in means]) / unit) ** 2,
            method_re="iterated",
            maxiter=MOST_ITERATIONS,
        )
    scale = max(1.0, float(found.scale_hksj_re))
    half = -t_quantile((1 - confidence) / 2, len(means) - 1) * math.sqrt(
        scale * float(found.var_eff_w_re)
    )
    center = float(found.mean_effect_re)
    if not math.isfinite(half):
        return None
    low, high = (unit * bound for bound in (center - half, center + half))
    return WeightedMean(
        mean_difference=unit * center,
        interval=Interval(confidence=confidence, low=low, high=high),
        tau2=unit**2 * float(found.tau2),
        weights=tuple(float(weight) for weight in found.weights_rel_re),
    )
