"""Judging more than once: the plan of looks of a spec, and the sentence of a look.

The plan follows from the spec alone and is stored before the first run starts, so that no result
can have shaped it. Every arm is compared with the baseline, or every declared effect of factors is
judged; with several such questions the error is divided by their number first (Bonferroni), and
then spent over the looks.
"""

from dataclasses import dataclass

from models.comparison.declared_rule import declared_rule
from models.comparison.schema import Comparison
from models.comparison.sequential.alpha_spending import nominal_levels, spent_by
from models.comparison.sequential.futility import FUTILE_ABOVE
from models.numbers_in_words import significant
from models.specs.experiment import ExperimentSpec


@dataclass(frozen=True, slots=True)
class PlannedLook:
    """Look `number` of the plan, counted from 1.

    `pairs` is the number of seeds at it, `level` the nominal two-sided level of its tests, `spent`
    what of one comparison's error is spent once it has been taken. The look ends the plan where
    every comparison that is not decided would stay so at the last look with a probability above
    `futile_above`; None where it never does.
    """

    number: int
    pairs: int
    level: float
    spent: float
    futile_above: float | None


def plan(spec: ExperimentSpec) -> tuple[PlannedLook, ...]:
    """The looks of a spec whose seeds are added until decided; none for a fixed number of seeds."""
    if spec.until_decided is None:
        return ()
    pairs = spec.until_decided.planned
    alpha = declared_rule(spec).alpha / len(questions(spec))
    # the levels know nothing of futility, so it takes nothing from what they promise
    looks = zip(pairs, nominal_levels(pairs, alpha), spent_by(pairs, alpha), strict=True)
    futile = FUTILE_ABOVE if spec.until_decided.futility else None
    return tuple(
        PlannedLook(number, *look, futile if number < len(pairs) else None)
        for number, look in enumerate(looks, start=1)
    )


def questions(spec: ExperimentSpec) -> tuple[str, ...]:
    """What the plan is about, by name: the arms that are compared with the baseline, or the
    declared effects."""
    if spec.factors is not None:
        return tuple(effect.key for effect in spec.declared_effects)
    return tuple(arm.name for arm in spec.arms if arm.name != spec.decision.baseline)


def look_sentence(sentence: str, number: int, looks: int, pairs: int, level: float) -> str:
    """The sentence of a look: that of what it judged, and which look of the plan it is."""
    return (
        f"{sentence} This is look {number} of {looks}, planned at {pairs} seeds, at "
        f"level {significant(level, 3)}."
    )


ADDED_SENTENCE = (
    "Seeds up to it were asked for after an earlier look had stopped; its level allows for that."
)


def futility_sentence(stays: float, most: int) -> str:
    """Why a look stops where nothing is decided: at `most` seeds it would stay so."""
    return (
        f"Stopped: at the spread seen, {most} seeds would stay undecided with a probability "
        f"{_percent(stays)}."
    )


def _percent(share: float) -> str:
    """In whole percent, and never more than is known: 0.999 is "above 99 %"."""
    return f"of {100 * share:.0f} %" if share < 0.99 else "above 99 %"


def no_verdict_sentence(comparison: Comparison, why: str) -> str:
    """The sentence where the plan allows no verdict now: the difference so far, and why."""
    count = len(comparison.pairs)
    if comparison.mean_difference is None:
        return f"No seed has finished in both {comparison.a} and {comparison.b}. {why}"
    seeds = "1 seed" if count == 1 else f"{count} seeds"
    return (
        f"{comparison.a} minus {comparison.b} is {significant(comparison.mean_difference, 4)} in "
        f"{comparison.metric} on average over {seeds}. {why}"
    )
