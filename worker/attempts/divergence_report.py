"""The problem document of a training that diverged, in two parts.

`first_gauge` finds in the recorded steps which gauge left its usual range first;
`diverged_problem` says so, with the likely cause and the setting to change.
"""

import math
from collections.abc import Mapping, Sequence
from statistics import median

from models.metrics import STEP_METRICS
from models.specs.experiment import ExperimentSpec
from models.specs.losses import LossSpec
from models.store.metrics.rows import Series
from models.store.run_life.run_problems import PREFIX, FirstGauge, RunProblem
from worker.training.divergence import Diverged
from worker.training.schedules import learning_rate

WINDOW = 1000  # steps that are read, up to the one that failed
EXPLODED = 10.0  # times the usual value
LEAST = 5  # steps from which a usual value can be told

GAUGES = ("s_ap_mean", "s_an_mean", "loss_per_row", "gradient_norm")
"""In the order in which a step computes them, so that of one step the first is the cause."""

UNBOUNDED = ("loss_per_row", "gradient_norm")  # similarities stay between -1 and 1


def diverged_problem(
    fault: Diverged, own: ExperimentSpec, series: Series, attempt: int
) -> RunProblem:
    """The document of a fault; `own` is the arm's own spec, `series` the last `WINDOW` recorded
    steps of the run, in columns."""
    first = first_gauge(series, fault.step, fault.metrics)
    cause, advice = _why(fault, own)
    return RunProblem(
        type=f"{PREFIX}diverged",
        title="The training diverged",
        detail=f"{fault}{_clause(first)}",
        attempt=attempt,
        step=fault.step,
        cause=cause,
        advice=advice,
        first_gauge=first,
    )


def _clause(first: FirstGauge | None) -> str:
    """Which gauge left its usual range first, as the end of a sentence."""
    if first is None:
        return ""
    gauge = f"the {STEP_METRICS[first.name].label} ({first.name})"
    left = f"; {gauge} was the first to leave its usual range"
    if first.what == "exploded":
        return (
            f"{left}: it exploded at step {first.step}, "
            f"to {first.value}, where {first.usual:.4g} is usual"
        )
    return f"{left}: it was {first.value} at step {first.step}"


def _why(fault: Diverged, own: ExperimentSpec) -> tuple[str, str]:
    """The likely cause and the advice, each with the setting that is to blame."""
    optimizer = own.optimizer
    match fault.culprit:
        case "eps":
            return (
                f"Adam divided by optimizer.eps alone, where a weight's second moment was zero, "
                f"and {getattr(optimizer, 'eps', 0):g} is too small for single precision.",
                "A larger optimizer.eps helps: 1e-8 is PyTorch's, 1e-5 Trax's.",
            )
        case "loss":
            return (
                "The similarities were finite, but the loss computed from them was not: it left "
                "the range of single precision.",
                f"A smaller {_loss_settings(own.arms[0].loss)} helps.",
            )
        case "update" | "gradient":
            lr = learning_rate(optimizer, max(fault.step, 1), own.steps)
            return (
                "The gradient grew until it, or the weights it moved, left the range of single "
                f"precision; the learning rate was {lr:.4g} then.",
                f"A lower optimizer.lr than {optimizer.lr:g}, a longer warm-up or optimizer.clip "
                f"usually helps; so "
                f"does a smaller {_loss_settings(own.arms[0].loss)}.",
            )


def _loss_settings(loss: LossSpec) -> str:
    """The settings that make this loss large, by their names in the spec."""
    names = {
        name
        for term in loss.terms
        for name in ("weight", "margin", "scale", "alpha", "beta", "hard_weight")
        if hasattr(term, name)
    }
    return " or ".join(sorted(names)) + " of the loss's terms"


def first_gauge(
    series: Series, failing_step: int, failing: Mapping[str, float]
) -> FirstGauge | None:
    """The gauge that left its usual range first, by step and then by the order of computation; None
    where none exploded and none was NaN or infinite.

    `series` holds the recorded steps before the one that failed, in columns; `failing` the metrics
    of the failing step, where there are any. A gauge *exploded* at the first step of the unbroken
    stretch, up to the end, in which it was more than ten times its median over the steps before.
    """
    candidates = [
        one
        for name in UNBOUNDED
        if (one := _explosion(name, series["step"], series[name])) is not None
    ]
    candidates += [
        FirstGauge(
            name=name, step=failing_step, what="not_finite", value=str(failing[name]), usual=None
        )
        for name in GAUGES
        if name in failing and not math.isfinite(failing[name])
    ]
    return min(candidates, key=lambda one: (one.step, GAUGES.index(one.name)), default=None)


def _explosion(name: str, steps: Sequence[int], values: Sequence[float]) -> FirstGauge | None:
    """Where the gauge exploded, found from the end of its values; None where it did not."""
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
