"""What giving both arms the same seeds gained: it may halve the seeds needed, or do nothing."""

import math
from collections.abc import Sequence

import numpy as np

from models.comparison.paired_t import AnyPair, mean_and_sd, sides_of
from models.comparison.schema import Effect, Pairing
from models.numbers_in_words import significant

FEWEST_PAIRS = 3  # two points always correlate perfectly
NO_DIFFERENCE = 0.1  # how far from 1 a variance ratio may lie and still say nothing


def pairing_gain(pairs: Sequence[AnyPair], sd: float | None) -> Pairing | None:
    """Correlation of the arms over the seeds, and s_d^2 / (s_a^2 + s_b^2) with `sd` as s_d.

    None with fewer than three pairs, or when an arm has the same value under every seed.
    """
    if len(pairs) < FEWEST_PAIRS or sd is None:
        return None
    sides = sides_of(pairs)
    spreads = [mean_and_sd(side)[1] or 0.0 for side in sides]
    if not min(spreads):
        return None
    ratio = (sd / math.hypot(*spreads)) ** 2
    effect, sentence = _in_words(ratio, len(pairs))
    return Pairing(
        correlation=_correlation(*sides), variance_ratio=ratio, effect=effect, sentence=sentence
    )


def _correlation(a: Sequence[float], b: Sequence[float]) -> float:
    """Pearson's, of values scaled to at most 1 so that no square overflows or vanishes."""
    scaled = []
    for side in (a, b):
        centred = np.array(side) - math.fsum(side) / len(side)
        scaled.append(centred / np.abs(centred).max())
    return float(np.clip(np.corrcoef(*scaled)[0, 1], -1, 1))


def _in_words(ratio: float, n: int) -> tuple[Effect, str]:
    """The effect as a value and as a sentence."""
    times = f"{significant(ratio, 2)} times the variance"
    share = f"the difference has {times} that unpaired seeds would give"
    if ratio < 1 - NO_DIFFERENCE:
        if ratio > 1e-6:
            share += (
                f", so {n} paired seeds say as much as {significant(n / ratio, 3)} unpaired ones"
            )
        return "helped", f"Pairing helped: {share}."
    if ratio <= 1 + NO_DIFFERENCE:
        return "made no difference", f"Pairing made no difference: {share}."
    return "hurt", f"Pairing hurt: {share}; under one seed the arms tend to move apart."
