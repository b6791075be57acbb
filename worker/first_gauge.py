"""Which recorded gauge of a diverged run went wrong first: exploded, or not a number any more."""

import math
from collections.abc import Mapping, Sequence
from statistics import median

from models.metrics import Series
from models.run_problems import FirstGauge

WINDOW = 1000  # steps looked back
EXPLODED = 10.0  # times the usual value
LEAST = 5  # steps that make a usual value

GAUGES = ("s_ap_mean", "s_an_mean", "loss_per_row", "gradient_norm")
"""In the order in which a step computes them, so that of one step the first is the cause."""

UNBOUNDED = ("loss_per_row", "gradient_norm")  # similarities stay between -1 and 1


def first_gauge(
    series: Series, failing_step: int, failing: Mapping[str, float]
) -> FirstGauge | None:
    """The gauge that went first, by step and then by the order of computation.

    `series` are the recorded steps before the one that failed, in columns; `failing` the figures
    of that one, which may be none. A gauge *exploded* at the first step of the unbroken stretch, up
    to the end, in which it was more than ten times its median over the window before. None when
    neither can be said of any gauge.
    """
    found = [
        one
        for name in UNBOUNDED
        if (one := _explosion(name, series["step"], series[name])) is not None
    ]
    found += [
        FirstGauge(
            name=name, step=failing_step, what="not_finite", value=str(failing[name]), usual=None
        )
        for name in GAUGES
        if name in failing and not math.isfinite(failing[name])
    ]
    return min(found, key=lambda one: (one.step, GAUGES.index(one.name)), default=None)


def _explosion(name: str, steps: Sequence[int], values: Sequence[float]) -> FirstGauge | None:
    """The stretch is found from its end: every value in it is above ten times the usual one."""
    begin = len(values)
    while begin > LEAST:
        usual = median(values[:begin])
        if usual <= 0 or values[begin - 1] <= EXPLODED * usual:
            break
        begin -= 1
    if begin == len(values):
        return None
    usual = median(values[:begin])
    return FirstGauge(
        name=name, step=steps[begin], what="exploded", value=f"{values[begin]:.4g}", usual=usual
    )
