"""Accuracy at matched loss: how accurate is each arm once both have reached the same loss?

This is the comparison that was proposed in the forum. Under one seed the *matched loss* is the
lowest validation loss that **both** arms reached, the larger of their two minima, measured for both
in the baseline's loss (see `target_loss.py`). The accuracy of each arm is that of its first
evaluation at or below the matched loss, on the validation pairs: the test pairs are scored only
after the last step.

Evaluations are some steps apart, so an arm may already be below the matched loss at that
evaluation: each point states its own loss.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from models.comparison.compare import compare_families
from models.comparison.inputs import ArmValues, ComparisonInput
from models.comparison.rule import DecisionRule
from models.comparison.schema import Comparison, ResultPart
from models.survival.target_loss import Point, first_at_or_below

METRIC = "validation.matched_accuracy"  # "loss" in its name would make lower the better

Series = Mapping[int, Sequence[Point]]


class MatchedPoint(ResultPart):
    """One arm at its first evaluation at or below the matched loss."""

    step: int
    baseline_loss: float
    accuracy: float


class MatchedSeed(ResultPart):
    """Both arms of one seed at the loss that both reached."""

    seed: int
    matched_loss: float
    a: MatchedPoint
    b: MatchedPoint


class MatchedAccuracy(ResultPart):
    """Two arms at matched loss; the comparison is of their accuracies, paired over the seeds."""

    seeds: tuple[MatchedSeed, ...]
    comparison: Comparison


def match_seed(seed: int, a: Sequence[Point], b: Sequence[Point]) -> MatchedSeed | None:
    """The two arms of a seed at their matched loss; None when one of them was never evaluated."""
    if not a or not b:
        return None
    matched = max(min(point.loss for point in side) for side in (a, b))
    first, second = first_at_or_below(a, matched), first_at_or_below(b, matched)
    assert first is not None  # each side's minimum is at or below the larger of the two
    assert second is not None
    return MatchedSeed(seed=seed, matched_loss=matched, a=_point(first), b=_point(second))


@dataclass(frozen=True, slots=True)
class TwoSeries:
    """Two arms to compare, each with the validation points of its succeeded runs by seed."""

    a_name: str
    b_name: str
    a: Series
    b: Series
    awaited: int = 0
    """How many seeds have a run that goes on: until they are in, there is no verdict."""


def compare_at_matched_loss(
    every: Sequence[TwoSeries], *, equivalence_margin: float, confidence: float, expected_pairs: int
) -> list[MatchedAccuracy]:
    """Compare each two arms, by itself, at the loss that both reached."""
    rule = DecisionRule(METRIC, equivalence_margin, confidence)
    seeds = [_matched_seeds(arms) for arms in every]
    inputs = [
        ComparisonInput(
            ArmValues(arms.a_name, {seed.seed: seed.a.accuracy for seed in own}),
            ArmValues(arms.b_name, {seed.seed: seed.b.accuracy for seed in own}),
            rule,
            expected_pairs,
            awaited=arms.awaited,
        )
        for arms, own in zip(every, seeds, strict=True)
    ]
    comparisons = compare_families([[one] for one in inputs])
    secondary = {"role": "secondary"}  # it decides nothing
    return [
        MatchedAccuracy(seeds=own, comparison=one.model_copy(update=secondary))
        for own, one in zip(seeds, comparisons, strict=True)
    ]


def _matched_seeds(arms: TwoSeries) -> tuple[MatchedSeed, ...]:
    both = sorted(arms.a.keys() & arms.b.keys())
    matched = (match_seed(seed, arms.a[seed], arms.b[seed]) for seed in both)
    return tuple(seed for seed in matched if seed is not None)


def _point(point: Point) -> MatchedPoint:
    return MatchedPoint(step=point.step, baseline_loss=point.loss, accuracy=point.accuracy)
