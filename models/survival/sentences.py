"""Plain English sentences on the times to an event: one for each arm, one for each two arms.

Each sentence says how many runs were censored. None calls two arms equal because the data cannot
tell them apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from models.comparison.rule import FEWEST_PAIRS
from models.numbers_in_words import decimals, p_words, significant
from models.result_words import level_words
from models.survival.schema import (
    RestrictedMean,
    StepInterval,
    TimesBySeed,
    TimeToEvent,
    TimeToEventComparison,
)


@dataclass(frozen=True, slots=True)
class EventVerb:
    """The event, in the two forms of the verb that a sentence needs."""

    past: str
    present: str


LEAVE_PLATEAU = EventVerb("left the plateau", "leaves the plateau")
REACH_TARGET = EventVerb("reached the target loss", "reaches the target loss")


def arm_sentence(
    arm: str,
    verb: EventVerb,
    times: Sequence[TimeToEvent],
    median: int | None,
    mean: RestrictedMean | None,
    never_on: int = 0,
) -> str:
    """How many runs got there, when half of them had, and the restricted mean; and how many were
    `never_on` the plateau that others left."""
    if mean is None and never_on:
        runs = "its only run was" if never_on == 1 else f"none of its {never_on} runs was"
        was = "not " if never_on == 1 else ""
        return f"{arm}: {runs} {was}ever on the plateau, so there is nothing to leave."
    if mean is None:
        return f"{arm}: no run has succeeded yet, so when it {verb.present} is not known."
    beside = f"; {never_on} {'was' if never_on == 1 else 'were'} never on it" if never_on else ""
    reached = sum(time.reached for time in times)
    half = "half of the runs had not by the end" if median is None else f"half had by step {median}"
    return (
        f"{arm}: {reached} of {len(times)} runs {verb.past} "
        f"({len(times) - reached} censored{beside}); {half}, and the mean time within "
        f"{mean.horizon} steps is {_steps(mean.mean)}{_in_brackets(mean.interval)}."
    )


def comparison_sentence(
    comparison: TimeToEventComparison, verb: EventVerb, a: TimesBySeed, b: TimesBySeed
) -> str:
    """Which arm is sooner, by how much and over how many seeds; or that it cannot be told."""
    first, second = comparison.a, comparison.b
    difference, pairs = comparison.mean_difference, len(comparison.pairs)
    if difference is None:
        return (
            f"Nothing can be said about which of {first} and {second} {verb.present} sooner: "
            f"no seed has such a time in both; {_need()}."
        )
    estimate = (
        f"within {comparison.horizon} steps {first} takes {_more_or_less(difference)} than "
        f"{second} on average{_in_brackets(comparison.interval)}; {_tests(comparison)}; "
        f"{_censored(a)} runs of {first} and {_censored(b)} of {second} are censored"
    )
    seeds = f"{pairs} paired seed{'' if pairs == 1 else 's'}"
    if comparison.awaited:
        return (
            f"{seeds} so far do not decide which of {first} and {second} {verb.present} sooner: "
            f"{estimate}; {comparison.awaited} more are still to end."
        )
    if comparison.verdict == "undecided":
        missing = "" if pairs >= FEWEST_PAIRS else f"; {_need()}"
        return (
            f"{seeds} cannot tell which of {first} and {second} {verb.present} sooner: "
            f"{estimate}{missing}."
        )
    if comparison.verdict == "b_sooner":
        first, second = second, first
    return f"{first} {verb.present} sooner than {second}, over {seeds}: {estimate}."


def _more_or_less(difference: float) -> str:
    if difference == 0:
        return "0 steps more"
    return f"{_steps(abs(difference))} {'more' if difference > 0 else 'less'}"


def _tests(comparison: TimeToEventComparison) -> str:
    sign_flip = f"the sign-flip p is {p_words(comparison.sign_flip_p)}"
    if comparison.log_rank_p is None:
        return f"{sign_flip}, and there is no log-rank p"
    return f"{sign_flip} and the log-rank p {p_words(comparison.log_rank_p)}"


def _censored(times: TimesBySeed) -> str:
    return f"{sum(not time.reached for time in times.values())} of {len(times)}"


def _need() -> str:
    return f"calling one arm sooner takes at least {FEWEST_PAIRS} seeds"


def _in_brackets(interval: StepInterval | None) -> str:
    if interval is None:
        return ""
    low, high = _number(interval.low), _number(interval.high)
    return f" ({level_words(interval.confidence)} interval {low} to {high})"


def _steps(value: float) -> str:
    return f"{_number(value)} step{'' if value == 1 else 's'}"


def _number(value: float) -> str:
    """One decimal, none where it is 0; a bound beside zero keeps its sign and is not called 0."""
    if 0 < abs(value) < 0.05:
        return significant(value, 2)
    return decimals(value, 1).removesuffix(".0")
