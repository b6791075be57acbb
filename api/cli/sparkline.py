"""A curve as one line of text, for a terminal."""

import math
from collections.abc import Sequence

BLOCKS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float], width: int) -> str:
    """Return at most `width` blocks, each for the mean of as many values, between the extremes.

    The scale is logarithmic where every value is above zero, as losses are. Values that are not
    finite are left out.
    """
    kept = [value for value in values if math.isfinite(value)]
    if not kept:
        return ""
    count = min(width, len(kept))
    edges = [len(kept) * index // count for index in range(count + 1)]
    means = [
        math.fsum(kept[start:end]) / (end - start)
        for start, end in zip(edges[:-1], edges[1:], strict=True)
    ]
    if min(means) > 0:
        means = [math.log(mean) for mean in means]
    low, span = min(means), max(means) - min(means)
    if not span > 0:
        return BLOCKS[0] * count
    top = len(BLOCKS) - 1
    return "".join(BLOCKS[min(top, round((mean - low) / span * top))] for mean in means)
