"""What the waiting times say, in one plain English sentence for each arm and each two arms.

Every sentence tells how many runs were censored, and none takes "cannot be told apart" for equal.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from models.comparison.verdict import FEWEST_PAIRS
from models.survival.schema import RestrictedMean, StepInterval, Wait, WaitComparison


@dataclass(frozen=True, slots=True)
class Verb:
    """What is waited for, in the two forms that a sentence needs."""

    past: str
    present: str


LEAVE_PLATEAU = Verb("left the plateau", "leaves the plateau")
REACH_TARGET = Verb("reached the target loss", "reaches the target loss")


def arm_sentence(
    arm: str, verb: Verb, waits: Sequence[Wait], median: int | None, mean: RestrictedMean | None
) -> str:
    """How many runs got there, when half of them had, and the restricted mean."""
    if mean is None:
        return f"{arm}: no run has succeeded yet, so nothing can be said of when it {verb.present}."
    reached = sum(wait.reached for wait in waits)
    half = "half of the runs had not by the end" if median is None else f"half had by step {median}"
    return (
        f"{arm}: {reached} of {len(waits)} runs {verb.past} ({len(waits) - reached} censored); "
        f"{half}, and the mean wait within {mean.horizon} steps is {_steps(mean.mean)}"
        f"{_in_brackets(mean.interval)}."
    )


def comparison_sentence(
    found: WaitComparison, verb: Verb, a: Mapping[int, Wait], b: Mapping[int, Wait]
) -> str:
    """Who gets there sooner, by how much over how many seeds; or that it cannot be told."""
    if found.mean_difference is None:
        return (
            f"Nothing can be said on which of {found.a} and {found.b} {verb.present} sooner: "
            f"no seed has succeeded in both; {_need()}."
        )
    estimate = (
        f"within {found.horizon} steps {found.a} waits {_more_or_less(found.mean_difference)} than "
        f"{found.b} on average{_in_brackets(found.interval)}; {_tests(found)}; censored are "
        f"{_censored(a)} runs of {found.a} and {_censored(b)} of {found.b}"
    )
    seeds = f"{len(found.pairs)} paired seed{'' if len(found.pairs) == 1 else 's'}"
    if found.verdict == "undecided":
        missing = "" if len(found.pairs) >= FEWEST_PAIRS else f"; {_need()}"
        return (
            f"{seeds} cannot tell which of {found.a} and {found.b} {verb.present} sooner: "
            f"{estimate}{missing}."
        )
    first, second = (found.a, found.b) if found.verdict == "a_sooner" else (found.b, found.a)
    return f"{first} {verb.present} sooner than {second}, over {seeds}: {estimate}."


def _more_or_less(difference: float) -> str:
    if difference == 0:
        return "0 steps more"
    return f"{_steps(abs(difference))} {'more' if difference > 0 else 'less'}"


def _tests(found: WaitComparison) -> str:
    sign_flip = f"the sign-flip p is {found.sign_flip_p:.3g}"
    if found.log_rank_p is None:
        return f"{sign_flip}, and there is no log-rank p"
    return f"{sign_flip} and the log-rank p {found.log_rank_p:.3g}"


def _censored(waits: Mapping[int, Wait]) -> str:
    return f"{sum(not wait.reached for wait in waits.values())} of {len(waits)}"


def _need() -> str:
    return f"to call one arm sooner takes at least {FEWEST_PAIRS} seeds"


def _in_brackets(interval: StepInterval | None) -> str:
    if interval is None:
        return ""
    low, high = _number(interval.low), _number(interval.high)
    return f" ({interval.confidence * 100:.6g} % interval {low} to {high})"


def _steps(value: float) -> str:
    return f"{_number(value)} step{'' if value == 1 else 's'}"


def _number(value: float) -> str:
    """One decimal, none where it is 0; a bound beside zero keeps its sign and is not called 0."""
    if 0 < abs(value) < 0.05:
        return f"{value:.2g}"
    return f"{value:.1f}".removesuffix(".0")
