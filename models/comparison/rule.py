"""The rule of a comparison, declared before the results: metric, margin, confidence.

Also what every claim about paired differences shares, whether they are differences of a metric or
of times to an event: the error that it may have, the fewest pairs, and when the mean difference is
told from zero.
"""

import math
from dataclasses import dataclass

from models.comparison.schema import Bounds, Statistic

CLOSEST_TO_CERTAIN = math.nextafter(1.0, 0.0)
FEWEST_PAIRS = 6
"""With fewer pairs nothing is claimed (`models.comparison.verdict` says why)."""


@dataclass(frozen=True)
class Question:
    """A question of a programme, whose level the questions before it have given."""

    programme: str
    number: int
    level: float


@dataclass(frozen=True)
class DecisionRule:
    """The metric that decides, with its margin and confidence.

    Without a margin nothing is called equivalent. Raises `ValueError` unless the margin is a
    positive number or None and the confidence in (0.5, 1).
    """

    metric: str
    equivalence_margin: float | None
    confidence: float
    lower_is_better: bool | None = None
    """None where the name of the metric says it: of ours, the losses are better when lower."""
    question: Question | None = None
    """Whose level 1 - confidence is, where it is a question of a programme."""

    def __post_init__(self) -> None:
        margin = self.equivalence_margin
        if margin is not None and not (math.isfinite(margin) and margin > 0):
            raise ValueError(f"the equivalence margin must be a positive number, not {margin}")
        if not 0.5 < self.confidence < 1:
            raise ValueError(f"confidence must lie between 0.5 and 1, not {self.confidence}")

    @property
    def alpha(self) -> float:
        return alpha_of(self.confidence)

    @property
    def higher_is_better(self) -> bool:
        lower = self.lower_is_better
        return not (is_loss(self.metric) if lower is None else lower)

    def for_metric(self, metric: str) -> "DecisionRule":
        """The same rule on another metric. A margin has the unit of its metric, so one for shares
        says nothing of losses, nor the other way round: it is None there."""
        same_unit = is_loss(metric) == is_loss(self.metric)
        margin = self.equivalence_margin if same_unit else None
        return DecisionRule(metric, margin, self.confidence, question=self.question)


def is_loss(metric: str) -> bool:
    """Whether a metric is a loss (`train.loss`, `validation.baseline_loss`, `..._loss_per_row`)."""
    return "loss" in metric.rsplit(".", 1)[-1].split("_")


def alpha_of(confidence: float) -> float:
    """The share of wrong claims allowed; rounded, since 1 - 0.95 is not 0.05 in floats."""
    return float(f"{1 - confidence:.12g}")


def confidence_at(level: float) -> float:
    """The confidence whose error is this level; below 1 also where a float cannot tell."""
    return min(1 - level, CLOSEST_TO_CERTAIN)


def fewest_pairs(alpha: float) -> int:
    """The fewest pairs with which `better` can be said: 2/2^N <= alpha, and at least six."""
    return max(FEWEST_PAIRS, math.ceil(1 - math.log2(alpha)))


def holds_zero(bounds: Bounds) -> bool:
    low, high = bounds
    return low <= 0 <= high


def differs_from_zero(
    pairs: int, bounds: Bounds | None, sign_flip_p: Statistic, alpha: float
) -> bool:
    """Whether a mean of paired differences is told from zero: from six pairs on, when the t
    interval excludes zero *and* the sign-flip p is at most alpha."""
    if pairs < FEWEST_PAIRS or bounds is None or sign_flip_p is None:
        return False
    return not holds_zero(bounds) and sign_flip_p <= alpha
